/* SPDX-License-Identifier: MIT */
/* queues/chan_mpmc.c - the buffered channel over the ring of weir/mpmc.h: its fast path is the ring's. What
 * differs is who waits where: nodes (lib/wait.h) in two queues of the channel instead of the parking lot, so
 * that a waiter may be a select.
 *
 * Invariants
 *   I1  ring.waiters_ counts the nodes in the queues, as the ring's own waiters would be counted; so
 *       the ring's publishers look for them, and its I1 and I2 hold: of a publisher and a waiter at
 *       least one sees the other, and who takes an element while others wait wakes one for the next.
 *   I2  a waiter is told to try (WEIR__RETRY), it is handed nothing: an element leaves the ring only by
 *       the claim of the one who gets it. Told and too late, it goes to the front of its queue; if it
 *       leaves instead, it tells another (pass_on).
 *   I3  a node is queued only after a try that failed, and the ring is looked at again afterwards, past
 *       the barrier (Q1); if it is ready by then, the call leaves its queues and tries again.
 *   I4  (robbery) who came too late twice sets the held bit in the word that newcomers of its side have to
 *       change (head, tail), so that every claim of theirs fails and a try is EBUSY. One node holds a side;
 *       holder[side] names it, under the lock, from before the bit is set until after it is clear. Only
 *       the holder changes a word with the bit, but for the open bit; its claim takes the bit away
 *       together with the element. Whatever becomes of the call, release follows: it passes the hold to the
 *       next waiter that was robbed twice, or wakes as many as may be served.
 *   I5  wake-ups go to the holder first, if it is queued: for others the ring is not ready while the bit
 *       stands. If it is not queued, it looks again before it sleeps (I3).
 * Progress   that of the ring, but blocking for newcomers while a side is held; a waiter, and who wakes one,
 *            takes the channel's lock.
 * Ordering   W3 (announce) takes LOT_W3's part in the ring's argument, queues/mpmc_wait.c. Of the holder's
 *            operations M8 and M2 (the claims of a push and a pop) take the parts of C1 and C2, M5 and M3
 *            (loads of stamps: free, full) those of A1 and R1, M4 and M9 (stores: free, full) those of F1 and
 *            S1. M1 sets the bit, M6 sees it. */
#include "chan.h"

#include "../lib/base.h"
#include "../lib/ctx.h"
#include "mpmc.h"

struct buffered {
    weir_chan chan;
    uint64_t ahead; /* see fetch_ahead; as in a word of the ring */
    _Alignas(WEIR_LINE) struct weir__lock lock;
    struct weir__queue poppers, pushers;
    struct weir__node *holder[2]; /* of poppers, of pushers */
    struct weir__chan_counts counts;
    _Alignas(WEIR_LINE) weir_mpmc ring; /* and its slots */
};

static struct buffered *of(weir_chan *c) { return (struct buffered *)(void *)c; }
static struct buffered *of_ring(weir_mpmc *r) {
    return (struct buffered *)(void *)((char *)r - offsetof(struct buffered, ring));
}

/* ---- one side of the channel ----------------------------------------------------------------------------- */

static struct weir__queue *queue_of(struct buffered *b, uint64_t side) {
    return side == WEIR__MPMC_POPPER ? &b->poppers : &b->pushers;
}
static uint64_t side_of(const struct weir__node *n) {
    return n->op == WEIR_RECV ? WEIR__MPMC_POPPER : WEIR__MPMC_PUSHER;
}
static struct weir__node **holder_of(struct buffered *b, uint64_t side) {
    return &b->holder[side == WEIR__MPMC_PUSHER];
}
static weir_au64 *word_of(struct buffered *b, uint64_t side) {
    return side == WEIR__MPMC_POPPER ? &b->ring.head_ : &b->ring.tail_;
}
static bool ready(struct buffered *b, uint64_t side) {
    return side == WEIR__MPMC_POPPER ? weir__mpmc_can_pop(&b->ring) : weir__mpmc_can_push(&b->ring);
}

/* Under the lock. */
static void enter(struct buffered *b, struct weir__node *n) {
    weir__queue_add(queue_of(b, side_of(n)), n);
    (void)weir_fetch_add_seq_cst(&b->ring.waiters_, side_of(n), CHAN_W3);
}
static void leave(struct buffered *b, struct weir__node *n) {
    weir__queue_remove(queue_of(b, side_of(n)), n);
    (void)weir_fetch_sub_relaxed(&b->ring.waiters_, side_of(n));
}

/* Who is to be told first (I5). */
static struct weir__node *first_of(struct buffered *b, uint64_t side) {
    struct weir__node *h = *holder_of(b, side);
    return h && h->queued ? h : queue_of(b, side)->first;
}

/* ---- waking ------------------------------------------------------------------------------------------------ */

/* Tells up to *n waiters of a side to try, and takes them off *n. Under the lock. True: one could not be told
 * without the pairing lock. */
static bool tell(struct buffered *b, uint64_t side, size_t *n, struct weir__wakes *wakes) {
    for (struct weir__node *w; *n > 0 && (w = first_of(b, side));) {
        int rc = weir__take(NULL, w);
        if (rc == WEIR__AGAIN) return true;
        leave(b, w);
        if (rc != 0) continue;
        weir__complete(wakes, w, WEIR__RETRY);
        weir__count_locked(&b->counts.wakes);
        --*n;
    }
    return false;
}

void weir__chan_wake(weir_mpmc *r, uint64_t side, size_t n) {
    struct buffered *b = of_ring(r);
    struct weir__wakes wakes = { NULL };
    weir__lock(&b->lock);
    bool again = tell(b, side, &n, &wakes);
    weir__unlock(&b->lock);
    if (again) {
        weir__pairing_lock();
        weir__lock(&b->lock);
        (void)tell(b, side, &n, &wakes);
        weir__unlock(&b->lock);
        weir__pairing_unlock();
    }
    WEIR_POINT("chan.told");
    weir__tell(&wakes);
}

/* ---- robbed waiters ------------------------------------------------------------------------------------- */

/* ECLOSED, after what the closer did. */
static int closed(const weir_mpmc *r) {
    (void)weir_mpmc_is_closed(r); /* an acquire */
    return WEIR_ECLOSED;
}

/* The holder's pop: as the ring's, but the word stays as it is (I4). A relaxed load of the word finds its last
 * value: the thread set the bit itself, or another did under the lock before it told the node or before the
 * node's owner had that lock again; and nobody else changes the word since, but for the open bit. */
static int pop_held(weir_mpmc *r, void *elem) {
    uint64_t marked = weir_load_relaxed(&r->head_), h = marked & ~WEIR__MPMC_HELD;
    size_t esize = (size_t)r->elem_size_;
    weir_au64 *stamp = weir__mpmc_stamp(r, h, (size_t)r->stride_);
    if (weir_load_acquire(stamp, CHAN_M3) != h + WEIR__MPMC_ONE) {
        /* Relaxed: a tail without the open bit is the last one, and only the holder moves head, so closed and
         * drained once is so for good. An older tail sends the holder into its queue, where it looks again
         * (I3); whether the ring was empty or a push in flight, nobody is told: the call waits on, or is over. */
        uint64_t t = weir_load_relaxed(&r->tail_) & ~WEIR__MPMC_HELD;
        return t == h ? closed(r) : WEIR_EAGAIN;
    }
    (void)weir_exchange_seq_cst(&r->head_, weir__mpmc_next(r, h, 1), CHAN_M2);
    WEIR_POINT("chan.held.claimed");
    weir__copy(elem, stamp + 1, esize);
    weir_store_release(stamp, h + r->lap_, CHAN_M4);
    weir_light_barrier();
    if (weir_load_relaxed(&r->waiters_)) weir__mpmc_popped_(r, stamp, 1);
    return 0;
}

/* A close may change the word meanwhile. */
static int push_held(weir_mpmc *r, const void *elem) {
    uint64_t marked = weir_load_relaxed(&r->tail_), t = marked & ~WEIR__MPMC_HELD;
    size_t esize = (size_t)r->elem_size_;
    weir_au64 *stamp = weir__mpmc_stamp(r, t, (size_t)r->stride_);
    if (!(t & WEIR__MPMC_OPEN)) return closed(r);
    if (weir_load_acquire(stamp, CHAN_M5) + WEIR__MPMC_OPEN != t) return WEIR_EAGAIN;
    if (!weir_cas_seq_cst(&r->tail_, &marked, weir__mpmc_next(r, t, 1), CHAN_M8))
        return closed(r); /* nobody else changes it */
    WEIR_POINT("chan.held.claimed");
    weir__copy(stamp + 1, elem, esize);
    weir_store_release(stamp, t - WEIR__MPMC_OPEN + WEIR__MPMC_ONE, CHAN_M9);
    weir_light_barrier();
    if (weir_load_relaxed(&r->waiters_)) weir__mpmc_pushed_(r, stamp, 1);
    return 0;
}

/* Under the lock: n keeps newcomers of its side out. */
static void hold_for(struct buffered *b, struct weir__node *n) {
    *holder_of(b, side_of(n)) = n;
    weir_store_relaxed(&n->held, 1);
    (void)weir_fetch_or_release(word_of(b, side_of(n)), WEIR__MPMC_HELD, CHAN_M1);
}

static void hold(weir_waitable *on, struct weir__node *n) {
    struct buffered *b = of((weir_chan *)(void *)on);
    weir__lock(&b->lock);
    if (!*holder_of(b, side_of(n))) hold_for(b, n);
    weir__unlock(&b->lock);
}

/* The hold ends, or goes to the next that was robbed twice; then those are woken that may be served. */
static void release(weir_waitable *on, struct weir__node *n) {
    struct buffered *b = of((weir_chan *)(void *)on);
    uint64_t side = side_of(n);
    weir__lock(&b->lock);
    *holder_of(b, side) = NULL;
    weir_store_relaxed(&n->held, 0);
    /* After its claim the bit is clear already, and no other holder has set it (I4). Relaxed: newcomers fail or
     * succeed by this one word, and who queues later has the lock after this. */
    (void)weir_fetch_and_relaxed(word_of(b, side), ~WEIR__MPMC_HELD);
    struct weir__node *next = queue_of(b, side)->first;
    while (next && next->robbed < 2) next = next->next;
    if (next) hold_for(b, next);
    weir__unlock(&b->lock);
    WEIR_POINT("chan.released");
    if (weir_recheck(ready(b, side), CHAN_Q3))
        weir__chan_wake(&b->ring, side, weir_mpmc_is_closed(&b->ring) ? SIZE_MAX : 1);
}

/* ---- elements ----------------------------------------------------------------------------------------------- */

/* Lines of slots come from the other side's processor, and each claim waits for the stores before it: so a thread that
 * goes through the slots has two misses in a row for each line, unless it asks for the line some claims before it
 * writes there. So far ahead that the two sides, where one is close behind the other, do not take from each other what
 * is about to be written; and at each claim, not once for each line, which brings back what was taken, and is no
 * branch that a select between two channels could not foresee. Never beyond the slots, nor in a small ring, where
 * ahead is where the other side is. */
#define AHEAD_BYTES 512

static uint64_t ahead_in(size_t cap, size_t elem_size) {
    size_t stride = weir__mpmc_stride(elem_size), slots = (AHEAD_BYTES + stride - 1) / stride;
    return cap >= 4 * slots ? slots * WEIR__MPMC_ONE : 0;
}

static inline void fetch_ahead(struct buffered *b, uint64_t at) {
    weir_mpmc *r = &b->ring;
    uint64_t w = at + b->ahead;
    if (b->ahead == 0 || (w & r->mask_) > r->last_) return;
    weir_prefetch(weir__mpmc_stamp(r, w, (size_t)r->stride_));
}

/* *at: the word that was claimed, if it returns 0. */
static inline int push(struct buffered *b, const void *elem, uint64_t *at) {
    weir_mpmc *r = &b->ring;
    int rc = weir__mpmc_push_at(r, elem, (size_t)r->elem_size_, (size_t)r->stride_, at);
    if (rc == 0) fetch_ahead(b, *at);
    return rc;
}

static inline int pop(struct buffered *b, void *elem) {
    weir_mpmc *r = &b->ring;
    uint64_t at = 0;
    int rc = weir__mpmc_pop_at(r, elem, (size_t)r->elem_size_, (size_t)r->stride_, &at);
    if (rc == 0) fetch_ahead(b, at);
    return rc;
}

/* ---- a case ------------------------------------------------------------------------------------------------- */

static int try_once(struct buffered *b, const struct weir__node *n) {
    if (weir__held(n))
        return n->op == WEIR_RECV ? pop_held(&b->ring, n->elem) : push_held(&b->ring, n->elem);
    uint64_t at = 0;
    return n->op == WEIR_RECV ? pop(b, n->elem) : push(b, n->elem, &at);
}

/* Whether a node may be served now. */
static bool may(struct buffered *b, const struct weir__node *n) {
    uint64_t side = side_of(n);
    if (weir_load_acquire(word_of(b, side), CHAN_M6) & WEIR__MPMC_HELD && !weir__held(n))
        return false;
    return ready(b, side);
}

static bool look_again(struct buffered *b, const struct weir__node *n) {
    if (may(b, n)) return true;
    weir__waiters_barrier(&b->ring.waiters_);
    return may(b, n);
}

static int attempt(weir_waitable *on, struct weir__node *n, struct weir__call *call) {
    struct buffered *b = of((weir_chan *)(void *)on);
    if (!call->shown) { /* nobody else can take the call: a try may perform it */
        int rc = n->look ? (may(b, n) ? 0 : WEIR_EAGAIN) : try_once(b, n);
        if ((rc != WEIR_EAGAIN && rc != WEIR_EBUSY) || !call->arm) return rc;
    }
    weir__lock(&b->lock);
    enter(b, n);
    if (WEIR__COUNTS && n->op == WEIR_SEND) weir__saw(&b->counts, weir_mpmc_len(&b->ring));
    if (n->robbed >= 2 && !n->look && !*holder_of(b, side_of(n)))
        hold_for(b, n); /* the last hold ended meanwhile */
    weir__unlock(&b->lock);
    WEIR_POINT("chan.entered");
    return weir_recheck(look_again(b, n), CHAN_Q1) ? WEIR__LOOK : WEIR__PENDING;
}

static void disarm(weir_waitable *on, struct weir__node *n) {
    struct buffered *b = of((weir_chan *)(void *)on);
    weir__lock(&b->lock);
    if (n->queued) leave(b, n);
    weir__unlock(&b->lock);
}

static bool spin(weir_waitable *on, const struct weir__node *n, struct weir__thread *self,
                 weir_time deadline) {
    return weir__mpmc_spin(&of((weir_chan *)(void *)on)->ring, n->op == WEIR_RECV, self, deadline);
}

static void pass_on(weir_waitable *on, struct weir__node *n) {
    struct buffered *b = of((weir_chan *)(void *)on);
    if (weir_recheck(may(b, n), CHAN_Q2)) weir__chan_wake(&b->ring, side_of(n), 1);
}

static const struct weir__waitable_ops ops = { .attempt = attempt,
                                               .disarm = disarm,
                                               .check = weir__chan_check,
                                               .note = weir__chan_note,
                                               .spin = spin,
                                               .pass_on = pass_on,
                                               .hold = hold,
                                               .release = release,
                                               .about = weir__chan_about };

/* ---- the kind ------------------------------------------------------------------------------------------------ */

/* Not where it has been full already. */
static __attribute__((noinline)) void sample(weir_chan *c) {
    struct weir__chan_counts *k = c->counts;
    if (weir_load_relaxed(&k->high) < c->cap) weir__saw(k, weir_mpmc_len(&of(c)->ring));
}

static int send_wait(weir_chan *c, const void *elem, weir_time deadline, weir_ctx *ctx) {
    int rc = weir__ctx_err(ctx);
    if (rc < 0) return rc;
    struct buffered *b = of(c);
    uint64_t at = 0;
    rc = push(b, elem, &at);
    if (rc == 0 && WEIR_UNLIKELY(weir__sampled((at & b->ring.mask_) >> 2))) sample(c);
    if (deadline == WEIR_NOW || (rc != WEIR_EAGAIN && rc != WEIR_EBUSY)) return rc;
    return weir__wait_one(&c->on, WEIR_SEND, (void *)(uintptr_t)elem, 0, deadline, ctx);
}

static int recv_wait(weir_chan *c, void *elem, weir_time deadline, weir_ctx *ctx) {
    int rc = weir__ctx_err(ctx);
    if (rc < 0) return rc;
    rc = pop(of(c), elem);
    if (deadline == WEIR_NOW || (rc != WEIR_EAGAIN && rc != WEIR_EBUSY)) return rc;
    return weir__wait_one(&c->on, WEIR_RECV, elem, 0, deadline, ctx);
}

static ptrdiff_t recv_n(weir_chan *c, void *elems, size_t n) {
    return weir_mpmc_try_pop_n(&of(c)->ring, elems, n);
}

static void stats(weir_chan *c, struct weir_chan_stats *out) {
    const weir_mpmc *r = &of(c)->ring;
    out->received = weir__mpmc_count(r, weir_load_relaxed(&r->head_));
    out->sent = weir__mpmc_count(r, weir_load_relaxed(&r->tail_));
}

static int close_chan(weir_chan *c) { return weir_mpmc_close(&of(c)->ring); }
static bool is_closed(const weir_chan *c) {
    return weir_mpmc_is_closed(&((const struct buffered *)(const void *)c)->ring);
}
static size_t len(const weir_chan *c) {
    return weir_mpmc_len(&((const struct buffered *)(const void *)c)->ring);
}

static bool has_waiters(weir_chan *c) {
    struct buffered *b = of(c);
    weir__lock(&b->lock);
    bool some = b->poppers.first || b->pushers.first;
    weir__unlock(&b->lock);
    return some;
}

static size_t bytes(size_t cap, size_t elem_size) {
    size_t ring = weir_mpmc_bytes(cap, elem_size);
    return ring ? offsetof(struct buffered, ring) + ring : 0;
}

static int init(weir_chan *c, const struct weir_chan_opts *o) {
    struct buffered *b = of(c);
    weir_mpmc *r;
    c->on.ops = &ops;
    b->poppers = b->pushers = (struct weir__queue){ NULL, NULL };
    b->holder[0] = b->holder[1] = NULL;
    b->ahead = ahead_in(o->cap, o->elem_size);
    weir_init_atomic(&b->lock.word, 0);
    weir__chan_counts_init(c, &b->counts);
    return weir__mpmc_init_at(&r, &b->ring, c->bytes - offsetof(struct buffered, ring), o->cap,
                              o->elem_size, WEIR__MPMC_IN_CHAN, 0);
}

static int end(weir_chan *c) {
    if (has_waiters(c)) return WEIR_EBUSY;
    return weir_mpmc_fini(&of(c)->ring, c->drop, c->drop_arg);
}

const struct weir__chan_kind weir__chan_mpmc = { send_wait,  recv_wait, recv_n,        stats,
                                                 close_chan, is_closed, len,           bytes,
                                                 init,       end,       "mpmc channel" };
