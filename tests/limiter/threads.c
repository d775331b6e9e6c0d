/* SPDX-License-Identifier: MIT */
/* tests/limiter/threads.c - many threads on one limiter: R02, R07, R13, R15. */
#include <sched.h>
#include <stdlib.h>

#include "cases.h"

#define THREADS 8

/* ---- R02 R07: a clock that stands still ------------------------------------------------------------- */

static weir_limiter shared;
static size_t taken[THREADS];

static void drain_member(void *arg, size_t i) {
    (void)arg;
    taken[i] = drain(&shared, T0, SIZE_MAX);
}

void r02_threads(void) {
    for (size_t k = times(20); k > 0 && checks_hold(); k--) {
        uint32_t burst = 1 + (uint32_t)rng_below(20000);
        size_t sum = 0;
        shared = limiter_of(1000, burst);
        team_run(THREADS, drain_member, NULL);
        for (size_t i = 0; i < THREADS; i++) sum += taken[i];
        CHECK_IS(sum, burst);
    }
}

#define SLOTS 500
static weir_time slots[THREADS * SLOTS];

static void reserve_member(void *arg, size_t i) {
    (void)arg;
    for (size_t k = 0; k < SLOTS; k++) {
        slots[i * SLOTS + k] = weir_limiter_reserve_at(&shared, 1, T0).time;
        CHECK(k == 0 || slots[i * SLOTS + k] > slots[i * SLOTS + k - 1], "not in order");
    }
}

static int by_time(const void *a, const void *b) {
    weir_time x = *(const weir_time *)a, y = *(const weir_time *)b;
    return (x > y) - (x < y);
}

void r07_threads(void) {
    for (size_t k = times(20); k > 0 && checks_hold(); k--) {
        shared = limiter_of(1000, 1);
        team_run(THREADS, reserve_member, NULL);
        qsort(slots, THREADS * SLOTS, sizeof *slots, by_time);
        for (int i = 0; i < THREADS * SLOTS; i++) CHECK_IS(slots[i], T0 + i * MS);
    }
}

/* ---- R13: takers and changes ------------------------------------------------------------------------ */

#define CHANGES 2000
static weir_au32 changing;

/* At a clock that stands still changes of the rate neither add tokens nor take any, but for what rounding
 * takes: less than a unit each. Reservations of nothing are made and cancelled meanwhile. */
static void change_member(void *arg, size_t i) {
    static const double rates[] = { 1000, 20, 1e5, 0.3 };
    (void)arg;
    taken[i] = 0;
    if (i == 0) {
        for (int k = 0; k < CHANGES; k++)
            CHECK_IS(weir_limiter_set_limit_at(&shared, rates[k % 4], T0), 0);
        weir_store_relaxed(&changing, 0);
        return;
    }
    while (weir_load_relaxed(&changing)) {
        if (weir_limiter_allow_at(&shared, 1, T0)) taken[i]++;
        double t = weir_limiter_tokens_at(&shared, T0);
        CHECK(t >= 0 && t <= 3000, "%g tokens", t);
        if (i % 2) give_way(&(unsigned){ 100 });
    }
}

void r13_threads(void) {
    for (size_t k = times(5); k > 0 && checks_hold(); k--) {
        size_t sum = 0;
        shared = limiter_of(1000, 3000);
        weir_store_relaxed(&changing, 1);
        team_run(4, change_member, NULL);
        for (size_t i = 0; i < 4; i++) sum += taken[i];
        sum += drain(&shared, T0, SIZE_MAX);
        /* One thing is not whole: what is left of a token by rounding. */
        CHECK(sum <= 3000 && sum >= 2999, "%zu tokens", sum);
    }
}

/* ---- R15: the real clock ---------------------------------------------------------------------------- */

#define RATE 1000
/* It does not run over while all threads are off their processors for half a second. */
#define BURST 500

static weir_time ends;

/* Half of them wait their turn, half of them try again and again. */
static void steady_member(void *arg, size_t i) {
    (void)arg;
    taken[i] = 0;
    if (i % 2) {
        while (weir_limiter_wait(&shared, 1, ends, NULL) == 0) taken[i]++;
        return;
    }
    while (weir_now() < ends) {
        if (weir_limiter_allow(&shared, 1))
            taken[i]++;
        else
            sleep_ms(1);
    }
}

void r15_threads(void) {
    double seconds = (double)times(1), sum = BURST;
    weir_time start = weir_now();
    CHECK_IS(weir_limiter_init(&shared, RATE, BURST), 0);
    CHECK(weir_limiter_allow(&shared, BURST), "refused"); /* a full one does not save */
    weir_time made = weir_now();
    ends = made + (int64_t)(seconds * 1e9);
    team_run(THREADS, steady_member, NULL);
    weir_time stop = weir_now();
    while (weir_limiter_allow_at(&shared, 1, stop))
        sum++; /* what is there by then, and not taken */
    for (size_t i = 0; i < THREADS; i++) sum += (double)taken[i];
    double most = BURST + RATE * (double)(stop - start) / 1e9;
    double due = BURST + RATE * (double)(stop - made) / 1e9;
    CHECK(sum <= most, "%g of %g", sum, most);
    CHECK(sum >= 0.999 * due, "%g of %g", sum, due);
}
