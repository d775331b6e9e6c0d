/* SPDX-License-Identifier: MIT */
/* 24 - generate, square, keep what is even: a pipeline composed of stages that all end with one context, the last
 * argument of each call that waits. */
#include <stdio.h>
#include <stdlib.h>
#include <weir/weir.h>

struct stage {
    weir_ctx *ctx;
    weir_wg *wg;
    weir_chan *in, *out;
    int last;
};

static void must(int rc) {
    if (rc >= 0) return;
    (void)fprintf(stderr, "%s\n", weir_strerror(rc));
    exit(1);
}

static int put(struct stage *s, int x) {
    return weir_chan_send_wait(s->out, &x, WEIR_FOREVER, s->ctx);
}
static int get(struct stage *s, int *x) {
    return weir_chan_recv_wait(s->in, x, WEIR_FOREVER, s->ctx);
}
static void stage_end(struct stage *s) {
    must(weir_chan_close(s->out));
    must(weir_chan_unref(s->in));
    must(weir_chan_unref(s->out));
    free(s);
}

static void generate(void *arg) {
    struct stage *s = arg;
    for (int x = 1; x <= s->last && put(s, x) == 0; x++) continue;
    stage_end(s);
}

static void square(void *arg) {
    struct stage *s = arg;
    for (int x; get(s, &x) == 0 && put(s, x * x) == 0;) continue;
    stage_end(s);
}

static void keep_even(void *arg) {
    struct stage *s = arg;
    for (int x; get(s, &x) == 0;)
        if (x % 2 == 0 && put(s, x) < 0) break;
    stage_end(s);
}

/* A stage behind `in`, which it takes over; its output is the caller's. */
static weir_chan *then(struct stage like, weir_chan *in, void (*run)(void *arg)) {
    struct weir_chan_opts o = WEIR_CHAN_OPTS(0, sizeof(int));
    struct stage *s = malloc(sizeof *s);
    if (!s) must(WEIR_ENOMEM);
    *s = like;
    s->in = in;
    must(weir_chan_new(&s->out, &o));
    weir_chan *out = weir_chan_ref(s->out);
    must(weir_wg_go(s->wg, run, s));
    return out;
}

/* Of 1 to last; cancelled after `most` numbers. */
static void pipeline(int last, int most) {
    weir_wg wg = WEIR_WG_INIT;
    weir_ctx *ctx;
    int x, n = 0;
    must(weir_ctx_new(&ctx, NULL, WEIR_FOREVER));
    struct stage s = { .ctx = ctx, .wg = &wg, .last = last };
    weir_chan *out = then(s, then(s, then(s, NULL, generate), square), keep_even);
    while (weir_chan_recv(out, &x) == 0) {
        printf("%d ", x);
        if (++n == most) must(weir_ctx_cancel(ctx, 0));
    }
    must(weir_wg_wait(&wg));
    printf("(%s)\n", weir_ctx_err(ctx) < 0 ? weir_strerror(weir_ctx_err(ctx)) : "all");
    must(weir_chan_unref(out));
    weir_ctx_unref(ctx);
}

int main(void) {
    pipeline(5, 100);
    pipeline(INT32_MAX, 3);
    printf("left behind: %d\n", weir_leak_check());
    return 0;
}
