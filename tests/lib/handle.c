/* SPDX-License-Identifier: MIT */
/* tests/lib/handle.c - objects that were freed: found while they are in quarantine, which is bounded. MAP35. */
#include "lib/handle.h"

#include <stdio.h>
#include <string.h>

#include <weir/rcu.h>

#include "../support/check.h"
#include "../support/failing_alloc.h"
#include "../support/threads.h"

#define THIS 77U /* kinds of objects that weir does not have */
#define OTHER 78U

struct object {
    uint64_t before;
    struct weir__handle handle;
    uint64_t behind[14];
};

static weir_asize reports;
static char reported[100];
static void on_report(const char *call, const char *what, void *arg) {
    (void)arg;
    if (weir_fetch_add_relaxed(&reports, 1) == 0)
        (void)snprintf(reported, sizeof reported, "%s: %s", call, what);
}
static void listen(void) {
    weir_store_relaxed(&reports, 0);
    weir_set_report(on_report, NULL);
}
static void heard(size_t n, const char *words) {
    CHECK_IS(weir_load_relaxed(&reports), n);
    CHECK(strcmp(reported, words) == 0, "%s", reported);
    listen();
}

static struct object *make(const struct weir_alloc *a, size_t size) {
    struct object *o = weir__alloc(a, size, WEIR_LINE);
    if (!CHECK(o != NULL, "no memory")) test_hangs("an object cannot be made");
    o->before = 4711;
    weir__handle_init(&o->handle, THIS);
    return o;
}
static bool end(const struct weir_alloc *a, struct object *o, size_t size) {
    if (!weir__handle_end(&o->handle, THIS, "end")) return false;
    weir__handle_free(a, o, size, WEIR_LINE, &o->handle);
    return true;
}
static size_t kept(void) {
    size_t bytes;
    return weir__handle_kept(&bytes);
}

static void found(void) {
    struct object *o = make(NULL, sizeof *o);
    listen();
    CHECK(weir__handle_ok(&o->handle, THIS, "use"), "a live one");
    CHECK_IS(weir_load_relaxed(&reports), 0);
    CHECK(!weir__handle_ok(&o->handle, OTHER, "use"), "a live one of another kind");
    heard(1, "use: not what this call is for");
    CHECK(!weir__handle_end(&o->handle, OTHER, "end"), "a live one of another kind");
    heard(1, "end: not what this call is for");
    CHECK(end(NULL, o, sizeof *o), "a live one");
    CHECK_IS(weir_load_relaxed(&reports), 0);
    CHECK_IS(kept(), 1);
    CHECK(!weir__handle_ok(&o->handle, THIS, "use"), "a dead one");
    heard(1, "use: it was freed before");
    CHECK(!end(NULL, o, sizeof *o), "a dead one");
    heard(1, "end: it was freed before");
    CHECK(!weir__handle_ok(&o->handle, OTHER, "use"), "a dead one of another kind");
    heard(1, "use: not what this call is for");
    CHECK_IS(o->before, 4711); /* inline functions may read what stands before the handle */
    weir__handle_drain();
    CHECK_IS(kept(), 0);
    weir_set_report(NULL, NULL);
}

static void bounded(void) {
    struct object *o[WEIR__HANDLES_KEPT + 9];
    size_t bytes, n = sizeof o / sizeof *o;
    for (size_t i = 0; i < n; i++) o[i] = make(NULL, sizeof **o);
    for (size_t i = 0; i < n; i++) {
        CHECK(end(NULL, o[i], sizeof **o), "a live one");
        CHECK_IS(weir__handle_kept(&bytes), i < WEIR__HANDLES_KEPT ? i + 1 : WEIR__HANDLES_KEPT);
        CHECK_IS(bytes, kept() * sizeof **o);
    }
    listen();
    for (size_t i = n - WEIR__HANDLES_KEPT; i < n; i++) /* the last ones, not the first */
        CHECK(!weir__handle_ok(&o[i]->handle, THIS, "use"), "a dead one");
    CHECK_IS(weir_load_relaxed(&reports), WEIR__HANDLES_KEPT);
    weir_set_report(NULL, NULL);

    size_t large = WEIR__HANDLES_BYTES / 3;
    for (int i = 0; i < 5; i++) {
        CHECK(end(NULL, make(NULL, large), large), "a live one");
        CHECK_IS(weir__handle_kept(&bytes) <= WEIR__HANDLES_KEPT, true);
        CHECK(bytes <= WEIR__HANDLES_BYTES && bytes >= large, "%zu bytes", bytes);
    }
    CHECK_IS(kept(), 3);
    CHECK(end(NULL, make(NULL, 4 * large), 4 * large), "a live one"); /* does not fit: at once */
    CHECK_IS(kept(), 3);
    CHECK_IS(weir_shutdown(), 0);
    CHECK_IS(weir__handle_kept(&bytes), 0);
    CHECK_IS(bytes, 0);
}

static void of_allocator(void) {
    struct failing_alloc f;
    failing_alloc_init(&f, 0);
    CHECK(end(&f.as, make(&f.as, sizeof(struct object)), sizeof(struct object)), "a live one");
    CHECK_IS(f.out, 0);
    CHECK_IS(f.bytes_out, 0);
    CHECK_IS(kept(), 0);
}

/* ---- several threads ------------------------------------------------------------------------------------ */

#define THREADS 3

struct race {
    struct object *o;
    weir_asize ends;
};

static int64_t end_it(void *arg) {
    struct race *r = arg;
    if (end(NULL, r->o, sizeof *r->o)) (void)weir_fetch_add_relaxed(&r->ends, 1);
    return 0;
}

static void ended_once(void) {
    listen();
    size_t rounds = times(100);
    for (size_t i = 0; i < rounds; i++) {
        struct race r = { .o = make(NULL, sizeof *r.o) };
        struct call call[THREADS];
        for (int t = 0; t < THREADS; t++) call_start(&call[t], end_it, &r);
        for (int t = 0; t < THREADS; t++) CHECK_IS(call_end(&call[t]), 0);
        CHECK_IS(weir_load_relaxed(&r.ends), 1);
    }
    CHECK_IS(weir_load_relaxed(&reports), rounds * (THREADS - 1));
    weir_set_report(NULL, NULL);
    weir__handle_drain();
}

static int64_t make_and_end(void *arg) {
    (void)arg;
    for (size_t i = 0; i < times(20000) && checks_hold(); i++) {
        size_t size = i % 7 == 0 ? WEIR__HANDLES_BYTES / 5 : sizeof(struct object), bytes;
        CHECK(end(NULL, make(NULL, size), size), "a live one");
        CHECK(weir__handle_kept(&bytes) <= WEIR__HANDLES_KEPT, "too many");
        CHECK(bytes <= WEIR__HANDLES_BYTES, "too many bytes");
        if (i % 1000 == 0) weir__handle_drain();
    }
    return 0;
}

static void many_threads(void) {
    struct call call[THREADS];
    for (int t = 0; t < THREADS; t++) call_start(&call[t], make_and_end, NULL);
    for (int t = 0; t < THREADS; t++) CHECK_IS(call_end(&call[t]), 0);
    weir__handle_drain();
    CHECK_IS(kept(), 0);
}

int main(int argc, char **argv) {
    static const struct test tests[] = {
        { "MAP35 handle: a dead one is found, and one of another kind", found },
        { "MAP35 handle: the quarantine is bounded, in objects and in bytes", bounded },
        { "MAP35 handle: memory of a user's allocator goes back at once", of_allocator },
        { "MAP35 handle: of several that free one, one does", ended_once },
        { "MAP35 handle: the quarantine under many threads", many_threads },
    };
    return tests_main(argc, argv, "handle", tests, sizeof tests / sizeof *tests);
}
