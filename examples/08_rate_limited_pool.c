/* SPDX-License-Identifier: MIT */
/* 08 - a rate-limited worker pool: 3 workers, 10 tasks, 2 tasks a second, then a table of who did what and when.
 *
 *   08_rate_limited_pool [tasks a second] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <weir/weir.h>

#define WORKERS 3
#define TASKS 10

struct row {
    int task, worker;
    double start, took; /* seconds */
};
WEIR_CHAN_DECLARE(tasks, int);
WEIR_CHAN_DECLARE(rows, struct row);

struct pool {
    weir_limiter limiter;
    weir_time began;
    int64_t task_ns;
    tasks tasks;
    rows rows;
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

static void nap(int64_t ns) {
    struct timespec t = { ns / 1000000000, ns % 1000000000 };
    (void)nanosleep(&t, NULL);
}

static double seconds_since(weir_time t) { return (double)(weir_now() - t) / 1e9; }

static void work(void *arg) {
    struct worker *w = arg;
    struct pool *p = w->pool;
    struct row r = { .worker = w->id };
    while (tasks_recv(p->tasks, &r.task) == 0) {
        must(weir_limiter_wait(&p->limiter, 1, WEIR_FOREVER, NULL));
        r.start = seconds_since(p->began);
        nap(p->task_ns); /* the task */
        r.took = seconds_since(p->began) - r.start;
        must(rows_send(p->rows, r));
    }
}

int main(int argc, char **argv) {
    double rate = argc > 1 ? atof(argv[1]) : 2;
    struct pool p = { .began = weir_now() };
    struct worker w[WORKERS];
    struct row r, table[TASKS];
    weir_wg workers = WEIR_WG_INIT;
    if (rate <= 0) return 2;
    p.task_ns = (int64_t)(0.6e9 / rate);
    must(weir_limiter_init(&p.limiter, rate, 1));
    must(tasks_new(&p.tasks, TASKS));
    must(rows_new(&p.rows, TASKS));
    for (int i = 0; i < TASKS; i++) must(tasks_send(p.tasks, i + 1));
    must(weir_chan_close(p.tasks.chan));
    for (int i = 0; i < WORKERS; i++) {
        w[i] = (struct worker){ &p, i + 1 };
        must(weir_wg_go(&workers, work, &w[i]));
    }
    must(weir_wg_wait(&workers));
    must(weir_chan_close(p.rows.chan));
    while (rows_recv(p.rows, &r) == 0) table[r.task - 1] = r;

    printf("task  worker     start  duration\n");
    for (int i = 0; i < TASKS; i++)
        printf("%4d  %6d  %6.3f s  %6.3f s\n", table[i].task, table[i].worker, table[i].start,
               table[i].took);
    must(tasks_unref(p.tasks));
    return rows_unref(p.rows);
}
