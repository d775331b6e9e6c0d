/* SPDX-License-Identifier: MIT */
/* bench/cpus.h - which processors the process may use, and where a team's threads go.
 *
 * Pinning. `auto`, the default, gives each thread of a run a processor of its own, where there are
 * enough: two threads that the kernel now and then puts on one processor are the largest noise
 * there is. compact fills a core's hardware threads first, spread takes one per core first; auto
 * is spread. Where threads outnumber processors nothing is pinned in any mode: the kernel has to
 * share them out, and fixed places would decide which threads get half a processor. */
#ifndef WEIR_BENCH_CPUS_H
#define WEIR_BENCH_CPUS_H

#include <sched.h>
#include <stdbool.h>

enum wb_pin { WB_PIN_AUTO, WB_PIN_COMPACT, WB_PIN_SPREAD, WB_PIN_NONE };

/* Processors that the process may keep busy at once: affinity, and the cgroup's quota where it has
 * one. At least 1. Read once. */
unsigned wb_cpus(void);

/* The first processor of the affinity mask. */
int wb_first_cpu(void);

/* The processor for thread `i` of a run with `threads` threads; -1: any. */
int wb_place(enum wb_pin pin, unsigned threads, unsigned i);

/* The mask that the process started with, for threads without a place. */
const cpu_set_t *wb_allowed(void);

/* Limits the process to a list such as "0" or "0-3,8", by re-executing the program with that
 * affinity: the library has read it at start. Returns 1 if the affinity is already so, else does
 * not return, except with -1 for a list that is malformed or names a processor that cannot be
 * used. */
int wb_limit_cpus(const char *list, char **argv);

#endif
