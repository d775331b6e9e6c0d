/* SPDX-License-Identifier: MIT */
/* stress/explore/choose.c - every nondeterministic step of an execution passes through ex_choose.
 *
 * The answers are recorded; an execution is repeated by handing its record back as a prefix. A prefix
 * that asks for an answer which does not exist now (another kind of choice, another number of
 * options) shows that the sources have changed since, or that the scenario depends on something
 * outside of the seams. */
#include "engine.h"

static const char *const kind_name[EX_KINDS] = {
    [EX_SCHED] = "which thread",    [EX_DRAIN] = "store not seen",      [EX_WEAK] = "weak failure",
    [EX_REUSE] = "reuse of memory", [EX_OOM] = "out of memory",         [EX_CLOCK] = "clock",
    [EX_ALONE] = "runs alone",      [EX_DENIAL] = "membarrier refused",
};

unsigned ex_choose(enum ex_kind kind, unsigned n) {
    size_t i = E.nrec;
    unsigned c;
    if (i == EX_CHOICES)
        ex_fail(EX_F_LIVELOCK, "more than %d choices in one execution", EX_CHOICES);
    if (i < E.nprefix) {
        const struct ex_record *was = &E.prefix[i];
        if (was->kind != (uint8_t)kind || was->n != (uint8_t)n)
            ex_fail(EX_F_DIVERGED, "choice %zu was \"%s\" of %u, and is \"%s\" of %u now", i,
                    was->kind < EX_KINDS ? kind_name[was->kind] : "?", was->n, kind_name[kind], n);
        c = was->c;
    } else {
        c = E.strategy->choose(kind, n);
    }
    E.rec[i] = (struct ex_record){ (uint8_t)kind, (uint8_t)n, (uint8_t)c };
    E.nrec = i + 1;
    return c;
}

/* splitmix64 */
uint64_t ex_random64(uint64_t *state) {
    uint64_t x = *state += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}
