/* SPDX-License-Identifier: MIT */
/* tests/chan/ctx.c - contexts: X01 to X17, X21. Trees and threads: ctx_trees.c; in calls that wait:
 * ctx_wait.c. */
#include "ctx_cases.h"

#include "chan.h"

#include <weir/mpmc.h>

#include <string.h>

weir_ctx *ctx_open_cause(weir_ctx *parent, weir_time deadline, int cause) {
    weir_ctx *ctx = NULL;
    CHECK_IS(weir_ctx_new_cause(&ctx, parent, deadline, cause), 0);
    return ctx;
}

bool ctx_is(weir_ctx *ctx, int err, int cause) {
    return CHECK_IS(weir_ctx_err(ctx), err) && CHECK_IS(weir_ctx_cause(ctx), cause);
}

bool ctx_ready(weir_ctx *ctx) {
    struct weir_case c = { weir_ctx_waitable(ctx), NULL, WEIR_RECV, 0, 0 };
    ptrdiff_t i = weir_select(&c, 1, WEIR_NOW, NULL, 0);
    CHECK(i == 0 || i == WEIR_EAGAIN, "select returned %td", i);
    if (i == 0) CHECK_IS(c.result, weir_ctx_err(ctx));
    return i == 0;
}

void pass(weir_time deadline) {
    while (weir_now() <= deadline) sleep_ms(1);
}

/* ---- X01 to X04 ------------------------------------------------------------------------------------------------ */

static void x01_background(void) {
    static const char key;
    weir_ctx *two[] = { NULL, weir_ctx_background() };
    CHECK(two[1], "no background");
    CHECK(weir_ctx_background() == two[1], "another one");
    count_misuse(true);
    for (int i = 0; i < 2; i++) {
        ctx_is(two[i], 0, 0);
        CHECK_IS(weir_ctx_deadline(two[i]), WEIR_FOREVER);
        CHECK(!weir_ctx_waitable(two[i]), "a waitable of what never ends");
        CHECK(!weir_ctx_value(two[i], &key), "a value");
        CHECK_IS(weir_ctx_cancel(two[i], 5), WEIR_EINVAL);
        CHECK(weir_ctx_ref(two[i]) == two[i], "another one");
        weir_ctx_unref(two[i]); /* no-ops, as often as one likes */
        weir_ctx_unref(two[i]);
        CHECK(!ctx_ready(two[i]), "ready");
        ctx_is(two[i], 0, 0);
    }
    CHECK_IS(misuse_counted(), 2);
    count_misuse(false);
    weir_ctx *child = ctx_open(two[1], WEIR_FOREVER);
    CHECK_IS(weir_ctx_cancel(child, 0), 0);
    ctx_is(two[1], 0, 0);
    weir_ctx_unref(child);
}

static void x02_cancel(void) {
    weir_ctx *c = ctx_open(NULL, WEIR_FOREVER);
    CHECK(!ctx_ready(c), "ready");
    ctx_is(c, 0, 0);
    CHECK_IS(weir_ctx_deadline(c), WEIR_FOREVER);
    CHECK_IS(weir_ctx_cancel(c, 0), 0);
    CHECK(ctx_ready(c), "not ready");
    ctx_is(c, WEIR_ECANCELED, WEIR_ECANCELED);
    weir_ctx_unref(c);
}

struct cancelling {
    weir_ctx *c;
    weir_au32 done;
};

/* Each cancels with a cause of its own; whoever has returned sees the end, and one cause for all. */
static void cancel_member(void *arg, size_t i) {
    struct cancelling *s = arg;
    random_delay();
    for (int k = 0; k < 3; k++) {
        CHECK_IS(weir_ctx_cancel(s->c, 100 + (int)i), 0);
        int cause = weir_ctx_cause(s->c);
        CHECK_IS(weir_ctx_err(s->c), WEIR_ECANCELED);
        CHECK(cause >= 100 && cause < 104, "cause %d", cause);
        CHECK_IS(weir_ctx_cause(s->c), cause);
    }
    (void)weir_fetch_add_relaxed(&s->done, 1);
}

static void x03_idempotent(void) {
    for (size_t k = times(50); k > 0 && checks_hold(); k--) {
        struct cancelling s = { .c = ctx_open(NULL, WEIR_FOREVER) };
        team_run(4, cancel_member, &s);
        CHECK_IS(weir_load_relaxed(&s.done), 4);
        int cause = weir_ctx_cause(s.c);
        CHECK_IS(weir_ctx_cancel(s.c, 7), 0);
        ctx_is(s.c, WEIR_ECANCELED, cause);
        weir_ctx_unref(s.c);
    }
}

static void x04_stable(void) {
    weir_ctx *c[] = { ctx_open(NULL, WEIR_FOREVER), ctx_open(NULL, weir_after(MS)) };
    for (int i = 0; i < 2; i++) {
        weir_waitable *w = weir_ctx_waitable(c[i]);
        int err = i ? WEIR_ETIMEDOUT : WEIR_ECANCELED;
        CHECK(w, "no waitable");
        CHECK(i || weir_ctx_err(c[i]) == 0, "ended too early");
        if (i)
            pass(weir_ctx_deadline(c[i]));
        else
            CHECK_IS(weir_ctx_cancel(c[i], 0), 0);
        for (int k = 0; k < 5; k++) {
            ctx_is(c[i], err, err);
            CHECK_IS(weir_ctx_cancel(c[i], 50 + k), 0);
            CHECK(weir_ctx_waitable(c[i]) == w, "another waitable");
            CHECK(ctx_ready(c[i]), "not ready");
        }
        weir_ctx_unref(c[i]);
    }
    CHECK(weir_ctx_waitable(NULL) == NULL, "a waitable");
}

/* ---- X06 to X08 -------------------------------------------------------------------------------------------------- */

/* By a cancel and by the clock, below it at once or two floors down. */
static void x06_as_parent(void) {
    for (int by_clock = 0; by_clock < 2; by_clock++) {
        weir_ctx *p = ctx_open_cause(NULL, by_clock ? weir_after(MS) : WEIR_FOREVER, 31);
        weir_ctx *c = ctx_open_cause(p, WEIR_FOREVER, 32), *g = ctx_open_cause(c, WEIR_FOREVER, 33);
        int err = by_clock ? WEIR_ETIMEDOUT : WEIR_ECANCELED, cause = by_clock ? 31 : 41;
        if (by_clock)
            pass(weir_ctx_deadline(p));
        else
            CHECK_IS(weir_ctx_cancel(p, 41), 0);
        ctx_is(g, err, cause); /* the lowest is asked first */
        ctx_is(c, err, cause);
        ctx_is(p, err, cause);
        weir_ctx_unref(p);
        weir_ctx_unref(c);
        ctx_is(g, err, cause);
        weir_ctx_unref(g);
    }
}

static void x07_others_untouched(void) {
    weir_ctx *p = ctx_open(NULL, WEIR_FOREVER), *c[3], *below = NULL;
    for (int i = 0; i < 3; i++) c[i] = ctx_open(p, WEIR_FOREVER);
    below = ctx_open(c[0], WEIR_FOREVER);
    CHECK_IS(weir_ctx_cancel(c[1], 9), 0);
    ctx_is(c[1], WEIR_ECANCELED, 9);
    ctx_is(p, 0, 0);
    ctx_is(c[0], 0, 0);
    ctx_is(c[2], 0, 0);
    ctx_is(below, 0, 0);
    CHECK(!ctx_ready(p) && !ctx_ready(c[0]) && !ctx_ready(c[2]), "ready");
    CHECK_IS(weir_ctx_cancel(p, 10), 0); /* the others, later, as they should */
    ctx_is(c[1], WEIR_ECANCELED, 9);
    ctx_is(c[0], WEIR_ECANCELED, 10);
    ctx_is(below, WEIR_ECANCELED, 10);
    for (int i = 0; i < 3; i++) weir_ctx_unref(c[i]);
    weir_ctx_unref(below);
    weir_ctx_unref(p);
}

static void x08_born_cancelled(void) {
    static const char key;
    for (int by_clock = 0; by_clock < 2; by_clock++) {
        weir_ctx *p = ctx_open_cause(NULL, by_clock ? 1 : WEIR_FOREVER, 21), *c, *v = NULL;
        int err = by_clock ? WEIR_ETIMEDOUT : WEIR_ECANCELED, cause = by_clock ? 21 : 22;
        if (!by_clock) CHECK_IS(weir_ctx_cancel(p, 22), 0);
        c = ctx_open_cause(p, weir_after(1000 * MS), 23);
        CHECK_IS(weir_ctx_with_value(&v, p, &key, p), 0);
        CHECK(ctx_ready(c) && ctx_ready(v), "not ready");
        ctx_is(c, err, cause);
        ctx_is(v, err, cause);
        CHECK_IS(weir_ctx_cancel(c, 24), 0);
        ctx_is(c, err, cause);
        weir_ctx_unref(p);
        weir_ctx_unref(c);
        weir_ctx_unref(v);
    }
}

/* ---- X09 to X11 -------------------------------------------------------------------------------------------------- */

static void x09_earlier_counts(void) {
    weir_time soon = weir_after(3 * MS), later = weir_after(3600000 * MS);
    weir_ctx *p = ctx_open_cause(NULL, soon, 61), *c = ctx_open_cause(p, later, 62);
    weir_ctx *q = ctx_open_cause(NULL, later, 63), *d = ctx_open_cause(q, soon, 64);
    CHECK_IS(weir_ctx_deadline(c), soon);
    CHECK_IS(weir_ctx_deadline(d), soon);
    CHECK_IS(weir_ctx_deadline(q), later);
    CHECK(weir_ctx_err(c) == 0 || weir_now() >= soon, "ended early");
    pass(soon);
    ctx_is(c, WEIR_ETIMEDOUT, 61);
    ctx_is(d, WEIR_ETIMEDOUT, 64);
    ctx_is(q, 0, 0);
    weir_ctx_unref(p), weir_ctx_unref(c), weir_ctx_unref(q), weir_ctx_unref(d);
}

/* The one that nobody has asked yet when it begins is a grandchild without a deadline of its own. */
static weir_ctx *inherited(weir_time at) {
    static const char key;
    weir_ctx *p = ctx_open_cause(NULL, at, 65), *v = NULL, *c = NULL;
    CHECK_IS(weir_ctx_with_value(&v, p, &key, NULL), 0);
    CHECK_IS(weir_ctx_new(&c, v, WEIR_FOREVER), 0);
    weir_ctx_unref(p), weir_ctx_unref(v);
    return c;
}

static void nothing(void *arg) { (void)arg; }

/* Whoever finds an inherited deadline passed takes a lock of the tree: every way to find it. */
static void x09_inherited(void) {
    for (int way = 0; way < 6; way++) {
        weir_ctx *c = inherited(weir_after(MS)), *child = NULL;
        uint64_t v = 1;
        weir_mpmc *r = NULL;
        struct weir_ring_opts o = WEIR_RING_OPTS(1, sizeof v);
        weir_after_func *a = NULL;
        pass(weir_ctx_deadline(c));
        check_context("way %d", way);
        if (way == 0) CHECK(ctx_ready(c), "not ready");
        if (way == 1) CHECK_IS(weir_ctx_cancel(c, 66), 0);
        if (way == 2) {
            CHECK_IS(weir_ctx_new(&child, c, WEIR_FOREVER), 0);
            ctx_is(child, WEIR_ETIMEDOUT, 65);
            weir_ctx_unref(child);
        } else if (way == 3) {
            CHECK_IS(weir_mpmc_new(&r, &o), 0);
            CHECK_IS(weir_mpmc_pop_wait(r, &v, WEIR_FOREVER, c), WEIR_ETIMEDOUT);
            CHECK_IS(weir_mpmc_free(r), 0);
        } else if (way == 4) {
            CHECK_IS(weir_ctx_after_func(c, nothing, NULL, &a), 0);
            weir_after_func_free(a);
        }
        ctx_is(c, WEIR_ETIMEDOUT, 65);
        weir_ctx_unref(c);
    }
}

static void x10_past(void) {
    const weir_time past[] = { WEIR_NOW, 1, -1, INT64_MIN, weir_now() - 1 };
    for (size_t i = 0; i < 5; i++) {
        weir_ctx *c = ctx_open_cause(NULL, past[i], i % 2 ? 71 : 0);
        check_context("deadline %lld", (long long)past[i]);
        CHECK(ctx_ready(c), "not ready");
        ctx_is(c, WEIR_ETIMEDOUT, i % 2 ? 71 : WEIR_ETIMEDOUT);
        CHECK_IS(weir_ctx_deadline(c), past[i]);
        weir_ctx_unref(c);
    }
}

static void x11_first_stays(void) {
    for (int asked = 0; asked < 2;
         asked++) { /* whether anybody learned of the end before the cancel */
        weir_ctx *a = ctx_open_cause(NULL, weir_after(MS), 81);
        weir_ctx *b = ctx_open_cause(NULL, weir_after(30 * MS), 82);
        CHECK_IS(weir_ctx_cancel(b, 83), 0);
        bool in_time = weir_now() < weir_ctx_deadline(b);
        pass(weir_ctx_deadline(a));
        if (asked) CHECK_IS(weir_ctx_err(a), WEIR_ETIMEDOUT);
        CHECK_IS(weir_ctx_cancel(a, 84), 0);
        ctx_is(a, WEIR_ETIMEDOUT, 81);
        pass(weir_ctx_deadline(b));
        if (in_time) ctx_is(b, WEIR_ECANCELED, 83);
        CHECK_IS(weir_ctx_cancel(b, 85), 0);
        if (in_time) ctx_is(b, WEIR_ECANCELED, 83);
        weir_ctx_unref(a);
        weir_ctx_unref(b);
    }
}

/* ---- X13 to X15 -------------------------------------------------------------------------------------------------- */

static void x13_cause(void) {
    weir_ctx *c = ctx_open(NULL, WEIR_FOREVER), *plain = ctx_open(NULL, WEIR_FOREVER);
    CHECK_IS(weir_ctx_cause(c), 0);
    CHECK_IS(weir_ctx_cancel(c, 5), 0);
    ctx_is(c, WEIR_ECANCELED, 5);
    CHECK_IS(weir_ctx_cancel(c, 6), 0);
    CHECK_IS(weir_ctx_cancel(c, 0), 0);
    ctx_is(c, WEIR_ECANCELED, 5);
    CHECK_IS(weir_ctx_cancel(plain, 0), 0);
    CHECK_IS(weir_ctx_cancel(plain, 7), 0);
    ctx_is(plain, WEIR_ECANCELED, WEIR_ECANCELED);
    weir_ctx_unref(c);
    weir_ctx_unref(plain);
}

static void x14_no_cause(void) {
    weir_ctx *c = ctx_open(NULL, WEIR_FOREVER), *late = ctx_open(NULL, 1);
    CHECK_IS(weir_ctx_cancel(c, 0), 0);
    CHECK_IS(weir_ctx_cause(c), weir_ctx_err(c));
    CHECK_IS(weir_ctx_cause(late), WEIR_ETIMEDOUT);
    CHECK_IS(weir_ctx_cause(late), weir_ctx_err(late));
    weir_ctx_unref(c);
    weir_ctx_unref(late);
}

static void x15_timeout_cause(void) {
    weir_ctx *fired = ctx_open_cause(NULL, weir_after(MS), 91);
    weir_ctx *stopped = ctx_open_cause(NULL, weir_after(3600000 * MS), 92);
    weir_ctx *named = ctx_open_cause(NULL, weir_after(3600000 * MS), 93);
    CHECK_IS(weir_ctx_cancel(stopped, 0), 0);
    ctx_is(stopped, WEIR_ECANCELED, WEIR_ECANCELED);
    CHECK_IS(weir_ctx_cancel(named, 94), 0);
    ctx_is(named, WEIR_ECANCELED, 94);
    pass(weir_ctx_deadline(fired));
    ctx_is(fired, WEIR_ETIMEDOUT, 91);
    weir_ctx_unref(fired), weir_ctx_unref(stopped), weir_ctx_unref(named);
}

/* ---- X16 X17 ------------------------------------------------------------------------------------------------------ */

static void x16_values(void) {
    static const char k1, k2, k3;
    int a, b, c;
    weir_ctx *one = NULL, *two = NULL, *three = NULL, *none = NULL, *bad = (weir_ctx *)(void *)&a;
    CHECK_IS(weir_ctx_with_value(&one, NULL, &k1, &a), 0);
    none = ctx_open(one, WEIR_FOREVER);
    CHECK_IS(weir_ctx_with_value(&two, none, &k2, &b), 0);
    CHECK_IS(weir_ctx_with_value(&three, two, &k1, &c), 0);
    CHECK(weir_ctx_value(three, &k1) == &c, "the nearest wins");
    CHECK(weir_ctx_value(three, &k2) == &b && weir_ctx_value(two, &k1) == &a, "the others");
    CHECK(weir_ctx_value(none, &k1) == &a && weir_ctx_value(one, &k1) == &a, "from above");
    CHECK(!weir_ctx_value(one, &k2) && !weir_ctx_value(three, &k3), "from nowhere");
    CHECK(!weir_ctx_value(three, NULL), "of no key");
    CHECK_IS(weir_ctx_with_value(&bad, three, NULL, &a), WEIR_EINVAL);
    CHECK(!bad, "*out is not NULL");
    weir_ctx_unref(one); /* those below keep it */
    weir_ctx_unref(none);
    CHECK(weir_ctx_value(three, &k1) == &c && weir_ctx_value(two, &k1) == &a, "after an unref");
    CHECK_IS(weir_ctx_cancel(two, 3), 0); /* they end as others do, and keep their values */
    ctx_is(three, WEIR_ECANCELED, 3);
    CHECK(weir_ctx_value(three, &k2) == &b, "after the end");
    weir_ctx_unref(two);
    weir_ctx_unref(three);
}

static void x17_without_cancel(void) {
    static const char k1;
    int a;
    weir_ctx *v = NULL, *w = NULL, *child, *p = ctx_open(NULL, weir_after(2 * MS));
    CHECK_IS(weir_ctx_with_value(&v, p, &k1, &a), 0);
    CHECK_IS(weir_ctx_without_cancel(&w, v), 0);
    child = ctx_open(w, WEIR_FOREVER);
    CHECK_IS(weir_ctx_deadline(w), WEIR_FOREVER);
    CHECK_IS(weir_ctx_deadline(child), WEIR_FOREVER);
    CHECK(weir_ctx_value(w, &k1) == &a && weir_ctx_value(child, &k1) == &a, "values");
    pass(weir_ctx_deadline(p));
    CHECK_IS(weir_ctx_cancel(p, 0), 0);
    ctx_is(v, WEIR_ETIMEDOUT, WEIR_ETIMEDOUT);
    ctx_is(w, 0, 0);
    ctx_is(child, 0, 0);
    weir_ctx_unref(p);
    weir_ctx_unref(v);
    CHECK(weir_ctx_value(child, &k1) == &a, "values of parents that were given back");
    CHECK_IS(weir_ctx_cancel(w, 4), 0); /* it can itself be cancelled */
    ctx_is(child, WEIR_ECANCELED, 4);
    weir_ctx_unref(w);
    weir_ctx_unref(child);
    CHECK_IS(weir_ctx_without_cancel(&w, NULL), 0);
    ctx_is(w, 0, 0);
    weir_ctx_unref(w);
}

/* ---- bad input ----------------------------------------------------------------------------------------------------- */

static void x_bad_arguments(void) {
    static const char key;
    weir_ctx *p = ctx_open(NULL, WEIR_FOREVER);
    count_misuse(true);
    CHECK_IS(weir_ctx_new(NULL, p, WEIR_FOREVER), WEIR_EINVAL);
    CHECK_IS(weir_ctx_new(NULL, NULL, WEIR_FOREVER), WEIR_EINVAL);
    CHECK_IS(weir_ctx_new_cause(NULL, p, WEIR_FOREVER, 1), WEIR_EINVAL);
    CHECK_IS(weir_ctx_with_value(NULL, p, &key, p), WEIR_EINVAL);
    CHECK_IS(weir_ctx_with_value(NULL, p, NULL, p), WEIR_EINVAL);
    CHECK_IS(weir_ctx_without_cancel(NULL, p), WEIR_EINVAL);
    CHECK_IS(weir_ctx_cancel(NULL, 1), WEIR_EINVAL);
    count_misuse(false);
    ctx_is(p, 0, 0);
    for (int i = 0; i < 5; i++) CHECK(weir_ctx_ref(p) == p, "another one");
    for (int i = 0; i < 5; i++) weir_ctx_unref(p);
    ctx_is(p, 0, 0);
    weir_ctx_unref(p);
}

static const struct test tests[] = {
    { "X01 background: never done, no deadline, no error", x01_background },
    { "X02 cancel: done, and the error is ECANCELED", x02_cancel },
    { "X03 cancel is idempotent, from many threads", x03_idempotent },
    { "X04 err is none before the end and stable after it, one waitable", x04_stable },
    { "X04 X11 err of a child by the clock stays when its parent is cancelled",
      x04_child_by_clock },
    { "X05 X07 cancel ends all below before it returns, and none besides", x05_all_below },
    { "X05 a chain, and a broad tree", x05_large },
    { "X05 X08 cancel against children that are made meanwhile", x05_against_new },
    { "X06 a child's error and cause are its parent's", x06_as_parent },
    { "X07 cancel of a child touches neither parent nor siblings", x07_others_untouched },
    { "X08 a child of an ended parent is born ended", x08_born_cancelled },
    { "X09 the earlier deadline is reported and applied", x09_earlier_counts },
    { "X09 an inherited deadline, whoever finds that it has passed", x09_inherited },
    { "X10 a deadline in the past: born done", x10_past },
    { "X11 expiry then cancel, cancel then expiry: the first stays", x11_first_stays },
    { "X12 children of one parent, cancelled and given back: constant memory",
      x12_constant_memory },
    { "X13 cause: the first wins, none is ECANCELED", x13_cause },
    { "X14 no explicit cause: the error", x14_no_cause },
    { "X15 a timeout's cause is used only if it fires", x15_timeout_cause },
    { "X15 the cause is that of the deadline that came first", x15_first_deadline },
    { "X16 values: the nearest wins, no key is an error", x16_values },
    { "X17 without cancel: no end, no deadline, the values", x17_without_cancel },
    { "X21 a callback cancels, derives and gives back the same context", x21_callbacks },
    { "X ordering: what came before a cancel is seen after it", x_ordering },
    { "X threads derive, cancel, expire and give back", x_threads },
    { "X bad arguments: EINVAL", x_bad_arguments },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "ctx", tests, sizeof tests / sizeof *tests);
}
