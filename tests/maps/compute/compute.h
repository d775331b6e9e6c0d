/* SPDX-License-Identifier: MIT */
/* tests/maps/compute/compute.h - the maps that compute, and a function to be computed with. */
#ifndef WEIR_TESTS_MAPS_COMPUTE_H
#define WEIR_TESTS_MAPS_COMPUTE_H

#include <weir/shardmap_u64.h>

#include "../../support/check.h"
#include "../../support/failing_alloc.h"
#include "../../support/threads.h"

#define MS INT64_C(1000000)
#define FAILED (-1000)

struct kind {
    const char *name;
    int sync;                                      /* of a weir_shardmap */
    void *(*open)(const struct weir_alloc *alloc); /* NULL: refused */
    int (*close)(void *m);
    int (*get)(void *m, uint64_t key, uint64_t *val);
    int (*put)(void *m, uint64_t key, uint64_t val);
    int (*del)(void *m, uint64_t key);
    int (*clear)(void *m);
    int (*each)(void *m, weir_map_fn_u64 *fn, void *arg);
    int (*compute)(void *m, uint64_t key, weir_map_compute_fn_u64 *fn, void *arg, uint64_t *val,
                   weir_time deadline, weir_ctx *ctx);
    /* Calls fn under the lock of an entry, which is there; of a weir_shardmap. */
    int (*update)(void *m, uint64_t key, void (*fn)(void *m));
    int (*visit)(void *m, uint64_t key, void (*fn)(void *m));
};
extern const struct kind *K; /* the one that is tested now */

/* fn(m) for each kind, with a map. */
void each_kind(void (*fn)(void *m));
void *map_open(const struct weir_alloc *alloc);

/* A function that is held up until it is let go. */
struct work {
    void *m;
    uint64_t key, give;
    int rc; /* what it returns */
    weir_time deadline;
    weir_ctx *ctx;
    weir_au32 calls, go; /* it has been called so often; may return */
    uint64_t val;        /* what came out of the compute */
    struct call call;
};
#define WORK(m_, key_, give_) \
    { .m = (m_), .key = (key_), .give = (give_), .deadline = WEIR_FOREVER, .val = 77 }

int work_fn(uint64_t key, uint64_t *val, void *work);
/* A thread that computes. */
void work_start(struct work *w);
/* Until its function has been called; until it waits for another one. */
void work_runs(struct work *w);
void work_waits(struct work *w);
void work_let_go(struct work *w);
int work_end(struct work *w); /* what the compute returned */
static inline unsigned work_calls(struct work *w) { return weir_load_acquire(&w->calls, 0); }

int compute(void *m, uint64_t key, weir_map_compute_fn_u64 *fn, void *arg, uint64_t *val);

#define COMPUTE_CASES(XX)                                                              \
    XX("MAP compute: absent, present", absent_present)                                 \
    XX("MAP compute: bad input", bad_input)                                            \
    XX("MAP compute: one function for all who wait", waiters_share)                    \
    XX("MAP compute: the function fails, the one that waited longest goes on", fails)  \
    XX("MAP compute: deadline and context while another computes", gives_up)           \
    XX("MAP compute: a context that ends while its function runs", ends_meanwhile)     \
    XX("MAP compute: a put meanwhile stays, a delete concerns nothing", put_meanwhile) \
    XX("MAP compute: other keys and maps are not held up", not_held_up)                \
    XX("MAP compute: a thread stopped anywhere in it holds up its key only", stopped)  \
    XX("MAP compute: the function may use the map", uses_map)                          \
    XX("MAP compute: who would wait for itself does not", recursion)                   \
    XX("MAP compute: of a circle of threads one does not wait", circle)                \
    XX("MAP compute: who has waited is in nobody's way", waited)                       \
    XX("MAP compute: nobody waits in a guard, or a lock", in_guard)                    \
    XX("MAP compute: allocation failure", no_memory)                                   \
    XX("MAP compute: the function ends its thread", ends_thread)                       \
    XX("MAP compute: each value of a function is dropped once", drops_once)            \
    XX("MAP compute: strings to pointers", of_strings)                                 \
    XX("MAP compute: keys with one hash", one_hash)                                    \
    XX("MAP compute: verbs of others", of_others)                                      \
    XX("SHARD4 compute: what is not stored is dropped before it returns", shard_drops) \
    XX("SHARD compute: strings to pointers", shard_of_strings)                         \
    XX("SHARD compute: keys with one hash", shard_one_hash)                            \
    XX("SHARD compute: verbs of others", shard_of_others)                              \
    XX("RCU10 compute: a fork while others compute and wait", fork_beside)             \
    XX("RCU10 compute: its function forks", fork_inside)                               \
    XX("MAP compute: once, by many threads", once_by_many)                             \
    XX("MAP compute: many keys, once each", many_keys)                                 \
    XX("MAP compute: fails, removals, deadlines at random", at_random)                 \
    XX("MAP compute: more threads than processors, and one processor", one_cpu)
#define XX(name, fn) void fn(void);
COMPUTE_CASES(XX)
#undef XX

#endif
