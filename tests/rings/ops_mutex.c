/* SPDX-License-Identifier: MIT */
/* tests/rings/ops_mutex.c - weir_mutex_ring as the ring under test. */
#include "ring.h"

#include <stdio.h>

#include <weir/mutex_ring.h>

static int make(void **out, const struct weir_ring_opts *opts) {
    weir_mutex_ring *r = NULL;
    int rc = weir_mutex_ring_new(out ? &r : NULL, opts);
    if (out) *out = r;
    return rc;
}
static int free_(void *r) { return weir_mutex_ring_free(r); }
static int try_push(void *r, const void *elem) { return weir_mutex_ring_try_push(r, elem); }
static int try_pop(void *r, void *elem) { return weir_mutex_ring_try_pop(r, elem); }
static ptrdiff_t try_push_n(void *r, const void *elems, size_t n) {
    return weir_mutex_ring_try_push_n(r, elems, n);
}
static ptrdiff_t try_pop_n(void *r, void *elems, size_t n) {
    return weir_mutex_ring_try_pop_n(r, elems, n);
}
static int push_wait(void *r, const void *elem, weir_time deadline, weir_ctx *ctx) {
    return weir_mutex_ring_push_wait(r, elem, deadline, ctx);
}
static int pop_wait(void *r, void *elem, weir_time deadline, weir_ctx *ctx) {
    return weir_mutex_ring_pop_wait(r, elem, deadline, ctx);
}
static ptrdiff_t push_n_wait(void *r, const void *elems, size_t n, weir_time d, weir_ctx *ctx) {
    return weir_mutex_ring_push_n_wait(r, elems, n, d, ctx);
}
static ptrdiff_t pop_n_wait(void *r, void *elems, size_t n, weir_time d, weir_ctx *ctx) {
    return weir_mutex_ring_pop_n_wait(r, elems, n, d, ctx);
}
static int push_forever(void *r, const void *elem) { return weir_mutex_ring_push(r, elem); }
static int pop_forever(void *r, void *elem) { return weir_mutex_ring_pop(r, elem); }
static int close_(void *r) { return weir_mutex_ring_close(r); }
static bool is_closed(void *r) { return weir_mutex_ring_is_closed(r); }
static size_t len(void *r) { return weir_mutex_ring_len(r); }
static size_t cap(void *r) { return weir_mutex_ring_cap(r); }

static void dump(void *r) {
    (void)fprintf(stderr, "mutex_ring: cap %zu (its state stands under its mutex)\n",
                  weir_mutex_ring_cap(r));
}

const struct ring_ops R = {
    .name = "mutex_ring",
    .has = HAS_BATCH | HAS_WHOLE | HAS_MANY | HAS_WAIT | IS_MUTEX,
    .make = make,
    .free = free_,
    .try_push = try_push,
    .try_pop = try_pop,
    .try_push_n = try_push_n,
    .try_pop_n = try_pop_n,
    .push_wait = push_wait,
    .pop_wait = pop_wait,
    .push_n_wait = push_n_wait,
    .pop_n_wait = pop_n_wait,
    .push_forever = push_forever,
    .pop_forever = pop_forever,
    .close = close_,
    .is_closed = is_closed,
    .len = len,
    .cap = cap,
    .flags = WEIR_RING_NO_MEMBARRIER, /* accepted, without effect */
    .dump = dump,
};
