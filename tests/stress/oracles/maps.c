/* SPDX-License-Identifier: MIT */
/* tests/stress/oracles/maps.c - maps with one fault each, behind weir-stress run's own scenarios: what shows that the
 * oracles are alive. "map_forgets.walks" is the scenario `walks` on a map that leaves out an entry of a walk now and
 * then. Each has the fault once in a while, around a map with one mutex that is right.
 *
 * maps.table says which scenario must find which, and by what words. */
#include "maps.h"

#include "stress/run/scenarios/map_body.h"

#include <weir/atomic.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#define RARELY 64

/* LOSES: a put that stores nothing. STALE: a get that gives what the key had before. INVENTS: a value that was never put.
 * KEEPS: a take that removes nothing. HIDES: a swap that does not say what was there. FAKES: a cas that stores nothing
 * and says that it did. FORGETS, REPEATS: a walk that leaves out an entry, meets it twice. TOO_LONG: a length that is one
 * above. STORES_AND_FAILS: a put that stores and says that there is no memory. LEAKS: free gives nothing back.
 * LATE_CLEAR: an entry comes back after a clear. SETS_ERRNO. */
enum fault {
    LOSES,
    STALE,
    INVENTS,
    KEEPS,
    HIDES,
    FAKES,
    FORGETS,
    REPEATS,
    TOO_LONG,
    STORES_AND_FAILS,
    LEAKS,
    LATE_CLEAR,
    SETS_ERRNO,
    FAULTS
};

static const struct map_kind *const right = &map_one_mutex;

struct broken {
    void *map;
    enum fault fault;
    weir_au64 old_key, old_val; /* of some swap: not read together, as long as the key has it */
};

/* Counted over all maps: one may live for a few calls only. */
static bool due(const struct broken *b, enum fault fault) {
    static weir_au32 calls;
    return b->fault == fault && weir_fetch_add_relaxed(&calls, 1) % RARELY == RARELY - 1;
}

static void *of(void *map) { return ((struct broken *)map)->map; }

/* ---- making and ending ---------------------------------------------------------------------------------- */

static int make(void **map, const struct map_shape *s, enum fault fault) {
    struct broken *b = calloc(1, sizeof *b);
    *map = NULL;
    if (!b) return WEIR_ENOMEM;
    b->fault = fault;
    int rc = right->make(&b->map, s);
    if (rc < 0) {
        free(b);
        return rc;
    }
    *map = b;
    return 0;
}

static int end(void *map) {
    struct broken *b = map;
    int rc = b->fault == LEAKS ? 0 : right->free(b->map);
    free(b);
    return rc;
}

/* ---- calls ---------------------------------------------------------------------------------------------- */

static void remember(struct broken *b, uint64_t key, uint64_t val) {
    if (b->fault != STALE && b->fault != LATE_CLEAR) return;
    weir_store_relaxed(&b->old_val, 0);
    weir_store_relaxed(&b->old_key, key);
    weir_store_relaxed(&b->old_val, val);
}

static int get(void *map, uint64_t key, uint64_t *val) {
    struct broken *b = map;
    if (due(b, SETS_ERRNO)) errno = EINTR;
    int rc = right->get(b->map, key, val);
    if (rc == 0 && due(b, INVENTS)) *val ^= UINT64_C(1) << 48;
    if (b->fault != STALE || weir_load_relaxed(&b->old_key) != key) return rc;
    uint64_t old = weir_load_relaxed(&b->old_val);
    if (old == 0 || weir_load_relaxed(&b->old_key) != key) return rc;
    *val = old;
    weir_store_relaxed(&b->old_val, 0);
    return 0;
}

static ptrdiff_t get_many(void *map, const uint64_t *keys, uint64_t *vals, bool *found, size_t n) {
    return right->get_many(of(map), keys, vals, found, n);
}

static int put(void *map, uint64_t key, uint64_t val, weir_time d) {
    struct broken *b = map;
    if (due(b, LOSES)) return 0;
    int rc = right->put(b->map, key, val, d);
    return rc == 0 && due(b, STORES_AND_FAILS) ? WEIR_ENOMEM : rc;
}

static int get_or_put(void *map, uint64_t key, uint64_t *val, weir_time d) {
    return right->get_or_put(of(map), key, val, d);
}

static int swap(void *map, uint64_t key, uint64_t *val, weir_time d) {
    struct broken *b = map;
    int rc = right->swap(b->map, key, val, d);
    if (rc == WEIR_EEXIST) remember(b, key, *val);
    return rc == WEIR_EEXIST && due(b, HIDES) ? 0 : rc;
}

static int take(void *map, uint64_t key, uint64_t *val) {
    struct broken *b = map;
    if (due(b, KEEPS)) return right->get(b->map, key, val);
    return right->take(b->map, key, val);
}

static int del(void *map, uint64_t key) { return right->del(of(map), key); }

static int cas(void *map, uint64_t key, uint64_t expect, uint64_t val) {
    struct broken *b = map;
    uint64_t v = 0;
    if (due(b, FAKES) && right->get(b->map, key, &v) == 0 && v == expect) return 0;
    return right->cas(b->map, key, expect, val);
}

static int cad(void *map, uint64_t key, uint64_t expect) {
    return right->cad(of(map), key, expect);
}

static int clear(void *map) {
    struct broken *b = map;
    int rc = right->clear(b->map);
    uint64_t key = weir_load_relaxed(&b->old_key), val = weir_load_relaxed(&b->old_val);
    if (b->fault == LATE_CLEAR && val) (void)right->put(b->map, key, val, WEIR_FOREVER);
    return rc;
}

static int reserve(void *map, size_t n) { return right->reserve(of(map), n); }

static size_t len(void *map) { return right->len(of(map)) + due(map, TOO_LONG); }

struct walk {
    struct broken *b;
    weir_map_fn_u64 *fn;
    void *arg;
};

static int visit(uint64_t key, uint64_t val, void *arg) {
    struct walk *k = arg;
    if (due(k->b, FORGETS)) return 0;
    int rc = k->fn(key, val, k->arg);
    return rc == 0 && due(k->b, REPEATS) ? k->fn(key, val, k->arg) : rc;
}

static int each(void *map, weir_map_fn_u64 *fn, void *arg) {
    struct walk k = { map, fn, arg };
    return right->each(of(map), visit, &k);
}

static ptrdiff_t next(void *map, struct weir_map_cursor *c, uint64_t *keys, uint64_t *vals,
                      size_t n) {
    return right->next(of(map), c, keys, vals, n);
}

static uint64_t resizes(void *map) { return right->resizes(of(map)); }

/* ---- one kind for each fault ---------------------------------------------------------------------------- */

#define KINDS(XX)                              \
    XX(LOSES, map_loses)                       \
    XX(STALE, map_stale)                       \
    XX(INVENTS, map_invents)                   \
    XX(KEEPS, map_keeps)                       \
    XX(HIDES, map_hides)                       \
    XX(FAKES, map_fakes)                       \
    XX(FORGETS, map_forgets)                   \
    XX(REPEATS, map_repeats)                   \
    XX(TOO_LONG, map_too_long)                 \
    XX(STORES_AND_FAILS, map_stores_and_fails) \
    XX(LEAKS, map_leaks)                       \
    XX(LATE_CLEAR, map_late_clear)             \
    XX(SETS_ERRNO, map_sets_errno)

#define XX(fault, text) \
    static int make_##text(void **map, const struct map_shape *s) { return make(map, s, fault); }
KINDS(XX)
#undef XX

static const struct map_kind kinds[FAULTS] = {
#define XX(fault, text)                   \
    [fault] = { .name = #text,            \
                .make = make_##text,      \
                .free = end,              \
                .get = get,               \
                .get_many = get_many,     \
                .put = put,               \
                .get_or_put = get_or_put, \
                .swap = swap,             \
                .take = take,             \
                .del = del,               \
                .cas = cas,               \
                .cad = cad,               \
                .clear = clear,           \
                .reserve = reserve,       \
                .len = len,               \
                .each = each,             \
                .next = next,             \
                .resizes = resizes },
    KINDS(XX)
#undef XX
};

/* ---- reads that wait for a writer ----------------------------------------------------------------------- */

/* Around all calls of a weir_map, whose writers stand still in it. */
static pthread_mutex_t around = PTHREAD_MUTEX_INITIALIZER;

static int locked_get(void *map, uint64_t key, uint64_t *val) {
    (void)pthread_mutex_lock(&around);
    int rc = map_words.get(map, key, val);
    (void)pthread_mutex_unlock(&around);
    return rc;
}
static int locked_swap(void *map, uint64_t key, uint64_t *val, weir_time d) {
    (void)pthread_mutex_lock(&around);
    int rc = map_words.swap(map, key, val, d);
    (void)pthread_mutex_unlock(&around);
    return rc;
}

size_t bad_maps_on(const struct weir_stress_scenario **out, size_t n, size_t most) {
    static struct map_kind locks;
    locks = map_words;
    locks.name = "map_locks";
    locks.get = locked_get;
    locks.swap = locked_swap;
    for (size_t i = 0; i < FAULTS; i++) n = map_bodies_on(&kinds[i], out, n, most);
    return map_bodies_on(&locks, out, n, most);
}
