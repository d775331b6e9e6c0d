/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/map_kind.h - weir's maps of words behind one table of verbs, for scenarios of real threads that
 * are written once for all of them. Results are those of weir/map_u64.h. */
#ifndef WEIR_STRESS_MAP_KIND_H
#define WEIR_STRESS_MAP_KIND_H

#include <weir/base.h>
#include <weir/map_u64.h>

/* What a kind has. */
enum {
    KIND_STANDS = 1,  /* `points` */
    KIND_GARBAGE = 2, /* what it leaves behind waits for a grace period */
    KIND_STAMPS = 4,  /* also the places of removed entries, by the number of the period */
    KIND_PLAIN = 8,   /* one to compare with: bodies that say so */
};

struct map_shape {
    size_t hint;
    uint64_t seed; /* 0: a random one */
    const struct weir_alloc *alloc;
};

typedef int map_update_fn(uint64_t *val, bool there, void *arg); /* enum weir_update */

struct map_kind {
    const char *name;
    unsigned has;
    int (*make)(void **map, const struct map_shape *s);
    int (*free)(void *map);
    int (*get)(void *map, uint64_t key, uint64_t *val);
    ptrdiff_t (*get_many)(void *map, const uint64_t *keys, uint64_t *vals, bool *found, size_t n);
    /* The deadline means something where writers wait for room. */
    int (*put)(void *map, uint64_t key, uint64_t val, weir_time deadline);
    int (*get_or_put)(void *map, uint64_t key, uint64_t *val, weir_time deadline);
    int (*swap)(void *map, uint64_t key, uint64_t *val, weir_time deadline);
    int (*take)(void *map, uint64_t key, uint64_t *val);
    int (*del)(void *map, uint64_t key);
    int (*cas)(void *map, uint64_t key, uint64_t expect, uint64_t val);
    int (*cad)(void *map, uint64_t key, uint64_t expect);
    int (*add)(void *map, uint64_t key, uint64_t delta); /* 1 more, or 0; NULL: it has none such */
    int (*update)(void *map, uint64_t key, map_update_fn *fn, void *arg); /* NULL: the same */
    int (*clear)(void *map);
    int (*reserve)(void *map, size_t n);
    size_t (*len)(void *map);
    int (*each)(void *map, weir_map_fn_u64 *fn, void *arg);
    ptrdiff_t (*next)(void *map, struct weir_map_cursor *c, uint64_t *keys, uint64_t *vals,
                      size_t n);
    uint64_t (*resizes)(void *map); /* ended, in both directions */
    /* Places where a thread may stand still, and stops no reader, ended by NULL. */
    const char *const *points;
};

extern const struct map_kind map_words, map_shard, map_shard_mutex, map_shard_rwlock, map_one_mutex,
    map_one_rwlock;

/* Keys by number: those of 0 up to `crowd` share a line in a table of any size, the others are spread. */
uint64_t map_key_of(uint64_t i, uint64_t crowd, uint64_t seed);

#endif
