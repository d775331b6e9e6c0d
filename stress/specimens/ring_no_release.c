/* SPDX-License-Identifier: MIT */
/* stress/specimens/ring_no_release.c - wrong on purpose: a ring without the release.
 *
 * One producer, one consumer. The tail is stored relaxed: nothing orders the element before it. Under
 * sequential consistency and on x86 the values come out right all the same; found by: the race
 * detector of the explorer (and ThreadSanitizer), since no edge orders the copy out after the copy in. A
 * wrong value would need stale reads, which the memory models here do not have. */
#include <weir/atomic.h>
#include <weir/model.h>

#include "specimens.h"

#define CAP 2

struct state {
    weir_au64 head, tail;
    uint64_t slot[CAP];
};

static bool push(struct state *s, uint64_t v) {
    uint64_t t = weir_load_relaxed(&s->tail);
    if (t - weir_load_acquire(&s->head, 0) == CAP) return false;
    weir_model_write(&s->slot[t % CAP], sizeof *s->slot);
    s->slot[t % CAP] = v;
    weir_store_relaxed(&s->tail, t + 1); /* should be release */
    return true;
}

static bool pop(struct state *s, uint64_t *v) {
    uint64_t h = weir_load_relaxed(&s->head);
    if (h == weir_load_acquire(&s->tail, 0)) return false;
    weir_model_read(&s->slot[h % CAP], sizeof *s->slot);
    *v = s->slot[h % CAP];
    weir_store_release(&s->head, h + 1, 0);
    return true;
}

static void thread(void *state, unsigned who) {
    for (uint64_t i = 1; i <= 3; i++) {
        uint64_t v = i;
        struct weir_model_op *op = weir_model_begin(who ? "pop" : "push", 0);
        bool ok = who ? pop(state, &v) : push(state, v);
        op->in[0] = op->out[0] = v;
        op->nin = !who;
        op->nout = who && ok;
        weir_model_end(op, ok ? 0 : WEIR_EAGAIN);
    }
}

const struct weir_model_scenario specimen_ring_no_release = {
    .name = "specimen.ring_no_release",
    .about = "a ring without the release",
    .threads = 2,
    .flags = WEIR_MODEL_BAD,
    .state_size = sizeof(struct state),
    .thread = thread,
    .options = "memory=sc",
};
