/* SPDX-License-Identifier: MIT */
/* maps/map.c - a map's life, its length, what it says of itself. See map.h.
 *
 * Progress   len: wait-free. A stripe may be moved by a thread that removes what another one inserted; only
 *            their sum means something, modulo its size, and it is below 0 for a moment where the removal is
 *            counted first. */
#include <string.h>

#include "../lib/base.h"
#include "../lib/os.h"
#include "map.h"

#define ENTRIES_MAX ((size_t)1 << 40)

static int check(const struct weir_map_opts *o) {
    if (!o || o->size < sizeof *o || o->key_size == 0 || o->val_size == 0)
        return weir__misuse("weir_map_new", "no options, or a size of 0");
    if (!weir__alloc_usable(o->alloc)) return weir__misuse("weir_map_new", "half an allocator");
    if (o->key_size != sizeof(uint64_t) || o->val_size != sizeof(uint64_t)) return WEIR_ENOTSUP;
    return o->hint > ENTRIES_MAX ? WEIR_ETOOBIG : 0;
}

int weir_map_new(weir_map **out, const struct weir_map_opts *o) {
    if (!out) return weir__misuse("weir_map_new", "nowhere to put it");
    *out = NULL;
    int rc = check(o);
    if (rc < 0) return rc;
    weir_map *m = weir__alloc(o->alloc, sizeof *m, WEIR_LINE);
    if (!m) return WEIR_ENOMEM;
    memset(m, 0, sizeof *m);
    m->alloc = o->alloc;
    m->seed = o->seed ? o->seed : weir__os_random();
    weir_init_atomic(&m->floor, weir__map_lines_for(o->hint));
    struct weir__table *t = weir__map_table(o->alloc, weir__map_lines_for(o->hint));
    if (!t) {
        weir__free(o->alloc, m, sizeof *m, WEIR_LINE);
        return WEIR_ENOMEM;
    }
    weir_init_atomic(&m->table, t);
    weir__bell_init(&m->bell);
    (void)weir__os_cpus();
    *out = m;
    return 0;
}

int weir_map_free(weir_map *m) {
    if (!m) return 0;
    if (m->alloc) { /* its functions are called for what is retired */
        int rc = weir_rcu_barrier();
        if (rc < 0) return rc;
    }
    struct weir__table *t = weir__map_root(m), *next = weir__map_successor(t);
    weir__map_table_free(t);
    if (next) weir__map_table_free(next);
    weir__free(m->alloc, m, sizeof *m, WEIR_LINE);
    return 0;
}

/* ---- length --------------------------------------------------------------------------------------------- */

#ifdef WEIR_MODEL
size_t weir__map_stripe(void) { return 0; }
#else
/* By the page of the thread's own memory: neighbours in it are megabytes apart. */
size_t weir__map_stripe(void) {
    static __thread char here __attribute__((tls_model("initial-exec")));
    uintptr_t page = (uintptr_t)&here >> 12;
    return (page ^ page >> 4 ^ page >> 11) % MAP_STRIPES;
}
#endif

size_t weir__map_len(const weir_map *m) {
    size_t sum = 0;
    for (unsigned i = 0; i < MAP_STRIPES; i++) sum += weir_load_relaxed(&m->stripe[i].n);
    return sum > SIZE_MAX / 2 ? 0 : sum;
}

size_t weir_map_len(const weir_map *m) { return m ? weir__map_len(m) : 0; }

/* Whether a table of so many lines can be had at all, before smaller ones are made on the way to it. */
static bool affordable(const weir_map *m, size_t lines) {
    size_t bytes = sizeof(struct weir__table) + lines * sizeof(struct weir__line);
    void *p = weir__alloc(m->alloc, bytes, WEIR_LINE);
    if (p) weir__free(m->alloc, p, bytes, WEIR_LINE);
    return p != NULL;
}

static size_t lines_now(weir_map *m) {
    weir_guard g = weir__rcu_enter();
    size_t lines = weir__map_root(m)->lines;
    weir__rcu_exit(g);
    return lines;
}

/* The floor is raised when there is room; a table that has begun to shrink before grows again. */
static bool keeps(weir_map *m, size_t want) {
    size_t floor = weir_load_relaxed(&m->floor);
    bool was = floor >= want;
    while (floor < want && !weir_cas_relaxed(&m->floor, &floor, want)) {
    }
    return was;
}

int weir_map_reserve(weir_map *m, size_t n) {
    if (!m) return weir__misuse("weir_map_reserve", "no map");
    if (n > ENTRIES_MAX) return WEIR_ETOOBIG;
    size_t want = weir__map_lines_for(n), lines;
    if (lines_now(m) < want && !affordable(m, want)) return WEIR_ENOMEM;
    for (int rc;;) {
        if ((rc = weir__map_finish(m)) < 0) return rc;
        lines = lines_now(m);
        if (lines >= want && keeps(m, want)) return 0;
        if (lines >= want) continue;
        rc = weir__map_resize(m, lines, 2 * lines);
        if (rc < 0 && rc != WEIR_EBUSY) return rc;
    }
}

/* ---- statistics ----------------------------------------------------------------------------------------- */

static void look_at(struct weir__line *l, struct weir_map_stats *out) {
    size_t chain = 0;
    if (weir_load_relaxed(&l->ctrl) & MAP_MOVED) return;
    for (struct weir__line *k = l; k; k = weir__map_chain(k)) {
        uint64_t c = weir_load_relaxed(&k->ctrl);
        out->waiting += weir__map_count((unsigned)((c & MAP_WAITING) >> 3));
        chain += k != l;
    }
    out->chained += chain;
    if (chain > out->longest) out->longest = chain;
}

int weir_map_read_stats(weir_map *m, struct weir_map_stats *out) {
    if (!m || !out || out->size < sizeof *out)
        return weir__misuse("weir_map_read_stats", "NULL, or not WEIR_MAP_STATS");
    *out = (struct weir_map_stats){ .size = sizeof *out,
                                    .entries = weir__map_len(m),
                                    .grown = weir_load_relaxed(&m->grown),
                                    .shrunk = weir_load_relaxed(&m->shrunk),
                                    .rewritten = weir_load_relaxed(&m->rewritten),
                                    .failed = weir_load_relaxed(&m->failed) };
    weir_guard g = weir__rcu_enter();
    struct weir__table *t = weir__map_root(m), *next = weir__map_successor(t);
    for (size_t i = 0; i < t->lines; i++) look_at(&t->line[i], out);
    out->lines = t->lines;
    out->bytes = weir__map_bytes(t) + out->chained * sizeof(struct weir__line);
    if (next) out->bytes += weir__map_bytes(next); /* its lines are being filled */
    weir__rcu_exit(g);
    return 0;
}
