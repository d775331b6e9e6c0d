/* SPDX-License-Identifier: MIT */
/* weir/cache.h - a cache for many readers: a bound that is never exceeded, hits that write nothing, and one load at a
 * time for each key.
 *
 *   struct weir_cache_opts o = WEIR_CACHE_OPTS(uint64_t, struct page, 10000);
 *   weir_cache *c;
 *   if (weir_cache_new(&c, &o) == 0) ...
 *   rc = weir_cache_put(c, &id, &page, WEIR_TTL_DEFAULT);
 *   if (weir_cache_get(c, &id, &page) == 0) ...
 *   rc = weir_cache_load(c, &id, &page, read_page, disk);      - gets it, or calls read_page once for all who ask
 *
 * The bound holds at every moment: what is in the cache never weighs more than its capacity, for any number of threads.
 * An entry's weight is 1, or what `weigh` says, when it is written.
 *
 * Time is the cache's clock. An entry that was written at t with a time to live of d is returned while now < t + d, and
 * never from then on. A replace begins anew, a read does not. With a time to idle, too, the earlier end counts; what is
 * idle is returned for up to a 64th of that time longer. What
 * has expired is taken away by put, invalidate, a load that is stored, a bounded number each (by a put over a word, see
 * below, if there is room for garbage), and all by clear and weir_cache_maintain; there is no thread.
 * (A clock that goes back by less than 69 s delays that by as much.)
 *
 * | operation                        | progress                                                                      |
 * |----------------------------------|-------------------------------------------------------------------------------|
 * | get, get_many, peek, acquire     | wait-free, but for the first of a thread, which takes a short lock, and the   |
 * |                                  | first peek, acquire or each of a cache of words (below), which takes one of   |
 * |                                  | each shard, for a few instructions each. Of a hit:                            |
 * |                                  | no store to what threads share, once its use is marked (by one thread 3 times |
 * |                                  | between two looks of an eviction); with a time to idle one for each 64th of it |
 * |                                  | (acquire: one read-modify-write of the entry's count). Not wait-free: the one |
 * |                                  | hit of a stale value that begins its refresh: two allocations, and what the   |
 * |                                  | executor's submit does, or the making of a thread                             |
 * | put, invalidate, maintain, clear | blocking: the lock of a shard; one that has to evict elsewhere, one for all   |
 * | load                             | a get; of an absent key blocking: for who loads it already                    |
 *
 * Where garbage has reached its limit (weir/rcu.h) put, load and invalidate wait for room, until their deadline, and restore
 * for as long as it takes: a reader that stays in a guard holds them up, and what is to be invalidated is returned until
 * then. clear, close and maintain do not wait.
 *
 * While a fork is being made (weir_rcu_fork_prepare) what writes waits, inside a guard too: put, invalidate and load until
 * their deadline, as for garbage, all else, clear, close and maintain too, until the fork is made. So none of them is in the
 * middle of a change then; but a thread that reads, or loads, may have a lock of the cache's: a child uses no cache of its
 * parent's. (The plain kinds do not wait.)
 *
 * With WEIR_CACHE_LRU a hit takes the shard's lock. The plain kinds, for comparison, and where neither RCU nor
 * futexes are wanted on the way of a hit, have all verbs and all options but the policy and the shards, which
 * they bring with them; every call of theirs is blocking: a hash table and an exact LRU list under one mutex, or
 * a hash table and a CLOCK under one read-write lock, which gets, peek, acquire take for reading. From the first
 * peek or each on they keep what leaves for a grace period, too.
 *
 * Words: where values are of at most 8 bytes, and the options have no time, weigh, removed or drop, a put of a key that is
 * there (without a time to live) stores over its value, unless a load or a save still has it: no memory, no garbage. That
 * ends for the cache with the first peek, each, acquire or load_acquire; from then on a put brings an entry of its own.
 *
 * Values: get copies. peek lends, under a guard (weir/rcu.h), and what it lends does not change. acquire lends
 * without a guard, until release. A value that holds something of its own has a `drop`, which is called when it has
 * left the cache and nobody can have it any more; get copies then what may be dropped at any time: use the others. In the
 * plain kinds a call may be what drops; it is the last that it does, as with `removed`.
 *
 * Ordering: what a thread did before it put a value, or before its loader returned, is seen by whoever gets it. */
#ifndef WEIR_CACHE_H
#define WEIR_CACHE_H

#include <weir/ctx.h>
#include <weir/go.h>
#include <weir/map.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_cache weir_cache;

/* What leaves when there is no room. */
enum weir_cache_policy {
    WEIR_CACHE_S3FIFO,
    WEIR_CACHE_SIEVE,
    WEIR_CACHE_CLOCK,
    WEIR_CACHE_LRU, /* exact: a hit takes a lock. For comparison */
};

/* What keeps threads apart. */
enum weir_cache_kind {
    WEIR_CACHE_RCU,          /* readers beside writers; a lock a shard */
    WEIR_CACHE_MUTEX_LRU,    /* plain: one mutex, WEIR_CACHE_LRU */
    WEIR_CACHE_RWLOCK_CLOCK, /* plain: one read-write lock, WEIR_CACHE_CLOCK */
};

/* Why an entry has left. */
enum weir_cache_cause {
    WEIR_CACHE_EXPLICIT, /* invalidate */
    WEIR_CACHE_REPLACED, /* a put or a load of its key */
    WEIR_CACHE_EXPIRED,  /* its time was over, also if it was in the way of another one */
    WEIR_CACHE_SIZE,     /* room was needed */
    WEIR_CACHE_CLEARED,  /* clear, close */
    WEIR_CACHE_CAUSES
};

/* Times to live, in ns, beside 1 to 2^63 - 3. WEIR_FOREVER: it does not expire by its age. */
#define WEIR_TTL_DEFAULT (INT64_MAX - 1) /* what the options say */

/* Called once for each entry that has left, in no lock of weir's, when no new get can find it: by a thread that is in a
 * writing call of the cache, or in free; for one key in the order in which its entries left. It may use the cache. It is
 * the last that a call does: those who waited for a load have its value by then. One that waits for long holds up the
 * memory of what leaves meanwhile, and no thread but its own. One call at a time tells of a shard's entries, also of those
 * that other threads have removed meanwhile, until there are none; whatever its deadline, which bounds its waits alone. So
 * one thread may tell for all, without bound while they remove as fast as it tells.
 * It may end its thread (pthread_exit, or be cancelled): the call has taken effect then, a value that it was to acquire is
 * released, and *val NULL. */
typedef void weir_cache_removed_fn(const void *key, const void *val, int cause, void *arg);
/* The weight of an entry, which stays as it is until the key is written again. In no lock, by the thread that writes. An
 * entry of weight 0 is never removed for room. It may end its thread: then nothing is put, and a load has failed. */
typedef uint64_t weir_cache_weigh_fn(const void *key, const void *val, void *arg);
/* Nanoseconds; may go back and forth. Any thread; under a lock of the cache: quick, and no call of the cache. */
typedef weir_time weir_cache_clock_fn(void *arg);
/* Gives the value of a key, so many bytes, aligned to 8 and zero before, and 0; or a negative code, and no value.
 * *ttl: WEIR_TTL_DEFAULT; it may set another one. ctx: of the call that loads, or NULL. */
typedef int weir_cache_load_fn(const void *key, void *val, weir_time *ttl, weir_ctx *ctx,
                               void *arg);

struct weir_cache_opts {
    size_t size;               /* sizeof this struct; WEIR_CACHE_OPTS sets it */
    size_t key_size, val_size; /* bytes: up to 65535, up to 1024 */
    uint64_t capacity;         /* 1 to 2^62, in weights */
    int keys;                  /* enum weir_map_keys: bytes, or strings (struct weir_str) */
    int policy;                /* enum weir_cache_policy */
    size_t hint;               /* entries, about; 0: the capacity, at most 65536 */
    unsigned shards;           /* a power of two, up to 256; 0: by processors and hint */
    uint64_t seed;             /* of the hash; 0: a random one */
    weir_time ttl, tti;        /* time to live, time to idle; 0: none */
    /* How long a loader's failure is the answer of later loads; 0: not. Such a failure is an entry, which takes as much
     * memory as one with a value; `weigh` is not asked, it weighs 1. So it counts in len, weight and stats, and may evict
     * values; no get finds it, nor does each, and nobody is told when it leaves. */
    weir_time negative_ttl;
    weir_cache_weigh_fn *weigh;
    weir_cache_removed_fn *removed;
    weir_cache_clock_fn *clock; /* NULL: weir_now */
    weir_drop_fn
        *drop; /* of a value that has left, and that nobody can have; must not end its thread */
    void *arg; /* of these four */
    /* Writes call it under a lock of the cache too: no call that writes. */
    const struct weir_alloc *alloc;
    /* Refresh-ahead: from `refresh` ns after a value was written on, a get of it begins one load of the key with
     * `load`, on `exec` or a thread of its own, and returns the value that is there. 0: no. If the value has left, was
     * replaced, or is being loaded, or the cache is closed, when the task begins, nothing is loaded. Once it has begun, a
     * load of the key waits for it, as for any other. */
    weir_time refresh;
    weir_cache_load_fn *load;
    void *load_arg;
    const weir_exec *exec; /* copied */
    int kind; /* enum weir_cache_kind; a plain one: shards 0 or 1, policy 0 or its own */
};
#define WEIR_CACHE_OPTS(K, V, capacity_) \
    { sizeof(struct weir_cache_opts),    \
      sizeof(K),                         \
      sizeof(V),                         \
      (capacity_),                       \
      0,                                 \
      0,                                 \
      0,                                 \
      0,                                 \
      0,                                 \
      0,                                 \
      0,                                 \
      0,                                 \
      NULL,                              \
      NULL,                              \
      NULL,                              \
      NULL,                              \
      NULL,                              \
      NULL,                              \
      0,                                 \
      NULL,                              \
      NULL,                              \
      NULL,                              \
      0 }

/* An empty cache. Returns 0, WEIR_EINVAL (NULL, a size or capacity of 0, a negative time, half an allocator, unknown
 * keys, policy or kind, of a plain kind another policy or several shards, refresh without load), WEIR_ETOOBIG (a
 * size, capacity, hint), WEIR_ENOMEM; *out is NULL then. */
WEIR_NODISCARD WEIR_API int weir_cache_new(weir_cache **out, const struct weir_cache_opts *opts);

/* No more entries: calls that would put or load return WEIR_ECLOSED from now on, those that wait for a load too; a
 * loader that runs is not interrupted, and its value goes to its caller. Removes all entries (WEIR_CACHE_CLEARED). Returns
 * 0, WEIR_ECLOSED (somebody was first), WEIR_EINVAL (NULL). */
WEIR_API int weir_cache_close(weir_cache *c);
/* Closes it, waits for refreshes that run, or are with the executor still, and until `removed` and `drop` have been
 * called for all that was in it. No other thread may be inside. Returns 0 (also for NULL), WEIR_EBUSY (values are still
 * acquired: free it again once they are released), WEIR_EDEADLK (in a guard, in a loader, on weir's thread),
 * WEIR_ENOMEM: nothing was done but the close. */
WEIR_API int weir_cache_free(weir_cache *c);

/* Any thread may make the calls below. WEIR_EINVAL: NULL for a cache, a key or a value. WEIR_ETOOBIG: a string that is
 * longer than may be. */

/* ---- reading -------------------------------------------------------------------------------------------- */

/* A copy of the value to *val. Returns 0, WEIR_ENOENT (absent, expired). */
WEIR_API int weir_cache_get(weir_cache *c, const void *key, void *val);
/* n gets, whose lines and entries are asked for ahead; found[i] says whether vals[i] is there. Returns how many are. */
WEIR_API ptrdiff_t weir_cache_get_many(weir_cache *c, const void *keys, void *vals, bool *found,
                                       size_t n);
/* The value itself, or NULL. It stays, and does not change, as long as the thread holds the guard g. */
WEIR_API const void *weir_cache_peek(weir_cache *c, weir_guard g, const void *key);
/* The value itself, or NULL; it stays until it is given to weir_cache_release, by any thread, before the cache is freed.
 * What is acquired and has left the cache counts no more in its weight. */
WEIR_NODISCARD WEIR_API const void *weir_cache_acquire(weir_cache *c, const void *key);
WEIR_API void weir_cache_release(const void *val); /* NULL: nothing */

/* Calls fn for each entry that has not expired, in a guard; until it returns other than 0, which each returns. No
 * entry is met twice, and one that is there all the time is met once. Marks no use. fn may use the cache. Returns 0,
 * WEIR_ENOMEM. */
WEIR_API int weir_cache_each(weir_cache *c, weir_map_fn *fn, void *arg);

/* ---- writing -------------------------------------------------------------------------------------------- */

/* Stores a copy. A load of the key that is under way gives its value to those who wait, and stores it no more. The time to
 * live begins with the call, before it waits. Returns 0
 *   WEIR_ETOOBIG   it weighs more than the capacity: nothing was changed, and nothing evicted
 *   WEIR_ECLOSED, WEIR_ENOMEM
 *   WEIR_EINVAL    also: ttl is not positive
 *   WEIR_ETIMEDOUT, WEIR_EAGAIN (with WEIR_NOW), ctx's error   garbage has reached its limit (weir/rcu.h), a fork is being
 *                                                              made, or ctx has ended
 * and then the value is still the caller's. */
WEIR_NODISCARD WEIR_API int weir_cache_put_wait(weir_cache *c, const void *key, const void *val,
                                                weir_time ttl, weir_time deadline, weir_ctx *ctx);
WEIR_NODISCARD WEIR_INLINE int weir_cache_put(weir_cache *c, const void *key, const void *val,
                                              weir_time ttl) {
    return weir_cache_put_wait(c, key, val, ttl, WEIR_FOREVER, NULL);
}
/* Removes the entry. A load that is under way gives its value to those who wait now, and stores it no more: a get that
 * begins afterwards does not find it, and a load begins anew, beside that one. In a guard it does not wait. Returns 0,
 * WEIR_ENOENT, or, with nothing changed,
 *   WEIR_ETIMEDOUT, WEIR_EAGAIN (with WEIR_NOW), ctx's error   garbage has reached its limit (weir/rcu.h), a fork is being
 *                                                              made, or ctx has ended */
WEIR_NODISCARD WEIR_API int weir_cache_invalidate_wait(weir_cache *c, const void *key,
                                                       weir_time deadline, weir_ctx *ctx);
/* Without a deadline. Returns 0, WEIR_ENOENT. */
WEIR_INLINE int weir_cache_invalidate(weir_cache *c, const void *key) {
    return weir_cache_invalidate_wait(c, key, WEIR_FOREVER, NULL);
}
/* The same for all keys, but it does not wait. Returns 0. */
WEIR_API int weir_cache_clear(weir_cache *c);

/* Takes away all that has expired by now. Returns how many. */
WEIR_API ptrdiff_t weir_cache_maintain(weir_cache *c);

/* ---- loading -------------------------------------------------------------------------------------------- */

/* A get; if the key is absent, the value that fn gives, which is stored. Of calls for one key at a time one calls fn, in no
 * lock, on its own thread; the others wait for it, until `deadline`, or the end of ctx. Returns 0: *val is a copy (it may
 * not have been stored: it weighs too much, there was no memory, or the key was put or invalidated meanwhile; where
 * garbage has reached its limit (weir/rcu.h) the others have it at once, and the call that has loaded it waits until its
 * own deadline for room to store it, as long as it is to be stored; with WEIR_NOW it does not, and it is not stored); or
 *   fn's code                      with its text (weir/error.h), also to all who waited; but if the context of the call that
 *                                  loads has ended by then, one of them calls its own fn. One that is remembered
 *                                  (negative_ttl) comes without its text
 *   WEIR_ECANCELED                 fn has ended its thread
 *   WEIR_ETIMEDOUT, ctx's error    of waiting; the load goes on
 *   WEIR_EBUSY                     with WEIR_NOW: another call loads it
 *   WEIR_EDEADLK                   in the loader of the same key, on its thread; and, but with WEIR_NOW, where another call
 *                                  loads it, in a guard (so in the function of weir_cache_each) or in a function
 *                                  that a grace period calls: the other one may wait for the guard's end. Whatever
 *                                  the deadline
 *   WEIR_ECLOSED, WEIR_ENOMEM */
WEIR_NODISCARD WEIR_API int weir_cache_load_wait(weir_cache *c, const void *key, void *val,
                                                 weir_cache_load_fn *fn, void *arg,
                                                 weir_time deadline, weir_ctx *ctx);
WEIR_NODISCARD WEIR_INLINE int weir_cache_load(weir_cache *c, const void *key, void *val,
                                               weir_cache_load_fn *fn, void *arg) {
    return weir_cache_load_wait(c, key, val, fn, arg, WEIR_FOREVER, NULL);
}
/* The same, but *val is the value itself, which is given back by weir_cache_release. */
WEIR_NODISCARD WEIR_API int weir_cache_load_acquire_wait(weir_cache *c, const void *key,
                                                         const void **val, weir_cache_load_fn *fn,
                                                         void *arg, weir_time deadline,
                                                         weir_ctx *ctx);

/* ---- files ---------------------------------------------------------------------------------------------- */

/* Both: any thread. They return how many entries were saved, or stored, or a code, beside which weir_error_take
 * has words:
 *   WEIR_EINVAL      NULL; what is there is no saved cache, of another version, byte order, or sizes; truncated;
 *                    altered
 *   WEIR_ENOTSUP     the cache has a `drop`: a value is more than its bytes then
 *   WEIR_ENOMEM
 *   WEIR_ECLOSED     weir_cache_restore
 *   else             what the system says, a negated errno value: the disk is full (-ENOSPC), there is no such
 *                    file (WEIR_ENOENT) ...
 */

/* Saves what has not expired: keys, values, the times that are left, the order of leaving, about; with a
 * checksum. At `path` stands the old file until the new one is whole and on the disk, and after a failure: it is
 * written under path.XXXXXX, which only its owner may read, and which a crash leaves there. (But if the folder, at the
 * end, cannot be brought to the disk, the new file stands there beside the error, and a crash may bring the old one
 * back.) A symbolic link is replaced, not what it points to. What is no regular file is written to as it is: a pipe whose
 * reader leaves is -EPIPE, without SIGPIPE; one without a reader is waited for. Each
 * shard's lock is taken for as long as it takes to count its entries; none while it is written. Times are those of the
 * call's beginning. What is put
 * meanwhile may be in it. The bytes are those of this machine: another one with other sizes or another byte
 * order refuses them. */
WEIR_API ptrdiff_t weir_cache_save(weir_cache *c, const char *path);
/* Stores what was saved there, in that order, as put does, which may evict what is in the cache; but a value that is there
 * stays that of its key, also if a load of the key fails meanwhile. What weighs
 * more than the capacity, or has expired since, is left out: times go on by the system's clock, or by the
 * cache's own if both caches had one. Nothing of a file that is refused comes into the cache, nor to a function
 * of the user's; after WEIR_ENOMEM or WEIR_ECLOSED some may be in it. It needs memory for all entries of the
 * file at once. A checksum finds accidents, not intent: read no file of a stranger's. */
WEIR_API ptrdiff_t weir_cache_restore(weir_cache *c, const char *path);

/* ---- the whole ------------------------------------------------------------------------------------------ */

/* Entries, and their weight; what has expired and was not yet taken away included. Never above the capacity; with a
 * `weigh`, which may give 0, that holds of the weight alone. The weight is what is reserved at an instant of the call: what
 * a put has evicted, and not yet used, included. The length is exact while nobody else is inside: a sum of parts that are
 * read one after the other. */
WEIR_API size_t weir_cache_len(weir_cache *c);
WEIR_API uint64_t weir_cache_weight(weir_cache *c);

struct weir_cache_stats {
    size_t size;                   /* sizeof this struct; WEIR_CACHE_STATS sets it */
    uint64_t hits, misses;         /* of get, get_many, peek, acquire, load: all of them */
    uint64_t loads, load_failures; /* calls of loaders: that gave a value, or not */
    uint64_t removed[WEIR_CACHE_CAUSES];
    uint64_t refused;         /* values that weighed too much */
    uint64_t entries, weight; /* as weir_cache_len, weir_cache_weight */
    uint64_t bytes; /* of entries, keys and values included, without the allocator's own */
};
#define WEIR_CACHE_STATS { sizeof(struct weir_cache_stats), 0, 0, 0, 0, { 0 }, 0, 0, 0, 0 }
/* Exact while nobody else is inside. Returns 0, WEIR_EINVAL. */
WEIR_API int weir_cache_read_stats(weir_cache *c, struct weir_cache_stats *out);

#ifdef __cplusplus
}
#endif
#endif
