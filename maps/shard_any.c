/* SPDX-License-Identifier: MIT */
/* maps/shard_any.c - the verbs of a weir_shardmap by pointers: of words those of shard_u64.c, else those of
 * nodes. See node.h. */
#include "node.h"

static int bad(const char *call) { return weir__misuse(call, "NULL, or a bad string"); }

/* 0: go on. */
static inline int enter(const weir_shardmap *m, const void *key, const void *val,
                        const char *call) {
    if (WEIR_UNLIKELY(!m || !key || !val)) return bad(call);
    if (!weir__shardmap_ok(m, call)) return WEIR_EINVAL;
    return weir__shard_inside(m) ? WEIR_EDEADLK : 0;
}

/* Where the key is, of a map of nodes. */
static inline int place(weir_shardmap *m, const void *key, struct weir__at *at, const char *call) {
    int rc = weir__key_of(&m->shape, key, &at->key);
    if (WEIR_UNLIKELY(rc < 0)) {
        if (rc == WEIR_EINVAL) (void)bad(call);
        return rc;
    }
    at->s = &m->shape;
    at->m = m;
    at->hash = weir__key_hash(&m->shape, &at->key);
    at->c = weir__shard_of(m, at->hash);
    return 0;
}

/* ---- reading -------------------------------------------------------------------------------------------- */

int weir_shardmap_get(weir_shardmap *m, const void *key, void *val) {
    struct weir__at at;
    int rc = enter(m, key, val, "weir_shardmap_get");
    if (rc < 0) return rc;
    if (m->shape.words) {
        uint64_t v;
        rc = weir_shardmap_get_u64(m, weir__word_at(key), &v);
        if (rc == 0) memcpy(val, &v, sizeof v);
        return rc;
    }
    rc = place(m, key, &at, "weir_shardmap_get");
    if (rc < 0) return rc;
    return weir__node_get(&at, val) ? 0 : WEIR_ENOENT;
}

#define AHEAD 16

static ptrdiff_t get_many_words(weir_shardmap *m, const char *keys, char *vals, bool *found,
                                size_t n) {
    uint64_t k[AHEAD], v[AHEAD];
    memcpy(k, keys, n * sizeof *k);
    ptrdiff_t hits = weir_shardmap_get_many_u64(m, k, v, found, n);
    for (size_t j = 0; j < n; j++)
        if (found[j]) memcpy(vals + j * sizeof *v, &v[j], sizeof *v);
    return hits;
}

static ptrdiff_t get_some(weir_shardmap *m, const char *keys, char *vals, bool *found, size_t n) {
    struct weir__at at[AHEAD];
    ptrdiff_t hits = 0;
    for (size_t j = 0; j < n; j++) {
        int rc = place(m, keys + j * m->shape.key_size, &at[j], "weir_shardmap_get_many");
        if (rc < 0) return rc;
        weir__shard_ask_for(at[j].c, at[j].hash);
    }
    for (size_t j = 0; j < n; j++) {
        found[j] = weir__node_get(&at[j], vals + j * m->shape.val_size);
        hits += found[j];
    }
    return hits;
}

ptrdiff_t weir_shardmap_get_many(weir_shardmap *m, const void *keys, void *vals, bool *found,
                                 size_t n) {
    ptrdiff_t hits = 0;
    if (!m || (n && (!keys || !vals || !found))) return bad("weir_shardmap_get_many");
    if (!weir__shardmap_ok(m, "weir_shardmap_get_many")) return WEIR_EINVAL;
    if (weir__shard_inside(m)) return WEIR_EDEADLK;
    for (size_t i = 0; i < n; i += AHEAD) {
        const char *k = (const char *)keys + i * m->shape.key_size;
        char *v = (char *)vals + i * m->shape.val_size;
        size_t most = n - i < AHEAD ? n - i : AHEAD;
        ptrdiff_t some = m->shape.words ? get_many_words(m, k, v, found + i, most)
                                        : get_some(m, k, v, found + i, most);
        if (some < 0) return some;
        hits += some;
    }
    return hits;
}

int weir_shardmap_visit(weir_shardmap *m, const void *key, weir_map_fn *fn, void *arg) {
    struct weir__at at;
    int rc = enter(m, key, m, "weir_shardmap_visit");
    if (rc < 0) return rc;
    if (!fn) return bad("weir_shardmap_visit");
    if (m->shape.words) {
        struct weir__any_caller c = { fn, arg };
        return weir_shardmap_visit_u64(m, weir__word_at(key), weir__call_word, &c);
    }
    rc = place(m, key, &at, "weir_shardmap_visit");
    return rc < 0 ? rc : weir__node_visit(&at, key, fn, arg);
}

/* ---- writing -------------------------------------------------------------------------------------------- */

int weir_shardmap_put(weir_shardmap *m, const void *key, const void *val) {
    struct weir__at at;
    int rc = enter(m, key, val, "weir_shardmap_put");
    if (rc < 0) return rc;
    if (m->shape.words) return weir_shardmap_put_u64(m, weir__word_at(key), weir__word_at(val));
    rc = place(m, key, &at, "weir_shardmap_put");
    return rc < 0 ? rc : weir__node_put(&at, val, WEIR_FOREVER, NULL);
}

int weir_shardmap_get_or_put(weir_shardmap *m, const void *key, void *val) {
    struct weir__at at;
    int rc = enter(m, key, val, "weir_shardmap_get_or_put");
    if (rc < 0) return rc;
    if (m->shape.words) {
        uint64_t v = weir__word_at(val);
        rc = weir_shardmap_get_or_put_u64(m, weir__word_at(key), &v);
        memcpy(val, &v, sizeof v);
        return rc;
    }
    rc = place(m, key, &at, "weir_shardmap_get_or_put");
    return rc < 0 ? rc : weir__node_get_or_put(&at, val, WEIR_FOREVER, NULL);
}

int weir_shardmap_swap(weir_shardmap *m, const void *key, void *val) {
    struct weir__at at;
    int rc = enter(m, key, val, "weir_shardmap_swap");
    if (rc < 0) return rc;
    if (m->shape.words) {
        uint64_t v = weir__word_at(val);
        rc = weir_shardmap_swap_u64(m, weir__word_at(key), &v);
        memcpy(val, &v, sizeof v);
        return rc;
    }
    rc = place(m, key, &at, "weir_shardmap_swap");
    return rc < 0 ? rc : weir__node_swap(&at, val, WEIR_FOREVER, NULL);
}

int weir_shardmap_take(weir_shardmap *m, const void *key, void *val) {
    struct weir__at at;
    int rc = enter(m, key, m, "weir_shardmap_take");
    if (rc < 0) return rc;
    if (m->shape.words) {
        uint64_t v;
        rc = weir_shardmap_take_u64(m, weir__word_at(key), &v);
        if (rc == 0 && val) memcpy(val, &v, sizeof v);
        return rc;
    }
    rc = place(m, key, &at, "weir_shardmap_take");
    return rc < 0 ? rc : weir__node_take(&at, val, false, WEIR_FOREVER, NULL);
}

int weir_shardmap_delete(weir_shardmap *m, const void *key) {
    struct weir__at at;
    int rc = enter(m, key, m, "weir_shardmap_delete");
    if (rc < 0) return rc;
    if (m->shape.words) return weir_shardmap_delete_u64(m, weir__word_at(key));
    rc = place(m, key, &at, "weir_shardmap_delete");
    return rc < 0 ? rc : weir__node_take(&at, NULL, true, WEIR_FOREVER, NULL);
}

int weir_shardmap_cas(weir_shardmap *m, const void *key, const void *expect, const void *val) {
    struct weir__at at;
    int rc = enter(m, key, expect, "weir_shardmap_cas");
    if (rc < 0) return rc;
    if (!val) return bad("weir_shardmap_cas");
    if (m->shape.words)
        return weir_shardmap_cas_u64(m, weir__word_at(key), weir__word_at(expect),
                                     weir__word_at(val));
    rc = place(m, key, &at, "weir_shardmap_cas");
    return rc < 0 ? rc : weir__node_cas(&at, expect, val, WEIR_FOREVER, NULL);
}

int weir_shardmap_cad(weir_shardmap *m, const void *key, const void *expect) {
    struct weir__at at;
    int rc = enter(m, key, expect, "weir_shardmap_cad");
    if (rc < 0) return rc;
    if (m->shape.words) return weir_shardmap_cad_u64(m, weir__word_at(key), weir__word_at(expect));
    rc = place(m, key, &at, "weir_shardmap_cad");
    return rc < 0 ? rc : weir__node_cas(&at, expect, NULL, WEIR_FOREVER, NULL);
}

struct updater {
    weir_shardmap_update_fn *fn;
    void *arg;
};
static int update_with(uint64_t *val, bool there, void *arg) {
    const struct updater *u = arg;
    return u->fn(val, there, u->arg);
}

int weir_shardmap_update(weir_shardmap *m, const void *key, weir_shardmap_update_fn *fn,
                         void *arg) {
    struct weir__at at;
    int rc = enter(m, key, m, "weir_shardmap_update");
    if (rc < 0) return rc;
    if (!fn) return bad("weir_shardmap_update");
    if (m->shape.words) {
        struct updater u = { fn, arg };
        return weir_shardmap_update_u64(m, weir__word_at(key), update_with, &u);
    }
    rc = place(m, key, &at, "weir_shardmap_update");
    return rc < 0 ? rc : weir__node_update(&at, fn, arg);
}

/* ---- computing ------------------------------------------------------------------------------------------ */

static int compute_words(weir_shardmap *m, const void *key, struct weir__any_computer *c, void *val,
                         weir_time deadline, weir_ctx *ctx) {
    uint64_t v;
    int rc = weir_shardmap_compute_u64_wait(m, weir__word_at(key), weir__compute_word, c, &v,
                                            deadline, ctx);
    if (rc == 0 || rc == WEIR_EEXIST) memcpy(val, &v, sizeof v);
    return rc;
}

int weir_shardmap_compute_wait(weir_shardmap *m, const void *key, weir_map_compute_fn *fn,
                               void *arg, void *val, weir_time deadline, weir_ctx *ctx) {
    struct weir__at at;
    struct weir__any_computer c = { fn, arg };
    int rc = enter(m, key, val, "weir_shardmap_compute");
    if (rc < 0) return rc;
    if (!fn) return bad("weir_shardmap_compute");
    if (m->shape.words) return compute_words(m, key, &c, val, deadline, ctx);
    rc = place(m, key, &at, "weir_shardmap_compute");
    const struct weir__node_job job = { m, "weir_shardmap_compute", fn, key, arg };
    return rc < 0 ? rc : weir__node_compute(&at, &job, val, deadline, ctx);
}

/* ---- all entries ---------------------------------------------------------------------------------------- */

#define BATCH 64

static ptrdiff_t next_words(weir_shardmap *m, struct weir_map_cursor *c, void *keys, void *vals,
                            size_t n) {
    uint64_t k[BATCH], v[BATCH];
    ptrdiff_t got = weir_shardmap_next_u64(m, c, k, v, n < BATCH ? n : BATCH);
    if (got <= 0) return got;
    memcpy(keys, k, (size_t)got * sizeof *k);
    memcpy(vals, v, (size_t)got * sizeof *v);
    return got;
}

ptrdiff_t weir_shardmap_next(weir_shardmap *m, struct weir_map_cursor *c, void *keys, void *vals,
                             size_t n) {
    int rc = enter(m, c, m, "weir_shardmap_next");
    if (rc < 0) return rc;
    if (n && (!keys || !vals)) return bad("weir_shardmap_next");
    if (m->shape.words) return next_words(m, c, keys, vals, n);
    if (m->shape.strings && !weir__urcu_held())
        return weir__misuse("weir_shardmap_next", "strings, and the thread is in no guard");
    const struct weir__cores all = weir__shard_cores(m);
    return weir__node_next(&m->shape, &all, c, keys, vals, n);
}

int weir_shardmap_each(weir_shardmap *m, weir_map_fn *fn, void *arg) {
    int rc = enter(m, m, m, "weir_shardmap_each");
    if (rc < 0) return rc;
    if (!fn) return bad("weir_shardmap_each");
    if (m->shape.words) {
        struct weir__any_caller c = { fn, arg };
        return weir_shardmap_each_u64(m, weir__call_word, &c);
    }
    const struct weir__cores all = weir__shard_cores(m);
    return weir__node_each(&m->shape, &all, fn, arg);
}
