/* SPDX-License-Identifier: MIT */
/* tests/chan/select_age.c - priority with ageing: S19. What is ready at a call is known here, since nobody else uses
 * the channels; so is how often each case was passed over. */
#include "cases.h"
#include "chan.h"

#include <stdlib.h>

#define MOST 64

struct ager {
    weir_chan *c[MOST];
    struct weir_case cases[MOST];
    uint64_t v[MOST];
    bool ready[MOST];
    size_t passed[MOST], performed[MOST];
    size_t n, bound;
};

static struct ager *ager_new(size_t n, size_t bound) {
    struct ager *a = calloc(1, sizeof *a);
    a->n = n;
    a->bound = bound;
    check_context("%zu cases, bound %zu", n, bound);
    for (size_t i = 0; i < n; i++) {
        a->c[i] = chan_open(1);
        a->cases[i] = (struct weir_case){ weir_chan_waitable(a->c[i]), &a->v[i], WEIR_RECV, 0, 0 };
    }
    return a;
}

static void ager_free(struct ager *a) {
    for (size_t i = 0; i < a->n; i++) {
        uint64_t v;
        (void)try_recv(a->c[i], &v);
        chan_end(a->c[i]);
    }
    free(a);
}

static void make_ready(struct ager *a, size_t i) {
    if (!a->ready[i]) send_ids(a->c[i], i, 1);
    a->ready[i] = true;
}

/* One call; what it returned. Each that was ready is passed over no more often than the bound says, and its result
 * says how often. */
static ptrdiff_t age_once(struct ager *a, weir_time deadline) {
    ptrdiff_t won =
        weir_select(a->cases, a->n, deadline, NULL, WEIR_SELECT_AGEING((unsigned)a->bound));
    if (won < 0) return won;
    CHECK(a->ready[won] && a->v[won] == (uint64_t)won && a->cases[won].result == 0, "case %td",
          won);
    a->ready[won] = false;
    a->performed[won]++;
    for (size_t i = 0; i < a->n; i++) {
        a->passed[i] = a->ready[i] ? a->passed[i] + 1 : 0;
        CHECK(a->passed[i] <= a->bound, "case %zu passed over %zu times", i, a->passed[i]);
        CHECK_IS(a->cases[i].result, a->passed[i]);
    }
    return won;
}

static size_t first_ready(const struct ager *a) {
    size_t i = 0;
    while (i < a->n && !a->ready[i]) i++;
    return i;
}

/* All always ready: the least bound leaves no choice but to take turns, a larger one leaves the rest to the first. */
void s19_ages(void) {
    static const size_t sizes[] = { 1, 2, 3, 4, 16, 17, MOST };
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes && checks_hold(); k++) {
        size_t n = sizes[k], calls = 6 * n;
        for (size_t spare = 0; spare < 12; spare += 5) {
            if (n - 1 + spare == 0) continue;
            struct ager *a = ager_new(n, n - 1 + spare);
            for (size_t j = 0; j < calls; j++) {
                for (size_t i = 0; i < n; i++) make_ready(a, i);
                ptrdiff_t won = age_once(a, j % 2 ? WEIR_NOW : WEIR_FOREVER);
                if (j < spare + 1) CHECK_IS(won, 0);
            }
            for (size_t i = 0; i < n; i++)
                CHECK(i == 0 || a->performed[0] >= a->performed[i], "case %zu came more often", i);
            if (spare == 0) CHECK_IS(a->performed[n - 1], 6);
            ager_free(a);
        }
    }
}

/* Cases become ready at random, and are not ready for a while. The first ready one is chosen wherever the bound
 * would have allowed it to be passed over... by nobody: a bound that no case comes near is priority. */
void s19_ages_at_random(void) {
    for (size_t k = times(60); k > 0 && checks_hold(); k--) {
        size_t n = 1 + rng_below(8), bound = n + rng_below(4);
        bool far = k % 4 == 0;
        struct ager *a = ager_new(n, far ? 10000 : bound);
        uint64_t often = 1 + rng_below(4);
        for (size_t j = 0; j < 200; j++) {
            for (size_t i = 0; i < n; i++)
                if (rng_below(often) == 0) make_ready(a, i);
            size_t first = first_ready(a);
            ptrdiff_t won = age_once(a, WEIR_NOW);
            CHECK(first == n ? won == WEIR_EAGAIN : won >= (ptrdiff_t)first, "%td of %zu", won,
                  first);
            if (far && first < n) CHECK_IS(won, first);
        }
        ager_free(a);
    }
}

/* Calls that perform nothing leave the ages alone; so does waiting; NULL does not age. */
void s19_ages_stay(void) {
    struct ager *a = ager_new(3, 4);
    for (size_t i = 0; i < 3; i++) a->cases[i].result = (int)i;
    CHECK_IS(age_once(a, WEIR_NOW), WEIR_EAGAIN);
    weir_time d = weir_after(2 * MS);
    check_late(age_once(a, d), d);
    for (size_t i = 0; i < 3; i++) CHECK_IS(a->cases[i].result, i);
    for (size_t i = 0; i < 3; i++) a->cases[i].result = 0;
    a->cases[1].on = NULL;
    make_ready(a, 0);
    CHECK_IS(age_once(a, WEIR_FOREVER), 0);
    CHECK_IS(weir_chan_close(a->c[0]), 0);
    CHECK_IS(weir_select(a->cases, 3, WEIR_NOW, NULL, WEIR_SELECT_AGEING(2)), 0);
    CHECK_IS(a->cases[0].result, WEIR_ECLOSED);
    ager_free(a);
}

void s19_refused(void) {
    struct ager *a = ager_new(3, 2);
    unsigned bad[] = { WEIR_SELECT_AGEING(1), WEIR_SELECT_AGEING(2) | WEIR_SELECT_READY,
                       WEIR_SELECT_AGEING(2) & ~WEIR_SELECT_PRIORITY, WEIR_SELECT_AGEING(2) | 4 };
    make_ready(a, 1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_IS(weir_select(a->cases, 3, WEIR_NOW, NULL, bad[i]), WEIR_EINVAL);
    CHECK_IS(age_once(a, WEIR_NOW), 1);
    ager_free(a);
}
