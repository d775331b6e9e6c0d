/* SPDX-License-Identifier: MIT */
/* weir/shardmap.h - a map for many writers: a lock for each line of three entries, held for the moment of a write;
 * reads take none, and look again if the line has changed meanwhile. It is divided into shards, each of which
 * grows and shrinks by itself, a few lines with each write. The verbs for maps of all keys and values, by
 * pointers; those of words stand in weir/shardmap_u64.h, those from strings to pointers in weir/shardmap_str.h.
 *
 *   struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
 *   weir_shardmap *m;
 *   if (weir_shardmap_new(&m, &o) == 0) ...
 *   rc = weir_shardmap_add_u64(m, 17, 1, NULL);
 *
 * For tables that are written much; where nearly all calls read, weir/map.h is faster. The options `sync`,
 * `shards`, and `step` are for this map. With another `sync` than WEIR_MAP_LINES it is a plain map: one mutex,
 * or read-write lock, for each shard or for all, around the same table; to measure what the rest is worth, or
 * for a program that wants no more than that.
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
 * Keys and values of 64 bits stand in the table itself; others, and those of maps with the options `drop`,
 * `equal`, `hash` or `sip`, in nodes beside it, which never change (weir/map.h). `drop` is called before the
 * call returns that removed the value: of a value that points to something another thread may have a copy, from
 * get or each, which is good for nothing then. Who needs what it points to uses visit; or lets `drop` retire
 * that (weir/rcu.h), and reads in a guard.
 *
 * Memory: entries of words leave none behind. Nodes, of WEIR_MAP_LINES, and of the others once somebody has
 * walked through the map, are garbage for a grace period when they leave it (their values were dropped before);
 * who would leave more than the limit allows waits, not inside a guard. Tables that have been replaced, of
 * WEIR_MAP_LINES, are garbage for a grace period (weir/rcu.h); where that has reached its limit, a shard does
 * not grow or shrink, and its chains get longer.
 *
 * A function that is called under a lock (by update and visit; of a plain map also `equal`) may end its thread, by
 * pthread_exit or at a point of pthread_cancel: then nothing has changed, and the lock is given back. Who leaves it by
 * longjmp keeps the line locked for ever, for readers too, and the shard from growing; of a plain map the lock of the
 * shard or of all. compute's function may end its thread as well. `drop` must not: the value's node would be lost, and in clear
 * all others that have left the map with it, not dropped either.
 *
 * fork: of WEIR_MAP_LINES as weir/map.h. A plain map, or a shard of it, stays locked in the child if another thread
 * was in its lock.
 *
 * Ordering: as weir/map.h. */
#ifndef WEIR_SHARDMAP_H
#define WEIR_SHARDMAP_H

#include <weir/map.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_shardmap weir_shardmap;

/* An empty map. Returns 0, WEIR_EINVAL (NULL, sizes of 0, an allocator without functions, a number of shards
 * that is no power of two or above 4096, an unknown sync, unknown keys, strings of another key_size, hash and
 * sip), WEIR_ETOOBIG (a size, hint), WEIR_ENOMEM; *out is NULL then. */
WEIR_NODISCARD WEIR_API int weir_shardmap_new(weir_shardmap **out,
                                              const struct weir_map_opts *opts);
/* No other thread may be inside. Calls `drop` for the values that are left. With an allocator and
 * WEIR_MAP_LINES it waits until all that this was asked for is given back, and what weir_rcu_barrier waits for
 * beside. Returns 0 (also for NULL), or that call's error, with nothing done. Debug builds keep the handle of a
 * map without an allocator for a while, bounded in number and bytes and at most until weir_shutdown: a call on
 * it, free too, is reported with its name and returns WEIR_EINVAL (0 where that is a count without errors). */
WEIR_API int weir_shardmap_free(weir_shardmap *m);

/* Any thread may make the calls below, and inside a guard. WEIR_EINVAL: NULL for a map, an array, a key, a
 * value or a function; verbs of words, or of strings, for a map of others. WEIR_ETOOBIG: a string that is
 * longer than may be. WEIR_EDEADLK (all but len and shards): the calling thread is in a function that an update
 * or a visit of this map has called, or, of a plain one, in `equal`. */

/* Entries: exact while nobody writes; else off by no more than the calls that are in flight. */
WEIR_API size_t weir_shardmap_len(const weir_shardmap *m);

/* Removes each entry that was put before the call; one that is put meanwhile may stay or go. Returns 0. */
WEIR_API int weir_shardmap_clear(weir_shardmap *m);

/* Room for n entries at once; the map does not shrink below. Returns 0; WEIR_ENOMEM; WEIR_ETOOBIG; WEIR_EAGAIN:
 * garbage has reached its limit (weir/rcu.h). Then some shards may have grown. */
WEIR_NODISCARD WEIR_API int weir_shardmap_reserve(weir_shardmap *m, size_t n);

/* ---- reading -------------------------------------------------------------------------------------------- */

/* Keys and values are given by pointers, as in weir/map.h. */

/* The value to *val. Returns 0, WEIR_ENOENT. */
WEIR_API int weir_shardmap_get(weir_shardmap *m, const void *key, void *val);

/* n gets, one after the other, whose lines are asked for ahead: vals has the values beside the keys, found[i]
 * says whether there is one. Returns how many there are. */
WEIR_API ptrdiff_t weir_shardmap_get_many(weir_shardmap *m, const void *keys, void *vals,
                                          bool *found, size_t n);

/* Calls fn with key and the value, under a lock that keeps all writers of the key away until it returns; and
 * other visits, but for those of a plain map with read-write locks. fn must not wait. Returns what fn does, or
 * WEIR_ENOENT. */
WEIR_API int weir_shardmap_visit(weir_shardmap *m, const void *key, weir_map_fn *fn, void *arg);

/* ---- writing -------------------------------------------------------------------------------------------- */

/* Key and value are copied. Each of these returns, beside what stands there, WEIR_ENOMEM: nothing was changed;
 * but not take, delete, cad. A value that was not stored is still the caller's. */

/* Stores. Returns 0. */
WEIR_NODISCARD WEIR_API int weir_shardmap_put(weir_shardmap *m, const void *key, const void *val);
/* Stores *val if the key is absent (0); else *val is a copy of the value that is there (WEIR_EEXIST). */
WEIR_NODISCARD WEIR_API int weir_shardmap_get_or_put(weir_shardmap *m, const void *key, void *val);
/* Stores *val; *val is the value before (WEIR_EEXIST), which is the caller's now, or as it was (0: the key was
 * absent). */
WEIR_NODISCARD WEIR_API int weir_shardmap_swap(weir_shardmap *m, const void *key, void *val);
/* Removes, and gives the value to *val (may be NULL): it is the caller's now. Returns 0, WEIR_ENOENT. */
WEIR_API int weir_shardmap_take(weir_shardmap *m, const void *key, void *val);
/* Removes. Returns 0, WEIR_ENOENT. */
WEIR_API int weir_shardmap_delete(weir_shardmap *m, const void *key);
/* Stores *val, or removes, if the value is the same as *expect. Returns 0; WEIR_EEXIST: it is another one;
 * WEIR_ENOENT. */
WEIR_NODISCARD WEIR_API int weir_shardmap_cas(weir_shardmap *m, const void *key, const void *expect,
                                              const void *val);
WEIR_NODISCARD WEIR_API int weir_shardmap_cad(weir_shardmap *m, const void *key,
                                              const void *expect);
/* Calls fn once, with the value, or zeros where there is none, under a lock that keeps all writers and visits
 * of the key away until it returns, and does what it returns, one of enum weir_update. fn must not wait. What
 * it stores is the value that was there, changed: that is not dropped. What it removes is dropped, as it was
 * before. Returns 0; WEIR_ENOENT: there was no entry, and none was put. */
typedef int weir_shardmap_update_fn(void *val, bool there, void *arg);
WEIR_NODISCARD WEIR_API int weir_shardmap_update(weir_shardmap *m, const void *key,
                                                 weir_shardmap_update_fn *fn, void *arg);

/* ---- computing what is absent --------------------------------------------------------------------------- */

/* A copy of the value to *val; if the key is absent, fn is called, under no lock, and the value that it gives is
 * stored: as weir_map_compute_u64_wait (weir/map_u64.h), where all is said, with the same results, in maps of
 * each `sync`. What fn gave and was not stored is given to `drop` before the call returns. What the value points
 * to may be dropped by another thread at any time: to use it, visit. */
WEIR_NODISCARD WEIR_API int weir_shardmap_compute_wait(weir_shardmap *m, const void *key,
                                                       weir_map_compute_fn *fn, void *arg,
                                                       void *val, weir_time deadline,
                                                       weir_ctx *ctx);
WEIR_NODISCARD WEIR_INLINE int weir_shardmap_compute(weir_shardmap *m, const void *key,
                                                     weir_map_compute_fn *fn, void *arg,
                                                     void *val) {
    return weir_shardmap_compute_wait(m, key, fn, arg, val, WEIR_FOREVER, NULL);
}

/* ---- all entries ---------------------------------------------------------------------------------------- */

/* As weir_map_next: met once, under the same rules, shard by shard. */
WEIR_API ptrdiff_t weir_shardmap_next(weir_shardmap *m, struct weir_map_cursor *c, void *keys,
                                      void *vals, size_t n);
/* Calls fn for each entry, under the rules of next, until it returns something else than 0, which is returned;
 * or WEIR_ENOMEM. It is called under no lock, and may use the map; but where entries are nodes in a guard: it
 * must not wait for long. */
WEIR_API int weir_shardmap_each(weir_shardmap *m, weir_map_fn *fn, void *arg);

/* ---- statistics ----------------------------------------------------------------------------------------- */

WEIR_API unsigned weir_shardmap_shards(const weir_shardmap *m);
/* Of one shard, or of all, summed: WEIR_SHARDMAP_ALL. entries is counted, and exact while nobody writes. Looks
 * at all lines; plain maps are locked meanwhile, a shard at a time. Returns 0, WEIR_EINVAL. */
#define WEIR_SHARDMAP_ALL UINT32_MAX
WEIR_API int weir_shardmap_read_stats(weir_shardmap *m, uint32_t shard, struct weir_map_stats *out);

#ifdef __cplusplus
}
#endif
#endif
