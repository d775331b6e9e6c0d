/* SPDX-License-Identifier: MIT */
/* 30 - a map for readers or a sharded map? Both under the same load, at several shares of reads and numbers of
 * threads: millions of calls a second, the best of three, and where one overtakes the other.
 *
 *   30_sync_map_or_sharded [calls of each thread] */
#include <stdio.h>
#include <stdlib.h>
#include <weir/weir.h>

#define KEYS 10000
#define THREADS_MAX 8

static weir_map *map;
static weir_shardmap *sharded;

struct load {
    bool sharded;
    uint64_t reads; /* percent */
    int calls;
    uint64_t seed;
};

static void must(int rc) {
    if (rc >= 0) return;
    (void)fprintf(stderr, "%s\n", weir_strerror(rc));
    exit(1);
}

static int get(bool from_sharded, uint64_t key, uint64_t *val) {
    return from_sharded ? weir_shardmap_get_u64(sharded, key, val)
                        : weir_map_get_u64(map, key, val);
}
static int put(bool to_sharded, uint64_t key, uint64_t val) {
    return to_sharded ? weir_shardmap_put_u64(sharded, key, val) : weir_map_put_u64(map, key, val);
}

static void use(void *arg) {
    const struct load *l = arg;
    uint64_t x = l->seed, val;
    for (int i = 0; i < l->calls; i++) {
        x = x * 6364136223846793005 + 1442695040888963407;
        uint64_t key = (x >> 33) % KEYS;
        must((x >> 20) % 100 < l->reads ? get(l->sharded, key, &val) : put(l->sharded, key, x));
    }
}

/* Millions of calls a second. */
static double measure(struct load like, int threads) {
    double best = 0;
    for (int round = 0; round < 3; round++) {
        weir_wg wg = WEIR_WG_INIT;
        struct load loads[THREADS_MAX];
        weir_time began = weir_now();
        for (int i = 0; i < threads; i++) {
            loads[i] = like;
            loads[i].seed = (uint64_t)i + 1;
            must(weir_wg_go(&wg, use, &loads[i]));
        }
        must(weir_wg_wait(&wg));
        double rate = 1e3 * like.calls * threads / (double)(weir_now() - began);
        if (rate > best) best = rate;
    }
    return best;
}

/* Who is ahead at this share of reads; 5 % are neither. */
static int compare(int reads, int threads, int calls) {
    struct load l = { .reads = (uint64_t)reads, .calls = calls };
    double of_map = measure(l, threads);
    l.sharded = true;
    double of_sharded = measure(l, threads), ratio = of_sharded / of_map;
    int ahead = ratio > 1.05 ? 1 : ratio < 0.95 ? -1 : 0;
    printf("%5d%%  %8.3f  %8.3f  %6.2f  %s\n", reads, of_map, of_sharded, ratio,
           ahead > 0   ? "sharded"
           : ahead < 0 ? "map"
                       : "equal");
    return ahead;
}

int main(int argc, char **argv) {
    static const int threads[] = { 1, 2, THREADS_MAX }, reads[] = { 100, 99, 95, 90, 75, 50, 0 };
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    int calls = argc > 1 ? atoi(argv[1]) : 200000;
    if (calls < 1) return 2;
    o.hint = KEYS;
    must(weir_map_new(&map, &o));
    must(weir_shardmap_new(&sharded, &o));
    for (uint64_t key = 0; key < KEYS; key++) {
        must(put(false, key, key));
        must(put(true, key, key));
    }
    for (size_t t = 0; t < sizeof threads / sizeof threads[0]; t++) {
        int from = -1; /* the share of reads from which on down the sharded map stays ahead */
        printf(
            "threads: %d; millions of calls a second\n reads       map   sharded   ratio  ahead\n",
            threads[t]);
        for (size_t i = 0; i < sizeof reads / sizeof reads[0]; i++) {
            int ahead = compare(reads[i], threads[t], calls);
            if (ahead < 0) from = -1;
            if (ahead > 0 && from < 0) from = reads[i];
        }
        if (from < 0)
            printf("the map is not overtaken\n\n");
        else
            printf("the sharded map is ahead from %d%% reads down\n\n", from);
    }
    must(weir_map_free(map));
    must(weir_shardmap_free(sharded));
    return 0;
}
