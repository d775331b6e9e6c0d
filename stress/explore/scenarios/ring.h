/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/ring.h - scenarios of rings, as tables.
 *
 * A program is a word for each thread, one letter an operation:
 *   u o   try push, try pop           B b   try push and pop of a batch of two
 *   U O   push and pop that wait      N n   batches of two that wait for one
 *   D d   push and pop with a deadline
 *   r p   push by reserve and commit, pop by peek and consume
 *   c     close                       l     length
 * Values pushed are unique. */
#ifndef WEIR_STRESS_SCENARIO_RING_H
#define WEIR_STRESS_SCENARIO_RING_H

#include <weir/base.h>

#include "../../common/ring_kind.h"
#include "../engine.h"

/* One scenario: a row of a table. */
struct ring_case {
    const char *name;
    const struct ring_kind *kind;
    uint64_t start;      /* of the indices */
    unsigned cap, flags; /* WEIR_RING_* */
    const char *program[EX_THREADS];
    const char *options;
};

/* The last has no name. */
extern const struct ring_case mpmc_cases[], spsc_cases[], scq_cases[], mutex_cases[];
extern const struct ring_case queue_cases[], mutex_queue_cases[];

void ring_scenario(struct weir_model_scenario *to, const struct ring_case *c);

/* Checks the history of the execution, whose kinds are letters as above, against a bounded queue: each
 * result is right at some instant of its call. has: RING_EXACT, it is never undecided; RING_SOFT. Fails the execution. */
void ring_check(unsigned cap, unsigned has);

#endif
