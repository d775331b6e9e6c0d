/* SPDX-License-Identifier: MIT */
/* weir/debug.h - who waits on what, and whether something is left. For programs that hang, and for tests.
 *
 *   thread 4711 waits, since 12.000318 s, for at most 0.500210 s, 2 cases
 *     receive from mpmc channel "jobs" 0x55d0c40c1e00, made at worker.c:31
 *     receive from timer 0x55d0c40c1f80, made at worker.c:40
 *     or until context 0x55d0c40c2000 ends
 *   1 thread waits
 *
 * Where an object was made is known if that file was compiled with WEIR_DEBUG defined and includes this header (or
 * <weir/weir.h>): then its calls of weir_chan_new, weir_ctx_new and so on are macros. Threads are named as the kernel
 * does (gettid).
 *
 * Listed are threads that are asleep, or about to be, in a call of weir; those that still poll for the moment before it
 * are not, nor calls on mutex rings, nor plain calls on channels of kind WEIR_CHAN_MUTEX (selects on them are). */
#ifndef WEIR_DEBUG_H
#define WEIR_DEBUG_H

#include <stdio.h>

#include <weir/chan.h>
#include <weir/ctx.h>
#include <weir/timer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Writes a description of each thread that waits, as it is at some instant of the call. Any thread, at any time, but
 * not from a signal handler, nor with a custom FILE that calls weir. A thread that is being described goes on a
 * moment later; none waits for `out`. Two dumps are written one after the other. Returns 0, or WEIR_EINVAL (NULL);
 * errors of `out` are its own (ferror). */
WEIR_API int weir_waiters_dump(FILE *out);

/* For the end of a test: how many threads wait, as above, or are weir's own and will not end by themselves: they run a
 * callback, or are there for a timer with a function, an after-func or a weir_fd that is still set (without these they
 * end within 0.1 s); or run a task for weir_go or for a group, on no executor; or are workers of a pool, which
 * is to be freed before. A line on stderr begins the description of each. 0: nothing is left. Any thread that does not wait. */
WEIR_NODISCARD WEIR_API int weir_leak_check(void);

/* Of an object just made, known to nobody else. The file's name stays. NULL: nothing is done. */
WEIR_API void weir_made_at_(weir_waitable *on, const char *file, int line);

#ifdef WEIR_DEBUG

WEIR_NODISCARD static inline int
weir_chan_new_at_(weir_chan **out, const struct weir_chan_opts *opts, const char *file, int line) {
    int rc = weir_chan_new(out, opts);
    if (rc == 0) weir_made_at_(weir_chan_waitable(*out), file, line);
    return rc;
}

/* rc of a call that made *out. */
WEIR_NODISCARD static inline int weir_ctx_made_at_(int rc, weir_ctx **out, const char *file,
                                                   int line) {
    if (rc == 0) weir_made_at_(weir_ctx_waitable(*out), file, line);
    return rc;
}
WEIR_NODISCARD static inline int weir_ctx_new_at_(weir_ctx **out, weir_ctx *parent,
                                                  weir_time deadline, const char *file, int line) {
    return weir_ctx_made_at_(weir_ctx_new(out, parent, deadline), out, file, line);
}
WEIR_NODISCARD static inline int weir_ctx_new_cause_at_(weir_ctx **out, weir_ctx *parent,
                                                        weir_time deadline, int cause,
                                                        const char *file, int line) {
    return weir_ctx_made_at_(weir_ctx_new_cause(out, parent, deadline, cause), out, file, line);
}
WEIR_NODISCARD static inline int weir_ctx_with_value_at_(weir_ctx **out, weir_ctx *parent,
                                                         const void *key, void *value,
                                                         const char *file, int line) {
    return weir_ctx_made_at_(weir_ctx_with_value(out, parent, key, value), out, file, line);
}
WEIR_NODISCARD static inline int weir_ctx_without_cancel_at_(weir_ctx **out, weir_ctx *parent,
                                                             const char *file, int line) {
    return weir_ctx_made_at_(weir_ctx_without_cancel(out, parent), out, file, line);
}

WEIR_NODISCARD static inline int weir_timer_new_at_(weir_timer **out, weir_time at,
                                                    const char *file, int line) {
    int rc = weir_timer_new(out, at);
    if (rc == 0) weir_made_at_(weir_timer_waitable(*out), file, line);
    return rc;
}
WEIR_NODISCARD static inline int weir_ticker_new_at_(weir_ticker **out, int64_t period,
                                                     const char *file, int line) {
    int rc = weir_ticker_new(out, period);
    if (rc == 0) weir_made_at_(weir_ticker_waitable(*out), file, line);
    return rc;
}

#define weir_chan_new(out, opts) weir_chan_new_at_((out), (opts), __FILE__, __LINE__)
#define weir_ctx_new(out, parent, deadline) \
    weir_ctx_new_at_((out), (parent), (deadline), __FILE__, __LINE__)
#define weir_ctx_new_cause(out, parent, deadline, cause) \
    weir_ctx_new_cause_at_((out), (parent), (deadline), (cause), __FILE__, __LINE__)
#define weir_ctx_with_value(out, parent, key, value) \
    weir_ctx_with_value_at_((out), (parent), (key), (value), __FILE__, __LINE__)
#define weir_ctx_without_cancel(out, parent) \
    weir_ctx_without_cancel_at_((out), (parent), __FILE__, __LINE__)
#define weir_timer_new(out, at) weir_timer_new_at_((out), (at), __FILE__, __LINE__)
#define weir_ticker_new(out, period) weir_ticker_new_at_((out), (period), __FILE__, __LINE__)

#endif

#ifdef __cplusplus
}
#endif
#endif
