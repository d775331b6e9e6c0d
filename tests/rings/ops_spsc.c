/* SPDX-License-Identifier: MIT */
/* tests/rings/ops_spsc.c - weir_spsc as the ring under test. */
#include "ring.h"

#include <stdio.h>

#include <weir/spsc.h>

#include "queues/spsc.h"

/* A NULL `out` is passed on. */
static int give(void **out, void *r, int rc) {
    if (out) *out = r;
    return rc;
}

static int make(void **out, const struct weir_ring_opts *opts) {
    weir_spsc *r = NULL;
    int rc = weir_spsc_new(out ? &r : NULL, opts);
    return give(out, r, rc);
}
static int free_(void *r) {
    weir_spsc_free(r);
    return 0;
}
static int init(void **out, void *mem, size_t bytes, size_t cap, size_t elem_size) {
    weir_spsc *r = NULL;
    int rc = weir_spsc_init(out ? &r : NULL, mem, bytes, cap, elem_size);
    return give(out, r, rc);
}
static int init_at(void **out, void *mem, size_t bytes, size_t cap, size_t elem_size,
                   uint64_t start) {
    weir_spsc *r = NULL;
    int rc = weir__spsc_init_at(&r, mem, bytes, cap, elem_size, start);
    return give(out, r, rc);
}
static int attach(void **out, void *mem, size_t bytes) {
    weir_spsc *r = NULL;
    int rc = weir_spsc_attach(out ? &r : NULL, mem, bytes);
    return give(out, r, rc);
}
static int fini(void *r, weir_drop_fn *drop, void *arg) { return weir_spsc_fini(r, drop, arg); }

static int try_push(void *r, const void *elem) { return weir_spsc_push(r, elem) ? 0 : WEIR_EAGAIN; }
static int try_pop(void *r, void *elem) { return weir_spsc_pop(r, elem) ? 0 : WEIR_EAGAIN; }
static ptrdiff_t try_push_n(void *r, const void *elems, size_t n) {
    size_t k = weir_spsc_push_n(r, elems, n);
    return k || n == 0 ? (ptrdiff_t)k : WEIR_EAGAIN;
}
static ptrdiff_t try_pop_n(void *r, void *elems, size_t n) {
    size_t k = weir_spsc_pop_n(r, elems, n);
    return k || n == 0 ? (ptrdiff_t)k : WEIR_EAGAIN;
}
static size_t len(void *r) { return weir_spsc_len(r); }
static size_t cap(void *r) { return weir_spsc_cap(r); }

static void dump(void *ring) {
    weir_spsc *r = ring;
    (void)fprintf(stderr, "spsc: cap %llu, head %llu, tail %llu, limit %llu, tail_seen %llu\n",
                  (unsigned long long)r->cap_, (unsigned long long)weir_load_relaxed(&r->head_),
                  (unsigned long long)weir_load_relaxed(&r->tail_), (unsigned long long)r->limit_,
                  (unsigned long long)r->tail_seen_);
}

const struct ring_ops R = {
    .name = "spsc",
    .has = HAS_BATCH | HAS_WHOLE | HAS_MEMORY | HAS_IN_PLACE | HAS_POINTS | IS_SPSC,
    .index_bits = 64,
    .make = make,
    .free = free_,
    .bytes = weir_spsc_bytes,
    .init = init,
    .init_at = init_at,
    .attach = attach,
    .fini = fini,
    .try_push = try_push,
    .try_pop = try_pop,
    .try_push_n = try_push_n,
    .try_pop_n = try_pop_n,
    .len = len,
    .cap = cap,
    .dump = dump,
};
