/* SPDX-License-Identifier: MIT */
/* lib/thread.c - thread records.
 *
 * Records live in slabs that are never given back: a thread that wakes another touches its parker
 * after the wait is over, possibly after the woken thread has ended (lib/park.h). A record whose
 * thread has ended is used again by the next thread; such a late wake-up is then a spurious one,
 * which every waiter stands. Memory is bounded by the most threads alive at once that had ever to wait,
 * in slabs of 32.
 *
 * Invariants
 *   I1  a record is either some thread's `self` or in the free list, under `lock`.
 *   I2  a thread's key destructor runs after its last use of the record, except for other
 *       destructors that park later: these make a fresh record, and the destructor runs again.
 *   I3  at a fork nobody holds `lock` but the thread that forks: a hook of the C library's waits for it, before that
 *       takes malloc's own locks, so that the order is that of add_slab. After weir_rcu_fork_prepare the thread has
 *       it already. Without that call the records of threads that the child does not have are lost to the child. */
#include "thread.h"

#include <pthread.h>

#include "lock.h"
#include "os.h"
#include "slot.h"

#define SLAB 32

struct slab {
    struct slab *next; /* keeps every slab reachable for leak checkers */
    struct weir__thread records[SLAB];
};

static struct weir__lock lock;
static struct slab *slabs;
static struct weir__thread *free_records;
static size_t records_made;
static void (*exit_hooks[WEIR__EXIT_HOOKS])(struct weir__thread *);
static unsigned n_exit_hooks;

static void give_back(void *p) {
    struct weir__thread *t = p;
    for (unsigned i = n_exit_hooks; i-- > 0;) exit_hooks[i](t);
    weir__slot_clear();
    weir__lock(&lock);
    t->taken = false;
    t->next = free_records;
    free_records = t;
    weir__unlock(&lock);
}

static void init_waiting(struct weir__thread *t) {
    weir__parker_init(&t->parker);
    weir__spin_init(&t->spin);
    weir_init_atomic(&t->phase, 0);
    weir_init_atomic(&t->quiet.word, 1);
    weir_init_atomic(&t->hazard.at, NULL);
    t->waits = NULL;
    t->behind = NULL;
}

static bool add_slab(void) {
    struct slab *s = weir__os_alloc(sizeof *s, WEIR_LINE);
    if (!s) return false;
    s->next = slabs;
    slabs = s;
    for (unsigned i = 0; i < SLAB; i++) {
        struct weir__thread *t = &s->records[i];
        init_waiting(t);
        t->random = weir__os_random() | 1;
        t->taken = false;
        t->number = (unsigned)(records_made + SLAB - 1 - i); /* the last one is taken first */
        t->rcu = (struct weir__rcu_thread){ .bag = { NULL } };
        t->hazard.listed = false;
        t->next = free_records;
        free_records = t;
    }
    records_made += SLAB;
    return true;
}

/* Under the lock. */
static struct weir__thread *take_record(void) {
    WEIR_POINT("thread.record");
    if (!weir__slot_prepare(give_back)) return NULL;
    if (!free_records && !add_slab()) return NULL;
    struct weir__thread *t = free_records;
    free_records = t->next;
    t->taken = true;
    t->spawned = false;
    t->frames = NULL;
    t->worker = NULL;
    t->task = NULL;
    t->blocks = NULL;
    t->error.code = 0;
    return t;
}

struct weir__thread *weir__thread_self(void) {
    struct weir__thread *t = weir__slot_get();
    if (WEIR_LIKELY(t != NULL)) return t;
    weir__lock(&lock);
    t = take_record();
    weir__unlock(&lock);
    if (!t) return NULL;
    if (!weir__slot_set(t, give_back)) {
        give_back(t);
        return NULL;
    }
    t->tid = weir__os_tid();
    return t;
}

struct weir__thread *weir__thread_known(void) { return weir__slot_get(); }

void weir__thread_each(void (*fn)(struct weir__thread *t, void *arg), void *arg) {
    weir__lock(&lock);
    struct slab *s = slabs;
    weir__unlock(&lock);
    for (; s; s = s->next) /* which never changes, nor goes */
        for (unsigned i = 0; i < SLAB; i++) fn(&s->records[i], arg);
}

/* ---- forks ----------------------------------------------------------------------------------------- */

/* Who has prepared one, and so holds the lock. Relaxed: who looks for itself has stored it itself. */
static weir_aptr forker;

void weir__thread_fork_prepare(void) {
    weir__lock(&lock);
    weir_store_relaxed(&forker, weir__slot_get());
}

static void fork_over(void) {
    weir_store_relaxed(&forker, NULL);
    weir__unlock(&lock);
}

void weir__thread_fork_parent(void) { fork_over(); }

void weir__thread_fork_child(void (*gone)(struct weir__thread *)) {
    struct weir__thread *self = weir__slot_get();
    bool listed = self && self->hazard.listed;
    for (struct slab *s = slabs; s; s = s->next)
        for (unsigned i = 0; i < SLAB; i++) {
            struct weir__thread *t = &s->records[i];
            t->hazard.listed = false;
            if (t == self) t->tid = weir__os_tid();
            if (t == self || !t->taken) continue;
            gone(t);
            init_waiting(t);
            t->taken = false;
            t->next = free_records;
            free_records = t;
        }
    weir__hazards_anew(listed ? &self->hazard : NULL);
    fork_over();
}

#ifndef WEIR_MODEL
static bool prepared(void) {
    const void *self = weir__slot_get();
    return self && self == weir_load_relaxed(&forker);
}
static void before_fork(void) {
    if (!prepared()) weir__lock(&lock);
}
static void after_fork(void) {
    if (!prepared()) weir__unlock(&lock);
}
__attribute__((constructor)) static void begin(void) {
    (void)pthread_atfork(before_fork, after_fork, after_fork);
}
#endif

int weir__thread_at_exit(void (*fn)(struct weir__thread *)) {
    if (n_exit_hooks == WEIR__EXIT_HOOKS) return WEIR_ENOMEM;
    exit_hooks[n_exit_hooks++] = fn;
    return 0;
}

size_t weir__thread_records(void) {
    weir__lock(&lock);
    size_t n = records_made;
    weir__unlock(&lock);
    return n;
}
