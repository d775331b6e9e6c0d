/* SPDX-License-Identifier: MIT */
/* tests/flight/flight_ctx.c - single flight with deadlines and contexts: F08. */
#include "flight.h"

static weir_time soon(void) { return weir_after(20 * MS); }
static weir_time late(void) { return weir_after(20000 * MS); }

/* Who leaves does not disturb the others; the last one ends it. */
static void last_one_cancels(void) {
    weir_flight *f = flight_open();
    struct doing a, b;
    struct work w;
    weir_ctx *ca = ctx_open(NULL, WEIR_FOREVER), *cb = ctx_open(NULL, WEIR_FOREVER);
    work_init(&w, 5);
    w.obeys = true;
    doing_start(&a, f, 1, &w, WEIR_FOREVER, ca);
    work_begun(&w);
    doing_waits(&b, f, 1, &w, WEIR_FOREVER, cb);
    CHECK_IS(weir_ctx_cancel(ca, 0), 0);
    doing_ends(&a, WEIR_ECANCELED, 0, false);
    CHECK(!call_returns(&b.call, 20), "it did not wait on");
    CHECK_IS(weir_ctx_cancel(cb, 0), 0);
    doing_ends(&b, WEIR_ECANCELED, 0, false);
    flight_close(f); /* waits for the function, which has heard of it */
    CHECK_IS(-(int)weir_load_relaxed(&w.ctx_err), WEIR_ECANCELED);
    CHECK_IS(work_runs(&w), 1);
    weir_ctx_unref(ca);
    weir_ctx_unref(cb);
}

/* Its first caller has left: the function goes on for the other, and its context is not the first one's. */
static void one_stays(void) {
    weir_flight *f = flight_open();
    struct doing a, b;
    struct work w;
    weir_ctx *ca = ctx_open(NULL, WEIR_FOREVER);
    work_init(&w, 5);
    w.obeys = true;
    doing_start(&a, f, 1, &w, WEIR_FOREVER, ca);
    work_begun(&w);
    doing_waits(&b, f, 1, &w, WEIR_FOREVER, NULL);
    CHECK_IS(weir_ctx_cancel(ca, 0), 0);
    doing_ends(&a, WEIR_ECANCELED, 0, false);
    work_let_go(&w);
    doing_ends(&b, 0, 5, false);
    CHECK_IS(-(int)weir_load_relaxed(&w.ctx_err), 0);
    flight_close(f);
    weir_ctx_unref(ca);
}

/* A newcomer does not get what was cancelled, though that still runs. */
static void newcomer_begins_anew(void) {
    weir_flight *f = flight_open();
    struct doing a, b;
    struct work old, new;
    weir_ctx *ca = ctx_open(NULL, WEIR_FOREVER);
    work_init(&old, 1);
    work_init(&new, 2);
    doing_start(&a, f, 1, &old, WEIR_FOREVER, ca);
    work_begun(&old);
    CHECK_IS(weir_ctx_cancel(ca, 0), 0);
    doing_ends(&a, WEIR_ECANCELED, 0, false);
    doing_start(&b, f, 1, &new, late(), NULL);
    work_begun(&new);
    work_let_go(&old);
    CHECK(!call_returns(&b.call, 20), "it got what was cancelled");
    work_let_go(&new);
    doing_ends(&b, 0, 2, false);
    CHECK_IS(-(int)weir_load_relaxed(&old.ctx_err), WEIR_ECANCELED);
    flight_close(f);
    weir_ctx_unref(ca);
}

static void deadline_leaves(void) {
    weir_flight *f = flight_open();
    struct doing a, b;
    struct work w;
    work_init(&w, 5);
    weir_time until = soon();
    doing_start(&a, f, 1, &w, until, NULL);
    work_begun(&w);
    doing_waits(&b, f, 1, &w, late(), NULL);
    CHECK_IS(call_end(&a.call), WEIR_ETIMEDOUT);
    check_late(WEIR_ETIMEDOUT, until);
    work_let_go(&w);
    doing_ends(&b, 0, 5, false);
    CHECK_IS(-(int)weir_load_relaxed(&w.ctx_err), 0);
    flight_close(f);
}

static void now_and_ended(void) {
    weir_flight *f = flight_open();
    struct doing a;
    struct work w;
    weir_ctx *c = ctx_open(NULL, WEIR_FOREVER);
    uint64_t key = 1, val = 0;
    work_init(&w, 5);
    work_let_go(&w);
    CHECK_IS(weir_flight_do_wait(f, &key, work_fn, &w, &val, NULL, WEIR_NOW, c), 0);
    CHECK_IS(val, 5);
    work_begun(&w);
    doing_start(&a, f, 1, &w, WEIR_FOREVER, NULL);
    work_begun(&w);
    CHECK_IS(weir_flight_do_wait(f, &key, work_fn, &w, &val, NULL, WEIR_NOW, NULL), WEIR_EBUSY);
    work_let_go(&w);
    doing_ends(&a, 0, 5, false);
    CHECK_IS(weir_ctx_cancel(c, 0), 0);
    CHECK_IS(weir_flight_do_wait(f, &key, work_fn, &w, &val, NULL, WEIR_FOREVER, c),
             WEIR_ECANCELED);
    CHECK_IS(work_runs(&w), 2);
    flight_close(f);
    weir_ctx_unref(c);
}

/* The function sees the values of its first caller's context. */
static const char name;
static int value_of(weir_ctx *ctx, const void *key, void *val, void *arg) {
    (void)key;
    (void)arg;
    *(uint64_t *)val = (uintptr_t)weir_ctx_value(ctx, &name);
    return weir_ctx_err(ctx);
}
static void values(void) {
    weir_flight *f = flight_open();
    weir_ctx *c;
    uint64_t key = 1, val = 0;
    CHECK_IS(weir_ctx_with_value(&c, NULL, &name, &f), 0);
    CHECK_IS(weir_flight_do_wait(f, &key, value_of, NULL, &val, NULL, WEIR_FOREVER, c), 0);
    CHECK_IS(val, (uintptr_t)&f);
    flight_close(f);
    weir_ctx_unref(c);
}

/* Who leaves when the result is there, and before it is handed out, has it, with its text. */
struct stopped {
    weir_flight *f;
    struct work *w;
    struct stop stop;
};
static int64_t do_stopped(void *arg) {
    struct stopped *s = arg;
    uint64_t key = 1, val;
    stop_me(&s->stop);
    return weir_flight_do_wait(s->f, &key, work_fn, s->w, &val, NULL, WEIR_FOREVER, NULL);
}
static void leaves_with_the_text(void) {
    struct stopped s = { .f = flight_open() };
    struct work w;
    struct doing b;
    struct call call;
    weir_ctx *cb = ctx_open(NULL, WEIR_FOREVER);
    work_init(&w, 5);
    w.rc = -1234;
    w.text = "row 7 is broken";
    s.w = &w;
    stop_init(&s.stop, "flight.over");
    call_start(&call, do_stopped, &s);
    work_begun(&w);
    doing_waits(&b, s.f, 1, &w, WEIR_FOREVER, cb);
    work_let_go(&w);
    CHECK(stop_wait(&s.stop), "it is not over");
    CHECK_IS(weir_ctx_cancel(cb, 0), 0);
    doing_ends(&b, -1234, 0, true); /* which looks at the text */
    stop_release(&s.stop);
    CHECK_IS(call_end(&call), -1234);
    stop_fini(&s.stop);
    flight_close(s.f);
    weir_ctx_unref(cb);
}

const struct test ctx_tests[] = {
    { "F08 the last caller that leaves cancels the function's context", last_one_cancels },
    { "F08 while one caller stays it is not cancelled", one_stays },
    { "F08 a newcomer never inherits a cancelled run", newcomer_begins_anew },
    { "F08 a caller leaves at its deadline, not before", deadline_leaves },
    { "F08 WEIR_NOW; a context that has ended", now_and_ended },
    { "F02 F08 who leaves when it is over has the error's text", leaves_with_the_text },
    { "F08 the function has the values of its first caller's context", values },
};
const size_t n_ctx_tests = sizeof ctx_tests / sizeof *ctx_tests;
