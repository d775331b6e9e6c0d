/* SPDX-License-Identifier: MIT */
/* maps/shard_u64.c - the verbs of a weir_shardmap of words. See shard.h, read.h, write.h. */
#include <weir/shardmap_u64.h>

#include "../lib/base.h"
#include "../lib/os_user.h"
#include "read.h"
#include "shard.h"
#include "unhash.h"
#include "walk.h"
#include "write.h"

/* ---- reading -------------------------------------------------------------------------------------------- */

/* Where the tries have been in vain. */
static bool get_locked(struct weir__core *c, uint64_t hash, uint64_t *val) {
    struct weir__table *t;
    uint64_t ctrl;
    weir_guard g = weir__core_enter(c);
    struct weir__line *first = weir__map_lock(c, hash, 0, &t, &ctrl);
    bool found = weir__find_locked(first, ctrl, hash, NULL, NULL, val);
    weir__map_unlock(c, first, ctrl);
    weir__core_exit(c, g);
    return found;
}

static bool get_plain(struct weir__core *c, uint64_t hash, uint64_t *val) {
    (void)weir__core_enter_plain(c, false);
    bool found = weir__find_word(weir__map_root(c), hash, val);
    weir__core_exit_plain(c);
    return found;
}

/* 1, 0; -1: it has changed meanwhile. */
static int try_once(struct weir__table *t, bool first, uint64_t hash, uint64_t *val) {
    int rc;
    if (first && weir__find_word_first(t, hash, MAP_MOVED | MAP_LOCKED, val, WEIR_ENOENT, &rc))
        return rc == 0;
    return weir__find_seq(t, hash, val);
}

/* first: nothing was tried yet. */
static bool get_seq(struct weir__core *c, uint64_t hash, uint64_t *val, bool first) {
    for (unsigned i = 0; i < SHARD_TRIES; i++) {
        if (i) weir_pause();
        weir_guard g = weir__rcu_enter();
        int found = try_once(weir__map_root(c), first && i == 0, hash, val);
        (void)weir__rcu_exit(g);
        if (found >= 0) return found;
    }
    return get_locked(c, hash, val);
}

__attribute__((noinline)) static int get_more(struct weir__core *c, uint64_t hash, uint64_t *val,
                                              int miss, bool first) {
    bool found = weir__core_plain(c) ? get_plain(c, hash, val) : get_seq(c, hash, val, first);
    return found ? 0 : miss;
}

/* In few instructions, as weir_map_get_u64_. */
static inline int get(struct weir__core *c, uint64_t hash, uint64_t *val, int miss) {
    struct weir__rcu_leaf leaf;
    int rc;
    if (WEIR_UNLIKELY(weir__core_plain(c)) || WEIR_UNLIKELY(!weir__rcu_leaf_enter(&leaf)))
        return get_more(c, hash, val, miss, true);
    bool known =
        weir__find_word_first(weir__map_root(c), hash, MAP_MOVED | MAP_LOCKED, val, miss, &rc);
    if (WEIR_UNLIKELY(weir__rcu_leaf_exit(&leaf)))
        return weir__rcu_leaf_wake(known ? rc : get_more(c, hash, val, miss, false));
    return WEIR_LIKELY(known) ? rc : get_more(c, hash, val, miss, false);
}

int weir_shardmap_get_u64_(weir_shardmap *m, uint64_t hash, uint64_t *val) {
    if (WEIR_UNLIKELY(!m || !val)) return weir__misuse("weir_shardmap_get_u64", "NULL");
    if (!weir__shardmap_ok(m, "weir_shardmap_get_u64")) return WEIR_EINVAL;
    if (!weir__shardmap_words_debug(m, "weir_shardmap_get_u64")) return WEIR_EINVAL;
    if (weir__shard_inside(m)) return WEIR_EDEADLK;
    return get(weir__shard_of(m, hash), hash, val, m->shape.miss);
}

#define AHEAD 16

ptrdiff_t weir_shardmap_get_many_u64(weir_shardmap *m, const uint64_t *keys, uint64_t *vals,
                                     bool *found, size_t n) {
    if (WEIR_UNLIKELY(!m || (n && (!keys || !vals || !found))))
        return weir__misuse("weir_shardmap_get_many_u64", "NULL");
    if (!weir__shardmap_ok(m, "weir_shardmap_get_many_u64") ||
        !weir__shardmap_words(m, "weir_shardmap_get_many_u64"))
        return WEIR_EINVAL;
    if (weir__shard_inside(m)) return WEIR_EDEADLK;
    ptrdiff_t hits = 0;
    for (size_t i = 0; i < n;) {
        uint64_t h[AHEAD];
        size_t k = n - i < AHEAD ? n - i : AHEAD;
        for (size_t j = 0; j < k; j++) {
            h[j] = weir_word_hash_(keys[i + j], m->seed);
            weir__shard_ask_for(weir__shard_of(m, h[j]), h[j]);
        }
        for (size_t j = 0; j < k; j++, i++) {
            found[i] = get(weir__shard_of(m, h[j]), h[j], &vals[i], WEIR_ENOENT) == 0;
            hits += found[i];
        }
    }
    return hits;
}

struct visit {
    weir_shardmap_visit_fn_u64 *fn;
    uint64_t key, val;
    void *arg;
    int rc;
};
static void call_visit(void *arg) {
    struct visit *v = arg;
    v->rc = v->fn(v->key, v->val, v->arg);
}

static int visit_at(weir_shardmap *m, struct weir__core *c, struct visit *v, uint64_t hash) {
    struct weir__locked l = { .here.m = m, .c = c };
    weir__locked_begin(&l, hash);
    bool found = l.first ? weir__find_locked(l.first, l.ctrl, hash, NULL, NULL, &v->val)
                         : weir__find(weir__map_root(c), hash, NULL, NULL, &v->val);
    if (found)
        weir__os_user_call(call_visit, v, weir__locked_end, &l);
    else
        weir__locked_end(&l);
    return found ? v->rc : WEIR_ENOENT;
}

int weir_shardmap_visit_u64(weir_shardmap *m, uint64_t key, weir_shardmap_visit_fn_u64 *fn,
                            void *arg) {
    if (!m || !fn) return weir__misuse("weir_shardmap_visit_u64", "NULL");
    if (!weir__shardmap_ok(m, "weir_shardmap_visit_u64") ||
        !weir__shardmap_words(m, "weir_shardmap_visit_u64"))
        return WEIR_EINVAL;
    if (weir__shard_inside(m)) return WEIR_EDEADLK;
    uint64_t hash = weir_word_hash_(key, m->seed);
    struct visit v = { .fn = fn, .key = key, .arg = arg };
    return visit_at(m, weir__shard_of(m, hash), &v, hash);
}

/* ---- writing -------------------------------------------------------------------------------------------- */

/* 0: go on. */
static inline int may_write(const weir_shardmap *m, const char *call) {
    if (WEIR_UNLIKELY(!m)) return weir__misuse(call, "no map");
    if (!weir__shardmap_ok(m, call) || !weir__shardmap_words(m, call)) return WEIR_EINVAL;
    return weir__shard_inside(m) ? WEIR_EDEADLK : 0;
}

/* w says what. */
static inline int write_key(weir_shardmap *m, uint64_t key, struct weir__write *w,
                            const char *call) {
    int rc = may_write(m, call);
    if (WEIR_UNLIKELY(rc < 0)) return rc;
    w->hash = weir_word_hash_(key, m->seed);
    w->m = weir__shard_of(m, w->hash);
    return weir__write(w, WEIR_FOREVER, NULL);
}

int weir_shardmap_put_u64(weir_shardmap *m, uint64_t key, uint64_t val) {
    int rc = may_write(m, "weir_shardmap_put_u64");
    if (WEIR_UNLIKELY(rc < 0)) return rc;
    uint64_t hash = weir_word_hash_(key, m->seed);
    return weir__put_word(weir__shard_of(m, hash), hash, val, WEIR_FOREVER, NULL);
}

int weir_shardmap_get_or_put_u64(weir_shardmap *m, uint64_t key, uint64_t *val) {
    if (WEIR_UNLIKELY(!val)) return weir__misuse("weir_shardmap_get_or_put_u64", "NULL");
    struct weir__write w = { .verb = WRITE_GET_OR_PUT, .val = *val };
    int rc = write_key(m, key, &w, "weir_shardmap_get_or_put_u64");
    if (rc == WEIR_EEXIST) *val = w.old;
    return rc;
}

int weir_shardmap_swap_u64(weir_shardmap *m, uint64_t key, uint64_t *val) {
    if (WEIR_UNLIKELY(!val)) return weir__misuse("weir_shardmap_swap_u64", "NULL");
    struct weir__write w = { .verb = WRITE_SWAP, .val = *val };
    int rc = write_key(m, key, &w, "weir_shardmap_swap_u64");
    if (rc == WEIR_EEXIST) *val = w.old;
    return rc;
}

int weir_shardmap_add_u64(weir_shardmap *m, uint64_t key, uint64_t delta, uint64_t *sum) {
    struct weir__write w = { .verb = WRITE_ADD, .val = delta };
    int rc = write_key(m, key, &w, "weir_shardmap_add_u64");
    if (sum && (rc == 0 || rc == WEIR_EEXIST)) *sum = rc == 0 ? delta : w.old + delta;
    return rc;
}

struct updater {
    struct weir__write w; /* the first */
    struct weir__inside here;
    weir_shardmap_update_fn_u64 *fn;
    void *arg;
};

static int call_update(uint64_t *val, bool there, void *arg) {
    struct updater *u = arg;
    u->here.outer = weir__insides;
    weir__insides = &u->here;
    int rc = u->fn(val, there, u->arg);
    weir__insides = u->here.outer;
    return rc;
}
static void ended(struct weir__write *w) { weir__insides = ((struct updater *)w)->here.outer; }

int weir_shardmap_update_u64(weir_shardmap *m, uint64_t key, weir_shardmap_update_fn_u64 *fn,
                             void *arg) {
    if (!fn) return weir__misuse("weir_shardmap_update_u64", "no function");
    struct updater u = { .w = { .verb = WRITE_UPDATE, .update = call_update, .ended = ended },
                         .here.m = m,
                         .fn = fn,
                         .arg = arg };
    u.w.arg = &u;
    return write_key(m, key, &u.w, "weir_shardmap_update_u64");
}

static inline int take_key(weir_shardmap *m, uint64_t key, uint64_t *old, const char *call) {
    int rc = may_write(m, call);
    if (WEIR_UNLIKELY(rc < 0)) return rc;
    uint64_t hash = weir_word_hash_(key, m->seed);
    return weir__take_word(weir__shard_of(m, hash), hash, old, WEIR_FOREVER, NULL);
}

int weir_shardmap_take_u64(weir_shardmap *m, uint64_t key, uint64_t *val) {
    uint64_t old;
    int rc = take_key(m, key, &old, "weir_shardmap_take_u64");
    if (rc == 0 && val) *val = old;
    return rc;
}

int weir_shardmap_delete_u64(weir_shardmap *m, uint64_t key) {
    uint64_t old;
    return take_key(m, key, &old, "weir_shardmap_delete_u64");
}

int weir_shardmap_cas_u64(weir_shardmap *m, uint64_t key, uint64_t expect, uint64_t val) {
    struct weir__write w = { .verb = WRITE_CAS, .expect = expect, .val = val };
    return write_key(m, key, &w, "weir_shardmap_cas_u64");
}

int weir_shardmap_cad_u64(weir_shardmap *m, uint64_t key, uint64_t expect) {
    struct weir__write w = { .verb = WRITE_CAD, .expect = expect };
    return write_key(m, key, &w, "weir_shardmap_cad_u64");
}

/* ---- all entries ---------------------------------------------------------------------------------------- */

ptrdiff_t weir_shardmap_next_u64(weir_shardmap *m, struct weir_map_cursor *c, uint64_t *keys,
                                 uint64_t *vals, size_t n) {
    if (!m || !c || (n && (!keys || !vals))) return weir__misuse("weir_shardmap_next_u64", "NULL");
    if (!weir__shardmap_ok(m, "weir_shardmap_next_u64") ||
        !weir__shardmap_words(m, "weir_shardmap_next_u64"))
        return WEIR_EINVAL;
    if (weir__shard_inside(m)) return WEIR_EDEADLK;
    if (c->ended) return 0;
    if (c->shard_ > m->mask) return weir__misuse("weir_shardmap_next_u64", "another map's cursor");
    if (n == 0) {
        c->need = 1;
        return WEIR_ETOOBIG;
    }
    struct weir__batch b;
    size_t got = 0;
    while (!c->ended && got < n) {
        b = (struct weir__batch){ .hash = keys + got, .val = vals + got, .room = n - got };
        c->at_ = weir__core_next(&m->shard[c->shard_].core, c->at_, &b);
        got += b.n;
        if (c->at_ == 0) c->ended = c->shard_++ == m->mask;
    }
    for (size_t i = 0; i < got; i++) keys[i] = weir__map_unhash(keys[i], m->seed);
    return (ptrdiff_t)got;
}

#define BATCH 32

int weir_shardmap_each_u64(weir_shardmap *m, weir_map_fn_u64 *fn, void *arg) {
    if (!m || !fn) return weir__misuse("weir_shardmap_each_u64", "NULL");
    if (!weir__shardmap_ok(m, "weir_shardmap_each_u64") ||
        !weir__shardmap_words(m, "weir_shardmap_each_u64"))
        return WEIR_EINVAL;
    struct weir_map_cursor c = WEIR_MAP_CURSOR;
    uint64_t keys[BATCH], vals[BATCH];
    ptrdiff_t n = 0;
    int rc = 0;
    while (rc == 0 && (n = weir_shardmap_next_u64(m, &c, keys, vals, BATCH)) > 0)
        for (ptrdiff_t i = 0; rc == 0 && i < n; i++) rc = fn(keys[i], vals[i], arg);
    return n < 0 ? (int)n : rc;
}
