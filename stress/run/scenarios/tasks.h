/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/tasks.h - the scenarios of pools. */
#ifndef WEIR_STRESS_TASKS_H
#define WEIR_STRESS_TASKS_H

#include <weir/stress.h>

struct tasks_kind {
    unsigned kind, flags;
};

extern const struct weir_stress_scenario *const tasks_scenarios[];

#endif
