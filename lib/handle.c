/* SPDX-License-Identifier: MIT */
/* lib/handle.c - the quarantine of debug builds: a circle of what was freed last. See handle.h.
 *
 * Invariants
 *   I1  what is in the circle is marked as dead, and nobody else frees it; kept.n and kept.bytes are within their
 *       bounds whenever the lock is free. What leaves is given back after the lock.
 *   I2  AddressSanitizer is told that what stands behind the mark is not to be read: the mark is, and so is what
 *       stands before it, which inline functions of public headers may read before they call.
 * Progress   blocking: a short lock in each free of an object. The check is one load.
 * Ordering   the lock carries the entries. The mark carries nothing. */
#include "handle.h"

#if defined(WEIR_DEBUG) && !defined(WEIR_MODEL)
#include "fork.h"
#include "lock.h"
#include "os.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ADDRESS_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define ADDRESS_SANITIZER 1
#endif

#ifdef ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
static void hide(void *p, size_t n) { __asan_poison_memory_region(p, n); }
static void show(void *p, size_t n) { __asan_unpoison_memory_region(p, n); }
#else
static void hide(void *p, size_t n) { (void)p, (void)n; }
static void show(void *p, size_t n) { (void)p, (void)n; }
#endif

/* ---- marks ---------------------------------------------------------------------------------------------- */

static uint64_t dead(uint32_t kind) { return (uint64_t)kind << 32 | WEIR__HANDLE_DEAD; }

bool weir__handle_bad(uint64_t mark, uint32_t kind, const char *call) {
    (void)weir__misuse(call,
                       mark == dead(kind) ? "it was freed before" : "not what this call is for");
    return false;
}

bool weir__handle_end(struct weir__handle *h, uint32_t kind, const char *call) {
    uint64_t mark = weir__handle_live(kind);
    /* Relaxed: that the other uses have ended is the caller's affair. */
    if (WEIR_LIKELY(weir_cas_relaxed(&h->mark, &mark, dead(kind)))) return true;
    return weir__handle_bad(mark, kind, call);
}

/* ---- quarantine ----------------------------------------------------------------------------------------- */

struct freed {
    void *obj;
    size_t size;
};

static struct {
    struct weir__lock lock;
    struct freed at[WEIR__HANDLES_KEPT];
    size_t first, n, bytes;
} kept;

/* The oldest, out of the circle. Under the lock. */
static struct freed oldest(void) {
    struct freed f = kept.at[kept.first];
    kept.first = (kept.first + 1) % WEIR__HANDLES_KEPT;
    kept.n--;
    kept.bytes -= f.size;
    return f;
}

static bool has_room(size_t size) {
    return kept.n < WEIR__HANDLES_KEPT && kept.bytes + size <= WEIR__HANDLES_BYTES;
}

static void give_back(struct freed f) {
    show(f.obj, f.size);
    weir__os_free(f.obj);
}

void weir__handle_free(const struct weir_alloc *a, void *obj, size_t size, size_t align,
                       struct weir__handle *h) {
    char *behind = (char *)(h + 1);
    if (a || size > WEIR__HANDLES_BYTES) {
        weir__free(a, obj, size, align);
        return;
    }
    hide(behind, size - (size_t)(behind - (char *)obj));
    weir__lock(&kept.lock);
    while (!has_room(size)) {
        struct freed f = oldest();
        weir__unlock(&kept.lock);
        give_back(f);
        weir__lock(&kept.lock);
    }
    kept.at[(kept.first + kept.n++) % WEIR__HANDLES_KEPT] = (struct freed){ obj, size };
    kept.bytes += size;
    weir__unlock(&kept.lock);
}

void weir__handle_drain(void) {
    weir__lock(&kept.lock);
    while (kept.n) {
        struct freed f = oldest();
        weir__unlock(&kept.lock);
        give_back(f);
        weir__lock(&kept.lock);
    }
    weir__unlock(&kept.lock);
}

static void fork_prepare(void) { weir__lock(&kept.lock); }
static void fork_parent(void) { weir__unlock(&kept.lock); }
static void fork_child(const struct weir__thread *self) {
    (void)self;
    fork_parent();
}
__attribute__((constructor)) static void begin(void) {
    static const struct weir__fork_hook hook = { fork_prepare, fork_parent, fork_child };
    (void)weir__fork_hook(&hook);
}

size_t weir__handle_kept(size_t *bytes) {
    weir__lock(&kept.lock);
    size_t n = kept.n;
    *bytes = kept.bytes;
    weir__unlock(&kept.lock);
    return n;
}
#endif
