/* SPDX-License-Identifier: MIT */
/* bench/trace_make.c - makes traces; see trace.h. */
#include "trace.h"

#include <math.h>
#include <stdlib.h>

#include "interrupt.h"
#include "stats.h"

#define SCAN_AFTER 10000 /* requests */
#define SCAN 5000        /* keys */
#define SHIFT_AFTER 50000
#define LOOK_EVERY 65536 /* requests, for Ctrl-C */
#define ONCE 5           /* one of so many requests is for a key that comes once */

/* What a workload makes its requests of. */
struct wb_maker {
    struct wb_rng rng;
    double *sum; /* of zipf: of k^-exponent, up to each rank */
    uint32_t ranks, keys;
};

static bool zipf_init(struct wb_maker *m, uint32_t keys, double exponent) {
    double sum = 0;
    m->ranks = m->keys = keys;
    m->sum = malloc(keys * sizeof *m->sum);
    wb_rng_seed(&m->rng, 1 + (uint64_t)(exponent * 1000));
    for (uint32_t k = 0; m->sum && k < keys; k++) m->sum[k] = sum += pow((double)k + 1, -exponent);
    return m->sum != NULL;
}

/* A rank from 0. */
static uint32_t zipf(struct wb_maker *m, size_t i) {
    double u = (double)(wb_rng_next(&m->rng) >> 11) * 0x1p-53 * m->sum[m->ranks - 1];
    uint32_t low = 0, high = m->ranks - 1;
    (void)i;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (m->sum[middle] > u)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static uint32_t once(struct wb_maker *m, size_t i) {
    return wb_rng_below(&m->rng, ONCE) == 0 ? m->keys++ : zipf(m, i);
}

static uint32_t scans(struct wb_maker *m, size_t i) {
    return i % (SCAN_AFTER + SCAN) >= SCAN_AFTER ? m->keys++ : zipf(m, i);
}

static uint32_t loop(struct wb_maker *m, size_t i) { return (uint32_t)(i % m->keys); }

/* The favourites of one time are among the rarest of the next. */
static uint32_t shifts(struct wb_maker *m, size_t i) {
    return (uint32_t)((zipf(m, i) + i / SHIFT_AFTER * (m->keys / 3 + 1)) % m->keys);
}

const struct wb_workload wb_workloads[] = {
    { "zipf80", "zipf 0.8", false, 0.8, zipf },
    { "zipf99", "zipf 0.99", false, 0.99, zipf },
    { "zipf110", "zipf 1.1", false, 1.1, zipf },
    { "once", "zipf 0.99, a fifth of the requests for keys that come once", false, 0.99, once },
    { "scans", "zipf 0.99, after 10,000 requests a scan of 5,000 keys that come once", false, 0.99,
      scans },
    { "loop", "a loop over a quarter more keys than there is room for", true, 0, loop },
    { "shifts", "zipf 0.99, other favourites after 50,000 requests", false, 0.99, shifts },
    { NULL, NULL, false, 0, NULL },
};

bool wb_trace_make(struct wb_trace *t, const struct wb_workload *w, uint32_t keys, size_t requests,
                   size_t capacity) {
    struct wb_maker m = { .keys = (uint32_t)(capacity + capacity / 4 + 1) };
    *t = (struct wb_trace){ malloc((requests ? requests : 1) * sizeof *t->at), 0, 0 };
    if (!t->at || (!w->loops && !zipf_init(&m, keys, w->exponent))) {
        wb_trace_free(t);
        return false;
    }
    for (; t->n < requests; t->n++) {
        if (t->n % LOOK_EVERY == 0 && wb_interrupted()) break;
        t->at[t->n] = w->next(&m, t->n);
    }
    t->keys = m.keys;
    free(m.sum);
    return true;
}
