/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/all.c - what weir-stress run knows: each body on each kind of ring and of map, RCU,
 * the deque, pools, caches, and the ground floor. docs/stress-scenarios.md says which row of the design is covered by which. */
#include "../scenarios.h"
#include "body.h"
#include "cache_lin.h"
#include "map_body.h"
#include "tasks.h"

#define MOST 320

const struct weir_stress_scenario *const *run_scenarios(size_t *n) {
    static const struct weir_stress_scenario *all[MOST];
    static const struct ring_kind *const kinds[] = {
        &ring_mpmc,       &ring_mpmc_fence, &ring_spsc,        &ring_scq,
        &ring_mutex,      &ring_queue,      &ring_queue_small, &ring_mpsc,
        &ring_mpsc_small, &ring_mpsc_list,  &ring_mutex_queue
    };
    static const struct map_kind *const maps[] = { &map_words,       &map_shard,
                                                   &map_shard_mutex, &map_shard_rwlock,
                                                   &map_one_mutex,   &map_one_rwlock };
    size_t k = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        k = all_bodies_on(kinds[i], all, k, MOST);
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
        k = map_bodies_on(maps[i], all, k, MOST);
    for (size_t i = 0; rcu_scenarios[i] && k < MOST; i++) all[k++] = rcu_scenarios[i];
    for (size_t i = 0; deque_scenarios[i] && k < MOST; i++) all[k++] = deque_scenarios[i];
    for (size_t i = 0; tasks_scenarios[i] && k < MOST; i++) all[k++] = tasks_scenarios[i];
    for (size_t i = 0; cache_scenarios[i] && k < MOST; i++) all[k++] = cache_scenarios[i];
    for (size_t i = 0; floor_scenarios[i] && k < MOST; i++) all[k++] = floor_scenarios[i];
    *n = k;
    return all;
}
