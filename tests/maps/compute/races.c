/* SPDX-License-Identifier: MIT */
/* tests/maps/compute/races.c - many threads that compute at once. */
#include "../../support/child.h"
#include "../../support/points.h"
#include "compute.h"

/* ---- once --------------------------------------------------------------------------------------------------- */

#define KEYS 500

struct race {
    void *m;
    uint64_t keys;
    weir_au32 calls[KEYS], made[KEYS];
};

static int give_call(uint64_t key, uint64_t *val, void *race) {
    struct race *r = race;
    random_delay();
    *val = key << 8 | (weir_fetch_add_relaxed(&r->calls[key], 1) + 1);
    return 0;
}

static void compute_all(void *race, size_t i) {
    struct race *r = race;
    rng_seed(i);
    for (uint64_t n = 0; n < r->keys && checks_hold(); n++) {
        uint64_t k = i % 2 ? r->keys - 1 - n : n, v = 0;
        int rc = compute(r->m, k, give_call, r, &v);
        CHECK(rc == 0 || rc == WEIR_EEXIST, "%d", rc);
        CHECK_IS(v, k << 8 | 1);
        if (rc == 0) (void)weir_fetch_add_relaxed(&r->made[k], 1);
    }
}

static void race(void *m, size_t threads, uint64_t keys) {
    static struct race r;
    for (uint64_t k = 0; k < keys; k++) {
        weir_store_relaxed(&r.calls[k], 0);
        weir_store_relaxed(&r.made[k], 0);
    }
    r.m = m;
    r.keys = keys;
    team_run(threads, compute_all, &r);
    for (uint64_t k = 0; k < keys; k++) {
        CHECK_IS(weir_load_relaxed(&r.calls[k]), 1);
        CHECK_IS(weir_load_relaxed(&r.made[k]), 1);
    }
    CHECK_IS(K->clear(m), 0);
}

static void once_by_many_in(void *m) {
    for (size_t i = 0; i < times(300) && checks_hold(); i++) race(m, 4, 1);
}
void once_by_many(void) { each_kind(once_by_many_in); }

static void many_keys_in(void *m) {
    for (size_t i = 0; i < times(6) && checks_hold(); i++) race(m, 4, KEYS);
}
void many_keys(void) { each_kind(many_keys_in); }

/* ---- all at once -------------------------------------------------------------------------------------------- */

#define FEW 3

struct mix {
    void *m;
    size_t rounds;
    weir_au32 running[FEW];
    weir_au64 given, made; /* values by functions; calls that have stored one */
    uint64_t plain[FEW];   /* of the one that runs */
};
struct mixed {
    struct mix *mix;
    bool fail, called;
};

static int give_mixed(uint64_t key, uint64_t *val, void *mixed) {
    struct mixed *x = mixed;
    struct mix *mix = x->mix;
    CHECK_IS(weir_exchange_acq_rel(&mix->running[key], 1, 0), 0);
    x->called = true;
    mix->plain[key]++;
    random_delay();
    *val = (weir_fetch_add_relaxed(&mix->given, 1) + 1) << 8 | key;
    (void)weir_exchange_acq_rel(&mix->running[key], 0, 0);
    return x->fail ? FAILED : 0;
}

static void compute_mixed(struct mix *mix, uint64_t key) {
    struct mixed x = { mix, rng_below(4) == 0, false };
    uint64_t v = 77, how = rng_below(4);
    weir_time until = how == 0   ? WEIR_NOW
                      : how == 1 ? weir_after((int64_t)rng_below(100000))
                                 : WEIR_FOREVER;
    int rc = K->compute(mix->m, key, give_mixed, &x, &v, until, NULL);
    if (rc == 0) (void)weir_fetch_add_relaxed(&mix->made, 1);
    if (rc == 0 || rc == WEIR_EEXIST) {
        CHECK_IS(v & 255, key);
        CHECK(v >> 8 <= weir_load_relaxed(&mix->given), "a value that nobody gave");
    } else {
        CHECK_IS(v, 77);
    }
    CHECK(rc == 0        ? x.called && !x.fail
          : rc == FAILED ? x.called && x.fail
                         : !x.called || rc == WEIR_EEXIST,
          "%d", rc);
    CHECK(rc == 0 || rc == WEIR_EEXIST || rc == FAILED || (rc == WEIR_EBUSY && how == 0) ||
              (rc == WEIR_ETIMEDOUT && how == 1),
          "%d", rc);
}

static void mixed_thread(void *arg, size_t i) {
    struct mix *mix = arg;
    rng_seed(i);
    for (size_t n = 0; n < mix->rounds && checks_hold(); n++) {
        uint64_t key = rng_below(FEW), v;
        switch (rng_below(8)) {
            case 0:
            case 1:
            case 2: (void)K->del(mix->m, key); break;
            case 3: CHECK_IS(K->put(mix->m, key, key), 0); break;
            case 4:
                if (K->get(mix->m, key, &v) == 0) CHECK_IS(v & 255, key);
                break;
            default: compute_mixed(mix, key); break;
        }
    }
}

static void mix(void *m, size_t threads, size_t rounds) {
    struct mix x = { .m = m, .rounds = rounds };
    team_run(threads, mixed_thread, &x);
    CHECK(weir_load_relaxed(&x.made) <= weir_load_relaxed(&x.given), "more than were given");
    for (uint64_t k = 0; k < FEW; k++) { /* nobody is left behind */
        struct mixed y = { &x, false, false };
        uint64_t v;
        int rc = K->compute(m, k, give_mixed, &y, &v, WEIR_NOW, NULL);
        CHECK(rc == 0 || rc == WEIR_EEXIST, "%d", rc);
    }
    CHECK_IS(K->clear(m), 0);
}

static void at_random_in(void *m) {
    mix(m, 4, times(4000));
    points_delay(true);
    mix(m, 3, times(400));
    points_delay(false);
}
void at_random(void) { each_kind(at_random_in); }

/* ---- more threads than processors ---------------------------------------------------------------------------- */

static void crowd_in(void *m) {
    race(m, 32, 20);
    mix(m, 32, times(150));
}

void one_cpu(void) {
    if (!(child_rights() & CHILD_ONE_CPU))
        child_passes("MAP compute: more threads than processors, and one processor", CHILD_ONE_CPU);
    each_kind(crowd_in);
}
