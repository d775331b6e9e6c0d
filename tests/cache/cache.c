/* SPDX-License-Identifier: MIT */
/* tests/cache/cache.c - the tests of caches: what they share, and calls of one thread (CACHE1, 10 to 13).
 * --kind=mutex and --kind=rwlock, before all other options: the same tests of a plain kind, but those that are
 * about something else. */
#include "cache.h"

#include <weir/rcu.h>

/* ---- shared ----------------------------------------------------------------------------------------------------- */

static weir_time clock_fn(void *arg) {
    return (weir_time)weir_load_acquire(&((struct world *)arg)->now, 0);
}
void world_at(struct world *w, weir_time now) { weir_store_release(&w->now, (uint64_t)now, 0); }

static void removed(const void *key, const void *val, int cause, void *arg) {
    struct world *w = arg;
    uint64_t k = *(const uint64_t *)key, v = *(const uint64_t *)val;
    (void)weir_fetch_add_relaxed(&w->removed[cause], 1);
    if (w->on_removed) {
        w->on_removed(w->on_arg, k, v, cause);
        return;
    }
    weir_store_relaxed(&w->last_key, k);
    weir_store_relaxed(&w->last_val, v);
    weir_store_relaxed(&w->last_cause, (uint64_t)cause);
}

static uint64_t weigh(const void *key, const void *val, void *arg) {
    (void)key;
    (void)arg;
    return *(const uint64_t *)val;
}

static void drop(void *val, void *arg) {
    (void)val;
    (void)weir_fetch_add_relaxed(&((struct world *)arg)->dropped, 1);
}

struct weir_cache_opts opts(struct world *w, uint64_t capacity) {
    struct weir_cache_opts o = WEIR_CACHE_OPTS(uint64_t, uint64_t, capacity);
    o.clock = clock_fn;
    o.removed = removed;
    o.drop = drop;
    o.weigh = w->weighs ? weigh : NULL;
    o.arg = w;
    return o;
}

int cache_kind = WEIR_CACHE_RCU;

void of_kind(struct weir_cache_opts *o) {
    if (!cache_plain()) return;
    o->kind = cache_kind;
    o->shards = 0;
    o->policy = 0;
}

weir_cache *cache_open(const struct weir_cache_opts *o) {
    struct weir_cache_opts mine = *o;
    weir_cache *c = NULL;
    of_kind(&mine);
    CHECK_IS(weir_cache_new(&c, &mine), 0);
    return c;
}

uint64_t told(struct world *w, int cause) { return weir_load_relaxed(&w->removed[cause]); }
uint64_t told_all(struct world *w) {
    uint64_t n = 0;
    for (int i = 0; i < WEIR_CACHE_CAUSES; i++) n += told(w, i);
    return n;
}

void cache_close(weir_cache *c, struct world *w) {
    struct weir_cache_stats s = WEIR_CACHE_STATS;
    uint64_t n = 0;
    CHECK_IS(weir_cache_read_stats(c, &s), 0);
    for (int i = 0; i < WEIR_CACHE_CAUSES; i++) {
        CHECK_IS(s.removed[i], told(w, i)); /* CACHE27 */
        n += s.removed[i];
    }
    CHECK_IS(s.entries, weir_cache_len(c));
    CHECK_IS(s.weight, weir_cache_weight(c));
    CHECK_IS(weir_cache_clear(c), 0);
    CHECK_IS(weir_cache_weight(c), 0); /* nothing has leaked */
    CHECK_IS(weir_cache_free(c), 0);
    CHECK(told_all(w) <= n + s.entries, "told of more than there was");
}

int put_ttl(weir_cache *c, uint64_t key, uint64_t val, weir_time ttl) {
    return weir_cache_put(c, &key, &val, ttl);
}
int put(weir_cache *c, uint64_t key, uint64_t val) { return put_ttl(c, key, val, DEFAULT); }
int64_t get(weir_cache *c, uint64_t key) {
    uint64_t val = 0;
    int rc = weir_cache_get(c, &key, &val);
    return rc == 0 ? (int64_t)val : rc;
}
int inv(weir_cache *c, uint64_t key) { return weir_cache_invalidate(c, &key); }

/* ---- CACHE1, CACHE12, CACHE13 ------------------------------------------------------------------------------------- */

static void what_was_put(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 100);
    weir_cache *c = cache_open(&o);
    CHECK_IS(get(c, 1), WEIR_ENOENT);
    CHECK_IS(put(c, 1, 10), 0);
    CHECK_IS(get(c, 1), 10);
    CHECK_IS(put(c, 1, 11), 0);
    CHECK_IS(get(c, 1), 11);
    CHECK_IS(inv(c, 1), 0);
    CHECK_IS(get(c, 1), WEIR_ENOENT);
    CHECK_IS(inv(c, 1), WEIR_ENOENT);
    CHECK_IS(put(c, 1, 12), 0);
    CHECK_IS(put(c, 2, 20), 0);
    CHECK_IS(weir_cache_len(c), 2);
    CHECK_IS(weir_cache_clear(c), 0);
    CHECK_IS(get(c, 1), WEIR_ENOENT);
    CHECK_IS(get(c, 2), WEIR_ENOENT);
    CHECK_IS(weir_cache_len(c), 0);
    CHECK_IS(weir_cache_weight(c), 0);
    cache_close(c, &w);
    CHECK_IS(weir_load_relaxed(&w.dropped), 4);
}

static void nothing_is_dropped_silently(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 5000);
    weir_cache *c = cache_open(&o);
    for (uint64_t k = 0; k < 5000; k++) CHECK_IS(put(c, k, k + 1), 0);
    for (uint64_t k = 0; k < 5000; k++) CHECK_IS(get(c, k), k + 1);
    CHECK_IS(told_all(&w), 0);
    for (uint64_t k = 5000; k < 9000; k++) { /* each that was put is there, whatever had to go */
        CHECK_IS(put(c, k, k + 1), 0);
        CHECK_IS(get(c, k), k + 1);
    }
    CHECK_IS(told(&w, WEIR_CACHE_SIZE), 4000);
    cache_close(c, &w);
}

/* With capacity for one: it is the old value that goes. */
static void own_new_value_stays(void) {
    for (int policy = WEIR_CACHE_S3FIFO; policy <= WEIR_CACHE_LRU; policy++) {
        struct world w = { .weighs = true };
        struct weir_cache_opts o = opts(&w, 10);
        o.policy = policy;
        weir_cache *c = cache_open(&o);
        for (uint64_t v = 1; v <= 10; v++) {
            CHECK_IS(put(c, 1, v), 0);
            CHECK_IS(get(c, 1), v);
            CHECK_IS(weir_cache_weight(c), v);
        }
        for (uint64_t v = 10; v >= 1; v--) {
            CHECK_IS(put(c, 1, v), 0);
            CHECK_IS(get(c, 1), v);
            CHECK_IS(weir_cache_weight(c), v);
        }
        CHECK_IS(put(c, 2, 10), 0);
        CHECK_IS(get(c, 2), 10);
        CHECK_IS(get(c, 1), WEIR_ENOENT);
        cache_close(c, &w);
    }
}

/* ---- CACHE10, CACHE11 ---------------------------------------------------------------------------------------------- */

static void too_heavy(void) {
    struct world w = { .weighs = true };
    struct weir_cache_opts o = opts(&w, 100);
    struct weir_cache_stats s = WEIR_CACHE_STATS;
    weir_cache *c = cache_open(&o);
    CHECK_IS(put(c, 1, 60), 0);
    CHECK_IS(put(c, 2, 40), 0);
    CHECK_IS(put(c, 3, 101), WEIR_ETOOBIG);
    CHECK_IS(put(c, 1, 101), WEIR_ETOOBIG);
    CHECK_IS(put(c, 3, UINT64_MAX), WEIR_ETOOBIG);
    CHECK_IS(get(c, 1), 60);
    CHECK_IS(get(c, 2), 40);
    CHECK_IS(told_all(&w), 0);
    CHECK_IS(weir_cache_read_stats(c, &s), 0);
    CHECK_IS(s.refused, 3);
    CHECK_IS(weir_load_relaxed(&w.dropped), 0); /* they are still the caller's */
    CHECK_IS(put(c, 3, 100), 0);
    CHECK_IS(get(c, 3), 100);
    CHECK_IS(told(&w, WEIR_CACHE_SIZE), 2);
    cache_close(c, &w);
}

static void weights(void) {
    struct world w = { .weighs = true };
    struct weir_cache_opts o = opts(&w, 100);
    weir_cache *c = cache_open(&o);
    CHECK_IS(put(c, 1, 30), 0);
    CHECK_IS(put(c, 2, 0), 0); /* pinned */
    CHECK_IS(put(c, 3, 30), 0);
    CHECK_IS(weir_cache_weight(c), 60);
    CHECK_IS(put(c, 1, 50), 0);
    CHECK_IS(weir_cache_weight(c), 80);
    CHECK_IS(put(c, 1, 5), 0);
    CHECK_IS(weir_cache_weight(c), 35);
    for (uint64_t k = 10; k < 200; k++) CHECK_IS(put(c, k, 1 + k % 50), 0);
    CHECK_IS(get(c, 2), 0);
    CHECK(weir_cache_weight(c) <= 100, "above its capacity");
    CHECK_IS(put(c, 2, 1), 0); /* not pinned any more */
    CHECK_IS(put(c, 300, 100), 0);
    CHECK_IS(get(c, 2), WEIR_ENOENT);
    CHECK_IS(put(c, 300, 0), 0);
    CHECK_IS(put(c, 301, 100), 0);
    CHECK_IS(get(c, 300), 0);
    CHECK_IS(get(c, 301), 100);
    cache_close(c, &w);
}

/* ---- keys, many, each ------------------------------------------------------------------------------------------------ */

static int count_each(const void *key, const void *val, void *arg) {
    uint64_t *sum = arg;
    CHECK_IS(*(const uint64_t *)key * 3, *(const uint64_t *)val);
    sum[0]++;
    sum[1] += *(const uint64_t *)key;
    return sum[0] == sum[2] ? 7 : 0;
}

static void many_and_each(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 1000);
    weir_cache *c = cache_open(&o);
    uint64_t keys[50], vals[50], sum[3] = { 0 };
    bool found[50];
    for (uint64_t k = 0; k < 50; k++) keys[k] = k;
    for (uint64_t k = 0; k < 50; k += 2) CHECK_IS(put(c, k, 3 * k), 0);
    CHECK_IS(weir_cache_get_many(c, keys, vals, found, 50), 25);
    for (uint64_t k = 0; k < 50; k++) {
        CHECK_IS(found[k], k % 2 == 0);
        if (found[k]) CHECK_IS(vals[k], 3 * k);
    }
    CHECK_IS(weir_cache_each(c, count_each, sum), 0);
    CHECK_IS(sum[0], 25);
    CHECK_IS(sum[1], 600);
    sum[0] = 0;
    sum[2] = 3;
    CHECK_IS(weir_cache_each(c, count_each, sum), 7);
    cache_close(c, &w);
}

static void strings(void) {
    struct weir_cache_opts o = WEIR_CACHE_OPTS(struct weir_str, int, 10);
    weir_cache *c;
    int val = 5;
    o.keys = WEIR_MAP_STRINGS;
    of_kind(&o);
    CHECK_IS(weir_cache_new(&c, &o), 0);
    CHECK_IS(weir_cache_put(c, &(struct weir_str){ "abc", 3 }, &val, DEFAULT), 0);
    val = 0;
    CHECK_IS(weir_cache_get(c, &(struct weir_str){ "abc", 3 }, &val), 0);
    CHECK_IS(val, 5);
    CHECK_IS(weir_cache_get(c, &(struct weir_str){ "abcd", 4 }, &val), WEIR_ENOENT);
    CHECK_IS(weir_cache_get(c, &(struct weir_str){ "abc", 70000 }, &val), WEIR_ETOOBIG);
    count_misuse(true);
    CHECK_IS(weir_cache_get(c, &(struct weir_str){ NULL, 1 }, &val), WEIR_EINVAL);
    count_misuse(false);
    CHECK_IS(weir_cache_invalidate(c, &(struct weir_str){ "abc", 3 }), 0);
    CHECK_IS(weir_cache_free(c), 0);
}

static void lends(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 2);
    weir_cache *c = cache_open(&o);
    uint64_t key = 1;
    CHECK_IS(put(c, 1, 10), 0);
    const uint64_t *held = weir_cache_acquire(c, &key);
    weir_guard g = weir_rcu_enter();
    const uint64_t *peeked = weir_cache_peek(c, g, &key);
    CHECK(held && held == peeked, "not the same value");
    CHECK_IS(inv(c, 1), 0);
    CHECK_IS(*peeked, 10);
    CHECK(!weir_cache_peek(c, g, &key), "it is there still");
    CHECK_IS(weir_rcu_exit(g), 0);
    CHECK(!weir_cache_acquire(c, &key), "it is there still");
    CHECK_IS(weir_rcu_barrier(), 0);
    CHECK_IS(*held, 10);
    CHECK_IS(weir_load_relaxed(&w.dropped), 0);
    CHECK_IS(weir_cache_free(c), WEIR_EBUSY);
    CHECK_IS(put(c, 1, 1), WEIR_ECLOSED);
    weir_cache_release(held);
    CHECK_IS(weir_load_relaxed(&w.dropped), 1);
    weir_cache_release(NULL);
    CHECK_IS(weir_cache_free(c), 0);
}

/* ---- all ------------------------------------------------------------------------------------------------------------- */

static const struct test tests[] = {
    { "CACHE1 get returns what was put and not yet removed", what_was_put },
    { "CACHE13 what was put is there", nothing_is_dropped_silently },
    { "CACHE12 a put never evicts its own new value", own_new_value_stays },
    { "CACHE10 what is heavier than the capacity is refused, and evicts nothing", too_heavy },
    { "CACHE11 a weight is fixed at the write; one of zero is pinned", weights },
    { "get_many, each", many_and_each },
    { "keys that are strings", strings },
    { "CACHE30 values are lent by guard and by reference, and dropped once", lends },
};

/* Of policies that plain kinds have not, and of hits without a lock. */
static const char *const not_plain[] = { "CACHE28 hits", "CACHE29",
                                         "what leaves first, by policy" };

static size_t add(struct test *to, const struct test *t, size_t n) {
    size_t added = 0;
    for (size_t i = 0; i < n; i++) {
        bool left_out = false;
        for (size_t k = 0; cache_plain() && k < sizeof not_plain / sizeof *not_plain; k++)
            left_out |= strncmp(t[i].name, not_plain[k], strlen(not_plain[k])) == 0;
        if (!left_out) to[added++] = t[i];
    }
    return added;
}

static void take_kind(int *argc, char **argv) {
    if (*argc < 2 || strncmp(argv[1], "--kind=", 7) != 0) return;
    cache_kind = strcmp(argv[1] + 7, "mutex") == 0    ? WEIR_CACHE_MUTEX_LRU
                 : strcmp(argv[1] + 7, "rwlock") == 0 ? WEIR_CACHE_RWLOCK_CLOCK
                                                      : WEIR_CACHE_RCU;
    --*argc;
    memmove(argv + 1, argv + 2, (size_t)*argc * sizeof *argv);
}

int main(int argc, char **argv) {
    static const char *const groups[] = { "cache", "cache_mutex", "cache_rwlock" };
    struct test all[200];
    take_kind(&argc, argv);
    size_t n = add(all, tests, sizeof tests / sizeof *tests);
    n += add(all + n, time_tests, n_time_tests);
    n += add(all + n, bound_tests, n_bound_tests);
    n += add(all + n, load_tests, n_load_tests);
    n += add(all + n, loader_tests, n_loader_tests);
    n += add(all + n, end_tests, n_end_tests);
    if (!cache_plain()) n += add(all + n, room_tests, n_room_tests);
    if (!cache_plain()) n += add(all + n, fork_tests, n_fork_tests);
    n += add(all + n, told_tests, n_told_tests);
    n += add(all + n, refresh_tests, n_refresh_tests);
    n += add(all + n, here_tests, n_here_tests);
    n += add(all + n, policy_tests, n_policy_tests);
    n += add(all + n, shared_tests, n_shared_tests);
    n += add(all + n, word_tests, n_word_tests);
    n += add(all + n, life_tests, n_life_tests);
    n += add(all + n, plain_tests, n_plain_tests);
    n += add(all + n, file_tests, n_file_tests);
    if (!cache_plain())
        n += add(all + n, late_tests, n_late_tests); /* the same of all kinds, and 3 s */
    n += add(all + n, spoiled_tests, n_spoiled_tests);
    return tests_main(argc, argv, groups[cache_kind], all, n);
}
