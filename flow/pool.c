/* SPDX-License-Identifier: MIT */
/* flow/pool.c - see weir/pool.h: making a pool, submitting, its figures. */
#include "pool.h"

#include <string.h>

#include "../lib/os.h"
#include "behind.h"

/* ---- making --------------------------------------------------------------------------------------------------------- */

static bool usable(const struct weir_pool_opts *o) {
    unsigned threads = o->threads ? o->threads : 1;
    unsigned most = o->max_threads ? o->max_threads : threads;
    if (most < threads || most > WEIR_POOL_THREADS_MAX) return false;
    if (o->spare > WEIR_POOL_THREADS_MAX - most) return false;
    if (o->kind > WEIR_POOL_MUTEX || o->full > WEIR_POOL_CALLER) return false;
    if (o->flags & ~(WEIR_POOL_PIN | WEIR_POOL_NO_MEMBARRIER) || o->linger < 0) return false;
    if (o->cap > WEIR_RING_CAP_MAX) return false;
    return weir__alloc_usable(o->alloc);
}

static void free_pool(weir_pool *p) {
    unsigned made = weir_load_relaxed(&p->made); /* nobody else is here */
    for (unsigned i = 0; i < made; i++) weir__pool_worker_free(weir__pool_worker_at(p, i));
    weir__pool_nodes_end(p, &p->nodes);
    if (!pool_locked(p)) weir__steal_fini(p);
    weir__pool_retry_end(p);
    weir_ctx_unref(p->ctx);
    weir__mutex_fini(&p->mutex);
    weir__free(p->alloc, p, sizeof *p, WEIR_LINE);
}

static void set_options(weir_pool *p, const struct weir_pool_opts *o) {
    p->kind = o->kind;
    p->full = o->full;
    p->cap = o->cap;
    p->threads = o->threads ? o->threads : weir__os_cpus();
    if (p->threads > WEIR_POOL_THREADS_MAX - o->spare)
        p->threads = WEIR_POOL_THREADS_MAX - o->spare;
    if (!o->threads && o->max_threads && p->threads > o->max_threads) p->threads = o->max_threads;
    p->max_threads = o->max_threads > p->threads ? o->max_threads : p->threads;
    p->spare = o->spare;
    p->flags = o->flags;
    if (o->flags & WEIR_POOL_PIN)
        p->n_places = weir__os_worker_places(p->places, WEIR_POOL_THREADS_MAX);
    p->linger = o->linger ? o->linger : INT64_C(1000000000);
    p->alloc = o->alloc;
    const char *name = o->name ? o->name : "weir";
    for (size_t i = 0; i + 1 < sizeof p->name && name[i]; i++) p->name[i] = name[i];
}

static int make(weir_pool **out, const struct weir_pool_opts *o) {
    weir_pool *p = weir__alloc(o->alloc, sizeof *p, WEIR_LINE);
    if (!p) return WEIR_ENOMEM;
    memset(p, 0, sizeof *p);
    set_options(p, o);
    weir__cond_init(&p->work);
    for (unsigned i = 0; i < POOL_LEVELS; i++) weir__cond_init(&p->room[i]);
    if (weir__mutex_init(&p->mutex) < 0) {
        weir__free(p->alloc, p, sizeof *p, WEIR_LINE);
        return WEIR_ENOMEM;
    }
    int rc = weir__pool_retry_init(p);
    if (rc == 0) rc = weir_ctx_new(&p->ctx, o->ctx, WEIR_FOREVER);
    if (rc == 0 && !pool_locked(p)) rc = weir__steal_init(p);
    if (rc < 0) {
        free_pool(p);
        return rc;
    }
    *out = p;
    return 0;
}

int weir_pool_new(weir_pool **out, const struct weir_pool_opts *opts) {
    if (!out) return WEIR_EINVAL;
    *out = NULL;
    if (!opts || opts->size < sizeof *opts || !usable(opts)) return WEIR_EINVAL;
    weir_pool *p = NULL;
    if (!weir__thread_self())
        return WEIR_ENOMEM; /* so that weir_pool_free below cannot fail for it */
    int rc = make(&p, opts);
    for (unsigned i = 0; rc == 0 && i < p->threads; i++) rc = weir__pool_grow(p);
    if (rc < 0) {
        if (p) (void)weir_pool_free(p);
        return rc;
    }
    *out = p;
    return 0;
}

int weir_pool_free(weir_pool *p) {
    if (!p) return 0;
    int rc = weir_pool_drain(p);
    if (rc < 0) return rc;
    weir__pool_retry_end(p); /* a run of it may look at the pool until here */
    weir__pool_join(p);
    free_pool(p);
    return 0;
}

weir_ctx *weir_pool_ctx(weir_pool *p) { return p ? p->ctx : NULL; }

/* ---- submitting ------------------------------------------------------------------------------------------------------- */

static int refuse(weir_pool *p, const struct pool_job *job, int rc) {
    (void)weir_fetch_add_relaxed(&p->refused, 1); /* a figure */
    if (job->ctx) weir_ctx_unref(job->ctx);
    if (job->future) weir__future_end(job->future, rc, NULL, NULL);
    return rc;
}

static int submit(weir_pool *p, const struct pool_put *put) {
    struct pool_worker *w = weir__pool_self(p);
    if (put->job.ctx) (void)weir_ctx_ref(put->job.ctx);
    int rc = pool_locked(p) ? weir__locked_put(p, w, put) : weir__steal_put(p, w, put);
    if (rc < 0) return refuse(p, &put->job, rc);
    if (w) POOL_COUNT(p, w, inside);
    if (WEIR_LIKELY(rc == 0)) return 0;
    if (put->job.future) weir__future_pending(put->job.future);
    POOL_COUNT(p, w, queued);
    POOL_COUNT(p, w, begun);
    weir__pool_run_here(p, w, &put->job);
    return 0;
}

static bool job_usable(const struct weir_job *j) { return j->fn && j->priority < POOL_LEVELS; }

int weir_pool_submit_wait(weir_pool *p, const struct weir_job *job, weir_time deadline,
                          weir_ctx *ctx) {
    if (!p || !job || !job_usable(job)) return weir__misuse("weir_pool_submit", "no such job");
    if (job->future && !weir__future_begin(job->future, p))
        return weir__misuse("weir_pool_submit", "the future is pending");
    struct pool_put put = {
        { job->fn, job->ctx, job->arg, job->future, false }, job->priority, deadline, ctx, false
    };
    int rc = weir__ctx_err(ctx);
    if (WEIR_UNLIKELY(rc < 0)) {
        if (job->ctx) (void)weir_ctx_ref(job->ctx);
        return refuse(p, &put.job, rc);
    }
    return submit(p, &put);
}

ptrdiff_t weir_pool_submit_n_wait(weir_pool *p, const struct weir_job *jobs, size_t n,
                                  weir_time deadline, weir_ctx *ctx) {
    if (!p || (n && !jobs)) return weir__misuse("weir_pool_submit_n", "no pool, or no jobs");
    for (size_t i = 0; i < n; i++)
        if (!job_usable(&jobs[i])) return weir__misuse("weir_pool_submit_n", "no such job");
    ptrdiff_t taken = 0;
    int rc = 0;
    for (size_t i = 0; i < n; i++) {
        if (rc == 0) {
            rc = weir_pool_submit_wait(p, &jobs[i], deadline, ctx);
            taken += rc == 0;
        } else { /* in order: none after one that was refused */
            struct pool_job j = { jobs[i].fn, NULL, jobs[i].arg, jobs[i].future, false };
            if (!j.future || weir__future_begin(j.future, p)) (void)refuse(p, &j, rc);
        }
    }
    return taken > 0 ? taken : rc;
}

static int exec_submit(void *self, weir_task_fn *fn, weir_ctx *ctx, void *arg) {
    struct pool_put put = { { fn, ctx, arg, NULL, true }, WEIR_NORMAL, WEIR_FOREVER, NULL, false };
    if (!fn) return weir__misuse("weir_exec of a pool", "no function");
    return submit(self, &put);
}

weir_exec weir_pool_exec(weir_pool *p) { return (weir_exec){ exec_submit, p }; }

bool weir__exec_gives_way(const weir_exec *on) { return on->submit == exec_submit; }

int weir__exec_behind(const weir_exec *on, weir_task_fn *fn, weir_ctx *ctx, void *arg) {
    struct pool_put put = { { fn, ctx, arg, NULL, true }, WEIR_NORMAL, WEIR_FOREVER, NULL, true };
    if (!weir__exec_gives_way(on)) return on->submit(on->self, fn, ctx, arg);
    return submit(on->self, &put);
}

/* ---- in a task -------------------------------------------------------------------------------------------------------- */

int weir_task_value(void *value) {
    const struct weir__thread *t = weir__thread_known();
    if (!t || !t->task) return WEIR_EINVAL;
    ((struct pool_frame *)t->task)->value = value;
    return 0;
}

weir_pool *weir_pool_self(void) {
    const struct weir__thread *t = weir__thread_known();
    return t && t->worker ? ((const struct pool_worker *)t->worker)->pool : NULL;
}

int weir_pool_worker(void) {
    const struct weir__thread *t = weir__thread_known();
    return t && t->worker ? (int)((const struct pool_worker *)t->worker)->number : -1;
}

/* ---- figures ---------------------------------------------------------------------------------------------------------- */

/* A task is counted as queued, then begun, then ok, failed or cancelled, by whoever does that. They are read the other way
 * round, so that none is found finished that was not begun, or begun that was not queued. */

static uint64_t sum(weir_pool *p, size_t which) {
    const weir_au64 *c = (const weir_au64 *)(const void *)((const char *)&p->n + which);
    uint64_t n = weir_load_acquire(c, POOL_N3);
    unsigned made = weir__pool_made(p);
    for (unsigned i = 0; i < made; i++) {
        const struct pool_worker *w = weir__pool_worker_at(p, i);
        c = (const weir_au64 *)(const void *)((const char *)&w->n + which);
        n += weir_load_acquire(c, POOL_N4);
    }
    return n;
}
#define SUM(p, field) sum(p, offsetof(struct pool_counts, field))

uint64_t weir__pool_cancelled(weir_pool *p) { return SUM(p, cancelled); }

static void tasks(weir_pool *p, struct weir_pool_stats *s) {
    s->stolen = SUM(p, stolen);
    s->inside = SUM(p, inside);
    s->blocks = SUM(p, blocks);
    s->by_caller = SUM(p, by_caller);
    s->ok = SUM(p, ok);
    s->failed = SUM(p, failed);
    s->cancelled = SUM(p, cancelled);
    uint64_t over = s->ok + s->failed + s->cancelled;
    uint64_t begun = SUM(p, begun);
    uint64_t queued = SUM(p, queued);
    if (!pool_locked(p)) queued += weir__steal_queued(p);
    s->refused = weir_load_relaxed(&p->refused); /* one instant's */
    s->running = begun - over;
    if (queued < begun) queued = begun; /* a waiter was quicker than the submitter */
    s->queued = queued - begun;
    s->submitted = s->refused + queued;
}

int weir_pool_stats(weir_pool *p, struct weir_pool_stats *out) {
    if (!p || !out) return weir__misuse("weir_pool_stats", "no pool, or no place");
    *out = (struct weir_pool_stats){ 0 };
    weir__pool_lock(p);
    if (pool_locked(p)) tasks(p, out);
    out->blocked = p->blocked;
    out->workers = p->alive;
    out->idle = p->asleep;
    out->made = p->threads_made;
    out->wakes = p->wakes;
    out->exits = p->exits;
    out->threads = p->threads;
    out->max_threads = p->max_threads;
    out->state = pool_state(p);
    weir__pool_unlock(p, NULL);
    if (!pool_locked(p)) tasks(p, out);
    return 0;
}
