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

/* The long ways of the two below. */
weir_guard weir__fork_enter(weir_guard g);
void weir__fork_leave(void);
void weir__fork_sections_first(void);
extern __attribute__((visibility("hidden"))) weir_au32 weir__fork_sections_known;

/* A guard in which the thread takes locks that belong to an object, or leaves something in the middle for a moment. No
 * fork happens meanwhile; one that is near is waited for, unless the thread is in a guard already for which the fork
 * waits. Ended by weir__rcu_exit. */
static inline weir_guard weir__fork_section(void) {
    weir_guard g = weir__rcu_enter();
#ifndef WEIR_MODEL
    if (WEIR_UNLIKELY(weir_load_relaxed(&weir__fork_gate.word) != 0)) return weir__fork_enter(g);
#endif
    return g;
}

/* Before the first section of an object, by who makes it. */
static inline void weir__fork_sections(void) {
#ifndef WEIR_MODEL
    if (weir_load_relaxed(&weir__fork_sections_known) == 0) weir__fork_sections_first();
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
