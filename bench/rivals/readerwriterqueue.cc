/* SPDX-License-Identifier: MIT */
/* bench/rivals/readerwriterqueue.cc - moodycamel::ReaderWriterQueue, for one producer and one consumer.
 * try_enqueue takes no memory beyond the blocks made at construction, of up to 512 elements each, one
 * of them spare, so that it may hold up to twice the capacity. No batches. */
#include <readerwriterqueue.h>

#include "holder.hpp"

namespace {

template <typename T> struct rwqueue : moodycamel::ReaderWriterQueue<T> {
    explicit rwqueue(const wb_shape &s) : moodycamel::ReaderWriterQueue<T>(s.cap) {}
};

#define RING_NAME readerwriterqueue
#define RING_TYPE rwqueue<ELEM>
#define RING_OF(ring) HELD_OF(rwqueue<ELEM>, ring)
#define RING_PUSH(r, e) (r)->try_enqueue(*(e))
#define RING_POP(r, e) (r)->try_dequeue(*(e))
#define RING_SIZES
#include "../ring_loops.h"

} // namespace

WB_RING(wb_spsc_readerwriterqueue, "readerwriterqueue", "spsc", WB_PACKAGE_READERWRITERQUEUE,
        "capacity: in blocks, up to twice as much", WB_SPSC | WB_SIZES, wb::open<rwqueue>,
        wb::dispose, nullptr, readerwriterqueue);
