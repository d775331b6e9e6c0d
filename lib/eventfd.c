/* SPDX-License-Identifier: MIT */
/* lib/eventfd.c - see weir/eventfd.h. Of a context it is a function that is called at the end (lib/after.c). Of
 * another object it is a node that looks (lib/wait.h) and is no thread's: who tells it writes to the descriptor.
 *
 * Invariants
 *   I1  the node is told under the object's lock, and taken off the queue in the same hold. After a disarm, which
 *       takes that lock, nobody is about to write.
 *   I2  (nothing missed) arm resets the descriptor before it looks; and looks while it queues, or again afterwards,
 *       as each attempt does that queues a node. So what is ready then makes it readable here, and what
 *       becomes ready later finds the node.
 *   I3  a context's has two references, the owner's and the function's: who gives back the last one closes.
 * Progress   blocking. A write to an eventfd that holds 0 or 1 does not block.
 * Ordering   all by the object's lock; refs as any count: G1. */
#include <weir/eventfd.h>

#include "base.h"
#include "ctx.h"
#include "os.h"
#include "os_fd.h"

struct weir_eventfd {
    struct weir__node node;
    weir_after_func *after; /* of a context */
    weir_au32 refs;
    int fd;
};

static void ready(void *e) { weir__os_eventfd_set(((weir_eventfd *)e)->fd); }

static void unref(weir_eventfd *e) {
    if (weir_fetch_sub_acq_rel(&e->refs, 1, EVFD_G1) != 1) return;
    weir__os_eventfd_close(e->fd);
    weir__os_free(e);
}

static void ended(void *e) {
    ready(e);
    unref(e);
}

static void disarm(weir_eventfd *e) { e->node.on->ops->disarm(e->node.on, &e->node); }

static void arm(weir_eventfd *e) {
    struct weir__call call = { .arm = true };
    disarm(e);
    weir__os_eventfd_clear(e->fd);
    WEIR_POINT("eventfd.cleared");
    if (weir__attempt(&e->node, &call) == WEIR__PENDING) return;
    disarm(e); /* it may have been queued first */
    ready(e);
}

static int start(weir_eventfd *e, weir_waitable *on) {
    if (!weir__ctx_is(on)) {
        arm(e);
        return 0;
    }
    weir_init_atomic(&e->refs, 2);
    return weir__ctx_after_brief((weir_ctx *)(void *)on, ended, e, &e->after);
}

static bool is_case(weir_waitable *on, const struct weir__node *n) {
    if (!on || on->ops->wait || (on->ops->due && !weir__ctx_is(on))) return false;
    return on->ops->check(on, n) == 0;
}

int weir_eventfd_new(weir_eventfd **out, weir_waitable *on, uint32_t op, uint32_t arg) {
    if (!out) return WEIR_EINVAL;
    *out = NULL;
    struct weir__node n = { .on = on, .op = op, .arg = arg, .look = true, .wake = ready };
    if (!is_case(on, &n)) return weir__misuse("weir_eventfd_new", "not a case of this object");
    weir_eventfd *e = weir__os_alloc(sizeof *e, _Alignof(weir_eventfd));
    if (!e) return WEIR_ENOMEM;
    *e = (weir_eventfd){ .node = n, .fd = weir__os_eventfd() };
    e->node.elem = e;
    weir_init_atomic(&e->refs, 1);
    int rc = e->fd < 0 ? WEIR_ENOMEM : start(e, on);
    if (rc == 0) {
        *out = e;
        return 0;
    }
    if (e->fd >= 0) weir__os_eventfd_close(e->fd);
    weir__os_free(e);
    return rc;
}

int weir_eventfd_fd(const weir_eventfd *e) {
    return e ? e->fd : weir__misuse("weir_eventfd_fd", "no object");
}

int weir_eventfd_arm(weir_eventfd *e) {
    if (!e) return weir__misuse("weir_eventfd_arm", "no object");
    if (!e->after) arm(e);
    return 0;
}

void weir_eventfd_free(weir_eventfd *e) {
    if (!e) return;
    if (!e->after)
        disarm(e);
    else if (weir_after_func_stop(e->after))
        unref(e);
    weir_after_func_free(e->after);
    unref(e);
}
