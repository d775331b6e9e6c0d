/* SPDX-License-Identifier: MIT */
/* tests/rings/alloc.c - want of memory, at every single place where weir asks for some: the n-th request
 * fails, for all n until the call succeeds. A program of its own: the linker puts functions of this
 * file before posix_memalign, pthread_mutex_init and, in builds whose runtime does not need them itself,
 * pthread_key_create and pthread_setspecific. */
#include "../support/check.h"
#include "../support/child.h"
#include "../support/failing_alloc.h"
#include "../support/points.h"
#include "../support/threads.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <weir/weir.h>

#include "lib/thread.h"

/* ---- refusing ---------------------------------------------------------------------------------------- */

/* Requests of the calling thread count down to the one that fails; 0: none does. */
static __thread unsigned fail_in, asked, live;

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

int __real_pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *attr);
int __wrap_pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *attr);
int __wrap_pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *attr) {
    if (refuse()) return EAGAIN;
    live++;
    return __real_pthread_mutex_init(m, attr);
}
int __real_pthread_mutex_destroy(pthread_mutex_t *m);
int __wrap_pthread_mutex_destroy(pthread_mutex_t *m);
int __wrap_pthread_mutex_destroy(pthread_mutex_t *m) {
    live--;
    return __real_pthread_mutex_destroy(m);
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
#define KEYS_REFUSED 1
#else
#define FIRST_FAILURES 1 /* the slab */
#define KEYS_REFUSED 0
#endif

/* ---- constructors ------------------------------------------------------------------------------------ */

/* Makes and frees an object; *made says whether a pointer was given. */
typedef int make_fn(const struct weir_ring_opts *o, bool *made);

static int make_spsc(const struct weir_ring_opts *o, bool *made) {
    weir_spsc *r = (weir_spsc *)(void *)made;
    int rc = weir_spsc_new(&r, o);
    *made = r != NULL;
    fail_in = 0;
    weir_spsc_free(r);
    return rc;
}

static int make_mpmc(const struct weir_ring_opts *o, bool *made) {
    weir_mpmc *r = (weir_mpmc *)(void *)made;
    int rc = weir_mpmc_new(&r, o);
    *made = r != NULL;
    fail_in = 0;
    CHECK_IS(weir_mpmc_free(r), 0);
    return rc;
}

static int make_scq(const struct weir_ring_opts *o, bool *made) {
    weir_scq *r = (weir_scq *)(void *)made;
    int rc = weir_scq_new(&r, o, 3);
    *made = r != NULL;
    fail_in = 0;
    CHECK_IS(weir_scq_free(r), 0);
    return rc;
}

static int make_mutex(const struct weir_ring_opts *o, bool *made) {
    weir_mutex_ring *r = (weir_mutex_ring *)(void *)made;
    int rc = weir_mutex_ring_new(&r, o);
    *made = r != NULL;
    fail_in = 0;
    CHECK_IS(weir_mutex_ring_free(r), 0);
    return rc;
}

/* Fails each request in turn, of the user's allocator and of the system's functions. Returns how many
 * requests a call that succeeds makes. */
static unsigned each_request(make_fn *make, const struct weir_alloc *alloc,
                             struct failing_alloc *f) {
    struct weir_ring_opts o = WEIR_RING_OPTS(5, 24);
    for (unsigned n = 1;; n++) {
        bool made = false;
        o.alloc = alloc;
        if (f) failing_alloc_init(f, n);
        fail_in = f ? 0 : n;
        asked = 0;
        int rc = make(&o, &made);
        CHECK_IS(live, 0); /* mutexes that are left */
        if (f) CHECK(f->out == 0 && f->bytes_out == 0, "%zu blocks leaked", f->out);
        if (rc == 0) {
            CHECK(made, "no pointer");
            return n - 1;
        }
        check_context("request %u", n);
        CHECK_IS(rc, WEIR_ENOMEM);
        CHECK(!made, "*out is not NULL");
        if (!checks_hold() || !CHECK(n < 100, "never succeeds")) return 0;
    }
}

static void constructor(make_fn *make, unsigned system_requests) {
    struct failing_alloc f;
    failing_alloc_init(&f, 0);
    CHECK_IS(each_request(make, &f.as, &f), 1); /* one block from the user's allocator */
    CHECK_IS(each_request(make, NULL, NULL),
             system_requests); /* which is posix_memalign by default */
}

static void new_spsc(void) { constructor(make_spsc, 1); }
static void new_mpmc(void) { constructor(make_mpmc, 1); }
static void new_scq(void) { constructor(make_scq, 1); }
/* A block and a mutex. */
static void new_mutex(void) { constructor(make_mutex, 2); }

/* ---- the record of a thread that has to park ------------------------------------------------------------ */

struct parking {
    weir_mpmc *r;
    unsigned fail_in;
    int64_t rc;
    unsigned asked;
    bool push, batch;
    weir_time deadline;
};

static int64_t wait_main(void *arg) {
    struct parking *p = arg;
    uint64_t elems[2] = { 77, 78 };
    asked = 0;
    fail_in = p->fail_in;
    if (p->push)
        p->rc = p->batch ? weir_mpmc_push_n_wait(p->r, elems, 2, p->deadline, NULL)
                         : weir_mpmc_push_wait(p->r, elems, p->deadline, NULL);
    else
        p->rc = p->batch ? weir_mpmc_pop_n_wait(p->r, elems, 2, p->deadline, NULL)
                         : weir_mpmc_pop_wait(p->r, elems, p->deadline, NULL);
    fail_in = 0;
    p->asked = asked;
    CHECK(p->push || p->rc >= 0 || (elems[0] == 77 && elems[1] == 78),
          "the caller's buffer changed");
    CHECK(!p->push || (elems[0] == 77 && elems[1] == 78), "the element changed");
    return p->rc;
}

static int64_t wait_failing(struct parking *p) {
    struct call c;
    call_start(&c, wait_main, p);
    return call_end(&c);
}

static void fill(weir_mpmc *r) {
    for (uint64_t i = 0; i < 4; i++) CHECK_IS(weir_mpmc_try_push(r, &i), 0);
}

static void drain(weir_mpmc *r) {
    for (uint64_t i = 0, got = 9; i < 4; i++) {
        CHECK_IS(weir_mpmc_try_pop(r, &got), 0);
        CHECK_IS(got, i);
    }
}

/* Which request of the next parking thread fails. The first thread of a process makes a key, a slab of
 * records, and sets the key's value; what has been made stays, so the next one asks for less. */
static unsigned next_failure(void) {
    static const unsigned first[] = { FIRST_FAILURES };
    static size_t calls;
    return calls < sizeof first / sizeof *first ? first[calls++] : 1;
}

static void record_refused(weir_mpmc *r, bool push, bool batch) {
    check_context("%s%s", push ? "push" : "pop", batch ? "_n" : "");
    if (push) fill(r);
    for (int i = 0; i < 3; i++) {
        struct parking p = { .r = r, .push = push, .batch = batch, .deadline = WEIR_FOREVER };
        p.fail_in = next_failure();
        CHECK_IS(wait_failing(&p), WEIR_ENOMEM);
        CHECK_IS(p.asked, p.fail_in);
        CHECK_IS(weir_mpmc_len(r), push ? 4 : 0);
        /* Nothing is asked for by a call that need not park. */
        p.fail_in = 1;
        p.deadline = WEIR_NOW;
        CHECK_IS(wait_failing(&p), WEIR_EAGAIN);
        p.deadline = -1;
        CHECK_IS(wait_failing(&p), WEIR_ETIMEDOUT);
        CHECK_IS(p.asked, 0);
    }
    if (push) drain(r);
}

static void served(weir_mpmc *r) {
    struct parking p = { .r = r, .deadline = WEIR_FOREVER };
    struct call c;
    uint64_t v = 5;
    call_start(&c, wait_main, &p);
    CHECK(call_sleeps(&c), "it returned");
    CHECK_IS(weir_mpmc_try_push(r, &v), 0);
    CHECK_IS(call_end(&c), 0);
    fill(r);
    p.push = true;
    call_start(&c, wait_main, &p);
    CHECK(call_sleeps(&c), "it returned");
    CHECK_IS(weir_mpmc_try_pop(r, &v), 0);
    CHECK_IS(call_end(&c), 0);
}

static void park_enomem(void) {
    struct weir_ring_opts o = WEIR_RING_OPTS(4, 8);
    weir_mpmc *r = NULL;
    if (!(child_rights() & CHILD_FRESH)) {
        child_passes("allocation: a thread that cannot park gets ENOMEM", CHILD_FRESH);
        return;
    }
    if (!CHECK_IS(weir_mpmc_new(&r, &o), 0)) return;
    for (int i = 0; i < 20;
         i++) { /* many more failures than a slab has records: each gives back its own */
        record_refused(r, false, false);
        record_refused(r, true, false);
        record_refused(r, false, true);
        record_refused(r, true, true);
    }
    CHECK(weir__thread_records() <= 32, "%zu records", weir__thread_records());
    served(r); /* and afterwards it works */
    uint64_t v;
    while (weir_mpmc_try_pop(r, &v) == 0) continue;
    CHECK_IS(weir_mpmc_free(r), 0);
}

/* ---- a queue, and a thread that can have no record ----------------------------------------------------- */

struct closing {
    weir_queue *q;
    struct stop stop;
};

static int64_t close_stopped(void *arg) {
    struct closing *c = arg;
    stop_me(&c->stop);
    return weir_queue_close(c->q);
}

/* Of a thread that cannot set the value of the key; the record that it would have is free. */
static int64_t closed_refused(void *arg) {
    struct closing *c = arg;
    asked = 0;
    fail_in = 1;
    bool closed = weir_queue_is_closed(c->q);
    fail_in = 0;
    return closed ? 1 + (int64_t)asked : -(int64_t)asked;
}

static int64_t ask(struct closing *c) {
    struct call call;
    call_start(&call, closed_refused, c);
    return call_end(&call);
}

static void closed_without_record(void) {
    struct weir_queue_opts o = WEIR_QUEUE_OPTS(sizeof(uint64_t));
    struct closing c = { 0 };
    struct call closer;
    uint64_t v = 7;
    if (!KEYS_REFUSED) {
        test_skip("the runtime makes keys itself");
        return;
    }
    if (!CHECK_IS(weir_queue_new(&c.q, &o), 0)) return;
    CHECK_IS(weir_queue_try_push(c.q, &v), 0); /* the key and a slab are there */
    stop_init(&c.stop, "queue.close.announced");
    call_start(&closer, close_stopped, &c);
    if (!stop_wait(&c.stop)) return;
    CHECK_IS(ask(&c), -1);
    CHECK_IS(weir_queue_try_push(c.q, &v), 0); /* so it was not closed */
    stop_release(&c.stop);
    CHECK_IS(call_end(&closer), 0);
    CHECK_IS(ask(&c), 1); /* and needs no record */
    CHECK_IS(weir_queue_try_push(c.q, &v), WEIR_ECLOSED);
    stop_fini(&c.stop);
    CHECK_IS(weir_queue_free(c.q), 0);
}

static const struct test tests[] = {
    { "RING13 allocation failure at every request: weir_spsc_new", new_spsc },
    { "RING13 allocation failure at every request: weir_mpmc_new", new_mpmc },
    { "RING13 allocation failure at every request: weir_scq_new", new_scq },
    { "RING13 allocation failure at every request: weir_mutex_ring_new", new_mutex },
    { "allocation: a thread that cannot park gets ENOMEM", park_enomem },
    { "QUEUE4 is_closed by a thread that can have no record", closed_without_record },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "rings_alloc", tests, sizeof tests / sizeof *tests);
}
