/* SPDX-License-Identifier: MIT */
/* maps/table.c - tables, lines and their lock. See core.h.
 *
 * Progress   lock: blocking; a thread polls for a moment, and then sleeps by the map's bell (lib/bell.h), in
 *            its guard: who holds the lock is in one, too.
 * Ordering   L1 (acquire) <- C1 (release) carry what the lock protects, and to readers (C2, read.c) keys and
 *            values of live slots. N1 -> N2: a table's lines are empty before they are found. D1, D2: see I2 of
 *            core.h; the number is read (RCU_N3) after them. */
#include <string.h>

#include "../lib/base.h"
#include "core.h"

#define SPIN 60 /* pauses: a writer holds a lock for some 100 instructions */

/* ---- memory --------------------------------------------------------------------------------------------- */

static size_t table_bytes(size_t lines) {
    return sizeof(struct weir__table) + lines * sizeof(struct weir__line);
}

size_t weir__map_bytes(const struct weir__table *t) { return table_bytes(t->lines); }

size_t weir__map_lines_for(size_t entries, unsigned fill) {
    size_t lines = 2, need = entries / fill * 16 + (entries % fill * 16 + fill - 1) / fill;
    while (lines < need) lines *= 2;
    return lines;
}

struct weir__table *weir__map_table(const struct weir_alloc *a, size_t lines) {
    struct weir__table *t = weir__alloc_zeroed(a, table_bytes(lines), WEIR_LINE);
    if (!t) return NULL;
#ifdef WEIR_MODEL
    weir_model_write(t, offsetof(struct weir__table, next));
#endif
    t->lines = lines;
    t->shift = 64 - (unsigned)__builtin_ctzll(lines);
    t->alloc = a;
    weir_init_atomic(&t->left, lines);
    return t;
}

void weir__map_lines_free(const struct weir_alloc *a, struct weir__line *first) {
    while (first) {
        struct weir__line *next = weir_load_relaxed(&first->next);
        weir__free(a, first, sizeof *first, _Alignof(struct weir__line));
        first = next;
    }
}

void weir__map_table_free(struct weir__table *t) {
    for (size_t i = 0; i < t->lines; i++)
        weir__map_lines_free(t->alloc, weir_load_relaxed(&t->line[i].next));
    weir__map_lines_free(t->alloc, weir_load_relaxed(&t->spare));
    weir__free_zeroed(t->alloc, t, table_bytes(t->lines), WEIR_LINE);
}

bool weir__map_spare(const struct weir__core *m, struct weir__spare *s, size_t n) {
    while (s->n < n) {
        struct weir__line *l = weir__alloc(m->alloc, sizeof *l, _Alignof(struct weir__line));
        if (!l) return false;
        memset(l, 0, sizeof *l);
        weir_init_atomic(&l->next, s->first);
        s->first = l;
        s->n++;
    }
    return true;
}

struct weir__line *weir__map_spare_take(struct weir__spare *s) {
    struct weir__line *l = s->first;
    s->first = weir_load_relaxed(&l->next);
    s->n--;
    weir_init_atomic(&l->next, NULL);
    return l;
}

void weir__map_spare_free(const struct weir__core *m, struct weir__spare *s) {
    weir__map_lines_free(m->alloc, s->first);
    *s = (struct weir__spare){ NULL, 0 };
}

/* ---- the lock ------------------------------------------------------------------------------------------- */

bool weir__map_try_lock(const struct weir__core *m, struct weir__line *l, uint64_t *ctrl) {
    uint64_t c = weir_load_relaxed(&l->ctrl);
    if (c & (MAP_LOCKED | MAP_MOVED)) return false;
    *ctrl = c;
    return weir__core_plain(m) || weir_cas_acquire(&l->ctrl, ctrl, c | MAP_LOCKED, MAP_L1);
}

static void await(struct weir__core *m, struct weir__line *l) {
    for (unsigned i = 0; i < SPIN && weir__os_cpus() > 1; i++) {
        if (!(weir_load_relaxed(&l->ctrl) & MAP_LOCKED)) return;
        weir_pause();
    }
    weir__map_wait(m, l);
}

struct weir__line *weir__map_lock(struct weir__core *m, uint64_t h, unsigned steps,
                                  struct weir__table **t, uint64_t *ctrl) {
    *t = weir__map_root(m);
    for (;;) {
        struct weir__table *next = weir__map_successor(*t);
        if (WEIR_UNLIKELY(next != NULL)) {
            (void)weir__map_help(m, *t, h, steps);
            steps = 0;
        }
        struct weir__line *l = weir__map_line(*t, h);
        if (WEIR_LIKELY(weir__map_try_lock(m, l, ctrl))) return l;
        /* Acquire: who sees MOVED sees the entries in the next table. */
        uint64_t c = weir_load_acquire(&l->ctrl, MAP_C3);
        if (c & MAP_MOVED)
            *t = weir__map_successor(*t);
        else if (c & MAP_LOCKED)
            await(m, l);
    }
}

/* ---- slots ---------------------------------------------------------------------------------------------- */

static void remove_until_unread(struct weir__line *first, uint64_t *ctrl, struct weir__line *l,
                                unsigned bits) {
    bool own = l == first;
    uint64_t c = own ? weir_fetch_and_seq_cst(&l->ctrl, ~(uint64_t)bits, MAP_D1)
                     : weir_fetch_and_seq_cst(&l->ctrl, ~(uint64_t)bits, MAP_D2);
    uint64_t stamp = weir__rcu_snapshot() & MAP_STAMPS;
    c = (c & ~(uint64_t)bits & ~(MAP_STAMPS << MAP_STAMP_SHIFT)) | (uint64_t)bits << 3 |
        stamp << MAP_STAMP_SHIFT;
    if (own) {
        *ctrl = c;
        return;
    }
    /* Relaxed: a reader finds no live bit that was not there before. */
    weir_store_relaxed(&l->ctrl, c);
}

/* To the spare ones of its table; the list only grows but for being taken whole. */
static void recycle(struct weir__table *t, struct weir__line *first, struct weir__line *last) {
    void *head = weir_load_relaxed(&t->spare);
    do weir_store_release(&last->next, head, MAP_H5);
    while (!weir_cas_release(&t->spare, &head, first, MAP_S1));
}

struct weir__line *weir__map_recycled(struct weir__table *t) {
    if (!weir_load_relaxed(&t->spare)) return NULL;
    struct weir__line *l = weir_exchange_acquire(&t->spare, NULL, MAP_S2), *rest, *last;
    if (!l) return NULL;
    rest = last = weir_load_relaxed(&l->next);
    if (!rest) return l;
    for (struct weir__line *n; (n = weir_load_relaxed(&last->next)) != NULL;) last = n;
    recycle(t, rest, last);
    return l;
}

static void unlink_line(const struct weir__core *m, struct weir__table *t, struct weir__line *first,
                        struct weir__line *l) {
    struct weir__line *before = first, *n;
    while ((n = weir_load_relaxed(&before->next)) != l) before = n;
    n = weir_load_relaxed(&l->next);
    weir_store_release(&before->next, n, MAP_H4);
    if (m->kind == CORE_SEQ)
        recycle(t, l, l);
    else
        weir__free(m->alloc, l, sizeof *l, _Alignof(struct weir__line));
}

void weir__map_remove(const struct weir__core *m, struct weir__table *t, struct weir__line *first,
                      uint64_t *ctrl, struct weir__line *l, unsigned bits) {
    if (m->kind == CORE_RCU) {
        remove_until_unread(first, ctrl, l, bits);
        return;
    }
    if (l == first) {
        *ctrl &= ~(uint64_t)bits;
        return;
    }
    uint64_t c = weir_load_relaxed(&l->ctrl) & ~(uint64_t)bits;
    weir_store_release(&l->ctrl, c, MAP_C8);
    if (!weir__map_live(c)) unlink_line(m, t, first, l);
}
