/* SPDX-License-Identifier: MIT */
/* weir/waitable.h - what weir_select can wait for, and what it can do there. A channel, a context, a
 * timer, a semaphore, a wait group: each gives its waitable, which lives as long as the object. */
#ifndef WEIR_WAITABLE_H
#define WEIR_WAITABLE_H

#include <weir/base.h>

typedef struct weir_waitable weir_waitable;

/* SEND: of a channel: sends *elem.
 * RECV: of a channel: receives to *elem. Of a context: its end. Of a timer: its time. Of a semaphore: acquires
 *       `arg` units (WEIR_CASE_ACQUIRE). Of a wait group: its counter is zero (WEIR_CASE_ZERO). */
enum weir_op { WEIR_SEND = 1, WEIR_RECV = 2 };

/* What objects that stand in the user's memory are made of (weir_sem, weir_wg). Not for users. */
struct weir__waitable_ops;
struct weir__node;
struct weir_waitable {
    const struct weir__waitable_ops *ops;
};
struct weir__queue {
    struct weir__node *first, *last;
};

#endif
