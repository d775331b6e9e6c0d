/* SPDX-License-Identifier: MIT */
/* stress/run/worker.c - weir/stress.h for scenarios: workers, random numbers, waits, checks. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inside.h"

struct weir_stress *sr_run;

static void *plain(const char *text) { /* words that are read only, kept in an atomic pointer */
    void *p;
    memcpy(&p, &text, sizeof p);
    return p;
}

/* ---- the run ------------------------------------------------------------------------------------------ */

unsigned weir_stress_threads(const struct weir_stress *run) { return run->threads; }
uint64_t weir_stress_seed(const struct weir_stress *run) { return run->shared->settings.seed; }
const void *weir_stress_param(const struct weir_stress *run) { return run->sc->param; }
int64_t weir_stress_duration(const struct weir_stress *run) {
    return (int64_t)(run->shared->settings.seconds * 1e9);
}

int weir_stress_skip(struct weir_stress *run, const char *why, ...) {
    va_list args;
    va_start(args, why);
    (void)vsnprintf(run->shared->skip, sizeof run->shared->skip, why, args);
    va_end(args);
    return WEIR_STRESS_SKIP;
}

/* ---- workers ---------------------------------------------------------------------------------------------- */

unsigned weir_stress_index(const struct weir_stress_worker *w) { return w->index; }
unsigned weir_stress_count(const struct weir_stress_worker *w) { return w->run->threads; }
struct weir_stress *weir_stress_run(const struct weir_stress_worker *w) { return w->run; }

void weir_stress_role(struct weir_stress_worker *w, const char *role) {
    uint64_t h = w->run->shared->settings.seed;
    for (const char *c = role; *c; c++) h = sr_mix(h ^ (unsigned char)*c);
    w->random = sr_mix(h ^ (uint64_t)w->index << 32);
    weir_store_relaxed(&w->out->role, plain(role));
}

void weir_stress_progress(struct weir_stress_worker *w) {
    weir_store_relaxed(&w->out->inside, 0);
    weir_store_relaxed(&w->out->ops, weir_load_relaxed(&w->out->ops) + 1);
}

bool weir_stress_more(struct weir_stress_worker *w) {
    const struct sr_shared *s = w->run->shared;
    weir_stress_progress(w);
    sr_between(w);
    sr_pass("stress.more");
    if (weir_load_relaxed(&s->stopping) || weir_load_relaxed(&s->failed)) return false;
    if (s->settings.ops && w->calls >= s->settings.ops) return false;
    w->calls++;
    return true;
}

uint64_t weir_stress_random(struct weir_stress_worker *w, uint64_t bound) {
    uint64_t r = sr_next(&w->random);
    return bound ? r % bound : r;
}

/* The attendant reads these words while the worker may go on: it takes them for valid if seq was odd
 * before and is the same after. */
void weir_stress_waits(struct weir_stress_worker *w, bool (*ready)(void *arg), void *arg,
                       weir_time deadline, const char *words) {
    struct sr_worker *out = w->out;
    void *fn;
    memcpy(&fn, &ready, sizeof fn);
    weir_store_relaxed(&out->ready, fn);
    weir_store_relaxed(&out->arg, arg);
    weir_store_relaxed(&out->words, plain(words));
    weir_store_relaxed(&out->deadline, (uint64_t)deadline);
    weir_store_release(&out->seq, weir_load_relaxed(&out->seq) | 1, 0);
    sr_pass("stress.waits");
}

void weir_stress_waited(struct weir_stress_worker *w) {
    uint64_t seq = weir_load_relaxed(&w->out->seq);
    if (seq & 1) weir_store_release(&w->out->seq, seq + 1, 0);
    sr_pass("stress.waited");
}

/* ---- checks ------------------------------------------------------------------------------------------------ */

bool weir_stress_failed(void) { return weir_load_relaxed(&sr_run->shared->failed) != 0; }

bool weir__stress_check_failed(const char *file, int line, const char *cond, const char *text,
                               ...) {
    struct sr_shared *s = sr_run->shared;
    uint32_t none = 0;
    const char *slash = strrchr(file, '/');
    if (!weir_cas_relaxed(&s->failed, &none, 1)) return false;
    int k = snprintf(s->failure, sizeof s->failure, "%s:%d: check failed: %s\n  ",
                     slash ? slash + 1 : file, line, cond);
    if (k < 0 || (size_t)k >= sizeof s->failure) k = (int)sizeof s->failure - 1;
    va_list args;
    va_start(args, text);
    (void)vsnprintf(s->failure + k, sizeof s->failure - (size_t)k, text, args);
    va_end(args);
    weir_store_release(&s->failed, 2, 0);
    return false;
}

void weir_stress_log(const char *text, ...) {
    struct sr_shared *s = sr_run->shared;
    char *line = NULL;
    va_list args;
    va_start(args, text);
    int k = vasprintf(&line, text, args);
    va_end(args);
    if (k < 0) return;
    uint64_t n = (uint64_t)k, at = weir_fetch_add_relaxed(&s->logged, n);
    if (at < SR_LOG) memcpy(s->log + at, line, n <= SR_LOG - at ? n : SR_LOG - at);
    free(line);
}

void weir_stress_count_of(const char *name, uint64_t n) {
    struct sr_shared *s = sr_run->shared;
    unsigned i = 0;
    while (i < s->ncounts && strncmp(s->count[i].name, name, SR_NAME - 1) != 0) i++;
    if (i == SR_COUNTS) return;
    if (i == s->ncounts) {
        (void)strncpy(s->count[i].name, name, SR_NAME - 1);
        s->ncounts++;
    }
    s->count[i].n += n;
}
