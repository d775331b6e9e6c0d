/* SPDX-License-Identifier: MIT */
/* bench/rivals/flow_tbb.cc - oneTBB's task_group in an arena of its own, and its parallel_pipeline.
 *
 *   tbb        the thread that submits has one of the arena's places, and runs tasks itself while it waits: with W:2
 *              two threads work, and the third, which others have, does not exist
 *   tbb_arena  task_arena::enqueue by a thread that is not in the arena, which then waits for the account of tasks: W
 *              workers, and a queue in the order of submission
 *   pipe       W tokens per stage and a filter for each end; serial_in_order where order is kept. The end of
 *              its input is the end of the run */
#include <memory>

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_pipeline.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include "../flow_task.h"
#include "../flows.h"

namespace {

/* As many threads as were asked for, however few processors there are. */
struct allowed {
    tbb::global_control control;
    explicit allowed(std::size_t n) : control(tbb::global_control::max_allowed_parallelism, n) {}
};

/* ---- task_group ------------------------------------------------------------------------------------- */

struct grouped {
    allowed threads;
    tbb::task_arena arena;
    tbb::task_group group;
    /* With one worker it is one beside the thread that submits. */
    explicit grouped(const wb_shape &s)
        : threads(s.flow.workers < 2 ? 2 : s.flow.workers),
          arena(s.flow.workers < 2 ? 2 : static_cast<int>(s.flow.workers), 1) {}
};

uint64_t fib(unsigned n) {
    if (n <= WB_FIB_CUTOFF) return wb_flow_fib(n);
    uint64_t one = 0;
    tbb::task_group g;
    g.run([n, &one] { one = fib(n - 1); });
    uint64_t two = fib(n - 2);
    g.wait();
    return one + two;
}

WB_LOOP void tbb_group_do(uint64_t word);

#define POOL_NAME tbb_group
#define POOL_T grouped
#define POOL_PUT(p, word) ((p)->group.run([w_ = (word)] { tbb_group_do(w_); }), true)
#define POOL_WAIT(p, n) ((void)(n), (void)(p)->group.wait())
#define POOL_FIB(p) ((void)(p), fib(WB_FIB_OF))
#include "../flow_pool.h"

/* Inside its arena, which costs once what it costs. */
void group_run(struct wb_flow_work *w) {
    auto *p = static_cast<grouped *>(w->flow);
    p->arena.execute([w, p] {
        tbb_group_run(w);
        p->group.wait();
    });
}

/* ---- enqueue ---------------------------------------------------------------------------------------- */

struct enqueued {
    allowed threads;
    tbb::task_arena arena;
    explicit enqueued(const wb_shape &s)
        : threads(s.flow.workers + 1), arena(static_cast<int>(s.flow.workers), 0) {}
};

WB_LOOP void tbb_queue_do(uint64_t word);

#define POOL_NAME tbb_queue
#define POOL_T enqueued
#define POOL_PUT(p, word) ((p)->arena.enqueue([w_ = (word)] { tbb_queue_do(w_); }), true)
#define POOL_WAIT(p, n) wb_tally_await(since, n)
#include "../flow_pool.h"

template <typename P> void *make(const wb_shape *s) {
    try {
        return new P(*s);
    } catch (const std::exception &) {
        return nullptr;
    }
}

template <typename P> void dispose(void *p) { delete static_cast<P *>(p); }

/* ---- parallel_pipeline ------------------------------------------------------------------------------ */

constexpr std::size_t tokens = 64; /* elements under way */

struct piped {
    allowed threads;
    tbb::task_arena arena;
    explicit piped(const wb_shape &s)
        : threads(s.flow.workers < 2 ? 2 : s.flow.workers),
          arena(s.flow.workers < 2 ? 2 : static_cast<int>(s.flow.workers), 1) {}
};

uint64_t stage(uint64_t word) {
    wb_work(wb_flow_rounds);
    return word + 1;
}

struct ends { /* of the pipeline */
    struct wb_flow_work *w;
    uint64_t fed = 0, fed_sum = 0, taken = 0, taken_sum = 0;

    uint64_t feed(tbb::flow_control &fc) {
        if (__atomic_load_n(w->stop, __ATOMIC_RELAXED)) fc.stop();
        fed_sum += fed;
        return fed++;
    }
    void take(uint64_t word) {
        uint64_t was = word - w->shape->flow.stages;
        w->wrong += w->shape->flow.ordered && was != taken;
        taken++;
        taken_sum += was;
    }
};

void pipe_run(struct wb_flow_work *w) {
    auto *p = static_cast<piped *>(w->flow);
    ends e{ w };
    bool ordered = w->shape->flow.ordered;
    auto mode =
        w->shape->flow.workers < 2 ? tbb::filter_mode::serial_in_order : tbb::filter_mode::parallel;
    auto last = ordered ? tbb::filter_mode::serial_in_order : tbb::filter_mode::serial_out_of_order;
    auto chain = tbb::make_filter<void, uint64_t>(
        tbb::filter_mode::serial_in_order, [&e](tbb::flow_control &fc) { return e.feed(fc); });
    for (unsigned i = 0; i < w->shape->flow.stages; i++)
        chain = chain & tbb::make_filter<uint64_t, uint64_t>(
                            mode, [](uint64_t word) { return stage(word); });
    p->arena.execute([&] {
        tbb::parallel_pipeline(tokens, chain & tbb::make_filter<uint64_t, void>(
                                                   last, [&e](uint64_t word) { e.take(word); }));
    });
    e.fed_sum -= e.fed - e.taken == 1 ? e.fed - 1 : 0; /* that of the call that stopped */
    w->wrong += e.fed - e.taken > 1 || e.fed_sum != e.taken_sum;
    w->ops = e.taken;
}

} // namespace

#define ARENA_NOTE "who submits works too: one thread less than the others have"
WB_FLOW(wb_pool_tbb, "tbb", "pool", WB_PACKAGE_TBB, ARENA_NOTE,
        WB_FLOW_INSIDE | WB_FLOW_FIB | WB_FLOW_WAKE, make<grouped>, dispose<grouped>, group_run,
        nullptr);
WB_FLOW(wb_pool_tbb_arena, "tbb_arena", "pool", WB_PACKAGE_TBB, "no waiting for a task",
        WB_FLOW_INSIDE | WB_FLOW_WAKE, make<enqueued>, dispose<enqueued>, tbb_queue_run, nullptr);
WB_FLOW(wb_pipe_tbb, "tbb", "pipe", WB_PACKAGE_TBB,
        "its threads are those of an arena, not of a stage; W:1: one at a time in each stage",
        WB_FLOW_ORDERED | WB_FLOW_UNORDERED, make<piped>, dispose<piped>, pipe_run, nullptr);
