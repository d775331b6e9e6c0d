/* SPDX-License-Identifier: MIT */
/* stress/specimens/park_no_storeload.c - wrong on purpose: park without StoreLoad.
 *
 * The sleeper says that it sleeps and looks at the flag; the waker raises the flag and looks whether
 * somebody sleeps. Both stores are release: each may still be in its thread's buffer while the other
 * thread looks. Right under sequential consistency; found by: store buffers, as a lost wake-up. */
#include <weir/atomic.h>
#include <weir/model.h>

#include "specimens.h"

struct state {
    weir_au32 asleep, flag;
};

static bool raised(void *state) { return weir_load_relaxed(&((struct state *)state)->flag) != 0; }

static void thread(void *state, unsigned who) {
    struct state *s = state;
    struct weir_model_op *op = weir_model_begin(who ? "raise" : "wait", 0);
    if (who == 0) {
        weir_model_waits(raised, s, "the flag is up");
        weir_store_release(&s->asleep, 1, 0); /* should be seq_cst */
        while (!weir_load_acquire(&s->flag, 0)) {
            (void)weir_model_futex_wait(&s->asleep.v_, 1, WEIR_FOREVER);
            weir_store_release(&s->asleep, 1, 0);
        }
    } else {
        weir_store_release(&s->flag, 1, 0); /* should be seq_cst */
        if (weir_load_acquire(&s->asleep, 0)) {
            weir_store_release(&s->asleep, 0, 0);
            weir_model_futex_wake(&s->asleep.v_, 1);
        }
    }
    weir_model_end(op, 0);
}

const struct weir_model_scenario specimen_park_no_storeload = {
    .name = "specimen.park_no_storeload",
    .about = "park without StoreLoad",
    .threads = 2,
    .flags = WEIR_MODEL_BAD,
    .state_size = sizeof(struct state),
    .thread = thread,
    .options = "memory=tso",
};
