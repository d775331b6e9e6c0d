/* SPDX-License-Identifier: MIT */
/* tests/explore/litmus.c - the memory models against what is known of them: for each litmus test the exact
 * set of outcomes that an exhaustive search meets. The sets are those of the literature: Sewell and
 * others, "x86-TSO", CACM 2010 (SB, n6, IRIW, ...), and for `named` what C11 allows where loads are not
 * reordered. And the search itself: the number of schedules is that of a formula. */
#include "support.h"

#include <string.h>

/* ---- tests ---------------------------------------------------------------------------------------------- */

/* An outcome is the registers r0 to r3 as decimal digits, and the final x and y. */
struct state {
    weir_au64 x, y;
    uint64_t r[4];
};

#define OUTCOMES 16
static uint64_t outcome[OUTCOMES];
static size_t outcomes;

static void record(void *state) {
    struct state *s = state;
    uint64_t o = 0;
    for (int i = 0; i < 4; i++) o = o * 10 + s->r[i];
    o = (o * 10 + s->x.v_) * 10 + s->y.v_;
    for (size_t i = 0; i < outcomes; i++)
        if (outcome[i] == o) return;
    assert_true(outcomes < OUTCOMES);
    outcome[outcomes++] = o;
}

static bool seen(uint64_t o) {
    for (size_t i = 0; i < outcomes; i++)
        if (outcome[i] == o) return true;
    return false;
}

#define TEST(name_, threads_, body_)                                                      \
    static void body_(void *state, unsigned who);                                         \
    static const struct weir_model_scenario name_ = { .name = #name_,                     \
                                                      .threads = threads_,                \
                                                      .state_size = sizeof(struct state), \
                                                      .thread = body_,                    \
                                                      .finish = record };                 \
    static void body_(void *state, unsigned who)

TEST(store_buffering, 2, sb) {
    struct state *s = state;
    weir_store_release(who ? &s->y : &s->x, 1, 0);
    s->r[who] = weir_load_acquire(who ? &s->x : &s->y, 0);
}

TEST(store_buffering_sc, 2, sb_sc) {
    struct state *s = state;
    weir_store_seq_cst(who ? &s->y : &s->x, 1, 0);
    s->r[who] = weir_load_seq_cst(who ? &s->x : &s->y, 0);
}

/* One half fenced is not enough. */
TEST(store_buffering_half, 2, sb_half) {
    struct state *s = state;
    if (who)
        weir_store_release(&s->y, 1, 0);
    else
        weir_store_seq_cst(&s->x, 1, 0);
    s->r[who] = weir_load_seq_cst(who ? &s->x : &s->y, 0);
}

TEST(store_buffering_rmw, 2, sb_rmw) {
    struct state *s = state;
    (void)weir_exchange_acq_rel(who ? &s->y : &s->x, 1, 0);
    s->r[who] = weir_load_acquire(who ? &s->x : &s->y, 0);
}

/* The light side has no barrier of its own: the heavy one drains its buffer. */
TEST(store_buffering_membarrier, 2, sb_membarrier) {
    struct state *s = state;
    weir_store_release(who ? &s->y : &s->x, 1, 0);
    if (who) assert_true(weir_model_membarrier());
    s->r[who] = weir_load_acquire(who ? &s->x : &s->y, 0);
}

TEST(message_passing, 2, mp) {
    struct state *s = state;
    if (who) {
        s->r[0] = weir_load_acquire(&s->y, 0);
        s->r[1] = weir_load_acquire(&s->x, 0);
    } else {
        weir_store_relaxed(&s->x, 1);
        weir_store_release(&s->y, 1, 0);
    }
}

/* A thread reads its own store early (n6 of the paper). */
TEST(n6, 2, n6_body) {
    struct state *s = state;
    if (who) {
        weir_store_relaxed(&s->y, 1);
        weir_store_relaxed(&s->x, 2);
    } else {
        weir_store_relaxed(&s->x, 1);
        s->r[0] = weir_load_relaxed(&s->x);
        s->r[1] = weir_load_relaxed(&s->y);
    }
}

/* Independent readers see two writes in one order. */
TEST(iriw, 4, iriw_body) {
    struct state *s = state;
    if (who == 0) weir_store_release(&s->x, 1, 0);
    if (who == 1) weir_store_release(&s->y, 1, 0);
    if (who < 2) return;
    s->r[who - 2] = weir_load_acquire(who == 2 ? &s->x : &s->y, 0) * 2;
    s->r[who - 2] += weir_load_acquire(who == 2 ? &s->y : &s->x, 0);
}

/* Two increments of lesser order: neither is lost, in any model. */
TEST(increments, 2, increments_body) {
    struct state *s = state;
    s->r[who] = weir_fetch_add_relaxed(&s->x, 1);
    s->r[who + 2] = weir_load_relaxed(&s->y);
    (void)weir_fetch_add_relaxed(&s->y, 1);
}

/* Stores of one thread become visible in order (2+2W). */
TEST(two_and_two, 2, two_and_two_body) {
    struct state *s = state;
    weir_store_release(who ? &s->y : &s->x, 1, 0);
    weir_store_release(who ? &s->x : &s->y, 2, 0);
}

/* One location never goes back (CoRR). */
TEST(coherence, 2, coherence_body) {
    struct state *s = state;
    if (who) {
        s->r[0] = weir_load_relaxed(&s->x);
        s->r[1] = weir_load_relaxed(&s->x);
    } else {
        weir_store_relaxed(&s->x, 1);
        weir_store_relaxed(&s->x, 2);
    }
}

/* Nobody comes between the two halves of a read-modify-write, drained or not. */
TEST(between, 2, between_body) {
    struct state *s = state;
    if (who)
        weir_store_release(&s->x, 5, 0);
    else
        s->r[0] = weir_fetch_add_relaxed(&s->x, 1);
}

static void run(const struct weir_model_scenario *sc, const struct ex_memory *mem) {
    outcomes = 0;
    memset(outcome, 0, sizeof outcome);
    struct found f =
        explore(sc, mem, &ex_dfs, (struct ex_budget){ .preemptions = 20, .flushes = 4 }, 10000000);
    assert_int_equal(f.failure, EX_F_NONE);
    assert_true(f.all);
}

/* The outcomes are these and no others. */
static void expect(const struct weir_model_scenario *sc, const struct ex_memory *mem, size_t n,
                   const uint64_t *allowed) {
    run(sc, mem);
    for (size_t i = 0; i < n; i++)
        if (!seen(allowed[i]))
            fail_msg("%s %s: outcome %06llu was not met", sc->name, mem->name,
                     (unsigned long long)allowed[i]);
    if (outcomes != n) {
        for (size_t i = 0; i < outcomes; i++)
            print_message("met %06llu\n", (unsigned long long)outcome[i]);
        fail_msg("%s %s: %zu outcomes, not %zu", sc->name, mem->name, outcomes, n);
    }
}
#define EXPECT(sc, mem, ...)                                                \
    expect(sc, mem, sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t), \
           (uint64_t[]){ __VA_ARGS__ })

static void test_store_buffering(void **unused) {
    (void)unused;
    EXPECT(&store_buffering, &ex_sc, 10011, 100011, 110011);
    EXPECT(&store_buffering, &ex_tso, 11, 10011, 100011, 110011);
    EXPECT(&store_buffering, &ex_named, 11, 10011, 100011, 110011);
    EXPECT(&store_buffering_sc, &ex_tso, 10011, 100011, 110011);
    EXPECT(&store_buffering_sc, &ex_named, 10011, 100011, 110011);
    EXPECT(&store_buffering_half, &ex_tso, 11, 10011, 100011, 110011);
    EXPECT(&store_buffering_rmw, &ex_tso, 10011, 100011, 110011);
    EXPECT(&store_buffering_rmw, &ex_named, 11, 10011, 100011, 110011);
    EXPECT(&store_buffering_membarrier, &ex_tso, 10011, 100011, 110011);
}

static void test_message_passing(void **unused) {
    (void)unused;
    EXPECT(&message_passing, &ex_sc, 11, 10011, 110011);
    EXPECT(&message_passing, &ex_tso, 11, 10011, 110011); /* never r0 = 1, r1 = 0 */
    EXPECT(&message_passing, &ex_named, 11, 10011, 110011);
}

static void test_own_stores_are_seen_early(void **unused) {
    (void)unused;
    EXPECT(&n6, &ex_sc, 110021, 100021, 110011, 210021);
    EXPECT(&n6, &ex_tso, 110021, 100021, 110011, 210021, 100011);
}

static void test_independent_readers_agree(void **unused) {
    (void)unused;
    run(&iriw, &ex_tso);
    assert_true(seen(330011));
    assert_false(seen(220011)); /* r0: x before y; r1: y before x */
}

static void test_increments_are_atomic(void **unused) {
    (void)unused;
    const struct ex_memory *const all[] = { &ex_sc, &ex_tso, &ex_named };
    for (int m = 0; m < 3; m++) {
        run(&increments, all[m]);
        for (size_t i = 0; i < outcomes; i++) assert_int_equal(outcome[i] % 100, 22);
        for (size_t i = 0; i < outcomes; i++) assert_int_not_equal(outcome[i] / 10000, 0);
    }
}

static void test_order_of_drains(void **unused) {
    (void)unused;
    const struct ex_memory *const all[] = { &ex_sc, &ex_tso, &ex_named };
    for (int m = 0; m < 3; m++) {
        EXPECT(&two_and_two, all[m], 12, 21, 22); /* never 11 */
        EXPECT(&coherence, all[m], 20, 10020, 20020, 110020, 120020, 220020);
        EXPECT(&between, all[m], 50, 500060);
    }
}

/* ---- the search ------------------------------------------------------------------------------------------- */

#define STEPS 4

TEST(steps_only, 2, steps_body) {
    weir_au64 own = { 0 };
    (void)state;
    (void)who;
    for (int i = 0; i < STEPS; i++) weir_store_relaxed(&own, (uint64_t)i + 1);
}

/* Interleavings of a and b steps that are left, `last` having gone before, with at most c switches away
 * from a thread that could go on. */
static uint64_t count(unsigned a, unsigned b, int last, int c) {
    if (c < 0) return 0;
    if (a == 0 && b == 0) return 1;
    uint64_t n = 0;
    if (a > 0) n += count(a - 1, b, 0, c - (last == 1 && b > 0));
    if (b > 0) n += count(a, b - 1, 1, c - (last == 0 && a > 0));
    return n;
}

static void test_number_of_schedules(void **unused) {
    (void)unused;
    uint64_t sum = 0, of_level = 0;
    for (int c = 0; c <= 2 * STEPS; c++) {
        struct found f =
            explore(&steps_only, &ex_sc, &ex_dfs, (struct ex_budget){ .preemptions = c }, 1000000);
        uint64_t want = count(STEPS, STEPS, -1, c);
        if (want != of_level) sum += want; /* a bound that adds nothing is not searched */
        of_level = want;
        assert_true(f.all);
        assert_int_equal(f.executions, sum);
    }
    assert_int_equal(of_level, 70); /* 8 over 4 */
}

/* Each strategy that draws at random meets every outcome. */
static void test_random_strategies(void **unused) {
    (void)unused;
    const struct ex_strategy *const s[] = { &ex_random, &ex_pct };
    for (int i = 0; i < 2; i++) {
        outcomes = 0;
        struct ex_budget b = { .preemptions = -1, .flushes = 2 };
        assert_int_equal(explore(&store_buffering, &ex_tso, s[i], b, 20000).failure, EX_F_NONE);
        assert_int_equal(outcomes, 4);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store_buffering),
        cmocka_unit_test(test_message_passing),
        cmocka_unit_test(test_own_stores_are_seen_early),
        cmocka_unit_test(test_independent_readers_agree),
        cmocka_unit_test(test_increments_are_atomic),
        cmocka_unit_test(test_order_of_drains),
        cmocka_unit_test(test_number_of_schedules),
        cmocka_unit_test(test_random_strategies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
