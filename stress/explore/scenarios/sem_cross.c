/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/sem_cross.c - two semaphores: units released here and then tried for there, by two
 * threads crosswise; and what a semaphore costs that nobody else uses. */
#include <weir/sem.h>

#include "../../../lib/thread.h"
#include "../engine.h"
#include "all.h"

struct state {
    weir_sem sem[2];
    int tried[2];
};

static void register_thread(void *arg) {
    (void)arg;
    (void)weir__thread_self();
}

static void setup(void *state) {
    struct state *s = state;
    for (unsigned i = 0; i < E.sc->threads; i++) weir_model_as(i, register_thread, NULL);
    for (unsigned i = 0; i < 2; i++) {
        weir_model_check(weir_sem_init(&s->sem[i], 2) == 0);
        weir_model_check(weir_sem_try_acquire(&s->sem[i], 2) == 0);
    }
}

/* Thread 2, if there is one, waits for a unit of the first. */
static void cross_thread(void *state, unsigned who) {
    struct state *s = state;
    struct weir_model_op *op = weir_model_begin(who == 2 ? "acquire" : "release, try", 0);
    if (who == 2) {
        weir_model_check(weir_sem_acquire(&s->sem[0], 1) == 0);
    } else {
        weir_model_check(weir_sem_release(&s->sem[who], 2) == 0);
        s->tried[who] = weir_sem_try_acquire(&s->sem[!who], 1);
    }
    weir_model_end(op, 0);
}

static void cross_finish(void *state) {
    const struct state *s = state;
    weir_model_check(s->tried[0] == 0 || s->tried[1] == 0);
}

/* Each thread has a semaphore to itself. A claim is a number of steps, each of which touches memory: a load, and
 * one read-modify-write. */
static void alone_thread(void *state, unsigned who) {
    struct state *s = state;
    for (int i = 0; i < 4; i++) {
        bool release = i % 2 == 0;
        struct weir_model_op *op = weir_model_begin(release ? "release" : "acquire", 0);
        weir_model_claims(2);
        int rc = release ? weir_sem_release(&s->sem[who], 1) : weir_sem_acquire(&s->sem[who], 1);
        weir_model_end(op, rc);
        weir_model_check(rc == 0);
    }
}

#define CROSS(var, name_, about_, threads_)         \
    static const struct weir_model_scenario var = { \
        .name = name_,                              \
        .about = about_,                            \
        .threads = threads_,                        \
        .state_size = sizeof(struct state),         \
        .setup = setup,                             \
        .thread = cross_thread,                     \
        .finish = cross_finish,                     \
    }
CROSS(cross, "sem.cross", "released here, tried there, crosswise: one succeeds", 2);
CROSS(cross_line, "sem.cross.line", "the same, and one waits", 3);

static const struct weir_model_scenario alone = {
    .name = "sem.alone",
    .about = "uncontended, acquire and release are a load and a read-modify-write each",
    .threads = 2,
    .state_size = sizeof(struct state),
    .setup = setup,
    .thread = alone_thread,
    .options = "solo=1",
};

const struct weir_model_scenario *const sem_cross_scenarios[] = { &cross, &cross_line, &alone,
                                                                  NULL };
