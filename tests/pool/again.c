/* SPDX-License-Identifier: MIT */
/* tests/pool/again.c - a thread is refused, and nobody submits again: the one busy worker waits for the task that is queued. */
#include <weir/timer.h>

#include "threads.h"

struct again {
    unsigned kind;
    struct gate before, gate;
    bool spare; /* the one more is a spare worker, wanted when the first one's task blocks */
};
static int waits_at_gate(weir_ctx *ctx, void *arg) {
    struct again *a = arg;
    if (a->spare) {
        (void)at_gate(ctx, &a->before);
        weir_pool_block_begin();
    }
    return at_gate(ctx, &a->gate);
}
static int opens_gate(weir_ctx *ctx, void *arg) {
    (void)ctx;
    gate_open(&((struct again *)arg)->gate);
    return 0;
}
static weir_pool *again_pool(const struct again *a) {
    struct weir_pool_opts o = opts(a->kind, 1);
    if (a->spare)
        o.spare = 1;
    else
        o.max_threads = 2;
    return pool_with(&o);
}
static void again_end(weir_pool *p, struct again *a) {
    if (!CHECK(comes_to(&a->gate.passed, 1), "nobody asks for a thread again")) gate_open(&a->gate);
    CHECK_IS(weir_pool_free(p), 0);
}

/* The nth request is refused: memory for a worker, its thread, or what the retry itself wants. False: none was. */
static bool refused_once(struct again *a, unsigned nth) {
    weir_pool *p = again_pool(a);
    CHECK_IS(weir_pool_submit(p, waits_at_gate, NULL, a), 0);
    CHECK(gate_has(a->spare ? &a->before : &a->gate, 1), "it runs");
    if (a->spare) CHECK_IS(weir_pool_submit(p, opens_gate, NULL, a), 0);
    refuse(nth, false);
    if (a->spare)
        gate_open(&a->before);
    else
        CHECK_IS(weir_pool_submit(p, opens_gate, NULL, a), 0);
    again_end(p, a);
    bool all = value(&hits) == 0;
    refuse(0, false);
    return !all;
}

void p01_again(void) {
    EACH_KIND(k) {
        for (int spare = 0; spare < 2; spare++) {
            count_from_here();
            for (unsigned nth = 1; nth < 20 && checks_hold(); nth++) {
                struct again a = { .kind = k, .spare = spare };
                if (refused_once(&a, nth)) continue;
                CHECK(nth > 2, "%u requests", nth);
                break;
            }
            all_threads_ended();
        }
    }
}

static void nothing(void *arg) { (void)arg; }

/* For 50 ms there is no thread to be had, of any kind; the one of the service is there for a timer. */
void p01_again_later(void) {
    EACH_KIND(k) {
        struct again a = { .kind = k };
        weir_timer *timer = NULL;
        count_from_here();
        CHECK_IS(weir_timer_new_func(&timer, WEIR_FOREVER, nothing, NULL), 0);
        weir_pool *p = again_pool(&a);
        CHECK_IS(weir_pool_submit(p, waits_at_gate, NULL, &a), 0);
        CHECK(gate_has(&a.gate, 1), "it runs");
        weir_store_relaxed(&no_threads, 1);
        CHECK_IS(weir_pool_submit(p, opens_gate, NULL, &a), 0);
        sleep_ms(50);
        CHECK_IS(value(&a.gate.passed), 0);
        weir_store_relaxed(&no_threads, 0);
        again_end(p, &a);
        CHECK_IS(weir_timer_free(timer), 0);
        all_threads_ended();
    }
}

/* The pool is freed while a retry is to come, or runs. */
void p01_again_freed(void) {
    EACH_KIND(k) {
        for (unsigned i = 0; i < 30 && checks_hold(); i++) {
            struct again a = { .kind = k };
            weir_pool *p = again_pool(&a);
            CHECK_IS(weir_pool_submit(p, waits_at_gate, NULL, &a), 0);
            CHECK(gate_has(&a.gate, 1), "it runs");
            refuse(1, false);
            CHECK_IS(weir_pool_submit(p, opens_gate, NULL, &a), 0);
            for (unsigned n = 0; n < i * 10000; n++) weir_pause();
            gate_open(&a.gate);
            CHECK_IS(weir_pool_free(p), 0);
            CHECK_IS(value(&a.gate.passed), 1);
            refuse(0, false);
        }
    }
}
