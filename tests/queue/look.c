/* SPDX-License-Identifier: MIT */
/* tests/queue/look.c - what only looks at a weir_queue changes nothing in it: the looks of a popper that is about to
 * sleep, and its length. */
#include "cases.h"

/* The first segment is emptied, and stands before one that is not. */
static weir_queue *with_an_emptied_one(void) {
    weir_queue *q = small_queue(2, 0, NULL);
    if (!q) return NULL;
    for (uint64_t i = 0; i < 3; i++) pushed(q, i);
    for (uint64_t i = 0; i < 2; i++) popped(q, i);
    return q;
}

static void q4_looks_leave_nothing(void) {
    weir_queue *q = with_an_emptied_one();
    if (!q) return;
    points_count("queue.pop.leaves");
    CHECK(weir__segq_can_pop((struct weir__segq *)(void *)q), "a pop is not worth trying");
    CHECK_IS(points_passed(), 0);
    popped(q, 2);
    CHECK_IS(points_passed(), 1);
    CHECK(!weir__segq_can_pop((struct weir__segq *)(void *)q), "a pop of nothing is worth trying");
    points_count(NULL);
    CHECK_IS(weir_queue_free(q), 0);
}

/* ---- a waiter in the list ---------------------------------------------------------------------- */

/* Counts what is given back while a waiter of the queue is listed. */
struct watching {
    struct weir_alloc as;
    struct failing_alloc f;
    weir_queue *q;
    weir_au32 freed, listed;
};

static void *watching_alloc(void *self, size_t size, size_t align) {
    struct watching *w = self;
    return w->f.as.alloc(&w->f, size, align);
}
static void watching_free(void *self, void *p, size_t size, size_t align) {
    struct watching *w = self;
    const struct weir__segq *q = (const struct weir__segq *)(const void *)w->q;
    (void)weir_fetch_add_relaxed(&w->freed, 1);
    if (q && weir_load_relaxed(&q->waiters)) (void)weir_fetch_add_relaxed(&w->listed, 1);
    w->f.as.free(&w->f, p, size, align);
}

struct halted {
    weir_queue *q;
    struct stop stop;
    struct call call;
};

static int64_t pop_halted(void *arg) {
    struct halted *h = arg;
    uint64_t v = 0;
    stop_me(&h->stop);
    int rc = weir_queue_pop(h->q, &v);
    return rc ? rc : (int64_t)v;
}
static int64_t push_halted(void *arg) {
    struct halted *h = arg;
    uint64_t v = 77;
    stop_me(&h->stop);
    return weir_queue_try_push(h->q, &v);
}

/* All places for segments are taken, but for one, and two more are retired: who leaves the next one gives back to the
 * allocator. A popper has listed itself and takes its last look, beside a push that has appended and told nobody. */
static void q4_listed_calls_no_allocator(void) {
    struct watching w = { 0 };
    failing_alloc_init(&w.f, 0);
    w.as = (struct weir_alloc){ .alloc = watching_alloc, .free = watching_free, .self = &w };
    struct weir__segq_shape shape = { .slots = 2, .batch = 3 };
    struct weir_queue_opts o = WEIR_QUEUE_OPTS(sizeof(uint64_t));
    weir_queue *q;
    o.alloc = &w.as;
    if (!CHECK_IS(weir__queue_new_at(&q, &o, &shape), 0)) return;
    struct halted pop = { .q = q }, push = { .q = q };
    for (uint64_t i = 0; i < 24; i++) pushed(q, i);
    for (uint64_t i = 0; i < 24; i++) popped(q, i);
    stop_init(&pop.stop, "queue.wait.announced");
    call_start(&pop.call, pop_halted, &pop);
    if (!stop_wait(&pop.stop)) return;
    stop_init(&push.stop, "queue.push.appended");
    call_start(&push.call, push_halted, &push);
    if (!stop_wait(&push.stop)) return;
    w.q = q;
    weir_store_relaxed(&w.freed, 0);
    stop_release(&pop.stop);
    CHECK_IS(call_end(&pop.call), 77);
    CHECK_IS(weir_load_relaxed(&w.freed), 1);
    CHECK_IS(weir_load_relaxed(&w.listed), 0);
    stop_release(&push.stop);
    CHECK_IS(call_end(&push.call), 0);
    stop_fini(&pop.stop);
    stop_fini(&push.stop);
    w.q = NULL;
    CHECK_IS(weir_queue_free(q), 0);
    CHECK_IS(w.f.out, 0);
}

/* ---- the length --------------------------------------------------------------------------------- */

static int64_t len_halted(void *arg) {
    struct halted *h = arg;
    stop_me(&h->stop);
    return (int64_t)weir_queue_len(h->q);
}

/* Who reads the length is overtaken by many pairs, up to three times: it says no more than was inside at once. */
static void q1_len_of_a_flow(void) {
    for (unsigned stops = 1; stops <= 3 && checks_hold(); stops++) {
        struct halted h = { .q = small_queue(2, 0, NULL) };
        struct stop more[2];
        if (!h.q) return;
        check_context("overtaken %u times", stops);
        stop_init(&h.stop, "queue.len.begun");
        for (unsigned i = 0; i < 2; i++) stop_init(&more[i], h.stop.at);
        if (stops > 1) h.stop.then = &more[0];
        if (stops > 2) more[0].then = &more[1];
        call_start(&h.call, len_halted, &h);
        for (unsigned k = 0; k < stops; k++) {
            struct stop *at = k ? &more[k - 1] : &h.stop;
            if (!stop_wait(at)) return;
            for (uint64_t i = 0; i < 100; i++) pushed(h.q, i), popped(h.q, i);
            stop_release(at);
        }
        int64_t len = call_end(&h.call);
        CHECK(len == 0 || len == 1, "%lld elements of at most one", (long long)len);
        stop_fini(&h.stop);
        for (unsigned i = 0; i < 2; i++) stop_fini(&more[i]);
        CHECK_IS(weir_queue_free(h.q), 0);
    }
}

const struct test look_cases[] = {
    { "QUEUE4 whether a pop is worth trying is told without leaving a segment",
      q4_looks_leave_nothing },
    { "QUEUE4 a popper that is listed calls no allocator", q4_listed_calls_no_allocator },
    { "QUEUE1 the length beside a flow is no more than was inside", q1_len_of_a_flow },
};
const size_t n_look_cases = sizeof look_cases / sizeof *look_cases;
