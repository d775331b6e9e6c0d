/* SPDX-License-Identifier: MIT */
/* bench/sim.h - what is asked about a cache's hit ratio: policies, simulated one beside the other, and real caches.
 *
 * A policy is given the requests of a trace, one after the other, and says of each whether it was a hit; on a miss the
 * key is stored, and another one leaves if there is no room. Keys are numbers without gaps (trace.h), so that a
 * simulated policy keeps all it knows in arrays; it has no values, and no thread but the caller's.
 *
 *   lru       exact; what was used longest ago leaves
 *   clock     first in, first out; what was used since it came, or since it was last looked at, stays once more
 *   sieve     the same, but what stays keeps its place, and the hand goes on from where it was (Zhang et al. 2024)
 *   arc       two LRU lists, for keys seen once and more often, with a memory of what has left them, which moves
 *             the border between the two (Megiddo and Modha 2003)
 *   s3fifo    a small first-in-first-out queue (a tenth), from which what was used twice goes to the large one, and the
 *             rest is remembered for as long as the large one is (Yang et al. 2023)
 *   s3fifo_1  the same, but one use is enough
 *   wtinylfu  a window (a hundredth, LRU), and behind it a segmented LRU of which four fifths are protected; what leaves the
 *             window enters only if it was asked for more often than what would have to leave (Einziger et al. 2017).
 *             Idealised: the counts are exact. They are halved after ten times the capacity of requests. */
#ifndef WEIR_BENCH_SIM_H
#define WEIR_BENCH_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wb_policy {
    const char *name;
    const char *note;
    bool shared; /* any thread may call access; else one at a time */
    /* For keys 0 .. keys-1 and so many entries, at least 1. NULL: out of memory. */
    void *(*make)(size_t capacity, uint32_t keys);
    void (*dispose)(void *policy);
    /* Whether it is there; it is, afterwards. A cache that has no memory for it counts a miss. */
    bool (*access)(void *policy, uint32_t key);
    /* Entries that are in it now; nobody else is inside. */
    size_t (*len)(void *policy);
};

extern const struct wb_policy wb_sim_lru, wb_sim_clock, wb_sim_sieve, wb_sim_arc, wb_sim_s3fifo,
    wb_sim_s3fifo_1, wb_sim_wtinylfu;

/* The simulated ones, in that order; NULL-terminated. */
extern const struct wb_policy *const wb_sims[];

/* Real caches that this program has: what fills them stands in cache_rows.c. NULL-terminated. */
extern const struct wb_policy *const wb_caches[];

/* ---- what simulated policies are made of --------------------------------------------------------------- */

#define WB_NOBODY UINT32_MAX

/* Which list a key is in is up to the policy; it is in one at a time, so that all share the links. */
struct wb_links {
    uint32_t *newer, *older;
};
struct wb_list {
    uint32_t newest, oldest;
    size_t len;
};

/* An empty list. */
#define WB_LIST { WB_NOBODY, WB_NOBODY, 0 }

static inline void wb_list_push(struct wb_list *l, struct wb_links *k, uint32_t key) {
    k->newer[key] = WB_NOBODY;
    k->older[key] = l->newest;
    if (l->newest != WB_NOBODY)
        k->newer[l->newest] = key;
    else
        l->oldest = key;
    l->newest = key;
    l->len++;
}

static inline void wb_list_remove(struct wb_list *l, struct wb_links *k, uint32_t key) {
    uint32_t newer = k->newer[key], older = k->older[key];
    if (newer != WB_NOBODY)
        k->older[newer] = older;
    else
        l->newest = older;
    if (older != WB_NOBODY)
        k->newer[older] = newer;
    else
        l->oldest = newer;
    l->len--;
}

/* The oldest, which is removed; the list is not empty. */
static inline uint32_t wb_list_pop(struct wb_list *l, struct wb_links *k) {
    uint32_t key = l->oldest;
    wb_list_remove(l, k, key);
    return key;
}

/* Two links and a byte for each key; false: out of memory. */
bool wb_sim_room(struct wb_links *k, uint8_t **state, uint32_t keys);
void wb_sim_room_free(struct wb_links *k, uint8_t *state);

#endif
