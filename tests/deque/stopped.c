/* SPDX-License-Identifier: MIT */
/* tests/deque/stopped.c - DEQUE3 and DEQUE4 of weir_deque: a thread stands still at each point of the
 * algorithm. */
#include "cases.h"

/* ---- one call that stops --------------------------------------------------------------------------------- */

struct halted {
    dq *d;
    struct stop stop;
    struct call call;
    bool owner;
};

static int64_t steal_main(void *arg) {
    struct halted *h = arg;
    stop_me(&h->stop);
    return stolen(h->d);
}
static int64_t pop_main(void *arg) {
    struct halted *h = arg;
    CHECK_IS(dq_own(h->d), 0);
    stop_me(&h->stop);
    return popped(h->d);
}
static int64_t push_main(void *arg) {
    struct halted *h = arg;
    CHECK_IS(dq_own(h->d), 0);
    stop_me(&h->stop);
    return dq_push(h->d, word(77));
}

static void halt(struct halted *h, dq *d, int64_t (*fn)(void *), const char *at) {
    h->d = d;
    stop_init(&h->stop, at);
    call_start(&h->call, fn, h);
    (void)stop_wait(&h->stop);
}
static int64_t go_on(struct halted *h) {
    stop_release(&h->stop);
    int64_t rc = call_end(&h->call);
    stop_fini(&h->stop);
    return rc;
}

/* A thief at each of its points; meanwhile nobody is held up, and it loses what was taken. */
static void d4_thief_stops(void) {
    static const char *const points[] = { "deque.steal.top", "deque.steal.read" };
    struct halted h;
    for (int i = 0; i < 4; i++) {
        dq *d = dq_make(4, NULL);
        pushed(d, 1);
        pushed(d, 2);
        halt(&h, d, steal_main, points[i % 2]);
        CHECK_IS(popped(d), 2);
        if (i < 2) CHECK_IS(popped(d), 1); /* the last, from under it */
        for (uintptr_t v = 3; v < 20; v++) pushed(d, v);
        if (i >= 2) CHECK_IS(stolen(d), 1);
        CHECK_IS(go_on(&h), WEIR_EBUSY);
        CHECK_IS(stolen(d), 3);
        CHECK_IS(dq_free(d), 0);
    }
}

/* It goes on with the same element if nobody has taken that, however much the deque has changed. */
static void d4_thief_wins(void) {
    struct halted h;
    for (int grows = 0; grows < 2; grows++) {
        dq *d = dq_make(2, NULL);
        pushed(d, 1);
        halt(&h, d, steal_main, "deque.steal.read");
        for (int k = 0; k < 5; k++)
            for (uintptr_t v = 2; v < (grows ? 40 : 3); v++) {
                pushed(d, v);
                if (k < 4 && !grows) CHECK_IS(popped(d), (int64_t)v);
            }
        CHECK_IS(go_on(&h), 1);
        CHECK_IS(stolen(d), 2);
        CHECK_IS(dq_free(d), 0);
    }
}

static void d4_owner_stops_in_pop(void) {
    struct halted h;
    dq *d = dq_make(4, NULL);
    pushed(d, 1);
    pushed(d, 2);
    halt(&h, d, pop_main, "deque.pop.claimed"); /* it has 2 */
    CHECK_IS(stolen(d), 1);
    CHECK_IS(stolen(d), WEIR_EAGAIN);
    CHECK_IS(go_on(&h), 2);
    CHECK_IS(dq_own(d), 0);
    pushed(d, 3);
    halt(&h, d, pop_main, "deque.pop.last");
    CHECK_IS(stolen(d), WEIR_EAGAIN); /* it has it, unless a thief came before */
    CHECK_IS(go_on(&h), 3);
    CHECK_IS(dq_free(d), 0);
}

/* Of both that want the last one, the thief wins. */
static void d4_owner_loses(void) {
    struct halted thief, owner;
    dq *d = dq_make(4, NULL);
    pushed(d, 1);
    halt(&thief, d, steal_main, "deque.steal.read");
    halt(&owner, d, pop_main, "deque.pop.last");
    CHECK_IS(go_on(&thief), 1);
    CHECK_IS(go_on(&owner), WEIR_EAGAIN);
    CHECK_IS(dq_own(d), 0);
    pushed(d, 2);
    CHECK_IS(popped(d), 2);
    CHECK_IS(popped(d), WEIR_EAGAIN);
    CHECK_IS(dq_free(d), 0);
}

static void d4_owner_stops_in_push(void) {
    struct halted h;
    dq *d = dq_make(2, NULL);
    pushed(d, 1);
    halt(&h, d, push_main, "deque.push.stored");
    CHECK_IS(stolen(d), 1);
    CHECK_IS(stolen(d), WEIR_EAGAIN); /* not yet */
    CHECK_IS(go_on(&h), 0);
    CHECK_IS(stolen(d), 77);
    CHECK_IS(dq_own(d), 0);
    pushed(d, 1);
    pushed(d, 2);
    halt(&h, d, push_main, "deque.push.copied");
    CHECK_IS(stolen(d), 1); /* while it grows */
    CHECK_IS(go_on(&h), 0);
    CHECK_IS(stolen(d), 2);
    CHECK_IS(stolen(d), 77);
    CHECK_IS(dq_free(d), 0);
}

/* ---- DEQUE3 ----------------------------------------------------------------------------------------------- */

/* A thief stands in an array that is out of use: it is there as long as it is looked at. */
static void d3_old_array_stays(void) {
    struct halted h;
    struct failing_alloc f;
    failing_alloc_init(&f, 0);
    dq *d = dq_make(1, &f.as);
    for (uintptr_t v = 1; v <= 4; v++) pushed(d, v); /* the array in use is not the first one */
    CHECK_IS(weir_rcu_barrier(), 0);
    CHECK_IS(f.out, 2);
    halt(&h, d, steal_main, "deque.steal.read");
    for (uintptr_t v = 5; v <= 40; v++) pushed(d, v);
    CHECK_IS(weir_rcu_barrier_wait(weir_after(INT64_C(20000000)), NULL), WEIR_ETIMEDOUT);
    CHECK_IS(f.out, 2 + 4); /* of 4, 8, 16, 32 three are out of use */
    CHECK_IS(go_on(&h), 1);
    CHECK_IS(weir_rcu_barrier(), 0);
    CHECK_IS(f.out, 2);
    for (uintptr_t v = 2; v <= 40; v++) CHECK_IS(stolen(d), (int64_t)v);
    CHECK_IS(dq_free(d), 0);
    CHECK_IS(f.out, 0);
}

/* The first array is used again while a thief stands in it, and in the one between. */
static void d3_first_again(void) {
    struct halted h[2];
    dq *d = dq_make(2, NULL);
    pushed(d, 1);
    halt(&h[0], d, steal_main, "deque.steal.read");
    for (uintptr_t v = 2; v <= 9; v++) pushed(d, v);
    halt(&h[1], d, steal_main, "deque.steal.read");
    for (uintptr_t v = 9; v >= 1; v--) CHECK_IS(popped(d), (int64_t)v);
    CHECK_IS(dq_trim(d), 0);
    CHECK_IS(dq_cap(d), 2);
    pushed(d, 10);
    pushed(d, 11);
    CHECK_IS(go_on(&h[0]), WEIR_EBUSY);
    CHECK_IS(go_on(&h[1]), WEIR_EBUSY);
    CHECK_IS(popped(d), 11);
    CHECK_IS(stolen(d), 10);
    CHECK_IS(dq_free(d), 0);
}

const struct test stopped_cases[] = {
    { "DEQUE3 an old array stays while a thief looks at it", d3_old_array_stays },
    { "DEQUE3 the first array is used again under thieves", d3_first_again },
    { "DEQUE4 a thief that stops loses the race, and holds nobody up", d4_thief_stops },
    { "DEQUE4 a thief that stops gets its element if nobody has taken it", d4_thief_wins },
    { "DEQUE4 a pop that stops: thieves find the rest, then empty", d4_owner_stops_in_pop },
    { "DEQUE4 the owner loses the last element to a thief: empty", d4_owner_loses },
    { "DEQUE4 a push that stops: it is not there yet, all else is", d4_owner_stops_in_push },
};
const size_t n_stopped_cases = sizeof stopped_cases / sizeof *stopped_cases;
