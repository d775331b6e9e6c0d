/* SPDX-License-Identifier: MIT */
/* weir/stream.h - results of tasks in the order in which the tasks were submitted, however long each takes.
 *
 *   struct weir_stream_opts o = WEIR_STREAM_OPTS(sizeof(struct page), 8);      - 8 tasks at once
 *   weir_stream *s;
 *   rc = weir_stream_new(&s, &o);
 *   ... one thread:  while (...) rc = weir_stream_go(s, fetch, url);  weir_stream_close(s);
 *   ... another:     while (weir_stream_recv(s, &page, &err) == 0)
 *                        if (err.code) ... err.text ... else ... page ...
 *   weir_stream_free(s);
 *
 * It is a pipeline (weir/pipeline.h) of one ordered stage, and what stands there of threads, executors, the window and
 * the end is true here. A task that fails ends nothing: its failure is the result in its place. One that ends its
 * thread has failed with WEIR_ECANCELED.
 *
 * | operation       | progress                                                                             |
 * |-----------------|--------------------------------------------------------------------------------------|
 * | all             | blocking, as weir_pipeline                                                            |
 *
 * Ordering: what was done before a go is seen by its task; what the task did by who receives its result. */
#ifndef WEIR_STREAM_H
#define WEIR_STREAM_H

#include <weir/error.h>
#include <weir/go.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_stream weir_stream;

/* A task: leaves its result at *result, of result_size bytes, aligned to 16. Returns 0 (or above), or a negative code,
 * with a text if it likes (weir_fail); then *result counts for nothing. ctx: the stream's. */
typedef int weir_stream_fn(weir_ctx *ctx, void *arg, void *result);

/* Zero means the default in every field but result_size. */
struct weir_stream_opts {
    size_t size;         /* sizeof this struct; WEIR_STREAM_OPTS sets it */
    size_t result_size;  /* bytes, 1 to 65504 */
    unsigned workers;    /* tasks at once; 0: 4; to 4096 */
    unsigned batch;      /* as of struct weir_stage: 1 for tasks that may take long now and then */
    size_t buffer;       /* tasks that may wait, and as many results; 0: 128; to 2^20 */
    weir_ctx *ctx;       /* what its own context is a child of; NULL: none */
    const weir_exec *on; /* copied; must outlive the stream; NULL: threads of its own */
    weir_drop_fn *drop;  /* for a result that nobody receives, with drop_arg; NULL: none */
    void *drop_arg;
    void (*unrun)(
        void *arg); /* for the argument of a task that is not run: cancelled before; NULL: none */
};
#define WEIR_STREAM_OPTS(result_size_, workers_) \
    { sizeof(struct weir_stream_opts),           \
      (result_size_),                            \
      (workers_),                                \
      0,                                         \
      0,                                         \
      NULL,                                      \
      NULL,                                      \
      NULL,                                      \
      NULL,                                      \
      NULL }

/* Makes a stream. Any thread. Returns 0, or with *out NULL: WEIR_EINVAL (NULL, an option out of range), WEIR_ENOMEM (also:
 * the system gives no thread). */
WEIR_NODISCARD WEIR_API int weir_stream_new(weir_stream **out, const struct weir_stream_opts *opts);

/* Submits fn(ctx, arg, result), waiting until `deadline` while the window is full. Any thread; of several the order is
 * that of the calls that have returned before others began. Returns as weir_pipeline_send_wait. */
WEIR_NODISCARD WEIR_API int weir_stream_go_wait(weir_stream *s, weir_stream_fn *fn, void *arg,
                                                weir_time deadline, weir_ctx *ctx);

/* The next result in the order of submission, waiting until `deadline`: 0; then err->code is 0 and the result at
 * *result, or err says how its task has failed, and *result is untouched. Else as weir_pipeline_recv_wait:
 * WEIR_ECLOSED: closed, and all were received. err may be NULL if the caller does not want to know. Any thread. */
WEIR_NODISCARD WEIR_API int weir_stream_recv_wait(weir_stream *s, void *result,
                                                  struct weir_error *err, weir_time deadline,
                                                  weir_ctx *ctx);

WEIR_NODISCARD WEIR_INLINE int weir_stream_go(weir_stream *s, weir_stream_fn *fn, void *arg) {
    return weir_stream_go_wait(s, fn, arg, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_stream_try_go(weir_stream *s, weir_stream_fn *fn, void *arg) {
    return weir_stream_go_wait(s, fn, arg, WEIR_NOW, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_stream_recv(weir_stream *s, void *result,
                                                struct weir_error *err) {
    return weir_stream_recv_wait(s, result, err, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_stream_try_recv(weir_stream *s, void *result,
                                                    struct weir_error *err) {
    return weir_stream_recv_wait(s, result, err, WEIR_NOW, NULL);
}

/* No more is submitted. Any thread. Returns 0 to one caller, WEIR_ECLOSED to the others, WEIR_EINVAL for NULL. */
WEIR_API int weir_stream_close(weir_stream *s);

/* Its context: cancel it to end the stream. NULL for NULL. */
WEIR_API weir_ctx *weir_stream_ctx(weir_stream *s);

/* Cancels it if it has not ended, waits until no task runs, and frees. Nobody else may be in a call. NULL: nothing.
 * Returns 0, or with nothing freed WEIR_EDEADLK (from a task of it), WEIR_ENOMEM (the first wait of this thread). */
WEIR_API int weir_stream_free(weir_stream *s);

#ifdef __cplusplus
}
#endif
#endif
