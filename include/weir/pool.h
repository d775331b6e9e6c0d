/* SPDX-License-Identifier: MIT */
/* weir/pool.h - workers that run tasks.
 *
 *   struct weir_pool_opts o = WEIR_POOL_OPTS(4);
 *   weir_pool *p;
 *   if (weir_pool_new(&p, &o) < 0) ...
 *   rc = weir_pool_submit(p, work, ctx, &arg);           - work(ctx, &arg) runs once, in a worker
 *   rc = weir_pool_drain(p);                             - nothing more is taken; all that was taken has run
 *   rc = weir_pool_free(p);
 *
 * Kinds
 *   WEIR_POOL_STEAL   a deque for each worker, from which the others steal the oldest task, and a ring for what comes
 *                     from outside. Submitting takes no lock but where the table below says so.
 *   WEIR_POOL_MUTEX   one mutex, one queue of each priority, condition variables: what the other is compared with.
 *
 * Who submits. A task that is submitted by a task of the same pool ("from inside") goes to its worker's own deque, and
 * is run there last in, first out, or stolen; all others ("from outside") go through the queue, first in, first out for
 * each priority. A worker takes, in this order: high priority, its own deque, the queue, what it can steal, low
 * priority; every 61st time from one of the places behind the first, each in its turn, so that nothing waits for ever
 * behind streams of other tasks. There is no promise of order between two tasks. From inside, tasks of high or low priority take the queue, too.
 *
 * When the queue is full (`cap`; for each priority): from outside as `full` says. From inside tasks never wait for room,
 * since the workers who could make it might all be waiting: a worker's deque has room for `cap` tasks as well, and
 * beyond that the task is run by the caller before the call returns (WEIR_POOL_BLOCK, WEIR_POOL_CALLER), or
 * refused (WEIR_POOL_REFUSE, or with WEIR_NOW) with WEIR_EAGAIN. A task that its submitter runs, who is no worker, submits
 * from outside. (Of the kind MUTEX there is only the queue, and its `cap`.) A pipeline's task whose turn is over
 * (weir/pipeline.h) goes behind what was submitted from outside, and takes no room.
 *
 * Contexts. A task gets the context that it was submitted with, of which the pool keeps a reference until the task is
 * over; with NULL it gets the pool's own, which weir_pool_stop cancels. If its context has ended when its turn comes
 * it is not run, and counts as cancelled; a task that runs has to look for itself.
 *
 * Life
 *   running    all is taken
 *   draining   from weir_pool_drain on: from outside nothing is taken (WEIR_ESTOPPED; those who wait for room are let go
 *              with it); tasks that still run may submit more, which is run
 *   stopping   from weir_pool_stop on: nothing is taken. The pool's context is cancelled, and what is queued is
 *              cancelled before the call waits: futures are resolved with WEIR_ECANCELED
 *   stopped    nothing is queued, nothing runs, all workers have ended
 *
 * How many. `threads` workers are always there. Up to `max_threads` are made when something is queued and no worker is
 * idle, and end again when they have been idle for `linger`. At most `max_threads` tasks run at once. A task that waits
 * by a call of weir (channel, select, semaphore, wait group, future, ...) is blocked for that time, but for plain calls
 * on objects of the mutex kinds, which weir_waiters_dump does not list either; so is one between weir_pool_block_begin
 * and _end. It is counted, and if `spare` is not 0, up to so many more workers run tasks in
 * place of those that are blocked. (When such a task goes on it does not wait for a place: then more than max_threads
 * may run until one of them has come to its end.) With `spare` 0, tasks that wait for what other tasks send can fill the
 * pool: use futures, which cannot (weir/future.h), or spare workers. A wait that weir does not know of, as in
 * read(2), counts as running unless it is announced. If the system gives no thread when one more worker is wanted it is
 * asked again by each submit, and, if there is the thread that timers have or one can be made for it, by that: after
 * 1 ms, 2 ms, ... a second, for as long as something is queued for that worker.
 *
 * A task that ends its thread (pthread_exit, or is cancelled) is over, with WEIR_ECANCELED, and another thread takes its
 * worker's place, or, if the system gives none, what is left of it: nothing is lost, but its stack grows a little each time.
 *
 * fork: the child has no workers, and locks as they were: it may not use the pool, nor free it (weir/base.h).
 *
 * An idle pool costs nothing: its workers sleep, after polling for about as long as a wake-up takes.
 *
 * | operation          | steal                                                          | mutex    |
 * |--------------------|----------------------------------------------------------------|----------|
 * | submit, outside    | blocking: as weir_mpmc_try_push; a lock with a future, or if a | blocking |
 * |                    | worker is to be woken or made, or the queue is full. An        |          |
 * |                    | unbounded one has room for 1024 tasks at first, and doubles,   |          |
 * |                    | which allocates                                                |          |
 * | submit, inside     | of normal priority wait-free but for memory, and waking as     | blocking |
 * |                    | above; else as from outside                                    |          |
 * | all others         | blocking                                                       | blocking |
 *
 * Ordering: submit happens-before its task; the end of a task happens-before the return of a wait for its future, and
 * of a quiet, drain or stop that returned 0 and for which it was awaited. */
#ifndef WEIR_POOL_H
#define WEIR_POOL_H

#include <weir/ctx.h>
#include <weir/future.h>
#include <weir/go.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_pool weir_pool;

enum weir_pool_kind { WEIR_POOL_STEAL = 0, WEIR_POOL_MUTEX };
enum weir_pool_full {
    WEIR_POOL_BLOCK = 0, /* the submitter waits for room */
    WEIR_POOL_REFUSE,    /* WEIR_EAGAIN */
    WEIR_POOL_CALLER     /* the submitter runs the task itself, before the call returns */
};
enum weir_priority { WEIR_NORMAL = 0, WEIR_HIGH, WEIR_LOW };

/* Worker number i stays on processor number i of those that the thread which makes the pool may use, counted round. */
#define WEIR_POOL_PIN 1u
/* Workers that go to sleep never send membarrier to other threads: who submits from inside pays a full barrier instead. */
#define WEIR_POOL_NO_MEMBARRIER 2u

#define WEIR_POOL_THREADS_MAX 1024u

/* Zero means the default in every field. */
struct weir_pool_opts {
    size_t size; /* sizeof this struct; WEIR_POOL_OPTS sets it */
    unsigned
        threads; /* workers that are always there; 0: one for each processor, up to max_threads */
    unsigned max_threads; /* 0: as threads */
    unsigned spare;       /* workers beyond that for tasks that are blocked */
    unsigned kind;        /* enum weir_pool_kind */
    unsigned full;        /* enum weir_pool_full */
    unsigned flags;       /* WEIR_POOL_PIN, WEIR_POOL_NO_MEMBARRIER */
    size_t cap;           /* tasks that may wait in the queue, of each priority; 0: no bound */
    /* Nanoseconds; 0: a second. A worker's thread ends after the one that was that worker before: where destructors of
     * thread-specific data are slow, threads pile up. No such destructor may free the pool. */
    int64_t linger;
    weir_ctx *ctx;    /* the pool's context stands below this one; NULL: none */
    const char *name; /* worker i's thread is named "name-i", in 15 characters; NULL: "weir" */
    const struct weir_alloc
        *alloc; /* NULL: malloc. Also called under the pool's lock: it uses no pool */
};
#define WEIR_POOL_OPTS(threads_) \
    { sizeof(struct weir_pool_opts), (threads_), 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL }

/* Makes a pool with its first `threads` workers, running. A signal that is sent to the process is never delivered to a
 * worker: they block all. Returns 0; WEIR_EINVAL: NULL, more than WEIR_POOL_THREADS_MAX workers in all, max_threads
 * below threads, a kind, policy or flag that does not exist; WEIR_ENOMEM, also: the system gives no thread. *out is NULL
 * then. */
WEIR_NODISCARD WEIR_API int weir_pool_new(weir_pool **out, const struct weir_pool_opts *opts);

/* ---- submitting --------------------------------------------------------------------------------------------- */

struct weir_job {
    weir_task_fn *fn;
    weir_ctx *ctx;
    void *arg;
    weir_future
        *future; /* is resolved when the task is over, or refused; NULL: none. A negative code of
                          * a task without one is counted, and forgotten */
    unsigned priority; /* enum weir_priority */
};
#define WEIR_JOB(fn_, ctx_, arg_) { (fn_), (ctx_), (arg_), NULL, WEIR_NORMAL }

/* Has job->fn(job->ctx, job->arg) run once by a worker. Any thread, tasks included. If there is no room it does as the
 * pool's policy says, and where that is to wait, until `deadline`, or until ctx ends (job->ctx is not looked at; give
 * it twice). Returns 0: it will be run, or cancelled, or has been run here. Else it is refused, which counts, and its
 * future is resolved with the same code: WEIR_ESTOPPED (also while it waited), WEIR_EAGAIN (policy REFUSE, or
 * WEIR_NOW: no room), WEIR_EBUSY (as that, but other operations were in flight), WEIR_ETIMEDOUT, ctx's error,
 * WEIR_ENOMEM (also: the first wait of this thread), or WEIR_EINVAL, where nothing is counted or resolved: NULL, no
 * such priority, a future that is PENDING. */
WEIR_NODISCARD WEIR_API int weir_pool_submit_wait(weir_pool *p, const struct weir_job *job,
                                                  weir_time deadline, weir_ctx *ctx);
/* Submits the first of n jobs, in order, as many as there is room for; where the policy is to wait, all of them, or
 * those that could be until the deadline. Returns how many were taken, if any; else as weir_pool_submit_wait. The
 * futures of the others are resolved, with what ended it (WEIR_EAGAIN: no room). n = 0 returns 0. */
WEIR_NODISCARD WEIR_API ptrdiff_t weir_pool_submit_n_wait(weir_pool *p, const struct weir_job *jobs,
                                                          size_t n, weir_time deadline,
                                                          weir_ctx *ctx);

/* Without end; with a future; not waiting; until a deadline. */
WEIR_NODISCARD WEIR_INLINE int weir_pool_submit(weir_pool *p, weir_task_fn *fn, weir_ctx *ctx,
                                                void *arg) {
    struct weir_job job = WEIR_JOB(fn, ctx, arg);
    return weir_pool_submit_wait(p, &job, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_pool_async(weir_pool *p, weir_future *f, weir_task_fn *fn,
                                               weir_ctx *ctx, void *arg) {
    struct weir_job job = { fn, ctx, arg, f, WEIR_NORMAL };
    return weir_pool_submit_wait(p, &job, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_pool_try_submit(weir_pool *p, weir_task_fn *fn, weir_ctx *ctx,
                                                    void *arg) {
    struct weir_job job = WEIR_JOB(fn, ctx, arg);
    return weir_pool_submit_wait(p, &job, WEIR_NOW, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_pool_submit_until(weir_pool *p, weir_task_fn *fn, weir_ctx *ctx,
                                                      void *arg, weir_time deadline) {
    struct weir_job job = WEIR_JOB(fn, ctx, arg);
    return weir_pool_submit_wait(p, &job, deadline, NULL);
}
WEIR_NODISCARD WEIR_INLINE ptrdiff_t weir_pool_submit_n(weir_pool *p, const struct weir_job *jobs,
                                                        size_t n) {
    return weir_pool_submit_n_wait(p, jobs, n, WEIR_FOREVER, NULL);
}

/* For groups, pipelines and weir_go. What it has taken (0) is called exactly once, whatever becomes of the pool and of
 * its context: after weir_pool_stop with the pool's context, which has ended. So nobody waits in vain for a task of
 * his. Lives as long as the pool. */
WEIR_API weir_exec weir_pool_exec(weir_pool *p);

/* ---- in a task ---------------------------------------------------------------------------------------------- */

/* Sets the value of the calling task's future, and returns 0, so that a task can end by `return weir_task_value(x)`.
 * WEIR_EINVAL: this thread runs no task of a pool. */
WEIR_API int weir_task_value(void *value);
/* The pool that the calling thread is a worker of; NULL: none. */
WEIR_API weir_pool *weir_pool_self(void);
/* The number of the calling worker in that pool, from 0; at most max_threads + spare, a worker that has ended gives
 * its number back. -1: it is none. */
WEIR_API int weir_pool_worker(void);

/* Around a wait that weir does not know of: the calling task is blocked (see above). They nest. Elsewhere than in a
 * task, or an end without its begin: nothing. What was not ended ends with the task, also with one that runs inside another
 * one (awaited, joined, or by its submitter); what the one below has begun, that one does not end. */
WEIR_API void weir_pool_block_begin(void);
WEIR_API void weir_pool_block_end(void);

/* ---- the pool ----------------------------------------------------------------------------------------------- */

/* The pool's own context, below opts.ctx: cancelled by weir_pool_stop. Lives as long as the pool. NULL for NULL. */
WEIR_API weir_ctx *weir_pool_ctx(weir_pool *p);

/* From now on `threads` and `max_threads` (0: as threads), as of the options. Does not wait: after it no task begins
 * while max_threads run, those that run are finished. Any thread. Returns 0; WEIR_EINVAL: NULL, threads 0, max_threads
 * below threads, too many; WEIR_ESTOPPED; WEIR_ENOMEM: fewer workers than `threads` could be made; the numbers are as
 * before then, unless another resize has come meanwhile. */
WEIR_NODISCARD WEIR_API int weir_pool_resize(weir_pool *p, unsigned threads, unsigned max_threads);

/* Waits for an instant at which nothing is queued and nothing runs. Goes on taking tasks, so that it may never come.
 * Any thread but the pool's own tasks. Returns 0, WEIR_ETIMEDOUT, WEIR_EAGAIN (WEIR_NOW: not now), ctx's error,
 * WEIR_EDEADLK (called by a task of the pool), WEIR_EINVAL (NULL), WEIR_ENOMEM (the first wait of this thread). */
WEIR_NODISCARD WEIR_API int weir_pool_quiet_wait(weir_pool *p, weir_time deadline, weir_ctx *ctx);
WEIR_INLINE int weir_pool_quiet(weir_pool *p) {
    return weir_pool_quiet_wait(p, WEIR_FOREVER, NULL);
}

/* Drains: takes nothing more from outside, and waits until all that was taken has run and all workers have
 * ended. Returns 0: so it is (but for what another thread has cancelled by stopping it meanwhile); else as weir_pool_quiet_wait, and the pool goes on draining: call
 * it again, or stop it. WEIR_EDEADLK: called by a task; it drains, and that task is not waited for. Any thread, any
 * number of times. */
WEIR_NODISCARD WEIR_API int weir_pool_drain_wait(weir_pool *p, weir_time deadline, weir_ctx *ctx);
WEIR_INLINE int weir_pool_drain(weir_pool *p) {
    return weir_pool_drain_wait(p, WEIR_FOREVER, NULL);
}

/* Stops: takes nothing more, cancels what is queued and the pool's context, and waits until what runs has come to its
 * end and all workers have ended. Tasks behind a submitter that is in the middle of his call are cancelled when he is through it: by
 * this call, or, if its deadline or ctx ends it before, by the workers. Returns as weir_pool_drain_wait; 0 says that all has ended, weir_pool_stats whether
 * tasks were cancelled. On a pool that is draining: that ends in stopping. */
WEIR_NODISCARD WEIR_API int weir_pool_stop_wait(weir_pool *p, weir_time deadline, weir_ctx *ctx);
WEIR_INLINE int weir_pool_stop(weir_pool *p) { return weir_pool_stop_wait(p, WEIR_FOREVER, NULL); }

/* Shuts down with a time limit: drains until `deadline`, then stops, and waits for what runs then. Returns 0: clean,
 * everything taken has run, but for what its own context had ended before; WEIR_ECANCELED: all has ended, but tasks were
 * cancelled by a stop, of this call, or before it; WEIR_EDEADLK as above. */
WEIR_NODISCARD WEIR_API int weir_pool_shutdown(weir_pool *p, weir_time deadline);

/* Drains without end, and frees. Nobody else may use the pool any more. Returns 0 (also for NULL); WEIR_EDEADLK: by a
 * task of the pool, or WEIR_ENOMEM: the first wait of this thread. Then it drains, and is not freed. */
WEIR_API int weir_pool_free(weir_pool *p);

/* ---- statistics --------------------------------------------------------------------------------------------- */

/* submitted = refused + queued + running + ok + failed + cancelled, in every answer, and none is ever too small by what
 * happened before the call. While tasks come and go, `queued` and `running` may count a task of an earlier instant of
 * the call; at a quiet instant all are exact. */
struct weir_pool_stats {
    uint64_t submitted; /* tasks that submit was called for, but for WEIR_EINVAL */
    uint64_t refused;
    uint64_t queued, running; /* now; running: blocked ones included */
    uint64_t ok, failed;      /* have run: returned 0 or more, or less */
    uint64_t cancelled;       /* taken and not run, or ended their thread */
    uint64_t stolen;          /* taken from another worker's deque */
    uint64_t inside;          /* submitted from inside */
    uint64_t by_caller;       /* run by who submitted them, or waited for them */
    uint64_t blocks;          /* times that a task was blocked */
    uint64_t blocked;         /* that are now */
    uint64_t workers, idle;   /* now; of them asleep */
    uint64_t made, wakes;     /* workers ever made; times that a sleeping one was woken */
    uint64_t exits;           /* tasks that ended their thread */
    unsigned threads, max_threads;
    int state; /* enum weir_pool_state */
};
enum weir_pool_state {
    WEIR_POOL_RUNNING = 0,
    WEIR_POOL_DRAINING,
    WEIR_POOL_STOPPING,
    WEIR_POOL_STOPPED
};
/* Any thread. Returns 0, or WEIR_EINVAL (NULL). */
WEIR_API int weir_pool_stats(weir_pool *p, struct weir_pool_stats *out);

#ifdef __cplusplus
}
#endif
#endif
