/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/sem_check.c - the oracle of semaphore histories: stress/lin's semaphore, first come
 * first served and without leeway for what is in flight. What was held at the start is an acquire before all
 * others. A case that a select has not taken is an acquire that was given up; one of more units than there are
 * stands in no line, and counts as refused. */
#include <string.h>

#include "../../lin/specs.h"
#include "check.h"
#include "sem.h"

#define MOST 48
#define MOST_UNITS 4

/* One checker for each size. */
static struct {
    struct weir_lin_sem shape;
    struct weir_lin_spec spec;
    weir_lin_checker *checker;
} of_size[MOST_UNITS + 1], *last;
static struct seen_histories seen;

static weir_lin_checker *checker_for(unsigned size) {
    last = &of_size[size];
    if (last->checker) return last->checker;
    last->shape = (struct weir_lin_sem){ .size = size, .fifo = true, .exact = true };
    if (weir_lin_sem_spec(&last->spec, &last->shape) < 0 ||
        weir_lin_checker_new(&last->checker, &last->spec, NULL) < 0)
        ex_fail(EX_F_MISUSE, "the linearizability checker cannot be made");
    return last->checker;
}

static void explain(FILE *to) { weir_lin_print(last->checker, to); }

static uint16_t lin_kind(unsigned letter) {
    return letter == 't'   ? WEIR_LIN_TRY_ACQUIRE
           : letter == 'R' ? WEIR_LIN_RELEASE
                           : WEIR_LIN_ACQUIRE;
}

static struct weir_lin_op converted(const struct weir_model_op *op, unsigned letter, uint64_t units,
                                    int64_t result) {
    return (struct weir_lin_op){ .call = op->call,
                                 .ret = op->ret,
                                 .result = result,
                                 .thread = op->thread,
                                 .seq = op->seq,
                                 .kind = lin_kind(letter),
                                 .in = { units },
                                 .nin = 1 };
}

/* The cases of a select on semaphore i. Of one that did not wait, those not taken say nothing if one was. */
static size_t of_select(const struct weir_model_op *op, unsigned i, struct weir_lin_op *to) {
    size_t k = 0;
    for (unsigned c = 0; c < op->nin; c++) {
        unsigned letter = op->in[c] & 255;
        uint64_t units = op->in[c] >> 16;
        bool taken = op->result == (int64_t)c;
        if ((op->in[c] >> 8 & 255) != i || (letter == 't' && op->result >= 0 && !taken)) continue;
        if (letter == 't' && op->result == WEIR_EBUSY) continue; /* of the rendezvous */
        to[k++] = converted(op, letter, units,
                            taken           ? 0
                            : letter == 't' ? op->result
                                            : WEIR_ECANCELED);
    }
    return k;
}

static size_t of_sem(const struct sem_case *c, const struct weir_model_op *op, size_t n, unsigned i,
                     struct weir_lin_op *to) {
    static const struct weir_model_op before = { .thread = EX_THREADS };
    size_t k = 0;
    to[k++] = converted(&before, 't', c->held[i], 0);
    for (size_t j = 0; j < n; j++, op++) {
        if (k + WEIR_MODEL_VALUES > MOST)
            ex_fail(EX_F_MISUSE, "more than %d operations in a semaphore scenario", MOST);
        if (!op->kind)
            k += of_select(op, i, to + k);
        else if (op->kind >> 8 == i)
            to[k++] = converted(op, op->kind & 255, op->in[0],
                                op->in[0] > (uint64_t)c->size[i] ? WEIR_ETOOBIG : op->result);
    }
    return k;
}

void sem_check(const struct sem_case *c) {
    static struct weir_lin_op ops[MOST], split[2 * MOST];
    size_t n;
    const struct weir_model_op *op = weir_model_history(&n);
    uint64_t h = history_hash(op, n) ^ (uint64_t)(uintptr_t)c;
    if (history_seen(&seen, h) && !E.tracing) return;
    for (unsigned i = 0; i < SEMS; i++) {
        if (c->size[i] < 0) continue;
        weir_lin_checker *checker = checker_for((unsigned)c->size[i]);
        size_t k = weir_lin_split(ops, of_sem(c, op, n, i, ops), weir_lin_sem_rules, 1, split);
        if (weir_lin_check(checker, split, k) == WEIR_LIN_OK) continue;
        E.explain = explain;
        ex_fail(EX_F_HISTORY, "semaphore %c: %s", 'a' + (int)i, weir_lin_reason(checker));
    }
    history_remember(&seen, h);
}
