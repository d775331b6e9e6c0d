/* SPDX-License-Identifier: MIT */
/* bench/rivals/map_libcuckoo.cc - libcuckoo's cuckoohash_map. Every operation, a read too, takes the spin locks
 * of the two buckets that its key may stand in. Growing stops all others. */
#include <libcuckoo/cuckoohash_map.hh>

#include "map_keys.hpp"

namespace {

using words = libcuckoo::cuckoohash_map<uint64_t, uint64_t, wb::word_hash>;
using strings =
    libcuckoo::cuckoohash_map<std::string, wb_map_val, wb::string_hash, std::equal_to<>>;

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

#define NOTE                                                                              \
    "iteration locks the whole table; growing stops everybody; never shrinks by itself; " \
    "who waits for a lock spins"

} // namespace

WB_MAP_STALLS(wb_map_libcuckoo, "libcuckoo", "map", WB_PACKAGE_LIBCUCKOO, NOTE, 0, wb::make<words>,
              wb::dispose<words>, nullptr, nullptr, wb::len<words>, nullptr, cuckoo_words,
              (wb::stall_words<words, look>));
WB_MAP(wb_strmap_libcuckoo, "libcuckoo", "strmap", WB_PACKAGE_LIBCUCKOO, NOTE, 0, wb::make<strings>,
       wb::dispose<strings>, nullptr, nullptr, wb::len<strings>, nullptr, cuckoo_strings);
