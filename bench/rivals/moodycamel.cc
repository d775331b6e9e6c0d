/* SPDX-License-Identifier: MIT */
/* bench/rivals/moodycamel.cc - moodycamel::ConcurrentQueue, bounded by its blocks: try_enqueue takes no
 * memory beyond those made at construction; and, of the structure `queue`, unbounded by enqueue. It keeps one queue per producer and says so: not
 * linearizable, order per producer only; try_dequeue may say empty falsely while others are at it.
 *
 *   moodycamel         implicit producers: the queue finds the thread's own by a hash of its id
 *   moodycamel_tokens  explicit ones: a token per producer and per consumer, made with the queue
 *
 * Capacity: blocks of 32 elements, as many as the capacity needs and two for each producer; with
 * tokens, whose producers never give a block back, the number that its author's constructor computes. */
#include <algorithm>
#include <memory>
#include <vector>

#include <concurrentqueue.h>

#include "holder.hpp"

namespace {

template <typename T> using queue = moodycamel::ConcurrentQueue<T>;

template <typename T> struct plain : queue<T> {
    explicit plain(const wb_shape &s) : queue<T>(s.cap, 0, s.producers) {}
};

template <typename T> struct producer {
    queue<T> &q;
    moodycamel::ProducerToken token;
    explicit producer(queue<T> &of) : q(of), token(of) {}
    bool push(const T &e) { return q.try_enqueue(token, e); }
    size_t push_n(const T *e, size_t n) { return q.try_enqueue_bulk(token, e, n) ? n : 0; }
};

template <typename T> struct consumer {
    queue<T> &q;
    moodycamel::ConsumerToken token;
    explicit consumer(queue<T> &of) : q(of), token(of) {}
    bool pop(T &e) { return q.try_dequeue(token, e); }
    size_t pop_n(T *e, size_t n) { return q.try_dequeue_bulk(token, e, n); }
};

template <typename T> struct tokens {
    queue<T> q;
    std::vector<std::unique_ptr<producer<T>>> producers;
    std::vector<std::unique_ptr<consumer<T>>> consumers;
    explicit tokens(const wb_shape &s) : q(s.cap, s.producers, 0) {
        /* One of each at least: the shape of a solo run may count one side only. */
        for (unsigned i = 0; i < std::max(s.producers, 1u); i++)
            producers.emplace_back(new producer<T>(q));
        for (unsigned i = 0; i < std::max(s.consumers, 1u); i++)
            consumers.emplace_back(new consumer<T>(q));
    }
};

#define RING_NAME moodycamel_plain
#define RING_TYPE plain<ELEM>
#define RING_OF(ring) HELD_OF(plain<ELEM>, ring)
#define RING_PUSH(r, e) (r)->try_enqueue(*(e))
#define RING_POP(r, e) (r)->try_dequeue(*(e))
#define RING_PUSH_N(r, e, n) ((r)->try_enqueue_bulk(e, n) ? (n) : 0)
#define RING_POP_N(r, e, n) (r)->try_dequeue_bulk(e, n)
#define RING_SIZES
#include "../ring_loops.h"

#define RING_NAME moodycamel_queue
#define RING_TYPE plain<ELEM>
#define RING_OF(ring) HELD_OF(plain<ELEM>, ring)
#define RING_PUSH(r, e) (r)->enqueue(*(e))
#define RING_POP(r, e) (r)->try_dequeue(*(e))
#define RING_PUSH_N(r, e, n) ((r)->enqueue_bulk(e, n) ? (n) : 0)
#define RING_POP_N(r, e, n) (r)->try_dequeue_bulk(e, n)
#define RING_SIZES
#include "../ring_loops.h"

#define RING_NAME moodycamel_tokens
#define RING_TYPE tokens<ELEM>
#define RING_PRODUCER_TYPE producer<ELEM>
#define RING_PRODUCER_OF(ring, id) HELD_OF(tokens<ELEM>, ring)->producers[id].get()
#define RING_CONSUMER_TYPE consumer<ELEM>
#define RING_CONSUMER_OF(ring, id) HELD_OF(tokens<ELEM>, ring)->consumers[id].get()
#define RING_PUSH(r, e) (r)->push(*(e))
#define RING_POP(r, e) (r)->pop(*(e))
#define RING_PUSH_N(r, e, n) (r)->push_n(e, n)
#define RING_POP_N(r, e, n) (r)->pop_n(e, n)
#define RING_SIZES
#include "../ring_loops.h"

} // namespace

WB_RING(
    wb_mpmc_moodycamel, "moodycamel", "mpmc", WB_PACKAGE_MOODYCAMEL,
    "not linearizable, order per producer only; a batch goes in whole or not at all; capacity in blocks "
    "of 32",
    WB_MPMC | WB_BATCH | WB_SIZES, wb::open<plain>, wb::dispose, nullptr, moodycamel_plain);

WB_RING(wb_queue_moodycamel, "moodycamel", "queue", WB_PACKAGE_MOODYCAMEL,
        "not linearizable, order per producer only; empty may be said falsely",
        WB_MPMC | WB_BATCH | WB_SIZES | WB_ANY_CAP, wb::open<plain>, wb::dispose, nullptr,
        moodycamel_queue);

WB_RING(wb_mpmc_moodycamel_tokens, "moodycamel_tokens", "mpmc", WB_PACKAGE_MOODYCAMEL,
        "as moodycamel, with a token per thread; capacity: up to that for each producer",
        WB_MPMC | WB_BATCH | WB_SIZES, wb::open<tokens>, wb::dispose, nullptr, moodycamel_tokens);
