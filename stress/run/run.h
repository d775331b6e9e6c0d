/* SPDX-License-Identifier: MIT */
/* stress/run/run.h - the program: its command line, and which runs it asks for. */
#ifndef WEIR_STRESS_RUN_PROGRAM_H
#define WEIR_STRESS_RUN_PROGRAM_H

#include "stress/common/command.h"
#include "watch.h"

/* In a run's process: the number of the inherited file. */
#define SR_CHILD "WEIR_STRESS_CHILD"

#define SR_LIST 16  /* values of one key */
#define SR_ROWS 512 /* runs of one scenario */

/* A number of threads, or of threads for each processor. */
struct sr_threads {
    unsigned n;
    bool each;
};

struct sr_command {
    struct cm_command line;
    const char *out;
    bool list, help, first, all, quick, quiet, points;
    struct sr_settings set; /* what all runs share */
    struct sr_threads threads[SR_LIST];
    enum sr_delay delay[SR_LIST];
    enum sr_place place[SR_LIST];
    enum sr_storm storm[SR_LIST];
    unsigned nthreads, ndelay, nplace, nstorm; /* 0: not given */
    unsigned times;
    double soak;
    bool seconds_given;
};

struct sr_row {
    unsigned threads;
    enum sr_delay delay;
    enum sr_place place;
    enum sr_storm storm;
};

/* 0, or -1 with one line in `why`. */
int sr_command_parse(struct sr_command *c, int argc, char **argv, char *why, size_t n);
void sr_usage(FILE *to);

/* The runs of a scenario: how many, or 0 with one line in `why`. */
unsigned sr_plan(const struct sr_command *c, const struct weir_stress_scenario *sc,
                 struct sr_row row[SR_ROWS], char *why, size_t n);

unsigned sr_cpus(void); /* that this process may use */
bool sr_sanitized(void);

/* weir_stress_main, with the names of all points of the structures under test (ended by NULL). */
int sr_main(int argc, char **argv, const struct weir_stress_scenario *const *scenarios, size_t n,
            const char *const *points);

#endif
