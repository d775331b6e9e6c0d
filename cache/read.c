/* SPDX-License-Identifier: MIT */
/* cache/read.c - get, get_many, peek, acquire, release, each. See cache.h.
 *
 * A hit looks the entry up in a guard, asks the clock only if the entry can expire, and marks its use: `freq` until it has
 * reached the policy's limit, which an eviction takes away again; so an entry that is hit all the time is not written. With a time
 * to idle `used` is set when it is a 64th of that time old, and only forward; so nothing expires before its time to idle is over,
 * and nothing lives a 64th longer than that.
 *
 * Progress   wait-free; the count of a thread's first call may allocate, and the first that lends takes locks (C11). Of a
 *            time to idle: a step more for each thread that has set it meanwhile, to less than the caller's. A hit of LRU
 *            takes the shard's lock, in its guard. Plain kinds: blocking, all of it; the lock is in the place of the guard,
 *            but what peek and each lend stays by a guard (plain.h).
 * Ordering   none of its own. */
#include "load.h"
#include "overwrite.h"

#include "../lib/os_user.h"
#include "../maps/walk.h"

static bool bad(const char *call) { return weir__misuse(call, "NULL") != 0; }

/* ---- hits ----------------------------------------------------------------------------------------------- */

/* Relaxed: hints. A use counts for as much as all before, and one: from none to the limit of 7 it takes one thread 3
 * stores, each of which takes the line away from other threads; one that was stopped in between may set it back. */
static inline void mark(weir_cache *c, struct weir__entry *e) {
    uint32_t n = weir_load_relaxed(&e->freq);
    if (WEIR_LIKELY(n >= c->freq_max)) return;
    uint32_t more = 2 * n + 1;
    weir_store_relaxed(&e->freq, more < c->freq_max ? more : c->freq_max);
}

static void use_lru(weir_cache *c, struct weir__entry *e) {
    struct weir__shard *s = weir__shard_of(c, e->hash);
    bool held = weir__cache_plain(c);
    if (!held) weir__shard_lock(&s->lock);
    weir__policy_used(c, e);
    if (!held) weir__shard_unlock(&s->lock);
}

/* Relaxed: a time that carries nothing. It is compared, so that it does not go back where a thread was stopped that has
 * seen an older one. */
static void use_idle(const weir_cache *c, struct weir__entry *e, weir_time now) {
    uint64_t used = weir_load_relaxed(&e->used);
    while (now > (weir_time)used && /* up to 2^64 - 1: */
           (uint64_t)now - used >= (uint64_t)c->tti / 64) {
        WEIR_POINT("cache.used");
        if (weir_cas_relaxed(&e->used, &used, (uint64_t)now)) return;
    }
}

/* Whether the caller has to begin a refresh of it, and has a reference for that. */
static bool use_timed(weir_cache *c, struct weir__entry *e, weir_time now) {
    uint32_t none = 0;
    if (c->tti) use_idle(c, e, now);
    if (WEIR_LIKELY(now < e->stale || e->stale == WEIR_FOREVER)) return false;
    /* Relaxed: a hint; who finds it set writes nothing. */
    if (weir_load_relaxed(&e->refreshing)) return false;
    if (!weir_cas_relaxed(&e->refreshing, &none, 1)) return false;
    weir__entry_ref(e);
    return true;
}

/* In a guard, or the lock of a plain kind. The entry, if it has a value and lives; its use is marked. */
static inline struct weir__entry *hit(weir_cache *c, const struct weir__spot *a, bool *refreshes) {
    struct weir__entry *e = weir__cache_find(c, a);
    if (!e || WEIR_UNLIKELY(e->code != 0)) return NULL;
    if (WEIR_UNLIKELY(e->expires != WEIR_FOREVER || c->timed)) {
        weir_time now = weir__cache_now(c);
        if (weir__entry_over(c, e, now)) return NULL;
        *refreshes = use_timed(c, e, now);
    }
    mark(c, e);
    if (WEIR_UNLIKELY(c->policy == WEIR_CACHE_LRU)) use_lru(c, e);
    return e;
}

static inline void count(weir_cache *c, bool was_hit) {
    if (was_hit)
        WEIR__COUNT(c, hits, 1);
    else
        WEIR__COUNT(c, misses, 1);
}

/* What a call's hits have to begin, each with its reference, when it is through but for this. */
struct refreshing {
    weir_cache *c;
    struct weir__entry **e;
    size_t n, at;
    const void **acquired; /* what the call has got; or NULL */
    bool through;
};
static void refresh_each(void *refreshing) {
    struct refreshing *r = refreshing;
    while (r->at < r->n) weir__refresh(r->c, r->e[r->at++]);
    r->through = true;
}
/* The executor may run them at once, and what they call may end the thread: then nobody has what was acquired, and
 * the rest is for the next hits. */
static void refreshed(void *refreshing) {
    struct refreshing *r = refreshing;
    if (r->through) return;
    while (r->at < r->n) weir__refresh_not(r->e[r->at++]);
    if (!r->acquired) return;
    weir_cache_release(*r->acquired);
    *r->acquired = NULL;
}
__attribute__((noinline)) static void refresh(weir_cache *c, struct weir__entry **e, size_t n,
                                              const void **acquired) {
    struct refreshing r = { c, e, n, 0, acquired, false };
    weir__os_user_call(refresh_each, &r, refreshed, &r);
}

static inline int read_one(weir_cache *c, const struct weir__spot *a, void *val,
                           const void **acquired) {
    bool refreshes = false;
    weir_guard g = weir__read_enter(c);
    struct weir__entry *e = hit(c, a, &refreshes);
    if (e && val) weir__entry_copy(c, e, val);
    if (e && acquired) {
        weir__entry_ref(e);
        *acquired = e->val;
    }
    weir__read_exit(c, g);
    count(c, e != NULL);
    if (WEIR_UNLIKELY(refreshes)) refresh(c, &e, 1, acquired);
    return e ? 0 : WEIR_ENOENT;
}

int weir__cache_read(weir_cache *c, const struct weir__spot *a, void *val, const void **acquired) {
    return read_one(c, a, val, acquired);
}

/* ---- the calls ------------------------------------------------------------------------------------------ */

int weir_cache_get(weir_cache *c, const void *key, void *val) {
    struct weir__spot at;
    if (WEIR_UNLIKELY(!c || !key || !val)) {
        (void)bad("weir_cache_get");
        return WEIR_EINVAL;
    }
    int rc = weir__spot(c, key, &at, "weir_cache_get");
    return WEIR_UNLIKELY(rc != 0) ? rc : read_one(c, &at, val, NULL);
}

const void *weir_cache_acquire(weir_cache *c, const void *key) {
    struct weir__spot at;
    const void *val = NULL;
    if (!c || !key) {
        (void)bad("weir_cache_acquire");
        return NULL;
    }
    if (weir__spot(c, key, &at, "weir_cache_acquire") != 0) return NULL;
    weir__lends_counted(c);
    (void)read_one(c, &at, NULL, &val);
    return val;
}

void weir_cache_release(const void *val) {
    if (!val) return;
    const char *at = (const char *)val - offsetof(struct weir__entry, val);
    weir__entry_unref((struct weir__entry *)(uintptr_t)at); /* NOLINT(performance-no-int-to-ptr) */
}

/* In the caller's guard, for which what leaves from now on is kept (P2). */
static const void *peek_plain(weir_cache *c, const struct weir__spot *a) {
    bool refreshes = false;
    weir_guard g = weir__read_enter(c);
    struct weir__entry *e = hit(c, a, &refreshes);
    weir__read_exit(c, g);
    count(c, e != NULL);
    if (refreshes) refresh(c, &e, 1, NULL);
    return e ? e->val : NULL;
}

const void *weir_cache_peek(weir_cache *c, weir_guard g, const void *key) {
    struct weir__spot at;
    bool refreshes = false;
    if (!c || !key) {
        (void)bad("weir_cache_peek");
        return NULL;
    }
    if (!weir__rcu_guarded(g)) {
        (void)weir__misuse("weir_cache_peek", "a guard that the thread does not hold");
        return NULL;
    }
    if (weir__spot(c, key, &at, "weir_cache_peek") != 0) return NULL;
    weir__lends_guarded(c);
    if (weir__cache_plain(c)) return peek_plain(c, &at);
    struct weir__entry *e = hit(c, &at, &refreshes);
    count(c, e != NULL);
    if (refreshes) refresh(c, &e, 1, NULL);
    return e ? e->val : NULL;
}

#define AHEAD 16

static void ask_for_entries(const weir_cache *c, const struct weir__spot *at, size_t n) {
    struct weir__table *t = weir__map_root(&c->core);
    for (size_t j = 0; j < n; j++) {
        struct weir__line *l = weir__map_line(t, at[j].hash);
        unsigned of = weir__map_match(l, at[j].hash);
        if (!of) continue;
        const char *e = (const char *)(uintptr_t)weir_load_relaxed(&l->val[weir__map_first(of)]);
        weir_prefetch(e + offsetof(struct weir__entry, expires));
    }
}

static ptrdiff_t get_some(weir_cache *c, const char *keys, char *vals, bool *found, size_t n) {
    struct weir__spot at[AHEAD];
    struct weir__entry *stale[AHEAD];
    size_t hits = 0, refreshes = 0, size = c->shape.val_size;
    for (size_t j = 0; j < n; j++) {
        int rc = weir__spot(c, keys + j * c->shape.key_size, &at[j], "weir_cache_get_many");
        if (rc != 0) return rc;
    }
    weir_guard g = weir__read_enter(c);
    struct weir__table *t = weir__map_root(&c->core);
    for (size_t j = 0; j < n; j++) weir_prefetch(weir__map_line(t, at[j].hash));
    ask_for_entries(c, at, n);
    for (size_t j = 0; j < n; j++) {
        bool is_stale = false;
        struct weir__entry *e = hit(c, &at[j], &is_stale);
        found[j] = e != NULL;
        if (e) weir__entry_copy(c, e, vals + j * size);
        if (is_stale) stale[refreshes++] = e;
        hits += found[j];
    }
    weir__read_exit(c, g);
    WEIR__COUNT(c, hits, hits); /* may allocate: in no lock */
    WEIR__COUNT(c, misses, n - hits);
    if (WEIR_UNLIKELY(refreshes != 0)) refresh(c, stale, refreshes, NULL);
    return (ptrdiff_t)hits;
}

ptrdiff_t weir_cache_get_many(weir_cache *c, const void *keys, void *vals, bool *found, size_t n) {
    ptrdiff_t hits = 0;
    if (!c || (n && (!keys || !vals || !found))) {
        (void)bad("weir_cache_get_many");
        return WEIR_EINVAL;
    }
    for (size_t i = 0; i < n; i += AHEAD) {
        ptrdiff_t some = get_some(c, (const char *)keys + i * c->shape.key_size,
                                  (char *)vals + i * c->shape.val_size, found + i,
                                  n - i < AHEAD ? n - i : AHEAD);
        if (some < 0) return some;
        hits += some;
    }
    return hits;
}

/* ---- all entries ---------------------------------------------------------------------------------------- */

#define BATCH 64

struct walk {
    weir_cache *c;
    weir_map_fn *fn;
    void *arg;
    uint64_t at;
    bool ended;
    size_t need; /* room for entries of one hash; 0: there was enough */
};

/* In a guard: one batch. What fn returned. */
static int visit(struct walk *w, uint64_t *hash, uint64_t *word, size_t room) {
    struct weir__batch b = { .hash = hash, .val = word, .room = room };
    int rc = 0;
    bool plain = weir__cache_plain(w->c);
    if (plain) weir__shard_lock(&w->c->shard[0].lock); /* to write: it may move lines */
    uint64_t next = weir__core_next(&w->c->core, w->at, &b);
    if (plain) weir__shard_unlock(&w->c->shard[0].lock);
    w->need = b.cut && b.n == 0 ? b.same : 0;
    if (w->need) return 0;
    w->at = next;
    w->ended = next == 0;
    for (size_t i = 0; i < b.n && rc == 0; i++) {
        struct weir__entry *e = weir__entry_of(word[i]);
        if (e->code != 0 || !weir__entry_lives(w->c, e)) continue;
        rc = w->fn(weir__entry_key(w->c, e), e->val, w->arg);
    }
    return rc;
}

/* More of one hash than a batch has room for. */
static int visit_many(struct walk *w) {
    size_t room = w->need, bytes = 2 * room * sizeof(uint64_t);
    uint64_t *p = weir__alloc(w->c->alloc, bytes, _Alignof(uint64_t));
    if (!p) return WEIR_ENOMEM;
    int rc = visit(w, p, p + room, room);
    weir__free(w->c->alloc, p, bytes, _Alignof(uint64_t));
    return rc;
}

int weir_cache_each(weir_cache *c, weir_map_fn *fn, void *arg) {
    struct walk w = { .c = c, .fn = fn, .arg = arg };
    uint64_t hash[BATCH], word[BATCH];
    int rc = 0;
    if (!c || !fn) {
        (void)bad("weir_cache_each");
        return WEIR_EINVAL;
    }
    weir__lends_guarded(c);
    while (!w.ended && rc == 0) {
        weir_guard g = weir__rcu_enter();
        rc = w.need ? visit_many(&w) : visit(&w, hash, word, BATCH);
        (void)weir__rcu_exit(g);
    }
    return rc;
}
