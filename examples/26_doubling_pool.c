/* SPDX-License-Identifier: MIT */
/* 26 - a pool that doubles: 3 workers, 10 jobs, and a future for each result. */
#include <stdio.h>
#include <stdlib.h>
#include <weir/weir.h>

#define WORKERS 3
#define JOBS 10

static void must(int rc) {
    if (rc >= 0) return;
    (void)fprintf(stderr, "%s\n", weir_strerror(rc));
    exit(1);
}

static int twice(weir_ctx *ctx, void *arg) {
    (void)ctx;
    return 2 * *(const int *)arg;
}

int main(void) {
    struct weir_pool_opts o = WEIR_POOL_OPTS(WORKERS);
    weir_future doubled[JOBS];
    int job[JOBS];
    weir_pool *pool;
    must(weir_pool_new(&pool, &o));
    for (int i = 0; i < JOBS; i++) {
        job[i] = i + 1;
        must(weir_future_init(&doubled[i]));
        must(weir_pool_async(pool, &doubled[i], twice, NULL, &job[i]));
    }
    for (int i = 0; i < JOBS; i++) {
        must(weir_future_wait(&doubled[i]));
        printf("%d doubled is %d\n", job[i], weir_future_code(&doubled[i]));
    }
    return weir_pool_free(pool);
}
