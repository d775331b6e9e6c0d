/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/map_stream.c - all workers call one map, in rounds; each round has a map of its own.
 *
 * mixed     every verb on shared keys and own ones, which come and go in waves, so that the map grows and shrinks
 * busy      long rounds, nine reads of ten
 * tiny      a table of two lines: a handful of keys, all of one place
 * wrap      numbers of grace periods begin just below where their stamps of 48 bits, and 32 bits, end
 * teardown  the map is freed as soon as the last worker has left, in the midst of a move as it comes
 *
 * In a third of the rounds of those that clear, workers also clear the map now and then: then nobody knows its own
 * keys (map_call.h). */
#include "map_blocks.h"
#include "map_body.h"
#include "map_call.h"
#include "meet.h"

#include "../../../lib/rcu.h"

#include <stdlib.h>

struct row {
    uint16_t shared, own, crowd;
    uint32_t quota; /* calls of a worker in a round, at most */
    uint8_t reads;  /* of 100 */
    bool clears, wraps, leaves;
};

struct stream {
    const struct row *row;
    struct meeting meeting;
    struct map_of_all all;
    struct map_caller *caller;
    uint64_t **met;
    struct map_blocks blocks;
    /* of this round */
    bool over, open, counted, clears;
    uint32_t quota;
    uint64_t rounds, resizes;
};

/* ---- rounds --------------------------------------------------------------------------------------------- */

static void open_round(struct stream *s, struct weir_stress_worker *w) {
    static const size_t hints[] = { 0, 0, 0, 100, 2000 };
    s->over = !weir_stress_more(w);
    if (s->over) return;
    s->counted = weir_stress_random(w, 2);
    s->clears = s->row->clears && weir_stress_random(w, 3) == 0;
    s->quota = 1 + (uint32_t)weir_stress_random(w, s->row->quota);
    s->all.seed = 1 + weir_stress_random(w, 1u << 30);
    struct map_shape shape = { .hint = s->row->leaves ? 0 : hints[weir_stress_random(w, 5)],
                               .seed = s->all.seed,
                               .alloc = s->counted ? &s->blocks.as : NULL };
    int rc = s->all.kind->make(&s->all.map, &shape);
    s->open = weir_stress_check(rc == 0, "no map: %s", weir_strerror(rc));
    s->over = !s->open;
    for (unsigned i = 0; i < s->all.workers; i++) {
        caller_forget(&s->caller[i]);
        s->caller[i].exact = !s->clears;
    }
}

static void close_round(struct stream *s, struct map_caller *judge) {
    if (!s->open) return;
    s->resizes += s->all.kind->resizes(s->all.map);
    if (!s->row->leaves) map_at_rest(&s->all, s->caller, judge, s->met[judge->me], !s->clears);
    may_sleep(judge->w);
    int rc = s->all.kind->free(s->all.map);
    slept(judge->w);
    weir_stress_check(rc == 0, "the map cannot be freed: %s", weir_strerror(rc));
    blocks_check(&s->blocks);
    s->open = false;
    s->rounds++;
}

/* ---- calls ---------------------------------------------------------------------------------------------- */

static uint64_t any_key(struct map_caller *c) { return weir_stress_random(c->w, map_keys(c->all)); }

/* One step of filling all own keys, or emptying them. */
static void wave(struct map_caller *c, uint64_t *at) {
    const struct map_of_all *a = c->all;
    uint64_t i = a->shared + a->own * c->me + *at % a->own;
    bool fills = *at / a->own % 2 == 0;
    ++*at;
    if (fills)
        (void)call_map(c, weir_stress_random(c->w, 4) ? DO_PUT : DO_GET_OR_PUT, i);
    else
        (void)call_map(c, weir_stress_random(c->w, 4) ? DO_TAKE : DO_DELETE, i);
}

static void look_at_many(struct map_caller *c) {
    uint64_t numbers[MANY];
    size_t n = weir_stress_random(c->w, MANY + 1);
    for (size_t j = 0; j < n; j++) numbers[j] = any_key(c);
    call_many(c, numbers, n);
}

static void rare_call(struct stream *s, struct map_caller *c) {
    const struct map_of_all *a = c->all;
    uint64_t r = weir_stress_random(c->w, 100);
    if (r < 40) {
        call_walk(c, s->met[c->me], r < 20);
    } else if (r < 95 && !s->clears) { /* a clear that is under way has many to count */
        call_len(c);
    } else {
        may_sleep(c->w);
        bool clears = r < 95;
        int rc = clears ? a->kind->clear(a->map) : a->kind->reserve(a->map, map_keys(a) / 4);
        slept(c->w);
        /* WEIR_EAGAIN: garbage has reached its limit. */
        weir_stress_check(rc == 0 || (!clears && rc == WEIR_EAGAIN), "%s returned %d",
                          clears ? "clear" : "reserve", rc);
    }
}

static void play(struct stream *s, struct map_caller *c) {
    uint64_t at = 0;
    for (uint32_t n = 0; n < s->quota && weir_stress_more(c->w); n++) {
        uint64_t r = weir_stress_random(c->w, 1000);
        if (weir_stress_random(c->w, 100) < s->row->reads) {
            (void)call_map(c, DO_GET, any_key(c));
            continue;
        }
        if (r < 450)
            (void)call_map(c, any_verb(c, 10), weir_stress_random(c->w, c->all->shared));
        else if (r < 950)
            wave(c, &at);
        else if (r < 990)
            look_at_many(c);
        else
            rare_call(s, c);
    }
}

static void stream_thread_of(void *state, struct weir_stress_worker *w) {
    struct stream *s = state;
    struct map_caller *c = &s->caller[weir_stress_index(w)];
    weir_stress_role(w, "caller");
    c->w = w;
    for (;;) {
        if (meet(&s->meeting, w)) {
            close_round(s, c);
            open_round(s, w);
            meet_go(&s->meeting);
        }
        if (s->over) return;
        play(s, c);
    }
}

/* ---- the scenarios -------------------------------------------------------------------------------------- */

/* Before the first period. */
static void near_wrap(struct weir_stress *run) {
    static const uint64_t ends[] = { UINT64_C(1) << 48, UINT64_C(1) << 32, UINT64_C(1) << 63 };
    uint64_t at = ends[weir_stress_seed(run) % 3] - 2 * (weir_stress_seed(run) / 3 % 40);
    weir_store_relaxed(&weir__rcu_clock.number, at);
}

static int setup(void *state, struct weir_stress *run) {
    struct stream *s = state;
    rcu_begins();
    s->row = map_param_of(run);
    unsigned n = weir_stress_threads(run);
    s->all = (struct map_of_all){ .kind = map_kind_of(run),
                                  .shared = s->row->shared,
                                  .own = s->row->own,
                                  .crowd = s->row->crowd,
                                  .workers = n };
    meet_init(&s->meeting, n);
    blocks_init(&s->blocks);
    s->all.made = calloc((size_t)n * MADE_STRIDE, sizeof *s->all.made);
    s->caller = calloc(n, sizeof *s->caller);
    s->met = calloc(n, sizeof *s->met);
    if (!s->all.made || !s->caller || !s->met) return WEIR_ENOMEM;
    for (unsigned i = 0; i < n; i++) {
        s->met[i] = calloc(met_words(&s->all), sizeof *s->met[i]);
        if (!s->met[i] || caller_init(&s->caller[i], &s->all, i) < 0) return WEIR_ENOMEM;
    }
    if (s->row->wraps) near_wrap(run);
    return 0;
}

static void finish(void *state) {
    struct stream *s = state;
    uint64_t calls = 0, least = UINT64_MAX, most = 0;
    for (unsigned i = 0; i < s->all.workers; i++) {
        uint64_t n = s->caller[i].calls;
        calls += n;
        least = n < least ? n : least;
        most = n > most ? n : most;
        caller_fini(&s->caller[i]);
        free(s->met[i]);
    }
    weir_stress_count_of("rounds", s->rounds);
    weir_stress_count_of("calls", calls);
    weir_stress_count_of("resizes", s->resizes);
    if (calls) {
        weir_stress_count_of("least", least * 1000 * s->all.workers / calls);
        weir_stress_count_of("most", most * 1000 * s->all.workers / calls);
    }
    free(s->met);
    free(s->caller);
    free(s->all.made);
    rcu_ends();
}

static const struct row
    mixed = { .shared = 12, .own = 40, .crowd = 4, .quota = 2000, .clears = true },
    busy = { .shared = 40, .own = 400, .quota = 100000, .reads = 90 },
    tiny = { .shared = 3, .own = 2, .crowd = MAP_KEYS, .quota = 400, .clears = true },
    wrap = { .shared = 6, .own = 3, .crowd = MAP_KEYS, .quota = 1000, .wraps = true },
    teardown = { .shared = 4, .own = 60, .crowd = 4, .quota = 150, .leaves = true };

static const char *const points[] = { "map.locked", "map.chained", "map.copied", "map.moved",
                                      NULL };

#define ROW(name_, needs_, plain_, flags_, about_) \
    {                                              \
        .needs = needs_, .plain = plain_, .as = {  \
            .name = #name_,                        \
            .about = about_,                       \
            .flags = flags_,                       \
            .state_size = sizeof(struct stream),   \
            .min_threads = 2,                      \
            .max_threads = MAP_WORKERS,            \
            .setup = setup,                        \
            .thread = stream_thread_of,            \
            .finish = finish,                      \
            .param = &(name_),                     \
            .points = points                       \
        }                                          \
    }

const struct map_body map_stream_bodies[] = {
    ROW(mixed, 0, true, TABLES, "every verb, while keys come and go in waves"),
    ROW(busy, 0, false, TABLES, "long rounds, nine reads of ten"),
    ROW(tiny, 0, false, 0, "a handful of keys that share a line"),
    ROW(wrap, KIND_STAMPS, false, 0, "numbers of grace periods that wrap in their stamps"),
    ROW(teardown, 0, false, TABLES, "freed in the midst of a move, with garbage"),
    { .as = { 0 } },
};
