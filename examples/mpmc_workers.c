/* SPDX-License-Identifier: MIT */
/* examples/mpmc_workers.c - four workers take jobs from one ring and put results on another; closing
 * the first ring ends them, the last one closes the second. Prints how many results came. */
#include <pthread.h>
#include <stdio.h>
#include <weir/mpmc.h>

#define WORKERS 4
#define JOBS 1000

WEIR_MPMC_DECLARE(jobs, int);
WEIR_MPMC_DECLARE(results, long);

static jobs todo;
static results done;

static void *work(void *arg) {
    int job;
    (void)arg;
    while (jobs_pop(todo, &job) == 0) {
        if (results_push(done, (long)job * job) < 0) break;
    }
    return NULL;
}

/* Gives out the jobs, waits for the workers, and says that no result will follow. */
static void *manage(void *arg) {
    pthread_t workers[WORKERS];
    int started = 0;
    (void)arg;
    while (started < WORKERS && pthread_create(&workers[started], NULL, work, NULL) == 0) started++;
    for (int i = 1; i <= JOBS && started > 0; i++)
        if (jobs_push(todo, i) < 0) break;
    weir_mpmc_close(todo.ring);
    for (int i = 0; i < started; i++) (void)pthread_join(workers[i], NULL);
    weir_mpmc_close(done.ring);
    return NULL;
}

int main(void) {
    pthread_t manager;
    long square, sum = 0;
    int n = 0;
    if (jobs_new(&todo, 16) < 0 || results_new(&done, 16) < 0) return 1;
    if (pthread_create(&manager, NULL, manage, NULL) != 0) return 1;
    for (; results_pop(done, &square) == 0; n++) sum += square;
    (void)pthread_join(manager, NULL);
    printf("%d results, sum of squares %ld\n", n, sum);
    if (jobs_free(todo) < 0 || results_free(done) < 0) return 1;
    return n == JOBS && sum == 333833500 ? 0 : 1;
}
