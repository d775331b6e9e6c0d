/* SPDX-License-Identifier: MIT */
/* stress/explore/schedule.c - which thread makes the next step.
 *
 * Before each step ex_decide may hand over to another thread; the step is made when the thread is
 * handed to again. Where the strategy keeps the thread nothing is switched.
 *
 * Invariants
 *   I1  E.ready, E.blocked, E.stopped, E.done partition the threads that exist (a bit each).
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
#include "trace.h"

#define CLOCK_JUMP INT64_C(1000000000)
#define STUCK_JUMP 8
#define STUCK_MAX 64

/* ---- switching ------------------------------------------------------------------------------------------- */

void ex_hand_over(struct ex_task *from, struct ex_task *to) {
    E.cur = E.running = to;
    ex_fiber_jump(&from->fiber, &to->fiber);
    /* Somebody has handed over to `from` again, and said so in E. */
}

void ex_wake(struct ex_task *t, int result) {
    t->status = EX_READY;
    t->woken = result;
    E.blocked &= ~ex_bit(t);
    E.ready |= ex_bit(t);
    ex_changed();
}

void ex_clock_to(weir_time t) {
    E.clock = t;
    E.mem->age();
}

static void option(unsigned *n, enum ex_action action, unsigned task) {
    E.opts[(*n)++] = (struct ex_option){ (uint8_t)action, (uint8_t)task };
}

/* Adds the sleepers that the scheduler may wake by itself. `free_only`: those whose deadline is past. */
static void add_sleepers(unsigned *n, bool free_only) {
    for (uint32_t m = E.blocked; m; m &= m - 1) {
        struct ex_task *w = &E.task[__builtin_ctz(m)];
        bool may = !free_only && w->deadline != WEIR_FOREVER && E.left.timeouts;
        if (may || w->deadline <= E.clock) option(n, EX_TIMEOUT, w->id);
        if (!free_only && E.left.spurious && (w->why == EX_FUTEX || w->why == EX_COND))
            option(n, EX_SPURIOUS, w->id);
    }
}

/* Makes the chosen sleeper ready. */
static struct ex_task *rouse(struct ex_option o) {
    struct ex_task *w = &E.task[o.task];
    if (o.action == EX_TIMEOUT) {
        if (w->deadline > E.clock) {
            ex_clock_to(w->deadline);
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
    if (first > E.clock) ex_clock_to(first);
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
        if (++E.stuck == STUCK_JUMP) ex_clock_to(E.clock + CLOCK_JUMP);
        if (E.stuck > STUCK_MAX)
            ex_fail(EX_F_LIVELOCK, "the threads that can run poll for ever, and nothing changes");
        return true;
    }
    return fire_next_deadline();
}

/* Chooses who runs when `t` cannot go on, or polls. NULL: all have ended. */
struct ex_task *ex_successor(const struct ex_task *t) {
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
    ex_fail(EX_F_PROGRESS,
            "thread %u: %s did not end within the %u steps it claims while all "
            "others stand still",
            t->id, t->op ? t->op->name : "?", t->claim);
}

/* Whether t runs alone from here on, until its operation ends. */
void ex_test_claim(struct ex_task *t) {
    if (!ex_choose(EX_ALONE, 2)) return;
    ex_spend(&E.left.solo);
    ex_trace_mark(t, EX_T_SOLO);
    E.solo = t;
    E.solo_used = 1;
}

static void stop(struct ex_task *t) {
    ex_spend(&E.left.stops);
    ex_trace_mark(t, EX_T_STOPPED);
    E.ready &= ~ex_bit(t);
    E.stopped |= ex_bit(t);
    t->stopped = true;
    struct ex_task *next = ex_successor(t);
    if (next != t) ex_hand_over(t, next);
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
    } else {
        E.bounded |= others || (E.blocked && (E.left.timeouts || E.left.spurious));
    }
    if (E.left.stops && others) option(&n, EX_STOP, t->id);
    if (n == 1) return;
    struct ex_option o = E.opts[ex_choose(EX_SCHED, n)];
    if (o.action == EX_STOP) {
        stop(t);
    } else if (o.action != EX_RUN || o.task != t->id) {
        ex_spend(&E.left.preemptions);
        E.preempted++;
        ex_trace_mark(t, EX_T_PREEMPTED);
        ex_hand_over(t, rouse(o));
    }
}

static void rest(struct ex_task *t) {
    if (t->idle_epoch != E.epoch) {
        t->idle_epoch = E.epoch;
        t->idle = 0;
    }
    if (++t->idle > EX_POLLS) E.tired |= ex_bit(t);
    struct ex_task *next = ex_successor(t);
    if (next != t) ex_hand_over(t, next);
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
    struct ex_task *next = ex_successor(t);
    if (next != t) ex_hand_over(t, next);
    t->fresh = true;
    return t->woken;
}
