/* SPDX-License-Identifier: MIT */
/* maps/shard.c - a weir_shardmap's life, and what concerns it as a whole. See shard.h. */
#include "shard.h"

#include <string.h>

#include "../lib/base.h"
#include "../lib/os.h"
#include "compute.h"
#include "map.h"
#include "node.h"
#include "walk.h"

#ifdef WEIR_MODEL
struct weir__inside *weir__insides_of[64];
#else
__thread struct weir__inside *weir__insides;
#endif

/* ---- life ----------------------------------------------------------------------------------------------- */

static enum weir__core_kind kind_of(const struct weir_map_opts *o) {
    switch (o->sync) {
        case WEIR_MAP_MUTEX:
        case WEIR_MAP_SHARDED_MUTEX: return CORE_MUTEX;
        case WEIR_MAP_RWLOCK:
        case WEIR_MAP_SHARDED_RWLOCK: return CORE_RWLOCK;
        default: return CORE_SEQ;
    }
}

static unsigned shards_for(const struct weir_map_opts *o) {
    if (o->sync == WEIR_MAP_MUTEX || o->sync == WEIR_MAP_RWLOCK) return 1;
    if (o->shards) return o->shards;
    unsigned n = 1;
    while (n < 4 * weir__os_cpus() && n < SHARDS_MAX) n *= 2;
    return n;
}

static int check(const struct weir_map_opts *o) {
    int rc = weir__map_check(o, "weir_shardmap_new");
    if (rc < 0) return rc;
    if (o->shards & (o->shards - 1) || o->shards > SHARDS_MAX)
        return weir__misuse("weir_shardmap_new", "shards: a power of two, up to 4096");
    if (o->sync < WEIR_MAP_LINES || o->sync > WEIR_MAP_SHARDED_RWLOCK)
        return weir__misuse("weir_shardmap_new", "an unknown sync");
    return 0;
}

static size_t bytes_for(size_t shards) {
    return sizeof(weir_shardmap) + shards * sizeof(struct weir__shard);
}

static void fini(weir_shardmap *m, size_t shards) {
    for (size_t i = 0; i < shards; i++) weir__core_fini(&m->shard[i].core);
}

int weir_shardmap_new(weir_shardmap **out, const struct weir_map_opts *o) {
    if (!out) return weir__misuse("weir_shardmap_new", "nowhere to put it");
    *out = NULL;
    int rc = check(o);
    if (rc < 0) return rc;
    size_t shards = shards_for(o);
    weir_shardmap *m = weir__alloc(o->alloc, bytes_for(shards), 2 * WEIR_LINE);
    if (!m) return WEIR_ENOMEM;
    memset(m, 0, bytes_for(shards));
    m->alloc = o->alloc;
    m->seed = o->seed ? o->seed : weir__os_random();
    weir__handle_init(&m->handle, WEIR__SHARDMAP);
    weir__shape_init(&m->shape, o, m->seed, kind_of(o));
    m->mask = (uint32_t)shards - 1;
    m->bits = (unsigned)__builtin_ctzll(shards);
    struct weir__core_opts c = { .kind = kind_of(o),
                                 .alloc = o->alloc,
                                 .hint = (o->hint + shards - 1) / shards,
                                 .step = o->step ? o->step : SHARD_STEP,
                                 .fill = SHARD_FILL,
                                 .share = m->bits,
                                 .stripe = m->stripe };
    for (size_t i = 0; i < shards; i++) {
        rc = weir__core_init(&m->shard[i].core, &c);
        if (rc == 0) continue;
        fini(m, i);
        weir__free(o->alloc, m, bytes_for(shards), 2 * WEIR_LINE);
        return rc;
    }
    *out = m;
    return 0;
}

int weir_shardmap_free(weir_shardmap *m) {
    if (!m) return 0;
    if (!weir__shardmap_ok(m, "weir_shardmap_free")) return WEIR_EINVAL;
    if (weir__shard_inside(m)) return WEIR_EDEADLK;
    if (weir__compute_runs(m)) return weir__misuse("weir_shardmap_free", "inside a compute");
    const struct weir__cores all = weir__shard_cores(m);
    int rc = 0;
    if (!m->shape.words)
        rc = weir__nodes_end(&m->shape, &all);
    else if (m->alloc &&
             m->shape.kind == CORE_SEQ) /* its functions are called for what is retired */
        rc = weir_rcu_barrier();
    if (rc < 0) return rc;
    if (!weir__handle_end(&m->handle, WEIR__SHARDMAP, "weir_shardmap_free")) return WEIR_EINVAL;
    size_t shards = (size_t)m->mask + 1;
    fini(m, shards);
    weir__handle_free(m->alloc, m, bytes_for(shards), 2 * WEIR_LINE, &m->handle);
    return 0;
}

/* ---- the whole ------------------------------------------------------------------------------------------ */

size_t weir_shardmap_len(const weir_shardmap *m) {
    return m && weir__shardmap_ok(m, "weir_shardmap_len") ? weir__stripes_sum(m->stripe) : 0;
}

int weir_shardmap_clear(weir_shardmap *m) {
    if (!m) return weir__misuse("weir_shardmap_clear", "no map");
    if (!weir__shardmap_ok(m, "weir_shardmap_clear")) return WEIR_EINVAL;
    if (weir__shard_inside(m)) return WEIR_EDEADLK;
    for (size_t i = 0; i <= m->mask; i++) {
        struct weir__core *c = &m->shard[i].core;
        if (m->shape.words)
            (void)weir__core_clear(c, NULL, WEIR_FOREVER, NULL);
        else
            (void)weir__node_clear(&m->shape, c, WEIR_FOREVER, NULL);
    }
    return 0;
}

int weir_shardmap_reserve(weir_shardmap *m, size_t n) {
    if (!m) return weir__misuse("weir_shardmap_reserve", "no map");
    if (!weir__shardmap_ok(m, "weir_shardmap_reserve")) return WEIR_EINVAL;
    if (weir__shard_inside(m)) return WEIR_EDEADLK;
    if (n > MAP_ENTRIES_MAX) return WEIR_ETOOBIG;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i <= m->mask; i++)
        rc = weir__core_reserve(&m->shard[i].core, (n + m->mask) >> m->bits);
    return rc;
}

/* ---- statistics ----------------------------------------------------------------------------------------- */

unsigned weir_shardmap_shards(const weir_shardmap *m) {
    return m && weir__shardmap_ok(m, "weir_shardmap_shards") ? m->mask + 1 : 0;
}

int weir_shardmap_read_stats(weir_shardmap *m, uint32_t shard, struct weir_map_stats *out) {
    if (!m || !out || out->size < sizeof *out)
        return weir__misuse("weir_shardmap_read_stats", "NULL, or not WEIR_MAP_STATS");
    if (!weir__shardmap_ok(m, "weir_shardmap_read_stats")) return WEIR_EINVAL;
    if (shard != WEIR_SHARDMAP_ALL && shard > m->mask)
        return weir__misuse("weir_shardmap_read_stats", "there is no such shard");
    if (weir__shard_inside(m)) return WEIR_EDEADLK;
    *out = (struct weir_map_stats){ .size = sizeof *out };
    struct weir__cores cores = weir__shard_cores(m);
    if (shard != WEIR_SHARDMAP_ALL) {
        cores.first = weir__core_at(&cores, shard);
        cores.n = 1;
    }
    weir__cores_look(&m->shape, &cores, out);
    return 0;
}
