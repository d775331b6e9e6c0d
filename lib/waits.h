/* SPDX-License-Identifier: MIT */
/* lib/waits.h - who waits on what, for weir_waiters_dump and weir_leak_check. A thread that is about to park says so in
 * its record, and takes that back when it goes on. */
#ifndef WEIR_LIB_WAITS_H
#define WEIR_LIB_WAITS_H

#include "thread.h"

struct weir__node;

/* On the waiting thread's stack. */
struct weir__waits {
    const struct weir__node *nodes; /* its cases; or, if `what` says something, */
    size_t n;
    const char *what;    /* what it does, */
    const void *object;  /* with that */
    const weir_ctx *ctx; /* whose end ends it, too; NULL: none */
    weir_time since, deadline;
};

/* The calling thread, whose record t is, waits from now on as w says; *w does not change until leave, and all that it
 * names stays. */
void weir__waits_enter(struct weir__thread *t, const struct weir__waits *w);
/* Afterwards nobody reads *w, or anything that it names. */
void weir__waits_leave(struct weir__thread *t);

/* Calls fn for each thread that waits, one after the other; while it runs, that thread does not leave. fn is quick and
 * waits for nothing. */
void weir__waits_each(void (*fn)(const struct weir__thread *t, void *arg), void *arg);

/* For the leak check: threads that weir makes for functions of the user's, and that no object of the user's stands for
 * until they have been waited for. One more, before it is made; it begins, self being its record or NULL; it is over,
 * or could not be made. */
void weir__spawn(void);
void weir__spawn_begin(struct weir__thread *self);
void weir__spawn_end(struct weir__thread *self);

#endif
