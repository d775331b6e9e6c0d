/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/mpmc.c - weir/mpmc.h. Programs: see ring.h. The invariants of queues/mpmc_wait.c
 * that a row is about stand beside it. */
#include "ring.h"

/* One push before the index field of 62 bits wraps. */
#define WRAP ((UINT64_C(1) << 62) - 2)
#define FENCE WEIR_RING_NO_MEMBARRIER

#define ROW(name, cap, start, flags, options, ...) \
    { "mpmc." name, &ring_mpmc, start, cap, flags, { __VA_ARGS__ }, options }

const struct ring_case mpmc_cases[] = {
    /* try calls */
    ROW("try.2x3.cap1", 1, 0, 0, NULL, "uou", "ouo"),
    ROW("try.2x3.cap2", 2, 0, 0, NULL, "uou", "ouo"),
    ROW("try.2x3.cap3", 3, 0, 0, NULL, "uou", "ouo"),
    ROW("try.3x2.cap1", 1, 0, 0, NULL, "uo", "uo", "uo"),
    ROW("try.3x2.cap2", 2, 0, 0, NULL, "uo", "uo", "uo"),
    ROW("try.3x2.cap3", 3, 0, 0, NULL, "uo", "uo", "uo"),
    ROW("try.sides.cap2", 2, 0, 0, NULL, "uuu", "ooo"),
    ROW("try.sides.3.cap2", 2, 0, 0, NULL, "uu", "uu", "oo"),
    ROW("try.wrap.cap2", 2, WRAP, 0, NULL, "uou", "ouo"),
    ROW("try.wrap.cap3", 3, WRAP, 0, NULL, "uo", "uo", "uo"),
    ROW("try.len", 2, 0, 0, NULL, "uo", "uo", "ll"),
    ROW("try.weak", 2, 0, 0, "weak=2", "uou", "ouo"),
    ROW("try.solo.cap1", 1, 0, 0, "solo=1", "uo", "uo"),
    ROW("try.solo.cap2", 2, 0, 0, "solo=1", "uo", "uo", "o"),
    ROW("try.fence", 2, 0, FENCE, NULL, "uo", "uo", "uo"),
    /* batches */
    ROW("batch.2x3.cap2", 2, 0, 0, NULL, "BbB", "bBb"),
    ROW("batch.2x3.cap3", 3, 0, 0, NULL, "BbB", "bBb"),
    ROW("batch.3x2.cap3", 3, 0, 0, NULL, "Bb", "Bb", "uo"),
    ROW("batch.wrap.cap3", 3, WRAP, 0, NULL, "BbB", "bob"),
    ROW("batch.sides.cap2", 2, 0, 0, NULL, "BBB", "bbb"),
    ROW("batch.sides.cap3", 3, 0, 0, NULL, "BBB", "bbb"),
    ROW("batch.sides.one", 2, 0, 0, NULL, "BuB", "obo"),
    ROW("batch.solo", 3, 0, 0, "solo=1", "Bb", "bB"),
    /* push and pop that wait: I1 */
    ROW("wait.2x3.cap1", 1, 0, 0, NULL, "UUU", "OOO"),
    ROW("wait.2x3.cap2", 2, 0, 0, NULL, "UUU", "OOO"),
    ROW("wait.2x3.cap3", 3, 0, 0, NULL, "UUU", "OOO"),
    ROW("wait.2x3.fence", 1, 0, FENCE, NULL, "UUU", "OOO"),
    ROW("wait.wrap.cap2", 2, WRAP, 0, NULL, "UUU", "OOO"),
    ROW("wait.3x2.cap1", 1, 0, 0, NULL, "UU", "UO", "OO"),
    ROW("wait.3x2.cap2", 2, 0, 0, NULL, "UU", "UO", "OO"),
    ROW("wait.3x2.fence", 1, 0, FENCE, NULL, "UU", "UO", "OO"),
    ROW("wait.spurious", 1, 0, 0, "spurious=2", "UU", "OO"),
    /* the kernel refuses a membarrier that it had granted: waiters make publishers fence */
    ROW("wait.denied", 1, 0, 0, "denials=2", "UU", "OO"),
    /* ... and a second waiter comes while the first one settles (queues/mpmc_wait.c, barrier) */
    ROW("wait.denied.3", 1, 0, 0, "denials=1", "U", "U", "OO"),
    ROW("wait.denied.poppers", 2, 0, 0, "denials=2", "UU", "O", "O"),
    ROW("wait.denied.batch", 2, 0, 0, "denials=2", "N", "O", "O"),
    ROW("close.denied", 2, 0, 0, "denials=1", "Uc", "OO"),
    /* two poppers asleep, two elements: I2 */
    ROW("wake.poppers", 2, 0, 0, NULL, "UU", "O", "O"),
    ROW("wake.poppers.fence", 2, 0, FENCE, NULL, "UU", "O", "O"),
    ROW("wake.poppers.two", 2, 0, 0, NULL, "U", "U", "O", "O"),
    ROW("wake.pushers", 1, 0, 0, NULL, "UU", "U", "OOO"),
    /* ... two pushers asleep, and the slot that is freed first is not the next one */
    ROW("wake.pushers.two", 2, 0, 0, "preemptions=1", "uuU", "U", "O", "O"),
    ROW("wake.batch", 2, 0, 0, NULL, "N", "O", "O"),
    ROW("wake.batch.pushers", 2, 0, 0, NULL, "UU", "UU", "bbc"),
    /* batches that wait; close ends them */
    ROW("batch.wait.cap2", 2, 0, 0, NULL, "NNc", "nnnnn"),
    ROW("batch.wait.fence", 3, 0, FENCE, NULL, "NNc", "nnnnn"),
    /* close: I3 */
    ROW("close.drain", 2, 0, 0, NULL, "Uc", "OO"),
    ROW("close.drain.fence", 2, 0, FENCE, NULL, "Uc", "OO"),
    ROW("close.poppers", 2, 0, 0, NULL, "c", "O", "O"),
    ROW("close.pushers", 1, 0, 0, NULL, "UU", "U", "c"),
    ROW("close.pushers.fence", 1, 0, FENCE, NULL, "UU", "U", "c"),
    ROW("close.inflight", 2, 0, 0, NULL, "u", "c", "OO"),
    ROW("close.inflight.two", 2, 0, 0, NULL, "u", "c", "O", "O"),
    /* ... the last element wakes one popper, and that one's pop all the others */
    ROW("close.inflight.three", 2, 0, 0, "preemptions=1", "u", "c", "O", "O", "O"),
    ROW("close.twice", 2, 0, 0, NULL, "uc", "c", "oO"),
    ROW("close.try", 1, 0, 0, NULL, "uoc", "uou"),
    ROW("close.batch", 3, 0, 0, NULL, "Bc", "bB", "OO"),
    ROW("close.wrap", 2, WRAP, 0, NULL, "Uc", "OO"),
    /* deadline against wake-up: I4 */
    ROW("deadline.pop", 2, 0, 0, "timeouts=2", "d", "U"),
    ROW("deadline.push", 1, 0, 0, "timeouts=2", "UD", "o"),
    ROW("deadline.pass_on", 2, 0, 0, "timeouts=2", "d", "O", "UU"),
    ROW("deadline.pass_on.fence", 2, 0, FENCE, "timeouts=2", "d", "O", "UU"),
    ROW("deadline.pushers", 1, 0, 0, "timeouts=2", "UD", "U", "ooc"),
    ROW("deadline.close", 2, 0, 0, "timeouts=2", "d", "dc"),
    /* ... and a wake-up for a slot that is not the next one */
    ROW("deadline.inflight", 2, 0, 0, "preemptions=1", "d", "O", "u", "U"),
    ROW("deadline.inflight.push", 2, 0, 0, "preemptions=1", "uuD", "U", "O", "O"),
    ROW("deadline.2x3", 1, 0, 0, "timeouts=2", "dDd", "DdD"),
    { 0 },
};
