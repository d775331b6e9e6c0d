/* SPDX-License-Identifier: MIT */
/* stress/explore/trace.c - the events of a traced execution, names of objects, and the fingerprint.
 *
 * The fingerprint is a hash of what the steps of the default execution are (kind, thread, order,
 * function and operand as they stand in the source), not of line numbers or addresses: a schedule that
 * was recorded with another fingerprint belongs to another version of the code. */
#include "trace.h"

#include <stdio.h>
#include <string.h>

#define NAMES 64

static struct ex_event events[EX_EVENTS + 1];
static size_t nevents;
static struct {
    const char *p, *name;
    size_t size;
} names[NAMES];
static size_t nnames;

void ex_trace_reset(void) {
    nevents = 0;
    nnames = 0;
    E.fingerprint = UINT64_C(0xcbf29ce484222325);
}

const struct ex_event *ex_trace_events(size_t *n) {
    *n = nevents;
    return events;
}

static void mix(const void *p, size_t n) {
    const unsigned char *c = p;
    for (size_t i = 0; i < n; i++) E.fingerprint = (E.fingerprint ^ c[i]) * UINT64_C(0x100000001b3);
}

struct ex_event *ex_trace_add(const struct ex_task *t, enum ex_event_kind kind, const void *p,
                              const struct weir__site *at) {
    struct ex_event *e = &events[nevents];
    *e = (struct ex_event){
        .kind = (uint8_t)kind, .task = (uint8_t)t->id, .p = p, .at = at, .step = E.steps
    };
    if (nevents < EX_EVENTS) nevents++;
    mix(&e->kind, 1);
    mix(&e->task, 1);
    if (at) {
        mix(at->func, strlen(at->func));
        mix(at->text, strlen(at->text));
    }
    return e;
}

/* ---- names --------------------------------------------------------------------------------------------- */

void weir_model_name(const void *p, size_t size, const char *name) {
    if (nnames < NAMES) {
        names[nnames].p = p;
        names[nnames].size = size;
        names[nnames++].name = name;
    }
}

const char *ex_trace_name(const void *p, size_t *offset) {
    for (size_t i = 0; i < nnames; i++) {
        size_t d = (size_t)((const char *)p - names[i].p);
        if (d < names[i].size) {
            *offset = d;
            return names[i].name;
        }
    }
    return NULL;
}

/* Different addresses behind the same words of the source get numbers, in order of appearance. */
static unsigned ordinal(const void *p, const char *text, bool *several) {
    const void *seen[64];
    unsigned n = 0, mine = 0;
    for (size_t i = 0; i < nevents && n < 64; i++) {
        const struct ex_event *e = &events[i];
        if (!e->p || !e->at || e->kind > EX_T_WEAK_FAILED || strcmp(e->at->text, text) != 0)
            continue;
        unsigned k = 0;
        while (k < n && seen[k] != e->p) k++;
        if (k == n) seen[n++] = e->p;
        if (e->p == p) mine = k;
    }
    *several = n > 1;
    return mine;
}

/* Where an operation of atomics touched the same place, its words. */
static const struct weir__site *site_of(const void *p) {
    for (size_t i = 0; i < nevents; i++)
        if (events[i].p == p && events[i].at && events[i].kind <= EX_T_WEAK_FAILED)
            return events[i].at;
    return NULL;
}

void ex_trace_object(const void *p, const struct weir__site *at, char *text, size_t n) {
    size_t offset;
    const char *name = p ? ex_trace_name(p, &offset) : NULL;
    char block[32];
    if (name && offset) {
        (void)snprintf(text, n, "%s+%zu", name, offset);
        return;
    }
    if (name) {
        (void)snprintf(text, n, "%s", name);
        return;
    }
    if (p && (!at || at->line == 0)) at = site_of(p);
    if (at && at->line != 0) {
        const char *words = at->text[0] == '&' ? at->text + 1 : at->text;
        bool several = false;
        unsigned k = p ? ordinal(p, at->text, &several) : 0;
        (void)snprintf(text, n, several ? "%s#%u" : "%s", words, k + 1);
        return;
    }
    if (p && ex_heap_name(p, block, sizeof block))
        (void)snprintf(text, n, "%s", block);
    else
        (void)snprintf(text, n, "%p", p);
}
