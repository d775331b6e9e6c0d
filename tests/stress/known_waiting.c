/* SPDX-License-Identifier: MIT */
/* tests/stress/known_waiting.c - threads that sleep: rightly, for ever, and beside what they wait for. */
#include "known.h"

#include <time.h>

struct flag {
    weir_au32 up, gate, ended;
};

static bool is_up(void *arg) {
    struct flag *f = arg;
    return weir_load_relaxed(&f->up) != 0;
}

/* ---- right: everybody is woken -------------------------------------------------------------------------- */

/* The first thread raises and lowers the flag, the others sleep while it is down. */
static void flag_thread(void *state, struct weir_stress_worker *w) {
    struct flag *f = state;
    weir_stress_role(w, weir_stress_index(w) ? "sleeper" : "raiser");
    while (weir_stress_more(w)) {
        if (weir_stress_index(w) == 0) {
            weir_store_relaxed(&f->up, weir_stress_random(w, 2) ? 1 : 0);
            if (weir_load_relaxed(&f->up)) futex_wake(&f->up);
            continue;
        }
        weir_stress_waits(w, is_up, f, WEIR_FOREVER, "the flag is up");
        while (!weir_load_relaxed(&f->up) && !weir_load_relaxed(&f->ended))
            futex_sleep(&f->up, 0, 0.2);
        weir_stress_waited(w);
    }
}

/* All sleep until the time is up: nothing is wrong with that. */
static void idle_thread(void *state, struct weir_stress_worker *w) {
    struct flag *f = state;
    if (!weir_stress_more(w)) return;
    weir_stress_waits(w, is_up, f, WEIR_FOREVER, "the flag is up");
    while (!weir_load_relaxed(&f->up)) futex_sleep(&f->up, 0, -1);
    weir_stress_waited(w);
}

static void raise_it(void *state) {
    struct flag *f = state;
    weir_store_relaxed(&f->ended, 1);
    weir_store_relaxed(&f->up, 1);
    futex_wake(&f->up);
}

/* A call with a deadline that is further than the watchdog's time. */
static void deadline_thread(void *state, struct weir_stress_worker *w) {
    struct flag *f = state;
    struct timespec ts;
    while (weir_stress_more(w)) continue;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    weir_stress_waits(w, is_up, f, (weir_time)(ts.tv_sec + 2) * 1000000000 + ts.tv_nsec,
                      "the flag is up");
    futex_sleep(&f->up, 0, 2);
    weir_stress_waited(w);
}

/* ---- wrong ------------------------------------------------------------------------------------------------ */

/* The first raises the flag but does not wake; once only, when the others sleep. */
static void lost_thread(void *state, struct weir_stress_worker *w) {
    struct flag *f = state;
    weir_stress_role(w, weir_stress_index(w) ? "sleeper" : "raiser");
    if (weir_stress_index(w) == 0) {
        sleep_seconds(0.3);
        weir_store_relaxed(&f->up, 1); /* no futex_wake */
        WEIR_POINT("flag.raised");
        return;
    }
    if (!weir_stress_more(w)) return;
    weir_stress_waits(w, is_up, f, WEIR_FOREVER, "the flag is up");
    while (!weir_load_relaxed(&f->up)) {
        WEIR_POINT("flag.sleeps");
        futex_sleep(&f->gate, 0, -1);
    }
    weir_stress_waited(w);
}

/* Sleeps beyond its own deadline. */
static void oversleeps_thread(void *state, struct weir_stress_worker *w) {
    struct flag *f = state;
    if (!weir_stress_more(w)) return;
    weir_stress_waits(w, is_up, f, 1, "the flag is up");
    futex_sleep(&f->gate, 0, -1);
    weir_stress_waited(w);
}

/* Waits for what nobody brings. */
static void stuck_thread(void *state, struct weir_stress_worker *w) {
    struct flag *f = state;
    if (!weir_stress_more(w)) return;
    weir_stress_waits(w, is_up, f, WEIR_FOREVER, "the flag is up");
    while (!weir_load_relaxed(&f->up)) futex_sleep(&f->gate, 0, -1);
    weir_stress_waited(w);
}

/* The same, and does not say so. */
static void silent_thread(void *state, struct weir_stress_worker *w) {
    struct flag *f = state;
    while (weir_stress_more(w)) futex_sleep(&f->gate, 0, -1);
}

/* What it waits for cannot be evaluated. */
static bool sleeps_too(void *arg) {
    struct flag *f = arg;
    while (!weir_load_relaxed(&f->gate)) futex_sleep(&f->gate, 0, -1);
    return true;
}
static void predicate_thread(void *state, struct weir_stress_worker *w) {
    struct flag *f = state;
    if (!weir_stress_more(w)) return;
    weir_stress_waits(w, sleeps_too, f, WEIR_FOREVER, "the predicate returns");
    for (;;) futex_sleep(&f->gate, 0, -1);
}

/* ---- the list ------------------------------------------------------------------------------------------------- */

#define ROW(name_, about_, thread_, stop_, flags_) \
    { .name = (name_),                             \
      .about = (about_),                           \
      .flags = (flags_),                           \
      .state_size = sizeof(struct flag),           \
      .thread = (thread_),                         \
      .stop = (stop_) }

const struct weir_stress_scenario waiting_scenarios[] = {
    ROW("good.flag", "threads sleep until a flag is up", flag_thread, raise_it, 0),
    ROW("good.idle", "all threads sleep until the time is up", idle_thread, raise_it, 0),
    ROW("good.deadline", "all threads sleep until a deadline", deadline_thread, NULL, 0),
    ROW("bad.lost", "the flag is raised, but nobody woken", lost_thread, NULL, WEIR_STRESS_BAD),
    ROW("bad.oversleeps", "a deadline is slept through", oversleeps_thread, NULL, WEIR_STRESS_BAD),
    ROW("bad.stuck", "nobody raises the flag", stuck_thread, NULL, WEIR_STRESS_BAD),
    ROW("bad.silent", "sleeps for ever, and does not say for what", silent_thread, NULL,
        WEIR_STRESS_BAD),
    ROW("bad.predicate", "what it waits for cannot be evaluated", predicate_thread, NULL,
        WEIR_STRESS_BAD),
    { .name = NULL },
};
