/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/map_blocks.c - see map_blocks.h. Each block has its size and alignment behind it, where an
 * overrun would meet them first. */
#include "map_blocks.h"

#include <stdlib.h>
#include <string.h>

#include <weir/stress.h>

struct tail {
    size_t size, align;
};

static bool refuses(struct map_blocks *b, size_t size, uint64_t n) {
    uint64_t above = weir_load_relaxed(&b->above), one_of = weir_load_relaxed(&b->one_of);
    if (n == weir_load_relaxed(&b->nth) || (above && size > above)) return true;
    return one_of && (n * UINT64_C(0x9E3779B97F4A7C15) >> 33) % one_of == 0;
}

static void *get(void *self, size_t size, size_t align) {
    struct map_blocks *b = self;
    void *p = NULL;
    struct tail t = { size, align };
    uint64_t n = weir_fetch_add_relaxed(&b->asked, 1) + 1;
    if (refuses(b, size, n) ||
        posix_memalign(&p, align < sizeof(void *) ? sizeof(void *) : align, size + sizeof t) != 0) {
        (void)weir_fetch_add_relaxed(&b->refused, 1);
        return NULL;
    }
    memset(p, 0xA5, size);
    memcpy((char *)p + size, &t, sizeof t);
    (void)weir_fetch_add_relaxed(&b->out, 1);
    (void)weir_fetch_add_relaxed(&b->bytes, size);
    return p;
}

static void give(void *self, void *p, size_t size, size_t align) {
    struct map_blocks *b = self;
    struct tail t;
    memcpy(&t, (char *)p + size, sizeof t);
    weir_stress_check(t.size == size && t.align == align,
                      "a block comes back with %zu bytes, aligned to %zu: not as it was asked for",
                      size, align);
    memset(p, 0x5A, size); /* who still reads it finds no entry that was ever put */
    memset((char *)p + size, 0, sizeof t);
    (void)weir_fetch_sub_relaxed(&b->out, 1);
    (void)weir_fetch_sub_relaxed(&b->bytes, size);
    free(p);
}

void blocks_init(struct map_blocks *b) {
    memset(b, 0, sizeof *b);
    b->as = (struct weir_alloc){ get, give, b };
}

void blocks_check(const struct map_blocks *b) {
    uint64_t out = weir_load_relaxed(&b->out), bytes = weir_load_relaxed(&b->bytes);
    weir_stress_check(out == 0 && bytes == 0, "%llu blocks of %llu bytes are out after free",
                      (unsigned long long)out, (unsigned long long)bytes);
}
