/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/flight.c - single flight: calls for one key that join, leave, forget and free.
 *
 * The executor keeps the tasks that it gets. Each thread does what its word says: D calls; @ calls with the context, L with a
 * deadline; R runs a task that the executor has kept, if there is one; S begins a call without waiting, and W waits for
 * it and frees its handle; E frees its handle without waiting; X cancels the context; F forgets the key, U if it is not
 * shared. A function writes plain memory of its own, and gives its number; who gets that reads it. */
#include <weir/flight.h>

#include <string.h>

#include "../../../lib/thread.h"
#include "../engine.h"
#include "all.h"

#define DEADLINE INT64_C(1000500000)
#define RUNS 8

struct state {
    weir_flight *f;
    weir_ctx *ctx;
    weir_exec exec;
    weir_flight_call *call[EX_THREADS];
    struct {
        weir_task_fn *fn;
        weir_ctx *ctx;
        void *arg;
    } kept[RUNS];
    unsigned n_kept, taken, runs, running, forgets;
    bool leaves;
    uint64_t plain[RUNS];
    bool cancelled[RUNS];
    unsigned got[RUNS], shared[RUNS];
};

static const char *const *programs(void) { return weir_model_param(); }

static int submit(void *self, weir_task_fn *fn, weir_ctx *ctx, void *arg) {
    struct state *s = self;
    s->kept[s->n_kept].fn = fn;
    s->kept[s->n_kept].ctx = weir_ctx_ref(ctx);
    s->kept[s->n_kept++].arg = arg;
    return 0;
}

static void run_kept(struct state *s) {
    if (s->taken == s->n_kept) return;
    unsigned i = s->taken++;
    (void)s->kept[i].fn(s->kept[i].ctx, s->kept[i].arg);
    weir_ctx_unref(s->kept[i].ctx);
}

/* Two run at once only if one was forgotten, or is wanted by nobody. */
static int fn(weir_ctx *ctx, const void *key, void *val, void *arg) {
    struct state *s = arg;
    unsigned me = s->runs++;
    (void)key;
    weir_model_check(s->running++ <= s->forgets || s->leaves);
    weir_model_write(&s->plain[me], sizeof s->plain[me]);
    s->plain[me] = me + 100;
    *(uint64_t *)val = me;
    s->cancelled[me] = weir_ctx_err(ctx) != 0;
    s->running--;
    return 0;
}

static void got(struct state *s, uint64_t val, bool shared) {
    weir_model_check(val < s->runs);
    weir_model_read(&s->plain[val], sizeof s->plain[val]);
    weir_model_check(s->plain[val] == val + 100);
    weir_model_check(!s->cancelled[val]);
    s->got[val]++;
    s->shared[val] += shared;
}

static void register_thread(void *arg) {
    (void)arg;
    (void)weir__thread_self();
}

static void setup(void *state) {
    struct state *s = state;
    struct weir_flight_opts o = WEIR_FLIGHT_OPTS(uint64_t, uint64_t);
    for (unsigned i = 0; i < E.sc->threads; i++) weir_model_as(i, register_thread, NULL);
    s->exec = (weir_exec){ submit, s };
    for (unsigned i = 0; i < E.sc->threads; i++) s->leaves |= strpbrk(programs()[i], "@LE") != NULL;
    o.exec = &s->exec;
    weir_model_check(weir_flight_new(&s->f, &o) == 0);
    weir_model_check(weir_ctx_new(&s->ctx, NULL, WEIR_FOREVER) == 0);
}

static const uint64_t key = 1;

static int call(struct state *s, char letter) {
    uint64_t val = RUNS;
    bool shared = false;
    int rc =
        weir_flight_do_wait(s->f, &key, fn, s, &val, &shared,
                            letter == 'L' ? DEADLINE : WEIR_FOREVER, letter == '@' ? s->ctx : NULL);
    weir_model_check(rc == 0 || (letter == 'L' && rc == WEIR_ETIMEDOUT) ||
                     (letter == '@' && rc == WEIR_ECANCELED));
    if (rc == 0) got(s, val, shared);
    return rc;
}

static int wait(struct state *s, unsigned who) {
    uint64_t val = RUNS;
    bool shared = false;
    int rc = weir_flight_call_wait(s->call[who], &val, &shared, WEIR_FOREVER, NULL);
    weir_model_check(rc == 0);
    got(s, val, shared);
    weir_flight_call_free(s->call[who]);
    return rc;
}

static int step(struct state *s, char letter, unsigned who) {
    switch (letter) {
        case 'R': run_kept(s); return 0;
        case 'S': return weir_flight_start(s->f, &key, fn, s, NULL, &s->call[who]);
        case 'W': return wait(s, who);
        case 'E': weir_flight_call_free(s->call[who]); return 0;
        case 'X': return weir_ctx_cancel(s->ctx, 0);
        case 'F': s->forgets++; return weir_flight_forget(s->f, &key);
        case 'U': s->forgets++; return weir_flight_forget_unshared(s->f, &key);
        default: return call(s, letter);
    }
}

static void thread(void *state, unsigned who) {
    for (const char *p = programs()[who]; *p; p++) {
        char name[2] = { *p, 0 };
        struct weir_model_op *op = weir_model_begin(*p == 'D' || *p == '@' || *p == 'L' ? "do"
                                                    : *p == 'R'                         ? "task"
                                                    : *p == 'S'                         ? "start"
                                                    : *p == 'W'                         ? "wait"
                                                    : *p == 'E'                         ? "free"
                                                    : *p == 'X'                         ? "cancel"
                                                                                        : "forget",
                                                    (unsigned)name[0]);
        weir_model_end(op, step(state, *p, who));
    }
}

static void last(void *state) {
    struct state *s = state;
    while (s->taken < s->n_kept) run_kept(s);
    weir_model_check(call(s, 'D') == 0); /* nobody is left in the table: it runs anew, alone */
    weir_model_check(s->got[s->runs - 1] == 1 && s->shared[s->runs - 1] == 0);
    weir_model_check(weir_flight_free(s->f) == 0);
}

/* F02: shared iff more than one has got it; or if somebody got it while there was a handle, which was then freed unread. */
static void finish(void *state) {
    struct state *s = state;
    bool unread = false;
    for (unsigned i = 0; i < E.sc->threads; i++) unread |= strchr(programs()[i], 'E') != NULL;
    for (unsigned i = 0; i < s->runs; i++)
        weir_model_check(s->shared[i] == (s->got[i] > 1 ? s->got[i] : 0) ||
                         (unread && s->got[i] == 1));
    weir_model_as(0, last, s);
    weir_ctx_unref(s->ctx);
}

#define FLIGHT(var, name_, threads_, ...)                               \
    static const char *const var##_words[EX_THREADS] = { __VA_ARGS__ }; \
    static const struct weir_model_scenario var = {                     \
        .name = name_,                                                  \
        .about = #__VA_ARGS__,                                          \
        .threads = threads_,                                            \
        .param = &var##_words,                                          \
        .state_size = sizeof(struct state),                             \
        .setup = setup,                                                 \
        .thread = thread,                                               \
        .finish = finish,                                               \
    }
FLIGHT(two, "flight.two", 2, "D", "D");
FLIGHT(three, "flight.three", 3, "D", "D", "D");
FLIGHT(leaves, "flight.leaves", 3, "@", "X", "R");
FLIGHT(leaves_two, "flight.leaves.two", 3, "@R", "D", "X");
FLIGHT(late, "flight.late", 3, "LR", "D", "R");
FLIGHT(anew, "flight.anew", 3, "@D", "X", "R");
FLIGHT(forget, "flight.forget", 3, "D", "D", "F");
FLIGHT(unshared, "flight.unshared", 3, "D", "D", "U");
FLIGHT(handle, "flight.handle", 2, "SRW", "D");
FLIGHT(handle_two, "flight.handle.two", 2, "SRW", "SRW");
FLIGHT(handle_freed, "flight.handle.freed", 2, "SER", "D");
FLIGHT(handle_unread, "flight.handle.unread", 3, "SRE", "D", "D");

const struct weir_model_scenario *const flight_scenarios[] = {
    &two,      &three,  &leaves,     &leaves_two,   &late,          &anew, &forget,
    &unshared, &handle, &handle_two, &handle_freed, &handle_unread, NULL
};
