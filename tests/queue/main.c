/* SPDX-License-Identifier: MIT */
/* tests/queue/main.c - QUEUE2, QUEUE3, QUEUE6, QUEUE7 and RING15 of weir_queue. */
#include "cases.h"

int main(int argc, char **argv) {
    struct test all[64];
    size_t n = 0;
    memcpy(all + n, single_cases, n_single_cases * sizeof *all);
    n += n_single_cases;
    memcpy(all + n, memory_cases, n_memory_cases * sizeof *all);
    n += n_memory_cases;
    memcpy(all + n, stopped_cases, n_stopped_cases * sizeof *all);
    n += n_stopped_cases;
    return tests_main(argc, argv, "queue", all, n);
}
