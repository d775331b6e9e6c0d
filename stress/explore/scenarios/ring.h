/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/ring.h - scenarios of rings, as tables.
 *
 * A program is a word for each thread, one letter an operation:
 *   u o   try push, try pop           B b   try push and pop of a batch of two
 *   U O   push and pop that wait      N n   batches of two that wait for one
 *   D d   push and pop with a deadline
 *   c     close                       l     length
 * Values pushed are unique. */
#ifndef WEIR_STRESS_SCENARIO_RING_H
#define WEIR_STRESS_SCENARIO_RING_H

#include <weir/base.h>

#include "../engine.h"

/* One kind of ring, behind the same verbs. NULL: it has none such. */
struct ring_kind {
    const char *name;
    int (*make)(void **ring, unsigned cap, uint64_t start, unsigned flags);
    int (*end)(void *ring);
    int (*push)(void *ring, const uint64_t *v);
    int (*pop)(void *ring, uint64_t *v);
    ptrdiff_t (*push_n)(void *ring, const uint64_t *v, size_t n);
    ptrdiff_t (*pop_n)(void *ring, uint64_t *v, size_t n);
    int (*push_wait)(void *ring, const uint64_t *v, weir_time deadline);
    int (*pop_wait)(void *ring, uint64_t *v, weir_time deadline);
    ptrdiff_t (*push_n_wait)(void *ring, const uint64_t *v, size_t n, weir_time deadline);
    ptrdiff_t (*pop_n_wait)(void *ring, uint64_t *v, size_t n, weir_time deadline);
    int (*close)(void *ring);
    bool (*is_closed)(void *ring);
    size_t (*len)(void *ring);
    unsigned claim; /* steps that a try call takes at most while all others stand still; 0: no claim */
};
extern const struct ring_kind ring_mpmc, ring_spsc, ring_mutex;

struct ring_case {
    const struct ring_kind *kind;
    unsigned cap;
    uint64_t start; /* of the indices */
    unsigned flags; /* WEIR_RING_* */
    const char *program[EX_THREADS];
};

/* The functions of a ring scenario; its param is a ring_case. */
#define RING_STATE 512
void ring_setup(void *state);
void ring_thread(void *state, unsigned who);
void ring_finish(void *state);

/* Checks the history of the execution: each value comes out once and as often as it went in, results
 * are linearizable. Fails the execution if not. */
void ring_check(const struct ring_case *c);

#define RING_SCENARIO(name_, about_, threads_, case_, options_)                                     \
    {                                                                                              \
        .name = name_, .about = about_, .threads = threads_, .state_size = RING_STATE,             \
        .setup = ring_setup, .thread = ring_thread, .finish = ring_finish, .param = case_,         \
        .options = options_                                                                        \
    }

#endif
