/* SPDX-License-Identifier: MIT */
/* bench/rivals/tbb.cc - oneTBB's concurrent_bounded_queue, try and blocking, and concurrent_queue. Its pages come and go as it
 * runs. It has no close: to end the blocking consumers, shut pushes one element per consumer that says
 * so; each stands behind all real ones. It has no batches. */
#include <algorithm>
#include <cstdint>

#include <oneapi/tbb/concurrent_queue.h>

#include "holder.hpp"

namespace {

constexpr uint64_t last_word = ~UINT64_C(0); /* no element: producer 65535 does not exist */

template <typename T> struct bounded final : tbb::concurrent_bounded_queue<T> {
    unsigned consumers;
    explicit bounded(const wb_shape &s) : consumers(std::max(s.consumers, 1u)) {
        this->set_capacity(static_cast<std::ptrdiff_t>(s.cap));
    }
    bool push_wait(const T &e) {
        this->push(e);
        return true;
    }
    bool pop_wait(T &e) {
        this->pop(e);
        return e.w[0] != last_word;
    }
    void shut() {
        T last = T();
        last.w[0] = last_word;
        for (unsigned i = 0; i < consumers; i++) this->push(last);
    }
};

#define RING_NAME tbb_bounded
#define RING_TYPE bounded<ELEM>
#define RING_OF(ring) HELD_OF(bounded<ELEM>, ring)
#define RING_PUSH(r, e) (r)->try_push(*(e))
#define RING_POP(r, e) (r)->try_pop(*(e))
#define RING_PUSH_WAIT(r, e) (r)->push_wait(*(e))
#define RING_POP_WAIT(r, e) (r)->pop_wait(*(e))
#define RING_SIZES
#include "../ring_loops.h"

/* Unbounded; push says nothing. */
template <typename T> struct unbounded final : tbb::concurrent_queue<T> {
    explicit unbounded(const wb_shape &) {}
    bool put(const T &e) {
        this->push(e);
        return true;
    }
};

#define RING_NAME tbb_queue
#define RING_TYPE unbounded<ELEM>
#define RING_OF(ring) HELD_OF(unbounded<ELEM>, ring)
#define RING_PUSH(r, e) (r)->put(*(e))
#define RING_POP(r, e) (r)->try_pop(*(e))
#define RING_SIZES
#include "../ring_loops.h"

} // namespace

WB_RING(wb_queue_tbb, "tbb", "queue", WB_PACKAGE_TBB, nullptr, WB_MPMC | WB_SIZES | WB_ANY_CAP,
        wb::open<unbounded>, wb::dispose, nullptr, tbb_queue);

WB_RING(wb_mpmc_tbb, "tbb", "mpmc", WB_PACKAGE_TBB, nullptr,
        WB_MPMC | WB_BLOCK | WB_SIZES | WB_ANY_CAP, wb::open<bounded>, wb::dispose, wb::shut,
        tbb_bounded);

/* The same as a channel that waits; it wants room for an element. */
WB_RING(wb_chan_tbb, "tbb", "chan", WB_PACKAGE_TBB, nullptr, WB_MPMC | WB_BLOCK | WB_ANY_CAP,
        wb::open<bounded>, wb::dispose, wb::shut, tbb_bounded);
