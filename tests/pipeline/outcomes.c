/* SPDX-License-Identifier: MIT */
/* tests/pipeline/outcomes.c - PIPE1 and PIPE2: what becomes of each input, and in which order; in each way to run it. */
#include "cases.h"
#include "lines.h"

/* ---- PIPE1 ------------------------------------------------------------------------------------------------- */

static void outcomes(enum way way, unsigned workers, bool ordered, uint64_t n, size_t many) {
    const struct weir_stage stages[] = { STAGE(stage_pass, NULL, workers, ordered),
                                         STAGE(stage_some, NULL, workers, ordered),
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

void pipe1_outcomes(void) {
    for (enum way w = 0; w < WAYS; w++) {
        outcomes(w, 1, false, times(2000), 0);
        outcomes(w, 3, false, times(2000), 7);
        outcomes(w, 3, true, times(2000), 64);
    }
}

/* Cancelled half-way: what was sent was received, skipped, or dropped. */
void pipe1_cancelled(void) {
    for (size_t round = 0; round < times(40); round++) {
        enum way w = (enum way)(round % WAYS);
        weir_au32 drops = { 0 }, drops_out = { 0 };
        const struct weir_stage stages[] = {
            { .fn = stage_some,
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

/* Looked at while elements go through: nothing is through that was not given, and no more waits than may be inside, and in
 * the batches that are through and whose worker has not said so. */
#define BATCHES (3 * 64)
struct looker {
    weir_pipeline *p;
    weir_au32 over;
};
static int64_t look_on(void *arg) {
    struct looker *l = arg;
    struct weir_stage_stats s = WEIR_STAGE_STATS;
    while (!weir_load_acquire(&l->over, 0) && checks_hold())
        for (size_t i = 0; i <= 2; i++) {
            CHECK_IS(weir_pipeline_read_stats(l->p, i, &s), 0);
            CHECK(s.waiting <= weir_pipeline_window(l->p) + BATCHES, "stage %zu: %lld wait", i,
                  (long long)s.waiting);
            CHECK_IS(s.in, s.out + s.skipped + s.failed + s.cancelled + s.waiting);
        }
    return 0;
}

void pipe1_looked_at(void) {
    for (enum way w = 0; w < WAYS; w++) {
        const struct weir_stage stages[] = { STAGE(stage_some, NULL, 1, false),
                                             STAGE(stage_pass, NULL, 2, true) };
        struct looker look = { .over = { 0 } };
        struct call call;
        struct line l;
        struct source s;
        uint64_t v, n = times(20000);
        line_init(&l, w);
        l.opts.errors = WEIR_ERRORS_DROP;
        line_open(&l, stages, 2);
        look.p = l.p;
        call_start(&call, look_on, &look);
        source_start(&s, l.p, 0, n, w % 2 ? 16 : 0);
        while (weir_pipeline_recv(l.p, &v) == 0) continue;
        CHECK_IS(call_end(&s.call), n);
        weir_store_release(&look.over, 1, 0);
        CHECK_IS(call_end(&call), 0);
        (void)line_check(l.p, 2, n);
        line_close(&l);
    }
}

/* ---- PIPE2 ------------------------------------------------------------------------------------------------- */

static void order(enum way way, unsigned workers, unsigned batch, bool skips) {
    struct weir_stage stages[] = { STAGE(stage_unsteady, NULL, workers, true),
                                   STAGE(skips ? stage_some : stage_pass, NULL, workers, true) };
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

void pipe2_ordered(void) {
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

void pipe2_unordered(void) {
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
