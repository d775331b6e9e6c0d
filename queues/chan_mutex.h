/* SPDX-License-Identifier: MIT */
/* queues/chan_mutex.h - what the mutex channels (chan_mutex.c) and the select over them (select_mutex.c) know of
 * each other. */
#ifndef WEIR_QUEUES_CHAN_MUTEX_H
#define WEIR_QUEUES_CHAN_MUTEX_H

#include "chan.h"

struct weir__mutex_chan {
    weir_chan chan;
    weir_au32 selects;         /* cases that wait for this channel */
    weir_au64 met;             /* elements that selects have handed over; written under the turn */
    bool meets;                /* it has no buffer: selects meet each other here */
    struct weir__queue offers; /* those cases, if it meets; under the turn */
};

static inline struct weir__mutex_chan *weir__mutex_chan_of(weir_chan *c) {
    return (struct weir__mutex_chan *)(void *)c;
}

/* For constructors and destructors of channels. 0 or WEIR_ENOMEM. */
int weir__selects_use(void);
void weir__selects_unuse(void);

/* Selects that wait look again. Takes one lock, inside which no other is taken. */
void weir__selects_tell(void);

/* The same, after a change of c that may make a case ready. Relaxed: the change was made under the channel's
 * mutex, and a select counts itself before it looks under that mutex. So it sees the change, or has
 * counted itself before the mutex was taken for the change. */
static inline void weir__selects_see(weir_chan *c) {
    if (weir_load_relaxed(&weir__mutex_chan_of(c)->selects)) weir__selects_tell();
}

/* Sends (receives) *elem to (from) a select that waits for this at c, which has no buffer and is open. Without
 * the channel's mutex. */
bool weir__selects_meet(weir_chan *c, bool sends, void *elem);

/* Whether a select waits there for this. The same; or with the turn. */
bool weir__selects_offer(weir_chan *c, bool sends, bool turn);

/* ops->wait of mutex channels: weir__wait, where each case is one of a mutex channel or a context. */
ptrdiff_t weir__select_mutex(struct weir__node *nodes, size_t n, const uint16_t *order,
                             weir_time deadline, weir_ctx *ctx);

#endif
