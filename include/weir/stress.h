/* SPDX-License-Identifier: MIT */
/* weir/stress.h - put your own structure under stress: real threads, delays injected at named points, storms
 * of signals, and a watchdog that tells a lost wake-up from a slow machine.
 *
 * Write a scenario (below) and a main function that calls weir_stress_main, and link libweir_run
 * (examples/stress_my_queue.c, docs/testing.md). The program then has the command line of
 * `weir-stress run`.
 *
 * One run is a scenario with a number of threads, a mode of delays, a placement on the processors, a storm
 * and a seed. Each run has a process of its own, started anew, whose parent is the watchdog. In it:
 *   1. setup            on the main thread
 *   2. thread           in each worker; all leave a start barrier together
 *   3. stop             on the main thread, once the time is up (or a check has failed), while workers run
 *   4.                  all workers are joined: they must come to an end after stop
 *   5. finish           on the main thread: the checks of the whole, then free what setup made
 *
 * Delays are injected at WEIR_POINT("name.of.place") (weir/atomic.h), for which the structure is compiled
 * with -DWEIR_POINTS. Without the define points are nothing, and a structure that has none is stressed by
 * threads, placement and storms alone.
 *
 * Nothing that the functions below do orders the workers among each other (all is relaxed, and each
 * worker writes to cache lines of its own), so that they neither hide a missing order from the processor nor
 * from ThreadSanitizer. weir_stress_waits and weir_stress_waited order the worker before the watchdog only.
 *
 * Nothing here is part of libweir. */
#ifndef WEIR_STRESS_H
#define WEIR_STRESS_H

#include <weir/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_STRESS_THREADS 1024 /* the most that a run can have */

struct weir_stress;        /* one run */
struct weir_stress_worker; /* one of its threads */

/* ---- scenarios ------------------------------------------------------------------------------------- */

/* Flags. BAD fails on purpose: runs only when it is named in full. */
#define WEIR_STRESS_BAD 1u
/* Keeps what it sees (a history): its memory may grow with the time, soak does not judge that. */
#define WEIR_STRESS_GROWS 2u

/* What setup returns for "cannot be run here": the run counts as skipped. */
#define WEIR_STRESS_SKIP 1

struct weir_stress_scenario {
    const char *name;  /* "mpmc.conserve": no spaces, at most 60 characters */
    const char *about; /* one line, for --list */
    size_t state_size; /* bytes of `state`: zeroed, aligned to WEIR_LINE, new in each run */
    unsigned min_threads, max_threads; /* 0: any. A fixed number: both the same */
    unsigned flags;                    /* WEIR_STRESS_* */
    /* Returns 0, WEIR_STRESS_SKIP (see weir_stress_skip), or a negative error, which fails the run;
     * WEIR_ENOTSUP skips it. */
    int (*setup)(void *state, struct weir_stress *run);
    /* The body of a worker, whose part follows from weir_stress_index and weir_stress_count. Loops while
     * weir_stress_more(w), and returns soon after that has become false. */
    void (*thread)(void *state, struct weir_stress_worker *w);
    /* The time is up: what lets sleeping workers go, such as closing the ring. May be NULL. */
    void (*stop)(void *state);
    /* All workers have been joined: conservation, order, length, histories; then free. Called after a
     * failed check, too (weir_stress_failed). May be NULL. */
    void (*finish)(void *state);
    const void *param; /* weir_stress_param */
    /* Names of WEIR_POINTs that runs of it should pass, ended by NULL; those that none did are printed at
     * the end. May be NULL. */
    const char *const *points;
};

/* The program: parses options (--help), runs the scenarios that are named or all that are not BAD, prints.
 * Returns the exit status: 0 nothing found, 1 a failure, 2 usage, 77 nothing could run. To be called once,
 * by a process without other threads, and with the arguments that main got: each run starts this program
 * anew with them. */
int weir_stress_main(int argc, char **argv, const struct weir_stress_scenario *const *scenarios,
                     size_t n);

/* ---- the run --------------------------------------------------------------------------------------- */

unsigned weir_stress_threads(const struct weir_stress *run); /* how many workers */
uint64_t weir_stress_seed(const struct weir_stress *run);
int64_t weir_stress_duration(const struct weir_stress *run); /* until stop, in nanoseconds */
const void *weir_stress_param(const struct weir_stress *run);

/* In setup: `return weir_stress_skip(run, "needs two processors")`. Returns WEIR_STRESS_SKIP. */
__attribute__((format(printf, 2, 3))) int weir_stress_skip(struct weir_stress *run, const char *why,
                                                           ...);

/* ---- workers: each of these by the worker itself ---------------------------------------------------- */

unsigned weir_stress_index(const struct weir_stress_worker *w); /* 0 to count - 1 */
unsigned weir_stress_count(const struct weir_stress_worker *w);
struct weir_stress *weir_stress_run(const struct weir_stress_worker *w);

/* Names the worker's part ("producer"), first thing in `thread`: the watchdog prints it, and the worker's
 * random numbers depend on it. Text that lives as long as the process. */
void weir_stress_role(struct weir_stress_worker *w, const char *role);

/* Whether to go on: false once the time is up, a check has failed, or the worker has made ops= of these
 * calls. One call before each operation of the loop: counts as progress, ends the operation before. */
bool weir_stress_more(struct weir_stress_worker *w);

/* Progress in places that do not call weir_stress_more: once each operation while draining. */
void weir_stress_progress(struct weir_stress_worker *w);

/* Below `bound`; all 64 bits if bound is 0. A function of seed, role, index and the number of calls made
 * before: the same seed gives the same list of operations, whatever the schedule is. */
uint64_t weir_stress_random(struct weir_stress_worker *w, uint64_t bound);

/* Around a call that may sleep: what it waits for. If nothing moves for a while and all threads sleep, the
 * watchdog has ready(arg) evaluated by a thread of the run's process: true for a thread that sleeps is a LOST
 * WAKE-UP, false for all means that the scenario cannot end. ready answers "could the call return now"
 * ("closed, or not empty"); it only reads, takes no lock that a sleeper may hold, and may be called at
 * any time up to weir_stress_waited. `deadline` is the call's own (WEIR_FOREVER: none), which the watchdog
 * waits out before it says that the scenario cannot end. `words` ("the ring has an element") live as long as
 * the process. Pairs do not nest. */
void weir_stress_waits(struct weir_stress_worker *w, bool (*ready)(void *arg), void *arg,
                       weir_time deadline, const char *words);
void weir_stress_waited(struct weir_stress_worker *w);

/* ---- checks: any thread of the run's process, in setup, thread, stop and finish ------------------------- */

/* weir_stress_check(got == want, "popped %d, not %d", got, want): text as printf, needed. A condition that
 * does not hold fails the run: the first one is kept, and the run goes on to its end, which comes soon, since
 * weir_stress_more is false from then on. The value is the condition's. */
#define weir_stress_check(cond, ...) \
    weir__stress_said((cond) ? true  \
                             : weir__stress_check_failed(__FILE__, __LINE__, #cond, __VA_ARGS__))

/* Whether a check of this run has failed: loops that wait for others end then. */
bool weir_stress_failed(void);

/* Text for the failure's folder, file log.txt (a history that cannot be explained): shown only if the run
 * fails. At most 1 MiB each run, the rest is dropped. */
__attribute__((format(printf, 1, 2))) void weir_stress_log(const char *text, ...);

/* A figure of this run for the line that is printed about it, "full=17": the sum of all calls with this
 * name (a string that lives as long as the process). At most 8 names. In finish. */
void weir_stress_count_of(const char *name, uint64_t n);

__attribute__((format(printf, 4, 5))) bool
weir__stress_check_failed(const char *file, int line, const char *cond, const char *text, ...);
static inline bool weir__stress_said(bool ok) { return ok; } /* a call may stand alone */

#ifdef __cplusplus
}
#endif
#endif
