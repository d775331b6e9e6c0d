/* SPDX-License-Identifier: MIT */
/* lib/lot.c - the parking lot: the waiters of all rings, outside their memory.
 *
 * A ring may be mapped at two addresses or lie in memory that its user gives; no pointer to a waiter
 * can stand in it. It holds a random key and a word that counts its waiters; the waiters themselves
 * stand here, in a bucket chosen by the key.
 *
 * Invariants (each bucket under its lock)
 *   I1  *count of an object = sum of the units of its listed waiters (plus flags of the object).
 *   I2  a waiter leaves the list exactly once: taken off by a waker, who then sets woken, or by
 *       itself in weir__lot_leave.
 *   I3  a waker's last access to a waiter is the store of woken, W1, under the lock; what it calls
 *       afterwards it has copied. The waiter returns only after it has seen woken (W2) or after it
 *       has held the lock itself, so its stack frame outlives every access.
 * Progress   blocking. A waker holds the lock of a bucket, which all rings share whose keys fall in it, while it
 *            walks past those who wait there on other rings. Wake-ups happen after unlocking: a waker stopped
 *            between taking a waiter off the list and waking it leaves that waiter asleep, since nobody else can
 *            wake it.
 * Ordering   W1 -> W2: what the waker did before is seen by the woken. The count goes up by a seq_cst
 *            read-modify-write, W3, the waiter's half of the Dekker pair that the object's file
 *            describes. It goes down relaxed: a publisher that still sees the waiter calls in vain.
 * From       WebKit's ParkingLot, in outline. */
#include <weir/ctx.h>

#include "lock.h"
#include "park.h"

#define BUCKETS 64
#define WAKE_AT_ONCE 16

struct bucket {
    _Alignas(WEIR_LINE) struct weir__lock lock;
    struct weir__waiter *first, *last;
};

static struct bucket buckets[BUCKETS];

/* Keys are random already. */
static struct bucket *bucket_of(uint64_t key) { return &buckets[key % BUCKETS]; }

static void unlink_waiter(struct bucket *b, struct weir__waiter *w) {
    *(w->prev ? &w->prev->next : &b->first) = w->next;
    *(w->next ? &w->next->prev : &b->last) = w->prev;
}

void weir__lot_enter(struct weir__waiter *w) {
    struct bucket *b = bucket_of(w->key);
    weir_init_atomic(&w->woken, 0);
    w->next = NULL;
    weir__lock(&b->lock);
    w->prev = b->last;
    *(b->last ? &b->last->next : &b->first) = w;
    b->last = w;
    (void)weir_fetch_add_seq_cst(w->count, w->unit, LOT_W3);
    weir__unlock(&b->lock);
}

bool weir__lot_leave(struct weir__waiter *w) {
    struct bucket *b = bucket_of(w->key);
    weir__lock(&b->lock);
    bool listed = weir_load_relaxed(&w->woken) == 0;
    if (listed) {
        unlink_waiter(b, w);
        (void)weir_fetch_sub_relaxed(w->count, w->unit);
    }
    weir__unlock(&b->lock);
    return listed;
}

struct call {
    void (*fn)(void *);
    void *arg;
};

/* Takes up to n waiters off the list; returns how many stand in calls. */
static size_t take(uint64_t key, weir_au64 *count, uint64_t unit, size_t n, struct call *calls) {
    struct bucket *b = bucket_of(key);
    size_t taken = 0;
    weir__lock(&b->lock);
    for (struct weir__waiter *w = b->first, *next; w && taken < n; w = next) {
        next = w->next;
        if (w->key != key || w->unit != unit) continue;
        unlink_waiter(b, w);
        (void)weir_fetch_sub_relaxed(count, unit);
        calls[taken++] = (struct call){ w->wake, w->wake_arg };
        weir_store_release(&w->woken, 1, LOT_W1);
    }
    weir__unlock(&b->lock);
    return taken;
}

size_t weir__lot_wake(uint64_t key, weir_au64 *count, uint64_t unit, size_t n) {
    struct call calls[WAKE_AT_ONCE];
    size_t woken = 0;
    while (woken < n) {
        size_t want = n - woken < WAKE_AT_ONCE ? n - woken : WAKE_AT_ONCE;
        size_t got = take(key, count, unit, want, calls);
        WEIR_POINT("lot.taken");
        for (size_t i = 0; i < got; i++) calls[i].fn(calls[i].arg);
        woken += got;
        if (got < want) break;
    }
    return woken;
}

int weir__lot_park(struct weir__waiter *w, struct weir__parker *p, weir_time deadline) {
    while (!weir_load_acquire(&w->woken, LOT_W2)) {
        int rc = weir__park(p, deadline);
        if (rc == 0) rc = weir_ctx_err(w->ctx);
        if (rc < 0) return weir__lot_leave(w) ? rc : 0;
    }
    return 0;
}
