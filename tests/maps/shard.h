/* SPDX-License-Identifier: MIT */
/* tests/maps/shard.h - what the cases of shard.c and shard_bounds.c share. */
#ifndef WEIR_TESTS_MAPS_SHARD_H
#define WEIR_TESTS_MAPS_SHARD_H

#include <weir/shardmap_u64.h>

#include "../support/check.h"
#include "../support/points.h"
#include "../support/threads.h"

#define FORMS 5
struct form {
    const char *name;
    int sync;
};
extern const struct form shard_forms[FORMS]; /* the first: lines */
#define EACH_FORM(f) \
    for (const struct form *f = shard_forms; f < shard_forms + FORMS && checks_hold(); f++)

/* With eight shards, where it has shards. */
weir_shardmap *shard_make(const struct form *f, unsigned step, const struct weir_alloc *alloc);
void shard_end(weir_shardmap *m);
/* The n-th key of a shard and a line, of tables of up to 256 lines. */
uint64_t shard_key(uint64_t shard, uint64_t line, uint64_t n);

struct shard_work {
    weir_shardmap *m;
    uint64_t key;
};
/* All verbs on a key that is absent before and after; arg: a struct shard_work. */
int64_t shard_use_line(void *arg);
/* Functions for visit (keeps key and value in two words, returns -5) and update (adds 1). */
int shard_see(uint64_t key, uint64_t val, void *arg);
int shard_increment(uint64_t *val, bool there, void *arg);

/* shard_bounds.c */
void shard9_steps(void);
void shard10_memory(void);
void shard10_spare(void);
void shard11_no_lock(void);
void shard12_balance(void);
void shard13_sum(void);
void map33_deadlock(void);
void shard_bad_options(void);

#endif
