/* SPDX-License-Identifier: MIT */
/* maps/write_line.h - the steps of a write, for write.c, which has them all, and write_word.c, which has those
 * of the usual cases. Under the lock of the first line, but for the lock itself. */
#ifndef WEIR_MAPS_WRITE_LINE_H
#define WEIR_MAPS_WRITE_LINE_H

#include "write.h"

/* Where a write is. */
struct weir__place {
    struct weir__table *table;
    struct weir__line *first, *line; /* line: in which the key is, live; NULL: nowhere */
    uint64_t ctrl;                   /* of first, as it will be */
    unsigned slot;
    size_t added;
    bool changed;
    struct weir__line *retire, *end; /* lines that have left the chain, up to this one */
    struct weir__line *again;        /* CORE_RCU: one with a waiting slot of this hash, a bit */
    unsigned again_bit;
};

/* The line, locked, in the usual case, that it is free and its entries are not on the move; else false. */
static inline bool weir__write_lock(struct weir__core *m, uint64_t hash, struct weir__table **t,
                                    struct weir__line **l, uint64_t *ctrl) {
    *t = weir__map_root(m);
    *l = weir__map_line(*t, hash);
    weir_prefetch(*l);
    return WEIR_LIKELY(!weir__map_successor(*t)) && WEIR_LIKELY(weir__map_try_lock(m, *l, ctrl));
}

static inline unsigned weir__free_slots(uint64_t ctrl) {
    unsigned taken = weir__map_live(ctrl);
    if (ctrl & MAP_WAITING) {
        uint64_t since = (weir__rcu_number() - (ctrl >> MAP_STAMP_SHIFT)) & MAP_STAMPS;
        if (since > MAP_STAMPS / 2) taken |= (unsigned)((ctrl & MAP_WAITING) >> 3);
    }
    return ~taken & (unsigned)MAP_LIVE;
}

/* Release: for who reads and looks again (I10). */
static inline uint64_t weir__fill(struct weir__line *l, uint64_t ctrl, unsigned slot, uint64_t hash,
                                  uint64_t val) {
    weir_store_release(&l->hash[slot], hash, MAP_F1);
    weir_store_release(&l->val[slot], val, MAP_V3);
    return (ctrl | UINT64_C(1) << slot) & ~(UINT64_C(8) << slot);
}

static inline void weir__set(struct weir__line *l, unsigned slot, uint64_t val) {
    weir_store_release(&l->val[slot], val, MAP_V1);
}

/* The rest of an attempt, with the line of `at` locked in guard g; ends both. */
int weir__write_finish(struct weir__write *w, struct weir__place *at, weir_guard g);
/* What follows an attempt that has returned rc: others, with what this one lacked. */
int weir__write_go_on(struct weir__write *w, int rc, weir_time deadline, weir_ctx *ctx);
/* After a removal, with no lock: looks now and then whether the table is much too large. In no guard. */
void weir__write_removed(struct weir__core *m);

#endif
