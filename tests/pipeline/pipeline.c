/* SPDX-License-Identifier: MIT */
/* tests/pipeline/pipeline.c - PIPE1 to PIPE9: the list of them. */
#include "../support/check.h"
#include "cases.h"

static const struct test tests[] = {
    { "PIPE1 each input has one outcome, and the statistics add up", pipe1_outcomes },
    { "PIPE1 looked at while elements go through, the statistics add up", pipe1_looked_at },
    { "PIPE1 also where it is cancelled half-way", pipe1_cancelled },
    { "PIPE2 ordered: outputs leave in the order of the inputs", pipe2_ordered },
    { "PIPE2 unordered: a slow one holds up no other, and each comes once", pipe2_unordered },
    { "PIPE3 what is in flight stays within the window", pipe3_window },
    { "PIPE3 one thread that sends and receives never stands still", pipe3_lockstep },
    { "PIPE3 as many calls at once as there are workers", pipe3_workers },
    { "PIPE3 of several who wait to send one is let in for each that leaves", pipe3_senders },
    { "PIPE4 the first error cancels", pipe4_cancel },
    { "PIPE4 collect: each error with its input and stage", pipe4_collect },
    { "PIPE5 the origin text, also of what no function should return", pipe5_text },
    { "PIPE6 close drains, cancel does not; both end all threads", pipe6_threads },
    { "PIPE6 the end of the parent ends it", pipe6_parent },
    { "PIPE6 a cancel ends a batch after the call that it is in", pipe6_mid_batch },
    { "PIPE6 after a cancel each wait finds nothing left inside", pipe6_waits },
    { "PIPE7 none, one and two inputs", pipe7_few },
    { "PIPE7 what is refused at construction", pipe7_refused },
    { "PIPE8 a consumer that stops and cancels leaves nothing behind", pipe8_leaves_nothing },
    { "PIPE9 a stage submits to the pool of one thread that runs it", pipe9_submits },
    { "PIPE9 a stage that is never idle leaves its pool to others as well", pipe9_others },
    { "PIPE9 a stage that waits for its pipeline is told so", pipe9_itself },
    { "PIPE thread: a function that ends its thread in mid-batch", pipe_thread_exit },
    { "PIPE executor: one that refuses", pipe_exec_refuses },
    { "PIPE executor: one that runs tasks in the caller", pipe_exec_inline },
    { "PIPE executor: one that is full when a turn is over", pipe_exec_full },
    { "PIPE executor: a pool that is stopped below a busy pipeline", pipe_exec_stops },
    { "PIPE executor: a pool that is drained below a busy pipeline", pipe_exec_drains },
    { "PIPE executor: a join in a busy pipeline ends", pipe_exec_joins },
    { "PIPE thread: each call ends it, in the clean-up of the one before", pipe_exec_exits },
    { "PIPE1 a thread ends inside the delivery of another task: one outcome each",
      pipe1_exits_inside },
    { "PIPE1 a thread ends in the submit after a delivery: it was one", pipe1_exits_in_submit },
    { "PIPE1 a thread ends before the next stage was submitted: it is", pipe1_exits_in_credit },
    { "PIPE1 a thread ends in a task that was handed on: it was, once", pipe1_exits_in_turn },
    { "PIPE1 each drop ends the thread in the end before: all are dropped", pipe1_exits_in_drop },
    { "PIPE sink: a last stage without results", pipe_sink },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "pipeline", tests, sizeof tests / sizeof *tests);
}
