/* SPDX-License-Identifier: MIT */
/* cache/plain.h - the lock of a shard: weir's own; or, of the plain kinds (WEIR_CACHE_MUTEX_LRU,
 * WEIR_CACHE_RWLOCK_CLOCK), a default mutex or read-write lock of the system's.
 *
 * A plain cache is the same cache, with one shard and a table without locks of its own (CORE_HELD of
 * maps/core.h), and reads that take the shard's lock: the mutex, or the read-write lock for reading, in which a
 * CLOCK's hit stores its mark only.
 *
 * Invariants
 *   P1  all that a plain cache has is looked at, and changed, in its lock only; but for marks of use and times
 *       of use, which are atomic, because readers of the read-write lock store them side by side.
 *   P2  (lent) what leaves is freed at once, unless some value was lent under a guard before, by peek or each:
 *       who lends sets `lent`, and then takes the lock in which it finds the entry. So who takes that entry out,
 *       in a later hold, sees it set, and from then on what leaves is retired for a grace period, as in the RCU
 *       cache.
 *
 * Progress   blocking.
 * Ordering   all by the lock. */
#ifndef WEIR_CACHE_PLAIN_H
#define WEIR_CACHE_PLAIN_H

#include <weir/cache.h>

#include "../lib/lock.h"
#include "../lib/os_rwlock.h"

struct weir__plain_lock {
    bool rwlock;
    union {
        weir__mutex mutex;
        weir__rwlock rw;
    } of;
};

static inline int weir__plain_lock_init(struct weir__plain_lock *p, int kind) {
    p->rwlock = kind == WEIR_CACHE_RWLOCK_CLOCK;
    return p->rwlock ? weir__rwlock_init(&p->of.rw) : weir__mutex_init(&p->of.mutex);
}
static inline void weir__plain_lock_fini(struct weir__plain_lock *p) {
    if (p->rwlock)
        weir__rwlock_fini(&p->of.rw);
    else
        weir__mutex_fini(&p->of.mutex);
}

struct weir__shard_lock {
    struct weir__lock own;
    struct weir__plain_lock *plain; /* NULL: own */
};

static inline void weir__shard_lock(struct weir__shard_lock *l) {
    if (WEIR_LIKELY(!l->plain))
        weir__lock(&l->own);
    else if (l->plain->rwlock)
        weir__rwlock_write(&l->plain->of.rw);
    else
        weir__mutex_lock(&l->plain->of.mutex);
}
/* Of a plain kind: other readers may be in it too. */
static inline void weir__shard_lock_read(struct weir__shard_lock *l) {
    if (l->plain->rwlock)
        weir__rwlock_read(&l->plain->of.rw);
    else
        weir__mutex_lock(&l->plain->of.mutex);
}
/* Of either. */
static inline void weir__shard_unlock(struct weir__shard_lock *l) {
    if (WEIR_LIKELY(!l->plain))
        weir__unlock(&l->own);
    else if (l->plain->rwlock)
        weir__rwlock_unlock(&l->plain->of.rw);
    else
        weir__mutex_unlock(&l->plain->of.mutex);
}

#endif
