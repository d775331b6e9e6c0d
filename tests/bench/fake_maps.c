/* SPDX-License-Identifier: MIT */
/* tests/bench/fake_maps.c - kinds of maps for the tests of the harness: lists behind one mutex that do what a map
 * must, under names that bars and suites know; and, in weir-bench-broken, some that are broken, each in one way
 * that the harness has to notice.
 *
 *   forgets    drops one put in 1000, and says that it has stored it
 *   miscounts  the same, and has a length as if it were there
 *   keeps      one delete in 1000 says that it has removed, and does not
 *   alters     one read in 1000 is of another value
 *   finds      one read in 10 finds what is not there
 *   refuses    every put from the 500th on
 *   stuck_map  a put that does not return, once 3000 have
 *   slow_map   each put takes 20 ms
 *   shy_map    cannot be made
 *   loads_all  a cache whose loader is called by all who ask
 * mutex of strings is sound, but does not say whether a put was new. */
#include "fake_maps.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "map_run.h"

#define BUCKETS (1u << 18)

enum fault { NONE, FORGETS, MISCOUNTS, KEEPS, ALTERS, FINDS, REFUSES, STUCK, QUIET, SLOW };

struct node {
    struct node *next;
    uint64_t key, val;
};

struct fake {
    pthread_mutex_t lock;
    enum fault fault;
    size_t len;
    uint64_t puts, gets, dels;
    struct node *bucket[BUCKETS];
};

static void *make(enum fault fault) {
    struct fake *f = calloc(1, sizeof *f);
    if (!f) return NULL;
    (void)pthread_mutex_init(&f->lock, NULL);
    f->fault = fault;
    return f;
}

static void dispose(void *map) {
    struct fake *f = map;
    for (unsigned i = 0; i < BUCKETS; i++)
        for (struct node *n = f->bucket[i], *next; n; n = next) {
            next = n->next;
            free(n);
        }
    free(f);
}

static size_t len(void *map) { return ((struct fake *)map)->len; }

static struct node **find(struct fake *f, uint64_t key) {
    struct node **at = &f->bucket[wb_map_hash(key) % BUCKETS];
    while (*at && (*at)->key != key) at = &(*at)->next;
    return at;
}

static bool thousandth(uint64_t n) { return n % 1000 == 999; }

static enum wb_map_put store(struct fake *f, uint64_t key, uint64_t val) {
    uint64_t n = f->puts++;
    if (f->fault == REFUSES && n >= 500) return WB_MAP_REFUSED;
    while (f->fault == STUCK && n >= 3000) wb_pause();
    if (f->fault == SLOW) (void)nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
    struct node **at = find(f, key);
    if (*at) {
        (*at)->val = val;
        return WB_MAP_OLD;
    }
    bool miscounts = f->fault == MISCOUNTS && thousandth(n);
    if (miscounts) f->len++;
    if (miscounts || (f->fault == FORGETS && thousandth(n))) return WB_MAP_NEW;
    *at = malloc(sizeof **at);
    if (!*at) return WB_MAP_REFUSED;
    **at = (struct node){ NULL, key, val };
    f->len++;
    return WB_MAP_NEW;
}

static enum wb_map_put put(struct fake *f, uint64_t key, uint64_t val) {
    (void)pthread_mutex_lock(&f->lock);
    enum wb_map_put what = store(f, key, val);
    (void)pthread_mutex_unlock(&f->lock);
    return f->fault == QUIET && what != WB_MAP_REFUSED ? WB_MAP_PUT : what;
}

static bool get(struct fake *f, uint64_t key, uint64_t *val) {
    (void)pthread_mutex_lock(&f->lock);
    const struct node *n = *find(f, key);
    bool odd = thousandth(f->gets++), there = n != NULL;
    *val = n ? n->val : wb_map_value(key);
    if (f->fault == ALTERS && odd) ++*val;
    if (f->fault == FINDS && f->gets % 10 == 0) there = true;
    (void)pthread_mutex_unlock(&f->lock);
    return there;
}

static bool del(struct fake *f, uint64_t key) {
    (void)pthread_mutex_lock(&f->lock);
    struct node **at = find(f, key), *gone = *at;
    bool keeps = gone && f->fault == KEEPS && thousandth(f->dels++);
    if (gone && !keeps) {
        *at = gone->next;
        f->len--;
        free(gone);
    }
    (void)pthread_mutex_unlock(&f->lock);
    return gone != NULL;
}

#define MAP_NAME fake
#define MAP_T struct fake
#define MAP_GET(m, k, pv) get(m, k, pv)
#define MAP_PUT(m, k, v) put(m, k, v)
#define MAP_DEL(m, k) del(m, k)
#include "map_loops.h"

/* The last 16 bytes of a string are the digits of its word, the lowest first. */
static uint64_t word_of(struct wb_map_str key) {
    uint64_t word = 0;
    for (unsigned i = 0; i < 16; i++) {
        unsigned c = (unsigned char)key.ptr[key.len - 16 + i];
        word |= (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10) << 4 * i;
    }
    return word;
}

static bool get_str(struct fake *f, struct wb_map_str key, struct wb_map_val *v) {
    uint64_t word;
    if (!get(f, word_of(key), &word)) return false;
    wb_map_val_set(v, ~word);
    return true;
}

#define MAP_NAME fake_str
#define MAP_T struct fake
#define MAP_STRINGS
#define MAP_GET(m, k, pv) get_str(m, k, pv)
#define MAP_PUT(m, k, v) put(m, word_of(k), (v).w[0])
#define MAP_DEL(m, k) del(m, word_of(k))
#include "map_loops.h"

#define KIND(id, name, structure, package, can, fault, loops)                                      \
    static void *make_##id(size_t hint, unsigned threads) {                                        \
        (void)hint;                                                                                \
        (void)threads;                                                                             \
        return make(fault);                                                                        \
    }                                                                                              \
    WB_MAP(wb_fake_##id, name, structure, package, NULL, can, make_##id, dispose, NULL, NULL, len, \
           NULL, loops)

KIND(map_weir, "weir_map", "map", NULL, 0, NONE, fake);
KIND(map_shard, "weir_shardmap", "map", NULL, 0, NONE, fake);
KIND(map_mutex, "mutex", "map", NULL, 0, NONE, fake);
KIND(map_flat, "flat", "map", "libc6", WB_MAP_ALONE, NONE, fake);
KIND(map_plain, "plain", "map", NULL, WB_MAP_IN_PLACE | WB_MAP_PRESIZED, NONE, fake);
KIND(map_lfht, "lfht", "map", "libc6", WB_MAP_PRESIZED, NONE, fake);
KIND(str_weir, "weir_map", "strmap", NULL, 0, NONE, fake_str);
KIND(str_mutex, "mutex", "strmap", NULL, 0, QUIET, fake_str);
KIND(forgets, "forgets", "map", "libc6", 0, FORGETS, fake);
KIND(miscounts, "miscounts", "map", "libc6", 0, MISCOUNTS, fake);
KIND(keeps, "keeps", "map", "libc6", 0, KEEPS, fake);
KIND(alters, "alters", "map", "libc6", 0, ALTERS, fake);
KIND(finds, "finds", "map", "libc6", 0, FINDS, fake);
KIND(refuses, "refuses", "map", "libc6", 0, REFUSES, fake);
KIND(stuck, "stuck_map", "map", "libc6", 0, STUCK, fake);
KIND(slow, "slow_map", "map", "libc6", 0, SLOW, fake);

/* ---- caches: what loads keeps the lock meanwhile ---------------------------------------------------------- */

static bool load(void *map, uint64_t key, uint64_t *val, uint32_t *loads) {
    struct fake *f = map;
    (void)pthread_mutex_lock(&f->lock);
    const struct node *n = *find(f, key);
    *val = n ? n->val : wb_map_loaded(loads, key);
    bool there = n || store(f, key, *val) != WB_MAP_REFUSED;
    (void)pthread_mutex_unlock(&f->lock);
    return there;
}

static bool load_all(void *map, uint64_t key, uint64_t *val, uint32_t *loads) {
    *val = wb_map_loaded(loads, key);
    return put(map, key, *val) != WB_MAP_REFUSED;
}

static void *make_cache(size_t hint, unsigned threads) {
    (void)hint;
    (void)threads;
    return make(NONE);
}

#define CACHE(id, name, package, load)                                                           \
    WB_MAP_LOADS(wb_fake_##id, name, "cache", package, NULL, 0, make_cache, dispose, NULL, NULL, \
                 len, NULL, fake, NULL, load)
CACHE(cache_weir, "weir", NULL, load);
CACHE(cache_mutex, "mutex", NULL, load);
CACHE(cache_map, "weir_map", NULL, NULL);
CACHE(twice_cache, "loads_all", "libc6", load_all);

static void *make_shy(size_t hint, unsigned threads) {
    (void)hint;
    (void)threads;
    return NULL;
}

WB_MAP(wb_fake_shy, "shy_map", "map", "libc6", NULL, 0, make_shy, dispose, NULL, NULL, len, NULL,
       fake);
