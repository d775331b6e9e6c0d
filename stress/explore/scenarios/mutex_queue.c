/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/mutex_queue.c - weir/mutex_queue.h. Programs: see ring.h. */
#include "ring.h"

#define NONE RING_NO_LIMIT
#define ROW(name, cap, options, ...) \
    { "mutex_queue." name, &ring_mutex_queue, 0, cap, 0, { __VA_ARGS__ }, options }

const struct ring_case mutex_queue_cases[] = {
    ROW("try.3x2", NONE, NULL, "uo", "uo", "uo"),
    ROW("batch.2x3", 3, NULL, "BbB", "bBb"),
    ROW("batch.limit", 2, NULL, "ub", "uu"),
    ROW("limit.3x2", 1, NULL, "uo", "uo", "uo"),
    ROW("wait.2x3.cap1", 1, NULL, "UUU", "OOO"),
    ROW("wait.3x2.cap1", 1, "preemptions=1", "UU", "UO", "OO"),
    ROW("wait.poppers", NONE, NULL, "UU", "O", "O"),
    ROW("wait.spurious", 1, "spurious=2 preemptions=1", "UU", "UO", "OO"),
    ROW("wake.pushers", 1, "preemptions=1", "UU", "U", "OOO"),
    ROW("wake.batch", NONE, NULL, "N", "O", "O"),
    ROW("close.poppers", NONE, NULL, "c", "O", "O"),
    ROW("close.pushers", 1, NULL, "UU", "U", "c"),
    ROW("close.drain", NONE, NULL, "Uc", "OO"),
    ROW("deadline.pop", NONE, "timeouts=2", "d", "U"),
    ROW("deadline.pass_on", NONE, "timeouts=2 preemptions=1", "d", "O", "UU"),
    ROW("deadline.2x3", 1, "timeouts=2 preemptions=1", "dDd", "DdD"),
    { 0 },
};
