/* SPDX-License-Identifier: MIT */
/* maps/read.h - where a value is looked for, in maps of all kinds. See core.h.
 *
 * A read takes the line's control word, and trusts what that said then: a key that stood in a live slot stays
 * there while the reader is in its guard, even if it is removed meanwhile. What it answers was so at some
 * instant of the call:
 *   found      when the control word was read, or later, up to the last write of the value that it returns; if
 *              the entry was removed since, just before that
 *   not found  the first line did not have it when its control word was read, nor the chain, if its bit was clear (I16).
 *              Else the chain had it not when its lines were read; if it was there in between, or went from the line to the chain in between, it
 *              was removed between the two looks (I3), and was absent then.
 *   moved      a line that was read before it moved answers as it was then; one that has moved sends on.
 * In CORE_SEQ (weir__find_seq) the line must be unlocked, and the control word the same after all else was read:
 * then all of it was so at one instant (I10). A reader that finds it otherwise TRIES times locks the line.
 * Progress   CORE_RCU: wait-free: the line, its chain, and a line more for a move in flight. No store to the map.
 *            CORE_SEQ: blocking, after a bounded number of tries that store nothing.
 * Ordering   T1 -> T2, N1 -> N2: tables. C1 -> C2, C4 -> C5: keys and values of live slots, and a moved line's
 *            successor. H1 -> H2: lines of a chain. V1 -> V2: what came before a value was replaced.
 *            F1 -> Q1, V1, V3 -> Q2, H1 -> H2, C4 -> C5: who reads what a change has stored finds its lock, or
 *            more, in the second look. */
#ifndef WEIR_MAPS_READ_H
#define WEIR_MAPS_READ_H

#include "core.h"

/* Which of several values with one hash is that of the key; words need none: NULL. */
typedef bool weir__same_fn(const void *key, uint64_t val);

/* I2, after the value was loaded with acquire. Under a lock it finds what it was called with. */
static inline bool weir__still_live(const struct weir__line *l, unsigned bit) {
    return (weir_load_relaxed(&l->ctrl) & bit) != 0;
}

static inline bool weir__find_in_line(const struct weir__line *l, uint64_t ctrl, uint64_t h,
                                      weir__same_fn *same, const void *key, uint64_t *val) {
    unsigned hit = weir__map_match(l, h) & weir__map_live(ctrl);
    for (; hit; hit &= hit - 1) {
        uint64_t v = weir_load_acquire(&l->val[weir__map_first(hit)], MAP_V4);
        if (same && !same(key, v)) continue;
        if (!weir__still_live(l, hit & (0u - hit))) return false;
        *val = v;
        return true;
    }
    return false;
}

static inline bool weir__find_in_chain(struct weir__line *l, uint64_t h, weir__same_fn *same,
                                       const void *key, uint64_t *val) {
    while (l) {
        uint64_t c = weir_load_acquire(&l->ctrl, MAP_C5);
        if (weir__find_in_line(l, c, h, same, key, val)) return true;
        l = weir__map_chain(l);
    }
    return false;
}

/* From t on, in a guard, of CORE_RCU and the plain kinds. */
static inline bool weir__find(struct weir__table *t, uint64_t h, weir__same_fn *same,
                              const void *key, uint64_t *val) {
    for (;;) {
        struct weir__line *l = weir__map_line(t, h);
        uint64_t c = weir_load_acquire(&l->ctrl, MAP_J1);
        if (WEIR_LIKELY(!(c & MAP_MOVED))) {
            if (weir__find_in_line(l, c, h, same, key, val)) return true;
            return WEIR_UNLIKELY((c & weir__chain_bit(h)) != 0) &&
                   weir__find_in_chain(weir__map_chain(l), h, same, key, val);
        }
        t = weir__map_successor(t);
    }
}

/* a or b, without a branch. */
static inline uint64_t weir__select(bool first, uint64_t a, uint64_t b) {
    uint64_t mask = (uint64_t)0 - (uint64_t)first;
    return (a & mask) | (b & ~mask);
}

/* The same for words. Whether the key is there cannot be predicted, nor in which slot; that it has nothing to do with
 * a chain or a move can. So there is one branch for that, and the rest is arithmetic. 1, 0: whether it is there; *val
 * stays as it is if not; -1: it has to be looked for elsewhere. */
static inline int weir__find_word_first(struct weir__table *t, uint64_t h, uint64_t *val) {
    struct weir__line *l = weir__map_line(t, h);
    uint64_t c = weir_load_acquire(&l->ctrl, MAP_C2);
    unsigned hit = weir__map_match(l, h) & weir__map_live(c);
    uint64_t v = weir_load_acquire(&l->val[weir__map_first(hit | 1u << (MAP_SLOTS - 1))], MAP_V2);
    /* The second look of I2; the same word says most. */
    if (WEIR_UNLIKELY(((hit == 0) & ((c & weir__chain_bit(h)) != 0)) | ((c & MAP_MOVED) != 0) |
                      (weir_load_relaxed(&l->ctrl) != c)))
        return -1;
    *val = weir__select(hit != 0, v, *val);
    return hit != 0;
}

static inline bool weir__find_word(struct weir__table *t, uint64_t h, uint64_t *val) {
    int found = weir__find_word_first(t, h, val);
    return WEIR_LIKELY(found >= 0) ? found : weir__find(t, h, NULL, NULL, val);
}

/* ---- CORE_SEQ ------------------------------------------------------------------------------------------- */

static inline unsigned weir__match_slot_seq(const struct weir__line *l, unsigned i, uint64_t h) {
    return (unsigned)(weir_load_acquire(&l->hash[i], MAP_Q1) == h) << i;
}
static inline unsigned weir__match_seq(const struct weir__line *l, uint64_t h) {
    return weir__match_slot_seq(l, 0, h) | weir__match_slot_seq(l, 1, h) |
           weir__match_slot_seq(l, 2, h);
}

static inline int weir__find_chain_seq(const struct weir__line *first, uint64_t ctrl,
                                       struct weir__line *l, uint64_t h, uint64_t *val) {
    uint64_t v = *val;
    bool found = false;
    for (unsigned n = 1; l && !found; n++, l = weir__map_chain(l)) {
        unsigned hit = weir__match_seq(l, h) & weir__map_live(weir_load_acquire(&l->ctrl, MAP_Q4));
        if (hit) v = weir_load_acquire(&l->val[weir__map_first(hit)], MAP_Q5);
        found = hit != 0;
        /* A line that has left the chain may lead anywhere. */
        if (n % 32 == 0 && weir_load_relaxed(&first->ctrl) != ctrl) return -1;
    }
    if (ctrl & MAP_LOCKED || weir_load_relaxed(&first->ctrl) != ctrl) return -1;
    *val = v;
    return found;
}

/* Of words. 1, 0: whether it is there, as it was at one instant; -1: it has changed meanwhile, or has to be looked for
 * elsewhere. */
static inline int weir__find_seq_first(struct weir__table *t, uint64_t h, uint64_t *val) {
    struct weir__line *l = weir__map_line(t, h);
    uint64_t c = weir_load_acquire(&l->ctrl, MAP_Q3);
    unsigned hit = weir__match_seq(l, h) & weir__map_live(c);
    WEIR_POINT("shard.read");
    uint64_t v = weir_load_acquire(&l->val[weir__map_first(hit | 1u << (MAP_SLOTS - 1))], MAP_Q2);
    if (WEIR_UNLIKELY(((hit == 0) & ((c & weir__chain_bit(h)) != 0)) |
                      ((c & (MAP_MOVED | MAP_LOCKED)) != 0) | (weir_load_relaxed(&l->ctrl) != c)))
        return -1;
    *val = weir__select(hit != 0, v, *val);
    return hit != 0;
}

/* Once more, in chains and the next table too. -1: it has changed meanwhile. */
static inline int weir__find_seq(struct weir__table *t, uint64_t h, uint64_t *val) {
    struct weir__line *l;
    uint64_t c, v = *val;
    unsigned hit;
    for (;; t = weir__map_successor(t)) {
        l = weir__map_line(t, h);
        c = weir_load_acquire(&l->ctrl, MAP_Q6);
        if (!(c & MAP_MOVED)) break;
    }
    hit = weir__match_seq(l, h) & weir__map_live(c);
    if (!hit) return weir__find_chain_seq(l, c, weir__map_chain(l), h, val);
    v = weir_load_acquire(&l->val[weir__map_first(hit)], MAP_Q7);
    if (c & MAP_LOCKED || weir_load_relaxed(&l->ctrl) != c) return -1;
    *val = v;
    return 1;
}

#endif
