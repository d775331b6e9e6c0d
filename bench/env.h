/* SPDX-License-Identifier: MIT */
/* bench/env.h - the machine and the circumstances of a run, as a flat list of facts. */
#ifndef WEIR_BENCH_ENV_H
#define WEIR_BENCH_ENV_H

#include "plan.h"

enum wb_fact_kind { WB_FACT_TEXT, WB_FACT_NUMBER, WB_FACT_BOOL, WB_FACT_LIST };

struct wb_fact {
    const char *key;
    enum wb_fact_kind kind;
    char *text;    /* TEXT; LIST: items separated by '\n' */
    double number; /* NUMBER, BOOL */
};

struct wb_env {
    struct wb_fact *fact;
    unsigned n;
    double steal, ticks; /* of all processors at the beginning */
};

/* Facts that do not change, and the load before. */
void wb_env_begin(struct wb_env *env, const struct wb_plan *plan);
/* Load and stolen time since, and whether all was measured. */
void wb_env_end(struct wb_env *env, const struct wb_plan *plan);
void wb_env_free(struct wb_env *env);

const char *wb_env_text(const struct wb_env *env,
                        const char *key);                        /* "" if there is no such text */
double wb_env_number(const struct wb_env *env, const char *key); /* 0 if there is no such number */

/* What makes absolute figures of this run doubtful, one line each; "" if nothing does. */
const char *wb_env_doubts(const struct wb_env *env);

/* Writes env.json; false: the file could not be written, or this build has no libjansson (one line
 * on stderr then). env_json.c or env_no_json.c. */
bool wb_env_write(const struct wb_env *env, const char *path);

#endif
