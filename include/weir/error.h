/* SPDX-License-Identifier: MIT */
/* weir/error.h - a code with a text of where it came from.
 *
 * Functions return codes; a text goes beside the code, in the calling thread, for as long as it goes up:
 *
 *   static int load(const char *path) {
 *       if (!open_it(path)) return weir_fail(WEIR_ENOENT, "cannot open %s", path);
 *       return weir_wrap(parse(path), "parsing %s", path);      - "parsing x.conf: line 3: no such key"
 *   }
 *
 *   int rc = load("x.conf");
 *   if (rc < 0) {
 *       struct weir_error err;
 *       weir_error_take(rc, &err);
 *       (void)fprintf(stderr, "%s\n", err.text);
 *   }
 *
 * Each thread has one text, its pending error; it belongs to a code. Who runs tasks takes it when a task has
 * returned (groups, pools and pipelines do), and hands it on. A code that has no text gets that of weir_strerror.
 *
 * A text stays until the next weir_fail, weir_wrap or weir_error_take of its thread. So after a failure that was
 * dealt with, the same code, returned again without a text of its own, would get the old one: weir_error_clear.
 *
 * All calls: any thread, wait-free but for the allocation of the thread's record at the first one; errno is
 * neither set nor read. Without memory for that record texts are lost, and codes are not. */
#ifndef WEIR_ERROR_H
#define WEIR_ERROR_H

#include <weir/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of a text, with its final 0. */
#define WEIR_ERROR_TEXT 252

/* A value: copied and kept like any other. {0}: no error. */
struct weir_error {
    int code; /* 0: none; else negative: one of weir's, or the user's own */
    char text[WEIR_ERROR_TEXT];
};

/* Makes code, with this text, the calling thread's pending error, in place of any other. What does not fit is cut at
 * its end, where "..." stands then. Returns code; WEIR_EINVAL, with nothing changed, for one that is not
 * negative, or fmt NULL. The arguments must not point into the pending text; nothing gives one out. */
__attribute__((format(printf, 2, 3))) WEIR_API int weir_fail(int code, const char *fmt, ...);

/* For the way up: puts "outer: " before the text of rc, where outer is fmt's, and returns rc. The text of rc is the
 * pending one if that is of this code, else weir_strerror's. If both do not fit, of the outer as much is left out as
 * needed, and "..." stands there: the innermost text says where it came from. rc of 0 and above: returns it, and
 * does nothing. */
__attribute__((format(printf, 2, 3))) WEIR_API int weir_wrap(int rc, const char *fmt, ...);

/* *err becomes rc and its text, or {0} for an rc that is not negative. No error is pending any more. err may be
 * NULL. */
WEIR_API void weir_error_take(int rc, struct weir_error *err);

/* The reverse: *err becomes the pending error. Returns its code. NULL or {0}: 0, and none is pending. */
WEIR_API int weir_error_give(const struct weir_error *err);

/* No error is pending any more. */
WEIR_INLINE void weir_error_clear(void) { weir_error_take(0, NULL); }

#ifdef __cplusplus
}
#endif
#endif
