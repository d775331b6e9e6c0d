/* SPDX-License-Identifier: MIT */
/* bench/rivals/flow_glib.c - GLib's GThreadPool: a queue behind one mutex, threads of its own (exclusive). It cannot
 * be asked whether all has run, so that who submits looks at the account of tasks. A task that waits for another one
 * keeps its thread: there is no fork and join. */
#include <glib.h>

#include "../flow_task.h"
#include "../flows.h"

WB_LOOP void glib_do(uint64_t word);

static void entry(gpointer data, gpointer user) {
    (void)user;
    glib_do((uint64_t)(uintptr_t)data);
}

static bool put(GThreadPool *p, uint64_t word) {
    return g_thread_pool_push(p, (gpointer)(uintptr_t)word, NULL) != FALSE;
}

#define POOL_NAME glib
#define POOL_T GThreadPool
#define POOL_PUT(p, word) put(p, word)
#define POOL_WAIT(p, n) wb_tally_await(since, n)
#include "../flow_pool.h"

static void *make(const struct wb_shape *s) {
    return g_thread_pool_new(entry, NULL, (gint)s->flow.workers, TRUE, NULL);
}

static void dispose(void *p) { g_thread_pool_free(p, FALSE, TRUE); }

WB_FLOW(wb_pool_glib, "glib", "pool", WB_PACKAGE_GLIB, "no waiting for a task",
        WB_FLOW_INSIDE | WB_FLOW_WAKE, make, dispose, glib_run, NULL);
