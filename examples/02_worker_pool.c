/* SPDX-License-Identifier: MIT */
/* 02 - a worker pool over channels: 5 workers range over the jobs; when the last has gone, a wait group says so, and
 * the results are closed. Who reads them sees each job answered once, and an end. */
#include <stdio.h>
#include <stdlib.h>
#include <weir/weir.h>

#define WORKERS 5
#define JOBS 40

struct result {
    int job, worker, square;
};
WEIR_CHAN_DECLARE(jobs, int);
WEIR_CHAN_DECLARE(results, struct result);

struct pool {
    jobs jobs;
    results results;
    weir_wg workers;
};
struct worker {
    struct pool *pool;
    int id;
};

static void must(int rc) {
    if (rc >= 0) return;
    (void)fprintf(stderr, "%s\n", weir_strerror(rc));
    exit(1);
}

static void work(void *arg) {
    struct worker *w = arg;
    int job;
    while (jobs_recv(w->pool->jobs, &job) == 0)
        must(results_send(w->pool->results, (struct result){ job, w->id, job * job }));
}

static void close_results(void *arg) {
    struct pool *p = arg;
    must(weir_wg_wait(&p->workers));
    must(weir_chan_close(p->results.chan));
}

int main(void) {
    struct pool p = { .workers = WEIR_WG_INIT };
    struct worker workers[WORKERS];
    weir_wg closer = WEIR_WG_INIT;
    struct result r;
    must(jobs_new(&p.jobs, JOBS));
    must(results_new(&p.results, WORKERS));
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){ &p, i + 1 };
        must(weir_wg_go(&p.workers, work, &workers[i]));
    }
    must(weir_wg_go(&closer, close_results, &p));
    for (int job = 1; job <= JOBS; job++) must(jobs_send(p.jobs, job));
    must(weir_chan_close(p.jobs.chan));

    while (results_recv(p.results, &r) == 0)
        printf("job %d: worker %d, %d\n", r.job, r.worker, r.square);
    must(weir_wg_wait(&closer));
    must(jobs_unref(p.jobs));
    must(results_unref(p.results));
    return 0;
}
