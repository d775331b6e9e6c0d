/* SPDX-License-Identifier: MIT */
/* tests/rings/basic.c - RING1, RING2, RING3, RING9 counts, RING16: one thread. */
#include <weir/ctx.h>

#include "cases.h"
#include "ring.h"

#include <stdlib.h>
#include <string.h>

/* ---- RING1 ----------------------------------------------------------------------------------- */

static const size_t caps[] = { 1, 2, 3, 4, 5, 7, 8, 13, 16, 31, 32, 33, 127, 128, 1021, 4096 };
#define CAPS (sizeof caps / sizeof *caps)

/* The ring takes exactly cap elements more, then says full; and gives them back, then says empty. */
static bool fill_and_drain(struct ring *q, size_t cap, uint64_t *id) {
    char elem[8] = "!";
    if (!push_ids(q, 8, *id, cap)) return false;
    if (!CHECK_IS(R.len(q->out), cap)) return false;
    for (int i = 0; i < 3; i++)
        if (!CHECK_IS(R.try_push(q->in, elem), WEIR_EAGAIN)) return false;
    if (!pop_ids(q, 8, *id, cap)) return false;
    *id += cap;
    for (int i = 0; i < 3; i++)
        if (!CHECK_IS(R.try_pop(q->out, elem), WEIR_EAGAIN)) return false;
    return true;
}

void ring1_capacity(void) {
    for (size_t c = 0; c < CAPS && checks_hold(); c++) {
        size_t cap = caps[c];
        struct ring q;
        uint64_t id = 1;
        if (setup.start && cap > 200) continue; /* RING8 runs this often: small rings cross soon */
        check_context("cap %zu", cap);
        if (!ring_open(&q, cap, 8)) return;
        CHECK_IS(R.cap(q.in), cap);
        size_t laps = cap > 200 ? 3 : 3 * cap + 3; /* small ones from every position */
        for (size_t lap = 0; lap < laps && checks_hold(); lap++) {
            if (!fill_and_drain(&q, cap, &id)) break;
            if (!push_ids(&q, 8, id, 1) || !pop_ids(&q, 8, id, 1)) break;
            id++;
        }
        ring_close(&q);
    }
}

void ring1_capacity_batch(void) {
    static uint64_t in[4200], out[4200];
    for (size_t c = 0; c < CAPS && checks_hold(); c++) {
        size_t cap = caps[c];
        struct ring q;
        check_context("cap %zu", cap);
        if (!ring_open(&q, cap, 8)) return;
        for (uint64_t lap = 0; lap < 5 && checks_hold(); lap++) {
            for (size_t i = 0; i < cap + 9; i++) in[i] = lap * 10000 + i;
            CHECK_IS(R.try_push_n(q.in, in, cap + 9), cap); /* asked for more than fits */
            CHECK_IS(R.try_push_n(q.in, in, 1), WEIR_EAGAIN);
            CHECK_IS(R.len(q.out), cap);
            CHECK_IS(R.try_pop_n(q.out, out, cap + 9), cap);
            CHECK(memcmp(in, out, cap * 8) == 0, "lap %llu: other elements",
                  (unsigned long long)lap);
            CHECK_IS(R.try_pop_n(q.out, out, 1), WEIR_EAGAIN);
            CHECK_IS(R.try_push(q.in, in), 0); /* the next lap starts one further on */
            CHECK_IS(R.try_pop(q.out, out), 0);
        }
        ring_close(&q);
    }
}

/* ---- RING2 ----------------------------------------------------------------------------------- */

#define GUARD 16

static bool guards_hold(const unsigned char *buf, size_t at, size_t size) {
    for (size_t i = 0; i < at; i++)
        if (buf[i] != 0xA5) return false;
    for (size_t i = at + size; i < size + 2 * GUARD; i++)
        if (buf[i] != 0xA5) return false;
    return true;
}

static bool same_bytes(struct ring *q, size_t cap, size_t size, char *in, unsigned char *out) {
    uint64_t id = 1;
    size_t offsets = 2 * cap + 2;
    for (size_t at = 0; at < offsets; at++) {
        size_t odd = at % GUARD; /* elements may stand at any address of the caller's */
        for (size_t i = 0; i < cap; i++) {
            item_make(in + odd, size, id + i);
            if (!CHECK_IS(R.try_push(q->in, in + odd), 0)) return false;
        }
        for (size_t i = 0; i < cap; i++) {
            memset(out, 0xA5, size + 2 * GUARD);
            if (!CHECK_IS(R.try_pop(q->out, out + odd), 0)) return false;
            if (!CHECK(item_is(out + odd, size, id + i), "size %zu, offset %zu: other bytes", size,
                       at))
                return false;
            if (!CHECK(guards_hold(out, odd, size), "size %zu: bytes beside the element changed",
                       size))
                return false;
        }
        id += cap;
        if (!CHECK_IS(R.try_push(q->in, in + odd), 0)) return false; /* one further on */
        if (!CHECK_IS(R.try_pop(q->out, out + odd), 0)) return false;
    }
    return true;
}

void ring2_bytes(void) {
    static const size_t sizes[] = { 1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 24, 32, 64, 100, 4096, 65536 };
    static const size_t some_caps[] = { 1, 2, 5, 8 };
    char *in = calloc(1, 65536 + 2 * GUARD);
    unsigned char *out = calloc(1, 65536 + 2 * GUARD);
    for (size_t s = 0; in && out && s < sizeof sizes / sizeof *sizes; s++) {
        for (size_t c = 0; c < 4; c++) {
            struct ring q;
            check_context("size %zu, cap %zu", sizes[s], some_caps[c]);
            if (!ring_open(&q, some_caps[c], sizes[s])) break;
            bool ok = same_bytes(&q, some_caps[c], sizes[s], in, out);
            ring_close(&q);
            if (!ok) goto done;
        }
    }
done:
    CHECK(in && out, "no memory");
    free(in);
    free(out);
}

/* ---- RING3 ----------------------------------------------------------------------------------- */

struct buffers {
    char in[6 * 24], out[6 * 24], in_before[6 * 24], out_before[6 * 24];
};

static void buffers_init(struct buffers *b) {
    for (size_t i = 0; i < sizeof b->in; i++) {
        b->in[i] = b->in_before[i] = (char)rng();
        b->out[i] = b->out_before[i] = (char)rng();
    }
}

/* After a call that failed. */
static void unchanged(struct ring *q, const struct buffers *b, size_t len, const char *call) {
    CHECK(memcmp(b->in, b->in_before, sizeof b->in) == 0, "%s changed the element", call);
    CHECK(memcmp(b->out, b->out_before, sizeof b->out) == 0, "%s changed the caller's buffer",
          call);
    CHECK(R.len(q->out) == len, "%s: len %zu, was %zu", call, R.len(q->out), len);
}

static void failing_pushes(struct ring *q, size_t len, int want) {
    struct buffers b;
    buffers_init(&b);
    CHECK_IS(R.try_push(q->in, b.in), want);
    unchanged(q, &b, len, "try_push");
    if (!(R.has & HAS_BATCH)) return;
    CHECK_IS(R.try_push_n(q->in, b.in, 5), want);
    unchanged(q, &b, len, "try_push_n");
}

static void failing_pops(struct ring *q, size_t len, int want) {
    struct buffers b;
    buffers_init(&b);
    CHECK_IS(R.try_pop(q->out, b.out), want);
    unchanged(q, &b, len, "try_pop");
    if (!(R.has & HAS_BATCH)) return;
    CHECK_IS(R.try_pop_n(q->out, b.out, 5), want);
    unchanged(q, &b, len, "try_pop_n");
}

void ring3_failure(void) {
    for (size_t cap = 1; cap <= 5; cap++) {
        for (size_t at = 0; at < 2 * cap; at++) {
            struct ring q;
            check_context("cap %zu, at %zu", cap, at);
            if (!ring_open(&q, cap, 24)) return;
            for (size_t i = 0; i < at; i++)
                if (!push_ids(&q, 24, i, 1) || !pop_ids(&q, 24, i, 1)) return;
            failing_pops(&q, 0, WEIR_EAGAIN);
            push_ids(&q, 24, 100, cap);
            failing_pushes(&q, cap, WEIR_EAGAIN);
            pop_ids(&q, 24, 100, cap); /* the same elements as before, in order */
            failing_pops(&q, 0, WEIR_EAGAIN);
            push_ids(&q, 24, 200, cap); /* and it still works */
            if (R.has & HAS_WAIT) {
                CHECK_IS(R.close(q.in), 0);
                failing_pushes(&q, cap, WEIR_ECLOSED);
                pop_ids(&q, 24, 200, cap);
                failing_pops(&q, 0, WEIR_ECLOSED);
            }
            ring_close(&q);
        }
    }
}

static void failing_waits(struct ring *q, size_t len, weir_time deadline, weir_ctx *ctx, int push,
                          int pop) {
    struct buffers b;
    buffers_init(&b);
    if (push) {
        CHECK_IS(R.push_wait(q->in, b.in, deadline, ctx), push);
        unchanged(q, &b, len, "push_wait");
        CHECK_IS(R.push_n_wait(q->in, b.in, 5, deadline, ctx), push);
        unchanged(q, &b, len, "push_n_wait");
    }
    if (pop) {
        CHECK_IS(R.pop_wait(q->out, b.out, deadline, ctx), pop);
        unchanged(q, &b, len, "pop_wait");
        CHECK_IS(R.pop_n_wait(q->out, b.out, 5, deadline, ctx), pop);
        unchanged(q, &b, len, "pop_n_wait");
    }
}

void ring3_failure_wait(void) {
    struct ring q;
    weir_ctx *ctx;
    if (!CHECK(weir_ctx_new(&ctx, NULL, WEIR_FOREVER) == 0, "no context")) return;
    CHECK_IS(weir_ctx_cancel(ctx, 0), 0);
    if (!ring_open(&q, 4, 24)) return;
    failing_waits(&q, 0, weir_after(2000000), NULL, 0, WEIR_ETIMEDOUT);
    failing_waits(&q, 0, WEIR_NOW, NULL, 0, WEIR_EAGAIN);
    failing_waits(&q, 0, WEIR_FOREVER, ctx, WEIR_ECANCELED, WEIR_ECANCELED); /* X23 */
    push_ids(&q, 24, 1, 4);
    failing_waits(&q, 4, weir_after(2000000), NULL, WEIR_ETIMEDOUT, 0);
    failing_waits(&q, 4, WEIR_NOW, NULL, WEIR_EAGAIN, 0);
    failing_waits(&q, 4, WEIR_FOREVER, ctx, WEIR_ECANCELED, WEIR_ECANCELED); /* X23 */
    CHECK_IS(R.close(q.in), 0);
    failing_waits(&q, 4, WEIR_FOREVER, NULL, WEIR_ECLOSED, 0);
    pop_ids(&q, 24, 1, 4);
    failing_waits(&q, 0, WEIR_FOREVER, NULL, WEIR_ECLOSED, WEIR_ECLOSED);
    weir_ctx_unref(ctx);
    ring_close(&q);
}

/* ---- RING9, the counts ----------------------------------------------------------------------- */

static void batch_counts(size_t cap, size_t at, size_t inside, size_t n) {
    char in[20 * 12], out[20 * 12];
    struct ring q;
    check_context("cap %zu, at %zu, %zu inside, n %zu", cap, at, inside, n);
    if (!ring_open(&q, cap, 12)) return;
    for (size_t i = 0; i < at; i++)
        if (!push_ids(&q, 12, i, 1) || !pop_ids(&q, 12, i, 1)) return;
    push_ids(&q, 12, 1000, inside);
    for (size_t i = 0; i < n; i++) item_make(in + i * 12, 12, 1000 + inside + i);

    size_t room = cap - inside, pushed = n < room ? n : room;
    ptrdiff_t want = n == 0 ? 0 : pushed == 0 ? WEIR_EAGAIN : (ptrdiff_t)pushed;
    CHECK_IS(R.try_push_n(q.in, in, n), want);
    CHECK_IS(R.len(q.in), inside + pushed);

    size_t available = inside + pushed, popped = n < available ? n : available;
    want = n == 0 ? 0 : popped == 0 ? WEIR_EAGAIN : (ptrdiff_t)popped;
    memset(out, 0x77, sizeof out);
    CHECK_IS(R.try_pop_n(q.out, out, n), want);
    for (size_t i = 0; i < popped; i++)
        CHECK(item_is(out + i * 12, 12, 1000 + i), "element %zu of the batch", i);
    for (size_t i = popped * 12; i < sizeof out; i++)
        if (!CHECK(out[i] == 0x77, "byte %zu behind the batch was written", i)) break;
    pop_ids(&q, 12, 1000 + popped, available - popped); /* what is left, in order */
    ring_close(&q);
}

void ring9_counts(void) {
    static const size_t some_caps[] = { 1, 2, 3, 4, 5, 7, 8 };
    for (size_t c = 0; c < sizeof some_caps / sizeof *some_caps; c++) {
        size_t cap = some_caps[c];
        for (size_t at = 0; at <= cap; at++)
            for (size_t inside = 0; inside <= cap; inside++)
                for (size_t n = 0; n <= cap + 2; n++) {
                    batch_counts(cap, at, inside, n);
                    if (!checks_hold()) return;
                }
    }
    if (!(R.has & HAS_WAIT)) return;
    struct ring q; /* n = 0 is 0 on a closed ring, and never waits */
    char none = 0;
    if (!ring_open(&q, 2, 8)) return;
    CHECK_IS(R.pop_n_wait(q.out, &none, 0, WEIR_FOREVER, NULL), 0);
    push_ids(&q, 8, 1, 2);
    CHECK_IS(R.push_n_wait(q.in, &none, 0, WEIR_FOREVER, NULL), 0);
    CHECK_IS(R.close(q.in), 0);
    CHECK_IS(R.try_push_n(q.in, &none, 0), 0);
    pop_ids(&q, 8, 1, 2);
    CHECK_IS(R.try_pop_n(q.out, &none, 0), 0);
    ring_close(&q);
}

/* ---- RING16 ---------------------------------------------------------------------------------- */

struct dropped {
    uint64_t first, count;
};

static void drop(void *elem, void *arg) {
    struct dropped *d = arg;
    CHECK(item_is(elem, 24, d->first + d->count), "drop %llu is of another element",
          (unsigned long long)d->count);
    d->count++;
}

static void drop_inside(size_t cap, size_t at, size_t inside, bool close) {
    struct dropped d = { .first = 500 };
    struct ring q;
    check_context("cap %zu, at %zu, %zu inside", cap, at, inside);
    if (!ring_open_drop(&q, cap, 24, drop, &d)) return;
    for (size_t i = 0; i < at; i++) {
        push_ids(&q, 24, i, 1);
        pop_ids(&q, 24, i, 1); /* popped elements are not dropped */
    }
    push_ids(&q, 24, 500, inside);
    if (close) CHECK_IS(R.close(q.in), 0);
    CHECK_IS(d.count, 0);
    ring_close_drop(&q, drop, &d);
    CHECK_IS(d.count, inside);
}

void ring16_drop(void) {
    static const size_t some_caps[] = { 1, 2, 3, 5, 8 };
    for (size_t c = 0; c < sizeof some_caps / sizeof *some_caps; c++) {
        size_t cap = some_caps[c];
        for (size_t at = 0; at <= 2 * cap; at++)
            for (size_t inside = 0; inside <= cap && checks_hold(); inside++) {
                drop_inside(cap, at, inside, false);
                if (R.has & HAS_WAIT) drop_inside(cap, at, inside, true);
                if (!(R.has & HAS_MEMORY) || setup.align) continue;
                setup.align = 64; /* the same through fini */
                drop_inside(cap, at, inside, false);
                setup.align = 0;
            }
    }
    struct ring q; /* no drop function */
    if (!ring_open(&q, 4, 24)) return;
    push_ids(&q, 24, 1, 3);
    ring_close(&q);
}
