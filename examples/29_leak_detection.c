/* SPDX-License-Identifier: MIT */
/* 29 - leak detection: who asked gives up, and the sender of the answer waits for ever. weir's list of those who wait
 * says on which channel, made in which line, and which thread. Its repaired twin has room for an answer that nobody
 * wants.
 *
 *   29_leak_detection [repaired] */
#define _GNU_SOURCE /* gettid */
#define WEIR_DEBUG  /* so that objects know where they were made */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <weir/weir.h>

static void must(int rc) {
    if (rc >= 0) return;
    (void)fprintf(stderr, "%s\n", weir_strerror(rc));
    exit(1);
}

static weir_chan *answers;
static weir_au32 sender; /* its thread */

static void answer(void *arg) {
    int x = 42;
    (void)arg;
    weir_store_release(&sender, (uint32_t)gettid(), 0);
    must(weir_chan_send(answers, &x));
}

/* Gives up at once. */
static void ask(size_t room) {
    struct weir_chan_opts o = WEIR_CHAN_OPTS(room, sizeof(int));
    o.name = "answers";
    must(weir_chan_new(&answers, &o));
}

/* The list, as text, once it has a thread or `wg` is at its end. */
static char *waiters(weir_wg *wg) {
    for (;;) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);
        if (!f) must(WEIR_ENOMEM);
        bool over = weir_wg_count(wg) == 0;
        must(weir_waiters_dump(f));
        (void)fclose(f);
        if (over || strstr(text, "send to")) return text;
        free(text);
        (void)usleep(1000);
    }
}

int main(int argc, char **argv) {
    bool repaired = argc > 1 && strcmp(argv[1], "repaired") == 0;
    weir_wg wg = WEIR_WG_INIT;
    ask(repaired ? 1 : 0);
    must(weir_wg_go(&wg, answer, NULL));
    char *text = waiters(&wg);
    printf("sender: thread %u\n%s", weir_load_acquire(&sender, 0), text);
    free(text);
    printf("left behind: %d\n", weir_leak_check());
    if (!repaired) return 0; /* the sender still waits, and ends with the process */
    must(weir_wg_wait(&wg));
    return weir_chan_unref(answers);
}
