/* SPDX-License-Identifier: MIT */
/* weir/wg.h - wait group: a counter of work that is going on, and threads that wait until it is zero.
 *
 *   weir_wg wg = WEIR_WG_INIT;
 *   for (i = 0; i < n; i++)
 *       if (weir_wg_go(&wg, work, &job[i]) < 0) ...    - add, run on a thread of its own, done
 *   (void)weir_wg_wait(&wg);
 *
 * It may be used again once every wait has returned. The memory is the user's, and may be used for something
 * else as soon as a wait has returned and nobody else is in a call: the done that came to zero is over then.
 *
 * | operation | progress                                                                                |
 * |-----------|-----------------------------------------------------------------------------------------|
 * | add, done | lock-free, one read-modify-write; if it ends waits, blocking: the wait group's lock, and |
 * |           | one for all                                                                             |
 * | wait      | blocking                                                                                |
 *
 * Ordering: what a thread did before its done is seen by whoever waited for it. */
#ifndef WEIR_WG_H
#define WEIR_WG_H

#include <weir/atomic.h>
#include <weir/waitable.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_wg {
    weir_waitable on_;
    weir_au64 word_; /* counter | waiters: 63 bits and 1 */
    struct weir__queue queue_;
    weir_au32 lock_;
} weir_wg;

extern WEIR_API const struct weir__waitable_ops weir__wg_ops_;

/* The highest counter. */
#define WEIR_WG_MAX INT32_MAX

/* A wait group whose counter is zero. */
#define WEIR_WG_INIT { { &weir__wg_ops_ }, { 0 }, { NULL, NULL }, { 0 } }

/* The same at run time; nobody else may know *wg yet. Returns 0, or WEIR_EINVAL (NULL). */
WEIR_API int weir_wg_init(weir_wg *wg);

/* Adds n, which may be negative, to the counter; at zero all that wait are let go. Any thread. Returns 0, or with
 * nothing changed: WEIR_EINVAL (NULL; the counter would be below zero; it is zero, and waits that it has
 * ended are not let go yet: an add from zero must not race with a wait), WEIR_ETOOBIG (above WEIR_WG_MAX). */
WEIR_API int weir_wg_add(weir_wg *wg, int32_t n);

/* weir_wg_add of -1. */
WEIR_INLINE int weir_wg_done(weir_wg *wg) { return weir_wg_add(wg, -1); }

/* Waits until the counter is zero, or `deadline`. Any thread. Returns 0, ctx's error (once it has ended, even
 * if the counter is zero), WEIR_ETIMEDOUT (not before the deadline), WEIR_EAGAIN (with WEIR_NOW: it is not zero),
 * WEIR_EINVAL (NULL), WEIR_ENOMEM (the first wait of this thread). */
WEIR_NODISCARD WEIR_API int weir_wg_wait_wait(weir_wg *wg, weir_time deadline, weir_ctx *ctx);

/* Without end, not at all, until a deadline. */
WEIR_INLINE int weir_wg_wait(weir_wg *wg) { return weir_wg_wait_wait(wg, WEIR_FOREVER, NULL); }
WEIR_NODISCARD WEIR_INLINE int weir_wg_try_wait(weir_wg *wg) {
    return weir_wg_wait_wait(wg, WEIR_NOW, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_wg_wait_until(weir_wg *wg, weir_time deadline) {
    return weir_wg_wait_wait(wg, deadline, NULL);
}

/* Adds one, runs fn(arg) on a new detached thread, and does one, even if fn ends its thread (pthread_exit, or
 * cancelled). When the wait returns, fn has, but the thread may not be gone yet. Any thread. Returns 0, or with
 * nothing run and the counter as it was: WEIR_ENOMEM (no memory, or the system gives no thread), WEIR_EINVAL
 * (fn is NULL, or as weir_wg_add), WEIR_ETOOBIG (as weir_wg_add). */
WEIR_NODISCARD WEIR_API int weir_wg_go(weir_wg *wg, void (*fn)(void *arg), void *arg);

/* The counter at this instant. 0 for NULL. */
WEIR_API int32_t weir_wg_count(const weir_wg *wg);

/* For weir_select: a case that is ready while the counter is zero. NULL for NULL. */
WEIR_API weir_waitable *weir_wg_waitable(weir_wg *wg);

#define WEIR_CASE_ZERO(wg) { weir_wg_waitable(wg), NULL, WEIR_RECV, 0, 0 }

#ifdef __cplusplus
}
#endif
#endif
