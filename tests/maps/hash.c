/* SPDX-License-Identifier: MIT */
/* tests/maps/hash.c - the hashes of maps: published results, any place and length, and how evenly keys that look
 * alike fall on lines and shards. SHARD12. */
#include "maps/hash.h"

#include <stdio.h>
#include <string.h>

#include <weir/detail/word_hash.h>

#include "../support/check.h"

/* ---- published results ---------------------------------------------------------------------------------- */

/* SipHash-2-4 of the bytes 0, 1, .., n - 1 under the key 0, 1, .., 15, as a number whose lowest byte is the first of
 * the result, for n of 0 to 63: the vectors of its authors' reference code, that for 15 also of the paper. */
static const uint64_t sip_vectors[64] = {
    UINT64_C(0x726fdb47dd0e0e31), UINT64_C(0x74f839c593dc67fd), UINT64_C(0x0d6c8009d9a94f5a),
    UINT64_C(0x85676696d7fb7e2d), UINT64_C(0xcf2794e0277187b7), UINT64_C(0x18765564cd99a68d),
    UINT64_C(0xcbc9466e58fee3ce), UINT64_C(0xab0200f58b01d137), UINT64_C(0x93f5f5799a932462),
    UINT64_C(0x9e0082df0ba9e4b0), UINT64_C(0x7a5dbbc594ddb9f3), UINT64_C(0xf4b32f46226bada7),
    UINT64_C(0x751e8fbc860ee5fb), UINT64_C(0x14ea5627c0843d90), UINT64_C(0xf723ca908e7af2ee),
    UINT64_C(0xa129ca6149be45e5), UINT64_C(0x3f2acc7f57c29bdb), UINT64_C(0x699ae9f52cbe4794),
    UINT64_C(0x4bc1b3f0968dd39c), UINT64_C(0xbb6dc91da77961bd), UINT64_C(0xbed65cf21aa2ee98),
    UINT64_C(0xd0f2cbb02e3b67c7), UINT64_C(0x93536795e3a33e88), UINT64_C(0xa80c038ccd5ccec8),
    UINT64_C(0xb8ad50c6f649af94), UINT64_C(0xbce192de8a85b8ea), UINT64_C(0x17d835b85bbb15f3),
    UINT64_C(0x2f2e6163076bcfad), UINT64_C(0xde4daaaca71dc9a5), UINT64_C(0xa6a2506687956571),
    UINT64_C(0xad87a3535c49ef28), UINT64_C(0x32d892fad841c342), UINT64_C(0x7127512f72f27cce),
    UINT64_C(0xa7f32346f95978e3), UINT64_C(0x12e0b01abb051238), UINT64_C(0x15e034d40fa197ae),
    UINT64_C(0x314dffbe0815a3b4), UINT64_C(0x027990f029623981), UINT64_C(0xcadcd4e59ef40c4d),
    UINT64_C(0x9abfd8766a33735c), UINT64_C(0x0e3ea96b5304a7d0), UINT64_C(0xad0c42d6fc585992),
    UINT64_C(0x187306c89bc215a9), UINT64_C(0xd4a60abcf3792b95), UINT64_C(0xf935451de4f21df2),
    UINT64_C(0xa9538f0419755787), UINT64_C(0xdb9acddff56ca510), UINT64_C(0xd06c98cd5c0975eb),
    UINT64_C(0xe612a3cb9ecba951), UINT64_C(0xc766e62cfcadaf96), UINT64_C(0xee64435a9752fe72),
    UINT64_C(0xa192d576b245165a), UINT64_C(0x0a8787bf8ecb74b2), UINT64_C(0x81b3e73d20b49b6f),
    UINT64_C(0x7fa8220ba3b2ecea), UINT64_C(0x245731c13ca42499), UINT64_C(0xb78dbfaf3a8d83bd),
    UINT64_C(0xea1ad565322a1a0b), UINT64_C(0x60e61c23a3795013), UINT64_C(0x6606d7e446282b93),
    UINT64_C(0x6ca4ecb15c5f91e1), UINT64_C(0x9f626da15c9625f3), UINT64_C(0xe51b38608ef25f57),
    UINT64_C(0x958a324ceb064572),
};
#define SIP_K0 UINT64_C(0x0706050403020100)
#define SIP_K1 UINT64_C(0x0f0e0d0c0b0a0908)

static void sip_published(void) {
    unsigned char m[64];
    for (size_t i = 0; i < sizeof m; i++) m[i] = (unsigned char)i;
    for (size_t n = 0; n < 64; n++)
        CHECK(weir__hash_sip(m, n, SIP_K0, SIP_K1) == sip_vectors[n], "of %zu bytes", n);
    CHECK_IS(weir__hash_sip(NULL, 0, SIP_K0, SIP_K1), sip_vectors[0]);
}

/* XXH3 of 64 bits over the bytes that libxxhash's own check makes, without a seed and with that check's. */
static const struct {
    size_t n;
    uint64_t plain, seeded;
} xxh3_vectors[] = {
    { 0, UINT64_C(0x2D06800538D394C2), UINT64_C(0xA8A6B918B2F0364A) },
    { 1, UINT64_C(0xC44BDFF4074EECDB), UINT64_C(0x032BE332DD766EF8) },
    { 6, UINT64_C(0x27B56A84CD2D7325), UINT64_C(0x84589C116AB59AB9) },
    { 12, UINT64_C(0xA713DAF0DFBB77E7), UINT64_C(0xE7303E1B2336DE0E) },
    { 24, UINT64_C(0xA3FE70BF9D3510EB), UINT64_C(0x850E80FC35BDD690) },
    { 48, UINT64_C(0x397DA259ECBA1F11), UINT64_C(0xADC2CBAA44ACC616) },
    { 80, UINT64_C(0xBCDEFBBB2C47C90A), UINT64_C(0xC6DD0CB699532E73) },
    { 195, UINT64_C(0xCD94217EE362EC3A), UINT64_C(0xBA68003D370CB3D9) },
    { 403, UINT64_C(0xCDEB804D65C6DEA4), UINT64_C(0x6259F6ECFD6443FD) },
    { 512, UINT64_C(0x617E49599013CB6B), UINT64_C(0x3CE457DE14C27708) },
    { 2048, UINT64_C(0xDD59E2C3A5F038E0), UINT64_C(0x66F81670669ABABC) },
    { 2099, UINT64_C(0xC6B9D9B3FC9AC765), UINT64_C(0x184F316843663974) },
    { 2240, UINT64_C(0x6E73A90539CF2948), UINT64_C(0x757BA8487D1B5247) },
};
#define XXH3_SEED UINT64_C(0x9E3779B185EBCA8D)

static void xxh3_published(void) {
    unsigned char m[2304];
    uint64_t g = 2654435761U;
    for (size_t i = 0; i < sizeof m; i++) {
        m[i] = (unsigned char)(g >> 56);
        g *= UINT64_C(11400714785074694797);
    }
    for (size_t i = 0; i < sizeof xxh3_vectors / sizeof *xxh3_vectors; i++) {
        size_t n = xxh3_vectors[i].n;
        CHECK(weir__hash_bytes(m, n, 0) == xxh3_vectors[i].plain, "of %zu bytes", n);
        CHECK(weir__hash_bytes(m, n, XXH3_SEED) == xxh3_vectors[i].seeded, "of %zu, seeded", n);
    }
    CHECK_IS(weir__hash_bytes(NULL, 0, 0), xxh3_vectors[0].plain);
}

/* ---- any place, each byte, each seed -------------------------------------------------------------------- */

typedef uint64_t hash_fn(const void *p, size_t len, uint64_t seed);
static uint64_t bytes(const void *p, size_t len, uint64_t seed) {
    return weir__hash_bytes(p, len, seed);
}
static uint64_t sip(const void *p, size_t len, uint64_t seed) {
    return weir__hash_sip(p, len, seed, ~seed);
}

static void reads_all(hash_fn *fn) {
    enum { LONGEST = 300 };
    unsigned char m[LONGEST + 16];
    for (size_t n = 0; n <= LONGEST; n++) {
        memset(m, 0xa5, sizeof m);
        uint64_t h = fn(m, n, 1);
        for (size_t at = 1; at < 16; at++) CHECK(fn(m + at, n, 1) == h, "%zu bytes at %zu", n, at);
        CHECK(fn(m, n, 2) != h, "%zu bytes: the seed makes no difference", n);
        CHECK(fn(m, n + 1, 1) != h, "%zu bytes: the length makes no difference", n);
        m[n] ^= 1;
        CHECK(fn(m, n, 1) == h, "%zu bytes: the next one is read", n);
        for (size_t i = 0; i < n; i++) {
            m[i] ^= 0x80;
            CHECK(fn(m, n, 1) != h, "%zu bytes: byte %zu makes no difference", n, i);
            m[i] ^= 0x80;
        }
    }
}
static void bytes_reads_all(void) { reads_all(bytes); }
static void sip_reads_all(void) {
    reads_all(sip);
    CHECK(weir__hash_sip("", 0, 1, 2) != weir__hash_sip("", 0, 1, 3), "half of the key is unused");
    CHECK(weir__hash_sip("", 0, 1, 2) != weir__hash_sip("", 0, 0, 2), "half of the key is unused");
}

/* ---- balance -------------------------------------------------------------------------------------------- */

#define LINES 64
#define SHARDS 8
#define KEYS (1U << 17) /* 256 for each line of each shard: a standard deviation is 6.3 % */

typedef uint64_t place_fn(uint64_t i, uint64_t seed); /* the hash of the i-th key */

static void within_twice(const uint32_t *n, size_t places, const char *what) {
    uint32_t least = n[0], most = n[0];
    for (size_t i = 1; i < places; i++) {
        if (n[i] < least) least = n[i];
        if (n[i] > most) most = n[i];
    }
    CHECK(most <= 2 * least, "%s: %u to %u", what, (unsigned)least, (unsigned)most);
}

/* Also the lines of one shard: what chooses one must not choose the other. */
static void balances(place_fn *fn, const char *keys) {
    static const uint64_t seeds[] = { 0, 1, UINT64_C(0x8000000000000000), ~UINT64_C(0),
                                      UINT64_C(0x243f6a8885a308d3) };
    for (size_t s = 0; s < sizeof seeds / sizeof *seeds; s++) {
        uint32_t line[LINES] = { 0 }, shard[SHARDS] = { 0 }, both[SHARDS * LINES] = { 0 };
        check_context("%s, seed %llx", keys, (unsigned long long)seeds[s]);
        for (uint64_t i = 0; i < KEYS; i++) {
            uint64_t h = fn(i, seeds[s]), l = h >> 58, sh = h % SHARDS;
            line[l]++;
            shard[sh]++;
            both[sh * LINES + l]++;
        }
        within_twice(line, LINES, "lines");
        within_twice(shard, SHARDS, "shards");
        within_twice(both, SHARDS * LINES, "lines of shards");
    }
}

static uint64_t word_bytes(uint64_t i, uint64_t seed) { return bytes(&i, sizeof i, seed); }
static uint64_t word_sip(uint64_t i, uint64_t seed) { return sip(&i, sizeof i, seed); }
static uint64_t high_bytes(uint64_t i, uint64_t seed) { return word_bytes(i << 32, seed); }
static uint64_t high_sip(uint64_t i, uint64_t seed) { return word_sip(i << 32, seed); }

/* Of three lengths, so that each way of XXH3 for short keys is met, and SipHash's rest of a word. */
#define SHORT "%06u:b"
#define MIDDLE "user/%06u/name.."
#define LONG "/var/lib/service/data/objects/%06u/index.html"
static uint64_t text(hash_fn *fn, const char *form, uint64_t i, uint64_t seed) {
    char s[80];
    size_t len = 0;
    for (const char *f = form; *f; f++) {
        if (*f != '%') {
            s[len++] = *f;
            continue;
        }
        for (unsigned at = 0; at < 6; at++, i /= 10) s[len + 5 - at] = (char)('0' + i % 10);
        len += 6;
        f += 3; /* "%06u" */
    }
    return fn(s, len, seed);
}
static uint64_t short_bytes(uint64_t i, uint64_t seed) { return text(bytes, SHORT, i, seed); }
static uint64_t short_sip(uint64_t i, uint64_t seed) { return text(sip, SHORT, i, seed); }
static uint64_t middle_bytes(uint64_t i, uint64_t seed) { return text(bytes, MIDDLE, i, seed); }
static uint64_t middle_sip(uint64_t i, uint64_t seed) { return text(sip, MIDDLE, i, seed); }
static uint64_t long_bytes(uint64_t i, uint64_t seed) { return text(bytes, LONG, i, seed); }
static uint64_t long_sip(uint64_t i, uint64_t seed) { return text(sip, LONG, i, seed); }

static void bytes_balance(void) {
    balances(word_bytes, "integers");
    balances(high_bytes, "integers in the upper half");
    balances(short_bytes, SHORT);
    balances(middle_bytes, MIDDLE);
    balances(long_bytes, LONG);
}
static void sip_balance(void) {
    balances(word_sip, "integers");
    balances(high_sip, "integers in the upper half");
    balances(short_sip, SHORT);
    balances(middle_sip, MIDDLE);
    balances(long_sip, LONG);
}

static uint64_t word(uint64_t i, uint64_t seed) { return weir_word_hash_(i, seed); }
static uint64_t lines_apart(uint64_t i, uint64_t seed) { return weir_word_hash_(i * 64, seed); }
static uint64_t upper_half(uint64_t i, uint64_t seed) { return weir_word_hash_(i << 32, seed); }

static void word_balance(void) {
    balances(word, "integers");
    balances(lines_apart, "addresses of lines");
    balances(upper_half, "integers in the upper half");
}

int main(int argc, char **argv) {
    static const struct test tests[] = {
        { "MAP hash: SipHash-2-4 as published", sip_published },
        { "MAP hash: XXH3 as published", xxh3_published },
        { "MAP hash: XXH3 of any place and length", bytes_reads_all },
        { "MAP hash: SipHash of any place and length", sip_reads_all },
        { "MAP hash: XXH3 spreads keys that look alike", bytes_balance },
        { "MAP hash: SipHash spreads keys that look alike", sip_balance },
        { "SHARD12 integers in sequence balance over lines, shards, and lines of a shard",
          word_balance },
    };
    return tests_main(argc, argv, "hash", tests, sizeof tests / sizeof *tests);
}
