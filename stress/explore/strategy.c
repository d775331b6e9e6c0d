/* SPDX-License-Identifier: MIT */
/* stress/explore/strategy.c - who answers the choices.
 *
 * dfs     All answers, in depth-first order, with at most `preemptions` preemptions: first all
 *         executions with none, then with at most one, and so on, so that the first failure has as few
 *         as possible. Stateless: the next execution repeats a prefix of the last one. Choices that
 *         cost no budget (who runs when a thread has ended or sleeps) are never bounded. Exhaustive
 *         under the budgets when next() says false; where a bound withheld nothing, beyond it too.
 * random  A random walk. Each execution draws its own probability of a switch, 1/2 to 1/32: bugs
 *         that need many switches and bugs that need long undisturbed runs both come up.
 * pct     Burckhardt and others, ASPLOS 2010: random priorities, and depth - 1 points at which the
 *         running thread falls to the lowest one. A bug that needs d ordered events among n threads
 *         and k decisions is found with probability at least 1 / (n * k^(d-1)) by each execution. k
 *         is the longest execution so far; where the thread alone can run there is no decision. */
#include "engine.h"

/* ---- dfs ---------------------------------------------------------------------------------------------- */

static int dfs_bound;

static void dfs_start(void) {
    dfs_bound = 0;
    E.bounded = false;
    E.nprefix = 0;
}

static void dfs_begin(void) { E.left.preemptions = dfs_bound; }

static unsigned dfs_choose(enum ex_kind kind, unsigned n) {
    (void)kind;
    (void)n;
    return 0;
}

static bool dfs_next(void) {
    size_t i = E.nrec;
    while (i > 0 && E.rec[i - 1].c + 1 >= E.rec[i - 1].n) i--;
    if (i == 0) {
        bool more = E.bounded && dfs_bound < E.budget.preemptions;
        dfs_bound++;
        E.nprefix = 0;
        E.bounded = false;
        return more;
    }
    for (size_t k = E.nprefix; k < i; k++) E.prefix[k] = E.rec[k]; /* below that they are equal */
    E.prefix[i - 1].c++;
    E.nprefix = i;
    return true;
}

const struct ex_strategy ex_dfs = { "dfs", dfs_start, dfs_begin, dfs_choose, dfs_next };

/* ---- shared by the random ones -------------------------------------------------------------------------- */

static unsigned below(unsigned n) { return (unsigned)((ex_random64(&E.rng) >> 32) * n >> 32); }

static void random_start(void) { E.nprefix = 0; }
static bool random_next(void) { return true; }

/* Choices other than of a thread. */
static unsigned random_other(enum ex_kind kind, unsigned n) {
    switch (kind) {
        case EX_OOM:
        case EX_DENIAL:
        case EX_ALONE:
        case EX_CLOCK: return below(8) == 0 ? 1 + below(n - 1) : 0;
        case EX_WEAK: return below(4) == 0;
        default: return below(n);
    }
}

/* One of the options that are not a plain switch, or n: none is drawn. */
static unsigned fault_among(unsigned n) {
    unsigned at[2 * EX_TASKS + 2], k = 0;
    for (unsigned i = 0; i < n; i++)
        if (E.opts[i].action != EX_RUN) at[k++] = i;
    if (k == 0 || (k < n && below(16) != 0)) return n;
    return at[below(k)];
}

/* ---- random ------------------------------------------------------------------------------------------------ */

static unsigned stickiness;

static void random_begin(void) { stickiness = 2u << below(5); }

static unsigned random_choose(enum ex_kind kind, unsigned n) {
    if (kind != EX_SCHED) return random_other(kind, n);
    unsigned f = fault_among(n);
    if (f < n) return f;
    bool may_stay = E.running && E.opts[0].action == EX_RUN && E.opts[0].task == E.running->id;
    if (may_stay && below(stickiness) != 0) return 0;
    unsigned runs = 0;
    while (runs < n && E.opts[runs].action == EX_RUN) runs++; /* they stand first */
    return below(runs);
}

const struct ex_strategy ex_random = { "random", random_start, random_begin, random_choose,
                                       random_next };

/* ---- pct ---------------------------------------------------------------------------------------------------- */

static uint64_t longest, decisions, change_at[8];
static unsigned changes;
static int lowest;

static void pct_start(void) {
    E.nprefix = 0;
    longest = 32;
}

static void pct_begin(void) {
    int order[EX_TASKS];
    for (int i = 0; i < EX_TASKS; i++) {
        int j = (int)below((unsigned)i + 1);
        order[i] = order[j];
        order[j] = i + 1;
    }
    for (int i = 0; i < EX_TASKS; i++) E.task[i].prio = order[i];
    changes = E.depth - 1;
    for (unsigned i = 0; i < changes; i++)
        change_at[i] = ((ex_random64(&E.rng) >> 32) * longest >> 32) + 1;
    decisions = 0;
    lowest = 0;
}

static unsigned pct_choose(enum ex_kind kind, unsigned n) {
    if (kind != EX_SCHED) return random_other(kind, n);
    if (++decisions > longest) longest = decisions;
    for (unsigned i = 0; i < changes; i++)
        if (change_at[i] == decisions && E.running) E.running->prio = --lowest;
    /* A thread that polls falls behind those it waits for, mostly. */
    if (E.running && E.running->idle > 0 && E.running->idle_epoch == E.epoch && below(4) != 0)
        E.running->prio = --lowest;
    unsigned f = fault_among(n);
    if (f < n) return f;
    unsigned best = n;
    for (unsigned i = 0; i < n; i++)
        if (E.opts[i].action == EX_RUN &&
            (best == n || E.task[E.opts[i].task].prio > E.task[E.opts[best].task].prio))
            best = i;
    return best < n ? best : 0;
}

const struct ex_strategy ex_pct = { "pct", pct_start, pct_begin, pct_choose, random_next };
