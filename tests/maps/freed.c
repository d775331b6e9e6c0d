/* SPDX-License-Identifier: MIT */
/* tests/maps/freed.c - calls on maps that were freed. MAP35. That each call of the headers stands in the tables
 * below, by the name that it reports, is what freed.sh is for. */
#include <stdio.h>
#include <string.h>

#include <weir/map_str.h>
#include <weir/map_u64.h>
#include <weir/rcu.h>
#include <weir/shardmap_str.h>
#include <weir/shardmap_u64.h>

#include "lib/handle.h"

#include "../support/check.h"
#include "../support/failing_alloc.h"

/* ---- what is reported ----------------------------------------------------------------------------------- */

static unsigned reports;
static char reported[100];
static void on_report(const char *call, const char *what, void *arg) {
    (void)arg;
    if (reports++ == 0) (void)snprintf(reported, sizeof reported, "%s: %s", call, what);
}

static void heard(const char *call, const char *what) {
    char want[100];
    (void)snprintf(want, sizeof want, "%s: %s", call, what);
    CHECK(reports == 1, "%s: %u reports", call, reports);
    CHECK(strcmp(reported, want) == 0, "%s, for %s", reported, want);
    reports = 0;
    reported[0] = 0;
}

struct verb {
    const char *name;
    int64_t (*fn)(void *m);
    int64_t result;
};

static void each_reports(void *m, const struct verb *verbs, size_t n, const char *what) {
    weir_set_report(on_report, NULL);
    reports = 0;
    for (size_t i = 0; i < n; i++) {
        check_context("%s", verbs[i].name);
        CHECK_IS(verbs[i].fn(m), verbs[i].result);
        heard(verbs[i].name, what);
    }
    weir_set_report(NULL, NULL);
}

static int unseen(uint64_t key, uint64_t val, void *arg) {
    (void)arg;
    return !CHECK(false, "an entry of a freed map: %llu %llu", (unsigned long long)key,
                  (unsigned long long)val);
}
static int gives(uint64_t key, uint64_t *val, void *arg) {
    (void)val;
    (void)arg;
    return CHECK(false, "a value for a freed map: %llu", (unsigned long long)key) ? 0 : -1;
}
static int gives_any(const void *key, void *val, void *arg) {
    (void)val;
    (void)arg;
    return CHECK(false, "a value for a freed map: %p", key) ? 0 : -1;
}
static int gives_string(const void *key, size_t len, void **val, void *arg) {
    (void)val;
    (void)arg;
    return CHECK(false, "a value for a freed map: %p %zu", key, len) ? 0 : -1;
}
static int unseen_any(const void *key, const void *val, void *arg) {
    (void)arg;
    return !CHECK(false, "an entry of a freed map: %p %p", key, val);
}
static int unseen_update(uint64_t *val, bool there, void *arg) {
    (void)val;
    (void)there;
    (void)arg;
    (void)CHECK(false, "an update of a freed map");
    return WEIR_UPDATE_KEEP;
}

static int unseen_any_update(void *val, bool is, void *arg) { return unseen_update(val, is, arg); }

/* ---- the calls ------------------------------------------------------------------------------------------ */

/* Each gives keys that were in the map, values that must stay as they are, and arrays with room. */
static uint64_t keys[4], vals[4] = { 7, 7, 7, 7 };
static bool there[4];
static void *string;
static struct weir_map_cursor cursor;
static struct weir_map_stats stats = WEIR_MAP_STATS;

/* A map's verb, for the two types. */
#define BOTH(verb, args)                                                \
    static int64_t map_##verb(void *m) { return weir_map_##verb args; } \
    static int64_t shardmap_##verb(void *m) { return weir_shardmap_##verb args; }
BOTH(get_u64, (m, 1, vals))
BOTH(get_many_u64, (m, keys, vals, there, 4))
BOTH(put_u64, (m, 1, 2))
BOTH(get_or_put_u64, (m, 1, vals))
BOTH(compute_u64, (m, 1, gives, NULL, vals))
BOTH(swap_u64, (m, 1, vals))
BOTH(take_u64, (m, 1, vals))
BOTH(delete_u64, (m, 1))
BOTH(cas_u64, (m, 1, 1, 2))
BOTH(cad_u64, (m, 1, 1))
BOTH(next_u64, (m, &cursor, keys, vals, 4))
BOTH(each_u64, (m, unseen, NULL))
BOTH(clear, (m))
BOTH(reserve, (m, 100000))
BOTH(free, (m))
BOTH(get, (m, keys, vals))
BOTH(get_many, (m, keys, vals, there, 4))
BOTH(put, (m, keys, vals))
BOTH(get_or_put, (m, keys, vals))
BOTH(compute, (m, keys, gives_any, NULL, vals))
BOTH(swap, (m, keys, vals))
BOTH(take, (m, keys, vals))
BOTH(delete, (m, keys))
BOTH(cas, (m, keys, vals, vals))
BOTH(cad, (m, keys, vals))
BOTH(next, (m, &cursor, keys, vals, 4))
BOTH(each, (m, unseen_any, NULL))
BOTH(get_str, (m, "a", 1, &string))
BOTH(put_str, (m, "a", 1, NULL))
BOTH(get_or_put_str, (m, "a", 1, &string))
BOTH(compute_str, (m, "a", 1, gives_string, NULL, &string))
BOTH(swap_str, (m, "a", 1, &string))
BOTH(take_str, (m, "a", 1, &string))
BOTH(delete_str, (m, "a", 1))
BOTH(cas_str, (m, "a", 1, NULL, NULL))
BOTH(cad_str, (m, "a", 1, NULL))
#undef BOTH
static int64_t map_peek(void *m) {
    weir_guard g = weir_rcu_enter();
    const void *p = weir_map_peek(m, g, keys);
    CHECK_IS(weir_rcu_exit(g), 0);
    return p != NULL;
}
static int64_t map_len(void *m) { return (int64_t)weir_map_len(m); }
static int64_t map_read_stats(void *m) { return weir_map_read_stats(m, &stats); }
static int64_t shardmap_len(void *m) { return (int64_t)weir_shardmap_len(m); }
static int64_t shardmap_shards(void *m) { return weir_shardmap_shards(m); }
static int64_t shardmap_read_stats(void *m) {
    return weir_shardmap_read_stats(m, WEIR_SHARDMAP_ALL, &stats);
}
static int64_t shardmap_visit(void *m) { return weir_shardmap_visit(m, keys, unseen_any, NULL); }
static int64_t shardmap_update(void *m) {
    return weir_shardmap_update(m, keys, unseen_any_update, NULL);
}
static int64_t shardmap_add_u64(void *m) { return weir_shardmap_add_u64(m, 1, 1, vals); }
static int64_t shardmap_visit_u64(void *m) { return weir_shardmap_visit_u64(m, 1, unseen, NULL); }
static int64_t shardmap_update_u64(void *m) {
    return weir_shardmap_update_u64(m, 1, unseen_update, NULL);
}

static const struct verb map_verbs[] = {
    { "weir_map_get", map_get, WEIR_EINVAL },
    { "weir_map_get_many", map_get_many, WEIR_EINVAL },
    { "weir_map_put", map_put, WEIR_EINVAL },
    { "weir_map_get_or_put", map_get_or_put, WEIR_EINVAL },
    { "weir_map_compute", map_compute, WEIR_EINVAL },
    { "weir_map_swap", map_swap, WEIR_EINVAL },
    { "weir_map_take", map_take, WEIR_EINVAL },
    { "weir_map_delete", map_delete, WEIR_EINVAL },
    { "weir_map_cas", map_cas, WEIR_EINVAL },
    { "weir_map_cad", map_cad, WEIR_EINVAL },
    { "weir_map_next", map_next, WEIR_EINVAL },
    { "weir_map_each", map_each, WEIR_EINVAL },
    { "weir_map_get_str", map_get_str, WEIR_EINVAL },
    { "weir_map_put_str", map_put_str, WEIR_EINVAL },
    { "weir_map_get_or_put_str", map_get_or_put_str, WEIR_EINVAL },
    { "weir_map_compute_str", map_compute_str, WEIR_EINVAL },
    { "weir_map_swap_str", map_swap_str, WEIR_EINVAL },
    { "weir_map_take_str", map_take_str, WEIR_EINVAL },
    { "weir_map_delete_str", map_delete_str, WEIR_EINVAL },
    { "weir_map_cas_str", map_cas_str, WEIR_EINVAL },
    { "weir_map_cad_str", map_cad_str, WEIR_EINVAL },
    { "weir_map_peek", map_peek, 0 },
    { "weir_map_get_u64", map_get_u64, WEIR_EINVAL },
    { "weir_map_get_many_u64", map_get_many_u64, WEIR_EINVAL },
    { "weir_map_put_u64", map_put_u64, WEIR_EINVAL },
    { "weir_map_get_or_put_u64", map_get_or_put_u64, WEIR_EINVAL },
    { "weir_map_compute_u64", map_compute_u64, WEIR_EINVAL },
    { "weir_map_swap_u64", map_swap_u64, WEIR_EINVAL },
    { "weir_map_take_u64", map_take_u64, WEIR_EINVAL },
    { "weir_map_delete_u64", map_delete_u64, WEIR_EINVAL },
    { "weir_map_cas_u64", map_cas_u64, WEIR_EINVAL },
    { "weir_map_cad_u64", map_cad_u64, WEIR_EINVAL },
    { "weir_map_next_u64", map_next_u64, WEIR_EINVAL },
    { "weir_map_each_u64", map_each_u64, WEIR_EINVAL },
    { "weir_map_clear", map_clear, WEIR_EINVAL },
    { "weir_map_reserve", map_reserve, WEIR_EINVAL },
    { "weir_map_len", map_len, 0 },
    { "weir_map_read_stats", map_read_stats, WEIR_EINVAL },
    { "weir_map_free", map_free, WEIR_EINVAL },
};
static const struct verb shardmap_verbs[] = {
    { "weir_shardmap_get", shardmap_get, WEIR_EINVAL },
    { "weir_shardmap_get_many", shardmap_get_many, WEIR_EINVAL },
    { "weir_shardmap_put", shardmap_put, WEIR_EINVAL },
    { "weir_shardmap_get_or_put", shardmap_get_or_put, WEIR_EINVAL },
    { "weir_shardmap_compute", shardmap_compute, WEIR_EINVAL },
    { "weir_shardmap_swap", shardmap_swap, WEIR_EINVAL },
    { "weir_shardmap_take", shardmap_take, WEIR_EINVAL },
    { "weir_shardmap_delete", shardmap_delete, WEIR_EINVAL },
    { "weir_shardmap_cas", shardmap_cas, WEIR_EINVAL },
    { "weir_shardmap_cad", shardmap_cad, WEIR_EINVAL },
    { "weir_shardmap_next", shardmap_next, WEIR_EINVAL },
    { "weir_shardmap_each", shardmap_each, WEIR_EINVAL },
    { "weir_shardmap_get_str", shardmap_get_str, WEIR_EINVAL },
    { "weir_shardmap_put_str", shardmap_put_str, WEIR_EINVAL },
    { "weir_shardmap_get_or_put_str", shardmap_get_or_put_str, WEIR_EINVAL },
    { "weir_shardmap_compute_str", shardmap_compute_str, WEIR_EINVAL },
    { "weir_shardmap_swap_str", shardmap_swap_str, WEIR_EINVAL },
    { "weir_shardmap_take_str", shardmap_take_str, WEIR_EINVAL },
    { "weir_shardmap_delete_str", shardmap_delete_str, WEIR_EINVAL },
    { "weir_shardmap_cas_str", shardmap_cas_str, WEIR_EINVAL },
    { "weir_shardmap_cad_str", shardmap_cad_str, WEIR_EINVAL },
    { "weir_shardmap_visit", shardmap_visit, WEIR_EINVAL },
    { "weir_shardmap_update", shardmap_update, WEIR_EINVAL },
    { "weir_shardmap_get_u64", shardmap_get_u64, WEIR_EINVAL },
    { "weir_shardmap_get_many_u64", shardmap_get_many_u64, WEIR_EINVAL },
    { "weir_shardmap_put_u64", shardmap_put_u64, WEIR_EINVAL },
    { "weir_shardmap_get_or_put_u64", shardmap_get_or_put_u64, WEIR_EINVAL },
    { "weir_shardmap_compute_u64", shardmap_compute_u64, WEIR_EINVAL },
    { "weir_shardmap_swap_u64", shardmap_swap_u64, WEIR_EINVAL },
    { "weir_shardmap_add_u64", shardmap_add_u64, WEIR_EINVAL },
    { "weir_shardmap_update_u64", shardmap_update_u64, WEIR_EINVAL },
    { "weir_shardmap_visit_u64", shardmap_visit_u64, WEIR_EINVAL },
    { "weir_shardmap_take_u64", shardmap_take_u64, WEIR_EINVAL },
    { "weir_shardmap_delete_u64", shardmap_delete_u64, WEIR_EINVAL },
    { "weir_shardmap_cas_u64", shardmap_cas_u64, WEIR_EINVAL },
    { "weir_shardmap_cad_u64", shardmap_cad_u64, WEIR_EINVAL },
    { "weir_shardmap_next_u64", shardmap_next_u64, WEIR_EINVAL },
    { "weir_shardmap_each_u64", shardmap_each_u64, WEIR_EINVAL },
    { "weir_shardmap_clear", shardmap_clear, WEIR_EINVAL },
    { "weir_shardmap_reserve", shardmap_reserve, WEIR_EINVAL },
    { "weir_shardmap_len", shardmap_len, 0 },
    { "weir_shardmap_shards", shardmap_shards, 0 },
    { "weir_shardmap_read_stats", shardmap_read_stats, WEIR_EINVAL },
    { "weir_shardmap_free", shardmap_free, WEIR_EINVAL },
};
#define MAP_VERBS (sizeof map_verbs / sizeof *map_verbs)
#define SHARDMAP_VERBS (sizeof shardmap_verbs / sizeof *shardmap_verbs)

/* ---- maps ----------------------------------------------------------------------------------------------- */

static weir_map *map_with_entries(const struct weir_alloc *a) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    weir_map *m = NULL;
    o.alloc = a;
    if (!CHECK_IS(weir_map_new(&m, &o), 0)) test_hangs("a map cannot be made");
    for (uint64_t k = 0; k < 100; k++) CHECK_IS(weir_map_put_u64(m, k, k), 0);
    return m;
}

static weir_shardmap *shardmap_with_entries(const struct weir_alloc *a, int sync) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    weir_shardmap *m = NULL;
    o.alloc = a;
    o.sync = sync;
    o.shards = sync == WEIR_MAP_LINES ? 4 : 0;
    if (!CHECK_IS(weir_shardmap_new(&m, &o), 0)) test_hangs("a map cannot be made");
    for (uint64_t k = 0; k < 100; k++) CHECK_IS(weir_shardmap_put_u64(m, k, k), 0);
    return m;
}

static void untouched(void) {
    for (size_t i = 0; i < 4; i++) CHECK_IS(vals[i], 7);
}

static void map35_map(void) {
    weir_map *m = map_with_entries(NULL);
    CHECK_IS(weir_map_free(m), 0);
    each_reports(m, map_verbs, MAP_VERBS, "it was freed before");
    each_reports(m, map_verbs, MAP_VERBS, "it was freed before"); /* nor does a report end it */
    untouched();
}

static void map35_shardmap(void) {
    for (int sync = WEIR_MAP_LINES; sync <= WEIR_MAP_SHARDED_RWLOCK; sync++) {
        weir_shardmap *m = shardmap_with_entries(NULL, sync);
        CHECK_IS(weir_shardmap_free(m), 0);
        each_reports(m, shardmap_verbs, SHARDMAP_VERBS, "it was freed before");
        untouched();
    }
}

static void map35_kind(void) {
    weir_map *m = map_with_entries(NULL);
    weir_shardmap *s = shardmap_with_entries(NULL, WEIR_MAP_LINES);
    each_reports(s, map_verbs, MAP_VERBS, "not what this call is for");
    each_reports(m, shardmap_verbs, SHARDMAP_VERBS, "not what this call is for");
    untouched();
    CHECK_IS(weir_map_len(m), 100); /* freed by neither */
    CHECK_IS(weir_shardmap_len(s), 100);
    CHECK_IS(weir_map_free(m), 0);
    CHECK_IS(weir_shardmap_free(s), 0);
}

static void map35_bounded(void) {
    weir_map *last = NULL;
    size_t bytes;
    CHECK_IS(weir_shutdown(), 0);
    CHECK_IS(weir__handle_kept(&bytes), 0);
    for (size_t i = 1; i <= 3 * WEIR__HANDLES_KEPT && checks_hold(); i++) {
        weir_map *m = map_with_entries(NULL);
        CHECK(m != last, "the place of one that was just freed");
        CHECK_IS(weir_map_free(m), 0);
        size_t n = weir__handle_kept(&bytes);
        CHECK(n <= i && n >= 1 && n <= WEIR__HANDLES_KEPT, "%zu kept of %zu", n, i);
        CHECK(bytes <= WEIR__HANDLES_BYTES, "%zu bytes", bytes);
        last = m;
    }
    each_reports(last, map_verbs, MAP_VERBS, "it was freed before");
    CHECK_IS(weir_shutdown(), 0);
    CHECK_IS(weir__handle_kept(&bytes), 0);
    CHECK_IS(bytes, 0);
}

static void map35_alloc(void) {
    struct failing_alloc f;
    size_t before, after, n = weir__handle_kept(&before);
    failing_alloc_init(&f, 0);
    CHECK_IS(weir_map_free(map_with_entries(&f.as)), 0);
    CHECK_IS(f.out, 0);
    CHECK_IS(weir_shardmap_free(shardmap_with_entries(&f.as, WEIR_MAP_LINES)), 0);
    CHECK_IS(f.out, 0);
    CHECK_IS(f.bytes_out, 0);
    CHECK_IS(weir__handle_kept(&after), n);
    CHECK_IS(after, before);
}

int main(int argc, char **argv) {
    static const struct test tests[] = {
        { "MAP35 each call on a weir_map that was freed is reported by its name", map35_map },
        { "MAP35 each call on a weir_shardmap that was freed is reported by its name",
          map35_shardmap },
        { "MAP35 each call on a map of the other type is reported by its name", map35_kind },
        { "MAP35 the quarantine is bounded, and weir_shutdown empties it", map35_bounded },
        { "MAP35 a map with an allocator leaves nothing in it", map35_alloc },
    };
    return tests_main(argc, argv, "freed", tests, sizeof tests / sizeof *tests);
}
