/* SPDX-License-Identifier: MIT */
/* 05 - an error group with a limit: 100 items, at most 10 at once. weir_group_go waits for its turn, and
 * weir_group_try_go is refused while 10 run. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <weir/weir.h>

#define ITEMS 100
#define LIMIT 10

static weir_au32 running, most;
static weir_wg begun = WEIR_WG_INIT; /* the first ten */
static weir_sem gate = WEIR_SEM_INIT(LIMIT);
static int square[ITEMS];

static void must(int rc) {
    if (rc >= 0) return;
    (void)fprintf(stderr, "%s\n", weir_strerror(rc));
    exit(1);
}

static void count_in(void) {
    uint32_t n = weir_fetch_add_relaxed(&running, 1) + 1, seen = weir_load_relaxed(&most);
    while (n > seen && !weir_cas_relaxed(&most, &seen, n)) continue;
}

/* The first ten stand before the gate until it is opened. */
static int work(weir_ctx *ctx, void *arg) {
    int *item = arg, i = (int)(item - square);
    struct timespec ms = { 0, 1000000 };
    count_in();
    if (i < LIMIT) {
        must(weir_wg_done(&begun));
        int rc = weir_sem_acquire_wait(&gate, 1, WEIR_FOREVER, ctx);
        if (rc < 0) return weir_wrap(rc, "item %d", i);
    }
    (void)nanosleep(&ms, NULL);
    *item = i * i;
    (void)weir_fetch_sub_relaxed(&running, 1);
    return 0;
}

int main(void) {
    weir_group *g;
    long long sum = 0;
    must(weir_sem_acquire(&gate, LIMIT));
    must(weir_wg_add(&begun, LIMIT));
    must(weir_group_new(&g, NULL, NULL, LIMIT));
    for (int i = 0; i < LIMIT; i++) must(weir_group_go(g, work, &square[i]));
    must(weir_wg_wait(&begun));
    printf("%zu run, one more now: %s\n", weir_group_running(g),
           weir_group_try_go(g, work, &square[LIMIT]) == WEIR_EAGAIN ? "refused" : "taken");
    must(weir_sem_release(&gate, LIMIT));

    for (int i = LIMIT; i < ITEMS; i++) must(weir_group_go(g, work, &square[i]));
    must(weir_group_wait(g));
    must(weir_group_free(g));
    for (int i = 0; i < ITEMS; i++) sum += square[i];
    printf("%d items, sum %lld, at most %u at once\n", ITEMS, sum, weir_load_relaxed(&most));
    return 0;
}
