/* SPDX-License-Identifier: MIT */
/* maps/walk.c - next, each, clear. See map.h.
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
#include "../lib/base.h"
#include "map.h"

/* An ordered part of the entries. */
struct batch {
    uint64_t *keys, *vals;
    size_t n, room;
    uint64_t seed;
    bool cut; /* there were more than room */
};

/* Keeps the room lowest. */
static void add(struct batch *b, uint64_t key, uint64_t val) {
    uint64_t h = weir__map_hash(key, b->seed);
    if (b->n == b->room) {
        b->cut = true;
        if (h >= weir__map_hash(b->keys[b->n - 1], b->seed)) return;
        b->n--;
    }
    size_t i = b->n++;
    for (; i > 0 && weir__map_hash(b->keys[i - 1], b->seed) > h; i--) {
        b->keys[i] = b->keys[i - 1];
        b->vals[i] = b->vals[i - 1];
    }
    b->keys[i] = key;
    b->vals[i] = val;
}

/* The hash after the line's last; 0: there is none. */
static uint64_t after(const struct weir__table *t, uint64_t h) {
    return ((h >> t->shift) + 1) << t->shift;
}

/* Adds the entries from `at` on of the line in which it stands; where to go on, 0 for the end. */
static uint64_t visit(weir_map *m, uint64_t at, struct batch *b) {
    struct weir__table *t;
    uint64_t ctrl;
    weir_guard g = weir__rcu_enter();
    struct weir__line *first = weir__map_lock(m, at, &t, &ctrl);
    for (struct weir__line *l = first; l; l = weir__map_chain(l)) {
        unsigned live = weir__map_live(l == first ? ctrl : weir_load_relaxed(&l->ctrl));
        for (; live; live &= live - 1) {
            unsigned i = weir__map_first(live);
            uint64_t key = weir_load_relaxed(&l->key[i]);
            if (weir__map_hash(key, m->seed) >= at) add(b, key, weir_load_relaxed(&l->val[i]));
        }
    }
    uint64_t next = after(t, at);
    weir__map_unlock(m, first, ctrl);
    weir__rcu_exit(g);
    return next;
}

ptrdiff_t weir_map_next(weir_map *m, struct weir_map_cursor *c, uint64_t *keys, uint64_t *vals,
                        size_t n) {
    if (!m || !c || (n && (!keys || !vals))) return weir__misuse("weir_map_next", "NULL");
    if (n == 0 && !c->ended) {
        c->need = 1;
        return WEIR_ETOOBIG;
    }
    struct batch b = { keys, vals, 0, n, m->seed, false };
    while (!c->ended && b.n < n) {
        uint64_t next = visit(m, c->at_, &b);
        if (b.cut) next = weir__map_hash(keys[b.n - 1], m->seed) + 1;
        c->at_ = next;
        c->ended = next == 0;
    }
    return (ptrdiff_t)b.n;
}

#define BATCH 32

int weir_map_each(weir_map *m, weir_map_fn *fn, void *arg) {
    if (!m || !fn) return weir__misuse("weir_map_each", "NULL");
    struct weir_map_cursor c = WEIR_MAP_CURSOR;
    uint64_t keys[BATCH], vals[BATCH];
    ptrdiff_t n;
    int rc = 0;
    while (rc == 0 && (n = weir_map_next(m, &c, keys, vals, BATCH)) > 0) {
        weir_guard g = weir__rcu_enter(); /* MAP22: what fn writes does not wait for garbage */
        for (ptrdiff_t i = 0; rc == 0 && i < n; i++) rc = fn(keys[i], vals[i], arg);
        weir__rcu_exit(g);
    }
    return rc;
}

/* ---- clear ---------------------------------------------------------------------------------------------- */

/* Live slots whose hash is not below `at`: in a line of a table that has shrunk the others were passed before,
 * may have been put again, and may still be read where they came from. */
static unsigned live_from(weir_map *m, const struct weir__line *l, uint64_t ctrl, uint64_t at) {
    unsigned from = 0;
    for (unsigned live = weir__map_live(ctrl); live; live &= live - 1) {
        unsigned i = weir__map_first(live);
        if (weir__map_hash(weir_load_relaxed(&l->key[i]), m->seed) >= at) from |= 1u << i;
    }
    return from;
}

static uint64_t clear_line(weir_map *m, uint64_t at) {
    struct weir__table *t;
    uint64_t ctrl;
    size_t removed = 0;
    weir_guard g = weir__rcu_enter();
    struct weir__line *first = weir__map_lock(m, at, &t, &ctrl);
    for (struct weir__line *l = first; l; l = weir__map_chain(l)) {
        unsigned live = live_from(m, l, l == first ? ctrl : weir_load_relaxed(&l->ctrl), at);
        if (!live) continue;
        weir__map_remove(first, &ctrl, l, live);
        removed += weir__map_count(live);
    }
    uint64_t next = after(t, at);
    weir__map_unlock(m, first, ctrl);
    weir__rcu_exit(g);
    if (removed) (void)weir__map_add(m, (size_t)0 - removed);
    return next;
}

int weir_map_clear(weir_map *m) {
    if (!m) return weir__misuse("weir_map_clear", "no map");
    uint64_t at = 0;
    do at = clear_line(m, at);
    while (at != 0);
    weir__rcu_ask();
    while (weir__map_removed(m) && weir__map_finish(m) == 0) {
    }
    return 0;
}
