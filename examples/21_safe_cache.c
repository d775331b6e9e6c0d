/* SPDX-License-Identifier: MIT */
/* 21 - a safe cache: a plain table behind a read-write lock, without a list of what was used last, so that a hit is
 * only a read; the same table behind a mutex, for comparison where much is written; and weir's two maps. One
 * workload for all, for some shares of writes: ns for each call, table beside map.
 *
 *   21_safe_cache [calls of each thread] [threads] */
#include <stdio.h>
#include <stdlib.h>
#include <weir/weir.h>

#define KEYS 10000
#define THREADS_MAX 64

struct cache { /* one of the two */
    weir_map *map;
    weir_shardmap *table; /* plain, or weir's own */
};
struct user {
    struct cache *cache;
    uint64_t seed;
    int calls, writes; /* percent */
    int wrong;         /* values of another key */
};

static void must(int rc) {
    if (rc >= 0) return;
    (void)fprintf(stderr, "%s\n", weir_strerror(rc));
    exit(1);
}

static int cache_get(struct cache *c, uint64_t key, uint64_t *val) {
    return c->map ? weir_map_get_u64(c->map, key, val) : weir_shardmap_get_u64(c->table, key, val);
}
static int cache_set(struct cache *c, uint64_t key, uint64_t val) {
    return c->map ? weir_map_put_u64(c->map, key, val) : weir_shardmap_put_u64(c->table, key, val);
}

static void use(void *arg) {
    struct user *u = arg;
    uint64_t val;
    for (int i = 0; i < u->calls; i++) {
        u->seed = u->seed * 6364136223846793005 + 1442695040888963407;
        uint64_t key = (u->seed >> 33) % KEYS;
        if ((u->seed >> 20) % 100 < (uint64_t)u->writes) {
            must(cache_set(u->cache, key, key + KEYS * (uint64_t)i));
        } else {
            must(cache_get(u->cache, key, &val));
            u->wrong += val % KEYS != key;
        }
    }
}

/* ns for each call. sync: how the table is kept; -1: a map instead. */
static double measure(int sync, struct user like, int threads, int *wrong) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    struct user users[THREADS_MAX];
    struct cache cache = { NULL, NULL };
    weir_wg wg = WEIR_WG_INIT;
    o.sync = sync < 0 ? 0 : sync;
    o.hint = KEYS;
    must(sync < 0 ? weir_map_new(&cache.map, &o) : weir_shardmap_new(&cache.table, &o));
    for (uint64_t key = 0; key < KEYS; key++) must(cache_set(&cache, key, key));
    weir_time began = weir_now();
    for (int i = 0; i < threads; i++) {
        users[i] = like;
        users[i].cache = &cache;
        users[i].seed = (uint64_t)i + 1;
        must(weir_wg_go(&wg, use, &users[i]));
    }
    must(weir_wg_wait(&wg));
    double took = (double)(weir_now() - began);
    for (int i = 0; i < threads; i++) *wrong += users[i].wrong;
    must(weir_map_free(cache.map));
    must(weir_shardmap_free(cache.table));
    return took / like.calls / threads;
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int sync;
    } kinds[] = { { "mutex", WEIR_MAP_MUTEX },
                  { "rwlock", WEIR_MAP_RWLOCK },
                  { "map", -1 },
                  { "shardmap", WEIR_MAP_LINES } };
    static const int shares[] = { 0, 1, 10, 50 };
    struct user like = { .calls = argc > 1 ? atoi(argv[1]) : 500000 };
    int threads = argc > 2 ? atoi(argv[2]) : 4, wrong = 0;
    if (like.calls < 1 || threads < 1 || threads > THREADS_MAX) return 2;
    printf("%d threads, ns for each call\nwrites", threads);
    for (int k = 0; k < 4; k++) printf("%10s", kinds[k].name);
    printf("\n");
    for (int i = 0; i < 4; i++) {
        like.writes = shares[i];
        printf("%5d%%", like.writes);
        for (int k = 0; k < 4; k++) printf("%10.1f", measure(kinds[k].sync, like, threads, &wrong));
        printf("\n");
    }
    printf("%d wrong values\n", wrong);
    return 0;
}
