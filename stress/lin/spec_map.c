/* SPDX-License-Identifier: MIT */
/* stress/lin/spec_map.c - one key of a map, of specs.h. State: absent, or a value. */
#include "spec.h"

struct entry {
    uint64_t present, value;
};

static void init(const void *arg, uint64_t key, void *state) {
    (void)arg;
    (void)key;
    *(struct entry *)state = (struct entry){ 0, 0 };
}

static void set(struct entry *e, uint64_t v) { *e = (struct entry){ 1, v }; }
static void erase(struct entry *e) { *e = (struct entry){ 0, 0 }; }

/* What a lookup found: 0 and the value, which may have been left out, or ENOENT. */
static bool found(const struct weir_lin_op *op, const struct entry *e) {
    if (!e->present) return op->result == WEIR_ENOENT;
    return op->result == 0 && (op->nout == 0 || op->out[0] == e->value);
}

/* compare-and-... */
static bool compared(const struct weir_lin_op *op, const struct entry *e) {
    if (!e->present) return op->result == WEIR_ENOENT;
    return op->result == (e->value == op->in[0] ? 0 : WEIR_EEXIST);
}

/* The result that the state asks for. */
static bool answer_right(const struct weir_lin_op *op, const struct entry *e) {
    switch (op->kind) {
        case WEIR_LIN_GET:
        case WEIR_LIN_TAKE:
        case WEIR_LIN_SWAP: return found(op, e);
        case WEIR_LIN_PUT: return op->result == 0;
        case WEIR_LIN_GET_OR_PUT:
            return e->present ? op->result == WEIR_EEXIST && op->nout == 1 && op->out[0] == e->value
                              : op->result == 0;
        case WEIR_LIN_DELETE: return op->result == 0 || (op->result == WEIR_ENOENT && !e->present);
        case WEIR_LIN_CAS:
        case WEIR_LIN_CAD: return compared(op, e);
        default: return false;
    }
}

static void effect(const struct weir_lin_op *op, struct entry *e) {
    bool equal = e->present && e->value == op->in[0];
    switch (op->kind) {
        case WEIR_LIN_PUT:
        case WEIR_LIN_SWAP: set(e, op->in[0]); break;
        case WEIR_LIN_GET_OR_PUT:
            if (!e->present) set(e, op->in[0]);
            break;
        case WEIR_LIN_TAKE:
        case WEIR_LIN_DELETE: erase(e); break;
        case WEIR_LIN_CAS:
            if (equal) set(e, op->in[1]);
            break;
        case WEIR_LIN_CAD:
            if (equal) erase(e);
            break;
        default: break;
    }
}

/* EAGAIN and ETIMEDOUT are said by writing verbs when there is too much garbage to retire more,
 * which is no matter of the key's state. */
static bool refused(const struct weir_lin_map *o, const struct weir_lin_op *op) {
    bool writes = op->kind != WEIR_LIN_GET;
    if (writes && (op->result == WEIR_EAGAIN || op->result == WEIR_ETIMEDOUT)) return true;
    return writes && lin_no_effect(op, o->exact);
}

static int step(const void *arg, const struct weir_lin_op *op, unsigned choice, const void *state,
                void *next) {
    (void)choice;
    if (op->kind < WEIR_LIN_GET || op->kind > WEIR_LIN_CAD) return 0;
    if (!op->pending && refused(arg, op)) return 1;
    if (!op->pending && !answer_right(op, state)) return 0;
    effect(op, next);
    return 1;
}

static void describe_op(const void *arg, const struct weir_lin_op *op, char *text, size_t n) {
    static const char *const names[] = { "?",    "get",    "put", "swap", "get_or_put",
                                         "take", "delete", "cas", "cad" };
    (void)arg;
    weir_lin_describe(op, names[op->kind <= WEIR_LIN_CAD ? op->kind : 0], text, n);
}

static void describe_state(const void *arg, const void *state, char *text, size_t n) {
    const struct entry *e = state;
    struct lin_text t = lin_text(text, n);
    (void)arg;
    if (e->present)
        lin_put_values(&t, &e->value, 1);
    else
        lin_put(&t, "absent");
}

int weir_lin_map_spec(struct weir_lin_spec *out, const struct weir_lin_map *o) {
    if (!out || !o) return WEIR_EINVAL;
    *out = (struct weir_lin_spec){ .name = "map",
                                   .state_size = sizeof(struct entry),
                                   .arg = o,
                                   .keyed = true,
                                   .init = init,
                                   .step = step,
                                   .describe_op = describe_op,
                                   .describe_state = describe_state };
    return 0;
}
