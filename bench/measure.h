/* SPDX-License-Identifier: MIT */
/* bench/measure.h - measures a plan, through Google Benchmark where it is built in. */
#ifndef WEIR_BENCH_MEASURE_H
#define WEIR_BENCH_MEASURE_H

#include "env.h"
#include "plan.h"

/* Returns 0, or 2: a --benchmark_ flag that is not known. `raw` names raw.json; NULL: none. */
int wb_measure(struct wb_plan *plan, const struct wb_env *env, const char *raw);

#endif
