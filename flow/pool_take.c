/* SPDX-License-Identifier: MIT */
/* flow/pool_take.c - the stealing kind: a worker takes a task out of one of the queues of pool_queue.c, or from another
 * worker.
 *
 * Invariants
 *   I1  who took something out of a queue has it alone: the task, or, if that was claimed through its future, the node,
 *       which he frees (pool_node.c).
 *   I2  a task is counted as begun by who took it, before it runs or is cancelled; one that is left to others is not.
 *   I3  a worker that is one too many keeps nothing: it takes the lock before it knows that, and adds the task to the list
 *       in the same hold of it (I4 of pool_queue.c).
 *   I4  no place is passed over for ever: every POOL_TURN-th look begins at one of those behind the first, each in its
 *       turn; and there at the oldest task: of its own deque a worker steals that, as another one would if there is one.
 * Progress   of a ring as weir_mpmc; of the worker's own deque wait-free; STEAL_TRIES of each victim; of a list
 *            blocking: the lock.
 * Ordering   as in pool_queue.c. */
#include "pool_steal.h"

#define STEAL_TRIES 3 /* of one victim, where others are quicker */

/* Whether worker w, which has just taken a task out of a queue, has to leave it to others: I3. */
static bool too_many(weir_pool *p, struct pool_worker *w) {
    if (WEIR_LIKELY(!weir_load_relaxed(&p->hint)) || !w || !w->next) return false;
    weir__lock(&p->lock);
    w->too_many = weir__pool_surplus(p);
    if (!w->too_many) weir__unlock(&p->lock);
    return w->too_many; /* with the lock */
}

/* By who has the lock from too_many. */
static void leave_to_others(weir_pool *p, struct pool_node *n) {
    weir__steal_list_add(p, n);
    if (n->level == WEIR_HIGH) (void)weir_fetch_add_relaxed(&p->urgent, 1);
    weir__unlock(&p->lock);
}

/* w NULL: not by a worker. */
static bool take_node(weir_pool *p, struct pool_worker *w, struct pool_node *n,
                      struct pool_job *job) {
    bool got = weir__pool_node_take(n, job);
    weir__pool_node_free(w ? &w->nodes : NULL, n);
    if (got) POOL_COUNT(p, w, begun);
    return got;
}

bool weir__steal_from_node(weir_pool *p, struct pool_worker *w, struct pool_node *n,
                           struct pool_job *job) {
    if (WEIR_LIKELY(!too_many(p, w))) return take_node(p, w, n, job);
    leave_to_others(p, n);
    return false;
}

/* Whether a task by value was left to others. If there is no memory for its node it is not. */
static bool left_elem(weir_pool *p, struct pool_worker *w, const struct pool_job *job,
                      unsigned level) {
    if (WEIR_LIKELY(!too_many(p, w))) return false;
    struct pool_node *n = weir__pool_node(p, &p->nodes);
    if (!n) {
        weir__unlock(&p->lock);
        return false;
    }
    n->level = level;
    weir__pool_node_set(n, job);
    leave_to_others(p, n);
    return true;
}

bool weir__steal_from_elem(weir_pool *p, struct pool_worker *w, const struct pool_elem *e,
                           unsigned level, struct pool_job *job) {
    if (level == WEIR_HIGH) (void)weir_fetch_sub_relaxed(&p->urgent, 1); /* where to look */
    if (!e->fn) return weir__steal_from_node(p, w, (struct pool_node *)e->with, job);
    weir_ctx *ctx = (weir_ctx *)(e->with & ~POOL_ALWAYS);
    *job = (struct pool_job){ e->fn, ctx, e->arg, NULL, e->with & POOL_ALWAYS };
    if (left_elem(p, w, job, level)) return false;
    POOL_COUNT(p, w, begun);
    return true;
}

static bool from_ring(struct pool_worker *w, unsigned level, struct pool_job *job) {
    weir_pool *p = w->pool;
    struct pool_rings *q = &p->rings[level];
    struct pool_elem e;
    while (!w->too_many) {
        unsigned oldest = pool_oldest(pool_span(q));
        int rc = weir__mpmc_pop(q->ring[oldest], &e, sizeof e, weir__mpmc_stride(sizeof e));
        if (WEIR_LIKELY(rc == 0)) {
            if (weir__steal_from_elem(p, w, &e, level, job)) return true;
        } else if (rc != WEIR_ECLOSED || !weir__rings_pass(p, q, oldest)) {
            return false;
        }
    }
    return false;
}

static bool from_list(struct pool_worker *w, unsigned level, struct pool_job *job) {
    weir_pool *p = w->pool;
    bool got = false;
    if (weir_load_relaxed(&p->listed[level]) == 0) return false; /* where to look */
    weir__lock(&p->lock);
    w->too_many = w->next && weir__pool_surplus(p); /* I3 */
    for (struct pool_node *n; !w->too_many && !got && (n = weir__steal_list_first(p, level));) {
        if (level == WEIR_HIGH) (void)weir_fetch_sub_relaxed(&p->urgent, 1);
        got = take_node(p, w, n, job);
    }
    weir__unlock(&p->lock);
    return got;
}

static bool from_queue(struct pool_worker *w, unsigned level, struct pool_job *job) {
    if (w->pool->cap > 0 && (w->tick & 1) && from_list(w, level, job))
        return true; /* pool_queue.c, I5 */
    return from_ring(w, level, job) || from_list(w, level, job);
}

static bool from_own(struct pool_worker *w, struct pool_job *job) {
    void *n;
    while (w->pushed && !w->too_many) {
        if (weir_deque_pop(w->deque, &n) < 0)
            w->pushed = false;
        else if (weir__steal_from_node(w->pool, w, n, job))
            return true;
    }
    return false;
}

bool weir__steal_from(weir_pool *p, struct pool_worker *w, weir_deque *d, struct pool_job *job) {
    void *n;
    for (int tries = STEAL_TRIES; tries > 0 && !(w && w->too_many);) {
        int rc = weir_deque_steal(d, &n);
        if (rc == WEIR_EAGAIN) return false;
        if (rc < 0)
            tries--;
        else if (weir__steal_from_node(p, w, n, job))
            return true;
    }
    return false;
}

bool weir__steal_from_others(struct pool_worker *w, struct pool_job *job) {
    weir_pool *p = w->pool;
    unsigned made = weir__pool_made(p);
    if (made == 1) return false;
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    unsigned at = (unsigned)(w->random % made);
    for (unsigned i = 0; i < made; i++, at = at + 1 == made ? 0 : at + 1) {
        const struct pool_worker *v = weir__pool_worker_at(p, at);
        if (v == w || weir_deque_len(v->deque) == 0) continue;
        if (!weir__steal_from(p, w, v->deque, job)) continue;
        POOL_COUNT(p, w, stolen);
        return true;
    }
    return false;
}

/* One of the places behind the first, each in its turn, so that no streams into two others keep a task waiting. */
static bool in_turn(struct pool_worker *w, struct pool_job *job) {
    switch (w->tick / POOL_TURN % 5) {
        case 0: return from_list(w, WEIR_LOW, job) || from_ring(w, WEIR_LOW, job);
        case 1: return weir__steal_from_others(w, job);
        case 2: return from_list(w, WEIR_NORMAL, job) || from_ring(w, WEIR_NORMAL, job);
        case 3: return from_list(w, WEIR_HIGH, job);
        default: return w->pushed && weir__steal_from(w->pool, w, w->deque, job);
    }
}

bool weir__steal_find(struct pool_worker *w, struct pool_job *job) {
    weir_pool *p = w->pool;
    if (WEIR_UNLIKELY(++w->tick % POOL_TURN == 0) && in_turn(w, job)) return true;
    /* Relaxed: where to look; what is put in meanwhile is found the next time, or before it sleeps. */
    if (WEIR_UNLIKELY(weir_load_relaxed(&p->urgent) > 0) && from_queue(w, WEIR_HIGH, job))
        return true;
    return from_own(w, job) || from_queue(w, WEIR_NORMAL, job) || weir__steal_from_others(w, job) ||
           from_queue(w, WEIR_LOW, job);
}

bool weir__steal_claim(struct pool_worker *w, weir_future *f, struct pool_job *job) {
    if (!weir__pool_node_claim(f, job)) return false;
    POOL_COUNT(w->pool, w, begun);
    return true;
}
