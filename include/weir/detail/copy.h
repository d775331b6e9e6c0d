/* SPDX-License-Identifier: MIT */
/* weir/detail/copy.h - copies of elements. Not a public interface.
 *
 * A size that is a constant at the call becomes a plain memcpy, which the compiler turns into
 * moves. A size loaded from an object goes through one switch over the common small sizes, since a
 * call of memcpy costs more than the copy. Always memcpy, never a cast: elements have no alignment. */
#ifndef WEIR_DETAIL_COPY_H
#define WEIR_DETAIL_COPY_H

#include <string.h>

#include <weir/atomic.h>

/* The model build switches threads before a copy as well. */
#ifdef WEIR_MODEL
#include <weir/detail/model.h>
#define WEIR__COPIES(dst, src, n) weir__model_copy(dst, src, n, WEIR__SITE("copy"))
#else
#define WEIR__COPIES(dst, src, n) ((void)0)
#endif

#ifdef __OPTIMIZE__
WEIR__BODY void weir__copy_any(void *dst, const void *src, size_t n) {
    if (__builtin_constant_p(n)) {
        memcpy(dst, src, n);
        return;
    }
    WEIR__FORGET(dst);
    WEIR__FORGET(src);
    if (WEIR_LIKELY(n == 8)) { /* a word: not worth the way through the switch */
        memcpy(dst, src, 8);
        return;
    }
    switch (n) {
        case 1: memcpy(dst, src, 1); break;
        case 2: memcpy(dst, src, 2); break;
        case 4: memcpy(dst, src, 4); break;
        case 16: memcpy(dst, src, 16); break;
        case 32: memcpy(dst, src, 32); break;
        case 64: memcpy(dst, src, 64); break;
        default: memcpy(dst, src, n); break;
    }
}
#else /* nothing is a constant here, and the branches of the switch would raise false warnings */
#define weir__copy_any memcpy
#endif

WEIR__BODY void weir__copy(void *dst, const void *src, size_t n) {
    WEIR__COPIES(dst, src, n);
    weir__copy_any(dst, src, n);
}

/* Moves n elements of a circular array of `slots` elements, from or to position pos: at most two
 * pieces. */
WEIR__BODY void weir__copy_in(char *base, size_t slots, size_t pos, const void *src, size_t n,
                              size_t esize) {
    size_t first = slots - pos < n ? slots - pos : n;
    WEIR__COPIES(base + pos * esize, src, first * esize);
    memcpy(base + pos * esize, src, first * esize);
    if (first == n) return;
    WEIR__COPIES(base, (const char *)src + first * esize, (n - first) * esize);
    memcpy(base, (const char *)src + first * esize, (n - first) * esize);
}

WEIR__BODY void weir__copy_out(void *dst, const char *base, size_t slots, size_t pos, size_t n,
                               size_t esize) {
    size_t first = slots - pos < n ? slots - pos : n;
    WEIR__COPIES(dst, base + pos * esize, first * esize);
    memcpy(dst, base + pos * esize, first * esize);
    if (first == n) return;
    WEIR__COPIES((char *)dst + first * esize, base, (n - first) * esize);
    memcpy((char *)dst + first * esize, base, (n - first) * esize);
}

#endif
