/* SPDX-License-Identifier: MIT */
/* stress/explore/race.c - data races on plain memory, by vector clocks, in the order of execution.
 *
 * A release operation leaves its thread's clock at the location; an acquire operation that reads the
 * location joins it. A read-modify-write of lesser order carries on what it found there (the release
 * sequence); a plain atomic store of lesser order wipes it out. Mutexes, and grace periods of the
 * model RCU, order as they should; a futex call orders nothing. Copies of elements and what the scenario
 * announces (weir_model_read, weir_model_write) are checked in granules of 8 bytes: a write must come
 * after all reads and writes before it, a read after all writes. Freeing a block must come after every
 * access to it, the atomic ones too.
 *
 * This sees orders that are missing, under sequentially consistent memory, where the values read are
 * still right: what ThreadSanitizer sees, but over all schedules. It does not see what an atomic
 * access alone depends on: that needs stale reads. Plain accesses that nobody announces are not seen.
 *
 * Entries belong to an execution by its number, so nothing has to be cleared. */
#include "race.h"

#include <string.h>

#define LOCATIONS 4096
#define GRANULE 8

struct clock {
    uint32_t at[EX_TASKS];
};

struct location { /* of an atomic, a mutex */
    uint64_t execution;
    const void *p;
    struct clock released;
};

struct shadow { /* of plain memory */
    uint64_t execution;
    uintptr_t granule;
    uint32_t written_at, read_at[EX_TASKS];
    uint8_t writer;
    uint64_t write_step;
    const struct weir__site *write_site;
};

static struct clock now[EX_TASKS], grace;
static struct location locations[LOCATIONS];
static struct shadow shadows[LOCATIONS];
static uint64_t execution;

void ex_race_reset(void) {
    execution++;
    memset(now, 0, sizeof now);
    memset(&grace, 0, sizeof grace);
    for (unsigned i = 0; i < EX_TASKS; i++) now[i].at[i] = 1;
}

static size_t slot_of(uintptr_t x) {
    return (size_t)((x * UINT64_C(0x9E3779B97F4A7C15)) >> 52) % LOCATIONS;
}

static struct location *location_of(const void *p) {
    for (size_t i = slot_of((uintptr_t)p), k = 0; k < LOCATIONS; i = (i + 1) % LOCATIONS, k++) {
        struct location *l = &locations[i];
        if (l->execution == execution && l->p != p) continue;
        if (l->execution != execution) *l = (struct location){ .execution = execution, .p = p };
        return l;
    }
    ex_fail(EX_F_MISUSE, "more than %d atomics in one execution", LOCATIONS);
}

static void join(struct clock *c, const struct clock *o) {
    for (unsigned i = 0; i < EX_TASKS; i++)
        if (o->at[i] > c->at[i]) c->at[i] = o->at[i];
}

/* ---- edges ------------------------------------------------------------------------------------------------ */

static bool acquires(int order) {
    return order == WEIR__ACQ || order == WEIR__ARL || order == WEIR__SEQ;
}
static bool releases(int order) {
    return order == WEIR__REL || order == WEIR__ARL || order == WEIR__SEQ;
}

void ex_race_load(const struct ex_task *t, const void *p, int order) {
    if (acquires(order)) join(&now[t->id], &location_of(p)->released);
}

void ex_race_store(const struct ex_task *t, const void *p, int order) {
    struct location *l = location_of(p);
    if (releases(order)) {
        l->released = now[t->id];
        now[t->id].at[t->id]++;
    } else {
        memset(&l->released, 0, sizeof l->released);
    }
}

void ex_race_rmw(const struct ex_task *t, const void *p, int order) {
    struct location *l = location_of(p);
    if (acquires(order)) join(&now[t->id], &l->released);
    if (releases(order)) {
        join(&l->released, &now[t->id]);
        now[t->id].at[t->id]++;
    }
}

void ex_race_leave_section(const struct ex_task *t) {
    join(&grace, &now[t->id]);
    now[t->id].at[t->id]++;
}

void ex_race_grace_period(const struct ex_task *t) { join(&now[t->id], &grace); }

/* ---- plain accesses ------------------------------------------------------------------------------------------- */

static struct shadow *shadow_of(uintptr_t granule) {
    for (size_t i = slot_of(granule), k = 0; k < LOCATIONS; i = (i + 1) % LOCATIONS, k++) {
        struct shadow *s = &shadows[i];
        if (s->execution == execution && s->granule != granule) continue;
        if (s->execution != execution)
            *s = (struct shadow){ .execution = execution, .granule = granule };
        return s;
    }
    ex_fail(EX_F_MISUSE, "more than %d words of plain memory in one execution", LOCATIONS);
}

/* "copy.h:49", or for an announced access "in pop". */
static const char *place(const struct weir__site *at, const struct ex_task *t, char *text,
                         size_t n) {
    const char *slash = at ? strrchr(at->file, '/') : NULL;
    if (at)
        (void)snprintf(text, n, "%s:%d", slash ? slash + 1 : at->file, at->line);
    else
        (void)snprintf(text, n, "in %s", t->op ? t->op->name : "no operation");
    return text;
}

static void race(const struct ex_task *t, const char *what, const struct shadow *s,
                 const struct weir__site *at) {
    char here[80], there[80];
    ex_fail(EX_F_RACE, "T%u %s, %s: nothing orders it after T%u's write at step %llu, %s", t->id,
            what, place(at, t, here, sizeof here), s->writer, (unsigned long long)s->write_step,
            place(s->write_site, &E.task[s->writer], there, sizeof there));
}

void ex_race_read(const struct ex_task *t, const void *p, size_t n, const struct weir__site *at) {
    uintptr_t first = (uintptr_t)p / GRANULE, last = ((uintptr_t)p + n + GRANULE - 1) / GRANULE;
    for (uintptr_t g = first; g < last; g++) {
        struct shadow *s = shadow_of(g);
        if (s->written_at > now[t->id].at[s->writer]) race(t, "reads", s, at);
        s->read_at[t->id] = now[t->id].at[t->id];
    }
}

void ex_race_write(const struct ex_task *t, const void *p, size_t n, const struct weir__site *at) {
    char here[80];
    uintptr_t first = (uintptr_t)p / GRANULE, last = ((uintptr_t)p + n + GRANULE - 1) / GRANULE;
    for (uintptr_t g = first; g < last; g++) {
        struct shadow *s = shadow_of(g);
        if (s->written_at > now[t->id].at[s->writer]) race(t, "writes", s, at);
        for (unsigned u = 0; u < EX_TASKS; u++)
            if (s->read_at[u] > now[t->id].at[u])
                ex_fail(EX_F_RACE, "T%u writes, %s: nothing orders it after a read by T%u", t->id,
                        place(at, t, here, sizeof here), u);
        s->written_at = now[t->id].at[t->id];
        s->writer = (uint8_t)t->id;
        s->write_step = E.steps;
        s->write_site = at;
    }
}

void ex_race_touch(const struct ex_task *t, uint32_t used[EX_TASKS]) {
    used[t->id] = now[t->id].at[t->id];
}

/* Returns a thread whose last access to the block is not ordered before t; EX_TASKS: all are. */
unsigned ex_race_free(const struct ex_task *t, const uint32_t used[EX_TASKS]) {
    unsigned u = 0;
    while (u < EX_TASKS && used[u] <= now[t->id].at[u]) u++;
    return u;
}
