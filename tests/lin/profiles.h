/* SPDX-License-Identifier: MIT */
/* tests/lin/profiles.h - random operations of every specification, for gen.h. */
#ifndef WEIR_TESTS_LIN_PROFILES_H
#define WEIR_TESTS_LIN_PROFILES_H

#include "gen.h"

enum which {
    P_RING,
    P_RING_EXACT,
    P_CHAN,
    P_RENDEZVOUS,
    P_SEM,
    P_SEM_FIFO,
    P_MAP,
    P_CACHE,
    P_DEQUE,
    P_DEQUE_EXACT,
    PROFILES
};

extern const char *const profile_names[PROFILES];
struct profile profile_of(enum which w);

#endif
