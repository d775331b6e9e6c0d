/* SPDX-License-Identifier: MIT */
/* bench/count/count.c - runs each ring's push and pop, uncontended, a known number of times, and tells
 * callgrind where each run begins and ends. scripts/count reads the dumps.
 *
 * Linked with variants and rivals that were compiled with WB_COUNT: there `solo` moves exactly as many
 * elements as it is asked to (bench/ring_bodies.h). Each ring runs N and then 2N elements: the
 * difference, over N, is the cost of one element without what a run costs once. To weir's variants
 * (`weir`: size constant at the call; `weir_generic`: size loaded) it adds, from the same loops:
 *   by_hand    the same algorithm, written for the element type (by_hand.h)
 *   weir_typed the typed shims of WEIR_SPSC_DECLARE and WEIR_MPMC_DECLARE, by value
 *   none       no ring at all: what the loop costs, to be taken off */
#include <stdio.h>

#include <valgrind/callgrind.h>
#include <weir/mpmc.h>
#include <weir/spsc.h>

#include "../ring_run.h"
#include "by_hand.h"
#include "calls.h"

#define CAP 1024
#define ELEMENTS 4096

/* ---- none ---------------------------------------------------------------------------------------- */

static void *none_open(const struct wb_shape *s) { return (void *)(uintptr_t)s; } /* not NULL */
static void none_dispose(void *r) { (void)r; }

/* The element goes to where the compiler cannot follow it; what comes back is not it. */
static inline bool none_push(const uint64_t *word) {
    __asm__ __volatile__("" : : "r"(*word));
    return true;
}
static inline bool none_pop(uint64_t *word) {
    __asm__ __volatile__("" : "+r"(*word));
    return true;
}

#define RING_NAME none
#define RING_TYPE void
#define RING_PUSH(r, e) ((void)(r), none_push((e)->w))
#define RING_POP(r, e) ((void)(r), none_pop((e)->w))
#define RING_SIZES
#include "../ring_loops.h"

static WB_RING(count_none, "none", "spsc", NULL, NULL, WB_SPSC | WB_SIZES, none_open, none_dispose,
               NULL, none);

/* ---- by hand ------------------------------------------------------------------------------------- */

typedef struct wb_elem_8 e8;
typedef struct wb_elem_64 e64;
typedef struct wb_elem_256 e256;

#define BY_HAND_ALL(T) BY_HAND_SPSC(T, T) BY_HAND_MPMC(T, T)
BY_HAND_ALL(e8)
BY_HAND_ALL(e64)
BY_HAND_ALL(e256)

#define BY_SIZE(s, call, kind) \
    ((s)->size == 8 ? call(e8, kind) : (s)->size == 64 ? call(e64, kind) : call(e256, kind))
#define HAND_NEW(T, kind) T##_##kind##_new(s->cap)
static void *hand_spsc_open(const struct wb_shape *s) { return BY_SIZE(s, HAND_NEW, spsc); }
static void *hand_mpmc_open(const struct wb_shape *s) { return BY_SIZE(s, HAND_NEW, mpmc); }

#define HAND_(size, kind, verb) e##size##_##kind##_##verb
#define HAND(size, kind, verb) HAND_(size, kind, verb)
#define HAND_TYPE_(size, kind) struct e##size##_##kind
#define HAND_TYPE(size, kind) HAND_TYPE_(size, kind)

#define RING_NAME hand_spsc
#define RING_TYPE HAND_TYPE(RING_SIZE, spsc)
#define RING_PUSH(r, e) HAND(RING_SIZE, spsc, push)(r, e)
#define RING_POP(r, e) HAND(RING_SIZE, spsc, pop)(r, e)
#define RING_SIZES
#include "../ring_loops.h"

#define RING_NAME hand_mpmc
#define RING_TYPE HAND_TYPE(RING_SIZE, mpmc)
#define RING_PUSH(r, e) HAND(RING_SIZE, mpmc, push)(r, e)
#define RING_POP(r, e) HAND(RING_SIZE, mpmc, pop)(r, e)
#define RING_SIZES
#include "../ring_loops.h"

static WB_RING(count_hand_spsc, "by_hand", "spsc", NULL, NULL, WB_SPSC | WB_SIZES, hand_spsc_open,
               free, NULL, hand_spsc);
static WB_RING(count_hand_mpmc, "by_hand", "mpmc", NULL, NULL, WB_MPMC | WB_SIZES, hand_mpmc_open,
               free, NULL, hand_mpmc);

/* ---- typed shims --------------------------------------------------------------------------------- */

WEIR_SPSC_DECLARE(spsc_e8, e8);
WEIR_SPSC_DECLARE(spsc_e64, e64);
WEIR_SPSC_DECLARE(spsc_e256, e256);
WEIR_MPMC_DECLARE(mpmc_e8, e8);
WEIR_MPMC_DECLARE(mpmc_e64, e64);
WEIR_MPMC_DECLARE(mpmc_e256, e256);

static void *typed_spsc_open(const struct wb_shape *s) {
    spsc_e8 q8;
    spsc_e64 q64;
    spsc_e256 q256;
    if (s->size == 8) return spsc_e8_new(&q8, s->cap) == 0 ? q8.ring : NULL;
    if (s->size == 64) return spsc_e64_new(&q64, s->cap) == 0 ? q64.ring : NULL;
    return spsc_e256_new(&q256, s->cap) == 0 ? q256.ring : NULL;
}

static void *typed_mpmc_open(const struct wb_shape *s) {
    mpmc_e8 q8;
    mpmc_e64 q64;
    mpmc_e256 q256;
    if (s->size == 8) return mpmc_e8_new(&q8, s->cap) == 0 ? q8.ring : NULL;
    if (s->size == 64) return mpmc_e64_new(&q64, s->cap) == 0 ? q64.ring : NULL;
    return mpmc_e256_new(&q256, s->cap) == 0 ? q256.ring : NULL;
}

static void typed_spsc_dispose(void *r) { weir_spsc_free(r); }
static void typed_mpmc_dispose(void *r) { (void)weir_mpmc_free(r); }

#define TYPED_(kind, size, verb) kind##_e##size##_##verb
#define TYPED(kind, size, verb) TYPED_(kind, size, verb)
#define TYPED_OF_(kind, size, r) ((kind##_e##size){ r })
#define TYPED_OF(kind, size, r) TYPED_OF_(kind, size, r)

#define RING_NAME typed_spsc
#define RING_TYPE weir_spsc
#define RING_PUSH(r, e) TYPED(spsc, RING_SIZE, push)(TYPED_OF(spsc, RING_SIZE, r), *(e))
#define RING_POP(r, e) TYPED(spsc, RING_SIZE, pop)(TYPED_OF(spsc, RING_SIZE, r), e)
#define RING_SIZES
#include "../ring_loops.h"

#define RING_NAME typed_mpmc
#define RING_TYPE weir_mpmc
#define RING_PUSH(r, e) (TYPED(mpmc, RING_SIZE, try_push)(TYPED_OF(mpmc, RING_SIZE, r), *(e)) == 0)
#define RING_POP(r, e) (TYPED(mpmc, RING_SIZE, try_pop)(TYPED_OF(mpmc, RING_SIZE, r), e) == 0)
#define RING_SIZES
#include "../ring_loops.h"

static WB_RING(count_typed_spsc, "weir_typed", "spsc", NULL, NULL, WB_SPSC | WB_SIZES,
               typed_spsc_open, typed_spsc_dispose, NULL, typed_spsc);
static WB_RING(count_typed_mpmc, "weir_typed", "mpmc", NULL, NULL, WB_MPMC | WB_SIZES,
               typed_mpmc_open, typed_mpmc_dispose, NULL, typed_mpmc);

/* ---- the runs ------------------------------------------------------------------------------------ */

static bool run(const struct wb_ring *ring, struct wb_worker *w, uint64_t n) {
    char label[80];
    (void)snprintf(label, sizeof label, "%s/%s/%zu %llu", ring->structure, ring->name,
                   w->shape->size, (unsigned long long)n);
    uint64_t before = w->moved;
    w->start_ns = n;
    CALLGRIND_ZERO_STATS;
    ring->solo(w);
    CALLGRIND_DUMP_STATS_AT(label);
    if (ring == &count_none) w->disorder = 0;
    if (w->moved - before == n && w->misses == 0 && w->disorder == 0) return true;
    (void)fprintf(stderr,
                  "count: %s: %llu elements came back, %llu calls failed, %llu out of order\n",
                  label, (unsigned long long)(w->moved - before), (unsigned long long)w->misses,
                  (unsigned long long)w->disorder);
    return false;
}

static bool count(const struct wb_ring *ring, size_t size) {
    if (size > 8 && !(ring->can & WB_SIZES)) return true;
    struct wb_shape shape;
    memset(&shape, 0, sizeof shape);
    shape.producers = shape.consumers = shape.batch = 1;
    shape.cap = CAP;
    shape.size = size;
    uint32_t no = 0;
    uint64_t seen = 0;
    struct wb_worker w;
    memset(&w, 0, sizeof w);
    w.ring = ring->open(&shape);
    if (!w.ring) {
        (void)fprintf(stderr, "count: %s/%s could not be opened\n", ring->structure, ring->name);
        return false;
    }
    w.shape = &shape;
    w.stop = w.drain = &no;
    w.seen = &seen;
    bool good = run(ring, &w, CAP); /* what is resolved or allocated on first use */
    good = good && run(ring, &w, ELEMENTS) && run(ring, &w, 2 * ELEMENTS);
    ring->dispose(w.ring);
    return good;
}

int main(void) {
    static const struct wb_ring *const own[] = {
        &count_none, &count_hand_spsc, &count_hand_mpmc, &count_typed_spsc, &count_typed_mpmc, NULL,
    };
    static const size_t sizes[] = { 8, 64, 256 };
    bool good = true;
    for (unsigned s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        for (const struct wb_ring *const *r = own; *r; r++) good &= count(*r, sizes[s]);
        for (const struct wb_ring *const *r = wb_rings; *r; r++) good &= count(*r, sizes[s]);
    }
    good &= count_calls();
    if (RUNNING_ON_VALGRIND || !good) return good ? 0 : 1;
    (void)puts(
        "count: every ring moved its elements; run it by scripts/count, under valgrind, to count");
    return 0;
}
