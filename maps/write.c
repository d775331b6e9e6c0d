/* SPDX-License-Identifier: MIT */
/* maps/write.c - put, get_or_put, swap, take, delete, cas, cad. See map.h.
 *
 * A write locks the line of its key, finds the entry there or in the chain, and takes effect
 *   replacing   with the store of the value (V1), which readers of the live slot see
 *   inserting   with the release of the control word that makes the slot live: of the first line the unlock
 *               (C1), of a line of the chain C4, or with the link that publishes a new one (H1)
 *   removing    with the read-modify-write that clears the live bit (D1, D2)
 * What it may need beyond the line, further lines or room for garbage, it gets in no guard and with no lock,
 * and begins again: other writers may have changed everything meanwhile. (Who helps a move, in maps/move.c,
 * gets lines in its guard, with no lock.)
 *
 * Progress   blocking.
 * Ordering   Under the lock all is relaxed, as L1 has brought what C1 of the writer before released; what
 *            readers have to see whole is released by the stores above (-> C2, C5, H2, V2 of read.c). */
#include "../lib/base.h"
#include "../lib/ctx.h"
#include "map.h"

#define LOOK_EVERY 64 /* removals of a stripe: whether the table is much too large */

enum verb { PUT, GET_OR_PUT, SWAP, TAKE, CAS, CAD };

struct dead { /* a chain that was written anew */
    struct weir_rcu_head head;
    const struct weir_alloc *alloc;
    struct weir__line *first;
};

struct write {
    weir_map *m;
    enum verb verb;
    uint64_t key, hash, val, expect, old;
    struct weir__spare spare;
    struct dead *dead; /* for a chain that is to be retired */
    /* Lines, and bytes that would be retired, without which it could not be done. */
    size_t need, garbage;
    size_t table, longest; /* lines of the table and of the chain then */
    size_t counted;        /* what the stripe was before */
    size_t asked;          /* bytes of garbage that there is room for */
};

/* Its slot, live; NULL: absent. */
static struct weir__line *find(struct weir__line *l, uint64_t key, unsigned *slot) {
    for (; l; l = weir__map_chain(l)) {
        unsigned hit = weir__map_match(l, key) & weir__map_live(weir_load_relaxed(&l->ctrl));
        if (!hit) continue;
        *slot = weir__map_first(hit);
        return l;
    }
    return NULL;
}

/* ---- inserting ------------------------------------------------------------------------------------------ */

static unsigned free_slots(uint64_t ctrl) {
    unsigned taken = weir__map_live(ctrl);
    if (ctrl & MAP_WAITING) {
        uint64_t since = (weir__rcu_number() - (ctrl >> MAP_STAMP_SHIFT)) & MAP_STAMPS;
        if (since > MAP_STAMPS / 2) taken |= (unsigned)((ctrl & MAP_WAITING) >> 3);
    }
    return ~taken & (unsigned)MAP_LIVE;
}

static uint64_t fill(struct weir__line *l, uint64_t ctrl, unsigned slot, uint64_t key,
                     uint64_t val) {
    weir_store_relaxed(&l->key[slot], key);
    weir_store_relaxed(&l->val[slot], val);
    return (ctrl | UINT64_C(1) << slot) & ~(UINT64_C(8) << slot);
}

struct chain {
    size_t lines, live, waiting;
};

static struct chain measure(struct weir__line *l) {
    struct chain c = { 0, 0, 0 };
    for (; l; l = weir__map_chain(l)) {
        uint64_t ctrl = weir_load_relaxed(&l->ctrl);
        c.lines++;
        c.live += weir__map_count(weir__map_live(ctrl));
        c.waiting += weir__map_count((unsigned)((ctrl & MAP_WAITING) >> 3));
    }
    return c;
}

/* Fills lines of w's spare ones with the chain's entries and the new one; the first of them. */
static struct weir__line *copy_chain(struct write *w, struct weir__line *l) {
    struct weir__line *copy = weir__map_spare_take(&w->spare);
    uint64_t ctrl = fill(copy, 0, 0, w->key, w->val);
    unsigned n = 1;
    for (; l; l = weir__map_chain(l)) {
        unsigned live = weir__map_live(weir_load_relaxed(&l->ctrl));
        for (; live; live &= live - 1) {
            unsigned i = weir__map_first(live);
            if (n == MAP_SLOTS) {
                weir_init_atomic(&copy->ctrl, ctrl);
                struct weir__line *more = weir__map_spare_take(&w->spare);
                weir_init_atomic(&more->next, copy);
                copy = more;
                ctrl = n = 0;
            }
            ctrl =
                fill(copy, ctrl, n++, weir_load_relaxed(&l->key[i]), weir_load_relaxed(&l->val[i]));
        }
    }
    weir_init_atomic(&copy->ctrl, ctrl);
    return copy;
}

static void free_chain(struct weir_rcu_head *head) {
    struct dead *d = (struct dead *)(void *)head;
    const struct weir_alloc *a = d->alloc;
    weir__map_lines_free(a, d->first);
    weir__free(a, d, sizeof *d, _Alignof(struct dead));
}

/* There is no free slot. 0, or WEIR_ENOMEM: w says what it needs. */
static int extend(struct write *w, struct weir__line *first) {
    struct weir__line *old = weir_load_relaxed(&first->next);
    struct chain c = measure(old);
    bool anew = c.waiting >= MAP_SLOTS; /* I4 */
    w->longest = c.lines;
    w->need = anew ? (c.live + MAP_SLOTS) / MAP_SLOTS : 1;
    w->garbage = anew ? c.lines * sizeof *old : 0;
    if (w->spare.n < w->need || (anew && (!w->dead || w->garbage > w->asked))) return WEIR_ENOMEM;
    struct weir__line *l;
    if (anew) {
        l = copy_chain(w, old);
        (void)weir_fetch_add_relaxed(&w->m->rewritten, 1);
    } else {
        l = weir__map_spare_take(&w->spare);
        weir_init_atomic(&l->ctrl, fill(l, 0, 0, w->key, w->val));
        weir_init_atomic(&l->next, old);
    }
    weir_store_release(&first->next, l, MAP_H1);
    WEIR_POINT("map.chained");
    if (anew) w->dead->first = old;
    return 0;
}

static int insert(struct write *w, struct weir__line *first, uint64_t *ctrl) {
    for (struct weir__line *l = first; l; l = weir__map_chain(l)) {
        uint64_t c = l == first ? *ctrl : weir_load_relaxed(&l->ctrl);
        unsigned room = free_slots(c);
        if (!room) continue;
        c = fill(l, c, weir__map_first(room), w->key, w->val);
        if (l == first)
            *ctrl = c;
        else
            weir_store_release(&l->ctrl, c, MAP_C4);
        return 0;
    }
    return extend(w, first);
}

/* ---- one attempt, under the lock ------------------------------------------------------------------------ */

static int change(struct write *w, struct weir__line *first, uint64_t *ctrl, struct weir__line *l,
                  unsigned slot) {
    w->old = weir_load_relaxed(&l->val[slot]);
    switch (w->verb) {
        case GET_OR_PUT: return WEIR_EEXIST;
        case CAS:
        case CAD:
            if (w->old != w->expect) return WEIR_EEXIST;
            break;
        default: break;
    }
    if (w->verb == TAKE || w->verb == CAD) {
        weir__map_remove(first, ctrl, l, 1u << slot);
        return 0;
    }
    weir_store_release(&l->val[slot], w->val, MAP_V1);
    return w->verb == SWAP ? WEIR_EEXIST : 0;
}

static int attempt(struct write *w) {
    struct weir__table *t;
    uint64_t ctrl;
    unsigned slot;
    size_t added = 0;
    int rc = WEIR_ENOENT;
    bool removes = false, inserts = w->verb == PUT || w->verb == GET_OR_PUT || w->verb == SWAP;
    weir_guard g = weir__rcu_enter();
    struct weir__line *first = weir__map_lock(w->m, w->hash, &t, &ctrl);
    struct weir__line *l = find(first, w->key, &slot);
    WEIR_POINT("map.locked");
    w->need = 0;
    if (l) {
        rc = change(w, first, &ctrl, l, slot);
        removes = rc == 0 && (w->verb == TAKE || w->verb == CAD);
        if (removes) added = (size_t)-1;
    } else if (inserts) {
        rc = insert(w, first, &ctrl);
        if (rc == 0) added = 1;
        w->table = t->lines;
    }
    weir__map_unlock(w->m, first, ctrl);
    weir__rcu_exit(g);
    if (w->dead && w->dead->first) {
        (void)weir_rcu_retire(&w->dead->head, w->garbage, free_chain);
        w->dead = NULL;
    }
    if (added) w->counted = weir__map_add(w->m, added);
    if (removes) weir__rcu_ask();
    return rc;
}

/* ---- what it needs -------------------------------------------------------------------------------------- */

/* A line is full: the table is, or (by bad luck, or many removals) only this chain is long. */
static bool grow(struct write *w) {
    size_t len = weir__map_len(w->m);
    bool full = len > 2 * w->table;
    /* Rulings 18: a quarter of the places at least. */
    bool uneven = w->longest >= 3 && len >= w->table - w->table / 4;
    return (full || uneven) && weir__map_resize(w->m, w->table, 2 * w->table) == 0;
}

static int provide(struct write *w, weir_time deadline, weir_ctx *ctx) {
    if (w->garbage) {
        int rc = weir_rcu_room_wait(w->garbage, deadline, ctx);
        if (rc < 0) return rc;
        w->asked = w->garbage;
        if (!w->dead) {
            w->dead = weir__alloc(w->m->alloc, sizeof *w->dead, _Alignof(struct dead));
            if (!w->dead) return WEIR_ENOMEM;
            w->dead->alloc = w->m->alloc;
            w->dead->first = NULL;
        }
    }
    return weir__map_spare(w->m, &w->spare, w->need) ? 0 : WEIR_ENOMEM;
}

static int run(struct write *w, weir_time deadline, weir_ctx *ctx) {
    w->hash = weir__map_hash(w->key, w->m->seed);
    w->spare = (struct weir__spare){ NULL, 0 };
    w->dead = NULL;
    w->asked = 0;
    int rc;
    while ((rc = attempt(w)) == WEIR_ENOMEM && w->need) {
        if (grow(w)) continue;
        rc = provide(w, deadline, ctx);
        if (rc < 0) break;
    }
    if (WEIR_UNLIKELY(w->spare.n)) weir__map_spare_free(w->m, &w->spare);
    if (WEIR_UNLIKELY(w->dead != NULL))
        weir__free(w->m->alloc, w->dead, sizeof *w->dead, _Alignof(struct dead));
    return rc;
}

/* ---- the verbs ------------------------------------------------------------------------------------------ */

int weir_map_put_wait(weir_map *m, uint64_t key, uint64_t val, weir_time deadline, weir_ctx *ctx) {
    if (WEIR_UNLIKELY(!m)) return weir__misuse("weir_map_put", "no map");
    struct write w = { .m = m, .verb = PUT, .key = key, .val = val };
    int rc = weir__ctx_err(ctx);
    return rc < 0 ? rc : run(&w, deadline, ctx);
}

static int exchange(enum verb verb, weir_map *m, uint64_t key, uint64_t *val, weir_time deadline,
                    weir_ctx *ctx) {
    struct write w = { .m = m, .verb = verb, .key = key, .val = *val };
    int rc = weir__ctx_err(ctx);
    if (rc < 0) return rc;
    rc = run(&w, deadline, ctx);
    if (rc == WEIR_EEXIST) *val = w.old;
    return rc;
}

int weir_map_get_or_put_wait(weir_map *m, uint64_t key, uint64_t *val, weir_time deadline,
                             weir_ctx *ctx) {
    if (WEIR_UNLIKELY(!m || !val)) return weir__misuse("weir_map_get_or_put", "NULL");
    return exchange(GET_OR_PUT, m, key, val, deadline, ctx);
}

int weir_map_swap_wait(weir_map *m, uint64_t key, uint64_t *val, weir_time deadline,
                       weir_ctx *ctx) {
    if (WEIR_UNLIKELY(!m || !val)) return weir__misuse("weir_map_swap", "NULL");
    return exchange(SWAP, m, key, val, deadline, ctx);
}

static int removal(enum verb verb, weir_map *m, uint64_t key, uint64_t expect, uint64_t *val) {
    struct write w = { .m = m, .verb = verb, .key = key, .expect = expect };
    int rc = run(&w, WEIR_NOW, NULL);
    if (rc == 0 && val) *val = w.old;
    if (rc == 0 && w.counted % LOOK_EVERY == 0) weir__map_removed(m);
    return rc;
}

int weir_map_take(weir_map *m, uint64_t key, uint64_t *val) {
    if (WEIR_UNLIKELY(!m)) return weir__misuse("weir_map_take", "no map");
    return removal(TAKE, m, key, 0, val);
}

int weir_map_delete(weir_map *m, uint64_t key) {
    if (WEIR_UNLIKELY(!m)) return weir__misuse("weir_map_delete", "no map");
    return removal(TAKE, m, key, 0, NULL);
}

int weir_map_cad(weir_map *m, uint64_t key, uint64_t expect) {
    if (WEIR_UNLIKELY(!m)) return weir__misuse("weir_map_cad", "no map");
    return removal(CAD, m, key, expect, NULL);
}

int weir_map_cas(weir_map *m, uint64_t key, uint64_t expect, uint64_t val) {
    if (WEIR_UNLIKELY(!m)) return weir__misuse("weir_map_cas", "no map");
    struct write w = { .m = m, .verb = CAS, .key = key, .expect = expect, .val = val };
    return run(&w, WEIR_NOW, NULL);
}
