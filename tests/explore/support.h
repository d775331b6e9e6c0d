/* SPDX-License-Identifier: MIT */
/* tests/explore/support.h - run scenarios of a test through the explorer. */
#ifndef WEIR_TESTS_EXPLORE_SUPPORT_H
#define WEIR_TESTS_EXPLORE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stress/explore/engine.h"

struct found {
    uint64_t executions;
    bool all; /* every schedule under the budgets was run */
    enum ex_failure_kind failure;
    char text[400];
    size_t choices;
};

/* Until a failure, the last schedule, or `most` executions. */
struct found explore(const struct weir_model_scenario *sc, const struct ex_memory *mem,
                     const struct ex_strategy *strategy, struct ex_budget budget, uint64_t most);

/* Exhaustive, under sequentially consistent memory, with two preemptions. */
struct found explore_sc(const struct weir_model_scenario *sc);

#endif
