/* SPDX-License-Identifier: MIT */
/* bench/rivals/map_tbb.cc - oneTBB's concurrent_hash_map: nodes, each with a spin lock for readers and writers
 * that an accessor holds. Its allocator is the one that all others have. Growing moves a bucket when it is next
 * used. */
#include <oneapi/tbb/concurrent_hash_map.h>

#include "map_keys.hpp"

namespace {

using words = tbb::concurrent_hash_map<uint64_t, uint64_t, wb::word_hash,
                                       std::allocator<std::pair<const uint64_t, uint64_t>>>;
using strings = tbb::concurrent_hash_map<std::string, wb_map_val, wb::string_hash,
                                         std::allocator<std::pair<const std::string, wb_map_val>>>;

template <typename Map, typename Key, typename Value>
WB_LOOP bool get(const Map &m, const Key &k, Value *v) {
    typename Map::const_accessor at;
    if (!m.find(at, k)) return false;
    *v = at->second;
    return true;
}

/* With a key that is not a std::string, find is no member of a const map. */
WB_LOOP bool get_string(strings &m, const wb_map_str &k, wb_map_val *v) {
    strings::const_accessor at;
    if (!m.find(at, wb::key_of(k))) return false;
    *v = at->second;
    return true;
}

template <typename Map, typename Key, typename Value>
WB_LOOP enum wb_map_put put(Map &m, const Key &k, const Value &v) {
    typename Map::accessor at;
    bool fresh = m.insert(at, wb::key_of(k));
    at->second = v;
    return fresh ? WB_MAP_NEW : WB_MAP_OLD;
}

bool look(words &m, uint64_t k, const std::function<void()> &f) {
    words::const_accessor at;
    if (!m.find(at, k)) return false;
    f();
    return true;
}

#define MAP_NAME tbb_words
#define MAP_T words
#define MAP_GET(m, k, pv) get(*(m), k, pv)
#define MAP_PUT(m, k, v) put(*(m), k, v)
#define MAP_DEL(m, k) (m)->erase(wb::key_of(k))
#include "../map_loops.h"

#define MAP_NAME tbb_strings
#define MAP_T strings
#define MAP_STRINGS
#define MAP_GET(m, k, pv) get_string(*(m), k, pv)
#define MAP_PUT(m, k, v) put(*(m), k, v)
#define MAP_DEL(m, k) (m)->erase(wb::key_of(k))
#include "../map_loops.h"

#define NOTE \
    "no iteration while others insert or erase; never shrinks; who waits for an entry spins"

} // namespace

WB_MAP_STALLS(wb_map_tbb, "tbb", "map", WB_PACKAGE_TBB, NOTE, 0, wb::make<words>,
              wb::dispose<words>, nullptr, nullptr, wb::len<words>, nullptr, tbb_words,
              (wb::stall_words<words, look>));
WB_MAP(wb_strmap_tbb, "tbb", "strmap", WB_PACKAGE_TBB, NOTE, 0, wb::make<strings>,
       wb::dispose<strings>, nullptr, nullptr, wb::len<strings>, nullptr, tbb_strings);
