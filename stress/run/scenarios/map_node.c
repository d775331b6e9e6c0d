/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/map_node.c - values are pointers to nodes, which are plain memory: written before they are put,
 * read under a guard, retired by whoever took or replaced them, and freed after a grace period. Verbs that do not say
 * what was there before (put, delete, clear) are left out.
 *
 * replace   a few keys of one line: replacing against deleting. Each node comes out of the map once, whoever wins
 * nodes     hundreds of keys, which come and go, so that nodes move with their lines
 * reenter   the functions of retired nodes call the map: they take and swap, and retire what they got; and look
 *           at nodes under a guard of their own
 *
 * A node that is retired twice is noticed by its state; one that is lost, by the count at the end; one that is freed too
 * early, by its words, or by AddressSanitizer; one that is not whole, by its words, or by ThreadSanitizer. */
#include "map_blocks.h"
#include "map_body.h"
#include "map_call.h"

#include <weir/rcu.h>

#include <stdlib.h>
#include <string.h>

#define HARD (64 << 20) /* of garbage; a thread tells the others of each 16 KiB */
#define ROOM 500 /* calls for which a worker asks for room: more often would order workers by it */

enum { MADE = 11, RETIRED, FREED };

struct nodes;
struct node {
    struct weir_rcu_head head;
    struct nodes *of;
    uint64_t key, writer, number, sum; /* plain */
    weir_au32 state;
};

struct row {
    uint16_t keys, crowd;
    bool waves, calls;
};

struct nodes {
    const struct row *row;
    const struct map_kind *kind;
    void *map;
    struct map_blocks blocks;
    unsigned threads;
    uint64_t seed;
    weir_au64 made, freed, replaced, removed, in_functions;
    weir_au32 over; /* functions make nothing new */
};

static uint64_t key_at(const struct nodes *s, uint64_t i) {
    return map_key_of(i, s->row->crowd, s->seed);
}

/* ---- nodes ---------------------------------------------------------------------------------------------- */

static uint64_t sum_of(const struct node *n) {
    return (n->key * 31 + n->writer) * 31 + n->number + 1;
}

static uint64_t make(struct nodes *s, uint64_t key, uint64_t writer) {
    struct node *n = malloc(sizeof *n);
    if (!weir_stress_check(n, "no memory")) return 0;
    *n = (struct node){ .of = s, .key = key, .writer = writer };
    n->number = weir_fetch_add_relaxed(&s->made, 1);
    n->sum = sum_of(n);
    weir_init_atomic(&n->state, MADE);
    return (uint64_t)(uintptr_t)n;
}
static struct node *node_at(uint64_t v) {
    void *p;
    _Static_assert(sizeof p == sizeof v, "a value is a pointer");
    memcpy(&p, &v, sizeof p);
    return p;
}

static void give_up(struct nodes *s, struct node *n) {
    n->sum = 0;
    weir_store_relaxed(&n->state, FREED);
    free(n);
    (void)weir_fetch_add_relaxed(&s->freed, 1);
}

/* Under a guard since before it was found. */
static bool whole(const struct nodes *s, uint64_t v, uint64_t key) {
    const struct node *n = node_at(v);
    return weir_stress_check(n->key == key && n->sum == sum_of(n) && n->of == s,
                             "key %llu has a node of key %llu, its sum is %s: not whole, or freed",
                             (unsigned long long)key, (unsigned long long)n->key,
                             n->sum == sum_of(n) ? "right" : "wrong");
}

static void called(struct weir_rcu_head *head);

/* By who got it out of the map. */
static void retire(uint64_t v) {
    struct node *n = node_at(v);
    uint32_t was = weir_exchange_acq_rel(&n->state, RETIRED, 0);
    if (!weir_stress_check(was == MADE, "a node came out of the map twice: its state is %u", was))
        return;
    int rc = weir_rcu_retire(&n->head, sizeof *n, called);
    weir_stress_check(rc == 0, "retire returned %d", rc);
}

/* ---- calls ---------------------------------------------------------------------------------------------- */

static void look(struct nodes *s, uint64_t i) {
    uint64_t v = 0, again = 0;
    weir_guard g = weir_rcu_enter();
    if (s->kind->get(s->map, key_at(s, i), &v) == 0 && whole(s, v, i)) {
        (void)s->kind->get(s->map, key_at(s, i), &again);
        (void)whole(s, v, i); /* still */
    }
    weir_stress_check(weir_rcu_exit(g) == 0, "a guard cannot be released");
}

static void replace(struct nodes *s, uint64_t i, uint64_t me) {
    uint64_t v = make(s, i, me);
    int rc = s->kind->swap(s->map, key_at(s, i), &v, WEIR_FOREVER);
    weir_stress_check(rc == 0 || rc == WEIR_EEXIST, "swap returned %d", rc);
    if (rc != WEIR_EEXIST) return;
    retire(v);
    (void)weir_fetch_add_relaxed(&s->replaced, 1);
}

static void take(struct nodes *s, uint64_t i) {
    uint64_t v = 0;
    int rc = s->kind->take(s->map, key_at(s, i), &v);
    weir_stress_check(rc == 0 || rc == WEIR_ENOENT, "take returned %d", rc);
    if (rc != 0) return;
    retire(v);
    (void)weir_fetch_add_relaxed(&s->removed, 1);
}

static void put_new(struct nodes *s, uint64_t i, uint64_t me) {
    uint64_t mine = make(s, i, me), v = mine;
    weir_guard g = weir_rcu_enter();
    int rc = s->kind->get_or_put(s->map, key_at(s, i), &v, WEIR_FOREVER);
    weir_stress_check(rc == 0 || rc == WEIR_EEXIST, "get_or_put returned %d", rc);
    if (rc == WEIR_EEXIST) {
        (void)whole(s, v, i);
        give_up(s, node_at(mine)); /* nobody has seen it */
    }
    (void)weir_rcu_exit(g);
}

/* The guard keeps what is expected from coming back as another node. */
static void compare(struct nodes *s, uint64_t i, uint64_t me, bool removes) {
    uint64_t seen = 0, v = removes ? 0 : make(s, i, me);
    weir_guard g = weir_rcu_enter();
    int rc = s->kind->get(s->map, key_at(s, i), &seen);
    if (rc == 0)
        rc = removes ? s->kind->cad(s->map, key_at(s, i), seen)
                     : s->kind->cas(s->map, key_at(s, i), seen, v);
    (void)weir_rcu_exit(g);
    weir_stress_check(rc == 0 || rc == WEIR_EEXIST || rc == WEIR_ENOENT, "cas or cad returned %d",
                      rc);
    if (rc == 0) {
        retire(seen);
        (void)weir_fetch_add_relaxed(removes ? &s->removed : &s->replaced, 1);
    } else if (!removes) {
        give_up(s, node_at(v));
    }
}

static void one_call(struct nodes *s, uint64_t i, uint64_t me, uint64_t what) {
    switch (what) {
        case 0: put_new(s, i, me); break;
        case 1: replace(s, i, me); break;
        case 2: take(s, i); break;
        case 3: compare(s, i, me, false); break;
        case 4: compare(s, i, me, true); break;
        default: look(s, i); break;
    }
}

/* Of a node whose grace period has ended: on weir's thread. Half of them retire one more at most, so that they come to
 * an end. */
static void called(struct weir_rcu_head *head) {
    struct node *n = (struct node *)(void *)head;
    struct nodes *s = n->of;
    uint64_t r = n->number * UINT64_C(0x9E3779B97F4A7C15) >> 40;
    uint32_t was = weir_load_relaxed(&n->state);
    weir_stress_check(was == RETIRED && n->sum == sum_of(n),
                      "a function is called for a node whose state is %u", was);
    if (s->row->calls && !weir_load_relaxed(&s->over)) {
        one_call(s, r % s->row->keys, 1023, r >> 16 & 1 ? 1 + (r >> 17) % 4 : 5);
        (void)weir_fetch_add_relaxed(&s->in_functions, 1);
    }
    give_up(s, n);
}

/* ---- workers -------------------------------------------------------------------------------------------- */

static void nodes_thread(void *state, struct weir_stress_worker *w) {
    struct nodes *s = state;
    uint64_t me = weir_stress_index(w), at = 0, calls = 0, keys = s->row->keys;
    weir_stress_role(w, "caller");
    while (weir_stress_more(w)) {
        uint64_t i = weir_stress_random(w, keys), what = weir_stress_random(w, 8);
        if (s->row->waves && what >= 2) {
            i = (at++ + me * 7) % keys;
            what = at / keys % 2 ? 2 + weir_stress_random(w, 3) / 2 * 2 : weir_stress_random(w, 2);
        }
        may_sleep(w);
        if (calls++ % ROOM == 0) {
            int rc = weir_rcu_room(ROOM * sizeof(struct node));
            weir_stress_check(rc == 0, "room returned %d", rc);
        }
        one_call(s, i, me, what);
        slept(w);
    }
}

static int setup(void *state, struct weir_stress *run) {
    struct nodes *s = state;
    rcu_begins();
    if (weir_rcu_set_limits(HARD / 16, HARD) < 0) return WEIR_EINVAL;
    s->row = map_param_of(run);
    s->kind = map_kind_of(run);
    s->threads = weir_stress_threads(run);
    s->seed = 1 + weir_stress_seed(run) % 1000003;
    blocks_init(&s->blocks);
    struct map_shape shape = { .seed = s->seed, .alloc = &s->blocks.as };
    return s->kind->make(&s->map, &shape);
}

static int free_entry(uint64_t key, uint64_t val, void *arg) {
    struct nodes *s = arg;
    (void)key;
    struct node *n = node_at(val);
    weir_stress_check(n->of == s && weir_load_relaxed(&n->state) == MADE,
                      "a node is in the map and was retired");
    give_up(s, n);
    return 0;
}

static void finish(void *state) {
    struct nodes *s = state;
    weir_store_relaxed(&s->over, 1);
    int rc = weir_rcu_barrier();
    weir_stress_check(rc == 0, "barrier returned %d", rc);
    uint64_t out = weir_load_relaxed(&s->made) - weir_load_relaxed(&s->freed);
    size_t len = s->kind->len(s->map);
    weir_stress_check(out == len,
                      "%llu nodes were made and neither freed nor retired, the map has %zu",
                      (unsigned long long)out, len);
    weir_stress_count_of("replaced", weir_load_relaxed(&s->replaced));
    weir_stress_count_of("removed", weir_load_relaxed(&s->removed));
    weir_stress_count_of("resizes", s->kind->resizes(s->map));
    if (s->row->calls) weir_stress_count_of("functions", weir_load_relaxed(&s->in_functions));
    if (!weir_stress_failed()) (void)s->kind->each(s->map, free_entry, s);
    weir_stress_check(s->kind->free(s->map) == 0, "the map cannot be freed");
    blocks_check(&s->blocks);
    rcu_ends();
}

static const struct row replaced = { .keys = 3, .crowd = 3 },
                        many = { .keys = 400, .crowd = 8, .waves = true },
                        reenter = { .keys = 40, .crowd = 4, .calls = true };

#define ROW(name_, about_, param_)              \
    {                                           \
        .as = {                                 \
            .name = name_,                      \
            .about = about_,                    \
            .flags = TABLES,                    \
            .min_threads = 2,                   \
            .state_size = sizeof(struct nodes), \
            .setup = setup,                     \
            .thread = nodes_thread,             \
            .finish = finish,                   \
            .param = &(param_)                  \
        }                                       \
    }

const struct map_body map_node_bodies[] = {
    ROW("replace", "nodes are replaced and deleted, and retired once each", replaced),
    ROW("nodes", "the same, while the map grows and shrinks", many),
    ROW("reenter", "functions of retired nodes call the map and retire", reenter),
    { .as = { 0 } },
};
