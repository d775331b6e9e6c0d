/* SPDX-License-Identifier: MIT */
/* tests/chan/chan.c - see chan.h. */
#include "chan.h"

#include <malloc.h>

/* ---- channels -------------------------------------------------------------------------------------------- */

weir_chan *chan_open_drop(size_t cap, size_t elem_size, weir_drop_fn *drop, void *arg) {
    struct weir_chan_opts o = WEIR_CHAN_OPTS(cap, elem_size);
    weir_chan *c = NULL;
    o.kind = K.kind;
    o.drop = drop;
    o.drop_arg = arg;
    o.name = "under test";
    int rc = weir_chan_new(&c, &o);
    CHECK(rc == 0 && c, "weir_chan_new(%zu, %zu): %d", cap, elem_size, rc);
    return c;
}

weir_chan *chan_open_size(size_t cap, size_t elem_size) {
    return chan_open_drop(cap, elem_size, NULL, NULL);
}

weir_chan *chan_open(size_t cap) { return chan_open_size(cap, sizeof(uint64_t)); }

void chan_end(weir_chan *c) {
    CHECK(weir_chan_len(c) <= weir_chan_cap(c), "len %zu of %zu", weir_chan_len(c),
          weir_chan_cap(c));
    CHECK_IS(weir_chan_unref(c), 0);
}

/* Not for ever: something in flight has to land. */
static bool again(int rc, unsigned *failures) {
    if (rc != WEIR_EBUSY) return false;
    if (!CHECK(!(K.has & HAS_EXACT), "EBUSY")) return false;
    give_way(failures);
    return *failures < 10000000;
}

int try_send(weir_chan *c, uint64_t v) {
    unsigned failures = 0;
    int rc;
    do rc = weir_chan_try_send(c, &v);
    while (again(rc, &failures));
    return rc;
}

int try_recv(weir_chan *c, uint64_t *v) {
    unsigned failures = 0;
    int rc;
    do rc = weir_chan_try_recv(c, v);
    while (again(rc, &failures));
    return rc;
}

bool send_ids(weir_chan *c, uint64_t from, size_t n) {
    for (uint64_t v = from; v < from + n; v++)
        if (!CHECK_IS(try_send(c, v), 0)) return false;
    return true;
}

bool recv_ids(weir_chan *c, uint64_t from, size_t n) {
    for (uint64_t want = from; want < from + n; want++) {
        uint64_t v = UNTOUCHED;
        if (!CHECK_IS(try_recv(c, &v), 0) || !CHECK_IS(v, want)) return false;
    }
    return true;
}

static weir_time soon(void) { return K.has & HAS_FIFO ? -1 : weir_after(20000 * MS); }

bool give_ids(weir_chan *c, uint64_t from, size_t n) {
    for (uint64_t v = from; v < from + n; v++)
        if (!CHECK_IS(weir_chan_send_wait(c, &v, soon(), NULL), 0)) return false;
    return true;
}

bool take_ids(weir_chan *c, uint64_t from, size_t n) {
    for (uint64_t want = from; want < from + n; want++) {
        uint64_t v = UNTOUCHED;
        if (!CHECK_IS(weir_chan_recv_wait(c, &v, soon(), NULL), 0) || !CHECK_IS(v, want))
            return false;
    }
    return true;
}

/* ---- one waiting call -------------------------------------------------------------------------------------- */

static int64_t peer_main(void *arg) {
    struct peer *p = arg;
    if (p->stop) stop_me(p->stop);
    return p->send ? weir_chan_send_wait(p->chan, &p->v, p->deadline, p->ctx)
                   : weir_chan_recv_wait(p->chan, &p->v, p->deadline, p->ctx);
}

void peer_init(struct peer *p, weir_chan *c, bool send, uint64_t v) {
    p->chan = c;
    p->send = send;
    p->v = send ? v : UNTOUCHED;
    p->deadline = WEIR_FOREVER;
    p->ctx = NULL;
    p->stop = NULL;
}

void peer_begin(struct peer *p) { call_start(&p->call, peer_main, p); }

void peer_start(struct peer *p, weir_chan *c, bool send, uint64_t v) {
    peer_init(p, c, send, v);
    peer_begin(p);
}

void peer_start_until(struct peer *p, weir_chan *c, bool send, uint64_t v, weir_time deadline,
                      weir_ctx *ctx) {
    peer_init(p, c, send, v);
    p->deadline = deadline;
    p->ctx = ctx;
    peer_begin(p);
}

bool peer_waits(struct peer *p, weir_chan *c, bool send, uint64_t v) {
    peer_start(p, c, send, v);
    return CHECK(call_sleeps(&p->call), "a %s that has to wait returned", send ? "send" : "recv");
}

int peer_end(struct peer *p) {
    int rc = (int)call_end(&p->call);
    if (!p->send)
        CHECK((rc == 0) == (p->v != UNTOUCHED), "recv: %d, and v is %llx", rc,
              (unsigned long long)p->v);
    return rc;
}

/* ---- one select ---------------------------------------------------------------------------------------------- */

#define NO_RESULT 12345

void selector_init(struct selector *s) {
    s->n = 0;
    s->deadline = WEIR_FOREVER;
    s->ctx = NULL;
    s->flags = 0;
    s->stop = NULL;
}

static void add(struct selector *s, weir_chan *c, uint32_t op, uint64_t v) {
    s->v[s->n] = v;
    s->cases[s->n] = (struct weir_case){ weir_chan_waitable(c), &s->v[s->n], op, 0, NO_RESULT };
    s->n++;
}

void selector_send(struct selector *s, weir_chan *c, uint64_t v) { add(s, c, WEIR_SEND, v); }
void selector_recv(struct selector *s, weir_chan *c) { add(s, c, WEIR_RECV, UNTOUCHED); }

ptrdiff_t selector_run(struct selector *s) {
    for (size_t i = 0; i < s->n; i++) {
        s->cases[i].result = NO_RESULT;
        if (s->cases[i].op == WEIR_RECV) s->v[i] = UNTOUCHED;
    }
    ptrdiff_t won = weir_select(s->cases, s->n, s->deadline, s->ctx, s->flags);
    CHECK(won < (ptrdiff_t)s->n, "case %td of %zu", won, s->n);
    bool looks = s->flags & WEIR_SELECT_READY;
    bool none = won == WEIR_EAGAIN || won == WEIR_EBUSY; /* then each says which of the two */
    for (size_t i = 0; i < s->n; i++) {
        int result = s->cases[i].result;
        bool mine = (ptrdiff_t)i == won, got = s->cases[i].op == WEIR_RECV && s->v[i] != UNTOUCHED;
        CHECK(mine   ? result <= 0
              : none ? result == won || result == WEIR_EAGAIN
                     : result == NO_RESULT,
              "case %zu, and select returned %td: result %d", i, won, result);
        CHECK(got == (mine && s->cases[i].op == WEIR_RECV && result == 0 && !looks),
              "case %zu of %td, result %d: v is %llx", i, won, result, (unsigned long long)s->v[i]);
    }
    return won;
}

static int64_t selector_main(void *arg) {
    struct selector *s = arg;
    if (s->stop) stop_me(s->stop);
    return selector_run(s);
}

void selector_start(struct selector *s) { call_start(&s->call, selector_main, s); }

bool selector_waits(struct selector *s) {
    selector_start(s);
    return CHECK(call_sleeps(&s->call), "a select that has to wait returned");
}

ptrdiff_t selector_end(struct selector *s) { return (ptrdiff_t)call_end(&s->call); }

/* ---- scripts with deadlines ---------------------------------------------------------------------------------- */

bool stops_or_returns(struct stop *s, struct call *call) {
    for (int i = 0; i < 20000; i++) {
        if (stop_reached(s, 1)) return true;
        if (call_done(call)) return stop_reached(s, 0);
    }
    return CHECK(false, "no thread stops at %s", s->at);
}

void in_time(bool (*script)(void *arg, int ms), void *arg) {
    for (int ms = 120; !script(arg, ms) && checks_hold(); ms *= 3)
        if (!CHECK(ms < 20000, "too slow, however long the deadline")) return;
}

weir_ctx *ctx_open(weir_ctx *parent, weir_time deadline) {
    weir_ctx *ctx = NULL;
    CHECK_IS(weir_ctx_new(&ctx, parent, deadline), 0);
    return ctx;
}

/* ---- other --------------------------------------------------------------------------------------------------- */

void call_for_ever(struct call *call, int64_t (*fn)(void *arg), void *arg) {
    call_start(call, fn, arg);
    CHECK(call_sleeps(call), "a call that waits for ever returned");
    (void)pthread_detach(call->thread);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_HEAP 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OWN_HEAP 0
#endif
#endif

#ifdef OWN_HEAP
size_t heap_in_use(void) { return 0; } /* LeakSanitizer sees what is left */
#else
size_t heap_in_use(void) {
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}
#endif

void check_late(int64_t rc, weir_time deadline) {
    weir_time now = weir_now();
    CHECK_IS(rc, WEIR_ETIMEDOUT);
    CHECK(now >= deadline, "%lld ns early", (long long)(deadline - now));
    CHECK(now - deadline < 5000 * MS, "%lld ns late", (long long)(now - deadline));
}
