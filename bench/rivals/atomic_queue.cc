/* SPDX-License-Identifier: MIT */
/* bench/rivals/atomic_queue.cc - Maxim Egorushkin's atomic_queue by its try_ calls, with the capacity
 * given at run time. Elements of 8 bytes are atomics themselves, as its author means it (AtomicQueueB,
 * ~0 is the empty one); larger ones have a state byte each (AtomicQueueB2). It rounds the capacity up
 * to a power of two, at least 64 or, with state bytes, 4096. try_push and try_pop take a ticket and
 * then wait inside the call for the thread that had the slot before. */
#include <cstdint>
#include <memory>

#include <atomic_queue/atomic_queue.h>

#include "holder.hpp"

namespace {

/* One producer and one consumer, or any number. */
template <typename T, bool single> struct queue_of {
    using type = atomic_queue::AtomicQueueB2<T, std::allocator<T>, true, false, single>;
};
template <bool single> struct queue_of<wb_elem_8, single> {
    using type = atomic_queue::AtomicQueueB<uint64_t, std::allocator<uint64_t>, ~UINT64_C(0), true,
                                            false, single>;
};

template <typename T, bool single> struct queue : queue_of<T, single>::type {
    using base = typename queue_of<T, single>::type;
    explicit queue(const wb_shape &s) : base(static_cast<unsigned>(s.cap)) {}
    bool push(const T &e) { return base::try_push(e); }
    bool pop(T &e) { return base::try_pop(e); }
};
template <bool single> struct queue<wb_elem_8, single> : queue_of<wb_elem_8, single>::type {
    using base = typename queue_of<wb_elem_8, single>::type;
    explicit queue(const wb_shape &s) : base(static_cast<unsigned>(s.cap)) {}
    bool push(const wb_elem_8 &e) { return base::try_push(e.w[0]); }
    bool pop(wb_elem_8 &e) { return base::try_pop(e.w[0]); }
};

template <typename T> using spsc = queue<T, true>;
template <typename T> using mpmc = queue<T, false>;

#define RING_NAME atomic_queue_spsc
#define RING_TYPE spsc<ELEM>
#define RING_OF(ring) HELD_OF(spsc<ELEM>, ring)
#define RING_PUSH(r, e) (r)->push(*(e))
#define RING_POP(r, e) (r)->pop(*(e))
#define RING_SIZES
#include "../ring_loops.h"

#define RING_NAME atomic_queue_mpmc
#define RING_TYPE mpmc<ELEM>
#define RING_OF(ring) HELD_OF(mpmc<ELEM>, ring)
#define RING_PUSH(r, e) (r)->push(*(e))
#define RING_POP(r, e) (r)->pop(*(e))
#define RING_SIZES
#include "../ring_loops.h"

} // namespace

WB_RING(wb_spsc_atomic_queue, "atomic_queue", "spsc", WB_PACKAGE_ATOMIC_QUEUE,
        "capacity: a power of two, at least 64, or 4096 above 8 bytes", WB_SPSC | WB_SIZES,
        wb::open<spsc>, wb::dispose, nullptr, atomic_queue_spsc);

WB_RING(
    wb_mpmc_atomic_queue, "atomic_queue", "mpmc", WB_PACKAGE_ATOMIC_QUEUE,
    "capacity: a power of two, at least 64, or 4096 above 8 bytes; a preempted thread holds up the one "
    "that comes to its slot next, inside the call, and the elements of a producer may overtake each other",
    WB_MPMC | WB_SIZES | WB_UNORDERED, wb::open<mpmc>, wb::dispose, nullptr, atomic_queue_mpmc);
