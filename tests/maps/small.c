/* SPDX-License-Identifier: MIT */
/* tests/maps/small.c - all orders of puts and deletes of a few words in a table of two lines, against a plain table of the
 * test's; after each, what all gets say, and what a get relies on (I16 to I18 of maps/core.h). MAP2 MAP3 MAP10. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/rcu.h>

#include "../support/check.h"
#include "maps/map.h"
#include "maps/shard.h"
#include "maps/unhash.h"

#define KEYS_MAX 7
#define LEN_MAX 7

struct kind {
    const char *name;
    int sync;    /* of a weir_shardmap of one shard; -1: a weir_map */
    bool filter; /* its tables have one, which they else would not */
};
static const struct kind kinds[] = { { "map", -1, false },
                                     { "map with a filter", -1, true },
                                     { "shardmap", WEIR_MAP_LINES, false },
                                     { "shardmap with a filter", WEIR_MAP_LINES, true },
                                     { "shardmap, mutex", WEIR_MAP_MUTEX, true },
                                     { "shardmap, rwlock", WEIR_MAP_RWLOCK, false } };

/* ---- a map, its memory, and what should be in it ------------------------------------------------------------------- */

struct small {
    const struct kind *kind;
    weir_map *map;
    weir_shardmap *shardmap;
    struct weir__core *core;
    struct weir_alloc alloc;
    size_t
        refused_from; /* bytes, once it is open: no table of more than two lines; 0: all are given */
    bool open;
    unsigned keys;
    uint64_t key[KEYS_MAX], val[KEYS_MAX];
    bool there[KEYS_MAX];
};

static void *give(void *self, size_t size, size_t align) {
    const struct small *s = self;
    void *p = NULL;
    if (s->open && s->refused_from && size >= s->refused_from) return NULL;
    return posix_memalign(&p, align < sizeof p ? sizeof p : align, size) == 0 ? p : NULL;
}
static void take_back(void *self, void *p, size_t size, size_t align) {
    (void)self;
    (void)size;
    (void)align;
    free(p);
}

static void small_open(struct small *s) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    o.seed = 1;
    o.alloc = s->refused_from ? &s->alloc : NULL;
    s->alloc = (struct weir_alloc){ give, take_back, s };
    s->shardmap = NULL;
    s->map = NULL;
    s->open = false;
    weir__map_filter_from = s->kind->filter ? 0 : SIZE_MAX;
    if (s->kind->sync < 0) {
        if (weir_map_new(&s->map, &o) < 0) test_hangs("no map");
        s->core = &s->map->core;
    } else {
        o.sync = s->kind->sync;
        o.shards = o.sync == WEIR_MAP_LINES ? 1 : 0;
        if (weir_shardmap_new(&s->shardmap, &o) < 0) test_hangs("no map");
        s->core = &s->shardmap->shard[0].core;
    }
    memset(s->there, 0, sizeof s->there);
    s->open = true;
}
static void small_close(struct small *s) {
    if (s->refused_from) CHECK_IS(weir_load_relaxed(&s->core->grown), 0);
    CHECK_IS(s->map ? weir_map_free(s->map) : weir_shardmap_free(s->shardmap), 0);
}

static int get(struct small *s, uint64_t k, uint64_t *v) {
    return s->map ? weir_map_get_u64(s->map, k, v) : weir_shardmap_get_u64(s->shardmap, k, v);
}
static void put(struct small *s, unsigned i, uint64_t v) {
    CHECK_IS(s->map ? weir_map_put_u64(s->map, s->key[i], v)
                    : weir_shardmap_put_u64(s->shardmap, s->key[i], v),
             0);
    s->there[i] = true;
    s->val[i] = v;
}
static void del(struct small *s, unsigned i) {
    CHECK_IS(s->map ? weir_map_delete_u64(s->map, s->key[i])
                    : weir_shardmap_delete_u64(s->shardmap, s->key[i]),
             s->there[i] ? 0 : WEIR_ENOENT);
    s->there[i] = false;
}

/* ---- what must hold between two calls -------------------------------------------------------------------------------- */

/* I17, and that no slot has the live bit of an entry that stands before it. */
static void check_first(const struct weir__line *l, uint64_t ctrl) {
    for (unsigned i = 1; i < MAP_SLOTS; i++)
        for (unsigned j = 0; j < i; j++)
            CHECK(!(ctrl >> i & 1) ||
                      weir_load_relaxed(&l->hash[i]) != weir_load_relaxed(&l->hash[j]),
                  "slot %u has the hash of slot %u, which is live: control word %llx", j, i,
                  (unsigned long long)ctrl);
}
/* I18: the bits of what is there, and of a line that has not moved and has no chain, no others. */
static void check_filter(struct weir__table *t, struct weir__line *first) {
    unsigned bits = 0, have = weir_load_relaxed(&t->filter[first - t->line]);
    for (struct weir__line *l = first; l; l = weir__map_chain(l))
        for (unsigned live = weir__map_live(weir_load_relaxed(&l->ctrl)); live; live &= live - 1)
            bits |= weir__filter_bit(weir_load_relaxed(&l->hash[weir__map_first(live)]));
    bool moved = weir_load_relaxed(&first->ctrl) & MAP_MOVED;
    CHECK((have & bits) == bits, "filter %x, entries' %x", have, bits);
    CHECK(!moved || have == UINT16_MAX, "filter %x of a line that has moved", have);
    CHECK(moved || weir__map_chain(first) || have == bits, "filter %x, entries' %x", have, bits);
}
static size_t check_lines(struct weir__table *t, bool filter) {
    size_t entries = 0;
    CHECK(filter == (t->filter != NULL), "a filter, or none");
    for (size_t i = 0; i < t->lines; i++) {
        struct weir__line *first = &t->line[i];
        uint64_t c = weir_load_relaxed(&first->ctrl);
        if (t->filter) check_filter(t, first);
        if (c & MAP_MOVED) continue;
        CHECK((c & MAP_LOCKED) == 0, "line %zu is locked", i);
        check_first(first, c);
        uint64_t bits = weir__chain_bits(first);
        CHECK((c & bits) == bits, "chain bits %llx, control word %llx", (unsigned long long)bits,
              (unsigned long long)c); /* I16 */
        for (struct weir__line *l = first; l; l = weir__map_chain(l))
            entries += weir__map_count(weir__map_live(weir_load_relaxed(&l->ctrl)));
    }
    return entries;
}

static void check_all(struct small *s) {
    size_t n = 0;
    for (unsigned i = 0; i < s->keys; i++) {
        uint64_t v = 77;
        CHECK_IS(get(s, s->key[i], &v), s->there[i] ? 0 : WEIR_ENOENT);
        CHECK_IS(v, s->there[i] ? s->val[i] : 77);
        n += s->there[i];
    }
    struct weir__table *t = weir__map_root(s->core), *next = weir__map_successor(t);
    bool filter = s->kind->filter;
    CHECK_IS(check_lines(t, filter) + (next ? check_lines(next, filter) : 0), n);
    CHECK_IS(weir__map_len(s->core), n);
}

/* ---- all orders --------------------------------------------------------------------------------------------------------- */

enum { NEVER = -2, ALWAYS = -1 }; /* or before which operation */

static void period(int when, unsigned i) {
    if (when == ALWAYS || when == (int)i) CHECK_IS(weir_rcu_synchronize(), 0);
}

/* `len` operations, each one of 2 * keys; the first `filled` keys are put before. */
static void one_order(struct small *s, unsigned filled, const unsigned *op, unsigned len,
                      int when) {
    weir_guard g = { 0 };
    small_open(s);
    if (when == NEVER) g = weir_rcu_enter(); /* places of removed entries wait */
    for (unsigned i = 0; i < filled; i++) put(s, i, 10 + i);
    for (unsigned i = 0; i < len && checks_hold(); i++) {
        period(when, i);
        if (op[i] < s->keys)
            put(s, op[i], 100 + i);
        else
            del(s, op[i] - s->keys);
        check_all(s);
    }
    if (!checks_hold()) {
        char text[100];
        int at = 0;
        for (unsigned i = 0; i < len; i++)
            at += snprintf(text + at, sizeof text - (size_t)at, " %s%u",
                           op[i] < s->keys ? "put" : "delete", op[i] % s->keys);
        (void)fprintf(stderr, "%s: %u put, then%s; periods: %d\n", s->kind->name, filled, text,
                      when);
    }
    if (when == NEVER) CHECK_IS(weir_rcu_exit(g), 0);
    small_close(s);
}

static void all_orders(struct small *s, unsigned filled, unsigned len, int when) {
    unsigned op[LEN_MAX] = { 0 }, i;
    do {
        one_order(s, filled, op, len, when);
        for (i = 0; i < len && ++op[i] == 2 * s->keys; i++) op[i] = 0;
    } while (i < len && checks_hold());
}

/* Fewer under a sanitizer, more where much is asked for. */
static unsigned length(unsigned n) { return n + (times(100) >= 1000) - (times(100) < 100); }

/* Keys of the first line, one of them with the hash that empty places have; each second one with a chain's bit of its own,
 * two with the same bit of a filter. */
static void crowd(struct small *s, unsigned keys) {
    s->keys = keys;
    for (unsigned i = 0; i < keys; i++)
        s->key[i] = weir__map_unhash((uint64_t)i << (i % 2 ? 20 : 16) | (uint64_t)(i / 2) << 24, 1);
}
/* Of four lines. */
static void spread(struct small *s, unsigned keys) {
    crowd(s, keys);
    for (unsigned i = 0; i < keys; i++)
        s->key[i] = weir__map_unhash((uint64_t)i << 16 | (uint64_t)i << 24 | (uint64_t)i << 62, 1);
}

static void each_kind(void (*fn)(struct small *s)) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && checks_hold(); i++) {
        struct small s = { .kind = &kinds[i] };
        check_context("%s", s.kind->name);
        fn(&s);
    }
}

static void one_line_of(struct small *s) {
    s->refused_from = weir__map_lines_bytes(4);
    crowd(s, 4);
    for (unsigned filled = 0; filled <= 4; filled += 2)
        all_orders(s, filled, length(4) + (filled == 4), NEVER);
    crowd(s, 5);
    all_orders(s, 3, length(4), NEVER);
    all_orders(s, 5, length(4), NEVER);
}
static void one_line(void) { each_kind(one_line_of); }

/* Only of the RCU map does it matter. */
static void periods(void) {
    struct small s = { .kind = &kinds[0], .refused_from = weir__map_lines_bytes(4) };
    crowd(&s, 3);
    for (unsigned filled = 0; filled <= 3 && checks_hold(); filled += 3)
        for (int when = ALWAYS; when < (int)length(4); when++)
            all_orders(&s, filled, length(4), when);
    crowd(&s, 4);
    for (int when = ALWAYS; when < 3; when++) all_orders(&s, 4, 3, when);
}

static bool grew;
static void grows_of(struct small *s) {
    static const unsigned filled[] = { 4, 6 };
    spread(s, 6);
    for (size_t i = 0; i < sizeof filled / sizeof *filled; i++)
        all_orders(s, filled[i], length(4) - (i == 0), NEVER);
    crowd(s, 7); /* a long chain makes it grow, to no avail */
    for (unsigned n = 5; n <= 7; n++) all_orders(s, n, length(3), NEVER);
}
static void grows(void) {
    each_kind(grows_of);
    struct small s = { .kind = &kinds[0] };
    small_open(&s);
    spread(&s, 7);
    for (unsigned i = 0; i < 7; i++) put(&s, i, i);
    grew = weir__map_root(s.core)->lines > 2 || weir__map_successor(weir__map_root(s.core));
    CHECK(grew, "so few entries do not make it grow");
    small_close(&s);
}

int main(int argc, char **argv) {
    static const struct test tests[] = {
        { "MAP2 MAP3 MAP10 all orders in one line and its chain", one_line },
        { "MAP2 MAP3 MAP10 all orders, with grace periods between", periods },
        { "MAP2 MAP3 MAP10 all orders, while it grows", grows },
    };
    return tests_main(argc, argv, "small maps", tests, sizeof tests / sizeof *tests);
}
