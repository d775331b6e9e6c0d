/* SPDX-License-Identifier: MIT */
/* tests/negative/unordered.c - the control that shows that ThreadSanitizer looks at the rings at all: one
 * half of an edge is taken away at run time, and the element that it carried becomes a data race,
 * which must be reported. Without a label nothing is taken away, and nothing may be reported.
 *
 * unordered spsc|mpmc [LABEL:acquire|release]: streams elements from one thread to another. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include <weir/weir.h>

#define ELEMENTS 20000
#define CAP 8
#define WORDS 10

static weir_spsc *spsc;
static weir_mpmc *mpmc;

static bool push(const uint64_t *elem) {
    return spsc ? weir_spsc_push(spsc, elem) : weir_mpmc_try_push(mpmc, elem) == 0;
}

static bool pop(uint64_t *elem) {
    return spsc ? weir_spsc_pop(spsc, elem) : weir_mpmc_try_pop(mpmc, elem) == 0;
}

/* Relaxed, so that they order nothing: the sides keep each other from meeting a full or an empty ring,
 * where weir_spsc has a barrier that would stand in for what is taken away. */
static weir_au64 pushed, popped;

static uint64_t inside(void) { return weir_load_relaxed(&pushed) - weir_load_relaxed(&popped); }

static void *produce(void *arg) {
    uint64_t elem[WORDS] = { 0 };
    for (elem[0] = 0; elem[0] < ELEMENTS; elem[0]++) {
        while (inside() > CAP - 2) sched_yield();
        while (!push(elem)) sched_yield();
        weir_store_relaxed(&pushed, elem[0] + 1);
    }
    return arg;
}

static uint64_t consume(void) {
    uint64_t elem[WORDS], sum = 0;
    for (uint64_t i = 0; i < ELEMENTS; i++) {
        while (inside() < 2 && weir_load_relaxed(&pushed) < ELEMENTS) sched_yield();
        while (!pop(elem)) sched_yield();
        sum += elem[0];
        weir_store_relaxed(&popped, i + 1);
    }
    return sum;
}

static int make(const char *structure) {
    struct weir_ring_opts o = WEIR_RING_OPTS(CAP, WORDS * sizeof(uint64_t));
    if (strcmp(structure, "spsc") == 0) return weir_spsc_new(&spsc, &o);
    if (strcmp(structure, "mpmc") == 0) return weir_mpmc_new(&mpmc, &o);
    return WEIR_EINVAL;
}

static int usage(void) {
    (void)fprintf(stderr, "usage: unordered spsc|mpmc [LABEL:acquire|release]\n");
    return 2;
}

int main(int argc, char **argv) {
    pthread_t producer;
    if ((argc != 2 && argc != 3) || make(argv[1]) != 0) return usage();
    int rc = argc == 3 ? weir_weaken(argv[2]) : 0;
    if (rc != 0) {
        (void)fprintf(stderr, "weir_weaken(%s): %s\n", argv[2], weir_strerror(rc));
        return 2;
    }
    if (pthread_create(&producer, NULL, produce, NULL) != 0) return 2;
    uint64_t sum = consume();
    (void)pthread_join(producer, NULL);
    weir_spsc_free(spsc);
    if (weir_mpmc_free(mpmc) != 0) return 2;
    (void)printf("%llu\n", (unsigned long long)sum);
    return sum == (uint64_t)ELEMENTS * (ELEMENTS - 1) / 2 ? 0 : 1;
}
