/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/verbs.c - see verbs.h. */
#include "verbs.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#include <weir/atomic.h>

#define US INT64_C(1000)
#define ERRNO 7777 /* no system call gives this one */
#define UNTOUCHED 0xEE

/* ---- forms ------------------------------------------------------------------------------------------- */

enum how how_of(const struct caller *c, unsigned hows) {
    if (!(c->kind->has & RING_WAITS)) hows &= HOW_TRY | HOW_IN_PLACE;
    if (!c->kind->push_in_place) hows &= ~(unsigned)HOW_IN_PLACE;
    unsigned n = (unsigned)__builtin_popcount(hows);
    if (n == 0) return HOW_TRY;
    for (uint64_t skip = n == 1 ? 0 : weir_stress_random(c->w, n); skip > 0; skip--)
        hows &= hows - 1;
    return (enum how)(hows & (0u - hows));
}

static weir_time deadline_of(struct weir_stress_worker *w, enum how how) {
    uint64_t r;
    switch (how) {
        case HOW_PAST:
            r = weir_stress_random(w, 4);
            return r == 0 ? 1 : r == 1 ? -1 : r == 2 ? INT64_MIN : weir_now() - 1;
        case HOW_NEAR:
            r = weir_stress_random(w, 200);
            return weir_after((int64_t)(r < 100 ? r : r * r / 100) * US);
        case HOW_FAR:
            return weir_stress_random(w, 2) ? WEIR_FOREVER - 1 : weir_after(3600000000 * US);
        case HOW_WAIT: return WEIR_FOREVER;
        default: return WEIR_NOW;
    }
}

/* ---- what may come out of it ------------------------------------------------------------------------- */

/* A batch of pops that goes one by one gives room as it goes, and may take more than fits in at one time. */
static bool documented(const struct caller *c, bool push, enum how how, ptrdiff_t rc, size_t n) {
    unsigned waits = HOW_WAIT | HOW_PAST | HOW_NEAR | HOW_FAR;
    bool refilled = !push && c->kind->has & RING_SOFT;
    size_t most = n < c->cap || refilled ? n : c->cap;
    if (rc > 0) return (size_t)rc <= (n ? most : 1);
    switch (rc) {
        case 0: return n == 0; /* told apart by the caller */
        case WEIR_EAGAIN: return !(how & waits);
        case WEIR_EBUSY: return !(how & waits) && (c->kind->has & RING_BUSY);
        case WEIR_ECLOSED: return c->kind->has & RING_WAITS;
        case WEIR_ETIMEDOUT: return how & (HOW_PAST | HOW_NEAR | HOW_FAR);
        default: return false;
    }
}

static void judge(struct caller *c, bool push, enum how how, ptrdiff_t rc, size_t n,
                  weir_time deadline) {
    const char *what = push ? "push" : "pop";
    int seen = errno;
    c->tally->calls++;
    weir_stress_check(seen == ERRNO, "%s changed errno to %d", what, seen);
    weir_stress_check(documented(c, push, how, rc, n), "%s of %zu in form %d returned %td (%s)",
                      what, n, (int)how, rc, rc < 0 ? weir_strerror((int)rc) : "a count");
    if (rc == WEIR_EAGAIN && push) c->tally->full++;
    if (rc == WEIR_EAGAIN && !push) c->tally->empty++;
    if (rc == WEIR_EBUSY) c->tally->busy++;
    if (rc != WEIR_ETIMEDOUT) return;
    c->tally->late++;
    weir_stress_check(weir_now() >= deadline, "%s timed out %lld ns before its deadline", what,
                      (long long)(deadline - weir_now()));
}

void check_len(const struct caller *c) {
    size_t len = c->kind->len(c->ring);
    weir_stress_check(len <= c->cap, "length %zu, capacity %zu", len, c->cap);
}

bool ready_push(void *arg) {
    const struct caller *c = arg;
    return c->kind->len(c->ring) < c->cap || c->kind->is_closed(c->ring);
}
bool ready_pop(void *arg) {
    const struct caller *c = arg;
    return c->kind->len(c->ring) > 0 || c->kind->is_closed(c->ring);
}

/* ---- calls ------------------------------------------------------------------------------------------- */

/* A count that cannot be has been reported; the caller's memory ends where it ends. */
static ptrdiff_t at_most(ptrdiff_t rc, size_t n) {
    ptrdiff_t most = n ? (ptrdiff_t)n : 1;
    return rc < most ? rc : most;
}

static bool sleeps(enum how how) { return how & (HOW_WAIT | HOW_NEAR | HOW_FAR); }

static ptrdiff_t single(int rc) { return rc == 0 ? 1 : rc; }

static ptrdiff_t push_in_form(const struct caller *c, enum how how, const void *e, size_t n,
                              weir_time d) {
    const struct ring_kind *k = c->kind;
    if (how == HOW_TRY) return n ? k->push_n(c->ring, e, n) : single(k->push(c->ring, e));
    if (how == HOW_IN_PLACE) return single(k->push_in_place(c->ring, e));
    return n ? k->push_n_wait(c->ring, e, n, d) : single(k->push_wait(c->ring, e, d));
}

static ptrdiff_t pop_in_form(const struct caller *c, enum how how, void *e, size_t n, weir_time d) {
    const struct ring_kind *k = c->kind;
    if (how == HOW_TRY) return n ? k->pop_n(c->ring, e, n) : single(k->pop(c->ring, e));
    if (how == HOW_IN_PLACE) return single(k->pop_in_place(c->ring, e));
    return n ? k->pop_n_wait(c->ring, e, n, d) : single(k->pop_wait(c->ring, e, d));
}

ptrdiff_t call_push(struct caller *c, enum how how, const void *elems, size_t n) {
    if (!c->kind->push_n) n = 0;
    weir_time d = deadline_of(c->w, how);
    if (sleeps(how)) weir_stress_waits(c->w, ready_push, c, d, "room, or closed");
    errno = ERRNO;
    ptrdiff_t rc = push_in_form(c, how, elems, n, d);
    judge(c, true, how, rc, n, d);
    if (sleeps(how)) weir_stress_waited(c->w);
    return at_most(rc, n);
}

ptrdiff_t call_pop(struct caller *c, enum how how, void *elems, size_t n) {
    if (!c->kind->pop_n) n = 0;
    weir_time d = deadline_of(c->w, how);
    unsigned char *first = elems;
    memset(elems, UNTOUCHED, c->size);
    if (sleeps(how)) weir_stress_waits(c->w, ready_pop, c, d, "an element, or closed");
    errno = ERRNO;
    ptrdiff_t rc = pop_in_form(c, how, elems, n, d);
    judge(c, false, how, rc, n, d);
    if (sleeps(how)) weir_stress_waited(c->w);
    for (size_t i = 0; rc <= 0 && i < c->size; i++)
        if (!weir_stress_check(first[i] == UNTOUCHED,
                               "a failed pop (%td) wrote to the caller's byte %zu", rc, i))
            break;
    return at_most(rc, n);
}

void back_off(struct weir_stress_worker *w, unsigned *vain) {
    weir_stress_progress(w);
    if (++*vain % 16 == 0)
        (void)sched_yield();
    else
        weir_pause();
}
