/* SPDX-License-Identifier: MIT */
/* weir/detail/word_hash.h - the hash of words that the maps use: a multiply, a fold, a multiply. A bijection for each
 * seed: two keys never have the same hash, which so stands for the key inside. */
#ifndef WEIR_DETAIL_WORD_HASH_H
#define WEIR_DETAIL_WORD_HASH_H

#include <weir/base.h>

#define WEIR_WORD_HASH_1_ UINT64_C(0x9E3779B97F4A7C15)
#define WEIR_WORD_HASH_2_ UINT64_C(0xD6E8FEB86659FD93)

WEIR_INLINE uint64_t weir_word_hash_(uint64_t key, uint64_t seed) {
    uint64_t h = (key ^ seed) * WEIR_WORD_HASH_1_;
    h ^= h >> 32;
    h *= WEIR_WORD_HASH_2_;
    return h;
}

#endif
