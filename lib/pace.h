/* SPDX-License-Identifier: MIT */
/* lib/pace.h - the arithmetic of the rate limiter (limiter.c), without threads.
 *
 * A bucket is one number, `until`: when it will be full again if nobody takes anything, in units of a clock that
 * begins at base. Who takes n tokens moves it by n intervals, from the present at least. At time t
 *
 *   until <= t              full
 *   until <= t + full       until - t units, at an interval each, are missing of burst tokens
 *   until >  t + full       in debt: empty at until - full, which is the slot of the last reservation
 *
 * where full = burst * interval. So n tokens are there at t iff max(until, t) + n * interval <= t + full; else
 * they will be at max(until, t) + n * interval - full, their slot.
 *
 * Rounding. A unit is 2^-scale ns. The interval is 1e9 / rate ns, in units, rounded up: tokens come too late and
 * never too early. scale is 0, but
 *   > 0 where the interval has less than 4096 ns, so that rounding costs at most 1 in 4096 of the rate
 *       (intervals below 2^-8 ns have less); times are exact in units, and slots rounded up to a ns;
 *   < 0 where burst intervals would take more than 2^51 ns (26 days). The present is then rounded down to a
 *       unit, and the interval gets one unit more, which makes up for it (below).
 * A quotient that a double cannot tell from a whole number is taken for it: weir_every(d) is d.
 *
 * Why no span T admits more than burst + rate * T. It is kept that
 *   (W)  for each time a, the tokens of slots at a or later, times the interval, are at most max(until, a) - a.
 * Taking n keeps it: until grows by n intervals, and the slot is not after max(until, t), since n <= burst.
 * Of the slots in a span [a, b] the last one granted left until <= b + full, its slot being until - full or later;
 * so by (W) tokens * interval <= b + full - a, which is T + burst * interval. With scale < 0 a and b are rounded
 * down, so that T may count up to one unit too much: m tokens beyond burst need m * interval < T + 1; interval
 * >= i + 1, where i is the true one, and m >= 1, so m * i < T + 1 - m <= T.
 * Cancelling keeps it as well: weir__pace_back. So do changes, of the largest rate and burst there were, as long
 * as slots beyond the time at which the bucket is empty have the room that they had: weir__pace_carry. */
#ifndef WEIR_LIB_PACE_H
#define WEIR_LIB_PACE_H

#include <weir/base.h>

enum {
    WEIR__PACE_STOPPED, /* limit 0; also of a limiter of zero bytes. No time; a token is `interval` units */
    WEIR__PACE_RUNNING,
    WEIR__PACE_FREE, /* WEIR_LIMIT_INF */
};

struct weir__pace {
    weir_time base;   /* of the clock of units; STOPPED: the last slot granted before, or earlier */
    int64_t interval; /* units; at most 2^51 */
    int64_t given;    /* units that were given back from before slots that stay; modulo 2^64 */
    uint32_t burst;   /* burst * interval is at most 2^51 */
    unsigned kind;    /* one of the above */
    unsigned era; /* one more at each change of base, interval or burst; modulo WEIR__PACE_ERAS */
    int scale;    /* from -64 to 63 */
};

/* `until` lies from 0 to below WEIR__PACE_END; a clock that has come to WEIR__PACE_LATE needs another base. */
#define WEIR__PACE_END (INT64_C(1) << 54)
#define WEIR__PACE_LATE (INT64_C(1) << 53)

#define WEIR__PACE_ERAS (1U << 23)

/* Of a rate that weir__pace_rate accepts, from `base` on; `ahead`: ns after base that must be countable. */
void weir__pace_make(struct weir__pace *p, double rate, uint32_t burst, weir_time base,
                     int64_t ahead);
bool weir__pace_rate(double rate);

/* `now`, from 0 up, in units: rounded down; at most WEIR__PACE_END, at least -WEIR__PACE_END. */
int64_t weir__pace_clock_any(const struct weir__pace *p, weir_time now);
static inline int64_t weir__pace_clock(const struct weir__pace *p, weir_time now) {
    int64_t ns = now - p->base; /* both are positive */
    if (p->kind == WEIR__PACE_RUNNING && p->scale == 0 && ns >= 0 && ns < WEIR__PACE_END) return ns;
    return weir__pace_clock_any(p, now);
}
/* The time of a slot, rounded up; WEIR_FOREVER: none. */
weir_time weir__pace_time(const struct weir__pace *p, int64_t slot);

static inline int64_t weir__pace_full(const struct weir__pace *p) {
    return (int64_t)p->burst * p->interval;
}

/* What n tokens (at most burst) taken at clock t leave of until. */
static inline int64_t weir__pace_taken(const struct weir__pace *p, int64_t until, uint32_t n,
                                       int64_t t) {
    return (until > t ? until : t) + (int64_t)n * p->interval;
}

/* The ns that n tokens take, rounded down; or as many as there are. */
static inline int64_t weir__pace_span(const struct weir__pace *p, uint32_t n) {
    int64_t units = (int64_t)n * p->interval;
    if (p->scale >= 0) return units >> p->scale;
    return units > INT64_MAX >> -p->scale ? INT64_MAX : units << -p->scale;
}

/* Makes *next for this rate and burst, from now on, and returns its until: as many tokens as old has now
 * at until, or, in debt, none at the same time.
 *
 * `last`: no slot lies after both it and that time; earlier than now: there is none. Slots lie after the time e
 * at which the bucket is empty where a cancel has given back tokens from before them. By (W) those at `last` are
 * at most burst less the tokens of the time from e to `last`, at the old rate. So they are at the new one if e
 * comes no earlier than as many new intervals before `last`; at a higher rate that takes some tokens away. */
int64_t weir__pace_carry(const struct weir__pace *old, int64_t until, weir_time now, weir_time last,
                         double rate, uint32_t burst, struct weir__pace *next);

/* A reservation, as far as giving it back needs it. */
struct weir__pace_hold {
    weir_time time;
    int64_t until, given; /* when it was made */
    int64_t span;         /* ns that it took, rounded down */
    uint32_t n;
    unsigned era;
};

/* The units that `until` goes back by when a hold of this era is cancelled; 0: none. *after: those reserved
 * after it.
 *
 * n tokens less m reserved since, which keep their slots. m counts also those that were cancelled since, unless
 * all of theirs was given back because nothing had been reserved after them (given; *after == 0). So slots from
 * the hold's on keep as many units behind them as they have tokens, twice: (W) holds. Counting only those not
 * cancelled, as until alone would have it, breaks it in one of some ten thousand orders of nested cancels.
 * (tests/limiter: R08 R15.) */
int64_t weir__pace_back(const struct weir__pace *p, int64_t until, const struct weir__pace_hold *h,
                        int64_t *after);

/* The same for a hold of an earlier era. How many tokens the time after its slot was sold for is not known any
 * more: nothing, if there are slots after it. Else no more than the tokens that it took, and no more than their
 * time: a slower rate would otherwise make tokens of it. */
int64_t weir__pace_back_late(const struct weir__pace *p, int64_t until, weir_time last,
                             const struct weir__pace_hold *h);

/* The time at which a bucket with this until is empty, rounded up: the slot of the last reservation. */
weir_time weir__pace_empty(const struct weir__pace *p, int64_t until);

#endif
