/* SPDX-License-Identifier: MIT */
/* stress/run/child.c - one run, in a process of its own: set-up, workers, the time, stop, join, checks. */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "inside.h"

#define MS INT64_C(1000000)

/* Of the library under test, if one is linked that can be weakened. */
#pragma weak weir_weaken
int weir_weaken(const char *label_and_step);

static void phase(enum sr_phase p) { weir_store_release(&sr_run->shared->phase, (uint32_t)p, 0); }

/* What cannot be run, though nothing is known to be wrong. */
static _Noreturn void give_up(const char *what, int error) {
    (void)weir_stress_skip(sr_run, "%s: %s", what, strerror(error));
    sr_run->shared->setup = WEIR_STRESS_SKIP;
    phase(SR_ENDED);
    _exit(0);
}

/* ---- workers ------------------------------------------------------------------------------------------------ */

static void storm_signals(sigset_t *set) {
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGALRM);
    (void)sigaddset(set, SIGUSR1);
    (void)sigaddset(set, SIGUSR2);
}

static void *body(void *arg) {
    struct weir_stress_worker *w = arg;
    sigset_t set;
    sr_self = w;
    storm_signals(&set);
    weir_store_relaxed(&w->out->tid, (uint32_t)syscall(SYS_gettid));
    weir_stress_role(w, "worker");
    (void)pthread_barrier_wait(&w->run->start);
    weir_store_relaxed(&w->out->state, SR_ALIVE);
    (void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    sr_pass("stress.start");
    w->run->sc->thread(w->run->state, w);
    sr_pass("stress.end");
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    weir_store_relaxed(&w->out->inside, 0);
    weir_store_relaxed(&w->out->state, SR_GONE);
    sr_self = NULL;
    return NULL;
}

static void start_workers(struct weir_stress *run) {
    pthread_attr_t attr;
    (void)pthread_attr_init(&attr);
    (void)pthread_attr_setstacksize(&attr, (size_t)1 << 20);
    (void)pthread_barrier_init(&run->start, NULL, run->threads + 1);
    for (unsigned i = 0; i < run->threads; i++) {
        struct weir_stress_worker *w = &run->worker[i];
        *w = (struct weir_stress_worker){
            .run = run, .index = i, .look = i, .out = &run->shared->worker[i]
        };
        w->delays = sr_mix(run->shared->settings.seed ^ (uint64_t)(i + 1) << 48);
        int rc = pthread_create(&w->thread, &attr, body, w);
        if (rc != 0) give_up("pthread_create", rc);
    }
    (void)pthread_attr_destroy(&attr);
}

static unsigned workers_left(const struct weir_stress *run) {
    unsigned n = 0;
    for (unsigned i = 0; i < run->threads; i++)
        n += weir_load_relaxed(&run->worker[i].out->state) != SR_GONE;
    return n;
}

static void until_time_is_up(const struct weir_stress *run) {
    const struct sr_shared *s = run->shared;
    int64_t end = sr_now() + weir_stress_duration(run), nap = MS / 2;
    for (int64_t now = sr_now(); now < end; now = sr_now()) {
        if (weir_load_relaxed(&s->failed) || weir_load_relaxed(&s->hurry)) break;
        if (workers_left(run) == 0) break;
        sr_sleep_until(end - now < nap ? end : now + nap);
        if (nap < 5 * MS) nap += MS / 4;
    }
}

/* ---- the process ----------------------------------------------------------------------------------------------- */

/* Before the library under test counts them: the parent has pinned this process before it was started. */
static void prepare(struct weir_stress *run) {
    const struct sr_settings *set = &run->shared->settings;
    sigset_t signals;
    storm_signals(&signals);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    (void)prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    (void)prctl(PR_SET_TIMERSLACK, 1000UL, 0, 0, 0);
    sr_catch_crashes();
    run->threads = set->threads;
    run->share = weir_stress_duration(run) / 5;
    char why[SR_SCRIPT + 100];
    if (*set->script && sr_script_parse(&run->script, set->script, 0, why, sizeof why) < 0)
        run->script.n = 0; /* the parent has parsed it before */
    if (weir_weaken && *set->weaken) (void)weir_weaken(set->weaken);
    size_t size = (run->sc->state_size + WEIR_LINE) / WEIR_LINE * WEIR_LINE;
    run->state = aligned_alloc(WEIR_LINE, size);
    run->worker = aligned_alloc(WEIR_LINE, (run->threads * sizeof *run->worker + WEIR_LINE) /
                                               WEIR_LINE * WEIR_LINE);
    if (!run->state || !run->worker) give_up("memory", ENOMEM);
    memset(run->state, 0, size);
}

static void work(struct weir_stress *run) {
    start_workers(run);
    int rc = sr_attend(run);
    if (rc != 0) give_up("pthread_create", rc);
    sr_points_start();
    phase(SR_RUNNING);
    (void)pthread_barrier_wait(&run->start);
    until_time_is_up(run);
    weir_store_relaxed(&run->shared->stopping, 1);
    phase(SR_STOPPING);
    if (run->sc->stop) run->sc->stop(run->state);
    phase(SR_JOINING);
    for (unsigned i = 0; i < run->threads; i++) (void)pthread_join(run->worker[i].thread, NULL);
    phase(SR_FINISHING);
    if (run->sc->finish) run->sc->finish(run->state);
    sr_attend_end();
    sr_points_merge();
    (void)pthread_barrier_destroy(&run->start);
}

_Noreturn void sr_child(int fd, const struct weir_stress_scenario *const *scenarios, size_t n) {
    static struct weir_stress run;
    run.shared = mmap(NULL, sizeof *run.shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (run.shared == MAP_FAILED) _exit(99);
    (void)close(fd);
    sr_run = &run;
    for (size_t i = 0; i < n; i++)
        if (strcmp(scenarios[i]->name, run.shared->settings.scenario) == 0) run.sc = scenarios[i];
    if (!run.sc) _exit(99);
    prepare(&run);
    phase(SR_SETUP);
    run.shared->setup = run.sc->setup ? run.sc->setup(run.state, &run) : 0;
    if (run.shared->setup == 0) work(&run);
    free(run.worker);
    free(run.state);
    phase(SR_ENDED);
    exit(0); /* not _exit: LeakSanitizer looks now */
}
