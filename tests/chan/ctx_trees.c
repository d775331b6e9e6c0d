/* SPDX-License-Identifier: MIT */
/* tests/chan/ctx_trees.c - contexts in trees, and of many threads: X04 X05 X08 X12 X15 X21. */
#include "ctx_cases.h"

#include <stdlib.h>
#include <string.h>

/* ---- deadlines of parent and child, both passed ------------------------------------------------------------- */

/* Whoever asked the child was told that its own deadline has ended it; a later cancel of its parent, which is
 * live, changes nothing of that. */
void x04_child_by_clock(void) {
    for (int below = 0; below < 2; below++) { /* the same one floor further down */
        weir_ctx *p = ctx_open(NULL, WEIR_FOREVER), *c = ctx_open_cause(p, weir_after(MS), 11);
        weir_ctx *g = ctx_open(c, WEIR_FOREVER), *asked = below ? g : c;
        pass(weir_ctx_deadline(c));
        CHECK_IS(weir_ctx_err(asked), WEIR_ETIMEDOUT);
        CHECK(ctx_ready(asked), "not ready");
        CHECK_IS(weir_ctx_cancel(p, 12), 0);
        ctx_is(p, WEIR_ECANCELED, 12);
        ctx_is(asked, WEIR_ETIMEDOUT, 11);
        ctx_is(c, WEIR_ETIMEDOUT, 11);
        weir_ctx_unref(g), weir_ctx_unref(c), weir_ctx_unref(p);
    }
}

/* Both deadlines have passed when somebody looks, at the parent first: the child's came first. */
void x15_first_deadline(void) {
    weir_ctx *p = ctx_open_cause(NULL, weir_after(4 * MS), 13);
    weir_ctx *c = ctx_open_cause(p, weir_after(MS), 14);
    pass(weir_ctx_deadline(p));
    ctx_is(p, WEIR_ETIMEDOUT, 13);
    ctx_is(c, WEIR_ETIMEDOUT, 14);
    weir_ctx_unref(c);
    weir_ctx_unref(p);
}

/* ---- X05 -------------------------------------------------------------------------------------------------------- */

#define NODES 1500

void x05_all_below(void) {
    static weir_ctx *node[NODES];
    static size_t up[NODES];
    static bool under[NODES];
    for (size_t k = times(12); k > 0 && checks_hold(); k--) {
        size_t top = 1 + rng_below(k % 2 ? 10 : NODES - 1);
        for (size_t i = 0; i < NODES; i++) {
            up[i] = i ? (k % 3 ? rng_below(i) : i - 1 - rng_below(i < 3 ? i : 3)) : 0;
            node[i] = ctx_open(i ? node[up[i]] : NULL, WEIR_FOREVER);
            under[i] = i == top || (i > top && under[up[i]]);
        }
        CHECK_IS(weir_ctx_cancel(node[top], 15), 0);
        for (size_t i = 0; i < NODES; i++)
            if (!ctx_is(node[i], under[i] ? WEIR_ECANCELED : 0, under[i] ? 15 : 0)) break;
        for (size_t i = 0; i < NODES; i++) { /* in an order that has nothing to do with the tree */
            size_t j = i + rng_below(NODES - i);
            weir_ctx *c = node[j];
            node[j] = node[i];
            weir_ctx_unref(c);
        }
        memset(under, 0, sizeof under);
    }
}

/* Each the child of the one before; then all of one. Nothing recurses. */
void x05_large(void) {
    size_t n = times(100000);
    weir_ctx **c = calloc(n, sizeof *c);
    if (!CHECK(c, "no memory")) return;
    for (int chain = 0; chain < 2; chain++) {
        for (size_t i = 0; i < n; i++)
            c[i] = ctx_open(i ? c[chain ? i - 1 : 0] : NULL, WEIR_FOREVER);
        CHECK_IS(weir_ctx_err(c[n - 1]), 0);
        CHECK_IS(weir_ctx_cancel(c[0], 16), 0);
        for (size_t i = 0; i < n; i++)
            if (!ctx_is(c[i], WEIR_ECANCELED, 16)) break;
        for (size_t i = 0; i < n; i++)
            weir_ctx_unref(c[i]); /* the last one frees the whole chain */
    }
    free(c);
}

/* Some derive while another cancels: whatever was made, before or after, has ended once cancel has
 * returned. */
struct against {
    weir_ctx *top;
    weir_ctx *made[3][40];
};

static void against_member(void *arg, size_t i) {
    struct against *a = arg;
    if (i == 3) {
        random_delay();
        CHECK_IS(weir_ctx_cancel(a->top, 17), 0);
        return;
    }
    for (size_t k = 0; k < 40; k++)
        a->made[i][k] = ctx_open(k % 4 ? a->made[i][rng_below(k)] : a->top, WEIR_FOREVER);
}

void x05_against_new(void) {
    for (size_t k = times(50); k > 0 && checks_hold(); k--) {
        struct against a = { .top = ctx_open(NULL, WEIR_FOREVER) };
        team_run(4, against_member, &a);
        for (size_t i = 0; i < 3; i++) {
            for (size_t j = 0; j < 40; j++) {
                ctx_is(a.made[i][j], WEIR_ECANCELED, 17);
                weir_ctx_unref(a.made[i][j]);
            }
        }
        weir_ctx_unref(a.top);
    }
}

/* ---- X12 -------------------------------------------------------------------------------------------------------- */

void x12_constant_memory(void) {
    weir_ctx *p = ctx_open(NULL, WEIR_FOREVER);
    size_t before = 0;
    for (size_t k = 0; k < times(1000000) && checks_hold(); k++) {
        weir_ctx *c = ctx_open(p, k % 2 ? WEIR_FOREVER : weir_after(3600000 * MS));
        if (k % 3) CHECK_IS(weir_ctx_cancel(c, 0), 0); /* or only given back */
        weir_ctx_unref(c);
        if (k == 100) before = heap_in_use();
    }
    size_t after = heap_in_use();
    CHECK(after <= before, "%zu bytes more are in use", after - before);
    CHECK_IS(weir_ctx_err(p), 0);
    weir_ctx_unref(p);
}

/* ---- X21 -------------------------------------------------------------------------------------------------------- */

/* What a callback may do with the context that the call around it was made with. */
static void use(weir_ctx *ctx, int *calls) {
    weir_ctx *child = ctx_open(ctx, weir_after(MS));
    CHECK_IS(weir_ctx_cancel(ctx, 18), 0);
    ctx_is(ctx, WEIR_ECANCELED, 18);
    ctx_is(child, WEIR_ECANCELED, 18);
    weir_ctx_unref(child);
    weir_ctx_unref(weir_ctx_ref(ctx));
    ++*calls;
}

struct callback {
    weir_ctx *ctx;
    int calls;
};

static void on_drop(void *elem, void *arg) {
    struct callback *cb = arg;
    (void)elem;
    use(cb->ctx, &cb->calls);
}

static void on_misuse(const char *call, const char *what, void *arg) {
    struct callback *cb = arg;
    (void)call;
    (void)what;
    use(cb->ctx, &cb->calls);
}

/* weir's callbacks up to now: the drop function of a channel, and the report of misuse. */
void x21_callbacks(void) {
    struct callback cb = { ctx_open(NULL, WEIR_FOREVER), 0 };
    weir_chan *c = chan_open_drop(2, sizeof(uint64_t), on_drop, &cb);
    uint64_t v = 1;
    CHECK_IS(weir_chan_send_wait(c, &v, WEIR_FOREVER, cb.ctx), 0);
    CHECK_IS(weir_chan_send_wait(c, &v, WEIR_FOREVER, cb.ctx), 0);
    CHECK_IS(weir_chan_unref(c), 0);
    CHECK_IS(cb.calls, 2);
    weir_ctx_unref(cb.ctx);

    cb = (struct callback){ ctx_open(NULL, WEIR_FOREVER), 0 };
    struct weir_case bad = { weir_ctx_waitable(cb.ctx), NULL, 99, 0, 0 };
    weir_set_report(on_misuse, &cb);
    CHECK_IS(weir_select(&bad, 1, WEIR_FOREVER, cb.ctx, 0), WEIR_EINVAL);
    CHECK_IS(weir_ctx_cancel(NULL, 0), WEIR_EINVAL);
    weir_set_report(NULL, NULL);
    CHECK_IS(cb.calls, 2);
    weir_ctx_unref(cb.ctx);
}

/* ---- threads ------------------------------------------------------------------------------------------------------ */

/* Plain memory, written before the cancel, read by whoever learns of the end in any way. */
struct ordering {
    weir_ctx *top, *ctx;
    weir_chan *c;
    uint64_t plain;
};

static void ordering_member(void *arg, size_t i) {
    struct ordering *o = arg;
    unsigned failures = 0;
    uint64_t v;
    struct weir_case as_case = { weir_ctx_waitable(o->ctx), NULL, WEIR_RECV, 0, 0 };
    switch (i) {
        case 0:
            random_delay();
            o->plain = 19;
            CHECK_IS(weir_ctx_cancel(o->top, 19), 0);
            return;
        case 1:
            while (weir_ctx_err(o->ctx) == 0) give_way(&failures);
            break;
        case 2:
            while (weir_ctx_cause(o->ctx) == 0) give_way(&failures);
            CHECK_IS(weir_ctx_cause(o->ctx), 19);
            break;
        case 3:
            CHECK_IS(weir_chan_recv_wait(o->c, &v, WEIR_FOREVER, o->ctx), WEIR_ECANCELED);
            break;
        default: CHECK_IS(weir_select(&as_case, 1, WEIR_FOREVER, NULL, 0), 0); break;
    }
    CHECK_IS(o->plain, 19);
    CHECK_IS(weir_ctx_cause(o->ctx), 19);
}

void x_ordering(void) {
    for (size_t k = times(100); k > 0 && checks_hold(); k--) {
        struct ordering o = { .top = ctx_open(NULL, WEIR_FOREVER), .c = chan_open(0) };
        o.ctx = k % 2 ? ctx_open(o.top, WEIR_FOREVER) : weir_ctx_ref(o.top);
        points_delay(k % 4 == 0);
        team_run(5, ordering_member, &o);
        points_delay(false);
        weir_ctx_unref(o.ctx);
        weir_ctx_unref(o.top);
        chan_end(o.c);
    }
}

/* Everything at once, on one tree whose root goes last, or first. */
struct forest {
    weir_ctx *root;
    size_t n;
};

static void one_life(struct forest *f) {
    static const char key;
    weir_ctx *line[4] = { f->root };
    size_t depth = 1 + rng_below(3);
    for (size_t d = 1; d <= depth; d++) {
        if (rng_below(4) == 0)
            CHECK_IS(weir_ctx_with_value(&line[d], line[d - 1], &key, &line), 0);
        else
            line[d] = ctx_open(line[d - 1],
                               rng_below(2) ? WEIR_FOREVER : weir_after((int64_t)rng_below(20000)));
    }
    if (rng_below(2)) {
        size_t at = 1 + rng_below(depth);
        CHECK_IS(weir_ctx_cancel(line[at], 20), 0);
        for (size_t d = at; d <= depth; d++) {
            int err = weir_ctx_err(line[d]), cause = weir_ctx_cause(line[d]);
            CHECK(err == WEIR_ECANCELED || err == WEIR_ETIMEDOUT, "err %d", err);
            CHECK(cause == 20 || cause == WEIR_ETIMEDOUT, "cause %d", cause);
        }
    }
    (void)ctx_ready(line[depth]);
    for (size_t d = 1; d <= depth; d++) weir_ctx_unref(line[d]);
}

static void forest_member(void *arg, size_t i) {
    struct forest *f = arg;
    (void)i;
    for (size_t k = 0; k < f->n && checks_hold(); k++) one_life(f);
    weir_ctx_unref(f->root); /* each has a reference */
}

void x_threads(void) {
    for (int k = 0; k < 2; k++) {
        struct forest f = { ctx_open(NULL, WEIR_FOREVER), times(k ? 100 : 4000) };
        for (int i = 0; i < 3; i++) (void)weir_ctx_ref(f.root);
        points_delay(k);
        team_run(4, forest_member, &f);
        points_delay(false);
    }
}
