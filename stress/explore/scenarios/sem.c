/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/sem.c - runs the programs of sem.h, and keeps their history. Plain memory is
 * announced as read by who has acquired some units, as written by who has all of them. */
#include "sem.h"

#include <stdlib.h>
#include <string.h>

#include <weir/chan.h>

#include "../../../lib/thread.h"

#define MOST_CASES 3
/* Half a millisecond after the start: passes only by choice, or when everybody sleeps. */
#define DEADLINE INT64_C(1000500000)

struct state {
    weir_sem *sem[SEMS];
    weir_chan *chan;
    weir_ctx *ctx;
    const struct sem_case *c;
    uint64_t plain[SEMS];
    unsigned held[EX_THREADS][SEMS];
};

static void register_thread(void *arg) {
    (void)arg;
    (void)weir__thread_self();
}

static void setup(void *state) {
    struct state *s = state;
    struct weir_chan_opts o = WEIR_CHAN_OPTS(0, 0);
    s->c = weir_model_param();
    for (unsigned i = 0; i < E.sc->threads; i++) weir_model_as(i, register_thread, NULL);
    for (unsigned i = 0; i < SEMS; i++) {
        if (s->c->size[i] < 0) continue;
        s->sem[i] = weir_model_alloc(sizeof(weir_sem), _Alignof(weir_sem));
        weir_model_check(weir_sem_init(s->sem[i], (uint32_t)s->c->size[i]) == 0);
        weir_model_check(weir_sem_try_acquire(s->sem[i], s->c->held[i]) == 0);
    }
    o.kind = WEIR_CHAN_STRICT;
    weir_model_check(weir_chan_new(&s->chan, &o) == 0);
    weir_model_check(weir_ctx_new(&s->ctx, NULL, WEIR_FOREVER) == 0);
}

/* ---- one token of a program --------------------------------------------------------------------------------- */

struct token {
    bool select, with_ctx;
    char end; /* of a select: ? ~ ! or 0 */
    size_t n;
    struct {
        unsigned sem; /* SEMS: the rendezvous */
        char letter;
        unsigned units;
    } of[MOST_CASES];
};

static const char *parse(const char *p, struct token *t) {
    *t = (struct token){ .n = 0 };
    if (*p == '@') t->with_ctx = true, p++;
    t->select = *p == '[';
    p += t->select;
    do {
        t->of[t->n].sem = (unsigned)(*p++ - 'a');
        t->of[t->n].letter = *p++;
        t->of[t->n++].units = (unsigned)(*p++ - '0');
    } while (t->select && *p != ']');
    p += t->select;
    if (t->select && (*p == '?' || *p == '~' || *p == '!')) t->end = *p++;
    return p;
}

static const char *name_of(char letter) {
    switch (letter) {
        case 'A': return "acquire";
        case 'T': return "acquire_until";
        case 't': return "try_acquire";
        default: return "release";
    }
}

static weir_time deadline_of(const struct token *t) {
    char letter = t->of[0].letter;
    if (t->select) return t->end == '?' ? WEIR_NOW : t->end == '~' ? DEADLINE : WEIR_FOREVER;
    return letter == 't' ? WEIR_NOW : letter == 'T' ? DEADLINE : WEIR_FOREVER;
}

static struct weir_model_op *begin(const char *name, char letter, unsigned sem, unsigned units) {
    struct weir_model_op *op = weir_model_begin(name, SEM_KIND(letter, sem));
    op->in[0] = units;
    op->nin = 1;
    return op;
}

static void acquired(struct state *s, unsigned sem, unsigned units) {
    s->held[weir_model_thread()][sem] += units;
    if (units == (unsigned)s->c->size[sem]) {
        weir_model_write(&s->plain[sem], sizeof *s->plain);
        s->plain[sem]++;
    } else if (units) {
        weir_model_read(&s->plain[sem], sizeof *s->plain);
    }
}

static void release(struct state *s, unsigned sem, unsigned units) {
    struct weir_model_op *op = begin("release", 'R', sem, units);
    int rc = weir_sem_release(s->sem[sem], units);
    weir_model_end(op, rc);
    weir_model_check(rc == 0);
}

static void give_back(struct state *s) {
    unsigned *held = s->held[weir_model_thread()];
    for (unsigned i = 0; i < SEMS; i++) {
        if (held[i]) release(s, i, held[i]);
        held[i] = 0;
    }
}

static void free_a(struct state *s) {
    if (s->held[weir_model_thread()][0] != (unsigned)s->c->size[0]) return;
    s->held[weir_model_thread()][0] = 0;
    weir_model_free(s->sem[0]);
    s->sem[0] = NULL;
}

static void run_one(struct state *s, const struct token *t) {
    unsigned sem = t->of[0].sem, units = t->of[0].units;
    char letter = t->of[0].letter;
    if (letter == 'R') {
        release(s, sem, units);
        return;
    }
    struct weir_model_op *op = begin(name_of(letter), letter, sem, units);
    int rc = weir_sem_acquire_wait(s->sem[sem], units, deadline_of(t), t->with_ctx ? s->ctx : NULL);
    weir_model_end(op, rc);
    if (rc == 0) acquired(s, sem, units);
}

/* The operation of the whole select has kind 0; its cases are operations as well, all with its stamps. To look is
 * no operation of any semaphore. */
static void run_select(struct state *s, const struct token *t) {
    struct weir_case cases[MOST_CASES];
    bool look = t->end == '!';
    struct weir_model_op *op = weir_model_begin(look ? "look" : "select", 0);
    for (size_t i = 0; i < t->n; i++) {
        struct weir_case sem = WEIR_CASE_ACQUIRE(NULL, t->of[i].units);
        struct weir_case chan = WEIR_CASE_RECV(s->chan, NULL);
        if (t->of[i].letter == 'S') chan.op = WEIR_SEND;
        if (t->of[i].sem < SEMS) sem.on = weir_sem_waitable(s->sem[t->of[i].sem]);
        cases[i] = t->of[i].sem < SEMS ? sem : chan;
        if (look) continue;
        op->in[op->nin++] =
            SEM_KIND(t->end == '?' ? 't' : 'A', t->of[i].sem) | (uint64_t)t->of[i].units << 16;
    }
    ptrdiff_t k = weir_select(cases, t->n, deadline_of(t), t->with_ctx ? s->ctx : NULL,
                              look ? WEIR_SELECT_READY : WEIR_SELECT_PRIORITY);
    weir_model_end(op, k);
    weir_model_check(k < 0 || cases[k].result == 0);
    if (!look && k >= 0 && t->of[k].sem < SEMS) acquired(s, t->of[k].sem, t->of[k].units);
}

static void thread(void *state, unsigned who) {
    struct state *s = state;
    struct token t;
    for (const char *p = s->c->program[who]; *p;) {
        if (*p == 'X') {
            weir_model_check(weir_ctx_cancel(s->ctx, 0) == 0), p++;
        } else if (*p == 'r') {
            give_back(s), p++;
        } else if (*p == 'F') {
            free_a(s), p++;
        } else {
            p = parse(p, &t);
            if (t.select)
                run_select(s, &t);
            else
                run_one(s, &t);
        }
    }
}

static void finish(void *state) {
    struct state *s = state;
    for (unsigned i = 0; i < SEMS; i++) {
        if (!s->sem[i]) continue;
        uint64_t held = s->c->held[i], size = (uint64_t)s->c->size[i];
        for (unsigned t = 0; t < E.sc->threads; t++) held += s->held[t][i];
        for (unsigned t = 0; t < E.sc->threads; t++)
            for (const char *p = s->c->program[t]; (p = strchr(p, 'R')) != NULL; p++)
                if (p[-1] == 'a' + (char)i) held -= (uint64_t)(p[1] - '0');
        weir_model_check(s->sem[i]->word_.v_ == ((size - held) << 32 | size << 1));
        weir_model_check(!s->sem[i]->queue_.first && s->sem[i]->lock_.v_ == 0);
        weir_model_free(s->sem[i]);
    }
    sem_check(s->c);
    weir_model_check(weir_chan_unref(s->chan) == 0);
    weir_ctx_unref(s->ctx);
}

/* ---- scenarios ---------------------------------------------------------------------------------------------- */

/* "a: 1 of 2; aA1 | aR1". Kept for the life of the program. */
static const char *describe(const struct sem_case *c) {
    char text[200];
    size_t k = 0;
    for (unsigned i = 0; i < SEMS; i++)
        if (c->size[i] >= 0)
            k += (size_t)snprintf(text + k, sizeof text - k, "%s%c: %u of %d held", i ? ", " : "",
                                  'a' + (int)i, c->held[i], c->size[i]);
    for (unsigned t = 0; t < EX_THREADS && c->program[t] && k < sizeof text; t++)
        k += (size_t)snprintf(text + k, sizeof text - k, "%s %s", t ? " |" : ";", c->program[t]);
    char *copy = strdup(text);
    return copy ? copy : c->name;
}

void sem_scenario(struct weir_model_scenario *to, const struct sem_case *c) {
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
