/* SPDX-License-Identifier: MIT */
/* tests/maps/shard_nodes.c - what weir_shardmap promises where entries are nodes, each way that it is kept.
 * MAP17 MAP22 MAP33 MAP36 SHARD3; values that are dropped: shard_drops.c. */
#include <string.h>

#include <weir/rcu.h>
#include <weir/shardmap_str.h>

#include "shard_nodes.h"

weir_shardmap *map;

void open_map(struct weir_map_opts o) {
    if (weir_shardmap_new(&map, &o) < 0) test_hangs("no map");
}

static const struct {
    const char *name;
    int sync;
} forms[] = { { "lines", WEIR_MAP_LINES },
              { "mutex", WEIR_MAP_MUTEX },
              { "rwlock", WEIR_MAP_RWLOCK },
              { "sharded mutex", WEIR_MAP_SHARDED_MUTEX },
              { "sharded rwlock", WEIR_MAP_SHARDED_RWLOCK } };
#define FORMS (sizeof forms / sizeof *forms)

void each_form(void (*fn)(int sync)) {
    for (size_t i = 0; i < FORMS && checks_hold(); i++) {
        check_context("%s", forms[i].name);
        fn(forms[i].sync);
    }
}

int remove_it(void *val, bool there, void *arg) {
    (void)there;
    (void)arg;
    *(uint64_t *)val = 77;
    return WEIR_UPDATE_REMOVE;
}

/* ---- SHARD3: visits and updates ------------------------------------------------------------------------- */

struct pair {
    uint64_t a, not_a, more[30];
};
static weir_au32 inside;

static int look(const void *key, const void *val, void *arg) {
    const struct pair *p = val;
    CHECK(*(const uint64_t *)key == 5, "another key");
    CHECK((weir_load_relaxed(&inside) & 1) == 0, "beside an update");
    for (int i = 0; i < 30; i++) CHECK(p->more[i] == p->a, "torn");
    CHECK_IS(p->a, ~p->not_a);
    CHECK((weir_load_relaxed(&inside) & 1) == 0, "beside an update");
    *(uint64_t *)arg = p->a;
    return 12;
}
static int add_one(void *val, bool there, void *arg) {
    struct pair *p = val;
    (void)arg;
    CHECK((weir_fetch_add_relaxed(&inside, 1) & 1) == 0, "two updates at once");
    if (!there) CHECK(p->a == 0 && p->not_a == 0, "not zeros");
    p->a++;
    p->not_a = ~p->a;
    for (int i = 0; i < 30; i++) p->more[i] = p->a;
    (void)weir_fetch_add_relaxed(&inside, 1);
    return WEIR_UPDATE_STORE;
}

static void visits(void *arg, size_t who) {
    uint64_t key = 5, last = 0, seen = 0;
    struct pair p;
    (void)arg;
    for (size_t i = 0; i < times(4000) && checks_hold(); i++) {
        if (who < 2) {
            CHECK_IS(weir_shardmap_update(map, &key, add_one, NULL), 0);
        } else if (who == 2) {
            int rc = weir_shardmap_visit(map, &key, look, &seen);
            CHECK(rc == 12 || (rc == WEIR_ENOENT && last == 0), "%d", rc);
            CHECK(seen >= last, "it went back");
            last = seen;
        } else if (weir_shardmap_get(map, &key, &p) == 0) {
            CHECK_IS(p.a, ~p.not_a);
            for (int k = 0; k < 30; k++) CHECK(p.more[k] == p.a, "torn");
        }
    }
}

static void visits_of(int sync) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, struct pair);
    struct pair p;
    uint64_t key = 5;
    o.sync = sync;
    weir_init_atomic(&inside, 0);
    open_map(o);
    team_run(4, visits, NULL);
    CHECK_IS(weir_shardmap_get(map, &key, &p), 0);
    CHECK_IS(p.a, 2 * times(4000)); /* SHARD7: none is lost */
    CHECK_IS(weir_shardmap_free(map), 0);
}
static void shard3_visits(void) { each_form(visits_of); }

/* ---- MAP33: functions under a lock may not use the map --------------------------------------------------- */

static int every_call(const void *key, const void *val, void *arg) {
    uint64_t v = 1;
    bool found;
    struct weir_map_cursor c = WEIR_MAP_CURSOR;
    (void)val;
    ++*(unsigned *)arg;
    CHECK_IS(weir_shardmap_get(map, key, &v), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_get_many(map, key, &v, &found, 1), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_put(map, key, &v), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_get_or_put(map, key, &v), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_swap(map, key, &v), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_take(map, key, &v), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_delete(map, key), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_cas(map, key, &v, &v), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_cad(map, key, &v), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_update(map, key, remove_it, NULL), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_visit(map, key, every_call, arg), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_next(map, &c, &v, &v, 1), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_each(map, every_call, arg), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_clear(map), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_free(map), WEIR_EDEADLK);
    return 3;
}
static int update_calls(void *val, bool there, void *arg) {
    uint64_t key = 1;
    CHECK(there, "not there");
    (void)every_call(&key, val, arg);
    return WEIR_UPDATE_KEEP;
}
static bool plain;
static unsigned compared;
static bool equal_calls(const void *a, const void *b) {
    uint64_t key = 1, v;
    compared++;
    CHECK_IS(weir_shardmap_get(map, &key, &v), plain ? WEIR_EDEADLK : 0);
    return memcmp(a, b, sizeof v) == 0;
}

static void reenter_of(int sync) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    uint64_t key = 1, v = 2, w = 3;
    unsigned calls = 0;
    o.sync = sync;
    o.equal = equal_calls;
    plain = sync != WEIR_MAP_LINES;
    compared = 0;
    open_map(o);
    CHECK_IS(weir_shardmap_put(map, &key, &v), 0);
    CHECK_IS(weir_shardmap_visit(map, &key, every_call, &calls), 3);
    CHECK_IS(weir_shardmap_update(map, &key, update_calls, &calls), 0);
    CHECK_IS(calls, 2);
    CHECK_IS(weir_shardmap_cas(map, &key, &w, &v), WEIR_EEXIST);
    CHECK_IS(weir_shardmap_cas(map, &key, &v, &w), 0);
    CHECK_IS(weir_shardmap_cad(map, &key, &w), 0);
    CHECK_IS(compared, 3);
    CHECK_IS(weir_shardmap_free(map), 0);
}
static void map33_reenter(void) { each_form(reenter_of); }

/* ---- MAP36 ---------------------------------------------------------------------------------------------- */

static uint64_t one_hash(const void *key, size_t len, uint64_t seed) {
    (void)key;
    (void)len;
    return seed;
}
static int count_sum(const void *key, const void *val, void *arg) {
    uint64_t *sum = arg;
    CHECK(memcmp(key, val, 8) == 0, "key and value");
    sum[0]++;
    sum[1] += *(const uint64_t *)key;
    return 0;
}

static void same_hash_of(int sync) {
    enum { N = 500 };
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    struct weir_map_cursor c = WEIR_MAP_CURSOR;
    uint64_t x, sum[2] = { 0, 0 }, keys[N], vals[N];
    o.sync = sync;
    o.hash = one_hash;
    open_map(o);
    for (uint64_t k = 0; k < N; k++) CHECK_IS(weir_shardmap_put(map, &k, &k), 0);
    for (uint64_t k = 0; k < N; k++) {
        CHECK_IS(weir_shardmap_get(map, &k, &x), 0);
        CHECK_IS(x, k);
    }
    x = N;
    CHECK_IS(weir_shardmap_get(map, &x, &x), WEIR_ENOENT);
    CHECK_IS(weir_shardmap_each(map, count_sum, sum), 0);
    CHECK_IS(sum[0], N);
    CHECK_IS(sum[1], (uint64_t)N * (N - 1) / 2);
    CHECK_IS(weir_shardmap_next(map, &c, keys, vals, N - 1), WEIR_ETOOBIG);
    CHECK_IS(c.need, N);
    CHECK(c.at_ == 0 && c.shard_ == 0 && !c.ended, "the cursor has moved");
    CHECK_IS(weir_shardmap_next(map, &c, keys, vals, N), N);
    CHECK_IS(weir_shardmap_next(map, &c, keys, vals, N), 0);
    for (uint64_t k = 0; k < N; k += 3) CHECK_IS(weir_shardmap_delete(map, &k), 0);
    for (uint64_t k = 0; k < N; k++)
        CHECK_IS(weir_shardmap_get(map, &k, &x), k % 3 ? 0 : WEIR_ENOENT);
    CHECK_IS(weir_shardmap_free(map), 0);
}
static void map36_same(void) { each_form(same_hash_of); }

/* ---- walks beside writers ------------------------------------------------------------------------------- */

static void walk_and_write(void *arg, size_t who) {
    (void)arg;
    for (uint64_t i = 0; i < times(400) && checks_hold(); i++) {
        if (who == 0) {
            struct weir_map_cursor c = WEIR_MAP_CURSOR;
            struct weir_str keys[16];
            void *vals[16];
            ptrdiff_t n;
            do {
                weir_guard g = weir_rcu_enter();
                n = weir_shardmap_next(map, &c, keys, vals, 16);
                for (ptrdiff_t k = 0; k < n; k++)
                    CHECK(keys[k].len == 4 && memcmp(keys[k].ptr, "key", 3) == 0, "a broken key");
                CHECK_IS(weir_rcu_exit(g), 0);
            } while (n > 0 && checks_hold());
            CHECK_IS(n, 0);
        } else {
            char key[] = { 'k', 'e', 'y', (char)('a' + rng_below(26)) };
            if (i % 2)
                CHECK_IS(weir_shardmap_put_str(map, key, 4, NULL), 0);
            else
                (void)weir_shardmap_delete_str(map, key, 4);
        }
    }
}

static void walks_of(int sync) {
    struct weir_map_opts o = WEIR_MAP_OPTS_STR;
    struct failing_alloc f;
    failing_alloc_init(&f, 0);
    o.sync = sync;
    o.alloc = &f.as;
    open_map(o);
    team_run(3, walk_and_write, NULL);
    CHECK_IS(weir_shardmap_free(map), 0);
    CHECK_IS(f.out, 0);
}
static void map22_walks(void) { each_form(walks_of); }

/* ---- strings, bad input --------------------------------------------------------------------------------- */

static void strings_of(int sync) {
    struct weir_map_opts o = WEIR_MAP_OPTS_STR;
    static char huge[65536];
    struct weir_map_cursor c = WEIR_MAP_CURSOR;
    struct weir_str key;
    void *p = NULL;
    o.sync = sync;
    o.sip = true;
    open_map(o);
    CHECK_IS(weir_shardmap_put_str(map, NULL, 0, huge), 0);
    CHECK_IS(weir_shardmap_get_str(map, "", 0, &p), 0);
    CHECK(p == huge, "not the value");
    CHECK_IS(weir_shardmap_put_str(map, huge, 65536, huge), WEIR_ETOOBIG);
    CHECK_IS(weir_shardmap_get_str(map, NULL, 1, &p), WEIR_EINVAL);
    CHECK_IS(weir_shardmap_get_or_put_str(map, "b", 1, &p), 0);
    p = huge + 1;
    CHECK_IS(weir_shardmap_swap_str(map, "b", 1, &p), WEIR_EEXIST);
    CHECK(p == huge, "not the value");
    CHECK_IS(weir_shardmap_cas_str(map, "b", 1, huge, NULL), WEIR_EEXIST);
    CHECK_IS(weir_shardmap_cas_str(map, "b", 1, huge + 1, NULL), 0);
    CHECK_IS(weir_shardmap_cad_str(map, "b", 1, huge), WEIR_EEXIST);
    CHECK_IS(weir_shardmap_cad_str(map, "b", 1, NULL), 0);
    CHECK_IS(weir_shardmap_delete_str(map, "b", 1), WEIR_ENOENT);
    CHECK_IS(weir_shardmap_next(map, &c, &key, &p, 1), WEIR_EINVAL); /* in no guard */
    CHECK_IS(weir_shardmap_take_str(map, "", 0, &p), 0);
    CHECK(p == huge, "not the value");
    CHECK_IS(weir_shardmap_len(map), 0);
    CHECK_IS(weir_shardmap_free(map), 0);
}
static void map17_strings(void) { each_form(strings_of); }

static int unseen(uint64_t *val, bool there, void *arg) {
    (void)arg;
    CHECK(false, "an update: %llu %d", (unsigned long long)*val, there);
    return WEIR_UPDATE_KEEP;
}
static void wrong_of(int sync) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    struct weir_map_cursor c = WEIR_MAP_CURSOR;
    uint64_t k = 1, v = 2;
    o.sync = sync;
    o.sip = true;
    open_map(o);
    CHECK_IS(weir_shardmap_put(map, &k, &v), 0);
    CHECK_IS(weir_shardmap_get_u64(map, k, &v), WEIR_EINVAL);
    CHECK_IS(weir_shardmap_get_many_u64(map, &k, &v, &(bool){ false }, 1), WEIR_EINVAL);
    CHECK_IS(weir_shardmap_put_u64(map, k, v), WEIR_EINVAL);
    CHECK_IS(weir_shardmap_add_u64(map, k, v, &v), WEIR_EINVAL);
    CHECK_IS(weir_shardmap_update_u64(map, k, unseen, NULL), WEIR_EINVAL);
    CHECK_IS(weir_shardmap_take_u64(map, k, &v), WEIR_EINVAL);
    CHECK_IS(weir_shardmap_next_u64(map, &c, &k, &v, 1), WEIR_EINVAL);
    CHECK_IS(weir_shardmap_put_str(map, "a", 1, NULL), WEIR_EINVAL);
    CHECK_IS(weir_shardmap_update(map, &k, NULL, NULL), WEIR_EINVAL);
    CHECK_IS(weir_shardmap_visit(map, &k, NULL, NULL), WEIR_EINVAL);
    CHECK_IS(weir_shardmap_get(map, NULL, &v), WEIR_EINVAL);
    CHECK_IS(weir_shardmap_len(map), 1);
    CHECK_IS(weir_shardmap_free(map), 0);
}
static void wrong_verbs(void) { each_form(wrong_of); }

/* It stands in a shard that the other map does not have. At its end it is good for any. */
static void foreign_cursor(void) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint32_t, uint64_t), many = o;
    struct weir_map_cursor c = WEIR_MAP_CURSOR;
    weir_shardmap *one, *other;
    uint32_t keys[200];
    uint64_t vals[200];
    o.shards = 1;
    many.shards = 64;
    CHECK_IS(weir_shardmap_new(&one, &o), 0);
    CHECK_IS(weir_shardmap_new(&other, &many), 0);
    for (uint32_t i = 0; i < 400; i++) {
        uint64_t v = i;
        CHECK_IS(weir_shardmap_put(one, &i, &v), 0);
        CHECK_IS(weir_shardmap_put(other, &i, &v), 0);
    }
    CHECK(weir_shardmap_next(other, &c, keys, vals, 200) > 0 && c.shard_ > 0, "not far enough");
    CHECK_IS(weir_shardmap_next(one, &c, keys, vals, 200), WEIR_EINVAL);
    while (weir_shardmap_next(other, &c, keys, vals, 200) > 0) {
    }
    CHECK_IS(weir_shardmap_next(one, &c, keys, vals, 200), 0);
    CHECK_IS(weir_shardmap_free(one), 0);
    CHECK_IS(weir_shardmap_free(other), 0);
}

int main(int argc, char **argv) {
    static const struct test tests[] = {
        { "MAP28 SHARD4 each verb drops what it replaces or removes before it returns",
          shard4_verbs },
        { "MAP28 values in a race of all verbs are dropped or given back, once", map28_race },
        { "SHARD3 SHARD7 visits see what is stable, updates are alone", shard3_visits },
        { "MAP33 functions under a lock may not use the map", map33_reenter },
        { "MAP36 keys of one hash", map36_same },
        { "MAP22 walks beside those who remove", map22_walks },
        { "MAP17 strings to pointers, by their own verbs", map17_strings },
        { "MAP34 each verb with each request refused", map34_each_verb },
        { "MAP33 a thread that ends in a function under a lock gives it back: words",
          map33_ends_words },
        { "MAP33 a thread that ends in a function under a lock gives it back: nodes",
          map33_ends_nodes },
        { "MAP33 a thread that ends in equal under the lock of a plain map gives it back",
          map33_ends_equal },
        { "MAP33 a thread that ends under two locks gives both back", map33_ends_both },
        { "MAP verbs of words for maps of others", wrong_verbs },
        { "MAP22 a cursor of a map with more shards", foreign_cursor },
    };
    return tests_main(argc, argv, "shardmap of nodes", tests, sizeof tests / sizeof *tests);
}
