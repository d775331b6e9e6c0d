/* SPDX-License-Identifier: MIT */
/* tests/regress/contexts.c - faults of contexts and select that a reader of the code found. Those that need an
 * interleaving are scenarios of the explorer (stress/explore/scenarios/found.c). */
#include <weir/chan.h>
#include <weir/ctx.h>

#include "../support/check.h"

#include <string.h>

/* An expired child keeps its error and cause when its parent is cancelled afterwards. */
static void expired_child(void) {
    weir_ctx *parent, *child;
    if (!CHECK(weir_ctx_new(&parent, NULL, WEIR_FOREVER) == 0, "no context")) return;
    if (!CHECK(weir_ctx_new_cause(&child, parent, weir_now() - 1, -22) == 0, "no context")) return;
    CHECK_IS(weir_ctx_err(child), WEIR_ETIMEDOUT);
    CHECK_IS(weir_ctx_cancel(parent, -5), 0);
    CHECK_IS(weir_ctx_err(parent), WEIR_ECANCELED);
    CHECK_IS(weir_ctx_cause(parent), -5);
    CHECK_IS(weir_ctx_err(child), WEIR_ETIMEDOUT);
    CHECK_IS(weir_ctx_cause(child), -22);
    weir_ctx_unref(child);
    weir_ctx_unref(parent);
}

/* Both have expired, each by its own deadline; whoever is asked first, each has its own cause. */
static void two_causes(void) {
    weir_ctx *parent, *child;
    weir_time soon = weir_after(2000000);
    if (!CHECK(weir_ctx_new_cause(&parent, NULL, soon, -11) == 0, "no context")) return;
    if (!CHECK(weir_ctx_new_cause(&child, parent, soon - 1000000, -22) == 0, "no context")) return;
    while (weir_now() < soon) continue;
    CHECK_IS(weir_ctx_cause(parent), -11);
    CHECK_IS(weir_ctx_cause(child), -22);
    weir_ctx *late;
    if (!CHECK(weir_ctx_new(&late, child, WEIR_FOREVER) == 0, "no context")) return;
    CHECK_IS(weir_ctx_err(late), WEIR_ETIMEDOUT);
    CHECK_IS(weir_ctx_cause(late), -22);
    weir_ctx_unref(late);
    weir_ctx_unref(child);
    weir_ctx_unref(parent);
}

/* Leaves this byte all over the stack below the caller. */
static size_t soil(int with) {
    char stack[16384];
    memset(stack, with, sizeof stack - 1);
    stack[sizeof stack - 1] = 0;
    return strlen(stack);
}

/* Whatever stands on the stack, a select of nothing looks at no case. */
static void nothing(void) {
    CHECK_IS(soil(0x41), 16383);
    CHECK_IS(weir_select(NULL, 0, weir_after(1000000), NULL, 0), WEIR_ETIMEDOUT);
    CHECK_IS(soil(0x81), 16383);
    CHECK_IS(weir_select(NULL, 0, WEIR_NOW, NULL, 0), WEIR_EAGAIN);
}

/* As the rings refuse it. */
static void half_an_allocator(void) {
    static const struct weir_alloc none = { NULL, NULL, NULL };
    struct weir_chan_opts o = WEIR_CHAN_OPTS(2, 8);
    weir_chan *c;
    o.alloc = &none;
    for (o.kind = 0; o.kind < 3; o.kind++) CHECK_IS(weir_chan_new(&c, &o), WEIR_EINVAL);
}

int main(int argc, char **argv) {
    static const struct test tests[] = {
        { "X11 an expired child stays expired when its parent is cancelled", expired_child },
        { "X15 parent and child expired, each with its cause", two_causes },
        { "S01 nothing to select, on a soiled stack", nothing },
        { "C01 an allocator without functions is refused", half_an_allocator },
    };
    return tests_main(argc, argv, "contexts", tests, sizeof tests / sizeof *tests);
}
