/* SPDX-License-Identifier: MIT */
/* bench/hold.c - see hold.h. The thread stands in the handler of SIGUSR1, which waits on a futex. To stop it in
 * mid-operation that handler sets the trap flag instead, so that each of its instructions raises SIGTRAP; the
 * handler of that looks at the instruction that has just been executed, and stands still once it was one with a
 * lock prefix, or an exchange with memory, that has succeeded: a slot has been claimed, a ticket taken, a lock
 * locked. Under a sanitizer, whose own locks would count, and on other processors the thread stops anywhere. */
#include "hold.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

#include "team.h"

static uint32_t hold_on, held; /* futexes */
static bool step;              /* set before the signal is sent */

static void stand_still(void) {
    int saved = errno;
    while (__atomic_load_n(&hold_on, __ATOMIC_ACQUIRE)) {
        __atomic_store_n(&held, 1, __ATOMIC_RELEASE);
        wb_futex_wake(&held);
        wb_futex_wait(&hold_on, 1, 0);
    }
    errno = saved;
}

/* ---- instruction by instruction ------------------------------------------------------------------------------ */

#if defined(__x86_64__) && defined(__linux__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define STEPS 50000 /* some 50 ms */
#define TRAP_FLAG 0x100
#define ZERO_FLAG 0x40

static const unsigned char
    *last; /* the instruction that is being executed; of the one thread that is held */
static unsigned steps;

/* Whether it has changed memory by an atomic read-modify-write. */
static bool claims(const unsigned char *at, greg_t flags) {
    bool lock = false;
    for (; *at == 0xF0 || *at == 0x66 || (*at & 0xF0) == 0x40; at++) lock |= *at == 0xF0;
    if (*at == 0x86 || *at == 0x87) return at[1] < 0xC0; /* xchg with memory */
    if (!lock) return false;
    bool compare = *at == 0x0F && (at[1] == 0xB0 || at[1] == 0xB1 || at[1] == 0xC7);
    return !compare || (flags & ZERO_FLAG); /* of cmpxchg: it has */
}

static bool begin_steps(void *context) {
    greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
    if (!step) return false;
    steps = 0;
    last = (const unsigned char *)regs[REG_RIP];
    regs[REG_EFL] |= TRAP_FLAG;
    return true;
}

static void step_handler(int sig, siginfo_t *info, void *context) {
    greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
    bool done = claims(last, regs[REG_EFL]) || ++steps > STEPS;
    (void)sig, (void)info;
    last = (const unsigned char *)regs[REG_RIP];
    if (!done) return;
    regs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
    stand_still();
}

static void install_steps(void) {
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_sigaction = step_handler;
    sa.sa_flags = SA_RESTART | SA_SIGINFO;
    (void)sigaction(SIGTRAP, &sa, NULL);
}
#else
static bool begin_steps(void *context) {
    (void)context;
    return false;
}
static void install_steps(void) {}
#endif

/* ---- from outside ------------------------------------------------------------------------------------------- */

static void hold_handler(int sig, siginfo_t *info, void *context) {
    (void)sig, (void)info;
    if (!begin_steps(context)) stand_still();
}

void wb_hold_install(void) {
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_sigaction = hold_handler;
    sa.sa_flags = SA_RESTART | SA_SIGINFO;
    (void)sigaction(SIGUSR1, &sa, NULL);
    install_steps();
}

void wb_hold(pthread_t thread, bool inside) {
    uint64_t until = wb_now() + 1000000000u;
    step = inside;
    __atomic_store_n(&held, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&hold_on, 1, __ATOMIC_RELEASE);
    (void)pthread_kill(thread, SIGUSR1);
    while (!__atomic_load_n(&held, __ATOMIC_ACQUIRE) && wb_now() < until)
        wb_futex_wait(&held, 0, until);
}

void wb_hold_release(void) {
    __atomic_store_n(&hold_on, 0, __ATOMIC_RELEASE);
    wb_futex_wake(&hold_on);
}
