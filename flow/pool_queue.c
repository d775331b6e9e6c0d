/* SPDX-License-Identifier: MIT */
/* flow/pool_queue.c - the queues of the stealing kind: what they are, and what holds of them. Putting in is in
 * pool_put.c, taking out in pool_take.c, giving up in pool_cancel.c; who sleeps and is woken, in pool_idle.c.
 *
 *   from outside   rings[level]    tasks by value, in the order of submission; closed when the pool drains
 *                  lists[level]    under the lock; what was left to others
 *   from inside    deque           of each worker; nodes
 *
 * Invariants
 *   I1  a task is in one of them from when it is submitted until it is taken; or its future was claimed, and what is left
 *       there is a node without a task, which who takes it out only frees.
 *   I2  (draining) a ring that is closed takes nothing more, and says so when it is drained; into a list goes only what a
 *       worker, or who stops the pool, has in his hands, and what gives way, whose submitter runs a task. So when the
 *       rings are closed, and no task runs, what is empty stays empty.
 *   I3  (first in, first out, of a level) by the rings; what was left to others comes after what is in the rings, but
 *       every so often before it (pool_take.c, I4).
 *   I4  (a resize) a worker that is one too many leaves what it has in its hands to a list, before anybody claims it. It
 *       looks at `hint` after it took the task out of a queue, by an operation that saw what its submitter did: so a task
 *       that is submitted after a resize returned is run by none of those that may not.
 *   I5  (what gives way) goes behind all that came from outside; to a list if the rings are closed, and in a bounded pool,
 *       where it takes no room. There the ring may have tasks for ever, and so every other time a worker looks at the
 *       list first.
 * Progress   from outside as weir_mpmc, but for the making of a ring; the lists are under a lock. From inside wait-free
 *            but for memory.
 * Ordering   by the ring, the deque, the lock. `urgent` and `listed` only say where to look: relaxed; that no task is
 *            left while all sleep is shown in pool_idle.c.
 * From       Blumofe and Leiserson, Scheduling multithreaded computations by work stealing, 1999; a queue for what comes from
 *            outside and a look at it every so often, as in Go's scheduler. */
#include "pool_steal.h"

/* ---- making ------------------------------------------------------------------------------------------------------- */

int weir__steal_init(weir_pool *p) {
    int rc = 0;
    p->fence = (p->flags & WEIR_POOL_NO_MEMBARRIER) || !weir__asymmetric();
    for (unsigned i = 0; i < POOL_LEVELS && rc == 0; i++) rc = weir__rings_init(p, &p->rings[i]);
    return rc;
}

void weir__steal_fini(weir_pool *p) {
    for (unsigned i = 0; i < POOL_LEVELS; i++) weir__rings_fini(&p->rings[i]);
}

int weir__steal_worker_init(struct pool_worker *w) {
    struct weir_deque_opts o = WEIR_DEQUE_OPTS(64);
    o.alloc = w->pool->alloc;
    weir__spin_init(&w->spin);
    w->random = weir__os_random() | 1;
    return weir_deque_new(&w->deque, &o);
}

void weir__steal_worker_fini(struct pool_worker *w) {
    (void)weir_deque_free(w->deque);
    weir__pool_nodes_end(w->pool, &w->nodes);
}

void weir__steal_close(weir_pool *p) {
    for (unsigned i = 0; i < POOL_LEVELS; i++) weir__rings_close(&p->rings[i]);
}

uint64_t weir__steal_queued(weir_pool *p) {
    uint64_t n = 0;
    for (unsigned i = 0; i < POOL_LEVELS; i++) n += weir__rings_pushed(&p->rings[i]);
    return n;
}

/* ---- lists: under the lock -------------------------------------------------------------------------------------------- */

void weir__steal_list_add(weir_pool *p, struct pool_node *n) {
    pool_list_add(&p->lists[n->level], n);
    (void)weir_fetch_add_seq_cst(&p->listed[n->level], 1, POOL_D7);
}

struct pool_node *weir__steal_list_first(weir_pool *p, unsigned level) {
    struct pool_list *l = &p->lists[level];
    struct pool_node *n = l->first;
    if (!n) return NULL;
    pool_list_remove(l, n);
    /* Relaxed: who reads the length from before looks into the list in vain. */
    weir_store_relaxed(&p->listed[level], l->len);
    return n;
}

/* ---- looking ------------------------------------------------------------------------------------------------------- */

bool weir__steal_ready(weir_pool *p) {
    for (unsigned i = 0; i < POOL_LEVELS; i++)
        if (weir__rings_have(&p->rings[i]) || weir_load_seq_cst(&p->listed[i], POOL_D6) > 0)
            return true;
    unsigned made = weir__pool_made(p);
    for (unsigned i = 0; i < made; i++)
        if (weir_deque_len(weir__pool_worker_at(p, i)->deque) > 0) return true;
    return false;
}

bool weir__steal_empty(weir_pool *p) { return !weir__steal_ready(p); }
