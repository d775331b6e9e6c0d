/* SPDX-License-Identifier: MIT */
/* stress/specimens/select_takes_two.c - wrong on purpose: a select that takes two.
 *
 * One receiver waits at two channels. Each sender looks whether the receiver is still undecided, and
 * then decides it, in two steps: both may find it undecided, hand over their elements and report
 * success. One element is lost. Found by: the count of what was sent and what came out. */
#include <weir/atomic.h>
#include <weir/model.h>

#include "specimens.h"

enum { WAITING, DECIDED };

struct state {
    weir_au32 select; /* of the one receiver */
    weir_au64 slot;
    weir_au64 sent;
    uint64_t received;
};

static bool decided(void *state) {
    return weir_load_relaxed(&((struct state *)state)->select) == DECIDED;
}

static int send(struct state *s, uint64_t v) {
    if (weir_load_acquire(&s->select, 0) != WAITING) return WEIR_EAGAIN;
    weir_store_relaxed(&s->slot, v); /* should be after a compare-and-swap of WAITING */
    weir_store_release(&s->select, DECIDED, 0);
    weir_model_futex_wake(&s->select.v_, 1);
    (void)weir_fetch_add_relaxed(&s->sent, 1);
    return 0;
}

static void thread(void *state, unsigned who) {
    struct state *s = state;
    struct weir_model_op *op = weir_model_begin(who ? "send" : "select", 0);
    if (who) {
        op->in[0] = who;
        op->nin = 1;
        weir_model_end(op, send(s, who));
        return;
    }
    weir_model_waits(decided, s, "a sender has decided");
    while (weir_load_acquire(&s->select, 0) == WAITING)
        (void)weir_model_futex_wait(&s->select.v_, WAITING, WEIR_FOREVER);
    op->out[0] = weir_load_relaxed(&s->slot);
    op->nout = 1;
    s->received++;
    weir_model_end(op, 0);
}

static void finish(void *state) {
    struct state *s = state;
    if (s->sent.v_ != s->received)
        weir_model_fail("%llu elements were sent, %llu came out", (unsigned long long)s->sent.v_,
                        (unsigned long long)s->received);
}

const struct weir_model_scenario specimen_select_takes_two = {
    .name = "specimen.select_takes_two",
    .about = "a select that takes two",
    .threads = 3,
    .flags = WEIR_MODEL_BAD,
    .state_size = sizeof(struct state),
    .thread = thread,
    .finish = finish,
    .options = "memory=sc",
};
