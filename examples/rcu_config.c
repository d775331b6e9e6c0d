/* SPDX-License-Identifier: MIT */
/* rcu_config.c - settings that many threads read all the time, and one replaces now and then. Readers pay a nanosecond and
 * never wait; an old version is freed when nobody can hold it any more.
 *
 *   cc rcu_config.c $(pkg-config --cflags --libs weir) -pthread */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <weir/weir.h>

#define READERS 3
#define VERSIONS 1000

struct config {
    struct weir_rcu_head head; /* for weir_rcu_retire */
    int version, twice;
};

static weir_aptr current;
static weir_au32 freed;

static struct config *config_new(int version) {
    struct config *c = malloc(sizeof *c);
    if (!c) exit(1);
    c->version = version;
    c->twice = 2 * version;
    return c;
}

/* On weir's thread, after a grace period. */
static void config_free(struct weir_rcu_head *head) {
    free(head); /* the first field */
    (void)weir_fetch_add_relaxed(&freed, 1);
}

static void *reader(void *arg) {
    int last = 0;
    (void)arg;
    while (last < VERSIONS) {
        weir_guard g = weir_rcu_enter();
        const struct config *c = weir_load_acquire(&current, 0);
        if (c->twice != 2 * c->version || c->version < last) exit(2);
        last = c->version;
        (void)weir_rcu_exit(g);
    }
    return NULL;
}

int main(void) {
    pthread_t threads[READERS];
    weir_init_atomic(&current, config_new(0));
    for (int i = 0; i < READERS; i++)
        if (pthread_create(&threads[i], NULL, reader, NULL) != 0) return 1;
    for (int v = 1; v <= VERSIONS; v++) {
        if (weir_rcu_room(sizeof(struct config)) < 0) return 3; /* garbage stays bounded */
        struct config *old = weir_exchange_acq_rel(&current, config_new(v), 0);
        (void)weir_rcu_retire(&old->head, sizeof *old, config_free);
    }
    for (int i = 0; i < READERS; i++) (void)pthread_join(threads[i], NULL);
    free(weir_load_relaxed(&current));
    if (weir_shutdown() < 0) return 4;
    printf("%u old versions freed\n", weir_load_relaxed(&freed));
    return weir_load_relaxed(&freed) == VERSIONS ? 0 : 5;
}
