/* SPDX-License-Identifier: MIT */
/* tests/bench/numbers.c - the histogram and the statistics, against what is known of them otherwise. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hist.h"
#include "stats.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static void near(double got, double want, double tolerance) {
    if (fabs(got - want) > tolerance)
        fail_msg("%.17g is not within %g of %.17g", got, tolerance, want);
}

/* ---- histogram ------------------------------------------------------------------------------- */

static struct wb_hist *new_hist(void) {
    struct wb_hist *h = calloc(1, sizeof *h);
    assert_non_null(h);
    return h;
}

static void every_value_has_its_bucket(void **state) {
    (void)state;
    unsigned last = 0;
    for (uint64_t ns = 0; ns < WB_HIST_MAX_NS; ns += 1 + ns / 300) {
        unsigned i = wb_hist_index(ns);
        assert_true(i < WB_HIST_BUCKETS);
        assert_true(i == last || i == last + 1 || ns > 300); /* none is passed over */
        assert_true(i >= last);
        last = i;
    }
    assert_int_equal(wb_hist_index(63), 63);
    assert_int_equal(wb_hist_index(64), 64);
    assert_int_equal(wb_hist_index(127), 127);
    assert_int_equal(wb_hist_index(128), 128);
    assert_int_equal(wb_hist_index(129), 128); /* two values a bucket from here */
    assert_int_equal(wb_hist_index(256), 192);
}

static void one_value_is_found_again(void **state) {
    (void)state;
    struct wb_hist *h = new_hist();
    for (uint64_t ns = 1; ns < WB_HIST_MAX_NS; ns = ns * 21 / 13 + 1) {
        wb_hist_clear(h);
        for (int i = 0; i < 10; i++) wb_hist_add(h, ns);
        near(wb_hist_percentile(h, 50), (double)ns, (double)ns / 64);
        near(wb_hist_percentile(h, 99.9), (double)ns, (double)ns / 64);
        near(wb_hist_percentile(h, 100), (double)ns, 0);
    }
    free(h);
}

static void percentiles_of_a_ramp(void **state) {
    (void)state;
    struct wb_hist *h = new_hist();
    for (uint64_t ns = 1; ns <= 100000; ns++) wb_hist_add(h, ns);
    for (int p = 1; p < 100; p++) near(wb_hist_percentile(h, p), p * 1000, p * 2);
    near(wb_hist_percentile(h, 99.9), 99900, 200);
    near(wb_hist_percentile(h, 100), 100000, 0);
    assert_true(h->count == 100000);
    free(h);
}

static void merging_is_adding_all_to_one(void **state) {
    (void)state;
    struct wb_hist *a = new_hist(), *b = new_hist(), *all = new_hist();
    struct wb_rng rng;
    wb_rng_seed(&rng, 7);
    for (int i = 0; i < 5000; i++) {
        uint64_t ns = wb_rng_next(&rng) >> (wb_rng_next(&rng) % 64);
        wb_hist_add(i % 3 ? a : b, ns);
        wb_hist_add(all, ns);
    }
    wb_hist_merge(a, b);
    assert_memory_equal(a, all, sizeof *a);
    free(a);
    free(b);
    free(all);
}

static void ends_of_the_scale(void **state) {
    (void)state;
    struct wb_hist *h = new_hist();
    near(wb_hist_percentile(h, 50), 0, 0);
    wb_hist_add(h, UINT64_MAX);
    near(wb_hist_percentile(h, 50), 60e9, 60e9 / 64);
    near(wb_hist_percentile(h, 100), 60e9, 0);
    wb_hist_clear(h);
    wb_hist_add(h, 0);
    near(wb_hist_percentile(h, 50), 0, 0);
    free(h);
}

/* ---- random numbers -------------------------------------------------------------------------- */

static void xoshiro_as_published(void **state) {
    (void)state;
    static const uint64_t want[] = { UINT64_C(11520), 0, UINT64_C(1509978240),
                                     UINT64_C(1215971899390074240) };
    struct wb_rng r = { { 1, 2, 3, 4 } };
    for (size_t i = 0; i < COUNT(want); i++) assert_true(wb_rng_next(&r) == want[i]);
}

static void below_is_even(void **state) {
    (void)state;
    struct wb_rng r;
    unsigned seen[7] = { 0 };
    wb_rng_seed(&r, 1);
    for (int i = 0; i < 70000; i++) {
        uint32_t v = wb_rng_below(&r, 7);
        assert_true(v < 7);
        seen[v]++;
    }
    for (size_t i = 0; i < COUNT(seen); i++) near(seen[i], 10000, 500); /* 5 standard deviations */
}

static void orders_are_permutations(void **state) {
    (void)state;
    uint32_t a[50], b[50], same = 0;
    bool seen[50] = { false };
    struct wb_rng r;
    wb_rng_seed(&r, 3);
    wb_shuffled(&r, a, 50);
    for (size_t i = 0; i < 50; i++) {
        assert_true(a[i] < 50 && !seen[a[i]]);
        seen[a[i]] = true;
    }
    wb_shuffled(&r, b, 50);
    for (size_t i = 0; i < 50; i++) same += a[i] == b[i];
    assert_true(same < 10);
    wb_rng_seed(&r, 3);
    wb_shuffled(&r, b, 50);
    assert_memory_equal(a, b, sizeof a);
}

/* ---- medians --------------------------------------------------------------------------------- */

static void medians(void **state) {
    (void)state;
    double one[] = { 4 }, odd[] = { 9, 1, 5 }, even[] = { 8, 2, 4, 6 };
    near(wb_median(one, 1), 4, 0);
    near(wb_median(odd, 3), 5, 0);
    near(wb_median(even, 4), 5, 0);
}

static void intervals(void **state) {
    (void)state;
    const double v[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, same[] = { 3, 3, 3 };
    struct wb_interval i = wb_bootstrap(v, COUNT(v)), again = wb_bootstrap(v, COUNT(v));
    near(i.median, 5, 0);
    assert_true(i.lo >= 1 && i.lo < i.median && i.hi > i.median && i.hi <= 9);
    assert_memory_equal(&i, &again, sizeof i);
    i = wb_bootstrap(same, COUNT(same));
    assert_true(i.lo >= 3 && i.hi <= 3);
    i = wb_bootstrap(v, 1);
    near(i.lo, 1, 0);
    near(i.hi, 1, 0);
    i = wb_bootstrap(v, 0);
    near(i.median, 0, 0);
}

/* Of 95 % intervals some 95 in 100 hold the median that the values were drawn around. */
static void intervals_hold_what_they_say(void **state) {
    (void)state;
    struct wb_rng r;
    unsigned held = 0;
    wb_rng_seed(&r, 11);
    for (int trial = 0; trial < 300; trial++) {
        double v[9];
        for (size_t i = 0; i < COUNT(v); i++) {
            double x = (double)(wb_rng_next(&r) >> 11) / (double)(1ull << 53);
            v[i] = exp(4 * (x - 0.5)); /* median 1, far from symmetric */
        }
        struct wb_interval i = wb_bootstrap(v, COUNT(v));
        held += i.lo <= 1 && i.hi >= 1;
    }
    assert_true(held >= 270 && held < 300);
}

/* ---- Mann-Whitney ---------------------------------------------------------------------------- */

/* The two-sided p by trying every way to deal the values to two hands. */
static double by_hand(const double *a, size_t na, const double *b, size_t nb) {
    double all[16], u = 0;
    size_t n = na + nb, ways = 0, extreme = 0;
    memcpy(all, a, na * sizeof *a);
    memcpy(all + na, b, nb * sizeof *b);
    for (size_t i = 0; i < na; i++)
        for (size_t j = 0; j < nb; j++) u += a[i] > b[j];
    double off = fabs(u - (double)(na * nb) / 2);
    for (unsigned set = 0; set < 1u << n; set++) {
        if ((size_t)__builtin_popcount(set) != na) continue;
        double here = 0;
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                here += (set >> i & 1) && !(set >> j & 1) && all[i] > all[j];
        ways++;
        extreme += fabs(here - (double)(na * nb) / 2) >= off - 1e-9;
    }
    return (double)extreme / (double)ways;
}

static void exact_p_is_what_counting_gives(void **state) {
    (void)state;
    struct wb_rng r;
    wb_rng_seed(&r, 5);
    for (int trial = 0; trial < 60; trial++) {
        double a[6], b[6];
        size_t na = 1 + wb_rng_below(&r, 6), nb = 1 + wb_rng_below(&r, 6);
        for (size_t i = 0; i < na; i++) a[i] = (double)(wb_rng_next(&r) >> 11);
        for (size_t i = 0; i < nb; i++) b[i] = (double)(wb_rng_next(&r) >> 12);
        near(wb_mann_whitney(a, na, b, nb), by_hand(a, na, b, nb), 1e-12);
    }
}

static void two_that_do_not_overlap(void **state) {
    (void)state;
    double a[9], b[9];
    for (int i = 0; i < 9; i++) {
        a[i] = i;
        b[i] = 100 + i;
    }
    near(wb_mann_whitney(a, 9, b, 9), 2.0 / 48620, 1e-12); /* of 18 over 9 orders */
    near(wb_mann_whitney(b, 9, a, 9), 2.0 / 48620, 1e-12);
    near(wb_mann_whitney(a, 9, b, 0), 1, 0);
}

static void ties_and_many_values(void **state) {
    (void)state;
    const double a[] = { 1, 2, 2, 3, 3 }, b[] = { 3, 3, 4, 5, 5 };
    near(wb_mann_whitney(a, 5, b, 5), 0.0300602, 1e-6); /* U = 2, z = 2.1693 */
    near(wb_mann_whitney(a, 5, a, 5), 1, 0);
    double x[40], y[40];
    for (int i = 0; i < 40; i++) {
        x[i] = i;
        y[i] = i + 0.5;
    }
    near(wb_mann_whitney(x, 40, y, 40), 0.85, 0.05);
    for (int i = 0; i < 40; i++) y[i] = i + 10.5;
    assert_true(wb_mann_whitney(x, 40, y, 40) < 0.01);
    near(wb_mann_whitney(x, 20, y, 20), wb_mann_whitney(x, 21, y, 20), 0.05); /* exact, then not */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_has_its_bucket),
        cmocka_unit_test(one_value_is_found_again),
        cmocka_unit_test(percentiles_of_a_ramp),
        cmocka_unit_test(merging_is_adding_all_to_one),
        cmocka_unit_test(ends_of_the_scale),
        cmocka_unit_test(xoshiro_as_published),
        cmocka_unit_test(below_is_even),
        cmocka_unit_test(orders_are_permutations),
        cmocka_unit_test(medians),
        cmocka_unit_test(intervals),
        cmocka_unit_test(intervals_hold_what_they_say),
        cmocka_unit_test(exact_p_is_what_counting_gives),
        cmocka_unit_test(two_that_do_not_overlap),
        cmocka_unit_test(ties_and_many_values),
    };
    return cmocka_run_group_tests_name("bench_numbers", tests, NULL, NULL);
}
