/* SPDX-License-Identifier: MIT */
/* tests/rings/stopped_scq.c - RING15 for weir_scq: lock-free. Many threads stopped at once; the marks that make
 * an idle poll one load, with a thread stopped on each side of them; and what is said to more calls than the ring
 * was made for. */
#include "cases.h"
#include "ring.h"

#include "../support/points.h"

#include <string.h>
#include <sys/mman.h>

#include <weir/scq.h>

#define SIZE 8
#define MISSES 200 /* pops that find nothing: surely some have marked */

static bool is_idle(const struct ring *q) {
    const weir_scq *r = q->in;
    return weir_load_relaxed(&r->head_) & WEIR__SCQ_IDLE;
}

static void poll_empty(struct ring *q) {
    char elem[SIZE];
    for (int i = 0; i < MISSES; i++) CHECK_IS(R.try_pop(q->out, elem), WEIR_EAGAIN);
}

/* One call that stops at a point. */
struct actor {
    struct ring *q;
    struct stop stop;
    struct call call;
    bool push;
    uint64_t id; /* pushed, or popped */
};

static int64_t act(void *arg) {
    struct actor *a = arg;
    char elem[SIZE];
    int64_t rc;
    item_make(elem, SIZE, a->id);
    stop_me(&a->stop);
    if (a->push) return R.try_push(a->q->in, elem);
    for (int i = 0; (rc = R.try_pop(a->q->out, elem)) == WEIR_EAGAIN && i < MISSES; i++) continue;
    if (rc == 0) a->id = item_id(elem);
    return rc;
}

static bool stop_actor(struct actor *a, struct ring *q, bool push, uint64_t id, const char *point) {
    *a = (struct actor){ .q = q, .push = push, .id = id };
    stop_init(&a->stop, point);
    call_start(&a->call, act, a);
    return stop_wait(&a->stop);
}

static int64_t let_go(struct actor *a) {
    stop_release(&a->stop);
    int64_t rc = call_end(&a->call);
    stop_fini(&a->stop);
    return rc;
}

/* ---- all but one stopped ----------------------------------------------------------------------------------- */

static const char *const push_points[] = { "scq.push.taken", "scq.push.copied", "scq.push.placed",
                                           "scq.push.moved" };
static const char *const pop_points[] = { "scq.pop.taken", "scq.pop.claimed", "scq.pop.moved",
                                          "scq.pop.copied" };
#define CROWD 24

/* They stop one after the other, each at the next point; the one that goes on does laps in between. It knows all
 * that is inside: pushes that were placed count, and pops that were claimed. */
static void crowd(size_t cap) {
    struct actor a[CROWD];
    struct ring q;
    char elem[SIZE];
    uint64_t sum_in = 0, sum_out = 0, id = 100;
    check_context("cap %zu", cap);
    if (!ring_open(&q, cap, SIZE)) return;
    for (size_t i = 0; i < CROWD; i++) {
        bool push = (i / 4) % 2 == 0;
        while (push && R.try_pop(q.out, elem) == 0) sum_out += item_id(elem);
        if (!push) {
            item_make(elem, SIZE, id);
            if (R.try_push(q.in, elem) == 0) sum_in += id++;
        }
        if (!stop_actor(&a[i], &q, push, i, push ? push_points[i % 4] : pop_points[i % 4])) return;
        for (uint64_t k = 0; k < 5 * cap; k++, id++) {
            item_make(elem, SIZE, id);
            int rc = R.try_push(q.in, elem);
            CHECK(rc == 0 || rc == WEIR_EAGAIN, "a push says %d", rc);
            if (rc == 0) sum_in += id;
            CHECK_IS(R.try_pop(q.out, elem), 0); /* full or not, there is one now */
            sum_out += item_id(elem);
        }
    }
    for (size_t i = 0; i < CROWD; i++) {
        int64_t rc = let_go(&a[i]);
        CHECK(rc == 0 || rc == WEIR_EAGAIN, "a stopped call says %lld", (long long)rc);
        if (rc == 0) *(a[i].push ? &sum_in : &sum_out) += a[i].id;
    }
    while (R.try_pop(q.out, elem) == 0) sum_out += item_id(elem);
    CHECK_IS(sum_out, sum_in);
    CHECK_IS(R.len(q.in), 0);
    ring_close(&q);
}

void ring15_crowd(void) {
    static const size_t caps[] = { 1, 2, 3, 8 };
    for (size_t i = 0; i < sizeof caps / sizeof *caps && checks_hold(); i++) crowd(caps[i]);
}

/* ---- marks ------------------------------------------------------------------------------------------------- */

/* A push is placed over a mark and has not settled it: the ring is idle still, and truly empty. The next push
 * settles, and then both are there. */
static void late_push(size_t cap) {
    struct actor a;
    struct ring q;
    check_context("placed over a mark, cap %zu", cap);
    if (!ring_open(&q, cap, SIZE)) return;
    poll_empty(&q);
    CHECK(is_idle(&q), "%d polls do not make the ring idle", MISSES);
    if (!stop_actor(&a, &q, true, 1, "scq.push.placed")) return;
    CHECK(is_idle(&q), "settled already");
    poll_empty(&q);
    char elem[SIZE];
    item_make(elem, SIZE, 2);
    CHECK_IS(R.try_push(q.in, elem), cap > 1 ? 0 : WEIR_EAGAIN);
    CHECK(!is_idle(&q), "not settled");
    pop_ids(&q, SIZE, 1, cap > 1 ? 2 : 1);
    poll_empty(&q);
    CHECK_IS(let_go(&a), 0);
    poll_empty(&q);
    push_ids(&q, SIZE, 5, cap);
    pop_ids(&q, SIZE, 5, cap);
    ring_close(&q);
}

/* It has settled: it is over for all others. */
static void settled_push(void) {
    struct actor a;
    struct ring q;
    check_context("settled");
    if (!ring_open(&q, 2, SIZE)) return;
    poll_empty(&q);
    if (!stop_actor(&a, &q, true, 1, "scq.settled")) return;
    pop_ids(&q, SIZE, 1, 1);
    for (uint64_t lap = 0; lap < 5; lap++) {
        push_ids(&q, SIZE, lap, 2);
        pop_ids(&q, SIZE, lap, 2);
        poll_empty(&q);
    }
    CHECK_IS(let_go(&a), 0);
    poll_empty(&q);
    ring_close(&q);
}

/* A popper has marked, and not said idle yet: it must not any more once there has been a push. */
static void late_idle(bool popped) {
    struct actor a;
    struct ring q;
    check_context("a popper that has marked%s", popped ? ", and a lap" : "");
    if (!ring_open(&q, 2, SIZE)) return;
    if (!stop_actor(&a, &q, false, 0, "scq.pop.marked")) return;
    push_ids(&q, SIZE, 1, 1);
    if (popped) pop_ids(&q, SIZE, 1, 1);
    for (uint64_t i = 0; popped && i < 4; i++) {
        push_ids(&q, SIZE, i, 1);
        pop_ids(&q, SIZE, i, 1);
    }
    stop_release(&a.stop);
    int64_t rc = call_end(&a.call); /* it goes on polling, and finds what there is */
    stop_fini(&a.stop);
    CHECK_IS(rc, popped ? WEIR_EAGAIN : 0);
    if (!popped) CHECK_IS(a.id, 1);
    poll_empty(&q);
    push_ids(&q, SIZE, 1, 2);
    pop_ids(&q, SIZE, 1, 2);
    ring_close(&q);
}

void ring15_marked(void) {
    for (size_t cap = 1; cap <= 3; cap++) late_push(cap);
    settled_push();
    late_idle(false);
    late_idle(true);
}

/* ---- an idle poll ------------------------------------------------------------------------------------------- */

/* Of a ring whose slots and spares may not be touched, and whose head may not be written. */
void ring15_idle(void) {
    size_t page = 4096, bytes = R.bytes(4, SIZE), size = (bytes + page) / page * page;
    char *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct ring q = { 0 };
    char elem[SIZE];
    if (!CHECK(mem != MAP_FAILED, "mmap")) return;
    if (!CHECK_IS(R.init(&q.in, mem, bytes, 4, SIZE), 0)) return;
    q.out = q.in;
    push_ids(&q, SIZE, 1, 3);
    pop_ids(&q, SIZE, 1, 3);
    poll_empty(&q);
    CHECK(is_idle(&q), "%d polls do not make the ring idle", MISSES);
    CHECK(((weir_scq *)q.in)->slots_ >= page, "the slots stand beside the head");
    CHECK_IS(mprotect(mem, page, PROT_READ), 0);
    CHECK_IS(mprotect(mem + page, size - page, PROT_NONE), 0);
    for (int i = 0; i < 1000; i++) CHECK_IS(R.try_pop(q.out, elem), WEIR_EAGAIN);
    CHECK_IS(mprotect(mem, size, PROT_READ | PROT_WRITE), 0);
    push_ids(&q, SIZE, 9, 4);
    pop_ids(&q, SIZE, 9, 4);
    CHECK_IS(R.fini(q.in, NULL, NULL), 0);
    (void)munmap(mem, size);
}

/* ---- more calls than it was made for ------------------------------------------------------------------------ */

void ring15_too_many(void) {
    static const size_t bad[] = { 0, WEIR_SCQ_THREADS_MAX + 1, SIZE_MAX };
    struct weir_ring_opts o = WEIR_RING_OPTS(4, SIZE);
    struct actor a, b;
    struct ring q = { 0 };
    weir_scq *r = NULL;
    char elem[SIZE], before[SIZE];
    for (size_t i = 0; i < 3; i++) {
        CHECK_IS(weir_scq_new(&r, &o, bad[i]), WEIR_EINVAL);
        CHECK(!r && weir_scq_bytes(4, SIZE, bad[i]) == 0, "%zu threads are not refused", bad[i]);
    }
    if (!CHECK_IS(weir_scq_new(&r, &o, 2), 0)) return;
    q.in = q.out = r;
    push_ids(&q, SIZE, 1, 2);
    if (!stop_actor(&a, &q, true, 3, "scq.push.taken")) return;
    if (!stop_actor(&b, &q, false, 0, "scq.pop.claimed")) return; /* 1 is gone */
    memset(elem, 0x5A, SIZE);
    memcpy(before, elem, SIZE);
    for (int i = 0; i < 10; i++) {
        CHECK_IS(R.try_push(r, elem), WEIR_EBUSY);
        CHECK_IS(R.try_pop(r, elem), WEIR_EBUSY);
        CHECK(memcmp(elem, before, SIZE) == 0, "the caller's buffer changed");
        CHECK_IS(R.len(r), 1);
    }
    CHECK_IS(let_go(&b), 0);
    CHECK_IS(b.id, 1);
    pop_ids(&q, SIZE, 2, 1); /* with one stopped still */
    push_ids(&q, SIZE, 20, 4);
    CHECK_IS(R.try_push(r, elem), WEIR_EAGAIN);
    pop_ids(&q, SIZE, 20, 2);
    CHECK_IS(let_go(&a), 0);
    pop_ids(&q, SIZE, 22, 2);
    pop_ids(&q, SIZE, 3, 1);
    CHECK_IS(weir_scq_free(r), 0);
}

/* ---- as many calls as it was made for, that come and go ------------------------------------------------------ */

#define LOOKS 40

struct seeker {
    weir_scq *r;
    struct stop stops[LOOKS];
    struct call call;
    uint64_t spare;
};

/* What a push does that has found cell 1 empty. */
static int64_t seek(void *arg) {
    struct seeker *s = arg;
    stop_me(s->stops);
    weir_au64 *cell = weir__scq_search_(s->r, 1, &s->spare);
    weir__scq_give(s->r, cell, s->spare);
    return cell != NULL;
}

/* Of two spares one is always there, but never the one that the seeker looks at: one call has that, the next one the
 * other. Two are inside at each instant, so none may be told that there are more. */
void ring15_come_and_go(void) {
    struct weir_ring_opts o = WEIR_RING_OPTS(4, SIZE);
    struct seeker s = { 0 };
    uint64_t spare = 0;
    if (!CHECK_IS(weir_scq_new(&s.r, &o, 2), 0)) return;
    for (size_t i = 0; i < LOOKS; i++) stop_init(&s.stops[i], "scq.search.looked");
    for (size_t i = 0; i + 1 < LOOKS; i++) s.stops[i].then = &s.stops[i + 1];
    weir_au64 *cell = weir__scq_search_(s.r, 1, &spare);
    call_start(&s.call, seek, &s);
    for (size_t i = 0; i < LOOKS && stop_wait(&s.stops[i]); i++) {
        CHECK(cell == weir__scq_cell(s.r, i % 2), "a spare of another cell");
        weir__scq_give(s.r, cell, spare);
        if (i + 1 < LOOKS) cell = weir__scq_search_(s.r, i % 2, &spare);
        stop_release(&s.stops[i]);
    }
    CHECK(call_end(&s.call), "too many are inside, though there are two");
    for (size_t i = 0; i < LOOKS; i++) stop_fini(&s.stops[i]);
    CHECK_IS(weir_scq_free(s.r), 0);
}
