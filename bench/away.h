/* SPDX-License-Identifier: MIT */
/* bench/away.h - rivals that are programs of their own (WB_AWAY), such as Go's channels.
 *
 * The program is called weir-bench-<variant>, without what begins with a _ (go_sharded is of weir-bench-go), and
 * stands beside this one. It is started when it is first asked for something, in a process group of its own, so
 * that Ctrl-C is the harness's; its stdin and stdout are one socket, and when that ends it ends. Between its
 * turns it waits there, so that its runs take their turns in a round like everybody's.
 *
 * It is asked one line at a time, and answers each with one line:
 *
 *   version                                                       what it is: "go1.24.4"
 *   run TEST STRUCTURE P C cap ways ready sends seconds N CPUS    one phase of a run (run.h)
 *   map VARIANT TEST T read hit dist keys growing seconds N CPUS  the same of a map (maps.h)
 *
 * TEST is stream, solo or ping; cap, ways, ready and sends are the shape's (bench.h). It is to run on the CPUS
 * ("0,1") and to use at most N of them at a time: as many as the threads of the others would have. The answer is
 * "no", followed by why, or
 *
 *   ok ns pushed popped pushed_sum popped_sum disorder fair switches cpu_ns value:count...
 *
 * ns: from the first start to the last consumer's end, by its own clock. pushed, popped: elements; of a ping the
 * trips that either side counted. The sums are of the elements modulo 2^64, the elements those of bench.h. fair:
 * the smallest share over the largest. switches, cpu_ns: of the whole program meanwhile. value:count: latencies
 * in ns, of ping only. The checks are made here, as for everybody.
 *
 * Of a pool or a pipeline (flow.h) STRUCTURE is pool or pipe, TEST of a pool also inside or fib, P the workers, C 1, cap the
 * nanoseconds of work, ways the stages, ready 1 where order is to be kept. What a pool has run is its elements.
 *
 * Of a map TEST is mix or grow, dist uniform or hot, growing 0 or 1; a table of words that is as the question
 * says is filled first, or is one that was asked about before. The answer is
 *
 *   ok ns operations gets hits off due entries fair switches cpu_ns value:count...
 *
 * off: the sum of what was read, less what it should have been. due: how many entries there should be by what
 * puts and deletes have said since the table was filled; entries: how many there are. value:count: of grow only. */
#ifndef WEIR_BENCH_AWAY_H
#define WEIR_BENCH_AWAY_H

#include <stdio.h>

#include "run.h"

/* wb_run of a ring that is WB_AWAY, but one attempt: WB_NONE says that nothing was moved. */
enum wb_status wb_away_run(const struct wb_trial *trial, struct wb_sample *out,
                           struct wb_hist *latencies, char *why, size_t why_size);

/* The same of a map (away_map.c). */
enum wb_status wb_away_map_run(const struct wb_trial *trial, struct wb_sample *out,
                               struct wb_hist *latencies, char *why, size_t why_size);
/* Whether such a program can be asked for it. */
bool wb_away_has_map(enum wb_test test, const struct wb_shape *shape);

/* What the program says it is; "unknown" if it does not answer. */
void wb_away_version(const struct wb_ring *ring, char *out, size_t size);

/* Tables that a program keeps for later questions (tablesMost in rivals/go/maps.go). */
#define WB_AWAY_TABLES 4

/* Ends all of them. */
void wb_away_end(void);

/* ---- for away_map.c ------------------------------------------------------------------------------- */

/* The answer to one line, within so many seconds; *said stays until the next question. */
enum wb_status wb_away_ask(const struct wb_ring *ring, const char *line, double patience,
                           char **said, char *why, size_t size);
/* " 2 0,1": how many processors at a time, and which. */
void wb_away_cpus(FILE *f, const struct wb_trial *t);
/* The next field as a number; *at moves behind it. */
bool wb_away_number(char **at, uint64_t *out);
/* The rest of an answer: " value:count" again and again; hist: NULL: nobody wants them. */
bool wb_away_latencies(char **at, struct wb_hist *hist);

#endif
