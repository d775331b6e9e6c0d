/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/map_still.c - threads that stand still.
 *
 * suspend   worker 0 is stopped at each point of its calls in turn, and goes on only when every reader has ended a
 *           number of reads. Writers, every other one of the rest, may have to wait meanwhile. This scenario has the
 *           points' hook to itself, so that no other delays are injected
 * stalled   worker 0 stays in a guard, and looks at what it found, until garbage has reached its limit and a writer
 *           was refused or has to wait: writers with a deadline come back, reads go on, what is replaced in its place does
 *           too, garbage stays within the bound; once the reader leaves, all of it goes away */
#include "map_body.h"
#include "map_call.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <weir/atomic.h>
#include <weir/rcu.h>

#define CALLS 50    /* that each of the others ends meanwhile */
#define PATIENCE 10 /* seconds for that */
#define TRIES 4000  /* calls of worker 0 until it passes the point */

struct still {
    struct map_of_all all;
    struct map_caller caller[MAP_WORKERS];
    weir_au64 ended[MAP_WORKERS * MADE_STRIDE];
    weir_au32 done; /* worker 0 is through: the others wait for it, not it for them */
    uint64_t stops, peak;
    bool seen[16];
};

static void ended_one(struct still *s, unsigned me) {
    weir_au64 *n = &s->ended[me * MADE_STRIDE];
    weir_store_relaxed(n, weir_load_relaxed(n) + 1);
}

static void nap(void) { (void)nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL); }

/* That readers go on is the check. */
static void others_go_on(struct still *s, const char *where) {
    uint64_t before[MAP_WORKERS] = { 0 };
    weir_time until = weir_after(INT64_C(1000000000) * PATIENCE);
    for (unsigned i = 1; i < s->all.workers; i++)
        before[i] = weir_load_relaxed(&s->ended[i * MADE_STRIDE]);
    for (unsigned i = 1; i < s->all.workers; i += 2) {
        const weir_au64 *n = &s->ended[i * MADE_STRIDE];
        for (; weir_load_relaxed(n) - before[i] < CALLS && !weir_stress_failed(); nap())
            if (!weir_stress_check(
                    weir_now() < until, "worker %u ended %llu reads in %d s while worker 0 %s", i,
                    (unsigned long long)(weir_load_relaxed(n) - before[i]), PATIENCE, where))
                return;
    }
    s->stops++;
}

/* ---- at a point ----------------------------------------------------------------------------------------- */

static __thread const char *stop_at; /* of worker 0 */
static __thread struct still *stopped_in;

static void at_point(const char *name) {
    char where[80];
    if (!stop_at || strcmp(stop_at, name) != 0) return;
    int saved = errno;
    stop_at = NULL;
    (void)snprintf(where, sizeof where, "stood at %s", name);
    others_go_on(stopped_in, where);
    errno = saved;
}

/* Fills its own keys and empties them: it makes chains, grows and shrinks the map. */
static void write_one(struct map_caller *c, uint64_t *at) {
    const struct map_of_all *a = c->all;
    uint64_t i = a->shared + c->me * a->own + *at % a->own;
    (void)call_map(c, *at / a->own % 2 ? DO_TAKE : DO_SWAP, i);
    ++*at;
}

static void be_stopped(struct still *s, struct map_caller *c) {
    const char *const *points = s->all.kind->points;
    uint64_t at = 0;
    size_t n = 0;
    do n++;
    while (points[n]);
    weir_set_point_hook(at_point);
    stopped_in = s;
    for (size_t i = (size_t)weir_stress_random(c->w, n); weir_stress_more(c->w); i = (i + 1) % n) {
        stop_at = points[i];
        for (int k = 0; k < TRIES && stop_at && !weir_stress_failed(); k++) {
            write_one(c, &at);
            (void)call_map(c, DO_GET, weir_stress_random(c->w, map_keys(&s->all)));
            weir_stress_progress(c->w);
        }
        s->seen[i] = s->seen[i] || !stop_at;
        stop_at = NULL;
    }
}

/* ---- the others ----------------------------------------------------------------------------------------- */

static void read_some(struct still *s, struct map_caller *c) {
    uint64_t numbers[MANY], keys = map_keys(&s->all);
    for (size_t j = 0; j < MANY; j++) numbers[j] = weir_stress_random(c->w, keys);
    if (weir_stress_random(c->w, 8)) {
        (void)call_map(c, DO_GET, numbers[0]);
    } else {
        call_many(c, numbers, MANY);
    }
}

/* While worker 0 is there, which may be alone with them on a processor. */
static void go_on(struct still *s, struct map_caller *c) {
    bool reads = c->me % 2;
    uint64_t at = 0, vain = 0;
    while (weir_stress_more(c->w) || (!weir_load_relaxed(&s->done) && !weir_stress_failed())) {
        if (reads)
            read_some(s, c);
        else if (weir_stress_random(c->w, 3))
            write_one(c, &at);
        else
            (void)call_map(c, any_verb(c, 0), weir_stress_random(c->w, s->all.shared));
        weir_stress_progress(c->w);
        ended_one(s, c->me);
        if (++vain % 64 == 0) (void)sched_yield();
    }
}

static void suspend_thread(void *state, struct weir_stress_worker *w) {
    struct still *s = state;
    struct map_caller *c = &s->caller[weir_stress_index(w)];
    c->w = w;
    weir_stress_role(w, c->me == 0 ? "victim" : c->me % 2 ? "reader" : "writer");
    if (c->me > 0) {
        go_on(s, c);
        return;
    }
    be_stopped(s, c);
    weir_store_relaxed(&s->done, 1);
}

/* ---- in a guard ----------------------------------------------------------------------------------------- */

#define HARD (256 << 10)
#define WEIGHT 2048 /* bytes that a block says it has */
#define LONGEST 100 /* milliseconds in a guard */

struct block {
    struct weir_rcu_head head;
    uint64_t a, b; /* b == ~a until it is freed */
};

/* What all look at: replaced by writers, each of which retires what it got. */
static weir_aptr current;

static void free_block(struct weir_rcu_head *head) {
    struct block *b = (struct block *)(void *)head;
    b->b = b->a;
    free(b);
}

static struct block *new_block(uint64_t a) {
    struct block *b = malloc(sizeof *b);
    if (!weir_stress_check(b, "no memory")) return NULL;
    *b = (struct block){ .a = a, .b = ~a };
    return b;
}

static bool is_late(int rc) { return rc == WEIR_ETIMEDOUT || rc == WEIR_EAGAIN; }

/* The bound of weir/rcu.h: of each thread one call's bytes, which may be a table's, and a quantum. */
static void check_garbage(struct still *s) {
    struct weir_rcu_stats r = WEIR_RCU_STATS;
    uint64_t call = 256 + 64 * map_keys(&s->all);
    if (call < WEIGHT) call = WEIGHT;
    uint64_t most = HARD + s->all.workers * (call + HARD / 4096);
    weir_stress_check(weir_rcu_read_stats(&r) == 0, "no statistics");
    weir_stress_check(r.bytes <= most, "%llu bytes wait for a grace period, the limit is %llu",
                      (unsigned long long)r.bytes, (unsigned long long)most);
    if (r.bytes > s->peak) s->peak = r.bytes;
}

static void be_stalled(struct still *s, struct map_caller *c) {
    while (weir_stress_more(c->w)) {
        weir_time until = weir_after(INT64_C(1000000) * (int64_t)weir_stress_random(c->w, LONGEST));
        weir_guard g = weir_rcu_enter();
        const struct block *b = weir_load_acquire(&current, 0);
        uint64_t a = b->a;
        for (bool first = true; weir_stress_more(c->w) && weir_now() < until; first = false) {
            weir_stress_check(b->a == a && b->b == ~a, "a block was freed inside a guard");
            read_some(s, c);
            if (!first) nap();
            check_garbage(s);
        }
        if (weir_stress_random(c->w, 4) == 0) others_go_on(s, "was in a guard");
        weir_stress_check(b->a == a && b->b == ~a, "a block was freed inside a guard");
        weir_stress_check(weir_rcu_exit(g) == 0, "a guard cannot be released");
        for (uint64_t i = weir_stress_random(c->w, 50); i > 0; i--) nap();
    }
}

/* Room first, with a deadline; then out of reach; then retired. */
static void replace_block(struct still *s, struct map_caller *c) {
    weir_time d = weir_stress_random(c->w, 2) ? WEIR_NOW : weir_after(200000);
    int rc = weir_rcu_room_wait(WEIGHT, d, NULL);
    if (is_late(rc)) {
        weir_stress_check(rc == (d == WEIR_NOW ? WEIR_EAGAIN : WEIR_ETIMEDOUT) &&
                              (d == WEIR_NOW || weir_now() >= d),
                          "room_wait: %d", rc);
        return;
    }
    weir_stress_check(rc == 0, "room_wait returned %d", rc);
    struct block *b = new_block(s->all.workers + c->calls);
    if (!b) return;
    struct block *old = weir_exchange_acq_rel(&current, b, 0);
    weir_stress_check(weir_rcu_retire(&old->head, WEIGHT, free_block) == 0, "retire");
}

static void stalled_thread(void *state, struct weir_stress_worker *w) {
    struct still *s = state;
    struct map_caller *c = &s->caller[weir_stress_index(w)];
    bool reads = c->me % 2;
    uint64_t at = 0;
    c->w = w;
    weir_stress_role(w, c->me == 0 ? "staller" : reads ? "reader" : "writer");
    if (c->me == 0) {
        be_stalled(s, c);
        weir_store_relaxed(&s->done, 1);
        return;
    }
    while (weir_stress_more(w) || (!weir_load_relaxed(&s->done) && !weir_stress_failed())) {
        c->deadline = weir_stress_random(w, 2) ? WEIR_NOW : weir_after(200000);
        if (reads || weir_stress_random(w, 4) == 0) read_some(s, c);
        write_one(c, &at);
        if (weir_stress_random(w, 8) == 0) replace_block(s, c);
        weir_stress_progress(w);
        ended_one(s, c->me);
        if (at % 64 == 0) (void)sched_yield();
    }
}

/* ---- the scenarios -------------------------------------------------------------------------------------- */

static int setup(void *state, struct weir_stress *run) {
    struct still *s = state;
    bool stalls = map_param_of(run) != NULL;
    rcu_begins();
    unsigned n = weir_stress_threads(run);
    s->all = (struct map_of_all){ .kind = map_kind_of(run),
                                  .shared = 8,
                                  .own = 60,
                                  .crowd = 8 + 20, /* the victim's first ones, too */
                                  .seed = 1 + weir_stress_seed(run) % 1000003,
                                  .workers = n };
    s->all.made = calloc((size_t)n * MADE_STRIDE, sizeof *s->all.made);
    if (!s->all.made) return WEIR_ENOMEM;
    for (unsigned i = 0; i < n; i++) {
        if (caller_init(&s->caller[i], &s->all, i) < 0) return WEIR_ENOMEM;
        s->caller[i].exact = true;
    }
    if (stalls) {
        weir_init_atomic(&current, new_block(1));
        if (weir_rcu_set_limits(HARD / 4, HARD) < 0) return WEIR_EINVAL;
    }
    struct map_shape shape = { .seed = s->all.seed };
    return s->all.kind->make(&s->all.map, &shape);
}

static void end(struct still *s) {
    weir_stress_count_of("stops", s->stops);
    weir_stress_count_of("resizes", s->all.kind->resizes(s->all.map));
    weir_stress_check(s->all.kind->free(s->all.map) == 0, "the map cannot be freed");
    for (unsigned i = 0; i < s->all.workers; i++) caller_fini(&s->caller[i]);
    free(s->all.made);
    rcu_ends();
}

static void suspend_finish(void *state) {
    struct still *s = state;
    uint64_t points = 0;
    for (size_t i = 0; i < sizeof s->seen; i++) points += s->seen[i];
    weir_stress_count_of("points", points);
    end(s);
}

static void stalled_finish(void *state) {
    struct still *s = state;
    uint64_t refused = 0;
    struct weir_rcu_stats r = WEIR_RCU_STATS;
    for (unsigned i = 0; i < s->all.workers; i++) refused += s->caller[i].refused;
    struct block *b = weir_load_relaxed(&current);
    weir_stress_check(weir_rcu_retire(&b->head, WEIGHT, free_block) == 0, "retire");
    end(s);
    weir_stress_check(weir_rcu_read_stats(&r) == 0, "no statistics");
    weir_stress_count_of("refused", refused);
    weir_stress_count_of("waited", r.waited);
    weir_stress_count_of("peak", s->peak);
}

static const bool stalls = true;

#define ROW(name_, needs_, about_, param_)      \
    {                                           \
        .needs = needs_, .as = {                \
            .name = #name_,                     \
            .about = about_,                    \
            .state_size = sizeof(struct still), \
            .min_threads = 2,                   \
            .max_threads = MAP_WORKERS,         \
            .setup = setup,                     \
            .thread = name_##_thread,           \
            .finish = name_##_finish,           \
            .param = param_                     \
        }                                       \
    }

const struct map_body map_still_bodies[] = {
    ROW(suspend, KIND_STANDS, "one worker stands still at each point, readers go on", NULL),
    ROW(stalled, KIND_GARBAGE, "a reader stays in its guard until garbage has reached its limit",
        &stalls),
    { .as = { 0 } },
};
