/* SPDX-License-Identifier: MIT */
/* 11 - quick start: a context with a timeout, 3 workers that stop when it ends, and a results channel that is closed
 * when the last of them has gone. */
#include <stdio.h>
#include <stdlib.h>
#include <weir/weir.h>

#define MS INT64_C(1000000)
#define WORKERS 3
#define TASKS 9

WEIR_CHAN_DECLARE(ints, int);

struct pool {
    weir_ctx *ctx;
    int64_t task_ns;
    ints tasks, results;
    weir_wg workers;
};

static void must(int rc) {
    if (rc >= 0) return;
    (void)fprintf(stderr, "%s\n", weir_strerror(rc));
    exit(1);
}

/* The task: sleeps, unless the context ends meanwhile. Returns its error then. */
static int task_run(struct pool *p) {
    ptrdiff_t rc = weir_select(NULL, 0, weir_after(p->task_ns), p->ctx, 0);
    return rc == WEIR_ETIMEDOUT ? weir_ctx_err(p->ctx) : (int)rc;
}

static void work(void *arg) {
    struct pool *p = arg;
    int task, result;
    while (weir_chan_recv_wait(p->tasks.chan, &task, WEIR_FOREVER, p->ctx) == 0) {
        if (task_run(p) < 0) return;
        result = task * task;
        if (weir_chan_send_wait(p->results.chan, &result, WEIR_FOREVER, p->ctx) < 0) return;
    }
}

static void close_results(void *arg) {
    struct pool *p = arg;
    must(weir_wg_wait(&p->workers));
    must(weir_chan_close(p->results.chan));
}

static void pool_run(int64_t timeout, int64_t task_ns) {
    struct pool p = { .task_ns = task_ns, .workers = WEIR_WG_INIT };
    weir_wg closer = WEIR_WG_INIT;
    int result, n = 0, sum = 0;
    must(weir_ctx_new(&p.ctx, NULL, weir_after(timeout)));
    must(ints_new(&p.tasks, TASKS));
    must(ints_new(&p.results, 1));
    for (int i = 1; i <= TASKS; i++) must(ints_send(p.tasks, i));
    must(weir_chan_close(p.tasks.chan));
    for (int i = 0; i < WORKERS; i++) must(weir_wg_go(&p.workers, work, &p));
    must(weir_wg_go(&closer, close_results, &p));

    for (; ints_recv(p.results, &result) == 0; n++) sum += result;
    int err = weir_ctx_err(p.ctx);
    printf("%d results, sum %d: %s\n", n, sum, err < 0 ? weir_strerror(err) : "all done");
    must(weir_wg_wait(&closer));
    must(ints_unref(p.tasks));
    must(ints_unref(p.results));
    weir_ctx_unref(p.ctx);
}

int main(void) {
    pool_run(60000 * MS, 1 * MS);
    pool_run(50 * MS, 60000 * MS);
    return 0;
}
