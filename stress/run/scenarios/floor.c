/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/floor.c - the ground floor's waiting by itself.
 *
 * park      two workers hand a plain message to and fro, by their parkers' tokens alone; deadlines
 *           that come at the same moment as the token must not take it along
 * lot       a semaphore made of the parking lot: permits are neither lost nor made, and who gives up at its
 *           deadline passes its wake-up on
 * lock      the small mutex: plain words that only its holder touches
 * records   threads that take a record, park, and end, while others still leave tokens for them */
#include "body.h"

#include "../../../lib/lock.h"
#include "../../../lib/thread.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

/* None, one that comes within the time of a wake-up, or one that has passed by the time the call sleeps: then
 * the waiter comes back again and again, and sooner or later together with the token. */
static weir_time a_deadline(struct weir_stress_worker *w) {
    uint64_t r = weir_stress_random(w, 400);
    return r < 150 ? WEIR_FOREVER : weir_after(r < 250 ? (int64_t)r : (int64_t)(r - 250) * 1000);
}

/* ---- parker ------------------------------------------------------------------------------------------ */

struct hand {
    struct weir__parker parker;
    uint64_t n; /* the message: plain */
    bool last;
    weir_au64 sent, taken; /* of messages to this hand: for the watchdog */
    uint64_t turns, late;
};

struct park {
    unsigned threads;
    struct hand *hand;
};

static bool was_sent(void *arg) {
    struct hand *h = arg;
    return weir_load_relaxed(&h->sent) > weir_load_relaxed(&h->taken);
}

static void receive(struct hand *h, struct weir_stress_worker *w) {
    weir_time d = a_deadline(w);
    for (;;
         d = d == WEIR_FOREVER || weir_stress_random(w, 64) == 0 ? a_deadline(w) : weir_after(1)) {
        weir_stress_waits(w, was_sent, h, d, "a message was sent to this worker");
        int rc = weir__park(&h->parker, d);
        weir_stress_waited(w);
        if (rc == 0) break;
        h->late++;
        weir_stress_check(rc == WEIR_ETIMEDOUT && weir_now() >= d, "park returned %d", rc);
    }
    weir_store_relaxed(&h->taken, weir_load_relaxed(&h->taken) + 1);
}

static void send(struct hand *to, uint64_t n, bool last) {
    to->n = n;
    to->last = last;
    weir_store_relaxed(&to->sent, weir_load_relaxed(&to->sent) + 1); /* one sender at a time */
    weir__unpark(&to->parker);
}

static void park_thread(void *state, struct weir_stress_worker *w) {
    struct park *s = state;
    unsigned me = weir_stress_index(w);
    struct hand *mine = &s->hand[me], *other = &s->hand[me ^ 1];
    weir_stress_role(w, me % 2 ? "second" : "first");
    if ((me ^ 1) >= s->threads) return;
    for (uint64_t n = me % 2;; n += 2) {
        if (n > 0) {
            receive(mine, w);
            if (mine->last) return;
            weir_stress_check(mine->n == n, "message %llu came instead of %llu",
                              (unsigned long long)mine->n, (unsigned long long)n);
        }
        bool last = !weir_stress_more(w);
        for (uint64_t i = weir_stress_random(w, 2) * weir_stress_random(w, 3000); i > 0; i--)
            weir_pause();
        mine->turns++;
        send(other, n + 1, last);
        if (last) return;
    }
}

static int park_setup(void *state, struct weir_stress *run) {
    struct park *s = state;
    s->threads = weir_stress_threads(run);
    s->hand = aligned_alloc(WEIR_LINE, s->threads * sizeof *s->hand);
    if (!s->hand) return WEIR_ENOMEM;
    for (unsigned i = 0; i < s->threads; i++) {
        memset(&s->hand[i], 0, sizeof s->hand[i]);
        weir__parker_init(&s->hand[i].parker);
    }
    return 0;
}

static void park_finish(void *state) {
    struct park *s = state;
    uint64_t turns = 0, late = 0;
    for (unsigned i = 0; i < s->threads; i++) {
        turns += s->hand[i].turns;
        late += s->hand[i].late;
    }
    weir_stress_count_of("turns", turns);
    weir_stress_count_of("late", late);
    free(s->hand);
}

static const struct weir_stress_scenario park = {
    .name = "park",
    .about = "a message to and fro by two parkers' tokens, with deadlines",
    .state_size = sizeof(struct park),
    .min_threads = 2,
    .setup = park_setup,
    .thread = park_thread,
    .finish = park_finish,
};

/* ---- parking lot ------------------------------------------------------------------------------------- */

struct lot {
    _Alignas(WEIR_LINE) weir_au64 permits;
    weir_au64 count; /* of waiters */
    uint64_t key, all;
    weir_au64 held, late, got;
};

static bool has_permit(void *arg) {
    return weir_load_seq_cst(&((struct lot *)arg)->permits, 0) > 0;
}

static bool take_permit(struct lot *s) {
    uint64_t n = weir_load_seq_cst(&s->permits, 0);
    while (n > 0)
        if (weir_cas_seq_cst(&s->permits, &n, n - 1, 0)) return true;
    return false;
}

static void wake_one(struct lot *s) {
    if (weir_load_seq_cst(&s->count, 0)) (void)weir__lot_wake(s->key, &s->count, 1, 1);
}

static void unpark(void *parker) { weir__unpark(parker); }

/* False: the deadline came first. */
static bool acquire(struct lot *s, struct weir__thread *self, struct weir_stress_worker *w) {
    weir_time d = a_deadline(w);
    while (!take_permit(s)) {
        if (d != WEIR_FOREVER && weir_now() >= d) {
            if (has_permit(s)) wake_one(s); /* perhaps the wake-up was for this one */
            return false;
        }
        struct weir__waiter me = {
            .key = s->key, .count = &s->count, .unit = 1, .wake = unpark, .wake_arg = &self->parker
        };
        weir__lot_enter(&me);
        if (has_permit(s)) {
            (void)weir__lot_leave(&me);
            continue;
        }
        weir_stress_waits(w, has_permit, s, d, "a permit");
        (void)weir__lot_park(&me, &self->parker, d);
        weir_stress_waited(w);
    }
    return true;
}

static void lot_thread(void *state, struct weir_stress_worker *w) {
    struct lot *s = state;
    struct weir__thread *self = weir__thread_self();
    weir_stress_role(w, "holder");
    if (!weir_stress_check(self, "no memory for a thread's record")) return;
    while (weir_stress_more(w)) {
        if (!acquire(s, self, w)) {
            (void)weir_fetch_add_relaxed(&s->late, 1);
            continue;
        }
        uint64_t held = weir_fetch_add_relaxed(&s->held, 1) + 1;
        weir_stress_check(held <= s->all, "%llu hold one of %llu permits", (unsigned long long)held,
                          (unsigned long long)s->all);
        for (uint64_t i = weir_stress_random(w, 200); i > 0; i--) weir_pause();
        (void)weir_fetch_sub_relaxed(&s->held, 1);
        (void)weir_fetch_add_relaxed(&s->got, 1);
        (void)weir_fetch_add_seq_cst(&s->permits, 1, 0);
        wake_one(s);
    }
}

static int lot_setup(void *state, struct weir_stress *run) {
    struct lot *s = state;
    s->all = weir_stress_threads(run) > 3 ? 2 : 1;
    s->key = weir_stress_seed(run) * 0x9E3779B97F4A7C15u;
    weir_init_atomic(&s->permits, s->all);
    return 0;
}

static void lot_finish(void *state) {
    struct lot *s = state;
    uint64_t rest = weir_load_relaxed(&s->permits), waiting = weir_load_relaxed(&s->count);
    weir_stress_check(rest == s->all, "%llu of %llu permits came back", (unsigned long long)rest,
                      (unsigned long long)s->all);
    weir_stress_check(waiting == 0, "the word of waiters is %llu at rest",
                      (unsigned long long)waiting);
    weir_stress_count_of("taken", weir_load_relaxed(&s->got));
    weir_stress_count_of("late", weir_load_relaxed(&s->late));
}

static const struct weir_stress_scenario lot = {
    .name = "lot",
    .about = "a semaphore made of the parking lot, with deadlines",
    .state_size = sizeof(struct lot),
    .min_threads = 2,
    .setup = lot_setup,
    .thread = lot_thread,
    .finish = lot_finish,
};

/* ---- lock -------------------------------------------------------------------------------------------- */

struct locked {
    struct weir__lock lock;
    uint64_t a, b; /* plain: equal while nobody holds the lock */
    weir_au64 turns;
};

static void lock_thread(void *state, struct weir_stress_worker *w) {
    struct locked *s = state;
    uint64_t turns = 0;
    weir_stress_role(w, "locker");
    for (; weir_stress_more(w); turns++) {
        weir__lock(&s->lock);
        weir_stress_check(s->a == s->b,
                          "two hold the lock, or one sees the other's half: %llu, %llu",
                          (unsigned long long)s->a, (unsigned long long)s->b);
        s->a++;
        for (uint64_t i = weir_stress_random(w, 8); i > 0; i--) weir_pause();
        if (turns % 512 == 0) (void)sched_yield(); /* so that the others sleep */
        s->b++;
        weir__unlock(&s->lock);
    }
    (void)weir_fetch_add_relaxed(&s->turns, turns);
}

static void lock_finish(void *state) {
    struct locked *s = state;
    uint64_t turns = weir_load_relaxed(&s->turns);
    weir_stress_check(s->a == turns && s->b == turns, "%llu turns, but the words say %llu and %llu",
                      (unsigned long long)turns, (unsigned long long)s->a,
                      (unsigned long long)s->b);
    weir_stress_count_of("turns", turns);
}

static const struct weir_stress_scenario lock = {
    .name = "lock",
    .about = "the small mutex: plain words that only its holder touches",
    .state_size = sizeof(struct locked),
    .min_threads = 2,
    .thread = lock_thread,
    .finish = lock_finish,
};

/* ---- records ----------------------------------------------------------------------------------------- */

#define ALIVE (2 * WEIR_STRESS_THREADS)

struct records {
    unsigned threads;
    pthread_mutex_t mutex;
    size_t n;
    struct weir__thread *of[ALIVE]; /* of threads that are alive */
    uint64_t made;
};

struct guest {
    struct records *s;
    weir_time until;
    struct weir__thread *self;
};

static void check_in(struct records *s, struct weir__thread *self) {
    (void)pthread_mutex_lock(&s->mutex);
    for (size_t i = 0; i < s->n; i++)
        weir_stress_check(s->of[i] != self, "two threads have one record");
    if (weir_stress_check(s->n < ALIVE, "more threads than there are")) s->of[s->n++] = self;
    s->made++;
    (void)pthread_mutex_unlock(&s->mutex);
}

static void check_out(struct records *s, const struct weir__thread *self) {
    (void)pthread_mutex_lock(&s->mutex);
    for (size_t i = 0; i < s->n; i++)
        if (s->of[i] == self) s->of[i] = s->of[--s->n];
    (void)pthread_mutex_unlock(&s->mutex);
}

static void *visit(void *arg) {
    struct guest *g = arg;
    struct weir__thread *self = weir__thread_self();
    if (!weir_stress_check(self, "no memory for a thread's record")) return NULL;
    weir_stress_check(weir__thread_self() == self, "a thread has two records");
    check_in(g->s, self);
    g->self = self;
    (void)weir__park(&self->parker, g->until); /* perhaps by a token for one that has ended */
    check_out(g->s, self);
    return NULL;
}

static void records_thread(void *state, struct weir_stress_worker *w) {
    struct records *s = state;
    weir_stress_role(w, "host");
    while (weir_stress_more(w)) {
        struct guest g = { .s = s, .until = weir_after((int64_t)weir_stress_random(w, 50) * 1000) };
        pthread_t t;
        if (pthread_create(&t, NULL, visit, &g) != 0) {
            (void)sched_yield();
            continue;
        }
        (void)pthread_join(t, NULL);
        for (uint64_t i = weir_stress_random(w, 3); g.self && i > 0; i--)
            weir__unpark(&g.self->parker); /* it has ended, and another may have its record */
    }
}

static int records_setup(void *state, struct weir_stress *run) {
    struct records *s = state;
    s->threads = weir_stress_threads(run);
    return pthread_mutex_init(&s->mutex, NULL) == 0 ? 0 : WEIR_ENOMEM;
}

static void records_finish(void *state) {
    struct records *s = state;
    size_t most = s->threads + 2, records = weir__thread_records();
    weir_stress_check(s->n == 0, "%zu threads have ended and kept their record", s->n);
    weir_stress_check(records <= (most + 31) / 32 * 32,
                      "%zu records, though at most %zu threads had one", records, most);
    weir_stress_count_of("threads", s->made);
    (void)pthread_mutex_destroy(&s->mutex);
}

static const struct weir_stress_scenario records = {
    .name = "records",
    .about = "threads take a record, park and end, while tokens still come",
    .state_size = sizeof(struct records),
    .min_threads = 2,
    .setup = records_setup,
    .thread = records_thread,
    .finish = records_finish,
};

const struct weir_stress_scenario *const floor_scenarios[] = { &park, &lot, &lock, &records, NULL };
