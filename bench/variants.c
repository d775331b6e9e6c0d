/* SPDX-License-Identifier: MIT */
/* bench/variants.c - weir's rings and their mutex version as variants, and the list of all variants.
 *
 *   weir          the element size is a constant at the call, as the typed shims make it
 *   weir_generic  the same rings through the plain verbs: the size is loaded from the ring
 *   weir_fence    mpmc made with WEIR_RING_NO_MEMBARRIER: publishers pay a full barrier
 *   weir_scq      the ring that is strictly lock-free
 *   mutex         weir_mutex_ring, one mutex and two condition variables
 *
 * Rivals stand in bench/rivals/, one file each. bench/rivals/CMakeLists.txt defines WB_HAVE_<RIVAL>
 * for each that it found, and the two lists at the end follow from that. */
#include <weir/mpmc.h>
#include <weir/mutex_ring.h>
#include <weir/scq.h>
#include <weir/spsc.h>

#include <pthread.h>

#include "chans.h"
#include "deques.h"
#include "flows.h"
#include "maps_list.h"
#include "queues.h"
#include "ring_run.h"
#include "rivals/rivals.h"
#include "tools.h"

/* ---- local work ----------------------------------------------------------------------------------- */

static pthread_once_t work_once = PTHREAD_ONCE_INIT;
static double work_per_ns;

/* The best of several short measurements: whatever disturbs one makes it longer. */
static void work_measure(void) {
    const unsigned rounds = 100000;
    uint64_t best = UINT64_MAX;
    for (int i = 0; i < 15; i++) {
        uint64_t start = wb_clock();
        wb_work(rounds);
        uint64_t took = wb_clock() - start;
        if (took > 0 && took < best) best = took;
    }
    work_per_ns = (double)rounds / (double)best;
}

unsigned wb_work_rounds(unsigned ns) {
    if (ns == 0) return 0;
    (void)pthread_once(&work_once, work_measure);
    double rounds = ns * work_per_ns;
    return rounds < 1 ? 1 : (unsigned)rounds;
}

/* ---- spsc ------------------------------------------------------------------------------------------ */

static void *spsc_open(const struct wb_shape *s) {
    if (s->batch > WB_BATCH_MAX) return NULL;
    struct weir_ring_opts o = WEIR_RING_OPTS(s->cap, s->size);
    weir_spsc *r;
    return weir_spsc_new(&r, &o) == 0 ? r : NULL;
}

static void spsc_dispose(void *r) { weir_spsc_free(r); }

#define RING_NAME spsc_weir
#define RING_TYPE weir_spsc
#define RING_PUSH(r, e) weir__spsc_push(r, e, sizeof(ELEM))
#define RING_POP(r, e) weir__spsc_pop(r, e, sizeof(ELEM))
#define RING_PUSH_N(r, e, n) weir__spsc_push_n(r, e, n, sizeof(ELEM))
#define RING_POP_N(r, e, n) weir__spsc_pop_n(r, e, n, sizeof(ELEM))
#define RING_SIZES
#include "ring_loops.h"

/* The element as a caller has it who does not know its size: somewhere in memory. */
static inline void *somewhere(const void *e) {
    void *p = (void *)(uintptr_t)e;
    __asm__ __volatile__("" : "+r"(p) : : "memory");
    return p;
}

#define RING_NAME spsc_generic
#define RING_TYPE weir_spsc
#define RING_PUSH(r, e) weir_spsc_push(r, somewhere(e))
#define RING_POP(r, e) weir_spsc_pop(r, somewhere(e))
#define RING_PUSH_N(r, e, n) weir_spsc_push_n(r, e, n)
#define RING_POP_N(r, e, n) weir_spsc_pop_n(r, e, n)
#define RING_SIZES
#include "ring_loops.h"

static WB_RING(ring_spsc_weir, "weir", "spsc", NULL, NULL,
               WB_SPSC | WB_BATCH | WB_SIZES | WB_ANY_CAP, spsc_open, spsc_dispose, NULL,
               spsc_weir);

static WB_RING(ring_spsc_generic, "weir_generic", "spsc", NULL, "element size loaded from the ring",
               WB_SPSC | WB_BATCH | WB_SIZES | WB_ANY_CAP, spsc_open, spsc_dispose, NULL,
               spsc_generic);

/* ---- mpmc ------------------------------------------------------------------------------------------ */

static void *mpmc_open_with(const struct wb_shape *s, unsigned flags) {
    if (s->batch > WB_BATCH_MAX) return NULL;
    struct weir_ring_opts o = WEIR_RING_OPTS(s->cap, s->size);
    o.flags = flags;
    weir_mpmc *r;
    return weir_mpmc_new(&r, &o) == 0 ? r : NULL;
}

static void *mpmc_open(const struct wb_shape *s) { return mpmc_open_with(s, 0); }
static void *mpmc_open_fence(const struct wb_shape *s) {
    return mpmc_open_with(s, WEIR_RING_NO_MEMBARRIER);
}
static void mpmc_dispose(void *r) { (void)weir_mpmc_free(r); }
static void mpmc_shut(void *r) { (void)weir_mpmc_close(r); }

/* A batch verb's count; its codes count as nothing moved. */
static size_t some(ptrdiff_t rc) { return rc > 0 ? (size_t)rc : 0; }

/* The blocking verbs of the typed shims: the inlined try, then the call that waits. */
#define MPMC_PUSH(r, e) (weir__mpmc_push(r, e, sizeof(ELEM), weir__mpmc_stride(sizeof(ELEM))) == 0)
#define MPMC_POP(r, e) (weir__mpmc_pop(r, e, sizeof(ELEM), weir__mpmc_stride(sizeof(ELEM))) == 0)

#define RING_NAME mpmc_weir
#define RING_TYPE weir_mpmc
#define RING_PUSH(r, e) MPMC_PUSH(r, e)
#define RING_POP(r, e) MPMC_POP(r, e)
#define RING_PUSH_N(r, e, n) some(weir_mpmc_try_push_n(r, e, n))
#define RING_POP_N(r, e, n) some(weir_mpmc_try_pop_n(r, e, n))
#define RING_PUSH_WAIT(r, e) (MPMC_PUSH(r, e) || weir_mpmc_push_wait(r, e, WEIR_FOREVER, NULL) == 0)
#define RING_POP_WAIT(r, e) (MPMC_POP(r, e) || weir_mpmc_pop_wait(r, e, WEIR_FOREVER, NULL) == 0)
#define RING_PUSH_N_WAIT(r, e, n) some(weir_mpmc_push_n_wait(r, e, n, WEIR_FOREVER, NULL))
#define RING_POP_N_WAIT(r, e, n) some(weir_mpmc_pop_n_wait(r, e, n, WEIR_FOREVER, NULL))
#define RING_SIZES
#include "ring_loops.h"

#define RING_NAME mpmc_generic
#define RING_TYPE weir_mpmc
#define RING_PUSH(r, e) (weir_mpmc_try_push(r, somewhere(e)) == 0)
#define RING_POP(r, e) (weir_mpmc_try_pop(r, somewhere(e)) == 0)
#define RING_PUSH_N(r, e, n) some(weir_mpmc_try_push_n(r, e, n))
#define RING_POP_N(r, e, n) some(weir_mpmc_try_pop_n(r, e, n))
#define RING_PUSH_WAIT(r, e) (weir_mpmc_push(r, somewhere(e)) == 0)
#define RING_POP_WAIT(r, e) (weir_mpmc_pop(r, somewhere(e)) == 0)
#define RING_PUSH_N_WAIT(r, e, n) some(weir_mpmc_push_n_wait(r, e, n, WEIR_FOREVER, NULL))
#define RING_POP_N_WAIT(r, e, n) some(weir_mpmc_pop_n_wait(r, e, n, WEIR_FOREVER, NULL))
#define RING_SIZES
#include "ring_loops.h"

#define MPMC_CAN (WB_MPMC | WB_BATCH | WB_BLOCK | WB_SIZES | WB_ANY_CAP)

static WB_RING(ring_mpmc_weir, "weir", "mpmc", NULL, NULL, MPMC_CAN, mpmc_open, mpmc_dispose,
               mpmc_shut, mpmc_weir);

static WB_RING(ring_mpmc_generic, "weir_generic", "mpmc", NULL, "element size loaded from the ring",
               MPMC_CAN, mpmc_open, mpmc_dispose, mpmc_shut, mpmc_generic);

static WB_RING(ring_mpmc_fence, "weir_fence", "mpmc", NULL,
               "made without membarrier: a full barrier per operation", MPMC_CAN, mpmc_open_fence,
               mpmc_dispose, mpmc_shut, mpmc_weir);

/* ---- mutex ------------------------------------------------------------------------------------------ */

static void *mutex_open(const struct wb_shape *s) {
    if (s->batch > WB_BATCH_MAX) return NULL;
    struct weir_ring_opts o = WEIR_RING_OPTS(s->cap, s->size);
    weir_mutex_ring *r;
    return weir_mutex_ring_new(&r, &o) == 0 ? r : NULL;
}

static void mutex_dispose(void *r) { (void)weir_mutex_ring_free(r); }
static void mutex_shut(void *r) { (void)weir_mutex_ring_close(r); }

#define RING_NAME mutex
#define RING_TYPE weir_mutex_ring
#define RING_PUSH(r, e) (weir_mutex_ring_try_push(r, e) == 0)
#define RING_POP(r, e) (weir_mutex_ring_try_pop(r, e) == 0)
#define RING_PUSH_N(r, e, n) some(weir_mutex_ring_try_push_n(r, e, n))
#define RING_POP_N(r, e, n) some(weir_mutex_ring_try_pop_n(r, e, n))
#define RING_PUSH_WAIT(r, e) (weir_mutex_ring_push(r, e) == 0)
#define RING_POP_WAIT(r, e) (weir_mutex_ring_pop(r, e) == 0)
#define RING_PUSH_N_WAIT(r, e, n) some(weir_mutex_ring_push_n_wait(r, e, n, WEIR_FOREVER, NULL))
#define RING_POP_N_WAIT(r, e, n) some(weir_mutex_ring_pop_n_wait(r, e, n, WEIR_FOREVER, NULL))
#define RING_SIZES
#include "ring_loops.h"

static WB_RING(ring_spsc_mutex, "mutex", "spsc", NULL, NULL,
               WB_SPSC | WB_BATCH | WB_BLOCK | WB_SIZES | WB_ANY_CAP, mutex_open, mutex_dispose,
               mutex_shut, mutex);

static WB_RING(ring_mpmc_mutex, "mutex", "mpmc", NULL, NULL, MPMC_CAN, mutex_open, mutex_dispose,
               mutex_shut, mutex);

/* ---- scq ------------------------------------------------------------------------------------------- */

/* Calls inside at once: more than any case has threads. */
#define SCQ_THREADS 256

static void *scq_open(const struct wb_shape *s) {
    struct weir_ring_opts o = WEIR_RING_OPTS(s->cap, s->size);
    weir_scq *r;
    return weir_scq_new(&r, &o, SCQ_THREADS) == 0 ? r : NULL;
}
static void scq_dispose(void *r) { (void)weir_scq_free(r); }

#define RING_NAME scq
#define RING_TYPE weir_scq
#define RING_PUSH(r, e) (weir__scq_push(r, e, sizeof(ELEM), weir__scq_stride(sizeof(ELEM))) == 0)
#define RING_POP(r, e) (weir__scq_pop(r, e, sizeof(ELEM), weir__scq_stride(sizeof(ELEM))) == 0)
#include "ring_loops.h"

static WB_RING(ring_scq, "weir_scq", "mpmc", NULL, "strictly lock-free",
               WB_MPMC | WB_SIZES | WB_ANY_CAP, scq_open, scq_dispose, NULL, scq);

/* ---- the lists ---------------------------------------------------------------------------------------- */

const struct wb_ring *const wb_rings[] = {
    &ring_spsc_weir,
    &ring_spsc_generic,
    &ring_spsc_mutex,
    &ring_mpmc_weir,
    &ring_mpmc_generic,
    &ring_mpmc_fence,
    &ring_mpmc_mutex,
    &ring_scq,
#ifdef WB_HAVE_CK
    &wb_spsc_ck,
    &wb_mpmc_ck,
#endif
#ifdef WB_HAVE_DPDK
    &wb_spsc_dpdk,
    &wb_mpmc_dpdk,
    &wb_mpmc_dpdk_hts,
    &wb_mpmc_dpdk_rts,
#endif
#ifdef WB_HAVE_BOOST
    &wb_spsc_boost,
    &wb_mpmc_boost,
#endif
#ifdef WB_HAVE_MOODYCAMEL
    &wb_mpmc_moodycamel,
    &wb_mpmc_moodycamel_tokens,
#endif
#ifdef WB_HAVE_READERWRITERQUEUE
    &wb_spsc_readerwriterqueue,
#endif
#ifdef WB_HAVE_ATOMIC_QUEUE
    &wb_spsc_atomic_queue,
    &wb_mpmc_atomic_queue,
#endif
#ifdef WB_HAVE_TBB
    &wb_mpmc_tbb,
#ifndef WB_COUNT
    &wb_chan_tbb,
#endif
#endif
#ifndef WB_COUNT
    WB_CHAN_KINDS(WB_CHAN_LIST)
        WB_DEQUES_LIST WB_QUEUES_LIST WB_TOOLS_LIST WB_MAPS_LIST WB_FLOWS_LIST WB_GO_LIST
#ifdef WB_HAVE_MOODYCAMEL
            &wb_queue_moodycamel,
#endif
#ifdef WB_HAVE_TBB
    &wb_queue_tbb,
#endif
#ifdef WB_HAVE_BOOST
    &wb_queue_boost,
#endif
#ifdef WB_HAVE_QUEUE_GLIB
    &wb_queue_glib,
#endif
#ifdef WB_HAVE_QUEUE_XENIUM
    &wb_queue_xenium,
    &wb_queue_xenium_hazard,
#endif
#ifdef WB_HAVE_QUEUE_WFC
    &wb_mpsc_wfcqueue,
#endif
#endif
    NULL,
};

const struct wb_missing wb_missing[] = {
#ifndef WB_HAVE_CK
    { "ck", WB_PACKAGE_CK },
#endif
#ifndef WB_HAVE_DPDK
    { "dpdk", WB_PACKAGE_DPDK },
#endif
#ifndef WB_HAVE_BOOST
    { "boost", WB_PACKAGE_BOOST },
#endif
#ifndef WB_HAVE_MOODYCAMEL
    { "moodycamel", WB_PACKAGE_MOODYCAMEL },
#endif
#ifndef WB_HAVE_READERWRITERQUEUE
    { "readerwriterqueue", WB_PACKAGE_READERWRITERQUEUE },
#endif
#ifndef WB_HAVE_ATOMIC_QUEUE
    { "atomic_queue", WB_PACKAGE_ATOMIC_QUEUE },
#endif
#ifndef WB_HAVE_TBB
    { "tbb", WB_PACKAGE_TBB },
#endif
#ifndef WB_COUNT
#ifndef WB_HAVE_MAP_BOOST
    { "boost_map", WB_MISSING_BOOST_MAP },
#endif
#ifndef WB_HAVE_MAP_LIBCUCKOO
    { "libcuckoo", WB_PACKAGE_LIBCUCKOO },
#endif
#ifndef WB_HAVE_MAP_LFHT_MEMB
    { "lfht", WB_PACKAGE_URCU },
#endif
#ifndef WB_HAVE_MAP_LFHT_QSBR
    { "lfht_qsbr", WB_PACKAGE_URCU },
#endif
#endif
#if !defined(WB_HAVE_QUEUE_WFC) && !defined(WB_COUNT)
    { "wfcqueue", WB_PACKAGE_URCU },
#endif
#if !defined(WB_HAVE_QUEUE_XENIUM) && !defined(WB_COUNT)
    { "xenium", WB_PACKAGE_XENIUM },
#endif
#if !defined(WB_HAVE_FLOW_GLIB) && !defined(WB_COUNT)
    { "glib", WB_PACKAGE_GLIB },
#endif
#if !defined(WB_HAVE_GO) && !defined(WB_COUNT)
    { "go", WB_PACKAGE_GO },
#endif
    { NULL, NULL },
};
