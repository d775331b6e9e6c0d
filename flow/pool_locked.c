/* SPDX-License-Identifier: MIT */
/* flow/pool_locked.c - the pool with one mutex: a list for each priority, and two condition variables. What the other
 * kind is compared with, and what it is tested against.
 *
 * Invariants (under the mutex)
 *   I1  a node is in its level's list from when it is queued until its task is taken, by a worker or through its future:
 *       lists[].len is what is queued, exactly.
 *   I2  (no lost wake-up) who queues a task signals `work` if a worker sleeps, after unlocking; who sleeps has found all
 *       lists empty in the hold of the mutex in which it began to sleep. A signal too many wakes one that finds
 *       nothing. Likewise `room`, one for each level, for those who wait for room in it: each that takes a task signals
 *       one of its level, and one that gives up, once it has been signalled, hands it on.
 *       What gives way takes no room, so that tasks that do so for ever keep nobody out.
 *   I3  where more is queued than workers sleep or are about to look, one is made, if there may be one more.
 * Progress   blocking. Ordering   all by the mutex.
 * From       the thread pool of any textbook. */
#include "pool.h"

static void add(struct pool_list *l, struct pool_node *n) {
    pool_list_add(l, n);
    l->behind += n->behind;
}

static void remove_node(struct pool_list *l, struct pool_node *n) {
    pool_list_remove(l, n);
    l->behind -= n->behind;
}

static size_t queued(const weir_pool *p) {
    size_t n = 0;
    for (unsigned i = 0; i < POOL_LEVELS; i++) n += p->lists[i].len;
    return n;
}

bool weir__locked_empty(const weir_pool *p) { return queued(p) == 0; }
void weir__locked_wake_all(weir_pool *p) { weir__cond_broadcast(&p->work); }

static bool wants_more(const weir_pool *p) {
    return queued(p) > p->asleep + p->coming && weir__pool_may_grow(p);
}

void weir__locked_more(weir_pool *p) {
    bool more;
    do {
        weir__pool_lock(p);
        more = wants_more(p);
        weir__pool_unlock(p, NULL);
    } while (more && weir__pool_want(p) == 0);
}

/* ---- putting in --------------------------------------------------------------------------------------------------- */

static void wake_room(void *pool) {
    weir_pool *p = pool;
    weir__mutex_lock(&p->mutex);
    weir__mutex_unlock(&p->mutex); /* who has looked before sleeps by now */
    for (unsigned i = 0; i < POOL_LEVELS; i++) weir__cond_broadcast(&p->room[i]);
}

/* Under the mutex. 0: there is room; else as weir__locked_put. *late: its wait is over. */
static int room(weir_pool *p, const struct pool_worker *w, const struct pool_put *put, int late) {
    int state = pool_state(p);
    bool inside = w || put->behind; /* whose submitter runs a task */
    if (state >= WEIR_POOL_STOPPING || (state == WEIR_POOL_DRAINING && !inside))
        return WEIR_ESTOPPED;
    const struct pool_list *l = &p->lists[put->level];
    if (p->cap == 0 || put->behind || l->len - l->behind < p->cap) return 0;
    if (p->full == WEIR_POOL_REFUSE || put->deadline == WEIR_NOW) return WEIR_EAGAIN;
    if (p->full == WEIR_POOL_CALLER || w) return POOL_RUN_HERE;
    return late ? late : POOL_WAIT_FOR_ROOM;
}

static int enqueue(weir_pool *p, struct pool_worker *w, const struct pool_put *put) {
    struct pool_node *n = weir__pool_node(p, &p->nodes);
    if (!n) return WEIR_ENOMEM;
    n->level = put->level;
    n->behind = put->behind;
    weir__pool_node_set(n, &put->job);
    if (put->job.future) weir__future_pending(put->job.future);
    add(&p->lists[put->level], n);
    POOL_COUNT(p, w, queued);
    return 0;
}

static int put_in(weir_pool *p, struct pool_worker *w, const struct pool_put *put) {
    weir_time deadline = weir__ctx_until(put->ctx, put->deadline);
    int rc, late = 0;
    bool ended = false;
    weir__mutex_lock(&p->mutex);
    while ((rc = room(p, w, put, late)) == POOL_WAIT_FOR_ROOM &&
           !(ended = weir__ctx_over(put->ctx)))
        late = weir__cond_wait(&p->room[put->level], &p->mutex, deadline);
    ended = ended || weir__ctx_over(put->ctx);
    if (rc == 0 && !ended) rc = enqueue(p, w, put);
    bool pass = rc == 0 && ended;
    if (rc == POOL_RUN_HERE && !w && !ended) p->callers++;
    bool wake = rc == 0 && !ended && p->asleep > 0, more = rc == 0 && wants_more(p);
    weir__mutex_unlock(&p->mutex);
    if (wake) weir__cond_signal(&p->work);
    if (pass) weir__cond_signal(&p->room[put->level]);
    if (more) (void)weir__pool_want(p);
    return ended ? weir_ctx_err(put->ctx) : rc;
}

int weir__locked_put(weir_pool *p, struct pool_worker *w, const struct pool_put *put) {
    struct weir__watch watch;
    int rc = weir__ctx_watch(&watch, put->ctx, wake_room, p);
    if (rc < 0) return rc;
    WEIR_POINT("pool.put");
    rc = put_in(p, w, put);
    weir__ctx_unwatch(&watch);
    return rc;
}

void weir__locked_close(weir_pool *p) { wake_room(p); }

/* ---- taking out --------------------------------------------------------------------------------------------------- */

/* All under the mutex. The level of the task taken; NONE: there is none. */
#define NONE (-1)

static int take_node(weir_pool *p, struct pool_worker *w, struct pool_node *n,
                     struct pool_job *job) {
    int level = (int)n->level;
    remove_node(&p->lists[level], n);
    (void)weir__pool_node_take(n, job);
    weir__pool_node_free(&p->nodes, n);
    POOL_COUNT(p, w, begun);
    return level;
}

static int take_first(struct pool_worker *w, struct pool_job *job) {
    static const uint8_t orders[][POOL_LEVELS] = { { WEIR_HIGH, WEIR_NORMAL, WEIR_LOW },
                                                   { WEIR_LOW, WEIR_NORMAL, WEIR_HIGH },
                                                   { WEIR_NORMAL, WEIR_LOW, WEIR_HIGH } };
    weir_pool *p = w->pool;
    bool turned = ++w->tick % POOL_TURN == 0;
    const uint8_t *order = orders[turned ? 1 + w->tick / POOL_TURN % 2 : 0];
    for (unsigned i = 0; i < POOL_LEVELS; i++) {
        struct pool_node *n = p->lists[order[i]].first;
        if (n) return take_node(p, w, n, job);
    }
    return NONE;
}

/* Not under the mutex, after a task of that level was taken. */
static void signal_room(weir_pool *p, int level) {
    if (p->cap && level != NONE) weir__cond_signal(&p->room[level]);
}

/* Sleeps. False: for so long that this worker is not needed. */
static bool sleeps(weir_pool *p) {
    weir_time until = p->alive > p->threads ? weir_after(p->linger) : WEIR_FOREVER;
    int rc = weir__cond_wait(&p->work, &p->mutex, until);
    p->asleep--;
    return rc == 0 || p->alive <= p->threads || queued(p) > 0;
}

bool weir__locked_take(struct pool_worker *w, struct pool_job *job) {
    weir_pool *p = w->pool;
    struct pool_wait *done = NULL;
    weir__mutex_lock(&p->mutex);
    weir__pool_came(w);
    int level = NONE;
    bool leaves;
    while (!(leaves = weir__pool_surplus(p)) && (level = take_first(w, job)) == NONE) {
        p->asleep++;
        done = weir__pool_settle(p);
        if (done) { /* they are told without the mutex; what comes meanwhile is seen by the next look */
            p->asleep--;
            weir__pool_unlock(p, done);
            weir__mutex_lock(&p->mutex);
            continue;
        }
        if (p->leaving)
            p->asleep--;
        else if (!sleeps(p)) {
            leaves = true;
            break;
        }
    }
    if (leaves) {
        if (queued(p) > 0) weir__cond_signal(&p->work); /* which may have been meant for this one */
        weir__pool_leave(w);
        return false;
    }
    weir__mutex_unlock(&p->mutex);
    signal_room(p, level);
    return true;
}

bool weir__locked_find(struct pool_worker *w, struct pool_job *job) {
    weir_pool *p = w->pool;
    weir__mutex_lock(&p->mutex);
    int level = take_first(w, job);
    weir__mutex_unlock(&p->mutex);
    signal_room(p, level);
    return level != NONE;
}

bool weir__locked_claim(struct pool_worker *w, weir_future *f, struct pool_job *job) {
    weir_pool *p = w->pool;
    int level = NONE;
    weir__mutex_lock(&p->mutex);
    if (weir__pool_node_claim(f, job)) {
        struct pool_node *n = f->task_;
        level = (int)n->level;
        remove_node(&p->lists[level], n);
        weir__pool_node_free(&p->nodes, n);
        POOL_COUNT(p, w, begun);
    }
    weir__mutex_unlock(&p->mutex);
    signal_room(p, level);
    return level != NONE;
}

/* Takes the tasks of a list that are not of an executor; they are linked by next. */
static struct pool_node *take_all(weir_pool *p, struct pool_list *l, struct pool_node *taken) {
    for (struct pool_node *n = l->first, *next; n; n = next) {
        next = n->next;
        if (n->job.always) continue;
        remove_node(l, n);
        (void)weir__pool_node_take(n, &n->job);
        POOL_COUNT(p, NULL, begun);
        n->next = taken;
        taken = n;
    }
    return taken;
}

void weir__locked_cancel(weir_pool *p) {
    struct pool_node *taken = NULL;
    weir__mutex_lock(&p->mutex);
    for (unsigned i = 0; i < POOL_LEVELS; i++) taken = take_all(p, &p->lists[i], taken);
    weir__mutex_unlock(&p->mutex);
    for (struct pool_node *n = taken; n; n = n->next)
        weir__pool_cancel(p, NULL, &n->job, WEIR_ECANCELED);
    weir__mutex_lock(&p->mutex);
    for (struct pool_node *n = taken, *next; n; n = next) {
        next = n->next;
        weir__pool_node_free(&p->nodes, n);
    }
    weir__mutex_unlock(&p->mutex);
}
