/* SPDX-License-Identifier: MIT */
/* tests/support/check.h - checks that any thread may make, and the main function of a test program.
 *
 * cmocka's asserts leave a test by longjmp, which is legal on the main thread alone. CHECK latches the
 * first failure of the test instead, from whatever thread, and goes on; when the test function
 * returns, the runner gives the message to cmocka. A test that cannot go on returns.
 *
 * A test program takes --factor=N (N times the repetitions; so does the variable WEIR_TEST_FACTOR),
 * --share=N (a N-th of them), --only=PATTERN (cmocka's wildcards), --list, and --run=NAME, which runs one test without cmocka:
 * that is how a test runs another one in a child process with other rights (tests/support/child.h).
 * Random choices follow WEIR_TEST_SEED; the seed is printed when a test fails. WEIR_TEST_WEAKEN takes one
 * labelled order away (weir_weaken), to see whether a test notices. */
#ifndef WEIR_TESTS_CHECK_H
#define WEIR_TESTS_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHECK(cond, ...) \
    check_said((cond) ? true : check_failed(__FILE__, __LINE__, #cond, __VA_ARGS__))
#define CHECK_IS(got, want) \
    check_is(__FILE__, __LINE__, #got, #want, (int64_t)(got), (int64_t)(want))

bool check_failed(const char *file, int line, const char *cond, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
bool check_is(const char *file, int line, const char *got, const char *want, int64_t a, int64_t b);

/* A call, so that a CHECK may stand alone. */
static inline bool check_said(bool ok) { return ok; }

/* False once a check of this test has failed: loops of threads end then. */
bool checks_hold(void);

/* Where a test stands, added to the message of a failure ("start 4294967293, cap 5"). Main thread. */
void check_context(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* This machine cannot show what the test is for: the case is reported as skipped. */
void test_skip(const char *why);

struct test {
    const char *name;
    void (*fn)(void);
};

/* The main function: runs the tests as the cmocka group `group`. */
int tests_main(int argc, char **argv, const char *group, const struct test *tests, size_t n);

/* Repetitions: n scaled by --factor, and divided in builds with sanitizers, where an operation takes
 * several times as long. At least 1. */
size_t times(size_t n);
/* From now on in this process an nth of them: where each repetition sleeps. Main thread. */
void times_share(size_t n);

/* Ends the process after a hang, with a message and the state of the object under test, because
 * threads that hang cannot be taken back. */
_Noreturn void test_hangs(const char *what);
/* Ends a process that a test has forked: with 0, or with what has failed there on stderr. */
_Noreturn void test_child_ends(void);
/* What test_hangs calls to show the state; NULL: nothing. */
void on_hang(void (*dump)(void *), void *arg);

/* Random numbers of the calling thread. */
void rng_seed(uint64_t stream);
uint64_t rng(void);
static inline uint64_t rng_below(uint64_t n) { return rng() % n; }

#endif
