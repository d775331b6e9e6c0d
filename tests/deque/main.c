/* SPDX-License-Identifier: MIT */
/* tests/deque/main.c - the conformance tests of the deque: DEQUE1 to DEQUE4 and DEQUE6 (DEQUE5: tests/lin). */
#include <string.h>

#include "cases.h"

static weir_au32 misuses;

static void count_one(const char *call, const char *what, void *arg) {
    (void)call;
    (void)what;
    (void)weir_fetch_add_relaxed((weir_au32 *)arg, 1);
}

void misuse_count(bool on) {
    weir_store_relaxed(&misuses, 0);
    weir_set_report(on ? count_one : NULL, &misuses);
}

unsigned misuse_counted(void) { return weir_load_relaxed(&misuses); }

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
