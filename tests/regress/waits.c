/* SPDX-License-Identifier: MIT */
/* tests/regress/waits.c - RING9: a batch of none with a context; and waits whose deadline comes while they
 * spin. */
#include "../support/check.h"
#include "../support/points.h"
#include "../support/threads.h"

#include <stdlib.h>

#include "lib/os.h"
#include "lib/thread.h"
#include <weir/ctx.h>
#include <weir/mpmc.h>
#include <weir/mutex_ring.h>

/* ---- n = 0 ----------------------------------------------------------------------------------------- */

static void none_mpmc(void) {
    struct weir_ring_opts o = WEIR_RING_OPTS(2, 4);
    weir_time when[] = { WEIR_NOW, 1, weir_after(1000000), WEIR_FOREVER };
    weir_mpmc *r;
    int elem = 3;
    weir_ctx *ctx = weir_ctx_background();
    if (!CHECK(weir_mpmc_new(&r, &o) == 0, "new")) return;
    for (int state = 0; state < 4; state++) { /* empty, half full, full, closed */
        for (int i = 0; i < 4; i++) {
            check_context("state %d, deadline %d", state, i);
            CHECK_IS(weir_mpmc_push_n_wait(r, &elem, 0, when[i], ctx), 0);
            CHECK_IS(weir_mpmc_pop_n_wait(r, &elem, 0, when[i], ctx), 0);
            CHECK_IS(weir_mpmc_push_n_wait(r, &elem, 0, when[i], NULL), 0);
            CHECK_IS(weir_mpmc_pop_n_wait(r, &elem, 0, when[i], NULL), 0);
        }
        CHECK_IS(weir_mpmc_len(r), state < 2 ? state : 2);
        if (state < 2) CHECK_IS(weir_mpmc_try_push(r, &elem), 0);
        if (state == 2) CHECK_IS(weir_mpmc_close(r), 0);
    }
    CHECK_IS(weir_mpmc_free(r), 0);
}

static void none_mutex(void) {
    struct weir_ring_opts o = WEIR_RING_OPTS(2, 4);
    weir_time when[] = { WEIR_NOW, 1, weir_after(1000000), WEIR_FOREVER };
    weir_mutex_ring *r;
    int elem = 3;
    weir_ctx *ctx = weir_ctx_background();
    if (!CHECK(weir_mutex_ring_new(&r, &o) == 0, "new")) return;
    for (int state = 0; state < 4; state++) {
        for (int i = 0; i < 4; i++) {
            check_context("state %d, deadline %d", state, i);
            CHECK_IS(weir_mutex_ring_push_n_wait(r, &elem, 0, when[i], ctx), 0);
            CHECK_IS(weir_mutex_ring_pop_n_wait(r, &elem, 0, when[i], ctx), 0);
            CHECK_IS(weir_mutex_ring_push_n_wait(r, &elem, 0, when[i], NULL), 0);
            CHECK_IS(weir_mutex_ring_pop_n_wait(r, &elem, 0, when[i], NULL), 0);
        }
        CHECK_IS(weir_mutex_ring_len(r), state < 2 ? state : 2);
        if (state < 2) CHECK_IS(weir_mutex_ring_try_push(r, &elem), 0);
        if (state == 2) CHECK_IS(weir_mutex_ring_close(r), 0);
    }
    CHECK_IS(weir_mutex_ring_free(r), 0);
}

/* ---- a deadline that comes during the spin ---------------------------------------------------------- */

#define WAITS 400
#define AHEAD_NS 10000 /* well below the 25 us that a thread spins at most */

/* Announcing, membarrier and the futex are for those who still have time: how often it came to that. With
 * its whole budget the spin ends after the deadline, whoever is preempted: so never. */
static int64_t short_waits(void *arg) {
    weir_mpmc *r = arg;
    uint64_t elem = 0;
    struct weir__thread *self = weir__thread_self();
    if (!CHECK(self != NULL, "no record")) return -1;
    points_count("mpmc.wait.announced");
    for (int i = 0; i < WAITS && checks_hold(); i++) {
        weir__spin_init(&self->spin); /* a wait that is preempted halves it */
        weir_time deadline = weir_after(AHEAD_NS);
        CHECK_IS(weir_mpmc_pop_wait(r, &elem, deadline, NULL), WEIR_ETIMEDOUT);
        CHECK(weir_now() >= deadline, "before its deadline");
    }
    unsigned announced = points_passed();
    points_count(NULL);
    return announced;
}

static void no_late_sleep(void) {
    struct weir_ring_opts o = WEIR_RING_OPTS(2, 8);
    struct call c;
    weir_mpmc *r;
    if (weir__os_cpus() == 1) {
        test_skip("on one processor a wait parks at once");
        return;
    }
    if (!CHECK(weir_mpmc_new(&r, &o) == 0, "new")) return;
    call_start(&c, short_waits, r);
    CHECK_IS(call_end(&c), 0); /* waits that went to sleep though their deadline had passed */
    CHECK_IS(weir_mpmc_free(r), 0);
}

int main(int argc, char **argv) {
    static const struct test tests[] = {
        { "RING9 mpmc: a batch of none that waits, with a context and without", none_mpmc },
        { "RING9 mutex: a batch of none that waits, with a context and without", none_mutex },
        { "wait: a deadline that comes during the spin does not go to sleep", no_late_sleep },
    };
    return tests_main(argc, argv, "waits", tests, sizeof tests / sizeof *tests);
}
