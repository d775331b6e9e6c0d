/* SPDX-License-Identifier: MIT */
/* stress/common/queue_kind.c - unbounded queues as rings: with a soft limit in the place of the capacity; in the
 * explorer, from RING_NO_LIMIT on, with none. `small` ones have segments of two slots, look after each emptied one
 * whether it can be used again, and count their elements from just below the wrap. */
#include "ring_forward.h"

#include <weir/atomic.h>
#include <weir/mutex_queue.h>

#include "../../queues/queue.h"

#include <stdio.h>

/* Under stress a capacity is one, however large: it is what the checks go by. */
#ifdef WEIR_MODEL
#define NO_LIMIT RING_NO_LIMIT
#else
#define NO_LIMIT SIZE_MAX
#endif

static struct weir_queue_opts opts_of(const struct weir_ring_opts *o) {
    struct weir_queue_opts q = WEIR_QUEUE_OPTS(o->elem_size);
    q.limit = o->cap < NO_LIMIT ? o->cap : 0;
    q.flags = o->flags;
    q.drop = o->drop;
    q.drop_arg = o->drop_arg;
    q.alloc = o->alloc;
    return q;
}

static const struct weir__segq_shape small = { .slots = 2, .batch = 1, .start = UINT64_MAX - 2 };

static int queue_make(void **ring, const struct weir_ring_opts *o) {
    struct weir_queue_opts opts = opts_of(o);
    weir_queue *q;
    int rc = weir_queue_new(&q, &opts);
    *ring = q;
    return rc;
}
static int queue_make_small(void **ring, const struct weir_ring_opts *o) {
    struct weir_queue_opts opts = opts_of(o);
    weir_queue *q;
    int rc = weir__queue_new_at(&q, &opts, &small);
    *ring = q;
    return rc;
}
static int mpsc_make(void **ring, const struct weir_ring_opts *o) {
    struct weir_queue_opts opts = opts_of(o);
    weir_mpsc *q;
    int rc = weir_mpsc_new(&q, &opts);
    *ring = q;
    return rc;
}
static int mpsc_make_small(void **ring, const struct weir_ring_opts *o) {
    struct weir_queue_opts opts = opts_of(o);
    weir_mpsc *q;
    int rc = weir__mpsc_new_at(&q, &opts, &small);
    *ring = q;
    return rc;
}
RING_FORWARD(queue)
RING_FORWARD(mpsc)

static void queue_dump(void *ring, char *text, size_t n) {
    const struct weir__segq *q = ring;
    (void)snprintf(text, n,
                   "len %zu, limit %llu, inside %llu, waiters 0x%llx, closing %u, bytes %zu",
                   weir_queue_len(ring), (unsigned long long)q->limit,
                   (unsigned long long)weir_load_relaxed(&q->inside),
                   (unsigned long long)weir_load_relaxed(&q->waiters),
                   weir_load_relaxed(&q->closing), weir_queue_bytes(ring));
}

#define QUEUE_HAS (RING_WAITS | RING_TRIES | RING_SOFT)
#define QUEUE_VERBS \
    .has = QUEUE_HAS | RING_MANY, RING_FORWARDED(queue), .dump = queue_dump, .claim = 200

const struct ring_kind ring_queue = { .name = "queue", .make = queue_make, QUEUE_VERBS };
const struct ring_kind ring_queue_small = { .name = "queue_small",
                                            .make = queue_make_small,
                                            QUEUE_VERBS };

/* One consumer; of producers as many as a scenario likes. */
#define MPSC_VERBS \
    .has = QUEUE_HAS | RING_FUNNEL, RING_FORWARDED(mpsc), .dump = queue_dump, .claim = 200

const struct ring_kind ring_mpsc = { .name = "mpsc", .make = mpsc_make, MPSC_VERBS };
const struct ring_kind ring_mpsc_small = { .name = "mpsc_small",
                                           .make = mpsc_make_small,
                                           MPSC_VERBS };

/* ---- the mutex version ------------------------------------------------------------------------------ */

static int mutex_queue_make(void **ring, const struct weir_ring_opts *o) {
    struct weir_queue_opts opts = opts_of(o);
    weir_mutex_queue *q;
    int rc = weir_mutex_queue_new(&q, &opts);
    *ring = q;
    return rc;
}
RING_FORWARD(mutex_queue)

/* Takes no lock: a thread that hangs may hold it. */
static void mutex_queue_dump(void *q, char *text, size_t n) {
    (void)q;
    (void)snprintf(text, n, "its state stands under its locks");
}

const struct ring_kind ring_mutex_queue = { .name = "mutex_queue",
                                            .has = RING_MANY | RING_WAITS | RING_EXACT,
                                            .make = mutex_queue_make,
                                            RING_FORWARDED(mutex_queue),
                                            .dump = mutex_queue_dump };
