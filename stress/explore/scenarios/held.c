/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/held.c - a channel over the ring with one side held (queues/chan_mpmc.c, I4). To be
 * robbed twice takes more preemptions than a search to the end has; so these begin behind that: thread 0 holds a
 * side, by a node as lib/wait.c makes one, and does what a blocking call does from there on. */
#include <weir/chan.h>

#include "../../../lib/wait.h"
#include "all.h"
#include "chan.h"

struct held_case {
    struct chan_case chan; /* for the oracle */
    uint32_t op;           /* of the holder */
    size_t inside;         /* elements at the start */
};

struct state {
    const struct held_case *c;
    weir_chan *chan;
    struct weir__node node;
    uint64_t value, plain;
};

/* ---- set-up ---------------------------------------------------------------------------------- */

static void register_thread(void *node) {
    ((struct weir__node *)node)->thread = weir__thread_self();
}

static void setup(void *state) {
    struct state *s = state;
    s->c = weir_model_param();
    struct weir_chan_opts o = WEIR_CHAN_OPTS((size_t)s->c->chan.cap[0], sizeof(uint64_t));
    for (unsigned i = E.sc->threads; i-- > 0;) weir_model_as(i, register_thread, &s->node);
    weir_model_check(weir_chan_new(&s->chan, &o) == 0);
    for (uint64_t v = 1; v <= s->c->inside; v++) {
        struct weir_model_op *op = weir_model_begin("try_send", 's');
        op->in[op->nin++] = v;
        weir_model_end(op, weir_chan_try_send(s->chan, &v));
    }
    s->value = 7;
    s->node.on = weir_chan_waitable(s->chan);
    s->node.elem = &s->value;
    s->node.op = s->c->op;
    s->node.robbed = 2;
    s->node.on->ops->hold(s->node.on, &s->node);
    weir_model_check(weir__held(&s->node));
}

/* ---- operations ------------------------------------------------------------------------------ */

static void send(struct state *s, char letter, uint64_t v) {
    struct weir_model_op *op =
        weir_model_begin(letter == 's' ? "try_send" : "send", (unsigned)letter);
    op->in[op->nin++] = v;
    weir_model_end(op,
                   weir_chan_send_wait(s->chan, &v, letter == 's' ? WEIR_NOW : WEIR_FOREVER, NULL));
}

static void recv(struct state *s, char letter) {
    uint64_t v = 0;
    struct weir_model_op *op =
        weir_model_begin(letter == 'r' ? "try_recv" : "recv", (unsigned)letter);
    int rc = weir_chan_recv_wait(s->chan, &v, letter == 'r' ? WEIR_NOW : WEIR_FOREVER, NULL);
    op->out[0] = v;
    op->nout = rc == 0;
    weir_model_end(op, rc);
}

static int attempt(struct state *s) {
    struct weir__call call = { .self = s->node.thread };
    return s->node.on->ops->attempt(s->node.on, &s->node, &call);
}

static void release(struct state *s) { s->node.on->ops->release(s->node.on, &s->node); }

/* The held call: it succeeds. */
static void claim(struct state *s) {
    bool sends = s->c->op == WEIR_SEND;
    struct weir_model_op *op =
        weir_model_begin(sends ? "send, held" : "recv, held", sends ? 'S' : 'R');
    op->in[0] = s->value;
    op->nin = sends;
    int rc = attempt(s);
    release(s);
    op->out[0] = s->value;
    op->nout = !sends;
    weir_model_end(op, rc);
    weir_model_check(rc == 0);
}

static void finish(void *state) {
    struct state *s = state;
    for (size_t left = weir_chan_len(s->chan) + 1; left > 0; left--) recv(s, 'r');
    chan_check(&s->c->chan);
    weir_model_check(weir_chan_unref(s->chan) == 0);
}

/* ---- full and empty (CHAN_M2, CHAN_M8) ------------------------------------------------------- */

/* The holder moves one element and then one more on its side; the other thread two on the other side. Not both of
 * them may be told that they came too late. */
static void sides(void *state, unsigned who) {
    struct state *s = state;
    bool sends = (s->c->op == WEIR_SEND) == (who == 0);
    if (who == 0) claim(s);
    for (unsigned k = 0; k <= who; k++) {
        if (sends)
            send(s, 's', 10 * (who + 1) + k);
        else
            recv(s, 'r');
    }
}

/* ---- a hold that ends unused (CHAN_Q3) ------------------------------------------------------- */

/* Thread 0 gives up. Thread 1 waits; what thread 2 makes ready, it may be told of while it is kept out. */
static void unused(void *state, unsigned who) {
    struct state *s = state;
    bool sends = s->c->op == WEIR_SEND;
    if (who == 0) {
        struct weir_model_op *op = weir_model_begin("release", 0); /* took no case */
        release(s);
        weir_model_end(op, WEIR_ETIMEDOUT);
    } else if (sends == (who == 1)) {
        send(s, who == 1 ? 'S' : 's', 10 * (who + 1));
    } else {
        recv(s, who == 1 ? 'R' : 'r');
    }
}

/* ---- what the closer did before is seen by a holder who is told of the close ----------------- */

static void closing(void *state, unsigned who) {
    struct state *s = state;
    struct weir_model_op *op = weir_model_begin(who ? "write, close" : "attempt, held", 0);
    if (who == 1) {
        weir_model_write(&s->plain, sizeof s->plain);
        s->plain = 1;
        weir_model_check(weir_chan_close(s->chan) == 0);
    } else if (attempt(s) == WEIR_ECLOSED) {
        weir_model_read(&s->plain, sizeof s->plain);
        weir_model_check(s->plain == 1);
    }
    weir_model_end(op, 0);
}

static void closing_finish(void *state) {
    struct state *s = state;
    release(s);
    weir_model_check(weir_chan_unref(s->chan) == 0);
}

/* ---- scenarios ------------------------------------------------------------------------------- */

#define HELD(var, name_, about_, threads_, cap_, inside_, op_, thread_, finish_)            \
    static const struct held_case var##case = { .chan = { .cap = { cap_, -1 } },            \
                                                .op = (op_),                                \
                                                .inside = (inside_) };                      \
        static const struct weir_model_scenario var = { .name = "chan.mpmc.held." name_,    \
                                                        .about = about_,                    \
                                                        .threads = threads_,                \
                                                        .param = &var##case,                \
                                                        .state_size = sizeof(struct state), \
                                                        .setup = setup,                     \
                                                        .thread = thread_,                  \
                                                        .finish = finish_ }

HELD(sides_recv, "recv", "a holder receives and tries again, beside two sends", 2, 2, 1, WEIR_RECV,
     sides, finish);
HELD(sides_send, "send", "a holder sends and tries again, beside two receives", 2, 2, 1, WEIR_SEND,
     sides, finish);
HELD(unused_recv, "left.recv", "a hold ends unused while a receiver waits", 3, 1, 0, WEIR_RECV,
     unused, finish);
HELD(unused_send, "left.send", "a hold ends unused while a sender waits", 3, 1, 1, WEIR_SEND,
     unused, finish);
HELD(closing_recv, "close.recv", "a holder that receives is told of a close", 2, 1, 0, WEIR_RECV,
     closing, closing_finish);
HELD(closing_send, "close.send", "a holder that sends is told of a close", 2, 1, 1, WEIR_SEND,
     closing, closing_finish);

const struct weir_model_scenario *const held_scenarios[] = {
    &sides_recv, &sides_send, &unused_recv, &unused_send, &closing_recv, &closing_send, NULL
};
