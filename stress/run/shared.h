/* SPDX-License-Identifier: MIT */
/* stress/run/shared.h - what a run's process and its watchdog share: one block of memory, which the parent
 * makes and the child maps from a file descriptor that it inherits.
 *
 * The parent writes the settings before the child starts, and `calm`, `hurry`, `ask` and `go_on` while it
 * runs. All else is the child's. Each worker writes to its own record alone, with relaxed stores, so
 * that nothing here orders one worker before another. */
#ifndef WEIR_STRESS_SHARED_H
#define WEIR_STRESS_SHARED_H

#include <weir/atomic.h>
#include <weir/stress.h>

/* A good 64-bit hash of a number. */
static inline uint64_t sr_mix(uint64_t x) {
    x += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

#define SR_NAME 64
#define SR_WORDS 96
#define SR_TEXT 2048
#define SR_LOG ((size_t)1 << 20)
#define SR_POINTS 256
#define SR_COUNTS 8
#define SR_STEPS 16
#define SR_SCRIPT 1024

/* ---- settings of one run ------------------------------------------------------------------------------ */

enum sr_delay { SR_OFF, SR_RANDOM, SR_VICTIM, SR_SCRIPTED, SR_DELAYS };
enum sr_place { SR_SPREAD, SR_ONE, SR_PLACES };
enum sr_storm { SR_CALM, SR_STOPS, SR_SIGNALS, SR_BOTH, SR_STORMS };

struct sr_settings {
    char scenario[SR_NAME];
    uint64_t seed;
    uint64_t ops; /* of each worker; 0: no limit */
    double seconds;
    double watchdog; /* seconds without progress before it looks closer */
    double limit;    /* seconds without progress that are too many on any machine */
    uint64_t memory; /* bytes; 0: no limit */
    unsigned threads;
    enum sr_delay delay;
    enum sr_place place;
    enum sr_storm storm;
    char weaken[64], script[SR_SCRIPT];
    bool stacks; /* a crash waits for the parent's debugger */
};

/* ---- the child ------------------------------------------------------------------------------------------- */

enum sr_phase { SR_BEFORE, SR_SETUP, SR_RUNNING, SR_STOPPING, SR_JOINING, SR_FINISHING, SR_ENDED };
enum sr_state { SR_NEW, SR_ALIVE, SR_GONE };
enum sr_ready { SR_NO_WAIT, SR_FALSE, SR_TRUE };

struct sr_worker {
    _Alignas(WEIR_LINE) weir_au32 tid;
    weir_au32 state;
    weir_au64 ops;     /* progress */
    weir_au32 inside;  /* has passed a point of its present operation */
    weir_au32 delayed; /* by us: not asleep for the structure's sake */
    weir_aptr point;   /* passed last; a pointer of the child */
    weir_aptr role;
    /* What it waits for: seq is odd while the rest is valid. */
    weir_au64 seq;
    weir_aptr ready, arg, words;
    weir_au64 deadline;

    /* The answer to a question of the watchdog. */
    _Alignas(WEIR_LINE) enum sr_ready answer;
    int64_t until;
    char for_what[SR_WORDS], as_what[SR_NAME], at_point[SR_NAME];
};

struct sr_pass {
    char name[SR_NAME];
    uint64_t hits; /* passes by workers */
    uint64_t met;  /* with another worker past a point of its present operation */
};

enum sr_step_state { SR_WAITING, SR_HELD, SR_LET_GO, SR_GAVE_UP };
struct sr_step_report {
    weir_au32 state, came; /* came: passes of what it waits for, since it is held */
    weir_au64 ns;          /* how long it was held */
};

struct sr_crash {
    weir_au32 caught, worker; /* WEIR_STRESS_THREADS: not a worker */
    int signal;
    void *address;
    char point[SR_NAME];
};

struct sr_shared {
    struct sr_settings settings;

    /* by the parent */
    _Alignas(WEIR_LINE) weir_au32 calm; /* no storms: somebody looks */
    weir_au32 hurry;                    /* as if the time were up */
    weir_au32 ask;                      /* a question's number */
    weir_au32 go_on;                    /* a crash may end */

    /* by the child */
    _Alignas(WEIR_LINE) weir_au32 phase;
    weir_au32 stopping, era, answered, attendant, signals;
    weir_au32 failed; /* 1: claimed, 2: the text is complete */
    weir_au64 logged; /* bytes, perhaps more than there is room for */
    char failure[SR_TEXT], skip[SR_TEXT / 4], log[SR_LOG];
    int setup; /* its result */
    unsigned npasses, ncounts;
    bool unseen; /* there were more points than SR_POINTS */
    struct sr_pass pass[SR_POINTS];
    struct {
        char name[SR_NAME];
        uint64_t n;
    } count[SR_COUNTS];
    struct sr_step_report step[SR_STEPS];
    struct sr_crash crash;
    struct sr_worker worker[WEIR_STRESS_THREADS];
};

#endif
