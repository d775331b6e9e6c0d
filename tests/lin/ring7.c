/* SPDX-License-Identifier: MIT */
/* tests/lin/ring7.c - RING7: the rings are linearizable, with their full and empty results, in many small
 * concurrent rounds with delays at their points; and the same rounds catch rings that are not.
 *
 * ring7 [--seconds=S] [--seed=N] [--only=PATTERN] [--strict]: S seconds for each of the four kinds of
 * ring, 2.5 unless told. Half of the rings are stamped with barriers, half with widened intervals
 * (lin.h). In the second half weir_spsc is held to the relaxation "by side" of lin/specs.h, since its
 * sides have no barrier of their own; --strict holds it to the full specification. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "rounds.h"

#include <stdlib.h>
#include <string.h>

static double seconds = 2.5;
static uint64_t seed = 1;
static bool strict;

static void print_result(const struct target *t, const struct rounds_opts *o,
                         const struct rounds_result *r) {
    print_message("%s cap %u, %u threads: %lu histories on %lu rings (overlaps in %lu of %lu), %lu "
                  "operations (%lu busy), %.2f s\n",
                  t->name, o->cap, o->threads, r->rounds, r->objects, r->overlapping, r->exact,
                  r->operations, r->busy, r->seconds);
}

/* Capacities 1 to 4, with each number of threads, each for its share of the time. */
static void linearizable(const struct target *t) {
    unsigned most = t->one_each ? 2 : ROUND_THREADS;
    double share = seconds / (4 * (most - 1));
    unsigned long rounds = 0, overlapping = 0;
    print_message("seed %llu; clock: %s\n", (unsigned long long)seed, weir_lin_clock());
    for (uint32_t cap = 1; cap <= 4; cap++) {
        for (unsigned threads = 2; threads <= most; threads++) {
            struct rounds_opts o = { .seed = seed * 100 + cap * 10 + threads, .cap = cap,
                                     .threads = threads, .seconds = share, .least = 20,
                                     .strict = strict };
            struct rounds_result r = run_rounds(t, &o);
            print_result(t, &o, &r);
            assert_int_equal(r.verdict, WEIR_LIN_OK);
            rounds += r.rounds;
            overlapping += r.overlapping;
        }
    }
    assert_true(overlapping > 0); /* or the rounds show nothing */
    print_message("%s: %lu histories, all linearizable\n", t->name, rounds);
}

static void mpmc(void **s) { (void)s; linearizable(&target_mpmc); }
static void mpmc_fence(void **s) { (void)s; linearizable(&target_mpmc_fence); }
static void mutex_ring(void **s) { (void)s; linearizable(&target_mutex); }
static void spsc(void **s) { (void)s; linearizable(&target_spsc); }

/* ---- the harness itself -------------------------------------------------------------------------------- */

/* Rings that are right and rings that are wrong, made for this: see broken.c. */
static void sound_ring_passes(void **s) {
    (void)s;
    broken_fault = FAULT_NONE;
    struct rounds_opts o = { .seed = seed, .cap = 2, .threads = 3, .seconds = seconds / 4,
                             .least = 20 };
    struct rounds_result r = run_rounds(&target_broken, &o);
    print_result(&target_broken, &o, &r);
    assert_int_equal(r.verdict, WEIR_LIN_OK);
}

/* Whether the rounds find the fault, over a few shapes, within 20 s. */
static void caught(enum fault fault) {
    double spent = 0;
    unsigned long rounds = 0;
    broken_fault = fault;
    for (unsigned i = 0; spent < 20; i++) {
        struct rounds_opts o = { .seed = seed + i, .cap = 1 + (i + 1) % 4, .threads = 2 + (i + 1) % 3,
                                 .seconds = 0.1, .least = 20, .quiet = true };
        struct rounds_result r = run_rounds(&target_broken, &o);
        spent += r.seconds;
        rounds += r.rounds;
        if (r.verdict == WEIR_LIN_OK) continue;
        assert_int_equal(r.verdict, WEIR_LIN_VIOLATION);
        print_message("%s: caught after %lu histories, %.3f s: %s\n", fault_names[fault], rounds,
                      spent, r.culprit);
        return;
    }
    fail_msg("%s: not caught in %lu histories", fault_names[fault], rounds);
}

static void empty_in_flight(void **s) { (void)s; caught(FAULT_EMPTY_IN_FLIGHT); }
static void full_in_flight(void **s) { (void)s; caught(FAULT_FULL_IN_FLIGHT); }
static void full_stale(void **s) { (void)s; caught(FAULT_FULL_STALE); }
static void torn_claim(void **s) { (void)s; caught(FAULT_TORN_CLAIM); }
static void batch_in_pieces(void **s) { (void)s; caught(FAULT_BATCH_IN_PIECES); }
static void close_late(void **s) { (void)s; caught(FAULT_CLOSE_LATE); }
static void busy_alone(void **s) { (void)s; caught(FAULT_BUSY_ALONE); }

#define TEST(text, fn) { text, fn, NULL, NULL, NULL }

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--seconds=", 10) == 0) {
            seconds = strtod(argv[i] + 10, NULL);
        } else if (strncmp(argv[i], "--seed=", 7) == 0) {
            seed = strtoull(argv[i] + 7, NULL, 10);
        } else if (strncmp(argv[i], "--only=", 7) == 0) {
            cmocka_set_test_filter(argv[i] + 7);
        } else if (strcmp(argv[i], "--strict") == 0) {
            strict = true;
        } else {
            (void)fprintf(stderr, "ring7: unknown argument %s; --seconds=S --seed=N --only=PATTERN "
                          "--strict\n", argv[i]);
            return 2;
        }
    }
    const struct CMUnitTest tests[] = {
        TEST("RING7 weir_mpmc is linearizable, full and empty included", mpmc),
        TEST("RING7 weir_mpmc without membarrier is linearizable", mpmc_fence),
        TEST("RING7 weir_mutex_ring is linearizable, full and empty included", mutex_ring),
        TEST("RING7 weir_spsc is linearizable, full and empty included", spsc),
        TEST("RING7 harness: a sound ring passes", sound_ring_passes),
        TEST("RING7 harness: empty said of a push in flight is caught", empty_in_flight),
        TEST("RING7 harness: full said of a pop in flight is caught", full_in_flight),
        TEST("RING7 harness: full said one too early is caught", full_stale),
        TEST("RING7 harness: an element popped twice is caught", torn_claim),
        TEST("RING7 harness: a batch in pieces is caught", batch_in_pieces),
        TEST("RING7 harness: a push after close is caught", close_late),
        TEST("RING7 harness: busy with nothing in flight is caught", busy_alone),
    };
    return cmocka_run_group_tests_name("RING7", tests, NULL, NULL);
}
