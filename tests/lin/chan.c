/* SPDX-License-Identifier: MIT */
/* tests/lin/chan.c - two channels are linearizable, each on its own, under sends, receives, tries, selects over
 * both, timeouts, cancels and closes of 2 to 4 threads; and the same rounds catch calls that are not.
 *
 * lin_chan [--seconds=S] [--seed=N] [--only=PATTERN]: S seconds for each pair of kinds, 0.6 unless told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "chan_rounds.h"

#include <stdlib.h>
#include <string.h>

static double seconds = 0.6;
static uint64_t seed = 1;

enum { SHAPES = 4 };
static const uint32_t caps[SHAPES][CHANS] = { { 0, 0 }, { 1, 0 }, { 1, 2 }, { 3, 1 } };

static struct pair pair_of(const unsigned *kinds, size_t shape, unsigned threads) {
    struct pair p = { .kinds = kinds,
                      .cap = { caps[shape][0], caps[shape][1] },
                      .threads = threads,
                      .pinned = (shape + threads) % 2,
                      .rng = { seed * 1000 + shape * 10 + threads } };
    return p;
}

/* Each shape with each number of threads, for its share of the time. */
static void linearizable(unsigned a, unsigned b) {
    const unsigned kinds[CHANS] = { a, b };
    unsigned long rounds = 0, operations = 0, selects = 0;
    for (size_t shape = 0; shape < SHAPES; shape++) {
        if (a == WEIR_CHAN_SPSC && caps[shape][0] == 0) continue; /* strict */
        /* Threads without a role would wait for each other, more than the checker counts. */
        if (a == WEIR_CHAN_SPSC && b != a && caps[shape][1] == 0) continue;
        for (unsigned threads = 2; threads <= THREADS; threads++) {
            struct pair p = pair_of(kinds, shape, threads);
            assert_int_equal(chan_rounds(&p, seconds / (double)(SHAPES * (THREADS - 1))),
                             WEIR_LIN_OK);
            rounds += p.rounds;
            operations += p.operations;
            selects += p.selects;
        }
    }
    print_message("seed %llu: %lu rounds, %lu operations, %lu of them selects: all linearizable\n",
                  (unsigned long long)seed, rounds, operations, selects);
}

static void strict(void **s) {
    (void)s;
    linearizable(WEIR_CHAN_STRICT, WEIR_CHAN_STRICT);
}
static void mpmc(void **s) {
    (void)s;
    linearizable(WEIR_CHAN_MPMC, WEIR_CHAN_MPMC);
}
static void mutex(void **s) {
    (void)s;
    linearizable(WEIR_CHAN_MUTEX, WEIR_CHAN_MUTEX);
}
static void spsc(void **s) {
    (void)s;
    linearizable(WEIR_CHAN_SPSC, WEIR_CHAN_SPSC);
}
static void spsc_and_mpmc(void **s) {
    (void)s;
    linearizable(WEIR_CHAN_SPSC, WEIR_CHAN_MPMC);
}
static void one_of_each(void **s) {
    (void)s;
    linearizable(WEIR_CHAN_STRICT, WEIR_CHAN_MPMC);
}

/* Whether the rounds find the fault, over all shapes, within 20 s. */
static void caught(enum chan_fault fault) {
    static const unsigned kinds[CHANS] = { WEIR_CHAN_STRICT, WEIR_CHAN_STRICT };
    unsigned long rounds = 0;
    for (unsigned i = 0; i < 200; i++) {
        struct pair p = pair_of(kinds, i % SHAPES, 2 + i % (THREADS - 1));
        p.rng.s += i * 1000000;
        p.fault = fault;
        enum weir_lin_verdict v = chan_rounds(&p, 0.1);
        rounds += p.rounds;
        if (v == WEIR_LIN_OK) continue;
        assert_int_equal(v, WEIR_LIN_VIOLATION);
        print_message("caught after %lu rounds\n", rounds);
        return;
    }
    fail_msg("not caught in %lu rounds", rounds);
}

static void takes_two(void **s) {
    (void)s;
    caught(TAKES_TWO);
}
static void loses_late(void **s) {
    (void)s;
    caught(LOSES_LATE);
}
static void sent_to_closed(void **s) {
    (void)s;
    caught(SENT_TO_CLOSED);
}
static void full_early(void **s) {
    (void)s;
    caught(FULL_EARLY);
}

#define TEST(text, fn) { text, fn, NULL, NULL, NULL }

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--seconds=", 10) == 0) {
            seconds = strtod(argv[i] + 10, NULL);
        } else if (strncmp(argv[i], "--seed=", 7) == 0) {
            seed = strtoull(argv[i] + 7, NULL, 10);
        } else if (strncmp(argv[i], "--only=", 7) == 0) {
            cmocka_set_test_filter(argv[i] + 7);
        } else {
            (void)fprintf(stderr,
                          "lin_chan: unknown argument %s; --seconds=S --seed=N --only=PATTERN\n",
                          argv[i]);
            return 2;
        }
    }
    const struct CMUnitTest tests[] = {
        TEST("C S two strict channels are linearizable", strict),
        TEST("C S two mpmc channels are linearizable", mpmc),
        TEST("C S two mutex channels are linearizable", mutex),
        TEST("C S two spsc channels are linearizable", spsc),
        TEST("C S an spsc and an mpmc channel are linearizable", spsc_and_mpmc),
        TEST("C S a strict and an mpmc channel are linearizable", one_of_each),
        TEST("harness: a select that takes two is caught", takes_two),
        TEST("harness: a late receive that has taken one is caught", loses_late),
        TEST("harness: a send to a closed channel is caught", sent_to_closed),
        TEST("harness: full said too early is caught", full_early),
    };
    return cmocka_run_group_tests_name("chan", tests, NULL, NULL);
}
