/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/ctx.c - contexts and channels by themselves: what came before a cancel is seen by
 * who is told of it, and the last reference is given back after all that the others did. */
#include <weir/chan.h>
#include <weir/ctx.h>

#include "../engine.h"
#include "all.h"

/* Half a millisecond after the start: passes only by choice. */
#define DEADLINE INT64_C(1000500000)
#define CAUSE (-7)

struct state {
    weir_ctx *ctx, *child[2];
    bool cancelled;
    weir_chan *chan;
    uint64_t plain;
};

static void setup(void *state) {
    struct state *s = state;
    weir_model_check(weir_ctx_new(&s->ctx, weir_ctx_background(), DEADLINE) == 0);
}

static void finish(void *state) { weir_ctx_unref(((struct state *)state)->ctx); }

/* ---- cancel happens-before the call that reports it ------------------------------------------------------- */

static bool says_err(weir_ctx *c) { return weir_ctx_err(c) == WEIR_ECANCELED; }
/* Also where the deadline has passed while the canceller was at work. */
static bool says_cause(weir_ctx *c) { return weir_ctx_cause(c) == CAUSE; }

struct verb {
    bool (*told)(weir_ctx *c);
    const char *name;
};
static const struct verb err = { says_err, "err" }, cause = { says_cause, "cause" };

static void cancel_thread(void *state, unsigned who) {
    struct state *s = state;
    const struct verb *v = weir_model_param();
    struct weir_model_op *op = weir_model_begin(who ? v->name : "write, cancel", 0);
    if (who == 0) {
        weir_model_write(&s->plain, sizeof s->plain);
        s->plain = 1;
        weir_model_check(weir_ctx_cancel(s->ctx, CAUSE) == 0);
    } else if (v->told(s->ctx)) {
        weir_model_read(&s->plain, sizeof s->plain);
        weir_model_check(s->plain == 1);
    }
    weir_model_end(op, 0);
}

#define CANCEL(var, name_, verb_)                                       \
    static const struct weir_model_scenario var = {                     \
        .name = name_,                                                  \
        .about = "what the canceller did is seen by who is told of it", \
        .threads = 2,                                                   \
        .param = &(verb_),                                              \
        .state_size = sizeof(struct state),                             \
        .setup = setup,                                                 \
        .thread = cancel_thread,                                        \
        .finish = finish,                                               \
    }
CANCEL(cancel_err, "ctx.cancel.err", err);
CANCEL(cancel_cause, "ctx.cancel.cause", cause);

/* ---- the last reference -------------------------------------------------------------------------------------- */

static void ctx_setup(void *state) {
    struct state *s = state;
    weir_model_check(weir_ctx_new(&s->ctx, weir_ctx_background(), WEIR_FOREVER) == 0);
    (void)weir_ctx_ref(s->ctx);
}

static void ctx_thread(void *state, unsigned who) {
    struct state *s = state;
    struct weir_model_op *op = weir_model_begin("look, unref", 0);
    (void)who;
    weir_model_check(weir_ctx_err(s->ctx) == 0);
    weir_ctx_unref(s->ctx);
    weir_model_end(op, 0);
}

static void chan_setup(void *state) {
    struct state *s = state;
    struct weir_chan_opts o = WEIR_CHAN_OPTS(1, sizeof(uint64_t));
    weir_model_check(weir_chan_new(&s->chan, &o) == 0);
    (void)weir_chan_ref(s->chan);
}

static void chan_thread(void *state, unsigned who) {
    struct state *s = state;
    uint64_t v = who;
    struct weir_model_op *op = weir_model_begin("try, unref", 0);
    (void)(who ? weir_chan_try_recv(s->chan, &v) : weir_chan_try_send(s->chan, &v));
    weir_model_check(weir_chan_unref(s->chan) == 0);
    weir_model_end(op, 0);
}

/* ---- X05, X08: a child that is made while its parent is cancelled ---------------------------------------------- */

static void child_setup(void *state) {
    weir_model_check(weir_ctx_new(&((struct state *)state)->ctx, NULL, WEIR_FOREVER) == 0);
}

static void child_thread(void *state, unsigned who) {
    struct state *s = state;
    struct weir_model_op *op = weir_model_begin(who ? "new, ended" : "cancel", 0);
    if (who == 0) {
        weir_model_check(weir_ctx_cancel(s->ctx, CAUSE) == 0);
        s->cancelled = true;
    } else {
        bool before = s->cancelled; /* then it is born ended */
        weir_model_check(weir_ctx_new(&s->child[who - 1], s->ctx, WEIR_FOREVER) == 0);
        int ended = weir_ctx_err(s->child[who - 1]);
        weir_model_check(ended == WEIR_ECANCELED || (ended == 0 && !before));
    }
    weir_model_end(op, 0);
}

static void child_finish(void *state) {
    struct state *s = state;
    for (int i = 0; i < 2; i++) {
        weir_model_check(weir_ctx_err(s->child[i]) == WEIR_ECANCELED);
        weir_model_check(weir_ctx_cause(s->child[i]) == CAUSE);
        weir_ctx_unref(s->child[i]);
    }
    finish(state);
}
static const struct weir_model_scenario ctx_child = {
    .name = "ctx.child",
    .about = "two children are made while their parent is cancelled",
    .threads = 3,
    .state_size = sizeof(struct state),
    .setup = child_setup,
    .thread = child_thread,
    .finish = child_finish,
};

/* ---- X06: a child without a deadline of its own has its parent's error ------------------------------------------ */

static weir_ctx *kid;
static void kid_setup(void *state) {
    static int key;
    setup(state);
    weir_model_check(weir_ctx_with_value(&kid, ((struct state *)state)->ctx, &key, &key) == 0);
}
static void kid_thread(void *state, unsigned who) {
    struct state *s = state;
    struct weir_model_op *op = weir_model_begin(who ? "time" : "cancel", 0);
    if (who == 0)
        weir_model_check(weir_ctx_cancel(s->ctx, CAUSE) == 0);
    else
        (void)weir_now();
    weir_model_end(op, 0);
}
static void kid_finish(void *state) {
    struct state *s = state;
    int own = weir_ctx_err(s->ctx), kid_err = weir_ctx_err(kid);
    int c = weir_ctx_cause(s->ctx), kid_cause = weir_ctx_cause(kid);
    weir_ctx_unref(kid);
    finish(state);
    weir_model_check(own == kid_err);
    weir_model_check(c == kid_cause);
}
static const struct weir_model_scenario ctx_kid = {
    .name = "ctx.kid",
    .about = "cancel while the deadline passes: a value child ends as its parent did",
    .threads = 2,
    .state_size = sizeof(struct state),
    .setup = kid_setup,
    .thread = kid_thread,
    .finish = kid_finish,
    .options = "timeouts=1",
};

static const struct weir_model_scenario ctx_unref = {
    .name = "ctx.unref",
    .about = "two threads use a context and give it back",
    .threads = 2,
    .state_size = sizeof(struct state),
    .setup = ctx_setup,
    .thread = ctx_thread,
};
static const struct weir_model_scenario chan_unref = {
    .name = "chan.unref",
    .about = "two threads use a channel and give it back",
    .threads = 2,
    .state_size = sizeof(struct state),
    .setup = chan_setup,
    .thread = chan_thread,
};

const struct weir_model_scenario *const ctx_scenarios[] = { &cancel_err, &cancel_cause, &ctx_unref,
                                                            &ctx_child,  &ctx_kid,      &chan_unref,
                                                            NULL };
