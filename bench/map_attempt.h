/* SPDX-License-Identifier: MIT */
/* bench/map_attempt.h - one attempt at a run of a kind of map: what its tests (map_tests.h) share.
 *
 * An attempt takes a table and threads, runs phases on them, checks, and leaves its figures in *out. Every step that
 * can fail leaves the reason in `status` and `why`; the test then returns. wb_map_test makes the attempt and, after the
 * test, gives table and threads back.
 *
 * What a run checks: every value that was read is its key's; no put was refused; of reads that must find, or
 * must not, as many did; and the map's length is what its threads added up, where all puts said whether they were
 * new. Every eighth run that wrote looks at each index besides: what is found is the length. */
#ifndef WEIR_BENCH_MAP_ATTEMPT_H
#define WEIR_BENCH_MAP_ATTEMPT_H

#include "map_tables.h"
#include "map_team.h"

#define WB_MAP_GRACE 120.0           /* seconds: of work whose amount is fixed */
#define WB_SETTLE UINT64_C(30000000) /* ns: a grace period, and what frees */
#define WB_CHURN_LONGER 10           /* times as long as other runs */

struct wb_attempt {
    const struct wb_trial *trial;
    struct wb_team **team;
    struct wb_sample *out;
    struct wb_hist *latencies;
    char *why;
    size_t size;
    struct wb_table *table; /* NULL: none, or no more */
    struct wb_map_run *run; /* NULL as well: left behind with threads that are stuck */
    enum wb_status status;
};

static inline const struct wb_map *wb_attempt_kind(const struct wb_attempt *t) {
    return (const struct wb_map *)t->trial->ring;
}

static inline const struct wb_map_shape *wb_attempt_shape(const struct wb_attempt *t) {
    return &t->trial->shape.map;
}

/* Its threads are stuck and keep what they were given: that is not to be freed. */
static inline bool wb_attempt_left_behind(const struct wb_attempt *t) {
    return t->status == WB_STUCK && !*t->team;
}

/* False. `why` is copied. */
bool wb_attempt_failed(struct wb_attempt *t, const char *why);

/* Sets t->table: the pool's of the trial, or one of its own, empty or filled. NULL: t->status says why. */
void wb_attempt_pooled(struct wb_attempt *t);
void wb_attempt_own(struct wb_attempt *t, unsigned share, bool filled);

/* Sets t->run: n threads for the table. False: there are none. */
bool wb_attempt_threads(struct wb_attempt *t, unsigned n, bool hists);

/* Thread i reads `read` percent of keys first .. first + range - 1; half of the rest puts, half deletes. */
void wb_attempt_mix(struct wb_attempt *t, unsigned i, unsigned read, uint64_t first,
                    uint64_t range);

/* wb_map_run_phase, and the check of what was read. False: t->status says why, and the table is not used again. */
bool wb_attempt_phase(struct wb_attempt *t, double seconds, double grace);

/* Checks of the table when nobody is inside; of the reads of the first threads, where nobody writes what they
 * read. False: the run has failed, and the table is gone. */
bool wb_attempt_sound(struct wb_attempt *t);
bool wb_attempt_sound_hits(struct wb_attempt *t, unsigned readers);

/* A check failed: so much `is` there of `what`. False, as the checks. */
bool wb_attempt_wrong(struct wb_attempt *t, const char *what, uint64_t is, uint64_t wanted);

/* Figures of the first n threads, WB_NONE if they did nothing; then of all threads' latencies. */
void wb_attempt_figures(struct wb_attempt *t, unsigned n);
void wb_attempt_latencies(struct wb_attempt *t);

/* The tests. */
void wb_attempt_mixed(struct wb_attempt *t);
void wb_attempt_beside(struct wb_attempt *t);
void wb_attempt_grow(struct wb_attempt *t);
void wb_attempt_churn(struct wb_attempt *t);
void wb_attempt_stalled(struct wb_attempt *t);
void wb_attempt_load(struct wb_attempt *t);
void wb_attempt_memory(struct wb_attempt *t);

#endif
