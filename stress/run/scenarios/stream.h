/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/stream.h - producers push, consumers pop, in rounds; each round has a ring of its own.
 * What a row of the table stands for (stream_rows.c) is how they call it and where it stands. */
#ifndef WEIR_STRESS_STREAM_H
#define WEIR_STRESS_STREAM_H

#include "body.h"
#include "ledger.h"
#include "meet.h"
#include "place.h"
#include "verbs.h"

/* How rounds end, and what else goes on in them; each round takes one at random where there are several. */
enum {
    STREAM_DRAINS = 1, /* the last producer closes, consumers drain */
    STREAM_LEAVES = 2, /* consumers go away, the rest is dropped when the ring is ended */
    STREAM_CLOSES = 4, /* somebody closes in the middle, two at once */
    STREAM_POKED = 8,  /* the last worker wakes the others for nothing all the time */
};

#define STREAM_SIZES 4

struct stream_row {
    unsigned hows;                /* HOW_*, of single elements and of batches */
    unsigned batches;             /* calls of 100 that are batches, up to 2 * cap + 2 elements */
    unsigned ends;                /* STREAM_* */
    uint32_t quota;               /* elements of each producer in a round, at most */
    uint16_t caps[STREAM_SIZES];  /* 0 ends; none: one per worker, or a random one up to 64 */
    uint16_t sizes[STREAM_SIZES]; /* bytes of an element; 0 ends; none: 8 */
    unsigned places;              /* a bit per enum place; 0: PLACE_EXACT and PLACE_NEW */
    bool wraps;                   /* indices start just below where some width of them ends */
};

#define STREAM_BATCH 160 /* elements of one call, at most */
#define STREAM_SIZE 128  /* bytes of an element, at most */

/* A worker: written by itself alone while a round is on. */
struct stream_part {
    _Alignas(WEIR_LINE) struct tally tally;
    weir_aptr parker;   /* for who pokes */
    char *elems;        /* STREAM_BATCH of STREAM_SIZE; their end is the end of a page */
    unsigned closed_ok; /* calls of close that returned 0, in this round */
};

struct stream {
    const struct ring_kind *kind;
    const struct stream_row *row;
    struct meeting meeting;
    struct ledger ledger;
    struct placed ring;
    struct stream_part *part;
    unsigned threads, pokers;
    uint64_t rounds, elements;
    /* of this round */
    struct shape shape;
    unsigned end; /* one of STREAM_DRAINS, _LEAVES, _CLOSES */
    uint32_t quota, closers[2], close_at;
    bool over;
    _Alignas(WEIR_LINE) weir_au32 producing; /* producers that may still push */
    weir_au32 inside;                        /* workers that have not ended this round */
    weir_au32 left;                          /* of a ring without close: nobody pops any more */
};

int stream_setup(void *state, struct weir_stress *run);
void stream_thread(void *state, struct weir_stress_worker *w);
void stream_finish(void *state);

#endif
