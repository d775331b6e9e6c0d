/* SPDX-License-Identifier: MIT */
/* tests/group/cases.h - what the tests of error groups share. */
#ifndef WEIR_TESTS_GROUP_CASES_H
#define WEIR_TESTS_GROUP_CASES_H

#include <weir/group.h>

#include "../sync/sync.h"

/* A task that says that it has begun, waits until it is let go, and then returns rc, with a text if there is one. */
struct gated {
    weir_sem begun, gate;
    int rc;
    const char *text;
    weir_ctx *ctx;
    int ctx_err; /* when it was let go */
};

void gated_init(struct gated *t, int rc, const char *text);
int gated_task(weir_ctx *ctx, void *arg);
/* Begins it in g, and sees it begun. */
void gated_start(struct gated *t, weir_group *g, int rc, const char *text);
void gated_begun(struct gated *t);
void gated_let_go(struct gated *t);

/* NULL, and a failed check, if it cannot be made. */
weir_group *group_open(weir_ctx *parent, const weir_exec *on, size_t limit);
/* The wait returns this code, with this text (NULL: any), and the group is freed. */
void group_end(weir_group *g, int rc, const char *text);
/* The first failure that g tells of. */
void check_first(weir_group *g, int rc, const char *text);

/* Calls of a thread of their own. */
struct group_call {
    weir_group *g;
    weir_task_fn *fn;
    void *arg;
    weir_time deadline;
    weir_ctx *ctx;
    struct call call;
};
void go_start(struct group_call *c, weir_group *g, weir_task_fn *fn, void *arg, weir_time deadline,
              weir_ctx *ctx);
void wait_start(struct group_call *c, weir_group *g, weir_time deadline, weir_ctx *ctx);
void check_sleeps(struct group_call *c);

/* Returns arg, as a code; a task that does nothing. */
int return_code(weir_ctx *ctx, void *arg);
int do_nothing(weir_ctx *ctx, void *arg);

/* One table for each file. */
extern const struct test exec_tests[], limit_tests[], more_tests[], pool_tests[], race_tests[];
extern const size_t n_exec_tests, n_limit_tests, n_more_tests, n_pool_tests, n_race_tests;

#endif
