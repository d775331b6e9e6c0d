/* SPDX-License-Identifier: MIT */
/* queues/chan.c - what all kinds of channel have in common: making, references, the verbs. */
#include "chan.h"

#include "../lib/base.h"

#include <string.h>

/* ---- the buffer ---------------------------------------------------------------------------------------- */

void weir__chan_put(struct weir__chan_buffer *b, const void *elem) {
    size_t at = b->head + b->len++;
    if (at >= b->cap) at -= b->cap;
    weir__chan_copy(b, b->slots + at * b->elem_size, elem);
}

void weir__chan_get(struct weir__chan_buffer *b, void *elem) {
    weir__chan_copy(b, elem, b->slots + b->head * b->elem_size);
    b->head = b->head + 1 == b->cap ? 0 : b->head + 1;
    b->len--;
}

/* ---- making and freeing --------------------------------------------------------------------------------- */

static const struct weir__chan_kind *kind_of(unsigned kind) {
    switch (kind) {
        case WEIR_CHAN_STRICT: return &weir__chan_strict;
        default: return NULL;
    }
}

/* Bytes of a channel whose slots begin at *at; 0: a shape that is refused. */
static size_t bytes_of(const struct weir_chan_opts *o, const struct weir__chan_kind *kind,
                       size_t *at) {
    if (o->cap > WEIR_RING_CAP_MAX || o->elem_size > WEIR_RING_ELEM_MAX) return 0;
    *at = (kind->size + 15) & ~(size_t)15;
    return weir__ring_bytes(*at, o->cap, o->elem_size);
}

int weir_chan_new(weir_chan **out, const struct weir_chan_opts *opts) {
    if (!out) return WEIR_EINVAL;
    *out = NULL;
    if (!opts || opts->size != sizeof *opts || opts->flags) return WEIR_EINVAL;
    const struct weir__chan_kind *kind = kind_of(opts->kind);
    size_t at = 0, bytes = kind ? bytes_of(opts, kind, &at) : 0;
    if (bytes == 0) return WEIR_EINVAL;
    weir_chan *c = weir__alloc(opts->alloc, bytes, WEIR_LINE);
    if (!c) return WEIR_ENOMEM;
    memset(c, 0, at);
    c->kind = kind;
    c->drop = opts->drop;
    c->drop_arg = opts->drop_arg;
    c->name = opts->name;
    c->alloc = opts->alloc;
    c->bytes = bytes;
    c->buffer = (struct weir__chan_buffer){ 0, 0, opts->cap, opts->elem_size, (char *)c + at };
    weir_init_atomic(&c->refs, 1);
    if (kind->init(c) < 0) {
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
    if (c->kind->has_waiters(c)) {
        (void)weir_fetch_add_relaxed(&c->refs, 1);
        return WEIR_EBUSY;
    }
    struct weir__chan_buffer *b = &c->buffer;
    for (; b->len && c->drop; b->len--) {
        c->drop(b->slots + b->head * b->elem_size, c->drop_arg);
        b->head = b->head + 1 == b->cap ? 0 : b->head + 1;
    }
    c->kind->fini(c);
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
    if (!elem && c->buffer.elem_size) return weir__misuse("weir_chan_send", "no element");
    return c->kind->send(c, elem, deadline, ctx);
}

int weir_chan_recv_wait(weir_chan *c, void *elem, weir_time deadline, weir_ctx *ctx) {
    if (!c) return never(deadline, ctx);
    if (!elem && c->buffer.elem_size) return weir__misuse("weir_chan_recv", "no place for it");
    return c->kind->recv(c, elem, deadline, ctx);
}

int weir_chan_close(weir_chan *c) {
    return c ? c->kind->close(c) : weir__misuse("weir_chan_close", "no channel");
}

bool weir_chan_is_closed(const weir_chan *c) { return c && c->kind->is_closed(c); }
size_t weir_chan_len(const weir_chan *c) { return c ? c->kind->len(c) : 0; }
size_t weir_chan_cap(const weir_chan *c) { return c ? c->buffer.cap : 0; }
weir_waitable *weir_chan_waitable(weir_chan *c) { return c ? &c->on : NULL; }
