/* SPDX-License-Identifier: MIT */
/* stress/lin/spec_sem.c - the weighted semaphore of specs.h.
 *
 * State: free permits, and with fifo the line of those who wait. Without fifo a blocking acquire is
 * one step, at its answer, and its request does nothing. */
#include "spec.h"

struct sem {
    uint64_t avail;
    struct lin_line line;
};

const struct weir_lin_rule weir_lin_sem_rules[1] = {
    { WEIR_LIN_ACQUIRE, WEIR_LIN_ACQUIRE_ASK, WEIR_LIN_ACQUIRE_ANSWER },
};

static void init(const void *arg, uint64_t key, void *state) {
    const struct weir_lin_sem *o = arg;
    (void)key;
    memset(state, 0, sizeof(struct sem));
    ((struct sem *)state)->avail = o->size;
}

static bool can_take(const struct sem *s, uint64_t n) {
    return s->avail >= n && s->line.nwait == 0;
}

/* Those in front who now fit. */
static bool serve(struct sem *s) {
    while (s->line.nwait > 0 && s->line.wait[0].value <= s->avail) {
        struct lin_waiter w = lin_line_first(&s->line);
        s->avail -= w.value;
        if (!lin_line_done(&s->line, w.ticket, 0, 0)) return false;
    }
    return true;
}

static bool release(const struct weir_lin_sem *o, const struct weir_lin_op *op, struct sem *s) {
    bool too_many = op->in[0] > o->size - s->avail;
    if (!op->pending && op->result != (too_many ? WEIR_EINVAL : 0)) return false;
    if (too_many) return !op->pending;
    s->avail += op->in[0];
    return serve(s);
}

/* A try, or a whole blocking acquire where there is no line. */
static bool acquire(const struct weir_lin_sem *o, const struct weir_lin_op *op, struct sem *s) {
    bool fits = can_take(s, op->in[0]);
    if (!op->pending && op->result != 0) {
        if (op->result == WEIR_ETOOBIG) return op->in[0] > o->size;
        if (op->result == WEIR_LIN_BLOCKED) return !fits;
        return lin_no_effect(op, o->exact) || lin_would_block(op, o->exact, !fits);
    }
    if (fits) s->avail -= op->in[0];
    return fits;
}

/* Choice 1: it gave up without ever being in line. */
static bool ask(const struct weir_lin_sem *o, const struct weir_lin_op *op, unsigned choice,
                struct sem *s) {
    uint64_t n = op->in[0];
    uint32_t ticket = weir_lin_ticket(op);
    if (!o->fifo) return choice == 0;
    if (n > o->size) return choice == 0 && lin_line_done(&s->line, ticket, WEIR_ETOOBIG, 0);
    if (choice == 1) {
        bool late = op->result == WEIR_ETIMEDOUT && lin_undecided(op, o->exact);
        bool may = !op->pending && (late || lin_no_effect(op, o->exact));
        return may && lin_line_done(&s->line, ticket, op->result, 0);
    }
    if (!can_take(s, n)) return lin_line_wait(&s->line, ticket, n);
    s->avail -= n;
    return lin_line_done(&s->line, ticket, 0, 0);
}

static bool answer(const struct weir_lin_sem *o, const struct weir_lin_op *op, struct sem *s) {
    struct lin_waiter w;
    uint32_t ticket = weir_lin_ticket(op);
    if (!o->fifo) return acquire(o, op, s);
    if (lin_line_answer(&s->line, ticket, &w)) return op->result == w.outcome;
    if (op->result == WEIR_LIN_BLOCKED)
        return lin_waiter_find(s->line.wait, s->line.nwait, ticket) < s->line.nwait;
    if (op->result != WEIR_ETIMEDOUT && op->result != WEIR_ECANCELED) return false;
    return lin_line_leave(&s->line, ticket) && serve(s);
}

static int step(const void *arg, const struct weir_lin_op *op, unsigned choice, const void *state,
                void *next) {
    struct sem *s = next;
    bool yes = false;
    (void)state;
    switch (op->kind) {
        case WEIR_LIN_TRY_ACQUIRE: yes = acquire(arg, op, s); break;
        case WEIR_LIN_RELEASE: yes = release(arg, op, s); break;
        case WEIR_LIN_ACQUIRE_ASK: yes = ask(arg, op, choice, s); break;
        case WEIR_LIN_ACQUIRE_ANSWER: yes = answer(arg, op, s); break;
        default: break;
    }
    return lin_line_verdict(&s->line, yes);
}

static unsigned choices(const void *arg, const struct weir_lin_op *op) {
    (void)arg;
    return op->kind == WEIR_LIN_ACQUIRE_ASK ? 2 : 1;
}

static void describe_op(const void *arg, const struct weir_lin_op *op, char *text, size_t n) {
    static const char *const names[] = { "?",       "acquire",     "try_acquire",
                                         "release", "acquire.ask", "acquire.answer" };
    (void)arg;
    weir_lin_describe(op, names[op->kind <= WEIR_LIN_ACQUIRE_ANSWER ? op->kind : 0], text, n);
}

static void describe_state(const void *arg, const void *state, char *text, size_t n) {
    const struct sem *s = state;
    struct lin_text t = lin_text(text, n);
    (void)arg;
    lin_put(&t, "free ");
    lin_put_values(&t, &s->avail, 1);
    lin_put_line(&t, &s->line);
}

int weir_lin_sem_spec(struct weir_lin_spec *out, const struct weir_lin_sem *o) {
    if (!out || !o) return WEIR_EINVAL;
    *out = (struct weir_lin_spec){ .name = "semaphore",
                                   .state_size = sizeof(struct sem),
                                   .arg = o,
                                   .init = init,
                                   .step = step,
                                   .choices = choices,
                                   .describe_op = describe_op,
                                   .describe_state = describe_state };
    return 0;
}
