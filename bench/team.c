/* SPDX-License-Identifier: MIT */
/* bench/team.c - see team.h.
 *
 * Ordering   The coordinator fills the phase, then stores each member's `turn` (release); the
 * member
 *            loads it (acquire). A member's results are published by its decrement of `left`
 *            (acq_rel), which the coordinator reads with acquire. What a producer did is published
 *                 to
 *            the consumers by its decrement of `feeding` (acq_rel) and the store of `drain`
 *                (release).
 * Memory     After its decrement of `left` a member touches nothing of the phase. */
#include "team.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "cpus.h"
#include "hold.h"
#include "interrupt.h"

struct member {
    uint32_t turn; /* futex: a new phase, or the end */
    pid_t tid;
    pthread_t thread;
    unsigned index;
    int cpu;                /* where it is pinned now; -1: nowhere */
    struct wb_phase *phase; /* NULL: leave */
};

struct wb_team {
    struct member **members;
    unsigned n;
};

/* ---- clock and futex ------------------------------------------------------------------------- */

static uint64_t clock_ns(clockid_t id) {
    struct timespec ts;
    (void)clock_gettime(id, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t wb_now(void) { return clock_ns(CLOCK_MONOTONIC); }

static struct timespec timespec_of(uint64_t ns) {
    struct timespec ts = { (time_t)(ns / 1000000000u), (long)(ns % 1000000000u) };
    return ts;
}

void wb_sleep_until(uint64_t ns) {
    struct timespec ts = timespec_of(ns);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR) continue;
}

void wb_futex_wait(const uint32_t *word, uint32_t expected, uint64_t until_ns) {
    struct timespec ts = timespec_of(until_ns);
    (void)syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected,
                  until_ns ? &ts : NULL, NULL, FUTEX_BITSET_MATCH_ANY);
}

void wb_futex_wake(const uint32_t *word) {
    (void)syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT_MAX, NULL, NULL, 0);
}

/* Until *word == want; false: time is over. */
static bool await(const uint32_t *word, uint32_t want, uint64_t until_ns) {
    for (uint32_t v; (v = __atomic_load_n(word, __ATOMIC_ACQUIRE)) != want;) {
        if (wb_now() >= until_ns) return false;
        wb_futex_wait(word, v, until_ns);
    }
    return true;
}

/* ---- stopping one thread --------------------------------------------------------------------- */

void wb_team_hold(struct wb_team *t, unsigned i, bool inside) {
    wb_hold(t->members[i]->thread, inside);
}

void wb_team_release(void) { wb_hold_release(); }

/* ---- what a member does ---------------------------------------------------------------------- */

static void take_place(struct member *m, int cpu) {
    if (m->cpu == cpu) return;
    cpu_set_t one;
    CPU_ZERO(&one);
    if (cpu >= 0) CPU_SET((unsigned)cpu, &one);
    const cpu_set_t *mask = cpu >= 0 ? &one : wb_allowed();
    if (pthread_setaffinity_np(m->thread, sizeof *mask, mask) == 0) m->cpu = cpu;
}

/* All threads of the phase leave together. Spins, because a futex would start them tens of
 * microseconds apart; yields, because there may be more of them than processors. */
static void meet(struct wb_phase *p) {
    uint32_t sense = __atomic_load_n(&p->barrier.sense, __ATOMIC_RELAXED);
    if (__atomic_sub_fetch(&p->barrier.waiting, 1, __ATOMIC_ACQ_REL) == 0) {
        p->t0 = wb_now();
        if (p->begins) p->begins(p->hook_arg, p->t0);
        __atomic_store_n(&p->barrier.waiting, p->n, __ATOMIC_RELAXED);
        __atomic_store_n(&p->barrier.sense, !sense, __ATOMIC_RELEASE);
        __atomic_store_n(&p->started, 1, __ATOMIC_RELEASE);
        wb_futex_wake(&p->started);
        return;
    }
    for (unsigned i = 0; __atomic_load_n(&p->barrier.sense, __ATOMIC_ACQUIRE) == sense; i++)
        if (i >= 200) (void)sched_yield();
}

static uint64_t switches(void) {
    struct rusage u;
    (void)getrusage(RUSAGE_THREAD, &u);
    return (uint64_t)(u.ru_nvcsw + u.ru_nivcsw);
}

static void take_part(struct member *m, struct wb_phase *p) {
    struct wb_part *part = &p->parts[m->index];
    take_place(m, part->cpu);
    meet(p);
    uint64_t switched = switches(), cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    part->start_ns = wb_now();
    part->run(part->worker);
    part->end_ns = wb_now();
    if (part->feeds && __atomic_sub_fetch(&p->feeding, 1, __ATOMIC_ACQ_REL) == 0) {
        if (p->fed) p->fed(p->fed_arg);
        __atomic_store_n(&p->drain, 1, __ATOMIC_RELEASE);
    }
    part->cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu;
    part->switches = switches() - switched;
    if (__atomic_sub_fetch(&p->left, 1, __ATOMIC_ACQ_REL) == 0) wb_futex_wake(&p->left);
}

static void *member_main(void *arg) {
    struct member *m = arg;
    m->tid = (pid_t)syscall(SYS_gettid);
    for (uint32_t seen = 0;; seen++) {
        while (__atomic_load_n(&m->turn, __ATOMIC_ACQUIRE) == seen)
            wb_futex_wait(&m->turn, seen, 0);
        if (!m->phase) return NULL;
        take_part(m, m->phase);
    }
}

static void give_turn(struct member *m, struct wb_phase *p) {
    m->phase = p;
    (void)__atomic_add_fetch(&m->turn, 1, __ATOMIC_RELEASE);
    wb_futex_wake(&m->turn);
}

/* ---- the team -------------------------------------------------------------------------------- */

struct wb_team *wb_team_new(void) {
    wb_hold_install();
    return calloc(1, sizeof(struct wb_team));
}

void wb_team_free(struct wb_team *t) {
    if (!t) return;
    for (unsigned i = 0; i < t->n; i++) {
        give_turn(t->members[i], NULL);
        (void)pthread_join(t->members[i]->thread, NULL);
        free(t->members[i]);
    }
    free(t->members);
    free(t);
}

/* Members take no signals but those that hold them: Ctrl-C is the coordinator's. */
static int start_member(struct member *m) {
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)sigdelset(&all, SIGUSR1);
    (void)sigdelset(&all, SIGTRAP);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&m->thread, NULL, member_main, m);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

static bool grow(struct wb_team *t, unsigned n) {
    if (n <= t->n) return true;
    struct member **more = realloc(t->members, n * sizeof *more);
    if (!more) return false;
    t->members = more;
    for (; t->n < n; t->n++) {
        void *mem;
        if (posix_memalign(&mem, WB_LINE_BYTES, sizeof(struct member)) != 0) return false;
        struct member *m = memset(mem, 0, sizeof *m);
        m->index = t->n;
        m->cpu = -1;
        if (start_member(m) != 0) {
            free(m);
            return false;
        }
        t->members[t->n] = m;
    }
    return true;
}

/* ---- one phase ------------------------------------------------------------------------------- */

/* Phases that were given up, with the team still inside. Reachable on purpose: their threads use
 * them. */
static struct abandoned {
    struct wb_team *team;
    struct wb_phase *phase;
    struct abandoned *next;
} *abandoned;

static void leave_behind(struct wb_team *t, struct wb_phase *p) {
    struct sched_param none = { 0 };
    for (unsigned i = 0; i < p->n; i++)
        (void)sched_setscheduler(t->members[i]->tid, SCHED_IDLE, &none);
    struct abandoned *a = malloc(sizeof *a);
    if (!a) return;
    *a = (struct abandoned){ t, p, abandoned };
    abandoned = a;
}

unsigned wb_team_left_behind(void) {
    unsigned n = 0;
    for (struct abandoned *a = abandoned; a; a = a->next)
        n += __atomic_load_n(&a->phase->left, __ATOMIC_ACQUIRE);
    return n;
}

static void prepare(struct wb_phase *p) {
    p->stop = p->drain = p->started = 0;
    p->left = p->n;
    p->barrier.waiting = p->n;
    p->barrier.sense = 0;
    p->feeding = 0;
    for (unsigned i = 0; i < p->n; i++) p->feeding += p->parts[i].feeds;
}

static uint64_t ns_of(double seconds) { return (uint64_t)(seconds * 1e9); }

/* Until all parts have done their work; false: they have not, by their time or by Ctrl-C, which may come just
 * before the wait begins. */
static bool done(const struct wb_phase *p) {
    const uint64_t look = 100000000, end = p->t0 + ns_of(p->whole);
    for (uint64_t now; (now = wb_now()) < end && !wb_interrupted();)
        if (await(&p->left, 0, now + look < end ? now + look : end)) return true;
    return __atomic_load_n(&p->left, __ATOMIC_ACQUIRE) == 0;
}

enum wb_team_end wb_team_run(struct wb_team *t, struct wb_phase *p) {
    if (!grow(t, p->n)) return WB_TEAM_NO_THREAD;
    prepare(p);
    for (unsigned i = 0; i < p->n; i++) give_turn(t->members[i], p);
    /* Waking a thread is milliseconds at worst; ten seconds are a machine that stands still. */
    (void)await(&p->started, 1, wb_now() + ns_of(10));
    if (p->whole > 0) {
        if (done(p)) return WB_TEAM_DONE;
    } else if (p->during)
        p->during(p->hook_arg, p->t0);
    else
        wb_sleep_until(p->t0 + ns_of(p->seconds));
    __atomic_store_n(&p->stop, 1, __ATOMIC_RELAXED);
    if (await(&p->left, 0, wb_now() + ns_of(p->grace)))
        return p->whole > 0 ? WB_TEAM_CUT : WB_TEAM_DONE;
    leave_behind(t, p);
    return WB_TEAM_STUCK;
}

double wb_phase_seconds(const struct wb_phase *p) {
    uint64_t first = UINT64_MAX, last = 0;
    for (unsigned i = 0; i < p->n; i++) {
        if (p->parts[i].start_ns < first) first = p->parts[i].start_ns;
        if (p->parts[i].last && p->parts[i].end_ns > last) last = p->parts[i].end_ns;
    }
    return last > first ? (double)(last - first) / 1e9 : 0;
}
