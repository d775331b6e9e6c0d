/* SPDX-License-Identifier: MIT */
/* tests/chan/waiters.c - weir_waiters_dump and weir_leak_check. */
#include "chan.h"

#include <weir/debug.h>
#include <weir/fd.h>
#include <weir/mpmc.h>

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- helpers --------------------------------------------------------------------------------------------- */

/* What a dump writes; the caller frees it. */
static char *dump(void) {
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    CHECK_IS(weir_waiters_dump(f), 0);
    (void)fclose(f);
    return text;
}

/* Whether the dump has this in it. */
__attribute__((format(printf, 1, 2))) static void shows(const char *fmt, ...) {
    char want[400], *text = dump();
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(want, sizeof want, fmt, args);
    va_end(args);
    CHECK(strstr(text, want) != NULL, "\"%s\" is not in:\n%s", want, text);
    free(text);
}

static weir_chan *open_kind(unsigned kind, size_t cap, const char *name, int *line) {
    struct weir_chan_opts o = WEIR_CHAN_OPTS(cap, sizeof(uint64_t));
    weir_chan *c = NULL;
    o.kind = kind;
    o.name = name;
    *line = __LINE__ + 1;
    CHECK_IS(weir_chan_new(&c, &o), 0);
    return c;
}

/* ---- what it says ----------------------------------------------------------------------------------------- */

static void dump_nothing(void) {
    char *text = dump();
    CHECK(strcmp(text, "0 threads wait\n") == 0, "%s", text);
    free(text);
    count_misuse(true);
    CHECK_IS(weir_waiters_dump(NULL), WEIR_EINVAL);
    count_misuse(false);
}

static void dump_plain(void) {
    static const struct {
        unsigned kind;
        const char *about;
    } kinds[] = { { WEIR_CHAN_STRICT, "strict channel" },
                  { WEIR_CHAN_MPMC, "mpmc channel" },
                  { WEIR_CHAN_SPSC, "spsc channel" } };
    for (size_t k = 0; k < 3; k++) {
        int line = 0;
        struct peer in, out;
        weir_chan *c = open_kind(kinds[k].kind, 1, "jobs", &line);
        weir_chan *d = open_kind(kinds[k].kind, 1, NULL, &line);
        send_ids(d, 1, 1);
        peer_waits(&in, c, false, 0);
        peer_waits(&out, d, true, 2);
        shows("\n  receive from %s \"jobs\" %p, made at %s:%d\n", kinds[k].about,
              (void *)weir_chan_waitable(c), __FILE__, line);
        shows("\n  send to %s %p, made at %s:%d\n", kinds[k].about, (void *)weir_chan_waitable(d),
              __FILE__, line);
        shows("thread %u waits, since 0.", weir_load_relaxed(&in.call.tid));
        shows("thread %u waits, since 0.", weir_load_relaxed(&out.call.tid));
        shows("\n2 threads wait\n");
        send_ids(c, 3, 1);
        recv_ids(d, 1, 1);
        CHECK_IS(peer_end(&in), 0);
        CHECK_IS(peer_end(&out), 0);
        recv_ids(d, 2, 1);
        shows("0 threads wait\n");
        CHECK_IS(weir_chan_unref(c), 0);
        CHECK_IS(weir_chan_unref(d), 0);
    }
}

/* With a deadline and a context; of both kinds of select. */
static void dump_select(void) {
    for (int mutex = 0; mutex < 2; mutex++) {
        unsigned kind = mutex ? WEIR_CHAN_MUTEX : WEIR_CHAN_MPMC;
        const char *about = mutex ? "mutex channel" : "mpmc channel";
        int line, ctx_line;
        weir_chan *c = open_kind(kind, 1, "first", &line), *d = open_kind(kind, 1, "second", &line);
        weir_ctx *ctx = NULL;
        struct selector s;
        CHECK_IS(weir_ctx_new(&ctx, NULL, WEIR_FOREVER), 0), ctx_line = __LINE__;
        send_ids(d, 1, 1);
        selector_init(&s);
        selector_recv(&s, c);
        selector_send(&s, d, 2);
        s.cases[s.n++] = (struct weir_case){ weir_ctx_waitable(ctx), NULL, WEIR_RECV, 0, 0 };
        s.ctx = ctx;
        s.deadline = weir_after(60000 * MS);
        selector_waits(&s);
        shows("s, for at most 59.");
        shows("s, 3 cases\n");
        shows("\n  receive from %s \"first\" %p, made at %s:%d\n  send to %s \"second\" %p,", about,
              (void *)weir_chan_waitable(c), __FILE__, line, about, (void *)weir_chan_waitable(d));
        shows("\n  receive from context %p, made at %s:%d\n  or until context %p ends\n",
              (void *)weir_ctx_waitable(ctx), __FILE__, ctx_line, (void *)ctx);
        send_ids(c, 1, 1);
        CHECK_IS(selector_end(&s), 0);
        recv_ids(d, 1, 1);
        weir_ctx_unref(ctx);
        CHECK_IS(weir_chan_unref(c), 0);
        CHECK_IS(weir_chan_unref(d), 0);
    }
}

/* Contexts and timers, however they were made. */
static void dump_made(void) {
    static const char key;
    weir_ctx *ctx[4] = { NULL };
    weir_timer *t = NULL;
    weir_ticker *k = NULL;
    int line = __LINE__ + 1;
    CHECK_IS(weir_ctx_new(&ctx[0], NULL, WEIR_FOREVER), 0);
    CHECK_IS(weir_ctx_new_cause(&ctx[1], ctx[0], WEIR_FOREVER, -7), 0);
    CHECK_IS(weir_ctx_with_value(&ctx[2], ctx[0], &key, NULL), 0);
    CHECK_IS(weir_ctx_without_cancel(&ctx[3], ctx[0]), 0);
    CHECK_IS(weir_timer_new(&t, WEIR_FOREVER), 0);
    CHECK_IS(weir_ticker_new(&k, 3600000 * MS), 0);
    for (int i = 0; i < 6; i++) {
        weir_waitable *on = i < 4    ? weir_ctx_waitable(ctx[i])
                            : i == 4 ? weir_timer_waitable(t)
                                     : weir_ticker_waitable(k);
        weir_chan *stop = chan_open(1);
        struct selector s;
        selector_init(&s);
        selector_recv(&s, stop);
        s.cases[s.n++] = (struct weir_case){ on, NULL, WEIR_RECV, 0, 0 };
        s.cases[s.n++] = (struct weir_case){ NULL, NULL, WEIR_RECV, 0, 0 };
        selector_waits(&s);
        shows("\n  receive from %s %p, made at %s:%d\n  nothing: a case that is never ready\n",
              i < 4    ? "context"
              : i == 4 ? "timer"
                       : "ticker",
              (void *)on, __FILE__, line + i);
        send_ids(stop, 1, 1);
        CHECK_IS(selector_end(&s), 0);
        chan_end(stop);
    }
    CHECK_IS(weir_ticker_free(k), 0);
    CHECK_IS(weir_timer_free(t), 0);
    for (int i = 4; i-- > 0;) weir_ctx_unref(ctx[i]);
}

static int64_t wait_for_timer(void *t) { return weir_timer_wait(t, WEIR_FOREVER, NULL); }
static int64_t pop(void *ring) {
    uint64_t v;
    return weir_mpmc_pop_wait(ring, &v, WEIR_FOREVER, NULL);
}

/* Calls with one case, which is no channel; and rings. */
static void dump_others(void) {
    struct weir_ring_opts o = WEIR_RING_OPTS(2, sizeof(uint64_t));
    weir_timer *t = NULL;
    weir_mpmc *r = NULL;
    struct call timer, ring;
    int line = __LINE__ + 1;
    CHECK_IS(weir_timer_new(&t, weir_after(3600000 * MS)), 0);
    CHECK_IS(weir_mpmc_new(&r, &o), 0);
    call_start(&timer, wait_for_timer, t);
    call_start(&ring, pop, r);
    CHECK(call_sleeps(&timer) && call_sleeps(&ring), "they do not wait");
    shows("s, 1 case\n  receive from timer %p, made at %s:%d\n", (void *)weir_timer_waitable(t),
          __FILE__, line);
    shows("\n  pop from ring %p\n", (void *)r);
    CHECK_IS(weir_timer_reset(t, 1), 1);
    CHECK_IS(weir_mpmc_close(r), 0);
    CHECK_IS(call_end(&timer), 0);
    CHECK_IS(call_end(&ring), WEIR_ECLOSED);
    CHECK_IS(weir_timer_free(t), 0);
    CHECK_IS(weir_mpmc_free(r), 0);
}

/* More cases than are shown, with names and places that do not fit: cut off, and the rest is there. */
static int64_t select_many(void *arg) {
    weir_chan **c = arg;
    struct weir_case cases[40];
    uint64_t v;
    for (size_t i = 0; i < 40; i++)
        cases[i] = (struct weir_case){ weir_chan_waitable(c[i > 0]), &v, WEIR_RECV, 0, 0 };
    return weir_select(cases, 40, WEIR_FOREVER, NULL, 0);
}

static void dump_long(void) {
    static char name[300], file[5000];
    int line;
    weir_chan *c[2];
    struct call call;
    memset(name, 'n', sizeof name - 1);
    memset(file, 'f', sizeof file - 1);
    c[0] = open_kind(WEIR_CHAN_STRICT, 1, "short", &line);
    c[1] = open_kind(WEIR_CHAN_STRICT, 1, name, &line);
    call_start(&call, select_many, c);
    CHECK(call_sleeps(&call), "it does not wait");
    shows("  receive from strict channel \"%.60s\" %p", name, (void *)weir_chan_waitable(c[1]));
    shows("\n  and 24 more\n1 thread waits\n");
    weir_made_at_(weir_chan_waitable(c[1]), file, 1); /* nobody else reads it now */
    shows("\n1 thread waits\n");
    send_ids(c[0], 1, 1);
    CHECK_IS(call_end(&call), 0);
    for (int i = 0; i < 2; i++) CHECK_IS(weir_chan_unref(c[i]), 0);
}

/* ---- while threads come and go ---------------------------------------------------------------------------- */

#define MEMBERS 8

struct crowd {
    weir_chan *c[2];
    size_t n;
    weir_au32 left;
};

/* Waits in every way, for objects that are gone afterwards. */
static void wait_somehow(struct crowd *w, size_t k) {
    weir_time d = weir_after((int64_t)rng_below(100000));
    weir_timer *t = NULL;
    weir_ctx *ctx = NULL;
    uint64_t v;
    CHECK_IS(weir_timer_new(&t, k % 3 ? d : WEIR_FOREVER), 0);
    CHECK_IS(weir_ctx_new(&ctx, NULL, d), 0);
    struct weir_case cases[] = { WEIR_CASE_RECV(w->c[0], &v), WEIR_CASE_SEND(w->c[1], &v),
                                 WEIR_CASE_TIMER(t, NULL) };
    int64_t rc;
    v = k;
    if (k % 2)
        rc = weir_chan_recv_wait(w->c[k / 2 % 2], &v, d, k % 4 == 1 ? ctx : NULL);
    else
        rc = weir_select(cases, 3, WEIR_FOREVER, ctx, k % 8 ? 0 : WEIR_SELECT_READY);
    CHECK(rc >= 0 || rc == WEIR_ETIMEDOUT || rc == WEIR_EAGAIN, "%lld", (long long)rc);
    weir_ctx_unref(ctx);
    CHECK_IS(weir_timer_free(t), 0);
}

static int64_t short_life(void *arg) {
    wait_somehow(arg, 1);
    return 0;
}

static void crowd_member(void *arg, size_t i) {
    struct crowd *w = arg;
    if (i == MEMBERS) {
        while (weir_load_relaxed(&w->left) > 0 && checks_hold()) free(dump());
        return;
    }
    for (size_t k = 0; k < w->n && checks_hold(); k++) {
        if (k % 16 == 15) { /* threads end, and their records go to others */
            struct call call;
            call_start(&call, short_life, w);
            (void)call_end(&call);
        }
        wait_somehow(w, k + i);
    }
    (void)weir_fetch_sub_relaxed(&w->left, 1);
}

static void dump_crowd(void) {
    int line;
    for (int delays = 0; delays < 2; delays++) {
        struct crowd w = { .n = times(400) };
        w.c[0] = open_kind(WEIR_CHAN_MPMC, 1, "a", &line);
        w.c[1] = open_kind(WEIR_CHAN_STRICT, 1, "b", &line);
        weir_store_relaxed(&w.left, MEMBERS);
        points_delay(delays);
        team_run(MEMBERS + 1, crowd_member, &w);
        points_delay(false);
        for (int i = 0; i < 2; i++) CHECK_IS(weir_chan_unref(w.c[i]), 0);
    }
}

/* ---- leaks ------------------------------------------------------------------------------------------------ */

/* What it returned; its lines, the caller frees them. */
static int leaks(char **lines) {
    int out[2] = { -1, -1 }, saved = dup(STDERR_FILENO), n = -1;
    *lines = calloc(1, 4096);
    if (saved < 0 || pipe(out) != 0) {
        CHECK(false, "no pipe");
        return n;
    }
    (void)fflush(stderr);
    CHECK(dup2(out[1], STDERR_FILENO) >= 0, "dup2");
    n = weir_leak_check();
    (void)fflush(stderr);
    CHECK(dup2(saved, STDERR_FILENO) >= 0, "dup2");
    (void)close(saved);
    (void)close(out[1]);
    CHECK(!n || read(out[0], *lines, 4095) > 0, "nothing written"); /* whole: it fits into a pipe */
    (void)close(out[0]);
    return n;
}

static void leaks_are(int n, const char *line) {
    char *lines;
    CHECK_IS(leaks(&lines), n);
    CHECK(n ? strstr(lines, line) != NULL : *lines == 0, "\"%s\" is not in:\n%s", line, lines);
    free(lines);
}

static void leak_waiter(void) {
    struct peer p, q;
    weir_chan *c = chan_open(2);
    leaks_are(0, "");
    peer_waits(&p, c, false, 0);
    leaks_are(1, "weir: leak: thread ");
    peer_waits(&q, c, false, 0);
    leaks_are(2, "\nweir: leak: thread ");
    send_ids(c, 1, 2);
    CHECK_IS(peer_end(&p), 0);
    CHECK_IS(peer_end(&q), 0);
    leaks_are(0, "");
    chan_end(c);
}

struct held {
    weir_au32 inside, go;
};

static void hold_on(void *arg) {
    struct held *h = arg;
    weir_store_relaxed(&h->inside, 1);
    while (!weir_load_relaxed(&h->go)) sleep_ms(1);
    weir_store_relaxed(&h->inside, 2);
}

/* The threads behind callbacks: while one is set, while one runs, and not for the moment that they linger. */
static void leak_service(void) {
    struct held h = { 0 };
    weir_timer *t = NULL;
    CHECK_IS(weir_timer_new_func(&t, WEIR_FOREVER, hold_on, &h), 0);
    leaks_are(1, "weir: leak: a thread of weir waits to call 1 callbacks\n");
    CHECK_IS(weir_timer_reset(t, 1), 1 - 1);
    while (weir_load_relaxed(&h.inside) != 1) sleep_ms(1);
    char *lines;
    int n = leaks(&lines);
    CHECK(n >= 1 && strstr(lines, "weir: leak: a thread of weir runs a callback\n"), "%d: %s", n,
          lines);
    free(lines);
    CHECK_IS(weir_timer_free(t), 0);
    leaks_are(1, "weir: leak: a thread of weir runs a callback\n");
    weir_store_relaxed(&h.go, 1);
    for (n = 1; n && checks_hold(); free(lines)) n = leaks(&lines);
    CHECK_IS(weir_load_relaxed(&h.inside), 2);
}

static void leak_descriptor(void) {
    int ends[2];
    weir_fd *f = NULL;
    if (!CHECK(pipe(ends) == 0, "no pipe")) return;
    CHECK_IS(weir_fd_new(&f, ends[0]), 0);
    leaks_are(1, "weir: leak: a thread of weir waits for 1 file descriptors\n");
    CHECK_IS(weir_fd_free(f), 0);
    leaks_are(0, "");
    for (int i = 0; i < 2; i++) (void)close(ends[i]);
}

static const struct test tests[] = {
    { "dump: nobody waits", dump_nothing },
    { "dump: a receive and a send, of each kind", dump_plain },
    { "dump: a select over three, with deadline and context", dump_select },
    { "dump: contexts, timers and tickers, and where they were made", dump_made },
    { "dump: a timer alone, and a ring", dump_others },
    { "dump: more than fits is cut off", dump_long },
    { "dump: while 8 threads come and go", dump_crowd },
    { "leak check: threads that wait", leak_waiter },
    { "leak check: threads behind callbacks", leak_service },
    { "leak check: the thread behind file descriptors", leak_descriptor },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "waiters", tests, sizeof tests / sizeof *tests);
}
