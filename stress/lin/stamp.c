/* SPDX-License-Identifier: MIT */
/* stress/lin/stamp.c - is the time stamp counter fit to order events of different processors?
 *
 * It is, if it runs at one rate in all states (the processor says so), and if a stamp taken after a
 * message from another processor is never below the stamp that was taken before the message was
 * sent. This is tried with every processor that the process may use, against the first: two pinned
 * threads hand a stamp to and fro. What is seen of a lag widens every interval; a lag above 1 us,
 * or anything else amiss, means CLOCK_MONOTONIC, which the kernel keeps in order. */
#include "stamp.h"

#include <weir/atomic.h>

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define EXCHANGES 2000
#define PATIENCE_NS 20000000 /* for one pair: where threads share a processor, exchanges are slow */
#define RATE_NS 5000000

uint64_t lin_monotonic(void *unused) {
    (void)unused;
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

#if defined(__x86_64__)
static bool tsc_invariant(void) {
    unsigned a, b, c, d;
    return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d >> 8 & 1);
}

static uint64_t tsc(void) {
    unsigned cpu;
    return __builtin_ia32_rdtscp(&cpu);
}

/* ---- agreement ------------------------------------------------------------------------------- */

struct pair {
    weir_au64 there, back; /* a stamp, from the first processor and from the other; 0: none yet */
    weir_au32 stop;
    int cpu; /* of the other */
    uint64_t lag_there;
};

static void pin_to(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((unsigned)cpu, &set);
    (void)pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

/* The next stamp in the word, taken out of it; 0 when it is over. */
static uint64_t receive(struct pair *p, weir_au64 *word) {
    for (unsigned i = 1;; i++) {
        uint64_t v = weir_load_acquire(word, 0);
        if (v) {
            weir_store_relaxed(word, 0);
            return v;
        }
        if (weir_load_relaxed(&p->stop)) return 0;
        if (i % 512 == 0) (void)sched_yield();
        weir_pause();
    }
}

static uint64_t lag(uint64_t sent, uint64_t received) {
    return sent > received ? sent - received : 0;
}

static void *other_side(void *arg) {
    struct pair *p = arg;
    pin_to(p->cpu);
    for (uint64_t sent; (sent = receive(p, &p->there)) != 0;) {
        uint64_t now = tsc();
        if (lag(sent, now) > p->lag_there) p->lag_there = lag(sent, now);
        weir_store_release(&p->back, tsc(), 0);
    }
    return NULL;
}

/* The greatest lag seen between this processor and `cpu`, in ticks; UINT64_MAX: could not be
 * tried. */
static uint64_t lag_between(int cpu) {
    struct pair p = { .cpu = cpu };
    pthread_t other;
    if (pthread_create(&other, NULL, other_side, &p) != 0) return UINT64_MAX;
    uint64_t worst = 0, start = lin_monotonic(NULL);
    for (int i = 0; i < EXCHANGES && lin_monotonic(NULL) - start < PATIENCE_NS; i++) {
        weir_store_release(&p.there, tsc(), 0);
        uint64_t sent = receive(&p, &p.back);
        uint64_t l = lag(sent, tsc());
        if (l > worst) worst = l;
    }
    weir_store_relaxed(&p.stop, 1);
    (void)pthread_join(other, NULL);
    return p.lag_there > worst ? p.lag_there : worst;
}

static uint64_t worst_lag(void) {
    cpu_set_t allowed;
    if (pthread_getaffinity_np(pthread_self(), sizeof allowed, &allowed) != 0) return UINT64_MAX;
    uint64_t worst = 0;
    int first = -1;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET((unsigned)cpu, &allowed)) continue;
        if (first < 0) {
            first = cpu;
            pin_to(first);
            continue;
        }
        uint64_t l = lag_between(cpu);
        if (l > worst) worst = l;
    }
    (void)pthread_setaffinity_np(pthread_self(), sizeof allowed, &allowed);
    return worst;
}

static uint64_t ticks_per_us(void) {
    uint64_t n0 = lin_monotonic(NULL), t0 = tsc(), n1;
    do n1 = lin_monotonic(NULL);
    while (n1 - n0 < RATE_NS);
    uint64_t ticks = (tsc() - t0) * 1000 / (n1 - n0);
    return ticks ? ticks : 1;
}
#endif

/* ---- the choice ------------------------------------------------------------------------------ */

static struct lin_clock chosen;

static void fall_back(const char *why) {
    chosen = (struct lin_clock){ .tsc = false, .per_us = 1000 };
    (void)snprintf(chosen.text, sizeof chosen.text, "CLOCK_MONOTONIC (%s)", why);
}

static void choose(void) {
    const char *asked = getenv("WEIR_LIN_CLOCK");
    if (asked && strcmp(asked, "monotonic") == 0) {
        fall_back("asked for");
        return;
    }
#if defined(__x86_64__)
    if (!tsc_invariant()) {
        fall_back("the time stamp counter is not invariant");
        return;
    }
    chosen = (struct lin_clock){ .tsc = true, .per_us = ticks_per_us(), .skew = worst_lag() };
    if (chosen.skew > chosen.per_us) {
        fall_back("the processors' time stamp counters differ");
        return;
    }
    (void)snprintf(chosen.text, sizeof chosen.text,
                   "tsc, %.2f ticks per ns, processors agree to %.0f ns",
                   (double)chosen.per_us / 1e3, (double)chosen.skew * 1e3 / (double)chosen.per_us);
#else
    fall_back("no time stamp counter is known for this processor");
#endif
}

const struct lin_clock *lin_clock(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, choose);
    return &chosen;
}
