/* SPDX-License-Identifier: MIT */
/* bench/rivals/map_keys.hpp - how maps of C++ hash and compare keys, and how they are made: the same for all.
 *
 * String keys are std::string in the table and looked up by a std::string_view, so that no lookup allocates. A key
 * of 16 bytes does not fit into a std::string itself. */
#ifndef WEIR_BENCH_RIVALS_MAP_KEYS_HPP
#define WEIR_BENCH_RIVALS_MAP_KEYS_HPP

#include <exception>
#include <functional>
#include <string>
#include <string_view>

#include "../map_run.h"
#include "../maps_list.h"
#include "rivals.h"

namespace wb {

/* operator() for those who take a hash and an equality, the other two for oneTBB. is_avalanching says to Boost
 * that it need not mix the bits once more. */
struct word_hash {
    using is_avalanching = void;
    size_t operator()(uint64_t key) const noexcept { return wb_map_hash(key); }
    size_t hash(uint64_t key) const noexcept { return wb_map_hash(key); }
    bool equal(uint64_t a, uint64_t b) const noexcept { return a == b; }
};

struct string_hash {
    using is_avalanching = void;
    using is_transparent = void;
    size_t operator()(std::string_view key) const noexcept {
        return wb_map_hash_str(key.data(), key.size());
    }
    size_t hash(std::string_view key) const noexcept { return (*this)(key); }
    bool equal(std::string_view a, std::string_view b) const noexcept { return a == b; }
};

/* What the loops have as a key, as the table takes it. */
inline uint64_t key_of(uint64_t key) { return key; }
inline std::string_view key_of(const wb_map_str &key) { return { key.ptr, key.len }; }

/* Map has a constructor that takes a number of entries, and reserves room for them. */
template <typename Map> void *make(size_t hint, unsigned) {
    try {
        return new Map(hint);
    } catch (const std::exception &) {
        return nullptr;
    }
}
template <typename Map> void dispose(void *map) { delete static_cast<Map *>(map); }
template <typename Map> size_t len(void *map) { return static_cast<Map *>(map)->size(); }

/* A user who stays in what he does with an entry, the first that is there. look(map, key, f) calls f for the entry of
 * key, in whatever the library lets its users hold there, and says whether it was there. */
template <typename Map, bool (*look)(Map &, uint64_t, const std::function<void()> &)>
void stall_words(void *map, void (*wait)(void *arg), void *arg) {
    uint64_t index = 0;
    while (!look(*static_cast<Map *>(map), wb_map_key(index), [=] { wait(arg); })) index++;
}

} // namespace wb

#endif
