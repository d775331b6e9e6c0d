/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/map.c - runs the programs of map.h, and keeps their history. */
#include <weir/rcu.h>

#include <string.h>

#include "../../../lib/rcu_inside.h"
#include "../../../maps/unhash.h"
#include "made.h"
#include "map.h"

#define KEYS "0123ab456789"
#define BATCH 8

struct state {
    void *map;
    const struct map_kind *k;
    const struct map_case *c;
    weir_au32 users;
    uint64_t taken[128]; /* by key: written before it is taken, read by who misses it */
    uint64_t plain[512]; /* written before the value of this number is put, read after it is got */
};

uint64_t map_key(char name) {
    bool last = name >= 'a';
    return weir__map_unhash(
        last ? (UINT64_MAX << 8) + (uint64_t)(name - 'a') : (uint64_t)(name - '0'), 1);
}
uint64_t map_first_value(char name) { return 1000 + (uint64_t)(unsigned char)name; }

static void register_thread(void *arg) {
    (void)arg;
    (void)weir__thread_self();
}

/* What fails for want of memory (budget oom) changes nothing, and succeeds the next time. */
#define at_last(call)                                     \
    for (int rc_ = WEIR_ENOMEM; rc_ != 0;) {              \
        rc_ = (call);                                     \
        weir_model_check(rc_ == 0 || rc_ == WEIR_ENOMEM); \
    }

static void setup(void *state) {
    struct state *s = state;
    s->c = weir_model_param();
    s->k = s->c->kind;
    unsigned threads = E.sc->threads;
    for (unsigned i = 0; i < threads; i++) weir_model_as(i, register_thread, NULL);
    E.membarrier = !s->c->denied;
    weir__map_filter_from = s->c->filter ? 0 : SIZE_MAX;
    at_last(s->k->open(&s->map));
    for (const char *k = s->c->there; *k; k++)
        at_last(s->k->put(s->map, map_key(*k), map_first_value(*k)));
    for (const char *k = s->c->waiting; *k; k++) {
        at_last(s->k->put(s->map, map_key(*k), 7));
        weir_model_check(s->k->take(s->map, map_key(*k), NULL) == 0);
    }
    weir_init_atomic(&s->users, s->c->keeper ? threads - 1 : threads);
    ex_threads_left = s->c->keeper ? 1 : 0;
}

/* ---- operations ----------------------------------------------------------------------------------------- */

static const char *verb(char letter) {
    switch (letter) {
        case 'G': return "get";
        case 'P': return "put";
        case 'I': return "get_or_put";
        case 'S': return "swap";
        case 'T': return "take";
        case 'C': return "cas";
        case 'D': return "cad";
        case 'V': return "visit";
        case 'U': return "update, a swap";
        case 'Y': return "update, a take";
        case 'X': return "clear";
        case 'W': return "walk";
        case 'R': return "grow";
        case 'Z': return "shrink";
        case 'B': return "statistics";
        default: return "grace period";
    }
}

static int on_key(const struct state *s, char letter, uint64_t key, uint64_t first, uint64_t *v) {
    const struct map_kind *k = s->k;
    void *m = s->map;
    switch (letter) {
        case 'G': return k->get(m, key, v);
        case 'P': return k->put(m, key, *v);
        case 'I': return k->get_or_put(m, key, v);
        case 'S': return k->swap(m, key, v);
        case 'T': return k->take(m, key, v);
        case 'V': return k->visit(m, key, v);
        case 'U': return k->update(m, key, v);
        case 'Y': return k->extract(m, key, v);
        case 'C': return k->cas(m, key, first, *v);
        default: return k->cad(m, key, first);
    }
}

static void writes(struct state *s, uint64_t v) {
    weir_model_write(&s->plain[v], sizeof *s->plain);
    s->plain[v] = v;
}
static void reads(struct state *s, uint64_t v) {
    if (v >= 512) return;
    weir_model_read(&s->plain[v], sizeof *s->plain);
    weir_model_check(s->plain[v] == v);
}

/* One by one, but for those that are met together. */
static ptrdiff_t next(const struct state *s, struct weir_map_cursor *c, uint64_t *key,
                      uint64_t *val) {
    ptrdiff_t n = s->k->next(s->map, c, key, val, 1);
    if (n != WEIR_ETOOBIG) return n;
    weir_model_check(c->need > 1 && c->need <= BATCH);
    return s->k->next(s->map, c, key, val, c->need);
}

/* What it met, as a get of each key: out[i] is 0, or the value of the i-th key. */
static void walk(struct state *s, struct weir_model_op *op) {
    struct weir_map_cursor c = WEIR_MAP_CURSOR;
    uint64_t key[BATCH], val[BATCH];
    ptrdiff_t n;
    unsigned most = 0;
    memset(op->out, 0, sizeof op->out);
    while ((n = next(s, &c, key, val)) > 0)
        for (ptrdiff_t k = 0; k < n; k++) {
            unsigned i = 0;
            while (KEYS[i] && map_key(KEYS[i]) != key[k]) i++;
            weir_model_check(KEYS[i] && i < WEIR_MODEL_VALUES && op->out[i] == 0 && most++ < 20);
            op->out[i] = val[k];
            reads(s, val[k]);
        }
    weir_model_check(n == 0);
    op->nout = WEIR_MODEL_VALUES;
}

static void resize(struct weir__core *c, bool grow) {
    weir_guard g = weir__core_enter_read(c);
    size_t lines = weir__map_root(c)->lines;
    weir__core_exit(c, g);
    if (grow || lines > 2) (void)weir__map_resize(c, lines, grow ? 2 * lines : lines / 2);
    (void)weir__map_finish(c, WEIR_FOREVER, NULL);
}

/* What the history calls it: what it does to the map, not how. */
static char effect(char letter) {
    return letter == 'V' ? 'G' : letter == 'U' ? 'S' : letter == 'Y' ? 'T' : letter;
}

/* The entries that it counts. */
static size_t look(const struct state *s) {
    struct weir_map_stats stats = WEIR_MAP_STATS;
    weir_model_check(s->k->stats(s->map, &stats) == 0);
    weir_model_check(stats.node_bytes == stats.entries * MAP_STRING_BYTES);
    return stats.entries;
}

static void run_one(struct state *s, char by, char name) {
    char letter = effect(by);
    struct weir_model_op *op =
        weir_model_begin(verb(by), (unsigned)letter | (unsigned)(unsigned char)name << 8);
    uint64_t v = (uint64_t)(op->thread + 1) * 100 + op->seq, first = map_first_value(name);
    int rc = 0;
    if (strchr("GPISTCD", letter)) {
        op->in[0] = letter == 'C' || letter == 'D' ? first : v;
        op->in[1] = v;
        if (by == 'G' && s->k == &map_kind_map) weir_model_claims(40);
        if (strchr("PISC", letter)) writes(s, v);
        uint64_t *taken =
            s->c->after && strchr(s->c->after, name) ? &s->taken[(unsigned char)name] : NULL;
        if (taken && letter == 'T') weir_model_write(taken, sizeof *taken);
        rc = on_key(s, by, map_key(name), first, &v);
        if (taken && letter == 'G' && rc == WEIR_ENOENT) weir_model_read(taken, sizeof *taken);
        op->nin = letter == 'C' ? 2 : letter == 'G' || letter == 'T' ? 0 : 1;
        bool out = letter == 'G' || letter == 'T'   ? rc == 0
                   : letter == 'I' || letter == 'S' ? rc == WEIR_EEXIST
                                                    : false;
        op->out[0] = v;
        op->nout = out;
        if (out) reads(s, v);
    } else if (letter == 'W') {
        walk(s, op);
    } else if (letter == 'X') {
        rc = s->k->clear(s->map);
    } else if (letter == 'R' || letter == 'Z') {
        resize(s->k->core(s->map), letter == 'R');
    } else if (letter == 'B') {
        look(s);
    } else {
        rc = weir_rcu_synchronize();
    }
    weir_model_end(op, rc);
}

static void thread(void *state, unsigned who) {
    struct state *s = state;
    if (s->c->keeper && made_serves(who, 1, weir__rcu_main)) return;
    for (const char *p = s->c->program[who]; *p; p += 2) run_one(s, p[0], p[1]);
    if (weir_fetch_sub_acq_rel(&s->users, 1, 0) != 1 || !s->c->keeper) return;
    weir_model_check(weir_shutdown() == 0);
    weir_au32 none = { 1 };
    made_through(&none);
}

/* ---- afterwards ----------------------------------------------------------------------------------------- */

/* Everything is still there to be read, once; it ends all moves, and gives back all that was retired. */
static void finish(void *state) {
    struct state *s = state;
    for (const char *k = KEYS; *k; k++) run_one(s, 'G', *k);
    map_check(s->c);
    at_last(weir__map_finish(s->k->core(s->map), WEIR_FOREVER, NULL));
    size_t n = 0;
    struct weir_map_cursor c = WEIR_MAP_CURSOR;
    uint64_t key[BATCH], val[BATCH];
    for (ptrdiff_t k; (k = s->k->next(s->map, &c, key, val, BATCH)) > 0;) n += (size_t)k;
    weir_model_check(s->k->len(s->map) == n);
    if (s->k->stats) weir_model_check(look(s) == n);
    at_last(s->k->close(s->map));
    weir__rcu.stops = 1; /* weir's thread, here */
    weir_init_atomic(&weir__rcu_clock.ask, WEIR__RCU_HURRY);
    weir__rcu_main();
}

void map_scenario(struct weir_model_scenario *to, const struct map_case *c) {
    static char about[256][80]; /* one each */
    static unsigned next;
    char *text = about[next++ % 256];
    unsigned threads = 0;
    text[0] = '\0';
    for (; threads < EX_THREADS && c->program[threads]; threads++) {
        if (threads) (void)strcat(text, " | ");
        (void)strncat(text, c->program[threads], 79 - strlen(text) - 4);
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
