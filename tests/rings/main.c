/* SPDX-License-Identifier: MIT */
/* tests/rings/main.c - the test program of one ring: those of the cases that it can be asked for. */
#include "cases.h"
#include "ring.h"

#include <stdio.h>

static const struct {
    unsigned needs;
    struct test test;
} cases[] = {
#define XX(needs, name, fn) { needs, { name, fn } },
    RING_CASES(XX)
#undef XX
};

int main(int argc, char **argv) {
    struct test mine[sizeof cases / sizeof *cases];
    char group[40];
    size_t n = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if ((cases[i].needs & ~R.has) == 0) mine[n++] = cases[i].test;
    (void)snprintf(group, sizeof group, "rings_%s", R.name);
    return tests_main(argc, argv, group, mine, n);
}
