/* SPDX-License-Identifier: MIT */
/* tests/maps/main.c - the test program of one kind of map, and what its cases share. */
#include <weir/rcu.h>

#include "kind.h"

void *map_open(size_t hint) {
    void *m = K.open(hint, NULL);
    if (!CHECK(m != NULL, "no map")) test_hangs("a map cannot be made");
    return m;
}

void map_end(void *m) { CHECK_IS(K.close(m), 0); }

/* The hash of maps/map.h backwards, for seed 1: hashes that differ in their low bits only. */
static uint64_t inverse(uint64_t odd) { /* modulo 2^64, by Newton's iteration */
    uint64_t x = odd;
    for (int i = 0; i < 6; i++) x *= 2 - odd * x;
    return x;
}
uint64_t crowded_key(uint64_t n) {
    uint64_t h = n * inverse(UINT64_C(0xD6E8FEB86659FD93));
    h ^= h >> 32;
    return (h * inverse(UINT64_C(0x9E3779B97F4A7C15))) ^ 1;
}

int main(int argc, char **argv) {
    static const struct test tests[] = {
#define XX(name, fn) { name, fn },
        MAP_CASES(XX)
#undef XX
    };
    return tests_main(argc, argv, K.name, tests, sizeof tests / sizeof *tests);
}
