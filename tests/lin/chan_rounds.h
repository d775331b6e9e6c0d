/* SPDX-License-Identifier: MIT */
/* tests/lin/chan_rounds.h - runs many small concurrent rounds on two channels, and checks each.
 *
 * A pair of channels lives for a few rounds. In each, persistent threads run operations that were made up
 * beforehand, between two barriers. Each channel's history is checked against every state that the rounds
 * before may have left; in the end it is drained, so that lost elements show. A select counts as the
 * operation of the case that it took; one that took none as a failed operation of each case. */
#ifndef WEIR_TESTS_LIN_CHAN_ROUNDS_H
#define WEIR_TESTS_LIN_CHAN_ROUNDS_H

#include "gen.h"

#include <weir/chan.h>

#define CHANS 2
#define THREADS 4
#define OPS 5       /* of a thread in a round */
#define CASES 3     /* of a select, at most */
#define RECORDED 24 /* of a thread in a round: a select may be recorded as several */

/* What the calls may be made to do wrong, to see that it is noticed. */
enum chan_fault {
    SOUND,
    TAKES_TWO,      /* a select takes another case's element too */
    LOSES_LATE,     /* a receive that is late has taken an element */
    SENT_TO_CLOSED, /* a refused send is reported as done */
    FULL_EARLY,     /* a try_send says full, and has not looked */
};

struct part {
    uint8_t chan;
    bool send;
    uint64_t v;
};

enum what { CALL, SELECT, CLOSE, CANCEL };

struct planned {
    enum what what;
    unsigned n; /* parts; 1 but for a select */
    struct part part[CASES];
    int64_t wait; /* ns; 0: WEIR_NOW; -1: a deadline that has passed */
    bool ctx, priority;
    uint8_t pause;
};

/* Filled in by the caller: as far as `fault`, and rng. */
struct pair {
    const unsigned *kinds; /* of the two channels */
    uint32_t cap[CHANS];
    unsigned threads;
    enum chan_fault fault;
    bool pinned; /* each thread to a processor */
    weir_chan *c[CHANS];
    weir_ctx *ctx; /* of the round */
    weir_lin_recorder *rec;
    struct planned plan[THREADS][OPS];
    unsigned planned[THREADS];
    unsigned deal; /* of roles, in this round */
    struct rng rng, delay[THREADS];
    uint64_t fresh;
    bool delays, over;
    weir_au32 arrived, generation; /* of the barrier */
    struct weir_lin_chan shape[CHANS];
    weir_lin_checker *checker[CHANS];
    unsigned long rounds, operations, selects;
};

/* Lives of pairs of one shape, for `share` seconds; the first verdict that is not OK, or OK. A violation of
 * sound calls is printed. */
enum weir_lin_verdict chan_rounds(struct pair *p, double share);

#endif
