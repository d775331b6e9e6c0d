/* SPDX-License-Identifier: MIT */
/* tests/pool/threads.h - shared by the files of the program `pool_threads`: memory and threads that the system refuses. */
#ifndef WEIR_TESTS_POOL_THREADS_H
#define WEIR_TESTS_POOL_THREADS_H

#include "pool.h"

/* From now on the nth request of all threads is refused, or that and all after it; 0: none. hits: how often it was. */
void refuse(uint32_t nth, bool and_all_after);
extern weir_au32 hits;
extern weir_au32 no_threads; /* not 0: all threads are refused */

/* Threads of pools: each that was made in between was joined, or has detached itself, once. */
void count_from_here(void);
void all_threads_ended(void);

/* call_start, of a thread that is not counted. */
void call_apart(struct call *c, int64_t (*fn)(void *arg), void *arg);

struct weir_pool_opts opts(unsigned of_kind, unsigned threads);
#define EACH_KIND(k) for (unsigned k = WEIR_POOL_STEAL; k <= WEIR_POOL_MUTEX; k++)

/* again.c */
void p01_again(void);
void p01_again_later(void);
void p01_again_freed(void);

/* ends.c */
void p01_not_gone(void);
void p03_cancelled(void);
void p03_allocator(void);
void p06_stop_late(void);

#endif
