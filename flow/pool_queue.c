/* SPDX-License-Identifier: MIT */
/* flow/pool_queue.c - the queues of the stealing kind.
 *
 *   from outside   rings[level]    tasks by value; closed when the pool drains
 *                  lists[level]    under the lock; of an unbounded pool, what the ring has no room for
 *   from inside    deque           of each worker; nodes
 *
 * Invariants
 *   I1  a task is in one of them from when it is submitted until it is taken; or its future was claimed, and what is left
 *       there is a node without a task, which who takes it out only frees.
 *   I2  (draining) a ring that is closed takes nothing more, and says so when it is drained; a list takes nothing from
 *       outside once the state says so, which is changed under its lock. So when the queues are closed, and no task
 *       runs, what is empty stays empty.
 *   I3  (first in, first out, of a level) while a list has tasks nothing goes to its ring, and nothing is taken from
 *       the list while the ring has tasks. But for those who overtake each other in the middle of a submit.
 * Progress   from outside as weir_mpmc; the lists are under a lock. From inside wait-free but for memory.
 *   I4  (a resize) a worker that is one too many leaves what it has in its hands to a list, before anybody claims it. It
 *       looks at `hint` after it took the task out of a queue, by an operation that saw what its submitter did: so a task
 *       that is submitted after a resize returned is run by none of those that may not.
 * Ordering   by the ring, the deque, the lock. `urgent` and `listed` only say where to look: relaxed; that no task is
 *            left while all sleep is shown in pool_idle.c. What leaves a list for a deque is in both for a moment: D8
 *            (release) -> D6: who sees that it is no longer in the list sees it in the deque.
 * From       Blumofe and Leiserson, Scheduling multithreaded computations by work stealing, 1999; a queue for what comes from
 *            outside and a look at it every so often, as in Go's scheduler. */
#include "pool.h"

#include <weir/deque.h>
#include <weir/mpmc.h>

#include "pool_steal.h"

#define TURN 61 /* see the header of weir/pool.h */
#ifdef WEIR_MODEL
#define UNBOUNDED 2 /* so that the explorer comes to the lists */
#else
#define UNBOUNDED 1024 /* slots of a ring whose pool has no bound */
#endif
#define REFILL 16     /* tasks that a worker takes from a list at once */
#define STEAL_TRIES 3 /* of one victim, where others are quicker */

/* In a ring: 32 bytes. */
struct elem {
    weir_task_fn *fn; /* NULL: node has it */
    weir_ctx *ctx;
    void *arg;
    struct pool_node *node; /* else NULL, or ALWAYS */
};
#define ALWAYS ((struct pool_node *)(uintptr_t)1)

/* ---- making ------------------------------------------------------------------------------------------------------- */

int weir__steal_init(weir_pool *p) {
    struct weir_ring_opts o = WEIR_RING_OPTS(p->cap ? p->cap : UNBOUNDED, sizeof(struct elem));
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

static void list_add(weir_pool *p, struct pool_node *n) {
    struct pool_list *l = &p->lists[n->level];
    n->next = NULL;
    *(l->last ? &l->last->next : &l->first) = n;
    l->last = n;
    l->len++;
    (void)weir_fetch_add_seq_cst(&p->listed[n->level], 1, POOL_D7);
}

/* Takes the first off, whose `next` that was. */
static void list_drop(weir_pool *p, unsigned level, struct pool_node *next) {
    struct pool_list *l = &p->lists[level];
    l->first = next;
    if (!next) l->last = NULL;
    l->len--;
    weir_store_release(&p->listed[level], l->len, POOL_D8);
}

static struct pool_node *list_first(weir_pool *p, unsigned level) {
    struct pool_node *n = p->lists[level].first;
    if (n) list_drop(p, level, n->next);
    return n;
}

/* ---- putting in --------------------------------------------------------------------------------------------------- */

static int state(weir_pool *p) { return (int)weir_load_relaxed(&p->state); }

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
    if (state(p) >= WEIR_POOL_STOPPING) return WEIR_ESTOPPED;
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
    POOL_COUNT(p, w, inside);
    weir__steal_pushed(p, w);
    return 0;
}

static int put_inside(weir_pool *p, struct pool_worker *w, const struct pool_put *put) {
    int rc = room_inside(p, w, put);
    if (rc != 0) return rc;
    struct pool_node *n = fill(p, &w->nodes, put);
    return n ? push_inside(p, w, n) : WEIR_ENOMEM;
}

/* To the list, if the pool takes anything. */
static int put_listed(weir_pool *p, const struct pool_put *put, struct pool_node *n) {
    int rc = 0;
    weir__lock(&p->lock);
    if (state(p) >= WEIR_POOL_DRAINING)
        rc = WEIR_ESTOPPED;
    else if (!n && !(n = fill(p, &p->nodes, put)))
        rc = WEIR_ENOMEM;
    if (rc == 0) {
        POOL_COUNT(p, NULL, queued);
        list_add(p, n);
    }
    weir__unlock(&p->lock);
    return rc;
}

static int no_room(weir_pool *p, const struct pool_worker *w, const struct pool_put *put, int rc) {
    if (p->full == WEIR_POOL_REFUSE || put->deadline == WEIR_NOW) return rc;
    if (!w && p->full == WEIR_POOL_BLOCK) return POOL_WAIT_FOR_ROOM;
    if (w) return POOL_RUN_HERE;
    weir__lock(&p->lock);
    bool open = state(p) == WEIR_POOL_RUNNING;
    if (open) p->callers++;
    weir__unlock(&p->lock);
    return open ? POOL_RUN_HERE : WEIR_ESTOPPED;
}

/* To the ring, or to the list. */
static int put_elem(weir_pool *p, const struct pool_worker *w, const struct pool_put *put,
                    const struct elem *e) {
    weir_mpmc *r = p->rings[put->level];
    /* Of a bounded pool there is in a list only what a worker has left: it takes no room. */
    bool listed = p->cap == 0 && weir_load_relaxed(&p->listed[put->level]) > 0;
    int rc = listed ? WEIR_EAGAIN : weir__mpmc_push(r, e, sizeof *e, weir__mpmc_stride(sizeof *e));
    if (WEIR_LIKELY(rc == 0)) return 0;
    if (rc == WEIR_ECLOSED) return WEIR_ESTOPPED;
    if (p->cap == 0) return put_listed(p, put, e->node && e->node != ALWAYS ? e->node : NULL);
    rc = no_room(p, w, put, rc);
    if (rc != POOL_WAIT_FOR_ROOM) return rc;
    rc = weir_mpmc_push_wait(r, e, put->deadline, put->ctx);
    return rc == WEIR_ECLOSED ? WEIR_ESTOPPED : rc;
}

static int put_outside(weir_pool *p, struct pool_worker *w, const struct pool_put *put) {
    WEIR_POINT("pool.put");
    struct elem e = { put->job.fn, put->job.ctx, put->job.arg, put->job.always ? ALWAYS : NULL };
    if (put->job.future) {
        weir__lock(&p->lock);
        e.node = fill(p, &p->nodes, put);
        weir__unlock(&p->lock);
        e.fn = NULL;
        if (!e.node) return WEIR_ENOMEM;
    }
    bool high = put->level == WEIR_HIGH;
    if (high) (void)weir_fetch_add_relaxed(&p->urgent, 1); /* where to look */
    int rc = put_elem(p, w, put, &e);
    if (WEIR_LIKELY(rc == 0)) {
        weir__steal_pushed(p, NULL);
        return 0;
    }
    if (high) (void)weir_fetch_sub_relaxed(&p->urgent, 1);
    if (rc == WEIR_ESTOPPED && w && (rc = room_inside(p, w, put)) == 0) /* it drains since */
        return e.fn ? put_inside(p, w, put) : push_inside(p, w, e.node);
    if (e.fn || unqueue(NULL, e.node)) return rc;
    if (rc == POOL_RUN_HERE && !w) weir__pool_caller(p, false);
    POOL_COUNT(p, w, queued); /* a waiter has claimed it, and was quicker than the refusal */
    return 0;
}

int weir__steal_put(weir_pool *p, struct pool_worker *w, const struct pool_put *put) {
    if (w && (put->level == WEIR_NORMAL || state(p) >= WEIR_POOL_DRAINING))
        return put_inside(p, w, put);
    return put_outside(p, w, put);
}

/* ---- taking out --------------------------------------------------------------------------------------------------- */

/* Whether worker w, which has just taken a task out of a queue, has to leave it to others: see I4. */
static bool too_many(weir_pool *p, struct pool_worker *w) {
    if (WEIR_LIKELY(!weir_load_relaxed(&p->hint)) || !w || !w->next) return false;
    weir__lock(&p->lock);
    w->too_many = weir__pool_surplus(p);
    if (!w->too_many) weir__unlock(&p->lock);
    return w->too_many; /* with the lock */
}

/* By who has the lock from too_many. */
static void leave_to_others(weir_pool *p, struct pool_node *n) {
    list_add(p, n);
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

static bool from_node(weir_pool *p, struct pool_worker *w, struct pool_node *n,
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

static bool from_elem(weir_pool *p, struct pool_worker *w, const struct elem *e, unsigned level,
                      struct pool_job *job) {
    if (level == WEIR_HIGH) (void)weir_fetch_sub_relaxed(&p->urgent, 1); /* where to look */
    if (!e->fn) return from_node(p, w, e->node, job);
    *job = (struct pool_job){ e->fn, e->ctx, e->arg, NULL, e->node == ALWAYS };
    if (left_elem(p, w, job, level)) return false;
    POOL_COUNT(p, w, begun);
    return true;
}

static bool from_ring(struct pool_worker *w, unsigned level, struct pool_job *job) {
    weir_pool *p = w->pool;
    struct elem e;
    while (!w->too_many &&
           weir__mpmc_pop(p->rings[level], &e, sizeof e, weir__mpmc_stride(sizeof e)) == 0)
        if (from_elem(p, w, &e, level, job)) return true;
    return false;
}

/* The first of a list; some more go to the worker's own deque, where others may steal them. */
static bool from_list(struct pool_worker *w, unsigned level, struct pool_job *job) {
    weir_pool *p = w->pool;
    bool got = false;
    if (weir_load_relaxed(&p->listed[level]) == 0) return false; /* where to look */
    weir__lock(&p->lock);
    w->too_many = w->next && weir__pool_surplus(p); /* I4 */
    for (struct pool_node *n; !w->too_many && !got && (n = list_first(p, level));) {
        if (level == WEIR_HIGH) (void)weir_fetch_sub_relaxed(&p->urgent, 1);
        got = take_node(p, w, n, job);
    }
    for (unsigned i = 1; got && level == WEIR_NORMAL && i < REFILL; i++) {
        struct pool_node *n = p->lists[level].first, *next = n ? n->next : NULL;
        if (!n || weir_deque_push(w->deque, n) < 0) break;
        WEIR_POINT("pool.refill"); /* n is a thief's from here on, and may be free */
        list_drop(p, level, next);
        w->pushed = true;
    }
    weir__unlock(&p->lock);
    return got;
}

static bool from_queue(struct pool_worker *w, unsigned level, struct pool_job *job) {
    return from_ring(w, level, job) || from_list(w, level, job);
}

static bool from_own(struct pool_worker *w, struct pool_job *job) {
    void *n;
    while (w->pushed && !w->too_many) {
        if (weir_deque_pop(w->deque, &n) < 0)
            w->pushed = false;
        else if (from_node(w->pool, w, n, job))
            return true;
    }
    return false;
}

static bool steal_from(weir_pool *p, struct pool_worker *w, weir_deque *d, struct pool_job *job) {
    void *n;
    for (int tries = STEAL_TRIES; tries > 0 && !(w && w->too_many);) {
        int rc = weir_deque_steal(d, &n);
        if (rc == WEIR_EAGAIN) return false;
        if (rc < 0)
            tries--;
        else if (from_node(p, w, n, job))
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
        if (!steal_from(p, w, v->deque, job)) continue;
        POOL_COUNT(p, w, stolen);
        return true;
    }
    return false;
}

/* One of the places behind the first, each in its turn, so that no streams into two others keep a task waiting. */
static bool in_turn(struct pool_worker *w, struct pool_job *job) {
    switch (w->tick / TURN % 4) {
        case 0: return from_queue(w, WEIR_LOW, job);
        case 1: return weir__steal_from_others(w, job);
        case 2: return from_list(w, WEIR_NORMAL, job) || from_ring(w, WEIR_NORMAL, job);
        default: return from_own(w, job);
    }
}

bool weir__steal_find(struct pool_worker *w, struct pool_job *job) {
    weir_pool *p = w->pool;
    if (WEIR_UNLIKELY(++w->tick % TURN == 0) && in_turn(w, job)) return true;
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

/* ---- giving up ----------------------------------------------------------------------------------------------------- */

void weir__steal_hand_over(struct pool_worker *w) {
    weir_pool *p = w->pool;
    void *e;
    while (w->pushed && weir_deque_pop(w->deque, &e) == 0) {
        struct pool_node *n = e;
        n->level = WEIR_NORMAL;
        list_add(p, n);
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
        list_add(p, n);
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
            n = list_first(p, i);
            weir__unlock(&p->lock);
            if (!n) break;
            if (i == WEIR_HIGH) (void)weir_fetch_sub_relaxed(&p->urgent, 1);
            n->level = WEIR_NORMAL;
            if (n->job.always) {
                n->next = kept;
                kept = n;
            } else if (from_node(p, NULL, n, &job)) {
                weir__pool_cancel(p, NULL, &job, WEIR_ECANCELED);
            }
        }
    }
    if (!kept) return;
    weir__lock(&p->lock);
    for (struct pool_node *next; kept; kept = next) {
        next = kept->next;
        list_add(p, kept);
    }
    weir__unlock(&p->lock);
    weir__steal_pushed(p, NULL);
}

void weir__steal_cancel(weir_pool *p) {
    struct pool_job job;
    struct elem e;
    cancel_lists(p);
    for (unsigned i = 0; i < POOL_LEVELS; i++)
        while (weir_mpmc_pop_wait(p->rings[i], &e, WEIR_FOREVER, NULL) == 0)
            if (from_elem(p, NULL, &e, i, &job)) give_up(p, &job);
    unsigned made = weir__pool_made(p);
    for (unsigned i = 0; i < made; i++)
        while (steal_from(p, NULL, weir__pool_worker_at(p, i)->deque, &job)) give_up(p, &job);
}
