/* SPDX-License-Identifier: MIT */
/* tests/maps/single.c - one thread: what each verb does and returns. MAP1-MAP17. */
#include <string.h>

#include "kind.h"

static const uint64_t odd_values[] = { 0, 1, UINT64_MAX, UINT64_C(1) << 63, 0x55 };
#define VALUES (sizeof odd_values / sizeof *odd_values)

void map1_new(void) {
    void *m = map_open(0);
    uint64_t v = 7;
    struct weir_map_cursor c = WEIR_MAP_CURSOR;
    CHECK_IS(K.len(m), 0);
    CHECK_IS(K.get(m, 0, &v), WEIR_ENOENT);
    CHECK_IS(v, 7);
    CHECK_IS(K.next(m, &c, &v, &v, 1), 0);
    CHECK(c.ended, "not ended");
    CHECK_IS(K.put(m, 0, 1), 0);
    CHECK_IS(K.get(m, 0, &v), 0);
    CHECK_IS(v, 1);
    map_end(m);
    CHECK_IS(K.close(NULL), 0);
}

void map2_get(void) {
    void *m = map_open(0);
    for (size_t i = 0; i < VALUES; i++)
        for (size_t k = 0; k < VALUES; k++) {
            uint64_t v = 99;
            check_context("key %zu, value %zu", i, k);
            CHECK_IS(K.put(m, odd_values[i], odd_values[k]), 0);
            CHECK_IS(K.get(m, odd_values[i], &v), 0);
            CHECK_IS(v, odd_values[k]);
            CHECK_IS(K.get(m, 4711, &v), WEIR_ENOENT);
            CHECK_IS(v, odd_values[k]);
        }
    CHECK_IS(K.len(m), VALUES);
    map_end(m);
}

void map2_many(void) {
    enum { N = 100 };
    void *m = map_open(0);
    uint64_t keys[N], vals[N];
    bool found[N];
    for (uint64_t k = 0; k < N; k++) {
        keys[k] = k * 7;
        if (k % 3 == 0) CHECK_IS(K.put(m, keys[k], k), 0);
    }
    for (size_t n = 0; n <= N; n += n < 20 ? 1 : 16) {
        memset(found, 2, sizeof found);
        CHECK_IS(K.get_many(m, keys, vals, found, n), (n + 2) / 3);
        for (size_t i = 0; i < n; i++) {
            CHECK_IS(found[i], i % 3 == 0);
            if (found[i]) CHECK_IS(vals[i], i);
        }
    }
    map_end(m);
}

void map7_get_or_put(void) {
    void *m = map_open(0);
    uint64_t v = 0; /* a value like any other */
    CHECK_IS(K.get_or_put(m, 5, &v), 0);
    CHECK_IS(v, 0);
    v = 3;
    CHECK_IS(K.get_or_put(m, 5, &v), WEIR_EEXIST);
    CHECK_IS(v, 0);
    CHECK_IS(K.get(m, 5, &v), 0);
    CHECK_IS(v, 0);
    CHECK_IS(K.len(m), 1);
    map_end(m);
}

void map9_take(void) {
    void *m = map_open(0);
    uint64_t v = 6;
    CHECK_IS(K.take(m, 1, &v), WEIR_ENOENT);
    CHECK_IS(v, 6);
    CHECK_IS(K.put(m, 1, 0), 0);
    CHECK_IS(K.take(m, 1, &v), 0);
    CHECK_IS(v, 0);
    CHECK_IS(K.get(m, 1, &v), WEIR_ENOENT);
    CHECK_IS(K.take(m, 1, NULL), WEIR_ENOENT);
    CHECK_IS(K.put(m, 1, 8), 0);
    CHECK_IS(K.take(m, 1, NULL), 0);
    CHECK_IS(K.len(m), 0);
    CHECK_IS(K.del(m, 1), WEIR_ENOENT);
    CHECK_IS(K.put(m, 1, 8), 0);
    CHECK_IS(K.del(m, 1), 0);
    CHECK_IS(K.get(m, 1, &v), WEIR_ENOENT);
    CHECK_IS(K.len(m), 0);
    map_end(m);
}

void map11_swap(void) {
    void *m = map_open(0);
    uint64_t v = 4;
    CHECK_IS(K.swap(m, 9, &v), 0);
    CHECK_IS(v, 4);
    v = 5;
    CHECK_IS(K.swap(m, 9, &v), WEIR_EEXIST);
    CHECK_IS(v, 4);
    CHECK_IS(K.get(m, 9, &v), 0);
    CHECK_IS(v, 5);
    map_end(m);
}

void map12_cas(void) {
    void *m = map_open(0);
    uint64_t v = 0;
    CHECK_IS(K.cas(m, 2, 0, 7), WEIR_ENOENT); /* absent is not 0 */
    CHECK_IS(K.cad(m, 2, 0), WEIR_ENOENT);
    CHECK_IS(K.len(m), 0);
    CHECK_IS(K.put(m, 2, 0), 0);
    CHECK_IS(K.cas(m, 2, 1, 7), WEIR_EEXIST);
    CHECK_IS(K.get(m, 2, &v), 0);
    CHECK_IS(v, 0);
    CHECK_IS(K.cas(m, 2, 0, 7), 0);
    CHECK_IS(K.cad(m, 2, 0), WEIR_EEXIST);
    CHECK_IS(K.get(m, 2, &v), 0);
    CHECK_IS(v, 7);
    CHECK_IS(K.cad(m, 2, 7), 0);
    CHECK_IS(K.get(m, 2, &v), WEIR_ENOENT);
    map_end(m);
}

void map_bad_input(void) {
    uint64_t v = 0;
    bool found;
    struct weir_map_cursor c = WEIR_MAP_CURSOR;
    weir_set_report(NULL, NULL);
    void *m = map_open(0);
    CHECK_IS(K.get(NULL, 1, &v), WEIR_EINVAL);
    CHECK_IS(K.get(m, 1, NULL), WEIR_EINVAL);
    CHECK_IS(K.get_many(m, NULL, &v, &found, 1), WEIR_EINVAL);
    CHECK_IS(K.put(NULL, 1, 1), WEIR_EINVAL);
    CHECK_IS(K.get_or_put(m, 1, NULL), WEIR_EINVAL);
    CHECK_IS(K.swap(m, 1, NULL), WEIR_EINVAL);
    CHECK_IS(K.take(NULL, 1, &v), WEIR_EINVAL);
    CHECK_IS(K.del(NULL, 1), WEIR_EINVAL);
    CHECK_IS(K.cas(NULL, 1, 1, 1), WEIR_EINVAL);
    CHECK_IS(K.cad(NULL, 1, 1), WEIR_EINVAL);
    CHECK_IS(K.clear(NULL), WEIR_EINVAL);
    CHECK_IS(K.each(m, NULL, NULL), WEIR_EINVAL);
    CHECK_IS(K.next(m, NULL, &v, &v, 1), WEIR_EINVAL);
    CHECK_IS(K.next(m, &c, NULL, &v, 1), WEIR_EINVAL);
    CHECK_IS(K.next(m, &c, &v, &v, 0), WEIR_ETOOBIG);
    CHECK_IS(c.need, 1);
    CHECK_IS(K.reserve(m, SIZE_MAX), WEIR_ETOOBIG);
    CHECK_IS(K.len(NULL), 0);
    map_end(m);
}

/* ---- against a table, by one thread ------------------------------------------------------------------------- */

#define KEYS 512
struct model {
    uint64_t val[KEYS];
    bool there[KEYS];
    size_t n;
};

static void set(struct model *t, uint64_t k, bool there, uint64_t v) {
    t->n = t->n + there - t->there[k];
    t->there[k] = there;
    t->val[k] = v;
}

static void one_operation(void *m, struct model *t, uint64_t k) {
    uint64_t v = rng_below(4), was = t->val[k], got = v, other = rng_below(4);
    bool there = t->there[k];
    switch (rng_below(8)) {
        case 0:
        case 1:
            CHECK_IS(K.put(m, k, v), 0);
            set(t, k, true, v);
            break;
        case 2:
            CHECK_IS(K.get_or_put(m, k, &got), there ? WEIR_EEXIST : 0);
            CHECK_IS(got, there ? was : v);
            if (!there) set(t, k, true, v);
            break;
        case 3:
            CHECK_IS(K.swap(m, k, &got), there ? WEIR_EEXIST : 0);
            CHECK_IS(got, there ? was : v);
            set(t, k, true, v);
            break;
        case 4:
            CHECK_IS(K.take(m, k, &got), there ? 0 : WEIR_ENOENT);
            CHECK_IS(got, there ? was : v);
            set(t, k, false, 0);
            break;
        case 5:
            CHECK_IS(K.cas(m, k, other, v), !there ? WEIR_ENOENT : was == other ? 0 : WEIR_EEXIST);
            if (there && was == other) set(t, k, true, v);
            break;
        case 6:
            CHECK_IS(K.cad(m, k, other), !there ? WEIR_ENOENT : was == other ? 0 : WEIR_EEXIST);
            if (there && was == other) set(t, k, false, 0);
            break;
        default:
            CHECK_IS(K.get(m, k, &got), there ? 0 : WEIR_ENOENT);
            CHECK_IS(got, there ? was : v);
    }
}

void map_random(void) {
    struct model t = { .n = 0 };
    void *m = map_open(0);
    for (size_t i = 0; i < times(200000) && checks_hold(); i++) {
        /* Phases of few and of many keys: it grows and shrinks. */
        one_operation(m, &t, rng_below(i / 5000 % 2 ? KEYS : 6));
        if (i % 1000 == 0) CHECK_IS(K.len(m), t.n);
        if (i % 20000 == 19999) {
            CHECK_IS(K.clear(m), 0);
            t = (struct model){ .n = 0 };
        }
    }
    for (uint64_t k = 0; k < KEYS; k++) {
        uint64_t v = 0;
        CHECK_IS(K.get(m, k, &v), t.there[k] ? 0 : WEIR_ENOENT);
        CHECK_IS(v, t.there[k] ? t.val[k] : 0);
    }
    map_end(m);
}
