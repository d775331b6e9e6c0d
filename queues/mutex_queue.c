/* SPDX-License-Identifier: MIT */
/* queues/mutex_queue.c - see weir/mutex_queue.h. Waking: queues/mutex_side.h; both sides sleep under the lock of
 * pushes, so that a push, which always has it, sees who waits. A popper that has found nothing under both locks
 * gives that of pops back before it sleeps. With a limit each pop takes the lock of pushes, too, to say what it
 * has taken. */
#include <weir/mutex_queue.h>

#include <weir/detail/copy.h>

#include "../lib/ctx.h"
#include "../lib/os.h"
#include "mutex_side.h"
#include "queue_opts.h"

#define BLOCK_BYTES ((size_t)16384)
#define SLOTS_LEAST 4

struct block {
    struct block *next; /* the elements follow */
};

struct weir_mutex_queue {
    weir__mutex push_lock;
    struct block *tail, *spare;
    size_t at;       /* slots of tail that are full */
    uint64_t pushed; /* ever */
    uint64_t taken;  /* with a limit: popped, as pushes know it */
    size_t bytes;
    bool closed;
    struct side poppers, pushers;
    char pad0[WEIR_LINE];
    weir__mutex pop_lock;
    struct block *head, *emptied;
    size_t from;           /* slots of head that are empty again */
    uint64_t popped, seen; /* ever; what is known of pushed */
    char pad1[WEIR_LINE];
    /* constant */
    size_t elem_size, slots, block_bytes;
    uint64_t limit;
    weir_drop_fn *drop;
    void *drop_arg;
    const struct weir_alloc *alloc;
};

/* ---- blocks: under the lock of pushes ------------------------------------------------------------------- */

static struct block *block_get(weir_mutex_queue *q) {
    struct block *b = q->spare;
    q->spare = NULL;
    if (!b) {
        b = weir__alloc(q->alloc, q->block_bytes, WEIR_LINE);
        if (!b) return NULL;
        q->bytes += q->block_bytes;
    }
    b->next = NULL;
    return b;
}

static void block_free(weir_mutex_queue *q, struct block *b) {
    if (!b) return;
    q->bytes -= q->block_bytes;
    weir__free(q->alloc, b, q->block_bytes, WEIR_LINE);
}

/* Keeps it, or frees the one that was kept. */
static void block_put(weir_mutex_queue *q, struct block *b) {
    if (!b) return;
    block_free(q, q->spare);
    q->spare = b;
}

static char *slot(const weir_mutex_queue *q, struct block *b, size_t i) {
    return (char *)(b + 1) + i * q->elem_size;
}

/* ---- making and ending ----------------------------------------------------------------------- */

static void set_shape(weir_mutex_queue *q, const struct weir_queue_opts *o) {
    size_t fit = (BLOCK_BYTES - sizeof(struct block)) / o->elem_size;
    q->elem_size = o->elem_size;
    q->slots = fit < SLOTS_LEAST ? SLOTS_LEAST : fit;
    q->block_bytes = sizeof(struct block) + q->slots * q->elem_size;
    q->limit = weir__queue_limit(o);
    q->drop = o->drop;
    q->drop_arg = o->drop_arg;
    q->alloc = o->alloc;
}

static int begin(weir_mutex_queue *q) {
    if (weir__mutex_init(&q->push_lock) < 0) return WEIR_ENOMEM;
    if (weir__mutex_init(&q->pop_lock) < 0) goto fail_pop;
    q->tail = q->head = block_get(q);
    if (!q->tail) goto fail_block;
    weir__cond_init(&q->poppers.wake);
    weir__cond_init(&q->pushers.wake);
    return 0;
fail_block:
    weir__mutex_fini(&q->pop_lock);
fail_pop:
    weir__mutex_fini(&q->push_lock);
    return WEIR_ENOMEM;
}

int weir_mutex_queue_new(weir_mutex_queue **out, const struct weir_queue_opts *opts) {
    if (!out) return WEIR_EINVAL;
    *out = NULL;
    if (!weir__queue_opts_usable(opts)) return WEIR_EINVAL;
    weir_mutex_queue *q = weir__alloc(opts->alloc, sizeof *q, WEIR_LINE);
    if (!q) return WEIR_ENOMEM;
    *q = (weir_mutex_queue){ .bytes = sizeof *q };
    set_shape(q, opts);
    int rc = begin(q);
    if (rc < 0) {
        weir__free(opts->alloc, q, sizeof *q, WEIR_LINE);
        return rc;
    }
    *out = q;
    return 0;
}

/* One element further on; the next block follows once it is needed. */
static char *next_out(weir_mutex_queue *q) {
    if (q->from == q->slots) {
        struct block *old = q->head;
        q->head = old->next;
        q->from = 0;
        old->next = q->emptied; /* until the lock of pushes is taken */
        q->emptied = old;
    }
    return slot(q, q->head, q->from++);
}

static void put_emptied(weir_mutex_queue *q) {
    for (struct block *b = q->emptied, *next; b; b = next) {
        next = b->next;
        block_put(q, b);
    }
    q->emptied = NULL;
}

int weir_mutex_queue_free(weir_mutex_queue *q) {
    if (!q) return 0;
    weir__mutex_lock(&q->push_lock);
    bool busy = q->poppers.inside + q->pushers.inside > 0;
    weir__mutex_unlock(&q->push_lock);
    if (busy) return WEIR_EBUSY;
    for (; q->drop && q->popped != q->pushed; q->popped++) q->drop(next_out(q), q->drop_arg);
    put_emptied(q);
    for (struct block *b = q->head, *next; b; b = next) {
        next = b->next;
        block_free(q, b);
    }
    block_free(q, q->spare);
    weir__mutex_fini(&q->push_lock);
    weir__mutex_fini(&q->pop_lock);
    weir__free(q->alloc, q, sizeof *q, WEIR_LINE);
    return 0;
}

/* ---- push: under its lock -------------------------------------------------------------------- */

static bool is_full(const weir_mutex_queue *q) {
    return q->limit && q->pushed - q->taken >= q->limit;
}

/* As many as there is room and memory for. */
static size_t put(weir_mutex_queue *q, const char *elems, size_t n) {
    uint64_t room = q->limit ? q->limit - (q->pushed - q->taken) : UINT64_MAX;
    if (n > room) n = (size_t)room;
    for (size_t i = 0; i < n; i++) {
        if (q->at == q->slots) {
            struct block *b = block_get(q);
            if (!b) return i;
            q->tail->next = b;
            q->tail = b;
            q->at = 0;
        }
        weir__copy(slot(q, q->tail, q->at++), elems + i * q->elem_size, q->elem_size);
        q->pushed++;
    }
    return n;
}

static ptrdiff_t push(weir_mutex_queue *q, const void *elems, size_t n, weir_time deadline,
                      weir_ctx *ctx) {
    int late = 0;
    ptrdiff_t rc = 0;
    size_t signals = 0, own = 0;
    bool over;
    weir__mutex_lock(&q->push_lock);
    while (!(over = weir__ctx_over(ctx)) && !q->closed && is_full(q) && deadline != WEIR_NOW &&
           late == 0)
        late = sleep_on(&q->pushers, &q->push_lock, deadline);
    if (over) { /* nothing moves; a signal may have been meant for it: another looks instead */
        own = is_full(q) ? 0 : claim_signals(&q->pushers, 1);
    } else if (q->closed) {
        rc = WEIR_ECLOSED;
    } else if (is_full(q)) {
        rc = late ? late : WEIR_EAGAIN;
    } else {
        size_t k = put(q, elems, n);
        rc = k ? (ptrdiff_t)k : WEIR_ENOMEM;
        signals = claim_signals(&q->poppers, k);
        own = k ? 0 : claim_signals(&q->pushers, 1);
    }
    weir__mutex_unlock(&q->push_lock);
    send_signals(&q->poppers, signals);
    send_signals(&q->pushers, own);
    return over ? weir_ctx_err(ctx) : rc;
}

/* ---- pop ------------------------------------------------------------------------------------- */

/* Under the lock of pops: of n elements so many as have been seen. */
static size_t seen_of(const weir_mutex_queue *q, size_t n) {
    return n < q->seen - q->popped ? n : (size_t)(q->seen - q->popped);
}

/* Under the lock of pops, elements have been seen. */
static size_t take(weir_mutex_queue *q, char *elems, size_t n) {
    size_t signals = 0, k = seen_of(q, n);
    for (size_t i = 0; i < k; i++) weir__copy(elems + i * q->elem_size, next_out(q), q->elem_size);
    q->popped += k;
    if (q->limit || q->emptied) {
        weir__mutex_lock(&q->push_lock);
        q->taken = q->popped;
        put_emptied(q);
        signals = claim_signals(&q->pushers, k);
        weir__mutex_unlock(&q->push_lock);
    }
    send_signals(&q->pushers, signals);
    return k;
}

/* Under the lock of pops, fewer have been seen than are asked for: looks again, under both. Returns 0, if there
 * are elements now, or it has slept (*late says how that ended) or what the call returns; the lock of pops is
 * given back unless there are elements. Their room is given back here: a call that takes fewer than it was asked for takes
 * all that there are now, and perhaps not all that there are later. */
static int refresh(weir_mutex_queue *q, size_t n, weir_time deadline, weir_ctx *ctx, int *late) {
    int rc = 0;
    weir__mutex_lock(&q->push_lock);
    q->seen = q->pushed;
    if (q->seen == q->popped) {
        weir__mutex_unlock(&q->pop_lock);
        if (q->closed)
            rc = WEIR_ECLOSED;
        else if (*late)
            rc = *late;
        else if (deadline == WEIR_NOW)
            rc = WEIR_EAGAIN;
        else if (!weir__ctx_over(ctx))
            *late = sleep_on(&q->poppers, &q->push_lock, deadline);
        weir__mutex_unlock(&q->push_lock);
        return rc ? rc : 1;
    }
    q->taken = q->popped + seen_of(q, n);
    weir__mutex_unlock(&q->push_lock);
    return 0;
}

/* The context has ended: nothing moves; a signal may have been meant for this popper: another looks instead. */
static ptrdiff_t leave(weir_mutex_queue *q, weir_ctx *ctx) {
    weir__mutex_lock(&q->push_lock);
    size_t own = q->popped != q->pushed ? claim_signals(&q->poppers, 1) : 0;
    weir__mutex_unlock(&q->push_lock);
    weir__mutex_unlock(&q->pop_lock);
    send_signals(&q->poppers, own);
    return weir_ctx_err(ctx);
}

static ptrdiff_t pop(weir_mutex_queue *q, void *elems, size_t n, weir_time deadline,
                     weir_ctx *ctx) {
    for (int late = 0, rc;;) {
        weir__mutex_lock(&q->pop_lock);
        if (weir__ctx_over(ctx)) return leave(q, ctx);
        rc = q->seen - q->popped < n ? refresh(q, n, deadline, ctx, &late) : 0;
        if (rc < 0) return rc;
        if (rc > 0) continue;
        ptrdiff_t k = (ptrdiff_t)take(q, elems, n);
        weir__mutex_unlock(&q->pop_lock);
        return k;
    }
}

/* ---- the verbs ------------------------------------------------------------------------------- */

/* The context has ended: those who wait look whether it is theirs. */
static void wake_both(void *queue) {
    weir_mutex_queue *q = queue;
    weir__mutex_lock(&q->push_lock);
    weir__mutex_unlock(&q->push_lock); /* who has looked before sleeps by now */
    weir__cond_broadcast(&q->poppers.wake);
    weir__cond_broadcast(&q->pushers.wake);
}

static int no_queue(void) {
    return weir__misuse("weir_mutex_queue verbs", "no queue, or no place");
}

static ptrdiff_t until(weir_mutex_queue *q, void *elems, size_t n, bool pushes, weir_time deadline,
                       weir_ctx *ctx) {
    struct weir__watch watch;
    if (!q || (!elems && n)) return no_queue();
    if (n == 0) return 0;
    ptrdiff_t rc = weir__ctx_watch(&watch, ctx, wake_both, q);
    if (rc < 0) return rc;
    deadline = weir__ctx_until(ctx, deadline);
    rc = pushes ? push(q, elems, n, deadline, ctx) : pop(q, elems, n, deadline, ctx);
    weir__ctx_unwatch(&watch);
    return rc;
}

static void *plain(const void *elems) { return (void *)(uintptr_t)elems; }
static int one(ptrdiff_t rc) { return rc > 0 ? 0 : (int)rc; }

int weir_mutex_queue_try_push(weir_mutex_queue *q, const void *elem) {
    return one(!q || !elem ? no_queue() : push(q, elem, 1, WEIR_NOW, NULL));
}
int weir_mutex_queue_try_pop(weir_mutex_queue *q, void *elem) {
    return one(!q || !elem ? no_queue() : pop(q, elem, 1, WEIR_NOW, NULL));
}
ptrdiff_t weir_mutex_queue_try_push_n(weir_mutex_queue *q, const void *elems, size_t n) {
    return until(q, plain(elems), n, true, WEIR_NOW, NULL);
}
ptrdiff_t weir_mutex_queue_try_pop_n(weir_mutex_queue *q, void *elems, size_t n) {
    return until(q, elems, n, false, WEIR_NOW, NULL);
}
int weir_mutex_queue_push_wait(weir_mutex_queue *q, const void *elem, weir_time deadline,
                               weir_ctx *ctx) {
    return one(until(q, plain(elem), 1, true, deadline, ctx));
}
int weir_mutex_queue_pop_wait(weir_mutex_queue *q, void *elem, weir_time deadline, weir_ctx *ctx) {
    return one(until(q, elem, 1, false, deadline, ctx));
}
ptrdiff_t weir_mutex_queue_push_n_wait(weir_mutex_queue *q, const void *elems, size_t n,
                                       weir_time deadline, weir_ctx *ctx) {
    return until(q, plain(elems), n, true, deadline, ctx);
}
ptrdiff_t weir_mutex_queue_pop_n_wait(weir_mutex_queue *q, void *elems, size_t n,
                                      weir_time deadline, weir_ctx *ctx) {
    return until(q, elems, n, false, deadline, ctx);
}

int weir_mutex_queue_close(weir_mutex_queue *q) {
    if (!q) return no_queue();
    weir__mutex_lock(&q->push_lock);
    bool first = !q->closed;
    q->closed = true;
    q->poppers.waiting = q->pushers.waiting = 0;
    weir__mutex_unlock(&q->push_lock);
    if (!first) return WEIR_ECLOSED;
    weir__cond_broadcast(&q->poppers.wake);
    weir__cond_broadcast(&q->pushers.wake);
    return 0;
}

static void lock_both(weir_mutex_queue *q) {
    weir__mutex_lock(&q->pop_lock);
    weir__mutex_lock(&q->push_lock);
}
static void unlock_both(weir_mutex_queue *q) {
    weir__mutex_unlock(&q->push_lock);
    weir__mutex_unlock(&q->pop_lock);
}

bool weir_mutex_queue_is_closed(weir_mutex_queue *q) {
    if (!q) return false;
    weir__mutex_lock(&q->push_lock);
    bool closed = q->closed;
    weir__mutex_unlock(&q->push_lock);
    return closed;
}

size_t weir_mutex_queue_len(weir_mutex_queue *q) {
    if (!q) return 0;
    lock_both(q);
    uint64_t n = q->pushed - q->popped;
    unlock_both(q);
    return (size_t)n;
}

size_t weir_mutex_queue_bytes(weir_mutex_queue *q) {
    if (!q) return 0;
    weir__mutex_lock(&q->push_lock);
    size_t bytes = q->bytes;
    weir__mutex_unlock(&q->push_lock);
    return bytes;
}

int weir_mutex_queue_trim(weir_mutex_queue *q) {
    if (!q) return no_queue();
    lock_both(q);
    /* A block that is empty to its end goes as well, if there is one behind it. */
    if (q->from == q->slots && q->head->next) {
        struct block *old = q->head;
        q->head = old->next;
        q->from = 0;
        block_put(q, old);
    }
    block_free(q, q->spare);
    q->spare = NULL;
    unlock_both(q);
    if (!q->alloc) weir__os_alloc_trim();
    return 0;
}
