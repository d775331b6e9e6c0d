/* SPDX-License-Identifier: MIT */
/* tests/flight/flight.h - what the tests of single flight share. */
#ifndef WEIR_TESTS_FLIGHT_H
#define WEIR_TESTS_FLIGHT_H

#include <weir/error.h>
#include <weir/flight.h>

#include "../sync/sync.h"

/* Work that says that it has begun, and waits until it is let go, or, if `obeys`, until its context ends. */
struct work {
    weir_sem begun, gate;
    weir_au32 runs;
    uint64_t give;
    int rc;
    const char *text;
    bool obeys, exits;
    weir_au32 ctx_err; /* negated, at its end */
};

void work_init(struct work *w, uint64_t give);
int work_fn(weir_ctx *ctx, const void *key, void *val, void *arg);
void work_begun(struct work *w);
void work_let_go(struct work *w);
uint32_t work_runs(struct work *w);

/* Of keys and values of words. NULL, and a failed check, if it cannot be made. */
weir_flight *flight_open(void);
void flight_close(weir_flight *f);

/* A call of do by a thread of its own. */
struct doing {
    weir_flight *f;
    uint64_t key, val;
    struct work *w;
    weir_time deadline;
    weir_ctx *ctx;
    bool shared;
    struct call call;
};
void doing_start(struct doing *d, weir_flight *f, uint64_t key, struct work *w, weir_time deadline,
                 weir_ctx *ctx);
/* Begins, and sees it asleep. */
void doing_waits(struct doing *d, weir_flight *f, uint64_t key, struct work *w, weir_time deadline,
                 weir_ctx *ctx);
/* It returns this, with this value and `shared`, if that is 0. */
void doing_ends(struct doing *d, int rc, uint64_t val, bool shared);

extern const struct test ctx_tests[], start_tests[], race_tests[];
extern const size_t n_ctx_tests, n_start_tests, n_race_tests;

#endif
