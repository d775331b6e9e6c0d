/* SPDX-License-Identifier: MIT */
/* bench/ratios.c - see ratios.h. */
#include "ratios.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "interrupt.h"

#define LOOK_EVERY 65536 /* requests, for Ctrl-C */

/* ---- one policy ----------------------------------------------------------------------------------------- */

struct replay {
    const struct wb_policy *policy;
    void *cache;
    const struct wb_trace *trace;
    size_t next; /* atomic */
    uint64_t hits;
};

static void replay_alone(struct replay *r) {
    for (size_t i = 0; i < r->trace->n; i++) {
        if (i % LOOK_EVERY == 0 && wb_interrupted()) return;
        r->hits += r->policy->access(r->cache, r->trace->at[i]);
    }
}

static void *replay_part(void *arg) {
    struct replay *r = arg;
    uint64_t hits = 0;
    for (size_t i; (i = __atomic_fetch_add(&r->next, 1, __ATOMIC_RELAXED)) < r->trace->n;) {
        if (i % LOOK_EVERY == 0 && wb_interrupted()) break;
        hits += r->policy->access(r->cache, r->trace->at[i]);
    }
    (void)__atomic_fetch_add(&r->hits, hits, __ATOMIC_RELAXED);
    return NULL;
}

/* False: a thread could not be made. */
static bool replay_together(struct replay *r, unsigned threads) {
    pthread_t *thread = calloc(threads, sizeof *thread);
    unsigned n = 0;
    while (thread && n < threads && pthread_create(&thread[n], NULL, replay_part, r) == 0) n++;
    if (n < threads) __atomic_store_n(&r->next, r->trace->n, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < n; i++) (void)pthread_join(thread[i], NULL);
    free(thread);
    return n == threads;
}

static bool measure(struct wb_ratio *out, const struct wb_trace *t, size_t capacity, char *why,
                    size_t size) {
    struct replay r = { .policy = out->policy, .trace = t };
    why[0] = '\0';
    r.cache = out->policy->make(capacity, t->keys);
    if (!r.cache) {
        (void)snprintf(why, size, "%s: out of memory for %zu entries", out->policy->name, capacity);
        return false;
    }
    bool fine = true;
    if (out->threads == 1)
        replay_alone(&r);
    else if (!(fine = replay_together(&r, out->threads)))
        (void)snprintf(why, size, "%s: the system refuses %u threads", out->policy->name,
                       out->threads);
    out->hits = r.hits;
    out->len = out->policy->len(r.cache);
    out->policy->dispose(r.cache);
    if (fine && out->len > capacity) {
        (void)snprintf(why, size, "check failed: %s has %zu entries, and room for %zu",
                       out->policy->name, out->len, capacity);
        fine = false;
    }
    return fine && !wb_interrupted();
}

/* ---- a case --------------------------------------------------------------------------------------------- */

static unsigned count(const struct wb_policy *const *list) {
    unsigned n = 0;
    while (list[n]) n++;
    return n;
}

static void plan(struct wb_ratio_case *c, unsigned threads) {
    for (const struct wb_policy *const *p = wb_sims; *p; p++)
        c->ratio[c->n++] = (struct wb_ratio){ .policy = *p, .threads = 1 };
    c->simulated = c->n;
    for (const struct wb_policy *const *p = wb_caches; *p; p++) {
        c->ratio[c->n++] = (struct wb_ratio){ .policy = *p, .real = true, .threads = 1 };
        if ((*p)->shared && threads > 1)
            c->ratio[c->n++] = (struct wb_ratio){ .policy = *p, .real = true, .threads = threads };
    }
}

bool wb_ratios_add(struct wb_ratios *r, const struct wb_ratio_case *what,
                   const struct wb_trace *trace, unsigned threads, char *why, size_t size) {
    struct wb_ratio_case c = *what;
    struct wb_ratio_case *more = realloc(r->at, (r->n + 1) * sizeof *more);
    (void)snprintf(why, size, "out of memory");
    if (!more) return false;
    r->at = more;
    c.requests = trace->n;
    c.keys = trace->keys;
    c.n = c.best = 0;
    c.ratio = calloc(count(wb_sims) + 2 * count(wb_caches) + 1, sizeof *c.ratio);
    if (!c.ratio) return false;
    plan(&c, threads);
    for (unsigned i = 0; i < c.n; i++) {
        if (!measure(&c.ratio[i], trace, c.capacity, why, size)) {
            r->incomplete = true;
            free(c.ratio);
            return false;
        }
        if (i < c.simulated && c.ratio[i].hits > c.ratio[c.best].hits) c.best = i;
    }
    r->at[r->n++] = c;
    return true;
}

void wb_ratios_free(struct wb_ratios *r) {
    for (unsigned i = 0; i < r->n; i++) free(r->at[i].ratio);
    free(r->at);
    *r = (struct wb_ratios){ NULL, 0, false };
}

/* ---- figures -------------------------------------------------------------------------------------------- */

double wb_ratio_percent(const struct wb_ratio_case *c, const struct wb_ratio *r) {
    return c->requests ? 100.0 * (double)r->hits / (double)c->requests : 0;
}

/* The same cache by one thread. */
static const struct wb_ratio *alone(const struct wb_ratio_case *c, const struct wb_ratio *r) {
    for (unsigned i = 0; i < c->n; i++)
        if (c->ratio[i].policy == r->policy && c->ratio[i].threads == 1) return &c->ratio[i];
    return r;
}

bool wb_ratio_met(const struct wb_ratio_case *c, const struct wb_ratio *r) {
    double is = wb_ratio_percent(c, r), best = wb_ratio_percent(c, &c->ratio[c->best]);
    if (!r->real || strcmp(r->policy->name, "weir") != 0) return true;
    if (r->threads > 1) {
        double own = wb_ratio_percent(c, alone(c, r));
        return is - own <= WB_RATIO_THREADS && own - is <= WB_RATIO_THREADS;
    }
    return c->loops ? is > WB_RATIO_LOOP : best - is <= WB_RATIO_POINTS;
}

unsigned wb_ratios_missed(const struct wb_ratios *r) {
    unsigned n = 0;
    for (unsigned c = 0; c < r->n; c++)
        for (unsigned i = 0; i < r->at[c].n; i++) n += !wb_ratio_met(&r->at[c], &r->at[c].ratio[i]);
    return n;
}
