/* SPDX-License-Identifier: MIT */
/* lib/rcu_fork.c - see weir/rcu.h and fork.h: RCU, and what is written in its guards, on both sides of a fork.
 *
 * The child has one thread, and the memory as it was. What would harm it there: a lock that another thread held,
 * a period or a function half done, weir's thread, which is missing, and the readers of missing threads in
 * liburcu's list, which stand in their thread-local memory. prepare therefore ends weir's thread, between two
 * rounds, waits until nobody is in a section (fork.h), and takes the locks of the hooks, and each lock of RCU, in
 * their order: sync, birth, weir__rcu.lock. So no thread is in a call of liburcu that weir made but for sections,
 * and these take no lock. Both sides give the locks back; the child first makes liburcu's list anew, of its own
 * reader alone: also where the program has registered the others, or they have no record; and takes the records of
 * missing threads back. What they had retired is in their bags, on the list `full`, or about to be put there: a thread that was between its push and the list
 * is the one whose bag is not reached any more: `full` is made anew in the child, of all bags that are not empty.
 * So is the count of garbage, of what is in them: others may have counted what they had not retired yet.
 *
 * Sections. They are guards, and there may be millions of locks in them, one held by each thread at most; so
 * prepare takes none of these, but waits for the sections. The gate is OPEN, COUNTS or is SHUT; above that stands
 * the number of counted sections. In three steps:
 *   1  COUNTS   everybody goes on, but each new section is counted. After a period nobody is in one that is not.
 *               Then weir's thread ends, and `sync` is taken: readers, periods and functions are waited for while
 *               nobody waits for the fork but who waits for a period.
 *   2  SHUT     who wants to begin a section waits, in a guard or not: no period is at work that could wait for
 *               the guard. Who is in a counted section goes on, and may begin others in it. So the count only
 *               falls.
 *   3           it is 0: prepared. Until parent or child it stays so.
 *
 * Invariants
 *   I1  a section that found the gate open is over when a period has passed that began after the gate left OPEN:
 *       its guard was held before it looked, so the period has waited for it, or its barrier (membarrier, or the
 *       one in the guard) came first and the section has seen the gate. The look is relaxed for that reason.
 *   I2  a section is counted in the word that says what the gate is, by a compare-and-swap while that COUNTS. So
 *       when the gate shuts all sections are counted (I1), or stand within one that is.
 *   I3  rcu.section of a thread's record says that it is in a counted section; sections within it are not
 *       counted, and end first. A thread without a record is always in its outermost one, by this rule: its inner
 *       ones are counted, too, and wait while the gate is shut, as the next paragraph says for how long.
 *   I4  a thread that ends in a counted section has left it: what it has locked there is not waited for.
 *
 * Who waits for whom. A thread at the gate may hold a lock of the program, or of a plain map, in whose function
 * it is. In step 1 nobody is at the gate. In step 2 the only ones who are waited for are in sections: in locks of
 * lines, which are held for a moment, or in functions of the program's (update, visit, an allocator), which must
 * not wait, but may do so for that lock. Therefore prepare does not wait in step 2 for longer than a slice, but goes back to step 1
 * for as long, and then again, with twice the slice, up to SLICE_MOST: whoever stood at the gate goes on, and
 * what waits for it. So nobody waits for ever whatever is held by whom; a function that takes longer than a slice
 * holds writers up for half of its time at most, while a fork waits for it; and prepare ends once all sections
 * end within one slice. Whenever it goes back, `sync` is given back, too, and weir's thread is made again if it is
 * wanted: so periods end, and garbage goes, however long prepare waits; and the next step 2 begins as the first one.
 * Nobody is waited for then who waits for the gate, since that counts.
 *
 * Who ends the last counted section does so under weir__rcu.lock, under which prepare looks: so what they have
 * done is seen there, and no wake-up is lost. What the others did is seen by the period. Who sleeps at the gate
 * has looked at it after it has read at_gate's bell, and who opens it rings that afterwards; so does a context that
 * ends. The child, which is alone, makes the locks of both bells anew: others may have been about to ring. Where no
 * object with sections was ever made no period is waited for: who makes the first says so under weir__rcu.lock, and
 * if that comes after prepare has looked, its sections see the gate; and so do those of who makes another, and sees
 * that the first was made (K1 -> K2).
 * Progress   prepare blocks, for as long as a reader holds up the period at work, or a guard that is held at the
 *            call. A section: one load more than a guard; while the gate counts a compare-and-swap and a short
 *            lock. It blocks while it is shut.
 *            The thread that has prepared must not wait for what it holds: rcu.forks of its record says who it is, so
 *            that its waits are WEIR_EDEADLK, it passes the gate, and takes `birth` for held; debug builds report all.
 * Ordering   by the locks, the period, and fork. K1 -> K2: the gate, as it was when the first object was made, or
 *            later. */
#include "base.h"
#include "fork.h"
#include "rcu_inside.h"

#define OPEN 0u
#define COUNTS 1u
#define SHUT 2u
#define STATE 3u
#define ONE 4u

#define SLICE INT64_C(1000000) /* ns */
#define SLICE_MOST (INT64_C(1024) * SLICE)

struct weir__fork_gate weir__fork_gate;
weir_au32 weir__fork_sections_known; /* not 0: there are, or were */

static struct weir__rcu_bell at_gate;
static struct weir__lock forks; /* from prepare to parent or child */

static const struct weir__fork_hook *hooks[WEIR__FORK_HOOKS];
static unsigned n_hooks;

int weir__fork_hook(const struct weir__fork_hook *hook) {
    if (n_hooks == WEIR__FORK_HOOKS) return WEIR_ENOMEM;
    hooks[n_hooks++] = hook;
    return 0;
}

static bool is_forker(const struct weir__thread *self) { return self && self->rcu.forks; }

/* ---- sections --------------------------------------------------------------------------------------------------------- */

void weir__fork_sections_first(void) {
    weir__lock(&weir__rcu.lock);
    weir_store_release(&weir__fork_sections_known, 1, FORK_K1);
    weir__unlock(&weir__rcu.lock);
}

static bool in_section(const struct weir__thread *self) { return self && self->rcu.section; }

static bool not_shut(void *arg) {
    (void)arg;
    return (weir_load_relaxed(&weir__fork_gate.word) & STATE) != SHUT;
}

/* It was w. 0: look again. */
static int wait_at_gate(uint32_t w, weir_time deadline, weir_ctx *ctx) {
    const struct weir__rcu_wait opens = { not_shut, NULL, "the end of a fork", false, &at_gate };
    WEIR_POINT("fork.waits");
    if (weir__thread_self()) return weir__rcu_await(&opens, deadline, ctx);
    if (ctx) return WEIR_ENOMEM;
    if (deadline == WEIR_NOW) return WEIR_EAGAIN;
    return weir__os_futex_wait(&weir__fork_gate.word, w, deadline) == WEIR_ETIMEDOUT
               ? WEIR_ETIMEDOUT
               : 0;
}

struct weir__fork_in weir__fork_enter(weir_guard g, weir_time deadline, weir_ctx *ctx) {
    weir_au32 *word = &weir__fork_gate.word;
    struct weir__thread *self = weir__thread_known();
    uint32_t w = weir_load_relaxed(word);
    while ((w & STATE) != OPEN && !is_forker(self) && !in_section(self)) {
        if ((w & STATE) == COUNTS) {
            if (!weir_cas_relaxed(word, &w, w + ONE)) continue;
            if (self) self->rcu.section = true;
            g.v_ |= WEIR__RCU_COUNTED;
            break;
        }
        bool nested = weir__urcu_nested();
        if (!nested) (void)weir__rcu_exit(g);
        int rc = wait_at_gate(w, deadline, ctx);
        if (rc < 0 && nested) (void)weir__rcu_exit(g);
        if (rc < 0) return (struct weir__fork_in){ { 0 }, rc };
        if (!nested) g = weir__rcu_enter();
        w = weir_load_relaxed(word);
    }
    return (struct weir__fork_in){ g, 0 };
}

void weir__fork_leave(void) {
    struct weir__thread *self = weir__thread_known();
    if (self) self->rcu.section = false;
    weir__lock(&weir__rcu.lock);
    bool last = weir_fetch_sub_relaxed(&weir__fork_gate.word, ONE) == (SHUT | ONE);
    if (last) weir__rcu_ring();
    weir__unlock(&weir__rcu.lock);
    if (last) weir__rcu_wake();
}

/* ---- prepare ---------------------------------------------------------------------------------------------------------- */

/* What prepare has got. */
struct got {
    bool forks, sync;
    uint32_t gate; /* its state */
};

/* By who has `forks`. */
static void set_gate(struct got *got, uint32_t state) {
    uint32_t was = got->gate;
    got->gate = state;
    (void)weir_fetch_add_relaxed(&weir__fork_gate.word, state - was);
    if (was != SHUT) return;
    weir__os_futex_wake(&weir__fork_gate.word, INT32_MAX);
    weir__rcu_bell_ring(&at_gate);
}

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

static bool nobody_inside(void *arg) {
    (void)arg;
    return weir_load_relaxed(&weir__fork_gate.word) == SHUT;
}
static bool never(void *arg) {
    (void)arg;
    return false;
}

/* Weir's thread ends, and `sync` is taken. */
static int end_periods(struct got *got, weir_time deadline, weir_ctx *ctx) {
    const struct weir__rcu_wait rest = { get_sync, got, "a fork", false, NULL };
    weir__lock(&weir__rcu.lock);
    (void)weir_fetch_or_relaxed(&weir__rcu_clock.ask, WEIR__RCU_HELD);
    weir__unlock(&weir__rcu.lock);
    weir__os_futex_wake(&weir__rcu_clock.ask, 1);
    return weir__rcu_await(&rest, deadline, ctx);
}

/* By who has `forks`, under the lock, which it gives back. Weir's thread is made again, if anything was asked for, or one was
 * ended by a function that was not the last of its round. Relaxed: who asks from now on sees to it (I3 of rcu_retire.c). */
static void begin_periods(struct got *got) {
    if (got->sync) weir__unlock(&weir__rcu.sync);
    got->sync = false;
    uint32_t ask = weir_fetch_and_relaxed(&weir__rcu_clock.ask, ~WEIR__RCU_HELD);
    bool wanted = weir__rcu.begun != weir__rcu.done || (ask & ~WEIR__RCU_HELD) != WEIR__RCU_IDLE;
    weir__rcu_ring();
    weir__unlock(&weir__rcu.lock);
    weir__rcu_wake();
    if (wanted) (void)weir__rcu_ensure();
}

/* Under the lock, which it gives back, as all the rest. */
static void resume(struct got *got) {
    set_gate(got, OPEN);
    weir__unlock(&forks); /* whoever takes it does so under the lock */
    begin_periods(got);
}

/* Until only counted sections are left. */
static int count_all(struct got *got, weir_time deadline, weir_ctx *ctx) {
    set_gate(got, COUNTS);
    WEIR_POINT("fork.counts");
    weir__lock(&weir__rcu.lock);
    bool known = weir_load_relaxed(&weir__fork_sections_known) != 0;
    weir__unlock(&weir__rcu.lock);
    return known ? weir_rcu_synchronize_wait(deadline, ctx) : 0;
}

/* For a slice, or until `deadline`; WEIR_EAGAIN: the slice is over. */
static int await_slice(const struct weir__rcu_wait *w, int64_t slice, weir_time deadline,
                       weir_ctx *ctx) {
    weir_time until = deadline == WEIR_NOW ? WEIR_NOW : weir_after(slice);
    if (until >= deadline) return weir__rcu_await(w, deadline, ctx);
    int rc = weir__rcu_await(w, until, ctx);
    return rc == WEIR_ETIMEDOUT ? WEIR_EAGAIN : rc;
}

/* Until none are, and the gate is shut. While it counts periods go on. */
static int shut_out(struct got *got, weir_time deadline, weir_ctx *ctx) {
    const struct weir__rcu_wait end = { nobody_inside, NULL, "a fork", false, NULL };
    const struct weir__rcu_wait pause = { never, NULL, "a fork", false, NULL };
    for (int64_t slice = SLICE;; slice = slice < SLICE_MOST ? 2 * slice : slice) {
        int rc = end_periods(got, deadline, ctx);
        if (rc < 0) return rc;
        set_gate(got, SHUT);
        WEIR_POINT("fork.shut");
        rc = await_slice(&end, slice, deadline, ctx);
        if (rc != WEIR_EAGAIN || deadline == WEIR_NOW) return rc;
        set_gate(got, COUNTS);
        WEIR_POINT("fork.counts");
        weir__lock(&weir__rcu.lock);
        begin_periods(got);
        rc = await_slice(&pause, slice, deadline, ctx);
        if (rc != WEIR_EAGAIN) return rc;
    }
}

/* All that may have to be waited for. */
static int get_all(struct got *got, weir_time deadline, weir_ctx *ctx) {
    const struct weir__rcu_wait others = { get_forks, got, "another fork", false, NULL };
    int rc = weir__rcu_await(&others, deadline, ctx);
    if (rc < 0) return rc;
    rc = count_all(got, deadline, ctx);
    return rc < 0 ? rc : shut_out(got, deadline, ctx);
}

int weir_rcu_fork_prepare_wait(weir_time deadline, weir_ctx *ctx) {
    struct weir__thread *self = weir__thread_self();
    struct got got = { false, false, OPEN };
    if (!self) return WEIR_ENOMEM;
    int rc = weir__rcu_may_wait(self, "weir_rcu_fork_prepare");
    if (rc < 0) return rc;
    rc = get_all(&got, deadline, ctx);
    if (rc < 0) {
        if (!got.forks) return rc;
        weir__lock(&weir__rcu.lock);
        resume(&got);
        return rc;
    }
    self->rcu.forks = true;
    for (unsigned i = 0; i < n_hooks; i++) hooks[i]->prepare();
    weir__lock(&weir__rcu.birth);
    weir__lock(&weir__rcu.lock);
    return 0;
}

/* ---- afterwards ------------------------------------------------------------------------------------------------------- */

/* Whether it was; and it is so no more. */
static bool prepared(const char *call) {
    struct weir__thread *self = weir__thread_self();
    bool was = is_forker(self);
    if (was)
        self->rcu.forks = false;
    else
        (void)weir__misuse(call, "this thread has prepared no fork");
    return was;
}

int weir_rcu_fork_parent(void) {
    struct got all = { true, true, SHUT };
    if (!prepared("weir_rcu_fork_parent")) return WEIR_EINVAL;
    weir__unlock(&weir__rcu.birth);
    for (unsigned i = n_hooks; i-- > 0;) hooks[i]->parent();
    resume(&all);
    return 0;
}

static void gone(struct weir__thread *t) {
    struct weir__rcu_thread *r = &t->rcu;
    r->reader = NULL;
    r->room = 0;
    r->offline = r->calls = r->section = false;
    r->nesting = 0;
}

int weir_rcu_fork_child(void) {
    struct got all = { true, true, SHUT };
    if (!prepared("weir_rcu_fork_child")) return WEIR_EINVAL;
    weir_init_atomic(&at_gate.lock.word, 0);
    weir_init_atomic(&weir__rcu.bell.lock.word, 0);
    for (unsigned i = n_hooks; i-- > 0;) hooks[i]->child(weir__thread_known());
    weir__urcu_alone();
    weir__thread_fork_child(gone);
    weir__rcu_list_anew();
    weir__unlock(&weir__rcu.birth);
    resume(&all);
    return 0;
}
