/* SPDX-License-Identifier: MIT */
/* lib/rcu.h - RCU for the inside of weir: guards inlined, and the number of the grace period, by which a place
 * may be kept from use until no reader can look at it any more. */
#ifndef WEIR_LIB_RCU_H
#define WEIR_LIB_RCU_H

#include <weir/rcu.h>

#include "rcu_flavor.h"

/* ---- guards --------------------------------------------------------------------------------------------------- */

/* The long way: of a thread that is not registered, or not by weir; of a guard that registered it. */
weir_guard weir__rcu_enter_first(void);
int weir__rcu_exit_last(weir_guard g);

/* With what debug builds check. */
weir_guard weir__rcu_enter_checked(void);
int weir__rcu_exit_checked(weir_guard g);
bool weir__rcu_holds(weir_guard g);

#ifdef WEIR_DEBUG

static inline weir_guard weir__rcu_enter(void) { return weir__rcu_enter_checked(); }
static inline int weir__rcu_exit(weir_guard g) { return weir__rcu_exit_checked(g); }
/* For calls that take a guard, or return what one protects: false, in debug builds, if the calling thread does not
 * hold this one. */
static inline bool weir__rcu_guarded(weir_guard g) { return weir__rcu_holds(g); }

#else

static inline weir_guard weir__rcu_enter(void) {
    if (WEIR_LIKELY(weir__urcu_enter())) return (weir_guard){ 0 };
    return weir__rcu_enter_first();
}
static inline int weir__rcu_exit(weir_guard g) {
    return WEIR_LIKELY(g.v_ == 0 && weir__urcu_exit()) ? 0 : weir__rcu_exit_last(g);
}
static inline bool weir__rcu_guarded(weir_guard g) {
    (void)g;
    return true;
}

#endif

/* A guard in which the caller calls nothing, for the shortest of reads. False: it has to use the others;
 * always, in builds that check guards, or whose sections are calls. */
#if defined(WEIR__URCU_LEAF) && !defined(WEIR_DEBUG)
struct weir__rcu_leaf {
    struct weir__urcu_leaf in;
};
static inline bool weir__rcu_leaf_enter(struct weir__rcu_leaf *l) {
    l->in = weir__urcu_leaf_enter();
    return l->in.r != NULL;
}
/* Whether weir__rcu_leaf_wake must be called. */
static inline bool weir__rcu_leaf_exit(const struct weir__rcu_leaf *l) {
    return weir__urcu_leaf_exit(l->in);
}
/* Returns rc. */
int weir__rcu_leaf_wake(int rc);
#else
struct weir__rcu_leaf {
    char none;
};
static inline bool weir__rcu_leaf_enter(struct weir__rcu_leaf *l) {
    l->none = 0;
    return false;
}
static inline bool weir__rcu_leaf_exit(const struct weir__rcu_leaf *l) {
    (void)l;
    return false;
}
static inline int weir__rcu_leaf_wake(int rc) { return rc; }
#endif

/* ---- grace periods -------------------------------------------------------------------------------------------- */

struct weir__rcu_clock {
    _Alignas(WEIR_LINE) weir_au64 number; /* odd while a period runs; never 0 */
    weir_au32 ask;                        /* what the thread of weir/rcu.h is asked for, or HELD */
    char pad[WEIR_LINE - sizeof(weir_au64) - sizeof(weir_au32)];
};
extern __attribute__((visibility("hidden"))) struct weir__rcu_clock weir__rcu_clock;

/* The number at whose end a place may be used again that the caller has put out of reach before this call, by a
 * seq_cst read-modify-write (also the one that sets a bit by which readers know it for dead). Once
 * weir__rcu_passed says so of it, every guard under which the place may have been found has been released, and
 * what was done inside is seen.
 *
 * Why the read-modify-write: a period that the number does not count has its odd number stored before its barrier.
 * Who reads the number from before that has made the place unreachable before the barrier; no reader that comes
 * after it finds the place. With a plain store the number could be read before the store is visible: it would
 * be one period too old.
 *
 * Nobody ends periods while nothing is retired or asked for: weir__rcu_ask after the snapshot.
 * Numbers are even, 2 apart, and may be kept in fewer bits: weir__rcu_passed of the low bits is cyclic
 * arithmetic on weir__rcu_number(). */
static inline uint64_t weir__rcu_snapshot(void) {
    return (weir_load_seq_cst(&weir__rcu_clock.number, RCU_N3) + 3) & ~UINT64_C(1);
}

/* The number now: of all snapshots up to it the periods have ended. */
static inline uint64_t weir__rcu_number(void) {
    return weir_load_acquire(&weir__rcu_clock.number, RCU_N4);
}
static inline bool weir__rcu_passed(uint64_t snapshot) {
    return (int64_t)(weir__rcu_number() - snapshot) >= 0;
}

enum { WEIR__RCU_IDLE, WEIR__RCU_ASKED, WEIR__RCU_HURRY };
/* Beside these: for a fork. Weir's thread ends at once, and none is made. It changes under weir__rcu.lock. */
#define WEIR__RCU_HELD UINT32_C(4)

/* A period begins soon (ASKED: 1 to 128 ms after the last one began, by what periods cost) or at once (HURRY), on
 * weir's thread. What the caller has done by seq_cst read-modify-writes is before its begin. Returns 0, or
 * WEIR_ENOMEM: there is no thread, and none can be made now. Any thread, in guards and
 * callbacks too, under locks that are not held around guards' ends: it may make a thread. */
int weir__rcu_raise(uint32_t level);

static inline void weir__rcu_ask(void) { (void)weir__rcu_raise(WEIR__RCU_ASKED); }

/* Whether so many bytes more would stay below the hard limit. */
bool weir__rcu_within_limit(size_t more);

/* What weir's thread does; for the explorer, whose threads are given. */
void weir__rcu_main(void);

#endif
