/* SPDX-License-Identifier: MIT */
/* cache/restore.c - a cache from a file (file.h).
 *
 * All entries are read, and made, before the first one is stored: so nothing of a file whose checksum is wrong
 * comes into the cache, nor to `weigh`. Each length is compared with what it may be, and with what the header
 * has said, before it is used; memory is taken as bytes come, not as the header promises.
 *
 * Progress   blocking, as put. */
#include <stdarg.h>
#include <stdio.h>

#include "../lib/os_file.h"
#include "../lib/os_user.h"
#include "file.h"

#define CHUNK ((size_t)65536)

struct reading {
    weir_cache *c;
    const char *path;
    int fd;
    struct weir__file head;
    uint64_t left, sum; /* bytes of entries */
    char *buffer;       /* CHUNK + FILE_ENTRY_MAX */
    size_t at, filled;
    weir_time now;   /* when the header was read: the other end of a pipe may have come late */
    int64_t elapsed; /* until then, since it was saved */
    struct weir__entry *first, **end;
};

/* ---- bytes ---------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static int refuse(const struct reading *r, const char *fmt,
                                                        ...) {
    char why[160];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    return weir_fail(WEIR_EINVAL, "%s: %s", why, r->path);
}

static int unreadable(const struct reading *r, int code) {
    char words[128];
    weir__os_words(code, words, sizeof words);
    return weir_fail(code, "it cannot be read: %s: %s", words, r->path);
}

/* n bytes of the file, together, in the buffer. NULL: *rc says why: WEIR_EINVAL (it ends before), a code of the
 * system's. */
static const char *fetch(struct reading *r, size_t n, int *rc) {
    if (r->filled - r->at < n) {
        memmove(r->buffer, r->buffer + r->at, r->filled - r->at);
        r->filled -= r->at;
        r->at = 0;
        size_t want = n > CHUNK ? n : CHUNK;
        ptrdiff_t got = weir__os_file_read(r->fd, r->buffer + r->filled, want - r->filled);
        if (got < 0) *rc = unreadable(r, (int)got);
        if (got < 0) return NULL;
        r->filled += (size_t)got;
        if (r->filled < n) *rc = refuse(r, "truncated: the file ends too early");
        if (r->filled < n) return NULL;
    }
    r->at += n;
    return r->buffer + r->at - n;
}

/* ---- the header ----------------------------------------------------------------------------------------- */

static int check_head(const struct reading *r) {
    const struct weir__file *f = &r->head;
    const struct weir__shape *s = &r->c->shape;
    uint32_t key_size = s->strings ? 0 : s->key_size;
    if (memcmp(f->magic, FILE_MAGIC, sizeof f->magic) != 0)
        return refuse(r, "this is no saved cache");
    if (f->order != FILE_ORDER)
        return refuse(r, "saved by a machine with another order of bytes, or altered");
    if (f->version != FILE_VERSION)
        return refuse(r, "version %u of the file's form: this is version %u", f->version,
                      FILE_VERSION);
    if (f->sum != weir__file_sum(f)) return refuse(r, "altered: the header's checksum is wrong");
    if ((f->flags & FILE_STRINGS) != (s->strings ? FILE_STRINGS : 0))
        return refuse(r, "its keys are %s", s->strings ? "no strings" : "strings");
    if (f->key_size != key_size || f->val_size != s->val_size)
        return refuse(r, "keys of %u bytes and values of %u: this cache has %u and %u", f->key_size,
                      f->val_size, key_size, s->val_size);
    return 0;
}

/* How long ago it was saved: by the cache's own clock if both have one, else by the system's; at least 0. */
static int64_t elapsed(const struct reading *r) {
    bool own = r->c->clock && r->head.flags & FILE_CLOCK;
    int64_t now = own ? r->now : weir__os_wall(), d;
    if (__builtin_sub_overflow(now, own ? r->head.clock : r->head.wall, &d)) return 0;
    return d < 0 ? 0 : d;
}

static int read_head(struct reading *r) {
    int rc;
    const char *p = fetch(r, sizeof r->head, &rc);
    if (!p) return rc;
    memcpy(&r->head, p, sizeof r->head);
    rc = check_head(r);
    r->left = r->head.bytes;
    r->now = weir__cache_now(r->c);
    r->elapsed = elapsed(r);
    return rc;
}

/* ---- entries -------------------------------------------------------------------------------------------- */

static void set_times(const struct reading *r, struct weir__entry *e,
                      const struct weir__record *f) {
    weir_cache *c = r->c;
    weir_time past = weir__sum(f->idle, r->elapsed), used;
    if (f->ttl != WEIR_FOREVER) {
        int64_t ttl = f->ttl > r->elapsed ? f->ttl - r->elapsed : 0;
        e->expires = weir__sum(r->now, ttl);
        weir_store_relaxed(&c->expires, 1); /* before the entry is put */
    }
    e->stale = WEIR_FOREVER;
    if (c->refresh) {
        int64_t fresh = f->stale > r->elapsed ? f->stale - r->elapsed : 0;
        e->stale = weir__sum(r->now, fresh < c->refresh ? fresh : c->refresh);
    }
    if (__builtin_sub_overflow(r->now, past, &used)) used = INT64_MIN;
    weir_store_relaxed(&e->used, (uint64_t)used);
}

static int make_entry(struct reading *r, const struct weir__record *f, const char *val) {
    const char *key = val + r->head.val_size;
    struct weir_str str = { key, f->key_len };
    weir_cache *c = r->c;
    struct weir__spot at;
    int rc = weir__spot(c, c->shape.strings ? (const void *)&str : key, &at, "weir_cache_restore");
    if (rc != 0) return rc;
    struct weir__entry *e = weir__entry_make(c, &at);
    if (!e) return WEIR_ENOMEM;
    memcpy(e->val, val, r->head.val_size);
    set_times(r, e, f);
    /* Relaxed: nobody else has it. */
    weir_store_relaxed(&e->freq, f->uses < c->freq_max ? f->uses : c->freq_max);
    *r->end = e;
    r->end = &e->gone;
    return 0;
}

static int read_entry(struct reading *r) {
    struct weir__record f;
    size_t rest;
    int rc;
    if (r->left < sizeof f) return refuse(r, "altered: more entries than bytes");
    const char *p = fetch(r, sizeof f, &rc);
    if (!p) return rc;
    memcpy(&f, p, sizeof f);
    rest = (size_t)r->head.val_size + f.key_len;
    bool fits = r->c->shape.strings ? f.key_len <= MAP_KEY_MAX : f.key_len == r->head.key_size;
    if (!fits || r->left - sizeof f < rest || f.ttl < 0 || f.idle < 0 || f.stale < 0)
        return refuse(r, "altered: an entry that cannot be");
    r->at -= sizeof f; /* all of it together, for the checksum */
    p = fetch(r, sizeof f + rest, &rc);
    if (!p) return rc;
    r->left -= sizeof f + rest;
    r->sum = weir__hash_bytes(p, sizeof f + rest, r->sum);
    return make_entry(r, &f, p + sizeof f);
}

static int read_all(struct reading *r) {
    char more;
    uint64_t sum;
    int rc = read_head(r);
    for (uint64_t i = 0; rc == 0 && i < r->head.entries; i++) rc = read_entry(r);
    if (rc == 0 && r->left != 0) rc = refuse(r, "altered: more bytes than entries");
    if (rc != 0) return rc;
    const char *p = fetch(r, sizeof sum, &rc);
    if (!p) return rc;
    memcpy(&sum, p, sizeof sum);
    if (sum != r->sum) return refuse(r, "altered: the checksum is wrong");
    ptrdiff_t n = r->at < r->filled ? 1 : weir__os_file_read(r->fd, &more, 1);
    if (n < 0) return unreadable(r, (int)n);
    return n == 0 ? 0 : refuse(r, "altered: there is more behind its end");
}

/* ---- the call ------------------------------------------------------------------------------------------- */

struct storing {
    struct reading *r;
    struct weir__entry *e; /* that is stored now */
    struct weir__untold untold;
    ptrdiff_t n; /* stored */
    int rc;
};

static int store_one(struct storing *st) {
    weir_cache *c = st->r->c;
    struct weir__entry *e = st->e;
    if (weir__entry_over(c, e, st->r->now)) return 0;
    e->weight = weir__entry_weigh(c, e);
    int rc = weir__garbage_room(c, weir__entry_size(e), WEIR_FOREVER, NULL);
    if (rc == 0) {
        weir_guard g = weir__write_enter(c, WEIR_FOREVER, NULL).g;
        rc = weir__store_new(c, e, &st->untold);
        (void)weir__rcu_exit(g);
    }
    st->n += rc == 0;
    return rc == WEIR_EEXIST || rc == WEIR_ETOOBIG ? 0 : rc;
}

/* The next one; false: there is none. */
static bool take_next(struct storing *st) {
    st->e = st->r->first;
    if (!st->e) return false;
    st->r->first = st->e->gone;
    st->e->gone = NULL;
    return true;
}

/* Those that live, while rc is 0; gives all references back. */
static void store_all(void *storing) {
    struct storing *st = storing;
    while (take_next(st)) {
        if (st->rc == 0) st->rc = store_one(st);
        weir__entry_unref(st->e);
    }
}

/* `weigh` may have ended its thread: the rest goes, and what has left is for who comes next. */
static void stored(void *storing) {
    struct storing *st = storing;
    if (st->e) weir__entry_unref(st->e);
    while (take_next(st)) weir__entry_unref(st->e);
}

static int restore(struct reading *r) {
    const struct weir_alloc *a = r->c->alloc;
    r->fd = weir__os_file_open(r->path);
    if (r->fd < 0) return unreadable(r, r->fd);
    r->buffer = weir__alloc(a, CHUNK + FILE_ENTRY_MAX, _Alignof(uint64_t));
    int rc = r->buffer ? read_all(r) : WEIR_ENOMEM;
    if (r->buffer) weir__free(a, r->buffer, CHUNK + FILE_ENTRY_MAX, _Alignof(uint64_t));
    weir__os_file_close(r->fd);
    return rc;
}

ptrdiff_t weir_cache_restore(weir_cache *c, const char *path) {
    int may = weir__file_check(c, path, "weir_cache_restore");
    if (may != 0) return may;
    struct reading r = { .c = c, .path = path };
    r.end = &r.first;
    struct storing st = { .r = &r, .rc = restore(&r) };
    weir__os_user_call(store_all, &st, stored, &st);
    weir__cache_tell(c, &st.untold);
    return st.rc == 0 ? st.n : st.rc;
}
