/* SPDX-License-Identifier: MIT */
/* weir/map.h - a map for many readers, in the role of Go's sync.Map: reads are wait-free and write nothing that
 * threads share. This is what maps of all keys have in common; the verbs of words stand in weir/map_u64.h.
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
 * Memory: a removed entry's place is used again after a grace period (weir/rcu.h). A writer that has to leave
 * garbage behind waits first, where that has reached its limit, until `deadline` or the end of ctx; not inside
 * a guard.
 *
 * Ordering: what a thread did before it wrote a value is seen by whoever gets that value. Between two keys
 * there is no more: of two threads that each replace the value of one key, and then read the other's, both may
 * find what was before; a program that builds on that needs a barrier of its own. */
#ifndef WEIR_MAP_H
#define WEIR_MAP_H

#include <weir/base.h>

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

struct weir_map_opts {
    size_t size;               /* sizeof this struct; WEIR_MAP_OPTS sets it */
    size_t key_size, val_size; /* 8 and 8 */
    size_t hint;               /* entries that have room at once, and after any removal; 0: a few */
    uint64_t seed;             /* of the hash; 0: a random one */
    /* NULL: malloc. Called by any thread, weir's included, with no lock of weir held. */
    const struct weir_alloc *alloc;
    /* Of weir_shardmap; 0 else. */
    int sync;        /* enum weir_map_sync */
    unsigned shards; /* a power of two, up to 4096; 0: four for each processor */
    unsigned step;   /* lines that a write moves while it grows, beside its own; 0: 16 */
};
#define WEIR_MAP_OPTS(K, V) \
    { sizeof(struct weir_map_opts), sizeof(K), sizeof(V), 0, 0, NULL, WEIR_MAP_LINES, 0, 0 }

/* An empty map. Returns 0, WEIR_EINVAL (NULL, sizes of 0, an allocator without functions), WEIR_ENOTSUP (other
 * sizes than 8), WEIR_ETOOBIG (hint), WEIR_ENOMEM; *out is NULL then. */
WEIR_NODISCARD WEIR_API int weir_map_new(weir_map **out, const struct weir_map_opts *opts);
/* No other thread may be inside. Of a map with an allocator it waits until all that this was asked for is given
 * back, and what weir_rcu_barrier waits for beside. Returns 0 (also for NULL), or that call's error, with
 * nothing done. Debug builds keep the handle of a map without an allocator for a while, bounded in number and
 * bytes and at most until weir_shutdown: a call on it, free too, is reported with its name and returns
 * WEIR_EINVAL (0 where that is a count without errors). */
WEIR_API int weir_map_free(weir_map *m);

/* Any thread may make the calls below, and inside a guard. WEIR_EINVAL: NULL for a map or an array. */

/* Entries: exact while nobody writes; else off by no more than the calls that are in flight. */
WEIR_API size_t weir_map_len(const weir_map *m);

/* Removes each entry that was put before the call; one that is put meanwhile may stay or go. Returns 0. */
WEIR_API int weir_map_clear(weir_map *m);

/* Room for n entries at once; the map does not shrink below. Returns 0; WEIR_ENOMEM; WEIR_ETOOBIG;
 * WEIR_EAGAIN: garbage has reached its limit (weir/rcu.h). Then room may have grown, but may also shrink. */
WEIR_NODISCARD WEIR_API int weir_map_reserve(weir_map *m, size_t n);

/* ---- all entries ---------------------------------------------------------------------------------------- */

/* Where a walk stands; all zeros: at its beginning. It may be kept, copied, and used from any thread. */
struct weir_map_cursor {
    uint64_t at_;
    bool ended;
    unsigned shard_;
    size_t need; /* after WEIR_ETOOBIG */
};
#define WEIR_MAP_CURSOR { 0, false, 0, 0 }

/* ---- statistics ----------------------------------------------------------------------------------------- */

struct weir_map_stats {
    size_t size;                             /* sizeof this struct; WEIR_MAP_STATS sets it */
    size_t entries, lines, chained, longest; /* chained: further lines; longest: chain, in lines */
    size_t waiting; /* places of removed entries that wait for a grace period, or have, unused */
    size_t bytes;   /* of the table, and one that its entries move to, with chains */
    uint64_t grown, shrunk;     /* resizes */
    uint64_t rewritten, failed; /* chains copied; resizes refused for want of memory */
};
#define WEIR_MAP_STATS { sizeof(struct weir_map_stats), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }
/* Looks at all lines, without locks. Returns 0, WEIR_EINVAL. */
WEIR_API int weir_map_read_stats(weir_map *m, struct weir_map_stats *out);

#ifdef __cplusplus
}
#endif
#endif
