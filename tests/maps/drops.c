/* SPDX-License-Identifier: MIT */
/* tests/maps/drops.c - what weir_map promises of values that own something: destructors, loans, callbacks. MAP28 MAP29
 * MAP33 RCU6. */
#include <stdlib.h>
#include <string.h>

#include <weir/map_str.h>
#include <weir/rcu.h>

#include "../rcu/rcu.h"
#include "../support/failing_alloc.h"
#include "../support/threads.h"

/* ---- values that are counted ---------------------------------------------------------------------------- */

#define VALUES (1 << 18)
static weir_au32 dropped[VALUES],
    kept[VALUES]; /* kept: given back to the caller, or never stored */
static weir_au64 next_value;

static void count_drop(void *val, void *arg) {
    CHECK(arg == dropped, "drop's argument");
    (void)weir_fetch_add_relaxed(&dropped[*(uint64_t *)val], 1);
}

static uint64_t new_value(void) {
    uint64_t v = weir_fetch_add_relaxed(&next_value, 1);
    if (v >= VALUES) test_hangs("more values than the test counts");
    return v;
}
static void keep(uint64_t v) { (void)weir_fetch_add_relaxed(&kept[v], 1); }

static weir_map *counted_map(void) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    weir_map *m;
    o.drop = count_drop;
    o.drop_arg = dropped;
    memset(dropped, 0, sizeof dropped);
    memset(kept, 0, sizeof kept);
    weir_init_atomic(&next_value, 0);
    if (weir_map_new(&m, &o) < 0) test_hangs("no map");
    return m;
}

/* Each value was dropped or kept, once, of those up to now. */
static void all_once(void) {
    for (uint64_t v = 0; v < weir_load_relaxed(&next_value) && checks_hold(); v++)
        CHECK(weir_load_relaxed(&dropped[v]) + weir_load_relaxed(&kept[v]) == 1,
              "value %llu: dropped %u times, kept %u times", (unsigned long long)v,
              weir_load_relaxed(&dropped[v]), weir_load_relaxed(&kept[v]));
}

static void dropped_now(uint64_t v, unsigned times) {
    CHECK_IS(weir_rcu_barrier(), 0);
    CHECK_IS(weir_load_relaxed(&dropped[v]), times);
}

/* One thread: each verb by itself. */
static void map28_verbs(void) {
    weir_map *m = counted_map();
    uint64_t key = 1, a = new_value(), b = new_value(), c = new_value(), d = new_value(), x = 0;
    CHECK_IS(weir_map_put(m, &key, &a), 0);
    dropped_now(a, 0);
    CHECK_IS(weir_map_put(m, &key, &b), 0);
    dropped_now(a, 1);
    x = c;
    CHECK_IS(weir_map_get_or_put(m, &key, &x), WEIR_EEXIST); /* not stored: the caller's */
    CHECK_IS(x, b);
    x = c;
    CHECK_IS(weir_map_swap(m, &key, &x), WEIR_EEXIST);
    CHECK_IS(x, b);
    keep(b);
    dropped_now(b, 0);
    CHECK_IS(weir_map_cas(m, &key, &a, &d), WEIR_EEXIST);
    CHECK_IS(weir_map_cas(m, &key, &c, &d), 0);
    dropped_now(c, 1);
    CHECK_IS(weir_map_cad(m, &key, &c), WEIR_EEXIST);
    CHECK_IS(weir_map_take(m, &key, &x), 0);
    CHECK_IS(x, d);
    CHECK_IS(weir_map_put(m, &key, &d), 0);
    CHECK_IS(weir_map_cad(m, &key, &d), 0);
    dropped_now(d, 1);
    uint64_t e = new_value(), f = new_value(), g = new_value();
    CHECK_IS(weir_map_put(m, &key, &e), 0);
    CHECK_IS(weir_map_delete(m, &key), 0);
    dropped_now(e, 1);
    CHECK_IS(weir_map_put(m, &key, &f), 0);
    CHECK_IS(weir_map_clear(m), 0);
    dropped_now(f, 1);
    CHECK_IS(weir_map_put(m, &key, &g), 0);
    CHECK_IS(weir_map_free(m), 0);
    CHECK_IS(weir_load_relaxed(&dropped[g]), 1);
    all_once();
}

static void churn(void *arg, size_t who) {
    weir_map *m = arg;
    for (size_t i = 0; i < times(8000) && checks_hold(); i++) {
        uint64_t key = rng_below(who == 0 ? 200 : 5), v = new_value(), x = v;
        int rc;
        switch (rng_below(7)) {
            case 0:
                rc = weir_map_get_or_put(m, &key, &x);
                if (rc != 0) keep(v);
                break;
            case 1:
                rc = weir_map_swap(m, &key, &x);
                if (rc == WEIR_EEXIST) keep(x);
                break;
            case 2:
                keep(v);
                rc = weir_map_take(m, &key, &x);
                if (rc == 0) keep(x);
                break;
            case 3:
                keep(v);
                rc = weir_map_delete(m, &key);
                break;
            case 4:
                if (weir_map_get(m, &key, &x) < 0) x = 0;
                rc = weir_map_cas(m, &key, &x, &v);
                if (rc != 0) keep(v);
                break;
            case 5:
                keep(v);
                if (weir_map_get(m, &key, &x) < 0) x = 0;
                rc = i % 64 ? weir_map_cad(m, &key, &x) : weir_map_clear(m);
                break;
            default: rc = weir_map_put(m, &key, &v); CHECK_IS(rc, 0);
        }
        CHECK(rc == 0 || rc == WEIR_EEXIST || rc == WEIR_ENOENT, "%d", rc);
    }
}

static void map28_race(void) {
    weir_map *m = counted_map();
    team_run(4, churn, m);
    CHECK_IS(weir_map_free(m), 0);
    all_once();
}

/* ---- MAP29: what a guard protects ----------------------------------------------------------------------- */

struct owned {
    uint64_t v, not_v;
};
static void free_owned(void *val, void *arg) {
    struct owned *o = *(struct owned **)val;
    (void)arg;
    o->v = o->not_v = 0;
    free(o);
}
static struct owned *make_owned(uint64_t v) {
    struct owned *o = malloc(sizeof *o);
    if (!o) test_hangs("no memory");
    *o = (struct owned){ v, ~v };
    return o;
}

struct loans {
    weir_map *m;
    weir_au32 over;
};

static void look_at_loans(struct loans *l) {
    while (!weir_load_relaxed(&l->over) && checks_hold()) {
        struct weir_str key = { "abcdef", 1 + rng_below(6) };
        weir_guard g = weir_rcu_enter();
        struct owned *const *p = weir_map_peek(l->m, g, &key);
        if (p) {
            const struct owned *o = *p;
            uint64_t v = o->v;
            for (int i = 0; i < 200; i++) {
                CHECK(*p == o, "a value has changed in its place");
                CHECK(o->v == v && o->not_v == ~v, "a loan was taken back");
            }
        }
        CHECK_IS(weir_rcu_exit(g), 0);
    }
}

static void loans_thread(void *arg, size_t who) {
    struct loans *l = arg;
    if (who >= 2) {
        look_at_loans(l);
        return;
    }
    for (uint64_t i = 0; i < times(30000) && checks_hold(); i++) {
        size_t len = 1 + rng_below(6);
        if (i % 3 == 2)
            (void)weir_map_delete_str(l->m, "abcdef", len);
        else
            CHECK_IS(weir_map_put_str(l->m, "abcdef", len, make_owned(i)), 0);
        if (i % 1000 == 999) CHECK_IS(weir_map_clear(l->m), 0);
    }
    weir_store_relaxed(&l->over, 1);
}

static void map29_loans(void) {
    struct weir_map_opts o = WEIR_MAP_OPTS_STR;
    struct loans l = { NULL, { 0 } };
    o.drop = free_owned;
    CHECK_IS(weir_map_new(&l.m, &o), 0);
    team_run(4, loans_thread, &l);
    CHECK_IS(weir_map_free(l.m), 0);
}

/* ---- MAP33: callbacks that use the map ------------------------------------------------------------------ */

static struct {
    weir_map *m;
    unsigned hashes, equals;
    bool in_hash;
    weir_au32 drops;
} calls;

static uint64_t hash_that_looks(const void *key, size_t len, uint64_t seed) {
    uint64_t k;
    CHECK_IS(len, sizeof k);
    memcpy(&k, key, sizeof k);
    if (calls.m && !calls.in_hash) {
        uint64_t other = 99, v = 5;
        calls.in_hash = true;
        calls.hashes++;
        CHECK_IS(weir_map_put(calls.m, &other, &v), 0);
        CHECK_IS(weir_map_get(calls.m, &other, &v), 0);
        calls.in_hash = false;
    }
    return k ^ seed;
}
static bool equal_that_writes(const void *a, const void *b) {
    uint64_t other = 98, v = 6;
    if (calls.equals++ % 2 == 0) CHECK_IS(weir_map_put(calls.m, &other, &v), 0);
    return memcmp(a, b, sizeof v) == 0;
}

static void map33_hash_equal(void) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    weir_map *m;
    uint64_t key = 1, v = 10, w = 11;
    memset(&calls, 0, sizeof calls);
    o.hash = hash_that_looks;
    o.equal = equal_that_writes;
    CHECK_IS(weir_map_new(&m, &o), 0);
    calls.m = m;
    CHECK_IS(weir_map_put(m, &key, &v), 0);
    CHECK_IS(weir_map_cas(m, &key, &w, &v), WEIR_EEXIST);
    CHECK_IS(weir_map_cas(m, &key, &v, &w), 0);
    CHECK_IS(weir_map_cad(m, &key, &w), 0);
    CHECK(calls.hashes >= 4 && calls.equals == 3, "%u, %u", calls.hashes, calls.equals);
    calls.m = NULL;
    CHECK_IS(weir_map_len(m), 2);
    CHECK_IS(weir_map_free(m), 0);
}

/* A list through the map: each value's drop removes the next one, deeper than a barrier follows. */
static void drop_next(void *val, void *arg) {
    uint64_t next = *(uint64_t *)val, v = 0;
    (void)arg;
    (void)weir_fetch_add_relaxed(&calls.drops, 1);
    if (next % 100 == 0) return;
    CHECK_IS(weir_map_get(calls.m, &next, &v), 0);
    CHECK_IS(weir_map_delete(calls.m, &next), 0);
}

static void map33_drop(void) {
    enum { N = 40 };
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    struct failing_alloc f;
    uint64_t first = 0;
    failing_alloc_init(&f, 0);
    memset(&calls, 0, sizeof calls);
    o.drop = drop_next;
    o.alloc = &f.as;
    CHECK_IS(weir_map_new(&calls.m, &o), 0);
    for (uint64_t k = 0; k < N; k++) {
        uint64_t next = k + 1 < N ? k + 1 : 100;
        CHECK_IS(weir_map_put(calls.m, &k, &next), 0);
    }
    CHECK_IS(weir_map_delete(calls.m, &first), 0);
    CHECK_IS(weir_map_free(calls.m), 0); /* not before the last drop */
    CHECK_IS(weir_load_relaxed(&calls.drops), N);
    CHECK_IS(f.out, 0);
}

/* A drop that puts: what it puts is dropped as well. */
static void drop_puts(void *val, void *arg) {
    uint64_t v = *(uint64_t *)val, less = v - 1;
    (void)arg;
    (void)weir_fetch_add_relaxed(&calls.drops, 1);
    if (v > 0) CHECK_IS(weir_map_put(calls.m, &less, &less), 0);
}
static void map33_drop_puts(void) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    uint64_t v = 20;
    memset(&calls, 0, sizeof calls);
    o.drop = drop_puts;
    CHECK_IS(weir_map_new(&calls.m, &o), 0);
    CHECK_IS(weir_map_put(calls.m, &v, &v), 0);
    CHECK_IS(weir_map_free(calls.m), 0);
    CHECK_IS(weir_load_relaxed(&calls.drops), 21);
}

/* It would wait for itself. */
static void map_free_in_guard(void) {
    weir_map *m = counted_map();
    uint64_t key = 1, v = new_value();
    CHECK_IS(weir_map_put(m, &key, &v), 0);
    weir_guard g = weir_rcu_enter();
    CHECK_IS(weir_map_free(m), WEIR_EDEADLK);
    CHECK_IS(weir_rcu_exit(g), 0);
    CHECK_IS(weir_map_get(m, &key, &v), 0);
    CHECK_IS(weir_map_free(m), 0);
    all_once();
}

/* ---- the bound ------------------------------------------------------------------------------------------ */

#define HARD ((size_t)64 << 10)

static void count_pointer(void *val, void *arg) {
    free(*(void **)val);
    (void)weir_fetch_add_relaxed((weir_au32 *)arg, 1);
}

/* Replaces a pointer until there is no room for what that leaves behind: so many times. */
static size_t replace_until_full(weir_map *m) {
    for (size_t n = 0;; n++) {
        void *p = malloc(4096);
        int rc = p ? weir_map_put_str_wait(m, "key", 3, p, WEIR_NOW, NULL) : WEIR_ENOMEM;
        if (rc == 0 && n < HARD) continue;
        free(p);
        CHECK_IS(rc, WEIR_EAGAIN);
        return n;
    }
}

/* RCU6, rulings 20: beside a reader that stays, a map of pointers keeps as many nodes as the limit allows, whatever they point
 * to: nodes are what it knows. */
static void bound_counts_nodes(void) {
    struct weir_map_opts o = WEIR_MAP_OPTS_STR;
    weir_au32 freed = { 0 };
    struct reader r;
    weir_map *m;
    o.drop = count_pointer;
    o.drop_arg = &freed;
    CHECK_IS(weir_shutdown(), 0); /* whoever has retired before has told all of it */
    CHECK_IS(weir_rcu_set_limits(HARD / 2, HARD), 0);
    if (weir_map_new(&m, &o) < 0) test_hangs("no map");
    CHECK_IS(weir_map_put_str(m, "key", 3, malloc(4096)), 0);
    struct weir_map_stats map = WEIR_MAP_STATS;
    CHECK_IS(weir_map_read_stats(m, &map), 0);
    CHECK_IS(weir_rcu_barrier(), 0);
    reader_start(&r);
    size_t before = stats().bytes, n = replace_until_full(m);
    CHECK_IS(stats().bytes, before + n * map.node_bytes);
    CHECK(stats().bytes <= HARD, "%zu bytes", (size_t)stats().bytes);
    CHECK(n >= (HARD - before) / map.node_bytes - 1, "full at %zu", n);
    CHECK_IS(stats().over_bytes, 0);
    CHECK_IS(weir_load_relaxed(&freed), 0);
    reader_end(&r);
    CHECK_IS(weir_rcu_barrier(), 0);
    CHECK_IS(weir_load_relaxed(&freed), n);
    CHECK_IS(weir_map_put_str(m, "key", 3, NULL), 0); /* there is room again */
    CHECK_IS(weir_map_free(m), 0);
    CHECK_IS(weir_rcu_set_limits(0, 0), 0);
}

int main(int argc, char **argv) {
    static const struct test tests[] = {
        { "MAP28 each verb drops what it replaces or removes, once", map28_verbs },
        { "MAP28 values in a race of all verbs are dropped or given back, once", map28_race },
        { "MAP29 a value that is lent stays while others replace and delete", map29_loans },
        { "MAP33 hash and equality use the map", map33_hash_equal },
        { "MAP33 drops that remove from the map, however deep", map33_drop },
        { "MAP33 drops that put into the map that is freed", map33_drop_puts },
        { "MAP28 a free that would wait for itself", map_free_in_guard },
        { "RCU6 a map's garbage is bounded in nodes, not in what they point to",
          bound_counts_nodes },
    };
    return tests_main(argc, argv, "values of a map", tests, sizeof tests / sizeof *tests);
}
