/* SPDX-License-Identifier: MIT */
/* stress/common/command.h - the command lines of weir-stress: names or patterns of scenarios, KEY=VALUE or
 * --KEY VALUE, and flags. Who uses them gives the keys their meaning. */
#ifndef WEIR_STRESS_COMMAND_H
#define WEIR_STRESS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CM_PAIRS 64
#define CM_NAMES 2048 /* all scenarios, by name */

struct cm_pair {
    char key[24];
    const char *value;
};

struct cm_command {
    struct cm_pair pair[CM_PAIRS];
    unsigned npairs;
    const char *name[CM_NAMES];
    unsigned nnames;
};

/* A word that sets a flag, or one that takes the next word: "--list", "--out". */
struct cm_flag {
    const char *name;
    bool *to;
};
struct cm_text {
    const char *name;
    const char **to;
};

/* 0, or -1 with one line in `why`. The lists end with a NULL name. Points into argv. */
int cm_parse(struct cm_command *c, int argc, char **argv, const struct cm_flag *flags,
             const struct cm_text *texts, char *why, size_t n);

/* Whether a scenario is asked for. `may`: also by a pattern, or where no name is given. */
bool cm_wanted(const struct cm_command *c, const char *name, bool may);

/* The first name or pattern that fits none of `n` scenarios; NULL: there is none. */
const char *cm_unknown(const struct cm_command *c, const char *(*name_of)(const void *, size_t),
                       const void *scenarios, size_t n);

/* Values. False: not one. */
bool cm_number(const char *v, long long lo, long long hi, long long *to);
bool cm_unsigned(const char *v, uint64_t *to);
bool cm_seconds(const char *v, double *to); /* "0.5", "90s", "10m", "2h" */

/* Calls one(arg, word) for each word of a list that `separator` parts. False: too long, empty, or a call
 * said so. */
bool cm_each(const char *list, const char *separators, bool (*one)(void *arg, const char *word),
             void *arg);

/* Why a pair was refused, as one line. */
int cm_refuse(const char *key, const char *value, bool known, char *why, size_t n);

/* Short enough to type; from the clock. */
uint64_t cm_seed(void);

#endif
