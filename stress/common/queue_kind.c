/* SPDX-License-Identifier: MIT */
/* stress/common/queue_kind.c - unbounded queues as rings: with a soft limit in the place of the capacity; in the
 * explorer, from RING_NO_LIMIT on, with none. `small` ones have segments of two slots, look after each emptied one
 * whether it can be used again, and count their elements from just below the wrap. */
#include "ring_kind.h"

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

static int queue_make(void **ring, const struct weir_ring_opts *o) {
    struct weir_queue_opts opts = opts_of(o);
    weir_queue *q;
    int rc = weir_queue_new(&q, &opts);
    *ring = q;
    return rc;
}
static int queue_make_small(void **ring, const struct weir_ring_opts *o) {
    static const struct weir__segq_shape small = { .slots = 2,
                                                   .batch = 1,
                                                   .start = UINT64_MAX - 2 };
    struct weir_queue_opts opts = opts_of(o);
    weir_queue *q;
    int rc = weir__queue_new_at(&q, &opts, &small);
    *ring = q;
    return rc;
}
static int queue_free(void *q) { return weir_queue_free(q); }
static int queue_push(void *q, const void *v) { return weir_queue_try_push(q, v); }
static int queue_pop(void *q, void *v) { return weir_queue_try_pop(q, v); }
static ptrdiff_t queue_push_n(void *q, const void *v, size_t n) {
    return weir_queue_try_push_n(q, v, n);
}
static ptrdiff_t queue_pop_n(void *q, void *v, size_t n) { return weir_queue_try_pop_n(q, v, n); }
static int queue_push_wait(void *q, const void *v, weir_time d) {
    return weir_queue_push_wait(q, v, d, NULL);
}
static int queue_pop_wait(void *q, void *v, weir_time d) {
    return weir_queue_pop_wait(q, v, d, NULL);
}
static ptrdiff_t queue_push_n_wait(void *q, const void *v, size_t n, weir_time d) {
    return weir_queue_push_n_wait(q, v, n, d, NULL);
}
static ptrdiff_t queue_pop_n_wait(void *q, void *v, size_t n, weir_time d) {
    return weir_queue_pop_n_wait(q, v, n, d, NULL);
}
static int queue_close(void *q) { return weir_queue_close(q); }
static bool queue_is_closed(void *q) { return weir_queue_is_closed(q); }
static size_t queue_len(void *q) { return weir_queue_len(q); }

static void queue_dump(void *ring, char *text, size_t n) {
    const struct weir__segq *q = ring;
    (void)snprintf(text, n,
                   "len %zu, limit %llu, inside %llu, waiters 0x%llx, closing %u, bytes %zu",
                   weir_queue_len(ring), (unsigned long long)q->limit,
                   (unsigned long long)weir_load_relaxed(&q->inside),
                   (unsigned long long)weir_load_relaxed(&q->waiters),
                   weir_load_relaxed(&q->closing), weir_queue_bytes(ring));
}

#define QUEUE_VERBS                                                                             \
    .has = RING_MANY | RING_WAITS | RING_TRIES | RING_SOFT, .free = queue_free,                 \
    .push = queue_push, .pop = queue_pop, .push_n = queue_push_n, .pop_n = queue_pop_n,         \
    .push_wait = queue_push_wait, .pop_wait = queue_pop_wait, .push_n_wait = queue_push_n_wait, \
    .pop_n_wait = queue_pop_n_wait, .close = queue_close, .is_closed = queue_is_closed,         \
    .len = queue_len, .dump = queue_dump, .claim = 200

const struct ring_kind ring_queue = { .name = "queue", .make = queue_make, QUEUE_VERBS };
const struct ring_kind ring_queue_small = { .name = "queue_small",
                                            .make = queue_make_small,
                                            QUEUE_VERBS };

/* ---- the mutex version ------------------------------------------------------------------------------ */

static int mutex_make(void **ring, const struct weir_ring_opts *o) {
    struct weir_queue_opts opts = opts_of(o);
    weir_mutex_queue *q;
    int rc = weir_mutex_queue_new(&q, &opts);
    *ring = q;
    return rc;
}
static int mutex_free(void *q) { return weir_mutex_queue_free(q); }
static int mutex_push(void *q, const void *v) { return weir_mutex_queue_try_push(q, v); }
static int mutex_pop(void *q, void *v) { return weir_mutex_queue_try_pop(q, v); }
static ptrdiff_t mutex_push_n(void *q, const void *v, size_t n) {
    return weir_mutex_queue_try_push_n(q, v, n);
}
static ptrdiff_t mutex_pop_n(void *q, void *v, size_t n) {
    return weir_mutex_queue_try_pop_n(q, v, n);
}
static int mutex_push_wait(void *q, const void *v, weir_time d) {
    return weir_mutex_queue_push_wait(q, v, d, NULL);
}
static int mutex_pop_wait(void *q, void *v, weir_time d) {
    return weir_mutex_queue_pop_wait(q, v, d, NULL);
}
static ptrdiff_t mutex_push_n_wait(void *q, const void *v, size_t n, weir_time d) {
    return weir_mutex_queue_push_n_wait(q, v, n, d, NULL);
}
static ptrdiff_t mutex_pop_n_wait(void *q, void *v, size_t n, weir_time d) {
    return weir_mutex_queue_pop_n_wait(q, v, n, d, NULL);
}
static int mutex_close(void *q) { return weir_mutex_queue_close(q); }
static bool mutex_is_closed(void *q) { return weir_mutex_queue_is_closed(q); }
static size_t mutex_len(void *q) { return weir_mutex_queue_len(q); }

/* Takes no lock: a thread that hangs may hold it. */
static void mutex_dump(void *q, char *text, size_t n) {
    (void)q;
    (void)snprintf(text, n, "its state stands under its locks");
}

const struct ring_kind ring_mutex_queue = { .name = "mutex_queue",
                                            .has = RING_MANY | RING_WAITS | RING_EXACT,
                                            .make = mutex_make,
                                            .free = mutex_free,
                                            .push = mutex_push,
                                            .pop = mutex_pop,
                                            .push_n = mutex_push_n,
                                            .pop_n = mutex_pop_n,
                                            .push_wait = mutex_push_wait,
                                            .pop_wait = mutex_pop_wait,
                                            .push_n_wait = mutex_push_n_wait,
                                            .pop_n_wait = mutex_pop_n_wait,
                                            .close = mutex_close,
                                            .is_closed = mutex_is_closed,
                                            .len = mutex_len,
                                            .dump = mutex_dump };
