/* SPDX-License-Identifier: MIT */
/* tests/rings/stopped_spsc.c - RING15 for weir_spsc: wait-free. One side is stopped at each of its
 * points; the other side's calls all return, with what is true without the stopped call. */
#include "cases.h"
#include "ring.h"

#include "../support/points.h"

#include <string.h>

#define CAP 4

struct side {
    struct ring q;
    struct stop stop;
    bool batch;
};

static int64_t push_one(void *arg) {
    struct side *s = arg;
    char elems[2 * 8];
    item_make(elems, 8, 100);
    item_make(elems + 8, 8, 101);
    stop_me(&s->stop);
    return s->batch ? R.try_push_n(s->q.in, elems, 2) : R.try_push(s->q.in, elems) == 0;
}

static int64_t pop_one(void *arg) {
    struct side *s = arg;
    char elems[2 * 8];
    stop_me(&s->stop);
    int64_t n = s->batch ? R.try_pop_n(s->q.out, elems, 2) : R.try_pop(s->q.out, elems) == 0;
    for (int64_t i = 0; i < n; i++)
        CHECK(item_is(elems + i * 8, 8, (uint64_t)i), "the stopped pop gives another element");
    return n;
}

static void producer_stopped(const char *point, size_t inside, bool batch) {
    struct side s = { .batch = batch };
    struct call producer;
    char elem[8];
    check_context("producer at %s, %zu inside", point, inside);
    if (!ring_open(&s.q, CAP, 8)) return;
    push_ids(&s.q, 8, 0, inside);
    stop_init(&s.stop, point);
    call_start(&producer, push_one, &s);
    if (stop_wait(&s.stop)) {
        CHECK_IS(R.len(s.q.out), inside);
        pop_ids(&s.q, 8, 0, inside); /* all that is published */
        for (int i = 0; i < 1000; i++) CHECK_IS(R.try_pop(s.q.out, elem), WEIR_EAGAIN);
        CHECK_IS(R.try_pop_n(s.q.out, elem, 1), WEIR_EAGAIN);
        CHECK(!call_done(&producer), "the producer went on");
        stop_release(&s.stop);
    }
    CHECK_IS(call_end(&producer), batch ? 2 : 1);
    pop_ids(&s.q, 8, 100, batch ? 2 : 1);
    stop_fini(&s.stop);
    ring_close(&s.q);
}

static void consumer_stopped(const char *point, size_t inside, bool batch) {
    struct side s = { .batch = batch };
    struct call consumer;
    char elem[8];
    check_context("consumer at %s, %zu inside", point, inside);
    if (!ring_open(&s.q, CAP, 8)) return;
    push_ids(&s.q, 8, 0, inside);
    stop_init(&s.stop, point);
    call_start(&consumer, pop_one, &s);
    if (stop_wait(&s.stop)) {
        push_ids(&s.q, 8, inside, CAP - inside); /* all the room that is known to be free */
        for (int i = 0; i < 1000; i++) CHECK_IS(R.try_push(s.q.in, elem), WEIR_EAGAIN);
        CHECK_IS(R.try_push_n(s.q.in, elem, 1), WEIR_EAGAIN);
        CHECK_IS(R.len(s.q.in), CAP);
        CHECK(!call_done(&consumer), "the consumer went on");
        stop_release(&s.stop);
    }
    int64_t got = call_end(&consumer);
    CHECK_IS(got, batch ? 2 : 1);
    push_ids(&s.q, 8, CAP, (size_t)got); /* the room is there now */
    pop_ids(&s.q, 8, (uint64_t)got, CAP);
    stop_fini(&s.stop);
    ring_close(&s.q);
}

void ring15_spsc_producer(void) {
    for (size_t inside = 0; inside < CAP - 1; inside++) {
        producer_stopped("spsc.push.copied", inside, false);
        producer_stopped("spsc.push_n.copied", inside, true);
    }
}

void ring15_spsc_consumer(void) {
    for (size_t inside = 2; inside <= CAP; inside++) {
        consumer_stopped("spsc.pop.copied", inside, false);
        consumer_stopped("spsc.pop_n.copied", inside, true);
    }
}
