/* SPDX-License-Identifier: MIT */
/* tests/group/group.c - error groups: E01 to E04, E07, E08 and E10; the others: group_limit.c. */
#include <weir/select.h>

#include "cases.h"

#include <string.h>

static void *code(int rc) { return (void *)(intptr_t)rc; }

/* ---- E01, E02 ---------------------------------------------------------------------------------------------------- */

#define AT_ONCE 30

static void e01_zero_options(void) {
    static struct gated t[AT_ONCE];
    weir_group *g = group_open(NULL, NULL, 0);
    weir_ctx *ctx = weir_group_ctx(g);
    CHECK_IS(weir_ctx_err(ctx), 0);
    CHECK_IS(weir_ctx_deadline(ctx), WEIR_FOREVER);
    check_first(g, 0, "");
    for (int i = 0; i < AT_ONCE; i++) gated_start(&t[i], g, 0, NULL); /* all run */
    CHECK_IS(weir_group_running(g), AT_ONCE);
    for (int i = 0; i < AT_ONCE; i++) {
        CHECK(t[i].ctx == ctx, "another context");
        gated_let_go(&t[i]);
    }
    group_end(g, 0, "");
}

static void e01_nothing(void) {
    weir_group *g = group_open(NULL, NULL, 0);
    CHECK_IS(weir_group_try_wait(g), 0);
    group_end(g, 0, "");
    g = group_open(NULL, NULL, 3);
    CHECK_IS(weir_group_free(g), 0);
}

static void e02_first_by_time(void) {
    struct gated t[4];
    struct group_call w;
    weir_group *g = group_open(NULL, NULL, 0);
    const int rc[] = { 0, -1000, -1001, -1002 };
    const char *const text[] = { NULL, "second", "first", NULL };
    for (int i = 0; i < 4; i++) gated_start(&t[i], g, rc[i], text[i]);
    wait_start(&w, g, WEIR_FOREVER, NULL);
    check_sleeps(&w);
    const int order[] = { 2, 1, 0, 3 };
    for (int i = 0; i < 4; i++) {
        CHECK(!call_done(&w.call), "the wait ended before the tasks");
        gated_let_go(&t[order[i]]);
        for (int k = 0; i < 3 && k < 2000 && weir_group_running(g) > (size_t)(3 - i); k++)
            sleep_ms(1);
    }
    CHECK_IS(call_end(&w.call), -1001);
    group_end(g, -1001, "first");
}

/* The text of the failure goes up with the code, through groups in groups. */
static int inner_group(weir_ctx *ctx, void *arg) {
    weir_group *g = group_open(ctx, NULL, 0);
    CHECK_IS(weir_group_go(g, return_code, arg), 0);
    int rc = weir_wrap(weir_group_wait(g), "inner");
    CHECK_IS(weir_group_free(g), 0);
    return rc;
}

static int inner_fail(weir_ctx *ctx, void *arg) {
    (void)ctx;
    return weir_wrap(weir_fail((int)(intptr_t)arg, "connect: %s", "refused"), "orders");
}

static void e02_text(void) {
    weir_group *g = group_open(NULL, NULL, 0);
    CHECK_IS(weir_group_go(g, inner_group, code(WEIR_ENOENT)), 0);
    group_end(g, WEIR_ENOENT, "inner: no such key");
    g = group_open(NULL, NULL, 0);
    CHECK_IS(weir_group_go(g, inner_fail, code(-1000)), 0);
    struct weir_error err;
    int rc = weir_wrap(weir_group_wait(g), "dashboard");
    weir_error_take(rc, &err);
    CHECK(strcmp(err.text, "dashboard: orders: connect: refused") == 0, "%s", err.text);
    group_end(g, -1000, "orders: connect: refused");
}

/* A count is no failure. */
static void e02_above_zero(void) {
    weir_group *g = group_open(NULL, NULL, 0);
    CHECK_IS(weir_group_go(g, return_code, code(3)), 0);
    group_end(g, 0, "");
}

/* ---- E03, E04 ------------------------------------------------------------------------------------------------------ */

static int wait_for_end(weir_ctx *ctx, void *arg) {
    struct weir_case never = { NULL, NULL, WEIR_RECV, 0, 0 };
    CHECK_IS(weir_sem_release(&((struct gated *)arg)->begun, 1), 0);
    ptrdiff_t rc = weir_select(&never, 1, WEIR_FOREVER, ctx, 0);
    ((struct gated *)arg)->ctx_err = weir_ctx_cause(ctx);
    return weir_fail((int)rc, "the others' fault");
}

static void e03_cause(void) {
    struct gated waits, fails;
    weir_ctx *parent = ctx_open(NULL, WEIR_FOREVER);
    weir_group *g = group_open(parent, NULL, 0);
    gated_init(&waits, 0, NULL);
    CHECK_IS(weir_group_go(g, wait_for_end, &waits), 0);
    gated_begun(&waits);
    gated_start(&fails, g, -1000, "it");
    CHECK_IS(weir_ctx_err(weir_group_ctx(g)), 0);
    gated_let_go(&fails);
    CHECK_IS(weir_group_wait(g), -1000);
    CHECK_IS(waits.ctx_err, -1000);
    CHECK_IS(weir_ctx_err(weir_group_ctx(g)), WEIR_ECANCELED);
    CHECK_IS(weir_ctx_cause(weir_group_ctx(g)), -1000);
    CHECK_IS(weir_ctx_err(parent), 0);
    group_end(g, -1000, "it");
    weir_ctx_unref(parent);
}

/* The parent ends: so does the group's context, and what the tasks make of that is the failure. */
static void e03_parent(void) {
    struct gated waits;
    weir_ctx *parent = ctx_open(NULL, WEIR_FOREVER);
    weir_group *g = group_open(parent, NULL, 0);
    gated_init(&waits, 0, NULL);
    CHECK_IS(weir_group_go(g, wait_for_end, &waits), 0);
    gated_begun(&waits);
    CHECK_IS(weir_ctx_cancel(parent, -1005), 0);
    CHECK_IS(weir_group_wait(g), WEIR_ECANCELED);
    CHECK_IS(waits.ctx_err, -1005);
    group_end(g, WEIR_ECANCELED, "the others' fault");
    g = group_open(parent, NULL, 0); /* born ended, and its tasks run */
    CHECK_IS(weir_ctx_cause(weir_group_ctx(g)), -1005);
    CHECK_IS(weir_group_go(g, do_nothing, NULL), 0);
    group_end(g, 0, "");
    weir_ctx_unref(parent);
}

static void e04_end_cancels(void) {
    struct gated t;
    weir_group *g = group_open(NULL, NULL, 0);
    weir_ctx *ctx = weir_ctx_ref(weir_group_ctx(g));
    gated_start(&t, g, 0, NULL);
    CHECK_IS(weir_group_try_wait(g), WEIR_EAGAIN);
    weir_time d = weir_after(3 * MS);
    check_late(weir_group_wait_until(g, d), d);
    CHECK_IS(weir_ctx_err(ctx), 0); /* these have not ended it */
    gated_let_go(&t);
    CHECK_IS(weir_group_wait(g), 0);
    CHECK_IS(weir_ctx_err(ctx), WEIR_ECANCELED);
    CHECK_IS(weir_ctx_cause(ctx), WEIR_ECANCELED);
    group_end(g, 0, "");
    weir_ctx_unref(ctx);
    g = group_open(NULL, NULL, 0);
    ctx = weir_ctx_ref(weir_group_ctx(g));
    CHECK_IS(weir_group_free(g), 0); /* which waits, too */
    CHECK_IS(weir_ctx_err(ctx), WEIR_ECANCELED);
    weir_ctx_unref(ctx);
}

/* ---- E07, E08, E10 --------------------------------------------------------------------------------------------------- */

static void fail_first(weir_group *g, struct gated *keep) {
    struct gated fails;
    gated_start(keep, g, 0, NULL);
    gated_start(&fails, g, -1000, "the first");
    gated_let_go(&fails);
    for (int k = 0; k < 20000 && weir_group_running(g) > 1; k++) sleep_ms(1);
    check_first(g, -1000, "the first");
}

static void e07_go_after_error(void) {
    struct gated keep, late;
    weir_group *g = group_open(NULL, NULL, 0);
    fail_first(g, &keep);
    gated_start(&late, g, 0, NULL); /* is run */
    gated_let_go(&late);
    gated_let_go(&keep);
    CHECK_IS(weir_group_wait(g), -1000);
    CHECK_IS(late.ctx_err, WEIR_ECANCELED);
    group_end(g, -1000, "the first");
}

static void e08_later_dropped(void) {
    struct gated keep;
    weir_group *g = group_open(NULL, NULL, 0);
    fail_first(g, &keep);
    for (int i = 0; i < 8; i++) CHECK_IS(weir_group_go(g, inner_fail, code(-1100 - i)), 0);
    CHECK_IS(weir_group_go(g, return_code, code(WEIR_ECANCELED)), 0);
    gated_let_go(&keep);
    CHECK_IS(weir_group_wait(g), -1000);
    CHECK_IS(weir_ctx_cause(weir_group_ctx(g)), -1000);
    group_end(g, -1000, "the first");
}

/* The caller takes a place of its own semaphore with the group's context, and leaves its loop when that says that
 * the context has ended: what the wait returns is why. */
static void e10_own_acquire(void) {
    weir_sem slots = WEIR_SEM_INIT(2);
    struct gated t[2];
    weir_group *g = group_open(NULL, NULL, 0);
    int i = 0, rc = 0;
    for (; i < 5; i++) {
        rc = weir_sem_acquire_wait(&slots, 1, WEIR_FOREVER, weir_group_ctx(g));
        if (rc < 0) break;
        gated_start(&t[i], g, i ? -1000 : WEIR_ECANCELED, i ? "the origin" : "secondary");
        if (i == 1) gated_let_go(&t[1]);
    }
    CHECK_IS(i, 2);
    CHECK_IS(rc, WEIR_ECANCELED);
    gated_let_go(&t[0]);
    group_end(g, -1000, "the origin");
    /* The same by the limit of the group. */
    g = group_open(NULL, NULL, 2);
    for (i = 0; i < 5; i++) {
        gated_init(&t[i % 2], i ? -1000 : WEIR_ECANCELED, i ? "the origin" : "secondary");
        rc = weir_group_go_wait(g, gated_task, &t[i % 2], WEIR_FOREVER, weir_group_ctx(g));
        if (rc < 0) break;
        gated_begun(&t[i]);
        if (i == 1) gated_let_go(&t[1]);
        for (int k = 0; i == 1 && k < 20000 && !weir_ctx_err(weir_group_ctx(g)); k++) sleep_ms(1);
        if (i == 1) {
            CHECK_IS(weir_group_go_wait(g, do_nothing, NULL, WEIR_FOREVER, weir_group_ctx(g)),
                     WEIR_ECANCELED);
            break;
        }
    }
    gated_let_go(&t[0]);
    group_end(g, -1000, "the origin");
}

static const struct test tests[] = {
    { "E01 all-zero options: no limit, no parent", e01_zero_options },
    { "E01 no task: wait returns at once", e01_nothing },
    { "P11 zero tasks in a group: wait returns", e01_nothing },
    { "E02 wait is for all, and returns the first failure by time", e02_first_by_time },
    { "E02 the text of the failure comes with it, wrapped", e02_text },
    { "E02 a count above zero is no failure", e02_above_zero },
    { "E03 the first failure ends the context, and is its cause", e03_cause },
    { "E03 the end of the parent is the group's", e03_parent },
    { "E04 the end of the wait ends the context", e04_end_cancels },
    { "E07 go after a failure runs the task", e07_go_after_error },
    { "E08 later failures are dropped", e08_later_dropped },
    { "E10 the first failure stands, whatever follows from it", e10_own_acquire },
};

int main(int argc, char **argv) {
    static struct test all[64];
    size_t n = 0;
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) all[n++] = tests[i];
    for (size_t i = 0; i < n_limit_tests; i++) all[n++] = limit_tests[i];
    for (size_t i = 0; i < n_more_tests; i++) all[n++] = more_tests[i];
    for (size_t i = 0; i < n_exec_tests; i++) all[n++] = exec_tests[i];
    for (size_t i = 0; i < n_pool_tests; i++) all[n++] = pool_tests[i];
    for (size_t i = 0; i < n_race_tests; i++) all[n++] = race_tests[i];
    return tests_main(argc, argv, "group", all, n);
}
