/* SPDX-License-Identifier: MIT */
/* cache/save.c - a cache to a file (file.h).
 *
 * First references to all entries are taken, of each shard in one hold, the oldest of each queue first; then, in
 * no lock, what is theirs is written: it does not change, and stays as long as somebody has a reference (C6 of
 * cache.h). So entries, and their bytes, are counted before the first one is written, and nobody waits for the
 * disk.
 *
 * Progress   blocking: each shard's lock, once for each time that it has more entries than there was room for
 * references.
 * Ordering   the shards' locks. */
#include "../lib/os_file.h"
#include "file.h"
#include "overwrite.h"

#define CHUNK ((size_t)65536)

struct item {
    struct weir__entry *e; /* a reference */
    uint64_t uses;         /* when it was found */
};

struct saving {
    weir_cache *c;
    const char *path;
    struct item *at;
    size_t n, room;
    weir_time now;
    int64_t wall; /* at that time */
    uint64_t bytes, sum;
    struct weir__os_save out;
    char *buffer; /* CHUNK + FILE_ENTRY_MAX */
    size_t filled;
};

/* ---- which entries -------------------------------------------------------------------------------------- */

/* Of S3-FIFO's main queue: once at least, so that it is there again when the small one has been looked through. */
static uint64_t uses_of(const weir_cache *c, struct weir__entry *e) {
    uint64_t n = weir_load_relaxed(&e->freq); /* relaxed: a hint */
    return n == 0 && c->policy == WEIR_CACHE_S3FIFO && e->in == CACHE_MAIN ? 1 : n;
}

static uint64_t bytes_of(const weir_cache *c, const struct weir__entry *e) {
    return sizeof(struct weir__record) + c->shape.val_size + e->key_len;
}

/* In the hold; there is room. */
static void add_queue(struct saving *v, struct weir__shard *s, enum weir__queued in) {
    struct weir__link *end = &s->queue[in].list;
    for (struct weir__link *l = end->prev; l != end; l = l->prev) {
        struct weir__entry *e = weir__entry_queued(l);
        if (e->code != 0 || weir__entry_over(v->c, e, v->now)) continue;
        weir__entry_ref(e);
        v->at[v->n++] = (struct item){ e, uses_of(v->c, e) };
        v->bytes += bytes_of(v->c, e);
    }
}

static bool make_room(struct saving *v, size_t n) {
    const struct weir_alloc *a = v->c->alloc;
    size_t room = n + n / 8 + 64;
    struct item *at = weir__alloc(a, room * sizeof *at, _Alignof(struct item));
    if (!at) return false;
    if (v->at) {
        memcpy(at, v->at, v->n * sizeof *at);
        weir__free(a, v->at, v->room * sizeof *at, _Alignof(struct item));
    }
    v->at = at;
    v->room = room;
    return true;
}

/* False: no memory. */
static bool add_shard(struct saving *v, struct weir__shard *s) {
    for (;;) {
        weir_guard g = weir__hold(s);
        size_t need = v->n + s->n;
        bool fits = v->at && need <= v->room;
        if (fits) {
            add_queue(v, s, CACHE_MAIN);
            add_queue(v, s, CACHE_SMALL);
            add_queue(v, s, CACHE_PINNED);
        }
        weir__hold_end(v->c, s, g, NULL);
        if (fits) return true;
        if (!make_room(v, need)) return false;
    }
}

static void fini(struct saving *v) {
    const struct weir_alloc *a = v->c->alloc;
    for (size_t i = 0; i < v->n; i++) weir__entry_unref(v->at[i].e);
    if (v->at) weir__free(a, v->at, v->room * sizeof *v->at, _Alignof(struct item));
    if (v->buffer) weir__free(a, v->buffer, CHUNK + FILE_ENTRY_MAX, _Alignof(uint64_t));
}

/* ---- writing -------------------------------------------------------------------------------------------- */

static int flush(struct saving *v) {
    int rc = weir__os_save_write(&v->out, v->buffer, v->filled);
    v->filled = 0;
    return rc;
}

static int write_header(struct saving *v) {
    const struct weir__shape *s = &v->c->shape;
    struct weir__file f = { .order = FILE_ORDER,
                            .version = FILE_VERSION,
                            .flags =
                                (s->strings ? FILE_STRINGS : 0) | (v->c->clock ? FILE_CLOCK : 0),
                            .key_size = s->strings ? 0 : s->key_size,
                            .val_size = s->val_size,
                            .entries = v->n,
                            .bytes = v->bytes,
                            .wall = v->wall,
                            .clock = v->now };
    memcpy(f.magic, FILE_MAGIC, sizeof f.magic);
    f.sum = weir__file_sum(&f);
    return weir__os_save_write(&v->out, &f, sizeof f);
}

/* From now on; at least 0. */
static int64_t ahead(weir_time when, weir_time now) {
    int64_t d;
    if (when == WEIR_FOREVER || __builtin_sub_overflow(when, now, &d)) return WEIR_FOREVER;
    return d < 0 ? 0 : d;
}

static int write_entry(struct saving *v, size_t i) {
    struct weir__entry *e = v->at[i].e;
    weir_cache *c = v->c;
    weir_time used = (weir_time)weir_load_relaxed(&e->used); /* relaxed: about */
    struct weir__record r = { .key_len = e->key_len,
                              .uses = (uint32_t)v->at[i].uses,
                              .ttl = ahead(e->expires, v->now),
                              .idle = c->tti ? ahead(v->now, used) : 0,
                              .stale = ahead(e->stale, v->now) };
    char *at = v->buffer + v->filled, *to = at;
    memcpy(to, &r, sizeof r);
    to += sizeof r;
    weir__entry_copy(c, e, to);
    to += c->shape.val_size;
    memcpy(to, weir__entry_bytes(e), e->key_len);
    to += e->key_len;
    v->filled += (size_t)(to - at);
    v->sum = weir__hash_bytes(at, (size_t)(to - at), v->sum);
    return v->filled >= CHUNK ? flush(v) : 0;
}

static int write_all(struct saving *v) {
    int rc = write_header(v);
    for (size_t i = 0; i < v->n && rc == 0; i++) rc = write_entry(v, i);
    if (rc == 0) rc = flush(v);
    return rc == 0 ? weir__os_save_write(&v->out, &v->sum, sizeof v->sum) : rc;
}

/* ---- the call ------------------------------------------------------------------------------------------- */

static int save(struct saving *v) {
    weir_cache *c = v->c;
    v->now = weir__cache_now(c);
    v->wall = weir__os_wall();
    v->buffer = weir__alloc(c->alloc, CHUNK + FILE_ENTRY_MAX, _Alignof(uint64_t));
    bool fits = v->buffer != NULL;
    for (unsigned i = 0; fits && i <= c->mask; i++) fits = add_shard(v, &c->shard[i]);
    if (!fits) return WEIR_ENOMEM;
    int rc = weir__os_save_begin(&v->out, v->path);
    if (rc == 0) rc = weir__os_save_end(&v->out, write_all(v));
    if (rc == 0) return 0;
    char words[128];
    weir__os_words(rc, words, sizeof words);
    return weir_fail(rc, "a cache cannot be saved: %s: %s", words, v->path);
}

ptrdiff_t weir_cache_save(weir_cache *c, const char *path) {
    int may = weir__file_check(c, path, "weir_cache_save");
    if (may != 0) return may;
    struct saving v = { .c = c, .path = path };
    int rc = save(&v);
    ptrdiff_t n = rc == 0 ? (ptrdiff_t)v.n : rc;
    fini(&v);
    return n;
}
