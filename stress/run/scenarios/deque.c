/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/deque.c - the work-stealing deque.
 *
 * one     worker 0 owns it, the others steal
 * last    the same, with at most two elements inside: owner and thieves meet at the last one all the time
 * team    each worker has a deque of its own, and steals from the others, as a pool does
 * handed  workers take turns as the owner of one deque, by a lock; who is not, steals
 *
 * An element is a node from malloc: written by its owner, read, poisoned and freed by who takes it. A node
 * taken twice is freed twice, or bears the poison. Nodes that one thief steals from one deque were pushed in
 * that order. At the end all that went in has come out. Deques begin with room for one to four and below the
 * wrap of their indices, so that they grow and shrink; the role of the owner is empty-handed now and then, so
 * that they are drained. */
#include "body.h"

#include <pthread.h>
#include <stdlib.h>

#include <weir/deque.h>
#include <weir/rcu.h>

#include "queues/deque.h"

#define MOST 64 /* deques */
#define LIVE UINT64_C(0x11e5)
#define POISON UINT64_C(0xdead)
#define BATCH 8

struct node {
    uint64_t state, owner, n; /* plain */
};

struct lane {
    _Alignas(WEIR_LINE) weir_deque *d;
    uint64_t next;       /* of its nodes */
    uint64_t last[MOST]; /* of each deque: the last that this worker stole */
    uint64_t pushed, popped, stolen, lost, empty, longest;
};

enum shape { ONE, LAST, TEAM, HANDED };

struct deques {
    enum shape shape;
    unsigned threads, n;
    pthread_mutex_t role;
    uint64_t handed; /* of HANDED: the number of the next node */
    struct lane *lane;
};

static int setup(void *state, struct weir_stress *run) {
    struct deques *s = state;
    s->shape = *(const enum shape *)weir_stress_param(run);
    s->threads = weir_stress_threads(run);
    if (s->threads > MOST) return weir_stress_skip(run, "at most %d threads", MOST);
    s->n = s->shape == TEAM ? s->threads : 1;
    if (pthread_mutex_init(&s->role, NULL) != 0) return WEIR_ENOMEM;
    s->lane = aligned_alloc(WEIR_LINE, s->threads * sizeof *s->lane);
    if (!s->lane) return WEIR_ENOMEM;
    for (unsigned i = 0; i < s->threads; i++) {
        s->lane[i] = (struct lane){ .d = NULL };
        struct weir_deque_opts opts = WEIR_DEQUE_OPTS(1 + (weir_stress_seed(run) + i) % 4);
        uint64_t start = weir_stress_seed(run) % 2 ? UINT64_MAX - 40 : 0;
        if (i < s->n && weir__deque_new_at(&s->lane[i].d, &opts, start) < 0) return WEIR_ENOMEM;
    }
    return 0;
}

/* ---- calls ------------------------------------------------------------------------------------------------ */

static void took(struct lane *l, void *elem, unsigned from, bool stolen) {
    struct node *e = elem;
    if (!weir_stress_check(e->state == LIVE && e->owner == from,
                           "node %llu of deque %u is 0x%llx, of deque %llu",
                           (unsigned long long)e->n, from, (unsigned long long)e->state,
                           (unsigned long long)e->owner))
        return;
    if (stolen) {
        weir_stress_check(e->n > l->last[from], "stolen from deque %u: %llu after %llu", from,
                          (unsigned long long)e->n, (unsigned long long)l->last[from]);
        l->last[from] = e->n;
    }
    e->state = POISON;
    free(e);
}

static bool push(struct deques *s, struct lane *l, unsigned to, uint64_t n) {
    struct node *e = malloc(sizeof *e);
    if (!e) return false;
    *e = (struct node){ LIVE, to, n };
    int rc = weir_deque_push(s->lane[to].d, e);
    if (rc == 0) {
        l->pushed++;
        return true;
    }
    weir_stress_check(rc == WEIR_ENOMEM, "push returned %d", rc);
    free(e);
    return false;
}

static bool pop(struct deques *s, struct lane *l, unsigned from) {
    void *e;
    int rc = weir_deque_pop(s->lane[from].d, &e);
    if (rc == 0) {
        l->popped++;
        took(l, e, from, false);
        return true;
    }
    weir_stress_check(rc == WEIR_EAGAIN, "pop returned %d", rc);
    return false;
}

static void steal(struct deques *s, struct lane *l, struct weir_stress_worker *w, unsigned from) {
    void *e[BATCH];
    weir_deque *d = s->lane[from].d;
    uint64_t want = 1 + weir_stress_random(w, BATCH);
    ptrdiff_t n = want == 1 ? weir_deque_steal(d, e) : weir_deque_steal_n(d, e, want);
    if (n == 0) n = 1;
    for (ptrdiff_t i = 0; i < n; i++) took(l, e[i], from, true);
    if (n > 0)
        l->stolen += (uint64_t)n;
    else if (weir_stress_check(n == WEIR_EAGAIN || n == WEIR_EBUSY, "steal returned %td", n))
        *(n == WEIR_EBUSY ? &l->lost : &l->empty) += 1;
}

/* A burst as the owner of deque `own`, with nodes from *next on. */
static void own_for_a_while(struct deques *s, struct lane *l, struct weir_stress_worker *w,
                            unsigned own, uint64_t *next) {
    weir_deque *d = s->lane[own].d;
    uint64_t most = s->shape == LAST ? 2 : weir_stress_random(w, 16) ? 12 : 700;
    (void)weir_deque_own(d);
    for (uint64_t k = 1 + weir_stress_random(w, most); k > 0 && weir_deque_len(d) < most; k--)
        (void)push(s, l, own, ++*next);
    uint64_t len = weir_deque_len(d);
    if (len > l->longest) l->longest = len;
    uint64_t pops = weir_stress_random(w, 4) ? weir_stress_random(w, most + 1) : UINT64_MAX;
    while (pops-- > 0 && pop(s, l, own)) continue;
    if (weir_stress_random(w, 64) == 0) (void)weir_deque_trim(d);
}

/* ---- workers ---------------------------------------------------------------------------------------------- */

static void alone_thread(void *state, struct weir_stress_worker *w) {
    struct deques *s = state;
    struct lane *l = &s->lane[weir_stress_index(w)];
    bool owner = weir_stress_index(w) == 0;
    weir_stress_role(w, owner ? "owner" : "thief");
    while (weir_stress_more(w)) {
        if (owner)
            own_for_a_while(s, l, w, 0, &l->next);
        else
            steal(s, l, w, 0);
    }
}

static void team_thread(void *state, struct weir_stress_worker *w) {
    struct deques *s = state;
    unsigned me = weir_stress_index(w);
    struct lane *l = &s->lane[me];
    weir_stress_role(w, "member");
    while (weir_stress_more(w)) {
        if (weir_stress_random(w, 3) == 0) own_for_a_while(s, l, w, me, &l->next);
        for (uint64_t k = weir_stress_random(w, 8); k > 0; k--)
            steal(s, l, w, (unsigned)weir_stress_random(w, s->n));
    }
}

static void handed_thread(void *state, struct weir_stress_worker *w) {
    struct deques *s = state;
    struct lane *l = &s->lane[weir_stress_index(w)];
    weir_stress_role(w, "heir");
    while (weir_stress_more(w)) {
        if (pthread_mutex_trylock(&s->role) != 0) {
            steal(s, l, w, 0);
            continue;
        }
        own_for_a_while(s, l, w, 0, &s->handed);
        (void)pthread_mutex_unlock(&s->role);
    }
}

static void finish(void *state) {
    struct deques *s = state;
    struct lane sum = { .d = NULL };
    if (!s->lane) return;
    for (unsigned i = 0; i < s->n; i++) {
        if (!s->lane[i].d) continue;
        (void)weir_deque_own(s->lane[i].d);
        while (pop(s, &sum, i)) continue;
        weir_stress_check(weir_deque_free(s->lane[i].d) == 0, "the deque cannot be freed");
    }
    for (unsigned i = 0; i < s->threads; i++) {
        const struct lane *l = &s->lane[i];
        sum.pushed += l->pushed;
        sum.popped += l->popped;
        sum.stolen += l->stolen;
        sum.lost += l->lost;
        sum.empty += l->empty;
        if (l->longest > sum.longest) sum.longest = l->longest;
    }
    weir_stress_check(sum.pushed == sum.popped + sum.stolen,
                      "%llu were pushed, %llu popped, %llu stolen", (unsigned long long)sum.pushed,
                      (unsigned long long)sum.popped, (unsigned long long)sum.stolen);
    weir_stress_check(weir_shutdown() == 0, "old arrays are not freed");
    weir_stress_count_of("pushed", sum.pushed);
    weir_stress_count_of("stolen", sum.stolen);
    weir_stress_count_of("lost", sum.lost);
    weir_stress_count_of("empty", sum.empty);
    weir_stress_count_of("longest", sum.longest);
    (void)pthread_mutex_destroy(&s->role);
    free(s->lane);
}

static const char *const points[] = {
    "deque.push.stored",
    "deque.push.copied",
    "deque.pop.claimed",
    "deque.pop.last",
    "deque.steal.top",
    "deque.steal.read",
    NULL,
};

#define ROW(name_, shape_, min_, thread_, about_)                 \
    static const enum shape name_##_shape = shape_;               \
    static const struct weir_stress_scenario name_##_scenario = { \
        .name = "deque." #name_,                                  \
        .about = about_,                                          \
        .min_threads = min_,                                      \
        .max_threads = MOST,                                      \
        .state_size = sizeof(struct deques),                      \
        .setup = setup,                                           \
        .thread = thread_,                                        \
        .finish = finish,                                         \
        .param = &name_##_shape,                                  \
        .points = points,                                         \
    }

ROW(one, ONE, 2, alone_thread, "deque: an owner, and thieves");
ROW(last, LAST, 2, alone_thread, "deque: the same, with one or two elements inside");
ROW(team, TEAM, 2, team_thread, "deque: each worker has one, and steals from the others");
ROW(handed, HANDED, 2, handed_thread, "deque: its owner changes");

const struct weir_stress_scenario *const deque_scenarios[] = { &one_scenario, &last_scenario,
                                                               &team_scenario, &handed_scenario,
                                                               NULL };
