/* SPDX-License-Identifier: MIT */
/* tests/pipeline/signals.h - shared by the two files of the program `notify`. */
#ifndef WEIR_TESTS_PIPELINE_SIGNALS_H
#define WEIR_TESTS_PIPELINE_SIGNALS_H

#include <weir/notify.h>

#include <signal.h>

#include "../support/child.h"
#include "support.h"

weir_notify *open_notify(weir_ctx *ctx, int sig, unsigned flags);
/* Until the context has ended. */
bool ctx_ends(weir_ctx *ctx);

/* A handler that was there before; it counts SIGWINCH. */
extern volatile sig_atomic_t found_calls;
void found_handler(int sig);

/* notify_child.c: tests that run in a process of their own, under these names. */
#define NOTIFY1_SECOND "NOTIFY1 the second signal gets the default action"
#define NOTIFY1_THIRD \
    "NOTIFY1 after a default action that the process survives, the next one is told"
#define NOTIFY_FORK "NOTIFY a child frees what it was left, and registers anew"
#define NOTIFY_FORK_SAME "NOTIFY likewise a child that has its parent's number"
void notify1_second(void);
void notify1_third(void);
void notify_fork(void);
void notify_fork_same(void);

#endif
