/* SPDX-License-Identifier: MIT */
/* flow/pool_queue.c - the queues of the stealing kind: what they are, and what holds of them. Putting in is in
 * pool_put.c, taking out in pool_take.c, giving up in pool_cancel.c; who sleeps and is woken, in pool_idle.c.
 *
 *   from outside   rings[level]    tasks by value; closed when the pool drains
 *                  lists[level]    under the lock; of an unbounded pool, what the ring has no room for; of any, what was
 *                                  left to others
 *   from inside    deque           of each worker; nodes
 *
 * Invariants
 *   I1  a task is in one of them from when it is submitted until it is taken; or its future was claimed, and what is left
 *       there is a node without a task, which who takes it out only frees.
 *   I2  (draining) a ring that is closed takes nothing more, and says so when it is drained; a list takes nothing from
 *       outside once the state says so, which is changed under its lock. So when the queues are closed, and no task
 *       runs, what is empty stays empty.
 *   I3  (first in, first out, of a level) while a list has tasks nothing goes to its ring, and nothing is taken from
 *       the list while the ring has tasks. But for those who overtake each other in the middle of a submit; for in_turn;
 *       and for a refill, which moves the first tasks of a list to the worker's own deque. There a node is pushed to the
 *       deque first, and dropped from the list then, so that it is in one of them at each instant (I1). From the push on
 *       it is a thief's, who may have taken its task and freed it, and a free node's `next` is another one: so `next` is
 *       read before the push, and nothing of the node after it. The lock is held, and nobody looks into the list.
 *   I4  (a resize) a worker that is one too many leaves what it has in its hands to a list, before anybody claims it. It
 *       looks at `hint` after it took the task out of a queue, by an operation that saw what its submitter did: so a task
 *       that is submitted after a resize returned is run by none of those that may not.
 * Progress   from outside as weir_mpmc; the lists are under a lock. From inside wait-free but for memory.
 * Ordering   by the ring, the deque, the lock. `urgent` and `listed` only say where to look: relaxed; that no task is
 *            left while all sleep is shown in pool_idle.c. What leaves a list for a deque is in both for a moment: D8
 *            (release) -> D6: who sees that it is no longer in the list sees it in the deque.
 * From       Blumofe and Leiserson, Scheduling multithreaded computations by work stealing, 1999; a queue for what comes from
 *            outside and a look at it every so often, as in Go's scheduler. */
#include "pool_steal.h"

#ifdef WEIR_MODEL
#define UNBOUNDED 2 /* so that the explorer comes to the lists */
#else
#define UNBOUNDED 1024 /* slots of a ring whose pool has no bound */
#endif

/* ---- making ------------------------------------------------------------------------------------------------------- */

int weir__steal_init(weir_pool *p) {
    struct weir_ring_opts o = WEIR_RING_OPTS(p->cap ? p->cap : UNBOUNDED, sizeof(struct pool_elem));
    o.alloc = p->alloc;
    p->fence = (p->flags & WEIR_POOL_NO_MEMBARRIER) || !weir__asymmetric();
    if (p->flags & WEIR_POOL_NO_MEMBARRIER) o.flags = WEIR_RING_NO_MEMBARRIER;
    for (unsigned i = 0; i < POOL_LEVELS; i++) {
        int rc = weir_mpmc_new(&p->rings[i], &o);
        if (rc < 0) return rc;
    }
    return 0;
}

void weir__steal_fini(weir_pool *p) {
    for (unsigned i = 0; i < POOL_LEVELS; i++) (void)weir_mpmc_free(p->rings[i]);
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
    for (unsigned i = 0; i < POOL_LEVELS; i++) (void)weir_mpmc_close(p->rings[i]);
}

/* Pushes that a ring has ever taken: as its tail says, by laps. */
static uint64_t pushed_to(const weir_mpmc *r) {
    uint64_t t = weir_load_acquire(&r->tail_, POOL_N5);
    uint64_t cap = (r->last_ >> 2) + 1;
    return (t & ~r->mask_) / r->lap_ * cap + ((t & r->mask_) >> 2);
}

uint64_t weir__steal_queued(weir_pool *p) {
    uint64_t n = 0;
    for (unsigned i = 0; i < POOL_LEVELS; i++) n += pushed_to(p->rings[i]);
    return n;
}

/* ---- lists: under the lock -------------------------------------------------------------------------------------------- */

void weir__steal_list_add(weir_pool *p, struct pool_node *n) {
    struct pool_list *l = &p->lists[n->level];
    n->next = NULL;
    *(l->last ? &l->last->next : &l->first) = n;
    l->last = n;
    l->len++;
    (void)weir_fetch_add_seq_cst(&p->listed[n->level], 1, POOL_D7);
}

void weir__steal_list_drop(weir_pool *p, unsigned level, struct pool_node *next) {
    struct pool_list *l = &p->lists[level];
    l->first = next;
    if (!next) l->last = NULL;
    l->len--;
    weir_store_release(&p->listed[level], l->len, POOL_D8);
}

struct pool_node *weir__steal_list_first(weir_pool *p, unsigned level) {
    struct pool_node *n = p->lists[level].first;
    if (n) weir__steal_list_drop(p, level, n->next);
    return n;
}

/* ---- looking ------------------------------------------------------------------------------------------------------- */

/* Whether a slot is claimed that is not taken yet. Relaxed: an old head says yes in vain. */
static bool ring_has(const weir_mpmc *r) {
    uint64_t h = weir_load_relaxed(&r->head_);
    uint64_t t = weir_load_seq_cst(&r->tail_, POOL_D5);
    return (t ^ h) / WEIR__MPMC_ONE != 0;
}

bool weir__steal_ready(weir_pool *p) {
    for (unsigned i = 0; i < POOL_LEVELS; i++)
        if (ring_has(p->rings[i]) || weir_load_seq_cst(&p->listed[i], POOL_D6) > 0) return true;
    unsigned made = weir__pool_made(p);
    for (unsigned i = 0; i < made; i++)
        if (weir_deque_len(weir__pool_worker_at(p, i)->deque) > 0) return true;
    return false;
}

bool weir__steal_empty(weir_pool *p) { return !weir__steal_ready(p); }
