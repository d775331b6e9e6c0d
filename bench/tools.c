/* SPDX-License-Identifier: MIT */
/* bench/tools.c - what stands beside channels: each structure is one operation, done by one thread (solo)
 * and by several to one object.
 *
 *   ctx       a context below a common one: made, and given back
 *   look      whether a context has ended; the rival is a flag behind a mutex
 *   limiter   one token of a bucket that always has some; the rival is a bucket behind a mutex
 *   sem       one unit taken and given back: there is one, so that several threads stand in line. weir's
 *             is first come, first served, its rivals are not: who gives back may take again at once
 *
 * An operation that does not do what it must counts as disorder, which fails the run. */
#include "tools.h"

#include <weir/ctx.h>
#include <weir/limiter.h>
#include <weir/sem.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

#include "ring_run.h"

/* `once`, an expression of `o`, does the operation and is true if it went well. */
#define TOOL_LOOP(loop, TYPE, once)                        \
    static void loop(struct wb_worker *w) {                \
        TYPE *o = w->ring;                                 \
        struct wb_run t = wb_begin(w, false);              \
        while (!wb_stopped(&t)) {                          \
            for (unsigned i = 0; i < WB_STOP_EVERY; i++) { \
                t.disorder += !(once);                     \
                t.moved++;                                 \
            }                                              \
        }                                                  \
        w->next += t.moved;                                \
        wb_end(w, &t);                                     \
    }

#define TOOL(symbol, name, structure, package, note, open, dispose, many, one)            \
    const struct wb_ring symbol = { name, structure, package, note, WB_MPMC | WB_ANY_CAP, \
                                    open, dispose,   NULL,    many, NULL,                 \
                                    one,  NULL,      NULL }

/* ---- contexts ------------------------------------------------------------------------------------ */

static void *ctx_open(const struct wb_shape *s) {
    weir_ctx *ctx;
    (void)s;
    return weir_ctx_new(&ctx, NULL, WEIR_FOREVER) == 0 ? ctx : NULL;
}

static void ctx_dispose(void *o) { weir_ctx_unref(o); }

static bool ctx_child(weir_ctx *parent) {
    weir_ctx *ctx;
    if (weir_ctx_new(&ctx, parent, WEIR_FOREVER) != 0) return false;
    weir_ctx_unref(ctx);
    return true;
}

TOOL_LOOP(ctx_each, weir_ctx, ctx_child(o))
TOOL_LOOP(look_each, weir_ctx, weir_ctx_err(o) == 0)

TOOL(wb_ctx_weir, "weir", "ctx", NULL, NULL, ctx_open, ctx_dispose, ctx_each, ctx_each);
TOOL(wb_look_weir, "weir", "look", NULL, NULL, ctx_open, ctx_dispose, look_each, look_each);

struct flag {
    pthread_mutex_t lock;
    int err;
};

static void *flag_open(const struct wb_shape *s) {
    struct flag *f = calloc(1, sizeof *f);
    (void)s;
    if (f) (void)pthread_mutex_init(&f->lock, NULL);
    return f;
}

static void flag_dispose(void *o) {
    struct flag *f = o;
    (void)pthread_mutex_destroy(&f->lock);
    free(f);
}

static int flag_err(struct flag *f) {
    (void)pthread_mutex_lock(&f->lock);
    int err = f->err;
    (void)pthread_mutex_unlock(&f->lock);
    return err;
}

TOOL_LOOP(flag_each, struct flag, flag_err(o) == 0)

TOOL(wb_look_mutex, "mutex", "look", NULL, "a flag behind a mutex", flag_open, flag_dispose,
     flag_each, flag_each);

/* ---- limiters ------------------------------------------------------------------------------------ */

#define PER_SECOND 1e9    /* tokens: more than anybody can take */
#define BURST 1000000000u /* a second of them: a thread may be kept from its CPU that long */

static void *limiter_open(const struct wb_shape *s) {
    weir_limiter *l = calloc(1, sizeof *l);
    (void)s;
    if (l && weir_limiter_init(l, PER_SECOND, BURST) == 0) return l;
    free(l);
    return NULL;
}

TOOL_LOOP(limiter_each, weir_limiter, weir_limiter_allow(o, 1))

TOOL(wb_limiter_weir, "weir", "limiter", NULL, NULL, limiter_open, free, limiter_each,
     limiter_each);

struct bucket {
    pthread_mutex_t lock;
    double tokens;
    uint64_t last_ns;
};

static void *bucket_open(const struct wb_shape *s) {
    struct bucket *b = calloc(1, sizeof *b);
    (void)s;
    if (!b) return NULL;
    (void)pthread_mutex_init(&b->lock, NULL);
    b->tokens = BURST;
    b->last_ns = wb_clock();
    return b;
}

static void bucket_dispose(void *o) {
    struct bucket *b = o;
    (void)pthread_mutex_destroy(&b->lock);
    free(b);
}

static bool bucket_allow(struct bucket *b) {
    (void)pthread_mutex_lock(&b->lock);
    uint64_t now = wb_clock();
    b->tokens += (double)(now - b->last_ns) * (PER_SECOND / 1e9);
    if (b->tokens > BURST) b->tokens = BURST;
    b->last_ns = now;
    bool some = b->tokens >= 1;
    if (some) b->tokens -= 1;
    (void)pthread_mutex_unlock(&b->lock);
    return some;
}

TOOL_LOOP(bucket_each, struct bucket, bucket_allow(o))

TOOL(wb_limiter_mutex, "mutex", "limiter", NULL, "a bucket behind a mutex", bucket_open,
     bucket_dispose, bucket_each, bucket_each);

/* ---- semaphores ---------------------------------------------------------------------------------- */

struct gate {
    union {
        weir_sem weir;
        sem_t posix;
        struct {
            pthread_mutex_t lock;
            pthread_cond_t freed;
            unsigned units, waiting;
        } mutex;
    } of;
    char pad_[128];
    unsigned inside; /* threads that have the unit */
};

/* Several threads look whether they are alone; it costs them all the same. */
static bool alone(struct gate *g) {
    bool fine = __atomic_add_fetch(&g->inside, 1, __ATOMIC_RELAXED) == 1;
    (void)__atomic_sub_fetch(&g->inside, 1, __ATOMIC_RELAXED);
    return fine;
}

static void *weir_gate(const struct wb_shape *s) {
    struct gate *g = calloc(1, sizeof *g);
    (void)s;
    if (g && weir_sem_init(&g->of.weir, 1) == 0) return g;
    free(g);
    return NULL;
}

static bool weir_in(struct gate *g) { return weir_sem_acquire(&g->of.weir, 1) == 0; }
static bool weir_out(struct gate *g) { return weir_sem_release(&g->of.weir, 1) == 0; }

static void *posix_gate(const struct wb_shape *s) {
    struct gate *g = calloc(1, sizeof *g);
    (void)s;
    if (g && sem_init(&g->of.posix, 0, 1) == 0) return g;
    free(g);
    return NULL;
}

static bool posix_in(struct gate *g) { return sem_wait(&g->of.posix) == 0; }
static bool posix_out(struct gate *g) { return sem_post(&g->of.posix) == 0; }

static void *mutex_gate(const struct wb_shape *s) {
    struct gate *g = calloc(1, sizeof *g);
    (void)s;
    if (!g) return NULL;
    (void)pthread_mutex_init(&g->of.mutex.lock, NULL);
    (void)pthread_cond_init(&g->of.mutex.freed, NULL);
    g->of.mutex.units = 1;
    return g;
}

static bool mutex_in(struct gate *g) {
    (void)pthread_mutex_lock(&g->of.mutex.lock);
    g->of.mutex.waiting++;
    while (g->of.mutex.units == 0) (void)pthread_cond_wait(&g->of.mutex.freed, &g->of.mutex.lock);
    g->of.mutex.waiting--;
    g->of.mutex.units--;
    (void)pthread_mutex_unlock(&g->of.mutex.lock);
    return true;
}

static bool mutex_out(struct gate *g) {
    (void)pthread_mutex_lock(&g->of.mutex.lock);
    g->of.mutex.units++;
    bool wake = g->of.mutex.waiting > 0;
    (void)pthread_mutex_unlock(&g->of.mutex.lock);
    if (wake) (void)pthread_cond_signal(&g->of.mutex.freed);
    return true;
}

#define GATE(kind, name, package, note)                                            \
    TOOL_LOOP(kind##_alone, struct gate, kind##_in(o) && kind##_out(o))            \
    TOOL_LOOP(kind##_many, struct gate, kind##_in(o) && alone(o) && kind##_out(o)) \
    TOOL(wb_sem_##kind, name, "sem", package, note, kind##_gate, free, kind##_many, kind##_alone)

GATE(weir, "weir", NULL, "first come, first served");
GATE(posix, "sem_t", "libc6", "who gives back may take again at once");
GATE(mutex, "mutex", NULL, "who gives back may take again at once");
