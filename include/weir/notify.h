/* SPDX-License-Identifier: MIT */
/* weir/notify.h - signals to a context: a program that is told to end (SIGINT, SIGTERM) cancels what it does.
 *
 *   weir_ctx *ctx;                                    - given to all that the program does
 *   weir_notify *n;
 *   int signals[] = { SIGINT, SIGTERM };
 *   rc = weir_notify_new(&n, ctx, signals, 2, 0);
 *   ...
 *   if (weir_cause_signal(weir_ctx_cause(ctx)) == SIGINT) ...
 *   weir_notify_free(n);                              - the actions that were found are there again
 *
 * The first of the named signals cancels the context; its cause names the signal (of several that come before weir's
 * thread has run, the one that is named first). The next one of a signal that has no context left to tell, because all
 * were told by it or by another, gets the default action, which for most ends the process: so a second Ctrl-C, or
 * a SIGTERM after it, ends a program whose end takes too long. Where the process goes on after it (SIGWINCH, SIGCHLD,
 * SIGTSTP once it is continued, ...) the signal is caught as before. With WEIR_NOTIFY_KEEP it is passed over instead.
 *
 * Several contexts may stand on one signal: each is told of the first that comes after its registration. A
 * registration that is still to be told keeps the default action away for all of that signal.
 *
 * The signals are caught by a handler, which only counts, and wakes a thread of weir's that cancels; no mask is
 * changed, of no thread, and no descriptor is used. So a signal that every thread of the program blocks stays pending,
 * as ever, and threads that are made later inherit nothing. System calls that a signal interrupts are restarted
 * (SA_RESTART) where the system does that. Who installs a handler of another sort for a named signal meanwhile takes
 * the signal away from weir.
 *
 * fork: a child has the handler, but not the thread, so its contexts are not told; exec restores the default actions. A
 * child that does neither exec nor _exit frees what it was left, and may register anew; but if a thread was in one of
 * these calls, or weir's was telling a context, or a signal was getting its default action, when the process
 * forked, it waits there for ever.
 *
 * | operation      | progress                                                                |
 * |----------------|-------------------------------------------------------------------------|
 * | the handler    | lock-free                                                               |
 * | new, free      | blocking: a lock of all registrations                                   |
 * | signal         | wait-free                                                               |
 *
 * Ordering: what a thread did before it raised a signal for itself is seen by who learns of the end of the context. */
#ifndef WEIR_NOTIFY_H
#define WEIR_NOTIFY_H

#include <weir/ctx.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_notify weir_notify;

/* flags */
#define WEIR_NOTIFY_KEEP 1u /* a later signal is passed over: no default action */

/* Cancels ctx when one of the n signals comes, which need not be different. ctx: not the background; the registration
 * keeps a reference. Any thread; not from a signal handler. Returns 0, or with nothing changed: WEIR_EINVAL (NULL, the
 * background, n = 0, an unknown flag, a signal that does not exist, cannot be caught, or says that the program is
 * broken: SIGSEGV, SIGBUS, SIGFPE, SIGILL), WEIR_ENOMEM (no memory, or the system gives no thread). */
WEIR_NODISCARD WEIR_API int weir_notify_new(weir_notify **out, weir_ctx *ctx, const int *signals,
                                            size_t n, unsigned flags);

/* Ends the registration: its signals do not cancel the context any more once this has returned. The last
 * registration of a signal restores the action that the first one found, unless somebody else has put another one in
 * its place. Any thread; not from a signal handler. NULL: nothing. */
WEIR_API void weir_notify_free(weir_notify *n);

/* The signal that has cancelled the context (or came after its end), or 0. Any thread. */
WEIR_API int weir_notify_signal(const weir_notify *n);

/* The cause of a context that a signal has ended, and back: the signal, or 0 if the cause is another one. */
#define WEIR_CAUSE_SIGNAL(sig) (-(65536 + (sig)))
WEIR_INLINE int weir_cause_signal(int cause) {
    return cause < -65536 && cause >= -65600 ? -65536 - cause : 0;
}

/* "SIGINT"; "signal" if it has no name. Static text. */
WEIR_API const char *weir_signal_name(int sig);

#ifdef __cplusplus
}
#endif
#endif
