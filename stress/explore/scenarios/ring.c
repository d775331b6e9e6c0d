/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/ring.c - runs the programs of ring.h, and keeps their history.
 *
 * Thread records are made in set-up: registration is a scenario of its own. When all threads have ended
 * what is left inside is popped, as part of the history, and the ring is freed; so every execution
 * also shows that the ring still works, and leaks nothing. */
#include "ring.h"

#include <stdlib.h>
#include <string.h>

#include "../../../lib/thread.h"

struct state {
    void *ring;
    const struct ring_case *c;
};
/* Half a millisecond after the start: passes only by choice, or when everybody sleeps. */
#define DEADLINE INT64_C(1000500000)

static void register_thread(void *arg) {
    (void)arg;
    (void)weir__thread_self();
}

/* In memory of its own where that goes, so that its indices can start anywhere. */
static int make(void **ring, const struct ring_case *c) {
    struct weir_ring_opts o = WEIR_RING_OPTS(c->cap, sizeof(uint64_t));
    o.flags = c->flags;
    if (!c->kind->init) return c->kind->make(ring, &o);
    size_t bytes = c->kind->bytes(o.cap, o.elem_size);
    void *mem = weir_model_alloc(bytes, WEIR_LINE);
    return mem ? c->kind->init(ring, mem, bytes, o.cap, o.elem_size, c->flags, c->start)
               : WEIR_ENOMEM;
}

static int end(const struct ring_kind *k, void *ring) {
    if (!k->fini) return k->free(ring);
    int rc = k->fini(ring, NULL, NULL);
    weir_model_free(ring);
    return rc;
}

static void setup(void *state) {
    struct state *s = state;
    s->c = weir_model_param();
    for (unsigned i = 0; i < E.sc->threads; i++) weir_model_as(i, register_thread, NULL);
    int rc = WEIR_ENOMEM;
    while (rc == WEIR_ENOMEM) rc = make(&s->ring, s->c); /* budget oom */
    weir_model_check(rc == 0);
}

/* ---- what a sleeper waits for ------------------------------------------------------------------------------- */

static bool can_pop(void *arg) {
    const struct state *s = arg;
    return s->c->kind->len(s->ring) > 0 || s->c->kind->is_closed(s->ring);
}

static bool can_push(void *arg) {
    const struct state *s = arg;
    return s->c->kind->len(s->ring) < s->c->cap || s->c->kind->is_closed(s->ring);
}

/* ---- operations ---------------------------------------------------------------------------------------------- */

static uint64_t new_value(const struct weir_model_op *op, unsigned k) {
    return (uint64_t)(op->thread + 1) * 100 + op->seq * 2 + k;
}

static const char *verb(char letter) {
    switch (letter) {
        case 'u': return "try_push";
        case 'o': return "try_pop";
        case 'B': return "try_push_n";
        case 'b': return "try_pop_n";
        case 'U': return "push";
        case 'O': return "pop";
        case 'D': return "push_until";
        case 'd': return "pop_until";
        case 'N': return "push_n";
        case 'n': return "pop_n";
        case 'r': return "reserve, commit";
        case 'p': return "peek, consume";
        case 'c': return "close";
        case 'l': return "len";
        default: return "?";
    }
}

static struct weir_model_op *begin(const struct state *s, char letter) {
    struct weir_model_op *op = weir_model_begin(verb(letter), (unsigned)letter);
    if (strchr("uoBbrp", letter) && s->c->kind->claim) weir_model_claims(s->c->kind->claim);
    return op;
}

static void push_one(struct state *s, char letter) {
    const struct ring_kind *k = s->c->kind;
    struct weir_model_op *op = begin(s, letter);
    uint64_t v = op->in[0] = new_value(op, 0);
    op->nin = 1;
    if (letter == 'U' || letter == 'D') weir_model_waits(can_push, s, "room, or closed");
    weir_model_end(op, letter == 'u' ? k->push(s->ring, &v)
                       : letter == 'r'
                           ? k->push_in_place(s->ring, &v)
                           : k->push_wait(s->ring, &v, letter == 'U' ? WEIR_FOREVER : DEADLINE));
}

static void pop_one(struct state *s, char letter) {
    const struct ring_kind *k = s->c->kind;
    struct weir_model_op *op = begin(s, letter);
    uint64_t v = 0;
    if (letter == 'O' || letter == 'd') weir_model_waits(can_pop, s, "an element, or closed");
    int rc = letter == 'o'   ? k->pop(s->ring, &v)
             : letter == 'p' ? k->pop_in_place(s->ring, &v)
                             : k->pop_wait(s->ring, &v, letter == 'O' ? WEIR_FOREVER : DEADLINE);
    op->out[0] = v;
    op->nout = rc == 0;
    weir_model_end(op, rc);
}

static void push_two(struct state *s, char letter) {
    const struct ring_kind *k = s->c->kind;
    struct weir_model_op *op = begin(s, letter);
    uint64_t v[2] = { new_value(op, 0), new_value(op, 1) };
    memcpy(op->in, v, sizeof v);
    op->nin = 2;
    if (letter == 'N') weir_model_waits(can_push, s, "room, or closed");
    weir_model_end(op, letter == 'B' ? k->push_n(s->ring, v, 2)
                                     : k->push_n_wait(s->ring, v, 2, WEIR_FOREVER));
}

static void pop_two(struct state *s, char letter) {
    const struct ring_kind *k = s->c->kind;
    struct weir_model_op *op = begin(s, letter);
    uint64_t v[2] = { 0, 0 };
    op->in[0] = 2;
    op->nin = 1;
    if (letter == 'n') weir_model_waits(can_pop, s, "an element, or closed");
    ptrdiff_t rc =
        letter == 'b' ? k->pop_n(s->ring, v, 2) : k->pop_n_wait(s->ring, v, 2, WEIR_FOREVER);
    memcpy(op->out, v, sizeof v);
    op->nout = rc > 0 ? (uint8_t)rc : 0;
    weir_model_end(op, rc);
}

static void thread(void *state, unsigned who) {
    struct state *s = state;
    for (const char *p = s->c->program[who]; *p; p++) {
        if (strchr("uUDr", *p)) {
            push_one(s, *p);
        } else if (strchr("oOdp", *p)) {
            pop_one(s, *p);
        } else if (strchr("BN", *p)) {
            push_two(s, *p);
        } else if (strchr("bn", *p)) {
            pop_two(s, *p);
        } else if (*p == 'c') {
            struct weir_model_op *op = begin(s, 'c');
            weir_model_end(op, s->c->kind->close(s->ring));
        } else if (*p == 'l') {
            struct weir_model_op *op = begin(s, 'l');
            weir_model_end(op, (int64_t)s->c->kind->len(s->ring));
        }
    }
}

static void finish(void *state) {
    struct state *s = state;
    const struct ring_kind *k = s->c->kind;
    weir_model_check(k->len(s->ring) <= s->c->cap);
    for (int rc = 0; rc == 0;) {
        struct weir_model_op *op = weir_model_begin("try_pop", 'o');
        uint64_t v = 0;
        rc = k->pop(s->ring, &v);
        op->out[0] = v;
        op->nout = rc == 0;
        weir_model_end(op, rc);
    }
    weir_model_check(k->len(s->ring) == 0);
    ring_check(s->c->cap, k->has);
    weir_model_check(end(k, s->ring) == 0);
}

/* ---- scenarios --------------------------------------------------------------------------------------------------- */

/* "capacity 2: try_push try_pop | try_pop". Kept for the life of the program. */
static const char *describe(const struct ring_case *c) {
    char text[400];
    size_t k = (size_t)snprintf(text, sizeof text,
                                "%s %u%s%s:", c->kind->has & RING_SOFT ? "limit" : "capacity",
                                c->cap, c->start ? ", indices about to wrap" : "",
                                c->flags & WEIR_RING_NO_MEMBARRIER ? ", no membarrier" : "");
    for (unsigned t = 0; t < EX_THREADS && c->program[t]; t++)
        for (const char *p = c->program[t]; *p || p == c->program[t]; p++)
            if (k < sizeof text)
                k += (size_t)snprintf(text + k, sizeof text - k, "%s %s",
                                      t && p == c->program[t] ? " |" : "", verb(*p));
    char *copy = strdup(text);
    return copy ? copy : c->name;
}

void ring_scenario(struct weir_model_scenario *to, const struct ring_case *c) {
    *to = (struct weir_model_scenario){ .name = c->name,
                                        .about = describe(c),
                                        .state_size = sizeof(struct state),
                                        .setup = setup,
                                        .thread = thread,
                                        .finish = finish,
                                        .param = c,
                                        .options = c->options };
    while (to->threads < EX_THREADS && c->program[to->threads]) to->threads++;
}
