/* SPDX-License-Identifier: MIT */
/* lib/rcu_flavor.h - the only door to liburcu's memb flavour: sections, grace periods, registration of threads.
 * The model build has the explorer's RCU behind the same names.
 *
 * With WEIR_LGPL_INLINE sections are inlined: what liburcu's own inline functions do, with its layouts and a few lines each,
 * which the LGPL leaves to code under any licence. They differ in that the reader is found by a pointer of weir's, since
 * liburcu's thread-local struct is too large for the room that a library has which is loaded late (dlopen): it costs a load, and no
 * call of __tls_get_addr. The pointer is set where weir has registered the thread and the kernel grants membarrier;
 * elsewhere, and without WEIR_LGPL_INLINE, sections are calls of liburcu.
 *
 * ThreadSanitizer: the packaged liburcu is not instrumented, so that its orders are unseen. There sections are calls,
 * with a release before each end of a section, and an acquire after each grace period: one address for all,
 * which orders too much; the explorer and AddressSanitizer look at what this hides. */
#ifndef WEIR_LIB_RCU_FLAVOR_H
#define WEIR_LIB_RCU_FLAVOR_H

#include <weir/atomic.h>

#ifdef WEIR_MODEL

#include <weir/model.h>

static inline bool weir__urcu_registered(void) { return true; }
static inline void weir__urcu_register(void) {}
static inline void weir__urcu_unregister(void) {}
static inline bool weir__urcu_enter(void) {
    weir_model_rcu_lock();
    return true;
}
static inline bool weir__urcu_exit(void) {
    weir_model_rcu_unlock();
    return true;
}
static inline void *weir__urcu_reader(void) { return NULL; }
static inline void weir__urcu_alone(void) {}
static inline bool weir__urcu_held(void) { return weir_model_rcu_held(); }
static inline bool weir__urcu_nested(void) { return false; }
static inline void weir__urcu_lock(void) { weir_model_rcu_lock(); }
static inline void weir__urcu_unlock(void) { weir_model_rcu_unlock(); }
static inline void weir__urcu_synchronize(void) { weir_model_rcu_synchronize(); }

#else

#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define WEIR__URCU_TSAN
#endif
#endif
#ifdef __SANITIZE_THREAD__
#define WEIR__URCU_TSAN
#endif

#include <urcu/urcu-memb.h>

#include <urcu/static/urcu-common.h>
extern DECLARE_URCU_TLS(struct urcu_reader, urcu_memb_reader);

#ifdef WEIR__URCU_TSAN
extern char weir__urcu_domain;
void __tsan_acquire(void *address);
void __tsan_release(void *address);
#define WEIR__URCU_ACQUIRE() __tsan_acquire(&weir__urcu_domain)
#define WEIR__URCU_RELEASE() __tsan_release(&weir__urcu_domain)
#else
#define WEIR__URCU_ACQUIRE() ((void)0)
#define WEIR__URCU_RELEASE() ((void)0)
#endif

/* Of the calling thread, whoever has registered it. */
static inline bool weir__urcu_registered(void) { return urcu_memb_reader.registered; }
static inline void *weir__urcu_reader(void) { return &urcu_memb_reader; }

/* In the child of a fork, in no section: liburcu's list has the calling thread's reader, or none. Whoever registered the
 * others, their memory is not looked at. Who is registered last stands behind the head of the list, which has no name here. */
static inline void weir__urcu_alone(void) {
    bool registered = urcu_memb_reader.registered;
    struct cds_list_head *own = &urcu_memb_reader.node;
    if (registered) urcu_memb_unregister_thread();
    urcu_memb_register_thread();
    struct cds_list_head *head = own->prev;
    head->next = head->prev = own;
    own->next = head;
    if (!registered) urcu_memb_unregister_thread();
}

/* Whether the calling thread is in a section. */
static inline bool weir__urcu_held(void) {
    return (urcu_memb_reader.ctr & URCU_GP_CTR_NEST_MASK) != 0;
}
/* Whether it is in two, one in the other. */
static inline bool weir__urcu_nested(void) {
    return (urcu_memb_reader.ctr & URCU_GP_CTR_NEST_MASK) > URCU_GP_COUNT;
}
/* The thread is registered. */
static inline void weir__urcu_lock(void) { urcu_memb_read_lock(); }
static inline void weir__urcu_unlock(void) {
    WEIR__URCU_RELEASE();
    urcu_memb_read_unlock();
}

/* Outside of sections. Begins with a full barrier of this thread, and of all others. */
static inline void weir__urcu_synchronize(void) {
    urcu_memb_synchronize_rcu();
    WEIR__URCU_ACQUIRE();
}

#if defined(WEIR_LGPL_INLINE) && !defined(WEIR__URCU_TSAN)

extern int urcu_memb_has_sys_membarrier;
extern struct urcu_gp urcu_memb_gp;

/* The calling thread's reader; NULL: sections are calls. */
extern __thread struct urcu_reader *weir__urcu_mine
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

void weir__urcu_wake(void); /* the period that sleeps until somebody leaves */

static inline void weir__urcu_register(void) {
    urcu_memb_register_thread();
    if (urcu_memb_has_sys_membarrier) weir__urcu_mine = &urcu_memb_reader;
}
static inline void weir__urcu_unregister(void) {
    weir__urcu_mine = NULL;
    urcu_memb_unregister_thread();
}

/* false: the thread has to take the long way, or is in no section; nothing was done. Relaxed, with barriers of the compiler: each period makes all
 * threads of the process execute a full barrier after it has begun, and after it has seen this thread leave. */
static inline bool weir__urcu_enter(void) {
    struct urcu_reader *r = weir__urcu_mine;
    if (WEIR_UNLIKELY(!r)) return false;
    weir_asize *nests = (weir_asize *)(void *)&r->ctr;
    size_t n = weir_load_relaxed(nests);
    if (WEIR_LIKELY((n & URCU_GP_CTR_NEST_MASK) == 0)) {
        weir_store_relaxed(nests, weir_load_relaxed((weir_asize *)(void *)&urcu_memb_gp.ctr));
        weir_light_barrier();
    } else {
        weir_store_relaxed(nests, n + URCU_GP_COUNT);
    }
    return true;
}
/* A section in which nothing is called: its end need not look at what its begin has found. r: NULL: the thread has to take
 * the long way, or is in a section; nothing was done. */
struct weir__urcu_leaf {
    struct urcu_reader *r;
};
static inline struct weir__urcu_leaf weir__urcu_leaf_enter(void) {
    struct weir__urcu_leaf leaf = { weir__urcu_mine };
    if (WEIR_UNLIKELY(!leaf.r)) return leaf;
    weir_asize *nests = (weir_asize *)(void *)&leaf.r->ctr;
    if (WEIR_UNLIKELY((weir_load_relaxed(nests) & URCU_GP_CTR_NEST_MASK) != 0))
        return (struct weir__urcu_leaf){ NULL };
    weir_store_relaxed(nests, weir_load_relaxed((weir_asize *)(void *)&urcu_memb_gp.ctr));
    weir_light_barrier();
    return leaf;
}
/* Whether weir__urcu_wake must be called. */
static inline bool weir__urcu_leaf_exit(struct weir__urcu_leaf leaf) {
    weir_light_barrier();
    /* No nesting is all that liburcu asks of a thread that is in no section; its phase says nothing then. */
    weir_store_relaxed((weir_asize *)(void *)&leaf.r->ctr, 0);
    weir_light_barrier();
    return weir_load_relaxed((weir_au32 *)(void *)&urcu_memb_gp.futex) == UINT32_MAX;
}
#define WEIR__URCU_LEAF 1

static inline bool weir__urcu_exit(void) {
    struct urcu_reader *r = weir__urcu_mine;
    if (WEIR_UNLIKELY(!r)) return false;
    weir_asize *nests = (weir_asize *)(void *)&r->ctr;
    size_t n = weir_load_relaxed(nests);
    if (WEIR_UNLIKELY((n & URCU_GP_CTR_NEST_MASK) != URCU_GP_COUNT)) {
        if ((n & URCU_GP_CTR_NEST_MASK) == 0) return false;
        weir_store_relaxed(nests, n - URCU_GP_COUNT);
        return true;
    }
    weir_light_barrier();
    weir_store_relaxed(nests, n - URCU_GP_COUNT);
    weir_light_barrier();
    if (WEIR_UNLIKELY(weir_load_relaxed((weir_au32 *)(void *)&urcu_memb_gp.futex) == UINT32_MAX))
        weir__urcu_wake();
    return true;
}

#else

static inline void weir__urcu_register(void) { urcu_memb_register_thread(); }
static inline void weir__urcu_unregister(void) { urcu_memb_unregister_thread(); }
static inline bool weir__urcu_enter(void) {
    if (WEIR_UNLIKELY(!weir__urcu_registered())) return false;
    weir__urcu_lock();
    return true;
}
static inline bool weir__urcu_exit(void) {
    if (WEIR_UNLIKELY(!weir__urcu_held())) return false;
    weir__urcu_unlock();
    return true;
}

#endif
#endif
#endif
