/* SPDX-License-Identifier: MIT */
/* bench/heap.c - what malloc has given out; see map_team.h. */
#include <malloc.h>
#include <stdlib.h>

#include "map_team.h"

size_t wb_heap(void) {
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
#else
    return 0;
#endif
}

size_t wb_heap_of(size_t bytes) {
    void *p = malloc(bytes);
    size_t block = p ? malloc_usable_size(p) + sizeof(size_t) : 0; /* with the size before it */
    free(p);
    return block;
}
