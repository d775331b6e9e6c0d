/* SPDX-License-Identifier: MIT */
/* lib/base.c - error texts, time, and the report of misuse. */
#include <weir/base.h>

#include "base.h"
#include "lock.h"
#include "os.h"

#include <stdio.h>

const char *weir_strerror(int err) {
    switch (err) {
        case WEIR_OK: return "success";
#define XX(name, sys, text) \
    case WEIR_##name: return text;
            WEIR_ERR_MAP(XX)
#undef XX
        default: return "unknown error";
    }
}

int weir_version(void) { return WEIR_VERSION; }

weir_time weir_now(void) { return weir__os_now(); }

weir_time weir_after(int64_t ns) {
    weir_time now = weir__os_now();
    if (ns < 0) ns = 0;
    return ns >= WEIR_FOREVER - now ? WEIR_FOREVER : now + ns;
}

/* ---- misuse --------------------------------------------------------------------------------------- */

static struct weir__lock report_lock; /* the pair below changes together */
static weir_report_fn *report_fn;
static void *report_arg;

void weir_set_report(weir_report_fn *fn, void *arg) {
    weir__lock(&report_lock);
    report_fn = fn;
    report_arg = arg;
    weir__unlock(&report_lock);
}

int weir__misuse(const char *call, const char *what) {
#ifdef WEIR_DEBUG
    int saved = errno;
    weir__lock(&report_lock);
    weir_report_fn *fn = report_fn;
    void *arg = report_arg;
    weir__unlock(&report_lock);
    if (fn)
        fn(call, what, arg);
    else
        (void)fprintf(stderr, "weir: %s: %s\n", call, what);
    errno = saved;
#else
    (void)call;
    (void)what;
#endif
    return WEIR_EINVAL;
}
