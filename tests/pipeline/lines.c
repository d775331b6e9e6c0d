/* SPDX-License-Identifier: MIT */
/* tests/pipeline/lines.c - see lines.h. */
#include "lines.h"

#include <dirent.h>

static const char *const names[WAYS] = { "threads", "executor", "pool of one", "mutex" };

void line_init(struct line *l, enum way way) {
    *l = (struct line){ .way = way, .opts = WEIR_PIPELINE_OPTS };
    check_context("%s", names[way]);
    if (way == WAY_MUTEX) l->opts.kind = WEIR_PIPELINE_MUTEX;
    if (way == WAY_EXEC) {
        counting_exec_init(&l->exec, 0, 0);
        l->on = l->exec.as;
        l->opts.on = &l->on;
    }
    if (way == WAY_POOL) {
        struct weir_pool_opts o = WEIR_POOL_OPTS(1);
        line_init_on(l, &o);
    }
}

void line_init_on(struct line *l, const struct weir_pool_opts *o) {
    *l = (struct line){ .way = WAY_POOL, .opts = WEIR_PIPELINE_OPTS };
    CHECK_IS(weir_pool_new(&l->pool, o), 0);
    l->on = weir_pool_exec(l->pool);
    l->opts.on = &l->on;
}

void line_open(struct line *l, const struct weir_stage *stages, size_t n) {
    CHECK_IS(weir_pipeline_new(&l->p, stages, n, &l->opts), 0);
}

void line_close(struct line *l) {
    CHECK_IS(weir_pipeline_free(l->p), 0);
    if (l->pool) CHECK_IS(weir_pool_free(l->pool), 0);
}

static int64_t source_main(void *arg) {
    struct source *s = arg;
    uint64_t sent = 0, batch[64];
    while (sent < s->n) {
        uint64_t k = s->n - sent < s->many ? s->n - sent : s->many;
        for (uint64_t i = 0; i < k; i++) batch[i] = s->first + sent + i;
        batch[0] = s->first + sent;
        ptrdiff_t rc = k ? weir_pipeline_send_many_wait(s->p, batch, k, WEIR_FOREVER, NULL)
                         : weir_pipeline_send(s->p, batch);
        if (rc < 0) break;
        sent += k ? (uint64_t)rc : 1;
    }
    (void)weir_pipeline_close(s->p);
    return (int64_t)sent;
}

void source_start(struct source *s, weir_pipeline *p, uint64_t first, uint64_t n, size_t many) {
    s->p = p;
    s->first = first;
    s->n = n;
    s->many = many;
    call_start(&s->call, source_main, s);
}

int stage_pass(const void *in, void *out, weir_ctx *ctx, void *arg) {
    (void)ctx;
    (void)arg;
    *(uint64_t *)out = *(const uint64_t *)in;
    return 0;
}

int stage_add(const void *in, void *out, weir_ctx *ctx, void *arg) {
    (void)ctx;
    *(uint64_t *)out = *(const uint64_t *)in + *(const uint64_t *)arg;
    return 0;
}

int stage_some(const void *in, void *out, weir_ctx *ctx, void *arg) {
    uint64_t v = *(const uint64_t *)in;
    if (v % 5 == 0) return WEIR_SKIP;
    if (v % 7 == 0) return WEIR_ENOENT;
    return stage_pass(in, out, ctx, arg);
}

int stage_unsteady(const void *in, void *out, weir_ctx *ctx, void *arg) {
    uint64_t v = *(const uint64_t *)in;
    if (v * UINT64_C(0x9E3779B97F4A7C15) >> 59 == 0) sleep_ms(1);
    return stage_pass(in, out, ctx, arg);
}

struct weir_stage_stats line_check(weir_pipeline *p, size_t n, uint64_t sent) {
    struct weir_stage_stats s = WEIR_STAGE_STATS;
    uint64_t in = sent;
    for (size_t i = 0; i <= n; i++) {
        CHECK_IS(weir_pipeline_read_stats(p, i, &s), 0);
        CHECK(s.in == in, "stage %zu got %llu of %llu", i, (unsigned long long)s.in,
              (unsigned long long)in);
        CHECK_IS(s.in, s.out + s.skipped + s.failed + s.cancelled + s.waiting);
        if (i < n) CHECK_IS(s.waiting, 0);
        in = s.out;
    }
    return s;
}

int threads_now(void) {
    DIR *d = opendir("/proc/self/task");
    int n = 0;
    CHECK(d != NULL, "no /proc");
    if (!d) return 0;
    while (readdir(d)) n++;
    (void)closedir(d);
    return n;
}
