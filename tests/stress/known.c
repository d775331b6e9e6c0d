/* SPDX-License-Identifier: MIT */
/* tests/stress/known.c - scenarios of which it is known what weir-stress run has to say of them. */
#include <weir/atomic.h>
#include <weir/stress.h>

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* ---- nothing is wrong ---------------------------------------------------------------------------------- */

struct counter {
    weir_au64 sum;
    weir_au64 each[WEIR_STRESS_THREADS];
    unsigned threads;
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
}
static const char *const counter_points[] = { "counter.before", "counter.after", "counter.nowhere",
                                              NULL };
static const struct weir_stress_scenario counter = {
    .name = "good.counter",
    .about = "threads count together",
    .state_size = sizeof(struct counter),
    .setup = counter_setup,
    .thread = counter_thread,
    .finish = counter_finish,
    .points = counter_points,
};

/* Prints the first operations of each worker: the same for the same seed. */
static void list_thread(void *state, struct weir_stress_worker *w) {
    char text[200] = "";
    (void)state;
    weir_stress_role(w, weir_stress_index(w) ? "odd" : "first");
    for (int i = 0; weir_stress_more(w); i++) {
        uint64_t r = weir_stress_random(w, 100);
        size_t n = strlen(text);
        WEIR_POINT("list.operation");
        if (i < 30) (void)snprintf(text + n, sizeof text - n, " %u", (unsigned)r);
    }
    weir_stress_log("list %u:%s\n", weir_stress_index(w), text);
}
static void list_finish(void *state) {
    (void)state;
    weir_stress_check(false, "on purpose, for the log");
}
static const struct weir_stress_scenario list = {
    .name = "bad.list",
    .about = "logs what its threads do, and fails",
    .flags = WEIR_STRESS_BAD,
    .thread = list_thread,
    .finish = list_finish,
};

int main(int argc, char **argv) {
    const struct weir_stress_scenario *const all[] = { &counter, &list };
    return weir_stress_main(argc, argv, all, sizeof all / sizeof *all);
}
