/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/map_kind.h - kinds of maps, for the programs of map.h. */
#ifndef WEIR_STRESS_SCENARIO_MAP_KIND_H
#define WEIR_STRESS_SCENARIO_MAP_KIND_H

#include <weir/map_u64.h>

#include "../../../maps/core.h"

struct map_kind {
    int (*open)(void **m); /* with seed 1 */
    int (*close)(void *m);
    struct weir__core *(*core)(void *m); /* it has one */
    int (*get)(void *m, uint64_t key, uint64_t *val);
    int (*put)(void *m, uint64_t key, uint64_t val);
    int (*get_or_put)(void *m, uint64_t key, uint64_t *val);
    int (*swap)(void *m, uint64_t key, uint64_t *val);
    int (*take)(void *m, uint64_t key, uint64_t *val);
    int (*cas)(void *m, uint64_t key, uint64_t expect, uint64_t val);
    int (*cad)(void *m, uint64_t key, uint64_t expect);
    int (*visit)(void *m, uint64_t key, uint64_t *val);   /* a get under the lock */
    int (*update)(void *m, uint64_t key, uint64_t *val);  /* a swap by a function under the lock */
    int (*extract)(void *m, uint64_t key, uint64_t *val); /* a take by a function under the lock */
    int (*clear)(void *m);
    ptrdiff_t (*next)(void *m, struct weir_map_cursor *c, uint64_t *keys, uint64_t *vals, size_t n);
    size_t (*len)(void *m);
    int (*stats)(void *m, struct weir_map_stats *out); /* of strings */
};
extern const struct map_kind map_kind_map, map_kind_lines, map_kind_mutex, map_kind_rwlock;
/* Of nodes: with the hashes of words; with those of 0 and 1, 2 and 3, ... the same; with an equality of the user's. A visit
 * of these is a value that is lent, and looked at twice. */
extern const struct map_kind map_kind_nodes, map_kind_same, map_kind_equal;
/* The first two as weir_shardmaps; and a plain one. */
extern const struct map_kind map_kind_snodes, map_kind_ssame, map_kind_pnodes;
/* From strings of 8 bytes, whose nodes statistics look at. */
extern const struct map_kind map_kind_strings, map_kind_sstrings, map_kind_pstrings;
#define MAP_STRING_BYTES 56 /* of an entry */

#endif
