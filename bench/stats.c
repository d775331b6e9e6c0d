/* SPDX-License-Identifier: MIT */
/* bench/stats.c - see stats.h. */
#include "stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- random numbers -------------------------------------------------------------------------- */

static uint64_t splitmix(uint64_t *x) {
    uint64_t z = (*x += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void wb_rng_seed(struct wb_rng *r, uint64_t seed) {
    for (int i = 0; i < 4; i++) r->s[i] = splitmix(&seed);
}

static uint64_t rotl(uint64_t x, int k) { return x << k | x >> (64 - k); }

uint64_t wb_rng_next(struct wb_rng *r) {
    uint64_t *s = r->s, out = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return out;
}

/* Lemire's multiplication, with the rejection that makes it exact. */
uint32_t wb_rng_below(struct wb_rng *r, uint32_t below) {
    uint64_t m = (uint64_t)(uint32_t)(wb_rng_next(r) >> 32) * below;
    if ((uint32_t)m < below) {
        uint32_t floor = (uint32_t)(0u - below) % below;
        while ((uint32_t)m < floor) m = (uint64_t)(uint32_t)(wb_rng_next(r) >> 32) * below;
    }
    return (uint32_t)(m >> 32);
}

void wb_shuffled(struct wb_rng *r, uint32_t *order, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = wb_rng_below(r, i + 1);
        order[i] = order[at];
        order[at] = i;
    }
}

/* ---- median and its interval ----------------------------------------------------------------- */

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The samples of a case are a dozen: insertion is what is fastest, and the bootstrap sorts often.
 */
static void sort(double *v, size_t n) {
    if (n > 64) {
        qsort(v, n, sizeof *v, ascending);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        double x = v[i];
        size_t j = i;
        for (; j > 0 && v[j - 1] > x; j--) v[j] = v[j - 1];
        v[j] = x;
    }
}

double wb_median(double *v, size_t n) {
    sort(v, n);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* The p quantile of sorted values, interpolated. */
static double quantile(const double *sorted, size_t n, double p) {
    double at = p * (double)(n - 1);
    size_t i = (size_t)at;
    if (i + 1 >= n) return sorted[n - 1];
    return sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]);
}

/* Resamples: the ends of the interval move by less than a hundredth of its width from 2000 on. */
#define RESAMPLES 4000

struct wb_interval wb_bootstrap(const double *v, size_t n) {
    struct wb_interval out = { 0, 0, 0 };
    if (n == 0) return out;
    double *draw = malloc(n * sizeof *draw), *medians = malloc(RESAMPLES * sizeof *medians);
    if (!draw || !medians) abort(); /* tens of kilobytes */
    memcpy(draw, v, n * sizeof *draw);
    out.median = wb_median(draw, n);
    struct wb_rng rng;
    wb_rng_seed(&rng, 25);
    for (int i = 0; i < RESAMPLES; i++) {
        for (size_t j = 0; j < n; j++) draw[j] = v[wb_rng_below(&rng, (uint32_t)n)];
        medians[i] = wb_median(draw, n);
    }
    sort(medians, RESAMPLES);
    out.lo = quantile(medians, RESAMPLES, 0.025);
    out.hi = quantile(medians, RESAMPLES, 0.975);
    free(draw);
    free(medians);
    return out;
}

/* ---- Mann-Whitney ---------------------------------------------------------------------------- */

#define EXACT_MAX 20

/* P(U <= u) for na and nb values without ties: the number of orders with that sum, by the
 * recurrence c(u, a, b) = c(u - b, a - 1, b) + c(u, a, b - 1), over all orders. */
static double exact_cdf(size_t na, size_t nb, size_t u) {
    enum { MOST = EXACT_MAX * EXACT_MAX + 1 };
    static double count[EXACT_MAX + 1][MOST]; /* [a] for the b of the turn; too large for a stack */
    memset(count, 0, sizeof count);
    for (size_t a = 0; a <= na; a++) count[a][0] = 1;
    for (size_t b = 1; b <= nb; b++)
        for (size_t a = 1; a <= na; a++)
            for (size_t i = b; i <= a * b; i++) count[a][i] += count[a - 1][i - b];
    double below = 0, all = 0;
    for (size_t i = 0; i <= na * nb; i++) {
        all += count[na][i];
        if (i <= u) below += count[na][i];
    }
    return below / all;
}

struct ranked {
    double v;
    int from_a;
};

static int by_value(const void *a, const void *b) {
    return ascending(&((const struct ranked *)a)->v, &((const struct ranked *)b)->v);
}

/* Sum of the ranks of a (ties share their mean), and the sum over ties of t^3 - t. */
static double rank_sum(struct ranked *all, size_t n, double *ties) {
    double sum = 0;
    *ties = 0;
    qsort(all, n, sizeof *all, by_value);
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i + 1; j < n && !(all[j].v > all[i].v);) j++;
        double t = (double)(j - i), rank = (double)(i + j + 1) / 2;
        *ties += t * t * t - t;
        for (size_t k = i; k < j; k++) sum += all[k].from_a ? rank : 0;
    }
    return sum;
}

double wb_mann_whitney(const double *a, size_t na, const double *b, size_t nb) {
    size_t n = na + nb;
    if (na == 0 || nb == 0) return 1;
    struct ranked *all = malloc(n * sizeof *all);
    if (!all) abort();
    for (size_t i = 0; i < n; i++) all[i] = (struct ranked){ i < na ? a[i] : b[i - na], i < na };
    double ties, da = (double)na, db = (double)nb, dn = (double)n;
    double u = rank_sum(all, n, &ties) - da * (da + 1) / 2;
    free(all);
    if (u > da * db - u) u = da * db - u; /* the smaller of the two */
    if (ties <= 0 && na <= EXACT_MAX && nb <= EXACT_MAX)
        return fmin(1, 2 * exact_cdf(na, nb, (size_t)llround(u)));
    double variance = da * db / 12 * (dn + 1 - ties / (dn * (dn - 1)));
    if (variance <= 0) return 1; /* all values equal */
    double z = (da * db / 2 - u - 0.5) / sqrt(variance);
    return z <= 0 ? 1 : fmin(1, erfc(z / sqrt(2)));
}
