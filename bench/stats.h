/* SPDX-License-Identifier: MIT */
/* bench/stats.h - random numbers, medians, bootstrap intervals, Mann-Whitney.
 *
 * All of it is deterministic: the same samples give the same interval on every machine, because the
 * bootstrap draws from a generator with a fixed seed. */
#ifndef WEIR_BENCH_STATS_H
#define WEIR_BENCH_STATS_H

#include <stddef.h>
#include <stdint.h>

/* xoshiro256** of Blackman and Vigna; not for threads at once. */
struct wb_rng {
    uint64_t s[4];
};
void wb_rng_seed(struct wb_rng *r, uint64_t seed);
uint64_t wb_rng_next(struct wb_rng *r);
/* 0 .. below - 1, without bias; below > 0. */
uint32_t wb_rng_below(struct wb_rng *r, uint32_t below);
/* A random permutation of 0 .. n - 1. */
void wb_shuffled(struct wb_rng *r, uint32_t *order, uint32_t n);

struct wb_interval {
    double median, lo, hi;
};

/* Median of n >= 1 values, which may be reordered. */
double wb_median(double *v, size_t n);

/* Median with its 95 % interval by the percentile bootstrap. With one value the interval is that
 * value; with none all three are 0. */
struct wb_interval wb_bootstrap(const double *v, size_t n);

/* Two-sided p of the Mann-Whitney U test: that a and b come from one distribution. Exact where
 * there are no ties and at most 20 values a side, else by the normal approximation with the
 * corrections for ties and continuity. 1 if a side is empty. */
double wb_mann_whitney(const double *a, size_t na, const double *b, size_t nb);

#endif
