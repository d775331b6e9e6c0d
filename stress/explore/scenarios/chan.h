/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/chan.h - scenarios of channels, select and contexts, as tables.
 *
 * A program is a word for each thread. Channels are a and b; an operation is a channel and a letter:
 *   S R   send, receive            s r   try send, try receive
 *   T t   send and receive with a deadline
 *   M m   recv_many of two: lingers until a deadline; waits until it, and takes what is there
 *   c     close
 * [aSbR] selects; followed by ? it does not wait, by ~ it has a deadline, by ! it only looks, by = it ages. @ before any of these passes the
 * context. X cancels it. Values sent are unique. */
#ifndef WEIR_STRESS_SCENARIO_CHAN_H
#define WEIR_STRESS_SCENARIO_CHAN_H

#include <weir/chan.h>

#include "../engine.h"

#define CHANS 2

struct chan_case {
    const char *name;
    unsigned kind;  /* enum weir_chan_kind */
    int cap[CHANS]; /* -1: that channel does not exist */
    const char *program[EX_THREADS];
    const char *options;
};

extern const struct chan_case chan_cases[]; /* the last has no name */

void chan_scenario(struct weir_model_scenario *to, const struct chan_case *c);

/* An operation's kind: its letter, with the channel above. One that took no case has kind 0, and its cases
 * stand in in[1..], as kinds; their results in out[]. */
#define CHAN_KIND(letter, chan) ((unsigned)(letter) | (unsigned)(chan) << 8)

/* Checks the history against channels of these capacities. Fails the execution. */
void chan_check(const struct chan_case *c);

#endif
