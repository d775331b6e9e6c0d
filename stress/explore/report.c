/* SPDX-License-Identifier: MIT */
/* stress/explore/report.c - what is said about a failure. A lost wake-up is a deadlock in which some
 * sleeper's own predicate (weir_model_waits) is true: it should not sleep. */
#include "report.h"

#include <stdio.h>
#include <string.h>

#include "trace.h"

static const char *const headline[] = {
#define XX(kind, text) [EX_F_##kind] = text,
    EX_FAILURES(XX)
#undef XX
};

const char *ex_failure_name(enum ex_failure_kind kind) { return headline[kind]; }

/* No steps. -1: it has none. */
static int predicate(const struct ex_task *t) {
    struct ex_task *cur = E.cur;
    E.cur = NULL;
    int yes = t->ready ? t->ready(t->ready_arg) : -1;
    E.cur = cur;
    return yes;
}

void ex_report_waiters(char *text, size_t n, bool *lost) {
    size_t k = 0;
    for (unsigned i = 0; i < EX_TASKS; i++) {
        const struct ex_task *t = &E.task[i];
        if (t->status != EX_BLOCKED || k >= n) continue;
        int yes = predicate(t);
        if (yes == 1) *lost = true;
        k += (size_t)snprintf(text + k, n - k, "%sT%u sleeps in %s%s", k ? "; " : "", i,
                              t->op ? t->op->name : "no operation",
                              yes == 1 ? " though what it waits for is true" : "");
    }
}

static const struct ex_event *last_event(const void *p, bool wake) {
    const struct ex_event *found = NULL;
    size_t n;
    const struct ex_event *ev = ex_trace_events(&n);
    for (size_t i = 0; i < n; i++) {
        bool writes = ev[i].kind == EX_T_STORE || ev[i].kind == EX_T_RMW ||
                      ev[i].kind == EX_T_CAS || ev[i].kind == EX_T_DRAIN ||
                      ev[i].kind == EX_T_LOCK || ev[i].kind == EX_T_UNLOCK;
        if (ev[i].p == p && (wake ? ev[i].kind == EX_T_WAKE : writes)) found = &ev[i];
    }
    return found;
}

static void by_whom(const struct ex_event *e, const char *none, char *text, size_t n) {
    if (e)
        (void)snprintf(text, n, "by T%u at step %llu", e->task, (unsigned long long)e->step);
    else
        (void)snprintf(text, n, "%s", none);
}

static void print_waiter(FILE *to, const struct ex_task *t) {
    char obj[64], wrote[64], woke[64];
    (void)fprintf(to, "  T%u", t->id);
    if (t->op) (void)fprintf(to, " in %s", t->op->name);
    if (t->why == EX_GRACE || t->why == EX_CALLBACKS) {
        (void)fprintf(to, " waits for %s\n", t->why == EX_GRACE ? "readers to leave" : "callbacks");
        return;
    }
    ex_trace_object(t->word, t->at, obj, sizeof obj);
    by_whom(last_event(t->word, false), "by set-up", wrote, sizeof wrote);
    by_whom(last_event(t->word, true), "none", woke, sizeof woke);
    if (t->why == EX_FUTEX)
        (void)fprintf(
            to, " sleeps: word %s is %llu (expected %llu), last written %s, last wake: %s\n", obj,
            (unsigned long long)ex_peek(t->word, 4), (unsigned long long)t->expected, wrote, woke);
    else
        (void)fprintf(to, " waits for the %s %s, last wake: %s\n",
                      t->why == EX_MUTEX ? "mutex" : "condition variable", obj, woke);
    int yes = predicate(t);
    if (yes >= 0)
        (void)fprintf(to, "     what it waits for, \"%s\", is %s\n", t->ready_text,
                      yes ? "TRUE: the wake-up was lost" : "false");
}

void ex_report_print(FILE *to, const char *repeat) {
    (void)fprintf(to, "%s after %llu steps, %u preemptions   scenario=%s memory=%s\n",
                  headline[E.failure], (unsigned long long)E.steps, E.preempted, E.sc->name,
                  E.mem->name);
    (void)fprintf(to, "%s\n", E.failure_text);
    for (unsigned i = 0; i < EX_TASKS; i++)
        if (E.task[i].status == EX_BLOCKED) print_waiter(to, &E.task[i]);
    (void)fprintf(to, "operations, with the times of their first and last step:\n");
    E.printer->operations(to);
    (void)fprintf(to, "steps:\n");
    E.printer->steps(to);
    if (E.explain) E.explain(to);
    if (repeat) (void)fprintf(to, "repeat: %s\n", repeat);
}
