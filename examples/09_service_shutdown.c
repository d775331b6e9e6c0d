/* SPDX-License-Identifier: MIT */
/* 09 - a service with a graceful shutdown: start, submit, and an end in order. Cancel, close the tasks, wait for the
 * workers, close the results, wait for the monitor. What was submitted is answered by then: as done, or as cancelled,
 * whether it was under way or had not begun. */
#include <stdio.h>
#include <stdlib.h>
#include <weir/weir.h>

#define WORKERS 3

struct task {
    int id;
    int64_t takes; /* ns */
};
struct result {
    int id, err;
};
WEIR_CHAN_DECLARE(tasks, struct task);
WEIR_CHAN_DECLARE(results, struct result);

struct service {
    weir_ctx *ctx;
    tasks tasks;
    results results;
    weir_wg workers, monitor;
};

static weir_wg begun = WEIR_WG_INIT; /* long tasks that are not under way yet */

static void must(int rc) {
    if (rc >= 0) return;
    (void)fprintf(stderr, "%s\n", weir_strerror(rc));
    exit(1);
}

/* The task: sleeps, unless the service is shut down. */
static int task_run(const struct task *t, weir_ctx *ctx) {
    if (t->takes > 0 && weir_ctx_err(ctx) == 0) must(weir_wg_done(&begun));
    ptrdiff_t rc = weir_select(NULL, 0, weir_after(t->takes), ctx, 0);
    return rc == WEIR_ETIMEDOUT ? 0 : (int)rc;
}

static void work(void *arg) {
    struct service *s = arg;
    struct task t;
    while (tasks_recv(s->tasks, &t) == 0)
        must(results_send(s->results, (struct result){ t.id, task_run(&t, s->ctx) }));
}

static void monitor(void *arg) {
    struct service *s = arg;
    struct result r;
    while (results_recv(s->results, &r) == 0)
        printf("task %d: %s\n", r.id, r.err < 0 ? weir_strerror(r.err) : "done");
    printf("monitor: end\n");
}

static void service_start(struct service *s, int n) {
    *s = (struct service){ .workers = WEIR_WG_INIT, .monitor = WEIR_WG_INIT };
    must(weir_ctx_new(&s->ctx, NULL, WEIR_FOREVER));
    must(tasks_new(&s->tasks, 8));
    must(results_new(&s->results, 0));
    must(weir_wg_go(&s->monitor, monitor, s));
    for (int i = 0; i < n; i++) must(weir_wg_go(&s->workers, work, s));
}

/* WEIR_ECANCELED once it is shut down. */
static int service_submit(struct service *s, int id, int64_t takes) {
    struct task t = { id, takes };
    return weir_chan_send_wait(s->tasks.chan, &t, WEIR_FOREVER, s->ctx);
}

static void service_shutdown(struct service *s) {
    must(weir_ctx_cancel(s->ctx, 0));
    must(weir_chan_close(s->tasks.chan));
    must(weir_wg_wait(&s->workers));
    must(weir_chan_close(s->results.chan));
    must(weir_wg_wait(&s->monitor));
}

int main(void) {
    struct service s;
    service_start(&s, WORKERS);
    must(weir_wg_add(&begun, WORKERS));
    for (int id = 1; id <= 4; id++) must(service_submit(&s, id, 0));
    for (int id = 5; id <= 7; id++) must(service_submit(&s, id, 3600 * INT64_C(1000000000)));
    must(weir_wg_wait(&begun)); /* each worker is busy for an hour */
    must(service_submit(&s, 8, 0));
    service_shutdown(&s);
    printf("task 9: not taken, %s\n", weir_strerror(service_submit(&s, 9, 0)));
    printf("left behind: %d\n", weir_leak_check());
    must(tasks_unref(s.tasks));
    must(results_unref(s.results));
    weir_ctx_unref(s.ctx);
    return 0;
}
