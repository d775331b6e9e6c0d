/* SPDX-License-Identifier: MIT */
/* bench/count/calls.c - calls that are no push and no pop, each made a known number of times with nobody else
 * there: instructions, and atomic read-modify-writes, of one call. The limiter is given the time by its caller;
 * `mutex` is the same bucket behind a pthread mutex, in double, as one would write it. */
#include "calls.h"

#include <pthread.h>
#include <stdio.h>

#include <valgrind/callgrind.h>
#include <weir/limiter.h>
#include <weir/once.h>
#include <weir/sem.h>
#include <weir/wg.h>

#define CALLS 4096
#define INTERVAL 1000000 /* ns: a token each */

static weir_limiter limiter;
static weir_time now;

/* ---- limiter --------------------------------------------------------------------------------------- */

static bool limiter_open(void) {
    now = 1;
    return weir_limiter_init_at(&limiter, 1000, 1, now) == 0;
}
static bool limiter_empty(void) {
    return limiter_open() && weir_limiter_allow_at(&limiter, 1, now);
}

/* Each at the time of its token. */
static bool limiter_allow(void) { return weir_limiter_allow_at(&limiter, 1, now += INTERVAL); }
static bool limiter_refuse(void) { return !weir_limiter_allow_at(&limiter, 1, now); }
static bool limiter_reserve(void) {
    struct weir_reservation r = weir_limiter_reserve_at(&limiter, 1, now);
    return r.n == 1;
}
static bool limiter_cancel(void) {
    struct weir_reservation r = weir_limiter_reserve_at(&limiter, 1, now);
    return r.time == now + INTERVAL && weir_limiter_cancel_at(&limiter, &r, now) == 0;
}

/* ---- its rival ------------------------------------------------------------------------------------- */

static struct {
    pthread_mutex_t lock;
    double rate, burst, tokens; /* rate: a ns */
    weir_time last;
} bucket = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool mutex_open(void) {
    now = bucket.last = 1;
    bucket.rate = 1.0 / INTERVAL;
    bucket.burst = bucket.tokens = 2; /* rounding must not refuse */
    return true;
}

static bool mutex_allow(void) {
    now += INTERVAL;
    (void)pthread_mutex_lock(&bucket.lock);
    bucket.tokens += (double)(now - bucket.last) * bucket.rate;
    if (bucket.tokens > bucket.burst) bucket.tokens = bucket.burst;
    bucket.last = now;
    bool there = bucket.tokens >= 1;
    if (there) bucket.tokens -= 1;
    (void)pthread_mutex_unlock(&bucket.lock);
    return there;
}

/* ---- semaphore, wait group, once ------------------------------------------------------------------- */

static weir_sem sem;
static weir_wg wg;
static weir_once once = WEIR_ONCE_INIT;
static unsigned runs;

static bool sem_open_free(void) { return weir_sem_init(&sem, 2) == 0; }
static bool sem_open_taken(void) { return sem_open_free() && weir_sem_acquire(&sem, 2) == 0; }
static bool sem_both(void) {
    return weir_sem_acquire(&sem, 1) == 0 && weir_sem_release(&sem, 1) == 0;
}
static bool sem_refuse(void) { return weir_sem_try_acquire(&sem, 1) == WEIR_EAGAIN; }

static bool wg_open(void) { return weir_wg_init(&wg) == 0; }
static bool wg_both(void) { return weir_wg_add(&wg, 1) == 0 && weir_wg_done(&wg) == 0; }
static bool wg_at_zero(void) { return weir_wg_wait(&wg) == 0; }

static void run_once(void *arg) { ++*(unsigned *)arg; }
static bool once_do(void) { return weir_once_do(&once, run_once, &runs) == 0 && runs == 1; }

/* ---- the runs -------------------------------------------------------------------------------------- */

static bool nothing_open(void) { return true; }
static bool nothing(void) { return true; }

static const struct call {
    const char *name;
    bool (*open)(void);
    bool (*call)(void);
} calls[] = {
    { "none", nothing_open, nothing }, /* what the loop costs, to be taken off */
    { "limiter.allow", limiter_open, limiter_allow },
    { "limiter.refuse", limiter_empty, limiter_refuse },
    { "limiter.reserve", limiter_open, limiter_reserve },
    { "limiter.reserve+cancel", limiter_empty, limiter_cancel },
    { "limiter.allow/mutex", mutex_open, mutex_allow },
    { "sem.acquire+release", sem_open_free, sem_both },
    { "sem.refuse", sem_open_taken, sem_refuse },
    { "wg.add+done", wg_open, wg_both },
    { "wg.wait", wg_open, wg_at_zero },
    { "once.do", once_do, once_do }, /* done */
};

static bool run(const struct call *c, unsigned n) {
    char label[80];
    (void)snprintf(label, sizeof label, "call:%s %u", c->name, n);
    unsigned good = 0;
    CALLGRIND_ZERO_STATS;
    for (unsigned i = 0; i < n; i++) good += c->call();
    CALLGRIND_DUMP_STATS_AT(label);
    if (good == n) return true;
    (void)fprintf(stderr, "count: %s: %u of %u calls failed\n", c->name, n - good, n);
    return false;
}

static void *end_at_once(void *arg) { return arg; }

/* While a process has had one thread only, the C library locks its mutexes without atomic instructions. */
static bool be_threaded(void) {
    pthread_t t;
    return pthread_create(&t, NULL, end_at_once, NULL) == 0 && pthread_join(t, NULL) == 0;
}

bool count_calls(void) {
    if (!be_threaded()) return false;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        const struct call *c = &calls[i];
        if (!c->open() || !run(c, 1) || !run(c, CALLS) || !run(c, 2 * CALLS)) return false;
    }
    return true;
}
