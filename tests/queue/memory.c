/* SPDX-License-Identifier: MIT */
/* tests/queue/memory.c - QUEUE6 and QUEUE7: what the queue has from its allocator, and what is given back. */
#include "../support/child.h"
#include "../support/sanitizers.h"
#include "cases.h"

#include <stdio.h>
#include <unistd.h>

#define WITHDRAWN "QUEUE6 membarrier is withdrawn: one pop settles, and segments are used again"
#define SANITIZED (UNDER_ASAN || UNDER_TSAN) /* a sanitizer keeps freed memory */

static size_t resident(void) {
    unsigned long pages = 0, all = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f) return 0;
    if (fscanf(f, "%lu %lu", &all, &pages) != 2) pages = 0;
    (void)fclose(f);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void burst(weir_queue *q, uint64_t n) {
    uint64_t in[100], out[100];
    for (uint64_t i = 0; i < n; i += 100) {
        for (uint64_t k = 0; k < 100; k++) in[k] = i + k;
        if (!CHECK_IS(weir_queue_try_push_n(q, in, 100), 100)) return;
    }
    for (uint64_t i = 0; i < n; i += 100) {
        if (!CHECK_IS(weir_queue_try_pop_n(q, out, 100), 100)) return;
        if (!CHECK(out[0] == i && out[99] == i + 99, "other elements")) return;
    }
}

static bool near(size_t now, size_t then) { return now <= then + then / 10; }

/* Of 400,000 elements at factor 1, of ten million at 30. */
static void q6_burst(void) {
    weir_queue *q = small_queue(0, 0, NULL);
    if (!q) return;
    uint64_t n = times(1) * 400000;
    if (n > 10000000) n = 10000000;
    burst(q, 100000);
    CHECK_IS(weir_queue_trim(q), 0);
    size_t bytes = weir_queue_bytes(q), rss = resident(), peak = 0;
    size_t first = 0;
    for (unsigned round = 0; round < 24 && checks_hold(); round++) {
        burst(q, round == 0 ? n : n / 10 + 100 - n / 10 % 100);
        peak = weir_queue_bytes(q) > peak ? weir_queue_bytes(q) : peak;
        CHECK_IS(weir_queue_trim(q), 0);
        CHECK(near(weir_queue_bytes(q), bytes), "round %u: %zu bytes, %zu at the start", round,
              weir_queue_bytes(q), bytes);
        size_t now = resident();
        if (!SANITIZED)
            CHECK(near(now, rss), "round %u: %zu resident, %zu at the start", round, now, rss);
        if (round == 2) first = now; /* no slope: to a page or so */
        if (round > 2 && !SANITIZED)
            CHECK(now <= first + 262144, "round %u: %zu resident, %zu in the third", round, now,
                  first);
    }
    CHECK_IS(weir_queue_free(q), 0);
}

static void q6_bytes_agree(void) {
    struct failing_alloc f;
    failing_alloc_init(&f, 0);
    weir_queue *q = small_queue(0, 0, &f.as);
    if (!q) return;
    size_t start = f.bytes_out, most = 0;
    CHECK_IS(weir_queue_bytes(q), start);
    for (uint64_t i = 0; i < 30000; i++) {
        pushed(q, i);
        if (i % 1000 == 0) CHECK_IS(weir_queue_bytes(q), f.bytes_out);
    }
    most = f.bytes_out;
    CHECK(most >= 30000 * 16, "%zu bytes for 30000 elements", most);
    CHECK(most <= 30000 * 16 * 11 / 10 + 20 * 16384, "%zu bytes for 30000 elements", most);
    for (uint64_t i = 0; i < 30000; i++) popped(q, i);
    CHECK_IS(weir_queue_bytes(q), f.bytes_out);
    CHECK(f.bytes_out <= start + 17 * 16384, "%zu bytes are kept", f.bytes_out);
    CHECK_IS(weir_queue_trim(q), 0);
    CHECK_IS(weir_queue_bytes(q), f.bytes_out);
    CHECK_IS(f.bytes_out, start);
    CHECK_IS(weir_queue_free(q), 0);
    CHECK_IS(f.out, 0);
}

/* Elements of the largest size, four to a segment: an empty queue holds what the header says. */
static void q6_large(void) {
    static char elem[65536];
    struct failing_alloc f;
    struct weir_queue_opts o = WEIR_QUEUE_OPTS(sizeof elem);
    weir_queue *q;
    failing_alloc_init(&f, 0);
    o.alloc = &f.as;
    if (!CHECK_IS(weir_queue_new(&q, &o), 0)) return;
    size_t start = f.bytes_out, seg = sizeof(struct weir__seg) + 4 * (sizeof elem + 8);
    for (unsigned i = 0; i < 94; i++) CHECK_IS(weir_queue_try_push(q, elem), 0);
    CHECK(f.bytes_out >= start + 23 * seg, "%zu bytes for 94 elements", f.bytes_out);
    for (unsigned i = 0; i < 94; i++) CHECK_IS(weir_queue_try_pop(q, elem), 0);
    CHECK_IS(weir_queue_bytes(q), start + 15 * seg); /* 8 kept, 7 that wait, and the first */
    CHECK_IS(weir_queue_trim(q), 0);
    CHECK_IS(f.bytes_out, start);
    CHECK_IS(weir_queue_free(q), 0);
    CHECK_IS(f.out, 0);
}

static void q6_steady(void) {
    struct failing_alloc f;
    failing_alloc_init(&f, 0);
    weir_queue *q = small_queue(0, 0, &f.as);
    if (!q) return;
    flow_steadily(q, &f);
    CHECK_IS(weir_queue_free(q), 0);
    CHECK_IS(f.out, 0);
}

struct halted {
    weir_queue *q;
    struct stop stop;
    struct call call;
    uint64_t got;
};

static int64_t pop_one(void *arg) {
    struct halted *h = arg;
    stop_me(&h->stop);
    return weir_queue_try_pop(h->q, &h->got);
}

/* Wherever a consumer stands: many segments go by, and what is kept back is bounded. */
static void q7_stopped_consumer(void) {
    static const char *const points[] = { "queue.pop.ticket", "queue.pop.done", "queue.pop.leaves",
                                          "queue.pop.left", "queue.collect.taken" };
    for (size_t p = 0; p < 5 && checks_hold(); p++) {
        struct counted c;
        struct halted h = { 0 };
        size_t next = 0;
        check_context("a consumer at %s", points[p]);
        if (!counted_open(&c)) return;
        h.q = c.q;
        for (uint64_t i = 0; i < 12; i++) pushed(h.q, i);
        while (next < 4) popped(h.q, next++); /* two segments: the next pop leaves the second */
        stop_init(&h.stop, points[p]);
        call_start(&h.call, pop_one, &h);
        if (!stop_wait(&h.stop)) return;
        bool has = p < 2; /* the ticket, or the element */
        next += has;
        for (uint64_t i = 12; i < 3012 && checks_hold(); i++) {
            pushed(h.q, i);
            popped(h.q, next++);
        }
        /* Its list of retired ones, one that it names, those kept and retired since, those inside. */
        size_t most = c.start + (2 + 1 + 1 + WEIR__SEGQ_KEPT + 2 + 2 + 8) * c.seg;
        CHECK(c.f.bytes_out <= most, "%zu bytes, stated %zu", c.f.bytes_out, most);
        stop_release(&h.stop);
        CHECK_IS(call_end(&h.call), 0);
        if (has) CHECK_IS(h.got, 4);
        stop_fini(&h.stop);
        uint64_t v;
        while (weir_queue_try_pop(h.q, &v) == 0) continue;
        counted_close(&c);
    }
}

/* Who is about to collect eight segments stops; then seven more go by; then it goes on, and stops with what it has in
 * hands. */
static void q7_stopped_collector(void) {
    struct failing_alloc f;
    struct weir__segq_shape shape = { .slots = 2, .batch = 8 };
    struct weir_queue_opts o = WEIR_QUEUE_OPTS(sizeof(uint64_t));
    struct halted h = { 0 };
    struct stop taken;
    uint64_t in = 0, out = 0;
    failing_alloc_init(&f, 0);
    o.alloc = &f.as;
    if (!CHECK_IS(weir__queue_new_at(&h.q, &o, &shape), 0)) return;
    size_t seg = sizeof(struct weir__seg) + 2 * 16, start = f.bytes_out;
    while (in < 40) pushed(h.q, in++);
    while (out < 16) popped(h.q, out++); /* the next pop leaves the eighth */
    stop_init(&h.stop, "queue.collect.begins");
    stop_init(&taken, "queue.collect.taken");
    h.stop.then = &taken;
    call_start(&h.call, pop_one, &h);
    if (!stop_wait(&h.stop)) return;
    while (out < 31) popped(h.q, out++);
    stop_release(&h.stop);
    if (!stop_wait(&taken)) return;
    while (out < 40 && checks_hold()) popped(h.q, out++);
    CHECK_IS(weir_queue_trim(h.q), 0);
    CHECK(f.bytes_out <= start + 8 * seg, "%zu segments are kept back",
          (f.bytes_out - start) / seg);
    stop_release(&taken);
    CHECK_IS(call_end(&h.call), WEIR_EAGAIN);
    CHECK_IS(weir_queue_trim(h.q), 0);
    CHECK_IS(f.bytes_out, start);
    stop_fini(&h.stop);
    stop_fini(&taken);
    CHECK_IS(weir_queue_free(h.q), 0);
    CHECK_IS(f.out, 0);
}

/* A sandbox is put up after the queue was made: one pop settles, all that come later fence, and the same few segments
 * go round. */
static void q6_withdrawn(void) {
    struct counted c;
    if (!child_is_fresh(WITHDRAWN)) return;
    if (!counted_open(&c)) return;
    bool fenced = ((const struct weir__segq *)(void *)c.q)->fence;
    pushed(c.q, 0);
    popped(c.q, 0);
    if (!CHECK(refuse_membarrier(), "no filter")) return;
    points_count("queue.collect.settles");
    for (uint64_t i = 0; i < 400; i++) {
        pushed(c.q, i);
        popped(c.q, i);
    }
    CHECK_IS(points_passed(), !fenced);
    points_count(NULL);
    counted_close(&c);
}

const struct test memory_cases[] = {
    { "QUEUE6 bytes and resident memory after bursts, drained and trimmed", q6_burst },
    { "QUEUE6 bytes agrees with the allocator's own count", q6_bytes_agree },
    { "QUEUE6 an empty queue of large elements holds 16 segments at most", q6_large },
    { "QUEUE6 a steady flow asks the allocator for nothing", q6_steady },
    { "QUEUE7 a stopped consumer keeps back a bounded number of segments", q7_stopped_consumer },
    { "QUEUE7 what a stopped collector has in hands is bounded", q7_stopped_collector },
    { WITHDRAWN, q6_withdrawn },
};
const size_t n_memory_cases = sizeof memory_cases / sizeof *memory_cases;
