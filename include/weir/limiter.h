/* SPDX-License-Identifier: MIT */
/* weir/limiter.h - rate limiter: a bucket of `burst` tokens, full at first, into which `per_second` tokens
 * flow each second.
 *
 *   weir_limiter l;
 *   weir_limiter_init(&l, 1000, 50);                        - or weir_every(ns), WEIR_LIMIT_INF, 0
 *   if (weir_limiter_allow(&l, 1)) ...                      - now, or not at all
 *   rc = weir_limiter_wait(&l, 1, weir_after(ns), ctx);     - in its turn
 *   struct weir_reservation r = weir_limiter_reserve(&l, 1); - its turn comes at r.time
 *
 * A limiter lies in the caller's memory and owns nothing. One of zero bytes rejects everything.
 *
 * What is promised: of any time span T, ends included, the tokens granted in it are at most burst + rate * T,
 * never one more; a token counts at the time of its slot: now, or the time of its reservation. Where limit and
 * burst were changed, the largest of each count. (Times are whole nanoseconds: at more than 244,140 a second,
 * where an interval may be none, it is T + 1 ns for slots that were waited for.)
 *
 * The interval between two tokens is rounded up: not at all where it is a whole number of nanoseconds and burst of
 * them take less than 26 days, else by less than 1 in 4000 for up to 2 * 10^11 a second, and by more above that.
 * (By more also after a change to a high limit while slots lie far ahead, 9 minutes for 10^9 a second: until the
 * base of the clock moves.)
 *
 * Late wakers may bunch up: threads in weir_limiter_wait that the system wakes too late go on all at once,
 * each with a slot that has passed. weir_limiter_wait_recheck takes its tokens by the clock of its waking
 * instead, and gives up the turn for that.
 *
 * | operation              | progress                                                                |
 * |------------------------|-------------------------------------------------------------------------|
 * | allow, reserve, tokens | lock-free, one read-modify-write at most; but one call now and then     |
 * |                        | moves the base of the clock, under the lock: every 104 days (2^53 ns);  |
 * |                        | 13 days at 10^6 a second, 36 minutes at 10^9, 8 s at 10^12              |
 * | cancel                 | lock-free if nothing was reserved since, else blocking                  |
 * | set_limit, set_burst   | blocking among each other; they stop none of the above                  |
 * | wait, wait_recheck     | blocking, by the clock                                                  |
 *
 * Ordering: none. A limiter says when, and orders nothing. */
#ifndef WEIR_LIMITER_H
#define WEIR_LIMITER_H

#include <float.h>

#include <weir/atomic.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_limiter {
    weir_au64 word_; /* time and version */
    weir_au32 lock_;
    double rate_;
    weir_time last_;
    struct {
        weir_au64 base_, interval_, meta_, given_;
    } pace_[2];
} weir_limiter;

#define WEIR_LIMIT_INF DBL_MAX /* no limit: everything is allowed, whatever burst is */

/* The rate of one token each `ns` nanoseconds; 0 or less: WEIR_LIMIT_INF. */
WEIR_INLINE double weir_every(int64_t ns) { return ns > 0 ? 1e9 / (double)ns : WEIR_LIMIT_INF; }

/* Tokens that are the caller's from `time` on. Not to be copied if it may be cancelled. */
struct weir_reservation {
    weir_time time; /* WEIR_FOREVER: there is none */
    uint32_t n;     /* 0: none, or cancelled */
    uint32_t era_;
    uint64_t until_, given_, span_;
};

/* Makes a full bucket. 0 tokens a second: burst tokens and then no more. Before others use it. Returns 0, or
 * WEIR_EINVAL (NULL; a rate that is negative or no number). */
WEIR_NODISCARD WEIR_API int weir_limiter_init(weir_limiter *l, double per_second, uint32_t burst);

/* Takes n tokens if they are there (true), or changes nothing (false; also for n above burst, and NULL). Any
 * thread. */
WEIR_API bool weir_limiter_allow(weir_limiter *l, uint32_t n);

/* Takes n tokens, future ones if need be: slots go in the order of the calls. Without time (WEIR_FOREVER), and
 * with nothing taken: n above burst, a slot that would never come (limit 0) or not within the time after which the
 * clock's base moves (above). Any thread. */
WEIR_NODISCARD WEIR_API struct weir_reservation weir_limiter_reserve(weir_limiter *l, uint32_t n);

/* Before the time of r: gives back r's tokens, less those that were reserved after r and keep their slots; so
 * nothing, perhaps. At that time or later nothing. After a change of limit or burst: nothing if something was
 * reserved after r, else r's tokens, but no more than fit into their time; and nothing while the limit is 0 or
 * WEIR_LIMIT_INF. Any thread, once: r is empty afterwards. Returns 0, or WEIR_EINVAL (NULL). */
WEIR_API int weir_limiter_cancel(weir_limiter *l, struct weir_reservation *r);

/* Takes n tokens and sleeps until their slot. Any thread. Returns 0, or with nothing taken: WEIR_ETOOBIG (n above
 * burst), WEIR_ETIMEDOUT at once (the slot would come after the deadline or ctx's, or never), WEIR_EAGAIN (with
 * WEIR_NOW: not there now), WEIR_ENOMEM (this thread's first wait), WEIR_EINVAL (NULL), or ctx's error; one
 * that ends during the sleep cancels the reservation. */
WEIR_NODISCARD WEIR_API int weir_limiter_wait(weir_limiter *l, uint32_t n, weir_time deadline,
                                              weir_ctx *ctx);

/* The same without a reservation: sleeps until n tokens should be there, and takes them when it is awake, if
 * nobody was faster; else sleeps again. The promise above then holds for the times of the returns, but who came
 * first may go last. */
WEIR_NODISCARD WEIR_API int weir_limiter_wait_recheck(weir_limiter *l, uint32_t n,
                                                      weir_time deadline, weir_ctx *ctx);

/* From now on another rate, or size. The tokens up to now are those of the old rate; slots that were granted
 * keep their times. A new burst adds no tokens. (Where a cancel has given back tokens from before a slot that is
 * still to come, a higher limit takes some of them away: they would come too fast for that slot.) Any thread.
 * Return 0, or WEIR_EINVAL (as weir_limiter_init). */
WEIR_API int weir_limiter_set_limit(weir_limiter *l, double per_second);
WEIR_API int weir_limiter_set_burst(weir_limiter *l, uint32_t burst);

/* Tokens there now, at most burst; negative where reservations are ahead; 0 for NULL. Any thread. */
WEIR_API double weir_limiter_tokens(const weir_limiter *l);

/* The same with the caller's clock: any that counts nanoseconds up from 0. A `now` that is older than another
 * thread's does not move the limiter's time back; set_limit_at with such a one, to a higher limit, lets the time
 * between count at both limits. (weir_limiter_wait asks weir_now().) */
WEIR_NODISCARD WEIR_API int weir_limiter_init_at(weir_limiter *l, double per_second, uint32_t burst,
                                                 weir_time now);
WEIR_API bool weir_limiter_allow_at(weir_limiter *l, uint32_t n, weir_time now);
WEIR_NODISCARD WEIR_API struct weir_reservation weir_limiter_reserve_at(weir_limiter *l, uint32_t n,
                                                                        weir_time now);
WEIR_API int weir_limiter_cancel_at(weir_limiter *l, struct weir_reservation *r, weir_time now);
WEIR_API int weir_limiter_set_limit_at(weir_limiter *l, double per_second, weir_time now);
WEIR_API int weir_limiter_set_burst_at(weir_limiter *l, uint32_t burst, weir_time now);
WEIR_API double weir_limiter_tokens_at(const weir_limiter *l, weir_time now);

#ifdef __cplusplus
}
#endif
#endif
