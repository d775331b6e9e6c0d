/* SPDX-License-Identifier: MIT */
/* tests/maps/shard_nodes.h - what the cases of shard_nodes.c and shard_drops.c share: a weir_shardmap of nodes, each way that it
 * is kept. */
#ifndef WEIR_TESTS_MAPS_SHARD_NODES_H
#define WEIR_TESTS_MAPS_SHARD_NODES_H

#include <weir/shardmap_u64.h>

#include "../support/check.h"
#include "../support/failing_alloc.h"
#include "../support/threads.h"

extern weir_shardmap *map; /* of the case */
void open_map(struct weir_map_opts o);

/* fn with each of enum weir_map_sync. */
void each_form(void (*fn)(int sync));

/* For update: removes, whatever it has written before. */
int remove_it(void *val, bool there, void *arg);

/* shard_drops.c */
void shard4_verbs(void);
void map28_race(void);
void map34_each_verb(void);

/* shard_ends.c */
void map33_ends_words(void);
void map33_ends_nodes(void);
void map33_ends_equal(void);
void map33_ends_both(void);

#endif
