/* SPDX-License-Identifier: MIT */
/* tests/maps/kind.h - a kind of map, as the cases of this folder use it. Each test program has one. */
#ifndef WEIR_TESTS_MAPS_KIND_H
#define WEIR_TESTS_MAPS_KIND_H

#include <weir/map_u64.h>

#include "../support/check.h"
#include "../support/failing_alloc.h"
#include "../support/points.h"
#include "../support/threads.h"

#define MS INT64_C(1000000)

struct kind {
    const char *name;
    void *(*open)(size_t hint, const struct weir_alloc *alloc); /* NULL: refused */
    int (*close)(void *m);
    int (*get)(void *m, uint64_t key, uint64_t *val);
    ptrdiff_t (*get_many)(void *m, const uint64_t *keys, uint64_t *vals, bool *found, size_t n);
    int (*put)(void *m, uint64_t key, uint64_t val);
    int (*get_or_put)(void *m, uint64_t key, uint64_t *val);
    int (*swap)(void *m, uint64_t key, uint64_t *val);
    int (*take)(void *m, uint64_t key, uint64_t *val);
    int (*del)(void *m, uint64_t key);
    int (*cas)(void *m, uint64_t key, uint64_t expect, uint64_t val);
    int (*cad)(void *m, uint64_t key, uint64_t expect);
    int (*clear)(void *m);
    size_t (*len)(void *m);
    int (*each)(void *m, weir_map_fn_u64 *fn, void *arg);
    ptrdiff_t (*next)(void *m, struct weir_map_cursor *c, uint64_t *keys, uint64_t *vals, size_t n);
    int (*reserve)(void *m, size_t n);
    void (*stats)(void *m, struct weir_map_stats *out);
    size_t (*places)(void *m); /* entries that its table is made for, about */
    bool rcu;                  /* what it removes waits for readers, who wait for nobody */
    bool nodes;                /* each store needs memory */
    size_t (*entry_bytes)(uint64_t key); /* of an entry, beside the table; NULL: none */
};
extern const struct kind K;

/* A map that a test cannot go on without. */
void *map_open(size_t hint);
void map_end(void *m);
/* A key whose place is the first line of a table of any size, the n-th such. Of the kinds that choose by hash as
 * weir_map does, made with map_open. */
uint64_t crowded_key(uint64_t n);

/* What the cases are. */
#define MAP_CASES(XX)                                                               \
    XX("MAP1 a new map is empty and usable", map1_new)                              \
    XX("MAP2 MAP3 MAP17 get: absent, present, any value", map2_get)                 \
    XX("MAP2 get_many is so many gets", map2_many)                                  \
    XX("MAP7 get_or_put: what is there stays", map7_get_or_put)                     \
    XX("MAP9 MAP10 take and delete", map9_take)                                     \
    XX("MAP11 swap", map11_swap)                                                    \
    XX("MAP12 MAP13 MAP14 MAP15 cas and cad", map12_cas)                            \
    XX("MAP bad input", map_bad_input)                                              \
    XX("MAP random operations against a table", map_random)                         \
    XX("MAP4 MAP5 what came before a write is seen after a read", map4_edges)       \
    XX("MAP4 what came before a take is seen by who finds nothing", map4_absent)    \
    XX("MAP8 one of many get_or_puts stores", map8_winner)                          \
    XX("MAP9 one of many takes gets it", map9_race)                                 \
    XX("MAP11 each value swapped in comes out once", map11_chain)                   \
    XX("MAP16 counters by cas lose nothing", map16_counter)                         \
    XX("MAP6 MAP20 keys of their own beside each other", map6_own_keys)             \
    XX("MAP18 each: one after the other, until told", map18_each)                   \
    XX("MAP24 each looks at what it has visited only", map24_early)                 \
    XX("MAP19 MAP20 MAP21 walks while it grows and shrinks", map19_walks)           \
    XX("MAP19 MAP20 a cursor across a resize, batch by batch", map19_cursor)        \
    XX("MAP22 each: the function may use the map", map22_reenter)                   \
    XX("MAP23 each ends though its function inserts", map23_ends)                   \
    XX("MAP25 MAP27 clear", map25_clear)                                            \
    XX("MAP25 MAP26 MAP27 clear beside writers and readers", map26_race)            \
    XX("MAP32 len: exact at rest", map32_len)                                       \
    XX("MAP34 allocation failure: nothing changes", map34_memory)                   \
    XX("MAP34 a resize that fails leaves it right", map34_resize)                   \
    XX("MAP36 keys of one place", map36_crowd)                                      \
    XX("MAP a put and delete loop leaves no chain", map_loop)                       \
    XX("MAP two maps that are emptied in turn shrink", map_shrinks_in_turn)         \
    XX("MAP20 it shrinks, and keeps what is there", map_shrinks)                    \
    XX("MAP writers of one line, more than processors", map_crowded_lock)           \
    XX("MAP reserve and hint", map_reserve)                                         \
    XX("MAP a reserve that was refused leaves nothing behind", map_reserve_refused) \
    XX("MAP statistics while it grows and shrinks", map_look)                       \
    XX("MAP statistics: all memory that it has", map_memory)
/* Of kinds that are rcu. */
#define MAP_RCU_CASES(XX)                                                 \
    XX("MAP31 a writer stopped in its lock stops no read", map31_stopped) \
    XX("MAP20 a chain is written anew beside readers", map_anew)          \
    XX("MAP reserve while garbage is at its limit", map_reserve_limit)    \
    XX("MAP22 what each's function writes does not wait", map22_limit)    \
    XX("MAP what a table leaves behind is counted", map_garbage_counted)  \
    XX("MAP30 reads store nothing in the map's memory", map30_no_store)

#define XX(name, fn) void fn(void);
MAP_CASES(XX)
MAP_RCU_CASES(XX)
#undef XX

#endif
