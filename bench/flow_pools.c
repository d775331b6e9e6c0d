/* SPDX-License-Identifier: MIT */
/* bench/flow_pools.c - weir's pools as kinds; see flow.h.
 *
 *   weir        weir_pool as its options are at first: work stealing, a queue without a bound
 *   weir_batch  the same, 64 tasks for each submission
 *   weir_cap    room for 1024 tasks: who submits waits where they are taken
 *   mutex       one mutex, one queue, condition variables
 *
 * Fork and join is by futures: a task is submitted with one, and joined. */
#include <weir/pool.h>

#include "flow_task.h"
#include "flows.h"

#define CAP 1024

static void *make_with(const struct wb_shape *s, unsigned kind, size_t cap) {
    struct weir_pool_opts o = WEIR_POOL_OPTS(s->flow.workers);
    weir_pool *p;
    o.kind = kind;
    o.cap = cap;
    return weir_pool_new(&p, &o) == 0 ? p : NULL;
}

static void *make_steal(const struct wb_shape *s) { return make_with(s, WEIR_POOL_STEAL, 0); }
static void *make_cap(const struct wb_shape *s) { return make_with(s, WEIR_POOL_STEAL, CAP); }
static void *make_mutex(const struct wb_shape *s) { return make_with(s, WEIR_POOL_MUTEX, 0); }
static void dispose(void *p) { (void)weir_pool_free(p); }

/* ---- tasks ------------------------------------------------------------------------------------------ */

WB_LOOP void weir_do(uint64_t word);

static int entry(weir_ctx *ctx, void *arg) {
    (void)ctx;
    weir_do((uint64_t)(uintptr_t)arg);
    return 0;
}

WB_LOOP void *word_arg(uint64_t word) { return (void *)(uintptr_t)word; }

WB_LOOP unsigned put_n(weir_pool *p, uint64_t first, unsigned n) {
    struct weir_job jobs[WB_FLOW_TOGETHER];
    for (unsigned i = 0; i < n; i++)
        jobs[i] = (struct weir_job)WEIR_JOB(entry, NULL, word_arg(first + i));
    ptrdiff_t taken = weir_pool_submit_n(p, jobs, n);
    return taken < 0 ? 0 : (unsigned)taken;
}

/* ---- fork and join ---------------------------------------------------------------------------------- */

struct fib {
    weir_pool *pool;
    unsigned n;
    uint64_t result;
};

static int fib_task(weir_ctx *ctx, void *arg);

static uint64_t fib(weir_pool *p, unsigned n) {
    if (n <= WB_FIB_CUTOFF) return wb_flow_fib(n);
    struct fib one = { p, n - 1, 0 };
    weir_future f;
    (void)weir_future_init(&f);
    bool forked = weir_pool_async(p, &f, fib_task, NULL, &one) == 0;
    uint64_t two = fib(p, n - 2);
    if (!forked || weir_future_join(&f) != 0) return 0; /* which is found to be wrong */
    return one.result + two;
}

static int fib_task(weir_ctx *ctx, void *arg) {
    struct fib *f = arg;
    (void)ctx;
    f->result = fib(f->pool, f->n);
    return 0;
}

static uint64_t fib_from_outside(weir_pool *p) {
    struct fib root = { p, WB_FIB_OF, 0 };
    weir_future f;
    (void)weir_future_init(&f);
    if (weir_pool_async(p, &f, fib_task, NULL, &root) != 0 || weir_future_wait(&f) != 0) return 0;
    return root.result;
}

/* ---- loops ------------------------------------------------------------------------------------------ */

#define POOL_NAME weir
#define POOL_T weir_pool
#define POOL_PUT(p, word) (weir_pool_submit(p, entry, NULL, word_arg(word)) == 0)
#define POOL_WAIT(p, n) ((void)(n), (void)weir_pool_quiet(p))
#define POOL_FIB(p) fib_from_outside(p)
#include "flow_pool.h"

#define POOL_NAME batch
#define POOL_T weir_pool
#define POOL_TOGETHER
#define POOL_PUT_N(p, first, n) put_n(p, first, n)
#define POOL_PUT(p, word) (weir_pool_submit(p, entry, NULL, word_arg(word)) == 0)
#define POOL_WAIT(p, n) ((void)(n), (void)weir_pool_quiet(p))
#include "flow_pool.h"

#define ALL (WB_FLOW_INSIDE | WB_FLOW_FIB | WB_FLOW_WAKE)

WB_FLOW(wb_pool_weir, "weir", "pool", NULL, NULL, ALL | WB_FLOW_IDLE, make_steal, dispose, weir_run,
        NULL);
WB_FLOW(wb_pool_batch, "weir_batch", "pool", NULL, "64 tasks for each submission", WB_FLOW_INSIDE,
        make_steal, dispose, batch_run, NULL);
WB_FLOW(wb_pool_cap, "weir_cap", "pool", NULL, "room for 1024 tasks", WB_FLOW_INSIDE, make_cap,
        dispose, weir_run, NULL);
WB_FLOW(wb_pool_mutex, "mutex", "pool", NULL, NULL, ALL, make_mutex, dispose, weir_run, NULL);
