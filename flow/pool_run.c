/* SPDX-License-Identifier: MIT */
/* flow/pool_run.c - a task from its begin to its end, and the threads that run them.
 *
 * Invariants
 *   I1  a task that was taken out of a queue is run or cancelled by who took it, and is counted as begun before and as
 *       ok, failed or cancelled afterwards, once each; its future is resolved after all of that, so that who has waited
 *       for it finds the figures as they are, and its context as if the pool had never had it.
 *   I2  a task that ends its thread is ended by that thread's clean-up, which finds its frame in the worker, or, of a task
 *       that runs inside another, on the stack below. The clean-up of the worker starts another thread for it. If the
 *       system gives none, it goes on as that worker itself, and is joined as any other: so no task is left behind,
 *       and no worker is lost. Else it detaches itself, and touches the worker no more.
 *   I3  what a task says of its waits, and does not end, ends with it: its worker's nesting is then what it was when it
 *       began, of the task at the bottom 0, and the task itself takes it no further down.
 * Waiting in a task
 *   Who waits runs only the awaited task itself (weir__pool_run_awaited). So below a task that sleeps there are only tasks
 *   that wait for the one above them. Suppose that some tasks wait for ever: each sleeps for one that has begun (else it
 *   had taken it), which does not run: it sleeps itself, or lies below one that sleeps, for which it waits. Following
 *   that one leads on to a task that waits, and so round in a circle of tasks that wait for each other. Without such a
 *   circle, then, waits end, whatever the number of workers is. Running any other task on top of a waiting one would
 *   break it: A waits for F; B, put on top of A, waits for A.
 *   A join runs others (weir__pool_run_others). Where each task joins only what it has submitted itself, an awaited task
 *   begins after the one that waits, and one on top after the one below: along a chain of such steps tasks begin later and
 *   later, so that it is no circle, and ends at one that runs, or has not begun and is in a queue, from which a joining
 *   thread takes it.
 * Progress   running a task adds two counts, a look at its context, and its future's resolution.
 * Ordering   N1 (release), N2 -> N3 of pool.c: figures are read in the reverse order. All else by the queues and futures.
 * From       the helping join is that of Cilk and TBB; the claim of the awaited task is Java's ForkJoinTask.tryUnfork,
 *            from anywhere in the queue. */
#include "pool.h"

#include <weir/error.h>

#include "../lib/waits.h"

struct pool_worker *weir__pool_self(const weir_pool *p) {
    const struct weir__thread *t = weir__thread_known();
    struct pool_worker *w = t ? t->worker : NULL;
    return w && w->pool == p ? w : NULL;
}

/* ---- one task ----------------------------------------------------------------------------------------------------- */

static void over(weir_pool *p, struct pool_worker *w, const struct pool_job *job, int code,
                 void *value, const struct weir_error *err, size_t counted) {
    weir_ctx *ctx = job->ctx;
    weir_future *f = job->future;
    pool_count(p, w, counted, 1);
    if (ctx) weir_ctx_unref(ctx);
    WEIR_POINT("pool.task.over");
    if (f) weir__future_end(f, code, value, err);
}

void weir__pool_cancel(weir_pool *p, struct pool_worker *w, const struct pool_job *job, int code) {
    over(p, w, job, code, NULL, NULL, offsetof(struct pool_counts, cancelled));
}

static void ended(struct pool_frame *f, int rc) {
    const struct pool_job *job = &f->job;
    size_t counted =
        rc < 0 ? offsetof(struct pool_counts, failed) : offsetof(struct pool_counts, ok);
    if (WEIR_LIKELY(rc >= 0 || !job->future)) {
        if (rc < 0) weir_error_clear(); /* nobody hears of it */
        over(f->pool, f->worker, job, rc, f->value, NULL, counted);
    } else {
        struct weir_error err;
        weir_error_take(rc, &err);
        over(f->pool, f->worker, job, rc, f->value, &err, counted);
    }
}

static void call(struct weir__thread *t, struct pool_frame *f, weir_ctx *ctx) {
    f->runs = true;
    if (t) t->task = f;
    int rc = f->job.fn(ctx, f->job.arg);
    if (t) t->task = f->outer;
    f->runs = false;
    ended(f, rc);
}

/* A task inside another one that has failed and not returned yet. */
static __attribute__((noinline)) void call_keeping(struct weir__thread *t, struct pool_frame *f,
                                                   weir_ctx *ctx) {
    struct weir_error kept = t->error;
    t->error.code = 0;
    call(t, f, ctx);
    (void)weir_error_give(&kept);
}

/* The task of a frame, whose thread's record is t. */
static void run(struct pool_frame *f, struct weir__thread *t) {
    weir_pool *p = f->pool;
    weir_ctx *ctx = f->job.ctx;
    /* A task that is taken while the pool is stopped may be either. */
    bool stopping = pool_state(p) >= WEIR_POOL_STOPPING;
    if (WEIR_UNLIKELY(f->job.always)) {
        if (stopping) {
            (void)weir_ctx_cancel(p->ctx, 0); /* who stops the pool may not have come to that yet */
            ctx = p->ctx;
        }
    } else {
        if (!ctx) ctx = p->ctx;
        int code = stopping ? WEIR_ECANCELED : weir_ctx_err(ctx);
        if (WEIR_UNLIKELY(code < 0)) {
            weir__pool_cancel(p, f->worker, &f->job, code);
            return;
        }
    }
    f->outer = t ? t->task : NULL;
    f->value = NULL;
    if (WEIR_UNLIKELY(t && t->error.code))
        call_keeping(t, f, ctx);
    else
        call(t, f, ctx);
}

/* A task has ended its thread, which is in the clean-up below that task's frame. */
static void exited(struct pool_frame *f, struct weir__thread *t) {
    weir_pool *p = f->pool;
    f->runs = false;
    if (t) t->task = f->outer;
    weir__pool_lock(p);
    p->exits++;
    weir__pool_unlock(p, NULL);
    weir__pool_cancel(p, f->worker, &f->job, WEIR_ECANCELED);
}

/* I3. A task is over, before which so many waits were there; it is no longer blocked, whatever it said. */
static void unblock(struct pool_worker *w, unsigned waits) {
    if (WEIR_LIKELY(w->waits <= waits)) return;
    w->waits = waits + 1;
    weir__pool_blocks(w, false);
}

/* ---- inside another task, or by a thread that is no worker ---------------------------------------------------------- */

struct nested {
    struct pool_frame frame;
    struct weir__thread *thread;
};

static void run_frame(void *arg) {
    struct nested *n = arg;
    const struct pool_worker *w = n->thread ? n->thread->worker : NULL;
    n->frame.waits = w ? w->waits : 0;
    run(&n->frame, n->thread);
}

static void frame_over(void *arg) {
    struct nested *n = arg;
    struct pool_worker *w = n->thread ? n->thread->worker : NULL;
    if (w) unblock(w, n->frame.waits);
    if (n->frame.runs) exited(&n->frame, n->thread);
}

/* The frame stands on the stack below the clean-up, which is called when all above is gone. */
void weir__pool_run_nested(weir_pool *p, struct pool_worker *w, const struct pool_job *job) {
    struct nested n = { { .pool = p, .worker = w, .job = *job }, weir__thread_self() };
    weir__os_user_call(run_frame, &n, frame_over, &n);
}

static void run_counted(void *arg) {
    struct nested *n = arg;
    weir__os_user_call(run_frame, n, frame_over, n);
}

static void caller_over(void *pool) { weir__pool_caller(pool, false); }

void weir__pool_run_here(weir_pool *p, struct pool_worker *w, const struct pool_job *job) {
    POOL_COUNT(p, w, by_caller);
    struct nested n = { { .pool = p, .worker = w, .job = *job }, weir__thread_self() };
    if (w)
        run_counted(&n);
    else
        weir__os_user_call(run_counted, &n, caller_over, p);
}

/* ---- waiting for a future of the same pool ------------------------------------------------------------------------ */

static bool find(struct pool_worker *w, struct pool_job *job) {
    return pool_locked(w->pool) ? weir__locked_find(w, job) : weir__steal_find(w, job);
}

static bool run_awaited(struct pool_worker *w, weir_future *f) {
    weir_pool *p = w->pool;
    struct pool_job job;
    if (!(pool_locked(p) ? weir__locked_claim(w, f, &job) : weir__steal_claim(w, f, &job)))
        return false;
    WEIR_POINT("pool.wait.claimed");
    weir__pool_run_here(p, w, &job);
    return true;
}

void weir__pool_run_awaited(weir_future *f, weir_time deadline, weir_ctx *ctx) {
    struct pool_worker *w = weir__pool_self(f->pool_);
    (void)deadline;
    (void)ctx;
    if (w) (void)run_awaited(w, f);
}

static bool is_done(void *f) { return weir_future_is_done(f); }

void weir__pool_run_others(weir_future *f, weir_time deadline, weir_ctx *ctx) {
    struct pool_worker *w = weir__pool_self(f->pool_);
    struct pool_job job;
    if (!w) return;
    while (!weir_future_is_done(f) && !weir__ctx_err(ctx)) {
        if (deadline != WEIR_FOREVER && weir__os_now() >= deadline) return;
        if (find(w, &job)) {
            weir__pool_run_nested(w->pool, w, &job);
            continue;
        }
        if (run_awaited(w, f)) return;
        struct weir__thread *t = weir__thread_known();
        if (!t || !weir__spin(&t->spin, is_done, f, deadline)) return;
    }
}

/* ---- threads ------------------------------------------------------------------------------------------------------ */

static struct weir__thread *set_thread(struct weir__thread *t, struct pool_worker *w) {
    if (!t) return NULL;
    t->worker = w;
    t->blocks = w ? weir__pool_blocks : NULL;
    return t;
}

/* What a thread does as that worker; on its stack. */
struct service {
    struct pool_worker *worker;
    struct weir__os_joins before; /* the thread that was this worker before it */
    bool left;                    /* the worker, which may have another thread by now */
    bool over;
};

static void loop(void *service) {
    struct service *s = service;
    struct pool_worker *w = s->worker;
    weir_pool *p = w->pool;
    struct weir__thread *t = weir__thread_known();
    while (pool_locked(p) ? weir__locked_take(w, &w->frame.job)
                          : weir__steal_take(w, &w->frame.job)) {
        if (WEIR_UNLIKELY(!t)) t = set_thread(weir__thread_self(), w); /* there was no memory */
        run(&w->frame, t);
        unblock(w, 0);
    }
    s->left = true;
}

/* loop has ended, or a task its thread. Where the next task ends it again, in the service below that follows this one,
 * glibc calls this a second time: then it is over, and the worker may have another thread. */
static void loop_over(void *service) {
    struct service *s = service;
    struct pool_worker *w = s->worker;
    struct weir__thread *t = weir__thread_known();
    if (s->over) return;
    s->over = true;
    bool exits = !s->left && w->frame.runs;
    if (exits) {
        unblock(w, 0);
        exited(&w->frame, t);
        weir__spawn(); /* for what follows this thread */
    }
    (void)set_thread(t, NULL);
    weir__spawn_end(t);
    if (!exits) {
        weir__os_worker_join(&s->before);
        return;
    }
    WEIR_POINT("pool.thread.exits");
    if (weir__os_worker_start(&w->os, &s->before, weir__pool_main, w) == 0)
        weir__os_worker_detach();
    else
        weir__pool_main(w);
}

void weir__pool_main(void *worker) {
    struct pool_worker *w = worker;
    struct service service = { .worker = w, .before = w->os.before };
    weir__os_worker_name(w->pool->name, w->number);
    if (w->cpu >= 0) weir__os_worker_pin(w->cpu);
    if (!pool_locked(w->pool)) (void)weir_deque_own(w->deque);
    weir__spawn_begin(set_thread(weir__thread_self(), w));
    weir__os_user_call(loop, &service, loop_over, &service);
}
