/* SPDX-License-Identifier: MIT */
/* maps/core.h - inside of all maps: the table, the line in which entries stand, and what a writer may do with
 * them. weir_map has one core, weir_shardmap one for each shard.
 *
 * A table is an array of lines, one cache line each, which those of chains may straddle: a control word, three
 * hashes, three values, a link to a chain of further lines. The line of an entry is chosen by the top bits of
 * its hash, so that a line's entries go to neighbouring lines of a larger table, and the hash orders the
 * entries of tables of all sizes alike. What the hash is of is not known here: of words it is a bijection, so
 * that it stands for the key.
 *
 *   ctrl   live (3 bits) | waiting (3) | locked | moved | chain (8) | stamp (48)
 *
 * Who may be in a core at once, and how long memory stays, is told by its kind:
 *   CORE_RCU     readers in a guard, beside writers, each of which locks a line. The stamp is a grace period's.
 *   CORE_SEQ     the same, but readers look whether the line has changed meanwhile, and begin again. The stamp
 *                counts the changes.
 *   CORE_MUTEX, CORE_RWLOCK   one writer, and no reader beside it: a lock around all. Lines are not locked.
 *   CORE_HELD    the same, by a lock of the caller's, who holds it around every call (cache/plain.h).
 * What this file calls "in a guard" is, in the latter, in that lock.
 *
 * Invariants
 *   I1  a slot has an entry iff its live bit is set. Live, waiting and stamp of a line and its chain change
 *       under the lock in the first line's control word; so do values, links, and hashes of slots that are not
 *       live.
 *   I2  (CORE_RCU: what a reader may trust) a live bit is set, with release, after hash and value were written; a
 *       hash stays as it is until the slot is given out again, which is after every guard has been released under
 *       which a reader may have seen the live bit: when a live bit is cleared, by a seq_cst read-modify-write,
 *       the number of the grace period is read afterwards, and kept as the stamp of the line; the slot waits
 *       until that number has passed. An entry of the same hash may have it back at once. Then a reader that
 *       has seen the old live bit may load the new value before that is there for others; so who has found
 *       something looks at the control word again, and has found nothing if the bit is clear: it was, at an
 *       instant of the call. If it is set, it was when the value that was loaded was the entry's, or is so by now.
 *   I3  (CORE_RCU) while it is live an entry does not change its slot, but when its chain is written anew (I4) or
 *       its line moves to another table (maps/move.c). So who looks at the first line and then at the chain
 *       cannot miss an entry that is there all the time.
 *   I4  (CORE_RCU) a line of a chain without an entry is taken out of it by a writer who passes, and retired: its
 *       link stays as it is for readers on their way. A chain whose waiting slots are a line's worth is copied
 *       without them, published by the first line's link, and the old one retired: what a thread that replaces one
 *       key for ever leaves behind is counted garbage, not chain. Where slots wait, a new line is taken only after
 *       room for it was asked for.
 *   I10 (CORE_SEQ) the stamp of a first line is another one after each change of it or its chain than it was
 *       before, by the store that unlocks it. Who reads it unlocked and not moved, then what it wants, each with
 *       acquire of what was stored with release, then the same control word again, has read what was there all at
 *       one time: a change stores after it has locked, so who reads what it stored finds the lock, or more, in
 *       the second look. A line that leaves a chain is memory of a line until its table is retired, so who is in
 *       it on the way reads words, if the wrong ones.
 *   I16 of a first line, the chain bits of ctrl have the bit of each entry in its chain (weir__chain_bit, one
 *       of eight by the hash); they may have more. A bit is set before an entry that needs it is live, and
 *       cleared after the last that it stood for has gone. So who finds it clear need not look at the chain;
 *       and what one reader has found there, another one who comes later looks for, too.
 *   I17 in a first line, of the slots with the hash of a live entry that entry's is the first: the others have
 *       kept theirs from before. An entry is put in the first free slot, or in a waiting one of its hash, if
 *       there is one, and the slots of a new line are filled from the first on. So words need no look at
 *       others.
 *   I18 of a line of a table with a filter, the filter's word has the bit of each live entry of the line and its
 *       chain (weir__filter_bit, one of sixteen by the hash), from before that is live until it has been
 *       removed; it may have more. All bits of a line that has moved are set, from before it is marked. The word
 *       changes under the line's lock only. So who finds a bit clear knows, without the line, that at that
 *       instant the key was not in the map: in that table it was not, nor could it be in the next one. One cache
 *       line has the words of 32 lines. */
#ifndef WEIR_MAPS_CORE_H
#define WEIR_MAPS_CORE_H

#include <weir/map.h>

#include "../lib/bell.h"
#include "../lib/fork.h"
#include "../lib/lock.h"
#include "../lib/os_mutex.h"
#include "../lib/os_rwlock.h"

#ifdef WEIR_MODEL
#include <weir/model.h>
#endif

#define MAP_SLOTS 3
#define MAP_LIVE UINT64_C(0x07)
#define MAP_WAITING UINT64_C(0x38) /* live << 3 */
#define MAP_LOCKED UINT64_C(0x40)
#define MAP_MOVED UINT64_C(0x80)   /* its entries stand in the next table: never changes again */
#define MAP_CHAIN UINT64_C(0xff00) /* of a first line (I16) */
#define MAP_STAMP_SHIFT 16
#define MAP_CHANGE (UINT64_C(1) << MAP_STAMP_SHIFT) /* added, in CORE_SEQ */
#define MAP_STAMPS ((UINT64_C(1) << (64 - MAP_STAMP_SHIFT)) - 1)

struct weir__line {
    weir_au64 ctrl;
    weir_aptr next;
    weir_au64 hash[MAP_SLOTS], val[MAP_SLOTS];
};
_Static_assert(sizeof(struct weir__line) == 64, "one cache line");

/* A line of a chain: such a line alone, but in CORE_RCU, where it is retired by itself, */
struct weir__more {
    struct weir__line line; /* the first */
    struct weir_rcu_head head;
};
/* and has to know its map's allocator, if there is one. */
struct weir__more_of {
    struct weir__more more;
    const struct weir_alloc *alloc;
};

/* A power of two of lines, at least 2: line h >> shift for hash h. */
struct weir__table {
    unsigned shift;
    size_t lines;
    weir_au16 *filter; /* a word of each line (I18); NULL: a small table has none */
    weir_aptr next;    /* the table that its entries move to; set once */
    const struct weir_alloc *alloc;
    size_t more_bytes; /* of a line of a chain */
    struct weir_rcu_head head;
    struct weir__table *later;             /* of weir__core.dead */
    _Alignas(WEIR_LINE) weir_asize cursor; /* lines up to here are somebody's to move, modulo all */
    weir_asize left;                       /* lines that have not moved */
    weir_asize chained;                    /* further lines of those that have */
    struct weir__lock spare_lock;          /* taken if it is free, never waited for */
    struct weir__line *spare;              /* CORE_SEQ: lines that have left their chains */
    weir_asize spares;                     /* how many */
    _Alignas(WEIR_LINE) struct weir__line line[];
    /* and, of a large one, the filter */
};

#define MAP_STRIPES 16
struct weir__stripe {
    _Alignas(WEIR_LINE) weir_asize n; /* inserted less removed, modulo its size */
    weir_asize removals;              /* about */
};

enum weir__core_kind { CORE_RCU, CORE_SEQ, CORE_MUTEX, CORE_RWLOCK, CORE_HELD };

struct weir__core {
    weir_aptr table;
    const struct weir_alloc *alloc;
    enum weir__core_kind kind;
    unsigned step;               /* lines that a write moves, beside its own */
    unsigned fill;               /* entries in 16 lines from which on it grows */
    unsigned share;              /* of the entries that are counted it has one in 1 << share */
    struct weir__stripe *stripe; /* MAP_STRIPES, of the whole map */
    struct weir__table *dead;    /* under the lock of a plain kind: to be freed at its end */
    weir_asize floor;            /* lines: never shrinks below */
    struct weir__bell bell;
    union {
        weir__mutex mutex;
        weir__rwlock rwlock;
    } lock;
    _Alignas(WEIR_LINE) weir_asize grown, shrunk, failed, rewritten; /* for statistics */
};

struct weir__core_opts {
    enum weir__core_kind kind;
    const struct weir_alloc *alloc;
    size_t hint; /* entries, of this core */
    unsigned step, fill, share;
    struct weir__stripe *stripe;
};
int weir__core_init(struct weir__core *m, const struct weir__core_opts *o); /* 0, WEIR_ENOMEM */
void weir__core_fini(struct weir__core *m);
int weir__core_reserve(struct weir__core *m, size_t entries); /* see weir_map_reserve */
/* Adds what it sees. node_bytes: of the node that a value stands for; NULL: it looks at none. */
void weir__core_look(struct weir__core *m, struct weir_map_stats *out,
                     size_t (*node_bytes)(uint64_t val));

static inline bool weir__core_plain(const struct weir__core *m) { return m->kind >= CORE_MUTEX; }

/* Begins and ends what must be in a guard; enter also for writers, read for those who only read. Between the former
 * and its end no fork happens (lib/fork.h): so no child finds a line locked, or half changed. (Of the plain kinds
 * it may.) */
weir_guard weir__core_enter_plain(struct weir__core *m, bool writes);
void weir__core_exit_plain(struct weir__core *m);
static inline weir_guard weir__core_enter(struct weir__core *m) {
    return WEIR_UNLIKELY(weir__core_plain(m)) ? weir__core_enter_plain(m, true)
                                              : weir__fork_section();
}
/* The same, but while a fork is being made no longer than until `deadline`, or the end of ctx. Of the plain kinds it
 * waits for the lock. */
static inline struct weir__fork_in weir__core_enter_wait(struct weir__core *m, weir_time deadline,
                                                         weir_ctx *ctx) {
    if (WEIR_UNLIKELY(weir__core_plain(m)))
        return (struct weir__fork_in){ weir__core_enter_plain(m, true), 0 };
    return weir__fork_section_wait(deadline, ctx);
}
/* For one step of a writer's, which is whole wherever a fork happens. */
static inline weir_guard weir__core_enter_step(struct weir__core *m) {
    return WEIR_UNLIKELY(weir__core_plain(m)) ? weir__core_enter_plain(m, true) : weir__rcu_enter();
}
static inline weir_guard weir__core_enter_read(struct weir__core *m) {
    return WEIR_UNLIKELY(weir__core_plain(m)) ? weir__core_enter_plain(m, false)
                                              : weir__rcu_enter();
}
static inline void weir__core_exit(struct weir__core *m, weir_guard g) {
    if (WEIR_UNLIKELY(weir__core_plain(m)))
        weir__core_exit_plain(m);
    else
        (void)weir__rcu_exit(g);
}

/* ---- lines ---------------------------------------------------------------------------------------------- */

static inline struct weir__line *weir__map_line(struct weir__table *t, uint64_t h) {
    return &t->line[h >> t->shift];
}
static inline uint64_t weir__chain_bit(uint64_t h) { return UINT64_C(0x100) << (h >> 20 & 7); }
/* In builds for tests there are tables of both sorts, and a test may choose, before it makes one. */
#if defined(WEIR_MODEL)
#define MAP_FILTER_ANY SIZE_MAX
#elif defined(WEIR_DEBUG)
#define MAP_FILTER_ANY 8
#endif
#ifdef MAP_FILTER_ANY
extern __attribute__((visibility("hidden"))) size_t weir__map_filter_from; /* lines */
#endif
#ifdef WEIR_MODEL
#define MAP_FILTER_SHIFT 0 /* scenarios name keys by small numbers */
#else
#define MAP_FILTER_SHIFT 24
#endif
static inline uint16_t weir__filter_bit(uint64_t h) {
    return (uint16_t)(1u << (h >> MAP_FILTER_SHIFT & 15));
}
/* True: at that instant no key of this hash is in the map, whose root t was in this guard. */
static inline bool weir__map_absent(const struct weir__table *t, uint64_t h) {
    return t->filter &&
           !(weir_load_acquire(&t->filter[h >> t->shift], MAP_B2) & weir__filter_bit(h));
}
/* Before an entry of this hash is live, under the lock of its line in t. Who finds the entry, or hears of it, has
 * acquired what made it live, or a change after that. Release: the word says still that others have gone, for whom
 * a relaxed store would end the release sequence of B1 (B1, MAP4). */
static inline void weir__filter_add(struct weir__table *t, uint64_t h) {
    if (!t->filter) return;
    weir_au16 *f = &t->filter[h >> t->shift];
    uint16_t bits = weir_load_relaxed(f), bit = weir__filter_bit(h);
    if (!(bits & bit)) weir_store_release(f, (uint16_t)(bits | bit), MAP_B3);
}
/* After an entry of `first`, or its last line of a chain, has gone, under the lock; ctrl says what is left. */
void weir__filter_anew(struct weir__table *t, const struct weir__line *first, uint64_t ctrl);
/* Before this line, whose lock is held, is marked as moved. Relaxed: who knows what happened in the next table has
 * acquired the mark (C3, M1, T2), or what came after it. */
static inline void weir__filter_all(struct weir__table *t, const struct weir__line *l) {
    if (t->filter) weir_store_relaxed(&t->filter[l - t->line], (uint16_t)UINT16_MAX);
}
/* Those of all entries that the chain of `first` has. Under its lock. */
uint64_t weir__chain_bits(struct weir__line *first);

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
static inline struct weir__table *weir__map_root(const struct weir__core *m) {
    return weir__map_reads(weir_load_acquire(&m->table, MAP_T2));
}
static inline struct weir__table *weir__map_successor(struct weir__table *t) {
    return weir__map_reads(weir_load_acquire(&t->next, MAP_N2));
}

/* The slots, a bit each, that have this hash; only live ones mean something. Without branches: which
 * slot it is cannot be predicted. */
static inline unsigned weir__map_match(const struct weir__line *l, uint64_t hash) {
    return (unsigned)(weir_load_relaxed(&l->hash[0]) == hash) |
           (unsigned)(weir_load_relaxed(&l->hash[1]) == hash) << 1 |
           (unsigned)(weir_load_relaxed(&l->hash[2]) == hash) << 2;
}
static inline unsigned weir__map_first(unsigned bits) { return (unsigned)__builtin_ctz(bits); }
static inline unsigned weir__map_live(uint64_t ctrl) { return (unsigned)(ctrl & MAP_LIVE); }
static inline size_t weir__map_count(unsigned bits) { return (size_t)__builtin_popcount(bits); }

/* Locks the line in which h has its place now; *t is its table. Where entries are being moved it moves that line,
 * and `steps` others. In a guard, which it keeps. */
struct weir__line *weir__map_lock(struct weir__core *m, uint64_t h, unsigned steps,
                                  struct weir__table **t, uint64_t *ctrl);
static inline bool weir__map_try_lock(const struct weir__core *m, struct weir__line *l,
                                      uint64_t *ctrl) {
    uint64_t c = weir_load_relaxed(&l->ctrl);
    if (WEIR_UNLIKELY(c & (MAP_LOCKED | MAP_MOVED))) return false;
    *ctrl = c;
    return weir__core_plain(m) || weir_cas_acquire(&l->ctrl, ctrl, c | MAP_LOCKED, MAP_L1);
}
/* Gives it back with this control word, locked or not. */
static inline void weir__map_unlock(struct weir__core *m, struct weir__line *l, uint64_t ctrl) {
    if (WEIR_UNLIKELY(weir__core_plain(m))) {
        weir_store_relaxed(&l->ctrl, ctrl);
        return;
    }
    weir_store_release(&l->ctrl, ctrl & ~MAP_LOCKED, MAP_C1);
    weir__bell_ring(&m->bell, &l->ctrl);
}
static inline void weir__map_wait(struct weir__core *m, struct weir__line *l) {
    weir__bell_sleep(&m->bell, &l->ctrl, MAP_LOCKED);
}

/* Clears live bits of l, which is `first`, whose control word is *ctrl, or in its chain. Under its lock; t is its
 * table. In CORE_SEQ the caller adds MAP_CHANGE; there, and in plain kinds, l, if it is empty and not the
 * first, may no longer be in the chain. */
void weir__map_remove(const struct weir__core *m, struct weir__table *t, struct weir__line *first,
                      uint64_t *ctrl, struct weir__line *l, unsigned bits);

/* ---- chains, tables ------------------------------------------------------------------------------------- */

/* Lines that a call has allocated before it took a lock. */
struct weir__spare {
    struct weir__line *first;
    size_t n;
};
bool weir__map_spare(const struct weir__core *m, struct weir__spare *s, size_t n); /* at least n */
void weir__map_spare_free(const struct weir__core *m, struct weir__spare *s);
struct weir__line *weir__map_spare_take(struct weir__spare *s);
void weir__map_lines_free(const struct weir__core *m, struct weir__line *first);
/* A line of the table's own spare ones, empty; NULL: there is none now. */
struct weir__line *weir__map_recycled(struct weir__table *t);
/* CORE_RCU: takes l out of the chain of `first`, whose lock is held; to be given to weir__map_retire after
 * that. */
void weir__map_unlink(struct weir__line *first, struct weir__line *l);
/* Retires lines, as their links go on, up to `end`. */
void weir__map_retire(const struct weir__core *m, struct weir__line *l,
                      const struct weir__line *end);
static inline size_t weir__map_more_bytes(const struct weir__core *m) {
    if (m->kind != CORE_RCU) return sizeof(struct weir__line);
    return m->alloc ? sizeof(struct weir__more_of) : sizeof(struct weir__more);
}

struct weir__table *weir__map_table(const struct weir__core *m, size_t lines); /* NULL: no memory */
void weir__map_table_free(struct weir__table *t);
size_t weir__map_lines_bytes(size_t lines); /* of a table without a filter, */
size_t weir__map_table_bytes(const struct weir__core *m, size_t lines);
size_t weir__map_bytes(const struct weir__table *t); /* without its chains */
/* So many that they hold these entries and would not grow. */
size_t weir__map_lines_for(size_t entries, unsigned fill);
/* Entries that so many lines hold before they grow. */
static inline size_t weir__map_holds(const struct weir__core *m, size_t lines) {
    return lines / 16 * m->fill + lines % 16 * m->fill / 16;
}

/* ---- moving (maps/move.c) ------------------------------------------------------------------------------- */

/* Moves the line of h, and `steps` more, to the successor of t. In a guard. 0, or WEIR_ENOMEM: some could not be
 * moved. */
int weir__map_help(struct weir__core *m, struct weir__table *t, uint64_t h, unsigned steps);
/* Until no move is in flight. 0, WEIR_ENOMEM; or what weir__core_enter_wait returns. In no guard. */
int weir__map_finish(struct weir__core *m, weir_time deadline, weir_ctx *ctx);
/* Begins to shrink if there is much too much room; whether it did. In no guard. */
bool weir__map_removed(struct weir__core *m);
/* Begins to move to a table of so many lines. 0; WEIR_EBUSY: the root has another size than `from`, or is not
 * at rest; WEIR_ENOMEM; WEIR_EAGAIN: garbage has reached its limit. In no guard. */
int weir__map_resize(struct weir__core *m, size_t from, size_t to);

/* ---- counting ------------------------------------------------------------------------------------------- */

size_t weir__stripes_sum(const struct weir__stripe *stripe);
#ifdef WEIR_MODEL
static inline size_t weir__map_stripe(void) { return 0; }
#else
/* By the number of the thread's record (lib/thread.h), which those have again who come later: two threads have one
 * stripe only if their records are a multiple of MAP_STRIPES apart. */
extern __thread unsigned char weir__map_here /* one more; 0: not yet known */
    __attribute__((tls_model("initial-exec"), visibility("hidden")));
size_t weir__map_stripe_first(void);
static inline size_t weir__map_stripe(void) {
    return WEIR_LIKELY(weir__map_here != 0) ? (size_t)(weir__map_here - 1)
                                            : weir__map_stripe_first();
}
#endif
/* Of the core's entries, about: what is counted is counted for all cores of a map. */
static inline size_t weir__map_len(const struct weir__core *m) {
    return weir__stripes_sum(m->stripe) >> m->share;
}
static inline void weir__map_add(struct weir__core *m, size_t n) {
    (void)weir_fetch_add_relaxed(&m->stripe[weir__map_stripe()].n, n);
}

#endif
