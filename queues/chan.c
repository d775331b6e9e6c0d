/* SPDX-License-Identifier: MIT */
/* queues/chan.c - what all kinds of channel have in common: making, references, the verbs. */
#include "chan.h"

#include "../lib/base.h"

/* ---- making and freeing --------------------------------------------------------------------------------- */

/* Without a buffer there is nothing to do without the lock. */
static const struct weir__chan_kind *kind_of(const struct weir_chan_opts *o) {
    switch (o->kind) {
        case WEIR_CHAN_MPMC: return o->cap && o->elem_size ? &weir__chan_mpmc : &weir__chan_strict;
        case WEIR_CHAN_SPSC: return o->cap && o->elem_size ? &weir__chan_spsc : &weir__chan_strict;
        case WEIR_CHAN_MUTEX: return o->cap ? &weir__chan_mutex_ring : &weir__chan_mutex_meeting;
        case WEIR_CHAN_STRICT: return &weir__chan_strict;
        default: return NULL;
    }
}

int weir_chan_new(weir_chan **out, const struct weir_chan_opts *o) {
    if (!out) return WEIR_EINVAL;
    *out = NULL;
    if (!o || o->size != sizeof *o || o->flags) return WEIR_EINVAL;
    if (!weir__alloc_usable(o->alloc)) return WEIR_EINVAL;
    const struct weir__chan_kind *kind = kind_of(o);
    if (!kind || o->cap > WEIR_RING_CAP_MAX || o->elem_size > WEIR_RING_ELEM_MAX)
        return WEIR_EINVAL;
    size_t bytes = kind->bytes(o->cap, o->elem_size);
    if (bytes == 0) return WEIR_EINVAL;
    weir_chan *c = weir__alloc(o->alloc, bytes, WEIR_LINE);
    if (!c) return WEIR_ENOMEM;
    *c = (weir_chan){ .kind = kind,
                      .cap = o->cap,
                      .elem_size = o->elem_size,
                      .bytes = bytes,
                      .drop = o->drop,
                      .drop_arg = o->drop_arg,
                      .name = o->name,
                      .alloc = o->alloc };
    weir_init_atomic(&c->refs, 1);
    (void)weir__os_cpus(); /* now, not in the first wait */
    if (kind->init(c, o) < 0) {
        weir__free(c->alloc, c, bytes, WEIR_LINE);
        return WEIR_ENOMEM;
    }
    *out = c;
    return 0;
}

weir_chan *weir_chan_ref(weir_chan *c) {
    if (c) (void)weir_fetch_add_relaxed(&c->refs, 1);
    return c;
}

int weir_chan_unref(weir_chan *c) {
    if (!c) return 0;
    if (weir_fetch_sub_acq_rel(&c->refs, 1, CHAN_R1) != 1) return 0;
    if (c->kind->end(c) < 0) {
        (void)weir_fetch_add_relaxed(&c->refs, 1);
        return WEIR_EBUSY;
    }
    weir__free(c->alloc, c, c->bytes, WEIR_LINE);
    return 0;
}

/* ---- the verbs ------------------------------------------------------------------------------------------- */

/* A channel that is never ready. */
static int never(weir_time deadline, weir_ctx *ctx) {
    return (int)weir__wait(NULL, 0, NULL, deadline, ctx);
}

int weir_chan_send_wait(weir_chan *c, const void *elem, weir_time deadline, weir_ctx *ctx) {
    if (!c) return never(deadline, ctx);
    if (!elem && c->elem_size) return weir__misuse("weir_chan_send", "no element");
    return c->kind->send(c, elem, deadline, ctx);
}

int weir_chan_recv_wait(weir_chan *c, void *elem, weir_time deadline, weir_ctx *ctx) {
    if (!c) return never(deadline, ctx);
    if (!elem && c->elem_size) return weir__misuse("weir_chan_recv", "no place for it");
    return c->kind->recv(c, elem, deadline, ctx);
}

/* Where element k goes. */
static void *place(const weir_chan *c, void *elems, size_t k) {
    return c->elem_size ? (char *)elems + k * c->elem_size : elems;
}

ptrdiff_t weir__chan_recv_each(weir_chan *c, void *elems, size_t n) {
    size_t k = 0;
    int rc = 0;
    while (k < n && (rc = c->kind->recv(c, place(c, elems, k), WEIR_NOW, NULL)) == 0) k++;
    return k > 0 ? (ptrdiff_t)k : rc;
}

/* A batch; where that is not all, one element for which it waits; and again. */
static ptrdiff_t recv_many(weir_chan *c, void *elems, size_t n, weir_time linger,
                           weir_time deadline, weir_ctx *ctx) {
    size_t got = 0;
    ptrdiff_t rc = weir_ctx_err(ctx);
    while (rc >= 0) {
        rc = c->kind->recv_n(c, place(c, elems, got), n - got);
        if (rc > 0) got += (size_t)rc;
        if (got == n) break;
        weir_time until = got && linger < deadline ? linger : deadline;
        bool waits = rc > 0 || rc == WEIR_EAGAIN || rc == WEIR_EBUSY;
        if (!waits || until == WEIR_NOW) break;
        rc = c->kind->recv(c, place(c, elems, got), until, ctx);
        got += rc == 0;
        if (got == n) break;
        if (rc == 0) rc = weir_ctx_err(ctx);
    }
    return got ? (ptrdiff_t)got : rc;
}

ptrdiff_t weir_chan_recv_many_wait(weir_chan *c, void *elems, size_t n, weir_time linger,
                                   weir_time deadline, weir_ctx *ctx) {
    if (n == 0) return 0;
    if (!c) return never(deadline, ctx);
    if (!elems && c->elem_size) return weir__misuse("weir_chan_recv_many", "no place for them");
    if (n > PTRDIFF_MAX) n = PTRDIFF_MAX;
    return recv_many(c, elems, n, linger, deadline, ctx);
}

int weir_chan_close(weir_chan *c) {
    return c ? c->kind->close(c) : weir__misuse("weir_chan_close", "no channel");
}

/* ---- statistics ------------------------------------------------------------------------------------------ */

void weir__chan_counts_init(weir_chan *c, struct weir__chan_counts *k) {
    weir_init_atomic(&k->send_blocked, 0);
    weir_init_atomic(&k->recv_blocked, 0);
    weir_init_atomic(&k->wakes, 0);
    weir_init_atomic(&k->robbed, 0);
    weir_init_atomic(&k->high, 0);
    c->counts = k;
}

void weir__chan_note(weir_waitable *on, const struct weir__node *n, enum weir__noted what,
                     uint64_t amount) {
    struct weir__chan_counts *k = ((weir_chan *)(void *)on)->counts;
    weir__count(what == WEIR__LATE   ? &k->robbed
                : n->op == WEIR_SEND ? &k->send_blocked
                                     : &k->recv_blocked,
                amount);
}

int weir_chan_read_stats(weir_chan *c, struct weir_chan_stats *out) {
    if (!c || !out || out->size != sizeof *out) return WEIR_EINVAL;
    *out = (struct weir_chan_stats)WEIR_CHAN_STATS;
    if (c->counts) {
        out->send_blocked = weir_load_relaxed(&c->counts->send_blocked);
        out->recv_blocked = weir_load_relaxed(&c->counts->recv_blocked);
        out->wakes = weir_load_relaxed(&c->counts->wakes);
        out->robbed = weir_load_relaxed(&c->counts->robbed);
        out->high_water = (size_t)weir_load_relaxed(&c->counts->high);
        size_t now = c->kind->len(c);
        if (now > out->high_water) out->high_water = now;
    }
    c->kind->stats(c, out);
    uint64_t moved = out->sent + out->received;
    out->wakes_elided = c->counts && moved > out->wakes ? moved - out->wakes : 0;
    return 0;
}

const char *weir_chan_name(const weir_chan *c) { return c ? c->name : NULL; }

bool weir_chan_is_closed(const weir_chan *c) { return c && c->kind->is_closed(c); }
size_t weir_chan_len(const weir_chan *c) { return c ? c->kind->len(c) : 0; }
size_t weir_chan_cap(const weir_chan *c) { return c ? c->cap : 0; }
size_t weir_chan_elem_size(const weir_chan *c) { return c ? c->elem_size : 0; }
weir_waitable *weir_chan_waitable(weir_chan *c) { return c ? &c->on : NULL; }

void weir__chan_about(weir_waitable *on, struct weir__about *a) {
    weir_chan *c = (weir_chan *)(void *)on;
    *a = (struct weir__about){ c->kind->about, c->name, &c->made };
}

int weir__chan_check(const weir_waitable *on, const struct weir__node *n) {
    return weir__chan_check_known(on, n);
}
