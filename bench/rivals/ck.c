/* SPDX-License-Identifier: MIT */
/* bench/rivals/ck.c - Concurrency Kit's ck_ring, spsc and mpmc, through CK_RING_PROTOTYPE.
 *
 * For 8 bytes there is also the form that stores pointers. Both compile to the same moves: 8 bytes
 * copied by a memcpy of constant size. A ck_ring holds one element less than its size, a power of two.
 * From 64 on a capacity that is a power of two is taken as that size: 1023 elements for 1024 compare
 * better than 2047 would, which halve its context switches on one CPU. It has no batches. A push by
 * one thread waits inside the call until earlier pushes of others are published. */
#include <stdlib.h>

#include <ck_ring.h>

#include "../ring_run.h"
#include "rivals.h"

CK_RING_PROTOTYPE(e8, wb_elem_8)
CK_RING_PROTOTYPE(e64, wb_elem_64)
CK_RING_PROTOTYPE(e256, wb_elem_256)

/* The slots follow the ring, which is a multiple of a line long. */
struct ring {
    ck_ring_t ck;
    char slots[] __attribute__((aligned(64)));
};

static void *ring_open(const struct wb_shape *s) {
    if (s->cap > (size_t)1 << 30 || s->batch > WB_BATCH_MAX) return NULL;
    unsigned size = 4; /* ck_ring has no smaller ones */
    while (size < s->cap || (size == s->cap && size < 64)) size *= 2;
    size_t bytes = (sizeof(struct ring) + size * s->size + 127) & ~(size_t)127;
    struct ring *r = (struct ring *)aligned_alloc(128, bytes);
    if (!r) return NULL;
    memset(r, 0, bytes);
    ck_ring_init(&r->ck, size);
    return r;
}

static void ring_dispose(void *r) { free(r); }

/* The prototype's functions take pointers to what they only read. */
#define SLOTS(r) ((ELEM *)(void *)(r)->slots)
#define CK_FN_(verb, kind, size) ck_ring_##verb##_##kind##_e##size
#define CK_FN(verb, kind, size) CK_FN_(verb, kind, size)

#define RING_NAME spsc_ck
#define RING_TYPE struct ring
#define RING_PUSH(r, e) CK_FN(enqueue, spsc, RING_SIZE)(&(r)->ck, SLOTS(r), (ELEM *)(uintptr_t)(e))
#define RING_POP(r, e) CK_FN(dequeue, spsc, RING_SIZE)(&(r)->ck, SLOTS(r), e)
#define RING_SIZES
#include "../ring_loops.h"

#define RING_NAME mpmc_ck
#define RING_TYPE struct ring
#define RING_PUSH(r, e) CK_FN(enqueue, mpmc, RING_SIZE)(&(r)->ck, SLOTS(r), (ELEM *)(uintptr_t)(e))
#define RING_POP(r, e) CK_FN(dequeue, mpmc, RING_SIZE)(&(r)->ck, SLOTS(r), e)
#define RING_SIZES
#include "../ring_loops.h"

WB_RING(wb_spsc_ck, "ck", "spsc", WB_PACKAGE_CK, "capacity: a power of two, less one",
        WB_SPSC | WB_SIZES, ring_open, ring_dispose, NULL, spsc_ck);

WB_RING(wb_mpmc_ck, "ck", "mpmc", WB_PACKAGE_CK,
        "capacity: a power of two, less one; a preempted producer holds up the others inside "
        "the call",
        WB_MPMC | WB_SIZES, ring_open, ring_dispose, NULL, mpmc_ck);
