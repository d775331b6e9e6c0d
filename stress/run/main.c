/* SPDX-License-Identifier: MIT */
/* stress/run/main.c - weir-stress-run: weir's own scenarios. `weir-stress run` starts it: a program of its
 * own, because the explorer's holds weir a second time, compiled for the model. */
#include "run.h"
#include "scenarios.h"

/* Of the sources of weir (points.cmake), ended by NULL. */
static const char *const points[] = {
#include "points.inc"
    NULL
};

int main(int argc, char **argv) {
    size_t n;
    const struct weir_stress_scenario *const *scenarios = run_scenarios(&n);
    return sr_main(argc, argv, scenarios, n, points);
}
