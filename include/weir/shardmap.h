/* SPDX-License-Identifier: MIT */
/* weir/shardmap.h - a map for many writers: a lock for each line of three entries, held for the moment of a write;
 * reads take none, and look again if the line has changed meanwhile. It is divided into shards, each of which
 * grows and shrinks by itself, a few lines with each write. This is what maps of all keys have in common; the verbs
 * of words stand in weir/shardmap_u64.h.
 *
 *   struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
 *   weir_shardmap *m;
 *   if (weir_shardmap_new(&m, &o) == 0) ...
 *   rc = weir_shardmap_add_u64(m, 17, 1, NULL);
 *
 * For tables that are written much; where nearly all calls read, weir/map.h is faster. The options `sync`, `shards`,
 * and `step` are for this map. With another `sync` than WEIR_MAP_LINES it is a plain map: one mutex, or read-write
 * lock, for each shard or for all, around the same table; to measure what the rest is worth, or for a program that
 * wants no more than that.
 *
 * | operation             | WEIR_MAP_LINES                                      | plain                          |
 * |-----------------------|-----------------------------------------------------|--------------------------------|
 * | get, get_many         | optimistic, 64 times; then blocking: the line's lock | blocking: the mutex, or shared |
 * | writes, update, visit | blocking: the line's lock                           | blocking: the lock             |
 * | next, each, clear     | blocking: the lock of one line after the other      | blocking: the same, a line each |
 * | compute               | a get; of an absent key blocking: for who computes it already                        |
 * | len                   | wait-free                                           | wait-free                      |
 *
 * A thread that is stopped in the lock of a line stops all who want that line, readers too, and the growth of the
 * shard, until it goes on: weir_map's readers are not stopped by anybody.
 *
 * Memory: entries leave none behind. Tables that have been replaced, of WEIR_MAP_LINES, are garbage for a grace period
 * (weir/rcu.h); where that has reached its limit, a shard does not grow or shrink, and its chains get longer.
 *
 * A function that is called under a lock must return: a thread that ends in it keeps the line for ever. In the child of a
 * fork a line that another thread had locked stays locked.
 *
 * Ordering: as weir/map.h. */
#ifndef WEIR_SHARDMAP_H
#define WEIR_SHARDMAP_H

#include <weir/map.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_shardmap weir_shardmap;

/* An empty map. Returns 0, WEIR_EINVAL (NULL, sizes of 0, an allocator without functions, a number of shards that is
 * no power of two or above 4096, an unknown sync), WEIR_ENOTSUP (other sizes than 8), WEIR_ETOOBIG (hint),
 * WEIR_ENOMEM; *out is NULL then. */
WEIR_NODISCARD WEIR_API int weir_shardmap_new(weir_shardmap **out,
                                              const struct weir_map_opts *opts);
/* No other thread may be inside. With an allocator and WEIR_MAP_LINES it waits until all that this was asked for is
 * given back, and what weir_rcu_barrier waits for beside. Returns 0 (also for NULL), or that call's error, with
 * nothing done. Debug builds keep the handle of a map without an allocator for a while, bounded in number and
 * bytes and at most until weir_shutdown: a call on it, free too, is reported with its name and returns
 * WEIR_EINVAL (0 where that is a count without errors). */
WEIR_API int weir_shardmap_free(weir_shardmap *m);

/* Any thread may make the calls below, and inside a guard. WEIR_EINVAL: NULL for a map or an array. WEIR_EDEADLK (all
 * but len and shards): the calling thread is in a function that an update or a visit of this map has called. */

/* Entries: exact while nobody writes; else off by no more than the calls that are in flight. */
WEIR_API size_t weir_shardmap_len(const weir_shardmap *m);

/* Removes each entry that was put before the call; one that is put meanwhile may stay or go. Returns 0. */
WEIR_API int weir_shardmap_clear(weir_shardmap *m);

/* Room for n entries at once; the map does not shrink below. Returns 0; WEIR_ENOMEM; WEIR_ETOOBIG; WEIR_EAGAIN: garbage
 * has reached its limit (weir/rcu.h). Then some shards may have grown. */
WEIR_NODISCARD WEIR_API int weir_shardmap_reserve(weir_shardmap *m, size_t n);

/* ---- statistics ----------------------------------------------------------------------------------------- */

WEIR_API unsigned weir_shardmap_shards(const weir_shardmap *m);
/* Of one shard, or of all, summed: WEIR_SHARDMAP_ALL. entries is counted, and exact while nobody writes. Looks at all
 * lines; plain maps are locked meanwhile, a shard at a time. Returns 0, WEIR_EINVAL. */
#define WEIR_SHARDMAP_ALL UINT32_MAX
WEIR_API int weir_shardmap_read_stats(weir_shardmap *m, uint32_t shard, struct weir_map_stats *out);

#ifdef __cplusplus
}
#endif
#endif
