/* SPDX-License-Identifier: MIT */
/* cache/wheel.c - which entries' time has come. All under the shard's lock.
 *
 * A bucket of level i is 2^shift[i] ns wide; levels have 64, 64, 32, 4 buckets and 1: 1.07 s to 6.5 days, and beyond. An entry
 * stands in the level in whose span its end lies, in the bucket of its end.
 *
 * Invariants
 *   H1  when `time` goes from a to b, the buckets of each level between those of a and b, both included, go to `due`
 *       whole, by their ends: so the work does not depend on what is in them, and is bounded by the number of buckets.
 *   H2  an entry whose end is not after `time` is in `due`, or in the bucket of level 0 of `time`: one of a level above it was
 *       put there when its end was a bucket of that level or more away, so that its bucket has become due since. One
 *       whose end was past already is in the bucket of level 0 of `time`.
 *   H3  who takes one from `due` that is not over puts it back, by its end as it is then: that of one with a time to idle
 *       moves without the wheel. `due` is the place where bounded calls go on.
 *   H4  a clock that goes back by less than a round of level 0 (69 s), as what a thread has read that was stopped then,
 *       leaves `time` where it is. One that goes back further takes `time` with it, and all buckets go to `due`, to
 *       be sorted anew by H3. What is asked is always the clock itself: the wheel only says whom to ask.
 * From   Varghese and Lauck, Hashed and hierarchical timing wheels (SOSP 1987), as in Caffeine; differs in `due`. */
#include "cache.h"

static const unsigned shift[WHEEL_LEVELS] = { 30, 36, 42, 47, 49 };
static const unsigned buckets[WHEEL_LEVELS] = { 64, 64, 32, 4, 1 };
static const unsigned first[WHEEL_LEVELS] = { 0, 64, 128, 160, 164 };

void weir__wheel_init(struct weir__wheel *w, weir_time now) {
    w->time = now;
    w->timed = 0;
    weir__link_init(&w->due);
    for (unsigned i = 0; i < WHEEL_BUCKETS; i++) weir__link_init(&w->bucket[i]);
}

/* The number of the bucket of level i in which t lies, from the beginning of time. Arithmetic, for a t below 0 too. */
static int64_t number(weir_time t, unsigned i) { return t >> shift[i]; }
static struct weir__link *at(struct weir__wheel *w, int64_t n, unsigned i) {
    return &w->bucket[first[i] + ((uint64_t)n & (buckets[i] - 1))];
}

void weir__wheel_add(struct weir__wheel *w, struct weir__entry *e, weir_time end) {
    if (end == WEIR_FOREVER) return;
    if (end < w->time) end = w->time;
    uint64_t ahead = (uint64_t)end - (uint64_t)w->time;
    unsigned i = 0;
    while (i < WHEEL_LEVELS - 1 && ahead >= UINT64_C(1) << shift[i + 1]) i++;
    weir__link_after(at(w, number(end, i), i), &e->timer);
    e->timed = true;
    w->timed++;
}

void weir__wheel_remove(struct weir__wheel *w, struct weir__entry *e) {
    if (!e->timed) return;
    weir__link_remove(&e->timer);
    e->timed = false;
    w->timed--;
}

static void make_due(struct weir__wheel *w, struct weir__link *bucket) {
    if (weir__link_empty(bucket)) return;
    struct weir__link *last = w->due.prev;
    last->next = bucket->next;
    bucket->next->prev = last;
    bucket->prev->next = &w->due;
    w->due.prev = bucket->prev;
    weir__link_init(bucket);
}

static void advance(struct weir__wheel *w, weir_time now) {
    for (unsigned i = 0; i < WHEEL_LEVELS; i++) {
        int64_t from = number(w->time, i), to = number(now, i);
        if (to <= from) break; /* nor does a wider one end */
        if ((uint64_t)to - (uint64_t)from >= buckets[i]) from = to - (int64_t)buckets[i] + 1;
        for (; from <= to; from++) make_due(w, at(w, from, i));
    }
    if (now > w->time) w->time = now;
}

/* H4. */
static bool far_back(const struct weir__wheel *w, weir_time now) {
    return now < w->time && (uint64_t)w->time - (uint64_t)now >= UINT64_C(1) << shift[1];
}
static void go_back(struct weir__wheel *w, weir_time now) {
    for (unsigned i = 0; i < WHEEL_BUCKETS; i++) make_due(w, &w->bucket[i]);
    w->time = now;
}

struct weir__entry *weir__wheel_next(struct weir__wheel *w, weir_time now, bool all) {
    if (w->timed == 0) {
        w->time = now;
        return NULL;
    }
    if (far_back(w, now))
        go_back(w, now);
    else if (number(now, 0) > number(w->time, 0))
        advance(w, now);
    if (all) make_due(w, at(w, number(w->time, 0), 0));
    if (weir__link_empty(&w->due)) return NULL;
    struct weir__entry *e = weir__entry_timed(w->due.next);
    weir__wheel_remove(w, e);
    return e;
}
