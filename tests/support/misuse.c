/* SPDX-License-Identifier: MIT */
/* tests/support/misuse.c - see misuse.h. */
#include "misuse.h"

#include <weir/atomic.h>
#include <weir/base.h>

#include "check.h"

static weir_au32 misuses;

static void count_one(const char *call, const char *what, void *arg) {
    CHECK(call && what, "a report without text");
    (void)weir_fetch_add_relaxed((weir_au32 *)arg, 1);
}

void count_misuse(bool on) {
    weir_store_relaxed(&misuses, 0);
    weir_set_report(on ? count_one : NULL, &misuses);
}

unsigned misuse_counted(void) { return weir_load_relaxed(&misuses); }
