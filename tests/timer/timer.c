/* SPDX-License-Identifier: MIT */
/* tests/timer/timer.c - timers: T01 to T04, T09; tickers: ticker.c. */
#include "cases.h"

#include <malloc.h>
#include <sys/prctl.h>

weir_timer *timer_at(weir_time at) {
    weir_timer *t = NULL;
    CHECK_IS(weir_timer_new(&t, at), 0);
    return t;
}

static int try_case(weir_waitable *on, weir_time *at) {
    struct weir_case c = { on, at, WEIR_RECV, 0, 0 };
    ptrdiff_t i = weir_select(&c, 1, WEIR_NOW, NULL, 0);
    CHECK(i == 0 || i == WEIR_EAGAIN, "select returned %td", i);
    return i == 0 ? c.result : (int)i;
}
int try_timer(weir_timer *t, weir_time *at) { return try_case(weir_timer_waitable(t), at); }
int try_ticker(weir_ticker *t, weir_time *at) { return try_case(weir_ticker_waitable(t), at); }

static int64_t wait_main(void *arg) {
    struct waiter *w = arg;
    struct weir_case c = { w->on, &w->at, WEIR_RECV, 0, 0 };
    ptrdiff_t i = weir_select(&c, 1, w->deadline, w->ctx, 0);
    w->returned = weir_now();
    return i == 0 ? c.result : i;
}

void waiter_start(struct waiter *w, weir_waitable *on, weir_time deadline) {
    *w = (struct waiter){ .on = on, .deadline = deadline, .at = UNTOUCHED };
    call_start(&w->call, wait_main, w);
}

bool waiter_sleeps(struct waiter *w, weir_waitable *on, weir_time deadline) {
    waiter_start(w, on, deadline);
    return CHECK(call_sleeps(&w->call), "a wait returned");
}

int waiter_end(struct waiter *w) {
    int rc = (int)call_end(&w->call);
    CHECK((rc == 0) == (w->at != UNTOUCHED), "%d, and at is %lld", rc, (long long)w->at);
    return rc;
}

void pass(weir_time deadline) {
    while (weir_now() <= deadline) sleep_ms(1);
}

static weir_au32 misuses;
static void count_one(const char *call, const char *what, void *arg) {
    (void)call;
    (void)what;
    (void)weir_fetch_add_relaxed((weir_au32 *)arg, 1);
}
void count_misuse(void) {
    weir_store_relaxed(&misuses, 0);
    weir_set_report(count_one, &misuses);
}
unsigned misuse_counted(void) {
    weir_set_report(NULL, NULL);
    return weir_load_relaxed(&misuses);
}

/* ---- T01 ------------------------------------------------------------------------------------------------ */

static void t01_once_never_early(void) {
    for (size_t k = times(60); k > 0 && checks_hold(); k--) {
        weir_time at = weir_after((int64_t)rng_below(2 * MS)), got = UNTOUCHED;
        weir_timer *t = timer_at(at);
        CHECK_IS(weir_timer_wait(t, WEIR_FOREVER, NULL), 0);
        weir_time now = weir_now();
        CHECK(now >= at, "%lld ns early", (long long)(at - now));
        CHECK_IS(try_timer(t, &got), WEIR_EAGAIN); /* once */
        CHECK_IS(weir_timer_wait(t, weir_after(MS / 10), NULL), WEIR_ETIMEDOUT);
        CHECK(got == UNTOUCHED, "at was written");
        CHECK_IS(weir_timer_free(t), 0);
    }
}

static void t01_past(void) {
    const weir_time past[] = { WEIR_NOW, 1, -5, INT64_MIN, weir_now() };
    for (size_t i = 0; i < sizeof past / sizeof *past; i++) {
        weir_time got = UNTOUCHED;
        weir_timer *t = timer_at(past[i]);
        CHECK_IS(try_timer(t, &got), 0);
        CHECK_IS(got, past[i]);
        CHECK_IS(try_timer(t, NULL), WEIR_EAGAIN);
        CHECK_IS(weir_timer_reset(t, past[i]), 0);
        CHECK_IS(weir_timer_wait(t, WEIR_NOW, NULL), 0);
        CHECK_IS(weir_timer_wait(t, WEIR_NOW, NULL), WEIR_EAGAIN);
        CHECK_IS(weir_timer_free(t), 0);
    }
}

static void t01_one_taker(void) {
    for (size_t k = times(20); k > 0 && checks_hold(); k--) {
        weir_time at = weir_after(2 * MS);
        weir_timer *t = timer_at(at);
        struct waiter w[4];
        int fired = 0;
        for (int i = 0; i < 4; i++) waiter_start(&w[i], weir_timer_waitable(t), at + 4 * MS);
        for (int i = 0; i < 4; i++) {
            int rc = waiter_end(&w[i]);
            fired += rc == 0;
            CHECK(rc == 0 || rc == WEIR_ETIMEDOUT, "%d", rc);
            CHECK(w[i].returned >= (rc ? w[i].deadline : at), "early");
            if (rc == 0) CHECK_IS(w[i].at, at);
        }
        CHECK_IS(fired, 1);
        CHECK_IS(weir_timer_free(t), 0);
    }
}

/* ---- T02 ------------------------------------------------------------------------------------------------ */

static void t02_stop(void) {
    weir_timer *t = timer_at(weir_after(3600000 * MS)), *unset = timer_at(WEIR_FOREVER);
    CHECK_IS(weir_timer_stop(t), 1);
    CHECK_IS(weir_timer_stop(t), 0); /* it is stopped already */
    CHECK_IS(weir_timer_reset(t, weir_after(MS)), 0);
    pass(weir_after(2 * MS));
    CHECK_IS(weir_timer_stop(t), 1); /* its time has come, but nobody has got it */
    CHECK_IS(try_timer(t, NULL), WEIR_EAGAIN);
    CHECK_IS(weir_timer_reset(t, WEIR_NOW), 0);
    CHECK_IS(try_timer(t, NULL), 0);
    CHECK_IS(weir_timer_stop(t), 0);
    CHECK_IS(weir_timer_stop(unset), 0);
    CHECK_IS(weir_timer_reset(unset, WEIR_FOREVER), 0);
    CHECK_IS(weir_timer_wait(unset, weir_after(MS), NULL), WEIR_ETIMEDOUT);
    CHECK_IS(weir_timer_free(t), 0);
    CHECK_IS(weir_timer_free(unset), 0);
}

static void spin_until(weir_time at) {
    while (weir_now() < at) continue;
}

static void t02_stop_races(void) {
    unsigned prevented = 0;
    for (size_t k = times(120); k > 0 && checks_hold(); k--) {
        weir_time at = weir_after(MS / 5);
        weir_timer *t = timer_at(at);
        struct waiter w;
        waiter_start(&w, weir_timer_waitable(t), at + MS);
        spin_until(at - 20000 + (weir_time)rng_below(150000));
        int stopped = weir_timer_stop(t);
        prevented += stopped == 1;
        CHECK_IS(waiter_end(&w), stopped == 1 ? WEIR_ETIMEDOUT : 0);
        CHECK_IS(weir_timer_stop(t), 0);
        CHECK_IS(weir_timer_free(t), 0);
    }
    CHECK(prevented > 0, "never was a stop in time");
}

/* ---- T03 ------------------------------------------------------------------------------------------------ */

static void t03_no_stale(void) {
    weir_time old = weir_after(2 * MS), got = UNTOUCHED, far = weir_after(3600000 * MS);
    weir_timer *t = timer_at(old);
    CHECK_IS(weir_timer_reset(t, far), 1);
    pass(old);
    CHECK_IS(try_timer(t, &got), WEIR_EAGAIN);
    CHECK_IS(weir_timer_wait(t, weir_after(MS), NULL), WEIR_ETIMEDOUT);
    CHECK_IS(weir_timer_reset(t, old = weir_now()), 1);
    CHECK_IS(weir_timer_reset(t, far), 1); /* its time had come */
    CHECK_IS(try_timer(t, &got), WEIR_EAGAIN);
    CHECK(got == UNTOUCHED, "a stale firing");
    CHECK_IS(weir_timer_free(t), 0);
}

/* A reset about when it fires, against one who waits: if reset says that it was in time, the waiter gets the new
 * time, else the old, and the new one is there for the next. */
static void t03_reset_races(void) {
    unsigned in_time = 0;
    for (size_t k = times(120); k > 0 && checks_hold(); k--) {
        weir_time at = weir_after(MS / 5), next = at + MS / 2, got = UNTOUCHED;
        weir_timer *t = timer_at(at);
        struct waiter w;
        waiter_start(&w, weir_timer_waitable(t), WEIR_FOREVER);
        spin_until(at - 20000 + (weir_time)rng_below(150000));
        int was_set = weir_timer_reset(t, next);
        in_time += was_set == 1;
        CHECK_IS(waiter_end(&w), 0);
        CHECK_IS(w.at, was_set == 1 ? next : at);
        CHECK(w.returned >= w.at, "early");
        spin_until(next);
        CHECK_IS(try_timer(t, &got), was_set == 1 ? WEIR_EAGAIN : 0);
        CHECK_IS(got, was_set == 1 ? UNTOUCHED : next);
        CHECK_IS(weir_timer_free(t), 0);
    }
    CHECK(in_time > 0, "never was a reset in time");
}

/* ---- T04 ------------------------------------------------------------------------------------------------ */

static void t04_reset(void) {
    weir_time at, got = UNTOUCHED;
    weir_timer *t = timer_at(WEIR_NOW);
    CHECK_IS(try_timer(t, NULL), 0);
    CHECK_IS(weir_timer_reset(t, at = weir_after(MS)), 0); /* a fired one */
    CHECK_IS(weir_timer_wait(t, WEIR_FOREVER, NULL), 0);
    CHECK(weir_now() >= at, "early");
    CHECK_IS(weir_timer_reset(t, weir_after(3600000 * MS)), 0);
    CHECK_IS(weir_timer_stop(t), 1);
    CHECK_IS(weir_timer_reset(t, at = weir_after(MS)), 0); /* a stopped one */
    pass(at);
    CHECK_IS(try_timer(t, &got), 0);
    CHECK_IS(got, at);
    CHECK_IS(weir_timer_free(t), 0);
}

/* Who waits already hears of an earlier time, and of a later one. */
/* False: it has fired before the reset. */
static bool reset_against(weir_time from, int64_t in, bool was_set) {
    weir_timer *t = timer_at(from);
    struct waiter w;
    waiter_start(&w, weir_timer_waitable(t), WEIR_FOREVER);
    bool sleeps = call_sleeps(&w.call);
    if (sleeps && from > weir_after(1000 * MS)) CHECK_IS(weir_timer_free(t), WEIR_EBUSY);
    weir_time at = weir_after(in);
    int rc = weir_timer_reset(t, at);
    bool fired = was_set && rc == 0 && from <= weir_now();
    if (!fired) CHECK_IS(rc, was_set);
    CHECK_IS(waiter_end(&w), 0);
    CHECK_IS(w.at, fired ? from : at);
    CHECK(w.returned >= w.at && w.returned < w.at + 5000 * MS, "%lld ns late",
          (long long)(w.returned - w.at));
    CHECK_IS(weir_timer_free(t), 0);
    return !fired;
}

static void t04_reset_against_waiters(void) {
    (void)reset_against(WEIR_FOREVER, MS, false);
    (void)reset_against(weir_after(3600000 * MS), MS, true);
    for (int64_t in = 30 * MS; !reset_against(weir_after(in), 2 * in, true) && checks_hold();
         in *= 3)
        continue; /* the machine is slow */
}

/* ---- X23, bad arguments --------------------------------------------------------------------------------- */

static void x23_ended_context(void) {
    weir_ctx *ctx = NULL;
    struct waiter w;
    CHECK_IS(weir_ctx_new(&ctx, NULL, WEIR_FOREVER), 0);
    weir_timer *t = timer_at(weir_after(3600000 * MS));
    w = (struct waiter){ .on = weir_timer_waitable(t), .deadline = WEIR_FOREVER, .ctx = ctx };
    w.at = UNTOUCHED;
    call_start(&w.call, wait_main, &w);
    CHECK(call_sleeps(&w.call), "a wait returned");
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    CHECK_IS(waiter_end(&w), WEIR_ECANCELED);
    CHECK_IS(weir_timer_reset(t, WEIR_NOW), 1);
    CHECK_IS(weir_timer_wait(t, WEIR_FOREVER, ctx), WEIR_ECANCELED);
    CHECK_IS(weir_timer_wait(t, WEIR_NOW, ctx), WEIR_ECANCELED);
    CHECK_IS(weir_timer_stop(t), 1); /* and nobody has got it */
    CHECK_IS(weir_timer_free(t), 0);
    weir_ctx_unref(ctx);
}

static void bad_arguments(void) {
    weir_timer *t = timer_at(WEIR_NOW);
    weir_ticker *k = NULL;
    struct weir_case send = { weir_timer_waitable(t), NULL, WEIR_SEND, 0, 0 };
    struct weir_case arg = { weir_timer_waitable(t), NULL, WEIR_RECV, 1, 0 };
    count_misuse();
    CHECK_IS(weir_timer_new(NULL, 1), WEIR_EINVAL);
    CHECK_IS(weir_ticker_new(NULL, 1), WEIR_EINVAL);
    CHECK_IS(weir_timer_free(NULL), 0);
    CHECK_IS(weir_ticker_free(NULL), 0);
    CHECK(!weir_timer_waitable(NULL) && !weir_ticker_waitable(NULL), "a waitable of nothing");
    CHECK_IS(weir_timer_stop(NULL), WEIR_EINVAL);
    CHECK_IS(weir_timer_reset(NULL, 1), WEIR_EINVAL);
    CHECK_IS(weir_timer_wait(NULL, WEIR_NOW, NULL), WEIR_EINVAL);
    CHECK_IS(weir_ticker_stop(k), WEIR_EINVAL);
    CHECK_IS(weir_ticker_reset(k, 1), WEIR_EINVAL);
    CHECK_IS(weir_ticker_wait(k, WEIR_NOW, NULL), WEIR_EINVAL);
    CHECK_IS(weir_select(&send, 1, WEIR_NOW, NULL, 0), WEIR_EINVAL);
    CHECK_IS(weir_select(&arg, 1, WEIR_NOW, NULL, 0), WEIR_EINVAL);
    CHECK_IS(misuse_counted(), 8);
    CHECK_IS(weir_timer_stop(t), 1); /* nothing has happened to it */
    CHECK_IS(weir_timer_free(t), 0);
}

/* ---- T09 ------------------------------------------------------------------------------------------------ */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_HEAP 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OWN_HEAP 0
#endif
#endif

#ifdef OWN_HEAP
static size_t heap_in_use(void) { return 0; } /* LeakSanitizer sees what is left */
#else
static size_t heap_in_use(void) {
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}
#endif

static void t09_nothing_lasting(void) {
    struct weir_chan_opts o = WEIR_CHAN_OPTS(1, sizeof(int));
    weir_chan *chan = NULL;
    weir_timer *t = timer_at(WEIR_FOREVER);
    int v = 0;
    CHECK_IS(weir_chan_new(&chan, &o), 0);
    struct weir_case c[] = { WEIR_CASE_RECV(chan, &v), WEIR_CASE_TIMER(t, NULL) };
    (void)prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0); /* or each would take 50 us longer */
    size_t before = 0, n = times(10000), fired = 0, late = 0;
    for (size_t k = 0; k < n + 10 && checks_hold(); k++) {
        if (k == 10) before = heap_in_use(); /* the thread's record, and the C library's caches */
        /* one in four fires, one in eight sleeps until its deadline, the others' has come at once */
        if (k % 4 == 1) (void)weir_timer_reset(t, weir_after(500));
        weir_time late_at = weir_after(k % 4 == 1 ? 10 * MS : k % 8 == 0 ? 1000 : 1);
        ptrdiff_t i = weir_select(c, 2, late_at, NULL, 0);
        fired += i == 1;
        late += i == WEIR_ETIMEDOUT;
        if (i != 1) CHECK_IS(i, WEIR_ETIMEDOUT);
    }
    CHECK_IS(heap_in_use(), before);
    CHECK(fired >= n / 5 && late >= n / 2, "%zu fired, %zu timed out", fired, late);
    CHECK_IS(weir_timer_free(t), 0);
    CHECK_IS(weir_chan_unref(chan), 0);
}

static const struct test tests[] = {
    { "T01 a timer fires once, never early", t01_once_never_early },
    { "T01 a time in the past: at once", t01_past },
    { "T01 four wait, one gets it", t01_one_taker },
    { "T02 stop is 1 iff it prevented the firing", t02_stop },
    { "T02 T03 stop against one who waits: either gets it", t02_stop_races },
    { "T03 after stop and reset nothing stale is seen", t03_no_stale },
    { "T03 reset against one who waits: what it says is true", t03_reset_races },
    { "T04 reset sets fired and stopped timers again", t04_reset },
    { "T04 reset to an earlier and to a later time, of one who waits", t04_reset_against_waiters },
    { "T05 a ticker keeps one tick and drops the rest", t05_one_pending },
    { "T05 a ticker does not drift", t05_no_drift },
    { "T05 several take the ticks of one ticker, each tick once", t05_takers },
    { "T06 a period of 0 or less: EINVAL", t06_period },
    { "T07 a stopped ticker is not ready, and a reset starts it", t07_stop },
    { "T07 stop and reset of a ticker that somebody waits for", t07_waiter },
    { "X23 a context that has ended comes before a timer that is due", x23_ended_context },
    { "T bad arguments: EINVAL", bad_arguments },
    { "T08 a timer's function: off-thread, once for each time it is set", t08_calls },
    { "T08 a function that waits: stop does not, nor does another", t08_stop_does_not_wait },
    { "T08 stop against the call: either", t08_stop_races },
    { "T08 many timers, set and stopped in any order", t08_many },
    { "T08 a timer freed by its function; bad arguments", t08_frees_itself },
    { "X18 a function runs once when the context ends, however it ends", x18_once },
    { "X18 X19 stop is 1 iff it prevented the run, and does not wait", x18_stop },
    { "X18 handles and contexts that are given back; the background", x18_references },
    { "X18 stop against cancel: either, and cancel happens-before the run", x18_races },
    { "X21 a function cancels, derives and gives back the same context", x21_inside },
    { "T08 threads come with the first and go after the last", threads_end },
    { EXIT_NAME, ends_with_threads },
    { "T09 selects with timeouts leave no memory behind", t09_nothing_lasting },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "timer", tests, sizeof tests / sizeof *tests);
}
