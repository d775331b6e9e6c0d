/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/map_call.h - one call of a map, with all that can be checked of it alone and by what the same
 * thread has seen before.
 *
 * Keys have numbers: `shared` of them belong to all, and `own` more to each worker, who alone writes them. A value
 * carries the number of its key, its writer, and how many that one had made before; no value is made twice. So
 *   - what is read was written for this key, by a worker that may write it, and not before that began;
 *   - of one writer nobody sees an older value after a newer one;
 *   - a value that was seen to have gone does not come back;
 *   - of its own keys a worker knows what every call must say. */
#ifndef WEIR_STRESS_MAP_CALL_H
#define WEIR_STRESS_MAP_CALL_H

#include <weir/atomic.h>
#include <weir/stress.h>

#include "map_kind.h"

#define MAP_WORKERS 64
#define MAP_KEYS 65535

/* ---- values --------------------------------------------------------------------------------------------- */

#define VALUE_KEY_SHIFT 48
#define VALUE_WRITER_SHIFT 38
static inline uint64_t value_of(uint64_t key, uint64_t writer, uint64_t number) {
    return key << VALUE_KEY_SHIFT | writer << VALUE_WRITER_SHIFT | number;
}
static inline uint64_t value_key(uint64_t v) { return v >> VALUE_KEY_SHIFT; }
static inline uint64_t value_writer(uint64_t v) { return v >> VALUE_WRITER_SHIFT & 1023; }
static inline uint64_t value_number(uint64_t v) {
    return v & ((UINT64_C(1) << VALUE_WRITER_SHIFT) - 1);
}

/* ---- a map as all workers have it ----------------------------------------------------------------------- */

struct map_of_all {
    const struct map_kind *kind;
    void *map;
    uint64_t shared, own, crowd, seed;
    unsigned workers;
    weir_au64 *made; /* of each worker: the number of its last value; in lines of its own ... */
};
#define MADE_STRIDE 8
#define MADE_ENDED 1 /* ... and after it how many calls have ended */
static inline uint64_t map_keys(const struct map_of_all *a) {
    return a->shared + a->own * a->workers;
}
static inline uint64_t map_key(const struct map_of_all *a, uint64_t i) {
    return map_key_of(i, a->crowd, a->seed);
}
/* The number of a key, or MAP_KEYS. */
uint64_t map_number(const struct map_of_all *a, uint64_t key, uint64_t val);

/* ---- a worker ------------------------------------------------------------------------------------------- */

struct map_caller {
    const struct map_of_all *all;
    struct weir_stress_worker *w;
    unsigned me;
    bool exact; /* its own keys are written by nobody else */
    bool poor;  /* WEIR_ENOMEM may be said */
    weir_time deadline;
    uint64_t made, calls, refused;
    uint64_t *now;  /* by key: what it saw last, 0: absent */
    uint64_t *last; /* by key and writer: the newest number seen */
};

int caller_init(struct map_caller *c, const struct map_of_all *all, unsigned me);
void caller_fini(struct map_caller *c);
/* For a new map. */
void caller_forget(struct map_caller *c);

enum map_verb { DO_GET, DO_PUT, DO_GET_OR_PUT, DO_SWAP, DO_TAKE, DO_DELETE, DO_CAS, DO_CAD };

/* On key number i. Its code. */
int call_map(struct map_caller *c, enum map_verb verb, uint64_t i);
enum map_verb any_verb(struct map_caller *c, unsigned reads); /* reads: of 100 */

/* get_many of n numbers. */
#define MANY 24
void call_many(struct map_caller *c, const uint64_t *numbers, size_t n);

/* The length is off by no more than the calls that run meanwhile. */
void call_len(struct map_caller *c);

/* A walk by each or next: keys that are there once, none twice, own ones exactly. met: a bit for each key. */
void call_walk(struct map_caller *c, uint64_t *met, bool by_cursor);
static inline size_t met_words(const struct map_of_all *a) { return map_keys(a) / 64 + 1; }

/* At rest, by one of the workers: length, walk and gets say the same; each own key is as its owner has it. */
void map_at_rest(const struct map_of_all *a, struct map_caller *callers, struct map_caller *judge,
                 uint64_t *met, bool exact);

/* c saw that key i has v; 0: that it is absent. */
void caller_sees(struct map_caller *c, uint64_t i, uint64_t v);

/* Around calls that may sleep for a lock: while nothing moves, whoever holds it has gone. w may be NULL. */
void may_sleep(struct weir_stress_worker *w);
void slept(struct weir_stress_worker *w);
bool always_ready(void *arg); /* true, for waits of which that can be said */

/* The first thing in setup: garbage is limited to 4 MiB, which a thread that is delayed in a guard lets pile up, and malloc,
 * which by itself has a heap for each few threads, keeps little: soak looks whether a run's memory grows. Not that of
 * bodies with TABLES, which leave holes of many sizes, or more garbage; what their maps keep for ever is found by map_blocks.h. */
#define TABLES WEIR_STRESS_GROWS
void rcu_begins(void);
/* The last thing in finish: what was retired is freed, and weir's thread for it ends. */
void rcu_ends(void);

#endif
