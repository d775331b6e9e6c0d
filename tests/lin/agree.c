/* SPDX-License-Identifier: MIT */
/* tests/lin/agree.c - the checker against the enumeration of all orders, on random small histories
 * of each specification. agree [HISTORIES [SEED]]: per specification, 3000 unless told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "profiles.h"

#include <stdio.h>
#include <stdlib.h>

static unsigned long histories = 3000;
static uint64_t seed = 1;

struct tally {
    unsigned long good, bad, unchanged;
};

static void print_ops(const struct profile *p, const struct made *m) {
    char text[160];
    for (size_t i = 0; i < m->n; i++) {
        p->spec.describe_op(p->spec.arg, &m->ops[i], text, sizeof text);
        print_message("T%u.%u key %llu [%llu %llu] %s\n", m->ops[i].thread, m->ops[i].seq,
                      (unsigned long long)m->ops[i].key, (unsigned long long)m->ops[i].call,
                      (unsigned long long)m->ops[i].ret, text);
    }
}

static int by_call(const void *a, const void *b) {
    const struct weir_lin_op *x = a, *y = b;
    return x->call < y->call ? -1 : x->call > y->call;
}

/* The same history, handed over piece by piece, wherever nothing runs. */
static enum weir_lin_verdict in_rounds(weir_lin_checker *c, struct made *m) {
    qsort(m->ops, m->n, sizeof m->ops[0], by_call);
    weir_lin_begin(c, 0);
    uint64_t until = 0;
    size_t from = 0;
    bool open = false;
    for (size_t i = 0; i < m->n; i++) {
        if (i > from && !open && m->ops[i].call > until) {
            (void)weir_lin_advance(c, m->ops + from, i - from, false);
            from = i;
        }
        open |= m->ops[i].pending;
        if (!m->ops[i].pending && m->ops[i].ret > until) until = m->ops[i].ret;
    }
    return weir_lin_advance(c, m->ops + from, m->n - from, true);
}

static void compare_one(const struct profile *p, weir_lin_checker *c, struct rng *r,
                        struct tally *t) {
    struct made m;
    uint64_t at = r->s;
    gen_history(p, r, &m);
    bool expected = brute_linearizable(&p->spec, m.ops, m.n);
    enum weir_lin_verdict v = weir_lin_check(c, m.ops, m.n);
    bool agreed = v == (expected ? WEIR_LIN_OK : WEIR_LIN_VIOLATION);
    if (!agreed || (!m.changed && !expected)) {
        print_message("seed state %llx: enumeration says %s\n", (unsigned long long)at,
                      expected ? "good" : "bad");
        print_ops(p, &m);
        weir_lin_print(c, stderr);
    }
    assert_true(agreed);
    if (!m.changed) assert_true(expected);
    if (!p->spec.keyed) assert_int_equal(in_rounds(c, &m), v);
    t->good += expected;
    t->bad += !expected;
    t->unchanged += !m.changed;
}

static void agrees(enum which w) {
    struct profile p = profile_of(w);
    struct rng r = { seed * 1000 + w };
    struct tally t = { 0, 0, 0 };
    weir_lin_checker *c;
    assert_int_equal(weir_lin_checker_new(&c, &p.spec, NULL), 0);
    for (unsigned long i = 0; i < histories; i++) compare_one(&p, c, &r, &t);
    struct weir_lin_stats s = weir_lin_stats(c);
    weir_lin_checker_free(c);
    double n = (double)s.histories;
    print_message("%s: %lu histories, %lu good, %lu bad, %.1f operations, %.2f windows, %.0f "
                  "configurations each\n",
                  profile_names[w], histories, t.good, t.bad, (double)s.operations / n,
                  (double)s.windows / n, (double)s.configurations / n);
    assert_true(t.good >= histories / 5 && t.bad >= histories / 10);
    assert_true(t.unchanged >= histories / 4);
}

static void ring_agrees(void **s) {
    (void)s;
    agrees(P_RING);
}
static void exact_ring_agrees(void **s) {
    (void)s;
    agrees(P_RING_EXACT);
}
static void chan_agrees(void **s) {
    (void)s;
    agrees(P_CHAN);
}
static void rendezvous_agrees(void **s) {
    (void)s;
    agrees(P_RENDEZVOUS);
}
static void sem_agrees(void **s) {
    (void)s;
    agrees(P_SEM);
}
static void fifo_sem_agrees(void **s) {
    (void)s;
    agrees(P_SEM_FIFO);
}
static void map_agrees(void **s) {
    (void)s;
    agrees(P_MAP);
}
static void cache_agrees(void **s) {
    (void)s;
    agrees(P_CACHE);
}
static void deque_agrees(void **s) {
    (void)s;
    agrees(P_DEQUE);
}
static void exact_deque_agrees(void **s) {
    (void)s;
    agrees(P_DEQUE_EXACT);
}

int main(int argc, char **argv) {
    if (argc > 1) histories = strtoul(argv[1], NULL, 10);
    if (argc > 2) seed = strtoull(argv[2], NULL, 10);
    if (histories < 100) {
        (void)fprintf(stderr, "agree: at least 100 histories\n");
        return 2;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ring_agrees),  cmocka_unit_test(exact_ring_agrees),
        cmocka_unit_test(chan_agrees),  cmocka_unit_test(rendezvous_agrees),
        cmocka_unit_test(sem_agrees),   cmocka_unit_test(fifo_sem_agrees),
        cmocka_unit_test(map_agrees),   cmocka_unit_test(cache_agrees),
        cmocka_unit_test(deque_agrees), cmocka_unit_test(exact_deque_agrees),
    };
    return cmocka_run_group_tests_name("lin_agree", tests, NULL, NULL);
}
