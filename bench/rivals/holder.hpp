/* SPDX-License-Identifier: MIT */
/* bench/rivals/holder.hpp - a C++ rival behind the C interface: one queue type per element size, and a
 * dispose that does not know which. */
#ifndef WEIR_BENCH_RIVALS_HOLDER_HPP
#define WEIR_BENCH_RIVALS_HOLDER_HPP

#include <cstddef>
#include <exception>

#include "../ring_run.h"
#include "rivals.h"

namespace wb {

struct holder {
    virtual ~holder() = default;
    virtual void shut() = 0;
};

/* Only a queue that blocks has a shut of its own. */
template <typename Q> auto shut_queue(Q &q, int) -> decltype(q.shut()) { return q.shut(); }
template <typename Q> void shut_queue(Q &, long) {}

/* Q is constructed from (shape). */
template <typename Q> struct held final : holder {
    Q q;
    explicit held(const wb_shape &s) : q(s) {}
    void shut() override { shut_queue(q, 0); }
    static held *of(void *ring) { return static_cast<held *>(static_cast<holder *>(ring)); }
};

/* A rival that refuses a shape throws, and then cannot be opened. */
template <typename Q> void *open_one(const wb_shape *s) {
    try {
        return static_cast<holder *>(new held<Q>(*s));
    } catch (const std::exception &) {
        return nullptr;
    }
}

/* static: gcc gives this linkage even where Queue is a template of an unnamed namespace, and two rivals
 * that name theirs alike would share one. */
template <template <typename> class Queue> static void *open(const wb_shape *s) {
    if (s->batch > WB_BATCH_MAX) return nullptr;
    switch (s->size) {
        case 8: return open_one<Queue<wb_elem_8>>(s);
        case 64: return open_one<Queue<wb_elem_64>>(s);
        default: return open_one<Queue<wb_elem_256>>(s);
    }
}

inline void dispose(void *ring) { delete static_cast<holder *>(ring); }
inline void shut(void *ring) { static_cast<holder *>(ring)->shut(); }

} // namespace wb

/* RING_OF of a queue type: what open returned is a holder. */
#define HELD_OF(Queue, ring) (&wb::held<Queue>::of(ring)->q)

#endif
