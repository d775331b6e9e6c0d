/* SPDX-License-Identifier: MIT */
/* lib/os.h - the only door to the operating system: futex, clock, memory, threads, random numbers,
 * processor count, membarrier. The model build has a second os.c behind the same names. Every call
 * saves and restores errno; EINTR never leaves. */
#ifndef WEIR_LIB_OS_H
#define WEIR_LIB_OS_H

#include <weir/atomic.h>

/* Sleeps while *word == expected, until woken, or until `deadline` (WEIR_FOREVER: none). Returns 0
 * (woken, spuriously too, or the word differs) or WEIR_ETIMEDOUT. Private to the process. */
int weir__os_futex_wait(weir_au32 *word, uint32_t expected, weir_time deadline);
/* Wakes up to n threads that sleep on the word. The word may be gone already: nothing is read. */
void weir__os_futex_wake(weir_au32 *word, int n);

weir_time weir__os_now(void);
int64_t weir__os_cpu_time(void); /* ns that the calling thread has had of processors */

/* align: a power of two; NULL when memory is short. */
void *weir__os_alloc(size_t size, size_t align);
void weir__os_free(void *p);
/* Gives what malloc has kept of freed memory back to the system, where it can. */
void weir__os_alloc_trim(void);
/* Zeroed memory from the system, of large pages where it has them, which come when they are touched; NULL: none.
 * size: from WEIR__OS_PAGES on, and the same for both. */
#define WEIR__OS_PAGES ((size_t)1 << 20)
void *weir__os_pages(size_t size);
void weir__os_pages_free(void *p, size_t size);

/* Processors that the process may keep busy at once: the smaller of affinity (of the main thread and the
 * calling one together) and cgroup quota (rounded up), at least 1. Read once, by the first call, which
 * opens files: constructors make it, so that no wait has to, in a sandbox say. Not a cancellation point. */
unsigned weir__os_cpus(void);

uint64_t weir__os_random(void);

/* Runs fn in a new thread, detached, with all signals blocked. Returns 0 or WEIR_ENOMEM. */
WEIR_NODISCARD int weir__os_thread(void (*fn)(void));

/* The calling thread, as the kernel names it. */
unsigned weir__os_tid(void);

/* Registers the process for membarrier and tries it once; false: the kernel refuses. Idempotent. */
bool weir__os_membarrier_register(void);
/* A full barrier on every running thread of the process. False: the kernel refuses, as it does under a
 * filter installed after the registration, or in a process that is not registered. */
WEIR_NODISCARD bool weir__os_membarrier(void);

#endif
