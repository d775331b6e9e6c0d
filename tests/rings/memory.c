/* SPDX-License-Identifier: MIT */
/* tests/rings/memory.c - RING12 (caller's memory) and RING13 (what is refused). */
#include "cases.h"
#include "ring.h"

#include "../support/failing_alloc.h"

#include <stdlib.h>
#include <string.h>

#include <weir/mpmc.h>
#include <weir/scq.h>
#include <weir/spsc.h>

/* ---- RING12 ------------------------------------------------------------------------------------ */

void ring12_alignment(void) {
    static const size_t aligned[] = { 8, 16, 64, 128 }, odd[] = { 1, 2, 4, 12, 20 };
    for (size_t i = 0; i < sizeof aligned / sizeof *aligned && checks_hold(); i++) {
        setup.align = aligned[i];
        ring1_capacity();
        ring2_bytes();
        body_walks();
        body_streams();
        body_mixed_threads();
        setup.align = 0;
    }
    size_t bytes = R.bytes(4, 8);
    char *block = NULL;
    void *r = &r;
    if (!CHECK(posix_memalign((void **)&block, 128, bytes + 128) == 0, "no memory")) return;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        check_context("offset %zu", odd[i]);
        r = &r;
        CHECK_IS(R.init(&r, block + odd[i], bytes, 4, 8), WEIR_EINVAL);
        CHECK(r == NULL, "*out is not NULL");
    }
    for (size_t at = 8; at <= 128; at += 8) {
        check_context("offset %zu", at);
        CHECK_IS(R.init(&r, block + at, bytes, 4, 8), 0);
        CHECK(r == block + at, "*out is not mem");
        CHECK_IS(R.fini(r, NULL, NULL), 0);
    }
    free(block);
}

/* Pushes through one mapping and pops through the other: waiting verbs too, in the mixed threads. */
void ring12_two_maps(void) {
    setup.two_maps = true;
    ring1_capacity();
    ring2_bytes();
    ring3_failure();
    body_walks();
    body_streams();
    body_mixed_threads();
    if (R.has & HAS_WAIT) {
        ring5_1x1_wait();
        wait_wakes_popper();
        wait_wakes_pusher();
        wait_close_poppers();
        wait_close_pushers();
    }
    setup.two_maps = false;
}

/* ---- RING13: shapes ---------------------------------------------------------------------------- */

static const struct {
    size_t cap, size;
} bad_shapes[] = {
    { 0, 8 },
    { 4, 0 },
    { 0, 0 },
    { WEIR_RING_CAP_MAX + 1, 8 },
    { 4, WEIR_RING_ELEM_MAX + 1 },
    { SIZE_MAX, 8 },
    { 4, SIZE_MAX },
    { SIZE_MAX, SIZE_MAX },
    { SIZE_MAX / 8 + 2, 8 },      /* the product wraps to a small number */
    { (size_t)1 << 48, 1 << 16 }, /* the product wraps to 0 */
};
#define BAD_SHAPES (sizeof bad_shapes / sizeof *bad_shapes)

static void refused_new(const struct weir_ring_opts *o, const char *why) {
    void *r = &r;
    CHECK(R.make(&r, o) == WEIR_EINVAL, "%s is not refused", why);
    CHECK(r == NULL, "%s: *out is not NULL", why);
}

static void refused_options(struct failing_alloc *f) {
    struct weir_alloc no_alloc = f->as, no_free = f->as;
    struct weir_ring_opts good = WEIR_RING_OPTS(4, 8), bad[6];
    static const char *const why[] = { "size 0",
                                       "a smaller struct",
                                       "an unknown flag",
                                       "an unknown flag beside a known one",
                                       "an allocator without alloc",
                                       "an allocator without free" };
    good.alloc = &f->as;
    no_alloc.alloc = NULL;
    no_free.free = NULL;
    for (size_t i = 0; i < 6; i++) bad[i] = good;
    bad[0].size = 0;
    bad[1].size = sizeof good - 1;
    bad[2].flags = 1u << 5;
    bad[3].flags = R.flags | 1u << 31;
    bad[4].alloc = &no_alloc;
    bad[5].alloc = &no_free;
    for (size_t i = 0; i < 6; i++) refused_new(&bad[i], why[i]);
    refused_new(NULL, "NULL options");
    CHECK_IS(R.make(NULL, &good), WEIR_EINVAL);
}

static void refused_in_memory(size_t cap, size_t size) {
    static char memory[4096] __attribute__((aligned(128)));
    void *r = &r;
    CHECK_IS(R.bytes(cap, size), 0);
    CHECK_IS(R.init(&r, memory, sizeof memory, cap, size), WEIR_EINVAL);
    CHECK(r == NULL, "*out is not NULL");
}

void ring13_shapes(void) {
    struct failing_alloc f;
    void *r = &r;
    failing_alloc_init(&f, 0);
    for (size_t i = 0; i < BAD_SHAPES; i++) {
        struct weir_ring_opts o = WEIR_RING_OPTS(bad_shapes[i].cap, bad_shapes[i].size);
        check_context("cap %zu, size %zu", o.cap, o.elem_size);
        o.alloc = &f.as;
        refused_new(&o, "the shape");
        if (R.has & HAS_MEMORY) refused_in_memory(o.cap, o.elem_size);
    }
    check_context("options");
    refused_options(&f);
    CHECK_IS(f.requests, 0); /* nothing was allocated for what is refused */

    /* The largest shapes are not refused: they ask for memory. */
    static const size_t large[][2] = { { WEIR_RING_CAP_MAX, 1 },
                                       { 1, WEIR_RING_ELEM_MAX },
                                       { WEIR_RING_CAP_MAX, WEIR_RING_ELEM_MAX } };
    for (size_t i = 0; i < 3; i++) {
        struct weir_ring_opts o = WEIR_RING_OPTS(large[i][0], large[i][1]);
        check_context("cap %zu, size %zu", o.cap, o.elem_size);
        failing_alloc_init(&f, 1);
        o.alloc = &f.as;
        CHECK_IS(R.make(&r, &o), WEIR_ENOMEM);
        CHECK(r == NULL && f.requests == 1, "*out or the requests are wrong");
        if (R.has & HAS_MEMORY) CHECK(R.bytes(o.cap, o.elem_size) > o.cap * o.elem_size, "bytes");
    }
    CHECK_IS(R.free(NULL), 0);
}

/* ---- RING13: memory ---------------------------------------------------------------------------- */

static void attach_refused(void *mem, size_t bytes, const char *why) {
    void *r = &r;
    CHECK(R.attach(&r, mem, bytes) == WEIR_EINVAL && r == NULL, "attach: %s is not refused", why);
}

/* The word that says what stands in this memory. */
static uint32_t *magic(void *r) {
    if (R.has & IS_SCQ) return &((weir_scq *)r)->magic_;
    return R.has & IS_SPSC ? &((weir_spsc *)r)->magic_ : &((weir_mpmc *)r)->magic_;
}

static void not_a_ring(void *mem, size_t bytes, const char *why) {
    attach_refused(mem, bytes, why);
    CHECK(R.fini(mem, NULL, NULL) == WEIR_EINVAL, "fini: %s is not refused", why);
    CHECK(R.has & IS_SPSC || R.free(mem) == WEIR_EINVAL, "free: %s is not refused", why);
}

/* Every word of the shape: one that does not fit the others is refused. */
static void shape_refused(void *mem, size_t bytes) {
    weir_spsc *s = mem;
    weir_mpmc *m = mem;
    weir_scq *c = mem;
    uint64_t *const of_spsc[] = { &s->mask_, &s->cap_, &s->elem_size_, &s->slots_, NULL };
    uint64_t *const of_mpmc[] = { &m->mask_,   &m->last_,      &m->lap_,   &m->gap_,
                                  &m->stride_, &m->elem_size_, &m->slots_, NULL };
    uint64_t *const of_scq[] = { &c->field_, &c->last_,  &c->gap_,     &c->elem_size_, &c->stride_,
                                 &c->slots_, &c->cells_, &c->buffers_, &c->threads_,   NULL };
    uint64_t *const *words = R.has & IS_SPSC ? of_spsc : R.has & IS_SCQ ? of_scq : of_mpmc;
    for (size_t i = 0; words[i]; i++) {
        uint64_t good = *words[i];
        const uint64_t bad[] = { 0, good * 2 + 1024, good + 128, UINT64_MAX, UINT64_C(1) << 63 };
        for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
            if (bad[k] == good) continue; /* gap_ may be 0 */
            check_context("word %zu is %llu", i, (unsigned long long)bad[k]);
            *words[i] = bad[k];
            attach_refused(mem, bytes, "a shape that contradicts itself");
        }
        *words[i] = good;
    }
    check_context("memory");
}

static void attach_checks(void *mem, size_t bytes) {
    void *r = &r;
    CHECK_IS(R.attach(&r, mem, bytes), 0);
    CHECK_IS(R.attach(&r, mem, bytes + 4096), 0);
    attach_refused(mem, bytes - 1, "memory one byte too small");
    attach_refused(mem, sizeof(weir_spsc) - 1, "less than a header");
    attach_refused(mem, 0, "no memory");
    attach_refused(NULL, bytes, "NULL");
    attach_refused((char *)mem + 4, bytes, "a misaligned address");
    CHECK_IS(R.attach(NULL, mem, bytes), WEIR_EINVAL);
    for (uint32_t step = 1; step <= 2; step++) { /* another layout version, another structure */
        *magic(mem) += step;
        not_a_ring(mem, bytes, "another layout");
        *magic(mem) -= step;
    }
    shape_refused(mem, bytes);
    CHECK_IS(R.attach(&r, mem, bytes), 0);
}

static unsigned reports;
static void count_report(const char *call, const char *what, void *arg) {
    CHECK(call && what && *call && *what, "an empty report");
    (void)arg;
    reports++;
}

void ring13_memory(void) {
    size_t bytes = R.bytes(5, 12);
    char *mem = NULL;
    void *r = &r, *made = NULL;
    struct weir_ring_opts o = WEIR_RING_OPTS(4, 8);
    if (!CHECK(posix_memalign((void **)&mem, 128, bytes) == 0, "no memory")) return;
    weir_set_report(count_report, NULL);
    memset(mem, 0, bytes);
    not_a_ring(mem, bytes, "zeroed memory");
    for (size_t i = 0; i < bytes; i++) mem[i] = (char)rng();
    not_a_ring(mem, bytes, "random memory");
    CHECK_IS(R.init(&r, mem, bytes - 1, 5, 12), WEIR_EINVAL); /* one byte too small */
    CHECK(r == NULL, "*out is not NULL");
    CHECK_IS(R.init(&r, NULL, bytes, 5, 12), WEIR_EINVAL);
    CHECK_IS(R.init(NULL, mem, bytes, 5, 12), WEIR_EINVAL);
    CHECK_IS(R.init(&r, mem, 0, 5, 12), WEIR_EINVAL);
    CHECK_IS(R.fini(NULL, NULL, NULL), WEIR_EINVAL);

    if (!CHECK_IS(R.init(&r, mem, bytes, 5, 12), 0)) return;
    attach_checks(mem, bytes);
    reports = 0;
    if (R.has & IS_SPSC)
        (void)R.free(mem); /* void: it is reported, and the ring stays */
    else
        CHECK_IS(R.free(mem), WEIR_EINVAL); /* of init, not of new */
    CHECK_IS(reports, 1);
    CHECK_IS(R.attach(&r, mem, bytes), 0);
    CHECK_IS(R.fini(r, NULL, NULL), 0);
    not_a_ring(mem, bytes, "an ended ring");

    if (CHECK_IS(R.make(&made, &o), 0)) {
        reports = 0;
        CHECK_IS(R.fini(made, NULL, NULL), WEIR_EINVAL); /* of new, not of init */
        CHECK_IS(reports, 1);
        CHECK_IS(R.free(made), 0);
    }
    weir_set_report(NULL, NULL);
    free(mem);
}

/* ---- RING13: verbs on memory that is no ring ----------------------------------------------------- */

static void spsc_verbs(weir_spsc *r) {
    char in[4 * 8] = "in", out[4 * 8] = "out";
    struct weir_span s;
    reports = 0;
    CHECK_IS(R.try_push(r, in), WEIR_EAGAIN); /* false */
    CHECK_IS(reports, 1);
    CHECK_IS(R.try_push_n(r, in, 4), WEIR_EAGAIN); /* 0 */
    CHECK_IS(reports, 2);
    CHECK_IS(weir_spsc_reserve(r, 2, &s), WEIR_EINVAL);
    CHECK_IS(weir_spsc_commit(r, 1), WEIR_EINVAL);
    CHECK_IS(R.try_pop(r, out), WEIR_EAGAIN);
    CHECK_IS(R.try_pop_n(r, out, 4), WEIR_EAGAIN);
    CHECK_IS(weir_spsc_peek(r, 2, &s), WEIR_EAGAIN);
    CHECK_IS(weir_spsc_consume(r, 1), WEIR_EINVAL);
    CHECK_IS(weir_spsc_len(r), 0);
    CHECK(strcmp(out, "out") == 0, "the caller's buffer changed");
}

/* Every failure is EINVAL and is reported. */
static void mpmc_verbs(weir_mpmc *r) {
    char in[4 * 8] = "in", out[4 * 8] = "out";
    reports = 0;
    CHECK_IS(R.try_push(r, in), WEIR_EINVAL);
    CHECK_IS(R.try_pop(r, out), WEIR_EINVAL);
    CHECK_IS(reports, 2);
    CHECK_IS(weir_mpmc_try_push_n(r, in, 4), WEIR_EINVAL);
    CHECK_IS(weir_mpmc_try_pop_n(r, out, 4), WEIR_EINVAL);
    CHECK_IS(weir_mpmc_push_wait(r, in, WEIR_FOREVER, NULL), WEIR_EINVAL);
    CHECK_IS(weir_mpmc_pop_wait(r, out, WEIR_FOREVER, NULL), WEIR_EINVAL);
    CHECK_IS(weir_mpmc_push_n_wait(r, in, 4, WEIR_FOREVER, NULL), WEIR_EINVAL);
    CHECK_IS(weir_mpmc_pop_n_wait(r, out, 4, WEIR_FOREVER, NULL), WEIR_EINVAL);
    CHECK_IS(weir_mpmc_close(r), WEIR_EINVAL);
    CHECK_IS(reports, 9);
    CHECK_IS(weir_mpmc_len(r), 0);
    CHECK(strcmp(out, "out") == 0, "the caller's buffer changed");
}

static void scq_verbs(weir_scq *r) {
    char in[8] = "in", out[8] = "out";
    reports = 0;
    CHECK_IS(R.try_push(r, in), WEIR_EINVAL);
    CHECK_IS(R.try_pop(r, out), WEIR_EINVAL);
    CHECK_IS(reports, 2);
    CHECK_IS(R.len(r), 0);
    CHECK(strcmp(out, "out") == 0, "the caller's buffer changed");
}

static void verbs(void *r) {
    if (R.has & IS_SCQ) {
        scq_verbs(r);
        return;
    }
    if (R.has & IS_SPSC)
        spsc_verbs(r);
    else
        mpmc_verbs(r);
}

void ring13_verbs(void) {
    size_t bytes = R.bytes(4, 8);
    void *mem = NULL, *r = NULL;
    char elem[8] = "elem";
    if (!CHECK(posix_memalign(&mem, 128, bytes) == 0, "no memory")) return;
    weir_set_report(count_report, NULL);
    check_context("zeroed memory");
    memset(mem, 0, bytes);
    verbs(mem);
    check_context("an ended ring");
    for (size_t inside = 0; inside <= 4; inside++) {
        if (!CHECK_IS(R.init(&r, mem, bytes, 4, 8), 0)) break;
        for (size_t i = 0; i < inside; i++) CHECK_IS(R.try_push(r, elem), 0);
        CHECK_IS(R.fini(r, NULL, NULL), 0);
        verbs(mem);
    }
    weir_set_report(NULL, NULL);
    free(mem);
}
