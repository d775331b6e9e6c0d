/* SPDX-License-Identifier: MIT */
/* lib/pace.c - see pace.h. */
#include "pace.h"

#include <float.h>

#define FINE 4096
#define FINEST 20
#define ROOM (INT64_C(1) << 51)
#define NEVER 0x1p62 /* ns for a token: 146 years */

static int64_t at_most(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t at_least(int64_t a, int64_t b) { return a > b ? a : b; }

bool weir__pace_rate(double rate) { return rate >= 0; } /* false for no number */

/* x rounded up, unless it is a whole number as far as two roundings of a double let us know. */
static int64_t up(double x) {
    int64_t whole = (int64_t)x;
    double rest = x - (double)whole;
    return rest > x * 0x1p-51 ? whole + 1 : at_least(whole, 1);
}

/* Whether `ahead` ns are more units than there is room for. */
static bool too_far(int64_t ahead, int scale) {
    return scale < 0 ? ahead >> -scale >= ROOM : ahead > ROOM >> scale;
}

void weir__pace_make(struct weir__pace *p, double rate, uint32_t burst, weir_time base,
                     int64_t ahead) {
    *p = (struct weir__pace){ .base = base, .burst = burst, .interval = FINE };
    double interval = rate > 0 ? 1e9 / rate : NEVER;
    if (rate >= DBL_MAX) {
        p->kind = WEIR__PACE_FREE;
    } else if (interval < NEVER) {
        p->kind = WEIR__PACE_RUNNING;
        for (; interval < FINE && p->scale < FINEST; p->scale++) interval *= 2;
        for (; (interval + 2) * (burst ? burst : 1) > (double)ROOM || too_far(ahead, p->scale);
             p->scale--)
            interval /= 2;
        p->interval = up(interval) + (p->scale < 0);
    }
    if (p->kind != WEIR__PACE_RUNNING) p->base = base + ahead;
}

int64_t weir__pace_clock_any(const struct weir__pace *p, weir_time now) {
    if (p->kind != WEIR__PACE_RUNNING) return 0;
    int64_t ns = now - p->base;
    if (p->scale < 0) {
        int64_t unit = INT64_C(1) << -p->scale;
        ns = ns / unit - (ns % unit < 0);
        return at_least(at_most(ns, WEIR__PACE_END), -WEIR__PACE_END);
    }
    int64_t most = WEIR__PACE_END >> p->scale;
    return at_least(at_most(ns, most), -most) * (INT64_C(1) << p->scale);
}

weir_time weir__pace_time(const struct weir__pace *p, int64_t slot) {
    if (p->kind != WEIR__PACE_RUNNING) return WEIR_FOREVER;
    int64_t ns;
    if (p->scale < 0) {
        int64_t unit = INT64_C(1) << -p->scale;
        if (slot >= WEIR_FOREVER / unit) return WEIR_FOREVER;
        if (slot <= -(WEIR_FOREVER / unit)) return 0;
        ns = slot * unit;
    } else {
        int64_t parts = INT64_C(1) << p->scale;
        ns = slot / parts + (slot % parts > 0);
    }
    return ns >= WEIR_FOREVER - p->base ? WEIR_FOREVER : p->base + ns;
}

/* `ns` in units, rounded up. */
static int64_t units(const struct weir__pace *p, int64_t ns) {
    if (p->kind != WEIR__PACE_RUNNING) return 0;
    if (p->scale >= 0) return ns * (INT64_C(1) << p->scale);
    int64_t unit = INT64_C(1) << -p->scale;
    return ns / unit + (ns % unit > 0);
}

/* a * b / c, rounded down, digit by digit; for a < c, b and c up to 2^60. */
static int64_t share(int64_t a, int64_t b, int64_t c) {
    int64_t whole = 0, rest = 0;
    for (int bit = 60; bit >= 0; bit--) {
        whole *= 2;
        rest = rest * 2 + (b >> bit & 1 ? a : 0);
        for (; rest >= c; rest -= c) whole++;
    }
    return whole;
}

/* Units of old as units of next that are as many tokens, rounded down; at most burst. */
static int64_t exchange(const struct weir__pace *old, int64_t x, const struct weir__pace *next) {
    if (old->interval == 0) return 0; /* a limiter of zero bytes */
    int64_t tokens = x / old->interval;
    if (tokens >= next->burst) return weir__pace_full(next);
    return tokens * next->interval + share(x % old->interval, next->interval, old->interval);
}

/* The until of next at which slots up to `last` have as much room behind them as in old, which is empty at e. */
static int64_t keep_room(const struct weir__pace *old, int64_t e, weir_time now, weir_time last,
                         const struct weir__pace *next) {
    int64_t room = exchange(old, at_least(weir__pace_clock(old, last) - e, 0), next);
    return units(next, last - now) + weir__pace_full(next) - room;
}

int64_t weir__pace_carry(const struct weir__pace *old, int64_t until, weir_time now, weir_time last,
                         double rate, uint32_t burst, struct weir__pace *next) {
    int64_t full = weir__pace_full(old), ahead = 0;
    int64_t missing = at_least(until - weir__pace_clock(old, now), 0);
    if (old->kind == WEIR__PACE_STOPPED)
        ahead = at_least(old->base - now, 0);
    else if (missing > full)
        ahead = at_least(weir__pace_empty(old, until) - now, 0);
    int64_t farthest = at_least(ahead, last - now);
    weir__pace_make(next, rate, burst, now, farthest);
    next->era = (old->era + 1) % WEIR__PACE_ERAS;
    if (old->kind == WEIR__PACE_FREE || next->kind == WEIR__PACE_FREE) return 0; /* full */
    int64_t has = exchange(old, at_least(full - missing, 0), next);
    int64_t same = units(next, ahead) + weir__pace_full(next) - has;
    if (old->kind != WEIR__PACE_RUNNING || next->kind != WEIR__PACE_RUNNING || farthest <= ahead)
        return same;
    int64_t e = at_least(until, weir__pace_clock(old, now)) - full;
    return at_least(same, keep_room(old, e, now, last, next));
}

int64_t weir__pace_back(const struct weir__pace *p, int64_t until, const struct weir__pace_hold *h,
                        int64_t *after) {
    *after = 0;
    if (p->kind != WEIR__PACE_RUNNING) return 0;
    int64_t given = (int64_t)((uint64_t)p->given - (uint64_t)h->given);
    *after = at_least(until - h->until + given, 0);
    return at_most(at_least((int64_t)h->n * p->interval - *after, 0), until);
}

int64_t weir__pace_back_late(const struct weir__pace *p, int64_t until, weir_time last,
                             const struct weir__pace_hold *h) {
    if (p->kind != WEIR__PACE_RUNNING || last > h->time) return 0;
    /* A coarse clock rounds h->time down, and the change before has rounded it up. Whoever came after h has moved
     * it by an interval at least, which is two units. */
    int64_t slot = weir__pace_clock(p, h->time) + (p->scale < 0);
    if (until - weir__pace_full(p) > slot) return 0;
    int64_t span =
        p->scale < 0 ? h->span >> -p->scale : at_most(h->span, ROOM >> p->scale) << p->scale;
    int64_t tokens = at_most(h->n, p->burst) * p->interval;
    return at_most(at_most(tokens, span), until);
}

weir_time weir__pace_empty(const struct weir__pace *p, int64_t until) {
    return weir__pace_time(p, until - weir__pace_full(p));
}
