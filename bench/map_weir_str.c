/* SPDX-License-Identifier: MIT */
/* bench/map_weir_str.c - weir's maps of strings as kinds; see maps.h.
 *
 *   weir_map       keys are strings, and the 64 bytes of a value stand in the entry's node
 *   weir_map_ptr   the values are pointers to 64 bytes that the user has allocated, through the verbs of weir/map_str.h; `drop` frees
 *                  them, and a reader copies inside a guard */
#include <weir/map_str.h>
#include <weir/rcu.h>

#include <stdlib.h>

#include "map_nodes.h"
#include "map_run.h"
#include "map_team.h"
#include "maps_list.h"

static void *open_with(struct weir_map_opts *o, size_t hint) {
    weir_map *m;
    o->hint = hint;
    return weir_map_new(&m, o) == 0 ? m : NULL;
}

static void dispose(void *m) { (void)weir_map_free(m); }
static size_t len(void *m) { return weir_map_len(m); }

static size_t table_bytes(void *m) {
    struct weir_map_stats s = WEIR_MAP_STATS;
    return weir_map_read_stats(m, &s) == 0 ? s.bytes : 0;
}

static void stall(void *m, void (*wait)(void *arg), void *arg) {
    weir_guard g = weir_rcu_enter();
    (void)weir_map_len(m);
    wait(arg);
    (void)weir_rcu_exit(g);
}

static struct weir_str str(struct wb_map_str k) {
    struct weir_str s = { k.ptr, k.len };
    return s;
}

/* ---- values in the node ------------------------------------------------------------------------------ */

static void *node_make(size_t hint, unsigned threads) {
    struct weir_map_opts o = WEIR_MAP_OPTS(struct weir_str, struct wb_map_val);
    (void)threads;
    o.keys = WEIR_MAP_STRINGS;
    return open_with(&o, hint);
}

WB_LOOP bool node_get(weir_map *m, struct wb_map_str k, struct wb_map_val *v) {
    struct weir_str s = str(k);
    return weir_map_get(m, &s, v) == 0;
}

WB_LOOP enum wb_map_put node_put(weir_map *m, struct wb_map_str k, const struct wb_map_val *v) {
    struct weir_str s = str(k);
    return weir_map_put(m, &s, v) == 0 ? WB_MAP_PUT : WB_MAP_REFUSED;
}

WB_LOOP bool node_del(weir_map *m, struct wb_map_str k) {
    struct weir_str s = str(k);
    return weir_map_delete(m, &s) == 0;
}

#define MAP_NAME nodes
#define MAP_T weir_map
#define MAP_STRINGS
#define MAP_GET(m, k, pv) node_get(m, k, pv)
#define MAP_PUT(m, k, v) node_put(m, k, &(v))
#define MAP_DEL(m, k) node_del(m, k)
#include "map_loops.h"

/* ---- pointers to values ------------------------------------------------------------------------------ */

static void drop(void *val, void *arg) {
    (void)arg;
    free(*(void **)val);
}

static void *ptr_make(size_t hint, unsigned threads) {
    struct weir_map_opts o = WEIR_MAP_OPTS_STR;
    (void)threads;
    o.drop = drop;
    return open_with(&o, hint);
}

WB_LOOP bool ptr_get(weir_map *m, struct wb_map_str k, struct wb_map_val *v) {
    void *p;
    weir_guard g = weir_rcu_enter();
    bool there = weir_map_get_str(m, k.ptr, k.len, &p) == 0;
    if (there) *v = *(struct wb_map_val *)p;
    (void)weir_rcu_exit(g);
    return there;
}

WB_LOOP enum wb_map_put ptr_put(weir_map *m, struct wb_map_str k, const struct wb_map_val *v) {
    struct wb_map_val *p = malloc(sizeof *p);
    if (!p) return WB_MAP_REFUSED;
    *p = *v;
    if (weir_map_put_str(m, k.ptr, k.len, p) == 0) return WB_MAP_PUT;
    free(p);
    return WB_MAP_REFUSED;
}

#define MAP_NAME ptrs
#define MAP_T weir_map
#define MAP_STRINGS
#define MAP_GET(m, k, pv) ptr_get(m, k, pv)
#define MAP_PUT(m, k, v) ptr_put(m, k, &(v))
#define MAP_DEL(m, k) (weir_map_delete_str(m, (k).ptr, (k).len) == 0)
#include "map_loops.h"

/* ---- memory ------------------------------------------------------------------------------------------ */

size_t wb_map_beside(const struct wb_map *kind, size_t (*table)(void *map), size_t key_bytes) {
    enum { PROBE = 1000 };
    struct wb_map_work w = { .job = WB_MAP_FILL, .key_bytes = key_bytes, .step = 1, .end = PROBE };
    static const uint32_t go_on;
    size_t before = wb_heap();
    void *m = kind->make(PROBE, 1);
    if (!m) return 0;
    w.map = m;
    w.stop = &go_on;
    kind->run(&w);
    size_t grown = wb_heap() - before, held = table(m);
    kind->dispose(m);
    return grown > held ? (grown - held) / PROBE : 0;
}

/* Of one of its keys; 0: it has none. */
static size_t key_length(weir_map *m) {
    enum { SOME = 64 };
    struct weir_map_cursor c = WEIR_MAP_CURSOR;
    struct weir_str keys[SOME];
    struct wb_map_val vals[SOME]; /* more than pointers need */
    weir_guard g = weir_rcu_enter();
    ptrdiff_t n = weir_map_next(m, &c, keys, vals, SOME);
    size_t length = n > 0 ? keys[0].len : 0;
    (void)weir_rcu_exit(g);
    return length;
}

#define STRINGS(id, name, note, loops)                                                           \
    static size_t id##_bytes(void *m) {                                                          \
        static size_t each[2]; /* of keys of 16 and of 40 bytes */                               \
        size_t length = key_length(m), i = length > 16;                                          \
        if (length && !each[i]) each[i] = wb_map_beside(&wb_strmap_##id, table_bytes, length);   \
        return table_bytes(m) + weir_map_len(m) * each[i];                                       \
    }                                                                                            \
    WB_MAP_STALLS(wb_strmap_##id, name, "strmap", NULL, note, 0, id##_make, dispose, NULL, NULL, \
                  len, id##_bytes, loops, stall)

STRINGS(node, "weir_map", NULL, nodes);
STRINGS(ptr, "weir_map_ptr", "values are pointers", ptrs);
