/* SPDX-License-Identifier: MIT */
/* flow/pool_put.c - the stealing kind: a task is put into one of the queues of pool_queue.c.
 *
 *   a worker's own task of normal priority, and all of a worker's while the pool drains    its deque
 *   all others                                                                            the newest ring
 *   what gives way (behind.h), where no ring takes it                                      a list
 *
 * Invariants
 *   I1  a task that is refused is in no queue: one that was queued and is taken back (unqueue) is refused only if nobody
 *       has claimed it through its future meanwhile; else it was taken.
 *   I2  `urgent` is raised before a task of high priority is in a queue, and lowered once it is out again. It only says
 *       where to look: who goes to sleep looks into all queues.
 *   I3  a worker does not wait for room. It runs the task itself, or refuses it; and puts it into its deque if the ring
 *       is closed.
 *   I4  who has put something in goes on to weir__steal_pushed, so that somebody looks for it (pool_idle.c).
 * Progress   into a deque wait-free but for memory; into a ring as weir_mpmc; with a future, or where a ring has to be
 *            made, blocking: the lock.
 * Ordering   as in pool_queue.c and pool_idle.c. */
#include "pool_steal.h"

/* A node that was not queued after all, with its task, is given back. False: somebody has claimed the task. */
static bool unqueue(struct pool_nodes *mine, struct pool_node *n) {
    struct pool_job job;
    bool had = weir__pool_node_take(n, &job);
    weir__pool_node_free(mine, n);
    return had;
}

static struct pool_node *fill(weir_pool *p, struct pool_nodes *mine, const struct pool_put *put) {
    struct pool_node *n = weir__pool_node(p, mine);
    if (!n) return NULL;
    n->level = put->level;
    weir__pool_node_set(n, &put->job);
    if (put->job.future) weir__future_pending(put->job.future);
    return n;
}

/* Whether the worker's own deque takes a task, and what else becomes of it. */
static int room_inside(weir_pool *p, const struct pool_worker *w, const struct pool_put *put) {
    if (pool_state(p) >= WEIR_POOL_STOPPING) return WEIR_ESTOPPED;
    if (p->cap == 0 || weir_deque_len(w->deque) < p->cap) return 0;
    bool refuses = p->full == WEIR_POOL_REFUSE || put->deadline == WEIR_NOW;
    return refuses ? WEIR_EAGAIN : POOL_RUN_HERE;
}

static int push_inside(weir_pool *p, struct pool_worker *w, struct pool_node *n) {
    POOL_COUNT(p, w, queued);
    if (WEIR_UNLIKELY(weir_deque_push(w->deque, n) < 0)) {
        if (!unqueue(&w->nodes, n)) return 0;
        pool_count(p, w, offsetof(struct pool_counts, queued), (uint64_t)-1);
        return WEIR_ENOMEM;
    }
    w->pushed = true;
    weir__steal_pushed(p, w);
    return 0;
}

static int put_inside(weir_pool *p, struct pool_worker *w, const struct pool_put *put) {
    int rc = room_inside(p, w, put);
    if (rc != 0) return rc;
    struct pool_node *n = fill(p, &w->nodes, put);
    return n ? push_inside(p, w, n) : WEIR_ENOMEM;
}

static int no_room(weir_pool *p, const struct pool_worker *w, const struct pool_put *put, int rc) {
    if (p->full == WEIR_POOL_REFUSE || put->deadline == WEIR_NOW) return rc;
    if (!w && p->full == WEIR_POOL_BLOCK) return POOL_WAIT_FOR_ROOM;
    if (w) return POOL_RUN_HERE;
    weir__lock(&p->lock);
    bool open = pool_state(p) == WEIR_POOL_RUNNING;
    if (open) p->callers++;
    weir__unlock(&p->lock);
    return open ? POOL_RUN_HERE : WEIR_ESTOPPED;
}

static int push(const struct pool_rings *q, unsigned newest, const struct pool_elem *e) {
    return weir__mpmc_push(q->ring[newest], e, sizeof *e, weir__mpmc_stride(sizeof *e));
}

/* To the newest ring of an unbounded pool, which is made if need be. */
static int push_growing(weir_pool *p, struct pool_rings *q, const struct pool_elem *e) {
    for (;;) {
        unsigned newest = pool_newest(pool_span(q));
        if (push(q, newest, e) == 0) return 0;
        int rc = weir__rings_grow(p, q, newest);
        if (rc < 0) return rc;
    }
}

/* The ring did not take it, and said why. */
static int not_pushed(weir_pool *p, const struct pool_worker *w, const struct pool_put *put,
                      const struct pool_elem *e, int rc) {
    struct pool_rings *q = &p->rings[put->level];
    if (p->cap == 0) return push_growing(p, q, e);
    if (rc == WEIR_ECLOSED) return WEIR_ESTOPPED;
    rc = no_room(p, w, put, rc);
    if (rc != POOL_WAIT_FOR_ROOM) return rc;
    rc = weir_mpmc_push_wait(q->ring[0], e, put->deadline, put->ctx);
    return rc == WEIR_ECLOSED ? WEIR_ESTOPPED : rc;
}

static int put_outside(weir_pool *p, struct pool_worker *w, const struct pool_put *put) {
    WEIR_POINT("pool.put");
    struct pool_rings *q = &p->rings[put->level];
    struct pool_node *n = NULL;
    struct pool_elem e = { put->job.fn, put->job.arg,
                           (uintptr_t)put->job.ctx | (put->job.always ? POOL_ALWAYS : 0) };
    if (put->job.future) {
        weir__lock(&p->lock);
        n = fill(p, &p->nodes, put);
        weir__unlock(&p->lock);
        if (!n) return WEIR_ENOMEM;
        e = (struct pool_elem){ NULL, NULL, (uintptr_t)n };
    }
    bool high = put->level == WEIR_HIGH;
    if (high) (void)weir_fetch_add_relaxed(&p->urgent, 1); /* where to look */
    int rc = push(q, pool_newest(pool_span(q)), &e);
    if (WEIR_UNLIKELY(rc < 0)) rc = not_pushed(p, w, put, &e, rc);
    if (WEIR_LIKELY(rc == 0)) {
        weir__steal_pushed(p, NULL);
        return 0;
    }
    if (high) (void)weir_fetch_sub_relaxed(&p->urgent, 1);
    if (rc == WEIR_ESTOPPED && w && (rc = room_inside(p, w, put)) == 0) /* it drains since */
        return n ? push_inside(p, w, n) : put_inside(p, w, put);
    if (!n || unqueue(NULL, n)) return rc;
    if (rc == POOL_RUN_HERE && !w) weir__pool_caller(p, false);
    POOL_COUNT(p, w, queued); /* a waiter has claimed it, and was quicker than the refusal */
    return 0;
}

/* What gives way: pool_queue.c, I5. */
static int put_behind(weir_pool *p, const struct pool_put *put) {
    const struct pool_elem e = { put->job.fn, put->job.arg, (uintptr_t)put->job.ctx | POOL_ALWAYS };
    if (pool_state(p) >= WEIR_POOL_STOPPING) return WEIR_ESTOPPED;
    if (p->cap > 0 || push_growing(p, &p->rings[put->level], &e) < 0) {
        weir__lock(&p->lock);
        struct pool_node *n = fill(p, &p->nodes, put);
        if (n) {
            POOL_COUNT(p, NULL, queued);
            weir__steal_list_add(p, n);
        }
        weir__unlock(&p->lock);
        if (!n) return WEIR_ENOMEM;
    }
    weir__steal_pushed(p, NULL);
    return 0;
}

int weir__steal_put(weir_pool *p, struct pool_worker *w, const struct pool_put *put) {
    if (WEIR_UNLIKELY(put->behind)) return put_behind(p, put);
    if (w && (put->level == WEIR_NORMAL || pool_state(p) >= WEIR_POOL_DRAINING))
        return put_inside(p, w, put);
    return put_outside(p, w, put);
}
