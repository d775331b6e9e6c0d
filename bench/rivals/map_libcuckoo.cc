/* SPDX-License-Identifier: MIT */
/* bench/rivals/map_libcuckoo.cc - libcuckoo's cuckoohash_map. Every operation, a read too, takes the spin locks
 * of the two buckets that its key may stand in. Growing stops all others.
 *
 * Version 0.3.1 crashes now and then when a table of less than its usual size (2^18 slots) grows while others
 * write: up to that size it also makes more locks, and others may look at the list of them meanwhile. So a table
 * that is to grow begins with the usual size, and a smaller one that is presized has room for a tenth more. */
#include <libcuckoo/cuckoohash_map.hh>

#include "map_keys.hpp"

namespace {

using words = libcuckoo::cuckoohash_map<uint64_t, uint64_t, wb::word_hash>;
using strings =
    libcuckoo::cuckoohash_map<std::string, wb_map_val, wb::string_hash, std::equal_to<>>;

size_t slots_for(size_t hint) {
    size_t slots = 4;
    if (hint == 0) return libcuckoo::DEFAULT_SIZE;
    while (slots < hint) slots *= 2;
    return slots < libcuckoo::DEFAULT_SIZE && slots - slots / 10 < hint ? 2 * slots : slots;
}

/* Made with room for so many. */
template <typename Map> void *make(size_t hint, unsigned threads) {
    return wb::make<Map>(slots_for(hint), threads);
}

WB_LOOP enum wb_map_put told(bool fresh) { return fresh ? WB_MAP_NEW : WB_MAP_OLD; }

bool look(words &m, uint64_t k, const std::function<void()> &f) {
    return m.find_fn(k, [&f](const uint64_t &) { f(); });
}

#define MAP_NAME cuckoo_words
#define MAP_T words
#define MAP_GET(m, k, pv) (m)->find(wb::key_of(k), *(pv))
#define MAP_PUT(m, k, v) told((m)->insert_or_assign(wb::key_of(k), v))
#define MAP_DEL(m, k) (m)->erase(wb::key_of(k))
#include "../map_loops.h"

#define MAP_NAME cuckoo_strings
#define MAP_T strings
#define MAP_STRINGS
#define MAP_GET(m, k, pv) (m)->find(wb::key_of(k), *(pv))
#define MAP_PUT(m, k, v) told((m)->insert_or_assign(wb::key_of(k), v))
#define MAP_DEL(m, k) (m)->erase(wb::key_of(k))
#include "../map_loops.h"

#define NOTE                                                                                       \
    "iteration locks the whole table; growing stops everybody, and from less than its usual size " \
    "it may crash; never shrinks by itself; who waits for a lock spins"

} // namespace

WB_MAP_STALLS(wb_map_libcuckoo, "libcuckoo", "map", WB_PACKAGE_LIBCUCKOO, NOTE, 0, make<words>,
              wb::dispose<words>, nullptr, nullptr, wb::len<words>, nullptr, cuckoo_words,
              (wb::stall_words<words, look>));
WB_MAP(wb_strmap_libcuckoo, "libcuckoo", "strmap", WB_PACKAGE_LIBCUCKOO, NOTE, 0, make<strings>,
       wb::dispose<strings>, nullptr, nullptr, wb::len<strings>, nullptr, cuckoo_strings);
