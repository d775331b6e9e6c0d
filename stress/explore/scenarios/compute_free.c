/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/compute_free.c - computing calls whose memory, which is a stack's elsewhere, is given back as
 * soon as they have returned: nobody may touch it then. The map is a word, which is 0 while its one key is absent. A
 * letter for each thread: O computes, L with a deadline, @ with the context; E one whose function fails; X cancels. */
#include <weir/ctx.h>

#include "../../../lib/thread.h"
#include "../../../maps/compute.h"
#include "../engine.h"
#include "all.h"

#define DEADLINE INT64_C(1000500000)
#define FAILED (-1000)

static void register_thread(void *arg) {
    (void)arg;
    (void)weir__thread_self();
}

struct freed {
    weir_au64 value;
    weir_ctx *ctx;
};
struct freed_call {
    struct weir__compute c;
    struct freed *s;
    char letter;
};
struct freed_case {
    const char *program;
};

static struct freed_call *call_of(struct weir__compute *c) { return (void *)c; }

static bool look(struct weir__compute *c) {
    return weir_load_acquire(&call_of(c)->s->value, 0) != 0;
}
static int make(struct weir__compute *c, weir_time deadline, weir_ctx *ctx) {
    struct freed_call *f = call_of(c);
    (void)deadline;
    (void)ctx;
    if (f->letter == 'E') return FAILED;
    weir_store_release(&f->s->value, 1, 0);
    return 0;
}

static void freed_setup(void *state) {
    struct freed *s = state;
    for (unsigned i = 0; i < E.sc->threads; i++) weir_model_as(i, register_thread, NULL);
    weir_model_check(weir_ctx_new(&s->ctx, NULL, WEIR_FOREVER) == 0);
}

static void freed_thread(void *state, unsigned who) {
    struct freed *s = state;
    char letter = ((const struct freed_case *)weir_model_param())->program[who];
    if (letter == 'X') {
        (void)weir_ctx_cancel(s->ctx, 0);
        return;
    }
    struct freed_call *f = weir_model_alloc(sizeof *f, _Alignof(struct freed_call));
    weir_model_check(f != NULL);
    *f = (struct freed_call){ { .map = s, .hash = 7, .look = look, .make = make }, s, letter };
    int rc = weir__compute(&f->c, letter == 'L' ? DEADLINE : WEIR_FOREVER,
                           letter == '@' ? s->ctx : NULL);
    weir_model_check(rc == 0 || rc == WEIR_EEXIST || (rc == FAILED && letter == 'E') ||
                     (rc == WEIR_ETIMEDOUT && letter == 'L') ||
                     (rc == WEIR_ECANCELED && letter == '@'));
    weir_model_free(f);
}

static void freed_finish(void *state) { weir_ctx_unref(((struct freed *)state)->ctx); }

#define FREED(var, name_, program_)                           \
    static const struct freed_case var##_case = { program_ }; \
    static const struct weir_model_scenario var = {           \
        .name = name_,                                        \
        .about = program_,                                    \
        .threads = sizeof program_ - 1,                       \
        .param = &var##_case,                                 \
        .state_size = sizeof(struct freed),                   \
        .setup = freed_setup,                                 \
        .thread = freed_thread,                               \
        .finish = freed_finish,                               \
    }
FREED(two, "map.compute.free", "OO");
FREED(fails, "map.compute.free.fails", "EO");
FREED(three, "map.compute.free.three", "OOO");
FREED(fails_three, "map.compute.free.fails.three", "EEO");
FREED(late, "map.compute.free.late", "OLO");
FREED(late_fails, "map.compute.free.late.fails", "ELO");
FREED(cancel, "map.compute.free.cancel", "E@X");

const struct weir_model_scenario *const compute_free_scenarios[] = {
    &two, &fails, &three, &fails_three, &late, &late_fails, &cancel, NULL
};
