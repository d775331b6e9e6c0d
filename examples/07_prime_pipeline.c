/* SPDX-License-Identifier: MIT */
/* 07 - a pipeline: generate 2 to 20, keep the primes, square them; each stage a thread, a channel between two. Who
 * has enough closes `done`, and every stage ends, however full its output is. */
#include <stdio.h>
#include <stdlib.h>
#include <weir/weir.h>

WEIR_CHAN_DECLARE(ints, int);

struct stage {
    ints in, out;
    weir_chan *done;
    bool (*step)(int *x); /* false: leave it out */
};

static void must(int rc) {
    if (rc >= 0) return;
    (void)fprintf(stderr, "%s\n", weir_strerror(rc));
    exit(1);
}

static bool is_prime(int *x) {
    for (int d = 2; d * d <= *x; d++)
        if (*x % d == 0) return false;
    return true;
}

static bool square(int *x) {
    *x *= *x;
    return true;
}

/* false: nobody wants any more. */
static bool stage_put(struct stage *s, int x) {
    struct weir_case c[] = { WEIR_CASE_SEND(s->out.chan, &x), WEIR_CASE_RECV(s->done, NULL) };
    return weir_select(c, 2, WEIR_FOREVER, NULL, 0) == 0;
}

static void generate(void *arg) {
    struct stage *s = arg;
    for (int x = 2; x <= 20 && stage_put(s, x); x++) continue;
    must(weir_chan_close(s->out.chan));
}

static void stage_run(void *arg) {
    struct stage *s = arg;
    int x;
    while (ints_recv(s->in, &x) == 0)
        if (s->step(&x) && !stage_put(s, x)) break;
    must(weir_chan_close(s->out.chan));
}

/* Prints what comes out, `most` numbers at most. */
static void pipeline(int most) {
    struct weir_chan_opts signal = WEIR_CHAN_OPTS(0, 0);
    struct stage s[3] = { 0 };
    weir_wg stages = WEIR_WG_INIT;
    weir_chan *done;
    int x, n = 0;
    must(weir_chan_new(&done, &signal));
    for (int i = 0; i < 3; i++) {
        must(ints_new(&s[i].out, 0));
        s[i].done = done;
        if (i > 0) s[i].in = s[i - 1].out;
    }
    s[1].step = is_prime;
    s[2].step = square;
    for (int i = 0; i < 3; i++) must(weir_wg_go(&stages, i > 0 ? stage_run : generate, &s[i]));
    while (n < most && ints_recv(s[2].out, &x) == 0) printf("%s%d", n++ > 0 ? " " : "", x);
    printf("\n");
    must(weir_chan_close(done));
    must(weir_wg_wait(&stages));
    for (int i = 0; i < 3; i++) must(ints_unref(s[i].out));
    must(weir_chan_unref(done));
}

int main(void) {
    pipeline(100);
    pipeline(3); /* stopped early */
    printf("left behind: %d\n", weir_leak_check());
    return 0;
}
