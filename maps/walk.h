/* SPDX-License-Identifier: MIT */
/* maps/walk.h - all entries of a core. */
#ifndef WEIR_MAPS_WALK_H
#define WEIR_MAPS_WALK_H

#include "core.h"

/* The entries with the lowest hashes, in order. */
struct weir__batch {
    uint64_t *hash, *val;
    size_t n, room;
    bool cut; /* there were more than room */
};

/* Adds entries whose hash is not below `at`, at least one while there are any, but no more than there is room
 * for; where to go on, 0: that is all. In no guard. */
uint64_t weir__core_next(struct weir__core *m, uint64_t at, struct weir__batch *b);

/* See weir_map_clear. In no guard. */
void weir__core_clear(struct weir__core *m);

#endif
