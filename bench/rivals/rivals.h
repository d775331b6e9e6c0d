/* SPDX-License-Identifier: MIT */
/* bench/rivals/rivals.h - the variants that rivals bring, and the Debian packages they come from. Which of
 * them are built in is said by WB_HAVE_<RIVAL>, in bench/variants.c. */
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
#define WB_PACKAGE_GO "golang-go"
#define WB_PACKAGE_BOOST_MAP "libboost1.88-dev"
#define WB_MISSING_BOOST_MAP WB_PACKAGE_BOOST_MAP " of Debian 13 (or make rivals, which unpacks it)"
#define WB_PACKAGE_GLIB "libglib2.0-dev"
#define WB_PACKAGE_LIBCUCKOO "libcuckoo-dev"
#define WB_PACKAGE_URCU "liburcu-dev"
#define WB_PACKAGE_XENIUM "libxenium-dev"

#ifdef __cplusplus
extern "C" {
#endif
extern const struct wb_ring wb_spsc_ck, wb_mpmc_ck;
extern const struct wb_ring wb_spsc_dpdk, wb_mpmc_dpdk, wb_mpmc_dpdk_hts, wb_mpmc_dpdk_rts;
extern const struct wb_ring wb_spsc_boost, wb_mpmc_boost;
extern const struct wb_ring wb_mpmc_moodycamel, wb_mpmc_moodycamel_tokens;
extern const struct wb_ring wb_spsc_readerwriterqueue;
extern const struct wb_ring wb_spsc_atomic_queue, wb_mpmc_atomic_queue;
extern const struct wb_ring wb_mpmc_tbb, wb_chan_tbb;
extern const struct wb_ring wb_chan_go, wb_select_go;
extern const struct wb_ring wb_queue_moodycamel, wb_queue_tbb, wb_queue_boost, wb_queue_glib;
extern const struct wb_ring wb_queue_xenium, wb_queue_xenium_hazard;
extern const struct wb_ring wb_mpsc_wfcqueue;
#ifdef __cplusplus
}
#endif

#ifdef WB_HAVE_GO
#define WB_GO_LIST &wb_chan_go, &wb_select_go,
#else
#define WB_GO_LIST
#endif

#endif
