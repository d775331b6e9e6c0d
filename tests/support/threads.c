/* SPDX-License-Identifier: MIT */
/* tests/support/threads.c - see threads.h. */
#include "threads.h"

#include "check.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define HANG_S 60

void sleep_ms(int ms) {
    struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };
    while (nanosleep(&ts, &ts) != 0 && errno == EINTR) continue;
}

void give_way(unsigned *failures) {
    if (++*failures % 32 != 0)
        weir_pause();
    else
        sched_yield();
}

void random_delay(void) {
    uint64_t r = rng_below(64);
    struct timespec ts = { .tv_nsec = (long)rng_below(50000) };
    if (r < 40) return;
    if (r < 56)
        for (uint64_t i = rng_below(200); i > 0; i--) weir_pause();
    else if (r < 63)
        sched_yield();
    else
        nanosleep(&ts, NULL);
}

static void join(pthread_t thread, const char *what) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += HANG_S;
    if (pthread_timedjoin_np(thread, NULL, &until) != 0) test_hangs(what);
}

static void spawn(pthread_t *thread, void *(*fn)(void *), void *arg) {
    int rc = pthread_create(thread, NULL, fn, arg);
    if (rc == 0) return;
    (void)fprintf(stderr, "pthread_create: %s\n", strerror(rc));
    abort();
}

/* ---- teams ----------------------------------------------------------------------------------- */

static void *member_main(void *arg) {
    struct member *m = arg;
    rng_seed(m->index + 1);
    (void)pthread_barrier_wait(&m->team->start);
    m->team->fn(m->team->arg, m->index);
    return NULL;
}

void team_start(struct team *t, size_t n, void (*fn)(void *arg, size_t index), void *arg) {
    if (n > TEAM_MAX) abort();
    t->n = n;
    t->fn = fn;
    t->arg = arg;
    (void)pthread_barrier_init(&t->start, NULL, (unsigned)n);
    for (size_t i = 0; i < n; i++) {
        t->members[i].team = t;
        t->members[i].index = i;
        spawn(&t->members[i].thread, member_main, &t->members[i]);
    }
}

void team_join(struct team *t) {
    for (size_t i = 0; i < t->n; i++) {
        char what[80];
        (void)snprintf(what, sizeof what, "thread %zu of %zu does not end", i, t->n);
        join(t->members[i].thread, what);
    }
    (void)pthread_barrier_destroy(&t->start);
}

void team_run(size_t n, void (*fn)(void *arg, size_t index), void *arg) {
    struct team t;
    team_start(&t, n, fn, arg);
    team_join(&t);
}

/* ---- calls ----------------------------------------------------------------------------------- */

static void *call_main(void *arg) {
    struct call *c = arg;
    weir_store_relaxed(&c->tid, (uint32_t)syscall(SYS_gettid));
    c->result = c->fn(c->arg);
    weir_store_release(&c->done, 1, 0);
    return NULL;
}

void call_start(struct call *c, int64_t (*fn)(void *arg), void *arg) {
    c->fn = fn;
    c->arg = arg;
    c->result = 0;
    weir_init_atomic(&c->tid, 0);
    weir_init_atomic(&c->done, 0);
    spawn(&c->thread, call_main, c);
}

bool call_done(struct call *c) { return weir_load_acquire(&c->done, 0) != 0; }

bool call_returns(struct call *c, int ms) {
    weir_time until = weir_after((int64_t)ms * 1000000);
    while (!call_done(c) && weir_now() < until) sleep_ms(1);
    return call_done(c);
}

int64_t call_end(struct call *c) {
    join(c->thread, "a call does not return");
    return c->result;
}

/* State and voluntary context switches of a thread, from /proc. */
static bool asleep(uint32_t tid, unsigned long *switches) {
    char path[64], line[160], state = '?';
    (void)snprintf(path, sizeof path, "/proc/self/task/%u/status", tid);
    FILE *f = fopen(path, "re");
    if (!f) return false;
    while (fgets(line, sizeof line, f)) {
        (void)sscanf(line, "State: %c", &state);
        (void)sscanf(line, "voluntary_ctxt_switches: %lu", switches);
    }
    (void)fclose(f);
    return state == 'S';
}

bool call_sleeps(struct call *c) {
    unsigned long before = 0, after = 0;
    for (int i = 0; i < 20000; i++) {
        uint32_t tid = weir_load_relaxed(&c->tid);
        if (call_done(c)) return false;
        if (tid && asleep(tid, &before)) {
            sleep_ms(2);
            if (!call_done(c) && asleep(tid, &after) && after == before) return true;
        }
        sleep_ms(1);
    }
    test_hangs("a thread that should sleep keeps running");
}
