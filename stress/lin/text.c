/* SPDX-License-Identifier: MIT */
/* stress/lin/text.c - see text.h; and weir_lin_describe. */
#include "lin.h"
#include "text.h"

#include <inttypes.h>
#include <stdarg.h>

void lin_put(struct lin_text *t, const char *format, ...) {
    if (t->left <= 1) return;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(t->at, t->left, format, args);
    va_end(args);
    size_t used = n < 0 ? 0 : (size_t)n < t->left ? (size_t)n : t->left - 1;
    t->at += used;
    t->left -= used;
}

void lin_put_code(struct lin_text *t, int64_t code) {
    switch (code) {
#define XX(name, sys, text) \
    case WEIR_##name: lin_put(t, "%s", #name); return;
        WEIR_ERR_MAP(XX)
#undef XX
        default: lin_put(t, "%" PRId64, code);
    }
}

void lin_put_values(struct lin_text *t, const uint64_t *v, size_t n) {
    for (size_t i = 0; i < n; i++) lin_put(t, "%s%" PRIu64, i ? " " : "", v[i]);
}

static size_t at_most(size_t n) { return n < WEIR_LIN_VALUES ? n : WEIR_LIN_VALUES; }

void weir_lin_describe(const struct weir_lin_op *op, const char *name, char *text, size_t n) {
    struct lin_text t = lin_text(text, n);
    lin_put(&t, "%s(", name);
    lin_put_values(&t, op->in, at_most(op->nin));
    lin_put(&t, ")");
    if (op->pending) {
        lin_put(&t, " never returned");
        return;
    }
    lin_put(&t, " -> ");
    lin_put_code(&t, op->result);
    if (op->nout == 0) return;
    lin_put(&t, " [");
    lin_put_values(&t, op->out, at_most(op->nout));
    lin_put(&t, "]");
}
