/* SPDX-License-Identifier: MIT */
/* flow/stream.c - see weir/stream.h: a pipeline of one ordered stage, whose elements are tasks, and whose results say
 * how they ended. Nothing is shared but what the pipeline shares. A failure's text is allocated where it arises, and goes
 * to who receives it; without memory for it the code is left, whose own text is weir_strerror's. */
#include <weir/stream.h>

#include <string.h>

#include "../lib/base.h"
#include "../lib/os.h"
#include "pipeline.h"

#define WORKERS 4
#define RESULT_MAX ((size_t)65504)
#define SMALL 512

struct weir_stream {
    weir_pipeline *line;
    size_t result_size;
    weir_drop_fn *drop;
    void *drop_arg;
    void (*unrun)(void *arg);
};

struct job {
    weir_stream_fn *fn;
    void *arg;
};

/* Before each result. */
struct outcome {
    int code;
    struct weir_error *err; /* of a failure; NULL: no memory */
};
#define AHEAD ((sizeof(struct outcome) + 15) / 16 * 16)

static size_t outcome_size(const weir_stream *s) { return AHEAD + (s->result_size + 15) / 16 * 16; }
static struct outcome *outcome_at(void *p) { return p; }

static void fail(struct outcome *o, int code) {
    o->code = code;
    o->err = weir__os_alloc(sizeof *o->err, _Alignof(struct weir_error));
    weir_error_take(code, o->err);
}

static int run(const void *in, void *out, weir_ctx *ctx, void *stream) {
    const struct job *j = in;
    struct outcome *o = outcome_at(out);
    (void)stream;
    o->code = 0;
    o->err = NULL;
    int rc = j->fn(ctx, j->arg, (char *)out + AHEAD);
    if (rc < 0) fail(o, rc);
    return 0;
}

static void exited(void *out) {
    fail(outcome_at(out), weir_fail(WEIR_ECANCELED, "the task has ended its thread"));
}

static void not_run(void *job, void *stream) {
    const weir_stream *s = stream;
    struct job j;
    memcpy(&j, job, sizeof j);
    if (s->unrun) s->unrun(j.arg);
}

static void not_received(void *out, void *stream) {
    const weir_stream *s = stream;
    struct outcome o;
    memcpy(&o, out, sizeof o);
    weir__os_free(o.err);
    if (o.code == 0 && s->drop) s->drop((char *)out + AHEAD, s->drop_arg);
}

int weir_stream_new(weir_stream **out, const struct weir_stream_opts *o) {
    if (!out) return WEIR_EINVAL;
    *out = NULL;
    if (!o || o->size != sizeof *o || o->result_size == 0 || o->result_size > RESULT_MAX)
        return WEIR_EINVAL;
    weir_stream *s = weir__os_alloc(sizeof *s, _Alignof(struct weir_stream));
    if (!s) return WEIR_ENOMEM;
    *s = (weir_stream){ NULL, o->result_size, o->drop, o->drop_arg, o->unrun };
    const struct weir_stage stage = { .fn = run,
                                      .arg = s,
                                      .in_size = sizeof(struct job),
                                      .out_size = outcome_size(s),
                                      .buffer = o->buffer,
                                      .workers = o->workers ? o->workers : WORKERS,
                                      .ordered = true,
                                      .batch = o->batch,
                                      .drop = not_run };
    struct weir_pipeline_opts p = WEIR_PIPELINE_OPTS;
    p.ctx = o->ctx;
    p.on = o->on;
    p.out_buffer = o->buffer;
    p.drop = not_received;
    p.drop_arg = s;
    int rc = weir_pipeline_new(&s->line, &stage, 1, &p);
    if (rc < 0) {
        weir__os_free(s);
        return rc;
    }
    s->line->exited = exited; /* before the first task */
    *out = s;
    return 0;
}

int weir_stream_go_wait(weir_stream *s, weir_stream_fn *fn, void *arg, weir_time deadline,
                        weir_ctx *ctx) {
    if (!s || !fn) return weir__misuse("weir_stream_go", "no stream, or no function");
    const struct job j = { fn, arg };
    return weir_pipeline_send_wait(s->line, &j, deadline, ctx);
}

static void tell(struct outcome *o, struct weir_error *err) {
    if (err && o->err)
        *err = *o->err;
    else if (err) /* of 0, or without a text of its own */
        weir_error_take(o->code, err);
    weir__os_free(o->err);
}

int weir_stream_recv_wait(weir_stream *s, void *result, struct weir_error *err, weir_time deadline,
                          weir_ctx *ctx) {
    if (!s || !result) return weir__misuse("weir_stream_recv", "no stream, or no place");
    _Alignas(16) char small[SMALL];
    char *out = outcome_size(s) <= SMALL ? small : weir__os_alloc(outcome_size(s), 16);
    if (!out) return WEIR_ENOMEM;
    int rc = weir_pipeline_recv_wait(s->line, out, deadline, ctx);
    if (rc == 0) {
        if (outcome_at(out)->code == 0) memcpy(result, out + AHEAD, s->result_size);
        tell(outcome_at(out), err);
    }
    if (out != small) weir__os_free(out);
    return rc;
}

int weir_stream_close(weir_stream *s) {
    return s ? weir_pipeline_close(s->line) : weir__misuse("weir_stream_close", "no stream");
}

weir_ctx *weir_stream_ctx(weir_stream *s) { return s ? weir_pipeline_ctx(s->line) : NULL; }

int weir_stream_free(weir_stream *s) {
    if (!s) return 0;
    int rc = weir_pipeline_free(s->line);
    if (rc == 0) weir__os_free(s);
    return rc;
}
