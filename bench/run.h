/* SPDX-License-Identifier: MIT */
/* bench/run.h - one run: one variant, one case, one round.
 *
 * A run opens the ring, warms up for a few milliseconds (on the same ring; a blocking one, which
 * is shut at the end of a phase, on a ring of its own), measures for the time given, and checks
 * what it moved, warm-up included: as many elements out as in, the same sum, each producer's in
 * order. A run whose check fails gives no figure. */
#ifndef WEIR_BENCH_RUN_H
#define WEIR_BENCH_RUN_H

#include "bench.h"
#include "cpus.h"

enum wb_test {
    WB_STREAM,  /* producers and consumers, as fast as they can or at a rate */
    WB_SOLO,    /* push and pop by one thread */
    WB_PING,    /* there and back over two rings */
    WB_STOPPED, /* a stream; what is measured is the 100 ms in which one producer is stopped */
    /* Of maps, beside WB_STREAM, which is the mix of reads, puts and deletes: maps.h, map_tests.c */
    WB_BESIDE, /* readers, and writers of other keys; what is measured is the readers */
    WB_GROW,   /* puts into an empty map until it has its keys; latencies too */
    WB_CHURN,  /* a mix for ten times the time; then memory */
    WB_STALL,  /* writers, while a reader is stopped inside a read; memory meanwhile */
    WB_MEMORY, /* memory per entry from half the keys to twice as many */
    WB_LOAD, /* of caches: all threads ask for one missing key; what is measured is until all have it */
    /* Of pools, beside WB_STREAM, which is tasks from outside: flow.h */
    WB_INSIDE, /* a task submits them */
    WB_FIB,    /* fork and join */
    WB_WAKE,   /* a worker that sleeps is given a task */
    WB_IDLE,   /* nobody has anything to do */
};

enum wb_status { WB_NONE, WB_OK, WB_STUCK, WB_FAILED, WB_ABSENT /* could not be opened */ };

struct wb_sample {
    enum wb_status status;
    bool late; /* it took more than five times its time */
    double
        ns_op; /* of latency cases the median latency, else elapsed time per operation; WB_IDLE: of a second's */
    double ops_s;
    double p50_ns, p90_ns, p99_ns, p999_ns, max_ns; /* latency cases only, else 0 */
    double fair_min_max;  /* smallest share of a producer (consumer) over the largest */
    double csw_per_op;    /* context switches */
    double cpu_s_per_mop; /* CPU seconds per million operations */
    double misses_per_op; /* calls that moved nothing */
    double disorder; /* elements out of order, of a variant that promises none (WB_UNORDERED) */
    /* Of maps; 0: not measured. Per entry: what a table holds; for comparison less and more, as the test says. */
    double bytes, bytes_low, bytes_high;
    double garbage; /* bytes: the most that the heap grew while a reader was stopped */
};

struct wb_totals { /* of all threads, by both phases: what the checks are about */
    uint64_t pushed, popped, pushed_sum, popped_sum, disorder;
};

struct wb_trial {
    const struct wb_ring *ring;
    struct wb_shape shape;
    enum wb_test test;
    enum wb_pin pin;
    double seconds;
};

/* Runs it. Its status is WB_NONE if Ctrl-C came before anything was measured. `latencies` (NULL: none are kept) gets all latencies of the run added, if it is WB_OK.
 * `why` gets one line where the status is not WB_OK. */
void wb_run(const struct wb_trial *trial, struct wb_sample *out, struct wb_hist *latencies,
            char *why, size_t why_size);

/* Ends the threads. */
void wb_run_end(void);

/* ---- what a run by another program (away.c) shares with this one ------------------------------ */

#define WB_WARM_UP 0.003 /* seconds */

/* Seconds after the end of a phase in which it must have ended. */
double wb_run_grace(double seconds);
/* It took so much longer than planned that the sample is doubtful. */
bool wb_run_is_late(enum wb_test test, double seconds, double took);
/* As many out as in, and the same, in order; else `why` gets one line. */
bool wb_totals_sound(const struct wb_totals *t, const struct wb_ring *ring, char *why, size_t size);
/* The sample's percentiles; `keep` (NULL: nobody) gets the latencies added. */
void wb_run_latencies(const struct wb_hist *all, struct wb_sample *out, struct wb_hist *keep);

/* ---------------------------------------------------------------------------------------------- */

unsigned wb_test_threads(enum wb_test test, const struct wb_shape *shape);
bool wb_test_is_latency(enum wb_test test, const struct wb_shape *shape);
/* Of maps: what matters is memory. */
bool wb_test_is_memory(enum wb_test test);

/* How long a run takes by plan, with what is around it; for the estimate. */
double wb_run_cost(enum wb_test test, const struct wb_shape *shape, double seconds);

#endif
