/* SPDX-License-Identifier: MIT */
/* maps/compute.h - computations that run for keys that are absent: one at a time for each key of each map. */
#ifndef WEIR_MAPS_COMPUTE_H
#define WEIR_MAPS_COMPUTE_H

#include "../lib/ctx.h"
#include "../lib/wait.h"

/* One call, on its thread's stack. It waits for the call that computes its key, or is that call. */
struct weir__compute {
    weir_waitable on;
    /* Set by whoever calls weir__compute. */
    const void *map;
    uint64_t hash; /* of the key */
    /* Whether two calls with the same map and hash are for the same key; NULL: they are. Under a lock: quick. */
    bool (*same)(const struct weir__compute *a, const struct weir__compute *b);
    /* Whether the key is in the map; if so it keeps the value for its caller. */
    bool (*look)(struct weir__compute *c);
    /* Calls the user's function, and stores what that returns. 0: stored; WEIR_EEXIST: a value was there, and is
     * kept for the caller; or an error: the next call may try. */
    int (*make)(struct weir__compute *c, weir_time deadline, weir_ctx *ctx);

    /* Of compute.c. */
    struct weir__thread *thread;
    struct weir__compute *next; /* in the table, while it computes */
    struct weir__queue waiters; /* while it computes: the nodes of those who wait for it */
    weir_time deadline;
    weir_ctx *ctx;
    int told; /* what became of its waiting */
    int rc;
};

/* For a key that was absent a moment ago. Returns what `make` does; WEIR_EEXIST: `look` has found it; or
 *   ctx's error, WEIR_ETIMEDOUT, WEIR_EBUSY  the last with WEIR_NOW: another call computes it
 *   WEIR_EDEADLK  this thread computes it, or a thread that waits for this one; or it would have to wait inside a
 *                 guard, in a retired object's function, or under a lock of a weir_shardmap (I11)
 *   WEIR_ENOMEM   the thread's first wait; nothing was called. */
int weir__compute(struct weir__compute *c, weir_time deadline, weir_ctx *ctx);

/* Debug builds: whether a call computes a key of this map. */
#if defined(WEIR_DEBUG) && !defined(WEIR_MODEL)
bool weir__compute_runs(const void *map);
#else
static inline bool weir__compute_runs(const void *map) {
    (void)map;
    return false;
}
#endif

#endif
