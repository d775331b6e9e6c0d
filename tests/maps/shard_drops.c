/* SPDX-License-Identifier: MIT */
/* tests/maps/shard_drops.c - who gets the values of a weir_shardmap of nodes: each is dropped before the call returns that removed
 * it, or given back, once; also where memory is refused. MAP28 MAP34 SHARD4. */
#include <string.h>

#include "shard_nodes.h"

/* ---- values that are counted ---------------------------------------------------------------------------- */

#define VALUES (1 << 17)
static weir_au32 dropped[VALUES],
    kept[VALUES]; /* kept: given back to the caller, or never stored */
static weir_au64 next_value;

/* In no lock: the map may be used. */
static void count_drop(void *val, void *arg) {
    uint64_t key = 1000, x;
    CHECK(arg == dropped, "drop's argument");
    (void)weir_fetch_add_relaxed(&dropped[*(uint64_t *)val], 1);
    CHECK_IS(weir_shardmap_get(map, &key, &x), WEIR_ENOENT);
}

static uint64_t new_value(void) {
    uint64_t v = weir_fetch_add_relaxed(&next_value, 1);
    if (v >= VALUES) test_hangs("more values than the test counts");
    return v;
}
static void keep(uint64_t v) { (void)weir_fetch_add_relaxed(&kept[v], 1); }

static struct weir_map_opts counted(int sync) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    o.sync = sync;
    o.drop = count_drop;
    o.drop_arg = dropped;
    memset(dropped, 0, sizeof dropped);
    memset(kept, 0, sizeof kept);
    weir_init_atomic(&next_value, 0);
    return o;
}

static void all_once(void) {
    for (uint64_t v = 0; v < weir_load_relaxed(&next_value) && checks_hold(); v++)
        CHECK(weir_load_relaxed(&dropped[v]) + weir_load_relaxed(&kept[v]) == 1,
              "value %llu: dropped %u times, kept %u times", (unsigned long long)v,
              weir_load_relaxed(&dropped[v]), weir_load_relaxed(&kept[v]));
}
static void is_dropped(uint64_t v, unsigned times) {
    CHECK_IS(weir_load_relaxed(&dropped[v]), times);
}

/* ---- SHARD4: dropped when the call returns -------------------------------------------------------------- */

static int change_to(void *val, bool there, void *arg) {
    (void)there;
    *(uint64_t *)val = *(uint64_t *)arg;
    return WEIR_UPDATE_STORE;
}
static int keep_it(void *val, bool there, void *arg) {
    (void)there;
    (void)arg;
    *(uint64_t *)val = 77;
    return WEIR_UPDATE_KEEP;
}

static void verbs_of(int sync) {
    open_map(counted(sync));
    uint64_t key = 1, v[10], x = 0;
    for (size_t i = 0; i < 10; i++) v[i] = new_value();
    CHECK_IS(weir_shardmap_put(map, &key, &v[0]), 0);
    is_dropped(v[0], 0);
    CHECK_IS(weir_shardmap_put(map, &key, &v[1]), 0);
    is_dropped(v[0], 1);
    x = v[2];
    CHECK_IS(weir_shardmap_get_or_put(map, &key, &x), WEIR_EEXIST);
    CHECK_IS(x, v[1]);
    x = v[2];
    CHECK_IS(weir_shardmap_swap(map, &key, &x), WEIR_EEXIST);
    CHECK_IS(x, v[1]);
    keep(v[1]);
    CHECK_IS(weir_shardmap_cas(map, &key, &v[1], &v[3]), WEIR_EEXIST);
    CHECK_IS(weir_shardmap_cas(map, &key, &v[2], &v[3]), 0);
    is_dropped(v[2], 1);
    CHECK_IS(weir_shardmap_cad(map, &key, &v[2]), WEIR_EEXIST);
    CHECK_IS(weir_shardmap_cad(map, &key, &v[3]), 0);
    is_dropped(v[3], 1);
    CHECK_IS(weir_shardmap_put(map, &key, &v[4]), 0);
    CHECK_IS(weir_shardmap_take(map, &key, &x), 0);
    CHECK_IS(x, v[4]);
    keep(x);
    CHECK_IS(weir_shardmap_put(map, &key, &v[5]), 0);
    CHECK_IS(weir_shardmap_delete(map, &key), 0);
    is_dropped(v[5], 1);
    CHECK_IS(weir_shardmap_put(map, &key, &v[6]), 0);
    CHECK_IS(weir_shardmap_clear(map), 0);
    is_dropped(v[6], 1);
    CHECK_IS(weir_shardmap_update(map, &key, keep_it, NULL), WEIR_ENOENT);
    CHECK_IS(weir_shardmap_update(map, &key, change_to, &v[7]), 0);
    CHECK_IS(weir_shardmap_update(map, &key, keep_it, NULL), 0);
    CHECK_IS(weir_shardmap_get(map, &key, &x), 0);
    CHECK_IS(x, v[7]);
    CHECK_IS(weir_shardmap_update(map, &key, change_to, &v[8]), 0);
    is_dropped(v[7], 0); /* it has become the other one */
    keep(v[7]);
    CHECK_IS(weir_shardmap_update(map, &key, remove_it, NULL), 0);
    is_dropped(v[8], 1); /* as it was */
    CHECK_IS(weir_shardmap_len(map), 0);
    CHECK_IS(weir_shardmap_put(map, &key, &v[9]), 0);
    CHECK_IS(weir_shardmap_free(map), 0);
    is_dropped(v[9], 1);
    all_once();
}
void shard4_verbs(void) { each_form(verbs_of); }

static void churn(void *arg, size_t who) {
    (void)arg;
    for (size_t i = 0; i < times(2500) && checks_hold(); i++) {
        uint64_t key = rng_below(who == 0 ? 200 : 5), v = new_value(), x = v;
        int rc;
        switch (rng_below(8)) {
            case 0:
                rc = weir_shardmap_get_or_put(map, &key, &x);
                if (rc != 0) keep(v);
                break;
            case 1:
                rc = weir_shardmap_swap(map, &key, &x);
                if (rc == WEIR_EEXIST) keep(x);
                break;
            case 2:
                keep(v);
                rc = weir_shardmap_take(map, &key, &x);
                if (rc == 0) keep(x);
                break;
            case 3:
                keep(v);
                rc = i % 64 ? weir_shardmap_delete(map, &key) : weir_shardmap_clear(map);
                break;
            case 4:
                if (weir_shardmap_get(map, &key, &x) < 0) x = 0;
                rc = weir_shardmap_cas(map, &key, &x, &v);
                if (rc != 0) keep(v);
                break;
            case 5:
                keep(v);
                rc = weir_shardmap_update(map, &key, remove_it, NULL);
                break;
            default: rc = weir_shardmap_put(map, &key, &v); CHECK_IS(rc, 0);
        }
        CHECK(rc == 0 || rc == WEIR_EEXIST || rc == WEIR_ENOENT, "%d", rc);
    }
}

static void race_of(int sync) {
    open_map(counted(sync));
    team_run(4, churn, NULL);
    CHECK_IS(weir_shardmap_free(map), 0);
    all_once();
}
void map28_race(void) { each_form(race_of); }

/* ---- MAP34: each verb with each request refused ---------------------------------------------------------- */

static int one_verb(int verb, uint64_t key) {
    uint64_t v = 77, e = 7, x;
    switch (verb) {
        case 0: return weir_shardmap_put(map, &key, &v);
        case 1: return weir_shardmap_get_or_put(map, &key, &v);
        case 2: return weir_shardmap_swap(map, &key, &v);
        case 3: return weir_shardmap_update(map, &key, change_to, &v);
        case 4: return weir_shardmap_cas(map, &key, &e, &v);
        case 5: return weir_shardmap_take(map, &key, &x);
        case 6: return weir_shardmap_delete(map, &key);
        case 7: return weir_shardmap_cad(map, &key, &e);
        default: return weir_shardmap_clear(map);
    }
}

static void refuse_of(int sync) {
    size_t refused = 0;
    for (int i = 0; i < 9 * 2 * 3; i++) {
        int verb = i / 6;
        struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
        struct failing_alloc f;
        failing_alloc_init(&f, 0);
        o.sync = sync;
        o.shards = sync == WEIR_MAP_MUTEX || sync == WEIR_MAP_RWLOCK ? 0 : 1;
        o.alloc = &f.as;
        o.sip = true;
        open_map(o);
        for (uint64_t k = 0; k < 4; k++) CHECK_IS(weir_shardmap_put(map, &k, &(uint64_t){ 7 }), 0);
        f.fail_at = f.requests + 1 + (size_t)i % 3;
        int rc = one_verb(verb, i / 3 % 2 ? 1 : 50);
        refused += f.refused;
        CHECK(rc != WEIR_ENOMEM || (f.refused && verb < 5), "verb %d: %d", verb, rc);
        if (rc == WEIR_ENOMEM) {
            uint64_t k = 1, x = 0;
            CHECK_IS(weir_shardmap_len(map), 4);
            CHECK_IS(weir_shardmap_get(map, &k, &x), 0);
            CHECK_IS(x, 7);
        }
        CHECK_IS(weir_shardmap_free(map), 0);
        CHECK_IS(f.out, 0);
        CHECK_IS(f.bytes_out, 0);
    }
    CHECK(refused >= 8, "only %zu requests were refused", refused);
}
void map34_each_verb(void) { each_form(refuse_of); }
