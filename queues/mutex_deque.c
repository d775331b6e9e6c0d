/* SPDX-License-Identifier: MIT */
/* queues/mutex_deque.c - see weir/mutex_deque.h. */
#include <weir/mutex_deque.h>

#include "../lib/base.h"
#include "../lib/os_mutex.h"
#include "deque.h"

struct weir_mutex_deque {
    weir__mutex mutex;
    uint64_t top, bottom;
    size_t cap, first;
    size_t most; /* in use since it was last empty */
    void **slot;
    struct weir_deque_opts opts;
};

static size_t bytes_of(size_t cap) { return cap * sizeof(void *); }

int weir_mutex_deque_new(weir_mutex_deque **out, const struct weir_deque_opts *opts) {
    static const struct weir_deque_opts defaults = WEIR_DEQUE_OPTS(0);
    if (!out) return WEIR_EINVAL;
    *out = NULL;
    if (!opts) opts = &defaults;
    size_t cap = weir__deque_first_cap(opts);
    if (cap == 0) return WEIR_EINVAL;
    weir_mutex_deque *d = weir__alloc(opts->alloc, sizeof *d, _Alignof(weir_mutex_deque));
    if (!d) return WEIR_ENOMEM;
    *d = (weir_mutex_deque){ .cap = cap, .first = cap, .opts = *opts };
    d->slot = weir__alloc(opts->alloc, bytes_of(cap), _Alignof(void *));
    if (!d->slot) goto fail_slots;
    if (weir__mutex_init(&d->mutex) < 0) goto fail_mutex;
    *out = d;
    return 0;
fail_mutex:
    weir__free(opts->alloc, d->slot, bytes_of(cap), _Alignof(void *));
fail_slots:
    weir__free(opts->alloc, d, sizeof *d, _Alignof(weir_mutex_deque));
    return WEIR_ENOMEM;
}

static void **slot_of(const weir_mutex_deque *d, uint64_t i) { return &d->slot[i & (d->cap - 1)]; }

int weir_mutex_deque_free(weir_mutex_deque *d) {
    if (!d) return 0;
    const struct weir_alloc *alloc = d->opts.alloc;
    for (; d->opts.drop && d->top != d->bottom; d->top++)
        d->opts.drop(slot_of(d, d->top), d->opts.drop_arg);
    weir__mutex_fini(&d->mutex);
    weir__free(alloc, d->slot, bytes_of(d->cap), _Alignof(void *));
    weir__free(alloc, d, sizeof *d, _Alignof(weir_mutex_deque));
    return 0;
}

/* ---- under the mutex ---------------------------------------------------------------------------------- */

static int resize(weir_mutex_deque *d, size_t cap) {
    if (cap > SIZE_MAX / (4 * sizeof(void *))) return WEIR_ENOMEM;
    void **slot = weir__alloc(d->opts.alloc, bytes_of(cap), _Alignof(void *));
    if (!slot) return WEIR_ENOMEM;
    for (uint64_t i = d->top; i != d->bottom; i++) slot[i & (cap - 1)] = *slot_of(d, i);
    weir__free(d->opts.alloc, d->slot, bytes_of(d->cap), _Alignof(void *));
    d->slot = slot;
    d->cap = cap;
    return 0;
}

/* After a pop that left it empty, or found it so. */
static void emptied(weir_mutex_deque *d) {
    size_t most = d->most;
    d->most = 0;
    /* Without memory it stays as it is. */
    if (d->cap > d->first && most && most <= d->cap / 4) (void)resize(d, d->first);
}

static int push(weir_mutex_deque *d, void *elem) {
    size_t len = (size_t)(d->bottom - d->top);
    if (len == d->cap) {
        int rc = resize(d, 2 * d->cap);
        if (rc < 0) return rc;
    }
    *slot_of(d, d->bottom++) = elem;
    if (len + 1 > d->most) d->most = len + 1;
    return 0;
}

static int pop(weir_mutex_deque *d, void **elem) {
    bool any = d->bottom != d->top;
    if (any) *elem = *slot_of(d, --d->bottom);
    if (d->bottom == d->top) emptied(d);
    return any ? 0 : WEIR_EAGAIN;
}

static size_t take(weir_mutex_deque *d, void **elems, size_t n) {
    size_t half = (size_t)((d->bottom - d->top + 1) / 2);
    if (n > half) n = half;
    for (size_t i = 0; i < n; i++) elems[i] = *slot_of(d, d->top++);
    return n;
}

/* ---- the verbs ------------------------------------------------------------------------------------------ */

int weir_mutex_deque_push(weir_mutex_deque *d, void *elem) {
    if (!d) return weir__misuse("weir_mutex_deque_push", "no deque");
    weir__mutex_lock(&d->mutex);
    int rc = push(d, elem);
    weir__mutex_unlock(&d->mutex);
    return rc;
}

int weir_mutex_deque_pop(weir_mutex_deque *d, void **elem) {
    if (!d || !elem) return weir__misuse("weir_mutex_deque_pop", "no deque, or no place");
    weir__mutex_lock(&d->mutex);
    int rc = pop(d, elem);
    weir__mutex_unlock(&d->mutex);
    return rc;
}

ptrdiff_t weir_mutex_deque_steal_n(weir_mutex_deque *d, void **elems, size_t n) {
    if (!d || (!elems && n)) return weir__misuse("weir_mutex_deque_steal", "no deque, or no place");
    if (n == 0) return 0;
    weir__mutex_lock(&d->mutex);
    size_t k = take(d, elems, n);
    weir__mutex_unlock(&d->mutex);
    return k ? (ptrdiff_t)k : WEIR_EAGAIN;
}

int weir_mutex_deque_steal(weir_mutex_deque *d, void **elem) {
    ptrdiff_t n = weir_mutex_deque_steal_n(d, elem, 1);
    return n > 0 ? 0 : (int)n;
}

int weir_mutex_deque_trim(weir_mutex_deque *d) {
    if (!d) return weir__misuse("weir_mutex_deque_trim", "no deque");
    weir__mutex_lock(&d->mutex);
    if (d->top == d->bottom && d->cap > d->first) (void)resize(d, d->first);
    int rc = d->cap == d->first ? 0 : WEIR_EAGAIN;
    weir__mutex_unlock(&d->mutex);
    return rc;
}

size_t weir_mutex_deque_len(weir_mutex_deque *d) {
    if (!d) return 0;
    weir__mutex_lock(&d->mutex);
    size_t len = (size_t)(d->bottom - d->top);
    weir__mutex_unlock(&d->mutex);
    return len;
}

size_t weir_mutex_deque_cap(weir_mutex_deque *d) {
    if (!d) return 0;
    weir__mutex_lock(&d->mutex);
    size_t cap = d->cap;
    weir__mutex_unlock(&d->mutex);
    return cap;
}
