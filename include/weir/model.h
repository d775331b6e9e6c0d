/* SPDX-License-Identifier: MIT */
/* weir/model.h - run your own lock-free structure under the schedule explorer.
 *
 * Write the structure with the operations of weir/atomic.h. Compile it, and a scenario that uses it,
 * with -DWEIR_MODEL, and link libweir_explore and libboost_context (examples/explore_my_stack.c,
 * docs/testing.md). Every atomic operation is then a step of one of the scenario's threads, and the
 * explorer decides before each step which thread goes on, in one real thread and in user space: it
 * runs the scenario again and again, under chosen schedules or under all of them up to a bound.
 *
 * What counts as a step: operations of weir/atomic.h, weir_pause, and the functions below that say
 * so. Plain memory accesses are no steps: they run together with what came before them, and must be
 * ordered by the atomics. A scenario must be deterministic: no address, clock, random number or static
 * variable may decide anything but through the functions here. `state`, and all that is allocated,
 * is new in each execution.
 *
 * The explorer reports: a failed weir_model_check, deadlock and lost wake-up, livelock, use after
 * free, double free, leak, write beyond a block, a crash, and a false progress claim.
 *
 * Nothing here is part of libweir. */
#ifndef WEIR_MODEL_H
#define WEIR_MODEL_H

#include <weir/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_MODEL_THREADS 8

/* ---- scenarios ---------------------------------------------------------------------------------- */

/* Fails on purpose: a specimen that shows what the explorer finds. Runs only when named. */
#define WEIR_MODEL_BAD 1u
/* The hooks of thread exit run as steps of the ending thread, not at the end of the execution. */
#define WEIR_MODEL_EXITS 2u
/* What it claims holds only within its own options (no preemption, say): a command's strategy and bounds are
 * not for it; memory, weaken, seconds, executions and seed are. */
#define WEIR_MODEL_FIXED 4u

struct weir_model_scenario {
    const char *name;                          /* "stack.push_pop" */
    const char *about;                         /* one line, for --list */
    unsigned threads;                          /* 1 to WEIR_MODEL_THREADS */
    unsigned flags;                            /* WEIR_MODEL_* */
    size_t state_size;                         /* bytes of `state`, zeroed before set-up */
    void (*setup)(void *state);                /* before the threads; no steps. May be NULL */
    void (*thread)(void *state, unsigned who); /* the body of thread 0, 1, ... */
    void (*invariant)(void *state);            /* after every step; no steps. May be NULL */
    void (*finish)(void *state);               /* when all have ended; no steps. May be NULL */
    const void *param;                         /* weir_model_param() */
    const char
        *options; /* "preemptions=3 spurious=1": defaults, as for the options of the program */
};

/* The program: parses options (--help), runs the scenarios that are named or all that are not BAD,
 * prints. Returns the exit status: 0 nothing found, 1 a failure was found and printed, 2 usage. */
int weir_model_main(int argc, char **argv, const struct weir_model_scenario *const *scenarios,
                    size_t n);

/* For the functions of a scenario. */
const void *weir_model_param(void);
unsigned weir_model_thread(void); /* who calls; WEIR_MODEL_THREADS outside of a thread */

/* ---- failures ------------------------------------------------------------------------------------- */

/* Ends the execution as a failure; does not return to a thread. Text as printf. */
__attribute__((format(printf, 1, 2), noreturn)) void weir_model_fail(const char *text, ...);

#define weir_model_check(cond) \
    ((cond) ? (void)0 : weir__model_check_failed(__FILE__, __LINE__, #cond))
__attribute__((noreturn)) void weir__model_check_failed(const char *file, int line,
                                                        const char *cond);

/* Announces that the calling thread reads or writes n bytes of plain memory at p: data races are reported
 * (under sequentially consistent memory), and use after free. No steps. */
void weir_model_read(const void *p, size_t n);
void weir_model_write(const void *p, size_t n);

/* Gives the object at p a name in the printed table. Cheap; in set-up. */
void weir_model_name(const void *p, size_t size, const char *name);

/* ---- operations: what the table shows, what histories are made of ----------------------------------- */

#define WEIR_MODEL_VALUES 8

/* An operation of one thread on the object under test. `call` is the time of its first step, `ret` of
 * its last, or of the last of its stores to leave the store buffer; times are unique. */
struct weir_model_op {
    const char *name;
    uint64_t call, ret;
    int64_t result;
    uint64_t in[WEIR_MODEL_VALUES], out[WEIR_MODEL_VALUES];
    unsigned kind; /* the scenario's */
    uint32_t thread, seq;
    uint8_t nin, nout;
    bool done;
};

/* Opens an operation of the calling thread, which fills in its arguments. At most 4096 each execution. */
struct weir_model_op *weir_model_begin(const char *name, unsigned kind);
/* Closes it. */
void weir_model_end(struct weir_model_op *op, int64_t result);
/* All operations of this execution, in the order in which they were opened. */
const struct weir_model_op *weir_model_history(size_t *n);

/* A progress claim about the calling thread's open operation: if all other threads stop, wherever they
 * are, it ends within `steps` of its own. Tested by budget solo=1. */
void weir_model_claims(unsigned steps);

/* What the open operation waits for while it blocks: if ready(arg) is true when all threads sleep, a
 * wake-up was lost. `text` says it in words. No steps in ready. */
void weir_model_waits(bool (*ready)(void *arg), void *arg, const char *text);

/* ---- the operating system ---------------------------------------------------------------------------- */

/* Memory: freed memory is filled with 0xDD, kept from use, and watched; the scheduler may give it out
 * again (budget reuse) or refuse (budget oom). A step each. align: a power of two. */
void *weir_model_alloc(size_t size, size_t align);
void weir_model_free(void *p);

/* weir_au32 futexes: 0 woken (perhaps spuriously) or *word != expected; WEIR_ETIMEDOUT. Steps. */
int weir_model_futex_wait(void *word, uint32_t expected, weir_time deadline);
void weir_model_futex_wake(void *word, int n);

/* The virtual clock: moves when everybody sleeps, or by choice (budget timeouts). */
weir_time weir_model_now(void);
uint64_t weir_model_random(void); /* the same series in each execution */
bool weir_model_membarrier(void); /* drains all store buffers; false: refused. A step */

struct weir_model_mutex {
    uint32_t owner, waiters;
};
struct weir_model_cond {
    uint32_t waiters;
};
int weir_model_mutex_init(struct weir_model_mutex *m); /* these return 0 */
void weir_model_mutex_fini(struct weir_model_mutex *m);
void weir_model_mutex_lock(struct weir_model_mutex *m);
void weir_model_mutex_unlock(struct weir_model_mutex *m);
int weir_model_cond_init(struct weir_model_cond *c);
void weir_model_cond_fini(struct weir_model_cond *c);
int weir_model_cond_wait(struct weir_model_cond *c, struct weir_model_mutex *m, weir_time deadline);
void weir_model_cond_wake(struct weir_model_cond *c, size_t n);

/* ---- read-copy-update ----------------------------------------------------------------------------------- */

/* Sections nest. A grace period ends when every section that was open at its start has ended: the
 * scheduler chooses when after that. Callbacks run in a thread of their own. Misuse (unlock without
 * lock, synchronize within a section, retiring twice) is a failure. */
struct weir_model_rcu_head {
    struct weir_model_rcu_head *next;
    void (*fn)(struct weir_model_rcu_head *head);
};
void weir_model_rcu_lock(void);
void weir_model_rcu_unlock(void);
bool weir_model_rcu_held(void);
void weir_model_rcu_synchronize(void);
void weir_model_rcu_call(struct weir_model_rcu_head *head,
                         void (*fn)(struct weir_model_rcu_head *head));
void weir_model_rcu_barrier(void); /* until all callbacks retired before have run */

/* Runs fn(arg) as if thread `who` called it, in set-up or finish: for what threads keep to themselves,
 * such as registration. */
void weir_model_as(unsigned who, void (*fn)(void *arg), void *arg);

#ifdef __cplusplus
}
#endif
#endif
