/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/tasks.c - pools of both kinds.
 *
 * tasks.conserve  all submit to one small pool: with and without a future, with deadlines, in batches, of all priorities, to
 *                 a queue that is mostly full; tasks submit, join, block; the pool is resized all the while. Each
 *                 task that was taken has run once, and the pool's figures are those of the tasks
 * tasks.ends      pools that are made and ended all the time: drained, stopped or shut down, by their own tasks too, while
 *                 tasks are submitted. Each future is resolved, and what was not taken has not run */
#include <weir/pool.h>
#include <weir/stress.h>

#include "tasks.h"

#define LL(x) ((unsigned long long)(x))
#define BATCH 4

struct tasks {
    weir_pool *pool;
    weir_au64 taken, refused, ran, inside;
};

static bool is_ready(void *f) { return weir_future_is_done(f); }

static void wait_for(struct weir_stress_worker *w, weir_future *f) {
    weir_stress_waits(w, is_ready, f, WEIR_FOREVER, "the future is done");
    int rc = weir_future_wait(f);
    weir_stress_waited(w);
    weir_stress_check(rc == 0, "the wait returned %d", rc);
}

static void note(struct tasks *s, int rc) {
    if (rc == 0)
        (void)weir_fetch_add_relaxed(&s->taken, 1);
    else
        (void)weir_fetch_add_relaxed(&s->refused, 1);
}

/* ---- conserve --------------------------------------------------------------------------------------------------------- */

static int runs(weir_ctx *ctx, void *arg) {
    struct tasks *s = arg;
    (void)ctx;
    (void)weir_fetch_add_relaxed(&s->ran, 1);
    return 0;
}

static int submits(weir_ctx *ctx, void *arg) {
    struct tasks *s = arg;
    note(s, weir_pool_submit(s->pool, runs, ctx, s));
    return runs(ctx, arg);
}

static int forks(weir_ctx *ctx, void *arg) {
    struct tasks *s = arg;
    weir_future f[2];
    for (int i = 0; i < 2; i++) {
        (void)weir_future_init(&f[i]);
        note(s, weir_pool_async(s->pool, &f[i], i ? submits : runs, ctx, s));
    }
    for (int i = 0; i < 2; i++) {
        int rc = i ? weir_future_join(&f[i]) : weir_future_wait(&f[i]);
        weir_stress_check(rc == 0, "a wait in a task returned %d", rc);
    }
    return runs(ctx, arg);
}

static weir_task_fn *const kinds_of_task[] = { runs, submits, forks, runs };

static void submit_batch(struct tasks *s, struct weir_stress_worker *w) {
    weir_future f[BATCH];
    struct weir_job jobs[BATCH];
    for (unsigned i = 0; i < BATCH; i++) {
        (void)weir_future_init(&f[i]);
        jobs[i] = (struct weir_job){ kinds_of_task[weir_stress_random(w, 4)], NULL, s, &f[i],
                                     (unsigned)weir_stress_random(w, 3) };
    }
    weir_time d = weir_stress_random(w, 2) ? WEIR_FOREVER
                                           : weir_after((int64_t)weir_stress_random(w, 50) * 1000);
    (void)!weir_pool_submit_n_wait(s->pool, jobs, BATCH, d, NULL);
    for (unsigned i = 0; i < BATCH; i++) {
        wait_for(w, &f[i]);
        note(s, weir_future_code(&f[i]));
    }
}

static void submit_one(struct tasks *s, struct weir_stress_worker *w) {
    struct weir_job job = { kinds_of_task[weir_stress_random(w, 4)], NULL, s, NULL,
                            (unsigned)weir_stress_random(w, 3) };
    uint64_t how = weir_stress_random(w, 3);
    weir_time d = how == 0 ? WEIR_NOW : how == 1 ? WEIR_FOREVER : weir_after(20000);
    note(s, weir_pool_submit_wait(s->pool, &job, d, NULL));
}

static void conserve_thread(void *state, struct weir_stress_worker *w) {
    struct tasks *s = state;
    while (weir_stress_more(w)) {
        uint64_t what = weir_stress_random(w, 32);
        if (what == 0)
            (void)!weir_pool_resize(s->pool, 1 + (unsigned)weir_stress_random(w, 3), 4);
        else if (what == 1)
            (void)!weir_pool_quiet_wait(s->pool, weir_after(20000), NULL);
        else if (what < 8)
            submit_batch(s, w);
        else
            submit_one(s, w);
    }
}

static int conserve_setup(void *state, struct weir_stress *run) {
    struct tasks *s = state;
    const struct tasks_kind *k = weir_stress_param(run);
    struct weir_pool_opts o = WEIR_POOL_OPTS(2);
    o.kind = k->kind;
    o.flags = k->flags;
    o.max_threads = 4;
    o.spare = 1;
    o.cap = 4;
    o.linger = 50000;
    return weir_pool_new(&s->pool, &o);
}

static void conserve_finish(void *state) {
    struct tasks *s = state;
    struct weir_pool_stats st;
    weir_stress_check(weir_pool_drain(s->pool) == 0, "drain failed");
    (void)weir_pool_stats(s->pool, &st);
    uint64_t ran = weir_load_relaxed(&s->ran), taken = weir_load_relaxed(&s->taken);
    weir_stress_check(ran == taken, "%llu were taken, %llu ran", LL(taken), LL(ran));
    weir_stress_check(st.ok == ran && st.failed == 0 && st.cancelled == 0,
                      "ok %llu of %llu, failed %llu, cancelled %llu", LL(st.ok), LL(ran),
                      LL(st.failed), LL(st.cancelled));
    weir_stress_check(st.submitted == st.refused + st.ok, "submitted %llu", LL(st.submitted));
    weir_stress_check(weir_pool_free(s->pool) == 0, "free failed");
    weir_stress_count_of("ran", ran);
    weir_stress_count_of("stolen", st.stolen);
    weir_stress_count_of("wakes", st.wakes);
    weir_stress_count_of("made", st.made);
}

/* ---- ends ------------------------------------------------------------------------------------------------------------- */

#define SOME 6

struct short_lived {
    weir_pool *pool;
    weir_au32 ran;
    int how;
};

static int ends_it(weir_ctx *ctx, void *arg) {
    struct short_lived *s = arg;
    (void)ctx;
    int rc = s->how ? weir_pool_stop_wait(s->pool, WEIR_FOREVER, NULL)
                    : weir_pool_drain_wait(s->pool, WEIR_FOREVER, NULL);
    weir_stress_check(rc == WEIR_EDEADLK, "ended by its own task: %d", rc);
    return 0;
}

static int runs_short(weir_ctx *ctx, void *arg) {
    (void)ctx;
    (void)weir_fetch_add_relaxed(&((struct short_lived *)arg)->ran, 1);
    return 0;
}

static void end_pool(struct short_lived *s, struct weir_stress_worker *w) {
    uint64_t how = weir_stress_random(w, 4);
    int rc = 0;
    if (how == 0) rc = weir_pool_drain(s->pool);
    if (how == 1) rc = weir_pool_stop(s->pool);
    if (how == 2)
        rc = weir_pool_shutdown(s->pool, weir_after((int64_t)weir_stress_random(w, 40) * 1000));
    weir_stress_check(rc == 0 || (how == 2 && rc == WEIR_ECANCELED), "the end returned %d", rc);
}

static void one_pool(const struct tasks_kind *k, struct weir_stress_worker *w) {
    struct short_lived s = { NULL, { 0 }, (int)weir_stress_random(w, 2) };
    weir_future f[SOME];
    struct weir_pool_opts o = WEIR_POOL_OPTS(1 + (unsigned)weir_stress_random(w, 2));
    o.kind = k->kind;
    o.flags = k->flags;
    o.cap = weir_stress_random(w, 3);
    if (!weir_stress_check(weir_pool_new(&s.pool, &o) == 0, "no pool")) return;
    uint64_t ending = weir_stress_random(w, 2 * SOME), ran = 0;
    for (unsigned i = 0; i < SOME; i++) {
        (void)weir_future_init(&f[i]);
        int rc = weir_pool_async(s.pool, &f[i], i == ending ? ends_it : runs_short, NULL, &s);
        weir_stress_check(rc == 0 || rc == WEIR_ESTOPPED, "async returned %d", rc);
    }
    end_pool(&s, w);
    for (unsigned i = 0; i < SOME; i++) {
        wait_for(w, &f[i]);
        ran += i != ending && weir_future_code(&f[i]) == 0;
    }
    weir_stress_check(weir_pool_free(s.pool) == 0, "free failed");
    weir_stress_check(weir_load_relaxed(&s.ran) == ran, "%u ran, and not %llu",
                      weir_load_relaxed(&s.ran), LL(ran));
}

static int ends_setup(void *state, struct weir_stress *run) {
    (void)state;
    (void)run;
    return 0;
}

static void ends_thread(void *state, struct weir_stress_worker *w) {
    (void)state;
    const struct tasks_kind *k = weir_stress_param(weir_stress_run(w));
    while (weir_stress_more(w)) one_pool(k, w);
}

/* ---- scenarios ---------------------------------------------------------------------------------------------------------- */

static const struct tasks_kind steal = { WEIR_POOL_STEAL, 0 };
static const struct tasks_kind fence = { WEIR_POOL_STEAL, WEIR_POOL_NO_MEMBARRIER };
static const struct tasks_kind mutex = { WEIR_POOL_MUTEX, 0 };

static const char *const points[] = { "pool.wake",        "pool.found",      "pool.asleep",
                                      "pool.wait.listed", "pool.grow.start", NULL };

#define CONSERVE(var, name_, kind_, points_)                                                   \
    static const struct weir_stress_scenario var = { .name = name_,                            \
                                                     .about =                                  \
                                                         "each task that was taken runs once", \
                                                     .param = &(kind_),                        \
                                                     .state_size = sizeof(struct tasks),       \
                                                     .setup = conserve_setup,                  \
                                                     .thread = conserve_thread,                \
                                                     .finish = conserve_finish,                \
                                                     .points = points_ }
#define ENDS(var, name_, kind_)                                                                  \
    static const struct weir_stress_scenario var = { .name = name_,                              \
                                                     .about = "pools that end while tasks come", \
                                                     .param = &(kind_),                          \
                                                     .state_size = sizeof(struct tasks),         \
                                                     .max_threads = 8,                           \
                                                     .setup = ends_setup,                        \
                                                     .thread = ends_thread }
CONSERVE(conserve_steal, "tasks.conserve.steal", steal, points);
CONSERVE(conserve_fence, "tasks.conserve.fence", fence, NULL);
CONSERVE(conserve_mutex, "tasks.conserve.mutex", mutex, NULL);
ENDS(ends_steal, "tasks.ends.steal", steal);
ENDS(ends_mutex, "tasks.ends.mutex", mutex);

const struct weir_stress_scenario *const tasks_scenarios[] = { &conserve_steal, &conserve_fence,
                                                               &conserve_mutex, &ends_steal,
                                                               &ends_mutex,     NULL };
