/* SPDX-License-Identifier: MIT */
/* tests/regress/inplace.c - weir_spsc in place: a commit keeps the room that was known, shown by the number
 * of looks at the consumer's index; and all verbs against an array, near the wrap of the index. */
#include "../support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "queues/spsc.h"

/* ---- looks at head ------------------------------------------------------------------------------- */

#define CAP 1024
#define NO_LOOK UINT64_MAX /* freed_ holds what the last look brought: never this */

static bool looked(weir_spsc *r) {
    bool yes = r->freed_ != NO_LOOK;
    r->freed_ = NO_LOOK;
    return yes;
}

/* `n` elements pass, each reserved and committed and then popped, with `room` free; how often the
 * producer looked. */
static unsigned looks(size_t room, size_t n, size_t reserve) {
    struct weir_ring_opts o = WEIR_RING_OPTS(CAP, 8);
    struct weir_span s;
    weir_spsc *r;
    unsigned count = 0;
    uint64_t x = 0;
    if (!CHECK(weir_spsc_new(&r, &o) == 0, "new")) return 0;
    while (weir_spsc_len(r) < CAP - room) CHECK(weir_spsc_push(r, &x), "push");
    (void)looked(r);
    for (uint64_t i = 0; i < n && checks_hold(); i++) {
        CHECK_IS(weir_spsc_reserve(r, reserve, &s), reserve);
        memcpy(s.at[0], &i, sizeof i);
        CHECK_IS(weir_spsc_commit(r, 1), 0);
        count += looked(r);
        CHECK(weir_spsc_pop(r, &x), "pop %llu", (unsigned long long)i);
    }
    weir_spsc_free(r);
    return count;
}

/* A look finds all the room there is, so that there is one per `room` elements; a producer that wants more
 * than one looks when the last of them are not known to be free. */
static void keeps_room(void) {
    static const size_t rooms[] = { 20, 100, 600, 1000, CAP };
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        check_context("room %zu", rooms[i]);
        unsigned one = looks(rooms[i], 3000, 1), more = looks(rooms[i], 3000, 5);
        CHECK(one <= 3000 / rooms[i] + 1, "%u looks for 3000 single elements", one);
        CHECK(more <= 3000 / (rooms[i] - 4) + 1, "%u looks for 3000 of 5 reserved", more);
    }
}

/* What was given back by a partial commit is there at once, for each verb. */
static void partial_commit(void) {
    struct weir_ring_opts o = WEIR_RING_OPTS(5, 8);
    uint64_t in[6] = { 1, 2, 3, 4, 5, 6 };
    struct weir_span s;
    for (size_t reserved = 1; reserved <= 5; reserved++) {
        for (size_t used = 0; used <= reserved; used++) {
            weir_spsc *r;
            check_context("%zu of %zu", used, reserved);
            if (!CHECK(weir_spsc_new(&r, &o) == 0, "new")) return;
            CHECK_IS(weir_spsc_reserve(r, reserved, &s), reserved);
            for (size_t i = 0; i < used; i++) memcpy((char *)s.at[0] + i * 8, &in[i], 8);
            CHECK_IS(weir_spsc_commit(r, used), 0);
            (void)looked(r);
            CHECK_IS(weir_spsc_push_n(r, in, 5 - used), 5 - used);
            CHECK(!looked(r), "a second look for room that was known");
            CHECK(!weir_spsc_push(r, in), "a sixth element fits");
            weir_spsc_free(r);
        }
    }
}

/* ---- every verb against an array ------------------------------------------------------------------- */

#define MOST 100

struct model {
    weir_spsc *r;
    size_t cap, size;
    uint64_t start, next; /* the values of the elements count up */
    size_t len;           /* they are next - len ... next - 1 */
    size_t reserved, shown;
    struct weir_span span;
};

/* An element of `size` bytes made from its value. */
static void element(char *to, size_t size, uint64_t value) {
    for (size_t i = 0; i < size; i++) to[i] = (char)(value * 31 + i * 7 + (value >> 8));
}

static void elements(char *to, size_t size, uint64_t value, size_t n) {
    for (size_t i = 0; i < n; i++) element(to + i * size, size, value + i);
}

static void same(const struct model *m, const char *got, size_t n, const char *verb) {
    char want[24];
    for (size_t i = 0; i < n; i++) {
        element(want, m->size, m->next - m->len + i);
        CHECK(memcmp(got + i * m->size, want, m->size) == 0, "%s: element %zu of %zu", verb, i, n);
    }
}

static char *in_span(const struct model *m, size_t i) {
    return i < m->span.n[0] ? (char *)m->span.at[0] + i * m->size
                            : (char *)m->span.at[1] + (i - m->span.n[0]) * m->size;
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }
static size_t room(const struct model *m) { return m->reserved ? 0 : m->cap - m->len; }

static void gone(struct model *m, size_t n) {
    m->len -= n;
    m->shown = m->shown > n ? m->shown - n : 0;
}

static void step_push(struct model *m) {
    char buf[24];
    bool fits = room(m) > 0;
    element(buf, m->size, m->next);
    CHECK_IS(weir_spsc_push(m->r, buf), fits);
    m->next += fits;
    m->len += fits;
}

static void step_pop(struct model *m) {
    char buf[24];
    memset(buf, 0x77, sizeof buf);
    CHECK_IS(weir_spsc_pop(m->r, buf), m->len > 0);
    if (m->len == 0) {
        CHECK(buf[0] == 0x77 && buf[m->size - 1] == 0x77, "an empty pop writes");
        return;
    }
    same(m, buf, 1, "pop");
    gone(m, 1);
}

static void step_push_n(struct model *m) {
    static char buf[(MOST + 3) * 24];
    size_t n = rng_below(m->cap + 3), want = least(n, room(m));
    elements(buf, m->size, m->next, n);
    CHECK_IS(weir_spsc_push_n(m->r, buf, n), want);
    m->next += want;
    m->len += want;
}

static void step_pop_n(struct model *m) {
    static char buf[(MOST + 3) * 24];
    size_t n = rng_below(m->cap + 3), want = least(n, m->len);
    if (!CHECK_IS(weir_spsc_pop_n(m->r, buf, n), want)) return;
    same(m, buf, want, "pop_n");
    gone(m, want);
}

static void step_reserve(struct model *m) {
    size_t n = rng_below(m->cap + 3), want = least(n, room(m));
    struct weir_span s;
    ptrdiff_t rc = weir_spsc_reserve(m->r, n, &s);
    if (m->reserved || n == 0) {
        CHECK_IS(rc, WEIR_EINVAL);
    } else if (want == 0) {
        CHECK_IS(rc, WEIR_EAGAIN);
    } else if (CHECK_IS(rc, want) && CHECK_IS(s.n[0] + s.n[1], want)) {
        m->span = s;
        m->reserved = want;
    }
}

static void step_commit(struct model *m) {
    size_t n = rng_below(m->cap + 3);
    bool good = m->reserved > 0 && n <= m->reserved;
    if (good)
        for (size_t i = 0; i < n; i++) element(in_span(m, i), m->size, m->next + i);
    CHECK_IS(weir_spsc_commit(m->r, n), good ? 0 : WEIR_EINVAL);
    if (!good) return;
    m->next += n;
    m->len += n;
    m->reserved = 0;
}

static void step_peek(struct model *m) {
    size_t n = rng_below(m->cap + 3), want = least(n, m->len);
    struct weir_span s;
    ptrdiff_t rc = weir_spsc_peek(m->r, n, &s);
    if (!CHECK_IS(rc, want ? (ptrdiff_t)want : WEIR_EAGAIN) || want == 0) return;
    CHECK_IS(s.n[0] + s.n[1], want);
    struct model view = *m;
    view.span = s;
    for (size_t i = 0; i < want; i++, view.len--) same(&view, in_span(&view, i), 1, "peek");
    m->shown = want;
}

/* More than is inside has surely not been seen; between that and what was shown, it depends. */
static void step_consume(struct model *m) {
    size_t n = rng_below(4) ? rng_below(m->shown + 1) : m->len + 1 + rng_below(3);
    bool good = n <= m->shown;
    CHECK_IS(weir_spsc_consume(m->r, n), good ? 0 : WEIR_EINVAL);
    if (good) gone(m, n);
}

static void quiet(const char *call, const char *what, void *arg) {
    (void)call;
    (void)what;
    (void)arg;
}

static void walk(size_t cap, size_t size, uint64_t start, size_t steps) {
    static void (*const verbs[])(struct model *) = { step_push,  step_pop,     step_push_n,
                                                     step_pop_n, step_reserve, step_commit,
                                                     step_peek,  step_consume };
    size_t bytes = weir_spsc_bytes(cap, size);
    struct model m = { .cap = cap, .size = size, .start = start, .next = 5 };
    void *mem = aligned_alloc(WEIR_LINE, (bytes + WEIR_LINE - 1) / WEIR_LINE * WEIR_LINE);
    if (!CHECK(mem != NULL, "no memory")) return;
    CHECK_IS(weir__spsc_init_at(&m.r, mem, bytes, cap, size, start), 0);
    for (size_t i = 0; i < steps && checks_hold(); i++) {
        check_context("cap %zu, size %zu, start %llu, step %zu", cap, size,
                      (unsigned long long)start, i);
        verbs[rng_below(8)](&m);
        CHECK_IS(weir_spsc_len(m.r), m.len);
    }
    CHECK_IS(weir_spsc_fini(m.r, NULL, NULL), 0);
    free(mem);
}

static void all_verbs(void) {
    static const size_t caps[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, MOST };
    static const size_t sizes[] = { 8, 3, 24 };
    size_t steps = times(100000) / 60 + 1;
    weir_set_report(quiet, NULL); /* misuse is part of the walk */
    for (size_t c = 0; c < 10; c++) {
        for (size_t s = 0; s < 3; s++) {
            walk(caps[c], sizes[s], UINT64_MAX - rng_below(2 * MOST), steps);
            walk(caps[c], sizes[s], (UINT64_C(1) << 32) - rng_below(2 * MOST), steps);
        }
    }
    weir_set_report(NULL, NULL);
}

int main(int argc, char **argv) {
    static const struct test tests[] = {
        { "RING10 a commit keeps the room that was known", keeps_room },
        { "RING10 what a partial commit gives back is there at once", partial_commit },
        { "RING8 all spsc verbs against an array, near the wrap", all_verbs },
    };
    return tests_main(argc, argv, "inplace", tests, sizeof tests / sizeof *tests);
}
