/* SPDX-License-Identifier: MIT */
/* tests/chan/alloc.c - want of memory, at every single place where channels, selects and contexts ask for some:
 * the n-th request fails, for all n until the call succeeds. A program of its own: the linker puts functions
 * of this file before posix_memalign and, in builds whose runtime does not need them itself,
 * pthread_key_create and pthread_setspecific. */
#include "chan.h"

#include "../support/child.h"
#include "../support/failing_alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/thread.h"

/* ---- refusing ------------------------------------------------------------------------------------------------ */

/* Requests of the calling thread count down to the one that fails; 0: none does. */
static __thread unsigned fail_in, asked;

static bool refuse(void) {
    asked++;
    if (fail_in == 0) return false;
    fail_in--;
    return fail_in == 0;
}

int __real_posix_memalign(void **p, size_t align, size_t size);
int __wrap_posix_memalign(void **p, size_t align, size_t size);
int __wrap_posix_memalign(void **p, size_t align, size_t size) {
    return refuse() ? ENOMEM : __real_posix_memalign(p, align, size);
}

#ifdef WEIR_TEST_WRAP_KEYS
int __real_pthread_key_create(pthread_key_t *key, void (*destroy)(void *));
int __wrap_pthread_key_create(pthread_key_t *key, void (*destroy)(void *));
int __wrap_pthread_key_create(pthread_key_t *key, void (*destroy)(void *)) {
    return refuse() ? EAGAIN : __real_pthread_key_create(key, destroy);
}
int __real_pthread_setspecific(pthread_key_t key, const void *value);
int __wrap_pthread_setspecific(pthread_key_t key, const void *value);
int __wrap_pthread_setspecific(pthread_key_t key, const void *value) {
    return refuse() ? ENOMEM : __real_pthread_setspecific(key, value);
}
#define FIRST_FAILURES 1, 2, 2 /* the key; key and slab; slab and value */
#else
#define FIRST_FAILURES 1 /* the slab */
#endif

/* ---- constructors ---------------------------------------------------------------------------------------------- */

static const unsigned kinds[] = { WEIR_CHAN_MPMC, WEIR_CHAN_STRICT };
#define KINDS (sizeof kinds / sizeof *kinds)

/* Fails each request of one constructor in turn. Returns how many a call that succeeds makes. */
static unsigned each_request(int (*make)(void *arg, void **out), void (*end)(void *made),
                             void *arg) {
    for (unsigned n = 1;; n++) {
        void *made = &made;
        fail_in = n;
        int rc = make(arg, &made);
        fail_in = 0;
        if (rc == 0) {
            CHECK(made, "no pointer");
            end(made);
            return n - 1;
        }
        check_context("request %u", n);
        CHECK_IS(rc, WEIR_ENOMEM);
        CHECK(!made, "*out is not NULL");
        if (!checks_hold() || !CHECK(n < 100, "never succeeds")) return 0;
    }
}

static int make_chan(void *arg, void **out) {
    weir_chan *c = *out;
    int rc = weir_chan_new(&c, arg);
    *out = c;
    return rc;
}
static void end_chan(void *c) { CHECK_IS(weir_chan_unref(c), 0); }

static void new_chan(void) {
    for (size_t k = 0; k < 3 * KINDS; k++) {
        struct weir_chan_opts o = WEIR_CHAN_OPTS(k / KINDS * 3, 8);
        struct failing_alloc f;
        o.kind = kinds[k % KINDS];
        CHECK_IS(each_request(make_chan, end_chan, &o), 1); /* posix_memalign, by default */
        failing_alloc_init(&f, 1);
        o.alloc = &f.as;
        weir_chan *c = (weir_chan *)(void *)&f;
        CHECK_IS(weir_chan_new(&c, &o), WEIR_ENOMEM);
        CHECK(!c && f.out == 0, "%zu blocks leaked", f.out);
        asked = 0;
        CHECK_IS(weir_chan_new(&c, &o), 0);
        CHECK(f.out == 1 && asked == 1, "%zu blocks, %u requests", f.out, asked); /* f's own */
        end_chan(c);
        CHECK(f.out == 0 && f.bytes_out == 0, "%zu blocks leaked", f.out);
    }
}

static const char key;

static int make_ctx(void *parent, void **out) {
    weir_ctx *c = *out;
    int rc = weir_ctx_new(&c, parent, WEIR_FOREVER);
    *out = c;
    return rc;
}
static int make_cause(void *parent, void **out) {
    weir_ctx *c = *out;
    int rc = weir_ctx_new_cause(&c, parent, weir_after(1000 * MS), 5);
    *out = c;
    return rc;
}
static int make_value(void *parent, void **out) {
    weir_ctx *c = *out;
    int rc = weir_ctx_with_value(&c, parent, &key, parent);
    *out = c;
    return rc;
}
static int make_without(void *parent, void **out) {
    weir_ctx *c = *out;
    int rc = weir_ctx_without_cancel(&c, parent);
    *out = c;
    return rc;
}
static void end_ctx(void *c) { weir_ctx_unref(c); }

/* A refused child has left no reference on its parent: that is freed by its only owner (LeakSanitizer), and it
 * cancels as before. */
static void new_ctx(void) {
    int (*const makes[])(void *, void **) = { make_ctx, make_cause, make_value, make_without };
    for (size_t k = 0, before = 0; k < 8; k++) {
        size_t i = k % 4;
        if (k == 4) before = heap_in_use(); /* the C library has its caches now */
        weir_ctx *parent = ctx_open(NULL, WEIR_FOREVER);
        CHECK_IS(each_request(makes[i], end_ctx, NULL), 1);
        CHECK_IS(each_request(makes[i], end_ctx, parent), 1);
        CHECK_IS(weir_ctx_cancel(parent, 0), 0);
        CHECK_IS(each_request(makes[i], end_ctx, parent), 1);
        weir_ctx_unref(parent);
        if (k >= 4) CHECK_IS(heap_in_use(), before);
    }
}

/* ---- a select of more cases than stand on the stack ------------------------------------------------------------- */

static void many_cases(void) {
    weir_chan *c = NULL;
    struct weir_case cases[17];
    uint64_t v = UNTOUCHED, one = 1;
    struct weir_chan_opts o = WEIR_CHAN_OPTS(1, 8);
    for (size_t k = 0; k < KINDS; k++) {
        o.kind = kinds[k];
        if (!CHECK_IS(weir_chan_new(&c, &o), 0)) return;
        for (size_t i = 0; i < 17; i++)
            cases[i] = (struct weir_case){ weir_chan_waitable(c), &v, WEIR_RECV, 0, 55 };
        CHECK_IS(weir_select(cases, 16, -1, NULL, 0),
                 WEIR_ETIMEDOUT); /* this thread's record is made */
        CHECK_IS(weir_chan_send(c, &one), 0);
        for (int i = 0; i < 3; i++) {
            fail_in = 1;
            CHECK_IS(weir_select(cases, 17, i ? WEIR_FOREVER : WEIR_NOW, NULL, 0), WEIR_ENOMEM);
            CHECK(v == UNTOUCHED && cases[0].result == 55 && weir_chan_len(c) == 1,
                  "it did something");
        }
        asked = 0;
        CHECK(weir_select(cases, 16, WEIR_NOW, NULL, 0) >= 0 && v == 1, "16 cases");
        CHECK_IS(asked, 0);
        v = UNTOUCHED;
        CHECK_IS(weir_chan_unref(c), 0);
    }
}

/* ---- the record of a thread that has to wait ---------------------------------------------------------------------- */

enum verb { SEND, RECV, SELECT, VERBS };

struct waiting {
    weir_chan *c;
    enum verb verb;
    unsigned fail_in, asked;
    weir_time deadline;
    int64_t rc;
};

static int64_t wait_main(void *arg) {
    struct waiting *w = arg;
    uint64_t v = 77;
    struct weir_case cases[2] = { { NULL, &v, WEIR_RECV, 0, 55 }, WEIR_CASE_RECV(w->c, &v) };
    asked = 0;
    fail_in = w->fail_in;
    switch (w->verb) {
        case SEND: w->rc = weir_chan_send_wait(w->c, &v, w->deadline, NULL); break;
        case RECV: w->rc = weir_chan_recv_wait(w->c, &v, w->deadline, NULL); break;
        default: w->rc = weir_select(cases, 2, w->deadline, NULL, WEIR_SELECT_PRIORITY); break;
    }
    fail_in = 0;
    w->asked = asked;
    CHECK(w->rc >= 0 || v == 77, "the caller's buffer changed");
    return w->rc;
}

static int64_t wait_failing(struct waiting *w) {
    struct call c;
    call_start(&c, wait_main, w);
    return call_end(&c);
}

/* Which request of the next waiting thread fails. The first thread of a process makes a key, a slab of records,
 * and sets the key's value; what has been made stays, so the next one asks for less. */
static unsigned next_failure(void) {
    static const unsigned first[] = { FIRST_FAILURES };
    static size_t calls;
    return calls < sizeof first / sizeof *first ? first[calls++] : 1;
}

static void record_refused(weir_chan *c, enum verb verb) {
    size_t len = verb == SEND ? weir_chan_cap(c) : 0;
    check_context("verb %d, cap %zu", (int)verb, weir_chan_cap(c));
    for (uint64_t i = 0; i < len; i++) CHECK_IS(weir_chan_try_send(c, &i), 0);
    for (int i = 0; i < 2; i++) {
        struct waiting w = { .c = c, .verb = verb, .deadline = WEIR_FOREVER };
        w.fail_in = next_failure();
        CHECK_IS(wait_failing(&w), WEIR_ENOMEM);
        CHECK_IS(w.asked, w.fail_in);
        CHECK_IS(weir_chan_len(c), len);
        w.fail_in = 1; /* nothing is asked for by a call that need not wait */
        w.deadline = WEIR_NOW;
        CHECK_IS(wait_failing(&w), WEIR_EAGAIN);
        w.deadline = -1;
        CHECK_IS(wait_failing(&w), WEIR_ETIMEDOUT);
        CHECK_IS(w.asked, 0);
    }
    for (uint64_t i = 0, v = 9; i < len; i++)
        CHECK_IS(weir_chan_try_recv(c, &v), 0), CHECK_IS(v, i);
}

/* And afterwards it works; whoever was refused is in no queue. */
static void served(weir_chan *c) {
    struct waiting w = { .c = c, .verb = RECV, .deadline = WEIR_FOREVER };
    struct call call;
    uint64_t v = 5;
    if (weir_chan_cap(c) == 0) CHECK_IS(weir_chan_try_send(c, &v), WEIR_EAGAIN);
    call_start(&call, wait_main, &w);
    CHECK(call_sleeps(&call), "it returned");
    CHECK_IS(weir_chan_try_send(c, &v), 0);
    CHECK_IS(call_end(&call), 0);
    CHECK_IS(weir_chan_unref(c), 0);
}

static void wait_enomem(void) {
    if (!(child_rights() & CHILD_FRESH)) {
        child_passes("allocation: a thread that cannot wait gets ENOMEM", CHILD_FRESH);
        return;
    }
    weir_chan *c[3 * KINDS] = { NULL };
    for (size_t k = 0; k < 3 * KINDS; k++) {
        struct weir_chan_opts o = WEIR_CHAN_OPTS(k / KINDS * 2, 8);
        o.kind = kinds[k % KINDS];
        if (!CHECK_IS(weir_chan_new(&c[k], &o), 0)) return;
        for (int i = 0; i < 8; i++) /* in all more failures than a slab has records */
            for (enum verb verb = SEND; verb < VERBS; verb++) record_refused(c[k], verb);
    }
    for (size_t k = 0; k < 3 * KINDS; k++) served(c[k]); /* from here on there are records */
    CHECK(weir__thread_records() <= 32, "%zu records", weir__thread_records());
}

static const struct test tests[] = {
    { "C01 allocation failure at every request: weir_chan_new", new_chan },
    { "allocation failure at every request: contexts", new_ctx },
    { "S18 allocation failure: a select of many cases", many_cases },
    { "allocation: a thread that cannot wait gets ENOMEM", wait_enomem },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "chan_alloc", tests, sizeof tests / sizeof *tests);
}
