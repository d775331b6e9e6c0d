/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/made.c - see made.h. */
#include "made.h"

#include "../engine.h"

#define NOT_WANTED 100 /* added to the threads made: no more will be */

bool made_serves(unsigned who, unsigned threads, void (*thread_main)(void)) {
    unsigned users = E.sc->threads - threads;
    if (who < users) return false;
    for (;;) {
        uint32_t made = weir_load_acquire(&ex_threads_made, 0);
        if (made % NOT_WANTED > who - users) {
            thread_main();
            return true;
        }
        if (made >= NOT_WANTED) return true;
        (void)weir_model_futex_wait(&ex_threads_made.v_, made, WEIR_FOREVER);
    }
}

void made_through(weir_au32 *users) {
    if (weir_fetch_sub_acq_rel(users, 1, 0) != 1) return;
    (void)weir_fetch_add_relaxed(&ex_threads_made, NOT_WANTED);
    weir_model_futex_wake(&ex_threads_made.v_, 8);
}
