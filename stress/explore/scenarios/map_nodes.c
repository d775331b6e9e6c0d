/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/map_nodes.c - kinds of maps whose entries are nodes; see map_kind.h. */
#include "../../../maps/map.h"
#include "../../../maps/unhash.h"
#include "map_kind.h"

#include <string.h>

/* So that weir makes this hash of it. */
static uint64_t user_hash(uint64_t hash, uint64_t seed) { return weir__map_unhash(hash, ~seed); }

static uint64_t key_in(const void *key) {
    uint64_t k;
    memcpy(&k, key, sizeof k);
    return k;
}
static uint64_t hash_of_word(const void *key, size_t len, uint64_t seed) {
    (void)len;
    return user_hash(weir_word_hash_(key_in(key), seed), seed);
}
static uint64_t hash_of_two(const void *key, size_t len, uint64_t seed) {
    (void)len;
    return user_hash(weir_word_hash_(key_in(key), seed) & ~UINT64_C(1), seed);
}
static bool equal_words(const void *a, const void *b) { return key_in(a) == key_in(b); }

static int open_with(void **m, weir_map_hash_fn *hash, weir_map_equal_fn *equal) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    o.seed = 1;
    o.hash = hash;
    o.equal = equal;
    return weir_map_new((weir_map **)m, &o);
}
static int nodes_open(void **m) { return open_with(m, hash_of_word, NULL); }
static int same_open(void **m) { return open_with(m, hash_of_two, NULL); }
static int equal_open(void **m) { return open_with(m, hash_of_word, equal_words); }

static struct weir__core *nodes_core(void *m) { return &((weir_map *)m)->core; }
static int nodes_close(void *m) { return weir_map_free(m); }
static int nodes_get(void *m, uint64_t k, uint64_t *v) { return weir_map_get(m, &k, v); }
static int nodes_put(void *m, uint64_t k, uint64_t v) { return weir_map_put(m, &k, &v); }
static int nodes_get_or_put(void *m, uint64_t k, uint64_t *v) {
    return weir_map_get_or_put(m, &k, v);
}
static int nodes_swap(void *m, uint64_t k, uint64_t *v) { return weir_map_swap(m, &k, v); }
static int nodes_take(void *m, uint64_t k, uint64_t *v) { return weir_map_take(m, &k, v); }
static int nodes_cas(void *m, uint64_t k, uint64_t e, uint64_t v) {
    return weir_map_cas(m, &k, &e, &v);
}
static int nodes_cad(void *m, uint64_t k, uint64_t e) { return weir_map_cad(m, &k, &e); }
static int nodes_clear(void *m) { return weir_map_clear(m); }
static ptrdiff_t nodes_next(void *m, struct weir_map_cursor *c, uint64_t *k, uint64_t *v,
                            size_t n) {
    return weir_map_next(m, c, k, v, n);
}
static size_t nodes_len(void *m) { return weir_map_len(m); }

/* Another get is made while the value is lent. */
static int nodes_peek(void *m, uint64_t k, uint64_t *v) {
    uint64_t other;
    weir_guard g = weir_rcu_enter();
    const uint64_t *p = weir_map_peek(m, g, &k);
    if (p) {
        weir_model_read(p, sizeof *p);
        *v = *p;
        (void)weir_map_get(m, &k, &other);
        weir_model_read(p, sizeof *p);
        weir_model_check(*p == *v);
    }
    weir_model_check(weir_rcu_exit(g) == 0);
    return p ? 0 : WEIR_ENOENT;
}

#define KIND(open_)                   \
    { .open = open_,                  \
      .close = nodes_close,           \
      .core = nodes_core,             \
      .get = nodes_get,               \
      .put = nodes_put,               \
      .get_or_put = nodes_get_or_put, \
      .swap = nodes_swap,             \
      .take = nodes_take,             \
      .cas = nodes_cas,               \
      .cad = nodes_cad,               \
      .visit = nodes_peek,            \
      .clear = nodes_clear,           \
      .next = nodes_next,             \
      .len = nodes_len }
const struct map_kind map_kind_nodes = KIND(nodes_open);
const struct map_kind map_kind_same = KIND(same_open);
const struct map_kind map_kind_equal = KIND(equal_open);
