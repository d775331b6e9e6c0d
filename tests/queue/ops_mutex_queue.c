/* SPDX-License-Identifier: MIT */
/* tests/queue/ops_mutex_queue.c - weir_mutex_queue as the ring under test (tests/rings): its soft limit
 * stands for the capacity. */
#include "tests/rings/ring.h"

#include <stdio.h>

#include <weir/mutex_queue.h>

static size_t limit; /* of the last one made */

static int make(void **out, const struct weir_ring_opts *o) {
    weir_mutex_queue *q = NULL;
    if (out) *out = NULL;
    if (!out || !o || o->size < sizeof *o) return WEIR_EINVAL;
    if (o->cap == 0 || o->cap > WEIR_RING_CAP_MAX) return WEIR_EINVAL; /* no limit: no ring */
    struct weir_queue_opts opts = WEIR_QUEUE_OPTS(o->elem_size);
    opts.limit = limit = o->cap;
    opts.flags = o->flags;
    opts.drop = o->drop;
    opts.drop_arg = o->drop_arg;
    opts.alloc = o->alloc;
    int rc = weir_mutex_queue_new(&q, &opts);
    *out = q;
    return rc;
}
static int free_(void *q) { return weir_mutex_queue_free(q); }
static int try_push(void *q, const void *elem) { return weir_mutex_queue_try_push(q, elem); }
static int try_pop(void *q, void *elem) { return weir_mutex_queue_try_pop(q, elem); }
static ptrdiff_t try_push_n(void *q, const void *elems, size_t n) {
    return weir_mutex_queue_try_push_n(q, elems, n);
}
static ptrdiff_t try_pop_n(void *q, void *elems, size_t n) {
    return weir_mutex_queue_try_pop_n(q, elems, n);
}
static int push_wait(void *q, const void *elem, weir_time deadline, weir_ctx *ctx) {
    return weir_mutex_queue_push_wait(q, elem, deadline, ctx);
}
static int pop_wait(void *q, void *elem, weir_time deadline, weir_ctx *ctx) {
    return weir_mutex_queue_pop_wait(q, elem, deadline, ctx);
}
static ptrdiff_t push_n_wait(void *q, const void *elems, size_t n, weir_time d, weir_ctx *ctx) {
    return weir_mutex_queue_push_n_wait(q, elems, n, d, ctx);
}
static ptrdiff_t pop_n_wait(void *q, void *elems, size_t n, weir_time d, weir_ctx *ctx) {
    return weir_mutex_queue_pop_n_wait(q, elems, n, d, ctx);
}
static int push_forever(void *q, const void *elem) { return weir_mutex_queue_push(q, elem); }
static int pop_forever(void *q, void *elem) { return weir_mutex_queue_pop(q, elem); }
static int close_(void *q) { return weir_mutex_queue_close(q); }
static bool is_closed(void *q) { return weir_mutex_queue_is_closed(q); }
static size_t len(void *q) { return weir_mutex_queue_len(q); }
static size_t cap(void *q) {
    (void)q;
    return limit;
}

static void dump(void *q) {
    (void)q;
    (void)fprintf(stderr, "mutex_queue: its state stands under its locks\n");
}

const struct ring_ops R = {
    .name = "mutex_queue",
    .has = HAS_BATCH | HAS_MANY | HAS_WAIT | HAS_WHOLE,
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
    .dump = dump,
};
