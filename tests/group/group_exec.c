/* SPDX-License-Identifier: MIT */
/* tests/group/group_exec.c - error groups on executors: one that calls at once, one that refuses, one that gives
 * tasks up, one with a thread and a queue. */
#include <pthread.h>
#include <string.h>

#include <weir/chan.h>

#include "cases.h"

struct entry {
    weir_task_fn *fn;
    weir_ctx *ctx;
    void *arg;
};

/* ---- at once, in the caller ------------------------------------------------------------------------------------------ */

static int submit_inline(void *self, weir_task_fn *fn, weir_ctx *ctx, void *arg) {
    (void)fn(weir_ctx_ref(ctx), arg);
    weir_ctx_unref(
        ctx); /* with the last task that runs here the group may be gone, and so may its own reference */
    if (self) ++*(int *)self;
    return 0;
}

static int fail_text(weir_ctx *ctx, void *arg) {
    (void)ctx;
    return weir_fail((int)(intptr_t)arg, "of the task");
}

static void inline_calls(void) {
    int calls = 0;
    weir_exec on = { submit_inline, &calls };
    weir_group *g = group_open(NULL, &on, 1);
    memset(&on, 0, sizeof on); /* it was copied */
    CHECK_IS(weir_fail(-1002, "of the caller"), -1002);
    for (int i = 0; i < 4; i++) CHECK_IS(weir_group_go(g, do_nothing, NULL), 0);
    CHECK_IS(weir_group_go(g, fail_text, (void *)(intptr_t)-1000), 0);
    CHECK_IS(weir_wrap(-1002, "still"), -1002); /* the caller's own text is there */
    struct weir_error err;
    weir_error_take(-1002, &err);
    CHECK(strcmp(err.text, "still: of the caller") == 0, "%s", err.text);
    CHECK_IS(calls, 5);
    group_end(g, -1000, "of the task");
}

/* Tasks in tasks, in one thread; none of them may wait for the group. */
struct nest {
    weir_group *g;
    int depth, ran;
};

static int nest_task(weir_ctx *ctx, void *arg) {
    struct nest *n = arg;
    (void)ctx;
    n->ran++;
    if (n->depth-- > 0) CHECK_IS(weir_group_go(n->g, nest_task, n), 0);
    CHECK_IS(weir_group_wait(n->g), WEIR_EDEADLK);
    return 0;
}

static void inline_nested(void) {
    weir_exec on = { submit_inline, NULL };
    struct nest n = { group_open(NULL, &on, 0), 20, 0 };
    CHECK_IS(weir_group_go(n.g, nest_task, &n), 0);
    CHECK_IS(n.ran, 21);
    group_end(n.g, 0, NULL);
}

/* ---- refuses --------------------------------------------------------------------------------------------------------- */

static int submit_refuse(void *self, weir_task_fn *fn, weir_ctx *ctx, void *arg) {
    (void)fn;
    (void)ctx;
    (void)arg;
    return *(int *)self;
}

static void refuses(void) {
    int rc = WEIR_EAGAIN;
    weir_exec on = { submit_refuse, &rc };
    weir_group *g = group_open(NULL, &on, 1);
    const int codes[] = { WEIR_EAGAIN, WEIR_EBUSY, WEIR_ESTOPPED, WEIR_ENOMEM, -1000 };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        rc = codes[i];
        CHECK_IS(weir_group_go(g, do_nothing, NULL), rc); /* the place is free again */
        CHECK_IS(weir_group_try_go(g, do_nothing, NULL), rc);
        CHECK_IS(weir_group_running(g), 0);
    }
    CHECK_IS(weir_ctx_err(weir_group_ctx(g)), 0);
    group_end(g, 0, ""); /* that was no failure of a task */
}

/* The place of a refused task goes to who waits for one. */
struct slow {
    weir_sem asked, answer;
    int rc;
};

static int submit_slow(void *self, weir_task_fn *fn, weir_ctx *ctx, void *arg) {
    struct slow *s = self;
    CHECK_IS(weir_sem_release(&s->asked, 1), 0);
    CHECK_IS(weir_sem_acquire(&s->answer, 1), 0);
    int rc = s->rc;
    s->rc = 0;
    return rc < 0 ? rc : submit_inline(NULL, fn, ctx, arg);
}

static void refused_place(void) {
    struct slow s = { .rc = WEIR_ESTOPPED };
    struct group_call go[2], w;
    weir_exec on = { submit_slow, &s };
    weir_group *g = group_open(NULL, &on, 1);
    CHECK_IS(weir_sem_init(&s.asked, 2), 0);
    CHECK_IS(weir_sem_init(&s.answer, 2), 0);
    CHECK_IS(weir_sem_acquire(&s.asked, 2), 0);
    CHECK_IS(weir_sem_acquire(&s.answer, 2), 0);
    go_start(&go[0], g, do_nothing, NULL, WEIR_FOREVER, NULL);
    CHECK_IS(weir_sem_acquire(&s.asked, 1), 0);
    go_start(&go[1], g, do_nothing, NULL, WEIR_FOREVER, NULL);
    check_sleeps(&go[1]);
    wait_start(&w, g, WEIR_FOREVER, NULL);
    check_sleeps(&w);
    CHECK_IS(weir_sem_release(&s.answer, 2), 0);
    CHECK_IS(call_end(&go[0].call), WEIR_ESTOPPED);
    CHECK_IS(call_end(&go[1].call), 0);
    CHECK_IS(call_end(&w.call), 0);
    group_end(g, 0, "");
}

/* ---- gives up ---------------------------------------------------------------------------------------------------------- */

static int submit_keep(void *self, weir_task_fn *fn, weir_ctx *ctx, void *arg) {
    *(struct entry *)self = (struct entry){ fn, ctx, arg };
    return 0;
}

static void gives_up(void) {
    const int causes[] = { WEIR_ESTOPPED, -1000, 0, 7 };
    for (int i = 0; i < 4; i++) {
        struct entry kept;
        weir_exec on = { submit_keep, &kept };
        weir_group *g = group_open(NULL, &on, 0);
        weir_ctx *over = ctx_open(NULL, WEIR_FOREVER);
        int rc = causes[i] < 0 ? causes[i] : WEIR_ECANCELED;
        CHECK_IS(weir_ctx_cancel(over, causes[i]), 0);
        CHECK_IS(weir_group_go(g, nest_task, NULL), 0); /* not run, or it would read NULL */
        CHECK_IS(weir_group_running(g), 1);
        CHECK_IS(kept.fn(over, kept.arg), rc);
        weir_ctx_unref(over);
        CHECK_IS(weir_ctx_cause(weir_group_ctx(g)), rc);
        group_end(g, rc, "the executor gave the task up");
    }
}

/* A task is run with the group's own context, ended or not. */
static void ended_is_run(void) {
    struct entry kept;
    weir_exec on = { submit_keep, &kept };
    weir_group *g = group_open(NULL, &on, 0);
    CHECK_IS(weir_group_go(g, return_code, (void *)(intptr_t)-1000), 0);
    CHECK_IS(weir_ctx_cancel(weir_group_ctx(g), 0), 0);
    CHECK_IS(kept.fn(kept.ctx, kept.arg), -1000);
    group_end(g, -1000, "error -1000");
}

/* ---- a thread with a queue ------------------------------------------------------------------------------------------------ */

static int submit_chan(void *self, weir_task_fn *fn, weir_ctx *ctx, void *arg) {
    struct entry e = { fn, weir_ctx_ref(ctx), arg };
    int rc = weir_chan_send(self, &e);
    if (rc < 0) weir_ctx_unref(ctx);
    return rc;
}

static int64_t worker(void *chan) {
    struct entry e;
    while (weir_chan_recv(chan, &e) == 0) {
        (void)e.fn(e.ctx, e.arg);
        weir_ctx_unref(e.ctx);
    }
    return 0;
}

static int count_task(weir_ctx *ctx, void *arg) {
    (void)ctx;
    (void)weir_fetch_add_relaxed((weir_au32 *)arg, 1);
    random_delay();
    return 0;
}

static void on_queue(void) {
    struct weir_chan_opts o = WEIR_CHAN_OPTS(4, sizeof(struct entry));
    weir_chan *c;
    struct call w[2];
    weir_au32 ran = { 0 };
    if (!CHECK(weir_chan_new(&c, &o) == 0, "no channel")) return;
    weir_exec on = { submit_chan, c };
    for (int i = 0; i < 2; i++) call_start(&w[i], worker, c);
    for (size_t k = 1; k <= times(30); k++) {
        weir_group *g = group_open(NULL, &on, k % 4);
        for (int i = 0; i < 20; i++) CHECK_IS(weir_group_go(g, count_task, &ran), 0);
        group_end(g, 0, NULL);
        CHECK_IS(weir_load_relaxed(&ran), 20 * k);
    }
    CHECK_IS(weir_chan_close(c), 0);
    for (int i = 0; i < 2; i++) CHECK_IS(call_end(&w[i]), 0);
    CHECK_IS(weir_chan_unref(c), 0);
}

const struct test exec_tests[] = {
    { "GROUP on an executor that calls at once", inline_calls },
    { "GROUP tasks in tasks in one thread", inline_nested },
    { "GROUP an executor that refuses: its code, and no failure", refuses },
    { "GROUP the place of a refused task goes to the next in line", refused_place },
    { "GROUP an executor that gives up a task: it has failed", gives_up },
    { "GROUP a task is run although the context has ended", ended_is_run },
    { "GROUP on threads with a queue", on_queue },
};
const size_t n_exec_tests = sizeof exec_tests / sizeof *exec_tests;
