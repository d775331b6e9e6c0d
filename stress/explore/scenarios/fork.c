/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/fork.c - forks that are prepared beside sections (lib/fork.h): between prepare and parent
 * nobody is in one, and what was done in them is seen. The first thread prepares; nobody forks. */
#include <weir/rcu.h>

#include "../../../lib/fork.h"
#include "../../../lib/rcu_inside.h"
#include "../engine.h"
#include "all.h"

#define SECTIONS 8

struct state {
    uint64_t place[SECTIONS]; /* each written in one section */
    bool over[SECTIONS];      /* that is, whether it has ended; not announced */
    unsigned begun, inside;   /* neither are these */
    weir_au32 turn;
};

static void make_record(void *arg) {
    (void)arg;
    weir_model_check(weir__thread_self());
}

static void setup(void *state) {
    struct state *s = state;
    *s = (struct state){ .inside = 0 };
    weir_init_atomic(&weir__fork_sections_known, 1);
    for (unsigned i = 0; i < E.sc->threads; i++) weir_model_as(i, make_record, NULL);
}

static void finish(void *state) {
    struct state *s = state;
    weir_model_check(s->inside == 0);
    weir_model_check(weir_load_relaxed(&weir__fork_gate.word) == 0);
}

static void prepare(struct state *s) {
    struct weir_model_op *op = weir_model_begin("prepare", 0);
    weir_model_check(weir_rcu_fork_prepare() == 0);
    weir_model_check(s->inside == 0);
    for (unsigned i = 0; i < SECTIONS; i++)
        if (s->over[i]) weir_model_read(&s->place[i], sizeof s->place[i]);
    (void)weir_load_relaxed(&s->turn); /* others may run */
    weir_model_check(s->inside == 0);
    weir_model_check(weir_rcu_fork_parent() == 0);
    weir_model_end(op, 0);
}

static int section(struct state *s, unsigned deep, weir_time deadline) {
    struct weir__fork_in in = weir__fork_look(deadline, NULL);
    if (in.rc < 0) return in.rc;
    unsigned i = s->begun++;
    s->inside++;
    weir_model_write(&s->place[i], sizeof s->place[i]);
    s->place[i] = 1;
    (void)weir_fetch_add_relaxed(&s->turn, 1);
    if (deep) weir_model_check(section(s, deep - 1, WEIR_NOW) == 0);
    s->over[i] = true;
    s->inside--;
    weir_model_check(weir__rcu_exit(in.g) == 0);
    return 0;
}

static void write_once(struct state *s, unsigned who, unsigned deep) {
    struct weir_model_op *op = weir_model_begin("section", who);
    weir_model_check(section(s, deep, WEIR_FOREVER) == 0);
    weir_model_end(op, 0);
}

/* A writer outside of guards, twice; and one in a guard, which is in two sections at once. */
static void beside_thread(void *state, unsigned who) {
    struct state *s = state;
    if (who == 0) {
        prepare(s);
    } else if (who == 1) {
        write_once(s, who, 0);
        write_once(s, who, 0);
    } else {
        weir_guard g = weir_rcu_enter();
        write_once(s, who, 1);
        weir_model_check(weir_rcu_exit(g) == 0);
    }
}

/* Writers that do not wait, or for a moment: each has written, or not. */
static void late_thread(void *state, unsigned who) {
    struct state *s = state;
    if (who == 0) {
        prepare(s);
        return;
    }
    struct weir_model_op *op = weir_model_begin("section, with a deadline", who);
    int rc = section(s, 0, who == 1 ? WEIR_NOW : weir_after(1));
    weir_model_check(rc == 0 || rc == (who == 1 ? WEIR_EAGAIN : WEIR_ETIMEDOUT));
    weir_model_check(!weir_model_rcu_held());
    weir_model_end(op, rc);
}

/* One that gives up, beside a writer in a section; then one that succeeds. */
static void again_thread(void *state, unsigned who) {
    struct state *s = state;
    if (who == 0) {
        int rc = weir_rcu_fork_prepare_wait(WEIR_NOW, NULL);
        weir_model_check(rc == WEIR_EAGAIN || rc == 0);
        if (rc == 0) {
            weir_model_check(s->inside == 0);
            weir_model_check(weir_rcu_fork_parent() == 0);
        }
        prepare(s);
    } else {
        write_once(s, who, 1);
        write_once(s, who, 0);
    }
}

#define SCENARIO(id, name_, about_, threads_, body) \
    static const struct weir_model_scenario id = {  \
        .name = name_,                              \
        .about = about_,                            \
        .threads = threads_,                        \
        .state_size = sizeof(struct state),         \
        .setup = setup,                             \
        .thread = body,                             \
        .finish = finish,                           \
        .options = "preemptions=1",                 \
    }

SCENARIO(beside, "fork.beside", "a fork beside a writer, and one in a guard", 3, beside_thread);
SCENARIO(late, "fork.late", "a fork beside writers with a deadline", 3, late_thread);
SCENARIO(again, "fork.again", "a fork that gives up, and another", 2, again_thread);

const struct weir_model_scenario *const fork_scenarios[] = { &beside, &late, &again, NULL };
