/* SPDX-License-Identifier: MIT */
/* tests/rings/rights.c - the waiting verbs in processes with other rights: on one CPU, where nothing may
 * spin; with membarrier refused from the start, or withdrawn while threads wait, where publishers have
 * to fence for themselves. */
#include "cases.h"
#include "ring.h"

#include "../support/child.h"

#include <stdlib.h>

#include <weir/mpmc.h>

#include "lib/park.h"

#define SIZE 8

void all_waiting(void) {
    wait_deadlines();
    wait_past();
    wait_close_poppers();
    wait_close_pushers();
    wait_drained();
    wait_close_rounds();
    wait_cancel_rounds();
    wait_wakes_popper();
    wait_wakes_pusher();
    wait_batch_wakes();
    wait_rounds();
    wait_timeouts();
}

void wait_one_cpu(void) {
    if (child_rights() & CHILD_ONE_CPU)
        all_waiting();
    else
        child_passes("wait: on one CPU", CHILD_ONE_CPU);
}

void wait_no_membarrier(void) {
    const char *name = "wait: with membarrier refused by the kernel";
    if (!(child_rights() & CHILD_NO_MEMBARRIER)) {
        child_passes(name, CHILD_NO_MEMBARRIER);
        child_passes(name, CHILD_NO_MEMBARRIER | CHILD_ONE_CPU);
        return;
    }
    CHECK(!weir__asymmetric(), "the filter does not refuse membarrier");
    times_share(3);
    all_waiting();
    ring5_1x1_wait();
    ring5_2x2();
    ring15_waiter();
}

/* ---- withdrawn: a sandbox is put up after the rings were made ------------------------------------------- */

static int64_t pop_forever(void *arg) {
    struct ring *q = arg;
    uint64_t v = 0;
    int rc = R.pop_wait(q->out, &v, WEIR_FOREVER, NULL);
    return rc < 0 ? rc : (int64_t)v;
}

static bool fences(const struct ring *q) {
    const weir_mpmc *r = q->in;
    return weir_load_relaxed(&r->waiters_) & WEIR__MPMC_FENCE;
}

void wait_withdrawn(void) {
    struct call before, after;
    struct ring q;
    if (!(child_rights() & CHILD_FRESH)) {
        child_passes("wait: membarrier is withdrawn while threads wait", CHILD_FRESH);
        child_passes("wait: membarrier is withdrawn while threads wait",
                     CHILD_FRESH | CHILD_ONE_CPU);
        return;
    }
    if (!ring_open(&q, 4, SIZE)) return;
    bool fenced = R.flags != 0 || !weir__asymmetric();
    CHECK_IS(fences(&q), fenced);
    call_start(&before, pop_forever, &q);
    CHECK(call_sleeps(&before), "it returned");
    CHECK_IS(fences(&q), fenced); /* it slept with membarrier */
    if (!CHECK(refuse_membarrier(), "no filter")) return;
    call_start(&after, pop_forever, &q);
    CHECK(call_sleeps(&after), "it returned");
    CHECK(fences(&q), "publishers do not fence, though a waiter had no membarrier");
    push_ids(&q, SIZE, 5, 2);
    CHECK_IS(call_end(&before) + call_end(&after), 5 + 6);
    CHECK(fences(&q), "membarrier is trusted again");
    ring_close(&q);
    times_share(5); /* a waiter that finds membarrier withdrawn waits a millisecond once */
    all_waiting();  /* each on rings that were made for membarrier */
    ring5_1x1_wait();
    ring15_waiter();
    wait_one_more_pop();
    wait_close_in_flight();
}

/* Memory that a process with membarrier has initialised, found by one that is refused it. */
void wait_attached(void) {
    weir_mpmc *r = NULL, *found = NULL;
    void *mem = NULL;
    size_t bytes = weir_mpmc_bytes(4, SIZE);
    if (!(child_rights() & CHILD_NO_MEMBARRIER)) {
        child_passes("wait: a ring found by a process without membarrier", CHILD_NO_MEMBARRIER);
        return;
    }
    if (!CHECK(posix_memalign(&mem, 128, bytes) == 0, "no memory")) return;
    if (!CHECK_IS(weir_mpmc_init(&r, mem, bytes, 4, SIZE, 0), 0)) return;
    weir_store_relaxed(&r->waiters_, 0); /* as the other process has left it */
    CHECK_IS(weir_mpmc_attach(&found, mem, bytes), 0);
    CHECK(weir_load_relaxed(&r->waiters_) == (WEIR__MPMC_FENCE | WEIR__MPMC_SETTLING),
          "publishers do not fence, or waiters do not settle");
    CHECK_IS(weir_mpmc_fini(found, NULL, NULL), 0);
    free(mem);
}
