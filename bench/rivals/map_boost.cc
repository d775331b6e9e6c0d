/* SPDX-License-Identifier: MIT */
/* bench/rivals/map_boost.cc - Boost.Unordered: concurrent_flat_map, and the bound of all maps, unordered_flat_map,
 * which is the same layout without any synchronisation, for one thread.
 *
 * Reads of concurrent_flat_map take a shared lock of a group of entries, and copy the value under it. Growing
 * stops all others until everything has moved. Boost 1.83 or later; Debian 12 has an older one: `make rivals`. */
#include <boost/unordered/concurrent_flat_map.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/version.hpp>

#include "map_keys.hpp"

namespace {

struct words : boost::concurrent_flat_map<uint64_t, uint64_t, wb::word_hash> {
    explicit words(size_t hint) { reserve(hint); }
};
struct strings
    : boost::concurrent_flat_map<std::string, wb_map_val, wb::string_hash, std::equal_to<>> {
    explicit strings(size_t hint) { reserve(hint); }
};
struct flat_words : boost::unordered_flat_map<uint64_t, uint64_t, wb::word_hash> {
    explicit flat_words(size_t hint) { reserve(hint); }
};
struct flat_strings
    : boost::unordered_flat_map<std::string, wb_map_val, wb::string_hash, std::equal_to<>> {
    explicit flat_strings(size_t hint) { reserve(hint); }
};

template <typename Map, typename Key, typename Value>
WB_LOOP bool get(const Map &m, const Key &k, Value *v) {
    return m.cvisit(wb::key_of(k), [v](const auto &entry) { *v = entry.second; }) != 0;
}
template <typename Map, typename Key, typename Value>
WB_LOOP bool flat_get(const Map &m, const Key &k, Value *v) {
    auto at = m.find(wb::key_of(k));
    if (at == m.end()) return false;
    *v = at->second;
    return true;
}
WB_LOOP enum wb_map_put told(bool fresh) { return fresh ? WB_MAP_NEW : WB_MAP_OLD; }

bool look(words &m, uint64_t k, const std::function<void()> &f) {
    return m.cvisit(k, [&f](const auto &) { f(); }) != 0;
}

#define MAP_NAME boost_words
#define MAP_T words
#define MAP_GET(m, k, pv) get(*(m), k, pv)
#define MAP_PUT(m, k, v) told((m)->insert_or_assign(wb::key_of(k), v))
#define MAP_DEL(m, k) ((m)->erase(wb::key_of(k)) != 0)
#include "../map_loops.h"

#define MAP_NAME boost_strings
#define MAP_T strings
#define MAP_STRINGS
#define MAP_GET(m, k, pv) get(*(m), k, pv)
#define MAP_PUT(m, k, v) told((m)->insert_or_assign(wb::key_of(k), v))
#define MAP_DEL(m, k) ((m)->erase(wb::key_of(k)) != 0)
#include "../map_loops.h"

#define MAP_NAME flat_words_loops
#define MAP_T flat_words
#define MAP_GET(m, k, pv) flat_get(*(m), k, pv)
#define MAP_PUT(m, k, v) told((m)->insert_or_assign(wb::key_of(k), v).second)
#define MAP_DEL(m, k) ((m)->erase(wb::key_of(k)) != 0)
#include "../map_loops.h"

#define MAP_NAME flat_strings_loops
#define MAP_T flat_strings
#define MAP_STRINGS
#define MAP_GET(m, k, pv) flat_get(*(m), k, pv)
#define MAP_PUT(m, k, v) told((m)->insert_or_assign(wb::key_of(k), v).second)
#define MAP_DEL(m, k) ((m)->erase(wb::key_of(k)) != 0)
#include "../map_loops.h"

#define NOTE                                                                              \
    "Boost " BOOST_LIB_VERSION "; growing stops everybody; never shrinks by itself; who " \
    "waits for an entry spins"
#define FLAT_NOTE "Boost " BOOST_LIB_VERSION "; the bound: for one thread, no synchronisation"

} // namespace

WB_MAP_STALLS(wb_map_boost, "boost_map", "map", WB_PACKAGE_BOOST_MAP, NOTE, 0, wb::make<words>,
              wb::dispose<words>, nullptr, nullptr, wb::len<words>, nullptr, boost_words,
              (wb::stall_words<words, look>));
WB_MAP(wb_strmap_boost, "boost_map", "strmap", WB_PACKAGE_BOOST_MAP, NOTE, 0, wb::make<strings>,
       wb::dispose<strings>, nullptr, nullptr, wb::len<strings>, nullptr, boost_strings);
WB_MAP(wb_map_flat, "flat", "map", WB_PACKAGE_BOOST_MAP, FLAT_NOTE, WB_MAP_ALONE,
       wb::make<flat_words>, wb::dispose<flat_words>, nullptr, nullptr, wb::len<flat_words>,
       nullptr, flat_words_loops);
WB_MAP(wb_strmap_flat, "flat", "strmap", WB_PACKAGE_BOOST_MAP, FLAT_NOTE, WB_MAP_ALONE,
       wb::make<flat_strings>, wb::dispose<flat_strings>, nullptr, nullptr, wb::len<flat_strings>,
       nullptr, flat_strings_loops);
