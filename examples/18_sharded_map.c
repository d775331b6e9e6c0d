/* SPDX-License-Identifier: MIT */
/* 18 - a sharded map of string keys: words are counted by 4 threads, once in 16 shards with a read-write lock each, as
 * one would write it by hand, and once in weir's own, with a lock for each line of three entries.
 *
 *   18_sharded_map [counts of each thread] */
#include <stdio.h>
#include <stdlib.h>
#include <weir/weir.h>

#define THREADS 4
#define WORDS 1000
#define SHARDS 16

struct counter {
    weir_shardmap *map;
    int n;
    unsigned seed;
};

static void must(int rc) {
    if (rc >= 0) return;
    (void)fprintf(stderr, "%s\n", weir_strerror(rc));
    exit(1);
}

static struct weir_str word(char *buf, size_t size, unsigned i) {
    return (struct weir_str){ buf, (size_t)snprintf(buf, size, "word-%u", i) };
}

/* Under the lock of the entry; of a new one the value is 0. */
static int add_one(void *val, bool there, void *arg) {
    (void)there, (void)arg;
    ++*(uint64_t *)val;
    return WEIR_UPDATE_STORE;
}

/* Nine reads for a write. */
static void count(void *arg) {
    struct counter *c = arg;
    char buf[16];
    uint64_t n;
    for (int i = 0; i < c->n; i++) {
        c->seed = c->seed * 1103515245 + 12345;
        struct weir_str key = word(buf, sizeof buf, (c->seed >> 16) % WORDS);
        for (int k = 0; k < 9; k++) (void)weir_shardmap_get(c->map, &key, &n);
        must(weir_shardmap_update(c->map, &key, add_one, NULL));
    }
}

static int sum(const void *key, const void *val, void *arg) {
    (void)key;
    *(uint64_t *)arg += *(const uint64_t *)val;
    return 0;
}

static void run(const char *name, int sync, int n) {
    struct weir_map_opts o = WEIR_MAP_OPTS(struct weir_str, uint64_t);
    struct counter c[THREADS];
    weir_wg threads = WEIR_WG_INIT;
    weir_shardmap *map;
    char buf[16];
    uint64_t total = 0;
    o.keys = WEIR_MAP_STRINGS;
    o.sync = sync;
    o.shards = SHARDS;
    must(weir_shardmap_new(&map, &o));
    weir_time began = weir_now();
    for (unsigned i = 0; i < THREADS; i++) {
        c[i] = (struct counter){ map, n, i };
        must(weir_wg_go(&threads, count, &c[i]));
    }
    must(weir_wg_wait(&threads));
    double took = (double)(weir_now() - began);
    must(weir_shardmap_each(map, sum, &total));
    struct weir_str first = word(buf, sizeof buf, 0);
    printf("%-22s %llu counted, %zu words in %u shards, %.0f ns for 10 calls\n", name,
           (unsigned long long)total, weir_shardmap_len(map), weir_shardmap_shards(map),
           took / THREADS / n);
    must(weir_shardmap_delete(map, &first));
    if (weir_shardmap_get(map, &first, &total) != WEIR_ENOENT) exit(1);
    must(weir_shardmap_free(map));
}

int main(int argc, char **argv) {
    int n = argc > 1 ? atoi(argv[1]) : 200000;
    if (n < 1) return 2;
    run("read-write lock/shard:", WEIR_MAP_SHARDED_RWLOCK, n);
    run("weir's own:", WEIR_MAP_LINES, n);
    return 0;
}
