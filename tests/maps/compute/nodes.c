/* SPDX-License-Identifier: MIT */
/* tests/maps/compute/nodes.c - keys and values that are not words. */
#include <weir/map_str.h>
#include <weir/rcu.h>

#include <stdlib.h>
#include <string.h>

#include "compute.h"

/* ---- drop --------------------------------------------------------------------------------------------------- */

#define VALUES 4096
static weir_au32 dropped[VALUES];
static weir_au64 given;

static void count_drop(void *val, void *arg) {
    CHECK(arg == dropped, "another argument");
    (void)weir_fetch_add_relaxed(&dropped[*(uint64_t *)val], 1);
}
static int give_next(const void *key, void *val, void *fails) {
    uint64_t v = weir_fetch_add_relaxed(&given, 1);
    (void)key;
    memcpy(val, &v, sizeof v);
    if (!fails || rng_below(4)) return 0;
    (void)weir_fetch_add_relaxed(&dropped[v], 1); /* its own */
    return FAILED;
}

static void churn(void *m, size_t i) {
    rng_seed(i);
    for (int n = 0; n < 250 && checks_hold(); n++) {
        uint64_t key = rng_below(3), v = 0;
        switch (rng_below(4)) {
            case 0: (void)weir_map_delete(m, &key); break;
            case 1:
                v = weir_fetch_add_relaxed(&given, 1);
                CHECK_IS(weir_map_put(m, &key, &v), 0);
                break;
            default: {
                int rc = weir_map_compute(m, &key, give_next, m, &v);
                CHECK(rc == 0 || rc == WEIR_EEXIST || rc == FAILED, "%d", rc);
                break;
            }
        }
    }
}

void drops_once(void) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    weir_map *m = NULL;
    o.drop = count_drop;
    o.drop_arg = dropped;
    for (size_t round = 0; round < times(20) && checks_hold(); round++) {
        weir_store_relaxed(&given, 0);
        for (size_t i = 0; i < VALUES; i++) weir_store_relaxed(&dropped[i], 0);
        if (!CHECK_IS(weir_map_new(&m, &o), 0)) return;
        team_run(4, churn, m);
        CHECK_IS(weir_map_free(m), 0);
        for (uint64_t i = 0; i < VALUES; i++)
            CHECK_IS(weir_load_relaxed(&dropped[i]), i < weir_load_relaxed(&given));
    }
}

static void quiet(const char *call, const char *what, void *arg) {
    (void)call;
    (void)what;
    (void)arg;
}

/* ---- strings ------------------------------------------------------------------------------------------------ */

static int copy_key(const void *key, size_t len, void **val, void *calls) {
    char *copy = calloc(1, len + 1);
    ++*(unsigned *)calls;
    if (!copy) return WEIR_ENOMEM;
    if (len) memcpy(copy, key, len);
    *val = copy;
    return 0;
}
static void free_value(void *val, void *arg) {
    (void)arg;
    free(*(void **)val);
}

void of_strings(void) {
    static const char *const keys[] = { "", "a", "b", "ab",
                                        "a longer key than fits into a word or two" };
    struct weir_map_opts o = WEIR_MAP_OPTS_STR;
    weir_map *m = NULL;
    unsigned calls = 0;
    void *p = NULL, *again = NULL;
    o.drop = free_value;
    if (!CHECK_IS(weir_map_new(&m, &o), 0)) return;
    for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++) {
        size_t len = strlen(keys[i]);
        CHECK_IS(weir_map_compute_str(m, keys[i], len, copy_key, &calls, &p), 0);
        CHECK(strcmp(p, keys[i]) == 0, "%s for %s", (char *)p, keys[i]);
        CHECK_IS(weir_map_compute_str(m, keys[i], len, copy_key, &calls, &again), WEIR_EEXIST);
        CHECK(again == p, "another one");
        CHECK_IS(calls, i + 1);
    }
    weir_set_report(quiet, NULL);
    CHECK_IS(weir_map_compute_str(m, NULL, 1, copy_key, &calls, &p), WEIR_EINVAL);
    CHECK_IS(weir_map_compute_str(m, "a", 1, NULL, &calls, &p), WEIR_EINVAL);
    CHECK_IS(weir_map_compute_str(m, "a", 1, copy_key, &calls, NULL), WEIR_EINVAL);
    CHECK_IS(weir_map_compute_str(m, "a", 70000, copy_key, &calls, &p), WEIR_ETOOBIG);
    weir_set_report(NULL, NULL);
    CHECK_IS(weir_map_free(m), 0);
}

/* ---- one hash ----------------------------------------------------------------------------------------------- */

struct pair {
    weir_map *m;
    uint64_t key;
};
static uint64_t same_hash(const void *key, size_t len, uint64_t seed) {
    (void)key;
    (void)len;
    return seed;
}
static int compute_other(const void *key, void *val, void *pair) {
    struct pair *p = pair;
    uint64_t k = *(const uint64_t *)key;
    if (k < 5) {
        struct pair next = { p->m, k + 1 };
        CHECK_IS(weir_map_compute(p->m, &next.key, compute_other, &next, val), 0);
    } else {
        uint64_t zero = 0;
        CHECK_IS(weir_map_compute(p->m, &zero, compute_other, p, val), WEIR_EDEADLK);
    }
    memcpy(val, &k, sizeof k);
    return 0;
}

void one_hash(void) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    struct pair p = { NULL, 0 };
    uint64_t v = 0;
    o.hash = same_hash;
    if (!CHECK_IS(weir_map_new(&p.m, &o), 0)) return;
    CHECK_IS(weir_map_compute(p.m, &p.key, compute_other, &p, &v), 0);
    for (uint64_t k = 0; k <= 5; k++) {
        CHECK_IS(weir_map_get(p.m, &k, &v), 0);
        CHECK_IS(v, k);
    }
    CHECK_IS(weir_map_free(p.m), 0);
}

/* ---- words by pointers, and words of nodes ------------------------------------------------------------------ */

static int give_seven(const void *key, void *val, void *arg) {
    uint64_t v = 7 + *(const uint64_t *)key;
    (void)arg;
    memcpy(val, &v, sizeof v);
    return 0;
}
static int give_word(uint64_t key, uint64_t *val, void *arg) {
    (void)arg;
    *val = key;
    return 0;
}

void of_others(void) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t), other = WEIR_MAP_OPTS_STR;
    weir_map *m = NULL, *strings = NULL;
    uint64_t key = 1, v = 0;
    void *p = NULL;
    unsigned calls = 0;
    if (!CHECK_IS(weir_map_new(&m, &o), 0) || !CHECK_IS(weir_map_new(&strings, &other), 0)) return;
    CHECK_IS(weir_map_compute(m, &key, give_seven, NULL, &v), 0);
    CHECK_IS(v, 8);
    CHECK_IS(weir_map_get_u64(m, 1, &v), 0);
    CHECK_IS(v, 8);
    CHECK_IS(weir_map_compute(m, &key, give_seven, NULL, &v), WEIR_EEXIST);
    weir_set_report(quiet, NULL);
    CHECK_IS(weir_map_compute(m, NULL, give_seven, NULL, &v), WEIR_EINVAL);
    CHECK_IS(weir_map_compute_str(m, "a", 1, copy_key, &calls, &p), WEIR_EINVAL);
    CHECK_IS(weir_map_compute_u64(strings, 1, give_word, NULL, &v), WEIR_EINVAL);
    weir_set_report(NULL, NULL);
    CHECK_IS(calls, 0);
    CHECK_IS(weir_map_free(m), 0);
    CHECK_IS(weir_map_free(strings), 0);
}
