/* SPDX-License-Identifier: MIT */
/* queues/chan_mutex.c - the channel that the others are measured against: a mutex and condition variables, no
 * spinning.
 *
 * With a buffer it is weir/mutex_ring.h: one mutex, two condition variables, wake-ups elided where nobody
 * waits. Without one it has three, one for each kind of thing that is waited for, and broadcasts: who sleeps on
 * the same one may not all want the same. Under the mutex:
 *   I1  `receivers` and `senders` count those who wait, `trying` receivers that do not wait but have found
 *       a waiting sender, and stay until it has met somebody.
 *   I2  a sender fills the one slot only while somebody is there to take it, and the slot is empty; one that
 *       does not wait, only while a receiver waits. A receiver that leaves looks at the slot first, so
 *       what is in it is always taken. One that does not wait leaves alone what was put there by a sender
 *       that does not wait either.
 *   I3  a sender that has filled the slot waits until its element is taken (`taken` reaches its number),
 *       whatever its deadline: a receiver is there.
 * A select's case is a try, made when select_mutex.c says so; what may make one succeed is told there.
 * Progress   blocking. It promises no order among waiters. */
#include "chan_mutex.h"

#include "../lib/base.h"
#include "../lib/ctx.h"
#include "../lib/os_mutex.h"
#include "mutex_ring.h"

#include <weir/detail/copy.h>
#include <weir/mutex_ring.h>

static int base_init(weir_chan *c, const struct weir__waitable_ops *ops, bool meets) {
    struct weir__mutex_chan *m = weir__mutex_chan_of(c);
    c->on.ops = ops;
    weir_init_atomic(&m->selects, 0);
    weir_init_atomic(&m->met, 0);
    m->meets = meets;
    m->offers = (struct weir__queue){ NULL, NULL };
    return weir__selects_use();
}

/* Relaxed: who still selects holds a reference, or is misused. */
static bool selected(weir_chan *c) {
    return weir_load_relaxed(&weir__mutex_chan_of(c)->selects) != 0;
}

/* ---- with a buffer ------------------------------------------------------------------------------------- */

struct buffered {
    struct weir__mutex_chan base;
    weir_mutex_ring *ring;
};

static weir_mutex_ring *ring_of(const weir_chan *c) {
    return ((const struct buffered *)(const void *)c)->ring;
}

/* Elements of no bytes take one in the ring. */
static int ring_send(weir_chan *c, const void *elem, weir_time deadline, weir_ctx *ctx) {
    char none = 0;
    int rc = weir_mutex_ring_push_wait(ring_of(c), c->elem_size ? elem : &none, deadline, ctx);
    if (rc == 0) weir__selects_see(c);
    return rc;
}
static int ring_recv(weir_chan *c, void *elem, weir_time deadline, weir_ctx *ctx) {
    char none;
    int rc = weir_mutex_ring_pop_wait(ring_of(c), c->elem_size ? elem : &none, deadline, ctx);
    if (rc == 0) weir__selects_see(c);
    return rc;
}
static ptrdiff_t ring_recv_n(weir_chan *c, void *elems, size_t n) {
    if (c->elem_size == 0) return weir__chan_recv_each(c, elems, n); /* one byte each in the ring */
    ptrdiff_t rc = weir_mutex_ring_try_pop_n(ring_of(c), elems, n);
    if (rc > 0) weir__selects_see(c);
    return rc;
}
static void ring_stats(weir_chan *c, struct weir_chan_stats *out) {
    weir__mutex_ring_stats(ring_of(c), &out->sent, &out->received, &out->high_water);
}
static int ring_close(weir_chan *c) {
    int rc = weir_mutex_ring_close(ring_of(c));
    if (rc == 0) weir__selects_see(c);
    return rc;
}
static bool ring_is_closed(const weir_chan *c) { return weir_mutex_ring_is_closed(ring_of(c)); }
static size_t ring_len(const weir_chan *c) { return weir_mutex_ring_len(ring_of(c)); }

static size_t ring_bytes(size_t cap, size_t elem_size) {
    (void)cap;
    (void)elem_size;
    return sizeof(struct buffered);
}

static int ring_look(weir_chan *c, bool sends) {
    size_t n = ring_len(c);
    return ring_is_closed(c) || (sends ? n < c->cap : n > 0) ? 0 : WEIR_EAGAIN;
}

static int ring_attempt(weir_waitable *on, struct weir__node *n, struct weir__call *call) {
    weir_chan *c = (weir_chan *)(void *)on;
    (void)call;
    if (n->look) return ring_look(c, n->op == WEIR_SEND);
    return n->op == WEIR_SEND ? ring_send(c, n->elem, WEIR_NOW, NULL)
                              : ring_recv(c, n->elem, WEIR_NOW, NULL);
}

static const struct weir__waitable_ops ring_ops = { .attempt = ring_attempt,
                                                    .check = weir__chan_check,
                                                    .wait = weir__select_mutex,
                                                    .about = weir__chan_about };

static int ring_init(weir_chan *c, const struct weir_chan_opts *o) {
    struct weir_ring_opts r = WEIR_RING_OPTS(o->cap, o->elem_size ? o->elem_size : 1);
    r.drop = o->drop;
    r.drop_arg = o->drop_arg;
    r.alloc = o->alloc;
    if (base_init(c, &ring_ops, false) < 0) return WEIR_ENOMEM;
    int rc = weir_mutex_ring_new(&((struct buffered *)(void *)c)->ring, &r);
    if (rc < 0) weir__selects_unuse();
    return rc;
}

static int ring_end(weir_chan *c) {
    int rc = selected(c) ? WEIR_EBUSY : weir_mutex_ring_free(ring_of(c));
    if (rc == 0) weir__selects_unuse();
    return rc;
}

const struct weir__chan_kind weir__chan_mutex_ring = { ring_send,  ring_recv,      ring_recv_n,
                                                       ring_stats, ring_close,     ring_is_closed,
                                                       ring_len,   ring_bytes,     ring_init,
                                                       ring_end,   "mutex channel" };

/* ---- without --------------------------------------------------------------------------------------------- */

struct meeting {
    struct weir__mutex_chan base;
    weir__mutex mutex;
    weir__cond promise; /* senders wait here: for a receiver and the slot */
    weir__cond filled;  /* receivers, for an element in the slot */
    weir__cond emptied; /* senders that have filled it, until it is taken */
    size_t senders, receivers, trying;
    bool by_try;              /* of the element in the slot: its sender does not wait */
    uint64_t promised, taken; /* elements so far */
    size_t inside;            /* threads in a call */
    bool closed;
};

static struct meeting *of(weir_chan *c) { return (struct meeting *)(void *)c; }

static size_t elem_size(const struct meeting *m) { return m->base.chan.elem_size; }
static void *slot(struct meeting *m) { return m + 1; }
static bool full(const struct meeting *m) { return m->promised != m->taken; }

/* Whether a call may still sleep; *rc: why not. ECANCELED stands for the context's error, which is asked for
 * without the mutex: a cancel takes that with the context's lock held. */
static bool may_wait(const struct meeting *m, weir_ctx *ctx, int late, int *rc) {
    *rc = weir__ctx_over(ctx) ? WEIR_ECANCELED : 0;
    if (*rc == 0 && m->closed) *rc = WEIR_ECLOSED;
    if (*rc == 0) *rc = late;
    return *rc == 0;
}

static void fill(struct meeting *m, const void *elem, bool by_try) {
    if (elem_size(m)) weir__copy(slot(m), elem, elem_size(m));
    m->by_try = by_try;
    uint64_t mine = ++m->promised;
    weir__cond_broadcast(&m->filled); /* some may not take it */
    while (m->taken < mine) (void)weir__cond_wait(&m->emptied, &m->mutex, WEIR_FOREVER);
}

/* Sleeps for what a peer that is there already will do soon; else until the deadline. */
static int sleep_on(struct meeting *m, weir__cond *c, bool soon, weir_time deadline) {
    if (!soon && deadline == WEIR_NOW) return WEIR_EAGAIN;
    return weir__cond_wait(c, &m->mutex, soon ? WEIR_FOREVER : deadline);
}

static int send_under_mutex(struct meeting *m, const void *elem, weir_time deadline,
                            weir_ctx *ctx) {
    bool waits = deadline != WEIR_NOW;
    int rc = 0, late = 0;
    if (!may_wait(m, ctx, 0, &rc)) return rc;
    m->senders += waits;
    if (waits) weir__selects_see(&m->base.chan);
    if (waits && m->receivers + m->trying == 0) weir__cond_broadcast(&m->filled);
    for (;;) {
        size_t there = m->receivers + (waits ? m->trying : 0);
        if (!weir__ctx_over(ctx) && !m->closed && there > 0 && !full(m)) break;
        if (!may_wait(m, ctx, late, &rc)) break;
        late = sleep_on(m, &m->promise, there > 0, deadline);
    }
    m->senders -= waits;
    if (rc == 0)
        fill(m, elem, !waits);
    else if (m->senders && m->receivers)
        weir__cond_signal(&m->promise); /* it may have been woken for a receiver */
    if (m->senders == 0) weir__cond_broadcast(&m->filled); /* who tries gives up */
    return rc;
}

static int recv_under_mutex(struct meeting *m, void *elem, weir_time deadline, weir_ctx *ctx) {
    bool waits = deadline != WEIR_NOW;
    size_t *counted = waits ? &m->receivers : &m->trying;
    int rc = 0, late = 0;
    if (!may_wait(m, ctx, 0, &rc))
        return rc; /* what is in the slot of a closed one is for those inside */
    ++*counted;
    if (waits) weir__selects_see(&m->base.chan);
    weir__cond_broadcast(&m->promise);
    while (!(full(m) && (waits || !m->by_try)) && may_wait(m, ctx, late, &rc))
        late = sleep_on(m, &m->filled, m->senders > 0, deadline);
    --*counted;
    if (rc < 0) {
        weir__cond_broadcast(&m->promise); /* who tries gives up */
        return rc;
    }
    if (elem_size(m)) weir__copy(elem, slot(m), elem_size(m));
    m->taken++;
    weir__cond_broadcast(&m->emptied);
    weir__cond_broadcast(&m->promise);
    return 0;
}

static void wake_all(void *meeting) {
    struct meeting *m = meeting;
    weir__mutex_lock(&m->mutex);
    weir__mutex_unlock(&m->mutex); /* who has looked before sleeps by now */
    weir__cond_broadcast(&m->promise);
    weir__cond_broadcast(&m->filled);
}

static int meet_plain(struct meeting *m, bool sends, void *elem, weir_time deadline,
                      weir_ctx *ctx) {
    weir__mutex_lock(&m->mutex);
    m->inside++;
    int rc =
        sends ? send_under_mutex(m, elem, deadline, ctx) : recv_under_mutex(m, elem, deadline, ctx);
    m->inside--;
    weir__mutex_unlock(&m->mutex);
    return rc == WEIR_ECANCELED ? weir_ctx_err(ctx) : rc;
}

static int meet(weir_chan *c, bool sends, void *elem, weir_time deadline, weir_ctx *ctx) {
    struct weir__watch watch;
    int rc = weir__ctx_watch(&watch, ctx, wake_all, of(c));
    if (rc < 0) return rc;
    if (!selected(c) || !weir__selects_meet(c, sends, elem))
        rc = meet_plain(of(c), sends, elem, weir__ctx_until(ctx, deadline), ctx);
    weir__ctx_unwatch(&watch);
    return rc;
}

static int meet_send(weir_chan *c, const void *elem, weir_time deadline, weir_ctx *ctx) {
    return meet(c, true, (void *)(uintptr_t)elem, deadline, ctx);
}
static int meet_recv(weir_chan *c, void *elem, weir_time deadline, weir_ctx *ctx) {
    return meet(c, false, elem, deadline, ctx);
}

static void meet_stats(weir_chan *c, struct weir_chan_stats *out) {
    struct meeting *m = of(c);
    weir__mutex_lock(&m->mutex);
    out->sent = m->promised + weir_load_relaxed(&m->base.met);
    out->received = m->taken + weir_load_relaxed(&m->base.met);
    weir__mutex_unlock(&m->mutex);
}

static int meet_close(weir_chan *c) {
    struct meeting *m = of(c);
    weir__mutex_lock(&m->mutex);
    bool first = !m->closed;
    m->closed = true;
    weir__mutex_unlock(&m->mutex);
    weir__cond_broadcast(&m->promise);
    weir__cond_broadcast(&m->filled);
    weir__selects_see(c);
    return first ? 0 : WEIR_ECLOSED;
}

static bool meet_is_closed(const weir_chan *c) {
    struct meeting *m = of((weir_chan *)(uintptr_t)c);
    weir__mutex_lock(&m->mutex);
    bool closed = m->closed;
    weir__mutex_unlock(&m->mutex);
    return closed;
}

static size_t meet_len(const weir_chan *c) {
    (void)c;
    return 0;
}

static size_t meet_bytes(size_t cap, size_t elem_size) {
    (void)cap;
    return sizeof(struct meeting) + elem_size;
}

static int meet_look(weir_chan *c, bool sends, bool turn) {
    struct meeting *m = of(c);
    weir__mutex_lock(&m->mutex);
    bool ready = m->closed || (sends ? m->receivers : m->senders) > 0;
    weir__mutex_unlock(&m->mutex);
    return ready || (selected(c) && weir__selects_offer(c, sends, turn)) ? 0 : WEIR_EAGAIN;
}

static int meet_attempt(weir_waitable *on, struct weir__node *n, struct weir__call *call) {
    weir_chan *c = (weir_chan *)(void *)on;
    bool sends = n->op == WEIR_SEND;
    if (n->look) return meet_look(c, sends, call->pairing);
    return meet_plain(of(c), sends, n->elem, WEIR_NOW, NULL);
}

static const struct weir__waitable_ops meet_ops = { .attempt = meet_attempt,
                                                    .check = weir__chan_check,
                                                    .wait = weir__select_mutex,
                                                    .about = weir__chan_about };

static int meet_init(weir_chan *c, const struct weir_chan_opts *o) {
    struct meeting *m = of(c);
    (void)o;
    m->senders = m->receivers = m->trying = m->inside = 0;
    m->by_try = false;
    m->promised = m->taken = 0;
    m->closed = false;
    if (base_init(c, &meet_ops, true) < 0) return WEIR_ENOMEM;
    if (weir__mutex_init(&m->mutex) < 0) goto no_mutex;
    weir__cond_init(&m->promise);
    weir__cond_init(&m->filled);
    weir__cond_init(&m->emptied);
    return 0;
no_mutex:
    weir__selects_unuse();
    return WEIR_ENOMEM;
}

static int meet_end(weir_chan *c) {
    struct meeting *m = of(c);
    weir__mutex_lock(&m->mutex);
    bool busy = m->inside > 0;
    weir__mutex_unlock(&m->mutex);
    if (busy || selected(c)) return WEIR_EBUSY;
    weir__mutex_fini(&m->mutex);
    weir__selects_unuse();
    return 0;
}

const struct weir__chan_kind weir__chan_mutex_meeting = {
    meet_send,      meet_recv, weir__chan_recv_each, meet_stats, meet_close,
    meet_is_closed, meet_len,  meet_bytes,           meet_init,  meet_end,
    "mutex channel"
};
