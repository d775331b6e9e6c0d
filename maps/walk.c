/* SPDX-License-Identifier: MIT */
/* maps/walk.c - all entries of a core, in the order of their hashes: next, clear. See core.h.
 *
 * A walk goes through the hashes from 0 upward, and keeps the lowest hash that it has not met. The lines of any
 * table, and of the one that its entries move to, hold hashes in the same order; so growing and shrinking need
 * no care but this: a line of a table that has shrunk may hold hashes that were met before, which are left out.
 *
 * Invariants
 *   I8  a line's entries are copied under its lock: all that have their place there at that instant. The cursor
 *       passes no hash above the last one copied, or the line's last.
 * Progress   blocking: a lock of one line at a time, none between two.
 * Ordering   the line's lock; what came before a put is seen by who copies its value under it. */
#include "walk.h"

static void lose(struct weir__batch *b, uint64_t h) {
    if (!b->cut || h < b->lost) b->same = 0;
    if (b->cut && h > b->lost) return;
    b->cut = true;
    b->lost = h;
    b->same++;
}

/* Keeps the room lowest. */
static void add(struct weir__batch *b, uint64_t h, uint64_t val) {
    if (b->n == b->room) {
        bool above = h >= b->hash[b->n - 1];
        lose(b, above ? h : b->hash[b->n - 1]);
        if (above) return;
        b->n--;
    }
    size_t i = b->n++;
    for (; i > 0 && b->hash[i - 1] > h; i--) {
        b->hash[i] = b->hash[i - 1];
        b->val[i] = b->val[i - 1];
    }
    b->hash[i] = h;
    b->val[i] = val;
}

/* Leaves out those of the hash that not all had room of. */
static void all_or_none(struct weir__batch *b) {
    for (; b->n && b->hash[b->n - 1] == b->lost; b->n--) b->same++;
}

/* The hash after the line's last; 0: there is none. */
static uint64_t after(const struct weir__table *t, uint64_t h) {
    return ((h >> t->shift) + 1) << t->shift;
}

/* Adds the entries from `at` on of the line in which it stands; where to go on, 0 for the end. */
static uint64_t visit(struct weir__core *m, uint64_t at, struct weir__batch *b) {
    struct weir__table *t;
    uint64_t ctrl;
    weir_guard g = weir__core_enter(m);
    struct weir__line *first = weir__map_lock(m, at, m->step, &t, &ctrl);
    for (struct weir__line *l = first; l; l = weir__map_chain(l)) {
        unsigned live = weir__map_live(l == first ? ctrl : weir_load_relaxed(&l->ctrl));
        for (; live; live &= live - 1) {
            unsigned i = weir__map_first(live);
            uint64_t h = weir_load_relaxed(&l->hash[i]);
            if (h >= at) add(b, h, weir_load_relaxed(&l->val[i]));
        }
    }
    WEIR_POINT("map.visited");
    uint64_t next = after(t, at);
    weir__map_unlock(m, first, ctrl);
    weir__core_exit(m, g);
    return next;
}

uint64_t weir__core_next(struct weir__core *m, uint64_t at, struct weir__batch *b) {
    do at = visit(m, at, b);
    while (at != 0 && b->n < b->room && !b->cut);
    if (!b->cut) return at;
    all_or_none(b);
    return b->lost;
}

/* ---- clear ---------------------------------------------------------------------------------------------- */

/* Live slots whose hash is not below `at`: in a line of a table that has shrunk the others were passed before,
 * may have been put again, and may still be read where they came from. */
static unsigned live_from(const struct weir__line *l, uint64_t ctrl, uint64_t at) {
    unsigned from = 0;
    for (unsigned live = weir__map_live(ctrl); live; live &= live - 1) {
        unsigned i = weir__map_first(live);
        if (weir_load_relaxed(&l->hash[i]) >= at) from |= 1u << i;
    }
    return from;
}

static void tell(struct weir__gone *gone, const struct weir__line *l, unsigned slots) {
    for (; slots; slots &= slots - 1)
        gone->removed(gone, weir_load_relaxed(&l->val[weir__map_first(slots)]));
}

/* In guard g, which it ends. Where to go on, 0 for the end; *n counts. */
static uint64_t clear_line(struct weir__core *m, uint64_t at, struct weir__gone *gone, size_t *n,
                           weir_guard g) {
    struct weir__table *t;
    uint64_t ctrl;
    size_t removed = 0;
    struct weir__line *first = weir__map_lock(m, at, m->step, &t, &ctrl), *next_line;
    for (struct weir__line *l = first; l; l = next_line) {
        next_line = weir__map_chain(l);
        unsigned live = live_from(l, l == first ? ctrl : weir_load_relaxed(&l->ctrl), at);
        if (!live) continue;
        if (gone) tell(gone, l, live);
        weir__map_remove(m, t, first, &ctrl, l, live);
        removed += weir__map_count(live);
    }
    uint64_t next = after(t, at);
    if (removed && m->kind == CORE_SEQ) ctrl += MAP_CHANGE;
    weir__map_unlock(m, first, ctrl);
    if (removed) weir__map_add(m, (size_t)0 - removed);
    weir__core_exit(m, g);
    *n += removed;
    return next;
}

int weir__core_empty(struct weir__core *m, struct weir__gone *gone, size_t *n, weir_time deadline,
                     weir_ctx *ctx) {
    uint64_t at = 0;
    do {
        int rc = gone ? gone->before(gone) : 0;
        if (rc < 0) return rc;
        struct weir__fork_in in = weir__core_enter_wait(m, deadline, ctx);
        if (in.rc < 0) return in.rc;
        at = clear_line(m, at, gone, n, in.g);
        if (gone) gone->after(gone);
    } while (at != 0);
    return 0;
}

int weir__core_clear(struct weir__core *m, struct weir__gone *gone, weir_time deadline,
                     weir_ctx *ctx) {
    size_t n = 0;
    int rc = weir__core_empty(m, gone, &n, deadline, ctx);
    if (m->kind == CORE_RCU) weir__rcu_ask();
    while (rc == 0 && weir__map_removed(m) && weir__map_finish(m, deadline, ctx) == 0) {
    }
    return rc;
}
