/* SPDX-License-Identifier: MIT */
/* examples/spsc_spans.c - a producer that writes samples straight into the ring (reserve and commit),
 * and a consumer that adds them up where they stand (peek and consume). Prints the sum. */
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <weir/spsc.h>

#define SAMPLES 100000u

static void *produce(void *arg) {
    weir_spsc *r = arg;
    uint32_t next = 0;
    while (next < SAMPLES) {
        struct weir_span span;
        ptrdiff_t n = weir_spsc_reserve(r, SAMPLES - next, &span);
        if (n < 0) {
            sched_yield(); /* full: let the consumer run */
            continue;
        }
        for (int part = 0; part < 2; part++)
            for (size_t i = 0; i < span.n[part]; i++) ((uint32_t *)span.at[part])[i] = next++;
        (void)weir_spsc_commit(r, (size_t)n);
    }
    return NULL;
}

int main(void) {
    weir_spsc *r;
    struct weir_ring_opts opts = WEIR_RING_OPTS(1000, sizeof(uint32_t));
    pthread_t producer;
    uint64_t sum = 0;
    if (weir_spsc_new(&r, &opts) < 0) return 1;
    if (pthread_create(&producer, NULL, produce, r) != 0) return 1;
    for (uint32_t seen = 0; seen < SAMPLES;) {
        struct weir_span span;
        ptrdiff_t n = weir_spsc_peek(r, SIZE_MAX, &span);
        if (n < 0) {
            sched_yield(); /* empty: let the producer run */
            continue;
        }
        for (int part = 0; part < 2; part++)
            for (size_t i = 0; i < span.n[part]; i++) sum += ((uint32_t *)span.at[part])[i];
        (void)weir_spsc_consume(r, (size_t)n);
        seen += (uint32_t)n;
    }
    (void)pthread_join(producer, NULL);
    weir_spsc_free(r);
    printf("%llu\n", (unsigned long long)sum);
    return sum == (uint64_t)SAMPLES * (SAMPLES - 1) / 2 ? 0 : 1;
}
