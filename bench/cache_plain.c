/* SPDX-License-Identifier: MIT */
/* bench/cache_plain.c - see cache_plain.h. All that is here is guarded by the one lock, but for `used`, which readers of a
 * CLOCK store too: the lock keeps it from those who look at it. Entry 0 is none: it is the head of the LRU list. */
#include "cache_plain.h"

#include <pthread.h>
#include <stdlib.h>

#include "map_run.h"

struct entry {
    uint64_t key, val;
    uint32_t chain; /* the next in its bucket, or of those that are free; 0: the last */
    uint32_t newer, older;
    uint8_t used; /* CLOCK */
};

struct wb_plain {
    bool lru;
    pthread_mutex_t mutex;
    pthread_rwlock_t rwlock;
    uint32_t *bucket;
    size_t buckets, capacity, len;
    struct entry *entry; /* 1 .. capacity */
    uint32_t free, hand;
};

/* ---- making --------------------------------------------------------------------------------------------- */

struct wb_plain *wb_plain_new(size_t capacity, bool lru) {
    struct wb_plain *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    for (c->buckets = 16; c->buckets < capacity + capacity / 2;) c->buckets *= 2;
    c->bucket = calloc(c->buckets, sizeof *c->bucket);
    c->entry = calloc(capacity + 1, sizeof *c->entry);
    c->capacity = capacity;
    c->lru = lru;
    c->hand = 1;
    (void)pthread_mutex_init(&c->mutex, NULL);
    (void)pthread_rwlock_init(&c->rwlock, NULL);
    if (!c->bucket || !c->entry) {
        wb_plain_free(c);
        return NULL;
    }
    for (size_t i = 1; i < capacity; i++) c->entry[i].chain = (uint32_t)i + 1;
    c->free = 1;
    return c;
}

void wb_plain_free(struct wb_plain *c) {
    (void)pthread_mutex_destroy(&c->mutex);
    (void)pthread_rwlock_destroy(&c->rwlock);
    free(c->bucket);
    free(c->entry);
    free(c);
}

static void lock(struct wb_plain *c, bool shared) {
    if (c->lru)
        (void)pthread_mutex_lock(&c->mutex);
    else if (shared)
        (void)pthread_rwlock_rdlock(&c->rwlock);
    else
        (void)pthread_rwlock_wrlock(&c->rwlock);
}

static void unlock(struct wb_plain *c) {
    if (c->lru)
        (void)pthread_mutex_unlock(&c->mutex);
    else
        (void)pthread_rwlock_unlock(&c->rwlock);
}

/* ---- the table ------------------------------------------------------------------------------------------ */

/* Where the chain points to the key's entry, or ends. */
static uint32_t *place_of(struct wb_plain *c, uint64_t key) {
    uint64_t hash = wb_map_hash(key);
    uint32_t *at = &c->bucket[(hash ^ hash >> 32) & (c->buckets - 1)];
    while (*at && c->entry[*at].key != key) at = &c->entry[*at].chain;
    return at;
}

static void leave_list(struct wb_plain *c, uint32_t i) {
    struct entry *e = c->entry;
    e[e[i].newer].older = e[i].older;
    e[e[i].older].newer = e[i].newer;
}

/* In front of entry 0, whose neighbours are the newest and the oldest. */
static void enter_list(struct wb_plain *c, uint32_t i) {
    struct entry *e = c->entry;
    e[i].newer = 0;
    e[i].older = e[0].older;
    e[e[0].older].newer = i;
    e[0].older = i;
}

static void use(struct wb_plain *c, uint32_t i) {
    if (c->lru) {
        leave_list(c, i);
        enter_list(c, i);
    } else if (!__atomic_load_n(&c->entry[i].used, __ATOMIC_RELAXED)) {
        __atomic_store_n(&c->entry[i].used, 1, __ATOMIC_RELAXED);
    }
}

static void drop(struct wb_plain *c, uint32_t *place) {
    uint32_t i = *place;
    *place = c->entry[i].chain;
    if (c->lru) leave_list(c, i);
    c->entry[i].chain = c->free;
    c->free = i;
    c->len--;
}

/* The entry that has to leave; there is no room. */
static uint32_t victim(struct wb_plain *c) {
    if (c->lru) return c->entry[0].newer;
    for (;;) {
        uint32_t i = c->hand;
        c->hand = i < c->capacity ? i + 1 : 1;
        if (!c->entry[i].used) return i;
        c->entry[i].used = 0;
    }
}

static void insert(struct wb_plain *c, uint64_t key, uint64_t val) {
    if (c->len == c->capacity) drop(c, place_of(c, c->entry[victim(c)].key));
    uint32_t i = c->free, *place = place_of(c, key);
    c->free = c->entry[i].chain;
    c->entry[i] = (struct entry){ .key = key, .val = val };
    *place = i;
    if (c->lru) enter_list(c, i);
    c->len++;
}

/* ---- the verbs ------------------------------------------------------------------------------------------ */

bool wb_plain_get(struct wb_plain *c, uint64_t key, uint64_t *val) {
    lock(c, true);
    uint32_t i = *place_of(c, key);
    if (i) {
        *val = c->entry[i].val;
        use(c, i);
    }
    unlock(c);
    return i != 0;
}

void wb_plain_put(struct wb_plain *c, uint64_t key, uint64_t val) {
    lock(c, false);
    uint32_t i = *place_of(c, key);
    if (i) {
        c->entry[i].val = val;
        use(c, i);
    } else {
        insert(c, key, val);
    }
    unlock(c);
}

bool wb_plain_delete(struct wb_plain *c, uint64_t key) {
    lock(c, false);
    uint32_t *place = place_of(c, key);
    bool there = *place != 0;
    if (there) drop(c, place);
    unlock(c);
    return there;
}

size_t wb_plain_len(struct wb_plain *c) {
    lock(c, true);
    size_t n = c->len;
    unlock(c);
    return n;
}

size_t wb_plain_bytes(const struct wb_plain *c) {
    return c->buckets * sizeof *c->bucket + (c->capacity + 1) * sizeof *c->entry;
}
