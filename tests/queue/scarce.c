/* SPDX-License-Identifier: MIT */
/* tests/queue/scarce.c - weir_queue and its allocator: QUEUE2, a push whose segment is refused looks again, for one that
 * was emptied and for one that another push has appended; QUEUE6, no call names a segment while the allocator is asked. */
#include "../../lib/hazard.h"
#include "cases.h"

/* Refuses one request, once another push has gone on and come to its end. */
struct gate {
    struct weir_alloc as;
    struct failing_alloc f;
    struct appender *other; /* NULL: refuses nothing */
};

struct appender {
    weir_queue *q;
    struct stop stop;
    struct call call;
};

static void *gate_alloc(void *self, size_t size, size_t align) {
    struct gate *g = self;
    struct appender *other = g->other;
    if (!other) return g->f.as.alloc(&g->f, size, align);
    g->other = NULL;
    stop_release(&other->stop);
    CHECK_IS(call_end(&other->call), 0);
    return NULL;
}
static void gate_free(void *self, void *p, size_t size, size_t align) {
    struct gate *g = self;
    g->f.as.free(&g->f, p, size, align);
}

static int64_t push_eight(void *arg) {
    struct appender *a = arg;
    uint64_t v = 8;
    stop_me(&a->stop);
    return weir_queue_try_push(a->q, &v);
}

/* A push stands before it appends the one segment that was kept. Another is refused one, and the first has appended
 * meanwhile: there is room. */
static void q2_refused_beside_append(void) {
    struct gate g = { 0 };
    struct appender a = { 0 };
    failing_alloc_init(&g.f, 0);
    g.as = (struct weir_alloc){ .alloc = gate_alloc, .free = gate_free, .self = &g };
    a.q = small_queue(8, 0, &g.as);
    if (!a.q) return;
    for (uint64_t i = 0; i < 8; i++) pushed(a.q, i);
    stop_init(&a.stop, "queue.push.append");
    call_start(&a.call, push_eight, &a);
    if (!stop_wait(&a.stop)) return;
    g.other = &a;
    pushed(a.q, 9);
    CHECK(g.other == NULL, "the allocator was not asked");
    for (uint64_t i = 0; i < 10 && checks_hold(); i++) popped(a.q, i);
    stop_fini(&a.stop);
    CHECK_IS(weir_queue_free(a.q), 0);
    CHECK_IS(g.f.out, 0);
}

/* The push with the ticket at half of a segment, after which the next one is prepared, is passed over, and there is no
 * memory to prepare it: the push finds the next slot, and its element is there once. */
static void q2_given_up_at_half(void) {
    struct failing_alloc f;
    struct appender a = { 0 };
    uint64_t v;
    failing_alloc_init(&f, 0);
    a.q = small_queue(4, 0, &f.as);
    if (!a.q) return;
    for (uint64_t i = 0; i < 2; i++) pushed(a.q, i);
    stop_init(&a.stop, "queue.push.copied");
    call_start(&a.call, push_eight, &a);
    if (!stop_wait(&a.stop)) return;
    for (uint64_t i = 0; i < 2; i++) popped(a.q, i);
    CHECK_IS(weir_queue_try_pop(a.q, &v), WEIR_EAGAIN); /* its slot is given up */
    f.most = 1;
    stop_release(&a.stop);
    CHECK_IS(call_end(&a.call), 0);
    CHECK(f.refused > 0, "nothing was to be prepared");
    popped(a.q, 8);
    CHECK_IS(weir_queue_try_pop(a.q, &v), WEIR_EAGAIN);
    stop_fini(&a.stop);
    CHECK_IS(weir_queue_free(a.q), 0);
    CHECK_IS(f.out, 0);
}

/* ---- what an allocator may do, since no call names a segment meanwhile ------------------------ */

struct bare {
    struct weir_alloc as;
    struct failing_alloc f;
    size_t asked, named;
};

static void look(struct bare *b) {
    b->asked++;
    b->named += weir_load_relaxed(&weir__hazard_self()->at) != NULL;
}
static void *bare_alloc(void *self, size_t size, size_t align) {
    struct bare *b = self;
    look(b);
    return b->f.as.alloc(&b->f, size, align);
}
static void bare_free(void *self, void *p, size_t size, size_t align) {
    struct bare *b = self;
    look(b);
    b->f.as.free(&b->f, p, size, align);
}

static void q6_names_nothing(void) {
    struct bare b = { 0 };
    uint64_t v[7] = { 0 };
    failing_alloc_init(&b.f, 0);
    b.as = (struct weir_alloc){ .alloc = bare_alloc, .free = bare_free, .self = &b };
    weir_queue *q = small_queue(2, 0, &b.as);
    if (!q) return;
    for (unsigned round = 0; round < 4; round++) {
        for (uint64_t i = 0; i < 100; i++) pushed(q, i);
        for (uint64_t i = 0; i < 100; i++) popped(q, i);
        for (unsigned i = 0; i < 20; i++) CHECK_IS(weir_queue_try_push_n(q, v, 7), 7);
        for (unsigned i = 0; i < 20; i++) CHECK_IS(weir_queue_try_pop_n(q, v, 7), 7);
        b.f.most = 1; /* refused: looks for one that was emptied */
        while (weir_queue_try_push(q, v) == 0) continue;
        b.f.most = 0;
        while (weir_queue_try_pop(q, v) == 0) continue;
        CHECK_IS(weir_queue_trim(q), 0);
    }
    CHECK_IS(weir_queue_free(q), 0);
    CHECK(b.asked > 400, "asked %zu times only", b.asked);
    CHECK_IS(b.named, 0);
    CHECK_IS(b.f.out, 0);
}

const struct test scarce_cases[] = {
    { "QUEUE2 given up at half of a segment, without memory for the next one",
      q2_given_up_at_half },
    { "QUEUE6 no call names a segment while the allocator is asked", q6_names_nothing },
    { "QUEUE2 with few segments, those that were emptied do", flow_in_little },
    { "QUEUE2 refused a segment, a push finds the one that another has appended",
      q2_refused_beside_append },
};
const size_t n_scarce_cases = sizeof scarce_cases / sizeof *scarce_cases;
