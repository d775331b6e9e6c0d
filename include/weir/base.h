/* SPDX-License-Identifier: MIT */
/* weir/base.h - what every public header stands on: error codes, time, allocator, destructor.
 *
 * Errors are negated errno values, returned; errno itself is neither set nor read. Counts and
 * indexes are returned as positive values. Deadlines are absolute, on the monotonic clock, in
 * nanoseconds.
 *
 * fork: the child of a process in which other threads were inside weir, or waited, inherits their locks and
 * lists without the threads. It may use the try calls of rings that it makes itself, and RCU and maps after the calls of
 * weir/rcu.h around a fork; else it may exec or _exit. */
#ifndef WEIR_BASE_H
#define WEIR_BASE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEIR_VERSION_MAJOR 0
#define WEIR_VERSION_MINOR 1
#define WEIR_VERSION_PATCH 0
#define WEIR_VERSION (WEIR_VERSION_MAJOR * 10000 + WEIR_VERSION_MINOR * 100 + WEIR_VERSION_PATCH)

#define WEIR_API __attribute__((visibility("default")))
#define WEIR_NODISCARD __attribute__((warn_unused_result))
#define WEIR_LIKELY(x) __builtin_expect(!!(x), 1)
#define WEIR_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Inline functions of the public headers. lib/ffi.c defines this as WEIR_API and so gives each of
 * them a symbol as well, for callers that cannot include C (dlopen, Go, Rust, Python). */
#ifndef WEIR_INLINE
#define WEIR_INLINE static inline
#endif
/* A body that takes the element size as a parameter: inlined always, so that a constant size folds
 * away the multiplication and the copy. Never called by users. */
#define WEIR__BODY static inline __attribute__((always_inline, unused))

/* The unit of false sharing, part of every frozen layout: two 64-byte lines, because adjacent lines
 * are fetched in pairs on x86-64 and a line has 128 bytes on some aarch64. */
#define WEIR_LINE 128

#ifdef __cplusplus
extern "C" {
#endif

/* XX(name, errno value, text). */
#define WEIR_ERR_MAP(XX)                                          \
    XX(EAGAIN, EAGAIN, "would block: truly full or empty")        \
    XX(EBUSY, EBUSY, "undecided: another operation is in flight") \
    XX(ECLOSED, EPIPE, "closed")                                  \
    XX(ETIMEDOUT, ETIMEDOUT, "deadline passed")                   \
    XX(ECANCELED, ECANCELED, "context canceled")                  \
    XX(ENOENT, ENOENT, "no such key")                             \
    XX(EEXIST, EEXIST, "key already present")                     \
    XX(ENOMEM, ENOMEM, "out of memory")                           \
    XX(EINVAL, EINVAL, "invalid argument or misuse")              \
    XX(EDEADLK, EDEADLK, "would wait for itself")                 \
    XX(ETOOBIG, E2BIG, "larger than the capacity")                \
    XX(ESTOPPED, ESHUTDOWN, "stopped: no more work is taken")     \
    XX(ENOTSUP, ENOTSUP, "not supported by this kernel or build")

enum weir_err {
    WEIR_OK = 0,
#define XX(name, sys, text) WEIR_##name = -(sys),
    WEIR_ERR_MAP(XX)
#undef XX
        WEIR_ERR_MIN_ = -4095
};

/* The text of a code of this library; "unknown error" for any other value. Any thread, also a
 * signal handler. Static text, never NULL. */
WEIR_API const char *weir_strerror(int err);

/* Version of the library linked at run time, as WEIR_VERSION. */
WEIR_API int weir_version(void);

/* Nanoseconds on CLOCK_MONOTONIC. */
typedef int64_t weir_time;
#define WEIR_NOW \
    INT64_C(0) /* already past: a _wait call with it is the try call, but for its context */
#define WEIR_FOREVER INT64_MAX /* no deadline */

WEIR_API weir_time weir_now(void);

/* The deadline `ns` from now, saturating at WEIR_FOREVER; a negative ns counts as 0. Never returns
 * WEIR_NOW, so that a deadline that has passed still differs from "do not wait". */
WEIR_API weir_time weir_after(int64_t ns);

/* A context (weir/ctx.h): the last argument of each waiting call, which returns its error once it has
 * ended, and moves nothing then. NULL: none. */
typedef struct weir_ctx weir_ctx;

/* Gives up one element that the container still held. `elem` points into the container, where elements
 * are copied to and have no alignment above 8: copy out what needs more. Called by the thread that
 * destroys it, with no lock of weir held. */
typedef void weir_drop_fn(void *elem, void *arg);

/* Where an object takes its memory from. Both calls may come from any thread that uses the object;
 * free gets the size and alignment that alloc was asked for. The struct must outlive the object. Neither is a
 * cancellation point, whatever it calls: a cancel of the thread stays pending until it has returned. */
struct weir_alloc {
    void *(*alloc)(void *self, size_t size, size_t align); /* NULL: out of memory */
    void (*free)(void *self, void *p, size_t size, size_t align);
    void *self;
};

/* Called in debug builds when a misuse is found at run time, before the call returns WEIR_EINVAL
 * (or false). `call` names the function (slow paths that several verbs share name them together),
 * `what` says what was wrong; both static. NULL restores the default: one line on stderr. Any thread;
 * takes a short lock. */
typedef void weir_report_fn(const char *call, const char *what, void *arg);
WEIR_API void weir_set_report(weir_report_fn *fn, void *arg);

/* What a bounded ring is made with. Zero means the default in every field. */
struct weir_ring_opts {
    size_t size;        /* sizeof this struct; WEIR_RING_OPTS sets it */
    size_t cap;         /* elements that fit, exactly; 1 to 2^31 */
    size_t elem_size;   /* bytes, 1 to 65536 */
    unsigned flags;     /* WEIR_RING_* */
    weir_drop_fn *drop; /* for what is left inside when it is freed; NULL: none */
    void *drop_arg;
    const struct weir_alloc *alloc; /* NULL: malloc */
};
#define WEIR_RING_OPTS(cap_, elem_size_) \
    { sizeof(struct weir_ring_opts), (size_t)(cap_), (size_t)(elem_size_), 0, NULL, NULL, NULL }
#define WEIR_RING_CAP_MAX ((size_t)1 << 31)
#define WEIR_RING_ELEM_MAX ((size_t)65536)

/* Parking threads of this ring never send membarrier to the others: a publisher pays a full barrier
 * per operation instead. For processes whose real-time threads must not be interrupted. */
#define WEIR_RING_NO_MEMBARRIER 1u

#ifdef __cplusplus
}
#endif
#endif
