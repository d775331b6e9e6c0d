/* SPDX-License-Identifier: MIT */
/* tests/maps/main.c - the test program of one kind of map, and what its cases share. */
#include "kind.h"

#include "maps/unhash.h"

void *map_open(size_t hint) {
    void *m = K.open(hint, NULL);
    if (!CHECK(m != NULL, "no map")) test_hangs("a map cannot be made");
    return m;
}

void map_end(void *m) { CHECK_IS(K.close(m), 0); }

/* Hashes that differ in bits only that choose neither line nor shard; the maps of this folder have the seed 1. */
uint64_t crowded_key(uint64_t n) { return weir__map_unhash(n << 16, 1); }

int main(int argc, char **argv) {
    static const struct test tests[] = {
#define XX(name, fn) { name, fn },
        MAP_CASES(XX) MAP_RCU_CASES(XX)
#undef XX
    };
#define XX(name, fn) +1
    size_t n = K.rcu ? sizeof tests / sizeof *tests : 0 MAP_CASES(XX);
#undef XX
    return tests_main(argc, argv, K.name, tests, n);
}
