/* SPDX-License-Identifier: MIT */
/* cache/policy.c - which entry goes next. All under the shard's lock, but for the marks that hits make (freq).
 *
 * S3FIFO   small and main are queues; what is new goes to small, or to main if it is among the ghosts. While
 *          small has a thirty-second of the shard's weight or more, its oldest goes: to main if it was used, else away,
 *          and is a ghost then. Else main's oldest goes, but comes in again at the end, with one use less, if it has
 *          any. Ghosts: as many as there are entries, as fingerprints in a table of buckets, the oldest of a bucket
 *          overwritten first.
 * SIEVE    one queue, and a hand that goes from the oldest to the newest, and begins again: what was used stays in its place,
 *          unmarked; the first that was not goes.
 * CLOCK    one queue: the oldest goes, or comes in again at the end, unmarked, if it was used.
 * LRU      one queue: a hit moves to the end, under the lock; the oldest goes.
 *
 * A hand that has moved STEPS entries takes the next one as it is: no call walks through a shard in which all was
 * used.
 * A mark that a reader stores while the hand clears it may be lost, or stay: it is a hint.
 *
 * Of the sizes: with a tenth and 3 uses, as in the paper, a simulated S3-FIFO stays up to 2.0 points behind the
 * best of the other policies (bench/sim.h; a million requests of each workload of bench/trace.h): zipf 0.8, and
 * favourites that change, with room for a tenth of the keys. With a twentieth and 7 uses 1.1 points at most. (A
 * tenth and 7: 1.5; a fiftieth and 3: 2.4; twice the ghosts: 2.5.) This cache itself, with 7 uses, by weir-bench
 * cache-ratios: with a twentieth 1.0, and in the loop 54.8 % of hits at least; with a thirty-second 0.9, and 58.7 %; with
 * a fortieth 0.8, and 58.7 %.
 *
 * From   Yang et al., FIFO queues are all you need for cache eviction (SOSP 2023); differs in those sizes, and
 * promotes after one use.
 *        Zhang et al., SIEVE is simpler than LRU (NSDI 2024). */
#include "cache.h"

#define STEPS 64
#define GHOST_WAYS 4

/* ---- ghosts --------------------------------------------------------------------------------------------- */

static uint32_t print_of(uint64_t hash) { return (uint32_t)(hash >> 32) | 1; }
static uint64_t *ghost_bucket(const struct weir__ghosts *g, uint64_t hash) {
    return &g->slot[(hash >> 16 & g->mask) * GHOST_WAYS];
}

/* Takes it out. window: how many were put since, at most. */
static bool ghost_take(struct weir__ghosts *g, uint64_t hash, size_t window) {
    uint64_t *slot = ghost_bucket(g, hash);
    for (unsigned i = 0; i < GHOST_WAYS; i++) {
        if ((uint32_t)(slot[i] >> 32) != print_of(hash)) continue;
        bool young = (uint32_t)(g->number - (uint32_t)slot[i]) < window;
        slot[i] = 0;
        return young;
    }
    return false;
}

static void ghost_put(struct weir__ghosts *g, uint64_t hash) {
    uint64_t *slot = ghost_bucket(g, hash), *to = slot;
    g->number++;
    for (unsigned i = 0; i < GHOST_WAYS; i++) {
        if (slot[i] >> 32 == 0 || (uint32_t)(slot[i] >> 32) == print_of(hash)) {
            to = &slot[i];
            break;
        }
        if ((uint32_t)(g->number - (uint32_t)slot[i]) > (uint32_t)(g->number - (uint32_t)*to))
            to = &slot[i];
    }
    *to = (uint64_t)print_of(hash) << 32 | g->number;
}

int weir__policy_init(weir_cache *c, struct weir__shard *s, size_t entries) {
    for (unsigned i = 0; i < CACHE_QUEUES; i++) weir__link_init(&s->queue[i].list);
    if (c->policy != WEIR_CACHE_S3FIFO) return 0;
    size_t buckets = 1;
    while (buckets * GHOST_WAYS < 2 * entries) buckets *= 2;
    size_t bytes = buckets * GHOST_WAYS * sizeof(uint64_t);
    s->ghosts.slot = weir__alloc_zeroed(c->alloc, bytes, WEIR_LINE);
    s->ghosts.mask = buckets - 1;
    return s->ghosts.slot ? 0 : WEIR_ENOMEM;
}

void weir__policy_fini(weir_cache *c, struct weir__shard *s) {
    size_t bytes = (s->ghosts.mask + 1) * GHOST_WAYS * sizeof(uint64_t);
    if (s->ghosts.slot) weir__free_zeroed(c->alloc, s->ghosts.slot, bytes, WEIR_LINE);
}

/* ---- queues --------------------------------------------------------------------------------------------- */

static void enqueue(struct weir__shard *s, struct weir__entry *e, enum weir__queued in) {
    weir__link_after(&s->queue[in].list, &e->queue);
    s->queue[in].weight += e->weight;
    s->queue[in].n++;
    e->in = (uint8_t)in;
}

static void dequeue(struct weir__shard *s, struct weir__entry *e) {
    if (s->hand == &e->queue) {
        s->hand = e->queue.prev;
        if (s->hand == &s->queue[CACHE_MAIN].list) s->hand = NULL;
    }
    weir__link_remove(&e->queue);
    s->queue[e->in].weight -= e->weight;
    s->queue[e->in].n--;
    e->in = CACHE_NONE;
}

static size_t entries(const struct weir__shard *s) {
    return s->queue[CACHE_SMALL].n + s->queue[CACHE_MAIN].n;
}

void weir__policy_add(weir_cache *c, struct weir__shard *s, struct weir__entry *e) {
    enum weir__queued in = CACHE_MAIN;
    if (e->weight == 0)
        in = CACHE_PINNED;
    else if (c->policy == WEIR_CACHE_S3FIFO && !ghost_take(&s->ghosts, e->hash, entries(s) + 1))
        in = CACHE_SMALL;
    enqueue(s, e, in);
}

void weir__policy_replace(weir_cache *c, struct weir__shard *s, struct weir__entry *old,
                          struct weir__entry *e) {
    enum weir__queued in = old->in;
    if ((in == CACHE_PINNED) != (e->weight == 0)) {
        dequeue(s, old);
        weir__policy_add(c, s, e);
        return;
    }
    weir__link_after(&old->queue, &e->queue); /* in its place */
    e->in = (uint8_t)in;
    s->queue[in].weight += e->weight;
    s->queue[in].n++;
    if (s->hand == &old->queue) s->hand = &e->queue;
    dequeue(s, old);
    weir_store_relaxed(&e->freq, weir_load_relaxed(&old->freq)); /* relaxed: a hint */
    if (c->policy == WEIR_CACHE_LRU) weir__policy_used(c, e);
}

void weir__policy_remove(struct weir__shard *s, struct weir__entry *e) { dequeue(s, e); }

void weir__policy_used(weir_cache *c, struct weir__entry *e) {
    struct weir__shard *s = weir__shard_of(c, e->hash);
    if (e->in != CACHE_MAIN) return;
    weir__link_remove(&e->queue);
    weir__link_after(&s->queue[CACHE_MAIN].list, &e->queue);
}

/* ---- victims -------------------------------------------------------------------------------------------- */

static struct weir__entry *oldest(struct weir__shard *s, enum weir__queued in) {
    struct weir__link *l = s->queue[in].list.prev;
    return l == &s->queue[in].list ? NULL : weir__entry_queued(l);
}

/* Relaxed, all of them: hints. */
static uint32_t uses(struct weir__entry *e) { return weir_load_relaxed(&e->freq); }
static void set_uses(struct weir__entry *e, uint32_t n) { weir_store_relaxed(&e->freq, n); }

static void move(struct weir__shard *s, struct weir__entry *e, uint32_t n) {
    dequeue(s, e);
    set_uses(e, n);
    enqueue(s, e, CACHE_MAIN);
}

static struct weir__entry *victim_s3fifo(weir_cache *c, struct weir__shard *s) {
    struct weir__entry *e = NULL;
    for (unsigned i = 0; i < STEPS; i++) {
        bool small = s->queue[CACHE_MAIN].n == 0 ||
                     (s->queue[CACHE_SMALL].n > 0 && s->queue[CACHE_SMALL].weight >= c->share / 32);
        e = oldest(s, small ? CACHE_SMALL : CACHE_MAIN);
        if (!e || uses(e) == 0) return e;
        move(s, e, small ? 0 : uses(e) - 1);
    }
    return oldest(s, CACHE_MAIN);
}

static struct weir__entry *victim_sieve(struct weir__shard *s) {
    struct weir__link *end = &s->queue[CACHE_MAIN].list, *l = s->hand ? s->hand : end->prev;
    if (l == end) return NULL;
    for (unsigned i = 0; i < STEPS && uses(weir__entry_queued(l)) > 0; i++) {
        set_uses(weir__entry_queued(l), 0);
        l = l->prev == end ? end->prev : l->prev;
    }
    s->hand = l;
    return weir__entry_queued(l);
}

static struct weir__entry *victim_clock(struct weir__shard *s) {
    struct weir__entry *e = oldest(s, CACHE_MAIN);
    for (unsigned i = 0; i < STEPS && e && uses(e) > 0; i++) {
        move(s, e, 0);
        e = oldest(s, CACHE_MAIN);
    }
    return e;
}

struct weir__entry *weir__policy_victim(weir_cache *c, struct weir__shard *s) {
    switch (c->policy) {
        case WEIR_CACHE_S3FIFO: return victim_s3fifo(c, s);
        case WEIR_CACHE_SIEVE: return victim_sieve(s);
        case WEIR_CACHE_CLOCK: return victim_clock(s);
        default: return oldest(s, CACHE_MAIN);
    }
}

void weir__policy_evicted(weir_cache *c, struct weir__shard *s, const struct weir__entry *e) {
    if (c->policy == WEIR_CACHE_S3FIFO && e->in == CACHE_SMALL) ghost_put(&s->ghosts, e->hash);
}
