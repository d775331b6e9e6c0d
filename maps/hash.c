/* SPDX-License-Identifier: MIT */
/* maps/hash.c - hashes of byte strings.
 *
 * XXH3 is libxxhash's, compiled in from its header: nothing is linked. Its results are fixed since version 0.8.0.
 *
 * SipHash is written from the paper: Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012). 2 rounds
 * for a word and 4 at the end, since from there on its authors expect all the strength that 128 bits of key and
 * 64 of result can have, and for these they published test vectors; of 1 and 3, which others use for tables,
 * they claim nothing. */
#include "hash.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t weir__hash_bytes(const void *p, size_t len, uint64_t seed) {
    return XXH3_64bits_withSeed(p, len, seed);
}

/* ---- SipHash-2-4 ---------------------------------------------------------------------------------------- */

enum { WORD_ROUNDS = 2, END_ROUNDS = 4 };

struct sip {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t x, unsigned n) { return x << n | x >> (64 - n); }

/* Two pairs side by side: b is turned by m, d by n. */
static inline void half_round(uint64_t *a, uint64_t *b, unsigned m, uint64_t *c, uint64_t *d,
                              unsigned n) {
    *a += *b;
    *c += *d;
    *b = rotate(*b, m) ^ *a;
    *d = rotate(*d, n) ^ *c;
    *a = rotate(*a, 32);
}

static inline void rounds(struct sip *s, int n) {
    for (int i = 0; i < n; i++) {
        half_round(&s->v0, &s->v1, 13, &s->v2, &s->v3, 16);
        half_round(&s->v2, &s->v1, 17, &s->v0, &s->v3, 21);
    }
}

static inline void take_word(struct sip *s, uint64_t w) {
    s->v3 ^= w;
    rounds(s, WORD_ROUNDS);
    s->v0 ^= w;
}

/* The first byte is the lowest. */
static inline uint64_t word_at(const unsigned char *p) {
    uint64_t w;
    memcpy(&w, p, sizeof w);
    return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? __builtin_bswap64(w) : w;
}

uint64_t weir__hash_sip(const void *p, size_t len, uint64_t k0, uint64_t k1) {
    struct sip s = { k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
                     k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573) };
    const unsigned char *at = p;
    uint64_t last = (uint64_t)len << 56;
    size_t rest = len % 8;
    for (size_t words = len / 8; words > 0; words--, at += 8) take_word(&s, word_at(at));
    for (size_t i = 0; i < rest; i++) last |= (uint64_t)at[i] << (8 * i);
    take_word(&s, last);
    s.v2 ^= 0xff;
    rounds(&s, END_ROUNDS);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
