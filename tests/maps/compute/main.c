/* SPDX-License-Identifier: MIT */
/* tests/maps/compute/main.c - the kinds of map, and what the cases share. */
#include "compute.h"

const struct kind *K;

/* ---- kinds -------------------------------------------------------------------------------------------------- */

static void *map_new(const struct weir_alloc *alloc) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    weir_map *m = NULL;
    o.alloc = alloc;
    return weir_map_new(&m, &o) == 0 ? m : NULL;
}
static int map_close(void *m) { return weir_map_free(m); }
static int map_get(void *m, uint64_t k, uint64_t *v) { return weir_map_get_u64(m, k, v); }
static int map_put(void *m, uint64_t k, uint64_t v) { return weir_map_put_u64(m, k, v); }
static int map_del(void *m, uint64_t k) { return weir_map_delete_u64(m, k); }
static int map_clear(void *m) { return weir_map_clear(m); }
static int map_each(void *m, weir_map_fn_u64 *fn, void *arg) {
    return weir_map_each_u64(m, fn, arg);
}
static int map_compute(void *m, uint64_t k, weir_map_compute_fn_u64 *fn, void *arg, uint64_t *v,
                       weir_time deadline, weir_ctx *ctx) {
    return deadline == WEIR_FOREVER && !ctx
               ? weir_map_compute_u64(m, k, fn, arg, v)
               : weir_map_compute_u64_wait(m, k, fn, arg, v, deadline, ctx);
}

static void *shard_open(struct weir_map_opts o, const struct weir_alloc *alloc) {
    weir_shardmap *m = NULL;
    o.alloc = alloc;
    o.sync = K->sync;
    if (o.sync != WEIR_MAP_MUTEX && o.sync != WEIR_MAP_RWLOCK) o.shards = 2;
    return weir_shardmap_new(&m, &o) == 0 ? m : NULL;
}
static void *shard_new(const struct weir_alloc *alloc) {
    return shard_open((struct weir_map_opts)WEIR_MAP_OPTS(uint64_t, uint64_t), alloc);
}
static int shard_close(void *m) { return weir_shardmap_free(m); }
static int shard_get(void *m, uint64_t k, uint64_t *v) { return weir_shardmap_get_u64(m, k, v); }
static int shard_put(void *m, uint64_t k, uint64_t v) { return weir_shardmap_put_u64(m, k, v); }
static int shard_del(void *m, uint64_t k) { return weir_shardmap_delete_u64(m, k); }
static int shard_clear(void *m) { return weir_shardmap_clear(m); }
static int shard_each(void *m, weir_map_fn_u64 *fn, void *arg) {
    return weir_shardmap_each_u64(m, fn, arg);
}
static int shard_compute(void *m, uint64_t k, weir_map_compute_fn_u64 *fn, void *arg, uint64_t *v,
                         weir_time deadline, weir_ctx *ctx) {
    return deadline == WEIR_FOREVER && !ctx
               ? weir_shardmap_compute_u64(m, k, fn, arg, v)
               : weir_shardmap_compute_u64_wait(m, k, fn, arg, v, deadline, ctx);
}

struct under_lock {
    void *m;
    void (*fn)(void *m);
};
static int called(const struct under_lock *u) {
    u->fn(u->m);
    return WEIR_UPDATE_KEEP;
}
static int shard_in_update(uint64_t *val, bool there, void *arg) {
    (void)val;
    CHECK(there, "no entry");
    return called(arg);
}
static int shard_in_visit(uint64_t key, uint64_t val, void *arg) {
    (void)key;
    (void)val;
    return called(arg);
}
static int shard_update(void *m, uint64_t k, void (*fn)(void *m)) {
    return weir_shardmap_update_u64(m, k, shard_in_update, &(struct under_lock){ m, fn });
}
static int shard_visit(void *m, uint64_t k, void (*fn)(void *m)) {
    return weir_shardmap_visit_u64(m, k, shard_in_visit, &(struct under_lock){ m, fn });
}

/* Words in nodes: a drop makes them. */
static weir_au64 drops;
static void on_drop(void *val, void *arg) {
    (void)val;
    (void)arg;
    (void)weir_fetch_add_relaxed(&drops, 1);
}
static struct weir_map_opts nodes_opts(void) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    o.drop = on_drop;
    return o;
}
static void *nodes_new(const struct weir_alloc *alloc) {
    struct weir_map_opts o = nodes_opts();
    weir_map *m = NULL;
    o.alloc = alloc;
    return weir_map_new(&m, &o) == 0 ? m : NULL;
}
static void *snodes_new(const struct weir_alloc *alloc) { return shard_open(nodes_opts(), alloc); }

/* Functions of words for those that get pointers. */
struct words_fn {
    weir_map_compute_fn_u64 *fn;
    void *arg;
};
static int nodes_fn(const void *key, void *val, void *words) {
    const struct words_fn *w = words;
    CHECK_IS(*(uint64_t *)val, 0);
    return w->fn(*(const uint64_t *)key, val, w->arg);
}
struct words_each {
    weir_map_fn_u64 *fn;
    void *arg;
};
static int nodes_each_fn(const void *key, const void *val, void *words) {
    const struct words_each *w = words;
    return w->fn(*(const uint64_t *)key, *(const uint64_t *)val, w->arg);
}

#define NODES(p, type)                                                                           \
    static int p##_get(void *m, uint64_t k, uint64_t *v) { return weir_##type##_get(m, &k, v); } \
    static int p##_put(void *m, uint64_t k, uint64_t v) { return weir_##type##_put(m, &k, &v); } \
    static int p##_del(void *m, uint64_t k) { return weir_##type##_delete(m, &k); }              \
    static int p##_each(void *m, weir_map_fn_u64 *fn, void *arg) {                               \
        struct words_each w = { fn, arg };                                                       \
        return weir_##type##_each(m, nodes_each_fn, &w);                                         \
    }                                                                                            \
    static int p##_compute(void *m, uint64_t k, weir_map_compute_fn_u64 *fn, void *arg,          \
                           uint64_t *v, weir_time deadline, weir_ctx *ctx) {                     \
        struct words_fn w = { fn, arg };                                                         \
        weir_map_compute_fn *job = fn ? nodes_fn : NULL;                                         \
        return deadline == WEIR_FOREVER && !ctx                                                  \
                   ? weir_##type##_compute(m, &k, job, &w, v)                                    \
                   : weir_##type##_compute_wait(m, &k, job, &w, v, deadline, ctx);               \
    }
NODES(nodes, map)
NODES(snodes, shardmap)

static int snodes_in_update(void *val, bool there, void *arg) {
    (void)val;
    CHECK(there, "no entry");
    return called(arg);
}
static int snodes_in_visit(const void *key, const void *val, void *arg) {
    (void)key;
    (void)val;
    return called(arg);
}
static int snodes_update(void *m, uint64_t k, void (*fn)(void *m)) {
    return weir_shardmap_update(m, &k, snodes_in_update, &(struct under_lock){ m, fn });
}
static int snodes_visit(void *m, uint64_t k, void (*fn)(void *m)) {
    return weir_shardmap_visit(m, &k, snodes_in_visit, &(struct under_lock){ m, fn });
}

#define MAP(name, p)                                               \
    { name,    0,         p##_new,  map_close,   p##_get, p##_put, \
      p##_del, map_clear, p##_each, p##_compute, NULL,    NULL }
#define SHARD(name, sync, p)                                            \
    { name,    sync,        p##_new,  shard_close, p##_get,    p##_put, \
      p##_del, shard_clear, p##_each, p##_compute, p##_update, p##_visit }
static const struct kind kinds[] = {
    MAP("map", map),
    MAP("map of nodes", nodes),
    SHARD("shardmap, lines", WEIR_MAP_LINES, shard),
    SHARD("shardmap, mutex", WEIR_MAP_MUTEX, shard),
    SHARD("shardmap, rwlock", WEIR_MAP_RWLOCK, shard),
    SHARD("shardmap, sharded mutex", WEIR_MAP_SHARDED_MUTEX, shard),
    SHARD("shardmap, sharded rwlock", WEIR_MAP_SHARDED_RWLOCK, shard),
    SHARD("shardmap of nodes, lines", WEIR_MAP_LINES, snodes),
    SHARD("shardmap of nodes, mutex", WEIR_MAP_MUTEX, snodes),
    SHARD("shardmap of nodes, rwlock", WEIR_MAP_RWLOCK, snodes),
    SHARD("shardmap of nodes, sharded mutex", WEIR_MAP_SHARDED_MUTEX, snodes),
    SHARD("shardmap of nodes, sharded rwlock", WEIR_MAP_SHARDED_RWLOCK, snodes),
};

void *map_open(const struct weir_alloc *alloc) {
    void *m = K->open(alloc);
    if (!alloc && !CHECK(m != NULL, "no map")) test_hangs("a map cannot be made");
    return m;
}

void each_kind(void (*fn)(void *m)) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && checks_hold(); i++) {
        K = &kinds[i];
        check_context("%s", K->name);
        times_share(K->sync == WEIR_MAP_LINES ? 1
                                              : 4); /* the plain ones differ in their lock only */
        void *m = map_open(NULL);
        fn(m);
        CHECK_IS(K->close(m), 0);
    }
    times_share(1);
}

int compute(void *m, uint64_t key, weir_map_compute_fn_u64 *fn, void *arg, uint64_t *val) {
    return K->compute(m, key, fn, arg, val, WEIR_FOREVER, NULL);
}

/* ---- work --------------------------------------------------------------------------------------------------- */

int work_fn(uint64_t key, uint64_t *val, void *work) {
    struct work *w = work;
    unsigned failures = 0;
    CHECK_IS(key, w->key);
    (void)weir_fetch_add_seq_cst(&w->calls, 1, 0);
    while (!weir_load_acquire(&w->go, 0)) give_way(&failures);
    *val = w->give;
    return w->rc;
}

static int64_t work_call(void *work) {
    struct work *w = work;
    return K->compute(w->m, w->key, work_fn, w, &w->val, w->deadline, w->ctx);
}

void work_start(struct work *w) { call_start(&w->call, work_call, w); }

void work_runs(struct work *w) {
    unsigned failures = 0;
    weir_time until = weir_after(20000 * MS);
    while (work_calls(w) == 0) {
        give_way(&failures);
        if (weir_now() > until) test_hangs("a function is not called");
    }
}

void work_waits(struct work *w) {
    CHECK(call_sleeps(&w->call), "it does not wait");
    CHECK_IS(work_calls(w), 0);
}

void work_let_go(struct work *w) { weir_store_release(&w->go, 1, 0); }
int work_end(struct work *w) { return (int)call_end(&w->call); }

int main(int argc, char **argv) {
    static const struct test tests[] = {
#define XX(name, fn) { name, fn },
        COMPUTE_CASES(XX)
#undef XX
    };
    return tests_main(argc, argv, "compute", tests, sizeof tests / sizeof *tests);
}
