/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/sem.h - scenarios of semaphores, as a table.
 *
 * A program is a word for each thread. Semaphores are a and b, a rendezvous is c; an operation is an object, a
 * letter and a digit, how many units (of c: 0):
 *   A     acquire                  T     with a deadline        t     try
 *   R     release                  S R   of c, in a select: send, receive
 * [aA1bA2] selects, in this order; followed by ? it does not wait, by ~ it has a deadline, by ! it only looks.
 * @ before any of these passes the context, X cancels it. r gives back all that the thread has acquired. F
 * frees a, if the thread has all units of it. */
#ifndef WEIR_STRESS_SCENARIO_SEM_H
#define WEIR_STRESS_SCENARIO_SEM_H

#include <weir/sem.h>

#include "../engine.h"

#define SEMS 2

struct sem_case {
    const char *name;
    int size[SEMS];      /* -1: that semaphore does not exist */
    unsigned held[SEMS]; /* when the threads start */
    const char *program[EX_THREADS];
    const char *options;
};

extern const struct sem_case sem_cases[]; /* the last has no name */

void sem_scenario(struct weir_model_scenario *to, const struct sem_case *c);

/* An operation's kind: its letter, with the semaphore above; in[0] its units. A case that a select did not take is
 * an operation that was given up. */
#define SEM_KIND(letter, sem) ((unsigned)(letter) | (unsigned)(sem) << 8)

/* Checks the history against semaphores of these sizes. Fails the execution. */
void sem_check(const struct sem_case *c);

#endif
