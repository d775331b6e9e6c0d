/* SPDX-License-Identifier: MIT */
/* queues/chan_spsc.c - the channel of one producer and one consumer: the fast path is that of weir/spsc.h, with
 * one look for a waiter behind it, and no read-modify-write. Who waits does so as in queues/chan_mpmc.c, by a
 * node in a queue of the channel, so that a select can.
 *
 *   waiters   nodes in the queues: of the consumer, of the producer << 31; and the fence bits of weir/mpmc.h
 *
 * Invariants
 *   I1  Only the producer role stores tail, and `closed`; only the consumer role stores head. So the ring's
 *       argument holds. Once closed, limit == tail and the ring is shut, as during a reservation: a push takes the
 *       slow path and fails, and only there a send looks at `closed`.
 *   I2  (no lost wake-up) Who waits announces itself in `waiters` by a seq_cst read-modify-write, passes the
 *       heavy barrier, looks at the other side's index (and at `closed`) again, and only then sleeps. A
 *       publisher stores its index, passes the light barrier, and loads `waiters`. At least one sees the other.
 *   I3  A waiter is handed nothing, it is told to try (WEIR__RETRY). Nobody else takes from its side, so
 *       what it was told of stays there: there is no robbery, and none has to be told in its place.
 *   I4  All nodes of a side are cases of one call, since one thread holds the role: the first that is taken
 *       decides the call, and the others leave with it.
 *   I5  `closed` is stored after the last tail, and a receive that has seen it looks at tail once more before
 *       it says ECLOSED: it drains what was sent.
 * Progress   send and receive that need not wait: wait-free, but for a short lock where the other side sleeps
 *            and has to be woken. Waiting blocks.
 * Ordering   SPSC_T1, T4 -> SPSC_T2, B4 carry the elements, SPSC_H1, H3 -> SPSC_H2, B2 the freed slots;
 *            K1 -> K3, K4 what the closer did. Waking: W1 (announce), then D1 to D3 (look), against the stores of tail, head
 *            and closed, then the load of `waiters`. With membarrier the publisher's half is a compiler barrier.
 *            Without, its index is exchanged for itself (B1) before the load (B2). A close is seq_cst either
 *            way (K1, then K2). When membarrier is refused late: as in queues/mpmc_wait.c, whose barrier this is.
 * From       weir/spsc.h; ruling 14: a close by any other thread than the producer's would need a bit in tail,
 *            which a plain store would lose. */
#include "chan.h"

#include "../lib/base.h"
#include "../lib/park.h"
#include "mpmc.h"
#include "spsc.h"

#include <weir/spsc.h>

#define CONSUMER WEIR__MPMC_POPPER
#define PRODUCER WEIR__MPMC_PUSHER
#define SIDE_MASK (PRODUCER - 1)

struct single {
    weir_chan chan;
    weir_au64 waiters; /* in the line that every call reads anyway */
    weir_au32 closed;
    weir_au32 inside[2]; /* debug builds: a thread is in a call of the consumer, of the producer */
    _Alignas(WEIR_LINE) struct weir__lock lock;
    struct weir__queue receivers, senders;
    struct weir__chan_counts counts;
    _Alignas(WEIR_LINE) weir_spsc ring; /* and its slots */
};

static struct single *of(weir_chan *c) { return (struct single *)(void *)c; }
static const struct single *of_const(const weir_chan *c) {
    return (const struct single *)(const void *)c;
}

static uint64_t side_of(const struct weir__node *n) {
    return n->op == WEIR_RECV ? CONSUMER : PRODUCER;
}
static struct weir__queue *queue_of(struct single *s, uint64_t side) {
    return side == CONSUMER ? &s->receivers : &s->senders;
}
static uint64_t count_of(uint64_t waiters, uint64_t side) { return waiters / side & SIDE_MASK; }

/* ---- two threads at once (debug builds) -------------------------------------------------------------------- */

/* The explorer counts each access as a step, and these are no part of the algorithm. */
#if defined(WEIR_DEBUG) && !defined(WEIR_MODEL)
/* But not a descriptor's node (lib/eventfd.c), which is no thread's. */
static bool sleeps(struct single *s, uint64_t side) {
    if (count_of(weir_load_relaxed(&s->waiters), side) == 0) return false;
    weir__lock(&s->lock);
    const struct weir__node *n = queue_of(s, side)->first;
    while (n && n->wake) n = n->next;
    weir__unlock(&s->lock);
    return n != NULL;
}

/* A role is entered by one call at a time, and by none while another sleeps in it. Relaxed: who is given the
 * role by an edge sees that the one before has left; others are what this looks for. */
static bool enter_role(struct single *s, uint64_t side, const char *call) {
    weir_au32 *inside = &s->inside[side == PRODUCER];
    if (weir_load_relaxed(inside) || sleeps(s, side)) {
        (void)weir__misuse(call, "two threads at once on one side of an spsc channel");
        return false;
    }
    weir_store_relaxed(inside, 1);
    return true;
}
static void leave_role(struct single *s, uint64_t side) {
    weir_store_relaxed(&s->inside[side == PRODUCER], 0);
}
#else
static inline bool enter_role(struct single *s, uint64_t side, const char *call) {
    (void)s;
    (void)side;
    (void)call;
    return true;
}
static inline void leave_role(struct single *s, uint64_t side) {
    (void)s;
    (void)side;
}
#endif

/* ---- waking ------------------------------------------------------------------------------------------------ */

/* Under the lock. */
static void enter(struct single *s, struct weir__node *n) {
    weir__queue_add(queue_of(s, side_of(n)), n);
    (void)weir_fetch_add_seq_cst(&s->waiters, side_of(n), CHSP_W1);
}
static void leave(struct single *s, struct weir__node *n) {
    weir__queue_remove(queue_of(s, side_of(n)), n);
    (void)weir_fetch_sub_relaxed(&s->waiters, side_of(n));
}

/* Tells the call that waits on this side to try. Under the lock. True: it cannot be told without the
 * pairing lock. */
static bool tell(struct single *s, uint64_t side, struct weir__wakes *wakes) {
    for (struct weir__node *n; (n = queue_of(s, side)->first);) {
        int rc = weir__take(NULL, n);
        if (rc == WEIR__AGAIN) return true;
        leave(s, n);
        if (rc != 0) continue;
        weir__complete(wakes, n, WEIR__RETRY);
        weir__count_locked(&s->counts.wakes);
    }
    return false;
}

static void wake(struct single *s, uint64_t side) {
    struct weir__wakes wakes = { NULL };
    weir__lock(&s->lock);
    bool again = tell(s, side, &wakes);
    weir__unlock(&s->lock);
    if (again) {
        weir__pairing_lock();
        weir__lock(&s->lock);
        (void)tell(s, side, &wakes);
        weir__unlock(&s->lock);
        weir__pairing_unlock();
    }
    WEIR_POINT("chan.told");
    weir__tell(&wakes);
}

/* Somebody waits, or the publisher has to fence: after a store to its own index. 0. */
static int published(struct single *s, weir_au64 *index, uint64_t other_side) {
    if (weir_load_relaxed(&s->waiters) & WEIR__MPMC_FENCE) {
        uint64_t i = weir_load_relaxed(index); /* its own */
        (void)weir_exchange_seq_cst(index, i, CHSP_B1);
    }
    if (count_of(weir_load_seq_cst(&s->waiters, CHSP_B2), other_side)) wake(s, other_side);
    return 0;
}

/* ---- send and receive that do not wait -------------------------------------------------------------------- */

static bool producer_closed(const struct single *s) {
    return weir_load_relaxed(&s->closed) != 0; /* relaxed: its own word (I1) */
}

/* After a store of the own index: 0, the send or receive is done. */
WEIR__BODY int look_for_waiters(struct single *s, weir_au64 *index, uint64_t other_side) {
    weir_light_barrier();
    return WEIR_UNLIKELY(weir_load_relaxed(&s->waiters)) ? published(s, index, other_side) : 0;
}

/* Nothing was found: whether to look once more. 0, or WEIR_EAGAIN, WEIR_ECLOSED. */
static int nothing(const struct single *s, bool *closed) {
    if (*closed) return WEIR_ECLOSED;
    *closed = weir_load_acquire(&s->closed, CHSP_K3) != 0;
    return *closed ? 0 : WEIR_EAGAIN;
}

static int try_send(struct single *s, const void *elem) {
    if (!enter_role(s, PRODUCER, "weir_chan_send")) return WEIR_EINVAL;
    int rc = weir_spsc_push(&s->ring, elem) ? 0 : producer_closed(s) ? WEIR_ECLOSED : WEIR_EAGAIN;
    leave_role(s, PRODUCER);
    return rc == 0 ? look_for_waiters(s, &s->ring.tail_, CONSUMER) : rc;
}

static int try_recv(struct single *s, void *elem) {
    bool closed = false;
    int rc = 0;
    if (!enter_role(s, CONSUMER, "weir_chan_recv")) return WEIR_EINVAL;
    while (rc == 0 && !weir_spsc_pop(&s->ring, elem)) rc = nothing(s, &closed);
    leave_role(s, CONSUMER);
    return rc == 0 ? look_for_waiters(s, &s->ring.head_, PRODUCER) : rc;
}

/* ---- a case ------------------------------------------------------------------------------------------------- */

/* Whether the case is worth trying. Loads only. */
static bool ready(struct single *s, const struct weir__node *n) {
    weir_spsc *r = &s->ring;
    if (n->op == WEIR_SEND) { /* relaxed: its own words */
        uint64_t t = weir_load_relaxed(&r->tail_);
        return t - weir_load_seq_cst(&r->head_, CHSP_D2) < r->cap_ || producer_closed(s);
    }
    uint64_t h = weir_load_relaxed(&r->head_);
    return weir_load_seq_cst(&r->tail_, CHSP_D1) != h || weir_load_seq_cst(&s->closed, CHSP_D3);
}

static bool look_again(struct single *s, const struct weir__node *n) {
    if (ready(s, n)) return true;
    weir__waiters_barrier(&s->waiters);
    return weir_recheck(ready(s, n), CHSP_Q2);
}

static int attempt(weir_waitable *on, struct weir__node *n, struct weir__call *call) {
    struct single *s = of((weir_chan *)(void *)on);
    if (!call->shown) { /* nobody else can take the call: a try may perform it */
        int rc = n->look              ? (ready(s, n) ? 0 : WEIR_EAGAIN)
                 : n->op == WEIR_RECV ? try_recv(s, n->elem)
                                      : try_send(s, n->elem);
        if (rc != WEIR_EAGAIN || !call->arm) return rc;
    }
    weir__lock(&s->lock);
    enter(s, n);
    weir__unlock(&s->lock);
    WEIR_POINT("chan.entered");
    return weir_recheck(look_again(s, n), CHSP_Q1) ? WEIR__LOOK : WEIR__PENDING;
}

static void disarm(weir_waitable *on, struct weir__node *n) {
    struct single *s = of((weir_chan *)(void *)on);
    weir__lock(&s->lock);
    if (n->queued) leave(s, n);
    weir__unlock(&s->lock);
}

/* What the spin polls: a hint only, the try that follows decides. */
struct poll {
    struct single *s;
    bool recv;
};

static bool hint(void *arg) {
    const struct poll *p = arg;
    weir_spsc *r = &p->s->ring;
    uint64_t t = weir_load_relaxed(&r->tail_), h = weir_load_relaxed(&r->head_);
    return (p->recv ? t != h : t - h < r->cap_) || weir_load_relaxed(&p->s->closed);
}

static bool spin(weir_waitable *on, const struct weir__node *n, struct weir__thread *self,
                 weir_time deadline) {
    struct poll poll = { of((weir_chan *)(void *)on), n->op == WEIR_RECV };
    return weir__spin(&self->spin, hint, &poll, deadline);
}

static const struct weir__waitable_ops ops = { .attempt = attempt,
                                               .disarm = disarm,
                                               .check = weir__chan_check,
                                               .note = weir__chan_note,
                                               .spin = spin,
                                               .about = weir__chan_about };

/* ---- the kind ----------------------------------------------------------------------------------------------- */

/* The elements inside when the producer last looked at head, by what it keeps for itself: it does so when the room
 * that it knew of is used up. */
static void sample(struct single *s) {
    const weir_spsc *r = &s->ring;
    uint64_t room =
        r->limit_ - weir_load_relaxed(&r->tail_); /* of a shut ring none, whatever is inside */
    if (r->reserved_ != WEIR__SPSC_SHUT) weir__saw(&s->counts, r->cap_ - room);
}

/* With a context, or where there is no room, or nothing, as far as is known. */
static __attribute__((noinline)) int send_slow(weir_chan *c, const void *elem, weir_time deadline,
                                               weir_ctx *ctx) {
    int rc = weir_ctx_err(ctx);
    if (rc == 0) rc = try_send(of(c), elem);
    sample(of(c));
    if (rc != WEIR_EAGAIN || deadline == WEIR_NOW) return rc;
    return weir__wait_one(&c->on, WEIR_SEND, (void *)(uintptr_t)elem, 0, deadline, ctx);
}

static __attribute__((noinline)) int recv_slow(weir_chan *c, void *elem, weir_time deadline,
                                               weir_ctx *ctx) {
    int rc = weir_ctx_err(ctx);
    if (rc == 0) rc = try_recv(of(c), elem);
    if (rc != WEIR_EAGAIN || deadline == WEIR_NOW) return rc;
    return weir__wait_one(&c->on, WEIR_RECV, elem, 0, deadline, ctx);
}

/* Room is known for many sends, until the ring has been around once. */
static int send_wait(weir_chan *c, const void *elem, weir_time deadline, weir_ctx *ctx) {
    struct single *s = of(c);
    weir_spsc *r = &s->ring;
    if (!enter_role(s, PRODUCER, "weir_chan_send")) return WEIR_EINVAL;
    uint64_t t = weir_load_relaxed(&r->tail_); /* own index */
    if (WEIR_UNLIKELY(t == r->limit_) || ctx) {
        leave_role(s, PRODUCER);
        return send_slow(c, elem, deadline, ctx);
    }
    weir__spsc_put(r, t, elem, (size_t)r->elem_size_);
    leave_role(s, PRODUCER);
    return look_for_waiters(s, &r->tail_, CONSUMER);
}

/* A receiver that keeps up looks at tail each time. */
static int recv_wait(weir_chan *c, void *elem, weir_time deadline, weir_ctx *ctx) {
    struct single *s = of(c);
    weir_spsc *r = &s->ring;
    if (!enter_role(s, CONSUMER, "weir_chan_recv")) return WEIR_EINVAL;
    uint64_t h = weir_load_relaxed(&r->head_); /* own index */
    if (WEIR_UNLIKELY(ctx != NULL) || (h == r->tail_seen_ && !weir__spsc_avail_(r, 1))) {
        leave_role(s, CONSUMER);
        return recv_slow(c, elem, deadline, ctx);
    }
    weir__spsc_take(r, h, elem, (size_t)r->elem_size_);
    leave_role(s, CONSUMER);
    return look_for_waiters(s, &r->head_, PRODUCER);
}

static ptrdiff_t recv_n(weir_chan *c, void *elems, size_t n) {
    struct single *s = of(c);
    bool closed = false;
    size_t k = 0;
    int rc = 0;
    if (!enter_role(s, CONSUMER, "weir_chan_recv_many")) return WEIR_EINVAL;
    while (rc == 0 && (k = weir_spsc_pop_n(&s->ring, elems, n)) == 0) rc = nothing(s, &closed);
    leave_role(s, CONSUMER);
    if (k > 0) (void)look_for_waiters(s, &s->ring.head_, PRODUCER);
    return k > 0 ? (ptrdiff_t)k : rc;
}

static void stats(weir_chan *c, struct weir_chan_stats *out) {
    const weir_spsc *r = &of(c)->ring;
    out->received = weir_load_relaxed(&r->head_);
    out->sent = weir_load_relaxed(&r->tail_);
}

static int close_chan(weir_chan *c) {
    struct single *s = of(c);
    if (!enter_role(s, PRODUCER, "weir_chan_close")) return WEIR_EINVAL;
    bool first = weir_exchange_seq_cst(&s->closed, 1, CHSP_K1) == 0;
    if (first) { /* I1 */
        s->ring.limit_ = weir_load_relaxed(&s->ring.tail_);
        s->ring.reserved_ = WEIR__SPSC_SHUT;
    }
    leave_role(s, PRODUCER);
    WEIR_POINT("chan.close.marked");
    if (!first) return WEIR_ECLOSED;
    uint64_t waiters = weir_load_seq_cst(&s->waiters, CHSP_K2);
    if (count_of(waiters, CONSUMER)) wake(s, CONSUMER);
    if (count_of(waiters, PRODUCER))
        wake(s, PRODUCER); /* nobody sleeps there, but may look (lib/eventfd.c) */
    return 0;
}

static bool is_closed(const weir_chan *c) {
    return weir_load_acquire(&of_const(c)->closed, CHSP_K4) != 0;
}
static size_t len(const weir_chan *c) { return weir_spsc_len(&of_const(c)->ring); }

static bool has_waiters(weir_chan *c) {
    struct single *s = of(c);
    weir__lock(&s->lock);
    bool some = s->receivers.first || s->senders.first;
    weir__unlock(&s->lock);
    return some;
}

static size_t bytes(size_t cap, size_t elem_size) {
    size_t ring = weir_spsc_bytes(cap, elem_size);
    return ring ? offsetof(struct single, ring) + ring : 0;
}

static int init(weir_chan *c, const struct weir_chan_opts *o) {
    struct single *s = of(c);
    weir_spsc *r;
    c->on.ops = &ops;
    s->receivers = s->senders = (struct weir__queue){ NULL, NULL };
    weir_init_atomic(&s->waiters, weir__asymmetric() ? 0 : WEIR__MPMC_FENCE);
    weir_init_atomic(&s->closed, 0);
    weir__chan_counts_init(c, &s->counts);
    weir_init_atomic(&s->inside[0], 0);
    weir_init_atomic(&s->inside[1], 0);
    weir_init_atomic(&s->lock.word, 0);
    (void)weir__os_cpus(); /* read the affinity now, not in the first wait */
    return weir_spsc_init(&r, &s->ring, c->bytes - offsetof(struct single, ring), o->cap,
                          o->elem_size);
}

static int end(weir_chan *c) {
    if (has_waiters(c)) return WEIR_EBUSY;
    return weir_spsc_fini(&of(c)->ring, c->drop, c->drop_arg);
}

const struct weir__chan_kind weir__chan_spsc = { send_wait,  recv_wait, recv_n,        stats,
                                                 close_chan, is_closed, len,           bytes,
                                                 init,       end,       "spsc channel" };
