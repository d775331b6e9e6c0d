/* SPDX-License-Identifier: MIT */
/* tests/limiter/reserve.c - reservations and their cancelling: R06 to R08. */
#include "cases.h"

void r06_above_burst(void) {
    weir_limiter l = limiter_of(10, 3);
    static const uint32_t n[] = { 4, 5, UINT32_MAX };
    for (int i = 0; i < 3; i++) {
        struct weir_reservation r = weir_limiter_reserve_at(&l, n[i], T0);
        CHECK_IS(r.time, WEIR_FOREVER);
        CHECK_IS(r.n, 0);
        CHECK_IS(weir_limiter_cancel_at(&l, &r, T0), 0); /* nothing */
        has(&l, T0, 3);
    }
    CHECK_IS(weir_limiter_reserve_at(&l, 3, T0).time, T0);
}

void r07_order(void) {
    weir_limiter l = limiter_of(10, 3);
    CHECK_IS(weir_limiter_reserve_at(&l, 2, T0).time, T0);
    has(&l, T0, 1);
    CHECK_IS(weir_limiter_reserve_at(&l, 2, T0).time, T0 + 100 * MS);
    has(&l, T0, -1);
    CHECK_IS(weir_limiter_reserve_at(&l, 3, T0).time, T0 + 400 * MS);
    has(&l, T0, -4);
    CHECK(!weir_limiter_allow_at(&l, 1, T0), "allowed in debt");
    CHECK(!weir_limiter_allow_at(&l, 0, T0), "nothing is there, less is not");
    CHECK(!weir_limiter_allow_at(&l, 1, T0 + 500 * MS - 1), "too early");
    CHECK_IS(weir_limiter_reserve_at(&l, 1, T0 + 250 * MS).time, T0 + 500 * MS);
    has(&l, T0 + 500 * MS, 0);
    weir_time last = 0;
    for (int i = 0; i < 1000; i++) {
        uint32_t n = (uint32_t)rng_below(3) + 1;
        weir_time t = weir_limiter_reserve_at(&l, n, T0 + i * 10 * MS).time;
        CHECK(t >= last + n * 100 * MS || last < T0 + i * 10 * MS, "%u at %lld after %lld", n,
              (long long)(t - T0), (long long)(last - T0));
        last = t;
    }
}

/* ---- R08 --------------------------------------------------------------------------------------------------- */

void r08_cancel(void) {
    weir_limiter l = limiter_of(10, 4), then;
    CHECK_IS(weir_limiter_reserve_at(&l, 4, T0).time, T0);
    struct weir_reservation a = weir_limiter_reserve_at(&l, 3, T0), b, c, again;
    CHECK_IS(a.time, T0 + 300 * MS);
    then = l;
    again = a;
    CHECK_IS(weir_limiter_cancel_at(&l, &a, T0 + 100 * MS), 0); /* nothing after it: all */
    CHECK_IS(a.n, 0);
    has(&l, T0 + 100 * MS, 1);
    CHECK_IS(weir_limiter_cancel_at(&l, &a, T0 + 100 * MS), 0); /* once */
    has(&l, T0 + 100 * MS, 1);
    l = then;
    b = weir_limiter_reserve_at(&l, 1, T0); /* one after it: two */
    CHECK_IS(b.time, T0 + 400 * MS);
    CHECK_IS(weir_limiter_cancel_at(&l, &again, T0), 0);
    has(&l, T0, -2);
    c = weir_limiter_reserve_at(&l, 2, T0); /* the two that came free */
    CHECK_IS(c.time, T0 + 400 * MS);
    /* After b came c, which has b's one token and one more: nothing. */
    CHECK_IS(weir_limiter_cancel_at(&l, &b, T0), 0);
    has(&l, T0, -4);
    CHECK_IS(weir_limiter_cancel_at(&l, &c, T0), 0); /* the last: all */
    has(&l, T0, -2);
    /* From the last to the first: all, each time. */
    struct weir_reservation r[20];
    for (int i = 0; i < 20; i++) r[i] = weir_limiter_reserve_at(&l, 1 + (uint32_t)i % 4, T0);
    has(&l, T0, -2 - 50);
    for (int i = 20; i-- > 0;) CHECK_IS(weir_limiter_cancel_at(&l, &r[i], T0), 0);
    has(&l, T0, -2);
    /* The first of many: as many as were reserved since, or more. */
    r[0] = weir_limiter_reserve_at(&l, 4, T0);
    for (int i = 0; i < 4; i++) CHECK(weir_limiter_reserve_at(&l, 1, T0).n, "refused");
    CHECK_IS(weir_limiter_cancel_at(&l, &r[0], T0), 0);
    has(&l, T0, -10);
    /* Those that were cancelled since, and gave all back, do not count. */
    r[0] = weir_limiter_reserve_at(&l, 4, T0);
    r[1] = weir_limiter_reserve_at(&l, 4, T0);
    CHECK_IS(weir_limiter_cancel_at(&l, &r[1], T0), 0);
    CHECK_IS(weir_limiter_cancel_at(&l, &r[0], T0), 0);
    has(&l, T0, -10);
}

void r08_after_slot(void) {
    for (int late = 0; late < 3; late++) {
        weir_limiter l = limiter_of(10, 2);
        struct weir_reservation now = weir_limiter_reserve_at(&l, 2, T0);
        struct weir_reservation r = weir_limiter_reserve_at(&l, 1, T0);
        CHECK_IS(r.time, T0 + 100 * MS);
        CHECK_IS(weir_limiter_cancel_at(&l, &now, T0), 0); /* it is the caller's already */
        has(&l, T0, -1);
        weir_time t = r.time - 1 + late;
        CHECK_IS(weir_limiter_cancel_at(&l, &r, t), 0);
        has(&l, r.time + 50 * MS, late == 0 ? 1.5 : 0.5);
    }
}

/* It gives back no more than it took, neither of time nor of tokens. */
void r08_after_change(void) {
    static const double rates[] = { 10, 1, 100 };
    for (int i = 0; i < 3; i++) {
        weir_limiter l = limiter_of(10, 3), other;
        CHECK_IS(weir_limiter_reserve_at(&l, 3, T0).time, T0);
        struct weir_reservation r = weir_limiter_reserve_at(&l, 3, T0), same = r;
        CHECK_IS(r.time, T0 + 300 * MS);
        CHECK_IS(weir_limiter_set_limit_at(&l, rates[i], T0), 0);
        other = l;
        CHECK_IS(weir_limiter_cancel_at(&l, &r, T0), 0);
        check_context("to %g a second", rates[i]);
        double slower = rates[i] < 10 ? rates[i] / 10 : 1;
        has(&l, T0, -0.3 * rates[i] + 3 * slower);
        /* Something after it keeps its slot, and leaves nothing. */
        struct weir_reservation next = weir_limiter_reserve_at(&other, 1, T0);
        weir_time due = r.time + (int64_t)(1e9 / rates[i]);
        CHECK_IS(next.time, due);
        double before = weir_limiter_tokens_at(&other, T0);
        CHECK_IS(weir_limiter_cancel_at(&other, &same, T0), 0);
        has(&other, T0, before);
        CHECK_IS(weir_limiter_cancel_at(&other, &next, T0), 0); /* that one gives its own back */
        has(&other, T0, before + 1);
    }
    static const double special[] = { 0, WEIR_LIMIT_INF };
    for (int i = 0; i < 2; i++) { /* of these it gives nothing back */
        weir_limiter l = limiter_of(10, 3);
        CHECK_IS(weir_limiter_reserve_at(&l, 3, T0).time, T0);
        struct weir_reservation r = weir_limiter_reserve_at(&l, 3, T0);
        CHECK_IS(weir_limiter_set_limit_at(&l, special[i], T0), 0);
        double before = weir_limiter_tokens_at(&l, T0);
        CHECK_IS(weir_limiter_cancel_at(&l, &r, T0), 0);
        has(&l, T0, before);
    }
    weir_limiter l = limiter_of(10, 8); /* a smaller burst */
    CHECK_IS(weir_limiter_reserve_at(&l, 8, T0).time, T0);
    struct weir_reservation r = weir_limiter_reserve_at(&l, 8, T0);
    CHECK_IS(weir_limiter_set_burst_at(&l, 2, T0), 0);
    has(&l, T0, -8);
    CHECK_IS(weir_limiter_cancel_at(&l, &r, T0), 0);
    has(&l, T0, -6);
}

/* What an earlier one gives back after a change is no room for those made since. */
void r08_both(void) {
    weir_limiter l = limiter_of(1000, 6);
    CHECK(weir_limiter_allow_at(&l, 6, T0), "refused");
    struct weir_reservation first = weir_limiter_reserve_at(&l, 6, T0);
    struct weir_reservation old = weir_limiter_reserve_at(&l, 2, T0);
    CHECK_IS(weir_limiter_cancel_at(&l, &first, T0), 0); /* four, before the slot of `old` */
    has(&l, T0, -4);
    CHECK_IS(weir_limiter_set_limit_at(&l, 1000, T0), 0);
    struct weir_reservation a = weir_limiter_reserve_at(&l, 1, T0);
    struct weir_reservation b = weir_limiter_reserve_at(&l, 1, T0);
    CHECK_IS(b.time, T0 + 6 * MS);
    CHECK_IS(weir_limiter_cancel_at(&l, &old, T0), 0); /* the last slot: all */
    has(&l, T0, -4);
    CHECK_IS(weir_limiter_cancel_at(&l, &a, T0), 0); /* b came after it */
    has(&l, T0, -4);
    CHECK_IS(weir_limiter_cancel_at(&l, &b, T0), 0); /* nothing did */
    has(&l, T0, -3);
}

void r08_far(void) {
    static const double rates[] = { 1e-9, 1e-6, 1, 1e6, 1e9 };
    for (int i = 0; i < 5; i++) {
        weir_limiter l = limiter_of(rates[i], UINT32_MAX);
        weir_time last = T0;
        double before = 0;
        size_t n = 0;
        check_context("rate %g", rates[i]);
        for (;; n++) {
            before = weir_limiter_tokens_at(&l, T0);
            struct weir_reservation r = weir_limiter_reserve_at(&l, UINT32_MAX, T0);
            if (r.time == WEIR_FOREVER) break;
            CHECK(r.time >= last && n < 10000, "at %lld after %lld", (long long)r.time,
                  (long long)last);
            if (!checks_hold()) return;
            last = r.time;
        }
        CHECK(n > 0, "none at all");
        CHECK(weir_limiter_tokens_at(&l, T0) == before, "something was taken");
        weir_limiter few = limiter_of(rates[i], 1); /* 42 days at least, but for the fast */
        while (weir_limiter_tokens_at(&few, T0) > -1000 && weir_limiter_reserve_at(&few, 1, T0).n) {
        }
        double debt = -weir_limiter_tokens_at(&few, T0);
        CHECK(debt >= 1000 || debt / rates[i] > 42 * 86400.0, "%g tokens", debt);
    }
}
