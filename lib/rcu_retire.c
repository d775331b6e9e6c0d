/* SPDX-License-Identifier: MIT */
/* lib/rcu_retire.c - see weir/rcu.h: what is retired, and weir's thread that ends grace periods and calls functions.
 *
 * Each thread record has a bag, a list of heads. A thread pushes onto its own; when that was empty, it also pushes the bag
 * onto the list `full`, and asks for a round. A round of weir's thread: take `full` whole, take each of its bags
 * whole, one grace period, call the functions. What was taken was retired before the period began, so heads bear no stamps.
 * A thread that ends leaves its bag where it is: in its record, and on the list if it is not empty. Who has no record uses a
 * bag that all of them share (stray): it is never on the list, each round takes it. Else who has put there what was not
 * the first would have to wait until the one that was first has put the bag on the list.
 *
 * ask is IDLE, ASKED (a round is wanted, no sooner than a pace after the last began: a period costs two membarriers and
 * more, which interrupt every running thread, and is worth the same for one object as for thousands) or HURRY. The pace is
 * PACE, or SHARE times what a period costs, up to PACE_MOST. The cost is the processor time that weir's thread spends in
 * one, most of which it waits for another processor's answer to an interrupt: 10 us, under virtual machines now and then
 * milliseconds; so it is the mean over some ten periods, not that of the last. Above the soft limit of garbage
 * the pace does not count. (Places that wait in a map's lines are no garbage: who writes all the time takes further lines
 * meanwhile; measured, a third more memory at 128 ms than at 16.) ask is set to IDLE at the begin of a round only.
 *
 * Invariants
 *   I1  a bag is on the list `full`, or in the hands of the round that has taken the list, if it is not empty: it is put there
 *       by the one push that found it empty, after that push; the round reads next_full before it takes the bag, and a bag
 *       that is taken is empty. So no bag is on the list twice.
 *   I2  (no bag is forgotten) who pushes a bag onto `full` looks at ask afterwards (A1); the round sets ask to IDLE (A3) before it
 *       takes `full` (D2). If A1 sees it asked for already, the round that A3 begins comes later and takes this bag. All
 *       four are seq_cst. Of stray the push and the take are what D1 and D2 are of others: both are read-modify-writes of one
 *       word, so a push that the take has not seen has acquired what comes before that: A3.
 *   I3  while ask is not IDLE, weir's thread is there, unless one was refused, or is held for a fork: who sets ask sees to it
 *       afterwards, under the lock; the thread ends under the lock, when ask is IDLE or it is held. HELD is a bit of the same
 *       word: who finds it there when asking takes no lock, which the fork may have, and who takes the bit away
 *       reads what was asked for by then, and sees to it. If one is refused,
 *       ask is IDLE again, and whoever asks next tries again: the next bag, the next quantum of bytes, or one who waits.
 *   I4  the batch belongs to weir's thread; if a function ends that, the one that follows it goes on with the rest.
 *   I5  number is odd from before the first barrier of a period until after its last (lib/rcu.h says what for).
 * Progress   retire is lock-free: its compare-and-swap on its own bag fails only if a round has taken that. Functions
 *            wait for each other. Whoever makes the thread, or wakes it, pays a system call and a short lock.
 * Ordering   B1 (push) -> B2 (take): the object is seen by its function, and next_full is read before it is written again. D1 -> D2
 *            the same for the list. N2 -> N4: what readers did is seen by who sees that the period has passed. N3: lib/rcu.h.
 * From       McKenney and Slingwine, read-copy update, 1998; liburcu's call_rcu for what not to do: it sleeps 10 ms
 *            between batches, counts in one word for all, and has no bound. */
#include "base.h"
#include "rcu_inside.h"

#define PACE INT64_C(1000000)
#define PACE_MOST INT64_C(128000000)
#define SHARE 64
#define MEAN_OF 8                                    /* periods */
#define OVER ((size_t)1 << (sizeof(size_t) * 8 - 1)) /* of bytes_: beyond the limit */
#define TELL_EVERY 256

_Static_assert(sizeof(struct weir__rcu_clock) == WEIR_LINE, "a line of its own");

struct weir__rcu_clock weir__rcu_clock = { .number = { 2 } };
struct weir__rcu weir__rcu;
struct weir__rcu_garbage weir__rcu_garbage = { .soft = { (size_t)8 << 20 },
                                               .hard = { (size_t)256 << 20 },
                                               .quantum = { 16384 } };

static weir_aptr full;              /* of struct weir__rcu_thread */
static struct weir_rcu_head *batch; /* weir's thread's */
static weir_time last_round;        /* when it began */
static int64_t mean_cost;           /* of a period: processor time of weir's thread, in ns */

/* Functions called of which nobody has been told; weir's thread's. */
struct calls {
    uint64_t called, bytes, over;
};
static struct calls untold;

/* ---- asking ----------------------------------------------------------------------------------------------------- */

/* Under the lock. What is asked for meanwhile may be lost. Relaxed: as what it follows from. */
static void set_ask(uint32_t level) {
    uint32_t held = weir__rcu_held() ? WEIR__RCU_HELD : 0;
    weir_store_relaxed(&weir__rcu_clock.ask, held | level);
}

int weir__rcu_ensure(void) {
    weir__lock(&weir__rcu.lock);
    bool missing = weir__rcu.state == WEIR__RCU_NONE && !weir__rcu_held();
    if (missing) weir__rcu.state = WEIR__RCU_MADE;
    weir__unlock(&weir__rcu.lock);
    if (!missing) return 0;
    int rc = weir__os_thread(weir__rcu_main);
    if (rc == 0) return 0;
    weir__lock(&weir__rcu.lock);
    weir__rcu.state = WEIR__RCU_NONE;
    set_ask(WEIR__RCU_IDLE); /* nobody is asked */
    weir__rcu_ring();
    weir__unlock(&weir__rcu.lock);
    weir__rcu_wake();
    return rc;
}

int weir__rcu_raise(uint32_t level) {
    uint32_t seen, held;
    do {
        seen = weir_load_seq_cst(&weir__rcu_clock.ask, RCU_A1);
        held = seen & WEIR__RCU_HELD;
        if ((seen & ~WEIR__RCU_HELD) >= level) return 0;
    } while (!weir_cas_release(&weir__rcu_clock.ask, &seen, held | level, RCU_A2));
    WEIR_POINT("rcu.asked");
    if (held) return 0; /* the fork's thread, which has the lock, sees to it (I3) */
    int rc = weir__rcu_ensure();
    weir__os_futex_wake(&weir__rcu_clock.ask, 1);
    return rc;
}

void weir__rcu_nudge(void) {
    weir__lock(&weir__rcu.lock);
    bool there = weir__rcu.state != WEIR__RCU_NONE;
    if (there) set_ask(WEIR__RCU_HURRY); /* I3: under the lock, under which it may end */
    weir__unlock(&weir__rcu.lock);
    if (there) weir__os_futex_wake(&weir__rcu_clock.ask, 1);
}

/* ---- retiring --------------------------------------------------------------------------------------------------- */

bool weir__rcu_within_limit(size_t more) {
    size_t hard = weir_load_relaxed(&weir__rcu_garbage.hard);
    int64_t now = (int64_t)weir_load_relaxed(&weir__rcu_garbage.bytes);
    return more <= hard && now <= (int64_t)(hard - more);
}

/* The common count hears of n bytes more. Relaxed, as all counts are: they carry nothing. */
static void tell(uint64_t n) {
    uint64_t now = weir_fetch_add_relaxed(&weir__rcu_garbage.bytes, n) + n;
    uint64_t peak = weir_load_relaxed(&weir__rcu_garbage.peak);
    while ((int64_t)now > (int64_t)peak && !weir_cas_relaxed(&weir__rcu_garbage.peak, &peak, now)) {
    }
    bool hurry = (int64_t)now >= (int64_t)weir_load_relaxed(&weir__rcu_garbage.soft);
    (void)weir__rcu_raise(hurry ? WEIR__RCU_HURRY : WEIR__RCU_ASKED);
}

static void add_own(weir_au64 *count, uint64_t n) {
    weir_store_relaxed(count, weir_load_relaxed(count) + n);
}

/* Counts an object of the calling thread; returns its bytes_. */
static size_t count_own(struct weir__rcu_thread *r, size_t bytes) {
    bool asked = bytes <= r->room;
    bool over = !asked && !weir__rcu_within_limit(bytes + r->untold);
    if (asked) r->room -= bytes;
    add_own(&r->retired, 1);
    add_own(over ? &r->over : &r->bytes, bytes);
    if (!over) r->untold += bytes;
    return over ? bytes | OVER : bytes;
}
static size_t count_stray(struct weir__rcu_thread *r, size_t bytes) {
    bool over = !weir__rcu_within_limit(bytes);
    (void)weir_fetch_add_relaxed(&r->retired, 1);
    (void)weir_fetch_add_relaxed(over ? &r->over : &r->bytes, bytes);
    return over ? bytes | OVER : bytes;
}

static void push_full(struct weir__rcu_thread *r) {
    void *old = weir_load_relaxed(&full);
    do {
        WEIR__RCU_WRITES(&r->next_full, sizeof(void *));
        r->next_full = old;
    } while (!weir_cas_seq_cst(&full, &old, r, RCU_D1));
}

static void push(struct weir__rcu_thread *r, struct weir_rcu_head *head) {
    void *old = weir_load_relaxed(&r->bag);
    WEIR__RCU_WRITES(head, sizeof *head);
    do head->next_ = old;
    while (!weir_cas_acq_rel(&r->bag, &old, head, RCU_B1));
    if (old) return;
    WEIR_POINT("rcu.retire.pushed");
    if (r != &weir__rcu_garbage.stray) push_full(r);
    WEIR_POINT("rcu.retire.listed");
    (void)weir__rcu_raise(WEIR__RCU_ASKED);
}

int weir_rcu_retire(struct weir_rcu_head *head, size_t bytes, weir_rcu_fn *fn) {
    if (!head || !fn) return weir__misuse("weir_rcu_retire", "no head, or no function");
    struct weir__thread *self = weir__thread_self();
    struct weir__rcu_thread *r = self ? &self->rcu : &weir__rcu_garbage.stray;
    weir__rcu_not_between(self, "weir_rcu_retire");
    bytes &= ~OVER;
    head->fn_ = fn;
    head->bytes_ = self ? count_own(r, bytes) : count_stray(r, bytes);
    bool over = head->bytes_ & OVER;
    WEIR_POINT("rcu.retire.counted");
    push(r, head); /* from here on it may be gone */
    if (!self) {
        tell(over ? 0 : bytes);
    } else if (r->untold >= weir_load_relaxed(&weir__rcu_garbage.quantum)) {
        tell(r->untold);
        r->untold = 0;
    }
    return 0;
}

/* Relaxed: ordered against rounds by the lock, and against the caller's retires by itself. */
bool weir__rcu_any(void) {
    return weir_load_relaxed(&full) || weir_load_relaxed(&weir__rcu_garbage.stray.bag);
}

/* Takes what is there from what has been retired: the rest has been called. */
static void count_there(const struct weir_rcu_head *h, struct weir__rcu_sum *s) {
    for (; h; h = h->next_) {
        s->retired--;
        *(h->bytes_ & OVER ? &s->over : &s->bytes) -= h->bytes_ & ~OVER;
    }
}

static void relist(struct weir__thread *t, void *sum) {
    struct weir__rcu_thread *r = &t->rcu;
    r->untold = 0;
    if (!weir_load_relaxed(&r->bag)) return;
    count_there(weir_load_relaxed(&r->bag), sum);
    r->next_full = weir_load_relaxed(&full);
    weir_store_relaxed(&full, r); /* relaxed: nobody else is there */
}

void weir__rcu_list_anew(void) {
    struct weir__rcu_sum all, called;
    weir__rcu_sum(&all);
    called = all;
    weir_store_relaxed(&full, NULL);
    weir__thread_each(relist, &called);
    count_there(weir_load_relaxed(&weir__rcu_garbage.stray.bag), &called);
    count_there(batch, &called);
    weir__rcu.called = called.retired;
    weir__rcu.called_bytes = called.bytes;
    weir__rcu.called_over = called.over;
    /* Relaxed: the same. */
    weir_store_relaxed(&weir__rcu_garbage.bytes, all.bytes - called.bytes);
    if (weir__rcu_any()) set_ask(WEIR__RCU_ASKED);
}

/* ---- weir's thread ------------------------------------------------------------------------------------------------ */

void weir__rcu_period(void) {
    /* Relaxed: the period begins with a full barrier, and only who holds `sync` writes it. */
    uint64_t n = weir_load_relaxed(&weir__rcu_clock.number);
    weir_store_relaxed(&weir__rcu_clock.number, n + 1);
    WEIR_POINT("rcu.period");
    weir__urcu_synchronize();
    weir_store_release(&weir__rcu_clock.number, n + 2, RCU_N2);
}

/* The heads of a bag, which it takes, in front of `rest`: in the order in which they were retired. */
static struct weir_rcu_head *before(struct weir__rcu_thread *r, struct weir_rcu_head *rest) {
    struct weir_rcu_head *bag = weir_exchange_acq_rel(&r->bag, NULL, RCU_B2);
    while (bag) {
        WEIR__RCU_READS(bag, sizeof *bag);
        struct weir_rcu_head *next = bag->next_;
        bag->next_ = rest;
        rest = bag;
        bag = next;
    }
    return rest;
}

static struct weir_rcu_head *take_bags(void) {
    struct weir_rcu_head *all = NULL;
    struct weir__rcu_thread *r = weir_exchange_seq_cst(&full, NULL, RCU_D2);
    while (r) {
        WEIR__RCU_READS(&r->next_full, sizeof(void *));
        struct weir__rcu_thread *next = r->next_full; /* I1: before the bag is empty */
        all = before(r, all);
        r = next;
    }
    return before(&weir__rcu_garbage.stray, all);
}

/* Says what has been called since the last time. */
static void tell_called(void) {
    (void)weir_fetch_sub_relaxed(&weir__rcu_garbage.bytes, untold.bytes);
    weir__lock(&weir__rcu.lock);
    weir__rcu.called += untold.called;
    weir__rcu.called_bytes += untold.bytes;
    weir__rcu.called_over += untold.over;
    untold = (struct calls){ 0, 0, 0 };
    weir__rcu_ring();
    weir__unlock(&weir__rcu.lock);
    weir__rcu_wake();
}

/* A function may end the thread: all that it leaves stands in `batch` and `untold`. */
static void call_one(void) {
    struct weir_rcu_head *head = batch;
    batch = head->next_;
    untold.called++;
    *(head->bytes_ & OVER ? &untold.over : &untold.bytes) += head->bytes_ & ~OVER;
    WEIR_POINT("rcu.call");
    head->fn_(head);
}

/* Returns whether the functions have retired anything. */
static bool call_batch(struct weir__thread *self) {
    uint64_t retired = weir_load_relaxed(&self->rcu.retired);
    self->rcu.calls = true;
    while (batch) {
        call_one();
        if (untold.called == TELL_EVERY || !batch) tell_called();
    }
    self->rcu.calls = false;
    if (weir__rcu_busy(self)) {
        (void)weir__misuse("weir_rcu_retire", "a function has left a guard held");
        while (weir__urcu_held()) weir__urcu_unlock();
        self->rcu.nesting = 0;
    }
    return weir_load_relaxed(&self->rcu.retired) != retired;
}

static void finish_round(uint64_t number, bool more) {
    weir__lock(&weir__rcu.lock);
    weir__rcu.done = number;
    if (!more) weir__rcu.quiet = number;
    weir__rcu_ring();
    weir__unlock(&weir__rcu.lock);
    weir__rcu_wake();
}

static void round_of(struct weir__thread *self) {
    last_round = weir__os_now();
    weir__lock(&weir__rcu.lock);
    uint64_t number = ++weir__rcu.begun;
    weir__unlock(&weir__rcu.lock);
    (void)weir_fetch_and_seq_cst(&weir__rcu_clock.ask, WEIR__RCU_HELD, RCU_A3); /* IDLE */
    WEIR_POINT("rcu.round");
    batch = take_bags();
    weir__lock(&weir__rcu.sync);
    int64_t begun = weir__os_cpu_time();
    weir__rcu_period();
    mean_cost += (weir__os_cpu_time() - begun - mean_cost) / MEAN_OF;
    weir__unlock(&weir__rcu.sync);
    finish_round(number, call_batch(self));
}

/* Whether it is to end; then it has said so. */
static bool ends(void) {
    weir__lock(&weir__rcu.lock);
    /* Relaxed: who asks sees to a thread under the lock afterwards. */
    uint32_t ask = weir_load_relaxed(&weir__rcu_clock.ask);
    bool over = ask & WEIR__RCU_HELD || (weir__rcu.stops && ask == WEIR__RCU_IDLE);
    if (over) {
        weir__rcu.state = WEIR__RCU_NONE;
        weir_store_relaxed(&weir__rcu.keeper, NULL);
        weir__rcu_ring();
    }
    weir__unlock(&weir__rcu.lock);
    if (over) weir__rcu_wake();
    return over;
}

/* Sleeps until a round is due; false: it is to end. */
static bool next_round(void) {
    int64_t pause = SHARE * mean_cost;
    weir_time pace = last_round + (pause < PACE ? PACE : pause > PACE_MOST ? PACE_MOST : pause);
    for (;;) {
        if (ends()) return false;
        uint32_t asked = weir_load_relaxed(&weir__rcu_clock.ask);
        if (asked & WEIR__RCU_HELD) continue; /* since then */
        if (asked == WEIR__RCU_HURRY) return true;
        if (asked == WEIR__RCU_ASKED && weir__os_now() >= pace) return true;
        WEIR_POINT("rcu.sleep");
        (void)weir__os_futex_wait(&weir__rcu_clock.ask, asked, asked ? pace : WEIR_FOREVER);
    }
}

void weir__rcu_main(void) {
    struct weir__thread *self = weir__thread_self();
    weir__lock(&weir__rcu.lock);
    weir__rcu.state = self ? WEIR__RCU_RUNS : WEIR__RCU_NONE;
    weir_store_relaxed(&weir__rcu.keeper, self);
    weir__rcu.failed += !self;
    if (!self) set_ask(WEIR__RCU_IDLE);
    uint64_t number = weir__rcu.begun;
    bool interrupted = weir__rcu.done != number;
    weir__rcu_ring();
    weir__unlock(&weir__rcu.lock);
    weir__rcu_wake();
    if (!self) return;
    if (interrupted) {
        (void)call_batch(self);
        finish_round(number, true);
    }
    while (next_round()) round_of(self);
}

void weir__rcu_leave(struct weir__thread *t) {
    struct weir__rcu_thread *r = &t->rcu;
    uint64_t n = r->untold;
    r->untold = r->room = 0;
    r->calls = false;
    if (n) tell(n);
    /* Another one's lock would be held from prepare to parent of a fork. */
    if (weir_load_relaxed(&weir__rcu.keeper) != t) return;
    tell_called(); /* while `untold` is its own */
    weir__lock(&weir__rcu.lock);
    weir__rcu.state = WEIR__RCU_NONE;
    weir_store_relaxed(&weir__rcu.keeper, NULL);
    weir__rcu_ring();
    weir__unlock(&weir__rcu.lock);
    weir__rcu_wake();
    WEIR_POINT("rcu.leaves");
    (void)weir__rcu_ensure();
}
