/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/check.h - histories that were found right already.
 *
 * Many schedules give the same history. Those found right are remembered by a 64-bit hash of all that
 * the checker looks at (results, values, the order of the stamps), in a table that only forgets; two
 * different histories with one hash would hide a fault with a probability below 10^-9 for a billion
 * executions. */
#ifndef WEIR_STRESS_SCENARIO_CHECK_H
#define WEIR_STRESS_SCENARIO_CHECK_H

#include "../engine.h"

#define SEEN_HISTORIES 65536

struct seen_histories {
    uint64_t hash[SEEN_HISTORIES];
};

uint64_t history_hash(const struct weir_model_op *op, size_t n); /* never 0 */
bool history_seen(const struct seen_histories *s, uint64_t h);
void history_remember(struct seen_histories *s, uint64_t h);

#endif
