/* SPDX-License-Identifier: MIT */
/* tests/queue/ops_queue.c - weir_queue, or with QUEUE_SINGLE weir_mpsc, as the ring under test (tests/rings): its soft
 * limit stands for the capacity. With QUEUE_SMALL its segments have two slots (QUEUE5), and elements are counted from
 * where RING8 says. */
#include "tests/rings/ring.h"

#include <stdio.h>

#include "queues/queue.h"

#ifdef QUEUE_SINGLE
#define TYPE weir_mpsc
#define VERB(name) weir_mpsc_##name
#define NEW_AT weir__mpsc_new_at
#define NAME "mpsc"
#else
#define TYPE weir_queue
#define VERB(name) weir_queue_##name
#define NEW_AT weir__queue_new_at
#define NAME "queue"
#endif

static int make(void **out, const struct weir_ring_opts *o) {
    struct weir__segq_shape shape = { .start = setup.start };
    struct weir_queue_opts opts = { 0 };
    TYPE *q = NULL;
#ifdef QUEUE_SMALL
    shape.slots = 2;
    shape.batch = 4;
#endif
    if (out) *out = NULL;
    if (!out || !o || o->size < sizeof *o) return WEIR_EINVAL;
    if (o->cap == 0 || o->cap > WEIR_RING_CAP_MAX) return WEIR_EINVAL; /* no limit: no ring */
    opts = (struct weir_queue_opts)WEIR_QUEUE_OPTS(o->elem_size);
    opts.limit = o->cap;
    opts.flags = o->flags;
    opts.drop = o->drop;
    opts.drop_arg = o->drop_arg;
    opts.alloc = o->alloc;
    int rc = NEW_AT(&q, &opts, &shape);
    *out = q;
    return rc;
}
static int free_(void *q) { return VERB(free)(q); }
static int try_push(void *q, const void *elem) { return VERB(try_push)(q, elem); }
static int try_pop(void *q, void *elem) { return VERB(try_pop)(q, elem); }
static ptrdiff_t try_push_n(void *q, const void *elems, size_t n) {
    return VERB(try_push_n)(q, elems, n);
}
static ptrdiff_t try_pop_n(void *q, void *elems, size_t n) { return VERB(try_pop_n)(q, elems, n); }
static int push_wait(void *q, const void *elem, weir_time deadline, weir_ctx *ctx) {
    return VERB(push_wait)(q, elem, deadline, ctx);
}
static int pop_wait(void *q, void *elem, weir_time deadline, weir_ctx *ctx) {
    return VERB(pop_wait)(q, elem, deadline, ctx);
}
static ptrdiff_t push_n_wait(void *q, const void *elems, size_t n, weir_time d, weir_ctx *ctx) {
    return VERB(push_n_wait)(q, elems, n, d, ctx);
}
static ptrdiff_t pop_n_wait(void *q, void *elems, size_t n, weir_time d, weir_ctx *ctx) {
    return VERB(pop_n_wait)(q, elems, n, d, ctx);
}
static int push_forever(void *q, const void *elem) { return VERB(push)(q, elem); }
static int pop_forever(void *q, void *elem) { return VERB(pop)(q, elem); }
static int close_(void *q) { return VERB(close)(q); }
static bool is_closed(void *q) { return VERB(is_closed)(q); }
static size_t len(void *q) { return VERB(len)(q); }
static size_t cap(void *queue) {
    const struct weir__segq *q = queue;
    return (size_t)q->limit;
}

static void dump(void *queue) {
    struct weir__segq *q = queue;
    (void)fprintf(stderr, "queue: limit %llu, inside %llu, waiters 0x%llx, bytes %zu\n",
                  (unsigned long long)q->limit, (unsigned long long)weir_load_relaxed(&q->inside),
                  (unsigned long long)weir_load_relaxed(&q->waiters), VERB(bytes)(queue));
}

const struct ring_ops R = {
#ifdef QUEUE_SMALL
    .name = NAME "_small",
#else
    .name = NAME,
#endif
#ifdef QUEUE_SINGLE /* the cases that wait have several consumers: mpsc.c has its own */
    .has = HAS_BATCH | HAS_POINTS,
#else
    .has = HAS_BATCH | HAS_MANY | HAS_WAIT | HAS_POINTS,
#endif
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
#ifdef QUEUE_FENCE
    .flags = WEIR_RING_NO_MEMBARRIER,
#endif
    .dump = dump,
};
