/* SPDX-License-Identifier: MIT */
/* cache/entry.c - an entry's life (C6 of cache.h), and the counts of threads.
 *
 * Ordering   R1: the last one that gives a reference back sees what the others did with the value. */
#include "cache.h"

size_t weir__entry_size_for(const weir_cache *c, size_t key_len) {
    return sizeof(struct weir__entry) + ((size_t)c->shape.val_size + 7) / 8 * 8 + key_len;
}
size_t weir__entry_size(const struct weir__entry *e) { return e->key_at + e->key_len; }

struct weir__entry *weir__entry_make(weir_cache *c, const struct weir__spot *a) {
    size_t bytes = weir__entry_size_for(c, a->key.len);
    struct weir__entry *e = weir__alloc(c->alloc, bytes, _Alignof(struct weir__entry));
    if (!e) return NULL;
#ifdef WEIR_MODEL
    weir_model_write(e, bytes);
#endif
    memset(e, 0, bytes - a->key.len);
    e->c = c;
    e->hash = a->hash;
    e->expires = WEIR_FOREVER;
    e->key_len = (uint32_t)a->key.len;
    e->key_at = (uint32_t)(bytes - a->key.len);
    memcpy((char *)e + e->key_at, a->key.at, a->key.len);
    e->str = (struct weir_str){ weir__entry_bytes(e), a->key.len };
    weir__link_init(&e->queue);
    weir__link_init(&e->timer);
    weir_init_atomic(&e->refs, 1);
    (void)weir_fetch_add_relaxed(&c->alive, 1);
    return e;
}

void weir__entry_unref(struct weir__entry *e) {
    weir_cache *c = e->c;
    if (weir_fetch_sub_acq_rel(&e->refs, 1, CACHE_R1) != 1) return;
    if (e->owned && c->drop) c->drop(e->val, c->arg);
    weir__free(c->alloc, e, weir__entry_size(e), _Alignof(struct weir__entry));
    WEIR_POINT("cache.freed");
    /* Release: free finds 0 when nobody looks at the cache any more. */
    size_t alive = weir_load_relaxed(&c->alive);
    while (!weir_cas_release(&c->alive, &alive, alive - 1, CACHE_R2)) {
    }
}

static void retired(struct weir_rcu_head *head) {
    weir__entry_unref((struct weir__entry *)(void *)head);
}

void weir__entry_retire(struct weir__entry *e) {
    if (weir__frees_at_once(e->c))
        weir__entry_unref(e);
    else
        (void)weir_rcu_retire(&e->head, weir__entry_size(e), retired);
}

uint64_t weir__entry_weigh(const weir_cache *c, const struct weir__entry *e) {
    return c->weigh ? c->weigh(weir__entry_key(c, e), e->val, c->arg) : 1;
}

void weir__entry_times(weir_cache *c, struct weir__entry *e, weir_time ttl) {
    if (ttl == WEIR_TTL_DEFAULT) ttl = c->ttl;
    if (ttl != WEIR_FOREVER) weir_store_relaxed(&c->expires, 1); /* before the entry is put */
    weir_time now = ttl != WEIR_FOREVER || c->timed ? weir__cache_now(c) : 0;
    e->expires = ttl == WEIR_FOREVER ? WEIR_FOREVER : weir__sum(now, ttl);
    e->stale = c->refresh ? weir__sum(now, c->refresh) : WEIR_FOREVER;
    weir_store_relaxed(&e->used, (uint64_t)now);
}

/* ---- counts --------------------------------------------------------------------------------------------- */

/* The number of the thread's record, and one more; 0: not known, or not any more. Records are used again, by one
 * thread after the other: so a count has one writer at a time. */
#ifdef WEIR_MODEL
static unsigned here(void) {
    const struct weir__thread *self = weir__thread_known();
    return self ? self->number + 1 : 0;
}
#else
static __thread unsigned number __attribute__((tls_model("initial-exec")));
static void forget(struct weir__thread *t) {
    (void)t;
    number = 0;
}
__attribute__((constructor)) static void begin(void) { (void)weir__thread_at_exit(forget); }

static unsigned here(void) {
    if (WEIR_LIKELY(number != 0)) return number;
    const struct weir__thread *self = weir__thread_self();
    if (self) number = self->number + 1;
    return number;
}
#endif

/* Whether there is one now. */
__attribute__((noinline)) static bool make_chunk(weir_cache *c, weir_aptr *at) {
    size_t bytes = TALLY_CHUNK * sizeof(struct weir__tally);
    struct weir__tally *made = weir__alloc(c->alloc, bytes, WEIR_LINE);
    void *none = NULL;
    if (!made) return false;
    memset(made, 0, bytes);
    if (!weir_cas_release(at, &none, made, CACHE_T1)) weir__free(c->alloc, made, bytes, WEIR_LINE);
    return true;
}

struct weir__tally *weir__tally_of(weir_cache *c) {
    unsigned n = here() - 1; /* of one without a record: too high */
    if (WEIR_UNLIKELY(n >= TALLY_CHUNK * TALLY_CHUNKS)) return NULL;
    weir_aptr *at = &c->tally[n / TALLY_CHUNK];
    for (;;) {
        struct weir__tally *chunk = weir_load_acquire(at, CACHE_T2);
        if (WEIR_LIKELY(chunk != NULL)) return &chunk[n % TALLY_CHUNK];
        if (!make_chunk(c, at)) return NULL;
    }
}
