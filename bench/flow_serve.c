/* SPDX-License-Identifier: MIT */
/* bench/flow_serve.c - a pool whose tasks are requests to a map, as the kinds of structure "serve"; see flow.h.
 *
 * A request is OPS operations on keys that it draws: it reads, or, for the share of writes, puts or deletes, in turns. As
 * in the benchmarks of maps (maps.h) there are twice as many keys as entries: the even ones are there at the beginning, and
 * each one half of the time from then on. What is counted is operations; what is checked, that every value is its key's,
 * that all requests have run, once, and, where nobody writes, that every even key was found and no other.
 *
 * The pool is weir_pool, the same for all; the kinds are maps, called as those of maps.h:
 *   weir_map, weir_shardmap, sharded_rwlock (what people call a sharded map in Go), mutex */
#include <weir/map_u64.h>
#include <weir/pool.h>
#include <weir/shardmap_u64.h>

#include <stdlib.h>

#include "flow_task.h"
#include "flows.h"
#include "map_run.h"

#define OPS 16u        /* of a request */
#define REQUESTS 2048u /* submitted before they are waited for */

struct request {
    struct serve *of;
    uint64_t number;
};

struct serve {
    weir_pool *pool;
    weir_map *map; /* one of the two */
    weir_shardmap *shards;
    weir_task_fn *answer; /* a request */
    uint64_t range;
    uint32_t gets_below; /* of 65536 */
    struct request requests[REQUESTS];
};

/* ---- a request -------------------------------------------------------------------------------------- */

/* What it does is drawn from its number: the same for all kinds. */
#define ANSWER(name, GET, PUT, DELETE)                                           \
    static int name(weir_ctx *ctx, void *arg) {                                  \
        const struct request *q = arg;                                           \
        struct serve *s = q->of;                                                 \
        uint64_t state = q->number * UINT64_C(0x9e3779b97f4a7c15), wrong = 0;    \
        (void)ctx;                                                               \
        for (unsigned i = 0; i < OPS; i++) {                                     \
            uint64_t r = wb_map_mum(state += UINT64_C(0xa0761d6478bd642f), MIX); \
            uint64_t index = wb_map_below(r, s->range), key = wb_map_key(index); \
            uint64_t value = 0, what = r & 0xffff;                               \
            if (what < s->gets_below) {                                          \
                bool there = GET(s, key, &value) == 0;                           \
                wrong += there && value != wb_map_value(key);                    \
                wrong += s->gets_below > 0xffff && there == (index % 2 != 0);    \
            } else if (what % 2 == 0) {                                          \
                wrong += PUT(s, key, wb_map_value(key)) != 0;                    \
            } else {                                                             \
                (void)DELETE(s, key);                                            \
            }                                                                    \
        }                                                                        \
        wb_tally_add(wrong ? WRONG : q->number);                                 \
        return 0;                                                                \
    }

#define MIX UINT64_C(0xd6e8feb86659fd93)
#define WRONG (UINT64_C(1) << 50) /* no request has such a number: the sum is wrong then */

#define MAP_GET(s, k, pv) weir_map_get_u64((s)->map, k, pv)
#define MAP_PUT(s, k, v) weir_map_put_u64((s)->map, k, v)
#define MAP_DELETE(s, k) weir_map_delete_u64((s)->map, k)
ANSWER(answer_map, MAP_GET, MAP_PUT, MAP_DELETE)

#define SHARD_GET(s, k, pv) weir_shardmap_get_u64((s)->shards, k, pv)
#define SHARD_PUT(s, k, v) weir_shardmap_put_u64((s)->shards, k, v)
#define SHARD_DELETE(s, k) weir_shardmap_delete_u64((s)->shards, k)
ANSWER(answer_shards, SHARD_GET, SHARD_PUT, SHARD_DELETE)

/* ---- one thread that submits ------------------------------------------------------------------------ */

static void run(struct wb_flow_work *w) {
    struct serve *s = w->flow;
    uint64_t first = 1;
    do {
        struct wb_tally_all since = wb_tally_sum();
        for (unsigned i = 0; i < REQUESTS; i++) {
            s->requests[i] = (struct request){ s, first + i };
            w->wrong += weir_pool_submit(s->pool, s->answer, NULL, &s->requests[i]) != 0;
        }
        (void)weir_pool_quiet(s->pool);
        w->wrong += !wb_tally_right(since, REQUESTS, wb_flow_sum(first, REQUESTS));
        w->ops += (uint64_t)REQUESTS * OPS;
        first += REQUESTS;
    } while (!__atomic_load_n(w->stop, __ATOMIC_RELAXED) && w->wrong == 0);
}

/* ---- made and given back ---------------------------------------------------------------------------- */

static void dispose(void *flow) {
    struct serve *s = flow;
    (void)weir_pool_free(s->pool);
    if (s->map) (void)weir_map_free(s->map);
    if (s->shards) (void)weir_shardmap_free(s->shards);
    free(s);
}

static bool filled(struct serve *s, uint64_t keys) {
    int rc = 0;
    for (uint64_t i = 0; i < 2 * keys && rc == 0; i += 2) {
        uint64_t key = wb_map_key(i);
        rc = s->map ? MAP_PUT(s, key, wb_map_value(key)) : SHARD_PUT(s, key, wb_map_value(key));
    }
    return rc == 0;
}

static void *make(const struct wb_shape *shape, bool rcu, int sync) {
    const struct wb_flow_shape *f = &shape->flow;
    struct weir_pool_opts po = WEIR_POOL_OPTS(f->workers);
    struct weir_map_opts mo = WEIR_MAP_OPTS(uint64_t, uint64_t);
    struct serve *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    mo.hint = f->keys;
    mo.sync = sync;
    s->answer = rcu ? answer_map : answer_shards;
    s->range = 2 * f->keys;
    s->gets_below = 65536u * (100u - f->write) / 100u;
    int rc = rcu ? weir_map_new(&s->map, &mo) : weir_shardmap_new(&s->shards, &mo);
    if (rc == 0) rc = weir_pool_new(&s->pool, &po);
    if (rc == 0 && filled(s, f->keys)) return s;
    dispose(s);
    return NULL;
}

#define SERVE(kind, name, rcu, sync, note)                                            \
    static void *make_##kind(const struct wb_shape *s) { return make(s, rcu, sync); } \
    WB_FLOW(wb_serve_##kind, name, "serve", NULL, note, 0, make_##kind, dispose, run, NULL)

SERVE(map, "weir_map", true, 0, NULL);
SERVE(shard, "weir_shardmap", false, WEIR_MAP_LINES, NULL);
SERVE(sharded_rwlock, "sharded_rwlock", false, WEIR_MAP_SHARDED_RWLOCK,
      "a read-write lock for each shard");
SERVE(mutex, "mutex", false, WEIR_MAP_MUTEX, "one mutex around the sharded map's table");
