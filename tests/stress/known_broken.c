/* SPDX-License-Identifier: MIT */
/* tests/stress/known_broken.c - checks that fail, crashes, threads that do not end, memory that grows. */
#include "known.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static void until_time_is_up(struct weir_stress_worker *w) {
    while (weir_stress_more(w)) continue;
}

/* The third thread finds something, and others after it. */
static void check_thread(void *state, struct weir_stress_worker *w) {
    (void)state;
    for (unsigned i = 0; weir_stress_more(w); i++)
        if (i > 1000) weir_stress_check(weir_stress_index(w) != 1, "thread %u of %u", 1u, 3u);
}

/* To a page that nobody may write to. */
static void crash_thread(void *state, struct weir_stress_worker *w) {
    (void)state;
    if (weir_stress_index(w) == 1) {
        char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        for (int i = 0; i < 100 && weir_stress_more(w);) i++;
        WEIR_POINT("crash.soon");
        if (page != MAP_FAILED) memset(page + 16, 0, 8);
    }
    until_time_is_up(w);
}

static void abort_thread(void *state, struct weir_stress_worker *w) {
    (void)state;
    if (weir_stress_index(w) == 0) abort();
    until_time_is_up(w);
}

static void exit_thread(void *state, struct weir_stress_worker *w) {
    (void)state;
    if (weir_stress_index(w) == 0) {
        (void)printf("good bye\n");
        (void)fflush(stdout);
        _Exit(3);
    }
    until_time_is_up(w);
}

static int setup_fails(void *state, struct weir_stress *run) {
    (void)state;
    (void)run;
    return WEIR_ENOMEM;
}

/* Runs, and gets nowhere. */
static void spin_thread(void *state, struct weir_stress_worker *w) {
    weir_au32 *never = state;
    if (!weir_stress_more(w)) return;
    while (!weir_load_relaxed(never)) weir_pause();
}

/* Goes on, and does not care about the time. */
static void deaf_thread(void *state, struct weir_stress_worker *w) {
    weir_au32 *never = state;
    while (!weir_load_relaxed(never)) (void)weir_stress_more(w);
}

/* Keeps what it should give back: the list hangs at the state, so that it is no leak when the process ends. */
struct block {
    struct block *next;
    char bytes[1 << 16];
};
static void grow_thread(void *state, struct weir_stress_worker *w) {
    struct block **list = state;
    while (weir_stress_more(w)) {
        struct block *b = weir_stress_index(w) == 0 ? malloc(sizeof *b) : NULL;
        sleep_seconds(0.005);
        if (!b) continue;
        memset(b->bytes, 1, sizeof b->bytes);
        b->next = *list;
        *list = b;
    }
}
static void grow_finish(void *state) {
    struct block **list = state;
    for (struct block *b = *list, *next; b; b = next) {
        next = b->next;
        free(b);
    }
}

#define BAD(name_, about_, thread_) \
    { .name = (name_),              \
      .about = (about_),            \
      .flags = WEIR_STRESS_BAD,     \
      .state_size = sizeof(void *), \
      .min_threads = 2,             \
      .thread = (thread_) }

const struct weir_stress_scenario broken_scenarios[] = {
    BAD("bad.check", "a check fails", check_thread),
    BAD("bad.crash", "writes to a page that it may not write to", crash_thread),
    BAD("bad.abort", "aborts", abort_thread),
    BAD("bad.exit", "ends the process", exit_thread),
    BAD("bad.spin", "spins for ever", spin_thread),
    BAD("bad.deaf", "goes on when the time is up", deaf_thread),
    { .name = "bad.setup",
      .about = "has no memory",
      .flags = WEIR_STRESS_BAD,
      .setup = setup_fails,
      .thread = spin_thread },
    { .name = "bad.grows",
      .about = "keeps memory",
      .flags = WEIR_STRESS_BAD,
      .state_size = sizeof(void *),
      .thread = grow_thread,
      .finish = grow_finish },
    { .name = NULL },
};
