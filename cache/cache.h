/* SPDX-License-Identifier: MIT */
/* cache/cache.h - inside of weir_cache: entries, shards, and what their files promise each other.
 *
 *   index   the table of weir_map's nodes (maps/core.h): a hash to an entry. Readers look there in a guard, with no lock
 *   shard   a lock, chosen by the hash; the queues of the policy, the timer wheel, the loads under way, and those that have
 *           left and were not told of
 *
 *   reader  index -> entry -> is its time over? -> copy, mark its use
 *   writer  (room for garbage) guard { lock { find; reserve, evict; swap in the index; queues; timer } } tell, retire
 *
 * Invariants
 *   C1  (one writer of a key) an entry is put into the index, and taken out, under the lock of its hash's shard, and by
 *       itself, not by its key: who removes it finds that very entry.
 *   C2  (the bound) used <= capacity, always: it grows by a compare-and-swap that looks at the capacity. What an entry weighs
 *       is in `used` before the entry is in the index, and leaves `used`, or goes to another entry, after it has left
 *       the index. So the weight of what is in the index is never above the capacity.
 *   C3  (an eviction is not stolen) what a writer has evicted stays in `used`, as its own, until its entry has it, or it
 *       gives it back. With weight of its own and no shard's lock only one thread goes on at a time, who holds `evictor`:
 *       so two of them never wait for what the other one holds.
 *   C4  (locks) evictor, then one shard; never two shards. No function of the user's is called under either, but the
 *       clock's, and the allocator's where the table grows or shrinks. A lock is taken in a guard that ends after it is
 *       given back: so what is written under it waits for no garbage, and no guard's end waits under it.
 *   C5  an entry in the index is in one queue of its shard, or weighs nothing (PINNED); in the timer wheel if and only if it
 *       can expire.
 *   C6  (lifetime) refs: one of the index, which is given back a grace period after the entry has left it; one for each
 *       acquire, and one of its load. So who finds an entry, in a guard, may add one. The last one drops and frees.
 *   C7  (told once, in order) an entry that leaves goes to the end of its shard's list in the hold in which it leaves the
 *       index. One thread at a time takes from that list's front and calls `removed`; who finds one at it leaves it
 *       to that one. So for one key the calls come in the order of the removals.
 *   C8  (loads) of a key at most one load is linked in its shard, and only while it runs, or waits to be stored. put,
 *       invalidate, clear and close unlink it in the hold in which they take effect. What a load gives is stored only in
 *       a hold that finds it linked; then it is unlinked in the same hold. A load is linked in a hold that has found no
 *       live entry; a refresh when its task begins, in a hold that has found the very entry that it is of: so what was
 *       put, and what is not there any more, since it was asked for stays so. A restore stores beside a load: what that
 *       gives takes the place of the restored value, but not that it has failed. Who sets `over`, under the lock, ends
 *       its future; once.
 *   C9  (told last) a call tells when it is through: it holds no lock, no guard of its own and no reference, has woken
 *       who waited for it, and has nothing left to do (but maintain, which goes on). So a `removed` that is slow, or
 *       ends its thread, holds up nobody and leaves nothing behind, but what it was to be told of: that is for who
 *       comes next, or for free.
 *   C10 (forks) who writes to the index, whose gate is shut while a fork is made, has passed that gate before it takes a
 *       lock (weir__write_enter): so it waits there in no lock, and until its own deadline.
 *   C11 (over the old value) in a cache of words, values of at most 8 bytes that have no time, weight or drop and of which
 *       nobody is told, a put stores over the value that is there, until the first call that lends, by a guard or a
 *       reference: overwrite.c. So there a value is read by weir__entry_copy only.
 *
 * Progress   get, peek, get_many, acquire: wait-free (with LRU, and the plain kinds, blocking), but for a hit that begins
 *            a refresh: that allocates, and submits; and for the first peek or acquire of a cache of words, which takes
 *            a short lock of each shard. All else blocking.
 * Ordering   of entries: V1, V3 -> V4 of maps/read.h; of words CACHE_V1 -> CACHE_V2, of what is lent of them L1 -> L2; of
 *            weights: W1 -> W2 (C2): what was removed to make room is out of the index for whoever sees what was put. Of
 *            the count of references R1, R1 -> R4. The rest by locks.
 * From       S3-FIFO (Yang et al., SOSP 2023) for what leaves, Caffeine's timer wheel, quick_cache's bound inside the lock;
 *            differs in: one bound for all shards, reads without lock, eviction that keeps what it has taken. */
#ifndef WEIR_CACHE_CACHE_H
#define WEIR_CACHE_CACHE_H

#include <weir/cache.h>
#include <weir/future.h>
#include <weir/wg.h>

#include "../lib/base.h"
#include "../lib/fork.h"
#include "../lib/lock.h"
#include "../lib/os.h"
#include "../lib/thread.h"
#include "../maps/read.h"
#include "../maps/shape.h"
#include "plain.h"

/* ---- entries -------------------------------------------------------------------------------------------- */

struct weir__link {
    struct weir__link *prev, *next;
};
static inline void weir__link_init(struct weir__link *l) { l->prev = l->next = l; }
static inline bool weir__link_empty(const struct weir__link *l) { return l->next == l; }
static inline void weir__link_after(struct weir__link *at, struct weir__link *l) {
    l->prev = at;
    l->next = at->next;
    at->next->prev = l;
    at->next = l;
}
static inline void weir__link_remove(struct weir__link *l) {
    l->prev->next = l->next;
    l->next->prev = l->prev;
    weir__link_init(l);
}

enum weir__queued { CACHE_NONE, CACHE_SMALL, CACHE_MAIN, CACHE_PINNED, CACHE_QUEUES };

/* What is read by hits stands last, in front of value and key: of small ones in a line of 64 bytes, or two. */
struct weir__entry {
    struct weir_rcu_head head;
    weir_cache *c;
    struct weir__link queue, timer;
    struct weir__entry *gone; /* the next that has left */
    uint64_t hash, weight;
    struct weir_str str;  /* the key, if it is a string */
    weir_au64 used;       /* when it was last seen to be, to a 64th of the time to idle */
    weir_time stale;      /* from when on a hit begins a load in its place; WEIR_FOREVER: never */
    weir_au32 refreshing; /* one has */
    uint8_t in;           /* enum weir__queued */
    uint8_t cause;
    bool timed;
    bool owned; /* its value goes to drop */
    weir_au32 refs;
    int code;          /* 0: a value; else the failure of a load, and no value */
    weir_time expires; /* WEIR_FOREVER: never, by its age */
    weir_au32 freq;    /* uses, up to the policy's limit */
    uint32_t key_len, key_at;
    uint64_t val[];
};

static inline struct weir__entry *weir__entry_of(uint64_t word) {
    return (struct weir__entry *)(uintptr_t)word; /* NOLINT(performance-no-int-to-ptr) */
}
static inline uint64_t weir__entry_word(const struct weir__entry *e) { return (uintptr_t)e; }
static inline struct weir__entry *weir__entry_queued(struct weir__link *l) {
    return (struct weir__entry *)(void *)((char *)l - offsetof(struct weir__entry, queue));
}
static inline struct weir__entry *weir__entry_timed(struct weir__link *l) {
    return (struct weir__entry *)(void *)((char *)l - offsetof(struct weir__entry, timer));
}
static inline const void *weir__entry_bytes(const struct weir__entry *e) {
    return (const char *)e + e->key_at;
}
/* Of a cache of words (C11). */
static inline weir_au64 *weir__entry_value(struct weir__entry *e) {
    return (weir_au64 *)(void *)e->val;
}
static inline void weir__entry_reads(const struct weir__entry *e) {
#ifdef WEIR_MODEL
    weir_model_read(&e->key_len, sizeof e->key_len + sizeof e->key_at);
#else
    (void)e;
#endif
}

/* ---- the policy's and the clock's part of a shard --------------------------------------------------------- */

struct weir__ghosts {
    uint64_t *slot; /* GHOST_WAYS for each of mask + 1: fingerprint | number */
    size_t mask;
    uint32_t number; /* of the last one */
};

#define WHEEL_LEVELS 5
#define WHEEL_BUCKETS (64 + 64 + 32 + 4 + 1)
struct weir__wheel {
    weir_time time; /* up to which all buckets were emptied */
    size_t timed;
    struct weir__link due; /* taken from their buckets, and not yet looked at */
    struct weir__link bucket[WHEEL_BUCKETS];
};

struct weir__load;

struct weir__shard {
    _Alignas(WEIR_LINE) struct weir__shard_lock lock;
    struct weir__lock over; /* after `lock`, or alone: O2 of overwrite.c */
    bool lent;              /* under that one: no value is stored over any more */
    bool closed;
    bool telling;     /* a thread calls `removed` */
    weir_au64 weight; /* of its entries: written under the lock, read by evictors */
    struct {
        struct weir__link list; /* next: the newest */
        uint64_t weight;
        size_t n;
    } queue[CACHE_QUEUES];
    struct weir__link *hand; /* SIEVE: where it looks next; NULL: at the oldest */
    struct weir__ghosts ghosts;
    struct weir__wheel wheel;
    struct weir__entry *gone, **gone_end;
    struct weir__load *loads; /* whose end has not come, linked or not */
    uint64_t removed[WEIR_CACHE_CAUSES], bytes, refused;
    size_t n;
};

/* Counts that one thread writes. */
struct weir__tally {
    _Alignas(WEIR_LINE) weir_au64 hits;
    weir_au64 misses, loads, load_failures;
};
_Static_assert(sizeof(struct weir__tally) == WEIR_LINE, "a line each");
#define TALLY_CHUNK 64
#define TALLY_CHUNKS 64

struct weir_cache {
    /* Read by all. */
    struct weir__shape shape;
    struct weir__core core;
    uint64_t capacity, share; /* share: a shard's */
    unsigned mask;            /* shards - 1 */
    unsigned freq_max;
    int policy, kind;
    bool timed;     /* entries expire by the options */
    bool words;     /* values are words that a put may store over (C11) */
    weir_au32 lent; /* C11; P2 of plain.h */
    weir_time ttl, tti, negative_ttl, refresh;
    weir_cache_load_fn *load;
    void *load_arg;
    weir_exec exec; /* submit NULL: threads */
    weir_cache_weigh_fn *weigh;
    weir_cache_removed_fn *removed;
    weir_cache_clock_fn *clock;
    weir_drop_fn *drop;
    void *arg;
    const struct weir_alloc *alloc;
    weir_aptr tally[TALLY_CHUNKS]; /* struct weir__tally[TALLY_CHUNK] */
    struct weir__tally stray;      /* of threads that have none: read-modify-writes */

    struct weir__stripe stripe[MAP_STRIPES];
    _Alignas(WEIR_LINE) weir_au64 used;
    weir_asize alive; /* entries that have memory */
    struct weir__lock evictor;
    weir_au32 closed;
    weir_au32 expires; /* an entry with a time to live of its own was put */
    struct weir__plain_lock plain;
    weir_wg busy; /* refreshes */
    _Alignas(WEIR_LINE) struct weir__shard shard[];
};

static inline struct weir__shard *weir__shard_of(weir_cache *c, uint64_t hash) {
    return &c->shard[(hash >> 8) & c->mask];
}

/* Where a caller's key is. */
struct weir__spot {
    struct weir__key key;
    uint64_t hash;
};
/* 0, WEIR_EINVAL, WEIR_ETOOBIG. */
static inline int weir__spot(const weir_cache *c, const void *key, struct weir__spot *to,
                             const char *call) {
    int rc = weir__key_of(&c->shape, key, &to->key);
    if (WEIR_UNLIKELY(rc != 0)) {
        if (rc == WEIR_EINVAL) (void)weir__misuse(call, "a bad string");
        return rc;
    }
    to->hash = weir__key_hash(&c->shape, &to->key);
    return 0;
}

static inline bool weir__entry_is(const void *key, uint64_t word) {
    const struct weir__key *k = key;
    const struct weir__entry *e = weir__entry_of(word);
    weir__entry_reads(e);
    if (e->key_len != k->len) return false;
    uint64_t a, b;
    if (k->len != sizeof a) return memcmp(weir__entry_bytes(e), k->at, k->len) == 0;
    memcpy(&a, weir__entry_bytes(e), sizeof a); /* without a call */
    memcpy(&b, k->at, sizeof b);
    return a == b;
}
/* In a guard. NULL: there is none. */
static inline struct weir__entry *weir__cache_find(const weir_cache *c,
                                                   const struct weir__spot *a) {
    uint64_t word;
    bool found = weir__find(weir__map_root(&c->core), a->hash, weir__entry_is, &a->key, &word);
    return found ? weir__entry_of(word) : NULL;
}

/* ---- plain kinds ---------------------------------------------------------------------------------------- */

static inline bool weir__cache_plain(const weir_cache *c) {
    return WEIR_UNLIKELY(c->kind != WEIR_CACHE_RCU);
}
/* Begins and ends what a reader looks at: in a guard; of a plain kind, in the lock. */
static inline weir_guard weir__read_enter(weir_cache *c) {
    if (!weir__cache_plain(c)) return weir__rcu_enter();
    weir__shard_lock_read(&c->shard[0].lock);
    return (weir_guard){ 0 };
}
static inline void weir__read_exit(weir_cache *c, weir_guard g) {
    if (weir__cache_plain(c))
        weir__shard_unlock(&c->shard[0].lock);
    else
        (void)weir__rcu_exit(g);
}
/* What leaves is freed at once. Relaxed: P2. */
static inline bool weir__frees_at_once(weir_cache *c) {
    return weir__cache_plain(c) && weir_load_relaxed(&c->lent) == 0;
}
/* Room for garbage, if there will be some: weir_rcu_room_wait. */
static inline int weir__garbage_room(weir_cache *c, size_t bytes, weir_time deadline,
                                     weir_ctx *ctx) {
    return weir__frees_at_once(c) ? 0 : weir_rcu_room_wait(bytes, deadline, ctx);
}

/* ---- time ----------------------------------------------------------------------------------------------- */

static inline weir_time weir__cache_now(const weir_cache *c) {
    return c->clock ? c->clock(c->arg) : weir__os_now();
}
/* What a write calls now: time does not matter until something can expire, and a clock costs. */
#define CACHE_NO_TIME INT64_MIN
static inline weir_time weir__write_time(const weir_cache *c) {
    /* Relaxed: whoever has seen no entry that expires finds none that has. */
    bool timed = c->timed || weir_load_relaxed(&c->expires) != 0;
    return timed ? weir__cache_now(c) : CACHE_NO_TIME;
}
static inline weir_time weir__sum(weir_time a, weir_time b) {
    weir_time sum;
    return __builtin_add_overflow(a, b, &sum) ? WEIR_FOREVER : sum;
}
/* From when on it is not returned. */
static inline weir_time weir__entry_end(const weir_cache *c, struct weir__entry *e) {
    if (!c->tti) return e->expires;
    weir_time idle =
        weir__sum(weir__sum((weir_time)weir_load_relaxed(&e->used), c->tti), c->tti / 64);
    return idle < e->expires ? idle : e->expires;
}
static inline bool weir__entry_over(const weir_cache *c, struct weir__entry *e, weir_time now) {
    weir_time end = weir__entry_end(c, e);
    return end != WEIR_FOREVER && now >= end;
}

/* Whether it is an answer now; it may be that of a load that failed. */
static inline bool weir__entry_lives(const weir_cache *c, struct weir__entry *e) {
    if (WEIR_LIKELY(e->expires == WEIR_FOREVER && !c->tti)) return true;
    return !weir__entry_over(c, e, weir__cache_now(c));
}

/* cache/read.c: a get, counted; to *val, or, if that is NULL, *acquired. 0, WEIR_ENOENT. */
int weir__cache_read(weir_cache *c, const struct weir__spot *a, void *val, const void **acquired);

/* cache/wheel.c. Under the shard's lock. */
void weir__wheel_init(struct weir__wheel *w, weir_time now);
void weir__wheel_add(struct weir__wheel *w, struct weir__entry *e, weir_time end);
void weir__wheel_remove(struct weir__wheel *w, struct weir__entry *e);
/* An entry whose bucket's time has come, out of the wheel; NULL: none. all: also of the bucket of now. */
struct weir__entry *weir__wheel_next(struct weir__wheel *w, weir_time now, bool all);

/* cache/policy.c. Under the shard's lock. */
int weir__policy_init(weir_cache *c, struct weir__shard *s, size_t entries); /* 0, WEIR_ENOMEM */
void weir__policy_fini(weir_cache *c, struct weir__shard *s);
void weir__policy_add(weir_cache *c, struct weir__shard *s, struct weir__entry *e);
/* e takes the place of old, which is queued nowhere then. */
void weir__policy_replace(weir_cache *c, struct weir__shard *s, struct weir__entry *old,
                          struct weir__entry *e);
void weir__policy_remove(struct weir__shard *s, struct weir__entry *e);
/* The one to go next, queued still; NULL: there is none that weighs anything. */
struct weir__entry *weir__policy_victim(weir_cache *c, struct weir__shard *s);
/* It was evicted. */
void weir__policy_evicted(weir_cache *c, struct weir__shard *s, const struct weir__entry *e);
/* A hit of LRU. */
void weir__policy_used(weir_cache *c, struct weir__entry *e);

/* cache/entry.c. */
struct weir__entry *weir__entry_make(weir_cache *c, const struct weir__spot *a); /* NULL; refs 1 */
void weir__entry_unref(struct weir__entry *e);
static inline void weir__entry_ref(struct weir__entry *e) {
    /* Relaxed: who may add one has, or is in a guard that keeps, another. */
    (void)weir_fetch_add_relaxed(&e->refs, 1);
}
size_t weir__entry_size(const struct weir__entry *e);
size_t weir__entry_size_for(const weir_cache *c, size_t key_len);
/* Of one that has left the index: gives the index's reference back, after a grace period if need be. In no lock. */
void weir__entry_retire(struct weir__entry *e);
/* What the caller's functions get as the key. */
static inline const void *weir__entry_key(const weir_cache *c, const struct weir__entry *e) {
    return c->shape.strings ? (const void *)&e->str : weir__entry_bytes(e);
}

/* In no lock, around the holds of a call that writes (C10): 0 and a guard, ended by weir__rcu_exit; or, if a fork is being
 * made until the deadline, or the end of ctx, WEIR_ETIMEDOUT, WEIR_EAGAIN, ctx's error, WEIR_ENOMEM (for ctx). */
static inline struct weir__fork_in weir__write_enter(const weir_cache *c, weir_time deadline,
                                                     weir_ctx *ctx) {
    if (weir__cache_plain(c)) return (struct weir__fork_in){ weir__rcu_enter(), 0 };
    return weir__fork_section_wait(deadline, ctx);
}

/* cache/shard.c. A hold of a shard's lock, in a guard. */
weir_guard weir__hold(struct weir__shard *s);
/* Shards with something that the call has to tell of. */
#define SHARDS_MAX 256
struct weir__untold {
    uint64_t shard[SHARDS_MAX / 64];
};
/* Ends it; what has left is noted in u (NULL: who comes next tells of it). */
void weir__hold_end(weir_cache *c, struct weir__shard *s, weir_guard g, struct weir__untold *u);
/* Calls `removed`, and gives up what has left. The last that a call does (C7, C9). */
void weir__cache_tell(weir_cache *c, const struct weir__untold *u);
/* In the hold: out of the index, its weight still in `used`. */
void weir__take_out(weir_cache *c, struct weir__shard *s, struct weir__entry *e, int cause,
                    weir_time now);
/* In the hold: takes away what has expired, at most `most`; how many. */
#define EXPIRES_PER_WRITE 16
size_t weir__expire(weir_cache *c, struct weir__shard *s, weir_time now, size_t most, bool all);
void weir__give_back(weir_cache *c, uint64_t weight);
/* Stores e, which its caller has a reference on, and which is written and weighed; the index gets one of its own. l: only if
 * that load is linked, which it unlinks; NULL: it unlinks what is. u: as of weir__hold_end. 0; WEIR_ECLOSED, WEIR_ENOMEM,
 * WEIR_ETOOBIG; WEIR_ENOENT: the load is not linked any more. */
int weir__store(weir_cache *c, struct weir__entry *e, struct weir__load *l, struct weir__untold *u);
/* The same, but WEIR_EEXIST if there is a value already; a load of the key that is under way stays linked. */
int weir__store_new(weir_cache *c, struct weir__entry *e, struct weir__untold *u);

/* When e is written: its times. ttl: the caller's, or WEIR_TTL_DEFAULT. */
void weir__entry_times(weir_cache *c, struct weir__entry *e, weir_time ttl);
uint64_t weir__entry_weigh(const weir_cache *c, const struct weir__entry *e);

/* ---- counting ------------------------------------------------------------------------------------------- */

/* cache/entry.c: that of the calling thread, or NULL. May allocate: in no lock. */
struct weir__tally *weir__tally_of(weir_cache *c);
#define WEIR__COUNT(c, field, n)                                                 \
    do {                                                                         \
        struct weir__tally *t_ = weir__tally_of(c);                              \
        if (WEIR_LIKELY(t_ != NULL)) /* relaxed: one thread writes it */         \
            weir_store_relaxed(&t_->field, weir_load_relaxed(&t_->field) + (n)); \
        else                                                                     \
            (void)weir_fetch_add_relaxed(&(c)->stray.field, (n));                \
    } while (0)

#endif
