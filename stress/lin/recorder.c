/* SPDX-License-Identifier: MIT */
/* stress/lin/recorder.c - logs of threads, and the history that they make together. See lin.h. */
#include "lin.h"
#include "stamp.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct weir_lin_log) == WEIR_LINE, "logs of two threads share no line");

struct weir_lin_recorder {
    uint32_t threads, ops;
    enum weir_lin_mode mode;
    weir_lin_now_fn *now;
    void *now_arg;
    uint64_t start, end; /* stamps of the round's beginning, of the end of the one before */
    struct weir_lin_log *logs;
    struct weir_lin_op *all; /* the logs' memory, then room for the history */
    struct weir_lin_op *history;
};

static struct weir_lin_op *log_memory(const weir_lin_recorder *r, uint32_t thread) {
    return r->all + (size_t)thread * (r->ops + 1); /* one unused: threads do not share its line */
}

int weir_lin_recorder_new(weir_lin_recorder **out, uint32_t threads, uint32_t ops) {
    if (!out) return WEIR_EINVAL;
    *out = NULL;
    if (threads == 0 || ops == 0 || threads > 4096 || ops > 1u << 24) return WEIR_EINVAL;
    size_t n = (size_t)threads * (ops + 1);
    weir_lin_recorder *r = calloc(1, sizeof *r);
    if (!r) return WEIR_ENOMEM;
    *r = (weir_lin_recorder){ .threads = threads, .ops = ops };
    r->logs = aligned_alloc(WEIR_LINE, threads * sizeof *r->logs);
    r->all = malloc(2 * n * sizeof *r->all);
    if (!r->logs || !r->all) {
        weir_lin_recorder_free(r);
        return WEIR_ENOMEM;
    }
    memset(r->logs, 0, threads * sizeof *r->logs);
    memset(r->all, 0, 2 * n * sizeof *r->all);
    r->history = r->all + n;
    (void)lin_clock();
    weir_lin_start(r, WEIR_LIN_BARRIER);
    *out = r;
    return 0;
}

void weir_lin_recorder_free(weir_lin_recorder *r) {
    if (!r) return;
    free(r->logs);
    free(r->all);
    free(r);
}

void weir_lin_set_counter(weir_lin_recorder *r, weir_lin_now_fn *now, void *arg) {
    r->now = now;
    r->now_arg = arg;
}

const char *weir_lin_clock(void) { return lin_clock()->text; }

uint64_t weir_lin_ticks_per_us(const weir_lin_recorder *r) {
    return r->mode == WEIR_LIN_COUNTER ? 0 : lin_clock()->per_us;
}

struct weir_lin_log *weir_lin_log_of(weir_lin_recorder *r, uint32_t thread) {
    return thread < r->threads ? &r->logs[thread] : NULL;
}

void weir_lin_start(weir_lin_recorder *r, enum weir_lin_mode mode) {
    bool counter = mode == WEIR_LIN_COUNTER && r->now;
    r->mode = counter ? WEIR_LIN_COUNTER : mode == WEIR_LIN_WIDE ? WEIR_LIN_WIDE : WEIR_LIN_BARRIER;
    for (uint32_t i = 0; i < r->threads; i++) {
        struct weir_lin_log *log = &r->logs[i];
        log->ops = log_memory(r, i);
        log->n = 0;
        log->cap = r->ops;
        log->thread = i;
        log->overflow = false;
        log->tsc = !counter && lin_clock()->tsc;
        log->full_barrier = r->mode == WEIR_LIN_BARRIER;
        log->now = counter ? r->now : lin_monotonic;
        log->now_arg = counter ? r->now_arg : NULL;
    }
    r->start = weir__lin_stamp(&r->logs[0]);
    if (r->start <= r->end) r->start = r->end + 1; /* a coarse clock: rounds stay apart */
}

/* How long a store may stay on its way: on a virtual machine with busy neighbours more than 2 us were
 * seen, with a thread of the peer polling the same line; 4 us left nothing over in millions of rounds. */
#define STORE_US 8

/* By how much each end of an interval is moved out. */
static uint64_t widening(const weir_lin_recorder *r) {
    const struct lin_clock *k = lin_clock();
    if (r->mode == WEIR_LIN_COUNTER) return 0;
    if (r->mode == WEIR_LIN_BARRIER) return k->skew;
    return k->skew > STORE_US * k->per_us ? k->skew : STORE_US * k->per_us;
}

/* Moves the ends out, but not out of the round: what its two barriers order is in order, store
 * buffers included. */
static void widen(const weir_lin_recorder *r, struct weir_lin_op *op, uint64_t by) {
    op->call = op->call > r->start + by ? op->call - by : r->start;
    if (op->pending) return;
    op->ret = op->ret + by < r->end ? op->ret + by : r->end;
    if (op->ret < op->call) op->ret = op->call;
    if (op->parked) op->parked += by;
}

int weir_lin_collect(weir_lin_recorder *r, const struct weir_lin_op **ops, size_t *n) {
    *ops = r->history;
    *n = 0;
    r->end = weir__lin_stamp(&r->logs[0]);
    if (r->end < r->start) r->end = r->start;
    uint64_t by = widening(r);
    for (uint32_t i = 0; i < r->threads; i++) {
        const struct weir_lin_log *log = &r->logs[i];
        if (log->overflow) return WEIR_ETOOBIG;
        for (uint32_t k = 0; k < log->n; k++) {
            r->history[*n] = log->ops[k];
            widen(r, &r->history[(*n)++], by);
        }
    }
    return 0;
}

/* ---- split operations ------------------------------------------------------------------------ */

static const struct weir_lin_rule *rule_for(const struct weir_lin_rule *rules, size_t n,
                                            unsigned kind) {
    for (size_t i = 0; i < n; i++)
        if (rules[i].whole == kind) return &rules[i];
    return NULL;
}

size_t weir_lin_split(const struct weir_lin_op *ops, size_t n, const struct weir_lin_rule *rules,
                      size_t nrules, struct weir_lin_op *out) {
    size_t made = 0;
    for (size_t i = 0; i < n; i++) {
        const struct weir_lin_rule *rule = rule_for(rules, nrules, ops[i].kind);
        struct weir_lin_op op = ops[i];
        op.seq *= 2;
        if (!rule) {
            out[made++] = op;
            continue;
        }
        op.kind = rule->ask;
        op.in[WEIR_LIN_VALUES - 1] = i + 1; /* the ticket */
        if (!op.pending && op.parked && op.parked >= op.call && op.parked < op.ret)
            op.ret = op.parked;
        out[made++] = op;
        if (op.pending) continue;
        op.kind = rule->answer;
        op.seq++;
        op.ret = ops[i].ret;
        if (op.result == WEIR_LIN_BLOCKED) op.call = op.ret;
        out[made++] = op;
    }
    return made;
}
