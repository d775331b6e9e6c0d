/* SPDX-License-Identifier: MIT */
/* tests/queue/scarce.c - QUEUE2 of weir_queue: a push whose segment the allocator refuses looks again, for one that was
 * emptied and for one that another push has appended. */
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

const struct test scarce_cases[] = {
    { "QUEUE2 with few segments, those that were emptied do", flow_in_little },
    { "QUEUE2 refused a segment, a push finds the one that another has appended",
      q2_refused_beside_append },
};
const size_t n_scarce_cases = sizeof scarce_cases / sizeof *scarce_cases;
