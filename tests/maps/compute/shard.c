/* SPDX-License-Identifier: MIT */
/* tests/maps/compute/shard.c - keys and values that are not words, of a weir_shardmap, each way that it is kept. */
#include <weir/rcu.h>
#include <weir/shardmap_str.h>

#include <stdlib.h>
#include <string.h>

#include "compute.h"

static const char *const forms[] = { "lines", "mutex", "rwlock", "sharded mutex",
                                     "sharded rwlock" };

static void each_form(void (*fn)(int sync)) {
    for (int sync = WEIR_MAP_LINES; sync <= WEIR_MAP_SHARDED_RWLOCK && checks_hold(); sync++) {
        check_context("%s", forms[sync]);
        fn(sync);
    }
}

static weir_shardmap *open_map(struct weir_map_opts o, int sync) {
    weir_shardmap *m = NULL;
    o.sync = sync;
    if (!CHECK_IS(weir_shardmap_new(&m, &o), 0)) test_hangs("no map");
    return m;
}

/* ---- drop --------------------------------------------------------------------------------------------------- */

#define VALUES 4096
static weir_au32 dropped[VALUES];
static weir_au64 given;

static void count_drop(void *val, void *arg) {
    CHECK(arg == dropped, "another argument");
    (void)weir_fetch_add_relaxed(&dropped[*(uint64_t *)val], 1);
}
static unsigned drops_of(uint64_t v) { return weir_load_relaxed(&dropped[v]); }

struct giver {
    weir_shardmap *m;
    bool fails, puts, called; /* puts: another value, before it gives its own */
    uint64_t gave;
};
static int give_next(const void *key, void *val, void *giver) {
    struct giver *g = giver;
    g->called = true;
    g->gave = weir_fetch_add_relaxed(&given, 1);
    if (g->puts) {
        uint64_t other = weir_fetch_add_relaxed(&given, 1);
        CHECK_IS(weir_shardmap_put(g->m, key, &other), 0);
    }
    memcpy(val, &g->gave, sizeof g->gave);
    if (g->fails) (void)weir_fetch_add_relaxed(&dropped[g->gave], 1); /* its own */
    return g->fails ? FAILED : 0;
}

static void compute_one(weir_shardmap *m, uint64_t key) {
    struct giver g = { m, rng_below(4) == 0, rng_below(4) == 0, false, 0 };
    uint64_t v = VALUES;
    int rc = weir_shardmap_compute(m, &key, give_next, &g, &v);
    CHECK(rc == 0        ? g.called && !g.fails && v == g.gave
          : rc == FAILED ? g.called && g.fails
                         : rc == WEIR_EEXIST && v < VALUES,
          "%d", rc);
    if (rc == WEIR_EEXIST && g.called) CHECK_IS(drops_of(g.gave), 1);
}

static void churn(void *m, size_t i) {
    rng_seed(i);
    for (int n = 0; n < 150 && checks_hold(); n++) {
        uint64_t key = rng_below(3), v = 0;
        switch (rng_below(4)) {
            case 0: (void)weir_shardmap_delete(m, &key); break;
            case 1:
                v = weir_fetch_add_relaxed(&given, 1);
                CHECK_IS(weir_shardmap_put(m, &key, &v), 0);
                break;
            default: compute_one(m, key); break;
        }
    }
}

static struct weir_map_opts counted(void) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    o.drop = count_drop;
    o.drop_arg = dropped;
    weir_store_relaxed(&given, 0);
    for (size_t i = 0; i < VALUES; i++) weir_store_relaxed(&dropped[i], 0);
    return o;
}

static void shard_drops_of(int sync) {
    uint64_t key = 1, v = 0;
    for (size_t round = 0; round < times(6) && checks_hold(); round++) {
        weir_shardmap *m = open_map(counted(), sync);
        struct giver g = { m, false, true, false, 0 };
        CHECK_IS(weir_shardmap_compute(m, &key, give_next, &g, &v), WEIR_EEXIST);
        CHECK_IS(v, 1);
        CHECK_IS(drops_of(0), 1); /* given in vain */
        CHECK_IS(drops_of(1), 0);
        team_run(4, churn, m);
        CHECK_IS(weir_shardmap_free(m), 0);
        for (uint64_t i = 0; i < VALUES; i++) CHECK_IS(drops_of(i), i < weir_load_relaxed(&given));
    }
}
void shard_drops(void) { each_form(shard_drops_of); }

/* ---- strings ------------------------------------------------------------------------------------------------ */

static int copy_key(const void *key, size_t len, void **val, void *calls) {
    char *copy = calloc(1, len + 1);
    CHECK(*val == NULL, "not zero before");
    ++*(unsigned *)calls;
    if (!copy) return WEIR_ENOMEM;
    if (len) memcpy(copy, key, len);
    *val = copy;
    return 0;
}
static void free_value(void *val, void *arg) {
    (void)arg;
    free(*(void **)val);
}
static void quiet(const char *call, const char *what, void *arg) {
    (void)call;
    (void)what;
    (void)arg;
}

static void shard_strings_of(int sync) {
    static const char *const keys[] = { "", "a", "b", "ab",
                                        "a longer key than fits into a word or two" };
    struct weir_map_opts o = WEIR_MAP_OPTS_STR;
    unsigned calls = 0;
    void *p = NULL, *again = NULL;
    o.drop = free_value;
    weir_shardmap *m = open_map(o, sync);
    for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++) {
        size_t len = strlen(keys[i]);
        CHECK_IS(weir_shardmap_compute_str(m, keys[i], len, copy_key, &calls, &p), 0);
        CHECK(strcmp(p, keys[i]) == 0, "%s for %s", (char *)p, keys[i]);
        CHECK_IS(weir_shardmap_compute_str(m, keys[i], len, copy_key, &calls, &again), WEIR_EEXIST);
        CHECK(again == p, "another one");
        CHECK_IS(calls, i + 1);
    }
    CHECK_IS(weir_shardmap_len(m), sizeof keys / sizeof *keys);
    weir_set_report(quiet, NULL);
    CHECK_IS(weir_shardmap_compute_str(NULL, "a", 1, copy_key, &calls, &p), WEIR_EINVAL);
    CHECK_IS(weir_shardmap_compute_str(m, NULL, 1, copy_key, &calls, &p), WEIR_EINVAL);
    CHECK_IS(weir_shardmap_compute_str(m, "a", 1, NULL, &calls, &p), WEIR_EINVAL);
    CHECK_IS(weir_shardmap_compute_str(m, "a", 1, copy_key, &calls, NULL), WEIR_EINVAL);
    CHECK_IS(weir_shardmap_compute_str(m, "a", 70000, copy_key, &calls, &p), WEIR_ETOOBIG);
    weir_set_report(NULL, NULL);
    CHECK_IS(weir_shardmap_free(m), 0);
}
void shard_of_strings(void) { each_form(shard_strings_of); }

/* ---- one hash ----------------------------------------------------------------------------------------------- */

struct pair {
    weir_shardmap *m;
    uint64_t key;
};
static uint64_t same_hash(const void *key, size_t len, uint64_t seed) {
    (void)key;
    (void)len;
    return seed;
}
/* In the function of one key those of all others, which have its hash, and its place in the table of calls. */
static int compute_other(const void *key, void *val, void *pair) {
    struct pair *p = pair;
    uint64_t k = *(const uint64_t *)key;
    if (k < 5) {
        struct pair next = { p->m, k + 1 };
        CHECK_IS(weir_shardmap_compute(p->m, &next.key, compute_other, &next, val), 0);
    } else {
        uint64_t zero = 0;
        CHECK_IS(weir_shardmap_compute(p->m, &zero, compute_other, p, val), WEIR_EDEADLK);
    }
    memcpy(val, &k, sizeof k);
    return 0;
}

static void shard_one_hash_of(int sync) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    uint64_t v = 0;
    o.hash = same_hash;
    struct pair p = { open_map(o, sync), 0 };
    CHECK_IS(weir_shardmap_compute(p.m, &p.key, compute_other, &p, &v), 0);
    for (uint64_t k = 0; k <= 5; k++) {
        CHECK_IS(weir_shardmap_get(p.m, &k, &v), 0);
        CHECK_IS(v, k);
    }
    CHECK_IS(weir_shardmap_free(p.m), 0);
}
void shard_one_hash(void) { each_form(shard_one_hash_of); }

/* ---- words by pointers, and maps of others ------------------------------------------------------------------ */

static int give_seven(const void *key, void *val, void *arg) {
    uint64_t v = 7 + *(const uint64_t *)key;
    CHECK_IS(*(uint64_t *)val, 0);
    (void)arg;
    memcpy(val, &v, sizeof v);
    return 0;
}
static int give_word(uint64_t key, uint64_t *val, void *arg) {
    (void)arg;
    *val = key;
    return 0;
}

static void shard_others_of(int sync) {
    struct weir_map_opts words = WEIR_MAP_OPTS(uint64_t, uint64_t), other = WEIR_MAP_OPTS_STR;
    weir_shardmap *m = open_map(words, sync), *strings = open_map(other, sync);
    struct weir_str bad = { NULL, 1 };
    uint64_t key = 1, v = 0;
    void *p = NULL;
    unsigned calls = 0;
    CHECK_IS(weir_shardmap_compute(m, &key, give_seven, NULL, &v), 0);
    CHECK_IS(v, 8);
    CHECK_IS(weir_shardmap_get_u64(m, 1, &v), 0);
    CHECK_IS(v, 8);
    CHECK_IS(weir_shardmap_compute(m, &key, give_seven, NULL, &v), WEIR_EEXIST);
    weir_set_report(quiet, NULL);
    CHECK_IS(weir_shardmap_compute(m, NULL, give_seven, NULL, &v), WEIR_EINVAL);
    CHECK_IS(weir_shardmap_compute(m, &key, NULL, NULL, &v), WEIR_EINVAL);
    CHECK_IS(weir_shardmap_compute(m, &key, give_seven, NULL, NULL), WEIR_EINVAL);
    CHECK_IS(weir_shardmap_compute(strings, &bad, give_seven, NULL, &p), WEIR_EINVAL);
    CHECK_IS(weir_shardmap_compute_str(m, "a", 1, copy_key, &calls, &p), WEIR_EINVAL);
    CHECK_IS(weir_shardmap_compute_u64(strings, 1, give_word, NULL, &v), WEIR_EINVAL);
    weir_set_report(NULL, NULL);
    CHECK_IS(calls, 0);
    CHECK_IS(weir_shardmap_free(m), 0);
    CHECK_IS(weir_shardmap_free(strings), 0);
}
void shard_of_others(void) { each_form(shard_others_of); }
