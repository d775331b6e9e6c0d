/* SPDX-License-Identifier: MIT */
/* weir/mutex_deque.h - the deque with one mutex.
 *
 * The same verbs and results as weir/deque.h, for those who want the plain thing: what the work-stealing deque
 * is measured against, its oracle in the tests, and the fallback. Any thread may make any call.
 *
 * Invariant  (under the mutex) the elements stand at top, top + 1, ... bottom - 1 modulo the size of the array,
 *            which is a power of two and no smaller than the first one.
 * Results    linearizable, exact: WEIR_EBUSY never occurs; a batch is one step.
 * Progress   blocking: a thread stopped inside a call stops the others. No call is a cancellation point. An
 *            array is allocated and freed under the mutex.
 * Ordering   the mutex.
 * Memory     one array, doubled when it is full; the first one's size again as weir_deque says. */
#ifndef WEIR_MUTEX_DEQUE_H
#define WEIR_MUTEX_DEQUE_H

#include <weir/deque.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_mutex_deque weir_mutex_deque;

/* As weir_deque_new. Returns 0, WEIR_EINVAL or WEIR_ENOMEM; *out is NULL then. */
WEIR_NODISCARD WEIR_API int weir_mutex_deque_new(weir_mutex_deque **out,
                                                 const struct weir_deque_opts *opts);
/* opts.drop is called for what is inside, oldest first. No other thread may be inside. Returns 0. */
WEIR_API int weir_mutex_deque_free(weir_mutex_deque *d);

/* As weir_deque_push, _pop, _steal, _steal_n, _trim, by any thread: 0, the codes of those but WEIR_EBUSY,
 * WEIR_EINVAL (NULL). */
WEIR_NODISCARD WEIR_API int weir_mutex_deque_push(weir_mutex_deque *d, void *elem);
WEIR_NODISCARD WEIR_API int weir_mutex_deque_pop(weir_mutex_deque *d, void **elem);
WEIR_NODISCARD WEIR_API int weir_mutex_deque_steal(weir_mutex_deque *d, void **elem);
WEIR_NODISCARD WEIR_API ptrdiff_t weir_mutex_deque_steal_n(weir_mutex_deque *d, void **elems,
                                                           size_t n);
WEIR_API int weir_mutex_deque_trim(weir_mutex_deque *d);

/* Exact at an instant of the call; 0 for NULL. Any thread. */
WEIR_API size_t weir_mutex_deque_len(weir_mutex_deque *d);
WEIR_API size_t weir_mutex_deque_cap(weir_mutex_deque *d);

#ifdef __cplusplus
}
#endif
#endif
