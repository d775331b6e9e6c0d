/* SPDX-License-Identifier: MIT */
/* tests/pipeline/pipeline.c - PIPE1 to PIPE9, in each way to run a pipeline. */
#include <pthread.h>
#include <string.h>

#include "lines.h"

/* ---- PIPE1 ------------------------------------------------------------------------------------------------- */

/* Multiples of 5 are skipped, of 7 have failed. */
static int some(const void *in, void *out, weir_ctx *ctx, void *arg) {
    uint64_t v = *(const uint64_t *)in;
    if (v % 5 == 0) return WEIR_SKIP;
    if (v % 7 == 0) return WEIR_ENOENT;
    return stage_pass(in, out, ctx, arg);
}

static void outcomes(enum way way, unsigned workers, bool ordered, uint64_t n, size_t many) {
    const struct weir_stage stages[] = { STAGE(stage_pass, NULL, workers, ordered),
                                         STAGE(some, NULL, workers, ordered),
                                         STAGE(stage_pass, NULL, 1, ordered) };
    struct line l;
    struct source s;
    uint64_t v[16], got = 0, sum = 0, want = 0, want_sum = 0, skipped = 0;
    for (uint64_t i = 0; i < n; i++) {
        skipped += i % 5 == 0;
        want += i % 5 != 0 && i % 7 != 0;
        want_sum += i % 5 != 0 && i % 7 != 0 ? i : 0;
    }
    line_init(&l, way);
    l.opts.errors = WEIR_ERRORS_DROP;
    line_open(&l, stages, 3);
    source_start(&s, l.p, 0, n, many);
    ptrdiff_t k;
    while ((k = weir_pipeline_recv_many_wait(l.p, v, 16, WEIR_FOREVER, NULL)) > 0)
        for (ptrdiff_t i = 0; i < k; i++) {
            got++;
            sum += v[i];
        }
    CHECK_IS(k, WEIR_ECLOSED);
    CHECK_IS(call_end(&s.call), n);
    CHECK_IS(weir_pipeline_wait(l.p), 0);
    CHECK_IS(got, want);
    CHECK_IS(sum, want_sum);
    struct weir_stage_stats st = WEIR_STAGE_STATS, end = line_check(l.p, 3, n);
    CHECK_IS(end.out, want);
    CHECK_IS(weir_pipeline_read_stats(l.p, 1, &st), 0);
    CHECK_IS(st.skipped, skipped);
    CHECK_IS(st.failed, n - want - skipped);
    CHECK_IS(st.cancelled, 0);
    line_close(&l);
}

static void pipe1_outcomes(void) {
    for (enum way w = 0; w < WAYS; w++) {
        outcomes(w, 1, false, times(2000), 0);
        outcomes(w, 3, false, times(2000), 7);
        outcomes(w, 3, true, times(2000), 64);
    }
}

/* Cancelled half-way: what was sent was received, skipped, or dropped. */
static void pipe1_cancelled(void) {
    for (size_t round = 0; round < times(40); round++) {
        enum way w = (enum way)(round % WAYS);
        weir_au32 drops = { 0 }, drops_out = { 0 };
        const struct weir_stage stages[] = {
            { .fn = some,
              .arg = &drops,
              .in_size = 8,
              .out_size = 8,
              .workers = 2,
              .ordered = round % 8 < 4,
              .drop = count_drop },
            { .fn = stage_pass,
              .arg = &drops,
              .in_size = 8,
              .out_size = 8,
              .workers = 2,
              .drop = count_drop },
        };
        struct line l;
        struct source s;
        uint64_t v, got = 0, stop_at = rng_below(200);
        line_init(&l, w);
        l.opts.errors = WEIR_ERRORS_DROP;
        l.opts.drop = count_drop;
        l.opts.drop_arg = &drops_out;
        line_open(&l, stages, 2);
        source_start(&s, l.p, 0, 1000000, round % 3 ? 16 : 0);
        while (got < stop_at && weir_pipeline_recv(l.p, &v) == 0) got++;
        CHECK_IS(weir_ctx_cancel(weir_pipeline_ctx(l.p), 0), 0);
        CHECK_IS(weir_pipeline_wait(l.p), WEIR_ECANCELED);
        uint64_t sent = (uint64_t)call_end(&s.call);
        struct weir_stage_stats a = WEIR_STAGE_STATS, b = a, end = line_check(l.p, 2, sent);
        CHECK_IS(weir_pipeline_read_stats(l.p, 0, &a), 0);
        CHECK_IS(weir_pipeline_read_stats(l.p, 1, &b), 0);
        CHECK_IS(end.out, got);
        CHECK_IS(end.waiting, 0);
        CHECK_IS(sent, got + a.skipped + a.failed + a.cancelled + b.cancelled + end.cancelled);
        CHECK_IS(weir_load_relaxed(&drops), a.cancelled + b.cancelled);
        CHECK_IS(weir_load_relaxed(&drops_out), end.cancelled);
        line_close(&l);
    }
}

/* ---- PIPE2 ------------------------------------------------------------------------------------------------- */

static void order(enum way way, unsigned workers, unsigned batch, bool skips) {
    struct weir_stage stages[] = { STAGE(stage_unsteady, NULL, workers, true),
                                   STAGE(skips ? some : stage_pass, NULL, workers, true) };
    struct line l;
    struct source s;
    uint64_t v, next = 0, n = times(1000);
    stages[0].batch = stages[1].batch = batch;
    line_init(&l, way);
    l.opts.errors = WEIR_ERRORS_DROP;
    line_open(&l, stages, 2);
    source_start(&s, l.p, 0, n, batch);
    while (weir_pipeline_recv(l.p, &v) == 0) {
        while (skips && (next % 5 == 0 || next % 7 == 0)) next++;
        if (!CHECK(v == next, "%llu instead of %llu", (unsigned long long)v,
                   (unsigned long long)next))
            break;
        next++;
    }
    while (skips && next < n && (next % 5 == 0 || next % 7 == 0)) next++;
    CHECK_IS(next, n);
    CHECK_IS(call_end(&s.call), n);
    line_close(&l);
}

static void pipe2_ordered(void) {
    for (enum way w = 0; w < WAYS; w++) {
        order(w, 4, 1, false);
        order(w, 4, 7, true);
        order(w, 2, 0, true);
        order(w, 1, 0, false);
    }
}

/* An unordered one: each comes once. The first waits until the last has come through. */
static weir_au32 last_came;
static int first_waits(const void *in, void *out, weir_ctx *ctx, void *arg) {
    uint64_t v = *(const uint64_t *)in;
    while (v == 0 && !weir_load_acquire(&last_came, 0) && checks_hold()) sleep_ms(1);
    return stage_pass(in, out, ctx, arg);
}

static void pipe2_unordered(void) {
    enum { N = 40 };
    for (enum way w = 0; w < WAYS; w++) {
        if (w == WAY_POOL) continue; /* one thread: nothing goes on beside the first */
        struct weir_stage stages[] = { STAGE(first_waits, NULL, 2, false) };
        struct line l;
        struct source s;
        uint64_t v, seen = 0;
        stages[0].batch = 1;
        weir_store_relaxed(&last_came, 0);
        line_init(&l, w);
        line_open(&l, stages, 1);
        source_start(&s, l.p, 0, N, 0);
        for (int i = 0; i < N; i++) {
            CHECK_IS(weir_pipeline_recv_wait(l.p, &v, weir_after(10000 * MS), NULL), 0);
            seen += v;
            CHECK((v == 0) == (i == N - 1), "%llu at %d", (unsigned long long)v, i);
            if (v == N - 1) weir_store_release(&last_came, 1, 0);
        }
        CHECK_IS(seen, N * (N - 1) / 2);
        CHECK_IS(call_end(&s.call), N);
        line_close(&l);
    }
}

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
static void pipe3_window(void) {
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
static void pipe3_lockstep(void) {
    for (enum way w = 0; w < WAYS; w++) {
        struct weir_stage stages[] = { STAGE(some, NULL, 2, true) };
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
static void pipe3_workers(void) {
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

/* ---- PIPE4, PIPE5 ------------------------------------------------------------------------------------------ */

static int fails_from(const void *in, void *out, weir_ctx *ctx, void *arg) {
    uint64_t v = *(const uint64_t *)in;
    if (v >= *(const uint64_t *)arg)
        return weir_wrap(weir_fail(WEIR_ENOENT, "nothing at %llu", (unsigned long long)v), "look");
    return stage_pass(in, out, ctx, NULL);
}

static void pipe4_cancel(void) {
    for (enum way w = 0; w < WAYS; w++) {
        uint64_t from = 50, v;
        struct weir_stage stages[] = { STAGE(stage_pass, NULL, 1, false),
                                       STAGE(fails_from, &from, 1, false) };
        struct line l;
        struct source s;
        struct weir_error err;
        bool ended = false;
        stages[1].name = "finder";
        line_init(&l, w);
        line_open(&l, stages, 2);
        source_start(&s, l.p, 0, 1000000, 16);
        int rc;
        while ((rc = weir_pipeline_recv(l.p, &v)) == 0)
            CHECK(v < 50, "%llu", (unsigned long long)v);
        CHECK_IS(rc, WEIR_ECANCELED);
        CHECK_IS(weir_ctx_cause(weir_pipeline_ctx(l.p)), WEIR_ENOENT);
        CHECK(call_end(&s.call) < 1000000, "all were sent");
        for (int i = 0; i < 2; i++) { /* any number of times */
            rc = weir_pipeline_wait_wait(l.p, &ended, WEIR_FOREVER, NULL);
            CHECK_IS(rc, WEIR_ENOENT);
            CHECK(ended, "it has not ended");
            weir_error_take(rc, &err);
            CHECK(strcmp(err.text, "stage finder: look: nothing at 50") == 0, "\"%s\"", err.text);
        }
        struct weir_stage_stats st = WEIR_STAGE_STATS;
        CHECK_IS(weir_pipeline_read_stats(l.p, 1, &st), 0);
        CHECK_IS(st.failed, 1);
        line_close(&l);
    }
}

static void pipe4_collect(void) {
    enum { N = 300 };
    for (enum way w = 0; w < WAYS; w++) {
        const struct weir_stage stages[] = { STAGE(some, NULL, 2, false),
                                             STAGE(some, NULL, 1, false) };
        struct line l;
        struct source s;
        struct weir_pipeline_error e[N];
        struct weir_error err;
        uint64_t v;
        bool seen[N] = { false };
        line_init(&l, w);
        l.opts.errors = WEIR_ERRORS_COLLECT;
        line_open(&l, stages, 2);
        source_start(&s, l.p, 0, N, 10);
        while (weir_pipeline_recv(l.p, &v) == 0) continue;
        CHECK_IS(call_end(&s.call), N);
        int rc = weir_pipeline_wait(l.p);
        CHECK_IS(rc, WEIR_ENOENT);
        weir_error_take(rc, &err);
        CHECK(strcmp(err.text, "stage 0: no such key") == 0, "\"%s\"", err.text);
        size_t n = weir_pipeline_errors(l.p, e, N), want = 0;
        CHECK_IS(weir_pipeline_errors(l.p, NULL, 0), n);
        for (size_t i = 0; i < n; i++) {
            CHECK(e[i].input < N && !seen[e[i].input], "input %llu",
                  (unsigned long long)e[i].input);
            CHECK(e[i].stage == 0 && e[i].error.code == WEIR_ENOENT, "stage %zu", e[i].stage);
            seen[e[i].input] = true;
        }
        for (uint64_t i = 0; i < N; i++) {
            bool fails = i % 5 != 0 && i % 7 == 0;
            want += fails;
            CHECK(seen[i] == fails, "input %llu", (unsigned long long)i);
        }
        CHECK_IS(n, want);
        line_close(&l);
    }
}

static int odd_code(const void *in, void *out, weir_ctx *ctx, void *arg) {
    (void)stage_pass(in, out, ctx, arg);
    return 2;
}

static void pipe5_text(void) {
    for (enum way w = 0; w < WAYS; w++) {
        const struct weir_stage stages[] = { STAGE(stage_pass, NULL, 1, false),
                                             STAGE(odd_code, NULL, 2, false) };
        struct line l;
        struct weir_error err;
        uint64_t v = 1;
        line_init(&l, w);
        line_open(&l, stages, 2);
        CHECK_IS(weir_pipeline_send(l.p, &v), 0);
        int rc = weir_pipeline_wait(l.p);
        CHECK_IS(rc, WEIR_EINVAL);
        weir_error_take(rc, &err);
        CHECK(strcmp(err.text, "stage 1: its function has returned 2") == 0, "\"%s\"", err.text);
        line_close(&l);
    }
}

/* ---- PIPE6, PIPE7, PIPE8 ------------------------------------------------------------------------------------ */

static bool as_before(void *n) { return threads_now() <= *(int *)n; }

static void pipe6_threads(void) {
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

static void pipe6_parent(void) {
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

static void pipe7_few(void) {
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

static void pipe7_refused(void) {
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

static void pipe8_leaves_nothing(void) {
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

/* ---- PIPE9, and what a stage may do to its thread ------------------------------------------------------------ */

static void count_one(weir_au32 *n) { (void)weir_fetch_add_relaxed(n, 1); }
static int count_task(weir_ctx *ctx, void *n) {
    (void)ctx;
    count_one(n);
    return 0;
}
struct submitter {
    struct line *line;
    weir_au32 ran;
};
static int submits(const void *in, void *out, weir_ctx *ctx, void *arg) {
    struct submitter *s = arg;
    int rc = weir_go(&s->line->on, count_task, ctx, &s->ran);
    return rc < 0 ? rc : stage_pass(in, out, ctx, NULL);
}

static void pipe9_submits(void) {
    enum { N = 200 };
    struct line l;
    struct submitter s = { &l, { 0 } };
    const struct weir_stage stages[] = { STAGE(submits, &s, 2, true),
                                         STAGE(submits, &s, 1, false) };
    struct source source;
    uint64_t v, n = 0;
    line_init(&l, WAY_POOL);
    line_open(&l, stages, 2);
    source_start(&source, l.p, 0, N, 16);
    while (weir_pipeline_recv(l.p, &v) == 0) CHECK_IS(v, n++);
    CHECK_IS(n, N);
    CHECK_IS(call_end(&source.call), N);
    CHECK_IS(weir_pipeline_wait(l.p), 0);
    line_close(&l); /* waits for the tasks */
    CHECK_IS(weir_load_relaxed(&s.ran), 2 * N);
}

static weir_pipeline *own;
static int waits_for_itself(const void *in, void *out, weir_ctx *ctx, void *arg) {
    (void)arg;
    if (weir_pipeline_wait(own) != WEIR_EDEADLK || weir_pipeline_free(own) != WEIR_EDEADLK)
        return WEIR_ENOENT;
    return stage_pass(in, out, ctx, NULL);
}

static void pipe9_itself(void) {
    for (enum way w = 0; w < WAYS; w++) {
        const struct weir_stage stages[] = { STAGE(waits_for_itself, NULL, 1, false) };
        struct line l;
        uint64_t v = 3;
        line_init(&l, w);
        line_open(&l, stages, 1);
        own = l.p;
        CHECK_IS(weir_pipeline_send(l.p, &v), 0);
        CHECK_IS(weir_pipeline_recv(l.p, &v), 0);
        line_close(&l);
    }
}

/* 3 of each 100 end their thread; the others go through, in order. */
static int exits(const void *in, void *out, weir_ctx *ctx, void *arg) {
    uint64_t v = *(const uint64_t *)in;
    if (v % 33 == 7) pthread_exit(NULL);
    return stage_pass(in, out, ctx, arg);
}

static void thread_exit(void) {
    for (enum way w = 0; w < WAYS; w++) {
        if (w == WAY_POOL) continue;
        const struct weir_stage stages[] = { STAGE(exits, NULL, 2, true),
                                             STAGE(stage_pass, NULL, 1, true) };
        struct line l;
        struct source s;
        struct weir_pipeline_error e[50];
        uint64_t v, next = 0, n = times(500);
        line_init(&l, w);
        l.opts.errors = WEIR_ERRORS_COLLECT;
        line_open(&l, stages, 2);
        source_start(&s, l.p, 0, n, 64);
        while (weir_pipeline_recv(l.p, &v) == 0) {
            next += next % 33 == 7;
            CHECK_IS(v, next++);
        }
        next += next < n && next % 33 == 7;
        CHECK_IS(next, n);
        CHECK_IS(call_end(&s.call), n);
        CHECK_IS(weir_pipeline_wait(l.p), WEIR_ECANCELED);
        size_t k = weir_pipeline_errors(l.p, e, 50);
        CHECK_IS(k, (n + 25) / 33);
        for (size_t i = 0; i < k && i < 50; i++) CHECK_IS(e[i].input % 33, 7);
        CHECK(strcmp(e[0].error.text, "stage 0: its function has ended its thread") == 0, "\"%s\"",
              e[0].error.text);
        (void)line_check(l.p, 2, n);
        line_close(&l);
    }
}

/* An executor that refuses from some task on: the pipeline ends with its code, and nothing is lost from the count. */
static void refusing_executor(void) {
    for (uint32_t from = 1; from < 12; from++) {
        weir_au32 drops = { 0 };
        struct weir_stage stages[] = { STAGE(stage_pass, &drops, 1, false),
                                       STAGE(stage_pass, &drops, 2, true) };
        struct line l;
        uint64_t v, sent = 0, got = 0;
        int rc = 0;
        stages[0].drop = stages[1].drop = count_drop;
        line_init(&l, WAY_EXEC);
        counting_exec_init(&l.exec, from, WEIR_ESTOPPED);
        l.on = l.exec.as;
        l.opts.drop = count_drop;
        l.opts.drop_arg = &drops;
        line_open(&l, stages, 2);
        while (rc == 0 && checks_hold()) {
            rc = weir_pipeline_send(l.p, &sent);
            sent += rc == 0 || rc == WEIR_ESTOPPED; /* that one is the pipeline's */
            if (rc == 0) rc = weir_pipeline_recv(l.p, &v);
            got += rc == 0;
        }
        CHECK(rc == WEIR_ESTOPPED || rc == WEIR_ECANCELED, "%d", rc);
        CHECK_IS(weir_pipeline_wait(l.p), WEIR_ESTOPPED);
        CHECK_IS(line_check(l.p, 2, sent).out, got);
        CHECK_IS(weir_load_relaxed(&drops), sent - got);
        line_close(&l);
    }
}

/* One that runs tasks in the thread that submits them: sends do the work. */
static int run_here(void *self, weir_task_fn *fn, weir_ctx *ctx, void *arg) {
    (void)self;
    (void)fn(ctx, arg);
    return 0;
}

static void inline_executor(void) {
    const weir_exec here = { run_here, NULL };
    const struct weir_stage stages[] = { STAGE(stage_pass, NULL, 2, true),
                                         STAGE(some, NULL, 1, false),
                                         STAGE(stage_pass, NULL, 3, false) };
    struct line l;
    uint64_t v, next = 1;
    line_init(&l, WAY_THREADS);
    l.opts.on = &here;
    l.opts.errors = WEIR_ERRORS_DROP;
    line_open(&l, stages, 3);
    for (uint64_t i = 0; i < 100; i++) {
        CHECK_IS(weir_pipeline_send(l.p, &i), 0);
        if (i % 5 == 0 || i % 7 == 0) continue;
        CHECK_IS(weir_pipeline_try_recv(l.p, &v), 0);
        CHECK_IS(v, i);
        next = i + 1;
    }
    CHECK_IS(next, 100);
    CHECK_IS(weir_pipeline_close(l.p), 0);
    CHECK_IS(weir_pipeline_wait(l.p), 0);
    (void)line_check(l.p, 3, 100);
    line_close(&l);
}

/* A sink: nothing is to be received, and nobody has to. */
static int sum_up(const void *in, void *out, weir_ctx *ctx, void *sum) {
    (void)out;
    (void)ctx;
    (void)weir_fetch_add_relaxed((weir_au64 *)sum, *(const uint64_t *)in);
    return 0;
}

static void sinks(void) {
    for (enum way w = 0; w < WAYS; w++) {
        weir_au64 sum = { 0 };
        const struct weir_stage stages[] = {
            STAGE(stage_pass, NULL, 2, false),
            { .fn = sum_up, .arg = &sum, .in_size = 8, .workers = 2 },
        };
        struct line l;
        struct source s;
        uint64_t v, n = times(5000);
        line_init(&l, w);
        line_open(&l, stages, 2);
        CHECK_IS(weir_pipeline_recv(l.p, &v), WEIR_ECLOSED);
        source_start(&s, l.p, 0, n, 64);
        CHECK_IS(call_end(&s.call), n);
        CHECK_IS(weir_pipeline_wait(l.p), 0);
        CHECK_IS(weir_load_relaxed(&sum), n * (n - 1) / 2);
        CHECK_IS(line_check(l.p, 2, n).out, n);
        line_close(&l);
    }
}

static const struct test tests[] = {
    { "PIPE1 each input has one outcome, and the statistics add up", pipe1_outcomes },
    { "PIPE1 also where it is cancelled half-way", pipe1_cancelled },
    { "PIPE2 ordered: outputs leave in the order of the inputs", pipe2_ordered },
    { "PIPE2 unordered: a slow one holds up no other, and each comes once", pipe2_unordered },
    { "PIPE3 what is in flight stays within the window", pipe3_window },
    { "PIPE3 one thread that sends and receives never stands still", pipe3_lockstep },
    { "PIPE3 as many calls at once as there are workers", pipe3_workers },
    { "PIPE4 the first error cancels", pipe4_cancel },
    { "PIPE4 collect: each error with its input and stage", pipe4_collect },
    { "PIPE5 the origin text, also of what no function should return", pipe5_text },
    { "PIPE6 close drains, cancel does not; both end all threads", pipe6_threads },
    { "PIPE6 the end of the parent ends it", pipe6_parent },
    { "PIPE7 none, one and two inputs", pipe7_few },
    { "PIPE7 what is refused at construction", pipe7_refused },
    { "PIPE8 a consumer that stops and cancels leaves nothing behind", pipe8_leaves_nothing },
    { "PIPE9 a stage submits to the pool of one thread that runs it", pipe9_submits },
    { "PIPE9 a stage that waits for its pipeline is told so", pipe9_itself },
    { "PIPE thread: a function that ends its thread in mid-batch", thread_exit },
    { "PIPE executor: one that refuses", refusing_executor },
    { "PIPE executor: one that runs tasks in the caller", inline_executor },
    { "PIPE sink: a last stage without results", sinks },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "pipeline", tests, sizeof tests / sizeof *tests);
}
