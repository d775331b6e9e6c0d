/* SPDX-License-Identifier: MIT */
/* tests/deque/main.c - the conformance tests of the deque: DEQUE1 to DEQUE4 and DEQUE6 (DEQUE5: tests/lin). */
#include <string.h>

#include "cases.h"

static struct test all[64];
static size_t n;

static void add(const struct test *cases, size_t k) {
    memcpy(all + n, cases, k * sizeof *all);
    n += k;
}

#ifdef DEQUE_MUTEX
#define GROUP "mutex_deque"
static void add_own(void) {}
#else
#define GROUP "deque"
static void add_own(void) {
    add(owner_cases, n_owner_cases);
    add(stopped_cases, n_stopped_cases);
}
#endif

int main(int argc, char **argv) {
    add(single_cases, n_single_cases);
    add(race_cases, n_race_cases);
    add_own();
    return tests_main(argc, argv, GROUP, all, n);
}
