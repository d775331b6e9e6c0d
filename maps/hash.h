/* SPDX-License-Identifier: MIT */
/* maps/hash.h - inside of maps: hashes of byte strings. Any address, any length; of no bytes p may be NULL. The
 * same on machines of either byte order. All 64 bits are good: top ones choose a line, low ones a shard.
 *
 *   weir__hash_bytes  XXH3. For keys that nobody chooses in order to make them meet: that a seed is not known is
 *                     no defence that its author claims.
 *   weir__hash_sip    SipHash-2-4. For keys of strangers, under two words that they do not know. Several times
 *                     the time.
 *
 * Words of 64 bits have weir_word_hash_ (weir/detail/word_hash.h). */
#ifndef WEIR_MAPS_HASH_H
#define WEIR_MAPS_HASH_H

#include <weir/base.h>

uint64_t weir__hash_bytes(const void *p, size_t len, uint64_t seed);
uint64_t weir__hash_sip(const void *p, size_t len, uint64_t k0, uint64_t k1);

#endif
