/* SPDX-License-Identifier: MIT */
/* tests/pipeline/ends.c - PIPE6 to PIPE8: how a pipeline begins and ends; in each way to run it. */
#include <string.h>

#include "cases.h"
#include "lines.h"

/* ---- PIPE6, PIPE7, PIPE8 ------------------------------------------------------------------------------------ */

static bool as_before(void *n) { return threads_now() <= *(int *)n; }

void pipe6_threads(void) {
    for (enum way w = 0; w < WAYS; w++)
        for (int cancels = 0; cancels < 2; cancels++) {
            const struct weir_stage stages[] = { STAGE(stage_pass, NULL, 3, true),
                                                 STAGE(stage_pass, NULL, 2, false) };
            struct line l;
            uint64_t v;
            int before = threads_now();
            line_init(&l, w);
            line_open(&l, stages, 2);
            for (uint64_t i = 0; i < 20; i++) CHECK_IS(weir_pipeline_send(l.p, &i), 0);
            if (cancels)
                CHECK_IS(weir_ctx_cancel(weir_pipeline_ctx(l.p), 0), 0);
            else
                CHECK_IS(weir_pipeline_close(l.p), 0);
            CHECK_IS(weir_pipeline_wait(l.p), cancels ? WEIR_ECANCELED : 0);
            int n = 0, rc;
            while ((rc = weir_pipeline_recv(l.p, &v)) == 0) n++;
            CHECK_IS(rc, cancels ? WEIR_ECANCELED : WEIR_ECLOSED);
            CHECK_IS(n, cancels ? 0 : 20);
            CHECK_IS(weir_pipeline_send(l.p, &v), cancels ? WEIR_ECANCELED : WEIR_ECLOSED);
            line_close(&l);
            CHECK(comes_true(as_before, &before), "%d threads, before %d", threads_now(), before);
        }
}

void pipe6_parent(void) {
    for (enum way w = 0; w < WAYS; w++) {
        const struct weir_stage stages[] = { STAGE(stage_pass, NULL, 1, false) };
        struct line l;
        uint64_t v;
        weir_time at = weir_after(5 * MS);
        line_init(&l, w);
        l.opts.ctx = ctx_open(NULL, at);
        line_open(&l, stages, 1);
        CHECK_IS(weir_pipeline_recv(l.p, &v), WEIR_ETIMEDOUT);
        CHECK(weir_now() >= at, "early");
        CHECK_IS(weir_pipeline_wait(l.p), WEIR_ETIMEDOUT);
        line_close(&l);
        weir_ctx_unref(l.opts.ctx);
    }
}

/* A call in mid-batch cancels: it is the last one. */
static int cancels_at_once(const void *in, void *out, weir_ctx *ctx, void *calls) {
    (void)weir_fetch_add_relaxed((weir_au32 *)calls, 1);
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    return stage_pass(in, out, ctx, NULL);
}

void pipe6_mid_batch(void) {
    enum { N = 64 };
    for (enum way w = 0; w < WAYS; w++) {
        weir_au32 calls = { 0 };
        struct weir_stage stages[] = { STAGE(cancels_at_once, &calls, 1, false) };
        struct weir_stage_stats st = WEIR_STAGE_STATS;
        struct line l;
        uint64_t v[N] = { 0 };
        stages[0].batch = N;
        line_init(&l, w);
        line_open(&l, stages, 1);
        ptrdiff_t sent = weir_pipeline_send_many_wait(l.p, v, N, WEIR_FOREVER, NULL);
        CHECK(sent > 0, "%td sent", sent);
        CHECK_IS(weir_pipeline_wait(l.p), WEIR_ECANCELED);
        CHECK_IS(weir_load_relaxed(&calls), 1);
        CHECK_IS(weir_pipeline_read_stats(l.p, 0, &st), 0);
        CHECK_IS(st.out, 1);
        CHECK_IS(st.cancelled, sent - 1);
        line_close(&l);
    }
}

/* Whoever waits after a cancel finds nothing left inside, although another one gives it to the drop functions; who does
 * not want to wait for that is told that it goes on. */
struct slow_end {
    weir_pipeline *p;
    weir_au32 inside, drops;
};
static int until_the_end(const void *in, void *out, weir_ctx *ctx, void *arg) {
    struct slow_end *s = arg;
    weir_store_release(&s->inside, 1, 0);
    while (weir_ctx_err(ctx) == 0) sleep_ms(1);
    return stage_pass(in, out, NULL, NULL);
}
static void drop_slowly(void *elem, void *arg) {
    struct slow_end *s = arg;
    CHECK_IS(weir_pipeline_wait(s->p), WEIR_EDEADLK);
    sleep_ms(5);
    count_drop(elem, &s->drops);
}
static int64_t drops_after_wait(void *arg) {
    struct slow_end *s = arg;
    CHECK_IS(weir_pipeline_wait(s->p), WEIR_ECANCELED);
    return weir_load_relaxed(&s->drops);
}
static bool in_a_call(void *arg) { return weir_load_acquire(&((struct slow_end *)arg)->inside, 0); }
static bool one_dropped(void *arg) { return weir_load_relaxed(&((struct slow_end *)arg)->drops); }

void pipe6_waits(void) {
    enum { N = 8 };
    for (enum way w = 0; w < WAYS; w++) {
        struct slow_end s = { .inside = { 0 } };
        struct weir_stage stages[] = { STAGE(until_the_end, &s, 1, false) };
        struct call waits[2];
        struct line l;
        uint64_t v = 0;
        bool ended = true;
        stages[0].batch = 1;
        stages[0].drop = drop_slowly;
        line_init(&l, w);
        l.opts.drop = drop_slowly;
        l.opts.drop_arg = &s;
        line_open(&l, stages, 1);
        s.p = l.p;
        for (int i = 0; i < N; i++) CHECK_IS(weir_pipeline_send(l.p, &v), 0);
        CHECK(comes_true(in_a_call, &s), "no call");
        for (int i = 0; i < 2; i++) call_start(&waits[i], drops_after_wait, &s);
        CHECK_IS(weir_ctx_cancel(weir_pipeline_ctx(l.p), 0), 0);
        CHECK(comes_true(one_dropped, &s), "nothing was dropped");
        int rc = weir_pipeline_wait_wait(l.p, &ended, WEIR_NOW, NULL);
        CHECK(rc == WEIR_EAGAIN || weir_load_relaxed(&s.drops) == N, "%d", rc);
        CHECK(ended == (rc != WEIR_EAGAIN), "%d", rc);
        for (int i = 0; i < 2; i++) CHECK_IS(call_end(&waits[i]), N);
        CHECK_IS(weir_pipeline_wait(l.p), WEIR_ECANCELED);
        line_close(&l);
        CHECK_IS(weir_load_relaxed(&s.drops), N);
    }
}

void pipe7_few(void) {
    for (enum way w = 0; w < WAYS; w++)
        for (uint64_t n = 0; n < 3; n++) {
            uint64_t add = 10, v;
            const struct weir_stage stages[] = { STAGE(stage_add, &add, 2, true),
                                                 STAGE(stage_add, &add, 1, false) };
            struct line l;
            bool ended = true;
            line_init(&l, w);
            line_open(&l, stages, 2);
            CHECK_IS(weir_pipeline_try_recv(l.p, &v), WEIR_EAGAIN);
            CHECK_IS(weir_pipeline_recv_wait(l.p, &v, weir_after(MS), NULL), WEIR_ETIMEDOUT);
            CHECK_IS(weir_pipeline_wait_wait(l.p, &ended, WEIR_NOW, NULL), WEIR_EAGAIN);
            CHECK(!ended, "it has ended");
            for (uint64_t i = 0; i < n; i++) CHECK_IS(weir_pipeline_send(l.p, &i), 0);
            CHECK_IS(weir_pipeline_close(l.p), 0);
            for (uint64_t i = 0; i < n; i++) {
                CHECK_IS(weir_pipeline_recv(l.p, &v), 0);
                CHECK_IS(v, i + 20);
            }
            CHECK_IS(weir_pipeline_recv(l.p, &v), WEIR_ECLOSED);
            CHECK_IS(weir_pipeline_try_recv(l.p, &v), WEIR_ECLOSED);
            CHECK_IS(weir_pipeline_wait(l.p), 0);
            line_close(&l);
        }
}

static void refuse(const struct weir_stage *stages, size_t n, const struct weir_pipeline_opts *o) {
    weir_pipeline *p = (weir_pipeline *)(void *)&n;
    CHECK_IS(weir_pipeline_new(&p, stages, n, o), WEIR_EINVAL);
    CHECK(!p, "a pipeline came");
}

void pipe7_refused(void) {
    const struct weir_stage good = STAGE(stage_pass, NULL, 1, false);
    struct weir_stage s[2] = { good, good };
    struct weir_pipeline_opts o = WEIR_PIPELINE_OPTS;
    struct weir_stage_stats st = WEIR_STAGE_STATS;
    weir_exec none = { NULL, NULL };
    uint64_t v = 0;
    CHECK_IS(weir_pipeline_new(NULL, s, 2, NULL), WEIR_EINVAL);
    refuse(NULL, 1, NULL);
    refuse(s, 0, NULL);
    refuse(s, 65, NULL);
#define BAD(field, value)   \
    do {                    \
        s[0].field = value; \
        refuse(s, 2, NULL); \
        s[0] = good;        \
    } while (0)
    BAD(fn, NULL);
    BAD(workers, 0);
    BAD(workers, 4097);
    BAD(in_size, 0);
    BAD(in_size, 65537);
    BAD(out_size, 0);
    BAD(out_size, 4);
    BAD(out_size, 65537);
    BAD(buffer, (1 << 20) + 1);
    BAD(batch, 1025);
#undef BAD
    o.kind = 2;
    refuse(s, 2, &o);
    o.kind = WEIR_PIPELINE_MUTEX;
    o.on = &none;
    refuse(s, 2, &o);
    o.kind = 0;
    refuse(s, 2, &o);
    o.on = NULL;
    o.errors = 3;
    refuse(s, 2, &o);
    o.errors = 0;
    o.out_buffer = (1 << 20) + 1;
    refuse(s, 2, &o);
    o.out_buffer = 0;
    o.size--;
    refuse(s, 2, &o);
    count_misuse(true);
    CHECK_IS(weir_pipeline_send(NULL, &v), WEIR_EINVAL);
    CHECK_IS(weir_pipeline_recv(NULL, &v), WEIR_EINVAL);
    CHECK_IS(weir_pipeline_close(NULL), WEIR_EINVAL);
    CHECK_IS(weir_pipeline_wait(NULL), WEIR_EINVAL);
    CHECK_IS(misuse_counted(), 4);
    count_misuse(false);
    CHECK_IS(weir_pipeline_read_stats(NULL, 0, &st), WEIR_EINVAL);
    CHECK_IS(weir_pipeline_free(NULL), 0);
    CHECK(!weir_pipeline_ctx(NULL) && weir_pipeline_window(NULL) == 0, "something of nothing");
}

/* Elements own memory: LeakSanitizer counts. */
static int make_block(const void *in, void *out, weir_ctx *ctx, void *arg) {
    (void)ctx;
    (void)arg;
    weir_ctx *c = NULL;
    if (weir_ctx_new(&c, NULL, WEIR_FOREVER) < 0) return WEIR_ENOMEM;
    *(weir_ctx **)out = c;
    return *(const uint64_t *)in == UINT64_MAX ? WEIR_SKIP : 0;
}
static int pass_block(const void *in, void *out, weir_ctx *ctx, void *arg) {
    (void)ctx;
    (void)arg;
    memcpy(out, in, sizeof(weir_ctx *));
    return 0;
}
static void drop_block(void *elem, void *arg) {
    (void)arg;
    weir_ctx_unref(*(weir_ctx **)elem);
}

void pipe8_leaves_nothing(void) {
    for (size_t round = 0; round < times(40); round++) {
        enum way w = (enum way)(round % WAYS);
        struct weir_stage stages[] = {
            { .fn = make_block, .in_size = 8, .out_size = sizeof(weir_ctx *), .workers = 2 },
            { .fn = pass_block,
              .in_size = sizeof(weir_ctx *),
              .out_size = sizeof(weir_ctx *),
              .workers = 2,
              .ordered = true,
              .drop = drop_block },
        };
        struct line l;
        struct source s;
        int before = threads_now();
        line_init(&l, w);
        l.opts.drop = drop_block;
        line_open(&l, stages, 2);
        source_start(&s, l.p, 0, 100000, round % 2 ? 32 : 0);
        for (uint64_t i = 0; i < round * 3; i++) {
            weir_ctx *c;
            CHECK_IS(weir_pipeline_recv(l.p, &c), 0);
            weir_ctx_unref(c);
        }
        (void)weir_ctx_cancel(weir_pipeline_ctx(l.p), 0);
        CHECK(call_end(&s.call) < 100000, "all were sent");
        line_close(&l);
        CHECK(comes_true(as_before, &before), "%d threads, before %d", threads_now(), before);
    }
}
