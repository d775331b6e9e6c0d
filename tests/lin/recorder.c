/* SPDX-License-Identifier: MIT */
/* tests/lin/recorder.c - stamps and logs of lin/lin.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cases.h"

#include <pthread.h>
#include <stdlib.h>

static weir_lin_recorder *recorder(uint32_t threads, uint32_t ops) {
    weir_lin_recorder *r;
    assert_int_equal(weir_lin_recorder_new(&r, threads, ops), 0);
    return r;
}

/* Where the environment asks for it, there is no time stamp counter. */
static void clock_is_named(void **s) {
    (void)s;
    weir_lin_recorder *r = recorder(1, 1);
    const char *asked = getenv("WEIR_LIN_CLOCK");
    bool monotonic = strstr(weir_lin_clock(), "CLOCK_MONOTONIC") != NULL;
    print_message("clock: %s\n", weir_lin_clock());
    if (asked) assert_true(monotonic);
    assert_int_equal(weir_lin_log_of(r, 0)->tsc, !monotonic);
    if (monotonic) assert_int_equal(weir_lin_ticks_per_us(r), 1000);
    weir_lin_recorder_free(r);
}

static uint64_t steps;
static uint64_t next_step(void *arg) {
    (void)arg;
    return ++steps;
}

static void counter_of_the_caller(void **s) {
    (void)s;
    weir_lin_recorder *r = recorder(2, 4);
    const struct weir_lin_op *ops;
    size_t n;
    weir_lin_set_counter(r, next_step, NULL);
    steps = 100;
    weir_lin_start(r, WEIR_LIN_COUNTER); /* step 101 */
    assert_int_equal(weir_lin_ticks_per_us(r), 0);
    struct weir_lin_log *a = weir_lin_log_of(r, 0), *b = weir_lin_log_of(r, 1);
    assert_null(weir_lin_log_of(r, 2));
    struct weir_lin_op *x = weir_lin_next(a, WEIR_LIN_PUSH, 5), *y;
    weir_lin_in(x, 9);
    weir_lin_call(a, x); /* 102 */
    y = weir_lin_next(b, WEIR_LIN_POP, 5);
    weir_lin_call(b, y);      /* 103 */
    weir_lin_return(a, x, 0); /* 104 */
    assert_int_equal(weir_lin_collect(r, &ops, &n), 0);
    assert_int_equal(n, 2);
    assert_int_equal(ops[0].call, 102);
    assert_int_equal(ops[0].ret, 104);
    assert_int_equal(ops[0].thread, 0);
    assert_int_equal(ops[0].key, 5);
    assert_int_equal(ops[0].in[0], 9);
    assert_false(ops[0].pending);
    assert_int_equal(ops[1].call, 103);
    assert_int_equal(ops[1].thread, 1);
    assert_true(ops[1].pending);
    weir_lin_recorder_free(r);
    weir_lin_recorder_free(NULL);
}

static void full_log_spoils_the_round(void **s) {
    (void)s;
    weir_lin_recorder *r = recorder(1, 2);
    const struct weir_lin_op *ops;
    size_t n;
    struct weir_lin_log *log = weir_lin_log_of(r, 0);
    weir_lin_start(r, WEIR_LIN_BARRIER);
    assert_non_null(weir_lin_next(log, 1, 0));
    assert_non_null(weir_lin_next(log, 1, 0));
    assert_int_equal(weir_lin_collect(r, &ops, &n), 0);
    assert_null(weir_lin_next(log, 1, 0));
    assert_int_equal(weir_lin_collect(r, &ops, &n), WEIR_ETOOBIG);
    weir_lin_start(r, WEIR_LIN_BARRIER);
    assert_non_null(weir_lin_next(log, 1, 0));
    assert_int_equal(weir_lin_collect(r, &ops, &n), 0);
    assert_int_equal(n, 1);
    weir_lin_recorder_free(r);
}

static void one_op(struct weir_lin_log *log) {
    struct weir_lin_op *op = weir_lin_next(log, 1, 0);
    weir_lin_call(log, op);
    weir_lin_return(log, op, 0);
}

/* Widened intervals reach out by 1 us, but never out of their round. */
static void widening(void **s) {
    (void)s;
    enum { OPS = 3 };
    weir_lin_recorder *r = recorder(1, OPS);
    struct weir_lin_log *log = weir_lin_log_of(r, 0);
    const struct weir_lin_op *ops;
    uint64_t until = 0;
    unsigned overlaps[2] = { 0, 0 };
    size_t n;
    for (int round = 0; round < 100; round++) {
        bool wide = round % 2;
        weir_lin_start(r, wide ? WEIR_LIN_WIDE : WEIR_LIN_BARRIER);
        for (int i = 0; i < OPS; i++) one_op(log);
        assert_int_equal(weir_lin_collect(r, &ops, &n), 0);
        assert_int_equal(n, OPS);
        assert_true(ops[0].call > until);
        for (int i = 0; i < OPS; i++) {
            assert_true(ops[i].call <= ops[i].ret);
            assert_int_equal(ops[i].seq, i);
            if (ops[i].ret > until) until = ops[i].ret;
            if (i > 0) assert_true(ops[i].call >= ops[i - 1].call && ops[i].ret >= ops[i - 1].ret);
        }
        overlaps[wide] += ops[0].ret >= ops[1].call;
    }
    assert_true(overlaps[1] >= 25); /* of 50; unless the thread was interrupted in between */
    assert_true(overlaps[1] > overlaps[0]);
    weir_lin_recorder_free(r);
}

/* ---- stamps agree with what happened before what --------------------------------------------- */

enum { PINGS = 2000 };

struct ping {
    weir_lin_recorder *rec;
    weir_au32 turn;
};

/* The two threads take turns, so that each operation happens before the next one of the other. */
static void *ping(void *arg) {
    struct ping *p = arg;
    struct weir_lin_log *log = weir_lin_log_of(p->rec, 1);
    for (uint32_t i = 0; i < PINGS; i++) {
        for (uint32_t k = 1; weir_load_acquire(&p->turn, 0) != 2 * i + 1; k++)
            if (k % 64 == 0) (void)sched_yield();
        one_op(log);
        weir_store_release(&p->turn, 2 * i + 2, 0);
    }
    return NULL;
}

static void stamps_are_in_order(void **s) {
    (void)s;
    struct ping p = { .rec = recorder(2, PINGS) };
    const struct weir_lin_op *ops;
    pthread_t other;
    size_t n;
    weir_lin_start(p.rec, WEIR_LIN_BARRIER);
    struct weir_lin_log *log = weir_lin_log_of(p.rec, 0);
    assert_int_equal(pthread_create(&other, NULL, ping, &p), 0);
    for (uint32_t i = 0; i < PINGS; i++) {
        one_op(log);
        weir_store_release(&p.turn, 2 * i + 1, 0);
        for (uint32_t k = 1; weir_load_acquire(&p.turn, 0) != 2 * i + 2; k++)
            if (k % 64 == 0) (void)sched_yield();
    }
    (void)pthread_join(other, NULL);
    assert_int_equal(weir_lin_collect(p.rec, &ops, &n), 0);
    assert_int_equal(n, 2 * PINGS);
    for (size_t i = 0; i < PINGS;
         i++) { /* never "mine returned after yours was called": may be equal */
        assert_true(ops[i].call <= ops[PINGS + i].ret);
        assert_true(ops[i].ret <= ops[PINGS + i].ret);
        if (i + 1 < PINGS) assert_true(ops[PINGS + i].call <= ops[i + 1].call);
    }
    weir_lin_recorder_free(p.rec);
}

static void split_makes_two(void **s) {
    (void)s;
    const struct weir_lin_op ops[] = {
        OP(0, 10, 20, SEND, 0, IN(5), .seq = 3),
        OP(1, 10, 30, RECV, WEIR_LIN_BLOCKED, .seq = 4, .parked = 15),
        PENDING(2, 12, SEND, IN(6)),
        OP(2, 1, 2, TRY_RECV, WEIR_EAGAIN, .seq = 1),
    };
    struct weir_lin_op out[8];
    assert_int_equal(weir_lin_split(ops, 4, weir_lin_chan_rules, 2, out), 6);
    assert_int_equal(out[0].kind, WEIR_LIN_SEND_ASK);
    assert_int_equal(out[1].kind, WEIR_LIN_SEND_ANSWER);
    assert_int_equal(weir_lin_ticket(&out[0]), weir_lin_ticket(&out[1]));
    assert_int_equal(out[0].ret, 20);
    assert_true(out[0].seq < out[1].seq);
    assert_int_equal(out[2].kind, WEIR_LIN_RECV_ASK);
    assert_int_equal(out[2].ret, 15); /* parked by then */
    assert_int_equal(out[3].call, 30);
    assert_int_not_equal(weir_lin_ticket(&out[2]), weir_lin_ticket(&out[0]));
    assert_true(out[4].pending && out[4].kind == WEIR_LIN_SEND_ASK);
    assert_int_equal(out[5].kind, WEIR_LIN_TRY_RECV);
    assert_int_equal(out[5].seq, 2);
}

#define TEST(text, fn) { text, fn, NULL, NULL, NULL }

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST("the clock is named", clock_is_named),
        TEST("a counter of the caller", counter_of_the_caller),
        TEST("a full log spoils the round", full_log_spoils_the_round),
        TEST("widened intervals stay in their round", widening),
        TEST("stamps follow what happened before what", stamps_are_in_order),
        TEST("split operations", split_makes_two),
    };
    return cmocka_run_group_tests_name("lin_recorder", tests, NULL, NULL);
}
