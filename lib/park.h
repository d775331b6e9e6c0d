/* SPDX-License-Identifier: MIT */
/* lib/park.h - how a thread of weir waits: a parker per thread, a bounded adaptive spin, the two
 * halves of an asymmetric barrier, and the parking lot that keeps the waiters of a ring.
 *
 * Parking is level-triggered: unpark leaves a token that the next park takes, so a wake-up between
 * "decide to sleep" and "sleep" is not lost. Wake-ups may be spurious: every waiter looks again. */
#ifndef WEIR_LIB_PARK_H
#define WEIR_LIB_PARK_H

#include "os.h"

/* ---- parker -------------------------------------------------------------------------------------- */

struct weir__parker {
    _Alignas(WEIR_LINE) weir_au32 state; /* wakers of other threads write here: a line of its own */
    char pad[WEIR_LINE - sizeof(weir_au32)];
};

void weir__parker_init(struct weir__parker *p);

/* Sleeps until a token is there, and takes it; owner only. Returns 0, or WEIR_ETIMEDOUT once the
 * deadline has passed and no token has come. */
int weir__park(struct weir__parker *p, weir_time deadline);

/* Leaves a token; wakes the owner if it sleeps. Any thread, also after the owner has ended. */
void weir__unpark(struct weir__parker *p);

/* ---- spin ---------------------------------------------------------------------------------------- */

/* How long a thread polls before it parks: at most as long as a wake-up takes, less after polling in
 * vain, not at all on one CPU. Plain fields: owner only. */
struct weir__spin {
    int64_t budget_ns;
    unsigned in_vain; /* waits in a row that polling did not end */
};

void weir__spin_init(struct weir__spin *s);

/* Polls ready(arg) until it says so, the budget is spent or the deadline has come. Returns what
 * ready said last. ready only reads. */
bool weir__spin(struct weir__spin *s, bool (*ready)(void *), void *arg, weir_time deadline);

/* ---- the heavy half of an asymmetric barrier ------------------------------------------------------ */

/* Whether parking threads may use membarrier; decided once, by the first call, for the process. An
 * object asks when it is made, before anybody can wait on it. */
bool weir__asymmetric(void);

/* After the waiter has announced itself by a seq_cst read-modify-write, and before it looks a last
 * time: every other thread that has not yet seen the announcement has made its earlier stores visible.
 * Not asymmetric: nothing, the other side pays (WEIR__MPMC_FENCE).
 * False: the kernel refuses now what it granted before; the object has to go over to fences on the
 * publishers' side, and the waiter calls weir__settle() once it has said so. */
bool weir__heavy_barrier(bool asymmetric);

/* Waits until stores that other processors have executed before this call are surely visible: 1 ms,
 * against the well under 1 us that a store buffer needs. Only for the case above. */
void weir__settle(void);

/* ---- parking lot ----------------------------------------------------------------------------------- */

/* A waiter, on the stack of the thread that waits. What wakes it is a function with an argument that
 * outlives it, so that a waiter which is not a thread can come later. */
struct weir__waiter {
    struct weir__waiter *next, *prev; /* under the bucket's lock */
    uint64_t key;                     /* of the object */
    weir_au64 *count;                 /* the object's word of waiters */
    uint64_t unit;                    /* what this waiter adds to it: tells the sides apart */
    void (*wake)(void *);             /* called after unlocking */
    void *wake_arg;
    weir_ctx *ctx; /* its end, too, ends the wait; NULL: none. Somebody watches it and unparks */
    weir_au32 woken;
};

/* Lists the waiter, last of its side, and adds unit to *count (seq_cst). */
void weir__lot_enter(struct weir__waiter *w);

/* Takes the waiter off again. False: it was woken before that; then w->woken is set, and whoever
 * woke it touches it no more. */
bool weir__lot_leave(struct weir__waiter *w);

/* Wakes up to n waiters of this key and side, first come first; returns how many. */
size_t weir__lot_wake(uint64_t key, weir_au64 *count, uint64_t unit, size_t n);

/* Enters was done: parks the calling thread until it is woken (0), or the deadline passes or w->ctx
 * ends (its error; then it has left). */
int weir__lot_park(struct weir__waiter *w, struct weir__parker *p, weir_time deadline);

#endif
