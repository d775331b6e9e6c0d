/* SPDX-License-Identifier: MIT */
/* stress/run/coverage.c - see coverage.h. */
#include "coverage.h"

#include <inttypes.h>
#include <string.h>

static struct {
    struct sr_pass pass[2 * SR_POINTS];
    unsigned n;
    bool unseen;
} C;

static struct sr_pass *named(const char *name) {
    for (unsigned i = 0; i < C.n; i++)
        if (strncmp(C.pass[i].name, name, SR_NAME - 1) == 0) return &C.pass[i];
    if (C.n == sizeof C.pass / sizeof *C.pass) {
        C.unseen = true;
        return NULL;
    }
    struct sr_pass *p = &C.pass[C.n++];
    (void)strncpy(p->name, name, SR_NAME - 1);
    return p;
}

static void add(const char *name, uint64_t hits, uint64_t met) {
    struct sr_pass *p = named(name);
    if (!p) return;
    p->hits += hits;
    p->met += met;
}

void sr_coverage_add(const struct sr_shared *s, const char *const *expected) {
    for (unsigned i = 0; i < s->npasses; i++) add(s->pass[i].name, s->pass[i].hits, s->pass[i].met);
    for (; expected && *expected; expected++) add(*expected, 0, 0);
    if (s->unseen) C.unseen = true;
}

/* Whether another point of the same structure was passed. */
static bool in_use(const char *name) {
    size_t n = strcspn(name, ".");
    for (unsigned i = 0; i < C.n; i++)
        if (C.pass[i].hits && strncmp(C.pass[i].name, name, n) == 0 && C.pass[i].name[n] == '.')
            return true;
    return false;
}

static void print_some(FILE *to, const char *what, bool (*is)(const struct sr_pass *)) {
    bool first = true;
    for (unsigned i = 0; i < C.n; i++) {
        if (!is(&C.pass[i])) continue;
        (void)fprintf(to, "%s%s", first ? what : " ", C.pass[i].name);
        first = false;
    }
    if (!first) (void)fprintf(to, "\n");
}

static bool never_passed(const struct sr_pass *p) { return p->hits == 0; }
static bool never_met(const struct sr_pass *p) { return p->hits > 0 && p->met == 0; }

void sr_coverage_print(FILE *to, const char *const *known, bool all) {
    for (; known && *known; known++)
        if (in_use(*known)) add(*known, 0, 0);
    if (C.n > 0 && all) {
        (void)fprintf(to, "%-28s %14s %14s\n", "point", "passed",
                      "met"); /* with another thread in the middle of an operation */
        for (unsigned i = 0; i < C.n; i++)
            (void)fprintf(to, "%-28s %14" PRIu64 " %14" PRIu64 "\n", C.pass[i].name, C.pass[i].hits,
                          C.pass[i].met);
        (void)fprintf(
            to, "met: another thread of the run had passed a point of its present operation\n");
    }
    print_some(to, "points never passed: ", never_passed);
    print_some(
        to, "points never passed with another thread past a point of its operation: ", never_met);
    if (C.unseen) (void)fprintf(to, "there are more points than are counted\n");
}
