/* SPDX-License-Identifier: MIT */
/* tests/chan/chan.h - the kind of channel under test: each test is written once over the public calls, and
 * linked once with each kind (kind_*.c). What a kind does not promise is not in its `has`. */
#ifndef WEIR_TESTS_CHAN_H
#define WEIR_TESTS_CHAN_H

#include <weir/chan.h>

#include "../support/check.h"
#include "../support/misuse.h"
#include "../support/points.h"
#include "../support/threads.h"

enum {
    HAS_MANY = 1,       /* any number of senders and receivers; else one of each */
    HAS_RENDEZVOUS = 2, /* capacity 0 */
    HAS_CLOSE = 4,      /* any thread closes, at any time; else the sender alone */
    HAS_SELECT = 8,     /* can be a case of weir_select */
    HAS_FIFO = 16,      /* waiters are served first come first served, and nobody passes them */
    HAS_ONE_SIDE = 32,  /* never waiting senders and receivers at once */
    HAS_EXACT = 64,     /* every call decides at once: try calls never report EBUSY */
    IS_STRICT = 128,
    IS_MPMC = 256,
    IS_MUTEX = 512,
    IS_SPSC = 1024,
    HAS_COUNTS = 2048, /* of who sleeps and who is woken */
};

struct chan_kind {
    const char *name;
    unsigned kind; /* enum weir_chan_kind */
    unsigned has;
};

extern const struct chan_kind K;

#define MS INT64_C(1000000)

/* Capacities that the tests go through, from least_cap(): 0 only where the kind has it. */
static inline size_t least_cap(void) { return K.has & HAS_RENDEZVOUS ? 0 : 1; }

/* ---- channels of uint64_t ------------------------------------------------------------------------------ */

/* NULL, and a failed check, if it cannot be made. */
weir_chan *chan_open(size_t cap);
weir_chan *chan_open_size(size_t cap, size_t elem_size);
weir_chan *chan_open_drop(size_t cap, size_t elem_size, weir_drop_fn *drop, void *arg);
/* The last reference: nobody may wait any more. */
void chan_end(weir_chan *c);

/* try_send and try_recv; EBUSY, where the kind may say it, is asked again. */
int try_send(weir_chan *c, uint64_t v);
int try_recv(weir_chan *c, uint64_t *v);
/* Sends from .. from + n - 1, receives them in this order; each must succeed at once. */
bool send_ids(weir_chan *c, uint64_t from, size_t n);
bool recv_ids(weir_chan *c, uint64_t from, size_t n);
/* The same while others wait on the channel: at once where the kind serves those at once, else soon. */
bool give_ids(weir_chan *c, uint64_t from, size_t n);
bool take_ids(weir_chan *c, uint64_t from, size_t n);

/* ---- one waiting call of a thread of its own ---------------------------------------------------------- */

#define UNTOUCHED UINT64_C(0xEEEEEEEEEEEEEEEE)

struct peer {
    weir_chan *chan;
    bool send;
    uint64_t v; /* sent; or received, UNTOUCHED if it was not */
    weir_time deadline;
    weir_ctx *ctx;
    struct stop *stop; /* where it stops on its way; NULL: nowhere */
    struct call call;
};

/* No deadline, no context; peer_begin starts the thread. */
void peer_init(struct peer *p, weir_chan *c, bool send, uint64_t v);
void peer_begin(struct peer *p);
/* Both. */
void peer_start(struct peer *p, weir_chan *c, bool send, uint64_t v);
void peer_start_until(struct peer *p, weir_chan *c, bool send, uint64_t v, weir_time deadline,
                      weir_ctx *ctx);
/* Starts a call that has to wait, and sees it asleep. */
bool peer_waits(struct peer *p, weir_chan *c, bool send, uint64_t v);
/* The result. A failed receive has left its place alone, which is checked. */
int peer_end(struct peer *p);

/* ---- one select of a thread of its own ------------------------------------------------------------------ */

#define CASES_MAX 4

struct selector {
    struct weir_case cases[CASES_MAX];
    uint64_t v[CASES_MAX]; /* of each case: sent, or received, else UNTOUCHED */
    size_t n;
    weir_time deadline;
    weir_ctx *ctx;
    unsigned flags;
    struct stop *stop;
    struct call call;
};

/* No cases yet, no deadline. */
void selector_init(struct selector *s);
void selector_send(struct selector *s, weir_chan *c, uint64_t v);
void selector_recv(struct selector *s, weir_chan *c);
/* In this thread; what weir_select returned. Checks that no other case was touched. */
ptrdiff_t selector_run(struct selector *s);
void selector_start(struct selector *s);
bool selector_waits(struct selector *s);
ptrdiff_t selector_end(struct selector *s);

/* ---- scripts with deadlines -------------------------------------------------------------------------------- */

/* Waits until the thread of `call` stops there (true), or its call has returned without. */
bool stops_or_returns(struct stop *s, struct call *call);

/* Runs a script that has to get somewhere before a deadline, with deadlines `ms` from its beginning that become
 * longer as long as it says that it was too slow (false), as on a machine that does much else. */
void in_time(bool (*script)(void *arg, int ms), void *arg);

/* ---- contexts ---------------------------------------------------------------------------------------------- */

/* NULL, and a failed check, if it cannot be made. */
weir_ctx *ctx_open(weir_ctx *parent, weir_time deadline);

/* ---- other ------------------------------------------------------------------------------------------------ */

/* A thread that does `fn` as one of its kind for ever: a call that must never return. It is left behind when
 * the program ends. `call` is static. */
void call_for_ever(struct call *call, int64_t (*fn)(void *arg), void *arg);

/* Bytes that the C library's allocator has given out; 0 where that cannot be known. */
size_t heap_in_use(void);

/* Waits for a deadline that has to come: late, but not early, and not by much. */
void check_late(int64_t rc, weir_time deadline);

#endif
