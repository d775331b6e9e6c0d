/* SPDX-License-Identifier: MIT */
/* tests/lin/checker.c - the checker beyond its verdicts on single windows: bounds, windows, rounds,
 * bad input, the report; with a specification of a user's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cases.h"

#include <stdlib.h>

/* ---- a user's own object: a register --------------------------------------------------------- */

enum { WEIR_LIN_WRITE = 1, WEIR_LIN_READ };

static void register_init(const void *arg, uint64_t key, void *state) {
    (void)arg;
    (void)key;
    *(uint64_t *)state = 0;
}

static int register_step(const void *arg, const struct weir_lin_op *op, unsigned choice,
                         const void *state, void *next) {
    (void)arg;
    (void)choice;
    if (op->kind == WEIR_LIN_WRITE) {
        *(uint64_t *)next = op->in[0];
        return 1;
    }
    return op->pending || op->out[0] == *(const uint64_t *)state;
}

static const struct weir_lin_spec a_register = {
    .name = "register", .state_size = sizeof(uint64_t), .init = register_init, .step = register_step
};

static weir_lin_checker *checker_of(const struct weir_lin_spec *spec, uint32_t budget,
                                    uint32_t states) {
    struct weir_lin_opts o = WEIR_LIN_OPTS;
    weir_lin_checker *c;
    o.budget = budget;
    o.states = states;
    assert_int_equal(weir_lin_checker_new(&c, spec, &o), 0);
    return c;
}

static char *printed(const weir_lin_checker *c) {
    char *text;
    size_t n;
    FILE *to = open_memstream(&text, &n);
    assert_non_null(to);
    weir_lin_print(c, to);
    (void)fclose(to);
    return text;
}

static void own_specification(void **s) {
    (void)s;
    weir_lin_checker *c = checker_of(&a_register, 0, 0);
    const struct weir_lin_op good[] = { OP(0, 0, 5, WRITE, 0, IN(1)), OP(1, 1, 2, READ, 0, OUT(0)),
                                        OP(1, 3, 4, READ, 0, OUT(1)) };
    const struct weir_lin_op bad[] = { OP(0, 0, 5, WRITE, 0, IN(1)), OP(1, 1, 2, READ, 0, OUT(1)),
                                       OP(1, 3, 4, READ, 0, OUT(0)) };
    assert_int_equal(weir_lin_check(c, good, 3), WEIR_LIN_OK);
    assert_null(weir_lin_culprit(c));
    assert_int_equal(weir_lin_check(c, bad, 3), WEIR_LIN_VIOLATION);
    char *text = printed(c); /* without describe functions: numbers */
    assert_non_null(strstr(text, "op2"));
    assert_non_null(strstr(text, "0100000000000000"));
    free(text);
    assert_int_equal(weir_lin_check(c, good, 3), WEIR_LIN_OK);
    assert_int_equal(weir_lin_check(c, NULL, 0), WEIR_LIN_OK);
    weir_lin_checker_free(c);
    weir_lin_checker_free(NULL);
}

/* States that are equal though their bytes differ: only the low half counts. */
static uint64_t half_hash(const void *arg, const void *state) {
    (void)arg;
    return *(const uint64_t *)state & 0xffffffff;
}
static bool half_equal(const void *arg, const void *a, const void *b) {
    return half_hash(arg, a) == half_hash(arg, b);
}
static void half_copy(const void *arg, void *to, const void *from) {
    *(uint64_t *)to = half_hash(arg, from);
}

static void own_hash_and_equality(void **s) {
    (void)s;
    struct weir_lin_spec spec = a_register;
    struct weir_lin_op ops[6];
    for (uint32_t i = 0; i < 6; i++) ops[i] = (struct weir_lin_op)OP(i, 0, 9, WRITE, 0, IN(0));
    for (uint64_t i = 0; i < 6; i++) ops[i].in[0] = i << 32 | 7;
    uint32_t most[2];
    for (int own = 0; own < 2; own++) {
        if (own) {
            spec.hash = half_hash;
            spec.equal = half_equal;
            spec.copy = half_copy;
        }
        weir_lin_checker *c = checker_of(&spec, 0, 0);
        weir_lin_begin(c, 0);
        assert_int_equal(weir_lin_advance(c, ops, 6, false), WEIR_LIN_OK);
        assert_int_equal(weir_lin_stats(c).most_states, own ? 1 : 6);
        most[own] = weir_lin_stats(c).most_configurations;
        weir_lin_checker_free(c);
    }
    assert_true(most[1] < most[0]);
}

/* ---- bounds ---------------------------------------------------------------------------------- */

/* n overlapping pushes of n values, then pops in an order that fits only at the end. */
static size_t hard_history(struct weir_lin_op *ops, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        ops[i] = (struct weir_lin_op){
            .thread = i, .call = i, .ret = 100, .kind = WEIR_LIN_PUSH, .in = { i + 1 }, .nin = 1
        };
    for (uint32_t i = 0; i < n; i++)
        ops[n + i] = (struct weir_lin_op){ .thread = i,
                                           .seq = 1,
                                           .call = 90,
                                           .ret = 200,
                                           .kind = WEIR_LIN_POP,
                                           .out = { n - i },
                                           .nout = 1 };
    ops[2 * n] = (struct weir_lin_op){
        .call = 300, .ret = 301, .seq = 9, .kind = WEIR_LIN_POP, .result = WEIR_EAGAIN
    };
    return 2 * n + 1;
}

static void small_budget_is_unknown(void **s) {
    (void)s;
    struct weir_lin_op ops[64];
    const struct weir_lin_ring eight = { .cap = 8 };
    struct weir_lin_spec spec;
    assert_int_equal(weir_lin_ring_spec(&spec, &eight), 0);
    size_t n = hard_history(ops, 6);
    weir_lin_checker *c = checker_of(&spec, 20, 0);
    assert_int_equal(weir_lin_check(c, ops, n), WEIR_LIN_UNKNOWN);
    assert_non_null(strstr(weir_lin_reason(c), "budget of 20"));
    char *text = printed(c);
    assert_non_null(strstr(text, "UNKNOWN"));
    free(text);
    weir_lin_checker_free(c);

    c = checker_of(&spec, 0, 0); /* the same history is good, */
    assert_int_equal(weir_lin_check(c, ops, n), WEIR_LIN_OK);
    weir_lin_checker_free(c);
    c = checker_of(&spec, 0, 0);
    ops[2 * 6 - 1].out[0] = 77; /* and bad, if there is room to see it */
    assert_int_equal(weir_lin_check(c, ops, n), WEIR_LIN_VIOLATION);
    uint32_t needed = weir_lin_stats(c).most_configurations;
    weir_lin_checker_free(c);
    c = checker_of(&spec, needed - 1, 0);
    assert_int_equal(weir_lin_check(c, ops, n), WEIR_LIN_UNKNOWN);
    weir_lin_checker_free(c);
    c = checker_of(&spec, needed, 0);
    assert_int_equal(weir_lin_check(c, ops, n), WEIR_LIN_VIOLATION);
    weir_lin_checker_free(c);
}

static void too_many_states_is_unknown(void **s) {
    (void)s;
    const struct weir_lin_ring eight = { .cap = 8 };
    struct weir_lin_spec spec;
    struct weir_lin_op ops[4];
    assert_int_equal(weir_lin_ring_spec(&spec, &eight), 0);
    for (uint32_t i = 0; i < 4; i++) ops[i] = (struct weir_lin_op)OP(i, 0, 9, PUSH, 0, IN(1));
    for (uint32_t i = 0; i < 4; i++) ops[i].in[0] = i + 1;
    weir_lin_checker *c = checker_of(&spec, 0, 23); /* 4! orders are possible */
    weir_lin_begin(c, 0);
    assert_int_equal(weir_lin_advance(c, ops, 4, false), WEIR_LIN_UNKNOWN);
    assert_non_null(strstr(weir_lin_reason(c), "more than 23 states"));
    weir_lin_begin(c, 0);
    assert_int_equal(weir_lin_advance(c, ops, 4, true), WEIR_LIN_OK); /* none are carried */
    weir_lin_checker_free(c);
    c = checker_of(&spec, 0, 24);
    weir_lin_begin(c, 0);
    assert_int_equal(weir_lin_advance(c, ops, 4, false), WEIR_LIN_OK);
    assert_int_equal(weir_lin_stats(c).most_states, 24);
    weir_lin_checker_free(c);
}

static void wide_window_is_unknown(void **s) {
    (void)s;
    struct weir_lin_op ops[WEIR_LIN_WINDOW + 1];
    weir_lin_checker *c = checker_of(&a_register, 0, 0);
    for (uint32_t i = 0; i <= WEIR_LIN_WINDOW; i++) /* each overlaps the next */
        ops[i] = (struct weir_lin_op){ .thread = i % 2,
                                       .seq = i,
                                       .call = 2 * i,
                                       .ret = 2 * i + 3,
                                       .kind = WEIR_LIN_WRITE,
                                       .in = { i },
                                       .nin = 1 };
    assert_int_equal(weir_lin_check(c, ops, WEIR_LIN_WINDOW + 1), WEIR_LIN_UNKNOWN);
    assert_non_null(strstr(weir_lin_reason(c), "64 operations"));
    assert_int_equal(weir_lin_check(c, ops, WEIR_LIN_WINDOW), WEIR_LIN_OK);
    ops[30].ret = 2 * 30 + 1; /* one instant at which nothing runs */
    ops[29].ret = 2 * 30 + 1;
    assert_int_equal(weir_lin_check(c, ops, WEIR_LIN_WINDOW + 1), WEIR_LIN_OK);
    weir_lin_checker_free(c);
}

static void many_waiters_are_unknown(void **s) {
    (void)s;
    const struct weir_lin_chan none = { .cap = 0 };
    struct weir_lin_spec spec;
    struct weir_lin_op ops[WEIR_LIN_WAITERS + 1], split[2 * WEIR_LIN_WAITERS + 2];
    assert_int_equal(weir_lin_chan_spec(&spec, &none), 0);
    for (uint32_t i = 0; i <= WEIR_LIN_WAITERS; i++)
        ops[i] = (struct weir_lin_op)OP(i, 0, 9, SEND, WEIR_LIN_BLOCKED, IN(1));
    weir_lin_checker *c = checker_of(&spec, 0, 0);
    size_t n = weir_lin_split(ops, WEIR_LIN_WAITERS, weir_lin_chan_rules, 2, split);
    assert_int_equal(weir_lin_check(c, split, n), WEIR_LIN_OK);
    n = weir_lin_split(ops, WEIR_LIN_WAITERS + 1, weir_lin_chan_rules, 2, split);
    assert_int_equal(weir_lin_check(c, split, n), WEIR_LIN_UNKNOWN);
    assert_non_null(strstr(weir_lin_reason(c), "bound of the specification"));
    weir_lin_checker_free(c);
}

/* ---- windows and rounds ---------------------------------------------------------------------- */

static void long_histories_are_cut(void **s) {
    (void)s;
    enum { N = 5000 };
    struct weir_lin_op *ops = calloc(N, sizeof *ops);
    assert_non_null(ops);
    weir_lin_checker *c = checker_of(&a_register, 0, 0);
    for (uint32_t i = 0; i < N; i++) { /* pairs of overlapping writes; then a read of either */
        struct weir_lin_op *op = &ops[N - 1 - i];
        *op = (struct weir_lin_op){ .thread = i % 3,
                                    .seq = i,
                                    .call = 10 * i,
                                    .ret = 10 * i + 5,
                                    .kind = WEIR_LIN_WRITE,
                                    .in = { i },
                                    .nin = 1 };
        if (i % 3 == 1) op->call -= 8;
        if (i % 3 == 2) {
            op->kind = WEIR_LIN_READ;
            op->out[0] = i % 2 ? i - 1 : i - 2;
        }
    }
    assert_int_equal(weir_lin_check(c, ops, N), WEIR_LIN_OK);
    assert_int_equal(weir_lin_stats(c).most_states, 2);
    ops[5].out[0] = 1; /* a read near the end */
    ops[5].kind = WEIR_LIN_READ;
    assert_int_equal(weir_lin_check(c, ops, N), WEIR_LIN_VIOLATION);
    weir_lin_checker_free(c);
    free(ops);
}

static void rounds_carry_states(void **s) {
    (void)s;
    weir_lin_checker *c = checker_of(&a_register, 0, 0);
    const struct weir_lin_op first[] = { OP(0, 0, 5, WRITE, 0, IN(1)),
                                         OP(1, 1, 4, WRITE, 0, IN(2)) };
    const struct weir_lin_op one[] = { OP(0, 6, 7, READ, 0, OUT(1)) };
    const struct weir_lin_op two[] = { OP(0, 8, 9, READ, 0, OUT(2)) };
    weir_lin_begin(c, 0);
    assert_int_equal(weir_lin_advance(c, first, 2, false), WEIR_LIN_OK);
    assert_int_equal(weir_lin_advance(c, one, 1, false), WEIR_LIN_OK);
    assert_int_equal(weir_lin_advance(c, NULL, 0, false), WEIR_LIN_OK);
    assert_int_equal(weir_lin_advance(c, two, 1, true), WEIR_LIN_VIOLATION); /* it was 1 */
    char *text = printed(c);
    assert_non_null(strstr(text, "3 operations"));
    free(text);
    assert_int_equal(weir_lin_advance(c, one, 1, true), WEIR_LIN_VIOLATION); /* until begin */
    weir_lin_begin(c, 0);
    assert_int_equal(weir_lin_advance(c, first, 2, true), WEIR_LIN_OK);
    weir_lin_checker_free(c);
}

/* ---- bad input ------------------------------------------------------------------------------- */

static void refuses_bad_arguments(void **s) {
    (void)s;
    struct weir_lin_spec spec = a_register;
    struct weir_lin_opts o = WEIR_LIN_OPTS;
    weir_lin_checker *c;
    weir_lin_recorder *r;
    assert_int_equal(weir_lin_checker_new(NULL, &spec, NULL), WEIR_EINVAL);
    assert_int_equal(weir_lin_checker_new(&c, NULL, NULL), WEIR_EINVAL);
    assert_null(c);
    spec.step = NULL;
    assert_int_equal(weir_lin_checker_new(&c, &spec, NULL), WEIR_EINVAL);
    spec = a_register;
    spec.state_size = 0;
    assert_int_equal(weir_lin_checker_new(&c, &spec, NULL), WEIR_EINVAL);
    o.size = 1;
    assert_int_equal(weir_lin_checker_new(&c, &a_register, &o), WEIR_EINVAL);
    assert_int_equal(weir_lin_ring_spec(&spec, &(struct weir_lin_ring){ .cap = 0 }), WEIR_EINVAL);
    assert_int_equal(weir_lin_ring_spec(&spec, &(struct weir_lin_ring){ .cap = 257 }), WEIR_EINVAL);
    assert_int_equal(weir_lin_chan_spec(&spec, &(struct weir_lin_chan){ .cap = 33 }), WEIR_EINVAL);
    assert_int_equal(weir_lin_sem_spec(&spec, NULL), WEIR_EINVAL);
    assert_int_equal(weir_lin_map_spec(NULL, NULL), WEIR_EINVAL);
    assert_int_equal(weir_lin_cache_spec(&spec, NULL), WEIR_EINVAL);
    assert_int_equal(weir_lin_recorder_new(NULL, 1, 1), WEIR_EINVAL);
    assert_int_equal(weir_lin_recorder_new(&r, 0, 1), WEIR_EINVAL);
    assert_int_equal(weir_lin_recorder_new(&r, 1, 0), WEIR_EINVAL);
}

static void malformed_is_said(void **s) {
    (void)s;
    struct weir_lin_spec keyed = a_register;
    weir_lin_checker *c = checker_of(&a_register, 0, 0);
    const struct weir_lin_op backwards[] = { OP(0, 5, 4, WRITE, 0, IN(1)) };
    const struct weir_lin_op pending[] = { PENDING(0, 5, WRITE, IN(1)) };
    const struct weir_lin_op one[] = { OP(0, 6, 7, READ, 0, OUT(0)) };
    struct weir_lin_op many = OP(0, 1, 2, WRITE, 0, IN(1));
    for (int i = 0; i < 9; i++) weir_lin_in(&many, 1);
    assert_int_equal(weir_lin_check(c, backwards, 1), WEIR_LIN_MALFORMED);
    assert_int_equal(weir_lin_check(c, &many, 1), WEIR_LIN_MALFORMED);
    weir_lin_begin(c, 0);
    assert_int_equal(weir_lin_advance(c, pending, 1, false), WEIR_LIN_MALFORMED);
    weir_lin_begin(c, 0);
    assert_int_equal(weir_lin_advance(c, one, 1, false), WEIR_LIN_OK);
    assert_int_equal(weir_lin_advance(c, one, 1, false), WEIR_LIN_MALFORMED); /* again: overlaps */
    assert_non_null(strstr(weir_lin_reason(c), "overlaps the round before"));
    weir_lin_checker_free(c);
    keyed.keyed = true;
    c = checker_of(&keyed, 0, 0);
    weir_lin_begin(c, 7);
    assert_int_equal(weir_lin_advance(c, one, 1, true), WEIR_LIN_MALFORMED); /* key 0 */
    weir_lin_checker_free(c);
}

/* ---- the report ------------------------------------------------------------------------------ */

static void report_shows_the_fault(void **s) {
    (void)s;
    const struct weir_lin_ring two = { .cap = 2 };
    struct weir_lin_spec spec;
    const struct weir_lin_op ops[] = {
        OP(0, 0, 1, PUSH, 0, IN(7)),     OP(1, 2, 3, POP, 0, OUT(7)),
        OP(0, 10, 20, PUSH, 0, IN(8)),   OP(1, 12, 40, PUSH, 0, IN(9)),
        OP(2, 25, 30, POP, WEIR_EAGAIN), PENDING(3, 35, POP_N, IN(2)),
    };
    assert_int_equal(weir_lin_ring_spec(&spec, &two), 0);
    weir_lin_checker *c = checker_of(&spec, 0, 0);
    assert_int_equal(weir_lin_check(c, ops, 6), WEIR_LIN_VIOLATION);
    assert_int_equal(weir_lin_culprit(c)->thread, 2);
    char *text = printed(c);
    assert_non_null(strstr(text, "ring: NOT LINEARIZABLE"));
    assert_non_null(strstr(text, "before it, 2 operations; possible states then: {}"));
    assert_non_null(strstr(text, "longest linearizable prefix, 2 of 4"));
    assert_non_null(strstr(text, "cannot be placed: T2 pop() -> EAGAIN"));
    assert_non_null(strstr(text, "push(8) -> 0"));
    assert_non_null(strstr(text, "T3 pop_n(2) never returned"));
    assert_non_null(strstr(text, "\n  X "));
    assert_non_null(strstr(text, "--> T3")); /* runs to the end */
    free(text);
    weir_lin_checker_free(c);
}

#define TEST(text, fn) { text, fn, NULL, NULL, NULL }

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST("a specification of one's own", own_specification),
        TEST("hash, equality and copy of one's own", own_hash_and_equality),
        TEST("a small budget is UNKNOWN, never a verdict", small_budget_is_unknown),
        TEST("too many states to carry are UNKNOWN", too_many_states_is_unknown),
        TEST("a window of 65 operations is UNKNOWN", wide_window_is_unknown),
        TEST("more waiters than counted are UNKNOWN", many_waiters_are_unknown),
        TEST("long histories are cut where nothing runs", long_histories_are_cut),
        TEST("rounds carry the states", rounds_carry_states),
        TEST("bad arguments are refused", refuses_bad_arguments),
        TEST("what is no history is called so", malformed_is_said),
        TEST("the report shows the fault", report_shows_the_fault),
    };
    return cmocka_run_group_tests_name("lin_checker", tests, NULL, NULL);
}
