/* SPDX-License-Identifier: MIT */
/* bench/rivals/boost.cc - Boost.Lockfree: spsc_queue with its capacity given at run time, and queue with
 * fixed_sized<true> and bounded_push. queue links the nodes of a fixed pool by 16-bit indices: at most
 * 65534 elements. A capacity of 65536 gets those, a larger one is refused (by an exception of its
 * constructor). Only spsc_queue has batches. */
#include <boost/lockfree/queue.hpp>
#include <boost/lockfree/spsc_queue.hpp>

#include <algorithm>

#include "holder.hpp"

namespace {

namespace lf = boost::lockfree;

template <typename T> struct spsc : lf::spsc_queue<T> {
    explicit spsc(const wb_shape &s) : lf::spsc_queue<T>(s.cap) {}
};

template <typename T> struct mpmc : lf::queue<T, lf::fixed_sized<true>> {
    explicit mpmc(const wb_shape &s)
        : lf::queue<T, lf::fixed_sized<true>>(s.cap <= 65536 ? std::min<size_t>(s.cap, 65534)
                                                             : s.cap) {}
};

/* Unbounded: nodes come from the heap, and go to a list of free ones. */
template <typename T> struct unbounded : lf::queue<T> {
    explicit unbounded(const wb_shape &) : lf::queue<T>(1024) {}
};

#define RING_NAME boost_spsc
#define RING_TYPE spsc<ELEM>
#define RING_OF(ring) HELD_OF(spsc<ELEM>, ring)
#define RING_PUSH(r, e) (r)->push(*(e))
#define RING_POP(r, e) (r)->pop(*(e))
#define RING_PUSH_N(r, e, n) (r)->push(e, n)
#define RING_POP_N(r, e, n) (r)->pop(e, n)
#define RING_SIZES
#include "../ring_loops.h"

#define RING_NAME boost_mpmc
#define RING_TYPE mpmc<ELEM>
#define RING_OF(ring) HELD_OF(mpmc<ELEM>, ring)
#define RING_PUSH(r, e) (r)->bounded_push(*(e))
#define RING_POP(r, e) (r)->pop(*(e))
#define RING_SIZES
#include "../ring_loops.h"

#define RING_NAME boost_queue
#define RING_TYPE unbounded<ELEM>
#define RING_OF(ring) HELD_OF(unbounded<ELEM>, ring)
#define RING_PUSH(r, e) (r)->push(*(e))
#define RING_POP(r, e) (r)->pop(*(e))
#define RING_SIZES
#include "../ring_loops.h"

} // namespace

WB_RING(wb_queue_boost, "boost", "queue", WB_PACKAGE_BOOST, "gives no memory back",
        WB_MPMC | WB_SIZES | WB_ANY_CAP, wb::open<unbounded>, wb::dispose, nullptr, boost_queue);

WB_RING(wb_spsc_boost, "boost", "spsc", WB_PACKAGE_BOOST, nullptr,
        WB_SPSC | WB_BATCH | WB_SIZES | WB_ANY_CAP, wb::open<spsc>, wb::dispose, nullptr,
        boost_spsc);

WB_RING(wb_mpmc_boost, "boost", "mpmc", WB_PACKAGE_BOOST, "capacity: at most 65534",
        WB_MPMC | WB_SIZES | WB_ANY_CAP, wb::open<mpmc>, wb::dispose, nullptr, boost_mpmc);
