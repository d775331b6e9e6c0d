/* SPDX-License-Identifier: MIT */
/* tests/cache/room.c - calls where garbage has reached its limit, and a reader keeps it there: CACHE2, CACHE18, CACHE20. Not of the
 * plain kinds, which leave no garbage. */
#include "scene.h"

#include <weir/rcu.h>

/* A reader that stays in a guard, until it is let go. */
struct full {
    weir_sem in, out;
    struct call reader;
};
static int64_t stay(void *arg) {
    struct full *f = arg;
    weir_guard g = weir_rcu_enter();
    give(&f->in);
    take(&f->out);
    return weir_rcu_exit(g);
}
/* It does, and puts of key 2 have filled what room there is. */
static void fill(struct full *f, weir_cache *c) {
    uint64_t key = 2;
    int rc = 0;
    none_of(&f->in);
    none_of(&f->out);
    CHECK_IS(weir_rcu_barrier(), 0);
    CHECK_IS(weir_rcu_set_limits(1000, 20000), 0);
    call_start(&f->reader, stay, f);
    take(&f->in);
    for (uint64_t i = 0; i < 1000 && rc == 0; i++)
        rc = weir_cache_put_wait(c, &key, &i, DEFAULT, WEIR_NOW, NULL);
    CHECK_IS(rc, WEIR_EAGAIN);
}
static void leave(struct full *f) {
    give(&f->out);
    CHECK_IS(call_end(&f->reader), 0);
}
static void room_close(struct scene *s) {
    CHECK_IS(weir_rcu_set_limits(0, 0), 0);
    cache_close(s->c, &s->w);
}

/* Who loads stops when the value is there, and before it has woken who waits. */
static int64_t load_1_in_steps(void *arg) {
    struct scene *s = arg;
    stop_me(&s->stop);
    return load_1(s);
}

/* A reader stays, and garbage is at its limit: the value goes to all who ask, and is stored when the reader has left. */
static void no_room(void) {
    struct scene s;
    struct full full;
    struct call loads, waits;
    uint64_t one = 1, val = 0;
    scene(&s, 10);
    fill(&full, s.c);
    stop_init(&s.stop, "cache.load.over");
    call_start(&loads, load_1_in_steps, &s);
    take(&s.begun);
    call_start(&waits, load_1, &s);
    CHECK(call_sleeps(&waits), "it does not wait");
    give(&s.gate);
    CHECK(stop_wait(&s.stop), "it does not end");
    CHECK_IS(weir_cache_load_wait(s.c, &one, &val, scene_load, &s, WEIR_NOW, NULL), WEIR_EBUSY);
    stop_release(&s.stop);
    CHECK_IS(call_end(&waits), 10);
    CHECK_IS(load_1(&s), 10); /* from the load */
    CHECK_IS(get(s.c, 1), WEIR_ENOENT);
    CHECK(!call_done(&loads), "it did not wait for room");
    leave(&full);
    CHECK_IS(call_end(&loads), 10);
    CHECK_IS(get(s.c, 1), 10);
    stop_fini(&s.stop);
    room_close(&s);
}

/* The same, but the value's time is over before there is room: a load begins anew. */
static int load_short(const void *key, void *val, weir_time *ttl, weir_ctx *ctx, void *arg) {
    int rc = scene_load(key, val, ttl, ctx, arg);
    *ttl = 100;
    return rc;
}
static int64_t load_short_1(void *arg) {
    struct scene *s = arg;
    uint64_t key = 1, val = 0;
    int rc = weir_cache_load_wait(s->c, &key, &val, load_short, s, LIMIT, NULL);
    return rc == 0 ? (int64_t)val : rc;
}
static void no_room_in_time(void) {
    struct scene s;
    struct full full;
    struct call loads, again;
    scene(&s, 10);
    fill(&full, s.c);
    call_start(&loads, load_short_1, &s);
    take(&s.begun);
    give(&s.gate);
    CHECK(call_sleeps(&loads), "it does not wait for room");
    CHECK_IS(load_1(&s), 10);
    world_at(&s.w, 100);
    call_start(&again, load_1, &s);
    take(&s.begun);
    give(&s.gate);
    CHECK(call_sleeps(&again), "it does not wait for room");
    leave(&full);
    CHECK_IS(call_end(&loads), 10);
    CHECK_IS(call_end(&again), 10);
    CHECK_IS(get(s.c, 1), 10);
    room_close(&s);
}

/* With WEIR_NOW there is no wait for room: the value is its caller's, and not stored. */
static int64_t load_1_now(void *arg) {
    struct scene *s = arg;
    uint64_t key = 1, val = 0;
    int rc = weir_cache_load_wait(s->c, &key, &val, scene_load, s, WEIR_NOW, NULL);
    return rc == 0 ? (int64_t)val : rc;
}
static void no_room_now(void) {
    struct scene s;
    struct full full;
    struct call loads;
    scene(&s, 10);
    fill(&full, s.c);
    give(&s.gate);
    call_start(&loads, load_1_now, &s);
    CHECK(call_returns(&loads, 5000), "a load with WEIR_NOW waits for room");
    leave(&full);
    CHECK_IS(call_end(&loads), 10);
    CHECK_IS(get(s.c, 1), WEIR_ENOENT);
    room_close(&s);
}

/* Nothing is to be stored any more: the load is through, though the reader stays. */
static int inv_in_guard(struct scene *s) {
    weir_guard g = weir_rcu_enter(); /* where it does not wait for room */
    int rc = inv(s->c, 1);
    (void)weir_rcu_exit(g);
    return rc;
}
static void nothing_to_store(void) {
    for (unsigned how = 0; how < 3; how++) {
        struct scene s;
        struct full full;
        struct call loads;
        scene(&s, 10);
        fill(&full, s.c);
        call_start(&loads, load_1, &s);
        take(&s.begun);
        give(&s.gate);
        CHECK(call_sleeps(&loads), "it does not wait for room");
        if (how == 0)
            CHECK_IS(inv_in_guard(&s), WEIR_ENOENT);
        else
            CHECK_IS(how == 1 ? weir_cache_clear(s.c) : weir_cache_close(s.c), 0);
        CHECK(call_returns(&loads, 5000), "it waits for room to store nothing");
        leave(&full);
        CHECK_IS(call_end(&loads), 10);
        CHECK_IS(get(s.c, 1), WEIR_ENOENT);
        room_close(&s);
    }
}

static void invalidate_until(void) {
    struct scene s;
    struct full full;
    uint64_t key = 1;
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    scene(&s, 10);
    CHECK_IS(put(s.c, 1, 10), 0);
    fill(&full, s.c);
    CHECK_IS(weir_cache_invalidate_wait(s.c, &key, WEIR_NOW, NULL), WEIR_EAGAIN);
    weir_time until = weir_after(20 * MS);
    CHECK_IS(weir_cache_invalidate_wait(s.c, &key, until, NULL), WEIR_ETIMEDOUT);
    check_late(WEIR_ETIMEDOUT, until);
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    CHECK_IS(weir_cache_invalidate_wait(s.c, &key, WEIR_FOREVER, ctx), WEIR_ECANCELED);
    CHECK_IS(get(s.c, 1), 10); /* nothing was changed */
    CHECK_IS(inv_in_guard(&s), 0);
    CHECK_IS(get(s.c, 1), WEIR_ENOENT);
    leave(&full);
    CHECK_IS(weir_cache_invalidate_wait(s.c, &key, WEIR_FOREVER, NULL), WEIR_ENOENT);
    weir_ctx_unref(ctx);
    room_close(&s);
}

const struct test room_tests[] = {
    { "CACHE20 who waits for a load does not wait for garbage", no_room },
    { "CACHE20 a load with WEIR_NOW does not wait for room", no_room_now },
    { "CACHE2 a value that waits for room is not given when its time is over", no_room_in_time },
    { "CACHE18 a load that was invalidated does not wait for room", nothing_to_store },
    { "CACHE18 an invalidate waits for room until its deadline", invalidate_until },
};
const size_t n_room_tests = sizeof room_tests / sizeof *room_tests;
