/* SPDX-License-Identifier: MIT */
/* tests/maps/walks.c - each, next, clear, growing and shrinking. MAP18-MAP27. */
#include <stdlib.h>
#include <string.h>

#include "kind.h"

/* ---- MAP18 -------------------------------------------------------------------------------------------------- */

struct seen {
    void *m;
    size_t n, stop_at;
    bool inside;
    uint64_t sum;
};

static int count(uint64_t key, uint64_t val, void *arg) {
    struct seen *s = arg;
    CHECK(!s->inside, "two calls at once");
    CHECK_IS(val, key * 2);
    s->sum += key;
    return ++s->n == s->stop_at ? -77 : 0;
}

void map18_each(void) {
    void *m = map_open(0);
    struct seen s = { .n = 0 };
    CHECK_IS(K.each(m, count, &s), 0);
    CHECK_IS(s.n, 0);
    for (uint64_t k = 0; k < 1000; k++) CHECK_IS(K.put(m, k, k * 2), 0);
    CHECK_IS(K.each(m, count, &s), 0);
    CHECK_IS(s.n, 1000);
    CHECK_IS(s.sum, 999 * 1000 / 2);
    s = (struct seen){ .stop_at = 10 };
    CHECK_IS(K.each(m, count, &s), -77);
    CHECK_IS(s.n, 10);
    map_end(m);
}

/* ---- MAP24 -------------------------------------------------------------------------------------------------- */

void map24_early(void) {
    void *m = map_open(0);
    struct seen s = { .stop_at = 1 };
    for (uint64_t k = 0; k < 20000; k++) CHECK_IS(K.put(m, k, k * 2), 0);
    points_count("map.visited");
    CHECK_IS(K.each(m, count, &s), -77);
    CHECK(points_passed() < 200, "%u lines for one entry", points_passed());
    points_count("map.visited");
    s = (struct seen){ .stop_at = 20001 };
    CHECK_IS(K.each(m, count, &s), 0);
    CHECK(points_passed() >= 5000 && points_passed() < 100000, "%u lines", points_passed());
    points_count(NULL);
    map_end(m);
}

/* ---- MAP19 MAP20 MAP21 -------------------------------------------------------------------------------------- */

#define STAY 300 /* keys 0, 2, ..: there all the time; odd ones, and others, come and go */
struct churn {
    void *m;
    weir_au32 over;
    uint64_t others;
};

static void churn_thread(void *arg, size_t who) {
    struct churn *c = arg;
    for (uint64_t i = 0; !weir_load_relaxed(&c->over) && checks_hold(); i++) {
        uint64_t n = i / 3 % 2 ? c->others : 4;
        for (uint64_t k = who; k < n; k += 2) CHECK_IS(K.put(c->m, 2 * k + 1, k), 0);
        for (uint64_t k = who; k < n; k += 2) CHECK_IS(K.take(c->m, 2 * k + 1, NULL), 0);
        if (i % 4 == 0)
            CHECK_IS(K.put(c->m, 2 * (i % STAY), UINT64_MAX - i), 0); /* replaced: stays */
    }
}

struct walk {
    unsigned char met[2 * 4096];
    size_t n;
};

static int mark(uint64_t key, uint64_t val, void *arg) {
    struct walk *w = arg;
    if (!CHECK(key < sizeof w->met, "key %llu was never put", (unsigned long long)key)) return 1;
    CHECK(key % 2 == 0 || val == key / 2, "key %llu has value %llu", (unsigned long long)key,
          (unsigned long long)val);
    CHECK(++w->met[key] == 1, "key %llu twice", (unsigned long long)key);
    w->n++;
    return 0;
}

static void all_that_stay(const struct walk *w) {
    for (uint64_t k = 0; k < STAY && checks_hold(); k++)
        CHECK(w->met[2 * k], "key %llu not met", (unsigned long long)(2 * k));
}

static int64_t churn_alone(void *arg) {
    churn_thread(arg, 0);
    return 0;
}

void map19_walks(void) {
    struct churn c = { .m = map_open(0), .others = 4000 };
    struct call churner;
    for (uint64_t k = 0; k < STAY; k++) CHECK_IS(K.put(c.m, 2 * k, k), 0);
    call_start(&churner, churn_alone, &c);
    for (size_t i = 0; i < times(60) && checks_hold(); i++) {
        struct walk w = { .n = 0 };
        CHECK_IS(K.each(c.m, mark, &w), 0);
        all_that_stay(&w);
    }
    weir_store_relaxed(&c.over, 1);
    CHECK_IS(call_end(&churner), 0);
    map_end(c.m);
}

/* Batch by batch, of all sizes; between two batches it grows or shrinks by much. */
void map19_cursor(void) {
    for (size_t batch = 1; batch < 40; batch += 3) {
        void *m = map_open(0);
        struct walk w = { .n = 0 };
        struct weir_map_cursor c = WEIR_MAP_CURSOR;
        uint64_t keys[40], vals[40];
        ptrdiff_t n;
        check_context("batches of %zu", batch);
        for (uint64_t k = 0; k < STAY; k++) CHECK_IS(K.put(m, 2 * k, k), 0);
        for (size_t turn = 0; (n = K.next(m, &c, keys, vals, batch)) > 0; turn++) {
            CHECK((size_t)n <= batch, "%td", n);
            for (ptrdiff_t i = 0; i < n; i++) (void)mark(keys[i], vals[i], &w);
            for (uint64_t k = 0; turn % 8 == 0 && k < 2000; k++)
                CHECK_IS(K.put(m, 2 * k + 1, k), 0);
            for (uint64_t k = 0; turn % 8 == 4 && k < 2000; k++)
                CHECK_IS(K.take(m, 2 * k + 1, NULL), 0);
        }
        CHECK_IS(n, 0);
        CHECK_IS(K.next(m, &c, keys, vals, batch), 0);
        all_that_stay(&w);
        map_end(m);
    }
}

/* ---- MAP22 MAP23 -------------------------------------------------------------------------------------------- */

static int meddle(uint64_t key, uint64_t val, void *arg) {
    struct seen *s = arg;
    struct weir_map_cursor c = WEIR_MAP_CURSOR;
    uint64_t k, v;
    s->n++;
    CHECK_IS(K.get(s->m, key, &v), 0);
    CHECK_IS(v, val);
    CHECK_IS(K.take(s->m, key, &v), 0);
    CHECK_IS(K.put(s->m, key + 1000000, val), 0);
    CHECK(K.next(s->m, &c, &k, &v, 1) == 1, "nothing there");
    return 0;
}

void map22_reenter(void) {
    void *m = map_open(0);
    struct seen s = { .m = m };
    uint64_t v;
    for (uint64_t k = 0; k < 200; k++) CHECK_IS(K.put(m, k, k), 0);
    CHECK_IS(K.each(m, meddle, &s), 0);
    CHECK(s.n >= 200, "%zu", s.n);
    CHECK_IS(K.len(m), 200);
    for (uint64_t k = 0; k < 200; k++) CHECK_IS(K.get(m, k, &v), WEIR_ENOENT);
    map_end(m);
}

static int insert_more(uint64_t key, uint64_t val, void *arg) {
    struct seen *s = arg;
    (void)val;
    s->n++;
    CHECK(s->n < 100000, "it does not end");
    CHECK_IS(K.put(s->m, key + 1000 + s->n, 1), 0);
    return s->n < 100000 ? 0 : 1;
}

void map23_ends(void) {
    struct seen s = { .m = map_open(0) };
    for (uint64_t k = 0; k < 100; k++) CHECK_IS(K.put(s.m, k, 1), 0);
    CHECK_IS(K.each(s.m, insert_more, &s), 0);
    map_end(s.m);
}

/* ---- clear -------------------------------------------------------------------------------------------------- */

void map25_clear(void) {
    void *m = map_open(0);
    uint64_t v;
    CHECK_IS(K.clear(m), 0);
    for (size_t n = 1; n < 5000; n *= 3) {
        for (uint64_t k = 0; k < n; k++) CHECK_IS(K.put(m, k, k), 0);
        CHECK_IS(K.clear(m), 0);
        CHECK_IS(K.len(m), 0);
        for (uint64_t k = 0; k < n; k++) CHECK_IS(K.get(m, k, &v), WEIR_ENOENT);
        CHECK_IS(K.put(m, 1, 1), 0);
        CHECK_IS(K.get(m, 1, &v), 0);
    }
    map_end(m);
}

struct clearing {
    void *m;
    weir_au64 begun[8],
        ended[8]; /* the last version of the key that was about to be put, and that was */
    weir_au32 over;
};

/* Thread 0 clears and looks: what was put before the clear is gone. 1 puts growing versions. 2 reads: a version
 * never goes back, and who has gone does not come back by itself. 3 fills other keys, so that it grows. */
static void clear_and_look(struct clearing *c, size_t rounds) {
    for (size_t i = 0; i < rounds && checks_hold(); i++) {
        uint64_t before[8];
        for (size_t k = 0; k < 8; k++) before[k] = weir_load_acquire(&c->ended[k], 0);
        CHECK_IS(K.clear(c->m), 0);
        for (size_t k = 0; k < 8; k++) {
            uint64_t v = 0;
            int rc = K.get(c->m, k, &v);
            CHECK(rc == WEIR_ENOENT || v > before[k], "version %llu outlived a clear after %llu",
                  (unsigned long long)v, (unsigned long long)before[k]);
        }
        sleep_ms(0);
    }
    weir_store_relaxed(&c->over, 1);
}

static void put_versions(struct clearing *c) {
    for (uint64_t i = 1; !weir_load_relaxed(&c->over) && checks_hold(); i++) {
        uint64_t k = i % 8;
        weir_store_release(&c->begun[k], i, 0);
        CHECK_IS(K.put(c->m, k, i), 0);
        weir_store_release(&c->ended[k], i, 0);
    }
}

static void watch_versions(struct clearing *c) {
    uint64_t last[8] = { 0 };
    bool gone[8] = { false };
    while (!weir_load_relaxed(&c->over) && checks_hold())
        for (uint64_t k = 0; k < 8; k++) {
            uint64_t v = 0;
            int rc = K.get(c->m, k, &v);
            if (rc == 0) {
                CHECK(v >= last[k] && !(gone[k] && v == last[k]), "version %llu after %llu%s",
                      (unsigned long long)v, (unsigned long long)last[k],
                      gone[k] ? ", which had gone" : "");
                CHECK(v <= weir_load_acquire(&c->begun[k], 0), "never put");
                last[k] = v;
            }
            gone[k] = rc != 0;
        }
}

static void clearing_thread(void *arg, size_t who) {
    struct clearing *c = arg;
    if (who == 0) clear_and_look(c, times(600));
    if (who == 1) put_versions(c);
    if (who == 2) watch_versions(c);
    for (uint64_t i = 0; who == 3 && !weir_load_relaxed(&c->over) && checks_hold(); i++)
        CHECK_IS(K.put(c->m, 100 + i % 3000, i), 0);
}

void map26_race(void) {
    struct clearing c = { .m = map_open(0) };
    team_run(4, clearing_thread, &c);
    map_end(c.m);
}

/* ---- sizes -------------------------------------------------------------------------------------------------- */

void map32_len(void) {
    void *m = map_open(0);
    for (uint64_t k = 0; k < 3000; k++) {
        CHECK_IS(K.len(m), k);
        CHECK_IS(K.put(m, k, k), 0);
        CHECK_IS(K.put(m, k, k + 1), 0);
    }
    for (uint64_t k = 3000; k > 0; k--) {
        CHECK_IS(K.len(m), k);
        CHECK_IS(K.take(m, k - 1, NULL), 0);
    }
    CHECK_IS(K.len(m), 0);
    map_end(m);
}

void map_shrinks(void) {
    void *m = map_open(0);
    uint64_t v;
    for (uint64_t k = 0; k < 50000; k++) CHECK_IS(K.put(m, k, k), 0);
    size_t most = K.places(m);
    CHECK(most >= 50000 / 2 && most < 50000 * 4, "%zu places for 50000", most);
    for (uint64_t k = 500; k < 50000; k++) CHECK_IS(K.take(m, k, NULL), 0);
    for (uint64_t k = 0; k < 500; k++) {
        CHECK_IS(K.get(m, k, &v), 0);
        CHECK_IS(v, k);
    }
    /* It shrinks by and by: some more come and go. */
    for (uint64_t i = 0; i < 20000; i++) {
        CHECK_IS(K.put(m, 100000 + i, i), 0);
        CHECK_IS(K.take(m, 100000 + i, NULL), 0);
    }
    CHECK(K.places(m) <= 8 * 500, "%zu places for 500", K.places(m));
    map_end(m);
}

/* Whose removals are counted is not the thread. */
void map_shrinks_in_turn(void) {
    void *m[2] = { map_open(0), map_open(0) };
    for (uint64_t k = 0; k < 20000; k++)
        for (int i = 0; i < 2; i++) CHECK_IS(K.put(m[i], k, k), 0);
    for (uint64_t k = 0; k < 20000; k++)
        for (int i = 0; i < 2; i++) CHECK_IS(K.take(m[i], k, NULL), 0);
    for (uint64_t k = 0; k < 20000; k++)
        for (int i = 0; i < 2; i++) {
            CHECK_IS(K.put(m[i], k, k), 0);
            CHECK_IS(K.take(m[i], k, NULL), 0);
        }
    for (int i = 0; i < 2; i++) {
        CHECK(K.places(m[i]) <= 1024, "map %d: %zu places for none", i, K.places(m[i]));
        map_end(m[i]);
    }
}

void map_reserve(void) {
    void *m = map_open(10000);
    size_t places = K.places(m);
    CHECK(places >= 10000, "%zu", places);
    for (uint64_t k = 0; k < 10000; k++) CHECK_IS(K.put(m, k, k), 0);
    for (uint64_t k = 0; k < 10000; k++) CHECK_IS(K.take(m, k, NULL), 0);
    CHECK_IS(K.places(m), places);
    CHECK_IS(K.put(m, 5, 6), 0);
    CHECK_IS(K.reserve(m, 100000), 0);
    CHECK(K.places(m) >= 100000, "%zu", K.places(m));
    uint64_t v = 0;
    CHECK_IS(K.get(m, 5, &v), 0);
    CHECK_IS(v, 6);
    map_end(m);
}
