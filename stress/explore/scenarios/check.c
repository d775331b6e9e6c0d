/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/check.c - the oracle of ring histories: stress/lin. See check.h. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "../../lin/specs.h"
#include "ring.h"

#define MOST 64

static struct {
    struct weir_lin_ring shape;
    struct weir_lin_spec spec;
    weir_lin_checker *checker;
} last;
static struct seen_histories seen;

static weir_lin_checker *checker_for(unsigned cap, bool exact, bool soft) {
    if (last.checker && last.shape.cap == cap && last.shape.exact == exact &&
        last.shape.soft == soft)
        return last.checker;
    if (last.checker) weir_lin_checker_free(last.checker);
    memset(&seen, 0, sizeof seen);
    last.checker = NULL;
    last.shape = (struct weir_lin_ring){ .cap = cap, .exact = exact, .soft = soft };
    if (weir_lin_ring_spec(&last.spec, &last.shape) < 0 ||
        weir_lin_checker_new(&last.checker, &last.spec, NULL) < 0)
        ex_fail(EX_F_MISUSE, "the linearizability checker cannot be made");
    return last.checker;
}

static void explain(FILE *to) {
    if (last.checker) weir_lin_print(last.checker, to);
}

static uint16_t kind_of(unsigned letter) {
    switch (letter) {
        case 'u':
        case 'U':
        case 'r':
        case 'D': return WEIR_LIN_PUSH;
        case 'o':
        case 'O':
        case 'p':
        case 'd': return WEIR_LIN_POP;
        case 'B':
        case 'N': return WEIR_LIN_PUSH_N;
        case 'b':
        case 'n': return WEIR_LIN_POP_N;
        default: return WEIR_LIN_CLOSE;
    }
}

static uint64_t mix(uint64_t h, uint64_t v) {
    h = (h ^ v) * UINT64_C(0x9E3779B97F4A7C15);
    return h ^ h >> 29;
}

uint64_t history_hash(const struct weir_model_op *op, size_t n) {
    uint64_t h = n;
    for (size_t i = 0; i < n; i++) {
        h = mix(h, op[i].kind ^ (uint64_t)op[i].thread << 8 ^ (uint64_t)op[i].seq << 16 ^
                       (uint64_t)op[i].nout << 32);
        h = mix(h, (uint64_t)op[i].result);
        h = mix(h, op[i].call << 32 ^ op[i].ret);
        for (unsigned k = 0; k < op[i].nin; k++) h = mix(h, op[i].in[k]);
        for (unsigned k = 0; k < op[i].nout; k++) h = mix(h, op[i].out[k]);
    }
    return h | 1; /* 0: empty place */
}

bool history_seen(const struct seen_histories *s, uint64_t h) {
    return s->hash[h % SEEN_HISTORIES] == h;
}

void history_remember(struct seen_histories *s, uint64_t h) { s->hash[h % SEEN_HISTORIES] = h; }

/* A batch that goes one by one: so many single calls, in their order, or a single one that failed. */
static size_t convert_pieces(const struct weir_model_op *op, const struct weir_lin_op *l,
                             struct weir_lin_op *to) {
    bool push = l->kind == WEIR_LIN_PUSH_N;
    size_t n = op->result > 0 ? (size_t)op->result : 1;
    for (size_t i = 0; i < n; i++) {
        to[i] = *l;
        to[i].seq = l->seq + (uint32_t)i;
        to[i].kind = push ? WEIR_LIN_PUSH : WEIR_LIN_POP;
        to[i].result = op->result > 0 ? 0 : op->result;
        to[i].nin = push;
        to[i].nout = !push && op->result > 0;
        to[i].in[0] = push ? op->in[i] : 0;
        to[i].out[0] = to[i].nout ? op->out[i] : 0;
    }
    return n;
}

static size_t convert(const struct weir_model_op *op, size_t n, struct weir_lin_op *to,
                      bool pieces) {
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        if (op[i].kind == 'l') continue;
        if (k + 2 > MOST)
            ex_fail(EX_F_MISUSE, "more than %d operations in a ring scenario", MOST - 2);
        struct weir_lin_op *l = &to[k];
        *l = (struct weir_lin_op){ .call = op[i].call,
                                   .ret = op[i].ret,
                                   .result = op[i].result,
                                   .thread = op[i].thread,
                                   .seq = op[i].seq * 2, /* batches are of two */
                                   .kind = kind_of(op[i].kind),
                                   .nin = op[i].nin,
                                   .nout = op[i].nout };
        memcpy(l->in, op[i].in, op[i].nin * sizeof *l->in);
        memcpy(l->out, op[i].out, op[i].nout * sizeof *l->out);
        bool batch = l->kind == WEIR_LIN_PUSH_N || l->kind == WEIR_LIN_POP_N;
        struct weir_lin_op one = *l;
        k += pieces && batch ? convert_pieces(&op[i], &one, l) : 1;
    }
    return k;
}

/* The stamps are unique: renumbering them keeps their order, and executions that differ only in steps
 * outside of operations give one history. The model's clock counts stamps only, so they are dense. */
void ring_check(unsigned cap, unsigned has) {
    static struct weir_lin_op ops[MOST];
    size_t n;
    const struct weir_model_op *op = weir_model_history(&n);
    weir_lin_checker *checker = checker_for(cap, has & RING_EXACT, has & RING_SOFT);
    uint64_t h = history_hash(op, n);
    for (size_t i = 0; i < n; i++)
        if (op[i].kind == 'l') weir_model_check(op[i].result >= 0 && op[i].result <= (int64_t)cap);
    if (history_seen(&seen, h) && !E.tracing) return;
    enum weir_lin_verdict v = weir_lin_check(checker, ops, convert(op, n, ops, has & RING_SOFT));
    if (v == WEIR_LIN_OK) {
        history_remember(&seen, h);
        return;
    }
    E.explain = explain;
    ex_fail(EX_F_HISTORY, "%s", weir_lin_reason(checker));
}
