/* SPDX-License-Identifier: MIT */
/* tests/maps/shard.c - what weir_shardmap says of itself beside what all maps do. SHARD1-SHARD13, MAP33. Each case
 * runs for each of its forms, or for those that it is about. */
#include <stdlib.h>
#include <string.h>

#include <weir/rcu.h>
#include <weir/shardmap_u64.h>

#include "../support/check.h"
#include "../support/points.h"
#include "../support/threads.h"

#include "maps/unhash.h"

static const struct form {
    const char *name;
    int sync;
} forms[] = { { "lines", WEIR_MAP_LINES },
              { "mutex", WEIR_MAP_MUTEX },
              { "rwlock", WEIR_MAP_RWLOCK },
              { "sharded mutex", WEIR_MAP_SHARDED_MUTEX },
              { "sharded rwlock", WEIR_MAP_SHARDED_RWLOCK } };
#define EACH_FORM(f) for (const struct form *f = forms; f < forms + 5 && checks_hold(); f++)

static weir_shardmap *make(const struct form *f, unsigned step, const struct weir_alloc *alloc) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    weir_shardmap *m = NULL;
    o.seed = 1;
    o.sync = f->sync;
    o.shards = f->sync == WEIR_MAP_MUTEX || f->sync == WEIR_MAP_RWLOCK ? 0 : 8;
    o.step = step;
    o.alloc = alloc;
    check_context("%s", f->name);
    if (!CHECK(weir_shardmap_new(&m, &o) == 0, "no map")) test_hangs("a map cannot be made");
    return m;
}
static void end(weir_shardmap *m) { CHECK_IS(weir_shardmap_free(m), 0); }

/* The n-th key of a shard and a line, of tables of up to 256 lines. */
static uint64_t key_in(uint64_t shard, uint64_t line, uint64_t n) {
    return weir__map_unhash(line << 56 | n << 16 | shard, 1);
}

/* ---- SHARD1: against a table ------------------------------------------------------------------------------------ */

static int negate(uint64_t *val, bool there, void *arg) {
    CHECK_IS(there, *(bool *)arg);
    if (!there) CHECK_IS(*val, 0);
    *val = ~*val;
    return WEIR_UPDATE_STORE;
}
static int drop_it(uint64_t *val, bool there, void *arg) {
    (void)val;
    CHECK_IS(there, *(bool *)arg);
    return WEIR_UPDATE_REMOVE;
}
static int keep_it(uint64_t *val, bool there, void *arg) {
    CHECK_IS(there, *(bool *)arg);
    *val = 4711;
    return WEIR_UPDATE_KEEP;
}
static int see(uint64_t key, uint64_t val, void *arg) {
    uint64_t *seen = arg;
    seen[0] = key;
    seen[1] = val;
    return -5;
}

static void one_of(weir_shardmap *m, uint64_t k, bool *there, uint64_t *val) {
    uint64_t x = rng_below(1000), seen[2] = { 0, 0 };
    int was = *there ? 0 : WEIR_ENOENT;
    switch (rng_below(6)) {
        case 0:
            CHECK_IS(weir_shardmap_add_u64(m, k, x, &seen[1]), *there ? WEIR_EEXIST : 0);
            *val = *there ? *val + x : x;
            *there = true;
            CHECK_IS(seen[1], *val);
            break;
        case 1:
            CHECK_IS(weir_shardmap_update_u64(m, k, negate, there), 0);
            *val = *there ? ~*val : UINT64_MAX;
            *there = true;
            break;
        case 2:
            CHECK_IS(weir_shardmap_update_u64(m, k, drop_it, there), was);
            *there = false;
            break;
        case 3: CHECK_IS(weir_shardmap_update_u64(m, k, keep_it, there), was); break;
        case 4: CHECK_IS(weir_shardmap_put_u64(m, k, *val = x), 0), *there = true; break;
        default:
            CHECK_IS(weir_shardmap_visit_u64(m, k, see, seen), *there ? -5 : WEIR_ENOENT);
            if (*there) CHECK(seen[0] == k && seen[1] == *val, "another value");
    }
}

static void shard1_random(void) {
    enum { KEYS = 300 };
    EACH_FORM(f) {
        weir_shardmap *m = make(f, 0, NULL);
        bool there[KEYS] = { false };
        uint64_t val[KEYS] = { 0 }, v;
        size_t n = 0;
        for (size_t i = 0; i < times(20000) && checks_hold(); i++) {
            uint64_t k = rng_below(KEYS);
            one_of(m, k, &there[k], &val[k]);
        }
        for (uint64_t k = 0; k < KEYS; k++) {
            CHECK_IS(weir_shardmap_get_u64(m, k, &v), there[k] ? 0 : WEIR_ENOENT);
            if (there[k]) CHECK_IS(v, val[k]);
            n += there[k];
        }
        CHECK_IS(weir_shardmap_len(m), n);
        end(m);
    }
}

/* ---- a thread that stands still in a function of the user's ----------------------------------------------------- */

struct inside {
    weir_shardmap *m;
    uint64_t key;
    bool visits;
    weir_au32 in, go;
};

static void stand(struct inside *s) {
    weir_store_release(&s->in, 1, 0);
    while (!weir_load_acquire(&s->go, 0) && checks_hold()) sleep_ms(1);
}
static int stand_update(uint64_t *val, bool there, void *arg) {
    (void)there;
    stand(arg);
    *val += 1;
    return WEIR_UPDATE_STORE;
}
static int stand_visit(uint64_t key, uint64_t val, void *arg) {
    (void)key;
    (void)val;
    stand(arg);
    return 0;
}
static int64_t be_inside(void *arg) {
    struct inside *s = arg;
    return s->visits ? weir_shardmap_visit_u64(s->m, s->key, stand_visit, s)
                     : weir_shardmap_update_u64(s->m, s->key, stand_update, s);
}
static void go_inside(struct inside *s, struct call *c, weir_shardmap *m, uint64_t key) {
    *s = (struct inside){ .m = m, .key = key };
    call_start(c, be_inside, s);
    while (!weir_load_acquire(&s->in, 0) && checks_hold()) sleep_ms(1);
}
static void leave(struct inside *s, struct call *c) {
    weir_store_release(&s->go, 1, 0);
    CHECK_IS(call_end(c), 0);
}

/* ---- SHARD2, SHARD8 --------------------------------------------------------------------------------------------- */

struct work {
    weir_shardmap *m;
    uint64_t key;
};

/* All verbs on keys of one line. */
static int64_t use_line(void *arg) {
    struct work *w = arg;
    uint64_t v = 5;
    CHECK_IS(weir_shardmap_put_u64(w->m, w->key, 1), 0);
    CHECK_IS(weir_shardmap_get_u64(w->m, w->key, &v), 0);
    CHECK_IS(weir_shardmap_add_u64(w->m, w->key, 1, &v), WEIR_EEXIST);
    CHECK_IS(weir_shardmap_cas_u64(w->m, w->key, 2, 3), 0);
    CHECK_IS(weir_shardmap_swap_u64(w->m, w->key, &v), WEIR_EEXIST);
    CHECK_IS(weir_shardmap_take_u64(w->m, w->key, &v), 0);
    CHECK_IS(weir_shardmap_get_or_put_u64(w->m, w->key, &v), 0);
    CHECK_IS(weir_shardmap_cad_u64(w->m, w->key, v), 0);
    return 0;
}
static int64_t walk_all(void *arg) {
    struct work *w = arg;
    struct weir_map_cursor c = WEIR_MAP_CURSOR;
    uint64_t k, v;
    while (weir_shardmap_next_u64(w->m, &c, &k, &v, 1) == 1) {
    }
    return 0;
}
static int64_t clear_all(void *arg) { return weir_shardmap_clear(((struct work *)arg)->m); }

/* While one line is held, all others are free, also beside who waits for that line on a way through all. */
static void shard2_one_lock(void) {
    static int64_t (*const through[])(void *) = { walk_all, clear_all };
    for (size_t i = 0; i < 2; i++) {
        weir_shardmap *m = make(&forms[0], 0, NULL);
        struct inside s;
        struct call holder, waits, other;
        struct work all = { m, 0 }, w = { m, 0 };
        for (uint64_t line = 0; line < 4; line++) /* two lines each */
            CHECK_IS(weir_shardmap_put_u64(m, key_in(line, line % 2 * 128, 0), 1), 0);
        go_inside(&s, &holder, m, key_in(3, 128, 0));
        call_start(&waits, through[i], &all);
        CHECK(call_sleeps(&waits), "it does not wait for the line");
        for (uint64_t line = 0; line < 16; line++) {
            if (line == 7) continue;
            w.key = key_in(line / 2, line % 2 * 128, 1);
            call_start(&other, use_line, &w);
            CHECK(call_returns(&other, 20000), "shard %d, line %d is held", (int)line / 2,
                  (int)line % 2);
            CHECK_IS(call_end(&other), 0);
        }
        leave(&s, &holder);
        CHECK_IS(call_end(&waits), 0);
        end(m);
    }
}

struct stopped {
    weir_shardmap *m;
    struct stop stop;
};
static int64_t grow_shard(void *arg) {
    struct stopped *s = arg;
    stop_me(&s->stop);
    for (uint64_t n = 0; n < 100; n++)
        CHECK_IS(weir_shardmap_put_u64(s->m, key_in(2, n * 2, n), n), 0);
    return 0;
}

static void shard8_resize_elsewhere(void) {
    EACH_FORM(f) {
        if (f->sync == WEIR_MAP_MUTEX || f->sync == WEIR_MAP_RWLOCK) continue; /* one shard */
        struct stopped s = { .m = make(f, 0, NULL) };
        struct call writer, reader;
        struct work w = { s.m, key_in(3, 0, 1) };
        stop_init(&s.stop, "map.copied");
        call_start(&writer, grow_shard, &s);
        if (stop_wait(&s.stop)) {
            call_start(&reader, use_line, &w);
            CHECK(call_returns(&reader, 20000), "a shard waits for another one's growth");
            stop_release(&s.stop);
            CHECK_IS(call_end(&reader), 0);
        }
        CHECK_IS(call_end(&writer), 0);
        stop_fini(&s.stop);
        end(s.m);
    }
}

/* Visits of read-write locks go on beside each other. */
static void shard8_visits(void) {
    weir_shardmap *m = make(&forms[4], 0, NULL);
    struct inside a, b;
    struct call ca, cb;
    CHECK_IS(weir_shardmap_put_u64(m, 1, 1), 0);
    a = b = (struct inside){ .m = m, .key = 1, .visits = true };
    call_start(&ca, be_inside, &a);
    call_start(&cb, be_inside, &b);
    for (int i = 0; i < 20000 && !(weir_load_acquire(&a.in, 0) && weir_load_acquire(&b.in, 0)); i++)
        sleep_ms(1);
    CHECK(weir_load_acquire(&a.in, 0) && weir_load_acquire(&b.in, 0), "one visit at a time");
    leave(&a, &ca);
    leave(&b, &cb);
    end(m);
}

/* ---- SHARD3, SHARD7 --------------------------------------------------------------------------------------------- */

struct counters {
    weir_shardmap *m;
    size_t rounds;
    uint64_t plain[3]; /* under the locks of the keys; what ThreadSanitizer looks at */
    weir_au32 exclusive[3], torn;
};

static int count_update(uint64_t *val, bool there, void *arg) {
    struct counters *c = arg;
    uint64_t k = there ? *val >> 32 : 0;
    uint64_t at = k % 3;
    CHECK_IS(weir_fetch_add_relaxed(&c->exclusive[at], 1), 0);
    c->plain[at]++;
    *val += 1;
    CHECK_IS(weir_fetch_sub_relaxed(&c->exclusive[at], 1), 1);
    return WEIR_UPDATE_STORE;
}
static int count_visit(uint64_t key, uint64_t val, void *arg) {
    struct counters *c = arg;
    CHECK_IS(val >> 32, key);
    CHECK_IS(c->plain[key], val & UINT32_MAX);
    CHECK_IS(weir_load_relaxed(&c->exclusive[key]), 0);
    CHECK_IS(c->plain[key], val & UINT32_MAX);
    return 0;
}
static void count_thread(void *arg, size_t who) {
    struct counters *c = arg;
    for (size_t i = 0; i < c->rounds && checks_hold(); i++) {
        uint64_t k = rng_below(3);
        if (who % 2)
            CHECK_IS(weir_shardmap_visit_u64(c->m, k, count_visit, c), 0);
        else
            CHECK_IS(weir_shardmap_update_u64(c->m, k, count_update, c), 0);
    }
}

static void shard3_visits(void) {
    EACH_FORM(f) {
        struct counters c = { .m = make(f, 0, NULL), .rounds = times(8000) };
        uint64_t sum = 0, v = 0;
        for (uint64_t k = 0; k < 3; k++) CHECK_IS(weir_shardmap_put_u64(c.m, k, k << 32), 0);
        team_run(4, count_thread, &c);
        for (uint64_t k = 0; k < 3; k++) {
            CHECK_IS(weir_shardmap_get_u64(c.m, k, &v), 0);
            sum += v & UINT32_MAX;
        }
        CHECK_IS(sum, 2 * c.rounds);
        end(c.m);
    }
}

static int increment(uint64_t *val, bool there, void *arg) {
    (void)there;
    (void)arg;
    *val += 1;
    return WEIR_UPDATE_STORE;
}
/* Other keys come and go in the same lines, which grow and shrink. */
static void add_thread(void *arg, size_t who) {
    struct counters *c = arg;
    for (uint64_t i = 0; i < c->rounds && checks_hold(); i++) {
        uint64_t k = i % 3, other = 100 + rng_below(200);
        if (who % 2)
            CHECK(weir_shardmap_add_u64(c->m, k, 1, NULL) != WEIR_ENOMEM, "add");
        else
            CHECK_IS(weir_shardmap_update_u64(c->m, k, increment, NULL), 0);
        if (i % 2)
            CHECK_IS(weir_shardmap_put_u64(c->m, other, 0), 0);
        else
            (void)weir_shardmap_take_u64(c->m, other, NULL);
    }
}

static void shard7_counters(void) {
    EACH_FORM(f) {
        struct counters c = { .m = make(f, 0, NULL), .rounds = times(12000) };
        uint64_t sum = 0, v = 0;
        team_run(4, add_thread, &c);
        for (uint64_t k = 0; k < 3; k++) {
            CHECK_IS(weir_shardmap_get_u64(c.m, k, &v), 0);
            sum += v;
        }
        CHECK_IS(sum, 4 * c.rounds);
        end(c.m);
    }
}

/* ---- SHARD5, SHARD6 --------------------------------------------------------------------------------------------- */

struct mixing {
    weir_shardmap *m;
    weir_au32 over;
};

/* A value says whose it is: key | a number | ~key. */
static uint64_t of_key(uint64_t k, uint64_t n) {
    return k << 48 | (n & UINT32_MAX) << 16 | (~k & 0xffff);
}
static void mix_thread(void *arg, size_t who) {
    struct mixing *x = arg;
    if (who < 2) { /* five keys change places in one line and its chain */
        for (uint64_t i = 0; !weir_load_relaxed(&x->over) && checks_hold(); i++) {
            uint64_t k = rng_below(5), key = key_in(1, 0, k);
            if (i % 3)
                CHECK_IS(weir_shardmap_put_u64(x->m, key, of_key(k, i)), 0);
            else
                (void)weir_shardmap_take_u64(x->m, key, NULL);
        }
        return;
    }
    for (size_t i = 0; i < times(60000) && checks_hold(); i++) {
        uint64_t k = rng_below(5), v = 0;
        if (weir_shardmap_get_u64(x->m, key_in(1, 0, k), &v) == 0)
            CHECK(v >> 48 == k && (v & 0xffff) == (~k & 0xffff), "key %d has %llx", (int)k,
                  (unsigned long long)v);
    }
    weir_store_relaxed(&x->over, 1);
}

static void shard5_no_mixture(void) {
    EACH_FORM(f) {
        struct mixing x = { .m = make(f, 0, NULL) };
        team_run(3, mix_thread, &x);
        end(x.m);
    }
}

static int64_t get_one(void *arg) {
    struct work *w = arg;
    uint64_t v = 0;
    int rc = weir_shardmap_get_u64(w->m, w->key, &v);
    return rc < 0 ? rc : (int64_t)v;
}

static void shard6_bounded(void) {
    weir_shardmap *m = make(&forms[0], 0, NULL);
    struct inside s;
    struct call holder, reader;
    struct work w = { m, key_in(1, 0, 0) };
    CHECK_IS(weir_shardmap_put_u64(m, w.key, 7), 0);
    go_inside(&s, &holder, m, w.key);
    call_start(&reader, get_one, &w);
    CHECK(call_sleeps(&reader), "it polls for the line, or reads what is being written");
    leave(&s, &holder);
    CHECK_IS(call_end(&reader), 8);
    end(m);
}

/* ---- SHARD9, SHARD10 -------------------------------------------------------------------------------------------- */

static void shard9_steps(void) {
    static const unsigned steps[] = { 1, 4, 16 };
    EACH_FORM(f) {
        for (size_t i = 0; i < 3; i++) {
            weir_shardmap *m = make(f, steps[i], NULL);
            unsigned most = 0;
            for (uint64_t k = 0; k < 5000; k++) {
                points_count("map.copied");
                CHECK_IS(weir_shardmap_put_u64(m, k, k), 0);
                unsigned n = points_passed();
                if (n > most) most = n;
            }
            points_count(NULL);
            /* Its own line, once more after it made the shard grow, and after it got memory. */
            CHECK(most > 0 && most <= steps[i] + 3, "%u lines at once, step %u", most, steps[i]);
            end(m);
        }
    }
}

static weir_asize bytes;
static void *counted_alloc(void *self, size_t size, size_t align) {
    (void)self;
    (void)weir_fetch_add_relaxed(&bytes, size);
    return aligned_alloc(align, (size + align - 1) / align * align);
}
static void counted_free(void *self, void *p, size_t size, size_t align) {
    (void)self;
    (void)align;
    (void)weir_fetch_sub_relaxed(&bytes, size);
    free(p);
}

static void shard10_memory(void) {
    enum { N = 100000 };
    struct weir_alloc a = { counted_alloc, counted_free, NULL };
    EACH_FORM(f) {
        weir_shardmap *m = make(f, 0, &a);
        for (uint64_t k = 0; k < N / 100; k++) CHECK_IS(weir_shardmap_put_u64(m, k, k), 0);
        CHECK_IS(weir_rcu_barrier(), 0);
        size_t fresh = weir_load_relaxed(&bytes);
        for (uint64_t k = 0; k < N; k++) CHECK_IS(weir_shardmap_put_u64(m, k, k), 0);
        for (uint64_t k = N / 100; k < N; k++) CHECK_IS(weir_shardmap_take_u64(m, k, NULL), 0);
        for (uint64_t k = 0; k < N / 10; k++) { /* writers shrink it, by and by */
            CHECK_IS(weir_shardmap_put_u64(m, N + k, k), 0);
            CHECK_IS(weir_shardmap_take_u64(m, N + k, NULL), 0);
        }
        CHECK_IS(weir_rcu_barrier(), 0);
        size_t left = weir_load_relaxed(&bytes);
        CHECK(left <= 4 * fresh, "%zu bytes, %zu when fresh", left, fresh);
        end(m);
        CHECK_IS(weir_load_relaxed(&bytes), 0);
    }
}

static bool refuses;
static void *refusing_alloc(void *self, size_t size, size_t align) {
    return refuses && size > 256 ? NULL : counted_alloc(self, size, align);
}

/* Lines that have left their chains while no table could be had: they are counted, and do not stand for growth. */
static void shard10_spare(void) {
    enum { N = 4000 };
    struct weir_alloc a = { refusing_alloc, counted_free, NULL };
    struct weir_map_stats st = WEIR_MAP_STATS;
    weir_shardmap *m = make(&forms[0], 0, &a);
    refuses = true;
    for (uint64_t k = 0; k < N; k++) CHECK_IS(weir_shardmap_put_u64(m, k, k), 0);
    for (uint64_t k = 0; k < N; k++) CHECK_IS(weir_shardmap_delete_u64(m, k), 0);
    CHECK_IS(weir_shardmap_read_stats(m, WEIR_SHARDMAP_ALL, &st), 0);
    CHECK(st.bytes >= N / 4 * 64, "it holds %zu bytes and says %zu", weir_load_relaxed(&bytes),
          st.bytes);
    refuses = false;
    for (uint64_t k = 0; k < N; k++) CHECK_IS(weir_shardmap_put_u64(m, k, k), 0);
    CHECK_IS(weir_shardmap_read_stats(m, WEIR_SHARDMAP_ALL, &st), 0);
    CHECK(st.lines >= N / 4, "%zu lines for %d entries", st.lines, N);
    end(m);
    CHECK_IS(weir_load_relaxed(&bytes), 0);
}

/* ---- SHARD11, SHARD12, SHARD13 ---------------------------------------------------------------------------------- */

static int use_from_another(uint64_t key, uint64_t val, void *arg) {
    struct call c;
    struct work w = { arg, key };
    (void)val;
    call_start(&c, use_line, &w);
    CHECK(call_returns(&c, 20000), "a lock is held while the function runs");
    return call_end(&c) == 0 ? 0 : 1;
}

static void shard11_no_lock(void) {
    EACH_FORM(f) {
        weir_shardmap *m = make(f, 0, NULL);
        for (uint64_t k = 0; k < 20; k++) CHECK_IS(weir_shardmap_put_u64(m, k, 1), 0);
        CHECK_IS(weir_shardmap_each_u64(m, use_from_another, m), 0);
        CHECK_IS(weir_shardmap_len(m), 0);
        end(m);
    }
}

static void shard12_balance(void) {
    for (unsigned by = 0; by <= 48; by += 4) {
        weir_shardmap *m = make(&forms[0], 0, NULL);
        size_t least = SIZE_MAX, most = 0;
        check_context("keys 2^%u apart", by);
        for (uint64_t k = 0; k < 40000; k++) CHECK_IS(weir_shardmap_put_u64(m, k << by, k), 0);
        for (unsigned s = 0; s < weir_shardmap_shards(m); s++) {
            struct weir_map_stats st = WEIR_MAP_STATS;
            CHECK_IS(weir_shardmap_read_stats(m, s, &st), 0);
            if (st.entries < least) least = st.entries;
            if (st.entries > most) most = st.entries;
            CHECK(st.longest <= 4, "a chain of %zu lines", st.longest);
        }
        CHECK(most <= 2 * least, "%zu to %zu entries in a shard", least, most);
        end(m);
    }
}

static void shard13_sum(void) {
    EACH_FORM(f) {
        weir_shardmap *m = make(f, 0, NULL);
        for (uint64_t k = 0; k < 3000 && checks_hold(); k++) {
            struct weir_map_stats st = WEIR_MAP_STATS;
            size_t sum = 0;
            CHECK_IS(weir_shardmap_put_u64(m, k, k), 0);
            if (k % 4 == 3) CHECK_IS(weir_shardmap_delete_u64(m, k / 2), 0);
            if (k % 50) continue;
            for (unsigned s = 0; s < weir_shardmap_shards(m); s++) {
                CHECK_IS(weir_shardmap_read_stats(m, s, &st), 0);
                sum += st.entries;
            }
            CHECK_IS(sum, weir_shardmap_len(m));
        }
        end(m);
    }
}

/* ---- MAP33 ------------------------------------------------------------------------------------------------------ */

static int never(uint64_t key, uint64_t val, void *arg) {
    (void)key;
    (void)val;
    (void)arg;
    return CHECK(false, "called") ? 0 : 1;
}
static int call_back(weir_shardmap *m) {
    struct weir_map_cursor c = WEIR_MAP_CURSOR;
    struct weir_map_stats st = WEIR_MAP_STATS;
    uint64_t k = 999, v = 1; /* another key than that of the function */
    bool found;
    CHECK_IS(weir_shardmap_get_u64(m, k, &v), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_get_many_u64(m, &k, &v, &found, 1), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_visit_u64(m, k, see, NULL), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_put_u64(m, k, 1), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_get_or_put_u64(m, k, &v), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_swap_u64(m, k, &v), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_add_u64(m, k, 1, NULL), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_update_u64(m, k, increment, NULL), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_take_u64(m, k, NULL), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_delete_u64(m, k), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_cas_u64(m, k, 1, 2), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_cad_u64(m, k, 1), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_next_u64(m, &c, &k, &v, 1), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_each_u64(m, never, NULL), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_clear(m), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_reserve(m, 100), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_read_stats(m, 0, &st), WEIR_EDEADLK);
    CHECK_IS(weir_shardmap_free(m), WEIR_EDEADLK);
    return 0;
}
struct two {
    weir_shardmap *a, *b;
};
static int visit_b(uint64_t key, uint64_t val, void *arg) {
    struct two *t = arg;
    (void)key;
    (void)val;
    (void)call_back(t->a); /* not only the innermost */
    return call_back(t->b);
}
static int update_a(uint64_t *val, bool there, void *arg) {
    struct two *t = arg;
    (void)there;
    (void)call_back(t->a);
    CHECK_IS(weir_shardmap_put_u64(t->b, 2, 2), 0); /* another map may be used */
    CHECK_IS(weir_shardmap_visit_u64(t->b, 2, visit_b, t), 0);
    *val = 3;
    return WEIR_UPDATE_STORE;
}

static void map33_deadlock(void) {
    EACH_FORM(f) {
        struct two t = { make(f, 0, NULL), make(f, 0, NULL) };
        uint64_t v = 0;
        CHECK_IS(weir_shardmap_update_u64(t.a, 1, update_a, &t), 0);
        CHECK_IS(weir_shardmap_get_u64(t.a, 1, &v), 0);
        CHECK_IS(v, 3);
        CHECK_IS(weir_shardmap_len(t.a), 1);
        end(t.a);
        end(t.b);
    }
}

/* ---- bad input -------------------------------------------------------------------------------------------------- */

static void quiet(const char *call, const char *what, void *arg) {
    (void)call;
    (void)what;
    ++*(unsigned *)arg;
}

static void bad_options(void) {
    static const struct {
        int rc, sync;
        unsigned shards;
        size_t key, val, hint;
    } bad[] = {
        { WEIR_EINVAL, 5, 0, 8, 8, 0 },         { WEIR_EINVAL, -1, 0, 8, 8, 0 },
        { WEIR_EINVAL, 0, 3, 8, 8, 0 },         { WEIR_EINVAL, 0, 8192, 8, 8, 0 },
        { WEIR_EINVAL, 0, 0, 0, 8, 0 },         { WEIR_EINVAL, 0, 0, 8, 0, 0 },
        { WEIR_ETOOBIG, 0, 0, 8, 8, SIZE_MAX },
    };
    unsigned reports = 0;
    weir_set_report(quiet, &reports);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
        weir_shardmap *m = (weir_shardmap *)&o;
        o.sync = bad[i].sync;
        o.shards = bad[i].shards;
        o.key_size = bad[i].key;
        o.val_size = bad[i].val;
        o.hint = bad[i].hint;
        check_context("options %zu", i);
        CHECK_IS(weir_shardmap_new(&m, &o), bad[i].rc);
        CHECK(m == NULL, "a map");
    }
    CHECK_IS(weir_shardmap_new(NULL, NULL), WEIR_EINVAL);
    weir_shardmap *m = make(&forms[0], 0, NULL);
    struct weir_map_stats st = WEIR_MAP_STATS;
    CHECK_IS(weir_shardmap_update_u64(m, 1, NULL, NULL), WEIR_EINVAL);
    CHECK_IS(weir_shardmap_visit_u64(m, 1, NULL, NULL), WEIR_EINVAL);
    CHECK_IS(weir_shardmap_add_u64(NULL, 1, 1, NULL), WEIR_EINVAL);
    CHECK_IS(weir_shardmap_read_stats(m, 8, &st), WEIR_EINVAL);
    CHECK_IS(weir_shardmap_shards(NULL), 0);
    weir_set_report(NULL, NULL);
    end(m);
}

int main(int argc, char **argv) {
    static const struct test tests[] = {
        { "SHARD1 random operations against a table", shard1_random },
        { "SHARD2 SHARD11 one lock at a time", shard2_one_lock },
        { "SHARD3 visits see what is stable, updates are alone", shard3_visits },
        { "SHARD5 no mixture of two values", shard5_no_mixture },
        { "SHARD6 tries are bounded", shard6_bounded },
        { "SHARD7 add and update lose nothing", shard7_counters },
        { "SHARD8 a resize holds up no other shard", shard8_resize_elsewhere },
        { "SHARD8 visits of read-write locks beside each other", shard8_visits },
        { "SHARD9 a write moves a bounded number of lines", shard9_steps },
        { "SHARD10 memory is given back", shard10_memory },
        { "SHARD10 spare lines are counted, and it grows beside them", shard10_spare },
        { "SHARD11 each holds no lock while its function runs", shard11_no_lock },
        { "SHARD12 strides of keys balance", shard12_balance },
        { "SHARD13 the shards' entries are the map's", shard13_sum },
        { "MAP33 a function under a lock may not use its map", map33_deadlock },
        { "SHARD bad input", bad_options },
    };
    return tests_main(argc, argv, "shardmap", tests, sizeof tests / sizeof *tests);
}
