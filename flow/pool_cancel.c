/* SPDX-License-Identifier: MIT */
/* flow/pool_cancel.c - the stealing kind: what is left in the queues of pool_queue.c is given up, by a worker that ends
 * or by who stops the pool.
 *
 * Invariants
 *   I1  what a worker that ends has in its deque goes to a list in one hold of the lock, under which it says that it ends.
 *   I2  who stops the pool empties each queue once it is closed, the workers beside it: each task is taken by one of them,
 *       and is cancelled (counted, and its future resolved), but for an executor's, which goes back to a list of normal
 *       priority, for the workers; or is run here, if there is no memory for its node. Those of a list are kept aside
 *       until it is empty, so that this ends.
 *   I3  a ring is left behind only once it says that it is closed and drained. Where a wait for who is in the middle of a
 *       push ends otherwise (too late, a context, no memory), the rest is left to the workers, who do not sleep before a
 *       ring is empty, and who cancel what they take now.
 * Progress   blocking: the lock; and, of a ring, who is in the middle of a push, until the deadline.
 * Ordering   as in pool_queue.c. */
#include "pool_steal.h"

void weir__steal_hand_over(struct pool_worker *w) {
    weir_pool *p = w->pool;
    void *e;
    while (w->pushed && weir_deque_pop(w->deque, &e) == 0) {
        struct pool_node *n = e;
        n->level = WEIR_NORMAL;
        weir__steal_list_add(p, n);
    }
    w->pushed = false;
}

/* Cancels a task; one of an executor goes back to a list, for the workers. */
static void give_up(weir_pool *p, const struct pool_job *job) {
    if (!job->always) {
        weir__pool_cancel(p, NULL, job, WEIR_ECANCELED);
        return;
    }
    weir__lock(&p->lock);
    struct pool_node *n = weir__pool_node(p, &p->nodes);
    if (n) {
        n->level = WEIR_NORMAL;
        weir__pool_node_set(n, job);
        pool_count(p, NULL, offsetof(struct pool_counts, begun), (uint64_t)-1);
        weir__steal_list_add(p, n);
    }
    weir__unlock(&p->lock);
    if (n)
        weir__steal_pushed(p, NULL);
    else
        weir__pool_run_nested(p, NULL, job);
}

static void cancel_lists(weir_pool *p) {
    struct pool_node *kept = NULL, *n;
    struct pool_job job;
    for (unsigned i = 0; i < POOL_LEVELS; i++) {
        for (;;) {
            weir__lock(&p->lock);
            n = weir__steal_list_first(p, i);
            weir__unlock(&p->lock);
            if (!n) break;
            if (i == WEIR_HIGH) (void)weir_fetch_sub_relaxed(&p->urgent, 1);
            n->level = WEIR_NORMAL;
            if (n->job.always) {
                n->next = kept;
                kept = n;
            } else if (weir__steal_from_node(p, NULL, n, &job)) {
                weir__pool_cancel(p, NULL, &job, WEIR_ECANCELED);
            }
        }
    }
    if (!kept) return;
    weir__lock(&p->lock);
    for (struct pool_node *next; kept; kept = next) {
        next = kept->next;
        weir__steal_list_add(p, kept);
    }
    weir__unlock(&p->lock);
    weir__steal_pushed(p, NULL);
}

/* What is there is taken in any case, late or not. */
static int pop(weir_mpmc *r, struct pool_elem *e, weir_time deadline, weir_ctx *ctx) {
    int rc = weir_mpmc_pop_wait(r, e, WEIR_NOW, NULL);
    return rc == WEIR_EAGAIN || rc == WEIR_EBUSY ? weir_mpmc_pop_wait(r, e, deadline, ctx) : rc;
}

static void cancel_rings(weir_pool *p, unsigned level, weir_time deadline, weir_ctx *ctx) {
    struct pool_rings *q = &p->rings[level];
    struct pool_job job;
    struct pool_elem e;
    unsigned at;
    int rc;
    do {
        at = pool_oldest(pool_span(q));
        while ((rc = pop(q->ring[at], &e, deadline, ctx)) == 0)
            if (weir__steal_from_elem(p, NULL, &e, level, &job)) give_up(p, &job);
    } while (rc == WEIR_ECLOSED && weir__rings_pass(p, q, at)); /* I3 */
}

void weir__steal_cancel(weir_pool *p, weir_time deadline, weir_ctx *ctx) {
    struct pool_job job;
    cancel_lists(p);
    for (unsigned i = 0; i < POOL_LEVELS; i++) cancel_rings(p, i, deadline, ctx);
    unsigned made = weir__pool_made(p);
    for (unsigned i = 0; i < made; i++)
        while (weir__steal_from(p, NULL, weir__pool_worker_at(p, i)->deque, &job)) give_up(p, &job);
}
