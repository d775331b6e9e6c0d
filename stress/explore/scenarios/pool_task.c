/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/pool_task.c - see pool_task.h. */
#include "pool_task.h"

#include "../../../lib/thread.h"
#include "../engine.h"

void pool_task_fill(struct pool_task *t) {
    weir_model_write(&t->in, sizeof t->in);
    t->in = 1;
}

int pool_task_run(weir_ctx *ctx, void *task) {
    struct pool_task *t = task;
    (void)ctx;
    weir_model_read(&t->in, sizeof t->in);
    weir_model_check(t->in == 1);
    weir_model_write(&t->out, sizeof t->out);
    t->out++;
    return 0;
}

static void register_thread(void *arg) {
    (void)arg;
    while (!weir__thread_self()) { /* budget oom */
    }
}

void pool_threads(unsigned workers) {
    for (unsigned i = 0; i < E.sc->threads; i++) weir_model_as(i, register_thread, NULL);
    ex_threads_left = workers;
}

void pool_end(weir_pool *p, uint64_t at_least) {
    struct weir_pool_stats st;
    weir_model_check(weir_pool_stats(p, &st) == 0);
    weir_model_check(st.submitted >= at_least);
    weir_model_check(st.submitted == st.refused + st.ok + st.failed + st.cancelled);
    weir_model_check(st.state == WEIR_POOL_STOPPED && st.workers == 0);
    weir_model_check(weir_pool_free(p) == 0);
}
