/* SPDX-License-Identifier: MIT */
/* stress/explore/fiber.c - threads of the explorer: stacks in one real thread, switched in user space by
 * Boost.Context's fcontext (7 ns, no system call).
 *
 * A stack is mapped once, with a guard page below it, and serves all executions: a fiber that has ended
 * its work jumps away and is jumped back to. After a failure the stacks are abandoned as they stand
 * and made anew. AddressSanitizer is told of each switch. A crash is caught on a signal stack of its
 * own and reported to the engine, which leaves the stack that crashed. */
#include "asan.h"
#include "engine.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef EX_ASAN
#define STACK_BYTES ((size_t)512 << 10)
#else
#define STACK_BYTES ((size_t)128 << 10)
#endif

/* Boost.Context's two functions, which are C. */
struct transfer {
    void *from, *data;
};
struct transfer jump_fcontext(void *to, void *data);
void *make_fcontext(void *top, size_t size, void (*fn)(struct transfer));

struct ex_fiber ex_main_fiber;
static struct ex_fiber *arrived; /* whom a jump went to */
static void (*crash_fn)(void *address, bool overflow);

static void before_jump(struct ex_fiber *from, struct ex_fiber *to) {
#ifdef EX_ASAN
    __sanitizer_start_switch_fiber(from ? &from->fake : NULL, to->stack, to->size);
#else
    (void)from;
    (void)to;
#endif
}

static void after_jump(void) {
#ifdef EX_ASAN
    const void *bottom;
    size_t size;
    __sanitizer_finish_switch_fiber(arrived->fake, &bottom, &size);
    if (!ex_main_fiber.stack) { /* the first jump of all left the main stack */
        ex_main_fiber.stack = (char *)(uintptr_t)bottom;
        ex_main_fiber.size = size;
    }
#endif
}

void ex_fiber_jump(struct ex_fiber *from, struct ex_fiber *to) {
    arrived = to;
    before_jump(from, to);
    struct transfer t = jump_fcontext(to->ctx, from);
    ((struct ex_fiber *)t.data)->ctx = t.from;
    after_jump();
}

static struct ex_fiber nobody; /* takes the context that an abandoned fiber leaves behind */

void ex_fiber_abandon(struct ex_fiber *to) {
    arrived = to;
    before_jump(NULL, to);
    (void)jump_fcontext(to->ctx, &nobody);
    abort(); /* nobody is jumped to */
}

static void (*body_fn)(void);

static void entry(struct transfer t) {
    ((struct ex_fiber *)t.data)->ctx = t.from;
    after_jump();
    body_fn();
    abort(); /* bodies do not return */
}

void ex_fiber_make(struct ex_fiber *f, void (*body)(void)) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (!f->stack) {
        char *m = mmap(NULL, STACK_BYTES + page, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (m == MAP_FAILED || mprotect(m, page, PROT_NONE) != 0) {
            (void)fprintf(stderr, "weir-stress: no memory for the stack of a fiber\n");
            exit(2);
        }
        f->stack = m + page;
        f->size = STACK_BYTES;
    }
#ifdef EX_ASAN
    __asan_unpoison_memory_region(f->stack, f->size);
#endif
    f->fake = NULL;
    body_fn = body;
    f->ctx = make_fcontext(f->stack + f->size, f->size, entry);
    f->made = true;
}

/* ---- crashes ------------------------------------------------------------------------------------------ */

static void on_crash(int sig, siginfo_t *info, void *uc) {
    (void)uc;
    bool overflow = false;
    const char *at = info->si_addr;
    if (!E.running || !crash_fn) {
        (void)signal(sig, SIG_DFL); /* not in a scenario: a fault of the explorer itself */
        return;
    }
    for (unsigned i = 0; i < EX_TASKS; i++) {
        const struct ex_fiber *f = &E.task[i].fiber;
        if (f->stack && at < f->stack && at >= f->stack - 65536) overflow = true;
    }
    crash_fn(info->si_addr, overflow);
}

void ex_fiber_catch_crashes(void (*fn)(void *address, bool overflow)) {
    crash_fn = fn;
#ifndef EX_ASAN /* it prints better reports */
    static char stack[65536];
    const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
    stack_t ss = { .ss_sp = stack, .ss_size = sizeof stack };
    struct sigaction sa = { .sa_sigaction = on_crash,
                            .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
    if (sigaltstack(&ss, NULL) != 0) return;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        (void)sigaction(signals[i], &sa, NULL);
#else
    (void)on_crash;
#endif
}
