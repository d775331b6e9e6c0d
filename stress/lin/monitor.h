/* SPDX-License-Identifier: MIT */
/* stress/lin/monitor.h - is a long run of a FIFO queue in order? In O(n log n).
 *
 * For histories far too long and too concurrent for lin.h, where every value is pushed at most
 * once. Looks for five patterns, each of which no linearizable queue can show:
 *   fresh   a value is popped that was never pushed, or popped before its push was called
 *   repeat  a value is popped twice
 *   order   push(a) returned before push(b) was called, but b's pop returned before a's was called,
 *           or a was never popped
 *   empty   a pop said empty, though at each instant of it some value was certainly inside
 *   full    a push said full, though at no instant of it `cap` values could have been inside
 * Sound: what is reported is a violation. Not complete: with pops that said empty, or pushes that
 * said full, or operations that never returned, a history may pass that lin.h would refuse; fresh,
 * repeat and order together are complete for histories of completed pushes and pops alone. */
#ifndef WEIR_STRESS_LIN_MONITOR_H
#define WEIR_STRESS_LIN_MONITOR_H

#include "lin.h"

enum weir_lin_event_kind {
    WEIR_LIN_PUSHED,  /* value; ret is UINT64_MAX if it never returned */
    WEIR_LIN_POPPED,  /* value */
    WEIR_LIN_POPPING, /* a pop that never returned */
    WEIR_LIN_SAID_EMPTY,
    WEIR_LIN_SAID_FULL,
};
struct weir_lin_event {
    uint64_t call, ret; /* closed, as in weir_lin_op */
    uint64_t value;
    uint32_t kind, thread;
};

enum weir_lin_pattern {
    WEIR_LIN_NO_PATTERN,
    WEIR_LIN_FRESH,
    WEIR_LIN_REPEAT,
    WEIR_LIN_ORDER,
    WEIR_LIN_FALSE_EMPTY,
    WEIR_LIN_FALSE_FULL,
};
struct weir_lin_finding {
    enum weir_lin_pattern pattern;
    size_t nevents, event[4]; /* indexes of those that show it */
    const char *reason;       /* why MALFORMED or UNKNOWN, else NULL */
};

/* WEIR_LIN_OK: no pattern was found. WEIR_LIN_VIOLATION. WEIR_LIN_MALFORMED: a value pushed twice,
 * or an interval that ends before it begins. WEIR_LIN_UNKNOWN: no memory. cap 0: unbounded. */
enum weir_lin_verdict weir_lin_monitor(const struct weir_lin_event *ev, size_t n, uint64_t cap,
                                       struct weir_lin_finding *out);

void weir_lin_monitor_print(const struct weir_lin_finding *f, const struct weir_lin_event *ev,
                            FILE *to);

/* The events of a recorded history of weir_lin_ring (specs.h); batches become one event per
 * element. EBUSY, time-outs, close and pushes refused by it say nothing here. `out` holds 8 * n
 * events. Returns how many were written. */
size_t weir_lin_monitor_events(const struct weir_lin_op *ops, size_t n, struct weir_lin_event *out);

#endif
