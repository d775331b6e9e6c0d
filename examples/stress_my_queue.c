/* SPDX-License-Identifier: MIT */
/* stress_my_queue.c - a queue of one's own, on real threads under stress.
 *
 * Any number of producers, one consumer, which sleeps while the queue is empty. It is written with the
 * operations of <weir/atomic.h> and is an ordinary structure:
 *     cc stress_my_queue.c $(pkg-config --cflags --libs weir) -lpthread
 * The same file, compiled with -DWEIR_POINTS and linked with libweir_run, is a program that runs it with many
 * threads, with delays at its WEIR_POINTs and with storms of signals, under a watchdog (docs/testing.md):
 *     cc -DWEIR_POINTS -Iinclude stress_my_queue.c build/dev/stress/run/libweir_run.a -lpthread
 * With -DNO_RECHECK as well the consumer goes to sleep without a second look, and now and then sleeps for
 * ever beside an element. With -DNO_RELEASE a node is linked by a relaxed operation, which ThreadSanitizer
 * sees. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* syscall */
#endif
#include <linux/futex.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <weir/atomic.h>

/* ---- the queue: a list, newest first, which the consumer takes whole and turns around ----------------------- */

struct node {
    struct node *next;
    weir_au32 queued; /* its producer's again when 0 */
    unsigned producer;
    uint64_t value;
};

struct queue {
    weir_aptr head;
    weir_au32 asleep, closed;
};

static void futex(weir_au32 *word, int op, uint32_t value) {
    (void)syscall(SYS_futex, &word->v_, op | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

static void wake_consumer(struct queue *q) {
    if (weir_load_seq_cst(&q->asleep, 0) && weir_exchange_seq_cst(&q->asleep, 0, 0))
        futex(&q->asleep, FUTEX_WAKE, 1);
}

#ifdef NO_RELEASE
#define LINK(head, seen, n) weir_cas_relaxed(head, seen, n)
#else
#define LINK(head, seen, n) weir_cas_seq_cst(head, seen, n, 0)
#endif

static void push(struct queue *q, struct node *n) {
    void *head = weir_load_relaxed(&q->head);
    weir_store_relaxed(&n->queued, 1);
    do n->next = head;
    while (!LINK(&q->head, &head, (void *)n));
    WEIR_POINT("queue.push.linked");
    wake_consumer(q);
}

static void close_queue(struct queue *q) {
    weir_store_seq_cst(&q->closed, 1, 0);
    wake_consumer(q);
}

/* Everything that is there, oldest first; NULL: nothing. */
static struct node *take(struct queue *q) {
    struct node *oldest = NULL;
    for (struct node *n = weir_exchange_acquire(&q->head, NULL, 0), *next; n; n = next) {
        next = n->next;
        n->next = oldest;
        oldest = n;
    }
    return oldest;
}

static bool ready(void *queue) {
    struct queue *q = queue;
    return weir_load_seq_cst(&q->head, 0) != NULL || weir_load_seq_cst(&q->closed, 0);
}

#ifdef NO_RECHECK
#define LOOKS_AGAIN false
#else
#define LOOKS_AGAIN true
#endif

/* The same, but sleeps while there is nothing; NULL: closed, and nothing is left. */
static struct node *take_wait(struct queue *q) {
    for (;;) {
        uint32_t closed = weir_load_acquire(&q->closed, 0);
        struct node *n = take(q);
        if (n || closed) return n;
        WEIR_POINT("queue.take.empty");
        weir_store_seq_cst(&q->asleep, 1, 0);
        if (!LOOKS_AGAIN || !ready(q)) {
            WEIR_POINT("queue.take.sleeps");
            futex(&q->asleep, FUTEX_WAIT, 1);
        }
        weir_store_relaxed(&q->asleep, 0);
    }
}

/* A producer has one node here, which it may use again when the consumer is through with it. */
static void give_back(struct node *n) {
    weir_store_release(&n->queued, 0, 0);
    futex(&n->queued, FUTEX_WAKE, 1);
}
static bool is_back(void *node) {
    struct node *n = node;
    return !weir_load_acquire(&n->queued, 0);
}
static void await(struct node *n) {
    while (!is_back(n)) futex(&n->queued, FUTEX_WAIT, 1);
}

#ifdef WEIR_POINTS

/* ---- the scenario: thread 0 consumes, the others produce ----------------------------------------------------- */

#include <weir/stress.h>

struct state {
    struct queue queue;
    struct node node[WEIR_STRESS_THREADS];
    uint64_t got[WEIR_STRESS_THREADS], made[WEIR_STRESS_THREADS];
    weir_au32 producers;
};

static int setup(void *state, struct weir_stress *run) {
    struct state *s = state;
    weir_init_atomic(&s->producers, weir_stress_threads(run) - 1);
    return 0;
}

static void produce(struct state *s, struct weir_stress_worker *w) {
    struct node *n = &s->node[weir_stress_index(w)];
    weir_stress_role(w, "producer");
    while (weir_stress_more(w)) {
        n->producer = weir_stress_index(w);
        n->value = ++s->made[n->producer];
        push(&s->queue, n);
        weir_stress_waits(w, is_back, n, WEIR_FOREVER, "its node is back");
        await(n);
        weir_stress_waited(w);
    }
    if (weir_fetch_sub_relaxed(&s->producers, 1) == 1) close_queue(&s->queue);
}

static void consume(struct state *s, struct weir_stress_worker *w) {
    struct node *n;
    weir_stress_role(w, "consumer");
    for (;;) {
        weir_stress_waits(w, ready, &s->queue, WEIR_FOREVER, "the queue has a node, or is closed");
        n = take_wait(&s->queue);
        weir_stress_waited(w);
        if (!n) return;
        for (struct node *next; n; n = next) {
            unsigned p = n->producer;
            next = n->next;
            weir_stress_check(n->value == ++s->got[p], "producer %u: got its %llu as number %llu",
                              p, (unsigned long long)n->value, (unsigned long long)s->got[p]);
            give_back(n);
            weir_stress_progress(w);
        }
    }
}

static void thread(void *state, struct weir_stress_worker *w) {
    if (weir_stress_index(w) == 0)
        consume(state, w);
    else
        produce(state, w);
}

static void finish(void *state) {
    struct state *s = state;
    for (unsigned i = 0; i < WEIR_STRESS_THREADS; i++)
        weir_stress_check(s->got[i] == s->made[i], "producer %u: %llu of %llu came out", i,
                          (unsigned long long)s->got[i], (unsigned long long)s->made[i]);
}

static const char *const points[] = { "queue.push.linked", "queue.take.empty", "queue.take.sleeps",
                                      NULL };

static const struct weir_stress_scenario one_consumer = {
    .name = "queue.consumer",
    .about = "producers that wait for their node, and a consumer that sleeps while there is none",
    .state_size = sizeof(struct state),
    .min_threads = 2,
    .setup = setup,
    .thread = thread,
    .finish = finish,
    .points = points,
};

int main(int argc, char **argv) {
    const struct weir_stress_scenario *const all[] = { &one_consumer };
    return weir_stress_main(argc, argv, all, 1);
}

#else

/* ---- the queue in use -------------------------------------------------------------------------------------------- */

static struct queue queue;
static struct node node = { .queued = { 0 } };

static void *producer(void *arg) {
    (void)arg;
    for (int i = 0; i < 10000; i++) {
        node.value = 1;
        push(&queue, &node);
        await(&node);
    }
    close_queue(&queue);
    return NULL;
}

int main(void) {
    pthread_t t;
    uint64_t sum = 0;
    if (pthread_create(&t, NULL, producer, NULL) != 0) return 1;
    for (struct node *n; (n = take_wait(&queue)); give_back(n))
        for (struct node *k = n; k; k = k->next) sum += k->value;
    (void)pthread_join(t, NULL);
    printf("%llu of 10000 came out\n", (unsigned long long)sum);
    return ready(&queue) && sum == 10000 ? 0 : 1;
}

#endif
