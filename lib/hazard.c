/* SPDX-License-Identifier: MIT */
/* lib/hazard.c - see hazard.h.
 *
 * The list of all hazards only grows: a record of a thread is listed by the first thread that has it and uses
 * one, and serves the next thread as well (lib/thread.c). So who walks it takes no lock, and a thread that was
 * stopped anywhere holds nobody up.
 *
 * Ordering   S1, S2, S3 -> E1: what a thread did with the block that it named before is seen by who finds another
 *            name there. R1 -> R2: a record is seen with what stands behind it. S1, and the load that follows it,
 *            are seq_cst, as are the store that takes a block out of reach and E1: one of the two sees the other.
 *            R1 and R2 are, too: who comes for the first time is in the list before it looks, and so is found by
 *            a remover whom it has not seen. S2 is ordered by the remover's membarrier, which is its object's
 *            affair (queues/segq.c). */
#include "hazard.h"

#include "thread.h"

/* Plain memory that threads hand over. */
#ifdef WEIR_MODEL
#include <weir/model.h>
#define READS(p) weir_model_read(p, sizeof *(p))
#define WRITES(p) weir_model_write(p, sizeof *(p))
#else
#define READS(p) ((void)0)
#define WRITES(p) ((void)0)
#endif

static weir_aptr all; /* of struct weir__hazard */

#ifndef WEIR_MODEL
__thread struct weir__hazard *weir__hazard_mine __attribute__((tls_model("initial-exec")));

/* The record goes to another thread; the destructors of this one may take a fresh one. */
static void thread_ends(struct weir__thread *t) {
    (void)t;
    weir__hazard_mine = NULL;
}
__attribute__((constructor)) static void begin(void) { (void)weir__thread_at_exit(thread_ends); }
#endif

static void list(struct weir__hazard *h) {
    void *first = weir_load_relaxed(&all); /* checked by the compare-and-swap */
    WRITES(&h->next);
    do h->next = first;
    while (!weir_cas_seq_cst(&all, &first, h, HAZ_R1));
    WEIR_POINT("hazard.linked");
    h->listed = true;
}

struct weir__hazard *weir__hazard_first(void) {
    struct weir__thread *self = weir__thread_self();
    if (!self) return NULL;
    if (!self->hazard.listed) list(&self->hazard);
#ifndef WEIR_MODEL
    weir__hazard_mine = &self->hazard;
#endif
    return &self->hazard;
}

/* A fork may come between the two steps of list, of another thread: what is linked is not known from `listed`. */
void weir__hazards_anew(struct weir__hazard *mine) {
    weir_init_atomic(&all, NULL);
    if (mine) list(mine);
}

void weir__hazards_each(void (*fn)(void *block, void *arg), void *arg) {
    for (struct weir__hazard *h = weir_load_seq_cst(&all, HAZ_R2); h; h = h->next) {
        READS(&h->next);
        void *block = weir_load_seq_cst(&h->at, HAZ_E1);
        if (block) fn(block, arg);
    }
}
