/* SPDX-License-Identifier: MIT */
/* maps/write_word.c - put and take of words, the usual cases in few steps and without a branch on the slot: the
 * line is free and at rest, and has the key, or, where there is no more line to look at, has it not (and has
 * room, for put). All else is what write.c does, from the line that is locked by then, or from the beginning.
 *
 * Invariants, Progress and Ordering are those of write.c: the same stores, by the same functions. A line is
 * alone for a key if it has no chain, or (not CORE_RCU) one in which no key with this one's bit is (I16); in
 * CORE_RCU who finds a chain passes by it, to prune it. */
#include "write_line.h"

static inline bool alone(const struct weir__core *m, struct weir__line *l, uint64_t ctrl,
                         uint64_t hash) {
    return !weir_load_relaxed(&l->next) || (m->kind != CORE_RCU && !(ctrl & weir__chain_bit(hash)));
}

static inline uint64_t changed(const struct weir__core *m, uint64_t ctrl) {
    return m->kind == CORE_SEQ ? ctrl + MAP_CHANGE : ctrl;
}

/* All of w, from where a fast one has come: with line l of t locked, or (NULL) nothing. */
static int all_the_way(struct weir__write *w, struct weir__table *t, struct weir__line *l,
                       uint64_t ctrl, weir_guard g, weir_time deadline, weir_ctx *ctx) {
    struct weir__place at = { .table = t, .first = l, .ctrl = ctrl };
    if (l) return weir__write_go_on(w, weir__write_finish(w, &at, g), deadline, ctx);
    weir__core_exit(w->m, g);
    return weir__write(w, deadline, ctx);
}

struct word {
    struct weir__core *m;
    uint64_t hash;
    weir_guard g;
};

static __attribute__((noinline)) int put_all_the_way(struct word o, uint64_t val,
                                                     struct weir__table *t, struct weir__line *l,
                                                     uint64_t ctrl, weir_time deadline,
                                                     weir_ctx *ctx) {
    struct weir__write w = { .m = o.m, .verb = WRITE_PUT, .hash = o.hash, .val = val };
    return all_the_way(&w, t, l, ctrl, o.g, deadline, ctx);
}

int weir__put_word(struct weir__core *m, uint64_t hash, uint64_t val, weir_time deadline,
                   weir_ctx *ctx) {
    struct weir__table *t;
    struct weir__line *l;
    uint64_t ctrl;
    struct weir__fork_in in = weir__core_enter_wait(m, deadline, ctx);
    if (WEIR_UNLIKELY(in.rc < 0)) return in.rc;
    struct word o = { m, hash, in.g };
    if (!weir__write_lock(m, hash, &t, &l, &ctrl))
        return put_all_the_way(o, val, t, NULL, 0, deadline, ctx);
    unsigned of = weir__map_match(l, hash), hit = of & weir__map_live(ctrl);
    if (hit) {
        WEIR_POINT("map.locked");
        weir__set(l, weir__map_first(hit), val);
        weir__map_unlock(m, l, changed(m, ctrl));
        weir__core_exit(m, o.g);
        return 0;
    }
    unsigned free = weir__free_slots(ctrl), again = of & (unsigned)((ctrl & MAP_WAITING) >> 3);
    if (again || !free || !alone(m, l, ctrl, hash))
        return put_all_the_way(o, val, t, l, ctrl, deadline, ctx);
    WEIR_POINT("map.locked");
    weir__filter_add(t, hash);
    ctrl = weir__fill(l, ctrl, weir__map_first(free), hash, val);
    weir__map_unlock(m, l, changed(m, ctrl));
    weir__map_add(m, 1);
    weir__core_exit(m, o.g);
    return 0;
}

static __attribute__((noinline)) int take_all_the_way(struct word o, uint64_t *old,
                                                      struct weir__table *t, struct weir__line *l,
                                                      uint64_t ctrl, weir_time deadline,
                                                      weir_ctx *ctx) {
    struct weir__write w = { .m = o.m, .verb = WRITE_TAKE, .hash = o.hash };
    int rc = all_the_way(&w, t, l, ctrl, o.g, deadline, ctx);
    if (rc == 0) *old = w.old;
    return rc;
}

int weir__take_word(struct weir__core *m, uint64_t hash, uint64_t *old, weir_time deadline,
                    weir_ctx *ctx) {
    struct weir__table *t;
    struct weir__line *l;
    uint64_t ctrl;
    struct weir__fork_in in = weir__core_enter_wait(m, deadline, ctx);
    if (WEIR_UNLIKELY(in.rc < 0)) return in.rc;
    struct word o = { m, hash, in.g };
    if (weir__map_absent(weir__map_root(m), hash)) {
        weir__core_exit(m, o.g);
        return WEIR_ENOENT;
    }
    if (!weir__write_lock(m, hash, &t, &l, &ctrl))
        return take_all_the_way(o, old, t, NULL, 0, deadline, ctx);
    unsigned hit = weir__map_match(l, hash) & weir__map_live(ctrl);
    if (!hit && !alone(m, l, ctrl, hash))
        return take_all_the_way(o, old, t, l, ctrl, deadline, ctx);
    WEIR_POINT("map.locked");
    if (hit) {
        *old = weir_load_relaxed(&l->val[weir__map_first(hit)]);
        weir__map_remove(m, t, l, &ctrl, l, hit);
        ctrl = changed(m, ctrl);
    }
    weir__map_unlock(m, l, ctrl);
    if (hit) weir__map_add(m, (size_t)-1);
    weir__core_exit(m, o.g);
    if (!hit) return WEIR_ENOENT;
    if (m->kind == CORE_RCU) weir__rcu_ask();
    weir__write_removed(m);
    return 0;
}
