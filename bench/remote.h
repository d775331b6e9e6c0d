/* SPDX-License-Identifier: MIT */
/* bench/remote.h - the one-CPU group, measured by another weir-bench that is limited to one CPU.
 *
 * The library reads the affinity once, at start, so one process cannot measure both. The other
 * process gets the same suite options and writes one line per sample to a pipe. */
#ifndef WEIR_BENCH_REMOTE_H
#define WEIR_BENCH_REMOTE_H

#include "plan.h"

/* Runs the other process and takes over its samples. What goes wrong with it counts as a failed
 * run of each item that it did not measure. */
void wb_remote_measure(struct wb_plan *plan, struct wb_group *group);

/* In the other process: reports the item's sample of this round. */
void wb_remote_tell(int fd, const struct wb_item *item, unsigned round, const char *why);

#endif
