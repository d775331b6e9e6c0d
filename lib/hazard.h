/* SPDX-License-Identifier: MIT */
/* lib/hazard.h - hazard pointers: what a thread is looking at is not given back meanwhile. One for each thread.
 *
 * Why not RCU: a reader that stands still holds up every grace period, and all that was retired since; a hazard
 * pointer holds up the one block that it names.
 *
 *   reader    names the block that it found in a field, and looks again whether the field still says so
 *   remover   takes the block out of all fields (seq_cst), sends a membarrier or has the readers fence, and asks for
 *             each thread's name
 *
 * Either the reader's second look finds another value, or the remover finds the name. The reader's store comes
 * before its load: by a seq_cst store where the object fences, else by the remover's membarrier. Where the kernel
 * refuses that to an object which goes over to fences then, the reader looks for it (`late`) after its store: who
 * does not find it has stored before, and the remover gives such stores time (weir__settle).
 *
 * A call names one block at a time, and none while it calls a function of the user's (an allocator may use a
 * queue). */
#ifndef WEIR_LIB_HAZARD_H
#define WEIR_LIB_HAZARD_H

#include <weir/atomic.h>

struct weir__hazard {
    weir_aptr at; /* what the thread looks at; NULL: nothing */
    struct weir__hazard *next;
    bool listed;
};

/* The long way, of a thread that has no record yet, or is not listed. */
struct weir__hazard *weir__hazard_first(void);

#ifdef WEIR_MODEL
static inline struct weir__hazard *weir__hazard_self(void) { return weir__hazard_first(); }
#else
extern __thread struct weir__hazard *weir__hazard_mine
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* The calling thread's; NULL: no memory for its record. Takes a lock in the first call of a thread only. */
static inline struct weir__hazard *weir__hazard_self(void) {
    struct weir__hazard *h = weir__hazard_mine;
    return WEIR_LIKELY(h != NULL) ? h : weir__hazard_first();
}
#endif

/* What *field says, named: it stays until weir__hazard_clear or the next protect. `look` is the labelled seq_cst
 * load of the field, `late` an expression: whether the object has gone over to fences since it was made. */
#define weir__hazard_protect(h, fence, late, p, look)           \
    do {                                                        \
        bool weir__full = (fence);                              \
        if (!weir__full) {                                      \
            weir__hazard_light(h, p);                           \
            weir__full = (late);                                \
        }                                                       \
        if (WEIR_UNLIKELY(weir__full)) weir__hazard_full(h, p); \
        void *weir__again = (look);                             \
        if (WEIR_LIKELY(weir__again == (p))) break;             \
        (p) = weir__again;                                      \
    } while (1)

static inline void weir__hazard_full(struct weir__hazard *h, void *p) {
    weir_store_seq_cst(&h->at, p, HAZ_S1);
}
static inline void weir__hazard_light(struct weir__hazard *h, void *p) {
    weir_store_release(&h->at, p, HAZ_S2);
    weir_light_barrier();
}

/* All that the thread did with the block is over. */
static inline void weir__hazard_clear(struct weir__hazard *h) {
    weir_store_release(&h->at, NULL, HAZ_S3);
}

/* In the child of a fork: all records are as if never listed, but for `mine` (NULL: none). */
void weir__hazards_anew(struct weir__hazard *mine);
/* Calls fn with each block that is named, in no order, some perhaps twice. */
void weir__hazards_each(void (*fn)(void *block, void *arg), void *arg);

#endif
