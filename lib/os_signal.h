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
bool weir__os_signal_default(int sig, void (*fn)(int sig));
void weir__os_signal_again(int sig, void (*fn)(int sig));

#else

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

struct weir__os_action {
    struct sigaction as;
};

/* Mostly another one in the child of a fork; in a namespace of processes of its own it may have its parent's. */
static inline int weir__os_process(void) { return (int)getpid(); }
/* Has each child of a fork call fn, before it goes on. */
static inline void weir__os_process_forks(void (*fn)(void)) {
    (void)pthread_atfork(NULL, NULL, fn);
}

/* Whether a program may want to be told of it, and can go on. */
static inline bool weir__os_signal_usable(int sig) {
    if (sig <= 0 || sig >= WEIR__OS_SIGNALS) return false;
    return sig != SIGSEGV && sig != SIGBUS && sig != SIGFPE && sig != SIGILL;
}

static inline struct sigaction weir__os_signal_action(void (*fn)(int sig)) {
    struct sigaction a = { .sa_handler = fn, .sa_flags = SA_RESTART | SA_ONSTACK };
    (void)sigemptyset(&a.sa_mask);
    return a;
}
static inline bool weir__os_signal_is(const struct sigaction *a, void (*fn)(int sig)) {
    return !((unsigned)a->sa_flags & SA_SIGINFO) && a->sa_handler == fn;
}

/* Returns 0, or WEIR_EINVAL: the system does not allow it. */
static inline int weir__os_signal_catch(int sig, void (*fn)(int sig),
                                        struct weir__os_action *found) {
    int saved = errno;
    struct sigaction a = weir__os_signal_action(fn);
    int rc = sigaction(sig, &a, &found->as);
    errno = saved;
    return rc == 0 ? 0 : WEIR_EINVAL;
}

/* What was found, in the place of fn, or of the default action. */
static inline void weir__os_signal_restore(int sig, void (*fn)(int sig),
                                           const struct weir__os_action *found) {
    int saved = errno;
    struct sigaction now;
    if (sigaction(sig, NULL, &now) == 0 &&
        (weir__os_signal_is(&now, fn) || weir__os_signal_is(&now, SIG_DFL)))
        (void)sigaction(sig, &found->as, NULL);
    errno = saved;
}

/* From fn, the handler of sig: the default action, which most signals let nobody return from. True: now fn has to be put there
 * again. Two threads may be in it at once: one finds the default action of the other. If somebody has put another
 * action in the place of fn meanwhile, that is taken, once the handler has returned: false. */
static inline bool weir__os_signal_default(int sig, void (*fn)(int sig)) {
    int saved = errno;
    struct sigaction none = weir__os_signal_action(SIG_DFL), was;
    sigset_t one, before;
    (void)sigemptyset(&one);
    (void)sigaddset(&one, sig);
    (void)sigaction(sig, &none, &was);
    bool ours = weir__os_signal_is(&was, fn) || weir__os_signal_is(&was, SIG_DFL);
    if (!ours) (void)sigaction(sig, &was, NULL);
    (void)raise(sig); /* blocked in its handler */
    if (ours) {
        (void)pthread_sigmask(SIG_UNBLOCK, &one, &before);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    errno = saved;
    return ours;
}

/* After that. */
static inline void weir__os_signal_again(int sig, void (*fn)(int sig)) {
    int saved = errno;
    struct sigaction a = weir__os_signal_action(fn), now;
    if (sigaction(sig, NULL, &now) == 0 && weir__os_signal_is(&now, SIG_DFL))
        (void)sigaction(sig, &a, NULL);
    errno = saved;
}

#endif
#endif
