/* SPDX-License-Identifier: MIT */
/* 10 - fan-out and fan-in with errors: a generator of 1 to 100, three processors of which about one call in ten
 * fails, and one merge of what they say: a select over as many channels as there are.
 *
 *   10_fan_out_fan_in [seed] */
#include <stdio.h>
#include <stdlib.h>
#include <weir/weir.h>

#define ITEMS 100
#define PROCESSORS 3

struct result {
    int item, value, err;
};
WEIR_CHAN_DECLARE(items, int);
WEIR_CHAN_DECLARE(results, struct result);

struct processor {
    items in;
    results out;
    uint32_t seed;
};

static void must(int rc) {
    if (rc >= 0) return;
    (void)fprintf(stderr, "%s\n", weir_strerror(rc));
    exit(1);
}

static void generate(void *arg) {
    items *out = arg;
    for (int i = 1; i <= ITEMS; i++) must(items_send(*out, i));
    must(weir_chan_close(out->chan));
}

/* The same items fail whenever the seed is the same. */
static int compute(uint32_t seed, int item, int *value) {
    uint32_t luck = (seed + (uint32_t)item) * 2654435761u >> 16;
    if (luck % 10 == 0) return WEIR_ENOENT;
    *value = item * item;
    return 0;
}

static void process(void *arg) {
    struct processor *p = arg;
    struct result r = { 0 };
    while (items_recv(p->in, &r.item) == 0) {
        r.value = 0;
        r.err = compute(p->seed, r.item, &r.value);
        must(results_send(p->out, r));
    }
    must(weir_chan_close(p->out.chan));
}

/* Receives from any of n channels, whose cases say where to; false: all are closed. */
static bool merge(struct weir_case *c, size_t n, size_t *closed) {
    while (*closed < n) {
        ptrdiff_t i = weir_select(c, n, WEIR_FOREVER, NULL, 0);
        must((int)i);
        if (c[i].result == 0) return true;
        c[i].on = NULL; /* never ready from now on */
        ++*closed;
    }
    return false;
}

int main(int argc, char **argv) {
    struct processor p[PROCESSORS];
    struct weir_case c[PROCESSORS];
    struct result r;
    bool failed[ITEMS + 1] = { false };
    weir_wg threads = WEIR_WG_INIT;
    items in;
    size_t closed = 0;
    int successes = 0, errors = 0, sum = 0;
    must(items_new(&in, 0));
    must(weir_wg_go(&threads, generate, &in));
    for (int i = 0; i < PROCESSORS; i++) {
        p[i] = (struct processor){ .in = in, .seed = argc > 1 ? (uint32_t)atoi(argv[1]) : 1 };
        must(results_new(&p[i].out, 0));
        c[i] = (struct weir_case)WEIR_CASE_RECV(p[i].out.chan, &r);
        must(weir_wg_go(&threads, process, &p[i]));
    }
    while (merge(c, PROCESSORS, &closed)) {
        successes += r.err == 0;
        errors += r.err != 0;
        sum += r.value;
        failed[r.item] = r.err != 0;
    }
    printf("%d items: %d successes, sum %d; %d errors:", ITEMS, successes, sum, errors);
    for (int i = 1; i <= ITEMS; i++)
        if (failed[i]) printf(" %d", i);
    printf("\n");
    must(weir_wg_wait(&threads));
    for (int i = 0; i < PROCESSORS; i++) must(results_unref(p[i].out));
    return items_unref(in);
}
