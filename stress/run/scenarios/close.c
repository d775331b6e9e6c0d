/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/close.c - close against calls that are blocked or about to block: in each round every
 * worker makes one call, and the last two close, at about the moment when the others fall asleep.
 *
 * Nothing is left to chance in what must come out: poppers of an empty ring and pushers into a full one all
 * get WEIR_ECLOSED; one element that is pushed against the close is either refused, and nobody gets it, or
 * accepted, and exactly one of the sleeping poppers gets it. Exactly one close is the first. */
#include "body.h"
#include "meet.h"
#include "place.h"
#include "verbs.h"

#include <stdlib.h>

enum game { POPPERS, PUSHERS, LAST_PUSH, GAMES };

struct part {
    _Alignas(WEIR_LINE) struct tally tally;
    ptrdiff_t rc;
};

struct closing {
    const struct ring_kind *kind;
    struct meeting meeting;
    struct placed ring;
    struct part *part;
    unsigned threads;
    enum game game;
    struct shape shape;
    bool over, open;
    uint64_t rounds, delivered, drops;
};

static void open_round(struct closing *s, struct weir_stress_worker *w) {
    uint64_t v = 1;
    s->open = false;
    s->over = !weir_stress_more(w);
    if (s->over) return;
    s->game = (enum game)weir_stress_random(w, GAMES);
    s->shape = (struct shape){ .cap = 1 + weir_stress_random(w, 3),
                               .size = sizeof v,
                               .place = weir_stress_random(w, 2) ? PLACE_EXACT : PLACE_NEW };
    int rc = placed_open(&s->ring, s->kind, &s->shape, NULL, NULL);
    s->open = weir_stress_check(rc == 0, "no ring: %s", weir_strerror(rc));
    s->over = !s->open;
    for (size_t i = 0; s->open && s->game == PUSHERS && i < s->shape.cap; i++)
        weir_stress_check(s->kind->push(s->ring.in, &v) == 0, "a new ring takes no element");
}

static void judge(struct closing *s) {
    unsigned callers = s->threads - 2, refused = 0, firsts = 0;
    const struct part *p = s->part;
    size_t want = s->game == PUSHERS ? s->shape.cap : 0, len = s->kind->len(s->ring.out);
    for (unsigned i = 0; i < callers; i++) refused += p[i].rc == WEIR_ECLOSED;
    for (unsigned i = callers; i < s->threads; i++) firsts += p[i].rc == 0;
    unsigned got = callers - refused, pushed = s->game == LAST_PUSH && p[0].rc == 1 ? 1 : 0;
    weir_stress_check(got == 2 * pushed,
                      "of %u blocked calls %u were not refused (pushed against the close: %u)",
                      callers, got, pushed);
    weir_stress_check(firsts == 1, "%u calls of close were the first", firsts);
    weir_stress_check(len == want, "length %zu of a closed ring, not %zu", len, want);
    int rc = placed_close(&s->ring, NULL, NULL);
    weir_stress_check(rc == 0, "the ring cannot be ended: %s", weir_strerror(rc));
    s->rounds++;
    s->delivered += pushed;
}

static void pauses(struct weir_stress_worker *w, uint64_t most) {
    for (uint64_t i = weir_stress_random(w, most); i > 0; i--) weir_pause();
}

static void play(struct closing *s, struct weir_stress_worker *w) {
    unsigned me = weir_stress_index(w);
    struct part *p = &s->part[me];
    uint64_t v[1] = { 2 };
    struct caller c = { s->kind, s->ring.out, s->shape.cap, sizeof *v, w, &p->tally };
    enum how how = weir_stress_random(w, 4) ? HOW_WAIT : HOW_FAR;
    if (me >= s->threads - 2) {
        pauses(w, weir_stress_random(w, 2) ? 200 : 5000);
        p->rc = s->kind->close(s->ring.in);
        weir_stress_check(p->rc == 0 || p->rc == WEIR_ECLOSED, "close returned %td", p->rc);
    } else if (s->game == PUSHERS) {
        p->rc = call_push(&c, how, v, weir_stress_random(w, 2));
    } else if (s->game == LAST_PUSH && me == 0) {
        pauses(w, 3000);
        p->rc = call_push(&c, HOW_TRY, v, 0);
        if (p->rc == WEIR_EBUSY) p->rc = WEIR_ECLOSED; /* refused as well */
    } else {
        p->rc = call_pop(&c, how, v, weir_stress_random(w, 2));
        if (p->rc == 1) weir_stress_check(*v == 2, "popped what was never pushed");
    }
    weir_stress_progress(w);
}

static void closing_thread(void *state, struct weir_stress_worker *w) {
    struct closing *s = state;
    weir_stress_role(w, weir_stress_index(w) >= s->threads - 2 ? "closer" : "caller");
    for (;;) {
        if (meet(&s->meeting, w)) {
            if (s->open) judge(s);
            open_round(s, w);
            meet_go(&s->meeting);
        }
        if (s->over) return;
        play(s, w);
    }
}

static int closing_setup(void *state, struct weir_stress *run) {
    struct closing *s = state;
    s->kind = body_of(run)->kind;
    s->threads = weir_stress_threads(run);
    meet_init(&s->meeting, s->threads);
    s->part = aligned_alloc(WEIR_LINE, s->threads * sizeof *s->part);
    if (!s->part) return WEIR_ENOMEM;
    for (unsigned i = 0; i < s->threads; i++) s->part[i] = (struct part){ 0 };
    return 0;
}

static void closing_finish(void *state) {
    struct closing *s = state;
    weir_stress_count_of("rounds", s->rounds);
    weir_stress_count_of("delivered", s->delivered);
    free(s->part);
}

const struct body close_bodies[] = {
    { .name = "close",
      .about = "close against calls that fall asleep, double close, close against the last push",
      .needs = RING_WAITS,
      .min_threads = 4,
      .fenced = true,
      .state_size = sizeof(struct closing),
      .setup = closing_setup,
      .thread = closing_thread,
      .finish = closing_finish },
    { 0 },
};
