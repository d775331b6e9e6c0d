/* SPDX-License-Identifier: MIT */
/* 01 - a deadline on one operation. The work runs on a thread of its own and answers on one of two channels of one
 * place each; who asked waits for a result, an error, or the end of its context. An answer that comes too late finds
 * its place and no reader: its thread is not held up, and the last reference frees the channel.
 *
 *   01_deadline [ms of the deadline that passes] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <weir/weir.h>

#define MS INT64_C(1000000)

WEIR_CHAN_DECLARE(answers, int);

struct call {
    answers result, error;
    int64_t takes;
    int value; /* negative: an error */
};

static weir_wg calls = WEIR_WG_INIT;

static void must(int rc) {
    if (rc >= 0) return;
    (void)fprintf(stderr, "%s\n", weir_strerror(rc));
    exit(1);
}

static void nap(int64_t ns) {
    struct timespec t = { ns / 1000000000, ns % 1000000000 };
    (void)nanosleep(&t, NULL);
}

/* Holds references of its own, since who asked may have gone. */
static void work(void *arg) {
    struct call *c = arg;
    nap(c->takes);
    must(answers_send(c->value < 0 ? c->error : c->result, c->value));
    must(answers_unref(c->result));
    must(answers_unref(c->error));
    free(c);
}

static struct call *call_start(int64_t takes, int value) {
    struct call *c = malloc(sizeof *c);
    if (!c) must(WEIR_ENOMEM);
    *c = (struct call){ .takes = takes, .value = value };
    must(answers_new(&c->result, 1));
    must(answers_new(&c->error, 1));
    return c;
}

static void ask(const char *what, weir_ctx *parent, int64_t limit, int64_t takes, int answer) {
    struct call *call = call_start(takes, answer);
    answers result = { weir_chan_ref(call->result.chan) },
            error = { weir_chan_ref(call->error.chan) };
    weir_ctx *ctx;
    int value = 0, err = 0;
    must(weir_ctx_new(&ctx, parent, weir_after(limit)));
    must(weir_wg_go(&calls, work, call));
    struct weir_case c[] = { WEIR_CASE_RECV(result.chan, &value),
                             WEIR_CASE_RECV(error.chan, &err) };
    ptrdiff_t i = weir_select(c, 2, WEIR_FOREVER, ctx, 0); /* the context's end is the third case */
    if (i == 0) printf("%s: result %d\n", what, value);
    if (i == 1) printf("%s: error, %s\n", what, weir_strerror(err));
    if (i < 0) printf("%s: no answer, %s\n", what, weir_strerror((int)i));
    must(weir_ctx_cancel(ctx, 0));
    weir_ctx_unref(ctx);
    must(answers_unref(result));
    must(answers_unref(error));
}

int main(int argc, char **argv) {
    int64_t limit = (argc > 1 ? atoll(argv[1]) : 2000) * MS;
    weir_ctx *parent;
    must(weir_ctx_new(&parent, NULL, WEIR_FOREVER));
    ask("quick", parent, 60000 * MS, 10 * MS, 42);
    ask("broken", parent, 60000 * MS, 10 * MS, WEIR_ENOENT);
    ask("slow", parent, limit, 2 * limit, 43);
    must(weir_wg_wait(&calls));
    weir_ctx_unref(parent);
    printf("left behind: %d\n", weir_leak_check());
    return 0;
}
