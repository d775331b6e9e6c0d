/* SPDX-License-Identifier: MIT */
/* tests/maps/compute/forks.c - a fork while others compute, and wait for that. RCU10. Not under ThreadSanitizer, which
 * does not follow threads into a child. */
#include <unistd.h>

#include <weir/rcu.h>

#include "../../rcu/rcu.h"
#include "compute.h"

#define CHILD_SECONDS 60 /* a child that hangs ends by a signal */

/* 0 in the child, else its process. */
static pid_t fork_prepared(void) {
    CHECK_IS(weir_rcu_fork_prepare(), 0);
    pid_t pid = fork();
    if (pid == 0) {
        (void)alarm(CHILD_SECONDS);
        CHECK_IS(weir_rcu_fork_child(), 0);
    } else {
        CHECK_IS(weir_rcu_fork_parent(), 0);
    }
    return pid;
}

static int give_key(uint64_t key, uint64_t *val, void *calls) {
    ++*(unsigned *)calls;
    *val = key + 100;
    return 0;
}

/* In the child: 9 and 5 were being computed, 1 is there. */
static void use(void *m) {
    unsigned calls = 0;
    uint64_t v = 0;
    CHECK_IS(K->get(m, 1, &v), 0);
    CHECK_IS(v, 11);
    CHECK_IS(K->get(m, 9, &v), WEIR_ENOENT);
    CHECK_IS(compute(m, 9, give_key, &calls, &v), 0);
    CHECK_IS(v, 109);
    CHECK_IS(compute(m, 9, give_key, &calls, &v), WEIR_EEXIST);
    CHECK_IS(K->put(m, 5, 50), 0);
    CHECK_IS(compute(m, 5, give_key, &calls, &v), WEIR_EEXIST);
    CHECK_IS(v, 50);
    CHECK_IS(calls, 1);
    for (uint64_t k = 10; k < 300; k++) CHECK_IS(compute(m, k, give_key, &calls, &v), 0);
    for (uint64_t k = 10; k < 300; k++) CHECK_IS(K->del(m, k), 0);
    /* Threads of its own wait for each other as ever. */
    struct work w = WORK(m, 7, 1), waits = WORK(m, 7, 2);
    work_start(&w);
    work_runs(&w);
    work_start(&waits);
    work_waits(&waits);
    work_let_go(&w);
    CHECK_IS(work_end(&w), 0);
    CHECK_IS(work_end(&waits), WEIR_EEXIST);
}

static void others_compute_in(void *m) {
    struct work nine = WORK(m, 9, 1), five = WORK(m, 5, 2), first = WORK(m, 9, 3),
                second = WORK(m, 9, 4);
    uint64_t v = 0;
    CHECK_IS(K->put(m, 1, 11), 0);
    work_start(&nine);
    work_start(&five);
    work_runs(&nine);
    work_runs(&five);
    work_start(&first);
    work_waits(&first);
    work_start(&second);
    work_waits(&second);
    for (size_t i = 0; i < times(3) && checks_hold(); i++) {
        pid_t pid = fork_prepared();
        if (pid == 0) {
            use(m);
            CHECK_IS(K->close(m), 0);
            test_child_ends();
        }
        (void)child_well(pid);
    }
    nine.rc = FAILED; /* the parent's are as they were: the first that waits goes on */
    work_let_go(&nine);
    CHECK_IS(work_end(&nine), FAILED);
    work_runs(&first);
    work_let_go(&first);
    work_let_go(&five);
    CHECK_IS(work_end(&first), 0);
    CHECK_IS(work_end(&five), 0);
    CHECK_IS(work_end(&second), WEIR_EEXIST);
    CHECK_IS(K->get(m, 9, &v), 0);
    CHECK_IS(v, 3);
}
void fork_beside(void) {
    if (UNDER_TSAN)
        test_skip("ThreadSanitizer");
    else
        each_kind(others_compute_in);
}

/* ---- by the function itself -------------------------------------------------------------------------------------- */

struct forking {
    void *m;
    struct work waits; /* for the key, before it forks */
    pid_t child;
};

static int forks(uint64_t key, uint64_t *val, void *forking) {
    struct forking *f = forking;
    unsigned calls = 0;
    uint64_t v = 0;
    work_start(&f->waits);
    work_waits(&f->waits);
    f->child = fork_prepared();
    if (f->child == 0) {
        CHECK_IS(K->compute(f->m, key, give_key, &calls, &v, WEIR_NOW, NULL), WEIR_EDEADLK);
        CHECK_IS(compute(f->m, key + 1, give_key, &calls, &v), 0);
        CHECK_IS(calls, 1);
    }
    *val = 77;
    return 0;
}

static void function_forks_in(void *m) {
    struct forking f = { .m = m, .waits = WORK(m, 9, 1) };
    unsigned calls = 0;
    uint64_t v = 0;
    CHECK_IS(compute(m, 9, forks, &f, &v), 0);
    CHECK_IS(v, 77);
    CHECK_IS(compute(m, 9, give_key, &calls, &v), WEIR_EEXIST);
    if (f.child == 0) {
        CHECK_IS(K->del(m, 9), 0);
        CHECK_IS(compute(m, 9, give_key, &calls, &v), 0);
        CHECK_IS(K->close(m), 0);
        test_child_ends();
    }
    (void)child_well(f.child);
    CHECK_IS(work_end(&f.waits), WEIR_EEXIST);
}
void fork_inside(void) {
    if (UNDER_TSAN)
        test_skip("ThreadSanitizer");
    else
        each_kind(function_forks_in);
}
