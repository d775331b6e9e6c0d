/* SPDX-License-Identifier: MIT */
/* maps/map_u64.c - the verbs of a weir_map of words. See core.h, read.h, write.h. */
#include <weir/map_u64.h>

#include "../lib/base.h"
#include "../lib/ctx.h"
#include "map.h"
#include "read.h"
#include "unhash.h"
#include "walk.h"
#include "write.h"

/* ---- reading -------------------------------------------------------------------------------------------- */

__attribute__((noinline)) static int get_more(weir_map *m, uint64_t hash, uint64_t *val) {
    weir_guard g = weir__rcu_enter();
    bool found = weir__find_word(weir__map_root(&m->core), hash, val);
    (void)weir__rcu_exit(g);
    return found ? 0 : m->shape.miss;
}

/* In as few instructions as can be: where the line comes from memory, those of the next gets that the processor
 * has room for decide how many it asks for at once. */
int weir_map_get_u64_(weir_map *m, uint64_t hash, uint64_t *val) {
    if (WEIR_UNLIKELY(!m || !val)) return weir__misuse("weir_map_get_u64", "NULL");
    if (!weir__map_ok(m, "weir_map_get_u64")) return WEIR_EINVAL;
    if (!weir__map_words_debug(m, "weir_map_get_u64")) return WEIR_EINVAL;
    struct weir__rcu_leaf leaf;
    int rc;
    if (WEIR_UNLIKELY(!weir__rcu_leaf_enter(&leaf))) return get_more(m, hash, val);
    bool known =
        weir__find_word_first(weir__map_root(&m->core), hash, MAP_MOVED, val, m->shape.miss, &rc);
    if (WEIR_UNLIKELY(weir__rcu_leaf_exit(&leaf)))
        return weir__rcu_leaf_wake(known ? rc : get_more(m, hash, val));
    return WEIR_LIKELY(known) ? rc : get_more(m, hash, val);
}

#define AHEAD 16

ptrdiff_t weir_map_get_many_u64(weir_map *m, const uint64_t *keys, uint64_t *vals, bool *found,
                                size_t n) {
    if (WEIR_UNLIKELY(!m || (n && (!keys || !vals || !found))))
        return weir__misuse("weir_map_get_many_u64", "NULL");
    if (!weir__map_ok(m, "weir_map_get_many_u64") || !weir__map_words(m, "weir_map_get_many_u64"))
        return WEIR_EINVAL;
    ptrdiff_t hits = 0;
    for (size_t i = 0; i < n;) {
        uint64_t h[AHEAD];
        size_t k = n - i < AHEAD ? n - i : AHEAD;
        weir_guard g = weir__rcu_enter();
        struct weir__table *t = weir__map_root(&m->core);
        for (size_t j = 0; j < k; j++) {
            h[j] = weir_word_hash_(keys[i + j], m->seed);
            __builtin_prefetch(weir__map_line(t, h[j]));
        }
        for (size_t j = 0; j < k; j++, i++) {
            found[i] = weir__find_word(t, h[j], &vals[i]);
            hits += found[i];
        }
        (void)weir__rcu_exit(g);
    }
    return hits;
}

/* ---- writing -------------------------------------------------------------------------------------------- */

static struct weir__write write_of(weir_map *m, enum weir__verb verb, uint64_t key) {
    return (
        struct weir__write){ .m = &m->core, .verb = verb, .hash = weir_word_hash_(key, m->seed) };
}

int weir_map_put_u64_wait(weir_map *m, uint64_t key, uint64_t val, weir_time deadline,
                          weir_ctx *ctx) {
    if (WEIR_UNLIKELY(!m)) return weir__misuse("weir_map_put_u64", "no map");
    if (!weir__map_ok(m, "weir_map_put_u64") || !weir__map_words(m, "weir_map_put_u64"))
        return WEIR_EINVAL;
    int rc = weir__ctx_err(ctx);
    if (rc < 0) return rc;
    return weir__put_word(&m->core, weir_word_hash_(key, m->seed), val, deadline, ctx);
}

static int exchange(enum weir__verb verb, weir_map *m, uint64_t key, uint64_t *val,
                    weir_time deadline, weir_ctx *ctx) {
    struct weir__write w = write_of(m, verb, key);
    w.val = *val;
    int rc = weir__ctx_err(ctx);
    if (rc < 0) return rc;
    rc = weir__write(&w, deadline, ctx);
    if (rc == WEIR_EEXIST) *val = w.old;
    return rc;
}

int weir_map_get_or_put_u64_wait(weir_map *m, uint64_t key, uint64_t *val, weir_time deadline,
                                 weir_ctx *ctx) {
    if (WEIR_UNLIKELY(!m || !val)) return weir__misuse("weir_map_get_or_put_u64", "NULL");
    if (!weir__map_ok(m, "weir_map_get_or_put_u64") ||
        !weir__map_words(m, "weir_map_get_or_put_u64"))
        return WEIR_EINVAL;
    return exchange(WRITE_GET_OR_PUT, m, key, val, deadline, ctx);
}

int weir_map_swap_u64_wait(weir_map *m, uint64_t key, uint64_t *val, weir_time deadline,
                           weir_ctx *ctx) {
    if (WEIR_UNLIKELY(!m || !val)) return weir__misuse("weir_map_swap_u64", "NULL");
    if (!weir__map_ok(m, "weir_map_swap_u64") || !weir__map_words(m, "weir_map_swap_u64"))
        return WEIR_EINVAL;
    return exchange(WRITE_SWAP, m, key, val, deadline, ctx);
}

int weir_map_take_u64(weir_map *m, uint64_t key, uint64_t *val) {
    if (WEIR_UNLIKELY(!m)) return weir__misuse("weir_map_take_u64", "no map");
    if (!weir__map_ok(m, "weir_map_take_u64") || !weir__map_words(m, "weir_map_take_u64"))
        return WEIR_EINVAL;
    uint64_t old;
    int rc = weir__take_word(&m->core, weir_word_hash_(key, m->seed), &old, WEIR_FOREVER, NULL);
    if (rc == 0 && val) *val = old;
    return rc;
}

int weir_map_delete_u64(weir_map *m, uint64_t key) {
    if (WEIR_UNLIKELY(!m)) return weir__misuse("weir_map_delete_u64", "no map");
    if (!weir__map_ok(m, "weir_map_delete_u64") || !weir__map_words(m, "weir_map_delete_u64"))
        return WEIR_EINVAL;
    uint64_t old;
    return weir__take_word(&m->core, weir_word_hash_(key, m->seed), &old, WEIR_FOREVER, NULL);
}

int weir_map_cad_u64(weir_map *m, uint64_t key, uint64_t expect) {
    if (WEIR_UNLIKELY(!m)) return weir__misuse("weir_map_cad_u64", "no map");
    if (!weir__map_ok(m, "weir_map_cad_u64") || !weir__map_words(m, "weir_map_cad_u64"))
        return WEIR_EINVAL;
    struct weir__write w = write_of(m, WRITE_CAD, key);
    w.expect = expect;
    return weir__write(&w, WEIR_FOREVER, NULL);
}

int weir_map_cas_u64(weir_map *m, uint64_t key, uint64_t expect, uint64_t val) {
    if (WEIR_UNLIKELY(!m)) return weir__misuse("weir_map_cas_u64", "no map");
    if (!weir__map_ok(m, "weir_map_cas_u64") || !weir__map_words(m, "weir_map_cas_u64"))
        return WEIR_EINVAL;
    struct weir__write w = write_of(m, WRITE_CAS, key);
    w.expect = expect;
    w.val = val;
    return weir__write(&w, WEIR_FOREVER, NULL);
}

/* ---- all entries ---------------------------------------------------------------------------------------- */

ptrdiff_t weir_map_next_u64(weir_map *m, struct weir_map_cursor *c, uint64_t *keys, uint64_t *vals,
                            size_t n) {
    if (!m || !c || (n && (!keys || !vals))) return weir__misuse("weir_map_next_u64", "NULL");
    if (!weir__map_ok(m, "weir_map_next_u64") || !weir__map_words(m, "weir_map_next_u64"))
        return WEIR_EINVAL;
    if (c->ended) return 0;
    if (n == 0) {
        c->need = 1;
        return WEIR_ETOOBIG;
    }
    struct weir__batch b = { .hash = keys, .val = vals, .room = n };
    c->at_ = weir__core_next(&m->core, c->at_, &b);
    c->ended = c->at_ == 0;
    for (size_t i = 0; i < b.n; i++) keys[i] = weir__map_unhash(keys[i], m->seed);
    return (ptrdiff_t)b.n;
}

#define BATCH 32

int weir_map_each_u64(weir_map *m, weir_map_fn_u64 *fn, void *arg) {
    if (!m || !fn) return weir__misuse("weir_map_each_u64", "NULL");
    if (!weir__map_ok(m, "weir_map_each_u64") || !weir__map_words(m, "weir_map_each_u64"))
        return WEIR_EINVAL;
    struct weir_map_cursor c = WEIR_MAP_CURSOR;
    uint64_t keys[BATCH], vals[BATCH];
    ptrdiff_t n;
    int rc = 0;
    while (rc == 0 && (n = weir_map_next_u64(m, &c, keys, vals, BATCH)) > 0) {
        weir_guard g = weir__rcu_enter(); /* MAP22: what fn writes does not wait for garbage */
        for (ptrdiff_t i = 0; rc == 0 && i < n; i++) rc = fn(keys[i], vals[i], arg);
        (void)weir__rcu_exit(g);
    }
    return rc;
}
