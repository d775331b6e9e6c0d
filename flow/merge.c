/* SPDX-License-Identifier: MIT */
/* flow/merge.c - see weir/merge.h. All three are one loop: receive a batch from an input that has some, send each
 * element to one of the outputs, or to all.
 *
 * Invariants
 *   I1  one task runs the loop, and it alone touches the lists of inputs and outputs and the batch; the channels do
 *       the waiting. So the order of each input is kept, and the relay is the one consumer of its inputs and the one
 *       producer of its outputs.
 *   I2  it sleeps only where nothing can be moved: for a batch in a select of all inputs that are left, after a
 *       round in which none had any; for room, holding an element, in a send or a select of all outputs that
 *       are left. Each of these takes the context, so a cancel ends it anywhere.
 *   I3  what was received is sent, or given to drop, before the outputs are closed; and they are closed before
 *       `running` comes to zero. So a receiver that gets ECLOSED, or who has waited, finds nothing under way.
 *   I4  the last that the task does with the relay is the done on `running`; who frees it has waited for that.
 * Progress   blocking.
 * Ordering   that of the channels, and of the wait group for who waits. The counts have one writer and are relaxed: no
 *            more is said of them than that each is right at some time.
 * From       Go's merge by one goroutine for each input; this is one task for all, because on a pool that has fewer
 *            threads than there are inputs, some of them would never be looked at. */
#include <weir/merge.h>

#include <weir/wg.h>

#include "../lib/base.h"
#include "../lib/os_user.h"

#define BATCH ((size_t)32)
#define BATCH_MAX ((size_t)65536)

struct weir_relay {
    weir_chan **ins, **outs; /* references */
    size_t n_ins, n_outs;    /* of the arrays */
    size_t ins_left, outs_left;
    size_t next_in, next_out; /* whose turn it is */
    struct weir_case *cases;  /* as many as the longer array has */
    char *elems;              /* of the batch */
    size_t batch, elem_size, bytes;
    weir_ctx *ctx; /* its own, so that free can end it */
    bool all, skips;
    int rc; /* why it ended; read once `running` is zero */
    weir_wg running;
    weir_drop_fn *drop;
    void *drop_arg;
    const struct weir_alloc *alloc;
    /* One writer. */
    weir_au64 received, sent, dropped, skipped;
};

/* Relaxed, without a read-modify-write: only the task writes them. The explorer would take each for a step of the
 * algorithm. */
#ifdef WEIR_MODEL
static void count(weir_au64 *c, uint64_t by) {
    (void)c;
    (void)by;
}
#else
static void count(weir_au64 *c, uint64_t by) { weir_store_relaxed(c, weir_load_relaxed(c) + by); }
#endif

static void lose(weir_relay *r, void *elem) {
    count(&r->dropped, 1);
    if (r->drop) r->drop(elem, r->drop_arg);
}

/* A channel that is done with: its reference stays until the end. */
static void leave_out(weir_chan **list, size_t *left, size_t i) {
    weir_chan *c = list[i];
    list[i] = list[--*left];
    list[*left] = c;
}

/* ---- receiving ------------------------------------------------------------------------------------------- */

/* From the inputs in turn, without a wait: the size of a batch, 0 if there is nothing; or the context's error. */
static ptrdiff_t look_round(weir_relay *r) {
    for (size_t tries = r->ins_left; tries > 0; tries--) {
        if (r->next_in >= r->ins_left) r->next_in = 0;
        ptrdiff_t n = weir_chan_recv_many_wait(r->ins[r->next_in], r->elems, r->batch, WEIR_NOW,
                                               WEIR_NOW, r->ctx);
        if (n == WEIR_ECLOSED) {
            leave_out(r->ins, &r->ins_left, r->next_in);
            continue;
        }
        r->next_in++;
        if (n != WEIR_EAGAIN && n != WEIR_EBUSY) return n;
    }
    return 0;
}

/* Sleeps until an input is worth a look; then it is its turn. */
static ptrdiff_t wait_for_input(weir_relay *r) {
    for (size_t i = 0; i < r->ins_left; i++)
        r->cases[i] = (struct weir_case)WEIR_CASE_RECV(r->ins[i], NULL);
    ptrdiff_t i = weir_select(r->cases, r->ins_left, WEIR_FOREVER, r->ctx, WEIR_SELECT_READY);
    if (i < 0) return i;
    r->next_in = (size_t)i;
    return 0;
}

/* The size of a batch; 0: all inputs are closed and drained; or why it is over. */
static ptrdiff_t receive(weir_relay *r) {
    ptrdiff_t n = 0;
    while (n == 0 && r->ins_left > 0) {
        if (r->ins_left == 1) {
            n = weir_chan_recv_many_wait(r->ins[0], r->elems, r->batch, WEIR_NOW, WEIR_FOREVER,
                                         r->ctx);
            return n == WEIR_ECLOSED ? 0 : n;
        }
        n = look_round(r);
        if (n == 0 && r->ins_left > 1) n = wait_for_input(r);
    }
    if (n == 0) n = weir_ctx_err(r->ctx); /* of no inputs nobody has looked at it */
    return n;
}

/* ---- sending --------------------------------------------------------------------------------------------- */

/* Sends elem to the first output in turn that takes it, without a wait: 0, EAGAIN, or the context's error. */
static int offer_round(weir_relay *r, const void *elem) {
    for (size_t tries = r->outs_left; tries > 0; tries--) {
        if (r->next_out >= r->outs_left) r->next_out = 0;
        int rc = weir_chan_send_wait(r->outs[r->next_out], elem, WEIR_NOW, r->ctx);
        if (rc == WEIR_ECLOSED) {
            leave_out(r->outs, &r->outs_left, r->next_out);
            continue;
        }
        r->next_out++;
        if (rc != WEIR_EAGAIN && rc != WEIR_EBUSY) return rc;
    }
    return WEIR_EAGAIN;
}

/* To whichever output takes it first. */
static int wait_for_room(weir_relay *r, void *elem) {
    for (size_t i = 0; i < r->outs_left; i++)
        r->cases[i] = (struct weir_case)WEIR_CASE_SEND(r->outs[i], elem);
    ptrdiff_t i = weir_select(r->cases, r->outs_left, WEIR_FOREVER, r->ctx, 0);
    if (i < 0) return (int)i;
    if (r->cases[i].result != WEIR_ECLOSED) return r->cases[i].result;
    leave_out(r->outs, &r->outs_left, (size_t)i);
    return WEIR_EAGAIN;
}

static int send_to_one(weir_relay *r, void *elem) {
    int rc = WEIR_EAGAIN;
    while (rc == WEIR_EAGAIN && r->outs_left > 1) {
        rc = offer_round(r, elem);
        if (rc == WEIR_EAGAIN && r->outs_left > 1) rc = wait_for_room(r, elem);
    }
    if (rc != WEIR_EAGAIN) return rc;
    if (r->outs_left == 0) return WEIR_ECLOSED;
    rc = weir_chan_send_wait(r->outs[0], elem, WEIR_FOREVER, r->ctx);
    if (rc == WEIR_ECLOSED) r->outs_left = 0;
    return rc;
}

/* Gives the element to one output after the other; *given: to how many. */
static int send_to_all(weir_relay *r, void *elem, size_t *given) {
    int rc = r->outs_left ? 0 : WEIR_ECLOSED;
    size_t i = 0;
    while (rc == 0 && i < r->outs_left) {
        rc = weir_chan_send_wait(r->outs[i], elem, r->skips ? WEIR_NOW : WEIR_FOREVER, r->ctx);
        if (rc == WEIR_ECLOSED) {
            leave_out(r->outs, &r->outs_left, i);
            rc = r->outs_left ? 0 : WEIR_ECLOSED;
        } else if (r->skips && (rc == WEIR_EAGAIN || rc == WEIR_EBUSY)) {
            i++;
            rc = 0;
            count(&r->skipped, 1);
        } else if (rc == 0) {
            i++;
            ++*given;
        }
    }
    return rc;
}

/* Of each element there is one copy, or of a broadcast one for each output, those that were closed included: so that who
 * counts references on it knows how many. Sends them, if nothing has ended the relay; what is left is dropped. */
static int deliver(weir_relay *r, void *elem, int rc) {
    size_t copies = r->all ? r->n_outs : 1, given = 0;
    if (rc == 0 && r->all) {
        rc = send_to_all(r, elem, &given);
    } else if (rc == 0) {
        rc = send_to_one(r, elem);
        given = rc == 0;
    }
    count(&r->sent, given);
    while (copies-- > given) lose(r, elem);
    return rc;
}

/* ---- the task ---------------------------------------------------------------------------------------------- */

static void carry(void *relay) {
    weir_relay *r = relay;
    int rc = 0;
    while (rc == 0) {
        ptrdiff_t n = receive(r);
        if (n <= 0) {
            r->rc = (int)n;
            return;
        }
        count(&r->received, (uint64_t)n);
        for (ptrdiff_t i = 0; i < n; i++) rc = deliver(r, r->elems + (size_t)i * r->elem_size, rc);
    }
    r->rc = rc;
}

static void end(void *relay) {
    weir_relay *r = relay;
    WEIR_POINT("relay.end");
    for (size_t i = 0; i < r->n_outs; i++) (void)weir_chan_close(r->outs[i]);
    (void)weir_wg_done(&r->running);
}

/* drop may end the thread: the relay is over then. */
static int relay_main(weir_ctx *ctx, void *relay) {
    weir_relay *r = relay;
    int err =
        weir_ctx_err(ctx); /* perhaps not its own: that of an executor that has been stopped */
    if (err) (void)weir_ctx_cancel(r->ctx, err);
    r->rc = WEIR_ECANCELED;
    weir__os_user_call(carry, r, end, r);
    return 0;
}

/* ---- making and freeing ------------------------------------------------------------------------------------- */

struct shape {
    weir_chan *const *ins, *const *outs;
    size_t n_ins, n_outs;
    bool all;
};

static const struct weir_relay_opts defaults = WEIR_RELAY_OPTS;

/* Every channel there, with elements of one size. */
static int check_channels(const struct shape *s, size_t *elem_size) {
    if (!s->ins || !s->outs || s->n_outs == 0) return WEIR_EINVAL;
    if (s->n_ins > WEIR_SELECT_MAX || s->n_outs > WEIR_SELECT_MAX) return WEIR_ETOOBIG;
    weir_chan *first = s->outs[0];
    *elem_size = weir_chan_elem_size(first);
    for (size_t i = 0; i < s->n_ins + s->n_outs; i++) {
        weir_chan *c = i < s->n_ins ? s->ins[i] : s->outs[i - s->n_ins];
        if (!c || weir_chan_elem_size(c) != *elem_size) return WEIR_EINVAL;
    }
    return 0;
}

/* Whether a select of them is possible at all: the answer does not depend on what is ready. */
static int check_select(weir_relay *r, weir_chan *const *list, size_t n, uint32_t op) {
    if (n < 2) return 0;
    for (size_t i = 0; i < n; i++)
        r->cases[i] = (struct weir_case){ weir_chan_waitable(list[i]), NULL, op, 0, 0 };
    ptrdiff_t rc = weir_select(r->cases, n, WEIR_NOW, NULL, WEIR_SELECT_READY);
    return rc == WEIR_EINVAL || rc == WEIR_ENOMEM ? (int)rc : 0;
}

static int check_opts(const struct weir_relay_opts *o, bool all) {
    if (o->size != sizeof *o || !weir__alloc_usable(o->alloc)) return WEIR_EINVAL;
    if (o->on && !o->on->submit) return WEIR_EINVAL;
    if (o->full > (all ? WEIR_FULL_DROP : WEIR_FULL_WAIT)) return WEIR_EINVAL;
    return o->batch > BATCH_MAX ? WEIR_EINVAL : 0;
}

static size_t longer(size_t a, size_t b) { return a > b ? a : b; }
static size_t up(size_t bytes) { return (bytes + 15) / 16 * 16; }

/* One block: the relay, both lists, the cases, the batch. */
static int make(weir_relay **out, const struct shape *s, const struct weir_relay_opts *o,
                size_t elem_size) {
    size_t batch = o->batch ? o->batch : BATCH, n_cases = longer(s->n_ins, s->n_outs);
    size_t lists = up(sizeof(weir_relay)),
           cases = lists + up((s->n_ins + s->n_outs) * sizeof(weir_chan *));
    size_t elems = cases + up(n_cases * sizeof(struct weir_case));
    size_t bytes = elems + (elem_size ? batch * elem_size : 1);
    weir_relay *r = weir__alloc(o->alloc, bytes, WEIR_LINE);
    if (!r) return WEIR_ENOMEM;
    char *at = (char *)r;
    *r = (weir_relay){ .n_ins = s->n_ins,
                       .n_outs = s->n_outs,
                       .ins_left = s->n_ins,
                       .outs_left = s->n_outs,
                       .ins = (weir_chan **)(void *)(at + lists),
                       .cases = (struct weir_case *)(void *)(at + cases),
                       .elems = at + elems,
                       .batch = batch,
                       .elem_size = elem_size,
                       .bytes = bytes,
                       .all = s->all,
                       .skips = o->full == WEIR_FULL_DROP,
                       .drop = o->drop,
                       .drop_arg = o->drop_arg,
                       .alloc = o->alloc };
    r->outs = r->ins + s->n_ins;
    int rc = check_select(r, s->ins, s->n_ins, WEIR_RECV);
    if (rc == 0 && !s->all) rc = check_select(r, s->outs, s->n_outs, WEIR_SEND);
    if (rc == 0) rc = weir_ctx_new(&r->ctx, o->ctx, WEIR_FOREVER);
    if (rc < 0) {
        weir__free(o->alloc, r, bytes, WEIR_LINE);
        return rc;
    }
    weir_init_atomic(&r->received, 0);
    weir_init_atomic(&r->sent, 0);
    weir_init_atomic(&r->dropped, 0);
    weir_init_atomic(&r->skipped, 0);
    (void)weir_wg_init(&r->running);
    (void)weir_wg_add(&r->running, 1);
    for (size_t i = 0; i < s->n_ins; i++) r->ins[i] = weir_chan_ref(s->ins[i]);
    for (size_t i = 0; i < s->n_outs; i++) r->outs[i] = weir_chan_ref(s->outs[i]);
    *out = r;
    return 0;
}

static void unmake(weir_relay *r) {
    for (size_t i = 0; i < r->n_ins; i++) (void)weir_chan_unref(r->ins[i]);
    for (size_t i = 0; i < r->n_outs; i++) (void)weir_chan_unref(r->outs[i]);
    weir_ctx_unref(r->ctx);
    weir__free(r->alloc, r, r->bytes, WEIR_LINE);
}

static int start(weir_relay **out, const struct shape *s, const struct weir_relay_opts *o) {
    if (!out) return WEIR_EINVAL;
    *out = NULL;
    if (!o) o = &defaults;
    size_t elem_size = 0;
    weir_relay *r = NULL;
    int rc = check_opts(o, s->all);
    if (rc == 0) rc = check_channels(s, &elem_size);
    if (rc == 0) rc = make(&r, s, o, elem_size);
    if (rc < 0 || !r) return rc;
    rc = weir_go(o->on, relay_main, r->ctx, r);
    if (rc < 0)
        unmake(r);
    else
        *out = r;
    return rc;
}

int weir_merge(weir_relay **r, weir_chan *out, weir_chan *const *ins, size_t n,
               const struct weir_relay_opts *opts) {
    const struct shape s = { n ? ins : &out, &out, n, 1, false };
    return start(r, &s, opts);
}

int weir_fanout(weir_relay **r, weir_chan *const *outs, size_t n, weir_chan *in,
                const struct weir_relay_opts *opts) {
    const struct shape s = { &in, outs, 1, n, false };
    return start(r, &s, opts);
}

int weir_broadcast(weir_relay **r, weir_chan *const *outs, size_t n, weir_chan *in,
                   const struct weir_relay_opts *opts) {
    const struct shape s = { &in, outs, 1, n, true };
    return start(r, &s, opts);
}

/* ---- the rest ------------------------------------------------------------------------------------------------- */

int weir_relay_wait_wait(weir_relay *r, bool *ended, weir_time deadline, weir_ctx *ctx) {
    if (ended) *ended = false;
    if (!r) return weir__misuse("weir_relay_wait", "no relay");
    int rc = weir_wg_wait_wait(&r->running, deadline, ctx);
    if (rc < 0) return rc;
    if (ended) *ended = true;
    return r->rc;
}

int weir_relay_read_stats(weir_relay *r, struct weir_relay_stats *out) {
    if (!r || !out || out->size != sizeof *out) return WEIR_EINVAL;
    out->received = weir_load_relaxed(&r->received);
    out->sent = weir_load_relaxed(&r->sent);
    out->dropped = weir_load_relaxed(&r->dropped);
    out->skipped = weir_load_relaxed(&r->skipped);
    return 0;
}

int weir_relay_free(weir_relay *r) {
    if (!r) return 0;
    (void)weir_ctx_cancel(r->ctx, 0);
    int rc = weir_wg_wait(&r->running);
    if (rc < 0) return rc;
    unmake(r);
    return 0;
}
