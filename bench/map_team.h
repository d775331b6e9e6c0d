/* SPDX-License-Identifier: MIT */
/* bench/map_team.h - threads at work on a map: a phase of the team (team.h) whose parts are struct wb_map_work. */
#ifndef WEIR_BENCH_MAP_TEAM_H
#define WEIR_BENCH_MAP_TEAM_H

#include "maps.h"
#include "run.h"
#include "team.h"

struct wb_map_thread {
    struct wb_worker as_worker; /* what the team hands over: it points to this struct */
    struct wb_map_work work;
    const struct wb_map *kind;
    void (*instead)(struct wb_map_thread *t); /* NULL: the kind's loop */
    void *arg;                                /* of instead */
    uint64_t start_ns, end_ns;                /* around the loop */
    char pad_[WB_LINE_BYTES];
};

/* All memory of a run, in one piece: of a run that is stuck it is left behind. */
struct wb_map_run {
    unsigned n;
    struct wb_map_thread *threads;
    struct wb_part *parts;
    struct wb_hist *hists; /* one per thread; NULL: none */
    struct wb_phase phase;
    uint32_t loads; /* test:load */
};

/* NULL: out of memory. */
struct wb_map_run *wb_map_run_new(const struct wb_map *kind, void *map, unsigned threads,
                                  bool hists);
void wb_map_run_free(struct wb_map_run *r);

/* Runs all threads. seconds: until stop is set; grace: seconds after that in which they must have ended. seconds 0: until they have
 * done what they have to, for which they have `grace`. Else WB_STUCK; if *team is NULL then, neither r nor the map is to be touched any
 * more. WB_NONE: Ctrl-C came, and not all is done. */
enum wb_status wb_map_run_phase(struct wb_map_run *r, struct wb_team **team, enum wb_pin pin,
                                double seconds, double grace, char *why, size_t size);

/* Over threads from .. to - 1: operations, and seconds from the first start to the last end. */
uint64_t wb_map_run_ops(const struct wb_map_run *r, unsigned from, unsigned to);
double wb_map_run_seconds(const struct wb_map_run *r, unsigned from, unsigned to);

/* What was read was right, and no put was refused; else `why` gets one line. */
bool wb_map_run_sound(const struct wb_map_run *r, char *why, size_t size);

/* Bytes that malloc has given out. */
size_t wb_heap(void);
/* Bytes that malloc takes for a block of so many. */
size_t wb_heap_of(size_t bytes);

#endif
