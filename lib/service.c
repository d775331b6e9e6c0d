/* SPDX-License-Identifier: MIT */
/* lib/service.c - see service.h.
 *
 * One thread, the leader, sleeps until the earliest task. Before it runs that, it gives the lead to another
 * thread, so that a callback that takes its time, or never returns, delays no other; when it comes back it
 * leads if nobody does, or else waits for the lead for a while and ends. So there is one thread while callbacks
 * are rare and one more for each that runs at the time. A pool of fixed size would be filled by so many callbacks
 * that block; a thread for each task that is set would cost a program with many timers a stack for each.
 *
 * The first thread is made when a task is opened, and if it cannot be, that call fails. If one more is refused
 * when a callback begins, nothing is lost: the callback runs, and the tasks after it wait until some thread is
 * back, or until one is set, which asks for a thread again. Threads end when nothing has been open for LINGER. They are detached and block all signals: the process may
 * end while they sleep or run, as with any detached thread; nothing waits for them. They do not survive a fork,
 * after which the child may only exec or exit, as with all of weir. The library stays loaded (-z nodelete).
 *
 * Invariants (under the lock)
 *   I1  while a task is open a thread leads, or is on its way to (led stands for one that is being made), or waits
 *       for the lead, unless the system has refused one: then each that comes back from a callback leads.
 *   I2  led is taken away only together with a look at `idle`: who takes it away wakes a follower. A follower
 *       that gives up leads instead if nobody does.
 *   I3  (no lost wake-up) the leader reads `bell` and says until when it sleeps in the hold of the lock in which
 *       it has looked at the heap; who brings something earlier, or closes the last task, changes the bell in
 *       its own hold, so that the futex does not sleep, or is woken.
 *   I4  a task is run by who took it out of the heap, once for each time that it was put in; who takes it out
 *       otherwise (stop, close) has prevented that run. The heap's reference goes to who took it out.
 * Progress   blocking. Callbacks run without locks.
 * Ordering   all by the lock. bell and follow are words to sleep on, changed under it: relaxed.
 * From       leader and followers: Schmidt and others, 2000. Pairing heap: Fredman, Sedgewick, Sleator, Tarjan,
 *            1986: its nodes are the tasks, so that setting a timer cannot fail for want of memory. */
#include "service.h"

#include "lock.h"
#include "os.h"

/* A thread costs some 50 us to make: asleep for 100 ms it is made at most once in 2000 times as long. */
#define LINGER INT64_C(100000000)

static struct weir__lock lock, birth; /* birth, taken first: one thread is made at a time */
static struct weir__task *root;
static size_t open_tasks;
static unsigned idle;           /* followers */
static size_t threads, running; /* for the leak check */
static bool led, making;        /* making: led stands for a thread that may be refused */
static weir_time sleeps_until;  /* of the leader */
static weir_au32 bell, follow;

/* ---- heap ------------------------------------------------------------------------------------------------ */

static struct weir__task *meld(struct weir__task *a, struct weir__task *b) {
    if (!a || !b) return a ? a : b;
    if (b->at < a->at) {
        struct weir__task *t = a;
        a = b;
        b = t;
    }
    b->prev = a;
    b->next = a->child;
    if (b->next) b->next->prev = b;
    a->child = b;
    return a;
}

/* Of the siblings from `first` on: in pairs, then all pairs, from the last. */
static struct weir__task *meld_all(struct weir__task *first) {
    struct weir__task *pairs = NULL, *all = NULL;
    while (first) {
        struct weir__task *a = first, *b = a->next;
        first = b ? b->next : NULL;
        a->next = a->prev = NULL;
        if (b) b->next = b->prev = NULL;
        a = meld(a, b);
        a->next = pairs;
        pairs = a;
    }
    while (pairs) {
        struct weir__task *a = pairs;
        pairs = a->next;
        a->next = NULL;
        all = meld(all, a);
    }
    return all;
}

static void insert(struct weir__task *t, weir_time at) {
    t->at = at;
    t->child = t->next = t->prev = NULL;
    t->queued = true;
    root = meld(root, t);
}

static void take_out(struct weir__task *t) {
    struct weir__task *below = meld_all(t->child);
    t->queued = false;
    if (t == root) {
        root = below;
        return;
    }
    *(t->prev->child == t ? &t->prev->child : &t->prev->next) = t->next;
    if (t->next) t->next->prev = t->prev;
    root = meld(root, below);
}

/* ---- threads --------------------------------------------------------------------------------------------- */

/* Under the lock. */
static void ring(void) { weir_store_relaxed(&bell, weir_load_relaxed(&bell) + 1); }
static bool call_follower(void) {
    if (led || idle == 0) return false;
    weir_store_relaxed(&follow, weir_load_relaxed(&follow) + 1);
    return true;
}

static void unlock_and_call(bool called) {
    weir__unlock(&lock);
    if (called) weir__os_futex_wake(&follow, 1);
}

/* Sees to it that somebody leads. */
static int ensure_leader(void) {
    int rc = 0;
    weir__lock(&birth);
    weir__lock(&lock);
    bool missing = !led && idle == 0;
    bool called = call_follower();
    if (missing) {
        led = making = true;
        threads++;
        sleeps_until = WEIR_NOW;
    }
    unlock_and_call(called);
    if (missing) {
        rc = weir__os_thread(weir__service_main);
        weir__lock(&lock);
        making = false;
        threads -= rc < 0;
        if (rc < 0) led = false;
        called = rc < 0 && call_follower();
        if (called) rc = 0; /* one has come back meanwhile */
        unlock_and_call(called);
    }
    weir__unlock(&birth);
    return rc;
}

/* Under the lock: out of the heap for good. */
static void over(struct weir__task *t) {
    take_out(t);
    if (t->once && --open_tasks == 0) ring();
}

/* Leads until a task is due, which is out of the heap then; NULL: none has been open for LINGER. Under the
 * lock. */
static struct weir__task *lead(void) {
    weir_time quit = WEIR_FOREVER;
    for (;;) {
        weir_time now = weir__os_now();
        struct weir__task *t = root;
        if (t && t->at != WEIR_FOREVER && t->at <= now) {
            over(t);
            return t;
        }
        if (open_tasks) {
            quit = WEIR_FOREVER;
        } else if (quit == WEIR_FOREVER) {
            quit = now + LINGER;
        } else if (now >= quit) {
            return NULL;
        }
        sleeps_until = t && t->at < quit ? t->at : quit;
        uint32_t seen = weir_load_relaxed(&bell);
        weir_time until = sleeps_until;
        weir__unlock(&lock);
        WEIR_POINT("service.sleep");
        (void)weir__os_futex_wait(&bell, seen, until);
        weir__lock(&lock);
    }
}

/* Waits for the lead; false: for LINGER in vain. Under the lock. */
static bool get_lead(void) {
    bool late = false;
    idle++;
    while (led && !late) {
        uint32_t seen = weir_load_relaxed(&follow);
        weir__unlock(&lock);
        weir_time quit = weir__os_now() + LINGER;
        late = weir__os_futex_wait(&follow, seen, quit) == WEIR_ETIMEDOUT;
        weir__lock(&lock);
        if (making) late = false; /* it may come to nothing */
    }
    idle--;
    if (led) return false;
    led = true;
    sleeps_until = WEIR_NOW;
    return true;
}

void weir__service_main(void) {
    weir__lock(&lock);
    bool leads = true; /* who made this thread has said so */
    while (leads) {
        struct weir__task *t = lead();
        bool passes = !t || !t->brief;
        if (passes) led = false;
        bool wanted = passes && open_tasks > 0;
        threads -= !t;
        running += t && passes;
        weir__unlock(&lock);
        if (!t) return;
        if (wanted) (void)ensure_leader();
        WEIR_POINT("service.run");
        t->run(t);
        weir__task_unref(t);
        weir__lock(&lock);
        running -= passes;
        if (passes) leads = get_lead();
    }
    threads--;
    weir__unlock(&lock);
}

void weir__service_look(struct weir__service_state *s) {
    weir__lock(&lock);
    *s = (struct weir__service_state){ threads, running, open_tasks };
    weir__unlock(&lock);
}

/* ---- tasks ----------------------------------------------------------------------------------------------- */

void weir__task_init(struct weir__task *t, void (*run)(struct weir__task *),
                     void (*release)(struct weir__task *)) {
    *t = (struct weir__task){ .refs = 1, .run = run, .release = release };
}

/* One less is open: t, or one that was refused. */
static void close_one(struct weir__task *t) {
    weir__lock(&lock);
    if (t && t->queued) {
        take_out(t);
        t->refs--;
    }
    bool last = --open_tasks == 0;
    if (last) ring();
    weir__unlock(&lock);
    if (last) weir__os_futex_wake(&bell, 1);
}

int weir__service_open(void) {
    weir__lock(&lock);
    open_tasks++;
    weir__unlock(&lock);
    int rc = ensure_leader();
    if (rc == 0) return 0;
    close_one(NULL);
    return rc;
}

void weir__task_close(struct weir__task *t) { close_one(t); }

void weir__task_unref(struct weir__task *t) {
    weir__lock(&lock);
    bool last = --t->refs == 0;
    weir__unlock(&lock);
    if (last) t->release(t);
}

/* What is left to do once the lock is given back. */
enum { NOTHING, WAKE, LEAD };

/* Under the lock. */
static int put_in(struct weir__task *t, weir_time at) {
    insert(t, at);
    if (!led && idle == 0) return at == WEIR_FOREVER ? NOTHING : LEAD; /* a thread was refused */
    if (at >= sleeps_until) return NOTHING;
    ring();
    return WAKE;
}

static void then(int what) {
    if (what == WAKE) weir__os_futex_wake(&bell, 1);
    if (what == LEAD) (void)ensure_leader();
}

bool weir__task_set(struct weir__task *t, weir_time at) {
    weir__lock(&lock);
    bool was_queued = t->queued;
    if (was_queued) take_out(t);
    t->refs += !was_queued;
    int what = put_in(t, at);
    weir__unlock(&lock);
    then(what);
    return was_queued;
}

void weir__task_by(struct weir__task *t, weir_time at) {
    int what = NOTHING;
    weir__lock(&lock);
    if (t->queued && at < t->at) {
        take_out(t);
        what = put_in(t, at);
    }
    weir__unlock(&lock);
    then(what);
}

bool weir__task_stop(struct weir__task *t) {
    weir__lock(&lock);
    bool was_queued = t->queued;
    if (was_queued) over(t);
    t->refs -= was_queued;
    bool last = was_queued && open_tasks == 0;
    weir__unlock(&lock);
    if (last) weir__os_futex_wake(&bell, 1);
    return was_queued;
}
