/* SPDX-License-Identifier: MIT */
/* tests/group/cases.c - see cases.h. */
#include "cases.h"

#include <string.h>

static void empty(weir_sem *s) {
    CHECK_IS(weir_sem_init(s, 1), 0);
    CHECK_IS(weir_sem_acquire(s, 1), 0);
}

void gated_init(struct gated *t, int rc, const char *text) {
    *t = (struct gated){ .rc = rc, .text = text };
    empty(&t->begun);
    empty(&t->gate);
}

int gated_task(weir_ctx *ctx, void *arg) {
    struct gated *t = arg;
    t->ctx = ctx;
    CHECK_IS(weir_sem_release(&t->begun, 1), 0);
    CHECK_IS(weir_sem_acquire(&t->gate, 1), 0);
    t->ctx_err = weir_ctx_err(ctx);
    return t->text ? weir_fail(t->rc, "%s", t->text) : t->rc;
}

void gated_begun(struct gated *t) {
    CHECK_IS(weir_sem_acquire_until(&t->begun, 1, weir_after(20000 * MS)), 0);
}

void gated_start(struct gated *t, weir_group *g, int rc, const char *text) {
    gated_init(t, rc, text);
    CHECK_IS(weir_group_go(g, gated_task, t), 0);
    gated_begun(t);
}

void gated_let_go(struct gated *t) { CHECK_IS(weir_sem_release(&t->gate, 1), 0); }

weir_group *group_open(weir_ctx *parent, const weir_exec *on, size_t limit) {
    weir_group *g = NULL;
    CHECK_IS(weir_group_new(&g, parent, on, limit), 0);
    return g;
}

static void check_text(const char *got, const char *want) {
    if (want) CHECK(strcmp(got, want) == 0, "it is \"%s\", not \"%s\"", got, want);
}

void check_first(weir_group *g, int rc, const char *text) {
    struct weir_error err = { 1, "not set" };
    CHECK_IS(weir_group_error(g, &err), rc);
    CHECK_IS(err.code, rc);
    check_text(err.text, text);
    CHECK_IS(weir_group_error(g, NULL), rc);
}

void group_end(weir_group *g, int rc, const char *text) {
    struct weir_error err;
    int got = weir_group_wait(g);
    CHECK_IS(got, rc);
    weir_error_take(got, &err);
    check_text(err.text, text);
    check_first(g, rc, text);
    CHECK_IS(weir_group_running(g), 0);
    CHECK_IS(weir_group_free(g), 0);
}

static int64_t go_main(void *arg) {
    struct group_call *c = arg;
    return weir_group_go_wait(c->g, c->fn, c->arg, c->deadline, c->ctx);
}

void go_start(struct group_call *c, weir_group *g, weir_task_fn *fn, void *arg, weir_time deadline,
              weir_ctx *ctx) {
    *c = (struct group_call){ .g = g, .fn = fn, .arg = arg, .deadline = deadline, .ctx = ctx };
    call_start(&c->call, go_main, c);
}

static int64_t wait_main(void *arg) {
    struct group_call *c = arg;
    return weir_group_wait_wait(c->g, c->deadline, c->ctx);
}

void wait_start(struct group_call *c, weir_group *g, weir_time deadline, weir_ctx *ctx) {
    *c = (struct group_call){ .g = g, .deadline = deadline, .ctx = ctx };
    call_start(&c->call, wait_main, c);
}

void check_sleeps(struct group_call *c) {
    CHECK(call_sleeps(&c->call), "a call that has to wait returned %lld",
          (long long)c->call.result);
}

int return_code(weir_ctx *ctx, void *arg) {
    (void)ctx;
    return (int)(intptr_t)arg;
}

int do_nothing(weir_ctx *ctx, void *arg) {
    (void)ctx;
    (void)arg;
    return 0;
}
