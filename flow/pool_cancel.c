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
 * Progress   blocking: the lock, and, of a ring, who is in the middle of a push.
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

void weir__steal_cancel(weir_pool *p) {
    struct pool_job job;
    struct pool_elem e;
    cancel_lists(p);
    for (unsigned i = 0; i < POOL_LEVELS; i++) {
        struct pool_rings *q = &p->rings[i];
        unsigned at;
        do {
            at = pool_oldest(pool_span(q));
            while (weir_mpmc_pop_wait(q->ring[at], &e, WEIR_FOREVER, NULL) == 0)
                if (weir__steal_from_elem(p, NULL, &e, i, &job)) give_up(p, &job);
        } while (weir__rings_pass(p, q, at));
    }
    unsigned made = weir__pool_made(p);
    for (unsigned i = 0; i < made; i++)
        while (weir__steal_from(p, NULL, weir__pool_worker_at(p, i)->deque, &job)) give_up(p, &job);
}
