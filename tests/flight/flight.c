/* SPDX-License-Identifier: MIT */
/* tests/flight/flight.c - single flight: one function for each key, its result for all (F01 to F07), bad input. */
#include "flight.h"

#include <pthread.h>
#include <string.h>

#include "../support/failing_alloc.h"

/* ---- shared ----------------------------------------------------------------------------------------------------- */

void work_init(struct work *w, uint64_t give) {
    *w = (struct work){ .give = give };
    (void)weir_sem_init(&w->begun, 1000);
    (void)weir_sem_init(&w->gate, 1000);
    CHECK_IS(weir_sem_try_acquire(&w->begun, 1000), 0);
    CHECK_IS(weir_sem_try_acquire(&w->gate, 1000), 0);
}

int work_fn(weir_ctx *ctx, const void *key, void *val, void *arg) {
    struct work *w = arg;
    CHECK(((uintptr_t)val & 7) == 0 && *(uint64_t *)val == 0, "where the value goes");
    (void)key;
    (void)weir_fetch_add_relaxed(&w->runs, 1);
    CHECK_IS(weir_sem_release(&w->begun, 1), 0);
    int rc = weir_sem_acquire_wait(&w->gate, 1, WEIR_FOREVER, w->obeys ? ctx : NULL);
    CHECK(rc == 0 || w->obeys, "the gate: %d", rc);
    weir_store_relaxed(&w->ctx_err, (uint32_t)-weir_ctx_err(ctx));
    if (w->exits) pthread_exit(NULL);
    *(uint64_t *)val = w->give;
    return w->text ? weir_fail(w->rc, "%s", w->text) : w->rc;
}

void work_begun(struct work *w) {
    CHECK_IS(weir_sem_acquire_wait(&w->begun, 1, weir_after(20000 * MS), NULL), 0);
}
void work_let_go(struct work *w) { CHECK_IS(weir_sem_release(&w->gate, 1), 0); }
uint32_t work_runs(struct work *w) { return weir_load_relaxed(&w->runs); }

weir_flight *flight_open(void) {
    struct weir_flight_opts o = WEIR_FLIGHT_OPTS(uint64_t, uint64_t);
    weir_flight *f = NULL;
    CHECK_IS(weir_flight_new(&f, &o), 0);
    return f;
}
void flight_close(weir_flight *f) { CHECK_IS(weir_flight_free(f), 0); }

static int64_t doing_call(void *arg) {
    struct doing *d = arg;
    int rc =
        weir_flight_do_wait(d->f, &d->key, work_fn, d->w, &d->val, &d->shared, d->deadline, d->ctx);
    struct weir_error err;
    weir_error_take(rc, &err);
    if (rc < 0 && d->w->text && rc == d->w->rc)
        CHECK(strcmp(err.text, d->w->text) == 0, "the text is '%s'", err.text);
    return rc;
}
void doing_start(struct doing *d, weir_flight *f, uint64_t key, struct work *w, weir_time deadline,
                 weir_ctx *ctx) {
    *d = (struct doing){ .f = f, .key = key, .val = 77, .w = w, .deadline = deadline, .ctx = ctx };
    call_start(&d->call, doing_call, d);
}
void doing_waits(struct doing *d, weir_flight *f, uint64_t key, struct work *w, weir_time deadline,
                 weir_ctx *ctx) {
    doing_start(d, f, key, w, deadline, ctx);
    CHECK(call_sleeps(&d->call), "it does not wait");
}
void doing_ends(struct doing *d, int rc, uint64_t val, bool shared) {
    CHECK_IS(call_end(&d->call), rc);
    CHECK_IS(d->val, rc == 0 ? val : 77);
    if (rc == 0) CHECK_IS(d->shared, shared);
}

/* ---- F01 to F03, F07 --------------------------------------------------------------------------------------------- */

#define MANY 8

/* F01, F02. */
static void one_for_all(void) {
    weir_flight *f = flight_open();
    struct doing d[MANY];
    struct work w;
    work_init(&w, 5);
    doing_start(&d[0], f, 1, &w, WEIR_FOREVER, NULL);
    work_begun(&w);
    for (size_t i = 1; i < MANY; i++) doing_waits(&d[i], f, 1, &w, WEIR_FOREVER, NULL);
    work_let_go(&w);
    for (size_t i = 0; i < MANY; i++) doing_ends(&d[i], 0, 5, true);
    CHECK_IS(work_runs(&w), 1);
    flight_close(f);
}

static void all_get_the_error(void) {
    weir_flight *f = flight_open();
    struct doing d[3];
    struct work w;
    work_init(&w, 5);
    w.rc = -1234;
    w.text = "row 7 is broken";
    doing_start(&d[0], f, 1, &w, WEIR_FOREVER, NULL);
    work_begun(&w);
    for (size_t i = 1; i < 3; i++) doing_waits(&d[i], f, 1, &w, WEIR_FOREVER, NULL);
    work_let_go(&w);
    for (size_t i = 0; i < 3; i++) doing_ends(&d[i], -1234, 0, true);
    CHECK_IS(work_runs(&w), 1);
    flight_close(f);
}

static void alone_is_not_shared(void) {
    weir_flight *f = flight_open();
    uint64_t key = 3, val = 0;
    bool shared = true;
    struct work w;
    work_init(&w, 6);
    work_let_go(&w);
    CHECK_IS(weir_flight_do(f, &key, work_fn, &w, &val, &shared), 0);
    CHECK_IS(val, 6);
    CHECK_IS(shared, false);
    work_let_go(&w);
    CHECK_IS(weir_flight_do(f, &key, work_fn, &w, NULL, NULL), 0);
    CHECK_IS(work_runs(&w), 2); /* F03 */
    flight_close(f);
}

static void keys_are_independent(void) {
    weir_flight *f = flight_open();
    struct doing a, b;
    struct work wa, wb;
    work_init(&wa, 1);
    work_init(&wb, 2);
    doing_start(&a, f, 1, &wa, WEIR_FOREVER, NULL);
    work_begun(&wa);
    doing_start(&b, f, 2, &wb, WEIR_FOREVER, NULL);
    work_begun(&wb);
    work_let_go(&wb);
    doing_ends(&b, 0, 2, false);
    work_let_go(&wa);
    doing_ends(&a, 0, 1, false);
    flight_close(f);
}

static int length(weir_ctx *ctx, const void *key, void *val, void *arg) {
    const struct weir_str *s = key;
    (void)ctx;
    CHECK(memcmp(s->ptr, arg, s->len) == 0, "another key");
    *(uint64_t *)val = s->len;
    return 0;
}

static void strings(void) {
    struct weir_flight_opts o = WEIR_FLIGHT_OPTS(struct weir_str, uint64_t);
    weir_flight *f = NULL;
    uint64_t val;
    char word[] = "abc", none[1];
    o.keys = WEIR_MAP_STRINGS;
    CHECK_IS(weir_flight_new(&f, &o), 0);
    CHECK_IS(weir_flight_do(f, &(struct weir_str){ word, 3 }, length, word, &val, NULL), 0);
    CHECK_IS(val, 3);
    CHECK_IS(weir_flight_do(f, &(struct weir_str){ NULL, 0 }, length, none, &val, NULL), 0);
    CHECK_IS(val, 0);
    count_misuse(true);
    CHECK_IS(weir_flight_do(f, &(struct weir_str){ NULL, 1 }, length, none, &val, NULL),
             WEIR_EINVAL);
    CHECK_IS(weir_flight_do(f, &(struct weir_str){ word, 70000 }, length, none, &val, NULL),
             WEIR_ETOOBIG);
    count_misuse(false);
    flight_close(f);
}

/* ---- F04, F09 ----------------------------------------------------------------------------------------------------- */

static void forget_begins_anew(void) {
    weir_flight *f = flight_open();
    struct doing a, b, c;
    struct work old, new;
    uint64_t key = 1;
    work_init(&old, 1);
    work_init(&new, 2);
    CHECK_IS(weir_flight_forget(f, &key), WEIR_ENOENT);
    doing_start(&a, f, 1, &old, WEIR_FOREVER, NULL);
    work_begun(&old);
    CHECK_IS(weir_flight_forget(f, &key), 0);
    CHECK_IS(weir_flight_forget(f, &key), WEIR_ENOENT);
    doing_start(&b, f, 1, &new, WEIR_FOREVER, NULL);
    work_begun(&new);
    work_let_go(&old);
    doing_ends(&a, 0, 1, false);
    doing_waits(&c, f, 1, &new, WEIR_FOREVER, NULL); /* the old one's end has not removed the new */
    work_let_go(&new);
    doing_ends(&b, 0, 2, true);
    doing_ends(&c, 0, 2, true);
    CHECK_IS(work_runs(&new), 1);
    flight_close(f);
}

static void forget_unshared(void) {
    weir_flight *f = flight_open();
    struct doing a, b;
    struct work w;
    uint64_t key = 1;
    work_init(&w, 1);
    CHECK_IS(weir_flight_forget_unshared(f, &key), 1);
    doing_start(&a, f, 1, &w, WEIR_FOREVER, NULL);
    work_begun(&w);
    doing_waits(&b, f, 1, &w, weir_after(20000 * MS), NULL);
    CHECK_IS(weir_flight_forget_unshared(f, &key), 0); /* shared */
    work_let_go(&w);
    doing_ends(&a, 0, 1, true);
    doing_ends(&b, 0, 1, true);
    doing_start(&a, f, 1, &w, WEIR_FOREVER, NULL);
    work_begun(&w);
    CHECK_IS(weir_flight_forget_unshared(f, &key), 1);
    doing_start(&b, f, 1, &w, WEIR_FOREVER, NULL);
    work_begun(&w); /* a second one: it was forgotten */
    work_let_go(&w);
    work_let_go(&w);
    doing_ends(&a, 0, 1, false);
    doing_ends(&b, 0, 1, false);
    flight_close(f);
}

/* ---- F06 ---------------------------------------------------------------------------------------------------------- */

static void exit_releases_all(void) {
    weir_flight *f = flight_open();
    struct doing d[3];
    struct work w;
    work_init(&w, 5);
    w.exits = true;
    /* Its own thread, then one that was made for it. */
    for (unsigned own = 0; own < 2; own++) {
        weir_time deadline = own ? WEIR_FOREVER : weir_after(20000 * MS);
        doing_start(&d[0], f, 1, &w, deadline, NULL);
        work_begun(&w);
        for (size_t i = 1; i < 3; i++) doing_waits(&d[i], f, 1, &w, WEIR_FOREVER, NULL);
        work_let_go(&w);
        if (own)
            (void)pthread_join(d[0].call.thread, NULL); /* it never returns */
        else
            doing_ends(&d[0], WEIR_ECANCELED, 0, true);
        for (size_t i = 1; i < 3; i++) doing_ends(&d[i], WEIR_ECANCELED, 0, true);
    }
    w.exits = false;
    work_let_go(&w);
    doing_start(&d[0], f, 1, &w, WEIR_FOREVER, NULL);
    doing_ends(&d[0], 0, 5, false);
    flight_close(f);
}

struct again {
    weir_flight *f;
    uint64_t key, other;
};
static int calls_again(weir_ctx *ctx, const void *key, void *val, void *arg) {
    struct again *a = arg;
    struct work w;
    work_init(&w, 9);
    work_let_go(&w);
    (void)ctx;
    CHECK_IS(weir_flight_do(a->f, key, calls_again, a, val, NULL), WEIR_EDEADLK);
    CHECK_IS(weir_flight_start(a->f, key, calls_again, a, NULL, NULL), WEIR_EDEADLK);
    CHECK_IS(weir_flight_free(a->f), WEIR_EDEADLK);
    return weir_flight_do(a->f, &a->other, work_fn, &w, val, NULL);
}
static void itself_is_a_deadlock(void) {
    struct again a = { flight_open(), 1, 2 };
    uint64_t val;
    CHECK_IS(weir_flight_do(a.f, &a.key, calls_again, &a, &val, NULL), 0);
    CHECK_IS(val, 9);
    flight_close(a.f);
}

/* ---- bad input, want of memory ------------------------------------------------------------------------------------- */

static int returns_more(weir_ctx *ctx, const void *key, void *val, void *arg) {
    (void)ctx;
    (void)key;
    (void)val;
    (void)arg;
    return 1;
}

static void bad_input(void) {
    struct weir_flight_opts o = WEIR_FLIGHT_OPTS(uint64_t, uint64_t);
    weir_flight *f = (weir_flight *)&o;
    uint64_t key = 1, val;
    count_misuse(true);
    CHECK_IS(weir_flight_new(NULL, &o), WEIR_EINVAL);
    CHECK_IS(weir_flight_new(&f, NULL), WEIR_EINVAL);
    CHECK(!f, "out was not set");
    o.key_size = 0;
    CHECK_IS(weir_flight_new(&f, &o), WEIR_EINVAL);
    o.key_size = 65536;
    CHECK_IS(weir_flight_new(&f, &o), WEIR_ETOOBIG);
    o.key_size = 8;
    o.val_size = 1025;
    CHECK_IS(weir_flight_new(&f, &o), WEIR_ETOOBIG);
    o.val_size = 8;
    o.exec = &(weir_exec){ NULL, NULL };
    CHECK_IS(weir_flight_new(&f, &o), WEIR_EINVAL);
    o.exec = NULL;
    CHECK_IS(weir_flight_new(&f, &o), 0);
    CHECK_IS(weir_flight_do(NULL, &key, work_fn, NULL, &val, NULL), WEIR_EINVAL);
    CHECK_IS(weir_flight_do(f, NULL, work_fn, NULL, &val, NULL), WEIR_EINVAL);
    CHECK_IS(weir_flight_do(f, &key, NULL, NULL, &val, NULL), WEIR_EINVAL);
    CHECK_IS(weir_flight_do(f, &key, returns_more, NULL, &val, NULL), WEIR_EINVAL);
    CHECK_IS(weir_flight_start(f, &key, NULL, NULL, NULL, NULL), WEIR_EINVAL);
    CHECK_IS(weir_flight_forget(NULL, &key), WEIR_EINVAL);
    CHECK_IS(weir_flight_forget_unshared(f, NULL), WEIR_EINVAL);
    CHECK_IS(weir_flight_call_wait(NULL, &val, NULL, WEIR_NOW, NULL), WEIR_EINVAL);
    CHECK(misuse_counted() > 8, "not reported");
    count_misuse(false);
    weir_flight_call_free(NULL);
    CHECK(!weir_flight_call_waitable(NULL), "a waitable of nothing");
    CHECK_IS(weir_flight_free(NULL), 0);
    flight_close(f);
}

static void no_memory(void) {
    struct failing_alloc a;
    struct weir_flight_opts o = WEIR_FLIGHT_OPTS(uint64_t, uint64_t);
    weir_flight *f = (weir_flight *)&a;
    uint64_t key = 1, val;
    struct work w;
    work_init(&w, 5);
    failing_alloc_init(&a, 1);
    o.alloc = &a.as;
    CHECK_IS(weir_flight_new(&f, &o), WEIR_ENOMEM);
    CHECK(!f, "out was not set");
    CHECK_IS(weir_flight_new(&f, &o), 0);
    a.fail_at = a.requests + 1;
    CHECK_IS(weir_flight_do(f, &key, work_fn, &w, &val, NULL), WEIR_ENOMEM);
    CHECK_IS(work_runs(&w), 0);
    work_let_go(&w);
    CHECK_IS(weir_flight_do(f, &key, work_fn, &w, &val, NULL), 0);
    flight_close(f);
    CHECK_IS(a.refused, 2);
    CHECK_IS(a.out, 0);
}

static const struct test tests[] = {
    { "F01 F02 one runs for all who ask, and all get its value", one_for_all },
    { "F02 F06 a failure goes to all, with its text", all_get_the_error },
    { "F02 F03 a call alone is not shared; the next one runs again", alone_is_not_shared },
    { "F04 forget: the next call begins anew, and the old end does not remove it",
      forget_begins_anew },
    { "F06 a function that ends its thread releases all", exit_releases_all },
    { "F07 keys are independent", keys_are_independent },
    { "F07 keys may be strings", strings },
    { "F09 forget_unshared says the truth", forget_unshared },
    { "a function that asks for its own key gets EDEADLK", itself_is_a_deadlock },
    { "bad input", bad_input },
    { "want of memory", no_memory },
};

int main(int argc, char **argv) {
    struct test all[64];
    size_t n = 0;
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) all[n++] = tests[i];
    for (size_t i = 0; i < n_ctx_tests; i++) all[n++] = ctx_tests[i];
    for (size_t i = 0; i < n_start_tests; i++) all[n++] = start_tests[i];
    for (size_t i = 0; i < n_race_tests; i++) all[n++] = race_tests[i];
    return tests_main(argc, argv, "flight", all, n);
}
