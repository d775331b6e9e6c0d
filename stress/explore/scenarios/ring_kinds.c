/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/ring_kinds.c - weir's rings behind the verbs of ring.h. */
#include <weir/mpmc.h>
#include <weir/mutex_ring.h>
#include <weir/spsc.h>

#include "../../../queues/mpmc.h"
#include "../../../queues/spsc.h"
#include "ring.h"

/* ---- mpmc, in memory of its own so that its indices can start anywhere -------------------------------------- */

static int mpmc_make(void **ring, unsigned cap, uint64_t start, unsigned flags) {
    size_t bytes = weir_mpmc_bytes(cap, sizeof(uint64_t));
    void *mem = weir_model_alloc(bytes, WEIR_LINE);
    weir_mpmc *r = NULL;
    int rc =
        mem ? weir__mpmc_init_at(&r, mem, bytes, cap, sizeof(uint64_t), flags, start) : WEIR_ENOMEM;
    *ring = r;
    return rc;
}
static int mpmc_end(void *r) {
    int rc = weir_mpmc_fini(r, NULL, NULL);
    weir_model_free(r);
    return rc;
}
static int mpmc_push(void *r, const uint64_t *v) { return weir_mpmc_try_push(r, v); }
static int mpmc_pop(void *r, uint64_t *v) { return weir_mpmc_try_pop(r, v); }
static ptrdiff_t mpmc_push_n(void *r, const uint64_t *v, size_t n) {
    return weir_mpmc_try_push_n(r, v, n);
}
static ptrdiff_t mpmc_pop_n(void *r, uint64_t *v, size_t n) { return weir_mpmc_try_pop_n(r, v, n); }
static int mpmc_push_wait(void *r, const uint64_t *v, weir_time d) {
    return weir_mpmc_push_wait(r, v, d, NULL);
}
static int mpmc_pop_wait(void *r, uint64_t *v, weir_time d) {
    return weir_mpmc_pop_wait(r, v, d, NULL);
}
static ptrdiff_t mpmc_push_n_wait(void *r, const uint64_t *v, size_t n, weir_time d) {
    return weir_mpmc_push_n_wait(r, v, n, d, NULL);
}
static ptrdiff_t mpmc_pop_n_wait(void *r, uint64_t *v, size_t n, weir_time d) {
    return weir_mpmc_pop_n_wait(r, v, n, d, NULL);
}
static int mpmc_close(void *r) { return weir_mpmc_close(r); }
static bool mpmc_is_closed(void *r) { return weir_mpmc_is_closed(r); }
static size_t mpmc_len(void *r) { return weir_mpmc_len(r); }

const struct ring_kind ring_mpmc = { "mpmc",
                                     mpmc_make,
                                     mpmc_end,
                                     mpmc_push,
                                     mpmc_pop,
                                     mpmc_push_n,
                                     mpmc_pop_n,
                                     mpmc_push_wait,
                                     mpmc_pop_wait,
                                     mpmc_push_n_wait,
                                     mpmc_pop_n_wait,
                                     mpmc_close,
                                     mpmc_is_closed,
                                     mpmc_len,
                                     NULL,
                                     NULL,
                                     64 };

/* ---- spsc ------------------------------------------------------------------------------------------------------- */

static int spsc_make(void **ring, unsigned cap, uint64_t start, unsigned flags) {
    size_t bytes = weir_spsc_bytes(cap, sizeof(uint64_t));
    void *mem = weir_model_alloc(bytes, WEIR_LINE);
    weir_spsc *r = NULL;
    (void)flags;
    int rc = mem ? weir__spsc_init_at(&r, mem, bytes, cap, sizeof(uint64_t), start) : WEIR_ENOMEM;
    *ring = r;
    return rc;
}
static int spsc_end(void *r) {
    int rc = weir_spsc_fini(r, NULL, NULL);
    weir_model_free(r);
    return rc;
}
static int spsc_push(void *r, const uint64_t *v) { return weir_spsc_push(r, v) ? 0 : WEIR_EAGAIN; }
static int spsc_pop(void *r, uint64_t *v) { return weir_spsc_pop(r, v) ? 0 : WEIR_EAGAIN; }
static ptrdiff_t spsc_push_n(void *r, const uint64_t *v, size_t n) {
    size_t k = weir_spsc_push_n(r, v, n);
    return k ? (ptrdiff_t)k : WEIR_EAGAIN;
}
static ptrdiff_t spsc_pop_n(void *r, uint64_t *v, size_t n) {
    size_t k = weir_spsc_pop_n(r, v, n);
    return k ? (ptrdiff_t)k : WEIR_EAGAIN;
}
static bool spsc_is_closed(void *r) {
    (void)r;
    return false;
}
static int spsc_push_in_place(void *r, const uint64_t *v) {
    struct weir_span span;
    ptrdiff_t n = weir_spsc_reserve(r, 1, &span);
    if (n < 0) return (int)n;
    weir_model_write(span.at[0], sizeof *v);
    memcpy(span.at[0], v, sizeof *v);
    return weir_spsc_commit(r, 1);
}
static int spsc_pop_in_place(void *r, uint64_t *v) {
    struct weir_span span;
    ptrdiff_t n = weir_spsc_peek(r, 1, &span);
    if (n < 0) return (int)n;
    weir_model_read(span.at[0], sizeof *v);
    memcpy(v, span.at[0], sizeof *v);
    return weir_spsc_consume(r, 1);
}
static size_t spsc_len(void *r) { return weir_spsc_len(r); }

const struct ring_kind ring_spsc = { .name = "spsc",
                                     .make = spsc_make,
                                     .end = spsc_end,
                                     .push = spsc_push,
                                     .pop = spsc_pop,
                                     .push_n = spsc_push_n,
                                     .pop_n = spsc_pop_n,
                                     .is_closed = spsc_is_closed,
                                     .len = spsc_len,
                                     .push_in_place = spsc_push_in_place,
                                     .pop_in_place = spsc_pop_in_place,
                                     .claim = 24 };

/* ---- mutex ring ----------------------------------------------------------------------------------------------------- */

static int mutex_make(void **ring, unsigned cap, uint64_t start, unsigned flags) {
    struct weir_ring_opts o = WEIR_RING_OPTS(cap, sizeof(uint64_t));
    weir_mutex_ring *r;
    (void)start;
    o.flags = flags;
    int rc = weir_mutex_ring_new(&r, &o);
    *ring = r;
    return rc;
}
static int mutex_end(void *r) { return weir_mutex_ring_free(r); }
static int mutex_push(void *r, const uint64_t *v) { return weir_mutex_ring_try_push(r, v); }
static int mutex_pop(void *r, uint64_t *v) { return weir_mutex_ring_try_pop(r, v); }
static ptrdiff_t mutex_push_n(void *r, const uint64_t *v, size_t n) {
    return weir_mutex_ring_try_push_n(r, v, n);
}
static ptrdiff_t mutex_pop_n(void *r, uint64_t *v, size_t n) {
    return weir_mutex_ring_try_pop_n(r, v, n);
}
static int mutex_push_wait(void *r, const uint64_t *v, weir_time d) {
    return weir_mutex_ring_push_wait(r, v, d, NULL);
}
static int mutex_pop_wait(void *r, uint64_t *v, weir_time d) {
    return weir_mutex_ring_pop_wait(r, v, d, NULL);
}
static ptrdiff_t mutex_push_n_wait(void *r, const uint64_t *v, size_t n, weir_time d) {
    return weir_mutex_ring_push_n_wait(r, v, n, d, NULL);
}
static ptrdiff_t mutex_pop_n_wait(void *r, uint64_t *v, size_t n, weir_time d) {
    return weir_mutex_ring_pop_n_wait(r, v, n, d, NULL);
}
static int mutex_close(void *r) { return weir_mutex_ring_close(r); }

static bool mutex_is_closed(void *r) { return weir_mutex_ring_is_closed(r); }
static size_t mutex_len(void *r) { return weir_mutex_ring_len(r); }

const struct ring_kind ring_mutex = { "mutex",
                                      mutex_make,
                                      mutex_end,
                                      mutex_push,
                                      mutex_pop,
                                      mutex_push_n,
                                      mutex_pop_n,
                                      mutex_push_wait,
                                      mutex_pop_wait,
                                      mutex_push_n_wait,
                                      mutex_pop_n_wait,
                                      mutex_close,
                                      mutex_is_closed,
                                      mutex_len,
                                      NULL,
                                      NULL,
                                      0 };
