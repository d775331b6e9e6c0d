/* SPDX-License-Identifier: MIT */
/* tests/maps/shard_bounds.c - steps, memory, balance, re-entrance and bad input of weir_shardmap. SHARD9-SHARD13, MAP33. */
#include <stdlib.h>
#include <string.h>

#include <weir/rcu.h>

#include "shard.h"

/* ---- SHARD9, SHARD10 -------------------------------------------------------------------------------------------- */

void shard9_steps(void) {
    static const unsigned steps[] = { 1, 4, 16 };
    EACH_FORM(f) {
        for (size_t i = 0; i < 3; i++) {
            weir_shardmap *m = shard_make(f, steps[i], NULL);
            unsigned most = 0;
            for (uint64_t k = 0; k < 5000; k++) {
                points_count("map.copied");
                CHECK_IS(weir_shardmap_put_u64(m, k, k), 0);
                unsigned n = points_passed();
                if (n > most) most = n;
            }
            points_count(NULL);
            /* Its own line, once more after it made the shard grow, and after it got memory. */
            CHECK(most > 0 && most <= steps[i] + 3, "%u lines at once, step %u", most, steps[i]);
            shard_end(m);
        }
    }
}

static weir_asize bytes;
static void *counted_alloc(void *self, size_t size, size_t align) {
    (void)self;
    (void)weir_fetch_add_relaxed(&bytes, size);
    return aligned_alloc(align, (size + align - 1) / align * align);
}
static void counted_free(void *self, void *p, size_t size, size_t align) {
    (void)self;
    (void)align;
    (void)weir_fetch_sub_relaxed(&bytes, size);
    free(p);
}

void shard10_memory(void) {
    enum { N = 100000 };
    struct weir_alloc a = { counted_alloc, counted_free, NULL };
    EACH_FORM(f) {
        weir_shardmap *m = shard_make(f, 0, &a);
        for (uint64_t k = 0; k < N / 100; k++) CHECK_IS(weir_shardmap_put_u64(m, k, k), 0);
        CHECK_IS(weir_rcu_barrier(), 0);
        size_t fresh = weir_load_relaxed(&bytes);
        for (uint64_t k = 0; k < N; k++) CHECK_IS(weir_shardmap_put_u64(m, k, k), 0);
        for (uint64_t k = N / 100; k < N; k++) CHECK_IS(weir_shardmap_take_u64(m, k, NULL), 0);
        for (uint64_t k = 0; k < N / 10; k++) { /* writers shrink it, by and by */
            CHECK_IS(weir_shardmap_put_u64(m, N + k, k), 0);
            CHECK_IS(weir_shardmap_take_u64(m, N + k, NULL), 0);
        }
        CHECK_IS(weir_rcu_barrier(), 0);
        size_t left = weir_load_relaxed(&bytes);
        CHECK(left <= 4 * fresh, "%zu bytes, %zu when fresh", left, fresh);
        shard_end(m);
        CHECK_IS(weir_load_relaxed(&bytes), 0);
    }
}

static bool refuses;
static void *refusing_alloc(void *self, size_t size, size_t align) {
    return refuses && size > 256 ? NULL : counted_alloc(self, size, align);
}

/* Lines that have left their chains while no table could be had: they are counted, and do not stand for growth. */
void shard10_spare(void) {
    enum { N = 4000 };
    struct weir_alloc a = { refusing_alloc, counted_free, NULL };
    struct weir_map_stats st = WEIR_MAP_STATS;
    weir_shardmap *m = shard_make(&shard_forms[0], 0, &a);
    refuses = true;
    for (uint64_t k = 0; k < N; k++) CHECK_IS(weir_shardmap_put_u64(m, k, k), 0);
    for (uint64_t k = 0; k < N; k++) CHECK_IS(weir_shardmap_delete_u64(m, k), 0);
    CHECK_IS(weir_shardmap_read_stats(m, WEIR_SHARDMAP_ALL, &st), 0);
    CHECK(st.bytes >= N / 4 * 64, "it holds %zu bytes and says %zu", weir_load_relaxed(&bytes),
          st.bytes);
    refuses = false;
    for (uint64_t k = 0; k < N; k++) CHECK_IS(weir_shardmap_put_u64(m, k, k), 0);
    CHECK_IS(weir_shardmap_read_stats(m, WEIR_SHARDMAP_ALL, &st), 0);
    CHECK(st.lines >= N / 4, "%zu lines for %d entries", st.lines, N);
    shard_end(m);
    CHECK_IS(weir_load_relaxed(&bytes), 0);
}

/* ---- SHARD11, SHARD12, SHARD13 ---------------------------------------------------------------------------------- */

static int use_from_another(uint64_t key, uint64_t val, void *arg) {
    struct call c;
    struct shard_work w = { arg, key };
    (void)val;
    call_start(&c, shard_use_line, &w);
    CHECK(call_returns(&c, 20000), "a lock is held while the function runs");
    return call_end(&c) == 0 ? 0 : 1;
}

void shard11_no_lock(void) {
    EACH_FORM(f) {
        weir_shardmap *m = shard_make(f, 0, NULL);
        for (uint64_t k = 0; k < 20; k++) CHECK_IS(weir_shardmap_put_u64(m, k, 1), 0);
        CHECK_IS(weir_shardmap_each_u64(m, use_from_another, m), 0);
        CHECK_IS(weir_shardmap_len(m), 0);
        shard_end(m);
    }
}

void shard12_balance(void) {
    for (unsigned by = 0; by <= 48; by += 4) {
        weir_shardmap *m = shard_make(&shard_forms[0], 0, NULL);
        size_t least = SIZE_MAX, most = 0;
        check_context("keys 2^%u apart", by);
        for (uint64_t k = 0; k < 40000; k++) CHECK_IS(weir_shardmap_put_u64(m, k << by, k), 0);
        for (unsigned s = 0; s < weir_shardmap_shards(m); s++) {
            struct weir_map_stats st = WEIR_MAP_STATS;
            CHECK_IS(weir_shardmap_read_stats(m, s, &st), 0);
            if (st.entries < least) least = st.entries;
            if (st.entries > most) most = st.entries;
            CHECK(st.longest <= 4, "a chain of %zu lines", st.longest);
        }
        CHECK(most <= 2 * least, "%zu to %zu entries in a shard", least, most);
        shard_end(m);
    }
}

void shard13_sum(void) {
    EACH_FORM(f) {
        weir_shardmap *m = shard_make(f, 0, NULL);
        for (uint64_t k = 0; k < 3000 && checks_hold(); k++) {
            struct weir_map_stats st = WEIR_MAP_STATS;
            size_t sum = 0;
            CHECK_IS(weir_shardmap_put_u64(m, k, k), 0);
            if (k % 4 == 3) CHECK_IS(weir_shardmap_delete_u64(m, k / 2), 0);
            if (k % 50) continue;
            for (unsigned s = 0; s < weir_shardmap_shards(m); s++) {
                CHECK_IS(weir_shardmap_read_stats(m, s, &st), 0);
                sum += st.entries;
            }
            CHECK_IS(sum, weir_shardmap_len(m));
        }
        shard_end(m);
    }
}

/* ---- MAP33 ------------------------------------------------------------------------------------------------------ */

static int never(uint64_t key, uint64_t val, void *arg) {
    (void)key;
    (void)val;
    (void)arg;
    return CHECK(false, "called") ? 0 : 1;
}
static int call_back(weir_shardmap *m) {
    struct weir_map_cursor c = WEIR_MAP_CURSOR;
    struct weir_map_stats st = WEIR_MAP_STATS;
    uint64_t k = 999, v = 1; /* another key than that of the function */
    bool found;
    CHECK_IS(weir_shardmap_get_u64(m, k, &v), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_get_many_u64(m, &k, &v, &found, 1), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_visit_u64(m, k, shard_see, NULL), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_put_u64(m, k, 1), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_get_or_put_u64(m, k, &v), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_swap_u64(m, k, &v), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_add_u64(m, k, 1, NULL), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_update_u64(m, k, shard_increment, NULL), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_take_u64(m, k, NULL), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_delete_u64(m, k), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_cas_u64(m, k, 1, 2), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_cad_u64(m, k, 1), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_next_u64(m, &c, &k, &v, 1), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_each_u64(m, never, NULL), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_clear(m), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_reserve(m, 100), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_read_stats(m, 0, &st), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_free(m), WEIR_EDEADLK);
    return 0;
}
struct two {
    weir_shardmap *a, *b;
};
static int visit_b(uint64_t key, uint64_t val, void *arg) {
    struct two *t = arg;
    (void)key;
    (void)val;
    (void)call_back(t->a); /* not only the innermost */
    return call_back(t->b);
}
static int update_a(uint64_t *val, bool there, void *arg) {
    struct two *t = arg;
    (void)there;
    (void)call_back(t->a);
    CHECK_IS(weir_shardmap_put_u64(t->b, 2, 2), 0); /* another map may be used */
    CHECK_IS(weir_shardmap_visit_u64(t->b, 2, visit_b, t), 0);
    *val = 3;
    return WEIR_UPDATE_STORE;
}

void map33_deadlock(void) {
    EACH_FORM(f) {
        struct two t = { shard_make(f, 0, NULL), shard_make(f, 0, NULL) };
        uint64_t v = 0;
        CHECK_IS(weir_shardmap_update_u64(t.a, 1, update_a, &t), 0);
        CHECK_IS(weir_shardmap_get_u64(t.a, 1, &v), 0);
        CHECK_IS(v, 3);
        CHECK_IS(weir_shardmap_len(t.a), 1);
        shard_end(t.a);
        shard_end(t.b);
    }
}

/* ---- bad input -------------------------------------------------------------------------------------------------- */

static void quiet(const char *call, const char *what, void *arg) {
    (void)call;
    (void)what;
    ++*(unsigned *)arg;
}

void shard_bad_options(void) {
    static const struct {
        int rc, sync;
        unsigned shards;
        size_t key, val, hint;
    } bad[] = {
        { WEIR_EINVAL, 5, 0, 8, 8, 0 },         { WEIR_EINVAL, -1, 0, 8, 8, 0 },
        { WEIR_EINVAL, 0, 3, 8, 8, 0 },         { WEIR_EINVAL, 0, 8192, 8, 8, 0 },
        { WEIR_EINVAL, 0, 0, 0, 8, 0 },         { WEIR_EINVAL, 0, 0, 8, 0, 0 },
        { WEIR_ETOOBIG, 0, 0, 8, 8, SIZE_MAX },
    };
    unsigned reports = 0;
    weir_set_report(quiet, &reports);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
        weir_shardmap *m = (weir_shardmap *)&o;
        o.sync = bad[i].sync;
        o.shards = bad[i].shards;
        o.key_size = bad[i].key;
        o.val_size = bad[i].val;
        o.hint = bad[i].hint;
        check_context("options %zu", i);
        CHECK_IS(weir_shardmap_new(&m, &o), bad[i].rc);
        CHECK(m == NULL, "a map");
    }
    CHECK_IS(weir_shardmap_new(NULL, NULL), WEIR_EINVAL);
    weir_shardmap *m = shard_make(&shard_forms[0], 0, NULL);
    struct weir_map_stats st = WEIR_MAP_STATS;
    CHECK_IS(weir_shardmap_update_u64(m, 1, NULL, NULL), WEIR_EINVAL);
    CHECK_IS(weir_shardmap_visit_u64(m, 1, NULL, NULL), WEIR_EINVAL);
    CHECK_IS(weir_shardmap_add_u64(NULL, 1, 1, NULL), WEIR_EINVAL);
    CHECK_IS(weir_shardmap_read_stats(m, 8, &st), WEIR_EINVAL);
    CHECK_IS(weir_shardmap_shards(NULL), 0);
    weir_set_report(NULL, NULL);
    shard_end(m);
}
