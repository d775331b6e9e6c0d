/* SPDX-License-Identifier: MIT */
/* bench/maps.h - what a kind of map is, and what the harness asks of it: the counterpart of bench.h for maps.
 *
 * A kind is a file: it defines the macros of bench/map_loops.h, includes that, writes make and dispose, and ends
 * with WB_MAP, which makes it a variant of structure "map" (words of 64 bits to words) or "strmap" (strings of 16
 * or 40 bytes to values of 64). The loops are the same text for every kind, with its calls inlined: no
 * kind pays a call through a pointer for an operation. bench/map_weir.c is the example.
 *
 * Keys. A key is made of an index, wb_map_key(index), one to one and scattered over 64 bits, so that a hash that
 * does nothing has no advantage; a string ends with the hexadecimal digits of that. A value is a function of its
 * key, so that every read is checked. A kind hashes words with wb_map_hash and strings with wb_map_hash_str, if it
 * can be told; both cost what good hashes cost. (weir's are its own, seeded.)
 *
 * Population. keys:N is the number of entries, and a table has it before the clock starts.
 *   read:100   indices 0 .. N-1 are present, and nobody writes. Readers draw from 0 .. N-1 (hit:100), 0 .. 2N-1
 *              (hit:50) or N .. 2N-1 (hit:0).
 *   the rest   half of what does not read puts, half deletes. All draw from 0 .. 2N-1, of which the even ones are
 *              present at the beginning, and each one half of the time from then on: N entries, give or take a
 *              few times the square root of N, and hit:50 for readers. A table is used again by later runs of the
 *              same share of reads: it has been written to as they do, for as long as all others' have.
 *              With hit:100 all draw from 0 .. N-1, and a thread puts back what it has deleted, 64 deletes later: all
 *              are present but the 64 of each thread, and reads find something as they do in read:100.
 *   aged:1     read:100 and hit:50, but of the tables of read:0: reads after a time of writes.
 * Deleting what is not there, and putting what is, are part of the mix. */
#ifndef WEIR_BENCH_MAPS_H
#define WEIR_BENCH_MAPS_H

#include "bench.h"

#ifdef __cplusplus
extern "C" {
#endif

enum wb_map_can {
    WB_MAP_PRESIZED = 1, /* only with a hint: it cannot grow, or not while it is used */
    WB_MAP_ALONE = 2,    /* one thread only: it has no synchronisation (the bound) */
    WB_MAP_IN_PLACE =
        4, /* several threads, but nobody may put a new key or delete: it has no synchronisation */
};

enum wb_map_dist { WB_MAP_UNIFORM, WB_MAP_ZIPF /* 0.99 */, WB_MAP_HOT /* one key */ };

/* What a thread is to do. */
enum wb_map_job {
    WB_MAP_FILL,  /* puts index first, first + step, ... below end; or until stop */
    WB_MAP_GROW,  /* the same, each put timed */
    WB_MAP_MIX,   /* until stop: reads, puts and deletes drawn from first .. first + range - 1 */
    WB_MAP_WRITE, /* until stop: puts over what is present, drawn from first .. first + range - 1 */
    WB_MAP_SWEEP, /* gets index first, first + step, ... below end, or until stop; what is there must have its value */
};

/* Work of one thread. The loop owns everything from `ops` on; the rest is constant during a run. */
struct wb_map_work {
    void *map;
    enum wb_map_job job;
    enum wb_map_dist dist;
    unsigned id, threads;
    size_t key_bytes;     /* strmap: 16 or 40 */
    const uint32_t *stop; /* != 0: return (atomic relaxed load, every 64 operations) */
    uint64_t first, step, end, range;
    bool kept; /* WB_MAP_MIX, uniform: what is deleted is put back */
    /* Of 65536: below the first a get, below the second a put, else a delete. */
    uint32_t gets_below, puts_below;
    const uint32_t *sample; /* WB_MAP_ZIPF: indices, the same for all kinds */
    uint32_t sample_mask;   /* their number - 1 */
    struct wb_hist *hist;   /* WB_MAP_GROW */
    uint64_t seed;          /* advances from run to run */
    void *own;              /* the kind's, per thread: what enter returned */
    uint64_t live;          /* operations so far, while it mixes: a relaxed store every 64 */
    uint64_t ops;           /* operations that were done */
    uint64_t gets, hits, puts, dels;
    int64_t added;   /* puts that were new less deletes that removed; only if untold is 0 */
    uint64_t untold; /* puts of which it is not known whether they were new */
    uint64_t sum;    /* of what was read, less what it should have been: 0 */
    uint64_t failed; /* puts refused */
};

struct wb_map {
    struct wb_ring ring; /* what the harness lists: name, structure, package, note */
    unsigned can;        /* enum wb_map_can */
    /* hint: entries there will be; 0: it is to grow from little. NULL: could not. */
    void *(*make)(size_t hint, unsigned threads);
    void (*dispose)(void *map); /* no thread is inside */
    /* By each thread before and after its loop, outside the clock; NULL: nothing to do. enter's result is
     * work->own. A thread may be inside several times in its life, and in one map at a time. */
    void *(*enter)(void *map);
    void (*leave)(void *map, void *own);
    size_t (*len)(void *map); /* nobody writes meanwhile */
    /* Memory that it holds now; NULL: what malloc gave out since make. Nobody is inside. */
    size_t (*bytes)(void *map);
    void (*run)(struct wb_map_work *w); /* <MAP_NAME>_run of map_loops.h */
    /* A read of whatever key, amid which wait(arg) is called: inside the guard, or whatever a user has in hand that
     * keeps memory or others waiting. Between enter and leave. NULL: a read copies, and a user has nothing
     * in hand; the thread is then stopped wherever it is. */
    void (*stall)(void *map, void (*wait)(void *arg), void *arg);
    /* Of caches: gets the key, or loads it, by wb_map_loaded(loads, key). False: neither. NULL: it loads nothing. */
    bool (*load)(void *map, uint64_t key, uint64_t *val, uint32_t *loads);
};

/* How long a loader of a cache sleeps in test:load; wb_map_loaded of map_run.h is what it does. */
#define WB_LOAD_US 10000

/* A value of 64 bytes, and a key that is a string. */
struct wb_map_val {
    uint64_t w[8];
};
struct wb_map_str {
    const char *ptr;
    size_t len;
};

/* At the end of a kind's file. symbol: as declared in maps_list.h. */
#define WB_MAP_LOADS(symbol, name, structure, package, note, can, make, dispose, enter, leave,  \
                     len, bytes, loops, stall, load)                                            \
    const struct wb_map symbol = { { name, structure, package, note, WB_MPMC | WB_IS_MAP, NULL, \
                                     NULL, NULL, NULL, NULL, NULL, NULL, NULL },                \
                                   can,                                                         \
                                   make,                                                        \
                                   dispose,                                                     \
                                   enter,                                                       \
                                   leave,                                                       \
                                   len,                                                         \
                                   bytes,                                                       \
                                   loops##_run,                                                 \
                                   stall,                                                       \
                                   load }
#define WB_MAP_STALLS(symbol, name, structure, package, note, can, make, dispose, enter, leave, \
                      len, bytes, loops, stall)                                                 \
    WB_MAP_LOADS(symbol, name, structure, package, note, can, make, dispose, enter, leave, len, \
                 bytes, loops, stall, NULL)
#define WB_MAP(symbol, name, structure, package, note, can, make, dispose, enter, leave, len,    \
               bytes, loops)                                                                     \
    WB_MAP_STALLS(symbol, name, structure, package, note, can, make, dispose, enter, leave, len, \
                  bytes, loops, NULL)

#ifdef __cplusplus
}
#endif
#endif
