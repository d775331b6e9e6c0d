/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/deque.c - runs the programs of deque.h, and checks their histories with stress/lin.
 * An element is a word of plain memory, written before it is pushed and read by who gets it. */
#include "deque.h"

#include <string.h>

#include <weir/rcu.h>

#include "../../../lib/rcu_inside.h"
#include "../../../queues/deque.h"
#include "../../lin/specs.h"
#include "check.h"
#include "made.h"

#define ELEMS 8
#define MOST 32

struct state {
    weir_deque *d;
    const struct deque_case *c;
    uint64_t elem[ELEMS]; /* plain */
    unsigned pushed;      /* the owner's */
    unsigned taken;       /* a bit for each */
    weir_au32 users;
};

static void register_thread(void *arg) {
    (void)arg;
    (void)weir__thread_self();
}

static void setup(void *state) {
    struct state *s = state;
    s->c = weir_model_param();
    struct weir_deque_opts opts = WEIR_DEQUE_OPTS(s->c->cap);
    unsigned threads = E.sc->threads;
    for (unsigned i = 0; i < threads; i++) weir_model_as(i, register_thread, NULL);
    int rc = WEIR_ENOMEM;
    while (rc == WEIR_ENOMEM) rc = weir__deque_new_at(&s->d, &opts, s->c->start); /* budget oom */
    weir_model_check(rc == 0);
    weir_init_atomic(&s->users, s->c->keeper ? threads - 1 : threads);
    ex_threads_left = s->c->keeper;
}

/* ---- operations ------------------------------------------------------------------------------------------- */

static uint64_t took(struct state *s, void *e) {
    uint64_t *elem = e;
    uint64_t i = (uint64_t)(elem - s->elem);
    weir_model_check(elem >= s->elem && i < ELEMS);
    weir_model_read(elem, sizeof *elem);
    weir_model_check(*elem == i + 1);
    weir_model_check(!(s->taken & 1u << i));
    s->taken |= 1u << i;
    return i + 1;
}

static const char *name_of(char letter) {
    switch (letter) {
        case 'u': return "push";
        case 'o': return "pop";
        case 't': return "trim";
        case 's': return "steal";
        case 'n': return "steal_n";
        default: return "len";
    }
}

static int push(struct state *s, struct weir_model_op *op) {
    uint64_t *elem = &s->elem[s->pushed];
    weir_model_check(s->pushed < ELEMS);
    weir_model_write(elem, sizeof *elem);
    *elem = s->pushed + 1;
    op->in[0] = *elem;
    op->nin = 1;
    int rc = weir_deque_push(s->d, elem);
    weir_model_check(rc == 0 || rc == WEIR_ENOMEM);
    if (rc == 0) s->pushed++;
    return rc;
}

/* The steps of a call that allocates nothing and enters no guard for the first time. */
static void run_one(struct state *s, char letter) {
    struct weir_model_op *op = weir_model_begin(name_of(letter), (unsigned)letter);
    void *e[2];
    int64_t rc = 0;
    if (letter == 'u') {
        rc = push(s, op);
    } else if (letter == 't') {
        rc = weir_deque_trim(s->d);
    } else if (letter == 'l') {
        weir_model_claims(4);
        weir_model_check(weir_deque_len(s->d) <= ELEMS);
    } else {
        if (letter != 'o') weir_model_claims(16);
        rc = letter == 'o'   ? weir_deque_pop(s->d, &e[0])
             : letter == 's' ? weir_deque_steal(s->d, &e[0])
                             : weir_deque_steal_n(s->d, e, 2);
    }
    bool takes = letter == 'o' || letter == 's' || letter == 'n';
    int64_t n = letter == 'n' ? rc : takes && rc == 0 ? 1 : 0;
    for (int64_t i = 0; i < n; i++) op->out[op->nout++] = took(s, e[i]);
    weir_model_end(op, rc);
}

static void thread(void *state, unsigned who) {
    struct state *s = state;
    if (s->c->keeper && made_serves(who, 1, weir__rcu_main)) return;
    for (const char *p = s->c->program[who]; *p; p++) run_one(s, *p);
    if (weir_fetch_sub_acq_rel(&s->users, 1, 0) != 1 || !s->c->keeper) return;
    weir_model_check(weir_shutdown() == 0);
    weir_au32 none = { 1 };
    made_through(&none);
}

/* ---- afterwards ------------------------------------------------------------------------------------------- */

static struct {
    struct weir_lin_deque shape;
    struct weir_lin_spec spec;
    weir_lin_checker *checker;
} lin;
static struct seen_histories seen;

static void explain(FILE *to) { weir_lin_print(lin.checker, to); }

static uint16_t kind_of(unsigned letter) {
    return letter == 'u'   ? WEIR_LIN_DEQUE_PUSH
           : letter == 'o' ? WEIR_LIN_DEQUE_POP
                           : WEIR_LIN_DEQUE_STEAL;
}

/* A batch is so many steals. */
static size_t convert(const struct weir_model_op *op, struct weir_lin_op *to) {
    if (op->kind == 't' || op->kind == 'l') return 0;
    size_t n = op->nout > 1 ? op->nout : 1;
    for (size_t i = 0; i < n; i++) {
        to[i] = (struct weir_lin_op){ .call = op->call,
                                      .ret = op->ret,
                                      .result = op->result < 0 ? op->result : 0,
                                      .thread = op->thread,
                                      .seq = op->seq,
                                      .kind = kind_of(op->kind),
                                      .in = { op->in[0] },
                                      .nin = op->nin,
                                      .nout = op->nout > 0 };
        if (op->nout) to[i].out[0] = op->out[i];
    }
    return n;
}

static void check_history(void) {
    static struct weir_lin_op ops[MOST];
    size_t n, k = 0;
    const struct weir_model_op *op = weir_model_history(&n);
    uint64_t h = history_hash(op, n);
    if (!lin.checker && (weir_lin_deque_spec(&lin.spec, &lin.shape) < 0 ||
                         weir_lin_checker_new(&lin.checker, &lin.spec, NULL) < 0))
        ex_fail(EX_F_MISUSE, "the linearizability checker cannot be made");
    if (history_seen(&seen, h) && !E.tracing) return;
    for (size_t i = 0; i < n; i++) {
        if (k + 2 > MOST) ex_fail(EX_F_MISUSE, "too many operations in a deque scenario");
        k += convert(&op[i], ops + k);
    }
    if (weir_lin_check(lin.checker, ops, k) != WEIR_LIN_OK) {
        E.explain = explain;
        ex_fail(EX_F_HISTORY, "%s", weir_lin_reason(lin.checker));
    }
    history_remember(&seen, h);
}

/* What is left is there, the newest first, and nothing else. */
static void finish(void *state) {
    struct state *s = state;
    void *e;
    size_t left = weir_deque_len(s->d), n = 0;
    for (uint64_t last = ELEMS + 1; weir_deque_pop(s->d, &e) == 0; n++) {
        uint64_t v = took(s, e);
        weir_model_check(v < last);
        last = v;
    }
    weir_model_check(n == left);
    weir_model_check(s->taken == (1u << s->pushed) - 1);
    check_history();
    weir_model_check(weir_deque_free(s->d) == 0);
    weir__rcu.stops = 1; /* weir's thread, here */
    weir_init_atomic(&weir__rcu_clock.ask, WEIR__RCU_HURRY);
    weir__rcu_main();
}

/* ---- scenarios -------------------------------------------------------------------------------------------- */

/* clang-format off */
#define CASE(what, cap, start, options, ...) { "deque." what, cap, start, { __VA_ARGS__ }, options, false }
#define KEPT(what, cap, start, options, ...) { "deque." what, cap, start, { __VA_ARGS__, "" }, options, true }

const struct deque_case deque_cases[] = {
    /* the last element, and the last but one */
    CASE("last", 2, 0, NULL, "uo", "s"),
    CASE("last.two", 2, 0, NULL, "uo", "s", "s"),
    CASE("last.again", 2, 0, NULL, "uouo", "ss"),
    CASE("last.empty", 2, 0, NULL, "uoou", "ss"),
    CASE("two", 2, 0, NULL, "uuoo", "ss"),
    CASE("two.thieves", 4, 0, NULL, "uuoo", "s", "s"),
    CASE("three.thieves", 4, 0, NULL, "uuo", "s", "s", "s"),
    CASE("same.place", 1, 0, NULL, "uouou", "s"),
    CASE("2x3", 2, 0, "solo=1", "uou", "sss"),
    CASE("3x2", 2, 0, "solo=1", "uuo", "ss", "ss"),
    CASE("len", 2, 0, "solo=1", "uuo", "lsl"),
    /* several at once */
    CASE("batch", 4, 0, NULL, "uuuoo", "n"),
    CASE("batch.two", 4, 0, NULL, "uuuo", "n", "n"),
    /* another array */
    CASE("grow", 1, 0, NULL, "uuo", "ss"),
    CASE("grow.two", 1, 0, NULL, "uuuo", "s", "s"),
    CASE("grow.oom", 1, 0, "oom=1", "uuuo", "ss"),
    KEPT("grow.freed", 1, 0, "preemptions=1", "uuu", "s"),
    CASE("shrink", 1, 0, NULL, "uuootu", "s"),
    CASE("shrink.stolen", 1, 0, NULL, "uuouoouu", "ss"),
    KEPT("shrink.freed", 1, 0, "preemptions=1", "uuoot", "s"),
    /* indices that wrap */
    CASE("wrap", 2, UINT64_MAX, NULL, "uuoo", "ss"),
    CASE("wrap.zero", 2, 0, NULL, "ouo", "s"),
    CASE("wrap.grow", 1, UINT64_MAX, NULL, "uuuo", "ss"),
    CASE("wrap.batch", 2, UINT64_MAX - 1, NULL, "uuuo", "n"),
    { .name = NULL }
};
/* clang-format on */

void deque_scenario(struct weir_model_scenario *to, const struct deque_case *c) {
    static char about[64][64];
    static unsigned next;
    char *text = about[next++ % 64];
    unsigned threads = 0;
    text[0] = '\0';
    for (; threads < EX_THREADS && c->program[threads]; threads++) {
        if (threads) (void)strncat(text, " | ", 63 - strlen(text));
        (void)strncat(text, c->program[threads], 63 - strlen(text));
    }
    *to = (struct weir_model_scenario){ .name = c->name,
                                        .about = text,
                                        .threads = threads,
                                        .param = c,
                                        .options = c->options,
                                        .state_size = sizeof(struct state),
                                        .setup = setup,
                                        .thread = thread,
                                        .finish = finish };
}
