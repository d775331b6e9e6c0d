/* SPDX-License-Identifier: MIT */
/* tests/rings/ring.c - see ring.h. */
#include "ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct ring_setup setup;

/* ---- memory ---------------------------------------------------------------------------------- */

/* Aligned to `align`, but not to twice that, so that nothing hangs on a better alignment than asked
 * for. The end is exact: AddressSanitizer sees a write behind it. */
static void *place(struct ring *q, size_t bytes) {
    size_t align = setup.align ? setup.align : 128;
    void *p = NULL;
    if (posix_memalign(&p, 2 * align, align + bytes) != 0) return NULL;
    q->block = p;
    return q->block + align;
}

/* Two mappings of the same memory: at q->block and q->block + q->mapped. */
static void *map_twice(struct ring *q, size_t bytes) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), size = (bytes + page - 1) / page * page;
    int fd = memfd_create("weir-test", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, (off_t)size) != 0) return NULL;
    char *both = mmap(NULL, 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (both == MAP_FAILED) return NULL;
    for (int i = 0; i < 2; i++) {
        void *want = both + (size_t)i * size;
        if (mmap(want, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) != want)
            return NULL;
    }
    (void)close(fd);
    q->block = both;
    q->mapped = size;
    return both;
}

static bool open_in_memory(struct ring *q, size_t cap, size_t size) {
    size_t bytes = R.bytes(cap, size);
    if (!CHECK(bytes > 0, "bytes(%zu, %zu) is 0", cap, size)) return false;
    void *mem = setup.two_maps ? map_twice(q, bytes) : place(q, bytes);
    if (!CHECK(mem, "memory of %zu bytes: %s", bytes, strerror(errno))) return false;
    int rc = R.init_at(&q->in, mem, bytes, cap, size, setup.start);
    if (!CHECK(rc == 0 && q->in == mem, "init of cap %zu: %d", cap, rc)) return false;
    q->out = q->in;
    if (!setup.two_maps) return true;
    rc = R.attach(&q->out, q->block + q->mapped, bytes);
    return CHECK(rc == 0 && q->out == q->block + q->mapped, "attach: %d", rc);
}

/* A ring whose index stays below the capacity starts at another position after as many elements. */
static bool turn(struct ring *q, size_t cap, size_t size) {
    char *elem = calloc(1, size);
    bool ok = elem != NULL;
    for (uint64_t i = setup.start % cap; ok && i > 0; i--)
        ok = R.try_push(q->in, elem) == 0 && R.try_pop(q->out, elem) == 0;
    free(elem);
    return CHECK(ok, "a new ring does not take an element");
}

bool ring_open_drop(struct ring *q, size_t cap, size_t size, weir_drop_fn *drop, void *arg) {
    *q = (struct ring){ 0 };
    if ((R.has & HAS_MEMORY) && (setup.start || setup.align || setup.two_maps)) {
        if (!open_in_memory(q, cap, size)) return false;
    } else {
        struct weir_ring_opts o = WEIR_RING_OPTS(cap, size);
        o.flags = R.flags;
        o.drop = drop;
        o.drop_arg = arg;
        int rc = R.make(&q->in, &o);
        if (!CHECK(rc == 0 && q->in, "new(%zu, %zu): %d", cap, size, rc)) return false;
        q->out = q->in;
        if (R.index_bits == 0 && !turn(q, cap, size)) return false;
    }
    on_hang(R.dump, q->in);
    return true;
}

bool ring_open(struct ring *q, size_t cap, size_t size) {
    return ring_open_drop(q, cap, size, NULL, NULL);
}

void ring_close_drop(struct ring *q, weir_drop_fn *drop, void *arg) {
    on_hang(NULL, NULL);
    if (!q->in) return;
    if (!q->block) {
        CHECK_IS(R.free(q->in), 0);
        return;
    }
    CHECK_IS(R.fini(q->in, drop, arg), 0);
    if (q->mapped)
        (void)munmap(q->block, 2 * q->mapped);
    else
        free(q->block);
}

void ring_close(struct ring *q) { ring_close_drop(q, NULL, NULL); }

/* ---- elements -------------------------------------------------------------------------------- */

void item_make(void *elem, size_t size, uint64_t id) {
    unsigned char *b = elem;
    size_t n = size < sizeof id ? size : sizeof id;
    memcpy(b, &id, n); /* the low bytes: little endian */
    for (size_t i = n; i < size; i++) b[i] = (unsigned char)(id * 37 + i * 11 + (i >> 8));
}

bool item_is(const void *elem, size_t size, uint64_t id) {
    const unsigned char *b = elem;
    size_t n = size < sizeof id ? size : sizeof id;
    if (memcmp(b, &id, n) != 0) return false;
    for (size_t i = n; i < size; i++)
        if (b[i] != (unsigned char)(id * 37 + i * 11 + (i >> 8))) return false;
    return true;
}

uint64_t item_id(const void *elem) {
    uint64_t id;
    memcpy(&id, elem, sizeof id);
    return id;
}

bool push_ids(struct ring *q, size_t size, uint64_t from, size_t n) {
    char elem[ITEM_MAX];
    for (size_t i = 0; i < n; i++) {
        item_make(elem, size, from + i);
        int rc = R.try_push(q->in, elem);
        if (!CHECK(rc == 0, "push %zu of %zu: %d", i, n, rc)) return false;
    }
    return true;
}

bool pop_ids(struct ring *q, size_t size, uint64_t from, size_t n) {
    char elem[ITEM_MAX];
    for (size_t i = 0; i < n; i++) {
        memset(elem, 0xEE, size);
        int rc = R.try_pop(q->out, elem);
        if (!CHECK(rc == 0, "pop %zu of %zu: %d", i, n, rc)) return false;
        if (!CHECK(item_is(elem, size, from + i), "pop %zu of %zu gives another element", i, n))
            return false;
    }
    return true;
}
