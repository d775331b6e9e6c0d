/* SPDX-License-Identifier: MIT */
/* cache/shard.c - what writes: putting, removing, evicting, expiring, and telling of it. See cache.h, C1 to C5, C7.
 *
 * A put that finds no room evicts from its own shard, in the hold in which it stores, if that shard has about its share of
 * the capacity. Else it becomes the evictor, one of all threads, and takes from whichever shard has most, one lock at a
 * time; what it has taken is its own, and what is free it takes in any portion. Whoever else stores meanwhile needs what is free, or
 * evicts in its own shard as much as it stores: so the evictor gets more with every shard that it visits, or finds a shard's lock
 * held by somebody who is about to store, whose entry it can take then.
 *
 * Ordering   W1 (release) -> W2 (acquire): of `used`. */
#include "load.h"

#include "../lib/os_user.h"
#include "../maps/write.h"

/* ---- weight --------------------------------------------------------------------------------------------- */

void weir__give_back(weir_cache *c, uint64_t weight) {
    uint64_t used = weir_load_relaxed(&c->used);
    while (weight && !weir_cas_release(&c->used, &used, used - weight, CACHE_W1)) {
    }
}

/* Up to `want`, in any portion if `some`. Returns what it has got. */
static uint64_t reserve(weir_cache *c, uint64_t want, bool some) {
    uint64_t used = weir_load_relaxed(&c->used), got;
    if (want == 0) return 0;
    do {
        uint64_t free = c->capacity - used;
        got = free >= want ? want : some ? free : 0;
        if (got == 0) return 0;
    } while (!weir_cas_acquire(&c->used, &used, used + got, CACHE_W2));
    return got;
}

static void weigh_shard(struct weir__shard *s, uint64_t more) {
    /* Relaxed: written under the lock; others only compare. */
    weir_store_relaxed(&s->weight, weir_load_relaxed(&s->weight) + more);
}

/* ---- holds ---------------------------------------------------------------------------------------------- */

weir_guard weir__hold(struct weir__shard *s) {
    weir_guard g = weir__rcu_enter();
    weir__shard_lock(&s->lock);
    return g;
}

/* Under the lock: what has left, if nobody has to be told in order. */
static struct weir__entry *take_gone(struct weir__shard *s) {
    struct weir__entry *e = s->gone;
    s->gone = NULL;
    s->gone_end = &s->gone;
    return e;
}

static void retire_all(struct weir__entry *e) {
    for (struct weir__entry *next; e; e = next) {
        next = e->gone;
        weir__entry_retire(e);
    }
}

/* What leaves goes out in turn, when a call is through (C9): `removed` is to hear of it; or, in the plain kinds, which
 * free at once, `drop`. */
static bool in_turn(const weir_cache *c) { return c->removed || (c->drop && weir__cache_plain(c)); }

struct telling {
    weir_cache *c;
    struct weir__shard *s;
    struct weir__entry *e; /* of which `removed` is told now */
    bool through;
};

/* C7. In no lock but between the calls. */
static void tell_on(void *telling) {
    struct telling *t = telling;
    struct weir__shard *s = t->s;
    weir__shard_lock(&s->lock);
    while ((t->e = s->gone) != NULL) {
        s->gone = t->e->gone;
        if (!s->gone) s->gone_end = &s->gone;
        weir__shard_unlock(&s->lock);
        WEIR_POINT("cache.tells");
        if (t->e->code == 0 && t->c->removed)
            t->c->removed(weir__entry_key(t->c, t->e), t->e->val, t->e->cause, t->c->arg);
        weir__entry_retire(t->e);
        weir__shard_lock(&s->lock);
    }
    s->telling = false;
    t->through = true;
    weir__shard_unlock(&s->lock);
}

/* `removed` has ended its thread: the rest is for who comes next. */
static void told(void *telling) {
    struct telling *t = telling;
    if (t->through) return;
    weir__entry_retire(t->e);
    weir__shard_lock(&t->s->lock);
    t->s->telling = false;
    weir__shard_unlock(&t->s->lock);
}

static void note(const weir_cache *c, const struct weir__shard *s, struct weir__untold *u) {
    size_t i = (size_t)(s - c->shard);
    u->shard[i / 64] |= UINT64_C(1) << i % 64;
}

void weir__hold_end(weir_cache *c, struct weir__shard *s, weir_guard g, struct weir__untold *u) {
    struct weir__entry *gone = in_turn(c) ? NULL : take_gone(s);
    if (u && s->gone && !s->telling) note(c, s, u);
    weir__shard_unlock(&s->lock);
    (void)weir__rcu_exit(g);
    retire_all(gone);
}

static void tell_of(weir_cache *c, struct weir__shard *s) {
    struct telling t = { c, s, NULL, false };
    weir__shard_lock(&s->lock);
    struct weir__entry *gone = in_turn(c) ? NULL : take_gone(s);
    bool tells = s->gone && !s->telling;
    if (tells) s->telling = true;
    weir__shard_unlock(&s->lock);
    retire_all(gone);
    if (tells) weir__os_user_call(tell_on, &t, told, &t);
}

void weir__cache_tell(weir_cache *c, const struct weir__untold *u) {
    for (unsigned i = 0; i <= c->mask / 64; i++)
        for (uint64_t left = u->shard[i]; left; left &= left - 1)
            tell_of(c, &c->shard[i * 64 + (unsigned)__builtin_ctzll(left)]);
}

/* By the evictor, who has noted the shard. */
static void hold_end_untold(struct weir__shard *s, weir_guard g) {
    weir__shard_unlock(&s->lock);
    (void)weir__rcu_exit(g);
}

/* ---- removing ------------------------------------------------------------------------------------------- */

static bool same_word(struct weir__write *w, uint64_t word) { return word == w->expect; }

/* Out of queue and wheel, and to those that have left. */
static void leave(struct weir__shard *s, struct weir__entry *e, int cause) {
    weir__wheel_remove(&s->wheel, e);
    weigh_shard(s, 0 - e->weight);
    s->n--;
    s->bytes -= weir__entry_size(e);
    if (e->code == 0) s->removed[cause]++;
    e->cause = (uint8_t)cause;
    e->gone = NULL;
    *s->gone_end = e;
    s->gone_end = &e->gone;
}

void weir__take_out(weir_cache *c, struct weir__shard *s, struct weir__entry *e, int cause,
                    weir_time now) {
    struct weir__write w = {
        .m = &c->core, .verb = WRITE_TAKE, .hash = e->hash, .expect = weir__entry_word(e)
    };
    w.same = same_word;
    (void)weir__write(&w, WEIR_FOREVER, NULL); /* a removal needs nothing, and C1: it is there */
    if (cause == WEIR_CACHE_SIZE && weir__entry_over(c, e, now)) cause = WEIR_CACHE_EXPIRED;
    weir__policy_remove(s, e);
    leave(s, e, cause);
}

size_t weir__expire(weir_cache *c, struct weir__shard *s, weir_time now, size_t most, bool all) {
    size_t n = 0;
    if (now == CACHE_NO_TIME) return 0;
    for (size_t i = 0; i < most; i++) {
        struct weir__entry *e = weir__wheel_next(&s->wheel, now, all && i == 0);
        if (!e) break;
        if (weir__entry_over(c, e, now)) {
            weir__take_out(c, s, e, WEIR_CACHE_EXPIRED, now);
            weir__give_back(c, e->weight);
            n++;
        } else {
            weir__wheel_add(&s->wheel, e, weir__entry_end(c, e));
        }
    }
    return n;
}

/* ---- evicting ------------------------------------------------------------------------------------------- */

/* In the hold. What the next victim weighed; 0: there is none. */
static uint64_t evict_one(weir_cache *c, struct weir__shard *s, weir_time now) {
    struct weir__entry *e = weir__policy_victim(c, s);
    if (!e) return 0;
    weir__policy_evicted(c, s, e);
    weir__take_out(c, s, e, WEIR_CACHE_SIZE, now);
    return e->weight;
}

static struct weir__shard *fullest(weir_cache *c) {
    struct weir__shard *most = &c->shard[0];
    for (unsigned i = 1; i <= c->mask; i++) /* relaxed: to begin with */
        if (weir_load_relaxed(&c->shard[i].weight) > weir_load_relaxed(&most->weight))
            most = &c->shard[i];
    return most;
}

/* By the evictor: adds to *mine until it is `want`, or shard s was visited. */
static void gather(weir_cache *c, struct weir__shard *s, uint64_t *mine, uint64_t want,
                   weir_time now) {
    weir_guard g = weir__hold(s);
    *mine += reserve(c, want - *mine, true);
    for (uint64_t w = 1; *mine < want && w > 0; *mine += w) w = evict_one(c, s, now);
    hold_end_untold(s, g);
}

/* ---- storing -------------------------------------------------------------------------------------------- */

struct store {
    weir_cache *c;
    struct weir__shard *s;
    struct weir__entry *e, *old;
    struct weir__load *l;
    struct weir__untold *u;
    struct weir__spot at;
    weir_time now;
    uint64_t mine; /* weight in `used` that is no entry's */
    bool evictor;
    bool only_new; /* a value that is there stays */
};

/* What it lacks beside `mine`. */
static uint64_t lacks(const struct store *st) {
    uint64_t have = st->mine + (st->old ? st->old->weight : 0);
    return have >= st->e->weight ? 0 : st->e->weight - have;
}

/* In the hold. Whether there is enough now. */
static bool make_room(struct store *st) {
    weir_cache *c = st->c;
    struct weir__shard *s = st->s;
    st->mine += reserve(c, lacks(st), st->evictor);
    uint64_t share = c->mask ? c->share - c->share / 8 : 0;
    while (lacks(st) && (st->evictor || weir_load_relaxed(&s->weight) + st->e->weight > share)) {
        struct weir__entry *e = weir__policy_victim(c, s);
        if (!e) break;
        if (e == st->old) st->old = NULL;
        weir__policy_evicted(c, s, e);
        weir__take_out(c, s, e, WEIR_CACHE_SIZE, st->now);
        st->mine += e->weight;
    }
    return lacks(st) == 0;
}

static bool same_key(struct weir__write *w, uint64_t word) { return weir__entry_is(w->arg, word); }

/* In the hold, with enough weight. 0, WEIR_ENOMEM. */
static int publish(struct store *st) {
    weir_cache *c = st->c;
    struct weir__shard *s = st->s;
    struct weir__entry *e = st->e, *old = st->old;
    struct weir__write w = { .m = &c->core,
                             .verb = WRITE_SWAP,
                             .hash = e->hash,
                             .val = weir__entry_word(e),
                             .arg = &st->at.key };
    w.same = same_key;
    weir__entry_ref(e);
    int rc = weir__write(&w, WEIR_FOREVER, NULL); /* in a guard: for garbage it does not wait */
    if (rc != 0 && rc != WEIR_EEXIST) {
        weir__entry_unref(e);
        return rc;
    }
    st->mine += (old ? old->weight : 0) - e->weight;
    s->n++;
    s->bytes += weir__entry_size(e);
    weigh_shard(s, e->weight);
    if (old) {
        bool over = weir__entry_over(c, old, st->now);
        weir__policy_replace(c, s, old, e);
        leave(s, old, over ? WEIR_CACHE_EXPIRED : WEIR_CACHE_REPLACED);
    } else {
        weir__policy_add(c, s, e);
    }
    weir__wheel_add(&s->wheel, e, weir__entry_end(c, e));
    return 0;
}

/* A value that is there, and good, stays beside one that is restored, and a load that has failed. */
static bool old_stays(const struct store *st) {
    if (!st->only_new && st->e->code == 0) return false;
    return st->old && st->old->code == 0 && !weir__entry_over(st->c, st->old, st->now);
}

/* One hold. WEIR_EAGAIN: there is not room enough. */
static int attempt(struct store *st) {
    weir_cache *c = st->c;
    struct weir__shard *s = st->s;
    int rc = 0;
    weir_guard g = weir__hold(s);
    WEIR_POINT("cache.store");
    if (s->closed) rc = WEIR_ECLOSED;
    if (rc == 0 && st->l && !weir__load_linked(st->l)) rc = WEIR_ENOENT;
    if (rc == 0) {
        (void)weir__expire(c, s, st->now, EXPIRES_PER_WRITE, false);
        st->old = weir__cache_find(c, &st->at);
        rc = old_stays(st) ? WEIR_EEXIST : make_room(st) ? publish(st) : WEIR_EAGAIN;
    }
    if (rc == 0 && st->l)
        weir__load_unlink(st->l);
    else if (rc == 0 && !st->only_new)
        weir__loads_unlink(s, &st->at);
    if (rc == 0 && !st->l) st->e->owned = true; /* what was put; of a load it is so already */
    if (rc != WEIR_EAGAIN || !st->evictor) {    /* C3 */
        weir__give_back(c, st->mine);
        st->mine = 0;
    }
    if (st->evictor)
        hold_end_untold(s, g);
    else
        weir__hold_end(c, s, g, st->u);
    return rc;
}

/* C4: all of it in one guard, so that none ends under `evictor`. */
static int attempt_as_evictor(struct store *st) {
    int rc = WEIR_EAGAIN;
    note(st->c, st->s, st->u);
    weir_guard g = weir__rcu_enter();
    weir__lock(&st->c->evictor);
    WEIR_POINT("cache.evictor");
    st->evictor = true;
    for (unsigned i = 0; rc == WEIR_EAGAIN; i++) {
        /* The fullest; and in between each in turn, to wait for who has reserved weight under its lock. */
        struct weir__shard *s = i % 2 ? &st->c->shard[i / 2 & st->c->mask] : fullest(st->c);
        if (st->mine < st->e->weight) gather(st->c, s, &st->mine, st->e->weight, st->now);
        note(st->c, s, st->u);
        rc = attempt(st);
    }
    weir__unlock(&st->c->evictor);
    (void)weir__rcu_exit(g);
    return rc;
}

static int store(weir_cache *c, struct weir__entry *e, struct weir__load *l, bool only_new,
                 struct weir__untold *u) {
    if (e->weight > c->capacity) {
        struct weir__shard *s = weir__shard_of(c, e->hash);
        weir_guard g = weir__hold(s);
        s->refused++;
        weir__hold_end(c, s, g, u);
        return WEIR_ETOOBIG;
    }
    struct store st = {
        .c = c, .s = weir__shard_of(c, e->hash), .e = e, .l = l, .only_new = only_new, .u = u
    };
    st.at = (struct weir__spot){ { weir__entry_bytes(e), e->key_len }, e->hash };
    st.now = weir__write_time(c);
    int rc = attempt(&st);
    return rc == WEIR_EAGAIN ? attempt_as_evictor(&st) : rc;
}

int weir__store(weir_cache *c, struct weir__entry *e, struct weir__load *l,
                struct weir__untold *u) {
    return store(c, e, l, false, u);
}
int weir__store_new(weir_cache *c, struct weir__entry *e, struct weir__untold *u) {
    return store(c, e, NULL, true, u);
}
