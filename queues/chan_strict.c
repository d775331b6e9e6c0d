/* SPDX-License-Identifier: MIT */
/* queues/chan_strict.c - the channel whose every operation is done under one lock.
 *
 * Invariants (under the lock)
 *   I1  live senders wait only while the buffer is full, live receivers only while it is empty and
 *       nobody sends: an operation that finds a live waiter of the other side serves it. A waiter is
 *       live while its phase can be taken; others are on their way out.
 *   I2  a receive from a full buffer takes the oldest element and puts that of the first waiting
 *       sender in, in one step: no newcomer comes between.
 *   I3  once closed, no waiter is queued, but receivers never and senders never again.
 *   I4  version changes with each step that may make a case ready: an element, room, a waiter, the close. So two
 *       looks that find one version say that what was not ready at the first was not at any time between.
 * Progress   blocking.
 * Ordering   all by the lock; a waiter that was served by WAIT_D1 -> WAIT_D2 (lib/wait.c).
 * From       the channels of Go's runtime. */
#include "chan.h"

#include <weir/detail/copy.h>

#include "../lib/base.h"

/* A plain ring, under the channel's lock. */
struct buffer {
    size_t len, head, cap, elem_size;
    char *slots;
};

struct strict {
    weir_chan chan;
    _Alignas(WEIR_LINE) struct weir__lock lock;
    bool closed;
    uint64_t version; /* another whenever a case may have become ready (I4) */
    struct weir__queue senders, receivers;
    struct weir__chan_counts counts;
    uint64_t sent, received;
    struct buffer buffer;
};

static struct strict *of(weir_chan *c) { return (struct strict *)(void *)c; }

/* ---- the buffer ---------------------------------------------------------------------------------------- */

static void copy(const struct buffer *b, void *to, const void *from) {
    if (b->elem_size) weir__copy(to, from, b->elem_size);
}

static void put(struct buffer *b, const void *elem) {
    size_t at = b->head + b->len++;
    if (at >= b->cap) at -= b->cap;
    copy(b, b->slots + at * b->elem_size, elem);
}

static void get(struct buffer *b, void *elem) {
    copy(b, elem, b->slots + b->head * b->elem_size);
    b->head = b->head + 1 == b->cap ? 0 : b->head + 1;
    b->len--;
}

/* Oldest first. */
static void drop_all(struct buffer *b, weir_drop_fn *drop, void *arg) {
    for (; b->len && drop; b->len--) {
        drop(b->slots + b->head * b->elem_size, arg);
        b->head = b->head + 1 == b->cap ? 0 : b->head + 1;
    }
}

/* ---- one attempt, under the lock --------------------------------------------------------------------- */

static void serve(struct strict *s, struct weir__call *call, struct weir__node *peer) {
    weir__complete(&call->wakes, peer, 0);
    weir__count_locked(&s->counts.wakes);
}

static int send(struct strict *s, struct weir__node *n, struct weir__call *call) {
    struct weir__node *peer;
    if (s->closed) return weir__take_own(call) ? WEIR_ECLOSED : WEIR__OVER;
    int rc = weir__take_first(call, &s->receivers, &peer);
    if (rc) return rc;
    if (peer) {
        copy(&s->buffer, peer->elem, n->elem);
        serve(s, call, peer);
        s->received++;
        s->sent++;
        return 0;
    }
    if (s->buffer.len == s->buffer.cap) return WEIR__PENDING;
    if (!weir__take_own(call)) return WEIR__OVER;
    put(&s->buffer, n->elem);
    s->sent++;
    weir__saw(&s->counts, s->buffer.len);
    return 0;
}

static int recv(struct strict *s, struct weir__node *n, struct weir__call *call) {
    struct weir__node *peer;
    int rc = weir__take_first(call, &s->senders, &peer);
    if (rc) return rc;
    if (s->buffer.len > 0) {
        if (!peer && !weir__take_own(call)) return WEIR__OVER;
        get(&s->buffer, n->elem);
        if (peer) put(&s->buffer, peer->elem);
    } else if (peer) {
        copy(&s->buffer, n->elem, peer->elem);
    } else {
        if (!s->closed) return WEIR__PENDING;
        return weir__take_own(call) ? WEIR_ECLOSED : WEIR__OVER;
    }
    s->received++;
    if (!peer) return 0;
    s->sent++;
    serve(s, call, peer);
    return 0;
}

static int attempt(weir_waitable *on, struct weir__node *n, struct weir__call *call) {
    struct strict *s = of((weir_chan *)(void *)on);
    bool sends = n->op == WEIR_SEND;
    weir__lock(&s->lock);
    int rc = sends ? send(s, n, call) : recv(s, n, call);
    if (rc == WEIR__PENDING) {
        if (call->arm)
            weir__queue_add(sends ? &s->senders : &s->receivers, n);
        else
            rc = WEIR_EAGAIN;
    }
    if (rc == WEIR_EAGAIN)
        n->seen = s->version;
    else if (!n->look)
        s->version++;
    weir__unlock(&s->lock);
    return rc;
}

static void disarm(weir_waitable *on, struct weir__node *n) {
    struct strict *s = of((weir_chan *)(void *)on);
    weir__lock(&s->lock);
    if (n->queued) weir__queue_remove(n->op == WEIR_SEND ? &s->senders : &s->receivers, n);
    weir__unlock(&s->lock);
}

static bool unchanged(weir_waitable *on, const struct weir__node *n) {
    struct strict *s = of((weir_chan *)(void *)on);
    weir__lock(&s->lock);
    bool same = s->version == n->seen;
    weir__unlock(&s->lock);
    return same;
}

static const struct weir__waitable_ops ops = { .attempt = attempt,
                                               .disarm = disarm,
                                               .unchanged = unchanged,
                                               .check = weir__chan_check,
                                               .note = weir__chan_note,
                                               .about = weir__chan_about };

/* ---- the kind --------------------------------------------------------------------------------------------- */

static int send_wait(weir_chan *c, const void *elem, weir_time deadline, weir_ctx *ctx) {
    return weir__wait_one(&c->on, WEIR_SEND, (void *)(uintptr_t)elem, 0, deadline, ctx);
}

static int recv_wait(weir_chan *c, void *elem, weir_time deadline, weir_ctx *ctx) {
    return weir__wait_one(&c->on, WEIR_RECV, elem, 0, deadline, ctx);
}

/* In one step. A peer that is BUSY, which asks for the pairing lock, ends it; the caller comes again. */
static ptrdiff_t recv_n(weir_chan *c, void *elems, size_t n) {
    struct strict *s = of(c);
    struct weir__call call = { .self = NULL };
    struct weir__node one = { .elem = elems };
    size_t k = 0;
    int rc = 0;
    weir__lock(&s->lock);
    s->version++;
    while (k < n && (rc = recv(s, &one, &call)) == 0) {
        k++;
        if (c->elem_size) one.elem = (char *)elems + k * c->elem_size;
    }
    weir__unlock(&s->lock);
    weir__tell(&call.wakes);
    if (k == 0 && rc == WEIR__AGAIN) { /* the first one with that lock */
        rc = recv_wait(c, elems, WEIR_NOW, NULL);
        k = rc == 0;
    }
    return k > 0 ? (ptrdiff_t)k : rc == WEIR__PENDING ? WEIR_EAGAIN : rc;
}

static void refuse_all(struct weir__queue *q, struct weir__wakes *wakes) {
    for (struct weir__node *n; (n = q->first);) {
        weir__queue_remove(q, n);
        if (weir__take(NULL, n) == 0) weir__complete(wakes, n, WEIR_ECLOSED);
    }
}

static void stats(weir_chan *c, struct weir_chan_stats *out) {
    struct strict *s = of(c);
    weir__lock(&s->lock);
    out->sent = s->sent;
    out->received = s->received;
    weir__unlock(&s->lock);
}

static int close_chan(weir_chan *c) {
    struct strict *s = of(c);
    struct weir__wakes wakes = { NULL };
    weir__pairing_lock(); /* so that no waiter is BUSY */
    weir__lock(&s->lock);
    bool first = !s->closed;
    s->closed = true;
    s->version++;
    refuse_all(&s->senders, &wakes);
    refuse_all(&s->receivers, &wakes);
    weir__unlock(&s->lock);
    weir__pairing_unlock();
    weir__tell(&wakes);
    return first ? 0 : WEIR_ECLOSED;
}

static bool is_closed(const weir_chan *c) {
    struct strict *s = of((weir_chan *)(uintptr_t)c);
    weir__lock(&s->lock);
    bool closed = s->closed;
    weir__unlock(&s->lock);
    return closed;
}

static size_t len(const weir_chan *c) {
    struct strict *s = of((weir_chan *)(uintptr_t)c);
    weir__lock(&s->lock);
    size_t n = s->buffer.len;
    weir__unlock(&s->lock);
    return n;
}

static bool has_waiters(weir_chan *c) {
    struct strict *s = of(c);
    weir__lock(&s->lock);
    bool some = s->senders.first || s->receivers.first;
    weir__unlock(&s->lock);
    return some;
}

static size_t bytes(size_t cap, size_t elem_size) {
    return weir__ring_bytes(sizeof(struct strict), cap, elem_size);
}

static int init(weir_chan *c, const struct weir_chan_opts *o) {
    struct strict *s = of(c);
    c->on.ops = &ops;
    s->closed = false;
    s->version = 0;
    s->sent = s->received = 0;
    weir__chan_counts_init(c, &s->counts);
    s->senders = s->receivers = (struct weir__queue){ NULL, NULL };
    s->buffer = (struct buffer){ 0, 0, o->cap, o->elem_size, (char *)(s + 1) };
    weir_init_atomic(&s->lock.word, 0);
    return 0;
}

static int end(weir_chan *c) {
    if (has_waiters(c)) return WEIR_EBUSY;
    drop_all(&of(c)->buffer, c->drop, c->drop_arg);
    return 0;
}

const struct weir__chan_kind weir__chan_strict = { send_wait, recv_wait,       recv_n,
                                                   stats,     close_chan,      is_closed,
                                                   len,       bytes,           init,
                                                   end,       "strict channel" };
