/* SPDX-License-Identifier: MIT */
/* 14 - bounded concurrency: 20 tasks, of which a weighted semaphore lets 4 run at once, every fifth weighing 3; the
 * errors of all are collected. An acquire gives up when its context ends. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <weir/weir.h>

#define TASKS 20
#define AT_ONCE 4

struct task {
    int id, err;
    uint32_t weight;
};

static weir_sem slots = WEIR_SEM_INIT(AT_ONCE);
static weir_au32 inside, peak; /* weight that runs now, and the most that ever did */

static void must(int rc) {
    if (rc >= 0) return;
    (void)fprintf(stderr, "%s\n", weir_strerror(rc));
    exit(1);
}

static void task_run(void *arg) {
    struct task *t = arg;
    uint32_t now = weir_fetch_add_relaxed(&inside, t->weight) + t->weight;
    uint32_t most = weir_load_relaxed(&peak);
    while (now > most && !weir_cas_relaxed(&peak, &most, now)) continue;
    (void)nanosleep(&(struct timespec){ 0, 2000000 }, NULL);
    if (t->id % 7 == 0) t->err = WEIR_ENOENT;
    (void)weir_fetch_sub_relaxed(&inside, t->weight);
    must(weir_sem_release(&slots, t->weight));
}

int main(void) {
    weir_wg running = WEIR_WG_INIT;
    struct task tasks[TASKS];
    for (int i = 0; i < TASKS; i++) {
        tasks[i] = (struct task){ .id = i + 1, .weight = (i + 1) % 5 == 0 ? 3 : 1 };
        must(weir_sem_acquire(&slots,
                              tasks[i].weight)); /* so that no thread is made that could not run */
        must(weir_wg_go(&running, task_run, &tasks[i]));
    }
    must(weir_wg_wait(&running));
    for (int i = 0; i < TASKS; i++)
        if (tasks[i].err < 0) printf("task %d: %s\n", tasks[i].id, weir_strerror(tasks[i].err));
    printf("%u of %d units at once\n", weir_load_relaxed(&peak), AT_ONCE);

    weir_ctx *ctx;
    must(weir_ctx_new(&ctx, NULL, weir_after(50000000)));
    must(weir_sem_acquire(&slots, 2));
    int rc = weir_sem_acquire_wait(&slots, 3, WEIR_FOREVER, ctx);
    printf("3 more, where 2 are held: %s\n", weir_strerror(rc));
    must(weir_sem_release(&slots, 2));
    printf("%u units are free\n", weir_sem_available(&slots));
    weir_ctx_unref(ctx);
    return 0;
}
