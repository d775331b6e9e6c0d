/* SPDX-License-Identifier: MIT */
/* lib/alloc.c - memory through the object's own allocator. No lock, no state.
 *
 * A user's allocator may come to a cancellation point, and weir calls it in the middle of its own work, where a thread
 * that ended would leave a task, a lock or a worker behind: so its thread is not cancelled there. A cancel stays pending. */
#include <string.h>

#include "base.h"
#include "os.h"
#include "os_user.h"

void *weir__alloc(const struct weir_alloc *a, size_t size, size_t align) {
    if (!a) return weir__os_alloc(size, align);
    int kept = weir__os_user_keep();
    void *p = a->alloc(a->self, size, align);
    weir__os_user_keep_end(kept);
    return p;
}

void weir__free(const struct weir_alloc *a, void *p, size_t size, size_t align) {
    if (!a) {
        weir__os_free(p);
        return;
    }
    int kept = weir__os_user_keep();
    a->free(a->self, p, size, align);
    weir__os_user_keep_end(kept);
}

void *weir__alloc_zeroed(const struct weir_alloc *a, size_t size, size_t align) {
    if (!a && size >= WEIR__OS_PAGES) return weir__os_pages(size);
    void *p = weir__alloc(a, size, align);
    if (p) memset(p, 0, size);
    return p;
}

void weir__free_zeroed(const struct weir_alloc *a, void *p, size_t size, size_t align) {
    if (!a && size >= WEIR__OS_PAGES)
        weir__os_pages_free(p, size);
    else
        weir__free(a, p, size, align);
}

int weir__ring_opts_check(const struct weir_ring_opts *opts, unsigned flags) {
    if (!opts || opts->size < sizeof *opts || (opts->flags & ~flags)) return WEIR_EINVAL;
    return weir__alloc_usable(opts->alloc) ? 0 : WEIR_EINVAL;
}

size_t weir__ring_bytes(size_t header, size_t n, size_t stride) {
    size_t slots, all;
    if (__builtin_mul_overflow(n, stride, &slots)) return 0;
    if (__builtin_add_overflow(slots, header, &all)) return 0;
    return all > PTRDIFF_MAX - 2 * WEIR_LINE ? 0 : all;
}

void *weir__own(const struct weir_ring_opts *opts, size_t bytes) {
    char *block = weir__alloc(opts->alloc, WEIR_LINE + bytes, WEIR_LINE);
    if (!block) return NULL;
    *(struct weir__owner *)(void *)block =
        (struct weir__owner){ opts->alloc, opts->drop, opts->drop_arg, bytes };
    return block + WEIR_LINE;
}

struct weir__owner *weir__owner_of(void *obj) {
    return (struct weir__owner *)(void *)((char *)obj - WEIR_LINE);
}

void weir__disown(void *obj) {
    struct weir__owner *o = weir__owner_of(obj);
    weir__free(o->alloc, o, WEIR_LINE + o->bytes, WEIR_LINE);
}
