/* SPDX-License-Identifier: MIT */
/* tests/pool/main.c - all cases, of one kind of pool. */
#include "pool.h"

#include <string.h>

#define MOST 128

int main(int argc, char **argv) {
    static struct test all[MOST];
    size_t n = 0;
    const struct {
        const struct test *tests;
        size_t n;
    } files[] = { { life_tests, n_life_tests },     { submit_tests, n_submit_tests },
                  { future_tests, n_future_tests }, { run_tests, n_run_tests },
                  { edge_tests, n_edge_tests },     { full_tests, n_full_tests },
                  { burst_tests, n_burst_tests } };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        memcpy(all + n, files[i].tests, files[i].n * sizeof *all);
        n += files[i].n;
    }
    return tests_main(argc, argv, kind == WEIR_POOL_MUTEX ? "pool_mutex" : "pool_steal", all, n);
}
