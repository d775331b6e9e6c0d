/* SPDX-License-Identifier: MIT */
/* tests/bench/map_kinds.c - every kind of map that is built in, weir's and the rivals': what was put is there
 * until it is deleted, with its own value, in tables that are presized and in such that grow, with all threads
 * at once. So what loses entries is an error here, and not a fast rival. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <weir/rcu.h>

#include "map_run.h"
#include "maps_list.h"

#define ENTRIES 4000
#define TWICE (UINT64_C(2) * ENTRIES)
#define THREADS 4
#define MIX_NS 6000000

static const struct wb_ring *const kinds[] = { WB_MAPS_LIST };
#define KINDS (sizeof kinds / sizeof kinds[0])

struct subject {
    const struct wb_map *kind;
    size_t key_bytes, hint;
    char name[64];
    const char *fault; /* the first one that was found */
};

static void check(struct subject *s, bool right, const char *fault) {
    if (!right && !s->fault) s->fault = fault;
}

/* ---- what the threads do ------------------------------------------------------------------------- */

struct worker {
    const struct wb_map *kind;
    struct wb_map_work work;
    pthread_t thread;
    bool registered;
};

/* Every other thread is one that weir has registered with liburcu before. */
static void *work(void *arg) {
    struct worker *t = arg;
    t->registered = t->work.id % 2 == 0 || weir_rcu_register() == 0;
    if (t->kind->enter) t->work.own = t->kind->enter(t->work.map);
    t->kind->run(&t->work);
    if (t->kind->leave) t->kind->leave(t->work.map, t->work.own);
    return NULL;
}

static void start(struct worker *t, const struct subject *s, const struct wb_map_work *what,
                  unsigned id) {
    struct wb_map_work *w = &t->work;
    t->kind = s->kind;
    *w = *what;
    w->id = id;
    w->key_bytes = s->key_bytes;
    w->seed = UINT64_C(0x9e3779b97f4a7c15) * (id + 1);
    if (w->job == WB_MAP_FILL || w->job == WB_MAP_SWEEP) {
        w->first = what->first + id * what->step;
        w->step = w->threads * what->step;
    }
    assert_int_equal(pthread_create(&t->thread, NULL, work, t), 0);
}

/* All threads do `what`, and what they have done is added up there. */
static void all(struct subject *s, void *map, struct wb_map_work *what) {
    struct worker worker[THREADS];
    uint32_t stop = 0;
    what->map = map;
    what->threads = s->kind->can & (WB_MAP_ALONE | WB_MAP_IN_PLACE) ? 1 : THREADS;
    what->stop = &stop;
    for (unsigned i = 0; i < what->threads; i++) start(&worker[i], s, what, i);
    if (what->job == WB_MAP_MIX) {
        (void)nanosleep(&(struct timespec){ .tv_nsec = MIX_NS }, NULL);
        __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    }
    for (unsigned i = 0; i < what->threads; i++) {
        const struct wb_map_work *w = &worker[i].work;
        assert_int_equal(pthread_join(worker[i].thread, NULL), 0);
        assert_true(worker[i].registered);
        what->ops += w->ops;
        what->hits += w->hits;
        what->added += w->added;
        what->untold += w->untold;
        check(s, w->sum == 0, "a value that is not its key's");
        check(s, w->failed == 0, "a put was refused");
    }
    what->stop = NULL;
}

/* How many of the indices first, first + step, ... below end are there. */
static uint64_t there(struct subject *s, void *map, uint64_t first, uint64_t step, uint64_t end) {
    struct wb_map_work w = { .job = WB_MAP_SWEEP, .first = first, .step = step, .end = end };
    all(s, map, &w);
    return w.hits;
}

static void fill(struct subject *s, void *map, uint64_t first, uint64_t step, uint64_t end) {
    struct wb_map_work w = { .job = WB_MAP_FILL, .first = first, .step = step, .end = end };
    all(s, map, &w);
    check(s, w.ops == (end - first + step - 1) / step, "not all were put");
}

/* Reads, puts and the rest deletes by shares of 65536, over twice the indices. */
static void mix(struct subject *s, void *map, uint32_t gets, uint32_t puts) {
    struct wb_map_work w = { .job = WB_MAP_MIX,
                             .dist = WB_MAP_UNIFORM,
                             .range = TWICE,
                             .gets_below = gets,
                             .puts_below = gets + puts };
    size_t before = s->kind->len(map);
    while (w.ops == 0) all(s, map, &w); /* on a busy machine no thread may have begun in time */
    size_t after = s->kind->len(map);
    check(s, w.untold != 0 || (int64_t)after - (int64_t)before == w.added,
          "the length is not what was put less what was deleted");
    check(s, there(s, map, 0, 1, TWICE) == after, "the length is not what can be read");
}

static void comes_and_goes(struct subject *s, void *map) {
    mix(s, map, 32768, 16384);
    mix(s, map, 0, 32768);
    mix(s, map, 0, 0);
    fill(s, map, 0, 1, ENTRIES);
    check(s, there(s, map, 0, 1, ENTRIES) == ENTRIES, "an entry is lost after deletes");
}

/* NULL, or what is wrong. */
static const char *trial(struct subject *s) {
    void *map = s->kind->make(s->hint, THREADS);
    if (!map) return "could not be made";
    check(s, s->kind->len(map) == 0, "not empty at first");
    fill(s, map, 0, 2, TWICE);
    check(s, s->kind->len(map) == ENTRIES, "the length after filling");
    check(s, there(s, map, 0, 2, TWICE) == ENTRIES, "an entry is lost");
    check(s, there(s, map, 1, 2, TWICE) == 0, "an entry that nobody put");
    fill(s, map, 0, 2, TWICE); /* over what is there */
    check(s, s->kind->len(map) == ENTRIES, "the length after filling again");
    if (!(s->kind->can & WB_MAP_IN_PLACE)) comes_and_goes(s, map);
    s->kind->dispose(map);
    return s->fault;
}

/* ---- a map that is wrong on purpose ----------------------------------------------------------------- */

static enum { FORGETS, DELETES_NOTHING, MIXES_UP, MISCOUNTS } wrong;

struct slots {
    pthread_mutex_t lock;
    uint64_t puts, len;
    struct {
        uint64_t key, val;
        bool live;
    } slot[4 * ENTRIES]; /* never used again by another key */
};

static void *wrong_make(size_t hint, unsigned threads) {
    struct slots *t = calloc(1, sizeof *t);
    (void)hint;
    (void)threads;
    if (t) (void)pthread_mutex_init(&t->lock, NULL);
    return t;
}
static void wrong_dispose(void *map) {
    struct slots *t = map;
    (void)pthread_mutex_destroy(&t->lock);
    free(t);
}
static size_t wrong_len(void *map) { return ((struct slots *)map)->len; }

static size_t wrong_find(const struct slots *t, uint64_t key) {
    size_t i = key % (4 * ENTRIES);
    while (t->slot[i].key != key && t->slot[i].key != 0) i = (i + 1) % (4 * ENTRIES);
    return i;
}

static bool wrong_get(struct slots *t, uint64_t key, uint64_t *val) {
    (void)pthread_mutex_lock(&t->lock);
    size_t i = wrong_find(t, key);
    bool live = t->slot[i].live;
    *val = t->slot[i].val;
    (void)pthread_mutex_unlock(&t->lock);
    return live;
}

static enum wb_map_put wrong_put(struct slots *t, uint64_t key, uint64_t val) {
    (void)pthread_mutex_lock(&t->lock);
    size_t i = wrong_find(t, key);
    bool fresh = !t->slot[i].live, now = ++t->puts % 1000 == 0;
    t->slot[i].key = key;
    t->slot[i].live = !(now && wrong == FORGETS);
    t->slot[i].val = val + (now && wrong == MIXES_UP);
    t->len += fresh && !(now && wrong == MISCOUNTS);
    (void)pthread_mutex_unlock(&t->lock);
    return fresh ? WB_MAP_NEW : WB_MAP_OLD;
}

static bool wrong_del(struct slots *t, uint64_t key) {
    (void)pthread_mutex_lock(&t->lock);
    size_t i = wrong_find(t, key);
    bool live = t->slot[i].live;
    if (wrong != DELETES_NOTHING) t->slot[i].live = false;
    t->len -= live;
    (void)pthread_mutex_unlock(&t->lock);
    return live;
}

#define MAP_NAME wrong_loops
#define MAP_T struct slots
#define MAP_GET(m, k, pv) wrong_get(m, k, pv)
#define MAP_PUT(m, k, v) wrong_put(m, k, v)
#define MAP_DEL(m, k) wrong_del(m, k)
#include "map_loops.h"

static WB_MAP(wrong_kind, "wrong", "map", NULL, NULL, 0, wrong_make, wrong_dispose, NULL, NULL,
              wrong_len, NULL, wrong_loops);

/* ---- cases ----------------------------------------------------------------------------------------- */

static void keeps_what_was_put(void **state) {
    const char *fault = trial(*state);
    if (fault) fail_msg("%s", fault);
}

static void what_is_wrong_is_noticed(void **state) {
    (void)state;
    for (wrong = FORGETS; wrong <= MISCOUNTS; wrong++) {
        struct subject s = { .kind = &wrong_kind };
        if (!trial(&s)) fail_msg("fault %d was not noticed", (int)wrong);
    }
}

static void each_kind_has_a_name_of_its_own(void **state) {
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        assert_true(kinds[i]->can & WB_IS_MAP);
        for (size_t j = 0; j < i; j++)
            assert_false(strcmp(kinds[i]->name, kinds[j]->name) == 0 &&
                         strcmp(kinds[i]->structure, kinds[j]->structure) == 0);
    }
}

int main(void) {
    static struct subject subjects[4 * KINDS];
    static struct CMUnitTest tests[4 * KINDS + 2];
    size_t n = 0;
    for (size_t i = 0; i < KINDS; i++) {
        const struct wb_map *kind = (const struct wb_map *)(const void *)kinds[i];
        if (kinds[i]->can & WB_AWAY) continue; /* a program of its own: cli.sh */
        bool strings = strcmp(kinds[i]->structure, "strmap") == 0;
        for (unsigned v = 0; v < (strings ? 4 : 2); v++) {
            struct subject *s = &subjects[n];
            *s = (struct subject){ .kind = kind,
                                   .key_bytes = !strings ? 0
                                                : v & 2  ? 40
                                                         : 16,
                                   .hint = v & 1 ? ENTRIES : 0 };
            if (!s->hint && kind->can & WB_MAP_PRESIZED) continue;
            (void)snprintf(s->name, sizeof s->name, "%s/%s, keys of %zu bytes, %s",
                           kinds[i]->structure, kinds[i]->name, strings ? s->key_bytes : 8,
                           s->hint ? "presized" : "growing");
            tests[n++] = (struct CMUnitTest){ s->name, keeps_what_was_put, NULL, NULL, s };
        }
    }
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(what_is_wrong_is_noticed);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(each_kind_has_a_name_of_its_own);
    return _cmocka_run_group_tests("bench_map_kinds", tests, n, NULL, NULL);
}
