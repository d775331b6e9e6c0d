/* SPDX-License-Identifier: MIT */
/* tests/queue/list.c - QUEUE8 and what else weir/mpsc_list.h says. */
#include "../support/check.h"
#include "../support/points.h"
#include "../support/threads.h"

#include <weir/mpsc_list.h>

struct item {
    uint64_t value; /* plain */
    struct weir_mpsc_node node;
};

/* The next item; NULL: the code in *rc. */
static struct item *pop(weir_mpsc_list *l, int *rc) {
    struct weir_mpsc_node *n = NULL;
    *rc = weir_mpsc_list_pop(l, &n);
    CHECK(*rc == 0 || n == NULL, "a failed pop touched its place");
    return *rc == 0 ? WEIR_MPSC_ENTRY(n, struct item, node) : NULL;
}

static void popped(weir_mpsc_list *l, uint64_t value) {
    int rc;
    struct item *i = pop(l, &rc);
    if (CHECK_IS(rc, 0)) CHECK_IS(i->value, value);
}

static void fifo(void) {
    weir_mpsc_list l;
    struct item items[9] = { { 0 } };
    int rc;
    CHECK_IS(weir_mpsc_list_init(&l), 0);
    (void)pop(&l, &rc);
    CHECK_IS(rc, WEIR_EAGAIN);
    for (size_t n = 1; n <= 9; n++) {
        for (size_t lap = 0; lap < 3; lap++) { /* the same nodes, at once */
            for (size_t i = 0; i < n; i++) {
                items[i].value = lap * 100 + i;
                CHECK_IS(weir_mpsc_list_push(&l, &items[i].node), 0);
            }
            for (size_t i = 0; i < n; i++) popped(&l, lap * 100 + i);
            (void)pop(&l, &rc);
            CHECK_IS(rc, WEIR_EAGAIN);
        }
    }
}

/* One node, popped and pushed again while another stands before it, or behind. */
static void again(void) {
    weir_mpsc_list l;
    struct item a = { .value = 1 }, b = { .value = 2 };
    CHECK_IS(weir_mpsc_list_init(&l), 0);
    CHECK_IS(weir_mpsc_list_push(&l, &a.node), 0);
    for (int i = 0; i < 20; i++) {
        CHECK_IS(weir_mpsc_list_push(&l, &b.node), 0);
        popped(&l, 1);
        CHECK_IS(weir_mpsc_list_push(&l, &a.node), 0);
        popped(&l, 2);
    }
    popped(&l, 1);
}

static unsigned reports;

static void count_report(const char *call, const char *what, void *arg) {
    (void)call, (void)what, (void)arg;
    reports++;
}

static void twice(void) {
    weir_mpsc_list l, other;
    struct item a = { .value = 1 }, b = { .value = 2 };
    reports = 0;
    weir_set_report(count_report, NULL);
    CHECK_IS(weir_mpsc_list_init(&l), 0);
    CHECK_IS(weir_mpsc_list_init(&other), 0);
    CHECK_IS(weir_mpsc_list_push(&l, &a.node), 0);
    CHECK_IS(weir_mpsc_list_push(&l, &a.node), WEIR_EINVAL); /* the last one */
    CHECK_IS(weir_mpsc_list_push(&l, &b.node), 0);
    CHECK_IS(weir_mpsc_list_push(&other, &a.node), WEIR_EINVAL); /* one in the midst */
    CHECK_IS(reports, 2);
    popped(&l, 1);
    popped(&l, 2);
    CHECK_IS(weir_mpsc_list_push(&other, &a.node), 0);
    popped(&other, 1);
    CHECK_IS(weir_mpsc_list_push(&l, NULL), WEIR_EINVAL);
    CHECK_IS(weir_mpsc_list_push(NULL, &a.node), WEIR_EINVAL);
    CHECK_IS(weir_mpsc_list_init(NULL), WEIR_EINVAL);
    CHECK_IS(weir_mpsc_list_pop(&l, NULL), WEIR_EINVAL);
    weir_set_report(NULL, NULL);
}

/* ---- many producers -------------------------------------------------------------------------- */

#define PRODUCERS 4

struct flow {
    weir_mpsc_list l;
    struct item *items;
    size_t each;
};

static void flow_main(void *arg, size_t who) {
    struct flow *f = arg;
    if (who < PRODUCERS) {
        for (size_t i = 0; i < f->each; i++) {
            struct item *item = &f->items[who * f->each + i];
            item->value = who << 32 | i;
            CHECK_IS(weir_mpsc_list_push(&f->l, &item->node), 0);
        }
        return;
    }
    size_t next[PRODUCERS] = { 0 };
    unsigned failures = 0;
    for (size_t n = 0; n < PRODUCERS * f->each && checks_hold();) {
        int rc;
        struct item *item = pop(&f->l, &rc);
        if (!item) {
            CHECK(rc == WEIR_EAGAIN || rc == WEIR_EBUSY, "pop says %d", rc);
            give_way(&failures);
            continue;
        }
        size_t from = (size_t)(item->value >> 32);
        if (!CHECK(from < PRODUCERS, "a strange value")) return;
        CHECK_IS(item->value & UINT32_MAX, next[from]++);
        item->value = 0; /* it is the consumer's now */
        n++;
    }
}

static void many(void) {
    static struct item items[PRODUCERS * 20000];
    struct flow f = { .items = items, .each = times(5000) < 20000 ? times(5000) : 20000 };
    for (size_t i = 0; i < PRODUCERS * 20000; i++) items[i] = (struct item){ 0 };
    CHECK_IS(weir_mpsc_list_init(&f.l), 0);
    team_run(PRODUCERS + 1, flow_main, &f);
}

/* ---- a producer that stops between its exchange and its link --------------------------------- */

struct stopped {
    weir_mpsc_list l;
    struct item item;
    struct stop stop;
};

static int64_t push_main(void *arg) {
    struct stopped *s = arg;
    stop_me(&s->stop);
    return weir_mpsc_list_push(&s->l, &s->item.node);
}

static void held_up(void) {
    for (size_t inside = 0; inside < 3; inside++) {
        struct stopped s = { .item = { .value = 50 } };
        struct item before[3] = { { 0 }, { .value = 1 }, { .value = 2 } };
        struct item after[2] = { { .value = 60 }, { .value = 61 } };
        struct call c;
        int rc;
        check_context("%zu inside", inside);
        CHECK_IS(weir_mpsc_list_init(&s.l), 0);
        for (size_t i = 0; i < inside; i++) CHECK_IS(weir_mpsc_list_push(&s.l, &before[i].node), 0);
        stop_init(&s.stop, "mpsc.push.exchanged");
        call_start(&c, push_main, &s);
        if (!stop_wait(&s.stop)) return;
        /* Pushes go on; pops come to the gap, and say so: not empty. The node before it stays, too (I3). */
        for (size_t i = 0; i < 2; i++) CHECK_IS(weir_mpsc_list_push(&s.l, &after[i].node), 0);
        for (size_t i = 0; i + 1 < inside; i++) popped(&s.l, i);
        for (int i = 0; i < 20; i++) {
            (void)pop(&s.l, &rc);
            CHECK_IS(rc, WEIR_EBUSY);
        }
        stop_release(&s.stop);
        CHECK_IS(call_end(&c), 0);
        stop_fini(&s.stop);
        if (inside) popped(&s.l, inside - 1);
        popped(&s.l, 50);
        popped(&s.l, 60);
        popped(&s.l, 61);
        (void)pop(&s.l, &rc);
        CHECK_IS(rc, WEIR_EAGAIN);
    }
}

static const struct test tests[] = {
    { "QUEUE8 first in, first out; nodes pushed again at once", fifo },
    { "QUEUE8 a node may be pushed again as soon as it was popped", again },
    { "QUEUE8 pushing a node twice is caught in debug builds", twice },
    { "QUEUE1 RING5 RING4 conservation and producer order, four producers", many },
    { "QUEUE1 RING15 blocking: a producer stopped before its link, and EBUSY", held_up },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "mpsc_list", tests, sizeof tests / sizeof *tests);
}
