/* SPDX-License-Identifier: MIT */
/* 16 - graceful shutdown on signals: SIGINT and SIGTERM cancel a context; 5 workers, each with a ticker, see its end
 * and clean up; the shutdown waits for them, for a limited time, and says whether it was clean. (A second Ctrl-C meanwhile ends the program at once.)
 *
 *   16_signals [ms that the shutdown waits] [stubborn: one worker does not look at the context] */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <weir/weir.h>

#define WORKERS 5
#define PERIOD 20000000

struct worker {
    int id;
    weir_ctx *ctx; /* a reference of its own, since main may give it up; NULL: it never ends */
};

static weir_wg workers = WEIR_WG_INIT;

static void must(int rc) {
    if (rc >= 0) return;
    (void)fprintf(stderr, "%s\n", weir_strerror(rc));
    exit(1);
}

static void work(void *arg) {
    struct worker *w = arg;
    weir_ticker *t;
    int ticks = 0;
    must(weir_ticker_new(&t, PERIOD));
    while (weir_ticker_wait(t, WEIR_FOREVER, w->ctx) == 0) ticks++;
    must(weir_ticker_free(t));
    weir_ctx_unref(w->ctx);
    printf("worker %d: %d ticks, cleaned up\n", w->id, ticks);
}

int main(int argc, char **argv) {
    static struct worker w[WORKERS]; /* stays when main gives one up */
    const int signals[] = { SIGINT, SIGTERM };
    int64_t limit = (argc > 1 ? atoll(argv[1]) : 5000) * 1000000;
    weir_notify *n;
    weir_ctx *ctx;
    must(weir_ctx_new(&ctx, NULL, WEIR_FOREVER));
    must(weir_notify_new(&n, ctx, signals, 2, 0));
    for (int i = 0; i < WORKERS; i++) {
        w[i] = (struct worker){ i + 1, argc > 2 && i == 0 ? NULL : weir_ctx_ref(ctx) };
        must(weir_wg_go(&workers, work, &w[i]));
    }
    printf("running, until SIGINT or SIGTERM\n");
    (void)fflush(stdout);

    if (weir_select(NULL, 0, WEIR_FOREVER, ctx, 0) != WEIR_ECANCELED) return 1;
    printf("%s\n", weir_signal_name(weir_cause_signal(weir_ctx_cause(ctx))));
    int rc = weir_wg_wait_until(&workers, weir_after(limit));
    if (rc == 0)
        printf("shutdown: clean\n");
    else
        printf("shutdown: timed out, %d of %d workers still run\n", weir_wg_count(&workers),
               WORKERS);
    weir_notify_free(n);
    weir_ctx_unref(ctx);
    return rc == 0 ? 0 : 3;
}
