/* SPDX-License-Identifier: MIT */
/* stress/lin/text.h - a line of text that is built piece by piece and cut at its end. */
#ifndef WEIR_STRESS_LIN_TEXT_H
#define WEIR_STRESS_LIN_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct lin_text {
    char *at;
    size_t left; /* bytes, the final 0 included */
};

static inline struct lin_text lin_text(char *buf, size_t n) {
    if (n > 0) buf[0] = 0;
    return (struct lin_text){ buf, n };
}

__attribute__((format(printf, 2, 3))) void lin_put(struct lin_text *t, const char *format, ...);
void lin_put_code(struct lin_text *t, int64_t code);                  /* "3", "EAGAIN" */
void lin_put_values(struct lin_text *t, const uint64_t *v, size_t n); /* "1 2 3" */

#endif
