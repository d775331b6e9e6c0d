/* SPDX-License-Identifier: MIT */
/* cache/cache.c - a cache's life, put, invalidate, clear, and what concerns it as a whole. See cache.h. */
#include "load.h"
#include "overwrite.h"

#include "../flow/frame.h"
#include "../lib/ctx.h"
#include "../lib/os_user.h"
#include "../lib/rcu_inside.h"
#include "../maps/map.h"

#define CAPACITY_MAX (UINT64_C(1) << 62)
#define HINT_MAX ((size_t)65536)
#define SHARD_ENTRIES 4096 /* fewer have one queue */
#define EXPIRES_PER_HOLD 64

/* ---- making --------------------------------------------------------------------------------------------- */

/* The policy that a plain kind has. */
static int policy_of(const struct weir_cache_opts *o) {
    static const int plain[] = { 0, WEIR_CACHE_LRU, WEIR_CACHE_CLOCK };
    return o->kind == WEIR_CACHE_RCU ? o->policy : plain[o->kind];
}

static bool kind_usable(const struct weir_cache_opts *o) {
    if (o->kind == WEIR_CACHE_RCU) return true;
    if (o->kind < WEIR_CACHE_RCU || o->kind > WEIR_CACHE_RWLOCK_CLOCK) return false;
    return o->shards <= 1 && (o->policy == 0 || o->policy == policy_of(o));
}

static int check(const struct weir_cache_opts *o, struct weir_map_opts *shape) {
    static const char call[] = "weir_cache_new";
    int rc = WEIR_EINVAL;
    if (!o || o->size < sizeof *o || o->capacity == 0)
        (void)weir__misuse(call, "no options, or no capacity");
    else if (!weir__alloc_usable(o->alloc) || (o->exec && !o->exec->submit))
        (void)weir__misuse(call, "half an allocator, or executor");
    else if (o->ttl < 0 || o->tti < 0 || o->negative_ttl < 0 || o->refresh < 0)
        (void)weir__misuse(call, "a time below 0");
    else if (o->refresh && !o->load)
        (void)weir__misuse(call, "a refresh without a function that loads");
    else if (o->policy < WEIR_CACHE_S3FIFO || o->policy > WEIR_CACHE_LRU)
        (void)weir__misuse(call, "unknown policy");
    else if (!kind_usable(o))
        (void)weir__misuse(call,
                           "unknown kind, or a plain one with a policy or shards not its own");
    else if (o->shards & (o->shards - 1))
        (void)weir__misuse(call, "shards that are no power of two");
    else
        rc = 0;
    if (rc != 0) return rc;
    *shape = (struct weir_map_opts){
        .key_size = o->key_size, .val_size = o->val_size, .keys = o->keys, .alloc = o->alloc
    };
    rc = weir__shape_check(shape, call);
    bool large = o->capacity > CAPACITY_MAX || o->shards > 256 || o->hint > MAP_ENTRIES_MAX;
    return rc == 0 && large ? WEIR_ETOOBIG : rc;
}

static size_t hint_of(const struct weir_cache_opts *o) {
    if (o->hint) return o->hint;
    return o->capacity < HINT_MAX ? (size_t)o->capacity : HINT_MAX;
}

static unsigned shards_for(const struct weir_cache_opts *o) {
    unsigned n = 1;
    if (o->shards) return o->shards;
    if (o->kind != WEIR_CACHE_RCU) return 1;
    while (n < weir__os_cpus() && n < 256 && hint_of(o) / SHARD_ENTRIES >= 2 * (size_t)n) n *= 2;
    return n;
}

static size_t bytes_of(unsigned shards) {
    return sizeof(struct weir_cache) + shards * sizeof(struct weir__shard);
}

static void fini_shards(weir_cache *c) {
    for (unsigned i = 0; i <= c->mask; i++) weir__policy_fini(c, &c->shard[i]);
}

static int init_shards(weir_cache *c, size_t hint) {
    for (unsigned i = 0; i <= c->mask; i++) {
        struct weir__shard *s = &c->shard[i];
        int rc = weir__policy_init(c, s, hint / (c->mask + 1) + 1);
        if (rc != 0) return rc;
        weir__wheel_init(&s->wheel, weir__cache_now(c));
        s->gone_end = &s->gone;
    }
    return 0;
}

static void set_options(weir_cache *c, const struct weir_cache_opts *o) {
    c->capacity = o->capacity;
    c->share = o->capacity / (c->mask + 1);
    c->kind = o->kind;
    c->policy = policy_of(o);
    c->freq_max = c->policy == WEIR_CACHE_S3FIFO ? 7 : c->policy == WEIR_CACHE_LRU ? 0 : 1;
    c->timed = o->ttl || o->tti || o->refresh;
    c->ttl = o->ttl ? o->ttl : WEIR_FOREVER;
    c->tti = o->tti;
    c->negative_ttl = o->negative_ttl;
    c->refresh = o->refresh;
    c->weigh = o->weigh;
    c->removed = o->removed;
    c->clock = o->clock;
    c->drop = o->drop;
    c->arg = o->arg;
    c->alloc = o->alloc;
    c->load = o->load;
    c->load_arg = o->load_arg;
    if (o->exec) c->exec = *o->exec;
    bool bare = !c->timed && !c->weigh && !c->removed && !c->drop;
    c->words = bare && c->shape.val_size <= sizeof(uint64_t);
    (void)weir_wg_init(&c->busy);
}

static int init_plain(weir_cache *c) {
    int rc = weir__plain_lock_init(&c->plain, c->kind);
    if (rc == 0) c->shard[0].lock.plain = &c->plain;
    return rc;
}
static void fini_plain(weir_cache *c) {
    if (c->shard[0].lock.plain) weir__plain_lock_fini(&c->plain);
}

static int init(weir_cache *c, const struct weir_cache_opts *o, const struct weir_map_opts *shape) {
    struct weir__core_opts core = { .kind = o->kind == WEIR_CACHE_RCU ? CORE_RCU : CORE_HELD,
                                    .alloc = o->alloc,
                                    .hint = hint_of(o),
                                    .step = MAP_STEP,
                                    .fill = MAP_FILL,
                                    .stripe = c->stripe };
    weir__shape_init(&c->shape, shape, o->seed ? o->seed : weir__os_random(), CORE_RCU);
    set_options(c, o);
    int rc = weir__cache_plain(c) ? init_plain(c) : 0;
    if (rc == 0) rc = init_shards(c, hint_of(o));
    if (rc == 0) rc = weir__core_init(&c->core, &core);
    if (rc != 0) {
        fini_shards(c);
        fini_plain(c);
    }
    return rc;
}

int weir_cache_new(weir_cache **out, const struct weir_cache_opts *o) {
    struct weir_map_opts shape;
    if (!out) return weir__misuse("weir_cache_new", "nowhere to put it");
    *out = NULL;
    int rc = check(o, &shape);
    if (rc != 0) return rc;
    unsigned shards = shards_for(o);
    weir_cache *c = weir__alloc(o->alloc, bytes_of(shards), WEIR_LINE);
    if (!c) return WEIR_ENOMEM;
    memset(c, 0, bytes_of(shards));
    c->mask = shards - 1;
    rc = init(c, o, &shape);
    if (rc != 0)
        weir__free(o->alloc, c, bytes_of(shards), WEIR_LINE);
    else
        *out = c;
    return rc;
}

/* ---- ending --------------------------------------------------------------------------------------------- */

/* In one hold; loads go on, but store nothing. */
static void clear_shard(weir_cache *c, struct weir__shard *s, bool close, struct weir__untold *u) {
    uint64_t weight = 0;
    weir_guard all = weir__write_enter(c, WEIR_FOREVER, NULL).g;
    weir_guard g = weir__hold(s);
    if (close) s->closed = true;
    for (unsigned q = CACHE_SMALL; q < CACHE_QUEUES; q++)
        while (!weir__link_empty(&s->queue[q].list)) {
            struct weir__entry *e = weir__entry_queued(s->queue[q].list.prev);
            weight += e->weight;
            weir__take_out(c, s, e, WEIR_CACHE_CLEARED, CACHE_NO_TIME);
        }
    if (!close) weir__loads_unlink_all(s);
    weir__give_back(c, weight);
    weir__hold_end(c, s, g, u);
    (void)weir__rcu_exit(all);
    if (close) weir__loads_abort(s);
}

int weir_cache_close(weir_cache *c) {
    struct weir__untold u = { { 0 } };
    uint32_t open = 0;
    if (!c) return weir__misuse("weir_cache_close", "no cache");
    /* Relaxed: who is first; what it does is ordered by the shards' locks. */
    if (!weir_cas_relaxed(&c->closed, &open, 1)) return WEIR_ECLOSED;
    for (unsigned i = 0; i <= c->mask; i++) clear_shard(c, &c->shard[i], true, &u);
    weir__cache_tell(c, &u);
    return 0;
}

static void destroy(weir_cache *c) {
    const struct weir_alloc *a = c->alloc;
    for (unsigned i = 0; i < TALLY_CHUNKS; i++) {
        void *chunk = weir_load_relaxed(&c->tally[i]); /* nobody else is inside */
        if (chunk) weir__free(a, chunk, TALLY_CHUNK * sizeof(struct weir__tally), WEIR_LINE);
    }
    fini_shards(c);
    weir__core_fini(&c->core);
    fini_plain(c);
    weir__free(a, c, bytes_of(c->mask + 1), WEIR_LINE);
}

int weir_cache_free(weir_cache *c) {
    if (!c) return 0;
    if (weir__frame_in(c) || weir__rcu_busy(weir__thread_self())) return WEIR_EDEADLK;
    (void)weir_cache_close(c);
    int rc = weir_wg_wait(&c->busy);
    struct weir__untold all; /* what is left of a `removed` that has ended its thread */
    memset(&all, 0, sizeof all);
    for (unsigned i = 0; i <= c->mask; i++) all.shard[i / 64] |= UINT64_C(1) << i % 64;
    if (rc == 0) weir__cache_tell(c, &all);
    if (rc == 0) rc = weir_rcu_barrier();
    if (rc != 0) return rc;
    if (weir_load_acquire(&c->alive, CACHE_R3) != 0) return WEIR_EBUSY;
    destroy(c);
    return 0;
}

/* ---- writing -------------------------------------------------------------------------------------------- */

struct weighing {
    struct weir__entry *e;
    bool through;
};
static void weigh(void *weighing) {
    struct weighing *w = weighing;
    w->e->weight = weir__entry_weigh(w->e->c, w->e);
    w->through = true;
}
/* `weigh` may have ended its thread. */
static void weighed(void *weighing) {
    struct weighing *w = weighing;
    if (!w->through) weir__entry_unref(w->e);
}

static int make_entry(weir_cache *c, const struct weir__spot *at, const void *val, weir_time ttl,
                      struct weir__entry **e) {
    *e = weir__entry_make(c, at);
    if (!*e) return WEIR_ENOMEM;
    memcpy((*e)->val, val, c->shape.val_size);
    (*e)->weight = 1;
    struct weighing w = { *e, false };
    if (c->weigh) weir__os_user_call(weigh, &w, weighed, &w);
    weir__entry_times(c, *e, ttl);
    return 0;
}

int weir_cache_put_wait(weir_cache *c, const void *key, const void *val, weir_time ttl,
                        weir_time deadline, weir_ctx *ctx) {
    struct weir__untold u = { { 0 } };
    struct weir__entry *e;
    struct weir__spot at;
    if (!c || !key || !val || ttl <= 0) {
        (void)weir__misuse("weir_cache_put", "NULL, or a time to live that is not positive");
        return WEIR_EINVAL;
    }
    int rc = weir__spot(c, key, &at, "weir_cache_put");
    if (rc == 0) rc = weir__ctx_err(ctx);
    if (rc != 0) return rc;
    if (c->words && (ttl == WEIR_TTL_DEFAULT || ttl == WEIR_FOREVER)) {
        rc = weir__cache_overwrite(c, &at, val, deadline, ctx);
        if (rc != WEIR_ENOENT) return rc;
    }
    rc = make_entry(c, &at, val, ttl, &e);
    if (rc != 0) return rc;
    rc = weir__garbage_room(c, weir__entry_size(e), deadline, ctx);
    struct weir__fork_in in = { .rc = rc };
    if (rc == 0) in = weir__write_enter(c, deadline, ctx);
    rc = in.rc;
    if (rc == 0) {
        rc = weir__store(c, e, NULL, &u);
        (void)weir__rcu_exit(in.g);
    }
    weir__entry_unref(e);
    weir__cache_tell(c, &u);
    return rc;
}

/* 0, WEIR_ENOENT. */
static int remove_key(weir_cache *c, const struct weir__spot *at, struct weir__untold *u) {
    struct weir__shard *s = weir__shard_of(c, at->hash);
    weir_time now = weir__write_time(c);
    weir_guard g = weir__hold(s);
    (void)weir__expire(c, s, now, EXPIRES_PER_WRITE, false);
    struct weir__entry *e = weir__cache_find(c, at);
    bool over = e && weir__entry_over(c, e, now);
    int rc = e && !over && e->code == 0 ? 0 : WEIR_ENOENT;
    if (e) {
        weir__take_out(c, s, e, over ? WEIR_CACHE_EXPIRED : WEIR_CACHE_EXPLICIT, now);
        weir__give_back(c, e->weight);
    }
    weir__loads_unlink(s, at);
    weir__hold_end(c, s, g, u);
    return rc;
}

int weir_cache_invalidate_wait(weir_cache *c, const void *key, weir_time deadline, weir_ctx *ctx) {
    struct weir__untold u = { { 0 } };
    struct weir__spot at;
    if (!c || !key) {
        (void)weir__misuse("weir_cache_invalidate", "NULL");
        return WEIR_EINVAL;
    }
    int rc = weir__spot(c, key, &at, "weir_cache_invalidate");
    if (rc == 0) rc = weir__ctx_err(ctx);
    if (rc != 0) return rc;
    rc = weir__garbage_room(c, weir__entry_size_for(c, at.key.len), deadline, ctx);
    if (rc != 0 && rc != WEIR_ENOMEM) return rc;
    struct weir__fork_in in = weir__write_enter(c, deadline, ctx);
    if (in.rc == WEIR_ENOMEM) in = weir__write_enter(c, deadline, NULL);
    if (in.rc != 0) return in.rc;
    rc = remove_key(c, &at, &u);
    (void)weir__rcu_exit(in.g);
    weir__cache_tell(c, &u);
    return rc;
}

int weir_cache_clear(weir_cache *c) {
    struct weir__untold u = { { 0 } };
    if (!c) return weir__misuse("weir_cache_clear", "no cache");
    for (unsigned i = 0; i <= c->mask; i++) clear_shard(c, &c->shard[i], false, &u);
    weir__cache_tell(c, &u);
    return 0;
}

ptrdiff_t weir_cache_maintain(weir_cache *c) {
    size_t n = 0;
    if (!c) return weir__misuse("weir_cache_maintain", "no cache");
    weir_time now = weir__write_time(c);
    for (unsigned i = 0; now != CACHE_NO_TIME && i <= c->mask; i++) {
        struct weir__shard *s = &c->shard[i];
        bool more = true;
        for (bool all = true; more; all = false) {
            struct weir__untold u = { { 0 } };
            weir_guard write = weir__write_enter(c, WEIR_FOREVER, NULL).g, g = weir__hold(s);
            n += weir__expire(c, s, now, EXPIRES_PER_HOLD, all);
            more = !weir__link_empty(&s->wheel.due);
            weir__hold_end(c, s, g, &u);
            (void)weir__rcu_exit(write);
            weir__cache_tell(c, &u);
        }
    }
    return (ptrdiff_t)n;
}

/* ---- looking -------------------------------------------------------------------------------------------- */

/* Parts are read one after the other, while entries move between them: so their sum may be above what there ever was. An
 * entry weighs 1, unless there is a `weigh`; so what is in use, which has the bound, is not less than their number. */
static uint64_t at_most_used(weir_cache *c, uint64_t n) {
    uint64_t used = weir_load_relaxed(&c->used); /* relaxed: a number */
    return c->weigh || n < used ? n : used;
}

size_t weir_cache_len(weir_cache *c) {
    return c ? (size_t)at_most_used(c, weir__stripes_sum(c->stripe)) : 0;
}

/* Relaxed: a number. */
uint64_t weir_cache_weight(weir_cache *c) { return c ? weir_load_relaxed(&c->used) : 0; }

static void add_tally(struct weir_cache_stats *out, struct weir__tally *t) {
    out->hits += weir_load_relaxed(&t->hits);
    out->misses += weir_load_relaxed(&t->misses);
    out->loads += weir_load_relaxed(&t->loads);
    out->load_failures += weir_load_relaxed(&t->load_failures);
}

int weir_cache_read_stats(weir_cache *c, struct weir_cache_stats *out) {
    if (!c || !out || out->size < sizeof *out)
        return weir__misuse("weir_cache_read_stats", "NULL, or not WEIR_CACHE_STATS");
    *out = (struct weir_cache_stats){ .size = sizeof *out };
    add_tally(out, &c->stray);
    for (unsigned i = 0; i < TALLY_CHUNKS; i++) {
        struct weir__tally *chunk = weir_load_acquire(&c->tally[i], CACHE_T3);
        for (unsigned j = 0; chunk && j < TALLY_CHUNK; j++) add_tally(out, &chunk[j]);
    }
    for (unsigned i = 0; i <= c->mask; i++) {
        struct weir__shard *s = &c->shard[i];
        weir__shard_lock(&s->lock);
        for (unsigned k = 0; k < WEIR_CACHE_CAUSES; k++) out->removed[k] += s->removed[k];
        out->refused += s->refused;
        out->entries += s->n;
        out->bytes += s->bytes;
        weir__shard_unlock(&s->lock);
    }
    out->entries = at_most_used(c, out->entries);
    out->weight = weir_cache_weight(c);
    return 0;
}
