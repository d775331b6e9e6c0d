/* SPDX-License-Identifier: MIT */
/* bench/cost.h - how long a plan takes: runs, and what is made before them.
 *
 * A run has its time, which is the plan's, and what is around it. Beside that, a table of a map has to be filled
 * before its first run, and is looked through and given back later. It is kept for the runs of later rounds while
 * there is room (map_tables.h): where the tables of a group need more, each is filled again in every round. */
#ifndef WEIR_BENCH_COST_H
#define WEIR_BENCH_COST_H

#include "plan.h"

/* Sets setup and refills of all items, on a machine that has room for so many bytes of tables. */
void wb_cost_tables(struct wb_plan *plan, double room);

/* Seconds that an item takes in a round. */
double wb_cost_of(const struct wb_plan *plan, const struct wb_item *item, unsigned round);

#endif
