/* SPDX-License-Identifier: MIT */
/* flow/pool_idle.c - how the workers of the stealing kind go to sleep, and who wakes them.
 *
 *   idle   | may grow | alive | searching | asleep |      asleep, alive, may grow: changed under the lock
 *
 * A worker is busy, searching, or asleep. One that has run out of tasks searches: it polls for about as long as a wake-up
 * takes, then it says that it sleeps, looks once more, and parks. One that was woken or has just been made searches.
 * Who puts a task in wakes one sleeper, or makes a worker, if none is searching: a searching one finds it. A searching
 * worker that finds a task, and was the last to search, looks whether there is more, and wakes the next. So
 * a burst wakes workers one after the other, each while the one before has something to do, and not all at once for
 * a single task.
 *
 * Invariants
 *   I1  (no lost wake-up) while a task is queued a worker is searching, or about to look (a token in its parker, a thread
 *       that is being made), or all that may be there are busy; or somebody is between putting it in and waking.
 *       Let P be the putting in, R the look at `idle` after it. If R finds a sleeper and nobody searching, a worker is woken. If R
 *       finds a searching worker S, S ends its search after R, by changing idle (A), and looks for tasks after that (C):
 *       before it parks, or, where it has found another task, to wake the next one. If R finds nobody asleep, who goes to
 *       sleep later does the same. So it remains that C sees P, where A comes after R:
 *         a ring    P claims the slot by a seq_cst read-modify-write of tail; R, A are seq_cst, and C reads tail seq_cst
 *                   before it says empty: R does not see A, so C sees P. If the slot is claimed and not stamped, C does
 *                   not say empty, and S does not sleep. If the ring is a new one, it was named before P by a seq_cst
 *                   store, and C looks up seq_cst which rings there are: so it looks into that one, too.
 *         a list    the same with its length, `listed`.
 *         a deque   P is a release store by a worker that is busy. S sends a barrier (lib/park.h) between A and C, if there
 *                   is such a worker: what it has not seen of A by then, it had put in before. Without membarrier
 *                   P's worker does a read-modify-write of a word of its own (`fence`) between P and R, and S one of the
 *                   same word between A and C: the second of the two sees what came before the first.
 *       An S that was not the last to search leaves it to the last. An S that retires (A is its leave) makes no worker: it wakes
 *       a sleeper, or there is none, or the last one has given up sleeping and left since, under the lock, after A: that one
 *       has sent a barrier of its own, and has then found nothing.
 *   I2  who takes a worker off the list of sleepers counts it as searching, in the same hold of the lock, and gives it
 *       a token: so no second one is woken meanwhile. A worker that finds itself off the list was woken, whatever its
 *       parker said; a token left over from that wakes it once in vain.
 *   I3  all sleep, and the pool is quiet, only if the queues are empty: said under the lock, where the last one goes to
 *       sleep (weir__pool_settle). If a task is on its way in by then, its submitter has not looked at idle yet.
 * Progress   putting in: a load, and the lock if somebody is to be woken. Going to sleep and waking: the lock.
 * Ordering   I1: D1, D2 (A) and D3 (R) in one order with MPMC_C1 (P) and D5 (C), R1 (before P) and R2 (C), D7 (P) and D6 (C); D4 and
 *            D8 stand for the barrier where there is none. What the submitter did comes with the task, by its queue.
 * From       the spinning threads of Go's scheduler and Tokio's idle set; the barrier instead of a fence in each push. */
#include "pool_steal.h"

#define ASLEEP UINT64_C(1)
#define SEARCHING (UINT64_C(1) << 16)
#define ALIVE (UINT64_C(1) << 32)
#define MAY_GROW (UINT64_C(1) << 48)

static uint64_t asleep_in(uint64_t idle) { return idle & 0xffff; }
static uint64_t searching_in(uint64_t idle) { return idle >> 16 & 0xffff; }
static uint64_t alive_in(uint64_t idle) { return idle >> 32 & 0xffff; }
/* Whether somebody could be woken or made. */
static bool any_in(uint64_t idle) { return (idle & MAY_GROW) || asleep_in(idle) > 0; }

/* All that is said under the lock; searching is also changed without it. The value before. */
static uint64_t change(weir_pool *p, uint64_t add) {
    return weir_fetch_add_seq_cst(&p->idle, add, POOL_D1);
}

void weir__steal_limits(weir_pool *p) {
    /* Relaxed: these fields are changed under the lock only. */
    uint64_t now = weir_load_relaxed(&p->idle);
    uint64_t grow = weir__pool_may_grow(p) ? MAY_GROW : 0;
    uint64_t add = (p->alive - alive_in(now)) * ALIVE + grow - (now & MAY_GROW);
    add += p->asleep - asleep_in(now); /* one that leaves asleep */
    if (add) (void)change(p, add);
}

/* Whether workers besides the calling one are awake. */
static bool others_in(uint64_t idle) { return alive_in(idle) > asleep_in(idle) + 1; }

/* Without membarrier: each worker's `fence` is changed by its owner, between a push and a look at idle, and here. Whose change
 * comes second has read the other's: either the owner sees idle as it is by now, or what it has pushed is seen here. */
static void meet_owners(weir_pool *p) {
    unsigned made = weir__pool_made(p);
    for (unsigned i = 0; i < made; i++)
        (void)weir_fetch_add_seq_cst(&weir__pool_worker_at(p, i)->fence, 0, POOL_D8);
}

/* Between a change of idle and a look at deques that busy workers push to. */
static void barrier(weir_pool *p, uint64_t idle) {
    if (!others_in(idle)) return;
    WEIR_POINT("pool.barrier");
    if (p->fence)
        meet_owners(p);
    else if (!weir__heavy_barrier(true))
        weir__settle(); /* the kernel refuses now */
}

/* After a change of idle: whether something is queued, for whose submitter that change may have come too late. Without
 * membarrier: yes, if there are others; who is woken in vain looks, and sleeps again. */
static bool seen_after(weir_pool *p, uint64_t idle) {
    barrier(p, idle);
    return (p->fence && others_in(idle)) || weir__steal_ready(p);
}

/* ---- waking ------------------------------------------------------------------------------------------------------- */

/* Under the lock: off the list, and searching. */
static void call(weir_pool *p, struct pool_worker *w) {
    w->asleep = false;
    p->asleep--;
    (void)change(p, SEARCHING - ASLEEP);
}

static void wake_one(weir_pool *p, bool grows) {
    WEIR_POINT("pool.wake");
    weir__lock(&p->lock);
    struct pool_worker *w = p->asleep_first;
    bool wanted = searching_in(weir_load_relaxed(&p->idle)) ==
                  0; /* the lock's holder before has changed it */
    bool grow = grows && wanted && !w && weir__pool_may_grow(p);
    if (wanted && w) {
        p->asleep_first = w->next_asleep;
        p->wakes++;
        call(p, w);
    }
    weir__unlock(&p->lock);
    if (wanted && w) weir__unpark(&w->parker);
    if (grow) (void)weir__pool_want(p);
}

/* How many there may be was said before, by a change of idle: from here on it is as for a worker that ends its search. */
void weir__steal_more(weir_pool *p, bool grow) {
    uint64_t idle = weir_load_relaxed(&p->idle); /* written by this thread, or since */
    if (!weir__pool_self(p)) idle += ALIVE;      /* as if it were one */
    if (seen_after(p, idle)) wake_one(p, grow);
}

void weir__steal_pushed(weir_pool *p, struct pool_worker *w) {
    if (w) {
        if (WEIR_UNLIKELY(p->fence)) (void)weir_fetch_add_seq_cst(&w->fence, 0, POOL_D4);
        weir_light_barrier();
    }
    uint64_t idle = weir_load_seq_cst(&p->idle, POOL_D3);
    if (WEIR_UNLIKELY(searching_in(idle) == 0 && any_in(idle))) wake_one(p, true);
}

void weir__steal_wake_all(weir_pool *p) {
    while (p->asleep_first) {
        struct pool_worker *w = p->asleep_first;
        p->asleep_first = w->next_asleep;
        call(p, w);
        weir__unpark(&w->parker);
    }
}

/* ---- the worker --------------------------------------------------------------------------------------------------- */

void weir__steal_searches(struct pool_worker *w, bool searches) {
    w->searching = searches;
    (void)change(w->pool, searches ? SEARCHING : -SEARCHING);
}

/* It has found a task. */
static void found(struct pool_worker *w) {
    weir_pool *p = w->pool;
    w->searching = false;
    uint64_t idle = weir_fetch_add_seq_cst(&p->idle, -SEARCHING, POOL_D2);
    if (searching_in(idle) > 1 || !any_in(idle)) return;
    WEIR_POINT("pool.found");
    if (weir_recheck(seen_after(p, idle), POOL_Q1)) wake_one(p, true);
}

static bool looks_ready(void *worker) {
    struct pool_worker *w = worker;
    return weir_load_relaxed(&w->pool->hint) || weir__steal_ready(w->pool);
}

static void take_off(weir_pool *p, const struct pool_worker *w) {
    struct pool_worker **at = &p->asleep_first;
    while (*at != w) at = &(*at)->next_asleep;
    *at = w->next_asleep;
}

/* Takes itself off the list, if it is there still. With the lock or without. */
static void wakes_up(struct pool_worker *w) {
    weir_pool *p = w->pool;
    weir__lock(&p->lock);
    if (w->asleep) {
        take_off(p, w);
        call(p, w);
    }
    weir__unlock(&p->lock);
}

/* Parked until it is off the list. False: it was idle for too long, and has left. */
static bool rests(struct pool_worker *w, weir_time until) {
    weir_pool *p = w->pool;
    for (;;) {
        int rc = weir__park(&w->parker, until);
        weir__lock(&p->lock);
        if (!w->asleep) break;
        if (rc < 0 && p->alive <= p->threads) until = WEIR_FOREVER; /* there are fewer by now */
        if (rc < 0 && p->alive > p->threads) {
            take_off(p, w);
            /* I1, of one who has retired: as if it was awake. Relaxed: what counts here changes under the lock. */
            barrier(p, weir_load_relaxed(&p->idle) - ASLEEP);
            if (weir__steal_ready(p)) {
                call(p, w);
                break;
            }
            w->asleep = false;
            p->asleep--;
            WEIR_POINT("pool.lingered");
            /* By one change of idle: who puts a task in finds it asleep, and waits for the lock, or that one may be made. */
            weir__pool_leave(w);
            return false;
        }
        weir__unlock(&p->lock);
    }
    weir__unlock(&p->lock);
    return true;
}

/* Nothing was found. False: it has left, or has found something now (*found). */
static bool sleeps(struct pool_worker *w, struct pool_job *job, bool *found) {
    weir_pool *p = w->pool;
    weir__lock(&p->lock);
    if (weir__pool_surplus(p)) {
        weir__unlock(&p->lock);
        return true; /* it leaves by itself */
    }
    weir_time until = p->alive > p->threads ? weir_after(p->linger) : WEIR_FOREVER;
    w->asleep = true;
    w->next_asleep = p->asleep_first;
    p->asleep_first = w;
    p->asleep++;
    uint64_t idle = change(p, ASLEEP - SEARCHING);
    weir__pool_unlock(p, weir__pool_settle(p));
    WEIR_POINT("pool.asleep");
    barrier(p, idle);
    *found = p->fence && weir__steal_from_others(w, job);
    if (!*found && !weir_recheck(weir__steal_ready(p), POOL_Q2)) return rests(w, until);
    wakes_up(w);
    return !*found;
}

/* A worker too many leaves. False: there is none. What it leaves behind somebody is woken for; nobody has to be made: there
 * may be no more than there are, and who changes that looks himself. */
static bool retires(struct pool_worker *w) {
    weir_pool *p = w->pool;
    weir__lock(&p->lock);
    if (!weir__pool_surplus(p)) {
        weir__unlock(&p->lock);
        return false;
    }
    weir__steal_hand_over(w);
    if (w->searching) weir__steal_searches(w, false);
    weir__pool_leave(w);
    WEIR_POINT("pool.left");
    if (seen_after(p, ALIVE * 2)) wake_one(p, false); /* as if it ended its search now */
    return true;
}

static bool take(struct pool_worker *w, struct pool_job *job) {
    weir_pool *p = w->pool;
    bool has = false;
    for (;;) {
        if (WEIR_UNLIKELY(weir_load_relaxed(&p->hint)) && retires(w)) return false;
        w->too_many = false;
        if (weir__steal_find(w, job)) return true;
        if (w->too_many) continue;
        if (!w->searching) weir__steal_searches(w, true);
        if (weir__spin(&w->spin, looks_ready, w, WEIR_FOREVER)) continue;
        bool stays = sleeps(w, job, &has);
        if (!stays && !has) return false;
        w->searching = true;
        if (has) return true;
    }
}

bool weir__steal_take(struct pool_worker *w, struct pool_job *job) {
    w->next = true;
    if (!take(w, job)) return false; /* it has left, and is another thread's, perhaps */
    w->next = false;
    w->too_many = false;
    if (w->searching) found(w);
    return true;
}
