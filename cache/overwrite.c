/* SPDX-License-Identifier: MIT */
/* cache/overwrite.c - a put over the value that is there: C11 of cache.h.
 *
 * Where a value is a word, and nothing else of an entry goes with it (no time, weight, drop or listener), a put of a key
 * that is there stores the word, under the lock of the shard: no memory, nothing to retire, no place in a queue to give
 * over. A hit copies such a value with one load.
 *
 * Invariants
 *   O1  a value is stored over only while its entry is in the index, under the shard's lock, and nobody but the index has a
 *       reference. So what a load gives to those who wait is its own value; whoever found the entry in a guard, and reads
 *       after it has left, has the last value that it had there.
 *   O2  (lent) who is to have the value itself, by a guard or a reference, has each shard's `lent` set under its lock `over`,
 *       by itself or by one before it, before it looks for the entry. Who stores over a value has found `lent` unset under
 *       the same lock, and stores there: so that store is over, and there is none after it. In `over` nothing else is done: who
 *       lends waits for no memory, clock or reader.
 *   O3  what has expired is taken away, as by each put, if there is room for garbage at once.
 *
 * Progress   blocking: one hold. Lending: once in a cache's life a lock that is held for a few instructions, of each shard;
 *            after that a load.
 * Ordering   V1 (the word) -> V2 (a copy): what a thread did before it put a value is seen by whoever gets it. L1 (all
 *            shards are set) -> L2 (one that lends): the stores of O2 are before what is lent is read. R1 (a reference is
 *            given back) -> R4 (there is none): who had one has read before. */
#include "load.h"
#include "overwrite.h"

void weir__cache_lend(weir_cache *c) {
    for (unsigned i = 0; i <= c->mask; i++) {
        weir__lock(&c->shard[i].over);
        c->shard[i].lent = true;
        weir__unlock(&c->shard[i].over);
    }
    WEIR_POINT("cache.lends");
    weir_store_release(&c->lent, 1, CACHE_L1);
}

/* In a guard: whether it may be stored over, but for O2. */
static bool usable(struct weir__entry *e) {
    return e && e->code == 0 && e->expires == WEIR_FOREVER &&
           weir_load_acquire(&e->refs, CACHE_R4) == 1;
}

/* In the hold. False: values are lent. */
static bool store(struct weir__shard *s, struct weir__entry *e, uint64_t word) {
    weir__lock(&s->over);
    bool may = !s->lent;
    WEIR_POINT("cache.overwrite");
#ifdef WEIR_MODEL
    if (may) weir_model_write(e->val, sizeof word); /* against who has it */
#endif
    if (may) weir_store_release(weir__entry_value(e), word, CACHE_V1);
    weir__unlock(&s->over);
    return may;
}

/* In a guard. */
static int overwrite(weir_cache *c, const struct weir__spot *a, uint64_t word, weir_time now) {
    struct weir__shard *s = weir__shard_of(c, a->hash);
    weir_guard g = weir__hold(s);
    int rc = s->closed ? WEIR_ECLOSED : WEIR_ENOENT;
    if (!s->closed) {
        (void)weir__expire(c, s, now, EXPIRES_PER_WRITE, false);
        struct weir__entry *e = weir__cache_find(c, a);
        if (usable(e) && store(s, e, word)) {
            if (c->policy == WEIR_CACHE_LRU) weir__policy_used(c, e);
            weir__loads_unlink(s, a);
            s->removed[WEIR_CACHE_REPLACED]++;
            rc = 0;
        }
    }
    weir__hold_end(c, s, g, NULL); /* of words nobody is told */
    return rc;
}

int weir__cache_overwrite(weir_cache *c, const struct weir__spot *a, const void *val,
                          weir_time deadline, weir_ctx *ctx) {
    uint64_t word = 0;
    if (weir_load_relaxed(&c->lent) != 0) return WEIR_ENOENT; /* relaxed: O2 decides */
    memcpy(&word, val, c->shape.val_size);
    weir_time now = weir__write_time(c); /* O3 */
    if (now != CACHE_NO_TIME && weir__garbage_room(c, 0, WEIR_NOW, NULL) != 0) now = CACHE_NO_TIME;
    struct weir__fork_in in = weir__write_enter(c, deadline, ctx);
    if (in.rc != 0) return in.rc;
    /* First without the lock: so a key that is not there costs one look more, and no hold (of a plain kind, one). */
    bool there = weir__cache_plain(c) || usable(weir__cache_find(c, a));
    int rc = there ? overwrite(c, a, word, now) : WEIR_ENOENT;
    (void)weir__rcu_exit(in.g);
    return rc;
}
