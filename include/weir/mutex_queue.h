/* SPDX-License-Identifier: MIT */
/* weir/mutex_queue.h - the unbounded queue with two locks, one for pushes and one for pops.
 *
 * The same verbs and results as weir/queue.h, for those who want the plain thing: what the lock-free queue is
 * measured against, and the fallback. Elements stand in blocks of some 16 KiB, in a list.
 *
 * Invariants
 *   I1  what pushes need (tail, pushed, closed, who waits) is under the lock of pushes; what pops need (head,
 *       popped) under that of pops. Who takes both takes that of pops first.
 *   I2  `seen`, which is the pops', is a number that `pushed` had: elements below it are in their places, and the
 *       block of each is linked. Who wants more looks at `pushed` again, under both locks.
 * Results    linearizable, exact: a push takes effect under the lock of pushes, a pop under that of pops; "empty"
 *            and "full" are said under the lock of pushes.
 * Progress   blocking: a thread stopped inside a push stops pushes, and pops that have come to the end of what
 *            they have seen; one stopped inside a pop stops pops, and where it looks at the other side or, with a
 *            limit, says what it has taken, pushes, too. No call is a cancellation point.
 * Ordering   the mutexes. A wake-up is sent after unlocking, and only if somebody waits.
 * Memory     an emptied block is used again (one or two are kept) or given back. The allocator is called under a
 *            lock and must not use the queue.
 * From       Michael and Scott, Simple, fast, and practical non-blocking and blocking concurrent queue
 *            algorithms, 1996: the two-lock queue; with blocks in the place of nodes, so that a pop looks at the
 *            other side only when it has seen too few. */
#ifndef WEIR_MUTEX_QUEUE_H
#define WEIR_MUTEX_QUEUE_H

#include <weir/queue.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_mutex_queue weir_mutex_queue;

/* As weir_queue_new; WEIR_RING_NO_MEMBARRIER has no meaning here. */
WEIR_NODISCARD WEIR_API int weir_mutex_queue_new(weir_mutex_queue **out,
                                                 const struct weir_queue_opts *opts);
/* opts.drop is called for what is inside, oldest first. No other thread may be inside. Returns 0 (also for NULL),
 * or WEIR_EBUSY: threads sleep in it, and nothing was done. */
WEIR_API int weir_mutex_queue_free(weir_mutex_queue *q);

/* The verbs: any thread; results as those of weir_queue, but that no call needs a record of its thread, and a
 * waiting one returns WEIR_ENOMEM only where there is no memory for a block. */
WEIR_NODISCARD WEIR_API int weir_mutex_queue_try_push(weir_mutex_queue *q, const void *elem);
WEIR_NODISCARD WEIR_API int weir_mutex_queue_try_pop(weir_mutex_queue *q, void *elem);
WEIR_NODISCARD WEIR_API ptrdiff_t weir_mutex_queue_try_push_n(weir_mutex_queue *q,
                                                              const void *elems, size_t n);
WEIR_NODISCARD WEIR_API ptrdiff_t weir_mutex_queue_try_pop_n(weir_mutex_queue *q, void *elems,
                                                             size_t n);
WEIR_NODISCARD WEIR_API int weir_mutex_queue_push_wait(weir_mutex_queue *q, const void *elem,
                                                       weir_time deadline, weir_ctx *ctx);
WEIR_NODISCARD WEIR_API int weir_mutex_queue_pop_wait(weir_mutex_queue *q, void *elem,
                                                      weir_time deadline, weir_ctx *ctx);
WEIR_NODISCARD WEIR_API ptrdiff_t weir_mutex_queue_push_n_wait(weir_mutex_queue *q,
                                                               const void *elems, size_t n,
                                                               weir_time deadline, weir_ctx *ctx);
WEIR_NODISCARD WEIR_API ptrdiff_t weir_mutex_queue_pop_n_wait(weir_mutex_queue *q, void *elems,
                                                              size_t n, weir_time deadline,
                                                              weir_ctx *ctx);
WEIR_NODISCARD WEIR_INLINE int weir_mutex_queue_push(weir_mutex_queue *q, const void *elem) {
    return weir_mutex_queue_push_wait(q, elem, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_mutex_queue_pop(weir_mutex_queue *q, void *elem) {
    return weir_mutex_queue_pop_wait(q, elem, WEIR_FOREVER, NULL);
}
/* As weir_queue_close. Returns 0 to one caller, WEIR_ECLOSED to the others, WEIR_EINVAL: NULL. */
WEIR_API int weir_mutex_queue_close(weir_mutex_queue *q);
WEIR_API bool weir_mutex_queue_is_closed(weir_mutex_queue *q);
WEIR_API size_t weir_mutex_queue_len(weir_mutex_queue *q);
/* Bytes that the queue has from its allocator now. */
WEIR_API size_t weir_mutex_queue_bytes(weir_mutex_queue *q);
/* Gives back the blocks that are kept, as weir_queue_trim. Returns 0, or WEIR_EINVAL: NULL. */
WEIR_API int weir_mutex_queue_trim(weir_mutex_queue *q);

#ifdef __cplusplus
}
#endif
#endif
