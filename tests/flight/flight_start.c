/* SPDX-License-Identifier: MIT */
/* tests/flight/flight_start.c - single flight without waiting: F05; executors; values that nobody got. */
#include "flight.h"

#include <weir/pool.h>
#include <weir/select.h>

#include "../support/failing_alloc.h"

static weir_flight_call *start(weir_flight *f, uint64_t key, struct work *w) {
    weir_flight_call *c = NULL;
    CHECK_IS(weir_flight_start(f, &key, work_fn, w, NULL, &c), 0);
    CHECK(c, "no handle");
    return c;
}

static void is_a_case(void) {
    weir_flight *f = flight_open();
    struct work w;
    uint64_t val = 77;
    bool shared = true;
    work_init(&w, 5);
    weir_flight_call *c = start(f, 1, &w);
    work_begun(&w);
    struct weir_case cases[] = { WEIR_CASE_FLIGHT(c) };
    CHECK_IS(weir_select(cases, 1, WEIR_NOW, NULL, 0), WEIR_EAGAIN);
    CHECK_IS(weir_flight_call_wait(c, &val, &shared, WEIR_NOW, NULL), WEIR_EAGAIN);
    CHECK_IS(val, 77);
    work_let_go(&w);
    CHECK_IS(weir_select(cases, 1, weir_after(20000 * MS), NULL, 0), 0);
    CHECK_IS(cases[0].result, 0);
    for (unsigned i = 0; i < 2; i++) { /* as often as one likes */
        CHECK_IS(weir_flight_call_wait(c, &val, &shared, WEIR_NOW, NULL), 0);
        CHECK_IS(val, 5);
        CHECK_IS(shared, false);
        val = 77;
    }
    flight_close(f);
    CHECK_IS(weir_flight_call_wait(c, &val, NULL, WEIR_FOREVER, NULL), 0); /* outlives it */
    CHECK_IS(val, 5);
    weir_flight_call_free(c);
}

static void nobody_need_take_it(void) {
    weir_flight *f = flight_open();
    struct work w;
    uint64_t key = 1;
    work_init(&w, 5);
    w.obeys = true;
    CHECK_IS(weir_flight_start(f, &key, work_fn, &w, NULL, NULL), 0);
    work_begun(&w);
    work_let_go(&w);
    flight_close(f);
    CHECK_IS(work_runs(&w), 1);
    CHECK_IS(-(int)weir_load_relaxed(&w.ctx_err), 0); /* nor does that cancel it */
}

static void handles_count_as_calls(void) {
    weir_flight *f = flight_open();
    struct work w;
    struct doing d;
    uint64_t val, key = 1;
    bool shared = false;
    work_init(&w, 5);
    weir_flight_call *a = start(f, 1, &w), *b = start(f, 1, &w);
    work_begun(&w);
    CHECK_IS(weir_flight_forget_unshared(f, &key), 0);
    weir_flight_call_free(b);
    doing_waits(&d, f, 1, &w, WEIR_FOREVER, NULL);
    work_let_go(&w);
    doing_ends(&d, 0, 5, true);
    CHECK_IS(weir_flight_call_wait(a, &val, &shared, WEIR_FOREVER, NULL), 0);
    CHECK_IS(shared, true);
    weir_flight_call_free(a);
    CHECK_IS(work_runs(&w), 1);
    flight_close(f);
}

/* A call that was begun without a handle gets nothing, nor does a handle that is freed before. */
static void handles_that_read_nothing(void) {
    weir_flight *f = flight_open();
    struct work w;
    struct doing d;
    uint64_t val, key = 1;
    bool shared = true;
    work_init(&w, 5);
    CHECK_IS(weir_flight_start(f, &key, work_fn, &w, NULL, NULL), 0);
    work_begun(&w);
    doing_waits(&d, f, 1, &w, WEIR_FOREVER, NULL);
    CHECK_IS(weir_flight_forget_unshared(f, &key), 1);
    work_let_go(&w);
    doing_ends(&d, 0, 5, false);
    weir_flight_call *a = start(f, 1, &w), *b = start(f, 1, &w);
    work_begun(&w);
    work_let_go(&w);
    struct weir_case over[] = { WEIR_CASE_FLIGHT(a) };
    CHECK_IS(weir_select(over, 1, weir_after(20000 * MS), NULL, 0), 0);
    weir_flight_call_free(b); /* unread, after the function's end */
    CHECK_IS(weir_flight_call_wait(a, &val, &shared, WEIR_FOREVER, NULL), 0);
    CHECK_IS(shared, false);
    weir_flight_call_free(a);
    a = start(f, 1, &w); /* freed before: it is cancelled, and the next one is alone */
    work_begun(&w);
    weir_flight_call_free(a);
    doing_waits(&d, f, 1, &w, WEIR_FOREVER, NULL);
    work_let_go(&w);
    work_let_go(&w);
    doing_ends(&d, 0, 5, false);
    flight_close(f);
}

/* One that has read its value and is freed has got it. */
static void handles_that_have_read(void) {
    weir_flight *f = flight_open();
    struct work w;
    uint64_t val;
    bool shared[2] = { false, false };
    work_init(&w, 5);
    weir_flight_call *h[2] = { start(f, 1, &w), start(f, 1, &w) };
    work_let_go(&w);
    for (unsigned i = 0; i < 2; i++) {
        CHECK_IS(weir_flight_call_wait(h[i], &val, &shared[i], WEIR_FOREVER, NULL), 0);
        CHECK_IS(shared[i], true);
        weir_flight_call_free(h[i]);
    }
    flight_close(f);
}

static void last_handle_cancels(void) {
    weir_flight *f = flight_open();
    struct work w;
    work_init(&w, 5);
    w.obeys = true;
    weir_flight_call *c = start(f, 1, &w);
    work_begun(&w);
    weir_flight_call_free(c);
    flight_close(f);
    CHECK_IS(-(int)weir_load_relaxed(&w.ctx_err), WEIR_ECANCELED);
}

static void waits_with_a_context(void) {
    weir_flight *f = flight_open();
    struct work w;
    uint64_t val;
    work_init(&w, 5);
    weir_flight_call *c = start(f, 1, &w);
    weir_ctx *ctx = ctx_open(NULL, weir_after(10 * MS));
    weir_time until = weir_after(10 * MS);
    int rc = weir_flight_call_wait(c, &val, NULL, until, NULL);
    CHECK_IS(rc, WEIR_ETIMEDOUT);
    check_late(rc, until);
    CHECK_IS(weir_flight_call_wait(c, &val, NULL, WEIR_FOREVER, ctx), WEIR_ETIMEDOUT);
    work_let_go(&w); /* it is wanted still */
    CHECK_IS(weir_flight_call_wait(c, &val, NULL, WEIR_FOREVER, NULL), 0);
    weir_flight_call_free(c);
    flight_close(f);
    weir_ctx_unref(ctx);
}

/* ---- executors ---------------------------------------------------------------------------------------------------- */

static int refuse(void *self, weir_task_fn *fn, weir_ctx *ctx, void *arg) {
    (void)self;
    (void)fn;
    (void)ctx;
    (void)arg;
    return WEIR_EAGAIN;
}

static void executor_refuses(void) {
    struct failing_alloc a;
    struct weir_flight_opts o = WEIR_FLIGHT_OPTS(uint64_t, uint64_t);
    weir_exec exec = { refuse, NULL };
    weir_flight *f;
    weir_flight_call *c = (weir_flight_call *)&a;
    struct work w;
    uint64_t key = 1, val;
    work_init(&w, 5);
    failing_alloc_init(&a, 0);
    o.exec = &exec;
    o.alloc = &a.as;
    CHECK_IS(weir_flight_new(&f, &o), 0);
    CHECK_IS(weir_flight_start(f, &key, work_fn, &w, NULL, &c), WEIR_EAGAIN);
    CHECK(!c, "a handle of nothing");
    CHECK_IS(weir_flight_do_wait(f, &key, work_fn, &w, &val, NULL, weir_after(MS), NULL),
             WEIR_EAGAIN);
    work_let_go(&w); /* a call that stays needs none */
    CHECK_IS(weir_flight_do(f, &key, work_fn, &w, &val, NULL), 0);
    CHECK_IS(work_runs(&w), 1);
    flight_close(f);
    CHECK_IS(a.out, 0);
}

/* An executor that is stopped gives its tasks up: with another context, which has ended. */
static int give_up(void *self, weir_task_fn *fn, weir_ctx *ctx, void *arg) {
    (void)ctx;
    (void)fn(self, arg);
    return 0;
}
static void executor_gives_up(void) {
    struct weir_flight_opts o = WEIR_FLIGHT_OPTS(uint64_t, uint64_t);
    weir_ctx *ended = ctx_open(NULL, WEIR_FOREVER);
    weir_exec exec = { give_up, ended };
    weir_flight *f;
    struct work w;
    uint64_t key = 1, val;
    work_init(&w, 5);
    CHECK_IS(weir_ctx_cancel(ended, 0), 0);
    o.exec = &exec;
    CHECK_IS(weir_flight_new(&f, &o), 0);
    CHECK_IS(weir_flight_do_wait(f, &key, work_fn, &w, &val, NULL, weir_after(MS), NULL),
             WEIR_ECANCELED);
    CHECK_IS(work_runs(&w), 0);
    flight_close(f);
    weir_ctx_unref(ended);
}

static void on_a_pool(void) {
    struct weir_pool_opts po = WEIR_POOL_OPTS(2);
    struct weir_flight_opts o = WEIR_FLIGHT_OPTS(uint64_t, uint64_t);
    weir_pool *p;
    weir_flight *f;
    struct work w;
    uint64_t val = 0;
    work_init(&w, 5);
    CHECK_IS(weir_pool_new(&p, &po), 0);
    weir_exec exec = weir_pool_exec(p);
    o.exec = &exec;
    CHECK_IS(weir_flight_new(&f, &o), 0);
    weir_flight_call *c = start(f, 1, &w);
    work_let_go(&w);
    CHECK_IS(weir_flight_call_wait(c, &val, NULL, WEIR_FOREVER, NULL), 0);
    CHECK_IS(val, 5);
    weir_flight_call_free(c);
    flight_close(f);
    CHECK_IS(weir_pool_free(p), 0);
}

/* ---- values that nobody got ---------------------------------------------------------------------------------------- */

static void on_drop(void *val, void *arg) {
    CHECK_IS(*(uint64_t *)val, 5);
    (void)weir_fetch_add_relaxed((weir_au32 *)arg, 1);
}

static void dropped(void) {
    struct weir_flight_opts o = WEIR_FLIGHT_OPTS(uint64_t, uint64_t);
    weir_au32 drops = { 0 };
    weir_flight *f;
    struct work old, w;
    uint64_t key = 1, val;
    work_init(&old, 5);
    work_init(&w, 5);
    o.drop = on_drop;
    o.drop_arg = &drops;
    CHECK_IS(weir_flight_new(&f, &o), 0);
    weir_flight_call *c = start(f, 1, &old);
    work_begun(&old);
    weir_flight_call_free(c);
    work_let_go(&old);
    work_let_go(&w);
    CHECK_IS(weir_flight_do(f, &key, work_fn, &w, &val, NULL), 0);
    work_let_go(&w);
    CHECK_IS(weir_flight_do(f, &key, work_fn, &w, NULL, NULL),
             0);  /* who has no place for it does not get it */
    w.rc = -1000; /* no value */
    work_let_go(&w);
    CHECK_IS(weir_flight_do(f, &key, work_fn, &w, &val, NULL), -1000);
    flight_close(f);
    CHECK_IS(weir_load_relaxed(&drops), 2);
}

const struct test start_tests[] = {
    { "F05 a call without waiting is a case of select; its handle outlives the flight", is_a_case },
    { "F05 nobody need take the result", nobody_need_take_it },
    { "F02 F05 F09 a handle counts as a call", handles_count_as_calls },
    { "F02 F09 what can read nothing does not share", handles_that_read_nothing },
    { "F02 a handle that was read and freed has shared", handles_that_have_read },
    { "F08 the last handle that is freed cancels the function's context", last_handle_cancels },
    { "F05 waiting with a handle, a deadline and a context", waits_with_a_context },
    { "an executor that refuses", executor_refuses },
    { "an executor that gives tasks up", executor_gives_up },
    { "F05 on a pool", on_a_pool },
    { "a value that nobody got is dropped once", dropped },
};
const size_t n_start_tests = sizeof start_tests / sizeof *start_tests;
