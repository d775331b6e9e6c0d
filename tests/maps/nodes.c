/* SPDX-License-Identifier: MIT */
/* tests/maps/nodes.c - what weir_map promises where entries are nodes: equal hashes, want of memory,
 * limits, bad input. MAP17 MAP19 MAP34 MAP36. */
#include <string.h>

#include <weir/ctx.h>
#include <weir/map_str.h>
#include <weir/map_u64.h>
#include <weir/rcu.h>

#include "../support/check.h"
#include "../support/failing_alloc.h"
#include "../support/threads.h"

/* ---- MAP36: one hash for all ---------------------------------------------------------------------------- */

static uint64_t one_hash(const void *key, size_t len, uint64_t seed) {
    (void)key;
    (void)len;
    return seed;
}

static weir_map *same_hash_map(void) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    weir_map *m;
    o.hash = one_hash;
    if (weir_map_new(&m, &o) < 0) test_hangs("no map");
    return m;
}

static void map36_two(void) {
    weir_map *m = same_hash_map();
    uint64_t a = 1, b = 2, c = 3, v = 10, w = 20, x = 0;
    CHECK_IS(weir_map_put(m, &a, &v), 0);
    CHECK_IS(weir_map_get(m, &b, &x), WEIR_ENOENT);
    CHECK_IS(weir_map_delete(m, &b), WEIR_ENOENT);
    CHECK_IS(weir_map_cas(m, &b, &v, &w), WEIR_ENOENT);
    CHECK_IS(weir_map_put(m, &b, &w), 0);
    CHECK_IS(weir_map_get(m, &a, &x), 0);
    CHECK_IS(x, 10);
    CHECK_IS(weir_map_get(m, &b, &x), 0);
    CHECK_IS(x, 20);
    x = 30;
    CHECK_IS(weir_map_get_or_put(m, &c, &x), 0);
    CHECK_IS(weir_map_swap(m, &b, &x), WEIR_EEXIST);
    CHECK_IS(x, 20);
    CHECK_IS(weir_map_len(m), 3);
    CHECK_IS(weir_map_take(m, &b, &x), 0);
    CHECK_IS(x, 30);
    CHECK_IS(weir_map_cad(m, &a, &v), 0);
    CHECK_IS(weir_map_get(m, &c, &x), 0);
    CHECK_IS(x, 30);
    CHECK_IS(weir_map_len(m), 1);
    CHECK_IS(weir_map_free(m), 0);
}

static int count_sum(const void *key, const void *val, void *arg) {
    uint64_t *sum = arg;
    CHECK(memcmp(key, val, 8) == 0, "key and value");
    sum[0]++;
    sum[1] += *(const uint64_t *)key;
    return 0;
}

static void map36_many(void) {
    enum { N = 10000 };
    weir_map *m = same_hash_map();
    uint64_t x, sum[2] = { 0, 0 };
    for (uint64_t k = 0; k < N; k++) CHECK_IS(weir_map_put(m, &k, &k), 0);
    CHECK_IS(weir_map_len(m), N);
    for (uint64_t k = 0; k < N; k += 97) {
        CHECK_IS(weir_map_get(m, &k, &x), 0);
        CHECK_IS(x, k);
    }
    x = N;
    CHECK_IS(weir_map_get(m, &x, &x), WEIR_ENOENT);
    CHECK_IS(weir_map_each(m, count_sum, sum), 0);
    CHECK_IS(sum[0], N);
    CHECK_IS(sum[1], (uint64_t)N * (N - 1) / 2);
    for (uint64_t k = 0; k < N; k += 101) CHECK_IS(weir_map_delete(m, &k), 0);
    CHECK_IS(weir_map_len(m), N - (N + 100) / 101);
    CHECK_IS(weir_map_clear(m), 0);
    CHECK_IS(weir_map_len(m), 0);
    CHECK_IS(weir_map_free(m), 0);
}

/* Rulings 19. */
static void map36_cursor(void) {
    enum { N = 100 };
    weir_map *m = same_hash_map();
    struct weir_map_cursor c = WEIR_MAP_CURSOR;
    uint64_t keys[N], vals[N];
    bool met[N] = { false };
    for (uint64_t k = 0; k < N; k++) CHECK_IS(weir_map_put(m, &k, &k), 0);
    for (size_t n = 0; n < N; n += 9) {
        CHECK_IS(weir_map_next(m, &c, keys, vals, n), WEIR_ETOOBIG);
        CHECK_IS(c.need, n ? N : 1);
        CHECK(c.at_ == 0 && !c.ended && c.shard_ == 0, "the cursor has moved");
    }
    CHECK_IS(weir_map_next(m, &c, keys, vals, N), N);
    for (size_t i = 0; i < N; i++) {
        CHECK(keys[i] < N && !met[keys[i]], "key %llu", (unsigned long long)keys[i]);
        CHECK_IS(keys[i], vals[i]);
        met[keys[i] % N] = true;
    }
    CHECK_IS(weir_map_next(m, &c, keys, vals, N), 0);
    CHECK(c.ended, "not ended");
    CHECK_IS(weir_map_free(m), 0);
}

/* Groups of several hashes, batches of all sizes: a group is met whole. */
static uint64_t hash_of_seven(const void *key, size_t len, uint64_t seed) {
    uint64_t k;
    (void)len;
    memcpy(&k, key, sizeof k);
    return (k / 7) ^ seed;
}
static void map36_groups(void) {
    enum { N = 700 };
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    weir_map *m;
    o.hash = hash_of_seven;
    CHECK_IS(weir_map_new(&m, &o), 0);
    for (uint64_t k = 0; k < N; k++) CHECK_IS(weir_map_put(m, &k, &k), 0);
    for (size_t n = 7; n < 64; n += 5) {
        struct weir_map_cursor c = WEIR_MAP_CURSOR;
        uint64_t keys[64], vals[64];
        unsigned met[N / 7] = { 0 };
        ptrdiff_t got;
        while ((got = weir_map_next(m, &c, keys, vals, n)) > 0) {
            CHECK(got % 7 == 0 && (size_t)got <= n, "%td of %zu", got, n);
            for (ptrdiff_t i = 0; i < got; i++) met[keys[i] / 7 % (N / 7)]++;
        }
        CHECK_IS(got, 0);
        for (size_t i = 0; i < N / 7; i++) CHECK_IS(met[i], 7);
    }
    CHECK_IS(weir_map_free(m), 0);
}

/* ---- MAP34 ---------------------------------------------------------------------------------------------- */

/* Each verb, on a key that is there and on one that is not, with its n-th request refused: then nothing is changed. */
static int one_verb(weir_map *m, int verb, uint64_t key, uint64_t *was) {
    uint64_t v = 77, e = 7;
    switch (verb) {
        case 0: return weir_map_put(m, &key, &v);
        case 1: return weir_map_get_or_put(m, &key, &v);
        case 2: return weir_map_swap(m, &key, &v);
        case 3: return weir_map_take(m, &key, was);
        case 4: return weir_map_delete(m, &key);
        case 5: return weir_map_cas(m, &key, &e, &v);
        case 6: return weir_map_cad(m, &key, &e);
        default: return weir_map_clear(m);
    }
}

static void refuse_one(int verb, bool there, size_t n, size_t *refused) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    struct failing_alloc f;
    weir_map *m;
    uint64_t x = 0;
    failing_alloc_init(&f, 0);
    o.alloc = &f.as;
    o.sip = true;
    CHECK_IS(weir_map_new(&m, &o), 0);
    for (uint64_t k = 0; k < 4; k++) { /* a table of two lines is about to grow */
        uint64_t v = k < 2 ? 7 : k;
        CHECK_IS(weir_map_put(m, &k, &v), 0);
    }
    f.fail_at = f.requests + n;
    int rc = one_verb(m, verb, there ? 1 : 50, &x);
    *refused += f.refused;
    if (verb == 3 || verb == 4 || verb >= 6) CHECK(rc != WEIR_ENOMEM, "verb %d", verb);
    CHECK(f.refused == 0 || rc == WEIR_ENOMEM || rc == 0, "verb %d: %d", verb, rc);
    if (rc == WEIR_ENOMEM) {
        CHECK_IS(weir_map_len(m), 4);
        x = 1;
        CHECK_IS(weir_map_get(m, &x, &x), 0);
        CHECK_IS(x, 7);
        x = 50;
        CHECK_IS(weir_map_get(m, &x, &x), WEIR_ENOENT);
    }
    CHECK_IS(weir_map_free(m), 0);
    CHECK_IS(f.out, 0);
    CHECK_IS(f.bytes_out, 0);
}

static void map34_each_verb(void) {
    size_t refused = 0;
    for (int verb = 0; verb < 8; verb++)
        for (int there = 0; there < 2; there++)
            for (size_t n = 1; n < 4; n++) {
                check_context("verb %d, %d there, request %zu", verb, there, n);
                refuse_one(verb, there, n, &refused);
            }
    CHECK(refused >= 6, "only %zu requests were refused", refused);
}

/* ---- limits, bad input ---------------------------------------------------------------------------------- */

#define HARD 65536
static void nothing(struct weir_rcu_head *head) { (void)head; }
static struct weir_rcu_head heavy[200];
static int64_t retire_all_that_may(void *arg) {
    size_t n = 0;
    (void)arg;
    for (; n < 200 && weir_rcu_try_room(1000) == 0; n++)
        CHECK_IS(weir_rcu_retire(&heavy[n], 1000, nothing), 0);
    CHECK(n < 200, "no limit");
    for (; n < 200 && weir_rcu_try_room(1) == 0; n++)
        CHECK_IS(weir_rcu_retire(&heavy[n], 50, nothing), 0);
    return 0;
}

static int64_t write_all(void *arg) {
    weir_map *m = arg;
    weir_ctx *ctx;
    uint64_t key = 1, v = 2, e = 1, x = 3, absent = 9;
    CHECK_IS(weir_map_put_wait(m, &key, &v, WEIR_NOW, NULL), WEIR_EAGAIN);
    CHECK_IS(weir_map_swap_wait(m, &key, &x, weir_after(1000), NULL), WEIR_ETIMEDOUT);
    CHECK_IS(weir_map_take_wait(m, &key, &x, WEIR_NOW, NULL), WEIR_EAGAIN);
    CHECK_IS(weir_map_delete_wait(m, &key, weir_after(1000), NULL), WEIR_ETIMEDOUT);
    CHECK_IS(weir_map_cas_wait(m, &key, &e, &v, WEIR_NOW, NULL), WEIR_EAGAIN);
    CHECK_IS(weir_map_cad_wait(m, &key, &e, WEIR_NOW, NULL), WEIR_EAGAIN);
    CHECK_IS(weir_map_clear_wait(m, WEIR_NOW, NULL), WEIR_EAGAIN);
    CHECK_IS(weir_ctx_new(&ctx, NULL, WEIR_FOREVER), 0);
    CHECK_IS(weir_ctx_cancel(ctx, WEIR_ECANCELED), 0);
    CHECK_IS(weir_map_put_wait(m, &key, &v, WEIR_FOREVER, ctx), WEIR_ECANCELED);
    CHECK_IS(weir_map_get_or_put_wait(m, &key, &x, WEIR_FOREVER, ctx), WEIR_ECANCELED);
    weir_ctx_unref(ctx);
    CHECK_IS(weir_map_get_or_put_wait(m, &key, &x, WEIR_NOW, NULL), WEIR_EEXIST); /* no garbage */
    CHECK_IS(x, 1);
    CHECK_IS(weir_map_delete_wait(m, &absent, WEIR_NOW, NULL), WEIR_ENOENT);
    CHECK_IS(weir_map_cas_wait(m, &absent, &e, &v, WEIR_NOW, NULL), WEIR_ENOENT);
    CHECK_IS(weir_map_put_wait(m, &absent, &v, WEIR_NOW, NULL), 0);
    weir_guard g = weir_rcu_enter(); /* there it goes on, and is counted apart */
    CHECK_IS(weir_map_put(m, &key, &v), 0);
    CHECK_IS(weir_rcu_exit(g), 0);
    CHECK_IS(weir_map_get(m, &key, &x), 0);
    CHECK_IS(x, 2);
    return 0;
}

static void map_limit(void) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    struct call c;
    weir_map *m;
    uint64_t key = 1, v = 1;
    o.sip = true;
    CHECK_IS(weir_map_new(&m, &o), 0);
    CHECK_IS(weir_map_put(m, &key, &v), 0);
    CHECK_IS(weir_rcu_barrier(), 0);
    CHECK_IS(weir_rcu_set_limits(HARD / 2, HARD), 0);
    weir_guard g = weir_rcu_enter();
    call_start(&c, retire_all_that_may, NULL);
    CHECK_IS(call_end(&c), 0);
    call_start(&c, write_all, m);
    CHECK_IS(call_end(&c), 0);
    CHECK_IS(weir_rcu_exit(g), 0);
    CHECK_IS(weir_rcu_barrier(), 0);
    CHECK_IS(weir_rcu_set_limits(0, 0), 0);
    CHECK_IS(weir_map_free(m), 0);
}

static void refused(struct weir_map_opts o, int rc) {
    weir_map *m = (weir_map *)heavy;
    CHECK_IS(weir_map_new(&m, &o), rc);
    CHECK(m == NULL, "a map");
}

static void map_bad_options(void) {
    const struct weir_map_opts good = WEIR_MAP_OPTS(uint64_t, uint64_t);
    struct weir_map_opts o = good;
    o.key_size = 0;
    refused(o, WEIR_EINVAL);
    o.key_size = 65536;
    refused(o, WEIR_ETOOBIG);
    o = good;
    o.val_size = 0;
    refused(o, WEIR_EINVAL);
    o.val_size = 1025;
    refused(o, WEIR_ETOOBIG);
    o = good;
    o.keys = 2;
    refused(o, WEIR_EINVAL);
    o.keys = WEIR_MAP_STRINGS;
    refused(o, WEIR_EINVAL);
    o = good;
    o.hash = one_hash;
    o.sip = true;
    refused(o, WEIR_EINVAL);
}

/* The largest of all. */
static void map_large(void) {
    static char key[65535], val[1024], out[1024];
    struct weir_map_opts o = WEIR_MAP_OPTS(char, char);
    weir_map *m;
    o.key_size = sizeof key;
    o.val_size = sizeof val;
    CHECK_IS(weir_map_new(&m, &o), 0);
    for (int i = 0; i < 5; i++) {
        key[sizeof key - 1] = (char)i;
        memset(val, i, sizeof val);
        CHECK_IS(weir_map_put(m, key, val), 0);
    }
    for (int i = 0; i < 5; i++) {
        key[sizeof key - 1] = (char)i;
        memset(val, i, sizeof val);
        CHECK_IS(weir_map_get(m, key, out), 0);
        CHECK(memcmp(out, val, sizeof val) == 0, "value %d", i);
    }
    CHECK_IS(weir_map_len(m), 5);
    CHECK_IS(weir_map_free(m), 0);
}

static void map_small(void) {
    struct weir_map_opts o = WEIR_MAP_OPTS(char, char);
    weir_map *m;
    char v;
    CHECK_IS(weir_map_new(&m, &o), 0);
    for (int i = 0; i < 256; i++)
        CHECK_IS(weir_map_put(m, &(char){ (char)i }, &(char){ (char)-i }), 0);
    for (int i = 0; i < 256; i++) {
        CHECK_IS(weir_map_get(m, &(char){ (char)i }, &v), 0);
        CHECK_IS(v, (char)-i);
    }
    CHECK_IS(weir_map_free(m), 0);
}

static void map_strings(void) {
    struct weir_map_opts o = WEIR_MAP_OPTS_STR;
    static char huge[65536];
    struct weir_map_cursor c = WEIR_MAP_CURSOR;
    struct weir_str keys[8], bad = { NULL, 1 };
    weir_map *m;
    void *p = NULL, *vals[8];
    CHECK_IS(weir_map_new(&m, &o), 0);
    CHECK_IS(weir_map_put_str(m, NULL, 0, huge), 0); /* no bytes are a key, too */
    CHECK_IS(weir_map_put_str(m, "a", 2, NULL), 0);  /* and NULL a value */
    CHECK_IS(weir_map_put_str(m, huge, 65535, huge + 1), 0);
    CHECK_IS(weir_map_put_str(m, huge, 65536, huge), WEIR_ETOOBIG);
    CHECK_IS(weir_map_get_str(m, huge, 65536, &p), WEIR_ETOOBIG);
    CHECK_IS(weir_map_get_str(m, NULL, 1, &p), WEIR_EINVAL);
    CHECK_IS(weir_map_get(m, &bad, &p), WEIR_EINVAL);
    CHECK_IS(weir_map_get_many(m, &bad, vals, &(bool){ false }, 1), WEIR_EINVAL);
    CHECK_IS(weir_map_get_str(m, "", 0, &p), 0);
    CHECK(p == huge, "not the value");
    CHECK_IS(weir_map_get_str(m, "a", 2, &p), 0);
    CHECK(p == NULL, "not the value");
    CHECK_IS(weir_map_get_str(m, "a", 1, &p), WEIR_ENOENT);
    CHECK_IS(weir_map_get_str(m, huge, 65535, &p), 0);
    CHECK(p == huge + 1, "not the value");
    CHECK_IS(weir_map_get_or_put_str(m, "b", 1, &p), 0);
    p = huge;
    CHECK_IS(weir_map_swap_str(m, "b", 1, &p), WEIR_EEXIST);
    CHECK(p == huge + 1, "not the value");
    CHECK_IS(weir_map_cas_str(m, "b", 1, huge + 1, NULL), WEIR_EEXIST);
    CHECK_IS(weir_map_cas_str(m, "b", 1, huge, NULL), 0);
    CHECK_IS(weir_map_cad_str(m, "b", 1, huge), WEIR_EEXIST);
    CHECK_IS(weir_map_cad_str(m, "b", 1, NULL), 0);
    CHECK_IS(weir_map_delete_str(m, "b", 1), WEIR_ENOENT);
    CHECK_IS(weir_map_take_str(m, "a", 2, &p), 0);
    CHECK(p == NULL, "not the value");
    CHECK_IS(weir_map_next(m, &c, keys, vals, 8), WEIR_EINVAL); /* in no guard */
    weir_guard g = weir_rcu_enter();
    CHECK_IS(weir_map_next(m, &c, keys, vals, 8), 2);
    CHECK_IS(keys[0].len + keys[1].len, 65535);
    CHECK_IS(weir_rcu_exit(g), 0);
    CHECK_IS(weir_map_free(m), 0);
}

static int never(uint64_t key, uint64_t val, void *arg) {
    (void)arg;
    return CHECK(false, "an entry: %llu %llu", (unsigned long long)key, (unsigned long long)val);
}
static int never_made(uint64_t key, uint64_t *val, void *arg) { return never(key, *val, arg); }

static void map_wrong_verbs(void) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    struct weir_map_cursor c = WEIR_MAP_CURSOR;
    weir_map *m, *w;
    uint64_t k = 1, v = 2;
    void *p = NULL;
    CHECK_IS(weir_map_new(&w, &o), 0);
    o.sip = true;
    CHECK_IS(weir_map_new(&m, &o), 0);
    CHECK_IS(weir_map_put(m, &k, &v), 0);
    CHECK_IS(weir_map_get_u64(m, k, &v), WEIR_EINVAL);
    CHECK_IS(weir_map_get_many_u64(m, &k, &v, &(bool){ false }, 1), WEIR_EINVAL);
    CHECK_IS(weir_map_put_u64(m, k, v), WEIR_EINVAL);
    CHECK_IS(weir_map_get_or_put_u64(m, k, &v), WEIR_EINVAL);
    CHECK_IS(weir_map_swap_u64(m, k, &v), WEIR_EINVAL);
    CHECK_IS(weir_map_take_u64(m, k, &v), WEIR_EINVAL);
    CHECK_IS(weir_map_delete_u64(m, k), WEIR_EINVAL);
    CHECK_IS(weir_map_cas_u64(m, k, v, v), WEIR_EINVAL);
    CHECK_IS(weir_map_cad_u64(m, k, v), WEIR_EINVAL);
    CHECK_IS(weir_map_next_u64(m, &c, &k, &v, 1), WEIR_EINVAL);
    CHECK_IS(weir_map_each_u64(m, never, NULL), WEIR_EINVAL);
    CHECK_IS(weir_map_compute_u64(m, k, never_made, NULL, &v), WEIR_EINVAL);
    CHECK_IS(weir_map_get_str(m, "a", 1, &p), WEIR_EINVAL);
    CHECK_IS(weir_map_put_str(w, "a", 1, NULL), WEIR_EINVAL);
    weir_guard g = weir_rcu_enter();
    CHECK(weir_map_peek(w, g, &k) == NULL, "a loan of a word");
    CHECK(weir_map_peek(m, g, &k) != NULL, "no loan");
    CHECK_IS(weir_rcu_exit(g), 0);
    CHECK(weir_map_peek(m, g, &k) == NULL, "a loan without a guard");
    CHECK_IS(weir_map_len(m), 1);
    CHECK_IS(weir_map_free(m), 0);
    CHECK_IS(weir_map_free(w), 0);
}

int main(int argc, char **argv) {
    static const struct test tests[] = {
        { "MAP36 two keys of one hash", map36_two },
        { "MAP36 10,000 keys of one hash", map36_many },
        { "MAP19 MAP36 a cursor needs room for all of one hash", map36_cursor },
        { "MAP19 MAP36 what has one hash is met together", map36_groups },
        { "MAP34 each verb with each request refused", map34_each_verb },
        { "MAP garbage at its limit: verbs wait, or say so", map_limit },
        { "MAP bad options", map_bad_options },
        { "MAP the largest keys and values", map_large },
        { "MAP the smallest keys and values", map_small },
        { "MAP17 strings to pointers, by their own verbs", map_strings },
        { "MAP verbs of words for maps of others, and the reverse", map_wrong_verbs },
    };
    return tests_main(argc, argv, "map of nodes", tests, sizeof tests / sizeof *tests);
}
