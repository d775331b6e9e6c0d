/* SPDX-License-Identifier: MIT */
/* stress/explore/state.c - static variables of the library under test.
 *
 * An execution must start from the same state as the one before. The model library is linked with
 * all its .data and .bss in one section, weir_state (state.ld), which is copied at the start and
 * written back before each execution. A program that links no such library has no such section. */
#include <stdlib.h>
#include <string.h>

#include "asan.h"
#include "engine.h"

extern char __start_weir_state[] __attribute__((weak));
extern char __stop_weir_state[] __attribute__((weak));

static char *saved;

static size_t size(void) {
    return __start_weir_state ? (size_t)(__stop_weir_state - __start_weir_state) : 0;
}

void ex_state_save(void) {
    if (size() == 0) return;
#ifdef EX_ASAN
    __asan_unpoison_memory_region(__start_weir_state, size()); /* what lies between variables */
#endif
    if (!saved) saved = malloc(size());
    if (saved) memcpy(saved, __start_weir_state, size());
}

void ex_state_restore(void) {
    if (saved) memcpy(__start_weir_state, saved, size());
}

/* Whether a word of the section points into [from, to). */
bool ex_state_reaches(const void *from, const void *to) {
    uintptr_t lo = (uintptr_t)from, hi = (uintptr_t)to;
    static char *hit; /* where it was found last time: mostly there again */
    char *p = (char *)(((uintptr_t)__start_weir_state + sizeof lo - 1) & ~(sizeof lo - 1));
    if (size() == 0) return false;
    if (hit && *(uintptr_t *)(void *)hit - lo < hi - lo) return true;
    for (; p + sizeof lo <= __stop_weir_state; p += sizeof lo) {
        if (*(uintptr_t *)(void *)p - lo >= hi - lo) continue;
        hit = p;
        return true;
    }
    return false;
}
