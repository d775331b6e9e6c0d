/* SPDX-License-Identifier: MIT */
/* bench/trace.c - reads traces; see trace.h. Keys are told apart by their bytes, not by a hash of them: those of binary files
 * by the eight bytes of the number. */
#include "trace.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interrupt.h"
#include "map_run.h"

#define LINE_MOST 4096 /* bytes of a key */
#define RECORD 24
#define LOOK_EVERY 65536                /* requests, for Ctrl-C */
#define NO_NEXT_MOST (INT64_C(1) << 48) /* requests that no trace has */

void wb_trace_free(struct wb_trace *t) {
    free(t->at);
    *t = (struct wb_trace){ NULL, 0, 0 };
}

/* ---- which key is which --------------------------------------------------------------------------------- */

struct names {
    uint32_t *slot; /* key + 1; 0: free */
    size_t slots;   /* a power of two, more than twice the keys */
    uint64_t *hash; /* of a key */
    size_t *from;   /* of a key: where its bytes begin; from[keys]: where the next ones will */
    char *bytes;
    size_t room, bytes_room;
    uint32_t keys;
};

static void names_free(struct names *n) {
    free(n->slot);
    free(n->hash);
    free(n->from);
    free(n->bytes);
}

/* p with room for so many, or NULL: then it is as it was. */
static void *more(void *p, size_t count, size_t size) {
    return count > SIZE_MAX / size ? NULL : realloc(p, count * size);
}

static bool more_slots(struct names *n) {
    size_t slots = n->slots ? 2 * n->slots : 1024;
    uint32_t *slot = calloc(slots, sizeof *slot);
    if (!slot) return false;
    for (uint32_t key = 0; key < n->keys; key++) {
        size_t i = n->hash[key] & (slots - 1);
        while (slot[i]) i = (i + 1) & (slots - 1);
        slot[i] = key + 1;
    }
    free(n->slot);
    n->slot = slot;
    n->slots = slots;
    return true;
}

static bool more_names(struct names *n, size_t length) {
    size_t used = n->keys ? n->from[n->keys] : 0, room = n->room ? 2 * n->room : 1024;
    if (n->keys + 1 >= n->room) {
        uint64_t *hash = more(n->hash, room, sizeof *hash);
        if (hash) n->hash = hash;
        size_t *from = hash ? more(n->from, room, sizeof *from) : NULL;
        if (!from) return false;
        if (n->room == 0) from[0] = 0;
        n->from = from;
        n->room = room;
    }
    if (used + length > n->bytes_room) {
        room = 2 * n->bytes_room + length + 4096;
        char *bytes = more(n->bytes, room, 1);
        if (!bytes) return false;
        n->bytes = bytes;
        n->bytes_room = room;
    }
    return true;
}

static bool is_key(const struct names *n, uint32_t key, uint64_t hash, const char *p,
                   size_t length) {
    return n->hash[key] == hash && n->from[key + 1] - n->from[key] == length &&
           memcmp(n->bytes + n->from[key], p, length) == 0;
}

/* Its number, or WB_FULL. */
#define WB_FULL UINT32_MAX
static uint32_t number_of(struct names *n, const char *p, size_t length) {
    char padded[16] = { 0 };
    memcpy(padded, p, length < 8 ? length : 8);
    uint64_t hash = wb_map_hash_str(length < 8 ? padded : p, length < 8 ? 8 : length) ^ length;
    if (2 * ((size_t)n->keys + 1) >= n->slots && !more_slots(n)) return WB_FULL;
    size_t i = hash & (n->slots - 1);
    for (; n->slot[i]; i = (i + 1) & (n->slots - 1))
        if (is_key(n, n->slot[i] - 1, hash, p, length)) return n->slot[i] - 1;
    if (n->keys >= WB_FULL - 2 || !more_names(n, length)) return WB_FULL;
    memcpy(n->bytes + n->from[n->keys], p, length);
    n->hash[n->keys] = hash;
    n->from[n->keys + 1] = n->from[n->keys] + length;
    n->slot[i] = ++n->keys;
    return n->keys - 1;
}

/* ---- a file --------------------------------------------------------------------------------------------- */

struct reading {
    struct wb_trace *t;
    struct names names;
    size_t room, limit;
    FILE *f;
    const char *path;
    char *why;
    size_t size;
};

__attribute__((format(printf, 2, 3))) static bool fault(struct reading *r, const char *format,
                                                        ...) {
    va_list values;
    int n = snprintf(r->why, r->size, "%s: ", r->path);
    if (n < 0 || (size_t)n >= r->size) return false;
    va_start(values, format);
    (void)vsnprintf(r->why + n, r->size - (size_t)n, format, values);
    va_end(values);
    return false;
}

static bool add(struct reading *r, const char *p, size_t length) {
    if (r->t->n % LOOK_EVERY == 0 && wb_interrupted()) return fault(r, "interrupted");
    uint32_t key = number_of(&r->names, p, length);
    if (r->t->n == r->room) {
        size_t room = r->room ? 2 * r->room : 65536;
        uint32_t *at = more(r->t->at, room, sizeof *at);
        if (at) r->t->at = at, r->room = room;
        if (!at) key = WB_FULL;
    }
    if (key == WB_FULL)
        return fault(r, "out of memory after %zu requests; --requests=N takes the first N",
                     r->t->n);
    r->t->at[r->t->n++] = key;
    return true;
}

static bool wants_more(const struct reading *r) { return r->limit == 0 || r->t->n < r->limit; }

/* ---- text ----------------------------------------------------------------------------------------------- */

static bool text_line(struct reading *r, char *line, size_t length) {
    size_t at = r->t->n + 1;
    if (length && line[length - 1] == '\n') length--;
    if (length && line[length - 1] == '\r') length--;
    if (memchr(line, 0, length))
        return fault(r, "line %zu holds a zero byte: no text; --trace-form=oracle?", at);
    if (length == 0) return fault(r, "line %zu is empty: one key a line is expected", at);
    if (length > LINE_MOST)
        return fault(r, "line %zu is longer than %d bytes: one key a line is expected", at,
                     LINE_MOST);
    for (size_t i = 0; i < length; i++)
        if (line[i] == ' ' || line[i] == '\t' || line[i] == ',')
            return fault(r, "line %zu has several fields: one key a line is expected", at);
    return add(r, line, length);
}

static bool read_text(struct reading *r) {
    char *line = NULL;
    size_t room = 0;
    bool fine = true;
    for (ssize_t n; fine && wants_more(r) && (n = getline(&line, &room, r->f)) > 0;)
        fine = text_line(r, line, (size_t)n);
    free(line);
    return fine;
}

/* ---- oracleGeneral -------------------------------------------------------------------------------------- */

static uint64_t little(const unsigned char *p, unsigned bytes) {
    uint64_t v = 0;
    for (unsigned i = bytes; i-- > 0;) v = v << 8 | p[i];
    return v;
}

static bool read_oracle(struct reading *r) {
    unsigned char record[RECORD];
    size_t n = 0;
    while (wants_more(r) && (n = fread(record, 1, RECORD, r->f)) == RECORD) {
        int64_t next = (int64_t)little(record + 16, 8);
        if (next < -1 || (next > NO_NEXT_MOST && next != INT64_MAX))
            return fault(r,
                         "record %zu is none of an oracleGeneral trace (next request %lld); "
                         "--trace-form=text?",
                         r->t->n + 1, (long long)next);
        if (!add(r, (const char *)record + 4, 8)) return false;
    }
    if (n > 0 && n < RECORD && !ferror(r->f))
        return fault(r, "truncated: the last record, %zu, has %zu of %d bytes", r->t->n + 1, n,
                     RECORD);
    return true;
}

/* ---- which of them -------------------------------------------------------------------------------------- */

static bool compressed(struct reading *r, const unsigned char *p, size_t n) {
    static const struct {
        unsigned char magic[4];
        size_t bytes;
        const char *with;
    } kinds[] = { { { 0x28, 0xb5, 0x2f, 0xfd }, 4, "zstd -d" },
                  { { 0x1f, 0x8b }, 2, "gunzip" },
                  { { 0xfd, '7', 'z', 'X' }, 4, "unxz" } };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (n >= kinds[i].bytes && memcmp(p, kinds[i].magic, kinds[i].bytes) == 0)
            return !fault(r, "is compressed: %s it first", kinds[i].with);
    return false;
}

static bool read_form(struct reading *r, enum wb_trace_form form) {
    unsigned char head[4096];
    size_t n = fread(head, 1, sizeof head, r->f);
    if (ferror(r->f)) return fault(r, "%s", strerror(errno));
    if (n == 0) return fault(r, "empty: there is no request in it");
    if (compressed(r, head, n)) return false;
    if (fseek(r->f, 0, SEEK_SET) != 0) return fault(r, "%s", strerror(errno));
    bool oracle = form == WB_TRACE_ORACLE;
    if (form == WB_TRACE_AUTO) oracle = strstr(r->path, "oracleGeneral") || memchr(head, 0, n);
    bool fine = oracle ? read_oracle(r) : read_text(r);
    if (fine && ferror(r->f)) return fault(r, "%s", strerror(errno));
    return fine;
}

bool wb_trace_read(struct wb_trace *t, const char *path, enum wb_trace_form form, size_t limit,
                   char *why, size_t size) {
    struct reading r = { .t = t, .limit = limit, .path = path, .why = why, .size = size };
    *t = (struct wb_trace){ NULL, 0, 0 };
    r.f = fopen(path, "rb");
    bool fine = r.f ? read_form(&r, form) : fault(&r, "%s", strerror(errno));
    if (r.f) (void)fclose(r.f);
    t->keys = r.names.keys;
    names_free(&r.names);
    if (!fine) wb_trace_free(t);
    return fine;
}
