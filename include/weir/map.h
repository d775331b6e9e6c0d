/* SPDX-License-Identifier: MIT */
/* weir/map.h - a map for many readers, in the role of Go's sync.Map: reads are wait-free and write nothing that
 * threads share. Keys and values are words of 64 bits.
 *
 *   struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
 *   weir_map *m;
 *   if (weir_map_new(&m, &o) == 0) ...
 *   rc = weir_map_put(m, 17, 4711);
 *   if (weir_map_get(m, 17, &v) == 0) ...
 *
 * Every value may be stored: absence has a result of its own, WEIR_ENOENT. Each call on one key is linearizable
 * with all others on that key.
 *
 * | operation                                     | progress                                                      |
 * |-----------------------------------------------|---------------------------------------------------------------|
 * | get, get_many, len                            | wait-free; a thread's first takes a short lock to register it |
 * | put, get_or_put, swap, take, delete, cas, cad | blocking: a lock of the line in which the key has its place   |
 * | next, each, clear                             | blocking: the same, of one line after the other               |
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

struct weir_map_opts {
    size_t size;               /* sizeof this struct; WEIR_MAP_OPTS sets it */
    size_t key_size, val_size; /* 8 and 8 */
    size_t hint;               /* entries that have room at once, and after any removal; 0: a few */
    uint64_t seed;             /* of the hash; 0: a random one */
    /* NULL: malloc. Called by any thread, weir's included, with no lock of weir held. */
    const struct weir_alloc *alloc;
};
#define WEIR_MAP_OPTS(K, V) { sizeof(struct weir_map_opts), sizeof(K), sizeof(V), 0, 0, NULL }

/* An empty map. Returns 0, WEIR_EINVAL (NULL, sizes of 0, an allocator without functions), WEIR_ENOTSUP (other
 * sizes than 8), WEIR_ETOOBIG (hint), WEIR_ENOMEM; *out is NULL then. */
WEIR_NODISCARD WEIR_API int weir_map_new(weir_map **out, const struct weir_map_opts *opts);
/* No other thread may be inside. Of a map with an allocator it waits until all that this was asked for is given
 * back, and what weir_rcu_barrier waits for beside. Returns 0 (also for NULL), or that call's error, with
 * nothing done. */
WEIR_API int weir_map_free(weir_map *m);

/* Any thread may make the calls below, and inside a guard. WEIR_EINVAL: NULL for a map or an array. */

/* ---- reading -------------------------------------------------------------------------------------------- */

/* The value to *val. Returns 0, WEIR_ENOENT. */
WEIR_API int weir_map_get(weir_map *m, uint64_t key, uint64_t *val);

/* n gets, one after the other, whose lines are asked for ahead: vals[i] is that of keys[i], found[i] whether there is
 * one. Returns how many there are. */
WEIR_API ptrdiff_t weir_map_get_many(weir_map *m, const uint64_t *keys, uint64_t *vals, bool *found,
                                     size_t n);

/* Entries: exact while nobody writes; else off by no more than the calls that are in flight. */
WEIR_API size_t weir_map_len(const weir_map *m);

/* ---- writing -------------------------------------------------------------------------------------------- */

/* Each of these returns, beside what stands there, for a key that is new:
 *   WEIR_ENOMEM                               nothing was changed
 *   WEIR_ETIMEDOUT, WEIR_EAGAIN, ctx's error  garbage has reached its limit (WEIR_EAGAIN: with WEIR_NOW)
 * and, once it has ended, ctx's error at once. */

/* Stores. Returns 0. */
WEIR_NODISCARD WEIR_API int weir_map_put_wait(weir_map *m, uint64_t key, uint64_t val,
                                              weir_time deadline, weir_ctx *ctx);
/* Stores *val if the key is absent (0); else *val is the value that is there (WEIR_EEXIST). */
WEIR_NODISCARD WEIR_API int weir_map_get_or_put_wait(weir_map *m, uint64_t key, uint64_t *val,
                                                     weir_time deadline, weir_ctx *ctx);
/* Stores *val; *val is the value before (WEIR_EEXIST), or as it was (0: the key was absent). */
WEIR_NODISCARD WEIR_API int weir_map_swap_wait(weir_map *m, uint64_t key, uint64_t *val,
                                               weir_time deadline, weir_ctx *ctx);

WEIR_NODISCARD WEIR_INLINE int weir_map_put(weir_map *m, uint64_t key, uint64_t val) {
    return weir_map_put_wait(m, key, val, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_map_get_or_put(weir_map *m, uint64_t key, uint64_t *val) {
    return weir_map_get_or_put_wait(m, key, val, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_map_swap(weir_map *m, uint64_t key, uint64_t *val) {
    return weir_map_swap_wait(m, key, val, WEIR_FOREVER, NULL);
}

/* These neither wait for garbage nor need memory. */

/* Removes, and gives the value to *val (may be NULL). Returns 0, WEIR_ENOENT. */
WEIR_API int weir_map_take(weir_map *m, uint64_t key, uint64_t *val);
WEIR_API int weir_map_delete(weir_map *m, uint64_t key);
/* Stores val, or removes, if the value is `expect`. Returns 0; WEIR_EEXIST: it is another one; WEIR_ENOENT. */
WEIR_API int weir_map_cas(weir_map *m, uint64_t key, uint64_t expect, uint64_t val);
WEIR_API int weir_map_cad(weir_map *m, uint64_t key, uint64_t expect);

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
    size_t need; /* after WEIR_ETOOBIG */
};
#define WEIR_MAP_CURSOR { 0, false, 0 }

/* The next entries, at most n; returns how many, 0: there are no more. An entry that is there from the
 * beginning to the end of the walk is met once; no key is met twice, also if it is removed and put again, and
 * however the map grows and shrinks; of an entry that is put, changed or removed meanwhile, a value that it had
 * then, or nothing. The walk ends, whatever is put. WEIR_ETOOBIG: n is too small, c->need would do; the cursor
 * stands where it was. (Entries of one hash are met together; of words there is one.) */
WEIR_API ptrdiff_t weir_map_next(weir_map *m, struct weir_map_cursor *c, uint64_t *keys,
                                 uint64_t *vals, size_t n);

/* Calls fn for each entry, under the rules of next, until it returns something else than 0, which is returned.
 * fn may use the map. It is called in a guard, under no lock: it must not wait for long, and what it writes
 * does not wait for garbage. */
typedef int weir_map_fn(uint64_t key, uint64_t val, void *arg);
WEIR_API int weir_map_each(weir_map *m, weir_map_fn *fn, void *arg);

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
