/* SPDX-License-Identifier: MIT */
/* 27 - unlimited tasks: the same work with a thread for each task and with a pool, memory and time side by side. To a
 * group the two differ in its executor only. Each runs in a process of its own, whose memory the kernel measures.
 *
 *   27_unlimited_tasks [tasks] [workers] */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weir/weir.h>

#define BUFFER 65536 /* bytes of stack that a task uses */

static weir_au64 sum;

static void must(int rc) {
    if (rc >= 0) return;
    (void)fprintf(stderr, "%s\n", weir_strerror(rc));
    exit(1);
}

static int task(weir_ctx *ctx, void *arg) {
    unsigned char buffer[BUFFER];
    uint32_t x = 1;
    (void)ctx, (void)arg;
    for (size_t i = 0; i < sizeof buffer; i++) {
        x = x * 1664525 + 1013904223;
        buffer[i] = (unsigned char)(x >> 24);
    }
    (void)weir_fetch_add_relaxed(&sum, buffer[x % BUFFER]);
    return 0;
}

static void run(const char *name, const weir_exec *on, int n) {
    weir_time began = weir_now();
    struct rusage used;
    weir_group *g;
    must(weir_group_new(&g, NULL, on, WEIR_GROUP_NONE));
    for (int i = 0; i < n; i++) must(weir_group_go(g, task, NULL));
    must(weir_group_wait(g));
    double took = (double)(weir_now() - began) / 1e9;
    must(weir_group_free(g));
    (void)getrusage(RUSAGE_SELF, &used);
    printf("%-14s %8.3f s %8ld kB   sum %llu\n", name, took, used.ru_maxrss,
           (unsigned long long)weir_load_relaxed(&sum));
}

static void with_threads(int n, unsigned workers) {
    (void)workers;
    run("a thread each", NULL, n);
}

static void with_pool(int n, unsigned workers) {
    struct weir_pool_opts o = WEIR_POOL_OPTS(workers);
    weir_pool *pool;
    must(weir_pool_new(&pool, &o));
    weir_exec on = weir_pool_exec(pool);
    run("a pool", &on, n);
    must(weir_pool_free(pool));
}

int main(int argc, char **argv) {
    void (*const ways[])(int n, unsigned workers) = { with_threads, with_pool };
    int n = argc > 1 ? atoi(argv[1]) : 2000, workers = argc > 2 ? atoi(argv[2]) : 4, status;
    if (n < 1 || workers < 1) return 2;
    printf("%d tasks, %d workers\n", n, workers);
    for (int i = 0; i < 2; i++) {
        (void)fflush(stdout);
        pid_t child = fork(); /* before this process has used weir */
        if (child == 0) {
            ways[i](n, (unsigned)workers);
            exit(0);
        }
        if (waitpid(child, &status, 0) < 0 || status != 0) return 1;
    }
    return 0;
}
