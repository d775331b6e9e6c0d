/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/all.h - scenarios that are no rows of a table; each list ends with NULL. */
#ifndef WEIR_STRESS_SCENARIOS_H
#define WEIR_STRESS_SCENARIOS_H

#include <weir/model.h>

extern const struct weir_model_scenario *const park_scenarios[], *const found_scenarios[];
extern const struct weir_model_scenario *const held_scenarios[];
extern const struct weir_model_scenario *const thread_scenarios[];
extern const struct weir_model_scenario *const carries_scenarios[];
extern const struct weir_model_scenario *const ctx_scenarios[], *const queue_scenarios[];
extern const struct weir_model_scenario *const mpsc_list_scenarios[];
extern const struct weir_model_scenario *const sem_cross_scenarios[], *const wg_scenarios[];
extern const struct weir_model_scenario *const scq_two_scenarios[];
extern const struct weir_model_scenario *const once_scenarios[];
extern const struct weir_model_scenario *const compute_scenarios[], *const compute_free_scenarios[];
extern const struct weir_model_scenario *const rcu_scenarios[];
extern const struct weir_model_scenario *const rcu_retire_scenarios[];
extern const struct weir_model_scenario *const fork_scenarios[];
extern const struct weir_model_scenario *const timer_scenarios[], *const after_scenarios[];
extern const struct weir_model_scenario *const limiter_scenarios[];
extern const struct weir_model_scenario *const waits_scenarios[];
extern const struct weir_model_scenario *const fd_scenarios[], *const eventfd_scenarios[];
extern const struct weir_model_scenario *const relay_scenarios[], *const notify_scenarios[];
extern const struct weir_model_scenario *const group_scenarios[], *const flight_scenarios[];
extern const struct weir_model_scenario *const cache_scenarios[];
extern const struct weir_model_scenario *const line_scenarios[];
/* Ends with NULL, too. */
const struct weir_model_scenario *const *pool_scenarios(void);
const struct weir_model_scenario *const *pool_states_scenarios(void);
extern const struct weir_model_scenario *const specimens[]; /* stress/specimens */

#endif
