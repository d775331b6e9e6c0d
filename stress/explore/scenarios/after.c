/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/after.c - functions called at a time and at the end of a context (lib/after.c,
 * lib/service.c). Some of the scenario's threads are those that the library makes: they wait until one is wanted,
 * and serve. */
#include <weir/timer.h>

#include "../../../lib/service.h"
#include "../../../lib/thread.h"
#include "../engine.h"
#include "all.h"
#include "made.h"

/* Half a millisecond after the start: passes only by choice, or when everybody sleeps. */
#define AT INT64_C(1000500000)

struct state {
    weir_ctx *ctx;
    weir_after_func *a;
    weir_timer *t;
    weir_au32 calls, stopped, users; /* users: threads that still may ask for one */
    uint64_t plain;
    int was_set;
};

struct shape {
    unsigned threads; /* that the library may make: the last ones of the scenario */
    bool deadline;
};

static const struct shape *shape(void) { return weir_model_param(); }

static void setup(void *state) {
    struct state *s = state;
    ex_threads_left = shape()->threads;
    weir_init_atomic(&s->users, E.sc->threads - shape()->threads);
    weir_model_check(weir_ctx_new(&s->ctx, NULL, shape()->deadline ? AT : WEIR_FOREVER) == 0);
}

/* Thread `who` is one of the library's. */
static bool serves(struct state *s, unsigned who) {
    (void)s;
    return made_serves(who, shape()->threads, weir__service_main);
}
/* One user is through; or the library's thread has run the last function that may want another. */
static void through(struct state *s) { made_through(&s->users); }

static void count(void *state) {
    struct state *s = state;
    weir_model_read(&s->plain, sizeof s->plain);
    weir_model_check(s->plain == 1); /* what came before the call that was to lead here */
    (void)weir_fetch_add_relaxed(&s->calls, 1);
}

static uint32_t calls(struct state *s) { return weir_load_relaxed(&s->calls); }

/* ---- X18: registration and stop against cancel ----------------------------------------------------------- */

static void stop_cancel(void *state, unsigned who) {
    struct state *s = state;
    if (serves(s, who)) return;
    struct weir_model_op *op = weir_model_begin(who ? "cancel" : "after_func, stop, free", 0);
    if (who == 0) {
        weir_model_write(&s->plain, sizeof s->plain);
        s->plain = 1;
        weir_model_check(weir_ctx_after_func(s->ctx, count, s, &s->a) == 0);
        weir_init_atomic(&s->stopped, (uint32_t)weir_after_func_stop(s->a));
        weir_after_func_free(s->a);
    } else {
        weir_model_check(weir_ctx_cancel(s->ctx, 0) == 0);
    }
    weir_model_end(op, 0);
    through(s);
}

static void xor_finish(void *state) {
    struct state *s = state;
    weir_model_check(calls(s) + weir_load_relaxed(&s->stopped) == 1);
    weir_ctx_unref(s->ctx);
}

/* The one registers, then the other cancels; or the deadline comes: in any order, but the function runs. */
static void cancel(void *state, unsigned who) {
    struct state *s = state;
    if (serves(s, who)) return;
    struct weir_model_op *op = weir_model_begin(who ? "cancel" : "after_func", 0);
    if (who == 0) {
        weir_model_write(&s->plain, sizeof s->plain);
        s->plain = 1;
        weir_model_check(weir_ctx_after_func(s->ctx, count, s, NULL) == 0);
    } else {
        weir_model_check(weir_ctx_cancel(s->ctx, 0) == 0);
    }
    weir_model_end(op, 0);
    through(s);
}

static void once_finish(void *state) {
    struct state *s = state;
    weir_model_check(calls(s) == 1);
    weir_ctx_unref(s->ctx);
}

/* ---- T08: a timer's function against stop, reset and free ------------------------------------------------- */

static void timer(void *state, unsigned who) {
    struct state *s = state;
    if (serves(s, who)) return;
    struct weir_model_op *op = weir_model_begin("new_func, stop, free", 0);
    weir_model_write(&s->plain, sizeof s->plain);
    s->plain = 1;
    weir_model_check(weir_timer_new_func(&s->t, AT, count, s) == 0);
    weir_init_atomic(&s->stopped, (uint32_t)weir_timer_stop(s->t));
    weir_model_check(weir_timer_free(s->t) == 0);
    weir_model_end(op, 0);
    through(s);
}

/* It is set to a time that may have come; then to now; how often it is called, reset has said. */
static void timer_reset(void *state, unsigned who) {
    struct state *s = state;
    if (serves(s, who)) return;
    struct weir_model_op *op = weir_model_begin("new_func, reset", 0);
    weir_model_write(&s->plain, sizeof s->plain);
    s->plain = 1;
    weir_model_check(weir_timer_new_func(&s->t, AT, count, s) == 0);
    s->was_set = weir_timer_reset(s->t, 1);
    while (calls(s) < (s->was_set ? 1 : 2)) weir_pause();
    weir_model_check(weir_timer_free(s->t) == 0);
    weir_model_end(op, 0);
    through(s);
}

static void reset_finish(void *state) {
    struct state *s = state;
    weir_model_check(calls(s) == (s->was_set ? 1 : 2));
    weir_ctx_unref(s->ctx);
}

/* ---- a function that waits for another: the lead has been handed on ----------------------------------------- */

static void wait_for_other(void *state) {
    struct state *s = state;
    uint32_t mine = weir_fetch_add_relaxed(&s->calls, 1);
    if (mine == 1) weir_model_futex_wake(&s->calls.v_, 1);
    while (weir_load_relaxed(&s->calls) < 2)
        (void)weir_model_futex_wait(&s->calls.v_, 1, WEIR_FOREVER);
    through(s);
}

static void both_wait(void *state, unsigned who) {
    struct state *s = state;
    if (serves(s, who)) return;
    struct weir_model_op *op = weir_model_begin("after_func, after_func, cancel", 0);
    (void)weir_fetch_add_relaxed(&s->users, 2); /* the functions */
    weir_model_check(weir_ctx_after_func(s->ctx, wait_for_other, s, NULL) == 0);
    weir_model_check(weir_ctx_after_func(s->ctx, wait_for_other, s, NULL) == 0);
    weir_model_check(weir_ctx_cancel(s->ctx, 0) == 0);
    weir_model_end(op, 0);
    through(s);
}

static void both_finish(void *state) {
    struct state *s = state;
    weir_model_check(calls(s) == 2);
    weir_ctx_unref(s->ctx);
}

/* No second thread is given: they run one after the other. */
static void count_two(void *state) {
    (void)weir_fetch_add_relaxed(&((struct state *)state)->calls, 1);
}

static void refused(void *state, unsigned who) {
    struct state *s = state;
    if (serves(s, who)) return;
    struct weir_model_op *op = weir_model_begin("after_func, after_func, cancel", 0);
    int rc[2];
    for (int i = 0; i < 2; i++) rc[i] = weir_ctx_after_func(s->ctx, count_two, s, NULL);
    weir_model_check(rc[0] == 0);
    weir_model_check(rc[1] == 0 || rc[1] == WEIR_ENOMEM); /* the one thread may be at work */
    s->plain = rc[1] == 0 ? 2 : 1;
    weir_model_check(weir_ctx_cancel(s->ctx, 0) == 0);
    weir_model_end(op, 0);
    through(s);
}

/* The context has ended, so that the first runs at once; the second is refused a thread while the first comes back:
 * the thread ends all the same. */
static void refused_ended(void *state, unsigned who) {
    struct state *s = state;
    if (serves(s, who)) return;
    struct weir_model_op *op = weir_model_begin("cancel, after_func, after_func", 0);
    weir_model_check(weir_ctx_cancel(s->ctx, 0) == 0);
    for (int i = 0; i < 2; i++) s->plain += weir_ctx_after_func(s->ctx, count_two, s, NULL) == 0;
    weir_model_end(op, 0);
    through(s);
}

static void refused_finish(void *state) {
    struct state *s = state;
    weir_model_check(calls(s) == s->plain);
    weir_ctx_unref(s->ctx);
}

/* ---- X21: the function cancels, derives, gives back ---------------------------------------------------------- */

static void inside(void *state) {
    struct state *s = state;
    weir_ctx *child;
    weir_model_check(weir_ctx_new(&child, s->ctx, WEIR_FOREVER) == 0);
    weir_model_check(weir_ctx_err(child) != 0);
    weir_model_check(weir_ctx_cancel(s->ctx, 0) == 0);
    weir_ctx_unref(child);
    (void)weir_fetch_add_relaxed(&s->calls, 1);
}

static void cancel_inside(void *state, unsigned who) {
    struct state *s = state;
    if (serves(s, who)) return;
    struct weir_model_op *op = weir_model_begin(who ? "cancel" : "after_func", 0);
    if (who == 0)
        weir_model_check(weir_ctx_after_func(s->ctx, inside, s, NULL) == 0);
    else
        weir_model_check(weir_ctx_cancel(s->ctx, 0) == 0);
    weir_model_end(op, 0);
    through(s);
}

static const struct shape one = { 1, false }, two = { 2, false }, late = { 1, true };

#define SCENARIO(var, name_, about_, threads_, shape_, thread_, finish_)                \
    static const struct weir_model_scenario var = { .name = name_,                      \
                                                    .about = about_,                    \
                                                    .threads = threads_,                \
                                                    .param = &(shape_),                 \
                                                    .state_size = sizeof(struct state), \
                                                    .setup = setup,                     \
                                                    .thread = thread_,                  \
                                                    .finish = finish_,                  \
                                                    .options = "timeouts=1" }
SCENARIO(stop_, "after.stop", "after-func and its stop against a cancel", 3, one, stop_cancel,
         xor_finish);
SCENARIO(stop_late_, "after.stop.deadline", "the same, and the deadline", 3, late, stop_cancel,
         xor_finish);
SCENARIO(cancel_, "after.cancel", "after-func against a cancel: it runs once", 3, one, cancel,
         once_finish);
SCENARIO(deadline_, "after.deadline", "the same, and the deadline", 3, late, cancel, once_finish);
SCENARIO(timer_, "after.timer", "a timer's function against stop and free", 2, one, timer,
         xor_finish);
SCENARIO(reset_, "after.timer.reset", "a timer's function against reset", 2, one, timer_reset,
         reset_finish);
SCENARIO(both_, "after.both", "two functions that wait for each other", 3, two, both_wait,
         both_finish);
SCENARIO(refused_, "after.refused", "two functions, and one thread for both", 2, one, refused,
         refused_finish);
SCENARIO(refused_ended_, "after.refused.ended", "two functions at once, and one thread for both", 2,
         one, refused_ended, refused_finish);
SCENARIO(inside_, "after.inside", "a function that cancels and derives from its context", 3, one,
         cancel_inside, once_finish);

const struct weir_model_scenario *const after_scenarios[] = {
    &stop_, &stop_late_, &cancel_, &deadline_,      &timer_, &reset_,
    &both_, &refused_,   &inside_, &refused_ended_, NULL
};
