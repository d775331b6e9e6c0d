/* SPDX-License-Identifier: MIT */
/* maps/walk.h - all entries of a core. */
#ifndef WEIR_MAPS_WALK_H
#define WEIR_MAPS_WALK_H

#include "core.h"

/* The entries with the lowest hashes, in order. */
struct weir__batch {
    uint64_t *hash, *val;
    size_t n, room;
    bool cut;      /* there were more than room: */
    uint64_t lost; /* of them, the lowest hash, */
    size_t same;   /* and how many have that */
};

/* Adds entries whose hash is not below `at`, at least one while there are any, but no more than there is room
 * for, and all of one hash or none; where to go on, 0: that is all. If `cut` and n is 0 there was no room for
 * those of the next hash: there are `same`, and nothing was passed. In no guard but the caller's. */
uint64_t weir__core_next(struct weir__core *m, uint64_t at, struct weir__batch *b);

/* What is done with the values that a clear removes. */
struct weir__gone {
    int (*before)(struct weir__gone *g);               /* each line, without a lock; < 0: it ends */
    void (*removed)(struct weir__gone *g, uint64_t v); /* under the line's lock */
    void (*after)(struct weir__gone *g);               /* without */
};

/* See weir_map_clear. gone may be NULL. 0, or what `before` returned, or weir__core_enter_wait. In no guard. */
int weir__core_clear(struct weir__core *m, struct weir__gone *gone, weir_time deadline,
                     weir_ctx *ctx);
/* The same, but the table stays as it is; *n counts what was removed. */
int weir__core_empty(struct weir__core *m, struct weir__gone *gone, size_t *n, weir_time deadline,
                     weir_ctx *ctx);

#endif
