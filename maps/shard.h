/* SPDX-License-Identifier: MIT */
/* maps/shard.h - inside of weir_shardmap: a core for each shard.
 *
 * The low bits of a hash, with those in its middle, choose the shard (of words that differ in their high bits only
 * the low ones alone are the same), the top ones the line in it: a shard has hashes from the whole range.
 * Entries are counted for the map; a shard takes its part for its own, to know when to grow.
 *
 * Invariant
 *   I11  while a thread is in a function of the user's under a lock of map m, m is in its list weir__insides:
 *        any call on m finds that, and returns WEIR_EDEADLK instead of waiting for itself, or for another one
 *        that does the same on the other line. */
#ifndef WEIR_MAPS_SHARD_H
#define WEIR_MAPS_SHARD_H

#include <weir/shardmap_u64.h>

#include "../lib/base.h"
#include "../lib/handle.h"
#include "../lib/os.h"
#include "core.h"
#include "shape.h"

#define SHARD_FILL 42 /* 2.6 entries a line */
#define SHARD_STEP 16
#ifdef WEIR_MODEL
#define SHARD_TRIES 2
#else
#define SHARD_TRIES 64
#endif
#define SHARDS_MAX 4096

struct weir__shard {
    _Alignas(2 * WEIR_LINE) struct weir__core core;
};

struct weir_shardmap {
    uint64_t seed; /* the first: inline functions of weir/shardmap_u64.h read it */
    struct weir__handle handle;
    uint32_t mask; /* shards - 1 */
    unsigned bits; /* of it */
    const struct weir_alloc *alloc;
    struct weir__shape shape;
    struct weir__stripe stripe[MAP_STRIPES];
    struct weir__shard shard[];
};

/* MAP35: false, and reported, for one that was freed; in debug builds. */
static inline bool weir__shardmap_ok(const weir_shardmap *m, const char *call) {
    return weir__handle_ok(weir__handle_at(m, offsetof(weir_shardmap, handle)), WEIR__SHARDMAP,
                           call);
}

/* Whether the verbs of words are for it, which is reported if not. */
static inline bool weir__shardmap_words(const weir_shardmap *m, const char *call) {
    return WEIR_LIKELY(m->shape.words) || weir__misuse(call, "a map of others than words") == 0;
}
/* The same for get (map.h). */
#ifdef WEIR_DEBUG
static inline bool weir__shardmap_words_debug(const weir_shardmap *m, const char *call) {
    return weir__shardmap_words(m, call);
}
#else
static inline bool weir__shardmap_words_debug(const weir_shardmap *m, const char *call) {
    (void)m;
    (void)call;
    return true;
}
#endif

struct weir__inside {
    const weir_shardmap *m;
    struct weir__inside *outer;
};
#ifdef WEIR_MODEL /* whose threads have the memory of one */
extern struct weir__inside *weir__insides_of[64];
#define weir__insides weir__insides_of[weir__os_tid() % 64]
#else
extern __thread struct weir__inside *weir__insides
    __attribute__((tls_model("initial-exec"), visibility("hidden")));
#endif

/* A call of a function of the user's under a lock, which it may not outlive by ending its thread. */
struct weir__locked {
    struct weir__inside here; /* the first; outer: what to go back to */
    struct weir__core *c;
    struct weir__line *first; /* NULL: not locked, of a plain kind that others read */
    uint64_t ctrl;
    weir_guard g;
};
/* Takes the lock for that hash. `here.m` and `c` are given. */
static inline void weir__locked_begin(struct weir__locked *l, uint64_t hash) {
    struct weir__table *t;
    bool reads = l->c->kind == CORE_RWLOCK;
    l->g = reads ? weir__core_enter_read(l->c) : weir__core_enter(l->c);
    l->first = reads ? NULL : weir__map_lock(l->c, hash, 0, &t, &l->ctrl);
    l->here.outer = weir__insides;
    weir__insides = &l->here;
}
/* Gives all back. */
static inline void weir__locked_end(void *locked) {
    struct weir__locked *l = locked;
    weir__insides = l->here.outer;
    if (l->first) weir__map_unlock(l->c, l->first, l->ctrl);
    weir__core_exit(l->c, l->g);
}

static inline bool weir__shard_inside(const weir_shardmap *m) {
    for (const struct weir__inside *i = weir__insides; WEIR_UNLIKELY(i != NULL); i = i->outer)
        if (i->m == m) return true;
    return false;
}

static inline struct weir__core *weir__shard_of(weir_shardmap *m, uint64_t hash) {
    return &m->shard[(hash ^ hash >> 32) & m->mask].core;
}

/* The line of a get that comes soon. */
static inline void weir__shard_ask_for(struct weir__core *c, uint64_t hash) {
    if (weir__core_plain(c)) return;
    weir_guard g = weir__rcu_enter();
    __builtin_prefetch(weir__map_line(weir__map_root(c), hash));
    (void)weir__rcu_exit(g);
}

#endif
