/* SPDX-License-Identifier: MIT */
/* weir/once.h - a function that runs once, however many threads ask for it, and what it returned.
 *
 *   static weir_once ready = WEIR_ONCE_INIT;
 *   rc = weir_once_do(&ready, load_tables, NULL);
 *   rc = weir_once_value(&ready, open_file, "name", &file);      - or with a value and an error, kept for all
 *
 * The first caller runs it, the others wait until it has ended. It counts as done however it ended: with an
 * error, or by ending its thread. A weir_once that is all zero is a new one. The memory is the user's, and may
 * be used for something else as soon as a call has returned and nobody else waits in one; the call that ran the
 * function touches it no more by then.
 *
 * | operation         | progress                                                                       |
 * |-------------------|--------------------------------------------------------------------------------|
 * | do, value: done   | wait-free                                                                      |
 * | do, value: before | blocking                                                                       |
 *
 * Ordering: what the function did is seen by everybody whose call returns after it. */
#ifndef WEIR_ONCE_H
#define WEIR_ONCE_H

#include <weir/atomic.h>
#include <weir/waitable.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_once {
    weir_aptr owner_; /* the thread that runs it */
    void *value_;
    struct weir__queue queue_;
    weir_au32 state_, lock_;
    int err_;
} weir_once;

#define WEIR_ONCE_INIT { { NULL }, NULL, { NULL, NULL }, { 0 }, { 0 }, 0 }

typedef void weir_once_fn(void *arg);
/* Returns 0 or an error, which is kept as *value is. */
typedef int weir_once_value_fn(void *arg, void **value);

/* Runs fn(arg) if nobody has; else waits until it has ended, or `deadline`. Any thread. Returns 0: it has ended.
 *   ctx's error    once it has ended, even if fn has; fn itself is not interrupted
 *   WEIR_ETIMEDOUT not before the deadline
 *   WEIR_EBUSY     with WEIR_NOW: another thread runs it
 *   WEIR_EDEADLK   this thread runs it: the call comes from fn
 *   WEIR_EINVAL    o or fn is NULL
 *   WEIR_ENOMEM    the first wait of this thread, or its first fn; nothing was run. */
WEIR_NODISCARD WEIR_API int weir_once_do_wait(weir_once *o, weir_once_fn *fn, void *arg,
                                              weir_time deadline, weir_ctx *ctx);
WEIR_INLINE int weir_once_do(weir_once *o, weir_once_fn *fn, void *arg) {
    return weir_once_do_wait(o, fn, arg, WEIR_FOREVER, NULL);
}

/* The same with a value: *value is what the one run of fn stored there, NULL if nothing, and the result what it
 * returned, the same for every caller; WEIR_ECANCELED with NULL if it ended its thread instead. With a code
 * as above, *value is NULL too. value may be NULL. Of a once that weir_once_do has run: NULL, 0. */
WEIR_NODISCARD WEIR_API int weir_once_value_wait(weir_once *o, weir_once_value_fn *fn, void *arg,
                                                 void **value, weir_time deadline, weir_ctx *ctx);
WEIR_NODISCARD WEIR_INLINE int weir_once_value(weir_once *o, weir_once_value_fn *fn, void *arg,
                                               void **value) {
    return weir_once_value_wait(o, fn, arg, value, WEIR_FOREVER, NULL);
}

/* Whether it has run. Any thread; after true, what fn did is seen. false for NULL. */
WEIR_API bool weir_once_is_done(const weir_once *o);

#ifdef __cplusplus
}
#endif
#endif
