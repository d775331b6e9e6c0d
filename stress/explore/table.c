/* SPDX-License-Identifier: MIT */
/* stress/explore/table.c - a failed execution as tables: the operations of each thread, then every step,
 * one line each, in the column of its thread, with value, order and place in the source. A printer
 * of another kind needs ex_trace_events and weir_model_history only. */
#include <stdio.h>
#include <string.h>

#include "trace.h"

#define CELL 200
#define WIDEST 52

static const char *order_name(int order) {
    switch (order) {
        case WEIR__RLX: return "rlx";
        case WEIR__ACQ: return "acq";
        case WEIR__REL: return "rel";
        case WEIR__ARL: return "acq_rel";
        case WEIR__SEQ: return "sc";
        default: return "";
    }
}

static const char *value(uint64_t v, char *text, size_t n) {
    char block[32];
    if (v > 4096 && ex_heap_name((const void *)(uintptr_t)v, block, sizeof block))
        (void)snprintf(text, n, "&%s", block);
    else if (v < 100000)
        (void)snprintf(text, n, "%llu", (unsigned long long)v);
    else if (v > UINT64_MAX - 1000)
        (void)snprintf(text, n, "-%llu", (unsigned long long)(UINT64_MAX - v + 1));
    else
        (void)snprintf(text, n, "0x%llx", (unsigned long long)v);
    return text;
}

static const char *result(int64_t r, char *text, size_t n) {
    switch (r) {
#define XX(name, sys, words) \
    case WEIR_##name: (void)snprintf(text, n, #name); break;
        WEIR_ERR_MAP(XX)
#undef XX
        default: (void)snprintf(text, n, "%lld", (long long)r); break;
    }
    return text;
}

/* "push(17)" or, when `ended`, "push(17) = 0". */
static void operation(const struct weir_model_op *op, bool ended, char *text, size_t n) {
    char v[40];
    size_t k = (size_t)snprintf(text, n, "%s(", op->name);
    for (unsigned i = 0; i < op->nin && i < WEIR_MODEL_VALUES && k < n; i++)
        k +=
            (size_t)snprintf(text + k, n - k, "%s%s", i ? ", " : "", value(op->in[i], v, sizeof v));
    if (k < n) k += (size_t)snprintf(text + k, n - k, ")");
    if (!ended) return;
    if (k < n) k += (size_t)snprintf(text + k, n - k, " = %s", result(op->result, v, sizeof v));
    for (unsigned i = 0; i < op->nout && i < WEIR_MODEL_VALUES && k < n; i++)
        k += (size_t)snprintf(text + k, n - k, "%s %s", i ? "," : ":",
                              value(op->out[i], v, sizeof v));
}

/* ---- cells ------------------------------------------------------------------------------------------------ */

static const char *const rmw_name[] = { "xchg", "add", "sub", "or", "and" };

static void access_cell(const struct ex_event *e, char *c) {
    char obj[64], a[40], b[40];
    ex_trace_object(e->p, e->at, obj, sizeof obj);
    value(e->a, a, sizeof a);
    value(e->b, b, sizeof b);
    const char *o = order_name(e->order), *buffered = e->buffered ? " (buffered)" : "";
    switch (e->kind) {
        case EX_T_LOAD: (void)snprintf(c, CELL, "load %s is %s  %s", obj, a, o); break;
        case EX_T_STORE: (void)snprintf(c, CELL, "store %s = %s  %s%s", obj, b, o, buffered); break;
        case EX_T_RMW:
            (void)snprintf(c, CELL, "%s %s %s -> %s  %s%s", rmw_name[e->rmw], obj, a, b, o,
                           buffered);
            break;
        case EX_T_CAS:
            (void)snprintf(c, CELL, "cas %s %s -> %s  %s%s", obj, a, b, o, buffered);
            break;
        case EX_T_CAS_FAILED:
            (void)snprintf(c, CELL, "cas %s fails: is %s, not %s", obj, a, b);
            break;
        case EX_T_WEAK_FAILED: (void)snprintf(c, CELL, "cas %s fails spuriously", obj); break;
        default: (void)snprintf(c, CELL, "  %s = %s leaves the buffer", obj, b); break;
    }
}

static void os_cell(const struct ex_event *e, char *c) {
    char obj[64], v[40];
    ex_trace_object(e->p, e->at, obj, sizeof obj);
    switch (e->kind) {
        case EX_T_WAIT:
            (void)snprintf(c, CELL, "sleeps on %s == %llu", obj, (unsigned long long)e->b);
            break;
        case EX_T_NO_WAIT:
            (void)snprintf(c, CELL, "futex: %s != %llu, no sleep", obj, (unsigned long long)e->b);
            break;
        case EX_T_WOKEN: (void)snprintf(c, CELL, "  woken"); break;
        case EX_T_TIMEOUT: (void)snprintf(c, CELL, "  deadline passes"); break;
        case EX_T_SPURIOUS: (void)snprintf(c, CELL, "  wakes up spuriously"); break;
        case EX_T_WAKE:
            (void)snprintf(c, CELL, "wake on %s: %llu woken", obj, (unsigned long long)e->a);
            break;
        case EX_T_LOCK: (void)snprintf(c, CELL, "lock %s", obj); break;
        case EX_T_UNLOCK: (void)snprintf(c, CELL, "unlock %s", obj); break;
        case EX_T_ALLOC:
            (void)snprintf(c, CELL, "alloc %llu: %s%s", (unsigned long long)e->a,
                           e->p ? value((uint64_t)(uintptr_t)e->p, v, sizeof v) : "refused",
                           e->b ? " (used before)" : "");
            break;
        case EX_T_FREE:
            (void)snprintf(c, CELL, "free %s", value((uint64_t)(uintptr_t)e->p, v, sizeof v));
            break;
        case EX_T_CLOCK: (void)snprintf(c, CELL, "  the clock has moved by 1 s"); break;
        case EX_T_RCU_LOCK:
            (void)snprintf(c, CELL, "rcu lock, depth %llu", (unsigned long long)e->a);
            break;
        case EX_T_RCU_UNLOCK:
            (void)snprintf(c, CELL, "rcu unlock, depth %llu", (unsigned long long)e->a);
            break;
        case EX_T_RCU_WAIT: (void)snprintf(c, CELL, "waits for readers"); break;
        case EX_T_RCU_CALL:
            (void)snprintf(c, CELL, "retires %s", value((uint64_t)(uintptr_t)e->p, v, sizeof v));
            break;
        default:
            (void)snprintf(c, CELL, "callback of %s",
                           value((uint64_t)(uintptr_t)e->p, v, sizeof v));
            break;
    }
}

static void cell(const struct ex_event *e, char *c) {
    char v[40];
    switch (e->kind) {
        case EX_T_PAUSE: (void)snprintf(c, CELL, "pause"); break;
        case EX_T_POINT: (void)snprintf(c, CELL, "  [%s]", e->text); break;
        case EX_T_FENCE: (void)snprintf(c, CELL, "%s", e->text); break;
        case EX_T_PREEMPTED: (void)snprintf(c, CELL, "---- preempted ----"); break;
        case EX_T_STOPPED: (void)snprintf(c, CELL, "---- stopped ----"); break;
        case EX_T_SOLO: (void)snprintf(c, CELL, "---- runs alone now ----"); break;
        case EX_T_ENDED: (void)snprintf(c, CELL, "(ends)"); break;
        case EX_T_BEGIN: operation(e->op, false, c, CELL); break;
        case EX_T_END: operation(e->op, true, c, CELL); break;
        case EX_T_COPY:
            if (e->text)
                (void)snprintf(c, CELL, "copy %s", value(e->b, v, sizeof v));
            else
                (void)snprintf(c, CELL, "copy %llu bytes", (unsigned long long)e->a);
            break;
        default:
            if (e->kind <= EX_T_WEAK_FAILED || e->kind == EX_T_DRAIN)
                access_cell(e, c);
            else
                os_cell(e, c);
    }
}

/* ---- tables -------------------------------------------------------------------------------------------------- */

static void place(const struct ex_event *e, char *text, size_t n) {
    const char *file = e->at && e->at->line ? e->at->file : "", *slash = strrchr(file, '/');
    text[0] = '\0';
    if (*file) (void)snprintf(text, n, "%s:%d", slash ? slash + 1 : file, e->at->line);
}

static void columns(const struct ex_event *ev, size_t n, size_t width[EX_TASKS]) {
    char c[CELL];
    for (size_t i = 0; i < n; i++) {
        cell(&ev[i], c);
        size_t w = strlen(c);
        if (w > WIDEST) w = WIDEST;
        if (w > width[ev[i].task]) width[ev[i].task] = w;
    }
}

static void row(FILE *to, const struct ex_event *e, const size_t width[EX_TASKS],
                const char *number) {
    char c[CELL], where[60];
    cell(e, c);
    place(e, where, sizeof where);
    (void)fprintf(to, "%5s |", number);
    for (unsigned k = 0; k < EX_TASKS; k++)
        if (width[k]) (void)fprintf(to, " %-*.*s |", (int)width[k], WIDEST, k == e->task ? c : "");
    (void)fprintf(to, " %s\n", where);
}

static void heading(FILE *to, const size_t width[EX_TASKS]) {
    char name[16];
    (void)fprintf(to, "    # |");
    for (unsigned k = 0; k < EX_TASKS; k++) {
        if (!width[k]) continue;
        (void)snprintf(name, sizeof name, k == EX_DAEMON ? "rcu" : "T%u", k);
        (void)fprintf(to, " %-*s |", (int)width[k], name);
    }
    (void)fprintf(to, " where\n");
}

static bool is_step(const struct ex_event *e) {
    return e->kind < EX_T_PREEMPTED && e->kind != EX_T_POINT && e->kind != EX_T_DRAIN &&
           e->kind != EX_T_WOKEN && e->kind != EX_T_TIMEOUT && e->kind != EX_T_SPURIOUS;
}

static void print_steps(FILE *to) {
    size_t n, width[EX_TASKS] = { 0 };
    const struct ex_event *ev = ex_trace_events(&n);
    uint64_t last = 0;
    columns(ev, n, width);
    heading(to, width);
    for (size_t i = 0; i < n; i++) {
        char number[24] = "";
        bool step = ev[i].step != last && is_step(&ev[i]);
        if (step) (void)snprintf(number, sizeof number, "%llu", (unsigned long long)ev[i].step);
        if (step) last = ev[i].step;
        row(to, &ev[i], width, number);
    }
    if (n == EX_EVENTS)
        (void)fprintf(to, "      (%d events are kept; the rest is cut)\n", EX_EVENTS);
}

/* Each operation with its interval: one ends before another begins where its right number is smaller
 * than the other's left one. */
static void print_operations(FILE *to) {
    size_t n;
    char text[CELL], end[24], who[8];
    const struct weir_model_op *op = weir_model_history(&n);
    for (size_t i = 0; i < n; i++) {
        operation(&op[i], op[i].done, text, sizeof text);
        (void)snprintf(end, sizeof end, "%llu", (unsigned long long)op[i].ret);
        if (op[i].thread < EX_THREADS)
            (void)snprintf(who, sizeof who, "T%u", op[i].thread);
        else
            (void)snprintf(who, sizeof who, "main");
        (void)fprintf(to, "  %-4s [%3llu,%3s] %s\n", who, (unsigned long long)op[i].call,
                      op[i].done ? end : "...", text);
    }
}

const struct ex_printer ex_table = { "table", print_operations, print_steps };
