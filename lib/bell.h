/* SPDX-License-Identifier: MIT */
/* lib/bell.h - sleeping for locks that are a bit in somebody's word, of which there are too many for a futex
 * each. One bell for all the words of an object: who frees a word rings if anybody sleeps, and all that sleep
 * look again.
 *
 * Invariants
 *   I1  (no lost wake-up) A sleeper counts itself by a seq_cst read-modify-write of state, passes the heavy
 *       barrier, reads seq, and looks at its word once more; only then it sleeps, while seq is the same. Who
 *       frees a word stores it, passes the light barrier, and loads state. At least one sees the other. Who
 *       rings changes seq after its store, so a sleeper that has read the new seq sees the word freed.
 *   I2  without membarrier WEIR__BELL_FENCE stands in state, and who frees adds 0 to its word, seq_cst, before
 *       it loads state again. A sleeper to whom the kernel refuses membarrier later settles each time: who has
 *       not seen it counted has become visible then.
 * Progress   ring: wait-free but for the system call; sleep blocks.
 * Ordering   W1 (count) with the barrier and the look at the word, W3, against the store of the word, R1 and
 *            R2. S1 -> S2: who sees the bell rung sees what was freed before. */
#ifndef WEIR_LIB_BELL_H
#define WEIR_LIB_BELL_H

#include "park.h"

#define WEIR__BELL_FENCE 1u
#define WEIR__BELL_ONE 2u

struct weir__bell {
    weir_au32 state; /* sleepers, and WEIR__BELL_FENCE */
    weir_au32 seq;
    bool asymmetric;
};

void weir__bell_init(struct weir__bell *b);

/* Sleeps while *word has a bit of `mask`, until somebody rings; it may return before. */
void weir__bell_sleep(struct weir__bell *b, weir_au64 *word, uint64_t mask);

void weir__bell_rung(struct weir__bell *b, weir_au64 *word);

/* After a store that frees *word. */
static inline void weir__bell_ring(struct weir__bell *b, weir_au64 *word) {
    weir_light_barrier();
    if (WEIR_UNLIKELY(weir_load_relaxed(&b->state) != 0)) weir__bell_rung(b, word);
}

#endif
