/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/map_count.c - values that grow.
 *
 * counters   a few counters of one line and some more, to which all add: by the map's own add, by its update, or by a
 *            loop of compare-and-swap, while keys beside them come and go. None of it is lost. An update's function
 *            is alone with its key: it counts in plain memory too; and what it calls on its map is refused */
#include "map_body.h"
#include "map_call.h"

#include <stdlib.h>

#define COUNTERS 12
#define CROWD 6
#define BESIDE 60 /* keys of each worker that come and go */

struct part {
    _Alignas(WEIR_LINE) uint64_t added[COUNTERS];
};

struct count {
    const struct map_kind *kind;
    void *map;
    unsigned threads;
    uint64_t seed, plain[COUNTERS]; /* plain: of updates, under the map's lock */
    weir_au64 updates;
    struct part *part;
};

static uint64_t key_at(const struct count *s, uint64_t i) { return map_key_of(i, CROWD, s->seed); }

struct update {
    struct count *s;
    uint64_t i, delta;
};

static int grow(uint64_t *val, bool there, void *arg) {
    struct update *u = arg;
    uint64_t v = 0;
    u->s->plain[u->i] += u->delta;
    weir_stress_check(there || *val == 0, "there is nothing, and it is %llu",
                      (unsigned long long)*val);
    if (*val % 16 == 0) {
        int rc = u->s->kind->get(u->s->map, key_at(u->s, u->i), &v);
        weir_stress_check(rc == WEIR_EDEADLK, "a get in an update's function returned %d", rc);
    }
    *val += u->delta;
    return WEIR_UPDATE_STORE;
}

static int add_by_cas(const struct count *s, uint64_t key, uint64_t delta) {
    for (;;) {
        uint64_t v = 0, first = delta;
        int rc = s->kind->get(s->map, key, &v);
        if (rc == 0)
            rc = s->kind->cas(s->map, key, v, v + delta);
        else
            rc = s->kind->get_or_put(s->map, key, &first, WEIR_FOREVER);
        if (rc != WEIR_EEXIST && rc != WEIR_ENOENT) return rc;
    }
}

static int add(struct count *s, uint64_t i, uint64_t delta, uint64_t how) {
    uint64_t key = key_at(s, i);
    if (how == 0 && s->kind->add) {
        int rc = s->kind->add(s->map, key, delta);
        return rc == WEIR_EEXIST ? 0 : rc;
    }
    if (how == 1 && s->kind->update) {
        struct update u = { s, i, delta };
        (void)weir_fetch_add_relaxed(&s->updates, delta);
        return s->kind->update(s->map, key, grow, &u);
    }
    return add_by_cas(s, key, delta);
}

static void counters_thread(void *state, struct weir_stress_worker *w) {
    struct count *s = state;
    unsigned me = weir_stress_index(w);
    uint64_t at = 0, v = 0, first = COUNTERS + (uint64_t)me * BESIDE;
    weir_stress_role(w, "counter");
    while (weir_stress_more(w)) {
        uint64_t i = weir_stress_random(w, COUNTERS), delta = 1 + weir_stress_random(w, 5);
        may_sleep(w);
        int rc = add(s, i, delta, weir_stress_random(w, 3));
        weir_stress_check(rc == 0, "adding returned %d", rc);
        s->part[me].added[i] += delta;
        uint64_t key = key_at(s, first + at % BESIDE);
        rc = at / BESIDE % 2 ? s->kind->take(s->map, key, &v)
                             : s->kind->put(s->map, key, at, WEIR_FOREVER);
        weir_stress_check(rc == 0, "a key of a worker's own: %d", rc);
        slept(w);
        at++;
    }
}

static int setup(void *state, struct weir_stress *run) {
    struct count *s = state;
    s->kind = map_kind_of(run);
    s->threads = weir_stress_threads(run);
    s->seed = 1 + weir_stress_seed(run) % 1000003;
    rcu_begins();
    s->part = aligned_alloc(WEIR_LINE, s->threads * sizeof *s->part);
    if (!s->part) return WEIR_ENOMEM;
    for (unsigned i = 0; i < s->threads; i++) s->part[i] = (struct part){ { 0 } };
    struct map_shape shape = { .seed = s->seed };
    return s->kind->make(&s->map, &shape);
}

static void finish(void *state) {
    struct count *s = state;
    uint64_t all = 0, plain = 0;
    for (uint64_t i = 0; i < COUNTERS; i++) {
        uint64_t sum = 0, v = 0;
        for (unsigned k = 0; k < s->threads; k++) sum += s->part[k].added[i];
        int rc = s->kind->get(s->map, key_at(s, i), &v);
        weir_stress_check(sum ? rc == 0 && v == sum : rc == WEIR_ENOENT,
                          "counter %llu: %llu were added, it has %llu", (unsigned long long)i,
                          (unsigned long long)sum, (unsigned long long)v);
        all += sum;
        plain += s->plain[i];
    }
    weir_stress_check(
        plain == weir_load_relaxed(&s->updates), "updates added %llu, their functions counted %llu",
        (unsigned long long)weir_load_relaxed(&s->updates), (unsigned long long)plain);
    weir_stress_count_of("added", all);
    weir_stress_count_of("updates", plain);
    weir_stress_count_of("resizes", s->kind->resizes(s->map));
    weir_stress_check(s->kind->free(s->map) == 0, "the map cannot be freed");
    free(s->part);
    rcu_ends();
}

const struct map_body map_count_bodies[] = {
    { .as = { .name = "counters",
              .about = "all add to a few values, by every means that there is",
              .min_threads = 2,
              .state_size = sizeof(struct count),
              .setup = setup,
              .thread = counters_thread,
              .finish = finish } },
    { .as = { 0 } },
};
