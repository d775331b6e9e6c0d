/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/map.h - scenarios of maps of words, as tables.
 *
 * A program is a word for each thread, two characters an operation: a letter, and a key. Keys 0 to 9 have their
 * place in the first line of a table of any size (three fit, others go to the chain), a and b in the last one.
 *   G get        P put          I get_or_put   S swap
 *   T take       C cas, D cad, from the value that it had in the beginning
 *   X. clear     W. walk        R. to twice the lines, to the end    Z. to half
 *   V get, U swap, Y take, by a function under the lock (weir_shardmap)
 *   B. statistics, of strings
 *   N. a grace period           Q. collects garbage, as weir's thread would
 * The table has two lines in the beginning. */
#ifndef WEIR_STRESS_SCENARIO_MAP_H
#define WEIR_STRESS_SCENARIO_MAP_H

#include "../engine.h"
#include "map_kind.h"

struct map_case {
    const char *name;
    const struct map_kind *kind;
    const char *there;   /* keys in the map in the beginning */
    const char *waiting; /* keys put after these and taken again: their places wait */
    const char *program[EX_THREADS];
    bool keeper; /* the last thread is weir's, for garbage, if one is wanted */
    bool denied; /* without membarrier */
    bool filter; /* its tables have one */
    /* keys that are taken once, and put by nobody: who misses them sees what came before (MAP4, MAP5); or NULL */
    const char *after;
    const char *options;
};
extern const struct map_case map_cases[], shard_cases[], node_cases[]; /* the last has no name */

void map_scenario(struct weir_model_scenario *to, const struct map_case *c);

uint64_t map_key(char name);
uint64_t map_first_value(char name);
/* Checks the history, whose kinds are letter | key << 8. */
void map_check(const struct map_case *c);

#endif
