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
 * Progress   that of the ring; a waiter, and who wakes one, takes the channel's lock.
 * Ordering   W3 (announce) takes LOT_W3's part in the ring's argument, queues/mpmc_wait.c.
 * Differs from the design: robbed waiters queue at the front, but no newcomer is turned away for them. */
#include "chan.h"

#include "../lib/base.h"
#include "mpmc.h"

struct buffered {
    weir_chan chan;
    _Alignas(WEIR_LINE) struct weir__lock lock;
    struct weir__queue poppers, pushers;
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

/* ---- waking ------------------------------------------------------------------------------------------------ */

/* Tells up to n waiters of a side to try. Under the lock. True: one could not be told without the pairing
 * lock. */
static bool tell(struct buffered *b, uint64_t side, size_t n, struct weir__wakes *wakes) {
    for (struct weir__node *w; n > 0 && (w = queue_of(b, side)->first);) {
        int rc = weir__take(NULL, w);
        if (rc == WEIR__AGAIN) return true;
        leave(b, w);
        if (rc != 0) continue;
        weir__complete(wakes, w, WEIR__RETRY);
        n--;
    }
    return false;
}

void weir__chan_wake(weir_mpmc *r, uint64_t side, size_t n) {
    struct buffered *b = of_ring(r);
    struct weir__wakes wakes = { NULL };
    weir__lock(&b->lock);
    bool again = tell(b, side, n, &wakes);
    weir__unlock(&b->lock);
    size_t told = 0;
    for (const struct weir__thread *t = wakes.first; t; t = t->wake_next) told++;
    if (again) {
        weir__pairing_lock();
        weir__lock(&b->lock);
        (void)tell(b, side, n - told, &wakes);
        weir__unlock(&b->lock);
        weir__pairing_unlock();
    }
    WEIR_POINT("chan.told");
    weir__tell(&wakes);
}

/* ---- a case ------------------------------------------------------------------------------------------------- */

static int try_once(struct buffered *b, const struct weir__node *n) {
    if (n->op == WEIR_RECV) return weir_mpmc_try_pop(&b->ring, n->elem);
    return weir_mpmc_try_push(&b->ring, n->elem);
}

static bool look_again(struct buffered *b, uint64_t side) {
    if (ready(b, side)) return true;
    weir__mpmc_barrier(&b->ring);
    return ready(b, side);
}

static int attempt(weir_waitable *on, struct weir__node *n, struct weir__call *call) {
    struct buffered *b = of((weir_chan *)(void *)on);
    uint64_t side = side_of(n);
    if (!call->shown) { /* nobody else can take the call: a try may perform it */
        int rc = try_once(b, n);
        if ((rc != WEIR_EAGAIN && rc != WEIR_EBUSY) || !call->arm) return rc;
    }
    weir__lock(&b->lock);
    enter(b, n);
    weir__unlock(&b->lock);
    WEIR_POINT("chan.entered");
    return weir_recheck(look_again(b, side), CHAN_Q1) ? WEIR__LOOK : WEIR__PENDING;
}

static void disarm(weir_waitable *on, struct weir__node *n) {
    struct buffered *b = of((weir_chan *)(void *)on);
    weir__lock(&b->lock);
    if (n->queued) leave(b, n);
    weir__unlock(&b->lock);
}

static bool hint(weir_waitable *on, const struct weir__node *n) {
    return ready(of((weir_chan *)(void *)on), side_of(n));
}

static void pass_on(weir_waitable *on, struct weir__node *n) {
    struct buffered *b = of((weir_chan *)(void *)on);
    if (weir_recheck(ready(b, side_of(n)), CHAN_Q2)) weir__chan_wake(&b->ring, side_of(n), 1);
}

static const struct weir__waitable_ops ops = { .attempt = attempt,
                                               .disarm = disarm,
                                               .check = weir__chan_check,
                                               .hint = hint,
                                               .pass_on = pass_on };

/* ---- the kind ------------------------------------------------------------------------------------------------ */

static int send_wait(weir_chan *c, const void *elem, weir_time deadline, weir_ctx *ctx) {
    int rc = ctx ? weir_ctx_err(ctx) : 0;
    if (rc < 0) return rc;
    rc = weir_mpmc_try_push(&of(c)->ring, elem);
    if (deadline == WEIR_NOW || (rc != WEIR_EAGAIN && rc != WEIR_EBUSY)) return rc;
    return weir__wait_one(&c->on, WEIR_SEND, (void *)(uintptr_t)elem, 0, deadline, ctx);
}

static int recv_wait(weir_chan *c, void *elem, weir_time deadline, weir_ctx *ctx) {
    int rc = ctx ? weir_ctx_err(ctx) : 0;
    if (rc < 0) return rc;
    rc = weir_mpmc_try_pop(&of(c)->ring, elem);
    if (deadline == WEIR_NOW || (rc != WEIR_EAGAIN && rc != WEIR_EBUSY)) return rc;
    return weir__wait_one(&c->on, WEIR_RECV, elem, 0, deadline, ctx);
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
    weir_init_atomic(&b->lock.word, 0);
    int rc = weir_mpmc_init(&r, &b->ring, c->bytes - offsetof(struct buffered, ring), o->cap,
                            o->elem_size, 0);
    r->id_ = WEIR__MPMC_OF_CHAN;
    return rc;
}

static void fini(weir_chan *c) { (void)weir_mpmc_fini(&of(c)->ring, c->drop, c->drop_arg); }

const struct weir__chan_kind weir__chan_mpmc = { send_wait,   recv_wait, close_chan, is_closed, len,
                                                 has_waiters, bytes,     init,       fini };
