/* SPDX-License-Identifier: MIT */
/* tests/lin/ring7.c - RING7: the rings are linearizable, with their full and empty results, in many
 * small concurrent rounds with delays at their points; and the same rounds catch rings that are
 * not.
 *
 * ring7 [--seconds=S] [--seed=N] [--only=PATTERN]: S seconds for each of the five kinds of ring,
 * 1.6 unless told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cpus.h"
#include "rounds.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static double seconds = 1.6;
static uint64_t seed = 1;

static void print_result(const struct target *t, const struct rounds_opts *o,
                         const struct rounds_result *r) {
    print_message("%s cap %u, %u threads: %lu histories on %lu rings (overlaps in %lu of %lu), %lu "
                  "operations (%lu busy), %.2f s\n",
                  t->name, o->cap, o->threads, r->rounds, r->objects, r->overlapping, r->exact,
                  r->operations, r->busy, r->seconds);
}

/* Capacities 1 to 4, with each number of threads, each for its share of the time. */
static void linearizable(const struct target *t) {
    unsigned most = t->one_each ? 2 : t->unbounded ? 3 : ROUND_THREADS;
    double share = seconds / (4 * (most - 1));
    unsigned long rounds = 0, overlapping = 0;
    print_message("seed %llu; clock: %s\n", (unsigned long long)seed, weir_lin_clock());
    for (uint32_t cap = 1; cap <= 4; cap++) {
        for (unsigned threads = 2; threads <= most; threads++) {
            struct rounds_opts o = { .seed = seed * 100 + cap * 10 + threads,
                                     .cap = cap,
                                     .threads = threads,
                                     .seconds = share,
                                     .least = 20,
                                     .pinned = (cap + threads) % 2 };
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

static void mpmc(void **s) {
    (void)s;
    linearizable(&target_mpmc);
}
static void mpmc_fence(void **s) {
    (void)s;
    linearizable(&target_mpmc_fence);
}
static void scq(void **s) {
    (void)s;
    linearizable(&target_scq);
}
static void mutex_ring(void **s) {
    (void)s;
    linearizable(&target_mutex);
}
static void queue(void **s) {
    (void)s;
    linearizable(&target_queue);
}
static void queue_limit(void **s) {
    (void)s;
    linearizable(&target_queue_limit);
}
static void mpsc(void **s) {
    (void)s;
    linearizable(&target_mpsc);
}
static void mpsc_list(void **s) {
    (void)s;
    linearizable(&target_mpsc_list);
}
static void mutex_queue(void **s) {
    (void)s;
    linearizable(&target_mutex_queue);
}
static void spsc(void **s) {
    (void)s;
    linearizable(&target_spsc);
}

/* ---- full and empty at once ---------------------------------------------------------------------
 *
 * A ring of 2 with x inside; one side pushes y and z, the other pops twice. If z meets a full ring,
 * both pushes came before the pops; if the second pop meets an empty one, both pops came before the
 * pushes. A ring without a StoreLoad barrier says both now and then: each side misses the last
 * store of the other. The rounds above met this once in 100,000 histories, this test once in
 * 100. */
struct both {
    const struct target *t;
    void *ring;
    weir_au64 turn; /* 3i + 1: go; 3i + 2: the pushes are done; 3i + 3: the ring is as before */
    bool full;
    weir_au32 over;
    cpu_set_t allowed;
};

/* Four operations made beforehand: whatever stands between two of them gives the first time to be
 * seen. */
static struct weir_lin_op push_y = { .kind = WEIR_LIN_PUSH, .in = { 2 }, .nin = 1 };
static struct weir_lin_op push_z = { .kind = WEIR_LIN_PUSH, .in = { 3 }, .nin = 1 };
static struct weir_lin_op pop_a = { .kind = WEIR_LIN_POP }, pop_b = { .kind = WEIR_LIN_POP };

static int64_t run_on(struct both *b, struct weir_lin_op *op) {
    return b->t->run(b->ring, op, false);
}

static bool await_turn(struct both *b, uint64_t turn) {
    for (unsigned i = 1; weir_load_acquire(&b->turn, 0) != turn; i++) {
        if (weir_load_relaxed(&b->over)) return false;
        if (i % 512 == 0) (void)sched_yield();
        weir_pause();
    }
    return true;
}

static void *push_two(void *arg) {
    struct both *b = arg;
    cpus_pin(&b->allowed, 1);
    for (uint64_t i = 0; await_turn(b, 3 * i + 1); i++) {
        int64_t y = run_on(b, &push_y), z = run_on(b, &push_z);
        b->full = y == 0 && z == WEIR_EAGAIN;
        (void)weir_fetch_add_seq_cst(&b->turn, 1, 0);
    }
    return NULL;
}

static void never_full_and_empty(const struct target *t) {
    struct both b = { .t = t, .ring = t->make(2, 0) };
    struct weir_lin_op push_x = { .kind = WEIR_LIN_PUSH, .in = { 1 }, .nin = 1 };
    unsigned long rounds = 0, met = 0, at_once = 0;
    pthread_t pusher;
    assert_non_null(b.ring);
    b.allowed = cpus_allowed();
    cpus_pin(&b.allowed, 0);
    assert_int_equal(pthread_create(&pusher, NULL, push_two, &b), 0);
    for (weir_time end = weir_after((int64_t)(seconds * 4e8)); weir_now() < end; rounds++) {
        (void)run_on(&b, &push_x);
        (void)weir_fetch_add_seq_cst(&b.turn, 1, 0);
        for (unsigned long i = rounds % 16; i > 0; i--) weir_pause(); /* the other is on its way */
        int64_t x = run_on(&b, &pop_a), last = run_on(&b, &pop_b);
        if (!await_turn(&b, 3 * rounds + 2)) break;
        bool empty = x == 0 && last == WEIR_EAGAIN;
        met += b.full != empty;
        at_once += b.full && empty;
        while (run_on(&b, &pop_a) == 0) {
        }
        (void)weir_fetch_add_seq_cst(&b.turn, 1, 0);
    }
    weir_store_relaxed(&b.over, 1);
    (void)pthread_join(pusher, NULL);
    cpus_unpin(&b.allowed);
    t->end(b.ring);
    print_message("%s: %lu rounds, full or empty in %lu, both in %lu\n", t->name, rounds, met,
                  at_once);
    assert_true(met > 0); /* or the test shows nothing */
    assert_int_equal(at_once, 0);
}

static void both_spsc(void **s) {
    (void)s;
    never_full_and_empty(&target_spsc);
}
static void both_mpmc(void **s) {
    (void)s;
    never_full_and_empty(&target_mpmc);
}

static void both_scq(void **s) {
    (void)s;
    never_full_and_empty(&target_scq);
}

/* ---- the harness itself -------------------------------------------------------------------------
 *
 * Rings that are right and rings that are wrong, made for this: see broken.c. */
static void sound_ring_passes(void **s) {
    (void)s;
    broken_fault = FAULT_NONE;
    struct rounds_opts o = {
        .seed = seed, .cap = 2, .threads = 3, .seconds = seconds / 4, .least = 20
    };
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
        struct rounds_opts o = { .seed = seed + i,
                                 .cap = 1 + (i + 1) % 4,
                                 .threads = 2 + (i + 1) % 3,
                                 .seconds = 0.1,
                                 .least = 20,
                                 .quiet = true,
                                 .pinned = i % 2 };
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

static void empty_in_flight(void **s) {
    (void)s;
    caught(FAULT_EMPTY_IN_FLIGHT);
}
static void full_in_flight(void **s) {
    (void)s;
    caught(FAULT_FULL_IN_FLIGHT);
}
static void full_stale(void **s) {
    (void)s;
    caught(FAULT_FULL_STALE);
}
static void torn_claim(void **s) {
    (void)s;
    caught(FAULT_TORN_CLAIM);
}
static void batch_in_pieces(void **s) {
    (void)s;
    caught(FAULT_BATCH_IN_PIECES);
}
static void close_late(void **s) {
    (void)s;
    caught(FAULT_CLOSE_LATE);
}
static void busy_alone(void **s) {
    (void)s;
    caught(FAULT_BUSY_ALONE);
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
                          "ring7: unknown argument %s; --seconds=S --seed=N --only=PATTERN\n",
                          argv[i]);
            return 2;
        }
    }
    const struct CMUnitTest tests[] = {
        TEST("RING7 weir_mpmc is linearizable, full and empty included", mpmc),
        TEST("RING7 weir_mpmc without membarrier is linearizable", mpmc_fence),
        TEST("RING7 weir_scq is linearizable, full and empty included", scq),
        TEST("RING7 weir_mutex_ring is linearizable, full and empty included", mutex_ring),
        TEST("RING7 weir_spsc is linearizable, full and empty included", spsc),
        TEST("RING7 weir_queue is linearizable, empty included", queue),
        TEST("RING7 weir_queue with a soft limit is linearizable", queue_limit),
        TEST("RING7 weir_mpsc is linearizable, empty included", mpsc),
        TEST("RING7 weir_mpsc_list is linearizable, empty included", mpsc_list),
        TEST("RING7 weir_mutex_queue is linearizable, empty included", mutex_queue),
        TEST("RING7 weir_spsc never says full and empty at once", both_spsc),
        TEST("RING7 weir_mpmc never says full and empty at once", both_mpmc),
        TEST("RING7 weir_scq never says full and empty at once", both_scq),
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
