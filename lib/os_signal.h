/* SPDX-License-Identifier: MIT */
/* lib/os_signal.h - the actions of signals. As lib/os.h: errno is kept. In the model there are no signals: a
 * scenario calls the handler. */
#ifndef WEIR_LIB_OS_SIGNAL_H
#define WEIR_LIB_OS_SIGNAL_H

#include <weir/base.h>

#define WEIR__OS_SIGNALS 65 /* 1 to 64 */

#ifdef WEIR_MODEL

struct weir__os_action {
    int unused;
};

static inline bool weir__os_signal_usable(int sig) { return sig > 0 && sig < WEIR__OS_SIGNALS; }
static inline int weir__os_signal_catch(int sig, void (*fn)(int sig),
                                        struct weir__os_action *found) {
    (void)sig;
    (void)fn;
    found->unused = 0;
    return 0;
}
static inline void weir__os_signal_restore(int sig, void (*fn)(int sig),
                                           const struct weir__os_action *found) {
    (void)sig;
    (void)fn;
    (void)found;
}
static inline int weir__os_process(void) { return 1; }
/* The scenario's. */
void weir__os_signal_default(int sig, void (*fn)(int sig));

#else

#include <errno.h>
#include <signal.h>
#include <unistd.h>

struct weir__os_action {
    struct sigaction as;
};

/* Another one in the child of a fork. */
static inline int weir__os_process(void) { return (int)getpid(); }

/* Whether a program may want to be told of it, and can go on. */
static inline bool weir__os_signal_usable(int sig) {
    if (sig <= 0 || sig >= WEIR__OS_SIGNALS) return false;
    return sig != SIGSEGV && sig != SIGBUS && sig != SIGFPE && sig != SIGILL;
}

/* Returns 0, or WEIR_EINVAL: the system does not allow it. */
static inline int weir__os_signal_catch(int sig, void (*fn)(int sig),
                                        struct weir__os_action *found) {
    int saved = errno;
    struct sigaction a = { .sa_handler = fn, .sa_flags = SA_RESTART | SA_ONSTACK };
    (void)sigemptyset(&a.sa_mask);
    int rc = sigaction(sig, &a, &found->as);
    errno = saved;
    return rc == 0 ? 0 : WEIR_EINVAL;
}

/* What was found, in the place of fn, or of the default action that weir__os_signal_default has put there. */
static inline void weir__os_signal_restore(int sig, void (*fn)(int sig),
                                           const struct weir__os_action *found) {
    int saved = errno;
    struct sigaction now;
    if (sigaction(sig, NULL, &now) == 0) {
        bool info = (unsigned)now.sa_flags & SA_SIGINFO;
        if (!info && (now.sa_handler == fn || now.sa_handler == SIG_DFL))
            (void)sigaction(sig, &found->as, NULL);
    }
    errno = saved;
}

/* From fn, the handler of sig: the default action, once the handler has returned; or, if another thread has restored
 * what was found meanwhile, that. */
static inline void weir__os_signal_default(int sig, void (*fn)(int sig)) {
    int saved = errno;
    struct sigaction a = { .sa_handler = SIG_DFL }, was;
    (void)sigemptyset(&a.sa_mask);
    (void)sigaction(sig, &a, &was);
    bool info = (unsigned)was.sa_flags & SA_SIGINFO;
    if (info || was.sa_handler != fn) (void)sigaction(sig, &was, NULL);
    (void)raise(sig); /* blocked until then */
    errno = saved;
}

#endif
#endif
