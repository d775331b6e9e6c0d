/* SPDX-License-Identifier: MIT */
/* lib/rcu.c - see weir/rcu.h: guards, and which threads liburcu knows.
 *
 * liburcu's memb flavour wants each reader registered, once, and unregistered before its memory goes away; it aborts
 * at a second registration. So weir looks at liburcu's own mark of the calling thread, at each outermost guard: what somebody
 * else has registered is left alone. What weir registers the hook of the thread record unregisters when the thread ends,
 * however it ends. Without a record, offline, where the program registers its threads, or in a destructor that comes after
 * weir's own, which may be the last one, there is no hook to rely on: then the outermost guard registers the thread, says so
 * in the guard (ONCE), and its exit unregisters it.
 *
 * Invariants
 *   I1  a thread that is in a guard is registered; rcu.reader of its record is not NULL while weir has registered it.
 *   I2  register and unregister hold `birth`, and rcu.reader changes in the same hold, so that a fork finds no lock of liburcu
 *       taken by weir, and knows which readers there are (rcu_fork.c).
 *   I3  a thread that ends inside a guard leaves it first: unregistering alone would not wake a period that sleeps until
 *       this reader leaves.
 * Debug builds keep who the guards of a thread are, in its record: 16 deep, further ones unchecked.
 * Progress   enter, exit: liburcu's, without a loop. The first of a thread: blocking, by two short locks.
 * Ordering   liburcu's: a barrier of the compiler here, membarrier at both ends of a period; or full barriers here,
 *            where the kernel refused membarrier when liburcu asked, before main. */
#include "base.h"
#include "fork.h"
#include "rcu_inside.h"

#define ONCE ((uintptr_t)1)
#define ID_SHIFT 2 /* beside ONCE and WEIR__RCU_COUNTED */

#ifdef WEIR__URCU_TSAN
char weir__urcu_domain;
#elif defined(WEIR_LGPL_INLINE) && !defined(WEIR_MODEL)
__thread struct urcu_reader *weir__urcu_mine __attribute__((tls_model("initial-exec")));
void weir__urcu_wake(void) { urcu_common_wake_up_gp(&urcu_memb_gp); }
#ifndef WEIR_DEBUG
int weir__rcu_leaf_wake(int rc) {
    weir__urcu_wake();
    return rc;
}
#endif
#endif

static bool app_registers; /* before threads use it */

/* The calling thread's destructors have been called, and may not be again. The explorer's threads share one. */
#ifdef WEIR_MODEL
static bool ended(void) { return false; }
static void note_end(void) {}
#else
static __thread bool end_noted __attribute__((tls_model("initial-exec")));
static bool ended(void) { return end_noted; }
static void note_end(void) { end_noted = true; }
#endif

/* For guards: NULL where there is no record, and where nobody might give one back. */
static struct weir__thread *record(void) {
    return ended() ? weir__thread_known() : weir__thread_self();
}

/* Who has prepared a fork holds `birth` already. */
static void lock_birth(const struct weir__thread *self) {
    if (!self || !self->rcu.forks) weir__lock(&weir__rcu.birth);
}
static void unlock_birth(const struct weir__thread *self) {
    if (!self || !self->rcu.forks) weir__unlock(&weir__rcu.birth);
}

/* self: its record, or NULL. Both are one for a fork (I2): registered, and known to be. */
static void register_self(struct weir__thread *self) {
    lock_birth(self);
    weir__urcu_register();
    if (self) self->rcu.reader = weir__urcu_reader();
    unlock_birth(self);
}
static void unregister_self(struct weir__thread *self) {
    lock_birth(self);
    weir__urcu_unregister();
    if (self) self->rcu.reader = NULL;
    unlock_birth(self);
}

/* What weir has registered, and the program has not unregistered. */
static void forget(struct weir__thread *self) {
    if (self->rcu.reader && weir__urcu_registered()) unregister_self(self);
    self->rcu.reader = NULL;
}

weir_guard weir__rcu_enter_first(void) {
    struct weir__thread *self = record();
    weir_guard g = { 0 };
    if (weir__urcu_registered()) {
        weir__urcu_lock();
        return g;
    }
    register_self(self);
    if (!self || app_registers || self->rcu.offline || ended()) g.v_ = ONCE;
    weir__urcu_lock();
    return g;
}

int weir__rcu_exit_last(weir_guard g) {
    if (g.v_ & WEIR__RCU_COUNTED) weir__fork_leave();
    if (!weir__urcu_registered() || !weir__urcu_held())
        return weir__misuse("weir_rcu_exit", "the thread holds no guard");
    weir__urcu_unlock();
    /* Held still: released in the wrong order. Then it stays registered, as its other guards need. */
    if (!(g.v_ & ONCE) || weir__urcu_held()) return 0;
    unregister_self(record());
    return 0;
}

/* ---- debug builds --------------------------------------------------------------------------------------------- */

weir_guard weir__rcu_enter_checked(void) {
    struct weir__thread *self = record();
    struct weir__rcu_thread *r = self ? &self->rcu : NULL;
    if (r && r->offline) (void)weir__misuse("weir_rcu_enter", "the thread is offline");
    weir__rcu_not_between(self, "weir_rcu_enter");
    weir_guard g = { 0 };
    if (!weir__urcu_enter()) g = weir__rcu_enter_first();
    if (!r) return g;
    uint64_t id = (++r->last_id << 20 | (self->tid & 0xFFFFF)) & (UINT64_MAX >> ID_SHIFT);
    if (r->nesting < WEIR__RCU_NESTS) r->ids[r->nesting] = id;
    r->nesting++;
    return (weir_guard){ g.v_ | (uintptr_t)(id << ID_SHIFT) };
}

/* Where the guard stands in r->ids, or WEIR__RCU_NESTS. */
static unsigned find(const struct weir__rcu_thread *r, weir_guard g) {
    unsigned n = r->nesting < WEIR__RCU_NESTS ? r->nesting : WEIR__RCU_NESTS;
    while (n-- > 0)
        if (r->ids[n] == (uint64_t)g.v_ >> ID_SHIFT) return n;
    return WEIR__RCU_NESTS;
}

bool weir__rcu_holds(weir_guard g) {
    const struct weir__thread *self = record();
    if (!self || g.v_ >> ID_SHIFT == 0 || self->rcu.nesting > WEIR__RCU_NESTS)
        return weir__urcu_held();
    return find(&self->rcu, g) < WEIR__RCU_NESTS;
}

int weir__rcu_exit_checked(weir_guard g) {
    struct weir__thread *self = record();
    struct weir__rcu_thread *r = self ? &self->rcu : NULL;
    int rc = 0;
    if (!weir__urcu_registered() || !weir__urcu_held()) return weir__rcu_exit_last(g);
    bool known = r && g.v_ >> ID_SHIFT; /* not one of before it had a record */
    if (known && r->nesting <= WEIR__RCU_NESTS) {
        unsigned at = find(r, g);
        if (at == WEIR__RCU_NESTS)
            return weir__misuse("weir_rcu_exit",
                                "the guard was released before, or is another thread's");
        if (at + 1 < r->nesting)
            rc = weir__misuse("weir_rcu_exit", "the guard is not the innermost of its thread");
        for (unsigned i = at; i + 1 < r->nesting; i++) r->ids[i] = r->ids[i + 1];
    }
    if (known) r->nesting--;
    (void)weir__rcu_exit_last(g);
    return rc;
}

/* ---- calls ------------------------------------------------------------------------------------------------------ */

weir_guard weir_rcu_enter(void) { return weir__rcu_enter(); }

int weir_rcu_exit(weir_guard g) { return weir__rcu_exit(g); }

int weir_rcu_register(void) {
    struct weir__thread *self = weir__thread_self();
    if (!self) return WEIR_ENOMEM;
    weir__rcu_not_between(self, "weir_rcu_register");
    if (self->rcu.forks) return WEIR_EDEADLK;
    if (!weir__urcu_registered() && !app_registers && !self->rcu.offline && !ended())
        register_self(self);
    return weir__rcu_ensure();
}

int weir_rcu_offline(void) {
    struct weir__thread *self = weir__thread_self();
    if (!self) return WEIR_ENOMEM;
    if (weir__urcu_registered() && weir__urcu_held())
        return weir__misuse("weir_rcu_offline", "inside a guard");
    self->rcu.offline = true;
    forget(self);
    return 0;
}

int weir_rcu_online(void) {
    struct weir__thread *self = weir__thread_self();
    if (!self) return WEIR_ENOMEM;
    self->rcu.offline = false;
    return 0;
}

int weir_rcu_app_registers(bool yes) {
    app_registers = yes;
    return 0;
}

/* ---- the end of a thread ------------------------------------------------------------------------------------------ */

static void thread_ends(struct weir__thread *self) {
    note_end();
    if (self->rcu.nesting) (void)weir__misuse("the end of a thread", "it holds a guard");
    self->rcu.nesting = 0;
    weir__rcu_not_between(self, "the end of a thread");
    if (self->rcu.forks) (void)weir_rcu_fork_parent();
    if (self->rcu.section) weir__fork_leave();
    if (self->rcu.reader)
        while (weir__urcu_held()) weir__urcu_unlock();
    forget(self);
    self->rcu.offline = false;
    weir__rcu_leave(self);
}

__attribute__((constructor)) static void begin(void) { (void)weir__thread_at_exit(thread_ends); }
