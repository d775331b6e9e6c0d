/* SPDX-License-Identifier: MIT */
/* flow/error.c - see weir/error.h. The pending error stands in the thread's record: nothing is shared. */
#include <weir/error.h>

#include "../lib/base.h"
#include "../lib/thread.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CUT "..."
#define BETWEEN ": "

/* NULL: no memory. */
static struct weir_error *pending(void) {
    struct weir__thread *t = weir__thread_self();
    return t ? &t->error : NULL;
}

/* ---- texts ----------------------------------------------------------------------------------------------- */

/* At most n bytes of text, without a part of a character (UTF-8). */
static size_t whole(const char *text, size_t n) {
    while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80) n--;
    return n;
}

/* Cuts a text that is longer than `most` bytes, and marks that. Its length now. */
static size_t cut(char *text, size_t most) {
    size_t len = strlen(text);
    if (len <= most) return len;
    if (most < sizeof CUT) most = sizeof CUT;
    len = whole(text, most - (sizeof CUT - 1));
    memcpy(text + len, CUT, sizeof CUT);
    return len + sizeof CUT - 1;
}

/* Into room for one byte more than a text has, so that cut can see that it is too long. */
static void format(char text[WEIR_ERROR_TEXT + 1], const char *fmt, va_list args) {
    int saved = errno;
    if (vsnprintf(text, WEIR_ERROR_TEXT + 1, fmt, args) < 0) text[0] = '\0';
    (void)cut(text, WEIR_ERROR_TEXT - 1);
    errno = saved;
}

/* What a code is called that comes without a text. */
static void name(struct weir_error *err, int code) {
    int saved = errno;
    const char *text = weir_strerror(code);
    err->code = code;
    if (strcmp(text, weir_strerror(WEIR_ERR_MIN_)) == 0)
        (void)snprintf(err->text, sizeof err->text, "error %d", code);
    else
        (void)snprintf(err->text, sizeof err->text, "%s", text);
    errno = saved;
}

/* outer: inner, in err->text, which holds the inner one. outer may be cut. */
static void put_before(struct weir_error *err, char *outer) {
    size_t inner = strlen(err->text), between = sizeof BETWEEN - 1;
    if (inner + between + sizeof CUT >= sizeof err->text) return; /* the origin is what counts */
    size_t n = cut(outer, sizeof err->text - 1 - between - inner);
    memmove(err->text + n + between, err->text, inner + 1);
    memcpy(err->text, outer, n);
    memcpy(err->text + n, BETWEEN, between);
}

/* ---- the calls --------------------------------------------------------------------------------------------- */

int weir_fail(int code, const char *fmt, ...) {
    if (code >= 0 || !fmt) return weir__misuse("weir_fail", "no code of an error, or no text");
    struct weir_error *err = pending();
    if (!err) return code;
    char text[WEIR_ERROR_TEXT + 1];
    va_list args;
    va_start(args, fmt);
    format(text, fmt, args);
    va_end(args);
    err->code = code;
    memcpy(err->text, text, strlen(text) + 1);
    return code;
}

int weir_wrap(int rc, const char *fmt, ...) {
    struct weir_error *err = rc < 0 && fmt ? pending() : NULL;
    if (!err) return rc;
    char text[WEIR_ERROR_TEXT + 1];
    va_list args;
    va_start(args, fmt);
    format(text, fmt, args);
    va_end(args);
    if (err->code != rc) name(err, rc);
    put_before(err, text);
    return rc;
}

void weir_error_take(int rc, struct weir_error *err) {
    struct weir_error *p = pending();
    if (err) {
        if (rc >= 0)
            *err = (struct weir_error){ 0, "" };
        else if (p && p->code == rc)
            *err = *p;
        else
            name(err, rc);
    }
    if (p) p->code = 0;
}

int weir_error_give(const struct weir_error *err) {
    struct weir_error *p = pending();
    int code = err ? err->code : 0;
    if (p && code)
        *p = *err;
    else if (p)
        p->code = 0;
    return code;
}
