/* SPDX-License-Identifier: MIT */
/* bench/rounds.h - measures a plan round by round. */
#ifndef WEIR_BENCH_ROUNDS_H
#define WEIR_BENCH_ROUNDS_H

#include "plan.h"

/* Measures the rounds of the group up to and including `round`, as far as they have not been. */
void wb_rounds_until(struct wb_plan *plan, struct wb_group *group, unsigned round);

/* Measures everything that has not been. */
void wb_rounds_all(struct wb_plan *plan);

/* Counts a sample that was measured, here or in another process, and says on stderr what is wrong.
 */
void wb_rounds_take(struct wb_plan *plan, struct wb_item *item, unsigned round,
                    const struct wb_sample *sample, const char *why);

/* How many samples there are. */
unsigned wb_rounds_taken(const struct wb_plan *plan);

#endif
