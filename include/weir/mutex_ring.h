/* SPDX-License-Identifier: MIT */
/* weir/mutex_ring.h - the bounded ring with one mutex and two condition variables.
 *
 * The same verbs and results as weir/mpmc.h, for those who want the plain thing: what the lock-free
 * rings are measured against, their oracle in the differential tests, and the fallback.
 *
 * Invariants (under the mutex)
 *   I1  0 <= len <= cap; the elements stand at head, head + 1, ... modulo cap.
 *   I2  every thread asleep that no signal was sent to is counted (queues/mutex_ring.c).
 * Results    linearizable, exact: WEIR_EBUSY never occurs.
 * Progress   blocking: a thread stopped inside a call stops the others. No call is a cancellation point.
 * Ordering   the mutex. A wake-up is sent after unlocking, and only if somebody waits. */
#ifndef WEIR_MUTEX_RING_H
#define WEIR_MUTEX_RING_H

#include <weir/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_mutex_ring weir_mutex_ring;

/* Allocates a ring; WEIR_RING_NO_MEMBARRIER has no meaning here. Returns 0, WEIR_EINVAL (cap 0 or above 2^31,
 * elem_size 0 or above 65536, NULL, unknown flag), or WEIR_ENOMEM; *out is NULL then. */
WEIR_NODISCARD WEIR_API int weir_mutex_ring_new(weir_mutex_ring **out,
                                                const struct weir_ring_opts *opts);

/* Frees it; opts.drop is called for what is inside, oldest first. Returns 0 (also for NULL) or
 * WEIR_EBUSY (threads wait on it: nothing was done). No other thread may be inside. */
WEIR_API int weir_mutex_ring_free(weir_mutex_ring *r);

/* As weir_mpmc_try_push and weir_mpmc_try_pop, with 0, WEIR_EAGAIN or WEIR_ECLOSED. Any thread. */
WEIR_API int weir_mutex_ring_try_push(weir_mutex_ring *r, const void *elem);
WEIR_API int weir_mutex_ring_try_pop(weir_mutex_ring *r, void *elem);

/* Move min(n, room) or min(n, available) elements in one step; the count, or as above; n = 0
 * returns 0. Any thread. */
WEIR_NODISCARD WEIR_API ptrdiff_t weir_mutex_ring_try_push_n(weir_mutex_ring *r, const void *elems,
                                                             size_t n);
WEIR_NODISCARD WEIR_API ptrdiff_t weir_mutex_ring_try_pop_n(weir_mutex_ring *r, void *elems,
                                                            size_t n);

/* Wait until `deadline` for room or an element: 0, WEIR_ECLOSED, WEIR_ETIMEDOUT, ctx's
 * error; WEIR_NOW: the try call. Any thread. */
WEIR_NODISCARD WEIR_API int weir_mutex_ring_push_wait(weir_mutex_ring *r, const void *elem,
                                                      weir_time deadline, weir_ctx *ctx);
WEIR_NODISCARD WEIR_API int weir_mutex_ring_pop_wait(weir_mutex_ring *r, void *elem,
                                                     weir_time deadline, weir_ctx *ctx);

/* As the try batches, but wait until at least one element could be moved. */
WEIR_NODISCARD WEIR_API ptrdiff_t weir_mutex_ring_push_n_wait(weir_mutex_ring *r, const void *elems,
                                                              size_t n, weir_time deadline,
                                                              weir_ctx *ctx);
WEIR_NODISCARD WEIR_API ptrdiff_t weir_mutex_ring_pop_n_wait(weir_mutex_ring *r, void *elems,
                                                             size_t n, weir_time deadline,
                                                             weir_ctx *ctx);

/* Push and pop that wait for ever. */
WEIR_NODISCARD WEIR_INLINE int weir_mutex_ring_push(weir_mutex_ring *r, const void *elem) {
    return weir_mutex_ring_push_wait(r, elem, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_mutex_ring_pop(weir_mutex_ring *r, void *elem) {
    return weir_mutex_ring_pop_wait(r, elem, WEIR_FOREVER, NULL);
}

/* As weir_mpmc_close: 0 to one caller, WEIR_ECLOSED to the others. */
WEIR_API int weir_mutex_ring_close(weir_mutex_ring *r);
WEIR_API bool weir_mutex_ring_is_closed(weir_mutex_ring *r);
WEIR_API size_t weir_mutex_ring_len(weir_mutex_ring *r); /* exact at an instant of the call */
WEIR_API size_t weir_mutex_ring_cap(const weir_mutex_ring *r);

#ifdef __cplusplus
}
#endif
#endif
