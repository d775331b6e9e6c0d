/* SPDX-License-Identifier: MIT */
/* tests/stress/oracles/rings.c - rings with one fault each, behind weir-stress run's own scenarios: what
 * shows that the oracles are alive. "loses.busy" is the scenario `busy` on a ring that loses an element
 * now and then. Each has the fault once in a while, under a mutex ring that is right.
 *
 * rings.table says which scenario must find which, and by what words. maps.c has the same of maps. */
#include "stress/run/scenarios/body.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lib/os.h"
#include "maps.h"

#define RARELY 64
#define MOST_SIZE 2048 /* bytes of an element; make() refuses larger ones */

/* LOSES: takes two elements and gives one. REPEATS: gives one again. INVENTS: gives one that was never
 * pushed. SWAPS: gives the second before the first. SAYS_EMPTY, SAYS_FULL: though it is not.
 * TAKES_AND_FAILS, PUTS_AND_FAILS: does what was asked, and says that the time was up. GIVES_UP_EARLY: says
 * so before the deadline. SCRIBBLES: a failed pop writes to the caller's element. STRANGE_CODE: -EINTR.
 * TOO_LONG: a length above the capacity. CLOSES_TWICE: every close is the first. OPEN_FOR_EVER: takes
 * elements after close. FORGETS: drops nothing. LEAKS: free gives nothing back. OVERSLEEPS: some pushes wake
 * nobody. */
enum fault {
    LOSES,
    REPEATS,
    INVENTS,
    SWAPS,
    SAYS_EMPTY,
    SAYS_FULL,
    TAKES_AND_FAILS,
    PUTS_AND_FAILS,
    GIVES_UP_EARLY,
    SCRIBBLES,
    STRANGE_CODE,
    SETS_ERRNO,
    TOO_LONG,
    CLOSES_TWICE,
    OPEN_FOR_EVER,
    FORGETS,
    LEAKS,
    OVERSLEEPS,
    FAULTS
};

struct broken {
    void *ring;
    enum fault fault;
    size_t size, cap;
    weir_au32 wakes;
    pthread_mutex_t mutex; /* of `kept` */
    bool has_kept;
    unsigned char kept[MOST_SIZE];
};

/* Counted over all rings: one may live for a few calls only. */
static bool due(const struct broken *b, enum fault fault) {
    static weir_au32 calls;
    return b->fault == fault && weir_fetch_add_relaxed(&calls, 1) % RARELY == RARELY - 1;
}

/* ---- making and ending ------------------------------------------------------------------------------ */

static int make(void **ring, const struct weir_ring_opts *o, enum fault fault) {
    struct weir_ring_opts own = *o;
    struct broken *b = calloc(1, sizeof *b);
    *ring = NULL;
    if (!b) return WEIR_ENOMEM;
    if (o->elem_size > MOST_SIZE) {
        free(b);
        return WEIR_EINVAL;
    }
    b->fault = fault;
    b->size = o->elem_size;
    b->cap = o->cap;
    if (fault == FORGETS) own.drop = NULL;
    int rc = ring_mutex.make(&b->ring, &own);
    if (rc == 0) rc = pthread_mutex_init(&b->mutex, NULL) == 0 ? 0 : WEIR_ENOMEM;
    if (rc < 0) {
        free(b);
        return rc;
    }
    *ring = b;
    return 0;
}

static int end(void *ring) {
    struct broken *b = ring;
    int rc = b->fault == LEAKS ? 0 : ring_mutex.free(b->ring);
    if (rc < 0) return rc;
    (void)pthread_mutex_destroy(&b->mutex);
    free(b);
    return 0;
}

/* ---- push and pop ------------------------------------------------------------------------------------ */

static int push(void *ring, const void *elem) {
    struct broken *b = ring;
    if (b->fault == OPEN_FOR_EVER && ring_mutex.is_closed(b->ring)) return 0;
    if (due(b, SAYS_FULL)) return WEIR_EAGAIN;
    int rc = ring_mutex.push(b->ring, elem);
    if (rc == 0 && b->fault == OVERSLEEPS && !due(b, OVERSLEEPS)) {
        (void)weir_fetch_add_seq_cst(&b->wakes, 1, 0);
        weir__os_futex_wake(&b->wakes, INT32_MAX);
    }
    return rc;
}

/* One that was kept for the next pop. */
static bool give_kept(struct broken *b, void *elem) {
    bool has = false;
    (void)pthread_mutex_lock(&b->mutex);
    if (b->has_kept) {
        memcpy(elem, b->kept, b->size);
        b->has_kept = false;
        has = true;
    }
    (void)pthread_mutex_unlock(&b->mutex);
    return has;
}

static bool keep(struct broken *b, const void *elem) {
    (void)pthread_mutex_lock(&b->mutex);
    bool free_place = !b->has_kept;
    if (free_place) memcpy(b->kept, elem, b->size);
    b->has_kept = true;
    (void)pthread_mutex_unlock(&b->mutex);
    return free_place;
}

/* After a pop that went well. */
static void spoil(struct broken *b, unsigned char *elem) {
    unsigned char first[MOST_SIZE];
    memcpy(first, elem, b->size);
    if (due(b, LOSES)) (void)ring_mutex.pop(b->ring, elem);
    if (due(b, REPEATS)) (void)keep(b, elem);
    if (due(b, INVENTS)) elem[b->size - 1] ^= 0x80;
    if (due(b, SWAPS) && ring_mutex.pop(b->ring, elem) == 0 && !keep(b, first))
        memcpy(elem, first, b->size); /* somebody else keeps one: this one is lost */
}

static int pop(void *ring, void *elem) {
    struct broken *b = ring;
    if (give_kept(b, elem)) return 0;
    if (due(b, SAYS_EMPTY)) return WEIR_EAGAIN;
    if (due(b, STRANGE_CODE)) return -EINTR;
    if (due(b, SETS_ERRNO)) errno = EINTR;
    int rc = ring_mutex.pop(b->ring, elem);
    if (rc == 0) spoil(b, elem);
    if (rc < 0 && b->fault == SCRIBBLES) *(unsigned char *)elem = 0;
    return rc;
}

static int push_wait(void *ring, const void *elem, weir_time deadline) {
    struct broken *b = ring;
    bool finite = deadline != WEIR_FOREVER && deadline != WEIR_NOW;
    if (b->fault == OPEN_FOR_EVER && ring_mutex.is_closed(b->ring)) return 0;
    if (b->fault == OVERSLEEPS) {
        int rc = push(ring, elem);
        if (rc != WEIR_EAGAIN) return rc;
    }
    int rc = ring_mutex.push_wait(b->ring, elem, deadline);
    if (rc == 0 && b->fault == OVERSLEEPS) {
        (void)weir_fetch_add_seq_cst(&b->wakes, 1, 0);
        if (!due(b, OVERSLEEPS)) weir__os_futex_wake(&b->wakes, INT32_MAX);
    }
    if (rc == 0 && finite && deadline <= weir_now() && due(b, PUTS_AND_FAILS))
        return WEIR_ETIMEDOUT;
    return rc;
}

/* A waiter that only a push wakes, or a close. */
static int oversleep(struct broken *b, void *elem) {
    for (;;) {
        uint32_t wakes = weir_load_acquire(&b->wakes, 0);
        int rc = pop(b, elem);
        if (rc != WEIR_EAGAIN) return rc;
        (void)weir__os_futex_wait(&b->wakes, wakes, WEIR_FOREVER);
    }
}

static int pop_wait(void *ring, void *elem, weir_time deadline) {
    struct broken *b = ring;
    unsigned char other[MOST_SIZE];
    bool finite = deadline != WEIR_FOREVER && deadline != WEIR_NOW;
    if (finite && deadline > weir_now() + 20000 && due(b, GIVES_UP_EARLY)) return WEIR_ETIMEDOUT;
    if (finite && deadline <= weir_now() && due(b, TAKES_AND_FAILS)) {
        (void)ring_mutex.pop(b->ring, other);
        return WEIR_ETIMEDOUT;
    }
    if (b->fault == OVERSLEEPS && deadline == WEIR_FOREVER) return oversleep(b, elem);
    int rc = pop(ring, elem);
    if (rc != WEIR_EAGAIN || deadline == WEIR_NOW) return rc;
    rc = ring_mutex.pop_wait(b->ring, elem, deadline);
    if (rc == 0) spoil(b, elem);
    return rc;
}

/* ---- the other verbs ---------------------------------------------------------------------------------- */

static ptrdiff_t push_n(void *ring, const void *e, size_t n) {
    return ring_mutex.push_n(((struct broken *)ring)->ring, e, n);
}
static ptrdiff_t pop_n(void *ring, void *e, size_t n) {
    return ring_mutex.pop_n(((struct broken *)ring)->ring, e, n);
}
static ptrdiff_t push_n_wait(void *ring, const void *e, size_t n, weir_time d) {
    return ring_mutex.push_n_wait(((struct broken *)ring)->ring, e, n, d);
}
static ptrdiff_t pop_n_wait(void *ring, void *e, size_t n, weir_time d) {
    return ring_mutex.pop_n_wait(((struct broken *)ring)->ring, e, n, d);
}

static int close_ring(void *ring) {
    struct broken *b = ring;
    int rc = ring_mutex.close(b->ring);
    (void)weir_fetch_add_seq_cst(&b->wakes, 1, 0);
    weir__os_futex_wake(&b->wakes, INT32_MAX);
    return b->fault == CLOSES_TWICE ? 0 : rc;
}
static bool is_closed(void *ring) { return ring_mutex.is_closed(((struct broken *)ring)->ring); }

static size_t len(void *ring) {
    struct broken *b = ring;
    return due(b, TOO_LONG) ? b->cap + 1 : ring_mutex.len(b->ring);
}

/* ---- one kind for each fault --------------------------------------------------------------------------- */

#define KINDS(XX)                        \
    XX(LOSES, loses)                     \
    XX(REPEATS, repeats)                 \
    XX(INVENTS, invents)                 \
    XX(SWAPS, swaps)                     \
    XX(SAYS_EMPTY, says_empty)           \
    XX(SAYS_FULL, says_full)             \
    XX(TAKES_AND_FAILS, takes_and_fails) \
    XX(PUTS_AND_FAILS, puts_and_fails)   \
    XX(GIVES_UP_EARLY, gives_up_early)   \
    XX(SCRIBBLES, scribbles)             \
    XX(STRANGE_CODE, strange_code)       \
    XX(SETS_ERRNO, sets_errno)           \
    XX(TOO_LONG, too_long)               \
    XX(CLOSES_TWICE, closes_twice)       \
    XX(OPEN_FOR_EVER, open_for_ever)     \
    XX(FORGETS, forgets)                 \
    XX(LEAKS, leaks)                     \
    XX(OVERSLEEPS, oversleeps)

#define XX(fault, text)                                                   \
    static int make_##text(void **ring, const struct weir_ring_opts *o) { \
        return make(ring, o, fault);                                      \
    }
KINDS(XX)
#undef XX

static const struct ring_kind kinds[FAULTS] = {
#define XX(fault, text)                                     \
    [fault] = { .name = #text,                              \
                .has = RING_MANY | RING_WAITS | RING_EXACT, \
                .make = make_##text,                        \
                .free = end,                                \
                .push = push,                               \
                .pop = pop,                                 \
                .push_n = push_n,                           \
                .pop_n = pop_n,                             \
                .push_wait = push_wait,                     \
                .pop_wait = pop_wait,                       \
                .push_n_wait = push_n_wait,                 \
                .pop_n_wait = pop_n_wait,                   \
                .close = close_ring,                        \
                .is_closed = is_closed,                     \
                .len = len },
    KINDS(XX)
#undef XX
};

/* ---- two more, on weir_mpmc ------------------------------------------------------------------------------ */

/* Asks for 64 bytes less than it uses. */
static size_t too_few_bytes(size_t cap, size_t size) { return ring_mpmc.bytes(cap, size) - 64; }
static int init_anyway(void **ring, void *mem, size_t bytes, size_t cap, size_t size,
                       unsigned flags, uint64_t start) {
    return ring_mpmc.init(ring, mem, bytes + 64, cap, size, flags, start);
}

/* A lock around calls that must not wait for a thread that stands still. */
static pthread_mutex_t around = PTHREAD_MUTEX_INITIALIZER;

static int locked_push(void *ring, const void *elem) {
    (void)pthread_mutex_lock(&around);
    int rc = ring_mpmc.push(ring, elem);
    (void)pthread_mutex_unlock(&around);
    return rc;
}
static int locked_pop(void *ring, void *elem) {
    (void)pthread_mutex_lock(&around);
    int rc = ring_mpmc.pop(ring, elem);
    (void)pthread_mutex_unlock(&around);
    return rc;
}

#define MOST 1024

int main(int argc, char **argv) {
    static const struct weir_stress_scenario *all[MOST];
    static struct ring_kind overruns, locks;
    size_t n = 0;
    overruns = locks = ring_mpmc;
    overruns.name = "overruns";
    overruns.bytes = too_few_bytes;
    overruns.init = init_anyway;
    locks.name = "locks";
    locks.push = locked_push;
    locks.pop = locked_pop;
    for (size_t i = 0; i < FAULTS; i++) n = all_bodies_on(&kinds[i], all, n, MOST);
    n = all_bodies_on(&overruns, all, n, MOST);
    n = all_bodies_on(&locks, all, n, MOST);
    n = bad_maps_on(all, n, MOST);
    return weir_stress_main(argc, argv, all, n);
}
