/* SPDX-License-Identifier: MIT */
/* queues/mpmc.h - shared by mpmc.c and mpmc_wait.c; and for tests, a ring whose indices start at
 * `start` (62 bits; the position is taken modulo the capacity), to cross their wrap. */
#ifndef WEIR_QUEUES_MPMC_H
#define WEIR_QUEUES_MPMC_H

#include <weir/mpmc.h>

#include "../lib/thread.h"

/* "mpmc", layout 1. */
#define WEIR__MPMC_MAGIC UINT32_C(0x6d706d01)

int weir__mpmc_init_at(weir_mpmc **out, void *mem, size_t bytes, size_t cap, size_t elem_size,
                       unsigned flags, uint64_t start);

/* The id of a ring inside a channel (queues/chan_mpmc.c), whose waiters are in the channel's queues. */
#define WEIR__MPMC_OF_CHAN UINT64_C(0)
#define WEIR__MPMC_IN_CHAN (1u << 31) /* a flag for init_at */
/* Tells up to n waiters of a side of such a ring. */
void weir__chan_wake(weir_mpmc *r, uint64_t side, size_t n);

/* Whether a pop (push) is worth trying: true also if it only cannot be told. Reads only. */
bool weir__mpmc_can_pop(weir_mpmc *r);
bool weir__mpmc_can_push(weir_mpmc *r);
/* Polls for a moment whether a pop (push) is worth trying. */
bool weir__mpmc_spin(weir_mpmc *r, bool popper, struct weir__thread *self, weir_time deadline);
/* Between a waiter's announcement in a word of waiters (the ring's, or that of queues/chan_spsc.c) and its last
 * look. */
void weir__waiters_barrier(weir_au64 *waiters);

/* Elements before a word of head or tail, from the beginning on. */
uint64_t weir__mpmc_count(const weir_mpmc *r, uint64_t word);

/* Wakes all that wait on either side. */
void weir__mpmc_wake_all(weir_mpmc *r);

/* Whether this is an initialised ring. */
static inline bool weir__mpmc_is(const weir_mpmc *r) { return r && r->magic_ == WEIR__MPMC_MAGIC; }

#endif
