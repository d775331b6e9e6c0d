/* SPDX-License-Identifier: MIT */
/* maps/map_any.c - the verbs of a weir_map by pointers: of words those of map_u64.c, else those of nodes. See
 * node.h. */
#include "../lib/ctx.h"
#include "map.h"
#include "node.h"

static int bad(const char *call) { return weir__misuse(call, "NULL, or a bad string"); }

static inline bool usable(const weir_map *m, const void *key, const void *val) {
    return WEIR_LIKELY(m && key && val);
}

/* Where the key is, of a map of nodes. */
static inline int place(weir_map *m, const void *key, struct weir__at *at, const char *call) {
    at->s = &m->shape;
    at->c = &m->core;
    at->m = NULL;
    int rc = weir__key_of(&m->shape, key, &at->key);
    if (WEIR_UNLIKELY(rc < 0)) {
        if (rc == WEIR_EINVAL) (void)bad(call);
        return rc;
    }
    at->hash = weir__key_hash(&m->shape, &at->key);
    return 0;
}

/* ---- reading -------------------------------------------------------------------------------------------- */

/* In a guard; NULL: there is none. */
static inline const struct weir__map_node *find(const struct weir__at *at) {
    uint64_t node;
    bool found = weir__find(weir__map_root(at->c), at->hash, weir__node_is, &at->key, &node);
    return found ? weir__node_of(node) : NULL;
}

int weir_map_get(weir_map *m, const void *key, void *val) {
    struct weir__at at;
    if (!usable(m, key, val)) return bad("weir_map_get");
    if (!weir__map_ok(m, "weir_map_get")) return WEIR_EINVAL;
    if (m->shape.words) {
        uint64_t v;
        int rc = weir_map_get_u64(m, weir__word_at(key), &v);
        if (rc == 0) memcpy(val, &v, sizeof v);
        return rc;
    }
    int rc = place(m, key, &at, "weir_map_get");
    if (rc < 0) return rc;
    weir_guard g = weir__rcu_enter();
    const struct weir__map_node *n = find(&at);
    if (n) weir__node_copy(&m->shape, n, val);
    (void)weir__rcu_exit(g);
    return n ? 0 : WEIR_ENOENT;
}

const void *weir_map_peek(weir_map *m, weir_guard g, const void *key) {
    struct weir__at at;
    if (!m || !key) {
        (void)bad("weir_map_peek");
        return NULL;
    }
    if (!weir__map_ok(m, "weir_map_peek")) return NULL;
    if (m->shape.words) {
        (void)weir__misuse("weir_map_peek", "a map of words");
        return NULL;
    }
    if (!weir__rcu_guarded(g)) {
        (void)weir__misuse("weir_map_peek", "a guard that the thread does not hold");
        return NULL;
    }
    if (place(m, key, &at, "weir_map_peek") < 0) return NULL;
    const struct weir__map_node *n = find(&at);
    return n ? n->val : NULL;
}

#define AHEAD 16

static ptrdiff_t get_many_words(weir_map *m, const char *keys, char *vals, bool *found, size_t n) {
    uint64_t k[AHEAD], v[AHEAD];
    ptrdiff_t hits = 0;
    for (size_t i = 0; i < n; i += AHEAD) {
        size_t some = n - i < AHEAD ? n - i : AHEAD;
        memcpy(k, keys + i * sizeof *k, some * sizeof *k);
        hits += weir_map_get_many_u64(m, k, v, found + i, some);
        for (size_t j = 0; j < some; j++)
            if (found[i + j]) memcpy(vals + (i + j) * sizeof *v, &v[j], sizeof *v);
    }
    return hits;
}

/* The nodes in the first lines, if their hash is right. */
static void ask_for_nodes(const struct weir__at *at, size_t n) {
    for (size_t j = 0; j < n; j++) {
        struct weir__line *l = weir__map_line(weir__map_root(at->c), at[j].hash);
        unsigned hit = weir__map_match(l, at[j].hash);
        if (hit)
            __builtin_prefetch(weir__node_of(weir_load_relaxed(&l->val[weir__map_first(hit)])));
    }
}

static ptrdiff_t get_some(weir_map *m, const char *keys, char *vals, bool *found, size_t n) {
    struct weir__at at[AHEAD];
    ptrdiff_t hits = 0;
    for (size_t j = 0; j < n; j++) {
        int rc = place(m, keys + j * m->shape.key_size, &at[j], "weir_map_get_many");
        if (rc < 0) return rc;
    }
    weir_guard g = weir__rcu_enter();
    struct weir__table *t = weir__map_root(&m->core);
    for (size_t j = 0; j < n; j++) __builtin_prefetch(weir__map_line(t, at[j].hash));
    ask_for_nodes(at, n);
    for (size_t j = 0; j < n; j++) {
        const struct weir__map_node *node = find(&at[j]);
        found[j] = node != NULL;
        hits += found[j];
        if (node) weir__node_copy(&m->shape, node, vals + j * m->shape.val_size);
    }
    (void)weir__rcu_exit(g);
    return hits;
}

ptrdiff_t weir_map_get_many(weir_map *m, const void *keys, void *vals, bool *found, size_t n) {
    ptrdiff_t hits = 0;
    if (!m || (n && (!keys || !vals || !found))) return bad("weir_map_get_many");
    if (!weir__map_ok(m, "weir_map_get_many")) return WEIR_EINVAL;
    if (m->shape.words) return get_many_words(m, keys, vals, found, n);
    for (size_t i = 0; i < n; i += AHEAD) {
        ptrdiff_t some = get_some(m, (const char *)keys + i * m->shape.key_size,
                                  (char *)vals + i * m->shape.val_size, found + i,
                                  n - i < AHEAD ? n - i : AHEAD);
        if (some < 0) return some;
        hits += some;
    }
    return hits;
}

/* ---- writing -------------------------------------------------------------------------------------------- */

/* Of words, what those of map_u64.c do, with a deadline. */
static int take_word(weir_map *m, const void *key, uint64_t *old, weir_time deadline,
                     weir_ctx *ctx) {
    int rc = weir__ctx_err(ctx);
    if (rc < 0) return rc;
    uint64_t hash = weir_word_hash_(weir__word_at(key), m->seed);
    return weir__take_word(&m->core, hash, old, deadline, ctx);
}

/* val NULL: cad. */
static int cas_word(weir_map *m, const void *key, const void *expect, const void *val,
                    weir_time deadline, weir_ctx *ctx) {
    int rc = weir__ctx_err(ctx);
    if (rc < 0) return rc;
    struct weir__write w = { .m = &m->core,
                             .verb = val ? WRITE_CAS : WRITE_CAD,
                             .hash = weir_word_hash_(weir__word_at(key), m->seed),
                             .val = val ? weir__word_at(val) : 0,
                             .expect = weir__word_at(expect) };
    return weir__write(&w, deadline, ctx);
}

int weir_map_put_wait(weir_map *m, const void *key, const void *val, weir_time deadline,
                      weir_ctx *ctx) {
    struct weir__at at;
    if (!usable(m, key, val)) return bad("weir_map_put");
    if (!weir__map_ok(m, "weir_map_put")) return WEIR_EINVAL;
    if (m->shape.words)
        return weir_map_put_u64_wait(m, weir__word_at(key), weir__word_at(val), deadline, ctx);
    int rc = place(m, key, &at, "weir_map_put");
    return rc < 0 ? rc : weir__node_put(&at, val, deadline, ctx);
}

int weir_map_get_or_put_wait(weir_map *m, const void *key, void *val, weir_time deadline,
                             weir_ctx *ctx) {
    struct weir__at at;
    if (!usable(m, key, val)) return bad("weir_map_get_or_put");
    if (!weir__map_ok(m, "weir_map_get_or_put")) return WEIR_EINVAL;
    if (m->shape.words) {
        uint64_t v = weir__word_at(val);
        int rc = weir_map_get_or_put_u64_wait(m, weir__word_at(key), &v, deadline, ctx);
        memcpy(val, &v, sizeof v);
        return rc;
    }
    int rc = place(m, key, &at, "weir_map_get_or_put");
    return rc < 0 ? rc : weir__node_get_or_put(&at, val, deadline, ctx);
}

int weir_map_swap_wait(weir_map *m, const void *key, void *val, weir_time deadline, weir_ctx *ctx) {
    struct weir__at at;
    if (!usable(m, key, val)) return bad("weir_map_swap");
    if (!weir__map_ok(m, "weir_map_swap")) return WEIR_EINVAL;
    if (m->shape.words) {
        uint64_t v = weir__word_at(val);
        int rc = weir_map_swap_u64_wait(m, weir__word_at(key), &v, deadline, ctx);
        memcpy(val, &v, sizeof v);
        return rc;
    }
    int rc = place(m, key, &at, "weir_map_swap");
    return rc < 0 ? rc : weir__node_swap(&at, val, deadline, ctx);
}

int weir_map_take_wait(weir_map *m, const void *key, void *val, weir_time deadline, weir_ctx *ctx) {
    struct weir__at at;
    if (!m || !key) return bad("weir_map_take");
    if (!weir__map_ok(m, "weir_map_take")) return WEIR_EINVAL;
    if (m->shape.words) {
        uint64_t v;
        int rc = take_word(m, key, &v, deadline, ctx);
        if (rc == 0 && val) memcpy(val, &v, sizeof v);
        return rc;
    }
    int rc = place(m, key, &at, "weir_map_take");
    return rc < 0 ? rc : weir__node_take(&at, val, false, deadline, ctx);
}

int weir_map_delete_wait(weir_map *m, const void *key, weir_time deadline, weir_ctx *ctx) {
    struct weir__at at;
    if (!m || !key) return bad("weir_map_delete");
    if (!weir__map_ok(m, "weir_map_delete")) return WEIR_EINVAL;
    if (m->shape.words) {
        uint64_t v;
        return take_word(m, key, &v, deadline, ctx);
    }
    int rc = place(m, key, &at, "weir_map_delete");
    return rc < 0 ? rc : weir__node_take(&at, NULL, true, deadline, ctx);
}

int weir_map_cas_wait(weir_map *m, const void *key, const void *expect, const void *val,
                      weir_time deadline, weir_ctx *ctx) {
    struct weir__at at;
    if (!usable(m, key, val) || !expect) return bad("weir_map_cas");
    if (!weir__map_ok(m, "weir_map_cas")) return WEIR_EINVAL;
    if (m->shape.words) return cas_word(m, key, expect, val, deadline, ctx);
    int rc = place(m, key, &at, "weir_map_cas");
    return rc < 0 ? rc : weir__node_cas(&at, expect, val, deadline, ctx);
}

int weir_map_cad_wait(weir_map *m, const void *key, const void *expect, weir_time deadline,
                      weir_ctx *ctx) {
    struct weir__at at;
    if (!usable(m, key, expect)) return bad("weir_map_cad");
    if (!weir__map_ok(m, "weir_map_cad")) return WEIR_EINVAL;
    if (m->shape.words) return cas_word(m, key, expect, NULL, deadline, ctx);
    int rc = place(m, key, &at, "weir_map_cad");
    return rc < 0 ? rc : weir__node_cas(&at, expect, NULL, deadline, ctx);
}

/* ---- computing ------------------------------------------------------------------------------------------ */

int weir_map_compute_wait(weir_map *m, const void *key, weir_map_compute_fn *fn, void *arg,
                          void *val, weir_time deadline, weir_ctx *ctx) {
    struct weir__at at;
    if (!usable(m, key, val) || !fn) return bad("weir_map_compute");
    if (!weir__map_ok(m, "weir_map_compute")) return WEIR_EINVAL;
    if (m->shape.words) {
        struct weir__any_computer c = { fn, arg };
        uint64_t v;
        int rc = weir_map_compute_u64_wait(m, weir__word_at(key), weir__compute_word, &c, &v,
                                           deadline, ctx);
        if (rc == 0 || rc == WEIR_EEXIST) memcpy(val, &v, sizeof v);
        return rc;
    }
    int rc = place(m, key, &at, "weir_map_compute");
    const struct weir__node_job job = { m, "weir_map_compute", fn, key, arg };
    return rc < 0 ? rc : weir__node_compute(&at, &job, val, deadline, ctx);
}

/* ---- all entries ---------------------------------------------------------------------------------------- */

#define BATCH 64

static ptrdiff_t next_words(weir_map *m, struct weir_map_cursor *c, void *keys, void *vals,
                            size_t n) {
    uint64_t k[BATCH], v[BATCH];
    ptrdiff_t got = weir_map_next_u64(m, c, k, v, n < BATCH ? n : BATCH);
    if (got <= 0) return got;
    memcpy(keys, k, (size_t)got * sizeof *k);
    memcpy(vals, v, (size_t)got * sizeof *v);
    return got;
}

ptrdiff_t weir_map_next(weir_map *m, struct weir_map_cursor *c, void *keys, void *vals, size_t n) {
    if (!m || !c || (n && (!keys || !vals))) return bad("weir_map_next");
    if (!weir__map_ok(m, "weir_map_next")) return WEIR_EINVAL;
    if (m->shape.words) return next_words(m, c, keys, vals, n);
    if (m->shape.strings && !weir__urcu_held())
        return weir__misuse("weir_map_next", "strings, and the thread is in no guard");
    const struct weir__cores one = { &m->core, 0, 1 };
    return weir__node_next(&m->shape, &one, c, keys, vals, n);
}

int weir_map_each(weir_map *m, weir_map_fn *fn, void *arg) {
    if (!m || !fn) return bad("weir_map_each");
    if (!weir__map_ok(m, "weir_map_each")) return WEIR_EINVAL;
    if (m->shape.words) {
        struct weir__any_caller c = { fn, arg };
        return weir_map_each_u64(m, weir__call_word, &c);
    }
    const struct weir__cores one = { &m->core, 0, 1 };
    return weir__node_each(&m->shape, &one, fn, arg);
}
