/* SPDX-License-Identifier: MIT */
/* tests/maps/fork.c - maps on both sides of a fork that is prepared: RCU10. Under ThreadSanitizer, which does not follow
 * threads into a child, without the fork. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <weir/shardmap_u64.h>

#include "../rcu/rcu.h"

#define KEYS 64
#define WRITERS 4
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
static void read_all(struct world *w, struct seen *s) {
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

/* A thread that reads all when it is told to; the one that has prepared must not. */
struct looker {
    struct world *w;
    struct seen *to; /* NULL: it ends */
    weir_au32 asked, looked;
    struct call call;
};
static int64_t looks(void *arg) {
    static struct seen none;
    struct looker *l = arg;
    read_all(l->w, &none); /* this thread is known to RCU */
    for (uint32_t n = 1;; n++) {
        weir_store_release(&l->looked, n, 0);
        while (weir_load_acquire(&l->asked, 0) != n) sleep_ms(1);
        if (!l->to) return 0;
        read_all(l->w, l->to);
    }
}
static void look(struct looker *l, struct seen *to) {
    uint32_t n = weir_load_relaxed(&l->asked) + 1;
    CHECK(comes_to(&l->looked, n, 10000), "it does not begin");
    l->to = to;
    weir_store_release(&l->asked, n, 0);
    if (to) CHECK(comes_to(&l->looked, n + 1, 10000), "a read waits for parent");
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

/* A thread that ends takes locks of AddressSanitizer's, which it does not give back in a child. Weir's thread has ended for
 * weir: it is gone soon, or sleeps on the lock of thread records until parent, which comes before those. */
static void wait_until_gone(size_t threads) {
    size_t n = threads + 1;
    for (int ms = 0; n > threads && ms < 100; ms++) {
        DIR *tasks = opendir("/proc/self/task");
        if (!tasks) return;
        n = 0;
        for (const struct dirent *e; (e = readdir(tasks)) != NULL;) n += e->d_name[0] != '.';
        (void)closedir(tasks);
        if (n > threads) sleep_ms(1);
    }
}

static pid_t fork_here(void) {
    if (UNDER_ASAN) wait_until_gone(WRITERS + 2);
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
    struct looker l = { .w = &w };
    call_start(&l.call, looks, &l);
    CHECK(comes_to(&l.looked, 1, 10000), "nobody looks");
    team_start(&w.team, WRITERS, writes, &w);
    for (size_t i = 0; i < times(30) && checks_hold(); i++) {
        static struct seen before, after;
        CHECK_IS(weir_rcu_fork_prepare(), 0);
        CHECK_IS(weir_load_relaxed(&w.inside), 0);
        look(&l, &before);
        if (i % 8 == 0) sleep_ms(1);
        look(&l, &after);
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
    look(&l, NULL);
    CHECK_IS(call_end(&l.call), 0);
    world_close(&w);
}

/* ---- no fork starves -------------------------------------------------------------------------------------------------- */

#define BUSY 8
#define FORKS 10

struct busy {
    struct world w;
    struct team team;
    weir_au32 stop, puts;
};

/* So slow that somebody is always in one. */
static int slowly(uint64_t *val, bool there, void *arg) {
    const struct timespec moment = { 0, 200000 };
    (void)arg;
    (void)nanosleep(&moment, NULL);
    *val = there ? *val + 1 : 1;
    return WEIR_UPDATE_STORE;
}

static void put_in_guards(void *arg, size_t who) {
    struct busy *b = arg;
    for (uint64_t n = 0; !weir_load_relaxed(&b->stop) && checks_hold(); n++) {
        weir_guard g = weir_rcu_enter();
        CHECK_IS(weir_map_put_u64(b->w.words, n % 64 * BUSY + who, n), 0);
        CHECK_IS(weir_shardmap_update_u64(b->w.lines, who, slowly, NULL), 0);
        CHECK_IS(weir_rcu_exit(g), 0);
        (void)weir_fetch_add_relaxed(&b->puts, 1);
    }
}

static void beside_guarded_writers(void) {
    static struct busy b;
    world_open(&b.w);
    team_start(&b.team, BUSY, put_in_guards, &b);
    for (int ms = 0; weir_load_relaxed(&b.puts) < BUSY && ms < 10000; ms++) sleep_ms(1);
    CHECK(weir_load_relaxed(&b.puts) >= BUSY, "nobody puts anything");
    for (int i = 0; i < FORKS && checks_hold(); i++) {
        if (!CHECK_IS(weir_rcu_fork_prepare_wait(weir_after(10000 * MS), NULL), 0)) break;
        CHECK_IS(weir_rcu_fork_parent(), 0);
    }
    weir_store_relaxed(&b.stop, 1);
    team_join(&b.team);
    world_close(&b.w);
}

int main(int argc, char **argv) {
    static const struct test tests[] = {
        { "RCU10 maps: the child goes on beside writers that are gone", beside_writers },
        { "RCU10 maps: no fork starves beside threads that write in guards all the time",
          beside_guarded_writers },
    };
    return tests_main(argc, argv, "maps and fork", tests, sizeof tests / sizeof *tests);
}
