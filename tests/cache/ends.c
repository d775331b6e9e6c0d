/* SPDX-License-Identifier: MIT */
/* tests/cache/ends.c - functions of the user's that are slow, or end their thread: CACHE20, CACHE24, CACHE30. */
#include "scene.h"

#include <pthread.h>

static void on_removed(void *arg, uint64_t key, uint64_t val, int cause) {
    struct scene *s = arg;
    (void)cause;
    if (key == s->waits_for) {
        give(&s->told);
        take(&s->go_on);
    }
    if (s->exits_at && (val == s->exits_at || s->exits_at == ANY)) pthread_exit(NULL);
}
static uint64_t weigh(const void *key, const void *val, void *arg) {
    const struct scene *s = arg; /* the world is its first field */
    (void)val;
    if (s->weigh_exits && *(const uint64_t *)key == 1) pthread_exit(NULL);
    return 1;
}
int scene_load(const void *key, void *val, weir_time *ttl, weir_ctx *ctx, void *arg) {
    struct scene *s = arg;
    (void)key;
    (void)ttl;
    (void)ctx;
    give(&s->begun);
    take(&s->gate);
    *(uint64_t *)val = 10;
    return 0;
}

struct weir_cache_opts scene_opts(struct scene *s, uint64_t capacity) {
    *s = (struct scene){ .w = { .on_removed = on_removed, .on_arg = s } };
    struct weir_cache_opts o = opts(&s->w, capacity);
    none_of(&s->begun);
    none_of(&s->gate);
    none_of(&s->told);
    none_of(&s->go_on);
    o.weigh = weigh;
    o.load = scene_load;
    o.load_arg = s;
    return o;
}
void scene(struct scene *s, uint64_t capacity) {
    struct weir_cache_opts o = scene_opts(s, capacity);
    s->c = cache_open(&o);
}

int64_t load_1(void *arg) {
    struct scene *s = arg;
    uint64_t key = 1, val = 0;
    int rc = weir_cache_load_wait(s->c, &key, &val, scene_load, s, LIMIT, NULL);
    return rc == 0 ? (int64_t)val : rc;
}
static int64_t put_1(void *arg) { return put(((struct scene *)arg)->c, 1, 11); }

/* One thread loads key 1, and is in the loader; another one waits for it. */
static void load_and_wait(struct scene *s, struct call *loads, struct call *waits) {
    call_start(loads, load_1, s);
    take(&s->begun);
    call_start(waits, load_1, s);
    CHECK(call_sleeps(waits), "it does not wait");
}
/* And its value takes the place of key 2's, which is 20. */
static void evicts_2(struct scene *s, struct call *loads, struct call *waits) {
    CHECK_IS(put(s->c, 2, 20), 0);
    load_and_wait(s, loads, waits);
    give(&s->gate);
}
static void gone(struct call *c) { (void)pthread_join(c->thread, NULL); }

/* ---- who waits ------------------------------------------------------------------------------------------------- */

static void slow_removed(void) {
    struct scene s;
    struct call loads, waits;
    scene(&s, 1);
    s.waits_for = 2;
    evicts_2(&s, &loads, &waits);
    take(&s.told); /* `removed` is told that 2 has left */
    CHECK_IS(call_end(&waits), 10);
    CHECK_IS(get(s.c, 1), 10);
    CHECK(!call_done(&loads), "it did not tell");
    give(&s.go_on);
    CHECK_IS(call_end(&loads), 10);
    cache_close(s.c, &s.w);
}

static void removed_exits(void) {
    struct scene s;
    struct call loads, waits;
    scene(&s, 1);
    s.exits_at = 20;
    evicts_2(&s, &loads, &waits);
    CHECK_IS(call_end(&waits), 10);
    gone(&loads);
    CHECK_IS(get(s.c, 1), 10);
    cache_close(s.c, &s.w);
    CHECK_IS(weir_load_relaxed(&s.w.dropped), 2);
}

/* Of the plain kinds: what leaves is dropped by the call. (Of the other one it is not, but by weir's own thread.) */
static void on_drop(void *val, void *arg) {
    struct scene *s = arg;
    if (*(const uint64_t *)val != 20) return;
    give(&s->told);
    take(&s->go_on);
}
static void slow_drop(void) {
    for (int kind = WEIR_CACHE_MUTEX_LRU; kind <= WEIR_CACHE_RWLOCK_CLOCK; kind++) {
        struct scene s;
        struct call loads, waits;
        struct weir_cache_opts o = scene_opts(&s, 1);
        o.kind = kind;
        o.removed = NULL;
        o.drop = on_drop;
        CHECK_IS(weir_cache_new(&s.c, &o), 0);
        evicts_2(&s, &loads, &waits);
        take(&s.told);
        CHECK_IS(call_end(&waits), 10);
        CHECK_IS(get(s.c, 1), 10);
        CHECK(!call_done(&loads), "it did not drop");
        give(&s.go_on);
        CHECK_IS(call_end(&loads), 10);
        CHECK_IS(weir_cache_free(s.c), 0);
    }
}

static void weigh_exits(void) {
    struct scene s;
    struct call loads, waits;
    scene(&s, 1);
    s.weigh_exits = true;
    load_and_wait(&s, &loads, &waits);
    give(&s.gate);
    CHECK_IS(call_end(&waits), WEIR_ECANCELED);
    gone(&loads);
    s.weigh_exits = false;
    give(&s.gate);
    CHECK_IS(load_1(&s), 10); /* nobody loads it any more */
    cache_close(s.c, &s.w);
    CHECK_IS(weir_load_relaxed(&s.w.dropped), 2); /* both values that the loader has given */
}

/* ---- what stays of a thread that has ended ------------------------------------------------------------------------ */

static void removed_exits_below_put(void) {
    struct scene s;
    struct call puts;
    scene(&s, 1);
    s.exits_at = 20;
    CHECK_IS(put(s.c, 2, 20), 0);
    call_start(&puts, put_1, &s);
    gone(&puts);
    CHECK_IS(get(s.c, 1), 11);
    cache_close(s.c, &s.w);
    CHECK_IS(weir_load_relaxed(&s.w.dropped), 2);
}

static void weigh_exits_below_put(void) {
    struct scene s;
    struct call puts;
    scene(&s, 1);
    s.weigh_exits = true;
    CHECK_IS(put(s.c, 2, 20), 0);
    call_start(&puts, put_1, &s);
    gone(&puts);
    CHECK_IS(get(s.c, 1), WEIR_ENOENT);
    CHECK_IS(get(s.c, 2), 20);
    cache_close(s.c, &s.w);
    CHECK_IS(weir_load_relaxed(&s.w.dropped), 1); /* the other one was never the cache's */
}

/* A value that was to be acquired is nobody's then. */
struct acquires {
    struct scene *s;
    const void *val;
};
static int64_t acquire_1(void *arg) {
    struct acquires *a = arg;
    uint64_t key = 1;
    return weir_cache_load_acquire_wait(a->s->c, &key, &a->val, scene_load, a->s, LIMIT, NULL);
}
static void removed_exits_below_acquire(void) {
    struct scene s;
    struct call loads;
    struct acquires a = { &s, NULL };
    scene(&s, 1);
    s.exits_at = 20;
    CHECK_IS(put(s.c, 2, 20), 0);
    give(&s.gate);
    call_start(&loads, acquire_1, &a);
    gone(&loads);
    CHECK(!a.val, "it has a value");
    CHECK_IS(get(s.c, 1), 10);
    cache_close(s.c, &s.w);
    CHECK_IS(weir_load_relaxed(&s.w.dropped), 2);
}

static void removed_exits_below_refresh(void) {
    struct scene s;
    struct weir_cache_opts o = scene_opts(&s, 1);
    o.refresh = 50;
    s.c = cache_open(&o);
    s.exits_at = 11;
    CHECK_IS(put(s.c, 1, 11), 0);
    world_at(&s.w, 60);
    CHECK_IS(get(s.c, 1), 11); /* begins it, on a thread of its own */
    take(&s.begun);
    give(&s.gate);
    while (told(&s.w, WEIR_CACHE_REPLACED) == 0) sleep_ms(1);
    CHECK_IS(get(s.c, 1), 10);
    CHECK_IS(weir_cache_free(s.c), 0); /* which waits for the task */
    CHECK_IS(weir_load_relaxed(&s.w.dropped), 2);
}

/* All of it is cleared, and closed, though the thread ends at the first that is told of. */
static int64_t clear_call(void *arg) { return weir_cache_clear(((struct scene *)arg)->c); }
static int64_t close_call(void *arg) { return weir_cache_close(((struct scene *)arg)->c); }
static void removed_exits_below_clear(void) {
    for (unsigned close = 0; close < 2; close++) {
        struct scene s;
        struct weir_cache_opts o = scene_opts(&s, 100);
        struct call call, loads, waits;
        o.shards = 8;
        s.c = cache_open(&o);
        for (uint64_t k = 2; k < 50; k++) CHECK_IS(put(s.c, k, k), 0);
        load_and_wait(&s, &loads, &waits);
        s.exits_at = ANY;
        call_start(&call, close ? close_call : clear_call, &s);
        gone(&call);
        s.exits_at = 0;
        CHECK_IS(told_all(&s.w), 1);
        CHECK_IS(weir_cache_len(s.c), 0);
        if (close) CHECK_IS(call_end(&waits), WEIR_ECLOSED);
        give(&s.gate);
        if (!close) CHECK_IS(call_end(&waits), 10);
        CHECK_IS(call_end(&loads), 10);
        CHECK_IS(get(s.c, 1), WEIR_ENOENT);
        CHECK_IS(weir_cache_free(s.c), 0);
        CHECK_IS(told_all(&s.w), 48);
        CHECK_IS(weir_load_relaxed(&s.w.dropped), 49);
    }
}

/* ---- CACHE30 ------------------------------------------------------------------------------------------------------- */

/* Also of a load whose key was put, invalidated, or cleared meanwhile. */
static void overtaken_and_closed(void) {
    for (unsigned how = 0; how < 3; how++) {
        struct scene s;
        struct call loads, waits;
        scene(&s, 10);
        load_and_wait(&s, &loads, &waits);
        CHECK_IS(how == 0   ? put(s.c, 1, 11)
                 : how == 1 ? inv(s.c, 1)
                            : weir_cache_clear(s.c),
                 how == 1 ? WEIR_ENOENT : 0);
        CHECK_IS(weir_cache_close(s.c), 0);
        CHECK_IS(call_end(&waits), WEIR_ECLOSED);
        give(&s.gate);
        CHECK_IS(call_end(&loads), 10);
        CHECK_IS(weir_cache_free(s.c), 0);
    }
}

const struct test end_tests[] = {
    { "CACHE20 CACHE24 who waits for a load does not wait for `removed`", slow_removed },
    { "CACHE20 CACHE24 nor for one that ends its thread", removed_exits },
    { "CACHE20 plain kinds: nor for `drop`", slow_drop },
    { "CACHE20 a `weigh` that ends its thread is a load that has failed", weigh_exits },
    { "CACHE24 CACHE30 nothing stays of a put whose thread `removed` ends",
      removed_exits_below_put },
    { "CACHE30 nor of one whose thread `weigh` ends", weigh_exits_below_put },
    { "CACHE24 CACHE30 nor of a load by reference", removed_exits_below_acquire },
    { "CACHE24 CACHE30 nor of a refresh", removed_exits_below_refresh },
    { "CACHE24 CACHE30 all is cleared, or closed, all the same", removed_exits_below_clear },
    { "CACHE30 close wakes who waits for a load that was overtaken", overtaken_and_closed },
};
const size_t n_end_tests = sizeof end_tests / sizeof *end_tests;
