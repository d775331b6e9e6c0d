/* SPDX-License-Identifier: MIT */
/* stress/specimens/close_wakes_one.c - wrong on purpose: close wakes one of those who wait.
 *
 * Everybody who waits for an element learns of the close only by being woken. Found by: the deadlock
 * report, as a lost wake-up, where both receivers sleep before the close. */
#include <weir/atomic.h>
#include <weir/model.h>

#include "specimens.h"

struct state {
    weir_au32 word;
}; /* 0 open, 1 closed */

static bool closed(void *state) { return weir_load_relaxed(&((struct state *)state)->word) != 0; }

static void thread(void *state, unsigned who) {
    struct state *s = state;
    struct weir_model_op *op = weir_model_begin(who == 2 ? "close" : "receive", 0);
    if (who == 2) {
        weir_store_seq_cst(&s->word, 1, 0);
        weir_model_futex_wake(&s->word.v_, 1); /* should be all */
    } else {
        weir_model_waits(closed, s, "closed");
        while (!weir_load_acquire(&s->word, 0))
            (void)weir_model_futex_wait(&s->word.v_, 0, WEIR_FOREVER);
    }
    weir_model_end(op, who == 2 ? 0 : WEIR_ECLOSED);
}

const struct weir_model_scenario specimen_close_wakes_one = {
    .name = "specimen.close_wakes_one",
    .about = "close wakes one instead of all",
    .threads = 3,
    .flags = WEIR_MODEL_BAD,
    .state_size = sizeof(struct state),
    .thread = thread,
    .options = "memory=sc",
};
