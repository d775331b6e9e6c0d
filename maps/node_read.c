/* SPDX-License-Identifier: MIT */
/* maps/node_read.c - where the node of a key is looked for, in maps of all kinds. See read.h, node.h.
 *
 * Ordering   C1 -> E1, V1, V3 -> E2, C4, C7, C8 -> E3: as those of words; E2 brings the node whole (I12). */
#include "node.h"

/* ---- CORE_SEQ ------------------------------------------------------------------------------------------- */

static bool find_in_line(const struct weir__line *l, uint64_t ctrl, const struct weir__at *a,
                         uint64_t *node) {
    unsigned hit = weir__match_seq(l, a->hash) & weir__map_live(ctrl);
    for (; hit; hit &= hit - 1) {
        *node = weir_load_acquire(&l->val[weir__map_first(hit)], MAP_E2);
        if (weir__node_is(&a->key, *node)) return true;
    }
    return false;
}

/* 1, 0: whether it is there, as it was at one instant; -1: it has changed meanwhile. */
static int find_once(const struct weir__at *a, uint64_t *node) {
    struct weir__table *t = weir__map_root(a->c);
    struct weir__line *first, *l;
    uint64_t ctrl;
    for (;; t = weir__map_successor(t)) {
        first = weir__map_line(t, a->hash);
        ctrl = weir_load_acquire(&first->ctrl, MAP_E1);
        if (WEIR_LIKELY(!(ctrl & MAP_MOVED))) break;
    }
    if (ctrl & MAP_LOCKED) return -1;
    bool found = find_in_line(first, ctrl, a, node);
    l = ctrl & weir__chain_bit(a->hash) ? weir__map_chain(first) : NULL; /* I16 */
    for (unsigned n = 1; l && !found; n++, l = weir__map_chain(l)) {
        found = find_in_line(l, weir_load_acquire(&l->ctrl, MAP_E3), a, node);
        /* A line that has left the chain may lead anywhere. */
        if (n % 32 == 0 && weir_load_relaxed(&first->ctrl) != ctrl) return -1;
    }
    WEIR_POINT("shard.read");
    return weir_load_relaxed(&first->ctrl) == ctrl ? found : -1;
}

bool weir__node_find_locked(struct weir__line *first, uint64_t ctrl, const struct weir__at *a,
                            uint64_t *node) {
    return weir__find_locked(first, ctrl, a->hash, weir__node_is, &a->key, node);
}

static bool find_seq(const struct weir__at *a, uint64_t *node) {
    for (unsigned i = 0; i < SHARD_TRIES; i++) {
        int found = find_once(a, node);
        if (WEIR_LIKELY(found >= 0)) return found;
        weir_pause();
    }
    struct weir__table *t;
    uint64_t ctrl;
    weir_guard g = weir__core_enter(a->c); /* in the caller's guard: for a fork */
    struct weir__line *first = weir__map_lock(a->c, a->hash, 0, &t, &ctrl);
    bool found = weir__node_find_locked(first, ctrl, a, node);
    weir__map_unlock(a->c, first, ctrl);
    weir__core_exit(a->c, g);
    return found;
}

/* ---- all kinds ------------------------------------------------------------------------------------------ */

bool weir__node_find(const struct weir__at *a, uint64_t *node) {
    if (a->c->kind == CORE_SEQ) return find_seq(a, node);
    return weir__find(weir__map_root(a->c), a->hash, weir__node_is, &a->key, node);
}

bool weir__node_get(const struct weir__at *a, void *val) {
    uint64_t node;
    weir_guard g = weir__core_enter_read(a->c);
    bool found = weir__node_find(a, &node);
    if (found) weir__node_copy(a->s, weir__node_of(node), val);
    weir__core_exit(a->c, g);
    return found;
}
