/* SPDX-License-Identifier: MIT */
/* tests/pipeline/support.h - what the tests of relays, pipelines and signals share. */
#ifndef WEIR_TESTS_PIPELINE_SUPPORT_H
#define WEIR_TESTS_PIPELINE_SUPPORT_H

#include <weir/chan.h>
#include <weir/ctx.h>
#include <weir/go.h>

#include "../support/check.h"
#include "../support/misuse.h"
#include "../support/threads.h"

#define MS INT64_C(1000000)

/* A channel of uint64_t, or NULL and a failed check. */
weir_chan *chan_open(unsigned kind, size_t cap);
weir_ctx *ctx_open(weir_ctx *parent, weir_time deadline);

/* Sends first, first + 1, ... (n of them) from a thread of its own, then closes. */
struct feeder {
    weir_chan *to;
    uint64_t first, n;
    bool stays_open;
    struct call call;
};
void feed(struct feeder *f, weir_chan *to, uint64_t first, uint64_t n);
/* How many were sent. */
uint64_t feed_end(struct feeder *f);

/* Whether cond(arg) comes true within ten seconds. */
bool comes_true(bool (*cond)(void *arg), void *arg);

/* An executor that starts a thread for each task, counts, and refuses from the n-th on (0: never). */
struct counting_exec {
    weir_exec as;
    weir_au32 submitted, refused;
    uint32_t refuse_from;
    int code;
};
void counting_exec_init(struct counting_exec *e, uint32_t refuse_from, int code);

/* One that runs tasks in the thread that submits them. */
extern const weir_exec exec_here;

/* A drop function that counts, in a weir_au32. */
void count_drop(void *elem, void *count);

#endif
