/* SPDX-License-Identifier: MIT */
/* weir/flight.h - single flight: of calls for one key at a time one does the work, and all get its result.
 *
 *   struct weir_flight_opts o = WEIR_FLIGHT_OPTS(uint64_t, struct row);
 *   weir_flight *f;
 *   if (weir_flight_new(&f, &o) == 0) ...
 *   rc = weir_flight_do(f, &id, read_row, db, &row, NULL);     - read_row runs once for all who ask meanwhile
 *
 * Nothing is kept: when the function has returned, the next call runs it again. For results that stay: weir/cache.h,
 * or weir_map_compute.
 *
 * The function gets a context of its own, with the values of its first caller's. It is cancelled when the last call that
 * waits for the result has left, by its deadline or its own context; from then on the function works for nobody, and
 * the next call for the key runs another one beside it. While one still waits it goes on, whoever else has left.
 *
 * A call without deadline and context runs the function on its own thread, since it never leaves. One that may leave has
 * it run on the options' executor, or on a thread made for it, and waits.
 *
 * | operation     | progress                                                                        |
 * |---------------|---------------------------------------------------------------------------------|
 * | all           | blocking: a short lock of the flight, in which nothing is called                |
 * | do, call_wait | blocking: for the function                                                      |
 *
 * Ordering: what the function did is seen by whoever got its result; what the call that began it did before is seen by
 * the function. */
#ifndef WEIR_FLIGHT_H
#define WEIR_FLIGHT_H

#include <weir/go.h>
#include <weir/map.h>
#include <weir/waitable.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_flight weir_flight;
/* A call that was begun without waiting. */
typedef struct weir_flight_call weir_flight_call;

/* The work. Gives the result to *val, so many bytes, aligned to 8 and zero before, and returns 0, or a negative code.
 * key: a copy that lives until it returns. It may end its thread (pthread_exit, or be cancelled) where it runs on one of
 * its own, or on that of a call. It may use the flight, also free handles; not free it. */
typedef int weir_flight_fn(weir_ctx *ctx, const void *key, void *val, void *arg);

struct weir_flight_opts {
    size_t size; /* sizeof this struct; WEIR_FLIGHT_OPTS sets it */
    size_t key_size,
        val_size;          /* bytes: up to 65535, up to 1024; val_size 0: there are only codes */
    int keys;              /* enum weir_map_keys: bytes, or strings (struct weir_str) */
    const weir_exec *exec; /* copied; NULL: a thread each time */
    weir_drop_fn
        *drop; /* for a value that nobody got; NULL: none. By who gives it up, in no lock */
    void *drop_arg;
    const struct weir_alloc *alloc; /* NULL: malloc. Needed until all handles are freed, too */
};
#define WEIR_FLIGHT_OPTS(K, V) \
    { sizeof(struct weir_flight_opts), sizeof(K), sizeof(V), 0, NULL, NULL, NULL, NULL }

/* Returns 0, WEIR_EINVAL (NULL, key_size 0, half an allocator or executor, unknown keys, strings of another key_size),
 * WEIR_ETOOBIG (a size), WEIR_ENOMEM; *out is NULL then. */
WEIR_NODISCARD WEIR_API int weir_flight_new(weir_flight **out, const struct weir_flight_opts *opts);
/* Waits until no function runs. Nobody else may be in a call or begin one; handles may still be there, and are freed as
 * ever. NULL: nothing. Returns 0, WEIR_EDEADLK (in one of its functions: nothing was done), WEIR_ENOMEM (the first
 * wait of this thread: nothing was done). */
WEIR_API int weir_flight_free(weir_flight *f);

/* The result for key: of the function that runs for it, or of fn, which is begun if none does. Any thread. Returns
 * what the function has returned, with *val if that is 0, and *shared (both may be NULL): whether another call
 * has got it too, or may still get it: one that waits, or has a handle that is not yet freed. So of two that get it both
 * find true; and true, where a handle is freed unread afterwards. All get the error's text (weir/error.h). Or
 *   WEIR_ECANCELED        it has ended its thread
 *   ctx's error           it had ended at the call, or ended before the function did
 *   WEIR_ETIMEDOUT        not before the deadline. Of a function that is through by then the result is returned
 *   WEIR_EBUSY            with WEIR_NOW: one runs for the key. If none does, fn is called by this thread
 *   WEIR_EDEADLK          the call is made by the function that runs for this key, on its thread
 *   WEIR_EINVAL           NULL, a bad string; fn returned more than 0 (so for all)
 *   WEIR_ETOOBIG          the string is too long
 *   WEIR_ENOMEM           nothing was run; or no thread could be made for it (then, as what else the executor
 *                         refuses with, for all who wait)
 * A circle of functions that wait for each other through several threads waits until a deadline. */
WEIR_NODISCARD WEIR_API int weir_flight_do_wait(weir_flight *f, const void *key, weir_flight_fn *fn,
                                                void *arg, void *val, bool *shared,
                                                weir_time deadline, weir_ctx *ctx);
WEIR_NODISCARD WEIR_INLINE int weir_flight_do(weir_flight *f, const void *key, weir_flight_fn *fn,
                                              void *arg, void *val, bool *shared) {
    return weir_flight_do_wait(f, key, fn, arg, val, shared, WEIR_FOREVER, NULL);
}

/* The next call for key begins anew, whether a function runs for it or not; those who wait get its result. Returns 0, or
 * WEIR_ENOENT: none ran. */
WEIR_API int weir_flight_forget(weir_flight *f, const void *key);
/* The same, if no more than one call waits for it, or has a handle. Returns 1: the next call begins anew (also: none ran); 0: it is shared,
 * and nothing was done. */
WEIR_API int weir_flight_forget_unshared(weir_flight *f, const void *key);

/* ---- without waiting ------------------------------------------------------------------------------------ */

/* As do, but does not wait: fn runs on the executor, or on a thread of its own. *out is the caller's, to be freed; with
 * out NULL nobody is told, and the function is not cancelled. ctx: only its values count. Returns 0; WEIR_EINVAL,
 * WEIR_EDEADLK, WEIR_ETOOBIG, WEIR_ENOMEM as do; what the executor refuses with. */
WEIR_NODISCARD WEIR_API int weir_flight_start(weir_flight *f, const void *key, weir_flight_fn *fn,
                                              void *arg, weir_ctx *ctx, weir_flight_call **out);
/* A case for weir_select (WEIR_RECV) that is ready once the function has returned, for any number of threads. NULL for
 * NULL. */
WEIR_API weir_waitable *weir_flight_call_waitable(weir_flight_call *call);
#define WEIR_CASE_FLIGHT(call) { weir_flight_call_waitable(call), NULL, WEIR_RECV, 0, 0 }
/* Waits, and returns as do; WEIR_EAGAIN with WEIR_NOW: it is not through. The call goes on to want the result. */
WEIR_NODISCARD WEIR_API int weir_flight_call_wait(weir_flight_call *call, void *val, bool *shared,
                                                  weir_time deadline, weir_ctx *ctx);
/* Gives it back; if it was the last that wanted the result, the function's context is cancelled. NULL: nothing. */
WEIR_API void weir_flight_call_free(weir_flight_call *call);

#ifdef __cplusplus
}
#endif
#endif
