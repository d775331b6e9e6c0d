/* SPDX-License-Identifier: MIT */
/* stress/explore/trace.h - the events of one execution. Recorded only when an execution is repeated
 * for printing: the search itself keeps no trace. */
#ifndef WEIR_STRESS_TRACE_H
#define WEIR_STRESS_TRACE_H

#include "engine.h"

enum ex_event_kind {
    EX_T_LOAD,
    EX_T_STORE,
    EX_T_RMW,
    EX_T_CAS,
    EX_T_CAS_FAILED,
    EX_T_WEAK_FAILED,
    EX_T_PAUSE,
    EX_T_COPY,
    EX_T_POINT,
    EX_T_DRAIN,
    EX_T_FENCE,
    EX_T_WAIT,
    EX_T_WOKEN,
    EX_T_NO_WAIT,
    EX_T_TIMEOUT,
    EX_T_SPURIOUS,
    EX_T_WAKE,
    EX_T_LOCK,
    EX_T_UNLOCK,
    EX_T_ALLOC,
    EX_T_FREE,
    EX_T_CLOCK,
    EX_T_RCU_LOCK,
    EX_T_RCU_UNLOCK,
    EX_T_RCU_WAIT,
    EX_T_RCU_CALL,
    EX_T_RCU_RUN,
    EX_T_PREEMPTED,
    EX_T_STOPPED,
    EX_T_SOLO,
    EX_T_ENDED,
    EX_T_BEGIN,
    EX_T_END
};

struct ex_event {
    uint8_t kind, task, size, rmw;
    bool buffered; /* in the store buffer: others do not see it yet */
    int order;
    const void *p;
    uint64_t a, b; /* old and new value, or as the kind needs */
    const struct weir__site *at;
    const char *text;
    const struct weir_model_op *op;
    uint64_t step;
};

#define EX_EVENTS 40000

void ex_trace_reset(void);
const struct ex_event *ex_trace_events(size_t *n);

/* Adds an event of thread t and returns it; a spare one when nothing is traced. */
struct ex_event *ex_trace_add(const struct ex_task *t, enum ex_event_kind kind, const void *p,
                              const struct weir__site *at);
static inline void ex_trace_mark(const struct ex_task *t, enum ex_event_kind kind) {
    if (E.tracing) (void)ex_trace_add(t, kind, NULL, NULL);
}
static inline void ex_trace_wake(const struct ex_task *t, enum ex_event_kind kind) {
    if (E.tracing) (void)ex_trace_add(t, kind, t->word, t->at);
}

/* "ring+8", "t.head", "block 3 +16 (freed)" or an address. */
void ex_trace_object(const void *p, const struct weir__site *at, char *text, size_t n);

/* Names given by weir_model_name; NULL: none covers p. */
const char *ex_trace_name(const void *p, size_t *offset);

/* The table of the last execution, which was traced. */
#include <stdio.h>
extern const struct ex_printer ex_table;

#endif
