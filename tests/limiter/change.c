/* SPDX-License-Identifier: MIT */
/* tests/limiter/change.c - set_limit and set_burst: R13. Against takers: threads.c. */
#include "cases.h"

void r13_limit(void) {
    weir_limiter l = limiter_of(10, 20);
    CHECK(weir_limiter_allow_at(&l, 15, T0), "refused");
    CHECK_IS(weir_limiter_set_limit_at(&l, 100, T0 + 300 * MS), 0); /* 3 at the old rate */
    has(&l, T0 + 300 * MS, 8);
    has(&l, T0 + 350 * MS, 13);
    CHECK_IS(weir_limiter_set_limit_at(&l, 1, T0 + 350 * MS), 0);
    has(&l, T0 + 350 * MS, 13);
    has(&l, T0 + 1350 * MS, 14);
    CHECK(!weir_limiter_allow_at(&l, 15, T0 + 1350 * MS), "allowed");
    CHECK(weir_limiter_allow_at(&l, 14, T0 + 1350 * MS), "refused");
    CHECK_IS(weir_limiter_set_limit_at(&l, 1e9, T0 + 1350 * MS), 0);
    CHECK_IS(drain(&l, T0 + 1350 * MS, 5), 0);
    CHECK_IS(drain(&l, T0 + 1350 * MS + 5, 9), 5);
    CHECK_IS(weir_limiter_set_limit_at(&l, 3, T0 + 100 * SECOND), 0); /* full by then, not more */
    has(&l, T0 + 100 * SECOND, 20);
    CHECK_IS(drain(&l, T0 + 100 * SECOND, 50), 20);
    /* The same again and again changes nothing. */
    l = limiter_of(7, 5);
    CHECK_IS(drain(&l, T0, 50), 5);
    for (int i = 1; i <= 5000; i++)
        CHECK_IS(weir_limiter_set_limit_at(&l, 7, T0 + i * SECOND / 10000), 0);
    has(&l, T0 + SECOND / 2, 3.5);
}

void r13_burst(void) {
    weir_limiter l = limiter_of(10, 4);
    CHECK_IS(weir_limiter_set_burst_at(&l, 9, T0), 0);
    has(&l, T0, 4);
    has(&l, T0 + 200 * MS, 6);
    has(&l, T0 + 2000 * MS, 9);
    CHECK_IS(weir_limiter_set_burst_at(&l, 3, T0 + 200 * MS), 0); /* what does not fit is gone */
    has(&l, T0 + 200 * MS, 3);
    CHECK_IS(weir_limiter_set_burst_at(&l, 9, T0 + 200 * MS), 0);
    has(&l, T0 + 200 * MS, 3);
    CHECK_IS(drain(&l, T0 + 350 * MS, 9), 4);
    CHECK_IS(weir_limiter_set_burst_at(&l, 0, T0 + 350 * MS), 0);
    CHECK_IS(drain(&l, T0 + 10 * SECOND, 9), 0);
    CHECK_IS(weir_limiter_set_burst_at(&l, UINT32_MAX, T0 + 10 * SECOND), 0);
    has(&l, T0 + 10 * SECOND, 0);
    CHECK_IS(drain(&l, T0 + 11 * SECOND, 50), 9); /* so large a bucket has a coarser clock */
    CHECK_IS(drain(&l, T0 + 11 * SECOND + MS, 50), 1);
    CHECK_IS(weir_limiter_set_burst_at(&l, 1, T0 + 400 * SECOND), 0);
    CHECK_IS(drain(&l, T0 + 400 * SECOND, 9), 1);
}

void r13_slots(void) {
    static const double rates[] = { 1, 10, 1000, 1e9, 1e12 };
    static const uint32_t bursts[] = { 1, 3, 4000000000 };
    for (int i = 0; i < 15; i++) {
        weir_limiter l = limiter_of(10, 3);
        CHECK_IS(drain(&l, T0, 9), 3);
        for (int k = 1; k <= 5; k++)
            CHECK_IS(weir_limiter_reserve_at(&l, 1, T0).time, T0 + k * 100 * MS);
        weir_time now = T0 + 150 * MS, next;
        CHECK_IS(weir_limiter_set_limit_at(&l, rates[i % 5], now), 0);
        CHECK_IS(weir_limiter_set_burst_at(&l, bursts[i / 5], now), 0);
        check_context("rate %g, burst %u", rates[i % 5], bursts[i / 5]);
        CHECK(!weir_limiter_allow_at(&l, 1, T0 + 500 * MS), "before the slots that were granted");
        next = weir_limiter_reserve_at(&l, 1, now).time;
        int64_t due = T0 + 500 * MS + (int64_t)(1e9 / rates[i % 5]);
        CHECK(next >= due && next <= due + (bursts[i / 5] > 3 ? MS : 2), "%lld instead of %lld",
              (long long)(next - T0), (long long)(due - T0));
        /* nothing was saved up before that */
        CHECK(rates[i % 5] > 1e9 || drain(&l, next, 10) == 0, "more at once");
    }
}

/* 50 tokens for 5 s from now are given back, with one reserved after them, at 5.1 s: empty at 0.2 s. */
void r13_room(void) {
    static const double rates[] = { 10, 5, 20, 100 };
    /* At 4 s. At a higher rate as many as there are between 0.2 s and 5.1 s at 10 a second, before 5.1 s. */
    static const double tokens[] = { 38, 38, 49 - 1.1 * 20, 49 - 1.1 * 100 };
    for (int i = 0; i < 4; i++) {
        weir_limiter l = limiter_of(10, 100);
        CHECK(weir_limiter_allow_at(&l, 100, T0), "refused");
        struct weir_reservation r = weir_limiter_reserve_at(&l, 50, T0);
        CHECK_IS(weir_limiter_reserve_at(&l, 1, T0).time, T0 + 5100 * MS);
        CHECK_IS(weir_limiter_cancel_at(&l, &r, T0), 0);
        has(&l, T0, -2);
        weir_limiter in_debt = l, stopped = l;
        check_context("rate %g", rates[i]);
        CHECK_IS(weir_limiter_set_limit_at(&l, rates[i], T0 + 4 * SECOND), 0);
        has(&l, T0 + 4 * SECOND, tokens[i]);
        CHECK_IS(weir_limiter_set_limit_at(&l, rates[i], T0 + 6 * SECOND), 0); /* past: as ever */
        double later = tokens[i] + 2 * rates[i];
        has(&l, T0 + 6 * SECOND, later < 100 ? later : 100);
        CHECK_IS(weir_limiter_set_limit_at(&in_debt, rates[i], T0), 0);
        has(&in_debt, T0, rates[i] > 10 ? 49 - 5.1 * rates[i] : -0.2 * rates[i]);
        /* Through limit 0: what is there stays, and the slot is the bucket's end again. */
        CHECK_IS(weir_limiter_set_limit_at(&stopped, 0, T0 + SECOND), 0);
        has(&stopped, T0 + SECOND, 8);
        CHECK_IS(weir_limiter_set_limit_at(&stopped, rates[i], T0 + 2 * SECOND), 0);
        has(&stopped, T0 + 5100 * MS, 8);
    }
}

void r13_special(void) {
    weir_limiter l = limiter_of(10, 4);
    CHECK_IS(drain(&l, T0, 9), 4);
    CHECK_IS(weir_limiter_set_limit_at(&l, 0, T0 + 250 * MS), 0); /* 2.5 are left, for ever */
    CHECK(weir_limiter_tokens_at(&l, T0 + SECOND) > 2.499, "lost");
    CHECK_IS(drain(&l, T0 + 1000 * SECOND, 9), 2);
    CHECK_IS(weir_limiter_set_burst_at(&l, 8, T0 + 1000 * SECOND), 0);
    CHECK_IS(drain(&l, T0 + 1001 * SECOND, 9), 0);
    CHECK_IS(weir_limiter_set_limit_at(&l, 10, T0 + 2000 * SECOND), 0);
    CHECK_IS(drain(&l, T0 + 2000 * SECOND, 9), 0);
    CHECK_IS(drain(&l, T0 + 2000 * SECOND + 100 * MS, 9), 1);
    /* In debt: the slots keep their times through limit 0. */
    weir_time now = T0 + 2000 * SECOND + 100 * MS, last = 0;
    for (int i = 0; i < 3; i++) last = weir_limiter_reserve_at(&l, 8, now).time;
    CHECK_IS(weir_limiter_set_limit_at(&l, 0, now), 0);
    CHECK_IS(drain(&l, WEIR_FOREVER - 1, 9), 0);
    CHECK_IS(weir_limiter_set_burst_at(&l, 7, now), 0);
    CHECK_IS(weir_limiter_set_limit_at(&l, 10, now), 0);
    CHECK_IS(weir_limiter_reserve_at(&l, 1, now).time, last + 100 * MS);
    /* No limit, and back: a full bucket. */
    CHECK_IS(weir_limiter_set_limit_at(&l, WEIR_LIMIT_INF, now), 0);
    CHECK_IS(drain(&l, now, 1000), 1000);
    CHECK_IS(weir_limiter_set_limit_at(&l, 0, now), 0);
    CHECK_IS(drain(&l, now, 1000), 7);
    CHECK_IS(weir_limiter_set_limit_at(&l, WEIR_LIMIT_INF, now), 0);
    CHECK_IS(weir_limiter_set_limit_at(&l, 5, now), 0);
    CHECK_IS(drain(&l, now, 1000), 7);
}

/* ---- a change that stands still ----------------------------------------------------------------------------- */

struct stopped {
    weir_limiter l;
    struct stop stop;
};

static int64_t change(void *arg) {
    struct stopped *s = arg;
    stop_me(&s->stop);
    return weir_limiter_set_limit_at(&s->l, 1, T0);
}

void r13_stopped(void) {
    struct stopped s = { .l = limiter_of(10, 4) };
    struct call c;
    stop_init(&s.stop, "limiter.change");
    call_start(&c, change, &s);
    if (stop_wait(&s.stop)) {
        CHECK_IS(drain(&s.l, T0, 9), 4); /* the old rate, all the while */
        struct weir_reservation r = weir_limiter_reserve_at(&s.l, 1, T0);
        CHECK_IS(r.time, T0 + 100 * MS);
        CHECK_IS(weir_limiter_cancel_at(&s.l, &r, T0), 0);
        has(&s.l, T0 + 100 * MS, 1);
    }
    stop_release(&s.stop);
    CHECK_IS(call_end(&c), 0);
    has(&s.l, T0 + 500 * MS, 0.5); /* and then the new one, of what is there then */
    stop_fini(&s.stop);
}
