/* SPDX-License-Identifier: MIT */
/* maps/node.h - entries whose keys or values are not words, and the verbs on them, for maps of all kinds.
 *
 * The value word of such an entry is the address of a node, which has key and value, and does not change. A
 * replace swaps in another node. The hash of an entry is no bijection of its key: entries of several keys may
 * have one, and a look at the node tells them apart (weir__node_is).
 *
 * Invariants
 *   I12  a node is written before it is stored, with release, in a slot (V1, V3, C1); who loads a value word
 *        with acquire (V4, E2) reads the node whole.
 *   I13  a node that has left its slot is retired: a reader who found it in a guard reads it until the guard
 *        ends. In CORE_RCU by I2 of core.h. In CORE_SEQ a reader may load a value word beside a hash, or a live
 *        bit, of another change. What it loads is a node all the same, and one that may be read: if the period
 *        of a removed node has ended before its guard began, it sees the control word without the live bit, or
 *        with that of a later entry, whose node was stored before the bit, and so is what it loads, or a still
 *        later one; of a replaced node it sees the value that took the place. Lines that wait to be used again
 *        have no live bits.
 *        By the same the key that it compares is a whole one, and whether all was there at one instant the second
 *        look says (I10).
 *   I14  in the plain kinds nodes are read and removed under the lock, and freed at once; but once somebody has
 *        begun to walk through the map, whose function sees nodes outside of the lock, in a guard, they are
 *        retired. Who removes an entry that a walk has met takes the lock after it, and sees `walked`.
 *   I15  a value is given to `drop` once: by who has removed its node from the map, who is the only one to
 *        dispose of it.
 *
 * Progress   reads as those of words, and a comparison. Writers wait for garbage before they take guard or
 * lock. */
#ifndef WEIR_MAPS_NODE_H
#define WEIR_MAPS_NODE_H

#include <weir/map_str.h>
#include <weir/shardmap.h>

#include <string.h>

#include "read.h"
#include "shape.h"
#include "shard.h"
#include "walk.h"
#include "write.h"

/* ---- nodes ---------------------------------------------------------------------------------------------- */

struct weir__map_node {
    struct weir_rcu_head head;
    struct weir__shape *owner;
    uint32_t key_len, key_at; /* key_at: bytes from the node's begin on */
    uint64_t val[];           /* of val_size bytes; the key comes behind it */
};

static inline struct weir__map_node *weir__node_of(uint64_t val) {
    return (struct weir__map_node *)(uintptr_t)val; /* NOLINT(performance-no-int-to-ptr) */
}
static inline uint64_t weir__node_word(const struct weir__map_node *n) { return (uintptr_t)n; }
static inline const void *weir__node_key(const struct weir__map_node *n) {
    return (const char *)n + n->key_at;
}
static inline size_t weir__node_bytes_for(const struct weir__shape *s, size_t key_len) {
    return sizeof(struct weir__map_node) + (s->val_size + 7) / 8 * 8 + key_len;
}
static inline size_t weir__node_bytes(const struct weir__map_node *n) {
    return n->key_at + n->key_len;
}
/* The explorer looks whether it is read after it was written, and before it is freed. */
static inline void weir__node_reads(const struct weir__map_node *n) {
#ifdef WEIR_MODEL
    weir_model_read(&n->key_len, sizeof *n - offsetof(struct weir__map_node, key_len));
#else
    (void)n;
#endif
}

/* For weir__find: whether the node that a value word stands for is of this struct weir__key. */
static inline bool weir__node_is(const void *key, uint64_t val) {
    const struct weir__key *k = key;
    const struct weir__map_node *n = weir__node_of(val);
    weir__node_reads(n);
    return n->key_len == k->len && memcmp(weir__node_key(n), k->at, k->len) == 0;
}

/* ---- verbs ---------------------------------------------------------------------------------------------- */

/* One key of one map. */
struct weir__at {
    struct weir__shape *s;
    struct weir__core *c;
    struct weir__key key;
    uint64_t hash;
    const weir_shardmap *m; /* of the plain kinds (I11) */
};

/* NULL: no memory. */
struct weir__map_node *weir__node_make(const struct weir__at *a, const void *val);
void weir__node_free(struct weir__shape *s,
                     struct weir__map_node *n); /* of one that nobody has seen */
/* Of a node that has left the map: gives it up, and its value to drop, if `drop`. In no lock. */
void weir__node_dispose(struct weir__shape *s, struct weir__map_node *n, bool drop);
/* Before a node of this key may have to be disposed of, in no lock: room for garbage. As weir_rcu_room_wait; if
 * nothing can be put it does without memory. */
int weir__node_room(const struct weir__at *a, bool removes, weir_time deadline, weir_ctx *ctx);
/* Whether its nodes are garbage before they are freed. */
bool weir__shape_retires(const struct weir__shape *s);

static inline void weir__node_copy(const struct weir__shape *s, const struct weir__map_node *n,
                                   void *val) {
    memcpy(val, n->val, s->val_size);
}

/* Whether there is a node, in a guard; of the plain kinds under their lock. */
bool weir__node_find(const struct weir__at *a, uint64_t *node);
/* The same, under the lock of the line. */
bool weir__node_find_locked(struct weir__line *first, uint64_t ctrl, const struct weir__at *a,
                            uint64_t *node);
/* Whether there is a value, which it copies. */
bool weir__node_get(const struct weir__at *a, void *val);

typedef int weir__node_update_fn(void *val, bool there, void *arg); /* of enum weir_update */
int weir__node_update(const struct weir__at *a, weir__node_update_fn *fn, void *arg);
int weir__node_visit(const struct weir__at *a, const void *key, weir_map_fn *fn, void *arg);

/* As those of words (include/weir/map.h); val and expect point to values. */
int weir__node_put(const struct weir__at *a, const void *val, weir_time deadline, weir_ctx *ctx);
int weir__node_get_or_put(const struct weir__at *a, void *val, weir_time deadline, weir_ctx *ctx);
int weir__node_swap(const struct weir__at *a, void *val, weir_time deadline, weir_ctx *ctx);
/* The value to *val, if val; or to drop. */
int weir__node_take(const struct weir__at *a, void *val, bool drop, weir_time deadline,
                    weir_ctx *ctx);
/* val NULL: cad. */
int weir__node_cas(const struct weir__at *a, const void *expect, const void *val,
                   weir_time deadline, weir_ctx *ctx);

/* A function that computes a value. */
struct weir__node_job {
    const void *map;
    const char *call;
    weir_map_compute_fn *fn;
    const void *key; /* what it gets */
    void *arg;
};
int weir__node_compute(const struct weir__at *a, const struct weir__node_job *job, void *val,
                       weir_time deadline, weir_ctx *ctx);

/* Functions for those that the verbs by pointers and those of strings get. */
struct weir__any_computer {
    weir_map_compute_fn *fn;
    void *arg;
};
int weir__compute_word(uint64_t key, uint64_t *val, void *any_computer);
struct weir__str_computer {
    weir_map_compute_fn_str *fn;
    void *arg;
};
int weir__compute_str(const void *key, void *val, void *str_computer);

/* ---- all entries ---------------------------------------------------------------------------------------- */

/* A function for one that the verbs by pointers get, of words. */
struct weir__any_caller {
    weir_map_fn *fn;
    void *arg;
};
static inline int weir__call_word(uint64_t key, uint64_t val, void *any_caller) {
    const struct weir__any_caller *c = any_caller;
    return c->fn(&key, &val, c->arg);
}

/* The cores of a map, which stand behind each other. */
struct weir__cores {
    struct weir__core *first;
    size_t stride; /* bytes */
    unsigned n;
};
static inline struct weir__core *weir__core_at(const struct weir__cores *cs, unsigned i) {
    return (struct weir__core *)(void *)((char *)cs->first + i * cs->stride);
}

static inline struct weir__cores weir__shard_cores(weir_shardmap *m) {
    return (struct weir__cores){ &m->shard[0].core, sizeof m->shard[0], m->mask + 1 };
}

ptrdiff_t weir__node_next(struct weir__shape *s, const struct weir__cores *cs,
                          struct weir_map_cursor *c, void *keys, void *vals, size_t n);
int weir__node_each(struct weir__shape *s, const struct weir__cores *cs, weir_map_fn *fn,
                    void *arg);
int weir__node_clear(struct weir__shape *s, struct weir__core *c, weir_time deadline,
                     weir_ctx *ctx);
/* Adds what it sees, in maps of words too. */
void weir__cores_look(const struct weir__shape *s, const struct weir__cores *cs,
                      struct weir_map_stats *out);
/* Removes all that is left, when nobody else is inside any more, and waits until nothing that was retired looks
 * at the map. 0, or what weir_rcu_barrier returns: nothing was done, or only entries removed. Once. */
int weir__nodes_end(struct weir__shape *s, const struct weir__cores *cs);

#endif
