/* SPDX-License-Identifier: MIT */
/* tests/rings/ring.h - the ring under test: each test is written once over this table of operations,
 * and linked once with each structure (ops_*.c).
 *
 * Single and batch verbs return what weir/mpmc.h says; a structure whose try verbs return bool has an
 * adapter that says WEIR_EAGAIN for false. */
#ifndef WEIR_TESTS_RING_H
#define WEIR_TESTS_RING_H

#include <weir/base.h>

#include "../support/check.h"
#include "../support/threads.h"

/* What a structure has. */
enum {
    HAS_MANY = 1,     /* any number of producers and consumers; else one of each */
    HAS_WAIT = 2,     /* waiting verbs and close */
    HAS_MEMORY = 4,   /* works in caller's memory */
    HAS_IN_PLACE = 8, /* reserve, commit, peek, consume */
    HAS_POINTS = 16,  /* not blocking: other threads go on while one is stopped at a point */
    IS_SPSC = 32,
    IS_MPMC = 64,
    IS_MUTEX = 128,
    IS_SCQ = 256,
    HAS_BATCH = 512,  /* batches */
    HAS_WHOLE = 1024, /* a batch is one step */
};

struct ring_ops {
    const char *name;
    unsigned has;
    bool busy;           /* try verbs may report EBUSY */
    unsigned index_bits; /* width of the index field; 0: the index stays below the capacity */
    int (*make)(void **out, const struct weir_ring_opts *opts);
    int (*free)(void *r);
    size_t (*bytes)(size_t cap, size_t elem_size);
    int (*init)(void **out, void *mem, size_t bytes, size_t cap, size_t elem_size);
    int (*init_at)(void **out, void *mem, size_t bytes, size_t cap, size_t elem_size,
                   uint64_t start);
    int (*attach)(void **out, void *mem, size_t bytes);
    int (*fini)(void *r, weir_drop_fn *drop, void *arg);
    int (*try_push)(void *r, const void *elem);
    int (*try_pop)(void *r, void *elem);
    ptrdiff_t (*try_push_n)(void *r, const void *elems, size_t n);
    ptrdiff_t (*try_pop_n)(void *r, void *elems, size_t n);
    int (*push_wait)(void *r, const void *elem, weir_time deadline, weir_ctx *ctx);
    int (*pop_wait)(void *r, void *elem, weir_time deadline, weir_ctx *ctx);
    ptrdiff_t (*push_n_wait)(void *r, const void *elems, size_t n, weir_time d, weir_ctx *ctx);
    ptrdiff_t (*pop_n_wait)(void *r, void *elems, size_t n, weir_time d, weir_ctx *ctx);
    int (*push_forever)(void *r, const void *elem);
    int (*pop_forever)(void *r, void *elem);
    int (*close)(void *r);
    bool (*is_closed)(void *r);
    size_t (*len)(void *r);
    size_t (*cap)(void *r);
    unsigned flags;
    void (*dump)(void *r);
};

extern const struct ring_ops R;

/* How ring_open makes rings: the same tests are run with other indices and other memory. */
struct ring_setup {
    uint64_t start; /* first index, for init_at; 0: as a user makes them */
    size_t align;   /* caller's memory aligned to this and no more; 0: 128 */
    bool two_maps;  /* pushed through one mapping of the memory, popped through another */
};
extern struct ring_setup setup;

/* A ring: pushed through `in`, popped through `out`, which are the same but for two_maps. */
struct ring {
    void *in, *out;
    char *block; /* caller's memory, if any */
    size_t mapped;
};

bool ring_open(struct ring *q, size_t cap, size_t elem_size);
bool ring_open_drop(struct ring *q, size_t cap, size_t elem_size, weir_drop_fn *drop, void *arg);
/* A structure in caller's memory gets its drop function here only. */
void ring_close(struct ring *q);
void ring_close_drop(struct ring *q, weir_drop_fn *drop, void *arg);

/* Element number `id`: as many bytes as it has tell the number, and the rest is made from it. */
void item_make(void *elem, size_t size, uint64_t id);
bool item_is(const void *elem, size_t size, uint64_t id);
/* Of at least 8 bytes. */
uint64_t item_id(const void *elem);

/* Pushes ids from..from + n - 1; pops them; each must succeed at once. */
bool push_ids(struct ring *q, size_t size, uint64_t from, size_t n);
bool pop_ids(struct ring *q, size_t size, uint64_t from, size_t n);

/* Buffers of this many bytes hold an element of any size that the tests use in loops. */
#define ITEM_MAX 256

#endif
