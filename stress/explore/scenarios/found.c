/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/found.c - faults that a reader of the code found and no table had shown; each kept
 * as a scenario of its own. */
#include <weir/chan.h>
#include <weir/mpmc.h>
#include <weir/mutex_ring.h>

#include "../../../lib/thread.h"
#include "../engine.h"
#include "all.h"

/* Half a millisecond after the start: passes only by choice, or when everybody sleeps. */
#define DEADLINE INT64_C(1000500000)

struct state {
    weir_ctx *ctx;
    weir_mutex_ring *ring;
    weir_mpmc *mpmc;
    weir_chan *chan, *other;
    uint64_t got;
    int rc;
};

/* What a scenario is made from: whether its context has a deadline; or what the waiters want, and what makes one
 * of them ready. */
struct kind {
    bool late;
    const char *wait_name, *serve_name;
    int (*wait)(struct state *s, uint64_t *v, weir_ctx *ctx);
    int (*serve)(struct state *s, uint64_t *v);
    int (*close)(struct state *s);
};

static void register_thread(void *arg) {
    (void)arg;
    (void)weir__thread_self();
}

static void setup(void *state) {
    struct state *s = state;
    struct weir_ring_opts r = WEIR_RING_OPTS(1, sizeof(uint64_t));
    struct weir_chan_opts c = WEIR_CHAN_OPTS(1, sizeof(uint64_t));
    const struct kind *kind = weir_model_param();
    bool late = kind && kind->late;
    for (unsigned i = 0; i < E.sc->threads; i++) weir_model_as(i, register_thread, NULL);
    weir_model_check(weir_ctx_new(&s->ctx, NULL, late ? DEADLINE : WEIR_FOREVER) == 0);
    weir_model_check(weir_mutex_ring_new(&s->ring, &r) == 0);
    weir_model_check(weir_mpmc_new(&s->mpmc, &r) == 0);
    weir_model_check(weir_chan_new(&s->chan, &c) == 0);
}

static void finish(void *state) {
    struct state *s = state;
    weir_ctx_unref(s->ctx);
    weir_model_check(weir_mutex_ring_free(s->ring) == 0);
    weir_model_check(weir_mpmc_free(s->mpmc) == 0);
    weir_model_check(weir_chan_unref(s->chan) == 0);
}

/* ---- X04 X11: the canceller has read the clock, the deadline passes, a reader looks ------------------------ */

static void stable(void *state, unsigned who) {
    struct state *s = state;
    struct weir_model_op *op = weir_model_begin(who ? "err, err, cause" : "cancel", 0);
    int rc = 0;
    if (who == 0) {
        rc = weir_ctx_cancel(s->ctx, -7);
    } else {
        rc = weir_ctx_err(s->ctx);
        if (rc) {
            weir_model_check(weir_ctx_err(s->ctx) == rc);
            weir_model_check(weir_ctx_cause(s->ctx) == (rc == WEIR_ECANCELED ? -7 : rc));
        }
    }
    weir_model_end(op, rc);
}

/* ---- S02: there is always something to receive, but not always in the same channel --------------------------- */

static void moving_setup(void *state) {
    struct state *s = state;
    struct weir_chan_opts c = WEIR_CHAN_OPTS(1, sizeof(uint64_t));
    uint64_t v = 1;
    setup(state);
    c.kind = WEIR_CHAN_STRICT;
    weir_model_check(weir_chan_unref(s->chan) == 0);
    weir_model_check(weir_chan_new(&s->chan, &c) == 0);
    weir_model_check(weir_chan_new(&s->other, &c) == 0);
    weir_model_check(weir_chan_try_send(s->chan, &v) == 0);
}

static void moving(void *state, unsigned who) {
    struct state *s = state;
    uint64_t v = 2;
    struct weir_model_op *op = weir_model_begin(who ? "send b, recv a" : "select now", 0);
    int rc = 0;
    if (who == 0) {
        struct weir_case c[] = { WEIR_CASE_RECV(s->other, &v), WEIR_CASE_RECV(s->chan, &v) };
        rc = (int)weir_select(c, 2, WEIR_NOW, NULL, WEIR_SELECT_PRIORITY);
        weir_model_check(rc == 0 || rc == 1);
    } else {
        weir_model_check(weir_chan_try_send(s->other, &v) == 0);
        rc = weir_chan_try_recv(s->chan, &v); /* unless the select has taken it */
    }
    weir_model_end(op, rc);
}

static void moving_finish(void *state) {
    weir_model_check(weir_chan_unref(((struct state *)state)->other) == 0);
    finish(state);
}

/* ---- a wait whose inherited deadline has passed, and a cancel of the tree: each has what the other wants ------ */

static void inherits(void *state, unsigned who) {
    struct state *s = state;
    struct weir_model_op *op = weir_model_begin(who ? "cancel" : "pop", 0);
    int rc = 0;
    if (who == 0) {
        weir_ctx *child;
        uint64_t v;
        weir_model_check(weir_ctx_new(&child, s->ctx, WEIR_FOREVER) == 0);
        rc = s->other ? weir_chan_recv_wait(s->other, &v, WEIR_FOREVER, child)
                      : weir_mutex_ring_pop_wait(s->ring, &v, WEIR_FOREVER, child);
        weir_model_check(rc == weir_ctx_err(child) && rc != 0);
        weir_ctx_unref(child);
    } else {
        rc = weir_ctx_cancel(s->ctx, 0);
    }
    weir_model_end(op, rc);
}

/* A rendezvous of the mutex kind. */
static void meeting_setup(void *state) {
    struct weir_chan_opts c = WEIR_CHAN_OPTS(0, sizeof(uint64_t));
    c.kind = WEIR_CHAN_MUTEX;
    setup(state);
    weir_model_check(weir_chan_new(&((struct state *)state)->other, &c) == 0);
}

/* ---- a popper (pusher) whose context's deadline passes takes no signal along ------------------------------- */

static void signal_pop(void *state, unsigned who) {
    struct state *s = state;
    uint64_t v = 7;
    struct weir_model_op *op = weir_model_begin(who == 2 ? "push" : "pop", 0);
    int rc = who == 2 ? weir_mutex_ring_push_wait(s->ring, &v, WEIR_FOREVER, NULL)
                      : weir_mutex_ring_pop_wait(s->ring, &v, WEIR_FOREVER, who ? NULL : s->ctx);
    if (who == 0 && rc == 0) (void)weir_mutex_ring_close(s->ring); /* lets the other go */
    weir_model_end(op, rc);
}

static void full_setup(void *state) {
    uint64_t v = 1;
    setup(state);
    weir_model_check(weir_mutex_ring_try_push(((struct state *)state)->ring, &v) == 0);
    weir_model_check(weir_mpmc_try_push(((struct state *)state)->mpmc, &v) == 0);
}

static void signal_push(void *state, unsigned who) {
    struct state *s = state;
    uint64_t v = 7;
    struct weir_model_op *op = weir_model_begin(who == 2 ? "pop" : "push", 0);
    int rc = who == 2 ? weir_mutex_ring_pop_wait(s->ring, &v, WEIR_FOREVER, NULL)
                      : weir_mutex_ring_push_wait(s->ring, &v, WEIR_FOREVER, who ? NULL : s->ctx);
    if (who == 0 && rc == 0) (void)weir_mutex_ring_close(s->ring);
    weir_model_end(op, rc);
}

/* ---- X23: told to try, and cancelled before it tries: what was sent after the cancel is not taken ----------- */

/* Without preemptions: between its look at the context and its claim nothing can be promised. */

static void told(void *state, unsigned who) {
    struct state *s = state;
    uint64_t v = 0;
    struct weir_model_op *op = weir_model_begin(who ? "send 1, recv, cancel, send 2" : "recv", 0);
    if (who == 0) {
        s->rc = weir_chan_recv_wait(s->chan, &v, WEIR_FOREVER, s->ctx);
        s->got = v;
    } else {
        v = 1;
        (void)!weir_chan_try_send(s->chan, &v);
        (void)!weir_chan_try_recv(s->chan, &v);
        weir_model_check(weir_ctx_cancel(s->ctx, 0) == 0);
        v = 2;
        (void)!weir_chan_try_send(s->chan, &v);
    }
    weir_model_end(op, 0);
}

/* ---- woken, then cancelled: the wake-up goes to another (MPMC_Q3, MPMC_Q4, CHAN_Q2) -------------------------- */

static int wait_pop(struct state *s, uint64_t *v, weir_ctx *ctx) {
    return weir_mpmc_pop_wait(s->mpmc, v, WEIR_FOREVER, ctx);
}
static int wait_push(struct state *s, uint64_t *v, weir_ctx *ctx) {
    return weir_mpmc_push_wait(s->mpmc, v, WEIR_FOREVER, ctx);
}
static int wait_recv(struct state *s, uint64_t *v, weir_ctx *ctx) {
    return weir_chan_recv_wait(s->chan, v, WEIR_FOREVER, ctx);
}
static int do_push(struct state *s, uint64_t *v) { return weir_mpmc_try_push(s->mpmc, v); }
static int do_pop(struct state *s, uint64_t *v) { return weir_mpmc_try_pop(s->mpmc, v); }
static int do_send(struct state *s, uint64_t *v) { return weir_chan_try_send(s->chan, v); }
static int close_ring(struct state *s) { return weir_mpmc_close(s->mpmc); }
static int close_chan(struct state *s) { return weir_chan_close(s->chan); }

static const struct kind pops = { false, "pop", "push, cancel", wait_pop, do_push, close_ring };
static const struct kind pushes = { false, "push", "pop, cancel", wait_push, do_pop, close_ring };
static const struct kind recvs = { false, "recv", "send, cancel", wait_recv, do_send, close_chan };

/* Thread 0 waits with the context, 1 without; 2 makes one of them ready and cancels. If 0 was served it closes, so
 * that 1 can end. */
static void woken(void *state, unsigned who) {
    const struct kind *p = weir_model_param();
    struct state *s = state;
    uint64_t v = 7;
    struct weir_model_op *op = weir_model_begin(who == 2 ? p->serve_name : p->wait_name, 0);
    int rc;
    if (who == 2) {
        rc = p->serve(s, &v);
        (void)weir_ctx_cancel(s->ctx, 0);
    } else {
        rc = p->wait(s, &v, who ? NULL : s->ctx);
        if (who == 0 && rc == 0) (void)p->close(s);
    }
    weir_model_end(op, rc);
}

static void told_finish(void *state) {
    struct state *s = state;
    weir_model_check(s->rc != 0 || s->got == 1);
    finish(state);
}

static const struct kind late = { .late = true };

#define FOUND(var, name_, about_, threads_, setup_, thread_, finish_, kind_, options_)  \
    static const struct weir_model_scenario var = { .name = name_,                      \
                                                    .about = about_,                    \
                                                    .threads = threads_,                \
                                                    .param = kind_,                     \
                                                    .state_size = sizeof(struct state), \
                                                    .setup = setup_,                    \
                                                    .thread = thread_,                  \
                                                    .finish = finish_,                  \
                                                    .options = options_ }
FOUND(stable_, "ctx.stable", "an error that was seen stays", 2, setup, stable, finish, &late,
      "timeouts=2");
FOUND(pop_, "mutex_ring.ctx.pop", "a popper whose context is late leaves its signal to another", 3,
      setup, signal_pop, finish, &late, "timeouts=1");
FOUND(push_, "mutex_ring.ctx.push", "a pusher whose context is late leaves its signal to another",
      3, full_setup, signal_push, finish, &late, "timeouts=1");

FOUND(moving_, "chan.select.instant", "a select without a wait, beside an element that moves", 2,
      moving_setup, moving, moving_finish, NULL, NULL);

FOUND(inherits_, "mutex_ring.ctx.inherited", "a popper at an inherited deadline, and a cancel", 2,
      setup, inherits, finish, &late, "timeouts=1");
FOUND(meeting_, "chan.mutex.inherited", "a receiver at an inherited deadline, and a cancel", 2,
      meeting_setup, inherits, moving_finish, &late, "timeouts=1");

/* Without preemption the receiver looks at its context and tries in one go, so that the cancel is before both. */
static const struct weir_model_scenario told_ = {
    .name = "chan.told.cancel",
    .about = "nothing that was sent after the cancel is received",
    .threads = 2,
    .flags = WEIR_MODEL_FIXED,
    .state_size = sizeof(struct state),
    .setup = setup,
    .thread = told,
    .finish = told_finish,
    .options = "preemptions=0"
};

FOUND(woken_pop_, "mpmc.ctx.pop", "a woken popper that is cancelled wakes another", 3, setup, woken,
      finish, &pops, NULL);
FOUND(woken_push_, "mpmc.ctx.push", "a woken pusher that is cancelled wakes another", 3, full_setup,
      woken, finish, &pushes, NULL);
FOUND(woken_recv_, "chan.mpmc.ctx", "a told receiver that is cancelled tells another", 3, setup,
      woken, finish, &recvs, NULL);

const struct weir_model_scenario *const found_scenarios[] = {
    &stable_, &moving_,    &inherits_,   &meeting_,    &pop_, &push_,
    &told_,   &woken_pop_, &woken_push_, &woken_recv_, NULL
};
