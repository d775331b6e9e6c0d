/* SPDX-License-Identifier: MIT */
/* queues/blocking.c - see blocking.h.
 *
 * A waiter polls for a moment, lists itself in the parking lot, which announces it in the object's word, looks a last
 * time, and sleeps. Woken, or not, it tries again; a try that fails begins anew. The deadline ends it after a last
 * try. Whoever leaves with anything but its element may have taken a wake-up with it, and says so by `leaves`.
 *
 * Invariant  a waiter that sleeps is listed and counted, and has looked after that.
 * Progress   blocking: that is what it is for. A newcomer may be served ahead of a woken waiter, which waits on.
 * Ordering   LOT_W3 announces; what the last look is paired with stands in the object's file. */
#include "blocking.h"

#include "../lib/os.h"
#include "../lib/waits.h"

static void wake_thread(void *parker) { weir__unpark(parker); }

static bool is_late(weir_time deadline) {
    return deadline != WEIR_FOREVER && weir__os_now() >= deadline;
}

static void park(const struct weir__blocking *b, struct weir__waiter *w, struct weir__thread *self,
                 weir_time deadline) {
    const struct weir__blocking_kind *k = b->kind;
    struct weir__waits waits = { .what = b->side == WEIR__POPPERS ? k->pops : k->pushes,
                                 .object = b->object,
                                 .ctx = w->ctx,
                                 .since = weir__os_now(),
                                 .deadline = deadline };
    weir__waits_enter(self, &waits);
    (void)weir__lot_park(w, &self->parker, deadline);
    weir__waits_leave(self);
}

/* Waits until the operation is worth trying, or the deadline passes; a try follows in any case. */
static void block(struct weir__blocking *b, struct weir__waiter *w, struct weir__thread *self,
                  weir_time deadline) {
    if (b->kind->spin(b, self, deadline) || is_late(deadline)) return;
    weir__lot_enter(w);
    if (b->kind->ready(b))
        (void)weir__lot_leave(w); /* if it was woken meanwhile: the try comes next anyway */
    else
        park(b, w, self, deadline);
}

ptrdiff_t weir__blocking_until(struct weir__blocking *b, uint64_t key, weir_au64 *word,
                               weir_time deadline, weir_ctx *ctx) {
    struct weir__watch watch;
    ptrdiff_t rc = WEIR_EAGAIN;
    if (is_late(deadline)) return WEIR_ETIMEDOUT;
    struct weir__thread *self = weir__thread_self();
    if (!self) return WEIR_ENOMEM;
    int err = weir__ctx_watch(&watch, ctx, wake_thread, &self->parker);
    if (err) return err;
    for (bool late = false; weir__blocking_undone(rc) && !late; late = is_late(deadline)) {
        struct weir__waiter w = { .key = key,
                                  .count = word,
                                  .unit = b->side,
                                  .wake = wake_thread,
                                  .wake_arg = &self->parker,
                                  .ctx = ctx };
        block(b, &w, self, deadline);
        rc = weir__blocking_attempt(b, ctx);
    }
    weir__ctx_unwatch(&watch);
    if (weir__blocking_undone(rc)) rc = WEIR_ETIMEDOUT;
    if (rc == WEIR_ETIMEDOUT || rc == WEIR_ECANCELED || rc == WEIR_ENOMEM) b->kind->leaves(b);
    return rc;
}
