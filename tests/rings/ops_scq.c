/* SPDX-License-Identifier: MIT */
/* tests/rings/ops_scq.c - weir_scq as the ring under test. Its calls never say WEIR_EBUSY here: it is made for
 * more threads than any test has. */
#include "ring.h"

#include <stdio.h>

#include <weir/scq.h>

#include "queues/scq.h"

/* 24 producers and 24 consumers, and some. */
#define THREADS 64

/* A NULL `out` is passed on. */
static int give(void **out, void *r, int rc) {
    if (out) *out = r;
    return rc;
}

static int make(void **out, const struct weir_ring_opts *opts) {
    weir_scq *r = NULL;
    int rc = weir_scq_new(out ? &r : NULL, opts, THREADS);
    return give(out, r, rc);
}
static int free_(void *r) { return weir_scq_free(r); }
static size_t bytes_of(size_t cap, size_t elem_size) {
    return weir_scq_bytes(cap, elem_size, THREADS);
}
static int init(void **out, void *mem, size_t bytes, size_t cap, size_t elem_size) {
    weir_scq *r = NULL;
    int rc = weir_scq_init(out ? &r : NULL, mem, bytes, cap, elem_size, THREADS);
    return give(out, r, rc);
}
static int init_at(void **out, void *mem, size_t bytes, size_t cap, size_t elem_size,
                   uint64_t start) {
    weir_scq *r = NULL;
    int rc = weir__scq_init_at(&r, mem, bytes, cap, elem_size, THREADS, start);
    return give(out, r, rc);
}
static int attach(void **out, void *mem, size_t bytes) {
    weir_scq *r = NULL;
    int rc = weir_scq_attach(out ? &r : NULL, mem, bytes);
    return give(out, r, rc);
}
static int fini(void *r, weir_drop_fn *drop, void *arg) { return weir_scq_fini(r, drop, arg); }
static int try_push(void *r, const void *elem) { return weir_scq_try_push(r, elem); }
static int try_pop(void *r, void *elem) { return weir_scq_try_pop(r, elem); }
static size_t len(void *r) { return weir_scq_len(r); }
static size_t cap(void *r) { return weir_scq_cap(r); }

static void dump(void *ring) {
    weir_scq *r = ring;
    uint64_t h = weir_load_relaxed(&r->head_), t = weir_load_relaxed(&r->tail_);
    (void)fprintf(stderr, "scq: cap %zu, head 0x%llx (slot 0x%llx), tail 0x%llx (slot 0x%llx)\n",
                  weir_scq_cap(r), (unsigned long long)h,
                  (unsigned long long)weir_load_relaxed(weir__scq_slot(r, h)),
                  (unsigned long long)t,
                  (unsigned long long)weir_load_relaxed(weir__scq_slot(r, t)));
}

const struct ring_ops R = {
    .name = "scq",
    .has = HAS_MANY | HAS_MEMORY | HAS_POINTS | IS_SCQ,
    .index_bits = 64,
    .make = make,
    .free = free_,
    .bytes = bytes_of,
    .init = init,
    .init_at = init_at,
    .attach = attach,
    .fini = fini,
    .try_push = try_push,
    .try_pop = try_pop,
    .len = len,
    .cap = cap,
    .dump = dump,
};
