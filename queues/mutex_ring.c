/* SPDX-License-Identifier: MIT */
/* queues/mutex_ring.c - see weir/mutex_ring.h. Waking: queues/mutex_side.h. */
#include <weir/mutex_ring.h>

#include <weir/detail/copy.h>

#include "../lib/base.h"
#include "../lib/ctx.h"
#include "mutex_ring.h"
#include "mutex_side.h"

struct weir_mutex_ring {
    weir__mutex mutex;
    size_t head, len, cap, elem_size, most;
    uint64_t pushed;
    bool closed;
    struct side poppers, pushers;
    char *slots;
};

static size_t ring_bytes(size_t cap, size_t elem_size) {
    if (cap == 0 || cap > WEIR_RING_CAP_MAX) return 0;
    if (elem_size == 0 || elem_size > WEIR_RING_ELEM_MAX) return 0;
    return weir__ring_bytes(sizeof(struct weir_mutex_ring), cap, elem_size);
}

static int sync_init(weir_mutex_ring *r) {
    if (weir__mutex_init(&r->mutex) < 0) return WEIR_ENOMEM;
    weir__cond_init(&r->poppers.wake);
    weir__cond_init(&r->pushers.wake);
    return 0;
}

int weir_mutex_ring_new(weir_mutex_ring **out, const struct weir_ring_opts *opts) {
    if (!out) return WEIR_EINVAL;
    *out = NULL;
    int rc = weir__ring_opts_check(opts, WEIR_RING_NO_MEMBARRIER);
    if (rc < 0) return rc;
    size_t bytes = ring_bytes(opts->cap, opts->elem_size);
    if (bytes == 0) return WEIR_EINVAL;
    weir_mutex_ring *r = weir__own(opts, bytes);
    if (!r) return WEIR_ENOMEM;
    *r = (weir_mutex_ring){ .cap = opts->cap, .elem_size = opts->elem_size };
    r->slots = (char *)(r + 1);
    rc = sync_init(r);
    if (rc < 0) {
        weir__disown(r);
        return rc;
    }
    *out = r;
    return 0;
}

int weir_mutex_ring_free(weir_mutex_ring *r) {
    if (!r) return 0;
    weir__mutex_lock(&r->mutex);
    bool busy = r->poppers.inside + r->pushers.inside > 0;
    weir__mutex_unlock(&r->mutex);
    if (busy) return WEIR_EBUSY;
    struct weir__owner *o = weir__owner_of(r);
    for (; o->drop && r->len > 0; r->len--, r->head = (r->head + 1) % r->cap)
        o->drop(r->slots + r->head * r->elem_size, o->drop_arg);
    weir__mutex_fini(&r->mutex);
    weir__disown(r);
    return 0;
}

/* ---- under the mutex ---------------------------------------------------------------------------------- */

static size_t put(weir_mutex_ring *r, const void *elems, size_t n) {
    size_t room = r->cap - r->len;
    if (n > room) n = room;
    size_t at = r->head + r->len;
    if (at >= r->cap) at -= r->cap;
    if (n == 1)
        weir__copy(r->slots + at * r->elem_size, elems, r->elem_size);
    else if (n > 1)
        weir__copy_in(r->slots, r->cap, at, elems, n, r->elem_size);
    r->len += n;
    r->pushed += n;
    if (r->len > r->most) r->most = r->len;
    return n;
}

static size_t take(weir_mutex_ring *r, void *elems, size_t n) {
    if (n > r->len) n = r->len;
    if (n == 1)
        weir__copy(elems, r->slots + r->head * r->elem_size, r->elem_size);
    else if (n > 1)
        weir__copy_out(elems, r->slots, r->cap, r->head, n, r->elem_size);
    r->head += n;
    if (r->head >= r->cap) r->head -= r->cap;
    r->len -= n;
    return n;
}

/* ---- the verbs ------------------------------------------------------------------------------------------ */

static ptrdiff_t push(weir_mutex_ring *r, const void *elems, size_t n, weir_time deadline,
                      weir_ctx *ctx) {
    int late = 0;
    ptrdiff_t rc = 0;
    size_t signals = 0, own = 0;
    bool over;
    weir__mutex_lock(&r->mutex);
    while (!(over = weir__ctx_over(ctx)) && !r->closed && r->len == r->cap &&
           deadline != WEIR_NOW && late == 0)
        late = sleep_on(&r->pushers, &r->mutex, deadline);
    if (over) { /* nothing moves; a signal may have been meant for it: another looks instead */
        own = r->len < r->cap ? claim_signals(&r->pushers, 1) : 0;
    } else if (r->closed) {
        rc = WEIR_ECLOSED;
    } else if (r->len == r->cap) {
        rc = late ? late : WEIR_EAGAIN;
    } else {
        size_t k = put(r, elems, n);
        rc = (ptrdiff_t)k;
        signals = claim_signals(&r->poppers, k);
    }
    weir__mutex_unlock(&r->mutex);
    if (signals) send_signals(&r->poppers, signals);
    if (own) send_signals(&r->pushers, own);
    return over ? weir_ctx_err(ctx) : rc;
}

static ptrdiff_t pop(weir_mutex_ring *r, void *elems, size_t n, weir_time deadline, weir_ctx *ctx) {
    int late = 0;
    ptrdiff_t rc = 0;
    size_t signals = 0, own = 0;
    bool over;
    weir__mutex_lock(&r->mutex);
    while (!(over = weir__ctx_over(ctx)) && !r->closed && r->len == 0 && deadline != WEIR_NOW &&
           late == 0)
        late = sleep_on(&r->poppers, &r->mutex, deadline);
    if (over) {
        own = r->len > 0 ? claim_signals(&r->poppers, 1) : 0;
    } else if (r->len > 0) {
        size_t k = take(r, elems, n);
        rc = (ptrdiff_t)k;
        signals = claim_signals(&r->pushers, k);
    } else {
        rc = r->closed ? WEIR_ECLOSED : late ? late : WEIR_EAGAIN;
    }
    weir__mutex_unlock(&r->mutex);
    if (signals) send_signals(&r->pushers, signals);
    if (own) send_signals(&r->poppers, own);
    return over ? weir_ctx_err(ctx) : rc;
}

/* The context has ended: those who wait look whether it is theirs. */
static void wake_both(void *ring) {
    weir_mutex_ring *r = ring;
    weir__mutex_lock(&r->mutex);
    weir__mutex_unlock(&r->mutex); /* who has looked before sleeps by now */
    weir__cond_broadcast(&r->poppers.wake);
    weir__cond_broadcast(&r->pushers.wake);
}

static ptrdiff_t push_until(weir_mutex_ring *r, const void *elems, size_t n, weir_time deadline,
                            weir_ctx *ctx) {
    struct weir__watch watch;
    if (n == 0) return 0;
    ptrdiff_t rc = weir__ctx_watch(&watch, ctx, wake_both, r);
    if (rc < 0) return rc;
    rc = push(r, elems, n, weir__ctx_until(ctx, deadline), ctx);
    weir__ctx_unwatch(&watch);
    return rc;
}

static ptrdiff_t pop_until(weir_mutex_ring *r, void *elems, size_t n, weir_time deadline,
                           weir_ctx *ctx) {
    struct weir__watch watch;
    if (n == 0) return 0;
    ptrdiff_t rc = weir__ctx_watch(&watch, ctx, wake_both, r);
    if (rc < 0) return rc;
    rc = pop(r, elems, n, weir__ctx_until(ctx, deadline), ctx);
    weir__ctx_unwatch(&watch);
    return rc;
}

static int one(ptrdiff_t rc) { return rc > 0 ? 0 : (int)rc; }

int weir_mutex_ring_try_push(weir_mutex_ring *r, const void *elem) {
    return one(push(r, elem, 1, WEIR_NOW, NULL));
}
int weir_mutex_ring_try_pop(weir_mutex_ring *r, void *elem) {
    return one(pop(r, elem, 1, WEIR_NOW, NULL));
}

ptrdiff_t weir_mutex_ring_try_push_n(weir_mutex_ring *r, const void *elems, size_t n) {
    return n ? push(r, elems, n, WEIR_NOW, NULL) : 0;
}
ptrdiff_t weir_mutex_ring_try_pop_n(weir_mutex_ring *r, void *elems, size_t n) {
    return n ? pop(r, elems, n, WEIR_NOW, NULL) : 0;
}

int weir_mutex_ring_push_wait(weir_mutex_ring *r, const void *elem, weir_time deadline,
                              weir_ctx *ctx) {
    return one(push_until(r, elem, 1, deadline, ctx));
}
int weir_mutex_ring_pop_wait(weir_mutex_ring *r, void *elem, weir_time deadline, weir_ctx *ctx) {
    return one(pop_until(r, elem, 1, deadline, ctx));
}

ptrdiff_t weir_mutex_ring_push_n_wait(weir_mutex_ring *r, const void *elems, size_t n,
                                      weir_time deadline, weir_ctx *ctx) {
    return push_until(r, elems, n, deadline, ctx);
}
ptrdiff_t weir_mutex_ring_pop_n_wait(weir_mutex_ring *r, void *elems, size_t n, weir_time deadline,
                                     weir_ctx *ctx) {
    return pop_until(r, elems, n, deadline, ctx);
}

int weir_mutex_ring_close(weir_mutex_ring *r) {
    weir__mutex_lock(&r->mutex);
    bool first = !r->closed;
    r->closed = true;
    r->poppers.waiting = r->pushers.waiting = 0;
    weir__mutex_unlock(&r->mutex);
    if (!first) return WEIR_ECLOSED;
    weir__cond_broadcast(&r->poppers.wake);
    weir__cond_broadcast(&r->pushers.wake);
    return 0;
}

bool weir_mutex_ring_is_closed(weir_mutex_ring *r) {
    weir__mutex_lock(&r->mutex);
    bool closed = r->closed;
    weir__mutex_unlock(&r->mutex);
    return closed;
}

size_t weir_mutex_ring_len(weir_mutex_ring *r) {
    weir__mutex_lock(&r->mutex);
    size_t len = r->len;
    weir__mutex_unlock(&r->mutex);
    return len;
}

void weir__mutex_ring_stats(weir_mutex_ring *r, uint64_t *pushed, uint64_t *popped, size_t *most) {
    weir__mutex_lock(&r->mutex);
    *pushed = r->pushed;
    *popped = r->pushed - r->len;
    *most = r->most;
    weir__mutex_unlock(&r->mutex);
}

size_t weir_mutex_ring_cap(const weir_mutex_ring *r) { return r->cap; }
