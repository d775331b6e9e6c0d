/* SPDX-License-Identifier: MIT */
/* bench/cache_plain.h - the plain caches, of words to words, that weir's are measured beside: a hash table with chains, and all
 * its entries in one array, made at once.
 *
 *   LRU     exact: a list by last use; one mutex, for gets too, because they move their entry
 *   CLOCK   a bit for each entry and a hand; one read-write lock: gets share it, and mark with a relaxed store
 *
 * No time to live, no weights, no loads, no word about what has left: they do less than weir's, which is fair to them. */
#ifndef WEIR_BENCH_CACHE_PLAIN_H
#define WEIR_BENCH_CACHE_PLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wb_plain;

/* Room for so many entries, 1 to 2^31; NULL: out of memory. */
struct wb_plain *wb_plain_new(size_t capacity, bool lru);
void wb_plain_free(struct wb_plain *c);

/* Any thread. */
bool wb_plain_get(struct wb_plain *c, uint64_t key, uint64_t *val);
void wb_plain_put(struct wb_plain *c, uint64_t key, uint64_t val);
bool wb_plain_delete(struct wb_plain *c, uint64_t key);
size_t wb_plain_len(struct wb_plain *c);
size_t wb_plain_bytes(const struct wb_plain *c);

#endif
