/* SPDX-License-Identifier: MIT */
/* weir/waitable.h - what weir_select can wait for, and what it can do there. A channel, a context: each
 * gives its waitable, which lives as long as the object. */
#ifndef WEIR_WAITABLE_H
#define WEIR_WAITABLE_H

#include <weir/base.h>

typedef struct weir_waitable weir_waitable;

enum weir_op {
    WEIR_SEND = 1, /* of a channel: sends *elem */
    WEIR_RECV = 2  /* of a channel: receives to *elem; of a context: its end */
};

#endif
