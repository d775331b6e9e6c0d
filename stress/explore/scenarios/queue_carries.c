/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/queue_carries.c - what the closer of a weir_queue did is seen by who is told
 * that it is closed, by whichever verb, also if another thread has closed it to the end. And threads that use a
 * hazard pointer for the first time while another looks through them. */
#include "all.h"

#include <weir/ctx.h>

#include "../../../lib/thread.h"
#include "../../../queues/queue.h"

struct state {
    weir_queue *q;
    uint64_t plain;
};

enum verb { PUSH, POP, IS_CLOSED, CLOSE, FULL };

static void register_thread(void *arg) {
    (void)arg;
    (void)weir__thread_self();
}

static void setup(void *state) {
    static const struct weir__segq_shape two = { .slots = 2, .batch = 1 };
    struct weir_queue_opts o = WEIR_QUEUE_OPTS(sizeof(uint64_t));
    struct state *s = state;
    const enum verb *verbs = weir_model_param();
    o.limit = verbs[0] == FULL;
    for (unsigned i = 0; i < 3; i++) weir_model_as(i, register_thread, NULL);
    weir_model_check(weir__queue_new_at(&s->q, &o, &two) == 0);
    uint64_t v = 1;
    if (o.limit) weir_model_check(weir_queue_try_push(s->q, &v) == 0);
}

static bool says_closed(struct state *s, enum verb verb) {
    uint64_t v = 7;
    switch (verb) {
        case PUSH:
        case FULL: return weir_queue_try_push(s->q, &v) == WEIR_ECLOSED;
        case POP: return weir_queue_try_pop(s->q, &v) == WEIR_ECLOSED;
        case CLOSE: return weir_queue_close(s->q) == WEIR_ECLOSED;
        default: return weir_queue_is_closed(s->q);
    }
}

/* Thread 1 and, where there is one, thread 2 make the calls of the parameter. */
static void thread(void *state, unsigned who) {
    struct state *s = state;
    const enum verb *verbs = weir_model_param();
    static const char *const names[] = { "try_push", "try_pop", "is_closed", "close", "try_push" };
    struct weir_model_op *op = weir_model_begin(who ? names[verbs[who - 1]] : "write, close", 0);
    if (who == 0) {
        weir_model_write(&s->plain, sizeof s->plain);
        s->plain = 1;
        int rc = weir_queue_close(s->q);
        weir_model_check(rc == 0 || rc == WEIR_ECLOSED);
        if (rc < 0) s->plain = 2;
    } else if (says_closed(s, verbs[who - 1]) && verbs[0] != CLOSE) {
        weir_model_read(&s->plain, sizeof s->plain);
        weir_model_check(s->plain == 1);
    }
    weir_model_end(op, 0);
}

static void finish(void *state) {
    weir_model_check(weir_queue_free(((struct state *)state)->q) == 0);
}

#define CARRIES(var, name_, threads_, ...)                           \
    static const enum verb var##_verbs[] = { __VA_ARGS__ };          \
    static const struct weir_model_scenario var = {                  \
        .name = name_,                                               \
        .about = "what the closer did is seen by who is told of it", \
        .threads = threads_,                                         \
        .param = var##_verbs,                                        \
        .state_size = sizeof(struct state),                          \
        .setup = setup,                                              \
        .thread = thread,                                            \
        .finish = finish,                                            \
    }
CARRIES(push, "queue.carries.push", 2, PUSH);
CARRIES(pop, "queue.carries.pop", 2, POP);
CARRIES(flag, "queue.carries.is_closed", 2, IS_CLOSED);
CARRIES(at_limit, "queue.carries.full", 2, FULL);
CARRIES(push_pop, "queue.carries.push.pop", 3, PUSH, POP);
CARRIES(push_push, "queue.carries.push.push", 3, PUSH, PUSH);
CARRIES(pop_push, "queue.carries.pop.push", 3, POP, PUSH);

/* ---- the first time -------------------------------------------------------------------------- */

static void first_setup(void *state) {
    static const struct weir__segq_shape two = { .slots = 2, .batch = 1 };
    struct weir_queue_opts o = WEIR_QUEUE_OPTS(sizeof(uint64_t));
    struct state *s = state;
    o.flags = *(const unsigned *)weir_model_param();
    weir_model_check(weir__queue_new_at(&s->q, &o, &two) == 0);
}

static void first_thread(void *state, unsigned who) {
    struct state *s = state;
    uint64_t v = who;
    struct weir_model_op *op = weir_model_begin(who ? "push" : "push and pop", 0);
    for (unsigned i = 0; i < (who ? 1 : 3); i++)
        weir_model_check(weir_queue_try_push(s->q, &v) == 0);
    for (unsigned i = 0; who == 0 && i < 3; i++)
        weir_model_check(weir_queue_try_pop(s->q, &v) == 0);
    weir_model_end(op, 0);
}

#define FIRST(var, name_, flags_)                                                               \
    static const unsigned var##_flags = flags_;                                                 \
    static const struct weir_model_scenario var = {                                             \
        .name = name_,                                                                          \
        .about =                                                                                \
            "threads use a hazard pointer for the first time while another looks through them", \
        .threads = 2,                                                                           \
        .param = &var##_flags,                                                                  \
        .state_size = sizeof(struct state),                                                     \
        .setup = first_setup,                                                                   \
        .thread = first_thread,                                                                 \
        .finish = finish,                                                                       \
    }
FIRST(first, "queue.first", 0);
FIRST(first_fence, "queue.first.fence", WEIR_RING_NO_MEMBARRIER);

/* ---- woken, then cancelled: the wake-up goes to another (QUEUE_Q3) --------------------------- */

struct ctx_state {
    weir_queue *q;
    weir_ctx *ctx;
};

static void ctx_setup(void *state) {
    static const struct weir__segq_shape two = { .slots = 2, .batch = 1 };
    struct weir_queue_opts o = WEIR_QUEUE_OPTS(sizeof(uint64_t));
    struct ctx_state *s = state;
    for (unsigned i = 0; i < 3; i++) weir_model_as(i, register_thread, NULL);
    weir_model_check(weir_ctx_new(&s->ctx, NULL, WEIR_FOREVER) == 0);
    weir_model_check(weir__queue_new_at(&s->q, &o, &two) == 0);
}

/* Thread 0 waits with the context, 1 without; 2 pushes one element and cancels. If 0 got it, it closes, so
 * that 1 can
 * end. */
static void ctx_thread(void *state, unsigned who) {
    struct ctx_state *s = state;
    uint64_t v = 7;
    struct weir_model_op *op = weir_model_begin(who == 2 ? "push, cancel" : "pop", 0);
    int rc;
    if (who == 2) {
        rc = weir_queue_try_push(s->q, &v);
        (void)weir_ctx_cancel(s->ctx, 0);
    } else {
        rc = weir_queue_pop_wait(s->q, &v, WEIR_FOREVER, who ? NULL : s->ctx);
        if (who == 0 && rc == 0) (void)weir_queue_close(s->q);
    }
    weir_model_end(op, rc);
}

static void ctx_finish(void *state) {
    struct ctx_state *s = state;
    weir_ctx_unref(s->ctx);
    weir_model_check(weir_queue_free(s->q) == 0);
}

static const struct weir_model_scenario woken = {
    .name = "queue.ctx.pop",
    .about = "a woken popper that is cancelled wakes another",
    .threads = 3,
    .state_size = sizeof(struct ctx_state),
    .setup = ctx_setup,
    .thread = ctx_thread,
    .finish = ctx_finish,
};

const struct weir_model_scenario *const queue_scenarios[] = {
    &push,     &pop,   &flag,        &at_limit, &push_pop, &push_push,
    &pop_push, &first, &first_fence, &woken,    NULL,
};
