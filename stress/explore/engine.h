/* SPDX-License-Identifier: MIT */
/* stress/explore/engine.h - what the parts of the schedule explorer share.
 *
 *   engine.c    one execution: threads as fibers, failure
 *   schedule.c  decisions, blocking, polling
 *   choose.c    choices, their record, budgets          strategy.c  who chooses: dfs, random, pct
 *   ops.c       the seam of weir/atomic.h               mem_*.c     memory models
 *   os.c        futex, clock, mutex; the model os.c     heap.c      memory that watches itself
 *   race.c      data races on plain memory
 *   rcu.c       model RCU                               trace.c, table.c, report.c  what is printed
 *   replay.c    files that repeat an execution          explore.c, options.c        the program
 *
 * Everything runs in one real thread: plain variables throughout. An execution is a function of the
 * scenario, the memory model, the budgets and the answers of ex_choose; nothing else may enter. */
#ifndef WEIR_STRESS_ENGINE_H
#define WEIR_STRESS_ENGINE_H

#include <stdio.h>

#include <weir/atomic.h>
#include <weir/detail/model.h>
#include <weir/model.h>

#define EX_THREADS WEIR_MODEL_THREADS
#define EX_TASKS (EX_THREADS + 1) /* and the one that runs RCU callbacks */
#define EX_DAEMON EX_THREADS
#define EX_CHOICES 65536
#define EX_OPS 4096
#define EX_BUFFER 16

/* Pauses that a thread may make in a row while nothing changes, before it must let others go first:
 * the retry bound of the model build (queues/ stop polling after 2). */
#define EX_POLLS 2

/* ---- budgets --------------------------------------------------------------------------------------- */

/* XX(name, what one unit of it buys). Negative: no limit. */
#define EX_BUDGETS(XX)                                                   \
    XX(preemptions, "a switch away from a thread that could go on")      \
    XX(flushes, "a thread whose stores are seen late")                   \
    XX(timeouts, "a deadline that passes while others could run")        \
    XX(spurious, "a wake-up without a cause")                            \
    XX(weak, "a weak compare-and-swap that fails without a cause")       \
    XX(reuse, "an allocation that gets memory freed before")             \
    XX(oom, "an allocation that fails")                                  \
    XX(denials, "a membarrier that the kernel refuses")                  \
    XX(stops, "a thread that stands still until all others are through") \
    XX(solo, "a test of a progress claim: all others stand still")

struct ex_budget {
#define XX(name, text) int name;
    EX_BUDGETS(XX)
#undef XX
};

/* ---- choices ----------------------------------------------------------------------------------------- */

enum ex_kind {
    EX_SCHED,
    EX_DRAIN,
    EX_WEAK,
    EX_REUSE,
    EX_OOM,
    EX_CLOCK,
    EX_DENIAL,
    EX_ALONE,
    EX_KINDS
};
enum ex_action { EX_RUN, EX_TIMEOUT, EX_SPURIOUS, EX_STOP };

struct ex_option {
    uint8_t action, task;
};
struct ex_record {
    uint8_t kind, n, c;
};

/* Option 0 is what happens if nobody interferes. */
struct ex_strategy {
    const char *name;
    void (*start)(void);                               /* before the first execution */
    void (*begin)(void);                               /* before each */
    unsigned (*choose)(enum ex_kind kind, unsigned n); /* EX_SCHED: of E.opts */
    bool (*next)(void); /* after each; false: there is no other one */
};
extern const struct ex_strategy ex_dfs, ex_random, ex_pct;

/* ---- threads ------------------------------------------------------------------------------------------ */

enum ex_status { EX_READY, EX_BLOCKED, EX_DONE };
enum ex_why { EX_FUTEX, EX_MUTEX, EX_COND, EX_GRACE, EX_CALLBACKS };

struct ex_store { /* one entry of a store buffer */
    void *p;
    uint64_t v;
    uint8_t size;
    bool rmw;      /* read when it was made: nobody may come between */
    bool late;     /* not to see it is paid for */
    uint64_t made; /* order of execution, of all threads */
    weir_time clock;
    const struct weir__site *at;
};

struct ex_fiber {
    void *ctx; /* where it goes on */
    char *stack;
    size_t size;
    void *fake; /* AddressSanitizer's */
    bool made;
};

struct ex_task {
    struct ex_fiber fiber;
    unsigned id;
    enum ex_status status;
    bool fresh; /* was switched to and has made no step yet: the next one is no decision */
    bool stopped;
    /* while blocked */
    enum ex_why why;
    const void *word;
    uint64_t expected;
    weir_time deadline;
    uint64_t turn; /* order of arrival */
    int woken;     /* what the wait returns */
    const struct weir__site *at;
    /* polling */
    unsigned idle, barren;
    uint64_t idle_epoch, barren_epoch;
    /* the open operation */
    struct weir_model_op *op;
    unsigned claim;
    bool (*ready)(void *);
    void *ready_arg;
    const char *ready_text;
    uint32_t nops;
    /* store buffer, oldest first */
    struct ex_store buf[EX_BUFFER];
    unsigned nbuf;
    bool draining; /* its oldest store is about to */
    unsigned rcu_depth;
    uint64_t rcu_since;
    int prio; /* pct */
};

/* What a real thread keeps to itself. The last one is for set-up and finish. */
struct ex_local {
    void *slot;
    void (*at_exit)(void *);
    void *arg;
};

/* ---- failures ------------------------------------------------------------------------------------------ */

/* XX(kind, headline) */
#define EX_FAILURES(XX)                     \
    XX(NONE, "no failure")                  \
    XX(CHECK, "CHECK FAILED")               \
    XX(HISTORY, "NOT LINEARIZABLE")         \
    XX(DEADLOCK, "DEADLOCK")                \
    XX(LOST, "LOST WAKE-UP")                \
    XX(LIVELOCK, "LIVELOCK")                \
    XX(PROGRESS, "FALSE PROGRESS CLAIM")    \
    XX(RACE, "DATA RACE")                   \
    XX(UAF, "USE AFTER FREE")               \
    XX(BOUNDS, "ACCESS OUTSIDE OF A BLOCK") \
    XX(FREE, "BAD FREE")                    \
    XX(LEAK, "LEAK")                        \
    XX(CRASH, "CRASH")                      \
    XX(MISUSE, "MISUSE OF THE MODEL")       \
    XX(DIVERGED, "THE EXECUTION CANNOT BE REPEATED")

enum ex_failure_kind {
#define XX(kind, text) EX_F_##kind,
    EX_FAILURES(XX)
#undef XX
};

/* ---- memory models --------------------------------------------------------------------------------------- */

/* Replaceable as a whole. The functions carry an operation out; they offer choices by ex_choose, and
 * call ex_changed when memory has. */
struct ex_memory {
    const char *name, *about;
    uint64_t (*load)(struct ex_task *t, const void *p, unsigned size, int order);
    void (*store)(struct ex_task *t, void *p, unsigned size, uint64_t v, int order,
                  const struct weir__site *at);
    uint64_t (*rmw)(struct ex_task *t, void *p, unsigned size, enum weir__rmw op, uint64_t v,
                    int order, const struct weir__site *at);
    bool (*cas)(struct ex_task *t, void *p, unsigned size, uint64_t *expected, uint64_t desired,
                int order, const struct weir__site *at);
    void (*fence)(struct ex_task *t); /* t's stores are visible: system calls, locks */
    bool (*settle)(void);             /* all buffers drain; whether anything changed */
    void (*age)(void);                /* the clock has moved */
};
extern const struct ex_memory ex_sc, ex_tso, ex_named;

/* ---- printers ------------------------------------------------------------------------------------ */

/* Replaceable: of the last execution, which was traced (trace.h). */
struct ex_printer {
    const char *name;
    void (*operations)(FILE *to); /* one line each */
    void (*steps)(FILE *to);
};

/* ---- the engine ------------------------------------------------------------------------------------------ */

struct ex_engine {
    /* settings */
    const struct weir_model_scenario *sc;
    const struct ex_strategy *strategy;
    const struct ex_memory *mem;
    const struct ex_printer *printer;
    struct ex_budget budget;
    uint64_t seed;
    unsigned max_steps, cpus, depth;
    bool membarrier, races;
    /* this execution */
    struct ex_budget left, begun; /* begun: as the strategy set it */
    struct ex_task *cur;          /* whose step it is; NULL: operations are plain */
    struct ex_task *running;      /* whose stack this is; NULL: the main one */
    struct ex_task *solo;
    uint32_t ready, blocked, tired, done, stopped; /* bits of tasks */
    unsigned solo_used, stuck;
    bool weakened; /* the operation at work has lost its seq_cst */
    uint64_t steps, epoch, turn, time, stores, rng;
    weir_time clock;
    struct weir_model_op *ops;
    uint64_t *op_store; /* the youngest store in the buffer when the operation returned; 0: none */
    size_t nops;
    void *state;
    struct ex_task task[EX_TASKS];
    struct ex_local local[EX_TASKS + 1];
    unsigned as; /* whose local is meant outside of threads */
    /* choices */
    struct ex_option opts[2 * EX_TASKS + 2];
    struct ex_record *rec, *prefix;
    size_t nrec, nprefix;
    unsigned preempted; /* preemptions made */
    bool bounded;       /* a preemption was withheld for want of budget; the strategy resets it */
    /* outcome */
    enum ex_failure_kind failure;
    char failure_text[400];
    int failed_task;
    bool tracing;
    uint64_t fingerprint;
    void (*explain)(FILE *to); /* printed with a failure of the execution; set by the scenario */
    /* all executions */
    uint64_t executions, all_steps;
};
extern struct ex_engine E;

/* engine.c */
void ex_init(void);
void ex_execute(void); /* one execution; E.failure says how it went */
void ex_start_daemon(void);
__attribute__((format(printf, 2, 3), noreturn)) void ex_fail(enum ex_failure_kind kind,
                                                             const char *text, ...);

/* schedule.c */
struct ex_task *
ex_successor(const struct ex_task *t); /* of t, which cannot go on; NULL: all have ended */
void ex_hand_over(struct ex_task *from, struct ex_task *to);
void ex_clock_to(weir_time t);
void ex_test_claim(struct ex_task *t);
void ex_decide(struct ex_task *t);
void ex_pause(struct ex_task *t);
int ex_block(struct ex_task *t, enum ex_why why, const void *word, uint64_t expected,
             weir_time deadline, const struct weir__site *at);
void ex_wake(struct ex_task *t, int result);
void ex_step(struct ex_task *t, const void *p, size_t size, const struct weir__site *at);
void ex_after(void);
static inline void ex_changed(void) {
    E.epoch++;
    E.tired = 0;
    E.stuck = 0;
}
static inline uint32_t ex_bit(const struct ex_task *t) { return 1u << t->id; }

/* Another thread has looked and not seen the store `made` of t: operations of t that have returned
 * with it, or a younger one, in the buffer end now. */
void ex_not_seen(const struct ex_task *t, uint64_t made);

/* choose.c */
unsigned ex_choose(enum ex_kind kind, unsigned n);
static inline void ex_spend(int *budget) {
    if (*budget > 0) --*budget;
}
uint64_t ex_random64(uint64_t *state);

/* fiber.c */
void ex_fiber_make(struct ex_fiber *f, void (*body)(void));
/* Returns when somebody jumps back. */
void ex_fiber_jump(struct ex_fiber *from, struct ex_fiber *to);
__attribute__((noreturn)) void ex_fiber_abandon(struct ex_fiber *to);
void ex_fiber_catch_crashes(void (*fn)(void *address, bool overflow));
extern struct ex_fiber ex_main_fiber;

/* ops.c */
uint64_t ex_peek(const void *p, unsigned size);
void ex_poke(void *p, unsigned size, uint64_t v);
uint64_t ex_apply(enum weir__rmw op, uint64_t old, uint64_t v, unsigned size);

/* heap.c */
void ex_heap_reset(void);
void ex_heap_touch(const void *p, size_t size, const struct weir__site *at);
void ex_heap_finish(void); /* poison intact, nothing leaked */
bool ex_heap_name(const void *p, char *text, size_t n);
void *ex_heap_quiet(size_t size); /* neither a step nor a leak */

/* state.c: static variables of the model library */
void ex_state_save(void);
void ex_state_restore(void);
bool ex_state_reaches(const void *from, const void *to);

/* os.c, rcu.c */
void ex_os_reset(void);
/* How many threads the library may still make, 0 unless the scenario's set-up says more; and has made: the
 * scenario's own threads take their part, once they are wanted. A word to sleep on. */
extern unsigned ex_threads_left;
extern weir_au32 ex_threads_made;

/* os_fd.c: what descriptor fd, below EX_FDS, is ready for from now on (POLLIN, POLLOUT). */
#define EX_FDS 3
void ex_fd_reset(void);
void ex_fd_set(int fd, uint32_t events);
/* Sleeps until it can be read; one thread at a time. */
void ex_fd_wait(int fd);

void ex_rcu_reset(void);
void ex_daemon_body(void);

/* report.c */
void ex_report_waiters(char *text, size_t n, bool *lost);

#endif
