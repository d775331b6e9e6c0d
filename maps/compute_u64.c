/* SPDX-License-Identifier: MIT */
/* maps/compute_u64.c - get or compute, of weir_map and weir_shardmap of words. See compute.h, write.h. */
#include <weir/map_u64.h>

#include "../lib/base.h"
#include "../lib/ctx.h"
#include "compute.h"
#include "map.h"
#include "shard.h"
#include "write.h"

/* What the user has asked for. */
struct asked {
    uint64_t key, *val;
    weir_map_compute_fn_u64 *fn;
    void *arg;
    weir_time deadline;
    weir_ctx *ctx;
};

struct words {
    struct weir__compute c;
    union {
        weir_map *map;
        weir_shardmap *shardmap;
    } of;
    struct weir__core *core;
    const char *call;
    const struct asked *asked;
};

static struct words *words(struct weir__compute *c) { return (struct words *)(void *)c; }

static bool look_in_map(struct weir__compute *c) {
    struct words *w = words(c);
    return weir_map_get_u64_(w->of.map, c->hash, w->asked->val) == 0;
}

static bool look_in_shardmap(struct weir__compute *c) {
    struct words *w = words(c);
    return weir_shardmap_get_u64_(w->of.shardmap, c->hash, w->asked->val) == 0;
}

static int make(struct weir__compute *c, weir_time deadline, weir_ctx *ctx) {
    struct words *w = words(c);
    const struct asked *a = w->asked;
    struct weir__write store = { .m = w->core, .verb = WRITE_GET_OR_PUT, .hash = c->hash };
    int rc = a->fn(a->key, &store.val, a->arg);
    if (rc > 0 || rc == WEIR_EEXIST) return weir__misuse(w->call, "what its function returns");
    if (rc < 0) return rc;
    WEIR_POINT("compute.made");
    /* Without a context first: one that has ended meanwhile loses what was computed only if it has to wait. */
    rc = weir__write(&store, WEIR_NOW, NULL);
    if (rc == WEIR_EAGAIN) rc = weir__write(&store, deadline, ctx);
    if (rc == 0 || rc == WEIR_EEXIST) *a->val = rc == 0 ? store.val : store.old;
    return rc;
}

/* Not inlined: the call that finds its key has no need of their frames. */

__attribute__((noinline)) static int in_map(weir_map *m, uint64_t hash, const struct asked *a) {
    struct words w = { .c = { .map = m, .hash = hash, .look = look_in_map, .make = make },
                       .of = { .map = m },
                       .core = &m->core,
                       .call = "weir_map_compute_u64",
                       .asked = a };
    return weir__compute(&w.c, a->deadline, a->ctx);
}

__attribute__((noinline)) static int in_shardmap(weir_shardmap *m, uint64_t hash,
                                                 const struct asked *a) {
    struct words w = { .c = { .map = m, .hash = hash, .look = look_in_shardmap, .make = make },
                       .of = { .shardmap = m },
                       .core = weir__shard_of(m, hash),
                       .call = "weir_shardmap_compute_u64",
                       .asked = a };
    return weir__compute(&w.c, a->deadline, a->ctx);
}

int weir_map_compute_u64_wait(weir_map *m, uint64_t key, weir_map_compute_fn_u64 *fn, void *arg,
                              uint64_t *val, weir_time deadline, weir_ctx *ctx) {
    if (WEIR_UNLIKELY(!m || !fn || !val)) return weir__misuse("weir_map_compute_u64", "NULL");
    if (!weir__map_ok(m, "weir_map_compute_u64") || !weir__map_words(m, "weir_map_compute_u64"))
        return WEIR_EINVAL;
    int rc = weir__ctx_err(ctx);
    if (rc < 0) return rc;
    uint64_t hash = weir_word_hash_(key, m->seed);
    rc = weir_map_get_u64_(m, hash, val);
    if (WEIR_LIKELY(rc != WEIR_ENOENT)) return rc == 0 ? WEIR_EEXIST : rc; /* not of words */
    struct asked a = { key, val, fn, arg, deadline, ctx };
    return in_map(m, hash, &a);
}

int weir_shardmap_compute_u64_wait(weir_shardmap *m, uint64_t key, weir_map_compute_fn_u64 *fn,
                                   void *arg, uint64_t *val, weir_time deadline, weir_ctx *ctx) {
    if (WEIR_UNLIKELY(!m || !fn || !val)) return weir__misuse("weir_shardmap_compute_u64", "NULL");
    if (!weir__shardmap_ok(m, "weir_shardmap_compute_u64")) return WEIR_EINVAL;
    int rc = weir__ctx_err(ctx);
    if (rc < 0) return rc;
    uint64_t hash = weir_word_hash_(key, m->seed);
    rc = weir_shardmap_get_u64_(m, hash, val);
    if (WEIR_LIKELY(rc != WEIR_ENOENT)) return rc == 0 ? WEIR_EEXIST : rc;
    struct asked a = { key, val, fn, arg, deadline, ctx };
    return in_shardmap(m, hash, &a);
}
