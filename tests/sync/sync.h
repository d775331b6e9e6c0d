/* SPDX-License-Identifier: MIT */
/* tests/sync/sync.h - what the tests of semaphores, wait groups and onces share. */
#ifndef WEIR_TESTS_SYNC_H
#define WEIR_TESTS_SYNC_H

#include <weir/ctx.h>
#include <weir/sem.h>

#include "../support/check.h"
#include "../support/misuse.h"
#include "../support/points.h"
#include "../support/threads.h"

#define MS INT64_C(1000000)

/* NULL, and a failed check, if it cannot be made. */
weir_ctx *ctx_open(weir_ctx *parent, weir_time deadline);

/* A call that had this deadline: late, but not early. */
void check_late(int64_t rc, weir_time deadline);

/* ---- one acquire of a thread of its own ------------------------------------------------------------------ */

struct acquirer {
    weir_sem *sem;
    uint32_t n;
    weir_time deadline;
    weir_ctx *ctx;
    bool by_select;
    struct call call;
};

/* In this order, without deadline and context unless they are given. */
void acquire_start(struct acquirer *a, weir_sem *s, uint32_t n);
void acquire_start_with(struct acquirer *a, weir_sem *s, uint32_t n, weir_time deadline,
                        weir_ctx *ctx);
void acquire_start_select(struct acquirer *a, weir_sem *s, uint32_t n);
/* Starts one that has to wait, and sees it asleep. */
bool acquire_waits(struct acquirer *a, weir_sem *s, uint32_t n);
/* Whether it sleeps. */
bool acquire_sleeps(struct acquirer *a);
int acquire_end(struct acquirer *a);

/* Checks what is free, and that nobody waits: if all is free, all can be had at once. */
void check_free(weir_sem *s, uint32_t n);

#endif
