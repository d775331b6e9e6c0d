/* SPDX-License-Identifier: MIT */
/* 12 - a worker pool of jobs and results: 50 jobs, 5 workers, an error in the result of the job that it belongs to.
 * Once all of them, and once cancelled after 10 results. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <weir/weir.h>

#define WORKERS 5
#define JOBS 50

struct job {
    int id;
    char data[16];
};
struct result {
    int id, err;
    char output[16];
};

WEIR_CHAN_DECLARE(jobs, struct job);
WEIR_CHAN_DECLARE(results, struct result);

struct pool {
    weir_ctx *ctx;
    jobs jobs;
    results results;
    weir_wg producer, workers;
};

static void must(int rc) {
    if (rc >= 0) return;
    (void)fprintf(stderr, "%s\n", weir_strerror(rc));
    exit(1);
}

static void produce(void *arg) {
    struct pool *p = arg;
    for (int id = 1; id <= JOBS; id++) {
        struct job j = { id, "" };
        if (id % 10 != 0) (void)snprintf(j.data, sizeof j.data, "job %d", id);
        if (weir_chan_send_wait(p->jobs.chan, &j, WEIR_FOREVER, p->ctx) < 0) break;
    }
    must(weir_chan_close(p->jobs.chan));
}

/* In capitals; what is empty is an error. */
static struct result job_do(const struct job *j) {
    struct result r = { .id = j->id, .err = j->data[0] ? 0 : WEIR_EINVAL };
    for (size_t i = 0; j->data[i]; i++) r.output[i] = (char)toupper((unsigned char)j->data[i]);
    return r;
}

static void work(void *arg) {
    struct pool *p = arg;
    struct job j;
    while (weir_chan_recv_wait(p->jobs.chan, &j, WEIR_FOREVER, p->ctx) == 0) {
        struct result r = job_do(&j);
        if (weir_chan_send_wait(p->results.chan, &r, WEIR_FOREVER, p->ctx) < 0) return;
    }
}

static void close_results(void *arg) {
    struct pool *p = arg;
    must(weir_wg_wait(&p->workers));
    must(weir_chan_close(p->results.chan));
}

/* Cancels after so many results. */
static void pool_run(int most) {
    struct pool p = { .producer = WEIR_WG_INIT, .workers = WEIR_WG_INIT };
    weir_wg closer = WEIR_WG_INIT;
    struct result r;
    int n = 0;
    must(weir_ctx_new(&p.ctx, NULL, WEIR_FOREVER));
    must(jobs_new(&p.jobs, 0));
    must(results_new(&p.results, 0));
    must(weir_wg_go(&p.producer, produce, &p));
    for (int i = 0; i < WORKERS; i++) must(weir_wg_go(&p.workers, work, &p));
    must(weir_wg_go(&closer, close_results, &p));
    while (results_recv(p.results, &r) == 0) {
        if (r.err < 0)
            printf("job %d: error, %s\n", r.id, weir_strerror(r.err));
        else
            printf("job %d: %s\n", r.id, r.output);
        if (++n == most) must(weir_ctx_cancel(p.ctx, 0));
    }
    must(weir_wg_wait(&closer));
    must(weir_wg_wait(&p.producer));
    printf("%d results%s\n", n, weir_ctx_err(p.ctx) < 0 ? ", cancelled" : "");
    must(jobs_unref(p.jobs));
    must(results_unref(p.results));
    weir_ctx_unref(p.ctx);
}

int main(void) {
    pool_run(JOBS + 1);
    pool_run(10);
    return 0;
}
