/* SPDX-License-Identifier: MIT */
/* lib/handle.h - objects that callers hold by a pointer: debug builds find the use of one that was freed.
 *
 *   struct weir_map { ...; struct weir__handle handle; ... };
 *   new          weir__handle_init(&m->handle, WEIR__MAP);
 *   each call    if (!weir__handle_ok(&m->handle, WEIR__MAP, "weir_map_get")) return WEIR_EINVAL;
 *   free         if (!weir__handle_end(&m->handle, WEIR__MAP, "weir_map_free")) return WEIR_EINVAL;
 *                ... what it owns ...
 *                weir__handle_free(m->alloc, m, sizeof *m, WEIR_LINE, &m->handle);
 *
 * Its memory stays for a while, marked as dead, in a quarantine of WEIR__HANDLES_KEPT objects and
 * WEIR__HANDLES_BYTES bytes in all; the oldest leave it first, and weir_shutdown empties it. So a pointer to it is
 * safe to ask for that long. Memory of a user's allocator goes back at once, as its owner may expect, and so does
 * an object that is larger than all the room: nothing is found there. Nor is a pointer to what never was an object
 * of weir's. Objects of another kind are found where all have their handles in the same place.
 *
 * In release builds all of it is nothing, and so it is under the explorer, whose heap finds each access to what
 * was freed, and for which a mark would be one step more in each call. */
#ifndef WEIR_LIB_HANDLE_H
#define WEIR_LIB_HANDLE_H

#include <weir/atomic.h>

#include "base.h"

/* One for each type of object. */
enum weir__handle_kind { WEIR__MAP = 1, WEIR__SHARDMAP };

/* In every build, so that layouts are the same. */
struct weir__handle {
    weir_au64 mark; /* kind and WEIR__HANDLE_LIVE, or _DEAD */
};

/* The handle of obj, which may be of another type than its caller believes, with less alignment. */
static inline const struct weir__handle *weir__handle_at(const void *obj, size_t offset) {
    return (const struct weir__handle *)(const void *)((const char *)obj + offset);
}

#if defined(WEIR_DEBUG) && !defined(WEIR_MODEL)
#define WEIR__HANDLES_KEPT 128
#define WEIR__HANDLES_BYTES ((size_t)1 << 20)
#define WEIR__HANDLE_LIVE UINT64_C(0x6576696c)
#define WEIR__HANDLE_DEAD UINT64_C(0x64616564)

static inline uint64_t weir__handle_live(uint32_t kind) {
    return (uint64_t)kind << 32 | WEIR__HANDLE_LIVE;
}
/* Reports what the mark says instead of live. False. */
bool weir__handle_bad(uint64_t mark, uint32_t kind, const char *call);

static inline void weir__handle_init(struct weir__handle *h, uint32_t kind) {
    weir_init_atomic(&h->mark, weir__handle_live(kind));
}

/* Whether it is a live object of this kind; if not, that is reported as a misuse by `call`. Relaxed: who uses an
 * object while another thread frees it may or may not be found. */
static inline bool weir__handle_ok(const struct weir__handle *h, uint32_t kind, const char *call) {
    uint64_t mark = weir_load_relaxed(&h->mark);
    return WEIR_LIKELY(mark == weir__handle_live(kind)) || weir__handle_bad(mark, kind, call);
}

/* Marks it as dead. False, and reported: it was no live one. Of two threads that free it one gets true. */
bool weir__handle_end(struct weir__handle *h, uint32_t kind, const char *call);
/* Frees obj, which has ended, and whose handle is h; without an allocator, later. */
void weir__handle_free(const struct weir_alloc *a, void *obj, size_t size, size_t align,
                       struct weir__handle *h);
/* Empties the quarantine. */
void weir__handle_drain(void);
/* Objects in it, and their bytes. */
size_t weir__handle_kept(size_t *bytes);

#else
static inline void weir__handle_init(struct weir__handle *h, uint32_t kind) {
    (void)h;
    (void)kind;
}
static inline bool weir__handle_ok(const struct weir__handle *h, uint32_t kind, const char *call) {
    (void)h;
    (void)kind;
    (void)call;
    return true;
}
static inline bool weir__handle_end(struct weir__handle *h, uint32_t kind, const char *call) {
    return weir__handle_ok(h, kind, call);
}
static inline void weir__handle_free(const struct weir_alloc *a, void *obj, size_t size,
                                     size_t align, struct weir__handle *h) {
    (void)h;
    weir__free(a, obj, size, align);
}
static inline void weir__handle_drain(void) {}
#endif
#endif
