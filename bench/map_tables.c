/* SPDX-License-Identifier: MIT */
/* bench/map_tables.c - see map_tables.h. */
#include "map_tables.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "map_team.h"
#include "stats.h"

#define TABLES_MAX 256
#define GUESS 100.0      /* bytes per entry of words; of strings 3 times as many */
#define FILL_GRACE 120.0 /* seconds */
#define SAMPLES (1u << 20)
#define EXPONENT 0.99

static struct wb_table *pool[TABLES_MAX];
static struct wb_table *left_behind;
static unsigned pooled;
static uint64_t uses;

/* ---- the pool ------------------------------------------------------------------------------------ */

unsigned wb_table_share(enum wb_test test, const struct wb_map_shape *s) {
    bool kept = test == WB_STREAM && s->read < 100 && s->hit == 100;
    return s->aged ? 0 : kept ? WB_TABLE_KEPT + s->read : s->read;
}

double wb_table_guess(const struct wb_shape *s) {
    return GUESS * (double)s->map.keys * (s->size > 8 ? 3 : 1);
}

static double held(void) {
    double sum = 0;
    for (unsigned i = 0; i < pooled; i++) sum += pool[i]->bytes * (double)pool[i]->shape.keys;
    return sum;
}

double wb_tables_room(void) {
    return 0.5 * (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
}

static void make_room(const struct wb_trial *trial) {
    while (pooled > 0 &&
           (pooled == TABLES_MAX || held() + wb_table_guess(&trial->shape) > wb_tables_room())) {
        struct wb_table *oldest = pool[0];
        for (unsigned i = 1; i < pooled; i++)
            if (pool[i]->last < oldest->last) oldest = pool[i];
        wb_table_drop(oldest, false);
    }
}

void wb_table_drop(struct wb_table *t, bool lost) {
    for (unsigned i = 0; i < pooled; i++)
        if (pool[i] == t) pool[i] = pool[--pooled];
    if (lost) { /* threads are inside */
        t->next = left_behind;
        left_behind = t;
        return;
    }
    if (t->map) t->kind->dispose(t->map);
    free(t);
}

void wb_tables_end(void) {
    while (pooled > 0) wb_table_drop(pool[0], false);
}

static struct wb_table *find(const struct wb_trial *trial, unsigned share) {
    for (unsigned i = 0; i < pooled; i++) {
        struct wb_table *t = pool[i];
        if (&t->kind->ring == trial->ring && t->shape.keys == trial->shape.map.keys &&
            t->shape.growing == trial->shape.map.growing && t->key_bytes == trial->shape.size &&
            t->shape.read == share)
            return t;
    }
    return NULL;
}

struct wb_table *wb_table_get(const struct wb_trial *trial, unsigned share, struct wb_team **team,
                              enum wb_status *status, char *why, size_t size) {
    struct wb_table *t = find(trial, share);
    if (!t) {
        make_room(trial);
        t = wb_table_make(trial, share, true, team, status, why, size);
        if (t) pool[pooled++] = t;
    }
    if (t) t->last = ++uses;
    return t;
}

/* ---- one table ----------------------------------------------------------------------------------- */

double wb_table_bytes(const struct wb_table *t) {
    size_t heap = wb_heap(), len = t->kind->len(t->map);
    size_t bytes = t->kind->bytes ? t->kind->bytes(t->map) : heap > t->heap ? heap - t->heap : 0;
    return len ? (double)bytes / (double)len : 0;
}

static enum wb_status fill(struct wb_table *t, const struct wb_trial *trial, struct wb_team **team,
                           char *why, size_t size) {
    struct wb_map_run *r = wb_map_run_new(t->kind, t->map, 1, false);
    if (!r) {
        (void)snprintf(why, size, "out of memory");
        return WB_FAILED;
    }
    struct wb_map_work *w = &r->threads[0].work;
    w->job = WB_MAP_FILL;
    w->key_bytes = t->key_bytes;
    w->step = t->written ? 2 : 1;
    w->end = t->written ? 2 * t->shape.keys : t->shape.keys;
    enum wb_status s = wb_map_run_phase(r, team, trial->pin, 0, FILL_GRACE, why, size);
    if (s == WB_STUCK && !*team) return s; /* left behind */
    if (s == WB_OK && !wb_map_run_sound(r, why, size)) s = WB_FAILED;
    t->len = (int64_t)t->shape.keys;
    t->told = w->untold == 0;
    wb_map_run_free(r);
    size_t len = s == WB_OK ? t->kind->len(t->map) : 0;
    if (s == WB_OK && len != t->shape.keys) {
        (void)snprintf(why, size, "check failed: %zu entries of %llu that were put", len,
                       (unsigned long long)t->shape.keys);
        s = WB_FAILED;
    }
    return s;
}

struct wb_table *wb_table_make(const struct wb_trial *trial, unsigned share, bool filled,
                               struct wb_team **team, enum wb_status *status, char *why,
                               size_t size) {
    const struct wb_map_shape *s = &trial->shape.map;
    struct wb_table *t = calloc(1, sizeof *t);
    *status = WB_FAILED;
    (void)snprintf(why, size, "out of memory");
    if (!t) return NULL;
    t->kind = (const struct wb_map *)trial->ring;
    t->shape = *s;
    t->shape.read = share;
    t->key_bytes = trial->shape.size;
    t->written = share < 100;
    t->heap = wb_heap();
    t->map = t->kind->make(s->growing ? 0 : s->keys, trial->shape.producers);
    if (!t->map) {
        *status = WB_ABSENT;
        (void)snprintf(why, size, "could not be made in this shape");
        free(t);
        return NULL;
    }
    *status = filled ? fill(t, trial, team, why, size) : WB_OK;
    if (*status != WB_OK) {
        wb_table_drop(t, *status != WB_FAILED); /* what got stuck may not end giving it back */
        return NULL;
    }
    if (filled) t->bytes = wb_table_bytes(t);
    return t;
}

/* ---- a skewed choice ----------------------------------------------------------------------------- */

/* Sums of k^-EXPONENT up to n: term by term up to EXACT, then by the integral, off by less than 0.01 %. */
enum { EXACT = 100 };
static double head[EXACT + 1];

static double tail(double n) { return pow(n + 0.5, 1 - EXPONENT) / (1 - EXPONENT); }

static double weight(uint64_t n) {
    if (head[1] == 0)
        for (unsigned k = 1; k <= EXACT; k++) head[k] = head[k - 1] + pow(k, -EXPONENT);
    return n <= EXACT ? head[n] : head[EXACT] + tail((double)n) - tail(EXACT);
}

/* The rank, from 0, in whose part of the sum u lies. */
static uint64_t rank_of(double u, uint64_t range) {
    uint64_t k = 1;
    if (u <= head[EXACT]) {
        while (k < EXACT && head[k] < u) k++;
    } else {
        double n = pow((u - head[EXACT] + tail(EXACT)) * (1 - EXPONENT), 1 / (1 - EXPONENT)) - 0.5;
        k = (uint64_t)n + 1;
    }
    return (k < range ? k : range) - 1;
}

const uint32_t *wb_map_sample(uint64_t range, uint32_t *mask) {
    static struct {
        uint32_t *rank;
        uint64_t range;
    } kept[16];
    unsigned i = 0;
    *mask = SAMPLES - 1;
    while (i < 15 && kept[i].rank && kept[i].range != range) i++;
    if (kept[i].rank && kept[i].range == range) return kept[i].rank;
    if (!kept[i].rank) kept[i].rank = malloc(SAMPLES * sizeof(uint32_t));
    if (!kept[i].rank) return NULL;
    struct wb_rng rng;
    wb_rng_seed(&rng, range);
    double all = weight(range);
    for (unsigned k = 0; k < SAMPLES; k++)
        kept[i].rank[k] =
            (uint32_t)rank_of((double)(wb_rng_next(&rng) >> 11) * 0x1p-53 * all, range);
    kept[i].range = range;
    return kept[i].rank;
}
