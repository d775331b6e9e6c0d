/* SPDX-License-Identifier: MIT */
/* stress/common/command.c - see command.h. */
#include "command.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- the command line ------------------------------------------------------------------------------------ */

static int add_pair(struct cm_command *c, const char *key, size_t klen, const char *value,
                    char *why, size_t n) {
    struct cm_pair *p = &c->pair[c->npairs];
    if (c->npairs == CM_PAIRS || klen >= sizeof p->key) {
        (void)snprintf(why, n, "too long: %.*s=%s", (int)klen, key, value);
        return -1;
    }
    memcpy(p->key, key, klen);
    p->key[klen] = '\0';
    p->value = value;
    c->npairs++;
    return 0;
}

static bool is_flag(const struct cm_flag *flags, const char *a) {
    for (; flags->name; flags++)
        if (strcmp(a, flags->name) == 0) return *flags->to = true;
    return false;
}

static const char **is_text(const struct cm_text *texts, const char *a) {
    for (; texts->name; texts++)
        if (strcmp(a, texts->name) == 0) return texts->to;
    return NULL;
}

/* One word, and the next where it needs one. Returns how many were used, or -1. */
static int word(struct cm_command *c, char **argv, const struct cm_text *texts, char *why,
                size_t n) {
    const char *a = argv[0], *next = argv[1], *eq = strchr(a, '=');
    bool dashes = strncmp(a, "--", 2) == 0;
    const char **text = is_text(texts, a), *key = dashes ? a + 2 : a;
    if (text) {
        if (!next) (void)snprintf(why, n, "%s needs a name", a);
        *text = next;
        return next ? 2 : -1;
    }
    if (eq) return add_pair(c, key, (size_t)(eq - key), eq + 1, why, n) < 0 ? -1 : 1;
    if (dashes && next) return add_pair(c, key, strlen(key), next, why, n) < 0 ? -1 : 2;
    if (!dashes && a[0] != '-' && c->nnames < CM_NAMES) {
        c->name[c->nnames++] = a;
        return 1;
    }
    if (a[0] != '-') {
        (void)snprintf(why, n, "more than %d names of scenarios; patterns may stand for many",
                       CM_NAMES);
        return -1;
    }
    (void)snprintf(why, n, "unknown option%s: %s", dashes ? ", or one without its value" : "", a);
    return -1;
}

int cm_parse(struct cm_command *c, int argc, char **argv, const struct cm_flag *flags,
             const struct cm_text *texts, char *why, size_t n) {
    *c = (struct cm_command){ 0 };
    for (int i = 1; i < argc;) {
        int used = is_flag(flags, argv[i]) ? 1 : word(c, argv + i, texts, why, n);
        if (used < 0) return -1;
        i += used;
    }
    return 0;
}

/* ---- scenarios --------------------------------------------------------------------------------------------- */

bool cm_wanted(const struct cm_command *c, const char *name, bool may) {
    for (unsigned i = 0; i < c->nnames; i++) {
        if (strcmp(c->name[i], name) == 0) return true;
        if (may && fnmatch(c->name[i], name, 0) == 0) return true;
    }
    return c->nnames == 0 && may;
}

const char *cm_unknown(const struct cm_command *c, const char *(*name_of)(const void *, size_t),
                       const void *scenarios, size_t n) {
    for (unsigned i = 0; i < c->nnames; i++) {
        size_t k = 0;
        while (k < n && fnmatch(c->name[i], name_of(scenarios, k), 0) != 0) k++;
        if (k == n) return c->name[i];
    }
    return NULL;
}

/* ---- values -------------------------------------------------------------------------------------------------- */

bool cm_number(const char *v, long long lo, long long hi, long long *to) {
    char *end;
    errno = 0;
    *to = strtoll(v, &end, 0);
    return errno == 0 && *v && *end == '\0' && *to >= lo && *to <= hi;
}

bool cm_unsigned(const char *v, uint64_t *to) {
    char *end;
    errno = 0;
    *to = strtoull(v, &end, 0);
    return errno == 0 && *v && *v != '-' && *end == '\0';
}

bool cm_seconds(const char *v, double *to) {
    char *end;
    double x = strtod(v, &end), unit = 1;
    if (end == v) return false;
    if (*end == 'm') unit = 60;
    if (*end == 'h') unit = 3600;
    if (*end == 's' || unit > 1) end++;
    *to = x * unit;
    return *end == '\0' && isfinite(*to) && *to >= 0 && *to < 1e8;
}

bool cm_each(const char *list, const char *separators, bool (*one)(void *arg, const char *word),
             void *arg) {
    char copy[1024];
    size_t words = 0;
    if ((size_t)snprintf(copy, sizeof copy, "%s", list) >= sizeof copy) return false;
    for (char *save, *w = strtok_r(copy, separators, &save); w;
         w = strtok_r(NULL, separators, &save)) {
        if (!one(arg, w)) return false;
        words++;
    }
    return words > 0;
}

int cm_refuse(const char *key, const char *value, bool known, char *why, size_t n) {
    if (known)
        (void)snprintf(why, n, "%s=%s: not a value of this key; see --help", key, value);
    else
        (void)snprintf(why, n, "unknown key %s; see --help", key);
    return -1;
}

uint64_t cm_seed(void) {
    struct timespec ts;
    (void)clock_gettime(CLOCK_REALTIME, &ts);
    return ((uint64_t)ts.tv_sec ^ (uint64_t)ts.tv_nsec << 20) % 1000000000;
}
