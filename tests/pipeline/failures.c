/* SPDX-License-Identifier: MIT */
/* tests/pipeline/failures.c - PIPE4 and PIPE5: failures, and their texts; in each way to run it. */
#include <string.h>

#include "cases.h"
#include "lines.h"

/* ---- PIPE4, PIPE5 ------------------------------------------------------------------------------------------ */

static int fails_from(const void *in, void *out, weir_ctx *ctx, void *arg) {
    uint64_t v = *(const uint64_t *)in;
    if (v >= *(const uint64_t *)arg)
        return weir_wrap(weir_fail(WEIR_ENOENT, "nothing at %llu", (unsigned long long)v), "look");
    return stage_pass(in, out, ctx, NULL);
}

void pipe4_cancel(void) {
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

void pipe4_collect(void) {
    enum { N = 300 };
    for (enum way w = 0; w < WAYS; w++) {
        const struct weir_stage stages[] = { STAGE(stage_some, NULL, 2, false),
                                             STAGE(stage_some, NULL, 1, false) };
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

void pipe5_text(void) {
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
