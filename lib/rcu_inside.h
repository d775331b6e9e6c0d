/* SPDX-License-Identifier: MIT */
/* lib/rcu_inside.h - what the parts of RCU share: rcu.c (guards, registration), rcu_retire.c (bags, weir's thread),
 * rcu_wait.c (limits, waiting, shutdown), rcu_fork.c. */
#ifndef WEIR_LIB_RCU_INSIDE_H
#define WEIR_LIB_RCU_INSIDE_H

#include "base.h"
#include "lock.h"
#include "rcu.h"
#include "thread.h"

/* Plain memory that threads hand over. */
#ifdef WEIR_MODEL
#define WEIR__RCU_READS(p, n) weir_model_read(p, n)
#define WEIR__RCU_WRITES(p, n) weir_model_write(p, n)
#else
#define WEIR__RCU_READS(p, n) ((void)0)
#define WEIR__RCU_WRITES(p, n) ((void)0)
#endif

/* ---- weir's thread -------------------------------------------------------------------------------------------- */

/* What changes when those who sleep on it are to look again. Its lock may be taken by who holds any other one, and is held by
 * nobody who waits or forks. */
struct weir__rcu_bell {
    struct weir__lock lock;
    weir_au32 rung;
};

enum weir__rcu_state { WEIR__RCU_NONE, WEIR__RCU_MADE, WEIR__RCU_RUNS };

struct weir__rcu {
    struct weir__lock lock; /* of the fields up to the blank line */
    enum weir__rcu_state state;
    weir_aptr keeper;     /* weir's thread, once it runs: stored by itself */
    unsigned stops;       /* who wants it to end when nothing is asked for any more */
    unsigned failed;      /* times that it had no memory to begin */
    uint64_t begun, done; /* rounds */
    uint64_t quiet;       /* the last round whose functions have retired nothing */
    uint64_t called, called_bytes, called_over;
    struct weir__rcu_bell bell; /* rung with each change of these */

    struct weir__lock sync;  /* of liburcu's grace periods, held through each. Not inside `lock` */
    struct weir__lock birth; /* of registrations */
};
extern __attribute__((visibility("hidden"))) struct weir__rcu weir__rcu;

/* One grace period, counted. Under `sync`. */
void weir__rcu_period(void);

/* In two steps, for who holds another lock: in it, with what has changed; and once that is given back. */
static inline void weir__rcu_bell_change(struct weir__rcu_bell *b) {
    weir__lock(&b->lock);
    weir_store_relaxed(&b->rung, weir_load_relaxed(&b->rung) + 1);
    weir__unlock(&b->lock);
}
static inline void weir__rcu_bell_wake(struct weir__rcu_bell *b) {
    weir__os_futex_wake(&b->rung, INT32_MAX);
}
/* In one. */
static inline void weir__rcu_bell_ring(struct weir__rcu_bell *b) {
    weir__rcu_bell_change(b);
    weir__rcu_bell_wake(b);
}
static inline void weir__rcu_ring(void) { weir__rcu_bell_change(&weir__rcu.bell); }
static inline void weir__rcu_wake(void) { weir__rcu_bell_wake(&weir__rcu.bell); }

/* Relaxed: what changes under the lock is looked at under it. */
static inline bool weir__rcu_held(void) {
    return weir_load_relaxed(&weir__rcu_clock.ask) & WEIR__RCU_HELD;
}

/* Sees to it that weir's thread is there, unless that is held. 0 or WEIR_ENOMEM. */
int weir__rcu_ensure(void);

/* Makes weir's thread look at stops. */
void weir__rcu_nudge(void);

/* The thread ends, or is not there after a fork. What it has retired stays in its record; its count is told. If it was weir's, a
 * function has ended it, and another goes on. */
void weir__rcu_leave(struct weir__thread *t);

/* Whether a bag is not empty. Under the lock, while no round is at work: then no bag is in other hands. */
bool weir__rcu_any(void);

/* Puts each bag that is not empty on the list, which is in nobody's hands, and counts garbage anew: the only thread of the
 * process does. */
void weir__rcu_list_anew(void);

/* Whether the calling thread must not wait: it holds a guard, calls a function, or has prepared a fork. self may be NULL. */
static inline bool weir__rcu_busy(const struct weir__thread *self) {
    return (self && (self->rcu.calls || self->rcu.forks)) ||
           (weir__urcu_registered() && weir__urcu_held());
}
/* 0, or a report and WEIR_EDEADLK. */
static inline int weir__rcu_may_wait(const struct weir__thread *self, const char *call) {
    if (!weir__rcu_busy(self)) return 0;
    (void)weir__misuse(call, "inside a guard, in a function of weir's thread, or before parent");
    return WEIR_EDEADLK;
}

/* Debug builds report calls of the thread that has prepared a fork. */
#ifdef WEIR_DEBUG
static inline void weir__rcu_not_between(const struct weir__thread *self, const char *call) {
    if (self && self->rcu.forks)
        (void)weir__misuse(call, "the thread has prepared a fork: only parent, child, cancel");
}
#else
static inline void weir__rcu_not_between(const struct weir__thread *self, const char *call) {
    (void)self;
    (void)call;
}
#endif

/* ---- garbage -------------------------------------------------------------------------------------------------- */

struct weir__rcu_garbage {
    _Alignas(WEIR_LINE)
        weir_au64 bytes; /* within the limit; signed, without what threads have not told */
    weir_au64 peak;
    weir_asize soft, hard, quantum;
    weir_au64 waited;
    /* Of threads that have no record. */
    struct weir__rcu_thread stray;
};
extern __attribute__((visibility("hidden"))) struct weir__rcu_garbage weir__rcu_garbage;

/* What was ever retired, by all. */
struct weir__rcu_sum {
    uint64_t retired, bytes, over;
};
void weir__rcu_sum(struct weir__rcu_sum *s);

/* ---- waiting -------------------------------------------------------------------------------------------------- */

/* Waits until done(arg): called under the lock of weir__rcu, when its bell was rung; or, if `other` is not NULL, under none, when
 * that one was. hurry: rounds follow each other, by weir's thread, meanwhile. Returns 0, ctx's error, ETIMEDOUT, EAGAIN
 * (WEIR_NOW), ENOMEM. */
struct weir__rcu_wait {
    bool (*done)(void *arg);
    void *arg;
    const char *what;
    bool hurry;
    struct weir__rcu_bell *other;
};
int weir__rcu_await(const struct weir__rcu_wait *w, weir_time deadline, weir_ctx *ctx);

#endif
