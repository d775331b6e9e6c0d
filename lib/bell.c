/* SPDX-License-Identifier: MIT */
/* lib/bell.c - see bell.h. */
#include "bell.h"

void weir__bell_init(struct weir__bell *b) {
    b->asymmetric = weir__asymmetric();
    weir_init_atomic(&b->state, b->asymmetric ? 0 : WEIR__BELL_FENCE);
    weir_init_atomic(&b->seq, 0);
}

void weir__bell_sleep(struct weir__bell *b, weir_au64 *word, uint64_t mask) {
    (void)weir_fetch_add_seq_cst(&b->state, WEIR__BELL_ONE, BELL_W1);
    if (!weir__heavy_barrier(b->asymmetric)) weir__settle();
    uint32_t seq = weir_load_acquire(&b->seq, BELL_S2);
    bool held = (weir_load_seq_cst(word, BELL_W3) & mask) != 0;
    WEIR_POINT("bell.sleep");
    if (!weir_recheck(!held, BELL_Q1)) (void)weir__os_futex_wait(&b->seq, seq, WEIR_FOREVER);
    (void)weir_fetch_sub_relaxed(&b->state, WEIR__BELL_ONE);
}

void weir__bell_rung(struct weir__bell *b, weir_au64 *word) {
    if (weir_load_relaxed(&b->state) & WEIR__BELL_FENCE)
        (void)weir_fetch_add_seq_cst(word, 0, BELL_R1);
    if (weir_load_seq_cst(&b->state, BELL_R2) < WEIR__BELL_ONE) return;
    (void)weir_fetch_add_seq_cst(&b->seq, 1, BELL_S1);
    weir__os_futex_wake(&b->seq, INT32_MAX);
}
