/* SPDX-License-Identifier: MIT */
/* maps/core.c - a core's life, the lock of its plain kinds, its length, what it says of itself. See core.h.
 *
 * Progress   length: wait-free. A stripe may be moved by a thread that removes what another one inserted; only
 *            their sum means something, modulo its size, and it is below 0 for a moment where the removal is
 *            counted first.
 * Ordering   The statistics look at lines and nodes as readers do: C1, C4, C7 -> J2, V1, V3 -> V5. */
#include "../lib/base.h"
#include "../lib/os.h"
#include "../lib/thread.h"
#include "core.h"

/* ---- life ----------------------------------------------------------------------------------------------- */

static int init_lock(struct weir__core *m) {
    if (m->kind == CORE_MUTEX) return weir__mutex_init(&m->lock.mutex);
    return m->kind == CORE_RWLOCK ? weir__rwlock_init(&m->lock.rwlock) : 0;
}
static void fini_lock(struct weir__core *m) {
    if (m->kind == CORE_MUTEX) weir__mutex_fini(&m->lock.mutex);
    if (m->kind == CORE_RWLOCK) weir__rwlock_fini(&m->lock.rwlock);
}

int weir__core_init(struct weir__core *m, const struct weir__core_opts *o) {
    size_t lines = weir__map_lines_for(o->hint, o->fill);
    m->alloc = o->alloc;
    m->kind = o->kind;
    m->step = o->step;
    m->fill = o->fill;
    m->share = o->share;
    m->stripe = o->stripe;
    m->dead = NULL;
    weir_init_atomic(&m->floor, lines);
    weir__bell_init(&m->bell);
    weir__fork_sections();
    int rc = init_lock(m);
    if (rc < 0) return rc;
    struct weir__table *t = weir__map_table(m, lines);
    if (!t) {
        fini_lock(m);
        return WEIR_ENOMEM;
    }
    weir_init_atomic(&m->table, t);
    (void)weir__os_cpus();
    return 0;
}

void weir__core_fini(struct weir__core *m) {
    struct weir__table *t = weir__map_root(m), *next = weir__map_successor(t);
    weir__map_table_free(t);
    if (next) weir__map_table_free(next);
    fini_lock(m);
}

/* ---- the lock of the plain kinds ------------------------------------------------------------------------ */

weir_guard weir__core_enter_plain(struct weir__core *m, bool writes) {
    if (m->kind == CORE_MUTEX)
        weir__mutex_lock(&m->lock.mutex);
    else if (m->kind == CORE_RWLOCK && writes)
        weir__rwlock_write(&m->lock.rwlock);
    else if (m->kind == CORE_RWLOCK)
        weir__rwlock_read(&m->lock.rwlock);
    return (weir_guard){ 0 };
}

void weir__core_exit_plain(struct weir__core *m) {
    for (struct weir__table *t; WEIR_UNLIKELY((t = m->dead) != NULL);) { /* a reader finds none */
        m->dead = t->later;
        weir__map_table_free(t);
    }
    if (m->kind == CORE_MUTEX)
        weir__mutex_unlock(&m->lock.mutex);
    else if (m->kind == CORE_RWLOCK)
        weir__rwlock_unlock(&m->lock.rwlock);
}

/* ---- length --------------------------------------------------------------------------------------------- */

#ifndef WEIR_MODEL
__thread unsigned char weir__map_here;

size_t weir__map_stripe_first(void) {
    const struct weir__thread *self = weir__thread_self();
    if (!self) return 0; /* no memory; the next time, perhaps */
    weir__map_here = (unsigned char)(self->number % MAP_STRIPES + 1);
    return self->number % MAP_STRIPES;
}
#endif

size_t weir__stripes_sum(const struct weir__stripe *stripe) {
    size_t sum = 0;
    for (unsigned i = 0; i < MAP_STRIPES; i++) sum += weir_load_relaxed(&stripe[i].n);
    return sum > SIZE_MAX / 2 ? 0 : sum;
}

/* ---- room ----------------------------------------------------------------------------------------------- */

/* Whether a table of so many lines can be had at all, before smaller ones are made on the way to it. */
static bool affordable(const struct weir__core *m, size_t lines) {
    size_t bytes = weir__map_table_bytes(m, lines);
    void *p = weir__alloc_zeroed(m->alloc, bytes, WEIR_LINE);
    if (p) weir__free_zeroed(m->alloc, p, bytes, WEIR_LINE);
    return p != NULL;
}

static size_t lines_now(struct weir__core *m) {
    weir_guard g = weir__core_enter_read(m);
    size_t lines = weir__map_root(m)->lines;
    weir__core_exit(m, g);
    return lines;
}

/* The floor is raised when there is room; a table that has begun to shrink before grows again. */
static bool keeps(struct weir__core *m, size_t want) {
    size_t floor = weir_load_relaxed(&m->floor);
    bool was = floor >= want;
    while (floor < want && !weir_cas_relaxed(&m->floor, &floor, want)) {
    }
    return was;
}

int weir__core_reserve(struct weir__core *m, size_t entries) {
    size_t want = weir__map_lines_for(entries, m->fill), lines;
    if (lines_now(m) < want && !affordable(m, want)) return WEIR_ENOMEM;
    for (int rc;;) {
        if ((rc = weir__map_finish(m, WEIR_FOREVER, NULL)) < 0) return rc;
        lines = lines_now(m);
        if (lines >= want && keeps(m, want)) return 0;
        if (lines >= want) continue;
        rc = weir__map_resize(m, lines, 2 * lines);
        if (rc < 0 && rc != WEIR_EBUSY) return rc;
    }
}

/* ---- statistics ----------------------------------------------------------------------------------------- */

struct look {
    struct weir_map_stats *out;
    size_t (*node_bytes)(uint64_t val);
};

static void look_at(struct weir__line *l, const struct look *look) {
    struct weir_map_stats *out = look->out;
    size_t chain = 0;
    if (weir_load_relaxed(&l->ctrl) & MAP_MOVED) return;
    for (struct weir__line *k = l; k; k = weir__map_chain(k)) {
        uint64_t c = weir_load_acquire(&k->ctrl, MAP_J2);
        unsigned live = weir__map_live(c);
        out->entries += weir__map_count(live);
        out->waiting += weir__map_count((unsigned)((c & MAP_WAITING) >> 3));
        chain += k != l;
        for (; look->node_bytes && live; live &= live - 1)
            out->node_bytes +=
                look->node_bytes(weir_load_acquire(&k->val[weir__map_first(live)], MAP_V5));
    }
    out->chained += chain;
    if (chain > out->longest) out->longest = chain;
}

/* The lines to which line i, which has moved, went; others are being filled. Of a pair the first one moves
 * last. */
static void look_beyond(const struct weir__table *t, size_t i, struct weir__table *to,
                        const struct look *look) {
    if (!(weir_load_acquire(&t->line[i].ctrl, MAP_C9) & MAP_MOVED)) return;
    if (to->lines > t->lines) {
        look_at(&to->line[2 * i], look);
        look_at(&to->line[2 * i + 1], look);
    } else if (i % 2 == 0) {
        look_at(&to->line[i / 2], look);
    }
}

void weir__core_look(struct weir__core *m, struct weir_map_stats *out,
                     size_t (*node_bytes)(uint64_t val)) {
    const struct look look = { out, node_bytes };
    size_t chained = out->chained;
    out->grown += weir_load_relaxed(&m->grown);
    out->shrunk += weir_load_relaxed(&m->shrunk);
    out->rewritten += weir_load_relaxed(&m->rewritten);
    out->failed += weir_load_relaxed(&m->failed);
    weir_guard g = weir__core_enter_read(m);
    struct weir__table *t = weir__map_root(m), *next = weir__map_successor(t);
    for (size_t i = 0; i < t->lines; i++) {
        look_at(&t->line[i], &look);
        if (next) look_beyond(t, i, next, &look);
    }
    out->lines += t->lines;
    size_t more =
        out->chained - chained + weir_load_relaxed(&t->spares) + weir_load_relaxed(&t->chained);
    out->bytes += weir__map_bytes(t);
    if (next) {
        more += weir_load_relaxed(&next->spares);
        out->bytes += weir__map_bytes(next);
    }
    out->bytes += more * weir__map_more_bytes(m);
    weir__core_exit(m, g);
}
