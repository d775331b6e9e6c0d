/* SPDX-License-Identifier: MIT */
/* flow/pool_end.c - who waits for a pool to be quiet or to end, and who asks for its end; the same for both kinds.
 *
 * Invariants (under the lock)
 *   I1  who waits stands in a list with a future of his own. He who takes him off the list (collect of pool_life.c) resolves
 *       it after the lock has been given back; who gives up takes himself off, or, if he was taken off, waits for that.
 *   I2  one alone closes the queues: who changes the state from RUNNING. `closed` is set after that.
 *   I3  what a stop cancels is so after the pool was cut, and before that `before_cut` was counted: each shutdown finds it,
 *       whoever has stopped the pool, and when. What its own context had ended before is none of it.
 * Progress   blocking: the pool's lock; a stop also as pool_cancel.c says.
 * Ordering   by the lock; who has waited goes on after the end of all tasks that he waited for (pool_life.c). */
#include "pool.h"

/* ---- waiting -------------------------------------------------------------------------------------------------------- */

static void take_off(weir_pool *p, const struct pool_wait *w) {
    for (struct pool_wait **at = &p->waits; *at; at = &(*at)->next)
        if (*at == w) {
            *at = w->next;
            return;
        }
}

static int wait_for(weir_pool *p, bool ended, weir_time deadline, weir_ctx *ctx) {
    struct pool_wait w = { .ended = ended, .listed = true };
    if (!weir__thread_self()) return WEIR_ENOMEM; /* so that no wait below can fail for it */
    int rc = weir__ctx_err(ctx);
    if (rc < 0) return rc;
    (void)weir_future_init(&w.future);
    weir__pool_lock(p);
    w.next = p->waits;
    p->waits = &w;
    weir__pool_unlock(p, weir__pool_settle(p));
    WEIR_POINT("pool.wait.listed");
    rc = weir_future_wait_wait(&w.future, deadline, ctx);
    if (rc == 0) return 0;
    weir__pool_lock(p);
    bool listed = w.listed;
    if (listed) take_off(p, &w);
    weir__pool_unlock(p, NULL);
    if (!listed) {
        int end = weir_future_wait_wait(&w.future, WEIR_FOREVER, NULL);
        if (rc == WEIR_ETIMEDOUT || rc == WEIR_EAGAIN) rc = end;
    }
    return rc;
}

/* Whether the calling thread runs a task of p. */
static bool inside(const weir_pool *p) {
    const struct weir__thread *t = weir__thread_known();
    for (const struct pool_frame *f = t ? t->task : NULL; f; f = f->outer)
        if (f->pool == p) return true;
    return false;
}

int weir_pool_quiet_wait(weir_pool *p, weir_time deadline, weir_ctx *ctx) {
    if (!p) return weir__misuse("weir_pool_quiet", "no pool");
    return inside(p) ? WEIR_EDEADLK : wait_for(p, false, deadline, ctx);
}

/* Goes to this state, if it was not there yet. */
static void go_to(weir_pool *p, int next) {
    weir__pool_lock(p);
    bool first = pool_state(p) == WEIR_POOL_RUNNING;
    if (pool_state(p) < next) {
        p->cut = next == WEIR_POOL_STOPPING;
        if (p->cut) p->before_cut = weir__pool_cancelled(p);
        weir_store_relaxed(&p->state, (uint32_t)next); /* who cancels for it was not counted yet */
    }
    weir__pool_unlock(p, NULL);
    WEIR_POINT("pool.state");
    if (!first) return;
    if (pool_locked(p))
        weir__locked_close(p);
    else
        weir__steal_close(p);
    weir__pool_lock(p);
    p->closed = true;
    weir__pool_unlock(p, weir__pool_settle(p));
}

int weir_pool_drain_wait(weir_pool *p, weir_time deadline, weir_ctx *ctx) {
    if (!p) return weir__misuse("weir_pool_drain", "no pool");
    go_to(p, WEIR_POOL_DRAINING);
    return inside(p) ? WEIR_EDEADLK : wait_for(p, true, deadline, ctx);
}

int weir_pool_stop_wait(weir_pool *p, weir_time deadline, weir_ctx *ctx) {
    if (!p) return weir__misuse("weir_pool_stop", "no pool");
    go_to(p, WEIR_POOL_STOPPING);
    (void)weir_ctx_cancel(p->ctx, 0);
    weir__pool_caller(p, true);
    if (pool_locked(p))
        weir__locked_cancel(p);
    else
        weir__steal_cancel(p, deadline, ctx);
    weir__pool_caller(p, false);
    return inside(p) ? WEIR_EDEADLK : wait_for(p, true, deadline, ctx);
}

/* Whether tasks were cancelled since the pool was stopped. */
static bool lost_tasks(weir_pool *p) {
    weir__pool_lock(p);
    bool lost = p->cut && weir__pool_cancelled(p) > p->before_cut;
    weir__pool_unlock(p, NULL);
    return lost;
}

int weir_pool_shutdown(weir_pool *p, weir_time deadline) {
    if (!p) return weir__misuse("weir_pool_shutdown", "no pool");
    int rc = weir_pool_drain_wait(p, deadline, NULL);
    if (rc == WEIR_ETIMEDOUT || rc == WEIR_EAGAIN) rc = weir_pool_stop(p);
    if (rc < 0) return rc;
    return lost_tasks(p) ? WEIR_ECANCELED : 0;
}
