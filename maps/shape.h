/* SPDX-License-Identifier: MIT */
/* maps/shape.h - what the entries of a map are: words, or nodes (node.h) with keys and values of these kinds. */
#ifndef WEIR_MAPS_SHAPE_H
#define WEIR_MAPS_SHAPE_H

#include <weir/map.h>

#include <string.h>

#include "core.h"
#include "hash.h"

enum weir__hashing { HASH_XXH3, HASH_SIP, HASH_USER };

/* What a map's entries are. It does not change but for the last ones. */
struct weir__shape {
    bool words; /* all else means nothing */
    bool strings;
    bool closing; /* the map is being freed: nobody else is in it */
    uint8_t hashing;
    int miss; /* what a get of words says if there is none: WEIR_ENOENT, or WEIR_EINVAL */
    enum weir__core_kind kind;
    uint32_t key_size, val_size;
    uint64_t seed, sip; /* sip: the second word of the key of SipHash */
    weir_map_hash_fn *hash;
    weir_map_equal_fn *equal;
    weir_drop_fn *drop;
    void *drop_arg;
    const struct weir_alloc *alloc;
    weir_au64 deep;   /* nodes that functions on weir's thread have retired */
    weir_au32 walked; /* of the plain kinds */
};

#define MAP_KEY_MAX 65535
#define MAP_VAL_MAX 1024

/* What is wrong with the options that concern entries: 0, WEIR_EINVAL, WEIR_ETOOBIG. */
int weir__shape_check(const struct weir_map_opts *o, const char *call);
bool weir__shape_words(const struct weir_map_opts *o);
void weir__shape_init(struct weir__shape *s, const struct weir_map_opts *o, uint64_t seed,
                      enum weir__core_kind kind);
/* Whether nodes that are retired look at the map's allocator, or call its drop. */
static inline bool weir__shape_owes(const struct weir__shape *s) {
    return s->alloc || (s->drop && s->kind == CORE_RCU);
}

/* The word that a caller's key or value is, of a map of words. */
static inline uint64_t weir__word_at(const void *p) {
    uint64_t w;
    memcpy(&w, p, sizeof w);
    return w;
}

/* ---- keys ----------------------------------------------------------------------------------------------- */

struct weir__key {
    const void *at;
    size_t len;
};

/* What a caller's key is: 0, WEIR_EINVAL, WEIR_ETOOBIG. */
static inline int weir__key_of_str(struct weir_str str, struct weir__key *to) {
    if (WEIR_UNLIKELY(!str.ptr && str.len)) return WEIR_EINVAL;
    *to = (struct weir__key){ str.len ? str.ptr : "", str.len };
    return WEIR_LIKELY(str.len <= MAP_KEY_MAX) ? 0 : WEIR_ETOOBIG;
}
static inline int weir__key_of(const struct weir__shape *s, const void *key, struct weir__key *to) {
    if (s->strings) return weir__key_of_str(*(const struct weir_str *)key, to);
    *to = (struct weir__key){ key, s->key_size };
    return 0;
}

uint64_t weir__key_hash_slow(const struct weir__shape *s, const struct weir__key *k);
static inline uint64_t weir__key_hash(const struct weir__shape *s, const struct weir__key *k) {
    if (WEIR_LIKELY(s->hashing == HASH_XXH3)) return weir__hash_bytes(k->at, k->len, s->seed);
    return weir__key_hash_slow(s, k);
}

#endif
