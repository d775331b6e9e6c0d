/* SPDX-License-Identifier: MIT */
/* stress/explore/run.h - one scenario and how it is explored; repeating executions. */
#ifndef WEIR_STRESS_RUN_H
#define WEIR_STRESS_RUN_H

#include "report.h"
#include "settings.h"

struct ex_run {
    const struct ex_command *command;
    const struct weir_model_scenario *sc;
    struct ex_settings s;
    uint64_t version;
};

extern const char *ex_program_name;

/* The choices of E.prefix, the first `nprefix`, then whatever happens if nobody interferes. */
void ex_execute_traced(struct ex_budget budget, size_t nprefix);

/* Of the default execution. False: two of them differ. */
bool ex_fingerprint(uint64_t *version);

/* Writes the replay file of the execution that has just failed, repeats it and prints it. */
void ex_report(const struct ex_run *r, uint64_t execution);

/* AddressSanitizer ends the program: what repeats the execution is written before. */
void ex_on_death_of(const struct ex_run *r);

/* The choices read from a file. */
extern struct ex_record ex_saved[EX_CHOICES];

/* Repeats what the file says. False: it does not fit this program, as one line in `why` says. */
bool ex_fits(struct ex_run *r, const struct ex_replay *f, char *why, size_t n);

#endif
