/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/map_call.c - see map_call.h. */
#include "map_call.h"

#include <weir/rcu.h>

#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdlib.h>
#include <string.h>

#define ERRNO 7777 /* no system call gives this one */
#define UNKNOWN UINT64_MAX
#define LL(x) ((unsigned long long)(x))

/* ---- what a worker knows -------------------------------------------------------------------------------- */

static size_t last_size(const struct map_of_all *a) {
    return (size_t)(a->shared * a->workers + a->own * a->workers);
}

int caller_init(struct map_caller *c, const struct map_of_all *all, unsigned me) {
    *c = (struct map_caller){ .all = all, .me = me, .deadline = WEIR_FOREVER };
    c->now = calloc((size_t)map_keys(all), sizeof *c->now);
    c->last = calloc(last_size(all), sizeof *c->last);
    return c->now && c->last ? 0 : WEIR_ENOMEM;
}

void caller_fini(struct map_caller *c) {
    free(c->now);
    free(c->last);
}

void caller_forget(struct map_caller *c) {
    memset(c->now, 0, (size_t)map_keys(c->all) * sizeof *c->now);
    memset(c->last, 0, last_size(c->all) * sizeof *c->last);
}

static bool is_own(const struct map_caller *c, uint64_t i) {
    const struct map_of_all *a = c->all;
    return i >= a->shared && (i - a->shared) / a->own == c->me;
}

/* What the map must say of key i. */
static uint64_t known(const struct map_caller *c, uint64_t i) {
    return c->exact && is_own(c, i) ? c->now[i] : UNKNOWN;
}

uint64_t map_number(const struct map_of_all *a, uint64_t key, uint64_t val) {
    uint64_t i = value_key(val);
    return i < map_keys(a) && map_key(a, i) == key ? i : MAP_KEYS;
}

static bool may_be(const struct map_of_all *a, uint64_t i, uint64_t v) {
    uint64_t writer = value_writer(v), n = value_number(v);
    if (value_key(v) != i || writer >= a->workers) return false;
    if (i >= a->shared && (i - a->shared) / a->own != writer) return false;
    /* Relaxed: whoever found the value sees what its writer did before it put it (MAP4). */
    return n > 0 && n <= weir_load_relaxed(&a->made[writer * MADE_STRIDE]);
}

void caller_sees(struct map_caller *c, uint64_t i, uint64_t v) {
    const struct map_of_all *a = c->all;
    if (v == c->now[i]) return;
    c->now[i] = v;
    if (v == 0) return;
    if (!weir_stress_check(may_be(a, i, v), "key %llu has a value that was never put: %llx", LL(i),
                           LL(v)))
        return;
    uint64_t *last = &c->last[i < a->shared ? i * a->workers + value_writer(v)
                                            : a->shared * a->workers + i - a->shared];
    weir_stress_check(
        value_number(v) > *last,
        "key %llu: value %llu of worker %llu was seen after %llu of it, or again after "
        "it had gone",
        LL(i), LL(value_number(v)), LL(value_writer(v)), LL(*last));
    *last = value_number(v);
}

/* ---- calls ---------------------------------------------------------------------------------------------- */

bool always_ready(void *arg) {
    (void)arg;
    return true;
}

void may_sleep(struct weir_stress_worker *w) {
    if (w)
        weir_stress_waits(w, always_ready, NULL, WEIR_FOREVER,
                          "nobody holds the lock of a line for ever");
}
void slept(struct weir_stress_worker *w) {
    if (w) weir_stress_waited(w);
}

#ifdef __GLIBC__
static void malloc_keeps_little(void) {
    (void)mallopt(M_ARENA_MAX, 1);
    (void)mallopt(M_MMAP_THRESHOLD, 32 << 10);
}
#else
static void malloc_keeps_little(void) {}
#endif

void rcu_begins(void) {
    malloc_keeps_little();
    (void)weir_rcu_set_limits(1 << 20, 4 << 20);
}

void rcu_ends(void) {
    struct weir_rcu_stats r = WEIR_RCU_STATS;
    int rc = weir_shutdown();
    weir_stress_check(rc == 0 && weir_rcu_read_stats(&r) == 0, "shutdown returned %d", rc);
    weir_stress_check(r.called == r.retired && r.bytes + r.over_bytes == 0,
                      "after shutdown %llu objects and %llu bytes are left",
                      LL(r.retired - r.called), LL(r.bytes + r.over_bytes));
}

static uint64_t make_value(struct map_caller *c, uint64_t i) {
    c->made++;
    weir_store_relaxed(&c->all->made[c->me * MADE_STRIDE], c->made);
    return value_of(i, c->me, c->made);
}

/* Release: what the call counted comes before. Not a read-modify-write, which would hide what a map lacks. */
static void count_call(struct map_caller *c) {
    c->calls++;
    weir_store_release(&c->all->made[c->me * MADE_STRIDE + MADE_ENDED], c->calls, 0);
}

/* before: UNKNOWN, or what the key had; after: the same. */
struct said {
    int rc;
    uint64_t before, after;
};

static bool refusal(struct map_caller *c, enum map_verb verb, int rc) {
    bool puts = verb == DO_PUT || verb == DO_GET_OR_PUT || verb == DO_SWAP;
    bool so =
        puts && ((c->poor && rc == WEIR_ENOMEM) || (c->deadline == WEIR_NOW && rc == WEIR_EAGAIN) ||
                 (c->deadline != WEIR_NOW && c->deadline != WEIR_FOREVER && rc == WEIR_ETIMEDOUT));
    c->refused += so;
    return so;
}

static struct said said_put(int rc, enum map_verb verb, uint64_t v, uint64_t new) {
    if (rc == 0) return (struct said){ rc, verb == DO_PUT ? UNKNOWN : 0, new };
    return (struct said){ rc, v, verb == DO_SWAP ? new : v };
}

static struct said ask(struct map_caller *c, enum map_verb verb, uint64_t i, uint64_t expect) {
    const struct map_kind *k = c->all->kind;
    void *m = c->all->map;
    uint64_t key = map_key(c->all, i), v = 0, new = 0;
    int rc;
    if (verb == DO_PUT || verb == DO_GET_OR_PUT || verb == DO_SWAP || verb == DO_CAS)
        v = new = make_value(c, i);
    switch (verb) {
        case DO_GET: rc = k->get(m, key, &v); return (struct said){ rc, rc == 0 ? v : 0, UNKNOWN };
        case DO_PUT: return said_put(k->put(m, key, v, c->deadline), verb, v, new);
        case DO_GET_OR_PUT:
            rc = k->get_or_put(m, key, &v, c->deadline);
            return said_put(rc, verb, v, new);
        case DO_SWAP: rc = k->swap(m, key, &v, c->deadline); return said_put(rc, verb, v, new);
        case DO_TAKE: rc = k->take(m, key, &v); return (struct said){ rc, rc == 0 ? v : 0, 0 };
        case DO_DELETE: rc = k->del(m, key); return (struct said){ rc, rc == 0 ? UNKNOWN : 0, 0 };
        case DO_CAS: rc = k->cas(m, key, expect, new); break;
        default: rc = k->cad(m, key, expect); break;
    }
    if (rc == 0) return (struct said){ rc, expect, new };
    return (struct said){ rc, rc == WEIR_ENOENT ? 0 : UNKNOWN, UNKNOWN };
}

/* Whether a code is one of the verb's; refusals apart. */
static bool documented(enum map_verb verb, int rc) {
    switch (verb) {
        case DO_PUT: return rc == 0;
        case DO_GET_OR_PUT:
        case DO_SWAP: return rc == 0 || rc == WEIR_EEXIST;
        case DO_CAS:
        case DO_CAD: return rc == 0 || rc == WEIR_EEXIST || rc == WEIR_ENOENT;
        default: return rc == 0 || rc == WEIR_ENOENT;
    }
}

/* What must be so of a key whose state `was` is known. */
static bool fits(enum map_verb verb, const struct said *s, uint64_t was, uint64_t expect) {
    if (s->before != UNKNOWN) return s->before == was;
    if (verb == DO_DELETE) return was != 0;
    if (verb == DO_CAS || verb == DO_CAD) return was != 0 && was != expect;
    return true;
}

static const char *const names[] = { "get",  "put",    "get_or_put", "swap",
                                     "take", "delete", "cas",        "cad" };

int call_map(struct map_caller *c, enum map_verb verb, uint64_t i) {
    uint64_t was = known(c, i), expect = 0;
    if (verb == DO_CAS || verb == DO_CAD)
        expect = weir_stress_random(c->w, 4) ? c->now[i] : value_of(i, c->me, c->made + 1);
    if (verb != DO_GET) may_sleep(c->w);
    errno = ERRNO;
    struct said s = ask(c, verb, i, expect);
    int err = errno;
    if (verb != DO_GET) slept(c->w);
    count_call(c);
    weir_stress_check(err == ERRNO, "%s changed errno to %d", names[verb], err);
    if (refusal(c, verb, s.rc)) return s.rc;
    if (!weir_stress_check(documented(verb, s.rc), "%s of key %llu returned %d", names[verb], LL(i),
                           s.rc))
        return s.rc;
    if (was != UNKNOWN)
        weir_stress_check(fits(verb, &s, was, expect),
                          "%s of key %llu, which has %llx by its only writer, says %d and %llx",
                          names[verb], LL(i), LL(was), s.rc, LL(s.before));
    if (s.before != UNKNOWN) caller_sees(c, i, s.before);
    if (s.after != UNKNOWN) caller_sees(c, i, s.after);
    return s.rc;
}

static uint64_t all_ended(const struct map_of_all *a) {
    uint64_t n = 0;
    for (unsigned i = 0; i < a->workers; i++)
        n += weir_load_acquire(&a->made[i * MADE_STRIDE + MADE_ENDED], 0);
    return n;
}

void call_len(struct map_caller *c) {
    const struct map_of_all *a = c->all;
    uint64_t before = all_ended(a);
    size_t len = a->kind->len(a->map);
    /* A barrier: they are counted after all that len has read. */
    (void)weir_fetch_add_seq_cst(&a->made[c->me * MADE_STRIDE + MADE_ENDED], 0, 0);
    uint64_t most = map_keys(a) + a->workers + all_ended(a) - before;
    weir_stress_check(len <= most, "length %zu of %llu keys, with at most %llu calls meanwhile",
                      len, LL(map_keys(a)), LL(most - map_keys(a)));
}

enum map_verb any_verb(struct map_caller *c, unsigned reads) {
    if (weir_stress_random(c->w, 100) < reads) return DO_GET;
    return (enum map_verb)(DO_PUT + weir_stress_random(c->w, 7));
}

void call_many(struct map_caller *c, const uint64_t *numbers, size_t n) {
    uint64_t keys[MANY] = { 0 }, vals[MANY] = { 0 };
    bool found[MANY];
    ptrdiff_t hits = 0;
    for (size_t j = 0; j < n; j++) keys[j] = map_key(c->all, numbers[j]);
    ptrdiff_t rc = c->all->kind->get_many(c->all->map, keys, vals, found, n);
    for (size_t j = 0; j < n; j++) {
        uint64_t was = known(c, numbers[j]), v = found[j] ? vals[j] : 0;
        hits += found[j];
        weir_stress_check(was == UNKNOWN || was == v,
                          "get_many of key %llu, which has %llx by its only writer, says %llx",
                          LL(numbers[j]), LL(was), LL(v));
        caller_sees(c, numbers[j], v);
    }
    count_call(c);
    weir_stress_check(rc == hits, "get_many of %zu returned %td and found %td", n, rc, hits);
}

/* ---- walks ---------------------------------------------------------------------------------------------- */

struct walk {
    struct map_caller *c;
    uint64_t *met;
    size_t n;
};

static int meet_entry(uint64_t key, uint64_t val, void *arg) {
    struct walk *k = arg;
    uint64_t i = map_number(k->c->all, key, val);
    if (!weir_stress_check(i != MAP_KEYS, "a walk met key %llx with value %llx: never put", LL(key),
                           LL(val)))
        return 1;
    weir_stress_check(!(k->met[i / 64] >> i % 64 & 1), "a walk met key %llu twice", LL(i));
    k->met[i / 64] |= UINT64_C(1) << i % 64;
    uint64_t was = known(k->c, i);
    weir_stress_check(was == UNKNOWN || was == val,
                      "a walk met key %llu, which has %llx by its only writer, with %llx", LL(i),
                      LL(was), LL(val));
    caller_sees(k->c, i, val);
    k->n++;
    return 0;
}

static void walk_by_cursor(struct walk *k) {
    struct weir_map_cursor at = WEIR_MAP_CURSOR;
    uint64_t keys[MANY], vals[MANY];
    for (;;) {
        size_t room = 1 + weir_stress_random(k->c->w, MANY);
        may_sleep(k->c->w);
        ptrdiff_t n = k->c->all->kind->next(k->c->all->map, &at, keys, vals, room);
        slept(k->c->w);
        if (n <= 0) {
            weir_stress_check(n == 0 && at.ended, "next returned %td, and the walk has not ended",
                              n);
            return;
        }
        if (!weir_stress_check((size_t)n <= room, "next gave %td entries of %zu", n, room)) return;
        for (ptrdiff_t j = 0; j < n; j++)
            if (meet_entry(keys[j], vals[j], k) != 0) return;
    }
}

void call_walk(struct map_caller *c, uint64_t *met, bool by_cursor) {
    const struct map_of_all *a = c->all;
    struct walk k = { c, met, 0 };
    memset(met, 0, met_words(a) * sizeof *met);
    if (by_cursor) {
        walk_by_cursor(&k);
    } else {
        may_sleep(c->w);
        int rc = a->kind->each(a->map, meet_entry, &k);
        slept(c->w);
        weir_stress_check(rc == 0, "each returned %d", rc);
    }
    count_call(c);
    uint64_t first = a->shared + a->own * c->me;
    for (uint64_t i = first; c->exact && i < first + a->own; i++)
        weir_stress_check(c->now[i] == 0 || met[i / 64] >> i % 64 & 1,
                          "a walk did not meet key %llu, which was there all the time", LL(i));
}

/* ---- at rest -------------------------------------------------------------------------------------------- */

void map_at_rest(const struct map_of_all *a, struct map_caller *callers, struct map_caller *judge,
                 uint64_t *met, bool exact) {
    size_t len = a->kind->len(a->map), n = 0;
    judge->exact = exact;
    call_walk(judge, met, false);
    for (uint64_t i = 0; i < map_keys(a); i++) {
        bool there = met[i / 64] >> i % 64 & 1;
        uint64_t v = 0;
        int rc = a->kind->get(a->map, map_key(a, i), &v);
        n += there;
        weir_stress_check(rc == (there ? 0 : WEIR_ENOENT),
                          "at rest get of key %llu says %d, a walk %s", LL(i), rc,
                          there ? "met it" : "did not meet it");
        if (i < a->shared || !exact) continue;
        uint64_t owner = callers[(i - a->shared) / a->own].now[i];
        weir_stress_check(owner == v, "at rest key %llu has %llx; its only writer put %llx", LL(i),
                          LL(v), LL(owner));
    }
    weir_stress_check(len == n, "length %zu at rest, a walk met %zu", len, n);
}
