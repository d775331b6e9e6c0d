/* SPDX-License-Identifier: MIT */
/* tests/lin/monitor.c - the monitor of lin/monitor.h: each pattern, agreement with the checker on
 * random small histories, and long runs of weir's rings. monitor [HISTORIES]: 10000 unless told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "profiles.h"
#include "stress/lin/monitor.h"

#include <weir/weir.h>

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

static unsigned long histories = 10000;

/* ---- each pattern ---------------------------------------------------------------------------- */

#define PUSHED(v, c, r) { c, r, v, WEIR_LIN_PUSHED, 0 }
#define POPPED(v, c, r) { c, r, v, WEIR_LIN_POPPED, 1 }
#define EMPTY(c, r) { c, r, 0, WEIR_LIN_SAID_EMPTY, 1 }
#define FULL(c, r) { c, r, 0, WEIR_LIN_SAID_FULL, 0 }
#define POPPING(c) { c, UINT64_MAX, 0, WEIR_LIN_POPPING, 1 }

static enum weir_lin_pattern pattern_of(const struct weir_lin_event *ev, size_t n, uint64_t cap) {
    struct weir_lin_finding f;
    enum weir_lin_verdict v = weir_lin_monitor(ev, n, cap, &f);
    assert_int_equal(v, f.pattern ? WEIR_LIN_VIOLATION : WEIR_LIN_OK);
    assert_true(!f.pattern || f.nevents > 0);
    return f.pattern;
}
#define PATTERN(cap, ...)                                               \
    pattern_of((const struct weir_lin_event[]){ __VA_ARGS__ },          \
               sizeof((const struct weir_lin_event[]){ __VA_ARGS__ }) / \
                   sizeof(struct weir_lin_event),                       \
               cap)

static void finds_each_pattern(void **s) {
    (void)s;
    assert_int_equal(PATTERN(0, PUSHED(1, 0, 1), POPPED(2, 2, 3)), WEIR_LIN_FRESH);
    assert_int_equal(PATTERN(0, POPPED(1, 0, 1), PUSHED(1, 2, 3)), WEIR_LIN_FRESH);
    assert_int_equal(PATTERN(0, PUSHED(1, 0, 1), POPPED(1, 2, 3), POPPED(1, 2, 3)),
                     WEIR_LIN_REPEAT);
    assert_int_equal(PATTERN(0, PUSHED(1, 0, 1), PUSHED(2, 2, 3), POPPED(2, 4, 5), POPPED(1, 6, 7)),
                     WEIR_LIN_ORDER);
    assert_int_equal(PATTERN(0, PUSHED(1, 0, 1), PUSHED(2, 2, 3), POPPED(2, 4, 5)), WEIR_LIN_ORDER);
    assert_int_equal(PATTERN(0, PUSHED(1, 0, 1), EMPTY(2, 3)), WEIR_LIN_FALSE_EMPTY);
    /* one value hands over to the next: 1 is inside from 1 to 5, 2 from 4 to 9 */
    assert_int_equal(PATTERN(0, PUSHED(1, 0, 1), PUSHED(2, 3, 4), EMPTY(2, 8), POPPED(1, 5, 6),
                             POPPED(2, 9, 10)),
                     WEIR_LIN_FALSE_EMPTY);
    assert_int_equal(PATTERN(2, PUSHED(1, 0, 1), FULL(2, 3)), WEIR_LIN_FALSE_FULL);
    assert_int_equal(PATTERN(2, PUSHED(1, 0, 1), PUSHED(2, 2, 3), POPPED(1, 4, 5), FULL(6, 7)),
                     WEIR_LIN_FALSE_FULL);
}

static void accepts_what_may_be(void **s) {
    (void)s;
    assert_int_equal(PATTERN(0, PUSHED(1, 0, 2), POPPED(1, 1, 3)), 0);
    assert_int_equal(PATTERN(0, POPPED(1, 0, 2), PUSHED(1, 2, 3)), 0); /* at instant 2 */
    assert_int_equal(PATTERN(0, PUSHED(1, 0, 2), PUSHED(2, 2, 3), POPPED(2, 4, 5), POPPED(1, 6, 7)),
                     0);
    assert_int_equal(PATTERN(0, PUSHED(1, 0, 1), EMPTY(1, 3)), 0);
    assert_int_equal(PATTERN(0, PUSHED(1, 0, 1), POPPED(1, 3, 3), PUSHED(2, 3, 3), EMPTY(2, 4)), 0);
    /* the pop that never returned may have taken 1 */
    assert_int_equal(PATTERN(0, PUSHED(1, 0, 1), PUSHED(2, 2, 3), POPPED(2, 4, 5), POPPING(3)), 0);
    assert_int_equal(PATTERN(0, PUSHED(1, 0, 1), POPPING(2), EMPTY(3, 4)), 0);
    /* the push that never returned may have filled the ring */
    assert_int_equal(PATTERN(1, PUSHED(1, 0, UINT64_MAX), FULL(1, 2)), 0);
    assert_int_equal(PATTERN(2, PUSHED(1, 0, 1), FULL(2, 3), PUSHED(2, 3, 4)), 0);
    assert_int_equal(PATTERN(1, PUSHED(1, 0, 1), POPPED(1, 3, 6), FULL(4, 5)), 0);
}

static void refuses_what_is_no_history(void **s) {
    (void)s;
    struct weir_lin_finding f;
    const struct weir_lin_event twice[] = { PUSHED(1, 0, 1), PUSHED(1, 2, 3) };
    const struct weir_lin_event backwards[] = { PUSHED(1, 2, 1) };
    assert_int_equal(weir_lin_monitor(twice, 2, 0, &f), WEIR_LIN_MALFORMED);
    assert_non_null(f.reason);
    assert_int_equal(weir_lin_monitor(backwards, 1, 0, &f), WEIR_LIN_MALFORMED);
    assert_int_equal(weir_lin_monitor(NULL, 0, 0, &f), WEIR_LIN_OK);
}

static void prints_the_finding(void **s) {
    (void)s;
    char *text;
    size_t n;
    const struct weir_lin_event ev[] = { PUSHED(1, 0, 1), PUSHED(77, 2, 3), POPPED(77, 4, 5) };
    struct weir_lin_finding f;
    assert_int_equal(weir_lin_monitor(ev, 3, 0, &f), WEIR_LIN_VIOLATION);
    FILE *to = open_memstream(&text, &n);
    weir_lin_monitor_print(&f, ev, to);
    (void)fclose(to);
    assert_non_null(strstr(text, "ORDER"));
    assert_non_null(strstr(text, "pop 77"));
    assert_non_null(strstr(text, "[2 3] push 77"));
    free(text);
}

/* ---- against the checker --------------------------------------------------------------------- */

static void single_ask(struct rng *r, struct weir_lin_op *op, uint64_t *fresh) {
    op->kind = rng_chance(r, 55) ? WEIR_LIN_PUSH : WEIR_LIN_POP;
    if (op->kind == WEIR_LIN_PUSH) weir_lin_in(op, ++*fresh);
}

static void moved_answer(struct rng *r, struct weir_lin_op *op, uint64_t values) {
    op->result = 0;
    op->nout = 0;
    if (op->kind == WEIR_LIN_POP) weir_lin_out(op, 1 + rng_below(r, (unsigned)values + 1));
}

static void any_answer(struct rng *r, struct weir_lin_op *op, uint64_t values) {
    moved_answer(r, op, values);
    if (!rng_chance(r, 40)) return;
    op->result = WEIR_EAGAIN;
    op->nout = 0;
}

struct agreement {
    unsigned long good, bad, missed;
};

/* Program order of overlapping intervals is known to the checker alone: each operation gets a
 * thread of its own here, so that both see the same. */
static struct agreement compare(const struct weir_lin_ring *shape, bool answers_fail,
                                bool all_return) {
    struct profile p = { .threads = 3, .ops = GEN_OPS, .keys = 1, .ask = single_ask };
    struct agreement a = { 0, 0, 0 };
    struct rng r = { 99 + answers_fail };
    weir_lin_checker *c;
    p.answer = answers_fail ? any_answer : moved_answer;
    assert_int_equal(weir_lin_ring_spec(&p.spec, shape), 0);
    assert_int_equal(weir_lin_checker_new(&c, &p.spec, NULL), 0);
    for (unsigned long i = 0; i < histories; i++) {
        struct made m;
        struct weir_lin_event ev[16 * GEN_OPS];
        struct weir_lin_finding f;
        gen_history(&p, &r, &m);
        bool pending = false;
        for (uint32_t k = 0; k < m.n; k++) {
            m.ops[k].thread = k;
            pending |= m.ops[k].pending;
        }
        if (all_return && pending) continue;
        size_t n = weir_lin_monitor_events(m.ops, m.n, ev);
        bool good = weir_lin_check(c, m.ops, m.n) == WEIR_LIN_OK;
        enum weir_lin_verdict v = weir_lin_monitor(ev, n, shape->cap, &f);
        if (v == WEIR_LIN_VIOLATION && good) {
            weir_lin_monitor_print(&f, ev, stderr);
            fail_msg("the monitor refuses a linearizable history");
        }
        assert_true(v == WEIR_LIN_OK || v == WEIR_LIN_VIOLATION);
        a.good += good;
        a.bad += !good;
        a.missed += !good && v == WEIR_LIN_OK;
    }
    weir_lin_checker_free(c);
    print_message("%lu good, %lu bad, of these %lu not seen by the monitor\n", a.good, a.bad,
                  a.missed);
    assert_true(a.good > histories / 10 && a.bad > histories / 20);
    return a;
}

static void complete_without_empty_and_full(void **s) {
    (void)s;
    struct agreement a = compare(&(struct weir_lin_ring){ .cap = 16 }, false, true);
    assert_int_equal(a.missed, 0);
}

static void sound_with_empty(void **s) {
    (void)s;
    struct agreement a = compare(&(struct weir_lin_ring){ .cap = 16 }, true, false);
    assert_true(a.missed < a.bad / 4);
}

static void sound_with_full(void **s) {
    (void)s;
    struct agreement a = compare(&(struct weir_lin_ring){ .cap = 2 }, true, false);
    assert_true(a.missed < a.bad / 2);
}

/* ---- long runs ------------------------------------------------------------------------------- */

enum { LONG_OPS = 10000, LONG_THREADS = 4 };

struct long_run {
    weir_mpmc *ring;
    weir_lin_recorder *rec;
    uint32_t thread;
};

/* Threads 0 and 1 push, 2 and 3 pop; a refusal is an operation as well. */
static void *long_thread(void *arg) {
    struct long_run *l = arg;
    struct weir_lin_log *log = weir_lin_log_of(l->rec, l->thread);
    for (uint64_t i = 0; i < LONG_OPS; i++) {
        bool push = l->thread < 2;
        struct weir_lin_op *op = weir_lin_next(log, push ? WEIR_LIN_PUSH : WEIR_LIN_POP, 0);
        if (push) weir_lin_in(op, (uint64_t)l->thread << 32 | (i + 1));
        weir_lin_call(log, op);
        int rc = push ? weir_mpmc_try_push(l->ring, op->in) : weir_mpmc_try_pop(l->ring, op->out);
        weir_lin_return(log, op, rc);
        if (!push && rc == 0) op->nout = 1;
        if (rc != 0 && i % 4 == 0) (void)sched_yield();
    }
    return NULL;
}

static void run_long(weir_lin_recorder *rec, uint32_t cap, enum weir_lin_mode mode) {
    struct weir_ring_opts o = WEIR_RING_OPTS(cap, sizeof(uint64_t));
    struct long_run l[LONG_THREADS];
    pthread_t id[LONG_THREADS];
    weir_mpmc *ring;
    assert_int_equal(weir_mpmc_new(&ring, &o), 0);
    weir_lin_start(rec, mode);
    for (uint32_t i = 0; i < LONG_THREADS; i++) {
        l[i] = (struct long_run){ ring, rec, i };
        assert_int_equal(pthread_create(&id[i], NULL, long_thread, &l[i]), 0);
    }
    for (uint32_t i = 0; i < LONG_THREADS; i++) (void)pthread_join(id[i], NULL);
    assert_int_equal(weir_mpmc_free(ring), 0);
}

static void long_runs_of_mpmc(void **s) {
    (void)s;
    weir_lin_recorder *rec;
    const struct weir_lin_op *ops;
    size_t n;
    assert_int_equal(weir_lin_recorder_new(&rec, LONG_THREADS, LONG_OPS), 0);
    struct weir_lin_event *ev = malloc(LONG_OPS * LONG_THREADS * sizeof *ev);
    assert_non_null(ev);
    for (int i = 0; i < 4; i++) {
        uint32_t cap = i < 2 ? 64 : 3;
        run_long(rec, cap, i % 2 ? WEIR_LIN_WIDE : WEIR_LIN_BARRIER);
        assert_int_equal(weir_lin_collect(rec, &ops, &n), 0);
        assert_int_equal(n, LONG_OPS * LONG_THREADS);
        size_t events = weir_lin_monitor_events(ops, n, ev);
        struct weir_lin_finding f;
        enum weir_lin_verdict v = weir_lin_monitor(ev, events, cap, &f);
        if (v != WEIR_LIN_OK) weir_lin_monitor_print(&f, ev, stderr);
        assert_int_equal(v, WEIR_LIN_OK);
        print_message("cap %u: %zu events\n", cap, events);
    }
    free(ev);
    weir_lin_recorder_free(rec);
}

/* A fault deep inside a long history, made by hand. */
static void finds_one_fault_in_many(void **s) {
    (void)s;
    enum { N = 100000 };
    struct weir_lin_event *ev = malloc(2 * N * sizeof *ev);
    struct weir_lin_finding f;
    assert_non_null(ev);
    for (uint64_t i = 0; i < N; i++) {
        ev[2 * i] = (struct weir_lin_event)PUSHED(i + 1, 10 * i, 10 * i + 5);
        ev[2 * i + 1] = (struct weir_lin_event)POPPED(i + 1, 10 * i + 503, 10 * i + 508);
    }
    assert_int_equal(weir_lin_monitor(ev, 2 * N, 64, &f), WEIR_LIN_OK);
    uint64_t v = ev[140001].value; /* two pops, one after the other, change places */
    ev[140001].value = ev[140003].value;
    ev[140003].value = v;
    assert_int_equal(weir_lin_monitor(ev, 2 * N, 64, &f), WEIR_LIN_VIOLATION);
    assert_int_equal(f.pattern, WEIR_LIN_ORDER);
    free(ev);
}

#define TEST(text, fn) { text, fn, NULL, NULL, NULL }

int main(int argc, char **argv) {
    if (argc > 1) histories = strtoul(argv[1], NULL, 10);
    const struct CMUnitTest tests[] = {
        TEST("finds each pattern", finds_each_pattern),
        TEST("accepts what a queue may do", accepts_what_may_be),
        TEST("refuses what is no history", refuses_what_is_no_history),
        TEST("prints the finding", prints_the_finding),
        TEST("agrees with the checker on pushes and pops", complete_without_empty_and_full),
        TEST("never refuses what the checker accepts: empty", sound_with_empty),
        TEST("never refuses what the checker accepts: full", sound_with_full),
        TEST("finds one fault in 200000 events", finds_one_fault_in_many),
        TEST("RING7 long runs of weir_mpmc show no pattern", long_runs_of_mpmc),
    };
    return cmocka_run_group_tests_name("lin_monitor", tests, NULL, NULL);
}
