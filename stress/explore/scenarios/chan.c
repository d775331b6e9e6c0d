/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/chan.c - runs the programs of chan.h, and keeps their history. When all threads
 * have ended what is left in the channels is received, as part of the history, and they are freed. */
#include "chan.h"

#include <stdlib.h>
#include <string.h>

#include "../../../lib/thread.h"

#define MOST_CASES 4
#define MANY 2
/* Half a millisecond after the start: passes only by choice, or when everybody sleeps. */
#define DEADLINE INT64_C(1000500000)

struct state {
    weir_chan *chan[CHANS];
    weir_ctx *ctx;
    const struct chan_case *c;
};

static void register_thread(void *arg) {
    (void)arg;
    (void)weir__thread_self();
}

static void setup(void *state) {
    struct state *s = state;
    s->c = weir_model_param();
    for (unsigned i = 0; i < E.sc->threads; i++) weir_model_as(i, register_thread, NULL);
    for (unsigned i = 0; i < CHANS; i++) {
        if (s->c->cap[i] < 0) continue;
        struct weir_chan_opts o = WEIR_CHAN_OPTS((size_t)s->c->cap[i], sizeof(uint64_t));
        o.kind = s->c->kind;
        weir_model_check(weir_chan_new(&s->chan[i], &o) == 0);
    }
    weir_model_check(weir_ctx_new(&s->ctx, NULL, WEIR_FOREVER) == 0);
}

/* ---- one token of a program ------------------------------------------------------------------------------- */

struct token {
    bool select, with_ctx;
    char end; /* of a select: ? or ~ or ! or = or 0 */
    size_t n;
    struct {
        unsigned chan;
        char letter;
    } of[MOST_CASES];
};

static const char *parse(const char *p, struct token *t) {
    *t = (struct token){ .n = 0 };
    if (*p == '@') t->with_ctx = true, p++;
    t->select = *p == '[';
    p += t->select;
    do {
        t->of[t->n].chan = (unsigned)(*p++ - 'a');
        t->of[t->n++].letter = *p++;
    } while (t->select && *p != ']');
    p += t->select;
    if (t->select && *p && strchr("?~!=", *p)) t->end = *p++;
    return p;
}

static weir_time deadline_of(const struct token *t) {
    char letter = t->of[0].letter;
    if (t->select) return t->end == '?' ? WEIR_NOW : t->end == '~' ? DEADLINE : WEIR_FOREVER;
    return letter == 's' || letter == 'r'   ? WEIR_NOW
           : letter == 'T' || letter == 't' ? DEADLINE
                                            : WEIR_FOREVER;
}

static const char *name_of(char letter) {
    switch (letter) {
        case 'S': return "send";
        case 'R': return "recv";
        case 's': return "try_send";
        case 'r': return "try_recv";
        case 'T': return "send_until";
        case 't': return "recv_until";
        case 'M':
        case 'm': return "recv_many";
        default: return "close";
    }
}

static bool sends(char letter) { return letter == 'S' || letter == 's' || letter == 'T'; }

static uint64_t new_value(const struct weir_model_op *op, size_t k) {
    return (uint64_t)(op->thread + 1) * 1000 + op->seq * 10 + k;
}

static void run_many(struct state *s, const struct token *t) {
    char letter = t->of[0].letter;
    struct weir_model_op *op = weir_model_begin(name_of(letter), CHAN_KIND(letter, t->of[0].chan));
    uint64_t v[MANY] = { 0 };
    ptrdiff_t k = weir_chan_recv_many_wait(
        s->chan[t->of[0].chan], v, MANY, letter == 'M' ? DEADLINE : WEIR_NOW,
        letter == 'M' ? WEIR_FOREVER : DEADLINE, t->with_ctx ? s->ctx : NULL);
    weir_model_read(v, sizeof v);
    weir_model_check(k != 0 && k <= MANY);
    for (ptrdiff_t i = 0; i < MANY; i++) {
        if (i < k)
            op->out[op->nout++] = v[i];
        else
            weir_model_check(v[i] == 0); /* untouched */
    }
    /* What one thread has sent comes in its order. */
    if (k == MANY && v[0] / 1000 == v[1] / 1000) weir_model_check(v[0] < v[1]);
    weir_model_end(op, k < 0 ? k : 0);
}

static void run_one(struct state *s, const struct token *t) {
    char letter = t->of[0].letter;
    weir_chan *c = s->chan[t->of[0].chan];
    weir_ctx *ctx = t->with_ctx ? s->ctx : NULL;
    struct weir_model_op *op = weir_model_begin(name_of(letter), CHAN_KIND(letter, t->of[0].chan));
    uint64_t v = sends(letter) ? new_value(op, 0) : 0;
    int rc;
    if (letter == 'c') {
        rc = weir_chan_close(c);
    } else if (sends(letter)) {
        op->in[0] = v;
        op->nin = 1;
        rc = weir_chan_send_wait(c, &v, deadline_of(t), ctx);
    } else {
        rc = weir_chan_recv_wait(c, &v, deadline_of(t), ctx);
        weir_model_read(&v, sizeof v);
        op->out[0] = v;
        op->nout = rc == 0;
        if (rc != 0) weir_model_check(v == 0);
    }
    weir_model_end(op, rc);
}

static void run_select(struct state *s, const struct token *t) {
    struct weir_case cases[MOST_CASES];
    uint64_t v[MOST_CASES] = { 0 };
    struct weir_model_op *op = weir_model_begin("select", 0);
    op->nin = 1;
    for (size_t i = 0; i < t->n; i++) {
        bool send = sends(t->of[i].letter);
        v[i] = send ? new_value(op, i) : 0;
        cases[i] = (struct weir_case){ weir_chan_waitable(s->chan[t->of[i].chan]), &v[i],
                                       send ? WEIR_SEND : WEIR_RECV, 0, 1 };
        op->in[op->nin++] = CHAN_KIND(send ? 's' : 'r', t->of[i].chan);
    }
    unsigned flags = t->end == '!' ? WEIR_SELECT_READY : t->end == '=' ? WEIR_SELECT_AGEING(2) : 0;
    ptrdiff_t k = weir_select(cases, t->n, deadline_of(t), t->with_ctx ? s->ctx : NULL, flags);
    for (size_t i = 0; i < t->n; i++) /* of the others nothing has moved */
        if (((ptrdiff_t)i != k || flags == WEIR_SELECT_READY) && !sends(t->of[i].letter))
            weir_model_check(v[i] == 0);
    weir_model_read(v, sizeof v);
    if (k >= 0 && flags == WEIR_SELECT_READY) {
        weir_model_check(cases[k].result == 0);
        weir_model_end(op, 1 + k);
        return;
    }
    if (k < 0) {
        for (size_t i = 0; i < t->n; i++) op->out[i] = (uint64_t)(int64_t)cases[i].result;
        op->nout = (uint8_t)t->n;
        weir_model_end(op, k);
        return;
    }
    bool send = sends(t->of[k].letter);
    op->kind = CHAN_KIND(t->end == '?' ? (send ? 's' : 'r') : send ? 'S' : 'R', t->of[k].chan);
    op->in[0] = v[k];
    op->nin = send;
    op->out[0] = v[k];
    op->nout = !send && cases[k].result == 0;
    weir_model_end(op, cases[k].result);
}

static void thread(void *state, unsigned who) {
    struct state *s = state;
    struct token t;
    for (const char *p = s->c->program[who]; *p;) {
        if (*p == 'X') {
            weir_model_check(weir_ctx_cancel(s->ctx, 0) == 0);
            p++;
            continue;
        }
        p = parse(p, &t);
        if (t.select)
            run_select(s, &t);
        else if (t.of[0].letter == 'M' || t.of[0].letter == 'm')
            run_many(s, &t);
        else
            run_one(s, &t);
    }
}

static void finish(void *state) {
    struct state *s = state;
    for (unsigned i = 0; i < CHANS; i++) {
        if (!s->chan[i]) continue;
        weir_model_check(weir_chan_len(s->chan[i]) <= (size_t)s->c->cap[i]);
        struct token t = { .n = 1, .of = { { i, 'r' } } };
        for (size_t left = weir_chan_len(s->chan[i]) + 1; left > 0; left--) run_one(s, &t);
        weir_model_check(weir_chan_len(s->chan[i]) == 0);
    }
    chan_check(s->c);
    for (unsigned i = 0; i < CHANS; i++) weir_model_check(weir_chan_unref(s->chan[i]) == 0);
    weir_ctx_unref(s->ctx);
}

/* ---- scenarios ------------------------------------------------------------------------------------------------ */

/* "a: capacity 1, b: rendezvous; aS | [aRbS]". Kept for the life of the program. */
static const char *describe(const struct chan_case *c) {
    char text[200];
    size_t k = 0;
    for (unsigned i = 0; i < CHANS; i++) {
        if (c->cap[i] < 0) continue;
        k += (size_t)snprintf(text + k, sizeof text - k, "%s%c: %s", i ? ", " : "", 'a' + (int)i,
                              c->cap[i] ? "capacity " : "rendezvous");
        if (c->cap[i]) k += (size_t)snprintf(text + k, sizeof text - k, "%d", c->cap[i]);
    }
    for (unsigned t = 0; t < EX_THREADS && c->program[t] && k < sizeof text; t++)
        k += (size_t)snprintf(text + k, sizeof text - k, "%s %s", t ? " |" : ";", c->program[t]);
    char *copy = strdup(text);
    return copy ? copy : c->name;
}

void chan_scenario(struct weir_model_scenario *to, const struct chan_case *c) {
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
