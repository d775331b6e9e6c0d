/* SPDX-License-Identifier: MIT */
/* tests/maps/fork.c - maps on both sides of a fork that is prepared: RCU10. Under ThreadSanitizer, which does not follow
 * threads into a child, without the fork. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weir/shardmap_u64.h>

#include "../rcu/rcu.h"
#include "../support/points.h"

#define KEYS 64
#define CHILD_SECONDS 60 /* a child that hangs ends by a signal */

/* AddressSanitizer's allocator does not take its locks around a fork. */
static void *held_alloc(void *self, size_t size, size_t align) {
    void *p = NULL;
    (void)self;
    objects_hold(true);
    if (posix_memalign(&p, align < sizeof p ? sizeof p : align, size) != 0) p = NULL;
    objects_hold(false);
    return p;
}
static void held_free(void *self, void *p, size_t size, size_t align) {
    (void)self;
    (void)size;
    (void)align;
    objects_hold(true);
    free(p);
    objects_hold(false);
}
static const struct weir_alloc held = { held_alloc, held_free, NULL };

/* Maps of each way in which a line is locked, and entries are kept. */
struct world {
    weir_map *words, *nodes;
    weir_shardmap *lines, *snodes;
    struct team team;
    weir_au32 stop, inside; /* inside: functions under a lock */
};

/* On weir's thread: a section that a fork has to wait for. */
static void drop_puts(void *val, void *arg) {
    struct world *w = arg;
    (void)weir_fetch_add_relaxed(&w->inside, 1);
    CHECK_IS(weir_map_put_u64(w->words, *(uint64_t *)val % KEYS, 1), 0);
    (void)weir_fetch_sub_relaxed(&w->inside, 1);
}

static void world_open(struct world *w) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    memset(w, 0, sizeof *w);
    o.alloc = &held;
    CHECK_IS(weir_map_new(&w->words, &o), 0);
    o.shards = 2;
    CHECK_IS(weir_shardmap_new(&w->lines, &o), 0);
    o.sip = true;
    CHECK_IS(weir_shardmap_new(&w->snodes, &o), 0);
    o.shards = 0;
    o.drop = drop_puts;
    o.drop_arg = w;
    CHECK_IS(weir_map_new(&w->nodes, &o), 0);
    if (!checks_hold()) test_hangs("no maps");
}
static void world_close(struct world *w) {
    CHECK_IS(weir_map_free(w->nodes), 0); /* its drop uses the next */
    CHECK_IS(weir_map_free(w->words), 0);
    CHECK_IS(weir_shardmap_free(w->lines), 0);
    CHECK_IS(weir_shardmap_free(w->snodes), 0);
}

/* ---- writers ---------------------------------------------------------------------------------------------------------- */

static int update_in_update(uint64_t *val, bool there, void *arg) {
    struct world *w = arg;
    uint64_t key = rng_below(KEYS), v = 1;
    (void)weir_fetch_add_relaxed(&w->inside, 1);
    if (key % 2)
        CHECK_IS(weir_shardmap_put(w->snodes, &key, &v), 0);
    else
        CHECK_IS(weir_map_put_u64(w->words, key, v), 0);
    random_delay();
    *val = there ? *val + 1 : 1;
    (void)weir_fetch_sub_relaxed(&w->inside, 1);
    return key % 8 ? WEIR_UPDATE_STORE : WEIR_UPDATE_REMOVE;
}
static int put_in_each(uint64_t key, uint64_t val, void *arg) {
    struct world *w = arg;
    (void)val;
    CHECK_IS(weir_map_put_u64(w->words, (key + 1) % KEYS, 2), 0);
    (void)weir_shardmap_delete_u64(w->lines, key);
    return 0;
}

static void one_write(struct world *w, size_t who, uint64_t i) {
    uint64_t key = rng_below(KEYS);
    switch (who) {
        case 0: /* it grows and shrinks */
            key = rng_below(i / 512 % 2 ? 2048 : KEYS);
            CHECK_IS(weir_map_put_u64(w->words, key, i), 0);
            CHECK_IS(weir_shardmap_put_u64(w->lines, key, i), 0);
            if (i % 4096 == 0) CHECK_IS(weir_map_clear(w->words), 0);
            break;
        case 1: {
            int rc = weir_shardmap_update_u64(w->lines, key, update_in_update, w);
            CHECK(rc == 0 || rc == WEIR_ENOENT, "%d", rc);
            break;
        }
        case 2:
            CHECK_IS(weir_map_put(w->nodes, &key, &i), 0);
            CHECK_IS(weir_shardmap_put(w->snodes, &key, &i), 0);
            if (i % 3 == 0) (void)weir_map_delete(w->nodes, &key);
            if (i % 3 == 0) (void)weir_shardmap_delete(w->snodes, &key);
            break;
        default: CHECK_IS(weir_map_each_u64(w->words, put_in_each, w), 0);
    }
    (void)weir_map_delete_u64(w->words, rng_below(2048));
    (void)weir_shardmap_delete_u64(w->lines, rng_below(2048));
}

static void writes(void *arg, size_t who) {
    struct world *w = arg;
    for (uint64_t i = 1; !weir_load_relaxed(&w->stop) && checks_hold(); i++) one_write(w, who, i);
}

/* ---- the fork --------------------------------------------------------------------------------------------------------- */

struct seen {
    uint64_t words[KEYS], lines[KEYS];
    size_t n[4];
};
static void look(struct world *w, struct seen *s) {
    memset(s, 0, sizeof *s);
    for (uint64_t k = 0; k < KEYS; k++) {
        (void)weir_map_get_u64(w->words, k, &s->words[k]);
        (void)weir_shardmap_get_u64(w->lines, k, &s->lines[k]);
    }
    s->n[0] = weir_map_len(w->words);
    s->n[1] = weir_map_len(w->nodes);
    s->n[2] = weir_shardmap_len(w->lines);
    s->n[3] = weir_shardmap_len(w->snodes);
}

/* In the child: each key, so each line. */
static void use(struct world *w) {
    for (uint64_t k = 0; k < 2048; k++) {
        uint64_t v = 0;
        CHECK_IS(weir_map_put_u64(w->words, k, k), 0);
        CHECK_IS(weir_shardmap_put_u64(w->lines, k, k), 0);
        CHECK_IS(weir_map_put(w->nodes, &k, &k), 0);
        CHECK_IS(weir_shardmap_put(w->snodes, &k, &k), 0);
        CHECK_IS(weir_map_get_u64(w->words, k, &v), 0);
        if (k >= KEYS) CHECK_IS(v, k); /* to others drop comes */
    }
    CHECK_IS(weir_map_len(w->words), 2048); /* what was in flight is counted, or not there */
    CHECK_IS(weir_map_len(w->nodes), 2048);
    CHECK_IS(weir_shardmap_len(w->lines), 2048);
    CHECK_IS(weir_shardmap_len(w->snodes), 2048);
    CHECK_IS(weir_map_clear(w->nodes), 0);
    CHECK_IS(weir_shardmap_clear(w->lines), 0);
    CHECK_IS(weir_map_len(w->nodes) + weir_shardmap_len(w->lines), 0);
    world_close(w);
    CHECK_IS(weir_shutdown(), 0);
}

static pid_t fork_here(void) {
    objects_hold(true);
    pid_t pid = fork();
    objects_hold(false);
    return pid;
}

static void beside_writers(void) {
    static struct world w;
    world_open(&w);
    uint64_t v;
    CHECK_IS(weir_map_get_u64(w.words, 1, &v), WEIR_ENOENT); /* this thread is known to RCU */
    team_start(&w.team, 4, writes, &w);
    for (size_t i = 0; i < times(30) && checks_hold(); i++) {
        static struct seen before, after;
        CHECK_IS(weir_rcu_fork_prepare(), 0);
        CHECK_IS(weir_load_relaxed(&w.inside), 0);
        look(&w, &before);
        if (i % 8 == 0) sleep_ms(1);
        look(&w, &after);
        CHECK(memcmp(&before, &after, sizeof after) == 0, "somebody writes");
        pid_t pid = UNDER_TSAN ? -1 : fork_here();
        if (pid == 0) {
            (void)alarm(CHILD_SECONDS);
            CHECK_IS(weir_rcu_fork_child(), 0);
            use(&w);
            test_child_ends();
        }
        CHECK_IS(weir_rcu_fork_parent(), 0);
        if (!UNDER_TSAN) (void)child_well(pid);
    }
    weir_store_relaxed(&w.stop, 1);
    team_join(&w.team);
    world_close(&w);
}

/* ---- who waits for whom ----------------------------------------------------------------------------------------------- */

struct forker {
    weir_au32 prepared, go;
    struct call call;
};
static int64_t prepares(void *arg) {
    struct forker *f = arg;
    int rc = weir_rcu_fork_prepare();
    weir_store_release(&f->prepared, 1, 0);
    while (!weir_load_acquire(&f->go, 0)) sleep_ms(1);
    return rc < 0 ? rc : weir_rcu_fork_parent();
}
static void forker_start(struct forker *f) {
    memset(f, 0, sizeof *f);
    call_start(&f->call, prepares, f);
    CHECK(call_sleeps(&f->call), "it does not wait");
    CHECK_IS(weir_load_acquire(&f->prepared, 0), 0);
}
static void forker_end(struct forker *f) {
    weir_store_release(&f->go, 1, 0);
    CHECK_IS(call_end(&f->call), 0);
}

struct writer {
    struct world *w;
    struct stop *stop; /* NULL: it goes through */
    bool guarded;
    struct call call;
};
static int64_t put_nine(void *arg) {
    struct writer *p = arg;
    if (p->stop) stop_me(p->stop);
    weir_guard g = { 0 };
    if (p->guarded) g = weir_rcu_enter();
    int rc = weir_shardmap_put_u64(p->w->lines, 9, 9);
    return p->guarded && weir_rcu_exit(g) < 0 ? WEIR_EINVAL : rc;
}

/* A guard that prepare waits for; writes in it, in one that began later, and in none. */
static void prepare_drains(void) {
    struct world w;
    struct forker f;
    struct stop stop;
    uint64_t v;
    world_open(&w);
    struct writer inner = { .w = &w, .stop = &stop, .guarded = true }, outer = { .w = &w },
                  late = { .w = &w, .guarded = true };
    stop_init(&stop, "map.locked");
    weir_guard g = weir_rcu_enter();
    forker_start(&f);
    CHECK_IS(weir_shardmap_put_u64(w.lines, 1, 1), 0);
    CHECK_IS(weir_map_put_u64(w.words, 1, 1), 0);
    call_start(&inner.call, put_nine, &inner);
    CHECK(stop_wait(&stop), "a write in a guard does not go on");
    call_start(&outer.call, put_nine, &outer);
    CHECK(call_sleeps(&outer.call), "a write beside a fork does not wait");
    CHECK_IS(weir_rcu_exit(g), 0);
    CHECK(call_sleeps(&f.call), "it does not wait for the one that was let in");
    CHECK_IS(weir_load_acquire(&f.prepared, 0), 0);
    stop_release(&stop); /* a thread that ends waits for parent: no join yet */
    while (!weir_load_acquire(&f.prepared, 0) && checks_hold()) sleep_ms(1);
    CHECK(!call_done(&outer.call), "a write between prepare and parent");
    CHECK_IS(weir_map_get_u64(w.words, 1, &v), 0); /* reads go on */
    call_start(&late.call, put_nine, &late);
    CHECK(call_sleeps(&late.call), "a write between prepare and parent");
    forker_end(&f);
    CHECK_IS(call_end(&inner.call), 0);
    CHECK_IS(call_end(&outer.call), 0);
    CHECK_IS(call_end(&late.call), 0);
    CHECK_IS(weir_shardmap_get_u64(w.lines, 9, &v), 0);
    stop_fini(&stop);
    world_close(&w);
}

/* A writer stands in its lock. */
static void prepare_gives_up(void) {
    struct world w;
    struct stop stop;
    world_open(&w);
    struct writer p = { .w = &w, .stop = &stop };
    stop_init(&stop, "map.locked");
    call_start(&p.call, put_nine, &p);
    CHECK(stop_wait(&stop), "it does not stop");
    for (int i = 0; i < 3; i++) {
        CHECK_IS(weir_rcu_fork_prepare_wait(WEIR_NOW, NULL), WEIR_EAGAIN);
        CHECK_IS(weir_rcu_fork_prepare_wait(weir_after(10 * MS), NULL), WEIR_ETIMEDOUT);
        for (uint64_t k = 100; k < 108; k++) CHECK_IS(weir_map_put_u64(w.words, k, k), 0);
    }
    stop_release(&stop);
    CHECK_IS(call_end(&p.call), 0);
    CHECK_IS(weir_rcu_fork_prepare(), 0);
    CHECK_IS(weir_rcu_fork_parent(), 0);
    CHECK_IS(weir_shardmap_put_u64(w.lines, 9, 10), 0);
    stop_fini(&stop);
    world_close(&w);
}

int main(int argc, char **argv) {
    static const struct test tests[] = {
        { "RCU10 maps: the child goes on beside writers that are gone", beside_writers },
        { "RCU10 maps: a fork waits for writes, and they for it", prepare_drains },
        { "RCU10 maps: a fork that gives up lets writes go on", prepare_gives_up },
    };
    return tests_main(argc, argv, "maps and fork", tests, sizeof tests / sizeof *tests);
}
