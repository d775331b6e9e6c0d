/* SPDX-License-Identifier: MIT */
/* lib/base.h - shared inside the library: report of misuse, allocation through an object's
 * allocator, and the block that stands before an object which weir allocated. */
#ifndef WEIR_LIB_BASE_H
#define WEIR_LIB_BASE_H

#include <weir/base.h>

/* Returns WEIR_EINVAL; in debug builds calls the report hook first. */
int weir__misuse(const char *call, const char *what);

/* NULL allocator: malloc. */
void *weir__alloc(const struct weir_alloc *a, size_t size, size_t align);
void weir__free(const struct weir_alloc *a, void *p, size_t size, size_t align);
/* Of zeros; large ones, without an allocator, come from the system page by page, as they are touched. align: up to
 * 4096. To be freed by weir__free_zeroed, with the same arguments. */
void *weir__alloc_zeroed(const struct weir_alloc *a, size_t size, size_t align);
void weir__free_zeroed(const struct weir_alloc *a, void *p, size_t size, size_t align);

/* Whether it has what it needs; NULL has. */
static inline bool weir__alloc_usable(const struct weir_alloc *a) {
    return !a || (a->alloc && a->free);
}

/* 0 if opts has the right size and flags within `flags`, else WEIR_EINVAL. */
int weir__ring_opts_check(const struct weir_ring_opts *opts, unsigned flags);

/* Bytes of a ring: a header, then n slots of `stride`; 0 on overflow. */
size_t weir__ring_bytes(size_t header, size_t n, size_t stride);

/* An object of `bytes` bytes, aligned to WEIR_LINE, with what is needed to free it kept before it:
 * nothing of that may stand in the object itself, which has to be position independent. */
struct weir__owner {
    const struct weir_alloc *alloc;
    weir_drop_fn *drop;
    void *drop_arg;
    size_t bytes;
};
void *weir__own(const struct weir_ring_opts *opts, size_t bytes);
struct weir__owner *weir__owner_of(void *obj);
void weir__disown(void *obj);

#endif
