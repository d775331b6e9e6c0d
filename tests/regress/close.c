/* SPDX-License-Identifier: MIT */
/* tests/regress/close.c - close, and the pop that drains a closed ring, with hundreds of poppers asleep and
 * one push stopped between its claim and its stamp.
 *
 * A popper that close wakes finds the element in flight and goes back to sleep. Close once went on until
 * nobody was asleep, and so never returned. It now wakes those counted when it began: that many, in
 * batches of 16, and no more. */
#include "../support/check.h"
#include "../support/points.h"
#include "../support/threads.h"

#include <stdlib.h>
#include <string.h>

#include <weir/mpmc.h>

#define MOST 1000

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define STACK ((size_t)1 << 19)
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define STACK ((size_t)1 << 19)
#endif
#endif
#ifndef STACK
#define STACK ((size_t)1 << 16)
#endif

static weir_mpmc *ring;
static weir_au32 closed, served, wrong;

static void *pop(void *arg) {
    uint64_t elem = 0;
    (void)arg;
    int rc = weir_mpmc_pop(ring, &elem);
    if (rc == WEIR_ECLOSED)
        (void)weir_fetch_add_relaxed(&closed, 1);
    else if (rc == 0 && elem == 4711)
        (void)weir_fetch_add_relaxed(&served, 1);
    else
        (void)weir_fetch_add_relaxed(&wrong, 1);
    return NULL;
}

static int64_t push(void *arg) {
    uint64_t elem = 4711;
    stop_me(arg);
    return weir_mpmc_try_push(ring, &elem);
}

static int64_t close_ring(void *arg) {
    (void)arg;
    return weir_mpmc_close(ring);
}

static size_t asleep(void) {
    return (size_t)(weir_load_relaxed(&ring->waiters_) & (WEIR__MPMC_PUSHER - 1));
}

static bool all_asleep(size_t n) {
    for (int i = 0; i < 20000 && asleep() != n; i++) sleep_ms(1);
    return CHECK(asleep() == n, "%zu of %zu poppers sleep", asleep(), n);
}

static size_t start_poppers(pthread_t *threads, size_t n) {
    pthread_attr_t attr;
    size_t made = 0;
    (void)pthread_attr_init(&attr);
    (void)pthread_attr_setstacksize(&attr, STACK);
    weir_init_atomic(&closed, 0);
    weir_init_atomic(&served, 0);
    weir_init_atomic(&wrong, 0);
    while (made < n && pthread_create(&threads[made], &attr, pop, NULL) == 0) made++;
    (void)pthread_attr_destroy(&attr);
    CHECK(made == n, "%zu of %zu threads", made, n);
    return made;
}

static void close_beside_stopped_push(size_t n) {
    static pthread_t threads[MOST];
    struct weir_ring_opts o = WEIR_RING_OPTS(64, 8);
    struct stop at;
    struct call pusher, closer;
    check_context("%zu poppers", n);
    if (!CHECK(weir_mpmc_new(&ring, &o) == 0, "new")) return;
    size_t made = start_poppers(threads, n);
    bool ready = all_asleep(made);
    stop_init(&at, "mpmc.push.claimed");
    call_start(&pusher, push, &at);
    if (!stop_wait(&at)) test_hangs("the push does not stop");
    points_count("lot.taken");
    call_start(&closer, close_ring, NULL);
    CHECK(!ready || call_returns(&closer, 1000), "close is inside after a second");
    unsigned batches = points_passed();
    CHECK(batches <= made / 16 + 1, "%u batches woken, for %zu poppers", batches, made);
    CHECK(weir_load_relaxed(&served) + weir_load_relaxed(&closed) == 0,
          "a popper has returned while the element was in flight");
    stop_release(&at);
    CHECK_IS(call_end(&pusher), 0);
    CHECK_IS(call_end(&closer), 0);
    for (size_t i = 0; i < made; i++) (void)pthread_join(threads[i], NULL);
    points_count(NULL);
    CHECK_IS(weir_load_relaxed(&served), 1);
    CHECK_IS(weir_load_relaxed(&closed), made - 1);
    CHECK_IS(weir_load_relaxed(&wrong), 0);
    stop_fini(&at);
    CHECK_IS(weir_mpmc_free(ring), 0);
}

static void close_400(void) {
    for (size_t i = 0; i < times(3) && checks_hold(); i++) close_beside_stopped_push(400);
}
static void close_1000(void) { close_beside_stopped_push(MOST); }

int main(int argc, char **argv) {
    static const struct test tests[] = {
        { "wait: close with 400 poppers asleep and a push stopped returns", close_400 },
        { "wait: close with 1000 poppers asleep and a push stopped returns", close_1000 },
    };
    return tests_main(argc, argv, "close", tests, sizeof tests / sizeof *tests);
}
