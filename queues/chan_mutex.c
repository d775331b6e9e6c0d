/* SPDX-License-Identifier: MIT */
/* queues/chan_mutex.c - the channel that the others are measured against: one mutex, two condition variables,
 * wake-ups elided where nobody waits, no spinning.
 *
 * With a buffer it is weir/mutex_ring.h. Without one, under the mutex:
 *   I1  `receivers` counts receivers that wait and have not been promised an element, `senders` those who
 *       wait for a receiver to promise to.
 *   I2  a sender promises by receivers-- and fills the one slot; it is full until a receiver takes it.
 *       Which one takes it does not matter: the counted wait on, and each promise is taken, because
 *       a receiver that leaves looks at the slot first and is counted off only if it is empty.
 *   I3  a sender that has promised waits until its element is taken (`taken` reaches its number), whatever
 *       its deadline: a receiver is there.
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
    size_t senders, receivers;
    uint64_t promised, taken; /* elements so far */
    size_t inside;            /* threads in a call */
    bool closed;
    char *slot;
};

static struct meeting *of(weir_chan *c) { return (struct meeting *)(void *)c; }

static bool full(const struct meeting *m) { return m->promised != m->taken; }

/* Whether a call may still sleep; *rc: why not. */
static bool may_wait(const struct meeting *m, weir_ctx *ctx, int late, int *rc) {
    *rc = weir__ctx_err(ctx);
    if (*rc == 0 && m->closed) *rc = WEIR_ECLOSED;
    if (*rc == 0) *rc = late;
    return *rc == 0;
}

static void fill(struct meeting *m, const void *elem) {
    m->receivers--;
    if (m->chan.elem_size) weir__copy(m->slot, elem, m->chan.elem_size);
    uint64_t mine = ++m->promised;
    weir__cond_signal(&m->full_);
    while (m->taken < mine) (void)weir__cond_wait(&m->taken_, &m->mutex, WEIR_FOREVER);
}

static int send_under_mutex(struct meeting *m, const void *elem, weir_time deadline,
                            weir_ctx *ctx) {
    int rc = 0, late = 0;
    if (!may_wait(m, ctx, 0, &rc)) return rc;
    m->senders++;
    while (may_wait(m, ctx, late, &rc) && (m->receivers == 0 || full(m))) {
        if (deadline == WEIR_NOW && m->receivers == 0)
            late = WEIR_EAGAIN;
        else
            late = weir__cond_wait(&m->promise, &m->mutex,
                                   deadline == WEIR_NOW ? WEIR_FOREVER : deadline);
    }
    if (rc == late && late && m->receivers > 0 && !full(m)) rc = 0; /* ready at the last moment */
    m->senders--;
    if (rc == 0)
        fill(m, elem);
    else if (m->senders && m->receivers)
        weir__cond_signal(&m->promise); /* it may have been woken for a receiver */
    if (m->senders == 0) weir__cond_broadcast(&m->full_); /* a try_recv gives up */
    return rc;
}

static int recv_under_mutex(struct meeting *m, void *elem, weir_time deadline, weir_ctx *ctx) {
    int rc = 0, late = 0;
    if (!may_wait(m, ctx, 0, &rc)) return rc;
    m->receivers++;
    weir__cond_signal(&m->promise);
    while (!full(m) && may_wait(m, ctx, late, &rc)) {
        if (deadline == WEIR_NOW && m->senders == 0)
            late = WEIR_EAGAIN;
        else
            late = weir__cond_wait(&m->full_, &m->mutex,
                                   deadline == WEIR_NOW ? WEIR_FOREVER : deadline);
    }
    if (!full(m)) {
        m->receivers--;
        weir__cond_broadcast(&m->promise); /* a try_send gives up */
        return rc;
    }
    if (m->chan.elem_size) weir__copy(elem, m->slot, m->chan.elem_size);
    m->taken++;
    weir__cond_broadcast(&m->taken_);
    if (m->senders) weir__cond_signal(&m->promise);
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
    m->senders = m->receivers = m->inside = 0;
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
