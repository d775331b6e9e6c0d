/* SPDX-License-Identifier: MIT */
/* lib/lock.h - a small mutex on a futex, for short critical sections inside weir. It blocks.
 *
 * Invariants
 *   I1  word is 0 (free), 1 (held), 2 (held, and somebody may sleep on it).
 *   I2  who sleeps has stored 2 before, and whoever takes the lock after a sleep leaves 2, so that
 *       a sleeper is never forgotten; at worst one wake finds nobody.
 * Ordering   L1, L2, L4 (acquire) <- L3 (release) carry what the lock protects.
 * From       Drepper, "Futexes Are Tricky", mutex 2. */
#ifndef WEIR_LIB_LOCK_H
#define WEIR_LIB_LOCK_H

#include "os.h"

struct weir__lock {
    weir_au32 word;
};

static inline void weir__lock(struct weir__lock *l) {
    uint32_t seen = 0;
    if (WEIR_LIKELY(weir_cas_acquire(&l->word, &seen, 1, LOCK_L1))) return;
    while (weir_exchange_acquire(&l->word, 2, LOCK_L2) != 0)
        (void)weir__os_futex_wait(&l->word, 2, WEIR_FOREVER);
}

/* False: somebody holds it. */
static inline bool weir__lock_try(struct weir__lock *l) {
    uint32_t seen = 0;
    return weir_cas_acquire(&l->word, &seen, 1, LOCK_L4);
}

static inline void weir__unlock(struct weir__lock *l) {
    if (weir_exchange_release(&l->word, 0, LOCK_L3) == 2) weir__os_futex_wake(&l->word, 1);
}

#endif
