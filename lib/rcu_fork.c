/* SPDX-License-Identifier: MIT */
/* lib/rcu_fork.c - see weir/rcu.h and fork.h: RCU, and what is written in its guards, on both sides of a fork.
 *
 * The child has one thread, and the memory as it was. What would harm it there: a lock that another thread held, a period or a
 * function half done, weir's thread, which is missing, and the readers of missing threads in liburcu's list, which stand in
 * their thread-local memory. prepare therefore waits until nobody is in a section (fork.h), ends weir's thread, between two
 * rounds, and takes the locks of the hooks, and each lock of RCU and of the thread records, in their order: sync,
 * birth, records, weir__rcu.lock. So no thread is in a call of liburcu that weir
 * made but for sections, and these take no lock. Both sides give the locks back; the child first takes the readers of
 * missing threads out of the list, while that memory is as it was, and their records back. What they had retired is in their bags,
 * on the list `full`, or about to be put there: a thread that was between its push and the list is the one whose bag
 * is not reached any more: `full` is made anew in the child, of all bags that are not empty.
 *
 * Sections. They are guards, and there may be millions of locks in them, one held by each thread at most; so prepare takes
 * none of these, but keeps new sections out and waits for the old ones. The gate is OPEN, DRAINS or is SHUT; above that stands
 * the number of counted sections.
 *
 * Invariants
 *   I1  a section that found the gate open is over when a period has passed that began after the gate left OPEN: its
 *       guard was held before it looked, so the period has waited for it, or its barrier (membarrier, or the one in
 *       the guard) came first and the section has seen the gate. The look is relaxed for that reason.
 *   I2  while it drains, a thread that is in no outer guard waits outside of any. One that is may be what a period
 *       waits for, and one that calls a retired object's function what prepare waits for: so these go on; the
 *       period of I1 may not know of them, so they are counted, in the word itself.
 *   I3  the gate is shut, by a compare-and-swap of the whole word, when nothing is counted, after the period of I1,
 *       and when weir's thread has ended and `sync` is held. From then on nobody is in a section; who wants to
 *       waits, in a guard or not, since no period is at work, nor a function.
 *   I4  a section within another one was let in or counted as that was, and ends first.
 * Who ends the last counted section does so under weir__rcu.lock, under which prepare looks: so what they have done is
 * seen there, and no wake-up is lost. What the others did is seen by the period. Where no object with sections was ever
 * made no period is waited for: who makes the first says so under that lock, and if that comes after prepare has looked,
 * its sections see the gate.
 * Progress   prepare blocks, for as long as a reader holds up the period at work, or a guard that is held at the call. A
 *            section: one load more than a guard.
 * Ordering   by the locks, the period, and fork. */
#include "base.h"
#include "fork.h"
#include "rcu_inside.h"

#define OPEN 0u
#define DRAINS 1u
#define SHUT 2u
#define STATE 3u
#define ONE 4u

struct weir__fork_gate weir__fork_gate;
weir_au32 weir__fork_sections_known; /* not 0: there are, or were */

static struct weir__lock forks; /* from prepare to parent or child */
static weir_aptr forker; /* who holds it. Relaxed: who looks for itself has stored it itself */

static const struct weir__fork_hook *hooks[WEIR__FORK_HOOKS];
static unsigned n_hooks;

int weir__fork_hook(const struct weir__fork_hook *hook) {
    if (n_hooks == WEIR__FORK_HOOKS) return WEIR_ENOMEM;
    hooks[n_hooks++] = hook;
    return 0;
}

static bool is_forker(const struct weir__thread *self) {
    return self && self == weir_load_relaxed(&forker);
}

/* ---- sections --------------------------------------------------------------------------------------------------------- */

void weir__fork_sections_first(void) {
    weir__lock(&weir__rcu.lock);
    weir_store_relaxed(&weir__fork_sections_known, 1);
    weir__unlock(&weir__rcu.lock);
}

/* g: a guard, under which the gate was not open. */
weir_guard weir__fork_enter(weir_guard g) {
    weir_au32 *word = &weir__fork_gate.word;
    const struct weir__thread *self = weir__thread_known();
    for (uint32_t w;;) {
        w = weir_load_relaxed(word);
        if ((w & STATE) == OPEN || is_forker(self)) return g;
        bool nested = weir__urcu_nested();
        if ((w & STATE) == DRAINS && (nested || (self && self->rcu.calls))) {
            if (!weir_cas_relaxed(word, &w, w + ONE)) continue;
            return (weir_guard){ g.v_ | WEIR__RCU_COUNTED };
        }
        if (!nested) (void)weir__rcu_exit(g);
        WEIR_POINT("fork.waits");
        (void)weir__os_futex_wait(word, w, WEIR_FOREVER);
        if (!nested) g = weir__rcu_enter();
    }
}

void weir__fork_leave(void) {
    weir__lock(&weir__rcu.lock);
    bool last = weir_fetch_sub_relaxed(&weir__fork_gate.word, ONE) / ONE == 1;
    if (last) weir__rcu_ring();
    weir__unlock(&weir__rcu.lock);
    if (last) weir__rcu_wake();
}

static void open_gate(uint32_t from) {
    (void)weir_fetch_sub_relaxed(&weir__fork_gate.word, from);
    weir__os_futex_wake(&weir__fork_gate.word, INT32_MAX);
}

/* Until only counted sections are left. */
static int drain(weir_time deadline, weir_ctx *ctx) {
    (void)weir_fetch_add_relaxed(&weir__fork_gate.word, DRAINS);
    weir__lock(&weir__rcu.lock);
    bool known = weir_load_relaxed(&weir__fork_sections_known) != 0;
    weir__unlock(&weir__rcu.lock);
    return known ? weir_rcu_synchronize_wait(deadline, ctx) : 0;
}

/* Whether none is. */
static bool shut_gate(void) {
    uint32_t drained = DRAINS;
    return weir_cas_relaxed(&weir__fork_gate.word, &drained, SHUT);
}

/* ---- prepare ---------------------------------------------------------------------------------------------------------- */

/* What prepare has got. */
struct got {
    bool forks, sync;
    uint32_t gate; /* its state */
};

static bool get_forks(void *arg) {
    struct got *got = arg;
    got->forks = weir__lock_try(&forks);
    return got->forks;
}

/* Weir's thread has ended, and nobody is in a period, nor in a section. */
static bool get_rest(void *arg) {
    struct got *got = arg;
    if (weir__rcu.state != WEIR__RCU_NONE || !weir__lock_try(&weir__rcu.sync)) return false;
    got->sync = shut_gate();
    if (got->sync)
        got->gate = SHUT;
    else
        weir__unlock(&weir__rcu.sync);
    return got->sync;
}

/* Under the lock: gives back what was got, and the lock. Weir's thread is made again, if anything was asked for. */
static void resume(const struct got *got) {
    if (got->sync) weir__unlock(&weir__rcu.sync);
    if (got->gate != OPEN) open_gate(got->gate);
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

/* All that may have to be waited for. */
static int get_all(struct got *got, weir_time deadline, weir_ctx *ctx) {
    const struct weir__rcu_wait others = { get_forks, got, "another fork", false };
    const struct weir__rcu_wait end = { get_rest, got, "a fork", false };
    int rc = weir__rcu_await(&others, deadline, ctx);
    if (rc < 0) return rc;
    got->gate = DRAINS;
    rc = drain(deadline, ctx);
    if (rc < 0) return rc;
    weir__lock(&weir__rcu.lock);
    weir__rcu.held = true;
    weir__unlock(&weir__rcu.lock);
    weir__rcu_nudge();
    return weir__rcu_await(&end, deadline, ctx);
}

int weir_rcu_fork_prepare_wait(weir_time deadline, weir_ctx *ctx) {
    struct weir__thread *self = weir__thread_self();
    struct got got = { false, false, OPEN };
    if (!self) return WEIR_ENOMEM;
    if (weir__rcu_busy(self)) {
        (void)weir__misuse("weir_rcu_fork_prepare",
                           "inside a guard, or in a function of weir's thread");
        return WEIR_EDEADLK;
    }
    int rc = get_all(&got, deadline, ctx);
    if (rc < 0) {
        weir__lock(&weir__rcu.lock);
        resume(&got);
        return rc;
    }
    weir_store_relaxed(&forker, self);
    for (unsigned i = 0; i < n_hooks; i++) hooks[i]->prepare();
    weir__lock(&weir__rcu.birth);
    weir__thread_fork_prepare();
    weir__lock(&weir__rcu.lock);
    return 0;
}

/* ---- afterwards ------------------------------------------------------------------------------------------------------- */

static const struct got all = { true, true, SHUT };

static bool prepared(const char *call) {
    if (is_forker(weir__thread_self())) return true;
    (void)weir__misuse(call, "this thread has prepared no fork");
    return false;
}

int weir_rcu_fork_parent(void) {
    if (!prepared("weir_rcu_fork_parent")) return WEIR_EINVAL;
    weir__thread_fork_parent();
    weir__unlock(&weir__rcu.birth);
    for (unsigned i = n_hooks; i-- > 0;) hooks[i]->parent();
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
    for (unsigned i = n_hooks; i-- > 0;) hooks[i]->child(weir__thread_known());
    weir__thread_fork_child(gone);
    weir__rcu_list_anew();
    weir__unlock(&weir__rcu.birth);
    resume(&all);
    return 0;
}
