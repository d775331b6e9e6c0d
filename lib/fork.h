/* SPDX-License-Identifier: MIT */
/* lib/fork.h - what a fork must not find in the middle: sections in which somebody writes, and short locks. By the calls
 * of weir/rcu.h around a fork; the argument stands in rcu_fork.c. */
#ifndef WEIR_LIB_FORK_H
#define WEIR_LIB_FORK_H

#include "rcu.h"
#include "thread.h"

/* ---- sections ------------------------------------------------------------------------------------------------- */

/* In a guard that has it: the section is counted, and weir__rcu_exit says that it is over. */
#define WEIR__RCU_COUNTED ((uintptr_t)2)

/* 0: no fork is near. */
struct weir__fork_gate {
    _Alignas(WEIR_LINE) weir_au32 word;
    char pad[WEIR_LINE - sizeof(weir_au32)];
};
extern __attribute__((visibility("hidden"))) struct weir__fork_gate weir__fork_gate;

/* A section that was asked for: rc 0, and its guard. */
struct weir__fork_in {
    weir_guard g;
    int rc;
};

/* The long ways of what stands below. g: a guard, under which the gate was not open; it is given back if rc < 0. */
struct weir__fork_in weir__fork_enter(weir_guard g, weir_time deadline, weir_ctx *ctx);
void weir__fork_leave(void);
void weir__fork_sections_first(void);
extern __attribute__((visibility("hidden"))) weir_au32 weir__fork_sections_known;

/* A guard in which the thread takes locks that belong to an object, or leaves something in the middle for a moment. No
 * fork happens meanwhile; while one is being made the call waits, unless the thread is in a section already. Ended by
 * weir__rcu_exit. The wait: until `deadline`, or the end of ctx; rc is 0, WEIR_ETIMEDOUT, WEIR_EAGAIN (WEIR_NOW), ctx's
 * error, WEIR_ENOMEM (for ctx). */
static inline struct weir__fork_in weir__fork_look(weir_time deadline, weir_ctx *ctx) {
    weir_guard g = weir__rcu_enter();
    if (WEIR_UNLIKELY(weir_load_relaxed(&weir__fork_gate.word) != 0))
        return weir__fork_enter(g, deadline, ctx);
    return (struct weir__fork_in){ g, 0 };
}
static inline struct weir__fork_in weir__fork_section_wait(weir_time deadline, weir_ctx *ctx) {
#ifdef WEIR_MODEL /* nobody forks beside maps there, and each look is a step */
    (void)deadline;
    (void)ctx;
    return (struct weir__fork_in){ weir__rcu_enter(), 0 };
#else
    return weir__fork_look(deadline, ctx);
#endif
}
static inline weir_guard weir__fork_section(void) {
    return weir__fork_section_wait(WEIR_FOREVER, NULL).g;
}

/* Before the first section of an object, by who makes it. */
static inline void weir__fork_sections(void) {
#ifndef WEIR_MODEL
    if (weir_load_acquire(&weir__fork_sections_known, FORK_K2) == 0) weir__fork_sections_first();
#endif
}

/* ---- locks ---------------------------------------------------------------------------------------------------- */

/* Of a module whose locks are held for a few instructions each, and no other lock of weir's is waited for in them: prepare
 * takes them, parent gives them back, and so does child, once it has taken out what belongs to threads that are not
 * there; their records and stacks are as they were. */
struct weir__fork_hook {
    void (*prepare)(void);
    void (*parent)(void);
    void (*child)(const struct weir__thread *self);
};
#define WEIR__FORK_HOOKS 4

/* Before threads start, as from a constructor. Returns 0 or WEIR_ENOMEM: there are more than so many. */
int weir__fork_hook(const struct weir__fork_hook *hook);

#endif
