/* SPDX-License-Identifier: MIT */
/* tests/deque/owner.c - DEQUE3, DEQUE4 and DEQUE6 of weir_deque alone: garbage, guards, and whose it is. */
#include "cases.h"

/* ---- garbage ---------------------------------------------------------------------------------------------- */

/* Nothing is given up while garbage is at its limit. */
static void d3_limit(void) {
    dq *d = dq_make(4, NULL);
    fill(d, 1, 300);
    CHECK_IS(weir_rcu_set_limits(64, 64), 0);
    drain(d, 1, 300);
    pushed(d, 1);
    CHECK_IS(popped(d), 1);
    CHECK_IS(dq_trim(d), WEIR_EAGAIN);
    CHECK_IS(dq_cap(d), 512);
    CHECK_IS(weir_rcu_set_limits(0, 0), 0);
    CHECK_IS(weir_rcu_barrier(), 0);
    CHECK_IS(dq_trim(d), 0);
    CHECK_IS(dq_cap(d), 4);
    CHECK_IS(dq_free(d), 0);
}

static void free_in_guard(dq *d) {
    weir_guard g = weir_rcu_enter();
    CHECK_IS(dq_free(d), WEIR_EDEADLK);
    CHECK_IS(weir_rcu_exit(g), 0);
}

static void d4_free_in_guard(void) {
    struct failing_alloc f;
    failing_alloc_init(&f, 0);
    dq *d = dq_make(1, &f.as);
    fill(d, 1, 5);
    count_misuse(true);
    free_in_guard(d); /* nothing was done */
    count_misuse(false);
    drain(d, 1, 5);
    CHECK_IS(dq_free(d), 0);
    CHECK_IS(f.out, 0);
}

/* ---- DEQUE6 ----------------------------------------------------------------------------------------------- */

struct other {
    dq *d;
    int64_t push, pop, trim, steal;
};
static int64_t not_owner(void *arg) {
    struct other *o = arg;
    void *e;
    o->push = dq_push(o->d, NULL);
    o->pop = dq_pop(o->d, &e);
    o->trim = dq_trim(o->d);
    o->steal = dq_steal(o->d, &e);
    return 0;
}
static int64_t new_owner(void *arg) {
    struct other *o = arg;
    CHECK_IS(dq_own(o->d), 0);
    return not_owner(arg);
}

static void run_as(struct other *o, int64_t (*fn)(void *)) {
    struct call call;
    call_start(&call, fn, o);
    CHECK_IS(call_end(&call), 0);
}

static void d6_other_thread(void) {
    struct other o = { dq_make(4, NULL), 0, 0, 0, 0 };
    fill(o.d, 1, 3);
    count_misuse(true);
    run_as(&o, not_owner);
    CHECK_IS(o.push, WEIR_EINVAL);
    CHECK_IS(o.pop, WEIR_EINVAL);
    CHECK_IS(o.trim, WEIR_EINVAL);
    CHECK_IS(o.steal, 0);
    CHECK_IS(misuse_counted(), 3);
    drain(o.d, 2, 3); /* nothing was done */
    CHECK_IS(misuse_counted(), 3);
    count_misuse(false);
    CHECK_IS(dq_free(o.d), 0);
}

static void d6_handed_on(void) {
    struct other o = { dq_make(4, NULL), 0, 0, 0, 0 };
    count_misuse(true);
    pushed(o.d, 7);
    run_as(&o, new_owner);
    CHECK_IS(o.push, 0);
    CHECK_IS(o.pop, 0);
    CHECK_IS(o.trim, WEIR_EAGAIN);
    CHECK_IS(o.steal, 0);
    CHECK_IS(misuse_counted(), 0);
    CHECK_IS(dq_push(o.d, NULL), WEIR_EINVAL); /* not its owner any more */
    CHECK_IS(misuse_counted(), 1);
    CHECK_IS(dq_own(o.d), 0);
    pushed(o.d, 8);
    CHECK_IS(popped(o.d), 8);
    CHECK_IS(misuse_counted(), 1);
    count_misuse(false);
    CHECK_IS(dq_free(o.d), 0);
}

/* Who comes first is the owner, not who made it. */
static void d6_first_comer(void) {
    struct other o = { dq_make(4, NULL), 0, 0, 0, 0 };
    count_misuse(true);
    run_as(&o, not_owner);
    CHECK_IS(o.push, 0);
    CHECK_IS(misuse_counted(), 0);
    count_misuse(false);
    CHECK_IS(dq_own(o.d), 0);
    CHECK_IS(popped(o.d), WEIR_EAGAIN);
    CHECK_IS(dq_free(o.d), 0);
}

const struct test owner_cases[] = {
    { "DEQUE3 no array is given up beyond the limit of garbage", d3_limit },
    { "DEQUE4 free inside a guard, where it would have to wait", d4_free_in_guard },
    { "DEQUE6 a call of the owner's role by another thread is reported", d6_other_thread },
    { "DEQUE6 the role is handed on", d6_handed_on },
    { "DEQUE6 the first thread to push or pop is the owner", d6_first_comer },
};
const size_t n_owner_cases = sizeof owner_cases / sizeof *owner_cases;
