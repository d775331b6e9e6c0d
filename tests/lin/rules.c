/* SPDX-License-Identifier: MIT */
/* tests/lin/rules.c - for each rule of the specifications, a history that keeps it and one that
 * breaks it: ring, semaphore, map. Channel and cache: rules_waiting.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cases.h"

void rules_of_channel(void **s);
void rules_of_rendezvous(void **s);
void rules_of_cache(void **s);

void check_cases(const struct weir_lin_spec *spec, const struct weir_lin_rule *rules, size_t nrules,
                 const struct hand_made *cases, size_t n) {
    weir_lin_checker *c;
    assert_int_equal(weir_lin_checker_new(&c, spec, NULL), 0);
    for (size_t i = 0; i < n; i++) {
        struct weir_lin_op ops[GEN_OPS], split[2 * GEN_OPS];
        uint32_t k = 0;
        for (; cases[i].ops[k].kind; k++) {
            assert_true(k < GEN_OPS);
            ops[k] = cases[i].ops[k];
            if (ops[k].seq == 0) ops[k].seq = k + 1;
        }
        size_t m = weir_lin_split(ops, k, rules, nrules, split);
        enum weir_lin_verdict v = weir_lin_check(c, split, m);
        if (v != (cases[i].good ? WEIR_LIN_OK : WEIR_LIN_VIOLATION)) {
            weir_lin_print(c, stderr);
            fail_msg("%s: %s: %s", spec->name, cases[i].text, weir_lin_reason(c));
        }
        if (brute_linearizable(spec, split, m) != cases[i].good)
            fail_msg("%s: %s: the enumeration differs", spec->name, cases[i].text);
        if (!cases[i].good) assert_non_null(weir_lin_culprit(c));
    }
    weir_lin_checker_free(c);
}

/* ---- ring ------------------------------------------------------------------------------------ */

static const struct hand_made ring_results[] = {
    GOOD("first in, first out", OP(0, 0, 1, PUSH, 0, IN(1)), OP(0, 2, 3, PUSH, 0, IN(2)),
         OP(1, 4, 5, POP, 0, OUT(1)), OP(1, 6, 7, POP, 0, OUT(2))),
    BAD("last in, first out", OP(0, 0, 1, PUSH, 0, IN(1)), OP(0, 2, 3, PUSH, 0, IN(2)),
        OP(1, 4, 5, POP, 0, OUT(2)), OP(1, 6, 7, POP, 0, OUT(1))),
    GOOD("overlapping pushes in either order", OP(0, 0, 3, PUSH, 0, IN(1)),
         OP(1, 2, 4, PUSH, 0, IN(2)), OP(0, 5, 6, POP, 0, OUT(2)), OP(0, 7, 8, POP, 0, OUT(1))),
    GOOD("closed intervals: one instant is enough", OP(0, 0, 2, PUSH, 0, IN(1)),
         OP(1, 2, 4, PUSH, 0, IN(2)), OP(0, 5, 6, POP, 0, OUT(2)), OP(0, 7, 8, POP, 0, OUT(1))),
    BAD("a value out of nothing", OP(0, 0, 1, PUSH, 0, IN(1)), OP(1, 2, 3, POP, 0, OUT(7))),
    BAD("a value twice", OP(0, 0, 1, PUSH, 0, IN(1)), OP(1, 2, 5, POP, 0, OUT(1)),
        OP(2, 2, 5, POP, 0, OUT(1))),
    BAD("popped before it was pushed", OP(1, 0, 1, POP, 0, OUT(1)), OP(0, 2, 3, PUSH, 0, IN(1))),
    GOOD("empty", OP(1, 0, 1, POP, WEIR_EAGAIN)),
    BAD("empty with an element inside", OP(0, 0, 1, PUSH, 0, IN(1)), OP(1, 2, 3, POP, WEIR_EAGAIN)),
    BAD("empty while a later push is in flight", OP(0, 0, 1, PUSH, 0, IN(1)),
        OP(2, 2, 9, PUSH, 0, IN(2)), OP(1, 3, 4, POP, WEIR_EAGAIN), OP(1, 5, 6, POP, 0, OUT(1))),
    GOOD("full", OP(0, 0, 1, PUSH, 0, IN(1)), OP(0, 2, 3, PUSH, 0, IN(2)),
         OP(0, 4, 5, PUSH, WEIR_EAGAIN, IN(3))),
    BAD("full one too early", OP(0, 0, 1, PUSH, 0, IN(1)), OP(0, 2, 3, PUSH, WEIR_EAGAIN, IN(2))),
    BAD("one too many", OP(0, 0, 1, PUSH, 0, IN(1)), OP(0, 2, 3, PUSH, 0, IN(2)),
        OP(0, 4, 5, PUSH, 0, IN(3))),
    BAD("busy with nothing in flight", OP(0, 0, 1, PUSH, WEIR_EBUSY, IN(1))),
    GOOD("busy with a pop in flight", OP(0, 0, 3, PUSH, WEIR_EBUSY, IN(1)),
         OP(1, 2, 5, POP, WEIR_EAGAIN)),
    BAD("busy only because of itself", OP(0, 0, 1, PUSH, WEIR_EBUSY, IN(1)),
        OP(0, 1, 2, POP, WEIR_EAGAIN)),
    GOOD("timed out: empty", OP(0, 0, 1, POP, WEIR_ETIMEDOUT)),
    BAD("timed out with an element inside", OP(0, 0, 1, PUSH, 0, IN(1)),
        OP(1, 2, 3, POP, WEIR_ETIMEDOUT)),
    GOOD("canceled with an element inside", OP(0, 0, 1, PUSH, 0, IN(1)),
         OP(1, 2, 3, POP, WEIR_ECANCELED)),
    BAD("a code that no ring returns", OP(0, 0, 1, POP, WEIR_ENOENT)),
    BAD("a pop without its value", OP(0, 0, 1, PUSH, 0, IN(1)), OP(1, 2, 3, POP, 0)),
    BAD("program order, where intervals overlap", OP(0, 0, 9, PUSH, 0, IN(1)),
        OP(0, 1, 9, PUSH, 0, IN(2)), OP(1, 10, 11, POP, 0, OUT(2)), OP(1, 12, 13, POP, 0, OUT(1))),
};

static const struct hand_made ring_batches[] = {
    GOOD("a batch of what fits", OP(0, 0, 1, PUSH_N, 2, IN(1, 2, 3)),
         OP(0, 2, 3, POP_N, 2, IN(4), OUT(1, 2))),
    BAD("less than fits, with nothing in flight", OP(0, 0, 1, PUSH_N, 1, IN(1, 2, 3))),
    GOOD("less than fits, with a pop in flight", OP(0, 0, 3, PUSH_N, 1, IN(1, 2, 3)),
         OP(1, 1, 2, POP, WEIR_EAGAIN)),
    BAD("less than is there, with nothing in flight", OP(0, 0, 1, PUSH_N, 2, IN(1, 2)),
        OP(1, 2, 3, POP_N, 1, IN(2), OUT(1))),
    BAD("more than was asked", OP(0, 0, 1, PUSH_N, 2, IN(1, 2)),
        OP(1, 2, 3, POP_N, 2, IN(1), OUT(1, 2))),
    BAD("a batch out of order", OP(0, 0, 1, PUSH_N, 2, IN(1, 2)),
        OP(1, 2, 3, POP_N, 2, IN(2), OUT(2, 1))),
    BAD("another's element inside a batch", OP(0, 0, 9, PUSH_N, 2, IN(1, 2)),
        OP(1, 0, 9, PUSH, WEIR_EAGAIN, IN(3)), OP(2, 1, 2, POP, 0, OUT(1)),
        OP(1, 10, 11, PUSH, 0, IN(4)), OP(2, 12, 13, POP, 0, OUT(4)),
        OP(2, 14, 15, POP, 0, OUT(2))),
    BAD("half of a batch seen", OP(0, 0, 9, PUSH_N, 2, IN(1, 2)), OP(1, 1, 2, POP, 0, OUT(1)),
        OP(1, 3, 4, POP, WEIR_EAGAIN)),
    GOOD("nothing asked", OP(0, 0, 1, PUSH_N, 0), OP(0, 2, 3, POP_N, 0, IN(0))),
    BAD("nothing asked is no failure", OP(0, 0, 1, POP_N, WEIR_EAGAIN, IN(1)),
        OP(0, 2, 3, PUSH_N, WEIR_EINVAL)),
    BAD("nothing moved is a failure, not 0", OP(0, 0, 1, POP_N, 0, IN(2))),
};

static const struct hand_made ring_close[] = {
    GOOD("drained, then closed", OP(0, 0, 1, PUSH, 0, IN(1)), OP(0, 2, 3, CLOSE, 0),
         OP(1, 4, 5, POP, 0, OUT(1)), OP(1, 6, 7, POP, WEIR_ECLOSED)),
    BAD("a push after close", OP(0, 0, 1, CLOSE, 0), OP(1, 2, 3, PUSH, 0, IN(1))),
    BAD("a push after close says busy", OP(0, 0, 1, CLOSE, 0), OP(1, 2, 5, PUSH, WEIR_EBUSY, IN(1)),
        OP(2, 3, 4, POP, WEIR_ECLOSED)),
    BAD("closed, but never closed", OP(1, 2, 3, PUSH, WEIR_ECLOSED, IN(1))),
    BAD("closed before it is drained", OP(0, 0, 1, PUSH, 0, IN(1)), OP(0, 2, 3, CLOSE, 0),
        OP(1, 4, 5, POP, WEIR_ECLOSED)),
    BAD("empty of a closed ring", OP(0, 0, 1, CLOSE, 0), OP(1, 2, 3, POP, WEIR_EAGAIN)),
    BAD("closed twice", OP(0, 0, 3, CLOSE, 0), OP(1, 0, 3, CLOSE, 0)),
    GOOD("closed by one of two", OP(0, 0, 3, CLOSE, 0), OP(1, 0, 3, CLOSE, WEIR_ECLOSED)),
    BAD("an element that comes after closed and drained", OP(0, 0, 9, PUSH, 0, IN(1)),
        OP(1, 0, 1, CLOSE, 0), OP(1, 2, 3, POP, WEIR_ECLOSED), OP(1, 10, 11, POP, 0, OUT(1))),
    GOOD("a push that never returned was seen", PENDING(0, 0, PUSH, IN(1)),
         OP(1, 2, 3, POP, 0, OUT(1))),
    GOOD("a push that never returned was not seen", PENDING(0, 0, PUSH, IN(1)),
         OP(1, 2, 3, POP, WEIR_EAGAIN)),
    BAD("a push that never returned was seen twice", PENDING(0, 0, PUSH, IN(1)),
        OP(1, 2, 3, POP, 0, OUT(1)), OP(1, 4, 5, POP, 0, OUT(1))),
    GOOD("a close that never returned", PENDING(0, 0, CLOSE, IN(0)),
         OP(1, 2, 3, PUSH, WEIR_ECLOSED, IN(1))),
    GOOD("a batch that never returned was partly taken", PENDING(0, 0, POP_N, IN(2)),
         OP(1, 0, 1, PUSH_N, 2, IN(1, 2)), OP(1, 2, 3, POP, 0, OUT(2))),
};

static const struct hand_made ring_exact[] = {
    BAD("busy", OP(0, 0, 3, PUSH, WEIR_EBUSY, IN(1)), OP(1, 2, 5, POP, WEIR_EAGAIN)),
    BAD("a short batch", OP(0, 0, 3, PUSH_N, 1, IN(1, 2)), OP(1, 1, 2, POP, WEIR_EAGAIN)),
    GOOD("a whole batch", OP(0, 0, 3, PUSH_N, 2, IN(1, 2)), OP(1, 1, 2, POP, WEIR_EAGAIN)),
};

static void rules_of_ring(void **s) {
    (void)s;
    const struct weir_lin_ring two = { .cap = 2 }, exact = { .cap = 2, .exact = true };
    struct weir_lin_spec spec;
    assert_int_equal(weir_lin_ring_spec(&spec, &two), 0);
    CHECK_CASES(&spec, NULL, 0, ring_results);
    CHECK_CASES(&spec, NULL, 0, ring_batches);
    CHECK_CASES(&spec, NULL, 0, ring_close);
    assert_int_equal(weir_lin_ring_spec(&spec, &exact), 0);
    CHECK_CASES(&spec, NULL, 0, ring_exact);
}

/* ---- semaphore ------------------------------------------------------------------------------- */

static const struct hand_made sem_cases[] = {
    GOOD("taken and given back", OP(0, 0, 1, TRY_ACQUIRE, 0, IN(3)), OP(0, 2, 3, RELEASE, 0, IN(3)),
         OP(1, 4, 5, ACQUIRE, 0, IN(2))),
    BAD("more than there are", OP(0, 0, 5, ACQUIRE, 0, IN(2)), OP(1, 0, 5, ACQUIRE, 0, IN(2))),
    BAD("would block though free", OP(0, 0, 1, TRY_ACQUIRE, WEIR_EAGAIN, IN(3))),
    GOOD("would block", OP(0, 0, 1, TRY_ACQUIRE, 0, IN(2)),
         OP(1, 2, 3, TRY_ACQUIRE, WEIR_EAGAIN, IN(2))),
    BAD("given back without being held", OP(0, 0, 1, RELEASE, 0, IN(1))),
    GOOD("giving back too many is refused", OP(0, 0, 1, RELEASE, WEIR_EINVAL, IN(1))),
    BAD("timed out though free", OP(0, 0, 1, ACQUIRE, WEIR_ETIMEDOUT, IN(1))),
    GOOD("timed out", OP(0, 0, 1, ACQUIRE, 0, IN(3)), OP(1, 2, 3, ACQUIRE, WEIR_ETIMEDOUT, IN(1))),
    BAD("sleeps though free", OP(0, 0, 9, ACQUIRE, WEIR_LIN_BLOCKED, IN(1))),
    GOOD("sleeps", OP(0, 0, 1, ACQUIRE, 0, IN(3)), OP(1, 2, 9, ACQUIRE, WEIR_LIN_BLOCKED, IN(1))),
};

static const struct hand_made fifo_cases[] = {
    GOOD("more than the size", OP(0, 0, 1, ACQUIRE, WEIR_ETOOBIG, IN(4))),
    BAD("more than the size waits", OP(0, 0, 1, ACQUIRE, WEIR_ETIMEDOUT, IN(4))),
    GOOD("a try fails while one waits", OP(0, 0, 1, ACQUIRE, 0, IN(2)),
         OP(1, 2, 9, ACQUIRE, WEIR_ETIMEDOUT, IN(2), .parked = 3),
         OP(2, 4, 5, TRY_ACQUIRE, WEIR_EAGAIN, IN(1))),
    BAD("a try overtakes one that waits", OP(0, 0, 1, ACQUIRE, 0, IN(2)),
        OP(1, 2, 9, ACQUIRE, 0, IN(2), .parked = 3), OP(2, 4, 5, TRY_ACQUIRE, 0, IN(1)),
        OP(0, 6, 7, RELEASE, 0, IN(2))),
    GOOD("it may have come first", OP(0, 0, 1, ACQUIRE, 0, IN(2)), OP(1, 2, 9, ACQUIRE, 0, IN(2)),
         OP(2, 4, 5, TRY_ACQUIRE, 0, IN(1)), OP(0, 6, 7, RELEASE, 0, IN(2))),
    GOOD("the other may have given up before", OP(0, 0, 1, ACQUIRE, 0, IN(2)),
         OP(1, 2, 9, ACQUIRE, WEIR_ETIMEDOUT, IN(2), .parked = 3),
         OP(2, 4, 5, TRY_ACQUIRE, 0, IN(1))),
    GOOD("giving up lets the next through", OP(0, 0, 1, ACQUIRE, 0, IN(2)),
         OP(1, 2, 6, ACQUIRE, WEIR_ETIMEDOUT, IN(2), .parked = 3),
         OP(2, 4, 7, ACQUIRE, 0, IN(1), .parked = 5)),
    BAD("the next sleeps on though it fits", OP(0, 0, 1, ACQUIRE, 0, IN(2)),
        OP(1, 2, 6, ACQUIRE, WEIR_ECANCELED, IN(2), .parked = 3),
        OP(2, 4, 9, ACQUIRE, WEIR_LIN_BLOCKED, IN(1), .parked = 5)),
    BAD("a small one overtakes a big one", OP(0, 0, 1, ACQUIRE, 0, IN(2)),
        OP(1, 2, 20, ACQUIRE, WEIR_LIN_BLOCKED, IN(3), .parked = 3),
        OP(2, 4, 9, ACQUIRE, 0, IN(1), .parked = 5)),
    BAD("a wake-up is lost", OP(0, 0, 1, ACQUIRE, 0, IN(3)),
        OP(1, 2, 9, ACQUIRE, WEIR_LIN_BLOCKED, IN(1), .parked = 3), OP(0, 4, 5, RELEASE, 0, IN(3))),
    GOOD("a release that never returned serves", OP(0, 0, 1, ACQUIRE, 0, IN(3)),
         OP(1, 2, 9, ACQUIRE, 0, IN(1), .parked = 3), PENDING(0, 4, RELEASE, IN(3))),
};

static void rules_of_semaphore(void **s) {
    (void)s;
    const struct weir_lin_sem plain = { .size = 3, .exact = true },
                              fifo = { .size = 3, .fifo = true, .exact = true };
    struct weir_lin_spec spec;
    assert_int_equal(weir_lin_sem_spec(&spec, &plain), 0);
    CHECK_CASES(&spec, weir_lin_sem_rules, 1, sem_cases);
    assert_int_equal(weir_lin_sem_spec(&spec, &fifo), 0);
    CHECK_CASES(&spec, weir_lin_sem_rules, 1, fifo_cases);
}

/* ---- map ------------------------------------------------------------------------------------- */

static const struct hand_made map_cases[] = {
    GOOD("put, got", OP(0, 0, 1, PUT, 0, IN(1)), OP(1, 2, 3, GET, 0, OUT(1))),
    BAD("a value that was replaced", OP(0, 0, 1, PUT, 0, IN(1)), OP(0, 2, 3, PUT, 0, IN(2)),
        OP(1, 4, 5, GET, 0, OUT(1))),
    BAD("two readers see two orders", OP(0, 0, 9, PUT, 0, IN(1)), OP(1, 0, 9, PUT, 0, IN(2)),
        OP(2, 10, 11, GET, 0, OUT(1)), OP(2, 12, 13, GET, 0, OUT(2))),
    BAD("new, then old", OP(0, 0, 1, PUT, 0, IN(1)), OP(0, 2, 20, PUT, 0, IN(2)),
        OP(1, 3, 4, GET, 0, OUT(2)), OP(1, 5, 6, GET, 0, OUT(1))),
    BAD("there, though deleted", OP(0, 0, 1, PUT, 0, IN(1)), OP(0, 2, 3, DELETE, 0),
        OP(1, 4, 5, GET, 0, OUT(1))),
    BAD("absent, though put", OP(0, 0, 1, PUT, 0, IN(1)), OP(1, 2, 3, GET, WEIR_ENOENT)),
    GOOD("deleting what is absent", OP(0, 0, 1, DELETE, 0), OP(0, 2, 3, DELETE, WEIR_ENOENT)),
    BAD("two winners of get_or_put", OP(0, 0, 5, GET_OR_PUT, 0, IN(1)),
        OP(1, 0, 5, GET_OR_PUT, 0, IN(2))),
    GOOD("one winner of get_or_put", OP(0, 0, 5, GET_OR_PUT, 0, IN(1)),
         OP(1, 0, 5, GET_OR_PUT, WEIR_EEXIST, IN(2), OUT(1))),
    BAD("a loser of get_or_put gets another value", OP(0, 0, 5, GET_OR_PUT, 0, IN(1)),
        OP(1, 0, 5, GET_OR_PUT, WEIR_EEXIST, IN(2), OUT(2))),
    BAD("taken twice", OP(0, 0, 1, PUT, 0, IN(1)), OP(0, 2, 5, TAKE, 0, OUT(1)),
        OP(1, 2, 5, TAKE, 0, OUT(1))),
    GOOD("swaps hand on the values", OP(0, 0, 5, SWAP, WEIR_ENOENT, IN(1)),
         OP(1, 0, 5, SWAP, 0, IN(2), OUT(1)), OP(0, 6, 7, SWAP, 0, IN(3), OUT(2))),
    BAD("a swap loses a value", OP(0, 0, 5, SWAP, WEIR_ENOENT, IN(1)),
        OP(1, 0, 5, SWAP, WEIR_ENOENT, IN(2))),
    BAD("two winners of one cas", OP(0, 0, 1, PUT, 0, IN(1)), OP(0, 2, 5, CAS, 0, IN(1, 2)),
        OP(1, 2, 5, CAS, 0, IN(1, 3))),
    BAD("cas inserts", OP(0, 0, 1, CAS, 0, IN(0, 2))),
    BAD("cas of another value succeeds", OP(0, 0, 1, PUT, 0, IN(1)), OP(0, 2, 3, CAS, 0, IN(5, 2))),
    BAD("cas of the right value fails", OP(0, 0, 1, PUT, 0, IN(1)),
        OP(0, 2, 3, CAS, WEIR_EEXIST, IN(1, 2))),
    GOOD("compare and delete", OP(0, 0, 1, PUT, 0, IN(1)), OP(0, 2, 3, CAD, WEIR_EEXIST, IN(2)),
         OP(0, 4, 5, CAD, 0, IN(1)), OP(0, 6, 7, CAD, WEIR_ENOENT, IN(1))),
    GOOD("no memory: nothing happened", OP(0, 0, 1, PUT, WEIR_ENOMEM, IN(1)),
         OP(0, 2, 3, GET, WEIR_ENOENT)),
    GOOD("keys are apart", OP(0, 0, 1, PUT, 0, IN(1), .key = 1),
         OP(1, 2, 3, GET, WEIR_ENOENT, .key = 2), OP(1, 4, 5, GET, 0, OUT(1), .key = 1)),
    BAD("a fault on the second key", OP(0, 0, 1, PUT, 0, IN(1), .key = 1),
        OP(1, 2, 3, GET, 0, OUT(1), .key = 1), OP(1, 4, 5, GET, 0, OUT(1), .key = 2)),
    GOOD("a put that never returned is seen", PENDING(0, 0, PUT, IN(1)),
         OP(1, 2, 3, GET, 0, OUT(1))),
};

static void rules_of_map(void **s) {
    (void)s;
    const struct weir_lin_map map = { .exact = false };
    struct weir_lin_spec spec;
    assert_int_equal(weir_lin_map_spec(&spec, &map), 0);
    CHECK_CASES(&spec, NULL, 0, map_cases);
}

#define TEST(text, fn) { text, fn, NULL, NULL, NULL }

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST("rules of the ring", rules_of_ring),
        TEST("rules of the semaphore", rules_of_semaphore),
        TEST("rules of the map", rules_of_map),
        TEST("rules of the channel", rules_of_channel),
        TEST("rules of the rendezvous", rules_of_rendezvous),
        TEST("rules of the cache", rules_of_cache),
    };
    return cmocka_run_group_tests_name("lin_rules", tests, NULL, NULL);
}
