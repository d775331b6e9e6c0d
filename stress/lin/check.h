/* SPDX-License-Identifier: MIT */
/* stress/lin/check.h - inside of the checker: shared by check.c, window.c, memo.c and report.c.
 *
 *   history --check.c--> windows --window.c--> configurations --memo.c--> seen before?
 *
 * A configuration is (which operations of the window have been placed, state). Configurations are
 * kept in one growing array, each with the one it came from: that array is the memo, the set of end
 * states, and, read backwards, the order that report.c prints. */
#ifndef WEIR_STRESS_LIN_CHECK_H
#define WEIR_STRESS_LIN_CHECK_H

#include "lin.h"

#define LIN_NONE UINT32_MAX /* no configuration */
#define LIN_FULL \
    (UINT32_MAX - 1) /* the budget is used up, or memory, or the specification's bounds */

struct lin_config {
    uint64_t placed; /* bit i: operation i of the window */
    uint32_t from;   /* LIN_NONE: a state that the window started with */
    uint32_t hash;
    uint8_t op; /* what was placed last */
};

/* Configurations of one window. */
struct lin_memo {
    const struct weir_lin_spec *spec;
    size_t stride; /* bytes of a state, rounded up */
    uint32_t budget;
    uint32_t n, cap;
    struct lin_config *config;
    char *state;
    uint64_t *slots; /* generation << 32 | index; open addressing */
    uint32_t mask, generation;
    bool no_memory, spec_bound; /* why LIN_FULL was said, if not for the budget */
};

int lin_memo_init(struct lin_memo *m, const struct weir_lin_spec *spec, uint32_t budget);
void lin_memo_fini(struct lin_memo *m);
void lin_memo_clear(struct lin_memo *m);
/* Adds a configuration. Its index; LIN_NONE: seen before; LIN_FULL. */
uint32_t lin_memo_add(struct lin_memo *m, uint64_t placed, const void *state, uint32_t from,
                      unsigned op);
static inline void *lin_memo_state(const struct lin_memo *m, uint32_t i) {
    return m->state + (size_t)i * m->stride;
}
void lin_copy(const struct weir_lin_spec *spec, void *to, const void *from);

/* One window: up to 64 operations, none of which overlaps one outside. */
struct lin_window {
    unsigned n;
    bool last; /* no state is carried on; operations may be pending */
    struct weir_lin_op op[WEIR_LIN_WINDOW];
    unsigned choices[WEIR_LIN_WINDOW];
    uint64_t before[WEIR_LIN_WINDOW]; /* operations of the same thread that come first */
    uint64_t must;                    /* those that returned */
};

enum lin_outcome { LIN_FOUND, LIN_IMPOSSIBLE, LIN_OUT_OF_BUDGET };

struct weir_lin_checker {
    struct weir_lin_spec spec;
    uint32_t max_states;
    struct lin_memo memo;
    struct lin_window win;
    char *scratch; /* one state */

    /* the states that are possible now */
    uint32_t nstates, states_cap;
    char *states;
    uint64_t key;
    uint64_t until;   /* the latest ret so far */
    bool any;         /* until means something */
    uint64_t checked; /* operations before the window, of this key */

    uint32_t best; /* a configuration with the most operations placed */
    enum weir_lin_verdict verdict;
    char reason[200];
    int culprit; /* index in the window, or -1 */
    struct weir_lin_stats stats;

    struct lin_ref *refs; /* the history, sorted */
    size_t refs_cap;
};

/* Searches the window from the checker's states; adds its configurations to the memo. With win.last
 * it stops at the first order found, else it goes on to find every end state. */
enum lin_outcome lin_window_search(struct weir_lin_checker *c);

/* The operation that keeps the best configuration from going on: of those that returned and are not
 * placed, the first to return. */
int lin_window_culprit(const struct weir_lin_checker *c);

#endif
