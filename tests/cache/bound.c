/* SPDX-License-Identifier: MIT */
/* tests/cache/bound.c - the bound of a cache under many threads: CACHE9, and what goes with it. */
#include "cache.h"

#define THREADS 8

struct load {
    weir_cache *c;
    uint64_t capacity, keys, heaviest;
    bool ttls;
    weir_au32 writers;
    weir_au64 puts;
};

static void sample(struct load *l) {
    uint64_t weight = weir_cache_weight(l->c);
    CHECK(weight <= l->capacity, "weight %llu", (unsigned long long)weight);
}
/* And what is a sum of parts. */
static void sample_all(struct load *l) {
    struct weir_cache_stats s = WEIR_CACHE_STATS;
    sample(l);
    CHECK_IS(weir_cache_read_stats(l->c, &s), 0);
    CHECK(s.weight <= l->capacity, "weight %llu", (unsigned long long)s.weight);
    if (l->heaviest > 1) return; /* entries may weigh nothing */
    CHECK(s.entries <= l->capacity, "%llu entries", (unsigned long long)s.entries);
    size_t len = weir_cache_len(l->c);
    CHECK(len <= l->capacity, "length %zu", len);
}

/* What a walk finds at different moments may be more than was there at one: so only of what stays. */
static void body(void *arg, size_t index) {
    struct load *l = arg;
    rng_seed(index);
    if (index == 0) {
        while (weir_load_acquire(&l->writers, 0) && checks_hold()) sample_all(l);
        return;
    }
    for (size_t i = 0; i < times(4000) && checks_hold(); i++) {
        uint64_t k = rng_below(l->keys), v = rng_below(l->heaviest + 1);
        weir_time ttl = l->ttls && rng_below(3) == 0 ? 1 + (weir_time)rng_below(1000) : DEFAULT;
        int rc = rng_below(16) ? put_ttl(l->c, k, v, ttl) : inv(l->c, k);
        CHECK(rc == 0 || rc == WEIR_ENOENT, "it returned %d", rc);
        sample(l);
        if (rng_below(4) == 0) (void)get(l->c, k);
        if (rng_below(500) == 0) (void)weir_cache_maintain(l->c);
    }
    (void)weir_fetch_sub_acq_rel(&l->writers, 1, 0);
}

static void hold(uint64_t capacity, uint64_t keys, uint64_t heaviest, unsigned shards, int policy) {
    struct world w = { .weighs = heaviest > 1 };
    struct weir_cache_opts o = opts(&w, capacity);
    struct load l = {
        .capacity = capacity, .keys = keys, .heaviest = heaviest, .ttls = policy == 0
    };
    o.shards = shards;
    o.policy = policy;
    o.clock = NULL;
    l.c = cache_open(&o);
    weir_init_atomic(&l.writers, THREADS - 1);
    check_context("capacity %llu, %u shards, policy %d", (unsigned long long)capacity, shards,
                  policy);
    team_run(THREADS, body, &l);
    struct weir_cache_stats s = WEIR_CACHE_STATS;
    CHECK_IS(weir_cache_read_stats(l.c, &s), 0);
    CHECK(s.entries <= keys, "entries %llu", (unsigned long long)s.entries);
    CHECK_IS(weir_cache_clear(l.c), 0);
    CHECK_IS(weir_cache_weight(l.c), 0); /* nothing has leaked */
    cache_close(l.c, &w);
}

static void by_count(void) {
    hold(100, 300, 1, 1, 0);
    hold(1000, 3000, 1, 4, 0);
}
static void by_weight(void) {
    hold(100, 50, 20, 1, 0);
    hold(1000, 500, 200, 4, 0);
}
/* Entries that each need most of the room, so that puts wait for each other. */
static void tight(void) {
    hold(10, 8, 10, 1, 0);
    hold(10, 8, 10, 8, 0);
    hold(1, 4, 1, 4, 0);
}
static void policies(void) {
    for (int p = WEIR_CACHE_SIEVE; p <= WEIR_CACHE_LRU; p++) hold(100, 300, 5, 2, p);
}
static void delayed(void) {
    points_delay(true);
    times_share(8);
    hold(20, 30, 10, 4, 0);
    times_share(1);
    points_delay(false);
}

/* One thread only looks, as often as it can, beside eight that write all the time: for a second, with
 * --factor=60 a minute; and on a slow machine until each has come round often enough. */
#define WRITERS 8
#define LOOKS 1024
#define WRITES 256
struct watch {
    weir_cache *c;
    weir_time until;
    weir_au64 looks, puts;
};
static void watch_thread(void *arg, size_t index) {
    struct watch *t = arg;
    uint64_t n = 0, least = index ? WRITES : LOOKS;
    rng_seed(index);
    for (; checks_hold() && (n % 64 || n < least || weir_now() < t->until); n++) {
        uint64_t key = rng_below(3000);
        if (index == 0) {
            uint64_t weight = weir_cache_weight(t->c);
            CHECK(weight <= 5000, "weight %llu", (unsigned long long)weight);
        } else if (rng_below(16)) {
            CHECK_IS(put(t->c, key, rng_below(50)), 0);
        } else {
            (void)inv(t->c, key);
        }
    }
    (void)weir_fetch_add_relaxed(index ? &t->puts : &t->looks, n);
}
static void watched(void) {
    struct world w = { .weighs = true };
    struct weir_cache_opts o = opts(&w, 5000);
    struct watch t = { 0 };
    o.shards = 4;
    o.clock = NULL;
    t.c = cache_open(&o);
    t.until = weir_after((weir_time)times(1000) * MS);
    team_run(WRITERS + 1, watch_thread, &t);
    CHECK(weir_load_relaxed(&t.looks) > 1000 && weir_load_relaxed(&t.puts) > 1000,
          "%llu looks, %llu puts", (unsigned long long)weir_load_relaxed(&t.looks),
          (unsigned long long)weir_load_relaxed(&t.puts));
    CHECK(told(&w, WEIR_CACHE_SIZE) > 100, "it was never full");
    cache_close(t.c, &w);
}

static void shards_share(void) {
    struct world w = { .weighs = true };
    struct weir_cache_opts o = opts(&w, 800);
    struct weir_cache_stats s = WEIR_CACHE_STATS;
    o.shards = 8;
    weir_cache *c = cache_open(&o);
    for (uint64_t k = 0; k < 800; k++) CHECK_IS(put(c, k, 1), 0);
    CHECK_IS(weir_cache_weight(c), 800);
    CHECK_IS(put(c, 10000, 800), 0); /* takes from all of them */
    CHECK_IS(get(c, 10000), 800);
    CHECK_IS(weir_cache_len(c), 1);
    CHECK_IS(told(&w, WEIR_CACHE_SIZE), 800);
    for (uint64_t k = 0; k < 100; k++) CHECK_IS(put(c, k, 1), 0);
    CHECK_IS(get(c, 10000), WEIR_ENOENT);
    CHECK_IS(weir_cache_read_stats(c, &s), 0);
    CHECK_IS(s.entries, 100);
    cache_close(c, &w);
}

const struct test bound_tests[] = {
    { "CACHE9 the bound holds at every moment, by count", by_count },
    { "CACHE9 the bound holds at every moment, by weight", by_weight },
    { "CACHE9 the bound holds where a put needs most of it", tight },
    { "CACHE9 the bound holds with each policy", policies },
    { "CACHE9 the bound holds with delays at each point", delayed },
    { "CACHE9 a thread that looks beside eight that write", watched },
    { "CACHE9 a shard with less than its share takes from others", shards_share },
};
const size_t n_bound_tests = sizeof bound_tests / sizeof *bound_tests;
