/* SPDX-License-Identifier: MIT */
/* maps/write.c - put, get_or_put, swap, take, delete, cas, cad, add, update. See core.h.
 *
 * A write locks the line of its key, finds the entry there or in the chain, and takes effect
 *   replacing   with the store of the value (V1), which readers of the live slot see
 *   inserting   with the release of the control word that makes the slot live: of the first line the unlock
 *               (C1), of a line of the chain C4, or with the link that publishes a new one (H1); but not for who
 *               reads the first line without the chain's bit, which is set before (G1, I16)
 *   removing    with the read-modify-write that clears the live bit (D1, D2)
 * What it may need beyond the line, further lines or room for garbage, it gets in no guard and with no lock,
 * and begins again: other writers may have changed everything meanwhile. (Who helps a move, in maps/move.c,
 * gets lines in its guard, with no lock.)
 *
 * Progress   blocking.
 * Ordering   Under the lock all loads are relaxed, as L1 has brought what C1 of the writer before released; what
 *            readers have to see whole is released by the stores above (-> C2, J1, C5, H2, V2, V4 of read.h).
 *            F1, V3, C7, H3 are for who reads and looks again, in CORE_SEQ (-> Q1, Q2, Q4, H2). */
#include "../lib/base.h"
#include "../lib/ctx.h"
#include "../lib/os_user.h"
#include "write_line.h"

#define LOOK_EVERY 32 /* removals of a stripe, about: whether the table is much too large */

static void find(struct weir__write *w, struct weir__place *at) {
    for (struct weir__line *l = at->first; l; l = weir__map_chain(l)) {
        uint64_t c = weir_load_relaxed(&l->ctrl);
        unsigned of = weir__map_match(l, w->hash), hit = of & weir__map_live(c);
        if (of & (c & MAP_WAITING) >> 3) {
            at->again = l;
            at->again_bit = of & (unsigned)((c & MAP_WAITING) >> 3);
        }
        for (; hit; hit &= hit - 1) {
            at->slot = weir__map_first(hit);
            at->line = l;
            if (!w->same || w->same(w, weir_load_relaxed(&l->val[at->slot]))) return;
        }
        if (!(at->ctrl & weir__chain_bit(w->hash))) break;
    }
    at->line = NULL;
}

/* ---- inserting ------------------------------------------------------------------------------------------ */

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
static struct weir__line *copy_chain(struct weir__write *w, struct weir__line *l) {
    struct weir__line *copy = weir__map_spare_take(&w->spare);
    uint64_t ctrl = weir__fill(copy, 0, 0, w->hash, w->val);
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
            ctrl = weir__fill(copy, ctrl, n++, weir_load_relaxed(&l->hash[i]),
                              weir_load_relaxed(&l->val[i]));
        }
    }
    weir_init_atomic(&copy->ctrl, ctrl);
    return copy;
}

/* Sets the bit of an entry that will be live in the chain (I16). */
static void announce(const struct weir__write *w, struct weir__place *at) {
    uint64_t bit = weir__chain_bit(w->hash);
    if (at->ctrl & bit) return;
    at->ctrl |= bit;
    /* Release: who reads this word finds what stood in the line before. */
    if (!weir__core_plain(w->m))
        weir_store_release(&at->first->ctrl, at->ctrl | MAP_LOCKED, MAP_G1);
}

static bool full(const struct weir__write *w, size_t lines) {
    return weir__map_len(w->m) > weir__map_holds(w->m, lines);
}

/* There is no free slot. 0, or WEIR_ENOMEM: w says what it needs. */
static int extend(struct weir__write *w, struct weir__place *at) {
    struct weir__line *old = weir_load_relaxed(&at->first->next);
    struct chain c = measure(old);
    bool anew = c.waiting >= MAP_SLOTS; /* I4 */
    w->longest = c.live / MAP_SLOTS;    /* rulings 18: not what waits */
    w->need = anew ? (c.live + MAP_SLOTS) / MAP_SLOTS : 1;
    w->garbage = anew ? c.lines : c.waiting || at->ctrl & MAP_WAITING ? 1 : 0;
    w->garbage *= weir__map_more_bytes(w->m);
    struct weir__line *l = NULL;
    if (w->m->kind == CORE_SEQ && w->spare.n == 0 && !full(w, at->table->lines))
        l = weir__map_recycled(at->table);
    if (!l && (w->spare.n < w->need || w->garbage > w->asked)) return WEIR_ENOMEM;
    if (anew) {
        l = copy_chain(w, old);
        (void)weir_fetch_add_relaxed(&w->m->rewritten, 1);
    } else {
        if (!l) l = weir__map_spare_take(&w->spare);
        weir_store_release(&l->ctrl, weir__fill(l, 0, 0, w->hash, w->val), MAP_C7);
        weir_store_release(&l->next, old, MAP_H3);
    }
    announce(w, at);
    weir_store_release(&at->first->next, l, MAP_H1);
    WEIR_POINT("map.chained");
    if (anew) at->retire = old;
    return 0;
}

/* Takes a line out of the chain that has no entry; but for one of which some slots wait, and others may be
 * filled. */
static void prune(const struct weir__core *m, struct weir__place *at) {
    struct weir__line *l = weir__map_chain(at->first);
    if (!l || !weir__rcu_within_limit(weir__map_more_bytes(m))) return;
    for (; l; l = weir__map_chain(l)) {
        uint64_t c = weir_load_relaxed(&l->ctrl);
        unsigned free = weir__free_slots(c);
        if (weir__map_live(c) || (free && free != MAP_LIVE)) continue;
        weir__map_unlink(at->first, l);
        weir__filter_anew(at->table, at->first, at->ctrl);
        at->retire = l;
        at->end = weir_load_relaxed(&l->next);
        return;
    }
}

/* Slots of l for a new entry. */
static unsigned room(const struct weir__place *at, struct weir__line *l) {
    return weir__free_slots(l == at->first ? at->ctrl : weir_load_relaxed(&l->ctrl));
}

/* The same, or of this hash (I2). */
static unsigned slots(const struct weir__place *at, struct weir__line *l) {
    return l == at->again ? at->again_bit : room(at, l);
}

/* Where a new entry can go; NULL: nowhere. */
static struct weir__line *line_with_room(const struct weir__place *at) {
    if (at->again) return at->again;
    struct weir__line *l = at->first;
    while (l && !room(at, l)) l = weir__map_chain(l);
    return l;
}

static int insert(struct weir__write *w, struct weir__place *at) {
    int rc = 0;
    struct weir__line *l = line_with_room(at);
    weir__filter_add(at->table, w->hash);
    if (!l) {
        rc = extend(w, at);
    } else if (l == at->first) {
        at->ctrl = weir__fill(l, at->ctrl, weir__map_first(slots(at, l)), w->hash, w->val);
    } else {
        uint64_t c = weir_load_relaxed(&l->ctrl);
        announce(w, at);
        weir_store_release(
            &l->ctrl, weir__fill(l, c, weir__map_first(slots(at, l)), w->hash, w->val), MAP_C4);
    }
    w->table = at->table->lines;
    at->added = rc == 0;
    at->changed = rc == 0;
    return rc;
}

/* ---- one attempt, under the lock ------------------------------------------------------------------------ */

static void take_out(struct weir__write *w, struct weir__place *at) {
    weir__map_remove(w->m, at->table, at->first, &at->ctrl, at->line, 1u << at->slot);
    at->added = (size_t)-1;
    at->changed = true;
}
static void replace(struct weir__place *at, uint64_t val) {
    weir__set(at->line, at->slot, val);
    at->changed = true;
}

/* A call of the user's function, which may end its thread. */
struct updating {
    struct weir__write *w;
    struct weir__place *at;
    weir_guard g;
};

static int call_update(void *arg) {
    struct updating *u = arg;
    return u->w->update(&u->w->val, u->at->line != NULL, u->w->arg);
}

/* Nothing was changed. */
static void ended(void *arg) {
    struct updating *u = arg;
    weir__map_unlock(u->w->m, u->at->first, u->at->ctrl);
    weir__core_exit(u->w->m, u->g);
    if (u->w->spare.n) weir__map_spare_free(u->w->m, &u->w->spare);
    if (u->w->ended) u->w->ended(u->w);
}

/* By the user's function, which is called once: there is room. */
static int update(struct weir__write *w, struct weir__place *at, weir_guard g) {
    struct updating u = { w, at, g };
    bool there = at->line != NULL;
    w->val = there ? w->old : 0;
    if (!there && w->spare.n == 0 && !line_with_room(at)) {
        w->table = at->table->lines;
        w->longest = measure(weir__map_chain(at->first)).live / MAP_SLOTS;
        w->need = 1;
        w->garbage = 0;
        return WEIR_ENOMEM;
    }
    int rc = weir__os_user_try(call_update, &u, ended, &u);
    if (rc == WEIR_UPDATE_STORE) {
        if (!there) return insert(w, at);
        replace(at, w->val);
    } else if (rc == WEIR_UPDATE_REMOVE && there) {
        take_out(w, at);
    }
    return there ? 0 : WEIR_ENOENT;
}

static int present(struct weir__write *w, struct weir__place *at, weir_guard g) {
    w->old = weir_load_relaxed(&at->line->val[at->slot]);
    switch (w->verb) {
        case WRITE_GET_OR_PUT: return WEIR_EEXIST;
        case WRITE_CAS:
        case WRITE_CAD:
            if (w->old != w->expect) return WEIR_EEXIST;
            break;
        case WRITE_UPDATE: return update(w, at, g);
        default: break;
    }
    if (w->verb == WRITE_TAKE || w->verb == WRITE_CAD) {
        take_out(w, at);
        return 0;
    }
    replace(at, w->verb == WRITE_ADD ? w->old + w->val : w->val);
    return w->verb == WRITE_SWAP || w->verb == WRITE_ADD ? WEIR_EEXIST : 0;
}

static int absent(struct weir__write *w, struct weir__place *at, weir_guard g) {
    switch (w->verb) {
        case WRITE_PUT:
        case WRITE_GET_OR_PUT:
        case WRITE_SWAP:
        case WRITE_ADD: return insert(w, at);
        case WRITE_UPDATE: return update(w, at, g);
        default: return WEIR_ENOENT;
    }
}

int weir__write_finish(struct weir__write *w, struct weir__place *at, weir_guard g) {
    struct weir__core *m = w->m;
    w->need = 0;
    w->helped = true;
    find(w, at);
    WEIR_POINT("map.locked");
    int rc = at->line ? present(w, at, g) : absent(w, at, g);
    if (m->kind == CORE_RCU) {
        if (WEIR_UNLIKELY(at->line != at->first) && !at->retire) prune(m, at);
    } else if (at->changed && m->kind == CORE_SEQ) {
        at->ctrl += MAP_CHANGE;
    }
    weir__map_unlock(m, at->first, at->ctrl);
    if (at->added) weir__map_add(m, at->added);
    weir__core_exit(m, g);
    if (WEIR_UNLIKELY(at->retire != NULL)) weir__map_retire(m, at->retire, at->end);
    if (at->added == (size_t)-1) {
        if (m->kind == CORE_RCU) weir__rcu_ask();
        w->removed = true;
    }
    return rc;
}

static int attempt(struct weir__write *w, weir_time deadline, weir_ctx *ctx) {
    struct weir__core *m = w->m;
    struct weir__place at = { 0 };
    struct weir__fork_in in = weir__core_enter_wait(m, deadline, ctx);
    if (WEIR_UNLIKELY(in.rc < 0)) return in.rc;
    if (!weir__write_lock(m, w->hash, &at.table, &at.first, &at.ctrl))
        at.first = weir__map_lock(m, w->hash, w->helped ? 0 : m->step, &at.table, &at.ctrl);
    return weir__write_finish(w, &at, in.g);
}

/* ---- what it needs -------------------------------------------------------------------------------------- */

/* A line is full: the table is, or (by bad luck, or many removals) only this chain is long. */
static bool grow(struct weir__write *w) {
    size_t len = weir__map_len(w->m);
    /* Rulings 18: a quarter of the places at least. */
    bool uneven = w->longest >= 3 && len >= w->table - w->table / 4;
    return (full(w, w->table) || uneven) && weir__map_resize(w->m, w->table, 2 * w->table) == 0;
}

static int provide(struct weir__write *w, weir_time deadline, weir_ctx *ctx) {
    if (w->garbage) {
        int rc = weir_rcu_room_wait(w->garbage, deadline, ctx);
        if (rc < 0) return rc;
        w->asked = w->garbage;
    }
    return weir__map_spare(w->m, &w->spare, w->need) ? 0 : WEIR_ENOMEM;
}

#ifdef WEIR_MODEL
static bool time_to_look(struct weir__core *m) { /* scenarios say when */
    (void)m;
    return false;
}
#else
static bool time_to_look(struct weir__core *m) {
    weir_asize *removals = &m->stripe[weir__map_stripe()].removals;
    size_t n = weir_load_relaxed(removals) + 1; /* some may be lost */
    weir_store_relaxed(removals, n);
    return n % LOOK_EVERY == 0;
}
#endif

void weir__write_removed(struct weir__core *m) {
    if (time_to_look(m)) (void)weir__map_removed(m);
}

int weir__write_go_on(struct weir__write *w, int rc, weir_time deadline, weir_ctx *ctx) {
    while (rc == WEIR_ENOMEM && w->need) {
        if (!grow(w)) {
            rc = provide(w, deadline, ctx);
            if (rc < 0) break;
        }
        rc = attempt(w, deadline, ctx);
    }
    if (WEIR_UNLIKELY(w->spare.n)) weir__map_spare_free(w->m, &w->spare);
    if (w->removed) weir__write_removed(w->m);
    return rc;
}

int weir__write(struct weir__write *w, weir_time deadline, weir_ctx *ctx) {
    return weir__write_go_on(w, attempt(w, deadline, ctx), deadline, ctx);
}
