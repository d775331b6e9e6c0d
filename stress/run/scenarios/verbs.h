/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/verbs.h - one call of a ring, in any of its forms, with all that can be checked of it
 * alone: it ends in exactly one documented way; a deadline is neither ignored nor early; a failed pop
 * writes nothing; errno stays as it was; the length is never above the capacity. */
#ifndef WEIR_STRESS_VERBS_H
#define WEIR_STRESS_VERBS_H

#include <weir/stress.h>

#include "../../common/ring_kind.h"

enum how {
    HOW_TRY = 1,
    HOW_IN_PLACE = 2, /* weir_spsc; single elements */
    HOW_WAIT = 4,     /* until it goes or the ring is closed */
    HOW_NOW = 8,      /* the waiting verb with WEIR_NOW */
    HOW_PAST = 16,    /* ... with a deadline that has passed, also a negative one */
    HOW_NEAR = 32,    /* ... that comes within the time of a wake-up */
    HOW_FAR = 64,     /* ... that is far away, up to WEIR_FOREVER - 1 */
};

/* What one worker did, in its own lines. */
struct tally {
    uint64_t calls, full, empty, busy, late;
    char pad_[WEIR_LINE - 40];
};

/* A ring as one worker sees it. */
struct caller {
    const struct ring_kind *kind;
    void *ring; /* for producers the one mapping, for consumers perhaps the other */
    size_t cap, size;
    struct weir_stress_worker *w;
    struct tally *tally;
};

/* One of the forms in the mask `hows` that the kind has; of none, HOW_TRY. */
enum how how_of(const struct caller *c, unsigned hows);

/* n elements at elems, or 0: a single one, as always where there are no batches. Returns how many were moved (a single one: 1), or a code. */
ptrdiff_t call_push(struct caller *c, enum how how, const void *elems, size_t n);
ptrdiff_t call_pop(struct caller *c, enum how how, void *elems, size_t n);

/* After a call that moved nothing: gives others the processor now and then. `vain` counts these in a row. */
void back_off(struct weir_stress_worker *w, unsigned *vain);

/* The bounds of the length, which any thread may ask for at any time. */
void check_len(const struct caller *c);

/* What sleepers wait for: weir_stress_waits. arg: a struct caller. */
bool ready_push(void *arg);
bool ready_pop(void *arg);

#endif
