/* SPDX-License-Identifier: MIT */
/* lib/park.c - parker, spin, asymmetric barrier.
 *
 * Parker
 *   state  EMPTY -> PARKED (owner, before it sleeps) -> TOKEN (waker) -> EMPTY (owner)
 *   I1  only the owner leaves TOKEN, only wakers enter it; a second token merges with the first.
 *   I2  the waker calls the kernel only if it replaced PARKED: a token for a running thread costs
 *       one exchange. It touches nothing but the state word, which is never unmapped.
 * Progress   unpark is wait-free but for the system call; park blocks.
 * Ordering   P1 (token, release) -> P2, P3, P4 (token taken, acquire): what the waker did before is
 *            seen by the woken thread.
 * From       Rust's std thread parker for futexes, in outline. */
#include "park.h"

enum { EMPTY, PARKED, TOKEN };

void weir__parker_init(struct weir__parker *p) { weir_init_atomic(&p->state, EMPTY); }

int weir__park(struct weir__parker *p, weir_time deadline) {
    uint32_t seen = TOKEN;
    if (weir_cas_acquire(&p->state, &seen, EMPTY, PARK_P2)) return 0;
    /* Relaxed: only announces; a waker that sees EMPTY still leaves its token, which this CAS then
     * fails on. */
    seen = EMPTY;
    if (!weir_cas_relaxed(&p->state, &seen, PARKED)) {
        (void)weir_exchange_acquire(&p->state, EMPTY, PARK_P3);
        return 0;
    }
    for (;;) {
        WEIR_POINT("park.sleep");
        int rc = weir__os_futex_wait(&p->state, PARKED, deadline);
        seen = TOKEN;
        if (weir_cas_acquire(&p->state, &seen, EMPTY, PARK_P4)) return 0;
        if (rc == 0) continue; /* spurious, or a signal */
        /* Too late, unless a token comes between the look above and this exchange. */
        bool token = weir_exchange_acquire(&p->state, EMPTY, PARK_P5) == TOKEN;
        return weir_recheck(token, PARK_Q1) ? 0 : WEIR_ETIMEDOUT;
    }
}

void weir__unpark(struct weir__parker *p) {
    if (weir_exchange_release(&p->state, TOKEN, PARK_P1) == PARKED)
        weir__os_futex_wake(&p->state, 1);
}

/* ---- spin ---------------------------------------------------------------------------------------- */

/* A wake-up across CPUs costs about 20 us on a virtual machine (results/, the futex bound). Polling for
 * as long as that costs at most twice what the better of polling and parking would have (Karlin,
 * Li, Manasse, Owicki, 1991). Shorter is a trap: two threads in a ping-pong that have parked once see
 * waits of one wake-up each, and never poll long enough to leave that state. */
#define SPIN_MAX_NS 25000
#define SPIN_MIN_NS 500
#define PROBE_EVERY 32

void weir__spin_init(struct weir__spin *s) { *s = (struct weir__spin){ .budget_ns = SPIN_MAX_NS }; }

/* A wait that polling ended takes the budget half way up again. One that it did not end halves it; every
 * 32nd of those in a row gets the whole budget, to find out whether the peers have become quick. */
static void learn(struct weir__spin *s, bool ended) {
    if (ended) {
        s->budget_ns += (SPIN_MAX_NS - s->budget_ns) / 2;
        s->in_vain = 0;
    } else if (++s->in_vain % PROBE_EVERY == 0) {
        s->budget_ns = SPIN_MAX_NS;
    } else {
        s->budget_ns -= (s->budget_ns - SPIN_MIN_NS) / 2;
    }
}

bool weir__spin(struct weir__spin *s, bool (*ready)(void *), void *arg, weir_time deadline) {
    if (weir__os_cpus() == 1) return ready(arg);
    weir_time start = weir__os_now();
    for (unsigned pauses = 1;; pauses = pauses < 8 ? pauses * 2 : pauses) {
        for (unsigned i = 0; i < pauses; i++) {
            weir_pause();
            if (!ready(arg)) continue;
            learn(s, true);
            return true;
        }
        weir_time now = weir__os_now();
        if (now - start >= s->budget_ns) break;
        if (now >= deadline) return false;
    }
    learn(s, false);
    return false;
}

/* ---- asymmetric barrier --------------------------------------------------------------------------- */

enum { UNDECIDED, WITH_MEMBARRIER, WITHOUT };

bool weir__asymmetric(void) {
    static weir_au32 mode;
    uint32_t m = weir_load_relaxed(&mode);
    if (m == UNDECIDED) {
        uint32_t wanted = weir__os_membarrier_register() ? WITH_MEMBARRIER : WITHOUT;
        /* Racing first calls: the kernel may in principle answer them differently; one wins.
         * Relaxed: the word carries nothing but itself; the kernel orders its own registration. */
        if (weir_cas_relaxed(&mode, &m, wanted)) m = wanted;
    }
    return m == WITH_MEMBARRIER;
}

bool weir__heavy_barrier(bool asymmetric) { return !asymmetric || weir__os_membarrier(); }

void weir__settle(void) {
    weir_au32 nobody = { 0 };
    weir_time until = weir__os_now() + 1000000;
    while (weir__os_now() < until) (void)weir__os_futex_wait(&nobody, 0, until);
}
