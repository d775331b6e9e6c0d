/* SPDX-License-Identifier: MIT */
/* lib/rcu_fork.c - see weir/rcu.h: RCU on both sides of a fork.
 *
 * The child has one thread, and the memory as it was. What would harm it there: a lock that another thread held, a period or a
 * function half done, weir's thread, which is missing, and the readers of missing threads in liburcu's list, which stand in
 * their thread-local memory. prepare therefore ends weir's thread, between two rounds, and takes each lock of RCU and of
 * the thread records, in their order: sync, birth, records, weir__rcu.lock. So no thread is in a call of liburcu that weir
 * made but for sections, and these take no lock. Both sides give the locks back; the child first takes the readers of
 * missing threads out of the list, while that memory is as it was, and their records back. What they had retired is in their bags,
 * on the list `full`, or about to be put there: a thread that was between its push and the list is the one whose bag
 * is not reached any more: `full` is made anew in the child, of all bags that are not empty.
 * Progress   prepare blocks, for as long as a reader holds up the period at work.
 * Ordering   by the locks, and fork. */
#include "base.h"
#include "rcu_inside.h"

static struct weir__lock forks; /* from prepare to parent or child */
static weir_aptr forker; /* who holds it. Relaxed: who looks for itself has stored it itself */

/* What prepare has got. */
struct got {
    bool forks, sync;
};

static bool get_forks(void *arg) {
    struct got *got = arg;
    got->forks = weir__lock_try(&forks);
    return got->forks;
}

/* Weir's thread has ended, and nobody is in a period. */
static bool get_sync(void *arg) {
    struct got *got = arg;
    got->sync = weir__rcu.state == WEIR__RCU_NONE && weir__lock_try(&weir__rcu.sync);
    return got->sync;
}

/* Under the lock: gives back what was got, and the lock. Weir's thread is made again, if anything was asked for. */
static void resume(const struct got *got) {
    if (got->sync) weir__unlock(&weir__rcu.sync);
    if (got->forks) {
        weir__rcu.held = false;
        weir_store_relaxed(&forker, NULL);
        weir__unlock(&forks);
    }
    weir__rcu_ring();
    weir__unlock(&weir__rcu.lock);
    weir__rcu_wake();
    /* Relaxed: who asks from now on sees to it. */
    if (weir_load_relaxed(&weir__rcu_clock.ask) != WEIR__RCU_IDLE) (void)weir__rcu_ensure();
}

int weir_rcu_fork_prepare_wait(weir_time deadline, weir_ctx *ctx) {
    struct weir__thread *self = weir__thread_self();
    struct got got = { false, false };
    const struct weir__rcu_wait others = { get_forks, &got, "another fork", false };
    const struct weir__rcu_wait end = { get_sync, &got, "a fork", false };
    if (!self) return WEIR_ENOMEM;
    if (weir__rcu_busy(self)) {
        (void)weir__misuse("weir_rcu_fork_prepare",
                           "inside a guard, or in a function of weir's thread");
        return WEIR_EDEADLK;
    }
    int rc = weir__rcu_await(&others, deadline, ctx);
    if (rc == 0) {
        weir__lock(&weir__rcu.lock);
        weir__rcu.held = true;
        weir__unlock(&weir__rcu.lock);
        weir__rcu_nudge();
        rc = weir__rcu_await(&end, deadline, ctx);
    }
    if (rc < 0) {
        weir__lock(&weir__rcu.lock);
        resume(&got);
        return rc;
    }
    weir_store_relaxed(&forker, self);
    weir__lock(&weir__rcu.birth);
    weir__thread_fork_prepare();
    weir__lock(&weir__rcu.lock);
    return 0;
}

static const struct got all = { true, true };

static bool prepared(const char *call) {
    const struct weir__thread *self = weir__thread_self();
    if (self && self == weir_load_relaxed(&forker)) return true;
    (void)weir__misuse(call, "this thread has prepared no fork");
    return false;
}

int weir_rcu_fork_parent(void) {
    if (!prepared("weir_rcu_fork_parent")) return WEIR_EINVAL;
    weir__thread_fork_parent();
    weir__unlock(&weir__rcu.birth);
    resume(&all);
    return 0;
}

static void gone(struct weir__thread *t) {
    struct weir__rcu_thread *r = &t->rcu;
    if (r->reader) weir__urcu_forget(r->reader);
    (void)weir_fetch_add_relaxed(&weir__rcu_garbage.bytes, r->untold);
    r->reader = NULL;
    r->untold = r->room = 0;
    r->offline = r->calls = false;
    r->nesting = 0;
}

int weir_rcu_fork_child(void) {
    if (!prepared("weir_rcu_fork_child")) return WEIR_EINVAL;
    weir__thread_fork_child(gone);
    weir__rcu_list_anew();
    weir__unlock(&weir__rcu.birth);
    resume(&all);
    return 0;
}
