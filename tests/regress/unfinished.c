/* SPDX-License-Identifier: MIT */
/* tests/regress/unfinished.c - calls that do not come to their end: a push of a process that was killed after
 * its claim leaves no element for the end to drop; and the first wait of a process is no cancellation point, in
 * which a thread could end while it stands in a queue. */
#include <pthread.h>
#include <stdlib.h>

#include <weir/chan.h>
#include <weir/mpmc.h>

#include "../support/check.h"
#include "../support/child.h"
#include "../support/threads.h"

/* ---- killed ------------------------------------------------------------------------------------------------ */

static uint64_t dropped[4];
static size_t drops;
static void note(void *elem, void *arg) {
    (void)arg;
    if (drops < 4) dropped[drops++] = *(uint64_t *)elem;
}

/* What a process leaves that is killed between the claim and the stamp of its second push of three. */
static void killed(void) {
    void *mem = NULL;
    weir_mpmc *r = NULL;
    size_t bytes = weir_mpmc_bytes(3, 8);
    if (!CHECK(posix_memalign(&mem, 128, bytes) == 0, "no memory")) return;
    CHECK_IS(weir_mpmc_init(&r, mem, bytes, 3, 8, 0), 0);
    for (uint64_t v = 1; v <= 3; v++) { /* what lay in the slots has been taken */
        uint64_t w = 0;
        CHECK_IS(weir_mpmc_try_push(r, &v), 0);
        CHECK_IS(weir_mpmc_try_pop(r, &w), 0);
    }
    uint64_t before = 11, after = 13;
    CHECK_IS(weir_mpmc_try_push(r, &before), 0);
    uint64_t t = weir_load_relaxed(&r->tail_);
    weir_store_relaxed(&r->tail_, weir__mpmc_next(r, t, 1));
    CHECK_IS(weir_mpmc_try_push(r, &after), 0);
    CHECK_IS(weir_mpmc_attach(&r, mem, bytes), 0);
    CHECK_IS(weir_mpmc_fini(r, note, NULL), 0);
    CHECK_IS(drops, 2);
    CHECK_IS(dropped[0], 11);
    CHECK_IS(dropped[1], 13);
    free(mem);
}

/* ---- cancelled --------------------------------------------------------------------------------------------- */

static const char name[] = "the first wait of a process is no cancellation point";

static weir_chan *chan;
static weir_au64 got;
static void *wait_cancelled(void *arg) {
    uint64_t v = 0;
    (void)pthread_cancel(pthread_self()); /* at the next cancellation point */
    if (weir_chan_recv_wait(chan, &v, WEIR_FOREVER, NULL) == 0) weir_store_relaxed(&got, v);
    pthread_testcancel();
    return arg;
}

static void in_child(void) {
    struct weir_chan_opts o = WEIR_CHAN_OPTS(0, 8);
    pthread_t t;
    void *how = NULL;
    uint64_t v = 42;
    CHECK_IS(weir_chan_new(&chan, &o), 0);
    if (!CHECK_IS(pthread_create(&t, NULL, wait_cancelled, NULL), 0)) return;
    sleep_ms(50);
    CHECK_IS(weir_chan_send_wait(chan, &v, weir_after(INT64_C(10000000000)), NULL), 0);
    CHECK_IS(pthread_join(t, &how), 0);
    CHECK(how == PTHREAD_CANCELED, "it was not cancelled at all");
    CHECK_IS(weir_load_relaxed(&got), 42);
    CHECK_IS(weir_chan_unref(chan), 0);
}

static void cancelled(void) {
    if (child_rights())
        in_child();
    else
        child_passes(name, CHILD_FRESH);
}

int main(int argc, char **argv) {
    static const struct test tests[] = {
        { "the end of a ring drops nothing for a push that was killed", killed },
        { name, cancelled },
    };
    return tests_main(argc, argv, "unfinished", tests, sizeof tests / sizeof *tests);
}
