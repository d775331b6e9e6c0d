/* SPDX-License-Identifier: MIT */
/* tests/sync/wg.c - wait groups: W01 to W06. */
#include <weir/wg.h>

#include <limits.h>
#include <stdlib.h>

#include <weir/chan.h>

#include "sync.h"

/* ---- one wait of a thread of its own ------------------------------------------------------------------------ */

struct waiter {
    weir_wg *wg;
    weir_time deadline;
    weir_ctx *ctx;
    bool by_select;
    struct call call;
};

static int64_t wait_main(void *arg) {
    struct waiter *w = arg;
    if (!w->by_select) return weir_wg_wait_wait(w->wg, w->deadline, w->ctx);
    struct weir_case c[] = { WEIR_CASE_ZERO(NULL), WEIR_CASE_ZERO(w->wg) };
    ptrdiff_t i = weir_select(c, 2, w->deadline, w->ctx, 0);
    return i == 1 ? c[1].result : i;
}

static void wait_start(struct waiter *w, weir_wg *wg, weir_time deadline, weir_ctx *ctx,
                       bool by_select) {
    w->wg = wg;
    w->deadline = deadline;
    w->ctx = ctx;
    w->by_select = by_select;
    call_start(&w->call, wait_main, w);
    CHECK(call_sleeps(&w->call), "a wait that has to wait returned");
}

/* ---- W01, W02 --------------------------------------------------------------------------------------------------- */

static void w01_at_once(void) {
    static weir_wg wg = WEIR_WG_INIT;
    struct weir_case c = WEIR_CASE_ZERO(&wg);
    CHECK_IS(weir_wg_count(&wg), 0);
    CHECK_IS(weir_wg_wait(&wg), 0);
    CHECK_IS(weir_wg_try_wait(&wg), 0);
    CHECK_IS(weir_wg_wait_until(&wg, -1), 0);
    CHECK_IS(weir_select(&c, 1, WEIR_NOW, NULL, 0), 0);
    CHECK_IS(weir_select(&c, 1, WEIR_NOW, NULL, WEIR_SELECT_READY), 0);
}

static void w01_not_yet(void) {
    weir_wg wg;
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    struct waiter w;
    CHECK_IS(weir_wg_init(&wg), 0);
    CHECK_IS(weir_wg_add(&wg, 3), 0);
    CHECK_IS(weir_wg_done(&wg), 0);
    CHECK_IS(weir_wg_add(&wg, -1), 0);
    CHECK_IS(weir_wg_add(&wg, 0), 0);
    CHECK_IS(weir_wg_count(&wg), 1);
    struct weir_case c = WEIR_CASE_ZERO(&wg);
    CHECK_IS(weir_wg_try_wait(&wg), WEIR_EAGAIN);
    CHECK_IS(weir_select(&c, 1, WEIR_NOW, NULL, 0), WEIR_EAGAIN);
    CHECK_IS(weir_select(&c, 1, WEIR_NOW, NULL, WEIR_SELECT_READY), WEIR_EAGAIN);
    weir_time d = weir_after(3 * MS);
    check_late(weir_wg_wait_until(&wg, d), d);
    check_late(weir_wg_wait_until(&wg, -1), -1);
    wait_start(&w, &wg, WEIR_FOREVER, ctx, false);
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    CHECK_IS(call_end(&w.call), WEIR_ECANCELED);
    CHECK_IS(weir_wg_done(&wg), 0);
    CHECK_IS(weir_wg_wait_wait(&wg, WEIR_NOW, ctx), WEIR_ECANCELED); /* though it is zero */
    CHECK_IS(weir_wg_wait(&wg), 0);
    weir_ctx_unref(ctx);
}

static void w02_below_zero(void) {
    weir_wg wg = WEIR_WG_INIT;
    struct waiter w;
    count_misuse(true);
    CHECK_IS(weir_wg_done(&wg), WEIR_EINVAL);
    CHECK_IS(weir_wg_add(&wg, INT32_MIN), WEIR_EINVAL);
    CHECK_IS(weir_wg_count(&wg), 0);
    CHECK_IS(weir_wg_add(&wg, 2), 0);
    CHECK_IS(weir_wg_add(&wg, -3), WEIR_EINVAL);
    wait_start(&w, &wg, WEIR_FOREVER, NULL, false);
    CHECK_IS(weir_wg_add(&wg, -3), WEIR_EINVAL); /* while somebody waits */
    CHECK_IS(weir_wg_count(&wg), 2);
    CHECK(!call_returns(&w.call, 3), "the wait ended");
    CHECK_IS(misuse_counted(), 4);
    CHECK_IS(weir_wg_add(&wg, -2), 0);
    CHECK_IS(call_end(&w.call), 0);
    count_misuse(false);
}

static void w02_bad_arguments(void) {
    weir_wg wg = WEIR_WG_INIT;
    uint64_t v;
    struct weir_case bad[] = { { weir_wg_waitable(&wg), NULL, WEIR_SEND, 0, 0 },
                               { weir_wg_waitable(&wg), &v, WEIR_RECV, 0, 0 },
                               { weir_wg_waitable(&wg), NULL, WEIR_RECV, 1, 0 } };
    count_misuse(true);
    CHECK_IS(weir_wg_init(NULL), WEIR_EINVAL);
    CHECK_IS(weir_wg_add(NULL, 1), WEIR_EINVAL);
    CHECK_IS(weir_wg_done(NULL), WEIR_EINVAL);
    CHECK_IS(weir_wg_wait(NULL), WEIR_EINVAL);
    CHECK_IS(weir_wg_go(&wg, NULL, NULL), WEIR_EINVAL);
    CHECK_IS(weir_wg_go(NULL, free, NULL), WEIR_EINVAL);
    for (size_t i = 0; i < 3; i++)
        CHECK_IS(weir_select(&bad[i], 1, WEIR_NOW, NULL, 0), WEIR_EINVAL);
    CHECK_IS(misuse_counted(), 9);
    count_misuse(false);
    CHECK(!weir_wg_waitable(NULL) && weir_wg_count(NULL) == 0, "something of nothing");
    CHECK_IS(weir_wg_add(&wg, WEIR_WG_MAX), 0);
    CHECK_IS(weir_wg_add(&wg, 1), WEIR_ETOOBIG);
    CHECK_IS(weir_wg_add(&wg, INT32_MAX), WEIR_ETOOBIG);
    CHECK_IS(weir_wg_go(&wg, free, NULL), WEIR_ETOOBIG);
    CHECK_IS(weir_wg_count(&wg), WEIR_WG_MAX);
    CHECK_IS(weir_wg_add(&wg, -WEIR_WG_MAX), 0);
    CHECK_IS(weir_wg_wait(&wg), 0);
}

/* ---- W03, W04 --------------------------------------------------------------------------------------------------- */

#define WAITERS 6

static void w03_all(void) {
    weir_wg wg = WEIR_WG_INIT;
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    struct waiter w[WAITERS];
    CHECK_IS(weir_wg_add(&wg, 2), 0);
    for (int i = 0; i < WAITERS; i++)
        wait_start(&w[i], &wg, i == 1 ? weir_after(60000 * MS) : WEIR_FOREVER, i == 2 ? ctx : NULL,
                   i % 2);
    CHECK_IS(weir_wg_done(&wg), 0);
    for (int i = 0; i < WAITERS; i++) CHECK(!call_done(&w[i].call), "wait %d ended too soon", i);
    CHECK_IS(weir_wg_done(&wg), 0);
    for (int i = 0; i < WAITERS; i++) CHECK_IS(call_end(&w[i].call), 0);
    weir_ctx_unref(ctx);
}

static int64_t look_main(void *wg) {
    struct weir_case c = WEIR_CASE_ZERO(wg);
    return weir_select(&c, 1, WEIR_FOREVER, NULL, WEIR_SELECT_READY);
}

static void w03_look(void) {
    weir_wg wg = WEIR_WG_INIT;
    struct call look;
    CHECK_IS(weir_wg_add(&wg, 1), 0);
    call_start(&look, look_main, &wg);
    CHECK(call_sleeps(&look), "it is not zero");
    CHECK_IS(weir_wg_done(&wg), 0);
    CHECK_IS(call_end(&look), 0);
}

/* A wait that ends by another case leaves nothing behind. */
static int64_t either_main(void *arg) {
    void **on = arg;
    struct weir_case c[] = { WEIR_CASE_ZERO(on[0]), WEIR_CASE_ACQUIRE(on[1], 1) };
    return weir_select(c, 2, WEIR_FOREVER, NULL, 0);
}

static void w03_other_case(void) {
    weir_wg wg = WEIR_WG_INIT;
    weir_sem s = WEIR_SEM_INIT(1);
    void *on[] = { &wg, &s };
    struct call call;
    for (int zero = 0; zero < 2; zero++) {
        CHECK_IS(weir_wg_add(&wg, 1), 0);
        CHECK_IS(weir_sem_acquire(&s, 1), 0);
        call_start(&call, either_main, on);
        CHECK(call_sleeps(&call), "it returned");
        CHECK_IS(zero ? weir_wg_done(&wg) : weir_sem_release(&s, 1), 0);
        CHECK_IS(call_end(&call), !zero);
        CHECK_IS(zero ? weir_sem_release(&s, 1) : weir_wg_done(&wg), 0);
        if (!zero) CHECK_IS(weir_sem_release(&s, 1), 0);
        check_free(&s, 1);
        CHECK_IS(weir_wg_wait(&wg), 0);
    }
}

#define WORKERS 4

/* One thread adds for the others, and waits; they write plain memory. It is freed as soon as a wait returned. */
struct rounds {
    weir_wg *wg;
    pthread_barrier_t begin;
    uint64_t plain[WORKERS];
    bool fresh; /* a new one for each round, freed at its end; else the same one again */
};

static void rounds_wait(struct rounds *r, size_t k) {
    uint64_t sum = 0;
    int rc = WEIR_ETIMEDOUT;
    while (k % 3 == 0 && rc == WEIR_ETIMEDOUT)
        rc = weir_wg_wait_until(r->wg, weir_after((int64_t)rng_below(30) * 1000));
    while (k % 3 == 1 && rc != 0) rc = weir_wg_try_wait(r->wg);
    if (k % 3 == 2) rc = weir_wg_wait(r->wg);
    CHECK_IS(rc, 0);
    if (r->fresh) free(r->wg);
    for (size_t i = 1; i < WORKERS; i++) sum += r->plain[i];
    CHECK_IS(sum, (WORKERS - 1) * k);
}

static void rounds_thread(void *arg, size_t index) {
    struct rounds *r = arg;
    for (size_t k = 1; k <= times(2000) && checks_hold(); k++) {
        if (index == 0) {
            if (r->fresh) r->wg = malloc(sizeof *r->wg);
            if (r->fresh) CHECK_IS(weir_wg_init(r->wg), 0);
            CHECK_IS(weir_wg_add(r->wg, WORKERS - 1), 0);
        }
        (void)pthread_barrier_wait(&r->begin);
        weir_wg *wg = r->wg;
        (void)pthread_barrier_wait(&r->begin);
        if (index == 0) {
            rounds_wait(r, k);
        } else {
            random_delay();
            r->plain[index]++;
            CHECK_IS(weir_wg_done(wg), 0);
        }
    }
}

static void rounds(bool fresh) {
    weir_wg wg = WEIR_WG_INIT;
    struct rounds r = { .wg = &wg, .fresh = fresh };
    (void)pthread_barrier_init(&r.begin, NULL, WORKERS);
    points_delay(true);
    team_run(WORKERS, rounds_thread, &r);
    points_delay(false);
    (void)pthread_barrier_destroy(&r.begin);
}

static void w04_freed(void) { rounds(true); }

/* ---- W05 ------------------------------------------------------------------------------------------------------- */

static void w05_again(void) { rounds(false); }

/* The last done stands still while it lets the waits go. */
struct stopped {
    weir_wg *wg;
    struct stop stop;
};

static int64_t done_main(void *arg) {
    struct stopped *s = arg;
    stop_me(&s->stop);
    return weir_wg_done(s->wg);
}

static void w05_misuse(void) {
    weir_wg wg = WEIR_WG_INIT;
    struct stopped s = { .wg = &wg };
    struct call done;
    struct waiter w;
    stop_init(&s.stop, "wg.zero");
    CHECK_IS(weir_wg_add(&wg, 1), 0);
    wait_start(&w, &wg, WEIR_FOREVER, NULL, false);
    call_start(&done, done_main, &s);
    stop_wait(&s.stop);
    count_misuse(true);
    CHECK_IS(weir_wg_add(&wg, 1), WEIR_EINVAL);
    CHECK_IS(misuse_counted(), 1);
    count_misuse(false);
    CHECK_IS(weir_wg_count(&wg), 0);
    CHECK_IS(weir_wg_wait(&wg), 0); /* it is zero */
    CHECK(!call_done(&w.call), "it was told under the lock");
    stop_release(&s.stop);
    CHECK_IS(call_end(&done), 0);
    CHECK_IS(call_end(&w.call), 0);
    CHECK_IS(weir_wg_add(&wg, 1), 0);
    CHECK_IS(weir_wg_done(&wg), 0);
    stop_fini(&s.stop);
}

/* The last done has seen that somebody waits, and stands still: an add keeps the counter up; or the waiter leaves. */
static void w05_last_stopped(void) {
    for (int leaves = 0; leaves < 2; leaves++) {
        weir_wg wg = WEIR_WG_INIT;
        weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
        struct stopped s = { .wg = &wg };
        struct call done;
        struct waiter w;
        stop_init(&s.stop, "wg.last");
        CHECK_IS(weir_wg_add(&wg, 1), 0);
        wait_start(&w, &wg, WEIR_FOREVER, ctx, false);
        call_start(&done, done_main, &s);
        stop_wait(&s.stop);
        if (leaves)
            CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
        else
            CHECK_IS(weir_wg_add(&wg, 1), 0);
        if (leaves) CHECK_IS(call_end(&w.call), WEIR_ECANCELED);
        stop_release(&s.stop);
        CHECK_IS(call_end(&done), 0);
        CHECK_IS(weir_wg_count(&wg), !leaves);
        if (!leaves) {
            CHECK(!call_returns(&w.call, 3), "the counter is 1");
            CHECK_IS(weir_wg_done(&wg), 0);
            CHECK_IS(call_end(&w.call), 0);
        }
        stop_fini(&s.stop);
        weir_ctx_unref(ctx);
    }
}

/* ---- W06 ------------------------------------------------------------------------------------------------------- */

struct work {
    uint64_t plain;
    int ends; /* how: returns, pthread_exit, cancelled */
};

static void work_main(void *arg) {
    struct work *w = arg;
    random_delay();
    w->plain++;
    if (w->ends == 1) pthread_exit(NULL);
    if (w->ends == 2) {
        (void)pthread_cancel(pthread_self());
        pthread_testcancel();
        CHECK(false, "not cancelled");
    }
}

static void w06_go(void) {
    weir_wg wg = WEIR_WG_INIT;
    struct work w[12];
    for (size_t k = 1; k <= times(20); k++) {
        for (size_t i = 0; i < 12; i++) {
            w[i] = (struct work){ .ends = (int)(i % 3) };
            CHECK_IS(weir_wg_go(&wg, work_main, &w[i]), 0);
        }
        CHECK_IS(weir_wg_wait(&wg), 0);
        for (size_t i = 0; i < 12; i++) CHECK_IS(w[i].plain, 1);
        CHECK_IS(weir_wg_count(&wg), 0);
    }
}

/* From a function that it runs; the wait is for both. */
struct nested {
    weir_wg wg;
    struct work w;
};

static void nested_main(void *arg) {
    struct nested *n = arg;
    random_delay();
    CHECK_IS(weir_wg_go(&n->wg, work_main, &n->w), 0);
}

static void w06_nested(void) {
    for (size_t k = times(100); k > 0; k--) {
        struct nested n = { .wg = WEIR_WG_INIT };
        CHECK_IS(weir_wg_go(&n.wg, nested_main, &n), 0);
        CHECK_IS(weir_wg_wait(&n.wg), 0);
        CHECK_IS(n.w.plain, 1);
    }
}

static const struct test tests[] = {
    { "W01 wait at zero returns at once", w01_at_once },
    { "W01 not at zero: waits, until its deadline or its context ends", w01_not_yet },
    { "W02 below zero: EINVAL, nothing changes", w02_below_zero },
    { "W02 bad arguments: EINVAL; too high: ETOOBIG", w02_bad_arguments },
    { "W03 all waits end at zero", w03_all },
    { "W03 a select that only looks is told of zero", w03_look },
    { "W03 a select that takes another case leaves nothing behind", w03_other_case },
    { "W04 what was done before a done is seen after the wait, which may free", w04_freed },
    { "W05 it may be used again once the wait has returned", w05_again },
    { "W05 an add from zero while a wait ends: reported misuse", w05_misuse },
    { "W05 the last done stands still, and is not the last any more", w05_last_stopped },
    { "W06 go: add, run, done, however the function ends", w06_go },
    { "W06 go from a function that it runs", w06_nested },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "wg", tests, sizeof tests / sizeof *tests);
}
