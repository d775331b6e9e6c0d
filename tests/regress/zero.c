/* SPDX-License-Identifier: MIT */
/* tests/regress/zero.c - RING13: every verb of weir_mpmc and weir_spsc on memory that is all zero, and on
 * a ring after fini: the code that the header promises, and not one byte changed.
 *
 * An mpmc ring that was all zero once looked like one with a free slot at offset 0: a push then wrote its
 * element over the header, and for a large typed element past it. So the whole block is compared after
 * each call, with a guard on both sides of it. */
#include "../support/check.h"

#include <stdio.h>
#include <string.h>

#include "queues/mpmc.h"
#include "queues/spsc.h"

#define GUARD 1024
#define MEMORY 20480

struct big {
    char bytes[600];
};
WEIR_MPMC_DECLARE(mpmc_bigs, struct big);
WEIR_MPMC_DECLARE(mpmc_ints, int);
WEIR_SPSC_DECLARE(spsc_bigs, struct big);
WEIR_SPSC_DECLARE(spsc_ints, int);

static unsigned char block[GUARD + MEMORY + GUARD] __attribute__((aligned(128)));
static unsigned char before[sizeof block];
static unsigned char in[4096], out[4096];
static struct big big_in, big_out;
static int int_out;
static unsigned reports;

static void *memory(void) { return block + GUARD; }

static void count_report(const char *call, const char *what, void *arg) {
    (void)call;
    (void)what;
    (void)arg;
    reports++;
}

/* ---- weir_mpmc ----------------------------------------------------------------------------------- */

#define SOON weir_after(1000000)

static int64_t m_push(void *r) { return weir_mpmc_try_push(r, in); }
static int64_t m_pop(void *r) { return weir_mpmc_try_pop(r, out); }
static int64_t m_push_n(void *r) { return weir_mpmc_try_push_n(r, in, 3); }
static int64_t m_pop_n(void *r) { return weir_mpmc_try_pop_n(r, out, 3); }
static int64_t m_push_0(void *r) { return weir_mpmc_try_push_n(r, in, 0); }
static int64_t m_pop_0(void *r) { return weir_mpmc_try_pop_n(r, out, 0); }
static int64_t m_push_now(void *r) { return weir_mpmc_push_wait(r, in, WEIR_NOW, NULL); }
static int64_t m_pop_now(void *r) { return weir_mpmc_pop_wait(r, out, WEIR_NOW, NULL); }
static int64_t m_push_soon(void *r) { return weir_mpmc_push_wait(r, in, SOON, NULL); }
static int64_t m_pop_soon(void *r) { return weir_mpmc_pop_wait(r, out, SOON, NULL); }
static int64_t m_push_n_soon(void *r) { return weir_mpmc_push_n_wait(r, in, 3, SOON, NULL); }
static int64_t m_pop_n_soon(void *r) { return weir_mpmc_pop_n_wait(r, out, 3, SOON, NULL); }
static int64_t m_push_ever(void *r) { return weir_mpmc_push(r, in); }
static int64_t m_pop_ever(void *r) { return weir_mpmc_pop(r, out); }
static int64_t m_big_push(void *r) { return mpmc_bigs_try_push((mpmc_bigs){ r }, big_in); }
static int64_t m_big_pop(void *r) { return mpmc_bigs_try_pop((mpmc_bigs){ r }, &big_out); }
static int64_t m_big_push_ever(void *r) { return mpmc_bigs_push((mpmc_bigs){ r }, big_in); }
static int64_t m_big_pop_ever(void *r) { return mpmc_bigs_pop((mpmc_bigs){ r }, &big_out); }
static int64_t m_big_free(void *r) { return mpmc_bigs_free((mpmc_bigs){ r }); }
static int64_t m_int_push(void *r) { return mpmc_ints_try_push((mpmc_ints){ r }, 7); }
static int64_t m_int_pop(void *r) { return mpmc_ints_try_pop((mpmc_ints){ r }, &int_out); }
static int64_t m_int_push_ever(void *r) { return mpmc_ints_push((mpmc_ints){ r }, 7); }
static int64_t m_int_pop_ever(void *r) { return mpmc_ints_pop((mpmc_ints){ r }, &int_out); }
static int64_t m_close(void *r) { return weir_mpmc_close(r); }
static int64_t m_is_closed(void *r) { return weir_mpmc_is_closed(r); }
static int64_t m_len(void *r) { return (int64_t)weir_mpmc_len(r); }
static int64_t m_fini(void *r) { return weir_mpmc_fini(r, NULL, NULL); }
static int64_t m_free(void *r) { return weir_mpmc_free(r); }
static int64_t m_attach(void *r) {
    weir_mpmc *found = r;
    int rc = weir_mpmc_attach(&found, r, MEMORY);
    CHECK(found == NULL, "*out is not NULL");
    return rc;
}

/* ---- weir_spsc ----------------------------------------------------------------------------------- */

static struct weir_span span;

static int64_t s_push(void *r) { return weir_spsc_push(r, in); }
static int64_t s_pop(void *r) { return weir_spsc_pop(r, out); }
static int64_t s_push_n(void *r) { return (int64_t)weir_spsc_push_n(r, in, 3); }
static int64_t s_pop_n(void *r) { return (int64_t)weir_spsc_pop_n(r, out, 3); }
static int64_t s_reserve(void *r) { return weir_spsc_reserve(r, 1, &span); }
static int64_t s_reserve_0(void *r) { return weir_spsc_reserve(r, 0, &span); }
static int64_t s_commit(void *r) { return weir_spsc_commit(r, 1); }
static int64_t s_commit_0(void *r) { return weir_spsc_commit(r, 0); }
static int64_t s_peek(void *r) { return weir_spsc_peek(r, 1, &span); }
static int64_t s_consume(void *r) { return weir_spsc_consume(r, 1); }
static int64_t s_big_push(void *r) { return spsc_bigs_push((spsc_bigs){ r }, big_in); }
static int64_t s_big_pop(void *r) { return spsc_bigs_pop((spsc_bigs){ r }, &big_out); }
static int64_t s_int_push(void *r) { return spsc_ints_push((spsc_ints){ r }, 7); }
static int64_t s_int_pop(void *r) { return spsc_ints_pop((spsc_ints){ r }, &int_out); }
static int64_t s_len(void *r) { return (int64_t)weir_spsc_len(r); }
static int64_t s_fini(void *r) { return weir_spsc_fini(r, NULL, NULL); }
static int64_t s_free(void *r) {
    weir_spsc_free(r);
    return 0;
}
static int64_t s_attach(void *r) {
    weir_spsc *found = r;
    int rc = weir_spsc_attach(&found, r, MEMORY);
    CHECK(found == NULL, "*out is not NULL");
    return rc;
}

/* ---- the calls and what they give ---------------------------------------------------------------- */

struct verb {
    int64_t (*call)(void *r);
    const char *name;
    int64_t want;
    bool reports; /* as a misuse, in this debug build */
};

#define BAD WEIR_EINVAL
static const struct verb mpmc_verbs[] = {
    { m_push, "try_push", BAD, true },
    { m_pop, "try_pop", BAD, true },
    { m_push_n, "try_push_n", BAD, true },
    { m_pop_n, "try_pop_n", BAD, true },
    { m_push_0, "try_push_n of 0", 0, false },
    { m_pop_0, "try_pop_n of 0", 0, false },
    { m_push_now, "push_wait, now", BAD, true },
    { m_pop_now, "pop_wait, now", BAD, true },
    { m_push_soon, "push_wait", BAD, true },
    { m_pop_soon, "pop_wait", BAD, true },
    { m_push_n_soon, "push_n_wait", BAD, true },
    { m_pop_n_soon, "pop_n_wait", BAD, true },
    { m_push_ever, "push", BAD, true },
    { m_pop_ever, "pop", BAD, true },
    { m_big_push, "typed try_push of 600 bytes", BAD, true },
    { m_big_pop, "typed try_pop of 600 bytes", BAD, true },
    { m_big_push_ever, "typed push of 600 bytes", BAD, true },
    { m_big_pop_ever, "typed pop of 600 bytes", BAD, true },
    { m_int_push, "typed try_push", BAD, true },
    { m_int_pop, "typed try_pop", BAD, true },
    { m_int_push_ever, "typed push", BAD, true },
    { m_int_pop_ever, "typed pop", BAD, true },
    { m_close, "close", BAD, true },
    { m_is_closed, "is_closed", 1, false },
    { m_len, "len", 0, false },
    { m_fini, "fini", BAD, true },
    { m_free, "free", BAD, true },
    { m_big_free, "typed free", BAD, true },
    { m_attach, "attach", BAD, false },
};
static const struct verb spsc_verbs[] = {
    { s_push, "push", false, true },
    { s_pop, "pop", false, false },
    { s_push_n, "push_n", 0, true },
    { s_pop_n, "pop_n", 0, false },
    { s_reserve, "reserve", BAD, true },
    { s_reserve_0, "reserve of 0", BAD, false },
    { s_commit, "commit", BAD, true },
    { s_commit_0, "commit of 0", BAD, true },
    { s_peek, "peek", WEIR_EAGAIN, false },
    { s_consume, "consume", BAD, true },
    { s_big_push, "typed push of 600 bytes", false, true },
    { s_big_pop, "typed pop of 600 bytes", false, false },
    { s_int_push, "typed push", false, true },
    { s_int_pop, "typed pop", false, false },
    { s_len, "len", 0, false },
    { s_fini, "fini", BAD, true },
    { s_free, "free", 0, true },
    { s_attach, "attach", BAD, false },
};
#define COUNT(a) (sizeof(a) / sizeof *(a))

static void unchanged(const char *verb) {
    size_t at = 0;
    while (at < sizeof block && block[at] == before[at]) at++;
    CHECK(at == sizeof block, "%s changed byte %lld of the memory", verb, (long long)at - GUARD);
    for (at = 0; at < sizeof out && out[at] == 0xEE; at++) continue;
    CHECK(at == sizeof out, "%s changed byte %zu of the caller's buffer", verb, at);
    for (at = 0; at < sizeof big_out && big_out.bytes[at] == 0x44; at++) continue;
    CHECK(at == sizeof big_out && int_out == -1, "%s changed the caller's object", verb);
}

/* Each verb alone on what stands in the block, and all of them once more in a row. */
static void all_refused(const char *what, const struct verb *verbs, size_t n) {
    memset(in, 0xAA, sizeof in);
    memset(&big_in, 0xAA, sizeof big_in);
    memset(out, 0xEE, sizeof out);
    memset(&big_out, 0x44, sizeof big_out);
    int_out = -1;
    memcpy(before, block, sizeof block);
    weir_set_report(count_report, NULL);
    for (size_t i = 0; i < 2 * n && checks_hold(); i++) {
        const struct verb *v = &verbs[i % n];
        if (i < n) memcpy(block, before, sizeof block);
        check_context("%s, %s", what, v->name);
        reports = 0;
        CHECK_IS(v->call(memory()), v->want);
        CHECK(!v->reports || reports > 0, "not reported");
        unchanged(v->name);
    }
    weir_set_report(NULL, NULL);
}

static void fill_block(int byte) {
    memset(block, 0xC3, sizeof block);
    memset(memory(), byte, MEMORY);
}

static void mpmc_zero(void) {
    fill_block(0);
    all_refused("all zero", mpmc_verbs, COUNT(mpmc_verbs));
}

static void spsc_zero(void) {
    fill_block(0);
    all_refused("all zero", spsc_verbs, COUNT(spsc_verbs));
}

static const struct shape {
    size_t cap, size, inside;
    uint64_t start;
} shapes[] = {
    { 4, 4, 0, 0 },    { 4, 4, 4, 0 },   { 1, 8, 0, 0 },
    { 1, 8, 1, 1000 }, { 5, 600, 2, 3 }, { 8, 2048, 8, (UINT64_C(1) << 62) - 3 },
    { 7, 16, 5, 12 },  { 64, 8, 1, 4 },  { 2, 4, 2, (UINT64_C(1) << 32) - 1 },
};

/* What is left in the slots can be anything: also what looks like the stamp of a free slot. */
static void mpmc_ended(void) {
    for (size_t i = 0; i < 2 * COUNT(shapes) && checks_hold(); i++) {
        const struct shape *s = &shapes[i % COUNT(shapes)];
        char what[100];
        weir_mpmc *r;
        fill_block(i & 1 ? 0x5A : 0);
        CHECK_IS(weir__mpmc_init_at(&r, memory(), MEMORY, s->cap, s->size, 0, s->start), 0);
        for (size_t k = 0; k < s->inside; k++) CHECK_IS(weir_mpmc_try_push(r, in), 0);
        if (i >= COUNT(shapes)) CHECK_IS(weir_mpmc_close(r), 0);
        CHECK_IS(weir_mpmc_fini(r, NULL, NULL), 0);
        (void)snprintf(what, sizeof what, "ended ring, shape %zu%s", i % COUNT(shapes),
                       i >= COUNT(shapes) ? ", closed before" : "");
        all_refused(what, mpmc_verbs, COUNT(mpmc_verbs));
    }
}

static void spsc_ended(void) {
    for (size_t i = 0; i < 2 * COUNT(shapes) && checks_hold(); i++) {
        const struct shape *s = &shapes[i % COUNT(shapes)];
        char what[100];
        weir_spsc *r;
        fill_block(i & 1 ? 0x5A : 0);
        CHECK_IS(weir__spsc_init_at(&r, memory(), MEMORY, s->cap, s->size, s->start), 0);
        for (size_t k = 0; k < s->inside; k++) CHECK(weir_spsc_push(r, in), "push %zu", k);
        bool open = i >= COUNT(shapes) && s->inside < s->cap;
        if (open) CHECK_IS(weir_spsc_reserve(r, 1, &span), 1);
        CHECK_IS(weir_spsc_fini(r, NULL, NULL), 0);
        (void)snprintf(what, sizeof what, "ended ring, shape %zu%s", i % COUNT(shapes),
                       open ? ", a reservation open before" : "");
        all_refused(what, spsc_verbs, COUNT(spsc_verbs));
    }
}

int main(int argc, char **argv) {
    static const struct test tests[] = {
        { "RING13 mpmc: every verb on memory that is all zero", mpmc_zero },
        { "RING13 mpmc: every verb after fini", mpmc_ended },
        { "RING13 spsc: every verb on memory that is all zero", spsc_zero },
        { "RING13 spsc: every verb after fini", spsc_ended },
    };
    return tests_main(argc, argv, "zero", tests, COUNT(tests));
}
