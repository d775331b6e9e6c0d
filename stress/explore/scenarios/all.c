/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/all.c - the command weir-stress explore: its scenarios. */
#include "../../cli/commands.h"
#include "all.h"

static const struct weir_model_scenario *const all[] = {
    &scenario_mpmc_2x3,
    &scenario_mpmc_3x2,
};

int command_explore(int argc, char **argv) {
    return weir_model_main(argc, argv, all, sizeof all / sizeof *all);
}
