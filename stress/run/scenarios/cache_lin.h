/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/cache_lin.h - the scenarios of caches. */
#ifndef WEIR_STRESS_CACHE_LIN_H
#define WEIR_STRESS_CACHE_LIN_H

#include <weir/stress.h>

extern const struct weir_stress_scenario *const cache_scenarios[];

#endif
