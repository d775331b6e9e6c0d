/* SPDX-License-Identifier: MIT */
/* stress/explore/engine.c - one execution of a scenario.
 *
 * A thread makes a step (ops.c) only while it is E.cur. Before the step, ex_decide may hand over to
 * another thread; the step is made when the thread is handed to again. Where the strategy keeps the
 * thread nothing is switched.
 *
 * Invariants
 *   I1  E.ready, E.blocked, E.done partition the threads that exist (bit per thread).
 *   I2  A thread that was handed to makes at least one step before it is taken off again: the first
 *       decision after a switch would offer what the switch itself has offered.
 *   I3  A switch away from a thread that could go on costs one preemption, unless it polls. Whoever
 *       polls more than EX_POLLS times while memory stays the same is tired: no candidate until
 *       memory changes. So unfair schedules of polling threads end, and try calls that give up after
 *       a bounded number of polls still do so.
 *   I4  When no candidate is left, in this order: stopped threads go on; store buffers drain; tired
 *       threads poll again, in turn (a livelock, if that goes on); the clock moves to the nearest
 *       deadline; all have ended; or the threads that are left sleep for ever.
 *   I5  (solo) While E.solo is set no other thread runs; the thread fails if it has to wait, or uses
 *       up the steps that it claimed. */
#include "engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "race.h"
#include "trace.h"

#define CLOCK_START INT64_C(1000000000)
#define CLOCK_JUMP INT64_C(1000000000)
#define BARREN 64         /* steps without any change: polls, though it does not pause */
#define BARREN_ALONE 4000 /* the same, where nobody else could run */
#define STUCK_JUMP 8
#define STUCK_MAX 64

struct ex_engine E;
static jmp_buf give_up; /* failure outside of a thread */

/* ---- failure ------------------------------------------------------------------------------------------- */

void ex_fail(enum ex_failure_kind kind, const char *text, ...) {
    va_list ap;
    va_start(ap, text);
    (void)vsnprintf(E.failure_text, sizeof E.failure_text, text, ap);
    va_end(ap);
    E.failure = kind;
    E.failed_task = E.running ? (int)E.running->id : -1;
    E.cur = NULL;
    if (!E.running) longjmp(give_up, 1);
    E.running = NULL;
    ex_fiber_abandon(&ex_main_fiber);
}

static void crashed(void *address, bool overflow) {
    if (overflow) ex_fail(EX_F_CRASH, "a thread's stack is full");
    ex_fail(EX_F_CRASH, "bad access at address %p, or abort; last step at the end of the table",
            address);
}

/* ---- switching ------------------------------------------------------------------------------------------- */

static void hand_over(struct ex_task *from, struct ex_task *to) {
    if (from->nbuf > 0) E.mem->leave(from);
    E.cur = E.running = to;
    ex_fiber_jump(&from->fiber, &to->fiber);
    /* Somebody has handed over to `from` again, and said so in E. */
}

static void to_main(struct ex_task *from) {
    E.cur = E.running = NULL;
    ex_fiber_jump(&from->fiber, &ex_main_fiber);
}

void ex_wake(struct ex_task *t, int result) {
    t->status = EX_READY;
    t->woken = result;
    E.blocked &= ~ex_bit(t);
    E.ready |= ex_bit(t);
    ex_changed();
}

static void option(unsigned *n, enum ex_action action, unsigned task) {
    E.opts[(*n)++] = (struct ex_option){ (uint8_t)action, (uint8_t)task };
}

/* Adds the sleepers that the scheduler may wake by itself. `free_only`: those whose deadline is past. */
static void add_sleepers(unsigned *n, bool free_only) {
    for (uint32_t m = E.blocked; m; m &= m - 1) {
        struct ex_task *w = &E.task[__builtin_ctz(m)];
        if (w->deadline <= E.clock)
            option(n, EX_TIMEOUT, w->id);
        else if (free_only)
            continue;
        else if (w->deadline != WEIR_FOREVER && E.left.timeouts)
            option(n, EX_TIMEOUT, w->id);
        if (!free_only && E.left.spurious && (w->why == EX_FUTEX || w->why == EX_COND))
            option(n, EX_SPURIOUS, w->id);
    }
}

/* Makes the chosen sleeper ready. */
static struct ex_task *rouse(struct ex_option o) {
    struct ex_task *w = &E.task[o.task];
    if (o.action == EX_TIMEOUT) {
        if (w->deadline > E.clock) {
            E.clock = w->deadline;
            ex_spend(&E.left.timeouts);
        }
        ex_trace_wake(w, EX_T_TIMEOUT);
        ex_wake(w, WEIR_ETIMEDOUT);
    } else if (o.action == EX_SPURIOUS) {
        ex_spend(&E.left.spurious);
        ex_trace_wake(w, EX_T_SPURIOUS);
        ex_wake(w, 0);
    }
    return w;
}

static void find_deadlock(void) {
    char text[sizeof E.failure_text];
    bool lost = false;
    ex_report_waiters(text, sizeof text, &lost);
    ex_fail(lost ? EX_F_LOST : EX_F_DEADLOCK, "%s", text);
}

static bool fire_next_deadline(void) {
    weir_time first = WEIR_FOREVER;
    for (uint32_t m = E.blocked; m; m &= m - 1) {
        const struct ex_task *w = &E.task[__builtin_ctz(m)];
        if (w->deadline < first) first = w->deadline;
    }
    if (first == WEIR_FOREVER) return false;
    if (first > E.clock) E.clock = first;
    return true;
}

/* I4. True: there may be candidates now. */
static bool stir(void) {
    if (E.stopped) {
        for (unsigned i = 0; i < EX_TASKS; i++) E.task[i].stopped = false;
        E.ready |= E.stopped;
        E.stopped = 0;
        return true;
    }
    if (E.mem->settle()) return true;
    if (E.ready) {
        E.tired = 0;
        if (++E.stuck == STUCK_JUMP) E.clock += CLOCK_JUMP;
        if (E.stuck > STUCK_MAX)
            ex_fail(EX_F_LIVELOCK, "the threads that can run poll for ever, and nothing changes");
        return true;
    }
    return fire_next_deadline();
}

/* Chooses who runs when `t` cannot go on, or polls. NULL: all have ended. */
static struct ex_task *successor(const struct ex_task *t) {
    for (;;) {
        unsigned n = 0, from = t ? t->id + 1 : 0;
        uint32_t can = E.ready & ~E.tired;
        for (unsigned k = 0; k < EX_TASKS; k++) {
            unsigned i = (from + k) % EX_TASKS;
            if (can & 1u << i) option(&n, EX_RUN, i);
        }
        bool any = n > 0;
        if (E.blocked) add_sleepers(&n, !any);
        if (n == 0) {
            if (!E.blocked && !E.ready && !E.stopped) return NULL;
            if (!stir()) find_deadlock();
            continue;
        }
        /* While all poll and nothing changes, they poll in turn: choices would only multiply. */
        unsigned c = n == 1 || E.stuck > 0 ? 0 : ex_choose(EX_SCHED, n);
        return rouse(E.opts[c]);
    }
}

/* ---- decisions ------------------------------------------------------------------------------------------- */

static void solo_step(struct ex_task *t) {
    if (++E.solo_used <= t->claim) return;
    ex_fail(EX_F_PROGRESS, "thread %u: %s did not end within the %u steps it claims while all "
            "others stand still", t->id, t->op ? t->op->name : "?", t->claim);
}

static void stop(struct ex_task *t) {
    ex_spend(&E.left.stops);
    ex_trace_mark(t, EX_T_STOPPED);
    E.ready &= ~ex_bit(t);
    E.stopped |= ex_bit(t);
    t->stopped = true;
    struct ex_task *next = successor(t);
    if (next != t) hand_over(t, next);
}

/* Before a step of t, which could go on. */
void ex_decide(struct ex_task *t) {
    if (E.solo) {
        solo_step(t);
        return;
    }
    unsigned n = 0;
    option(&n, EX_RUN, t->id);
    uint32_t others = E.ready & ~E.tired & ~ex_bit(t);
    if (E.left.preemptions) {
        for (uint32_t m = others; m; m &= m - 1) option(&n, EX_RUN, (unsigned)__builtin_ctz(m));
        if (E.blocked) add_sleepers(&n, false);
    }
    if (E.left.stops && others) option(&n, EX_STOP, t->id);
    if (E.left.solo && t->claim && t->op) option(&n, EX_SOLO, t->id);
    if (n == 1) return;
    struct ex_option o = E.opts[ex_choose(EX_SCHED, n)];
    if (o.action == EX_STOP) {
        stop(t);
    } else if (o.action == EX_SOLO) {
        ex_spend(&E.left.solo);
        ex_trace_mark(t, EX_T_SOLO);
        E.solo = t;
        E.solo_used = 1;
    } else if (o.action != EX_RUN || o.task != t->id) {
        ex_spend(&E.left.preemptions);
        E.preempted++;
        ex_trace_mark(t, EX_T_PREEMPTED);
        hand_over(t, rouse(o));
    }
}

static void rest(struct ex_task *t) {
    if (t->idle_epoch != E.epoch) {
        t->idle_epoch = E.epoch;
        t->idle = 0;
    }
    if (++t->idle > EX_POLLS) E.tired |= ex_bit(t);
    struct ex_task *next = successor(t);
    if (next != t) hand_over(t, next);
    t->fresh = true;
}

/* t polls: others may go first. */
void ex_pause(struct ex_task *t) {
    if (E.solo) return;
    rest(t);
}

/* Blocks t until ex_wake. Returns what the wait ended with. */
int ex_block(struct ex_task *t, enum ex_why why, const void *word, uint64_t expected,
             weir_time deadline, const struct weir__site *at) {
    if (E.solo)
        ex_fail(EX_F_PROGRESS, "thread %u: %s has to wait while all others stand still", t->id,
                t->op ? t->op->name : "?");
    t->status = EX_BLOCKED;
    t->why = why;
    t->word = word;
    t->expected = expected;
    t->deadline = deadline;
    t->turn = ++E.turn;
    t->at = at;
    E.ready &= ~ex_bit(t);
    E.blocked |= ex_bit(t);
    struct ex_task *next = successor(t);
    if (next != t) hand_over(t, next);
    t->fresh = true;
    return t->woken;
}

/* ---- steps -------------------------------------------------------------------------------------------------- */

void ex_step(struct ex_task *t, const void *p, size_t size, const struct weir__site *at) {
    if (++E.steps > E.max_steps)
        ex_fail(EX_F_LIVELOCK, "more than %u steps in one execution", E.max_steps);
    if (t->fresh)
        t->fresh = false;
    else
        ex_decide(t);
    if (t->barren_epoch != E.epoch) {
        t->barren_epoch = E.epoch;
        t->barren = 0;
    } else if (++t->barren % BARREN == 0) {
        if ((E.ready & ~E.tired & ~ex_bit(t)) != 0 || t->barren > BARREN_ALONE || E.blocked)
            ex_pause(t);
        t->fresh = false;
    }
    if (t->op && t->op->call == 0) t->op->call = ++E.time;
    if (p) ex_heap_touch(p, size, at);
}

/* After a step: the scenario's invariant looks at plain memory. */
void ex_after(void) {
    struct ex_task *t = E.cur;
    E.cur = NULL;
    E.sc->invariant(E.state);
    E.cur = t;
}

/* ---- threads ------------------------------------------------------------------------------------------------- */

static void run_exit(unsigned id) {
    void (*fn)(void *) = E.local[id].at_exit;
    E.local[id].at_exit = NULL;
    if (fn) fn(E.local[id].arg);
}

static void thread_body(void) {
    struct ex_task *t = E.running;
    for (;;) {
        if (t->id == EX_DAEMON)
            ex_daemon_body();
        else
            E.sc->thread(E.state, t->id);
        if (E.sc->flags & WEIR_MODEL_EXITS) run_exit(t->id);
        if (t->op) ex_fail(EX_F_MISUSE, "thread %u ends within %s", t->id, t->op->name);
        if (t->rcu_depth) ex_fail(EX_F_MISUSE, "thread %u ends within an RCU section", t->id);
        t->status = EX_DONE;
        E.ready &= ~ex_bit(t);
        E.done |= ex_bit(t);
        ex_changed();
        ex_trace_mark(t, EX_T_ENDED);
        struct ex_task *next = successor(t);
        if (next)
            hand_over(t, next);
        else
            to_main(t);
    }
}

static void start_thread(unsigned id, bool ready) {
    struct ex_task *t = &E.task[id];
    struct ex_fiber fiber = t->fiber;
    *t = (struct ex_task){ .id = id, .fresh = true, .status = ready ? EX_READY : EX_DONE };
    t->fiber = fiber;
    if (!t->fiber.made) ex_fiber_make(&t->fiber, thread_body);
    if (ready) E.ready |= ex_bit(t);
}

void ex_start_daemon(void) {
    struct ex_task *t = &E.task[EX_DAEMON];
    if (t->status != EX_DONE) return;
    t->status = EX_READY;
    t->fresh = true;
    E.done &= ~ex_bit(t);
    E.ready |= ex_bit(t);
    ex_changed();
}

/* ---- an execution ------------------------------------------------------------------------------------------------ */

static void reset(void) {
    ex_state_restore();
    ex_heap_reset();
    ex_os_reset();
    ex_rcu_reset();
    if (E.races) ex_race_reset();
    ex_trace_reset();
    E.left = E.budget;
    E.cur = E.running = E.solo = NULL;
    E.ready = E.blocked = E.tired = E.done = E.stopped = 0;
    E.solo_used = E.stuck = E.preempted = 0;
    E.steps = E.epoch = E.turn = E.time = 0;
    E.clock = CLOCK_START;
    E.nops = E.nrec = 0;
    E.failure = EX_F_NONE;
    E.failure_text[0] = '\0';
    E.explain = NULL;
    weir__model_weakened = 0;
    memset(E.local, 0, sizeof E.local);
    E.as = EX_TASKS;
    for (unsigned i = 0; i < EX_TASKS; i++) E.task[i].nbuf = E.task[i].late = 0;
    E.state = E.sc->state_size ? ex_heap_quiet(E.sc->state_size) : NULL;
}

static void all_exits(void) {
    for (unsigned i = 0; i <= EX_TASKS; i++) {
        E.as = i;
        run_exit(i);
    }
}

static void run(void) {
    for (unsigned i = 0; i < E.sc->threads; i++) start_thread(i, true);
    start_thread(EX_DAEMON, false);
    E.strategy->begin();
    E.begun = E.left;
    if (E.sc->setup) E.sc->setup(E.state);
    struct ex_task *first = successor(NULL);
    E.cur = E.running = first;
    ex_fiber_jump(&ex_main_fiber, &first->fiber);
    E.cur = E.running = NULL;
    if (E.failure) return;
    (void)E.mem->settle();
    all_exits();
    if (E.sc->finish) E.sc->finish(E.state);
    ex_heap_finish();
}

void ex_execute(void) {
    reset();
    if (setjmp(give_up) == 0) run();
    E.executions++;
    E.all_steps += E.steps;
    if (E.failure) /* the stacks hold what was left behind */
        for (unsigned i = 0; i < EX_TASKS; i++) E.task[i].fiber.made = false;
}

void ex_init(void) {
    static struct ex_record records[2][EX_CHOICES];
    static struct weir_model_op ops[EX_OPS];
    static uint32_t tickets[EX_OPS];
    E.rec = records[0];
    E.prefix = records[1];
    E.ops = ops;
    E.op_ticket = tickets;
    ex_fiber_catch_crashes(crashed);
    ex_state_save();
}
