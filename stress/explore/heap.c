/* SPDX-License-Identifier: MIT */
/* stress/explore/heap.c - memory of the threads under test, which watches itself.
 *
 * One arena, in granules of a cache line; a map from granule to block finds the block of any address.
 * Every execution starts with an empty arena, so that equal executions see equal addresses.
 *
 * A freed block is filled with 0xDD and kept out of use: an atomic operation or a copy that touches
 * it is a failure at once, and a plain write is found at the end, when the fill is compared. It comes
 * back only if the scheduler chooses so (budget reuse), newest first, to an allocation of its size:
 * that is how ABA gets its chance. At least one granule is left free after each block, filled as
 * well. What lives at the end and is not reachable from the library's static variables is a leak.
 * Under AddressSanitizer plain accesses are checked by it, through manual poisoning. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "asan.h"
#include "engine.h"
#include "race.h"
#include "trace.h"

#ifdef EX_ASAN
#define FILL(p, byte, n) __asan_poison_memory_region(p, n)
#define OPEN(p, n) __asan_unpoison_memory_region(p, n)
#define WATCH 0 /* AddressSanitizer sees plain writes */
#else
#define FILL(p, byte, n) memset(p, byte, n)
#define OPEN(p, n) ((void)0)
#define WATCH 1
#endif

#define GRANULE 64
#define ARENA ((size_t)4 << 20)
#define GRANULES (ARENA / GRANULE)
#define BLOCKS 8192
#define NEW 0xCB
#define DEAD 0xDD
#define GAP 0xBA

enum { LIVE, FREED, QUIET };

struct block {
    char *at;
    size_t size, granules; /* the gap included */
    size_t align;
    uint64_t step, freed_step;
    uint32_t used[EX_TASKS]; /* last access, by each thread's clock */
    uint8_t state;
    int8_t by, freed_by; /* threads; -1: set-up or finish */
};

static char *arena;
static uint16_t *map; /* granule -> block + 1 */
static struct block blocks[BLOCKS];
static unsigned nblocks;
static size_t used; /* granules */

void ex_heap_reset(void) {
    if (!arena) {
        arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        map = calloc(GRANULES, sizeof *map);
        if (arena == MAP_FAILED || !map) {
            (void)fprintf(stderr, "weir-stress: no memory for the arena\n");
            exit(2);
        }
        FILL(arena, GAP, ARENA);
    }
    memset(map, 0, used * sizeof *map);
    if (used) FILL(arena, GAP, used * GRANULE);
    used = 0;
    nblocks = 0;
}

static int8_t me(void) { return E.running ? (int8_t)E.running->id : -1; }

static struct block *make(size_t size, size_t align, int state) {
    if (align < GRANULE) align = GRANULE;
    if (size == 0) size = 1;
    if (size > ARENA || align > ARENA) return NULL;
    size_t first = used, granules = (size + GRANULE - 1) / GRANULE + 1;
    while (((uintptr_t)arena + first * GRANULE) % align != 0) first++;
    if (nblocks == BLOCKS || first + granules > GRANULES) return NULL;
    struct block *b = &blocks[nblocks++];
    *b = (struct block){ .at = arena + first * GRANULE,
                         .size = size,
                         .granules = granules,
                         .align = align,
                         .state = (uint8_t)state,
                         .by = me(),
                         .step = E.steps };
    for (size_t g = first; g < first + granules - 1; g++) map[g] = (uint16_t)nblocks;
    used = first + granules;
    OPEN(b->at, size);
    memset(b->at, state == QUIET ? 0 : NEW, size);
    return b;
}

void *ex_heap_quiet(size_t size) {
    struct block *b = make(size, GRANULE, QUIET);
    if (!b) ex_fail(EX_F_MISUSE, "the scenario's state of %zu bytes is too large", size);
    return b->at;
}

static struct block *block_of(const void *p) {
    size_t offset = (size_t)((const char *)p - arena);
    if (offset >= ARENA) return NULL;
    unsigned k = map[offset / GRANULE];
    return k ? &blocks[k - 1] : NULL;
}

static bool in_arena(const void *p) { return (size_t)((const char *)p - arena) < ARENA; }

bool ex_heap_name(const void *p, char *text, size_t n) {
    const struct block *b = block_of(p);
    if (!b) return false;
    size_t offset = (size_t)((const char *)p - b->at);
    if (offset)
        (void)snprintf(text, n, "block%d+%zu", (int)(b - blocks), offset);
    else
        (void)snprintf(text, n, "block%d", (int)(b - blocks));
    return true;
}

static const char *who(int8_t by) {
    static char text[2][16];
    static unsigned k;
    char *t = text[k++ % 2];
    if (by < 0)
        (void)snprintf(t, sizeof text[0], "set-up");
    else if (by == EX_DAEMON)
        (void)snprintf(t, sizeof text[0], "rcu");
    else
        (void)snprintf(t, sizeof text[0], "T%d", by);
    return t;
}

/* ---- checks -------------------------------------------------------------------------------------------- */

__attribute__((noreturn, cold)) static void complain(const struct block *b,
                                                     const struct weir__site *at) {
    const char *what = at ? at->text : "access", *file = at ? at->file : "?",
               *slash = strrchr(file, '/');
    int line = at ? at->line : 0;
    if (slash) file = slash + 1;
    if (!b || b->state != FREED)
        ex_fail(EX_F_BOUNDS, "%s at %s:%d is outside of every block", what, file, line);
    ex_fail(EX_F_UAF,
            "%s at %s:%d: block%d of %zu bytes (allocated by %s at step %llu) was freed by %s at "
            "step %llu",
            what, file, line, (int)(b - blocks), b->size, who(b->by), (unsigned long long)b->step,
            who(b->freed_by), (unsigned long long)b->freed_step);
}

void ex_heap_touch(const void *p, size_t size, const struct weir__site *at) {
    if (!in_arena(p)) return;
    struct block *b = block_of(p);
    if (!b || b->state == FREED || (const char *)p + size > b->at + b->size) complain(b, at);
    if (E.races && E.cur) ex_race_touch(E.cur, b->used);
}

static bool filled(const char *p, int byte, size_t n) {
    return n == 0 || ((unsigned char)p[0] == byte && memcmp(p, p + 1, n - 1) == 0);
}

static void check_block(const struct block *b) {
    if (!WATCH) return;
    if (b->state == FREED && !filled(b->at, DEAD, b->size))
        ex_fail(EX_F_UAF,
                "block%d of %zu bytes, freed by %s at step %llu, was written to afterwards by "
                "a plain access",
                (int)(b - blocks), b->size, who(b->freed_by), (unsigned long long)b->freed_step);
    if (b->state != QUIET && !filled(b->at + b->size, GAP, b->granules * GRANULE - b->size))
        ex_fail(EX_F_BOUNDS,
                "a plain access wrote behind block%d of %zu bytes (allocated by %s at step "
                "%llu)",
                (int)(b - blocks), b->size, who(b->by), (unsigned long long)b->step);
}

/* Blocks that a live block or the library's static variables point to; conservative. */
static bool reachable(const struct block *b) {
    if (ex_state_reaches(b->at, b->at + b->size)) return true;
    for (unsigned i = 0; i < nblocks; i++) {
        const struct block *o = &blocks[i];
        if (o == b || o->state != LIVE || !ex_state_reaches(o->at, o->at + o->size)) continue;
        for (size_t k = 0; k + sizeof(char *) <= o->size; k += sizeof(char *)) {
            const char *q;
            memcpy(&q, o->at + k, sizeof q);
            if (q >= b->at && q < b->at + b->size) return true;
        }
    }
    return false;
}

void ex_heap_finish(void) {
    for (unsigned i = 0; i < nblocks; i++) check_block(&blocks[i]);
    for (unsigned i = 0; i < nblocks; i++) {
        const struct block *b = &blocks[i];
        if (b->state == LIVE && !reachable(b))
            ex_fail(EX_F_LEAK, "block%u of %zu bytes, allocated by %s at step %llu, was not freed",
                    i, b->size, who(b->by), (unsigned long long)b->step);
    }
}

/* ---- allocation ------------------------------------------------------------------------------------------ */

static struct block *freed_alike(size_t size, size_t align) {
    struct block *best = NULL;
    for (unsigned i = 0; i < nblocks; i++) {
        struct block *b = &blocks[i];
        if (b->state == FREED && b->size == size && b->align >= align &&
            (!best || b->freed_step >= best->freed_step))
            best = b;
    }
    return best;
}

static struct block *take(size_t size, size_t align) {
    if (E.left.oom && ex_choose(EX_OOM, 2)) {
        ex_spend(&E.left.oom);
        return NULL;
    }
    struct block *b = E.left.reuse ? freed_alike(size ? size : 1, align) : NULL;
    if (!b || !ex_choose(EX_REUSE, 2)) return make(size, align, LIVE);
    ex_spend(&E.left.reuse);
    if (E.races && E.cur) ex_race_rmw(E.cur, b, WEIR__ACQ);
    memset(b->used, 0, sizeof b->used);
    check_block(b);
    OPEN(b->at, b->size);
    memset(b->at, NEW, b->size);
    b->state = LIVE;
    b->by = me();
    b->step = E.steps;
    return b;
}

void *weir_model_alloc(size_t size, size_t align) {
    struct ex_task *t = E.cur;
    if (t) ex_step(t, NULL, 0, NULL);
    struct block *b = take(size, align);
    if (t && E.tracing) {
        struct ex_event *e = ex_trace_add(t, EX_T_ALLOC, b ? b->at : NULL, NULL);
        e->a = size;
        e->b = b && b->step == E.steps && b->freed_step != 0;
    }
    return b ? b->at : NULL;
}

void weir_model_free(void *p) {
    if (!p) return;
    struct ex_task *t = E.cur;
    if (t) {
        ex_step(t, NULL, 0, NULL);
        E.mem->fence(t); /* what this thread stored, it stored before */
        if (E.tracing) (void)ex_trace_add(t, EX_T_FREE, p, NULL);
    }
    struct block *b = block_of(p);
    if (!b || b->at != p || b->state == QUIET)
        ex_fail(EX_F_FREE, "free of %p, which was never allocated", p);
    if (b->state == FREED)
        ex_fail(EX_F_FREE, "block%d of %zu bytes is freed twice: by %s at step %llu, and now by %s",
                (int)(b - blocks), b->size, who(b->freed_by), (unsigned long long)b->freed_step,
                who(me()));
    unsigned u = E.races && t ? ex_race_free(t, b->used) : EX_TASKS;
    if (u < EX_TASKS)
        ex_fail(EX_F_RACE,
                "%s frees block%d of %zu bytes: nothing orders that after the last access by %s",
                who(me()), (int)(b - blocks), b->size, who((int8_t)u));
    if (E.races && t)
        ex_race_rmw(t, b, WEIR__REL); /* an allocator orders this before the next use */
    b->state = FREED;
    b->freed_by = me();
    b->freed_step = E.steps;
    FILL(b->at, DEAD, b->size);
    ex_changed();
}
