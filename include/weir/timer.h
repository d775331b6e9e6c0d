/* SPDX-License-Identifier: MIT */
/* weir/timer.h - something that becomes ready at a time, once (timer) or again and again (ticker).
 *
 *   weir_ticker *t;
 *   if (weir_ticker_new(&t, 100000000) == 0) {         - 10 a second
 *       struct weir_case c[] = { WEIR_CASE_RECV(jobs, &job), WEIR_CASE_TICK(t, NULL) };
 *       ... weir_select(c, 2, WEIR_FOREVER, ctx, 0) ...
 *       weir_ticker_free(t);
 *   }
 *
 * Both are read off the clock by those who wait for them: there is no thread behind them, and one that nobody
 * waits for costs nothing. A deadline of a select or of another call needs no timer. A timer with a function
 * instead calls it, in a thread of weir's, which is there as long as such timers are.
 *
 * A timer that is set has a time; when it has come one wait or one case gets it, and it is set no more. A
 * ticker's times are start + k * period for ever, however late it is taken (no drift). When one or more of them
 * have come since the last tick was taken, one tick is ready: the others are dropped.
 *
 * | operation                   | progress                                                     |
 * |-----------------------------|--------------------------------------------------------------|
 * | new, free, stop, reset      | blocking: a short lock; reset wakes all who wait, if need be   |
 * | wait, as a case             | blocking                                                     |
 *
 * Ordering: what a thread did before it made or reset it is seen by who gets the firing. Cost: a wake-up for
 * each who waits when the time comes, though one gets it. */
#ifndef WEIR_TIMER_H
#define WEIR_TIMER_H

#include <weir/ctx.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_timer weir_timer;
typedef struct weir_ticker weir_ticker;

/* ---- timer ------------------------------------------------------------------------------------------------ */

/* A timer set to `at` (weir_after(ns); a past time: at once; WEIR_FOREVER: not set). Any thread. Returns 0,
 * WEIR_EINVAL (out is NULL), WEIR_ENOMEM; *out is NULL then. */
WEIR_NODISCARD WEIR_API int weir_timer_new(weir_timer **out, weir_time at);

/* A timer that calls fn(arg) when its time has come, each time that it is set. Not in this thread, without a lock
 * of weir's, and never early; a function that takes long, or does not return, delays no other as long as the
 * system gives threads. It may use all of weir, this timer too, also free it, but not end its thread. Callbacks
 * of two firings may run at once. *out is set before the first. WEIR_EINVAL also for fn NULL; WEIR_ENOMEM also
 * if no thread can be made. */
WEIR_NODISCARD WEIR_API int weir_timer_new_func(weir_timer **out, weir_time at,
                                                void (*fn)(void *arg), void *arg);

/* NULL: nothing. Returns 0, or WEIR_EBUSY: threads wait for it, and nothing is done. One with a function is
 * stopped; a callback that runs is not waited for. */
WEIR_API int weir_timer_free(weir_timer *t);

/* Unsets it. Returns 1 if it was set: nobody has got this firing, and nobody will, though its time may have come
 * already. 0: it was not set, or somebody has got it. WEIR_EINVAL: NULL. Those who wait go on waiting. Of one
 * with a function: 1 iff the callback was prevented; one that has begun is not waited for. Any thread. */
WEIR_API int weir_timer_stop(weir_timer *t);

/* Sets it to `at`, whether it was set or not; the same results as stop, of the time that it had. */
WEIR_API int weir_timer_reset(weir_timer *t, weir_time at);

/* Waits until the timer fires for this call. Returns 0; WEIR_ETIMEDOUT, ctx's error, WEIR_EINVAL (NULL, or a
 * timer with a function), WEIR_ENOMEM (this thread's first wait); with WEIR_NOW, instead of a wait, WEIR_EAGAIN. Any thread. */
WEIR_NODISCARD WEIR_API int weir_timer_wait(weir_timer *t, weir_time deadline, weir_ctx *ctx);

/* For weir_select, WEIR_RECV: elem is NULL, or a weir_time * that gets the time that the timer was set to.
 * NULL for NULL and for a timer with a function. */
WEIR_API weir_waitable *weir_timer_waitable(weir_timer *t);
#define WEIR_CASE_TIMER(timer, at) { weir_timer_waitable(timer), (at), WEIR_RECV, 0, 0 }

/* ---- ticker ------------------------------------------------------------------------------------------------ */

/* A ticker whose first tick comes `period` nanoseconds from now. WEIR_EINVAL also for a period of 0 or less.
 * Otherwise as for a timer, here and below. */
WEIR_NODISCARD WEIR_API int weir_ticker_new(weir_ticker **out, int64_t period);
WEIR_API int weir_ticker_free(weir_ticker *t);

/* No more ticks, one that was pending included. 1: it was running; 0: it was not. */
WEIR_API int weir_ticker_stop(weir_ticker *t);

/* Starts anew: the next tick comes `period` from now. As stop; or WEIR_EINVAL (a period of 0 or less), with
 * nothing done. */
WEIR_API int weir_ticker_reset(weir_ticker *t, int64_t period);

/* Takes a tick. */
WEIR_NODISCARD WEIR_API int weir_ticker_wait(weir_ticker *t, weir_time deadline, weir_ctx *ctx);

/* elem: NULL, or a weir_time * that gets the time of the first tick since the last one taken. */
WEIR_API weir_waitable *weir_ticker_waitable(weir_ticker *t);
#define WEIR_CASE_TICK(ticker, at) { weir_ticker_waitable(ticker), (at), WEIR_RECV, 0, 0 }

#ifdef __cplusplus
}
#endif
#endif
