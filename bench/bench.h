/* SPDX-License-Identifier: MIT */
/* bench/bench.h - what a variant of a benchmark is, and what the harness asks of it.
 *
 * A variant (weir, its mutex version, a rival) brings inner loops, not single operations: a call through
 * a pointer per element would cost as much as the operation. The loops are the same text for every
 * variant, bench/ring_loops.h, compiled once per variant with its push and pop inlined. A C++ rival
 * includes the same text in its own .cc and exports a struct wb_ring with C linkage.
 *
 * The harness (bench/team.c) owns threads, pinning, barriers, warm-up, the clock and the checks. A loop
 * moves elements until told to stop, counts what it moved, and checks the order. */
#ifndef WEIR_BENCH_H
#define WEIR_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hist.h" /* struct wb_hist: mergeable log-linear histogram of nanoseconds */

#ifdef __cplusplus
extern "C" {
#endif

/* Of a case of maps; keys is 0 of all others. */
struct wb_map_shape {
    uint64_t keys; /* entries */
    unsigned read; /* percent of the operations that read */
    unsigned hit;  /* percent of the reads that are to find something; 0 only where nobody writes */
    unsigned dist; /* enum wb_map_dist */
    unsigned writers; /* test:beside: threads that write beside the readers, 0 or 1 */
    unsigned stall;   /* test:stalled: ms for which a reader is stopped */
    bool growing;     /* the table was made without a hint */
    bool aged;        /* it was written to before, as by read:0 */
    bool whole;       /* of caches: what does not read puts what is there; nothing is deleted */
};

/* Of a case of pools and pipelines (flow.h); workers is 0 of all others. */
struct wb_flow_shape {
    unsigned workers; /* of the pool; of a pipeline: of each stage */
    unsigned stages;  /* of a pipeline; 0: it is a pool */
    unsigned write;   /* serve, log: percent of the operations that write */
    unsigned idle_ms; /* test:idle */
    uint64_t keys;    /* serve, log: of the map */
    bool ordered;     /* what goes into a pipeline first leaves it first */
};

/* What is measured: one point of a workload's axes. */
struct wb_shape {
    unsigned producers, consumers; /* of maps: threads, and 0 */
    size_t cap;                    /* elements */
    size_t size;      /* bytes of an element: 8, 64 or 256; 0: no elements; of a key of a map */
    unsigned batch;   /* elements per call; 1: the single-element call */
    unsigned work_ns; /* local work between operations */
    double rate; /* open loop: elements per second offered by all producers; 0: as fast as can */
    unsigned gap_ns; /* the producer sleeps so long before each burst of `batch`; 0: it does not */
    unsigned ways, ready; /* cases of a select, and how many of them are ready; else 0 */
    unsigned sends;       /* how many of the cases send; only where all are ready */
    bool blocking;        /* the waiting verbs */
    bool
        oversubscribed; /* more threads than CPUs: back off by 64 pauses, then a yield; else pauses */
    struct wb_map_shape map;
    struct wb_flow_shape flow;
};

enum wb_can {
    WB_SPSC = 1, /* one producer, one consumer only */
    WB_MPMC = 2,
    WB_BATCH = 4,    /* has produce/consume loops for batch > 1 */
    WB_BLOCK = 8,    /* has waiting verbs, and shut */
    WB_SIZES = 16,   /* elements of 64 and 256 bytes too; otherwise only 8 */
    WB_ANY_CAP = 32, /* capacity is exact; otherwise rounded as `note` says */
    WB_UNORDERED =
        64, /* does not promise a producer's order: disorder is noted, not a failed check */
    WB_RENDEZVOUS = 128, /* capacity 0 too */
    WB_GAPS = 512,       /* has loops for bursts with gaps */
    WB_KIND = 256,       /* of weir, but a kind of its own: measured in every suite */
    WB_AWAY = 1024,      /* another program: it has no loops here, see away.h */
    WB_TWO = 2048,       /* of selects only those over two channels that are both ready */
    WB_IS_MAP =
        4096, /* the first field of a struct wb_map (maps.h); it has none of the loops below */
    WB_IS_FLOW = 8192, /* the same of a struct wb_flow (flow.h) */
};

/* One thread of a run. The loop owns everything from `moved` on; the rest is constant during a run. */
struct wb_worker {
    void *ring, *back; /* of open(); back: the second ring of a ping-pong, else NULL */
    const struct wb_shape *shape;
    unsigned id;           /* 0 .. producers-1, or 0 .. consumers-1 */
    const uint32_t *stop;  /* != 0: producers return (atomic relaxed load, every 64 elements) */
    const uint32_t *drain; /* != 0: all producers have returned; consumers return once empty */
    uint64_t start_ns;     /* open loop: time of the first element's intended start */
    uint64_t next;         /* producer: sequence number of its next element; survives warm-up */
    uint64_t *seen;        /* consumer: next sequence number expected, at least, per producer */
    uint64_t moved;        /* elements pushed or popped, or round trips */
    uint64_t sum;          /* of the first words of the elements, modulo 2^64 */
    uint64_t misses;       /* calls that moved nothing */
    uint64_t disorder;     /* elements of a producer that came out of order */
    struct wb_hist *hist;  /* latencies in ns: ping-pong, open loop; else NULL */
};

/* First word of an element: producer << 48 | sequence number. In an open loop the sequence number also
 * gives the intended start: start_ns + sequence * producers / rate seconds. */
#define WB_SEQ_BITS 48

struct wb_ring {
    const char *name;      /* "weir", "mutex", "ck", "boost", ...: second part of the case's name */
    const char *structure; /* "spsc", "mpmc", "chan", ...: first part */
    const char *package;   /* where it comes from, for --list-rivals; NULL: weir itself */
    const char *note;      /* what it does not promise; NULL: nothing to say */
    unsigned can;          /* enum wb_can */
    void *(*open)(const struct wb_shape *); /* NULL: could not */
    void (*dispose)(void *);
    void (*shut)(void *); /* WB_BLOCK: end of data: waiting consumers drain and then return */
    /* Loops. Throughput ones for batch == 1 or > 1, try or waiting, as the shape says. */
    void (*produce)(struct wb_worker *);
    void (*consume)(struct wb_worker *);
    void (*solo)(struct wb_worker *); /* push + pop by one thread; a pair counts as one in moved */
    void (*ping)(struct wb_worker *); /* push to ring, wait for the answer from back; fills hist */
    void (*pong)(struct wb_worker *);
};

/* Every variant that is built in; NULL-terminated. Defined by bench/variants.c from what CMake found. */
extern const struct wb_ring *const wb_rings[];

/* A rival that this binary lacks: its name and the Debian package that brings it; for --list-rivals. */
struct wb_missing {
    const char *name, *package;
};
extern const struct wb_missing wb_missing[]; /* ends with a NULL name */

#ifdef __cplusplus
}
#endif
#endif
