/* SPDX-License-Identifier: MIT */
/* flow/pool.h - what the files of the pool share.
 *
 *   pool.c         making, submitting, statistics         pool_node.c    nodes, and who has a task
 *   pool_life.c    threads and states                     pool_steal.h   the stealing kind, and its files
 *   pool_end.c     who waits, and asks for the end        pool_locked.c  the kind with one mutex
 *   pool_run.c     a task from its begin to its end       pool_retry.c   threads that the system did not give
 */
#ifndef WEIR_FLOW_POOL_H
#define WEIR_FLOW_POOL_H

#include <weir/deque.h>
#include <weir/mpmc.h>
#include <weir/pool.h>

#include "../lib/base.h"
#include "../lib/ctx.h"
#include "../lib/os_mutex.h"
#include "../lib/os_user.h"
#include "../lib/os_worker.h"
#include "../lib/thread.h"
#include "future.h"

#define POOL_LEVELS 3 /* indexed by enum weir_priority */
#define POOL_TURN 61  /* every so often another level first: see the header of weir/pool.h */

/* ---- tasks -------------------------------------------------------------------------------------------------- */

/* A task by value. */
struct pool_job {
    weir_task_fn *fn;
    weir_ctx *ctx; /* with a reference; NULL: the pool's */
    void *arg;
    weir_future *future;
    bool always; /* of an executor: is called in any case */
};

/* A task by address: as it stands in a deque or list, or has a future. Its memory is the pool's to the end. What a task
 * with a future is, stands in that: who claims it through the future reads nothing here but `turn`. */
struct pool_node {
    struct pool_job job;
    weir_au64 turn; /* odd while its task is to be had: who adds one to that has it */
    struct pool_node *next, *prev; /* free; or in a list, under the lock */
    struct pool_nodes *home;
    unsigned level;
    bool behind; /* of the mutex kind: takes no room */
};

/* Nodes, of one owner: a worker, or all others, who hold the pool's lock. */
struct pool_nodes {
    struct pool_node *free;
    struct pool_slab *slabs;
    weir_aptr back; /* given back by others than the owner */
};

struct pool_list {
    struct pool_node *first, *last;
    size_t len;
    size_t behind; /* of them, those that take no room; counted by the mutex kind */
};

/* Under the lock: to the end of it; out of it, wherever it stands. */
static inline void pool_list_add(struct pool_list *l, struct pool_node *n) {
    n->next = NULL;
    n->prev = l->last;
    *(l->last ? &l->last->next : &l->first) = n;
    l->last = n;
    l->len++;
}
static inline void pool_list_remove(struct pool_list *l, struct pool_node *n) {
    *(n->prev ? &n->prev->next : &l->first) = n->next;
    *(n->next ? &n->next->prev : &l->last) = n->prev;
    l->len--;
}

#define POOL_RINGS 22 /* from 2^10 slots to 2^31 */

/* Of one priority: see pool_rings.c. */
struct pool_rings {
    weir_au32 span;   /* oldest | newest << 8 */
    weir_au32 rounds; /* a ring was named, or nobody makes one any more */
    unsigned makers;  /* of the next ring; under the lock */
    weir_mpmc *ring[POOL_RINGS];
};

/* A task as it runs; known to its thread's record. */
struct pool_frame {
    struct pool_frame *outer;
    weir_pool *pool;
    struct pool_worker *worker; /* of that pool; NULL: who runs it is none */
    struct pool_job job;
    void *value;
    unsigned waits; /* of the thread's worker, of any pool, when this task began */
    bool runs;
};

/* ---- workers ------------------------------------------------------------------------------------------------- */

/* Ever; written by their worker only, or, those of the pool, by any other thread. */
struct pool_counts {
    weir_au64 queued, begun, ok, failed, cancelled, stolen, by_caller, blocks, inside;
};

enum { WORKER_NONE, WORKER_LIVE, WORKER_ENDED }; /* ENDED: its last thread is to be joined */

struct pool_worker {
    weir_pool *pool;
    unsigned number;
    int state; /* of its thread; under the lock */
    int cpu;   /* -1: any */
    struct weir__os_worker os;
    struct weir__parker parker;
    struct pool_frame frame; /* of the task that it has taken; those inside it are on the stack */
    unsigned waits;          /* nesting of what blocks its task, and those inside it */
    bool comes;              /* it has not looked for a task yet; under the lock */
    struct pool_counts n;
    /* of the stealing kind */
    weir_deque *deque;
    struct pool_nodes nodes;
    bool pushed;   /* the deque may hold something */
    bool next;     /* it looks for its next task, and not for one to run meanwhile */
    bool too_many; /* so it has found when it had a task in its hands */
    uint32_t tick;
    uint64_t random;
    bool searching;
    weir_au64 fence; /* instead of a barrier */
    struct weir__spin spin;
    bool asleep;                     /* in the list of those; under the lock */
    struct pool_worker *next_asleep; /* the last one first */
};

/* Somebody waits for an instant without tasks, or for the end of all workers. On his stack. */
struct pool_wait {
    struct pool_wait *next;
    weir_future future;
    bool ended; /* waits for that */
    bool listed;
};

struct weir_pool {
    /* read by all, seldom written */
    unsigned kind, full;
    size_t cap;
    weir_ctx *ctx;
    struct pool_rings rings[POOL_LEVELS]; /* of the stealing kind */
    bool fence;                           /* without membarrier */
    weir_au32 state;                      /* enum weir_pool_state; changed under the lock */
    weir_au32 hint; /* POOL_SURPLUS: a worker has to look closer before it takes a task */
    weir_au32 made; /* of workers; the others are NULL */
    weir_aptr workers[WEIR_POOL_THREADS_MAX]; /* struct pool_worker, made when first wanted */
    char pad0[WEIR_LINE];
    weir_au64 idle;   /* of the stealing kind: see pool_idle.c */
    weir_au64 urgent; /* tasks of high priority in the queue, or about to be */
    char pad1[WEIR_LINE];
    /* under the lock: of the stealing kind `lock`, of the other one `mutex` */
    struct weir__lock lock;
    weir__mutex mutex;
    weir__cond work, room[POOL_LEVELS]; /* of the mutex kind */
    unsigned threads, max_threads, spare;
    unsigned alive, asleep; /* workers that are there or about to be; of them */
    unsigned blocked;       /* tasks */
    unsigned callers;       /* threads that run tasks and are no workers of it */
    unsigned coming;        /* workers that have not looked for a task yet */
    bool closed;            /* nothing comes from outside any more */
    bool leaving;           /* drained: workers end */
    bool cut;               /* stopped before it was drained */
    uint64_t before_cut;    /* tasks that were cancelled by then */
    uint64_t threads_made, wakes, exits;
    struct pool_wait *waits;
    struct pool_worker *asleep_first;
    struct pool_list lists[POOL_LEVELS]; /* the queue of the mutex kind; what was left to others */
    weir_au64 listed[POOL_LEVELS];       /* their lengths, of the stealing kind */
    struct pool_nodes nodes;             /* of who is no worker */
    struct pool_counts n;                /* likewise, by read-modify-writes */
    weir_au64 refused;
    /* constant */
    int64_t linger;
    unsigned flags;
    unsigned n_places; /* processors for the workers, one after the other; 0: any */
    uint16_t places[WEIR_POOL_THREADS_MAX];
    char name[16];
    const struct weir_alloc *alloc;
    struct pool_retry *retry;
};

#define POOL_SURPLUS 1u

/* Relaxed: it is changed under the lock, and who reads it without may be a moment late. */
static inline int pool_state(const weir_pool *p) { return (int)weir_load_relaxed(&p->state); }

/* ---- counting: by a worker for itself, or by who is none -------------------------------------------------------- */

/* Release: who reads it reads afterwards what was counted before. */
static inline void pool_count(weir_pool *p, struct pool_worker *w, size_t which, uint64_t n) {
    weir_au64 *c = (weir_au64 *)(void *)((char *)(w ? &w->n : &p->n) + which);
    uint64_t seen = weir_load_relaxed(c);
    if (w) {
        weir_store_release(c, seen + n, POOL_N1);
        return;
    }
    while (!weir_cas_release(c, &seen, seen + n, POOL_N2)) {
    }
}
#define POOL_COUNT(p, w, field) pool_count(p, w, offsetof(struct pool_counts, field), 1)

/* Tasks that were ever cancelled; of pool.c. */
uint64_t weir__pool_cancelled(weir_pool *p);

/* ---- pool_life.c ------------------------------------------------------------------------------------------------- */

void weir__pool_lock(weir_pool *p);
/* Gives the lock back, and ends the waits in `done`, which were in the pool's list. */
void weir__pool_unlock(weir_pool *p, struct pool_wait *done);
/* Under the lock, after a change of who is there, asleep, runs tasks, or may be there. The waits that are over. */
struct pool_wait *weir__pool_settle(weir_pool *p);
/* Under the lock: there may be one worker more, or there is one too many. */
bool weir__pool_may_grow(const weir_pool *p);
bool weir__pool_surplus(const weir_pool *p);
/* Makes one more worker, if there may be. 0, or WEIR_ENOMEM. Without the lock. */
int weir__pool_grow(weir_pool *p);
/* There may be more workers than before: makes them, as far as they are wanted. */
void weir__pool_wants_more(weir_pool *p);
/* Under the lock: the worker has begun to look for tasks. */
void weir__pool_came(struct pool_worker *w);
/* Under the lock, which it gives back: the calling worker ends. It may be another thread's from then on: the caller looks at
 * it no more. */
void weir__pool_leave(struct pool_worker *w);
/* Joins all threads, once the pool is stopped. */
void weir__pool_join(weir_pool *p);
void weir__pool_worker_free(struct pool_worker *w);
/* A thread that is no worker runs tasks, so that the pool is not quiet. */
void weir__pool_caller(weir_pool *p, bool begins);
/* The task of worker w is blocked, or not any more. */
void weir__pool_blocks(void *worker, bool begins);
/* How many workers were ever made, and those, with numbers below. */
unsigned weir__pool_made(weir_pool *p);
static inline struct pool_worker *weir__pool_worker_at(const weir_pool *p, unsigned number) {
    return weir_load_relaxed(&p->workers[number]); /* stored before `made` counted it */
}

/* ---- pool_retry.c ------------------------------------------------------------------------------------------------ */

int weir__pool_retry_init(weir_pool *p);
/* Nobody asks for a thread any more. */
void weir__pool_retry_end(weir_pool *p);
/* As weir__pool_grow, for tasks that are queued: if there is no worker to be had it is tried again later. */
int weir__pool_want(weir_pool *p);

/* ---- pool_run.c ---------------------------------------------------------------------------------------------------- */

/* Runs, or cancels, a task that was taken out of the queue. w: the calling worker; NULL: it is none. */
void weir__pool_run_nested(weir_pool *p, struct pool_worker *w, const struct pool_job *job);
/* Likewise, by who submitted it, or waits for it; one who is no worker was counted (POOL_RUN_HERE). */
void weir__pool_run_here(weir_pool *p, struct pool_worker *w, const struct pool_job *job);
/* Instead of running it. */
void weir__pool_cancel(weir_pool *p, struct pool_worker *w, const struct pool_job *job, int code);
/* What a worker's thread does. */
void weir__pool_main(void *worker);
/* The worker of this pool that the calling thread is; NULL: none. */
struct pool_worker *weir__pool_self(const weir_pool *p);

/* ---- pool_node.c ---------------------------------------------------------------------------------------------------- */

/* Of the calling worker, or under the lock. NULL: no memory. */
struct pool_node *weir__pool_node(weir_pool *p, struct pool_nodes *mine);
void weir__pool_node_free(struct pool_nodes *mine, struct pool_node *n);
void weir__pool_nodes_end(weir_pool *p, struct pool_nodes *nodes);
/* Its task is to be had from now on. */
void weir__pool_node_set(struct pool_node *n, const struct pool_job *job);
/* Takes the task of a node that was taken out of its queue; false: it was claimed. */
bool weir__pool_node_take(struct pool_node *n, struct pool_job *job);
/* Takes the task of a PENDING future, wherever its node stands; false: somebody has. */
bool weir__pool_node_claim(weir_future *f, struct pool_job *job);

/* ---- the two kinds: pool_locked.c, and the files of pool_steal.h ------------------------------------------------------ */

enum {
    POOL_RUN_HERE =
        1, /* no room: the caller runs it; if he is no worker, he is counted as one who does */
    POOL_WAIT_FOR_ROOM
};

struct pool_put {
    struct pool_job job;
    unsigned level;
    weir_time deadline;
    weir_ctx *ctx;
    bool behind; /* see behind.h: by who runs a task of the pool; never POOL_RUN_HERE */
};

/* Queues a task. 0, POOL_RUN_HERE, or why it is refused. */
int weir__locked_put(weir_pool *p, struct pool_worker *w, const struct pool_put *put);
int weir__steal_put(weir_pool *p, struct pool_worker *w, const struct pool_put *put);
/* The next task, counted as begun; false: the worker has left. */
bool weir__locked_take(struct pool_worker *w, struct pool_job *job);
bool weir__steal_take(struct pool_worker *w, struct pool_job *job);
/* The same without waiting; false: there is none. */
bool weir__locked_find(struct pool_worker *w, struct pool_job *job);
bool weir__steal_find(struct pool_worker *w, struct pool_job *job);
/* The task of that future, if nobody has begun it. */
bool weir__locked_claim(struct pool_worker *w, weir_future *f, struct pool_job *job);
bool weir__steal_claim(struct pool_worker *w, weir_future *f, struct pool_job *job);
/* Under the lock: nothing is queued, where all workers are asleep. */
bool weir__locked_empty(const weir_pool *p);
bool weir__steal_empty(weir_pool *p);
/* Under the lock: all who sleep look again. */
void weir__locked_wake_all(weir_pool *p);
void weir__steal_wake_all(weir_pool *p);
/* The state has changed: who waits for room is let go, and nothing comes from outside afterwards. */
void weir__locked_close(weir_pool *p);
void weir__steal_close(weir_pool *p);
/* All that is queued, but for what executors gave, is cancelled; of the stealing kind, but for what stands behind a submitter in
 * the middle of his push until the deadline, or until ctx ends. */
void weir__locked_cancel(weir_pool *p);
void weir__steal_cancel(weir_pool *p, weir_time deadline, weir_ctx *ctx);
/* One worker more may be wanted, since a task is blocked. */
void weir__locked_more(weir_pool *p);
void weir__steal_more(weir_pool *p, bool grow);

int weir__steal_init(weir_pool *p);
void weir__steal_fini(weir_pool *p);
/* Tasks that were ever put in from outside. */
uint64_t weir__steal_queued(weir_pool *p);
int weir__steal_worker_init(struct pool_worker *w);
void weir__steal_worker_fini(struct pool_worker *w);
/* The calling worker, or one that is being made, begins to search, or ends that. */
void weir__steal_searches(struct pool_worker *w, bool searches);
/* Under the lock: how many workers there are, or may be, has changed. */
void weir__steal_limits(weir_pool *p);

static inline bool pool_locked(const weir_pool *p) { return p->kind == WEIR_POOL_MUTEX; }

#endif
