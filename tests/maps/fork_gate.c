/* SPDX-License-Identifier: MIT */
/* tests/maps/fork_gate.c - who waits for whom while a fork is prepared beside maps: RCU10. Nobody forks here. */
#include <string.h>

#include <weir/ctx.h>
#include <weir/map_str.h>
#include <weir/shardmap_u64.h>

#include "../rcu/rcu.h"
#include "../support/points.h"

#define PATIENCE 10000 /* ms, for what takes a few at most */

struct maps {
    weir_map *words;
    weir_shardmap *lines, *plain; /* plain: one mutex */
};

static void maps_open(struct maps *w) {
    struct weir_map_opts o = WEIR_MAP_OPTS(uint64_t, uint64_t);
    CHECK_IS(weir_map_new(&w->words, &o), 0);
    o.shards = 2;
    CHECK_IS(weir_shardmap_new(&w->lines, &o), 0);
    o.shards = 0;
    o.sync = WEIR_MAP_MUTEX;
    CHECK_IS(weir_shardmap_new(&w->plain, &o), 0);
    if (!checks_hold()) test_hangs("no maps");
    CHECK_IS(weir_shardmap_put_u64(w->plain, 1, 1), 0);
}
static void maps_close(struct maps *w) {
    CHECK_IS(weir_map_free(w->words), 0);
    CHECK_IS(weir_shardmap_free(w->lines), 0);
    CHECK_IS(weir_shardmap_free(w->plain), 0);
}

/* Says that it is here, and goes on when it is told to. */
static void until_told(weir_au32 *here, weir_au32 *go) {
    weir_store_release(here, 1, 0);
    while (!weir_load_acquire(go, 0)) sleep_ms(1);
}

/* A thread that prepares, and goes on when it is told to. */
struct forker {
    weir_au32 prepared, go;
    struct call call;
};
static int64_t prepares(void *arg) {
    struct forker *f = arg;
    int rc = weir_rcu_fork_prepare();
    until_told(&f->prepared, &f->go);
    return rc < 0 ? rc : weir_rcu_fork_parent();
}
static void forker_start(struct forker *f) {
    memset(f, 0, sizeof *f);
    points_count("fork.counts"); /* a section that begins before that is not counted */
    call_start(&f->call, prepares, f);
    for (int ms = 0; points_passed() == 0 && ms < PATIENCE; ms++) sleep_ms(1);
    points_count(NULL);
    CHECK(call_sleeps(&f->call), "it does not wait");
    CHECK_IS(weir_load_acquire(&f->prepared, 0), 0);
}
static void forker_prepared(struct forker *f) {
    CHECK(comes_to(&f->prepared, 1, PATIENCE), "it is not prepared");
}
static void forker_end(struct forker *f) {
    weir_store_release(&f->go, 1, 0);
    CHECK_IS(call_end(&f->call), 0);
}

/* A thread that is known to weir, and puts when it is told to. */
struct writer {
    struct maps *w;
    struct stop *stop; /* NULL: it goes through */
    bool guarded;
    weir_au32 here, go;
    struct call call;
};
static int64_t put_nine(void *arg) {
    struct writer *p = arg;
    uint64_t v;
    (void)weir_map_get_u64(p->w->words, 9, &v);
    until_told(&p->here, &p->go);
    if (p->stop) stop_me(p->stop);
    weir_guard g = { 0 };
    if (p->guarded) g = weir_rcu_enter();
    int rc = weir_shardmap_put_u64(p->w->lines, 9, 9);
    return p->guarded && weir_rcu_exit(g) < 0 ? WEIR_EINVAL : rc;
}
static void writer_start(struct writer *p) {
    call_start(&p->call, put_nine, p);
    CHECK(comes_to(&p->here, 1, PATIENCE), "it does not begin");
}
static void writer_puts(struct writer *p) { weir_store_release(&p->go, 1, 0); }

/* A thread in a function of update, of lines: there until it is told to go on. */
struct inside {
    struct maps *w;
    weir_au32 here, go;
    struct call call;
};
static int stay(uint64_t *val, bool there, void *arg) {
    struct inside *in = arg;
    until_told(&in->here, &in->go);
    CHECK_IS(weir_map_put_u64(in->w->words, 5, 5), 0);
    *val = there ? *val + 1 : 1;
    return WEIR_UPDATE_STORE;
}
static int64_t updates(void *arg) {
    struct inside *in = arg;
    return weir_shardmap_update_u64(in->w->lines, 4, stay, in);
}

/* ---- waiting, and not waiting ----------------------------------------------------------------------------------------- */

/* A guard that prepare waits for: all writes go on, until it has them all. */
static void prepare_drains(void) {
    struct maps w;
    struct forker f;
    struct stop stop;
    uint64_t v;
    maps_open(&w);
    struct writer inner = { .w = &w, .stop = &stop, .guarded = true }, outer = { .w = &w },
                  late = { .w = &w, .guarded = true };
    stop_init(&stop, "map.locked");
    writer_start(&inner);
    writer_start(&outer);
    writer_start(&late);
    weir_guard g = weir_rcu_enter();
    forker_start(&f);
    CHECK_IS(weir_shardmap_put_u64(w.lines, 1, 1), 0);
    CHECK_IS(weir_map_put_u64_wait(w.words, 1, 1, weir_after(1), NULL), 0);
    writer_puts(&inner);
    CHECK(stop_wait(&stop), "a write in a guard does not go on");
    CHECK_IS(weir_rcu_exit(g), 0);
    CHECK(call_sleeps(&f.call), "it does not wait for the one that was let in");
    CHECK_IS(weir_load_acquire(&f.prepared, 0), 0);
    stop_release(&stop); /* a thread that ends waits for parent: no join yet */
    forker_prepared(&f);
    writer_puts(&outer);
    CHECK(call_sleeps(&outer.call), "a write between prepare and parent");
    CHECK_IS(weir_map_get_u64(w.words, 1, &v), 0); /* reads go on */
    writer_puts(&late);
    CHECK(call_sleeps(&late.call), "a write between prepare and parent");
    forker_end(&f);
    CHECK_IS(call_end(&inner.call), 0);
    CHECK_IS(call_end(&outer.call), 0);
    CHECK_IS(call_end(&late.call), 0);
    CHECK_IS(weir_shardmap_get_u64(w.lines, 9, &v), 0);
    stop_fini(&stop);
    maps_close(&w);
}

/* A writer stands in its lock. */
static void prepare_gives_up(void) {
    struct maps w;
    struct stop stop;
    maps_open(&w);
    struct writer p = { .w = &w, .stop = &stop };
    stop_init(&stop, "map.locked");
    writer_start(&p);
    writer_puts(&p);
    CHECK(stop_wait(&stop), "it does not stop");
    for (int i = 0; i < 3; i++) {
        CHECK_IS(weir_rcu_fork_prepare_wait(WEIR_NOW, NULL), WEIR_EAGAIN);
        CHECK_IS(weir_rcu_fork_prepare_wait(weir_after(10 * MS), NULL), WEIR_ETIMEDOUT);
        for (uint64_t k = 100; k < 108; k++) CHECK_IS(weir_map_put_u64(w.words, k, k), 0);
    }
    stop_release(&stop);
    CHECK_IS(call_end(&p.call), 0);
    CHECK_IS(weir_rcu_fork_prepare(), 0);
    CHECK_IS(weir_rcu_fork_parent(), 0);
    CHECK_IS(weir_shardmap_put_u64(w.lines, 9, 10), 0);
    stop_fini(&stop);
    maps_close(&w);
}

/* ---- nobody waits for ever -------------------------------------------------------------------------------------------- */

/* In the mutex of a plain map: until it is told to go on, and then it puts into another map. */
struct user {
    struct maps *w;
    weir_au32 here, go, put;
    struct call call;
};
static int put_elsewhere(uint64_t *val, bool there, void *arg) {
    struct user *u = arg;
    (void)there;
    until_told(&u->here, &u->go);
    CHECK_IS(weir_map_put_u64(u->w->words, 7, 7), 0);
    weir_store_release(&u->put, 1, 0);
    *val = 2;
    return WEIR_UPDATE_STORE;
}
static int64_t updates_plain(void *arg) {
    struct user *u = arg;
    return weir_shardmap_update_u64(u->w->plain, 1, put_elsewhere, u);
}
static int64_t reads_plain(void *arg) {
    struct maps *w = arg;
    uint64_t v;
    weir_guard g = weir_rcu_enter();
    int rc = weir_shardmap_get_u64(w->plain, 1, &v);
    return weir_rcu_exit(g) < 0 ? WEIR_EINVAL : rc;
}

/* R, in a guard, waits for U's mutex; U puts while prepare waits for R's guard. */
static void reader_waits_for_writer(void) {
    struct maps w;
    struct forker f;
    struct call r;
    maps_open(&w);
    struct user u = { .w = &w };
    call_start(&u.call, updates_plain, &u);
    CHECK(comes_to(&u.here, 1, PATIENCE), "its function is not called");
    call_start(&r, reads_plain, &w);
    CHECK(call_sleeps(&r), "it reads beside the mutex");
    forker_start(&f);
    weir_store_release(&u.go, 1, 0);
    CHECK(comes_to(&u.put, 1, PATIENCE), "the writer waits for the fork that waits for it");
    forker_prepared(&f);
    forker_end(&f);
    CHECK_IS(call_end(&u.call), 0);
    CHECK_IS(call_end(&r), 0);
    maps_close(&w);
}

/* A lock of the program's. */
struct holder {
    struct maps *w;
    pthread_mutex_t lock;
    weir_au32 here, go, put, inside;
    struct call call, section;
};
static int64_t puts_with_lock(void *arg) {
    struct holder *h = arg;
    (void)pthread_mutex_lock(&h->lock);
    until_told(&h->here, &h->go);
    int rc = weir_map_put_u64(h->w->words, 7, 7);
    weir_store_release(&h->put, 1, 0);
    (void)pthread_mutex_unlock(&h->lock);
    return rc;
}
static int want_lock(uint64_t *val, bool there, void *arg) {
    struct holder *h = arg;
    (void)there;
    weir_store_release(&h->inside, 1, 0);
    (void)pthread_mutex_lock(&h->lock);
    (void)pthread_mutex_unlock(&h->lock);
    *val = 2;
    return WEIR_UPDATE_STORE;
}
static int64_t updates_wanting(void *arg) {
    struct holder *h = arg;
    return weir_shardmap_update_u64(h->w->lines, 1, want_lock, h);
}

/* S, in a section that is counted, waits for W's lock; W puts while the gate is shut. */
static void section_waits_for_writer(void) {
    struct maps w;
    struct forker f;
    maps_open(&w);
    struct holder h = { .w = &w, .lock = PTHREAD_MUTEX_INITIALIZER };
    call_start(&h.call, puts_with_lock, &h);
    CHECK(comes_to(&h.here, 1, PATIENCE), "it does not begin");
    weir_guard g = weir_rcu_enter();
    forker_start(&f); /* it waits for the guard; so the next section is counted */
    call_start(&h.section, updates_wanting, &h);
    CHECK(comes_to(&h.inside, 1, PATIENCE),
          "a section does not begin beside a fork that waits for a guard");
    points_count("fork.shut");
    CHECK_IS(weir_rcu_exit(g), 0);
    weir_time until = weir_after(PATIENCE * MS);
    while (points_passed() < 4 && weir_now() < until) sleep_ms(1);
    CHECK(points_passed() >= 4, "the gate is not opened again");
    points_count(NULL);
    weir_store_release(&h.go, 1, 0);
    CHECK(comes_to(&h.put, 1, PATIENCE), "the writer waits for the fork that waits for it");
    forker_prepared(&f);
    forker_end(&f);
    CHECK_IS(call_end(&h.call), 0);
    CHECK_IS(call_end(&h.section), 0);
    maps_close(&w);
}

/* Who is in a section goes on, in others that it begins there, while the gate is shut. */
static void sections_in_sections(void) {
    struct maps w;
    struct forker f;
    struct inside in = { .w = &w };
    uint64_t v;
    maps_open(&w);
    weir_guard g = weir_rcu_enter();
    forker_start(&f);
    call_start(&in.call, updates, &in);
    CHECK(comes_to(&in.here, 1, PATIENCE), "its function is not called");
    CHECK_IS(weir_rcu_exit(g), 0);
    CHECK(call_sleeps(&f.call), "it does not wait for the function");
    CHECK_IS(weir_load_acquire(&f.prepared, 0), 0);
    weir_store_release(&in.go, 1, 0);
    forker_prepared(&f);
    CHECK_IS(weir_map_get_u64(w.words, 5, &v), 0);
    forker_end(&f);
    CHECK_IS(call_end(&in.call), 0);
    maps_close(&w);
}

/* ---- deadlines -------------------------------------------------------------------------------------------------------- */

/* All calls on words that have a deadline and may have to write. */
static void words_give_up(weir_map *m, weir_time (*when)(void), weir_ctx *ctx, int want) {
    uint64_t k = 1, v = 1;
    CHECK_IS(weir_map_put_u64_wait(m, k, 2, when(), ctx), want);
    CHECK_IS(weir_map_get_or_put_u64_wait(m, k, &v, when(), ctx), want);
    CHECK_IS(weir_map_swap_u64_wait(m, k, &v, when(), ctx), want);
    CHECK_IS(weir_map_put_wait(m, &k, &v, when(), ctx), want);
    CHECK_IS(weir_map_take_wait(m, &k, &v, when(), ctx), want);
    CHECK_IS(weir_map_delete_wait(m, &k, when(), ctx), want);
    CHECK_IS(weir_map_cas_wait(m, &k, &v, &v, when(), ctx), want);
    CHECK_IS(weir_map_cad_wait(m, &k, &v, when(), ctx), want);
    CHECK_IS(weir_map_clear_wait(m, when(), ctx), want);
}
/* Of strings: each put has made a node for nothing. */
static void strings_give_up(weir_map *m, weir_time (*when)(void), weir_ctx *ctx, int want) {
    void *v = &want;
    CHECK_IS(weir_map_put_str_wait(m, "a", 1, v, when(), ctx), want);
    CHECK_IS(weir_map_get_or_put_str_wait(m, "b", 1, &v, when(), ctx), want);
    CHECK_IS(weir_map_swap_str_wait(m, "a", 1, &v, when(), ctx), want);
    CHECK_IS(weir_map_take_str_wait(m, "a", 1, &v, when(), ctx), want);
    CHECK_IS(weir_map_delete_str_wait(m, "a", 1, when(), ctx), want);
    CHECK_IS(weir_map_clear_wait(m, when(), ctx), want);
}

static weir_time now(void) { return WEIR_NOW; }
static weir_time soon(void) { return weir_after(2 * MS); }
static weir_time never(void) { return WEIR_FOREVER; }

struct late {
    struct maps w;
    weir_au32 here, go;
    weir_map *strings;
    weir_ctx *ctx;
};
static int64_t gives_up(void *arg) {
    struct late *l = arg;
    uint64_t v = 0;
    CHECK_IS(weir_map_get_u64(l->w.words, 1, &v), 0); /* known to weir before the fork */
    until_told(&l->here, &l->go);
    words_give_up(l->w.words, now, NULL, WEIR_EAGAIN);
    words_give_up(l->w.words, soon, NULL, WEIR_ETIMEDOUT);
    strings_give_up(l->strings, now, NULL, WEIR_EAGAIN);
    strings_give_up(l->strings, soon, NULL, WEIR_ETIMEDOUT);
    weir_guard g = weir_rcu_enter(); /* in one it waits all the same, and keeps it */
    words_give_up(l->w.words, soon, NULL, WEIR_ETIMEDOUT);
    CHECK_IS(weir_map_get_u64(l->w.words, 1, &v), 0);
    CHECK_IS(weir_rcu_exit(g), 0);
    CHECK_IS(v, 1);
    return weir_map_put_u64_wait(l->w.words, 1, 3, never(), l->ctx);
}

/* Calls between prepare and parent that do not wait for parent. */
static void deadlines_hold(void) {
    struct late l;
    struct call c;
    struct weir_map_opts o = WEIR_MAP_OPTS_STR;
    uint64_t v = 0;
    memset(&l, 0, sizeof l);
    maps_open(&l.w);
    CHECK_IS(weir_map_new(&l.strings, &o), 0);
    CHECK_IS(weir_map_put_u64(l.w.words, 1, 1), 0);
    CHECK_IS(weir_map_put_str(l.strings, "a", 1, &l), 0);
    CHECK_IS(weir_ctx_new(&l.ctx, NULL, WEIR_FOREVER), 0);
    call_start(&c, gives_up, &l);
    CHECK(comes_to(&l.here, 1, PATIENCE), "it does not begin");
    CHECK_IS(weir_rcu_fork_prepare(), 0);
    weir_store_release(&l.go, 1, 0);
    CHECK(!call_returns(&c, 300), "it does not wait at the gate"); /* in its last call */
    (void)weir_ctx_cancel(l.ctx, 0);
    CHECK(call_returns(&c, PATIENCE), "a context that ends does not end the wait at the gate");
    CHECK_IS(weir_rcu_fork_parent(), 0);
    CHECK_IS(call_end(&c), WEIR_ECANCELED);
    CHECK_IS(weir_map_get_u64(l.w.words, 1, &v), 0);
    CHECK_IS(v, 1);
    CHECK_IS(weir_map_len(l.strings), 1);
    weir_ctx_unref(l.ctx);
    CHECK_IS(weir_map_free(l.strings), 0);
    maps_close(&l.w);
}

int main(int argc, char **argv) {
    static const struct test tests[] = {
        { "RCU10 maps: a fork waits for writes, and they for it", prepare_drains },
        { "RCU10 maps: a fork that gives up lets writes go on", prepare_gives_up },
        { "RCU10 maps: a writer that holds what a guarded reader waits for goes on",
          reader_waits_for_writer },
        { "RCU10 maps: a writer that holds what a section waits for goes on",
          section_waits_for_writer },
        { "RCU10 maps: a section within a section goes on while the gate is shut",
          sections_in_sections },
        { "RCU10 maps: calls with a deadline keep it beside a fork", deadlines_hold },
    };
    return tests_main(argc, argv, "maps and forks that wait", tests, sizeof tests / sizeof *tests);
}
