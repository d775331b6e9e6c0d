/* SPDX-License-Identifier: MIT */
/* maps/node_walk.c - all entries of a map whose entries are nodes: next, each, clear, statistics, the end. See
 * walk.h, node.h. */
#include "../lib/base.h"
#include "../lib/ctx.h"
#include "node.h"

#define BATCH 64

/* ---- batches of nodes ----------------------------------------------------------------------------------- */

/* The next nodes. As weir_map_next. */
static ptrdiff_t fetch(const struct weir__cores *cs, struct weir_map_cursor *c, uint64_t *hash,
                       uint64_t *node, size_t room) {
    struct weir_map_cursor was = *c;
    size_t got = 0;
    while (!c->ended && got < room) {
        struct weir__batch b = { .hash = hash + got, .val = node + got, .room = room - got };
        uint64_t at = weir__core_next(weir__core_at(cs, c->shard_), c->at_, &b);
        if (b.cut && b.n == 0) {
            if (got) return (ptrdiff_t)got;
            *c = was;
            c->need = b.same;
            return WEIR_ETOOBIG;
        }
        got += b.n;
        c->at_ = at;
        if (at == 0) c->ended = ++c->shard_ == cs->n;
    }
    return (ptrdiff_t)got;
}

/* Nodes of one batch: in the caller's memory, or where those of one hash are too many for that, in their own. */
struct nodes {
    const struct weir_alloc *alloc;
    uint64_t *hash, *node;
    size_t room;
    uint64_t own[2 * BATCH];
};

static void nodes_init(struct nodes *b, const struct weir_alloc *alloc) {
    b->alloc = alloc;
    b->hash = b->own;
    b->node = b->own + BATCH;
    b->room = BATCH;
}
static void nodes_fini(struct nodes *b) {
    if (b->hash != b->own)
        weir__free(b->alloc, b->hash, 2 * b->room * sizeof *b->hash, _Alignof(uint64_t));
    nodes_init(b, b->alloc);
}
static bool nodes_widen(struct nodes *b, size_t room) {
    nodes_fini(b);
    uint64_t *p = NULL;
    if (room <= SIZE_MAX / (2 * sizeof *p))
        p = weir__alloc(b->alloc, 2 * room * sizeof *p, _Alignof(uint64_t));
    if (!p) return false;
    b->hash = p;
    b->node = p + room;
    b->room = room;
    return true;
}

/* The next ones, at most `most`, in the caller's guard. */
static ptrdiff_t nodes_fetch(struct weir__shape *s, const struct weir__cores *cs,
                             struct weir_map_cursor *c, struct nodes *b, size_t most) {
    if (s->kind >= CORE_MUTEX) weir_store_relaxed(&s->walked, 1); /* I14: before the lock */
    for (;;) {
        ptrdiff_t n = fetch(cs, c, b->hash, b->node, most < b->room ? most : b->room);
        if (n != WEIR_ETOOBIG || c->need > most) return n;
        if (!nodes_widen(b, c->need)) return WEIR_ENOMEM;
    }
}

/* ---- next, each ----------------------------------------------------------------------------------------- */

static struct weir_str str_of(const struct weir__map_node *n) {
    return (struct weir_str){ weir__node_key(n), n->key_len };
}

static void copy_entry(const struct weir__shape *s, const struct weir__map_node *n, void *key,
                       void *val) {
    weir__node_reads(n);
    memcpy(val, n->val, s->val_size);
    if (s->strings)
        *(struct weir_str *)key = str_of(n);
    else
        memcpy(key, weir__node_key(n), s->key_size);
}

ptrdiff_t weir__node_next(struct weir__shape *s, const struct weir__cores *cs,
                          struct weir_map_cursor *c, void *keys, void *vals, size_t n) {
    struct nodes b;
    if (!c->ended && c->shard_ >= cs->n) return weir__misuse("next", "another map's cursor");
    if (n == 0 && !c->ended) {
        c->need = 1;
        return WEIR_ETOOBIG;
    }
    nodes_init(&b, s->alloc);
    weir_guard g = weir__rcu_enter();
    ptrdiff_t got = nodes_fetch(s, cs, c, &b, n);
    for (ptrdiff_t i = 0; i < got; i++)
        copy_entry(s, weir__node_of(b.node[i]), (char *)keys + (size_t)i * s->key_size,
                   (char *)vals + (size_t)i * s->val_size);
    (void)weir__rcu_exit(g);
    nodes_fini(&b);
    return got;
}

static int call(const struct weir__shape *s, const struct weir__map_node *n, weir_map_fn *fn,
                void *arg) {
    struct weir_str str = str_of(n);
    weir__node_reads(n);
    return fn(s->strings ? &str : weir__node_key(n), n->val, arg);
}

int weir__node_each(struct weir__shape *s, const struct weir__cores *cs, weir_map_fn *fn,
                    void *arg) {
    struct weir_map_cursor c = WEIR_MAP_CURSOR;
    struct nodes b;
    ptrdiff_t n;
    int rc = 0;
    nodes_init(&b, s->alloc);
    do {
        weir_guard g = weir__rcu_enter();
        n = nodes_fetch(s, cs, &c, &b, SIZE_MAX);
        for (ptrdiff_t i = 0; rc == 0 && i < n; i++)
            rc = call(s, weir__node_of(b.node[i]), fn, arg);
        (void)weir__rcu_exit(g);
    } while (rc == 0 && n > 0);
    nodes_fini(&b);
    return n < 0 ? (int)n : rc;
}

/* ---- clear ---------------------------------------------------------------------------------------------- */

/* Nodes that have left a line, linked by their heads, until they are disposed of without its lock. */
struct gone {
    struct weir__gone as; /* the first */
    struct weir__shape *s;
    struct weir_rcu_head *first;
    size_t bytes; /* of one line's: what is asked for before the next */
    weir_time deadline;
    weir_ctx *ctx;
};

static int before(struct weir__gone *as) {
    struct gone *g = (struct gone *)as;
    if (!weir__shape_retires(g->s)) return weir__ctx_err(g->ctx);
    int rc = weir_rcu_room_wait(g->bytes, g->deadline, g->ctx);
    return rc == WEIR_ENOMEM ? 0 : rc;
}

static void removed(struct weir__gone *as, uint64_t val) {
    struct gone *g = (struct gone *)as;
    struct weir__map_node *n = weir__node_of(val);
    n->head.next_ = g->first;
    g->first = &n->head;
}

static void after(struct weir__gone *as) {
    struct gone *g = (struct gone *)as;
    struct weir_rcu_head *h = g->first;
    size_t bytes = 0;
    g->first = NULL;
    while (h) {
        struct weir__map_node *n = (struct weir__map_node *)(void *)h;
        h = h->next_;
        bytes += weir__node_bytes(n);
        weir__node_dispose(g->s, n, true);
    }
    if (bytes > g->bytes) g->bytes = bytes;
}

static struct gone gone_of(struct weir__shape *s, weir_time deadline, weir_ctx *ctx) {
    return (struct gone){ .as = { before, removed, after },
                          .s = s,
                          .bytes = 4 * weir__node_bytes_for(s, s->key_size),
                          .deadline = deadline,
                          .ctx = ctx };
}

int weir__node_clear(struct weir__shape *s, struct weir__core *c, weir_time deadline,
                     weir_ctx *ctx) {
    struct gone g = gone_of(s, deadline, ctx);
    return weir__core_clear(c, &g.as, deadline, ctx);
}

/* ---- statistics ----------------------------------------------------------------------------------------- */

static size_t node_bytes(uint64_t val) {
    const struct weir__map_node *n = weir__node_of(val);
    weir__node_reads(n);
    return weir__node_bytes(n);
}

/* Where keys have one size there is no need to look at nodes. */
void weir__cores_look(const struct weir__shape *s, const struct weir__cores *cs,
                      struct weir_map_stats *out) {
    bool looks = !s->words && s->strings;
    for (unsigned i = 0; i < cs->n; i++)
        weir__core_look(weir__core_at(cs, i), out, looks ? node_bytes : NULL);
    if (!s->words && !looks) out->node_bytes = out->entries * weir__node_bytes_for(s, s->key_size);
}

/* ---- the end -------------------------------------------------------------------------------------------- */

/* Until no function is under way that looks at the map, nor one that such a one has retired, however deep. */
static int settle(const struct weir__shape *s) {
    uint64_t deep;
    int rc = 0;
    if (!weir__shape_owes(s)) return 0;
    do {
        deep = weir_load_relaxed(&s->deep);
        rc = weir_rcu_barrier();
    } while (rc == 0 && weir_load_relaxed(&s->deep) != deep);
    return rc;
}

/* What `drop` has put meanwhile is removed in the next turn. */
int weir__nodes_end(struct weir__shape *s, const struct weir__cores *cs) {
    struct gone g = gone_of(s, WEIR_FOREVER, NULL);
    bool later = s->kind == CORE_RCU && s->drop; /* all values are dropped on weir's thread */
    int rc = settle(s);
    size_t n = 1;
    if (rc == 0 && !later) s->closing = true;
    while (rc == 0 && n > 0) {
        n = 0;
        for (unsigned i = 0; i < cs->n; i++)
            (void)weir__core_empty(weir__core_at(cs, i), &g.as, &n, WEIR_FOREVER, NULL);
        rc = settle(s); /* in the last turn for a table that it has moved away from */
        if (!s->drop) n = 0;
    }
    return rc;
}
