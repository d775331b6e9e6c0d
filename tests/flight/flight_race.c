/* SPDX-License-Identifier: MIT */
/* tests/flight/flight_race.c - single flight with many threads, that leave, forget and free at any time. */
#include "flight.h"

#define KEYS 3
#define THREADS 6

struct race {
    weir_flight *f;
    weir_au32 running[KEYS];
    uint64_t plain[KEYS]; /* written by the one that runs */
    bool forgets, leaves;
    weir_au32 runs;
};

static int fn(weir_ctx *ctx, const void *key, void *val, void *arg) {
    struct race *r = arg;
    size_t k = (size_t)(*(const uint64_t *)key % KEYS);
    bool alone = weir_fetch_add_relaxed(&r->running[k], 1) == 0;
    if (!r->forgets && !r->leaves) {
        CHECK(alone, "two run for one key");
        r->plain[k]++;
        *(uint64_t *)val = r->plain[k];
    }
    (void)weir_fetch_add_relaxed(&r->runs, 1);
    random_delay();
    (void)weir_fetch_sub_relaxed(&r->running[k], 1);
    if (r->forgets || r->leaves) *(uint64_t *)val = 1;
    return weir_ctx_err(ctx);
}

static void one(struct race *r, uint64_t key) {
    uint64_t val = 0;
    bool leaves = r->leaves && rng_below(2);
    weir_time until = leaves ? weir_after((int64_t)rng_below(40) * 1000) : WEIR_FOREVER;
    int rc = weir_flight_do_wait(r->f, &key, fn, r, &val, NULL, until, NULL);
    if (rc == 0)
        CHECK(val > 0, "no value");
    else
        CHECK_IS(rc, leaves ? WEIR_ETIMEDOUT : 0);
}

static void body(void *arg, size_t index) {
    struct race *r = arg;
    rng_seed(index);
    for (size_t i = 0; i < times(300) && checks_hold(); i++) {
        uint64_t key = rng_below(KEYS);
        uint64_t what = rng_below(8);
        if (what == 0 && r->forgets) {
            int rc = weir_flight_forget(r->f, &key);
            CHECK(rc == 0 || rc == WEIR_ENOENT, "forget: %d", rc);
        } else if (what == 1 && r->leaves) {
            weir_flight_call *c;
            CHECK_IS(weir_flight_start(r->f, &key, fn, r, NULL, &c), 0);
            random_delay();
            weir_flight_call_free(c);
        } else {
            one(r, key);
        }
    }
}

static void race(bool forgets, bool leaves) {
    struct race r = { .f = flight_open(), .forgets = forgets, .leaves = leaves };
    points_delay(true);
    team_run(THREADS, body, &r);
    points_delay(false);
    flight_close(r.f);
    CHECK(weir_load_relaxed(&r.runs) > 0, "nothing ran");
}

static void one_at_a_time(void) { race(false, false); }
static void with_forget(void) { race(true, false); }
static void with_leaving(void) { race(true, true); }

/* Freed as soon as the last call has returned. */
static void freed_at_once(void) {
    points_delay(true);
    for (size_t i = 0; i < times(60) && checks_hold(); i++) {
        struct race r = { .f = flight_open(), .leaves = true };
        weir_flight_call *c[2];
        for (uint64_t k = 0; k < 2; k++) {
            CHECK_IS(weir_flight_start(r.f, &k, fn, &r, NULL, &c[k]), 0);
            if (rng_below(2)) weir_flight_call_free(c[k]), c[k] = NULL;
        }
        flight_close(r.f);
        for (uint64_t k = 0; k < 2; k++) weir_flight_call_free(c[k]);
    }
    points_delay(false);
}

const struct test race_tests[] = {
    { "F01 F03 many threads: one at a time for each key", one_at_a_time },
    { "F04 many threads, some of which forget", with_forget },
    { "F08 many threads, some of which leave", with_leaving },
    { "F05 freed as soon as nothing runs", freed_at_once },
};
const size_t n_race_tests = sizeof race_tests / sizeof *race_tests;
