/* SPDX-License-Identifier: MIT */
/* tests/maps/races.c - many threads on the same keys. MAP4-MAP16. */
#include <string.h>

#include "kind.h"

#define TEAM 4
#define KEYS 16384

/* ---- MAP4 MAP5: plain memory handed over by an entry -------------------------------------------------------- */

struct edges {
    void *m;
    uint64_t plain[64];
    size_t rounds;
    int write, read;
};

/* Makes the value `v` the key's, from the absent key or from v - 1. */
static int write_by(struct edges *e, uint64_t k, uint64_t v) {
    uint64_t x = v;
    switch (e->write) {
        case 0: return K.put(e->m, k, v);
        case 1: return K.swap(e->m, k, &x) == WEIR_EEXIST || v == 1 ? 0 : WEIR_EINVAL;
        case 2: return v == 1 ? K.put(e->m, k, v) : K.cas(e->m, k, v - 1, v);
        default: (void)K.take(e->m, k, NULL); return K.get_or_put(e->m, k, &x);
    }
}

static int read_by(struct edges *e, uint64_t k, uint64_t *v) {
    bool found;
    switch (e->read) {
        case 0: return K.get(e->m, k, v);
        case 1: return K.get_many(e->m, &k, v, &found, 1) == 1 ? 0 : WEIR_ENOENT;
        default: /* a cas from what it is: succeeds, or the value has changed since */
            if (K.get(e->m, k, v) != 0) return WEIR_ENOENT;
            return K.cas(e->m, k, *v, *v) == WEIR_ENOENT ? WEIR_ENOENT : 0;
    }
}

static void edge_thread(void *arg, size_t who) {
    struct edges *e = arg;
    for (uint64_t i = 1; i <= e->rounds && checks_hold(); i++) {
        if (who == 0) {
            e->plain[i % 64] = i;
            CHECK_IS(write_by(e, 1, i), 0);
            uint64_t seen = 0; /* slots are used again once they were read */
            for (unsigned turns = 0; i % 32 == 0 && seen != i && checks_hold(); give_way(&turns))
                if (K.get(e->m, 2, &seen) != 0) seen = 0;
        } else {
            uint64_t v = 0;
            for (unsigned turns = 0; v < i && checks_hold(); give_way(&turns))
                if (read_by(e, 1, &v) != 0) v = 0;
            CHECK(e->plain[v % 64] >= v, "%llu is older than %llu",
                  (unsigned long long)e->plain[v % 64], (unsigned long long)v);
            i = v;
            CHECK_IS(K.put(e->m, 2, i / 32 * 32), 0);
        }
    }
}

void map4_edges(void) {
    for (int way = 0; way < 12; way++) {
        struct edges e = { .m = map_open(0),
                           .rounds = times(1000) / 32 * 32 + 32,
                           .write = way / 3,
                           .read = way % 3 };
        check_context("write %d, read %d", e.write, e.read);
        team_run(2, edge_thread, &e);
        map_end(e.m);
    }
}

enum { ABSENT = 4096 };
struct absent {
    void *m;
    size_t rounds;
    uint64_t plain[ABSENT]; /* one for each key */
};

static void absent_thread(void *arg, size_t who) {
    struct absent *a = arg;
    for (uint64_t k = 0; k < a->rounds && checks_hold(); k++) {
        uint64_t v = 0;
        if (who == 0) {
            a->plain[k] = k + 1;
            CHECK_IS(K.take(a->m, k, &v), 0);
            continue;
        }
        for (unsigned turns = 0; K.get(a->m, k, &v) == 0 && checks_hold(); give_way(&turns)) {
        }
        CHECK_IS(a->plain[k], k + 1);
    }
}

void map4_absent(void) {
    static struct absent a;
    a = (struct absent){ .rounds = times(1000) < ABSENT ? times(1000) : ABSENT };
    a.m = map_open(a.rounds);
    for (uint64_t k = 0; k < a.rounds; k++) CHECK_IS(K.put(a.m, k, k), 0);
    team_run(2, absent_thread, &a);
    map_end(a.m);
}

/* ---- one winner --------------------------------------------------------------------------------------------- */

struct race {
    void *m;
    size_t rounds;
    weir_au32 won[KEYS];
    weir_au64 sum;
    uint64_t keys;
};

static size_t keys(void) { return times(4096) < KEYS ? times(4096) : KEYS; }

static void get_or_put_thread(void *arg, size_t who) {
    struct race *r = arg;
    for (uint64_t k = 0; k < r->rounds && checks_hold(); k++) {
        uint64_t v = who + 1;
        int rc = K.get_or_put(r->m, k, &v);
        CHECK(rc == 0 || rc == WEIR_EEXIST, "%d", rc);
        if (rc == 0) (void)weir_fetch_add_relaxed(&r->won[k], 1);
        uint64_t seen = 0;
        CHECK_IS(K.get(r->m, k, &seen), 0);
        CHECK_IS(seen, v);
    }
}

void map8_winner(void) {
    struct race r = { .m = map_open(0), .rounds = keys() };
    team_run(TEAM, get_or_put_thread, &r);
    for (size_t k = 0; k < r.rounds; k++) CHECK_IS(weir_load_relaxed(&r.won[k]), 1);
    CHECK_IS(K.len(r.m), r.rounds);
    map_end(r.m);
}

static void take_thread(void *arg, size_t who) {
    struct race *r = arg;
    for (uint64_t i = 0; i < r->rounds && checks_hold(); i++) {
        uint64_t v = 0;
        int rc = who % 2 ? K.take(r->m, i, &v) : K.cad(r->m, i, i + 1);
        if (rc == 0) (void)weir_fetch_add_relaxed(&r->won[i], 1);
        if (rc == 0 && who % 2) CHECK_IS(v, i + 1);
        CHECK(rc == 0 || rc == WEIR_ENOENT, "%d", rc);
    }
}

void map9_race(void) {
    struct race r = { .m = map_open(0), .rounds = keys() };
    for (uint64_t k = 0; k < r.rounds; k++) CHECK_IS(K.put(r.m, k, k + 1), 0);
    team_run(TEAM, take_thread, &r);
    for (size_t k = 0; k < r.rounds; k++) CHECK_IS(weir_load_relaxed(&r.won[k]), 1);
    CHECK_IS(K.len(r.m), 0);
    map_end(r.m);
}

static void swap_thread(void *arg, size_t who) {
    struct race *r = arg;
    for (uint64_t i = 0; i < r->rounds && checks_hold(); i++) {
        uint64_t mine = (i * TEAM + who) * 2 + 1, v = mine;
        int rc = K.swap(r->m, 3, &v);
        if (rc == WEIR_EEXIST) (void)weir_fetch_add_relaxed(&r->sum, v);
        (void)weir_fetch_sub_relaxed(&r->sum, mine);
    }
}

void map11_chain(void) {
    struct race r = { .m = map_open(0), .rounds = times(20000) };
    uint64_t last = 0;
    team_run(TEAM, swap_thread, &r);
    CHECK_IS(K.get(r.m, 3, &last), 0);
    CHECK_IS(weir_load_relaxed(&r.sum) + last, 0);
    map_end(r.m);
}

static void counter_thread(void *arg, size_t who) {
    struct race *r = arg;
    (void)who;
    for (uint64_t i = 0; i < r->rounds && checks_hold(); i++) {
        uint64_t v = 0;
        do (void)K.get(r->m, i % 3, &v);
        while (K.cas(r->m, i % 3, v, v + 1) != 0);
    }
}

void map16_counter(void) {
    struct race r = { .m = map_open(0), .rounds = times(15000) };
    uint64_t sum = 0, v = 0;
    for (uint64_t k = 0; k < 3; k++) CHECK_IS(K.put(r.m, k, 0), 0);
    team_run(TEAM, counter_thread, &r);
    for (uint64_t k = 0; k < 3; k++) {
        CHECK_IS(K.get(r.m, k, &v), 0);
        sum += v;
    }
    CHECK_IS(sum, TEAM * r.rounds);
    map_end(r.m);
}

/* ---- keys of their own: each thread knows what it must find ------------------------------------------------- */

static void own_thread(void *arg, size_t who) {
    struct race *r = arg;
    uint64_t has[64] = { 0 };
    for (uint64_t i = 0; i < r->rounds && checks_hold(); i++) {
        uint64_t k = rng_below(r->keys), v = 0, key = k * TEAM + who;
        int rc = K.get(r->m, key, &v);
        CHECK(rc == (has[k] ? 0 : WEIR_ENOENT) && v == has[k], "key %llu: %d, %llu, not %llu",
              (unsigned long long)key, rc, (unsigned long long)v, (unsigned long long)has[k]);
        if (rng_below(3) == 0) {
            rc = K.take(r->m, key, &v);
            CHECK(rc == (has[k] ? 0 : WEIR_ENOENT) && v == has[k], "take: %d", rc);
            has[k] = 0;
        } else {
            has[k] = i + 1;
            CHECK_IS(K.put(r->m, key, has[k]), 0);
        }
    }
    for (uint64_t k = 0; k < r->keys; k++)
        CHECK_IS(K.take(r->m, k * TEAM + who, NULL), has[k] ? 0 : WEIR_ENOENT);
}

void map6_own_keys(void) {
    static const uint64_t keys[] = { 1, 4, 64 };
    for (size_t i = 0; i < 3; i++) {
        struct race r = { .m = map_open(0), .rounds = times(30000), .keys = keys[i] };
        check_context("%llu keys each", (unsigned long long)keys[i]);
        points_delay(i == 1);
        if (i == 1) r.rounds = times(3000);
        team_run(TEAM, own_thread, &r);
        points_delay(false);
        CHECK_IS(K.len(r.m), 0);
        map_end(r.m);
    }
}

/* ---- a lock that is wanted by more than run ----------------------------------------------------------------- */

static void crowd_thread(void *arg, size_t who) {
    struct race *r = arg;
    for (uint64_t i = 0; i < r->rounds && checks_hold(); i++) {
        uint64_t v = 0, key = crowded_key(who % 8);
        if (i % 64 == who) random_delay();
        do (void)K.get(r->m, key, &v);
        while (K.cas(r->m, key, v, v + 1) != 0);
    }
}

void map_crowded_lock(void) {
    struct race r = { .m = map_open(0), .rounds = times(1500) };
    uint64_t sum = 0, v = 0;
    for (uint64_t k = 0; k < 8; k++) CHECK_IS(K.put(r.m, crowded_key(k), 0), 0);
    points_delay(true);
    team_run(16, crowd_thread, &r);
    points_delay(false);
    for (uint64_t k = 0; k < 8; k++) {
        CHECK_IS(K.get(r.m, crowded_key(k), &v), 0);
        sum += v;
    }
    CHECK_IS(sum, 16 * r.rounds);
    map_end(r.m);
}

/* ---- chains that are written anew --------------------------------------------------------------------------- */

/* Keys of one line and one bit of chains. */
static uint64_t chained_key(uint64_t n) { return crowded_key((n & 15) | n >> 4 << 7); }

/* Of these 0 to 2 stay in the line and 3 to 5 in its chain. Others, a new one each time, are removed at once, but each third one
 * later: beside these, places of removed entries wait, and the chain is copied without them. */
static void anew_thread(void *arg, size_t who) {
    struct race *r = arg;
    for (uint64_t i = 0; i < r->rounds && checks_hold(); i++) {
        uint64_t v = 77, stays = 3 + rng_below(3);
        if (who == 0) {
            CHECK_IS(K.put(r->m, chained_key(10 + i), i), 0);
            if (i % 3) CHECK_IS(K.del(r->m, chained_key(10 + i)), 0);
            if (i % 3 == 0 && i >= 9) CHECK_IS(K.del(r->m, chained_key(1 + i)), 0);
            continue;
        }
        CHECK_IS(K.get(r->m, chained_key(stays), &v), 0);
        CHECK_IS(v, stays);
        CHECK_IS(K.get(r->m, chained_key(6), &v), WEIR_ENOENT);
    }
}

void map_anew(void) {
    struct race r = { .m = map_open(64), .rounds = times(10000) };
    struct weir_map_stats s = WEIR_MAP_STATS;
    for (uint64_t k = 0; k < 6; k++) CHECK_IS(K.put(r.m, chained_key(k), k), 0);
    points_delay(true); /* also where the new chain can be found, and the line is still locked */
    team_run(3, anew_thread, &r);
    points_delay(false);
    K.stats(r.m, &s);
    /* Where keys are no words they stand in many lines. */
    CHECK(s.rewritten > 0 || K.nodes, "no chain was written anew");
    map_end(r.m);
}
