/* SPDX-License-Identifier: MIT */
/* tests/group/group_race.c - error groups that are freed as soon as they can be, with delays at each point. */
#include "cases.h"

/* ---- freed at once -------------------------------------------------------------------------------------------------- */

struct round {
    uint64_t plain[8];
    size_t at;
    bool fails;
};

struct mine {
    struct round *r;
    size_t index;
};

static int write_plain(weir_ctx *ctx, void *arg) {
    struct mine *m = arg;
    (void)ctx;
    random_delay();
    m->r->plain[m->index]++;
    return m->r->fails && m->index % 3 == 1 ? weir_fail(-1000, "task %zu", m->index) : 0;
}

/* What the tasks wrote is seen, and nobody touches the group afterwards: ThreadSanitizer, AddressSanitizer. */
static void freed_at_once(void) {
    points_delay(true);
    for (size_t k = 1; k <= times(150) && checks_hold(); k++) {
        struct round r = { .fails = k % 3 == 0 };
        struct mine m[8];
        weir_group *g = group_open(NULL, NULL, k % 4);
        for (size_t i = 0; i < 8; i++) {
            m[i] = (struct mine){ &r, i };
            CHECK_IS(weir_group_go(g, write_plain, &m[i]), 0);
        }
        int rc = WEIR_ETIMEDOUT;
        if (k % 5 == 0) rc = 0; /* free alone waits as well */
        while (k % 5 == 1 && rc == WEIR_ETIMEDOUT)
            rc = weir_group_wait_until(g, weir_after((int64_t)rng_below(30) * 1000));
        if (k % 5 > 1) rc = weir_group_wait(g);
        if (k % 5) CHECK_IS(rc, r.fails ? -1000 : 0);
        CHECK_IS(weir_group_free(g), 0);
        for (size_t i = 0; i < 8; i++) CHECK_IS(r.plain[i], 1);
    }
    points_delay(false);
}

/* ---- a tree of tasks -------------------------------------------------------------------------------------------------- */

struct tree {
    weir_group *g;
    weir_au32 nodes;
};

static int branch(weir_ctx *ctx, void *arg);

static int leaf(weir_ctx *ctx, void *arg) {
    (void)ctx;
    (void)weir_fetch_add_relaxed(&((struct tree *)arg)->nodes, 1);
    return 0;
}

static int branch(weir_ctx *ctx, void *arg) {
    struct tree *t = arg;
    for (int i = 0; i < 3; i++) CHECK_IS(weir_group_go(t->g, leaf, t), 0);
    return leaf(ctx, arg);
}

/* The wait may be there before the tasks that tasks begin. */
static void tree(void) {
    for (size_t k = times(60); k > 0; k--) {
        struct tree t = { group_open(NULL, NULL, 0), { 0 } };
        for (int i = 0; i < 3; i++) CHECK_IS(weir_group_go(t.g, branch, &t), 0);
        group_end(t.g, 0, NULL);
        CHECK_IS(weir_load_relaxed(&t.nodes), 12);
    }
}

/* ---- who waits in go, and leaves ------------------------------------------------------------------------------------------ */

struct line {
    weir_group *g;
    weir_ctx *ctx;
    weir_au32 begun, ran;
};

static int line_task(weir_ctx *ctx, void *arg) {
    (void)ctx;
    random_delay();
    (void)weir_fetch_add_relaxed(&((struct line *)arg)->ran, 1);
    return 0;
}

static void line_thread(void *arg, size_t index) {
    struct line *l = arg;
    for (size_t k = times(40); k > 0 && checks_hold(); k--) {
        int rc = index == 3   ? weir_group_try_go(l->g, line_task, l)
                 : index == 2 ? weir_group_go_until(l->g, line_task, l,
                                                    weir_after((int64_t)rng_below(100) * 1000))
                 : index == 1 ? weir_group_go_wait(l->g, line_task, l, WEIR_FOREVER, l->ctx)
                              : weir_group_go(l->g, line_task, l);
        CHECK(rc == 0 || rc == (index == 3   ? WEIR_EAGAIN
                                : index == 2 ? WEIR_ETIMEDOUT
                                             : WEIR_ECANCELED),
              "it returned %d", rc);
        if (rc == 0) (void)weir_fetch_add_relaxed(&l->begun, 1);
        if (index == 0 && k == times(20) + 1) CHECK_IS(weir_ctx_cancel(l->ctx, 0), 0);
    }
}

/* No place is lost with those who leave the line. */
static void leaves_line(void) {
    struct line l = { group_open(NULL, NULL, 2), ctx_open(NULL, WEIR_FOREVER), { 0 }, { 0 } };
    points_delay(true);
    team_run(4, line_thread, &l);
    CHECK_IS(weir_group_wait(l.g), 0);
    points_delay(false);
    CHECK_IS(weir_load_relaxed(&l.ran), weir_load_relaxed(&l.begun));
    group_end(l.g, 0, NULL);
    weir_ctx_unref(l.ctx);
}

const struct test race_tests[] = {
    { "GROUP freed as soon as a wait has returned", freed_at_once },
    { "GROUP a tree of tasks is waited for as a whole", tree },
    { "GROUP who leaves the line takes no place along", leaves_line },
};
const size_t n_race_tests = sizeof race_tests / sizeof *race_tests;
