/* SPDX-License-Identifier: MIT */
/* tests/rings/typed.c - RING2 through the typed shims, whose element size is a constant. */
#include "cases.h"
#include "ring.h"

#include <string.h>

#include <weir/mpmc.h>
#include <weir/scq.h>
#include <weir/spsc.h>

struct odd {
    char bytes[12];
};
WEIR_SPSC_DECLARE(spsc_odd, struct odd);
WEIR_MPMC_DECLARE(mpmc_odd, struct odd);
WEIR_SPSC_DECLARE(spsc_word, uint64_t);
WEIR_MPMC_DECLARE(mpmc_word, uint64_t);
WEIR_SCQ_DECLARE(scq_odd, struct odd);
WEIR_SCQ_DECLARE(scq_word, uint64_t);

static void typed_spsc(void) {
    spsc_odd o = { NULL };
    spsc_word w = { NULL };
    int rc = spsc_odd_new(&o, 3) | spsc_word_new(&w, 5);
    if (rc != 0 || !o.ring || !w.ring) {
        CHECK_IS(rc, 0);
        return;
    }
    for (uint64_t i = 0; i < 40; i++) {
        struct odd a, b = { "" };
        uint64_t v = 0;
        item_make(&a, sizeof a, i);
        CHECK(spsc_odd_push(o, a) && spsc_word_push(w, i * 3), "push %llu", (unsigned long long)i);
        CHECK(spsc_odd_pop(o, &b) && spsc_word_pop(w, &v), "pop %llu", (unsigned long long)i);
        CHECK(memcmp(&a, &b, sizeof a) == 0 && v == i * 3, "element %llu", (unsigned long long)i);
    }
    for (uint64_t i = 0; i < 5; i++)
        CHECK(spsc_word_push(w, i), "push %llu", (unsigned long long)i);
    CHECK(!spsc_word_push(w, 9), "a sixth element fits in 5");
    spsc_odd_free(o);
    spsc_word_free(w);
}

static void typed_mpmc(void) {
    mpmc_odd o = { NULL };
    mpmc_word w = { NULL };
    int rc = mpmc_odd_new(&o, 3) | mpmc_word_new(&w, 5);
    if (rc != 0 || !o.ring || !w.ring) {
        CHECK_IS(rc, 0);
        return;
    }
    for (uint64_t i = 0; i < 40; i++) {
        struct odd a, b = { "" };
        uint64_t v = 0;
        item_make(&a, sizeof a, i);
        CHECK_IS(mpmc_odd_push(o, a), 0); /* the waiting verbs and the try verbs */
        CHECK_IS(mpmc_word_try_push(w, i * 3), 0);
        CHECK_IS(mpmc_odd_pop(o, &b), 0);
        CHECK_IS(mpmc_word_try_pop(w, &v), 0);
        CHECK(memcmp(&a, &b, sizeof a) == 0 && v == i * 3, "element %llu", (unsigned long long)i);
    }
    for (uint64_t i = 0; i < 5; i++) CHECK_IS(mpmc_word_try_push(w, i), 0);
    CHECK_IS(mpmc_word_try_push(w, 9), WEIR_EAGAIN);
    CHECK_IS(mpmc_odd_free(o), 0);
    CHECK_IS(mpmc_word_free(w), 0);
}

static void typed_scq(void) {
    scq_odd o = { NULL };
    scq_word w = { NULL };
    int rc = scq_odd_new(&o, 3, 1) | scq_word_new(&w, 5, 2);
    if (rc != 0 || !o.ring || !w.ring) {
        CHECK_IS(rc, 0);
        return;
    }
    CHECK_IS(weir_scq_threads(o.ring) * 10 + weir_scq_threads(w.ring), 12);
    for (uint64_t i = 0; i < 40; i++) {
        struct odd a, b = { "" };
        uint64_t v = 0;
        item_make(&a, sizeof a, i);
        CHECK_IS(scq_odd_try_push(o, a), 0);
        CHECK_IS(scq_word_try_push(w, i * 3), 0);
        CHECK_IS(scq_odd_try_pop(o, &b), 0);
        CHECK_IS(scq_word_try_pop(w, &v), 0);
        CHECK(memcmp(&a, &b, sizeof a) == 0 && v == i * 3, "element %llu", (unsigned long long)i);
    }
    for (uint64_t i = 0; i < 5; i++) CHECK_IS(scq_word_try_push(w, i), 0);
    CHECK_IS(scq_word_try_push(w, 9), WEIR_EAGAIN);
    CHECK_IS(scq_odd_free(o), 0);
    CHECK_IS(scq_word_free(w), 0);
}

void ring2_typed(void) {
    if (R.has & IS_SCQ) typed_scq();
    if (R.has & IS_SPSC) typed_spsc();
    if (R.has & IS_MPMC) typed_mpmc();
    /* The mutex ring has no shims: what it has instead of a constant size is the copy of small sizes,
     * which ring2_bytes covers; here its plain forms. */
    if (R.has & IS_MUTEX) {
        struct ring q;
        uint64_t a = 42, b = 0;
        if (!ring_open(&q, 2, 8)) return;
        CHECK_IS(R.push_forever(q.in, &a), 0);
        CHECK_IS(R.pop_forever(q.out, &b), 0);
        CHECK_IS(b, 42);
        ring_close(&q);
    }
}
