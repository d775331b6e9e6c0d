/* SPDX-License-Identifier: MIT */
/* bench/flow_pool.h - the loops of every benchmark of pools: a template by inclusion, C11 and C++17; see flow.h.
 *
 * A kind defines the macros below and includes this file; it then has <POOL_NAME>_run(struct wb_flow_work *) for
 * WB_FLOW, and <POOL_NAME>_do(uint64_t word), which is what its tasks must do with the word that they were given. All
 * macros are undefined again at the end.
 *
 *   POOL_NAME          prefix of the names
 *   POOL_T             type of the pool; p is a POOL_T *
 *   POOL_PUT(p, word)  submits a task for that word; false: refused
 *   POOL_WAIT(p, n)    until all tasks have run, of which n are new; `since` is the account before the first of them
 * and, where the kind has it:
 *   POOL_FIB(p)        fib(WB_FIB_OF) by a task for each number above WB_FIB_CUTOFF
 *   POOL_TOGETHER      defined: POOL_PUT_N(p, words, n) submits up to WB_FLOW_TOGETHER at once
 *
 * A word is a number from 1 on, which the task adds to its thread's account (flow_tally.c); or the address of what a
 * special task needs, with a mark in its high bits. */
#include "flow_task.h"

#define POOL_FN(x) WB_CAT2(POOL_NAME, x)

WB_LOOP uint64_t POOL_FN(put_all)(POOL_T *p, uint64_t first, unsigned n) {
    uint64_t refused = 0;
#ifdef POOL_TOGETHER
    for (unsigned i = 0; i < n; i += WB_FLOW_TOGETHER) {
        unsigned some = n - i < WB_FLOW_TOGETHER ? n - i : WB_FLOW_TOGETHER;
        refused += some - POOL_PUT_N(p, first + i, some);
    }
#else
    for (unsigned i = 0; i < n; i++) refused += !POOL_PUT(p, first + i);
#endif
    return refused;
}

/* Not inlined into the task: what is special is rare. */
WB_OWN void POOL_FN(special)(uint64_t word) {
    void *at = wb_flow_marked(word);
    switch (word >> WB_FLOW_MARK) {
        case WB_FLOW_ROOT >> WB_FLOW_MARK: {
            struct wb_flow_root *root = (struct wb_flow_root *)at;
            root->refused = POOL_FN(put_all)((POOL_T *)root->pool, root->first, root->n);
            break;
        }
        case WB_FLOW_ALARM >> WB_FLOW_MARK: {
            struct wb_flow_alarm *alarm = (struct wb_flow_alarm *)at;
            wb_hist_add(alarm->hist, wb_clock() - alarm->sent_ns);
            break;
        }
        default: wb_flow_place(((struct wb_flow_seat *)at)->cpu);
    }
    wb_tally_add(0);
}

WB_LOOP void POOL_FN(do)(uint64_t word) {
    if (WB_UNLIKELY(word >> WB_FLOW_MARK != 0)) {
        POOL_FN(special)(word);
        return;
    }
    if (wb_flow_rounds) wb_work(wb_flow_rounds);
    wb_tally_add(word);
}

/* ---- the tests -------------------------------------------------------------------------------------- */

WB_OWN void POOL_FN(outside)(struct wb_flow_work *w) {
    POOL_T *p = (POOL_T *)w->flow;
    uint64_t first = 1;
    do {
        struct wb_tally_all since = wb_tally_sum();
        w->wrong += POOL_FN(put_all)(p, first, WB_FLOW_BATCH);
        POOL_WAIT(p, WB_FLOW_BATCH);
        w->wrong += !wb_tally_right(since, WB_FLOW_BATCH, wb_flow_sum(first, WB_FLOW_BATCH));
        w->ops += WB_FLOW_BATCH;
        first += WB_FLOW_BATCH;
    } while (!__atomic_load_n(w->stop, __ATOMIC_RELAXED) && w->wrong == 0);
}

WB_OWN void POOL_FN(inside)(struct wb_flow_work *w) {
    POOL_T *p = (POOL_T *)w->flow;
    struct wb_flow_root root = { p, 1, WB_FLOW_BATCH, 0 };
    do {
        struct wb_tally_all since = wb_tally_sum();
        w->wrong += !POOL_PUT(p, wb_flow_mark(&root, WB_FLOW_ROOT));
        POOL_WAIT(p, WB_FLOW_BATCH + 1);
        w->wrong += root.refused + !wb_tally_right(since, WB_FLOW_BATCH + 1,
                                                   wb_flow_sum(root.first, WB_FLOW_BATCH));
        w->ops += WB_FLOW_BATCH;
        root.first += WB_FLOW_BATCH;
    } while (!__atomic_load_n(w->stop, __ATOMIC_RELAXED) && w->wrong == 0);
}

WB_LOOP void POOL_FN(seat)(struct wb_flow_work *w, POOL_T *p, int cpu) {
    struct wb_flow_seat seat = { cpu };
    struct wb_tally_all since = wb_tally_sum();
    w->wrong += !POOL_PUT(p, wb_flow_mark(&seat, WB_FLOW_PLACE));
    wb_tally_await(since, w->wrong ? 0 : 1);
}

/* One task at a time: a gap in which everybody falls asleep, and then a task. */
WB_OWN void POOL_FN(wake)(struct wb_flow_work *w) {
    POOL_T *p = (POOL_T *)w->flow;
    const struct timespec gap = { 0, (long)w->shape->gap_ns };
    struct wb_flow_alarm alarm = { w->hist, 0 };
    POOL_FN(seat)(w, p, w->cpu);
    do {
        struct wb_tally_all since = wb_tally_sum();
        (void)nanosleep(&gap, NULL);
        alarm.sent_ns = wb_clock();
        w->wrong += !POOL_PUT(p, wb_flow_mark(&alarm, WB_FLOW_ALARM));
        wb_tally_await(since, w->wrong ? 0 : 1);
        w->ops++;
    } while (!__atomic_load_n(w->stop, __ATOMIC_RELAXED) && w->wrong == 0);
    POOL_FN(seat)(w, p, -1);
}

#ifdef POOL_FIB
WB_OWN void POOL_FN(fork)(struct wb_flow_work *w) {
    POOL_T *p = (POOL_T *)w->flow;
    do {
        w->wrong += POOL_FIB(p) != WB_FIB_RESULT;
        w->ops++;
    } while (!__atomic_load_n(w->stop, __ATOMIC_RELAXED) && w->wrong == 0);
}
#endif

WB_OWN void POOL_FN(run)(struct wb_flow_work *w) {
    switch (w->test) {
        case WB_INSIDE: POOL_FN(inside)(w); break;
        case WB_WAKE: POOL_FN(wake)(w); break;
#ifdef POOL_FIB
        case WB_FIB: POOL_FN(fork)(w); break;
#endif
        default: POOL_FN(outside)(w);
    }
}

#undef POOL_NAME
#undef POOL_T
#undef POOL_PUT
#undef POOL_PUT_N
#undef POOL_TOGETHER
#undef POOL_WAIT
#undef POOL_FIB
#undef POOL_FN
