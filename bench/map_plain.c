/* SPDX-License-Identifier: MIT */
/* bench/map_plain.c - what storing beside readers costs at least: a table of pairs, linear probing, half full, without any
 * synchronisation; a value is replaced by a relaxed store in its place, and read by a relaxed load. It
 * neither grows nor deletes, and a second thread must put no new keys (WB_MAP_IN_PLACE). */
#include <stdlib.h>

#include "map_run.h"
#include "maps_list.h"

struct pair {
    uint64_t key, val; /* key 0: none; wb_map_key makes no 0 */
};

struct plain {
    uint64_t mask;
    size_t len;
    struct pair pair[];
};

static void *make(size_t hint, unsigned threads) {
    size_t n = 64;
    (void)threads;
    while (n < 2 * hint) n *= 2;
    struct plain *p = calloc(1, sizeof *p + n * sizeof *p->pair);
    if (p) p->mask = n - 1;
    return p;
}

static size_t len(void *m) { return ((struct plain *)m)->len; }

static size_t bytes(void *m) {
    return sizeof(struct plain) + (((struct plain *)m)->mask + 1) * sizeof(struct pair);
}

WB_LOOP struct pair *find(struct plain *p, uint64_t key) {
    for (uint64_t i = wb_map_hash(key);; i++) {
        struct pair *at = &p->pair[i & p->mask];
        uint64_t is = __atomic_load_n(&at->key, __ATOMIC_RELAXED);
        if (is == key || is == 0) return at;
    }
}

WB_LOOP bool get(struct plain *p, uint64_t key, uint64_t *val) {
    struct pair *at = find(p, key);
    if (__atomic_load_n(&at->key, __ATOMIC_RELAXED) == 0) return false;
    *val = __atomic_load_n(&at->val, __ATOMIC_RELAXED);
    return true;
}

WB_LOOP enum wb_map_put put(struct plain *p, uint64_t key, uint64_t val) {
    struct pair *at = find(p, key);
    bool there = __atomic_load_n(&at->key, __ATOMIC_RELAXED) != 0;
    if (!there && p->len > p->mask / 2) return WB_MAP_REFUSED;
    __atomic_store_n(&at->val, val, __ATOMIC_RELAXED);
    if (there) return WB_MAP_OLD;
    __atomic_store_n(&at->key, key, __ATOMIC_RELAXED);
    p->len++;
    return WB_MAP_NEW;
}

#define MAP_NAME plain
#define MAP_T struct plain
#define MAP_GET(m, k, pv) get(m, k, pv)
#define MAP_PUT(m, k, v) put(m, k, v)
#define MAP_DEL(m, k) ((void)(m), (void)(k), false)
#include "map_loops.h"

WB_MAP(wb_map_plain, "plain", "map", NULL, "no synchronisation: values are replaced in place",
       WB_MAP_PRESIZED | WB_MAP_IN_PLACE, make, free, NULL, NULL, len, bytes, plain);
