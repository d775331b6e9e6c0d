/* SPDX-License-Identifier: MIT */
/* lib/limiter.c - see weir/limiter.h; the arithmetic stands in pace.h.
 *
 *   word_     until (54 bits) | version (10 bits)
 *   pace_[]   base, interval, burst ... of the version: at version % 2
 *   rate_     as it was asked for; under the lock
 *   last_     no slot lies after it, unless the bucket is empty later still (pace.h); under the lock
 *
 * Invariants
 *   I1  while the word has version v, pace_[v % 2] does not change: a change writes the other one, and then
 *       moves the word to v + 1, with until as the new pace counts it. Changes hold the lock: set_limit,
 *       set_burst, a cancel that is not the last reservation's, and the move of the clock's base.
 *   I2  until changes by compare-and-swap of the word only, from a value that was computed with the pace of the
 *       version in it. A change between makes it fail, and it is computed again.
 * So a call that takes tokens is decided at its compare-and-swap, one that is refused at its load of the word. A
 * version comes again after 1024 changes; a thread would have to stand still, in its few instructions, through
 * a multiple of them, and until be what it was, to compute with a wrong pace.
 * Progress   taking is lock-free: a compare-and-swap fails if another has succeeded. It never waits for a
 *            change. One call in 2^53 units finds the clock near its end, and makes a change.
 * Ordering   Of atomics only. C1 -> R1: a pace is seen whole with its version. P1 -> P2: who sees a field of a
 *            later pace sees a later version afterwards, and looks again. The compare-and-swaps of the word are
 *            relaxed: they compute with what R1 and P2 have brought, and continue the release of C1.
 * From       the generic cell rate algorithm (ITU-T I.371), with two paces in turn. */
#include <weir/limiter.h>

#include "base.h"
#include "ctx.h"
#include "lock.h"
#include "pace.h"

#define VERSION_BITS 10
#define VERSIONS (UINT64_C(1) << VERSION_BITS)

#define ASK (-1) /* for now: the time at which it is needed */

static weir_time positive(weir_time now) { return now > 0 ? now : 0; }

static uint64_t version_of(uint64_t word) { return word % VERSIONS; }
static int64_t until_of(uint64_t word) { return (int64_t)(word >> VERSION_BITS); }
static uint64_t word_of(int64_t until, uint64_t version) {
    return (uint64_t)until << VERSION_BITS | version % VERSIONS;
}

static bool none(const weir_limiter *l, const char *call) {
    return WEIR_UNLIKELY(!l) && weir__misuse(call, "no limiter") < 0;
}

/* Its first field is the word of a struct weir__lock. */
static struct weir__lock *lock_of(weir_limiter *l) { return (struct weir__lock *)&l->lock_; }

/* ---- paces --------------------------------------------------------------------------------------------- */

static uint64_t field(const weir_au64 *f) { return weir_load_acquire(f, LIMIT_P2); }
static void put(weir_au64 *f, uint64_t v) { weir_store_release(f, v, LIMIT_P1); }

/* burst (32 bits) | kind (2) | scale (7) | era (23) */
static uint64_t pack(const struct weir__pace *p) {
    return (uint64_t)p->burst | (uint64_t)p->kind << 32 | (uint64_t)(p->scale & 0x7F) << 34 |
           (uint64_t)p->era << 41;
}

static void read_pace(const weir_limiter *l, uint64_t version, struct weir__pace *p) {
    uint64_t i = version % 2, meta = field(&l->pace_[i].meta_);
    p->base = (weir_time)field(&l->pace_[i].base_);
    p->interval = (int64_t)field(&l->pace_[i].interval_);
    p->given = (int64_t)field(&l->pace_[i].given_);
    p->burst = (uint32_t)meta;
    p->kind = (unsigned)(meta >> 32) & 3;
    p->scale = (int)((meta >> 34 & 0x7F) ^ 0x40) - 0x40;
    p->era = (unsigned)(meta >> 41);
}

static void write_pace(weir_limiter *l, uint64_t version, const struct weir__pace *p) {
    uint64_t i = version % 2;
    put(&l->pace_[i].meta_, pack(p));
    put(&l->pace_[i].base_, (uint64_t)p->base);
    put(&l->pace_[i].interval_, (uint64_t)p->interval);
    put(&l->pace_[i].given_, (uint64_t)p->given);
}

/* The word, and the pace of its version. */
static uint64_t look(const weir_limiter *l, struct weir__pace *p) {
    for (;;) {
        uint64_t word = weir_load_acquire(&l->word_, LIMIT_R1);
        read_pace(l, version_of(word), p);
        /* Relaxed: P2 puts it after what was read. */
        uint64_t again = weir_load_relaxed(&l->word_);
        if (!weir_recheck(version_of(again) != version_of(word), LIMIT_Q1)) return word;
    }
}

/* Under the lock: the pace of the next version, and its word in place of `word`; false: the word had changed,
 * and *word is what it is. */
static bool publish(weir_limiter *l, uint64_t *word, const struct weir__pace *next, int64_t until) {
    uint64_t version = version_of(*word) + 1;
    write_pace(l, version, next);
    WEIR_POINT("limiter.change");
    return weir_cas_release(&l->word_, word, word_of(until, version), LIMIT_C1);
}

/* Under the lock: another rate, another burst, or the same from now on. The clock is asked (ASK) when the word
 * has been read: slots that were granted for now, by what the word says, are not later. */
static void change(weir_limiter *l, const double *rate, const uint32_t *burst, weir_time now) {
    struct weir__pace p, next;
    uint64_t word = look(l, &p);
    int64_t until;
    do {
        weir_time t = now == ASK ? weir__os_now() : now;
        until = weir__pace_carry(&p, until_of(word), t, l->last_, rate ? *rate : l->rate_,
                                 burst ? *burst : p.burst, &next);
    } while (!publish(l, &word, &next, until));
    if (rate) l->rate_ = *rate;
    if (next.kind == WEIR__PACE_FREE) l->last_ = 0; /* no slot needs room any more */
}

/* Moves the base of the clock to now, if nobody has by now. */
static void rebase(weir_limiter *l, weir_time now) {
    struct weir__pace p;
    weir__lock(lock_of(l));
    (void)look(l, &p);
    if (weir__pace_clock(&p, now) >= WEIR__PACE_LATE) change(l, NULL, NULL, now);
    weir__unlock(lock_of(l));
}

/* ---- taking --------------------------------------------------------------------------------------------- */

/* What n tokens more make of `until`. *slot: their time; WEIR_FOREVER: never, or too far away. */
static int64_t plan(const struct weir__pace *p, int64_t until, uint32_t n, weir_time now,
                    weir_time *slot) {
    int64_t clock = weir__pace_clock(p, now);
    int64_t next = weir__pace_taken(p, until, n, clock);
    int64_t at = next - weir__pace_full(p);
    *slot = at <= clock ? now : next >= WEIR__PACE_END ? WEIR_FOREVER : weir__pace_time(p, at);
    return next;
}

/* Takes n tokens if their slot is now, or not after `latest`, and never WEIR_FOREVER: 0; WEIR_EAGAIN, or
 * WEIR_ETOOBIG: nothing was taken. *h is the reservation, with the slot also where it was refused. The clock is
 * asked (at: ASK) when the word has been read: by an older time a full bucket may look empty, since others
 * have taken tokens that have come since. */
static int take(weir_limiter *l, uint32_t n, weir_time at, weir_time latest,
                struct weir__pace_hold *h) {
    for (;;) {
        struct weir__pace p;
        uint64_t word = look(l, &p);
        weir_time now = at == ASK ? weir__os_now() : at;
        *h = (struct weir__pace_hold){ .time = now, .n = n, .era = p.era };
        if (p.kind == WEIR__PACE_FREE) return 0;
        h->time = WEIR_FOREVER;
        if (n > p.burst || p.burst == 0) return WEIR_ETOOBIG;
        if (WEIR_UNLIKELY(weir__pace_clock(&p, now) >= WEIR__PACE_LATE)) {
            rebase(l, now);
            continue;
        }
        int64_t until = plan(&p, until_of(word), n, now, &h->time);
        if (h->time != now && (h->time > latest || h->time == WEIR_FOREVER)) return WEIR_EAGAIN;
        h->until = until;
        h->given = p.given;
        h->span = weir__pace_span(&p, n);
        /* Relaxed: see the head. */
        if (WEIR_LIKELY(weir_cas_relaxed(&l->word_, &word, word_of(until, version_of(word)))))
            return 0;
    }
}

static bool allow(weir_limiter *l, uint32_t n, weir_time at) {
    struct weir__pace_hold h;
    return take(l, n, at, -1, &h) == 0;
}

bool weir_limiter_allow_at(weir_limiter *l, uint32_t n, weir_time now) {
    if (none(l, "weir_limiter_allow_at")) return false;
    return allow(l, n, positive(now));
}

bool weir_limiter_allow(weir_limiter *l, uint32_t n) {
    if (none(l, "weir_limiter_allow")) return false;
    return allow(l, n, ASK);
}

static struct weir_reservation reserve(weir_limiter *l, uint32_t n, weir_time at) {
    struct weir__pace_hold h;
    if (none(l, "weir_limiter_reserve") || take(l, n, at, WEIR_FOREVER, &h) < 0)
        return (struct weir_reservation){ .time = WEIR_FOREVER };
    return (struct weir_reservation){
        h.time, h.n, h.era, (uint64_t)h.until, (uint64_t)h.given, (uint64_t)h.span
    };
}

struct weir_reservation weir_limiter_reserve_at(weir_limiter *l, uint32_t n, weir_time now) {
    return reserve(l, n, positive(now));
}

struct weir_reservation weir_limiter_reserve(weir_limiter *l, uint32_t n) {
    return reserve(l, n, ASK);
}

/* ---- giving back ---------------------------------------------------------------------------------------- */

/* Its slot: nothing goes back then. Asked once the word has been read, as in take. */
static bool has_come(const struct weir__pace_hold *h, weir_time at) {
    return (at == ASK ? weir__os_now() : at) >= h->time;
}

/* Under the lock. Notes in the pace what goes back although `until` is not the hold's, so that others which were
 * made before count it; and in last_ that slots now lie after the time at which the bucket is empty. */
static void give_back_under(weir_limiter *l, const struct weir__pace_hold *h, weir_time at) {
    struct weir__pace p, next;
    uint64_t word = look(l, &p);
    int64_t back, after = 0;
    bool late;
    do {
        if (has_come(h, at)) return;
        late = h->era != p.era;
        back = late ? weir__pace_back_late(&p, until_of(word), l->last_, h)
                    : weir__pace_back(&p, until_of(word), h, &after);
        if (back == 0) return;
        next = p;
        if (late || after > 0) next.given = (int64_t)((uint64_t)p.given + (uint64_t)back);
    } while (!publish(l, &word, &next, until_of(word) - back));
    weir_time empty = weir__pace_empty(&p, until_of(word));
    if (!late && after > 0 && empty > l->last_) l->last_ = empty;
}

/* Where nothing was reserved after h; false: nothing was done, the lock is needed. */
static bool give_back_last(weir_limiter *l, const struct weir__pace_hold *h, weir_time at) {
    for (;;) {
        struct weir__pace p;
        int64_t after;
        uint64_t word = look(l, &p);
        if (has_come(h, at)) return true;
        if (h->era != p.era) return false;
        int64_t back = weir__pace_back(&p, until_of(word), h, &after);
        if (back == 0) return true;
        if (after > 0) return false;
        /* Relaxed: see the head. */
        if (weir_cas_relaxed(&l->word_, &word, word_of(until_of(word) - back, version_of(word))))
            return true;
    }
}

static void give_back(weir_limiter *l, const struct weir__pace_hold *h, weir_time at) {
    if (h->n == 0 || give_back_last(l, h, at)) return;
    weir__lock(lock_of(l));
    give_back_under(l, h, at);
    weir__unlock(lock_of(l));
}

static int cancel(weir_limiter *l, struct weir_reservation *r, weir_time at) {
    if (!l || !r) return weir__misuse("weir_limiter_cancel", "no limiter, or no reservation");
    struct weir__pace_hold h = {
        r->time, (int64_t)r->until_, (int64_t)r->given_, (int64_t)r->span_, r->n, r->era_
    };
    r->n = 0;
    if (h.time != WEIR_FOREVER) give_back(l, &h, at);
    return 0;
}

int weir_limiter_cancel_at(weir_limiter *l, struct weir_reservation *r, weir_time now) {
    return cancel(l, r, positive(now));
}

int weir_limiter_cancel(weir_limiter *l, struct weir_reservation *r) { return cancel(l, r, ASK); }

/* ---- waiting -------------------------------------------------------------------------------------------- */

static void wake(void *parker) { weir__unpark(parker); }

/* Until t: 0; or until ctx ends: its error. WEIR_ENOMEM. Not by polling: the time is known. */
static int sleep_until(weir_time t, weir_ctx *ctx) {
    struct weir__thread *self = weir__thread_self();
    struct weir__watch w;
    if (!self) return WEIR_ENOMEM;
    int rc = weir__ctx_watch(&w, ctx, wake, &self->parker);
    if (rc < 0) return rc;
    while (rc == 0 && weir__park(&self->parker, t) == 0) rc = weir_ctx_err(ctx);
    WEIR_POINT("limiter.slept");
    weir__ctx_unwatch(&w);
    return rc;
}

static weir_time latest_of(weir_time deadline, weir_ctx *ctx) {
    return deadline == WEIR_NOW ? -1 : weir__ctx_until(ctx, deadline);
}

/* What a call says that was refused. */
static int refusal(int rc, weir_time deadline) {
    return rc == WEIR_EAGAIN && deadline != WEIR_NOW ? WEIR_ETIMEDOUT : rc;
}

int weir_limiter_wait(weir_limiter *l, uint32_t n, weir_time deadline, weir_ctx *ctx) {
    struct weir__pace_hold h;
    if (none(l, "weir_limiter_wait")) return WEIR_EINVAL;
    int rc = weir_ctx_err(ctx);
    if (rc < 0) return rc;
    rc = take(l, n, ASK, latest_of(deadline, ctx), &h);
    if (rc < 0) return refusal(rc, deadline);
    if (h.time <= weir__os_now()) return 0;
    rc = sleep_until(h.time, ctx);
    if (rc < 0) give_back(l, &h, ASK);
    return rc;
}

int weir_limiter_wait_recheck(weir_limiter *l, uint32_t n, weir_time deadline, weir_ctx *ctx) {
    if (none(l, "weir_limiter_wait_recheck")) return WEIR_EINVAL;
    for (;;) {
        struct weir__pace_hold h;
        int rc = weir_ctx_err(ctx);
        if (rc < 0) return rc;
        rc = take(l, n, ASK, -1, &h);
        if (rc != WEIR_EAGAIN) return rc;
        if (h.time == WEIR_FOREVER || h.time > latest_of(deadline, ctx))
            return refusal(rc, deadline);
        rc = sleep_until(h.time, ctx);
        if (rc < 0) return rc;
    }
}

/* ---- making and changing -------------------------------------------------------------------------------- */

int weir_limiter_init_at(weir_limiter *l, double per_second, uint32_t burst, weir_time now) {
    if (!l || !weir__pace_rate(per_second))
        return weir__misuse("weir_limiter_init",
                            "no limiter, or a rate that is negative or no number");
    struct weir__pace p;
    weir__pace_make(&p, per_second, burst, positive(now), 0);
    l->rate_ = per_second;
    l->last_ = 0;
    weir_init_atomic(&l->lock_, 0);
    weir_init_atomic(&l->word_, 0);
    write_pace(l, 0, &p);
    write_pace(l, 1, &p);
    return 0;
}

int weir_limiter_init(weir_limiter *l, double per_second, uint32_t burst) {
    return weir_limiter_init_at(l, per_second, burst, weir__os_now());
}

static int set_limit(weir_limiter *l, double per_second, weir_time now) {
    if (!l || !weir__pace_rate(per_second))
        return weir__misuse("weir_limiter_set_limit",
                            "no limiter, or a rate that is negative or no number");
    weir__lock(lock_of(l));
    change(l, &per_second, NULL, now);
    weir__unlock(lock_of(l));
    return 0;
}

static int set_burst(weir_limiter *l, uint32_t burst, weir_time now) {
    if (none(l, "weir_limiter_set_burst")) return WEIR_EINVAL;
    weir__lock(lock_of(l));
    change(l, NULL, &burst, now);
    weir__unlock(lock_of(l));
    return 0;
}

int weir_limiter_set_limit_at(weir_limiter *l, double per_second, weir_time now) {
    return set_limit(l, per_second, positive(now));
}
int weir_limiter_set_limit(weir_limiter *l, double per_second) {
    return set_limit(l, per_second, ASK);
}
int weir_limiter_set_burst_at(weir_limiter *l, uint32_t burst, weir_time now) {
    return set_burst(l, burst, positive(now));
}
int weir_limiter_set_burst(weir_limiter *l, uint32_t burst) { return set_burst(l, burst, ASK); }

double weir_limiter_tokens_at(const weir_limiter *l, weir_time now) {
    struct weir__pace p;
    if (none(l, "weir_limiter_tokens")) return 0;
    uint64_t word = look(l, &p);
    int64_t missing = until_of(word) - weir__pace_clock(&p, positive(now));
    if (p.kind == WEIR__PACE_FREE || missing <= 0) return (double)p.burst;
    return (double)p.burst - (double)missing / (double)p.interval;
}

double weir_limiter_tokens(const weir_limiter *l) {
    return weir_limiter_tokens_at(l, weir__os_now());
}
