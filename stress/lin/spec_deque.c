/* SPDX-License-Identifier: MIT */
/* stress/lin/spec_deque.c - the work-stealing deque of specs.h.
 *
 * State: the elements, oldest first. Unused places are 0, so that equal states have equal bytes. */
#include "spec.h"

struct deque {
    uint64_t len;
    uint64_t v[WEIR_LIN_DEQUE_MAX];
};

static void init(const void *arg, uint64_t key, void *state) {
    (void)arg;
    (void)key;
    memset(state, 0, sizeof(struct deque));
}

/* What is taken from place i; a pending operation gets whatever that is. */
static bool take(const struct weir_lin_op *op, struct deque *d, uint64_t i) {
    if (!op->pending && (op->nout != 1 || op->out[0] != d->v[i])) return false;
    d->len--;
    memmove(d->v + i, d->v + i + 1, (d->len - i) * sizeof *d->v);
    d->v[d->len] = 0;
    return true;
}

static int step(const void *arg, const struct weir_lin_op *op, unsigned choice, const void *state,
                void *next) {
    const struct weir_lin_deque *o = arg;
    struct deque *d = next;
    (void)state;
    (void)choice;
    if (op->kind < WEIR_LIN_DEQUE_PUSH || op->kind > WEIR_LIN_DEQUE_STEAL) return false;
    bool done = op->pending || op->result == 0;
    if (op->kind == WEIR_LIN_DEQUE_PUSH) {
        if (!done) return op->result == WEIR_ENOMEM;
        if (d->len == WEIR_LIN_DEQUE_MAX) return -1;
        d->v[d->len++] = op->in[0];
        return true;
    }
    bool steals = op->kind == WEIR_LIN_DEQUE_STEAL;
    if (!done)
        return (op->result == WEIR_EAGAIN && d->len == 0) ||
               (op->result == WEIR_EBUSY && steals && lin_undecided(op, o->exact));
    return d->len > 0 && take(op, d, steals ? 0 : d->len - 1);
}

static void describe_op(const void *arg, const struct weir_lin_op *op, char *text, size_t n) {
    static const char *const names[] = { "?", "push", "pop", "steal" };
    (void)arg;
    weir_lin_describe(op, names[op->kind <= WEIR_LIN_DEQUE_STEAL ? op->kind : 0], text, n);
}

static void describe_state(const void *arg, const void *state, char *text, size_t n) {
    const struct deque *d = state;
    struct lin_text t = lin_text(text, n);
    (void)arg;
    lin_put_values(&t, d->v, (uint32_t)d->len);
}

int weir_lin_deque_spec(struct weir_lin_spec *out, const struct weir_lin_deque *o) {
    if (!out || !o) return WEIR_EINVAL;
    *out = (struct weir_lin_spec){ .name = "deque",
                                   .state_size = sizeof(struct deque),
                                   .arg = o,
                                   .init = init,
                                   .step = step,
                                   .describe_op = describe_op,
                                   .describe_state = describe_state };
    return 0;
}
