/* SPDX-License-Identifier: MIT */
/* weir/map_u64.h - a weir_map of words: keys and values of 64 bits, see weir/map.h. All that its calls return is
 * said here but for WEIR_EINVAL: NULL for a map or an array. */
#ifndef WEIR_MAP_U64_H
#define WEIR_MAP_U64_H

#include <weir/detail/word_hash.h>
#include <weir/map.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- reading -------------------------------------------------------------------------------------------- */

/* The value to *val. Returns 0, WEIR_ENOENT. */
WEIR_API int weir_map_get_u64_(weir_map *m, uint64_t hash, uint64_t *val);
WEIR_INLINE int weir_map_get_u64(weir_map *m, uint64_t key, uint64_t *val) {
    return weir_map_get_u64_(m, weir_word_hash_(key, m ? *(const uint64_t *)(const void *)m : 0),
                             val);
}

/* n gets, one after the other, whose lines are asked for ahead: vals[i] is that of keys[i], found[i] whether
 * there is one. Returns how many there are. */
WEIR_API ptrdiff_t weir_map_get_many_u64(weir_map *m, const uint64_t *keys, uint64_t *vals,
                                         bool *found, size_t n);

/* ---- writing -------------------------------------------------------------------------------------------- */

/* Each of these returns, beside what stands there, for a key that is new:
 *   WEIR_ENOMEM                               nothing was changed
 *   WEIR_ETIMEDOUT, WEIR_EAGAIN, ctx's error  garbage has reached its limit (WEIR_EAGAIN: with WEIR_NOW); for all keys: a
 *                                             fork is being made (weir_rcu_fork_prepare); nothing was changed
 * and, once it has ended, ctx's error at once. */

/* Stores. Returns 0. */
WEIR_NODISCARD WEIR_API int weir_map_put_u64_wait(weir_map *m, uint64_t key, uint64_t val,
                                                  weir_time deadline, weir_ctx *ctx);
/* Stores *val if the key is absent (0); else *val is the value that is there (WEIR_EEXIST). */
WEIR_NODISCARD WEIR_API int weir_map_get_or_put_u64_wait(weir_map *m, uint64_t key, uint64_t *val,
                                                         weir_time deadline, weir_ctx *ctx);
/* Stores *val; *val is the value before (WEIR_EEXIST), or as it was (0: the key was absent). */
WEIR_NODISCARD WEIR_API int weir_map_swap_u64_wait(weir_map *m, uint64_t key, uint64_t *val,
                                                   weir_time deadline, weir_ctx *ctx);

WEIR_NODISCARD WEIR_INLINE int weir_map_put_u64(weir_map *m, uint64_t key, uint64_t val) {
    return weir_map_put_u64_wait(m, key, val, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_map_get_or_put_u64(weir_map *m, uint64_t key, uint64_t *val) {
    return weir_map_get_or_put_u64_wait(m, key, val, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_map_swap_u64(weir_map *m, uint64_t key, uint64_t *val) {
    return weir_map_swap_u64_wait(m, key, val, WEIR_FOREVER, NULL);
}

/* ---- computing what is absent --------------------------------------------------------------------------- */

/* Gives the value of key to *val, and 0; or a negative code, WEIR_EEXIST excepted, and no value. */
typedef int weir_map_compute_fn_u64(uint64_t key, uint64_t *val, void *arg);

/* The value of key to *val; if the key is absent, fn is called, and the value that it gives is stored. Of
 * several such calls for a key one at a time calls its fn; the others wait for that, until `deadline` or the
 * end of ctx, and get what it has stored. If it fails, the one that has waited longest calls its own.
 *
 * fn is called by this thread, under no lock, in no guard but the caller's; it may take long, and use the map.
 * Meanwhile calls for other keys are not held up, nor are get, put, delete and the like of this one: a value
 * that was put stays, what fn gave is dropped, and no delete concerns it. fn may end its thread (pthread_exit,
 * pthread_cancel), and the next call goes on; it may not leave by longjmp. Deadline and ctx do not interrupt it.
 *
 * Returns
 *   0              this call has computed *val, and stored it
 *   WEIR_EEXIST    *val was there, or another call has put or computed it meanwhile
 *   fn's error     it was called by this call; also WEIR_ENOMEM, WEIR_ETIMEDOUT, WEIR_EAGAIN or ctx's error if
 *                  what it gave could not be stored (as put), and is lost
 * and without having called fn
 *   ctx's error, WEIR_ETIMEDOUT   while another call computes; ctx's error also if it had ended before
 *   WEIR_EBUSY     with WEIR_NOW: another call computes
 *   WEIR_EDEADLK   this thread computes the key: the call comes from its fn, at however many removes; or a thread
 *                  does that waits, in such a call of any map, for this one, or for one that waits for this
 *                  one, and so on; or it would have to wait inside a guard, in a retired object's function, or
 *                  in a function that a weir_shardmap, also another one, calls under a lock
 *   WEIR_ENOMEM    the thread's first wait; also if fn returned what it must not: WEIR_EINVAL
 * Cost: of a key that is there, a get. Else a lock that all maps share with a 64th of all keys, twice. */
WEIR_NODISCARD WEIR_API int weir_map_compute_u64_wait(weir_map *m, uint64_t key,
                                                      weir_map_compute_fn_u64 *fn, void *arg,
                                                      uint64_t *val, weir_time deadline,
                                                      weir_ctx *ctx);
WEIR_NODISCARD WEIR_INLINE int weir_map_compute_u64(weir_map *m, uint64_t key,
                                                    weir_map_compute_fn_u64 *fn, void *arg,
                                                    uint64_t *val) {
    return weir_map_compute_u64_wait(m, key, fn, arg, val, WEIR_FOREVER, NULL);
}

/* ---- writing what is there ------------------------------------------------------------------------------ */

/* These neither wait for garbage nor need memory. */

/* Removes, and gives the value to *val (may be NULL). Returns 0, WEIR_ENOENT. */
WEIR_API int weir_map_take_u64(weir_map *m, uint64_t key, uint64_t *val);
WEIR_API int weir_map_delete_u64(weir_map *m, uint64_t key);
/* Stores val, or removes, if the value is `expect`. Returns 0; WEIR_EEXIST: it is another one; WEIR_ENOENT. */
WEIR_API int weir_map_cas_u64(weir_map *m, uint64_t key, uint64_t expect, uint64_t val);
WEIR_API int weir_map_cad_u64(weir_map *m, uint64_t key, uint64_t expect);

/* ---- all entries ---------------------------------------------------------------------------------------- */

/* The next entries, at most n; returns how many, 0: there are no more. An entry that is there from the
 * beginning to the end of the walk is met once; no key is met twice, also if it is removed and put again, and
 * however the map grows and shrinks; of an entry that is put, changed or removed meanwhile, a value that it had
 * then, or nothing. The walk ends, whatever is put. WEIR_ETOOBIG: n is too small, c->need would do; the cursor
 * stands where it was. (Entries of one hash are met together; of words there is one.) */
WEIR_API ptrdiff_t weir_map_next_u64(weir_map *m, struct weir_map_cursor *c, uint64_t *keys,
                                     uint64_t *vals, size_t n);

/* Calls fn for each entry, under the rules of next, until it returns something else than 0, which is returned.
 * fn may use the map. It is called in a guard, under no lock: it must not wait for long, and what it writes
 * does not wait for garbage. */
typedef int weir_map_fn_u64(uint64_t key, uint64_t val, void *arg);
WEIR_API int weir_map_each_u64(weir_map *m, weir_map_fn_u64 *fn, void *arg);

#ifdef __cplusplus
}
#endif
#endif
