/* SPDX-License-Identifier: MIT */
/* flow/pool_retry.c - a worker that is wanted, and that the system did not give: it is asked again by a thread of the
 * service (lib/service.h), after 1 ms, 2 ms, 4 ms, ... a second, until it gives one or none is wanted any more. Tasks that
 * are queued may be what the busy workers wait for, so that nobody else might come to ask.
 *
 * If there is no thread of the service either, and none to be had, the next submit asks, or the next task that blocks.
 *
 * Invariants (under `lock`)
 *   I1  `open`: the service knows the task, and a run of it is to come, or is under way. Who asks in vain meanwhile does
 *       nothing but `set` the next run, if there is none.
 *   I2  (under `use`) pool is there: a run holds `use` from before it looks at the pool until it is done with it, and so
 *       does who takes the pool away.
 * Memory     the system's, not the pool's: a run may end after the pool is freed.
 * Progress   blocking. Ordering   by the locks. */
#include "../lib/os.h"
#include "../lib/service.h"
#include "pool.h"

#define FIRST INT64_C(1000000)
#define MOST INT64_C(1000000000)

struct pool_retry {
    struct weir__task task;
    struct weir__lock use, lock; /* in this order */
    weir_pool *pool;
    int64_t delay; /* before the next run; 0: the first */
    bool open, set;
};

static struct pool_retry *of(struct weir__task *t) { return (struct pool_retry *)(void *)t; }

static void release(struct weir__task *t) { weir__os_free(of(t)); }

static void run(struct weir__task *t) {
    struct pool_retry *r = of(t);
    weir__lock(&r->use);
    weir__lock(&r->lock);
    r->set = false;
    weir__unlock(&r->lock);
    if (r->pool) weir__pool_wants_more(r->pool);
    weir__lock(&r->lock);
    if (r->open && !r->set) {
        r->open = false;
        r->delay = 0;
        weir__task_close(t);
    }
    weir__unlock(&r->lock);
    weir__unlock(&r->use);
}

int weir__pool_retry_init(weir_pool *p) {
    struct pool_retry *r = weir__os_alloc(sizeof *r, _Alignof(struct pool_retry));
    if (!r) return WEIR_ENOMEM;
    *r = (struct pool_retry){ .pool = p };
    weir__task_init(&r->task, run, release);
    p->retry = r;
    return 0;
}

int weir__pool_want(weir_pool *p) {
    int rc = weir__pool_grow(p);
    struct pool_retry *r = p->retry;
    if (WEIR_LIKELY(rc == 0)) return 0;
    weir__lock(&r->lock);
    if (!r->open) r->open = weir__service_open() == 0;
    if (r->open && !r->set) {
        r->delay = r->delay == 0 ? FIRST : r->delay < MOST / 2 ? 2 * r->delay : MOST;
        r->set = true;
        (void)weir__task_set(&r->task, weir_after(r->delay));
    }
    weir__unlock(&r->lock);
    return rc;
}

void weir__pool_retry_end(weir_pool *p) {
    struct pool_retry *r = p->retry;
    if (!r) return;
    weir__lock(&r->use);
    r->pool = NULL;
    weir__lock(&r->lock);
    if (r->open) weir__task_close(&r->task);
    r->open = false;
    weir__unlock(&r->lock);
    weir__unlock(&r->use);
    weir__task_unref(&r->task);
    p->retry = NULL;
}
