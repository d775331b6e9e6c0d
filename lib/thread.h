/* SPDX-License-Identifier: MIT */
/* lib/thread.h - one record per thread that has parked, and what runs when the thread ends. */
#ifndef WEIR_LIB_THREAD_H
#define WEIR_LIB_THREAD_H

#include <weir/error.h>

#include "hazard.h"
#include "lock.h"
#include "park.h"

struct weir__waits;
struct weir__frame;
struct pool_frame;

#define WEIR__EXIT_HOOKS 8
#define WEIR__RCU_NESTS 16

struct weir_rcu_head;

/* What lib/rcu*.c keeps of a thread. Except for the bag: the thread's own. */
struct weir__rcu_thread {
    weir_aptr bag; /* of struct weir_rcu_head, retired and not taken */
    struct weir__rcu_thread *next_full;
    /* Ever, by all threads that had this record; read by others. */
    weir_au64 retired, bytes, over;
    size_t untold; /* bytes that the common count does not know of */
    size_t room;   /* bytes that may be retired within the limit */
    void *reader;  /* liburcu's, if weir has registered the thread */
    bool offline;
    bool calls;       /* it is weir's own, and calls a function */
    bool section;     /* it is in a counted section: fork.h */
    bool forks;       /* it has prepared a fork */
    unsigned nesting; /* debug builds: its guards, */
    uint64_t last_id;
    uint64_t ids[WEIR__RCU_NESTS]; /* and who they are, the innermost last */
};

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
    struct weir__thread *behind; /* whose computation it waits for: maps/compute.c */
    unsigned tid;                /* the kernel's */
    unsigned number;             /* of the record: so many were made before it */
    bool taken;                  /* some thread's */
    bool spawned;                /* weir made it for a function of the user's: weir__spawn_begin */
    struct weir__rcu_thread rcu;
    struct weir__hazard hazard;
    const struct weir__frame *frames; /* tasks that it is in, the innermost first: flow/frame.h */
    struct weir_error error;          /* pending; code 0: none */
    /* Of a pool: flow/pool.h. Its worker that the thread is; the innermost task that it runs; and what is called with
     * `worker` when that waits, and when it goes on. */
    void *worker;
    struct pool_frame *task;
    void (*blocks)(void *worker, bool begins);
    struct weir__thread *next; /* in the free list */
};

/* The calling thread's record, made on first use; NULL: no memory, or no key for the exit hook. The
 * record goes back to the free list when the thread ends, however it ends. */
struct weir__thread *weir__thread_self(void);
/* The same, but NULL where there is none yet. */
struct weir__thread *weir__thread_known(void);

/* Runs fn(record) in every thread that has a record, when it ends, in reverse order of the calls.
 * At most WEIR__EXIT_HOOKS. Returns 0 or WEIR_ENOMEM. Before threads start, as from a constructor. */
int weir__thread_at_exit(void (*fn)(struct weir__thread *));

/* Calls fn for each record ever made, whoever has it. It takes no record away, and may be given new ones or not. */
void weir__thread_each(void (*fn)(struct weir__thread *t, void *arg), void *arg);

/* In the child of a fork: gone(record) for each thread that is not there; its record goes to the free list. What the list's
 * lock covers is made anew in each child, also without this call. */
void weir__thread_fork_child(void (*gone)(struct weir__thread *));

/* Records ever made; for tests: constant while threads come and go. */
size_t weir__thread_records(void);

#endif
