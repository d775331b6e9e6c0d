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
 *   I3  a fork waits for nothing of this: the child, whose only thread is not inside, makes anew what it finds
 *       locked. Of each other thread it has a beginning of its stores, those before a release first: so a slab that
 *       it finds is made (settle), and the free list is what is not `taken`. A slab that was not yet linked is lost
 *       to the child, and without weir_rcu_fork_child so are the records of threads that it does not have. */
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
static struct weir__lock settling; /* inside it */
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

/* What the thread has stored comes before what it stores next, also in a child: released by one hold, and the next
 * one acquires. Under the lock. */
static void settle(void) {
    for (int i = 0; i < 2; i++) {
        weir__lock(&settling);
        weir__unlock(&settling);
    }
}

static bool add_slab(void) {
    struct slab *s = weir__os_alloc(sizeof *s, WEIR_LINE);
    if (!s) return false;
    s->next = slabs;
    for (unsigned i = 0; i < SLAB; i++) {
        struct weir__thread *t = &s->records[i];
        init_waiting(t);
        t->random = weir__os_random() | 1;
        t->taken = false;
        t->number = (unsigned)(records_made + SLAB - 1 - i); /* the last one is taken first */
        t->rcu = (struct weir__rcu_thread){ .bag = { NULL } };
        t->hazard.listed = false;
        t->next = i ? t - 1 : NULL;
    }
    settle();
    slabs = s;
    free_records = &s->records[SLAB - 1];
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

/* In the child, once or twice, as handlers come: what is locked there was so by a thread that is missing, or by the one
 * that forked in a handler of a signal, and will not go back to it. */
static void anew(void) {
    if (!weir_load_relaxed(&lock.word)) return; /* relaxed: nobody else is there */
    free_records = NULL;
    records_made = 0;
    for (struct slab *s = slabs; s; s = s->next, records_made += SLAB)
        for (unsigned i = 0; i < SLAB; i++) {
            struct weir__thread *t = &s->records[i];
            if (t->taken) continue;
            t->next = free_records;
            free_records = t;
        }
    weir_init_atomic(&settling.word, 0);
    weir_init_atomic(&lock.word, 0);
}

void weir__thread_fork_child(void (*gone)(struct weir__thread *)) {
    struct weir__thread *self = weir__slot_get();
    bool listed = self && self->hazard.listed;
    anew();
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
}

#ifndef WEIR_MODEL
__attribute__((constructor)) static void begin(void) { (void)pthread_atfork(NULL, NULL, anew); }
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
