/* SPDX-License-Identifier: MIT */
/* tests/cache/cache.h - what the tests of caches share. */
#ifndef WEIR_TESTS_CACHE_H
#define WEIR_TESTS_CACHE_H

#include <weir/cache.h>

#include <string.h>

#include "../sync/sync.h"

#define SEC INT64_C(1000000000)
#define DEFAULT WEIR_TTL_DEFAULT

/* What the functions of a cache under test do and note. The clock stands at `now`; an entry's weight is its value, if `weighs`. */
struct world {
    weir_au64 now;
    bool weighs;
    weir_au64 removed[WEIR_CACHE_CAUSES], dropped;
    weir_au64 last_key, last_val, last_cause; /* told last: for tests of one thread */
    void (*on_removed)(void *arg, uint64_t key, uint64_t val, int cause);
    void *on_arg;
};

/* Options for words to words in this world, with its clock and listener; and weights, if it weighs. */
struct weir_cache_opts opts(struct world *w, uint64_t capacity);
/* Which kind of cache is tested: enum weir_cache_kind. */
extern int cache_kind;
static inline bool cache_plain(void) { return cache_kind != WEIR_CACHE_RCU; }
/* Makes the options those of this kind: of a plain one, one shard and its own policy, whatever they said. */
void of_kind(struct weir_cache_opts *o);
/* One of this kind. NULL, and a failed check, if it cannot be made. */
weir_cache *cache_open(const struct weir_cache_opts *o);
/* Frees it: it can be, and all is told and adds up. */
void cache_close(weir_cache *c, struct world *w);

void world_at(struct world *w, weir_time now);
uint64_t told(struct world *w, int cause);
uint64_t told_all(struct world *w);

int put(weir_cache *c, uint64_t key, uint64_t val);
int put_ttl(weir_cache *c, uint64_t key, uint64_t val, weir_time ttl);
/* The value, or a code. */
int64_t get(weir_cache *c, uint64_t key);
int inv(weir_cache *c, uint64_t key);

extern const struct test bound_tests[], plain_tests[], file_tests[], spoiled_tests[], end_tests[],
    load_tests[], loader_tests[], room_tests[], life_tests[], policy_tests[], refresh_tests[],
    shared_tests[], told_tests[], time_tests[], fork_tests[], here_tests[], late_tests[],
    word_tests[];
extern const size_t n_bound_tests, n_plain_tests, n_file_tests, n_spoiled_tests, n_end_tests,
    n_load_tests, n_loader_tests, n_room_tests, n_life_tests, n_policy_tests, n_refresh_tests,
    n_shared_tests, n_told_tests, n_time_tests, n_fork_tests, n_here_tests, n_late_tests,
    n_word_tests;

#endif
