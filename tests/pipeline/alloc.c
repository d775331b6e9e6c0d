/* SPDX-License-Identifier: MIT */
/* tests/pipeline/alloc.c - want of memory and of threads: each request of a call is refused in turn, then nothing is
 * left behind. The linker puts functions of this file before posix_memalign and pthread_create. */
#include <weir/merge.h>
#include <weir/notify.h>
#include <weir/pipeline.h>
#include <weir/sem.h>
#include <weir/stream.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "../support/child.h"
#include "support.h"

/* Requests of the calling thread count down to the one that fails; 0: none does. */
static __thread unsigned fail_in;

/* Of the calling thread all requests for memory; threads for anybody. */
static __thread bool no_memory;
static weir_au32 no_threads;

static bool refused(void) {
    if (fail_in == 0) return false;
    fail_in--;
    return fail_in == 0;
}

int __real_posix_memalign(void **p, size_t align, size_t size);
int __wrap_posix_memalign(void **p, size_t align, size_t size);
int __wrap_posix_memalign(void **p, size_t align, size_t size) {
    return no_memory || refused() ? ENOMEM : __real_posix_memalign(p, align, size);
}
int __real_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*fn)(void *), void *arg);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*fn)(void *), void *arg);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*fn)(void *), void *arg) {
    return weir_load_relaxed(&no_threads) || refused() ? EAGAIN
                                                       : __real_pthread_create(t, a, fn, arg);
}

/* Calls make until nothing is refused; it returns WEIR_ENOMEM until then. How many requests it makes. */
static unsigned refuse_each(int (*make)(void *arg), void *arg) {
    for (unsigned n = 1; n < 100; n++) {
        fail_in = n;
        int rc = make(arg);
        bool all = fail_in > 0;
        fail_in = 0;
        if (rc == 0 && all) return n - 1;
        if (!CHECK(rc == WEIR_ENOMEM && !all, "request %u: %d", n, rc)) break;
    }
    return 0;
}

/* ---- relays ------------------------------------------------------------------------------------------------- */

static int make_relay(void *chans) {
    weir_chan **c = chans;
    weir_relay *r = NULL;
    int rc = weir_merge(&r, c[2], c, 2, NULL);
    CHECK((rc == 0) == (r != NULL), "%d, and a relay or none", rc);
    unsigned left = fail_in;
    fail_in = 0;
    CHECK_IS(weir_relay_free(r), 0);
    fail_in = left;
    return rc;
}

static void relays(void) {
    weir_chan *c[3];
    for (int i = 0; i < 3; i++) c[i] = chan_open(WEIR_CHAN_MPMC, 4);
    CHECK(refuse_each(make_relay, c) >= 3, "fewer than a relay, its context and its thread");
    for (int i = 0; i < 3; i++)
        CHECK_IS(weir_chan_unref(c[i]), 0); /* no reference was kept: LeakSanitizer */
}

/* ---- signals ------------------------------------------------------------------------------------------------ */

static int make_notify(void *ctx) {
    weir_notify *n = NULL;
    struct sigaction now;
    int rc = weir_notify_new(&n, ctx, (int[]){ SIGUSR1, SIGUSR2 }, 2, 0);
    CHECK((rc == 0) == (n != NULL), "%d, and a registration or none", rc);
    if (rc < 0) {
        CHECK_IS(sigaction(SIGUSR1, NULL, &now), 0);
        CHECK(now.sa_handler == SIG_DFL, "a handler stayed");
    }
    weir_notify_free(n);
    return rc;
}

static void notify(void) {
    weir_ctx *ctx = ctx_open(NULL, WEIR_FOREVER);
    CHECK_IS(refuse_each(make_notify, ctx), 2); /* memory, thread */
    weir_ctx_unref(ctx);
}

/* ---- pipelines ---------------------------------------------------------------------------------------------- */

static int fails(const void *in, void *out, weir_ctx *ctx, void *arg) {
    (void)in;
    (void)out;
    (void)ctx;
    (void)arg;
    return WEIR_ENOENT;
}
static const struct weir_stage stages[] = {
    { .fn = fails, .in_size = 8, .out_size = 8, .workers = 2, .ordered = true },
    { .fn = fails, .in_size = 8, .out_size = 8, .workers = 1 },
};

static int make_pipeline(void *opts) {
    weir_pipeline *p = NULL;
    int rc = weir_pipeline_new(&p, stages, 2, opts);
    CHECK((rc == 0) == (p != NULL), "%d, and a pipeline or none", rc);
    unsigned left = fail_in;
    fail_in = 0;
    CHECK_IS(weir_pipeline_free(p), 0);
    fail_in = left;
    return rc;
}

static void pipelines(void) {
    struct weir_pipeline_opts o = WEIR_PIPELINE_OPTS;
    CHECK(refuse_each(make_pipeline, &o) >= 7, "fewer than its parts and its threads");
    o.kind = WEIR_PIPELINE_MUTEX;
    CHECK(refuse_each(make_pipeline, &o) >= 7, "fewer than its parts and its threads");
}

static int make_stream(void *opts) {
    weir_stream *s = NULL;
    int rc = weir_stream_new(&s, opts);
    CHECK((rc == 0) == (s != NULL), "%d, and a stream or none", rc);
    unsigned left = fail_in;
    fail_in = 0;
    CHECK_IS(weir_stream_free(s), 0);
    fail_in = left;
    return rc;
}

static void streams(void) {
    struct weir_stream_opts o = WEIR_STREAM_OPTS(8, 2);
    CHECK(refuse_each(make_stream, &o) >= 7, "fewer than its parts and its threads");
}

/* A failure that cannot be kept ends the pipeline. */
static void collected(void) {
    struct weir_pipeline_opts o = WEIR_PIPELINE_OPTS;
    weir_pipeline *p = NULL;
    uint64_t v = 0;
    o.on = &exec_here; /* whose requests are this thread's */
    o.errors = WEIR_ERRORS_COLLECT;
    CHECK_IS(weir_pipeline_new(&p, stages, 2, &o), 0);
    CHECK_IS(weir_pipeline_send(p, &v), 0);
    CHECK_IS(weir_pipeline_errors(p, NULL, 0), 1);
    for (int i = 1; i < 16; i++) CHECK_IS(weir_pipeline_send(p, &v), 0);
    fail_in = 1; /* there is room for 16 */
    CHECK_IS(weir_pipeline_send(p, &v), 0);
    CHECK_IS(fail_in, 0);
    CHECK_IS(weir_pipeline_errors(p, NULL, 0), 16);
    CHECK_IS(weir_pipeline_send(p, &v), WEIR_ECANCELED);
    CHECK_IS(weir_ctx_cause(weir_pipeline_ctx(p)), WEIR_ENOMEM);
    CHECK_IS(weir_pipeline_free(p), 0);
}

/* Calls that end their thread, all from some element on, or one, where no other thread can follow. */
struct exits {
    uint64_t from, to;
    weir_au32 drops;
};
static int exits(const void *in, void *out, weir_ctx *ctx, void *arg) {
    const struct exits *e = arg;
    uint64_t v = *(const uint64_t *)in;
    (void)ctx;
    if (v >= e->from && v < e->to) pthread_exit(NULL);
    *(uint64_t *)out = v;
    return 0;
}
static void drop_exits(void *elem, void *arg) { count_drop(elem, &((struct exits *)arg)->drops); }

/* Sends n elements, one of which at least ends its worker's thread; what the wait says. Each has one outcome. */
static int run_exits(unsigned kind, unsigned workers, struct exits *e, uint64_t n) {
    const struct weir_stage stage = {
        exits, e, .in_size = 8, .out_size = 8, .workers = workers, .drop = drop_exits
    };
    struct weir_pipeline_opts o = WEIR_PIPELINE_OPTS;
    struct weir_stage_stats s = WEIR_STAGE_STATS, end = s;
    struct weir_error err;
    weir_pipeline *p = NULL;
    uint64_t v, sent = 0, got = 0;
    check_context("kind %u, %u workers", kind, workers);
    o.kind = kind;
    o.errors = WEIR_ERRORS_DROP;
    o.drop = drop_exits;
    o.drop_arg = e;
    CHECK_IS(weir_pipeline_new(&p, &stage, 1, &o), 0);
    weir_store_relaxed(&no_threads, 1);
    while (sent < n && weir_pipeline_send(p, &sent) == 0) sent++;
    CHECK_IS(weir_pipeline_close(p), 0);
    while (weir_pipeline_recv(p, &v) == 0) got++;
    int rc = weir_pipeline_wait(p);
    weir_error_take(rc, &err);
    if (rc < 0) CHECK(strncmp(err.text, "stage 0: ", 9) == 0, "\"%s\"", err.text);
    weir_store_relaxed(&no_threads, 0);
    CHECK_IS(weir_pipeline_read_stats(p, 0, &s), 0);
    CHECK_IS(weir_pipeline_read_stats(p, 1, &end), 0);
    CHECK_IS(s.in, sent);
    CHECK_IS(s.in, s.out + s.failed + s.cancelled);
    CHECK_IS(s.failed, e->to < n ? e->to - e->from : 1);
    CHECK_IS(end.in, end.out + end.cancelled);
    CHECK_IS(end.out, got);
    CHECK_IS(weir_load_relaxed(&e->drops), s.cancelled + end.cancelled);
    CHECK_IS(weir_pipeline_free(p), 0);
    return rc;
}

static void no_follower(void) {
    enum { N = 50 };
    for (unsigned kind = 0; kind <= WEIR_PIPELINE_MUTEX; kind++) {
        struct exits all = { 2, UINT64_MAX, { 0 } }, one = { 2, 3, { 0 } },
                     last = { N - 1, N, { 0 } };
        CHECK_IS(run_exits(kind, 1, &all, N), WEIR_ENOMEM);
        CHECK_IS(run_exits(kind, 2, &one, N), 0); /* the other one goes on */
        CHECK_IS(weir_load_relaxed(&one.drops), 0);
        CHECK_IS(run_exits(kind, 1, &last, N), WEIR_ENOMEM);
    }
}

/* A thread that has no record, and gets none, cannot wait for those of the pipeline: it frees nothing. As many threads
 * as there are records have one: main, the worker, and these. */
#define HOLDERS 30

static int64_t hold_record(void *sem) {
    weir_error_clear();
    CHECK_IS(weir_sem_release(&((weir_sem *)sem)[0], 1), 0);
    CHECK_IS(weir_sem_acquire(&((weir_sem *)sem)[1], 1), 0);
    return 0;
}

static int64_t free_without(void *p) {
    no_memory = true;
    int rc = weir_pipeline_free(p);
    no_memory = false;
    return rc;
}

static int pass(const void *in, void *out, weir_ctx *ctx, void *arg) {
    (void)ctx;
    (void)arg;
    *(uint64_t *)out = *(const uint64_t *)in;
    return 0;
}

#define NO_RECORD "PIPE free by a thread that cannot wait: ENOMEM, and nothing is freed"
static void no_record(void) {
    static const struct weir_stage one = { .fn = pass, .in_size = 8, .out_size = 8, .workers = 1 };
    static struct call holders[HOLDERS], frees;
    static weir_sem sems[2];
    weir_pipeline *p = NULL;
    uint64_t v = 5;
    if (!child_is_fresh(NO_RECORD)) return;
    CHECK_IS(weir_pipeline_new(&p, &one, 1, NULL), 0);
    CHECK_IS(weir_pipeline_send(p, &v), 0);
    CHECK_IS(weir_pipeline_recv(p, &v), 0);
    CHECK_IS(weir_pipeline_close(p), 0);
    CHECK_IS(weir_pipeline_wait(p), 0);
    for (int i = 0; i < 2; i++) {
        CHECK_IS(weir_sem_init(&sems[i], HOLDERS), 0);
        CHECK_IS(weir_sem_acquire(&sems[i], HOLDERS), 0);
    }
    for (int i = 0; i < HOLDERS; i++) call_start(&holders[i], hold_record, sems);
    CHECK_IS(weir_sem_acquire(&sems[0], HOLDERS), 0);
    call_start(&frees, free_without, p);
    CHECK_IS(call_end(&frees), WEIR_ENOMEM);
    CHECK_IS(weir_sem_release(&sems[1], HOLDERS), 0);
    for (int i = 0; i < HOLDERS; i++) CHECK_IS(call_end(&holders[i]), 0);
    CHECK_IS(weir_pipeline_free(p), 0);
}

/* A failure whose text cannot be kept has its code. */
static int fails_here(weir_ctx *ctx, void *arg, void *result) {
    (void)ctx;
    (void)arg;
    (void)result;
    fail_in = 1;
    return weir_fail(WEIR_ENOENT, "a text");
}
static void without_text(void) {
    struct weir_stream_opts o = WEIR_STREAM_OPTS(8, 1);
    struct weir_error err;
    weir_stream *s = NULL;
    uint64_t v;
    o.on = &exec_here;
    CHECK_IS(weir_stream_new(&s, &o), 0);
    CHECK_IS(weir_stream_go(s, fails_here, NULL), 0);
    fail_in = 0;
    CHECK_IS(weir_stream_recv(s, &v, &err), 0);
    CHECK_IS(err.code, WEIR_ENOENT);
    CHECK_IS(weir_stream_free(s), 0);
}

static const struct test tests[] = {
    { "PIPE allocation failure n-th, and no thread", pipelines },
    { "PIPE4 a failure that cannot be kept ends the pipeline", collected },
    { "PIPE thread: calls end theirs again and again, and no other can be made", no_follower },
    { NO_RECORD, no_record },
    { "P07 allocation failure n-th, and no thread", streams },
    { "P07 a failure whose text cannot be kept", without_text },
    { "NOTIFY allocation failure n-th", notify },
    { "PIPE10 merge: allocation failure n-th, and no thread", relays },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "pipeline_alloc", tests, sizeof tests / sizeof *tests);
}
