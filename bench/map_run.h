/* SPDX-License-Identifier: MIT */
/* bench/map_run.h - what the loops of bench/map_loops.h stand on: keys and values, random numbers, and the account
 * of a run. C11 and C++17. */
#ifndef WEIR_BENCH_MAP_RUN_H
#define WEIR_BENCH_MAP_RUN_H

#include <time.h>

#include "maps.h"
#include "ring_run.h"

#define WB_MAP_KEY_BYTES 40                      /* of the longest string */
#define WB_MAP_PREFIX "tenant-17/user/session:4" /* of strings of 40 bytes */

enum wb_map_put { WB_MAP_REFUSED = -1, WB_MAP_OLD, WB_MAP_NEW, WB_MAP_PUT };

/* ---- keys and values ----------------------------------------------------------------------------- */

/* One to one. Low and high bits both depend on much of the index, neither on all of it: to be hashed. */
WB_LOOP uint64_t wb_map_key(uint64_t index) {
    uint64_t x = (index + 1) * UINT64_C(0x9e3779b97f4a7c15);
    return x ^ x >> 32;
}

WB_LOOP uint64_t wb_map_value(uint64_t word) { return ~word; }

WB_LOOP void wb_map_val_set(struct wb_map_val *v, uint64_t word) {
    for (unsigned i = 0; i < 8; i++) v->w[i] = wb_map_value(word) + i;
}

/* Adds all up: reading part of a value is not enough. */
WB_LOOP uint64_t wb_map_val_off(const struct wb_map_val *v, uint64_t word) {
    uint64_t sum = 0;
    for (unsigned i = 0; i < 8; i++) sum += v->w[i];
    return sum - 8 * wb_map_value(word) - 28;
}

/* Eight hexadecimal digits, the lowest nibble first. */
WB_LOOP uint64_t wb_map_digits(uint32_t x) {
    uint64_t v = x;
    v = (v | v << 16) & UINT64_C(0x0000ffff0000ffff);
    v = (v | v << 8) & UINT64_C(0x00ff00ff00ff00ff);
    v = (v | v << 4) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    uint64_t letters = ((v + UINT64_C(0x0606060606060606)) >> 4) & UINT64_C(0x0101010101010101);
    return v + UINT64_C(0x3030303030303030) + letters * ('a' - '0' - 10);
}

/* `bytes` is 16, or 40 with a prefix that all keys share. */
WB_LOOP void wb_map_text(char *out, size_t bytes, uint64_t word) {
    uint64_t low = wb_map_digits((uint32_t)word), high = wb_map_digits((uint32_t)(word >> 32));
    if (bytes == WB_MAP_KEY_BYTES) memcpy(out, WB_MAP_PREFIX, WB_MAP_KEY_BYTES - 16);
    memcpy(out + bytes - 16, &low, 8);
    memcpy(out + bytes - 8, &high, 8);
}

__extension__ typedef unsigned __int128 wb_u128;

/* ---- hashes for rivals that can be told one ------------------------------------------------------------ */

WB_LOOP uint64_t wb_map_mum(uint64_t a, uint64_t b) {
    wb_u128 p = (wb_u128)a * b;
    return (uint64_t)p ^ (uint64_t)(p >> 64);
}

WB_LOOP uint64_t wb_map_hash(uint64_t key) { return wb_map_mum(key, UINT64_C(0xd6e8feb86659fd93)); }

/* Of 8 bytes or more. */
WB_LOOP uint64_t wb_map_hash_str(const char *p, size_t n) {
    uint64_t h = n * UINT64_C(0xa3b195354a39b70d), a, b;
    for (size_t i = 0; i + 16 < n; i += 16) {
        memcpy(&a, p + i, 8);
        memcpy(&b, p + i + 8, 8);
        h = wb_map_mum(a ^ UINT64_C(0x1b03738712fad5c9), b ^ h);
    }
    memcpy(&a, p + (n < 16 ? 0 : n - 16), 8);
    memcpy(&b, p + n - 8, 8);
    return wb_map_mum(a ^ UINT64_C(0xd6e8feb86659fd93), b ^ h);
}

/* ---- loaders ------------------------------------------------------------------------------------------- */

/* Sleeps, and says that it was called. Gives the value. */
WB_LOOP uint64_t wb_map_loaded(uint32_t *loads, uint64_t key) {
    struct timespec pause = { 0, WB_LOAD_US * 1000L };
    (void)nanosleep(&pause, NULL);
    (void)__atomic_fetch_add(loads, 1, __ATOMIC_RELAXED);
    return wb_map_value(key);
}

/* ---- a thread's account ---------------------------------------------------------------------------- */

struct wb_map_tally {
    uint64_t state; /* of the random numbers */
    uint32_t gets_below, puts_below, at;
    uint64_t gets, hits, puts, dels, sum, untold, failed, live;
    int64_t added;
};

WB_LOOP struct wb_map_tally wb_map_begin(const struct wb_map_work *w) {
    struct wb_map_tally t;
    t.state = w->seed;
    t.gets_below = w->gets_below;
    t.puts_below = w->puts_below;
    t.at = (uint32_t)(wb_map_mum(w->seed, UINT64_C(0xd6e8feb86659fd93)) >> 32);
    t.gets = t.hits = t.puts = t.dels = t.sum = t.untold = t.failed = t.live = 0;
    t.added = 0;
    return t;
}

WB_LOOP void wb_map_end(struct wb_map_work *w, const struct wb_map_tally *t) {
    w->seed = t->state;
    w->gets += t->gets;
    w->hits += t->hits;
    w->puts += t->puts;
    w->dels += t->dels;
    w->ops += t->gets + t->puts + t->dels;
    w->sum += t->sum;
    w->untold += t->untold;
    w->failed += t->failed;
    w->added += t->added;
}

WB_LOOP void wb_map_told(struct wb_map_tally *t, enum wb_map_put what) {
    t->added += what == WB_MAP_NEW;
    t->untold += what == WB_MAP_PUT;
    t->failed += what == WB_MAP_REFUSED;
}

/* Every 64 operations. */
WB_LOOP void wb_map_lives(struct wb_map_work *w, struct wb_map_tally *t) {
    t->live += WB_STOP_EVERY;
    __atomic_store_n(&w->live, t->live, __ATOMIC_RELAXED);
}

WB_LOOP bool wb_map_stopped(const struct wb_map_work *w) {
    return WB_UNLIKELY(__atomic_load_n(w->stop, __ATOMIC_RELAXED) != 0);
}

/* ---- random numbers ---------------------------------------------------------------------------------- */

WB_LOOP uint64_t wb_map_random(struct wb_map_tally *t) {
    t->state += UINT64_C(0xd1342543de82ef95);
    return wb_map_mum(t->state, t->state ^ UINT64_C(0x8bb84b93962eacc9));
}

WB_LOOP uint64_t wb_map_below(uint64_t r, uint64_t range) {
    return (uint64_t)(((wb_u128)r * range) >> 64);
}

WB_LOOP uint64_t wb_map_index(const struct wb_map_work *w, struct wb_map_tally *t, uint64_t r,
                              const enum wb_map_dist dist) {
    if (dist == WB_MAP_ZIPF) return w->first + w->sample[t->at++ & w->sample_mask];
    if (dist == WB_MAP_HOT) return w->first;
    return w->first + wb_map_below(r, w->range);
}

/* ---- keys that come back ------------------------------------------------------------------------------ */

/* What a thread has deleted and will put back, the oldest first: all keys but these are present. */
#define WB_MAP_AWAY 64u
struct wb_map_away {
    uint64_t index[WB_MAP_AWAY];
    unsigned n, at; /* how many, from where on */
};

/* A write: the index that was drawn is deleted, or, in turn, the one that is away longest put back. */
WB_LOOP uint64_t wb_map_turn(struct wb_map_away *a, uint64_t index, bool *puts) {
    *puts = a->n == WB_MAP_AWAY;
    if (*puts) {
        a->n--;
        return a->index[a->at++ % WB_MAP_AWAY];
    }
    a->index[(a->at + a->n++) % WB_MAP_AWAY] = index;
    return index;
}

#endif
