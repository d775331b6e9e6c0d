/* SPDX-License-Identifier: MIT */
/* tests/group/error.c - errors with a text. */
#include <weir/error.h>

#include <errno.h>
#include <string.h>

#include "../sync/sync.h"

enum { MINE = -1000, OTHER = -1001 };

static void check_error(int code, const char *text) {
    struct weir_error err;
    weir_error_take(code, &err);
    CHECK_IS(err.code, code);
    CHECK(strcmp(err.text, text) == 0, "it is \"%s\", not \"%s\"", err.text, text);
}

static void fails(void) {
    CHECK_IS(weir_fail(MINE, "no %s in line %d", "key", 3), MINE);
    check_error(MINE, "no key in line 3");
    check_error(MINE, "error -1000"); /* taken already */
    CHECK_IS(weir_fail(MINE, "first"), MINE);
    CHECK_IS(weir_fail(OTHER, "second"), OTHER);
    check_error(OTHER, "second");
    CHECK_IS(weir_fail(WEIR_ENOMEM, "%s", ""), WEIR_ENOMEM);
    check_error(WEIR_ENOMEM, "");
}

static void wraps(void) {
    CHECK_IS(weir_wrap(weir_wrap(weir_fail(MINE, "line %d", 3), "file %s", "x"), "load"), MINE);
    check_error(MINE, "load: file x: line 3");
    CHECK_IS(weir_wrap(WEIR_ENOENT, "get"), WEIR_ENOENT); /* comes without a text */
    check_error(WEIR_ENOENT, "get: no such key");
    CHECK_IS(weir_fail(MINE, "old"), MINE);
    CHECK_IS(weir_wrap(OTHER, "new"), OTHER); /* the text is another code's */
    check_error(OTHER, "new: error -1001");
    CHECK_IS(weir_fail(MINE, "kept"), MINE);
    CHECK_IS(weir_wrap(0, "not %d", 1), 0);
    CHECK_IS(weir_wrap(7, "not %d", 1), 7);
    check_error(MINE, "kept");
}

static void takes(void) {
    struct weir_error err = { MINE, "left" };
    CHECK_IS(weir_fail(MINE, "old"), MINE);
    weir_error_take(OTHER, &err); /* not the pending one's, which is dropped */
    CHECK(err.code == OTHER && strcmp(err.text, "error -1001") == 0, "%s", err.text);
    check_error(MINE, "error -1000");
    CHECK_IS(weir_fail(MINE, "old"), MINE);
    weir_error_take(5, &err);
    CHECK(err.code == 0 && !err.text[0], "%s", err.text);
    check_error(MINE, "error -1000");
    CHECK_IS(weir_fail(MINE, "old"), MINE);
    weir_error_clear();
    check_error(MINE, "error -1000");
    check_error(WEIR_ETIMEDOUT, weir_strerror(WEIR_ETIMEDOUT));
    check_error(WEIR_ERR_MIN_, "error -4095");
}

static void gives(void) {
    struct weir_error err = { MINE, "far away" }, none = { 0, "" };
    CHECK_IS(weir_error_give(&err), MINE);
    CHECK_IS(weir_wrap(MINE, "here"), MINE);
    check_error(MINE, "here: far away");
    CHECK_IS(weir_error_give(&err), MINE);
    CHECK_IS(weir_error_give(&none), 0);
    check_error(MINE, "error -1000");
    CHECK_IS(weir_error_give(&err), MINE);
    CHECK_IS(weir_error_give(NULL), 0);
    check_error(MINE, "error -1000");
}

/* ---- texts that do not fit -------------------------------------------------------------------------------------- */

#define MOST (WEIR_ERROR_TEXT - 1)

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* A text of n letters. */
static const char *letters(size_t n) {
    static char text[2 * WEIR_ERROR_TEXT];
    for (size_t i = 0; i < n; i++) text[i] = (char)('a' + i % 26);
    text[n] = '\0';
    return text;
}

static void long_fail(void) {
    struct weir_error err;
    for (size_t n = MOST - 3; n < MOST + 5; n++) {
        CHECK_IS(weir_fail(MINE, "%s", letters(n)), MINE);
        weir_error_take(MINE, &err);
        CHECK_IS(strlen(err.text), n < MOST ? n : MOST);
        CHECK(strncmp(err.text, letters(n), n < MOST ? n : MOST - 3) == 0, "%s", err.text);
        CHECK(ends_with(err.text, "...") == (n > MOST), "%s", err.text);
    }
    CHECK_IS(weir_fail(MINE, "%4000d", 1), MINE);
    weir_error_take(MINE, &err);
    CHECK_IS(strlen(err.text), MOST);
}

/* Whatever the lengths: the inner one is whole, and the outer one is cut, or not there. */
static void long_wrap(void) {
    struct weir_error err;
    for (size_t inner = 0; inner <= MOST; inner += inner > MOST - 10 ? 1 : 7) {
        for (size_t outer = 0; outer <= MOST; outer += 5) {
            char in[WEIR_ERROR_TEXT];
            memcpy(in, letters(inner), inner + 1);
            CHECK_IS(weir_fail(MINE, "%s", in), MINE);
            CHECK_IS(weir_wrap(MINE, "%s", letters(outer)), MINE);
            weir_error_take(MINE, &err);
            size_t n = strlen(err.text);
            CHECK(n <= MOST && ends_with(err.text, in), "%zu in %zu: %s", inner, outer, err.text);
            if (inner + 2 + outer <= MOST && inner < MOST - 5)
                CHECK_IS(n, inner + 2 + outer);
            else if (inner < MOST - 5)
                CHECK_IS(n, MOST);
            if (n > inner) CHECK(strncmp(err.text + n - inner - 2, ": ", 2) == 0, "%s", err.text);
            if (n > inner && inner + 2 + outer > MOST)
                CHECK(strncmp(err.text + n - inner - 5, "...: ", 5) == 0, "%s", err.text);
        }
    }
}

/* Characters of three bytes each are not cut in two. */
static void long_utf8(void) {
    struct weir_error err;
    char text[3 * 100 + 3];
    for (size_t shift = 0; shift < 3; shift++) {
        memset(text, 'x', shift);
        for (size_t i = 0; i < 100; i++) memcpy(text + shift + 3 * i, "\xe2\x82\xac", 3);
        text[shift + 300] = '\0';
        CHECK_IS(weir_fail(MINE, "%s", text), MINE);
        weir_error_take(MINE, &err);
        size_t n = strlen(err.text) - 3;
        CHECK(ends_with(err.text, "...") && (n - shift) % 3 == 0 && n > MOST - 7, "%s", err.text);
        CHECK_IS(weir_fail(MINE, "origin"), MINE);
        CHECK_IS(weir_wrap(MINE, "%s", text), MINE);
        weir_error_take(MINE, &err);
        n = strlen(err.text) - strlen("...: origin");
        CHECK(ends_with(err.text, "...: origin") && (n - shift) % 3 == 0, "%s", err.text);
    }
}

/* ---- threads, misuse ---------------------------------------------------------------------------------------------- */

static int64_t fail_here(void *arg) {
    (void)arg;
    check_error(MINE, "error -1000"); /* of another thread, or of one that has ended */
    return weir_fail(MINE, "in a thread");
}

static void threads(void) {
    struct call call;
    CHECK_IS(weir_fail(MINE, "of the main thread"), MINE);
    for (int i = 0; i < 3; i++) {
        call_start(&call, fail_here, NULL);
        CHECK_IS(call_end(&call), MINE);
    }
    check_error(MINE, "of the main thread");
}

static void misuse(void) {
    const char *none = NULL;
    count_misuse(true);
    CHECK_IS(weir_fail(OTHER, "kept"), OTHER);
    CHECK_IS(weir_fail(0, "x"), WEIR_EINVAL);
    CHECK_IS(weir_fail(1, "x"), WEIR_EINVAL);
    CHECK_IS(misuse_counted(), 2);
    check_error(OTHER, "kept");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-security"
    CHECK_IS(weir_fail(MINE, none), WEIR_EINVAL);
    CHECK_IS(weir_wrap(MINE, none), MINE);
#pragma GCC diagnostic pop
    count_misuse(false);
}

static void errno_stays(void) {
    struct weir_error err;
    errno = 77;
    CHECK_IS(weir_wrap(weir_fail(MINE, "%s %d", letters(300), 1), "x"), MINE);
    CHECK_IS(weir_wrap(OTHER, "x"), OTHER);
    weir_error_take(MINE, &err);
    CHECK_IS(weir_error_give(&err), MINE);
    weir_error_clear();
    CHECK_IS(errno, 77);
}

static const struct test tests[] = {
    { "ERROR fail: the code is returned, its text taken with it", fails },
    { "ERROR wrap: the outer text stands before the inner one", wraps },
    { "ERROR take: the text of this code, and none is pending", takes },
    { "ERROR give: what another thread took goes on here", gives },
    { "ERROR a text that is too long is cut at its end", long_fail },
    { "ERROR of two that do not fit the outer one is cut", long_wrap },
    { "ERROR no character is cut in two", long_utf8 },
    { "ERROR each thread has its own, and a new one has none", threads },
    { "ERROR no error, no text: EINVAL, and nothing changes", misuse },
    { "ERROR errno stays", errno_stays },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "error", tests, sizeof tests / sizeof *tests);
}
