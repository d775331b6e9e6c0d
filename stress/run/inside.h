/* SPDX-License-Identifier: MIT */
/* stress/run/inside.h - the run's process: its workers, and what happens at points. */
#ifndef WEIR_STRESS_INSIDE_H
#define WEIR_STRESS_INSIDE_H

#include <pthread.h>

#include "script.h"

#define SR_TABLE 512 /* of a worker, a power of two: points by the address of their name */

struct sr_entry {
    const char *name;
    uint64_t hits, met;
    uint32_t at, until; /* steps of the script, a bit each */
    bool blocking;      /* on the way to sleep, or to wake somebody */
};

/* Touched by the worker alone, but for `entry`, which the main thread reads once it has been joined. */
struct weir_stress_worker {
    struct sr_worker *out;
    struct weir_stress *run;
    pthread_t thread;
    unsigned index, look;           /* look: whom to look at next */
    unsigned came[SR_STEPS];        /* passes of a step's place to stop */
    uint64_t calls, random, delays; /* states of the two streams */
    int64_t starved;                /* nanoseconds, as a victim */
    struct sr_entry entry[SR_TABLE];
};

struct weir_stress {
    struct sr_shared *shared;
    const struct weir_stress_scenario *sc;
    void *state;
    unsigned threads;
    int64_t share; /* nanoseconds that a victim may be kept waiting in all */
    struct sr_script script;
    struct weir_stress_worker *worker;
    pthread_barrier_t start;
    bool over; /* for the attendant: under its lock */
};

extern struct weir_stress *sr_run;                  /* the one of this process */
extern __thread struct weir_stress_worker *sr_self; /* NULL: not a worker */

/* The child's whole life: does not return. */
_Noreturn void sr_child(int fd, const struct weir_stress_scenario *const *scenarios, size_t n);

/* ---- points.c ---------------------------------------------------------------------------------------- */

void sr_points_start(void);                    /* the hook */
void sr_points_merge(void);                    /* all workers have been joined */
void sr_pass(const char *name);                /* one of stress.*: seen by scripts alone */
void sr_between(struct weir_stress_worker *w); /* operations */

/* ---- attend.c: the thread that answers the watchdog, and drives storms of signals and the victims -------- */

int sr_attend(struct weir_stress *run); /* 0, or an errno value */
void sr_attend_end(void);
void sr_catch_crashes(void);

/* ---- small things ---------------------------------------------------------------------------------------- */

static inline uint64_t sr_next(uint64_t *state) {
    *state += UINT64_C(0x9E3779B97F4A7C15);
    return sr_mix(*state);
}

int64_t sr_now(void); /* nanoseconds, monotonic */
void sr_sleep_until(int64_t when);

#endif
