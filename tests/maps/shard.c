/* SPDX-License-Identifier: MIT */
/* tests/maps/shard.c - what weir_shardmap says of itself beside what all maps do. SHARD1-SHARD13, MAP33. Each case
 * runs for each of its shard_forms, or for those that it is about. */
#include "shard.h"

#include "maps/unhash.h"

const struct form shard_forms[FORMS] = { { "lines", WEIR_MAP_LINES },
                                         { "mutex", WEIR_MAP_MUTEX },
                                         { "rwlock", WEIR_MAP_RWLOCK },
                                         { "sharded mutex", WEIR_MAP_SHARDED_MUTEX },
                                         { "sharded rwlock", WEIR_MAP_SHARDED_RWLOCK } };

weir_shardmap *shard_make(const struct form *f, unsigned step, const struct weir_alloc *alloc) {
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
void shard_end(weir_shardmap *m) { CHECK_IS(weir_shardmap_free(m), 0); }

/* The n-th key of a shard and a line, of tables of up to 256 lines. */
uint64_t shard_key(uint64_t shard, uint64_t line, uint64_t n) {
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
int shard_see(uint64_t key, uint64_t val, void *arg) {
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
            CHECK_IS(weir_shardmap_visit_u64(m, k, shard_see, seen), *there ? -5 : WEIR_ENOENT);
            if (*there) CHECK(seen[0] == k && seen[1] == *val, "another value");
    }
}

static void shard1_random(void) {
    enum { KEYS = 300 };
    EACH_FORM(f) {
        weir_shardmap *m = shard_make(f, 0, NULL);
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
        shard_end(m);
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

/* All verbs on keys of one line. */
int64_t shard_use_line(void *arg) {
    struct shard_work *w = arg;
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
    struct shard_work *w = arg;
    struct weir_map_cursor c = WEIR_MAP_CURSOR;
    uint64_t k, v;
    while (weir_shardmap_next_u64(w->m, &c, &k, &v, 1) == 1) {
    }
    return 0;
}
static int64_t clear_all(void *arg) { return weir_shardmap_clear(((struct shard_work *)arg)->m); }

/* While one line is held, all others are free, also beside who waits for that line on a way through all. */
static void shard2_one_lock(void) {
    static int64_t (*const through[])(void *) = { walk_all, clear_all };
    for (size_t i = 0; i < 2; i++) {
        weir_shardmap *m = shard_make(&shard_forms[0], 0, NULL);
        struct inside s;
        struct call holder, waits, other;
        struct shard_work all = { m, 0 }, w = { m, 0 };
        for (uint64_t line = 0; line < 4; line++) /* two lines each */
            CHECK_IS(weir_shardmap_put_u64(m, shard_key(line, line % 2 * 128, 0), 1), 0);
        go_inside(&s, &holder, m, shard_key(3, 128, 0));
        call_start(&waits, through[i], &all);
        CHECK(call_sleeps(&waits), "it does not wait for the line");
        for (uint64_t line = 0; line < 16; line++) {
            if (line == 7) continue;
            w.key = shard_key(line / 2, line % 2 * 128, 1);
            call_start(&other, shard_use_line, &w);
            CHECK(call_returns(&other, 20000), "shard %d, line %d is held", (int)line / 2,
                  (int)line % 2);
            CHECK_IS(call_end(&other), 0);
        }
        leave(&s, &holder);
        CHECK_IS(call_end(&waits), 0);
        shard_end(m);
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
        CHECK_IS(weir_shardmap_put_u64(s->m, shard_key(2, n * 2, n), n), 0);
    return 0;
}

static void shard8_resize_elsewhere(void) {
    EACH_FORM(f) {
        if (f->sync == WEIR_MAP_MUTEX || f->sync == WEIR_MAP_RWLOCK) continue; /* one shard */
        struct stopped s = { .m = shard_make(f, 0, NULL) };
        struct call writer, reader;
        struct shard_work w = { s.m, shard_key(3, 0, 1) };
        stop_init(&s.stop, "map.copied");
        call_start(&writer, grow_shard, &s);
        if (stop_wait(&s.stop)) {
            call_start(&reader, shard_use_line, &w);
            CHECK(call_returns(&reader, 20000), "a shard waits for another one's growth");
            stop_release(&s.stop);
            CHECK_IS(call_end(&reader), 0);
        }
        CHECK_IS(call_end(&writer), 0);
        stop_fini(&s.stop);
        shard_end(s.m);
    }
}

/* Visits of read-write locks go on beside each other. */
static void shard8_visits(void) {
    weir_shardmap *m = shard_make(&shard_forms[4], 0, NULL);
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
    shard_end(m);
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
        struct counters c = { .m = shard_make(f, 0, NULL), .rounds = times(8000) };
        uint64_t sum = 0, v = 0;
        for (uint64_t k = 0; k < 3; k++) CHECK_IS(weir_shardmap_put_u64(c.m, k, k << 32), 0);
        team_run(4, count_thread, &c);
        for (uint64_t k = 0; k < 3; k++) {
            CHECK_IS(weir_shardmap_get_u64(c.m, k, &v), 0);
            sum += v & UINT32_MAX;
        }
        CHECK_IS(sum, 2 * c.rounds);
        shard_end(c.m);
    }
}

int shard_increment(uint64_t *val, bool there, void *arg) {
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
            CHECK_IS(weir_shardmap_update_u64(c->m, k, shard_increment, NULL), 0);
        if (i % 2)
            CHECK_IS(weir_shardmap_put_u64(c->m, other, 0), 0);
        else
            (void)weir_shardmap_take_u64(c->m, other, NULL);
    }
}

static void shard7_counters(void) {
    EACH_FORM(f) {
        struct counters c = { .m = shard_make(f, 0, NULL), .rounds = times(12000) };
        uint64_t sum = 0, v = 0;
        team_run(4, add_thread, &c);
        for (uint64_t k = 0; k < 3; k++) {
            CHECK_IS(weir_shardmap_get_u64(c.m, k, &v), 0);
            sum += v;
        }
        CHECK_IS(sum, 4 * c.rounds);
        shard_end(c.m);
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
            uint64_t k = rng_below(5), key = shard_key(1, 0, k);
            if (i % 3)
                CHECK_IS(weir_shardmap_put_u64(x->m, key, of_key(k, i)), 0);
            else
                (void)weir_shardmap_take_u64(x->m, key, NULL);
        }
        return;
    }
    for (size_t i = 0; i < times(60000) && checks_hold(); i++) {
        uint64_t k = rng_below(5), v = 0;
        if (weir_shardmap_get_u64(x->m, shard_key(1, 0, k), &v) == 0)
            CHECK(v >> 48 == k && (v & 0xffff) == (~k & 0xffff), "key %d has %llx", (int)k,
                  (unsigned long long)v);
    }
    weir_store_relaxed(&x->over, 1);
}

static void shard5_no_mixture(void) {
    EACH_FORM(f) {
        struct mixing x = { .m = shard_make(f, 0, NULL) };
        team_run(3, mix_thread, &x);
        shard_end(x.m);
    }
}

static int64_t get_one(void *arg) {
    struct shard_work *w = arg;
    uint64_t v = 0;
    int rc = weir_shardmap_get_u64(w->m, w->key, &v);
    return rc < 0 ? rc : (int64_t)v;
}

static void shard6_bounded(void) {
    weir_shardmap *m = shard_make(&shard_forms[0], 0, NULL);
    struct inside s;
    struct call holder, reader;
    struct shard_work w = { m, shard_key(1, 0, 0) };
    CHECK_IS(weir_shardmap_put_u64(m, w.key, 7), 0);
    go_inside(&s, &holder, m, w.key);
    call_start(&reader, get_one, &w);
    CHECK(call_sleeps(&reader), "it polls for the line, or reads what is being written");
    leave(&s, &holder);
    CHECK_IS(call_end(&reader), 8);
    shard_end(m);
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
        { "SHARD bad input", shard_bad_options },
    };
    return tests_main(argc, argv, "shardmap", tests, sizeof tests / sizeof *tests);
}
