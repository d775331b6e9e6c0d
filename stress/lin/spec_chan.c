/* SPDX-License-Identifier: MIT */
/* stress/lin/spec_chan.c - the channel of specs.h: it holds elements, or those who wait for them.
 *
 * State: the buffer, the line (all senders or all receivers, never both), those who were answered
 * but have not come back, and whether it is closed. A send meets a waiting receiver before the
 * buffer; a receive takes the oldest element and then lets the first waiting sender into the
 * buffer. Close answers all waiters. */
#include "spec.h"

struct chan {
    uint32_t len, closed;
    uint64_t receivers; /* the line's waiters are receivers; 0 if it is empty */
    struct lin_line line;
    uint64_t v[];
};

const struct weir_lin_rule weir_lin_chan_rules[2] = {
    { WEIR_LIN_SEND, WEIR_LIN_SEND_ASK, WEIR_LIN_SEND_ANSWER },
    { WEIR_LIN_RECV, WEIR_LIN_RECV_ASK, WEIR_LIN_RECV_ANSWER },
};

static size_t state_size(const struct weir_lin_chan *o) {
    return sizeof(struct chan) + o->cap * sizeof(uint64_t);
}

static void init(const void *arg, uint64_t key, void *state) {
    (void)key;
    memset(state, 0, state_size(arg));
}

static struct lin_waiter first_waiter(struct chan *c) {
    struct lin_waiter w = lin_line_first(&c->line);
    if (c->line.nwait == 0) c->receivers = 0;
    return w;
}

/* ---- what can be done at once ---------------------------------------------------------------- */

enum attempt { DONE, NOT_READY, CLOSED };

static enum attempt send_now(const struct weir_lin_chan *o, struct chan *c, uint64_t v) {
    if (c->closed) return CLOSED;
    if (c->receivers) {
        (void)lin_line_done(&c->line, first_waiter(c).ticket, 0, v);
        return DONE;
    }
    if (c->len == o->cap) return NOT_READY;
    c->v[c->len++] = v;
    return DONE;
}

static enum attempt recv_now(struct chan *c, uint64_t *v) {
    bool senders = c->line.nwait > 0 && !c->receivers;
    if (c->len == 0 && !senders) return c->closed ? CLOSED : NOT_READY;
    struct lin_waiter w = { 0, 0, 0 };
    if (senders) {
        w = first_waiter(c);
        (void)lin_line_done(&c->line, w.ticket, 0, 0);
    }
    if (c->len == 0) {
        *v = w.value; /* from hand to hand */
        return DONE;
    }
    *v = c->v[0];
    memmove(c->v, c->v + 1, (c->len - 1) * sizeof *c->v);
    c->v[c->len - 1] = senders ? w.value : 0;
    c->len -= !senders;
    return DONE;
}

static enum attempt now(const struct weir_lin_chan *o, struct chan *c, bool sends,
                        const struct weir_lin_op *op, uint64_t *v) {
    return sends ? send_now(o, c, op->in[0]) : recv_now(c, v);
}

/* ---- the steps ------------------------------------------------------------------------------- */

static bool try_step(const struct weir_lin_chan *o, const struct weir_lin_op *op, struct chan *c) {
    bool sends = op->kind == WEIR_LIN_TRY_SEND;
    uint64_t v = 0;
    enum attempt a = now(o, c, sends, op, &v);
    if (op->pending) return a == DONE;
    switch (op->result) {
        case 0: return a == DONE && (sends || (op->nout == 1 && op->out[0] == v));
        case WEIR_EAGAIN: return a == NOT_READY;
        case WEIR_ECLOSED: return a == CLOSED;
        default: return false; /* the codes that do not depend on the state: see step */
    }
}

/* Choice 1: it gave up without ever being in line, as a deadline in the past or a context that has
 * ended does. */
static bool ask(const struct weir_lin_chan *o, const struct weir_lin_op *op, unsigned choice,
                struct chan *c) {
    bool sends = op->kind == WEIR_LIN_SEND_ASK;
    uint32_t ticket = weir_lin_ticket(op);
    uint64_t v = 0;
    if (choice == 1) {
        bool closed = c->closed && (sends || c->len == 0);
        bool late = op->result == WEIR_ETIMEDOUT && lin_undecided(op, o->exact) && !closed;
        bool may = !op->pending && (late || lin_no_effect(op, o->exact));
        return may && lin_line_done(&c->line, ticket, op->result, 0);
    }
    switch (now(o, c, sends, op, &v)) {
        case DONE: return lin_line_done(&c->line, ticket, 0, v);
        case CLOSED: return lin_line_done(&c->line, ticket, WEIR_ECLOSED, 0);
        default: break;
    }
    c->receivers = !sends;
    return lin_line_wait(&c->line, ticket, sends ? op->in[0] : 0);
}

static bool answer(const struct weir_lin_op *op, struct chan *c) {
    uint32_t ticket = weir_lin_ticket(op);
    bool receives = op->kind == WEIR_LIN_RECV_ANSWER;
    struct lin_waiter w;
    if (lin_line_answer(&c->line, ticket, &w)) {
        bool value = op->nout == 1 && op->out[0] == w.value;
        return op->result == w.outcome && (!receives || op->result != 0 || value);
    }
    if (op->result == WEIR_LIN_BLOCKED)
        return lin_waiter_find(c->line.wait, c->line.nwait, ticket) < c->line.nwait;
    if (op->result != WEIR_ETIMEDOUT && op->result != WEIR_ECANCELED) return false;
    bool left = lin_line_leave(&c->line, ticket);
    if (c->line.nwait == 0) c->receivers = 0;
    return left;
}

static bool close_step(const struct weir_lin_op *op, struct chan *c) {
    bool was = c->closed;
    c->closed = 1;
    while (c->line.nwait > 0)
        (void)lin_line_done(&c->line, first_waiter(c).ticket, WEIR_ECLOSED, 0);
    return op->pending ? !was : op->result == (was ? WEIR_ECLOSED : 0);
}

static int step(const void *arg, const struct weir_lin_op *op, unsigned choice, const void *state,
                void *next) {
    const struct weir_lin_chan *o = arg;
    const struct chan *before = state;
    struct chan *c = next;
    bool yes = false;
    switch (op->kind) {
        case WEIR_LIN_TRY_SEND:
        case WEIR_LIN_TRY_RECV:
            /* A send that is refused for good must say so, and not EBUSY. */
            if (!op->pending && lin_no_effect(op, o->exact))
                return op->kind == WEIR_LIN_TRY_RECV || op->result != WEIR_EBUSY || !before->closed;
            yes = try_step(o, op, c);
            break;
        case WEIR_LIN_SEND_ASK:
        case WEIR_LIN_RECV_ASK: yes = ask(o, op, choice, c); break;
        case WEIR_LIN_SEND_ANSWER:
        case WEIR_LIN_RECV_ANSWER: yes = answer(op, c); break;
        case WEIR_LIN_CHAN_CLOSE: yes = close_step(op, c); break;
        default: break;
    }
    return lin_line_verdict(&c->line, yes);
}

static unsigned choices(const void *arg, const struct weir_lin_op *op) {
    (void)arg;
    return op->kind == WEIR_LIN_SEND_ASK || op->kind == WEIR_LIN_RECV_ASK ? 2 : 1;
}

/* ---- text ------------------------------------------------------------------------------------ */

static void describe_op(const void *arg, const struct weir_lin_op *op, char *text, size_t n) {
    static const char *const names[] = { "?",        "send",       "recv",     "try_send",
                                         "try_recv", "close",      "send.ask", "send.answer",
                                         "recv.ask", "recv.answer" };
    (void)arg;
    weir_lin_describe(op, names[op->kind <= WEIR_LIN_RECV_ANSWER ? op->kind : 0], text, n);
}

static void describe_state(const void *arg, const void *state, char *text, size_t n) {
    const struct chan *c = state;
    struct lin_text t = lin_text(text, n);
    (void)arg;
    lin_put_values(&t, c->v, c->len);
    if (c->closed) lin_put(&t, "%sclosed", c->len ? " " : "");
    lin_put_line(&t, &c->line);
}

int weir_lin_chan_spec(struct weir_lin_spec *out, const struct weir_lin_chan *o) {
    if (!out || !o || o->cap > WEIR_LIN_CHAN_MAX) return WEIR_EINVAL;
    *out = (struct weir_lin_spec){ .name = "channel",
                                   .state_size = state_size(o),
                                   .arg = o,
                                   .keyed = true,
                                   .init = init,
                                   .step = step,
                                   .choices = choices,
                                   .describe_op = describe_op,
                                   .describe_state = describe_state };
    return 0;
}
