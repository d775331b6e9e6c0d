/* SPDX-License-Identifier: MIT */
/* maps/map.c - a weir_map's life, and what concerns it as a whole. See core.h. */
#include <string.h>

#include "../lib/base.h"
#include "../lib/ctx.h"
#include "../lib/os.h"
#include "compute.h"
#include "map.h"
#include "node.h"

int weir__map_check(const struct weir_map_opts *o, const char *call) {
    if (!o || o->size < sizeof *o) return weir__misuse(call, "no options");
    if (!weir__alloc_usable(o->alloc)) return weir__misuse(call, "half an allocator");
    int rc = weir__shape_check(o, call);
    return rc == 0 && o->hint > MAP_ENTRIES_MAX ? WEIR_ETOOBIG : rc;
}

int weir_map_new(weir_map **out, const struct weir_map_opts *o) {
    if (!out) return weir__misuse("weir_map_new", "nowhere to put it");
    *out = NULL;
    int rc = weir__map_check(o, "weir_map_new");
    if (rc < 0) return rc;
    if (o->sync != WEIR_MAP_LINES || o->shards || o->step)
        return weir__misuse("weir_map_new", "an option of weir_shardmap");
    weir_map *m = weir__alloc(o->alloc, sizeof *m, WEIR_LINE);
    if (!m) return WEIR_ENOMEM;
    memset(m, 0, sizeof *m);
    m->seed = o->seed ? o->seed : weir__os_random();
    weir__handle_init(&m->handle, WEIR__MAP);
    weir__shape_init(&m->shape, o, m->seed, CORE_RCU);
    struct weir__core_opts c = { .kind = CORE_RCU,
                                 .alloc = o->alloc,
                                 .hint = o->hint,
                                 .step = MAP_STEP,
                                 .fill = MAP_FILL,
                                 .stripe = m->stripe };
    rc = weir__core_init(&m->core, &c);
    if (rc < 0)
        weir__free(o->alloc, m, sizeof *m, WEIR_LINE);
    else
        *out = m;
    return rc;
}

int weir_map_free(weir_map *m) {
    if (!m) return 0;
    if (!weir__map_ok(m, "weir_map_free")) return WEIR_EINVAL;
    if (weir__compute_runs(m)) return weir__misuse("weir_map_free", "inside a compute");
    const struct weir_alloc *a = m->core.alloc;
    const struct weir__cores one = { &m->core, 0, 1 };
    int rc = 0;
    if (!m->shape.words)
        rc = weir__nodes_end(&m->shape, &one);
    else if (a) /* its functions are called for what is retired */
        rc = weir_rcu_barrier();
    if (rc < 0) return rc;
    if (!weir__handle_end(&m->handle, WEIR__MAP, "weir_map_free")) return WEIR_EINVAL;
    weir__core_fini(&m->core);
    weir__handle_free(a, m, sizeof *m, WEIR_LINE, &m->handle);
    return 0;
}

size_t weir_map_len(const weir_map *m) {
    return m && weir__map_ok(m, "weir_map_len") ? weir__stripes_sum(m->stripe) : 0;
}

int weir_map_reserve(weir_map *m, size_t n) {
    if (!m) return weir__misuse("weir_map_reserve", "no map");
    if (!weir__map_ok(m, "weir_map_reserve")) return WEIR_EINVAL;
    return n > MAP_ENTRIES_MAX ? WEIR_ETOOBIG : weir__core_reserve(&m->core, n);
}

int weir_map_clear_wait(weir_map *m, weir_time deadline, weir_ctx *ctx) {
    if (!m) return weir__misuse("weir_map_clear", "no map");
    if (!weir__map_ok(m, "weir_map_clear")) return WEIR_EINVAL;
    if (!m->shape.words) return weir__node_clear(&m->shape, &m->core, deadline, ctx);
    int rc = weir__ctx_err(ctx);
    return rc < 0 ? rc : weir__core_clear(&m->core, NULL, deadline, ctx);
}

int weir_map_read_stats(weir_map *m, struct weir_map_stats *out) {
    if (!m || !out || out->size < sizeof *out)
        return weir__misuse("weir_map_read_stats", "NULL, or not WEIR_MAP_STATS");
    if (!weir__map_ok(m, "weir_map_read_stats")) return WEIR_EINVAL;
    *out = (struct weir_map_stats){ .size = sizeof *out };
    const struct weir__cores one = { &m->core, 0, 1 };
    weir__cores_look(&m->shape, &one, out);
    return 0;
}
