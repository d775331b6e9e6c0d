/* SPDX-License-Identifier: MIT */
/* bench/rivals/dpdk.c - DPDK's rte_ring in our own memory, without EAL: no huge pages, no root.
 *
 * rte_ring_init fills a ring in memory of rte_ring_get_memsize_elem bytes; enqueue and dequeue are inlined
 * from its headers. RING_F_EXACT_SZ makes the capacity exact. Four synchronisation modes: single
 * producer and consumer; the default, in which a thread waits inside the call until earlier ones have
 * published; HTS, head and tail in one word, one operation at a time; RTS, the last of a group
 * publishes for all. Elements other than 8 and 16 bytes are copied by rte_ring in words of 4 bytes.
 * Batches are its burst calls. */
#include <stdlib.h>

#include <rte_ring.h>

#include "../ring_run.h"
#include "rivals.h"

static void *ring_open(const struct wb_shape *s, unsigned flags) {
    if (s->cap > (size_t)1 << 30 || s->batch > WB_BATCH_MAX) return NULL;
    unsigned count = 2; /* of slots; RING_F_EXACT_SZ needs one more than the capacity */
    while (count <= s->cap) count *= 2;
    ssize_t bytes = rte_ring_get_memsize_elem((unsigned)s->size, count);
    if (bytes <= 0) return NULL;
    void *r = aligned_alloc(128, ((size_t)bytes + 127) & ~(size_t)127);
    if (!r) return NULL;
    memset(r, 0, (size_t)bytes);
    if (rte_ring_init((struct rte_ring *)r, "bench", (unsigned)s->cap, flags | RING_F_EXACT_SZ) ==
        0)
        return r;
    free(r);
    return NULL;
}

static void ring_dispose(void *r) { free(r); }

static void *open_single(const struct wb_shape *s) {
    return ring_open(s, RING_F_SP_ENQ | RING_F_SC_DEQ);
}
static void *open_default(const struct wb_shape *s) { return ring_open(s, 0); }
static void *open_hts(const struct wb_shape *s) {
    return ring_open(s, RING_F_MP_HTS_ENQ | RING_F_MC_HTS_DEQ);
}
static void *open_rts(const struct wb_shape *s) {
    return ring_open(s, RING_F_MP_RTS_ENQ | RING_F_MC_RTS_DEQ);
}

#define RING_NAME spsc_dpdk
#define RING_TYPE struct rte_ring
#define RING_PUSH(r, e) (rte_ring_sp_enqueue_bulk_elem(r, e, sizeof(ELEM), 1, NULL) == 1)
#define RING_POP(r, e) (rte_ring_sc_dequeue_bulk_elem(r, e, sizeof(ELEM), 1, NULL) == 1)
#define RING_PUSH_N(r, e, n) rte_ring_sp_enqueue_burst_elem(r, e, sizeof(ELEM), (unsigned)(n), NULL)
#define RING_POP_N(r, e, n) rte_ring_sc_dequeue_burst_elem(r, e, sizeof(ELEM), (unsigned)(n), NULL)
#define RING_SIZES
#include "../ring_loops.h"

#define RING_NAME mpmc_dpdk
#define RING_TYPE struct rte_ring
#define RING_PUSH(r, e) (rte_ring_mp_enqueue_bulk_elem(r, e, sizeof(ELEM), 1, NULL) == 1)
#define RING_POP(r, e) (rte_ring_mc_dequeue_bulk_elem(r, e, sizeof(ELEM), 1, NULL) == 1)
#define RING_PUSH_N(r, e, n) rte_ring_mp_enqueue_burst_elem(r, e, sizeof(ELEM), (unsigned)(n), NULL)
#define RING_POP_N(r, e, n) rte_ring_mc_dequeue_burst_elem(r, e, sizeof(ELEM), (unsigned)(n), NULL)
#define RING_SIZES
#include "../ring_loops.h"

#define RING_NAME hts
#define RING_TYPE struct rte_ring
#define RING_PUSH(r, e) (rte_ring_mp_hts_enqueue_bulk_elem(r, e, sizeof(ELEM), 1, NULL) == 1)
#define RING_POP(r, e) (rte_ring_mc_hts_dequeue_bulk_elem(r, e, sizeof(ELEM), 1, NULL) == 1)
#define RING_PUSH_N(r, e, n) \
    rte_ring_mp_hts_enqueue_burst_elem(r, e, sizeof(ELEM), (unsigned)(n), NULL)
#define RING_POP_N(r, e, n) \
    rte_ring_mc_hts_dequeue_burst_elem(r, e, sizeof(ELEM), (unsigned)(n), NULL)
#define RING_SIZES
#include "../ring_loops.h"

#define RING_NAME rts
#define RING_TYPE struct rte_ring
#define RING_PUSH(r, e) (rte_ring_mp_rts_enqueue_bulk_elem(r, e, sizeof(ELEM), 1, NULL) == 1)
#define RING_POP(r, e) (rte_ring_mc_rts_dequeue_bulk_elem(r, e, sizeof(ELEM), 1, NULL) == 1)
#define RING_PUSH_N(r, e, n) \
    rte_ring_mp_rts_enqueue_burst_elem(r, e, sizeof(ELEM), (unsigned)(n), NULL)
#define RING_POP_N(r, e, n) \
    rte_ring_mc_rts_dequeue_burst_elem(r, e, sizeof(ELEM), (unsigned)(n), NULL)
#define RING_SIZES
#include "../ring_loops.h"

#define MPMC_CAN (WB_MPMC | WB_BATCH | WB_SIZES | WB_ANY_CAP)

WB_RING(wb_spsc_dpdk, "dpdk", "spsc", WB_PACKAGE_DPDK, "single producer and consumer mode",
        WB_SPSC | WB_BATCH | WB_SIZES | WB_ANY_CAP, open_single, ring_dispose, NULL, spsc_dpdk);

WB_RING(wb_mpmc_dpdk, "dpdk", "mpmc", WB_PACKAGE_DPDK,
        "a preempted thread holds up the others inside the call", MPMC_CAN, open_default,
        ring_dispose, NULL, mpmc_dpdk);

WB_RING(wb_mpmc_dpdk_hts, "dpdk_hts", "mpmc", WB_PACKAGE_DPDK,
        "one push and one pop at a time; a preempted thread holds up the others inside the call",
        MPMC_CAN, open_hts, ring_dispose, NULL, hts);

WB_RING(
    wb_mpmc_dpdk_rts, "dpdk_rts", "mpmc", WB_PACKAGE_DPDK,
    "a preempted thread holds back what others pushed, and in the end holds them up inside the call",
    MPMC_CAN, open_rts, ring_dispose, NULL, rts);
