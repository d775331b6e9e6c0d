/* SPDX-License-Identifier: MIT */
/* tests/maps/kind_any.c - weir_map, or, with KIND_SYNC, weir_shardmap, by the verbs with pointers, as a kind of map: the tests'
 * words are put into keys and values of another form, and read back out of them. One of
 *   KIND_WORDS    words after all
 *   KIND_BYTES    keys of 24 bytes, values of 16, and a hash of the user's, the one that words have
 *   KIND_STRINGS  strings of several lengths, values of 16 bytes
 *   KIND_OWNED    strings; values are pointers to memory of their own, which `drop` frees, compared by what they point
 *                 to; SipHash */
#include "kind.h"

#include <stdlib.h>
#include <string.h>

#include <weir/rcu.h>
#include <weir/shardmap.h>

#ifdef KIND_SYNC
typedef weir_shardmap any_map;
#define MAP(verb) weir_shardmap_##verb
#define RCU false
#else
typedef weir_map any_map;
#define MAP(verb) weir_map_##verb
#define RCU true
#endif

#ifdef KIND_WORDS
#define NODES false
#else
#define NODES true
#endif

/* ---- keys ----------------------------------------------------------------------------------------------- */

#if defined KIND_STRINGS || defined KIND_OWNED
#define KEYS WEIR_MAP_STRINGS
struct key {
    struct weir_str str; /* the first */
    char bytes[64];
};
typedef struct weir_str key_in_map;
static size_t key_len(uint64_t k) { return 8 + k % 29; }
static struct key *make_key(struct key *to, uint64_t k) {
    memset(to->bytes, (int)(k & 127), sizeof to->bytes);
    memcpy(to->bytes, &k, sizeof k);
    to->str = (struct weir_str){ to->bytes, key_len(k) };
    return to;
}
static uint64_t read_key(const void *key) {
    const struct weir_str *s = key;
    struct key again;
    uint64_t k;
    memcpy(&k, s->ptr, sizeof k);
    (void)make_key(&again, k);
    CHECK(s->len == again.str.len && memcmp(s->ptr, again.bytes, s->len) == 0, "a broken key");
    return k;
}
#else
#define KEYS WEIR_MAP_BYTES
#ifdef KIND_WORDS
#define KEY_WORDS 1
#else
#define KEY_WORDS 3
#endif
struct key {
    uint64_t words[KEY_WORDS];
};
typedef struct key key_in_map;
#ifndef KIND_WORDS
static size_t key_len(uint64_t k) {
    (void)k;
    return sizeof(struct key);
}
#endif
static struct key *make_key(struct key *to, uint64_t k) {
    for (unsigned i = 0; i < KEY_WORDS; i++) to->words[i] = k + i;
    return to;
}
static uint64_t read_key(const void *key) {
    const struct key *k = key;
    CHECK_IS(k->words[KEY_WORDS - 1], k->words[0] + KEY_WORDS - 1);
    return k->words[0];
}
#endif

#ifdef KIND_BYTES
/* So that these keys have the hashes of words: what weir does with it afterwards comes out as theirs. */
static uint64_t hash_as_words(const void *key, size_t len, uint64_t seed) {
    (void)len;
    (void)seed;
    return ~read_key(key);
}
#endif

/* ---- values --------------------------------------------------------------------------------------------- */

#ifdef KIND_OWNED
struct box {
    struct weir_rcu_head head;
    uint64_t v;
};
typedef struct box *value;
static value make_val(uint64_t v) {
    struct box *b = malloc(sizeof *b);
    if (!b) test_hangs("no memory");
    b->v = v;
    return b;
}
/* In a guard, or of one's own. */
static uint64_t read_val(const value *v) { return (*v)->v; }
static void free_box(struct weir_rcu_head *head) { free(head); }
static void give_up(value v) { CHECK_IS(weir_rcu_retire(&v->head, sizeof *v, free_box), 0); }
static void drop(void *val, void *arg) {
    CHECK(arg == &K, "drop's argument");
    if (RCU)
        free(*(value *)val);
    else /* others may have a copy of the pointer */
        give_up(*(value *)val);
}
static bool equal(const void *a, const void *b) {
    return (*(const value *)a)->v == (*(const value *)b)->v;
}
#else
#ifdef KIND_WORDS
typedef uint64_t value;
static value make_val(uint64_t v) { return v; }
static uint64_t read_val(const value *v) { return *v; }
#else
typedef struct {
    uint64_t v, not_v;
} value;
static value make_val(uint64_t v) { return (value){ v, ~v }; }
static uint64_t read_val(const value *v) {
    CHECK_IS(v->v, ~v->not_v);
    return v->v;
}
#endif
static void give_up(value v) { (void)v; }
#endif

/* ---- the kind ------------------------------------------------------------------------------------------- */

static void *open_map(size_t hint, const struct weir_alloc *alloc) {
    struct weir_map_opts o = WEIR_MAP_OPTS(key_in_map, value);
    any_map *m = NULL;
    o.hint = hint;
    o.seed = 1;
    o.alloc = alloc;
    o.keys = KEYS;
#ifdef KIND_SYNC
    o.sync = KIND_SYNC;
    o.shards = KIND_SYNC == WEIR_MAP_MUTEX || KIND_SYNC == WEIR_MAP_RWLOCK ? 0 : 8;
#endif
#ifdef KIND_BYTES
    o.hash = hash_as_words;
#endif
#ifdef KIND_OWNED
    o.drop = drop;
    o.drop_arg = (void *)(uintptr_t)&K;
    o.equal = equal;
    o.sip = true;
#endif
    return MAP(new)(&m, &o) == 0 ? m : NULL;
}
static int close_map(void *m) { return MAP(free)(m); }

static int get(void *m, uint64_t k, uint64_t *v) {
    struct key key;
    value val;
    if (!v) return MAP(get)(m, make_key(&key, k), NULL);
    weir_guard g = weir_rcu_enter();
    int rc = MAP(get)(m, make_key(&key, k), &val);
    if (rc == 0) *v = read_val(&val);
    CHECK_IS(weir_rcu_exit(g), 0);
    return rc;
}

static ptrdiff_t get_many(void *m, const uint64_t *k, uint64_t *v, bool *f, size_t n) {
    enum { MOST = 128 };
    struct key keys[MOST];
    key_in_map in[MOST];
    value vals[MOST];
    if (!k || !v || !f || n > MOST) return MAP(get_many)(m, k, v, f, n);
    for (size_t i = 0; i < n; i++) memcpy(&in[i], make_key(&keys[i], k[i]), sizeof in[i]);
    weir_guard g = weir_rcu_enter();
    ptrdiff_t got = MAP(get_many)(m, in, vals, f, n);
    for (size_t i = 0; i < n; i++)
        if (f[i]) v[i] = read_val(&vals[i]);
    CHECK_IS(weir_rcu_exit(g), 0);
    return got;
}

static int put(void *m, uint64_t k, uint64_t v) {
    struct key key;
    value val = make_val(v);
    int rc = MAP(put)(m, make_key(&key, k), &val);
    if (rc < 0) give_up(val);
    return rc;
}

static int get_or_put(void *m, uint64_t k, uint64_t *v) {
    struct key key;
    if (!v) return MAP(get_or_put)(m, make_key(&key, k), NULL);
    value mine = make_val(*v), val = mine;
    weir_guard g = weir_rcu_enter();
    int rc = MAP(get_or_put)(m, make_key(&key, k), &val);
    if (rc == WEIR_EEXIST) *v = read_val(&val);
    CHECK_IS(weir_rcu_exit(g), 0);
    if (rc < 0) give_up(mine);
    return rc;
}

static int swap(void *m, uint64_t k, uint64_t *v) {
    struct key key;
    if (!v) return MAP(swap)(m, make_key(&key, k), NULL);
    value val = make_val(*v);
    int rc = MAP(swap)(m, make_key(&key, k), &val);
    if (rc == WEIR_EEXIST) *v = read_val(&val);
    if (rc < 0) give_up(val);
    return rc;
}

static int take(void *m, uint64_t k, uint64_t *v) {
    struct key key;
    value val;
    int rc = MAP(take)(m, make_key(&key, k), &val);
    if (rc < 0) return rc;
    if (v) *v = read_val(&val);
    give_up(val);
    return rc;
}

static int del(void *m, uint64_t k) {
    struct key key;
    return MAP(delete)(m, make_key(&key, k));
}

static int cas(void *m, uint64_t k, uint64_t e, uint64_t v) {
    struct key key;
    value expect = make_val(e), val = make_val(v);
    int rc = MAP(cas)(m, make_key(&key, k), &expect, &val);
    if (rc < 0) give_up(val);
    give_up(expect);
    return rc;
}

static int cad(void *m, uint64_t k, uint64_t e) {
    struct key key;
    value expect = make_val(e);
    int rc = MAP(cad)(m, make_key(&key, k), &expect);
    give_up(expect);
    return rc;
}

static int clear(void *m) { return MAP(clear)(m); }
static size_t len(void *m) { return MAP(len)(m); }

struct caller {
    weir_map_fn_u64 *fn;
    void *arg;
};
static int call(const void *key, const void *val, void *arg) {
    const struct caller *c = arg;
    return c->fn(read_key(key), read_val(val), c->arg);
}
static int each(void *m, weir_map_fn_u64 *fn, void *arg) {
    struct caller c = { fn, arg };
    return MAP(each)(m, fn ? call : NULL, &c);
}

static ptrdiff_t next(void *m, struct weir_map_cursor *c, uint64_t *k, uint64_t *v, size_t n) {
    enum { MOST = 40 };
    key_in_map keys[MOST];
    value vals[MOST];
    if (!k || !v) return MAP(next)(m, c, k, v, n);
    weir_guard g = weir_rcu_enter();
    ptrdiff_t got = MAP(next)(m, c, keys, vals, n < MOST ? n : MOST);
    for (ptrdiff_t i = 0; i < got; i++) {
        k[i] = read_key(&keys[i]);
        v[i] = read_val(&vals[i]);
    }
    CHECK_IS(weir_rcu_exit(g), 0);
    return got;
}

static int reserve(void *m, size_t n) { return MAP(reserve)(m, n); }
static void stats(void *m, struct weir_map_stats *out) {
#ifdef KIND_SYNC
    CHECK_IS(weir_shardmap_read_stats(m, WEIR_SHARDMAP_ALL, out), 0);
#else
    CHECK_IS(weir_map_read_stats(m, out), 0);
#endif
}
#ifdef KIND_SYNC
#define FILL 42
#else
#define FILL 32
#endif
static size_t places(void *m) {
    struct weir_map_stats s = WEIR_MAP_STATS;
    stats(m, &s);
    return s.lines * FILL / 16;
}
#ifdef KIND_WORDS
#define entry_bytes NULL
#else
static size_t entry_bytes(uint64_t key) { return 40 + sizeof(value) + key_len(key); }
#endif

const struct kind K = { KIND_NAME, open_map, close_map, get, get_many, put,        get_or_put, swap,
                        take,      del,      cas,       cad, clear,    len,        each,       next,
                        reserve,   stats,    places,    RCU, NODES,    entry_bytes };
