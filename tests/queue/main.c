/* SPDX-License-Identifier: MIT */
/* tests/queue/main.c - QUEUE2, QUEUE3, QUEUE6, QUEUE7 and RING15 of weir_queue. */
#include "cases.h"

static struct test all[64];
static size_t n;

static void add(const struct test *cases, size_t k) {
    memcpy(all + n, cases, k * sizeof *all);
    n += k;
}

int main(int argc, char **argv) {
    add(single_cases, n_single_cases);
    add(scarce_cases, n_scarce_cases);
    add(memory_cases, n_memory_cases);
    add(stopped_cases, n_stopped_cases);
    add(look_cases, n_look_cases);
    return tests_main(argc, argv, "queue", all, n);
}
