/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/meet.c - see meet.h.
 *
 * Who waits polls for a moment, so that on free processors a round begins for all at once, and then
 * sleeps: a run has more threads than processors, and the watchdog must see that it waits. */
#include "meet.h"

#include "../../../lib/os.h"

#define POLLS 2000

struct turn {
    struct meeting *m;
    uint32_t before;
};

static bool turned(void *arg) {
    struct turn *t = arg;
    return weir_load_acquire(&t->m->turn, 0) != t->before;
}

void meet_init(struct meeting *m, unsigned n) {
    weir_init_atomic(&m->here, 0);
    weir_init_atomic(&m->turn, 0);
    m->n = n;
    m->over = false;
}

bool meet(struct meeting *m, struct weir_stress_worker *w) {
    struct turn t = { m, weir_load_relaxed(&m->turn) }; /* cannot turn before this worker is here */
    if (weir_fetch_add_seq_cst(&m->here, 1, 0) + 1 == m->n) return true;
    if (weir__os_cpus() > 1)
        for (unsigned i = 0; i < POLLS; i++) {
            if (turned(&t)) return false;
            weir_pause();
        }
    weir_stress_waits(w, turned, &t, WEIR_FOREVER, "all workers have ended their round");
    while (!turned(&t)) (void)weir__os_futex_wait(&m->turn, t.before, WEIR_FOREVER);
    weir_stress_waited(w);
    return false;
}

void meet_go(struct meeting *m) {
    weir_store_relaxed(&m->here, 0); /* nobody comes before the turn */
    (void)weir_fetch_add_seq_cst(&m->turn, 1, 0);
    weir__os_futex_wake(&m->turn, INT32_MAX);
}

void meet_rounds(struct meeting *m, const struct rounds *r, void *state,
                 struct weir_stress_worker *w) {
    weir_stress_role(w, "caller");
    for (;;) {
        r->plan(state, w);
        if (meet(m, w)) {
            m->over = !r->between(state, w);
            meet_go(m);
        }
        if (m->over) return;
        r->run(state, w);
    }
}
