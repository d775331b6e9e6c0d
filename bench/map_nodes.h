/* SPDX-License-Identifier: MIT */
/* bench/map_nodes.h - what weir's maps of strings have in common as kinds: how their memory is counted. */
#ifndef WEIR_BENCH_MAP_NODES_H
#define WEIR_BENCH_MAP_NODES_H

#include "maps.h"

/* Bytes that an entry holds beside the table, which is in pages of the system where it is large: seen at a small
 * map of the kind, of whose bytes `table` says how many are the table's. 0: there is no memory. */
size_t wb_map_beside(const struct wb_map *kind, size_t (*table)(void *map), size_t key_bytes);

#endif
