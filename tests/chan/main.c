/* SPDX-License-Identifier: MIT */
/* tests/chan/main.c - the test program of one kind of channel: those of the cases that it can be asked
 * for. */
#include "cases.h"
#include "chan.h"

#include <stdio.h>

static const struct {
    unsigned needs;
    struct test test;
} cases[] = {
#define XX(needs, name, fn) { needs, { name, fn } },
    CHAN_CASES(XX) MANY_CASES(XX) STATS_CASES(XX) IDLE_CASES(XX) SELECT_CASES(XX) MPMC_CASES(XX)
        SPSC_CASES(XX)
#undef XX
};

int main(int argc, char **argv) {
    struct test mine[sizeof cases / sizeof *cases];
    char group[40];
    size_t n = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if ((cases[i].needs & ~K.has) == 0) mine[n++] = cases[i].test;
    (void)snprintf(group, sizeof group, "chan_%s", K.name);
    return tests_main(argc, argv, group, mine, n);
}
