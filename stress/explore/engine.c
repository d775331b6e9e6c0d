/* SPDX-License-Identifier: MIT */
/* stress/explore/engine.c - one execution of a scenario.
 *
 * Threads are fibers that live on from execution to execution, unless a failure leaves them where they
 * stand. A thread makes steps (ops.c) only while it is E.cur; who that is, schedule.c decides. */
#include "engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "race.h"
#include "trace.h"

#define CLOCK_START INT64_C(1000000000)
#define BARREN 64         /* steps without any change: polls, though it does not pause */
#define BARREN_ALONE 4000 /* the same, where nobody else could run */

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

/* ---- steps -------------------------------------------------------------------------------------------------- */

void ex_step(struct ex_task *t, const void *p, size_t size, const struct weir__site *at) {
    if (t->fresh)
        t->fresh = false;
    else
        ex_decide(t);
    if (++E.steps > E.max_steps)
        ex_fail(EX_F_LIVELOCK, "more than %u steps in one execution", E.max_steps);
    if (E.left.solo && t->claim && !E.solo) ex_test_claim(t);
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

static void to_main(struct ex_task *from) {
    E.cur = E.running = NULL;
    ex_fiber_jump(&from->fiber, &ex_main_fiber);
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
        struct ex_task *next = ex_successor(t);
        if (next)
            ex_hand_over(t, next);
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
    ex_fd_reset();
    ex_rcu_reset();
    if (E.races) ex_race_reset();
    ex_trace_reset();
    E.left = E.budget;
    E.cur = E.running = E.solo = NULL;
    E.ready = E.blocked = E.tired = E.done = E.stopped = 0;
    E.solo_used = E.stuck = E.preempted = 0;
    E.steps = E.epoch = E.turn = E.time = E.stores = 0;
    E.clock = CLOCK_START;
    E.nops = E.nrec = 0;
    E.failure = EX_F_NONE;
    E.failure_text[0] = '\0';
    E.explain = NULL;
    weir__model_weakened = 0;
    E.weakened = false;
    memset(E.local, 0, sizeof E.local);
    E.as = EX_TASKS;
    for (unsigned i = 0; i < EX_TASKS; i++) E.task[i].nbuf = 0;
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
    struct ex_task *first = ex_successor(NULL);
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
    static uint64_t op_store[EX_OPS];
    E.rec = records[0];
    E.prefix = records[1];
    E.ops = ops;
    E.op_store = op_store;
    if (!E.printer) E.printer = &ex_table;
    ex_fiber_catch_crashes(crashed);
    ex_state_save();
}
