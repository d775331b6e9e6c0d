/* SPDX-License-Identifier: MIT */
/* tests/rings/fullness.c - RING6: full and empty are said of the truth only. */
#include "cases.h"
#include "ring.h"

#include "../support/points.h"

#include <string.h>

/* ---- one thread -------------------------------------------------------------------------------- */

void ring6_push_after_pop(void) {
    for (size_t cap = 1; cap <= 33; cap += cap < 9 ? 1 : 8) {
        char elem[8];
        struct ring q;
        check_context("cap %zu", cap);
        if (!ring_open(&q, cap, 8)) return;
        push_ids(&q, 8, 0, cap);
        for (uint64_t i = 0; i < 5 * cap + 5 && checks_hold(); i++) {
            CHECK_IS(R.try_push(q.in, elem), WEIR_EAGAIN); /* leaves a full ring's index cached */
            pop_ids(&q, 8, i, 1);
            push_ids(&q, 8, cap + i, 1);
        }
        ring_close(&q);
    }
}

/* ---- nothing in flight, but other threads in between --------------------------------------------- */

/* One thread at a time holds the turn. On a full ring: a consumer pops one, then a producer's push
 * succeeds at once, whichever producer it is. On an empty one: a producer pushes, then a consumer's
 * pop succeeds at once. */
struct handover {
    struct ring q;
    weir_au32 turn; /* even: the side that makes room or an element; odd: the one that uses it */
    uint32_t rounds;
    size_t each; /* threads a side */
    bool empty;
};

static void make(struct handover *h, uint32_t turn) {
    char elem[8];
    uint64_t id = turn / 2;
    if (!h->empty) {
        CHECK_IS(R.try_pop(h->q.out, elem), 0);
        CHECK(item_is(elem, 8, id), "another element");
        return;
    }
    item_make(elem, 8, id);
    CHECK_IS(R.try_push(h->q.in, elem), 0);
}

static void use(struct handover *h, uint32_t turn) {
    char elem[8];
    uint64_t id = turn / 2;
    if (h->empty) {
        CHECK_IS(R.try_pop(h->q.out, elem), 0);
        CHECK(item_is(elem, 8, id), "another element");
        CHECK_IS(R.try_pop(h->q.out, elem), WEIR_EAGAIN);
        return;
    }
    item_make(elem, 8, id + R.cap(h->q.in));
    CHECK_IS(R.try_push(h->q.in, elem), 0);
    CHECK_IS(R.try_push(h->q.in, elem), WEIR_EAGAIN);
}

static void handover_member(void *arg, size_t i) {
    struct handover *h = arg;
    bool maker = i < h->each;
    uint32_t mine = (uint32_t)(maker ? i : i - h->each);
    unsigned failures = 0;
    for (;;) {
        uint32_t turn = weir_load_acquire(&h->turn, 0);
        if (turn >= h->rounds || !checks_hold()) return;
        if ((turn % 2 == 0) != maker || (turn / 2) % h->each != mine) {
            give_way(&failures);
            continue;
        }
        if (maker)
            make(h, turn);
        else
            use(h, turn);
        weir_store_release(&h->turn, turn + 1, 0);
    }
}

static void handovers(size_t cap, size_t each, bool empty) {
    struct handover h = { .rounds = (uint32_t)times(6000), .each = each, .empty = empty };
    check_context("cap %zu, %zu threads a side, %s", cap, each, empty ? "empty" : "full");
    if (!ring_open(&h.q, cap, 8)) return;
    h.rounds += h.rounds % 2;
    if (!empty) push_ids(&h.q, 8, 0, cap);
    team_run(2 * each, handover_member, &h);
    CHECK_IS(R.len(h.q.in), empty ? 0 : cap);
    ring_close(&h.q);
}

void ring6_handover(void) {
    static const size_t caps[] = { 1, 2, 3, 8, 13 };
    for (size_t i = 0; i < sizeof caps / sizeof *caps; i++) {
        for (int empty = 0; empty < 2 && checks_hold(); empty++) {
            handovers(caps[i], 1, empty);
            if (R.has & HAS_MANY) handovers(caps[i], 2, empty);
        }
    }
}

/* ---- with operations in flight: EBUSY perhaps, EAGAIN never -------------------------------------- */

struct crowd {
    struct ring q;
    size_t rounds;
    bool wait; /* pop_wait instead of try_pop */
};

/* Until it succeeds. */
static bool push_busy(struct crowd *c, const char *elem) {
    unsigned failures = 0;
    int rc;
    while ((rc = R.try_push(c->q.in, elem)) == WEIR_EBUSY) give_way(&failures);
    return CHECK(rc == 0, "a push that always has room returned %d", rc) &&
           CHECK(R.busy || failures == 0, "EBUSY from a ring that never says so");
}

static bool pop_busy(struct crowd *c, char *elem) {
    unsigned failures = 0;
    int rc;
    if (c->wait) return CHECK_IS(R.pop_wait(c->q.out, elem, WEIR_FOREVER, NULL), 0);
    while ((rc = R.try_pop(c->q.out, elem)) == WEIR_EBUSY) give_way(&failures);
    return CHECK(rc == 0, "a pop that always has an element returned %d", rc) &&
           CHECK(R.busy || failures == 0, "EBUSY from a ring that never says so");
}

/* The ring is full at first, and each thread holds an element while it pushes: there is room. At most
 * T - 1 others hold one when it pops, fewer than the capacity: there is an element. */
static void pop_then_push(void *arg, size_t i) {
    struct crowd *c = arg;
    char elem[8];
    (void)i;
    for (size_t k = c->rounds; k > 0 && checks_hold(); k--)
        if (!pop_busy(c, elem) || !push_busy(c, elem)) return;
}

/* The ring is empty at first; at most T - 1 others' elements are inside when a thread pushes. */
static void push_then_pop(void *arg, size_t i) {
    struct crowd *c = arg;
    char elem[8];
    item_make(elem, 8, i);
    for (size_t k = c->rounds; k > 0 && checks_hold(); k--)
        if (!push_busy(c, elem) || !pop_busy(c, elem)) return;
}

static void crowd(size_t threads, size_t cap, bool full, bool wait, bool delay) {
    struct crowd c = { .rounds = times(30000) / threads, .wait = wait };
    check_context("%zu threads, cap %zu%s%s", threads, cap, wait ? ", waiting" : "",
                  delay ? ", delays" : "");
    if (delay) c.rounds = c.rounds / 20 + 1;
    if (!checks_hold() || !ring_open(&c.q, cap, 8)) return;
    if (full) push_ids(&c.q, 8, 0, cap);
    points_delay(delay);
    team_run(threads, full ? pop_then_push : push_then_pop, &c);
    points_delay(false);
    CHECK_IS(R.len(c.q.in), full ? cap : 0);
    ring_close(&c.q);
}

static void crowds(bool full) {
    static const size_t threads[] = { 1, 2, 3, 4, 8 };
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        for (int kind = 0; kind < 4; kind++) {
            if ((kind & 1) && !(R.has & HAS_WAIT)) continue;
            crowd(threads[i], threads[i], full, kind & 1, kind & 2);
            if (full) crowd(threads[i], threads[i] + 3, true, kind & 1, kind & 2);
        }
    }
}

void ring6_pop_then_push(void) { crowds(true); }
void ring6_push_then_pop(void) { crowds(false); }
