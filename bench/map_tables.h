/* SPDX-License-Identifier: MIT */
/* bench/map_tables.h - tables that are filled once and used by many runs, and the sample of a skewed choice.
 *
 * A table belongs to a kind, a number of keys, a size of key, a way of being made (with a hint, or grown), and to
 * a share of reads: so it has been written to by runs of its own mix only. A table that nobody writes holds
 * indices 0 .. keys-1, one that is written to the even ones below 2 * keys, at first. All tables together hold about half of the memory
 * at most: the one whose last use is longest ago goes first. */
#ifndef WEIR_BENCH_MAP_TABLES_H
#define WEIR_BENCH_MAP_TABLES_H

#include "maps.h"
#include "run.h"
#include "team.h"

struct wb_table {
    const struct wb_map *kind;
    struct wb_map_shape shape; /* keys, growing and read count */
    size_t key_bytes;
    bool written;
    void *map;
    double bytes;          /* per entry, just after filling */
    int64_t len;           /* entries there must be, if `told` */
    bool told;             /* every put since it was filled said whether it was new */
    unsigned uses;         /* runs */
    uint64_t last;         /* use */
    size_t heap;           /* before it was made */
    struct wb_table *next; /* of those that were left behind */
};

/* A share of reads above this: of runs that put back what they delete; their table holds indices 0 .. keys-1. */
#define WB_TABLE_KEPT 200u

/* With what share the runs of a test ask for their table. */
unsigned wb_table_share(enum wb_test test, const struct wb_map_shape *s);

/* Bytes that a table of such a shape may need, and that all may have together. */
double wb_table_guess(const struct wb_shape *s);
double wb_tables_room(void);

/* The table for a trial's runs, filled, of runs with that share of reads; NULL: *status is WB_ABSENT, WB_FAILED or WB_STUCK, and why says why. It belongs to the
 * pool. */
struct wb_table *wb_table_get(const struct wb_trial *trial, unsigned share, struct wb_team **team,
                              enum wb_status *status, char *why, size_t size);

/* A map of its own, empty or filled as above; not of the pool. */
struct wb_table *wb_table_make(const struct wb_trial *trial, unsigned share, bool filled,
                               struct wb_team **team, enum wb_status *status, char *why,
                               size_t size);

/* What it holds now, per entry. Nobody is inside. */
double wb_table_bytes(const struct wb_table *t);

/* Away with it, also out of the pool; `lost`: threads are still inside, so the map stays. */
void wb_table_drop(struct wb_table *t, bool lost);
void wb_tables_end(void);

/* Indices 0 .. range - 1 by zipf with exponent 0.99, the most frequent first; a power of two of them; the same for all kinds. NULL:
 * out of memory. */
const uint32_t *wb_map_sample(uint64_t range, uint32_t *mask);

#endif
