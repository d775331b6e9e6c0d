/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/rcu_retire.c - weir/rcu.h over the model RCU: what is retired, against readers, against threads that
 * end, against those who wait. The last threads of a scenario are weir's. Whoever of the others is through last has weir's thread
 * end once nothing is asked for; everything has to be freed then. */
#include <weir/rcu.h>

#include "../../../lib/rcu_inside.h"
#include "../engine.h"
#include "all.h"
#include "made.h"

struct object {
    struct weir_rcu_head head;
    uint64_t value; /* plain */
    weir_au32 *freed;
    struct object *then;
};

#define OBJECTS 3

struct state {
    weir_aptr current;
    struct object *made[OBJECTS]; /* not retired yet; each for one thread */
    weir_au32 users, wanted;      /* who is not through; who may ask for a thread */
    weir_au32 freed, alive;
    uint64_t place;
};

struct shape {
    unsigned threads; /* that weir may make */
    unsigned objects;
    size_t hard;
};
static const struct shape *shape(void) { return weir_model_param(); }

static void make_record(void *arg) {
    (void)arg;
    weir_model_check(weir__thread_self());
}

static void setup(void *state) {
    struct state *s = state;
    unsigned users = E.sc->threads - shape()->threads;
    ex_threads_left = shape()->threads;
    weir_init_atomic(&s->users, users);
    weir_init_atomic(&s->wanted, users);
    for (unsigned i = 0; i < E.sc->threads; i++) weir_model_as(i, make_record, NULL);
    if (shape()->hard) weir_model_check(weir_rcu_set_limits(shape()->hard, shape()->hard) == 0);
    for (unsigned i = 0; i < shape()->objects; i++) {
        s->made[i] = weir_model_alloc(sizeof *s->made[i], 8);
        weir_model_check(s->made[i]);
        *s->made[i] = (struct object){ .value = i + 1, .freed = &s->freed };
    }
    weir_init_atomic(&s->current, s->made[0]);
    weir_init_atomic(&s->alive, 1);
    s->place = 1;
}

static void all_freed(void *state) {
    struct state *s = state;
    weir_model_check(weir_load_relaxed(&s->freed) == shape()->objects);
}
static void none_left(void *state) { (void)state; }

static bool serves(unsigned who) { return made_serves(who, shape()->threads, weir__rcu_main); }

static void through(struct state *s) {
    if (weir_fetch_sub_acq_rel(&s->users, 1, 0) == 1) {
        weir__lock(&weir__rcu.lock);
        weir__rcu.stops++;
        weir__unlock(&weir__rcu.lock);
        weir__rcu_nudge();
    }
    made_through(&s->wanted);
}

static void free_object(struct weir_rcu_head *head) {
    struct object *o = (struct object *)(void *)head;
    struct object *then = o->then;
    weir_model_write(&o->value, sizeof o->value);
    weir_model_check(!weir_model_rcu_held());
    (void)weir_fetch_add_relaxed(o->freed, 1);
    weir_model_free(o);
    if (then) weir_model_check(weir_rcu_retire(&then->head, 8, free_object) == 0);
}

static void retire(struct object *o) {
    struct weir_model_op *op = weir_model_begin("retire", 0);
    weir_model_write(&o->value, sizeof o->value);
    o->value = 9;
    weir_model_check(weir_rcu_retire(&o->head, 8, free_object) == 0);
    weir_model_end(op, 0);
}

/* ---- a reader against a writer ---------------------------------------------------------------------------------- */

static void retire_thread(void *state, unsigned who) {
    struct state *s = state;
    if (serves(who)) return;
    if (who == 0) {
        struct weir_model_op *op = weir_model_begin("read", 0);
        weir_guard g = weir_rcu_enter();
        struct object *o = weir_load_acquire(&s->current, 0);
        if (o) weir_model_read(&o->value, sizeof o->value);
        weir_model_check(weir_rcu_exit(g) == 0);
        weir_model_end(op, 0);
    } else {
        struct object *o = weir_exchange_acq_rel(&s->current, NULL, 0);
        weir_model_check(weir_rcu_retire(&o->head, 8, free_object) == 0);
    }
    through(s);
}

/* Two objects of one thread: the second finds the bag not empty, or just taken. */
static void again_thread(void *state, unsigned who) {
    struct state *s = state;
    if (serves(who)) return;
    retire(s->made[0]);
    retire(s->made[1]);
    through(s);
}

/* Two threads, which end then, with their bags full or not. */
static void two_thread(void *state, unsigned who) {
    struct state *s = state;
    if (serves(who)) return;
    retire(s->made[who]);
    through(s);
}

/* ---- room ------------------------------------------------------------------------------------------------------------ */

static void room_thread(void *state, unsigned who) {
    struct state *s = state;
    if (serves(who)) return;
    if (who == 0) {
        weir_guard g = weir_rcu_enter();
        weir_model_check(weir_rcu_exit(g) == 0);
    } else {
        retire(s->made[0]);
        struct weir_model_op *op = weir_model_begin("room", 0);
        weir_model_check(weir_rcu_room(8) == 0);
        weir_model_check(weir_load_relaxed(&s->freed) == 1); /* the limit is one object */
        weir_model_end(op, 0);
    }
    through(s);
}

/* ---- barrier ------------------------------------------------------------------------------------------------------------ */

static void barrier_thread(void *state, unsigned who) {
    struct state *s = state;
    if (serves(who)) return;
    if (who == 0) {
        retire(s->made[0]);
        weir_store_release(&s->alive, 0, 0);
    } else {
        struct weir_model_op *op = weir_model_begin("barrier", 0);
        bool retired = weir_load_acquire(&s->alive, 0) == 0;
        weir_model_check(weir_rcu_barrier() == 0);
        weir_model_check(!retired || weir_load_relaxed(&s->freed) == 1);
        weir_model_end(op, 0);
    }
    through(s);
}

/* What a function retires, a barrier waits for as well. */
static void deep_thread(void *state, unsigned who) {
    struct state *s = state;
    if (serves(who)) return;
    s->made[0]->then = s->made[1];
    retire(s->made[0]);
    struct weir_model_op *op = weir_model_begin("barrier", 0);
    weir_model_check(weir_rcu_barrier() == 0);
    weir_model_check(weir_load_relaxed(&s->freed) == 2);
    weir_model_end(op, 0);
    through(s);
}

/* ---- shutdown ----------------------------------------------------------------------------------------------------------- */

static void shutdown_thread(void *state, unsigned who) {
    struct state *s = state;
    if (serves(who)) return;
    if (who == 0) {
        retire(s->made[0]);
    } else {
        struct weir_model_op *op = weir_model_begin("shutdown", 0);
        weir_model_check(weir_shutdown() == 0);
        weir_model_end(op, 0);
    }
    through(s);
}

/* And after a retire of its own. */
static void alone_thread(void *state, unsigned who) {
    struct state *s = state;
    if (serves(who)) return;
    retire(s->made[0]);
    struct weir_model_op *op = weir_model_begin("shutdown", 0);
    weir_model_check(weir_shutdown() == 0);
    weir_model_check(weir_load_relaxed(&s->freed) == 1);
    weir_model_end(op, 0);
    retire(s->made[1]);
    through(s);
}

/* ---- the number of the period ------------------------------------------------------------------------------------------- */

static void look(struct state *s) {
    struct weir_model_op *op = weir_model_begin("look", 0);
    weir_guard g = weir_rcu_enter();
    if (weir_load_acquire(&s->alive, 0)) {
        weir_model_read(&s->place, sizeof s->place);
        weir_model_check(s->place == 1);
    }
    weir_model_check(weir_rcu_exit(g) == 0);
    weir_model_end(op, 0);
}
static void use_again(struct state *s) {
    weir_model_write(&s->place, sizeof s->place);
    s->place = 2;
}

/* A place that readers may look at while `alive`; the writer uses it for something else once the number has passed. */
static void number_thread(void *state, unsigned who) {
    struct state *s = state;
    if (serves(who)) return;
    if (who == 0) {
        look(s);
    } else {
        struct weir_model_op *op = weir_model_begin("put out of reach, ask", 0);
        (void)weir_fetch_and_seq_cst(&s->alive, 0, 0);
        uint64_t snapshot = weir__rcu_snapshot();
        weir__rcu_ask();
        weir_model_end(op, 0);
        if (weir__rcu_passed(snapshot)) use_again(s);
    }
    through(s);
}

/* The same by synchronize, after a plain store; that of another is at work meanwhile. */
static void synchronize_thread(void *state, unsigned who) {
    struct state *s = state;
    if (who == 0) {
        look(s);
        return;
    }
    struct weir_model_op *op = weir_model_begin("store, synchronize", 0);
    if (who == 1) weir_store_release(&s->alive, 0, 0);
    weir_model_check(weir_rcu_synchronize() == 0);
    if (who == 1) use_again(s);
    weir_model_end(op, 0);
}

/* And through weir's thread. */
static void until_thread(void *state, unsigned who) {
    struct state *s = state;
    if (serves(who)) return;
    if (who == 0) {
        look(s);
    } else {
        struct weir_model_op *op = weir_model_begin("store, synchronize", 0);
        weir_store_release(&s->alive, 0, 0);
        weir_model_check(weir_rcu_synchronize_wait(WEIR_FOREVER - 1, NULL) == 0);
        use_again(s);
        weir_model_end(op, 0);
    }
    through(s);
}

#define SCENARIO(id, name_, about_, threads_, body, param_, flags_, finish_, options_) \
    static const struct weir_model_scenario id = {                                     \
        .name = name_,                                                                 \
        .about = about_,                                                               \
        .threads = threads_,                                                           \
        .flags = flags_,                                                               \
        .state_size = sizeof(struct state),                                            \
        .setup = setup,                                                                \
        .thread = body,                                                                \
        .finish = finish_,                                                             \
        .param = param_,                                                               \
        .options = options_,                                                           \
    }

static const struct shape one = { 1, 1, 0 }, two = { 1, 2, 0 }, more = { 2, 1, 0 },
                          again_two = { 2, 2, 0 };
static const struct shape small = { 1, 1, 8 }, none = { 0, 0, 0 }, thread = { 1, 0, 0 };

SCENARIO(reads, "rcu.retire", "a reader; a writer that retires", 3, retire_thread, &one, 0,
         all_freed, NULL);
SCENARIO(again, "rcu.retire.again", "a thread that retires twice", 2, again_thread, &two, 0,
         all_freed, NULL);
SCENARIO(exits, "rcu.retire.exit", "threads that retire and end", 3, two_thread, &two,
         WEIR_MODEL_EXITS, all_freed, NULL);
SCENARIO(room, "rcu.room", "a writer waits for room while a reader is inside", 3, room_thread,
         &small, 0, all_freed, NULL);
SCENARIO(barriers, "rcu.barrier", "a barrier beside one that retires", 3, barrier_thread, &one, 0,
         all_freed, NULL);
SCENARIO(deep, "rcu.barrier.deep", "a barrier, and a function that retires", 2, deep_thread, &two,
         0, all_freed, NULL);
SCENARIO(shutdowns, "rcu.shutdown", "a shutdown beside one that retires", 4, shutdown_thread, &more,
         0, all_freed, "preemptions=1");
SCENARIO(alone, "rcu.shutdown.alone", "a shutdown, and use again", 3, alone_thread, &again_two, 0,
         all_freed, "preemptions=1");
SCENARIO(number, "rcu.number", "a place is used again when the number has passed", 3, number_thread,
         &thread, 0, none_left, NULL);
SCENARIO(synchronizes, "rcu.synchronize.both", "two that synchronize", 3, synchronize_thread, &none,
         0, none_left, NULL);
SCENARIO(until, "rcu.synchronize.until", "synchronize through weir's thread", 3, until_thread,
         &thread, 0, none_left, NULL);

const struct weir_model_scenario *const rcu_retire_scenarios[] = {
    &reads,     &again, &exits,  &room,         &barriers, &deep,
    &shutdowns, &alone, &number, &synchronizes, &until,    NULL
};
