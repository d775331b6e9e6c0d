/* SPDX-License-Identifier: MIT */
/* maps/table.c - tables, lines and their lock. See core.h.
 *
 * Progress   lock: blocking; a thread polls for a moment, and then sleeps by the map's bell (lib/bell.h), in
 *            its guard: who holds the lock is in one, too.
 * Ordering   L1 (acquire) <- C1 (release) carry what the lock protects, and to readers (C2, read.h) keys and
 *            values of live slots. N1 -> N2: a table's lines are empty before they are found. D1, D2: see I2 of
 *            core.h; the number is read (RCU_N3) after them. C8, H4, H5 -> Q4, E3, H2: a chain that changes
 *            under who looks twice (I10), or, H4, is on its way through it. */
#include <string.h>

#include "../lib/base.h"
#include "core.h"

#define SPIN 60 /* pauses: a writer holds a lock for some 100 instructions */

/* ---- memory --------------------------------------------------------------------------------------------- */

/* Lines of a map, shards together, from which on its tables have filters: 16 MiB, which no processor's own caches
 * hold. Of a smaller one the line is as soon there as the filter would be (measured at 4 MiB: a third faster where
 * half of the gets find nothing, a sixth slower where all find something, and a fifth where all calls write). */
#ifdef MAP_FILTER_ANY
size_t weir__map_filter_from = MAP_FILTER_ANY;
#define FILTER_FROM weir__map_filter_from
#else
#define FILTER_FROM ((size_t)1 << 18)
#endif

size_t weir__map_lines_bytes(size_t lines) {
    return sizeof(struct weir__table) + lines * sizeof(struct weir__line);
}
static bool filtered(const struct weir__core *m, size_t lines) {
    return lines >= FILTER_FROM >> m->share;
}
size_t weir__map_table_bytes(const struct weir__core *m, size_t lines) {
    return weir__map_lines_bytes(lines) + (filtered(m, lines) ? lines * sizeof(weir_au16) : 0);
}
size_t weir__map_bytes(const struct weir__table *t) {
    return weir__map_lines_bytes(t->lines) + (t->filter ? t->lines * sizeof(weir_au16) : 0);
}

size_t weir__map_lines_for(size_t entries, unsigned fill) {
    size_t lines = 2, need = entries / fill * 16 + (entries % fill * 16 + fill - 1) / fill;
    while (lines < need) lines *= 2;
    return lines;
}

struct weir__table *weir__map_table(const struct weir__core *m, size_t lines) {
    struct weir__table *t =
        weir__alloc_zeroed(m->alloc, weir__map_table_bytes(m, lines), WEIR_LINE);
    if (!t) return NULL;
#ifdef WEIR_MODEL
    weir_model_write(t, offsetof(struct weir__table, next));
#endif
    t->lines = lines;
    t->shift = 64 - (unsigned)__builtin_ctzll(lines);
    t->alloc = m->alloc;
    t->more_bytes = weir__map_more_bytes(m);
    if (filtered(m, lines)) t->filter = (weir_au16 *)(void *)&t->line[lines];
    weir_init_atomic(&t->left, lines);
    return t;
}

static void lines_free(const struct weir_alloc *a, size_t bytes, struct weir__line *first) {
    while (first) {
        struct weir__line *next = weir_load_relaxed(&first->next);
        weir__free(a, first, bytes, _Alignof(struct weir__more));
        first = next;
    }
}

void weir__map_lines_free(const struct weir__core *m, struct weir__line *first) {
    lines_free(m->alloc, weir__map_more_bytes(m), first);
}

void weir__map_table_free(struct weir__table *t) {
    for (size_t i = 0; i < t->lines; i++)
        lines_free(t->alloc, t->more_bytes, weir_load_relaxed(&t->line[i].next));
    lines_free(t->alloc, t->more_bytes, t->spare);
    weir__free_zeroed(t->alloc, t, weir__map_bytes(t), WEIR_LINE);
}

static struct weir__line *new_line(const struct weir__core *m) {
    size_t bytes = weir__map_more_bytes(m);
    struct weir__line *l = weir__alloc(m->alloc, bytes, _Alignof(struct weir__more));
    if (!l) return NULL;
    memset(l, 0, bytes);
    if (bytes == sizeof(struct weir__more_of))
        ((struct weir__more_of *)(void *)l)->alloc = m->alloc;
    return l;
}

bool weir__map_spare(const struct weir__core *m, struct weir__spare *s, size_t n) {
    while (s->n < n) {
        struct weir__line *l = new_line(m);
        if (!l) return false;
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
    weir__map_lines_free(m, s->first);
    *s = (struct weir__spare){ NULL, 0 };
}

/* ---- the lock ------------------------------------------------------------------------------------------- */

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

uint64_t weir__chain_bits(struct weir__line *first) {
    uint64_t bits = 0;
    for (struct weir__line *l = weir__map_chain(first); l; l = weir__map_chain(l))
        for (unsigned live = weir__map_live(weir_load_relaxed(&l->ctrl)); live; live &= live - 1)
            bits |= weir__chain_bit(weir_load_relaxed(&l->hash[weir__map_first(live)]));
    return bits;
}

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
    /* Release: who finds the slot empty sees what came before; C++20's release sequences end with D2. */
    weir_store_release(&l->ctrl, c, MAP_D3);
}

struct weir__line *weir__map_recycled(struct weir__table *t) {
    if (!weir__lock_try(&t->spare_lock)) return NULL;
    struct weir__line *l = t->spare;
    if (l) {
        t->spare = weir_load_relaxed(&l->next);
        weir_store_relaxed(&t->spares, weir_load_relaxed(&t->spares) - 1);
    }
    weir__unlock(&t->spare_lock);
    return l;
}

void weir__map_unlink(struct weir__line *first, struct weir__line *l) {
    struct weir__line *before = first, *n;
    while ((n = weir_load_relaxed(&before->next)) != l) before = n;
    n = weir_load_relaxed(&l->next);
    weir_store_release(&before->next, n, MAP_H4);
}

/* Of kinds whose lines may be used again at once. */
static void give_back(const struct weir__core *m, struct weir__table *t, struct weir__line *first,
                      struct weir__line *l) {
    if (m->kind != CORE_SEQ) {
        weir__map_unlink(first, l);
        weir_init_atomic(&l->next, NULL);
        weir__map_lines_free(m, l);
    } else if (weir__lock_try(&t->spare_lock)) { /* else it stays in its chain, empty */
        weir__map_unlink(first, l);
        weir_store_release(&l->next, t->spare, MAP_H5);
        t->spare = l;
        weir_store_relaxed(&t->spares, weir_load_relaxed(&t->spares) + 1);
        weir__unlock(&t->spare_lock);
    }
}

static struct weir__more *more_of(struct weir_rcu_head *head) {
    return (struct weir__more *)(void *)((char *)head - offsetof(struct weir__more, head));
}
static void free_more(struct weir_rcu_head *head) {
    weir__free(NULL, more_of(head), sizeof(struct weir__more), _Alignof(struct weir__more));
}
static void free_more_of(struct weir_rcu_head *head) {
    struct weir__more_of *o = (struct weir__more_of *)(void *)more_of(head);
    weir__free(o->alloc, o, sizeof *o, _Alignof(struct weir__more));
}

void weir__map_retire(const struct weir__core *m, struct weir__line *l,
                      const struct weir__line *end) {
    while (l != end) {
        struct weir__line *next = weir_load_relaxed(&l->next);
        (void)weir_rcu_retire(&((struct weir__more *)(void *)l)->head, weir__map_more_bytes(m),
                              m->alloc ? free_more_of : free_more);
        l = next;
    }
}

static void remove_now(const struct weir__core *m, struct weir__table *t, struct weir__line *first,
                       uint64_t *ctrl, struct weir__line *l, unsigned bits) {
    if (l == first) {
        *ctrl &= ~(uint64_t)bits;
        return;
    }
    uint64_t c = weir_load_relaxed(&l->ctrl) & ~(uint64_t)bits;
    weir_store_release(&l->ctrl, c, MAP_C8);
    if (!weir__map_live(c)) give_back(m, t, first, l);
}

/* Where there is a chain the word keeps the bits that it has, rather than that be read. Release: who finds nothing
 * sees what came before the removal. */
void weir__filter_anew(struct weir__table *t, const struct weir__line *first, uint64_t ctrl) {
    if (!t->filter || weir_load_relaxed(&first->next)) return;
    unsigned bits = 0;
    for (unsigned live = weir__map_live(ctrl); live; live &= live - 1)
        bits |= weir__filter_bit(weir_load_relaxed(&first->hash[weir__map_first(live)]));
    weir_store_release(&t->filter[first - t->line], (uint16_t)bits, MAP_B1);
}

void weir__map_remove(const struct weir__core *m, struct weir__table *t, struct weir__line *first,
                      uint64_t *ctrl, struct weir__line *l, unsigned bits) {
    bool chained = l != first;
    if (m->kind == CORE_RCU)
        remove_until_unread(first, ctrl, l, bits);
    else
        remove_now(m, t, first, ctrl, l, bits);
    if (chained) *ctrl = (*ctrl & ~MAP_CHAIN) | weir__chain_bits(first);
    weir__filter_anew(t, first, *ctrl);
}
