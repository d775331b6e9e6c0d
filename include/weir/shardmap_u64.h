/* SPDX-License-Identifier: MIT */
/* weir/shardmap_u64.h - a weir_shardmap of words: keys and values of 64 bits, see weir/shardmap.h. All that its
 * calls return is said here but for WEIR_EINVAL: NULL for a map, an array or a function; and WEIR_EDEADLK: in a
 * function that an update or a visit of this map has called. */
#ifndef WEIR_SHARDMAP_U64_H
#define WEIR_SHARDMAP_U64_H

#include <weir/map_u64.h>
#include <weir/shardmap.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- reading -------------------------------------------------------------------------------------------- */

/* The value to *val. Returns 0, WEIR_ENOENT. */
WEIR_API int weir_shardmap_get_u64_(weir_shardmap *m, uint64_t hash, uint64_t *val);
WEIR_INLINE int weir_shardmap_get_u64(weir_shardmap *m, uint64_t key, uint64_t *val) {
    return weir_shardmap_get_u64_(
        m, weir_word_hash_(key, m ? *(const uint64_t *)(const void *)m : 0), val);
}

/* n gets, one after the other, whose lines are asked for ahead: vals[i] is that of keys[i], found[i] whether
 * there is one. Returns how many there are. */
WEIR_API ptrdiff_t weir_shardmap_get_many_u64(weir_shardmap *m, const uint64_t *keys,
                                              uint64_t *vals, bool *found, size_t n);

/* Calls fn with the value, under a lock that keeps all writers of the key away until it returns; and other visits,
 * but for those of a plain map with read-write locks. fn must not wait. Returns what fn does, or WEIR_ENOENT. */
typedef int weir_shardmap_visit_fn_u64(uint64_t key, uint64_t val, void *arg);
WEIR_API int weir_shardmap_visit_u64(weir_shardmap *m, uint64_t key, weir_shardmap_visit_fn_u64 *fn,
                                     void *arg);

/* ---- writing -------------------------------------------------------------------------------------------- */

/* Each of these returns, beside what stands there, WEIR_ENOMEM for a key that is new: nothing was changed. */

/* Stores. Returns 0. */
WEIR_NODISCARD WEIR_API int weir_shardmap_put_u64(weir_shardmap *m, uint64_t key, uint64_t val);
/* Stores *val if the key is absent (0); else *val is the value that is there (WEIR_EEXIST). */
WEIR_NODISCARD WEIR_API int weir_shardmap_get_or_put_u64(weir_shardmap *m, uint64_t key,
                                                         uint64_t *val);
/* Stores *val; *val is the value before (WEIR_EEXIST), or as it was (0: the key was absent). */
WEIR_NODISCARD WEIR_API int weir_shardmap_swap_u64(weir_shardmap *m, uint64_t key, uint64_t *val);
/* Adds, modulo 2^64, to what is there (WEIR_EEXIST), or to 0 where nothing is (0). The sum to *sum (may be
 * NULL). */
WEIR_NODISCARD WEIR_API int weir_shardmap_add_u64(weir_shardmap *m, uint64_t key, uint64_t delta,
                                                  uint64_t *sum);
/* Calls fn once, with the value, or 0 where there is none, under a lock that keeps everybody away from the key
 * until it returns, and does what it returns, one of enum weir_update. fn must not wait. Returns 0;
 * WEIR_ENOENT: there was no entry, and none was put. */
typedef int weir_shardmap_update_fn_u64(uint64_t *val, bool there, void *arg);
WEIR_NODISCARD WEIR_API int weir_shardmap_update_u64(weir_shardmap *m, uint64_t key,
                                                     weir_shardmap_update_fn_u64 *fn, void *arg);

/* The value of key to *val; if the key is absent, fn is called, under no lock, and what it gives is stored: as
 * weir_map_compute_u64_wait, with the same results. Not in a function that an update or a visit has called. */
WEIR_NODISCARD WEIR_API int weir_shardmap_compute_u64_wait(weir_shardmap *m, uint64_t key,
                                                           weir_map_compute_fn_u64 *fn, void *arg,
                                                           uint64_t *val, weir_time deadline,
                                                           weir_ctx *ctx);
WEIR_NODISCARD WEIR_INLINE int weir_shardmap_compute_u64(weir_shardmap *m, uint64_t key,
                                                         weir_map_compute_fn_u64 *fn, void *arg,
                                                         uint64_t *val) {
    return weir_shardmap_compute_u64_wait(m, key, fn, arg, val, WEIR_FOREVER, NULL);
}

/* These need no memory. */

/* Removes, and gives the value to *val (may be NULL). Returns 0, WEIR_ENOENT. */
WEIR_API int weir_shardmap_take_u64(weir_shardmap *m, uint64_t key, uint64_t *val);
WEIR_API int weir_shardmap_delete_u64(weir_shardmap *m, uint64_t key);
/* Stores val, or removes, if the value is `expect`. Returns 0; WEIR_EEXIST: it is another one; WEIR_ENOENT. */
WEIR_API int weir_shardmap_cas_u64(weir_shardmap *m, uint64_t key, uint64_t expect, uint64_t val);
WEIR_API int weir_shardmap_cad_u64(weir_shardmap *m, uint64_t key, uint64_t expect);

/* ---- all entries ---------------------------------------------------------------------------------------- */

/* As weir_map_next_u64: met once, under the same rules, shard by shard. */
WEIR_API ptrdiff_t weir_shardmap_next_u64(weir_shardmap *m, struct weir_map_cursor *c,
                                          uint64_t *keys, uint64_t *vals, size_t n);
/* Calls fn for each entry, under the rules of next, until it returns something else than 0, which is returned.
 * It is called under no lock, and may use the map. */
WEIR_API int weir_shardmap_each_u64(weir_shardmap *m, weir_map_fn_u64 *fn, void *arg);

#ifdef __cplusplus
}
#endif
#endif
