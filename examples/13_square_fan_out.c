/* SPDX-License-Identifier: MIT */
/* 13 - one source, three squarers that share it, and a merge: a relay of weir's carries what the squarers send to one
 * channel, and closes that when all three are at their ends. */
#include <stdio.h>
#include <stdlib.h>
#include <weir/weir.h>

#define SQUARERS 3

struct stage {
    weir_chan *in, *out;
};

static void must(int rc) {
    if (rc >= 0) return;
    (void)fprintf(stderr, "%s\n", weir_strerror(rc));
    exit(1);
}

static weir_chan *ints_new(void) {
    struct weir_chan_opts o = WEIR_CHAN_OPTS(0, sizeof(int));
    weir_chan *c;
    must(weir_chan_new(&c, &o));
    return c;
}

static void generate(void *arg) {
    weir_chan *out = arg;
    for (int x = 1; x <= 12; x++) must(weir_chan_send(out, &x));
    must(weir_chan_close(out));
}

static void square(void *arg) {
    struct stage *s = arg;
    int x;
    while (weir_chan_recv(s->in, &x) == 0) {
        x *= x;
        must(weir_chan_send(s->out, &x));
    }
    must(weir_chan_close(s->out));
}

int main(void) {
    weir_wg threads = WEIR_WG_INIT;
    struct stage squarer[SQUARERS];
    weir_chan *source = ints_new(), *merged = ints_new(), *outs[SQUARERS];
    weir_relay *merge;
    int x;
    must(weir_wg_go(&threads, generate, source));
    for (int i = 0; i < SQUARERS; i++) {
        outs[i] = ints_new();
        squarer[i] = (struct stage){ source, outs[i] };
        must(weir_wg_go(&threads, square, &squarer[i]));
    }
    must(weir_merge(&merge, merged, outs, SQUARERS, NULL));

    while (weir_chan_recv(merged, &x) == 0) printf("%d\n", x);
    must(weir_relay_wait(merge));
    must(weir_relay_free(merge));
    must(weir_wg_wait(&threads));
    must(weir_chan_unref(source));
    must(weir_chan_unref(merged));
    for (int i = 0; i < SQUARERS; i++) must(weir_chan_unref(outs[i]));
    return 0;
}
