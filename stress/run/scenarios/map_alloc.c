/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/map_alloc.c - maps without memory.
 *
 * alloc    each worker has maps of its own, in which each request for memory is refused in turn: what was refused has
 *          changed nothing, and all memory comes back
 * scarce   one map of all; its allocator refuses now all, now what is large (tables), now one of a few, now
 *          nothing, while keys come and go: moves begin late, stop in the middle, and chains stay long */
#include "map_blocks.h"
#include "map_body.h"
#include "map_call.h"

#include <weir/rcu.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- one after the other -------------------------------------------------------------------------------- */

#define OWN 90
#define CROWD 24
#define STEPS 500
#define MOST_REQUESTS 90

struct alone {
    const struct map_kind *kind;
    void *map;
    uint64_t seed, there[OWN], refusals, requests; /* there: 0, or the value */
};

static void one_step(struct alone *a, uint64_t step) {
    uint64_t i = step * 7 % OWN, key = map_key_of(i, CROWD, a->seed), new = step + 1;
    uint64_t v = new, was = a->there[i];
    bool puts = step / (OWN / 2) % 3 < 2;
    int rc, should;
    if (!puts) {
        rc = a->kind->take(a->map, key, &v);
        should = was ? 0 : WEIR_ENOENT;
        new = 0;
    } else if (step % 3 == 0) {
        rc = a->kind->put(a->map, key, v, WEIR_FOREVER);
        should = 0;
        v = was;
    } else {
        rc = step % 3 == 1 ? a->kind->swap(a->map, key, &v, WEIR_FOREVER)
                           : a->kind->get_or_put(a->map, key, &v, WEIR_FOREVER);
        should = was ? WEIR_EEXIST : 0;
        if (was && step % 3 == 2) new = was;
    }
    if (rc == WEIR_ENOMEM && puts && !was) {
        a->refusals++;
        return;
    }
    weir_stress_check(rc == should, "step %llu: %d instead of %d", (unsigned long long)step, rc,
                      should);
    if (was)
        weir_stress_check(v == was, "step %llu: what was there is lost", (unsigned long long)step);
    a->there[i] = new;
}

static int count(uint64_t key, uint64_t val, void *arg) {
    (void)key;
    (void)val;
    ++*(size_t *)arg;
    return 0;
}

static void look_at_all(const struct alone *a) {
    size_t n = 0, walked = 0;
    for (uint64_t i = 0; i < OWN; i++) {
        uint64_t v = 0;
        int rc = a->kind->get(a->map, map_key_of(i, CROWD, a->seed), &v);
        weir_stress_check(a->there[i] ? rc == 0 && v == a->there[i] : rc == WEIR_ENOENT,
                          "key %llu: %d, %llu instead of %llu", (unsigned long long)i, rc,
                          (unsigned long long)v, (unsigned long long)a->there[i]);
        n += a->there[i] != 0;
    }
    int rc = a->kind->each(a->map, count, &walked);
    weir_stress_check(rc == 0 && walked == n && a->kind->len(a->map) == n,
                      "%zu entries, a walk met %zu, the length is %zu", n, walked,
                      a->kind->len(a->map));
}

/* Whether a request was refused. */
static bool refused_once(struct alone *a, struct map_blocks *b, uint64_t nth,
                         struct weir_stress_worker *w) {
    blocks_init(b);
    weir_store_relaxed(&b->nth, nth);
    struct map_shape shape = { .seed = a->seed, .alloc = &b->as };
    int rc = a->kind->make(&a->map, &shape);
    memset(a->there, 0, sizeof a->there);
    if (rc == 0) {
        for (uint64_t step = 0; step < STEPS && !weir_stress_failed(); step++) one_step(a, step);
        look_at_all(a);
        may_sleep(w);
        weir_stress_check(a->kind->free(a->map) == 0, "the map cannot be freed");
        slept(w);
    } else {
        weir_stress_check(rc == WEIR_ENOMEM && !a->map, "new without memory returned %d", rc);
    }
    blocks_check(b);
    a->requests++;
    return weir_load_relaxed(&b->refused) > 0;
}

struct alloc {
    const struct map_kind *kind;
    weir_au64 refusals, maps;
};

static void alloc_thread(void *state, struct weir_stress_worker *w) {
    struct alloc *s = state;
    struct alone a = { .kind = s->kind };
    struct map_blocks *b = malloc(sizeof *b);
    weir_stress_role(w, "maker");
    if (!weir_stress_check(b, "no memory")) return;
    while (weir_stress_more(w)) {
        a.seed = 1 + weir_stress_random(w, 1u << 30);
        uint64_t nth = 1;
        bool more = true; /* asked after the count: the run may end at the first */
        while (more && nth < MOST_REQUESTS && refused_once(&a, b, nth, w)) {
            nth++;
            more = weir_stress_more(w);
        }
        weir_stress_check(nth > 1, "the first request was refused and not noticed");
    }
    (void)weir_fetch_add_relaxed(&s->refusals, a.refusals);
    (void)weir_fetch_add_relaxed(&s->maps, a.requests);
    free(b);
}

static int alloc_setup(void *state, struct weir_stress *run) {
    struct alloc *s = state;
    rcu_begins();
    s->kind = map_kind_of(run);
    return weir_rcu_register(); /* weir's thread, which needs memory of its own, is there */
}

static void alloc_finish(void *state) {
    struct alloc *s = state;
    weir_stress_count_of("maps", weir_load_relaxed(&s->maps));
    weir_stress_count_of("refused", weir_load_relaxed(&s->refusals));
    rcu_ends();
}

/* ---- all at once ---------------------------------------------------------------------------------------- */

struct scarce {
    struct map_of_all all;
    struct map_caller caller[MAP_WORKERS];
    uint64_t *met[MAP_WORKERS];
    struct map_blocks blocks;
};

static void supply(struct scarce *s, struct weir_stress_worker *w) {
    struct map_blocks *b = &s->blocks;
    while (weir_stress_more(w)) {
        uint64_t r = weir_stress_random(w, 8);
        weir_store_relaxed(&b->above, r == 0 ? 1 : r < 4 ? UINT64_C(64) << r : 0);
        weir_store_relaxed(&b->one_of, r >= 4 && r < 6 ? 2 + weir_stress_random(w, 6) : 0);
        long us = (long)weir_stress_random(w, 3000);
        (void)nanosleep(&(struct timespec){ .tv_nsec = us * 1000 }, NULL);
    }
    weir_store_relaxed(&b->above, 0);
    weir_store_relaxed(&b->one_of, 0);
}

static void scarce_thread(void *state, struct weir_stress_worker *w) {
    struct scarce *s = state;
    struct map_caller *c = &s->caller[weir_stress_index(w)];
    uint64_t at = 0;
    weir_stress_role(w, c->me == 0 ? "supplier" : "caller");
    c->w = w;
    if (c->me == 0) {
        supply(s, w);
        return;
    }
    while (weir_stress_more(w)) {
        uint64_t r = weir_stress_random(w, 100), i = s->all.own * c->me + at++ % s->all.own;
        if (r < 25)
            (void)call_map(c, any_verb(c, 30), weir_stress_random(w, s->all.shared));
        else if (r < 98)
            (void)call_map(c,
                           at / s->all.own % 2 ? DO_TAKE
                           : r % 2             ? DO_SWAP
                                               : DO_PUT,
                           s->all.shared + i);
        else
            call_walk(c, s->met[c->me], r == 98);
    }
}

static int scarce_setup(void *state, struct weir_stress *run) {
    struct scarce *s = state;
    unsigned n = weir_stress_threads(run);
    rcu_begins();
    s->all = (struct map_of_all){ .kind = map_kind_of(run),
                                  .shared = 12,
                                  .own = 100,
                                  .crowd = 12,
                                  .seed = 1 + weir_stress_seed(run) % 1000003,
                                  .workers = n };
    blocks_init(&s->blocks);
    s->all.made = calloc((size_t)n * MADE_STRIDE, sizeof *s->all.made);
    if (!s->all.made) return WEIR_ENOMEM;
    for (unsigned i = 0; i < n; i++) {
        s->met[i] = calloc(met_words(&s->all), sizeof *s->met[i]);
        if (!s->met[i] || caller_init(&s->caller[i], &s->all, i) < 0) return WEIR_ENOMEM;
        s->caller[i].exact = s->caller[i].poor = true;
    }
    struct map_shape shape = { .seed = s->all.seed, .alloc = &s->blocks.as };
    return s->all.kind->make(&s->all.map, &shape);
}

static void scarce_finish(void *state) {
    struct scarce *s = state;
    uint64_t refused = 0;
    s->caller[0].w = NULL; /* who has gone lends its eyes */
    map_at_rest(&s->all, s->caller, &s->caller[0], s->met[0], true);
    for (unsigned i = 0; i < s->all.workers; i++) refused += s->caller[i].refused;
    weir_stress_count_of("refused", refused);
    weir_stress_count_of("resizes", s->all.kind->resizes(s->all.map));
    weir_stress_check(s->all.kind->free(s->all.map) == 0, "the map cannot be freed");
    blocks_check(&s->blocks);
    for (unsigned i = 0; i < s->all.workers; i++) {
        caller_fini(&s->caller[i]);
        free(s->met[i]);
    }
    free(s->all.made);
    rcu_ends();
}

const struct map_body map_alloc_bodies[] = {
    { .as = { .name = "alloc",
              .about = "each request for memory refused in turn",
              .state_size = sizeof(struct alloc),
              .setup = alloc_setup,
              .thread = alloc_thread,
              .finish = alloc_finish } },
    { .as = { .name = "scarce",
              .about = "memory comes and goes while keys do",
              .flags = TABLES,
              .state_size = sizeof(struct scarce),
              .min_threads = 2,
              .max_threads = MAP_WORKERS,
              .setup = scarce_setup,
              .thread = scarce_thread,
              .finish = scarce_finish } },
    { .as = { 0 } },
};
