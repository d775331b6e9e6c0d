/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios.h - the scenarios of weir itself, for weir-stress run. Defined in scenarios/all.c. */
#ifndef WEIR_STRESS_SCENARIOS_H
#define WEIR_STRESS_SCENARIOS_H

#include <weir/stress.h>

/* All of them, and how many. They live as long as the process. */
const struct weir_stress_scenario *const *run_scenarios(size_t *n);

#endif
