/* SPDX-License-Identifier: MIT */
/* tests/group/group_limit.c - limits of error groups: E05, E06, E09. */
#include "cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/debug.h>

/* ---- E05 -------------------------------------------------------------------------------------------------------- */

static void e05_limit(void) {
    struct gated t[3];
    struct group_call go;
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    weir_group *g = group_open(NULL, NULL, 2);
    for (int i = 0; i < 2; i++) gated_start(&t[i], g, 0, NULL);
    CHECK_IS(weir_group_try_go(g, do_nothing, NULL), WEIR_EAGAIN);
    weir_time d = weir_after(3 * MS);
    check_late(weir_group_go_until(g, do_nothing, NULL, d), d);
    check_late(weir_group_go_until(g, do_nothing, NULL, -1), -1);
    go_start(&go, g, do_nothing, NULL, WEIR_FOREVER, ctx);
    check_sleeps(&go);
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    CHECK_IS(call_end(&go.call), WEIR_ECANCELED);
    CHECK_IS(weir_group_running(g), 2);
    gated_init(&t[2], 0, NULL);
    go_start(&go, g, gated_task, &t[2], WEIR_FOREVER, NULL);
    check_sleeps(&go);
    gated_let_go(&t[0]);
    CHECK_IS(call_end(&go.call), 0);
    gated_begun(&t[2]);
    CHECK_IS(weir_group_try_go(g, do_nothing, NULL), WEIR_EAGAIN);
    CHECK_IS(weir_group_go_wait(g, do_nothing, NULL, WEIR_NOW, ctx), WEIR_ECANCELED);
    gated_let_go(&t[1]);
    gated_let_go(&t[2]);
    group_end(g, 0, NULL);
    weir_ctx_unref(ctx);
}

static void e05_in_order(void) {
    struct gated t[5];
    struct group_call go[5];
    weir_group *g = group_open(NULL, NULL, 1);
    gated_start(&t[0], g, 0, NULL);
    for (int i = 1; i < 5; i++) {
        gated_init(&t[i], 0, NULL);
        go_start(&go[i], g, gated_task, &t[i], i == 2 ? weir_after(60000 * MS) : WEIR_FOREVER,
                 i == 3 ? weir_group_ctx(g) : NULL);
        check_sleeps(&go[i]);
    }
    for (int i = 0; i < 5; i++) {
        gated_let_go(&t[i]);
        if (i == 4) break;
        CHECK_IS(call_end(&go[i + 1].call), 0);
        gated_begun(&t[i + 1]);
        for (int k = i + 2; k < 5; k++) CHECK(!call_done(&go[k].call), "%d overtook", k);
    }
    group_end(g, 0, NULL);
}

/* Who waits in go gets in before the wait can end. */
static void e05_before_the_end(void) {
    struct gated t[2];
    struct group_call go, w;
    weir_group *g = group_open(NULL, NULL, 1);
    gated_start(&t[0], g, 0, NULL);
    wait_start(&w, g, WEIR_FOREVER, NULL);
    check_sleeps(&w);
    gated_init(&t[1], -1000, "of the second");
    go_start(&go, g, gated_task, &t[1], WEIR_FOREVER, NULL);
    check_sleeps(&go);
    gated_let_go(&t[0]);
    CHECK_IS(call_end(&go.call), 0);
    gated_begun(&t[1]);
    CHECK(!call_done(&w.call), "the wait ended before the task");
    gated_let_go(&t[1]);
    CHECK_IS(call_end(&w.call), -1000);
    group_end(g, -1000, "of the second");
}

/* As many as the limit run at once, and no more. */
struct crowd {
    weir_group *g;
    weir_au32 inside, most, done;
    uint32_t limit;
};

static int crowd_task(weir_ctx *ctx, void *arg) {
    struct crowd *c = arg;
    (void)ctx;
    uint32_t n = weir_fetch_add_relaxed(&c->inside, 1) + 1, seen = weir_load_relaxed(&c->most);
    CHECK(n <= c->limit, "%u run", n);
    while (n > seen && !weir_cas_relaxed(&c->most, &seen, n)) continue;
    random_delay();
    (void)weir_fetch_add_relaxed(&c->done, 1);
    (void)weir_fetch_sub_relaxed(&c->inside, 1);
    return 0;
}

static void crowd_go(void *arg, size_t index) {
    struct crowd *c = arg;
    unsigned failures = 0;
    for (size_t k = times(60); k > 0; k--) {
        int rc = WEIR_EAGAIN;
        while (index == 0 && rc == WEIR_EAGAIN && checks_hold()) {
            rc = weir_group_try_go(c->g, crowd_task, c);
            if (rc == WEIR_EAGAIN) give_way(&failures);
        }
        if (index > 0) rc = weir_group_go(c->g, crowd_task, c);
        CHECK_IS(rc, 0);
    }
}

static void e05_crowd(void) {
    struct crowd c = { .limit = 3 };
    c.g = group_open(NULL, NULL, c.limit);
    points_delay(true);
    team_run(3, crowd_go, &c);
    group_end(c.g, 0, NULL);
    points_delay(false);
    CHECK_IS(weir_load_relaxed(&c.done), 3 * times(60));
    CHECK_IS(weir_load_relaxed(&c.inside), 0);
}

static void e05_no_task(void) {
    struct gated t;
    struct group_call go;
    weir_group *g = group_open(NULL, NULL, WEIR_GROUP_NO_TASK);
    CHECK_IS(weir_group_try_go(g, do_nothing, NULL), WEIR_EAGAIN);
    gated_init(&t, 0, NULL);
    go_start(&go, g, gated_task, &t, WEIR_FOREVER, NULL);
    check_sleeps(&go);
    CHECK_IS(weir_group_set_limit(g, 1), 0); /* lets it in */
    CHECK_IS(call_end(&go.call), 0);
    gated_begun(&t);
    gated_let_go(&t);
    for (int rc = WEIR_EBUSY, k = 0; rc == WEIR_EBUSY && k < 20000; k++) {
        rc = weir_group_set_limit(g, WEIR_GROUP_NO_TASK);
        if (rc) sleep_ms(1);
    }
    go_start(&go, g, do_nothing, NULL, WEIR_FOREVER, NULL);
    check_sleeps(&go);
    CHECK_IS(weir_group_wait(g), 0); /* nothing runs: that is the end */
    CHECK_IS(call_end(&go.call), WEIR_ESTOPPED);
    group_end(g, 0, NULL);
}

/* ---- E06 ---------------------------------------------------------------------------------------------------------- */

static void e06_set_limit(void) {
    struct gated t[2];
    weir_group *g = group_open(NULL, NULL, 1);
    CHECK_IS(weir_group_set_limit(g, 2), 0);
    for (int i = 0; i < 2; i++) {
        gated_start(&t[i], g, 0, NULL);
        CHECK_IS(weir_group_set_limit(g, 7), WEIR_EBUSY);
    }
    CHECK_IS(weir_group_try_go(g, do_nothing, NULL), WEIR_EAGAIN); /* as before */
    for (int i = 0; i < 2; i++) gated_let_go(&t[i]);
    CHECK_IS(weir_group_wait(g), 0);
    CHECK_IS(weir_group_set_limit(g, WEIR_GROUP_NONE), 0);
    group_end(g, 0, NULL);
}

/* Several are let in at once, and one has left the line meanwhile. */
static void e06_lets_in(void) {
    struct gated t[3];
    struct group_call go[4];
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    weir_group *g = group_open(NULL, NULL, WEIR_GROUP_NO_TASK);
    for (int i = 0; i < 4; i++) {
        if (i < 3) gated_init(&t[i], 0, NULL);
        go_start(&go[i], g, i < 3 ? gated_task : do_nothing, i < 3 ? &t[i] : NULL, WEIR_FOREVER,
                 i == 1 ? ctx : NULL);
        check_sleeps(&go[i]);
    }
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    CHECK_IS(call_end(&go[1].call), WEIR_ECANCELED);
    CHECK_IS(weir_group_set_limit(g, 2), 0);
    CHECK_IS(call_end(&go[0].call), 0);
    CHECK_IS(call_end(&go[2].call), 0);
    CHECK(!call_returns(&go[3].call, 3), "three run");
    gated_let_go(&t[0]);
    gated_let_go(&t[2]);
    CHECK_IS(call_end(&go[3].call), 0);
    group_end(g, 0, NULL);
    weir_ctx_unref(ctx);
}

/* ---- E09 ------------------------------------------------------------------------------------------------------------ */

struct own {
    weir_group *g;
    weir_sem done; /* of what the task begins */
    weir_ctx *ctx;
    weir_ctx *until;
};

static int tell(weir_ctx *ctx, void *arg) {
    (void)ctx;
    return weir_sem_release(&((struct own *)arg)->done, 1);
}

static int go_inside(weir_ctx *ctx, void *arg) {
    struct own *o = arg;
    (void)ctx;
    CHECK_IS(weir_group_go(o->g, tell, o), 0);
    CHECK_IS(weir_group_try_go(o->g, tell, o), 0);
    return 0;
}

static void own_init(struct own *o) {
    *o = (struct own){ .g = NULL };
    CHECK_IS(weir_sem_init(&o->done, 2), 0);
    CHECK_IS(weir_sem_acquire(&o->done, 2), 0);
}

static void e09_inside(void) {
    struct own o;
    own_init(&o);
    o.g = group_open(NULL, NULL, WEIR_GROUP_NONE);
    CHECK_IS(weir_group_go(o.g, go_inside, &o), 0);
    group_end(o.g, 0, NULL);
    CHECK_IS(weir_sem_available(&o.done), 2);
}

/* The only place is its own. */
static int go_full(weir_ctx *ctx, void *arg) {
    struct own *o = arg;
    (void)ctx;
    CHECK_IS(weir_group_try_go(o->g, tell, o), WEIR_EAGAIN);
    weir_time d = weir_after(3 * MS);
    check_late(weir_group_go_until(o->g, tell, o, d), d);
    CHECK_IS(weir_group_go_wait(o->g, tell, o, WEIR_FOREVER, o->until), WEIR_ECANCELED);
    return 0;
}

/* Whether the waiter dump says so. */
static bool dump_says(const char *text) {
    char *dump = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&dump, &size);
    if (!CHECK(f != NULL, "no stream")) return false;
    CHECK_IS(weir_waiters_dump(f), 0);
    (void)fclose(f);
    bool says = dump && strstr(dump, text);
    free(dump);
    return says;
}

static void e09_full(void) {
    struct own o;
    char line[80];
    own_init(&o);
    o.until = ctx_open(NULL, WEIR_FOREVER);
    o.g = group_open(NULL, NULL, 1);
    weir_group_made_at_(o.g, "here.c", 77);
    CHECK_IS(weir_group_go(o.g, go_full, &o), 0);
    (void)snprintf(line, sizeof line, "send to group %p, made at here.c:77", (void *)o.g);
    int k = 0;
    while (k < 20000 && !dump_says(line)) k++, sleep_ms(1);
    CHECK(k < 20000, "the dump does not say: %s", line);
    CHECK_IS(weir_ctx_cancel(o.until, 0), 0);
    group_end(o.g, 0, NULL);
    weir_ctx_unref(o.until);
}

const struct test limit_tests[] = {
    { "E05 at the limit go waits, and try_go is refused", e05_limit },
    { "E05 who waits in go is let in by order of arrival", e05_in_order },
    { "E05 who waits in go is let in before the wait ends", e05_before_the_end },
    { "E05 never more at once than the limit", e05_crowd },
    { "E05 limit of no task: each go waits", e05_no_task },
    { "E06 another limit while tasks run is refused", e06_set_limit },
    { "E06 another limit lets in who waits", e06_lets_in },
    { "E09 a task begins others in its own group", e09_inside },
    { "E09 the limit reached by itself: refused, late, and in the dump", e09_full },
};
const size_t n_limit_tests = sizeof limit_tests / sizeof *limit_tests;
