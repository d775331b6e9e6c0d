/* SPDX-License-Identifier: MIT */
/* queues/deque.c - see weir/deque.h.
 *
 *   index i stands in slot i modulo the array's size; live are those from top to bottom - 1
 *
 * Invariants
 *   I1  top only grows, by compare-and-swaps of one. Who moves it from i to i + 1 has element i.
 *   I2  bottom is the owner's. While a pop is undecided it stands one lower than the deque is long: at the
 *       claimed index.
 *   I3  0 <= bottom - top <= size of the array, but for bottom == top - 1 while a pop finds it empty. Distances
 *       are signed, and the indices may wrap.
 *   I4  seen <= top: a value of top that the owner has read by acquire, or has written. A slot is written again
 *       only if its last index is below seen.
 *   I5  an array holds every index that is live, for as long as it is in use and afterwards: nobody writes to
 *       it any more. But the first array is used again; this happens to an empty deque only, so that a thief
 *       that has found index i in it before has lost i by then.
 *   I6  limit == the size of the array; or a quarter of it: no more has been in use since it was last empty.
 * No element twice
 *       The owner takes the claimed index b without a compare-and-swap if it reads top < b. Say that a thief has
 *       it as well. That thief knew of top == b before it looked at bottom, by a load (T2) or its own
 *       compare-and-swap (C2). If the owner wrote this b (C1), the thief saw what the owner did before (C1 ->
 *       T2), and bottom at b at the highest: "empty". So some thief's C2 wrote it. Our thief looks at bottom
 *       (B2) and finds more than b, which stood there before the owner's claim (B1). All five are seq_cst, in
 *       one order: C2, T2, B2, B1, T1. Then T1 reads b or more, and the owner goes the long way, by C1; there
 *       one compare-and-swap of b wins.
 * Empty A thief finds bottom <= top. top is read first, so at B2 nothing was inside but, maybe, a claimed last
 *       element; that one is gone at the claim: whoever wins it (the owner, or a thief that knew of it before) is
 *       said to have taken it then. Until that is decided all others find it empty.
 * Linearization   push at P1, pop at B1; "empty" of a pop at T1, at C1 if it lost, or where the owner has seen
 *            it before; a steal at C2, but see above; "empty" of a steal at B2.
 * Ordering   P1, or B1 (a later store of the owner), -> B2 carries the element; A1 -> A2 the array and what was
 *            copied into it. C2 -> T1, R1 carry "has been read" to who writes the slot again: the thief reads
 *            before C2, so that it cannot read what is written after. C1 -> T2: see above; release is enough,
 *            since T1 has acquired all that the owner does not know of its own.
 * Fences     the paper has one between store and load of pop, and one between the loads of steal. A seq_cst
 *            store is the same exchange on x86-64, where seq_cst loads are plain ones: no fence in a steal. On
 *            arm64 they are stlr and ldar.
 * Memory     arrays go by weir_rcu; a thief reads in a guard, taken when the deque was found not to be empty.
 */
#include "deque.h"

#include "../lib/base.h"
#include "../lib/rcu.h"
#include "../lib/thread.h"

#ifdef WEIR_MODEL
#include <weir/model.h>
#define WRITES(p, n) weir_model_write(p, n)
#define READS(p, n) weir_model_read(p, n)
#else
#define WRITES(p, n) ((void)0)
#define READS(p, n) ((void)0)
#endif

#define CAP 64
#define CAP_MAX ((size_t)1 << 31)

/* Constant, from before it is published until nobody can read it. */
struct shape {
    const struct weir_alloc *alloc;
    uint64_t mask;
};
struct array {
    struct weir_rcu_head head;
    struct shape shape; /* the slots follow */
};

struct weir_deque {
    weir_au64 top;
    char pad0[WEIR_LINE - sizeof(weir_au64)];
    weir_au64 bottom;
    weir_aptr array; /* of struct array */
    uint64_t seen, limit;
    char pad1[WEIR_LINE - 4 * 8];
    weir_drop_fn *drop;
    void *drop_arg;
    bool grown;      /* ever */
    weir_aptr owner; /* debug builds: its thread record */
    struct array first;
};

/* ---- memory ----------------------------------------------------------------------------------------------- */

static size_t array_bytes(size_t cap) { return sizeof(struct array) + cap * sizeof(weir_aptr); }
static size_t deque_bytes(size_t cap) { return sizeof(weir_deque) + cap * sizeof(weir_aptr); }
static size_t cap_of(const struct array *a) { return (size_t)a->shape.mask + 1; }

static void shape(struct array *a, const struct weir_alloc *alloc, size_t cap) {
    WRITES(&a->shape, sizeof a->shape);
    a->shape = (struct shape){ alloc, cap - 1 };
}

/* The owner's. Relaxed: it has written it. */
static struct array *array_of(const weir_deque *d) { return weir_load_relaxed(&d->array); }

static weir_aptr *slot_of(struct array *a, uint64_t index) {
    return (weir_aptr *)(void *)(a + 1) + (index & a->shape.mask);
}

size_t weir__deque_first_cap(const struct weir_deque_opts *opts) {
    if (opts->size < sizeof *opts || opts->cap > CAP_MAX || !weir__alloc_usable(opts->alloc))
        return 0;
    size_t cap = 1, least = opts->cap ? opts->cap : CAP;
    while (cap < least) cap *= 2;
    return cap;
}

int weir__deque_new_at(weir_deque **out, const struct weir_deque_opts *opts, uint64_t start) {
    static const struct weir_deque_opts defaults = WEIR_DEQUE_OPTS(0);
    if (!out) return WEIR_EINVAL;
    *out = NULL;
    if (!opts) opts = &defaults;
    size_t cap = weir__deque_first_cap(opts);
    if (cap == 0) return WEIR_EINVAL;
    weir_deque *d = weir__alloc(opts->alloc, deque_bytes(cap), WEIR_LINE);
    if (!d) return WEIR_ENOMEM;
    d->drop = opts->drop;
    d->drop_arg = opts->drop_arg;
    d->grown = false;
    d->seen = start;
    d->limit = cap;
    shape(&d->first, opts->alloc, cap);
    weir_init_atomic(&d->top, start);
    weir_init_atomic(&d->bottom, start);
    weir_init_atomic(&d->array, &d->first);
    weir_init_atomic(&d->owner, NULL);
    *out = d;
    return 0;
}

int weir_deque_new(weir_deque **out, const struct weir_deque_opts *opts) {
    return weir__deque_new_at(out, opts, 0);
}

static void array_free(struct array *a) {
    weir__free(a->shape.alloc, a, array_bytes(cap_of(a)), _Alignof(struct array));
}

static void array_retired(struct weir_rcu_head *head) { array_free((struct array *)(void *)head); }

int weir_deque_free(weir_deque *d) {
    if (!d) return 0;
    const struct weir_alloc *alloc = d->first.shape.alloc;
    if (d->grown && alloc) {
        int rc = weir_rcu_barrier();
        if (rc < 0) return rc;
    }
    struct array *a = array_of(d);
    /* Relaxed, here and below: all others are through. */
    for (uint64_t i = weir_load_relaxed(&d->top); d->drop && i != weir_load_relaxed(&d->bottom);
         i++) {
        void *elem = weir_load_relaxed(slot_of(a, i));
        d->drop(&elem, d->drop_arg);
    }
    if (a != &d->first) array_free(a);
    weir__free(alloc, d, deque_bytes(cap_of(&d->first)), WEIR_LINE);
    return 0;
}

/* ---- whose it is (debug builds) --------------------------------------------------------------------------- */

/* The explorer would take each access for a step of the algorithm. */
#if defined(WEIR_DEBUG) && !defined(WEIR_MODEL)
/* Relaxed: who is given the role by an edge sees its owner; others are what this looks for. */
static bool owned(weir_deque *d, const char *call) {
    if (!d) return weir__misuse(call, "no deque") == 0;
    struct weir__thread *self = weir__thread_self();
    void *owner = weir_load_relaxed(&d->owner);
    if (WEIR_LIKELY(owner == self) || !self) return true;
    if (!owner && weir_cas_relaxed(&d->owner, &owner, self)) return true;
    return weir__misuse(call, "not by the owner of the deque") == 0;
}
static void own(weir_deque *d) { weir_store_relaxed(&d->owner, weir__thread_self()); }
#else
static bool owned(weir_deque *d, const char *call) {
    (void)call;
    return d != NULL;
}
static void own(weir_deque *d) { (void)d; }
#endif

int weir_deque_own(weir_deque *d) {
    if (!d) return weir__misuse("weir_deque_own", "no deque");
    own(d);
    return 0;
}

/* ---- the owner -------------------------------------------------------------------------------------------- */

/* Makes another array the one in use, which has all that is live. */
static void use(weir_deque *d, struct array *a) {
    struct array *old = array_of(d);
    weir_store_release(&d->array, a, DEQUE_A1);
    d->limit = cap_of(a);
    if (old != &d->first)
        (void)weir_rcu_retire(&old->head, array_bytes(cap_of(old)), array_retired);
}

static int grow(weir_deque *d, uint64_t b) {
    struct array *old = array_of(d);
    size_t cap = 2 * cap_of(old);
    if (cap > SIZE_MAX / (4 * sizeof(weir_aptr))) return WEIR_ENOMEM;
    struct array *a = weir__alloc(old->shape.alloc, array_bytes(cap), _Alignof(struct array));
    if (!a) return WEIR_ENOMEM;
    shape(a, old->shape.alloc, cap);
    /* Relaxed: of what the owner wrote; published by A1. */
    for (uint64_t i = d->seen; i != b; i++)
        weir_store_relaxed(slot_of(a, i), weir_load_relaxed(slot_of(old, i)));
    WEIR_POINT("deque.push.copied");
    d->grown = true;
    use(d, a);
    return 0;
}

/* So that index b has a slot. */
static int make_room(weir_deque *d, uint64_t b) {
    d->seen = weir_load_acquire(&d->top, DEQUE_R1);
    size_t cap = cap_of(array_of(d));
    if (b - d->seen >= cap) return grow(d, b);
    if (b - d->seen >= d->limit) d->limit = cap;
    return 0;
}

int weir_deque_push(weir_deque *d, void *elem) {
    if (!owned(d, "weir_deque_push")) return WEIR_EINVAL;
    uint64_t b = weir_load_relaxed(&d->bottom);
    if (WEIR_UNLIKELY(b - d->seen >= d->limit)) {
        int rc = make_room(d, b);
        if (rc < 0) return rc;
    }
    /* Relaxed: P1 publishes it. */
    weir_store_relaxed(slot_of(array_of(d), b), elem);
    WEIR_POINT("deque.push.stored");
    weir_store_release(&d->bottom, b + 1, DEQUE_P1);
    return 0;
}

/* It is empty. Whether it uses the first array now. */
static bool use_first(weir_deque *d) {
    struct array *a = array_of(d);
    if (a == &d->first) return true;
    if (!weir__rcu_within_limit(array_bytes(cap_of(a)))) return false;
    use(d, &d->first);
    return true;
}

static void emptied(weir_deque *d) {
    struct array *a = array_of(d);
    if (WEIR_LIKELY(a == &d->first)) return;
    if (d->limit == cap_of(a))
        d->limit = cap_of(a) / 4;
    else
        (void)use_first(d);
}

/* The claimed index is the last, or gone. */
static int pop_last(weir_deque *d, uint64_t b, void **elem) {
    uint64_t t = d->seen;
    WEIR_POINT("deque.pop.last");
    bool won = t == b && weir_cas_release(&d->top, &t, b + 1, DEQUE_C1);
    if (won) {
        *elem = weir_load_relaxed(slot_of(array_of(d), b));
        d->seen = b + 1;
    }
    /* Relaxed: to who still sees b the deque is empty all the same. top is b + 1: nobody takes anything because
     * of it. */
    weir_store_relaxed(&d->bottom, b + 1);
    emptied(d);
    return won ? 0 : WEIR_EAGAIN;
}

int weir_deque_pop(weir_deque *d, void **elem) {
    if (!owned(d, "weir_deque_pop")) return WEIR_EINVAL;
    if (!elem) return weir__misuse("weir_deque_pop", "no place for the element");
    uint64_t b = weir_load_relaxed(&d->bottom);
    if (b == d->seen) return WEIR_EAGAIN; /* and only the owner could have changed that */
    b--;
    weir_store_seq_cst(&d->bottom, b, DEQUE_B1);
    WEIR_POINT("deque.pop.claimed");
    d->seen = weir_load_seq_cst(&d->top, DEQUE_T1);
    if (WEIR_UNLIKELY((int64_t)(b - d->seen) <= 0)) return pop_last(d, b, elem);
    *elem = weir_load_relaxed(slot_of(array_of(d), b));
    return 0;
}

int weir_deque_trim(weir_deque *d) {
    if (!owned(d, "weir_deque_trim")) return WEIR_EINVAL;
    /* Relaxed: top never passes bottom, so that equal means empty for good; seen is left as it is. */
    if (weir_load_relaxed(&d->top) != weir_load_relaxed(&d->bottom)) return WEIR_EAGAIN;
    return use_first(d) ? 0 : WEIR_EAGAIN;
}

/* ---- thieves ---------------------------------------------------------------------------------------------- */

/* Elements from index t on, of who knows that top was t. */
static int64_t above(weir_deque *d, uint64_t t) {
    WEIR_POINT("deque.steal.top");
    return (int64_t)(weir_load_seq_cst(&d->bottom, DEQUE_B2) - t);
}

/* In a guard: index t was live, or the first that was not seen to be taken. */
static int take(weir_deque *d, uint64_t t, void **elem) {
    struct array *a = weir_load_acquire(&d->array, DEQUE_A2);
    READS(&a->shape, sizeof a->shape);
    /* Relaxed: by B2 or A2 it is no older than the element; if it is newer the race is lost. */
    void *e = weir_load_relaxed(slot_of(a, t));
    WEIR_POINT("deque.steal.read");
    if (!weir_cas_seq_cst(&d->top, &t, t + 1, DEQUE_C2)) return WEIR_EBUSY;
    *elem = e;
    return 0;
}

ptrdiff_t weir_deque_steal_n(weir_deque *d, void **elems, size_t n) {
    if (!d || (!elems && n)) return weir__misuse("weir_deque_steal", "no deque, or no place");
    if (n == 0) return 0;
    uint64_t t = weir_load_seq_cst(&d->top, DEQUE_T2);
    int64_t len = above(d, t);
    if (len <= 0) return WEIR_EAGAIN;
    uint64_t half = ((uint64_t)len + 1) / 2;
    if (n > half) n = (size_t)half;
    size_t k = 0;
    int rc;
    weir_guard g = weir__rcu_enter();
    do {
        rc = take(d, t + k, &elems[k]);
        k += rc == 0;
    } while (rc == 0 && k < n && above(d, t + k) > 0);
    (void)weir__rcu_exit(g);
    return k ? (ptrdiff_t)k : rc;
}

int weir_deque_steal(weir_deque *d, void **elem) {
    ptrdiff_t n = weir_deque_steal_n(d, elem, 1);
    return n > 0 ? 0 : (int)n;
}

/* ---- looking ---------------------------------------------------------------------------------------------- */

size_t weir_deque_len(const weir_deque *d) {
    if (!d) return 0;
    /* Relaxed: a hint. top first: what is taken between the two loads counts as inside. */
    uint64_t t = weir_load_relaxed(&d->top);
    int64_t n = (int64_t)(weir_load_relaxed(&d->bottom) - t);
    return n > 0 ? (size_t)n : 0;
}

size_t weir_deque_cap(const weir_deque *d) { return d ? cap_of(array_of(d)) : 0; }
