/* SPDX-License-Identifier: MIT */
/* tests/stress/known_good.c - scenarios in which nothing is wrong, though the watchdog might think so: a process
 * that is stopped, starved, or busy for longer than the watchdog's time. And two for scripts and seeds. */
#include "known.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- counting ------------------------------------------------------------------------------------------ */

struct counter {
    weir_au64 sum;
    weir_au64 each[WEIR_STRESS_THREADS];
    unsigned threads;
    pid_t helper;
};

static int counter_setup(void *state, struct weir_stress *run) {
    struct counter *c = state;
    c->threads = weir_stress_threads(run);
    return 0;
}

static void counter_thread(void *state, struct weir_stress_worker *w) {
    struct counter *c = state;
    unsigned i = weir_stress_index(w);
    while (weir_stress_more(w)) {
        WEIR_POINT("counter.before");
        (void)weir_fetch_add_relaxed(&c->sum, 1);
        WEIR_POINT("counter.after");
        (void)weir_fetch_add_relaxed(&c->each[i], 1);
    }
}

static void counter_finish(void *state) {
    struct counter *c = state;
    uint64_t sum = 0;
    for (unsigned i = 0; i < c->threads; i++) sum += weir_load_relaxed(&c->each[i]);
    weir_stress_check(sum == weir_load_relaxed(&c->sum), "%llu operations, but a sum of %llu",
                      (unsigned long long)sum, (unsigned long long)weir_load_relaxed(&c->sum));
    weir_stress_count_of("sum", sum);
    if (c->helper > 0) {
        (void)kill(c->helper, SIGKILL);
        (void)waitpid(c->helper, NULL, 0);
    }
}

/* ---- processes that get no time -------------------------------------------------------------------------- */

/* A process beside this one: stops it for 1.5 s. */
static int stopped_setup(void *state, struct weir_stress *run) {
    struct counter *c = state;
    pid_t self = getpid();
    c->helper = fork();
    if (c->helper == 0) {
        sleep_seconds(0.3);
        (void)kill(self, SIGSTOP);
        sleep_seconds(1.5);
        (void)kill(self, SIGCONT);
        _exit(0);
    }
    return c->helper < 0 ? WEIR_ENOMEM : counter_setup(state, run);
}

/* A process beside this one that takes the processor which this one is pinned to. */
static int starved_setup(void *state, struct weir_stress *run) {
    struct counter *c = state;
    struct sched_param none = { 0 };
    c->helper = fork();
    if (c->helper == 0) {
        for (time_t end = time(NULL) + 5; time(NULL) < end;) continue;
        _exit(0);
    }
    if (c->helper < 0 || sched_setscheduler(0, SCHED_IDLE, &none) != 0)
        return weir_stress_skip(run, "there is no SCHED_IDLE");
    return counter_setup(state, run);
}

/* One operation takes longer than the watchdog waits. */
static void long_thread(void *state, struct weir_stress_worker *w) {
    (void)state;
    while (weir_stress_more(w)) {
        struct timespec start, now;
        (void)clock_gettime(CLOCK_MONOTONIC, &start);
        do (void)clock_gettime(CLOCK_MONOTONIC, &now);
        while (now.tv_sec - start.tv_sec < 2);
    }
}

/* ---- seeds --------------------------------------------------------------------------------------------------- */

/* Logs the first operations of each worker: the same for the same seed. */
static void list_thread(void *state, struct weir_stress_worker *w) {
    char text[200] = "";
    (void)state;
    weir_stress_role(w, weir_stress_index(w) ? "other" : "first");
    for (int i = 0; weir_stress_more(w); i++) {
        uint64_t r = weir_stress_random(w, 100);
        size_t n = strlen(text);
        WEIR_POINT("list.operation");
        if (i < 30) (void)snprintf(text + n, sizeof text - n, " %u", (unsigned)r);
    }
    weir_stress_log("list %u:%s\n", weir_stress_index(w), text);
}

static void fails_on_purpose(void *state) {
    (void)state;
    weir_stress_check(false, "on purpose, for the %s", "log");
}

/* ---- scripts: an update in two steps, which another one may come between ------------------------------------- */

static void update_thread(void *state, struct weir_stress_worker *w) {
    weir_au32 *x = state;
    while (weir_stress_more(w)) {
        uint32_t v = weir_load_relaxed(x);
        WEIR_POINT("update.loaded");
        weir_store_relaxed(x, v + 1);
        WEIR_POINT("update.stored");
    }
}

/* For ops=1 and two threads. */
static void update_finish(void *state) {
    uint32_t x = weir_load_relaxed((weir_au32 *)state);
    weir_stress_check(x == 2, "two updates made %u of 0", x);
}

/* ---- the list ---------------------------------------------------------------------------------------------------- */

static const char *const counter_points[] = { "counter.before", "counter.after", "counter.nowhere",
                                              NULL };

static int skip_setup(void *state, struct weir_stress *run) {
    (void)state;
    return weir_stress_skip(run, "this machine has %d wheels", 3);
}
static void no_thread(void *state, struct weir_stress_worker *w) {
    (void)state;
    while (weir_stress_more(w)) continue;
}

const struct weir_stress_scenario good_scenarios[] = {
    { .name = "good.counter",
      .about = "threads count together",
      .state_size = sizeof(struct counter),
      .setup = counter_setup,
      .thread = counter_thread,
      .finish = counter_finish,
      .points = counter_points },
    { .name = "good.stopped",
      .about = "the process is stopped for a while",
      .state_size = sizeof(struct counter),
      .setup = stopped_setup,
      .thread = counter_thread,
      .finish = counter_finish },
    { .name = "good.starved",
      .about = "others take the processor",
      .state_size = sizeof(struct counter),
      .setup = starved_setup,
      .thread = counter_thread,
      .finish = counter_finish },
    { .name = "good.long", .about = "an operation takes two seconds", .thread = long_thread },
    { .name = "good.pair",
      .about = "takes two threads",
      .min_threads = 2,
      .max_threads = 2,
      .thread = no_thread },
    { .name = "skip.setup",
      .about = "cannot be run here",
      .flags = WEIR_STRESS_BAD,
      .setup = skip_setup,
      .thread = no_thread },
    { .name = "bad.list",
      .about = "logs what its threads do, and fails",
      .flags = WEIR_STRESS_BAD,
      .thread = list_thread,
      .finish = fails_on_purpose },
    { .name = "bad.update",
      .about = "an update that another one may come between",
      .flags = WEIR_STRESS_BAD,
      .state_size = sizeof(weir_au32),
      .min_threads = 2,
      .max_threads = 2,
      .thread = update_thread,
      .finish = update_finish },
    { .name = NULL },
};
