/* SPDX-License-Identifier: MIT */
/* maps/read.h - where a value is looked for, in maps of all kinds. See core.h.
 *
 * A read takes the line's control word, and trusts what that said then: a key that stood in a live slot stays
 * there while the reader is in its guard, even if it is removed meanwhile. What it answers was so at some
 * instant of the call:
 *   found      when the control word was read, or later, up to the last write of the value that it returns; if
 *              the entry was removed since, just before that. Of an entry whose slot an other one of its hash has
 *              got meanwhile the second look tells whether that is there (I2); if not, it was absent in between.
 *   not found  the filter did not have its bit (I18). Or the first line did not have it when its control word was
 *              read, nor the chain, if its bit was clear (I16). Else the chain had it not when its lines were read;
 *              if it was there in between, or went from the line to the chain in between, it was removed between
 *              the two looks (I3), and was absent then.
 *   moved      a line that was read before it moved answers as it was then; one that has moved sends on.
 * In CORE_SEQ (weir__find_seq) the line must be unlocked, and the control word the same after all else was read:
 * then all of it was so at one instant (I10). A reader that finds it otherwise TRIES times locks the line.
 * Progress   CORE_RCU: wait-free: the line, its chain, and a line more for a move in flight. No store to the map.
 *            CORE_SEQ: blocking, after a bounded number of tries that store nothing.
 * Ordering   T1 -> T2, N1 -> N2: tables. C1, G1 -> C2, J1, C4, C7 -> C5: hashes of live slots, and a moved line's
 *            successor. H1 -> H2: lines of a chain. V1, V3 -> V2, V4: what came before a value was stored.
 *            B1, B3 -> B2: who finds nothing, in the filter; C1, D1 to D3, C4 -> C10: in the second look.
 *            C1 -> C2, Q6; F1 -> Q1, Q8; V1, V3 -> V2, Q5, Q7; C4, C7, C8 -> Q4; H1, H3 to H5 -> H2: who reads
 *            what a change has stored finds its lock, or more, in the second look. */
#ifndef WEIR_MAPS_READ_H
#define WEIR_MAPS_READ_H

#include "core.h"

/* Which of several values with one hash is that of the key; words need none: NULL. */
typedef bool weir__same_fn(const void *key, uint64_t val);

/* I2, after the value was loaded with acquire. Under a lock it finds what it was called with. */
static inline bool weir__still_live(const struct weir__line *l, unsigned bit) {
    return (weir_load_acquire(&l->ctrl, MAP_C10) & bit) != 0;
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

/* Under the lock of `first`, whose control word is ctrl. */
static inline bool weir__find_locked(struct weir__line *first, uint64_t ctrl, uint64_t h,
                                     weir__same_fn *same, const void *key, uint64_t *val) {
    return weir__find_in_line(first, ctrl, h, same, key, val) ||
           weir__find_in_chain(weir__map_chain(first), h, same, key, val);
}

/* From t on, in a guard, of CORE_RCU and the plain kinds. */
static inline bool weir__find(struct weir__table *t, uint64_t h, weir__same_fn *same,
                              const void *key, uint64_t *val) {
    if (t->filter) weir_prefetch(weir__map_line(t, h));
    if (weir__map_absent(t, h)) return false;
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

/* If slot i has this hash, its live bit and its value. */
static inline void weir__word_slot(const struct weir__line *l, unsigned i, uint64_t h, uint64_t *v,
                                   uint64_t *bit) {
    weir_choose_loaded(&l->hash[i], weir_load_acquire(&l->hash[i], MAP_Q8), h, v, &l->val[i],
                       weir_load_acquire(&l->val[i], MAP_V2), bit, UINT64_C(1) << i);
}

/* For words, of a table that is no plain one's or in its lock. Whether the key is there cannot be predicted,
 * nor in which slot; that it has nothing to do with a chain or a move can. So there is one branch for that, and
 * the rest is arithmetic. `busy`: MAP_MOVED; in CORE_SEQ MAP_LOCKED too. False: it has changed meanwhile, or
 * has to be looked for elsewhere. Else *rc is 0: it is there; or `miss`: it is not, and *val stays as it is. */
static inline bool weir__find_word_first(struct weir__table *t, uint64_t h, uint64_t busy,
                                         uint64_t *val, int64_t miss, int *rc) {
    struct weir__line *l = weir__map_line(t, h);
    if (t->filter) weir_prefetch(l);
    if (weir__map_absent(t, h)) {
        *rc = (int)miss;
        return true;
    }
    uint64_t c = weir_load_acquire(&l->ctrl, MAP_C2), v = 0, bit = 0, r = 0;
    weir__word_slot(l, 2, h, &v, &bit);
    weir__word_slot(l, 1, h, &v, &bit);
    weir__word_slot(l, 0, h, &v, &bit); /* by I17 the one that counts */
    WEIR_POINT("shard.read");
    bit &= c;
    if (WEIR_UNLIKELY((c & (busy | weir__chain_bit(h))) != 0) && (!bit || c & busy)) return false;
    /* The second look of I2 and I10; the same word says most. */
    if (WEIR_UNLIKELY(weir_load_relaxed(&l->ctrl) != c)) return false;
    weir_choose(bit, 0, &v, *val, &r, (uint64_t)miss);
    *val = v;
    *rc = (int)r;
    return true;
}

static inline bool weir__find_word(struct weir__table *t, uint64_t h, uint64_t *val) {
    int rc;
    return WEIR_LIKELY(weir__find_word_first(t, h, MAP_MOVED, val, WEIR_ENOENT, &rc))
               ? rc == 0
               : weir__find(t, h, NULL, NULL, val);
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

/* Once more, in chains and the next table too. 1, 0: whether it is there, as it was at one instant; -1: it has
 * changed meanwhile. */
static inline int weir__find_seq(struct weir__table *t, uint64_t h, uint64_t *val) {
    struct weir__line *l;
    uint64_t c;
    unsigned hit;
    for (;; t = weir__map_successor(t)) {
        l = weir__map_line(t, h);
        c = weir_load_acquire(&l->ctrl, MAP_Q6);
        if (!(c & MAP_MOVED)) break;
    }
    hit = weir__match_seq(l, h) & weir__map_live(c);
    if (!hit) return weir__find_chain_seq(l, c, weir__map_chain(l), h, val);
    uint64_t v = weir_load_acquire(&l->val[weir__map_first(hit)], MAP_Q7);
    if (c & MAP_LOCKED || weir_load_relaxed(&l->ctrl) != c) return -1;
    *val = v;
    return 1;
}

#endif
