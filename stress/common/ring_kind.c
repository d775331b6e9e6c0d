/* SPDX-License-Identifier: MIT */
/* stress/common/ring_kind.c - see ring_kind.h. */
#include "ring_forward.h"

#include <weir/mpmc.h>
#include <weir/mutex_ring.h>
#include <weir/scq.h>
#include <weir/spsc.h>

#include "../../queues/mpmc.h"
#include "../../queues/scq.h"
#include "../../queues/spsc.h"

#include <stdio.h>
#include <string.h>

/* Plain memory that threads hand over: the explorer looks for races on it. */
#ifdef WEIR_MODEL
#include <weir/model.h>
static void announce_write(void *p, size_t n) { weir_model_write(p, n); }
static void announce_read(void *p, size_t n) { weir_model_read(p, n); }
#else
static void announce_write(void *p, size_t n) { (void)p, (void)n; }
static void announce_read(void *p, size_t n) { (void)p, (void)n; }
#endif

/* ---- mpmc ------------------------------------------------------------------------------------ */

static int mpmc_make(void **ring, const struct weir_ring_opts *o) {
    weir_mpmc *r;
    int rc = weir_mpmc_new(&r, o);
    *ring = r;
    return rc;
}
static int mpmc_make_fence(void **ring, const struct weir_ring_opts *o) {
    struct weir_ring_opts own = *o;
    own.flags |= WEIR_RING_NO_MEMBARRIER;
    return mpmc_make(ring, &own);
}
RING_FORWARD(mpmc)

static int mpmc_init(void **ring, void *mem, size_t bytes, size_t cap, size_t size, unsigned flags,
                     uint64_t start) {
    weir_mpmc *r;
    int rc = weir__mpmc_init_at(&r, mem, bytes, cap, size, flags, start);
    *ring = r;
    return rc;
}
static int mpmc_init_fence(void **ring, void *mem, size_t bytes, size_t cap, size_t size,
                           unsigned flags, uint64_t start) {
    return mpmc_init(ring, mem, bytes, cap, size, flags | WEIR_RING_NO_MEMBARRIER, start);
}
static int mpmc_attach(void **ring, void *mem, size_t bytes) {
    weir_mpmc *r;
    int rc = weir_mpmc_attach(&r, mem, bytes);
    *ring = r;
    return rc;
}
static int mpmc_fini(void *r, weir_drop_fn *drop, void *arg) {
    return weir_mpmc_fini(r, drop, arg);
}

static void mpmc_dump(void *ring, char *text, size_t n) {
    weir_mpmc *r = ring;
    uint64_t h = weir_load_relaxed(&r->head_), t = weir_load_relaxed(&r->tail_); /* for a report */
    (void)snprintf(
        text, n,
        "cap %zu, head 0x%llx (stamp 0x%llx), tail 0x%llx (stamp 0x%llx), lap 0x%llx, "
        "waiters 0x%llx",
        weir_mpmc_cap(r), (unsigned long long)h,
        (unsigned long long)weir_load_relaxed(weir__mpmc_stamp(r, h, (size_t)r->stride_)),
        (unsigned long long)t,
        (unsigned long long)weir_load_relaxed(weir__mpmc_stamp(r, t, (size_t)r->stride_)),
        (unsigned long long)r->lap_, (unsigned long long)weir_load_relaxed(&r->waiters_));
}

#define RING_MPMC (RING_MANY | RING_WAITS | RING_MEMORY | RING_BUSY | RING_TRIES)
#define MPMC_VERBS                                                                            \
    RING_FORWARDED(mpmc), .bytes = weir_mpmc_bytes, .attach = mpmc_attach, .fini = mpmc_fini, \
        .dump = mpmc_dump, .claim = 64

const struct ring_kind ring_mpmc = {
    .name = "mpmc", .has = RING_MPMC, .make = mpmc_make, .init = mpmc_init, MPMC_VERBS
};
const struct ring_kind ring_mpmc_fence = { .name = "mpmc_fence",
                                           .has = RING_MPMC,
                                           .make = mpmc_make_fence,
                                           .init = mpmc_init_fence,
                                           MPMC_VERBS };

const struct ring_kind ring_mpmc_exact = { .name = "mpmc_exact",
                                           .has = RING_MPMC | RING_EXACT,
                                           .make = mpmc_make,
                                           .init = mpmc_init,
                                           MPMC_VERBS };

/* ---- spsc ------------------------------------------------------------------------------------ */

static int spsc_make(void **ring, const struct weir_ring_opts *o) {
    weir_spsc *r;
    int rc = weir_spsc_new(&r, o);
    *ring = r;
    return rc;
}
static int spsc_free(void *r) {
    weir_spsc_free(r);
    return 0;
}
static int spsc_init(void **ring, void *mem, size_t bytes, size_t cap, size_t size, unsigned flags,
                     uint64_t start) {
    weir_spsc *r;
    int rc = flags ? WEIR_EINVAL : weir__spsc_init_at(&r, mem, bytes, cap, size, start);
    *ring = rc == 0 ? r : NULL;
    return rc;
}
static int spsc_attach(void **ring, void *mem, size_t bytes) {
    weir_spsc *r;
    int rc = weir_spsc_attach(&r, mem, bytes);
    *ring = r;
    return rc;
}
static int spsc_fini(void *r, weir_drop_fn *drop, void *arg) {
    return weir_spsc_fini(r, drop, arg);
}
static int spsc_push(void *r, const void *v) { return weir_spsc_push(r, v) ? 0 : WEIR_EAGAIN; }
static int spsc_pop(void *r, void *v) { return weir_spsc_pop(r, v) ? 0 : WEIR_EAGAIN; }
static ptrdiff_t spsc_push_n(void *r, const void *v, size_t n) {
    size_t k = weir_spsc_push_n(r, v, n);
    return k || n == 0 ? (ptrdiff_t)k : WEIR_EAGAIN;
}
static ptrdiff_t spsc_pop_n(void *r, void *v, size_t n) {
    size_t k = weir_spsc_pop_n(r, v, n);
    return k || n == 0 ? (ptrdiff_t)k : WEIR_EAGAIN;
}
static bool spsc_is_closed(void *r) {
    (void)r;
    return false;
}
static int spsc_push_in_place(void *ring, const void *v) {
    weir_spsc *r = ring;
    struct weir_span span;
    ptrdiff_t n = weir_spsc_reserve(r, 1, &span);
    if (n < 0) return (int)n;
    announce_write(span.at[0], (size_t)r->elem_size_);
    memcpy(span.at[0], v, (size_t)r->elem_size_);
    return weir_spsc_commit(r, 1);
}
static int spsc_pop_in_place(void *ring, void *v) {
    weir_spsc *r = ring;
    struct weir_span span;
    ptrdiff_t n = weir_spsc_peek(r, 1, &span);
    if (n < 0) return (int)n;
    announce_read(span.at[0], (size_t)r->elem_size_);
    memcpy(v, span.at[0], (size_t)r->elem_size_);
    return weir_spsc_consume(r, 1);
}
static size_t spsc_len(void *r) { return weir_spsc_len(r); }

static void spsc_dump(void *ring, char *text, size_t n) {
    weir_spsc *r = ring;
    (void)snprintf(text, n, "cap %zu, head 0x%llx, tail 0x%llx", weir_spsc_cap(r),
                   (unsigned long long)weir_load_relaxed(&r->head_),
                   (unsigned long long)weir_load_relaxed(&r->tail_));
}

const struct ring_kind ring_spsc = { .name = "spsc",
                                     .has = RING_MEMORY | RING_TRIES,
                                     .make = spsc_make,
                                     .free = spsc_free,
                                     .bytes = weir_spsc_bytes,
                                     .init = spsc_init,
                                     .attach = spsc_attach,
                                     .fini = spsc_fini,
                                     .push = spsc_push,
                                     .pop = spsc_pop,
                                     .push_n = spsc_push_n,
                                     .pop_n = spsc_pop_n,
                                     .is_closed = spsc_is_closed,
                                     .len = spsc_len,
                                     .push_in_place = spsc_push_in_place,
                                     .pop_in_place = spsc_pop_in_place,
                                     .dump = spsc_dump,
                                     .claim = 24 };

/* ---- scq -------------------------------------------------------------------------------------- */

/* Calls inside at once: of real threads any number that the scenarios have; of the explorer's as many as it has, so
 * that they meet at each other's spares. */
#ifdef WEIR_MODEL
#define SCQ_THREADS 3
#else
#define SCQ_THREADS 256
#endif

static int scq_make(void **ring, const struct weir_ring_opts *o) {
    weir_scq *r;
    int rc = weir_scq_new(&r, o, SCQ_THREADS);
    *ring = r;
    return rc;
}
static int scq_free(void *r) { return weir_scq_free(r); }
static size_t scq_bytes(size_t cap, size_t size) { return weir_scq_bytes(cap, size, SCQ_THREADS); }
static int scq_init(void **ring, void *mem, size_t bytes, size_t cap, size_t size, unsigned flags,
                    uint64_t start) {
    weir_scq *r;
    int rc = flags ? WEIR_EINVAL : weir__scq_init_at(&r, mem, bytes, cap, size, SCQ_THREADS, start);
    *ring = rc == 0 ? r : NULL;
    return rc;
}
static int scq_attach(void **ring, void *mem, size_t bytes) {
    weir_scq *r;
    int rc = weir_scq_attach(&r, mem, bytes);
    *ring = r;
    return rc;
}
static int scq_fini(void *r, weir_drop_fn *drop, void *arg) { return weir_scq_fini(r, drop, arg); }
static int scq_push(void *r, const void *v) { return weir_scq_try_push(r, v); }
static int scq_pop(void *r, void *v) { return weir_scq_try_pop(r, v); }
static bool scq_is_closed(void *r) {
    (void)r;
    return false;
}
static size_t scq_len(void *r) { return weir_scq_len(r); }

static void scq_dump(void *ring, char *text, size_t n) {
    weir_scq *r = ring;
    uint64_t h = weir_load_relaxed(&r->head_), t = weir_load_relaxed(&r->tail_); /* for a report */
    (void)snprintf(
        text, n, "cap %zu, head 0x%llx (slot 0x%llx), tail 0x%llx (slot 0x%llx)", weir_scq_cap(r),
        (unsigned long long)h, (unsigned long long)weir_load_relaxed(weir__scq_slot(r, h)),
        (unsigned long long)t, (unsigned long long)weir_load_relaxed(weir__scq_slot(r, t)));
}

/* Exact: what is full or empty is never undecided, whatever else is in flight. */
const struct ring_kind ring_scq = { .name = "scq",
                                    .has = RING_MANY | RING_MEMORY | RING_TRIES | RING_EXACT,
                                    .make = scq_make,
                                    .free = scq_free,
                                    .bytes = scq_bytes,
                                    .init = scq_init,
                                    .attach = scq_attach,
                                    .fini = scq_fini,
                                    .push = scq_push,
                                    .pop = scq_pop,
                                    .is_closed = scq_is_closed,
                                    .len = scq_len,
                                    .dump = scq_dump,
                                    .claim = 48 };

/* ---- mutex ring ------------------------------------------------------------------------------ */

static int mutex_ring_make(void **ring, const struct weir_ring_opts *o) {
    weir_mutex_ring *r;
    int rc = weir_mutex_ring_new(&r, o);
    *ring = r;
    return rc;
}
RING_FORWARD(mutex_ring)

/* Takes no mutex: a thread that hangs may hold it. */
static void mutex_ring_dump(void *r, char *text, size_t n) {
    (void)snprintf(text, n, "cap %zu", weir_mutex_ring_cap(r));
}

const struct ring_kind ring_mutex = { .name = "mutex",
                                      .has = RING_MANY | RING_WAITS | RING_EXACT,
                                      .make = mutex_ring_make,
                                      RING_FORWARDED(mutex_ring),
                                      .dump = mutex_ring_dump };
