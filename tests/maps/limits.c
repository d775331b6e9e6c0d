/* SPDX-License-Identifier: MIT */
/* tests/maps/limits.c - maps while garbage is at its limit, and after something was refused. MAP22 MAP34. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <weir/rcu.h>

#include "kind.h"

/* ---- an allocator that refuses what is large, and counts ------------------------------------------------ */

struct ration {
    struct weir_alloc as;
    size_t most; /* bytes of one request; 0: any */
    weir_asize bytes;
};

static void *ration_alloc(void *self, size_t size, size_t align) {
    struct ration *r = self;
    if (r->most && size > r->most) return NULL;
    (void)weir_fetch_add_relaxed(&r->bytes, size);
    return aligned_alloc(align, (size + align - 1) / align * align);
}
static void ration_free(void *self, void *p, size_t size, size_t align) {
    struct ration *r = self;
    (void)align;
    (void)weir_fetch_sub_relaxed(&r->bytes, size);
    free(p);
}
static void ration_init(struct ration *r, size_t most) {
    r->as = (struct weir_alloc){ ration_alloc, ration_free, r };
    r->most = most;
    weir_init_atomic(&r->bytes, 0);
}

/* ---- a reader that stands still, and garbage at its limit ----------------------------------------------- */

#define HARD 65536

static void nothing(struct weir_rcu_head *head) { (void)head; }

static struct weir_rcu_head heavy;
static int64_t retire_all_that_may(void *arg) {
    (void)arg;
    int rc = weir_rcu_room(HARD);
    return rc < 0 ? rc : weir_rcu_retire(&heavy, HARD, nothing);
}

static weir_guard stand_still(void) {
    struct call filler;
    CHECK_IS(weir_rcu_barrier(), 0);
    CHECK_IS(weir_rcu_set_limits(HARD / 2, HARD), 0);
    weir_guard g = weir_rcu_enter();
    call_start(&filler, retire_all_that_may, NULL);
    CHECK_IS(call_end(&filler), 0);
    return g;
}

static void go_on(weir_guard g) {
    CHECK_IS(weir_rcu_exit(g), 0);
    CHECK_IS(weir_rcu_barrier(), 0);
    CHECK_IS(weir_rcu_set_limits(0, 0), 0);
}

static int64_t reserve_some(void *m) { return K.reserve(m, 1000); }

/* It says that it cannot, or waits asleep; it does not poll for ever. */
void map_reserve_limit(void) {
    void *m = map_open(0);
    struct call c;
    weir_guard g = stand_still();
    call_start(&c, reserve_some, m);
    CHECK(call_sleeps(&c) || call_done(&c), "it neither sleeps nor returns");
    go_on(g);
    (void)call_end(&c);
    map_end(m);
}

/* MAP22, rulings 20: it would wait for a reader that may wait for it. */
static int write_anew(uint64_t key, uint64_t val, void *m) {
    (void)key;
    (void)val;
    for (uint64_t k = 100; k < 120; k++) {
        CHECK_IS(K.put(m, crowded_key(k), k), 0);
        CHECK_IS(K.take(m, crowded_key(k), NULL), 0);
    }
    return 1;
}
static int64_t walk_and_write(void *m) { return K.each(m, write_anew, m); }

void map22_limit(void) {
    void *m = map_open(0);
    struct call c;
    for (uint64_t k = 0; k < 4; k++) CHECK_IS(K.put(m, crowded_key(k), k), 0);
    weir_guard g = stand_still();
    call_start(&c, walk_and_write, m);
    CHECK(!call_sleeps(&c), "a write of each's function waits for garbage");
    go_on(g);
    CHECK_IS(call_end(&c), 1);
    map_end(m);
}

/* ---- after a refusal ------------------------------------------------------------------------------------ */

void map_reserve_refused(void) {
    struct ration r;
    ration_init(&r, 65536);
    void *m = K.open(0, &r.as);
    size_t before = K.places(m);
    CHECK_IS(K.reserve(m, 1000000), WEIR_ENOMEM);
    for (uint64_t i = 0; i < 40; i++) {
        for (uint64_t k = 0; k < 200; k++) CHECK_IS(K.put(m, k, k), 0);
        for (uint64_t k = 0; k < 200; k++) CHECK_IS(K.take(m, k, NULL), 0);
    }
    CHECK(K.places(m) <= 400, "it holds %zu places for what was refused; %zu before", K.places(m),
          before);
    CHECK_IS(K.close(m), 0);
    CHECK_IS(weir_load_relaxed(&r.bytes), 0);
}

/* ---- what is retired is counted ------------------------------------------------------------------------- */

struct filling {
    void *m;
    uint64_t from, to;
};
static int64_t fill_some(void *arg) {
    struct filling *f = arg;
    for (uint64_t k = f->from; k < f->to && checks_hold(); k++) CHECK_IS(K.put(f->m, k, k), 0);
    return 0;
}

/* A table that was refused its growth has long chains; they are garbage with it once it may grow. */
void map_garbage_counted(void) {
    enum { N = 20000 };
    struct ration r;
    ration_init(&r, 0);
    void *m = K.open(0, &r.as);
    r.most = 512;
    struct filling f = { m, 0, N };
    struct call c;
    struct weir_rcu_stats s = WEIR_RCU_STATS;
    (void)fill_some(&f);
    CHECK_IS(weir_rcu_barrier(), 0);
    CHECK_IS(weir_rcu_set_limits(HARD / 2, HARD), 0);
    weir_guard g = weir_rcu_enter();
    r.most = 0;
    f = (struct filling){ m, N, N + 500 };
    call_start(&c, fill_some, &f);
    CHECK_IS(call_end(&c), 0);
    struct weir_map_stats ms = WEIR_MAP_STATS;
    K.stats(m, &ms);
    CHECK_IS(weir_rcu_read_stats(&s), 0);
    size_t garbage = weir_load_relaxed(&r.bytes) - ms.bytes - ms.node_bytes;
    size_t counted = (size_t)(s.bytes + s.over_bytes);
    CHECK(garbage <= counted + counted / 2 + 4096,
          "%zu bytes wait for the reader, %zu are counted, %zu is the limit", garbage, counted,
          (size_t)HARD);
    go_on(g);
    CHECK_IS(K.close(m), 0);
    CHECK_IS(weir_load_relaxed(&r.bytes), 0);
}

/* ---- looking while it grows ----------------------------------------------------------------------------- */

struct looking {
    void *m;
    weir_au32 over;
};
static int64_t grow_and_shrink(void *arg) {
    struct looking *l = arg;
    for (size_t i = 0; i < times(40) && checks_hold(); i++) {
        for (uint64_t k = 0; k < 600; k++) CHECK_IS(K.put(l->m, crowded_key(k), k), 0);
        for (uint64_t k = 0; k < 600; k++) CHECK_IS(K.take(l->m, crowded_key(k), NULL), 0);
    }
    weir_store_relaxed(&l->over, 1);
    return 0;
}
void map_look(void) {
    struct looking l = { .m = map_open(0) };
    struct call c;
    call_start(&c, grow_and_shrink, &l);
    while (!weir_load_relaxed(&l.over)) (void)K.places(l.m);
    CHECK_IS(call_end(&c), 0);
    map_end(l.m);
}

/* ---- memory --------------------------------------------------------------------------------------------- */

/* Entries from first to end - 1 are there, and nobody writes. What it has beside its table and its nodes. */
static size_t beside(void *m, const struct ration *r, uint64_t first, uint64_t end) {
    struct weir_map_stats s = WEIR_MAP_STATS;
    size_t nodes = 0;
    for (uint64_t k = first; K.entry_bytes && k < end; k++) nodes += K.entry_bytes(k);
    CHECK_IS(weir_rcu_barrier(), 0);
    K.stats(m, &s);
    CHECK_IS(s.entries, end - first);
    CHECK_IS(s.node_bytes, nodes);
    return weir_load_relaxed(&r->bytes) - s.bytes - s.node_bytes;
}

void map_memory(void) {
    struct ration r;
    ration_init(&r, 0);
    void *m = K.open(0, &r.as);
    if (!CHECK(m != NULL, "no map")) return;
    size_t handle = beside(m, &r, 0, 0);
    uint64_t k = 0, end = times(3000);
    for (; k < end && checks_hold(); k++) { /* moves are in flight at many of these */
        CHECK_IS(K.put(m, k, k), 0);
        if (k % 37 == 0) CHECK_IS(beside(m, &r, 0, k + 1), handle);
    }
    for (uint64_t i = 0; i < end; i++) CHECK_IS(K.put(m, i, i + 1), 0);
    CHECK_IS(beside(m, &r, 0, end), handle);
    for (k = 0; k < end && checks_hold(); k++) {
        CHECK_IS(k % 2 ? K.del(m, k) : K.take(m, k, NULL), 0);
        if (k % 37 == 0) CHECK_IS(beside(m, &r, k + 1, end), handle);
    }
    for (k = 0; k < 40; k++) CHECK_IS(K.put(m, crowded_key(k), k), 0); /* chains */
    CHECK_IS(K.clear(m), 0);
    CHECK_IS(beside(m, &r, 0, 0), handle);
    CHECK_IS(K.close(m), 0);
    CHECK_IS(weir_load_relaxed(&r.bytes), 0);
}

/* ---- MAP30 ---------------------------------------------------------------------------------------------- */

#define ARENA ((size_t)1 << 24)
struct arena {
    struct weir_alloc as;
    char *memory;
    weir_asize used;
};
static void *arena_alloc(void *self, size_t size, size_t align) {
    struct arena *a = self;
    size_t at = weir_fetch_add_relaxed(&a->used, size + 2 * align) + align - 1;
    at -= at % align;
    return at + size <= ARENA ? a->memory + at : NULL;
}
static void arena_free(void *self, void *p, size_t size, size_t align) {
    (void)self;
    (void)p;
    (void)size;
    (void)align;
}

static void read_thread(void *arg, size_t who) {
    bool found[16];
    uint64_t keys[16], vals[16];
    (void)who;
    for (uint64_t k = 0; k < 6000 && checks_hold(); k++) {
        uint64_t v = 0;
        CHECK_IS(K.get(arg, k, &v), k < 3000 ? 0 : WEIR_ENOENT);
        keys[k % 16] = k;
        if (k % 16 == 15) CHECK(K.get_many(arg, keys, vals, found, 16) >= 0, "get_many");
    }
    CHECK_IS(K.len(arg), 3000);
}

/* Its memory cannot be written to while they read. */
void map30_no_store(void) {
    struct arena a = { .as = { arena_alloc, arena_free, &a } };
    a.memory = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!CHECK(a.memory != MAP_FAILED, "no memory")) return;
    void *m = K.open(0, &a.as);
    for (uint64_t k = 0; k < 3100; k++) CHECK_IS(K.put(m, k, k), 0);
    for (uint64_t k = 3000; k < 3100; k++) CHECK_IS(K.take(m, k, NULL), 0);
    CHECK_IS(weir_rcu_barrier(), 0);
    CHECK_IS(mprotect(a.memory, ARENA, PROT_READ), 0);
    team_run(2, read_thread, m);
    CHECK_IS(mprotect(a.memory, ARENA, PROT_READ | PROT_WRITE), 0);
    CHECK_IS(K.close(m), 0);
    CHECK_IS(munmap(a.memory, ARENA), 0);
}
