/* SPDX-License-Identifier: MIT */
/* flow/pool_life.c - a pool's threads and states; the same for both kinds.
 *
 *   RUNNING -> DRAINING -> STOPPING -> STOPPED      (any of the first two may be passed over)
 *
 * Who asks for them, and waits, is in pool_end.c.
 *
 * Invariants (under the lock)
 *   I1  alive counts the workers that are there, from when somebody decides to make one until it decides to end; asleep
 *       those of them that have found nothing and said so. A worker that was woken is not asleep from when its waker
 *       says so. callers: threads besides that run tasks. So the pool is quiet if alive == asleep, callers == 0 and its
 *       queues are empty: settle looks for that after each change that may have made it so, and it is looked at by the
 *       last one to go to sleep, to end, or to come back.
 *   I2  state only grows. Once it is DRAINING the queues are closed for what comes from outside, and then `closed` is
 *       set: a quiet pool that is closed stays quiet, since only tasks could submit. Then `leaving` is set, once, and
 *       all workers are woken, and end; the last one makes it STOPPED.
 *   I3  a worker ends if the pool is leaving, if there are more than there may be (which is looked at before each task),
 *       or if it is one of more than `threads` and was idle for a while and then found the queues empty under the lock
 *       under which it takes itself off. At least one is alive until the pool leaves.
 *   I4  a worker that has left may have another thread at once, whose predecessor is then still on its way out, perhaps for
 *       long (the user's clean-up of its own data): so who leaves looks at its worker no more, and each thread joins the
 *       one before it when it has left itself. Nobody else waits for a thread, but who frees the pool, for the last of each
 *       worker, and so for all.
 * At most so many   max_threads + min(blocked tasks, spare) workers may be alive: `most`. Each worker runs one task, so
 *   with spare 0 no more than max_threads run. After a resize the workers beyond the number end before their next task.
 * Progress   blocking: one lock, held for a few fields, and for the barrier of a worker that leaves for want of tasks;
 *            where a task blocks, too.
 * Ordering   all by the lock; the end of a task comes before its worker sleeps or ends, and so before who waits for that
 *            goes on. state and hint are also read without it: relaxed, an old value is as if read before. */
#include "pool.h"

#include "../lib/waits.h"

void weir__pool_lock(weir_pool *p) {
    if (pool_locked(p))
        weir__mutex_lock(&p->mutex);
    else
        weir__lock(&p->lock);
}

void weir__pool_unlock(weir_pool *p, struct pool_wait *done) {
    if (pool_locked(p))
        weir__mutex_unlock(&p->mutex);
    else
        weir__unlock(&p->lock);
    while (done) {
        struct pool_wait *w = done;
        done = w->next;
        weir__future_end(&w->future, 0, NULL, NULL);
    }
}

/* ---- under the lock ------------------------------------------------------------------------------------------------- */

static unsigned most(const weir_pool *p) {
    return p->max_threads + (p->blocked < p->spare ? p->blocked : p->spare);
}
bool weir__pool_may_grow(const weir_pool *p) { return !p->leaving && p->alive < most(p); }
bool weir__pool_surplus(const weir_pool *p) { return p->leaving || p->alive > most(p); }

static bool empty(weir_pool *p) {
    return pool_locked(p) ? weir__locked_empty(p) : weir__steal_empty(p);
}

static void wake_all(weir_pool *p) {
    if (pool_locked(p))
        weir__locked_wake_all(p);
    else
        weir__steal_wake_all(p);
}

/* Takes those off the list whose time has come. */
static struct pool_wait *collect(weir_pool *p, bool quiet, bool ended) {
    struct pool_wait *done = NULL;
    for (struct pool_wait **at = &p->waits; *at;) {
        struct pool_wait *w = *at;
        if (!(w->ended ? ended : quiet || ended)) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        w->listed = false;
        w->next = done;
        done = w;
    }
    return done;
}

struct pool_wait *weir__pool_settle(weir_pool *p) {
    bool quiet = p->alive == p->asleep && p->callers == 0 && (p->leaving || empty(p));
    if (quiet && p->closed && !p->leaving) {
        p->leaving = true;
        wake_all(p);
    }
    bool ended = p->leaving && p->alive == 0;
    if (ended) weir_store_relaxed(&p->state, WEIR_POOL_STOPPED);
    weir_store_relaxed(&p->hint, weir__pool_surplus(p) ? POOL_SURPLUS : 0);
    if (!pool_locked(p)) weir__steal_limits(p);
    return p->waits ? collect(p, quiet, ended) : NULL;
}

/* ---- workers -------------------------------------------------------------------------------------------------------- */

unsigned weir__pool_made(weir_pool *p) { return weir_load_acquire(&p->made, POOL_W2); }

static struct pool_worker *make_worker(weir_pool *p) {
    struct pool_worker *w = weir__alloc(p->alloc, sizeof *w, _Alignof(struct pool_worker));
    if (!w) return NULL;
    *w = (struct pool_worker){ .pool = p, .cpu = -1 };
    w->frame.pool = p;
    w->frame.worker = w;
    weir__parker_init(&w->parker);
    if (!pool_locked(p) && weir__steal_worker_init(w) < 0) {
        weir__free(p->alloc, w, sizeof *w, _Alignof(struct pool_worker));
        return NULL;
    }
    return w;
}

void weir__pool_worker_free(struct pool_worker *w) {
    weir_pool *p = w->pool;
    if (!pool_locked(p)) weir__steal_worker_fini(w);
    weir__free(p->alloc, w, sizeof *w, _Alignof(struct pool_worker));
}

/* Under the lock. A worker without a thread that has nobody; `fresh` if there is none. */
static struct pool_worker *vacant(weir_pool *p, struct pool_worker *fresh) {
    unsigned made = weir_load_relaxed(&p->made); /* under the lock */
    for (unsigned i = 0; i < made; i++) {
        struct pool_worker *w = weir__pool_worker_at(p, i);
        if (w->state != WORKER_LIVE) return w;
    }
    if (!fresh) return NULL;
    fresh->number = made;
    if (p->n_places) fresh->cpu = p->places[made % p->n_places];
    weir_store_relaxed(&p->workers[made], fresh);
    weir_store_release(&p->made, made + 1, POOL_W1);
    return fresh;
}

/* was: its state before. */
static int start(weir_pool *p, struct pool_worker *w, int was) {
    struct weir__os_joins before = { 0 };
    if (was == WORKER_ENDED) before = weir__os_worker_last(&w->os);
    WEIR_POINT("pool.grow.start");
    weir__spawn();
    int rc = weir__os_worker_start(&w->os, &before, weir__pool_main, w);
    if (rc == 0) return 0;
    weir__spawn_end(NULL);
    weir__pool_lock(p);
    w->state = was;
    p->alive--;
    weir__pool_came(w);
    if (!pool_locked(p)) weir__steal_searches(w, false);
    p->threads_made--;
    weir__pool_unlock(p, weir__pool_settle(p));
    if (!pool_locked(p)) weir__steal_more(p, false); /* who counted on it */
    return rc;
}

int weir__pool_grow(weir_pool *p) {
    struct pool_worker *fresh = NULL, *w;
    weir__pool_lock(p);
    for (;;) {
        if (!weir__pool_may_grow(p)) {
            weir__pool_unlock(p, NULL);
            if (fresh) weir__pool_worker_free(fresh);
            return 0;
        }
        w = vacant(p, fresh);
        if (w) break;
        weir__pool_unlock(p, NULL);
        fresh = make_worker(p);
        if (!fresh) return WEIR_ENOMEM;
        weir__pool_lock(p);
    }
    int was = w->state;
    w->state = WORKER_LIVE;
    w->comes = true;
    p->alive++;
    p->coming++;
    p->threads_made++;
    if (!pool_locked(p)) weir__steal_searches(w, true);
    weir__pool_unlock(p, weir__pool_settle(p));
    if (fresh && w != fresh) weir__pool_worker_free(fresh);
    return start(p, w, was);
}

void weir__pool_join(weir_pool *p) {
    unsigned made = weir_load_relaxed(&p->made); /* nobody else is here */
    for (unsigned i = 0; i < made; i++) {
        struct pool_worker *w = weir__pool_worker_at(p, i);
        if (w->state != WORKER_ENDED) continue;
        struct weir__os_joins last = weir__os_worker_last(&w->os);
        weir__os_worker_join(&last);
    }
}

void weir__pool_came(struct pool_worker *w) {
    if (!w->comes) return;
    w->comes = false;
    w->pool->coming--;
}

void weir__pool_leave(struct pool_worker *w) {
    weir_pool *p = w->pool;
    p->alive--;
    w->state = WORKER_ENDED;
    weir__pool_unlock(p, weir__pool_settle(p));
}

void weir__pool_caller(weir_pool *p, bool begins) {
    weir__pool_lock(p);
    if (begins)
        p->callers++;
    else
        p->callers--;
    weir__pool_unlock(p, begins ? NULL : weir__pool_settle(p));
}

void weir__pool_wants_more(weir_pool *p) {
    if (pool_locked(p))
        weir__locked_more(p);
    else
        weir__steal_more(p, true);
}

/* ---- tasks that are blocked ----------------------------------------------------------------------------------------- */

void weir__pool_blocks(void *worker, bool begins) {
    struct pool_worker *w = worker;
    weir_pool *p = w->pool;
    if (begins ? w->waits++ > 0 : --w->waits > 0) return;
    if (begins) POOL_COUNT(p, w, blocks);
    weir__pool_lock(p);
    if (begins)
        p->blocked++;
    else
        p->blocked--;
    bool more = begins && weir__pool_may_grow(p);
    weir__pool_unlock(p, p->spare ? weir__pool_settle(p) : NULL);
    if (more) weir__pool_wants_more(p);
}

void weir_pool_block_begin(void) {
    const struct weir__thread *t = weir__thread_known();
    if (t && t->worker && t->task) weir__pool_blocks(t->worker, true);
}

void weir_pool_block_end(void) {
    const struct weir__thread *t = weir__thread_known();
    if (!t || !t->worker || !t->task) return;
    const struct pool_frame *f = t->task;
    struct pool_worker *w = t->worker;
    if (w->waits > f->waits) weir__pool_blocks(w, false);
}

/* ---- how many ------------------------------------------------------------------------------------------------------- */

/* Under the lock, with another number of workers. */
static void set_threads(weir_pool *p, unsigned threads, unsigned max_threads) {
    p->threads = threads;
    p->max_threads = max_threads;
    /* Those beyond the number end, at once or, from now on, after a while. */
    if (weir__pool_surplus(p) || p->alive > threads) wake_all(p);
}

/* Makes n workers; if that cannot be, there are to be as many as before, unless somebody has said something else. */
static int make_up(weir_pool *p, unsigned n, const unsigned now[2], const unsigned before[2]) {
    int rc = 0;
    while (n-- > 0 && rc == 0) rc = weir__pool_grow(p);
    if (rc == 0) return 0;
    weir__pool_lock(p);
    if (p->threads == now[0] && p->max_threads == now[1]) set_threads(p, before[0], before[1]);
    weir__pool_unlock(p, weir__pool_settle(p));
    weir__pool_wants_more(p); /* some submit may have counted on the one that is not to be had */
    return rc;
}

int weir_pool_resize(weir_pool *p, unsigned threads, unsigned max_threads) {
    if (!p || threads == 0) return weir__misuse("weir_pool_resize", "no pool, or no threads");
    if (max_threads == 0) max_threads = threads;
    if (max_threads < threads || max_threads > WEIR_POOL_THREADS_MAX - p->spare)
        return weir__misuse("weir_pool_resize", "not a number of threads");
    weir__pool_lock(p);
    const unsigned before[2] = { p->threads, p->max_threads }, now[2] = { threads, max_threads };
    bool over = pool_state(p) != WEIR_POOL_RUNNING;
    if (!over) set_threads(p, threads, max_threads);
    unsigned missing = !over && p->alive < threads ? threads - p->alive : 0;
    weir__pool_unlock(p, weir__pool_settle(p));
    if (over) return WEIR_ESTOPPED;
    int rc = make_up(p, missing, now, before);
    if (rc == 0) weir__pool_wants_more(p); /* for what is queued already */
    return rc;
}
