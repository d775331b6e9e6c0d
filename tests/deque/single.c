/* SPDX-License-Identifier: MIT */
/* tests/deque/single.c - DEQUE1, DEQUE3, DEQUE4 of one thread, of either deque. */
#include "cases.h"

/* ---- DEQUE1 ----------------------------------------------------------------------------------------------- */

static void order_of(dq *d) {
    for (uintptr_t v = 1; v <= 6; v++) pushed(d, v);
    CHECK_IS(dq_len(d), 6);
    CHECK_IS(popped(d), 6);
    CHECK_IS(stolen(d), 1);
    CHECK_IS(stolen(d), 2);
    CHECK_IS(popped(d), 5);
    pushed(d, 7);
    CHECK_IS(popped(d), 7);
    CHECK_IS(stolen(d), 3);
    CHECK_IS(dq_len(d), 1);
    CHECK_IS(popped(d), 4);
    for (int i = 0; i < 2; i++) {
        CHECK_IS(popped(d), WEIR_EAGAIN);
        CHECK_IS(stolen(d), WEIR_EAGAIN);
    }
    pushed(d, 8);
    CHECK_IS(stolen(d), 8);
    CHECK_IS(popped(d), WEIR_EAGAIN);
    CHECK_IS(dq_len(d), 0);
}

static void d1_order(void) {
    for (size_t cap = 0; cap <= 9; cap++) {
        dq *d = dq_make(cap, NULL);
        for (int i = 0; i < 20; i++) order_of(d);
        CHECK_IS(dq_free(d), 0);
    }
}

static void d1_any_word(void) {
    static void *const words[] = { NULL, (void *)UINTPTR_MAX, (void *)1, NULL };
    dq *d = dq_make(2, NULL);
    void *e = &d;
    for (int i = 0; i < 4; i++) CHECK_IS(dq_push(d, words[i]), 0);
    CHECK(dq_pop(d, &e) == 0 && !e, "NULL went in last");
    CHECK(dq_steal(d, &e) == 0 && !e, "NULL went in first");
    CHECK(dq_steal(d, &e) == 0 && e == words[1], "it is another one");
    CHECK(dq_pop(d, &e) == 0 && e == words[2], "it is another one");
    CHECK(dq_pop(d, &e) == WEIR_EAGAIN && e == words[2], "a call that fails has written");
    CHECK(dq_steal(d, &e) == WEIR_EAGAIN && e == words[2], "a call that fails has written");
    CHECK_IS(dq_free(d), 0);
}

/* Against an array of all that went in, of which [top, bottom) is left. */
#define LONGEST 300

static void batch_of(dq *d, const uintptr_t *in, size_t *top, size_t bottom) {
    void *e[8];
    size_t n = rng_below(8), half = (bottom - *top + 1) / 2, want = n < half ? n : half;
    ptrdiff_t got = dq_steal_n(d, e, n);
    CHECK_IS(got, n > 0 && bottom == *top ? WEIR_EAGAIN : (int64_t)want);
    for (ptrdiff_t i = 0; i < got; i++) CHECK(e[i] == word(in[(*top)++]), "not the oldest");
}

static void walk(dq *d, unsigned steps) {
    uintptr_t in[LONGEST] = { 0 }, next = 1;
    size_t top = 0, bottom = 0;
    for (unsigned i = 0; i < steps && checks_hold(); i++) {
        uint64_t what = rng_below(100), phase = i / 64 % 2 ? 60 : 35;
        if (what < phase && bottom < LONGEST) {
            in[bottom++] = next;
            pushed(d, next++);
        } else if (what < 85) {
            CHECK_IS(popped(d), bottom > top ? (int64_t)in[--bottom] : WEIR_EAGAIN);
        } else if (what < 95) {
            CHECK_IS(stolen(d), bottom > top ? (int64_t)in[top++] : WEIR_EAGAIN);
        } else {
            batch_of(d, in, &top, bottom);
        }
        CHECK_IS(dq_len(d), bottom - top);
        if (bottom == top) top = bottom = 0;
    }
}

static void d1_walk(void) {
    for (size_t cap = 1; cap <= 64; cap *= 2) {
        check_context("cap %zu", cap);
        dq *d = dq_make(cap, NULL);
        walk(d, (unsigned)times(3000));
        CHECK_IS(dq_free(d), 0);
    }
}

static void d1_wrap(void) {
    for (size_t cap = 1; cap <= 4; cap *= 2)
        for (uint64_t before = 0; before <= 12; before++) {
            struct weir_deque_opts opts = WEIR_DEQUE_OPTS(cap);
            dq *d;
            check_context("cap %zu, %u before the wrap", cap, (unsigned)before);
            if (!CHECK_IS(dq_new_at(&d, &opts, 0 - before), 0)) return;
            order_of(d);
            CHECK_IS(dq_free(d), 0);
            if (!CHECK_IS(dq_new_at(&d, &opts, 0 - before), 0)) return;
            walk(d, 100);
            CHECK_IS(dq_free(d), 0);
        }
}

static void d1_batch(void) {
    dq *d = dq_make(4, NULL);
    void *e[16];
    for (uintptr_t v = 1; v <= 9; v++) pushed(d, v);
    CHECK_IS(dq_steal_n(d, e, 0), 0);
    CHECK_IS(dq_steal_n(d, e, 2), 2);
    CHECK(e[0] == word(1) && e[1] == word(2), "not the oldest");
    CHECK_IS(dq_steal_n(d, e, 16), 4);
    for (uintptr_t i = 0; i < 4; i++) CHECK(e[i] == word(3 + i), "not the oldest");
    CHECK_IS(dq_steal_n(d, e, 16), 2);
    CHECK_IS(dq_steal_n(d, e, 16), 1);
    CHECK(e[0] == word(9), "not the last");
    CHECK_IS(dq_steal_n(d, e, 16), WEIR_EAGAIN);
    CHECK_IS(dq_steal_n(d, e, 0), 0);
    CHECK_IS(dq_free(d), 0);
}

/* ---- DEQUE3 ----------------------------------------------------------------------------------------------- */

static void d3_shrinks(void) {
    struct failing_alloc f;
    failing_alloc_init(&f, 0);
    dq *d = dq_make(4, &f.as);
    size_t first = f.bytes_out;
    fill(d, 1, 4);
    CHECK_IS(dq_cap(d), 4);
    fill(d, 5, 1000);
    CHECK_IS(dq_cap(d), 1024);
    CHECK_IS(dq_trim(d), WEIR_EAGAIN);
    drain(d, 1, 1000);
    CHECK_IS(dq_cap(d), 1024); /* once empty: it may be filled again */
    fill(d, 1, 500);
    drain(d, 1, 500); /* as it was: more than a quarter */
    CHECK_IS(dq_cap(d), 1024);
    CHECK_IS(popped(d), WEIR_EAGAIN); /* nothing has happened since */
    CHECK_IS(dq_cap(d), 1024);
    fill(d, 1, 256);
    drain(d, 1, 256);
    CHECK_IS(dq_cap(d), 4);
    CHECK_IS(weir_rcu_barrier(), 0);
    CHECK_IS(f.bytes_out, first);
    fill(d, 1, 100);
    drain(d, 1, 100);
    CHECK_IS(dq_cap(d), 128);
    CHECK_IS(dq_trim(d), 0);
    CHECK_IS(dq_trim(d), 0);
    CHECK_IS(dq_cap(d), 4);
    CHECK_IS(weir_rcu_barrier(), 0);
    CHECK_IS(f.bytes_out, first);
    order_of(d);
    CHECK_IS(dq_free(d), 0);
    CHECK_IS(f.out, 0);
}

/* Emptied by thieves, which the owner finds out. */
static void d3_stolen_empty(void) {
    dq *d = dq_make(4, NULL);
    fill(d, 1, 100);
    for (int round = 0; round < 2; round++) {
        for (uintptr_t v = 1; v <= (round ? 10 : 100); v++) CHECK_IS(stolen(d), (int64_t)v);
        CHECK_IS(dq_cap(d), 128);
        CHECK_IS(popped(d), WEIR_EAGAIN);
        if (round == 0) fill(d, 1, 10);
    }
    CHECK_IS(dq_cap(d), 4);
    CHECK_IS(dq_free(d), 0);
}

static void d3_no_memory(void) {
    struct failing_alloc f;
    for (size_t cap = 1; cap <= 8; cap *= 2) {
        failing_alloc_init(&f, 0);
        dq *d = dq_make(cap, &f.as);
        for (size_t round = 0; round < 4; round++) {
            size_t full = dq_cap(d);
            fill(d, dq_len(d) + 1, full);
            for (int again = 0; again < 3; again++) {
                f.fail_at = f.requests + 1;
                CHECK_IS(dq_push(d, word(99)), WEIR_ENOMEM);
                CHECK_IS(dq_len(d), full);
                CHECK_IS(dq_cap(d), full);
            }
            CHECK_IS(popped(d), (int64_t)full); /* usable, and then there is room */
            pushed(d, full);
            pushed(d, full + 1); /* there is memory again */
            CHECK_IS(dq_cap(d), 2 * full);
        }
        drain(d, 1, dq_len(d));
        CHECK_IS(popped(d), WEIR_EAGAIN);
        CHECK_IS(dq_free(d), 0);
        CHECK_IS(f.out, 0);
        failing_alloc_init(&f, 1);
        struct weir_deque_opts opts = WEIR_DEQUE_OPTS(cap);
        opts.alloc = &f.as;
        d = (dq *)&f;
        CHECK_IS(dq_new(&d, &opts), WEIR_ENOMEM);
        CHECK(!d && f.out == 0, "something was left");
    }
}

/* Room comes also from steals, without memory. */
static void d3_no_memory_stolen(void) {
    struct failing_alloc f;
    failing_alloc_init(&f, 0);
    dq *d = dq_make(4, &f.as);
    fill(d, 1, 4);
    f.fail_at = f.requests + 1;
    CHECK_IS(dq_push(d, word(5)), WEIR_ENOMEM);
    CHECK_IS(stolen(d), 1);
    pushed(d, 5);
    CHECK_IS(dq_cap(d), 4);
    drain(d, 2, 5);
    CHECK_IS(dq_free(d), 0);
    CHECK_IS(f.out, 0);
}

/* ---- what is left inside ---------------------------------------------------------------------------------- */

static void sum_up(void *elem, void *arg) {
    uintptr_t *sum = arg;
    *sum = *sum * 10 + (uintptr_t)*(void **)elem;
}

static void d3_drop(void) {
    uintptr_t sum = 0;
    for (size_t cap = 1; cap <= 8; cap *= 8) {
        struct weir_deque_opts opts = WEIR_DEQUE_OPTS(cap);
        dq *d;
        opts.drop = sum_up;
        opts.drop_arg = &sum;
        sum = 0;
        CHECK_IS(dq_new(&d, &opts), 0);
        fill(d, 1, 6);
        CHECK_IS(popped(d), 6);
        CHECK_IS(stolen(d), 1);
        CHECK_IS(sum, 0);
        CHECK_IS(dq_free(d), 0);
        CHECK_IS(sum, 2345); /* the oldest first */
    }
}

/* ---- misuse ----------------------------------------------------------------------------------------------- */

static void d4_arguments(void) {
    struct weir_deque_opts opts = WEIR_DEQUE_OPTS(1);
    static const struct weir_alloc none = { NULL, NULL, NULL };
    dq *d;
    void *e = NULL;
    count_misuse(true);
    CHECK_IS(dq_new(NULL, &opts), WEIR_EINVAL);
    opts.size--;
    CHECK_IS(dq_new(&d, &opts), WEIR_EINVAL);
    CHECK(!d, "there is one");
    opts = (struct weir_deque_opts)WEIR_DEQUE_OPTS(((size_t)1 << 31) + 1);
    CHECK_IS(dq_new(&d, &opts), WEIR_EINVAL);
    opts = (struct weir_deque_opts)WEIR_DEQUE_OPTS(1);
    opts.alloc = &none;
    CHECK_IS(dq_new(&d, &opts), WEIR_EINVAL);
    CHECK_IS(dq_free(NULL), 0);
    CHECK_IS(dq_push(NULL, NULL), WEIR_EINVAL);
    CHECK_IS(dq_pop(NULL, &e), WEIR_EINVAL);
    CHECK_IS(dq_steal(NULL, &e), WEIR_EINVAL);
    CHECK_IS(dq_steal_n(NULL, &e, 1), WEIR_EINVAL);
    CHECK_IS(dq_own(NULL), WEIR_EINVAL);
    CHECK_IS(dq_trim(NULL), WEIR_EINVAL);
    CHECK_IS(dq_len(NULL), 0);
    CHECK_IS(dq_cap(NULL), 0);
    CHECK_IS(dq_new(&d, NULL), 0);
    CHECK_IS(dq_cap(d), 64);
    pushed(d, 1);
    CHECK_IS(dq_pop(d, NULL), WEIR_EINVAL);
    CHECK_IS(dq_steal(d, NULL), WEIR_EINVAL);
    CHECK_IS(dq_steal_n(d, NULL, 1), WEIR_EINVAL);
    CHECK_IS(popped(d), 1);
    CHECK_IS(dq_free(d), 0);
    CHECK_IS(misuse_counted(), DEQUE_REPORTS);
    count_misuse(false);
}

const struct test single_cases[] = {
    { "DEQUE1 the owner gets its newest element, a thief the oldest", d1_order },
    { "DEQUE1 any word may be an element", d1_any_word },
    { "DEQUE1 random calls of one thread against an array", d1_walk },
    { "DEQUE1 indices that wrap", d1_wrap },
    { "DEQUE1 a batch takes half, the oldest first", d1_batch },
    { "DEQUE3 an emptied deque goes back to its first array", d3_shrinks },
    { "DEQUE3 the same if thieves have emptied it", d3_stolen_empty },
    { "DEQUE3 growth without memory leaves all as it was", d3_no_memory },
    { "DEQUE3 without memory there is room again after a steal", d3_no_memory_stolen },
    { "DEQUE3 what is left inside is dropped, the oldest first", d3_drop },
    { "DEQUE4 bad arguments", d4_arguments },
};
const size_t n_single_cases = sizeof single_cases / sizeof *single_cases;
