/* SPDX-License-Identifier: MIT */
/* tests/queue/stopped.c - RING15 of weir_queue: lock-free. One thread is stopped at each point of push,
 * pop and close; all others go on, over many segments, and get each other's elements in order; what the stopped
 * thread has is missing, and nothing else. */
#include "cases.h"

#define EACH 400 /* elements of a thread that goes on */
#define MARK (UINT64_C(1) << 32)

struct stopped {
    weir_queue *q;
    struct stop stop;
    struct call call;
    uint64_t pushes, got[64];
    size_t n;
    int close;
};

/* Pushes and pops until it stops, and then to the end of its round. */
static int64_t mixed_main(void *arg) {
    struct stopped *s = arg;
    stop_me(&s->stop);
    for (int i = 0; i < 30; i++) {
        uint64_t v = MARK + s->pushes, got;
        int rc = weir_queue_try_push(s->q, &v);
        if (rc == 0) s->pushes++;
        CHECK(rc == 0 || rc == WEIR_ECLOSED, "push says %d", rc);
        if (i % 3 == 0) continue;
        if (weir_queue_try_pop(s->q, &got) == 0) s->got[s->n++] = got;
    }
    if (s->close) CHECK_IS(weir_queue_close(s->q), 0);
    return 0;
}

static int64_t pop_more_main(void *arg) {
    struct stopped *s = arg;
    uint64_t got;
    stop_me(&s->stop);
    for (int i = 0; i < 12; i++)
        if (weir_queue_try_pop(s->q, &got) == 0) s->got[s->n++] = got;
    return 0;
}

/* A push stands with ticket 0 and has not come to its slot: a pop passes over it. */
static void give_up(void) {
    struct stopped s = { 0 };
    s.q = small_queue(2, 0, NULL);
    if (!s.q) return;
    stop_init(&s.stop, "queue.push.copied");
    call_start(&s.call, mixed_main, &s);
    if (!stop_wait(&s.stop)) return;
    uint64_t v;
    CHECK_IS(weir_queue_try_pop(s.q, &v), WEIR_EAGAIN); /* truly: nothing was pushed */
    for (uint64_t i = 0; i < EACH; i++) {
        pushed(s.q, i);
        popped(s.q, i);
        CHECK_IS(weir_queue_len(s.q), 0);
    }
    stop_release(&s.stop);
    CHECK_IS(call_end(&s.call), 0);
    CHECK_IS(s.pushes, 30);
    CHECK_IS(weir_queue_len(s.q), 30 - s.n);
    for (uint64_t k = 0; k < s.n; k++) CHECK_IS(s.got[k], MARK + k);
    stop_fini(&s.stop);
    CHECK_IS(weir_queue_free(s.q), 0);
}

/* ---- others go on ---------------------------------------------------------------------------- */

struct others {
    weir_queue *q;
    weir_au64 popped;
    unsigned char seen[2][EACH];
};

static void note(struct others *o, uint64_t v) {
    if (v >= MARK) {
        (void)weir_fetch_add_relaxed(&o->popped, UINT64_C(1) << 32);
        return;
    }
    size_t who = (size_t)(v / EACH), i = (size_t)(v % EACH);
    if (!CHECK(who < 2, "a strange element")) return;
    CHECK(!o->seen[who][i], "element %llu came twice", (unsigned long long)v);
    o->seen[who][i] = 1;
    (void)weir_fetch_add_relaxed(&o->popped, 1);
}

static void other_main(void *arg, size_t who) {
    struct others *o = arg;
    for (uint64_t i = 0; i < EACH && checks_hold(); i++) {
        uint64_t v = who * EACH + i;
        if (!pushed(o->q, v)) return;
        if (weir_queue_try_pop(o->q, &v) == 0) note(o, v);
    }
}

static void go_on(const char *point, int64_t (*fn)(void *), size_t inside) {
    struct stopped s = { 0 };
    static struct others others;
    struct others *o = &others;
    check_context("a thread at %s, %zu inside", point, inside);
    s.q = small_queue(2, 0, NULL);
    if (!s.q) return;
    others = (struct others){ .q = s.q };
    for (uint64_t i = 0; i < inside; i++) pushed(s.q, MARK * 2 + i);
    stop_init(&s.stop, point);
    call_start(&s.call, fn, &s);
    if (!stop_wait(&s.stop)) return;
    team_run(2, other_main, o); /* ends the program if a thread does not come to its end */
    uint64_t v;
    while (weir_queue_try_pop(s.q, &v) == 0) note(o, v);
    uint64_t got = weir_load_relaxed(&o->popped) & UINT32_MAX;
    CHECK(got + 1 >= 2 * EACH, "%llu of %u elements came out", (unsigned long long)got, 2 * EACH);
    stop_release(&s.stop);
    CHECK_IS(call_end(&s.call), 0);
    stop_fini(&s.stop);
    /* One may have gone to the stopped thread. */
    for (size_t k = 0; k < s.n; k++)
        if (s.got[k] < MARK) note(o, s.got[k]);
    CHECK_IS(weir_load_relaxed(&o->popped) & UINT32_MAX, 2 * EACH);
    CHECK_IS(weir_queue_free(s.q), 0);
}

static void r15_push(void) {
    static const char *const points[] = { "queue.push.ticket", "queue.push.copied",
                                          "queue.push.append", "queue.push.appended",
                                          "queue.push.done" };
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)
        for (size_t inside = 0; inside < 4 && checks_hold(); inside++)
            go_on(points[i], mixed_main, inside);
}

static void r15_pop(void) {
    static const char *const points[] = { "queue.pop.ticket", "queue.pop.leaves", "queue.pop.left",
                                          "queue.collect.taken", "queue.pop.done" };
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)
        for (size_t inside = 10; inside < 12 && checks_hold(); inside++)
            go_on(points[i], pop_more_main, inside);
}

/* A pop that has waited for a push long enough, and is about to say so. */
static void r15_give_up(void) {
    struct stopped push = { 0 }, pop = { 0 };
    static struct others others;
    struct others *o = &others;
    push.q = small_queue(2, 0, NULL);
    if (!push.q) return;
    others = (struct others){ .q = push.q };
    pop.q = push.q;
    stop_init(&push.stop, "queue.push.copied");
    call_start(&push.call, mixed_main, &push);
    if (!stop_wait(&push.stop)) return;
    stop_init(&pop.stop, "queue.pop.give_up");
    call_start(&pop.call, pop_more_main, &pop);
    if (!stop_wait(&pop.stop)) return;
    team_run(2, other_main, o);
    stop_release(&push.stop); /* its slot becomes full, and goes to who has the ticket */
    CHECK_IS(call_end(&push.call), 0);
    stop_release(&pop.stop);
    CHECK_IS(call_end(&pop.call), 0);
    CHECK(pop.n > 0 && pop.got[0] == MARK, "another element than the one that was waited for");
    CHECK_IS(push.pushes, 30);
    stop_fini(&push.stop);
    stop_fini(&pop.stop);
    CHECK_IS(weir_queue_free(push.q), 0);
}

/* ---- close ----------------------------------------------------------------------------------- */

static int64_t close_main(void *arg) {
    struct stopped *s = arg;
    stop_me(&s->stop);
    return weir_queue_close(s->q);
}

/* A closer that stops before the end is there: others push and pop, or close for it. */
static void r15_close(void) {
    static const char *const points[] = { "queue.close.announced", "queue.close.marked",
                                          "queue.close.sealed" };
    for (size_t i = 0; i < 3 && checks_hold(); i++) {
        for (uint64_t inside = 0; inside < 4; inside++) {
            struct stopped s = { .q = small_queue(2, 0, NULL) };
            uint64_t v = 9, n = 0;
            if (!s.q) return;
            check_context("a closer at %s, %u inside", points[i], (unsigned)inside);
            while (n < inside) pushed(s.q, n++);
            stop_init(&s.stop, points[i]);
            call_start(&s.call, close_main, &s);
            if (!stop_wait(&s.stop)) return;
            if (i == 0) {
                pushed(s.q, n++); /* not closed by anybody yet */
                CHECK_IS(weir_queue_close(s.q), WEIR_ECLOSED);
            }
            CHECK_IS(weir_queue_try_push(s.q, &v), WEIR_ECLOSED);
            CHECK(weir_queue_is_closed(s.q), "not closed");
            CHECK_IS(weir_queue_len(s.q), n);
            for (uint64_t k = 0; k < n; k++) popped(s.q, k);
            CHECK_IS(weir_queue_try_pop(s.q, &v), WEIR_ECLOSED);
            CHECK_IS(weir_queue_len(s.q), 0);
            stop_release(&s.stop);
            CHECK_IS(call_end(&s.call), 0);
            stop_fini(&s.stop);
            CHECK_IS(weir_queue_free(s.q), 0);
        }
    }
}

/* ---- what does hold others up ---------------------------------------------------------------- */

static int64_t pop_forever(void *arg) {
    uint64_t v = 0;
    int rc = weir_queue_pop(arg, &v);
    return rc ? rc : (int64_t)v;
}

static int64_t push_main(void *arg) {
    struct stopped *s = arg;
    uint64_t v = 5;
    stop_me(&s->stop);
    return weir_queue_try_push(s->q, &v);
}

/* Who has taken a sleeper off the list and stops: that one sleeps on, all others go on. */
static void r15_waker(void) {
    struct stopped s = { .q = small_queue(2, 0, NULL) };
    struct call asleep, second;
    if (!s.q) return;
    call_start(&asleep, pop_forever, s.q);
    CHECK(call_sleeps(&asleep), "it returned");
    stop_init(&s.stop, "lot.taken");
    call_start(&s.call, push_main, &s);
    if (!stop_wait(&s.stop)) return;
    CHECK(!call_returns(&asleep, 20), "it was not woken yet");
    popped(s.q, 5);
    call_start(&second, pop_forever, s.q);
    CHECK(call_sleeps(&second), "it returned");
    pushed(s.q, 6);
    CHECK_IS(call_end(&second), 6);
    stop_release(&s.stop);
    CHECK_IS(call_end(&s.call), 0);
    pushed(s.q, 7);
    CHECK_IS(call_end(&asleep), 7);
    stop_fini(&s.stop);
    CHECK_IS(weir_queue_free(s.q), 0);
}

static int64_t pop_stopped(void *arg) {
    struct stopped *s = arg;
    stop_me(&s->stop);
    return pop_forever(s->q);
}

/* Who was woken for an element and stops before it has it: another sleeps on, until the next push. */
static void r15_woken(void) {
    struct stopped s = { .q = small_queue(2, 0, NULL) };
    struct call asleep;
    uint64_t n = 2;
    if (!s.q) return;
    pushed(s.q, 0), pushed(s.q, 1), popped(s.q, 0), popped(s.q, 1);
    stop_init(&s.stop, "queue.pop.leaves");
    call_start(&s.call, pop_stopped, &s);
    CHECK(call_sleeps(&s.call), "it returned");
    call_start(&asleep, pop_forever, s.q);
    CHECK(call_sleeps(&asleep), "it returned");
    pushed(s.q, n++);
    if (!stop_wait(&s.stop)) return;
    CHECK(!call_returns(&asleep, 20), "it was not woken yet");
    pushed(s.q, n++);
    CHECK_IS(call_end(&asleep), 2);
    stop_release(&s.stop);
    CHECK_IS(call_end(&s.call), 3);
    stop_fini(&s.stop);
    CHECK_IS(weir_queue_free(s.q), 0);
}

/* A waiter on its way to sleep misses neither an element nor a close. */
static void r15_waiter(void) {
    static const char *const points[] = { "queue.wait.announced", "queue.wait.checked",
                                          "park.sleep" };
    for (size_t i = 0; i < 3 && checks_hold(); i++) {
        for (int closes = 0; closes < 2; closes++) {
            struct stopped s = { .q = small_queue(2, 0, NULL) };
            if (!s.q) return;
            check_context("a waiter at %s, %s", points[i], closes ? "close" : "push");
            stop_init(&s.stop, points[i]);
            call_start(&s.call, pop_stopped, &s);
            if (!stop_wait(&s.stop)) return;
            if (closes)
                CHECK_IS(weir_queue_close(s.q), 0);
            else
                pushed(s.q, 8);
            stop_release(&s.stop);
            CHECK_IS(call_end(&s.call), closes ? WEIR_ECLOSED : 8);
            stop_fini(&s.stop);
            CHECK_IS(weir_queue_free(s.q), 0);
        }
    }
}

/* ---- batches ----------------------------------------------------------------------------------- */

static int64_t push_batch(void *arg) {
    struct stopped *s = arg;
    static const uint64_t in[9] = { 0, 1, 2, 3, 4, 5, 6, 7, 8 };
    stop_me(&s->stop);
    return weir_queue_try_push_n(s->q, in, 9);
}

/* A batch stands where it has no segment for its third element: who slept before has the first one. */
static void q4_batch_tells(void) {
    struct stopped s = { .q = small_queue(2, 0, NULL) };
    struct call asleep;
    uint64_t got[9];
    if (!s.q) return;
    call_start(&asleep, pop_forever, s.q);
    CHECK(call_sleeps(&asleep), "it returned");
    stop_init(&s.stop, "queue.push.append");
    call_start(&s.call, push_batch, &s);
    if (!stop_wait(&s.stop)) return;
    CHECK(call_returns(&asleep, 5000), "it sleeps beside two elements");
    stop_release(&s.stop);
    CHECK_IS(call_end(&s.call), 9);
    CHECK_IS(call_end(&asleep), 0);
    CHECK_IS(weir_queue_try_pop_n(s.q, got, 9), 8);
    CHECK_IS(got[7], 8);
    stop_fini(&s.stop);
    CHECK_IS(weir_queue_free(s.q), 0);
}

static int64_t pop_batch(void *arg) {
    struct stopped *s = arg;
    stop_me(&s->stop);
    return weir_queue_try_pop_n(s->q, s->got, 4);
}

static int64_t push_waits(void *arg) {
    uint64_t v = 4;
    return weir_queue_push(arg, &v);
}

/* A batch has taken two of four, and stands between two segments: there is room for who waits for it. */
static void q3_batch_gives_room(void) {
    struct stopped s = { .q = small_queue(2, 4, NULL) };
    struct call asleep;
    if (!s.q) return;
    for (uint64_t i = 0; i < 4; i++) pushed(s.q, i);
    call_start(&asleep, push_waits, s.q);
    CHECK(call_sleeps(&asleep), "it returned");
    stop_init(&s.stop, "queue.pop.leaves");
    call_start(&s.call, pop_batch, &s);
    if (!stop_wait(&s.stop)) return;
    CHECK(call_returns(&asleep, 5000), "it sleeps though there is room");
    stop_release(&s.stop);
    CHECK_IS(call_end(&s.call), 4);
    CHECK_IS(call_end(&asleep), 0);
    CHECK_IS(s.got[3], 3);
    popped(s.q, 4);
    stop_fini(&s.stop);
    CHECK_IS(weir_queue_free(s.q), 0);
}

/* What a thread has reserved is inside, wherever it stands: with a limit of 1 nobody else gets in, all calls return,
 * and those that wait do so until their deadline. Without a limit nothing of that. */
static void r15_limit(void) {
    static const char *const points[] = { "queue.push.ticket", "queue.push.copied" };
    for (size_t i = 0; i < 4 && checks_hold(); i++) {
        bool limit = i < 2;
        struct stopped s = { .q = small_queue(2, limit, NULL) };
        uint64_t v = 9;
        if (!s.q) return;
        check_context("a push at %s, %s limit", points[i % 2], limit ? "with a" : "without");
        stop_init(&s.stop, points[i % 2]);
        call_start(&s.call, push_main, &s);
        if (!stop_wait(&s.stop)) return;
        CHECK_IS(weir_queue_try_push(s.q, &v), limit ? WEIR_EAGAIN : 0);
        CHECK_IS(weir_queue_try_pop(s.q, &v), limit ? WEIR_EAGAIN : 0);
        CHECK_IS(weir_queue_push_wait(s.q, &v, weir_after(20000000), NULL),
                 limit ? WEIR_ETIMEDOUT : 0);
        CHECK_IS(weir_queue_pop_wait(s.q, &v, weir_after(20000000), NULL),
                 limit ? WEIR_ETIMEDOUT : 0);
        CHECK_IS(v, 9);
        stop_release(&s.stop);
        CHECK_IS(call_end(&s.call), 0);
        popped(s.q, 5);
        pushed(s.q, 6);
        stop_fini(&s.stop);
        CHECK_IS(weir_queue_free(s.q), 0);
    }
}

const struct test stopped_cases[] = {
    { "RING15 lock-free: a push that stops is passed over", give_up },
    { "RING15 lock-free: a thread stopped at each point of push", r15_push },
    { "RING15 lock-free: a thread stopped at each point of pop", r15_pop },
    { "RING15 lock-free: a pop stopped before it gives a slot up", r15_give_up },
    { "RING15 lock-free: a thread stopped at each point of close", r15_close },
    { "RING15 a waker stopped: one sleeper sleeps on, all others go on", r15_waker },
    { "RING15 a woken popper stopped: another sleeps on until the next push", r15_woken },
    { "QUEUE4 a waiter stopped on its way to sleep misses nothing", r15_waiter },
    { "QUEUE4 a batch of pushes wakes sleepers as it goes", q4_batch_tells },
    { "QUEUE3 a batch of pops gives room as it goes", q3_batch_gives_room },
    { "RING15 a limit of 1: a push that stops keeps its room", r15_limit },
};
const size_t n_stopped_cases = sizeof stopped_cases / sizeof *stopped_cases;
