/* SPDX-License-Identifier: MIT */
/* maps/unhash.h - weir__map_hash backwards: for tests and scenarios, which want keys that share a place. */
#ifndef WEIR_MAPS_UNHASH_H
#define WEIR_MAPS_UNHASH_H

#include "map.h"

/* Of an odd number modulo 2^64, by Newton's iteration: each step doubles the bits that are right, of 3 in the
 * beginning. */
static inline uint64_t weir__map_inverse(uint64_t odd) {
    uint64_t x = odd;
    for (int i = 0; i < 5; i++) x *= 2 - odd * x;
    return x;
}

/* The key that has this hash. */
static inline uint64_t weir__map_unhash(uint64_t h, uint64_t seed) {
    h *= weir__map_inverse(MAP_HASH_2);
    h ^= h >> 32;
    return h * weir__map_inverse(MAP_HASH_1) ^ seed;
}

#endif
