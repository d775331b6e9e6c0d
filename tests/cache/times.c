/* SPDX-License-Identifier: MIT */
/* tests/cache/times.c - caches and time: CACHE2 to CACHE8. */
#include "cache.h"

static void boundary(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 100);
    o.ttl = 50;
    weir_cache *c = cache_open(&o);
    world_at(&w, 1000);
    CHECK_IS(put(c, 1, 10), 0);
    CHECK_IS(put_ttl(c, 2, 20, 70), 0);
    CHECK_IS(put_ttl(c, 3, 30, WEIR_FOREVER), 0);
    world_at(&w, 1049);
    CHECK_IS(get(c, 1), 10);
    world_at(&w, 1050);
    CHECK_IS(get(c, 1), WEIR_ENOENT);
    CHECK_IS(inv(c, 1), WEIR_ENOENT);
    world_at(&w, 1069);
    CHECK_IS(get(c, 2), 20);
    world_at(&w, 1070);
    CHECK_IS(get(c, 2), WEIR_ENOENT);
    world_at(&w, INT64_MAX - 1);
    CHECK_IS(get(c, 3), 30);
    cache_close(c, &w);
}

static void special_times(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 100);
    weir_cache *c = cache_open(&o);
    count_misuse(true);
    CHECK_IS(put_ttl(c, 1, 1, 0), WEIR_EINVAL);
    CHECK_IS(put_ttl(c, 1, 1, -1), WEIR_EINVAL);
    CHECK_IS(put_ttl(c, 1, 1, INT64_MIN), WEIR_EINVAL);
    count_misuse(false);
    world_at(&w, INT64_MAX - 10); /* no overflow */
    CHECK_IS(put_ttl(c, 1, 10, 5), 0);
    CHECK_IS(put_ttl(c, 2, 20, 100), 0);
    CHECK_IS(put_ttl(c, 3, 30, DEFAULT), 0); /* no default: for ever */
    CHECK_IS(put_ttl(c, 4, 40, INT64_MAX - 2), 0);
    CHECK_IS(get(c, 1), 10);
    world_at(&w, INT64_MAX - 5);
    CHECK_IS(get(c, 1), WEIR_ENOENT);
    world_at(&w, INT64_MAX);
    CHECK_IS(get(c, 2), 20);
    CHECK_IS(get(c, 3), 30);
    CHECK_IS(get(c, 4), 40);
    CHECK_IS(weir_cache_maintain(c), 1);
    cache_close(c, &w);
}

static void what_extends(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 100);
    o.ttl = 100;
    weir_cache *c = cache_open(&o);
    world_at(&w, 0);
    CHECK_IS(put(c, 1, 10), 0);
    CHECK_IS(put(c, 2, 20), 0);
    world_at(&w, 90);
    CHECK_IS(get(c, 1), 10);    /* a read does not */
    CHECK_IS(put(c, 2, 21), 0); /* a replace does */
    world_at(&w, 100);
    CHECK_IS(get(c, 1), WEIR_ENOENT);
    CHECK_IS(get(c, 2), 21);
    world_at(&w, 189);
    CHECK_IS(get(c, 2), 21);
    world_at(&w, 190);
    CHECK_IS(get(c, 2), WEIR_ENOENT);
    cache_close(c, &w);
}

static void time_to_idle(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 100);
    o.tti = 50;
    weir_cache *c = cache_open(&o);
    world_at(&w, 0);
    CHECK_IS(put(c, 1, 10), 0);
    for (weir_time t = 40; t < 400; t += 40) { /* a read extends it */
        world_at(&w, t);
        CHECK_IS(get(c, 1), 10);
    }
    world_at(&w, 360 + 49);
    CHECK_IS(weir_cache_maintain(c), 0);
    world_at(&w, 360 + 50);
    CHECK_IS(get(c, 1), WEIR_ENOENT);
    CHECK_IS(weir_cache_maintain(c), 1);
    cache_close(c, &w);
}

/* What is kept to a 64th: never before, and not much later. */
static void idle_in_64ths(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 100);
    o.tti = 64 * SEC;
    weir_cache *c = cache_open(&o);
    world_at(&w, 0);
    CHECK_IS(put(c, 1, 10), 0);
    world_at(&w, SEC - 1);
    CHECK_IS(get(c, 1), 10); /* not written down */
    world_at(&w, 65 * SEC - 2);
    CHECK_IS(get(c, 1), 10);
    world_at(&w, 65 * SEC - 2 + 65 * SEC);
    CHECK_IS(get(c, 1), WEIR_ENOENT);
    cache_close(c, &w);
}

/* A hit that was stopped before it wrote down its use, beside a later one. */
struct used {
    weir_cache *c;
    struct stop stop;
};
static int64_t get_at_used(void *arg) {
    struct used *u = arg;
    stop_me(&u->stop);
    return get(u->c, 1);
}
static void use_goes_forward(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 100);
    struct call late;
    struct used u;
    if (cache_kind == WEIR_CACHE_MUTEX_LRU) return; /* one hit at a time */
    o.tti = 64 * SEC;
    u.c = cache_open(&o);
    world_at(&w, 0);
    CHECK_IS(put(u.c, 1, 10), 0);
    world_at(&w, 10 * SEC);
    stop_init(&u.stop, "cache.used");
    call_start(&late, get_at_used, &u);
    CHECK(stop_wait(&u.stop), "it writes nothing down");
    world_at(&w, 20 * SEC);
    CHECK_IS(get(u.c, 1), 10);
    stop_release(&u.stop);
    CHECK_IS(call_end(&late), 10);
    world_at(&w, 80 * SEC); /* 20 and 64 s are not over */
    CHECK_IS(get(u.c, 1), 10);
    stop_fini(&u.stop);
    cache_close(u.c, &w);
}

/* A time to idle without end. */
static void never_idle(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 100);
    o.tti = WEIR_FOREVER;
    weir_cache *c = cache_open(&o);
    world_at(&w, SEC);
    CHECK_IS(put(c, 1, 10), 0);
    CHECK_IS(get(c, 1), 10);
    world_at(&w, 1000000 * SEC);
    CHECK_IS(get(c, 1), 10);
    CHECK_IS(weir_cache_maintain(c), 0);
    /* Used after more than half of all times there are. */
    world_at(&w, -(INT64_C(1) << 62));
    CHECK_IS(put(c, 2, 20), 0);
    world_at(&w, (INT64_C(1) << 62) + 1);
    CHECK_IS(get(c, 2), 20);
    world_at(&w, (INT64_C(1) << 62) + (INT64_C(1) << 58));
    CHECK_IS(get(c, 2), 20);
    world_at(&w, INT64_MAX);
    CHECK_IS(get(c, 2), 20);
    cache_close(c, &w);
}

static void earlier_one_wins(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 100);
    o.ttl = 100;
    o.tti = 60;
    weir_cache *c = cache_open(&o);
    world_at(&w, 0);
    CHECK_IS(put(c, 1, 10), 0);
    CHECK_IS(put(c, 2, 20), 0);
    world_at(&w, 50);
    CHECK_IS(get(c, 1), 10);
    world_at(&w, 60);
    CHECK_IS(get(c, 2), WEIR_ENOENT); /* idle */
    world_at(&w, 99);
    CHECK_IS(get(c, 1), 10);
    world_at(&w, 100);
    CHECK_IS(get(c, 1), WEIR_ENOENT); /* old */
    cache_close(c, &w);
}

static int none(const void *key, const void *val, void *arg) {
    (void)key;
    (void)val;
    ++*(unsigned *)arg;
    return 0;
}

static void counts_as_a_miss(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 100);
    struct weir_cache_stats s = WEIR_CACHE_STATS;
    unsigned met = 0;
    o.ttl = 10;
    weir_cache *c = cache_open(&o);
    CHECK_IS(put(c, 1, 10), 0);
    world_at(&w, 10);
    CHECK_IS(get(c, 1), WEIR_ENOENT);
    CHECK_IS(weir_cache_each(c, none, &met), 0);
    CHECK_IS(met, 0);
    CHECK_IS(weir_cache_maintain(c), 1);
    CHECK_IS(weir_cache_len(c), 0);
    CHECK_IS(weir_cache_weight(c), 0);
    CHECK_IS(weir_cache_read_stats(c, &s), 0);
    CHECK_IS(s.hits, 0);
    CHECK_IS(s.misses, 1);
    CHECK_IS(s.removed[WEIR_CACHE_EXPIRED], 1);
    cache_close(c, &w);
}

/* Times of all levels of the wheel: each entry goes at the first maintain from its end on, and not before. */
static void wheel(void) {
    static const weir_time starts[] = { 0, 12345, INT64_C(1) << 40, INT64_C(1) << 60, -77 * SEC };
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        struct world w = { 0 };
        struct weir_cache_opts o = opts(&w, 1000);
        world_at(&w, starts[i]);
        weir_cache *c = cache_open(&o);
        weir_time ttl[200], at = starts[i];
        for (uint64_t k = 0; k < 200; k++) {
            ttl[k] = 1 + (weir_time)((rng() << 2) >> rng_below(46)); /* up to 13 days */
            CHECK_IS(put_ttl(c, k, k, ttl[k]), 0);
        }
        for (unsigned step = 0; step < 300 && checks_hold(); step++) {
            at += 1 + (weir_time)(rng() >> (rng_below(30) + 4));
            world_at(&w, at);
            (void)weir_cache_maintain(c);
            size_t live = 0;
            for (uint64_t k = 0; k < 200; k++) live += ttl[k] > at - starts[i];
            CHECK_IS(weir_cache_len(c), live);
        }
        cache_close(c, &w);
    }
}

/* Without being asked for: by writes of other keys. */
static void reclaimed_by_writes(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 1000);
    weir_cache *c = cache_open(&o);
    for (uint64_t k = 0; k < 100; k++) CHECK_IS(put_ttl(c, k, k, SEC), 0);
    world_at(&w, 3 * SEC);
    for (uint64_t k = 1000; k < 1010; k++) CHECK_IS(put(c, k, k), 0);
    CHECK_IS(weir_cache_len(c), 10);
    CHECK_IS(told(&w, WEIR_CACHE_EXPIRED), 100);
    cache_close(c, &w);
}

/* A bounded part in each write. */
static void bounded_work(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 1000);
    weir_cache *c = cache_open(&o);
    for (uint64_t k = 0; k < 500; k++) CHECK_IS(put_ttl(c, k, k, SEC), 0);
    world_at(&w, 100 * 86400 * SEC);
    CHECK_IS(put(c, 1000, 1), 0);
    CHECK(weir_cache_len(c) > 450, "a single write has taken %zu away", 501 - weir_cache_len(c));
    CHECK_IS(get(c, 7), WEIR_ENOENT); /* none of them is there for a get */
    for (uint64_t k = 1001; k < 1050; k++) CHECK_IS(put(c, k, 1), 0);
    CHECK_IS(weir_cache_len(c), 50);
    cache_close(c, &w);
}

static void clock_jumps(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 1000);
    weir_time day = 86400 * SEC;
    o.ttl = 10 * SEC;
    world_at(&w, 1000 * day);
    weir_cache *c = cache_open(&o);
    CHECK_IS(put(c, 1, 1), 0);
    world_at(&w, 990 * day); /* back */
    CHECK_IS(get(c, 1), 1);
    CHECK_IS(put(c, 2, 2), 0);
    CHECK_IS(weir_cache_maintain(c), 0);
    world_at(&w, 990 * day + 10 * SEC);
    CHECK_IS(get(c, 2), WEIR_ENOENT);
    CHECK_IS(weir_cache_maintain(c), 1);
    world_at(&w, INT64_MIN + 5);
    CHECK_IS(put(c, 3, 3), 0);
    CHECK_IS(get(c, 3), 3);
    world_at(&w, INT64_MAX - 5); /* and forward */
    CHECK_IS(weir_cache_maintain(c), 2);
    CHECK_IS(weir_cache_len(c), 0);
    CHECK_IS(put(c, 4, 4), 0);
    world_at(&w, 0);
    CHECK_IS(get(c, 4), 4);
    CHECK_IS(weir_cache_maintain(c), 0);
    cache_close(c, &w);
}

/* Far ahead, and back: what is put then is reclaimed when its time is over, and not when the clock is there again. */
static void far_ahead_and_back(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 1000);
    o.ttl = SEC;
    weir_cache *c = cache_open(&o);
    CHECK_IS(put(c, 1, 1), 0);
    world_at(&w, 100 * 86400 * SEC);
    CHECK_IS(put(c, 2, 2), 0);
    world_at(&w, 10 * SEC);
    for (uint64_t k = 100; k < 200; k++) CHECK_IS(put(c, k, k), 0);
    CHECK_IS(get(c, 2), 2); /* by the clock it has a long time still */
    world_at(&w, 13 * SEC);
    for (uint64_t k = 1000; k < 1010; k++) CHECK_IS(put(c, k, k), 0);
    CHECK_IS(weir_cache_len(c), 11);
    CHECK_IS(told(&w, WEIR_CACHE_EXPIRED), 101);
    world_at(&w, 101 * 86400 * SEC);
    CHECK_IS(weir_cache_maintain(c), 11);
    cache_close(c, &w);
}

/* To and fro by as much as threads may be late with what they have read. */
static void to_and_fro(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 100000);
    o.ttl = 10 * SEC;
    world_at(&w, 1000 * SEC);
    weir_cache *c = cache_open(&o);
    for (uint64_t k = 0; k < 5000; k++) {
        world_at(&w, 1000 * SEC + (weir_time)k * SEC / 50 - (weir_time)rng_below(5) * SEC);
        CHECK_IS(put(c, k, k), 0);
    }
    size_t len = weir_cache_len(c);
    CHECK(len >= 300 && len <= 900, "%zu are left of 100 s, of which 6 to 16 live", len);
    cache_close(c, &w);
}

/* Also those of keys that are not there. */
static void reclaimed_by_invalidates(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 100);
    o.shards = 1;
    weir_cache *c = cache_open(&o);
    for (uint64_t k = 0; k < 50; k++) CHECK_IS(put_ttl(c, k, 1, SEC), 0);
    world_at(&w, 3 * SEC);
    CHECK_IS(inv(c, 100), WEIR_ENOENT);
    CHECK_IS(weir_cache_len(c), 34); /* a bounded number each */
    for (uint64_t k = 101; k < 104; k++) CHECK_IS(inv(c, k), WEIR_ENOENT);
    CHECK_IS(weir_cache_len(c), 0);
    CHECK_IS(told(&w, WEIR_CACHE_EXPIRED), 50);
    cache_close(c, &w);
}

const struct test time_tests[] = {
    { "CACHE2 returned before its end, and not at it", boundary },
    { "CACHE3 default, for ever, bad times, no overflow", special_times },
    { "CACHE4 a replace begins anew, a read does not", what_extends },
    { "CACHE4 a read extends the time to idle", time_to_idle },
    { "CACHE4 the time to idle is kept to a 64th", idle_in_64ths },
    { "CACHE4 a use is not set back by an older one", use_goes_forward },
    { "CACHE3 a time to idle without end", never_idle },
    { "CACHE5 of two ends the earlier one", earlier_one_wins },
    { "CACHE6 what has expired is a miss, not met, and not counted after maintain",
      counts_as_a_miss },
    { "CACHE7 times of all lengths", wheel },
    { "CACHE7 writes reclaim what has expired", reclaimed_by_writes },
    { "CACHE7 invalidates reclaim what has expired", reclaimed_by_invalidates },
    { "CACHE7 CACHE8 a bounded part in each write", bounded_work },
    { "CACHE8 the clock goes back and forward by days", clock_jumps },
    { "CACHE7 CACHE8 the clock goes far ahead, and back", far_ahead_and_back },
    { "CACHE7 CACHE8 the clock goes to and fro", to_and_fro },
};
const size_t n_time_tests = sizeof time_tests / sizeof *time_tests;
