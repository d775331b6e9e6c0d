/* SPDX-License-Identifier: MIT */
/* tests/rings/wrap.c - RING8: the tests of the other statements, run with indices that start just below
 * a power of two and cross it.
 *
 * weir_mpmc keeps index << 2 | flags in a word, and the index has the position in its low bits: both
 * the index and the word cross; of weir_scq the laps in head, tail and slots. The mutex ring's index stays below its capacity, so for it the start
 * only chooses the first position. */
#include "cases.h"
#include "ring.h"

static void each_body(void) {
    static void (*const bodies[])(void) = {
        ring1_capacity,   ring2_bytes, ring3_failure, ring6_push_after_pop, body_walks,
        ring14_quiescent, ring16_drop, body_streams,  body_mixed_threads,   ring9_counts,
    };
    size_t n = sizeof bodies / sizeof *bodies - !(R.has & HAS_BATCH);
    for (size_t i = 0; i < n && checks_hold(); i++) bodies[i]();
}

/* Starts `below` before the wrap, for several distances: the crossing falls on every position of
 * small rings, and into the middle of batches. */
static void cross(uint64_t wrap) {
    static const uint64_t below[] = { 2, 5, 1, 3, 12 };
    size_t n = times(5); /* fewer under sanitizers */
    if (n < 2) n = 2;
    for (size_t i = 0; i < n && i < sizeof below / sizeof *below && checks_hold(); i++) {
        setup.start = wrap - below[i];
        each_body();
    }
    setup.start = 0;
}

/* The power of two of the index, and of the word that holds it. */
static void cross_index(unsigned bits) {
    cross(UINT64_C(1) << bits);
    if (R.has & IS_MPMC) cross(UINT64_C(1) << (bits - 2));
}

void ring8_16(void) { cross_index(16); }
void ring8_31(void) { cross_index(31); }
void ring8_32(void) { cross_index(32); }

void ring8_field(void) {
    unsigned bits = R.index_bits;
    cross(bits == 0 || bits == 64 ? 0 : UINT64_C(1) << bits);
}
