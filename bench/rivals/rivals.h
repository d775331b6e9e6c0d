/* SPDX-License-Identifier: MIT */
/* bench/rivals/rivals.h - every rival ring: whether it is built in, which variants it brings, and the
 * Debian package that it comes from. CMake defines WB_HAVE_<RIVAL> as 1 or 0. */
#ifndef WEIR_BENCH_RIVALS_H
#define WEIR_BENCH_RIVALS_H

#include "../bench.h"

/* The package names are written once, here; the files of the rivals use them too. */
#define WB_PACKAGE_CK "libck-dev"
#define WB_PACKAGE_DPDK "libdpdk-dev"
#define WB_PACKAGE_BOOST "libboost-dev"
#define WB_PACKAGE_MOODYCAMEL "libconcurrentqueue-dev"
#define WB_PACKAGE_READERWRITERQUEUE "libreaderwriterqueue-dev"
#define WB_PACKAGE_ATOMIC_QUEUE "libatomic-queue-dev"
#define WB_PACKAGE_TBB "libtbb-dev"

#ifdef __cplusplus
extern "C" {
#endif
extern const struct wb_ring wb_spsc_ck, wb_mpmc_ck;
extern const struct wb_ring wb_spsc_dpdk, wb_mpmc_dpdk, wb_mpmc_dpdk_hts, wb_mpmc_dpdk_rts;
extern const struct wb_ring wb_spsc_boost, wb_mpmc_boost;
extern const struct wb_ring wb_mpmc_moodycamel, wb_mpmc_moodycamel_tokens;
extern const struct wb_ring wb_spsc_readerwriterqueue;
extern const struct wb_ring wb_spsc_atomic_queue, wb_mpmc_atomic_queue;
extern const struct wb_ring wb_mpmc_tbb;
#ifdef __cplusplus
}
#endif

#if WB_HAVE_CK
#define WB_CK_SPSC &wb_spsc_ck,
#define WB_CK_MPMC &wb_mpmc_ck,
#define WB_CK_MISSING
#else
#define WB_CK_SPSC
#define WB_CK_MPMC
#define WB_CK_MISSING { "ck", WB_PACKAGE_CK },
#endif

#if WB_HAVE_DPDK
#define WB_DPDK_SPSC &wb_spsc_dpdk,
#define WB_DPDK_MPMC &wb_mpmc_dpdk, &wb_mpmc_dpdk_hts, &wb_mpmc_dpdk_rts,
#define WB_DPDK_MISSING
#else
#define WB_DPDK_SPSC
#define WB_DPDK_MPMC
#define WB_DPDK_MISSING { "dpdk", WB_PACKAGE_DPDK },
#endif

#if WB_HAVE_BOOST
#define WB_BOOST_SPSC &wb_spsc_boost,
#define WB_BOOST_MPMC &wb_mpmc_boost,
#define WB_BOOST_MISSING
#else
#define WB_BOOST_SPSC
#define WB_BOOST_MPMC
#define WB_BOOST_MISSING { "boost", WB_PACKAGE_BOOST },
#endif

#if WB_HAVE_MOODYCAMEL
#define WB_MOODYCAMEL_MPMC &wb_mpmc_moodycamel, &wb_mpmc_moodycamel_tokens,
#define WB_MOODYCAMEL_MISSING
#else
#define WB_MOODYCAMEL_MPMC
#define WB_MOODYCAMEL_MISSING { "moodycamel", WB_PACKAGE_MOODYCAMEL },
#endif

#if WB_HAVE_READERWRITERQUEUE
#define WB_READERWRITERQUEUE_SPSC &wb_spsc_readerwriterqueue,
#define WB_READERWRITERQUEUE_MISSING
#else
#define WB_READERWRITERQUEUE_SPSC
#define WB_READERWRITERQUEUE_MISSING { "readerwriterqueue", WB_PACKAGE_READERWRITERQUEUE },
#endif

#if WB_HAVE_ATOMIC_QUEUE
#define WB_ATOMIC_QUEUE_SPSC &wb_spsc_atomic_queue,
#define WB_ATOMIC_QUEUE_MPMC &wb_mpmc_atomic_queue,
#define WB_ATOMIC_QUEUE_MISSING
#else
#define WB_ATOMIC_QUEUE_SPSC
#define WB_ATOMIC_QUEUE_MPMC
#define WB_ATOMIC_QUEUE_MISSING { "atomic_queue", WB_PACKAGE_ATOMIC_QUEUE },
#endif

#if WB_HAVE_TBB
#define WB_TBB_MPMC &wb_mpmc_tbb,
#define WB_TBB_MISSING
#else
#define WB_TBB_MPMC
#define WB_TBB_MISSING { "tbb", WB_PACKAGE_TBB },
#endif

#define WB_RIVALS_SPSC \
    WB_CK_SPSC WB_DPDK_SPSC WB_BOOST_SPSC WB_READERWRITERQUEUE_SPSC WB_ATOMIC_QUEUE_SPSC
#define WB_RIVALS_MPMC \
    WB_CK_MPMC WB_DPDK_MPMC WB_BOOST_MPMC WB_MOODYCAMEL_MPMC WB_ATOMIC_QUEUE_MPMC WB_TBB_MPMC
#define WB_RIVALS_MISSING                                                             \
    WB_CK_MISSING WB_DPDK_MISSING WB_BOOST_MISSING WB_MOODYCAMEL_MISSING              \
    WB_READERWRITERQUEUE_MISSING WB_ATOMIC_QUEUE_MISSING WB_TBB_MISSING

#endif
