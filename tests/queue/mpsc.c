/* SPDX-License-Identifier: MIT */
/* tests/queue/mpsc.c - weir_mpsc with several producers: QUEUE1 to QUEUE7 and RING15 as they read for one consumer. With
 * one producer the cases of the rings run on it, too (ops_queue.c); RING7 is in tests/lin. */
#include "../support/misuse.h"
#include "../support/points.h"
#include "../support/threads.h"

#define QUEUE weir_mpsc
#define VERB(name) weir_mpsc_##name
#define NEW_AT weir__mpsc_new_at
#include "words.h"

#define PRODUCERS 4
#define EACH 20000

/* ---- many producers ---------------------------------------------------------------------------- */

struct crowd {
    weir_mpsc *q;
    uint64_t each;
    bool batches;
    uint64_t next[PRODUCERS];
    weir_au32 producing;
};

static void produce(struct crowd *c, uint64_t who) {
    uint64_t v[5];
    for (uint64_t i = 0; i < c->each && checks_hold();) {
        size_t n = c->batches ? 1 + (size_t)(i % 5) : 1;
        if (n > c->each - i) n = (size_t)(c->each - i);
        for (size_t k = 0; k < n; k++) v[k] = who << 32 | (i + k);
        ptrdiff_t rc = n > 1 ? weir_mpsc_push_n_wait(c->q, v, n, WEIR_FOREVER, NULL)
                             : weir_mpsc_push(c->q, v) == 0;
        if (!CHECK(rc > 0 && (size_t)rc <= n, "push says %td", rc)) return;
        i += (uint64_t)rc;
    }
    if (weir_fetch_sub_acq_rel(&c->producing, 1, 0) == 1) CHECK_IS(weir_mpsc_close(c->q), 0);
}

static void consume(struct crowd *c) {
    uint64_t v[7];
    for (;;) {
        ptrdiff_t n = c->batches ? weir_mpsc_pop_n_wait(c->q, v, 7, WEIR_FOREVER, NULL)
                                 : weir_mpsc_pop(c->q, v);
        if (n == WEIR_ECLOSED) return;
        if (!CHECK(n >= 0, "pop says %td", n)) return;
        for (ptrdiff_t k = 0; k < n + !c->batches; k++) {
            uint64_t who = v[k] >> 32;
            if (!CHECK(who < PRODUCERS, "a strange element")) return;
            if (!CHECK_IS(v[k] & UINT32_MAX, c->next[who])) return;
            c->next[who]++;
        }
    }
}

static void member(void *arg, size_t i) {
    if (i == 0)
        consume(arg);
    else
        produce(arg, i - 1);
}

static void crowd(uint32_t slots, size_t limit, bool batches) {
    struct crowd c = { .each = times(EACH), .batches = batches, .producing = { PRODUCERS } };
    c.q = small_queue(slots, limit, NULL);
    if (!c.q) return;
    check_context("%u slots, limit %zu, %s", slots, limit, batches ? "batches" : "one by one");
    team_run(PRODUCERS + 1, member, &c);
    for (unsigned i = 0; i < PRODUCERS; i++) CHECK_IS(c.next[i], c.each);
    CHECK_IS(weir_mpsc_len(c.q), 0);
    CHECK_IS(weir_mpsc_free(c.q), 0);
}

static void q1_crowd(void) {
    for (unsigned i = 0; i < 8 && checks_hold(); i++) crowd(i & 1 ? 2 : 0, i & 2 ? 3 : 0, i & 4);
}

/* ---- alone -------------------------------------------------------------------------------------- */

static void q1_drop_and_bad_input(void) {
    struct weir_queue_opts o = WEIR_QUEUE_OPTS(sizeof(uint64_t)), none = WEIR_QUEUE_OPTS(0);
    uint64_t next = 3, v = 5;
    weir_mpsc *q;
    o.drop = count_drop;
    o.drop_arg = &next;
    CHECK_IS(weir_mpsc_new(&q, &none), WEIR_EINVAL);
    CHECK(q == NULL, "*out is not NULL");
    CHECK_IS(weir_mpsc_new(NULL, &o), WEIR_EINVAL);
    if (!CHECK_IS(weir_mpsc_new(&q, &o), 0)) return;
    weir_set_report(NULL, NULL);
    CHECK_IS(weir_mpsc_try_push(NULL, &v), WEIR_EINVAL);
    CHECK_IS(weir_mpsc_try_pop(q, NULL), WEIR_EINVAL);
    CHECK_IS(weir_mpsc_try_pop_n(q, NULL, 2), WEIR_EINVAL);
    CHECK_IS(weir_mpsc_trim(NULL), WEIR_EINVAL);
    CHECK_IS(weir_mpsc_try_pop(q, &v), WEIR_EAGAIN);
    CHECK_IS(v, 5);
    for (uint64_t i = 0; i < 3000; i++) pushed(q, i);
    for (uint64_t i = 0; i < 3; i++) popped(q, i);
    CHECK_IS(weir_mpsc_len(q), 2997);
    CHECK_IS(weir_mpsc_free(q), 0);
    CHECK_IS(next, 3000);
    CHECK_IS(weir_mpsc_free(NULL), 0);
}

static void q2_enomem(void) {
    for (size_t n = 1; n < 30 && checks_hold(); n++) {
        struct failing_alloc f;
        uint64_t pushes = 0, pops = 0, refused = 0;
        failing_alloc_init(&f, 0);
        check_context("request %zu", n);
        weir_mpsc *q = small_queue(2, 0, &f.as);
        if (!q) return;
        f.fail_at = f.requests + n;
        for (unsigned i = 0; i < 60; i++) {
            int rc = weir_mpsc_try_push(q, &pushes);
            CHECK(rc == 0 || rc == WEIR_ENOMEM, "push says %d", rc);
            pushes += rc == 0;
            refused += rc != 0;
            if (i % 3 == 0) popped(q, pops++);
        }
        CHECK(refused <= 1, "%u pushes refused", (unsigned)refused);
        while (pops < pushes)
            if (!popped(q, pops++)) break;
        CHECK_IS(weir_mpsc_free(q), 0);
        CHECK_IS(f.out, 0);
    }
}

/* ---- waiting ------------------------------------------------------------------------------------ */

static int64_t push_forever(void *arg) {
    uint64_t v = 77;
    return weir_mpsc_push(arg, &v);
}
static int64_t pop_forever(void *arg) {
    uint64_t v = 0;
    int rc = weir_mpsc_pop(arg, &v);
    return rc ? rc : (int64_t)v;
}

static void q3_limit(void) {
    struct call c;
    uint64_t v = 2;
    weir_mpsc *q = small_queue(2, 1, NULL);
    if (!q) return;
    pushed(q, 1);
    CHECK_IS(weir_mpsc_try_push(q, &v), WEIR_EAGAIN);
    CHECK_IS(weir_mpsc_push_wait(q, &v, weir_after(1000000), NULL), WEIR_ETIMEDOUT);
    call_start(&c, push_forever, q);
    CHECK(call_sleeps(&c), "a push beyond the limit returned");
    CHECK_IS(weir_mpsc_free(q), WEIR_EBUSY);
    popped(q, 1);
    CHECK_IS(call_end(&c), 0);
    popped(q, 77);
    CHECK_IS(weir_mpsc_free(q), 0);
}

static void q4_wakes(void) {
    struct call c;
    uint64_t v;
    weir_mpsc *q = small_queue(2, 0, NULL);
    if (!q) return;
    call_start(&c, pop_forever, q);
    CHECK(call_sleeps(&c), "a pop of nothing returned");
    pushed(q, 9);
    CHECK_IS(call_end(&c), 9);
    CHECK_IS(weir_mpsc_pop_wait(q, &v, weir_after(1000000), NULL), WEIR_ETIMEDOUT);
    call_start(&c, pop_forever, q);
    CHECK(call_sleeps(&c), "a pop of nothing returned");
    CHECK(!weir_mpsc_is_closed(q), "closed");
    CHECK_IS(weir_mpsc_close(q), 0);
    CHECK_IS(call_end(&c), WEIR_ECLOSED);
    CHECK(weir_mpsc_is_closed(q), "not closed");
    CHECK_IS(weir_mpsc_close(q), WEIR_ECLOSED);
    CHECK_IS(weir_mpsc_try_push(q, &v), WEIR_ECLOSED);
    CHECK_IS(weir_mpsc_free(q), 0);
}

/* ---- memory -------------------------------------------------------------------------------------- */

static void q6_memory(void) {
    struct failing_alloc f;
    failing_alloc_init(&f, 0);
    weir_mpsc *q = small_queue(0, 0, &f.as);
    if (!q) return;
    size_t start = f.bytes_out;
    for (unsigned round = 0; round < 24 && checks_hold(); round++) {
        for (uint64_t i = 0; i < 20000; i++) pushed(q, i);
        CHECK_IS(weir_mpsc_bytes(q), f.bytes_out);
        for (uint64_t i = 0; i < 20000; i++) popped(q, i);
        CHECK_IS(weir_mpsc_trim(q), 0);
        CHECK_IS(weir_mpsc_bytes(q), f.bytes_out);
        CHECK_IS(f.bytes_out, start);
    }
    flow_steadily(q, &f);
    CHECK_IS(weir_mpsc_free(q), 0);
    CHECK_IS(f.out, 0);
}

/* ---- a thread that stands still ------------------------------------------------------------------- */

struct stands {
    weir_mpsc *q;
    struct stop stop;
    struct call call;
    uint64_t got, pushes;
};

static int64_t push_some(void *arg) {
    struct stands *s = arg;
    stop_me(&s->stop);
    for (uint64_t i = 0; i < 8; i++) {
        uint64_t v = UINT64_C(1) << 32 | i;
        if (!CHECK_IS(weir_mpsc_try_push(s->q, &v), 0)) return -1;
    }
    return 0;
}

/* A producer at each point: the consumer has what others push, at once, over many segments, of which few are kept
 * back; in the end each element has come once, in the order of its producer. */
static void r15_producer(void) {
    static const char *const points[] = { "queue.push.ticket", "queue.push.copied",
                                          "queue.push.append", "queue.push.appended",
                                          "queue.push.done" };
    for (size_t p = 0; p < sizeof points / sizeof *points && checks_hold(); p++) {
        struct counted c;
        struct stands s = { 0 };
        uint64_t v, early = 0, mine = 0;
        check_context("a producer at %s", points[p]);
        if (!counted_open(&c)) return;
        s.q = c.q;
        stop_init(&s.stop, points[p]);
        call_start(&s.call, push_some, &s);
        if (!stop_wait(&s.stop)) return;
        while (weir_mpsc_try_pop(s.q, &v) == 0) CHECK_IS(v, UINT64_C(1) << 32 | early++);
        for (uint64_t i = 0; i < 1000 && checks_hold(); i++) {
            pushed(s.q, i);
            popped(s.q, i);
        }
        CHECK(c.f.bytes_out <= c.start + (WEIR__SEGQ_KEPT + 2 + 4) * c.seg, "%zu bytes",
              c.f.bytes_out);
        stop_release(&s.stop);
        CHECK_IS(call_end(&s.call), 0);
        for (mine = early; weir_mpsc_try_pop(s.q, &v) == 0; mine++)
            CHECK_IS(v, UINT64_C(1) << 32 | mine);
        CHECK_IS(mine, 8);
        stop_fini(&s.stop);
        counted_close(&c);
    }
}

static int64_t pop_three(void *arg) {
    struct stands *s = arg;
    stop_me(&s->stop);
    for (uint64_t i = 0; i < 3; i++)
        if (!popped(s->q, i)) return -1;
    return 0;
}

/* The consumer at each point: producers go on, and nothing is lost. */
static void r15_consumer(void) {
    static const char *const points[] = { "queue.pop.ticket", "queue.pop.leaves", "queue.pop.left",
                                          "queue.pop.done" };
    for (size_t p = 0; p < sizeof points / sizeof *points && checks_hold(); p++) {
        struct stands s = { .q = small_queue(2, 0, NULL) };
        if (!s.q) return;
        check_context("the consumer at %s", points[p]);
        for (uint64_t i = 0; i < 4; i++) pushed(s.q, i);
        stop_init(&s.stop, points[p]);
        call_start(&s.call, pop_three, &s);
        if (!stop_wait(&s.stop)) return;
        for (uint64_t i = 4; i < 1000; i++) pushed(s.q, i);
        CHECK(weir_mpsc_len(s.q) >= 996, "%zu inside", weir_mpsc_len(s.q));
        stop_release(&s.stop);
        CHECK_IS(call_end(&s.call), 0);
        for (uint64_t i = 3; i < 1000 && checks_hold(); i++) popped(s.q, i);
        stop_fini(&s.stop);
        CHECK_IS(weir_mpsc_free(s.q), 0);
    }
}

/* ---- a second consumer ---------------------------------------------------------------------------- */

static int64_t pop_first(void *arg) {
    struct stands *s = arg;
    stop_me(&s->stop);
    return popped(s->q, 0);
}

/* While one call of the consumer is inside, each verb that is the consumer's is reported, and does nothing. */
static void second_consumer(void) {
    struct stands s = { .q = small_queue(2, 0, NULL) };
    uint64_t v = 5;
    if (!s.q) return;
    for (uint64_t i = 0; i < 3; i++) pushed(s.q, i);
    stop_init(&s.stop, "queue.pop.ticket");
    call_start(&s.call, pop_first, &s);
    if (!stop_wait(&s.stop)) return;
    count_misuse(true);
    CHECK_IS(weir_mpsc_try_pop(s.q, &v), WEIR_EINVAL);
    CHECK_IS(weir_mpsc_try_pop_n(s.q, &v, 1), WEIR_EINVAL);
    CHECK_IS(weir_mpsc_pop_wait(s.q, &v, weir_after(0), NULL), WEIR_EINVAL);
    CHECK_IS(weir_mpsc_pop_n_wait(s.q, &v, 1, weir_after(0), NULL), WEIR_EINVAL);
    CHECK_IS(weir_mpsc_trim(s.q), WEIR_EINVAL);
    CHECK_IS(misuse_counted(), 5);
    CHECK_IS(v, 5);
    stop_release(&s.stop);
    CHECK(call_end(&s.call), "the first consumer has another element");
    popped(s.q, 1); /* handed on */
    CHECK_IS(weir_mpsc_trim(s.q), 0);
    popped(s.q, 2);
    CHECK_IS(misuse_counted(), 5);
    count_misuse(false);
    stop_fini(&s.stop);
    CHECK_IS(weir_mpsc_free(s.q), 0);
}

static const struct test tests[] = {
    { "QUEUE1 RING4 RING5 four producers, one consumer, also with segments of two slots",
      q1_crowd },
    { "QUEUE1 RING16 what is inside is dropped; bad input", q1_drop_and_bad_input },
    { "QUEUE2 allocation failure at every request", q2_enomem },
    { "QUEUE2 with few segments, those that were emptied do", flow_in_little },
    { "QUEUE3 a soft limit: a waiting push is woken", q3_limit },
    { "QUEUE4 a push wakes the consumer, and so does a close", q4_wakes },
    { "QUEUE6 bytes after bursts and trim, and in a steady flow", q6_memory },
    { "QUEUE7 RING15 a producer stopped at each point of push", r15_producer },
    { "RING15 the consumer stopped at each point of pop", r15_consumer },
    { "QUEUE1 a second consumer is reported", second_consumer },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "mpsc", tests, sizeof tests / sizeof *tests);
}
