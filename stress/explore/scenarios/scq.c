/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/scq.c - weir/scq.h. Programs: see ring.h. In the model each pop that finds nothing marks
 * (queues/scq.c), all threads look for spares in the same cell first, and there are spares for three. No result may
 * be WEIR_EBUSY, also beside a thread that stands still (stops=1): that is what "strictly lock-free" promises.
 * specimen.mpmc_stops asks the same of weir_mpmc, and is found wanting: it is not lock-free. */
#include "ring.h"

/* One element before the laps wrap, in the indices and in the slots. */
#define WRAP (UINT64_MAX - 1)

#define ROW(name, cap, start, options, ...) \
    { "scq." name, &ring_scq, start, cap, 0, { __VA_ARGS__ }, options }

const struct ring_case scq_cases[] = {
    ROW("try.2x3.cap1", 1, 0, NULL, "uou", "ouo"),
    ROW("try.2x3.cap2", 2, 0, NULL, "uou", "ouo"),
    ROW("try.2x3.cap3", 3, 0, NULL, "uou", "ouo"),
    ROW("try.3x2.cap1", 1, 0, NULL, "uo", "uo", "uo"),
    ROW("try.3x2.cap2", 2, 0, NULL, "uo", "uo", "uo"),
    ROW("try.sides.cap1", 1, 0, NULL, "uuu", "ooo"),
    ROW("try.sides.cap2", 2, 0, NULL, "uuu", "ooo"),
    ROW("try.sides.3.cap2", 2, 0, NULL, "uu", "uu", "oo"),
    ROW("try.wrap.cap1", 1, WRAP, NULL, "uou", "ouo"),
    ROW("try.wrap.cap2", 2, WRAP, NULL, "uou", "ouo"),
    ROW("try.wrap.cap3", 3, WRAP, NULL, "uo", "uo", "uo"),
    ROW("try.len", 2, 0, NULL, "uo", "uo", "ll"),
    /* a popper that marks beside pushers, and poppers that ask meanwhile: I5 */
    ROW("mark.push", 1, 0, NULL, "oo", "u", "oo"),
    ROW("mark.pushes", 2, 0, NULL, "oo", "uu", "oo"),
    ROW("mark.pushers", 2, 0, NULL, "oo", "u", "uo"),
    ROW("mark.full", 1, 0, NULL, "o", "u", "uoo"),
    ROW("mark.wrap", 1, WRAP, NULL, "oo", "uu", "oo"),
    /* one thread stands still anywhere, the others finish, and are never told to come back */
    ROW("stops.cap1", 1, 0, "stops=1 preemptions=1", "uo", "uo", "uo"),
    ROW("stops.cap2", 2, 0, "stops=1 preemptions=1", "uo", "ouo", "uo"),
    ROW("stops.sides", 2, 0, "stops=1 preemptions=1", "uu", "oo", "ou"),
    ROW("stops.mark", 1, 0, "stops=1 preemptions=1", "oo", "uo", "uo"),
    ROW("stops.two", 2, 0, "stops=2 preemptions=1", "uo", "ou", "uouo"),
    ROW("try.solo.cap1", 1, 0, "solo=1", "uo", "uo"),
    ROW("try.solo.cap2", 2, 0, "solo=1", "uo", "uo", "o"),
    { "specimen.mpmc_stops",
      &ring_mpmc_exact,
      0,
      2,
      0,
      { "uo", "ouo", "uo" },
      "stops=1 preemptions=1" },
    { 0 },
};
