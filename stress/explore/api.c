/* SPDX-License-Identifier: MIT */
/* stress/explore/api.c - what scenarios call to describe themselves. See weir/model.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine.h"
#include "trace.h"

const void *weir_model_param(void) { return E.sc->param; }

unsigned weir_model_thread(void) { return E.running ? E.running->id : WEIR_MODEL_THREADS; }

void weir_model_fail(const char *text, ...) {
    char line[sizeof E.failure_text];
    va_list ap;
    va_start(ap, text);
    (void)vsnprintf(line, sizeof line, text, ap);
    va_end(ap);
    ex_fail(EX_F_CHECK, "%s", line);
}

void weir__model_check_failed(const char *file, int line, const char *cond) {
    const char *slash = strrchr(file, '/');
    ex_fail(EX_F_CHECK, "%s:%d: check failed: %s", slash ? slash + 1 : file, line, cond);
}

struct weir_model_op *weir_model_begin(const char *name, unsigned kind) {
    struct ex_task *t = E.cur;
    if (E.nops == EX_OPS) ex_fail(EX_F_MISUSE, "more than %d operations in one execution", EX_OPS);
    if (t && t->op) ex_fail(EX_F_MISUSE, "%s begins within %s", name, t->op->name);
    struct weir_model_op *op = &E.ops[E.nops++];
    op->name = name;
    op->kind = kind;
    op->thread = t ? t->id : WEIR_MODEL_THREADS;
    op->seq = t ? t->nops++ : (uint32_t)E.nops;
    op->call = t ? 0 : ++E.time; /* a thread's: at its first step */
    op->ret = 0;
    op->result = 0;
    op->nin = op->nout = 0;
    E.op_store[op - E.ops] = 0;
    op->done = false;
    if (t) {
        t->op = op;
        if (E.tracing) ex_trace_add(t, EX_T_BEGIN, NULL, NULL)->op = op;
    }
    return op;
}

void weir_model_end(struct weir_model_op *op, int64_t result) {
    struct ex_task *t = E.cur;
    if (op->call == 0) op->call = ++E.time;
    op->ret = ++E.time;
    op->result = result;
    op->done = true;
    if (!t) return;
    if (t->op != op)
        ex_fail(EX_F_MISUSE, "%s ends, but is not this thread's open operation", op->name);
    E.op_store[op - E.ops] = t->nbuf ? t->buf[t->nbuf - 1].made : 0;
    if (E.tracing) ex_trace_add(t, EX_T_END, NULL, NULL)->op = op;
    if (E.solo == t) E.solo = NULL;
    t->op = NULL;
    t->claim = 0;
    t->ready = NULL;
}

void ex_not_seen(const struct ex_task *t, uint64_t made) {
    for (size_t i = 0; i < E.nops; i++) {
        struct weir_model_op *op = &E.ops[i];
        if (op->thread == t->id && op->done && E.op_store[i] >= made) op->ret = ++E.time;
    }
}

const struct weir_model_op *weir_model_history(size_t *n) {
    *n = E.nops;
    return E.ops;
}

void weir_model_claims(unsigned steps) {
    if (E.cur) E.cur->claim = steps;
}

void weir_model_waits(bool (*ready)(void *arg), void *arg, const char *text) {
    if (!E.cur) return;
    E.cur->ready = ready;
    E.cur->ready_arg = arg;
    E.cur->ready_text = text;
}

void weir_model_as(unsigned who, void (*fn)(void *arg), void *arg) {
    if (E.running || who >= EX_THREADS)
        ex_fail(EX_F_MISUSE, "weir_model_as is for set-up and finish");
    E.as = who;
    fn(arg);
    E.as = EX_TASKS;
}
