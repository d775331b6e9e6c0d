/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/ledger.h - which elements went in and came out in one round, and the verdict: each
 * element that was accepted came out once (0 -> 1 -> 2), none that was not, and at each consumer the elements
 * of one producer came in their order.
 *
 * Producer p makes elements 0, 1, 2, ... and offers each until it is accepted, so that what was
 * accepted is a number. A consumer writes down what it got in a list of its own. Nothing is shared
 * while threads run: a shared state of each element would order them, and an atomic exchange on it
 * would drain the store buffers whose delay is looked for. The states are made in the judgement. */
#ifndef WEIR_STRESS_LEDGER_H
#define WEIR_STRESS_LEDGER_H

#include <weir/atomic.h>
#include <weir/stress.h>

#define LEDGER_SMALLEST 4 /* bytes of an element, at least */

struct ledger_part {
    uint32_t accepted; /* of a producer */
    uint32_t got;      /* of a consumer, in `list` */
    uint32_t *list;
    char pad_[WEIR_LINE - 16];
};

struct ledger {
    unsigned producers, consumers;
    uint32_t quota; /* elements of one producer, at most */
    uint32_t round;
    size_t size; /* bytes of an element */
    struct ledger_part *producer,
        *consumer; /* one consumer more than threads: for what is dropped */
    unsigned char *state;
    uint32_t *last;
};

/* 0 or WEIR_ENOMEM. quota is cut down where many threads would need much memory. */
int ledger_init(struct ledger *l, unsigned producers, unsigned consumers, uint32_t quota);
void ledger_fini(struct ledger *l);

/* A new round, of elements of `size` bytes. Nobody else is inside. */
void ledger_start(struct ledger *l, size_t size);

/* The bytes of element number `seq` of a producer. */
void ledger_make(const struct ledger *l, unsigned producer, uint32_t seq, void *elem);
/* A consumer got it; checks that the bytes are those of one element of this round. */
void ledger_got(struct ledger *l, unsigned consumer, const void *elem);

/* All have ended. Checks; returns how many elements went through. */
uint64_t ledger_judge(struct ledger *l);

#endif
