/* SPDX-License-Identifier: MIT */
/* tests/group/group_more.c - error groups: their end, waits that give up, threads that end, misuse. */
#include <pthread.h>

#include <weir/debug.h>

#include "cases.h"

/* ---- the end ------------------------------------------------------------------------------------------------------ */

static void has_ended(void) {
    struct gated t;
    weir_group *g = group_open(NULL, NULL, 1);
    gated_start(&t, g, -1000, "once");
    gated_let_go(&t);
    for (int i = 0; i < 2; i++) { /* a second wait says the same */
        struct weir_error err;
        CHECK_IS(weir_group_wait(g), -1000);
        weir_error_take(-1000, &err);
        CHECK(err.text[0] == 'o', "%s", err.text);
        CHECK_IS(weir_group_go(g, do_nothing, NULL), WEIR_ESTOPPED);
        CHECK_IS(weir_group_try_go(g, do_nothing, NULL), WEIR_ESTOPPED);
        CHECK_IS(weir_group_go_until(g, do_nothing, NULL, -1), WEIR_ESTOPPED);
        CHECK_IS(weir_group_try_wait(g), -1000);
    }
    group_end(g, -1000, "once");
}

/* All that wait are let go, whatever they wait for besides. */
static void many_waits(void) {
    struct gated t;
    struct group_call w[4];
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    weir_group *g = group_open(NULL, NULL, 0);
    gated_start(&t, g, -1000, "for all");
    for (int i = 0; i < 4; i++) {
        wait_start(&w[i], g, i == 1 ? weir_after(60000 * MS) : WEIR_FOREVER, i == 2 ? ctx : NULL);
        check_sleeps(&w[i]);
    }
    gated_let_go(&t);
    for (int i = 0; i < 4; i++) CHECK_IS(call_end(&w[i].call), -1000);
    group_end(g, -1000, "for all");
    weir_ctx_unref(ctx);
}

/* The group goes on as if they had not been. */
static void gives_up(void) {
    struct gated t;
    struct group_call w;
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    weir_group *g = group_open(NULL, NULL, 0);
    gated_start(&t, g, WEIR_ETIMEDOUT, "of the task");
    CHECK_IS(weir_group_try_wait(g), WEIR_EAGAIN);
    weir_time d = weir_after(3 * MS);
    check_late(weir_group_wait_until(g, d), d);
    CHECK_IS(weir_group_running(g), 1); /* so it is the wait that was late */
    check_late(weir_group_wait_until(g, -1), -1);
    wait_start(&w, g, WEIR_FOREVER, ctx);
    check_sleeps(&w);
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    CHECK_IS(call_end(&w.call), WEIR_ECANCELED);
    CHECK_IS(weir_ctx_err(weir_group_ctx(g)), 0);
    CHECK_IS(weir_group_go(g, do_nothing, NULL), 0);
    gated_let_go(&t);
    CHECK_IS(weir_group_wait(g), WEIR_ETIMEDOUT);
    CHECK_IS(weir_group_running(g), 0);                                   /* so it is the task's */
    CHECK_IS(weir_group_wait_wait(g, WEIR_FOREVER, ctx), WEIR_ECANCELED); /* though it has ended */
    group_end(g, WEIR_ETIMEDOUT, "of the task");
    weir_ctx_unref(ctx);
}

/* Until the first failure: the wait has the group's own context. */
static void until_failure(void) {
    struct gated keep, fails;
    struct group_call w;
    weir_group *g = group_open(NULL, NULL, 0);
    gated_start(&keep, g, 0, NULL);
    gated_start(&fails, g, -1000, "x");
    wait_start(&w, g, WEIR_FOREVER, weir_group_ctx(g));
    check_sleeps(&w);
    gated_let_go(&fails);
    CHECK_IS(call_end(&w.call), WEIR_ECANCELED);
    check_first(g, -1000, "x");
    gated_let_go(&keep);
    group_end(g, -1000, "x");
}

static int64_t free_main(void *g) { return weir_group_free(g); }

static void free_waits(void) {
    struct gated t;
    struct call f;
    weir_group *g = group_open(NULL, NULL, 0);
    gated_start(&t, g, -1000, NULL);
    call_start(&f, free_main, g);
    CHECK(call_sleeps(&f), "it did not wait");
    gated_let_go(&t);
    CHECK_IS(call_end(&f), 0);
    CHECK_IS(weir_group_free(NULL), 0);
}

/* ---- a task waits for its own group ---------------------------------------------------------------------------------- */

struct self {
    weir_group *outer, *inner;
};

static int wait_for_self(weir_ctx *ctx, void *arg) {
    struct self *s = arg;
    (void)ctx;
    CHECK_IS(weir_group_wait(s->outer), WEIR_EDEADLK);
    CHECK_IS(weir_group_wait_until(s->outer, weir_after(MS)), WEIR_EDEADLK);
    CHECK_IS(weir_group_try_wait(s->outer), WEIR_EAGAIN);
    CHECK_IS(weir_group_free(s->outer), WEIR_EDEADLK);
    if (s->inner == s->outer) return 0;
    CHECK_IS(weir_group_wait(s->inner), 0); /* another one's */
    return 0;
}

static void deadlock(void) {
    struct gated t;
    struct self s = { group_open(NULL, NULL, 0), group_open(NULL, NULL, 0) };
    gated_start(&t, s.inner, 0, NULL);
    CHECK_IS(weir_group_go(s.outer, wait_for_self, &s), 0);
    gated_let_go(&t);
    group_end(s.outer, 0, NULL);
    group_end(s.inner, 0, NULL);
}

/* ---- tasks that end their thread ---------------------------------------------------------------------------------------- */

static int end_thread(weir_ctx *ctx, void *how) {
    (void)ctx;
    (void)weir_fail(WEIR_ECANCELED, "not returned, so not its text");
    if (*(int *)how == 0) pthread_exit(NULL);
    (void)pthread_cancel(pthread_self());
    pthread_testcancel();
    CHECK(false, "not cancelled");
    return 0;
}

static void ends_thread(void) {
    for (size_t k = times(40); k > 0; k--) {
        int how = (int)(k % 2);
        weir_group *g = group_open(NULL, NULL, 1);
        for (int i = 0; i < 3; i++) CHECK_IS(weir_group_go(g, end_thread, &how), 0);
        CHECK_IS(weir_group_wait(g), WEIR_ECANCELED);
        CHECK_IS(weir_ctx_cause(weir_group_ctx(g)), WEIR_ECANCELED);
        group_end(g, WEIR_ECANCELED, "the task has ended its thread");
    }
}

/* Cancelled by another thread. Waits of weir's are no cancellation points. (Nor is this one cancelled inside a call
 * that ThreadSanitizer intercepts: its runtime would lose the order of that thread with the others.) */
struct sleeper {
    pthread_t thread;
    weir_sem begun, never;
};

static int sleep_task(weir_ctx *ctx, void *arg) {
    struct sleeper *s = arg;
    (void)ctx;
    s->thread = pthread_self();
    CHECK_IS(weir_sem_release(&s->begun, 1), 0);
    for (int k = 0; k < 20000; k++) {
        CHECK_IS(weir_sem_acquire_until(&s->never, 1, weir_after(MS)), WEIR_ETIMEDOUT);
        pthread_testcancel();
    }
    return 0;
}

static void cancelled(void) {
    struct sleeper s;
    struct group_call w;
    weir_group *g = group_open(NULL, NULL, 0);
    CHECK_IS(weir_sem_init(&s.begun, 1), 0);
    CHECK_IS(weir_sem_acquire(&s.begun, 1), 0);
    CHECK_IS(weir_sem_init(&s.never, 1), 0);
    CHECK_IS(weir_sem_acquire(&s.never, 1), 0);
    CHECK_IS(weir_group_go(g, sleep_task, &s), 0);
    CHECK_IS(weir_sem_acquire(&s.begun, 1), 0);
    wait_start(&w, g, WEIR_FOREVER, NULL);
    check_sleeps(&w);
    CHECK_IS(weir_leak_check(), 2); /* the task, and the wait */
    CHECK_IS(pthread_cancel(s.thread), 0);
    CHECK_IS(call_end(&w.call), WEIR_ECANCELED);
    group_end(g, WEIR_ECANCELED, "the task has ended its thread");
}

/* ---- misuse ---------------------------------------------------------------------------------------------------------------- */

static void misuse(void) {
    weir_exec none = { NULL, NULL };
    weir_group *g = (weir_group *)&none, *ok = group_open(NULL, NULL, 0);
    struct weir_error err;
    count_misuse(true);
    CHECK_IS(weir_group_new(NULL, NULL, NULL, 0), WEIR_EINVAL);
    CHECK_IS(weir_group_new(&g, NULL, &none, 0), WEIR_EINVAL);
    CHECK(!g, "out was not set");
    CHECK_IS(weir_group_go(NULL, do_nothing, NULL), WEIR_EINVAL);
    CHECK_IS(weir_group_go(ok, NULL, NULL), WEIR_EINVAL);
    CHECK_IS(weir_group_wait(NULL), WEIR_EINVAL);
    CHECK_IS(weir_group_error(NULL, &err), WEIR_EINVAL);
    CHECK_IS(weir_group_set_limit(NULL, 1), WEIR_EINVAL);
    CHECK_IS(misuse_counted(), 7);
    count_misuse(false);
    CHECK(!weir_group_ctx(NULL) && weir_group_running(NULL) == 0, "something of nothing");
    weir_group_made_at_(NULL, "x.c", 1);
    group_end(ok, 0, NULL);
}

/* Its threads are gone from the leak check when the wait returns. */
static void no_leak(void) {
    struct gated t;
    weir_group *g = group_open(NULL, NULL, 0);
    CHECK_IS(weir_leak_check(), 0);
    gated_start(&t, g, 0, NULL);
    CHECK_IS(weir_leak_check(), 1);
    gated_let_go(&t);
    CHECK_IS(weir_group_wait(g), 0);
    CHECK_IS(weir_leak_check(), 0);
    group_end(g, 0, NULL);
}

const struct test more_tests[] = {
    { "GROUP it has ended: go is refused, waits say the same", has_ended },
    { "GROUP all waits end together", many_waits },
    { "GROUP a wait that gives up ends nothing", gives_up },
    { "GROUP a wait with the group's context ends at the first failure", until_failure },
    { "GROUP free waits", free_waits },
    { "GROUP a task that waits for its own group: EDEADLK", deadlock },
    { "GROUP a task that ends its thread has failed, and is counted", ends_thread },
    { "GROUP a task that is cancelled from outside", cancelled },
    { "GROUP bad arguments: EINVAL", misuse },
    { "GROUP the leak check sees its threads until the wait returns", no_leak },
};
const size_t n_more_tests = sizeof more_tests / sizeof *more_tests;
