/* SPDX-License-Identifier: MIT */
/* tests/bench/fake_flows.c - kinds of pools for the tests of the harness: threads and a queue behind one mutex, under names
 * that bars and suites know; and, in weir-bench-broken, some that are broken, each in one way that the harness has
 * to notice.
 *
 *   loses      never runs one task in 1000: who waits for all waits for ever
 *   repeats    runs one task in 1000 twice
 *   exchanges  runs one task in 1000 with the next one's word
 *   declines   refuses one task in 1000
 *   shy_pool   cannot be made
 *
 * A pipe does its work in the thread that feeds it, and so does what stands on a map. */
#include "fake_flows.h"

#include <pthread.h>
#include <stdlib.h>

#include "flow_task.h"

#define ROOM (4 * WB_FLOW_BATCH)
#define WORKERS 4

enum fault { NONE, LOSES, REPEATS, EXCHANGES, DECLINES };

struct fake {
    pthread_mutex_t lock;
    pthread_cond_t change, over;
    pthread_t thread[WORKERS];
    unsigned workers;
    enum fault fault;
    bool closed;
    uint64_t head, tail, puts, taken, done;
    uint64_t words[ROOM];
};

WB_LOOP void fake_do(uint64_t word);

static bool thousandth(const struct fake *f) { return f->puts % 1000 == 999; }

/* Nobody puts more than ROOM before he waits. */
static bool put(struct fake *f, uint64_t word) {
    bool taken = true;
    (void)pthread_mutex_lock(&f->lock);
    bool odd = word >> WB_FLOW_MARK == 0 && thousandth(f);
    f->puts++;
    if (odd && f->fault == EXCHANGES) word++;
    if (odd && f->fault == DECLINES) taken = false;
    f->taken += taken;
    if (taken && !(odd && f->fault == LOSES)) f->words[f->tail++ % ROOM] = word;
    if (odd && f->fault == REPEATS) f->words[f->tail++ % ROOM] = word;
    (void)pthread_cond_signal(&f->change);
    (void)pthread_mutex_unlock(&f->lock);
    return taken;
}

static void *work(void *arg) {
    struct fake *f = arg;
    (void)pthread_mutex_lock(&f->lock);
    for (;;) {
        while (f->head == f->tail && !f->closed) (void)pthread_cond_wait(&f->change, &f->lock);
        if (f->head == f->tail) break;
        uint64_t word = f->words[f->head++ % ROOM];
        (void)pthread_mutex_unlock(&f->lock);
        fake_do(word);
        (void)pthread_mutex_lock(&f->lock);
        if (++f->done >= f->taken) (void)pthread_cond_broadcast(&f->over);
    }
    (void)pthread_mutex_unlock(&f->lock);
    return NULL;
}

static void wait_for_all(struct fake *f) {
    (void)pthread_mutex_lock(&f->lock);
    while (f->done < f->taken) (void)pthread_cond_wait(&f->over, &f->lock);
    (void)pthread_mutex_unlock(&f->lock);
}

#define POOL_NAME fake
#define POOL_T struct fake
#define POOL_PUT(p, word) put(p, word)
#define POOL_WAIT(p, n) ((void)(n), wait_for_all(p))
#define POOL_FIB(p) ((void)(p), wb_flow_fib(WB_FIB_OF))
#include "flow_pool.h"

static void dispose(void *flow) {
    struct fake *f = flow;
    (void)pthread_mutex_lock(&f->lock);
    f->closed = true;
    (void)pthread_cond_broadcast(&f->change);
    (void)pthread_mutex_unlock(&f->lock);
    for (unsigned i = 0; i < f->workers; i++) (void)pthread_join(f->thread[i], NULL);
    free(f);
}

static void *make(const struct wb_shape *s, enum fault fault) {
    struct fake *f = calloc(1, sizeof *f);
    if (!f) return NULL;
    (void)pthread_mutex_init(&f->lock, NULL);
    (void)pthread_cond_init(&f->change, NULL);
    (void)pthread_cond_init(&f->over, NULL);
    f->fault = fault;
    while (f->workers < s->flow.workers && f->workers < WORKERS) {
        if (pthread_create(&f->thread[f->workers], NULL, work, f) != 0) break;
        f->workers++;
    }
    if (f->workers == s->flow.workers) return f;
    dispose(f);
    return NULL;
}

#define CAN (WB_FLOW_INSIDE | WB_FLOW_FIB | WB_FLOW_WAKE)
#define KIND(id, name, package, can, fault)                                     \
    static void *make_##id(const struct wb_shape *s) { return make(s, fault); } \
    WB_FLOW(wb_fake_pool_##id, name, "pool", package, NULL, can, make_##id, dispose, fake_run, NULL)

KIND(weir, "weir", NULL, CAN | WB_FLOW_IDLE, NONE);
KIND(mutex, "mutex", NULL, CAN, NONE);
KIND(loses, "loses", "libc6", CAN, LOSES);
KIND(repeats, "repeats", "libc6", CAN, REPEATS);
KIND(exchanges, "exchanges", "libc6", CAN, EXCHANGES);
KIND(declines, "declines", "libc6", CAN, DECLINES);

static void *make_shy(const struct wb_shape *s) {
    (void)s;
    return NULL;
}

WB_FLOW(wb_fake_pool_shy, "shy_pool", "pool", "libc6", NULL, 0, make_shy, dispose, fake_run, NULL);

/* ---- pipelines, and what stands on maps ----------------------------------------------------------------- */

static void alone(struct wb_flow_work *w) {
    while (w->ops == 0 || !__atomic_load_n(w->stop, __ATOMIC_RELAXED)) {
        wb_work(100);
        w->ops++;
    }
}

static void *nothing(const struct wb_shape *s) { return malloc(s->flow.workers); }

#define ALONE(id, name, structure)                                                          \
    WB_FLOW(wb_fake_##id, name, structure, NULL, NULL, WB_FLOW_ORDERED | WB_FLOW_UNORDERED, \
            nothing, free, alone, NULL)

ALONE(pipe_weir, "weir", "pipe");
ALONE(pipe_mutex, "mutex", "pipe");
ALONE(serve_weir, "weir_map", "serve");
ALONE(serve_mutex, "mutex", "serve");
ALONE(log_weir, "weir_map", "log");
ALONE(log_mutex, "mutex", "log");
