/* SPDX-License-Identifier: MIT */
/* tests/pipeline/window.c - PIPE3: what is in flight stays within the window, and nobody waits for room that there is; in each way to run it. */
#include "cases.h"
#include "lines.h"

/* ---- PIPE3 ------------------------------------------------------------------------------------------------- */

struct gate {
    weir_au32 open, inside, most;
};

static int at_gate(const void *in, void *out, weir_ctx *ctx, void *arg) {
    struct gate *g = arg;
    uint32_t n = weir_fetch_add_relaxed(&g->inside, 1) + 1;
    if (n > weir_load_relaxed(&g->most)) weir_store_relaxed(&g->most, n);
    while (!weir_load_acquire(&g->open, 0) && weir_ctx_err(ctx) == 0) sleep_ms(1);
    (void)weir_fetch_sub_relaxed(&g->inside, 1);
    return stage_pass(in, out, NULL, NULL);
}

/* Nothing leaves: the sends stop at the window, and go on when it does. */
void pipe3_window(void) {
    for (enum way w = 0; w < WAYS; w++)
        for (int shut = 0; shut < 2; shut++) { /* at the gate; or for want of receives */
            struct gate g = { .open = { !shut } };
            struct weir_stage stages[] = { STAGE(stage_pass, NULL, 1, false),
                                           STAGE(at_gate, &g, 2, true) };
            struct line l;
            uint64_t v = 0, sent = 0, n = 0;
            stages[0].buffer = 3;
            stages[1].buffer = 2;
            line_init(&l, w);
            l.opts.out_buffer = 4;
            line_open(&l, stages, 2);
            CHECK_IS(weir_pipeline_window(l.p), 3 + 1 + 2 + 2 + 4);
            for (weir_time until = weir_after(20 * MS); weir_now() < until;) {
                int rc = weir_pipeline_send_wait(l.p, &sent, weir_after(MS), NULL);
                if (rc == 0) sent++;
                CHECK(rc == 0 || rc == WEIR_ETIMEDOUT, "%d", rc);
            }
            CHECK(sent >= 1 && sent <= 12, "%llu sent", (unsigned long long)sent);
            CHECK_IS(weir_pipeline_try_send(l.p, &sent), WEIR_EAGAIN);
            weir_store_release(&g.open, 1, 0);
            struct source s;
            source_start(&s, l.p, sent, 50, 8);
            while (weir_pipeline_recv(l.p, &v) == 0) CHECK_IS(v, n++);
            CHECK_IS(n, sent + 50);
            CHECK_IS(call_end(&s.call), 50);
            CHECK(weir_load_relaxed(&g.most) <= 2, "%u at once", weir_load_relaxed(&g.most));
            CHECK_IS(weir_pipeline_wait(l.p), 0);
            line_close(&l);
        }
}

/* One thread, which sends as much as there is room for and then receives one: it never stands still. */
void pipe3_lockstep(void) {
    for (enum way w = 0; w < WAYS; w++) {
        struct weir_stage stages[] = { STAGE(stage_some, NULL, 2, true) };
        struct line l;
        uint64_t v, in = 0, sent = 0;
        stages[0].buffer = 2;
        line_init(&l, w);
        l.opts.errors = WEIR_ERRORS_DROP;
        l.opts.out_buffer = 1;
        line_open(&l, stages, 1);
        while (sent < 200 && checks_hold()) {
            int rc = weir_pipeline_send_wait(l.p, &sent, weir_after(MS), NULL);
            if (rc == 0) sent++;
            if (rc == WEIR_ETIMEDOUT)
                in += weir_pipeline_recv_wait(l.p, &v, weir_after(1000 * MS), NULL) == 0;
        }
        CHECK_IS(weir_pipeline_close(l.p), 0);
        CHECK_IS(weir_pipeline_close(l.p), WEIR_ECLOSED);
        CHECK_IS(weir_pipeline_send(l.p, &sent), WEIR_ECLOSED);
        while (weir_pipeline_recv(l.p, &v) == 0) in++;
        CHECK_IS(weir_pipeline_wait(l.p), 0);
        CHECK_IS(line_check(l.p, 1, sent).out, in);
        line_close(&l);
    }
}

/* As many calls at once as there are workers, though a batch would be faster. */
void pipe3_workers(void) {
    for (enum way w = 0; w < WAYS; w++) {
        if (w == WAY_POOL) continue;
        struct gate g = { .open = { 0 } };
        const struct weir_stage stages[] = { STAGE(at_gate, &g, 4, false) };
        struct line l;
        uint64_t v[8] = { 0 };
        line_init(&l, w);
        line_open(&l, stages, 1);
        CHECK_IS(weir_pipeline_send_many_wait(l.p, v, 8, WEIR_FOREVER, NULL), 8);
        for (int i = 0; i < 5000 && weir_load_relaxed(&g.inside) < 4; i++) sleep_ms(1);
        CHECK_IS(weir_load_relaxed(&g.inside), 4);
        weir_store_release(&g.open, 1, 0);
        CHECK_IS(weir_pipeline_close(l.p), 0);
        CHECK_IS(weir_pipeline_wait(l.p), 0);
        CHECK_IS(weir_load_relaxed(&g.most), 4);
        line_close(&l);
    }
}

/* ---- several who wait to send ------------------------------------------------------------------------------- */

static int64_t send_one(void *p) {
    uint64_t v = 7;
    return weir_pipeline_send(p, &v);
}

struct waiting_calls {
    struct call call[3];
    size_t n;
};
static bool one_is_through(void *calls) {
    const struct waiting_calls *c = calls;
    size_t done = 0;
    for (size_t i = 0; i < 3; i++) done += call_done(&((struct waiting_calls *)calls)->call[i]);
    return done >= c->n;
}

/* For each result that is received one of them is let in, also where the last receive was long ago. */
void pipe3_senders(void) {
    for (enum way w = 0; w < WAYS; w++) {
        struct weir_stage stages[] = { STAGE(stage_pass, NULL, 1, false) };
        struct waiting_calls c = { .n = 0 };
        struct line l;
        uint64_t v = 7;
        stages[0].buffer = 15;
        line_init(&l, w);
        l.opts.out_buffer = 16;
        line_open(&l, stages, 1);
        while (weir_pipeline_send_wait(l.p, &v, weir_after(20 * MS), NULL) == 0) continue;
        for (size_t i = 0; i < 3; i++) {
            call_start(&c.call[i], send_one, l.p);
            CHECK(call_sleeps(&c.call[i]), "it was sent, although there is no room");
        }
        for (c.n = 1; c.n <= 3; c.n++) {
            CHECK_IS(weir_pipeline_recv(l.p, &v), 0);
            CHECK(comes_true(one_is_through, &c), "room for %zu, and they wait", c.n);
        }
        (void)weir_pipeline_close(l.p);
        for (size_t i = 0; i < 3; i++) CHECK_IS(call_end(&c.call[i]), 0);
        while (weir_pipeline_recv(l.p, &v) == 0) continue;
        CHECK_IS(weir_pipeline_wait(l.p), 0);
        line_close(&l);
    }
}
