/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/chan_check.c - the oracle of channel histories: stress/lin's channel. A select
 * counts as the operation of the case that it took; one that took none as a failed try of each. */
#include <stdlib.h>
#include <string.h>

#include "../../lin/specs.h"
#include "chan.h"
#include "check.h"

#define MOST 64

/* One checker for each channel's capacity, of those that may be undecided and those that may not. */
static struct {
    struct weir_lin_chan shape;
    struct weir_lin_spec spec;
    weir_lin_checker *checker;
} of_cap[2][WEIR_LIN_CHAN_MAX + 1], *last;
static struct seen_histories seen;

static weir_lin_checker *checker_for(unsigned cap, bool exact) {
    last = &of_cap[exact][cap];
    if (last->checker) return last->checker;
    last->shape = (struct weir_lin_chan){ .cap = cap, .exact = exact };
    if (weir_lin_chan_spec(&last->spec, &last->shape) < 0 ||
        weir_lin_checker_new(&last->checker, &last->spec, NULL) < 0)
        ex_fail(EX_F_MISUSE, "the linearizability checker cannot be made");
    return last->checker;
}

static void explain(FILE *to) { weir_lin_print(last->checker, to); }

static uint16_t kind_of(unsigned letter) {
    switch (letter) {
        case 'S':
        case 'T': return WEIR_LIN_SEND;
        case 'R':
        case 'M':
        case 'm':
        case 't': return WEIR_LIN_RECV;
        case 's': return WEIR_LIN_TRY_SEND;
        case 'r': return WEIR_LIN_TRY_RECV;
        default: return WEIR_LIN_CHAN_CLOSE;
    }
}

static struct weir_lin_op converted(const struct weir_model_op *op, unsigned letter) {
    struct weir_lin_op l = { .call = op->call,
                             .ret = op->ret,
                             .result = op->result,
                             .thread = op->thread,
                             .seq = op->seq,
                             .kind = kind_of(letter),
                             .nin = op->nin,
                             .nout = op->nout };
    memcpy(l.in, op->in, op->nin * sizeof *l.in);
    memcpy(l.out, op->out, op->nout * sizeof *l.out);
    return l;
}

/* Whether a select of another thread overlaps: it works on channels that it does not take. */
static bool beside_select(const struct weir_model_op *all, size_t n,
                          const struct weir_model_op *op) {
    for (size_t j = 0; j < n; j++)
        if (all[j].thread != op->thread && strcmp(all[j].name, "select") == 0 &&
            all[j].call < op->ret && op->call < all[j].ret)
            return true;
    return false;
}

/* Decides under a lock. */
static bool is_exact(const struct chan_case *c, unsigned i) {
    return c->kind != WEIR_CHAN_MPMC || c->cap[i] == 0;
}

/* One case of a select that took none: a try that failed. A strict channel was not ready at some instant of a
 * wait in vain; of another that is not known: something may have been in flight all the time. */
static bool failed_case(const struct weir_model_op *op, unsigned k, bool exact,
                        struct weir_lin_op *to) {
    if (op->result != WEIR_EAGAIN && op->result != WEIR_EBUSY &&
        (op->result != WEIR_ETIMEDOUT || !exact))
        return false;
    *to = converted(op, (unsigned)op->in[k] & 255);
    to->in[0] = 0;
    to->result = op->result == WEIR_ETIMEDOUT ? WEIR_EAGAIN : (int64_t)op->out[k - 1];
    to->nin = to->kind == WEIR_LIN_TRY_SEND;
    to->nout = 0;
    return true;
}

/* A recv_many is a receive for each element, at any time of the call. */
static size_t each_of(const struct weir_model_op *op, struct weir_lin_op *to) {
    size_t k = 0;
    do {
        to[k] = converted(op, op->kind & 255);
        to[k].nout = op->nout > 0;
        to[k].out[0] = op->out[k];
    } while (++k < op->nout);
    return k;
}

/* The operations on channel i. An EBUSY may be a select's doing that took another channel. */
static size_t of_channel(const struct weir_model_op *op, size_t n, unsigned i, bool exact,
                         struct weir_lin_op *to) {
    size_t k = 0;
    const struct weir_model_op *all = op;
    for (size_t j = 0; j < n; j++, op++) {
        if (k + WEIR_MODEL_VALUES > MOST)
            ex_fail(EX_F_MISUSE, "more than %d operations in a channel scenario", MOST);
        if (!exact && op->result == WEIR_EBUSY && beside_select(all, n, op)) continue;
        if (op->kind && op->kind >> 8 == i) k += each_of(op, &to[k]);
        for (unsigned c = 1; !op->kind && c < op->nin; c++)
            if (op->in[c] >> 8 == i && failed_case(op, c, exact, &to[k])) k++;
    }
    return k;
}

void chan_check(const struct chan_case *c) {
    static struct weir_lin_op ops[MOST], split[2 * MOST];
    size_t n;
    const struct weir_model_op *op = weir_model_history(&n);
    uint64_t h = history_hash(op, n) ^ (uint64_t)(uintptr_t)c;
    if (history_seen(&seen, h) && !E.tracing) return;
    for (unsigned i = 0; i < CHANS; i++) {
        if (c->cap[i] < 0) continue;
        bool exact = is_exact(c, i);
        weir_lin_checker *checker = checker_for((unsigned)c->cap[i], exact);
        size_t k = of_channel(op, n, i, exact, ops);
        k = weir_lin_split(ops, k, weir_lin_chan_rules, 2, split);
        if (weir_lin_check(checker, split, k) == WEIR_LIN_OK) continue;
        E.explain = explain;
        ex_fail(EX_F_HISTORY, "channel %c: %s", 'a' + (int)i, weir_lin_reason(checker));
    }
    history_remember(&seen, h);
}
