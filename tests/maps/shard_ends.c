/* SPDX-License-Identifier: MIT */
/* tests/maps/shard_ends.c - threads that end in a function of theirs under a lock of a weir_shardmap: MAP33. What they
 * were about to do has not happened, and the map goes on; nothing is lost, as AddressSanitizer would say. */
#include <pthread.h>

#include <weir/rcu.h>

#include "shard_nodes.h"

#define PATIENCE 10000 /* ms */

/* ---- how a thread ends, and where --------------------------------------------------------------------------------- */

static bool by_cancel;

static int end_here(void) {
    if (!by_cancel) pthread_exit(NULL);
    (void)pthread_cancel(pthread_self());
    pthread_testcancel();
    return 0;
}

static int end_update(uint64_t *val, bool there, void *arg) {
    (void)there;
    (void)arg;
    *val = 77;
    return end_here();
}
static int end_visit(uint64_t key, uint64_t val, void *arg) {
    (void)key;
    (void)val;
    (void)arg;
    return end_here();
}
static int end_any_update(void *val, bool there, void *arg) { return end_update(val, there, arg); }
static int end_any_visit(const void *key, const void *val, void *arg) {
    (void)key;
    (void)val;
    return end_visit(0, 0, arg);
}
static weir_au32 ends_in_equal;
static bool end_equal(const void *a, const void *b) {
    if (weir_load_relaxed(&ends_in_equal)) (void)end_here();
    return *(const uint64_t *)a == *(const uint64_t *)b;
}

/* Each of these does not return, or else a pointer. */
static void *back(int rc) {
    (void)rc;
    return map;
}
static void *words_update(void *key) {
    return back(weir_shardmap_update_u64(map, *(uint64_t *)key, end_update, NULL));
}
static void *words_visit(void *key) {
    return back(weir_shardmap_visit_u64(map, *(uint64_t *)key, end_visit, NULL));
}
static void *any_update(void *key) {
    return back(weir_shardmap_update(map, key, end_any_update, NULL));
}
static void *any_visit(void *key) {
    return back(weir_shardmap_visit(map, key, end_any_visit, NULL));
}
static void *any_cas(void *key) {
    uint64_t expect = 1, val = 2;
    weir_store_relaxed(&ends_in_equal, 1);
    return back(weir_shardmap_cas(map, key, &expect, &val));
}
static void *any_cad(void *key) {
    uint64_t expect = 1;
    weir_store_relaxed(&ends_in_equal, 1);
    return back(weir_shardmap_cad(map, key, &expect));
}

/* ---- afterwards --------------------------------------------------------------------------------------------------- */

static int add_one(void *val, bool there, void *arg) {
    (void)arg;
    *(uint64_t *)val += there ? 1 : 100;
    return WEIR_UPDATE_STORE;
}

/* By a thread of its own, to see whether it returns: reads and writes of the key, 1 or absent, and what needs all. */
static int64_t use(void *arg) {
    uint64_t key = *(uint64_t *)arg, v = 0;
    bool there = key == 1;
    CHECK_IS(weir_shardmap_get(map, &key, &v), there ? 0 : WEIR_ENOENT);
    if (there) CHECK_IS(v, 1);
    CHECK_IS(weir_shardmap_update(map, &key, add_one, NULL), 0);
    CHECK_IS(weir_shardmap_get(map, &key, &v), 0);
    CHECK_IS(v, there ? 2 : 100);
    for (uint64_t k = 10; k < 300; k++) CHECK_IS(weir_shardmap_put(map, &k, &k), 0); /* they grow */
    CHECK_IS(weir_shardmap_len(map), there ? 291 : 292);
    CHECK_IS(weir_shardmap_clear(map), 0);
    v = 1;
    key = 1;
    CHECK_IS(weir_shardmap_put(map, &key, &v), 0);
    CHECK_IS(weir_rcu_synchronize(), 0);
    CHECK_IS(weir_rcu_fork_prepare_wait(weir_after(PATIENCE * INT64_C(1000000)), NULL), 0);
    return weir_rcu_fork_parent();
}

static void ends(void *(*fn)(void *), uint64_t key) {
    pthread_t thread;
    struct call after;
    void *result = NULL;
    if (!CHECK(pthread_create(&thread, NULL, fn, &key) == 0, "no thread")) return;
    (void)pthread_join(thread, &result);
    CHECK(result != map, "its function has returned");
    weir_store_relaxed(&ends_in_equal, 0);
    call_start(&after, use, &key);
    if (!call_returns(&after, PATIENCE)) test_hangs("the lock of a thread that has ended");
    CHECK_IS(call_end(&after), 0);
}

static void open_one(int sync, weir_map_equal_fn *equal, bool nodes) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    uint64_t one = 1;
    o.sync = sync;
    o.equal = equal;
    o.sip = nodes;
    open_map(o);
    CHECK_IS(weir_shardmap_put(map, &one, &one), 0);
}

static void each_way(void (*fn)(int sync)) {
    by_cancel = false;
    each_form(fn);
    by_cancel = true;
    each_form(fn);
}

static void ends_in(int sync, bool nodes, void *(*update)(void *), void *(*visit)(void *)) {
    open_one(sync, NULL, nodes);
    ends(update, 1);
    ends(update, 2);
    ends(visit, 1);
    CHECK_IS(weir_shardmap_free(map), 0);
}

static void words_in(int sync) { ends_in(sync, false, words_update, words_visit); }
void map33_ends_words(void) { each_way(words_in); }

static void nodes_in(int sync) { ends_in(sync, true, any_update, any_visit); }
void map33_ends_nodes(void) { each_way(nodes_in); }

static void equal_in(int sync) {
    if (sync == WEIR_MAP_LINES) return; /* in a guard, and no lock */
    open_one(sync, end_equal, true);
    ends(any_cas, 1);
    ends(any_cad, 1);
    CHECK_IS(weir_shardmap_free(map), 0);
}
void map33_ends_equal(void) { each_way(equal_in); }

/* ---- one in the other ----------------------------------------------------------------------------------------------- */

static weir_shardmap *outer_map;

static int update_inner(uint64_t *val, bool there, void *arg) {
    (void)there;
    *val = 5;
    return weir_shardmap_update_u64(map, 1, end_update, arg);
}
static void *nested(void *arg) {
    return back(weir_shardmap_update_u64(outer_map, 1, update_inner, arg));
}
static void clear_outer(void *arg) {
    (void)arg;
    CHECK_IS(weir_shardmap_clear(outer_map), 0); /* not EDEADLK */
}
static void *nested_in(void *arg) {
    pthread_cleanup_push(clear_outer, NULL);
    (void)nested(arg);
    pthread_cleanup_pop(0);
    return map;
}

/* Both locks are given back, the inner one first; and what the thread still calls is not taken for inside. */
void map33_ends_both(void) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    by_cancel = false;
    CHECK_IS(weir_shardmap_new(&outer_map, &o), 0);
    CHECK_IS(weir_shardmap_put_u64(outer_map, 1, 1), 0);
    open_one(WEIR_MAP_MUTEX, NULL, false);
    ends(nested_in, 1);
    CHECK_IS(weir_shardmap_len(outer_map), 0);
    CHECK_IS(weir_shardmap_put_u64(outer_map, 1, 1), 0);
    CHECK_IS(weir_shardmap_free(outer_map), 0);
    CHECK_IS(weir_shardmap_free(map), 0);
}
