/* SPDX-License-Identifier: MIT */
/* bench/flow_plan.c - which kind of pool or pipeline has which case, and what the case is called; see flow.h. */
#include <stdio.h>
#include <string.h>

#include "flow.h"
#include "plan.h"

unsigned wb_flow_threads(const struct wb_shape *s) {
    return s->flow.stages ? s->flow.stages * s->flow.workers + 2 : s->flow.workers;
}

static bool has_test(unsigned can, enum wb_test test) {
    switch (test) {
        case WB_STREAM: return true;
        case WB_INSIDE: return (can & WB_FLOW_INSIDE) != 0;
        case WB_FIB: return (can & WB_FLOW_FIB) != 0;
        case WB_WAKE: return (can & WB_FLOW_WAKE) != 0;
        case WB_IDLE: return (can & WB_FLOW_IDLE) != 0;
        default: return false;
    }
}

bool wb_flow_has(const struct wb_flow *kind, const struct wb_case *c) {
    const struct wb_flow_shape *s = &c->shape.flow;
    bool order = s->stages == 0 || (kind->can & (s->ordered ? WB_FLOW_ORDERED : WB_FLOW_UNORDERED));
    return order && has_test(kind->can, c->test);
}

/* ---- names ------------------------------------------------------------------------------------------ */

/* test:fib/W:2, stages:3/W:2/work:100/ordered:1, W:2/write:5/keys:100000 */
void wb_flow_keys(char *out, size_t n, const struct wb_case *c) {
    const struct wb_flow_shape *s = &c->shape.flow;
    const char *test = c->test == WB_INSIDE ? "test:inside/"
                       : c->test == WB_FIB  ? "test:fib/"
                       : c->test == WB_WAKE ? "test:wake/"
                       : c->test == WB_IDLE ? "test:idle/"
                                            : "";
    size_t at = (size_t)snprintf(out, n, "%s", test);
    if (s->stages) at += (size_t)snprintf(out + at, n - at, "stages:%u/", s->stages);
    at += (size_t)snprintf(out + at, n - at, "W:%u", s->workers);
    if (c->test == WB_WAKE) at += (size_t)snprintf(out + at, n - at, "/gap:%u", c->shape.gap_ns);
    if (c->test == WB_IDLE) at += (size_t)snprintf(out + at, n - at, "/ms:%u", s->idle_ms);
    if (s->keys)
        at += (size_t)snprintf(out + at, n - at, "/write:%u/keys:%llu", s->write,
                               (unsigned long long)s->keys);
    else if (c->test == WB_STREAM || c->test == WB_INSIDE)
        at += (size_t)snprintf(out + at, n - at, "/work:%u", c->shape.work_ns);
    if (s->stages && !s->keys) (void)snprintf(out + at, n - at, "/ordered:%d", s->ordered);
}

/* ---- in words --------------------------------------------------------------------------------------- */

static void pool_words(char *out, size_t n, const struct wb_case *c) {
    char tasks[32] = "empty tasks";
    if (c->shape.work_ns) (void)snprintf(tasks, sizeof tasks, "tasks of %u ns", c->shape.work_ns);
    switch (c->test) {
        case WB_FIB: (void)snprintf(out, n, "fork and join, fib(%u)", WB_FIB_OF); return;
        case WB_WAKE: (void)snprintf(out, n, "a task for a worker that sleeps"); return;
        case WB_IDLE:
            (void)snprintf(out, n, "idle for %u ms (processor time of a second)",
                           c->shape.flow.idle_ms);
            return;
        default:
            (void)snprintf(out, n, "%s from %s", tasks,
                           c->test == WB_INSIDE ? "inside" : "outside");
    }
}

void wb_flow_words(char *out, size_t n, const struct wb_case *c) {
    const struct wb_flow_shape *s = &c->shape.flow;
    char what[80];
    if (s->keys)
        (void)snprintf(what, sizeof what, "%u %% writes, %lluk keys", s->write,
                       (unsigned long long)s->keys / 1000);
    else if (s->stages)
        (void)snprintf(what, sizeof what, "%u stages of %u ns%s", s->stages, c->shape.work_ns,
                       s->ordered ? ", in order" : "");
    else
        pool_words(what, sizeof what, c);
    const char *name = strcmp(c->structure, "serve") == 0 ? "a pool on a map"
                       : strcmp(c->structure, "log") == 0 ? "a pipeline on a map"
                       : s->stages                        ? "pipeline"
                                                          : "pool";
    (void)snprintf(out, n, "%s, %s, %u worker%s%s", name, what, s->workers,
                   s->workers == 1 ? "" : "s", s->stages ? " each" : "");
}
