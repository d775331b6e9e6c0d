/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/all.c - what weir-stress run knows: each body on each kind of ring, and the ground
 * floor. docs/stress-scenarios.md says which row of the design is covered by which. */
#include "../scenarios.h"
#include "body.h"

#define MOST 256

const struct weir_stress_scenario *const *run_scenarios(size_t *n) {
    static const struct weir_stress_scenario *all[MOST];
    static const struct ring_kind *const kinds[] = { &ring_mpmc, &ring_mpmc_fence, &ring_spsc,
                                                     &ring_mutex };
    size_t k = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        k = all_bodies_on(kinds[i], all, k, MOST);
    for (size_t i = 0; floor_scenarios[i] && k < MOST; i++) all[k++] = floor_scenarios[i];
    *n = k;
    return all;
}
