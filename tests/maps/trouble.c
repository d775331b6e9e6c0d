/* SPDX-License-Identifier: MIT */
/* tests/maps/trouble.c - stopped threads, want of memory, keys of one place, garbage. MAP31 MAP34 MAP36. */
#include <stdlib.h>

#include <weir/rcu.h>

#include "kind.h"

/* ---- MAP31 -------------------------------------------------------------------------------------------------- */

struct stopped {
    void *m;
    struct stop stop;
    int64_t (*fn)(struct stopped *s);
};

static int64_t stopped_call(void *arg) {
    struct stopped *s = arg;
    stop_me(&s->stop);
    return s->fn(s);
}

static int64_t put_crowded(struct stopped *s) { return K.put(s->m, crowded_key(1), 11); }
static int64_t take_crowded(struct stopped *s) { return K.take(s->m, crowded_key(1), NULL); }
static int64_t put_many(struct stopped *s) {
    for (uint64_t k = 0; k < 5000; k++) CHECK_IS(K.put(s->m, 1000 + k, k), 0);
    return 0;
}

static int64_t read_all(void *m) {
    for (uint64_t k = 0; k < 6; k++) {
        uint64_t v = 0;
        CHECK_IS(K.get(m, crowded_key(k), &v), 0);
        CHECK_IS(v, k);
    }
    uint64_t v;
    CHECK_IS(K.get(m, crowded_key(7), &v), WEIR_ENOENT);
    return 0;
}

static void stopped_at(const char *at, int64_t (*fn)(struct stopped *s)) {
    struct stopped s = { .m = map_open(0), .fn = fn };
    struct call writer, reader;
    check_context("at %s", at);
    for (uint64_t k = 0; k < 6; k++) CHECK_IS(K.put(s.m, crowded_key(k), k), 0);
    stop_init(&s.stop, at);
    call_start(&writer, stopped_call, &s);
    if (stop_wait(&s.stop)) {
        call_start(&reader, read_all, s.m);
        CHECK(call_returns(&reader, 20000), "the read waits");
        stop_release(&s.stop);
        CHECK_IS(call_end(&reader), 0);
    }
    CHECK_IS(call_end(&writer), 0);
    stop_fini(&s.stop);
    map_end(s.m);
}

void map31_stopped(void) {
    stopped_at("map.locked", put_crowded);
    stopped_at("map.locked", take_crowded);
    stopped_at("map.copied", put_many);
    stopped_at("map.moved", put_many);
}

/* ---- MAP34 -------------------------------------------------------------------------------------------------- */

/* Fills and empties; what is refused has changed nothing. Whether anything was. */
static void fill_and_empty(void *m) {
    bool there[400] = { false };
    for (uint64_t i = 0; i < 1200 && checks_hold(); i++) {
        uint64_t k = i * 7 % 400, v = 0;
        uint64_t key = k % 2 ? k : crowded_key(k + 2); /* crowded_key(0) is 1 */
        int rc = i % 5 == 4 ? K.take(m, key, &v) : K.put(m, key, i);
        if (i % 5 == 4) {
            CHECK_IS(rc, there[k] ? 0 : WEIR_ENOENT);
            there[k] = false;
        } else {
            CHECK(rc == 0 || (rc == WEIR_ENOMEM && (!there[k] || K.nodes)), "put: %d", rc);
            if (rc == 0) there[k] = true;
        }
        CHECK_IS(K.get(m, key, &v), there[k] ? 0 : WEIR_ENOENT);
    }
    size_t n = 0;
    for (uint64_t k = 0; k < 400; k++) {
        uint64_t v;
        CHECK_IS(K.get(m, k % 2 ? k : crowded_key(k + 2), &v), there[k] ? 0 : WEIR_ENOENT);
        n += there[k];
    }
    CHECK_IS(K.len(m), n);
}

void map34_memory(void) {
    struct failing_alloc f;
    bool refused = true;
    for (size_t fail = 1; refused && fail <= 150 && checks_hold(); fail++) {
        check_context("request %zu is refused", fail);
        failing_alloc_init(&f, fail);
        void *m = K.open(0, &f.as);
        if (m) {
            fill_and_empty(m);
            CHECK_IS(K.close(m), 0);
        }
        CHECK_IS(f.out, 0);
        CHECK_IS(f.bytes_out, 0);
        refused = f.refused > 0;
    }
}

static bool refuse;
static weir_asize out;
static void *large_alloc(void *self, size_t size, size_t align) {
    (void)self;
    (void)align;
    if (refuse && size > 256) return NULL;
    (void)weir_fetch_add_relaxed(&out, 1);
    return aligned_alloc(align, (size + align - 1) / align * align);
}
static void large_free(void *self, void *p, size_t size, size_t align) {
    (void)self;
    (void)size;
    (void)align;
    (void)weir_fetch_sub_relaxed(&out, 1);
    free(p);
}

/* No table can be made, only lines of chains. */
void map34_resize(void) {
    struct weir_alloc a = { large_alloc, large_free, NULL };
    void *m = K.open(0, &a);
    refuse = true;
    for (uint64_t k = 0; k < 1000; k++) CHECK_IS(K.put(m, k, k), 0);
    CHECK(K.places(m) < 100, "it has grown");
    refuse = false;
    for (uint64_t k = 1000; k < 2000; k++) CHECK_IS(K.put(m, k, k), 0);
    for (uint64_t k = 0; k < 2000; k++) {
        uint64_t v = 0;
        CHECK_IS(K.get(m, k, &v), 0);
        CHECK_IS(v, k);
    }
    CHECK(K.places(m) >= 1000, "it has not grown: %zu", K.places(m));
    CHECK_IS(K.close(m), 0);
    CHECK_IS(weir_load_relaxed(&out), 0);
}

/* ---- MAP36 -------------------------------------------------------------------------------------------------- */

void map36_crowd(void) {
    enum { N = 2000 };
    void *m = map_open(0);
    uint64_t v = 0;
    for (uint64_t k = 0; k < N; k++) CHECK_IS(K.put(m, crowded_key(k), k), 0);
    for (uint64_t k = 0; k < N; k++) {
        CHECK_IS(K.get(m, crowded_key(k), &v), 0);
        CHECK_IS(v, k);
    }
    CHECK(K.places(m) < 20 * N, "one place doubles the table for ever: %zu", K.places(m));
    for (uint64_t k = 0; k < N; k++) CHECK_IS(K.take(m, crowded_key(k), &v), 0);
    CHECK_IS(K.len(m), 0);
    map_end(m);
}

/* ---- what a loop leaves behind ------------------------------------------------------------------------------ */

void map_loop(void) {
    void *m = map_open(0);
    for (size_t i = 0; i < times(200000) && checks_hold(); i++) {
        CHECK_IS(K.put(m, 1, i), 0);
        CHECK_IS(K.take(m, 1, NULL), 0);
    }
    CHECK_IS(K.len(m), 0);
    CHECK(K.places(m) <= 64, "%zu places for one key", K.places(m));
    map_end(m);
}
