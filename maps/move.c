/* SPDX-License-Identifier: MIT */
/* maps/move.c - growing and shrinking: a table's entries move to one of twice or half as many lines, a line (or
 * a pair of lines) at a time, by whoever writes meanwhile.
 *
 * Invariants
 *   I5  one move at a time: a successor is given to the root only, by a compare-and-swap, and the root becomes
 *       its successor once no line is left.
 *   I6  a line is copied under its lock, and then marked moved, with release; nothing in it changes again.
 *       Until then nobody looks at the lines that it is copied to: they have no other origin, but for the pair
 *       that shrinks into one, of which both locks are held. This is the only place where two are; the second
 *       one is tried, not waited for.
 *   I7  `left` counts down by each line that was marked. Whoever finds it 0, or each mark (C6), sees all that
 *       was copied, and makes the successor the root by a compare-and-swap; the one that does retires the old
 *       table.
 * A line that cannot be copied for want of memory, or because a writer is in it, is passed by: the cursor comes
 * round again. Until all have moved, the map is correct, only slower: a reader takes a step more.
 * Progress   a writer does a bounded share: its own line and `step` more. weir__map_finish: blocking.
 * Ordering   N1 -> N2; C1 -> C2, C3, C6; M1 -> M1, M2; T1 -> T2. */
#include "../lib/base.h"
#include "core.h"

#define CHUNK 256 /* lines that finish looks at in one guard */

struct move {
    struct weir__core *m;
    struct weir__table *from, *to;
    struct weir__spare spare;
    bool short_of_memory;
};

/* ---- copying -------------------------------------------------------------------------------------------- */

/* Where entries of one line of the new table go next. */
struct end {
    struct weir__line *first, *line;
    uint64_t ctrl, chain; /* of line; chain bits of first */
    unsigned n;
    size_t entries;
};

static struct end *end_for(const struct move *v, struct end *ends, uint64_t h) {
    return v->to->lines > v->from->lines ? &ends[h >> v->to->shift & 1] : ends;
}

static void count_entries(const struct move *v, struct weir__line *l, struct end *ends) {
    for (; l; l = weir__map_chain(l)) {
        unsigned live = weir__map_live(weir_load_relaxed(&l->ctrl));
        for (; live; live &= live - 1)
            end_for(v, ends, weir_load_relaxed(&l->hash[weir__map_first(live)]))->entries++;
    }
}

static size_t further_lines(size_t entries) {
    return entries > MAP_SLOTS ? (entries - 1) / MAP_SLOTS : 0;
}

static void append(struct move *v, struct end *e, uint64_t h, uint64_t val) {
    if (e->n == MAP_SLOTS) {
        struct weir__line *more = weir__map_spare_take(&v->spare);
        weir_init_atomic(&e->line->ctrl, e->ctrl);
        weir_init_atomic(&more->next, weir_load_relaxed(&e->first->next));
        weir_init_atomic(&e->first->next, more);
        e->line = more;
        e->ctrl = e->n = 0;
    }
    weir__filter_add(v->to, h);
    weir_init_atomic(&e->line->hash[e->n], h);
    weir_init_atomic(&e->line->val[e->n], val);
    e->ctrl |= UINT64_C(1) << e->n++;
    if (e->line != e->first) e->chain |= weir__chain_bit(h);
}

static void copy_line(struct move *v, struct weir__line *l, struct end *ends) {
    for (; l; l = weir__map_chain(l)) {
        unsigned live = weir__map_live(weir_load_relaxed(&l->ctrl));
        for (; live; live &= live - 1) {
            unsigned i = weir__map_first(live);
            uint64_t h = weir_load_relaxed(&l->hash[i]);
            append(v, end_for(v, ends, h), h, weir_load_relaxed(&l->val[i]));
        }
    }
}

/* ---- a line, or a pair ---------------------------------------------------------------------------------- */

/* The lines of the old table that share lines of the new one with line i: their number, from *first. */
static size_t unit(const struct move *v, size_t i, size_t *first) {
    bool pair = v->to->lines < v->from->lines;
    *first = pair ? i & ~(size_t)1 : i;
    return pair ? 2 : 1;
}

static bool lock_unit(const struct move *v, struct weir__line *l, size_t n, uint64_t *ctrl) {
    /* Looked at first: who locks l in vain rings for it, and two that sleep for l + 1 would wake each other for
     * ever. */
    if (n == 2 && weir_load_relaxed(&l[1].ctrl) & (MAP_LOCKED | MAP_MOVED)) return false;
    if (!weir__map_try_lock(v->m, l, &ctrl[0])) return false;
    if (n == 1 || weir__map_try_lock(v->m, l + 1, &ctrl[1])) return true;
    weir__map_unlock(v->m, l, ctrl[0]);
    return false;
}

/* They will be garbage with their table. */
static void count_chains(struct weir__table *t, struct weir__line *l, size_t n) {
    size_t lines = 0;
    for (size_t k = 0; k < n; k++)
        for (struct weir__line *c = weir__map_chain(l + k); c; c = weir__map_chain(c)) lines++;
    if (lines) (void)weir_fetch_add_relaxed(&t->chained, lines);
}

/* With its locks. How many further lines it needs, or 0: copied. */
static size_t copy_unit(struct move *v, struct weir__line *l, size_t n) {
    struct end ends[2] = { { .first = NULL }, { .first = NULL } };
    for (size_t k = 0; k < n; k++) count_entries(v, l + k, ends);
    size_t need = further_lines(ends[0].entries) + further_lines(ends[1].entries);
    if (need > v->spare.n) return need;
    size_t i = (size_t)(l - v->from->line);
    bool grows = v->to->lines > v->from->lines;
    for (size_t k = 0; k < 2; k++) {
        ends[k].first = ends[k].line = &v->to->line[grows ? 2 * i + k : i / 2];
        if (!grows) break;
    }
    for (size_t k = 0; k < n; k++) copy_line(v, l + k, ends);
    for (size_t k = 0; k < 2 && ends[k].line; k++) {
        weir_init_atomic(&ends[k].line->ctrl, ends[k].ctrl);
        uint64_t c = weir_load_relaxed(&ends[k].first->ctrl) | ends[k].chain;
        weir_init_atomic(&ends[k].first->ctrl, c);
    }
    return 0;
}

/* Moves what line i belongs to; the number of lines. */
static size_t move_unit(struct move *v, size_t i) {
    uint64_t ctrl[2];
    size_t first, n = unit(v, i, &first), need;
    struct weir__line *l = &v->from->line[first];
    for (;;) {
        if (!lock_unit(v, l, n, ctrl)) return 0;
        need = copy_unit(v, l, n);
        if (!need) count_chains(v->from, l, n);
        if (!need) WEIR_POINT("map.copied");
        uint64_t mark = need ? 0 : MAP_MOVED;
        for (size_t k = 0; k < n && !need; k++) weir__filter_all(v->from, l + k);
        /* The last one first: who has passed a pair's first hash by the old table has waited for its first
         * line. */
        for (size_t k = n; k-- > 0;) weir__map_unlock(v->m, l + k, ctrl[k] | mark);
        if (!need) return n;
        if (weir__map_spare(v->m, &v->spare, need)) continue;
        v->short_of_memory = true;
        return 0;
    }
}

static void free_table(struct weir_rcu_head *head) {
    weir__map_table_free(
        (struct weir__table *)(void *)((char *)head - offsetof(struct weir__table, head)));
}

/* All lines have moved. */
static void complete(struct move *v) {
    void *from = v->from;
    WEIR_POINT("map.moved");
    if (!weir_cas_release(&v->m->table, &from, v->to, MAP_T1)) return;
    bool grows = v->to->lines > v->from->lines;
    (void)weir_fetch_add_relaxed(grows ? &v->m->grown : &v->m->shrunk, 1);
    size_t more = weir_load_relaxed(&v->from->chained) + weir_load_relaxed(&v->from->spares);
    size_t chains = more * weir__map_more_bytes(v->m);
    if (weir__core_plain(v->m)) { /* the caller may be in it still */
        v->from->later = v->m->dead;
        v->m->dead = v->from;
        return;
    }
    (void)weir_rcu_retire(&v->from->head, weir__map_bytes(v->from) + chains, free_table);
}

static void move_one(struct move *v, size_t i) {
    size_t lines = move_unit(v, i);
    if (lines && weir_fetch_sub_acq_rel(&v->from->left, lines, MAP_M1) == lines) complete(v);
}

int weir__map_help(struct weir__core *m, struct weir__table *t, uint64_t h, unsigned steps) {
    struct move v = { m, t, weir__map_successor(t), { NULL, 0 }, false };
    size_t mask = t->lines - 1;
    if (weir_load_acquire(&t->left, MAP_M2) == 0) {
        complete(&v);
        return 0;
    }
    move_one(&v, h >> t->shift);
    size_t at = steps ? weir_fetch_add_relaxed(&t->cursor, steps) : 0;
    size_t n = t->lines < steps ? t->lines : steps;
    for (size_t k = 0; k < n; k++) move_one(&v, (at + k) & mask);
    if (v.spare.n) weir__map_spare_free(m, &v.spare);
    return v.short_of_memory ? WEIR_ENOMEM : 0;
}

/* ---- beginning and ending a move ------------------------------------------------------------------------ */

int weir__map_resize(struct weir__core *m, size_t from, size_t to) {
    void *none = NULL;
    weir_guard g = weir__core_enter_read(m);
    struct weir__table *t = weir__map_root(m);
    bool rest = t->lines == from && !weir__map_successor(t);
    size_t bytes = weir__map_bytes(t);
    weir__core_exit(m, g);
    if (!rest) return WEIR_EBUSY;
    /* With its chains, about. */
    int rc = weir__core_plain(m) ? 0 : weir_rcu_try_room(bytes + bytes / 2);
    if (rc < 0) return rc;
    struct weir__table *next = weir__map_table(m, to);
    if (!next) {
        (void)weir_fetch_add_relaxed(&m->failed, 1);
        return WEIR_ENOMEM;
    }
    g = weir__core_enter_step(m);
    t = weir__map_root(m);
    bool won = t->lines == from && weir_cas_release(&t->next, &none, next, MAP_N1);
    weir__core_exit(m, g);
    if (!won) weir__map_table_free(next);
    return won ? 0 : WEIR_EBUSY;
}

/* In a guard. Whether each line was seen to have moved. */
static bool all_moved(struct weir__table *t) {
    size_t i = 0;
    while (i < t->lines && weir_load_acquire(&t->line[i].ctrl, MAP_C6) & MAP_MOVED) i++;
    return i == t->lines;
}

/* Lines from *at on, up to CHUNK, or to one in which somebody is: waits for that. WEIR_EAGAIN: go on;
 * WEIR_ENOMEM. */
static int finish_some(struct move *v, size_t *at) {
    for (size_t n = 0; n < CHUNK && *at < v->from->lines; n++, ++*at) {
        move_one(v, *at);
        if (weir_load_relaxed(&v->from->line[*at].ctrl) & MAP_MOVED) continue;
        if (v->short_of_memory) return WEIR_ENOMEM;
        size_t first, k = unit(v, *at, &first);
        while (k-- > 0) /* not for one that is free */
            if (weir_load_relaxed(&v->from->line[first + k].ctrl) & MAP_LOCKED)
                weir__map_wait(v->m, &v->from->line[first + k]);
        return WEIR_EAGAIN;
    }
    return WEIR_EAGAIN;
}

/* All lines were seen moved, or the table is another one than it was: once more, in one look. Where a thread has
 * marked the last lines and not counted them yet it does not wait for that: it has seen the marks (C6). */
static void finish_last(struct move *v, size_t *at) {
    if (all_moved(v->from))
        complete(v);
    else
        *at = 0;
}

int weir__map_finish(struct weir__core *m, weir_time deadline, weir_ctx *ctx) {
    int rc = WEIR_EAGAIN;
    size_t at = 0;
    while (rc == WEIR_EAGAIN) {
        struct weir__fork_in in = weir__core_enter_wait(m, deadline, ctx);
        if (in.rc < 0) return in.rc;
        struct weir__table *t = weir__map_root(m);
        struct move v = { m, t, weir__map_successor(t), { NULL, 0 }, false };
        if (!v.to)
            rc = 0;
        else if (at < t->lines)
            rc = finish_some(&v, &at);
        else
            finish_last(&v, &at);
        if (v.spare.n) weir__map_spare_free(m, &v.spare);
        weir__core_exit(m, in.g);
    }
    return rc;
}

bool weir__map_removed(struct weir__core *m) {
    weir_guard g = weir__core_enter_read(m);
    size_t lines = weir__map_root(m)->lines;
    weir__core_exit(m, g);
    return lines > weir_load_relaxed(&m->floor) &&
           weir__map_len(m) < weir__map_holds(m, lines) / 3 &&
           weir__map_resize(m, lines, lines / 2) == 0;
}
