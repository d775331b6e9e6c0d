/* SPDX-License-Identifier: MIT */
/* tests/cache/policies.c - what leaves first: CACHE29, and each policy's own order. */
#include "cache.h"

#include <math.h>

/* ---- a skewed source ------------------------------------------------------------------------------------------------ */

#define KEYS 20000

static double *cdf(void) {
    static double c[KEYS];
    double sum = 0;
    if (c[KEYS - 1] > 0) return c;
    for (size_t i = 0; i < KEYS; i++) c[i] = sum += 1 / pow((double)(i + 1), 0.99);
    for (size_t i = 0; i < KEYS; i++) c[i] /= sum;
    return c;
}
static uint64_t zipf(void) {
    const double *c = cdf();
    double x = (double)rng() / 281474976710656.0;
    size_t lo = 0, hi = KEYS - 1;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (c[mid] < x)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Asks for it, and puts it if it is not there. Whether it was. */
static bool ask(weir_cache *c, uint64_t key) {
    if (get(c, key) >= 0) return true;
    (void)put(c, key, key);
    return false;
}

static weir_cache *policy_open(struct world *w, int policy, uint64_t capacity) {
    struct weir_cache_opts o = opts(w, capacity);
    o.policy = policy;
    o.clock = NULL;
    return cache_open(&o);
}

static double hits_of(weir_cache *c, size_t n) {
    size_t hits = 0;
    for (size_t i = 0; i < n; i++) hits += ask(c, zipf());
    return 100.0 * (double)hits / (double)n;
}

static void withstands_a_scan(void) {
    struct world w = { 0 };
    weir_cache *c = policy_open(&w, WEIR_CACHE_S3FIFO, 2000);
    rng_seed(1);
    (void)hits_of(c, 40000);
    double before = hits_of(c, 20000);
    size_t hits = 0, n = 0;
    for (uint64_t k = 0; k < 20000;
         k++) { /* ten times its capacity, between those of the hot set */
        CHECK(!ask(c, 1000000 + k), "a key of the scan is there");
        hits += ask(c, zipf());
        n++;
    }
    double during = 100.0 * (double)hits / (double)n;
    CHECK(before - during < 2 || before - hits_of(c, 20000) < 2, "hits: %.1f %%, then %.1f %%",
          before, during);
    double after = hits_of(c, 5000);
    CHECK(before - after < 2, "hits: %.1f %%, after the scan %.1f %%", before, after);
    cache_close(c, &w);
}

static void loop_of_125(void) {
    struct world w = { 0 };
    weir_cache *c = policy_open(&w, WEIR_CACHE_S3FIFO, 2000);
    size_t hits = 0, n = 0;
    for (unsigned round = 0; round < 40; round++)
        for (uint64_t k = 0; k < 2500; k++) {
            bool hit = ask(c, k);
            if (round < 10) continue;
            hits += hit;
            n++;
        }
    double share = 100.0 * (double)hits / (double)n;
    CHECK(share > 50, "hits: %.1f %%", share);
    cache_close(c, &w);
}

/* Better than the plain ones on a skewed source, and all within what is known of them. */
static void ratios(void) {
    double share[4];
    for (int p = WEIR_CACHE_S3FIFO; p <= WEIR_CACHE_LRU; p++) {
        struct world w = { 0 };
        weir_cache *c = policy_open(&w, p, 400);
        rng_seed(7);
        (void)hits_of(c, 20000);
        share[p] = hits_of(c, 60000);
        cache_close(c, &w);
    }
    CHECK(share[WEIR_CACHE_S3FIFO] > share[WEIR_CACHE_LRU] + 5, "S3FIFO %.1f, LRU %.1f",
          share[WEIR_CACHE_S3FIFO], share[WEIR_CACHE_LRU]);
    CHECK(share[WEIR_CACHE_SIEVE] > share[WEIR_CACHE_LRU] + 5, "SIEVE %.1f, LRU %.1f",
          share[WEIR_CACHE_SIEVE], share[WEIR_CACHE_LRU]);
    CHECK(share[WEIR_CACHE_CLOCK] >= share[WEIR_CACHE_LRU] - 1, "CLOCK %.1f, LRU %.1f",
          share[WEIR_CACHE_CLOCK], share[WEIR_CACHE_LRU]);
}

/* ---- each one's order ------------------------------------------------------------------------------------------------- */

/* Puts the keys of a word of letters, a capital is a get; what is there at the end, in order of letters. */
static void leaves(int policy, uint64_t capacity, const char *calls, const char *there) {
    struct world w = { 0 };
    weir_cache *c = policy_open(&w, policy, capacity);
    for (const char *p = calls; *p; p++) {
        if (*p >= 'a')
            CHECK_IS(put(c, (uint64_t)*p, 1), 0);
        else
            (void)get(c, (uint64_t)*p - 'A' + 'a');
    }
    char found[27] = "";
    size_t n = 0;
    for (uint64_t k = 'a'; k <= 'z'; k++)
        if (get(c, k) == 1) found[n++] = (char)k;
    found[n] = 0;
    CHECK(strcmp(found, there) == 0, "policy %d, '%s': '%s' is there, not '%s'", policy, calls,
          found, there);
    cache_close(c, &w);
}

static void orders(void) {
    leaves(WEIR_CACHE_LRU, 3, "abcAd", "acd");
    leaves(WEIR_CACHE_LRU, 3, "abcABd", "abd");
    leaves(WEIR_CACHE_LRU, 3, "abcad", "acd"); /* a put is a use */
    leaves(WEIR_CACHE_CLOCK, 3, "abcAd", "acd");
    leaves(WEIR_CACHE_CLOCK, 3, "abcAde", "ade");
    leaves(WEIR_CACHE_CLOCK, 3, "abcABCd", "bcd"); /* all were used: the oldest */
    leaves(WEIR_CACHE_SIEVE, 3, "abcAd", "acd");
    leaves(WEIR_CACHE_SIEVE, 3, "abcAde", "ade"); /* the hand goes on behind a */
    leaves(WEIR_CACHE_SIEVE, 3, "abcACde", "ace");
    leaves(WEIR_CACHE_S3FIFO, 3, "abcAd", "acd"); /* a went to main */
    leaves(WEIR_CACHE_S3FIFO, 3, "abcAdefgh", "agh");
    leaves(WEIR_CACHE_S3FIFO, 3, "abcdaefg", "afg"); /* a came back as a ghost, to main */
}

/* All was used: a put still does a bounded part. */
static void all_used(void) {
    for (int p = WEIR_CACHE_S3FIFO; p <= WEIR_CACHE_CLOCK; p++) {
        struct world w = { 0 };
        weir_cache *c = policy_open(&w, p, 1000);
        for (uint64_t k = 0; k < 1000; k++) CHECK_IS(put(c, k, k), 0);
        for (unsigned i = 0; i < 4; i++)
            for (uint64_t k = 0; k < 1000; k++) CHECK_IS(get(c, k), k);
        for (uint64_t k = 1000; k < 1100; k++) {
            CHECK_IS(put(c, k, k), 0);
            CHECK_IS(get(c, k), k);
        }
        CHECK_IS(weir_cache_len(c), 1000);
        cache_close(c, &w);
    }
}

const struct test policy_tests[] = {
    { "CACHE29 a scan of ten times the capacity", withstands_a_scan },
    { "CACHE29 a loop of 1.25 times the capacity", loop_of_125 },
    { "CACHE29 hits of a skewed source, by policy", ratios },
    { "what leaves first, by policy", orders },
    { "where all was used something leaves all the same", all_used },
};
const size_t n_policy_tests = sizeof policy_tests / sizeof *policy_tests;
