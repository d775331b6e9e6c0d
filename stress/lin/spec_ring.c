/* SPDX-License-Identifier: MIT */
/* stress/lin/spec_ring.c - the bounded ring of specs.h.
 *
 * State: the elements, oldest first, and whether it is closed. Unused places are 0, so that equal
 * states have equal bytes. A single push or pop is a batch of one whose success is reported as
 * 0. */
#include "spec.h"

struct ring {
    uint32_t len, closed;
    uint64_t v[];
};

static void init(const void *arg, uint64_t key, void *state) {
    const struct weir_lin_ring *o = arg;
    (void)key;
    memset(state, 0, sizeof(struct ring) + o->cap * sizeof(uint64_t));
}

static bool is_batch(const struct weir_lin_op *op) {
    return op->kind == WEIR_LIN_PUSH_N || op->kind == WEIR_LIN_POP_N;
}
static bool is_push(const struct weir_lin_op *op) {
    return op->kind == WEIR_LIN_PUSH || op->kind == WEIR_LIN_PUSH_N;
}

/* How many elements it wants to move. */
static uint64_t asked(const struct weir_lin_op *op) {
    if (!is_batch(op)) return 1;
    return is_push(op) ? op->nin : op->in[0];
}

static void put(struct ring *r, const uint64_t *v, uint64_t k) {
    for (uint64_t i = 0; i < k; i++) r->v[r->len++] = v[i];
}

static void drop(struct ring *r, uint64_t k) {
    for (uint64_t i = 0; i < r->len; i++) r->v[i] = i + k < r->len ? r->v[i + k] : 0;
    r->len -= (uint32_t)k;
}

static bool same(const uint64_t *a, const uint64_t *b, uint64_t k) {
    return memcmp(a, b, k * sizeof *a) == 0;
}

/* Whether k elements may be the outcome where `most` could be moved. */
static bool count_allowed(const struct weir_lin_ring *o, const struct weir_lin_op *op, uint64_t k,
                          uint64_t most) {
    return k == most || (k < most && is_batch(op) && lin_undecided(op, o->exact));
}

/* Moves k elements; the elements that a pop returned must be the oldest. */
static bool move(const struct weir_lin_ring *o, const struct weir_lin_op *op, uint64_t k,
                 struct ring *next) {
    uint64_t limit = is_push(op) ? o->cap - next->len : next->len;
    uint64_t most = asked(op) < limit ? asked(op) : limit;
    if (k == 0 || k > WEIR_LIN_VALUES || !count_allowed(o, op, k, most)) return false;
    if (is_push(op)) {
        if (next->closed) return false;
        put(next, op->in, k);
        return true;
    }
    if (!op->pending && (op->nout != k || !same(op->out, next->v, k))) return false;
    drop(next, k);
    return true;
}

static bool failed(const struct weir_lin_ring *o, const struct weir_lin_op *op,
                   const struct ring *r) {
    bool not_ready = is_push(op) ? r->len == o->cap : r->len == 0;
    if (op->result == WEIR_ECLOSED) return r->closed && (is_push(op) || r->len == 0);
    /* what is certain to be refused for good must be said so */
    if (is_push(op) && r->closed && op->result != WEIR_ECANCELED && op->result != WEIR_ENOMEM)
        return false;
    if (o->soft && is_push(op) && lin_undecided(op, o->exact)) not_ready = true;
    return lin_no_effect(op, o->exact) || lin_would_block(op, o->exact, not_ready && !r->closed);
}

static bool close_step(const struct weir_lin_op *op, struct ring *next) {
    bool was = next->closed;
    next->closed = 1;
    if (op->pending) return !was;
    return op->result == (was ? WEIR_ECLOSED : 0);
}

static int step(const void *arg, const struct weir_lin_op *op, unsigned choice, const void *state,
                void *next) {
    const struct weir_lin_ring *o = arg;
    if (op->kind == WEIR_LIN_CLOSE) return close_step(op, next);
    if (op->kind < WEIR_LIN_PUSH || op->kind > WEIR_LIN_CLOSE) return false;
    if (op->pending) return move(o, op, choice + 1, next);
    if (op->result < 0) return failed(o, op, state);
    if (is_batch(op))
        return asked(op) == 0 ? op->result == 0 : move(o, op, (uint64_t)op->result, next);
    return op->result == 0 && move(o, op, 1, next);
}

/* A batch that never returned may have moved any number. */
static unsigned choices(const void *arg, const struct weir_lin_op *op) {
    (void)arg;
    return op->pending && is_batch(op) ? WEIR_LIN_VALUES : 1;
}

static void describe_op(const void *arg, const struct weir_lin_op *op, char *text, size_t n) {
    static const char *const names[] = { "?", "push", "pop", "push_n", "pop_n", "close" };
    (void)arg;
    weir_lin_describe(op, names[op->kind <= WEIR_LIN_CLOSE ? op->kind : 0], text, n);
}

static void describe_state(const void *arg, const void *state, char *text, size_t n) {
    const struct ring *r = state;
    struct lin_text t = lin_text(text, n);
    (void)arg;
    lin_put_values(&t, r->v, r->len);
    if (r->closed) lin_put(&t, "%sclosed", r->len ? " " : "");
}

int weir_lin_ring_spec(struct weir_lin_spec *out, const struct weir_lin_ring *o) {
    if (!out || !o || o->cap == 0 || o->cap > WEIR_LIN_RING_MAX) return WEIR_EINVAL;
    *out = (struct weir_lin_spec){ .name = "ring",
                                   .state_size = sizeof(struct ring) + o->cap * sizeof(uint64_t),
                                   .arg = o,
                                   .init = init,
                                   .step = step,
                                   .choices = choices,
                                   .describe_op = describe_op,
                                   .describe_state = describe_state };
    return 0;
}
