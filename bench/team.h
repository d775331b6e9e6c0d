/* SPDX-License-Identifier: MIT */
/* bench/team.h - the threads of the harness, and one phase of a run on them.
 *
 * A team's threads are made once and reused; each sleeps on a word of its own between phases. In a
 * phase each thread takes its place (pinned or not), all meet at a sense-reversing barrier, and
 * run their part; the coordinator (the caller) sleeps until the time is over and sets `stop`. The
 * last feeding part (a producer) to return ends the feeding: it calls `fed` (shuts a blocking
 * ring), then sets `drain`; consumers return once the ring is empty. The time of a phase runs from
 * the first start to the last end of the parts that say so.
 *
 * Bounds. A phase that has not ended by its limit is given up: its threads are put into the idle
 * scheduling class, the team is left behind with all memory of the phase (they still use it), and
 * the caller makes a new team. */
#ifndef WEIR_BENCH_TEAM_H
#define WEIR_BENCH_TEAM_H

#include <stdbool.h>
#include <stdint.h>

#define WB_LINE_BYTES 128 /* two lines: neighbours are fetched in pairs */

struct wb_worker; /* bench.h */

struct wb_part {
    void (*run)(struct wb_worker *);
    struct wb_worker *worker;
    int cpu;    /* -1: any */
    bool feeds; /* a producer: ends by `stop`; the others end by `drain` */
    bool last;  /* the phase's time ends when this part ends */
    /* results */
    uint64_t start_ns, end_ns, cpu_ns, switches;
    char pad_[WB_LINE_BYTES - 64];
};

struct wb_phase {
    struct wb_part *parts;
    unsigned n;
    double seconds; /* until `stop` */
    double grace;   /* seconds after `stop` in which it must have ended */
    /* Not until `stop`: the parts end when their work is done. Who has not when so many seconds are over, or when Ctrl-C comes,
     * is told to stop. 0: it is not so. */
    double whole;
    void (*fed)(void *arg);
    void *fed_arg;
    /* Called by the last thread at the barrier, before any part runs; t0 is now. May be NULL. */
    void (*begins)(void *arg, uint64_t t0);
    /* Called by the coordinator instead of sleeping; returns when `stop` is to be set. May be
     * NULL. */
    void (*during)(void *arg, uint64_t t0);
    void *hook_arg;
    /* flags that the loops poll, a line each */
    char pad0_[WB_LINE_BYTES];
    uint32_t stop;
    char pad1_[WB_LINE_BYTES - 4];
    uint32_t drain;
    char pad2_[WB_LINE_BYTES - 4];
    /* the team's own */
    uint32_t feeding; /* parts that have not returned */
    uint32_t left;    /* threads that have not finished; futex */
    uint32_t started; /* futex */
    uint64_t t0;
    struct {
        uint32_t waiting, sense;
    } barrier;
};

struct wb_team;

/* NULL: out of memory. Threads are made when a phase first needs them. */
struct wb_team *wb_team_new(void);
void wb_team_free(struct wb_team *t);

enum wb_team_end {
    WB_TEAM_DONE,
    WB_TEAM_CUT,   /* of `whole`: all have ended, but not with their work done */
    WB_TEAM_STUCK, /* given up: the team is left behind, with everything that the phase refers to */
    WB_TEAM_NO_THREAD, /* a thread could not be made; nothing has run */
};
enum wb_team_end wb_team_run(struct wb_team *t, struct wb_phase *p);

/* Seconds from the first start to the last end; and sums over all parts. */
double wb_phase_seconds(const struct wb_phase *p);

/* How many threads were left behind and still run: then exit() would race with them. */
unsigned wb_team_left_behind(void);

/* Stops the thread of part `i` wherever it is, or inside an operation (hold.h), and returns
 * when it has stopped; then lets it go on. One at a time. */
void wb_team_hold(struct wb_team *t, unsigned i, bool inside);
void wb_team_release(void);

uint64_t wb_now(void); /* CLOCK_MONOTONIC, ns */
void wb_sleep_until(uint64_t ns);
void wb_futex_wait(const uint32_t *word, uint32_t expected, uint64_t until_ns); /* 0: for ever */
void wb_futex_wake(const uint32_t *word);

#endif
