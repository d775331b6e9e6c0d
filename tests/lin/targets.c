/* SPDX-License-Identifier: MIT */
/* tests/lin/targets.c - weir's rings, as rounds.h wants them: 8-byte elements, straight from and
 * into the recorded operation. */
#include "rounds.h"

#include <weir/weir.h>

#include "queues/mpmc.h"
#include "queues/queue.h"
#include "queues/scq.h"
#include "queues/spsc.h"

#include <stdlib.h>

#define LATE INT64_C(1) /* a deadline that has passed, and is not WEIR_NOW */

/* ---- mpmc ------------------------------------------------------------------------------------ */

static void *mpmc_made(uint32_t cap, uint64_t start, unsigned flags) {
    size_t bytes = weir_mpmc_bytes(cap, sizeof(uint64_t));
    void *mem = aligned_alloc(WEIR_LINE, (bytes + WEIR_LINE - 1) / WEIR_LINE * WEIR_LINE);
    weir_mpmc *r;
    if (!mem || weir__mpmc_init_at(&r, mem, bytes, cap, sizeof(uint64_t), flags, start) < 0)
        abort();
    return r;
}
static void *mpmc_make(uint32_t cap, uint64_t start) { return mpmc_made(cap, start, 0); }
static void *mpmc_make_fence(uint32_t cap, uint64_t start) {
    return mpmc_made(cap, start, WEIR_RING_NO_MEMBARRIER);
}

static void mpmc_end(void *ring) {
    if (weir_mpmc_fini(ring, NULL, NULL) < 0) abort();
    free(ring);
}

static int64_t mpmc_run(void *ring, struct weir_lin_op *op, bool late) {
    weir_mpmc *r = ring;
    switch (op->kind) {
        case WEIR_LIN_PUSH:
            return late ? weir_mpmc_push_wait(r, op->in, LATE, NULL)
                        : weir_mpmc_try_push(r, op->in);
        case WEIR_LIN_POP:
            return late ? weir_mpmc_pop_wait(r, op->out, LATE, NULL)
                        : weir_mpmc_try_pop(r, op->out);
        case WEIR_LIN_PUSH_N:
            return late ? weir_mpmc_push_n_wait(r, op->in, op->nin, LATE, NULL)
                        : weir_mpmc_try_push_n(r, op->in, op->nin);
        case WEIR_LIN_POP_N:
            return late ? weir_mpmc_pop_n_wait(r, op->out, (size_t)op->in[0], LATE, NULL)
                        : weir_mpmc_try_pop_n(r, op->out, (size_t)op->in[0]);
        default: return weir_mpmc_close(r);
    }
}

const struct target target_mpmc = {
    .name = "weir_mpmc", .closes = true, .make = mpmc_make, .end = mpmc_end, .run = mpmc_run
};
const struct target target_mpmc_fence = { .name = "weir_mpmc without membarrier",
                                          .closes = true,
                                          .make = mpmc_make_fence,
                                          .end = mpmc_end,
                                          .run = mpmc_run };

/* ---- scq ------------------------------------------------------------------------------------- */

static void *scq_make(uint32_t cap, uint64_t start) {
    size_t bytes = weir_scq_bytes(cap, sizeof(uint64_t), ROUND_THREADS);
    void *mem = aligned_alloc(WEIR_LINE, (bytes + WEIR_LINE - 1) / WEIR_LINE * WEIR_LINE);
    weir_scq *r;
    if (start != 0) start = -(uint64_t)2; /* its indices are whole words */
    if (!mem || weir__scq_init_at(&r, mem, bytes, cap, sizeof(uint64_t), ROUND_THREADS, start) < 0)
        abort();
    return r;
}

static void scq_end(void *ring) {
    if (weir_scq_fini(ring, NULL, NULL) < 0) abort();
    free(ring);
}

static int64_t scq_run(void *ring, struct weir_lin_op *op, bool late) {
    (void)late;
    return op->kind == WEIR_LIN_PUSH ? weir_scq_try_push(ring, op->in)
                                     : weir_scq_try_pop(ring, op->out);
}

const struct target target_scq = { .name = "weir_scq",
                                   .exact = true,
                                   .singles = true,
                                   .make = scq_make,
                                   .end = scq_end,
                                   .run = scq_run };

/* ---- mutex ring ------------------------------------------------------------------------------ */

static void *mutex_make(uint32_t cap, uint64_t start) {
    struct weir_ring_opts o = WEIR_RING_OPTS(cap, sizeof(uint64_t));
    weir_mutex_ring *r;
    (void)start;
    return weir_mutex_ring_new(&r, &o) < 0 ? NULL : r;
}

static void mutex_end(void *ring) {
    if (weir_mutex_ring_free(ring) < 0) abort();
}

static int64_t mutex_run(void *ring, struct weir_lin_op *op, bool late) {
    weir_mutex_ring *r = ring;
    weir_time d = late ? LATE : WEIR_NOW;
    switch (op->kind) {
        case WEIR_LIN_PUSH: return weir_mutex_ring_push_wait(r, op->in, d, NULL);
        case WEIR_LIN_POP: return weir_mutex_ring_pop_wait(r, op->out, d, NULL);
        case WEIR_LIN_PUSH_N: return weir_mutex_ring_push_n_wait(r, op->in, op->nin, d, NULL);
        case WEIR_LIN_POP_N:
            return weir_mutex_ring_pop_n_wait(r, op->out, (size_t)op->in[0], d, NULL);
        default: return weir_mutex_ring_close(r);
    }
}

const struct target target_mutex = { .name = "weir_mutex_ring",
                                     .exact = true,
                                     .closes = true,
                                     .make = mutex_make,
                                     .end = mutex_end,
                                     .run = mutex_run };

/* ---- spsc ------------------------------------------------------------------------------------ */

static void *spsc_make(uint32_t cap, uint64_t start) {
    size_t bytes = weir_spsc_bytes(cap, sizeof(uint64_t));
    void *mem = aligned_alloc(WEIR_LINE, (bytes + WEIR_LINE - 1) / WEIR_LINE * WEIR_LINE);
    weir_spsc *r;
    if (start != 0) start = -(uint64_t)2; /* its indices are whole words */
    if (!mem || weir__spsc_init_at(&r, mem, bytes, cap, sizeof(uint64_t), start) < 0) abort();
    return r;
}

static void spsc_end(void *ring) {
    if (weir_spsc_fini(ring, NULL, NULL) < 0) abort();
    free(ring);
}

static int64_t count_or(size_t k, size_t asked) {
    return k == 0 && asked > 0 ? WEIR_EAGAIN : (int64_t)k;
}

static int64_t spsc_run(void *ring, struct weir_lin_op *op, bool late) {
    weir_spsc *r = ring;
    (void)late;
    switch (op->kind) {
        case WEIR_LIN_PUSH: return weir_spsc_push(r, op->in) ? 0 : WEIR_EAGAIN;
        case WEIR_LIN_POP: return weir_spsc_pop(r, op->out) ? 0 : WEIR_EAGAIN;
        case WEIR_LIN_PUSH_N: return count_or(weir_spsc_push_n(r, op->in, op->nin), op->nin);
        default: return count_or(weir_spsc_pop_n(r, op->out, (size_t)op->in[0]), (size_t)op->in[0]);
    }
}

const struct target target_spsc = {
    .name = "weir_spsc", .one_each = true, .make = spsc_make, .end = spsc_end, .run = spsc_run
};

/* ---- unbounded queue ------------------------------------------------------------------------- */

static void *queue_made(uint64_t start, size_t limit) {
    struct weir_queue_opts o = WEIR_QUEUE_OPTS(sizeof(uint64_t));
    struct weir__segq_shape two = { .slots = 2, .batch = 1, .start = start };
    weir_queue *q;
    o.limit = limit;
    return weir__queue_new_at(&q, &o, &two) < 0 ? NULL : q;
}
static void *queue_make(uint32_t cap, uint64_t start) {
    (void)cap;
    return queue_made(start, 0);
}
static void *queue_make_limit(uint32_t cap, uint64_t start) { return queue_made(start, cap); }

static void queue_end(void *q) {
    if (weir_queue_free(q) < 0) abort();
}

/* The verbs of weir_queue, or of weir_mpsc. */
#define QUEUE_RUN(T)                                                                          \
    static int64_t T##_run(void *q, struct weir_lin_op *op, bool late) {                      \
        weir_time d = late ? LATE : WEIR_NOW;                                                 \
        switch (op->kind) {                                                                   \
            case WEIR_LIN_PUSH: return weir_##T##_push_wait(q, op->in, d, NULL);              \
            case WEIR_LIN_POP: return weir_##T##_pop_wait(q, op->out, d, NULL);               \
            case WEIR_LIN_PUSH_N: return weir_##T##_push_n_wait(q, op->in, op->nin, d, NULL); \
            case WEIR_LIN_POP_N:                                                              \
                return weir_##T##_pop_n_wait(q, op->out, (size_t)op->in[0], d, NULL);         \
            default: return weir_##T##_close(q);                                              \
        }                                                                                     \
    }
QUEUE_RUN(queue)
QUEUE_RUN(mpsc)

const struct target target_queue = { .name = "weir_queue",
                                     .closes = true,
                                     .soft = true,
                                     .unbounded = true,
                                     .make = queue_make,
                                     .end = queue_end,
                                     .run = queue_run };
const struct target target_queue_limit = { .name = "weir_queue with a limit",
                                           .closes = true,
                                           .soft = true,
                                           .make = queue_make_limit,
                                           .end = queue_end,
                                           .run = queue_run };

static void *mpsc_make(uint32_t cap, uint64_t start) {
    struct weir_queue_opts o = WEIR_QUEUE_OPTS(sizeof(uint64_t));
    struct weir__segq_shape two = { .slots = 2, .batch = 1, .start = start };
    weir_mpsc *q;
    (void)cap;
    return weir__mpsc_new_at(&q, &o, &two) < 0 ? NULL : q;
}
static void mpsc_end(void *q) {
    if (weir_mpsc_free(q) < 0) abort();
}

const struct target target_mpsc = { .name = "weir_mpsc",
                                    .one_consumer = true,
                                    .closes = true,
                                    .soft = true,
                                    .unbounded = true,
                                    .make = mpsc_make,
                                    .end = mpsc_end,
                                    .run = mpsc_run };

/* ---- list of nodes --------------------------------------------------------------------------- */

struct item {
    struct weir_mpsc_node node;
    uint64_t value;
};

static void *list_make(uint32_t cap, uint64_t start) {
    weir_mpsc_list *l = aligned_alloc(WEIR_LINE, sizeof *l);
    (void)cap, (void)start;
    if (!l || weir_mpsc_list_init(l) < 0) abort();
    return l;
}

static int64_t list_pop(void *list, uint64_t *value) {
    struct weir_mpsc_node *node;
    int rc = weir_mpsc_list_pop(list, &node);
    if (rc < 0) return rc;
    struct item *item = WEIR_MPSC_ENTRY(node, struct item, node);
    *value = item->value;
    free(item);
    return 0;
}

static void list_end(void *list) {
    uint64_t value;
    while (list_pop(list, &value) == 0) continue;
    free(list);
}

static int64_t list_run(void *list, struct weir_lin_op *op, bool late) {
    (void)late;
    if (op->kind == WEIR_LIN_POP) return list_pop(list, op->out);
    struct item *item = calloc(1, sizeof *item);
    if (!item) abort();
    item->value = op->in[0];
    int rc = weir_mpsc_list_push(list, &item->node);
    if (rc != 0) free(item);
    return rc;
}

const struct target target_mpsc_list = { .name = "weir_mpsc_list",
                                         .one_consumer = true,
                                         .singles = true,
                                         .unbounded = true,
                                         .make = list_make,
                                         .end = list_end,
                                         .run = list_run };

/* ---- two-lock queue -------------------------------------------------------------------------- */

static void *mutex_queue_make(uint32_t cap, uint64_t start) {
    struct weir_queue_opts o = WEIR_QUEUE_OPTS(sizeof(uint64_t));
    weir_mutex_queue *q;
    (void)cap, (void)start;
    return weir_mutex_queue_new(&q, &o) < 0 ? NULL : q;
}
static void mutex_queue_end(void *q) {
    if (weir_mutex_queue_free(q) < 0) abort();
}
QUEUE_RUN(mutex_queue)

const struct target target_mutex_queue = { .name = "weir_mutex_queue",
                                           .exact = true,
                                           .closes = true,
                                           .unbounded = true,
                                           .make = mutex_queue_make,
                                           .end = mutex_queue_end,
                                           .run = mutex_queue_run };
