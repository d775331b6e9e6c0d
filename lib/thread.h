/* SPDX-License-Identifier: MIT */
/* lib/thread.h - one record per thread that has parked, and what runs when the thread ends. */
#ifndef WEIR_LIB_THREAD_H
#define WEIR_LIB_THREAD_H

#include "lock.h"
#include "park.h"

struct weir__waits;

#define WEIR__EXIT_HOOKS 8

struct weir__thread {
    struct weir__parker parker; /* never unmapped: a late waker may still touch it */
    struct weir__spin spin;
    /* Of the call in which it waits on objects with queues: lib/wait.h. */
    weir_au32 phase;
    uint32_t won;                   /* the case that a peer has completed */
    struct weir__thread *wake_next; /* of the peer that has taken the call */
    uint64_t random;                /* of select; never 0 */
    struct weir__lock quiet;        /* held by the thread itself unless it waits: lib/waits.c */
    const struct weir__waits *waits;
    unsigned tid;              /* the kernel's */
    struct weir__thread *next; /* in the free list */
};

/* The calling thread's record, made on first use; NULL: no memory, or no key for the exit hook. The
 * record goes back to the free list when the thread ends, however it ends. */
struct weir__thread *weir__thread_self(void);

/* Runs fn(record) in every thread that has a record, when it ends, in reverse order of the calls.
 * At most WEIR__EXIT_HOOKS. Returns 0 or WEIR_ENOMEM. Before threads start, as from a constructor. */
int weir__thread_at_exit(void (*fn)(struct weir__thread *));

/* Calls fn for each record ever made, whoever has it. It takes no record away, and may be given new ones or not. */
void weir__thread_each(void (*fn)(struct weir__thread *t, void *arg), void *arg);

/* Records ever made; for tests: constant while threads come and go. */
size_t weir__thread_records(void);

#endif
