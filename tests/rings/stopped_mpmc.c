/* SPDX-License-Identifier: MIT */
/* tests/rings/stopped_mpmc.c - RING15 for weir_mpmc: blocking, not lock-free. One thread is stopped at
 * each point of push, pop, close and waiting; the test shows what the others can do and what they
 * cannot: every try call returns, with EBUSY where a slot's owner is stopped, never with EAGAIN that
 * is not true; one lap later all are blocked; a stamp given sets everybody free. */
#include "cases.h"
#include "ring.h"

#include "../support/points.h"

#include <string.h>

#define CAP 4
#define SIZE 8

struct stopped {
    struct ring q;
    struct stop stop;
    struct call call;
    size_t n; /* batch of so many; 0: single */
};

static int64_t push_stopped(void *arg) {
    struct stopped *s = arg;
    char elems[CAP * SIZE];
    for (size_t i = 0; i < CAP; i++) item_make(elems + i * SIZE, SIZE, 100 + i);
    stop_me(&s->stop);
    return s->n ? R.try_push_n(s->q.in, elems, s->n) : R.try_push(s->q.in, elems);
}

static int64_t pop_stopped(void *arg) {
    struct stopped *s = arg;
    char elems[CAP * SIZE];
    stop_me(&s->stop);
    int64_t rc = s->n ? R.try_pop_n(s->q.out, elems, s->n) : R.try_pop(s->q.out, elems);
    for (size_t i = 0; i < (s->n ? s->n : 1); i++)
        CHECK(item_is(elems + i * SIZE, SIZE, i), "the stopped pop gives another element");
    return rc;
}

/* `inside` elements from id 0, then one thread stopped at the point. */
static bool stop_at(struct stopped *s, const char *point, size_t inside, size_t n,
                    int64_t (*fn)(void *)) {
    *s = (struct stopped){ .n = n };
    check_context("stopped at %s, %zu inside, n %zu", point, inside, n);
    if (!ring_open(&s->q, CAP, SIZE)) return false;
    if (!push_ids(&s->q, SIZE, 0, inside)) return false;
    stop_init(&s->stop, point);
    call_start(&s->call, fn, s);
    return stop_wait(&s->stop);
}

static int64_t let_go(struct stopped *s) {
    CHECK(!call_done(&s->call), "the stopped thread went on");
    stop_release(&s->stop);
    int64_t rc = call_end(&s->call);
    stop_fini(&s->stop);
    return rc;
}

/* Each push verb says rc; a waiting one waits in vain where the try call says EAGAIN or EBUSY. */
static void pushes_say(struct ring *q, int rc) {
    char elems[2 * SIZE] = "";
    int late = rc == WEIR_EAGAIN || rc == WEIR_EBUSY ? WEIR_ETIMEDOUT : rc;
    for (int i = 0; i < 50; i++) {
        CHECK_IS(R.try_push(q->in, elems), rc);
        CHECK_IS(R.try_push_n(q->in, elems, 2), rc);
        CHECK_IS(R.push_wait(q->in, elems, WEIR_NOW, NULL), rc);
    }
    CHECK_IS(R.push_wait(q->in, elems, weir_after(2000000), NULL), late);
    CHECK_IS(R.push_n_wait(q->in, elems, 2, weir_after(2000000), NULL), late);
}

static void pops_say(struct ring *q, int rc) {
    char elems[2 * SIZE];
    int late = rc == WEIR_EAGAIN || rc == WEIR_EBUSY ? WEIR_ETIMEDOUT : rc;
    for (int i = 0; i < 50; i++) {
        CHECK_IS(R.try_pop(q->out, elems), rc);
        CHECK_IS(R.try_pop_n(q->out, elems, 2), rc);
        CHECK_IS(R.pop_wait(q->out, elems, WEIR_NOW, NULL), rc);
    }
    CHECK_IS(R.pop_wait(q->out, elems, weir_after(2000000), NULL), late);
    CHECK_IS(R.pop_n_wait(q->out, elems, 2, weir_after(2000000), NULL), late);
}

/* ---- after the claim, before the stamp ----------------------------------------------------------- */

/* What was published before is not held up; a batch ends where the slot in flight begins. */
static void pop_before(struct ring *q, size_t inside, bool batch) {
    char elems[CAP * SIZE];
    if (!batch || inside == 0) {
        pop_ids(q, SIZE, 0, inside);
        return;
    }
    CHECK_IS(R.try_pop_n(q->out, elems, CAP), inside);
    for (size_t i = 0; i < inside; i++)
        CHECK(item_is(elems + i * SIZE, SIZE, i), "element %zu of a batch", i);
}

/* The stopped push holds slots inside .. inside + k - 1. */
static void push_claimed(const char *point, size_t inside, size_t n, bool close) {
    struct stopped s;
    size_t k = n ? n : 1, room = CAP - inside - k;
    if (!stop_at(&s, point, inside, n, push_stopped)) return;
    CHECK_IS(R.len(s.q.in), inside + k);
    pop_before(&s.q, inside, close);
    pops_say(&s.q, WEIR_EBUSY);      /* then the stopped push is next */
    push_ids(&s.q, SIZE, 200, room); /* slots behind it are free to push to ... */
    pops_say(&s.q, WEIR_EBUSY);      /* ... but FIFO holds their elements back */
    push_ids(&s.q, SIZE, 200 + room, inside);
    CHECK_IS(R.len(s.q.in), CAP);
    pushes_say(&s.q, WEIR_EAGAIN); /* one lap later: truly full, */
    pops_say(&s.q, WEIR_EBUSY);    /* and nobody goes on */
    if (close) {
        CHECK_IS(R.close(s.q.in), 0);
        pushes_say(&s.q, WEIR_ECLOSED);
        pops_say(&s.q, WEIR_EBUSY); /* closed, not drained: the push under way counts as inside */
    }
    CHECK_IS(let_go(&s), n ? (int64_t)n : 0);
    pop_ids(&s.q, SIZE, 100, k);
    pop_ids(&s.q, SIZE, 200, CAP - k);
    pops_say(&s.q, close ? WEIR_ECLOSED : WEIR_EAGAIN);
    ring_close(&s.q);
}

void ring15_push_claimed(void) {
    for (size_t inside = 0; inside < CAP; inside++) {
        for (int close = 0; close < 2; close++) {
            push_claimed("mpmc.push.claimed", inside, 0, close);
            push_claimed("mpmc.push.copied", inside, 0, close);
            if (inside + 2 <= CAP) push_claimed("mpmc.push_n.claimed", inside, 2, close);
        }
    }
}

/* The same for room. */
static void push_before(struct ring *q, uint64_t id, size_t room, bool batch) {
    char elems[CAP * SIZE];
    if (!batch || room == 0) {
        push_ids(q, SIZE, id, room);
        return;
    }
    for (size_t i = 0; i < CAP; i++) item_make(elems + i * SIZE, SIZE, id + i);
    CHECK_IS(R.try_push_n(q->in, elems, CAP), room);
}

/* The stopped pop holds slots 0 .. k - 1. */
static void pop_claimed(const char *point, size_t inside, size_t n) {
    struct stopped s;
    size_t k = n ? n : 1, room = CAP - inside;
    if (!stop_at(&s, point, inside, n, pop_stopped)) return;
    CHECK_IS(R.len(s.q.in), inside - k);
    push_before(&s.q, inside, room, n); /* slots that nobody holds */
    pushes_say(&s.q, WEIR_EBUSY);       /* then the stopped pop's: not full, but not free yet */
    CHECK_IS(R.len(s.q.in), CAP - k);
    pop_ids(&s.q, SIZE, k, CAP - k); /* the elements behind it are not held up */
    pops_say(&s.q, WEIR_EAGAIN);     /* truly empty */
    pushes_say(&s.q, WEIR_EBUSY);    /* one lap later: nobody goes on */
    pops_say(&s.q, WEIR_EAGAIN);
    CHECK_IS(let_go(&s), n ? (int64_t)n : 0);
    push_ids(&s.q, SIZE, 300, CAP);
    pushes_say(&s.q, WEIR_EAGAIN);
    pop_ids(&s.q, SIZE, 300, CAP);
    ring_close(&s.q);
}

void ring15_pop_claimed(void) {
    for (size_t inside = 1; inside <= CAP; inside++) {
        pop_claimed("mpmc.pop.claimed", inside, 0);
        pop_claimed("mpmc.pop.copied", inside, 0);
        if (inside >= 2) pop_claimed("mpmc.pop_n.claimed", inside, 2);
    }
}

/* ---- after the stamp: nobody is held up ----------------------------------------------------------- */

static void stamped(const char *point, size_t n, int64_t (*fn)(void *), size_t inside) {
    struct stopped s;
    size_t k = n ? n : 1, left = fn == push_stopped ? 0 : inside - k;
    if (!stop_at(&s, point, inside, n, fn)) return;
    if (fn == push_stopped) pop_ids(&s.q, SIZE, 100, k);
    pop_ids(&s.q, SIZE, inside - left, left);
    for (uint64_t lap = 0; lap < 3; lap++) {
        push_ids(&s.q, SIZE, 10 * lap, CAP);
        CHECK_IS(R.len(s.q.in), CAP);
        pushes_say(&s.q, WEIR_EAGAIN);
        pop_ids(&s.q, SIZE, 10 * lap, CAP);
        pops_say(&s.q, WEIR_EAGAIN);
    }
    CHECK_IS(let_go(&s), n ? (int64_t)n : 0);
    ring_close(&s.q);
}

void ring15_stamped(void) {
    stamped("mpmc.push.stamped", 0, push_stopped, 0);
    stamped("mpmc.push_n.stamped", 2, push_stopped, 0);
    for (size_t inside = 2; inside <= CAP; inside++) {
        stamped("mpmc.pop.stamped", 0, pop_stopped, inside);
        stamped("mpmc.pop_n.stamped", 2, pop_stopped, inside);
    }
}

/* ---- close ------------------------------------------------------------------------------------------ */

static int64_t close_stopped(void *arg) {
    struct stopped *s = arg;
    stop_me(&s->stop);
    return R.close(s->q.in);
}

static int64_t pop_forever(void *arg) {
    struct ring *q = arg;
    char elem[SIZE];
    return R.pop_wait(q->out, elem, WEIR_FOREVER, NULL);
}

static int64_t push_forever(void *arg) {
    struct ring *q = arg;
    char elem[SIZE];
    item_make(elem, SIZE, 700);
    return R.push_wait(q->in, elem, WEIR_FOREVER, NULL);
}

void ring15_close_marked(void) {
    for (size_t inside = 0; inside <= CAP; inside += CAP) {
        struct stopped s = { 0 };
        struct call asleep;
        check_context("%zu inside", inside);
        if (!ring_open(&s.q, CAP, SIZE)) return;
        push_ids(&s.q, SIZE, 0, inside);
        call_start(&asleep, inside ? push_forever : pop_forever, &s.q);
        CHECK(call_sleeps(&asleep), "it returned");
        stop_init(&s.stop, "mpmc.close.marked");
        call_start(&s.call, close_stopped, &s);
        if (!stop_wait(&s.stop)) return;
        /* Whoever comes now finds the ring closed; who slept before waits for the closer. */
        CHECK(R.is_closed(s.q.in), "not closed");
        CHECK_IS(R.close(s.q.in), WEIR_ECLOSED);
        pushes_say(&s.q, WEIR_ECLOSED);
        if (inside == 0) {
            pops_say(&s.q, WEIR_ECLOSED);
            CHECK(!call_returns(&asleep, 20), "the sleeper returned before it was woken");
        } else {
            pop_ids(&s.q, SIZE, 0, inside); /* these pops wake the pusher */
            pops_say(&s.q, WEIR_ECLOSED);
        }
        CHECK_IS(let_go(&s), 0);
        CHECK_IS(call_end(&asleep), WEIR_ECLOSED);
        ring_close(&s.q);
    }
}

/* ---- a waiter stopped on its way to sleep ------------------------------------------------------------ */

static int64_t wait_stopped(void *arg) {
    struct stopped *s = arg;
    char elem[SIZE];
    item_make(elem, SIZE, 100);
    stop_me(&s->stop);
    int rc = s->n ? R.push_wait(s->q.in, elem, WEIR_FOREVER, NULL)
                  : R.pop_wait(s->q.out, elem, WEIR_FOREVER, NULL);
    CHECK(s->n || rc != 0 || item_is(elem, SIZE, 1), "the waiter got another element");
    return rc;
}

enum event { PUSH_OR_POP, BATCH, CLOSE };

/* What a waiter that stands at the point must not miss; it holds nobody up meanwhile. */
static void waiter_stopped(const char *point, bool pusher, enum event event) {
    struct stopped s;
    char elem[2 * SIZE];
    if (!stop_at(&s, point, pusher ? CAP : 0, pusher, wait_stopped)) return;
    /* Two laps by others, as if it were not there. */
    if (pusher) {
        pop_ids(&s.q, SIZE, 0, CAP);
        push_ids(&s.q, SIZE, 20, CAP);
    } else {
        push_ids(&s.q, SIZE, 20, CAP);
        pop_ids(&s.q, SIZE, 20, CAP);
    }
    if (event == CLOSE) {
        CHECK_IS(R.close(s.q.in), 0);
    } else if (pusher) {
        CHECK_IS(event == BATCH ? R.try_pop_n(s.q.out, elem, 2) : R.try_pop(s.q.out, elem),
                 event == BATCH ? 2 : 0);
    } else {
        item_make(elem, SIZE, 1);
        CHECK_IS(event == BATCH ? R.try_push_n(s.q.in, elem, 1) : R.try_push(s.q.in, elem),
                 event == BATCH ? 1 : 0);
    }
    CHECK_IS(let_go(&s), event == CLOSE ? WEIR_ECLOSED : 0);
    ring_close(&s.q);
}

void ring15_waiter(void) {
    static const char *const points[] = { "mpmc.wait.announced", "mpmc.wait.checked",
                                          "park.sleep" };
    for (size_t i = 0; i < 3; i++)
        for (int pusher = 0; pusher < 2; pusher++)
            for (int event = PUSH_OR_POP; event <= CLOSE && checks_hold(); event++)
                waiter_stopped(points[i], pusher, (enum event)event);
}

/* ---- a waker stopped between choosing a sleeper and waking it ---------------------------------------- */

static void waker_stopped(bool pusher_sleeps) {
    struct stopped s = { 0 };
    struct call asleep, other;
    check_context("the waker stops, a %s sleeps", pusher_sleeps ? "pusher" : "popper");
    if (!ring_open(&s.q, CAP, SIZE)) return;
    if (pusher_sleeps) push_ids(&s.q, SIZE, 0, CAP);
    call_start(&asleep, pusher_sleeps ? push_forever : pop_forever, &s.q);
    CHECK(call_sleeps(&asleep), "it returned");
    stop_init(&s.stop, "lot.taken");
    call_start(&s.call, pusher_sleeps ? pop_stopped : push_stopped, &s);
    if (!stop_wait(&s.stop)) return;
    /* Blocked: the one that is about to be woken. Not blocked: everybody else, for several laps, who
     * may also sleep and be woken beside it. */
    CHECK(!call_returns(&asleep, 20), "the sleeper returned before it was woken");
    pop_ids(&s.q, SIZE, pusher_sleeps ? 1 : 100, pusher_sleeps ? CAP - 1 : 1);
    for (uint64_t lap = 0; lap < 3; lap++) {
        push_ids(&s.q, SIZE, 10 * lap, CAP);
        pop_ids(&s.q, SIZE, 10 * lap, CAP);
    }
    call_start(&other, pop_forever, &s.q);
    CHECK(call_sleeps(&other), "it returned");
    push_ids(&s.q, SIZE, 55, 1);
    CHECK_IS(call_end(&other), 0);
    CHECK(!call_done(&asleep), "the sleeper returned before it was woken");
    CHECK_IS(let_go(&s), 0);
    if (!pusher_sleeps) push_ids(&s.q, SIZE, 66, 1);
    CHECK_IS(call_end(&asleep), 0);
    if (pusher_sleeps) pop_ids(&s.q, SIZE, 700, 1);
    ring_close(&s.q);
}

void ring15_waker(void) {
    waker_stopped(false);
    waker_stopped(true);
}
