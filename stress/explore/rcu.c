/* SPDX-License-Identifier: MIT */
/* stress/explore/rcu.c - the model's read-copy-update, in place of liburcu.
 *
 * Sections and grace periods are kept by the engine, exactly, not in memory: no reader can be missed,
 * and what is explored is the code on top. A grace period waits for the set of threads that were in a
 * section at its start (a mask); the outermost unlock takes a thread out of all such sets. When a set
 * is empty the period may end, when the scheduler chooses its thread. Both ends of a period drain all
 * store buffers, as liburcu's memb flavour does by membarrier; sections themselves drain nothing.
 * Callbacks run in the order in which they were retired, as steps of a thread of their own, outside
 * of sections: one period for all that were retired before it began. */
#include "engine.h"
#include "race.h"
#include "trace.h"

static struct weir_model_rcu_head *first, **last; /* retired, their period has not begun */
static struct weir_model_rcu_head *batch;         /* the others that have not run */
static uint64_t retired, run;                     /* callbacks */
static unsigned outside;                          /* sections open in set-up or finish */

void ex_rcu_reset(void) {
    first = batch = NULL;
    last = &first;
    retired = run = outside = 0;
}

static struct ex_task *caller(const char *what) {
    if (!E.cur) ex_fail(EX_F_MISUSE, "%s outside of a thread", what);
    return E.cur;
}

static uint32_t readers(void) {
    uint32_t m = 0;
    for (unsigned i = 0; i < EX_TASKS; i++)
        if (E.task[i].rcu_depth) m |= 1u << i;
    return m;
}

/* Set-up and finish: nobody else is there, and sections protect from nobody. */
static bool alone(void) { return !E.cur && !E.running; }

void weir_model_rcu_lock(void) {
    if (alone()) {
        outside++;
        return;
    }
    struct ex_task *t = caller("rcu_lock");
    if (t->id == EX_DAEMON && t->rcu_depth > 64) ex_fail(EX_F_MISUSE, "sections nest without end");
    if (t->rcu_depth == 0) ex_step(t, NULL, 0, NULL);
    t->rcu_depth++;
    if (E.tracing) ex_trace_add(t, EX_T_RCU_LOCK, NULL, NULL)->a = t->rcu_depth;
}

/* t is in no section any more: periods that waited for it may end. */
static void left(const struct ex_task *t) {
    uint64_t bit = ex_bit(t);
    for (uint32_t m = E.blocked; m; m &= m - 1) {
        struct ex_task *w = &E.task[__builtin_ctz(m)];
        if (w->why != EX_GRACE) continue;
        w->expected &= ~bit;
        if (w->expected == 0) ex_wake(w, 0);
    }
}

void weir_model_rcu_unlock(void) {
    if (alone()) {
        if (outside == 0) ex_fail(EX_F_MISUSE, "rcu_unlock without rcu_lock");
        outside--;
        return;
    }
    struct ex_task *t = caller("rcu_unlock");
    if (t->rcu_depth == 0) ex_fail(EX_F_MISUSE, "rcu_unlock without rcu_lock");
    if (t->rcu_depth == 1) ex_step(t, NULL, 0, NULL);
    if (E.tracing) ex_trace_add(t, EX_T_RCU_UNLOCK, NULL, NULL)->a = t->rcu_depth - 1;
    if (--t->rcu_depth > 0) return;
    if (E.races) ex_race_leave_section(t);
    left(t);
}

bool weir_model_rcu_held(void) { return E.cur ? E.cur->rcu_depth > 0 : outside > 0; }

/* Waits until none of the threads in `set` is in the section any more that it is in now. */
static void wait_for(struct ex_task *t, uint64_t set) {
    (void)E.mem->settle();
    if (set) (void)ex_block(t, EX_GRACE, NULL, set, WEIR_FOREVER, NULL);
    (void)E.mem->settle();
    if (E.races) ex_race_grace_period(t);
}

void weir_model_rcu_synchronize(void) {
    if (alone()) {
        if (outside) ex_fail(EX_F_MISUSE, "rcu_synchronize within a section waits for itself");
        return;
    }
    struct ex_task *t = caller("rcu_synchronize");
    if (t->rcu_depth) ex_fail(EX_F_MISUSE, "rcu_synchronize within a section waits for itself");
    ex_step(t, NULL, 0, NULL);
    if (E.tracing) ex_trace_add(t, EX_T_RCU_WAIT, NULL, NULL)->a = readers();
    wait_for(t, readers());
}

static void not_retired(const struct weir_model_rcu_head *list,
                        const struct weir_model_rcu_head *head) {
    for (; list; list = list->next)
        if (list == head) ex_fail(EX_F_MISUSE, "one head is retired twice");
}

void weir_model_rcu_call(struct weir_model_rcu_head *head,
                         void (*fn)(struct weir_model_rcu_head *head)) {
    struct ex_task *t = caller("rcu_call");
    ex_step(t, head, sizeof *head, NULL);
    not_retired(first, head);
    not_retired(batch, head);
    *head = (struct weir_model_rcu_head){ NULL, fn };
    if (E.races) ex_race_leave_section(t); /* what came before, the callback sees */
    *last = head;
    last = &head->next;
    retired++;
    if (E.tracing) (void)ex_trace_add(t, EX_T_RCU_CALL, head, NULL);
    ex_start_daemon();
}

void weir_model_rcu_barrier(void) {
    struct ex_task *t = caller("rcu_barrier");
    if (t->rcu_depth) ex_fail(EX_F_MISUSE, "rcu_barrier within a section waits for itself");
    if (t->id == EX_DAEMON) ex_fail(EX_F_MISUSE, "rcu_barrier in a callback waits for itself");
    ex_step(t, NULL, 0, NULL);
    uint64_t target = retired;
    if (E.tracing) ex_trace_add(t, EX_T_RCU_WAIT, NULL, NULL)->a = readers();
    if (run < target) (void)ex_block(t, EX_CALLBACKS, NULL, target, WEIR_FOREVER, NULL);
    if (E.races) ex_race_grace_period(t);
}

static void ran_one(void) {
    run++;
    for (uint32_t m = E.blocked; m; m &= m - 1) {
        struct ex_task *w = &E.task[__builtin_ctz(m)];
        if (w->why == EX_CALLBACKS && run >= w->expected) ex_wake(w, 0);
    }
}

static void run_batch(struct ex_task *t) {
    while (batch) {
        struct weir_model_rcu_head *h = batch;
        ex_step(t, h, sizeof *h, NULL);
        batch = h->next;
        if (E.tracing) (void)ex_trace_add(t, EX_T_RCU_RUN, h, NULL);
        h->fn(h);
        if (E.races) ex_race_leave_section(t);
        ran_one();
    }
}

/* The callback thread: exists while callbacks wait. A period for all that is there at its start. */
void ex_daemon_body(void) {
    struct ex_task *t = E.running;
    while (first) {
        ex_step(t, NULL, 0, NULL);
        batch = first;
        first = NULL;
        last = &first;
        if (E.tracing) ex_trace_add(t, EX_T_RCU_WAIT, NULL, NULL)->a = readers();
        wait_for(t, readers());
        run_batch(t);
    }
}
