/* SPDX-License-Identifier: MIT */
/* tests/cache/here.c - refreshes that an executor runs in its submit, so on the thread of the hit, which they end: CACHE26,
 * CACHE30. */
#include "cache.h"

#include <pthread.h>

struct here {
    struct world w;
    weir_cache *c;
    bool load_exits, removed_exits;
    const void *val;
};
static int run_here(void *self, weir_task_fn *fn, weir_ctx *ctx, void *arg) {
    (void)self;
    (void)fn(ctx, arg); /* weir/go.h: "also before submit returns" */
    return 0;
}
static int load_11(const void *key, void *val, weir_time *ttl, weir_ctx *ctx, void *arg) {
    const struct here *h = arg;
    (void)key;
    (void)ttl;
    (void)ctx;
    *(uint64_t *)val = 11;
    if (h->load_exits) pthread_exit(NULL);
    return 0;
}
static void on_removed(void *arg, uint64_t key, uint64_t val, int cause) {
    const struct here *h = arg;
    (void)key;
    (void)val;
    (void)cause;
    if (h->removed_exits) pthread_exit(NULL);
}
/* Keys 1 to 3 are there, and stale. */
static void here_open(struct here *h) {
    static const weir_exec exec = { run_here, NULL };
    h->w.on_removed = on_removed;
    h->w.on_arg = h;
    struct weir_cache_opts o = opts(&h->w, 100);
    o.refresh = 50;
    o.load = load_11;
    o.load_arg = h;
    o.exec = &exec;
    h->c = cache_open(&o);
    for (uint64_t k = 1; k <= 3; k++) CHECK_IS(put(h->c, k, 10), 0);
    world_at(&h->w, 60);
}
static void ends(struct here *h, int64_t (*fn)(void *)) {
    struct call ended;
    here_open(h);
    call_start(&ended, fn, h);
    (void)pthread_join(ended.thread, NULL);
    h->load_exits = h->removed_exits = false;
}

static int64_t get_1(void *here) { return get(((struct here *)here)->c, 1); }
static int64_t acquire_1(void *here) {
    struct here *h = here;
    uint64_t key = 1;
    h->val = weir_cache_acquire(h->c, &key);
    return 0;
}
static int64_t load_acquire_1(void *here) {
    struct here *h = here;
    uint64_t key = 1;
    return weir_cache_load_acquire_wait(h->c, &key, &h->val, load_11, h, WEIR_FOREVER, NULL);
}
static int64_t get_3(void *here) {
    uint64_t keys[] = { 1, 2, 3 }, vals[3];
    bool found[3];
    return weir_cache_get_many(((struct here *)here)->c, keys, vals, found, 3);
}

static void in_a_get(void) {
    struct here h = { .load_exits = true };
    ends(&h, get_1);
    CHECK_IS(get(h.c, 1), 10); /* and it is refreshed by now */
    CHECK_IS(get(h.c, 1), 11);
    cache_close(h.c, &h.w);
}

static void in_an_acquire(void) {
    for (unsigned how = 0; how < 4; how++) {
        struct here h = { .load_exits = how % 2 == 0, .removed_exits = how % 2 == 1 };
        ends(&h, how < 2 ? acquire_1 : load_acquire_1);
        CHECK(!h.val, "it has a value");
        cache_close(h.c, &h.w);
    }
}

static void in_a_get_of_many(void) {
    struct here h = { .load_exits = true };
    ends(&h, get_3);
    for (uint64_t k = 1; k <= 3; k++) {
        CHECK_IS(get(h.c, k), 10); /* which begins a refresh, also of the others */
        CHECK_IS(get(h.c, k), 11);
    }
    cache_close(h.c, &h.w);
}

const struct test here_tests[] = {
    { "CACHE26 a refresh on the thread of a get ends it", in_a_get },
    { "CACHE26 CACHE30 a refresh on the thread of an acquire ends it", in_an_acquire },
    { "CACHE26 a refresh on the thread of a get of many ends it", in_a_get_of_many },
};
const size_t n_here_tests = sizeof here_tests / sizeof *here_tests;
