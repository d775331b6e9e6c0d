/* SPDX-License-Identifier: MIT */
/* tests/support/check.c - see check.h. */
#include "check.h"

#include <weir/atomic.h>
#include <weir/base.h>

#include "sanitizers.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MAX_TESTS 256

/* A test that takes longer than this hangs. Far above what any takes, also under sanitizers. */
#define HANG_S 100

#define SLOWER (UNDER_TSAN ? 10 : UNDER_ASAN ? 2 : 1)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char message[1024], context[200];
static weir_au32 failed;
static const char *running = "no test", *skipped;
static size_t factor = 1, share = 1, divisor = 1;
static uint64_t seed;

/* ---- checks ---------------------------------------------------------------------------------- */

bool check_failed(const char *file, int line, const char *cond, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    pthread_mutex_lock(&lock);
    if (!weir_load_relaxed(&failed)) {
        const char *base = strrchr(file, '/');
        int n = snprintf(message, sizeof message, "%s:%d: %s%s%s: ", base ? base + 1 : file, line,
                         context, *context ? ": " : "", cond);
        if (n > 0 && (size_t)n < sizeof message) {
            size_t room = sizeof message - (size_t)n;
            (void)vsnprintf(message + n, room, fmt, ap);
        }
        weir_store_relaxed(&failed, 1);
    }
    pthread_mutex_unlock(&lock);
    va_end(ap);
    return false;
}

bool check_is(const char *file, int line, const char *got, const char *want, int64_t a, int64_t b) {
    if (a == b) return true;
    return check_failed(file, line, got, "is %lld, not %s = %lld", (long long)a, want,
                        (long long)b);
}

bool checks_hold(void) { return !weir_load_relaxed(&failed); }

void test_skip(const char *why) { skipped = why; }

void check_context(const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    pthread_mutex_lock(&lock);
    (void)vsnprintf(context, sizeof context, fmt, ap);
    pthread_mutex_unlock(&lock);
    va_end(ap);
}

size_t times(size_t n) {
    n = n * factor / SLOWER / share / divisor;
    return n ? n : 1;
}

void times_share(size_t n) { share = n; }

/* ---- hangs ----------------------------------------------------------------------------------- */

static void (*dump_fn)(void *);
static void *dump_arg;

void on_hang(void (*dump)(void *), void *arg) {
    dump_fn = dump;
    dump_arg = arg;
}

_Noreturn void test_hangs(const char *what) {
    (void)fprintf(stderr, "HANG in %s: %s (%s)\n", running, what, context);
    if (!checks_hold()) (void)fprintf(stderr, "first failure: %s\n", message);
    if (dump_fn) dump_fn(dump_arg);
    (void)fflush(stderr);
    _exit(70);
}

void test_child_ends(void) {
    if (!checks_hold())
        (void)fprintf(stderr, "a child of \"%s\": %s (%s)\n", running, message, context);
    _exit(!checks_hold());
}

/* The test does not end, and its main thread waits for something: no stdio here. */
static void on_alarm(int sig) {
    static const char text[] = "HANG in ", why[] = ": the test does not end\n";
    (void)sig;
    (void)!write(2, text, sizeof text - 1);
    (void)!write(2, running, strlen(running));
    (void)!write(2, why, sizeof why - 1);
    _exit(70);
}

/* ---- random numbers: xorshift64*, a stream per thread ---------------------------------------- */

static __thread uint64_t state;

void rng_seed(uint64_t stream) {
    uint64_t x = seed ^ (stream + 1) * UINT64_C(0x9E3779B97F4A7C15);
    x ^= x >> 31;
    state = x * UINT64_C(0xBF58476D1CE4E5B9) | 1;
}

uint64_t rng(void) {
    if (state == 0) rng_seed(0);
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (state * UINT64_C(0x2545F4914F6CDD1D)) >> 16;
}

/* ---- sanitizers ------------------------------------------------------------------------------ */

/* An allocation that is too large returns NULL, as without them. What the environment says comes on
 * top of this. */
const char *__asan_default_options(void);
const char *__tsan_default_options(void);
const char *__asan_default_options(void) { return "allocator_may_return_null=1"; }
const char *__tsan_default_options(void) { return "allocator_may_return_null=1"; }

/* ---- the runner ------------------------------------------------------------------------------ */

static void begin(const char *name) {
    running = name;
    skipped = NULL;
    message[0] = context[0] = '\0';
    weir_store_relaxed(&failed, 0);
    on_hang(NULL, NULL);
    rng_seed(0);
    alarm((unsigned)(HANG_S * (factor > 1 ? factor : 1)));
}

static void run_in_cmocka(void **arg) {
    const struct test *t = *arg;
    begin(t->name);
    t->fn();
    alarm(0);
    if (checks_hold() && skipped) {
        print_message("skipped: %s\n", skipped);
        skip();
    }
    if (checks_hold()) return;
    print_error("%s; WEIR_TEST_SEED=%llu\n", message, (unsigned long long)seed);
    _assert_true(0, message, __FILE__,
                 __LINE__); /* unlike fail_msg, it puts the text into the XML */
}

static int run_alone(const char *name, const struct test *tests, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (strcmp(tests[i].name, name) != 0) continue;
        begin(name);
        tests[i].fn();
        alarm(0);
        if (!checks_hold()) (void)fprintf(stderr, "%s: %s\n", name, message);
        return checks_hold() ? 0 : 1;
    }
    (void)fprintf(stderr, "no test is called \"%s\"; --list shows them\n", name);
    return 2;
}

static uint64_t number(const char *text) { return text ? strtoull(text, NULL, 0) : 0; }

/* WEIR_TEST_WEAKEN: an order or second look to leave out, for tests of these tests. */
static int weaken(const char *what) {
    int rc = what && *what ? weir_weaken(what) : 0;
    if (rc == 0) return 0;
    (void)fprintf(stderr, "WEIR_TEST_WEAKEN=%s: use LABEL:STEP of weir/detail/labels.h\n", what);
    return 2;
}

int tests_main(int argc, char **argv, const char *group, const struct test *tests, size_t n) {
    struct CMUnitTest units[MAX_TESTS];
    if (n > MAX_TESTS) {
        (void)fputs("more cases than MAX_TESTS\n", stderr);
        return 2;
    }
    factor = (size_t)number(getenv("WEIR_TEST_FACTOR"));
    seed = number(getenv("WEIR_TEST_SEED"));
    if (seed == 0) seed = ((uint64_t)weir_now() ^ (uint64_t)getpid() << 32) | 1;
    (void)signal(SIGALRM, on_alarm);
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--factor=", 9) == 0) {
            factor = (size_t)number(argv[i] + 9);
        } else if (strncmp(argv[i], "--share=", 8) == 0) {
            divisor = (size_t)number(argv[i] + 8);
            divisor = divisor ? divisor : 1;
        } else if (strncmp(argv[i], "--only=", 7) == 0) {
            cmocka_set_test_filter(argv[i] + 7);
        } else if (strncmp(argv[i], "--run=", 6) == 0) {
            factor = factor ? factor : 1;
            return run_alone(argv[i] + 6, tests, n);
        } else if (strcmp(argv[i], "--list") == 0) {
            for (size_t k = 0; k < n; k++) (void)printf("%s\n", tests[k].name);
            return 0;
        } else {
            (void)fprintf(stderr, "usage: %s [--factor=N] [--share=N] [--only=PATTERN] [--list]\n",
                          argv[0]);
            return 2;
        }
    }
    if (factor == 0) factor = 1;
    if (weaken(getenv("WEIR_TEST_WEAKEN"))) return 2;
    for (size_t i = 0; i < n; i++) {
        const struct test *t = &tests[i];
        units[i] = (struct CMUnitTest){ .name = t->name,
                                        .test_func = run_in_cmocka,
                                        .initial_state = (void *)(uintptr_t)t };
    }
    return _cmocka_run_group_tests(group, units, n, NULL, NULL) == 0 ? 0 : 1;
}
