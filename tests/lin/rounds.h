/* SPDX-License-Identifier: MIT */
/* tests/lin/rounds.h - runs many small concurrent rounds on a ring, and checks each.
 *
 * An object lives for a few rounds. In each, 2 to 4 persistent threads run operations that were
 * made up beforehand, between two spin barriers; what they did is recorded and checked against
 * every state that the rounds before may have left. In the end the object is drained, so that lost
 * elements show. */
#ifndef WEIR_TESTS_LIN_ROUNDS_H
#define WEIR_TESTS_LIN_ROUNDS_H

#include "gen.h"

#define ROUND_THREADS 4
#define ROUND_OPS 8 /* per thread */

/* A ring under test. */
struct target {
    const char *name;
    bool one_each;     /* thread 0 produces, thread 1 consumes */
    bool one_consumer; /* thread 0; the others produce */
    bool exact;        /* EBUSY never, batches whole */
    bool closes;
    bool singles; /* no batches */
    bool unbounded;
    bool soft; /* cap is a soft limit, and batches go one by one */
    void *(*make)(uint32_t cap, uint64_t start);
    void (*end)(void *ring);
    /* Does op->kind with op->in and fills op->out; `late`: by the waiting call, with a deadline
     * that has passed. The result: a code, or the count of a batch. */
    int64_t (*run)(void *ring, struct weir_lin_op *op, bool late);
};

struct rounds_opts {
    uint64_t seed;
    uint32_t cap;
    unsigned threads;
    double seconds;
    unsigned long least; /* rounds, however long they take */
    bool pinned;         /* each thread to a processor */
    bool quiet;          /* a failure is expected: do not print it */
};

struct rounds_result {
    enum weir_lin_verdict verdict; /* the first that is not OK, or OK */
    unsigned long rounds, objects, operations, busy;
    unsigned long exact,
        overlapping; /* rounds with exact stamps; those with operations that overlap */
    double seconds;
    char culprit[160]; /* of a violation */
};

struct rounds_result run_rounds(const struct target *t, const struct rounds_opts *o);

extern const struct target target_mpmc, target_mpmc_fence, target_mutex, target_scq, target_spsc;
/* Without a limit; with one; with one consumer. Segments have two slots. */
extern const struct target target_queue, target_queue_limit, target_mpsc;
extern const struct target target_mpsc_list, target_mutex_queue;

/* A ring with one fault, of tests/lin/broken.c. */
enum fault {
    FAULT_NONE,
    FAULT_EMPTY_IN_FLIGHT, /* says empty while the push of the oldest element is in flight */
    FAULT_FULL_IN_FLIGHT,  /* says full while the pop of the oldest slot is in flight */
    FAULT_FULL_STALE,      /* says full of a head that it read earlier */
    FAULT_TORN_CLAIM,      /* a pop claims by a load and a store */
    FAULT_BATCH_IN_PIECES, /* a batch is a loop of single pushes */
    FAULT_CLOSE_LATE,      /* a push looks at the closed flag before it claims, not when */
    FAULT_BUSY_ALONE,      /* says busy for no reason, now and then */
    FAULTS
};
extern const char *const fault_names[FAULTS];
extern enum fault broken_fault; /* of the rings made from now on */
extern const struct target target_broken;

#endif
