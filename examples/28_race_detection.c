/* SPDX-License-Identifier: MIT */
/* 28 - race detection: a program of a user, with a race. A message is handed over through a channel, and its sender
 * goes on writing to it. -DREPAIRED: it has done so before. weir's operations are the compiler's own, so that
 * ThreadSanitizer knows what they order and what they do not; weir has to be built with it too.
 *
 *   cmake --preset tsan && cmake --build --preset tsan --target weir
 *   clang-19 -fsanitize=thread -g -Iinclude 28_race_detection.c build/tsan/libweir.a -lurcu-memb */
#include <stdio.h>
#include <stdlib.h>
#include <weir/weir.h>

#define MESSAGES 100

struct message {
    int id, sent;
};

static weir_chan *box;

static void must(int rc) {
    if (rc >= 0) return;
    (void)fprintf(stderr, "%s\n", weir_strerror(rc));
    exit(1);
}

static void produce(void *arg) {
    (void)arg;
    for (int i = 1; i <= MESSAGES; i++) {
        struct message *m = calloc(1, sizeof *m);
        if (!m) exit(1);
        m->id = i;
#ifdef REPAIRED
        m->sent = 1;
        must(weir_chan_send(box, &m));
#else
        must(weir_chan_send(box, &m));
        m->sent = 1; /* the race: the message is the receiver's already */
#endif
    }
    must(weir_chan_close(box));
}

int main(void) {
    struct weir_chan_opts o = WEIR_CHAN_OPTS(4, sizeof(struct message *));
    struct message *all[MESSAGES], *m;
    weir_wg producer = WEIR_WG_INIT;
    int n = 0, ids = 0, sent = 0;
    must(weir_chan_new(&box, &o));
    must(weir_wg_go(&producer, produce, NULL));
    while (weir_chan_recv(box, &m) == 0) {
        m->sent++;
        ids += m->id;
        all[n++] = m;
    }
    must(weir_wg_wait(&producer));
    for (int i = 0; i < n; i++) {
        sent += all[i]->sent;
        free(all[i]);
    }
    printf("%d messages, sum of ids %d\n", n, ids);
    if (sent != 2 * n) printf("%d of %d marks are lost\n", 2 * n - sent, 2 * n);
    return weir_chan_unref(box);
}
