/* SPDX-License-Identifier: MIT */
/* tests/limiter/bucket.c - one bucket: R01 to R05, R14, R16 to R18. */
#include "cases.h"

#include <math.h>
#include <string.h>

static const double rates[] = { 1e-9, 1e-3, 1, 3, 7.7, 1000, 244140, 333333, 1e6, 1e9, 3e11, 1e14 };
#define RATES (sizeof rates / sizeof *rates)

void r01_full(void) {
    static const uint32_t bursts[] = { 1, 2, 50, 4000 };
    for (size_t i = 0; i < RATES; i++)
        for (size_t k = 0; k < 4; k++) {
            weir_limiter l = limiter_of(rates[i], bursts[k]), all = l;
            check_context("rate %g, burst %u", rates[i], bursts[k]);
            has(&l, T0, bursts[k]);
            CHECK_IS(drain(&l, T0, 5000), bursts[k]);
            CHECK(weir_limiter_allow_at(&all, bursts[k], T0), "not all at once");
            CHECK(!weir_limiter_allow_at(&all, 1, T0), "one more");
        }
    weir_limiter most = limiter_of(1e-6, UINT32_MAX);
    CHECK(weir_limiter_allow_at(&most, UINT32_MAX - 1, T0), "refused");
    CHECK_IS(drain(&most, T0, 5), 1);
    weir_limiter l;
    CHECK_IS(weir_limiter_init(&l, 1e-3, 3), 0);
    for (int i = 0; i < 5; i++) CHECK_IS(weir_limiter_allow(&l, 1), i < 3);
}

void r02_one_or_nothing(void) {
    weir_limiter l = limiter_of(10, 2);
    CHECK_IS(drain(&l, T0, 5), 2);
    for (int i = 0; i < 100; i++) CHECK(!weir_limiter_allow_at(&l, 1, T0 + i * MS - 1), "early");
    has(&l, T0 + 99 * MS, 0.99); /* the refused ones have taken nothing */
    CHECK(weir_limiter_allow_at(&l, 1, T0 + 100 * MS), "late");
    CHECK(!weir_limiter_allow_at(&l, 1, T0 + 100 * MS), "twice");
    CHECK(!weir_limiter_allow_at(&l, 2, T0 + 300 * MS - 1), "one and a bit for two");
    CHECK(weir_limiter_allow_at(&l, 1, T0 + 300 * MS - 1), "the one");
    CHECK(weir_limiter_allow_at(&l, 1, T0 + 300 * MS), "the other");
    has(&l, T0 + 300 * MS, 0);
    CHECK(weir_limiter_allow_at(&l, 0, T0 + 300 * MS), "nothing is always there");
    has(&l, T0 + 300 * MS, 0);
}

void r03_above_burst(void) {
    weir_limiter l = limiter_of(1e6, 7);
    static const uint32_t n[] = { 8, 9, 1000, UINT32_MAX };
    for (int i = 0; i < 4; i++) {
        CHECK(!weir_limiter_allow_at(&l, n[i], T0), "%u", n[i]);
        CHECK(!weir_limiter_allow_at(&l, n[i], T0 + 1000 * SECOND), "%u", n[i]);
    }
    has(&l, T0, 7);
    CHECK(weir_limiter_allow_at(&l, 7, T0), "burst");
}

void r04_inf(void) {
    static const uint32_t bursts[] = { 0, 1, 1000 };
    static const double none[] = { WEIR_LIMIT_INF, (double)INFINITY };
    for (int k = 0; k < 6; k++) {
        uint32_t burst = bursts[k / 2];
        weir_limiter l = limiter_of(none[k % 2], burst);
        for (int i = 0; i < 1000; i++) {
            CHECK(weir_limiter_allow_at(&l, i % 2 ? UINT32_MAX : 1, T0), "refused");
            CHECK_IS(weir_limiter_reserve_at(&l, UINT32_MAX, T0 + i).time, T0 + i);
        }
        CHECK_IS(weir_limiter_wait(&l, UINT32_MAX, WEIR_FOREVER, NULL), 0);
        CHECK_IS(weir_limiter_wait(&l, UINT32_MAX, WEIR_NOW, NULL), 0);
        CHECK_IS(weir_limiter_wait_recheck(&l, UINT32_MAX, WEIR_FOREVER, NULL), 0);
        has(&l, T0, burst);
    }
}

void r05_zero(void) {
    static const double none[] = { 0, -0.0, 1e-12, 0x1p-1070 }; /* a token in 146 years is none */
    for (int k = 0; k < 4; k++) {
        weir_limiter l = limiter_of(none[k], 5);
        has(&l, T0, 5);
        CHECK_IS(drain(&l, T0, 100), 5);
        has(&l, T0, 0);
        CHECK(!weir_limiter_allow_at(&l, 1, WEIR_FOREVER - 1), "after an age");
        CHECK(!weir_limiter_allow(&l, 1), "by the clock");
        struct weir_reservation r = weir_limiter_reserve_at(&l, 1, T0);
        CHECK_IS(r.time, WEIR_FOREVER);
        CHECK_IS(r.n, 0);
        CHECK_IS(weir_limiter_wait(&l, 1, WEIR_FOREVER, NULL), WEIR_ETIMEDOUT);
        CHECK_IS(weir_limiter_wait_recheck(&l, 1, WEIR_FOREVER, NULL), WEIR_ETIMEDOUT);
        has(&l, T0, 0);
    }
}

/* ---- R14 -------------------------------------------------------------------------------------------------- */

void r14_idle(void) {
    static const int64_t idle[] = { 1,
                                    SECOND,
                                    86400 * SECOND,
                                    (INT64_C(1) << 53) - 1,
                                    INT64_C(1) << 53,
                                    INT64_C(1) << 54,
                                    INT64_C(1) << 60,
                                    INT64_MAX - T0 - 1 };
    static const uint32_t bursts[] = { 1, 10, 4000, UINT32_MAX };
    for (size_t i = 0; i < RATES * 4 * 8; i++) {
        double rate = rates[i / 32];
        uint32_t burst = bursts[i / 8 % 4];
        weir_time now = T0 + idle[i % 8];
        weir_limiter l = limiter_of(rate, burst);
        check_context("rate %g, burst %u, idle %lld", rate, burst, (long long)idle[i % 8]);
        CHECK(weir_limiter_allow_at(&l, burst, T0), "not full at first");
        double t = weir_limiter_tokens_at(&l, now);
        double due = rate * (double)(now - T0) / 1e9;
        CHECK(t <= burst, "%.9g tokens", t);
        CHECK(due < burst ? t > 0.9 * due - 2 && t < due + 1 : t > 0.9 * burst - 2, "%.9g of %.9g",
              t, due);
        bool full = due > 1.1 * burst + 2;
        CHECK(!full || weir_limiter_allow_at(&l, burst, now), "not full after %.9g", due);
        CHECK(!full || !weir_limiter_allow_at(&l, burst, now), "twice");
        t = weir_limiter_tokens_at(&l, now);
        CHECK(t <= burst, "%.9g tokens", t);
    }
}

/* As rates make it from hours to months; in both cases the base moves, in debt as well. */
void r14_base(void) {
    static const double some[] = { 1, 1000, 1e6, 1e9 };
    for (int i = 0; i < 4; i++) {
        weir_limiter l = limiter_of(some[i], 10);
        weir_time now = T0;
        uint32_t era = 0;
        CHECK(weir_limiter_allow_at(&l, 10, now), "refused");
        check_context("rate %g", some[i]);
        for (int k = 0; k < 1000 && checks_hold(); k++) {
            /* 2 hours to 42 days: two reservations, one of them in debt, and the next soon after */
            now += i < 3 ? (INT64_C(1) << 52) / (1 << 2 * i) : (INT64_C(1) << 42);
            struct weir_reservation r = weir_limiter_reserve_at(&l, 10, now);
            CHECK_IS(r.time, now);
            struct weir_reservation late = weir_limiter_reserve_at(&l, 10, now);
            int64_t due = (int64_t)(10e9 / some[i]);
            CHECK(late.time >= now + due && late.time <= now + due + due / 4096 + 1, "%lld",
                  (long long)(late.time - now));
            if (era == 0 || k % 100 == 0) era = late.era_;
            CHECK(k < 100 || late.era_ > 0, "the base has never moved");
        }
    }
}

/* ---- R16 to R18 --------------------------------------------------------------------------------------------- */

void r16_stale(void) {
    weir_limiter l = limiter_of(1000, 5), early = l;
    weir_time now = T0 + SECOND;
    CHECK(weir_limiter_allow_at(&l, 5, now), "refused");
    for (int i = 0; i < 1000;
         i++) /* what has been taken is gone, whatever the time is said to be */
        CHECK(!weir_limiter_allow_at(&l, 1, now - i * MS), "%d ms ago", i);
    CHECK(!weir_limiter_allow_at(&l, 1, 0) && !weir_limiter_allow_at(&l, 1, INT64_MIN), "long ago");
    has(&l, now, 0);
    CHECK_IS(drain(&l, now + 2 * MS, 10), 2); /* and the old times have not given anything twice */
    /* An old reservation's slot comes after those there are. */
    CHECK_IS(weir_limiter_reserve_at(&l, 1, T0).time, now + 3 * MS);
    CHECK_IS(weir_limiter_reserve_at(&l, 1, now + 2 * MS).time, now + 4 * MS);
    /* An old change neither. */
    CHECK_IS(weir_limiter_set_limit_at(&l, 500, T0), 0);
    CHECK_IS(weir_limiter_reserve_at(&l, 1, now + 2 * MS).time, now + 6 * MS);
    CHECK_IS(weir_limiter_set_burst_at(&l, 6, T0), 0);
    CHECK_IS(weir_limiter_reserve_at(&l, 1, now + 2 * MS).time, now + 8 * MS);
    /* Times from two threads, one of them always behind: no more than for the one that is not. */
    size_t n = 0;
    for (int i = 0; i < 100; i++)
        n += drain(&early, T0 + i * MS, 10) + drain(&early, T0 + (i - 50) * MS, 10);
    CHECK_IS(n, 5 + 99);
}

void r17_every(void) {
    CHECK(weir_every(0) == WEIR_LIMIT_INF && weir_every(-5) == WEIR_LIMIT_INF, "no interval");
    static const int64_t d[] = { 1,         3,          1000,
                                 4096,      4097,       99999,
                                 333333333, 7 * SECOND, 86400 * SECOND + 1 };
    for (size_t i = 0; i < sizeof d / sizeof *d; i++) {
        weir_limiter l = limiter_of(weir_every(d[i]), 1);
        check_context("every %lld", (long long)d[i]);
        for (int k = 0; k < 50; k++) /* exactly */
            CHECK_IS(weir_limiter_reserve_at(&l, 1, T0).time, T0 + k * d[i]);
    }
    weir_limiter l = limiter_of(weir_every(0), 0);
    CHECK(weir_limiter_allow_at(&l, 9, T0), "refused");
}

void r18_zero_bytes(void) {
    weir_limiter l;
    memset(&l, 0, sizeof l);
    static weir_limiter still;
    for (uint32_t n = 0; n < 3; n++) {
        CHECK(!weir_limiter_allow(&still, n) && !weir_limiter_allow(&l, n), "allowed");
        CHECK_IS(weir_limiter_reserve(&l, n).time, WEIR_FOREVER);
        CHECK_IS(weir_limiter_wait(&l, n, WEIR_FOREVER, NULL), WEIR_ETOOBIG);
        CHECK_IS(weir_limiter_wait_recheck(&l, n, WEIR_NOW, NULL), WEIR_ETOOBIG);
    }
    CHECK(weir_limiter_tokens(&l) == 0, "tokens");
    struct weir_reservation none = weir_limiter_reserve(&l, 1);
    CHECK_IS(weir_limiter_cancel(&l, &none), 0);
    CHECK_IS(weir_limiter_set_limit_at(&l, 10, T0), 0); /* it can be made one */
    CHECK(!weir_limiter_allow_at(&l, 1, T0 + SECOND), "burst is 0");
    CHECK_IS(weir_limiter_set_burst_at(&l, 2, T0), 0);
    CHECK(!weir_limiter_allow_at(&l, 1, T0), "empty");
    CHECK_IS(drain(&l, T0 + SECOND, 5), 2);
    CHECK_IS(weir_limiter_set_burst_at(&still, 2, T0), 0);
    CHECK(!weir_limiter_allow_at(&still, 1, T0 + SECOND), "limit is 0");
}

static unsigned reports;
static void count(const char *call, const char *what, void *arg) {
    (void)call, (void)what, (void)arg;
    reports++;
}

void bad_arguments(void) {
    weir_limiter l = limiter_of(10, 2);
    struct weir_reservation r = weir_limiter_reserve_at(&l, 1, T0);
    static const double bad[] = { -1, -1e-300, (double)-INFINITY, (double)NAN };
    weir_set_report(count, NULL);
    for (int i = 0; i < 4; i++) {
        weir_limiter other;
        CHECK_IS(weir_limiter_init(&other, bad[i], 1), WEIR_EINVAL);
        CHECK_IS(weir_limiter_set_limit_at(&l, bad[i], T0), WEIR_EINVAL);
    }
    CHECK_IS(weir_limiter_init(NULL, 1, 1), WEIR_EINVAL);
    CHECK_IS(weir_limiter_set_limit(NULL, 1), WEIR_EINVAL);
    CHECK_IS(weir_limiter_set_burst(NULL, 1), WEIR_EINVAL);
    CHECK_IS(weir_limiter_cancel(NULL, &r), WEIR_EINVAL);
    CHECK_IS(weir_limiter_cancel(&l, NULL), WEIR_EINVAL);
    CHECK_IS(weir_limiter_wait(NULL, 1, WEIR_FOREVER, NULL), WEIR_EINVAL);
    CHECK_IS(weir_limiter_wait_recheck(NULL, 1, WEIR_FOREVER, NULL), WEIR_EINVAL);
    CHECK(!weir_limiter_allow(NULL, 1) && !weir_limiter_allow_at(NULL, 1, T0), "allowed");
    CHECK_IS(weir_limiter_reserve(NULL, 1).time, WEIR_FOREVER);
    CHECK(weir_limiter_tokens(NULL) == 0, "tokens");
    weir_set_report(NULL, NULL);
    CHECK_IS(reports, 19);
    CHECK_IS(r.n, 1);
    has(&l, T0, 1);
}
