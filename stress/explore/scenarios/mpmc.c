/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/mpmc.c - weir/mpmc.h: try calls. */
#include "all.h"
#include "ring.h"

static const struct ring_case t2x3 = { &ring_mpmc, 2, 0, 0, { "uou", "ouo" } };
static const struct ring_case t3x2 = { &ring_mpmc, 2, 0, 0, { "uo", "uo", "uo" } };

const struct weir_model_scenario scenario_mpmc_2x3 =
    RING_SCENARIO("mpmc.try.2x3", "push pop push | pop push pop, capacity 2", 2, &t2x3, NULL);
const struct weir_model_scenario scenario_mpmc_3x2 =
    RING_SCENARIO("mpmc.try.3x2", "push pop | push pop | push pop, capacity 2", 3, &t3x2, NULL);
