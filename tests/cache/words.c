/* SPDX-License-Identifier: MIT */
/* tests/cache/words.c - a put over the value that is there, in a cache of words (C11): CACHE1, 2, 4, 19, 27, 30. */
#include "cache.h"

#include <weir/rcu.h>

#include "../support/failing_alloc.h"

/* One whose values nobody is told of, without times of its own: what a put may store over. */
static weir_cache *open_words(const struct weir_alloc *a, size_t val_size) {
    struct weir_cache_opts o = WEIR_CACHE_OPTS(uint64_t, uint64_t, 100);
    o.val_size = (uint32_t)val_size;
    o.alloc = a;
    return cache_open(&o);
}
static uint64_t replaced(weir_cache *c) {
    struct weir_cache_stats s = WEIR_CACHE_STATS;
    CHECK_IS(weir_cache_read_stats(c, &s), 0);
    return s.removed[WEIR_CACHE_REPLACED];
}
static void free_words(weir_cache *c) { CHECK_IS(weir_cache_free(c), 0); }

/* ---- where it stores ------------------------------------------------------------------------------------------ */

/* Of each size up to a word's, byte by byte, beside a neighbour. */
static void stores_where_it_is(void) {
    for (size_t size = 1; size <= 9; size++) {
        struct failing_alloc a;
        failing_alloc_init(&a, 0);
        weir_cache *c = open_words(&a.as, size);
        unsigned char val[9], got[10];
        uint64_t key = 1, other = 2;
        memset(val, 0x11, sizeof val);
        CHECK_IS(weir_cache_put(c, &other, val, DEFAULT), 0);
        CHECK_IS(weir_cache_put(c, &key, val, DEFAULT), 0);
        CHECK_IS(weir_cache_get(c, &key, got), 0); /* the first one's counts */
        size_t before = a.requests;
        for (unsigned i = 0; i < 200; i++) {
            memset(val, (int)i, sizeof val);
            memset(got, 0xee, sizeof got);
            CHECK_IS(weir_cache_put(c, &key, val, i % 2 ? DEFAULT : WEIR_FOREVER), 0);
            CHECK_IS(weir_cache_get(c, &key, got), 0);
            CHECK(memcmp(got, val, size) == 0 && got[size] == 0xee, "size %zu, put %u", size, i);
        }
        CHECK((a.requests == before) == (size <= 8), "size %zu: %zu requests", size,
              a.requests - before);
        CHECK_IS(replaced(c), 200);
        CHECK_IS(weir_cache_len(c), 2);
        CHECK_IS(weir_cache_get(c, &other, got), 0);
        CHECK_IS(got[0], 0x11);
        free_words(c);
        CHECK_IS(a.out, 0);
    }
}

/* What has an end of its own is not stored over, and what is stored over has none; a failure neither. */
static void times_stay_right(void) {
    struct world w = { 0 };
    struct weir_cache_opts o = opts(&w, 100);
    o.drop = NULL;
    o.removed = NULL;
    weir_cache *c = cache_open(&o);
    CHECK_IS(put(c, 1, 10), 0);
    CHECK_IS(put(c, 1, 11), 0);
    CHECK_IS(put_ttl(c, 1, 12, 5), 0);
    world_at(&w, 4);
    CHECK_IS(get(c, 1), 12);
    world_at(&w, 5);
    CHECK_IS(get(c, 1), WEIR_ENOENT);
    CHECK_IS(put_ttl(c, 1, 13, 5), 0);
    CHECK_IS(put(c, 1, 14), 0);
    world_at(&w, 1000);
    CHECK_IS(get(c, 1), 14);
    CHECK_IS(put(c, 1, 15), 0);
    CHECK_IS(get(c, 1), 15);
    free_words(c);
}

/* Of LRU a put is a use; after close there is none. */
static void order_and_close(void) {
    struct weir_cache_opts o = WEIR_CACHE_OPTS(uint64_t, uint64_t, 2);
    if (cache_kind == WEIR_CACHE_RWLOCK_CLOCK) return;
    o.policy = WEIR_CACHE_LRU;
    weir_cache *c = cache_open(&o);
    CHECK_IS(put(c, 1, 10), 0);
    CHECK_IS(put(c, 2, 20), 0);
    CHECK_IS(put(c, 1, 11), 0);
    CHECK_IS(put(c, 3, 30), 0);
    CHECK_IS(get(c, 1), 11);
    CHECK_IS(get(c, 2), WEIR_ENOENT);
    CHECK_IS(weir_cache_close(c), 0);
    CHECK_IS(put(c, 1, 12), WEIR_ECLOSED);
    free_words(c);
}

/* ---- what was lent -------------------------------------------------------------------------------------------- */

static int same_after_put(const void *key, const void *val, void *arg) {
    uint64_t was = *(const uint64_t *)val;
    CHECK_IS(put(arg, *(const uint64_t *)key, was + 1), 0);
    CHECK_IS(*(const uint64_t *)val, was);
    CHECK_IS(get(arg, *(const uint64_t *)key), was + 1);
    return 0;
}
static int gives_7(const void *key, void *val, weir_time *ttl, weir_ctx *ctx, void *arg) {
    (void)key;
    (void)ttl;
    (void)ctx;
    (void)arg;
    *(uint64_t *)val = 7;
    return 0;
}

/* By each way to have the value itself, as the first that lends. */
static void what_is_lent_stays(void) {
    for (unsigned way = 0; way < 4; way++) {
        weir_cache *c = open_words(NULL, sizeof(uint64_t));
        uint64_t key = 1;
        const void *val = NULL;
        if (way != 2) CHECK_IS(put(c, 1, 6), 0);
        if (way != 2) CHECK_IS(put(c, 1, 7), 0);
        weir_guard g = weir_rcu_enter();
        if (way == 0) val = weir_cache_peek(c, g, &key);
        if (way == 1) val = weir_cache_acquire(c, &key);
        if (way == 2)
            CHECK_IS(weir_cache_load_acquire_wait(c, &key, &val, gives_7, NULL, WEIR_FOREVER, NULL),
                     0);
        if (way == 3) CHECK_IS(weir_cache_each(c, same_after_put, c), 0);
        if (way < 3 && CHECK(val != NULL, "way %u: nothing was lent", way)) {
            CHECK_IS(put(c, 1, 8), 0);
            CHECK_IS(get(c, 1), 8);
            CHECK_IS(*(const uint64_t *)val, 7);
        }
        (void)weir_rcu_exit(g);
        if (way == 1 || way == 2) weir_cache_release(val);
        free_words(c);
    }
}

/* ---- beside loads --------------------------------------------------------------------------------------------- */

struct loading {
    weir_cache *c;
    weir_sem begun, gate;
};
static int waits_gives_7(const void *key, void *val, weir_time *ttl, weir_ctx *ctx, void *arg) {
    struct loading *l = arg;
    CHECK_IS(weir_sem_release(&l->begun, 1), 0);
    CHECK_IS(weir_sem_acquire_wait(&l->gate, 1, weir_after(20 * SEC), NULL), 0);
    return gives_7(key, val, ttl, ctx, arg);
}
static int64_t load_7(void *arg) {
    struct loading *l = arg;
    uint64_t key = 1, val = 0;
    int rc = weir_cache_load(l->c, &key, &val, waits_gives_7, l);
    return rc == 0 ? (int64_t)val : rc;
}
/* Puts that come first and over one another win; who waits has the load's own value. */
static void puts_beside_a_load(void) {
    struct loading l = { .c = open_words(NULL, sizeof(uint64_t)) };
    struct call loads[2];
    (void)weir_sem_init(&l.begun, 2);
    (void)weir_sem_init(&l.gate, 2);
    CHECK_IS(weir_sem_try_acquire(&l.begun, 2), 0);
    CHECK_IS(weir_sem_try_acquire(&l.gate, 2), 0);
    call_start(&loads[0], load_7, &l);
    CHECK_IS(weir_sem_acquire_wait(&l.begun, 1, weir_after(20 * SEC), NULL), 0);
    call_start(&loads[1], load_7, &l);
    CHECK(call_sleeps(&loads[1]), "the second load does not wait");
    for (uint64_t v = 10; v < 13; v++) CHECK_IS(put(l.c, 1, v), 0);
    CHECK_IS(weir_sem_release(&l.gate, 1), 0);
    for (unsigned i = 0; i < 2; i++) CHECK_IS(call_end(&loads[i]), 7);
    CHECK_IS(get(l.c, 1), 12);
    free_words(l.c);
}

/* ---- many threads --------------------------------------------------------------------------------------------- */

#define KEYS 8
struct crowd {
    weir_cache *c;
    bool lends;
};
/* Key k has one writer, whose values grow: what one reader gets of it does not go back; what is lent does not change. */
static void crowd_thread(void *arg, size_t index) {
    struct crowd *t = arg;
    uint64_t last[KEYS] = { 0 };
    rng_seed(index);
    for (uint64_t i = 1; i <= times(20000) && checks_hold(); i++) {
        uint64_t key = rng_below(KEYS), val = 0;
        if (index < KEYS && i % 2) {
            key = index;
            CHECK_IS(put(t->c, key, i), 0);
        }
        if (t->lends && i > times(20000) / 2 && i % 16 == 0) {
            const uint64_t *lent = weir_cache_acquire(t->c, &key);
            val = lent ? *lent : 0;
            for (unsigned j = 0; lent && j < 100; j++) weir_pause();
            CHECK(!lent || *lent == val, "what was acquired has changed");
            weir_cache_release(lent);
        } else if (weir_cache_get(t->c, &key, &val) != 0) {
            continue;
        }
        if (!val) continue;
        CHECK(val >= last[key], "key %zu: %zu after %zu", (size_t)key, (size_t)val,
              (size_t)last[key]);
        last[key] = val;
    }
}
static void crowd(void) {
    for (unsigned i = 0; i < 4; i++) {
        struct crowd t = { open_words(NULL, sizeof(uint64_t)), i % 2 };
        team_run(4, crowd_thread, &t);
        free_words(t.c);
    }
}

const struct test word_tests[] = {
    { "CACHE1 CACHE27 a put over a word is stored where it is, and counted", stores_where_it_is },
    { "CACHE2 CACHE4 a put over a word, and times to live", times_stay_right },
    { "CACHE1 CACHE30 a put over a word is a use, and there is none after close", order_and_close },
    { "CACHE1 what is lent does not change by a put over it", what_is_lent_stays },
    { "CACHE19 puts over words, beside a load", puts_beside_a_load },
    { "CACHE1 many threads put over words, and lend them", crowd },
};
const size_t n_word_tests = sizeof word_tests / sizeof *word_tests;
