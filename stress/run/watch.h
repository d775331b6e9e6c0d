/* SPDX-License-Identifier: MIT */
/* stress/run/watch.h - the parent's side: starting a run, watching it, what came of it. */
#ifndef WEIR_STRESS_WATCH_H
#define WEIR_STRESS_WATCH_H

#include <stdio.h>
#include <sys/types.h>

#include "shared.h"

enum sr_kind {
    SR_PASSED,
    SR_SKIPPED,
    SR_CHECK,
    SR_LOST,
    SR_CANNOT_END,
    SR_NO_PROGRESS,
    SR_NO_END,
    SR_CRASH,
    SR_REPORT,
    SR_EXIT,
    SR_SETUP_FAILED,
    SR_MEMORY,
    SR_INTERRUPTED,
    SR_KINDS
};

#define SR_SAMPLES 512

/* Resident memory over the time of the run. */
struct sr_memory {
    unsigned n;
    uint64_t kib[SR_SAMPLES];
    double next, step; /* seconds */
};

struct sr_outcome {
    enum sr_kind kind;
    char text[SR_TEXT]; /* of a failure, or why it was skipped */
    double seconds;
    uint64_t ops;
    bool waiters;       /* the answers in the workers' records are of the end */
    int output, stacks; /* files; stacks: -1 if there are none */
    struct sr_memory memory;
};

/* ---- launch.c ------------------------------------------------------------------------------------------ */

/* The program's own arguments, for the runs' processes. */
void sr_launch_init(char **argv);
/* A block with these settings, or NULL; released by sr_land. */
struct sr_shared *sr_block(const struct sr_settings *set, int *fd);
/* Starts the run. Returns its process, or -1. The file that is its output: *output. */
pid_t sr_launch(const struct sr_settings *set, int fd, int *output);
void sr_land(struct sr_shared *s, int fd, struct sr_outcome *o);

/* ---- watch.c ------------------------------------------------------------------------------------------- */

extern int (*sr_interrupted)(void);

/* Until the process has ended, on its own or by us. tick(): now and then. */
void sr_watch(struct sr_shared *s, pid_t pid, struct sr_outcome *o, void (*tick)(double seconds));
const char *sr_kind_name(enum sr_kind k);

/* ---- look.c: what the kernel says about the process ------------------------------------------------------- */

/* Whether the thread sleeps in the kernel and has not run since the call before with this *switches. */
bool sr_sleeps(pid_t pid, pid_t tid, uint64_t *switches);
uint64_t sr_rss_kib(pid_t pid);
bool sr_has_debugger(void);
/* The stacks of all threads, into a file; -1: the debugger said nothing. */
int sr_stacks(pid_t pid);
/* Whether a sanitizer has begun to report. */
bool sr_sanitizer_said(int output, char *line, size_t n);

/* ---- memory.c ------------------------------------------------------------------------------------------------- */

void sr_memory_start(struct sr_memory *m, double seconds);
void sr_memory_sample(struct sr_memory *m, pid_t pid, double at);
/* A steady slope: one line in `why`. */
bool sr_memory_grows(const struct sr_memory *m, double seconds, char *why, size_t n);

/* ---- report.c -------------------------------------------------------------------------------------------------- */

void sr_print_waiters(FILE *to, const struct sr_shared *s);
void sr_print_steps(FILE *to, const struct sr_shared *s);
/* "SCENARIO seed=1 threads=2 ...": the settings as arguments. */
void sr_print_arguments(FILE *to, const struct sr_settings *set);
/* Prints the failure, and writes its folder below `out`. */
void sr_report(const char *program, const char *out, const struct sr_shared *s,
               const struct sr_outcome *o);

extern const char *const sr_delay_names[], *const sr_place_names[], *const sr_storm_names[];

#endif
