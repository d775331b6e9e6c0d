/* SPDX-License-Identifier: MIT */
/* weir/pipeline.h - stages that elements go through, each with a function, and several calls of it at once.
 *
 *   const struct weir_stage stages[] = {
 *       { .fn = parse, .in_size = sizeof(char *), .out_size = sizeof(struct doc), .workers = 2 },
 *       { .fn = weigh, .in_size = sizeof(struct doc), .out_size = sizeof(double), .workers = 4, .ordered = true },
 *   };
 *   weir_pipeline *p;
 *   rc = weir_pipeline_new(&p, stages, 2, NULL);
 *   ... one thread:  while (...) rc = weir_pipeline_send(p, &line);  weir_pipeline_close(p);
 *   ... another:     while (weir_pipeline_recv(p, &w) == 0) ...
 *   rc = weir_pipeline_wait(p);       - the first failure, its text pending (weir/error.h): "stage 1: ..."
 *   weir_pipeline_free(p);
 *
 * A stage's function gets an element and makes one of the next kind. It returns 0: it has; WEIR_SKIP: there is none,
 * the element is done with; or a negative code, with a text if it likes (weir_fail): it has failed, and `errors` says
 * what that means. The element is the function's in each case. One whose out_size is 0 in the last place is a sink:
 * nothing is to be received.
 *
 * In flight  at most the window: the sum of all stages' buffers and workers, and out_buffer. Elements that were sent
 *            and not yet received (or skipped, failed) count; beyond that a send waits. So a slow stage, or
 *            somebody who does not receive, stops who sends.
 * Order      of a stage with one worker, or with `ordered`, results leave in the order of its elements, however long
 *            each took; a slow one holds up those behind it, but no worker. If all stages are such, outputs leave
 *            in the order of the sends. Others give results as they come.
 * Batches    a worker takes several elements at a time where they are there and the function is fast: as many as
 *            take about 50 us by what it took so far, to `batch`; else one. Results go on when the batch is through.
 *            A stage whose function is fast as a rule and slow now and then should have batch 1: elements behind a
 *            slow one would wait for it though another worker is free.
 * Threads    a thread for each worker of all stages; or an executor, which gets a task when there is something to
 *            do for a stage. A task does not wait for other stages, so one thread is enough, and a function may submit
 *            to the executor that it runs on. After 2 ms it is submitted anew, so that others have their turn, on a
 *            pool behind what others have submitted; an executor that then refuses, because it has been stopped, ends
 *            the pipeline. (Not a task that runs inside another one of the pipeline, where the executor is no pool.)
 * End        by close: what is inside goes through, then receivers get WEIR_ECLOSED. By the first failure (errors =
 *            WEIR_ERRORS_CANCEL), or when the context that it was made with ends: each worker stops after the call
 *            that it is in, sends and receives return the context's error, and what is inside is given to the drop
 *            functions, by whoever waits first or frees; others who wait do so until that is done.
 * A function that ends its thread (pthread_exit) has failed with WEIR_ECANCELED; another thread goes on. If the system
 * gives none, there is a worker less; if it was the last, the pipeline ends with WEIR_ENOMEM. Drop functions do not end
 * their thread.
 *
 * WEIR_PIPELINE_MUTEX is the plain version: mutex channels between the stages, a thread for each worker, one element
 * at a time. The verbs are the same; what stands under "batches" is not for it, and no executor.
 *
 * | operation                   | progress                                                                        |
 * |-----------------------------|---------------------------------------------------------------------------------|
 * | send, recv, close, stats    | blocking: a lock of the place between two stages, taken once for a batch by     |
 * |                             | workers, and for what is moved at once by others                                 |
 * | new, wait, free             | blocking                                                                         |
 *
 * Ordering: a send happens-before the call that gets the element, that before the call of the next stage, the last
 * before the receive. What the functions did is seen by who has waited. */
#ifndef WEIR_PIPELINE_H
#define WEIR_PIPELINE_H

#include <weir/error.h>
#include <weir/go.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_pipeline weir_pipeline;

/* Of a stage's function: no result, and no failure. */
#define WEIR_SKIP 1

typedef int weir_stage_fn(const void *in, void *out, weir_ctx *ctx, void *arg);

/* Zero means the default where one is named. */
struct weir_stage {
    weir_stage_fn *
        fn; /* ctx: the pipeline's; ends with it. Any other value above 0 is a failure, WEIR_EINVAL */
    void *arg;
    size_t in_size, out_size; /* bytes, 1 to 65536; of the next stage the in_size. 0: see above */
    size_t buffer;            /* elements that may wait for it; 0: 128; to 2^20 */
    unsigned workers;         /* calls of fn at once; 1 to 4096 */
    bool ordered;
    unsigned
        batch; /* most that a worker takes at a time; 0: 64, and as time says; 1 to 1024: so many if there */
    const char *name; /* for errors; must outlive the pipeline; NULL: its number */
    weir_drop_fn
        *drop; /* for an element that was sent and does not get to fn, with arg; NULL: none */
};

enum weir_errors {
    WEIR_ERRORS_CANCEL = 0, /* the first ends the pipeline */
    WEIR_ERRORS_DROP,       /* the element is dropped, and counted */
    WEIR_ERRORS_COLLECT     /* the same, and weir_pipeline_errors has them all */
};

enum weir_pipeline_kind { WEIR_PIPELINE_BATCHES = 0, WEIR_PIPELINE_MUTEX };

/* Zero means the default in every field. */
struct weir_pipeline_opts {
    size_t size;         /* sizeof this struct; WEIR_PIPELINE_OPTS sets it */
    weir_ctx *ctx;       /* what its own context is a child of; NULL: none */
    const weir_exec *on; /* copied; must outlive the pipeline; NULL: threads of its own */
    unsigned kind;       /* enum weir_pipeline_kind */
    unsigned errors;     /* enum weir_errors */
    size_t out_buffer;   /* results that may wait to be received; 0: 128; to 2^20 */
    weir_drop_fn *drop;  /* for a result that nobody receives; NULL: none */
    void *drop_arg;
};
#define WEIR_PIPELINE_OPTS { sizeof(struct weir_pipeline_opts), NULL, NULL, 0, 0, 0, NULL, NULL }

/* Makes a pipeline of n stages (1 to 64), which are copied, and its threads. opts NULL: all defaults. Any thread.
 * Returns 0, or with *out NULL: WEIR_EINVAL (NULL, no stage, no function, 0 workers, sizes that do not match or are
 * out of range, an option that does not exist, a mutex version on an executor), WEIR_ENOMEM (also: the system gives no
 * thread). */
WEIR_NODISCARD WEIR_API int weir_pipeline_new(weir_pipeline **out, const struct weir_stage *stages,
                                              size_t n, const struct weir_pipeline_opts *opts);

/* Sends *elem to the first stage, waiting until `deadline` while the window is full. Any thread. Returns 0; or, with the
 * element still the caller's: WEIR_ECLOSED, ctx's error, the error of the pipeline's context (a failure has ended it,
 * or what it was made with), WEIR_ETIMEDOUT (not before the deadline), WEIR_EAGAIN (WEIR_NOW: full), WEIR_EINVAL
 * (NULL), WEIR_ENOMEM (the first wait of this thread). After 0 it is the pipeline's; if the executor then refuses the
 * task that is to take it further, and no other is there, the pipeline has ended by that, and a wait says so. */
WEIR_NODISCARD WEIR_API int weir_pipeline_send_wait(weir_pipeline *p, const void *elem,
                                                    weir_time deadline, weir_ctx *ctx);

/* Sends the n elements at elems in their order, waiting for room as long as it may. Returns how many, all of them or,
 * if something came in between, fewer; if not even one, the code. n = 0: 0. */
WEIR_NODISCARD WEIR_API ptrdiff_t weir_pipeline_send_many_wait(weir_pipeline *p, const void *elems,
                                                               size_t n, weir_time deadline,
                                                               weir_ctx *ctx);

/* Receives a result; codes as of send. WEIR_ECLOSED: closed, and all is through; or the last stage is a sink. */
WEIR_NODISCARD WEIR_API int weir_pipeline_recv_wait(weir_pipeline *p, void *elem,
                                                    weir_time deadline, weir_ctx *ctx);

/* Receives at least one result, waiting for that one only, and at most n. Returns the count, or the code. n = 0: 0. */
WEIR_NODISCARD WEIR_API ptrdiff_t weir_pipeline_recv_many_wait(weir_pipeline *p, void *elems,
                                                               size_t n, weir_time deadline,
                                                               weir_ctx *ctx);

WEIR_NODISCARD WEIR_INLINE int weir_pipeline_send(weir_pipeline *p, const void *elem) {
    return weir_pipeline_send_wait(p, elem, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_pipeline_recv(weir_pipeline *p, void *elem) {
    return weir_pipeline_recv_wait(p, elem, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_pipeline_try_send(weir_pipeline *p, const void *elem) {
    return weir_pipeline_send_wait(p, elem, WEIR_NOW, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_pipeline_try_recv(weir_pipeline *p, void *elem) {
    return weir_pipeline_recv_wait(p, elem, WEIR_NOW, NULL);
}

/* No more is sent; what is inside goes through. Any thread. Returns 0 to one caller, WEIR_ECLOSED to the others,
 * WEIR_EINVAL for NULL. */
WEIR_API int weir_pipeline_close(weir_pipeline *p);

/* Waits until it has ended: closed and all through the last stage (results may still be received), or cancelled and no
 * worker in a function; after a cancel nothing is left inside. Any thread but those that are in a stage's function.
 * Returns
 *   0              it was closed, and no element has failed, or errors is WEIR_ERRORS_DROP
 *   negative       the code of the first failure, whose text is the calling thread's pending error then; or the
 *                  error of the context that it was made with
 *   or, and it goes on: ctx's error, WEIR_ETIMEDOUT, WEIR_EAGAIN (WEIR_NOW), WEIR_EDEADLK (from a stage's
 *   function, or a drop function that a wait calls), WEIR_EINVAL (NULL), WEIR_ENOMEM (the first wait of this thread).
 * *ended, if not NULL, tells the two kinds apart. Who does not receive waits here for ever, once the window is full and
 * somebody still sends. */
WEIR_NODISCARD WEIR_API int weir_pipeline_wait_wait(weir_pipeline *p, bool *ended,
                                                    weir_time deadline, weir_ctx *ctx);
WEIR_INLINE int weir_pipeline_wait(weir_pipeline *p) {
    return weir_pipeline_wait_wait(p, NULL, WEIR_FOREVER, NULL);
}

/* Cancels it if it has not ended, waits, gives results that were not received to `drop`, and frees. Nobody else may be
 * in a call. NULL: nothing. Returns 0, or with nothing freed WEIR_EDEADLK, WEIR_ENOMEM, as wait. */
WEIR_API int weir_pipeline_free(weir_pipeline *p);

/* Its context: cancel it to end the pipeline. Lives as long as that, or a reference on it. NULL for NULL. */
WEIR_API weir_ctx *weir_pipeline_ctx(weir_pipeline *p);

/* Most elements that are in flight at once. 0 for NULL. */
WEIR_API size_t weir_pipeline_window(const weir_pipeline *p);

/* A failure, with what has failed. */
struct weir_pipeline_error {
    uint64_t input; /* the element's number in the order of the sends, from 0 */
    size_t stage;   /* from 0 */
    struct weir_error error;
};

/* With WEIR_ERRORS_COLLECT: copies up to n of the failures so far to `out` (may be NULL if n is 0), in the order in
 * which they came. Returns how many there are. 0 for NULL. Where one cannot be kept for want of memory, the pipeline
 * ends with WEIR_ENOMEM. Any thread. */
WEIR_API size_t weir_pipeline_errors(weir_pipeline *p, struct weir_pipeline_error *out, size_t n);

/* What became of the elements of one stage: once the pipeline has ended in = out + skipped + failed + cancelled, and
 * the next one's in is this one's out, if both count what was cancelled before it. */
struct weir_stage_stats {
    size_t size;        /* sizeof this struct; WEIR_STAGE_STATS sets it */
    uint64_t in;        /* elements that were given to the stage: those that wait for it included */
    uint64_t out;       /* results */
    uint64_t skipped;   /* WEIR_SKIP */
    uint64_t failed;    /* negative codes */
    uint64_t cancelled; /* that did not get to fn: dropped */
    uint64_t waiting;   /* at this time, before it or in a batch */
    uint64_t batches;   /* in how many of them they were taken */
    uint64_t busy;      /* ns that its workers have spent with batches, in all */
};
#define WEIR_STAGE_STATS { sizeof(struct weir_stage_stats), 0, 0, 0, 0, 0, 0, 0, 0 }

/* Of stage `stage`; or of the end, with stage = n: in are results, out those received (of a sink: all), cancelled those
 * dropped, waiting those to be received. in = out + skipped + failed + cancelled + waiting always. Any thread.
 * Returns 0, or WEIR_EINVAL (NULL, no such stage, or another size of the struct). */
WEIR_API int weir_pipeline_read_stats(weir_pipeline *p, size_t stage, struct weir_stage_stats *out);

#ifdef __cplusplus
}
#endif
#endif
