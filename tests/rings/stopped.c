/* SPDX-License-Identifier: MIT */
/* tests/rings/stopped.c - RING15, one test for rings that are lock-free and for rings that are not: a thread is
 * stopped at each point of a push and of a pop, and another one goes on pushing and popping. Where the table of
 * guarantees says lock-free it gets through, lap after lap, and is never told WEIR_EBUSY; where it says
 * blocking it does not get beyond one lap. */
#include "cases.h"
#include "ring.h"

#include "../support/points.h"

#define CAP 4
#define INSIDE 2
#define SIZE 8
#define ROUNDS 200 /* a push and a pop each */

struct row {
    unsigned of; /* IS_* */
    const char *point;
    bool blocks;
};

static const struct row rows[] = {
    { IS_MPMC, "mpmc.push.claimed", true },  { IS_MPMC, "mpmc.push.copied", true },
    { IS_MPMC, "mpmc.push.stamped", false }, { IS_MPMC, "mpmc.pop.claimed", true },
    { IS_MPMC, "mpmc.pop.copied", true },    { IS_MPMC, "mpmc.pop.stamped", false },
    { IS_SCQ, "scq.push.taken", false },     { IS_SCQ, "scq.push.copied", false },
    { IS_SCQ, "scq.push.placed", false },    { IS_SCQ, "scq.push.moved", false },
    { IS_SCQ, "scq.pop.taken", false },      { IS_SCQ, "scq.pop.claimed", false },
    { IS_SCQ, "scq.pop.moved", false },      { IS_SCQ, "scq.pop.copied", false },
};

struct stopped {
    struct ring q;
    struct stop stop;
    struct call call;
    bool push;
};

static int64_t stopped_call(void *arg) {
    struct stopped *s = arg;
    char elem[SIZE];
    item_make(elem, SIZE, 7777);
    stop_me(&s->stop);
    return s->push ? R.try_push(s->q.in, elem) : R.try_pop(s->q.out, elem);
}

/* What the thread that goes on has got done. */
struct done {
    size_t pushed, popped, busy;
};

static struct done go_on(struct ring *q) {
    struct done d = { 0 };
    char elem[SIZE];
    for (uint64_t i = 0; i < ROUNDS; i++) {
        item_make(elem, SIZE, i);
        int in = R.try_push(q->in, elem), out = R.try_pop(q->out, elem);
        d.pushed += in == 0;
        d.popped += out == 0;
        d.busy += in == WEIR_EBUSY;
        d.busy += out == WEIR_EBUSY;
        CHECK(in == 0 || in == WEIR_EAGAIN || in == WEIR_EBUSY, "a push says %d", in);
        CHECK(out == 0 || out == WEIR_EAGAIN || out == WEIR_EBUSY, "a pop says %d", out);
    }
    return d;
}

static void others(const struct row *row) {
    struct stopped s = { .push = row->point[row->of == IS_SCQ ? 5 : 6] == 'u' };
    check_context("stopped at %s", row->point);
    if (!ring_open(&s.q, CAP, SIZE)) return;
    push_ids(&s.q, SIZE, 0, INSIDE);
    stop_init(&s.stop, row->point);
    call_start(&s.call, stopped_call, &s);
    if (!stop_wait(&s.stop)) return;
    struct done d = go_on(&s.q);
    CHECK(!call_done(&s.call), "the stopped thread went on");
    if (row->blocks) {
        CHECK(d.busy > 0, "blocked, but never told so");
        CHECK(d.pushed <= 2 * CAP && d.popped <= 2 * CAP,
              "%zu pushes and %zu pops beside a thread that blocks", d.pushed, d.popped);
    } else {
        CHECK_IS(d.busy, 0);
        CHECK(d.pushed == ROUNDS && d.popped == ROUNDS, "%zu pushes and %zu pops of %d", d.pushed,
              d.popped, ROUNDS);
    }
    stop_release(&s.stop);
    CHECK_IS(call_end(&s.call), 0);
    stop_fini(&s.stop);
    CHECK_IS(R.len(s.q.in), INSIDE + d.pushed + s.push - d.popped - !s.push);
    ring_close(&s.q);
}

void ring15_others(void) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows && checks_hold(); i++)
        if (R.has & rows[i].of) others(&rows[i]);
}
