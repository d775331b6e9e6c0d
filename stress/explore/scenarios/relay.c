/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/relay.c - merge and fan-out (flow/merge.c): the relay's task is the last thread's, which an
 * executor of the scenario's hands to it. Each element ends in one place, outputs close after the last one, and who
 * has waited may free. */
#include <weir/merge.h>

#include "../../../lib/thread.h"
#include "../engine.h"
#include "all.h"

struct task {
    weir_task_fn *fn;
    weir_ctx *ctx;
    void *arg;
};

struct state {
    weir_chan *chan[3]; /* merge: in, in, out; fan-out: out, out, in */
    weir_ctx *ctx;
    weir_relay *relay;
    struct task task;
    weir_exec on;
    uint64_t got[3]; /* sums: of what was taken, [2]: dropped */
    bool free;
};

struct shape {
    bool fanout, cancels, frees;
};
static const struct shape *shape(void) { return weir_model_param(); }

static int submit(void *self, weir_task_fn *fn, weir_ctx *ctx, void *arg) {
    struct state *s = self;
    s->task = (struct task){ fn, weir_ctx_ref(ctx), arg };
    return 0;
}

static void dropped(void *elem, void *state) {
    weir_model_read(elem, sizeof(uint64_t));
    ((struct state *)state)->got[2] += *(uint64_t *)elem;
}

static void register_thread(void *arg) {
    (void)arg;
    (void)weir__thread_self();
}

static void setup(void *state) {
    struct state *s = state;
    struct weir_chan_opts c = WEIR_CHAN_OPTS(1, sizeof(uint64_t));
    struct weir_relay_opts o = WEIR_RELAY_OPTS;
    for (unsigned i = 0; i < E.sc->threads; i++) weir_model_as(i, register_thread, NULL);
    c.kind = WEIR_CHAN_STRICT;
    for (int i = 0; i < 3; i++) weir_model_check(weir_chan_new(&s->chan[i], &c) == 0);
    weir_model_check(weir_ctx_new(&s->ctx, NULL, WEIR_FOREVER) == 0);
    s->on = (weir_exec){ submit, s };
    o.ctx = s->ctx;
    o.on = &s->on;
    o.batch = 2;
    o.drop = dropped;
    o.drop_arg = s;
    weir_model_check((shape()->fanout ? weir_fanout(&s->relay, s->chan, 2, s->chan[2], &o)
                                      : weir_merge(&s->relay, s->chan[2], s->chan, 2, &o)) == 0);
}

static void send_and_close(struct state *s, unsigned chan, uint64_t first, uint64_t n) {
    for (uint64_t v = first; v < first + n; v++)
        if (weir_chan_send_wait(s->chan[chan], &v, WEIR_FOREVER, s->ctx) < 0) return;
    (void)weir_chan_close(s->chan[chan]);
}

static void take_all(struct state *s, unsigned chan, unsigned who) {
    uint64_t v, last = 0;
    while (weir_chan_recv(s->chan[chan], &v) == 0) {
        if (shape()->fanout) weir_model_check(v > last);
        last = v;
        s->got[who] += v;
    }
}

static void relay(struct state *s) {
    (void)s->task.fn(s->task.ctx, s->task.arg);
    weir_ctx_unref(s->task.ctx);
}

static void user(struct state *s, unsigned who) {
    const struct shape *p = shape();
    if (p->frees) {
        weir_model_check(weir_relay_free(s->relay) == 0);
        s->relay = NULL;
    } else if (p->cancels) {
        if (who == 0)
            send_and_close(s, 0, 1, 1);
        else
            (void)weir_ctx_cancel(s->ctx, 0);
    } else if (p->fanout) {
        if (who == 0)
            take_all(s, 0, 0);
        else
            send_and_close(s, 2, 1, 2);
    } else if (who < 2) {
        send_and_close(s, who, who + 1, 1);
    } else {
        take_all(s, 2, 0);
    }
}

static void thread(void *state, unsigned who) {
    struct state *s = state;
    bool last = who + 1 == E.sc->threads;
    struct weir_model_op *op = weir_model_begin(last ? "relay" : "use", 0);
    if (last)
        relay(s);
    else
        user(s, who);
    weir_model_end(op, 0);
}

/* What is still inside. */
static uint64_t left(weir_chan *c) {
    uint64_t v = 0;
    return weir_chan_try_recv(c, &v) == 0 ? v : 0;
}

static void finish(void *state) {
    struct state *s = state;
    const struct shape *p = shape();
    uint64_t sum = s->got[0] + s->got[1] + s->got[2];
    if (s->relay) {
        int rc = weir_relay_wait_wait(s->relay, NULL, WEIR_NOW, NULL);
        weir_model_check(rc == (p->cancels ? WEIR_ECANCELED : 0));
        weir_model_check(weir_chan_is_closed(p->fanout ? s->chan[0] : s->chan[2]));
        weir_model_check(weir_relay_free(s->relay) == 0);
    }
    for (int i = 0; i < 3; i++) {
        sum += left(s->chan[i]);
        weir_model_check(weir_chan_unref(s->chan[i]) == 0);
    }
    if (p->cancels)
        weir_model_check(sum <= 1);
    else if (!p->frees)
        weir_model_check(sum == 3 && s->got[2] == 0);
    weir_ctx_unref(s->ctx);
}

#define RELAY(var, name_, about_, threads_, options_, ...)   \
    static const struct shape var##_shape = { __VA_ARGS__ }; \
    static const struct weir_model_scenario var = {          \
        .name = name_,                                       \
        .about = about_,                                     \
        .threads = threads_,                                 \
        .param = &var##_shape,                               \
        .state_size = sizeof(struct state),                  \
        .setup = setup,                                      \
        .thread = thread,                                    \
        .finish = finish,                                    \
        .options = options_,                                 \
    }
RELAY(merge, "relay.merge", "two senders, a receiver, a merge", 4, "preemptions=1",
      .fanout = false);
RELAY(fanout, "relay.fanout", "a sender, a receiver, an output that nobody reads", 3,
      "preemptions=1", .fanout = true);
RELAY(cancel, "relay.cancel", "a sender, a cancel, a merge", 3, NULL, .cancels = true);
RELAY(frees, "relay.free", "freed while its task begins, or runs", 2, NULL, .frees = true);

const struct weir_model_scenario *const relay_scenarios[] = { &merge, &fanout, &cancel, &frees,
                                                              NULL };
