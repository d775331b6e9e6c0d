/* SPDX-License-Identifier: MIT */
/* tests/support/child.h - runs one test of this program in a child process, started anew (the library
 * reads the number of processors once, and asks for membarrier once), with other rights. */
#ifndef WEIR_TESTS_CHILD_H
#define WEIR_TESTS_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

enum child_rights {
    CHILD_ONE_CPU = 1,       /* affinity to one processor */
    CHILD_NO_MEMBARRIER = 2, /* a seccomp filter refuses membarrier with ENOSYS */
    CHILD_FRESH = 4,         /* as it is: for what a process does once */
};

/* Puts up the filter of CHILD_NO_MEMBARRIER for all threads of this process, for good. */
bool refuse_membarrier(void);

/* From now on, for good, each write of this process to a descriptor above 2 writes nothing, and returns 0. */
bool writes_take_nothing(void);

/* Called in the child before it starts anew, for rights of another kind: false ends it. */
extern bool (*child_prepare)(void);

/* Waits for what fork has returned to the parent; whether it exits with 0. A check fails if not. */
bool child_well(pid_t pid);

/* Runs the test named `name`; a check fails if it fails there. */
bool child_passes(const char *name, int rights);
/* Whether this is such a child, started anew. If not, runs the test `name` as one: for what a process does once, or
 * before any other test has. */
bool child_is_fresh(const char *name);
/* As a child: which rights it was started with. 0: not a child. */
int child_rights(void);

#endif
