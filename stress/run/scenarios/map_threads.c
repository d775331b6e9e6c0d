/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/map_threads.c - threads that come and go.
 *
 * churn   short threads, each with its first guard, calls on a map that all share and on one of its own, and garbage that it
 *         leaves behind when it ends; one key goes from thread to thread, each of which finds it as the last one left it */
#include "map_blocks.h"
#include "map_body.h"
#include "map_call.h"

#include "../../../lib/thread.h"

#include <weir/rcu.h>

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#define KEYS 24 /* of each parent's children */

struct churn {
    const struct map_kind *kind;
    void *map;
    unsigned threads;
    struct map_blocks blocks;
    weir_au64 children, retired, called;
};

struct child {
    struct churn *s;
    uint64_t first, turn, calls; /* keys from first on are the family's; turn: what key first has */
    unsigned random;
    weir_au32 ended;
    pthread_t thread;
};

struct garbage {
    struct weir_rcu_head head;
    struct churn *s;
};
static void called(struct weir_rcu_head *head) {
    struct garbage *g = (struct garbage *)(void *)head;
    (void)weir_fetch_add_relaxed(&g->s->called, 1);
    free(g);
}

static void leave_garbage(struct churn *s) {
    struct garbage *g = malloc(sizeof *g);
    if (!g) return;
    g->s = s;
    weir_stress_check(weir_rcu_retire(&g->head, sizeof *g, called) == 0, "retire");
    (void)weir_fetch_add_relaxed(&s->retired, 1);
}

static uint64_t key_at(uint64_t i) { return (i + 1) * UINT64_C(0x10000000001); }

/* A map of its own: made, used, and freed with a move in flight, perhaps. */
static void own_map(struct child *c) {
    const struct map_kind *k = c->s->kind;
    struct map_shape shape = { .seed = c->turn + 1 };
    void *map;
    uint64_t n = c->random % 40, v = 0;
    if (!weir_stress_check(k->make(&map, &shape) == 0, "no map")) return;
    for (uint64_t i = 0; i < n; i++)
        weir_stress_check(k->put(map, i, i + c->turn, WEIR_FOREVER) == 0, "put");
    for (uint64_t i = 0; i < n; i++)
        weir_stress_check(k->get(map, i, &v) == 0 && v == i + c->turn, "a key is lost");
    weir_stress_check(k->len(map) == n, "length %zu of %llu", k->len(map), (unsigned long long)n);
    weir_stress_check(k->free(map) == 0, "the map cannot be freed");
}

static void *live(void *arg) {
    struct child *c = arg;
    const struct map_kind *k = c->s->kind;
    void *m = c->s->map;
    uint64_t v = 0;
    weir_guard g = { 0 };
    if (c->random & 1) g = weir_rcu_enter();
    int rc = k->get(m, key_at(c->first), &v);
    weir_stress_check(c->turn ? rc == 0 && v == c->turn : rc == WEIR_ENOENT,
                      "the key has %llu instead of %llu: %d", (unsigned long long)v,
                      (unsigned long long)c->turn, rc);
    if (c->random & 1) weir_stress_check(weir_rcu_exit(g) == 0, "a guard cannot be released");
    for (uint64_t i = 1; i <= c->random % KEYS; i++)
        weir_stress_check(c->turn % 2 ? k->take(m, key_at(c->first + i), &v) != WEIR_EINVAL
                                      : k->put(m, key_at(c->first + i), c->turn, WEIR_FOREVER) == 0,
                          "put or take");
    v = c->turn + 1;
    rc = k->swap(m, key_at(c->first), &v, WEIR_FOREVER);
    weir_stress_check(c->turn ? rc == WEIR_EEXIST && v == c->turn : rc == 0, "swap: %d", rc);
    if (c->random & 2) own_map(c);
    if (c->random & 4) leave_garbage(c->s);
    weir_store_release(&c->ended, 1, 0);
    return NULL;
}

static bool has_ended(void *arg) {
    return weir_load_acquire(&((struct child *)arg)->ended, 0) != 0;
}

static void churn_thread(void *state, struct weir_stress_worker *w) {
    struct churn *s = state;
    struct child c = { .s = s, .first = (uint64_t)weir_stress_index(w) * (KEYS + 1) };
    weir_stress_role(w, "parent");
    while (weir_stress_more(w)) {
        weir_init_atomic(&c.ended, 0);
        c.random = (unsigned)weir_stress_random(w, 1u << 20);
        if (pthread_create(&c.thread, NULL, live, &c) != 0) {
            (void)sched_yield();
            continue;
        }
        weir_stress_waits(w, has_ended, &c, WEIR_FOREVER, "the thread that it made has ended");
        (void)pthread_join(c.thread, NULL);
        weir_stress_waited(w);
        c.turn++;
        (void)weir_fetch_add_relaxed(&s->children, 1);
    }
}

static int setup(void *state, struct weir_stress *run) {
    struct churn *s = state;
    rcu_begins();
    s->kind = map_kind_of(run);
    s->threads = weir_stress_threads(run);
    blocks_init(&s->blocks);
    struct map_shape shape = { .alloc = &s->blocks.as };
    return s->kind->make(&s->map, &shape);
}

static void finish(void *state) {
    struct churn *s = state;
    size_t most = 2 * (size_t)s->threads + 3, records = weir__thread_records();
    weir_stress_check(s->kind->free(s->map) == 0, "the map cannot be freed");
    blocks_check(&s->blocks);
    weir_stress_check(weir_rcu_barrier() == 0, "barrier");
    uint64_t retired = weir_load_relaxed(&s->retired), done = weir_load_relaxed(&s->called);
    weir_stress_check(retired == done, "%llu objects of threads that have ended, %llu were called",
                      (unsigned long long)retired, (unsigned long long)done);
    weir_stress_check(records <= (most + 31) / 32 * 32,
                      "%zu records of threads, though at most %zu were alive", records, most);
    weir_stress_count_of("threads", weir_load_relaxed(&s->children));
    weir_stress_count_of("garbage", done);
    rcu_ends();
}

const struct map_body map_thread_bodies[] = {
    { .as = { .name = "churn",
              .about = "short threads with guards and calls of maps",
              .state_size = sizeof(struct churn),
              .setup = setup,
              .thread = churn_thread,
              .finish = finish } },
    { .as = { 0 } },
};
