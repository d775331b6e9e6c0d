/* SPDX-License-Identifier: MIT */
/* maps/unhash.h - the hash of words backwards. */
#ifndef WEIR_MAPS_UNHASH_H
#define WEIR_MAPS_UNHASH_H

#include <weir/detail/word_hash.h>

/* What undoes the multiplications: x * inverse(x) is 1 modulo 2^64. */
#define WEIR__WORD_BACK_1 UINT64_C(0xF1DE83E19937733D)
#define WEIR__WORD_BACK_2 UINT64_C(0xCFEE444D8B59A89B)

_Static_assert(WEIR_WORD_HASH_1_ *WEIR__WORD_BACK_1 == 1, "inverse");
_Static_assert(WEIR_WORD_HASH_2_ *WEIR__WORD_BACK_2 == 1, "inverse");

/* The key that has this hash. */
static inline uint64_t weir__map_unhash(uint64_t h, uint64_t seed) {
    h *= WEIR__WORD_BACK_2;
    h ^= h >> 32;
    return h * WEIR__WORD_BACK_1 ^ seed;
}

#endif
