/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/place.h - where a ring under test stands: as its constructor makes it, or in memory
 * that is exact, oddly aligned, next to pages that cannot be touched, or mapped twice. */
#ifndef WEIR_STRESS_PLACE_H
#define WEIR_STRESS_PLACE_H

#include "../../common/ring_kind.h"

enum place {
    PLACE_NEW,   /* kind->make */
    PLACE_EXACT, /* a block of the heap of just its size: AddressSanitizer sees what lies outside */
    PLACE_ODD,   /* the same, aligned to 8 and not to 16 */
    PLACE_EDGE,  /* the last byte before a page without access */
    PLACE_START, /* the first byte after one */
    PLACE_TWICE, /* two mappings of one piece of memory: pushed through one, popped through the other */
    PLACES
};

struct placed {
    const struct ring_kind *kind;
    void *in, *out; /* for pushes, for pops */
    void *block;    /* of memory that is not the ring's own; mapped: its bytes, 0: of the heap */
    size_t mapped;
};

struct shape {
    size_t cap, size;
    uint64_t start; /* of the indices; for a ring of its own memory 0 */
    enum place place;
};

/* Makes the ring; drop counts for PLACE_NEW only. Returns 0 or a negative code, WEIR_ENOMEM too where
 * memory cannot be mapped. A kind without RING_MEMORY is always made by its constructor. */
int placed_open(struct placed *p, const struct ring_kind *kind, const struct shape *s,
                weir_drop_fn *drop, void *arg);
/* Ends it, and frees or unmaps its memory. The code of the ring's own call. */
int placed_close(struct placed *p, weir_drop_fn *drop, void *arg);

/* `bytes` bytes before a page without access; NULL: no memory. edge_free takes the same number. */
void *edge_alloc(size_t bytes);
void edge_free(void *p, size_t bytes);

#endif
