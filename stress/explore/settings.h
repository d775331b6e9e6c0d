/* SPDX-License-Identifier: MIT */
/* stress/explore/settings.h - how a scenario is explored: defaults, then the scenario's own options, then
 * those of the command line. Each is a key and a value. */
#ifndef WEIR_STRESS_SETTINGS_H
#define WEIR_STRESS_SETTINGS_H

#include "../common/command.h"
#include "engine.h"

/* The command line. */
struct ex_command {
    struct cm_command line;
    const char *replay, *out;
    bool list, help, quiet, force, all, must_exhaust, first;
};

struct ex_settings {
    const struct ex_strategy *strategy;
    const struct ex_memory *memory[3];
    unsigned nmemory;
    struct ex_budget budget;
    uint64_t seed, executions; /* 0 executions: no limit */
    double seconds;            /* 0: no limit */
    unsigned depth, steps, cpus, membarrier, races;
    char weaken[64]; /* "LABEL:STEP" */
};

/* 0, or -1 with one line in `why`. */
int ex_command_parse(struct ex_command *c, int argc, char **argv, char *why, size_t n);
int ex_settings_make(struct ex_settings *s, const struct ex_command *c,
                     const struct weir_model_scenario *sc, char *why, size_t n);

/* Takes an order away from a label of the library under test, "MPMC_S1:release"; "" restores all.
 * 0, or -1 with one line in `why`. */
int ex_weaken(const char *text, char *why, size_t n);

const struct ex_memory *ex_memory_named(const char *name);
void ex_usage(FILE *to);

#endif
