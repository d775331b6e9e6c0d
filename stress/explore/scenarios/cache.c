/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/cache.c - a cache: loads against put, invalidate, expiry, eviction and close. A program is a word
 * for each thread, two characters an operation: a letter, and a key, 0 or 1.
 *   G get        H get by a guard, which is held while what was lent is read        A acquire, read, release
 *   P put        Q put with a time to live      I invalidate
 *   L load, N without waiting, T with a deadline; F one whose loader fails; R load, by reference: read, release
 *   E. the clock goes on, so that what Q has put is over, and maintain      C. close
 *   K. runs a refresh that a get has begun, if there is one
 * Where values are `words`, without a drop, a put stores over the value that is there (C11 of cache/cache.h).
 *
 * Values are numbers of their own. What is checked: a call that began when a value was surely gone does not get it; a
 * value is surely gone once a put, invalidate or close has returned that began after its put had returned, or that
 * began after its loader had (C8: then it is not stored). Nothing is above the capacity. One loader of a key runs at a time,
 * but for those that were overtaken. Each value is dropped once, when nobody reads it. */
#include <weir/cache.h>
#include <weir/rcu.h>

#include <string.h>

#include "../../../lib/rcu_inside.h"
#include "all.h"
#include "../engine.h"

#define DEADLINE INT64_C(1000500000)
#define FAILED (-1000)
#define VALUES 64

struct cache_case {
    uint64_t capacity;
    const char *there; /* keys that are put in the set-up */
    const char *program[EX_THREADS];
    unsigned runs; /* of loaders; 0: any number */
    weir_time negative;
    bool heavy;        /* what is loaded weighs too much to be stored */
    weir_time refresh; /* what is there is stale */
    int kind;          /* enum weir_cache_kind */
    bool words;        /* nobody drops them */
};

struct value {
    unsigned key, began, stored, gone; /* by the clock of events; 0: not yet */
    bool loaded, owned;
    unsigned dropped;
    uint64_t plain;
};

struct state;
/* A call that loads. */
struct asked {
    struct state *s;
    char letter;
    unsigned value; /* what its loader has given; VALUES: it was not called */
};

#define TASKS 8
struct state {
    weir_cache *c;
    const struct cache_case *of;
    weir_time now;
    unsigned event, runs, n;
    unsigned running[2], overtaken[2];
    bool closed;
    struct value v[VALUES];
    struct asked refresh; /* the executor keeps the tasks */
    struct {
        weir_task_fn *fn;
        void *arg;
    } kept[TASKS];
    unsigned n_kept, taken;
};

static unsigned tick(struct state *s) { return ++s->event; }

static unsigned new_value(struct state *s, unsigned key, bool loaded) {
    unsigned i = s->n++;
    weir_model_check(i < VALUES);
    s->v[i] = (struct value){ .key = key, .began = tick(s), .loaded = loaded };
    weir_model_write(&s->v[i].plain, sizeof s->v[i].plain);
    s->v[i].plain = i + 1000;
    return i;
}

/* What a call that began at `began` has removed, if it was there then. */
static void removes(struct state *s, unsigned key, unsigned began, unsigned but) {
    for (unsigned i = 0; i < s->n; i++) {
        struct value *v = &s->v[i];
        if (i == but || v->key != key || v->gone) continue;
        if (v->loaded ? v->began < began : v->stored && v->stored < began) v->gone = s->event;
    }
}

static void drop(void *val, void *arg) {
    struct state *s = arg;
    struct value *v = &s->v[*(uint64_t *)val];
    weir_model_check(v->dropped++ == 0);
    weir_model_write(&v->plain, sizeof v->plain); /* nobody reads it any more */
}

static uint64_t weigh(const void *key, const void *val, void *arg) {
    const struct state *s = arg;
    (void)key;
    return s->of->heavy && s->v[*(const uint64_t *)val].loaded ? 100 : 1;
}

static weir_time clock_fn(void *arg) { return ((struct state *)arg)->now; }

static void got(struct state *s, unsigned key, unsigned began, uint64_t i, bool lent) {
    weir_model_check(i < s->n && s->v[i].key == key);
    weir_model_check(!s->v[i].gone || s->v[i].gone > began);
    if (!lent) return;
    weir_model_read(&s->v[i].plain, sizeof s->v[i].plain);
    weir_model_check(s->v[i].plain == i + 1000);
}

/* ---- loading ---------------------------------------------------------------------------------------------------- */

static int loader(const void *key, void *val, weir_time *ttl, weir_ctx *ctx, void *arg) {
    struct asked *a = arg;
    struct state *s = a->s;
    unsigned k = (unsigned)*(const uint64_t *)key;
    (void)ttl;
    (void)ctx;
    weir_model_check(s->running[k]++ <= s->overtaken[k]);
    s->runs++;
    a->value = new_value(s, k, true);
    WEIR_POINT("cache.loader");
    s->running[k]--;
    *(uint64_t *)val = a->value;
    if (a->letter == 'F') return FAILED;
    s->v[a->value].owned = true;
    return 0;
}

static int load(struct state *s, char letter, uint64_t key, unsigned began) {
    struct asked a = { s, letter, VALUES };
    uint64_t val;
    weir_time until = letter == 'T' ? DEADLINE : letter == 'N' ? WEIR_NOW : WEIR_FOREVER;
    int rc = weir_cache_load_wait(s->c, &key, &val, loader, &a, until, NULL);
    weir_model_check(rc == 0 || rc == FAILED || (rc == WEIR_ECLOSED && s->closed) ||
                     (rc == WEIR_ETIMEDOUT && letter == 'T') ||
                     (rc == WEIR_EBUSY && letter == 'N'));
    if (rc == 0 && a.value != VALUES) /* its own, also if it was overtaken */
        weir_model_check(val == a.value);
    else if (rc == 0)
        got(s, (unsigned)key, began, val, false);
    return rc;
}

static int load_lent(struct state *s, uint64_t key, unsigned began) {
    struct asked a = { s, 'R', VALUES };
    const void *lent;
    int rc = weir_cache_load_acquire_wait(s->c, &key, &lent, loader, &a, WEIR_FOREVER, NULL);
    weir_model_check(rc == 0);
    got(s, (unsigned)key, began, *(const uint64_t *)lent, true);
    WEIR_POINT("cache.reads");
    weir_cache_release(lent);
    return rc;
}

static int submit(void *self, weir_task_fn *fn, weir_ctx *ctx, void *arg) {
    struct state *s = self;
    (void)ctx;
    weir_model_check(s->n_kept < TASKS);
    s->kept[s->n_kept].fn = fn;
    s->kept[s->n_kept++].arg = arg;
    return 0;
}

static int run_kept(struct state *s) {
    if (s->taken == s->n_kept) return 0;
    unsigned i = s->taken++;
    return s->kept[i].fn(NULL, s->kept[i].arg);
}

/* ---- the other calls ---------------------------------------------------------------------------------------------- */

static int put(struct state *s, uint64_t key, weir_time ttl, unsigned began) {
    uint64_t val = new_value(s, (unsigned)key, false);
    s->overtaken[key]++;
    int rc = weir_cache_put(s->c, &key, &val, ttl);
    weir_model_check(rc == 0 || (rc == WEIR_ECLOSED && s->closed));
    if (rc != 0) return rc;
    s->v[val].owned = true;
    s->v[val].stored = tick(s);
    removes(s, (unsigned)key, began, (unsigned)val);
    return 0;
}

static int read_lent(struct state *s, char letter, uint64_t key, unsigned began) {
    const uint64_t *val;
    if (letter == 'A') {
        val = weir_cache_acquire(s->c, &key);
        if (val) weir_model_read(val, sizeof *val);
        if (val) got(s, (unsigned)key, began, *val, true);
        if (val && s->of->words) {
            uint64_t was = *val;
            WEIR_POINT("cache.reads");
            weir_model_read(val, sizeof *val);
            weir_model_check(*val == was);
        }
        weir_cache_release(val);
        return val ? 0 : WEIR_ENOENT;
    }
    weir_guard g = weir_rcu_enter();
    val = weir_cache_peek(s->c, g, &key);
    if (val) {
        weir_model_read(val, sizeof *val);
        uint64_t was = *val;
        got(s, (unsigned)key, began, was, true);
        WEIR_POINT("cache.reads");
        weir_model_read(val, sizeof *val);
        weir_model_check(*val == was);
        weir_model_read(&s->v[was].plain, sizeof s->v[was].plain);
    }
    (void)weir_rcu_exit(g);
    return val ? 0 : WEIR_ENOENT;
}

static int get(struct state *s, uint64_t key, unsigned began) {
    uint64_t val;
    int rc = weir_cache_get(s->c, &key, &val);
    weir_model_check(rc == 0 || rc == WEIR_ENOENT);
    if (rc == 0)
        got(s, (unsigned)key, began, val, s->of->words); /* there what was before its put is seen */
    return rc;
}

static int shut(struct state *s, unsigned began) {
    s->closed = true;
    int rc = weir_cache_close(s->c);
    weir_model_check(weir_cache_len(s->c) == 0);
    (void)tick(s);
    removes(s, 0, began, VALUES);
    removes(s, 1, began, VALUES);
    return rc;
}

static int run_one(struct state *s, char letter, uint64_t key) {
    unsigned began = tick(s);
    switch (letter) {
        case 'G': return get(s, key, began);
        case 'A':
        case 'H': return read_lent(s, letter, key, began);
        case 'P': return put(s, key, WEIR_TTL_DEFAULT, began);
        case 'Q': return put(s, key, 10, began);
        case 'E': s->now += 20; return (int)weir_cache_maintain(s->c);
        case 'C': return shut(s, began);
        case 'K': return run_kept(s);
        case 'R': return load_lent(s, key, began);
        case 'I': {
            s->overtaken[key]++;
            int rc = weir_cache_invalidate(s->c, &key);
            (void)tick(s);
            removes(s, (unsigned)key, began, VALUES);
            return rc;
        }
        default: return load(s, letter, key, began);
    }
}

static const char *verb(char letter) {
    switch (letter) {
        case 'G': return "get";
        case 'A': return "acquire";
        case 'H': return "peek";
        case 'P': return "put";
        case 'Q': return "put for a time";
        case 'E': return "maintain";
        case 'C': return "close";
        case 'K': return "task";
        case 'I': return "invalidate";
        default: return "load";
    }
}

static void thread(void *state, unsigned who) {
    struct state *s = state;
    for (const char *p = s->of->program[who]; *p; p += 2) {
        struct weir_model_op *op = weir_model_begin(verb(p[0]), 0);
        weir_model_end(op, run_one(s, p[0], p[1] == '1'));
    }
}

/* ---- before and after -------------------------------------------------------------------------------------------- */

static void register_thread(void *arg) {
    (void)arg;
    (void)weir__thread_self();
}

static void setup(void *state) {
    struct state *s = state;
    struct weir_cache_opts o = WEIR_CACHE_OPTS(uint64_t, uint64_t, 1);
    s->of = weir_model_param();
    for (unsigned i = 0; i < E.sc->threads; i++) weir_model_as(i, register_thread, NULL);
    o.capacity = s->of->capacity;
    o.kind = s->of->kind;
    o.negative_ttl = s->of->negative;
    o.hint = 4;
    o.seed = 1;
    o.clock = clock_fn;
    o.weigh = s->of->heavy ? weigh : NULL;
    o.refresh = s->of->refresh;
    s->refresh = (struct asked){ s, 'K', VALUES };
    o.load = o.refresh ? loader : NULL;
    o.load_arg = &s->refresh;
    weir_exec exec = { submit, s };
    o.exec = &exec;
    o.drop = s->of->words ? NULL : drop;
    o.arg = s;
    weir_model_check(weir_cache_new(&s->c, &o) == 0);
    for (const char *k = s->of->there; *k; k++) weir_model_check(run_one(s, 'P', *k == '1') == 0);
    s->overtaken[0] = s->overtaken[1] = 0;
    s->now += s->of->refresh;
}

/* C2, C5 at each step: what is in the shard has its weight in `used`, which has a bound. */
static void invariant(void *state) {
    struct state *s = state;
    if (s->c) weir_model_check(weir_cache_weight(s->c) <= s->of->capacity);
}

/* Nobody is left in the lists: a load that may not wait does not. */
static void last(void *state) {
    struct state *s = state;
    for (uint64_t k = 0; k < 2 && !s->closed; k++)
        weir_model_check(load(s, 'L', k, tick(s)) == 0 || s->of->negative);
    while (s->taken < s->n_kept) (void)run_kept(s);
    weir_model_check(weir_cache_weight(s->c) == weir_cache_len(s->c));
    (void)weir_cache_close(s->c);
    weir_model_check(weir_cache_len(s->c) == 0 && weir_cache_weight(s->c) == 0);
    weir_model_check(s->running[0] == 0 && s->running[1] == 0);
}

static void freed(void *state) {
    struct state *s = state;
    weir_cache *c = s->c;
    s->c = NULL;
    weir_model_check(weir_cache_free(c) == 0);
}

static void finish(void *state) {
    struct state *s = state;
    if (s->of->runs) weir_model_check(s->runs == s->of->runs);
    weir_model_as(0, last, s);
    weir__rcu.stops = 1; /* weir's thread, here */
    weir_init_atomic(&weir__rcu_clock.ask, WEIR__RCU_HURRY);
    weir__rcu_main();
    weir_model_as(0, freed, s);
    for (unsigned i = 0; i < s->n && !s->of->words; i++)
        weir_model_check(s->v[i].dropped == s->v[i].owned);
}

#define FIELDS(...) __VA_ARGS__
#define CACHE_IN(fields_, var, name_, threads_, there_, runs_, ...)                            \
    static const struct cache_case var##_case = { FIELDS fields_, .there = there_,             \
                                                  .program = { __VA_ARGS__ }, .runs = runs_ }; \
    static const struct weir_model_scenario var = {                                            \
        .name = name_,                                                                         \
        .about = #__VA_ARGS__,                                                                 \
        .threads = threads_,                                                                   \
        .param = &var##_case,                                                                  \
        .state_size = sizeof(struct state),                                                    \
        .setup = setup,                                                                        \
        .thread = thread,                                                                      \
        .invariant = invariant,                                                                \
        .finish = finish,                                                                      \
    }
#define CACHE(...) CACHE_IN((.capacity = 2), __VA_ARGS__)
#define CACHE_PLAIN(kind_, ...) CACHE_IN((.capacity = 1, .kind = WEIR_CACHE_##kind_), __VA_ARGS__)

CACHE(two, "cache.load.two", 2, "", 1, "L0", "L0");
CACHE(load_put, "cache.load.put", 2, "", 0, "L0G0", "P0G0");
CACHE(inv, "cache.load.invalidate", 2, "", 0, "L0G0", "I0L0");
CACHE(fails, "cache.load.fails", 2, "", 0, "F0", "L0");
CACHE(late, "cache.load.late", 2, "", 0, "L0", "T0G0");
CACHE(now, "cache.load.now", 2, "", 1, "L0", "N0");
CACHE(shuts, "cache.load.close", 2, "", 0, "L0G0", "C.");
CACHE(shuts_waiter, "cache.load.close.waiter", 3, "", 0, "L0", "L0", "C.");
CACHE(three, "cache.load.three", 3, "", 0, "L0", "L0", "I0");
CACHE(get_put, "cache.get.put", 2, "0", 0, "G0H0", "P0I0");
CACHE(lent, "cache.lent", 2, "0", 0, "A0A0", "I0P0");
CACHE(expiry, "cache.expiry", 2, "", 0, "Q0G0", "E.L0");
CACHE_IN((.capacity = 1), evict, "cache.evict", 2, "0", 0, "P1G1", "P0G0");
CACHE_IN((.capacity = 1), evict_load, "cache.evict.load", 2, "0", 0, "L1G1", "G0P0");
CACHE_IN((.capacity = 2, .negative = 5), negative, "cache.load.negative", 2, "", 0, "F0L0", "E.L0");
CACHE_IN((.capacity = 2, .refresh = 5), refresh_put, "cache.refresh.put", 2, "0", 0, "G0K.",
         "P0G0");
CACHE_IN((.capacity = 2, .refresh = 5), refresh_inv, "cache.refresh.invalidate", 2, "0", 0, "G0K.",
         "I0L0");
CACHE_IN((.capacity = 2, .refresh = 5), refresh_shuts, "cache.refresh.close", 2, "0", 0, "G0K.",
         "C.");

CACHE_IN((.capacity = 2, .heavy = true), released, "cache.released", 2, "", 0, "R0", "R0");

CACHE_PLAIN(MUTEX_LRU, mutex_lent, "cache.plain.mutex", 2, "0", 0, "H0A0", "P0I0");
CACHE_PLAIN(RWLOCK_CLOCK, rwlock_lent, "cache.plain.rwlock", 2, "0", 0, "H0G1", "P1P0");
CACHE_PLAIN(MUTEX_LRU, mutex_load, "cache.plain.load", 2, "", 0, "L0H0", "L0I0");

#define WORDS(...) CACHE_IN((.capacity = 2, .words = true), __VA_ARGS__)
#define WORDS_PLAIN(kind_, ...) \
    CACHE_IN((.capacity = 2, .words = true, .kind = WEIR_CACHE_##kind_), __VA_ARGS__)
WORDS(words_get, "cache.words.get", 2, "0", 0, "G0G0", "P0P0");
WORDS(words_two, "cache.words.two", 2, "0", 0, "P0G0", "P0I0");
WORDS(words_lent, "cache.words.lent", 2, "0", 0, "H0G0", "P0P0");
WORDS(words_held, "cache.words.acquired", 2, "0", 0, "A0G0", "P0P0");
WORDS(words_lends, "cache.words.lends", 3, "0", 0, "H0", "H0", "P0");
WORDS(words_load, "cache.words.load", 2, "", 0, "L0G0", "P0P0");
WORDS(words_waiter, "cache.words.waiter", 3, "", 0, "L0", "L0", "P0");
WORDS(words_shuts, "cache.words.close", 2, "0", 0, "P0G0", "C.");
CACHE_IN((.capacity = 1, .words = true), words_evict, "cache.words.evict", 2, "0", 0, "P0G0",
         "P1G0");
WORDS_PLAIN(MUTEX_LRU, words_mutex, "cache.words.plain.mutex", 2, "0", 0, "H0G0", "P0P0");
WORDS_PLAIN(RWLOCK_CLOCK, words_rwlock, "cache.words.plain.rwlock", 2, "0", 0, "A0G0", "P0P0");

const struct weir_model_scenario *const cache_scenarios[] = {
    &released,      &two,         &load_put,     &inv,        &fails,        &late,
    &now,           &shuts,       &shuts_waiter, &three,      &get_put,      &lent,
    &expiry,        &evict,       &evict_load,   &negative,   &refresh_put,  &refresh_inv,
    &refresh_shuts, &mutex_lent,  &rwlock_lent,  &mutex_load, &words_get,    &words_two,
    &words_lent,    &words_held,  &words_lends,  &words_load, &words_waiter, &words_shuts,
    &words_evict,   &words_mutex, &words_rwlock, NULL
};
