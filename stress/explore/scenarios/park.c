/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/park.c - the ground floor's waiting by itself: parker, parking lot, lock. */
#include "../../../lib/lock.h"
#include "../../../lib/park.h"
#include "../engine.h"
#include "all.h"

#define DEADLINE INT64_C(1000500000)

struct state {
    struct weir__parker parker[2];
    struct weir__lock lock;
    weir_au64 flag, count, inside;
    uint64_t plain;
    weir_au64 woken, late;
    bool fence;
};

static void setup(void *state) {
    struct state *s = state;
    weir__parker_init(&s->parker[0]);
    weir__parker_init(&s->parker[1]);
    weir_model_name(&s->parker[0].state, 4, "parker0");
    weir_model_name(&s->parker[1].state, 4, "parker1");
    weir_model_name(&s->lock, 4, "lock");
    weir_model_name(&s->flag, 8, "flag");
    weir_model_name(&s->count, 8, "count");
}

/* ---- parker: the first thread sleeps until `flag` is as many as it wants; the others add and wake --------- */

static uint64_t wanted(void) { return *(const uint64_t *)weir_model_param(); }

static bool flag_is_up(void *state) {
    return weir_load_relaxed(&((struct state *)state)->flag) >= wanted();
}

static void park_until(struct state *s, weir_time deadline) {
    struct weir_model_op *op = weir_model_begin("park", 0);
    weir_model_waits(flag_is_up, s, "the flag is up");
    int rc = 0;
    while (rc == 0 && weir_load_acquire(&s->flag, 0) < wanted())
        rc = weir__park(&s->parker[0], deadline);
    weir_model_end(op, rc);
    if (rc == WEIR_ETIMEDOUT) park_until(s, WEIR_FOREVER);
}

static void raise_flag(struct state *s) {
    struct weir_model_op *op = weir_model_begin("raise", 0);
    (void)weir_fetch_add_seq_cst(&s->flag, 1, 0);
    weir__unpark(&s->parker[0]);
    weir_model_end(op, 0);
}

static void one_by_one(void *state, unsigned who) {
    struct state *s = state;
    if (who == 0) {
        park_until(s, WEIR_FOREVER);
    } else {
        for (uint64_t i = 0; i < (E.sc->threads == 2 ? wanted() : 1); i++) raise_flag(s);
    }
}

static void with_deadline(void *state, unsigned who) {
    if (who == 0)
        park_until(state, DEADLINE);
    else
        raise_flag(state);
}

/* A token carries what the waker did before, whichever way it is taken. */
static void token_thread(void *state, unsigned who) {
    struct state *s = state;
    struct weir_model_op *op = weir_model_begin(who ? "write, unpark" : "park, read", 0);
    if (who) {
        weir_model_write(&s->plain, sizeof s->plain);
        s->plain = 1;
        weir__unpark(&s->parker[0]);
    } else {
        if (weir__park(&s->parker[0], DEADLINE) != 0) (void)weir__park(&s->parker[0], WEIR_FOREVER);
        weir_model_read(&s->plain, sizeof s->plain);
        weir_model_check(s->plain == 1);
    }
    weir_model_end(op, 0);
}

static const uint64_t one = 1, two = 2;

static const struct weir_model_scenario token = {
    .name = "park.token",
    .about = "one sleeps, one wakes",
    .threads = 2,
    .param = &one,
    .state_size = sizeof(struct state),
    .setup = setup,
    .thread = one_by_one,
    .options = "spurious=1",
};
static const struct weir_model_scenario twice = {
    .name = "park.twice",
    .about = "one is woken twice by the same thread",
    .threads = 2,
    .param = &two,
    .state_size = sizeof(struct state),
    .setup = setup,
    .thread = one_by_one,
    .options = "spurious=1",
};
static const struct weir_model_scenario two_wakers = {
    .name = "park.two_wakers",
    .about = "one sleeps, two wake",
    .threads = 3,
    .param = &two,
    .state_size = sizeof(struct state),
    .setup = setup,
    .thread = one_by_one,
};
static const struct weir_model_scenario carries = {
    .name = "park.carries",
    .about = "a token carries what came before it",
    .threads = 2,
    .state_size = sizeof(struct state),
    .setup = setup,
    .thread = token_thread,
    .options = "timeouts=2 spurious=1",
};
static const struct weir_model_scenario deadline = {
    .name = "park.deadline",
    .about = "deadline against wake-up",
    .threads = 2,
    .param = &one,
    .state_size = sizeof(struct state),
    .setup = setup,
    .thread = with_deadline,
    .options = "timeouts=2 spurious=1",
};

/* ---- lot: waiters announce themselves, look again, sleep; wakers raise the flag and look ------------------- */

static void wake_parker(void *p) { weir__unpark(p); }

static bool is_raised(void *state) {
    return weir_load_relaxed(&((struct state *)state)->flag) != 0;
}

static void lot_barrier(struct state *s) {
    if (!s->fence) (void)weir_model_membarrier(); /* what weir__heavy_barrier comes to */
}

static void lot_wait(struct state *s, unsigned who, weir_time deadline_at) {
    struct weir_model_op *op = weir_model_begin("wait", 0);
    struct weir__waiter w = {
        .key = 7, .count = &s->count, .unit = 1, .wake = wake_parker, .wake_arg = &s->parker[who]
    };
    weir_model_waits(is_raised, s, "the flag is up");
    weir__lot_enter(&w);
    lot_barrier(s);
    int rc = 0;
    bool slept = false;
    if (weir_load_seq_cst(&s->flag, 0))
        (void)weir__lot_leave(&w);
    else
        rc = weir__lot_park(&w, &s->parker[who], deadline_at), slept = true;
    if (slept && rc == 0) weir_model_read(&s->plain, sizeof s->plain);
    weir_model_end(op, rc);
    (void)weir_fetch_add_relaxed(rc == 0 ? &s->woken : &s->late, 1);
}

static void lot_raise(struct state *s) {
    struct weir_model_op *op = weir_model_begin("raise", 0);
    weir_model_write(&s->plain, sizeof s->plain);
    if (s->fence)
        weir_store_seq_cst(&s->flag, 1, 0);
    else
        weir_store_release(&s->flag, 1, 0);
    weir_light_barrier();
    size_t n = 0;
    if (weir_load_seq_cst(&s->count, 0)) n = weir__lot_wake(7, &s->count, 1, SIZE_MAX);
    weir_model_end(op, (int64_t)n);
}

static void lot_setup(void *state) {
    struct state *s = state;
    setup(state);
    s->fence = !weir__asymmetric();
}

static void lot_thread(void *state, unsigned who) {
    if (who + 1 < E.sc->threads)
        lot_wait(state, who, WEIR_FOREVER);
    else
        lot_raise(state);
}

static void lot_deadline_thread(void *state, unsigned who) {
    if (who + 1 < E.sc->threads)
        lot_wait(state, who, who == 0 ? DEADLINE : WEIR_FOREVER);
    else
        lot_raise(state);
}

static void lot_finish(void *state) {
    struct state *s = state;
    weir_model_check(s->count.v_ == 0);
    weir_model_check(s->woken.v_ + s->late.v_ == E.sc->threads - 1);
}

#define LOT(var, name_, about_, threads_, thread_, options_)                            \
    static const struct weir_model_scenario var = { .name = name_,                      \
                                                    .about = about_,                    \
                                                    .threads = threads_,                \
                                                    .state_size = sizeof(struct state), \
                                                    .setup = lot_setup,                 \
                                                    .thread = thread_,                  \
                                                    .finish = lot_finish,               \
                                                    .options = options_ }
LOT(lot_one, "lot.one", "one waiter, one waker", 2, lot_thread, "spurious=1");
LOT(lot_one_fence, "lot.one.fence", "the same without membarrier", 2, lot_thread,
    "spurious=1 membarrier=0");
LOT(lot_two, "lot.two", "two waiters, one waker of all", 3, lot_thread, NULL);
LOT(lot_two_fence, "lot.two.fence", "the same without membarrier", 3, lot_thread, "membarrier=0");
LOT(lot_late, "lot.deadline", "two waiters, one with a deadline", 3, lot_deadline_thread,
    "timeouts=2");

/* ---- lock: nobody is inside with another, and nothing that it protects is lost --------------------------------- */

static void lock_thread(void *state, unsigned who) {
    struct state *s = state;
    (void)who;
    for (int i = 0; i < 2; i++) {
        struct weir_model_op *op = weir_model_begin("lock", 0);
        weir__lock(&s->lock);
        weir_model_check(weir_load_relaxed(&s->inside) == 0);
        weir_store_relaxed(&s->inside, 1);
        weir_model_write(&s->plain, sizeof s->plain);
        s->plain++;
        weir_store_relaxed(&s->inside, 0);
        weir__unlock(&s->lock);
        weir_model_end(op, 0);
    }
}

static void lock_finish(void *state) {
    struct state *s = state;
    weir_model_check(s->plain == 2 * E.sc->threads);
    weir_model_check(s->lock.word.v_ == 0);
}

static const struct weir_model_scenario lock_two = {
    .name = "lock.2x2",
    .about = "two threads lock twice",
    .threads = 2,
    .options = "spurious=1",
    .state_size = sizeof(struct state),
    .setup = setup,
    .thread = lock_thread,
    .finish = lock_finish,
};
static const struct weir_model_scenario lock_three = {
    .name = "lock.3x2",
    .about = "three threads lock twice",
    .threads = 3,
    .state_size = sizeof(struct state),
    .setup = setup,
    .thread = lock_thread,
    .finish = lock_finish,
};

const struct weir_model_scenario *const park_scenarios[] = {
    &token,   &twice,         &carries,  &two_wakers, &deadline,   &lot_one, &lot_one_fence,
    &lot_two, &lot_two_fence, &lot_late, &lock_two,   &lock_three, NULL,
};
