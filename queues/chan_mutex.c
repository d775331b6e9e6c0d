/* SPDX-License-Identifier: MIT */
/* queues/chan_mutex.c - the channel that the others are measured against: one mutex, two condition variables,
 * wake-ups elided where nobody waits, no spinning.
 *
 * With a buffer it is weir/mutex_ring.h. Without one, under the mutex:
 *   I1  `receivers` and `senders` count those who wait, `trying` receivers that do not wait but have found
 *       a waiting sender, and stay until it has met somebody.
 *   I2  a sender fills the one slot only while somebody is there to take it, and the slot is empty; one that
 *       does not wait, only while a receiver waits. A receiver that leaves looks at the slot first, so
 *       what is in it is always taken. One that does not wait leaves alone what was put there by a sender
 *       that does not wait either.
 *   I3  a sender that has filled the slot waits until its element is taken (`taken` reaches its number),
 *       whatever its deadline: a receiver is there.
 * Progress   blocking. It promises no order among waiters, and cannot be selected. */
#include "chan.h"

#include "../lib/base.h"
#include "../lib/ctx.h"
#include "../lib/os_mutex.h"

#include <weir/mutex_ring.h>

/* ---- with a buffer ------------------------------------------------------------------------------------- */

struct buffered {
    weir_chan chan;
    weir_mutex_ring *ring;
};

static weir_mutex_ring *ring_of(const weir_chan *c) {
    return ((const struct buffered *)(const void *)c)->ring;
}

/* Elements of no bytes take one in the ring. */
static int ring_send(weir_chan *c, const void *elem, weir_time deadline, weir_ctx *ctx) {
    char none = 0;
    return weir_mutex_ring_push_wait(ring_of(c), c->elem_size ? elem : &none, deadline, ctx);
}
static int ring_recv(weir_chan *c, void *elem, weir_time deadline, weir_ctx *ctx) {
    char none;
    return weir_mutex_ring_pop_wait(ring_of(c), c->elem_size ? elem : &none, deadline, ctx);
}
static int ring_close(weir_chan *c) { return weir_mutex_ring_close(ring_of(c)); }
static bool ring_is_closed(const weir_chan *c) { return weir_mutex_ring_is_closed(ring_of(c)); }
static size_t ring_len(const weir_chan *c) { return weir_mutex_ring_len(ring_of(c)); }

static size_t ring_bytes(size_t cap, size_t elem_size) {
    (void)cap;
    (void)elem_size;
    return sizeof(struct buffered);
}

static int ring_init(weir_chan *c, const struct weir_chan_opts *o) {
    struct weir_ring_opts r = WEIR_RING_OPTS(o->cap, o->elem_size ? o->elem_size : 1);
    r.drop = o->drop;
    r.drop_arg = o->drop_arg;
    r.alloc = o->alloc;
    c->on.ops = NULL;
    return weir_mutex_ring_new(&((struct buffered *)(void *)c)->ring, &r);
}

static int ring_end(weir_chan *c) { return weir_mutex_ring_free(ring_of(c)); }

const struct weir__chan_kind weir__chan_mutex_ring = { ring_send,      ring_recv, ring_close,
                                                       ring_is_closed, ring_len,  ring_bytes,
                                                       ring_init,      ring_end };

/* ---- without --------------------------------------------------------------------------------------------- */

struct meeting {
    weir_chan chan;
    weir__mutex mutex;
    weir__cond promise; /* senders wait here: for a receiver and the slot */
    weir__cond full_;   /* receivers */
    weir__cond taken_;  /* senders that have promised */
    size_t senders, receivers, trying;
    bool by_try;              /* of the element in the slot: its sender does not wait */
    uint64_t promised, taken; /* elements so far */
    size_t inside;            /* threads in a call */
    bool closed;
    char *slot;
};

static struct meeting *of(weir_chan *c) { return (struct meeting *)(void *)c; }

static bool full(const struct meeting *m) { return m->promised != m->taken; }

/* Whether a call may still sleep; *rc: why not. */
static bool may_wait(const struct meeting *m, weir_ctx *ctx, int late, int *rc) {
    *rc = weir_ctx_err(ctx);
    if (*rc == 0 && m->closed) *rc = WEIR_ECLOSED;
    if (*rc == 0) *rc = late;
    return *rc == 0;
}

static void fill(struct meeting *m, const void *elem, bool by_try) {
    if (m->chan.elem_size) weir__copy(m->slot, elem, m->chan.elem_size);
    m->by_try = by_try;
    uint64_t mine = ++m->promised;
    weir__cond_broadcast(&m->full_); /* some may not take it */
    while (m->taken < mine) (void)weir__cond_wait(&m->taken_, &m->mutex, WEIR_FOREVER);
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
    if (waits && m->receivers + m->trying == 0) weir__cond_broadcast(&m->full_);
    for (;;) {
        size_t there = m->receivers + (waits ? m->trying : 0);
        if (weir_ctx_err(ctx) == 0 && !m->closed && there > 0 && !full(m)) break;
        if (!may_wait(m, ctx, late, &rc)) break;
        late = sleep_on(m, &m->promise, there > 0, deadline);
    }
    m->senders -= waits;
    if (rc == 0)
        fill(m, elem, !waits);
    else if (m->senders && m->receivers)
        weir__cond_signal(&m->promise); /* it may have been woken for a receiver */
    if (m->senders == 0) weir__cond_broadcast(&m->full_); /* who tries gives up */
    return rc;
}

static int recv_under_mutex(struct meeting *m, void *elem, weir_time deadline, weir_ctx *ctx) {
    bool waits = deadline != WEIR_NOW;
    size_t *counted = waits ? &m->receivers : &m->trying;
    int rc = 0, late = 0;
    if (!may_wait(m, ctx, 0, &rc))
        return rc; /* what is in the slot of a closed one is for those inside */
    ++*counted;
    weir__cond_broadcast(&m->promise);
    while (!(full(m) && (waits || !m->by_try)) && may_wait(m, ctx, late, &rc))
        late = sleep_on(m, &m->full_, m->senders > 0, deadline);
    --*counted;
    if (rc < 0) {
        weir__cond_broadcast(&m->promise); /* who tries gives up */
        return rc;
    }
    if (m->chan.elem_size) weir__copy(elem, m->slot, m->chan.elem_size);
    m->taken++;
    weir__cond_broadcast(&m->taken_);
    weir__cond_broadcast(&m->promise);
    return 0;
}

static void wake_all(void *meeting) {
    struct meeting *m = meeting;
    weir__mutex_lock(&m->mutex);
    weir__mutex_unlock(&m->mutex); /* who has looked before sleeps by now */
    weir__cond_broadcast(&m->promise);
    weir__cond_broadcast(&m->full_);
}

static int meet(weir_chan *c, bool sends, void *elem, weir_time deadline, weir_ctx *ctx) {
    struct meeting *m = of(c);
    struct weir__watch watch;
    int rc = weir__ctx_watch(&watch, ctx, wake_all, m);
    if (rc < 0) return rc;
    deadline = weir__ctx_until(ctx, deadline);
    weir__mutex_lock(&m->mutex);
    m->inside++;
    rc =
        sends ? send_under_mutex(m, elem, deadline, ctx) : recv_under_mutex(m, elem, deadline, ctx);
    m->inside--;
    weir__mutex_unlock(&m->mutex);
    weir__ctx_unwatch(&watch);
    return rc;
}

static int meet_send(weir_chan *c, const void *elem, weir_time deadline, weir_ctx *ctx) {
    return meet(c, true, (void *)(uintptr_t)elem, deadline, ctx);
}
static int meet_recv(weir_chan *c, void *elem, weir_time deadline, weir_ctx *ctx) {
    return meet(c, false, elem, deadline, ctx);
}

static int meet_close(weir_chan *c) {
    struct meeting *m = of(c);
    weir__mutex_lock(&m->mutex);
    bool first = !m->closed;
    m->closed = true;
    weir__mutex_unlock(&m->mutex);
    weir__cond_broadcast(&m->promise);
    weir__cond_broadcast(&m->full_);
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

static int meet_init(weir_chan *c, const struct weir_chan_opts *o) {
    struct meeting *m = of(c);
    (void)o;
    c->on.ops = NULL;
    m->senders = m->receivers = m->trying = m->inside = 0;
    m->by_try = false;
    m->promised = m->taken = 0;
    m->closed = false;
    m->slot = (char *)(m + 1);
    if (weir__mutex_init(&m->mutex) < 0) return WEIR_ENOMEM;
    if (weir__cond_init(&m->promise) < 0) goto no_promise;
    if (weir__cond_init(&m->full_) < 0) goto no_full;
    if (weir__cond_init(&m->taken_) < 0) goto no_taken;
    return 0;
no_taken:
    weir__cond_fini(&m->full_);
no_full:
    weir__cond_fini(&m->promise);
no_promise:
    weir__mutex_fini(&m->mutex);
    return WEIR_ENOMEM;
}

static int meet_end(weir_chan *c) {
    struct meeting *m = of(c);
    weir__mutex_lock(&m->mutex);
    bool busy = m->inside > 0;
    weir__mutex_unlock(&m->mutex);
    if (busy) return WEIR_EBUSY;
    weir__cond_fini(&m->taken_);
    weir__cond_fini(&m->full_);
    weir__cond_fini(&m->promise);
    weir__mutex_fini(&m->mutex);
    return 0;
}

const struct weir__chan_kind weir__chan_mutex_meeting = { meet_send,      meet_recv, meet_close,
                                                          meet_is_closed, meet_len,  meet_bytes,
                                                          meet_init,      meet_end };
