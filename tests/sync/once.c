/* SPDX-License-Identifier: MIT */
/* tests/sync/once.c - functions that run once: O01 to O05. */
#include <weir/once.h>

#include <stdlib.h>
#include <string.h>

#include "sync.h"

#define FAILED (-5)

/* ---- a function that says how it ran, and one call of a thread of its own -------------------------------------- */

struct job {
    weir_once *once;
    weir_au32 runs;
    uint64_t plain;
    int ends;        /* how: returns, pthread_exit, cancelled */
    weir_au32 go_on; /* it waits for this, if it is to */
    bool waits;
};

static void job_main(void *arg) {
    struct job *j = arg;
    (void)weir_fetch_add_relaxed(&j->runs, 1);
    j->plain++;
    while (j->waits && !weir_load_acquire(&j->go_on, 0)) sleep_ms(1);
    if (j->ends == 1) pthread_exit(NULL);
    if (j->ends == 2) {
        (void)pthread_cancel(pthread_self());
        pthread_testcancel();
        CHECK(false, "not cancelled");
    }
}

static int job_value(void *arg, void **value) {
    struct job *j = arg;
    *value = &j->plain;
    job_main(arg);
    return FAILED;
}

struct caller {
    struct job *job;
    bool value;
    weir_time deadline;
    weir_ctx *ctx;
    void *got;
    struct call call;
};

static int64_t caller_main(void *arg) {
    struct caller *c = arg;
    weir_once *o = c->job->once;
    c->got = c;
    if (!c->value) return weir_once_do_wait(o, job_main, c->job, c->deadline, c->ctx);
    return weir_once_value_wait(o, job_value, c->job, &c->got, c->deadline, c->ctx);
}

static void caller_start(struct caller *c, struct job *j, bool value, weir_time deadline,
                         weir_ctx *ctx) {
    c->job = j;
    c->value = value;
    c->deadline = deadline;
    c->ctx = ctx;
    call_start(&c->call, caller_main, c);
}

static void wait_for_run(struct job *j) {
    for (int i = 0; i < 20000 && !weir_load_relaxed(&j->runs); i++) sleep_ms(1);
    CHECK_IS(weir_load_relaxed(&j->runs), 1);
}

/* ---- O01 --------------------------------------------------------------------------------------------------------- */

static void o01_alone(void) {
    static weir_once once = WEIR_ONCE_INIT;
    struct job j = { .once = &once };
    CHECK(!weir_once_is_done(&once), "done before the first call");
    for (int i = 0; i < 3; i++) {
        CHECK_IS(weir_once_do_wait(&once, job_main, &j, i ? -1 : WEIR_NOW, NULL), 0);
        CHECK(weir_once_is_done(&once), "not done");
    }
    CHECK_IS(j.plain, 1);
    weir_once zero; /* all zero is a new one */
    memset(&zero, 0, sizeof zero);
    j.once = &zero;
    CHECK_IS(weir_once_do(&zero, job_main, &j), 0);
    CHECK_IS(j.plain, 2);
}

#define CROWD 4

struct crowd {
    weir_once *once;
    struct job *job;
    pthread_barrier_t begin;
    weir_au32 left;
};

/* Each thread comes by another way; the last that has returned frees it. */
static void crowd_thread(void *arg, size_t index) {
    struct crowd *c = arg;
    for (size_t k = times(1500); k > 0 && checks_hold(); k--) {
        if (index == 0) {
            c->once = calloc(1, sizeof *c->once);
            c->job = calloc(1, sizeof *c->job);
            weir_store_relaxed(&c->left, CROWD);
        }
        (void)pthread_barrier_wait(&c->begin);
        weir_once *once = c->once;
        struct job *j = c->job;
        void *value;
        int rc = WEIR_ETIMEDOUT;
        random_delay();
        while (index == 1 && rc != 0) rc = weir_once_do_wait(once, job_main, j, WEIR_NOW, NULL);
        while (index == 2 && rc == WEIR_ETIMEDOUT)
            rc = weir_once_do_wait(once, job_main, j, weir_after(2000), NULL);
        if (index == 3) {
            int kept = weir_once_value(once, job_value, j, &value); /* of weir_once_do: nothing */
            rc = kept == (value ? FAILED : 0) ? 0 : WEIR_EINVAL;
        }
        if (index == 0) rc = weir_once_do(once, job_main, j);
        CHECK_IS(rc, 0);
        CHECK_IS(j->plain, 1); /* O02: its writes are seen */
        if (weir_fetch_sub_acq_rel(&c->left, 1, 0) == 1) {
            free(once);
            free(j);
        }
        (void)pthread_barrier_wait(&c->begin);
    }
}

static void o01_crowd(void) {
    struct crowd c;
    (void)pthread_barrier_init(&c.begin, NULL, CROWD);
    points_delay(true);
    team_run(CROWD, crowd_thread, &c);
    points_delay(false);
    (void)pthread_barrier_destroy(&c.begin);
}

/* ---- O02 --------------------------------------------------------------------------------------------------------- */

static void o02_blocks(void) {
    weir_once once = WEIR_ONCE_INIT;
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    struct job j = { .once = &once, .waits = true };
    struct caller runner, others[3], cancelled;
    caller_start(&runner, &j, false, WEIR_FOREVER, NULL);
    wait_for_run(&j);
    for (int i = 0; i < 3; i++) {
        caller_start(&others[i], &j, false, i == 1 ? weir_after(60000 * MS) : WEIR_FOREVER, NULL);
        CHECK(call_sleeps(&others[i].call), "it did not wait");
    }
    caller_start(&cancelled, &j, false, WEIR_FOREVER, ctx);
    CHECK(call_sleeps(&cancelled.call), "it did not wait");
    CHECK_IS(weir_once_do_wait(&once, job_main, &j, WEIR_NOW, NULL), WEIR_EBUSY);
    check_late(weir_once_do_wait(&once, job_main, &j, -1, NULL), -1);
    weir_time d = weir_after(3 * MS);
    check_late(weir_once_do_wait(&once, job_main, &j, d, NULL), d);
    CHECK(!weir_once_is_done(&once), "done while it runs");
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    CHECK_IS(call_end(&cancelled.call), WEIR_ECANCELED);
    CHECK(!call_done(&runner.call) && !call_done(&others[2].call), "it returned too soon");
    weir_store_release(&j.go_on, 1, 0);
    CHECK_IS(call_end(&runner.call), 0);
    for (int i = 0; i < 3; i++) CHECK_IS(call_end(&others[i].call), 0);
    CHECK_IS(j.plain, 1);
    CHECK_IS(weir_once_do_wait(&once, job_main, &j, WEIR_NOW, ctx), WEIR_ECANCELED);
    CHECK_IS(weir_once_do_wait(&once, job_main, &j, WEIR_NOW, NULL), 0);
    weir_ctx_unref(ctx);
}

/* Who ran it stands still where it has let the others go: they return, and free. */
struct runner {
    struct job *job;
    struct stop stop;
};

static int64_t runner_main(void *arg) {
    struct runner *r = arg;
    stop_me(&r->stop);
    return weir_once_do(r->job->once, job_main, r->job);
}

static void o02_freed(void) {
    struct job j = { .once = calloc(1, sizeof(weir_once)), .waits = true };
    struct runner r = { .job = &j };
    struct call call;
    struct caller other;
    stop_init(&r.stop, "wait.tell");
    call_start(&call, runner_main, &r);
    wait_for_run(&j);
    caller_start(&other, &j, false, WEIR_FOREVER, NULL);
    CHECK(call_sleeps(&other.call), "it did not wait");
    weir_store_release(&j.go_on, 1, 0);
    stop_wait(&r.stop);
    CHECK(weir_once_is_done(j.once), "not done");
    CHECK_IS(weir_once_do(j.once, job_main, &j), 0);
    CHECK(!call_done(&other.call), "it was told already");
    stop_release(&r.stop);
    CHECK_IS(call_end(&other.call), 0);
    free(j.once);
    CHECK_IS(call_end(&call), 0);
    stop_fini(&r.stop);
}

/* The one that waits leaves while the runner is on its way to it. */
static void o02_left(void) {
    weir_once once = WEIR_ONCE_INIT;
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    struct job j = { .once = &once, .waits = true };
    struct runner r = { .job = &j };
    struct call call;
    struct caller other;
    stop_init(&r.stop, "once.waiters");
    call_start(&call, runner_main, &r);
    wait_for_run(&j);
    caller_start(&other, &j, false, WEIR_FOREVER, ctx);
    CHECK(call_sleeps(&other.call), "it did not wait");
    weir_store_release(&j.go_on, 1, 0);
    stop_wait(&r.stop);
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    CHECK_IS(call_end(&other.call), WEIR_ECANCELED);
    CHECK(!weir_once_is_done(&once), "done");
    stop_release(&r.stop);
    CHECK_IS(call_end(&call), 0);
    CHECK(weir_once_is_done(&once), "not done");
    stop_fini(&r.stop);
    weir_ctx_unref(ctx);
}

/* ---- O03 --------------------------------------------------------------------------------------------------------- */

static void o03_ended_thread(void) {
    for (int ends = 1; ends <= 2; ends++) {
        for (int value = 0; value < 2; value++) {
            weir_once once = WEIR_ONCE_INIT;
            struct job j = { .once = &once, .ends = ends, .waits = true };
            struct caller runner, other;
            void *got = &j;
            caller_start(&runner, &j, value, WEIR_FOREVER, NULL);
            wait_for_run(&j);
            caller_start(&other, &j, value, WEIR_FOREVER, NULL);
            CHECK(call_sleeps(&other.call), "it did not wait");
            weir_store_release(&j.go_on, 1, 0);
            CHECK_IS(call_end(&other.call), value ? WEIR_ECANCELED : 0);
            (void)pthread_join(runner.call.thread, NULL); /* its call has not returned */
            CHECK(!call_done(&runner.call), "it returned");
            CHECK(weir_once_is_done(&once), "not done");
            CHECK_IS(weir_once_do(&once, job_main, &j), 0);
            CHECK_IS(weir_once_value(&once, job_value, &j, &got), value ? WEIR_ECANCELED : 0);
            CHECK(!got && j.plain == 1, "it has a value, or was run again");
        }
    }
}

static void o03_error(void) {
    weir_once once = WEIR_ONCE_INIT;
    struct job j = { .once = &once };
    for (int i = 0; i < 3; i++) CHECK_IS(weir_once_value(&once, job_value, &j, NULL), FAILED);
    CHECK_IS(j.plain, 1);
    CHECK(weir_once_is_done(&once), "not done");
}

/* ---- O04 --------------------------------------------------------------------------------------------------------- */

struct recursive {
    weir_once once, other;
    int runs, runs_other;
};

static void other_main(void *arg) {
    struct recursive *r = arg;
    r->runs_other++;
}

static int recursive_main(void *arg, void **value) {
    struct recursive *r = arg;
    void *got = r;
    r->runs++;
    *value = r;
    CHECK_IS(weir_once_value(&r->once, recursive_main, r, &got), WEIR_EDEADLK);
    CHECK(!got, "a value");
    CHECK_IS(weir_once_do_wait(&r->once, other_main, r, WEIR_NOW, NULL), WEIR_EDEADLK);
    CHECK_IS(weir_once_do_wait(&r->once, other_main, r, -1, NULL), WEIR_EDEADLK);
    CHECK_IS(weir_once_do(&r->other, other_main, r), 0); /* of another one */
    return 0;
}

static void o04_recursive(void) {
    struct recursive r = { .once = WEIR_ONCE_INIT, .other = WEIR_ONCE_INIT };
    void *got = NULL;
    CHECK_IS(weir_once_value(&r.once, recursive_main, &r, &got), 0);
    CHECK(got == &r && r.runs == 1 && r.runs_other == 1, "%d and %d runs", r.runs, r.runs_other);
    CHECK_IS(weir_once_do(&r.once, other_main, &r), 0); /* no deadlock any more */
}

/* ---- O05 --------------------------------------------------------------------------------------------------------- */

static void o05_value(void) {
    weir_once once = WEIR_ONCE_INIT;
    struct job j = { .once = &once, .waits = true };
    struct caller runner, others[3];
    void *got = &j;
    caller_start(&runner, &j, true, WEIR_FOREVER, NULL);
    wait_for_run(&j);
    for (int i = 0; i < 3; i++) {
        caller_start(&others[i], &j, true, WEIR_FOREVER, NULL);
        CHECK(call_sleeps(&others[i].call), "it did not wait");
    }
    CHECK_IS(weir_once_value_wait(&once, job_value, &j, &got, WEIR_NOW, NULL), WEIR_EBUSY);
    CHECK(!got, "a value before there is one");
    weir_store_release(&j.go_on, 1, 0);
    CHECK_IS(call_end(&runner.call), FAILED);
    CHECK(runner.got == &j.plain, "another value");
    for (int i = 0; i < 3; i++) {
        CHECK_IS(call_end(&others[i].call), FAILED);
        CHECK(others[i].got == &j.plain, "another value");
    }
    CHECK_IS(weir_once_value(&once, job_value, &j, &got), FAILED);
    CHECK(got == &j.plain && j.plain == 1, "another value, or another run");
}

static void o_bad_arguments(void) {
    weir_once once = WEIR_ONCE_INIT;
    void *got = &once;
    count_misuse(true);
    CHECK_IS(weir_once_do(NULL, job_main, NULL), WEIR_EINVAL);
    CHECK_IS(weir_once_do(&once, NULL, NULL), WEIR_EINVAL);
    CHECK_IS(weir_once_value(NULL, job_value, NULL, &got), WEIR_EINVAL);
    CHECK(!got, "a value");
    CHECK_IS(weir_once_value(&once, NULL, NULL, NULL), WEIR_EINVAL);
    CHECK_IS(misuse_counted(), 4);
    count_misuse(false);
    CHECK(!weir_once_is_done(NULL) && !weir_once_is_done(&once), "done");
    weir_ctx *ctx = ctx_open(NULL, 1);
    CHECK_IS(weir_once_do_wait(&once, job_main, NULL, WEIR_FOREVER, ctx), WEIR_ETIMEDOUT);
    CHECK(!weir_once_is_done(&once), "it was run though the context had ended");
    weir_ctx_unref(ctx);
}

static const struct test tests[] = {
    { "O01 the function runs once", o01_alone },
    { "O01 O02 many threads: one run, whose writes all see; the last frees", o01_crowd },
    { "O02 others wait until it has ended, or their deadline or context has", o02_blocks },
    { "O02 who ran it stands still: the others return, and free", o02_freed },
    { "O02 the one that waits leaves while the runner is on its way", o02_left },
    { "O03 it counts as done though it ended its thread", o03_ended_thread },
    { "O03 it counts as done though it failed", o03_error },
    { "O04 a call from within: EDEADLK", o04_recursive },
    { "O05 value and error are kept, the same for all", o05_value },
    { "O bad arguments: EINVAL; an ended context: not run", o_bad_arguments },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "once", tests, sizeof tests / sizeof *tests);
}
