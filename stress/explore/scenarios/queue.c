/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/queue.c - weir/queue.h, with segments of two slots. Programs: see ring.h. The
 * invariants of queues/segq.h and queues/segq_wait.c that a row is about stand beside it. */
#include "ring.h"

#define FENCE WEIR_RING_NO_MEMBARRIER
#define NONE RING_NO_LIMIT

#define ROW(name, cap, flags, options, ...) \
    { "queue." name, &ring_queue_small, 0, cap, flags, { __VA_ARGS__ }, options }
/* Of weir_mpsc: only the last thread pops. */
#define ONE(name, cap, flags, options, ...) \
    { "mpsc." name, &ring_mpsc_small, 0, cap, flags, { __VA_ARGS__ }, options }

const struct ring_case queue_cases[] = {
    /* tickets: I1, and empty */
    ROW("try.2x3", NONE, 0, NULL, "uou", "ouo"),
    ROW("try.3x2", NONE, 0, NULL, "uo", "uo", "uo"),
    ROW("try.sides", NONE, 0, NULL, "u", "o"),
    ROW("try.len", NONE, 0, NULL, "uo", "uo", "ll"),
    ROW("try.fence", NONE, FENCE, NULL, "uo", "uo", "uo"),
    /* a pop gives its slot up while the push is under way */
    ROW("give.up", NONE, 0, NULL, "uu", "oo"),
    ROW("give.up.two", NONE, 0, NULL, "u", "u", "oo"),
    /* from segment to segment: I2, I3 */
    ROW("edge.push", NONE, 0, NULL, "uu", "uu"),
    ROW("edge.push.3", NONE, 0, "preemptions=1", "uuo", "uu", "uo"),
    ROW("edge.pop", NONE, 0, NULL, "uuuoo", "oo"),
    ROW("edge.sides", NONE, 0, NULL, "uuu", "ooo"),
    ROW("edge.sides.3", NONE, 0, "preemptions=1", "uuu", "uo", "ooo"),
    /* segments that are used again, and threads that still look at them: I4 */
    ROW("again", NONE, 0, "preemptions=2", "uouououo", "o"),
    ROW("again.pop", NONE, 0, "preemptions=2 reuse=1", "uuuoouu", "oo"),
    ROW("again.push", NONE, 0, "preemptions=2 reuse=1", "uuooouo", "uu"),
    ROW("again.fence", NONE, FENCE, "preemptions=2 reuse=1", "uuuoouu", "oo"),
    ROW("again.denied", NONE, 0, "preemptions=1 denials=1", "uuuoo", "oo"),
    ROW("again.stopped", NONE, 0, "preemptions=1 stops=1", "uuuoouuo", "oo"),
    ROW("again.len", NONE, 0, NULL, "uuuooo", "ll"),
    /* progress: one thread alone ends its call, wherever the others stand */
    ROW("solo", NONE, 0, "solo=1 preemptions=1", "uuo", "uoo"),
    ROW("solo.3", NONE, 0, "solo=1 preemptions=1", "uu", "uo", "oo"),
    /* the index runs on beyond the end: I6 */
    ROW("far", NONE, 0, NULL, "cuuu", "uuuo"),
    ROW("far.open", NONE, 0, NULL, "uB", "u", "c"),
    ROW("far.both", NONE, 0, NULL, "uB", "u", "u"),
    ROW("far.solo", NONE, 0, "solo=1 preemptions=1", "cuuu", "uuuo"),
    ROW("solo.limit", 1, 0, "solo=1 preemptions=1", "uo", "uo"),
    /* no memory for a segment */
    ROW("oom", NONE, 0, "oom=1", "uuuo", "uo"),
    /* batches */
    ROW("batch.2x3", NONE, 0, "preemptions=1", "BbB", "bBb"),
    ROW("batch.edge", NONE, 0, NULL, "uB", "bb"),
    ROW("batch.limit", 3, 0, "preemptions=1", "BB", "bob"),
    /* a soft limit */
    ROW("limit.1", 1, 0, NULL, "uo", "uo"),
    ROW("limit.3x2", 2, 0, "preemptions=1", "uo", "uo", "uo"),
    ROW("limit.wait", 1, 0, NULL, "UU", "OO"),
    ROW("limit.wait.two", 1, 0, "preemptions=1", "UU", "U", "OOO"),
    ROW("limit.close", 1, 0, NULL, "UU", "c"),
    ROW("limit.close.try", 1, 0, NULL, "uuu", "c"),
    ROW("limit.oom", 1, 0, "preemptions=1 oom=1", "UUU", "OOO"),
    /* poppers that sleep: I1, I2 */
    ROW("wait.2x3", NONE, 0, NULL, "UUU", "OOO"),
    ROW("wait.poppers", NONE, 0, NULL, "UU", "O", "O"),
    ROW("wait.poppers.two", NONE, 0, "preemptions=1", "U", "U", "O", "O"),
    ROW("wait.fence", NONE, FENCE, NULL, "UU", "O", "O"),
    ROW("wait.batch", NONE, 0, "preemptions=1", "N", "O", "O"),
    ROW("wait.batch.edge", NONE, 0, "preemptions=1", "uNN", "O", "OO"),
    ROW("wait.spurious", NONE, 0, "spurious=2 preemptions=1", "UU", "OO"),
    /* close, also where a segment ends: I3 of waiting */
    ROW("close.drain", NONE, 0, NULL, "Uc", "OO"),
    ROW("close.poppers", NONE, 0, NULL, "c", "O", "O"),
    ROW("close.inflight", NONE, 0, NULL, "u", "c", "OO"),
    ROW("close.edge", NONE, 0, NULL, "uuu", "c"),
    ROW("close.edge.pop", NONE, 0, "preemptions=1", "uuu", "c", "ooo"),
    ROW("close.edge.len", NONE, 0, NULL, "uuu", "c", "l"),
    ROW("close.edge.two", NONE, 0, "preemptions=1", "uu", "uu", "c"),
    ROW("close.twice", NONE, 0, NULL, "uc", "c", "oO"),
    ROW("close.solo", NONE, 0, "solo=1 preemptions=1", "uu", "uc", "oo"),
    /* deadline against wake-up: I4 of waiting */
    ROW("deadline.pop", NONE, 0, "timeouts=2", "d", "U"),
    ROW("deadline.pass_on", NONE, 0, "timeouts=1", "d", "O", "UU"),
    ROW("deadline.push", 1, 0, "timeouts=2", "UD", "o"),
    ROW("deadline.pushers", 1, 0, "timeouts=1 preemptions=1", "UD", "U", "ooc"),
    /* one consumer */
    ONE("try.two", NONE, 0, NULL, "uu", "ooo"),
    ONE("try.three", NONE, 0, "preemptions=2", "uu", "uu", "ooo"),
    ONE("try.len", NONE, 0, NULL, "uuu", "l", "oo"),
    ONE("give.up", NONE, 0, "preemptions=2", "u", "u", "oo"),
    ONE("edge", NONE, 0, NULL, "uuu", "ooo"),
    ONE("again", NONE, 0, "preemptions=2 reuse=1", "uuu", "uoouoo"),
    ONE("again.fence", NONE, FENCE, "preemptions=2 reuse=1", "uuu", "uoouoo"),
    ONE("again.len", NONE, 0, NULL, "ll", "uuuooo"),
    ONE("batch", NONE, 0, "preemptions=1", "BB", "bbb"),
    ONE("solo", NONE, 0, "solo=1 preemptions=1", "uu", "uu", "ooo"),
    ONE("oom", NONE, 0, "oom=1", "uuu", "oo"),
    ONE("limit", 1, 0, NULL, "uu", "oo"),
    ONE("limit.wait", 1, 0, "preemptions=2", "U", "U", "OO"),
    ONE("wait", NONE, 0, NULL, "UU", "OO"),
    ONE("wait.two", NONE, 0, "preemptions=2", "U", "U", "OO"),
    ONE("close", NONE, 0, NULL, "uuc", "OOO"),
    ONE("close.two", NONE, 0, "preemptions=1", "uuu", "c", "OOo"),
    ONE("deadline", NONE, 0, "timeouts=2", "U", "d"),
    { 0 },
};
