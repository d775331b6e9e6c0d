/* SPDX-License-Identifier: MIT */
/* weir/map.h - a map for many readers, in the role of Go's sync.Map: reads are wait-free and write nothing that
 * threads share. The verbs for maps of all keys and values, by pointers; those of words stand in
 * weir/map_u64.h, those from strings to pointers in weir/map_str.h.
 *
 *   struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
 *   weir_map *m;
 *   if (weir_map_new(&m, &o) == 0) ...
 *   rc = weir_map_put_u64(m, 17, 4711);
 *   if (weir_map_get_u64(m, 17, &v) == 0) ...
 *
 * For tables that are mostly read. Where more than a part is written (results/, M6) weir/shardmap.h is faster.
 *
 * Every value may be stored: absence has a result of its own, WEIR_ENOENT. Each call on one key is linearizable
 * with all others on that key.
 *
 * | operation                                     | progress                                                      |
 * |-----------------------------------------------|---------------------------------------------------------------|
 * | get, get_many, len                            | wait-free; a thread's first takes a short lock to register it |
 * | put, get_or_put, swap, take, delete, cas, cad | blocking: a lock of the line in which the key has its place   |
 * | next, each, clear                             | blocking: the same, of one line after the other               |
 * | compute                                       | a get; of an absent key blocking: for who computes it already |
 *
 * A writer that is stopped inside its lock stops writers of the few keys in that line, and readers never.
 * Growing and shrinking is done by writers, a few lines each; a line in which somebody is stopped keeps it from
 * ending, and the next one from beginning: until then what is put makes chains longer, for readers too. A read
 * takes one step more for each move that is in flight or begins meanwhile.
 *
 * Keys and values of 64 bits stand in the table itself. With others, or with one of the options `drop`, `equal`,
 * `hash` and `sip`, each entry is a node beside it, with key and value, which never changes: a replace puts
 * another one in its place. Then what is replaced or removed is garbage for a grace period, and weir_map_peek
 * lends values.
 *
 * Memory: a removed entry's place is used again after a grace period (weir/rcu.h). A writer that has to leave
 * garbage behind waits first, where that has reached its limit, until `deadline` or the end of ctx; not inside
 * a guard. Nodes count for their own bytes: 40, the key and the value. What a value points to is not counted, nor what malloc
 * adds to each block: beside a reader that stays, keys of 16 bytes with pointers to 64 bytes keep 2.5 times the limit of
 * malloc's memory (blocks of 80 and 80 bytes for a node of 64).
 *
 * fork: with the calls of weir/rcu.h around it a child may use the map as the parent does. Each write of another thread
 * has happened there, or not; what such a thread had removed and not yet given to `drop`, or allocated and not yet
 * put, is lost to the child. While the fork is made a write waits, inside a guard too, until `deadline` or the end of ctx. A key that another thread was computing is absent, and nobody computes it; a function that
 * computes and forks itself goes on on both sides.
 *
 * Ordering: what a thread did before it wrote a value is seen by whoever gets that value. Between two keys
 * there is no more: of two threads that each replace the value of one key, and then read the other's, both may
 * find what was before; a program that builds on that needs a barrier of its own. */
#ifndef WEIR_MAP_H
#define WEIR_MAP_H

#include <weir/base.h>
#include <weir/rcu.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_map weir_map;

/* How a weir_shardmap is kept. */
enum weir_map_sync {
    WEIR_MAP_LINES,          /* a lock a line, reads without locks */
    WEIR_MAP_MUTEX,          /* plain: one mutex */
    WEIR_MAP_RWLOCK,         /* one read-write lock */
    WEIR_MAP_SHARDED_MUTEX,  /* a mutex a shard */
    WEIR_MAP_SHARDED_RWLOCK, /* a read-write lock a shard */
};

/* What a function that sees an entry under its lock wants done with it (weir/shardmap.h). */
enum weir_update {
    WEIR_UPDATE_STORE,  /* store the value, put the entry if there is none */
    WEIR_UPDATE_REMOVE, /* remove the entry, if there is one */
    WEIR_UPDATE_KEEP    /* leave all as it is */
};

enum weir_map_keys {
    WEIR_MAP_BYTES,  /* of key_size bytes, compared as such */
    WEIR_MAP_STRINGS /* struct weir_str; key_size is its size */
};

/* A string, of any bytes; ptr may be NULL where len is 0. */
struct weir_str {
    const void *ptr;
    size_t len; /* up to 65535 */
};

/* Whether two values are the same, for cas and cad. */
typedef bool weir_map_equal_fn(const void *a, const void *b);
/* Equal keys have one hash; how good it is, is not trusted. seed: the map's. */
typedef uint64_t weir_map_hash_fn(const void *key, size_t len, uint64_t seed);

struct weir_map_opts {
    size_t size;               /* sizeof this struct; WEIR_MAP_OPTS sets it */
    size_t key_size, val_size; /* bytes: up to 65535, up to 1024 */
    size_t hint;               /* entries that have room at once, and after any removal; 0: a few */
    uint64_t seed;             /* of the hash; 0: a random one */
    /* NULL: malloc. Called by any thread, weir's included, with no lock of weir held but
     * that of a plain weir_shardmap. */
    const struct weir_alloc *alloc;
    /* Of weir_shardmap; 0 else. */
    int sync;        /* enum weir_map_sync */
    unsigned shards; /* a power of two, up to 4096; 0: four for each processor */
    unsigned step;   /* lines that a write moves while it grows, beside its own; 0: 16 */
    /* How entries are kept. */
    int keys; /* enum weir_map_keys */
    /* For each value that is replaced, deleted, or cleared, once; not for one that take or swap gave to the
     * caller. NULL: none. By weir_map on weir's thread after a grace period, in no guard, when no reader can
     * have it any more; by weir_shardmap on the thread that removes, before its call returns. No lock is held:
     * it may use the map. val is aligned to 8. */
    weir_drop_fn *drop;
    void *drop_arg;
    /* NULL: memcmp. In no lock, but in a guard; it may use the map. (Of weir_shardmap beside a drop of the
     * value, or after it: see there. Of a plain one under its lock: a call on the map returns WEIR_EDEADLK.) */
    weir_map_equal_fn *equal;
    weir_map_hash_fn *hash; /* NULL: XXH3. In no lock; it may use the map */
    bool sip;               /* SipHash-2-4, for keys of strangers; its key is the seed */
};
#define WEIR_MAP_OPTS(K, V)         \
    { sizeof(struct weir_map_opts), \
      sizeof(K),                    \
      sizeof(V),                    \
      0,                            \
      0,                            \
      NULL,                         \
      WEIR_MAP_LINES,               \
      0,                            \
      0,                            \
      0,                            \
      NULL,                         \
      NULL,                         \
      NULL,                         \
      NULL,                         \
      false }

/* An empty map. Returns 0, WEIR_EINVAL (NULL, sizes of 0, an allocator without functions, unknown keys, strings
 * of another key_size, hash and sip), WEIR_ETOOBIG (a size, hint), WEIR_ENOMEM; *out is NULL then. */
WEIR_NODISCARD WEIR_API int weir_map_new(weir_map **out, const struct weir_map_opts *opts);
/* No other thread may be inside. Of a map with an allocator it waits until all that this was asked for is given
 * back, and what weir_rcu_barrier waits for beside; of one with `drop` until that has been called for all
 * values, those that are left as well. Returns 0 (also for NULL), or that call's error, with nothing done, or
 * only the entries removed (WEIR_ENOMEM). Debug builds keep the handle of a map without an allocator for a
 * while, bounded in number and bytes and at most until weir_shutdown: a call on it, free too, is reported with
 * its name and returns WEIR_EINVAL (0 where that is a count without errors). */
WEIR_API int weir_map_free(weir_map *m);

/* Any thread may make the calls below, and inside a guard. WEIR_EINVAL: NULL for a map, an array, a key or a
 * value; verbs of words, or of strings, for a map of others. WEIR_ETOOBIG: a string that is longer than may be. */

/* Entries: exact while nobody writes; else off by no more than the calls that are in flight. */
WEIR_API size_t weir_map_len(const weir_map *m);

/* Removes each entry that was put before the call; one that is put meanwhile may stay or go. Returns 0, or
 * WEIR_ETIMEDOUT, WEIR_EAGAIN, ctx's error: a fork is being made, or, where entries are nodes, garbage has reached its limit;
 * some were removed. */
WEIR_API int weir_map_clear_wait(weir_map *m, weir_time deadline, weir_ctx *ctx);
WEIR_INLINE int weir_map_clear(weir_map *m) { return weir_map_clear_wait(m, WEIR_FOREVER, NULL); }

/* Room for n entries at once; the map does not shrink below. Returns 0; WEIR_ENOMEM; WEIR_ETOOBIG;
 * WEIR_EAGAIN: garbage has reached its limit (weir/rcu.h). Then room may have grown, but may also shrink. */
WEIR_NODISCARD WEIR_API int weir_map_reserve(weir_map *m, size_t n);

/* ---- reading -------------------------------------------------------------------------------------------- */

/* Keys and values are given by pointers to so many bytes as the options say; key: to a struct weir_str where
 * they are strings. */

/* The value to *val. Returns 0, WEIR_ENOENT. */
WEIR_API int weir_map_get(weir_map *m, const void *key, void *val);

/* The value itself, where entries are nodes, or NULL: there is none. It stays, and does not change, as long as
 * the guard g is held, which the calling thread has taken. */
WEIR_API const void *weir_map_peek(weir_map *m, weir_guard g, const void *key);

/* n gets, one after the other, whose lines and nodes are asked for ahead: vals has the values beside the keys,
 * found[i] says whether there is one. Returns how many there are. */
WEIR_API ptrdiff_t weir_map_get_many(weir_map *m, const void *keys, void *vals, bool *found,
                                     size_t n);

/* ---- writing -------------------------------------------------------------------------------------------- */

/* Key and value are copied. Each of these returns, beside what stands there,
 *   WEIR_ENOMEM                               nothing was changed; not take, delete, cad
 *   WEIR_ETIMEDOUT, WEIR_EAGAIN, ctx's error  where it would leave garbage (the key is there), and that has
 *                                             reached its limit (WEIR_EAGAIN: with WEIR_NOW), or while a fork is made
 *                                             (weir_rcu_fork_prepare); nothing was changed
 * and, once it has ended, ctx's error at once. A value that was not stored is still the caller's. */

/* Stores. Returns 0. */
WEIR_NODISCARD WEIR_API int weir_map_put_wait(weir_map *m, const void *key, const void *val,
                                              weir_time deadline, weir_ctx *ctx);
/* Stores *val if the key is absent (0); else *val is a copy of the value that is there (WEIR_EEXIST). */
WEIR_NODISCARD WEIR_API int weir_map_get_or_put_wait(weir_map *m, const void *key, void *val,
                                                     weir_time deadline, weir_ctx *ctx);
/* Stores *val; *val is the value before (WEIR_EEXIST), which is the caller's now, or as it was (0: the key was
 * absent). */
WEIR_NODISCARD WEIR_API int weir_map_swap_wait(weir_map *m, const void *key, void *val,
                                               weir_time deadline, weir_ctx *ctx);
/* Removes, and gives the value to *val (may be NULL): it is the caller's now. Readers in a guard may have it
 * still. Returns 0, WEIR_ENOENT. */
WEIR_NODISCARD WEIR_API int weir_map_take_wait(weir_map *m, const void *key, void *val,
                                               weir_time deadline, weir_ctx *ctx);
/* Removes. Returns 0, WEIR_ENOENT. */
WEIR_API int weir_map_delete_wait(weir_map *m, const void *key, weir_time deadline, weir_ctx *ctx);
/* Stores *val, or removes, if the value is the same as *expect. Returns 0; WEIR_EEXIST: it is another one;
 * WEIR_ENOENT. */
WEIR_NODISCARD WEIR_API int weir_map_cas_wait(weir_map *m, const void *key, const void *expect,
                                              const void *val, weir_time deadline, weir_ctx *ctx);
WEIR_NODISCARD WEIR_API int weir_map_cad_wait(weir_map *m, const void *key, const void *expect,
                                              weir_time deadline, weir_ctx *ctx);

WEIR_NODISCARD WEIR_INLINE int weir_map_put(weir_map *m, const void *key, const void *val) {
    return weir_map_put_wait(m, key, val, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_map_get_or_put(weir_map *m, const void *key, void *val) {
    return weir_map_get_or_put_wait(m, key, val, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_map_swap(weir_map *m, const void *key, void *val) {
    return weir_map_swap_wait(m, key, val, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_map_take(weir_map *m, const void *key, void *val) {
    return weir_map_take_wait(m, key, val, WEIR_FOREVER, NULL);
}
WEIR_INLINE int weir_map_delete(weir_map *m, const void *key) {
    return weir_map_delete_wait(m, key, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_map_cas(weir_map *m, const void *key, const void *expect,
                                            const void *val) {
    return weir_map_cas_wait(m, key, expect, val, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_map_cad(weir_map *m, const void *key, const void *expect) {
    return weir_map_cad_wait(m, key, expect, WEIR_FOREVER, NULL);
}

/* ---- computing what is absent --------------------------------------------------------------------------- */

/* Gives the value of key, so many bytes, aligned to 8 and zero before, and 0; or a negative code, WEIR_EEXIST
 * excepted, and no value. key: the caller's. */
typedef int weir_map_compute_fn(const void *key, void *val, void *arg);

/* A copy of the value to *val; if the key is absent, fn is called, and the value that it gives is stored: as
 * weir_map_compute_u64_wait (weir/map_u64.h), where all is said, with the same results. What fn gave and was
 * not stored is given to `drop`, by this thread. What a value points to may be dropped as soon as the call has
 * returned: to use it, get or peek in a guard; not a guard around this call, in which it does not wait. */
WEIR_NODISCARD WEIR_API int weir_map_compute_wait(weir_map *m, const void *key,
                                                  weir_map_compute_fn *fn, void *arg, void *val,
                                                  weir_time deadline, weir_ctx *ctx);
WEIR_NODISCARD WEIR_INLINE int weir_map_compute(weir_map *m, const void *key,
                                                weir_map_compute_fn *fn, void *arg, void *val) {
    return weir_map_compute_wait(m, key, fn, arg, val, WEIR_FOREVER, NULL);
}

/* ---- all entries ---------------------------------------------------------------------------------------- */

/* Where a walk stands; all zeros: at its beginning. It may be kept, copied, and used from any thread. */
struct weir_map_cursor {
    uint64_t at_;
    bool ended;
    unsigned shard_;
    size_t need; /* after WEIR_ETOOBIG */
};
#define WEIR_MAP_CURSOR { 0, false, 0, 0 }

/* The next entries, at most n, and as many as it finds convenient; returns how many, 0: there are no more. An
 * entry that is there from the beginning to the end of the walk is met once; no key is met twice, also if it is
 * removed and put again, and however the map grows and shrinks; of an entry that is put, changed or removed
 * meanwhile, a value that it had then, or nothing. The walk ends, whatever is put. keys: an array of keys, of
 * struct weir_str where they are strings; the bytes of these are the map's own, and the calling thread has to
 * be in a guard as long as it looks at them (WEIR_EINVAL: it is in none).
 * WEIR_ETOOBIG: entries of one hash are met together, and n is too small for those that come next; c->need would
 * do, and the cursor stands where it was. WEIR_ENOMEM: for more than 64 of them; the cursor stands as well. */
WEIR_API ptrdiff_t weir_map_next(weir_map *m, struct weir_map_cursor *c, void *keys, void *vals,
                                 size_t n);

/* Calls fn for each entry, under the rules of next, until it returns something else than 0, which is returned; or
 * WEIR_ENOMEM. key: bytes, or a struct weir_str. fn may use the map. It is called in a guard, under no lock: it
 * must not wait for long, and what it writes does not wait for garbage. key and val are good until the guard's
 * end. */
typedef int weir_map_fn(const void *key, const void *val, void *arg);
WEIR_API int weir_map_each(weir_map *m, weir_map_fn *fn, void *arg);

/* ---- statistics ----------------------------------------------------------------------------------------- */

struct weir_map_stats {
    size_t size;                             /* sizeof this struct; WEIR_MAP_STATS sets it */
    size_t entries, lines, chained, longest; /* chained: further lines; longest: chain, in lines */
    size_t waiting; /* places of removed entries that wait for a grace period, or have, unused */
    size_t bytes;   /* of the table, and one that its entries move to, with chains; without nodes */
    uint64_t grown, shrunk;     /* resizes */
    uint64_t rewritten, failed; /* chains copied; resizes refused for want of memory */
    size_t node_bytes; /* of the entries' nodes, with keys and values; 0 where there are none */
};
#define WEIR_MAP_STATS { sizeof(struct weir_map_stats), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }
/* Looks at all lines, without locks; where keys are strings at all nodes, too. While nobody writes, and once what
 * was removed before is freed (weir/rcu.h counts that), bytes and node_bytes are all that the map has asked its
 * allocator for, beside the handle itself. Returns 0, WEIR_EINVAL. */
WEIR_API int weir_map_read_stats(weir_map *m, struct weir_map_stats *out);

#ifdef __cplusplus
}
#endif
#endif
