/* SPDX-License-Identifier: MIT */
/* maps/read.c - get, get_many. See map.h.
 *
 * A read takes the line's control word, and trusts what that said then: a key that stood in a live slot stays
 * there while the reader is in its guard, even if it is removed meanwhile. What it answers was so at some
 * instant of the call:
 *   found      when the control word was read, or later, up to the last write of the value that it returns; if
 *              the entry was removed since, just before that
 *   not found  the first line did not have it when its control word was read. The chain had it not when its
 *              lines were read; if it was there in between, or went from the line to the chain in between, it
 *              was removed between the two looks (I3), and was absent then.
 *   moved      a line that was read before it moved answers as it was then; one that has moved sends on.
 * Progress   wait-free: the line, its chain, and a line more for a move in flight. No store to the map.
 * Ordering   T1 -> T2, N1 -> N2: tables. C1 -> C2, C4 -> C5: keys and values of live slots, and a moved line's
 *            successor. H1 -> H2: lines of a chain. V1 -> V2: what came before a value was replaced. */
#include "../lib/base.h"
#include "map.h"

static bool in_line(const struct weir__line *l, uint64_t ctrl, uint64_t key, uint64_t *val) {
    unsigned hit = weir__map_match(l, key) & weir__map_live(ctrl);
    if (!hit) return false;
    *val = weir_load_acquire(&l->val[weir__map_first(hit)], MAP_V2);
    return true;
}

static bool in_chain(struct weir__line *l, uint64_t key, uint64_t *val) {
    while (l) {
        if (in_line(l, weir_load_acquire(&l->ctrl, MAP_C5), key, val)) return true;
        l = weir__map_chain(l);
    }
    return false;
}

static inline bool look_up(struct weir__table *t, uint64_t h, uint64_t key, uint64_t *val) {
    for (;;) {
        struct weir__line *l = weir__map_line(t, h);
        uint64_t c = weir_load_acquire(&l->ctrl, MAP_C2);
        if (WEIR_LIKELY(!(c & MAP_MOVED))) {
            if (in_line(l, c, key, val)) return true;
            struct weir__line *chain = weir__map_chain(l);
            return WEIR_UNLIKELY(chain != NULL) && in_chain(chain, key, val);
        }
        t = weir__map_successor(t);
    }
}

int weir_map_get(weir_map *m, uint64_t key, uint64_t *val) {
    if (WEIR_UNLIKELY(!m || !val)) return weir__misuse("weir_map_get", "NULL");
    weir_guard g = weir__rcu_enter();
    bool found = look_up(weir__map_root(m), weir__map_hash(key, m->seed), key, val);
    weir__rcu_exit(g);
    return found ? 0 : WEIR_ENOENT;
}

#define AHEAD 16

ptrdiff_t weir_map_get_many(weir_map *m, const uint64_t *keys, uint64_t *vals, bool *found,
                            size_t n) {
    if (WEIR_UNLIKELY(!m || (n && (!keys || !vals || !found))))
        return weir__misuse("weir_map_get_many", "NULL");
    ptrdiff_t hits = 0;
    for (size_t i = 0; i < n;) {
        uint64_t h[AHEAD];
        size_t k = n - i < AHEAD ? n - i : AHEAD;
        weir_guard g = weir__rcu_enter();
        struct weir__table *t = weir__map_root(m);
        for (size_t j = 0; j < k; j++) {
            h[j] = weir__map_hash(keys[i + j], m->seed);
            __builtin_prefetch(weir__map_line(t, h[j]));
        }
        for (size_t j = 0; j < k; j++, i++) {
            found[i] = look_up(t, h[j], keys[i], &vals[i]);
            hits += found[i];
        }
        weir__rcu_exit(g);
    }
    return hits;
}
