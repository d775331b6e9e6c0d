/* SPDX-License-Identifier: MIT */
/* 03 - the first error kept: each task writes its result at its own index, and offers its error to a channel of one
 * place, by a select that does not wait. So one error stands there, whoever was first; the others are dropped, and
 * nobody is held up. */
#include <stdio.h>
#include <stdlib.h>
#include <weir/weir.h>

#define TASKS 20

struct error {
    int task, code;
};
struct job {
    int id, result, rc;
    weir_chan *errors; /* of struct error */
};

static void must(int rc) {
    if (rc >= 0) return;
    (void)fprintf(stderr, "%s\n", weir_strerror(rc));
    exit(1);
}

static int square(int x, int *result) {
    if (x % 6 == 5) return WEIR_ENOENT; /* 5, 11 and 17 */
    *result = x * x;
    return 0;
}

static void work(void *arg) {
    struct job *job = arg;
    job->rc = square(job->id, &job->result);
    if (job->rc == 0) return;
    struct error e = { job->id, job->rc };
    struct weir_case c[] = { WEIR_CASE_SEND(job->errors, &e) };
    ptrdiff_t i = weir_select(c, 1, WEIR_NOW, NULL, 0);
    if (i < 0 && i != WEIR_EAGAIN && i != WEIR_EBUSY)
        must((int)i); /* these: another one's is there */
}

int main(void) {
    struct weir_chan_opts o = WEIR_CHAN_OPTS(1, sizeof(struct error));
    struct job jobs[TASKS] = { { 0 } };
    weir_wg wg = WEIR_WG_INIT;
    weir_chan *errors;
    struct error first;
    int failed = 0, kept = 0;
    must(weir_chan_new(&errors, &o));
    for (int i = 0; i < TASKS; i++) {
        jobs[i].id = i;
        jobs[i].errors = errors;
        must(weir_wg_go(&wg, work, &jobs[i]));
    }
    must(weir_wg_wait(&wg));
    must(weir_chan_close(errors));

    printf("results:");
    for (int i = 0; i < TASKS; i++) {
        if (jobs[i].rc == 0) printf(" %d", jobs[i].result);
        failed += jobs[i].rc < 0;
    }
    printf("\n%d failed\n", failed);
    while (weir_chan_recv(errors, &first) == 0) {
        printf("first error: task %d: %s\n", first.task, weir_strerror(first.code));
        kept++;
    }
    printf("%d kept\n", kept);
    must(weir_chan_unref(errors));
    return 0;
}
