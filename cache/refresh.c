/* SPDX-License-Identifier: MIT */
/* cache/refresh.c - a load that a hit of a stale value has begun, as a task of the cache's executor. See cache.h, C8.
 *
 * It is linked when its task begins, not while it is queued: nobody waits for a task that may never begin. So it may
 * find then that it was overtaken, and does nothing.
 *
 * Invariants
 *   F1  `refreshing` of an entry is set by the hit that begins the load, and cleared by who leaves that load, or could
 *       not make it: so of an entry there is one at a time.
 *   F2  `busy` counts the tasks from before they are submitted until they are through, also by the end of their
 *       thread: free waits for them.
 *
 * Progress   the hit: allocates, and submits. The task: blocking, as a load.
 * Ordering   the shards' locks. */
#include "load.h"

#include "../lib/ctx.h"

/* In no lock. Links l, if the key has the entry still that it is of (C8), and nobody loads it. */
static bool refresh_link(struct weir__load *l) {
    weir_cache *c = l->c;
    struct weir__shard *s = weir__shard_of(c, l->e->hash);
    struct weir__spot at = { { weir__entry_bytes(l->e), l->e->key_len }, l->e->hash };
    l->thread = weir__thread_self();
    weir_guard g = weir__hold(s);
    bool may = !s->closed && weir__cache_find(c, &at) == l->old && !weir__load_of(s, &at);
    if (may) weir__load_link(s, l);
    weir__hold_end(c, s, g, NULL);
    return may;
}

/* ctx: of an executor that gives it up, it has ended. */
static int refresh_task(weir_ctx *ctx, void *load) {
    struct weir__load *l = load;
    if (weir__ctx_err(ctx) == 0 && refresh_link(l)) weir__load_run(l, ctx, NULL);
    weir__load_leave(l, NULL);
    return 0;
}

void weir__refresh_not(struct weir__entry *e) {
    weir_store_relaxed(&e->refreshing, 0); /* relaxed: a hint */
    weir__entry_unref(e);
}

void weir__refresh(weir_cache *c, struct weir__entry *e) {
    struct weir__spot at = { { weir__entry_bytes(e), e->key_len }, e->hash };
    WEIR_POINT("cache.refresh");
    struct weir__load *l = weir__load_make(c, &at);
    if (!l) {
        weir__refresh_not(e);
        return;
    }
    l->old = e;
    l->fn = c->load;
    l->arg = c->load_arg;
    l->deadline = WEIR_FOREVER;
    (void)weir_wg_add(&c->busy, 1);
    if (weir_go(c->exec.submit ? &c->exec : NULL, refresh_task, NULL, l) < 0)
        weir__load_leave(l, NULL);
}
