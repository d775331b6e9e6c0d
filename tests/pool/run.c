/* SPDX-License-Identifier: MIT */
/* tests/pool/run.c - the threads: tasks that end theirs, or block; names, places, the idle pool, want of memory: P01, P03. */
#include <weir/chan.h>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "../support/failing_alloc.h"
#include "pool.h"

/* ---- P03: a task ends its thread ------------------------------------------------------------------------------------------ */

static int exits(weir_ctx *ctx, void *arg) {
    (void)ctx;
    (void)arg;
    pthread_exit(NULL);
}

static int is_cancelled(weir_ctx *ctx, void *arg) {
    (void)ctx;
    (void)arg;
    (void)pthread_cancel(pthread_self());
    pthread_testcancel();
    return 0;
}

static int exits_below(weir_ctx *ctx, void *arg) {
    weir_future f;
    CHECK_IS(weir_future_init(&f), 0);
    CHECK_IS(weir_pool_async(arg, &f, exits, ctx, NULL), 0);
    (void)weir_future_wait(&f); /* which runs it here, with one worker */
    return 0;
}

static void p03_exits(void) {
    for (unsigned threads = 1; threads <= 2; threads++) {
        weir_au32 n = { 0 };
        weir_future f[4];
        weir_pool *p = pool_of(threads);
        for (int i = 0; i < 4; i++) {
            CHECK_IS(weir_future_init(&f[i]), 0);
            CHECK_IS(weir_pool_async(p, &f[i], i % 2 ? exits : is_cancelled, NULL, NULL), 0);
            for (int k = 0; k < 5; k++) CHECK_IS(weir_pool_submit(p, count_one, NULL, &n), 0);
        }
        for (int i = 0; i < 4; i++) {
            CHECK_IS(weir_future_wait(&f[i]), 0);
            CHECK_IS(weir_future_code(&f[i]), WEIR_ECANCELED);
        }
        CHECK_IS(weir_pool_quiet(p), 0);
        CHECK_IS(value(&n), 20);
        struct weir_pool_stats s = stats_of(p);
        CHECK_IS(s.exits, 4);
        CHECK_IS(s.cancelled, 4);
        CHECK_IS(s.workers, threads);
        check_sum(p, true);
        CHECK_IS(weir_pool_free(p), 0);
    }
}

/* A task that waits for one that ends the thread of both. */
static void p03_exits_below(void) {
    weir_future f = WEIR_FUTURE_INIT;
    weir_pool *p = pool_of(1);
    CHECK_IS(weir_pool_async(p, &f, exits_below, NULL, p), 0);
    CHECK_IS(weir_future_wait(&f), 0);
    CHECK_IS(weir_future_code(&f), WEIR_ECANCELED);
    CHECK_IS(weir_pool_quiet(p), 0);
    CHECK_IS(stats_of(p).exits, 2);
    check_sum(p, true);
    CHECK_IS(weir_pool_free(p), 0);
}

/* ---- P01: tasks that block -------------------------------------------------------------------------------------------------- */

static int receives(weir_ctx *ctx, void *chan) {
    uint64_t v;
    return weir_chan_recv_wait(chan, &v, WEIR_FOREVER, ctx);
}
static int sends(weir_ctx *ctx, void *chan) {
    uint64_t v = 1;
    return weir_chan_send_wait(chan, &v, WEIR_FOREVER, ctx);
}

/* As many receivers as there are workers, then the senders: without spare workers they would never come. */
static void p01_blocks(void) {
    weir_chan *c = NULL;
    struct weir_chan_opts co = WEIR_CHAN_OPTS(0, sizeof(uint64_t));
    struct weir_pool_opts o = opts_of(2);
    CHECK_IS(weir_chan_new(&c, &co), 0);
    o.spare = 2;
    o.linger = 1000000;
    weir_pool *p = pool_with(&o);
    for (int i = 0; i < 2; i++) CHECK_IS(weir_pool_submit(p, receives, NULL, c), 0);
    weir_time until = weir_after(INT64_C(10000000000));
    while (stats_of(p).blocked < 2 && weir_now() < until) sleep_ms(1);
    struct weir_pool_stats s = stats_of(p);
    CHECK_IS(s.blocked, 2);
    CHECK_IS(s.blocks, 2);
    CHECK_IS(s.running, 2);
    for (int i = 0; i < 2; i++) CHECK_IS(weir_pool_submit(p, sends, NULL, c), 0);
    CHECK_IS(weir_pool_quiet_wait(p, until, NULL), 0);
    CHECK_IS(stats_of(p).ok, 4);
    CHECK_IS(stats_of(p).blocked, 0);
    while (stats_of(p).workers > 2 && weir_now() < until) sleep_ms(1);
    CHECK_IS(stats_of(p).workers, 2);
    CHECK_IS(weir_pool_free(p), 0);
    CHECK_IS(weir_chan_unref(c), 0);
}

static int announces(weir_ctx *ctx, void *gate) {
    weir_pool_block_begin();
    weir_pool_block_begin();
    int rc = at_gate(ctx, gate);
    weir_pool_block_end();
    weir_pool_block_end();
    return rc;
}

static void p01_announced(void) {
    struct gate g[2];
    memset(g, 0, sizeof g);
    struct weir_pool_opts o = opts_of(1);
    o.spare = 2;
    weir_pool *p = pool_with(&o);
    for (int i = 0; i < 3; i++) CHECK_IS(weir_pool_submit(p, announces, NULL, &g[0]), 0);
    CHECK(gate_has(&g[0], 3), "3 are blocked");
    for (int i = 0; i < 2; i++) CHECK_IS(weir_pool_submit(p, at_gate, NULL, &g[1]), 0);
    sleep_ms(2);
    CHECK_IS(value(&g[1].inside), 0); /* no more than two spare ones */
    CHECK_IS(stats_of(p).workers, 3);
    gate_open(&g[0]);
    gate_open(&g[1]);
    CHECK_IS(weir_pool_quiet(p), 0);
    CHECK_IS(stats_of(p).blocks, 3);
    CHECK_IS(weir_pool_free(p), 0);
    weir_pool_block_begin(); /* no task: nothing */
    weir_pool_block_end();
}

/* ---- names and places --------------------------------------------------------------------------------------------------------- */

struct place {
    weir_pool *pool;
    char name[16];
    int cpus, worker;
    weir_pool *self;
    sigset_t mask;
};

static int look(weir_ctx *ctx, void *arg) {
    struct place *at = arg;
    cpu_set_t set;
    (void)ctx;
    (void)pthread_getname_np(pthread_self(), at->name, sizeof at->name);
    CHECK_IS(pthread_getaffinity_np(pthread_self(), sizeof set, &set), 0);
    at->cpus = CPU_COUNT(&set);
    at->worker = weir_pool_worker();
    at->self = weir_pool_self();
    (void)pthread_sigmask(SIG_BLOCK, NULL, &at->mask);
    return 0;
}

static void p01_names(void) {
    for (int pin = 0; pin < 2; pin++) {
        struct place at;
        weir_future f = WEIR_FUTURE_INIT;
        struct weir_pool_opts o = opts_of(1);
        memset(&at, 0, sizeof at);
        o.name = "a name that is too long";
        o.flags = pin ? WEIR_POOL_PIN : 0;
        weir_pool *p = pool_with(&o);
        CHECK_IS(weir_pool_async(p, &f, look, NULL, &at), 0);
        CHECK_IS(weir_future_wait(&f), 0);
        CHECK_IS(strcmp(at.name, "a name that i-0"), 0);
        if (pin) CHECK_IS(at.cpus, 1);
        CHECK_IS(at.worker, 0);
        CHECK(at.self == p, "another pool");
        CHECK(sigismember(&at.mask, SIGTERM) == 1, "signals reach a worker");
        CHECK_IS(weir_pool_free(p), 0);
    }
    CHECK_IS(weir_pool_worker(), -1);
    CHECK(!weir_pool_self(), "a worker");
}

/* ---- the idle pool --------------------------------------------------------------------------------------------------------------- */

static int64_t cpu_ns(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t cpu_ns_of(int ms) {
    int64_t before = cpu_ns();
    sleep_ms(ms);
    return cpu_ns() - before;
}

static void p12_idle(void) {
    weir_au32 n = { 0 };
    int ms = (int)times(10) * 30;
    int64_t without = cpu_ns_of(ms); /* a sanitizer has threads of its own */
    weir_pool *p = pool_of(3);
    for (int i = 0; i < 10; i++) CHECK_IS(weir_pool_submit(p, count_one, NULL, &n), 0);
    CHECK_IS(weir_pool_quiet(p), 0);
    weir_time until = weir_after(INT64_C(10000000000));
    while (stats_of(p).idle < 3 && weir_now() < until) sleep_ms(1);
    uint64_t wakes = stats_of(p).wakes;
    int64_t used = cpu_ns_of(ms);
    CHECK_IS(stats_of(p).wakes, wakes);
    CHECK(used < (int64_t)ms * 1000 + 3 * without, "%lld ns of %d ms, %lld without it",
          (long long)used, ms, (long long)without); /* 0.1 % */
    CHECK_IS(weir_pool_free(p), 0);
}

/* ---- want of memory ---------------------------------------------------------------------------------------------------------------- */

static int nests_once(weir_ctx *ctx, void *pool) {
    weir_au32 n = { 0 };
    weir_future f;
    CHECK_IS(weir_future_init(&f), 0);
    int rc = weir_pool_async(pool, &f, count_one, ctx, &n);
    CHECK(rc == 0 || rc == WEIR_ENOMEM, "%d", rc);
    CHECK_IS(weir_future_wait(&f), 0);
    CHECK_IS(value(&n), rc == 0);
    return 0;
}

/* Every allocation is refused once: what is made is whole, or nothing is left; what is refused is the caller's. */
static bool with_refused(size_t at) {
    struct failing_alloc a;
    weir_au32 n = { 0 };
    weir_pool *p = NULL;
    struct weir_pool_opts o = opts_of(1);
    uint32_t taken = 0;
    failing_alloc_init(&a, at);
    o.alloc = &a.as;
    o.max_threads = 2;
    int rc = weir_pool_new(&p, &o);
    if (rc < 0) {
        CHECK_IS(rc, WEIR_ENOMEM);
        CHECK(!p, "not NULL");
    } else {
        for (int i = 0; i < 1200; i++) {
            rc = weir_pool_submit(p, count_one, NULL, &n);
            CHECK(rc == 0 || rc == WEIR_ENOMEM, "%d", rc);
            taken += rc == 0;
        }
        weir_future f = WEIR_FUTURE_INIT;
        rc = weir_pool_async(p, &f, nests_once, NULL, p);
        CHECK_IS(weir_future_wait(&f), 0);
        if (rc < 0) CHECK_IS(weir_future_code(&f), rc);
        CHECK_IS(weir_pool_drain(p), 0);
        CHECK_IS(value(&n), taken);
        check_sum(p, true);
        CHECK_IS(weir_pool_free(p), 0);
    }
    CHECK_IS(a.out, 0);
    return a.refused > 0;
}

static void p12_memory(void) {
    size_t at = 1;
    while (with_refused(at) && at < 200) at++;
    CHECK(at > 3 && at < 200, "%zu allocations", at);
}

const struct test run_tests[] = {
    { "P03 a task that ends its thread costs no worker", p03_exits },
    { "P03 and so does one that is waited for", p03_exits_below },
    { "P01 tasks that block give their place to spare workers", p01_blocks },
    { "P01 a wait of another kind is announced", p01_announced },
    { "P01 workers have names, places, and no signals", p01_names },
    { "P12 an idle pool uses no processor time", p12_idle },
    { "P12 every allocation refused once", p12_memory },
};
const size_t n_run_tests = sizeof run_tests / sizeof *run_tests;
