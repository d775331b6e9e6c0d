/* SPDX-License-Identifier: MIT */
/* tests/limiter/spans.c - what spans of time admit: R15, alone, with cancels (R08) and changes (R13). */
#include "cases.h"

#include <stdlib.h>

#define MOST 80

struct grant {
    weir_time at;
    uint32_t n;
    struct weir_reservation r;
    bool gone;
};

static int by_time(const void *a, const void *b) {
    weir_time x = ((const struct grant *)a)->at, y = ((const struct grant *)b)->at;
    return (x > y) - (x < y);
}

/* Of all spans from one grant to another: none admits more than burst + rate * (T + slack). */
static bool spans_hold(struct grant *g, size_t n, double rate, uint32_t burst, int64_t slack) {
    qsort(g, n, sizeof *g, by_time);
    for (size_t i = 0; i < n; i++) {
        uint64_t sum = 0;
        for (size_t k = i; k < n; k++) {
            if (!g[k].gone) sum += g[k].n;
            if (k + 1 < n && g[k + 1].at == g[k].at) continue;
            int64_t span = g[k].at - g[i].at + slack;
            long double most = (long double)burst + (long double)rate * (long double)span / 1e9L;
            if (!CHECK((long double)sum <= most * (1 + 1e-15L), "%llu of %.20Lg in %lld ns",
                       (unsigned long long)sum, most, (long long)span))
                return false;
        }
    }
    return true;
}

/* Rates whose interval is whole, and others; from one in weeks to 10^10 a second. */
static double some_rate(bool slow) {
    double base = (double)(1 + rng_below(9999)) / 1000;
    unsigned tens = (unsigned)rng_below(slow ? 6 : 17);
    for (unsigned i = 0; i < tens; i++) base *= 10;
    for (unsigned i = 0; !slow && i < 7; i++) base /= 10;
    double interval = 1e9 / base; /* up to 10^19 */
    return rng_below(3) || interval > 1e18 ? base : weir_every(1 + (int64_t)interval);
}

void r15_spans(void) {
    for (size_t k = times(3000); k > 0 && checks_hold(); k--) {
        struct grant g[MOST];
        size_t n = 0;
        bool reserves = rng_below(2);
        double rate = some_rate(false);
        uint32_t burst = 1 + (uint32_t)(rng() >> (32 + rng_below(32)));
        weir_limiter l = limiter_of(rate, burst);
        weir_time now = T0;
        double step = 2e9 * burst / rate; /* mostly less than what fills it */
        if (step > 0x1p50) step = 0x1p50;
        check_context("rate %.20g, burst %u", rate, burst);
        while (n < MOST) {
            now += (int64_t)(rng() % (uint64_t)(step + 2)) >> rng_below(12);
            uint32_t want = rng_below(2) ? 1 : 1 + (uint32_t)rng_below(burst);
            struct grant x = { .at = now, .n = want };
            if (reserves) {
                x.at = weir_limiter_reserve_at(&l, want, now).time;
                if (x.at == WEIR_FOREVER) break;
            } else if (!weir_limiter_allow_at(&l, want, now)) {
                x.n = 0;
            }
            g[n++] = x;
        }
        (void)spans_hold(g, n, rate, burst, reserves && rate > 244140 ? 1 : 0);
    }
}

/* Whoever asks all the time gets at least 99.9 %. */
void r15_rate(void) {
    for (size_t k = times(300); k > 0 && checks_hold(); k--) {
        double rate = some_rate(false);
        uint32_t burst = 1 + (uint32_t)rng_below(1000), n = 0;
        weir_limiter l = limiter_of(rate, burst);
        struct weir_reservation r = { .time = T0 };
        while (n < burst + 20000 && r.time != WEIR_FOREVER) {
            r = weir_limiter_reserve_at(&l, 1, T0);
            if (r.time != WEIR_FOREVER) n++;
        }
        if (r.time == WEIR_FOREVER) continue; /* a month ahead before there were as many */
        double due = burst + rate * (double)(r.time - T0) / 1e9;
        check_context("rate %.20g, burst %u", rate, burst);
        CHECK(n >= 0.999 * due - rate / 1e9 - 1, "%u of %g", n, due);
    }
}

/* ---- with cancels ----------------------------------------------------------------------------------- */

static void cancel_one(weir_limiter *l, struct grant *g, size_t n, weir_time now) {
    struct grant *x = &g[rng_below(n)];
    if (x->gone || now >= x->at) return;
    CHECK_IS(weir_limiter_cancel_at(l, &x->r, now), 0);
    x->gone = true;
}

static void reserve_one(weir_limiter *l, struct grant *g, size_t *n, uint32_t burst,
                        weir_time now) {
    struct weir_reservation r = weir_limiter_reserve_at(l, 1 + (uint32_t)rng_below(burst), now);
    g[(*n)++] = (struct grant){ r.time, r.n, r, r.n == 0 };
}

/* Small numbers, so that slots meet; at the end all that is free is taken. */
void r15_cancel(void) {
    for (size_t k = times(60000); k > 0 && checks_hold(); k--) {
        struct grant g[MOST];
        size_t n = 0;
        uint32_t burst = 1 + (uint32_t)rng_below(6);
        int64_t interval =
            rng_below(4) ? 10000 : 100; /* above 4096 ns, and below it: whole as well */
        weir_limiter l = limiter_of(weir_every(interval), burst);
        weir_time now = T0;
        if (rng_below(2)) reserve_one(&l, g, &n, burst, now);
        for (size_t steps = 3 + rng_below(14); steps > 0; steps--) {
            uint64_t what = rng_below(20);
            if (what < 11 || n == 0)
                reserve_one(&l, g, &n, burst, now);
            else if (what < 17)
                cancel_one(&l, g, n, now);
            else
                now += (int64_t)rng_below(3) * interval;
        }
        for (int i = 0; i < 6; i++) reserve_one(&l, g, &n, burst, now);
        (void)spans_hold(g, n, weir_every(interval), burst, 0);
    }
}

/* ---- with changes ----------------------------------------------------------------------------------- */

/* What the largest rate and burst of all its changes admit. */
void r15_change(void) {
    for (size_t k = times(20000); k > 0 && checks_hold(); k--) {
        struct grant g[MOST];
        size_t n = 0;
        double top = 0;
        uint32_t most = 0, burst = 1 + (uint32_t)rng_below(8);
        double rate = some_rate(true);
        weir_limiter l = limiter_of(rate, burst);
        weir_time now = T0;
        while (n < MOST / 2) {
            uint64_t what = rng_below(20);
            if (rate > top) top = rate;
            if (burst > most) most = burst;
            if (what < 10)
                reserve_one(&l, g, &n, burst, now);
            else if (what < 13 && n > 0)
                cancel_one(&l, g, n, now);
            else if (what < 15)
                CHECK_IS(weir_limiter_set_limit_at(&l, rate = some_rate(true), now), 0);
            else if (what < 16 && rng_below(4) == 0)
                CHECK_IS(weir_limiter_set_limit_at(&l, 0, now), 0);
            else if (what < 16)
                CHECK_IS(weir_limiter_set_burst_at(&l, burst = 1 + (uint32_t)rng_below(8), now), 0);
            else
                now += (int64_t)(rng() % (uint64_t)(4e9 / rate));
        }
        check_context("up to rate %.20g, burst %u", top, most);
        (void)spans_hold(g, n, top, most, top > 244140 ? 1 : 0);
    }
}
