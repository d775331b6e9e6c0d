/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/once.c - callers of a once against each other. Each thread makes the calls of its word:
 * O do, o do unless the call before has found it done, V value, T do with a deadline, N do without waiting, @
 * do with the context, X cancels; F: the thread frees the once if its last call has found it done by another. */
#include <weir/ctx.h>
#include <weir/once.h>

#include "../../../lib/thread.h"
#include "../engine.h"
#include "all.h"

#define DEADLINE INT64_C(1000500000)
#define FAILED (-5)

struct state {
    weir_once *once;
    weir_ctx *ctx;
    weir_au64 runs;
    unsigned runner;
    uint64_t plain;
};

struct once_case {
    const char *program[EX_THREADS];
};

static void register_thread(void *arg) {
    (void)arg;
    (void)weir__thread_self();
}

static void setup(void *state) {
    struct state *s = state;
    for (unsigned i = 0; i < E.sc->threads; i++) weir_model_as(i, register_thread, NULL);
    s->once = weir_model_alloc(sizeof *s->once, _Alignof(weir_once));
    weir_model_check(s->once != NULL);
    *s->once = (weir_once)WEIR_ONCE_INIT;
    weir_model_check(weir_ctx_new(&s->ctx, NULL, WEIR_FOREVER) == 0);
}

/* The function: runs once, and is not over at once; to call it again from within is a deadlock. */
static void fn(void *state) {
    struct state *s = state;
    s->runner = weir_model_thread();
    weir_model_check(weir_fetch_add_relaxed(&s->runs, 1) == 0);
    weir_model_write(&s->plain, sizeof s->plain);
    s->plain = 1;
    weir_model_check(weir_once_do(s->once, fn, s) == WEIR_EDEADLK);
}

static int value_fn(void *state, void **value) {
    fn(state);
    *value = &((struct state *)state)->plain;
    return FAILED;
}

static int call(struct state *s, char letter) {
    void *value = NULL;
    weir_ctx *ctx = letter == '@' ? s->ctx : NULL;
    weir_time until = letter == 'T' ? DEADLINE : letter == 'N' ? WEIR_NOW : WEIR_FOREVER;
    if (letter != 'V') return weir_once_do_wait(s->once, fn, s, until, ctx);
    int rc = weir_once_value(s->once, value_fn, s, &value);
    weir_model_check((rc == FAILED && value == &s->plain) || (rc == 0 && !value));
    return 0;
}

static void check_done(struct state *s) {
    weir_model_check(weir_load_relaxed(&s->runs) == 1);
    weir_model_read(&s->plain, sizeof s->plain);
    weir_model_check(s->plain == 1);
}

static bool may_say(char letter, int rc) {
    return rc == 0 || (letter == 'T' && rc == WEIR_ETIMEDOUT) ||
           (letter == 'N' && rc == WEIR_EBUSY) || (letter == '@' && rc == WEIR_ECANCELED);
}

static void thread(void *state, unsigned who) {
    struct state *s = state;
    const struct once_case *c = weir_model_param();
    int rc = WEIR_EINVAL;
    for (const char *p = c->program[who]; *p; p++) {
        if (*p == 'F') {
            if (rc != 0 || s->runner == who) continue;
            weir_model_free(s->once);
            s->once = NULL;
            continue;
        }
        if (*p == 'o' && rc == 0) continue;
        struct weir_model_op *op = weir_model_begin(*p == 'X' ? "cancel" : "do", 0);
        rc = *p == 'X' ? weir_ctx_cancel(s->ctx, 0) : call(s, *p);
        weir_model_end(op, rc);
        weir_model_check(may_say(*p, rc));
        if (*p != 'X' && rc == 0) check_done(s);
    }
}

static void finish(void *state) {
    struct state *s = state;
    if (s->once) {
        weir_model_check(weir_once_is_done(s->once));
        weir_model_check(!s->once->queue_.first && s->once->lock_.v_ == 0);
        weir_model_free(s->once);
    }
    weir_ctx_unref(s->ctx);
}

#define ONCE(var, name_, threads_, ...)                             \
    static const struct once_case var##_case = { { __VA_ARGS__ } }; \
    static const struct weir_model_scenario var = {                 \
        .name = name_,                                              \
        .about = #__VA_ARGS__,                                      \
        .threads = threads_,                                        \
        .param = &var##_case,                                       \
        .state_size = sizeof(struct state),                         \
        .setup = setup,                                             \
        .thread = thread,                                           \
        .finish = finish,                                           \
    }
ONCE(two, "once.two", 2, "OO", "OV");
ONCE(three, "once.three", 3, "O", "V", "V");
ONCE(late, "once.late", 3, "O", "T", "TO");
ONCE(now, "once.now", 3, "O", "NN", "N");
ONCE(cancel, "once.cancel", 3, "O", "@", "X");
ONCE(free_it, "once.free", 2, "OF", "OF");
ONCE(free_late, "once.free.late", 2, "ToF", "ToF");
ONCE(free_three, "once.free.late.beside", 3, "O", "ToF", "X");

const struct weir_model_scenario *const once_scenarios[] = { &two,       &three,      &late,
                                                             &now,       &cancel,     &free_it,
                                                             &free_late, &free_three, NULL };
