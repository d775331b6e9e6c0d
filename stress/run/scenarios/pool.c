/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/pool.c - ABA by immediate reuse: elements are pointers to a few nodes, which go from
 * one ring (free) to another (ready) and back, so that the same pointer comes to the same slot again at once.
 *
 * Who takes a node owns it, and writes to its plain bytes; a node that two own at once is seen by its owner
 * word, which must be nobody's, and by ThreadSanitizer. No node is lost: in the end all are in the rings. */
#include "body.h"
#include "place.h"
#include "verbs.h"

#include <stdlib.h>

#include <weir/atomic.h>

#define NODES 2
#define NOBODY 0

struct node {
    _Alignas(WEIR_LINE) weir_au32 owner;
    uint64_t plain[2]; /* equal outside of the owner's critical section */
};

struct pool {
    const struct ring_kind *kind;
    struct placed free, ready;
    struct node node[NODES];
    struct tally *tally;
    unsigned threads;
    weir_au32 done; /* of the producers of a kind that does not close */
};

static void take(struct node *n, struct weir_stress_worker *w) {
    uint32_t nobody = NOBODY;
    bool ours = weir_cas_relaxed(&n->owner, &nobody, weir_stress_index(w) + 1);
    weir_stress_check(ours, "duplicated: a node came out of a ring, and worker %u has it already",
                      nobody - 1);
    weir_stress_check(n->plain[0] == n->plain[1], "the node is half written");
    n->plain[0]++;
    weir_pause();
    n->plain[1]++;
    weir_store_relaxed(&n->owner, NOBODY);
}

/* One node from one ring to the other. False: it is over. */
static bool carry(struct pool *s, struct weir_stress_worker *w, struct caller *from,
                  struct caller *to, unsigned *vain) {
    struct node *n = NULL;
    unsigned hows = HOW_TRY | HOW_WAIT;
    ptrdiff_t rc = call_pop(from, how_of(from, hows), &n, 0);
    if (rc == WEIR_ECLOSED) return false;
    if (rc <= 0) {
        back_off(w, vain);
        return weir_stress_more(w);
    }
    if (!weir_stress_check(n >= s->node && n < s->node + NODES, "invented: %p is no node",
                           (void *)n))
        return false;
    take(n, w);
    /* There is always room: fewer nodes than slots, or as many. But a slot may be in flight. */
    while ((rc = call_push(to, how_of(to, hows), &n, 0)) == WEIR_EBUSY) back_off(w, vain);
    if (rc == WEIR_ECLOSED) { /* put back where it came from, or into no ring: counted below */
        (void)weir_fetch_add_relaxed(&s->done, 1);
        return false;
    }
    weir_stress_check(rc == 1, "full: a ring of %d slots does not take one of %d nodes (%td)",
                      NODES, NODES, rc);
    return weir_stress_more(w);
}

static void pool_thread(void *state, struct weir_stress_worker *w) {
    struct pool *s = state;
    unsigned me = weir_stress_index(w), vain = 0;
    bool forth = me % 2 == 0;
    weir_stress_role(w, forth ? "there" : "back");
    struct placed *a = forth ? &s->free : &s->ready, *b = forth ? &s->ready : &s->free;
    struct caller from = { s->kind, a->out, NODES, sizeof(void *), w, &s->tally[me] };
    struct caller to = { s->kind, b->in, NODES, sizeof(void *), w, &s->tally[me] };
    while (carry(s, w, &from, &to, &vain)) continue;
    if (!(s->kind->has & RING_WAITS)) return;
    (void)s->kind->close(s->free.in);
    (void)s->kind->close(s->ready.in);
}

static int pool_setup(void *state, struct weir_stress *run) {
    struct pool *s = state;
    struct shape shape = { .cap = NODES, .size = sizeof(void *), .place = PLACE_EXACT };
    s->kind = body_of(run)->kind;
    s->threads = weir_stress_threads(run);
    s->tally = aligned_alloc(WEIR_LINE, s->threads * sizeof *s->tally);
    if (!s->tally) return WEIR_ENOMEM;
    for (unsigned i = 0; i < s->threads; i++) s->tally[i] = (struct tally){ 0 };
    int rc = placed_open(&s->free, s->kind, &shape, NULL, NULL);
    if (rc == 0) rc = placed_open(&s->ready, s->kind, &shape, NULL, NULL);
    if (rc < 0) return rc;
    for (int i = 0; i < NODES; i++) {
        struct node *n = &s->node[i];
        weir_stress_check(s->kind->push(s->free.in, &n) == 0, "a new ring takes no element");
    }
    return 0;
}

static unsigned take_all(struct pool *s, struct placed *p, bool *seen) {
    struct node *n;
    unsigned found = 0;
    while (s->kind->pop(p->out, &n) == 0) {
        weir_stress_check(!seen[n - s->node], "duplicated: a node is inside twice");
        seen[n - s->node] = true;
        found++;
    }
    weir_stress_check(placed_close(p, NULL, NULL) == 0, "the ring cannot be ended");
    return found;
}

static void pool_finish(void *state) {
    struct pool *s = state;
    bool seen[NODES] = { false };
    uint64_t calls = 0;
    unsigned found = take_all(s, &s->free, seen) + take_all(s, &s->ready, seen);
    found += weir_load_relaxed(&s->done); /* held by who met a closed ring */
    weir_stress_check(found == NODES, "lost: %u nodes are left of %d", found, NODES);
    for (unsigned i = 0; i < s->threads; i++) calls += s->tally[i].calls;
    weir_stress_count_of("calls", calls);
    free(s->tally);
}

const struct body pool_bodies[] = {
    { .name = "reuse",
      .about = "pointers to two nodes, which come back at once",
      .min_threads = 2,
      .state_size = sizeof(struct pool),
      .setup = pool_setup,
      .thread = pool_thread,
      .finish = pool_finish },
    { 0 },
};
