/* SPDX-License-Identifier: MIT */
/* flow/pool_rings.c - the stealing kind: the rings of one level of priority, for tasks from outside.
 *
 *   ring[0] ... ring[oldest] ... ring[newest]      span: both numbers, in one word
 *   drained     is taken from    is put into       each has twice the slots of the one before
 *
 * A bounded pool has one ring, of `cap` slots. One without a bound begins with a ring of UNBOUNDED slots; who finds the
 * newest one full makes the next, and closes that one.
 *
 * Invariants
 *   I1  span is changed under the pool's lock, and its numbers only grow. A ring that it names is made, and lives as long
 *       as the pool: so who has read an old span may use what it names.
 *   I2  all rings but the newest are closed, and a ring is closed before span names the next one: what is in a ring was
 *       put in before what is in the rings behind it, and so tasks are first in, first out over all rings.
 *   I3  oldest moves on from a ring that is closed and drained, and which therefore stays empty.
 *   I4  once the pool drains no ring is made: a grower looks at the state under the lock under which that is changed. So
 *       the newest one is closed then, and no ring is open.
 *   I5  who gets no memory for a ring is refused only if nobody else is making one: else he waits until one is named, or
 *       no maker is left of those that there were. `rounds` counts both, under the lock.
 * Progress   putting in and taking as weir_mpmc; blocking where a ring is made, or left behind: the lock; and, for who gets
 *            no memory for one, the others' allocator.
 * Memory     of an unbounded pool, at most four times the slots of what has been in it at once, or was put in while
 *            somebody was stopped in the middle of a take; 32 bytes a slot. It is the pool's to its end.
 * Ordering   R1 -> R2: a ring is made before it is named; R2 is seq_cst for those who go to sleep: see pool_idle.c. What
 *            moves `oldest` on is a relaxed read-modify-write, which carries R1 along.
 * From       the rings of rings of Morrison and Afek, Fast concurrent queues for x86 processors, 2013, in outline; doubled,
 *            so that none has to be given back while somebody may be in it. */
#include "../lib/os.h"
#include "pool_steal.h"

#ifdef WEIR_MODEL
#define UNBOUNDED 2 /* so that the explorer comes to the second ring */
#else
#define UNBOUNDED 1024
#endif

#define NEWEST 0x100u
_Static_assert((size_t)UNBOUNDED << (POOL_RINGS - 1) <= WEIR_RING_CAP_MAX,
               "each has a ring's size");

static int make(weir_pool *p, size_t cap, weir_mpmc **out) {
    struct weir_ring_opts o = WEIR_RING_OPTS(cap, sizeof(struct pool_elem));
    o.alloc = p->alloc;
    if (p->flags & WEIR_POOL_NO_MEMBARRIER) o.flags = WEIR_RING_NO_MEMBARRIER;
    return weir_mpmc_new(out, &o);
}

int weir__rings_init(weir_pool *p, struct pool_rings *q) {
    weir_init_atomic(&q->span, 0);
    return make(p, p->cap ? p->cap : UNBOUNDED, &q->ring[0]);
}

void weir__rings_fini(struct pool_rings *q) {
    for (unsigned i = 0; i < POOL_RINGS; i++) (void)weir_mpmc_free(q->ring[i]);
}

void weir__rings_close(struct pool_rings *q) {
    (void)weir_mpmc_close(q->ring[pool_newest(pool_span(q))]);
}

/* Under the lock: the next one is to be made. */
static bool wanted(const weir_pool *p, const struct pool_rings *q, unsigned full) {
    return pool_state(p) < WEIR_POOL_DRAINING && pool_newest(pool_span(q)) == full;
}

/* Under the lock: one maker is through. True: its ring is the newest one now. */
static bool put_up(weir_pool *p, struct pool_rings *q, unsigned full, weir_mpmc *r) {
    bool named = r && wanted(p, q, full);
    if (named) {
        q->ring[full + 1] = r;
        (void)weir_mpmc_close(q->ring[full]); /* I2 */
        WEIR_POINT("pool.rings.closed");
        weir_store_seq_cst(&q->span, pool_span(q) + NEWEST, POOL_R1);
    }
    q->makers--;
    if (named || q->makers == 0) { /* I5; relaxed: under the lock */
        weir_store_relaxed(&q->rounds, weir_load_relaxed(&q->rounds) + 1);
        weir__os_futex_wake(&q->rounds, INT32_MAX);
    }
    return named;
}

/* With the lock, which it gives back meanwhile: I5. */
static void wait_for_makers(weir_pool *p, struct pool_rings *q) {
    uint32_t seen = weir_load_relaxed(&q->rounds); /* changed under the lock */
    weir__unlock(&p->lock);
    WEIR_POINT("pool.rings.wait");
    while (weir_load_relaxed(&q->rounds) == seen) /* what it says is read under the lock */
        (void)weir__os_futex_wait(&q->rounds, seen, WEIR_FOREVER);
    weir__lock(&p->lock);
}

int weir__rings_grow(weir_pool *p, struct pool_rings *q, unsigned full) {
    weir_mpmc *r = NULL;
    int rc = 0;
    weir__lock(&p->lock);
    if (wanted(p, q, full)) {
        q->makers++;
        weir__unlock(&p->lock);
        bool last = full + 1 == POOL_RINGS;
        rc = last ? WEIR_ENOMEM : make(p, (size_t)UNBOUNDED << (full + 1), &r);
        weir__lock(&p->lock);
        if (put_up(p, q, full, r)) r = NULL;
        if (rc < 0 && q->makers > 0 && wanted(p, q, full)) wait_for_makers(p, q);
        if (!wanted(p, q, full)) rc = 0; /* somebody else has made it */
    }
    bool open = pool_state(p) < WEIR_POOL_DRAINING;
    weir__unlock(&p->lock);
    (void)weir_mpmc_free(r); /* somebody else was quicker */
    return open ? rc : WEIR_ESTOPPED;
}

bool weir__rings_pass(weir_pool *p, struct pool_rings *q, unsigned drained) {
    uint32_t span = pool_span(q);
    if (pool_newest(span) == drained) return false;
    weir__lock(&p->lock);
    span = pool_span(q);
    if (pool_oldest(span) == drained && drained < pool_newest(span))
        span = weir_fetch_add_relaxed(&q->span, 1) + 1; /* see Ordering */
    weir__unlock(&p->lock);
    return pool_oldest(span) != drained;
}

/* Pushes that a ring has ever taken: as its tail says, by laps. */
static uint64_t pushed_to(const weir_mpmc *r) {
    uint64_t t = weir_load_acquire(&r->tail_, POOL_N5);
    uint64_t cap = (r->last_ >> 2) + 1;
    return (t & ~r->mask_) / r->lap_ * cap + ((t & r->mask_) >> 2);
}

uint64_t weir__rings_pushed(const struct pool_rings *q) {
    uint64_t n = 0;
    unsigned newest = pool_newest(pool_span(q));
    for (unsigned i = 0; i <= newest; i++) n += pushed_to(q->ring[i]);
    return n;
}

/* Whether a slot is claimed that is not taken yet. Relaxed: an old head says yes in vain. */
static bool ring_has(const weir_mpmc *r) {
    uint64_t h = weir_load_relaxed(&r->head_);
    uint64_t t = weir_load_seq_cst(&r->tail_, POOL_D5);
    return (t ^ h) / WEIR__MPMC_ONE != 0;
}

bool weir__rings_have(const struct pool_rings *q) {
    uint32_t span = pool_span(q);
    for (unsigned i = pool_oldest(span); i <= pool_newest(span); i++)
        if (ring_has(q->ring[i])) return true;
    return false;
}
