/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/map_walk.c - walks while the map grows and shrinks.
 *
 * walks     quiet keys, which nobody touches, are met once in each walk, by each or batch by batch with pauses
 *           between; keys that others put and take, from a handful to thousands, at most once
 * meddled   each's function writes: it removes what it is given, puts more, walks itself, and a walk ends all the
 *           same */
#include "map_body.h"
#include "map_call.h"
#include "meet.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define QUIET 120
#define CROWD 20     /* of them, in one line */
#define BATCH 40     /* entries of a call of next, at most */
#define BUSY 1500    /* keys that a churner puts and takes */
#define MEDDLED 4000 /* keys that their functions put and take */

struct walks {
    const struct map_kind *kind;
    void *map;
    unsigned threads;
    uint64_t seed, resizes, keys;
    weir_au64 walks, put, taken;
};

static uint64_t key_at(const struct walks *s, uint64_t i) { return map_key_of(i, CROWD, s->seed); }

/* Values say which key they are of. */
static uint64_t val_at(uint64_t i) { return value_of(i, 7, i + 1); }

static uint64_t number_at(const struct walks *s, uint64_t key, uint64_t val) {
    uint64_t i = value_key(val);
    return i < s->keys && val == val_at(i) && key_at(s, i) == key ? i : MAP_KEYS;
}

/* ---- churn ---------------------------------------------------------------------------------------------- */

static void put_one(struct walks *s, struct weir_stress_worker *w, uint64_t i) {
    may_sleep(w);
    int rc = s->kind->put(s->map, key_at(s, i), val_at(i), WEIR_FOREVER);
    slept(w);
    weir_stress_check(rc == 0, "put returned %d", rc);
}

static int take_one(struct walks *s, struct weir_stress_worker *w, uint64_t i) {
    uint64_t v = 0;
    may_sleep(w);
    int rc = s->kind->take(s->map, key_at(s, i), &v);
    slept(w);
    weir_stress_check(rc == WEIR_ENOENT || (rc == 0 && v == val_at(i)), "take: %d, %llx", rc,
                      (unsigned long long)v);
    return rc;
}

/* Up to a number, and down again. Its keys are its own. */
static void churn(struct walks *s, struct weir_stress_worker *w) {
    uint64_t first = QUIET + (uint64_t)weir_stress_index(w) * BUSY, n = 0;
    while (weir_stress_more(w)) {
        uint64_t most = weir_stress_random(w, 2) ? BUSY : 12;
        most = 1 + weir_stress_random(w, most);
        for (n = 0; n < most && weir_stress_more(w); n++) put_one(s, w, first + n);
        while (n > 0 && weir_stress_more(w)) {
            int rc = take_one(s, w, first + --n);
            weir_stress_check(rc == 0, "an entry was lost: %d", rc);
        }
        while (n > 0) (void)take_one(s, w, first + --n);
    }
}

/* ---- walks ---------------------------------------------------------------------------------------------- */

struct walk {
    struct walks *s;
    struct weir_stress_worker *w;
    uint8_t *met;
    size_t n;
    bool fills; /* its function puts more than it takes */
};

static int mark(uint64_t key, uint64_t val, void *arg) {
    struct walk *k = arg;
    uint64_t i = number_at(k->s, key, val);
    if (!weir_stress_check(i != MAP_KEYS, "a walk met key %llx with value %llx: never put",
                           (unsigned long long)key, (unsigned long long)val))
        return 1;
    weir_stress_check(k->met[i]++ == 0, "a walk met key %llu twice", (unsigned long long)i);
    k->n++;
    return 0;
}

static void walk_in_batches(struct walk *k) {
    struct weir_map_cursor at = WEIR_MAP_CURSOR;
    uint64_t keys[BATCH], vals[BATCH];
    for (;;) {
        size_t room = 1 + weir_stress_random(k->w, BATCH);
        may_sleep(k->w);
        ptrdiff_t n = k->s->kind->next(k->s->map, &at, keys, vals, room);
        slept(k->w);
        weir_stress_check(n <= (ptrdiff_t)room && (n > 0 || at.ended), "next returned %td", n);
        if (n <= 0) return;
        for (ptrdiff_t i = 0; i < n; i++) (void)mark(keys[i], vals[i], k);
        if (weir_stress_random(k->w, 4) == 0) (void)sched_yield();
        weir_stress_progress(k->w);
    }
}

static void one_walk(struct walk *k) {
    memset(k->met, 0, (size_t)k->s->keys);
    k->n = 0;
    if (weir_stress_random(k->w, 2)) {
        walk_in_batches(k);
    } else {
        may_sleep(k->w);
        int rc = k->s->kind->each(k->s->map, mark, k);
        slept(k->w);
        weir_stress_check(rc == 0 || weir_stress_failed(), "each returned %d", rc);
    }
    for (unsigned i = 0; i < QUIET; i++)
        weir_stress_check(k->met[i] == 1,
                          "a walk did not meet key %u, which was there all the time", i);
    (void)weir_fetch_add_relaxed(&k->s->walks, 1);
}

static void walks_thread(void *state, struct weir_stress_worker *w) {
    struct walks *s = state;
    bool churns = weir_stress_index(w) % 2;
    weir_stress_role(w, churns ? "churner" : "walker");
    if (churns) {
        churn(s, w);
        return;
    }
    struct walk k = { .s = s, .w = w, .met = malloc((size_t)s->keys) };
    if (!weir_stress_check(k.met, "no memory")) return;
    while (weir_stress_more(w)) one_walk(&k);
    free(k.met);
}

/* ---- walks that write ----------------------------------------------------------------------------------- */

static int count_some(uint64_t key, uint64_t val, void *arg) {
    (void)key;
    (void)val;
    return ++*(unsigned *)arg == 5; /* stops it */
}

/* Keys beyond the quiet ones belong to nobody here: two functions may take the same one. */
static int meddle(uint64_t key, uint64_t val, void *arg) {
    struct walk *k = arg;
    struct walks *s = k->s;
    if (mark(key, val, k) != 0 || weir_stress_failed()) return 1;
    uint64_t i = number_at(s, key, val), other = QUIET + weir_stress_random(k->w, s->keys - QUIET);
    uint64_t v = 0;
    unsigned n = 0;
    weir_stress_progress(k->w);
    if (i >= QUIET && weir_stress_random(k->w, 10) < (k->fills ? 1 : 9)) {
        if (s->kind->take(s->map, key, &v) == 0) (void)weir_fetch_add_relaxed(&s->taken, 1);
    } else if (weir_stress_random(k->w, 8) < (k->fills ? 6 : 1)) {
        v = val_at(other);
        int rc = s->kind->get_or_put(s->map, key_at(s, other), &v, WEIR_FOREVER);
        weir_stress_check((rc == 0 || rc == WEIR_EEXIST) && v == val_at(other),
                          "get_or_put: %d, %llx", rc, (unsigned long long)v);
        if (rc == 0) (void)weir_fetch_add_relaxed(&s->put, 1);
    } else if (weir_stress_random(k->w, 20) == 0) {
        int rc = s->kind->each(s->map, count_some, &n);
        weir_stress_check(rc == 1 && n == 5, "a walk in a walk: %d after %u entries", rc, n);
    } else if (i < QUIET) {
        weir_stress_check(s->kind->get(s->map, key, &v) == 0 && v == val, "a quiet key has %llx",
                          (unsigned long long)v);
    }
    return 0;
}

static void meddled_thread(void *state, struct weir_stress_worker *w) {
    struct walks *s = state;
    struct walk k = { .s = s, .w = w, .met = malloc((size_t)s->keys) };
    weir_stress_role(w, "walker");
    if (!weir_stress_check(k.met, "no memory")) return;
    while (weir_stress_more(w)) {
        memset(k.met, 0, (size_t)s->keys);
        k.fills = s->kind->len(s->map) < MEDDLED / 4 && weir_stress_random(w, 2);
        may_sleep(w);
        int rc = s->kind->each(s->map, meddle, &k);
        slept(w);
        weir_stress_check(rc == 0 || weir_stress_failed(), "each returned %d", rc);
        for (unsigned i = 0; i < QUIET; i++)
            weir_stress_check(k.met[i] == 1,
                              "a walk did not meet key %u, which was there all the time", i);
        (void)weir_fetch_add_relaxed(&s->walks, 1);
    }
    free(k.met);
}

/* ---- the scenarios -------------------------------------------------------------------------------------- */

static int setup(void *state, struct weir_stress *run) {
    struct walks *s = state;
    rcu_begins();
    s->kind = map_kind_of(run);
    s->threads = weir_stress_threads(run);
    s->seed = 1 + weir_stress_seed(run) % 1000003;
    s->keys = map_param_of(run) ? QUIET + MEDDLED : QUIET + (uint64_t)s->threads * BUSY;
    struct map_shape shape = { .seed = s->seed };
    int rc = s->kind->make(&s->map, &shape);
    for (uint64_t i = 0; rc == 0 && i < QUIET; i++)
        rc = s->kind->put(s->map, key_at(s, i), val_at(i), WEIR_FOREVER);
    return rc;
}

static void finish(void *state) {
    struct walks *s = state;
    uint64_t there = QUIET + weir_load_relaxed(&s->put) - weir_load_relaxed(&s->taken);
    size_t len = s->kind->len(s->map);
    weir_stress_check(len == there || weir_stress_failed(), "length %zu at rest, %llu are there",
                      len, (unsigned long long)there);
    weir_stress_count_of("walks", weir_load_relaxed(&s->walks));
    weir_stress_count_of("resizes", s->kind->resizes(s->map));
    weir_stress_check(s->kind->free(s->map) == 0, "the map cannot be freed");
    rcu_ends();
}

static const bool meddles = true;
static const char *const points[] = { "map.locked", "map.copied", "map.moved", NULL };

#define ROW(name_, plain_, about_, param_, max_) \
    {                                            \
        .plain = plain_, .as = {                 \
            .name = #name_,                      \
            .about = about_,                     \
            .flags = TABLES,                     \
            .min_threads = 2,                    \
            .max_threads = max_,                 \
            .state_size = sizeof(struct walks),  \
            .setup = setup,                      \
            .thread = name_##_thread,            \
            .finish = finish,                    \
            .param = param_,                     \
            .points = points                     \
        }                                        \
    }

const struct map_body map_walk_bodies[] = {
    ROW(walks, false, "walks while the map grows and shrinks", NULL, (MAP_KEYS - QUIET) / BUSY),
    ROW(meddled, false, "each's function writes to the map", &meddles, MAP_WORKERS),
    { .as = { 0 } },
};
