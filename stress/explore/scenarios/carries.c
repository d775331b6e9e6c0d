/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/carries.c - edges that carry what a thread did before, and no element: a close,
 * a hook that is set, and an attach that makes publishers fence. In the first two one thread writes plain
 * memory before, the other reads it after. */
#include <weir/chan.h>
#include <weir/mpmc.h>

#include "../../../lib/thread.h"
#include "../../../queues/mpmc.h"
#include "../engine.h"
#include "all.h"

struct state {
    weir_mpmc *ring;
    uint64_t plain;
    void *mem;
    size_t bytes;
};

static void write_plain(struct state *s) {
    weir_model_write(&s->plain, sizeof s->plain);
    s->plain = 1;
}

static void read_plain(struct state *s) {
    weir_model_read(&s->plain, sizeof s->plain);
    weir_model_check(s->plain == 1);
}

static void register_thread(void *arg) {
    (void)arg;
    (void)weir__thread_self();
}

static void setup(void *state) {
    struct state *s = state;
    for (unsigned i = 0; i < E.sc->threads; i++) weir_model_as(i, register_thread, NULL);
    s->bytes = weir_mpmc_bytes(1, sizeof(uint64_t));
    s->mem = weir_model_alloc(s->bytes, WEIR_LINE);
    weir_model_check(s->mem != NULL);
    weir_model_check(weir_mpmc_init(&s->ring, s->mem, s->bytes, 1, sizeof(uint64_t), 0) == 0);
}

static void finish(void *state) {
    struct state *s = state;
    weir_model_check(weir_mpmc_fini(s->ring, NULL, NULL) == 0);
    weir_model_free(s->mem);
}

/* ---- close happens-before the call that reports it -------------------------------------------------------- */

static bool says_closed(weir_mpmc *r) { return weir_mpmc_is_closed(r); }

static bool push_says_closed(weir_mpmc *r) {
    uint64_t v = 1;
    return weir_mpmc_try_push(r, &v) == WEIR_ECLOSED;
}

static bool pop_says_closed(weir_mpmc *r) {
    uint64_t v = 0;
    return weir_mpmc_try_pop(r, &v) == WEIR_ECLOSED;
}

struct verb {
    bool (*closed)(weir_mpmc *r);
    const char *name;
};
static const struct verb is_closed = { says_closed, "is_closed" };
static const struct verb push = { push_says_closed, "try_push" };
static const struct verb pop = { pop_says_closed, "try_pop" };

static void close_thread(void *state, unsigned who) {
    struct state *s = state;
    const struct verb *v = weir_model_param();
    struct weir_model_op *op = weir_model_begin(who ? v->name : "write, close", 0);
    if (who == 0) {
        write_plain(s);
        weir_model_check(weir_mpmc_close(s->ring) == 0);
    } else if (v->closed(s->ring)) {
        read_plain(s);
    }
    weir_model_end(op, 0);
}

#define CLOSE(var, name_, verb_)                                     \
    static const struct weir_model_scenario var = {                  \
        .name = name_,                                               \
        .about = "what the closer did is seen by who is told of it", \
        .threads = 2,                                                \
        .param = &(verb_),                                           \
        .state_size = sizeof(struct state),                          \
        .setup = setup,                                              \
        .thread = close_thread,                                      \
        .finish = finish,                                            \
    }
CLOSE(close_flag, "carries.close.is_closed", is_closed);
CLOSE(close_push, "carries.close.push", push);
CLOSE(close_pop, "carries.close.pop", pop);

/* ---- the same of an spsc channel, whose word for it is another ---------------------------------------------- */

struct chan_state {
    weir_chan *chan;
    uint64_t plain;
};

static bool chan_says_closed(weir_chan *c) { return weir_chan_is_closed(c); }
static bool recv_says_closed(weir_chan *c) {
    uint64_t v = 0;
    return weir_chan_try_recv(c, &v) == WEIR_ECLOSED;
}

struct chan_verb {
    bool (*closed)(weir_chan *c);
    const char *name;
};
static const struct chan_verb chan_flag = { chan_says_closed, "is_closed" };
static const struct chan_verb chan_recv = { recv_says_closed, "try_recv" };

static void chan_setup(void *state) {
    struct weir_chan_opts o = WEIR_CHAN_OPTS(1, sizeof(uint64_t));
    o.kind = WEIR_CHAN_SPSC;
    weir_model_check(weir_chan_new(&((struct chan_state *)state)->chan, &o) == 0);
}

static void chan_close_thread(void *state, unsigned who) {
    struct chan_state *s = state;
    const struct chan_verb *v = weir_model_param();
    struct weir_model_op *op = weir_model_begin(who ? v->name : "write, close", 0);
    if (who == 0) {
        weir_model_write(&s->plain, sizeof s->plain);
        s->plain = 1;
        weir_model_check(weir_chan_close(s->chan) == 0);
    } else if (v->closed(s->chan)) {
        weir_model_read(&s->plain, sizeof s->plain);
        weir_model_check(s->plain == 1);
    }
    weir_model_end(op, 0);
}

static void chan_finish(void *state) {
    weir_model_check(weir_chan_unref(((struct chan_state *)state)->chan) == 0);
}

#define CHAN_CLOSE(var, name_, verb_)                                \
    static const struct weir_model_scenario var = {                  \
        .name = name_,                                               \
        .about = "what the closer did is seen by who is told of it", \
        .threads = 2,                                                \
        .param = &(verb_),                                           \
        .state_size = sizeof(struct chan_state),                     \
        .setup = chan_setup,                                         \
        .thread = chan_close_thread,                                 \
        .finish = chan_finish,                                       \
    }
CHAN_CLOSE(chan_close_flag, "carries.chan.close.is_closed", chan_flag);
CHAN_CLOSE(chan_close_recv, "carries.chan.close.recv", chan_recv);

/* ---- a hook is called with what was set up for it --------------------------------------------------------- */

static struct state *of_hook;

static void on_point(const char *name) {
    (void)name;
    read_plain(of_hook);
}

static void hook_setup(void *state) { of_hook = state; }

/* weir__point by itself: WEIR_POINT of the model build is a row of the printed table. */
static void hook_thread(void *state, unsigned who) {
    struct weir_model_op *op = weir_model_begin(who ? "pass a point" : "write, set the hook", 0);
    if (who == 0) {
        write_plain(state);
        weir_set_point_hook(on_point);
    } else {
        weir__point("carries.point");
    }
    weir_model_end(op, 0);
}

static const struct weir_model_scenario hook = {
    .name = "carries.hook",
    .about = "a hook is set while another thread passes a point",
    .threads = 2,
    .state_size = sizeof(struct state),
    .setup = hook_setup,
    .thread = hook_thread,
};

/* ---- a ring of a process that had membarrier, found by one that has not ----------------------------------- */

static void attach_setup(void *state) {
    struct state *s = state;
    setup(state);
    weir_model_check(!weir__asymmetric());
    weir_init_atomic(&s->ring->waiters_, 0); /* as the other process has left it */
}

static void attach_thread(void *state, unsigned who) {
    struct state *s = state;
    weir_mpmc *r = NULL;
    uint64_t v = 7;
    struct weir_model_op *op = weir_model_begin("attach", 0);
    weir_model_end(op, weir_mpmc_attach(&r, s->mem, s->bytes));
    weir_model_check(r == s->ring);
    op = weir_model_begin(who ? "pop" : "push", 0);
    int rc = who ? weir_mpmc_pop_wait(r, &v, WEIR_FOREVER, NULL) : weir_mpmc_try_push(r, &v);
    weir_model_end(op, rc);
    weir_model_check(rc == 0 && v == 7);
}

static const struct weir_model_scenario attach = {
    .name = "carries.attach",
    .about = "two threads find a ring without membarrier, one pushes, one waits",
    .threads = 2,
    .state_size = sizeof(struct state),
    .setup = attach_setup,
    .thread = attach_thread,
    .finish = finish,
    .options = "membarrier=0",
};

const struct weir_model_scenario *const carries_scenarios[] = {
    &close_flag, &close_push, &close_pop, &chan_close_flag, &chan_close_recv, &hook, &attach, NULL
};
