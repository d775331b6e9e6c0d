/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/spsc.c - weir/spsc.h: the first thread pushes, the second pops. */
#include "ring.h"

#define WRAP (UINT64_MAX - 1)

#define ROW(name, cap, start, options, ...) \
    { "spsc." name, &ring_spsc, start, cap, 0, { __VA_ARGS__ }, options }

const struct ring_case spsc_cases[] = {
    ROW("try.cap1", 1, 0, NULL, "uuu", "ooo"),
    ROW("try.cap2", 2, 0, NULL, "uuu", "ooo"),
    ROW("try.cap3", 3, 0, NULL, "uuuu", "oooo"),
    ROW("try.wrap.cap1", 1, WRAP, NULL, "uuu", "ooo"),
    ROW("try.wrap.cap2", 2, WRAP, NULL, "uuuu", "oooo"),
    ROW("try.wrap.cap3", 3, WRAP, NULL, "uuuu", "oooo"),
    ROW("try.len", 2, 0, NULL, "uul", "olo", "ll"),
    ROW("try.solo", 2, 0, "solo=1", "uuu", "ooo"),
    ROW("inplace.cap2", 2, 0, NULL, "rur", "opo"),
    ROW("inplace.wrap.cap2", 2, WRAP, NULL, "rrr", "ppp"),
    ROW("inplace.solo", 1, 0, "solo=1", "rrr", "ppp"),
    ROW("batch.cap2", 2, 0, NULL, "BuB", "bob"),
    ROW("batch.cap3", 3, 0, NULL, "BBB", "bbb"),
    ROW("batch.wrap.cap3", 3, WRAP, NULL, "BuB", "bob"),
    ROW("batch.solo", 3, 0, "solo=1", "BuB", "bob"),
    /* full and empty of one ring at once: each side's last store in its buffer */
    ROW("full_and_empty", 2, 0, NULL, "uuu", "oo"),
    { 0 },
};
