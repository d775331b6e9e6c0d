/* SPDX-License-Identifier: MIT */
/* stress/lin/spec.h - what the specifications share: rules of results, and the list of those who
 * wait or were served but have not come back yet. */
#ifndef WEIR_STRESS_LIN_SPEC_H
#define WEIR_STRESS_LIN_SPEC_H

#include <string.h>

#include "specs.h"
#include "text.h"

/* A result that only says "nothing happened", which needs no look at the state: EBUSY where
 * undecided is allowed, ECANCELED, ENOMEM. */
static inline bool lin_undecided(const struct weir_lin_op *op, bool exact) {
    return op->overlaps && !exact;
}
static inline bool lin_no_effect(const struct weir_lin_op *op, bool exact) {
    if (op->result == WEIR_ECANCELED || op->result == WEIR_ENOMEM) return true;
    return op->result == WEIR_EBUSY && lin_undecided(op, exact);
}
/* EAGAIN, or ETIMEDOUT which stands for EAGAIN or EBUSY. `not_ready`: it cannot be done now. */
static inline bool lin_would_block(const struct weir_lin_op *op, bool exact, bool not_ready) {
    if (op->result == WEIR_EAGAIN) return not_ready;
    return op->result == WEIR_ETIMEDOUT && (not_ready || lin_undecided(op, exact));
}

/* One who asked. The order of `wait` matters where service is in line; `done` is kept sorted by
 * ticket, so that equal states have equal bytes. */
struct lin_waiter {
    uint32_t ticket;
    int32_t outcome; /* of done: the result to report */
    uint64_t value;  /* what a sender brings, what a receiver or loader got, permits wanted */
};

struct lin_line {
    uint32_t nwait, ndone, overflow, unused;
    struct lin_waiter wait[WEIR_LIN_WAITERS], done[WEIR_LIN_WAITERS];
};

/* What a step returns that works on a line. */
static inline int lin_line_verdict(const struct lin_line *l, bool yes) {
    return l->overflow ? -1 : yes;
}

static inline bool lin_line_wait(struct lin_line *l, uint32_t ticket, uint64_t value) {
    if (l->nwait == WEIR_LIN_WAITERS) {
        l->overflow = 1;
        return false;
    }
    l->wait[l->nwait++] = (struct lin_waiter){ ticket, 0, value };
    return true;
}

static inline bool lin_line_done(struct lin_line *l, uint32_t ticket, int64_t outcome,
                                 uint64_t value) {
    if (l->ndone == WEIR_LIN_WAITERS) {
        l->overflow = 1;
        return false;
    }
    uint32_t at = l->ndone++;
    for (; at > 0 && l->done[at - 1].ticket > ticket; at--) l->done[at] = l->done[at - 1];
    l->done[at] = (struct lin_waiter){ ticket, (int32_t)outcome, value };
    return true;
}

static inline void lin_waiter_remove(struct lin_waiter *list, uint32_t *n, uint32_t at) {
    --*n;
    memmove(list + at, list + at + 1, (*n - at) * sizeof *list);
    list[*n] = (struct lin_waiter){ 0, 0, 0 };
}

/* The index of the ticket, or n. */
static inline uint32_t lin_waiter_find(const struct lin_waiter *list, uint32_t n, uint32_t ticket) {
    uint32_t i = 0;
    while (i < n && list[i].ticket != ticket) i++;
    return i;
}

/* Takes the ticket's answer out of `done`; false: none is there. */
static inline bool lin_line_answer(struct lin_line *l, uint32_t ticket, struct lin_waiter *out) {
    uint32_t at = lin_waiter_find(l->done, l->ndone, ticket);
    if (at == l->ndone) return false;
    *out = l->done[at];
    lin_waiter_remove(l->done, &l->ndone, at);
    return true;
}

/* Takes the first, or the given, waiter out of the line. */
static inline struct lin_waiter lin_line_first(struct lin_line *l) {
    struct lin_waiter w = l->wait[0];
    lin_waiter_remove(l->wait, &l->nwait, 0);
    return w;
}
static inline bool lin_line_leave(struct lin_line *l, uint32_t ticket) {
    uint32_t at = lin_waiter_find(l->wait, l->nwait, ticket);
    if (at == l->nwait) return false;
    lin_waiter_remove(l->wait, &l->nwait, at);
    return true;
}

/* "waiting #3 #5, served #2" */
static inline void lin_put_line(struct lin_text *t, const struct lin_line *l) {
    for (uint32_t i = 0; i < l->nwait; i++)
        lin_put(t, "%s#%u", i ? " " : "; waiting ", l->wait[i].ticket);
    for (uint32_t i = 0; i < l->ndone; i++)
        lin_put(t, "%s#%u", i ? " " : "; answered ", l->done[i].ticket);
}

#endif
