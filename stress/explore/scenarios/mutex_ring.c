/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/mutex_ring.c - weir/mutex_ring.h: the oracle of others is looked at as well. */
#include "ring.h"

#define ROW(name, cap, options, ...) \
    { "mutex_ring." name, &ring_mutex, 0, cap, 0, { __VA_ARGS__ }, options }

const struct ring_case mutex_cases[] = {
    ROW("try.3x2", 2, NULL, "uo", "uo", "uo"),
    ROW("batch.2x3", 3, NULL, "BbB", "bBb"),
    ROW("wait.2x3.cap1", 1, NULL, "UUU", "OOO"),
    ROW("wait.3x2.cap1", 1, NULL, "UU", "UO", "OO"),
    ROW("wait.spurious", 1, "spurious=2", "UU", "UO", "OO"),
    ROW("wake.poppers", 2, NULL, "UU", "O", "O"),
    ROW("wake.pushers", 1, NULL, "UU", "U", "OOO"),
    ROW("wake.batch", 2, NULL, "N", "O", "O"),
    ROW("close.poppers", 2, NULL, "c", "O", "O"),
    ROW("close.pushers", 1, NULL, "UU", "U", "c"),
    ROW("close.drain", 2, NULL, "Uc", "OO"),
    ROW("deadline.pop", 2, "timeouts=2", "d", "U"),
    ROW("deadline.pass_on", 2, "timeouts=2", "d", "O", "UU"),
    ROW("deadline.2x3", 1, "timeouts=2", "dDd", "DdD"),
    { 0 },
};
