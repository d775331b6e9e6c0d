/* SPDX-License-Identifier: MIT */
/* stress/lin/specs.h - sequential specifications of weir's structures, for lin.h.
 *
 * Each is made from a small struct, which must outlive the checker, by a call that fills in a
 * weir_lin_spec and returns 0, or WEIR_EINVAL for a shape beyond its bounds. Values, keys and
 * permits are 64-bit words; use a different value for each push, send, put and load, or faults may
 * pass.
 *
 * Rules that all of them share, since all of weir does:
 *   EBUSY      no effect; only where an operation of another thread on the same key overlaps (one
 *              that is known to be parked, and never came back, does not count)
 *   EAGAIN     no effect; only where the operation could not be done in that state
 *   ETIMEDOUT  no effect; where EAGAIN or EBUSY would have been right
 *   ECANCELED  no effect; always (a context that ended wins over what is ready)
 *   ENOMEM     no effect; always
 * `exact` says that the object decides under a lock: EBUSY never, batches never cut short. */
#ifndef WEIR_STRESS_LIN_SPECS_H
#define WEIR_STRESS_LIN_SPECS_H

#include "lin.h"

/* ---- bounded ring: weir_spsc, weir_mpmc, weir_mutex_ring ----------------------------------------
 *
 *   kind     in            result                          out
 *   PUSH     value         0, EAGAIN, ECLOSED              -
 *   POP      -             0, EAGAIN, ECLOSED              value
 *   PUSH_N   values        count, 0 for none asked, codes  -
 *   POP_N    how many      count, 0 for none asked, codes  values
 *   CLOSE    -             0 (the first), ECLOSED          -
 *
 * A batch is one step: min(n, room) or min(n, available) elements; fewer, but at least one, only
 * where another thread's operation overlaps. EAGAIN of a push: full and open; of a pop: empty and
 * open. Blocking calls are one step too: the instant at which they succeed. */
enum weir_lin_ring_kind {
    WEIR_LIN_PUSH = 1,
    WEIR_LIN_POP,
    WEIR_LIN_PUSH_N,
    WEIR_LIN_POP_N,
    WEIR_LIN_CLOSE,
};
#define WEIR_LIN_RING_MAX 256 /* cap */
struct weir_lin_ring {
    uint32_t cap;
    bool exact;
    bool soft; /* full may be said while another operation overlaps: cap is a soft limit */
};
WEIR_NODISCARD int weir_lin_ring_spec(struct weir_lin_spec *out, const struct weir_lin_ring *o);

/* ---- work-stealing deque: weir_deque, weir_mutex_deque --------------------------------------------
 *
 *   kind          in      result             out
 *   DEQUE_PUSH    value   0, ENOMEM          -
 *   DEQUE_POP     -       0, EAGAIN          value, the newest
 *   DEQUE_STEAL   -       0, EAGAIN, EBUSY   value, the oldest
 *
 * EAGAIN: empty. A batch of steals is recorded as so many steals, all with the batch's stamps and the same
 * seq. Who owns it is not checked. */
enum weir_lin_deque_kind {
    WEIR_LIN_DEQUE_PUSH = 1,
    WEIR_LIN_DEQUE_POP,
    WEIR_LIN_DEQUE_STEAL,
};
#define WEIR_LIN_DEQUE_MAX 24 /* elements; more: unknown */
struct weir_lin_deque {
    bool exact;
};
WEIR_NODISCARD int weir_lin_deque_spec(struct weir_lin_spec *out, const struct weir_lin_deque *o);

/* ---- channel ------------------------------------------------------------------------------------
 *
 * Keyed by channel. A blocking send or receive is recorded as SEND or RECV, and split (lin.h) by
 * weir_lin_chan_rules before the check: the request is served at once or becomes a waiter, which a
 * partner serves, close ends, or a deadline takes away; the follow-up reports it. So cap 0 is a
 * rendezvous, and try operations on it succeed only where a partner waits already. Waiters are
 * served first come first served; since a request may lie anywhere between its call and its return,
 * that binds only those whose `parked` stamp is known.
 *
 *   kind      in      result                                                 out
 *   SEND      value   0, ECLOSED, ETIMEDOUT, ECANCELED, WEIR_LIN_BLOCKED     -
 *   RECV      -       the same                                               value
 *   TRY_SEND  value   0, EAGAIN, EBUSY, ECLOSED, ECANCELED                   -
 *   TRY_RECV  -       the same                                               value
 *   CHAN_CLOSE -      0 (the first), ECLOSED                                 -
 *
 * A select is recorded as the operation of the case that it took. One that took none is recorded as
 * one failed try per case, all with the select's stamps and the same seq: each case was not ready
 * at some instant of the call, and no common instant is promised. */
enum weir_lin_chan_kind {
    WEIR_LIN_SEND = 1,
    WEIR_LIN_RECV,
    WEIR_LIN_TRY_SEND,
    WEIR_LIN_TRY_RECV,
    WEIR_LIN_CHAN_CLOSE,
    WEIR_LIN_SEND_ASK, /* these four are made by weir_lin_split */
    WEIR_LIN_SEND_ANSWER,
    WEIR_LIN_RECV_ASK,
    WEIR_LIN_RECV_ANSWER,
};
#define WEIR_LIN_CHAN_MAX 32 /* cap */
/* Waiting at once, and served but not back at once, of one object: 4 threads, each in a select of three cases. */
#define WEIR_LIN_WAITERS 12
struct weir_lin_chan {
    uint32_t cap;
    bool exact;
};
extern const struct weir_lin_rule weir_lin_chan_rules[2];
WEIR_NODISCARD int weir_lin_chan_spec(struct weir_lin_spec *out, const struct weir_lin_chan *o);

/* ---- weighted semaphore -------------------------------------------------------------------------
 *
 *   kind      in        result
 *   ACQUIRE   permits   0, ETOOBIG (more than size), ETIMEDOUT, ECANCELED, WEIR_LIN_BLOCKED; split
 *   TRY       permits   0, EAGAIN, EBUSY, ETOOBIG
 *   RELEASE   permits   0, EINVAL (more than are held)
 *
 * fifo: requests that cannot be served wait in line, a big one is not overtaken, a try fails while
 * anybody waits, and a request that gives up lets those behind it through. Otherwise whoever finds
 * enough permits takes them. */
enum weir_lin_sem_kind {
    WEIR_LIN_ACQUIRE = 1,
    WEIR_LIN_TRY_ACQUIRE,
    WEIR_LIN_RELEASE,
    WEIR_LIN_ACQUIRE_ASK, /* made by weir_lin_split */
    WEIR_LIN_ACQUIRE_ANSWER,
};
struct weir_lin_sem {
    uint64_t size; /* permits at the beginning, none held */
    bool fifo, exact;
};
extern const struct weir_lin_rule weir_lin_sem_rules[1];
WEIR_NODISCARD int weir_lin_sem_spec(struct weir_lin_spec *out, const struct weir_lin_sem *o);

/* ---- map ----------------------------------------------------------------------------------------
 *
 * Keyed by the map's key; whole-map operations (len, each, clear) are not covered. Every key is
 * absent at the beginning.
 *
 *   kind         in             result                                           out
 *   GET          -              0, ENOENT                                        value
 *   PUT          value          0                                                -
 *   SWAP         value          0 (was there), ENOENT (was not: inserted)        old value
 *   GET_OR_PUT   value          0 (put), EEXIST (got)                            value got
 *   TAKE         -              0, ENOENT                                        value, or left out
 *   DELETE       -              0 (removed or absent), ENOENT (absent)           -
 *   CAS          expected, new  0, ENOENT (absent), EEXIST (another value)       -
 *   CAD          expected       the same: compare and delete                     -
 */
enum weir_lin_map_kind {
    WEIR_LIN_GET = 1,
    WEIR_LIN_PUT,
    WEIR_LIN_SWAP,
    WEIR_LIN_GET_OR_PUT,
    WEIR_LIN_TAKE,
    WEIR_LIN_DELETE,
    WEIR_LIN_CAS,
    WEIR_LIN_CAD,
};
struct weir_lin_map {
    bool exact;
};
WEIR_NODISCARD int weir_lin_map_spec(struct weir_lin_spec *out, const struct weir_lin_map *o);

/* ---- cache --------------------------------------------------------------------------------------
 *
 * Keyed by the cache's key; absent at the beginning. A hit returns the value of that instant. With
 * `evicts` an entry may vanish at any instant (eviction, expiry); without, a put stays.
 *
 *   kind         in            result                               out
 *   CACHE_GET    -             0, ENOENT                            value
 *   CACHE_PUT    value         0, ETOOBIG (no effect)               -
 *   INVALIDATE   -             0                                    -
 *   LOAD         -             0, the loader's error, ETIMEDOUT,    value
 *                              ECANCELED; split
 *   LOADER_START generation    0                                    -
 *   LOADER_END   generation    0, the loader's error                value (if 0)
 *
 * LOAD is get-or-load. The loader itself records its start and its end, each as an operation, with
 * a generation number (not 0) of its own for each run, and a thread number of its own, since it
 * runs in the midst of a LOAD of some thread. The cache decided to load somewhere between the call
 * of that LOAD and the entry into the loader: that is the interval of LOADER_START; and it took the
 * result between the loader's return and the LOAD's: that is the interval of LOADER_END. Rules: one
 * loader at a time for an absent key, and only while a LOAD waits for it; all LOADs that wait get
 * its value or its error; a put or an invalidate during the load detaches it: its waiters get its
 * value, which is not inserted, and whoever comes later starts another. An error is not kept. */
enum weir_lin_cache_kind {
    WEIR_LIN_CACHE_GET = 1,
    WEIR_LIN_CACHE_PUT,
    WEIR_LIN_INVALIDATE,
    WEIR_LIN_LOAD,
    WEIR_LIN_LOADER_START,
    WEIR_LIN_LOADER_END,
    WEIR_LIN_LOAD_ASK, /* made by weir_lin_split */
    WEIR_LIN_LOAD_ANSWER,
};
struct weir_lin_cache {
    bool evicts, exact;
};
extern const struct weir_lin_rule weir_lin_cache_rules[1];
WEIR_NODISCARD int weir_lin_cache_spec(struct weir_lin_spec *out, const struct weir_lin_cache *o);

#endif
