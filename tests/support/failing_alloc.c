/* SPDX-License-Identifier: MIT */
/* tests/support/failing_alloc.c - see failing_alloc.h. */
#include "failing_alloc.h"

#include "check.h"

#include <pthread.h>
#include <stdlib.h>

/* What stands before a block: its size and alignment, in `align` bytes (at least 16). */
struct mark {
    size_t size, align;
};

static size_t before(size_t align) {
    return align < sizeof(struct mark) ? sizeof(struct mark) : align;
}

/* Of the counts: what is retired is given back by weir's thread. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Counts a request; whether it is refused. */
static bool refuses(struct failing_alloc *f) {
    (void)pthread_mutex_lock(&lock);
    bool yes = ++f->requests == f->fail_at || (f->most && f->out >= f->most);
    f->refused += yes;
    (void)pthread_mutex_unlock(&lock);
    return yes;
}

static void count(struct failing_alloc *f, size_t blocks, size_t bytes) {
    (void)pthread_mutex_lock(&lock);
    f->out += blocks;
    f->bytes_out += bytes;
    (void)pthread_mutex_unlock(&lock);
}

static void *get(void *self, size_t size, size_t align) {
    struct failing_alloc *f = self;
    void *p = NULL;
    if (refuses(f)) return NULL;
    size_t head = before(align);
    if (posix_memalign(&p, head, head + size) != 0) return NULL;
    char *block = (char *)p + head;
    *(struct mark *)(void *)(block - sizeof(struct mark)) = (struct mark){ size, align };
    count(f, 1, size);
    return block;
}

static void put(void *self, void *p, size_t size, size_t align) {
    struct failing_alloc *f = self;
    const struct mark *m = (const struct mark *)(const void *)((char *)p - sizeof *m);
    CHECK_IS(m->size, size);
    CHECK_IS(m->align, align);
    count(f, (size_t)-1, 0 - size);
    free((char *)p - before(align));
}

void failing_alloc_init(struct failing_alloc *f, size_t fail_at) {
    *f = (struct failing_alloc){ .fail_at = fail_at };
    f->as = (struct weir_alloc){ .alloc = get, .free = put, .self = f };
}
