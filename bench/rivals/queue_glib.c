/* SPDX-License-Identifier: MIT */
/* bench/rivals/queue_glib.c - GLib's GAsyncQueue: a list behind one mutex, of pointers that are not NULL. */
#include <glib.h>

#include "../ring_run.h"
#include "rivals.h"

static void *glib_open(const struct wb_shape *s) {
    (void)s;
    return g_async_queue_new();
}
static void glib_dispose(void *q) { g_async_queue_unref(q); }

WB_LOOP bool glib_push(GAsyncQueue *q, uint64_t word) {
    g_async_queue_push(q, (gpointer)(uintptr_t)(word + 1));
    return true;
}
WB_LOOP bool glib_pop(GAsyncQueue *q, uint64_t *word) {
    gpointer p = g_async_queue_try_pop(q);
    *word = (uint64_t)(uintptr_t)p - 1;
    return p != NULL;
}

#define RING_NAME glib
#define RING_TYPE GAsyncQueue
#define RING_PUSH(r, e) glib_push(r, (e)->w[0])
#define RING_POP(r, e) glib_pop(r, (e)->w)
#include "../ring_loops.h"

WB_RING(wb_queue_glib, "glib", "queue", WB_PACKAGE_GLIB, "pointers only", WB_MPMC | WB_ANY_CAP,
        glib_open, glib_dispose, NULL, glib);
