/* SPDX-License-Identifier: MIT */
/* tests/timer/ticker.c - tickers: T05 to T07. */
#include "cases.h"

weir_ticker *ticker_of(int64_t period) {
    weir_ticker *t = NULL;
    CHECK_IS(weir_ticker_new(&t, period), 0);
    return t;
}

/* ---- T05 ------------------------------------------------------------------------------------------------ */

#define PERIOD (2 * MS)

void t05_one_pending(void) {
    weir_time before = weir_now(), at[3] = { UNTOUCHED, UNTOUCHED, UNTOUCHED };
    weir_ticker *t = ticker_of(PERIOD);
    CHECK_IS(try_ticker(t, at),
             WEIR_EAGAIN); /* not at once; 2 ms is enough, or the test says nothing */
    for (int k = 0; k < 3 && checks_hold(); k++) {
        sleep_ms(11); /* five ticks or more */
        CHECK_IS(try_ticker(t, &at[0]), 0);
        /* The next comes at the next time of the grid: now and then that is at once. */
        weir_time now = weir_now();
        int rc = try_ticker(t, &at[1]);
        if (rc == 0) CHECK(at[1] >= now - PERIOD && at[1] <= weir_now(), "a tick that was dropped");
        CHECK(at[0] >= before + PERIOD && at[0] <= now, "at %lld", (long long)(at[0] - before));
    }
    CHECK_IS(weir_ticker_free(t), 0);
}

void t05_no_drift(void) {
    int64_t period = MS / 2;
    weir_time at = UNTOUCHED, before = weir_now(), after, last = 0, first = 0;
    weir_ticker *t = ticker_of(period);
    after = weir_now();
    size_t n = times(200), late = 0;
    for (size_t k = 0; k < n && checks_hold(); k++) {
        struct weir_case c = WEIR_CASE_TICK(t, &at);
        CHECK_IS(weir_select(&c, 1, WEIR_FOREVER, NULL, 0), 0);
        CHECK(weir_now() >= at, "early");
        if (k == 0) {
            first = at;
            CHECK(first >= before + period && first <= after + period, "the first tick");
        } else {
            CHECK(at > last, "ticks out of order");
            late += at != last + period;
        }
        CHECK_IS((at - first) % period, 0);
        last = at;
        if (k % 4 == 3) random_delay(); /* takers that are late change nothing */
    }
    CHECK(late < n, "no tick was in time");
    CHECK_IS(weir_ticker_free(t), 0);
}

#define TAKERS 3
#define MOST 4000
struct takers {
    weir_ticker *t;
    weir_time until, got[TAKERS][MOST];
    size_t n[TAKERS];
};

static void take(void *arg, size_t i) {
    struct takers *s = arg;
    weir_time at;
    struct weir_case c = WEIR_CASE_TICK(s->t, &at);
    while (s->n[i] < MOST && weir_select(&c, 1, s->until, NULL, 0) == 0) s->got[i][s->n[i]++] = at;
}

void t05_takers(void) {
    static struct takers s;
    int64_t period = MS / 4;
    weir_time start = weir_now();
    s = (struct takers){ .t = ticker_of(period), .until = weir_after(100 * MS) };
    team_run(TAKERS, take, &s);
    size_t all = 0;
    for (size_t i = 0; i < TAKERS; i++) {
        all += s.n[i];
        for (size_t k = 0; k < s.n[i]; k++) {
            CHECK_IS((s.got[i][k] - s.got[0][0]) % period, 0);
            for (size_t j = 0; j < i; j++)
                for (size_t m = 0; m < s.n[j]; m++)
                    CHECK(s.got[j][m] != s.got[i][k], "two have got the tick of %lld",
                          (long long)s.got[i][k]);
        }
    }
    CHECK(all > 0 && all <= (size_t)((weir_now() - start) / period) + 1, "%zu ticks", all);
    CHECK_IS(weir_ticker_free(s.t), 0);
}

/* ---- T06 ------------------------------------------------------------------------------------------------ */

void t06_period(void) {
    const int64_t bad[] = { 0, -1, INT64_MIN };
    weir_ticker *t = ticker_of(MS), *none, *longest = ticker_of(INT64_MAX);
    count_misuse();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        none = t;
        CHECK_IS(weir_ticker_new(&none, bad[i]), WEIR_EINVAL);
        CHECK(!none, "*out is not NULL");
        CHECK_IS(weir_ticker_reset(t, bad[i]), WEIR_EINVAL);
    }
    CHECK_IS(misuse_counted(), 6);
    CHECK_IS(weir_ticker_wait(t, WEIR_FOREVER, NULL), 0); /* it goes on as before */
    CHECK_IS(weir_ticker_wait(t, WEIR_FOREVER, NULL), 0);
    CHECK_IS(weir_ticker_wait(longest, weir_after(MS), NULL), WEIR_ETIMEDOUT);
    CHECK_IS(weir_ticker_free(t), 0);
    CHECK_IS(weir_ticker_free(longest), 0);
}

/* ---- T07 ------------------------------------------------------------------------------------------------ */

void t07_stop(void) {
    weir_time at = UNTOUCHED;
    weir_ticker *t = ticker_of(MS);
    sleep_ms(3); /* one is pending */
    CHECK_IS(weir_ticker_stop(t), 1);
    CHECK_IS(try_ticker(t, &at), WEIR_EAGAIN);
    sleep_ms(3);
    CHECK_IS(try_ticker(t, &at), WEIR_EAGAIN);
    CHECK_IS(weir_ticker_wait(t, weir_after(MS), NULL), WEIR_ETIMEDOUT);
    CHECK_IS(weir_ticker_stop(t), 0);
    weir_time now = weir_now();
    CHECK_IS(weir_ticker_reset(t, 2 * MS), 0);
    for (int i = 0; i < 3; i++) CHECK_IS(weir_ticker_wait(t, WEIR_FOREVER, NULL), 0);
    CHECK(weir_now() >= now + 6 * MS, "early");
    CHECK_IS(weir_ticker_reset(t, 3600000 * MS), 1); /* a pending one goes as well */
    CHECK_IS(try_ticker(t, &at), WEIR_EAGAIN);
    CHECK(at == UNTOUCHED, "a stale tick");
    CHECK_IS(weir_ticker_free(t), 0);
}

void t07_waiter(void) {
    weir_ticker *t = ticker_of(3600000 * MS);
    struct waiter w;
    if (!waiter_sleeps(&w, weir_ticker_waitable(t), WEIR_FOREVER)) return;
    CHECK_IS(weir_ticker_stop(t), 1);
    CHECK(!call_returns(&w.call, 5), "the stop has made it ready");
    CHECK_IS(weir_ticker_free(t), WEIR_EBUSY);
    weir_time now = weir_now();
    CHECK_IS(weir_ticker_reset(t, MS), 0);
    CHECK_IS(waiter_end(&w), 0);
    CHECK(w.at >= now + MS && w.returned >= w.at, "early");
    CHECK_IS(weir_ticker_free(t), 0);
}
