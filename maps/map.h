/* SPDX-License-Identifier: MIT */
/* maps/map.h - inside of weir_map: the table, the line in which entries stand, and what a writer may do with
 * them.
 *
 * A table is an array of lines, one cache line each: a control word, three keys, three values, a link to a chain
 * of further lines. The line of a key is chosen by the top bits of its hash, so that a line's entries go to
 * neighbouring lines of a larger table, and the hash orders the entries of tables of all sizes alike.
 *
 *   ctrl   live (3 bits) | waiting (3) | locked | moved | 8 unused | stamp (48)
 *
 * Invariants
 *   I1  a slot has an entry iff its live bit is set. Live, waiting and stamp of a line and its chain change
 *       under the lock in the first line's control word; so do values, links, and keys of slots that are not
 *       live.
 *   I2  (what a reader may trust) a live bit is set, with release, after key and value were written; a key
 *       stays as it is until the slot is given out again, which is after every guard has been released under
 *       which a reader may have seen the live bit: when a live bit is cleared, by a seq_cst read-modify-write,
 *       the number of the grace period is read afterwards, and kept as the stamp of the line; the slot waits
 *       until that number has passed. This holds for the same key too: were it back at once, a reader that had
 *       seen the old live bit could return the new value before the insert has taken effect.
 *   I3  while it is live an entry does not change its slot, but when its chain is written anew (I4) or its line
 *       moves to another table (maps/move.c). So who looks at the first line and then at the chain cannot miss
 *       an entry that is there all the time.
 *   I4  a chain whose waiting slots are a line's worth is copied without them, published by the first line's
 *       link, and the old one retired: what a thread that replaces one key for ever leaves behind is counted
 *       garbage, not chain. */
#ifndef WEIR_MAPS_MAP_H
#define WEIR_MAPS_MAP_H

#include <weir/map.h>

#include "../lib/bell.h"
#include "../lib/rcu.h"

#ifdef WEIR_MODEL
#include <weir/model.h>
#endif

#define MAP_SLOTS 3
#define MAP_LIVE UINT64_C(0x07)
#define MAP_WAITING UINT64_C(0x38) /* live << 3 */
#define MAP_LOCKED UINT64_C(0x40)
#define MAP_MOVED UINT64_C(0x80) /* its entries stand in the next table: never changes again */
#define MAP_STAMP_SHIFT 16
#define MAP_STAMPS ((UINT64_C(1) << (64 - MAP_STAMP_SHIFT)) - 1)

struct weir__line {
    weir_au64 ctrl;
    weir_aptr next;
    weir_au64 key[MAP_SLOTS], val[MAP_SLOTS];
};
_Static_assert(sizeof(struct weir__line) == 64, "one cache line");

/* A power of two of lines, at least 2: line h >> shift for hash h. */
struct weir__table {
    unsigned shift;
    size_t lines;
    weir_aptr next; /* the table that its entries move to; set once */
    const struct weir_alloc *alloc;
    struct weir_rcu_head head;
    _Alignas(WEIR_LINE) weir_asize cursor; /* lines up to here are somebody's to move, modulo all */
    weir_asize left;                       /* lines that have not moved */
    weir_asize chained;                    /* further lines of those that have */
    _Alignas(WEIR_LINE) struct weir__line line[];
};

#define MAP_STRIPES 16
struct weir__stripe {
    _Alignas(WEIR_LINE) weir_asize n; /* inserted less removed, modulo its size */
};

struct weir_map {
    weir_aptr table;
    uint64_t seed;
    const struct weir_alloc *alloc;
    weir_asize floor; /* lines: never shrinks below */
    struct weir__bell bell;
    _Alignas(WEIR_LINE) weir_asize grown, shrunk, failed, rewritten; /* for statistics */
    struct weir__stripe stripe[MAP_STRIPES];
};

/* ---- hash ----------------------------------------------------------------------------------------------- */

#define MAP_HASH_1 UINT64_C(0x9E3779B97F4A7C15)
#define MAP_HASH_2 UINT64_C(0xD6E8FEB86659FD93)

/* A bijection for each seed: two keys never have the same hash. Top bits choose the line. */
static inline uint64_t weir__map_hash(uint64_t key, uint64_t seed) {
    uint64_t h = (key ^ seed) * MAP_HASH_1;
    h ^= h >> 32;
    h *= MAP_HASH_2;
    return h;
}

/* ---- lines ---------------------------------------------------------------------------------------------- */

static inline struct weir__line *weir__map_line(struct weir__table *t, uint64_t h) {
    return &t->line[h >> t->shift];
}
/* For readers, with acquire; under the lock it costs nothing more. */
static inline struct weir__line *weir__map_chain(struct weir__line *l) {
    return weir_load_acquire(&l->next, MAP_H2);
}
/* The explorer looks whether a table's plain fields are read after they were written. */
static inline struct weir__table *weir__map_reads(struct weir__table *t) {
#ifdef WEIR_MODEL
    if (t) weir_model_read(t, offsetof(struct weir__table, next));
#endif
    return t;
}
static inline struct weir__table *weir__map_root(const weir_map *m) {
    return weir__map_reads(weir_load_acquire(&m->table, MAP_T2));
}
static inline struct weir__table *weir__map_successor(struct weir__table *t) {
    return weir__map_reads(weir_load_acquire(&t->next, MAP_N2));
}

/* The slots, a bit each, whose key words are this key; only live ones mean something. Without branches: which
 * slot it is cannot be predicted. */
static inline unsigned weir__map_match(const struct weir__line *l, uint64_t key) {
    return (unsigned)(weir_load_relaxed(&l->key[0]) == key) |
           (unsigned)(weir_load_relaxed(&l->key[1]) == key) << 1 |
           (unsigned)(weir_load_relaxed(&l->key[2]) == key) << 2;
}
static inline unsigned weir__map_first(unsigned bits) { return (unsigned)__builtin_ctz(bits); }
static inline unsigned weir__map_live(uint64_t ctrl) { return (unsigned)(ctrl & MAP_LIVE); }
static inline size_t weir__map_count(unsigned bits) { return (size_t)__builtin_popcount(bits); }

/* Locks the line in which h has its place now; *t is its table. In a guard, which it keeps. */
struct weir__line *weir__map_lock(weir_map *m, uint64_t h, struct weir__table **t, uint64_t *ctrl);
bool weir__map_try_lock(struct weir__line *l, uint64_t *ctrl);
/* Gives it back with this control word, locked or not. */
static inline void weir__map_unlock(weir_map *m, struct weir__line *l, uint64_t ctrl) {
    weir_store_release(&l->ctrl, ctrl & ~MAP_LOCKED, MAP_C1);
    weir__bell_ring(&m->bell, &l->ctrl);
}
static inline void weir__map_wait(weir_map *m, struct weir__line *l) {
    weir__bell_sleep(&m->bell, &l->ctrl, MAP_LOCKED);
}

/* Clears a live bit of l, which is `first` or in its chain; *ctrl is that of first. Under its lock. */
void weir__map_remove(struct weir__line *first, uint64_t *ctrl, struct weir__line *l,
                      unsigned bits);

/* ---- chains, tables ------------------------------------------------------------------------------------- */

/* Lines that a call has allocated before it took a lock. */
struct weir__spare {
    struct weir__line *first;
    size_t n;
};
bool weir__map_spare(const weir_map *m, struct weir__spare *s, size_t n); /* at least n */
void weir__map_spare_free(const weir_map *m, struct weir__spare *s);
struct weir__line *weir__map_spare_take(struct weir__spare *s);
void weir__map_lines_free(const struct weir_alloc *a, struct weir__line *first);

struct weir__table *weir__map_table(const struct weir_alloc *a, size_t lines); /* NULL: no memory */
void weir__map_table_free(struct weir__table *t);
size_t weir__map_bytes(const struct weir__table *t);
size_t weir__map_lines_for(size_t entries);

/* ---- moving (maps/move.c) ------------------------------------------------------------------------------- */

/* Moves the line of h, and a few more, to the successor of t. In a guard. 0, or WEIR_ENOMEM: some could not be
 * moved. */
int weir__map_help(weir_map *m, struct weir__table *t, uint64_t h);
/* Until no move is in flight. 0, WEIR_ENOMEM. In no guard. */
int weir__map_finish(weir_map *m);
/* Begins to shrink if there is much too much room; whether it did. In no guard. */
bool weir__map_removed(weir_map *m);
/* Begins to move to a table of so many lines. 0; WEIR_EBUSY: the root has another size than `from`, or is not
 * at rest; WEIR_ENOMEM; WEIR_EAGAIN: garbage has reached its limit. In no guard. */
int weir__map_resize(weir_map *m, size_t from, size_t to);

/* ---- counting ------------------------------------------------------------------------------------------- */

size_t weir__map_len(const weir_map *m);
size_t weir__map_stripe(void);
/* What the stripe was before. */
static inline size_t weir__map_add(weir_map *m, size_t n) {
    return weir_fetch_add_relaxed(&m->stripe[weir__map_stripe()].n, n);
}

#endif
