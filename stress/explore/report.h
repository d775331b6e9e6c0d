/* SPDX-License-Identifier: MIT */
/* stress/explore/report.h - failures in words; files that repeat an execution. */
#ifndef WEIR_STRESS_REPORT_H
#define WEIR_STRESS_REPORT_H

#include <stdio.h>

#include "engine.h"

const char *ex_failure_name(enum ex_failure_kind kind);

/* The last execution, which was traced and has failed. `repeat`: the command that repeats it. */
void ex_report_print(FILE *to, const char *repeat);

/* ---- replay files: text, one fact a line, closed by a line with a hash of what came before ------------ */

struct ex_replay {
    char scenario[128], memory[16], strategy[16], weaken[64], failure[64];
    uint64_t seed, version, execution;
    struct ex_budget budget;
    unsigned steps, cpus, membarrier, races;
    size_t n; /* choices, in E.prefix */
};

/* The last execution. 0, or -1: the file cannot be written. */
int ex_replay_write(const char *path, const struct ex_replay *r, const struct ex_record *rec);
/* 0, or -1 with one line in `why`. */
int ex_replay_read(const char *path, struct ex_replay *r, struct ex_record *rec, char *why,
                   size_t n);

#endif
