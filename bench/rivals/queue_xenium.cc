/* SPDX-License-Identifier: MIT */
/* bench/rivals/queue_xenium.cc - xenium's queue of Ramalhete and Correia (FAAArrayQueue): pointers that are not null and
 * leave the uppermost bit free, in nodes of 512 that are used once.
 *
 *   xenium         nodes are reclaimed by epochs, the fastest of its schemes, where a thread that is stopped keeps all
 *   xenium_hazard  by hazard pointers, as weir's segments are */
#include <array> /* which xenium uses, and does not include */
#include <cstdint>

#include <xenium/ramalhete_queue.hpp>
#include <xenium/reclamation/generic_epoch_based.hpp>
#include <xenium/reclamation/hazard_pointer.hpp>

#include "holder.hpp"

namespace {

using pointer = std::uint64_t *;

template <typename Reclaimer> struct words {
    xenium::ramalhete_queue<pointer, xenium::policy::reclaimer<Reclaimer>> q;
    explicit words(const wb_shape &) {}
    bool push(const wb_elem_8 &e) {
        q.push(reinterpret_cast<pointer>(static_cast<std::uintptr_t>(e.w[0] + 1)));
        return true;
    }
    bool pop(wb_elem_8 &e) {
        pointer p;
        if (!q.try_pop(p)) return false;
        e.w[0] = reinterpret_cast<std::uintptr_t>(p) - 1;
        return true;
    }
};

using by_epochs = words<xenium::reclamation::epoch_based<>>;
using by_hazards = words<xenium::reclamation::hazard_pointer<>>;

#define RING_NAME xenium_epochs
#define RING_TYPE by_epochs
#define RING_OF(ring) HELD_OF(by_epochs, ring)
#define RING_PUSH(r, e) (r)->push(*(e))
#define RING_POP(r, e) (r)->pop(*(e))
#include "../ring_loops.h"

#define RING_NAME xenium_hazards
#define RING_TYPE by_hazards
#define RING_OF(ring) HELD_OF(by_hazards, ring)
#define RING_PUSH(r, e) (r)->push(*(e))
#define RING_POP(r, e) (r)->pop(*(e))
#include "../ring_loops.h"

} // namespace

WB_RING(wb_queue_xenium, "xenium", "queue", WB_PACKAGE_XENIUM,
        "pointers only; a stopped thread keeps all memory", WB_MPMC | WB_ANY_CAP,
        wb::open_one<by_epochs>, wb::dispose, nullptr, xenium_epochs);

WB_RING(wb_queue_xenium_hazard, "xenium_hazard", "queue", WB_PACKAGE_XENIUM, "pointers only",
        WB_MPMC | WB_ANY_CAP, wb::open_one<by_hazards>, wb::dispose, nullptr, xenium_hazards);
