/* SPDX-License-Identifier: MIT */
/* tests/lib/lot.c - the parking lot: order, counts, keys that share a bucket, leaving against waking. */
#include "lib/park.h"

#include "../support/check.h"
#include "../support/points.h"
#include "../support/threads.h"

#include <string.h>

#define UNIT_A UINT64_C(1)
#define UNIT_B (UINT64_C(1) << 31)

/* Waiters that only note who was woken, and in which order. */
#define MANY 40
static struct weir__waiter waiters[MANY];
static size_t woken[MANY], n_woken;

static void note(void *arg) { woken[n_woken++] = (size_t)((struct weir__waiter *)arg - waiters); }

static void enter(size_t i, uint64_t key, weir_au64 *count, uint64_t unit) {
    waiters[i] = (struct weir__waiter){
        .key = key, .count = count, .unit = unit, .wake = note, .wake_arg = &waiters[i]
    };
    weir__lot_enter(&waiters[i]);
}

static bool woken_are(size_t from, size_t to) {
    for (size_t i = 0; i < to - from; i++)
        if (!CHECK(woken[i] == from + i, "the %zuth woken is %zu", i, woken[i])) return false;
    return CHECK(n_woken == to - from, "%zu were woken", n_woken);
}

static void order(void) {
    weir_au64 count = { 0 };
    for (size_t i = 0; i < MANY; i++) {
        enter(i, 77, &count, UNIT_A);
        CHECK_IS(weir_load_relaxed(&count), i + 1);
    }
    size_t first = 0;
    static const size_t parts[] = { 1, 2, 0, 20, 5 }; /* more than are woken under one lock, too */
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
        n_woken = 0;
        CHECK_IS(weir__lot_wake(77, &count, UNIT_A, parts[p]), parts[p]);
        woken_are(first, first + parts[p]); /* first come, first woken */
        first += parts[p];
        CHECK_IS(weir_load_relaxed(&count), MANY - first);
    }
    n_woken = 0;
    CHECK_IS(weir__lot_wake(77, &count, UNIT_A, SIZE_MAX), MANY - first);
    woken_are(first, MANY);
    CHECK_IS(weir_load_relaxed(&count), 0);
    CHECK_IS(weir__lot_wake(77, &count, UNIT_A, SIZE_MAX), 0);
    for (size_t i = 0; i < MANY; i++) CHECK_IS(weir_load_relaxed(&waiters[i].woken), 1);
}

static void leave(void) {
    weir_au64 count = { 0 };
    for (size_t i = 0; i < 5; i++) enter(i, 5, &count, UNIT_A);
    CHECK(weir__lot_leave(&waiters[2]),
          "it was not woken"); /* from the middle, the end, the start */
    CHECK(weir__lot_leave(&waiters[4]), "it was not woken");
    CHECK(weir__lot_leave(&waiters[0]), "it was not woken");
    CHECK_IS(weir_load_relaxed(&count), 2);
    n_woken = 0;
    CHECK_IS(weir__lot_wake(5, &count, UNIT_A, 9), 2);
    CHECK(woken[0] == 1 && woken[1] == 3, "%zu and %zu", woken[0], woken[1]);
    CHECK(!weir__lot_leave(&waiters[1]), "it was woken before");
    CHECK(!weir__lot_leave(&waiters[3]), "it was woken before");
    CHECK_IS(weir_load_relaxed(&count), 0);
    enter(0, 5, &count, UNIT_A); /* the list is whole again */
    n_woken = 0;
    CHECK_IS(weir__lot_wake(5, &count, UNIT_A, 9), 1);
    CHECK_IS(woken[0], 0);
}

/* Keys that fall into one bucket, whatever the number of buckets below 2^20, and two sides of a key. */
static void keys(void) {
    weir_au64 counts[4] = { { 0 }, { 0 }, { 0 }, { 0 } };
    for (size_t i = 0; i < MANY; i++) {
        size_t k = i % 4;
        enter(i, (uint64_t)k << 20, &counts[k], i % 8 < 4 ? UNIT_A : UNIT_B);
    }
    for (size_t k = 0; k < 4; k++) CHECK_IS(weir_load_relaxed(&counts[k]), 5 * UNIT_A + 5 * UNIT_B);
    for (size_t k = 0; k < 4; k++) {
        n_woken = 0;
        CHECK_IS(weir__lot_wake((uint64_t)k << 20, &counts[k], UNIT_B, SIZE_MAX), 5);
        for (size_t i = 0; i < n_woken; i++) CHECK_IS(woken[i], 8 * i + 4 + k);
        CHECK_IS(weir_load_relaxed(&counts[k]), 5 * UNIT_A);
    }
    for (size_t k = 0; k < 4; k++) {
        n_woken = 0;
        CHECK_IS(weir__lot_wake((uint64_t)k << 20, &counts[k], UNIT_A, 3), 3);
        CHECK_IS(weir__lot_wake((uint64_t)k << 20, &counts[k], UNIT_A, 3), 2);
        for (size_t i = 0; i < n_woken; i++) CHECK_IS(woken[i], 8 * i + k);
        CHECK_IS(weir_load_relaxed(&counts[k]), 0);
    }
}

/* ---- threads ----------------------------------------------------------------------------------------------- */

/* Sleepers enter, park with a short deadline or none, and leave; wakers wake a random number. Each
 * sleeper is woken or late, never both; the sum of what the wakers took is what the sleepers say. */
struct storm {
    weir_au64 count[2], served, taken;
    size_t rounds;
    weir_au32 sleeping;
};

#define SLEEPERS 4

static void wake_parker(void *arg) { weir__unpark(arg); }

static void sleeper(struct storm *s, size_t i) {
    struct weir__parker p;
    weir__parker_init(&p);
    for (size_t k = 0; k < s->rounds && checks_hold(); k++) {
        struct weir__waiter w = { .key = i % 2, /* one bucket or two */
                                  .count = &s->count[i % 2],
                                  .unit = UNIT_A,
                                  .wake = wake_parker,
                                  .wake_arg = &p };
        weir__lot_enter(&w);
        weir_time d = rng_below(3) ? weir_after((int64_t)rng_below(40000)) : WEIR_FOREVER;
        bool left = rng_below(8) == 0 && weir__lot_leave(&w);
        if (!left && weir__lot_park(&w, &p, d) == 0) (void)weir_fetch_add_relaxed(&s->served, 1);
    }
    (void)weir_fetch_sub_relaxed(&s->sleeping, 1);
    /* A token that was left late must find the parker: it lives as long as the wakers do. */
    unsigned failures = 0;
    while (weir_load_acquire(&s->sleeping, 0) != 0) give_way(&failures);
}

static void waker(struct storm *s) {
    unsigned failures = 0;
    while (weir_load_relaxed(&s->sleeping)) {
        uint64_t key = rng_below(2);
        size_t n = weir__lot_wake(key, &s->count[key], UNIT_A, 1 + (size_t)rng_below(3));
        (void)weir_fetch_add_relaxed(&s->taken, n);
        if (n == 0) give_way(&failures);
    }
}

static void storm_member(void *arg, size_t i) {
    if (i < SLEEPERS)
        sleeper(arg, i);
    else
        waker(arg);
}

static void threads(void) {
    for (int delay = 0; delay < 2; delay++) {
        static struct storm s; /* outlives late wakers' looks at it */
        s = (struct storm){ .rounds = times(delay ? 500 : 5000), .sleeping = { SLEEPERS } };
        points_delay(delay);
        team_run(SLEEPERS + 2, storm_member, &s);
        points_delay(false);
        CHECK_IS(weir_load_relaxed(&s.served), weir_load_relaxed(&s.taken));
        CHECK_IS(weir_load_relaxed(&s.count[0]), 0);
        CHECK_IS(weir_load_relaxed(&s.count[1]), 0);
        CHECK(weir_load_relaxed(&s.served) > 0, "nobody was woken");
    }
}

static const struct test tests[] = {
    { "lot: first come, first woken; wake n", order },
    { "lot: leaving", leave },
    { "lot: keys of one bucket, sides of one key", keys },
    { "lot: leaving, deadlines and wakers at once", threads },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "lib_lot", tests, sizeof tests / sizeof *tests);
}
