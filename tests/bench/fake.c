/* SPDX-License-Identifier: MIT */
/* tests/bench/fake.c - variants for the tests of the harness: a ring under one mutex, which does
 * what a ring must, and rings that are broken on purpose, each in one way that the harness has to
 * notice.
 *
 *   weir, mutex, ck   the sound ring, under names that bars and suites know; ck is a little slower
 *   weir_kind         the same, as a kind of weir's without a rendezvous and without batches
 *   go                a program of its own: away_fake.c
 *   lossy             drops one element in 1000
 *   twice             delivers one element in 1000 twice
 *   altered           changes one element in 1000
 *   disordered        exchanges two neighbours now and then; unordered too, but says so
 *   stuck             never returns from a push, once it has made 1000
 *   shy               cannot be opened
 *   refusing          is always full
 *   liar, mumbler, mute, mortal   programs of their own, away_fake.c; and gone, whose program is not there
 * The broken ones are in weir-bench-broken only. */
#include <pthread.h>
#include <stdlib.h>

#include "fake_flows.h"
#include "fake_maps.h"
#include "ring_run.h"

enum fault { NONE, SLOW, LOSSY, TWICE, ALTERED, DISORDERED, STUCK, REFUSING };

struct fake {
    pthread_mutex_t lock;
    pthread_cond_t change;
    enum fault fault;
    bool closed;
    uint64_t head, tail, pops;
    size_t cap;
    struct wb_elem_8 slot[];
};

unsigned wb_work_rounds(unsigned ns) { return ns; }

static void *open_with(const struct wb_shape *s, enum fault fault) {
    size_t cap = s->cap ? s->cap : 1; /* its rendezvous holds one element */
    struct fake *r = calloc(1, sizeof *r + cap * sizeof r->slot[0]);
    if (!r) return NULL;
    (void)pthread_mutex_init(&r->lock, NULL);
    (void)pthread_cond_init(&r->change, NULL);
    r->cap = cap;
    r->fault = fault;
    return r;
}

static void dispose(void *ring) { free(ring); }

static void shut(void *ring) {
    struct fake *r = ring;
    (void)pthread_mutex_lock(&r->lock);
    r->closed = true;
    (void)pthread_cond_broadcast(&r->change);
    (void)pthread_mutex_unlock(&r->lock);
}

static bool thousandth(uint64_t n) { return n % 1000 == 999; }

/* Under the lock; there is room. */
static void put(struct fake *r, const struct wb_elem_8 *e) {
    uint64_t at = r->tail++;
    if (r->fault == LOSSY && thousandth(at) && at != r->head) {
        r->slot[(at - 1) % r->cap] = *e; /* takes the place of the one before */
        r->tail--;
        r->fault = NONE;
        return;
    }
    r->slot[at % r->cap] = *e;
    if (r->fault == ALTERED && thousandth(at)) r->slot[at % r->cap].w[0]++;
    if (r->fault != DISORDERED || !thousandth(at) || at == r->head) return;
    r->slot[at % r->cap] = r->slot[(at - 1) % r->cap];
    r->slot[(at - 1) % r->cap] = *e;
}

/* Under the lock; there is an element. */
static void take(struct fake *r, struct wb_elem_8 *e) {
    *e = r->slot[r->head % r->cap];
    if (r->fault == TWICE && thousandth(++r->pops)) return;
    r->head++;
}

static bool push(struct fake *r, const struct wb_elem_8 *e, bool wait) {
    (void)pthread_mutex_lock(&r->lock);
    while (r->fault == STUCK && r->tail >= 1000) (void)pthread_cond_wait(&r->change, &r->lock);
    while (wait && !r->closed && r->tail - r->head == r->cap)
        (void)pthread_cond_wait(&r->change, &r->lock);
    bool room = r->tail - r->head < r->cap && r->fault != REFUSING;
    if (room) put(r, e);
    if (room && wait) (void)pthread_cond_broadcast(&r->change);
    (void)pthread_mutex_unlock(&r->lock);
    for (unsigned i = 0; r->fault == SLOW && i < 40; i++) wb_pause();
    return room;
}

static bool pop(struct fake *r, struct wb_elem_8 *e, bool wait) {
    (void)pthread_mutex_lock(&r->lock);
    while (wait && !r->closed && r->tail == r->head) (void)pthread_cond_wait(&r->change, &r->lock);
    bool some = r->tail != r->head;
    if (some) take(r, e);
    if (some && wait) (void)pthread_cond_broadcast(&r->change);
    (void)pthread_mutex_unlock(&r->lock);
    return some;
}

static size_t push_n(struct fake *r, const struct wb_elem_8 *e, size_t n) {
    size_t done = 0;
    while (done < n && push(r, e + done, false)) done++;
    return done;
}

static size_t pop_n(struct fake *r, struct wb_elem_8 *e, size_t n) {
    size_t done = 0;
    while (done < n && pop(r, e + done, false)) done++;
    return done;
}

#define RING_NAME fake
#define RING_TYPE struct fake
#define RING_PUSH(r, e) push(r, e, false)
#define RING_POP(r, e) pop(r, e, false)
#define RING_PUSH_N(r, e, n) push_n(r, e, n)
#define RING_POP_N(r, e, n) pop_n(r, e, n)
#define RING_PUSH_WAIT(r, e) push(r, e, true)
#define RING_POP_WAIT(r, e) pop(r, e, true)
#include "ring_loops.h"

static void *open_none(const struct wb_shape *s) { return open_with(s, NONE); }
static void *open_slow(const struct wb_shape *s) { return open_with(s, SLOW); }

/* With gaps latencies are measured. */
static void consume(struct wb_worker *w) {
    fake_consume(w);
    if (w->shape->gap_ns) wb_hist_add(w->hist, 1000);
}

#define FAKE(id, name_, structure_, package_, opened, also)                  \
    static const struct wb_ring id = { .name = name_,                        \
                                       .structure = structure_,              \
                                       .package = package_,                  \
                                       .can = WB_MPMC | WB_ANY_CAP | (also), \
                                       .open = opened,                       \
                                       .dispose = dispose,                   \
                                       .shut = shut,                         \
                                       .produce = fake_produce,              \
                                       .consume = consume,                   \
                                       .solo = fake_solo,                    \
                                       .ping = fake_ping,                    \
                                       .pong = fake_pong }

FAKE(spsc_weir, "weir", "spsc", NULL, open_none, WB_BATCH);
FAKE(spsc_mutex, "mutex", "spsc", NULL, open_none, WB_BATCH);
FAKE(spsc_ck, "ck", "spsc", "libc6", open_slow, 0);
FAKE(mpmc_weir, "weir", "mpmc", NULL, open_none, WB_BATCH | WB_BLOCK);
FAKE(mpmc_mutex, "mutex", "mpmc", NULL, open_none, WB_BATCH | WB_BLOCK);
FAKE(mpmc_ck, "ck", "mpmc", "libc6", open_slow, 0);
FAKE(queue_weir, "weir", "queue", NULL, open_none, WB_BATCH);
FAKE(queue_ring, "ring", "queue", NULL, open_none, WB_KIND);
FAKE(mpsc_weir, "weir", "mpsc", NULL, open_none, WB_BATCH);
FAKE(mpsc_list, "list", "mpsc", NULL, open_none, WB_KIND);
FAKE(chan_weir, "weir", "chan", NULL, open_none, WB_BATCH | WB_BLOCK | WB_RENDEZVOUS | WB_GAPS);
FAKE(chan_kind, "weir_kind", "chan", NULL, open_none, WB_BLOCK | WB_KIND);
FAKE(chan_mutex, "mutex", "chan", NULL, open_slow, WB_BATCH | WB_BLOCK | WB_RENDEZVOUS | WB_GAPS);
FAKE(select_weir, "weir", "select", NULL, open_none, WB_BLOCK);
FAKE(select_mutex, "mutex", "select", NULL, open_slow, WB_BLOCK);

#define AWAY(id, name_, structure_, also)                        \
    static const struct wb_ring id = { .name = name_,            \
                                       .structure = structure_,  \
                                       .package = "libaway-dev", \
                                       .can = WB_AWAY | WB_BLOCK | (also) }

AWAY(chan_go, "go", "chan", WB_MPMC | WB_RENDEZVOUS);
AWAY(select_go, "go", "select", WB_TWO);

#define AWAY_MAP(id, name_)                                               \
    static const struct wb_map id = { .ring = { .name = name_,            \
                                                .structure = "map",       \
                                                .package = "libaway-dev", \
                                                .can = WB_AWAY | WB_MPMC | WB_IS_MAP } }

AWAY_MAP(map_go, "go_map"); /* of the program weir-bench-go */

/* All threads do the same to one object. */
static void look(struct wb_worker *w) {
    struct wb_run t = wb_begin(w, false);
    while (!wb_stopped(&t)) t.moved++;
    w->next += t.moved;
    wb_end(w, &t);
}

static const struct wb_ring look_weir = { .name = "weir",
                                          .structure = "look",
                                          .can = WB_MPMC,
                                          .open = open_none,
                                          .dispose = dispose,
                                          .produce = look,
                                          .solo = look };

#ifdef WITH_BROKEN
static void *open_lossy(const struct wb_shape *s) { return open_with(s, LOSSY); }
static void *open_twice(const struct wb_shape *s) { return open_with(s, TWICE); }
static void *open_altered(const struct wb_shape *s) { return open_with(s, ALTERED); }
static void *open_disordered(const struct wb_shape *s) { return open_with(s, DISORDERED); }
static void *open_stuck(const struct wb_shape *s) { return open_with(s, STUCK); }
static void *open_refusing(const struct wb_shape *s) { return open_with(s, REFUSING); }
static void *open_shy(const struct wb_shape *s) {
    (void)s;
    return NULL;
}

FAKE(lossy, "lossy", "mpmc", "libc6", open_lossy, WB_BLOCK);
FAKE(twice, "twice", "mpmc", "libc6", open_twice, 0);
FAKE(altered, "altered", "mpmc", "libc6", open_altered, 0);
FAKE(disordered, "disordered", "mpmc", "libc6", open_disordered, 0);
FAKE(unordered, "unordered", "mpmc", "libc6", open_disordered, WB_UNORDERED);
FAKE(stuck, "stuck", "mpmc", "libc6", open_stuck, 0);
FAKE(refusing, "refusing", "mpmc", "libc6", open_refusing, 0);
FAKE(shy, "shy", "mpmc", "libc6", open_shy, 0);
AWAY(liar, "liar", "chan", 0);
AWAY(mumbler, "mumbler", "chan", 0);
AWAY(mute, "mute", "chan", 0);
AWAY(mortal, "mortal", "chan", 0);
AWAY(gone, "gone", "chan", 0);
AWAY_MAP(map_liar, "liar_map");
AWAY_MAP(map_mumbler, "mumbler_map");
#define FAKE_BROKEN                                                                              \
    &lossy, &twice, &altered, &disordered, &unordered, &stuck, &refusing, &shy, &liar, &mumbler, \
        &mute, &mortal, &gone, &map_liar.ring, &map_mumbler.ring,                                \
        FAKE_BROKEN_MAPS FAKE_BROKEN_FLOWS
#else
#define FAKE_BROKEN
#endif

const struct wb_ring *const wb_rings[] = {
    &spsc_weir, &spsc_mutex, &spsc_ck,    &mpmc_weir,   &mpmc_mutex,
    &mpmc_ck,   &chan_weir,  &chan_kind,  &queue_weir,  &queue_ring,
    &mpsc_weir, &mpsc_list,  &chan_mutex, &select_weir, &select_mutex,
    &look_weir, &chan_go,    &select_go,  &map_go.ring, FAKE_MAPS FAKE_FLOWS FAKE_BROKEN NULL,
};

const struct wb_missing wb_missing[] = { { "faraway", "libfaraway-dev" }, { NULL, NULL } };
