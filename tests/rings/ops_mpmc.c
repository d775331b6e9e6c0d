/* SPDX-License-Identifier: MIT */
/* tests/rings/ops_mpmc.c - weir_mpmc as the ring under test; with RING_NO_MEMBARRIER
 * it is made for a process whose threads must not be interrupted by membarrier. */
#include "ring.h"

#include <stdio.h>

#include <weir/mpmc.h>

#include "queues/mpmc.h"

#ifdef RING_NO_MEMBARRIER
#define RING_NAME "mpmc_fence"
#define RING_FLAGS WEIR_RING_NO_MEMBARRIER
#else
#define RING_NAME "mpmc"
#define RING_FLAGS 0
#endif

/* A NULL `out` is passed on. */
static int give(void **out, void *r, int rc) {
    if (out) *out = r;
    return rc;
}

static int make(void **out, const struct weir_ring_opts *opts) {
    weir_mpmc *r = NULL;
    int rc = weir_mpmc_new(out ? &r : NULL, opts);
    return give(out, r, rc);
}
static int free_(void *r) { return weir_mpmc_free(r); }
static int init(void **out, void *mem, size_t bytes, size_t cap, size_t elem_size) {
    weir_mpmc *r = NULL;
    int rc = weir_mpmc_init(out ? &r : NULL, mem, bytes, cap, elem_size, RING_FLAGS);
    return give(out, r, rc);
}
static int init_at(void **out, void *mem, size_t bytes, size_t cap, size_t elem_size,
                   uint64_t start) {
    weir_mpmc *r = NULL;
    int rc = weir__mpmc_init_at(&r, mem, bytes, cap, elem_size, RING_FLAGS, start);
    return give(out, r, rc);
}
static int attach(void **out, void *mem, size_t bytes) {
    weir_mpmc *r = NULL;
    int rc = weir_mpmc_attach(out ? &r : NULL, mem, bytes);
    return give(out, r, rc);
}
static int fini(void *r, weir_drop_fn *drop, void *arg) { return weir_mpmc_fini(r, drop, arg); }

static int try_push(void *r, const void *elem) { return weir_mpmc_try_push(r, elem); }
static int try_pop(void *r, void *elem) { return weir_mpmc_try_pop(r, elem); }
static ptrdiff_t try_push_n(void *r, const void *elems, size_t n) {
    return weir_mpmc_try_push_n(r, elems, n);
}
static ptrdiff_t try_pop_n(void *r, void *elems, size_t n) {
    return weir_mpmc_try_pop_n(r, elems, n);
}
static int push_wait(void *r, const void *elem, weir_time deadline, weir_ctx *ctx) {
    return weir_mpmc_push_wait(r, elem, deadline, ctx);
}
static int pop_wait(void *r, void *elem, weir_time deadline, weir_ctx *ctx) {
    return weir_mpmc_pop_wait(r, elem, deadline, ctx);
}
static ptrdiff_t push_n_wait(void *r, const void *elems, size_t n, weir_time d, weir_ctx *ctx) {
    return weir_mpmc_push_n_wait(r, elems, n, d, ctx);
}
static ptrdiff_t pop_n_wait(void *r, void *elems, size_t n, weir_time d, weir_ctx *ctx) {
    return weir_mpmc_pop_n_wait(r, elems, n, d, ctx);
}
static int push_forever(void *r, const void *elem) { return weir_mpmc_push(r, elem); }
static int pop_forever(void *r, void *elem) { return weir_mpmc_pop(r, elem); }
static int close_(void *r) { return weir_mpmc_close(r); }
static bool is_closed(void *r) { return weir_mpmc_is_closed(r); }
static size_t len(void *r) { return weir_mpmc_len(r); }
static size_t cap(void *r) { return weir_mpmc_cap(r); }

static void dump(void *ring) {
    weir_mpmc *r = ring;
    uint64_t h = weir_load_relaxed(&r->head_), t = weir_load_relaxed(&r->tail_);
    uint64_t at_h = weir_load_relaxed(weir__mpmc_stamp(r, h, (size_t)r->stride_));
    uint64_t at_t = weir_load_relaxed(weir__mpmc_stamp(r, t, (size_t)r->stride_));
    (void)fprintf(
        stderr,
        "mpmc: cap %zu, head 0x%llx (stamp 0x%llx), tail 0x%llx (stamp 0x%llx), lap 0x%llx, "
        "waiters 0x%llx\n",
        weir_mpmc_cap(r), (unsigned long long)h, (unsigned long long)at_h, (unsigned long long)t,
        (unsigned long long)at_t, (unsigned long long)r->lap_,
        (unsigned long long)weir_load_relaxed(&r->waiters_));
}

const struct ring_ops R = {
    .name = RING_NAME,
    .has = HAS_BATCH | HAS_WHOLE | HAS_MANY | HAS_WAIT | HAS_MEMORY | HAS_POINTS | IS_MPMC,
    .busy = true,
    .index_bits = 62,
    .make = make,
    .free = free_,
    .bytes = weir_mpmc_bytes,
    .init = init,
    .init_at = init_at,
    .attach = attach,
    .fini = fini,
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
    .flags = RING_FLAGS,
    .dump = dump,
};
