/* SPDX-License-Identifier: MIT */
/* bench/map_tests.h - a run of a kind of map: the counterpart of run.c for maps.
 *
 *   (none)   threads that read, put and delete, in the proportions of the case       M1, M5, M6
 *   beside   readers of the lower half of the keys, and nobody or a writer that stores new values for the upper half,
 *            as fast as it can; what counts is the readers
 *   grow     from empty to its keys, without a hint, each put timed: throughput, and the worst ones      M3
 *   churn    puts and deletes for ten times the time; bytes: per entry, at the end; bytes_low: when it was
 *            filled, before                                                                              M4
 *   stalled  the same, while a reader is stopped inside a read for so many ms; garbage: the most that the heap grew
 *            meanwhile, with malloc's own bytes, and with what values point to, neither of which weir's limit counts;
 *            bytes: per entry, half a second after the reader went on; ops: the writers', meanwhile       M4
 *   memory   one thread puts from half the keys to twice as many. bytes: just after a doubling, that is, once what it moved from
 *            is gone; bytes_low: the least, just before one; bytes_high: the most, amid one */
#ifndef WEIR_BENCH_MAP_TESTS_H
#define WEIR_BENCH_MAP_TESTS_H

#include "run.h"
#include "team.h"

/* As wb_run, but one attempt: WB_NONE says that nothing was done. Once WB_STUCK, *team is NULL. */
enum wb_status wb_map_test(const struct wb_trial *trial, struct wb_team **team,
                           struct wb_sample *out, struct wb_hist *latencies, char *why,
                           size_t why_size);

/* Threads of a case, and the seconds that its run takes by plan. */
unsigned wb_map_test_threads(enum wb_test test, const struct wb_shape *shape);
double wb_map_test_cost(enum wb_test test, const struct wb_shape *shape, double seconds);

/* Its table is kept, and used by later runs (map_tables.h); else each run makes its own. */
bool wb_test_keeps_table(enum wb_test test);

/* Gives all tables back. */
void wb_map_tests_end(void);

#endif
