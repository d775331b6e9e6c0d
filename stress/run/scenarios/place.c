/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/place.c - see place.h. */
#include "place.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t page_size(void) { return (size_t)sysconf(_SC_PAGESIZE); }
static size_t in_pages(size_t bytes) {
    size_t page = page_size();
    return (bytes + page - 1) / page * page;
}

/* ---- pages ----------------------------------------------------------------------------------------- */

/* in_pages(bytes) that can be used, between two pages that cannot. Returns the first that can. */
static char *fenced(size_t bytes) {
    size_t page = page_size(), used = in_pages(bytes);
    char *all = mmap(NULL, used + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) return NULL;
    if (mprotect(all + page, used, PROT_READ | PROT_WRITE) == 0) return all + page;
    (void)munmap(all, used + 2 * page);
    return NULL;
}
static void fenced_free(char *first, size_t bytes) {
    (void)munmap(first - page_size(), in_pages(bytes) + 2 * page_size());
}

void *edge_alloc(size_t bytes) {
    char *first = fenced(bytes);
    return first ? first + (in_pages(bytes) - bytes) : NULL;
}
void edge_free(void *p, size_t bytes) {
    if (p) fenced_free((char *)p - (in_pages(bytes) - bytes), bytes);
}

/* The same memory at the address returned and `used` bytes further on. */
static char *mapped_twice(size_t used) {
    int fd = memfd_create("weir-stress", MFD_CLOEXEC);
    if (fd < 0) return NULL;
    char *both = mmap(NULL, 2 * used, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool ok = both != MAP_FAILED && ftruncate(fd, (off_t)used) == 0;
    for (size_t i = 0; ok && i < 2; i++)
        ok = mmap(both + i * used, used, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) !=
             MAP_FAILED;
    (void)close(fd);
    if (ok) return both;
    if (both != MAP_FAILED) (void)munmap(both, 2 * used);
    return NULL;
}

/* ---- rings ------------------------------------------------------------------------------------------ */

/* Memory for `bytes` bytes at the place; what is to be freed is noted in p. */
static void *memory_at(struct placed *p, enum place place, size_t bytes) {
    char *m;
    if (place == PLACE_EXACT || place == PLACE_ODD) {
        size_t shift = place == PLACE_ODD ? 8 : 0;
        if (posix_memalign(&p->block, WEIR_LINE, shift + bytes) != 0) return NULL;
        return (char *)p->block + shift;
    }
    if (place == PLACE_TWICE) {
        p->mapped = 2 * in_pages(bytes);
        return p->block = mapped_twice(p->mapped / 2);
    }
    m = fenced(bytes);
    if (!m) return NULL;
    p->block = m - page_size();
    p->mapped = in_pages(bytes) + 2 * page_size();
    /* A ring wants 8 bytes; those between its end and the page are at most 7. */
    return place == PLACE_EDGE ? m + (in_pages(bytes) - bytes) / 8 * 8 : m;
}

static void release(struct placed *p) {
    if (p->mapped)
        (void)munmap(p->block, p->mapped);
    else
        free(p->block);
}

static int open_in_memory(struct placed *p, const struct shape *s) {
    size_t bytes = p->kind->bytes(s->cap, s->size);
    void *mem = memory_at(p, s->place, bytes);
    if (!mem) return WEIR_ENOMEM;
    int rc = p->kind->init(&p->in, mem, bytes, s->cap, s->size, 0, s->start);
    p->out = p->in;
    if (rc == 0 && s->place == PLACE_TWICE)
        rc = p->kind->attach(&p->out, (char *)mem + p->mapped / 2, bytes);
    if (rc < 0) release(p);
    return rc;
}

int placed_open(struct placed *p, const struct ring_kind *kind, const struct shape *s,
                weir_drop_fn *drop, void *arg) {
    *p = (struct placed){ .kind = kind };
    if (s->place != PLACE_NEW && (kind->has & RING_MEMORY)) return open_in_memory(p, s);
    struct weir_ring_opts o = WEIR_RING_OPTS(s->cap, s->size);
    o.drop = drop;
    o.drop_arg = arg;
    int rc = kind->make(&p->in, &o);
    p->out = p->in;
    return rc;
}

int placed_close(struct placed *p, weir_drop_fn *drop, void *arg) {
    if (!p->block) return p->kind->free(p->in);
    int rc = p->kind->fini(p->in, drop, arg);
    release(p);
    return rc;
}
