/* SPDX-License-Identifier: MIT */
/* 15 - a channel as a semaphore: it has as many places as tasks may run at once; to acquire is to send, to release
 * is to receive. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <weir/weir.h>

#define TASKS 12
#define AT_ONCE 3

static weir_chan *slots; /* of elements of no bytes: only their number counts */
static weir_au32 inside, peak, done;

static void must(int rc) {
    if (rc >= 0) return;
    (void)fprintf(stderr, "%s\n", weir_strerror(rc));
    exit(1);
}

static void acquire(void) { must(weir_chan_send(slots, "")); }
static void release(void) { must(weir_chan_recv(slots, NULL)); }

static void task_run(void *arg) {
    (void)arg;
    acquire();
    uint32_t now = weir_fetch_add_relaxed(&inside, 1) + 1, most = weir_load_relaxed(&peak);
    while (now > most && !weir_cas_relaxed(&peak, &most, now)) continue;
    (void)nanosleep(&(struct timespec){ 0, 5000000 }, NULL);
    (void)weir_fetch_sub_relaxed(&inside, 1);
    (void)weir_fetch_add_relaxed(&done, 1);
    release();
}

int main(void) {
    struct weir_chan_opts o = WEIR_CHAN_OPTS(AT_ONCE, 0);
    weir_wg tasks = WEIR_WG_INIT;
    must(weir_chan_new(&slots, &o));
    for (int i = 0; i < TASKS; i++) must(weir_wg_go(&tasks, task_run, NULL));
    must(weir_wg_wait(&tasks));
    printf("%u tasks, at most %d at once: %u\n", weir_load_relaxed(&done), AT_ONCE,
           weir_load_relaxed(&peak));

    for (int i = 0; i < AT_ONCE; i++) acquire();
    printf("one more, at once: %s\n", weir_strerror(weir_chan_try_send(slots, "")));
    for (int i = 0; i < AT_ONCE; i++) release();
    return weir_chan_unref(slots);
}
