/* SPDX-License-Identifier: MIT */
/* weir/atomic.h - the only speller of memory orders.
 *
 * Every atomic access of weir is written with an operation of this file, whose name is its order:
 * weir_load_acquire, weir_store_release, weir_cas_seq_cst. An atomic is a struct of one field, so
 * that `r->tail + 1` does not compile, and the same text is C11 and C++11.
 *
 * Labels. An operation that is one end of an edge between threads takes a label of
 * weir/detail/labels.h, which names its partner and what breaks without it. In production the label
 * costs nothing. With WEIR_WEAKEN (the ThreadSanitizer and model builds) any one label can be
 * weakened at run time by weir_weaken(), in steps; the weakened operation is a branch between two
 * calls with constant orders, since a compiler turns a variable order into seq_cst. Relaxed
 * operations carry no edge and no label. Code outside weir passes the label 0.
 *
 * Seams. With WEIR_MODEL every operation goes through weir__model_*, where the schedule explorer
 * attaches. WEIR_POINT("a.b.c") is a named place in an algorithm, nothing in production; with
 * WEIR_POINTS it calls a hook that may delay or stop the thread.
 *
 * There is no fence: ThreadSanitizer does not model one. Where a store must be seen before a later
 * load (Dekker), both sides use seq_cst operations, or the pair weir_light_barrier() here and
 * weir__heavy_barrier() of lib/park.h. */
#ifndef WEIR_ATOMIC_H
#define WEIR_ATOMIC_H

#include <weir/base.h>
#include <weir/detail/labels.h>

typedef struct {
    uint16_t v_;
} weir_au16;
typedef struct {
    uint32_t v_;
} weir_au32;
typedef struct {
    uint64_t v_;
} weir_au64;
typedef struct {
    size_t v_;
} weir_asize;
typedef struct {
    void *v_;
} weir_aptr;

/* ---- the raw operations: the seam of the model build ---------------------------------------- */

#define WEIR__RLX __ATOMIC_RELAXED
#define WEIR__ACQ __ATOMIC_ACQUIRE
#define WEIR__REL __ATOMIC_RELEASE
#define WEIR__ARL __ATOMIC_ACQ_REL
#define WEIR__SEQ __ATOMIC_SEQ_CST

#ifdef WEIR_MODEL
#include <weir/detail/model.h>
#else
#define WEIR__LOAD(p, mo) __atomic_load_n(&(p)->v_, mo)
#define WEIR__STORE(p, v, mo) __atomic_store_n(&(p)->v_, v, mo)
#define WEIR__XCHG(p, v, mo) __atomic_exchange_n(&(p)->v_, v, mo)
#define WEIR__ADD(p, v, mo) __atomic_fetch_add(&(p)->v_, v, mo)
#define WEIR__SUB(p, v, mo) __atomic_fetch_sub(&(p)->v_, v, mo)
#define WEIR__OR(p, v, mo) __atomic_fetch_or(&(p)->v_, v, mo)
#define WEIR__AND(p, v, mo) __atomic_fetch_and(&(p)->v_, v, mo)
#define WEIR__CAS(p, e, d, weak, mo) \
    __atomic_compare_exchange_n(&(p)->v_, e, d, weak, mo, __ATOMIC_RELAXED)
#define WEIR__INIT(p, v) WEIR__STORE(p, v, WEIR__RLX)
#define WEIR__LIGHT() __atomic_signal_fence(__ATOMIC_SEQ_CST)
#define WEIR__PAUSE() weir__pause_insn()
#define WEIR__PREFETCH(p) weir__prefetch_insn(p)
#endif

/* ---- labels and weakening -------------------------------------------------------------------- */

/* What can be taken away from a labelled operation. */
enum weir_weak_step {
    WEIR_WEAK_NONE = 0,
    WEIR_WEAK_SC,      /* seq_cst becomes acquire, release or acq_rel */
    WEIR_WEAK_ACQUIRE, /* without its acquire half */
    WEIR_WEAK_RELEASE, /* without its release half */
    WEIR_WEAK_CHECK,   /* of weir_recheck: not looked at again */
    WEIR_WEAK_STEPS_
};

#define WEIR_L_0 0 /* no label: code outside weir */

#ifdef __cplusplus
extern "C" {
#endif
/* Takes a half away from one labelled operation, for the whole process: "MPMC_S1:release", or :sc,
 * :acquire, :check. Only one is weakened at a time; NULL restores all. Returns 0, WEIR_ENOENT (no such
 * label), WEIR_EINVAL (the operation has no such half, or no step was named), WEIR_ENOTSUP (a build
 * without WEIR_WEAKEN). Not thread-safe: before the threads start. */
WEIR_API int weir_weaken(const char *label_and_step);

#ifdef WEIR_WEAKEN
extern WEIR_API unsigned char weir__weak_[WEIR_LABELS_];
#ifdef WEIR_MODEL
#define WEIR__IS(L, step) \
    (WEIR_UNLIKELY(weir__weak_[WEIR_L_##L] == (step)) && (weir__model_weakened = 1))
#else
#define WEIR__IS(L, step) (WEIR_UNLIKELY(weir__weak_[WEIR_L_##L] == (step)))
#endif
#define WEIR__SKIPS(L) WEIR_UNLIKELY(weir__weak_[WEIR_L_##L] == WEIR_WEAK_CHECK)
#else
#define WEIR__IS(L, step) ((void)WEIR_L_##L, 0)
#define WEIR__SKIPS(L) ((void)WEIR_L_##L, 0)
#endif

/* A second look that an algorithm needs: before a thread parks, after a close, at a deadline. Its value is
 * the expression's; a test build can leave it out, and then it is false. */
#define weir_recheck(expr, L) (WEIR__SKIPS(L) ? 0 : (expr))

#ifdef WEIR_POINTS
typedef void weir_point_fn(const char *name);
WEIR_API void weir_set_point_hook(weir_point_fn *fn); /* NULL: none; any thread */
WEIR_API void weir__point(const char *name);
#endif
#ifdef WEIR_MODEL
#define WEIR_POINT(name) weir__model_point(name)
#elif defined(WEIR_POINTS)
#define WEIR_POINT(name) weir__point(name)
#else
#define WEIR_POINT(name) ((void)0)
#endif
#ifdef __cplusplus
}
#endif

/* ---- loads and stores ------------------------------------------------------------------------- */

#define weir_load_relaxed(p) WEIR__LOAD(p, WEIR__RLX)
#define weir_load_acquire(p, L) \
    (WEIR__IS(L, WEIR_WEAK_ACQUIRE) ? WEIR__LOAD(p, WEIR__RLX) : WEIR__LOAD(p, WEIR__ACQ))
#define weir_load_seq_cst(p, L)                                  \
    (WEIR__IS(L, WEIR_WEAK_SC)        ? WEIR__LOAD(p, WEIR__ACQ) \
     : WEIR__IS(L, WEIR_WEAK_ACQUIRE) ? WEIR__LOAD(p, WEIR__RLX) \
                                      : WEIR__LOAD(p, WEIR__SEQ))

#define weir_store_relaxed(p, v) WEIR__STORE(p, v, WEIR__RLX)
#define weir_store_release(p, v, L) \
    (WEIR__IS(L, WEIR_WEAK_RELEASE) ? WEIR__STORE(p, v, WEIR__RLX) : WEIR__STORE(p, v, WEIR__REL))
#define weir_store_seq_cst(p, v, L)                                  \
    (WEIR__IS(L, WEIR_WEAK_SC)        ? WEIR__STORE(p, v, WEIR__REL) \
     : WEIR__IS(L, WEIR_WEAK_RELEASE) ? WEIR__STORE(p, v, WEIR__RLX) \
                                      : WEIR__STORE(p, v, WEIR__SEQ))

/* An object nobody else can reach yet: plain initialisation. */
#define weir_init_atomic(p, v) WEIR__INIT(p, v)

/* ---- read-modify-writes ----------------------------------------------------------------------- */

#define WEIR__RMW_AR(op, p, v, L)                           \
    (WEIR__IS(L, WEIR_WEAK_ACQUIRE)   ? op(p, v, WEIR__REL) \
     : WEIR__IS(L, WEIR_WEAK_RELEASE) ? op(p, v, WEIR__ACQ) \
                                      : op(p, v, WEIR__ARL))
#define WEIR__RMW_SC(op, p, v, L)                           \
    (WEIR__IS(L, WEIR_WEAK_SC)        ? op(p, v, WEIR__ARL) \
     : WEIR__IS(L, WEIR_WEAK_ACQUIRE) ? op(p, v, WEIR__REL) \
     : WEIR__IS(L, WEIR_WEAK_RELEASE) ? op(p, v, WEIR__ACQ) \
                                      : op(p, v, WEIR__SEQ))

#define weir_exchange_acquire(p, v, L) \
    (WEIR__IS(L, WEIR_WEAK_ACQUIRE) ? WEIR__XCHG(p, v, WEIR__RLX) : WEIR__XCHG(p, v, WEIR__ACQ))
#define weir_exchange_release(p, v, L) \
    (WEIR__IS(L, WEIR_WEAK_RELEASE) ? WEIR__XCHG(p, v, WEIR__RLX) : WEIR__XCHG(p, v, WEIR__REL))
#define weir_exchange_acq_rel(p, v, L) WEIR__RMW_AR(WEIR__XCHG, p, v, L)
#define weir_exchange_seq_cst(p, v, L) WEIR__RMW_SC(WEIR__XCHG, p, v, L)

#define weir_fetch_add_relaxed(p, v) WEIR__ADD(p, v, WEIR__RLX)
#define weir_fetch_sub_relaxed(p, v) WEIR__SUB(p, v, WEIR__RLX)
#define weir_fetch_sub_acq_rel(p, v, L) WEIR__RMW_AR(WEIR__SUB, p, v, L)
#define weir_fetch_or_relaxed(p, v) WEIR__OR(p, v, WEIR__RLX)
#define weir_fetch_and_relaxed(p, v) WEIR__AND(p, v, WEIR__RLX)
#define weir_fetch_or_release(p, v, L) \
    (WEIR__IS(L, WEIR_WEAK_RELEASE) ? WEIR__OR(p, v, WEIR__RLX) : WEIR__OR(p, v, WEIR__REL))
#define weir_fetch_and_release(p, v, L) \
    (WEIR__IS(L, WEIR_WEAK_RELEASE) ? WEIR__AND(p, v, WEIR__RLX) : WEIR__AND(p, v, WEIR__REL))
#define weir_fetch_add_release(p, v, L) \
    (WEIR__IS(L, WEIR_WEAK_RELEASE) ? WEIR__ADD(p, v, WEIR__RLX) : WEIR__ADD(p, v, WEIR__REL))
#define weir_fetch_add_seq_cst(p, v, L) WEIR__RMW_SC(WEIR__ADD, p, v, L)
#define weir_fetch_and_seq_cst(p, v, L) WEIR__RMW_SC(WEIR__AND, p, v, L)
#define weir_fetch_or_seq_cst(p, v, L) WEIR__RMW_SC(WEIR__OR, p, v, L)

/* Compare-and-swap: on failure *e is what was found, with relaxed order. */
#define weir_cas_relaxed(p, e, d) WEIR__CAS(p, e, d, false, WEIR__RLX)
#define weir_cas_acquire(p, e, d, L)                                       \
    (WEIR__IS(L, WEIR_WEAK_ACQUIRE) ? WEIR__CAS(p, e, d, false, WEIR__RLX) \
                                    : WEIR__CAS(p, e, d, false, WEIR__ACQ))
#define weir_cas_release(p, e, d, L)                                       \
    (WEIR__IS(L, WEIR_WEAK_RELEASE) ? WEIR__CAS(p, e, d, false, WEIR__RLX) \
                                    : WEIR__CAS(p, e, d, false, WEIR__REL))
#define weir_cas_acq_rel(p, e, d, L)                                         \
    (WEIR__IS(L, WEIR_WEAK_ACQUIRE)   ? WEIR__CAS(p, e, d, false, WEIR__REL) \
     : WEIR__IS(L, WEIR_WEAK_RELEASE) ? WEIR__CAS(p, e, d, false, WEIR__ACQ) \
                                      : WEIR__CAS(p, e, d, false, WEIR__ARL))
#define weir_cas_seq_cst(p, e, d, L)                                         \
    (WEIR__IS(L, WEIR_WEAK_SC)        ? WEIR__CAS(p, e, d, false, WEIR__ARL) \
     : WEIR__IS(L, WEIR_WEAK_ACQUIRE) ? WEIR__CAS(p, e, d, false, WEIR__REL) \
     : WEIR__IS(L, WEIR_WEAK_RELEASE) ? WEIR__CAS(p, e, d, false, WEIR__ACQ) \
                                      : WEIR__CAS(p, e, d, false, WEIR__SEQ))
/* May fail though *p == *e: for loops that retry anyway. */
#define weir_cas_weak_seq_cst(p, e, d, L)                                   \
    (WEIR__IS(L, WEIR_WEAK_SC)        ? WEIR__CAS(p, e, d, true, WEIR__ARL) \
     : WEIR__IS(L, WEIR_WEAK_ACQUIRE) ? WEIR__CAS(p, e, d, true, WEIR__REL) \
     : WEIR__IS(L, WEIR_WEAK_RELEASE) ? WEIR__CAS(p, e, d, true, WEIR__ACQ) \
                                      : WEIR__CAS(p, e, d, true, WEIR__SEQ))

/* Makes the compiler forget where a pointer points to, at no cost: for copies whose size it does not know
 * but whose object it thinks it does, where it would warn of branches never taken. */
#define WEIR__FORGET(p) __asm__("" : "+r"(p))

/* ---- barriers and pauses ---------------------------------------------------------------------- */

/* The cheap side of an asymmetric pair: keeps the compiler from moving a later load above an
 * earlier store; the processor is ordered by the other side's weir__heavy_barrier(). */
#define weir_light_barrier() WEIR__LIGHT()

static inline void weir__pause_insn(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("isb" ::: "memory");
#else
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
#endif
}

static inline void weir__prefetch_insn(const void *p) {
#if defined(__x86_64__)
    /* GCC has it from -mprfchw on; for a processor without it it is a nop. */
    __asm__ __volatile__("prefetchw %0" : : "m"(*(const char *)p));
#else
    __builtin_prefetch(p, 1);
#endif
}

/* Without a branch, and in as few instructions as can be: waited for, and not predicted. Conditions are about
 * words x and y, c is what is chosen if they are equal.
 *   weir_choose(x, y, a, c, b, d)                       *a = c, *b = d
 *   weir_choose_loaded(p, load_p, y, a, q, load_q, b, d)   x is the word of p, c that of q, which may be loaded in
 *                                                       any case: as load_p and load_q do, p first */
static inline void weir__choose_insn(uint64_t x, uint64_t y, uint64_t *a, uint64_t c, uint64_t *b,
                                     uint64_t d) {
#if defined(__x86_64__)
    __asm__("cmpq %2, %3\n\tcmoveq %4, %0\n\tcmoveq %5, %1"
            : "+&r"(*a), "+&r"(*b)
            : "r"(x), "r"(y), "r"(c), "r"(d)
            : "cc");
#else
    *a = x == y ? c : *a;
    *b = x == y ? d : *b;
#endif
}
#define weir_choose(x, y, a, c, b, d) weir__choose_insn((x), (y), (a), (c), (b), (d))

#if !defined(__x86_64__) || defined(WEIR_MODEL) || defined(WEIR_WEAKEN) || \
    defined(__SANITIZE_THREAD__)
#define WEIR__SEES_LOADS 1 /* some tool */
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WEIR__SEES_LOADS 1
#endif
#endif
#ifndef WEIR__SEES_LOADS
/* Each load of this processor is an acquire; the compiler is held by the clobber. */
static inline void weir__choose_loaded_insn(const weir_au64 *p, uint64_t y, uint64_t *a,
                                            const weir_au64 *q, uint64_t *b, uint64_t d) {
    __asm__ __volatile__("cmpq %2, %3\n\tcmoveq %4, %0\n\tcmoveq %5, %1"
                         : "+&r"(*a), "+&r"(*b)
                         : "m"(p->v_), "r"(y), "m"(q->v_), "r"(d)
                         : "cc", "memory");
}
#define weir_choose_loaded(p, load_p, y, a, q, load_q, b, d) \
    weir__choose_loaded_insn((p), (y), (a), (q), (b), (d))
#else
#define weir_choose_loaded(p, load_p, y, a, q, load_q, b, d) \
    do {                                                     \
        uint64_t weir__x = (load_p), weir__c = (load_q);     \
        weir_choose(weir__x, (y), (a), weir__c, (b), (d));   \
    } while (0)
#endif

/* A hint that this thread is about to write to the line of *p; p may point anywhere. */
#define weir_prefetch(p) WEIR__PREFETCH(p)

/* Tells the processor that this thread polls. */
#define weir_pause() WEIR__PAUSE()

#endif
