/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/deque.h - scenarios of the deque, as a table.
 *
 * A program is a word for each thread, a letter an operation. The first thread is the owner:
 *   u push   o pop   t trim   s steal   n steal of up to two, at once   l length */
#ifndef WEIR_STRESS_SCENARIO_DEQUE_H
#define WEIR_STRESS_SCENARIO_DEQUE_H

#include "../engine.h"

struct deque_case {
    const char *name;
    size_t cap;
    uint64_t start; /* of the indices */
    const char *program[EX_THREADS];
    const char *options;
    bool keeper; /* the last thread is weir's, for old arrays */
};
extern const struct deque_case deque_cases[]; /* the last has no name */

void deque_scenario(struct weir_model_scenario *to, const struct deque_case *c);

#endif
